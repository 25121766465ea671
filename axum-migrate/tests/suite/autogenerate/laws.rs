//! What holds for any schema: no false alarm, one look for any number of tables, and random pairs.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum_db::Dialect;
use axum_migrate::schema::Deferrable;
use axum_migrate::{Hints, diff, inverse, render};
use diesel::connection::InstrumentationEvent;
use diesel_async::AsyncConnection;

use super::harness::{Server, connect, expect_same, run, statements, summary};
use super::pairs::{Random, Shape, qualified, target};

/// Making `start` on the server and reading it back finds it as it is there.
pub async fn no_false_alarm<E: Server>(start: &str) {
    let database = E::database();
    let mut conn = connect::<E>(&database).await.expect("a connection");
    let start = statements(&E::translate(start));
    for statement in &start {
        E::execute(&mut conn, statement).await.expect("the start");
    }
    let is = E::introspect(&mut conn).await.expect("the schema");
    let desired = E::scratch_schema(&mut conn, &start)
        .await
        .expect("the scratch schema");
    let found = diff(
        &is,
        &desired,
        &Hints {
            exact: true,
            ..Hints::default()
        },
    )
    .expect("no hints to refuse");
    assert!(found.ops.is_empty(), "{}", summary(&found));
    assert_eq!(is.hash(), desired.hash());

    // What it writes as CREATE statements is the same schema again.
    let written = is.create_statements(E::DIALECT).expect("statements");
    let again = E::scratch_schema(&mut conn, &written)
        .await
        .expect("the schema from its own statements");
    expect_same(
        "written and read again",
        &again,
        &is_without_unwritten::<E>(is),
    )
    .expect("the same");
}

/// Views and triggers are not written for MySQL.
fn is_without_unwritten<E: Server>(mut schema: axum_migrate::Schema) -> axum_migrate::Schema {
    if E::DIALECT == Dialect::Mysql {
        schema.unmanaged.clear();
    }
    schema
}

/// However many tables there are, the same number of queries.
pub async fn constant_queries<E: Server>() {
    let mut counts = Vec::new();
    for tables in [1, 100] {
        let database = E::database();
        let mut conn = connect::<E>(&database).await.expect("a connection");
        let sql: Vec<String> = (0..tables)
            .map(|number| {
                E::translate(&format!(
                    "CREATE TABLE t{number} (id {{ID}}, a VARCHAR(20) UNIQUE, b INTEGER)"
                ))
            })
            .collect();
        E::execute(&mut conn, &sql.join(";\n"))
            .await
            .expect("tables");
        let count = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&count);
        conn.set_instrumentation(move |event: InstrumentationEvent<'_>| {
            if matches!(event, InstrumentationEvent::StartQuery { .. }) {
                counter.fetch_add(1, Ordering::Relaxed);
            }
        });
        let schema = E::introspect(&mut conn).await.expect("the schema");
        assert_eq!(schema.tables.len(), tables);
        counts.push(count.load(Ordering::Relaxed));
    }
    assert_eq!(counts[0], counts[1]);
    assert!((1..=6).contains(&counts[0]), "{counts:?}");
}

