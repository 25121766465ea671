//! The clauses of CREATE statements.

use super::{POSTGRES, literal, quote, quoted};
use crate::render::{constraint, deferrable, quoted_list};
use crate::schema::{
    Action, Auto, Check, Column, Counter, ForeignKey, Index, KeyTarget, PrimaryKey, Table, Unique,
};

pub(super) fn create_table(table: &Table, out: &mut Vec<String>) {
    let name = quoted(&table.name);
    let mut owned = Vec::new();
    let mut lines = Vec::new();
    for own in &table.columns {
        match own_sequence(table, own) {
            Some((sequence, counter)) => {
                let ty = counter.ty.as_ref().unwrap_or(&own.ty);
                let options = counter_options(counter);
                out.push(format!("CREATE SEQUENCE {sequence} AS {ty}{options}"));
                let default = format!("nextval({}::regclass)", literal(POSTGRES, sequence));
                let plain = Column {
                    auto: None,
                    default: Some(default),
                    ..own.clone()
                };
                lines.push(column(&plain, !own.nullable));
                owned.push(format!(
                    "ALTER SEQUENCE {sequence} OWNED BY {name}.{}",
                    quote(&own.name)
                ));
            }
            None => lines.push(column(own, !own.nullable)),
        }
    }
    lines.extend(table.primary_key.iter().map(primary_key));
    // CREATE TABLE takes what is unique twice for once.
    let mut said: Vec<&[String]> = table.primary_key.iter().map(|key| &*key.columns).collect();
    let (uniques, late_uniques): (Vec<&Unique>, Vec<&Unique>) =
        table.uniques.iter().partition(|own| {
            let is_new = !said.contains(&&*own.columns);
            said.push(&own.columns);
            is_new
        });
    lines.extend(uniques.into_iter().map(unique));
    let (late_checks, checks): (Vec<&Check>, Vec<&Check>) =
        table.checks.iter().partition(|own| own.not_valid);
    lines.extend(checks.into_iter().map(check));
    let (late_keys, keys): (Vec<&ForeignKey>, Vec<&ForeignKey>) =
        table.foreign_keys.iter().partition(|own| own.not_valid);
    lines.extend(keys.into_iter().map(foreign_key));
    let mut sql = format!(
        "CREATE {}TABLE {name} (\n  {}\n)",
        if table.options.unlogged {
            "UNLOGGED "
        } else {
            ""
        },
        lines.join(",\n  ")
    );
    if lines.is_empty() {
        sql = sql.replace("(\n  \n)", "()");
    }
    sql.push_str(&with(&table.options.storage));
    out.push(sql);
    out.append(&mut owned);
    let add = |clause: String| format!("ALTER TABLE {name} ADD {clause}");
    out.extend(late_uniques.into_iter().map(|own| add(unique(own))));
    out.extend(late_checks.into_iter().map(|own| add(check(own))));
    out.extend(late_keys.into_iter().map(|own| add(foreign_key(own))));
    for index in &table.indexes {
        add_index(&table.name, index, out);
    }
    if let Some(comment) = &table.options.comment {
        out.push(table_comment(&table.name, Some(comment)));
    }
    for column in table
        .columns
        .iter()
        .filter(|column| column.comment.is_some())
    {
        out.push(column_comment(&table.name, column));
    }
    let keys = table
        .foreign_keys
        .iter()
        .map(|own| (&own.name, &own.comment));
    let commented = table
        .primary_key
        .iter()
        .map(|own| (&own.name, &own.comment))
        .chain(table.uniques.iter().map(|own| (&own.name, &own.comment)))
        .chain(table.checks.iter().map(|own| (&own.name, &own.comment)))
        .chain(keys);
    for (constraint, comment) in commented {
        out.extend(new_constraint_comment(&table.name, constraint, comment));
    }
}

/// The sequence of a serial column, where `serial` would not make it as it is.
fn own_sequence<'a>(table: &Table, column: &'a Column) -> Option<(&'a str, &'a Counter)> {
    let Some(Auto::Serial { sequence, counter }) = &column.auto else {
        return None;
    };
    let usual = format!("{}_{}_seq", table.name, column.name);
    let is_usual = [usual.clone(), quoted(&usual)].contains(sequence);
    // A name that is not known is for the server to make up.
    let says_it_all = sequence.is_empty() || is_usual && *counter == Counter::default();
    (!says_it_all).then_some((sequence.as_str(), counter))
}

