//! What is done by mail: a new password for whoever lost theirs, and the proof that an address is the user's.

use axum::Router;
use axum::extract::{Form, Path, State};
use axum::response::{IntoResponse, Redirect};
use axum::routing::{get, post};
use axum_db::prelude::*;
use axum_login_kit::{Auth, CurrentUser, Flash, Mail};
use serde_json::json;
use validator::Validate;

use super::forms::{ForgotForm, ResetForm};
use crate::app::App;
use crate::database::Db;
use crate::errors::Result;
use crate::models::{User, users};
use crate::templates::View;

const NO_LONGER_VALID: &str = "That link is no longer valid.";

pub fn routes() -> Router<App> {
    Router::new()
        .route("/forgot", get(forgot).post(mail_reset))
        .route("/reset/{token}", get(reset).post(set_password))
        .route("/confirm", post(mail_again))
        .route("/confirm/{token}", get(confirm).post(set_confirmed))
}

async fn forgot(view: View) -> Result {
    view.render("forgot.html", json!({ "title": "Lost password" }))
}

async fn mail_reset(
    db: Db,
    auth: Auth<User>,
    flash: Flash,
    view: View,
    State(app): State<App>,
    Form(form): Form<ForgotForm>,
) -> Result {
    if let Err(errors) = form.validate() {
        return view.invalid(
            "forgot.html",
            json!({ "title": "Lost password", "form": form, "errors": errors }),
        );
    }
    let user = User::query()
        .filter(users::email.eq(&form.email))
        .one_or_none(&db)
        .await?;
    auth.mail_password_reset(user, move |user, token| {
        let text = format!(
            "Hello {},\n\nchoose a new password within an hour:\n\n{}/reset/{token}\n\n\
             If it was not you who asked for it, there is nothing to do.\n",
            user.username, app.url
        );
        Mail::new("Your new password", text)
    })?;
    flash.info("If there is an account with this address, a mail is on its way to it.");
    Ok(Redirect::to("/login").into_response())
}

async fn reset(auth: Auth<User>, flash: Flash, view: View, Path(token): Path<String>) -> Result {
    match auth.password_reset_user(&token).await? {
        Some(_) => view.render("reset.html", json!({ "title": "New password" })),
        None => {
            flash.warning(NO_LONGER_VALID);
            Ok(Redirect::to("/forgot").into_response())
        }
    }
}

async fn set_password(
    auth: Auth<User>,
    flash: Flash,
    view: View,
    Path(token): Path<String>,
    Form(form): Form<ResetForm>,
) -> Result {
    if let Err(errors) = form.validate() {
        return view.invalid(
            "reset.html",
            json!({ "title": "New password", "errors": errors }),
        );
    }
    match auth.reset_password(&token, &form.password).await? {
        Some(_) => {
            flash.success("Your password has been changed! You are now able to log in.");
            Ok(Redirect::to("/login").into_response())
        }
        None => {
            flash.warning(NO_LONGER_VALID);
            Ok(Redirect::to("/forgot").into_response())
        }
    }
}

/// Asks the user to prove the address, once what is being written is committed.
pub fn mail_confirmation(auth: &Auth<User>, app: &App, user: &User) -> Result<()> {
    auth.mail_email_confirmation(user, |token| {
        let text = format!(
            "Hello {},\n\nconfirm that this is your address:\n\n{}/confirm/{token}\n",
            user.username, app.url
        );
        Mail::new("Please confirm your address", text)
    })?;
    Ok(())
}

async fn mail_again(
    auth: Auth<User>,
    user: CurrentUser<User>,
    flash: Flash,
    State(app): State<App>,
) -> Result {
    if !user.email_confirmed {
        mail_confirmation(&auth, &app, &user)?;
        flash.info("A mail is on its way to you.");
    }
    Ok(Redirect::to("/account").into_response())
}

/// A page with a button: programs that look through mails open every link, and press none.
async fn confirm(view: View) -> Result {
    view.render("confirm.html", json!({ "title": "Confirm your address" }))
}

async fn set_confirmed(
    db: Db,
    auth: Auth<User>,
    flash: Flash,
    Path(token): Path<String>,
) -> Result {
    match auth.confirm_email(&token).await? {
        Some(user) => {
            let confirmed = users::id.eq(user.id).and(users::email.eq(&user.email));
            diesel::update(users::table.filter(confirmed))
                .set(users::email_confirmed.eq(true))
                .run(&db)
                .await?;
            db.commit().await?;
            flash.success("Thank you, your address is confirmed.");
        }
        None => flash.warning(NO_LONGER_VALID),
    }
    Ok(Redirect::to("/").into_response())
}
