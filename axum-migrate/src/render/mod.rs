//! Changes as SQL. Pure.

mod mysql;
mod postgres;
mod sqlite;

use std::collections::BTreeSet;

use axum_db::Dialect;

use crate::error::{Error, ErrorKind};
use crate::op::Op;
use crate::schema::{Action, EnumType, ForeignKey, Index, Schema, Unmanaged};
use crate::token::tokens;

/// The SQL of a migration.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let ops = [Op::RenameColumn { table: "users".into(), from: "mail".into(), to: "email".into() }];
/// let script: Script = render(Dialect::Mysql, &ops, &Schema::default())?;
/// assert_eq!(script.statements, ["ALTER TABLE `users` RENAME COLUMN `mail` TO `email`"]);
/// assert!(!script.run_in_transaction); // MySQL commits each statement by itself
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Script {
    /// The statements, without semicolons at their ends.
    pub statements: Vec<String>,
    /// Whether the runner puts them into one transaction.
    ///
    /// `false` on MySQL, which commits every change of a schema by itself, and for scripts of SQLite that
    /// bring a transaction of their own because some of their settings must stand outside of it.
    pub run_in_transaction: bool,
}

/// Writes changes, which lead away from the schema `from`, as SQL.
///
/// `from` has to have the tables that change. The script that undoes them is `render(dialect, &inverse(ops), &target)`.
///
/// ```
/// use axum_db::Dialect;
/// use axum_migrate::{Op, Schema, inverse, render};
///
/// let ops = [Op::RenameColumn { table: "users".into(), from: "mail".into(), to: "email".into() }];
/// let up = render(Dialect::Postgres, &ops, &Schema::default())?;
/// assert_eq!(up.to_sql(), "ALTER TABLE \"users\" RENAME COLUMN \"mail\" TO \"email\";\n");
/// assert!(up.run_in_transaction);
/// let down = render(Dialect::Mysql, &inverse(&ops), &Schema::default())?;
/// assert_eq!(down.to_sql(), "ALTER TABLE `users` RENAME COLUMN `email` TO `mail`;\n");
/// # Ok::<(), axum_migrate::Error>(())
/// ```
///
/// # Errors
/// A required column lacks a backfill, the engine cannot make the change, or needs to know a table that `from` lacks.
pub fn render(dialect: Dialect, ops: &[Op], from: &Schema) -> Result<Script, Error> {
    if let Some((table, column)) = ops.iter().find_map(Op::missing_backfill) {
        return Err(Error::new(
            ErrorKind::NeedsInput,
            format!(
                "column {table}.{column} is required and has no default, so the rows that are there need a \
                 value: pass --backfill {table}.{column}=EXPR (an SQL expression, such as 0 or '')"
            ),
        ));
    }
    match dialect {
        Dialect::Sqlite => sqlite::render(ops, from),
        Dialect::Postgres => postgres::render(ops, from),
        Dialect::Mysql => mysql::render(ops, from),
    }
}

/// SQLite and MySQL restate what a change leaves as it is.
fn unknown_table(name: &str) -> Error {
    Error::new(
        ErrorKind::Usage,
        format!(
            "the schema that the changes lead away from has no table `{name}`, which one of them changes; give `render` the \
             schema that they were found in"
        ),
    )
}

/// How PostgreSQL makes an index, and drops it, while others write to its table.
pub(crate) fn concurrently(table: &str, index: &Index) -> (String, String) {
    postgres::concurrently(table, index)
}

/// The objects without a model that the script of `ops` drops and makes again.
pub(crate) fn made_again(
    dialect: Dialect,
    ops: &[Op],
    from: &Schema,
) -> Result<Vec<Unmanaged>, Error> {
    match dialect {
        Dialect::Postgres => postgres::made_again(ops, from),
        Dialect::Sqlite | Dialect::Mysql => Ok(Vec::new()),
    }
}

/// How an enum's type takes other values within one transaction that goes on to use them.
pub(crate) fn enum_made_anew(
    dialect: Dialect,
    from: &EnumType,
    to: &EnumType,
    state: &Schema,
) -> Result<Vec<String>, Error> {
    // An operation that names the values without doing anything.
    let uses = Op::AlterEnum {
        from: to.clone(),
        to: to.clone(),
    };
    let changes = Op::AlterEnum {
        from: from.clone(),
        to: to.clone(),
    };
    Ok(render(dialect, &[changes, uses], state)?.statements)
}

impl Script {
    /// The text of the file: every statement ends with a semicolon.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let statements = ["DROP TABLE a", "DROP TABLE b"].map(String::from).into();
    /// let script = Script { statements, run_in_transaction: true };
    /// assert_eq!(script.to_sql(), "DROP TABLE a;\nDROP TABLE b;\n");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn to_sql(&self) -> String {
        self.statements
            .iter()
            .map(|statement| format!("{statement};\n"))
            .collect()
    }
}