pub(super) fn column(column: &Column, required: bool) -> String {
    let mut sql = format!("{} {}", quote(&column.name), type_with_collation(column));
    match &column.auto {
        Some(Auto::Serial { .. }) => {
            sql = format!("{} {}", quote(&column.name), serial(&column.ty))
        }
        Some(Auto::Identity { always, counter }) => {
            let options = counter_options(counter);
            let options = options.trim_start();
            sql.push_str(&format!(" GENERATED {} AS IDENTITY", when(*always)));
            if !options.is_empty() {
                sql.push_str(&format!(" ({options})"));
            }
        }
        Some(Auto::Increment) | None => {}
    }
    if let Some(generated) = &column.generated {
        sql.push_str(&format!(
            " GENERATED ALWAYS AS ({}) {}",
            generated.expression,
            if generated.stored {
                "STORED"
            } else {
                "VIRTUAL"
            }
        ));
    }
    if let Some(default) = &column.default {
        sql.push_str(&format!(" DEFAULT {default}"));
    }
    if required {
        sql.push_str(" NOT NULL");
    }
    sql
}

pub(super) fn type_with_collation(column: &Column) -> String {
    match &column.collation {
        Some(collation) => format!("{} COLLATE {collation}", column.ty),
        None => column.ty.clone(),
    }
}

fn serial(ty: &str) -> &'static str {
    match ty {
        "bigint" => "bigserial",
        "smallint" => "smallserial",
        _ => "serial",
    }
}

pub(super) fn when(always: bool) -> &'static str {
    if always { "ALWAYS" } else { "BY DEFAULT" }
}

/// What a sequence does otherwise than usual: ` START WITH 5 INCREMENT BY 2`.
pub(super) fn counter_options(counter: &Counter) -> String {
    let mut sql = String::new();
    for (word, value) in [
        ("START WITH", counter.start),
        ("INCREMENT BY", counter.increment),
        ("MINVALUE", counter.min),
        ("MAXVALUE", counter.max),
        ("CACHE", counter.cache),
    ] {
        if let Some(value) = value {
            sql.push_str(&format!(" {word} {value}"));
        }
    }
    if counter.cycle {
        sql.push_str(" CYCLE");
    }
    sql
}

pub(super) fn primary_key(key: &PrimaryKey) -> String {
    format!(
        "{}PRIMARY KEY ({}){}{}{}",
        constraint(POSTGRES, key.name.as_ref()),
        quoted_list(POSTGRES, &key.columns),
        include(&key.include),
        with(&key.storage),
        deferrable(key.deferrable)
    )
}

pub(super) fn unique(unique: &Unique) -> String {
    format!(
        "{}UNIQUE {}({}){}{}{}",
        constraint(POSTGRES, unique.name.as_ref()),
        if unique.nulls_not_distinct {
            "NULLS NOT DISTINCT "
        } else {
            ""
        },
        quoted_list(POSTGRES, &unique.columns),
        include(&unique.include),
        with(&unique.storage),
        deferrable(unique.deferrable)
    )
}

pub(super) fn check(check: &Check) -> String {
    format!(
        "{}CHECK ({}){}{}",
        constraint(POSTGRES, check.name.as_ref()),
        check.expression,
        if check.no_inherit { " NO INHERIT" } else { "" },
        not_valid(check.not_valid)
    )
}

pub(super) fn foreign_key(key: &ForeignKey) -> String {
    let mut sql = format!(
        "{}FOREIGN KEY ({}) REFERENCES {} ({})",
        constraint(POSTGRES, key.name.as_ref()),
        quoted_list(POSTGRES, &key.columns),
        quoted(&key.table),
        quoted_list(POSTGRES, &key.referenced)
    );
    if key.match_full {
        sql.push_str(" MATCH FULL");
    }
    if key.on_delete != Action::NoAction {
        sql.push_str(&format!(" ON DELETE {}", key.on_delete.sql()));
        if !key.set_columns.is_empty() {
            sql.push_str(&format!(" ({})", quoted_list(POSTGRES, &key.set_columns)));
        }
    }
    if key.on_update != Action::NoAction {
        sql.push_str(&format!(" ON UPDATE {}", key.on_update.sql()));
    }
    sql.push_str(deferrable(key.deferrable));
    sql.push_str(not_valid(key.not_valid));
    sql
}

