//! Links by mail: for a new password, and for an e-mail address.

use std::fmt::Display;
use std::str::FromStr;
use std::sync::Arc;

use super::Auth;
use crate::client::ClientInfo;
use crate::error::Error;
use crate::events::{LoginEvent, LoginEventKind};
use crate::lockout::Asked;
use crate::mail::{Mail, Mailer};
use crate::manager::Manager;
use crate::tokens::{Purpose, TokenFor, Tokens};
use crate::user::AuthUser;

/// Passwords that were lost, and addresses that must be proved.
///
/// Each flow is two handlers: one mails a link, the other takes its token back. The mails are sent by the
/// [`mailer`](crate::LoginManagerBuilder::mailer) of the manager, in the background and after the request: where it
/// is called within a transaction, once that is committed, and not at all when it is rolled back. Of those that somebody
/// asks for again and again, [`MailLimit`](crate::MailLimit) lets a few through, and tells nobody. The links should
/// begin with an address from the settings, never with the `Host` of the request, which the visitor chooses.
///
/// ```
/// use axum::extract::{Form, Path};
/// use axum::response::{IntoResponse, Redirect, Response};
/// use axum_db::prelude::*;
/// use axum_login_kit::{Auth, AuthUser, Error, Flash, Mail, Password};
/// # type Db = axum_db::Db<axum_db::Sqlite>;
///
/// #[model]
/// #[derive(Debug, Clone)]
/// pub struct User {
///     #[model(primary_key)]
///     pub id: i32,
///     #[model(unique, length = 120)]
///     pub email: String,
///     pub password_hash: String,
/// }
///
/// impl AuthUser for User {
///     type Id = i32;
///     fn id(&self) -> i32 { self.id }
///     fn password_hash(&self) -> Option<&str> { Some(&self.password_hash) }
///     fn email(&self) -> Option<&str> { Some(&self.email) }
/// }
///
/// #[derive(serde::Deserialize)]
/// struct ForgotForm { email: String }
///
/// #[derive(serde::Deserialize)]
/// struct ResetForm { password: Password }
///
/// #[axum::debug_handler]
/// async fn forgot(db: Db, auth: Auth<User>, flash: Flash, Form(form): Form<ForgotForm>) -> Result<Redirect, Error> {
///     let user = User::query().filter(users::email.eq(&form.email)).one_or_none(&db).await?;
///     auth.mail_password_reset(user, |_, token| {
///         Mail::new("Your new password", format!("Choose it at https://example.com/reset/{token}"))
///     })?;
///     flash.info("If there is such an account, a mail is on its way.");
///     Ok(Redirect::to("/login"))
/// }
///
/// #[axum::debug_handler]
/// async fn reset(auth: Auth<User>, flash: Flash, Path(token): Path<String>, Form(form): Form<ResetForm>) -> Result<Response, Error> {
///     match auth.reset_password(&token, &form.password).await? {
///         Some(_) => flash.success("Your password has been changed. You can log in now."),
///         None => flash.warning("This link is no longer valid: ask for another."),
///     }
///     Ok(Redirect::to("/login").into_response())
/// }
/// # fn main() {}
/// ```
impl<U> Auth<U>
where
    U: AuthUser,
    U::Id: Display + FromStr,
{
    /// The tokens of this manager, for other ways to bring them to the user.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().build()?;
    /// let make = async |auth: Auth<User>| auth.tokens().password_reset(&ada());
    /// let visitor = stranger(&login, Router::new().route("/token", post(make)));
    /// let token = visitor.post("/token").await.text();
    /// assert!(login.tokens().read_password_reset(&token).is_some());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn tokens(&self) -> Tokens<U> {
        Tokens::of(self.0.shared_manager())
    }

    /// Mails the user a token for a new password, to [`AuthUser::email`]. For nobody, and for a user who is not
    /// active or has no address, it does nothing, in the same time: answer the same, too.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let outbox = Outbox::default();
    /// let login = manager().mailer(outbox.clone()).build()?;
    /// let forgot = async |auth: Auth<User>| {
    ///     auth.mail_password_reset(Some(ada()), |user, token| {
    ///         Mail::new("Your new password", format!("{}: https://example.com/reset/{token}", user.id))
    ///     })
    /// };
    /// let visitor = stranger(&login, Router::new().route("/forgot", post(forgot)));
    /// visitor.post("/forgot").await.assert_status(200);
    /// let mail = outbox.next().await;
    /// assert_eq!(mail.to, "ada@example.com");
    /// assert!(mail.text.starts_with("1: https://example.com/reset/"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the manager has no [`mailer`](crate::LoginManagerBuilder::mailer).
    pub fn mail_password_reset(
        &self,
        user: Option<U>,
        write: impl FnOnce(&U, &str) -> Mail + Send + 'static,
    ) -> Result<(), Error> {
        let (sender, tokens) = (self.sender(Purpose::PasswordReset)?, self.tokens());
        self.0.after_commit(move || {
            // All of it in the background: with a token and a mail to make, an account would take longer than none.
            tokio::spawn(async move {
                let Some(user) = user.filter(AuthUser::is_active) else {
                    return;
                };
                let Some(address) = user.email().map(str::to_owned) else {
                    tracing::warn!("a user without an e-mail address cannot get a new password");
                    return;
                };
                let mail = write(&user, &tokens.password_reset(&user)).to(address);
                sender.send(user.id(), mail).await;
            });
        });
        Ok(())
    }

    /// The user whose token for a new password this is; `None` when it is forged, used, or its time is up. For the page
    /// with the form, which need not be shown in vain.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().build()?;
    /// let whose = async |auth: Auth<User>, token: String| -> Result<String, Error> {
    ///     let user = auth.password_reset_user(&token).await?;
    ///     Ok(user.map_or("no longer valid".to_owned(), |user| user.email))
    /// };
    /// let visitor = stranger(&login, Router::new().route("/whose", post(whose)));
    /// let token = login.tokens().password_reset(&ada());
    /// visitor.post("/whose").body("text/plain", token).await.assert_text("ada@example.com");
    /// visitor.post("/whose").body("text/plain", "forged").await.assert_text("no longer valid");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the database fails.
    ///
    /// # Cancellation
    /// Nothing is changed.
    pub async fn password_reset_user(&self, token: &str) -> Result<Option<U>, Error> {
        let token = self.tokens().read_password_reset(token);
        self.user_of(token.as_ref()).await
    }

    /// Sets the password of the user whose token this is; `None` when it is forged, used, or its time is up. Of several
    /// uses at once, one succeeds. All sessions of the user end; the user can be logged in with what is returned.
    ///
    /// It writes the column [`AuthUser::PASSWORD_COLUMN`], within the transaction that is open, or by itself.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().build()?;
    /// let reset = async |auth: Auth<User>, token: String| -> Result<String, Error> {
    ///     let user = auth.reset_password(&token, "a new password").await?;
    ///     Ok(user.map_or("no longer valid".to_owned(), |user| user.email))
    /// };
    /// let ada_s = browser(&login, Router::new().route("/reset", post(reset))).await;
    /// let token = login.tokens().password_reset(&ada());
    /// ada_s.post("/reset").body("text/plain", token.clone()).await.assert_text("ada@example.com");
    /// ada_s.post("/reset").body("text/plain", token).await.assert_text("no longer valid");
    /// ada_s.get("/").await.assert_text("nobody"); // her sessions have ended
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`hash_password`](Auth::hash_password), and when the database fails.
    ///
    /// # Cancellation
    /// The password may have been set or not.
    pub async fn reset_password(&self, token: &str, password: &str) -> Result<Option<U>, Error> {
        let Some(user) = self.password_reset_user(token).await? else {
            return Ok(None);
        };
        let hash = self.hash_password(password).await?;
        self.0.replace_password(&user, &hash).await
    }

    /// Mails the user a token that proves that [`AuthUser::email`] is theirs.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let outbox = Outbox::default();
    /// let login = manager().mailer(outbox.clone()).build()?;
    /// let register = async |auth: Auth<User>| {
    ///     auth.mail_email_confirmation(&ada(), |token| {
    ///         Mail::new("Is this you?", format!("https://example.com/confirm/{token}"))
    ///     })
    /// };
    /// let visitor = stranger(&login, Router::new().route("/register", post(register)));
    /// visitor.post("/register").await.assert_status(200);
    /// assert_eq!(outbox.next().await.subject, "Is this you?");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the manager has no [`mailer`](crate::LoginManagerBuilder::mailer), or the user no address.
    pub fn mail_email_confirmation(
        &self,
        user: &U,
        write: impl FnOnce(&str) -> Mail,
    ) -> Result<(), Error> {
        let address = user.email().ok_or_else(no_address)?;
        let mail = write(&self.tokens().email_confirmation(user)).to(address);
        self.send_after_commit(Purpose::EmailConfirmation, user, mail)
    }

    /// The user whose address this token proves; `None` when it is forged, used, or its time is up. It is for the
    /// handler to store that the address is confirmed.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().build()?;
    /// let confirm = async |auth: Auth<User>, token: String| -> Result<String, Error> {
    ///     Ok(match auth.confirm_email(&token).await? {
    ///         Some(user) => user.email, // and note that it is confirmed
    ///         None => "no longer valid".to_owned(),
    ///     })
    /// };
    /// let visitor = stranger(&login, Router::new().route("/confirm", post(confirm)));
    /// let token = login.tokens().email_confirmation(&ada());
    /// visitor.post("/confirm").body("text/plain", token).await.assert_text("ada@example.com");
    /// let another = login.tokens().password_reset(&ada());
    /// visitor.post("/confirm").body("text/plain", another).await.assert_text("no longer valid");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the database fails.
    ///
    /// # Cancellation
    /// Nothing is changed.
    pub async fn confirm_email(&self, token: &str) -> Result<Option<U>, Error> {
        let token = self.tokens().read_email_confirmation(token);
        self.user_of(token.as_ref()).await
    }

    /// Mails a token to another address, which proves that it is the user's.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let outbox = Outbox::default();
    /// let login = manager().mailer(outbox.clone()).build()?;
    /// let change = async |auth: Auth<User>, user: CurrentUser<User>| {
    ///     auth.mail_email_change(&user, "ada@example.org", |token| {
    ///         Mail::new("Is this you?", format!("https://example.com/email/{token}"))
    ///     })
    /// };
    /// let ada = browser(&login, Router::new().route("/email", post(change))).await;
    /// ada.post("/email").await.assert_status(200);
    /// assert_eq!(outbox.next().await.to, "ada@example.org");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the manager has no [`mailer`](crate::LoginManagerBuilder::mailer).
    pub fn mail_email_change(
        &self,
        user: &U,
        new_email: &str,
        write: impl FnOnce(&str) -> Mail,
    ) -> Result<(), Error> {
        let mail = write(&self.tokens().email_change(user, new_email)).to(new_email);
        self.send_after_commit(Purpose::EmailChange, user, mail)
    }

    /// The user and the new address that this token proves to be theirs; `None` when it is forged, used, or its time is
    /// up. It is for the handler to store the address.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let login = manager().build()?;
    /// let confirm = async |auth: Auth<User>, token: String| -> Result<String, Error> {
    ///     Ok(match auth.confirm_email_change(&token).await? {
    ///         Some((user, email)) => format!("{} becomes {email}", user.email), // and store it
    ///         None => "no longer valid".to_owned(),
    ///     })
    /// };
    /// let visitor = stranger(&login, Router::new().route("/email", post(confirm)));
    /// let token = login.tokens().email_change(&ada(), "ada@example.org");
    /// let answer = visitor.post("/email").body("text/plain", token).await;
    /// answer.assert_text("ada@example.com becomes ada@example.org");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the database fails.
    ///
    /// # Cancellation
    /// Nothing is changed.
    pub async fn confirm_email_change(&self, token: &str) -> Result<Option<(U, String)>, Error> {
        let Some(token) = self.tokens().read_email_change(token) else {
            return Ok(None);
        };
        let user = self.user_of(Some(&token)).await?;
        Ok(user.map(|user| (user, token.new_email().to_owned())))
    }

    async fn user_of(&self, token: Option<&TokenFor<U>>) -> Result<Option<U>, Error> {
        let Some(token) = token else {
            return Ok(None);
        };
        let user = self.0.load_user(token.user_id()).await?;
        Ok(user.filter(|user| token.is_for(user)))
    }

    fn send_after_commit(&self, purpose: Purpose, user: &U, mail: Mail) -> Result<(), Error> {
        let (sender, id) = (self.sender(purpose)?, user.id());
        self.0.after_commit(move || {
            tokio::spawn(async move { sender.send(id, mail).await });
        });
        Ok(())
    }

    fn sender(&self, purpose: Purpose) -> Result<Sender<U>, Error> {
        self.0.hint_at_address();
        let mailer = self.0.manager().hooks.mailer.clone();
        let mailer = mailer.ok_or_else(|| {
            Error::internal(
                "there is no mailer: give the manager one with `.mailer(LogMailer)` while developing, or \
                 `.mailer(SmtpMailer::new(…)?)`",
            )
        })?;
        Ok(Sender {
            mailer,
            manager: self.0.shared_manager(),
            client: self.0.client().clone(),
            purpose,
        })
    }
}

