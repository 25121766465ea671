//! CREATE TABLE of MySQL and MariaDB, and its parts.

use super::{MYSQL, counts, quote};
use crate::render::{constraint, foreign_key, key_list, literal, quoted_list};
use crate::schema::{
    Check, Column, ForeignKey, Index, KeyTarget, PrimaryKey, Table, TableOptions, Unique,
};
use crate::token::{Kind, tokens};

/// With the indexes, so that foreign keys use those and make none of their own.
pub(super) fn create_table(table: &Table) -> String {
    let mut lines: Vec<String> = table.columns.iter().map(column).collect();
    lines.extend(table.primary_key.iter().map(primary_key));
    lines.extend(table.uniques.iter().map(unique));
    lines.extend(table.indexes.iter().map(index));
    lines.extend(table.foreign_keys.iter().filter_map(implicit_index));
    lines.extend(table.checks.iter().map(check));
    lines.extend(table.foreign_keys.iter().map(|key| foreign_key(MYSQL, key)));
    let options = changed_options(&TableOptions::default(), &table.options);
    let options = options
        .iter()
        .map(|option| format!(" {option}"))
        .collect::<String>();
    format!(
        "CREATE TABLE {} (\n  {}\n){options}",
        quote(&table.name),
        lines.join(",\n  ")
    )
}

/// The whole column, as `MODIFY` has to restate it.
pub(super) fn column(column: &Column) -> String {
    let mut sql = format!("{} {}", quote(&column.name), column.ty);
    if column.compressed {
        sql.push_str(" COMPRESSED");
    }
    if let Some(collation) = &column.collation {
        sql.push_str(&format!(" COLLATE {}", quote(collation)));
    }
    match &column.generated {
        Some(generated) => {
            let kind = if generated.stored {
                "STORED"
            } else {
                "VIRTUAL"
            };
            sql.push_str(&format!(
                " GENERATED ALWAYS AS ({}) {kind}",
                generated.expression
            ));
            if !column.nullable {
                sql.push_str(" NOT NULL");
            }
        }
        None => sql.push_str(if column.nullable {
            " NULL"
        } else {
            " NOT NULL"
        }),
    }
    if let Some(default) = &column.default {
        sql.push_str(&format!(" DEFAULT {}", default_value(default)));
    }
    if let Some(expression) = &column.on_update {
        sql.push_str(&format!(" ON UPDATE {expression}"));
    }
    if counts(column) {
        sql.push_str(" AUTO_INCREMENT");
    }
    if column.invisible {
        sql.push_str(" INVISIBLE");
    }
    if let Some(comment) = &column.comment {
        sql.push_str(&format!(" COMMENT {}", literal(MYSQL, comment)));
    }
    if let Some(check) = &column.check {
        sql.push_str(&format!(" CHECK ({check})"));
    }
    sql
}

/// A default that is more than a literal needs parentheses, but for the time.
fn default_value(default: &str) -> String {
    let all = tokens(default);
    let bare = match all.as_slice() {
        [only] => only.kind != Kind::Symbol,
        [sign, number] => sign.kind == Kind::Symbol && number.kind == Kind::Number,
        [now, open, .., close] => {
            now.text.eq_ignore_ascii_case("current_timestamp")
                && open.is_symbol("(")
                && close.is_symbol(")")
                && all.len() <= 4
        }
        _ => default.starts_with('\''),
    };
    if bare {
        default.to_owned()
    } else {
        format!("({default})")
    }
}

pub(super) fn primary_key(key: &PrimaryKey) -> String {
    format!(
        "PRIMARY KEY ({})",
        key_list(MYSQL, &key.columns, &key.suffixes)
    )
}

pub(super) fn unique(unique: &Unique) -> String {
    let name = unique
        .name
        .as_ref()
        .map(|name| format!("{} ", quote(name)))
        .unwrap_or_default();
    format!(
        "UNIQUE KEY {name}({}){}",
        key_list(MYSQL, &unique.columns, &unique.suffixes),
        index_options(&unique.storage, unique.comment.as_deref())
    )
}

pub(super) fn index(index: &Index) -> String {
    let keys: Vec<String> = index
        .keys
        .iter()
        .map(|key| match &key.target {
            KeyTarget::Column(name) => format!("{}{}", quote(name), key.suffix),
            KeyTarget::Expression(sql) => format!("({sql}){}", key.suffix),
        })
        .collect();
    let method = index
        .method
        .as_ref()
        .map(|method| format!("{method} "))
        .unwrap_or_default();
    let unique = if index.unique { "UNIQUE " } else { "" };
    format!(
        "{unique}{method}KEY {} ({}){}",
        quote(&index.name),
        keys.join(", "),
        index_options(&index.storage, index.comment.as_deref())
    )
}

/// What follows the columns of an index.
fn index_options(storage: &[String], comment: Option<&str>) -> String {
    let comment = comment.map(|text| format!("COMMENT {}", literal(MYSQL, text)));
    let options = storage.iter().cloned().chain(comment);
    options.map(|option| format!(" {option}")).collect()
}

/// The index that the server made for a foreign key, where it would now call it otherwise.
pub(super) fn implicit_index(key: &ForeignKey) -> Option<String> {
    let name = key
        .implicit_index
        .as_ref()
        .filter(|name| Some(*name) != key.name.as_ref())?;
    Some(format!(
        "KEY {} ({})",
        quote(name),
        quoted_list(MYSQL, &key.columns)
    ))
}

pub(super) fn check(check: &Check) -> String {
    format!(
        "{}CHECK ({})",
        constraint(MYSQL, check.name.as_ref()),
        check.expression
    )
}

pub(super) fn changed_options(from: &TableOptions, to: &TableOptions) -> Vec<String> {
    let mut options = Vec::new();
    if from.engine != to.engine {
        options.push(format!(
            "ENGINE = {}",
            to.engine.as_deref().map_or("InnoDB".to_owned(), quote)
        ));
    }
    if from.collation != to.collation {
        options.push(match &to.collation {
            Some(collation) => format!("COLLATE {}", quote(collation)),
            None => "CHARACTER SET DEFAULT".to_owned(),
        });
    }
    let name = |option: &String| option.split('=').next().unwrap_or_default().to_owned();
    let names: Vec<String> = to.storage.iter().map(name).collect();
    let gone = from
        .storage
        .iter()
        .map(name)
        .filter(|own| !names.contains(own));
    options.extend(gone.map(|name| {
        const NUMBERS: [&str; 6] = [
            "key_block_size",
            "checksum",
            "delay_key_write",
            "max_rows",
            "min_rows",
            "avg_row_length",
        ];
        let default = if NUMBERS.contains(&name.as_str()) {
            "0"
        } else {
            "DEFAULT"
        };
        format!("{name}={default}")
    }));
    options.extend(
        to.storage
            .iter()
            .filter(|own| !from.storage.contains(own))
            .cloned(),
    );
    if from.comment != to.comment {
        options.push(format!(
            "COMMENT = {}",
            literal(MYSQL, to.comment.as_deref().unwrap_or_default())
        ));
    }
    options
}
