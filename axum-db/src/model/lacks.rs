//! What a table asks for and an engine does not have.

use super::{ColumnDef, IndexDef, KeyDef, KeyTarget, TableDef, UniqueDef};
use crate::Dialect;

/// The methods that are MySQL's own; all others but `btree` and `hash` are PostgreSQL's.
const MYSQL_METHODS: [&str; 2] = ["fulltext", "spatial"];

/// The first thing of `table`, as it is on `dialect`, that this engine does not have.
pub(super) fn first(table: &TableDef, dialect: Dialect) -> Option<String> {
    if table.schema.is_some() && dialect != Dialect::Postgres {
        return Some("a schema".to_owned());
    }
    if dialect != Dialect::Mysql
        && let Some((column, _)) = table.primary_key_lengths.first()
    {
        return Some(format!("a key over the beginning of a column (`{column}`)"));
    }
    let columns = table
        .columns
        .iter()
        .find_map(|column| of_column(table, column, dialect));
    let uniques = || {
        let of = |rule| Some((of_unique(rule, dialect)?, rule.name_in(&table.name)));
        table.uniques.iter().find_map(of)
    };
    let indexes = || {
        let of = |index| Some((of_index(index, dialect)?, index.name_in(&table.name)));
        table.indexes.iter().find_map(of)
    };
    let keys = || {
        let put_off = |key: &&super::ForeignKeyDef| key.deferrable.is_some();
        let key = table.foreign_keys.iter().find(put_off)?;
        let what = "a foreign key whose check can be put off".to_owned();
        (dialect == Dialect::Mysql).then(|| (what, key.name_in(&table.name)))
    };
    columns
        .or_else(uniques)
        .or_else(indexes)
        .or_else(keys)
        .map(|(what, name)| format!("{what} (`{name}`)"))
}

fn of_column(table: &TableDef, column: &ColumnDef, dialect: Dialect) -> Option<(String, String)> {
    let numbered_elsewhere = column.identity.is_some() && !column.auto_increment;
    let what = match dialect {
        Dialect::Postgres if column.on_update_sql.is_some() => "a column with ON UPDATE",
        Dialect::Sqlite if column.on_update_sql.is_some() => "a column with ON UPDATE",
        Dialect::Sqlite | Dialect::Mysql if numbered_elsewhere => {
            "an identity column beside the key"
        }
        Dialect::Sqlite if column.is_numbered() && table.primary_key.len() > 1 => {
            "a numbered column in a key of several"
        }
        Dialect::Sqlite if column.is_numbered() && table.options.without_rowid => {
            "a numbered key in a WITHOUT ROWID table"
        }
        _ => return None,
    };
    Some((what.to_owned(), column.name.to_string()))
}

fn of_unique(rule: &UniqueDef, dialect: Dialect) -> Option<String> {
    let what = match rule {
        _ if dialect == Dialect::Postgres => return None,
        rule if rule.deferrable.is_some() => "a unique constraint whose check can be put off",
        rule if rule.nulls_not_distinct => "a unique constraint to which NULLs are equal",
        rule if !rule.include.is_empty() => "a unique constraint that includes columns",
        _ => return None,
    };
    Some(what.to_owned())
}

fn of_index(index: &IndexDef, dialect: Dialect) -> Option<String> {
    let using = index.using.as_deref().filter(|using| *using != "btree");
    let known = using.is_none_or(|using| match dialect {
        Dialect::Sqlite => false,
        Dialect::Postgres => !MYSQL_METHODS.contains(&using),
        Dialect::Mysql => using == "hash" || MYSQL_METHODS.contains(&using),
    });
    if let (Some(using), false) = (using, known) {
        return Some(format!("an index of the kind `{using}`"));
    }
    let key = |is: fn(&KeyDef) -> bool| index.keys.iter().any(is);
    let what = match dialect {
        Dialect::Postgres if key(|key| key.length.is_some()) => {
            "an index over the beginning of a column"
        }
        Dialect::Postgres => return None,
        Dialect::Mysql if index.filter.is_some() => "an index over some of the rows",
        Dialect::Mysql if key(|key| key.collation.is_some()) => "an index with a collation",
        Dialect::Sqlite if key(|key| key.length.is_some()) => {
            "an index over the beginning of a column"
        }
        _ if !index.include.is_empty() => "an index that includes columns",
        _ if index.nulls_not_distinct => "an index to which NULLs are equal",
        _ if key(|key| key.nulls_first.is_some()) => "an index that says where NULLs come",
        _ if key(|key| key.opclass.is_some()) => "an index with an operator class",
        _ => return None,
    };
    Some(what.to_owned())
}

/// The column that a constraint or an index of `table` names and the table does not have.
pub(super) fn unknown_column(table: &TableDef) -> Option<&str> {
    let indexed = table.indexes.iter().flat_map(|index| {
        let keys = index.keys.iter().filter_map(|key| match &key.target {
            KeyTarget::Column(name) => Some(name),
            KeyTarget::Expression(_) => None,
        });
        keys.chain(&index.include)
    });
    let constrained = table
        .uniques
        .iter()
        .flat_map(|rule| rule.columns.iter().chain(&rule.include));
    indexed
        .chain(constrained)
        .chain(table.foreign_keys.iter().flat_map(|key| &key.columns))
        .chain(&table.primary_key)
        .map(|name| &**name)
        .find(|name| !table.columns.iter().any(|column| column.name == *name))
}
