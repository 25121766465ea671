//! MySQL and MariaDB: one ALTER TABLE for all that changes in a table, committed by itself.

mod ddl;

use std::collections::BTreeSet;

use axum_db::Dialect;

use super::{Script, foreign_key, mentions, quoted_list, unknown_table};
use crate::error::Error;
use crate::op::Op;
use crate::schema::{Auto, Check, Column, ForeignKey, Index, KeyTarget, Schema, Table, Unique};

const MYSQL: Dialect = Dialect::Mysql;

pub(super) fn render(ops: &[Op], from: &Schema) -> Result<Script, Error> {
    let mut state = from.clone();
    let mut statements = Vec::new();
    let is_rename = |op: &Op| matches!(op, Op::RenameTable { .. } | Op::RenameColumn { .. });
    for run in ops.chunk_by(|a, b| is_rename(a) == is_rename(b)) {
        if is_rename(&run[0]) {
            statements.extend(run.iter().map(rename));
        } else {
            change(run, &state, &mut statements)?;
        }
        run.iter().for_each(|op| state.apply(op));
    }
    Ok(Script {
        statements,
        run_in_transaction: false,
    })
}

fn quote(name: &str) -> String {
    MYSQL.quote(name)
}

fn rename(op: &Op) -> String {
    match op {
        Op::RenameColumn { table, from, to } => {
            format!(
                "ALTER TABLE {} RENAME COLUMN {} TO {}",
                quote(table),
                quote(from),
                quote(to)
            )
        }
        Op::RenameTable { from, to } => format!("RENAME TABLE {} TO {}", quote(from), quote(to)),
        _ => String::new(),
    }
}

/// Writes a run of changes between which nothing is renamed.
fn change(run: &[Op], before: &Schema, out: &mut Vec<String>) -> Result<(), Error> {
    let mut after = before.clone();
    run.iter().for_each(|op| after.apply(op));
    for table in tables(run, |op| matches!(op, Op::DropForeignKey { .. })) {
        let drops = of_table(run, table).filter_map(|op| match op {
            Op::DropForeignKey { key, .. } => Some(drop_foreign_key(key)),
            _ => None,
        });
        out.push(alter(table, drops));
    }
    out.extend(run.iter().filter_map(|op| match op {
        Op::CreateTable(table) => Some(ddl::create_table(table)),
        _ => None,
    }));
    for table in tables(run, is_in_place) {
        let created = of_table(run, table).find_map(|op| match op {
            Op::CreateTable(table) => Some(table),
            _ => None,
        });
        match (
            before.tables.get(table).or(created),
            after.tables.get(table),
        ) {
            (Some(old), Some(new)) => {
                let ops: Vec<&Op> = of_table(run, table).collect();
                in_place(old, new, &ops, out)?;
            }
            (None, _) => return Err(unknown_table(table)),
            (_, None) => {} // it goes altogether
        }
    }
    for table in tables(run, |op| matches!(op, Op::AddForeignKey { .. })) {
        let adds = of_table(run, table).flat_map(|op| match op {
            Op::AddForeignKey { key, .. } => {
                let index = ddl::implicit_index(key).map(|index| format!("ADD {index}"));
                index
                    .into_iter()
                    .chain([format!("ADD {}", foreign_key(MYSQL, key))])
                    .collect()
            }
            _ => Vec::new(),
        });
        out.push(alter(table, adds));
    }
    out.extend(run.iter().filter_map(|op| match op {
        Op::DropTable(table) => Some(format!("DROP TABLE {}", quote(&table.name))),
        _ => None,
    }));
    Ok(())
}

/// The tables of the changes that `wanted` picks, in their order, each once.
fn tables(run: &[Op], wanted: impl Fn(&Op) -> bool) -> Vec<&str> {
    let mut tables: Vec<&str> = Vec::new();
    for op in run.iter().filter(|op| wanted(op)) {
        if !tables.contains(&op.table()) {
            tables.push(op.table());
        }
    }
    tables
}

fn of_table<'a>(run: &'a [Op], table: &'a str) -> impl Iterator<Item = &'a Op> {
    run.iter().filter(move |op| op.table() == table)
}

fn is_in_place(op: &Op) -> bool {
    !matches!(
        op,
        Op::CreateTable(_)
            | Op::DropTable(_)
            | Op::AddForeignKey { .. }
            | Op::DropForeignKey { .. }
    )
}

