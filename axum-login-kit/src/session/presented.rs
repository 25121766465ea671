//! What a backend is shown of a request, and what it answers.

use std::fmt;

use super::record::SessionId;

/// What a request presents as its session. Printed, it shows the id and no cookie.
///
/// ```
/// use axum_login_kit::{Presented, SessionId};
///
/// let presented = Presented::new("a token").with_state(Some("a state"));
/// assert_eq!(presented.id(), &SessionId::of_token("a token"));
/// assert_eq!((presented.cookie(), presented.state()), ("a token", Some("a state")));
/// let printed = format!("{presented:?}");
/// assert!(printed.contains(presented.id().as_str()) && !printed.contains("token"));
/// ```
#[derive(Clone)]
pub struct Presented<'a> {
    id: SessionId,
    cookie: &'a str,
    state: Option<&'a str>,
}

/// What a [`SessionBackend`](crate::SessionBackend) has done. Printed, it shows no cookie.
///
/// ```
/// use axum_login_kit::Written;
///
/// assert_eq!(format!("{:?}", Written::InCookie("a secret".into())), "InCookie(…)");
/// assert_eq!(format!("{:?}", Written::Nothing), "Nothing");
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Written {
    /// It is stored.
    Stored,
    /// It is what the browser's cookie is to hold: the session's own cookie after an insert; after an update a
    /// second one beside it, which comes back as [`Presented::state`].
    InCookie(String),
    /// Nothing, as the session has ended or its data is another.
    Nothing,
}

impl<'a> Presented<'a> {
    /// What a request presents that has this cookie.
    ///
    /// ```
    /// use axum_login_kit::Presented;
    ///
    /// let presented = Presented::new("a token");
    /// assert_eq!((presented.cookie(), presented.state()), ("a token", None));
    /// ```
    #[must_use]
    pub fn new(cookie: &'a str) -> Self {
        Presented {
            id: SessionId::of_token(cookie),
            cookie,
            state: None,
        }
    }

    /// The same, with the cookie that an update left.
    ///
    /// ```
    /// use axum_login_kit::Presented;
    ///
    /// let presented = Presented::new("a token").with_state(Some("a state"));
    /// assert_eq!(presented.state(), Some("a state"));
    /// ```
    #[must_use]
    pub fn with_state(self, state: Option<&'a str>) -> Self {
        Presented { state, ..self }
    }

    /// What names the session.
    ///
    /// ```
    /// use axum_login_kit::{Presented, SessionId};
    ///
    /// assert_eq!(Presented::new("a token").id(), &SessionId::of_token("a token"));
    /// ```
    #[must_use]
    pub fn id(&self) -> &SessionId {
        &self.id
    }

    /// The cookie itself.
    ///
    /// ```
    /// use axum_login_kit::Presented;
    ///
    /// assert_eq!(Presented::new("a token").cookie(), "a token"); // a secret: store the id
    /// ```
    #[must_use]
    pub fn cookie(&self) -> &'a str {
        self.cookie
    }

    /// What the last update left in a second cookie.
    ///
    /// ```
    /// use axum_login_kit::{Presented, Written};
    ///
    /// let written = Written::InCookie("seen at noon".into()); // what an update gave
    /// let Written::InCookie(left) = &written else { unreachable!() };
    /// assert_eq!(Presented::new("a token").with_state(Some(left)).state(), Some("seen at noon"));
    /// ```
    #[must_use]
    pub fn state(&self) -> Option<&'a str> {
        self.state
    }
}

impl fmt::Debug for Presented<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Presented")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Written::Stored => "Stored",
            Written::InCookie(_) => "InCookie(…)",
            Written::Nothing => "Nothing",
        })
    }
}
