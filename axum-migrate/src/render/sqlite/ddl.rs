//! CREATE TABLE and CREATE INDEX of SQLite.

use axum_db::Dialect;

use crate::render::{constraint, foreign_key, key_list, references};
use crate::schema::{Auto, Check, Column, ForeignKey, Index, KeyTarget, PrimaryKey, Table, Unique};
use crate::token::{Kind, tokens};

const SQLITE: Dialect = Dialect::Sqlite;

/// The table under the name `called`, without its indexes.
pub(super) fn create_table(table: &Table, called: &str) -> String {
    let inline = inline_key(table);
    let mut lines: Vec<String> = table
        .columns
        .iter()
        .map(|own| column(own, inline.filter(|key| key.columns[0] == own.name)))
        .collect();
    if inline.is_none()
        && let Some(key) = &table.primary_key
    {
        lines.push(format!(
            "{}PRIMARY KEY ({}){}",
            constraint(SQLITE, key.name.as_ref()),
            key_list(SQLITE, &key.columns, &key.suffixes),
            conflict(key.on_conflict.as_ref())
        ));
    }
    lines.extend(table.uniques.iter().map(unique));
    lines.extend(table.checks.iter().map(check));
    lines.extend(
        table
            .foreign_keys
            .iter()
            .map(|key| foreign_key(SQLITE, key)),
    );
    let mut options = Vec::new();
    if table.options.strict {
        options.push("STRICT");
    }
    if table.options.without_rowid {
        options.push("WITHOUT ROWID");
    }
    let options = if options.is_empty() {
        String::new()
    } else {
        format!(" {}", options.join(", "))
    };
    format!(
        "CREATE TABLE {} (\n  {}\n){options}",
        SQLITE.quote(called),
        lines.join(",\n  ")
    )
}

/// A key of one column is written at the column: the only place for AUTOINCREMENT, and the only one where DESC
/// makes an INTEGER another thing than the rowid. The one without a place for a collation, though.
fn inline_key(table: &Table) -> Option<&PrimaryKey> {
    table.primary_key.as_ref().filter(|key| {
        let is_order = |suffix: &String| suffix.is_empty() || suffix == " DESC";
        key.columns.len() == 1 && key.suffixes.iter().all(is_order)
    })
}

fn column(column: &Column, key: Option<&PrimaryKey>) -> String {
    let mut sql = column_base(column);
    if let Some(key) = key {
        sql.push_str(&format!(
            " {}PRIMARY KEY{}{}{}",
            constraint(SQLITE, key.name.as_ref()),
            key.suffixes.first().map_or("", String::as_str),
            conflict(key.on_conflict.as_ref()),
            if column.auto == Some(Auto::Increment) {
                " AUTOINCREMENT"
            } else {
                ""
            }
        ));
    }
    sql
}

fn column_base(column: &Column) -> String {
    let mut sql = SQLITE.quote(&column.name);
    if !column.ty.is_empty() {
        sql.push(' ');
        sql.push_str(&type_name(&column.ty));
    }
    if let Some(collation) = &column.collation {
        sql.push_str(&format!(" COLLATE {}", SQLITE.quote(collation)));
    }
    if !column.nullable {
        sql.push_str(&format!(
            " NOT NULL{}",
            conflict(column.on_conflict.as_ref())
        ));
    }
    if let Some(default) = &column.default {
        sql.push_str(&format!(" DEFAULT {}", default_value(default)));
    }
    if let Some(generated) = &column.generated {
        let kind = if generated.stored {
            "STORED"
        } else {
            "VIRTUAL"
        };
        sql.push_str(&format!(
            " GENERATED ALWAYS AS ({}) {kind}",
            generated.expression
        ));
    }
    sql
}

/// What follows `ALTER TABLE … ADD COLUMN`.
pub(super) fn added_column(column: &Column, key: Option<&ForeignKey>) -> String {
    let mut sql = column_base(column);
    if let Some(key) = key {
        sql.push_str(&format!(
            " {}{}",
            constraint(SQLITE, key.name.as_ref()),
            references(SQLITE, key)
        ));
    }
    sql
}

/// A type as it was declared; what is no plain type is quoted as a name.
fn type_name(ty: &str) -> String {
    const NOT_IN_TYPES: [&str; 11] = [
        "PRIMARY",
        "NOT",
        "NULL",
        "UNIQUE",
        "CHECK",
        "DEFAULT",
        "COLLATE",
        "REFERENCES",
        "CONSTRAINT",
        "AS",
        "GENERATED",
    ];
    let tokens = tokens(ty);
    let mut depth = 0_i32;
    let plain = tokens.iter().all(|token| match (token.kind, token.text) {
        (Kind::Symbol, "(") => {
            depth += 1;
            depth == 1
        }
        (Kind::Symbol, ")") => {
            depth -= 1;
            depth == 0
        }
        (Kind::Symbol, "," | "+" | "-") | (Kind::Number, _) => depth == 1,
        (Kind::Word, word) => !NOT_IN_TYPES.contains(&word),
        _ => false,
    });
    if plain && depth == 0 {
        ty.to_owned()
    } else {
        SQLITE.quote(ty)
    }
}

/// A default that is more than a literal needs parentheses; the catalog drops them.
fn default_value(default: &str) -> String {
    if is_literal(default) {
        default.to_owned()
    } else {
        format!("({default})")
    }
}

fn is_literal(default: &str) -> bool {
    match tokens(default).as_slice() {
        [only] => only.kind != Kind::Symbol,
        [sign, number] => sign.kind == Kind::Symbol && number.kind == Kind::Number,
        _ => false,
    }
}

/// Whether `ALTER TABLE … ADD COLUMN` takes the default.
pub(super) fn is_constant(default: &str) -> bool {
    is_literal(default) && !default.to_uppercase().starts_with("CURRENT_")
}

fn conflict(action: Option<&String>) -> String {
    action
        .map(|action| format!(" ON CONFLICT {action}"))
        .unwrap_or_default()
}

fn unique(unique: &Unique) -> String {
    format!(
        "{}UNIQUE ({}){}",
        constraint(SQLITE, unique.name.as_ref()),
        key_list(SQLITE, &unique.columns, &unique.suffixes),
        conflict(unique.on_conflict.as_ref())
    )
}

fn check(check: &Check) -> String {
    format!(
        "{}CHECK ({})",
        constraint(SQLITE, check.name.as_ref()),
        check.expression
    )
}

pub(super) fn create_index(table: &str, index: &Index) -> String {
    let keys: Vec<String> = index
        .keys
        .iter()
        .map(|key| match &key.target {
            KeyTarget::Column(name) => format!("{}{}", SQLITE.quote(name), key.suffix),
            KeyTarget::Expression(sql) => format!("{sql}{}", key.suffix),
        })
        .collect();
    format!(
        "CREATE {}INDEX {} ON {} ({}){}",
        if index.unique { "UNIQUE " } else { "" },
        SQLITE.quote(&index.name),
        SQLITE.quote(table),
        keys.join(", "),
        index
            .predicate
            .as_ref()
            .map(|it| format!(" WHERE {it}"))
            .unwrap_or_default()
    )
}
