//! Whether a statement took effect that a killed program had begun, as far as the catalogs tell.

use axum_db::Dialect;

use super::queries::literal;
use super::session::Session;
use super::split::Statement;
use crate::{Engine, Error};

/// What is known of a statement that was begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    There,
    /// It did nothing, or doing it again changes nothing.
    Absent,
    Unknown,
}

/// How to find out.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Question {
    /// A query with rows where the object exists, and whether the statement makes it exist.
    Exists {
        sql: String,
        made: bool,
    },
    /// It may run twice.
    Repeatable,
    Unknown,
}

pub(super) async fn effect_of<B: Engine>(
    session: &mut Session<'_, B>,
    statement: &Statement<'_>,
) -> Result<Effect, Error> {
    Ok(match question(statement, B::DIALECT) {
        Question::Repeatable => Effect::Absent,
        Question::Unknown => Effect::Unknown,
        Question::Exists { sql, made } => {
            let found = B::query_texts(&mut session.conn, &sql)
                .await
                .map_err(|error| Error::database("look what took effect", error))?;
            if found.is_empty() == made {
                Effect::Absent
            } else {
                Effect::There
            }
        }
    })
}

/// The question for the invalid index that an interrupted CREATE INDEX CONCURRENTLY leaves: its quoted name.
pub(super) fn invalid_index(statement: &Statement<'_>, dialect: Dialect) -> Option<String> {
    let mut tokens = Tokens::new(statement, dialect);
    if !statement.is_concurrent(dialect) || !tokens.skip(&["CREATE"]) {
        return None;
    }
    tokens.skip(&["UNIQUE"]);
    tokens.skip(&["INDEX"]);
    tokens.skip(&["CONCURRENTLY"]);
    tokens.skip(&["IF", "NOT", "EXISTS"]);
    let name = tokens.index_name().filter(|name| name.schema.is_none())?;
    let name = literal(dialect, &name.name);
    // The index is in its table's schema, whatever the search path.
    Some(format!(
        "SELECT format('%I.%I', n.nspname, c.relname) AS value FROM pg_index AS i \
         JOIN pg_class AS c ON c.oid = i.indexrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace \
         WHERE c.relname = {name} AND NOT i.indisvalid AND pg_table_is_visible(c.oid)"
    ))
}

fn question(statement: &Statement<'_>, dialect: Dialect) -> Question {
    let mut tokens = Tokens::new(statement, dialect);
    match dialect {
        Dialect::Mysql => mysql(&mut tokens),
        Dialect::Postgres => postgres(&mut tokens),
        Dialect::Sqlite => match tokens.first() {
            Some("VACUUM") => Question::Repeatable,
            _ => Question::Unknown,
        },
    }
}

fn postgres(tokens: &mut Tokens<'_>) -> Question {
    let dialect = Dialect::Postgres;
    if tokens.skip(&["VACUUM"]) || tokens.skip(&["REINDEX"]) || tokens.skip(&["CLUSTER"]) {
        return Question::Repeatable;
    }
    let made = tokens.skip(&["CREATE"]);
    if !made && !tokens.skip(&["DROP"]) {
        return Question::Unknown;
    }
    tokens.skip(&["UNIQUE"]);
    if tokens.skip(&["DATABASE"]) {
        tokens.skip(&["IF", "EXISTS"]);
        return tokens.name().map_or(Question::Unknown, |name| {
            let name = literal(dialect, &name.name);
            let sql =
                format!("SELECT datname::text AS value FROM pg_database WHERE datname = {name}");
            Question::Exists { sql, made }
        });
    }
    if !tokens.skip(&["INDEX"]) {
        return Question::Unknown;
    }
    tokens.skip(&["CONCURRENTLY"]);
    tokens.skip(&["IF", "NOT", "EXISTS"]);
    tokens.skip(&["IF", "EXISTS"]);
    let Some(Name { schema, name }) = tokens.index_name() else {
        return Question::Unknown;
    };
    let name = literal(dialect, &name);
    let place = match schema {
        Some(schema) => format!("n.nspname = {}", literal(dialect, &schema)),
        None => "pg_table_is_visible(c.oid)".to_owned(),
    };
    // An index that was being made or dropped is there and invalid: it is made again, or dropped again.
    let valid = if made { " AND i.indisvalid" } else { "" };
    Question::Exists {
        sql: format!(
            "SELECT c.relname::text AS value FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid \
             JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.relname = {name} AND {place}{valid}"
        ),
        made,
    }
}

