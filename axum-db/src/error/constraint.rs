//! Which constraint refused a write.

use std::fmt;

use crate::backend::answer;
use crate::model::{registry, unique_name};

/// The constraint that refused a write, as far as the database tells: see [`Error::constraint`](crate::Error::constraint).
///
/// | | SQLite | PostgreSQL | MySQL, MariaDB |
/// |---|---|---|---|
/// | unique | table, columns | name, table, columns | name, table, columns, but see below |
/// | foreign key | — | name, table, which side; of models also columns | name, table, columns, which side |
/// | not null | table, column | table, column | column |
/// | check | name | name, table | name; MariaDB: table |
///
/// MySQL and MariaDB tell the name of a unique key alone. Those of models are known by it; any other is looked up in the
/// database, once a minute at most and over a connection of its own, for which the error waits up to a second. Nothing
/// but the name is known where that did not succeed, where several tables have a key of that name (MariaDB does not say
/// whose it is; MySQL does), where the key has an expression in it, and of a statement on the connection in hand
/// ([`Db::conn`](crate::Db::conn)).
///
/// ```
/// # use axum_db::{metadata, prelude::*};
/// # #[model]
/// # pub struct Tag {
/// #     #[model(primary_key)] pub id: i32,
/// #     #[model(unique, length = 40)] pub name: String,
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), axum_db::Error> {
/// # let database = axum_db::Db::<axum_db::Sqlite>::connect("sqlite://:memory:").await?;
/// # database.create_all(&metadata![Tag]).await?;
/// # let db = database.session();
/// NewTag::new("rust").insert(&db).await?;
/// let error = NewTag::new("rust").insert(&db).await.err().expect("the name is taken");
/// let constraint = error.constraint().expect("a constraint refused it");
/// assert_eq!((constraint.table.as_deref(), &constraint.columns[..]), (Some("tags"), &["name".to_owned()][..]));
/// assert_eq!(constraint.to_string(), "tags.name"); // with its name, where that is known
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Constraint {
    /// Its name.
    pub name: Option<String>,
    /// The table that has the constraint; of a foreign key the referencing one.
    pub table: Option<String>,
    /// Its columns; of a foreign key the referencing ones.
    pub columns: Vec<String>,
    /// Of a foreign key: which side was wrong.
    pub reference: Option<Reference>,
}

/// Which side of a foreign key refused a write, where the database tells: see [`Constraint`].
///
/// ```
/// use axum_db::{Error, Reference};
///
/// fn explain(error: &Error) -> Option<&'static str> {
///     match error.constraint()?.reference? {
///         Reference::Missing => Some("There is no such author."),
///         Reference::InUse => Some("The author still has posts."),
///         _ => None,
///     }
/// }
/// assert_eq!(explain(&Error::not_found("no such post")), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reference {
    /// The row that was to be referenced is not there.
    Missing,
    /// The row that was to be deleted or renamed is still referenced.
    InUse,
}

impl Constraint {
    /// Whether it is the unique constraint over `columns` of `table`, in any order.
    pub(super) fn is_unique_over(&self, table: &str, columns: &[&str]) -> bool {
        if let (Some(own), false) = (&self.table, self.columns.is_empty()) {
            return own == table && same(&self.columns, columns);
        }
        let Some(name) = self.name.as_deref() else {
            return false;
        };
        self.table.as_deref().is_none_or(|own| own == table)
            && (*name == unique_name(table, columns)
                || answer::is_primary_key(name) && registry::is_primary_key(table, columns))
    }
}

/// Whether two lists name the same columns.
fn same(left: &[String], right: &[&str]) -> bool {
    left.len() == right.len() && left.iter().all(|column| right.contains(&column.as_str()))
}

impl fmt::Display for Constraint {
    /// `users.email (users_email_key)`, as far as it is known.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.columns.join(", ");
        match (&self.table, self.columns.len()) {
            (Some(table), 0) => f.write_str(table)?,
            (Some(table), 1) => write!(f, "{table}.{columns}")?,
            (Some(table), _) => write!(f, "{table} ({columns})")?,
            (None, _) => f.write_str(&columns)?,
        }
        let placed = self.table.is_some() || !self.columns.is_empty();
        match &self.name {
            Some(name) if placed => write!(f, ", constraint {name}"),
            Some(name) => write!(f, "constraint {name}"),
            None => Ok(()),
        }
    }
}
