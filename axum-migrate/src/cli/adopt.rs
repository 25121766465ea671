//! `adopt`: a database that was never under migrations gets its first revision from what it is.

use std::collections::BTreeSet;
use std::process::ExitCode;

use axum_db::{Bind, Dialect};
use serde_json::{Value, json};

use super::args;
use super::files::{Draft, Place, write};
use super::output::Output;
use super::parts::files;
use super::summary;
use crate::diff::{Diff, Hints, diff};
use crate::dump::{Definitions, Dump};
use crate::revision::{History, create_folder, holds_revisions, read_folder};
use crate::runner::{self, Applied, Target, count, prove_baseline};
use crate::{Engine, Error, ErrorKind, Migrate};

/// The tables in which other tools keep what they ran.
const OTHERS: [(&str, &str); 23] = [
    ("_prisma_migrations", "Prisma"),
    ("_sqlx_migrations", "sqlx"),
    ("__efmigrationshistory", "Entity Framework"),
    ("alembic_version", "Alembic"),
    ("ar_internal_metadata", "Rails"),
    ("databasechangelog", "Liquibase"),
    ("databasechangeloglock", "Liquibase"),
    ("django_migrations", "Django"),
    ("doctrine_migration_versions", "Doctrine"),
    ("flyway_schema_history", "Flyway"),
    ("goose_db_version", "goose"),
    ("gorp_migrations", "sql-migrate"),
    ("knex_migrations", "Knex"),
    ("knex_migrations_lock", "Knex"),
    ("phinxlog", "Phinx"),
    ("pgmigrations", "node-pg-migrate"),
    ("refinery_schema_history", "refinery"),
    ("schema_migrations", "Rails, golang-migrate or dbmate"),
    ("seaql_migrations", "SeaORM"),
    ("sequelizemeta", "Sequelize"),
    ("south_migrationhistory", "South"),
    ("yoyo_lock", "yoyo"),
    ("_yoyo_migration", "yoyo"),
];

/// The other tool that a table belongs to.
pub(super) fn other_tool(table: &str) -> Option<&'static str> {
    // It may be in another schema of PostgreSQL.
    let table = table.rsplit('.').next().unwrap_or(table);
    OTHERS
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(table))
        .map(|(_, tool)| *tool)
}