fn mysql(tokens: &mut Tokens<'_>) -> Question {
    match tokens.first() {
        Some(
            "TRUNCATE" | "ANALYZE" | "OPTIMIZE" | "CHECK" | "REPAIR" | "GRANT" | "REVOKE" | "FLUSH",
        ) => {
            return Question::Repeatable;
        }
        Some("ALTER") if tokens.second() == Some("TABLE") => return alter_table(tokens),
        Some("RENAME") if tokens.second() == Some("TABLE") => {
            tokens.advance(2);
            let _old = tokens.name();
            return match (tokens.skip(&["TO"]), tokens.name()) {
                (true, Some(new)) => table_exists(&new, true),
                _ => Question::Unknown,
            };
        }
        _ => {}
    }
    let made = tokens.skip(&["CREATE"]);
    if !made && !tokens.skip(&["DROP"]) {
        return Question::Unknown;
    }
    if tokens.skip(&["OR", "REPLACE"])
        || tokens.soon(&["IF", "EXISTS"])
        || tokens.soon(&["IF", "NOT", "EXISTS"])
    {
        return Question::Repeatable;
    }
    // DEFINER, ALGORITHM, UNIQUE and the like stand in between.
    let Some(kind) = tokens.skip_to(&[
        "TABLE",
        "VIEW",
        "INDEX",
        "TRIGGER",
        "PROCEDURE",
        "FUNCTION",
        "EVENT",
        "DATABASE",
        "SCHEMA",
    ]) else {
        return Question::Unknown;
    };
    let Some(name) = tokens.name() else {
        return Question::Unknown;
    };
    if tokens.skip_mark(",") {
        // Several tables are dropped one after the other.
        return Question::Unknown;
    }
    let place = |schema: &str, column: &str, from: &str| Question::Exists {
        sql: format!(
            "SELECT CAST({column} AS CHAR) AS value FROM information_schema.{from} \
             WHERE {schema} = {} AND {column} = {} LIMIT 1",
            name.database(),
            literal(Dialect::Mysql, &name.name)
        ),
        made,
    };
    match kind {
        "TABLE" | "VIEW" => table_exists(&name, made),
        "TRIGGER" => place("trigger_schema", "trigger_name", "triggers"),
        "PROCEDURE" | "FUNCTION" => place("routine_schema", "routine_name", "routines"),
        "EVENT" => place("event_schema", "event_name", "events"),
        "INDEX" => match tokens.skip_to(&["ON"]).and_then(|_| tokens.name()) {
            Some(table) => index_exists(&table, &name.name, made),
            None => Question::Unknown,
        },
        _ => Question::Exists {
            sql: format!(
                "SELECT schema_name AS value FROM information_schema.schemata WHERE schema_name = {}",
                literal(Dialect::Mysql, &name.name)
            ),
            made,
        },
    }
}

/// MySQL carries out all actions of one ALTER TABLE or none: the first that can be seen decides.
fn alter_table(tokens: &mut Tokens<'_>) -> Question {
    tokens.advance(2);
    tokens.skip(&["IF", "EXISTS"]);
    let Some(table) = tokens.name() else {
        return Question::Unknown;
    };
    let mut all_repeatable = true;
    loop {
        match action(tokens, &table) {
            Question::Repeatable => {}
            Question::Unknown => all_repeatable = false,
            found @ Question::Exists { .. } => return found,
        }
        if !tokens.next_part() {
            break;
        }
    }
    if all_repeatable {
        Question::Repeatable
    } else {
        Question::Unknown
    }
}

