//! A password as a form brings it.

use std::fmt;
use std::ops::Deref;

use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

/// A password in a form or a setting: it is never printed, and its memory is wiped when it is dropped.
///
/// It derefs to `str`, so `&form.password` is what the password functions take. A form made of owned fields
/// is deserialized without leaving a copy behind in this type; what the HTTP stack buffered is outside its
/// reach.
///
/// ```
/// use axum_login_kit::Password;
///
/// #[derive(Debug, serde::Deserialize)]
/// struct LoginForm {
///     email: String,
///     password: Password,
/// }
///
/// let form: LoginForm = serde_json::from_str(r#"{"email": "a@b.c", "password": "hunter2"}"#)?;
/// assert_eq!(&*form.password, "hunter2");
/// assert!(!format!("{form:?}").contains("hunter2"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Password(Zeroizing<String>);

impl Deref for Password {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl From<String> for Password {
    fn from(text: String) -> Self {
        Password(Zeroizing::new(text))
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

impl<'de> Deserialize<'de> for Password {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Password::from)
    }
}
