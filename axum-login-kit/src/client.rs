//! Where a request comes from.

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::extract::connect_info::MockConnectInfo;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};

use crate::keys::Keys;

/// What is done with a session that comes from another client than it began with: another `User-Agent`, unless
/// [`LoginManagerBuilder::fingerprint`](crate::LoginManagerBuilder::fingerprint) says otherwise.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let login = manager().session_protection(SessionProtection::Basic).build()?;
/// let log_in = async |auth: Auth<User>| auth.login(&ada()).await;
/// let danger = async |user: FreshUser<User>| user.email.clone();
/// let ada = stranger(&login, Router::new().route("/login", post(log_in)).route("/danger", get(danger)));
/// ada.post("/login").header("user-agent", "Firefox 151").await.assert_status(200);
/// ada.get("/").header("user-agent", "Firefox 152").await.assert_text("ada@example.com");
/// ada.get("/danger").header("user-agent", "Firefox 152").await.assert_status(401);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SessionProtection {
    /// Nothing.
    Off,
    /// It is no longer fresh, until the user gives the password again: a browser that was updated goes on, a stolen
    /// cookie opens no [`FreshUser`](crate::FreshUser) route. The default.
    #[default]
    Basic,
    /// It ends.
    Strong,
}

/// The client of a request.
#[derive(Debug, Clone)]
pub(crate) struct ClientInfo {
    user_agent: Option<HeaderValue>,
    pub(crate) ip: Option<IpAddr>,
}

impl ClientInfo {
    /// What the request says, seen from behind so many proxies of our own.
    pub(crate) fn of(parts: &Parts, proxies: usize) -> Self {
        ClientInfo {
            user_agent: parts.headers.get(header::USER_AGENT).cloned(),
            ip: ip(parts, proxies),
        }
    }

    /// The `User-Agent`, as far as it is stored.
    pub(crate) fn user_agent(&self) -> Option<String> {
        let text = self.user_agent.as_ref()?.to_str().ok()?;
        Some(text.chars().take(255).collect())
    }

    /// What a session is bound to where nobody says otherwise.
    pub(crate) fn fingerprint(&self) -> Fingerprint {
        Fingerprint {
            purpose: "fingerprint",
            client: self
                .user_agent
                .as_ref()
                .map_or_else(Vec::new, |value| value.as_bytes().to_vec()),
        }
    }
}

/// What tells a client from others.
#[derive(Debug, Clone)]
pub(crate) struct Fingerprint {
    purpose: &'static str,
    client: Vec<u8>,
}

impl Fingerprint {
    /// One of the application's own.
    pub(crate) fn own(client: String) -> Self {
        Fingerprint {
            purpose: "own fingerprint",
            client: client.into_bytes(),
        }
    }

    /// What a session keeps of it.
    pub(crate) fn code(&self, keys: &Keys) -> String {
        keys.code(self.purpose, &[&self.client])
    }

    /// Whether that is what a session kept.
    pub(crate) fn is(&self, code: &str, keys: &Keys) -> bool {
        keys.is_code(code, self.purpose, &[&self.client])
    }
}

/// The connection's address; behind `proxies` proxies, the address that the outermost of them saw.
fn ip(parts: &Parts, proxies: usize) -> Option<IpAddr> {
    let connection = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    let in_a_test = parts.extensions.get::<MockConnectInfo<SocketAddr>>();
    let connection = connection
        .map(|ConnectInfo(address)| address)
        .or(in_a_test.map(|MockConnectInfo(address)| address))
        .map(|address| address.ip().to_canonical());
    match proxies.checked_sub(1) {
        None => connection,
        Some(nth) => forwarded(&parts.headers, nth).or(connection),
    }
}

/// The `nth` address from the end: every proxy appends the one it saw, and what stands before them is anybody's.
fn forwarded(headers: &HeaderMap, nth: usize) -> Option<IpAddr> {
    let lines = headers.get_all("x-forwarded-for").iter().rev();
    let mut addresses = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.rsplit(','));
    Some(address(addresses.nth(nth)?.trim())?.to_canonical())
}

/// An address as proxies write it: alone, in brackets, or with a port.
fn address(text: &str) -> Option<IpAddr> {
    let in_brackets = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    let with_port = || text.parse().ok().map(|address: SocketAddr| address.ip());
    in_brackets.unwrap_or(text).parse().ok().or_else(with_port)
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use axum::extract::ConnectInfo;
    use axum::http::Request;

    use super::ClientInfo;

    #[test]
    fn only_declared_proxies_are_believed() {
        let (mut parts, ()) = Request::builder()
            .header("x-forwarded-for", "6.6.6.6, 1.1.1.1")
            .header("x-forwarded-for", "2.2.2.2 , ::ffff:3.3.3.3")
            .body(())
            .unwrap()
            .into_parts();
        let address: SocketAddr = "10.0.0.1:80".parse().unwrap();
        parts.extensions.insert(ConnectInfo(address));
        for (proxies, ip) in [
            (0, "10.0.0.1"),
            (1, "3.3.3.3"),
            (2, "2.2.2.2"),
            (3, "1.1.1.1"),
            (5, "10.0.0.1"),
        ] {
            let client = ClientInfo::of(&parts, proxies);
            assert_eq!(client.ip, Some(ip.parse().unwrap()), "{proxies}");
        }
    }

    #[test]
    fn an_address_may_have_a_port_or_brackets() {
        for (text, ip) in [
            ("1.1.1.1:80", "1.1.1.1"),
            ("[2001:db8::1]:80", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("2001:db8::1", "2001:db8::1"),
        ] {
            assert_eq!(super::address(text), Some(ip.parse().unwrap()), "{text}");
        }
        for text in ["", "unknown", "_hidden", "[1.1.1.1", "1.1.1.1:", "[]"] {
            assert_eq!(super::address(text), None, "{text}");
        }
    }
}
