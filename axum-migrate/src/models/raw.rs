//! PostgreSQL's types that have no counterpart in Rust: a type of their own each, over the bytes that the server sends.

use std::collections::{BTreeMap, BTreeSet};

use super::names;
use crate::token::{Kind, tokens};

/// The Rust types, by PostgreSQL's own.
#[derive(Debug, Default)]
pub(super) struct RawTypes(BTreeMap<String, Raw>);

#[derive(Debug)]
struct Raw {
    /// The struct of a value.
    value: String,
    /// The type that Diesel knows it by.
    sql: String,
    schema: Option<String>,
    name: String,
}

impl RawTypes {
    /// Gives each of these types its names.
    pub(super) fn new<'t>(
        types: impl Iterator<Item = &'t str>,
        taken: &mut BTreeSet<String>,
    ) -> Self {
        let distinct: BTreeSet<&str> = types.map(without_length).collect();
        let named = distinct.into_iter().map(|ty| {
            let (schema, name) = catalog_name(ty);
            let words = match name.strip_prefix('_') {
                Some(element) => format!("{element}_array"),
                None => name.clone(),
            };
            let value = names::raw(&words, taken);
            let sql = names::raw(&format!("{value}Type"), taken);
            let raw = Raw {
                value,
                sql,
                schema,
                name,
            };
            (ty.to_owned(), raw)
        });
        Self(named.collect())
    }

    /// The struct of a value and the type for Diesel.
    pub(super) fn get(&self, ty: &str) -> Option<(&str, &str)> {
        let raw = self.0.get(without_length(ty))?;
        Some((&raw.value, &raw.sql))
    }

    /// The items of the source.
    pub(super) fn write(&self) -> Vec<String> {
        self.0.iter().map(|(ty, raw)| raw.write(ty)).collect()
    }
}

impl Raw {
    fn write(&self, ty: &str) -> String {
        let Self { value, sql, .. } = self;
        let schema = self
            .schema
            .as_ref()
            .map(|schema| format!(", schema = {schema:?}"))
            .unwrap_or_default();
        format!(
            "/// PostgreSQL's `{ty}`, which Rust has no type for: the bytes that the server sends and takes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, diesel::expression::AsExpression, diesel::deserialize::FromSqlRow)]
#[diesel(sql_type = {sql})]
pub struct {value}(pub Vec<u8>);

/// What Diesel knows it by.
#[derive(Debug, Clone, Copy, diesel::sql_types::SqlType, diesel::query_builder::QueryId)]
#[diesel(postgres_type(name = {name:?}{schema}))]
pub struct {sql};

impl axum_db::model::ColumnType for {sql} {{
    fn column_type(
        _: axum_db::Dialect,
        _: &axum_db::model::TypeContext,
    ) -> std::borrow::Cow<'static, str> {{
        {ty:?}.into()
    }}
}}

impl diesel::deserialize::FromSql<{sql}, diesel::pg::Pg> for {value} {{
    fn from_sql(bytes: diesel::pg::PgValue<'_>) -> diesel::deserialize::Result<Self> {{
        Ok(Self(bytes.as_bytes().to_vec()))
    }}
}}

impl diesel::serialize::ToSql<{sql}, diesel::pg::Pg> for {value} {{
    fn to_sql<'b>(
        &'b self,
        out: &mut diesel::serialize::Output<'b, '_, diesel::pg::Pg>,
    ) -> diesel::serialize::Result {{
        std::io::Write::write_all(out, &self.0)?;
        Ok(diesel::serialize::IsNull::No)
    }}
}}
",
            name = self.name,
        )
    }
}

/// `bit(8)` as `bit`; what stands behind the number is part of the name, and so are the brackets of an array.
fn without_length(ty: &str) -> &str {
    match ty.split_once('(') {
        Some((name, rest)) if rest.ends_with(')') && !name.contains('"') => name,
        _ => ty,
    }
}

/// The schema, where it is said, and the name that the catalog has for a type.
fn catalog_name(ty: &str) -> (Option<String>, String) {
    if let Some(element) = ty.strip_suffix("[]") {
        let (schema, name) = catalog_name(element);
        return (schema, format!("_{name}"));
    }
    let (name, after) = match ty.split_once('(') {
        Some((name, rest)) => (name, rest.split_once(')').map_or("", |(_, after)| after)),
        None => (ty, ""),
    };
    let spoken = format!("{name}{after}");
    let known = match spoken.as_str() {
        "bit varying" => "varbit",
        "boolean" => "bool",
        "character" => "bpchar",
        "character varying" => "varchar",
        "double precision" => "float8",
        "bigint" => "int8",
        "integer" => "int4",
        "real" => "float4",
        "smallint" => "int2",
        "time with time zone" => "timetz",
        "time without time zone" => "time",
        "timestamp with time zone" => "timestamptz",
        "timestamp without time zone" => "timestamp",
        // Which of its fields it has is not the type's name.
        _ if spoken.starts_with("interval ") => "interval",
        _ => "",
    };
    if !known.is_empty() {
        return (None, known.to_owned());
    }
    let names: Vec<String> = tokens(&spoken)
        .iter()
        .filter(|token| matches!(token.kind, Kind::Word | Kind::Quoted))
        .filter_map(crate::token::Token::identifier)
        .collect();
    match names.as_slice() {
        [schema, name] => (Some(schema.clone()), name.clone()),
        [name] => (None, name.clone()),
        _ => (None, spoken),
    }
}

#[cfg(test)]
mod tests {
    use super::catalog_name;

    #[test]
    fn names_are_those_of_the_catalog() {
        let name = |ty: &str| {
            let (schema, name) = catalog_name(ty);
            format!("{}|{name}", schema.unwrap_or_default())
        };
        for (ty, own) in [
            ("inet", "|inet"),
            ("bit(24)", "|bit"),
            ("bit varying(5)[]", "|_varbit"),
            ("time(3) with time zone", "|timetz"),
            ("\"char\"", "|char"),
            ("geo.\"Full Address\"", "geo|Full Address"),
            ("uuid[]", "|_uuid"),
            ("interval day to second(3)[]", "|_interval"),
        ] {
            assert_eq!(name(ty), own);
        }
    }
}
