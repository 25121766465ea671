//! One change after the other: start, generate, up, compare, down, compare, up.

use std::collections::BTreeMap;

use axum_db::{Database, Dialect};
use axum_migrate::schema::Schema;
use axum_migrate::{Diff, Engine, Hints, Op, Script, diff, inverse, render};
use diesel::QueryableByName;
use testkit::TestDatabase;
use tokio::task::JoinSet;

/// A change, as replacements in the statements of the start.
pub struct Case {
    pub name: &'static str,
    pub replace: Vec<(&'static str, &'static str)>,
    pub hints: Hints,
    /// Columns whose text may change although their value does not.
    pub reformatted: Vec<&'static str>,
}

impl Case {
    pub fn new<const N: usize>(
        name: &'static str,
        replace: [(&'static str, &'static str); N],
    ) -> Self {
        let hints = Hints {
            exact: true,
            ..Hints::default()
        };
        Self {
            name,
            replace: replace.to_vec(),
            hints,
            reformatted: Vec::new(),
        }
    }

    pub fn backfill(mut self, table: &str, column: &str, expression: &str) -> Self {
        self.hints
            .backfills
            .insert((table.into(), column.into()), expression.into());
        self
    }

    pub fn rename_table(mut self, from: &str, to: &str) -> Self {
        self.hints.renamed_tables.push((from.into(), to.into()));
        self
    }

    pub fn rename_column(mut self, table: &str, from: &str, to: &str) -> Self {
        self.hints
            .renamed_columns
            .push((table.into(), from.into(), to.into()));
        self
    }

    pub fn drop_table(mut self, table: &str) -> Self {
        self.hints.dropped_tables.insert(table.into());
        self
    }

    pub fn reformats(mut self, columns: Vec<&'static str>) -> Self {
        self.reformatted = columns;
        self
    }
}

/// What the harness needs of an engine.
pub trait Server: Engine {
    fn database() -> TestDatabase;
    /// The statements as this engine says them.
    fn translate(sql: &str) -> String;
    fn texts(
        conn: &mut Self::Connection,
        sql: &str,
    ) -> impl Future<Output = Result<Vec<String>, diesel::result::Error>> + Send;
}

#[derive(QueryableByName)]
pub struct Text {
    #[diesel(sql_type = diesel::sql_types::Text)]
    pub value: String,
}

/// Runs every case on a database of its own, several at a time; fails with all that went wrong.
pub async fn run_all<E: Server>(start: &'static str, rows: &'static str, cases: Vec<Case>) {
    const AT_A_TIME: usize = 6;
    let only = std::env::var("AXUM_MIGRATE_CASE").unwrap_or_default();
    let count = cases.len();
    let mut waiting = cases
        .into_iter()
        .filter(|case| case.name.contains(only.as_str()));
    let mut running = JoinSet::new();
    let mut failures = Vec::new();
    loop {
        while running.len() < AT_A_TIME
            && let Some(case) = waiting.next()
        {
            running.spawn(async move {
                let outcome = run_one::<E>(start, rows, &case).await;
                outcome.map_err(|failure| format!("## {}\n{failure}", case.name))
            });
        }
        match running.join_next().await {
            Some(outcome) => failures.extend(outcome.expect("no case panics").err()),
            None => break,
        }
    }
    assert!(
        failures.is_empty(),
        "{} of {count} failed\n{}",
        failures.len(),
        failures.join("\n\n")
    );
}

async fn run_one<E: Server>(start: &str, rows: &str, case: &Case) -> Result<(), String> {
    let start = E::translate(start);
    let mut wanted = start.clone();
    for (find, replace) in &case.replace {
        let (find, replace) = (E::translate(find), E::translate(replace));
        if !wanted.contains(&find) {
            return Err(format!("the start does not contain {find:?}"));
        }
        wanted = wanted.replacen(&find, &replace, 1);
    }
    let database = E::database();
    let mut conn = connect::<E>(&database).await?;
    let conn = &mut conn;
    let rows = format!(
        "START TRANSACTION;\n{};\nCOMMIT",
        E::translate(rows).trim_end_matches(";\n")
    );
    let rows = if E::DIALECT == Dialect::Sqlite {
        rows.replacen("START", "BEGIN", 1)
    } else {
        rows
    };
    for statement in statements(&start).iter().chain(&statements(&rows)) {
        E::execute(conn, statement)
            .await
            .map_err(|error| format!("{statement}\n{error:?}"))?;
    }
    round_trip::<E>(conn, &statements(&wanted), case).await
}