fn action(tokens: &mut Tokens<'_>, table: &Name) -> Question {
    let column = |name: &str, made| Question::Exists {
        sql: format!(
            "SELECT CAST(column_name AS CHAR) AS value FROM information_schema.columns \
             WHERE table_schema = {} AND table_name = {} AND column_name = {}",
            table.database(),
            literal(Dialect::Mysql, &table.name),
            literal(Dialect::Mysql, name)
        ),
        made,
    };
    let constraint = |name: &str, made| Question::Exists {
        sql: format!(
            "SELECT CAST(constraint_name AS CHAR) AS value FROM information_schema.table_constraints \
             WHERE table_schema = {} AND table_name = {} AND constraint_name = {}",
            table.database(),
            literal(Dialect::Mysql, &table.name),
            literal(Dialect::Mysql, name)
        ),
        made,
    };
    let index = |name: &str, made| index_exists(table, name, made);
    let unknown_or = |name: Option<Name>, ask: &dyn Fn(&str) -> Question| match name {
        Some(name) => ask(&name.name),
        None => Question::Unknown,
    };
    let made = tokens.skip(&["ADD"]);
    if made || tokens.skip(&["DROP"]) {
        if tokens.skip(&["PRIMARY", "KEY"]) {
            return index("PRIMARY", made);
        }
        if tokens.skip(&["CONSTRAINT"]) || tokens.skip(&["FOREIGN", "KEY"]) {
            tokens.skip(&["IF", "EXISTS"]);
            return unknown_or(tokens.name(), &|name| constraint(name, made));
        }
        let unique = ["UNIQUE", "FULLTEXT", "SPATIAL"]
            .iter()
            .any(|word| tokens.skip(&[word]));
        if tokens.skip(&["INDEX"]) || tokens.skip(&["KEY"]) || unique {
            tokens.skip(&["IF", "EXISTS"]);
            tokens.skip(&["IF", "NOT", "EXISTS"]);
            return unknown_or(tokens.name(), &|name| index(name, made));
        }
        if ["CHECK", "PARTITION", "SYSTEM", "PERIOD"]
            .iter()
            .any(|word| tokens.first() == Some(*word))
        {
            return Question::Unknown;
        }
        tokens.skip(&["COLUMN"]);
        tokens.skip(&["IF", "NOT", "EXISTS"]);
        tokens.skip(&["IF", "EXISTS"]);
        return unknown_or(tokens.name(), &|name| column(name, made));
    }
    if tokens.skip(&["RENAME", "COLUMN"]) {
        let _old = tokens.name();
        tokens.skip(&["TO"]);
        return unknown_or(tokens.name(), &|name| column(name, true));
    }
    if tokens.skip(&["RENAME", "INDEX"]) || tokens.skip(&["RENAME", "KEY"]) {
        let _old = tokens.name();
        tokens.skip(&["TO"]);
        return unknown_or(tokens.name(), &|name| index(name, true));
    }
    if tokens.skip(&["RENAME"]) {
        if !tokens.skip(&["TO"]) {
            tokens.skip(&["AS"]);
        }
        return match tokens.name() {
            Some(name) => table_exists(&name, true),
            None => Question::Unknown,
        };
    }
    if tokens.skip(&["CHANGE"]) {
        tokens.skip(&["COLUMN"]);
        return match (tokens.name(), tokens.name()) {
            (Some(old), Some(new)) if !old.name.eq_ignore_ascii_case(&new.name) => {
                column(&new.name, true)
            }
            (Some(_), Some(_)) => Question::Repeatable,
            _ => Question::Unknown,
        };
    }
    const RESTATES: [&str; 13] = [
        "MODIFY",
        "ALTER",
        "COMMENT",
        "ENGINE",
        "CONVERT",
        "DEFAULT",
        "CHARACTER",
        "CHARSET",
        "COLLATE",
        "AUTO_INCREMENT",
        "ROW_FORMAT",
        "FORCE",
        "ALGORITHM",
    ];
    if RESTATES.iter().any(|word| tokens.first() == Some(*word)) {
        Question::Repeatable
    } else {
        Question::Unknown
    }
}

fn table_exists(name: &Name, made: bool) -> Question {
    Question::Exists {
        sql: format!(
            "SELECT CAST(table_name AS CHAR) AS value FROM information_schema.tables \
             WHERE table_schema = {} AND table_name = {}",
            name.database(),
            literal(Dialect::Mysql, &name.name)
        ),
        made,
    }
}

