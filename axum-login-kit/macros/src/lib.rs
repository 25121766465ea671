//! The macro of [axum-login-kit](https://docs.rs/axum-login-kit), `#[derive(AuthUser)]`; use it as
//! `axum_login_kit::AuthUser`.

mod expand;
mod fields;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Implements the trait `AuthUser` by the fields of a struct.
///
/// A field that has the name of a method of the trait is what the method returns. `#[auth(…)]` above a field of another
/// name says which method it is for; whatever has no field keeps the trait's default.
///
/// | method | type of the field | without a field |
/// |---|---|---|
/// | `id` | any that can be compared and cloned; it is the trait's `Id` | an error |
/// | `password_hash` | `String` or `Option<String>` | an error, unless `#[auth(no_password)]` stands above the struct |
/// | `email` | `String` or `Option<String>` | no address |
/// | `is_email_confirmed` | `bool` | `false` |
/// | `is_active` | `bool` | `true` |
/// | `session_epoch` | `i64`, or a smaller integer | `0` |
///
/// # On a field
///
/// | `#[auth(…)]` | meaning |
/// |---|---|
/// | `id`, `password_hash`, and so on | the method that the field is for |
/// | `column = "…"` | with `password_hash`: the column's name in the database, where the field's is another |
/// | `skip` | the field is for no method, whatever its name |
///
/// # On the struct
///
/// | `#[auth(…)]` | meaning |
/// |---|---|
/// | `session_table = "admin_sessions"` | the table of these users' sessions; default: `auth_sessions` |
/// | `no_password` | the users have no passwords here |
///
/// What needs more than a field, such as a user who is active until a date, is written as `impl AuthUser for …`.
#[proc_macro_derive(AuthUser, attributes(auth))]
pub fn derive_auth_user(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand::auth_user(&input)
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}
