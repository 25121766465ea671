//! Where a request comes from.

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::extract::connect_info::MockConnectInfo;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::keys::Keys;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

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
    pub(crate) doubt: Option<Doubt>,
}

/// Why the address may not be the visitor's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Doubt {
    /// The server hands on none.
    Unknown,
    /// The declared proxies did not add one.
    NotForwarded,
    /// It seems to be that of a proxy which is not declared.
    Forwarded,
}

impl ClientInfo {
    /// What the request says, seen from behind so many proxies of our own.
    pub(crate) fn of(parts: &Parts, proxies: usize) -> Self {
        let connection = connection(parts);
        let forwarded = match proxies.checked_sub(1) {
            None => None,
            Some(nth) => forwarded(&parts.headers, nth),
        };
        let doubt = match (connection, forwarded) {
            (_, Some(_)) => None,
            _ if proxies > 0 => Some(Doubt::NotForwarded),
            (None, None) => Some(Doubt::Unknown),
            (Some(ip), None) if is_near(ip) && parts.headers.contains_key(FORWARDED_FOR) => {
                Some(Doubt::Forwarded)
            }
            (Some(_), None) => None,
        };
        ClientInfo {
            user_agent: parts.headers.get(header::USER_AGENT).cloned(),
            ip: forwarded.or(connection),
            doubt,
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

/// The address that the connection comes from.
fn connection(parts: &Parts) -> Option<IpAddr> {
    let connection = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    let in_a_test = parts.extensions.get::<MockConnectInfo<SocketAddr>>();
    connection
        .map(|ConnectInfo(address)| address)
        .or(in_a_test.map(|MockConnectInfo(address)| address))
        .map(|address| address.ip().to_canonical())
}

/// Whether it is of this machine or of a network of one's own, as a proxy's is.
fn is_near(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_loopback() || ip.is_private(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local(),
    }
}

/// The `nth` address from the end: every proxy appends the one it saw, and what stands before them is anybody's.
fn forwarded(headers: &HeaderMap, nth: usize) -> Option<IpAddr> {
    let lines = headers.get_all(FORWARDED_FOR).iter().rev();
    // What stands before the proxies' own may be anything.
    let mut addresses = lines.flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
    let text = std::str::from_utf8(addresses.nth(nth)?).ok()?;
    Some(address(text.trim())?.to_canonical())
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
    use axum::http::{HeaderValue, Request};

    use super::{ClientInfo, Doubt};

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
    fn what_a_visitor_puts_before_the_proxies_own_address_hides_nothing() {
        let mut line = b"\xff\xfe, caf\xe9, ".to_vec();
        line.extend_from_slice(b"1.1.1.1");
        let (parts, ()) = Request::builder()
            .header("x-forwarded-for", HeaderValue::from_bytes(&line).unwrap())
            .body(())
            .unwrap()
            .into_parts();
        let client = ClientInfo::of(&parts, 1);
        assert_eq!(client.ip, Some("1.1.1.1".parse().unwrap()));
        assert_eq!(ClientInfo::of(&parts, 2).ip, None);
    }

    #[test]
    fn an_address_that_may_not_be_the_visitors_is_known() {
        for (connection, forwarded, proxies, doubt) in [
            (None, None, 0, Some(Doubt::Unknown)),
            (Some("192.0.2.1:80"), None, 0, None),
            (Some("192.0.2.1:80"), Some("1.1.1.1"), 0, None),
            (Some("127.0.0.1:80"), None, 0, None),
            (
                Some("127.0.0.1:80"),
                Some("1.1.1.1"),
                0,
                Some(Doubt::Forwarded),
            ),
            (
                Some("10.1.0.1:80"),
                Some("1.1.1.1"),
                0,
                Some(Doubt::Forwarded),
            ),
            (
                Some("[fd00::1]:80"),
                Some("1.1.1.1"),
                0,
                Some(Doubt::Forwarded),
            ),
            (Some("10.1.0.1:80"), Some("1.1.1.1"), 1, None),
            (
                Some("10.1.0.1:80"),
                Some("1.1.1.1"),
                2,
                Some(Doubt::NotForwarded),
            ),
            (Some("10.1.0.1:80"), None, 1, Some(Doubt::NotForwarded)),
        ] {
            let mut request = Request::builder();
            if let Some(forwarded) = forwarded {
                request = request.header("x-forwarded-for", forwarded);
            }
            let (mut parts, ()) = request.body(()).unwrap().into_parts();
            if let Some(connection) = connection {
                let address: SocketAddr = connection.parse().unwrap();
                parts.extensions.insert(ConnectInfo(address));
            }
            let client = ClientInfo::of(&parts, proxies);
            assert_eq!(
                client.doubt, doubt,
                "{connection:?} {forwarded:?} {proxies}"
            );
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
