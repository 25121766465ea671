//! CREATE INDEX.

use std::fmt::Write as _;

use super::{list, place};
use crate::Dialect;
use crate::model::{IndexDef, KeyDef, KeyTarget, TableDef};

pub(super) fn create(table: &TableDef, index: &IndexDef, dialect: Dialect) -> String {
    let name = dialect.quote(&index.name_in(&table.name));
    let on = place(table, dialect);
    let keys: Vec<String> = index.keys.iter().map(|own| key(own, dialect)).collect();
    let keys = keys.join(", ");
    let unique = if index.unique { "UNIQUE " } else { "" };
    let mut sql = match (dialect, &index.using) {
        (Dialect::Mysql, Some(_)) if index.is_of_words() => {
            let kind = index.using.as_deref().unwrap_or_default().to_uppercase();
            format!("CREATE {kind} INDEX {name} ON {on} ({keys})")
        }
        (Dialect::Mysql, Some(using)) => {
            let using = using.to_uppercase();
            format!("CREATE {unique}INDEX {name} USING {using} ON {on} ({keys})")
        }
        (Dialect::Postgres, Some(using)) => {
            let using = dialect.quote(using);
            format!("CREATE {unique}INDEX {name} ON {on} USING {using} ({keys})")
        }
        (Dialect::Sqlite, _) | (_, None) => {
            format!("CREATE {unique}INDEX {name} ON {on} ({keys})")
        }
    };
    if !index.include.is_empty() {
        let _ = write!(sql, " INCLUDE ({})", list(&index.include, dialect));
    }
    if index.nulls_not_distinct {
        sql.push_str(" NULLS NOT DISTINCT");
    }
    if let Some(filter) = &index.filter {
        let _ = write!(sql, " WHERE {filter}");
    }
    sql
}

fn key(key: &KeyDef, dialect: Dialect) -> String {
    let mut sql = match &key.target {
        KeyTarget::Column(name) => dialect.quote(name),
        KeyTarget::Expression(sql) if dialect == Dialect::Sqlite => sql.to_string(),
        KeyTarget::Expression(sql) => format!("({sql})"),
    };
    if let Some(length) = key.length {
        let _ = write!(sql, "({length})");
    }
    if let Some(collation) = &key.collation {
        let _ = write!(sql, " COLLATE {}", dialect.quote(collation));
    }
    if let Some(opclass) = &key.opclass {
        let _ = write!(sql, " {opclass}");
    }
    if key.descending {
        sql.push_str(" DESC");
    }
    match key.nulls_first {
        None => {}
        Some(true) => sql.push_str(" NULLS FIRST"),
        Some(false) => sql.push_str(" NULLS LAST"),
    }
    sql
}
