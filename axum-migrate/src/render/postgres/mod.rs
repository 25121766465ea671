//! PostgreSQL: every change in place, all in one transaction.

mod column;
mod computed;
mod ddl;
mod dependents;
mod enums;
mod whole;

use axum_db::Dialect;

use self::dependents::Around;
use super::{Script, deferrable, literal};
use crate::error::Error;
use crate::op::{Constraint, Op};
use crate::schema::{Deferrable, Index, Schema, TableOptions, Unmanaged};

pub(super) use self::whole::create_statements;

const POSTGRES: Dialect = Dialect::Postgres;

pub(super) fn render(ops: &[Op], from: &Schema) -> Result<Script, Error> {
    let ops = &computed::plain_first(&enums::with_lasting_values(ops));
    let around = Around::of(ops, from)?;
    let mut state = from.clone();
    let mut statements = Vec::new();
    for (at, op) in ops.iter().enumerate() {
        around.before(at, &state, &mut statements);
        dependents::refuse_read(op, &state)?;
        if !around.replaces(op) {
            match op {
                Op::AlterEnum { from, to } => enums::alter(from, to, ops, &state, &mut statements),
                op => write(op, &state, &mut statements),
            }
        }
        state.apply(op);
        around.after(at, &state, &mut statements);
    }
    let updates = statements.iter().any(|sql| sql.starts_with("UPDATE "));
    if updates && (has_deferred(from) || has_deferred(&state)) {
        // A check that is put off would stand in the way of what changes the table after the update.
        statements.insert(0, "SET CONSTRAINTS ALL IMMEDIATE".to_owned());
    }
    Ok(Script {
        statements,
        run_in_transaction: true,
    })
}

/// Whether something is checked only where a transaction ends.
fn has_deferred(schema: &Schema) -> bool {
    let deferred = Some(Deferrable::Deferred);
    schema.tables.values().any(|table| {
        let keys = table.foreign_keys.iter().map(|key| key.deferrable);
        let uniques = table.uniques.iter().map(|unique| unique.deferrable);
        let primary = table.primary_key.iter().map(|key| key.deferrable);
        keys.chain(uniques)
            .chain(primary)
            .any(|own| own == deferred)
    })
}

/// The objects without a model that the script of `ops` makes again.
pub(super) fn made_again(ops: &[Op], from: &Schema) -> Result<Vec<Unmanaged>, Error> {
    Ok(Around::of(&computed::plain_first(ops), from)?.objects)
}

/// How an index is made, and dropped, while others write to its table.
pub(super) fn concurrently(table: &str, index: &Index) -> (String, String) {
    (
        ddl::create_index(table, index, "CONCURRENTLY "),
        format!(
            "DROP INDEX CONCURRENTLY {}",
            ddl::beside(table, &index.name)
        ),
    )
}

fn quote(name: &str) -> String {
    POSTGRES.quote(name)
}

/// The schema, where it is not the default one, and the name in it.
fn divide(key: &str) -> (Option<&str>, &str) {
    match key.split_once('.') {
        Some(("", name)) => (None, name),
        Some((schema, name)) => (Some(schema), name),
        None => (None, key),
    }
}

/// A table or type in SQL.
fn quoted(key: &str) -> String {
    match divide(key) {
        (Some(schema), name) => format!("{}.{}", quote(schema), quote(name)),
        (None, name) => quote(name),
    }
}

/// Makes the schema of the first table or type in it.
fn create_schema(key: &str, state: &Schema, out: &mut Vec<String>) {
    let Some(schema) = divide(key).0 else {
        return;
    };
    let mut known = state.tables.keys().chain(state.enums.keys());
    if !known.any(|other| divide(other).0 == Some(schema)) {
        out.push(format!("CREATE SCHEMA IF NOT EXISTS {}", quote(schema)));
    }
}