fn no_address() -> Error {
    Error::internal("the user has no e-mail address: let `AuthUser::email` return it")
}

/// Sends a mail after the request, within the limit.
struct Sender<U: AuthUser> {
    mailer: Arc<dyn Mailer>,
    manager: Arc<Manager<U>>,
    client: ClientInfo,
    purpose: Purpose,
}

impl<U> Sender<U>
where
    U: AuthUser,
    U::Id: Display,
{
    async fn send(&self, user_id: U::Id, mail: Mail) {
        // A mailer of the application's own may write the address into a header as it is.
        if mail.to.contains(char::is_control) {
            tracing::warn!("a mail was not sent, as there are control characters in its address");
            return;
        }
        let manager = &*self.manager;
        let asked = Asked {
            purpose: self.purpose,
            mailbox: &mail.to,
            user: &user_id.to_string(),
            from: self.client.ip,
            now: manager.now().and_utc().timestamp(),
        };
        let counting = manager.mails.allows(&manager.keys, manager.realm(), &asked);
        match counting.await {
            Ok(true) => {}
            Ok(false) => {
                return manager.emit(&LoginEvent {
                    kind: LoginEventKind::MailWithheld,
                    user_id: Some(user_id),
                    session: None,
                    ip: self.client.ip,
                    user_agent: self.client.user_agent(),
                });
            }
            // Sent all the same: whoever lost the password should get a new one.
            Err(error) => tracing::error!(%error, "a mail was not counted"),
        }
        if let Err(error) = self.mailer.send(mail).await {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            tracing::error!(cause, "{error}");
        }
    }
}
