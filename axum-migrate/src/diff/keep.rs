//! What a database has and models have no words for stays as it is.

use crate::schema::{Auto, Check, Column, ForeignKey, Index, Table, Unique};

/// Gives `desired` what `current` has and no model can say: SQLite's conflict clauses, how rows and indexes are
/// stored, comments of constraints and indexes, how a sequence counts, a serial where a model says that the server
/// counts, AUTO_INCREMENT beside the key, a CHECK that MariaDB keeps in the column rather than in the table.
pub(super) fn what_models_cannot_say(current: &Table, desired: &mut Table) {
    let options = &mut desired.options;
    options.unlogged |= current.options.unlogged;
    or_all(&mut options.storage, &current.options.storage);
    for column in &mut desired.columns {
        if let Some(before) = current.column(&column.name) {
            keep_of_column(before, column, &mut desired.checks);
            // A number of MySQL's that is not in the key.
            let in_key = |table: &Table| {
                let mut keys = table.primary_key.iter().flat_map(|key| &key.columns);
                keys.any(|own| *own == column.name)
            };
            if before.auto == Some(Auto::Increment) && !in_key(current) {
                or(&mut column.auto, &before.auto);
            }
        }
    }
    for check in &mut desired.checks {
        let same = |before: &&Check| before.expression == check.expression;
        let named = |before: &&Check| before.name == check.name;
        if let Some(before) = counterpart(&current.checks, same, named) {
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
        // A model has a word for the lengths in MySQL's keys, and none for their order.
        for (own, before) in key.suffixes.iter_mut().zip(&before.suffixes) {
            let length = before.strip_suffix("DESC").map(str::trim);
            if length == Some(own.as_str()) {
                own.clone_from(before);
            }
        }
        or(&mut key.deferrable, &before.deferrable);
        or(&mut key.comment, &before.comment);
        or_all(&mut key.include, &before.include);
        or_all(&mut key.storage, &before.storage);
        // SQLite takes NULL in a key that is not its integer; no field of a key can say so.
        for column in desired
            .columns
            .iter_mut()
            .filter(|it| key.columns.contains(&it.name))
        {
            column.nullable |= current
                .column(&column.name)
                .is_some_and(|before| before.nullable);
        }
    }
    for unique in &mut desired.uniques {
        let same = |before: &&Unique| before.columns == unique.columns;
        let named = |before: &&Unique| before.name == unique.name;
        if let Some(before) = counterpart(&current.uniques, same, named) {
            or(&mut unique.on_conflict, &before.on_conflict);
            or(&mut unique.comment, &before.comment);
            or_all(&mut unique.storage, &before.storage);
            // A model has a word for MySQL's prefix lengths.
            if !before.suffixes.iter().any(|suffix| suffix.contains('(')) {
                or_all(&mut unique.suffixes, &before.suffixes);
            }
        }
    }
    for key in &mut desired.foreign_keys {
        let same = |before: &&ForeignKey| {
            before.columns == key.columns
                && before.table == key.table
                && before.referenced == key.referenced
        };
        let named = |before: &&ForeignKey| before.name == key.name;
        if let Some(before) = counterpart(&current.foreign_keys, same, named) {
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
}

/// What was there before: where several are the same, the one of that name.
fn counterpart<T>(
    before: &[T],
    same: impl Fn(&&T) -> bool,
    named: impl Fn(&&T) -> bool,
) -> Option<&T> {
    let alike = || before.iter().filter(&same);
    alike().find(named).or_else(|| alike().next())
}

/// Gives `desired` the constraints of `current` that no model can say: foreign keys to tables without a model, or to
/// columns that are not there, or with an action that models refuse, and what is unique more than once. They stay until
/// a revision that is written by hand drops them; each as a sentence's part.
pub(super) fn what_no_model_can_say(
    current: &Table,
    desired: &mut Table,
    can_be_said: impl Fn(&ForeignKey) -> bool,
) -> Vec<String> {
    let mut kept = Vec::new();
    let stays = |desired: &Table, columns: &[String]| {
        let mut columns = columns.iter();
        columns.all(|column| desired.column(column).is_some())
    };
    for key in &current.foreign_keys {
        let is_said = desired
            .foreign_keys
            .iter()
            .any(|own| own.columns == key.columns && own.table.eq_ignore_ascii_case(&key.table));
        let has_words = can_be_said(key) && !key.is_refused_by_models(current);
        if !is_said && !has_words && stays(desired, &key.columns) {
            kept.push(format!(
                "the foreign key {} ({}) to {}",
                current.name,
                key.columns.join(", "),
                key.table
            ));
            desired.foreign_keys.push(key.clone());
        }
    }
    let key_of = |table: &Table| table.primary_key.as_ref().map(|key| key.columns.clone());
    let key = key_of(desired).filter(|columns| key_of(current).as_ref() == Some(columns));
    let is_said = |unique: &&Unique| {
        let same = |own: &Unique| own.columns == unique.columns;
        desired.uniques.iter().any(same) || key.as_ref() == Some(&unique.columns)
    };
    let mut more: Vec<&Unique> = current.uniques.iter().filter(is_said).collect();
    for own in &desired.uniques {
        let alike = |before: &&&Unique| before.columns == own.columns;
        let named = |before: &&Unique| alike(&before) && before.name == own.name;
        let shaped = |before: &&Unique| {
            let name = before.name.clone();
            **before
                == Unique {
                    name,
                    ..own.clone()
                }
        };
        let found = (more.iter().position(named))
            .or_else(|| more.iter().position(shaped))
            .or_else(|| more.iter().position(|before| alike(&before)));
        found.map(|at| more.remove(at));
    }
    let more: Vec<Unique> = more.into_iter().cloned().collect();
    kept.extend(more.iter().map(|unique| {
        let columns = unique.columns.join(", ");
        format!(
            "the second unique constraint of {} ({columns})",
            current.name
        )
    }));
    desired.uniques.extend(more);
    kept
}

fn keep_of_column(before: &Column, column: &mut Column, checks: &mut Vec<Check>) {
    column.invisible |= before.invisible;
    column.compressed |= before.compressed;
    if !column.nullable {
        or(&mut column.on_conflict, &before.on_conflict);
    }
    keep_counter(before, column);
    if let (Some(inside), None) = (&before.check, &column.check)
        && let Some(at) = checks.iter().position(|own| own.expression == *inside)
    {
        checks.remove(at);
        column.check = Some(inside.clone());
    }
}

/// A model says that the server counts, and whether always or by default: not by a serial, nor in which steps.
fn keep_counter(before: &Column, column: &mut Column) {
    match (&before.auto, &mut column.auto) {
        (
            Some(Auto::Serial { .. }),
            Some(Auto::Serial { .. } | Auto::Identity { always: false, .. }),
        ) => column.auto.clone_from(&before.auto),
        (
            Some(Auto::Serial { counter: own, .. } | Auto::Identity { counter: own, .. }),
            Some(Auto::Identity { counter, .. }),
        ) => counter.clone_from(own),
        _ => {}
    }
    if let Some(Auto::Serial { counter, .. } | Auto::Identity { counter, .. }) = &mut column.auto
        && counter.ty.as_ref() == Some(&column.ty)
    {
        counter.ty = None;
    }
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
