//! A script taken apart into its statements, as the server of each dialect would.
//!
//! Statements run one at a time, so that a failure names its statement and so that MySQL, which commits every
//! change of the schema, can say how far it came.

use axum_db::Dialect;

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

/// Follows what can hold semicolons inside a statement: bodies of triggers and routines, and parentheses.
#[derive(Debug, Default)]
struct Body {
    parentheses: usize,
    blocks: Vec<Block>,
    /// The words so far, until it is clear whether this statement can have a body.
    leading: Vec<String>,
    can_have_body: bool,
    /// A trigger's body has to begin before its statement ends.
    awaits_begin: bool,
    /// What the word before ended.
    after_end: Option<Block>,
    after_begin: bool,
    place: Place,
    /// How far the head of a routine of MySQL is read, where declarations may follow it (MariaDB's `sql_mode = 'ORACLE'`).
    head: Head,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Block {
    Begin,
    Case,
}

/// Where the next word stands. `begin` and `end` are names of columns, too.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Where a statement or an END can be.
    #[default]
    Statement,
    /// Where a statement or a value has to be.
    Opened,
    /// Where only a name or a value can be.
    Value,
    /// After a point.
    Name,
    Between,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Head {
    /// It is none, or it is over.
    #[default]
    None,
    Routine,
    /// `RETURN` and a type; other functions have `RETURNS`.
    Returns,
    Named,
}

impl Place {
    fn after(word: &str) -> Self {
        match word {
            "BEGIN" | "ATOMIC" => Self::Statement,
            "THEN" | "ELSE" | "DO" | "LOOP" | "REPEAT" => Self::Opened,
            "AND" | "BY" | "DISTINCT" | "FROM" | "INTO" | "JOIN" | "NOT" | "OF" | "ON" | "OR"
            | "SELECT" | "SET" | "UPDATE" | "WHERE" => Self::Value,
            _ => Self::Between,
        }
    }
}

impl Body {
    fn is_open(&self) -> bool {
        self.parentheses > 0 || !self.blocks.is_empty() || self.awaits_begin
    }

    fn mark(&mut self, mark: &str) {
        match mark {
            "(" => self.parentheses += 1,
            ")" => self.parentheses = self.parentheses.saturating_sub(1),
            "." if self.head == Head::Named && self.parentheses == 0 => self.head = Head::Routine,
            _ => {}
        }
        self.after_end = None;
        self.after_begin = false;
        self.place = match mark {
            ";" | ":" => Place::Statement,
            ")" | "]" => Place::Between,
            "." => Place::Name,
            _ => Place::Value,
        };
    }

    fn other(&mut self) {
        self.after_end = None;
        self.after_begin = false;
        self.place = Place::Between;
        if self.head == Head::Routine {
            self.head = Head::Named;
        }
    }

    fn word(&mut self, word: &str, dialect: Dialect) {
        let word = word.to_ascii_uppercase();
        let after_end = self.after_end.take();
        let after_begin = std::mem::take(&mut self.after_begin);
        let place = std::mem::replace(&mut self.place, Place::after(&word));
        if self.leading.len() < 12 {
            self.leading.push(word.clone());
        }
        if !self.can_have_body {
            self.can_have_body = self.begins_body(dialect);
            if self.can_have_body && dialect == Dialect::Sqlite {
                self.awaits_begin = true;
            }
        }
        if !self.can_have_body {
            return;
        }
        if dialect == Dialect::Mysql && self.parentheses == 0 && self.blocks.is_empty() {
            self.declares(&word);
        }
        match word.as_str() {
            // PostgreSQL's one body without quotes is BEGIN ATOMIC … END.
            "BEGIN" if dialect == Dialect::Postgres => self.after_begin = true,
            "ATOMIC" if after_begin => self.blocks.push(Block::Begin),
            _ if place == Place::Name => {}
            "BEGIN" if place == Place::Value => {}
            // A body of SQLite has one block.
            "BEGIN" if dialect == Dialect::Sqlite && !self.awaits_begin => {}
            "BEGIN" => {
                self.awaits_begin = false;
                self.blocks.push(Block::Begin);
            }
            "CASE" if after_end.is_some() => {}
            "CASE" if !self.blocks.is_empty() => self.blocks.push(Block::Case),
            "IF" | "LOOP" | "WHILE" | "REPEAT" | "FOR" => self.blocks.extend(after_end),
            "END" if place == Place::Statement => self.after_end = self.blocks.pop(),
            "END" if place == Place::Between && self.blocks.last() == Some(&Block::Case) => {
                self.after_end = self.blocks.pop();
            }
            _ => {}
        }
    }