fn alter(table: &str, changes: impl IntoIterator<Item = String>) -> String {
    let changes: Vec<String> = changes.into_iter().collect();
    format!("ALTER TABLE {}\n  {}", quote(table), changes.join(",\n  "))
}

fn drop_foreign_key(key: &ForeignKey) -> String {
    let name = quote(key.name.as_deref().unwrap_or_default());
    match &key.implicit_index {
        Some(index) => format!("DROP FOREIGN KEY {name},\n  DROP INDEX {}", quote(index)),
        None => format!("DROP FOREIGN KEY {name}"),
    }
}

/// All in one statement, so that keys can replace each other under a counting column or a foreign key;
/// what has to be filled first is prepared in one before.
fn in_place(old: &Table, new: &Table, ops: &[&Op], out: &mut Vec<String>) -> Result<(), Error> {
    let table = &new.name;
    let mut prepared = Vec::new();
    let mut updates = Vec::new();
    let mut changes = Vec::new();
    // What is computed from what comes later in the same statement is refused.
    let mut computed = Vec::new();
    let remade = remade(old, ops);
    let retyped = ops.iter().filter_map(|op| is_retyped_early(op));
    let early: BTreeSet<String> = remade
        .iter()
        .cloned()
        .chain(retyped.map(str::to_owned))
        .collect();
    let index_is_early = |own: &Index| own.columns().any(|column| early.contains(column));
    let unique_is_early = |own: &Unique| own.columns.iter().any(|it| early.contains(it));
    let check_is_early = |own: &Check| mentions(&own.expression, &early);
    // What such a column is part of would go with it, stay without it, or be in its way.
    for own in old.indexes.iter().filter(|own| index_is_early(own)) {
        prepared.push(drop_index(Some(&own.name)));
        changes.extend(kept_index(own, ops).map(|own| format!("ADD {}", ddl::index(own))));
    }
    for own in old.uniques.iter().filter(|own| unique_is_early(own)) {
        prepared.push(drop_index(own.name.as_deref()));
        let goes = |op: &&Op| matches!(op, Op::DropUnique { unique, .. } if unique == own);
        if !ops.iter().any(goes) {
            changes.push(format!("ADD {}", ddl::unique(own)));
        }
    }
    for own in old.checks.iter().filter(|own| check_is_early(own)) {
        prepared.push(drop_check(own));
        let goes = |op: &&Op| matches!(op, Op::DropCheck { check, .. } if check == own);
        if !ops.iter().any(goes) {
            changes.push(format!("ADD {}", ddl::check(own)));
        }
    }
    // An UPDATE of ours is not one that ON UPDATE is about.
    let kept: String = old
        .columns
        .iter()
        .filter(|column| column.on_update.is_some())
        .map(|column| format!(", {0} = {0}", quote(&column.name)))
        .collect();
    for op in ops {
        match op {
            Op::AddColumn {
                column,
                backfill: Some(expression),
                ..
            } => {
                let open = Column {
                    nullable: true,
                    ..column.clone()
                };
                prepared.push(format!("ADD COLUMN {}", ddl::column(&open)));
                updates.push(format!(
                    "UPDATE {} SET {} = {expression}{kept}",
                    quote(table),
                    quote(&column.name)
                ));
                if !column.nullable {
                    changes.push(format!("MODIFY COLUMN {}", ddl::column(column)));
                }
            }
            Op::AddColumn { column, .. } if column.generated.is_some() => computed.push(column),
            Op::AddColumn {
                column,
                backfill: None,
                ..
            } => {
                changes.push(format!("ADD COLUMN {}", ddl::column(column)));
            }
            Op::AlterColumn {
                from, to, backfill, ..
            } => {
                if to.generated.is_some() && remade.contains(&to.name) {
                    prepared.push(format!("DROP COLUMN {}", quote(&to.name)));
                    computed.push(to);
                    continue;
                }
                let value = backfill.as_ref().or(to.default.as_ref());
                if let (Some(was), true) = (&from.generated, remade.contains(&to.name)) {
                    let open = Column {
                        nullable: true,
                        auto: None,
                        ..to.clone()
                    };
                    let name = quote(&to.name);
                    if was.stored {
                        prepared.push(format!("MODIFY COLUMN {}", ddl::column(&open)));
                    } else {
                        prepared.push(format!("DROP COLUMN {name}"));
                        prepared.push(format!("ADD COLUMN {}", ddl::column(&open)));
                        updates.push(format!(
                            "UPDATE {} SET {name} = {}{kept}",
                            quote(table),
                            was.expression
                        ));
                    }
                }
                if from.nullable
                    && !to.nullable
                    && let Some(value) = value
                {
                    let name = quote(&to.name);
                    if from.ty != to.ty && !remade.contains(&to.name) {
                        let open = Column {
                            nullable: true,
                            auto: None,
                            ..to.clone()
                        };
                        prepared.push(format!("MODIFY COLUMN {}", ddl::column(&open)));
                    }
                    updates.push(format!(
                        "UPDATE {} SET {name} = {value}{kept} WHERE {name} IS NULL",
                        quote(table)
                    ));
                }
                changes.push(format!("MODIFY COLUMN {}", ddl::column(to)));
            }
            Op::DropColumn { column, .. } if remade.contains(&column.name) => {
                prepared.push(format!("DROP COLUMN {}", quote(&column.name)));
            }
            Op::DropColumn { column, .. } => {
                changes.push(format!("DROP COLUMN {}", quote(&column.name)))
            }
            Op::DropPrimaryKey { .. } => changes.push("DROP PRIMARY KEY".to_owned()),
            Op::AddPrimaryKey { key, .. } => {
                changes.push(format!("ADD {}", ddl::primary_key(key)));
            }
            Op::DropUnique { unique, .. } if unique_is_early(unique) => {}
            Op::DropCheck { check, .. } if check_is_early(check) => {}
            Op::DropIndex { index, .. } | Op::RenameIndex { from: index, .. }
                if index_is_early(index) => {}
            Op::DropUnique { unique, .. } => changes.push(drop_index(unique.name.as_deref())),
            Op::AddUnique { unique, .. } => changes.push(format!("ADD {}", ddl::unique(unique))),
            Op::DropIndex { index, .. } => changes.push(drop_index(Some(&index.name))),
            Op::AddIndex { index, .. } => changes.push(format!("ADD {}", ddl::index(index))),
            Op::RenameIndex { from, to, .. } => {
                changes.push(format!(
                    "RENAME INDEX {} TO {}",
                    quote(&from.name),
                    quote(&to.name)
                ));
            }
            Op::DropCheck { check, .. } => changes.push(drop_check(check)),
            Op::AddCheck { check, .. } => changes.push(format!("ADD {}", ddl::check(check))),
            Op::AlterOptions { from, to, .. } => {
                changes.extend(ddl::changed_options(from, to));
                if from.collation != to.collation {
                    changes.extend(
                        new.columns
                            .iter()
                            .filter(|own| inherits(own, old, ops))
                            .map(|column| format!("MODIFY COLUMN {}", ddl::column(column))),
                    );
                }
            }
            _ => {}
        }
    }
    let stays = |own: &&Column| {
        let changes_it = |op: &&Op| matches!(op, Op::AlterColumn { from: it, .. } | Op::DropColumn { column: it, .. } if it == *own);
        remade.contains(&own.name) && !ops.iter().any(changes_it)
    };
    for own in old.columns.iter().filter(stays) {
        prepared.push(format!("DROP COLUMN {}", quote(&own.name)));
        computed.push(own);
    }
    changes.extend(in_order(computed).map(|column| format!("ADD COLUMN {}", ddl::column(column))));
    for key in &old.foreign_keys {
        let gone = |op: &&Op| matches!(op, Op::DropForeignKey { key: gone, .. } if gone == key);
        if !new.foreign_keys.contains(key) || ops.iter().any(gone) {
            continue;
        }
        // Where an index of the table serves the key, the one made for it goes; where none does any
        // longer, one has to be made.
        match (&key.implicit_index, has_index_for(new, key)) {
            (Some(index), true) => changes.push(drop_index(Some(index))),
            (None, false) => {
                let name = key.name.as_deref().unwrap_or_default();
                changes.push(format!(
                    "ADD INDEX {} ({})",
                    quote(name),
                    quoted_list(MYSQL, &key.columns)
                ));
            }
            _ => {}
        }
    }
    if !prepared.is_empty() {
        out.push(alter(table, prepared));
    }
    out.extend(updates);
    if !changes.is_empty() {
        out.push(alter(table, changes));
    }
    Ok(())
}