fn write(op: &Op, state: &Schema, out: &mut Vec<String>) {
    let alter = |change: String| format!("ALTER TABLE {} {change}", quoted(op.table()));
    let drop_constraint = |name: &Option<String>| {
        alter(format!(
            "DROP CONSTRAINT {}",
            quote(name.as_deref().unwrap_or_default())
        ))
    };
    match op {
        Op::RenameTable { from, to } => rename("TABLE", from, to, out),
        Op::RenameColumn { from, to, .. } => {
            out.push(alter(format!(
                "RENAME COLUMN {} TO {}",
                quote(from),
                quote(to)
            )));
        }
        Op::CreateTable(table) => {
            create_schema(&table.name, state, out);
            ddl::create_table(table, out);
        }
        Op::DropTable(table) => out.push(format!("DROP TABLE {}", quoted(&table.name))),
        Op::AddColumn {
            table,
            column,
            backfill,
        } => column::add(table, column, backfill.as_deref(), state, out),
        Op::DropColumn { column, .. } => {
            out.push(alter(format!("DROP COLUMN {}", quote(&column.name))))
        }
        Op::AlterColumn {
            table,
            from,
            to,
            backfill,
        } => column::alter(table, from, to, backfill.as_deref(), state, out),
        Op::AddPrimaryKey { key, .. } => {
            out.push(alter(format!("ADD {}", ddl::primary_key(key))));
            out.extend(ddl::new_constraint_comment(
                op.table(),
                &key.name,
                &key.comment,
            ));
        }
        Op::AddUnique { unique, .. } => {
            out.push(alter(format!("ADD {}", ddl::unique(unique))));
            let (name, comment) = (&unique.name, &unique.comment);
            out.extend(ddl::new_constraint_comment(op.table(), name, comment));
        }
        Op::AddCheck { check, .. } => {
            out.push(alter(format!("ADD {}", ddl::check(check))));
            let (name, comment) = (&check.name, &check.comment);
            out.extend(ddl::new_constraint_comment(op.table(), name, comment));
        }
        Op::AddForeignKey { key, .. } => {
            out.push(alter(format!("ADD {}", ddl::foreign_key(key))));
            out.extend(ddl::new_constraint_comment(
                op.table(),
                &key.name,
                &key.comment,
            ));
        }
        Op::DropPrimaryKey { key, .. } => out.push(drop_constraint(&key.name)),
        Op::DropUnique { unique, .. } => out.push(drop_constraint(&unique.name)),
        Op::DropCheck { check, .. } => out.push(drop_constraint(&check.name)),
        Op::DropForeignKey { key, .. } => out.push(drop_constraint(&key.name)),
        Op::AddIndex { table, index } => ddl::add_index(table, index, out),
        Op::DropIndex { table, index } => {
            out.push(format!("DROP INDEX {}", ddl::beside(table, &index.name)));
        }
        Op::RenameIndex { table, from, to } => {
            if from.name != to.name {
                out.push(format!(
                    "ALTER INDEX {} RENAME TO {}",
                    ddl::beside(table, &from.name),
                    quote(&to.name)
                ));
            }
            let index = format!("INDEX {}", ddl::beside(table, &to.name));
            store(&index, &from.storage, &to.storage, out);
            if from.comment != to.comment {
                out.push(ddl::index_comment(table, to));
            }
        }
        Op::AlterConstraint { table, from, to } => alter_constraint(table, from, to, out),
        Op::RenameEnum { from, to } => rename("TYPE", &from.name, &to.name, out),
        Op::RenameEnumValue { name, from, to } => out.push(format!(
            "ALTER TYPE {} RENAME VALUE {} TO {}",
            quoted(name),
            literal(POSTGRES, from),
            literal(POSTGRES, to)
        )),
        Op::CreateEnum(own) => {
            create_schema(&own.name, state, out);
            enums::create(own, out);
        }
        Op::DropEnum(own) => out.push(format!("DROP TYPE {}", quoted(&own.name))),
        Op::AlterEnum { .. } => {} // needs to know the other changes
        Op::AlterOptions { table, from, to } => alter_options(table, from, to, out),
    }
}

