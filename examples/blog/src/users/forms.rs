//! The forms of this folder.

use axum::body::Bytes;
use axum::extract::{Form, FromRequest, Multipart, Request};
use axum::http::header;
use serde::{Deserialize, Serialize};
use validator::{Validate, ValidateEmail, ValidationError};

use crate::errors::Error;
use crate::forms::{self, checkbox, email_address, single_line};
use crate::models::User;

#[derive(Default, Deserialize, Serialize, Validate)]
#[serde(default)]
pub struct RegistrationForm {
    #[serde(deserialize_with = "single_line")]
    #[validate(custom(function = "valid_username"))]
    pub username: String,
    #[serde(deserialize_with = "email_address")]
    #[validate(custom(function = "valid_email"))]
    pub email: String,
    #[serde(skip_serializing)]
    #[validate(custom(function = "valid_password"))]
    pub password: String,
    #[serde(skip_serializing)]
    #[validate(must_match(other = "password", message = "The two passwords differ."))]
    pub confirm_password: String,
}

#[derive(Default, Deserialize, Serialize, Validate)]
#[serde(default)]
pub struct LoginForm {
    #[serde(deserialize_with = "email_address")]
    #[validate(length(min = 1, max = 120, message = "Type your e-mail address."))]
    pub email: String,
    #[serde(skip_serializing)]
    #[validate(length(min = 1, max = 1000, message = "Type your password."))]
    pub password: String,
    #[serde(deserialize_with = "checkbox")]
    pub remember: bool,
}

#[derive(Default, Deserialize, Serialize, Validate)]
#[serde(default)]
pub struct ForgotForm {
    #[serde(deserialize_with = "email_address")]
    #[validate(length(min = 1, max = 120, message = "Type your e-mail address."))]
    pub email: String,
}

#[derive(Default, Deserialize, Validate)]
#[serde(default)]
pub struct ResetForm {
    #[validate(custom(function = "valid_password"))]
    pub password: String,
    #[validate(must_match(other = "password", message = "The two passwords differ."))]
    pub confirm_password: String,
}

#[derive(Default, Deserialize, Validate)]
#[serde(default)]
pub struct PasswordForm {
    #[validate(length(min = 1, max = 1000, message = "Type your current password."))]
    pub current: String,
    #[validate(custom(function = "valid_password"))]
    pub password: String,
    #[validate(must_match(other = "password", message = "The two passwords differ."))]
    pub confirm_password: String,
}

#[derive(Default, Deserialize, Serialize, Validate)]
#[serde(default)]
pub struct AccountForm {
    #[serde(deserialize_with = "single_line")]
    #[validate(custom(function = "valid_username"))]
    pub username: String,
    #[serde(deserialize_with = "email_address")]
    #[validate(custom(function = "valid_email"))]
    pub email: String,
    /// The uploaded file, if one was chosen.
    #[serde(skip)]
    pub picture: Option<Bytes>,
}

impl From<&User> for AccountForm {
    fn from(user: &User) -> Self {
        Self {
            username: user.username.clone(),
            email: user.email.clone(),
            picture: None,
        }
    }
}

/// Reads the form as browsers send it, with a file, or as a plain one.
impl<S: Send + Sync> FromRequest<S> for AccountForm {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self, Error> {
        let content_type = request.headers().get(header::CONTENT_TYPE);
        if !content_type.is_some_and(|kind| kind.as_bytes().starts_with(b"multipart/form-data")) {
            let Form(form) = Form::from_request(request, state).await?;
            return Ok(form);
        }
        let mut fields = Multipart::from_request(request, state).await?;
        let mut form = Self::default();
        while let Some(field) = fields.next_field().await? {
            match field.name() {
                Some("username") => form.username = forms::line(&field.text().await?),
                Some("email") => form.email = forms::line(&field.text().await?).to_lowercase(),
                Some("picture") => {
                    form.picture = Some(field.bytes().await?).filter(|file| !file.is_empty())
                }
                _ => {}
            }
        }
        Ok(form)
    }
}

fn valid_password(password: &str) -> Result<(), ValidationError> {
    if (1..=1000).contains(&password.chars().count())
        && !password.contains(['\0', char::REPLACEMENT_CHARACTER])
    {
        return Ok(());
    }
    Err(ValidationError::new("password")
        .with_message("A password has 1 to 1,000 characters.".into()))
}

fn valid_email(email: &str) -> Result<(), ValidationError> {
    if email.validate_email() && email.chars().count() <= 120 {
        return Ok(());
    }
    Err(ValidationError::new("email")
        .with_message("Type an e-mail address such as ada@example.com.".into()))
}

/// 2 to 20 characters that look the same in an address as in a sentence.
pub fn valid_username(username: &str) -> Result<(), ValidationError> {
    let refused =
        |message: &'static str| Err(ValidationError::new("username").with_message(message.into()));
    let (first, last) = (username.chars().next(), username.chars().next_back());
    if !(2..=20).contains(&username.chars().count()) {
        refused("A username has 2 to 20 characters.")
    } else if !username
        .chars()
        .all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_'))
    {
        refused("A username has only letters, digits, dots, hyphens and underscores.")
    } else if ![first, last]
        .into_iter()
        .flatten()
        .all(char::is_alphanumeric)
    {
        refused("A username begins and ends with a letter or digit.")
    } else {
        Ok(())
    }
}
