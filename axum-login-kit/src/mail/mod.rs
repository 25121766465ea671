//! Mails, and who sends them.

mod log;
mod outbox;
#[cfg(feature = "lettre")]
mod smtp;

use std::error::Error;
use std::fmt;

use async_trait::async_trait;

pub use self::log::LogMailer;
pub use self::outbox::Outbox;
#[cfg(feature = "lettre")]
pub use self::smtp::SmtpMailer;

/// A mail, as text and, if wanted, as HTML as well.
///
/// ```
/// use axum_login_kit::Mail;
///
/// let link = "https://example.com/reset/abc";
/// let mail = Mail::new("Your new password", format!("To choose a new password, open {link}"))
///     .html(format!("<p><a href=\"{link}\">Choose a new password</a></p>"))
///     .to("ada@example.com");
/// assert_eq!(mail.to, "ada@example.com");
/// // Links in mails are as good as passwords: they are not printed.
/// assert!(!format!("{mail:?}").contains("abc"));
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mail {
    /// The address it goes to. Where the kit sends a mail for a user, it fills this in.
    pub to: String,
    /// The subject, a single line.
    pub subject: String,
    /// The text.
    pub text: String,
    /// The same as HTML.
    pub html: Option<String>,
}

impl Mail {
    /// A mail of plain text, to nobody yet.
    ///
    /// ```
    /// use axum_login_kit::Mail;
    ///
    /// let mail = Mail::new("Welcome", "Hello, Ada!");
    /// assert_eq!((mail.subject.as_str(), mail.text.as_str()), ("Welcome", "Hello, Ada!"));
    /// assert_eq!((mail.to.as_str(), mail.html), ("", None));
    /// ```
    pub fn new(subject: impl Into<String>, text: impl Into<String>) -> Self {
        Mail {
            to: String::new(),
            subject: subject.into(),
            text: text.into(),
            html: None,
        }
    }

    /// Says where it goes.
    ///
    /// ```
    /// use axum_login_kit::Mail;
    ///
    /// let mail = Mail::new("Welcome", "Hello, Ada!").to("ada@example.com");
    /// assert_eq!(mail.to, "ada@example.com");
    /// ```
    #[must_use]
    pub fn to(mut self, address: impl Into<String>) -> Self {
        self.to = address.into();
        self
    }

    /// Adds the same as HTML. What comes from users must be escaped in it.
    ///
    /// ```
    /// use axum_login_kit::Mail;
    ///
    /// let name = "Ada &amp; Charles"; // escaped
    /// let mail = Mail::new("Welcome", "Hello, Ada & Charles!").html(format!("<p>Hello, {name}!</p>"));
    /// assert_eq!(mail.html.as_deref(), Some("<p>Hello, Ada &amp; Charles!</p>"));
    /// assert_eq!(mail.text, "Hello, Ada & Charles!"); // for who reads no HTML
    /// ```
    #[must_use]
    pub fn html(mut self, html: impl Into<String>) -> Self {
        self.html = Some(html.into());
        self
    }
}

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mail")
            .field("to", &self.to)
            .field("subject", &self.subject)
            .finish_non_exhaustive()
    }
}

/// Sends mails: [`LogMailer`] while developing, `SmtpMailer` (feature `lettre`) in earnest,
/// [`testing::Outbox`](crate::testing::Outbox) in tests, or one of your own over a provider's API.
///
/// ```
/// use axum_login_kit::{Mail, MailError, Mailer};
///
/// /// Hands mails to a provider that takes them by HTTP.
/// struct Provider;
///
/// #[async_trait::async_trait]
/// impl Mailer for Provider {
///     async fn send(&self, mail: Mail) -> Result<(), MailError> {
///         if mail.to.is_empty() {
///             return Err(MailError::new("the provider answered 422"));
///         }
///         Ok(()) // … a request to its API …
///     }
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// assert!(Provider.send(Mail::new("Welcome", "Hello!").to("ada@example.com")).await.is_ok());
/// assert!(Provider.send(Mail::new("Welcome", "Hello!")).await.is_err());
/// # }
/// ```
#[async_trait]
pub trait Mailer: Send + Sync + 'static {
    /// Sends a mail, or hands it to who will.
    ///
    /// ```
    /// use axum_login_kit::{Mail, Mailer, testing::Outbox};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_login_kit::MailError> {
    /// let outbox = Outbox::default();
    /// outbox.send(Mail::new("Welcome", "Hello, Ada!").to("ada@example.com")).await?;
    /// assert_eq!(outbox.waiting(), 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When it was not taken. The kit sends in the background and writes the error to the log.
    async fn send(&self, mail: Mail) -> Result<(), MailError>;
}

/// A mail was not sent, or a mailer cannot be set up.
///
/// ```
/// use std::error::Error;
/// use axum_login_kit::MailError;
///
/// let error = MailError::new("the provider answered 422");
/// assert_eq!(error.to_string(), "the mail was not sent");
/// assert_eq!(error.source().unwrap().to_string(), "the provider answered 422");
/// ```
#[derive(Debug)]
pub struct MailError {
    what: &'static str,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl MailError {
    /// A failure of a mailer of your own.
    ///
    /// ```
    /// let error = axum_login_kit::MailError::new("the provider is not there");
    /// assert_eq!(error.to_string(), "the mail was not sent");
    /// ```
    pub fn new(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        MailError {
            what: "the mail was not sent",
            source: Some(source.into()),
        }
    }

    #[cfg(feature = "lettre")]
    fn because(what: &'static str, source: Option<Box<dyn Error + Send + Sync>>) -> Self {
        MailError { what, source }
    }
}

impl fmt::Display for MailError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what)
    }
}

impl Error for MailError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let source: &(dyn Error + 'static) = self.source.as_deref()?;
        Some(source)
    }
}