pub(super) async fn adopt<B: Engine, K: Bind>(
    migrate: &Migrate<B, K>,
    args: &args::Adopt,
    out: &mut Output<'_>,
) -> Result<ExitCode, Error> {
    let folder = migrate.folder(args.folder.dir.as_deref());
    let history = History::new(if folder.is_dir() {
        read_folder(&folder)?
    } else {
        Vec::new()
    })?;
    let mut conn = runner::connect(migrate.database()).await?;
    let applied = runner::applied::<B>(&mut conn).await?;
    if applied.len() > 0 {
        return already(
            &folder.display().to_string(),
            &history,
            &applied,
            args.json,
            out,
        );
    }
    if holds_revisions(&folder) {
        return Err(Error::new(
            ErrorKind::Usage,
            format!(
                "{} has {} already, and this database is recorded at none of them. If its schema is what one of \
                 them makes, say which: `stamp head`. To begin a history of its own, name another folder with --dir",
                folder.display(),
                count(history.revisions().len(), "revision", "revisions")
            ),
        ));
    }
    let schemas = schemas::<B>(&mut conn, args).await?;
    B::look_at(&mut conn, &schemas).await?;
    let mut live = B::introspect(&mut conn).await?;
    let others: BTreeSet<String> = live
        .tables
        .keys()
        .filter(|table| other_tool(table).is_some())
        .cloned()
        .collect();
    live.tables.retain(|table, _| !others.contains(table));
    let definitions = B::definitions(&mut conn, &live, &others).await?;
    definitions.leave_out(&mut live);
    if definitions.create.is_empty() {
        return Err(Error::new(
            ErrorKind::Usage,
            "the database is empty, so there is nothing to adopt; begin with `init`, `migrate` and `upgrade`",
        ));
    }
    let (up, down) = definitions.scripts();
    let is_one = B::DIALECT != Dialect::Mysql;
    let ([up, down], run_in_transaction) = files(B::DIALECT, [(up, is_one), (down, is_one)]);
    let mut told = told(&definitions, &others);
    if !args.json {
        say(&definitions, &others, out)?;
    }
    // A type that is called as one of the server's names its schema.
    let types = definitions.create.iter().filter(|it| it.makes_type());
    let named: Vec<String> = types
        .map(|it| it.sql.clone())
        .chain(schemas.clone())
        .collect();
    B::look_at(&mut conn, &named).await?;
    prove_baseline::<B>(&mut conn, &live, &up, &down).await?;
    if args.dry_run && args.json {
        told["up"] = up.into();
        told["down"] = down.into();
        out.json(&told)?;
        return Ok(ExitCode::SUCCESS);
    }
    if args.dry_run {
        out.line(format!("\n-- up.sql\n{up}\n-- down.sql\n{down}"))?;
        out.line("Nothing was written or recorded (--dry-run).")?;
        return Ok(ExitCode::SUCCESS);
    }
    create_folder(&folder)?;
    let written = write(
        &folder,
        &history,
        Draft {
            message: &args.message,
            up,
            down,
            run_in_transaction,
            schema: live.hash(),
            generated: Some(
                live.tables
                    .keys()
                    .map(|table| format!("- table {table}"))
                    .collect(),
            ),
            place: Place::default(),
        },
    )?;
    if !args.json {
        out.line(format!("Wrote {written}."))?;
    }
    let history = History::new(read_folder(&folder)?)?;
    let (database, options) = (migrate.database(), args.wait.over(migrate.options()));
    runner::stamp(database, &history, &[Target::Heads], false, &options)
        .await
        .map_err(|error| {
            Error::new(
                error.kind(),
                format!("the revision is written and not recorded; run `stamp head`. {error}"),
            )
            .with_source(error)
        })?;
    let drift = drift(migrate, &mut conn, &schemas).await?;
    if args.json {
        told["written"] = written.into();
        told["recorded"] = true.into();
        told["models"] = match &drift {
            None => Value::Null,
            Some(drift) => json!({
                "changes": drift.ops.iter().map(ToString::to_string).collect::<Vec<_>>(),
                "unmanaged": drift.unmanaged,
            }),
        };
        out.json(&told)?;
        return Ok(ExitCode::SUCCESS);
    }
    out.line("Recorded it as applied; no SQL of its was run, and no row was touched.")?;
    say_drift(drift.as_ref(), out)?;
    Ok(ExitCode::SUCCESS)
}

/// What was found, for JSON.
fn told(definitions: &Definitions, others: &BTreeSet<String>) -> Value {
    let found: serde_json::Map<String, Value> = definitions
        .counts()
        .into_iter()
        .map(|(kind, number)| (kind.to_owned(), number.into()))
        .collect();
    let left_out: Vec<Value> = others
        .iter()
        .map(|table| json!({"table": table, "tool": other_tool(table)}))
        .collect();
    json!({
        "found": found,
        "left_out": left_out,
        "notes": definitions.notes,
        "written": null,
        "recorded": false,
    })
}

/// The schemas that the revision is about beside the current one, as statements that make them.
async fn schemas<B: Engine>(
    conn: &mut B::Connection,
    args: &args::Adopt,
) -> Result<Vec<String>, Error> {
    let usage = |message: String| Err(Error::new(ErrorKind::Usage, message));
    if !args.all_schemas && args.schemas.is_empty() {
        return Ok(Vec::new());
    }
    if B::DIALECT != Dialect::Postgres {
        return usage(
            "--schema and --all-schemas are for PostgreSQL, whose databases have schemas; leave them out here, and \
             adopt each database by itself"
                .to_owned(),
        );
    }
    let there = <B as Dump>::schemas(conn).await?;
    let wanted = if args.all_schemas {
        there.iter().map(|(name, _)| name).collect()
    } else {
        args.schemas.iter().collect::<BTreeSet<_>>()
    };
    let mut statements = Vec::new();
    for name in wanted {
        match there.iter().find(|(own, _)| own == name) {
            Some((_, true)) => continue,
            Some(_) if name.contains('.') => {
                return usage(format!(
                    "the schema {name:?} has a point in its name, which divides schema and table here; rename it first"
                ));
            }
            Some(_) => statements.push(format!("CREATE SCHEMA {}", B::DIALECT.quote(name))),
            None => {
                let names: Vec<&str> = there.iter().map(|(name, _)| name.as_str()).collect();
                return usage(format!(
                    "the database has no schema {name:?} with anything of yours in it; there are: {}",
                    names.join(", ")
                ));
            }
        }
    }
    Ok(statements)
}

