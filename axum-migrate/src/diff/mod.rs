//! What it takes to get from one schema to another. Pure.

mod enums;
mod keep;
mod names;
mod rename;
mod table;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use crate::error::{Error, ErrorKind};
use crate::op::{Constraint, Op};
use crate::schema::{ForeignKey, Schema, Table, by_foreign_keys};

/// What a comparison cannot know by itself.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let from = schema_of("CREATE TABLE users (mail TEXT)").await;
/// let to = schema_of("CREATE TABLE users (email TEXT)").await;
/// let unaware = diff(&from, &to, &Hints::default())?;
/// assert!(unaware.ops.iter().any(|op| op.loses_data())); // one column goes, another one comes
///
/// let renamed_columns = vec![("users".into(), "mail".into(), "email".into())];
/// let found = diff(&from, &to, &Hints { renamed_columns, ..Hints::default() })?;
/// assert_eq!(found.ops[0].to_string(), "~ column users.mail → email");
/// assert_eq!(found.ops.len(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct Hints {
    /// Tables that were renamed: old name, new name.
    pub renamed_tables: Vec<(String, String)>,
    /// Columns that were renamed: the table (by either name), old name, new name.
    pub renamed_columns: Vec<(String, String, String)>,
    /// Tables that a revision of this directory created.
    pub managed_tables: BTreeSet<String>,
    /// Tables that may be dropped, because someone said so.
    pub dropped_tables: BTreeSet<String>,
    /// What fills a required column in rows that are there: an SQL expression by table and column.
    pub backfills: BTreeMap<(String, String), String>,
    /// Whether to remove, too, what models have no words for: SQLite's conflict clauses, a serial in place of an
    /// identity. Default: they stay as they are.
    pub exact: bool,
}

/// The outcome of a comparison.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let database = schema_of("CREATE TABLE posts (title TEXT); CREATE TABLE sessions (id TEXT);").await;
/// let models = schema_of("CREATE TABLE posts (title TEXT, subtitle TEXT)").await;
/// let found: Diff = diff(&database, &models, &Hints::default())?;
/// assert_eq!(found.ops.len(), 1);
/// assert_eq!(found.unmanaged, ["sessions"]); // it stays
/// assert!(found.target.tables.contains_key("sessions"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct Diff {
    /// The changes, in the order in which to run them.
    pub ops: Vec<Op>,
    /// What the database is like after them: the desired schema, and what stays although no model has it.
    pub target: Schema,
    /// Tables without a model that a revision of this directory created: drop them by naming them in
    /// [`Hints::dropped_tables`].
    pub orphaned: Vec<String>,
    /// Tables without a model that this directory did not create. They stay.
    pub unmanaged: Vec<String>,
    /// Constraints that no model can say, as parts of a sentence: foreign keys to tables without a model, and what is
    /// unique more than once. They stay.
    pub kept: Vec<String>,
}

