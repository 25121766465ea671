//! What a session consists of.

use std::fmt;
use std::str::FromStr;

use chrono::NaiveDateTime;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What names a session without letting anybody in: SHA-256 of its token, in 64 hexadecimal digits.
///
/// A page of devices may carry it in its forms: [`Auth::revoke`](crate::Auth::revoke) ends the session only for its
/// own user.
///
/// ```
/// use axum_login_kit::SessionId;
///
/// let id: SessionId = "5e".repeat(32).parse().unwrap();
/// assert_eq!(id.to_string(), id.as_str());
/// assert!("../etc/passwd".parse::<SessionId>().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SessionId(String);

/// The error of a text that is no [`SessionId`].
///
/// ```
/// use axum_login_kit::{InvalidSessionId, SessionId};
///
/// assert_eq!("5e5e".parse::<SessionId>(), Err(InvalidSessionId));
/// assert_eq!(InvalidSessionId.to_string(), "this is not the id of a session: it has 64 hexadecimal digits");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not the id of a session: it has 64 hexadecimal digits")]
pub struct InvalidSessionId;

/// A session, as a [`SessionBackend`](crate::SessionBackend) keeps it. Times are in UTC and in whole seconds.
///
/// It can be serialized, so that a store of keys and values may keep it as JSON.
///
/// ```
/// use axum_login_kit::{Session, SessionId};
///
/// let now = chrono::NaiveDateTime::default();
/// let session = Session::new(SessionId::of_token("token"), 7, now, now + chrono::TimeDelta::hours(1));
/// let json = serde_json::to_string(&session).unwrap();
/// assert_eq!(serde_json::from_str::<Session<i32>>(&json).unwrap(), session);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Session<I> {
    /// What names it.
    pub id: SessionId,
    /// Whose it is.
    pub user_id: I,
    /// The code that binds it to the user's password and epoch. Up to 64 characters of ASCII.
    pub auth_tag: String,
    /// When it began.
    #[serde(with = "seconds")]
    pub created_at: NaiveDateTime,
    /// When the user last gave a password in it.
    #[serde(with = "optional_seconds")]
    pub authenticated_at: Option<NaiveDateTime>,
    /// When it was last used, to within minutes.
    #[serde(with = "seconds")]
    pub last_seen_at: NaiveDateTime,
    /// When it ends at the latest.
    #[serde(with = "seconds")]
    pub expires_at: NaiveDateTime,
    /// Whether its cookie outlasts the browser session.
    pub remembered: bool,
    /// The code of the client it began with. Up to 64 characters of ASCII.
    pub fingerprint: Option<String>,
    /// The `User-Agent` it began with, cut to 255 characters.
    pub user_agent: Option<String>,
    /// The address it began from.
    pub ip: Option<String>,
    /// What the application keeps in it, as JSON after a version.
    pub data: Option<String>,
}

/// What a [`SessionBackend::update`](crate::SessionBackend::update) changes of a session: the fields that are set.
///
/// ```
/// use axum_login_kit::{Session, SessionChange, SessionId};
///
/// # let now = chrono::NaiveDateTime::default();
/// let session = Session::new(SessionId::of_token("token"), 1, now, now + chrono::TimeDelta::hours(1));
/// let mut change = SessionChange::default();
/// change.last_seen_at = Some(now + chrono::TimeDelta::minutes(10));
///
/// let mut changed = session.clone();
/// assert!(change.apply(&mut changed));
/// assert_ne!(changed.last_seen_at, session.last_seen_at);
/// assert_eq!(changed.expires_at, session.expires_at); // what is not set stays
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct SessionChange {
    /// When the user gave the password again.
    pub authenticated_at: Option<NaiveDateTime>,
    /// When the session was used.
    pub last_seen_at: Option<NaiveDateTime>,
    /// When it ends from now on.
    pub expires_at: Option<NaiveDateTime>,
    /// The client it is bound to from now on.
    pub fingerprint: Option<String>,
    /// What is kept in it from now on.
    pub data: Option<DataChange>,
}

/// A change of [`Session::data`], which is made only while the data is what it was when it was read.
///
/// ```
/// use axum_login_kit::{DataChange, Session, SessionChange, SessionId};
///
/// # let now = chrono::NaiveDateTime::default();
/// let mut session = Session::new(SessionId::of_token("token"), 1, now, now);
/// session.data = Some("2 {}".into()); // by another request
/// let mut change = SessionChange::default();
/// change.data = Some(DataChange::new(Some("1 {}".into()), Some("3 {}".into())));
/// assert!(!change.apply(&mut session));
/// assert_eq!(session.data.as_deref(), Some("2 {}"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DataChange {
    /// What the data must still be.
    pub from: Option<String>,
    /// What it becomes.
    pub to: Option<String>,
}

impl SessionId {
    /// The id of the session whose cookie holds `token`.
    ///
    /// ```
    /// use axum_login_kit::SessionId;
    ///
    /// let id = SessionId::of_token("abc");
    /// assert!(id.as_str().starts_with("ba7816bf")); // SHA-256, in hexadecimal digits
    /// ```
    #[must_use]
    pub fn of_token(token: &str) -> Self {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let digest = Sha256::digest(token.as_bytes());
        let digits = digest.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        SessionId(
            digits
                .map(|digit| char::from(DIGITS[usize::from(digit)]))
                .collect(),
        )
    }

