//! The mailer for tests.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Notify;

use super::{Mail, MailError, Mailer};

/// How long a test waits for a mail.
const PATIENCE: Duration = Duration::from_secs(10);

/// Keeps mails instead of sending them: for tests, which read the links out of them. A clone is the same outbox.
///
/// ```
/// use axum_login_kit::{Mail, Mailer, testing::Outbox};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let outbox = Outbox::default();
/// outbox.send(Mail::new("Welcome", "Hello, Ada!").to("ada@example.com")).await.unwrap();
/// assert_eq!(outbox.next().await.to, "ada@example.com");
/// assert_eq!(outbox.waiting(), 0);
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct Outbox(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    mails: Mutex<VecDeque<Mail>>,
    arrived: Notify,
}

impl Outbox {
    /// Takes the oldest mail out, and waits for it: mails are sent in the background, after the response.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let outbox = Outbox::default();
    /// let login = manager().mailer(outbox.clone()).build()?;
    /// let forgot = async |auth: Auth<User>| {
    ///     auth.mail_password_reset(Some(ada()), |_, token| Mail::new("Your new password", format!("/reset/{token}")))
    /// };
    /// stranger(&login, Router::new().route("/forgot", post(forgot))).post("/forgot").await.assert_status(200);
    /// let mail = outbox.next().await; // sent in the background, perhaps not yet
    /// assert_eq!(mail.to, "ada@example.com");
    /// assert!(mail.text.starts_with("/reset/"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    /// When none comes within 10 seconds.
    ///
    /// # Cancellation
    /// No mail is taken out.
    pub async fn next(&self) -> Mail {
        let waiting = async {
            loop {
                let arrived = self.0.arrived.notified();
                let mail = self.mails().pop_front();
                match mail {
                    Some(mail) => return mail,
                    None => arrived.await,
                }
            }
        };
        match tokio::time::timeout(PATIENCE, waiting).await {
            Ok(mail) => mail,
            Err(_) => panic!("no mail was sent within {PATIENCE:?}"),
        }
    }

    /// How many mails have not been taken out.
    ///
    /// ```
    /// use axum_login_kit::{Mail, Mailer, testing::Outbox};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_login_kit::MailError> {
    /// let outbox = Outbox::default();
    /// assert_eq!(outbox.waiting(), 0);
    /// outbox.send(Mail::new("Welcome", "Hello, Ada!")).await?;
    /// outbox.send(Mail::new("Your order", "It is on its way.")).await?;
    /// assert_eq!(outbox.waiting(), 2);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.mails().len()
    }

    fn mails(&self) -> MutexGuard<'_, VecDeque<Mail>> {
        self.0.mails.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Mailer for Outbox {
    async fn send(&self, mail: Mail) -> Result<(), MailError> {
        self.mails().push_back(mail);
        self.0.arrived.notify_one();
        Ok(())
    }
}
