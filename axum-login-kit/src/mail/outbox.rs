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
    /// # Panics
    /// When none comes within 10 seconds.
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
