//! The table of failures.

use axum_db::model::{ColumnDef, TableDef};
use diesel::sql_types::{BigInt, Text};

pub(super) const TABLE: &str = "auth_lockouts";
pub(super) const NAME: &str = "name";
pub(super) const FAILURES: &str = "failures";
pub(super) const PAUSE: &str = "pause";
pub(super) const LOCKED_UNTIL: &str = "locked_until";
pub(super) const LAST_AT: &str = "last_at";

/// The table that [`Lockout::in_table`](crate::Lockout::in_table) counts in, for the application's metadata:
/// `metadata.with(axum_login_kit::lockout_table())`.
///
/// A row is an account or an address that failed, or for which mails were asked (see [`MailLimit`](crate::MailLimit)): a code for its name under the secret key, so that nobody reads from it
/// who tried to log in, how often it failed, how long the next pause is in seconds, and when the lock ends and the last
/// attempt was, in seconds since 1970.
///
/// ```
/// use axum_db::{Dialect, Metadata};
///
/// let metadata = Metadata::new([axum_login_kit::lockout_table()]);
/// assert!(metadata.create_statements(Dialect::Sqlite)[0].starts_with("CREATE TABLE \"auth_lockouts\""));
/// ```
#[must_use]
pub fn lockout_table() -> TableDef {
    TableDef::new(TABLE)
        .module(module_path!())
        .column(ColumnDef::new::<Text>(NAME).length(64))
        .column(ColumnDef::new::<BigInt>(FAILURES))
        .column(ColumnDef::new::<BigInt>(PAUSE))
        .column(ColumnDef::new::<BigInt>(LOCKED_UNTIL))
        .column(ColumnDef::new::<BigInt>(LAST_AT))
        .primary_key([NAME])
        .index([LAST_AT])
}
