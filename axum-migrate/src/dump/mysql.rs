//! MySQL and MariaDB write the statements themselves, with the name of the database and of whoever made a thing,
//! which are taken out.

use std::collections::BTreeSet;

use axum_db::{Dialect, Mysql};
use diesel::sql_types::{Nullable, Text};
use diesel::{QueryableByName, sql_query};
use diesel_async::RunQueryDsl;
use serde::Deserialize;

use super::{Definitions, Dump};
use crate::introspect::is_own_table;
use crate::runner::Queries as _;
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
    body: String,
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
    ShownEvent "Create Event"
);

const OBJECTS: &str = "\
SELECT JSON_OBJECT('kind', CASE TABLE_TYPE WHEN 'VIEW' THEN 'view' WHEN 'SEQUENCE' THEN 'sequence' ELSE 'table' END,
  'name', TABLE_NAME) AS value
FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()
UNION ALL SELECT JSON_OBJECT('kind', LOWER(ROUTINE_TYPE), 'name', ROUTINE_NAME,
  'mode', JSON_OBJECT('sql_mode', SQL_MODE, 'time_zone', NULL, 'collation', NULLIF(COLLATION_CONNECTION, @@collation_connection)))
FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE() AND ROUTINE_TYPE IN ('FUNCTION', 'PROCEDURE')
UNION ALL SELECT JSON_OBJECT('kind', 'event', 'name', EVENT_NAME, 'mode', JSON_OBJECT('sql_mode', SQL_MODE, 'time_zone', TIME_ZONE,
  'collation', NULLIF(COLLATION_CONNECTION, @@collation_connection)))
FROM information_schema.EVENTS WHERE EVENT_SCHEMA = DATABASE()";

const TRIGGERS: &str = "\
SELECT JSON_OBJECT('name', TRIGGER_NAME, 'table', EVENT_OBJECT_TABLE, 'timing', ACTION_TIMING,
  'event', EVENT_MANIPULATION, 'body', ACTION_STATEMENT, 'mode', JSON_OBJECT('sql_mode', SQL_MODE, 'time_zone', NULL, 'collation', NULLIF(COLLATION_CONNECTION, @@collation_connection))) AS value
FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE()
ORDER BY EVENT_OBJECT_TABLE, EVENT_MANIPULATION, ACTION_TIMING, ACTION_ORDER";

const NOTES: &str = "\
SELECT CONCAT('the database `', REFERENCED_TABLE_SCHEMA, '`, to which foreign keys of these tables point: ',
  GROUP_CONCAT(DISTINCT TABLE_NAME ORDER BY TABLE_NAME SEPARATOR ', '), '; it must be on the server before this runs') AS value
FROM information_schema.KEY_COLUMN_USAGE
WHERE TABLE_SCHEMA = DATABASE() AND REFERENCED_TABLE_SCHEMA <> DATABASE() GROUP BY REFERENCED_TABLE_SCHEMA
UNION ALL SELECT CONCAT('the package `', ROUTINE_NAME, '`') FROM information_schema.ROUTINES
WHERE ROUTINE_SCHEMA = DATABASE() AND ROUTINE_TYPE = 'PACKAGE'";

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
        let views = by_mention(views);
        for (_, sql) in &views {
            out.make("view", sql);
        }
        let rows = Self::query_texts(conn, TRIGGERS).await.map_err(failed)?;
        let triggers = rows
            .iter()
            .filter_map(|row| serde_json::from_str::<Trigger>(row).ok())
            .filter(|trigger| !without.contains(&trigger.table))
            .map(|trigger| {
                let body = without_database(&trigger.body, &home);
                let sql = format!(
                    "CREATE TRIGGER {} {} {} ON {} FOR EACH ROW {}",
                    Dialect::Mysql.quote(&trigger.name),
                    trigger.timing,
                    trigger.event,
                    Dialect::Mysql.quote(&trigger.table),
                    body
                );
                Program {
                    kind: "trigger".to_owned(),
                    name: trigger.name,
                    mode: trigger.mode,
                    sql,
                }
            });
        make_programs(&mut out, triggers.chain(events).collect(), &home);

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

/// Makes what has a program in it, each under the mode that its text was written for.
fn make_programs(out: &mut Definitions, programs: Vec<Program>, home: &str) {
    let mut now = Mode::default();
    for Program {
        kind,
        name: program,
        mode,
        sql,
    } in programs
    {
        if names_database(&sql, home) {
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
                    let value = value.replace('\'', "''");
                    out.make("", format!("SET {name} = '{value}'"));
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
        "event" => query.get_result::<ShownEvent>(conn).await?.sql,
        // A sequence's statement comes under that name too.
        _ => query.get_result::<ShownTable>(conn).await?.sql,
    })
}