/// Computed columns, each after those that it is computed from.
fn in_order(mut columns: Vec<&Column>) -> impl Iterator<Item = &Column> {
    std::iter::from_fn(move || {
        let names: BTreeSet<String> = columns.iter().map(|column| column.name.clone()).collect();
        let needs_none = |column: &&Column| {
            let generated = column.generated.as_ref();
            !generated.is_some_and(|own| mentions(&own.expression, &names))
        };
        let next = columns.iter().position(needs_none).unwrap_or_default();
        (!columns.is_empty()).then(|| columns.remove(next))
    })
}

/// The columns that are dropped before all else, and with them what is computed from them.
fn remade(old: &Table, ops: &[&Op]) -> BTreeSet<String> {
    let names = ops.iter().filter_map(|op| is_remade(op));
    let mut remade: BTreeSet<String> = names.map(str::to_owned).collect();
    loop {
        let computed = old.columns.iter().filter(|own| {
            let generated = own.generated.as_ref();
            generated.is_some_and(|it| mentions(&it.expression, &remade))
        });
        let grown: BTreeSet<String> = computed
            .map(|own| own.name.clone())
            .chain(remade.iter().cloned())
            .collect();
        if grown.len() == remade.len() {
            return remade;
        }
        remade = grown;
    }
}

