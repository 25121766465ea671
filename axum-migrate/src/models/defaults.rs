//! A column's default as the model says it: as a Rust value where the server would write that in the same words, else
//! in SQL.

use axum_db::Dialect;

use super::types::{Kind, RustType};
use crate::schema::Column;

/// The value of `default = …`; `None` where only SQL says the same.
pub(super) fn literal(
    dialect: Dialect,
    column: &Column,
    rust: &RustType,
    variant: impl Fn(&str) -> Option<String>,
) -> Option<String> {
    let sql = column.default.as_deref()?;
    match rust.kind {
        Kind::Bool => boolean(dialect, sql),
        Kind::Integer => integer(dialect, sql),
        Kind::Text => text(dialect, sql, &column.ty).map(|text| format!("{text:?}")),
        Kind::Enum => {
            let label = text(dialect, sql, &column.ty)?;
            Some(format!("{}::{}", rust.name, variant(&label)?))
        }
        Kind::UtcTime => (dialect == Dialect::Postgres && sql == "now()").then(|| "now".to_owned()),
        Kind::Time => {
            let now = if rust.name.ends_with("NaiveDate") {
                "CURRENT_DATE"
            } else if rust.name.ends_with("NaiveTime") {
                "CURRENT_TIME"
            } else {
                "CURRENT_TIMESTAMP"
            };
            (dialect == Dialect::Sqlite && sql == now).then(|| "now".to_owned())
        }
        Kind::Decimal => sql
            .parse::<i64>()
            .ok()
            .filter(|_| dialect == Dialect::Postgres)
            .map(|it| it.to_string()),
        Kind::Float | Kind::Bytes | Kind::Raw | Kind::Other => None,
    }
}

fn boolean(dialect: Dialect, sql: &str) -> Option<String> {
    let value = match (dialect, sql) {
        (Dialect::Postgres, "true") | (Dialect::Sqlite, "TRUE") | (Dialect::Mysql, "1" | "'1'") => {
            "true"
        }
        (Dialect::Postgres, "false")
        | (Dialect::Sqlite, "FALSE")
        | (Dialect::Mysql, "0" | "'0'") => "false",
        _ => return None,
    };
    Some(value.to_owned())
}

fn integer(dialect: Dialect, sql: &str) -> Option<String> {
    // PostgreSQL writes a negative one as '-1'::integer.
    let digits = match dialect {
        Dialect::Postgres => match sql
            .strip_prefix("'-")
            .and_then(|rest| rest.split_once("'::"))
        {
            Some((digits, _)) => format!("-{digits}"),
            None => sql.to_owned(),
        },
        Dialect::Sqlite | Dialect::Mysql => sql.to_owned(),
    };
    let value = digits.parse::<i64>().ok()?.to_string();
    // As `+1` and `007` are written otherwise.
    (value == digits).then_some(value)
}

/// The text of a literal that has the column's own type.
fn text(dialect: Dialect, sql: &str, ty: &str) -> Option<String> {
    let literal = match dialect {
        Dialect::Postgres => {
            let (literal, cast) = sql.rsplit_once("::")?;
            let bare = ty.split('(').next().unwrap_or(ty);
            (cast == ty || cast == bare).then_some(literal)?
        }
        Dialect::Sqlite | Dialect::Mysql => sql,
    };
    if dialect == Dialect::Mysql {
        return mysql_text(literal).filter(|text| !text.contains(['\n', '\r']));
    }
    let inside = literal.strip_prefix('\'')?.strip_suffix('\'')?;
    let plain = inside.replace("''", "\u{0}");
    if plain.contains(['\'', '\n', '\r']) {
        return None;
    }
    Some(plain.replace('\u{0}', "'"))
}

/// What a literal of MySQL's says, in which a backslash escapes.
pub(super) fn mysql_text(literal: &str) -> Option<String> {
    let inside = literal.strip_prefix('\'')?.strip_suffix('\'')?;
    let mut text = String::new();
    let mut characters = inside.chars();
    while let Some(c) = characters.next() {
        text.push(match c {
            '\'' => characters.next().filter(|next| *next == '\'')?,
            '\\' => match characters.next()? {
                '0' => '\0',
                'b' => '\u{8}',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'Z' => '\u{1a}',
                // Which keep it, for LIKE.
                '%' | '_' => return None,
                other => other,
            },
            c => c,
        });
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_those_of_the_columns_own_type() {
        let varchar = "character varying(20)";
        assert_eq!(
            text(Dialect::Postgres, "'it''s'::character varying", varchar).as_deref(),
            Some("it's")
        );
        assert_eq!(text(Dialect::Postgres, "'x'::text", varchar), None);
        assert_eq!(text(Dialect::Postgres, "lower('x'::text)", "text"), None);
        assert_eq!(
            text(Dialect::Mysql, "'a\\\\b'", "varchar(3)").as_deref(),
            Some("a\\b")
        );
        assert_eq!(
            mysql_text("'it''s\\n\\\\n\\''").as_deref(),
            Some("it's\n\\n'")
        );
        assert_eq!(mysql_text("'a' 'b'"), None);
        assert_eq!(text(Dialect::Mysql, "'a\\nb'", "varchar(3)"), None);
        assert_eq!(text(Dialect::Sqlite, "'a' || 'b'", "TEXT"), None);
        assert_eq!(
            integer(Dialect::Postgres, "'-1'::integer").as_deref(),
            Some("-1")
        );
        assert_eq!(integer(Dialect::Sqlite, "+1"), None);
    }
}
