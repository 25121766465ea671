//! Values that do not fit.

use std::error::Error;
use std::fmt;

/// A value that no column keeps, or a row that its Rust type cannot take. It names types, never values, so
/// that it may be shown where the database's own text may not.
#[derive(Debug)]
pub(crate) struct Misfit(String);

impl Misfit {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// The one that `error` is, or came of.
    pub(crate) fn behind<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e Self> {
        let mut error = Some(error);
        while let Some(current) = error {
            if let Some(found) = current.downcast_ref() {
                return Some(found);
            }
            error = current.source();
        }
        None
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Misfit {}
