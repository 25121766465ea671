//! MySQL and MariaDB write the statements themselves, with the name of the database and of whoever made a thing,
//! which are taken out.

mod broken;
mod texts;

use std::collections::BTreeSet;

use axum_db::{Dialect, Mysql};
use diesel::sql_types::{Nullable, Text};
use diesel::{QueryableByName, sql_query};
use diesel_async::RunQueryDsl;
use serde::Deserialize;

use self::texts::{
    by_mention, name_of_key, names_database, split_keys, with_place, without_counter,
    without_database, without_definer,
};
use super::{Definitions, Dump, Statement};
use crate::introspect::is_own_table;
use crate::runner::{Queries as _, after_words};
use crate::schema::by_foreign_keys;
use crate::{Error, Schema};

/// A thing that `SHOW CREATE` knows.
#[derive(Deserialize)]
struct Object {
    kind: String,
    name: String,
    /// Of a routine or event: how its text is to be read.
    #[serde(default)]
    mode: Mode,
}

/// A routine, a trigger or an event.
struct Program {
    kind: String,
    name: String,
    mode: Mode,
    sql: String,
}

/// What a statement with a program in it is read under, and the program runs under.
#[derive(Deserialize, Default, Clone, PartialEq, Eq)]
struct Mode {
    sql_mode: Option<String>,
    /// Of an event: where its clock stands.
    time_zone: Option<String>,
    /// How its texts compare, where that is not what a connection has by itself.
    collation: Option<String>,
}

#[derive(Deserialize)]
struct Trigger {
    name: String,
    table: String,
    timing: String,
    event: String,
    mode: Mode,
}

macro_rules! shown {
    ($($name:ident $column:literal),*) => {$(
        #[derive(QueryableByName)]
        struct $name {
            #[diesel(sql_type = Nullable<Text>)]
            #[diesel(column_name = $column)]
            sql: Option<String>,
        }
    )*};
}

shown!(
    ShownTable "Create Table",
    ShownView "Create View",
    ShownFunction "Create Function",
    ShownProcedure "Create Procedure",
    ShownTrigger "SQL Original Statement",
    ShownEvent "Create Event"
);

const OBJECTS: &str = "\
SELECT JSON_OBJECT('kind', CASE TABLE_TYPE WHEN 'SEQUENCE' THEN 'sequence' ELSE 'table' END, 'name', TABLE_NAME) AS value
FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE <> 'VIEW'
UNION ALL SELECT JSON_OBJECT('kind', 'view', 'name', TABLE_NAME,
  'mode', JSON_OBJECT('sql_mode', NULL, 'time_zone', NULL, 'collation', NULLIF(COLLATION_CONNECTION, @@collation_connection)))
FROM information_schema.VIEWS WHERE TABLE_SCHEMA = DATABASE()
UNION ALL SELECT JSON_OBJECT('kind', LOWER(ROUTINE_TYPE), 'name', ROUTINE_NAME,
  'mode', JSON_OBJECT('sql_mode', SQL_MODE, 'time_zone', NULL, 'collation', NULLIF(COLLATION_CONNECTION, @@collation_connection)))
FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE() AND ROUTINE_TYPE IN ('FUNCTION', 'PROCEDURE')
UNION ALL SELECT JSON_OBJECT('kind', 'event', 'name', EVENT_NAME, 'mode', JSON_OBJECT('sql_mode', SQL_MODE, 'time_zone', TIME_ZONE,
  'collation', NULLIF(COLLATION_CONNECTION, @@collation_connection)))
FROM information_schema.EVENTS WHERE EVENT_SCHEMA = DATABASE()";

/// Without their texts, in which the catalog has no backslashes any more.
const TRIGGERS: &str = "\
SELECT JSON_OBJECT('name', TRIGGER_NAME, 'table', EVENT_OBJECT_TABLE, 'timing', ACTION_TIMING,
  'event', EVENT_MANIPULATION, 'mode', JSON_OBJECT('sql_mode', SQL_MODE, 'time_zone', NULL, 'collation', NULLIF(COLLATION_CONNECTION, @@collation_connection))) AS value
FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE()
ORDER BY EVENT_OBJECT_TABLE, EVENT_MANIPULATION, ACTION_TIMING, ACTION_ORDER";

const NOTES: &str = "\
SELECT CONCAT('the database `', REFERENCED_TABLE_SCHEMA, '`, to which foreign keys of these tables point: ',
  GROUP_CONCAT(DISTINCT TABLE_NAME ORDER BY TABLE_NAME SEPARATOR ', '), '; it must be on the server before this runs') AS value
FROM information_schema.KEY_COLUMN_USAGE
WHERE TABLE_SCHEMA = DATABASE() AND REFERENCED_TABLE_SCHEMA <> DATABASE() GROUP BY REFERENCED_TABLE_SCHEMA
UNION ALL SELECT CONCAT('the package `', ROUTINE_NAME, '`') FROM information_schema.ROUTINES
WHERE ROUTINE_SCHEMA = DATABASE() AND ROUTINE_TYPE = 'PACKAGE'";

const OTHER_DATABASES: &str = "\
SELECT CAST(SCHEMA_NAME AS CHAR) AS value FROM information_schema.SCHEMATA
WHERE SCHEMA_NAME NOT IN (DATABASE(), 'information_schema', 'mysql', 'performance_schema', 'sys') ORDER BY SCHEMA_NAME";

/// The places that points have to be of, which MariaDB leaves out of its statements. Others have no such table.
const PLACES: &str = "\
SELECT JSON_ARRAY(F_TABLE_NAME, G_GEOMETRY_COLUMN, SRID) AS value FROM information_schema.GEOMETRY_COLUMNS
WHERE F_TABLE_SCHEMA = DATABASE() AND SRID <> 0";
const HAS_PLACES: &str = "\
SELECT CAST(TABLE_NAME AS CHAR) AS value FROM information_schema.TABLES
WHERE TABLE_SCHEMA = 'information_schema' AND TABLE_NAME = 'GEOMETRY_COLUMNS'";