/// Moves to another schema, and takes another name there.
fn rename(kind: &str, from: &str, to: &str, out: &mut Vec<String>) {
    let ((old_schema, old), (new_schema, new)) = (divide(from), divide(to));
    let mut now = quoted(from);
    if let Some(schema) = new_schema
        && old_schema != new_schema
    {
        out.push(format!("CREATE SCHEMA IF NOT EXISTS {}", quote(schema)));
        out.push(format!("ALTER {kind} {now} SET SCHEMA {}", quote(schema)));
        now = format!("{}.{}", quote(schema), quote(old));
    } else if old_schema != new_schema {
        // The default schema has no name that is the same everywhere.
        out.push(format!(
            "DO $$ BEGIN EXECUTE format('ALTER {kind} %s SET SCHEMA %I', {}, current_schema()); END $$",
            literal(POSTGRES, &now)
        ));
        now = quote(old);
    }
    if old != new {
        out.push(format!("ALTER {kind} {now} RENAME TO {}", quote(new)));
    }
}

/// Sets and resets storage parameters.
fn store(what: &str, from: &[String], to: &[String], out: &mut Vec<String>) {
    let name = |parameter: &String| {
        parameter
            .split_once('=')
            .map_or(parameter.clone(), |(name, _)| name.to_owned())
    };
    let set: Vec<&String> = to.iter().filter(|it| !from.contains(it)).collect();
    let kept: Vec<String> = to.iter().map(name).collect();
    let reset: Vec<String> = from
        .iter()
        .map(name)
        .filter(|name| !kept.contains(name))
        .map(|name| ddl::parameter_name(&name))
        .collect();
    if !set.is_empty() {
        out.push(format!("ALTER {what} SET ({})", ddl::settings(set)));
    }
    if !reset.is_empty() {
        out.push(format!("ALTER {what} RESET ({})", reset.join(", ")));
    }
}

fn alter_options(table: &str, from: &TableOptions, to: &TableOptions, out: &mut Vec<String>) {
    let name = quoted(table);
    if from.unlogged != to.unlogged {
        let how = if to.unlogged { "UNLOGGED" } else { "LOGGED" };
        out.push(format!("ALTER TABLE {name} SET {how}"));
    }
    store(&format!("TABLE {name}"), &from.storage, &to.storage, out);
    if from.comment != to.comment {
        out.push(ddl::table_comment(table, to.comment.as_deref()));
    }
}

fn alter_constraint(table: &str, from: &Constraint, to: &Constraint, out: &mut Vec<String>) {
    let alter = |change: String| format!("ALTER TABLE {} {change}", quoted(table));
    let (before, name) = (
        from.name().unwrap_or_default(),
        to.name().unwrap_or_default(),
    );
    if to.not_valid() && !from.not_valid() {
        // What was checked does not become unchecked.
        out.push(alter(format!("DROP CONSTRAINT {}", quote(before))));
        let clause = match to {
            Constraint::Check(check) => ddl::check(check),
            Constraint::ForeignKey(key) => ddl::foreign_key(key),
            Constraint::PrimaryKey(key) => ddl::primary_key(key),
            Constraint::Unique(unique) => ddl::unique(unique),
        };
        out.push(alter(format!("ADD {clause}")));
        if to.comment().is_some() {
            out.push(ddl::constraint_comment(table, name, to.comment()));
        }
        return;
    }
    if before != name {
        out.push(alter(format!(
            "RENAME CONSTRAINT {} TO {}",
            quote(before),
            quote(name)
        )));
    }
    if from.deferrable() != to.deferrable() {
        let how = match to.deferrable() {
            None => " NOT DEFERRABLE",
            some => deferrable(some),
        };
        out.push(alter(format!("ALTER CONSTRAINT {}{how}", quote(name))));
    }
    if from.not_valid() && !to.not_valid() {
        out.push(alter(format!("VALIDATE CONSTRAINT {}", quote(name))));
    }
    let index = format!("INDEX {}", ddl::beside(table, name));
    store(&index, from.storage(), to.storage(), out);
    if from.comment() != to.comment() {
        out.push(ddl::constraint_comment(table, name, to.comment()));
    }
}