    /// Waits for BEGIN where declarations stand before it, as they do in the programs of Oracle.
    fn declares(&mut self, word: &str) {
        const CHARACTERISTICS: [&str; 15] = [
            "COMMENT",
            "CONTAINS",
            "CURRENT_USER",
            "DATA",
            "DEFINER",
            "DETERMINISTIC",
            "INVOKER",
            "LANGUAGE",
            "MODIFIES",
            "NO",
            "NOT",
            "READS",
            "SECURITY",
            "SQL",
            "AUTHID",
        ];
        self.head = match (self.head, word) {
            (Head::None, "PROCEDURE" | "FUNCTION") if self.leading.len() < 12 => Head::Routine,
            (Head::Named | Head::Returns, "AS" | "IS") => {
                self.awaits_begin = true;
                Head::None
            }
            (Head::Named, "RETURN") => Head::Returns,
            // IF NOT EXISTS stands before the name.
            (Head::Named, "EXISTS") => Head::Routine,
            (Head::Named, word) if CHARACTERISTICS.contains(&word) => Head::Named,
            (Head::Routine, _) => Head::Named,
            (Head::Returns, _) => Head::Returns,
            _ => Head::None,
        };
        if word == "DECLARE" && self.leading.first().is_some_and(|it| it == "CREATE") {
            self.awaits_begin = true;
        }
    }

    /// Whether the words so far are those of a statement with a body.
    fn begins_body(&self, dialect: Dialect) -> bool {
        const KINDS: [&str; 9] = [
            "TABLE",
            "INDEX",
            "VIEW",
            "DATABASE",
            "SEQUENCE",
            "TRIGGER",
            "FUNCTION",
            "PROCEDURE",
            "EVENT",
        ];
        let kind = self.leading.iter().find(|it| KINDS.contains(&it.as_str()));
        let makes = |kinds: &[&str]| kind.is_some_and(|kind| kinds.contains(&kind.as_str()));
        match self.leading.first().map(String::as_str) {
            Some("CREATE") => match dialect {
                // CREATE [TEMP] TRIGGER; further on it would be a name.
                Dialect::Sqlite => {
                    self.leading.len() <= 3
                        && self.leading.last().is_some_and(|word| word == "TRIGGER")
                }
                Dialect::Postgres => makes(&["FUNCTION", "PROCEDURE"]),
                Dialect::Mysql => makes(&["TRIGGER", "FUNCTION", "PROCEDURE", "EVENT"]),
            },
            Some("BEGIN") => {
                dialect == Dialect::Mysql && self.leading.get(1..) == Some(&["NOT".into()])
            }
            _ => false,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// White space and comments.
    Space,
    Word,
    /// Strings and quoted identifiers.
    Quoted,
    /// Any other single character.
    Mark,
    /// What MySQL's client was told to take for the end of a statement.
    Delimiter,
}

#[derive(Debug, Clone, Copy)]
struct Token<'a> {
    kind: Kind,
    text: &'a str,
    start: usize,
}

/// Tokens of a script; text that never ends (an open quote) is one token up to the end.
struct Scanner<'a> {
    text: &'a str,
    at: usize,
    dialect: Dialect,
    /// Set by DELIMITER, for as long as it is not the semicolon.
    delimiter: Option<&'a str>,
    /// Whether a backslash in a text of MySQL is one, as the script's last `SET sql_mode` has it.
    plain_backslash: bool,
    mode: Mode,
}

/// How much of `sql_mode = …` is read.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Mode {
    #[default]
    None,
    Named,
    Equals,
}

impl<'a> Scanner<'a> {
    fn new(text: &'a str, dialect: Dialect) -> Self {
        Self {
            text,
            at: 0,
            dialect,
            delimiter: None,
            plain_backslash: false,
            mode: Mode::None,
        }
    }

    /// Reads on to the end of the line, after the word DELIMITER.
    fn change_delimiter(&mut self) {
        let rest = &self.text[self.at..];
        let line = rest.split('\n').next().unwrap_or_default();
        self.at += line.len();
        self.delimiter = line
            .split_whitespace()
            .next()
            .filter(|delimiter| *delimiter != ";");
    }

    fn follow_mode(&mut self, kind: Kind, text: &str) {
        self.mode = match (self.mode, kind) {
            (mode, Kind::Space) => mode,
            (_, Kind::Word) if text.eq_ignore_ascii_case("sql_mode") => Mode::Named,
            (Mode::Named, Kind::Mark) if matches!(text, "=" | ":") => Mode::Equals,
            (Mode::Equals, Kind::Mark) if text == "=" => Mode::Equals,
            (Mode::Equals, _) => {
                self.plain_backslash = kind == Kind::Quoted
                    && text.to_ascii_uppercase().contains("NO_BACKSLASH_ESCAPES");
                Mode::None
            }
            _ => Mode::None,
        };
    }

