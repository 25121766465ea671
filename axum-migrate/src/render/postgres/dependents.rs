//! What stands in the way of a change: computed columns, checks and views that read a column whose type changes.
//!
//! They are taken away before the first such change and made again after the last.

use std::collections::{BTreeMap, BTreeSet};

use super::column::{ddl_base, is_remade, is_retyped};
use super::ddl::{
    self, add_index, check, foreign_key, new_constraint_comment, primary_key, unique,
};
pub(super) use crate::render::mentions;

use super::{column, enums, quote, quoted};
use crate::error::{Error, ErrorKind};
use crate::op::Op;
use crate::schema::{Column, Index, KeyTarget, Schema, Table, Unmanaged};

/// Whether the index has one of the columns in an expression of its own.
pub(super) fn index_computes(index: &Index, columns: &BTreeSet<String>) -> bool {
    let in_key = |key: &crate::schema::IndexKey| match &key.target {
        KeyTarget::Expression(sql) => mentions(sql, columns),
        KeyTarget::Column(_) => false,
    };
    index.keys.iter().any(in_key)
        || index
            .predicate
            .as_deref()
            .is_some_and(|sql| mentions(sql, columns))
}

fn index_reads(index: &Index, columns: &BTreeSet<String>) -> bool {
    index_computes(index, columns)
        || index
            .columns()
            .chain(index.include.iter().map(String::as_str))
            .any(|name| columns.contains(name))
}

/// What one table needs around the changes of its columns.
#[derive(Default)]
struct TableWork {
    /// The operations that are the first and the last to change a column.
    first: usize,
    last: usize,
    /// Columns whose type changes to one that their expressions may not fit.
    unlike: BTreeSet<String>,
    /// Columns whose type changes.
    retyped: BTreeSet<String>,
    /// Computed columns that are dropped and added again.
    remade: BTreeSet<String>,
    /// Computed columns that are added in any case; after everything that they may read.
    added: BTreeMap<String, Column>,
}

/// What is done around the operations of a script.
#[derive(Default)]
pub(super) struct Around {
    tables: BTreeMap<String, TableWork>,
    /// Objects without a model that have to be made again, each after those that it reads.
    pub(super) objects: Vec<Unmanaged>,
    first: usize,
    last: usize,
}

impl Around {
    pub(super) fn of(ops: &[Op], from: &Schema) -> Result<Self, Error> {
        let mut around = Self {
            first: usize::MAX,
            ..Self::default()
        };
        let mut state = from.clone();
        let mut touched: BTreeSet<(String, String)> = BTreeSet::new();
        let mut types: BTreeSet<String> = BTreeSet::new();
        let mut renamed = from.clone();
        let mut fresh: BTreeSet<(&str, &str)> = BTreeSet::new();
        for (at, op) in ops.iter().enumerate() {
            let before = touched.len() + types.len();
            match op {
                Op::RenameTable { .. } | Op::RenameColumn { .. } | Op::RenameEnum { .. } => {
                    renamed.apply(op);
                }
                Op::AlterColumn {
                    table, from, to, ..
                } => around.note_column(at, table, (from, to), &state, &fresh),
                Op::AddColumn { table, column, .. } => {
                    fresh.insert((table, &column.name));
                }
                Op::AlterEnum { from, to } if enums::is_remade(from, to, ops) => {
                    types.insert(from.name.clone());
                    touched.extend(enums::columns_touched(from, &state));
                }
                _ => {}
            }
            if let Op::AlterColumn { table, .. } = op
                && let Some(work) = around.tables.get(table)
            {
                let columns = work.retyped.iter().chain(&work.remade);
                touched.extend(columns.map(|column| (table.clone(), column.clone())));
            }
            if touched.len() + types.len() > before {
                around.first = around.first.min(at);
                around.last = at;
            }
            state.apply(op);
        }
        for (at, op) in ops.iter().enumerate() {
            around.note_added(at, op);
            around.note_dropped(at, op, ops);
        }
        around.last = around
            .tables
            .values()
            .map(|work| work.last)
            .chain([around.last])
            .max()
            .unwrap_or_default();
        around.objects = in_order(affected(&renamed, &touched, &types)?);
        Ok(around)
    }

