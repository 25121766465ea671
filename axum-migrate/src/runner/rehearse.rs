//! A script run on a scratch place.

use axum_db::Dialect;
use diesel_async::SimpleAsyncConnection as _;

use super::script::{Script, StatementKind, excerpt};
use super::split::Statement;
use crate::engine::ROOM_FOR;
use crate::error::what_it_needs;
use crate::render::enum_made_anew;
use crate::schema::EnumType;
use crate::token::{Kind, Token, tokens};
use crate::{Engine, Error, ErrorKind};

/// Runs a script on a scratch place: nothing is recorded. `later` are those that run there after it.
///
/// PostgreSQL's scratch place is a transaction, which the script must neither end nor need to be without. The values
/// that it adds to an enum could not be used there, so where they may be the type is made anew.
pub(crate) async fn rehearse<B: Engine>(
    conn: &mut B::Connection,
    sql: &str,
    file: &str,
    later: &[&str],
) -> Result<(), Error> {
    let script = Script::new(sql, B::DIALECT);
    let in_transaction = B::DIALECT == Dialect::Postgres;
    for (at, statement) in script.statements.iter().enumerate() {
        if at % ROOM_FOR == ROOM_FOR - 1 {
            B::make_room(conn).await?;
        }
        let ends_transaction = matches!(
            script.kinds[at],
            StatementKind::Begin | StatementKind::Commit | StatementKind::Rollback
        );
        if in_transaction && ends_transaction {
            continue;
        }
        let mut instead = None;
        if in_transaction && let Some(added) = AddedValue::read(statement.sql) {
            let rest = script.statements[at + 1..].iter().map(|it| it.sql);
            let is_used = |sql: &str| sql.contains(added.literal);
            if rest.chain(later.iter().copied()).any(is_used) {
                instead = added.type_anew::<B>(conn).await?;
            }
        }
        let sql = match instead {
            Some(statements) => statements.join(";\n"),
            None if in_transaction => within_transaction(statement),
            None => statement.sql.to_owned(),
        };
        conn.batch_execute(&sql).await.map_err(|error| {
            let needs = what_it_needs(&error.to_string())
                .map(|next| format!("What it needs: {next}.\n"))
                .unwrap_or_default();
            Error::new(
                ErrorKind::Script,
                format!(
                    "{file}, statement {} of {} (line {}) failed on a scratch copy: {error}\n\n{}\n{needs}",
                    at + 1,
                    script.statements.len(),
                    statement.line,
                    excerpt(statement.sql)
                ),
            )
            .with_source(error)
        })?;
    }
    Ok(())
}

fn within_transaction(statement: &Statement<'_>) -> String {
    if let Some(sql) = without_extension(statement.sql).or_else(|| with_extension(statement.sql)) {
        return sql;
    }
    let words = statement.words(Dialect::Postgres);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    // A quoted name is no word.
    if !matches!(words[..], ["CREATE", "SCHEMA", ref rest @ ..] if rest.first() != Some(&"IF")) {
        return statement.without_word("CONCURRENTLY", Dialect::Postgres);
    }
    // The scratch place has the schemas that it was told of.
    let schema = tokens(statement.sql).get(1).map_or(0, Token::end);
    let (create, name) = statement.sql.split_at(schema);
    format!("{create} IF NOT EXISTS{name}")
}

/// What drops an extension, where that can be. What there is beside the scratch place may need it: then it steps aside,
/// so that its schema can go.
fn without_extension(sql: &str) -> Option<String> {
    let tokens = tokens(sql);
    let at = if is_word(&tokens, 2, "IF") { 4 } else { 2 };
    let is_drop = is_word(&tokens, 0, "DROP") && is_word(&tokens, 1, "EXTENSION");
    if !is_drop || tokens.len() != at + 1 {
        return None;
    }
    let name = literal(&name(tokens.get(at)?)?);
    Some(format!(
        "DO {}",
        literal(&format!(
            "BEGIN {sql}; EXCEPTION WHEN dependent_objects_still_exist THEN \
             EXECUTE format('ALTER EXTENSION %I SET SCHEMA %I', {name}, current_schema()); \
             PERFORM set_config('axum_migrate.aside_' || md5({name}), 'yes', true); END"
        ))
    ))
}

/// What makes an extension in a schema: one that stepped aside comes back there.
fn with_extension(sql: &str) -> Option<String> {
    let tokens = tokens(sql);
    let at = if is_word(&tokens, 2, "IF") { 5 } else { 2 };
    let is_create = is_word(&tokens, 0, "CREATE") && is_word(&tokens, 1, "EXTENSION");
    let schema = (at + 1..tokens.len()).find(|at| is_word(&tokens, *at, "SCHEMA"))?;
    if !is_create {
        return None;
    }
    let name = literal(&name(tokens.get(at)?)?);
    let schema = literal(&self::name(tokens.get(schema + 1)?)?);
    Some(format!(
        "DO {}",
        literal(&format!(
            "BEGIN {sql}; IF current_setting('axum_migrate.aside_' || md5({name}), true) = 'yes' THEN \
             EXECUTE format('ALTER EXTENSION %I SET SCHEMA %I', {name}, {schema}); END IF; END"
        ))
    ))
}