/// Compares the schema of a database with the one that its models describe.
///
/// Both have to come from the same kind of server: read one with [`Engine::introspect`] and the other with
/// [`Engine::scratch_schema`]. Nothing is asked of a server here.
///
/// ```
/// use axum_migrate::schema::{Column, Schema, Table};
/// use axum_migrate::{Hints, diff};
///
/// let name = Column { name: "name".into(), ty: "TEXT".into(), nullable: true, ..Column::default() };
/// let table = Table { name: "tags".into(), columns: vec![name], ..Table::default() };
/// let models = Schema { tables: [("tags".into(), table)].into(), ..Schema::default() };
///
/// let found = diff(&Schema::default(), &models, &Hints::default())?;
/// assert_eq!(found.ops[0].to_string(), "+ table tags (1 columns)");
/// assert!(diff(&found.target, &models, &Hints::default())?.ops.is_empty());
/// # Ok::<(), axum_migrate::Error>(())
/// ```
///
/// [`Engine::introspect`]: crate::Engine::introspect
/// [`Engine::scratch_schema`]: crate::Engine::scratch_schema
///
/// # Errors
/// A hint names a table or column that is not there, or a table to drop is still referenced by one that
/// stays.
pub fn diff(from: &Schema, to: &Schema, hints: &Hints) -> Result<Diff, Error> {
    let mut base = from.clone();
    let mut target = to.clone();
    let mut plan = Plan {
        renames: rename::apply(&mut base, to, hints)?,
        ..Plan::default()
    };
    let mut diff = Diff::default();

    for (name, table) in &base.tables {
        if target.tables.contains_key(name) {
            continue;
        }
        if hints.dropped_tables.contains(name) {
            plan.dropped.insert(name.clone());
            continue;
        }
        let stays = if hints.managed_tables.contains(name) {
            &mut diff.orphaned
        } else {
            &mut diff.unmanaged
        };
        stays.push(name.clone());
        target.tables.insert(name.clone(), table.clone());
    }
    refuse_dangling(&target, &plan.dropped)?;

    let exact = table::Exactness {
        names: hints.exact && from.constraint_names && to.constraint_names,
        in_place: from.constraint_names && to.constraint_names,
    };
    for (name, desired) in &mut target.tables {
        let Some(current) = base.tables.get(name) else {
            continue;
        };
        if !hints.exact {
            keep::what_models_cannot_say(current, desired);
            let can_go = |key: &ForeignKey| {
                let target = base.tables.get(&key.table);
                (to.tables.contains_key(&key.table) || plan.dropped.contains(&key.table))
                    && target.is_none_or(|target| key.fits(target))
            };
            let kept = keep::what_no_model_can_say(current, desired, can_go);
            diff.kept.extend(kept);
        }
        table::compare(current, desired, exact, hints, &mut plan);
    }
    enums::compare(&base, &mut target, hints, &mut plan);
    renew_foreign_keys(&base, &target, &mut plan);
    create_and_drop(&base, &target, &mut plan);
    let mut taken = names::Taken::of(&base, &plan);
    for op in plan.added.iter_mut().chain(&mut plan.added_keys) {
        taken.avoid(op);
    }
    for table in &mut plan.created {
        taken.avoid_in(table);
    }
    diff.ops = plan.into_ops();
    // The names and the order of columns are those that the database will really have.
    diff.target = from.clone();
    diff.ops.iter().for_each(|op| diff.target.apply(op));
    for table in diff.target.tables.values_mut() {
        let desired = target.tables.get(&table.name);
        table
            .foreign_keys
            .iter_mut()
            .for_each(|key| expect_index(key, desired));
    }
    Ok(diff)
}

/// The changes by phase. Whatever a later phase needs has been made or moved away by then, and the same
/// holds for the inverses in the reverse order.
#[derive(Default)]
struct Plan {
    renames: Vec<Op>,
    new_enums: Vec<Op>,
    dropped_keys: Vec<Op>,
    removed: Vec<Op>,
    altered: Vec<Op>,
    created: Vec<Table>,
    columns: Vec<Op>,
    added: Vec<Op>,
    added_keys: Vec<Op>,
    dropped_columns: Vec<Op>,
    dropped_tables: Vec<Op>,
    old_enums: Vec<Op>,
    /// Names of the tables to drop.
    dropped: BTreeSet<String>,
}

impl Plan {
    fn into_ops(self) -> Vec<Op> {
        self.renames
            .into_iter()
            .chain(self.new_enums)
            .chain(self.dropped_keys)
            .chain(self.removed)
            .chain(self.altered)
            .chain(self.created.into_iter().map(Op::CreateTable))
            .chain(self.columns)
            .chain(self.added)
            .chain(self.added_keys)
            .chain(self.dropped_columns)
            .chain(self.dropped_tables)
            .chain(self.old_enums)
            .collect()
    }

    fn touches(&self, table: &str) -> bool {
        [&self.columns, &self.added, &self.removed]
            .into_iter()
            .flatten()
            .any(|op| op.table() == table)
    }
}

fn refuse_dangling(target: &Schema, dropped: &BTreeSet<String>) -> Result<(), Error> {
    for table in target.tables.values() {
        if let Some(key) = table
            .foreign_keys
            .iter()
            .find(|key| dropped.contains(&key.table))
        {
            return Err(Error::new(
                ErrorKind::Usage,
                format!(
                    "table {} cannot be dropped: {} has a foreign key to it and stays; \
                     drop both (--drop {} --drop {}), or remove the foreign key first",
                    key.table, table.name, key.table, table.name
                ),
            ));
        }
    }
    Ok(())
}

