//! `migrate`: the models against the database, as a new revision.

use std::process::ExitCode;

use axum_db::{Bind, Metadata};

use super::args::{self, Rename};
use super::files::{Draft, Place, place, write};
use super::output::{Output, ask, can_ask};
use super::parts::parts;
use super::renames::looks_renamed;
use super::summary;
use crate::diff::{Diff, Hints, diff};
use crate::op::Op;
use crate::revision::{History, Revision, read_folder, read_head};
use crate::runner::{self, prove, replay};
use crate::schema::Schema;
use crate::{Engine, Error, ErrorKind, Migrate};

pub(super) async fn migrate<B: Engine, K: Bind>(
    migrate: &Migrate<B, K>,
    args: &args::Generate,
    out: &mut Output<'_>,
) -> Result<ExitCode, Error> {
    let (folder, history) = migrate.read_to_write(args.folder.dir.as_deref())?;
    read_head(&folder)?;
    let place = place(&history, &args.graft)?;
    let mut conn = runner::connect(migrate.database()).await?;
    let statements = migrate.models()?;
    B::look_at(&mut conn, &named(&statements, &history)).await?;
    let models = B::scratch_schema(&mut conn, &statements).await?;
    let start = starting_point::<B>(&mut conn, &history, &models).await?;
    if start.pending > 0 {
        out.line(format!(
            "The database does not have {} yet; comparing with what they lead to.",
            runner::count(start.pending, "revision", "revisions")
        ))?;
    }
    let mut hints = hints(args, &start, &migrate.tables());
    let compared = compare(&start.schema, &models, &mut hints, can_ask(args.no_input)).await?;
    let renamed = looks_renamed(&compared, &start.schema, &models);
    let notes = summary::notes(&compared, &renamed);
    if compared.ops.is_empty() {
        out.line("Nothing changed: the models and the database agree. No file was written.")?;
        for note in notes {
            out.line(note)?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let ops = &compared.ops;
    let parts = parts::<B>(&compared, &start.schema, args.concurrently)?;
    let message = args
        .message
        .clone()
        .unwrap_or_else(|| summary::message(ops));
    out.line(format!("Changes for {message:?}:"))?;
    for line in summary::lines(ops, out) {
        out.line(line)?;
    }
    for note in notes {
        out.line(note)?;
    }
    if args.dry_run {
        for part in &parts {
            if let Some(what) = &part.what {
                out.line(format!("\n-- in a revision of its own: {what}"))?;
            }
            out.line(format!(
                "\n-- up.sql\n{}\n-- down.sql\n{}",
                part.up, part.down
            ))?;
        }
        out.line("Nothing was written (--dry-run).")?;
        return Ok(ExitCode::SUCCESS);
    }
    let ups: String = parts.iter().map(|part| part.up.as_str()).collect();
    let downs: String = parts.iter().rev().map(|part| part.down.as_str()).collect();
    if !args.no_verify {
        prove::<B>(&mut conn, &start.schema, &compared, &ups, &downs).await?;
    }
    let mut history = history;
    let mut place = place;
    let count = parts.len();
    for part in parts {
        let written = write(
            &folder,
            &history,
            Draft {
                message: part.what.as_deref().unwrap_or(&message),
                up: part.up,
                down: part.down,
                run_in_transaction: part.run_in_transaction,
                schema: models.hash(),
                generated: Some(part.loses),
                place,
            },
        )?;
        out.line(format!("Wrote {written}."))?;
        history = History::new(read_folder(&folder)?)?;
        let latest = history.revisions().last();
        place = Place {
            revises: Some(latest.map(|latest| latest.id.clone()).into_iter().collect()),
            ..Place::default()
        };
    }
    out.line(if count == 1 {
        "Read its up.sql, then run `upgrade`."
    } else {
        "Read what they do, then run `upgrade`."
    })?;
    Ok(ExitCode::SUCCESS)
}

/// What models and revisions say, which names the schemas that are looked at.
pub(super) fn named(models: &[String], history: &History) -> Vec<String> {
    let revisions = history.revisions().iter().map(|it| it.up.clone());
    models.iter().cloned().chain(revisions).collect()
}

/// What the models are compared with.
struct Start {
    schema: Schema,
    /// The tables that the revisions of the folder made.
    managed: std::collections::BTreeSet<String>,
    pending: usize,
}

/// The database as it is, or, where it is behind, what the folder's revisions lead to.
async fn starting_point<B: Engine>(
    conn: &mut B::Connection,
    history: &History,
    models: &Schema,
) -> Result<Start, Error> {
    let applied = runner::applied::<B>(conn).await?;
    runner::refuse_unknown(history, &applied)?;
    let pending = runner::pending(history, &applied).len();
    let database = B::introspect(conn).await?;
    let without_model = database
        .tables
        .keys()
        .any(|table| !models.tables.contains_key(table));
    let all: Vec<&Revision> = history.revisions().iter().collect();
    let replayed = if pending > 0 || without_model && !all.is_empty() {
        match replay::<B>(conn, &all).await {
            Ok(schema) => Some(schema),
            // Then nothing is known to be ours, and nothing is dropped.
            Err(_) if pending == 0 => None,
            Err(error) => {
                return Err(Error::new(
                    ErrorKind::DatabaseBehind,
                    format!(
                        "the database does not have {} yet, and running them on a scratch copy failed; run \
                         `upgrade` first, then `migrate`.\n{error}",
                        runner::count(pending, "revision", "revisions")
                    ),
                )
                .with_source(error));
            }
        }
    } else {
        None
    };
    let managed = replayed
        .as_ref()
        .map(|schema| schema.tables.keys().cloned().collect())
        .unwrap_or_default();
    Ok(Start {
        schema: match replayed {
            Some(schema) if pending > 0 => schema,
            _ => database,
        },
        managed,
        pending,
    })
}

fn hints(args: &args::Generate, start: &Start, models: &Metadata) -> Hints {
    let mut hints = Hints {
        managed_tables: start.managed.clone(),
        dropped_tables: args.drop.iter().cloned().collect(),
        ..Hints::default()
    };
    let told = told_renames(models, &start.schema);
    for rename in args.rename.iter().chain(&told) {
        hint_rename(&mut hints, rename);
    }
    for backfill in &args.backfill {
        hints.backfills.insert(
            (backfill.table.clone(), backfill.column.clone()),
            backfill.expression.clone(),
        );
    }
    hints
}

/// The renames that the models tell of (`renamed_from`) and that are still to be done.
fn told_renames(models: &Metadata, start: &Schema) -> Vec<Rename> {
    let mut renames = Vec::new();
    for model in models.tables() {
        let name = model.qualified_name().into_owned();
        let mut current = start.tables.get(&name);
        if let (None, Some(from)) = (current, &model.renamed_from) {
            // It may have moved to its schema, too.
            let beside = model.schema.as_ref().map(|it| format!("{it}.{from}"));
            let before = beside.into_iter().chain([from.to_string()]);
            current = before.into_iter().find_map(|it| start.tables.get(&it));
            renames.extend(current.map(|table| Rename::Table {
                from: table.name.clone(),
                to: name.clone(),
            }));
        }
        let Some(current) = current else { continue };
        for column in &model.columns {
            if let Some(from) = &column.renamed_from
                && current.column(from).is_some()
                && current.column(&column.name).is_none()
            {
                renames.push(Rename::Column {
                    table: name.clone(),
                    from: from.to_string(),
                    to: column.name.to_string(),
                });
            }
        }
    }
    renames
}

/// Adds a rename, once.
fn hint_rename(hints: &mut Hints, rename: &Rename) {
    match rename.clone() {
        Rename::Table { from, to } => push_once(&mut hints.renamed_tables, (from, to)),
        Rename::Column { table, from, to } => {
            push_once(&mut hints.renamed_columns, (table, from, to));
        }
    }
}

fn push_once<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if !list.contains(&item) {
        list.push(item);
    }
}

fn is_yes(answer: &str) -> bool {
    matches!(answer, "y" | "Y" | "yes")
}

/// Compares, and asks for what only a person knows where there is one.
async fn compare(
    from: &Schema,
    models: &Schema,
    hints: &mut Hints,
    can_ask: bool,
) -> Result<Diff, Error> {
    let mut compared = diff(from, models, hints)?;
    let renamed = looks_renamed(&compared, from, models);
    if can_ask && !renamed.is_empty() {
        for rename in &renamed {
            let question = format!(
                "Was {} only renamed to {}? [y/N]",
                rename.old(),
                rename.new_name()
            );
            if is_yes(&ask(question).await?) {
                hint_rename(hints, rename);
            }
        }
        compared = diff(from, models, hints)?;
    }
    if can_ask && !compared.orphaned.is_empty() {
        for table in &compared.orphaned {
            let question = format!(
                "The table {table} has no model any more. Drop it with all its rows? [y/N]"
            );
            if is_yes(&ask(question).await?) {
                hints.dropped_tables.insert(table.clone());
            }
        }
        compared = diff(from, models, hints)?;
    }
    let missing: Vec<(String, String)> = compared
        .ops
        .iter()
        .filter_map(Op::missing_backfill)
        .map(|(table, column)| (table.to_owned(), column.to_owned()))
        .collect();
    if missing.is_empty() {
        return Ok(compared);
    }
    if !can_ask {
        let options: Vec<String> = missing
            .iter()
            .map(|(table, column)| format!("--backfill {table}.{column}=SQL"))
            .collect();
        let notes: Vec<String> = renamed
            .iter()
            .map(|rename| format!("\n{}", rename.note()))
            .collect();
        return Err(Error::new(
            ErrorKind::NeedsInput,
            format!(
                "rows that are there need a value for what is required now. Say which, as an SQL expression: {}; \
                 or give the model's field a default, or make it an Option.{}",
                options.join(" "),
                notes.concat()
            ),
        ));
    }
    for (table, column) in missing {
        let question = format!(
            "{table}.{column} is required, and rows that are there need a value. As SQL (0, 'text', …):"
        );
        let expression = ask(question).await?;
        if expression.is_empty() {
            return Err(Error::new(
                ErrorKind::NeedsInput,
                format!("no value was given for {table}.{column}; nothing was written"),
            ));
        }
        hints.backfills.insert((table, column), expression);
    }
    diff(from, models, hints)
}