/// Pieces of a statement, and whether each is a name in backticks.
fn pieces(sql: &str) -> Vec<(bool, &str)> {
    let bytes = sql.as_bytes();
    let mut pieces = Vec::new();
    let (mut from, mut at) = (0, 0);
    while let Some(mark) = bytes.get(at) {
        if !matches!(mark, b'`' | b'\'' | b'"') {
            at += 1;
            continue;
        }
        let mut end = at + 1;
        while let Some(byte) = bytes.get(end) {
            if *byte == b'\\' && *mark != b'`' {
                end += 1;
            } else if byte == mark {
                if bytes.get(end + 1) != Some(mark) {
                    break;
                }
                end += 1;
            }
            end += 1;
        }
        let end = (end + 1).min(bytes.len());
        if *mark == b'`' {
            pieces.push((false, &sql[from..at]));
            pieces.push((true, &sql[at..end]));
            from = end;
        }
        at = end;
    }
    pieces.push((false, &sql[from..]));
    pieces
}

/// Takes the database's own name away from before other names, so that the script works in any database.
///
/// It may be a table's name or an alias, too. Where it stands alone anywhere, a name of two parts is a column's, unless
/// only a table's or a routine's can be at its place.
fn without_database(sql: &str, home: &str) -> String {
    let home = Dialect::Mysql.quote(home);
    let pieces = pieces(sql);
    let text = |at: usize| pieces.get(at).map_or("", |(_, piece)| *piece);
    let is_home = |at: usize| {
        let before = at.checked_sub(1).map_or("", text);
        pieces
            .get(at)
            .is_some_and(|it| *it == (true, home.as_str()))
            && !before.ends_with('.')
    };
    let is_ambiguous =
        (0..pieces.len()).any(|at| text(at) == home && !text(at + 1).starts_with('.'));
    let mut out = String::with_capacity(sql.len());
    let mut at = 0;
    while at < pieces.len() {
        let rest = text(at + 1).strip_prefix('.').filter(|_| is_home(at));
        let is_database = |rest: &str| {
            let after = text(at + 3);
            !is_ambiguous
                || awaits_table(&out)
                || rest.is_empty() && (after.starts_with('.') || after.starts_with('('))
        };
        if let Some(rest) = rest.filter(|rest| is_database(rest)) {
            out.push_str(rest);
            at += 2;
            if rest.is_empty() {
                // Behind a database it is another name, whatever it is called.
                out.push_str(text(at));
                at += 1;
            }
        } else {
            out.push_str(text(at));
            at += 1;
        }
    }
    out
}

/// Whether the text of a program goes on naming the database, where it names a table or routine.
fn names_database(sql: &str, home: &str) -> bool {
    let named = format!("{home}.").to_lowercase();
    let sql = sql.to_lowercase();
    sql.match_indices(&named)
        .filter_map(|(at, _)| sql.get(..at))
        .any(|before| before.ends_with(char::is_whitespace) && awaits_table(before))
}

/// Whether a text ends where a table's or routine's name has to follow, and no column's.
fn awaits_table(text: &str) -> bool {
    let text = text.trim_end_matches(|sign: char| sign == '(' || sign.is_whitespace());
    let word = text
        .rsplit(|sign: char| !sign.is_ascii_alphanumeric() && sign != '_')
        .next();
    let word = word.unwrap_or_default().to_ascii_lowercase();
    [
        "from",
        "join",
        "straight_join",
        "into",
        "update",
        "table",
        "references",
        "call",
        "nextval",
        "lastval",
        "setval",
        "exists",
        "view",
        "trigger",
        "procedure",
        "function",
    ]
    .contains(&word.as_str())
}

/// Takes ``DEFINER=`user`@`host` `` away: that account need not be anywhere else.
///
/// What was made under ANSI_QUOTES has its names in double quotes.
fn without_definer(sql: &str) -> String {
    const DEFINER: &str = " DEFINER=";
    let Some((head, rest)) = sql.split_once(DEFINER) else {
        return sql.to_owned();
    };
    // In the head of the statement only, before any name.
    if head.contains(['`', '"']) {
        return sql.to_owned();
    }
    let after_name = |text: &'_ str| {
        let mark = text
            .chars()
            .next()
            .filter(|mark| matches!(mark, '`' | '"'))?;
        let inside = text.get(1..)?;
        let mut marks = inside.match_indices(mark).peekable();
        while let Some((at, _)) = marks.next() {
            if marks.next_if(|(next, _)| *next == at + 1).is_none() {
                return Some(at + 2);
            }
        }
        None
    };
    let Some(user) = after_name(rest) else {
        return sql.to_owned();
    };
    let rest = rest.get(user..).unwrap_or_default();
    let host = rest
        .strip_prefix('@')
        .and_then(|host| Some((host, after_name(host)?)));
    let rest = host.map_or(rest, |(host, end)| host.get(end..).unwrap_or_default());
    format!("{head}{rest}")
}

