use axum::Router;
use axum::extract::{DefaultBodyLimit, Form, Path, State};
use axum::response::{IntoResponse, Redirect};
use axum::routing::{get, post};
use axum_db::prelude::*;
use axum_login_kit::{Auth, CurrentUser, Flash, NextUrl, SessionId};
use serde_json::json;
use validator::{Validate, ValidationErrors};

use super::forms::{AccountForm, LoginForm, PasswordForm, RegistrationForm, valid_username};
use super::{mails, pictures};
use crate::app::App;
use crate::database::Db;
use crate::errors::{Error, Result};
use crate::forms::error_in;
use crate::models::{NewUser, User, posts, users};
use crate::posts::PER_PAGE;
use crate::templates::View;

/// The largest request that may carry a picture, in bytes.
const UPLOAD_LIMIT: usize = 8 * 1024 * 1024;

pub fn routes() -> Router<App> {
    Router::new()
        .route("/register", get(register).post(create))
        .route("/login", get(login).post(log_in))
        .route("/logout", post(log_out))
        .route(
            "/account",
            get(account)
                .post(update)
                .layer(DefaultBodyLimit::max(UPLOAD_LIMIT)),
        )
        .route("/password", get(password).post(change_password))
        .route("/devices", get(devices))
        .route("/devices/others/end", post(end_others))
        .route("/devices/{id}/end", post(end_device))
        .route("/user/{username}", get(user_posts))
        .merge(mails::routes())
}

async fn register(user: Option<CurrentUser<User>>, view: View) -> Result {
    if user.is_some() {
        return Ok(Redirect::to("/").into_response());
    }
    view.render("register.html", json!({ "title": "Register" }))
}

async fn create(
    db: Db,
    auth: Auth<User>,
    flash: Flash,
    view: View,
    State(app): State<App>,
    Form(form): Form<RegistrationForm>,
) -> Result {
    let invalid = |errors| {
        view.invalid(
            "register.html",
            json!({ "title": "Register", "form": form, "errors": errors }),
        )
    };
    if let Err(errors) = form.validate() {
        return invalid(errors);
    }
    let hash = auth.hash_password(&form.password).await?;
    let new_user = NewUser::new(&form.username, &form.email, hash);
    let user = match new_user.insert(&db).await {
        Ok(user) => user,
        Err(error) => return invalid(already_taken(error)?),
    };
    mails::mail_confirmation(&auth, &app, &user)?;
    db.commit().await?;
    flash.success("Your account has been created! You are now able to log in.");
    Ok(Redirect::to("/login").into_response())
}

async fn login(auth: Auth<User>, next: NextUrl, view: View) -> Result {
    // Whoever is only remembered may have been sent here to give the password again.
    if auth.is_fresh().await? {
        return Ok(next.or("/").into_response());
    }
    view.render("login.html", json!({ "title": "Log in" }))
}

async fn log_in(
    db: Db,
    auth: Auth<User>,
    next: NextUrl,
    view: View,
    Form(form): Form<LoginForm>,
) -> Result {
    if let Err(errors) = form.validate() {
        return view.invalid(
            "login.html",
            json!({ "title": "Log in", "form": form, "errors": errors }),
        );
    }
    let user = User::query()
        .filter(users::email.eq(&form.email))
        .one_or_none(&db)
        .await?;
    match auth
        .verify_password(user, &form.password)
        .account(&form.email)
        .await?
    {
        Some(user) => {
            auth.login(&user).remember(form.remember).await?;
            Ok(next.or("/").into_response())
        }
        None => {
            let problem = "Login unsuccessful. Please check e-mail and password.";
            view.invalid(
                "login.html",
                json!({ "title": "Log in", "form": form, "problem": problem }),
            )
        }
    }
}

async fn log_out(auth: Auth<User>) -> Result {
    auth.logout().await?;
    Ok(Redirect::to("/").into_response())
}

async fn account(user: CurrentUser<User>, view: View) -> Result {
    let form = AccountForm::from(&*user);
    view.render("account.html", json!({ "title": "Account", "form": form }))
}