pub async fn connect<E: Engine>(database: &TestDatabase) -> Result<E::Connection, String> {
    let database: Database<E> = Database::connect(database.url())
        .await
        .map_err(|error| format!("{error:?}"))?;
    database
        .connect_dedicated()
        .await
        .map_err(|error| format!("{error:?}"))
}

/// Statements that are separated by lines that end with a semicolon.
pub fn statements(sql: &str) -> Vec<String> {
    sql.split(";\n")
        .map(str::trim)
        .filter(|it| !it.is_empty())
        .map(str::to_owned)
        .collect()
}

async fn round_trip<E: Server>(
    conn: &mut E::Connection,
    wanted: &[String],
    case: &Case,
) -> Result<(), String> {
    let from = introspect::<E>(conn).await?;
    let desired = E::scratch_schema(conn, wanted)
        .await
        .map_err(|error| format!("desired: {error:?}"))?;
    let diff = diff(&from, &desired, &case.hints).map_err(|error| error.to_string())?;
    let exact = Hints {
        exact: true,
        dropped_tables: desired.table_names(),
        ..Hints::default()
    };
    let way_back =
        axum_migrate::diff(&desired, &from, &exact).map_err(|error| error.to_string())?;
    if diff.ops.is_empty() || way_back.ops.is_empty() {
        return Err("the change was not seen".into());
    }
    let up = render(E::DIALECT, &diff.ops, &from).map_err(|error| format!("up: {error}"))?;
    let down = render(E::DIALECT, &inverse(&diff.ops), &diff.target)
        .map_err(|error| format!("down: {error}"))?;
    let told = format!(
        "{}\n-- up\n{}-- down\n{}",
        summary(&diff),
        up.to_sql(),
        down.to_sql()
    );
    let kept = surviving(&from, &diff, case);
    let rows = dump::<E>(conn, &kept, Side::Old).await?;
    check::<E>(conn, &from, &diff, &up, &down, &kept, &rows)
        .await
        .map_err(|failure| format!("{failure}\n{told}"))?;

    let now = introspect::<E>(conn).await?;
    let again = Hints {
        exact: case.hints.exact,
        ..Hints::default()
    };
    let second = axum_migrate::diff(&now, &desired, &again).map_err(|error| error.to_string())?;
    if second.ops.is_empty() {
        Ok(())
    } else {
        Err(format!("a second run finds\n{}\n{told}", summary(&second)))
    }
}

async fn check<E: Server>(
    conn: &mut E::Connection,
    from: &Schema,
    diff: &Diff,
    up: &Script,
    down: &Script,
    kept: &[Kept],
    rows: &[Vec<String>],
) -> Result<(), String> {
    run::<E>(conn, up)
        .await
        .map_err(|error| format!("up: {error}"))?;
    expect_same("after up", &introspect::<E>(conn).await?, &diff.target)?;
    expect_rows("after up", rows, &dump::<E>(conn, kept, Side::New).await?)?;
    run::<E>(conn, down)
        .await
        .map_err(|error| format!("down: {error}"))?;
    expect_same("after down", &introspect::<E>(conn).await?, from)?;
    expect_rows("after down", rows, &dump::<E>(conn, kept, Side::Old).await?)?;
    run::<E>(conn, up)
        .await
        .map_err(|error| format!("up again: {error}"))?;
    expect_same(
        "after up again",
        &introspect::<E>(conn).await?,
        &diff.target,
    )?;
    expect_rows(
        "after up again",
        rows,
        &dump::<E>(conn, kept, Side::New).await?,
    )
}

async fn introspect<E: Engine>(conn: &mut E::Connection) -> Result<Schema, String> {
    E::introspect(conn)
        .await
        .map_err(|error| format!("{error:?}"))
}

pub async fn run<E: Engine>(conn: &mut E::Connection, script: &Script) -> Result<(), String> {
    let begin = if E::DIALECT == Dialect::Sqlite {
        "BEGIN IMMEDIATE"
    } else {
        "START TRANSACTION"
    };
    if script.run_in_transaction {
        E::execute(conn, begin)
            .await
            .map_err(|error| error.to_string())?;
    }
    for statement in &script.statements {
        if let Err(error) = E::execute(conn, statement).await {
            let _ = E::execute(conn, "ROLLBACK").await;
            return Err(error.to_string());
        }
    }
    if script.run_in_transaction {
        E::execute(conn, "COMMIT")
            .await
            .map_err(|error| error.to_string())?;
    }
    Ok(())
}

