//! The table of sessions.

use axum_db::model::{Action, ColumnDef, ForeignKeyDef, Model, TableDef};
use diesel::sql_types::{BigInt, Bool, Text, Timestamp};

use crate::user::AuthUser;

/// The names of its columns.
pub(super) mod column {
    pub(in crate::session) const ID: &str = "id";
    pub(in crate::session) const REALM: &str = "realm";
    pub(in crate::session) const TOKEN_HASH: &str = "token_hash";
    pub(in crate::session) const USER_ID: &str = "user_id";
    pub(in crate::session) const AUTH_TAG: &str = "auth_tag";
    pub(in crate::session) const CREATED_AT: &str = "created_at";
    pub(in crate::session) const AUTHENTICATED_AT: &str = "authenticated_at";
    pub(in crate::session) const LAST_SEEN_AT: &str = "last_seen_at";
    pub(in crate::session) const EXPIRES_AT: &str = "expires_at";
    pub(in crate::session) const REMEMBERED: &str = "remembered";
    pub(in crate::session) const FINGERPRINT: &str = "fingerprint";
    pub(in crate::session) const USER_AGENT: &str = "user_agent";
    pub(in crate::session) const IP: &str = "ip";
    pub(in crate::session) const DATA: &str = "data";
}

/// The table that the sessions of `U` live in, for the application's metadata:
/// `metadata.with(axum_login_kit::tables::<User>())`.
///
/// A row is a session: the realm of its manager, SHA-256 of its token, its user (deleted with the user), the
/// code that binds it to the password, when it began, when the password was last given, when it was last
/// used and when it ends, whether it is remembered, the code of the client it began with, its browser and address,
/// and what the application keeps in it.
///
/// ```
/// use axum_db::{Dialect, metadata, prelude::*};
/// use axum_login_kit::AuthUser;
///
/// #[model]
/// #[derive(Debug, Clone)]
/// pub struct User {
///     #[model(primary_key)]
///     pub id: i64,
///     pub password_hash: String,
/// }
/// # impl AuthUser for User {
/// #     type Id = i64;
/// #     fn id(&self) -> i64 { self.id }
/// #     fn password_hash(&self) -> Option<&str> { Some(&self.password_hash) }
/// # }
///
/// # fn main() {
/// let metadata = metadata![User].with(axum_login_kit::tables::<User>());
/// let statements = metadata.create_statements(Dialect::Postgres);
/// assert!(statements[1].starts_with("CREATE TABLE \"auth_sessions\""));
/// assert!(statements[1].contains("\"user_id\" BIGINT NOT NULL"));
/// # }
/// ```
#[must_use]
pub fn tables<U: AuthUser + Model>() -> TableDef {
    let users = U::table_def();
    let user_id = match users.key_column() {
        Some(key) => key.as_reference(column::USER_ID),
        None => ColumnDef::new::<BigInt>(column::USER_ID),
    };
    let to_user =
        ForeignKeyDef::new([column::USER_ID], users.name, users.primary_key).schema(U::SCHEMA);
    TableDef::new(U::SESSION_TABLE)
        .bind(users.bind)
        .module(module_path!())
        .column(ColumnDef::new::<BigInt>(column::ID).auto_increment())
        .column(ColumnDef::new::<Text>(column::REALM).length(32))
        .column(ColumnDef::new::<Text>(column::TOKEN_HASH).length(64))
        .column(user_id)
        .column(ColumnDef::new::<Text>(column::AUTH_TAG).length(64))
        .column(ColumnDef::new::<Timestamp>(column::CREATED_AT))
        .column(ColumnDef::new::<Timestamp>(column::AUTHENTICATED_AT).nullable())
        .column(ColumnDef::new::<Timestamp>(column::LAST_SEEN_AT))
        .column(ColumnDef::new::<Timestamp>(column::EXPIRES_AT))
        .column(ColumnDef::new::<Bool>(column::REMEMBERED))
        .column(
            ColumnDef::new::<Text>(column::FINGERPRINT)
                .length(64)
                .nullable(),
        )
        .column(
            ColumnDef::new::<Text>(column::USER_AGENT)
                .length(255)
                .nullable(),
        )
        .column(ColumnDef::new::<Text>(column::IP).length(45).nullable())
        .column(ColumnDef::new::<Text>(column::DATA).nullable())
        .primary_key([column::ID])
        .unique([column::TOKEN_HASH])
        .index([column::USER_ID])
        .index([column::EXPIRES_AT])
        .foreign_key(to_user.on_delete(Action::Cascade))
}