fn not_valid(not_valid: bool) -> &'static str {
    if not_valid { " NOT VALID" } else { "" }
}

fn include(columns: &[String]) -> String {
    if columns.is_empty() {
        String::new()
    } else {
        format!(" INCLUDE ({})", quoted_list(POSTGRES, columns))
    }
}

fn with(storage: &[String]) -> String {
    if storage.is_empty() {
        String::new()
    } else {
        format!(" WITH ({})", settings(storage))
    }
}

/// `"fillfactor"='70'`: parameters as a statement has them.
pub(super) fn settings<'a>(storage: impl IntoIterator<Item = &'a String>) -> String {
    let written: Vec<String> = storage
        .into_iter()
        .map(|parameter| {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, "true"));
            format!("{}={}", parameter_name(name), literal(POSTGRES, value))
        })
        .collect();
    written.join(", ")
}

/// Parameters of the TOAST table have a point in their names.
pub(super) fn parameter_name(name: &str) -> String {
    let parts: Vec<String> = name.split('.').map(quote).collect();
    parts.join(".")
}

/// The index, and what is said of it.
pub(super) fn add_index(table: &str, index: &Index, out: &mut Vec<String>) {
    out.push(create_index(table, index, ""));
    if index.comment.is_some() {
        out.push(index_comment(table, index));
    }
}

pub(super) fn create_index(table: &str, index: &Index, how: &str) -> String {
    let keys: Vec<String> = index
        .keys
        .iter()
        .map(|key| match &key.target {
            KeyTarget::Column(name) => format!("{}{}", quote(name), key.suffix),
            KeyTarget::Expression(sql) => format!("({sql}){}", key.suffix),
        })
        .collect();
    format!(
        "CREATE {}INDEX {how}{} ON {}{} ({}){}{}{}{}",
        if index.unique { "UNIQUE " } else { "" },
        quote(&index.name),
        quoted(table),
        index
            .method
            .as_ref()
            .map(|method| format!(" USING {}", quote(method)))
            .unwrap_or_default(),
        keys.join(", "),
        include(&index.include),
        if index.nulls_not_distinct {
            " NULLS NOT DISTINCT"
        } else {
            ""
        },
        with(&index.storage),
        index
            .predicate
            .as_ref()
            .map(|it| format!(" WHERE {it}"))
            .unwrap_or_default()
    )
}

pub(super) fn table_comment(table: &str, comment: Option<&str>) -> String {
    format!(
        "COMMENT ON TABLE {} IS {}",
        quoted(table),
        comment_text(comment)
    )
}

pub(super) fn column_comment(table: &str, column: &Column) -> String {
    let text = comment_text(column.comment.as_deref());
    format!(
        "COMMENT ON COLUMN {}.{} IS {text}",
        quoted(table),
        quote(&column.name)
    )
}

pub(super) fn index_comment(table: &str, index: &Index) -> String {
    let text = comment_text(index.comment.as_deref());
    format!("COMMENT ON INDEX {} IS {text}", beside(table, &index.name))
}

pub(super) fn constraint_comment(table: &str, name: &str, comment: Option<&str>) -> String {
    format!(
        "COMMENT ON CONSTRAINT {} ON {} IS {}",
        quote(name),
        quoted(table),
        comment_text(comment)
    )
}

/// The comment of a constraint that was just made.
pub(super) fn new_constraint_comment(
    table: &str,
    name: &Option<String>,
    comment: &Option<String>,
) -> Option<String> {
    let (name, comment) = (name.as_ref()?, comment.as_ref()?);
    Some(constraint_comment(table, name, Some(comment)))
}

pub(super) fn comment_text(comment: Option<&str>) -> String {
    comment.map_or("NULL".to_owned(), |comment| literal(POSTGRES, comment))
}

/// An index, in the schema of its table.
pub(super) fn beside(table: &str, name: &str) -> String {
    match super::divide(table).0 {
        Some(schema) => format!("{}.{}", quote(schema), quote(name)),
        None => quote(name),
    }
}