/// Foreign keys over columns whose type changes, or to a key that is replaced, are dropped before and
/// added again after.
fn renew_foreign_keys(base: &Schema, target: &Schema, plan: &mut Plan) {
    let retyped: BTreeSet<(String, String)> = plan
        .columns
        .iter()
        .filter_map(|op| match op {
            Op::AlterColumn {
                table, from, to, ..
            } if from.ty != to.ty || from.collation != to.collation => {
                Some((table.clone(), to.name.clone()))
            }
            _ => None,
        })
        .collect();
    let replaced: Vec<(String, Vec<String>)> = plan
        .removed
        .iter()
        .filter_map(|op| match op {
            Op::DropPrimaryKey { table, key } => Some((table.clone(), key.columns.clone())),
            Op::DropUnique { table, unique } => Some((table.clone(), unique.columns.clone())),
            Op::DropIndex { table, index } if index.unique => {
                Some((table.clone(), index.columns().map(str::to_owned).collect()))
            }
            _ => None,
        })
        .collect();
    for table in base
        .tables
        .values()
        .filter(|table| target.tables.contains_key(&table.name))
    {
        for key in &table.foreign_keys {
            let has = |table: &str, columns: &[String]| {
                columns
                    .iter()
                    .any(|column| retyped.contains(&(table.to_owned(), column.clone())))
            };
            let loses_its_target = replaced.iter().any(|(replaced, columns)| {
                *replaced == key.table && same_set(columns, &key.referenced)
            });
            let drop = Op::DropForeignKey {
                table: table.name.clone(),
                key: key.clone(),
            };
            let renew = has(&table.name, &key.columns)
                || has(&key.table, &key.referenced)
                || loses_its_target;
            if renew && !plan.dropped_keys.contains(&drop) {
                plan.dropped_keys.push(drop);
                plan.added_keys.push(Op::AddForeignKey {
                    table: table.name.clone(),
                    key: altered_key(&table.name, key, &mut plan.altered),
                });
            }
        }
    }
}

/// What a foreign key is altered to, which is done by making it anew.
fn altered_key(table: &str, key: &ForeignKey, altered: &mut Vec<Op>) -> ForeignKey {
    let at = altered.iter().position(|op| {
        matches!(op, Op::AlterConstraint { table: own, from: Constraint::ForeignKey(from), .. }
            if own == table && from == key)
    });
    match at.map(|at| altered.remove(at)) {
        Some(Op::AlterConstraint {
            to: Constraint::ForeignKey(to),
            ..
        }) => to,
        _ => key.clone(),
    }
}

fn same_set(a: &[String], b: &[String]) -> bool {
    a.len() == b.len() && a.iter().all(|name| b.contains(name))
}

/// New tables in the order of their foreign keys, old ones in the reverse. Keys that close a cycle, or
/// point at a table that is still to be altered, come after.
fn create_and_drop(base: &Schema, target: &Schema, plan: &mut Plan) {
    let created = target
        .tables
        .values()
        .filter(|table| !base.tables.contains_key(&table.name));
    let mut made: BTreeSet<&str> = base
        .tables
        .keys()
        .map(String::as_str)
        .filter(|name| !plan.touches(name))
        .collect();
    for table in by_foreign_keys(created) {
        made.insert(&table.name);
        let mut table = table.clone();
        let (now, later): (Vec<ForeignKey>, Vec<ForeignKey>) = table
            .foreign_keys
            .drain(..)
            .partition(|key| made.contains(key.table.as_str()));
        table.foreign_keys = now;
        for key in later {
            plan.added_keys.push(Op::AddForeignKey {
                table: table.name.clone(),
                key,
            });
        }
        plan.created.push(table);
    }

    let dropped = base
        .tables
        .values()
        .filter(|table| plan.dropped.contains(&table.name));
    let mut made: BTreeSet<&str> = base
        .tables
        .keys()
        .map(String::as_str)
        .filter(|name| !plan.dropped.contains(*name))
        .collect();
    let mut drops = Vec::new();
    for table in by_foreign_keys(dropped) {
        made.insert(&table.name);
        let mut table = table.clone();
        let (last, first): (Vec<ForeignKey>, Vec<ForeignKey>) = table
            .foreign_keys
            .drain(..)
            .partition(|key| made.contains(key.table.as_str()) && !plan.touches(&key.table));
        table.foreign_keys = last;
        for key in first {
            plan.dropped_keys.push(Op::DropForeignKey {
                table: table.name.clone(),
                key,
            });
        }
        drops.push(Op::DropTable(table));
    }
    drops.reverse();
    plan.dropped_tables = drops;
}

/// Whether a foreign key has an index of its own in the end depends on the other indexes of the table.
fn expect_index(key: &mut ForeignKey, desired: Option<&Table>) {
    let own = desired.and_then(|table| {
        table
            .foreign_keys
            .iter()
            .find(|own| table::same_foreign_key(own, key))
    });
    match own.map(|own| own.implicit_index.is_some()) {
        Some(true) if key.implicit_index.is_none() => key.implicit_index.clone_from(&key.name),
        Some(false) => key.implicit_index = None,
        _ => {}
    }
}
