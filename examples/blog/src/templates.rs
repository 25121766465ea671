//! `View` is what `render_template` is in Flask: it fills a template, and gives every one of them the
//! current user and the flashed messages.

use std::sync::LazyLock;

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{Html, IntoResponse};
use axum_login_kit::{CurrentUser, Flash};
use chrono::NaiveDateTime;
use minijinja::value::{Serde, Value};
use minijinja::{Environment, ErrorKind, UndefinedBehavior, context};
use serde::Serialize;

use crate::assets;
use crate::errors::{Error, Result};
use crate::models::User;

/// The templates, which are part of the program.
static TEMPLATES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut templates = Environment::new();
    templates.set_undefined_behavior(UndefinedBehavior::Chainable);
    templates.add_filter("date", date);
    templates.add_function("static_url", |name: &str| {
        Value::from_safe_string(assets::url(name))
    });
    for (name, source) in SOURCES {
        templates
            .add_template(name, source)
            .expect("the templates of the program are well-formed");
    }
    templates
});

macro_rules! sources {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("../templates/", $name)))),+]
    };
}

const SOURCES: &[(&str, &str)] = sources![
    "_forms.html",
    "_posts.html",
    "account.html",
    "confirm.html",
    "devices.html",
    "edit_post.html",
    "errors/403.html",
    "errors/404.html",
    "errors/500.html",
    "errors/other.html",
    "errors/wait.html",
    "forgot.html",
    "home.html",
    "layout.html",
    "login.html",
    "password.html",
    "post.html",
    "register.html",
    "reset.html",
    "user_posts.html",
];

/// Renders the templates of one request.
pub struct View {
    current_user: Option<CurrentUser<User>>,
    flash: Flash,
    path: String,
}

impl View {
    /// Renders `template` with `context`, as `render_template` does.
    pub fn render(&self, template: &str, context: impl Serialize) -> Result {
        self.render_with(StatusCode::OK, template, context)
    }

    /// Shows a form again, with what was typed and what is wrong with it.
    pub fn invalid(&self, template: &str, context: impl Serialize) -> Result {
        self.render_with(StatusCode::UNPROCESSABLE_ENTITY, template, context)
    }

    /// Renders `template` as a page with this status.
    pub fn render_with(
        &self,
        status: StatusCode,
        template: &str,
        context: impl Serialize,
    ) -> Result {
        let page = TEMPLATES.get_template(template)?.render(context! {
            current_user => Serde(self.current_user.as_deref()),
            messages => Serde(self.flash.take()),
            path => self.path.as_str(),
            ..Value::from(Serde(context))
        })?;
        Ok((status, Html(page)).into_response())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for View {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        Ok(Self {
            current_user: Option::from_request_parts(parts, state).await?,
            flash: Flash::from_request_parts(parts, state).await?,
            path: parts.uri.path().to_owned(),
        })
    }
}

/// The filter `date`: 4 March 2026.
fn date(moment: &str) -> std::result::Result<String, minijinja::Error> {
    let moment: NaiveDateTime = moment.parse().map_err(|_| {
        minijinja::Error::new(ErrorKind::InvalidOperation, "date takes a date and time")
    })?;
    Ok(moment.format("%-d %B %Y").to_string())
}