fn is_word(tokens: &[Token<'_>], at: usize, word: &str) -> bool {
    let token = tokens.get(at).filter(|token| token.kind == Kind::Word);
    token.is_some_and(|token| token.text.eq_ignore_ascii_case(word))
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// `ALTER TYPE schema.name ADD VALUE IF NOT EXISTS 'value' BEFORE 'neighbour'`
struct AddedValue<'a> {
    schema: Option<String>,
    name: String,
    /// The value as it is written.
    literal: &'a str,
    value: String,
    /// Whether it stands before or after which other one; at the end otherwise.
    place: Option<(bool, String)>,
}

impl<'a> AddedValue<'a> {
    fn read(sql: &'a str) -> Option<Self> {
        let tokens = tokens(sql);
        let is = |at: usize, word: &str| is_word(&tokens, at, word);
        let string = |at: usize| tokens.get(at).filter(|token| token.kind == Kind::String);
        if !is(0, "ALTER") || !is(1, "TYPE") {
            return None;
        }
        let first = name(tokens.get(2)?)?;
        let (schema, name, add) = if tokens.get(3)?.is_symbol(".") {
            (Some(first), name(tokens.get(4)?)?, 5)
        } else {
            (None, first, 3)
        };
        if !is(add, "ADD") || !is(add + 1, "VALUE") {
            return None;
        }
        let at = add + if is(add + 2, "IF") { 5 } else { 2 };
        let neighbour = string(at + 2).and_then(Token::identifier);
        Some(Self {
            schema,
            name,
            literal: string(at)?.text,
            value: string(at)?.identifier()?,
            place: neighbour.map(|neighbour| (is(at + 1, "BEFORE"), neighbour)),
        })
    }

    /// The statements that make the type anew with the value; none where it is there, or the type is not known.
    async fn type_anew<B: Engine>(
        &self,
        conn: &mut B::Connection,
    ) -> Result<Option<Vec<String>>, Error> {
        let state = B::introspect(conn).await?;
        let key = self.schema.as_ref().map(|it| format!("{it}.{}", self.name));
        let in_schema = key.and_then(|key| state.enums.get(&key));
        let Some(from) = in_schema.or_else(|| state.enums.get(&self.name)) else {
            return Ok(None);
        };
        if from.values.contains(&self.value) {
            return Ok(None);
        }
        let at = self.place.as_ref().and_then(|(before, neighbour)| {
            let at = from.values.iter().position(|value| value == neighbour)?;
            Some(if *before { at } else { at + 1 })
        });
        let mut to: EnumType = from.clone();
        to.values
            .insert(at.unwrap_or(from.values.len()), self.value.clone());
        enum_made_anew(B::DIALECT, from, &to, &state).map(Some)
    }
}

/// A name as PostgreSQL knows it.
fn name(token: &Token<'_>) -> Option<String> {
    match token.kind {
        Kind::Word => Some(token.text.to_lowercase()),
        Kind::Quoted => token.identifier(),
        Kind::String | Kind::Number | Kind::Symbol => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{AddedValue, without_extension};

    #[test]
    fn extensions_step_aside_where_they_are_needed() {
        for (sql, is_tried) in [
            ("DROP EXTENSION hstore", true),
            ("drop extension if exists \"uuid-ossp\"", true),
            ("DROP EXTENSION hstore CASCADE", false),
            ("DROP EXTENSION hstore, citext", false),
            ("DROP TABLE extension", false),
        ] {
            assert_eq!(without_extension(sql).is_some(), is_tried, "{sql}");
        }
    }

    #[test]
    fn added_values_are_read_in_every_spelling() {
        let read = |sql| {
            let added = AddedValue::read(sql)?;
            Some((added.schema, added.name, added.value, added.place))
        };
        let some = |schema: Option<&str>, name: &str, value: &str, place: Option<(bool, &str)>| {
            let place = place.map(|(before, neighbour)| (before, neighbour.to_owned()));
            Some((schema.map(str::to_owned), name.into(), value.into(), place))
        };
        for (sql, found) in [
            (
                "ALTER TYPE Mood ADD VALUE 'ok'",
                some(None, "mood", "ok", None),
            ),
            (
                "-- more\nalter type \"A\".\"Mo\"\"od\" add value if not exists 'it''s' after 'ok'",
                some(Some("A"), "Mo\"od", "it's", Some((false, "ok"))),
            ),
            (
                "ALTER TYPE mood ADD VALUE 'x' BEFORE 'y'",
                some(None, "mood", "x", Some((true, "y"))),
            ),
            ("ALTER TYPE mood RENAME VALUE 'x' TO 'y'", None),
            ("ALTER TYPE mood", None),
            ("ALTER TABLE mood ADD VALUE integer", None),
        ] {
            assert_eq!(read(sql), found, "{sql}");
        }
    }
}