pub fn expect_same(when: &str, is: &Schema, should: &Schema) -> Result<(), String> {
    let exact = Hints {
        exact: true,
        dropped_tables: is.tables.keys().cloned().collect(),
        ..Hints::default()
    };
    let left = diff(is, should, &exact).map_err(|error| error.to_string())?;
    if !left.ops.is_empty() {
        return Err(format!(
            "{when} there is still\n{}\nis {is:#?}",
            summary(&left)
        ));
    }
    if !is.is_same_as(should) || is.hash() != should.hash() {
        return Err(format!(
            "{when} the schemas differ\nis {is:#?}\nshould {should:#?}"
        ));
    }
    // A rename rewrites the text of triggers and views that name the renamed thing.
    let named = |schema: &Schema| -> Vec<_> {
        let objects = schema.unmanaged.iter();
        objects
            .map(|it| (it.kind.clone(), it.name.clone(), it.table.clone()))
            .collect()
    };
    if named(is) != named(should) {
        return Err(format!(
            "{when} {:#?} became {:#?}",
            should.unmanaged, is.unmanaged
        ));
    }
    Ok(())
}

fn expect_rows(when: &str, before: &[Vec<String>], after: &[Vec<String>]) -> Result<(), String> {
    if before == after {
        Ok(())
    } else {
        Err(format!("{when} the rows changed\n{before:?}\n{after:?}"))
    }
}

pub fn summary(diff: &Diff) -> String {
    diff.ops.iter().map(|op| format!("{op}\n")).collect()
}

/// A table and column that a change keeps, by the old and the new names.
struct Kept {
    old: (String, String),
    new: (String, String),
}

#[derive(Clone, Copy)]
enum Side {
    Old,
    New,
}

fn surviving(from: &Schema, diff: &Diff, case: &Case) -> Vec<Kept> {
    let mut tables: BTreeMap<&str, &str> = from
        .tables
        .keys()
        .map(|name| (name.as_str(), name.as_str()))
        .collect();
    let mut columns: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    for op in &diff.ops {
        match op {
            Op::RenameTable { from, to } => {
                tables.insert(from, to);
            }
            Op::RenameColumn { table, from, to } => {
                columns.insert((table, from), to);
            }
            _ => {}
        }
    }
    let mut kept = Vec::new();
    for table in from.tables.values() {
        let new_table = tables.get(table.name.as_str()).copied().unwrap_or_default();
        for column in &table.columns {
            let new_column = columns
                .get(&(new_table, column.name.as_str()))
                .copied()
                .unwrap_or(&column.name);
            let stays = diff
                .target
                .tables
                .get(new_table)
                .is_some_and(|it| it.column(new_column).is_some());
            if stays && !case.reformatted.contains(&column.name.as_str()) {
                kept.push(Kept {
                    old: (table.name.clone(), column.name.clone()),
                    new: (new_table.to_owned(), new_column.to_owned()),
                });
            }
        }
    }
    kept
}

async fn dump<E: Server>(
    conn: &mut E::Connection,
    kept: &[Kept],
    side: Side,
) -> Result<Vec<Vec<String>>, String> {
    let mut rows = Vec::new();
    for column in kept {
        let (table, column) = match side {
            Side::Old => &column.old,
            Side::New => &column.new,
        };
        let quoted = E::DIALECT.quote(column);
        let text = match E::DIALECT {
            Dialect::Sqlite => format!(
                "CASE typeof({quoted}) WHEN 'blob' THEN hex({quoted}) ELSE CAST({quoted} AS TEXT) END"
            ),
            Dialect::Mysql => format!("HEX(CAST({quoted} AS BINARY))"),
            Dialect::Postgres => format!("CAST({quoted} AS TEXT)"),
        };
        let sql = format!(
            "SELECT coalesce({text}, 'NULL') AS value FROM {} ORDER BY 1",
            E::DIALECT.quote(table)
        );
        rows.push(
            E::texts(conn, &sql)
                .await
                .map_err(|error| format!("{sql}: {error}"))?,
        );
    }
    Ok(rows)
}