impl Dump for Mysql {
    async fn definitions(
        conn: &mut Self::Connection,
        schema: &Schema,
        without: &BTreeSet<String>,
    ) -> Result<Definitions, Error> {
        let failed = |error| Error::database("read the statements of the MySQL database", error);
        let home = Self::query_texts(conn, "SELECT CAST(DATABASE() AS CHAR) AS value")
            .await
            .map_err(failed)?
            .pop()
            .unwrap_or_default();
        let rows = Self::query_texts(conn, OBJECTS).await.map_err(failed)?;
        let mut objects: Vec<Object> = rows
            .iter()
            .filter_map(|row| serde_json::from_str(row).ok())
            .filter(|object: &Object| {
                object.kind != "table"
                    || !is_own_table(&object.name) && !without.contains(&object.name)
            })
            .collect();
        let sorted = by_foreign_keys(schema.tables.values());
        let place = |name: &str| sorted.iter().position(|table| table.name == name);
        objects.sort_by_cached_key(|object| {
            (rank(&object.kind), place(&object.name), object.name.clone())
        });

        let mode = |view: &str| {
            let found = objects
                .iter()
                .find(|it| it.kind == "view" && it.name == view);
            found.map(|it| it.mode.clone()).unwrap_or_default()
        };

        let mut places = Vec::new();
        if !Self::query_texts(conn, HAS_PLACES)
            .await
            .map_err(failed)?
            .is_empty()
        {
            let rows = Self::query_texts(conn, PLACES).await.map_err(failed)?;
            places.extend(
                rows.iter()
                    .filter_map(|row| serde_json::from_str::<(String, String, i64)>(row).ok()),
            );
        }
        let mut out = Definitions {
            notes: Self::query_texts(conn, NOTES).await.map_err(failed)?,
            ..Definitions::default()
        };
        let mut programs = Vec::new();
        let mut views = Vec::new();
        let mut later = Vec::new();
        let mut first_drops = Vec::new();
        for object in &objects {
            let quoted = Dialect::Mysql.quote(&object.name);
            let doing = format!("read the statement of the {} {quoted}", object.kind);
            let shown = show(conn, object).await;
            let shown = shown.map_err(|error| Error::database(&doing, error))?;
            let Some(sql) = shown else {
                out.notes.push(format!(
                    "the {} {quoted}, whose text this user may not read",
                    object.kind
                ));
                continue;
            };
            let sql = without_database(&without_definer(&sql), &home);
            match object.kind.as_str() {
                "table" => {
                    let own = places.iter().filter(|(table, ..)| *table == object.name);
                    let sql = own.fold(sql, |sql, (_, column, place)| {
                        with_place(sql, column, *place)
                    });
                    let (sql, keys) = split_keys(&without_counter(&sql), |target| {
                        place(target) > place(&object.name)
                    });
                    out.make("table", sql);
                    for key in keys {
                        first_drops.extend(
                            name_of_key(&key).map(|name| {
                                format!("ALTER TABLE {quoted} DROP FOREIGN KEY {name}")
                            }),
                        );
                        later.push(format!("ALTER TABLE {quoted} ADD {key}"));
                    }
                }
                "view" => views.push((object.name.clone(), sql)),
                "sequence" => out.make("sequence", sql),
                _ => programs.push(Program {
                    kind: object.kind.clone(),
                    name: object.name.clone(),
                    mode: object.mode.clone(),
                    sql,
                }),
            }
        }
        for sql in later {
            out.make("", sql);
        }
        // Events last: one may run as soon as it is there.
        let (events, routines): (Vec<_>, Vec<_>) =
            programs.into_iter().partition(|it| it.kind == "event");
        make_programs(&mut out, routines, &home);
        let mut views = by_mention(views);
        broken::leave_out(conn, &mut out, &mut views).await?;
        let programs = views.iter().map(|(name, sql)| Program {
            kind: "view".to_owned(),
            name: name.clone(),
            mode: mode(name),
            sql: sql.clone(),
        });
        make_programs(&mut out, programs.collect(), &home);
        let rows = Self::query_texts(conn, TRIGGERS).await.map_err(failed)?;
        let mut last = Vec::new();
        for trigger in rows
            .iter()
            .filter_map(|row| serde_json::from_str::<Trigger>(row).ok())
            .filter(|trigger| !without.contains(&trigger.table))
        {
            let quoted = Dialect::Mysql.quote(&trigger.name);
            let object = Object {
                kind: "trigger".to_owned(),
                name: trigger.name,
                mode: trigger.mode,
            };
            let doing = format!("read the statement of the trigger {quoted}");
            let shown = show(conn, &object).await;
            let shown = shown.map_err(|error| Error::database(&doing, error))?;
            // Its head is as it was typed, and may name the database without quotes.
            let Some(body) = shown
                .as_deref()
                .and_then(|sql| after_words(sql, ["FOR", "EACH", "ROW"], Dialect::Mysql))
            else {
                out.notes.push(format!(
                    "the trigger {quoted}, whose text this user may not read"
                ));
                continue;
            };
            let sql = format!(
                "CREATE TRIGGER {quoted} {} {} ON {} FOR EACH ROW {}",
                trigger.timing,
                trigger.event,
                Dialect::Mysql.quote(&trigger.table),
                without_database(body.trim_start(), &home)
            );
            last.push(Program {
                kind: object.kind,
                name: object.name,
                mode: object.mode,
                sql,
            });
        }
        last.extend(events);
        make_programs(&mut out, last, &home);
        let databases = Self::query_texts(conn, OTHER_DATABASES).await;
        for database in databases.map_err(failed)? {
            let has_query =
                |it: &&Statement| !matches!(it.kind.as_str(), "" | "table" | "sequence");
            let made = out.create.iter().filter(has_query);
            let needs = made.filter(|it| names_database(&it.sql, &database)).count();
            if needs > 0 {
                out.notes.push(format!(
                    "the database {}, which {} of these views and programs {}; it must be on the server before this runs",
                    Dialect::Mysql.quote(&database),
                    needs,
                    if needs == 1 { "names" } else { "name" }
                ));
            }
        }

        let drop = |kind: &str, name: &str| {
            format!(
                "DROP {} {}",
                kind.to_uppercase(),
                Dialect::Mysql.quote(name)
            )
        };
        let by_kind = |kind: &'static str| {
            objects
                .iter()
                .rev()
                .filter(move |object| object.kind == kind)
        };
        out.drop
            .extend(by_kind("event").map(|it| drop("event", &it.name)));
        out.drop
            .extend(views.iter().rev().map(|(name, _)| drop("view", name)));
        out.drop.extend(first_drops);
        for kind in ["table", "procedure", "function", "sequence"] {
            out.drop
                .extend(by_kind(kind).map(|it| drop(kind, &it.name)));
        }
        Ok(out)
    }
}

