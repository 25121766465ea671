//! Scripts tried on a scratch place: what a history leads to, and the proof of a new migration.

use std::collections::BTreeSet;

use axum_db::Dialect;

use crate::diff::{Diff, Hints, diff};
use crate::op::Op;
use crate::render::made_again;
use crate::revision::Revision;
use crate::schema::Schema;
use crate::{Engine, Error, ErrorKind};

use super::rehearse::rehearse;

/// The schema that `revisions` lead to, run one after the other on an empty scratch place.
pub(crate) async fn replay<B: Engine>(
    conn: &mut B::Connection,
    revisions: &[&Revision],
) -> Result<Schema, Error> {
    let scripts: Vec<(String, String)> = revisions
        .iter()
        .map(|revision| (revision.up.clone(), revision.file("up.sql")))
        .collect();
    B::scratch(conn, move |conn| {
        Box::pin(async move {
            for (at, (sql, file)) in scripts.iter().enumerate() {
                let later: Vec<&str> = scripts[at + 1..].iter().map(|it| it.0.as_str()).collect();
                rehearse::<B>(conn, sql, file, &later).await?;
            }
            B::introspect(conn).await
        })
    })
    .await
}

/// Proves a generated migration on a scratch copy: up leads to the target, down back to the start, up there again.
pub(crate) async fn prove<B: Engine>(
    conn: &mut B::Connection,
    from: &Schema,
    compared: &Diff,
    up: &str,
    down: &str,
) -> Result<(), Error> {
    let from = &concerned(B::DIALECT, from, &compared.unmanaged);
    let to = concerned(B::DIALECT, &compared.target, &compared.unmanaged);
    let start = scratch_statements(B::DIALECT, &compared.ops, from)?;
    let to = as_the_server_says_it::<B>(conn, &compared.ops, to).await?;
    let (up, down) = (up.to_owned(), down.to_owned());
    B::scratch(conn, move |conn| {
        Box::pin(async move {
            for statement in &start {
                B::execute(conn, statement).await?;
            }
            let before = B::introspect(conn).await?;
            rehearse::<B>(conn, &up, "the generated up.sql", &[]).await?;
            expect("up.sql", "the models", &B::introspect(conn).await?, &to)?;
            rehearse::<B>(conn, &down, "the generated down.sql", &[]).await?;
            expect(
                "down.sql",
                "the schema before",
                &B::introspect(conn).await?,
                &before,
            )?;
            rehearse::<B>(conn, &up, "the generated up.sql", &[]).await?;
            expect(
                "up.sql, run again,",
                "the models",
                &B::introspect(conn).await?,
                &to,
            )
        })
    })
    .await
}

/// Proves a baseline on an empty scratch place: up leads to `live`, down back to nothing.
pub(crate) async fn prove_baseline<B: Engine>(
    conn: &mut B::Connection,
    live: &Schema,
    up: &str,
    down: &str,
) -> Result<(), Error> {
    let (live, up, down) = (live.clone(), up.to_owned(), down.to_owned());
    B::scratch(conn, move |conn| {
        Box::pin(async move {
            let before = B::introspect(conn).await?;
            rehearse::<B>(conn, &up, "the baseline's up.sql", &[]).await?;
            let is = B::introspect(conn).await?;
            expect("up.sql", "the database as it is", &is, &live)?;
            rehearse::<B>(conn, &down, "the baseline's down.sql", &[]).await?;
            let is = B::introspect(conn).await?;
            expect("down.sql", "an empty database", &is, &before)
        })
    })
    .await
}

/// PostgreSQL says an expression over a column of another type in other words, and what stays although models have no
/// words for it is still in the old ones.
async fn as_the_server_says_it<B: Engine>(
    conn: &mut B::Connection,
    ops: &[Op],
    to: Schema,
) -> Result<Schema, Error> {
    let retypes = |op: &Op| matches!(op, Op::AlterColumn { from, to, .. } if from.ty != to.ty);
    if B::DIALECT != Dialect::Postgres || !ops.iter().any(retypes) {
        return Ok(to);
    }
    let tables = Schema {
        unmanaged: Vec::new(),
        ..to
    };
    B::scratch_schema(conn, &tables.create_statements(B::DIALECT)?).await
}

/// What a scratch place needs. PostgreSQL's looks into the database for all else that is there already.
fn scratch_statements(dialect: Dialect, ops: &[Op], from: &Schema) -> Result<Vec<String>, Error> {
    if dialect != Dialect::Postgres {
        return from.create_statements(dialect);
    }
    let schema = Schema {
        unmanaged: made_again(dialect, ops, from)?,
        ..from.clone()
    };
    schema.create_statements(dialect)
}

/// The tables that the proof is about: not those that stay whatever happens, unless a key points at them, or a
/// trigger or view of SQLite, which checks those when a table changes, may read them.
fn concerned(dialect: Dialect, schema: &Schema, unmanaged: &[String]) -> Schema {
    let mut schema = schema.clone();
    if dialect == Dialect::Sqlite && !schema.unmanaged.is_empty() {
        return schema;
    }
    loop {
        let pointed_at: BTreeSet<String> = schema
            .tables
            .values()
            .flat_map(|table| {
                table
                    .foreign_keys
                    .iter()
                    .filter(|key| key.table != table.name)
                    .map(|key| key.table.clone())
            })
            .collect();
        let before = schema.tables.len();
        schema
            .tables
            .retain(|name, _| !unmanaged.contains(name) || pointed_at.contains(name));
        if schema.tables.len() == before {
            return schema;
        }
    }
}

/// Fails when `is` differs from `should`, either way.
fn expect(script: &str, goal: &str, is: &Schema, should: &Schema) -> Result<(), Error> {
    let everything = Hints {
        managed_tables: is.table_names(),
        dropped_tables: is.table_names(),
        exact: true,
        ..Hints::default()
    };
    let left = diff(is, should, &everything)?.ops;
    if left.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = left.iter().map(|op| format!("  {op}")).collect();
    Err(Error::new(
        ErrorKind::Proof,
        format!(
            "the generated {script} does not lead to {goal} on a scratch copy; still missing there:\n{}\n\
             Nothing was written. Please report this with the models; meanwhile `revision` makes an empty \
             migration to write by hand",
            lines.join("\n")
        ),
    ))
}