    /// `fresh` are the columns that are not there before the script.
    fn note_column(
        &mut self,
        at: usize,
        table: &str,
        (from, to): (&Column, &Column),
        state: &Schema,
        fresh: &BTreeSet<(&str, &str)>,
    ) {
        let remakes = is_remade(from, to);
        let retypes = is_retyped(from, to);
        if !remakes && !retypes {
            return;
        }
        let work = self
            .tables
            .entry(table.to_owned())
            .or_insert_with(|| TableWork {
                first: at,
                ..TableWork::default()
            });
        work.last = at;
        let mut changed = BTreeSet::new();
        if remakes {
            work.remade.insert(to.name.clone());
            work.added.insert(to.name.clone(), to.clone());
            changed.insert(to.name.clone());
        } else {
            work.retyped.insert(to.name.clone());
            if !is_alike(&from.ty, &to.ty) {
                work.unlike.insert(to.name.clone());
            }
            changed.clone_from(&work.retyped);
        }
        let Some(table) = state.tables.get(table) else {
            return;
        };
        for own in &table.columns {
            if let Some(generated) = &own.generated
                && mentions(&generated.expression, &changed)
                && !work.added.contains_key(&own.name)
                && !fresh.contains(&(table.name.as_str(), own.name.as_str()))
            {
                work.remade.insert(own.name.clone());
                work.added.insert(own.name.clone(), own.clone());
            }
        }
    }

    /// Computed columns are added when all that they may read is as it will be; those that are dropped anyway
    /// are not added again.
    fn note_added(&mut self, at: usize, op: &Op) {
        let Some(work) = self.tables.get_mut(op.table()) else {
            return;
        };
        match op {
            Op::AlterColumn { to, .. } => {
                work.last = work.last.max(at);
                if let Some(own) = work.added.get_mut(&to.name) {
                    own.clone_from(to);
                }
            }
            Op::AddColumn { column, .. } => {
                work.last = work.last.max(at);
                if column.generated.is_some() {
                    work.added.insert(column.name.clone(), column.clone());
                }
            }
            Op::DropColumn { column, .. } if work.remade.contains(&column.name) => {
                work.added.remove(&column.name);
            }
            _ => {}
        }
    }

    /// Columns that are computed otherwise go before what they have read until then.
    fn note_dropped(&mut self, at: usize, op: &Op, ops: &[Op]) {
        let Op::DropColumn { table, column } = op else {
            return;
        };
        let Some(work) = self.tables.get_mut(table).filter(|work| at < work.first) else {
            return;
        };
        let gone = BTreeSet::from([column.name.clone()]);
        let reads = |op: &Op| match op {
            Op::AlterColumn { from, to, .. } => {
                work.remade.contains(&to.name)
                    && from
                        .generated
                        .as_ref()
                        .is_some_and(|own| mentions(&own.expression, &gone))
            }
            _ => false,
        };
        if ops.iter().any(|op| op.table() == table && reads(op)) {
            work.first = at;
            self.first = self.first.min(at);
        }
    }

    /// Whether something else does the operation's work.
    pub(super) fn replaces(&self, op: &Op) -> bool {
        let Some(work) = self.tables.get(op.table()) else {
            return false;
        };
        match op {
            Op::AlterColumn { to, .. } => work.remade.contains(&to.name),
            Op::AddColumn { column, .. } => {
                column.generated.is_some() && work.added.contains_key(&column.name)
            }
            Op::DropColumn { column, .. } => work.remade.contains(&column.name),
            _ => false,
        }
    }

    pub(super) fn before(&self, at: usize, state: &Schema, out: &mut Vec<String>) {
        if at == self.first {
            out.extend(self.objects.iter().rev().map(drop_object));
        }
        for (name, work) in self.tables.iter().filter(|(_, work)| work.first == at) {
            let Some(table) = state.tables.get(name) else {
                continue;
            };
            for (table, key) in foreign(state, name, &work.remade) {
                out.push(drop_constraint(table, key.name.as_deref()));
            }
            let alter = format!("ALTER TABLE {}", quoted(name));
            for own in &table.checks {
                // With a computed column, what reads it goes by itself.
                if mentions(&own.expression, &work.unlike)
                    && !mentions(&own.expression, &work.remade)
                {
                    out.push(drop_constraint(name, own.name.as_deref()));
                }
            }
            for own in &table.indexes {
                if index_computes(own, &work.unlike) && !index_reads(own, &work.remade) {
                    out.push(format!("DROP INDEX {}", ddl::beside(name, &own.name)));
                }
            }
            // Each before what it reads, which may become computed itself.
            let is_computed = |name: &&String| {
                let column = table.column(name);
                column.is_some_and(|own| own.generated.is_some())
            };
            let (computed, plain): (Vec<&String>, Vec<&String>) =
                work.remade.iter().partition(is_computed);
            for column in computed.into_iter().chain(plain) {
                out.push(format!("{alter} DROP COLUMN {}", quote(column)));
            }
        }
    }

