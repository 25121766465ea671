//! What `#[derive(AuthUser)]` names.

/// A field that may hold a text.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no text that `AuthUser` could give",
    label = "neither `String` nor `Option<String>`",
    note = "write `#[auth(skip)]` above the field, or `impl AuthUser` by hand"
)]
pub trait TextField {
    fn text(&self) -> Option<&str>;
}

impl TextField for String {
    fn text(&self) -> Option<&str> {
        Some(self)
    }
}

impl TextField for Option<String> {
    fn text(&self) -> Option<&str> {
        self.as_deref()
    }
}
