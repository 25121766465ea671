//! Mails over SMTP.

use std::fmt;
use std::net::IpAddr;

use async_trait::async_trait;
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::AsyncSmtpTransport;
use lettre::{AsyncTransport, Message, Tokio1Executor};
use url::{Host, Url};

use super::{Mail, MailError, Mailer};

/// Sends mails over SMTP, with the crate `lettre` and rustls.
///
/// ```
/// use axum_login_kit::SmtpMailer;
///
/// let from = "The blog <noreply@example.com>";
/// SmtpMailer::new("smtps://user:password@smtp.example.com", from)?;
///
/// // A password does not leave the machine unencrypted.
/// assert!(SmtpMailer::new("smtp://user:password@smtp.example.com", from).is_err());
/// SmtpMailer::new("smtp://localhost:1025", from)?;
/// # Ok::<(), axum_login_kit::MailError>(())
/// ```
pub struct SmtpMailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl SmtpMailer {
    /// A mailer for a URL and a sender, such as `The blog <noreply@example.com>`.
    ///
    /// The URL is `smtps://user:password@host` for encryption from the start, on port 465, or
    /// `smtp://user:password@host?tls=required` for STARTTLS, on port 587. Without encryption, `smtp://localhost:25`,
    /// only for a server on the same machine.
    ///
    /// ```
    /// use axum_login_kit::SmtpMailer;
    ///
    /// let from = "The blog <noreply@example.com>";
    /// assert!(SmtpMailer::new("smtp://user:password@smtp.example.com?tls=required", from).is_ok());
    /// let error = SmtpMailer::new("smtp://user:password@smtp.example.com", from).unwrap_err();
    /// assert!(error.to_string().contains("does not ask for encryption"));
    /// assert!(!error.to_string().contains("password"));
    /// ```
    ///
    /// # Errors
    /// When either cannot be read, or the URL asks for less encryption. The error does not repeat them.
    pub fn new(url: &str, from: &str) -> Result<Self, MailError> {
        let parsed = Url::parse(url)
            .map_err(|error| MailError::because(URL_UNREADABLE, Some(error.into())))?;
        let tls = parsed.query_pairs().find(|(name, _)| name == "tls");
        let encrypted = parsed.scheme() == "smtps"
            || tls.is_some_and(|(_, value)| value == "required" || value == "wrapper");
        if !encrypted && !is_this_machine(&parsed) {
            return Err(MailError::because(NOT_ENCRYPTED, None));
        }
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url)
            .map_err(|error| MailError::because(URL_UNREADABLE, Some(error.into())))?
            .build();
        let from = from
            .parse()
            .map_err(|_| MailError::because(FROM_UNREADABLE, None))?;
        Ok(SmtpMailer { transport, from })
    }
}

const URL_UNREADABLE: &str =
    "the SMTP URL cannot be read: write it as smtps://user:password@smtp.example.com";
const NOT_ENCRYPTED: &str =
    "the SMTP URL does not ask for encryption: use smtps://, or smtp:// with ?tls=required";
const FROM_UNREADABLE: &str =
    "the sender is no address: write it as The blog <noreply@example.com>";

fn is_this_machine(url: &Url) -> bool {
    // Schemes that are not the web's have their hosts unparsed.
    let host = url.host_str().unwrap_or_default();
    match Host::parse(host) {
        Ok(Host::Domain(name)) => name == "localhost",
        Ok(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Ok(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
        Err(_) => false,
    }
}

#[async_trait]
impl Mailer for SmtpMailer {
    async fn send(&self, mail: Mail) -> Result<(), MailError> {
        // An error must not show the address in the log.
        let to = mail
            .to
            .parse()
            .map_err(|_| MailError::new("the receiver is no address that SMTP knows"))?;
        let message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .message_id(None)
            .subject(mail.subject);
        let message = match mail.html {
            Some(html) => message.multipart(MultiPart::alternative_plain_html(mail.text, html)),
            None => message.singlepart(lettre::message::SinglePart::plain(mail.text)),
        };
        let message = message.map_err(MailError::new)?;
        self.transport.send(message).await.map_err(MailError::new)?;
        Ok(())
    }
}

impl fmt::Debug for SmtpMailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpMailer").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
    use tokio::net::TcpListener;

    use super::SmtpMailer;
    use crate::{Mail, Mailer};

    const FROM: &str = "The blog <noreply@example.com>";

    /// A server that takes one mail, and gives it back.
    async fn take_one(listener: TcpListener) -> String {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = BufReader::new(stream);
        stream.write_all(b"220 ready\r\n").await.unwrap();
        let (mut talk, mut in_data) = (String::new(), false);
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.unwrap() == 0 {
                return talk;
            }
            talk.push_str(&line);
            let answer: &[u8] = match line.trim_end() {
                "." => {
                    in_data = false;
                    b"250 taken\r\n"
                }
                _ if in_data => continue,
                "DATA" => {
                    in_data = true;
                    b"354 go on\r\n"
                }
                "QUIT" => return talk,
                _ => b"250 yes\r\n",
            };
            stream.write_all(answer).await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_mail_reaches_the_server() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        let server = tokio::spawn(take_one(listener));
        let mailer = SmtpMailer::new(&url, FROM).unwrap();
        let mail = Mail::new("Grüße\r\nBcc: eve@example.com", "Hello, Ada!")
            .html("<p>Hello, Ada!</p>")
            .to("ada@example.com");
        mailer.send(mail).await.unwrap();
        drop(mailer);
        let talk = server.await.unwrap();
        for line in [
            "MAIL FROM:<noreply@example.com>",
            "RCPT TO:<ada@example.com>",
            "To: ada@example.com",
            "Hello, Ada!",
            "<p>Hello, Ada!</p>",
            "multipart/alternative",
        ] {
            assert!(talk.contains(line), "{line} in {talk}");
        }
        assert!(!talk.contains("RCPT TO:<eve"), "{talk}");
        assert!(!talk.contains("\nBcc:"), "{talk}");
    }

    #[tokio::test]
    async fn a_mail_that_is_not_taken_is_an_error() {
        // Nobody listens on a port that was given back.
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        drop(listener);
        let mailer = SmtpMailer::new(&url, FROM).unwrap();
        let mail = Mail::new("a", "b").to("ada@example.com");
        assert!(mailer.send(mail).await.is_err());
        for to in ["", "nobody", "ada@example.com\r\nRCPT TO:<eve@example.com>"] {
            let error = mailer.send(Mail::new("a", "b").to(to)).await.unwrap_err();
            assert_eq!(error.to_string(), "the mail was not sent");
        }
    }

    #[test]
    fn settings_that_cannot_work_are_refused() {
        for url in [
            "smtp://user:secret@smtp.example.com",
            "smtp://user:secret@smtp.example.com?tls=opportunistic",
            "smtp://10.0.0.1:25",
            "smtp://localhost.example.com",
            "http://localhost",
            "secret",
            "",
        ] {
            let error = SmtpMailer::new(url, FROM).unwrap_err();
            assert!(!error.to_string().contains("secret"), "{error}");
        }
        for url in [
            "smtps://user:secret@smtp.example.com",
            "smtp://user:secret@smtp.example.com?tls=required",
            "smtp://localhost:1025",
            "smtp://127.0.0.1:25",
            "smtp://[::1]:25",
        ] {
            SmtpMailer::new(url, FROM).unwrap();
        }
        assert!(SmtpMailer::new("smtp://localhost", "nobody").is_err());
    }
}