    pub(super) fn after(&self, at: usize, state: &Schema, out: &mut Vec<String>) {
        for (name, work) in self.tables.iter().filter(|(_, work)| work.last == at) {
            if let Some(table) = state.tables.get(name) {
                work.finish(table, state, out);
            }
        }
        if at == self.last {
            for object in &self.objects {
                out.extend(object.sql.clone());
                out.extend(object.privileges.clone());
            }
        }
    }
}

impl TableWork {
    fn finish(&self, table: &Table, state: &Schema, out: &mut Vec<String>) {
        for own in self.added.values() {
            column::add(&table.name, own, None, state, out);
        }
        // What went with the columns, or before them, comes back.
        let mut gone: BTreeSet<String> = self.remade.clone();
        gone.retain(|column| table.column(column).is_some());
        let alter = format!("ALTER TABLE {} ADD ", quoted(&table.name));
        let has = |columns: &[String]| columns.iter().any(|column| gone.contains(column));
        let mut add = |clause: String, name: &Option<String>, comment: &Option<String>| {
            out.push(format!("{alter}{clause}"));
            out.extend(new_constraint_comment(&table.name, name, comment));
        };
        if let Some(own) = &table.primary_key
            && (has(&own.columns) || has(&own.include))
        {
            add(primary_key(own), &own.name, &own.comment);
        }
        for own in &table.uniques {
            if has(&own.columns) || has(&own.include) {
                add(unique(own), &own.name, &own.comment);
            }
        }
        for own in &table.checks {
            if mentions(&own.expression, &gone) || mentions(&own.expression, &self.unlike) {
                add(check(own), &own.name, &own.comment);
            }
        }
        for own in &table.foreign_keys {
            if has(&own.columns) {
                add(foreign_key(own), &own.name, &own.comment);
            }
        }
        for own in &table.indexes {
            if index_reads(own, &gone) || index_computes(own, &self.unlike) {
                add_index(&table.name, own, out);
            }
        }
        for (name, key) in foreign(state, &table.name, &gone) {
            out.push(format!(
                "ALTER TABLE {} ADD {}",
                quoted(name),
                foreign_key(key)
            ));
            out.extend(new_constraint_comment(name, &key.name, &key.comment));
        }
    }
}

/// The foreign keys of other tables to the columns.
fn foreign<'a>(
    state: &'a Schema,
    to: &'a str,
    columns: &'a BTreeSet<String>,
) -> impl Iterator<Item = (&'a str, &'a crate::schema::ForeignKey)> {
    let tables = state.tables.values().filter(move |table| table.name != to);
    let keys = tables.flat_map(|table| table.foreign_keys.iter().map(|key| (&*table.name, key)));
    keys.filter(move |(_, key)| {
        key.table == to && key.referenced.iter().any(|column| columns.contains(column))
    })
}

fn drop_constraint(table: &str, name: Option<&str>) -> String {
    format!(
        "ALTER TABLE {} DROP CONSTRAINT {}",
        quoted(table),
        quote(name.unwrap_or_default())
    )
}

/// Whether expressions over the one type hold for the other.
fn is_alike(from: &str, to: &str) -> bool {
    const FAMILIES: [&[&str]; 3] = [
        &["text", "character varying", "character", "citext"],
        &[
            "smallint",
            "integer",
            "bigint",
            "numeric",
            "real",
            "double precision",
        ],
        &["timestamp with time zone", "timestamp without time zone"],
    ];
    let (from, to) = (ddl_base(from), ddl_base(to));
    from == to
        || FAMILIES
            .iter()
            .any(|family| family.contains(&&*from) && family.contains(&&*to))
}

const IN_THE_WAY: [&str; 9] = [
    "view",
    "materialized view",
    "rule",
    "trigger",
    "row security policy",
    "function",
    "procedure",
    "partition",
    "inheriting table",
];