/// From any schema to any other and back, and there again; a thousand times at least in a long run.
pub async fn random_pairs<E: Server>(ordinary: usize) {
    let times: Option<usize> = std::env::var("AXUM_MIGRATE_PAIRS_TIMES")
        .ok()
        .and_then(|times| times.parse().ok());
    let count = times.map_or(ordinary, |times| (ordinary * times).max(1000));
    let first: u64 = std::env::var("AXUM_MIGRATE_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or(1);
    let database = E::database();
    let mut conn = connect::<E>(&database).await.expect("a connection");
    let mut failures = Vec::new();
    for seed in first..first + count as u64 {
        let mut random = Random::new(seed);
        let from = Shape::random(E::DIALECT, &mut random);
        let to = if random.below(3) == 0 {
            Shape::random(E::DIALECT, &mut random)
        } else {
            from.mutated(&mut random)
        };
        if let Err(failure) = pair::<E>(&mut conn, &from, &to).await {
            failures.push(format!(
                "AXUM_MIGRATE_SEED={seed}: {failure}\nfrom {}\nto {}",
                from.sql().join(";\n"),
                to.sql().join(";\n")
            ));
        }
        if failures.len() == 5 {
            break;
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

async fn pair<E: Server>(conn: &mut E::Connection, from: &Shape, to: &Shape) -> Result<(), String> {
    let text = |error: axum_migrate::Error| error.to_string();
    // All that either has is looked at in both places.
    E::look_at(conn, &["CREATE SCHEMA zoo".to_owned()])
        .await
        .map_err(text)?;
    let desired = E::scratch_schema(conn, &to.sql()).await.map_err(text)?;
    let start = from.sql();
    E::scratch(conn, move |conn| {
        Box::pin(async move { Ok(there_and_back::<E>(conn, &start, &desired).await) })
    })
    .await
    .map_err(text)?
}

async fn there_and_back<E: Server>(
    conn: &mut E::Connection,
    start: &[String],
    desired: &axum_migrate::Schema,
) -> Result<(), String> {
    let text = |error: axum_migrate::Error| error.to_string();
    for statement in start {
        E::execute(conn, statement).await.map_err(text)?;
    }
    let from = E::introspect(conn).await.map_err(text)?;
    fill::<E>(conn, &from, desired).await?;
    let mut hints = Hints {
        exact: true,
        dropped_tables: from.table_names(),
        ..Hints::default()
    };
    for (name, table) in &desired.tables {
        // What points elsewhere may be empty.
        let columns = table
            .columns
            .iter()
            .filter(|column| !column.nullable && column.auto.is_none());
        for column in columns {
            hints
                .backfills
                .insert((name.clone(), column.name.clone()), "'1'".into());
        }
    }
    let found = diff(&from, desired, &hints).map_err(text)?;
    expect_same("in theory", &found.target, desired)?;
    let up = render(E::DIALECT, &found.ops, &from).map_err(text)?;
    let down = render(E::DIALECT, &inverse(&found.ops), &found.target).map_err(text)?;
    let told = |failure: String| {
        format!(
            "{failure}\n{}-- up\n{}-- down\n{}",
            summary(&found),
            up.to_sql(),
            down.to_sql()
        )
    };
    let (up, down) = (bare(&up), bare(&down));
    for (when, script, start, goal) in [
        ("up", &up, &from, desired),
        ("down", &down, desired, &from),
        ("up again", &up, &from, desired),
    ] {
        if when != "up" {
            fill_sources::<E>(conn, start, goal).await.map_err(&told)?;
        }
        run::<E>(conn, script)
            .await
            .map_err(|error| told(format!("{when}: {error}")))?;
        let is = E::introspect(conn).await.map_err(text)?;
        expect_same(when, &is, goal).map_err(&told)?;
        expect_rows::<E>(conn, &from, desired)
            .await
            .map_err(|error| told(format!("{when}: {error}")))?;
    }
    Ok(())
}

/// The columns that are there before and after with a value of their own, by table; a table comes with its key.
fn surviving<'s>(
    from: &'s axum_migrate::Schema,
    to: &'s axum_migrate::Schema,
) -> impl Iterator<Item = (&'s str, Vec<&'s str>)> {
    let tables = from.tables.values();
    tables.filter_map(|table| {
        let other = to.tables.get(&table.name)?;
        let plain = |column: &axum_migrate::schema::Column| column.generated.is_none();
        let columns = table.columns.iter().filter(|column| plain(column));
        let columns = columns.map(|column| column.name.as_str());
        let columns = columns.filter(|name| other.column(name).is_some_and(plain));
        Some((table.name.as_str(), columns.collect()))
    })
}

/// A row of ones in every table, which all types take. A column that may become a foreign key has one where the
/// row it points at survives too.
async fn fill<E: Server>(
    conn: &mut E::Connection,
    from: &axum_migrate::Schema,
    to: &axum_migrate::Schema,
) -> Result<(), String> {
    let text = |error: axum_migrate::Error| error.to_string();
    let quote = |name: &str| E::DIALECT.quote(name);
    for table in from.tables.values() {
        let filled = |column: &&axum_migrate::schema::Column| {
            column.generated.is_none() && target(&column.name).is_none()
        };
        let columns = table.columns.iter().filter(filled);
        let columns: Vec<&str> = columns.map(|column| column.name.as_str()).collect();
        let names: Vec<String> = columns.iter().map(|name| quote(name)).collect();
        let sql = format!(
            "INSERT INTO {} ({}) {}VALUES ({})",
            qualified(E::DIALECT, &table.name),
            names.join(", "),
            if E::DIALECT == Dialect::Postgres {
                "OVERRIDING SYSTEM VALUE "
            } else {
                ""
            },
            vec!["'1'"; names.len()].join(", ")
        );
        E::execute(conn, &sql).await.map_err(text)?;
    }
    for (table, columns) in surviving(from, to) {
        let pointing = columns.iter().filter(|column| {
            target(column)
                .is_some_and(|of| from.tables.contains_key(&of) && to.tables.contains_key(&of))
        });
        for column in pointing {
            let sql = format!(
                "UPDATE {} SET {} = 1",
                qualified(E::DIALECT, table),
                quote(column)
            );
            E::execute(conn, &sql).await.map_err(text)?;
        }
    }
    end_checks::<E>(conn, from).await
}

/// What a column is computed from is a plain one again, in the tables that stay: a text that came back empty, or was a
/// number with places, gives a text that becomes no whole number.
async fn fill_sources<E: Server>(
    conn: &mut E::Connection,
    is: &axum_migrate::Schema,
    will_be: &axum_migrate::Schema,
) -> Result<(), String> {
    for (table, _) in surviving(is, will_be) {
        let columns = &is.tables[table].columns;
        let computed = || columns.iter().filter_map(|own| own.generated.as_ref());
        let sources = columns.iter().filter(|own| {
            own.generated.is_none()
                && own.auto.is_none()
                && computed().any(|other| other.expression.contains(&own.name))
        });
        for column in sources {
            let sql = format!(
                "UPDATE {} SET {} = '1'",
                qualified(E::DIALECT, table),
                E::DIALECT.quote(&column.name)
            );
            E::execute(conn, &sql)
                .await
                .map_err(|error| format!("{sql}: {error}"))?;
        }
    }
    end_checks::<E>(conn, is).await
}

/// Carries out the checks that are put off.
async fn end_checks<E: Server>(
    conn: &mut E::Connection,
    schema: &axum_migrate::Schema,
) -> Result<(), String> {
    if E::DIALECT == Dialect::Postgres {
        let quote = |name: &str| E::DIALECT.quote(name);
        // Elsewhere the rows are from another transaction, whose checks are done.
        let mut sql = vec!["SET CONSTRAINTS ALL IMMEDIATE".to_owned()];
        for table in schema.tables.values() {
            let keys = table.foreign_keys.iter();
            let keys = keys.map(|key| (&key.name, key.deferrable));
            let uniques = table.uniques.iter();
            let uniques = uniques.map(|unique| (&unique.name, unique.deferrable));
            let deferred = keys.chain(uniques).filter_map(|(name, deferrable)| {
                name.as_ref()
                    .filter(|_| deferrable == Some(Deferrable::Deferred))
            });
            let place = table.name.split_once('.');
            let place = place.map_or(String::new(), |(place, _)| format!("{}.", quote(place)));
            sql.extend(
                deferred.map(|name| format!("SET CONSTRAINTS {place}{} DEFERRED", quote(name))),
            );
        }
        E::execute(conn, &sql.join(";"))
            .await
            .map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// Whatever the change did, the rows of the tables that stay are there, with the ones in the columns that stay.
async fn expect_rows<E: Server>(
    conn: &mut E::Connection,
    from: &axum_migrate::Schema,
    to: &axum_migrate::Schema,
) -> Result<(), String> {
    let text = if E::DIALECT == Dialect::Mysql {
        "CHAR"
    } else {
        "TEXT"
    };
    for (table, columns) in surviving(from, to) {
        for column in columns {
            let sql = format!(
                "SELECT coalesce(CAST({} AS {text}), 'none') AS value FROM {}",
                E::DIALECT.quote(column),
                qualified(E::DIALECT, table)
            );
            let values = E::texts(conn, &sql)
                .await
                .map_err(|error| format!("{sql}: {error}"))?;
            let points_nowhere = values == ["none"] && target(column).is_some();
            let is_one = |value: &String| value.parse() == Ok(1.0);
            if values.len() != 1 || !points_nowhere && !values.iter().all(is_one) {
                return Err(format!(
                    "{table}.{column} had a row of 1, and has {values:?}"
                ));
            }
        }
    }
    Ok(())
}

/// A scratch place on PostgreSQL is within a transaction already.
fn bare(script: &axum_migrate::Script) -> axum_migrate::Script {
    axum_migrate::Script {
        statements: script.statements.clone(),
        run_in_transaction: false,
    }
}
