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

impl Statement<'_> {
    /// The leading words in capitals, comments skipped: enough to tell what the statement is.
    pub(crate) fn words(&self, dialect: Dialect) -> Vec<String> {
        Scanner::new(self.sql, dialect)
            .filter_map(|token| match token.kind {
                Kind::Word => Some(token.text.to_ascii_uppercase()),
                Kind::Space | Kind::Quoted | Kind::Mark => None,
            })
            .collect()
    }
}

impl Statement<'_> {
    /// The statement without a keyword.
    pub(crate) fn without_word(&self, word: &str, dialect: Dialect) -> String {
        Scanner::new(self.sql, dialect)
            .filter(|token| token.kind != Kind::Word || !token.text.eq_ignore_ascii_case(word))
            .map(|token| token.text)
            .collect()
    }
}

/// Splits a script; comments between statements belong to the statement after them.
pub(crate) fn split(script: &str, dialect: Dialect) -> Vec<Statement<'_>> {
    let mut statements = Vec::new();
    let mut start = 0;
    let mut first_content = None;
    let mut body = Body::default();
    for token in Scanner::new(script, dialect) {
        match token.kind {
            Kind::Space => continue,
            Kind::Mark if token.text == ";" && !body.is_open() => {
                if let Some(from) = first_content {
                    statements.push(statement(script, start, from, token.start));
                }
                start = token.start + 1;
                first_content = None;
                body = Body::default();
                continue;
            }
            Kind::Word => body.word(token.text, dialect),
            Kind::Mark => body.mark(token.text),
            Kind::Quoted => body.other(),
        }
        first_content.get_or_insert(token.start);
    }
    if let Some(from) = first_content {
        statements.push(statement(script, start, from, script.len()));
    }
    statements
}

fn statement(script: &str, start: usize, from: usize, end: usize) -> Statement<'_> {
    Statement {
        sql: script[start..end].trim(),
        line: script[..from].matches('\n').count() + 1,
    }
}

/// Follows what can hold semicolons inside a statement: bodies of triggers and routines, and parentheses.
#[derive(Debug, Default)]
struct Body {
    parentheses: usize,
    blocks: usize,
    /// The words so far, until it is clear whether this statement can have a body.
    leading: Vec<String>,
    can_have_body: bool,
    /// A trigger's body has to begin before its statement ends.
    awaits_begin: bool,
    after_end: bool,
    after_begin: bool,
}

impl Body {
    fn is_open(&self) -> bool {
        self.parentheses > 0 || self.blocks > 0 || self.awaits_begin
    }

    fn mark(&mut self, mark: &str) {
        match mark {
            "(" => self.parentheses += 1,
            ")" => self.parentheses = self.parentheses.saturating_sub(1),
            _ => {}
        }
        self.other();
    }

    fn other(&mut self) {
        self.after_end = false;
        self.after_begin = false;
    }

    fn word(&mut self, word: &str, dialect: Dialect) {
        let word = word.to_ascii_uppercase();
        let after_end = std::mem::take(&mut self.after_end);
        let after_begin = std::mem::take(&mut self.after_begin);
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
        match word.as_str() {
            // PostgreSQL's one body without quotes is BEGIN ATOMIC … END.
            "BEGIN" if dialect == Dialect::Postgres => self.after_begin = true,
            "ATOMIC" if after_begin => self.blocks += 1,
            "BEGIN" => {
                self.awaits_begin = false;
                self.blocks += 1;
            }
            "CASE" if after_end => {}
            "CASE" if self.blocks > 0 => self.blocks += 1,
            "IF" | "LOOP" | "WHILE" | "REPEAT" | "FOR" if after_end => self.blocks += 1,
            "END" if self.blocks > 0 => {
                self.blocks -= 1;
                self.after_end = true;
            }
            _ => {}
        }
    }

    /// Whether the words so far are those of a statement with a body.
    fn begins_body(&self, dialect: Dialect) -> bool {
        let has = |word: &str| self.leading.iter().any(|seen| seen == word);
        match self.leading.first().map(String::as_str) {
            Some("CREATE") => match dialect {
                // CREATE [TEMP] TRIGGER; further on it would be a name.
                Dialect::Sqlite => {
                    self.leading.len() <= 3
                        && self.leading.last().is_some_and(|word| word == "TRIGGER")
                }
                Dialect::Postgres => has("FUNCTION") || has("PROCEDURE"),
                Dialect::Mysql => {
                    has("TRIGGER") || has("FUNCTION") || has("PROCEDURE") || has("EVENT")
                }
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
}

impl<'a> Scanner<'a> {
    fn new(text: &'a str, dialect: Dialect) -> Self {
        Self {
            text,
            at: 0,
            dialect,
        }
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
        let (kind, length) = match first {
            c if c.is_whitespace() => (
                Kind::Space,
                rest.find(|c: char| !c.is_whitespace())
                    .unwrap_or(rest.len()),
            ),
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
            '\'' => (Kind::Quoted, self.quoted(0, b'\'', mysql)),
            'e' | 'E' if postgres && rest[1..].starts_with('\'') => {
                (Kind::Quoted, self.quoted(1, b'\'', true))
            }
            '"' => (Kind::Quoted, self.quoted(0, b'"', mysql)),
            '`' if !postgres => (Kind::Quoted, self.quoted(0, b'`', false)),
            '[' if self.dialect == Dialect::Sqlite => (Kind::Quoted, self.until(1, "]")),
            '$' if postgres => match self.dollar_quoted() {
                Some(length) => (Kind::Quoted, length),
                None => (Kind::Mark, 1),
            },
            c if c.is_alphanumeric() || c == '_' => (
                Kind::Word,
                rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$'))
                    .unwrap_or(rest.len()),
            ),
            c => (Kind::Mark, c.len_utf8()),
        };
        let length = length.min(rest.len());
        let token = Token {
            kind,
            text: &rest[..length],
            start: self.at,
        };
        self.at += length;
        Some(token)
    }
}

#[cfg(test)]
#[path = "split_tests.rs"]
mod tests;