/// Objects that read what changes, and those that read these.
fn affected(
    schema: &Schema,
    columns: &BTreeSet<(String, String)>,
    types: &BTreeSet<String>,
) -> Result<Vec<Unmanaged>, Error> {
    let mut found: Vec<&Unmanaged> = Vec::new();
    loop {
        let before = found.len();
        for object in &schema.unmanaged {
            let reads = object.reads.iter().any(|read| {
                let column = read.column.clone().unwrap_or_default();
                columns.contains(&(read.object.clone(), column))
                    || types.contains(&read.object)
                    || found
                        .iter()
                        .any(|other| is_relation(other) && other.name == read.object)
            });
            let stands_on = found
                .iter()
                .any(|other| is_relation(other) && Some(&other.name) == object.table.as_ref());
            if (reads || stands_on) && !found.contains(&object) {
                found.push(object);
            }
        }
        if found.len() == before {
            break;
        }
    }
    for object in &found {
        let is_known = matches!(
            object.kind.as_str(),
            "view" | "materialized view" | "rule" | "trigger" | "row security policy"
        );
        if !is_known || object.sql.is_none() {
            return Err(Error::new(
                ErrorKind::Usage,
                format!(
                    "the {} {} reads a column or type that changes, and PostgreSQL does not let it stand meanwhile; \
                     {}. Drop it in a revision of its own (`revision`), make the change, and create it again in a third",
                    object.kind,
                    object.name,
                    if is_known {
                        "something else that it reads is renamed at the same time, so how to make it again is not known"
                    } else {
                        "nothing but views, triggers, rules and policies is made again by itself"
                    }
                ),
            ));
        }
    }
    Ok(found.into_iter().cloned().collect())
}

fn is_relation(object: &Unmanaged) -> bool {
    matches!(object.kind.as_str(), "view" | "materialized view")
}

/// Each after those that it reads or stands on.
pub(crate) fn in_order(objects: Vec<Unmanaged>) -> Vec<Unmanaged> {
    let mut waiting = objects;
    let mut sorted: Vec<Unmanaged> = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let names: BTreeSet<String> = waiting.iter().map(|object| object.name.clone()).collect();
        let is_ready = |object: &Unmanaged| {
            let waits = |name: &String| *name != object.name && names.contains(name);
            !object.reads.iter().any(|read| waits(&read.object))
                && !object.table.as_ref().is_some_and(waits)
        };
        let (mut ready, mut rest): (Vec<_>, Vec<_>) = waiting.into_iter().partition(is_ready);
        if ready.is_empty() {
            // A circle, which only functions can have.
            ready.append(&mut rest);
        }
        sorted.append(&mut ready);
        waiting = rest;
    }
    sorted
}

fn drop_object(object: &Unmanaged) -> String {
    let kind = match object.kind.as_str() {
        "row security policy" => "POLICY".to_owned(),
        kind => kind.to_uppercase(),
    };
    match &object.table {
        Some(table) => format!("DROP {kind} {} ON {}", quote(&object.name), quoted(table)),
        None => format!("DROP {kind} {}", quoted(&object.name)),
    }
}

/// Refuses to drop what something without a model reads.
pub(super) fn refuse_read(op: &Op, state: &Schema) -> Result<(), Error> {
    let (table, column) = match op {
        Op::DropTable(table) => (&table.name, None),
        Op::DropColumn { table, column } => (table, Some(&column.name)),
        _ => return Ok(()),
    };
    let reader = state.unmanaged.iter().find(|object| {
        IN_THE_WAY.contains(&object.kind.as_str())
            && (column.is_some() || object.table.as_ref() != Some(table))
            && object.reads.iter().any(|read| {
                read.object == *table && (column.is_none() || read.column.as_ref() == column)
            })
    });
    let Some(reader) = reader else {
        return Ok(());
    };
    let what = column.map_or(format!("table {table}"), |column| {
        format!("column {table}.{column}")
    });
    Err(Error::new(
        ErrorKind::Usage,
        format!(
            "{what} cannot be dropped: the {} {} reads it, which no model describes and autogenerate never drops. \
             Change or drop it first, in a revision of its own (`revision`)",
            reader.kind, reader.name
        ),
    ))
}
