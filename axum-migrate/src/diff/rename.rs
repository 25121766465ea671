//! Which names mean the same thing as before.

use super::Hints;
use crate::error::{Error, ErrorKind};
use crate::op::Op;
use crate::schema::{EnumType, Schema};

/// Carries the renames out on `base` and returns them.
///
/// A name that changed in its case only is always the same thing: to two engines of three it is the same
/// name.
pub(super) fn apply(base: &mut Schema, to: &Schema, hints: &Hints) -> Result<Vec<Op>, Error> {
    let mut ops = Vec::new();
    for (old, new) in &hints.renamed_tables {
        if let (Some(from), Some(to), None) =
            (base.enums.get(old), to.enums.get(new), base.enums.get(new))
        {
            let from = from.clone();
            let to = EnumType {
                values: from.values.clone(),
                comment: from.comment.clone(),
                ..to.clone()
            };
            base.rename_enum(&from, &to);
            ops.push(Op::RenameEnum { from, to });
            continue;
        }
        if !base.tables.contains_key(old) {
            return Err(refuse(
                &format!("{old}={new}"),
                &format!("the database has no table {old}"),
            ));
        }
        if base.tables.contains_key(new) {
            return Err(refuse(
                &format!("{old}={new}"),
                &format!("the database has a table {new} already"),
            ));
        }
        if !to.tables.contains_key(new) {
            return Err(refuse(
                &format!("{old}={new}"),
                &format!("no model has the table {new}"),
            ));
        }
        rename_table(base, old, new, &mut ops);
    }
    let in_other_case: Vec<(String, String)> = base
        .tables
        .keys()
        .filter(|old| !to.tables.contains_key(*old))
        .filter_map(|old| {
            let new = to
                .tables
                .keys()
                .find(|new| same_but_case(old, new) && !base.tables.contains_key(*new))?;
            Some((old.clone(), new.clone()))
        })
        .collect();
    for (old, new) in in_other_case {
        rename_table(base, &old, &new, &mut ops);
    }

    for (table, old, new) in &hints.renamed_columns {
        let hint = format!("{table}.{old}={table}.{new}");
        let renamed = hints
            .renamed_tables
            .iter()
            .find(|(before, _)| before == table);
        let table = renamed.map_or(table, |(_, after)| after);
        if let (Some(current), Some(desired)) = (base.enums.get(table), to.enums.get(table)) {
            rename_value(base, current.clone(), desired, old, new, &mut ops)?;
            continue;
        }
        let Some(current) = base.tables.get(table) else {
            return Err(refuse(&hint, &format!("the database has no table {table}")));
        };
        if current.column(old).is_none() {
            return Err(refuse(
                &hint,
                &format!("table {table} of the database has no column {old}"),
            ));
        }
        if current.column(new).is_some() {
            return Err(refuse(
                &hint,
                &format!("table {table} of the database has a column {new} already"),
            ));
        }
        if to
            .tables
            .get(table)
            .and_then(|table| table.column(new))
            .is_none()
        {
            return Err(refuse(
                &hint,
                &format!("no model of table {table} has a column {new}"),
            ));
        }
        rename_column(base, table, old, new, &mut ops);
    }
    for (name, desired) in &to.tables {
        let Some(current) = base.tables.get(name) else {
            continue;
        };
        let in_other_case: Vec<(String, String)> = current
            .columns
            .iter()
            .filter(|old| desired.column(&old.name).is_none())
            .filter_map(|old| {
                let new = desired.columns.iter().find(|new| {
                    same_but_case(&old.name, &new.name) && current.column(&new.name).is_none()
                })?;
                Some((old.name.clone(), new.name.clone()))
            })
            .collect();
        for (old, new) in in_other_case {
            rename_column(base, name, &old, &new, &mut ops);
        }
    }
    Ok(ops)
}

fn rename_value(
    base: &mut Schema,
    current: EnumType,
    desired: &EnumType,
    old: &str,
    new: &str,
    ops: &mut Vec<Op>,
) -> Result<(), Error> {
    let name = &current.name;
    let hint = format!("{name}.{old}={name}.{new}");
    let has = |own: &EnumType, value: &str| own.values.iter().any(|known| known == value);
    for (is_wrong, why) in [
        (
            !has(&current, old),
            format!("enum {name} of the database has no value {old}"),
        ),
        (
            has(&current, new),
            format!("enum {name} of the database has a value {new} already"),
        ),
        (
            !has(desired, new),
            format!("no model's enum {name} has a value {new}"),
        ),
    ] {
        if is_wrong {
            return Err(refuse(&hint, &why));
        }
    }
    base.rename_value(name, old, new);
    ops.push(Op::RenameEnumValue {
        name: name.clone(),
        from: old.to_owned(),
        to: new.to_owned(),
    });
    Ok(())
}

fn same_but_case(a: &str, b: &str) -> bool {
    a != b && a.to_lowercase() == b.to_lowercase()
}

fn rename_table(base: &mut Schema, old: &str, new: &str, ops: &mut Vec<Op>) {
    base.rename_table(old, new);
    ops.push(Op::RenameTable {
        from: old.to_owned(),
        to: new.to_owned(),
    });
}

fn rename_column(base: &mut Schema, table: &str, old: &str, new: &str, ops: &mut Vec<Op>) {
    base.rename_column(table, old, new);
    ops.push(Op::RenameColumn {
        table: table.to_owned(),
        from: old.to_owned(),
        to: new.to_owned(),
    });
}

fn refuse(hint: &str, why: &str) -> Error {
    Error::new(
        ErrorKind::Usage,
        format!(
            "--rename {hint} does not fit: {why}; write --rename old=new for a table or enum, --rename table.old=table.new for a column or value"
        ),
    )
}
