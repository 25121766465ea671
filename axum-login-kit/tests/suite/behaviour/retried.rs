//! Requests that are run again after a conflict; where one can be had without a rival.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use axum::routing::post;
use axum_db::Access;
use axum_login_kit::{Auth, CurrentUser, Error, Flash};
use diesel_async::SimpleAsyncConnection;

use super::app::{self, App, Db};
use crate::browser::Browser;
use crate::models::User;

/// Loses against another transaction.
const LOSE: &str = "DO $$ BEGIN RAISE EXCEPTION 'lost' USING ERRCODE = '40001'; END $$";

/// Retries around a route, within the layer of the login.
#[tokio::test]
async fn a_request_that_is_run_again_begins_anew() {
    let app = App::new().await;
    let user = app.user("ada@example.com").await;
    let attempts = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&attempts);
    let leave = async move |db: Db,
                            user: CurrentUser<User>,
                            auth: Auth<User>,
                            flash: Flash|
                -> Result<String, Error> {
        db.begin().await?;
        auth.logout().await?;
        flash.info("Good bye.");
        if count.fetch_add(1, Ordering::Relaxed) == 0 {
            db.run(Access::Write, |connection| {
                Box::pin(connection.batch_execute(LOSE))
            })
            .await?;
        }
        db.commit().await?;
        Ok(user.email.clone())
    };
    let routes = Router::new()
        .route("/leave", post(leave))
        .route_layer(app.database.layer().with_retries(3));
    let router = routes
        .merge(app::router(app.gate.clone()))
        .layer(app.login.layer())
        .layer(app.database.layer());
    let mut browser = Browser::new(&router);
    browser.cookies = app.logged_in("ada@example.com").await.cookies;
    let answer = browser.post("/leave", "").await;
    assert_eq!(answer.body, user.email, "{answer:?}");
    assert_eq!(attempts.load(Ordering::Relaxed), 2);
    assert_eq!(browser.get("/login").await.body, "[info] Good bye.");
    assert_eq!(browser.get("/home").await.body, "hello stranger");
    assert_eq!(app.sessions().await, 0);
}
