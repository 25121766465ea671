//! What MySQL and MariaDB write, taken apart: the names of the database and of who made a thing, foreign keys, counters.

use std::collections::BTreeSet;

use axum_db::Dialect;

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
pub(super) fn without_database(sql: &str, home: &str) -> String {
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

/// Whether the text of a view or program names a database, where it names a table or routine.
pub(super) fn names_database(sql: &str, database: &str) -> bool {
    let named = format!("{database}.").to_lowercase();
    let sql = sql.to_lowercase().replace('`', "");
    let begins = |sign: char| sign == '(' || sign.is_whitespace();
    sql.match_indices(&named)
        .filter_map(|(at, _)| sql.get(..at))
        .any(|before| before.ends_with(begins) && awaits_table(before))
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
pub(super) fn without_definer(sql: &str) -> String {
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
pub(super) fn without_counter(sql: &str) -> String {
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
pub(super) fn with_place(sql: String, column: &str, place: i64) -> String {
    let line = format!("\n  {} ", Dialect::Mysql.quote(column));
    let Some((head, rest)) = sql.split_once(&line) else {
        return sql;
    };
    let end = rest.find(|sign: char| !sign.is_ascii_alphabetic());
    let (ty, rest) = rest.split_at(end.unwrap_or(rest.len()));
    format!("{head}{line}{ty} REF_SYSTEM_ID={place}{rest}")
}

/// Takes the foreign keys to tables that come later out of a statement, which has each on a line of its own.
pub(super) fn split_keys(sql: &str, is_later: impl Fn(&str) -> bool) -> (String, Vec<String>) {
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
pub(super) fn name_of_key(key: &str) -> Option<String> {
    pieces(key)
        .into_iter()
        .find(|(quoted, _)| *quoted)
        .map(|(_, name)| name.to_owned())
}

/// The names that WITH gives, which MariaDB writes without backticks, in small letters.
fn queries_by_name(pieces: &[(bool, &str)]) -> Vec<String> {
    let mut names = Vec::new();
    for (at, (_, text)) in pieces.iter().enumerate().filter(|(_, (quoted, _))| !quoted) {
        for (head, _) in text
            .match_indices(" as (")
            .map(|(end, _)| text.split_at(end))
        {
            let start = head.rfind([' ', ',', '(']).map_or(0, |space| space + 1);
            match at.checked_sub(1) {
                Some(before) if head.is_empty() => {
                    let name = pieces[before].1.trim_matches('`').replace("``", "`");
                    names.push(name.to_lowercase());
                }
                _ => names.push(head[start..].to_lowercase()),
            }
        }
    }
    names
}

/// Views, each after those that it names.
pub(super) fn by_mention(views: Vec<(String, String)>) -> Vec<(String, String)> {
    let mut waiting: Vec<(String, String, BTreeSet<String>)> = views
        .into_iter()
        .map(|(name, sql)| {
            let pieces = pieces(&sql);
            let mut names = BTreeSet::new();
            for (at, (_, name)) in pieces.iter().enumerate().filter(|(_, (quoted, _))| *quoted) {
                let before = at.checked_sub(1).map_or("", |at| pieces[at].1);
                let after = pieces.get(at + 1).map_or("", |it| it.1);
                // Not columns and what they are of, and not the names that are given: to columns, and to tables and
                // queries in FROM.
                let is_column = before.ends_with('.') || after.starts_with('.');
                let is_given = before == " " || before.ends_with(" AS ") || before.ends_with(") ");
                if !is_column && !is_given {
                    names.insert(name[1..name.len() - 1].replace("``", "`").to_lowercase());
                }
            }
            for query in queries_by_name(&pieces) {
                names.remove(&query);
            }
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
    fn what_a_view_gives_a_name_to_is_no_other_view() {
        let view = |name: &str, sql: &str| (name.to_owned(), sql.to_owned());
        for sql in [
            "VIEW `z` AS select `a`.`id` AS `id` from `t` `a`",
            "VIEW `z` AS select `a`.`id` AS `id` from (select `t`.`id` AS `id` from `t`) `a`",
            "VIEW `z` AS with a as (select `t`.`id` AS `id` from `t`)select `a`.`id` AS `id` from `a`",
            "VIEW `z` AS with `a` as (select `t`.`id` AS `id` from `t`) select `a`.`id` AS `id` from `a`",
        ] {
            let over = view("a", "VIEW `a` AS select `z`.`id` AS `id` from `z`");
            assert_eq!(by_mention(vec![over, view("z", sql)])[0].0, "z", "{sql}");
        }
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
