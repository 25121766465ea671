//! A script taken apart into its statements, as the server of each dialect would.
//!
//! Statements run one at a time, so that a failure names its statement and so that MySQL, which commits every
//! change of the schema, can say how far it came.

mod body;
mod scan;

use axum_db::Dialect;

use body::Body;
use scan::{Kind, Scanner};

/// One statement of a script, without the final semicolon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Statement<'a> {
    pub(crate) sql: &'a str,
    /// The line of the script it begins on, from 1.
    pub(crate) line: usize,
}

impl<'a> Statement<'a> {
    /// The words in capitals, comments and quoted text skipped: enough to tell what the statement is.
    pub(crate) fn words(&self, dialect: Dialect) -> Vec<String> {
        let mut words = Vec::new();
        for token in Scanner::new(self.sql, dialect) {
            match token.kind {
                Kind::Word => words.push(token.text.to_ascii_uppercase()),
                Kind::Quoted => {
                    words.extend(executed_comment(token.text).into_iter().flat_map(|sql| {
                        let line = self.line;
                        Statement { sql, line }.words(dialect)
                    }))
                }
                Kind::Space | Kind::Mark | Kind::Delimiter => {}
            }
        }
        words
    }

    /// What the statement says, piece by piece, without white space and comments.
    pub(super) fn tokens(&self, dialect: Dialect) -> Vec<&'a str> {
        Scanner::new(self.sql, dialect)
            .filter(|token| token.kind != Kind::Space)
            .map(|token| token.text)
            .collect()
    }

    /// The statement without a keyword.
    pub(crate) fn without_word(&self, word: &str, dialect: Dialect) -> String {
        Scanner::new(self.sql, dialect)
            .filter(|token| token.kind != Kind::Word || !token.text.eq_ignore_ascii_case(word))
            .map(|token| token.text)
            .collect()
    }
}

/// What follows the first place in a statement where these words stand one after the other.
#[cfg(feature = "mysql")]
pub(crate) fn after_words<'a, const N: usize>(
    sql: &'a str,
    words: [&str; N],
    dialect: Dialect,
) -> Option<&'a str> {
    let mut found = 0;
    for token in Scanner::new(sql, dialect).filter(|token| token.kind != Kind::Space) {
        let is = |word: &str| token.kind == Kind::Word && token.text.eq_ignore_ascii_case(word);
        found = match found {
            at if is(words[at]) => at + 1,
            _ if is(words[0]) => 1,
            _ => 0,
        };
        if found == N {
            return Some(&sql[token.start + token.text.len()..]);
        }
    }
    None
}

/// What stands in MySQL's `/*!40101 … */`, which it runs.
fn executed_comment(text: &str) -> Option<&str> {
    let inner = text
        .strip_prefix("/*!")
        .or_else(|| text.strip_prefix("/*M!"))?;
    let inner = inner.strip_suffix("*/").unwrap_or(inner);
    Some(inner.trim_start_matches(|c: char| c.is_ascii_digit()))
}

/// Splits a script; comments between statements belong to the statement after them.
///
/// The lines `DELIMITER //` of MySQL's client are followed, and are no statements.
pub(crate) fn split(script: &str, dialect: Dialect) -> Vec<Statement<'_>> {
    let mut statements = Vec::new();
    let mut lines = Lines::new(script);
    let mut start = script
        .find(|c| c != BYTE_ORDER_MARK)
        .unwrap_or(0)
        .min(BYTE_ORDER_MARK.len_utf8());
    let mut first_content = None;
    let mut body = Body::default();
    let mut scanner = Scanner::new(script, dialect);
    while let Some(token) = scanner.next() {
        let ends = match token.kind {
            Kind::Space => continue,
            Kind::Word
                if first_content.is_none()
                    && dialect == Dialect::Mysql
                    && token.text.eq_ignore_ascii_case("delimiter") =>
            {
                scanner.change_delimiter();
                start = scanner.at;
                continue;
            }
            Kind::Delimiter => true,
            Kind::Mark if token.text == ";" && scanner.delimiter.is_none() && !body.is_open() => {
                true
            }
            Kind::Word => {
                body.word(token.text, dialect);
                false
            }
            Kind::Mark => {
                body.mark(token.text);
                false
            }
            Kind::Quoted => {
                body.other();
                false
            }
        };
        if !ends {
            first_content.get_or_insert(token.start);
            continue;
        }
        if let Some(from) = first_content.take() {
            statements.push(Statement {
                sql: script[start..token.start].trim(),
                line: lines.of(from),
            });
        }
        start = token.start + token.text.len();
        body = Body::default();
    }
    if let Some(from) = first_content {
        statements.push(Statement {
            sql: script[start..].trim(),
            line: lines.of(from),
        });
    }
    statements
}

/// Editors of Windows begin files with a mark that is no SQL.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// Counts lines, going forward only: scripts can be large.
struct Lines<'a> {
    script: &'a str,
    at: usize,
    line: usize,
}

impl<'a> Lines<'a> {
    fn new(script: &'a str) -> Self {
        let (at, line) = (0, 1);
        Self { script, at, line }
    }

    fn of(&mut self, position: usize) -> usize {
        self.line += self.script[self.at..position].matches('\n').count();
        self.at = position;
        self.line
    }
}

/// What of a script only a database's own client understands, and what to write instead.
pub(super) fn client_command(script: &str, dialect: Dialect) -> Option<(usize, String)> {
    let mut scanner = Scanner::new(script, dialect);
    let mut at_start = true;
    // Of the statement so far: whether it begins with COPY, and whether its last word is FROM.
    let (mut is_copy, mut after_from) = (false, false);
    while let Some(token) = scanner.next() {
        let is = |word: &str| token.text.eq_ignore_ascii_case(word);
        let found = |what: &str| {
            let line = script[..token.start].matches('\n').count() + 1;
            Some((line, what.to_owned()))
        };
        let of_client = |client: &str| {
            let rest = script[token.start..].lines().next().unwrap_or_default();
            let typed = rest.split_whitespace().next().unwrap_or_default();
            found(&format!(
                "{typed} is a command of the client {client}, not SQL; take it out"
            ))
        };
        match (token.kind, dialect) {
            (Kind::Space, _) => continue,
            (Kind::Mark, Dialect::Postgres) if token.text == "\\" => return of_client("psql"),
            (Kind::Mark, Dialect::Mysql) if token.text == "\\" => return of_client("mysql"),
            (Kind::Mark, Dialect::Sqlite) if at_start && token.text == "." => {
                return of_client("sqlite3");
            }
            (Kind::Word, Dialect::Mysql) if at_start && is("delimiter") => {
                scanner.change_delimiter();
                continue;
            }
            (Kind::Word, Dialect::Mysql) if at_start && is("source") => {
                return found(
                    "SOURCE is a command of the client mysql, not SQL; put that file's text in its place",
                );
            }
            (Kind::Word, Dialect::Postgres) if is_copy && after_from && is("stdin") => {
                return found(
                    "COPY … FROM STDIN takes rows from the client psql; write them as INSERT, as `pg_dump --inserts` \
                     does",
                );
            }
            (Kind::Word, _) => {
                is_copy = if at_start { is("copy") } else { is_copy };
                after_from = is("from");
                at_start = false;
            }
            (Kind::Delimiter, _) => at_start = true,
            (Kind::Mark, _) => at_start = token.text == ";",
            (Kind::Quoted, _) => at_start = false,
        }
    }
    None
}

#[cfg(test)]
#[path = "split_tests.rs"]
mod tests;
