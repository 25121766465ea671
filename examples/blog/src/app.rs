//! The application, put together: `create_app` is the factory of that name in Flask.

use std::path::PathBuf;

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderValue, header};
use axum::{Router, middleware};
use axum_login_kit::{Lockout, LogMailer, LoginManager, Mailer};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::csrf::CsrfLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::trace::{DefaultOnResponse, TraceLayer};
use tracing::{Level, Span};

use crate::database::Database;
use crate::models::User;
use crate::settings::Settings;
use crate::{assets, errors, main_pages, posts, users};

/// What the pages may load: only what the blog serves itself, and no scripts at all.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; img-src 'self'; style-src 'self'; \
    form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// What handlers need beside the database and the user.
#[derive(Clone)]
pub struct App {
    /// The folder of the profile pictures.
    pub pictures: PathBuf,
    /// Where the links in mails lead.
    pub url: String,
}

/// The blog, whose mails are written to the log: for a mail server, put the kit's `SmtpMailer` in its place.
pub fn create_app(
    database: &Database,
    settings: &Settings,
) -> Result<Router, Box<dyn std::error::Error>> {
    create_app_with(database, settings, LogMailer)
}

pub fn create_app_with(
    database: &Database,
    settings: &Settings,
    mailer: impl Mailer,
) -> Result<Router, Box<dyn std::error::Error>> {
    let login = LoginManager::<User>::new(database, settings.secret_key()?)
        .login_url("/login")
        .login_message("Please log in to access this page.", "info")
        .lockout(Lockout::in_table(database))
        .mailer(mailer)
        .build()?;
    let log = TraceLayer::new_for_http()
        .make_span_with(span)
        .on_request(())
        .on_response(DefaultOnResponse::new().level(Level::INFO));
    let app = App {
        pictures: settings.pictures(),
        url: settings.url(),
    };
    let header =
        |name, value| SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value));

    Ok(Router::new()
        .merge(main_pages::routes())
        .merge(users::routes())
        .merge(posts::routes())
        .merge(assets::routes(settings.pictures()))
        .fallback(errors::not_found)
        .layer(CatchPanicLayer::custom(errors::panicked))
        .layer(CsrfLayer::new())
        .layer(middleware::from_fn(errors::pages))
        .layer(login.layer())
        .layer(database.layer())
        .layer(header(
            header::CONTENT_SECURITY_POLICY,
            CONTENT_SECURITY_POLICY,
        ))
        .layer(header(header::REFERRER_POLICY, "same-origin"))
        .layer(header(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(log)
        .with_state(app))
}

/// What the log says of a request. Of a link from a mail it is the route: whoever reads the token could use it.
fn span(request: &Request) -> Span {
    let route = request.extensions().get::<MatchedPath>();
    let uri = match route.map(MatchedPath::as_str) {
        Some(route) if route.contains("{token}") => route.to_owned(),
        _ => request.uri().to_string(),
    };
    tracing::info_span!("request", method = %request.method(), uri)
}