async fn update(
    db: Db,
    auth: Auth<User>,
    user: CurrentUser<User>,
    flash: Flash,
    view: View,
    State(app): State<App>,
    form: AccountForm,
) -> Result {
    let invalid = |errors| {
        view.invalid(
            "account.html",
            json!({ "title": "Account", "form": form, "errors": errors }),
        )
    };
    if let Err(errors) = form.validate() {
        return invalid(errors);
    }
    let mut changed = User {
        username: form.username.clone(),
        email: form.email.clone(),
        email_confirmed: user.email_confirmed && form.email == user.email,
        ..User::clone(&user)
    };
    if let Some(file) = form.picture.clone() {
        match pictures::decode(file).await {
            Ok(picture) => changed.image_file = picture.store(&app.pictures).await?,
            Err(error) => return invalid(error_in("picture", error.to_string())),
        }
    }
    let is_moved = changed.email != user.email;
    // These columns and no others: the password may have become another while the picture was on its way.
    let own = diesel::update(users::table.filter(users::id.eq(user.id))).set((
        users::username.eq(&changed.username),
        users::email.eq(&changed.email),
        is_moved.then_some(users::email_confirmed.eq(false)),
        users::image_file.eq(&changed.image_file),
    ));
    let saved = async {
        own.run(&db).await?;
        db.commit().await
    };
    let (old, new) = (&user.image_file, &changed.image_file);
    if let Err(error) = saved.await {
        let errors = already_taken(error)?;
        pictures::replaced(&app.pictures, new, old).await;
        return invalid(errors);
    }
    pictures::replaced(&app.pictures, old, new).await;
    if is_moved {
        mails::mail_confirmation(&auth, &app, &changed)?;
    }
    flash.success("Your account has been updated!");
    Ok(Redirect::to("/account").into_response())
}

async fn password(_: CurrentUser<User>, view: View) -> Result {
    view.render("password.html", json!({ "title": "Change your password" }))
}

async fn change_password(
    auth: Auth<User>,
    user: CurrentUser<User>,
    flash: Flash,
    view: View,
    Form(form): Form<PasswordForm>,
) -> Result {
    let invalid = |errors| {
        view.invalid(
            "password.html",
            json!({ "title": "Change your password", "errors": errors }),
        )
    };
    if let Err(errors) = form.validate() {
        return invalid(errors);
    }
    let email = user.email.clone();
    let verified = auth
        .verify_password(Some(user.into_inner()), &form.current)
        .account(&email)
        .await?;
    let Some(user) = verified else {
        return invalid(error_in("current", "This is not your current password."));
    };
    // All sessions end with the old password; this browser goes on with a new one.
    if auth.change_password(&user, &form.password).await?.is_none() {
        return invalid(error_in("current", "This is no longer your password."));
    }
    flash.success("Your password has been changed, and you are logged out everywhere else.");
    Ok(Redirect::to("/account").into_response())
}

async fn devices(_: CurrentUser<User>, auth: Auth<User>, view: View) -> Result {
    let sessions = auth.sessions().await?;
    view.render(
        "devices.html",
        json!({ "title": "Devices", "sessions": sessions }),
    )
}

async fn end_device(
    _: CurrentUser<User>,
    auth: Auth<User>,
    flash: Flash,
    Path(id): Path<SessionId>,
) -> Result {
    auth.revoke(&id).await?;
    flash.success("That device is logged out.");
    Ok(Redirect::to("/devices").into_response())
}

async fn end_others(_: CurrentUser<User>, auth: Auth<User>, flash: Flash) -> Result {
    auth.logout_others().await?;
    flash.success("All other devices are logged out.");
    Ok(Redirect::to("/devices").into_response())
}

async fn user_posts(db: Db, Path(name): Path<String>, page: Page, view: View) -> Result {
    if valid_username(&name).is_err() {
        return Err(Error::NotFound);
    }
    let user = User::query()
        .filter(users::username.eq(name))
        .first_or_404(&db)
        .await?;
    let posts = user
        .posts()
        .order((posts::date_posted.desc(), posts::id.desc()))
        .paginate(page.with_per_page(PER_PAGE), &db)
        .await?
        .map(|post| (post, &user));
    view.render(
        "user_posts.html",
        json!({ "title": user.username, "user": user, "posts": posts }),
    )
}

/// Says which field another user has taken; every other error stays what it is.
fn already_taken(error: axum_db::Error) -> Result<ValidationErrors> {
    if error.violates_unique("users", &["username"]) {
        Ok(error_in(
            "username",
            "That username is taken. Please choose a different one.",
        ))
    } else if error.violates_unique("users", &["email"]) {
        Ok(error_in(
            "email",
            "That e-mail is taken. Please choose a different one.",
        ))
    } else {
        Err(error.into())
    }
}
