//! Enums: added values in place, all other changes by a new type.

use std::collections::BTreeSet;

use super::ddl::{self, add_index, check, foreign_key, new_constraint_comment};
use super::dependents::{index_computes, mentions};
use super::{POSTGRES, column, divide, literal, quote, quoted};
use crate::op::{FIRST_VALUE, Op};
use crate::schema::{Column, EnumType, Schema, Table};

/// What the type is called while its successor takes its place.
const FORMER: &str = "__axum_migrate_former";

pub(super) fn create(own: &EnumType, out: &mut Vec<String>) {
    let values: Vec<String> = own
        .values
        .iter()
        .map(|value| literal(POSTGRES, value))
        .collect();
    out.push(format!(
        "CREATE TYPE {} AS ENUM ({})",
        quoted(&own.name),
        values.join(", ")
    ));
    if own.comment.is_some() {
        out.push(comment(own));
    }
}

fn comment(own: &EnumType) -> String {
    let text = ddl::comment_text(own.comment.as_deref());
    format!("COMMENT ON TYPE {} IS {text}", quoted(&own.name))
}

pub(super) fn alter(
    from: &EnumType,
    to: &EnumType,
    ops: &[Op],
    state: &Schema,
    out: &mut Vec<String>,
) {
    if is_remade(from, to, ops) {
        replace(from, to, state, out);
        return;
    }
    add_values(from, to, out);
    if from.comment != to.comment {
        out.push(comment(to));
    }
}

/// A value that was added cannot be used before the transaction ends, so where another change may use it the
/// type is made anew.
pub(super) fn is_remade(from: &EnumType, to: &EnumType, ops: &[Op]) -> bool {
    let mut kept = to.values.iter().filter(|value| from.values.contains(value));
    let only_adds = from.values.iter().all(|value| kept.next() == Some(value));
    let others: String = ops
        .iter()
        .filter(|op| !matches!(op, Op::AlterEnum { from: own, .. } if own == from))
        .map(|op| format!("{op:?}"))
        .collect();
    let named = |text: &str| others.contains(format!("{text:?}").trim_matches('"'));
    let used = |value: &&String| named(value) || named(&literal(POSTGRES, value));
    let mut added = to
        .values
        .iter()
        .filter(|value| !from.values.contains(value));
    !only_adds || added.any(|value| used(&value))
}

/// The operations, with rows that are filled by an enum's first value getting one that later ones leave there.
pub(super) fn with_lasting_values(ops: &[Op]) -> Vec<Op> {
    let mut ops = ops.to_vec();
    for at in 0..ops.len() {
        let (before, later) = ops.split_at_mut(at + 1);
        let (Op::AddColumn {
            column, backfill, ..
        }
        | Op::AlterColumn {
            to: column,
            backfill,
            ..
        }) = &mut before[at]
        else {
            continue;
        };
        let Some(expression) = backfill.as_mut().filter(|it| it.starts_with(FIRST_VALUE)) else {
            continue;
        };
        let mut values: Option<Vec<&String>> = None;
        for op in later.iter() {
            if let Op::AlterEnum { from, to } = op
                && from.is_type_of(column)
            {
                let values = values.get_or_insert_with(|| from.values.iter().collect());
                values.retain(|value| to.values.contains(value));
            }
        }
        if let Some(value) = values.and_then(|values| values.first().copied()) {
            *expression = literal(POSTGRES, value);
        }
    }
    ops
}

/// The columns that a new type touches: those of the type, and computed ones that read them.
pub(super) fn columns_touched(own: &EnumType, state: &Schema) -> BTreeSet<(String, String)> {
    let mut touched = BTreeSet::new();
    for table in state.tables.values() {
        let work = Work::of(own, table);
        let columns = work.plain.into_iter().chain(work.computed);
        touched.extend(columns.map(|column| (table.name.clone(), column.name.clone())));
    }
    touched
}

/// What a table has of the type.
struct Work<'a> {
    /// Its columns of the type.
    plain: Vec<&'a Column>,
    /// Its computed columns that have it or read it.
    computed: Vec<&'a Column>,
    /// The names of both.
    names: BTreeSet<String>,
}

impl<'a> Work<'a> {
    fn of(own: &EnumType, table: &'a Table) -> Self {
        let (mut plain, mut computed) = (Vec::new(), Vec::new());
        let has = |column: &&Column| own.is_type_of(column) && column.generated.is_none();
        plain.extend(table.columns.iter().filter(has));
        let names: BTreeSet<String> = plain.iter().map(|column| column.name.clone()).collect();
        for column in &table.columns {
            if let Some(generated) = &column.generated
                && (own.is_type_of(column)
                    || casts(&generated.expression, own)
                    || mentions(&generated.expression, &names))
            {
                computed.push(column);
            }
        }
        let of_computed = computed.iter().map(|column| column.name.clone());
        let names = names.iter().cloned().chain(of_computed).collect();
        Self {
            plain,
            computed,
            names,
        }
    }
}

/// Whether an expression names the type.
fn casts(sql: &str, own: &EnumType) -> bool {
    sql.contains(&format!("::{}", own.ty))
}