fn index_exists(table: &Name, index: &str, made: bool) -> Question {
    Question::Exists {
        sql: format!(
            "SELECT CAST(index_name AS CHAR) AS value FROM information_schema.statistics \
             WHERE table_schema = {} AND table_name = {} AND index_name = {} LIMIT 1",
            table.database(),
            literal(Dialect::Mysql, &table.name),
            literal(Dialect::Mysql, index)
        ),
        made,
    }
}

/// A name as it is written, perhaps with a schema before it.
struct Name {
    schema: Option<String>,
    name: String,
}

impl Name {
    /// The SQL of MySQL's database that it is in.
    fn database(&self) -> String {
        match &self.schema {
            Some(schema) => literal(Dialect::Mysql, schema),
            None => "DATABASE()".into(),
        }
    }
}

/// What is left of a statement.
struct Tokens<'a> {
    tokens: Vec<&'a str>,
    words: Vec<String>,
    at: usize,
    dialect: Dialect,
}

impl<'a> Tokens<'a> {
    fn new(statement: &Statement<'a>, dialect: Dialect) -> Self {
        let tokens = statement.tokens(dialect);
        let words = tokens
            .iter()
            .map(|token| token.to_ascii_uppercase())
            .collect();
        Self {
            tokens,
            words,
            at: 0,
            dialect,
        }
    }

    fn first(&self) -> Option<&str> {
        self.words.get(self.at).map(String::as_str)
    }

    fn second(&self) -> Option<&str> {
        self.words.get(self.at + 1).map(String::as_str)
    }

    fn advance(&mut self, by: usize) {
        self.at += by;
    }

    /// Whether these words come soon: further on they would be in a body.
    fn soon(&self, words: &[&str]) -> bool {
        let rest = &self.words[self.at.min(self.words.len())..];
        rest[..rest.len().min(8)]
            .windows(words.len())
            .any(|window| window == words)
    }

    /// Passes these words where they come next.
    fn skip(&mut self, words: &[&str]) -> bool {
        let next = self.words.get(self.at..self.at + words.len());
        let fits = next.is_some_and(|next| next == words);
        if fits {
            self.at += words.len();
        }
        fits
    }

    fn skip_mark(&mut self, mark: &str) -> bool {
        self.skip(&[mark])
    }

    /// Passes everything up to the first of these words, and that word.
    fn skip_to(&mut self, words: &[&'static str]) -> Option<&'static str> {
        let rest = &self.words[self.at.min(self.words.len())..];
        let (length, found) = rest.iter().enumerate().find_map(|(at, token)| {
            words
                .iter()
                .find(|word| *word == token)
                .map(|word| (at, *word))
        })?;
        self.at += length + 1;
        Some(found)
    }

    /// Passes everything up to the next comma outside of parentheses.
    fn next_part(&mut self) -> bool {
        let mut depth = 0_usize;
        while let Some(token) = self.tokens.get(self.at) {
            self.at += 1;
            match *token {
                "(" => depth += 1,
                ")" => depth = depth.saturating_sub(1),
                "," if depth == 0 => return true,
                _ => {}
            }
        }
        false
    }

    fn identifier(&mut self) -> Option<String> {
        let token = *self.tokens.get(self.at)?;
        let mark = token.chars().next()?;
        let name = match mark {
            '"' | '`' => {
                let inner = token.strip_prefix(mark)?.strip_suffix(mark)?;
                inner.replace(&format!("{mark}{mark}"), &mark.to_string())
            }
            _ if mark.is_alphanumeric() || mark == '_' => match self.dialect {
                Dialect::Postgres => token.to_lowercase(),
                Dialect::Mysql | Dialect::Sqlite => token.to_owned(),
            },
            _ => return None,
        };
        self.at += 1;
        Some(name)
    }

    /// The name of an index, which may have none before ON.
    fn index_name(&mut self) -> Option<Name> {
        if self.first() == Some("ON") {
            return None;
        }
        self.name()
    }

    fn name(&mut self) -> Option<Name> {
        let first = self.identifier()?;
        if self.skip_mark(".") {
            let (schema, name) = (Some(first), self.identifier()?);
            return Some(Name { schema, name });
        }
        let (schema, name) = (None, first);
        Some(Name { schema, name })
    }
}

#[cfg(test)]
#[path = "effect_tests.rs"]
mod tests;