/// Makes what has a program or a query in it, each under the mode that its text was written for.
fn make_programs(out: &mut Definitions, programs: Vec<Program>, home: &str) {
    let mut now = Mode::default();
    for Program {
        kind,
        name: program,
        mode,
        sql,
    } in programs
    {
        if kind != "view" && names_database(&sql, home) {
            out.notes.push(format!(
                "a {kind} {} for any database: its text names {}, and will wherever it is made; take that name out of up.sql",
                Dialect::Mysql.quote(&program),
                Dialect::Mysql.quote(home)
            ));
        }
        for (name, was, is) in [
            ("sql_mode", &now.sql_mode, &mode.sql_mode),
            ("time_zone", &now.time_zone, &mode.time_zone),
            ("collation_connection", &now.collation, &mode.collation),
        ] {
            match is {
                Some(value) if is != was => {
                    if was.is_none() {
                        out.make("", format!("SET @axum_migrate_{name} = @@{name}"));
                    }
                    out.make("", format!("SET {name} = '{}'", settable(value)));
                }
                None if was.is_some() => out.make("", format!("SET {name} = @axum_migrate_{name}")),
                _ => {}
            }
        }
        now = mode;
        out.make(&kind, sql);
    }
    for (name, was) in [
        ("sql_mode", now.sql_mode),
        ("time_zone", now.time_zone),
        ("collation_connection", now.collation),
    ] {
        if was.is_some() {
            out.make("", format!("SET {name} = @axum_migrate_{name}"));
        }
    }
}

/// MariaDB's catalog has one mode under another name than that by which it is set.
fn settable(value: &str) -> String {
    let modes = value.split(',').map(|mode| match mode {
        "INVALID_DATES" => "ALLOW_INVALID_DATES",
        mode => mode,
    });
    modes.collect::<Vec<_>>().join(",").replace('\'', "''")
}

fn rank(kind: &str) -> usize {
    ["sequence", "table", "function", "procedure", "view"]
        .iter()
        .position(|own| *own == kind)
        .unwrap_or(usize::MAX)
}

async fn show(
    conn: &mut <Mysql as axum_db::Backend>::Connection,
    object: &Object,
) -> diesel::QueryResult<Option<String>> {
    let query = sql_query(format!(
        "SHOW CREATE {} {}",
        object.kind.to_uppercase(),
        Dialect::Mysql.quote(&object.name)
    ));
    Ok(match object.kind.as_str() {
        "view" => query.get_result::<ShownView>(conn).await?.sql,
        "function" => query.get_result::<ShownFunction>(conn).await?.sql,
        "procedure" => query.get_result::<ShownProcedure>(conn).await?.sql,
        "trigger" => query.get_result::<ShownTrigger>(conn).await?.sql,
        "event" => query.get_result::<ShownEvent>(conn).await?.sql,
        // A sequence's statement comes under that name too.
        _ => query.get_result::<ShownTable>(conn).await?.sql,
    })
}