/// The column, where it cannot be changed in place: what it computes, or that it is computed whenever it is read.
fn is_remade(op: &Op) -> Option<&str> {
    let Op::AlterColumn { from, to, .. } = op else {
        return None;
    };
    let was_virtual = from.generated.as_ref().is_some_and(|own| !own.stored);
    let remade = from.generated != to.generated && (to.generated.is_some() || was_virtual);
    remade.then_some(to.name.as_str())
}

/// The column, where it has its new type before its rows get a value.
fn is_retyped_early(op: &Op) -> Option<&str> {
    match op {
        Op::AlterColumn {
            from, to, backfill, ..
        } if from.nullable
            && !to.nullable
            && from.ty != to.ty
            && (backfill.is_some() || to.default.is_some()) =>
        {
            Some(&to.name)
        }
        _ => None,
    }
}

fn drop_check(check: &Check) -> String {
    let name = quote(check.name.as_deref().unwrap_or_default());
    format!("DROP CONSTRAINT {name}")
}

/// What becomes of an index of the table, if it stays.
fn kept_index<'a>(index: &'a Index, ops: &[&'a Op]) -> Option<&'a Index> {
    let change = ops.iter().find_map(|op| match op {
        Op::DropIndex { index: own, .. } if own == index => Some(None),
        Op::RenameIndex { from, to, .. } if from == index => Some(Some(to)),
        _ => None,
    });
    change.unwrap_or(Some(index))
}

/// Whether the column takes its table's collation, which becomes another, and nothing else restates it.
fn inherits(column: &Column, old: &Table, ops: &[&Op]) -> bool {
    let ty = column.ty.to_lowercase();
    let is_text = [
        "char",
        "varchar",
        "text",
        "tinytext",
        "mediumtext",
        "longtext",
        "enum(",
        "set(",
    ]
    .iter()
    .any(|name| ty.starts_with(name));
    let is_restated = ops.iter().any(|op| {
        matches!(op, Op::AddColumn { column: own, .. } | Op::AlterColumn { to: own, .. } if own.name == column.name)
    });
    is_text && column.collation.is_none() && old.column(&column.name).is_some() && !is_restated
}

fn drop_index(name: Option<&str>) -> String {
    format!("DROP INDEX {}", quote(name.unwrap_or_default()))
}

/// Whether an index of the table begins with the columns of the foreign key: InnoDB insists on one.
fn has_index_for(table: &Table, key: &ForeignKey) -> bool {
    let begins = |columns: &mut dyn Iterator<Item = &str>| {
        key.columns
            .iter()
            .all(|column| columns.next() == Some(column.as_str()))
    };
    table
        .primary_key
        .iter()
        .any(|own| begins(&mut own.columns.iter().map(String::as_str)))
        || table
            .uniques
            .iter()
            .any(|own| begins(&mut own.columns.iter().map(String::as_str)))
        || table
            .indexes
            .iter()
            .filter(|index| index.method.is_none())
            .any(|index| {
                begins(&mut index.keys.iter().map(|key| match &key.target {
                    KeyTarget::Column(name) if !key.suffix.starts_with('(') => name.as_str(),
                    _ => "",
                }))
            })
}

/// Whether the server counts the column.
fn counts(column: &Column) -> bool {
    column.auto == Some(Auto::Increment)
}
