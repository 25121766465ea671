//! `blog serve`: the database is brought up to date, then the blog listens until it is told to stop.

use std::error::Error;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use tokio::net::TcpListener;

use crate::app::create_app;
use crate::database;
use crate::settings::Settings;

/// How long the requests under way may take once the blog was told to stop.
const GRACE: Duration = Duration::from_secs(20);

pub async fn serve(settings: &Settings) -> Result<ExitCode, Box<dyn Error>> {
    let address = settings.address()?;
    let database = database::open(settings).await?;
    let app = create_app(&database, settings)?;

    let listener = TcpListener::bind(address).await.map_err(|error| {
        format!("cannot listen on {address}: {error}; set BLOG_ADDR to another address")
    })?;
    println!(
        "The blog is at http://{}. Ctrl-C stops it.",
        listener.local_addr()?
    );

    let server = axum::serve(
        listener,
        app.into_make_service_with_connect_info::<SocketAddr>(),
    )
    .with_graceful_shutdown(told_to_stop());
    tokio::select! {
        ended = server => ended?,
        () = patience_ends() => tracing::warn!("some requests took too long and were dropped"),
    }
    database.close().await;
    Ok(ExitCode::SUCCESS)
}

/// Ends on Ctrl-C, and on the SIGTERM of a service manager.
async fn told_to_stop() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate()).expect("signals can be listened to");
        tokio::select! {
            _ = interrupt => {}
            _ = terminate.recv() => {}
        }
    }
    #[cfg(not(unix))]
    let _ = interrupt.await;
}

async fn patience_ends() {
    told_to_stop().await;
    tracing::info!("finishing the requests under way");
    tokio::time::sleep(GRACE).await;
}