/// Takes the table's counter away, which tells of its rows and not of its schema.
fn without_counter(sql: &str) -> String {
    const COUNTER: &str = " AUTO_INCREMENT=";
    let Some((body, options)) = sql.rsplit_once("\n) ") else {
        return sql.to_owned();
    };
    let before_comment = options.find(" COMMENT='").unwrap_or(options.len());
    let Some(at) = options[..before_comment].find(COUNTER) else {
        return sql.to_owned();
    };
    let digits = &options[at + COUNTER.len()..];
    let rest = digits.trim_start_matches(|digit: char| digit.is_ascii_digit());
    format!("{body}\n) {}{rest}", &options[..at])
}

/// Says of what place a column's points are, behind its type.
fn with_place(sql: String, column: &str, place: i64) -> String {
    let line = format!("\n  {} ", Dialect::Mysql.quote(column));
    let Some((head, rest)) = sql.split_once(&line) else {
        return sql;
    };
    let end = rest.find(|sign: char| !sign.is_ascii_alphabetic());
    let (ty, rest) = rest.split_at(end.unwrap_or(rest.len()));
    format!("{head}{line}{ty} REF_SYSTEM_ID={place}{rest}")
}

/// Takes the foreign keys to tables that come later out of a statement, which has each on a line of its own.
fn split_keys(sql: &str, is_later: impl Fn(&str) -> bool) -> (String, Vec<String>) {
    let mut keys = Vec::new();
    let mut lines: Vec<&str> = Vec::new();
    for line in sql.lines() {
        let target = line
            .strip_prefix("  CONSTRAINT `")
            .filter(|rest| rest.contains("` FOREIGN KEY ("))
            .and_then(|rest| rest.split_once(") REFERENCES `"))
            .and_then(|(_, rest)| rest.split_once("` ("))
            .map(|(name, _)| name.replace("``", "`"));
        match target {
            Some(target) if is_later(&target) => {
                keys.push(line.trim().trim_end_matches(',').to_owned());
            }
            _ => lines.push(line),
        }
    }
    let mut text = lines.join("\n");
    if !keys.is_empty() {
        // The line that is the last of the body now has its comma still.
        text = text.replacen(",\n) ", "\n) ", 1);
    }
    (text, keys)
}

/// The name of a `` CONSTRAINT `name` FOREIGN KEY … ``, in its backticks.
fn name_of_key(key: &str) -> Option<String> {
    pieces(key)
        .into_iter()
        .find(|(quoted, _)| *quoted)
        .map(|(_, name)| name.to_owned())
}