/// The database has versions on record.
fn already(
    folder: &str,
    history: &History,
    applied: &Applied,
    as_json: bool,
    out: &mut Output<'_>,
) -> Result<ExitCode, Error> {
    let known = |version: &str| history.revisions().iter().any(|it| it.version == version);
    if applied.versions().all(known) {
        let tips = history.tips(|revision| applied.has(&revision.version));
        let names: Vec<&str> = tips.iter().map(|tip| tip.id.as_str()).collect();
        if as_json {
            out.json(&json!({"written": null, "recorded": false, "at": names}))?;
            return Ok(ExitCode::SUCCESS);
        }
        out.line(format!(
            "Nothing to do: the database is under the migrations of {folder} already, at {}.",
            names.join(", ")
        ))?;
        return Ok(ExitCode::SUCCESS);
    }
    Err(Error::new(
        ErrorKind::DatabaseNewer,
        format!(
            "the database is under migrations in Diesel's format already, of which {} not in {folder}. Name the \
             folder that has them with --dir: diesel_cli's is read as it is, and there is nothing to adopt. If that \
             folder is lost, `stamp base --purge` forgets the records, and `adopt` begins anew",
            match applied.versions().filter(|version| !known(version)).count() {
                1 => "one is".to_owned(),
                unknown => format!("{unknown} are"),
            }
        ),
    ))
}

fn say(
    definitions: &Definitions,
    others: &BTreeSet<String>,
    out: &mut Output<'_>,
) -> Result<(), Error> {
    let counts: Vec<String> = definitions
        .counts()
        .into_iter()
        .map(|(kind, number)| count(number, kind, &plural(kind)))
        .collect();
    out.line(format!("Found {}.", counts.join(", ")))?;
    for table in others {
        let tool = other_tool(table).unwrap_or_default();
        out.line(format!(
            "Left out: {table}, in which {tool} keeps its versions. Run no more of its migrations from now on."
        ))?;
    }
    for note in &definitions.notes {
        out.line(format!("Not in the revision: {note}"))?;
    }
    Ok(())
}

fn plural(kind: &str) -> String {
    match kind.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None if kind.ends_with('x') || kind.ends_with("ss") => format!("{kind}es"),
        None if kind.ends_with('s') => kind.to_owned(),
        None => format!("{kind}s"),
    }
}

/// What is left between the database and the models; none where there are none.
async fn drift<B: Engine, K: Bind>(
    migrate: &Migrate<B, K>,
    conn: &mut B::Connection,
    schemas: &[String],
) -> Result<Option<Diff>, Error> {
    let statements = migrate.models()?;
    if statements.is_empty() {
        return Ok(None);
    }
    let models = B::scratch_schema(conn, &statements).await?;
    // The models may be in other schemas than the revision is about.
    let both: Vec<String> = statements.iter().chain(schemas).cloned().collect();
    B::look_at(conn, &both).await?;
    let mut live = B::introspect(conn).await?;
    live.tables.retain(|table, _| other_tool(table).is_none());
    diff(&live, &models, &Hints::default()).map(Some)
}

fn say_drift(drift: Option<&Diff>, out: &mut Output<'_>) -> Result<(), Error> {
    let Some(compared) = drift else {
        return out.line("Next: `models` writes the models of these tables.");
    };
    if compared.ops.is_empty() {
        out.line("The models and the database agree.")?;
    } else {
        out.line("The models differ from the database; `migrate` writes these changes:")?;
        for line in summary::lines(&compared.ops, out) {
            out.line(line)?;
        }
    }
    if !compared.unmanaged.is_empty() {
        out.line(format!(
            "{} no model, and will be left alone; `models` writes them: {}",
            count(compared.unmanaged.len(), "table has", "tables have"),
            compared.unmanaged.join(", ")
        ))?;
    }
    Ok(())
}