impl Schema {
    /// The statements that make this schema in an empty database.
    ///
    /// On PostgreSQL and SQLite what no model describes (views, triggers, functions…) is made too, where the schema
    /// says how.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let schema = schema_of("CREATE TABLE posts (title TEXT); CREATE VIEW titles AS SELECT title FROM posts;").await;
    /// let statements = schema.create_statements(Dialect::Sqlite)?;
    /// assert!(statements[0].starts_with("CREATE TABLE \"posts\""));
    /// assert_eq!(statements[1], "CREATE VIEW titles AS SELECT title FROM posts");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The engine has no way to say one of the tables.
    pub fn create_statements(&self, dialect: Dialect) -> Result<Vec<String>, Error> {
        let empty = Schema::default();
        let tables = Schema {
            tables: self.tables.clone(),
            enums: self.enums.clone(),
            constraint_names: self.constraint_names,
            ..Schema::default()
        };
        let created = crate::diff::diff(&empty, &tables, &crate::diff::Hints::default())?;
        if dialect == Dialect::Postgres {
            return postgres::create_statements(self, &created.ops);
        }
        let mut statements = render(dialect, &created.ops, &empty)?.statements;
        if dialect == Dialect::Sqlite {
            statements.extend(
                self.unmanaged
                    .iter()
                    .filter_map(|object| object.sql.clone()),
            );
        }
        Ok(statements)
    }
}

/// `"a", "b"`
fn quoted_list<'a>(dialect: Dialect, names: impl IntoIterator<Item = &'a String>) -> String {
    let quoted: Vec<String> = names.into_iter().map(|name| dialect.quote(name)).collect();
    quoted.join(", ")
}

/// `"a" DESC, "b"`
fn key_list(dialect: Dialect, columns: &[String], suffixes: &[String]) -> String {
    let columns = columns.iter().enumerate().map(|(at, column)| {
        let suffix = suffixes.get(at).map_or("", String::as_str);
        format!("{}{suffix}", dialect.quote(column))
    });
    columns.collect::<Vec<_>>().join(", ")
}

/// `CONSTRAINT "name" `, or nothing.
fn constraint(dialect: Dialect, name: Option<&String>) -> String {
    name.map(|name| format!("CONSTRAINT {} ", dialect.quote(name)))
        .unwrap_or_default()
}

/// `FOREIGN KEY (…) REFERENCES …`, or from `REFERENCES` on.
fn references(dialect: Dialect, key: &ForeignKey) -> String {
    let mut sql = format!("REFERENCES {}", dialect.quote(&key.table));
    if !key.referenced.is_empty() {
        sql.push_str(&format!(" ({})", quoted_list(dialect, &key.referenced)));
    }
    for (event, action) in [("DELETE", key.on_delete), ("UPDATE", key.on_update)] {
        if action != Action::NoAction {
            sql.push_str(&format!(" ON {event} {}", action.sql()));
        }
    }
    sql.push_str(deferrable(key.deferrable));
    sql
}

fn foreign_key(dialect: Dialect, key: &ForeignKey) -> String {
    format!(
        "{}FOREIGN KEY ({}) {}",
        constraint(dialect, key.name.as_ref()),
        quoted_list(dialect, &key.columns),
        references(dialect, key)
    )
}

fn deferrable(deferrable: Option<crate::schema::Deferrable>) -> &'static str {
    use crate::schema::Deferrable;
    match deferrable {
        None => "",
        Some(Deferrable::Immediate) => " DEFERRABLE INITIALLY IMMEDIATE",
        Some(Deferrable::Deferred) => " DEFERRABLE INITIALLY DEFERRED",
    }
}

/// Whether an expression names one of the columns.
fn mentions(sql: &str, columns: &BTreeSet<String>) -> bool {
    tokens(sql).iter().any(|token| {
        token
            .identifier()
            .is_some_and(|name| columns.contains(&name))
    })
}

/// A string literal.
fn literal(dialect: Dialect, text: &str) -> String {
    let escaped = text.replace('\'', "''");
    if dialect == Dialect::Mysql {
        format!("'{}'", escaped.replace('\\', "\\\\"))
    } else {
        format!("'{escaped}'")
    }
}

impl Action {
    fn sql(self) -> &'static str {
        match self {
            Action::NoAction => "NO ACTION",
            Action::Restrict => "RESTRICT",
            Action::Cascade => "CASCADE",
            Action::SetNull => "SET NULL",
            Action::SetDefault => "SET DEFAULT",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Column, Table};

    fn add_column() -> Op {
        Op::AddColumn {
            table: "users".to_owned(),
            column: Column {
                name: "email".to_owned(),
                ty: "text".to_owned(),
                nullable: true,
                ..Column::default()
            },
            backfill: None,
        }
    }

    #[test]
    fn a_change_of_an_unknown_table_is_an_error_and_not_left_out() {
        for dialect in [Dialect::Sqlite, Dialect::Mysql] {
            let error = render(dialect, &[add_column()], &Schema::default()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Usage);
            assert!(error.to_string().contains("no table `users`"), "{error}");
        }
    }

    #[test]
    fn a_table_that_is_made_can_be_changed_at_once() {
        let users = Table {
            name: "users".to_owned(),
            columns: vec![Column {
                name: "id".to_owned(),
                ty: "int".to_owned(),
                ..Column::default()
            }],
            ..Table::default()
        };
        let ops = [Op::CreateTable(users), add_column()];
        for dialect in [Dialect::Sqlite, Dialect::Postgres, Dialect::Mysql] {
            let script = render(dialect, &ops, &Schema::default()).unwrap();
            assert!(script.to_sql().contains("email"), "{}", script.to_sql());
        }
    }
}
