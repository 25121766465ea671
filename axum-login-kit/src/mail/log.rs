//! The mailer for development.

use async_trait::async_trait;

use super::{Mail, MailError, Mailer};

/// Writes mails to the log instead of sending them: for development, where the link is one click away in the
/// terminal.
///
/// Not for production: whoever reads the log can use the links.
///
/// ```
/// use axum_login_kit::{LogMailer, Mail, Mailer};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let mail = Mail::new("Welcome", "Hello, Ada!").to("ada@example.com");
/// assert!(LogMailer.send(mail).await.is_ok());
/// # }
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct LogMailer;

#[async_trait]
impl Mailer for LogMailer {
    async fn send(&self, mail: Mail) -> Result<(), MailError> {
        let Mail {
            to, subject, text, ..
        } = &mail;
        tracing::info!("a mail that is not sent\nTo: {to}\nSubject: {subject}\n\n{text}");
        Ok(())
    }
}
