//! What a database has and models have no words for stays as it is.

use crate::schema::{Auto, Check, Column, Index, KeyTarget, Table};
use crate::token::tokens;

/// Gives `desired` what `current` has and a model cannot say, unless it reads a column that goes.
pub(super) fn what_models_cannot_say(current: &Table, desired: &mut Table) {
    let gone: Vec<String> = current
        .columns
        .iter()
        .filter(|column| desired.column(&column.name).is_none())
        .map(|column| column.name.clone())
        .collect();
    let reads_gone = |sql: &str| {
        tokens(sql).iter().any(|token| {
            token
                .identifier()
                .is_some_and(|name| gone.iter().any(|it| it.eq_ignore_ascii_case(&name)))
        })
    };

    let options = &mut desired.options;
    options.strict |= current.options.strict;
    options.without_rowid |= current.options.without_rowid;
    or(&mut options.engine, &current.options.engine);
    or(&mut options.collation, &current.options.collation);
    or(&mut options.comment, &current.options.comment);
    options.unlogged |= current.options.unlogged;
    or_all(&mut options.storage, &current.options.storage);

    for column in &mut desired.columns {
        if let Some(before) = current.column(&column.name) {
            keep_of_column(before, column);
        }
    }
    for check in &current.checks {
        let known = desired.checks.iter().any(|own| {
            own.expression == check.expression || own.name.is_some() && own.name == check.name
        });
        if !known && !is_of_a_model(check) && !reads_gone(&check.expression) {
            desired.checks.push(check.clone());
        }
    }
    for check in &mut desired.checks {
        let same = |before: &&Check| before.expression == check.expression;
        if let Some(before) = current.checks.iter().find(same) {
            check.not_valid |= before.not_valid;
            check.no_inherit |= before.no_inherit;
            or(&mut check.comment, &before.comment);
        }
    }
    if let (Some(before), Some(key)) = (&current.primary_key, &mut desired.primary_key)
        && before.columns == key.columns
    {
        or(&mut key.on_conflict, &before.on_conflict);
        or_all(&mut key.suffixes, &before.suffixes);
        or(&mut key.deferrable, &before.deferrable);
        or(&mut key.comment, &before.comment);
        or_all(&mut key.include, &before.include);
        or_all(&mut key.storage, &before.storage);
    }
    for unique in &mut desired.uniques {
        if let Some(before) = current
            .uniques
            .iter()
            .find(|before| before.columns == unique.columns)
        {
            or(&mut unique.on_conflict, &before.on_conflict);
            or(&mut unique.deferrable, &before.deferrable);
            unique.nulls_not_distinct |= before.nulls_not_distinct;
            or(&mut unique.comment, &before.comment);
            or_all(&mut unique.suffixes, &before.suffixes);
            or_all(&mut unique.include, &before.include);
            or_all(&mut unique.storage, &before.storage);
        }
    }
    for key in &mut desired.foreign_keys {
        let same = |before: &&crate::schema::ForeignKey| {
            before.columns == key.columns
                && before.table == key.table
                && before.referenced == key.referenced
        };
        if let Some(before) = current.foreign_keys.iter().find(same) {
            or(&mut key.deferrable, &before.deferrable);
            or(&mut key.comment, &before.comment);
            or_all(&mut key.set_columns, &before.set_columns);
            key.match_full |= before.match_full;
            key.not_valid |= before.not_valid;
        }
    }
    for index in &mut desired.indexes {
        let same = |before: &&Index| before.name == index.name;
        if let Some(before) = current.indexes.iter().find(same) {
            or(&mut index.comment, &before.comment);
            or_all(&mut index.storage, &before.storage);
        }
    }
    for index in current.indexes.iter().filter(|index| is_special(index)) {
        let known = desired.indexes.iter().any(|own| own.name == index.name);
        let reads_gone = index
            .columns()
            .chain(index.include.iter().map(String::as_str))
            .any(|name| gone.iter().any(|it| it == name))
            || index.predicate.as_deref().is_some_and(reads_gone)
            || index
                .keys
                .iter()
                .any(|key| matches!(&key.target, KeyTarget::Expression(sql) if reads_gone(sql)));
        if !known && !reads_gone {
            desired.indexes.push(Index {
                invalid: false,
                ..index.clone()
            });
        }
    }
}

fn keep_of_column(before: &Column, column: &mut Column) {
    or(&mut column.comment, &before.comment);
    or(&mut column.on_update, &before.on_update);
    or(&mut column.check, &before.check);
    column.invisible |= before.invisible;
    if !column.nullable {
        or(&mut column.on_conflict, &before.on_conflict);
    }
    if is_text(&column.ty) && is_text(&before.ty) {
        or(&mut column.collation, &before.collation);
    }
    // A model says that the server counts, not by which of the server's means.
    let counted = |column: &Column| {
        matches!(
            column.auto,
            Some(Auto::Serial { .. } | Auto::Identity { .. })
        )
    };
    if counted(before) && counted(column) {
        column.auto.clone_from(&before.auto);
        if let Some(Auto::Serial { counter, .. } | Auto::Identity { counter, .. }) =
            &mut column.auto
            && counter.ty.as_ref() == Some(&column.ty)
        {
            counter.ty = None;
        }
    }
    if before.generated.is_some() && before.ty == column.ty && column.default.is_none() {
        column.generated.clone_from(&before.generated);
        column.nullable = before.nullable;
    }
}

/// Whether its name ends as models have theirs end: `_check`, and perhaps a number.
fn is_of_a_model(check: &Check) -> bool {
    check.name.as_deref().is_some_and(|name| {
        name.trim_end_matches(|digit: char| digit.is_ascii_digit())
            .ends_with("_check")
    })
}

fn or<T: Clone>(own: &mut Option<T>, before: &Option<T>) {
    if own.is_none() {
        own.clone_from(before);
    }
}

fn or_all<T: Clone>(own: &mut Vec<T>, before: &[T]) {
    if own.is_empty() {
        own.extend_from_slice(before);
    }
}

fn is_text(ty: &str) -> bool {
    let ty = ty.to_lowercase();
    ["char", "text", "clob", "enum", "set("]
        .iter()
        .any(|name| ty.contains(name))
}

/// Whether it is more than an index over columns.
fn is_special(index: &Index) -> bool {
    index.predicate.is_some()
        || index.method.is_some()
        || index.nulls_not_distinct
        || !index.include.is_empty()
        || index
            .keys
            .iter()
            .any(|key| !key.suffix.is_empty() || matches!(key.target, KeyTarget::Expression(_)))
}