/// Views, each after those that it names.
fn by_mention(views: Vec<(String, String)>) -> Vec<(String, String)> {
    let mut waiting: Vec<(String, String, BTreeSet<String>)> = views
        .into_iter()
        .map(|(name, sql)| {
            let pieces = pieces(&sql);
            // Not columns, which stand behind their table, and not the names that are given.
            let is_table = |before: &str| !before.ends_with('.') && !before.ends_with(" AS ");
            let names = pieces
                .windows(2)
                .filter(|pair| pair[1].0 && is_table(pair[0].1))
                .map(|pair| {
                    pair[1].1[1..pair[1].1.len() - 1]
                        .replace("``", "`")
                        .to_lowercase()
                })
                .collect();
            (name, sql, names)
        })
        .collect();
    let mut sorted = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let free = |at: usize| {
            let names = &waiting[at].2;
            waiting
                .iter()
                .enumerate()
                .all(|(other, (name, ..))| other == at || !names.contains(&name.to_lowercase()))
        };
        let at = (0..waiting.len()).find(|at| free(*at)).unwrap_or(0);
        let (name, sql, _) = waiting.remove(at);
        sorted.push((name, sql));
    }
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_database_and_definer_go_and_texts_stay() {
        let sql = "CREATE ALGORITHM=MERGE DEFINER=`ro``ot`@`%` SQL SECURITY DEFINER VIEW `v` AS \
                   select `shop`.`t`.`shop` AS `x`,'`shop`.\\'' AS `y` from `shop`.`t`";
        assert_eq!(
            without_database(&without_definer(sql), "shop"),
            "CREATE ALGORITHM=MERGE SQL SECURITY DEFINER VIEW `v` AS select `t`.`shop` AS `x`,'`shop`.\\'' AS `y` from `t`"
        );
    }

    #[test]
    fn a_table_or_an_alias_may_be_called_as_the_database() {
        for (sql, left) in [
            (
                "select `shop`.`id` AS `id`,`a`.`id` AS `b` from (`shop` join `a` on(`shop`.`id` = `a`.`id`))",
                "select `shop`.`id` AS `id`,`a`.`id` AS `b` from (`shop` join `a` on(`shop`.`id` = `a`.`id`))",
            ),
            (
                "select `shop`.`shop`.`id` AS `id`,`shop`.`f`(`a`.`shop`) from (`shop`.`shop` join `shop`.`a`)",
                "select `shop`.`id` AS `id`,`f`(`a`.`shop`) from (`shop` join `a`)",
            ),
            (
                "select `shop`.`id` AS `id` from `shop`.`items` `shop`",
                "select `shop`.`id` AS `id` from `items` `shop`",
            ),
            (
                "CREATE TABLE `shop` (\n  `id` int DEFAULT nextval(`shop`.`sq`)\n)",
                "CREATE TABLE `shop` (\n  `id` int DEFAULT nextval(`sq`)\n)",
            ),
        ] {
            assert_eq!(without_database(sql, "shop"), left);
        }
    }

    #[test]
    fn definers_go_in_either_quotes() {
        for (sql, left) in [
            (
                "CREATE DEFINER=\"a\"\"b\"@\"%\" FUNCTION \"f\"()",
                "CREATE FUNCTION \"f\"()",
            ),
            (
                "CREATE DEFINER=`role` PROCEDURE `p`()",
                "CREATE PROCEDURE `p`()",
            ),
            (
                "CREATE FUNCTION `f`() RETURN ' DEFINER=`x`'",
                "CREATE FUNCTION `f`() RETURN ' DEFINER=`x`'",
            ),
        ] {
            assert_eq!(without_definer(sql), left);
        }
    }

    #[test]
    fn counters_go_and_comments_stay() {
        assert_eq!(
            without_counter(
                "CREATE TABLE `t` (\n  `a` int\n) ENGINE=InnoDB AUTO_INCREMENT=12 COMMENT='x'"
            ),
            "CREATE TABLE `t` (\n  `a` int\n) ENGINE=InnoDB COMMENT='x'"
        );
        let text = "CREATE TABLE `t` (\n  `a` int\n) ENGINE=InnoDB COMMENT=' AUTO_INCREMENT=12'";
        assert_eq!(without_counter(text), text);
    }

    #[test]
    fn places_stand_behind_the_type() {
        let sql = "CREATE TABLE `t` (\n  `a` point NOT NULL,\n  `b` point\n)".to_owned();
        assert_eq!(
            with_place(with_place(sql, "a", 4326), "b", 3857),
            "CREATE TABLE `t` (\n  `a` point REF_SYSTEM_ID=4326 NOT NULL,\n  `b` point REF_SYSTEM_ID=3857\n)"
        );
    }

    #[test]
    fn keys_to_later_tables_are_taken_out() {
        let sql = "CREATE TABLE `a` (\n  `b` int,\n  KEY `x` (`b`),\n  CONSTRAINT `x` FOREIGN KEY (`b`) REFERENCES `b``b` (`id`) ON DELETE CASCADE\n) ENGINE=InnoDB";
        let (text, keys) = split_keys(sql, |table| table == "b`b");
        assert_eq!(
            text,
            "CREATE TABLE `a` (\n  `b` int,\n  KEY `x` (`b`)\n) ENGINE=InnoDB"
        );
        assert_eq!(
            keys,
            ["CONSTRAINT `x` FOREIGN KEY (`b`) REFERENCES `b``b` (`id`) ON DELETE CASCADE"]
        );
        assert_eq!(name_of_key(&keys[0]).as_deref(), Some("`x`"));
        assert_eq!(split_keys(sql, |_| false).1.len(), 0);
    }

    #[test]
    fn views_come_after_those_they_name() {
        let view = |name: &str, sql: &str| (name.to_owned(), sql.to_owned());
        let sorted = by_mention(vec![
            view("a", "VIEW `a` AS SELECT * FROM `b`"),
            view("b", "VIEW `b` AS SELECT '`a`'"),
        ]);
        assert_eq!(sorted[0].0, "b");
    }
}
