//! A script's words, texts and marks, as the server of each dialect reads them.

use axum_db::Dialect;

use super::BYTE_ORDER_MARK;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
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
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    pub(super) text: &'a str,
    pub(super) start: usize,
}

/// Tokens of a script; text that never ends (an open quote) is one token up to the end.
pub(super) struct Scanner<'a> {
    text: &'a str,
    pub(super) at: usize,
    dialect: Dialect,
    /// Set by DELIMITER, for as long as it is not the semicolon.
    pub(super) delimiter: Option<&'a str>,
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
    pub(super) fn new(text: &'a str, dialect: Dialect) -> Self {
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
    pub(super) fn change_delimiter(&mut self) {
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
