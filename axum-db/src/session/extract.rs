//! The handle as an extractor.

use std::fmt;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};

use super::handle::{Bind, Db};
use crate::backend::Backend;
use crate::error::{Error, ErrorKind};

/// The rejection of [`Db`] where the router has no session layer: a 500, whose line in the log says what to add.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use axum::{body::Body, extract::FromRequestParts, http::Request};
///
/// type Db = axum_db::Db<axum_db::Sqlite>;
///
/// let (mut parts, _) = Request::new(Body::empty()).into_parts();
/// let missing = Db::from_request_parts(&mut parts, &()).await.unwrap_err();
/// assert!(missing.to_string().contains("add `.layer(database.layer())`"));
/// # }
/// ```
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct MissingLayer {
    bind: &'static str,
}

impl fmt::Display for MissingLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "this route has no database session for the bind {:?}: add `.layer(database.layer())` to the router, \
             after its routes and after the layers that use the session",
            self.bind
        )
    }
}

impl std::error::Error for MissingLayer {}

impl IntoResponse for MissingLayer {
    fn into_response(self) -> Response {
        Error::new(ErrorKind::Configuration, self.to_string()).into_response()
    }
}

impl<S: Sync, B: Backend, K: Bind> FromRequestParts<S> for Db<B, K> {
    type Rejection = MissingLayer;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, MissingLayer> {
        parts
            .extensions
            .get::<Self>()
            .cloned()
            .ok_or(MissingLayer { bind: K::NAME })
    }
}