    /// The length of a text that begins after `skip` bytes and ends with `end`, including it.
    fn until(&self, skip: usize, end: &str) -> usize {
        let rest = &self.text[self.at..];
        rest.get(skip..)
            .and_then(|inner| inner.find(end))
            .map_or(rest.len(), |found| skip + found + end.len())
    }

    /// The length of a quoted text: doubled marks stay inside, and backslashes escape where they do.
    fn quoted(&self, skip: usize, mark: u8, backslash: bool) -> usize {
        let rest = &self.text.as_bytes()[self.at..];
        let mut at = skip + 1;
        while let Some(byte) = rest.get(at) {
            if *byte == b'\\' && backslash {
                at += 2;
            } else if *byte == mark {
                if rest.get(at + 1) != Some(&mark) {
                    return at + 1;
                }
                at += 2;
            } else {
                at += 1;
            }
        }
        rest.len()
    }

    /// PostgreSQL's comments nest.
    fn block_comment(&self) -> usize {
        if self.dialect != Dialect::Postgres {
            return self.until(2, "*/");
        }
        let rest = &self.text.as_bytes()[self.at..];
        let (mut at, mut depth) = (0, 0_usize);
        while at < rest.len() {
            match rest.get(at..at + 2) {
                Some(b"/*") => {
                    depth += 1;
                    at += 2;
                }
                Some(b"*/") => {
                    depth -= 1;
                    at += 2;
                    if depth == 0 {
                        return at;
                    }
                }
                _ => at += 1,
            }
        }
        rest.len()
    }

    /// `$tag$ … $tag$` of PostgreSQL.
    fn dollar_quoted(&self) -> Option<usize> {
        let rest = &self.text[self.at..];
        let tag_end = rest[1..].find('$')? + 2;
        let tag = &rest[..tag_end];
        let name = &tag[1..tag_end - 1];
        let valid = name.chars().all(|c| c.is_alphanumeric() || c == '_')
            && !name.starts_with(|c: char| c.is_ascii_digit());
        valid.then(|| self.until(tag_end, tag))
    }
}

impl<'a> Iterator for Scanner<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        let rest = &self.text[self.at..];
        let first = rest.chars().next()?;
        let mysql = self.dialect == Dialect::Mysql;
        let postgres = self.dialect == Dialect::Postgres;
        let escapes = mysql && !self.plain_backslash;
        let (kind, length) = match first {
            BYTE_ORDER_MARK if self.at == 0 => (Kind::Space, first.len_utf8()),
            c if c.is_whitespace() => (
                Kind::Space,
                rest.find(|c: char| !c.is_whitespace())
                    .unwrap_or(rest.len()),
            ),
            _ if self.delimiter.is_some_and(|text| rest.starts_with(text)) => {
                (Kind::Delimiter, self.delimiter.map_or(1, str::len))
            }
            '-' if rest.starts_with("--")
                && (!mysql || rest[2..].chars().next().is_none_or(char::is_whitespace)) =>
            {
                (Kind::Space, self.until(2, "\n"))
            }
            '#' if mysql => (Kind::Space, self.until(1, "\n")),
            // MySQL runs what stands in /*! … */.
            '/' if mysql && (rest.starts_with("/*!") || rest.starts_with("/*M!")) => {
                (Kind::Quoted, self.until(3, "*/"))
            }
            '/' if rest.starts_with("/*") => (Kind::Space, self.block_comment()),
            '\'' => (Kind::Quoted, self.quoted(0, b'\'', escapes)),
            'e' | 'E' if postgres && rest[1..].starts_with('\'') => {
                (Kind::Quoted, self.quoted(1, b'\'', true))
            }
            '"' => (Kind::Quoted, self.quoted(0, b'"', escapes)),
            '`' if !postgres => (Kind::Quoted, self.quoted(0, b'`', false)),
            '[' if self.dialect == Dialect::Sqlite => (Kind::Quoted, self.until(1, "]")),
            '$' if postgres => match self.dollar_quoted() {
                Some(length) => (Kind::Quoted, length),
                None => (Kind::Mark, 1),
            },
            c if c.is_alphanumeric() || c == '_' => {
                let end = rest
                    .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$'))
                    .unwrap_or(rest.len());
                // `END$$` is a word and the delimiter.
                let delimiter = self.delimiter.and_then(|text| rest[..end].find(text));
                (Kind::Word, delimiter.unwrap_or(end))
            }
            c => (Kind::Mark, c.len_utf8()),
        };
        let length = length.min(rest.len());
        let token = Token {
            kind,
            text: &rest[..length],
            start: self.at,
        };
        self.at += length;
        if mysql {
            self.follow_mode(kind, token.text);
        }
        Some(token)
    }
}

#[cfg(test)]
#[path = "split_tests.rs"]
mod tests;