fn add_values(from: &EnumType, to: &EnumType, out: &mut Vec<String>) {
    for (at, value) in to.values.iter().enumerate() {
        if from.values.contains(value) {
            continue;
        }
        let place = match (at.checked_sub(1), from.values.first()) {
            (Some(before), _) => format!(" AFTER {}", literal(POSTGRES, &to.values[before])),
            (None, Some(first)) => format!(" BEFORE {}", literal(POSTGRES, first)),
            (None, None) => String::new(),
        };
        out.push(format!(
            "ALTER TYPE {} ADD VALUE {}{place}",
            quoted(&to.name),
            literal(POSTGRES, value)
        ));
    }
}

/// Everything that names the type lets go of it and takes it up again.
pub(crate) fn replace(from: &EnumType, to: &EnumType, state: &Schema, out: &mut Vec<String>) {
    let works: Vec<(&Table, Work<'_>)> = state
        .tables
        .values()
        .map(|table| (table, Work::of(from, table)))
        .collect();
    let names = |table: &str| {
        let work = works.iter().find(|(own, _)| own.name == table);
        work.map(|(_, work)| &work.names)
    };
    let mut after = Vec::new();
    let mut keys_after = Vec::new();
    for (table, work) in &works {
        let alter = format!("ALTER TABLE {}", quoted(&table.name));
        let has = |columns: &[String], names: Option<&BTreeSet<String>>| {
            names.is_some_and(|names| columns.iter().any(|column| names.contains(column)))
        };
        for own in &table.foreign_keys {
            if has(&own.columns, Some(&work.names)) || has(&own.referenced, names(&own.table)) {
                let name = quote(own.name.as_deref().unwrap_or_default());
                out.push(format!("{alter} DROP CONSTRAINT {name}"));
                keys_after.push(format!("{alter} ADD {}", foreign_key(own)));
                keys_after.extend(new_constraint_comment(&table.name, &own.name, &own.comment));
            }
        }
        let concerns = |sql: &str| casts(sql, from) || mentions(sql, &work.names);
        for own in table.checks.iter().filter(|own| concerns(&own.expression)) {
            let name = quote(own.name.as_deref().unwrap_or_default());
            out.push(format!("{alter} DROP CONSTRAINT {name}"));
            after.push(format!("{alter} ADD {}", check(own)));
            after.extend(new_constraint_comment(&table.name, &own.name, &own.comment));
        }
        let computed: BTreeSet<&str> = work.computed.iter().map(|own| own.name.as_str()).collect();
        for own in &table.indexes {
            let reads = own.columns().chain(own.include.iter().map(String::as_str));
            let reads_computed = reads.into_iter().any(|name| computed.contains(name));
            let casts_it = own.predicate.as_deref().is_some_and(|sql| casts(sql, from))
                || own.keys.iter().any(|key| {
                    matches!(&key.target, crate::schema::KeyTarget::Expression(sql) if casts(sql, from))
                });
            if index_computes(own, &work.names) || casts_it || reads_computed {
                out.push(format!(
                    "DROP INDEX {}",
                    ddl::beside(&table.name, &own.name)
                ));
                add_index(&table.name, own, &mut after);
            }
        }
        for own in &table.uniques {
            if own
                .columns
                .iter()
                .chain(&own.include)
                .any(|name| computed.contains(name.as_str()))
            {
                let name = quote(own.name.as_deref().unwrap_or_default());
                out.push(format!("{alter} DROP CONSTRAINT {name}"));
                after.push(format!("{alter} ADD {}", ddl::unique(own)));
                after.extend(new_constraint_comment(&table.name, &own.name, &own.comment));
            }
        }
        for own in &work.computed {
            out.push(format!("{alter} DROP COLUMN {}", quote(&own.name)));
        }
        for own in work.plain.iter().filter(|own| own.default.is_some()) {
            out.push(alter_column(&table.name, own, "DROP DEFAULT"));
        }
    }
    out.push(format!(
        "ALTER TYPE {} RENAME TO {}",
        quoted(&from.name),
        quote(FORMER)
    ));
    create(to, out);
    for (table, work) in &works {
        for own in &work.plain {
            let array = if own.ty.ends_with("[]") { "[]" } else { "" };
            let change = format!(
                "TYPE {} USING {}::text{array}::{}",
                own.ty,
                quote(&own.name),
                own.ty
            );
            out.push(alter_column(&table.name, own, &change));
        }
    }
    // A default that goes is given up before its column gets another one.
    let stays = |default: &&String| {
        let mut gone = from
            .values
            .iter()
            .filter(|value| !to.values.contains(value));
        !gone.any(|value| default.starts_with(&format!("{}::", literal(POSTGRES, value))))
    };
    for (table, work) in &works {
        for own in &work.plain {
            if let Some(default) = own.default.as_ref().filter(stays) {
                let change = format!("SET DEFAULT {default}");
                out.push(alter_column(&table.name, own, &change));
            }
        }
        for own in &work.computed {
            column::add(&table.name, own, None, state, out);
        }
    }
    let former = match divide(&from.name).0 {
        Some(schema) => format!("{}.{}", quote(schema), quote(FORMER)),
        None => quote(FORMER),
    };
    out.push(format!("DROP TYPE {former}"));
    out.append(&mut after);
    out.append(&mut keys_after);
}

fn alter_column(table: &str, column: &Column, change: &str) -> String {
    format!(
        "ALTER TABLE {} ALTER COLUMN {} {change}",
        quoted(table),
        quote(&column.name)
    )
}
