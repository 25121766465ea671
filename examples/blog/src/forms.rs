//! What the forms of the blog have in common: how their fields are read, and how an error is put beside one.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer};
use validator::{ValidationError, ValidationErrors};

/// A field of one line.
pub fn single_line<'de, D: Deserializer<'de>>(field: D) -> Result<String, D::Error> {
    String::deserialize(field).map(|text| line(&text))
}

/// An e-mail address: in lower case, so that nobody registers twice with the same one.
pub fn email_address<'de, D: Deserializer<'de>>(field: D) -> Result<String, D::Error> {
    String::deserialize(field).map(|text| line(&text).to_lowercase())
}

/// A field of many lines, which end as `\n`.
pub fn multi_line<'de, D: Deserializer<'de>>(field: D) -> Result<String, D::Error> {
    let text = String::deserialize(field)?;
    let text: String = text
        .chars()
        .filter(|c| !c.is_control() || matches!(c, '\n' | '\t'))
        .collect();
    Ok(text.trim().to_owned())
}

/// Text without spaces at its ends, or control characters, which no keyboard types and PostgreSQL does
/// not store.
pub fn line(text: &str) -> String {
    let text: String = text.chars().filter(|c| !c.is_control()).collect();
    text.trim().to_owned()
}

/// A checkbox: browsers send it only when it is ticked.
pub fn checkbox<'de, D: Deserializer<'de>>(field: D) -> Result<bool, D::Error> {
    Ok(!matches!(
        String::deserialize(field)?.as_str(),
        "" | "false" | "False" | "0"
    ))
}

/// Bytes that were no UTF-8 have become U+FFFD when a field is read.
pub fn readable(text: &str) -> Result<(), ValidationError> {
    if text.contains(char::REPLACEMENT_CHARACTER) {
        let message = "Some characters could not be read. Please type them again.";
        return Err(ValidationError::new("unreadable").with_message(message.into()));
    }
    Ok(())
}

/// Wrong input in one field, which no validator could see.
pub fn error_in(field: &'static str, message: impl Into<Cow<'static, str>>) -> ValidationErrors {
    let mut errors = ValidationErrors::new();
    errors.add(
        field,
        ValidationError::new("refused").with_message(message.into()),
    );
    errors
}