    /// The 64 digits.
    ///
    /// ```
    /// use axum_login_kit::SessionId;
    ///
    /// let id = SessionId::of_token("abc");
    /// assert_eq!(id.as_str(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    /// ```
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<I> Session<I> {
    /// A session that begins at `now`, with everything that is optional left out: for the tests of a
    /// [`SessionBackend`](crate::SessionBackend).
    ///
    /// ```
    /// use axum_login_kit::{Session, SessionId};
    ///
    /// # let now = chrono::NaiveDateTime::default();
    /// let session = Session::new(SessionId::of_token("token"), 7, now, now + chrono::TimeDelta::hours(1));
    /// assert_eq!((session.user_id, session.created_at), (7, now));
    /// assert!(!session.remembered && session.authenticated_at.is_none() && session.data.is_none());
    /// ```
    #[must_use]
    pub fn new(id: SessionId, user_id: I, now: NaiveDateTime, expires_at: NaiveDateTime) -> Self {
        Session {
            id,
            user_id,
            auth_tag: String::new(),
            created_at: now,
            authenticated_at: None,
            last_seen_at: now,
            expires_at,
            remembered: false,
            fingerprint: None,
            user_agent: None,
            ip: None,
            data: None,
        }
    }
}

impl SessionChange {
    /// Makes the change, for backends that write whole sessions. False, and nothing is changed, when the data is no
    /// longer what it was.
    ///
    /// ```
    /// use axum_login_kit::{DataChange, Session, SessionChange, SessionId};
    ///
    /// let now = chrono::NaiveDateTime::default();
    /// let mut session = Session::new(SessionId::of_token("token"), 1, now, now);
    /// let mut change = SessionChange::default();
    /// change.data = Some(DataChange::new(None, Some("1 {}".into())));
    /// assert!(change.apply(&mut session));
    /// assert!(!change.apply(&mut session));
    /// assert_eq!(session.data.as_deref(), Some("1 {}"));
    /// ```
    #[must_use = "false means that nothing was changed"]
    pub fn apply<I>(&self, session: &mut Session<I>) -> bool {
        if let Some(data) = &self.data {
            if data.from != session.data {
                return false;
            }
            session.data.clone_from(&data.to);
        }
        if self.authenticated_at.is_some() {
            session.authenticated_at = self.authenticated_at;
        }
        if let Some(at) = self.last_seen_at {
            session.last_seen_at = at;
        }
        if let Some(at) = self.expires_at {
            session.expires_at = at;
        }
        if self.fingerprint.is_some() {
            session.fingerprint.clone_from(&self.fingerprint);
        }
        true
    }
}

impl DataChange {
    /// A change from what was read to what is to be kept.
    ///
    /// ```
    /// use axum_login_kit::DataChange;
    ///
    /// let first = DataChange::new(None, Some("1 {}".into())); // only while nothing is kept
    /// assert_eq!((first.from, first.to.as_deref()), (None, Some("1 {}")));
    /// ```
    #[must_use]
    pub fn new(from: Option<String>, to: Option<String>) -> Self {
        DataChange { from, to }
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for SessionId {
    type Err = InvalidSessionId;

    fn from_str(text: &str) -> Result<Self, InvalidSessionId> {
        text.to_owned().try_into()
    }
}

impl TryFrom<String> for SessionId {
    type Error = InvalidSessionId;

    fn try_from(text: String) -> Result<Self, InvalidSessionId> {
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if text.len() == 64 && text.bytes().all(is_digit) {
            Ok(SessionId(text))
        } else {
            Err(InvalidSessionId)
        }
    }
}

impl From<SessionId> for String {
    fn from(id: SessionId) -> String {
        id.0
    }
}

/// A time as seconds since 1970.
mod seconds {
    use chrono::{DateTime, NaiveDateTime};
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(
        time: &NaiveDateTime,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(time.and_utc().timestamp())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<NaiveDateTime, D::Error> {
        read(i64::deserialize(deserializer)?)
    }

    pub(super) fn read<E: de::Error>(seconds: i64) -> Result<NaiveDateTime, E> {
        DateTime::from_timestamp(seconds, 0)
            .map(|time| time.naive_utc())
            .ok_or_else(|| E::custom("a time that is out of range"))
    }
}

/// The same where there may be none.
mod optional_seconds {
    use chrono::NaiveDateTime;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(
        time: &Option<NaiveDateTime>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let seconds = time.map(|time| time.and_utc().timestamp());
        seconds.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<NaiveDateTime>, D::Error> {
        let seconds = Option::<i64>::deserialize(deserializer)?;
        seconds.map(super::seconds::read).transpose()
    }
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDateTime;

    use super::{Session, SessionId};

    #[test]
    fn a_session_survives_json() {
        let now = NaiveDateTime::default();
        let mut session = Session::new(SessionId::of_token("token"), "rööt".to_owned(), now, now);
        session.authenticated_at = Some(now);
        session.data = Some("1 {}".into());
        let json = serde_json::to_string(&session).unwrap();
        assert_eq!(
            serde_json::from_str::<Session<String>>(&json).unwrap(),
            session
        );
    }

    #[test]
    fn an_id_is_the_sha_256_of_the_token() {
        let id = SessionId::of_token("abc");
        let known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(id.as_str(), known);
        assert_eq!(known.parse(), Ok(id));
        for junk in ["", "ba", &known.to_uppercase(), &known.replace('b', "g")] {
            assert!(junk.parse::<SessionId>().is_err(), "{junk}");
        }
        assert!(serde_json::from_str::<SessionId>("\"x\"").is_err());
    }
}
