//! What a type of a column can hold: whether a change of it loses anything, and what stands for nothing in it.

use crate::token::{Kind, tokens};

/// Whether every value of `from` is a value of `to`.
pub(super) fn is_widening(from: &str, to: &str) -> bool {
    let (from_name, from_arguments) = split_type(from);
    let (to_name, to_arguments) = split_type(to);
    if from_name == to_name {
        return match (from_arguments.as_slice(), to_arguments.as_slice()) {
            (_, []) => true,
            ([from], [to]) => from <= to,
            // NUMERIC(precision, scale): neither the whole digits nor the decimals may shrink.
            ([from, from_scale], [to, to_scale]) => {
                from_scale <= to_scale && from - from_scale <= to - to_scale
            }
            _ => false,
        };
    }
    const INTEGERS: [&[&str]; 5] = [
        &["tinyint"],
        &["smallint", "int2"],
        &["mediumint"],
        &["int", "integer", "int4"],
        &["bigint", "int8"],
    ];
    let rank = |name: &str| INTEGERS.iter().position(|names| names.contains(&name));
    if let (Some(from), Some(to)) = (rank(&from_name), rank(&to_name)) {
        return from <= to;
    }
    let is_text =
        |name: &str| name.contains("char") || name.ends_with("text") || rank(name).is_some();
    is_text(&from_name) && matches!(to_name.as_str(), "text" | "longtext")
        || from_name == "real" && to_name == "double precision"
        || from_name == "float" && to_name == "double"
}

fn split_type(ty: &str) -> (String, Vec<i64>) {
    let ty = ty.to_lowercase();
    let (name, rest) = ty.split_once('(').unwrap_or((&ty, ""));
    let (arguments, after) = rest.split_once(')').unwrap_or((rest, ""));
    let name = format!("{}{after}", name.trim());
    (
        name,
        arguments
            .split(',')
            .filter_map(|argument| argument.trim().parse().ok())
            .collect(),
    )
}

/// What a named type of PostgreSQL begins with, in place of a value: the renderer, which knows the enums, writes it.
pub(crate) const FIRST_VALUE: &str = "enum_first(NULL::";

/// A value for a type that is neither a number nor any text, by the beginning of the type's name.
const VALUES: [(&[&str], &str); 19] = [
    (&["bool"], "false"),
    (&["timestamp", "datetime"], "'1970-01-01 00:00:00'"),
    (&["date"], "'1970-01-01'"),
    (&["timetz", "time"], "'00:00:00'"),
    (&["interval"], "'0'"),
    (&["uuid"], "'00000000-0000-0000-0000-000000000000'"),
    (&["json"], "'{}'"),
    (&["inet", "cidr"], "'0.0.0.0'"),
    (&["macaddr8"], "'00:00:00:00:00:00:00:00'"),
    (&["macaddr"], "'00:00:00:00:00:00'"),
    (&["point", "polygon"], "'(0,0)'"),
    (&["lseg", "path"], "'[(0,0),(0,0)]'"),
    (&["box"], "'(0,0),(0,0)'"),
    (&["line"], "'{1,0,0}'"),
    (&["circle"], "'<(0,0),0>'"),
    (&["xml"], "'<x/>'"),
    (
        &[
            "int4range",
            "int8range",
            "numrange",
            "tsrange",
            "tstzrange",
            "daterange",
        ],
        "'empty'",
    ),
    (
        &[
            "int4multirange",
            "int8multirange",
            "nummultirange",
            "tsmultirange",
            "tstzmultirange",
            "datemultirange",
        ],
        "'{}'",
    ),
    (&["bit"], "B'0'"),
];

/// Types whose values include the empty text.
const TEXTS: [&str; 22] = [
    "char",
    "\"char\"",
    "varchar",
    "text",
    "tinytext",
    "mediumtext",
    "longtext",
    "clob",
    "bytea",
    "blob",
    "tinyblob",
    "mediumblob",
    "longblob",
    "binary",
    "varbinary",
    "set(",
    "name",
    "citext",
    "tsvector",
    "tsquery",
    "hstore",
    "ltree",
];

/// Types whose values include 0.
const NUMBERS: [&str; 12] = [
    "int",
    "tinyint",
    "smallint",
    "mediumint",
    "bigint",
    "numeric",
    "decimal",
    "real",
    "double",
    "float",
    "money",
    "oid",
];

/// A value that any column of the type takes.
pub(super) fn neutral_value(ty: &str) -> String {
    let named = ty;
    let ty = ty.to_lowercase();
    if ty.starts_with("enum(") {
        // As it is written: its letters may be large, and have commas between them.
        let values = tokens(named);
        let first = values.iter().find(|token| token.kind == Kind::String);
        return first.map_or("''", |token| token.text).to_owned();
    }
    let starts = |names: &[&str]| names.iter().any(|name| ty.starts_with(name));
    if ty.ends_with("[]") {
        return "'{}'".to_owned();
    }
    if let Some(length) = ty
        .strip_prefix("bit(")
        .and_then(|rest| rest.strip_suffix(')'))
    {
        return format!("B'{}'", "0".repeat(length.parse().unwrap_or(1)));
    }
    if starts(&TEXTS) || ty.is_empty() {
        return "''".to_owned();
    }
    // Before the numbers: `int4range` begins as a number does.
    if let Some((_, value)) = VALUES.iter().find(|(names, _)| starts(names)) {
        return (*value).to_owned();
    }
    // The others in small letters, or in quotes, are types of PostgreSQL that someone made.
    let is_postgres = named.starts_with('"') || named.to_lowercase() == named;
    if is_postgres && !starts(&NUMBERS) && ty != "year" {
        return format!("{FIRST_VALUE}{named})");
    }
    "0".to_owned()
}
