//! What the engines' URLs have in common.

use std::net::IpAddr;

/// Takes some parameters out of a URL's query: what is left of the URL, and their names and decoded values.
pub(super) fn take_parameters(
    url: &str,
    is_taken: impl Fn(&str) -> bool,
) -> (String, Vec<(String, String)>) {
    // A password may hold a question mark.
    let password_end = url.find('@').unwrap_or(0);
    let Some(at) = url[password_end..].find('?').map(|at| at + password_end) else {
        return (url.to_owned(), Vec::new());
    };
    let name = |pair: &str| pair.split('=').next().unwrap_or_default().to_owned();
    let (taken, left): (Vec<&str>, Vec<&str>) = url[at + 1..]
        .split('&')
        .filter(|pair| !pair.is_empty())
        .partition(|pair| is_taken(&name(pair)));
    let mut rest = url[..at].to_owned();
    if !left.is_empty() {
        rest = format!("{rest}?{}", left.join("&"));
    }
    // A plus is a plus: it is no form.
    let taken = taken.join("&").replace('+', "%2B");
    let taken = form_urlencoded::parse(taken.as_bytes());
    (rest, taken.into_owned().collect())
}

/// Whether a host's name is that of this machine itself.
pub(super) fn is_this_machine(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host.ends_with(".localhost")
        || host
            .parse()
            .is_ok_and(|address: IpAddr| address.is_loopback())
}

/// What to do where TLS is needed and the program was built without it.
#[cfg(not(feature = "tls"))]
pub(super) const NO_TLS: &str = "that needs TLS, which this program was built without; \
     add the feature `tls` of axum-db";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_taken_and_the_rest_stays_as_it_was() {
        let take = |url| take_parameters(url, |name| name == "a" || name == "b");
        let (rest, taken) = take("x://u:p?a=1@h/d?c=%20&a=%2Ftmp%2Fa+b&d=1&b=");
        assert_eq!(rest, "x://u:p?a=1@h/d?c=%20&d=1");
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(taken, [pair("a", "/tmp/a+b"), pair("b", "")]);
        assert_eq!(take("x://h/d?a=1").0, "x://h/d");
        assert_eq!(take("x://h/d").0, "x://h/d");
    }

    #[test]
    fn this_machine_has_several_names() {
        for host in [
            "localhost",
            "db.localhost",
            "127.0.0.1",
            "127.1.2.3",
            "::1",
            "[::1]",
        ] {
            assert!(is_this_machine(host), "{host}");
        }
        for host in ["db", "localhost.example", "10.0.0.1", "[::2]", ""] {
            assert!(!is_this_machine(host), "{host}");
        }
    }
}
