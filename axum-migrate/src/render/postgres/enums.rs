//! Enums: added values in place, all other changes by a new type.

use super::{POSTGRES, check, create_index, literal, quote};
use crate::op::Op;
use crate::schema::{Column, EnumType, Schema};

/// What the type is called while its successor takes its place.
const FORMER: &str = "__axum_migrate_former";

pub(super) fn create(own: &EnumType) -> String {
    let values: Vec<String> = own
        .values
        .iter()
        .map(|value| literal(POSTGRES, value))
        .collect();
    format!(
        "CREATE TYPE {} AS ENUM ({})",
        quote(&own.name),
        values.join(", ")
    )
}

/// A value that was added cannot be used before the transaction ends, so where another change may use it the
/// type is made anew.
pub(super) fn alter(
    from: &EnumType,
    to: &EnumType,
    ops: &[Op],
    state: &Schema,
    out: &mut Vec<String>,
) {
    let mut kept = to.values.iter().filter(|value| from.values.contains(value));
    let only_adds = from.values.iter().all(|value| kept.next() == Some(value));
    let others: String = ops
        .iter()
        .filter(|op| !matches!(op, Op::AlterEnum { from: own, .. } if own == from))
        .map(|op| format!("{op:?}"))
        .collect();
    let used = |value: &&String| others.contains(&value.escape_debug().to_string());
    let mut added = to
        .values
        .iter()
        .filter(|value| !from.values.contains(value));
    if only_adds && !added.any(|value| used(&value)) {
        add_values(from, to, out);
    } else {
        replace(from, to, state, out);
    }
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
            quote(&to.name),
            literal(POSTGRES, value)
        ));
    }
}

/// Everything that names the type lets go of it and takes it up again.
fn replace(from: &EnumType, to: &EnumType, state: &Schema, out: &mut Vec<String>) {
    let mentions = |sql: &str| sql.contains(&format!("::{}", from.ty));
    let columns: Vec<(&str, &Column)> = state
        .tables
        .values()
        .flat_map(|table| table.columns.iter().map(|column| (&*table.name, column)))
        .filter(|(_, column)| from.is_type_of(column))
        .collect();
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for table in state.tables.values() {
        let alter = format!("ALTER TABLE {}", quote(&table.name));
        for own in table.checks.iter().filter(|own| mentions(&own.expression)) {
            let name = quote(own.name.as_deref().unwrap_or_default());
            before.push(format!("{alter} DROP CONSTRAINT {name}"));
            after.push(format!("{alter} ADD {}", check(own)));
        }
        for index in table
            .indexes
            .iter()
            .filter(|index| index.predicate.as_deref().is_some_and(mentions))
        {
            before.push(format!("DROP INDEX {}", quote(&index.name)));
            after.push(create_index(&table.name, index));
        }
    }
    out.append(&mut before);
    for (table, column) in columns
        .iter()
        .filter(|(_, column)| column.default.is_some())
    {
        out.push(alter_column(table, column, "DROP DEFAULT"));
    }
    out.push(format!(
        "ALTER TYPE {} RENAME TO {}",
        quote(&from.name),
        quote(FORMER)
    ));
    out.push(create(to));
    for (table, column) in &columns {
        let array = if column.ty.ends_with("[]") { "[]" } else { "" };
        let change = format!(
            "TYPE {} USING {}::text{array}::{}",
            column.ty,
            quote(&column.name),
            column.ty
        );
        out.push(alter_column(table, column, &change));
    }
    for (table, column) in &columns {
        // A default that goes is given up before its column gets another one.
        let stays = |default: &&String| {
            let gone = from
                .values
                .iter()
                .filter(|value| !to.values.contains(value));
            !gone
                .into_iter()
                .any(|value| default.starts_with(&format!("{}::", literal(POSTGRES, value))))
        };
        if let Some(default) = column.default.as_ref().filter(stays) {
            out.push(alter_column(
                table,
                column,
                &format!("SET DEFAULT {default}"),
            ));
        }
    }
    out.push(format!("DROP TYPE {}", quote(FORMER)));
    out.append(&mut after);
}

fn alter_column(table: &str, column: &Column, change: &str) -> String {
    format!(
        "ALTER TABLE {} ALTER COLUMN {} {change}",
        quote(table),
        quote(&column.name)
    )
}
