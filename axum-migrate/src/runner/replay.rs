//! Scripts tried on a scratch place: what a history leads to, and the proof of a new migration.

use std::collections::BTreeSet;

use axum_db::Dialect;

use crate::diff::{Diff, Hints, diff};
use crate::engine::execute_all;
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
    let (from, to) = concerned(B::DIALECT, from, compared)?;
    let start = scratch_statements(B::DIALECT, &compared.ops, &from)?;
    let to = as_the_server_says_it::<B>(conn, &compared.ops, to).await?;
    let (up, down) = (up.to_owned(), down.to_owned());
    B::scratch(conn, move |conn| {
        Box::pin(async move {
            execute_all::<B>(conn, &start).await?;
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

/// What is wrong with one of the revisions that were tried.
pub(crate) struct Doubt {
    /// The revision's place among those that were run.
    pub(crate) at: usize,
    /// After which script the schema is not what it was; none where there is no `down.sql`.
    pub(crate) script: Option<&'static str>,
    /// What it would take.
    pub(crate) left: Vec<Op>,
}

/// Runs revisions on an empty scratch place, those that are `tried` up, down, and up again.
pub(crate) async fn verify<B: Engine>(
    conn: &mut B::Connection,
    revisions: &[&Revision],
    tried: &(dyn Fn(&Revision) -> bool + Sync),
) -> Result<Vec<Doubt>, Error> {
    let tries: Vec<(Revision, bool)> = revisions
        .iter()
        .map(|revision| ((*revision).clone(), tried(revision)))
        .collect();
    B::scratch(conn, move |conn| {
        Box::pin(async move {
            let mut doubts = Vec::new();
            let ups: Vec<&str> = tries.iter().map(|(it, _)| it.up.as_str()).collect();
            let mut before = None;
            for (at, (revision, is_tried)) in tries.iter().enumerate() {
                let up_file = revision.file("up.sql");
                if !is_tried {
                    rehearse::<B>(conn, &revision.up, &up_file, &ups[at + 1..]).await?;
                    continue;
                }
                let Some(down) = &revision.down else {
                    let (script, left) = (None, Vec::new());
                    doubts.push(Doubt { at, script, left });
                    rehearse::<B>(conn, &revision.up, &up_file, &ups[at + 1..]).await?;
                    before = None;
                    continue;
                };
                let start = match before.take() {
                    Some(start) => start,
                    None => B::introspect(conn).await?,
                };
                // The values of an enum may be used by all that still runs in this transaction.
                let later: Vec<&str> = [down.as_str()]
                    .into_iter()
                    .chain(ups[at..].iter().copied())
                    .collect();
                rehearse::<B>(conn, &revision.up, &up_file, &later).await?;
                let there = B::introspect(conn).await?;
                rehearse::<B>(conn, down, &revision.file("down.sql"), &ups[at..]).await?;
                let mut found = |script, left: Vec<Op>| {
                    let script = Some(script);
                    if !left.is_empty() {
                        doubts.push(Doubt { at, script, left });
                    }
                };
                found("down.sql", to_do(&B::introspect(conn).await?, &start)?);
                rehearse::<B>(conn, &revision.up, &up_file, &ups[at + 1..]).await?;
                let again = B::introspect(conn).await?;
                found("up.sql", to_do(&again, &there)?);
                before = Some(again);
            }
            Ok(doubts)
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

/// The parts of the schema before and of the one after that the proof is about: the tables that change, and those that
/// a key ties to them, without their keys to others. So it takes as long as the change is large, whatever the schema.
fn concerned(dialect: Dialect, from: &Schema, compared: &Diff) -> Result<(Schema, Schema), Error> {
    let mut from = managed(dialect, from, &compared.unmanaged);
    let mut to = managed(dialect, &compared.target, &compared.unmanaged);
    let ops = &compared.ops;
    // Views, triggers and routines may read any table, and any column may be of an enum.
    let may_reach_all = match dialect {
        Dialect::Sqlite => !from.unmanaged.is_empty(),
        Dialect::Postgres => !made_again(dialect, ops, &from)?.is_empty(),
        Dialect::Mysql => false,
    };
    if may_reach_all || ops.iter().any(Op::is_of_enum) {
        return Ok((from, to));
    }
    let near = near(ops, [&from, &to]);
    for schema in [&mut from, &mut to] {
        schema.tables.retain(|name, _| near.contains(name));
        for table in schema.tables.values_mut() {
            table.foreign_keys.retain(|key| near.contains(&key.table));
        }
    }
    Ok((from, to))
}

/// The tables that change, and those that a key ties to them.
fn near(ops: &[Op], schemas: [&Schema; 2]) -> BTreeSet<String> {
    let mut changed: BTreeSet<String> = ops.iter().map(|op| op.table().to_owned()).collect();
    changed.extend(ops.iter().filter_map(|op| match op {
        Op::RenameTable { from, .. } => Some(from.clone()),
        _ => None,
    }));
    let mut near = changed.clone();
    for table in schemas.iter().flat_map(|schema| schema.tables.values()) {
        for key in &table.foreign_keys {
            if changed.contains(&table.name) {
                near.insert(key.table.clone());
            }
            if changed.contains(&key.table) {
                near.insert(table.name.clone());
            }
        }
    }
    near
}

/// Without the tables that stay whatever happens, unless a key points at them, or a trigger or view of SQLite, which
/// checks those when a table changes, may read them.
fn managed(dialect: Dialect, schema: &Schema, unmanaged: &[String]) -> Schema {
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

/// What makes `should` of `is`, where everything is ours.
fn to_do(is: &Schema, should: &Schema) -> Result<Vec<Op>, Error> {
    let everything = Hints {
        managed_tables: is.table_names(),
        dropped_tables: is.table_names(),
        exact: true,
        ..Hints::default()
    };
    Ok(diff(is, should, &everything)?.ops)
}

/// Fails when `is` differs from `should`, either way.
fn expect(script: &str, goal: &str, is: &Schema, should: &Schema) -> Result<(), Error> {
    let left = to_do(is, should)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Column, ForeignKey, Table};

    /// Tables of which each has keys to the one before it and to the first.
    fn chain(names: &[&str]) -> Schema {
        let tables = names.iter().enumerate().map(|(at, name)| {
            let before = at.checked_sub(1).map(|before| names[before]);
            let referenced: BTreeSet<&str> = before.into_iter().chain([names[0]]).collect();
            let table = Table {
                name: (*name).into(),
                foreign_keys: referenced
                    .into_iter()
                    .map(|other| ForeignKey {
                        table: other.into(),
                        ..ForeignKey::default()
                    })
                    .collect(),
                ..Table::default()
            };
            (table.name.clone(), table)
        });
        Schema {
            tables: tables.collect(),
            ..Schema::default()
        }
    }

    fn shown(schema: &Schema) -> Vec<String> {
        let tables = schema.tables.values();
        tables
            .map(|table| {
                let keys: Vec<&str> = table.foreign_keys.iter().map(|it| &*it.table).collect();
                format!("{} -> {}", table.name, keys.join(" "))
            })
            .collect()
    }

    #[test]
    fn the_proof_is_about_what_changes_and_what_a_key_ties_to_it() {
        let from = chain(&["a", "b", "c", "d", "e"]);
        let added = Op::AddColumn {
            table: "d".into(),
            column: Column::default(),
            backfill: None,
        };
        let renamed = Op::RenameTable {
            from: "e".into(),
            to: "f".into(),
        };
        let mut target = from.clone();
        target.apply(&renamed);
        for (op, before, after) in [
            (
                added,
                ["a -> a", "c -> a", "d -> a c", "e -> a d"].as_slice(),
                ["a -> a", "c -> a", "d -> a c", "e -> a d"].as_slice(),
            ),
            (
                renamed,
                &["a -> a", "d -> a", "e -> a d"],
                &["a -> a", "d -> a", "f -> a d"],
            ),
        ] {
            let compared = Diff {
                target: match op {
                    Op::RenameTable { .. } => target.clone(),
                    _ => from.clone(),
                },
                ops: vec![op],
                ..Diff::default()
            };
            for dialect in [Dialect::Sqlite, Dialect::Postgres, Dialect::Mysql] {
                let (from, to) = concerned(dialect, &from, &compared).expect("two schemas");
                assert_eq!(shown(&from), before);
                assert_eq!(shown(&to), after);
            }
        }
    }
}
