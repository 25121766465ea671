//! A change of a schema, and its inverse.

mod apply;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::schema::{
    Check, Column, Deferrable, EnumType, ForeignKey, Index, PrimaryKey, Table, TableOptions, Unique,
};

/// One change of a schema.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the fields say what they are")]
#[expect(
    clippy::large_enum_variant,
    reason = "a diff has few operations, and matching on boxes would cost every reader"
)]
pub enum Op {
    /// Renames a table.
    RenameTable { from: String, to: String },
    /// Renames a column.
    RenameColumn {
        table: String,
        from: String,
        to: String,
    },
    /// Creates a table with its constraints and indexes.
    CreateTable(Table),
    /// Drops a table.
    DropTable(Table),
    /// Adds a column; `backfill` fills the rows that are there.
    AddColumn {
        table: String,
        column: Column,
        backfill: Option<String>,
    },
    /// Drops a column.
    DropColumn { table: String, column: Column },
    /// Changes a column in place; `backfill` replaces the NULLs that are there.
    AlterColumn {
        table: String,
        from: Column,
        to: Column,
        backfill: Option<String>,
    },
    /// Adds a primary key.
    AddPrimaryKey { table: String, key: PrimaryKey },
    /// Drops a primary key.
    DropPrimaryKey { table: String, key: PrimaryKey },
    /// Adds a unique constraint.
    AddUnique { table: String, unique: Unique },
    /// Drops a unique constraint.
    DropUnique { table: String, unique: Unique },
    /// Adds a CHECK.
    AddCheck { table: String, check: Check },
    /// Drops a CHECK.
    DropCheck { table: String, check: Check },
    /// Adds an index.
    AddIndex { table: String, index: Index },
    /// Drops an index.
    DropIndex { table: String, index: Index },
    /// Renames an index, or changes its comment or storage parameters.
    RenameIndex {
        table: String,
        from: Index,
        to: Index,
    },
    /// Adds a foreign key.
    AddForeignKey { table: String, key: ForeignKey },
    /// Drops a foreign key.
    DropForeignKey { table: String, key: ForeignKey },
    /// Changes what a constraint is called, says or is checked by, without making it anew (PostgreSQL).
    AlterConstraint {
        table: String,
        from: Constraint,
        to: Constraint,
    },
    /// Renames an enum.
    RenameEnum { from: EnumType, to: EnumType },
    /// Renames a value of an enum.
    RenameEnumValue {
        name: String,
        from: String,
        to: String,
    },
    /// Creates an enum.
    CreateEnum(EnumType),
    /// Drops an enum.
    DropEnum(EnumType),
    /// Changes the values or the comment of an enum; no row may have a value that goes.
    AlterEnum { from: EnumType, to: EnumType },
    /// Changes what stands after a table's columns.
    AlterOptions {
        table: String,
        from: TableOptions,
        to: TableOptions,
    },
}

/// A constraint of any kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "they say what they are")]
pub enum Constraint {
    PrimaryKey(PrimaryKey),
    Unique(Unique),
    Check(Check),
    ForeignKey(ForeignKey),
}

impl Constraint {
    /// Its name, where it has one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Constraint::PrimaryKey(key) => key.name.as_deref(),
            Constraint::Unique(unique) => unique.name.as_deref(),
            Constraint::Check(check) => check.name.as_deref(),
            Constraint::ForeignKey(key) => key.name.as_deref(),
        }
    }

    pub(crate) fn set_name(&mut self, name: Option<String>) {
        match self {
            Constraint::PrimaryKey(key) => key.name = name,
            Constraint::Unique(unique) => unique.name = name,
            Constraint::Check(check) => check.name = name,
            Constraint::ForeignKey(key) => key.name = name,
        }
    }

    /// The comment, where it has one.
    pub(crate) fn comment(&self) -> Option<&str> {
        match self {
            Constraint::PrimaryKey(key) => key.comment.as_deref(),
            Constraint::Unique(unique) => unique.comment.as_deref(),
            Constraint::Check(check) => check.comment.as_deref(),
            Constraint::ForeignKey(key) => key.comment.as_deref(),
        }
    }

    /// Whether rows from before it may break it.
    pub(crate) fn not_valid(&self) -> bool {
        match self {
            Constraint::Check(check) => check.not_valid,
            Constraint::ForeignKey(key) => key.not_valid,
            Constraint::PrimaryKey(_) | Constraint::Unique(_) => false,
        }
    }

    pub(crate) fn deferrable(&self) -> Option<Deferrable> {
        match self {
            Constraint::PrimaryKey(key) => key.deferrable,
            Constraint::Unique(unique) => unique.deferrable,
            Constraint::ForeignKey(key) => key.deferrable,
            Constraint::Check(_) => None,
        }
    }

    /// The storage parameters of its index.
    pub(crate) fn storage(&self) -> &[String] {
        match self {
            Constraint::PrimaryKey(key) => &key.storage,
            Constraint::Unique(unique) => &unique.storage,
            Constraint::Check(_) | Constraint::ForeignKey(_) => &[],
        }
    }
}

/// The changes that undo `ops`, in the order in which to run them.
#[must_use]
pub fn inverse(ops: &[Op]) -> Vec<Op> {
    ops.iter().rev().map(Op::inverse).collect()
}

impl Op {
    /// The change that undoes this one.
    ///
    /// Data does not come back: a column that is required and has no default is filled with a neutral
    /// value of its type (`0`, `''`, 1970-01-01).
    #[must_use]
    pub fn inverse(&self) -> Op {
        match self.clone() {
            Op::RenameTable { from, to } => Op::RenameTable { from: to, to: from },
            Op::RenameColumn { table, from, to } => Op::RenameColumn {
                table,
                from: to,
                to: from,
            },
            Op::CreateTable(table) => Op::DropTable(table),
            Op::DropTable(table) => Op::CreateTable(table),
            Op::AddColumn { table, column, .. } => Op::DropColumn { table, column },
            Op::DropColumn { table, column } => {
                let backfill = column.needs_backfill().then(|| neutral_value(&column.ty));
                Op::AddColumn {
                    table,
                    column,
                    backfill,
                }
            }
            Op::AlterColumn {
                table, from, to, ..
            } => {
                let backfill =
                    (to.nullable && from.needs_backfill()).then(|| neutral_value(&from.ty));
                Op::AlterColumn {
                    table,
                    from: to,
                    to: from,
                    backfill,
                }
            }
            Op::AddPrimaryKey { table, key } => Op::DropPrimaryKey { table, key },
            Op::DropPrimaryKey { table, key } => Op::AddPrimaryKey { table, key },
            Op::AddUnique { table, unique } => Op::DropUnique { table, unique },
            Op::DropUnique { table, unique } => Op::AddUnique { table, unique },
            Op::AddCheck { table, check } => Op::DropCheck { table, check },
            Op::DropCheck { table, check } => Op::AddCheck { table, check },
            Op::AddIndex { table, index } => Op::DropIndex { table, index },
            Op::DropIndex { table, index } => Op::AddIndex { table, index },
            Op::RenameIndex { table, from, to } => Op::RenameIndex {
                table,
                from: to,
                to: from,
            },
            Op::AddForeignKey { table, key } => Op::DropForeignKey { table, key },
            Op::DropForeignKey { table, key } => Op::AddForeignKey { table, key },
            Op::AlterConstraint { table, from, to } => Op::AlterConstraint {
                table,
                from: to,
                to: from,
            },
            Op::RenameEnum { from, to } => Op::RenameEnum { from: to, to: from },
            Op::RenameEnumValue { name, from, to } => Op::RenameEnumValue {
                name,
                from: to,
                to: from,
            },
            Op::CreateEnum(own) => Op::DropEnum(own),
            Op::DropEnum(own) => Op::CreateEnum(own),
            Op::AlterEnum { from, to } => Op::AlterEnum { from: to, to: from },
            Op::AlterOptions { table, from, to } => Op::AlterOptions {
                table,
                from: to,
                to: from,
            },
        }
    }

    /// Whether running it can lose what is stored: it drops a table or a column, or narrows a type.
    #[must_use]
    pub fn loses_data(&self) -> bool {
        match self {
            Op::DropTable(_) | Op::DropColumn { .. } => true,
            Op::AlterColumn { from, to, .. } => {
                from.ty != to.ty && !is_widening(&from.ty, &to.ty)
                    || from.generated.is_none() && to.generated.is_some()
            }
            _ => false,
        }
    }

    /// The table and column that need a `--backfill` before this can run, if any.
    #[must_use]
    pub fn missing_backfill(&self) -> Option<(&str, &str)> {
        match self {
            Op::AddColumn {
                table,
                column,
                backfill: None,
            } if column.needs_backfill() => Some((table, &column.name)),
            Op::AlterColumn {
                table,
                from,
                to,
                backfill: None,
            } if from.nullable && to.needs_backfill() => Some((table, &to.name)),
            _ => None,
        }
    }

    /// The table (or enum) it changes, by the name it has afterwards.
    #[must_use]
    pub fn table(&self) -> &str {
        match self {
            Op::CreateTable(table) | Op::DropTable(table) => &table.name,
            Op::RenameTable { to, .. } => to,
            Op::CreateEnum(own)
            | Op::DropEnum(own)
            | Op::AlterEnum { to: own, .. }
            | Op::RenameEnum { to: own, .. } => &own.name,
            Op::RenameEnumValue { name, .. } => name,
            Op::RenameColumn { table, .. }
            | Op::AddColumn { table, .. }
            | Op::DropColumn { table, .. }
            | Op::AlterColumn { table, .. }
            | Op::AddPrimaryKey { table, .. }
            | Op::DropPrimaryKey { table, .. }
            | Op::AddUnique { table, .. }
            | Op::DropUnique { table, .. }
            | Op::AddCheck { table, .. }
            | Op::DropCheck { table, .. }
            | Op::AddIndex { table, .. }
            | Op::DropIndex { table, .. }
            | Op::RenameIndex { table, .. }
            | Op::AlterConstraint { table, .. }
            | Op::AddForeignKey { table, .. }
            | Op::DropForeignKey { table, .. }
            | Op::AlterOptions { table, .. } => table,
        }
    }
}

impl Column {
    /// Whether rows that are there cannot take this column without being told its value.
    pub(crate) fn needs_backfill(&self) -> bool {
        !self.nullable && self.default.is_none() && self.auto.is_none() && self.generated.is_none()
    }
}

/// One line for a person: `+ table posts`, `~ column users.email: VARCHAR(80) → VARCHAR(120)`.
impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Op::RenameTable { from, to } => write!(f, "~ table {from} → {to}"),
            Op::RenameColumn { table, from, to } => write!(f, "~ column {table}.{from} → {to}"),
            Op::CreateTable(table) => write!(
                f,
                "+ table {} ({} columns)",
                table.name,
                table.columns.len()
            ),
            Op::DropTable(table) => write!(f, "- table {}", table.name),
            Op::AddColumn { table, column, .. } => {
                write!(f, "+ column {table}.{}: {}", column.name, describe(column))
            }
            Op::DropColumn { table, column } => write!(f, "- column {table}.{}", column.name),
            Op::AlterColumn {
                table, from, to, ..
            } => {
                let (before, after) = (describe(from), describe(to));
                if before != after {
                    write!(f, "~ column {table}.{}: {before} → {after}", to.name)
                } else {
                    write!(f, "~ column {table}.{}: {after} (", to.name)?;
                    let what = if from.comment != to.comment {
                        "comment)"
                    } else if from.auto != to.auto {
                        "how it counts)"
                    } else {
                        "other properties)"
                    };
                    f.write_str(what)
                }
            }
            Op::AddPrimaryKey { table, key } => {
                write!(f, "+ primary key {table} ({})", key.columns.join(", "))
            }
            Op::DropPrimaryKey { table, key } => {
                write!(f, "- primary key {table} ({})", key.columns.join(", "))
            }
            Op::AddUnique { table, unique } => {
                write!(f, "+ unique {table} ({})", unique.columns.join(", "))
            }
            Op::DropUnique { table, unique } => {
                write!(f, "- unique {table} ({})", unique.columns.join(", "))
            }
            Op::AddCheck { table, check } => write!(f, "+ check {table}: {}", check.expression),
            Op::DropCheck { table, check } => write!(f, "- check {table}: {}", check.expression),
            Op::AddIndex { table, index } => write!(f, "+ index {table}.{}", index.name),
            Op::DropIndex { table, index } if index.invalid => write!(
                f,
                "- index {table}.{} (left invalid by CREATE INDEX CONCURRENTLY)",
                index.name
            ),
            Op::DropIndex { table, index } => write!(f, "- index {table}.{}", index.name),
            Op::RenameIndex { table, from, to } if from.name == to.name => {
                let what = if from.comment == to.comment {
                    "storage parameters"
                } else {
                    "comment"
                };
                write!(f, "~ index {table}.{} ({what})", to.name)
            }
            Op::RenameIndex { table, from, to } => {
                write!(f, "~ index {table}.{} → {}", from.name, to.name)
            }
            Op::AlterConstraint { table, from, to } => {
                let named = |constraint: &Constraint| constraint.name().unwrap_or("?").to_owned();
                write!(f, "~ constraint {table}.{}", named(from))?;
                if from.name() != to.name() {
                    write!(f, " → {}", named(to))?;
                }
                for (differs, what) in [
                    (from.not_valid() && !to.not_valid(), "validated"),
                    (from.deferrable() != to.deferrable(), "when it is checked"),
                    (from.storage() != to.storage(), "storage parameters"),
                    (from.comment() != to.comment(), "comment"),
                ] {
                    if differs {
                        write!(f, " ({what})")?;
                    }
                }
                Ok(())
            }
            Op::RenameEnum { from, to } => write!(f, "~ enum {} → {}", from.name, to.name),
            Op::RenameEnumValue { name, from, to } => write!(f, "~ enum {name}: {from} → {to}"),
            Op::AddForeignKey { table, key } => {
                write!(f, "+ foreign key {table} {}", describe_key(key))
            }
            Op::DropForeignKey { table, key } => {
                write!(f, "- foreign key {table} {}", describe_key(key))
            }
            Op::CreateEnum(own) => {
                write!(f, "+ enum {} ({})", own.name, own.values.join(", "))
            }
            Op::DropEnum(own) => write!(f, "- enum {}", own.name),
            Op::AlterEnum { from, to } if from.values == to.values => {
                write!(f, "~ enum {} (comment)", to.name)
            }
            Op::AlterEnum { from, to } => write!(
                f,
                "~ enum {}: {} → {}",
                to.name,
                from.values.join(", "),
                to.values.join(", ")
            ),
            Op::AlterOptions { table, .. } => write!(f, "~ options of table {table}"),
        }
    }
}

fn describe(column: &Column) -> String {
    let mut text = column.ty.clone();
    if let Some(collation) = &column.collation {
        text.push_str(" COLLATE ");
        text.push_str(collation);
    }
    if !column.nullable {
        text.push_str(" NOT NULL");
    }
    if let Some(default) = &column.default {
        text.push_str(" DEFAULT ");
        text.push_str(default);
    }
    match &column.auto {
        None => {}
        Some(crate::schema::Auto::Increment) => text.push_str(" AUTOINCREMENT"),
        Some(crate::schema::Auto::Serial { .. }) => text.push_str(" (serial)"),
        Some(crate::schema::Auto::Identity { always: true, .. }) => {
            text.push_str(" (identity always)")
        }
        Some(crate::schema::Auto::Identity { always: false, .. }) => text.push_str(" (identity)"),
    }
    if let Some(generated) = &column.generated {
        text.push_str(" AS ");
        text.push_str(&generated.expression);
    }
    text
}

fn describe_key(key: &ForeignKey) -> String {
    format!(
        "({}) → {} ({})",
        key.columns.join(", "),
        key.table,
        key.referenced.join(", ")
    )
}

/// Whether every value of `from` is a value of `to`.
fn is_widening(from: &str, to: &str) -> bool {
    let (from_name, from_arguments) = split_type(from);
    let (to_name, to_arguments) = split_type(to);
    if from_name == to_name {
        return match (from_arguments.as_slice(), to_arguments.as_slice()) {
            (_, []) => true,
            ([from], [to]) => from <= to,
            // NUMERIC(precision, scale): neither the whole digits nor the decimals may shrink.
            ([from, from_scale], [to, to_scale]) => {
                from_scale <= to_scale && from - from_scale <= to - to_scale
            }
            _ => false,
        };
    }
    const INTEGERS: [&[&str]; 5] = [
        &["tinyint"],
        &["smallint", "int2"],
        &["mediumint"],
        &["int", "integer", "int4"],
        &["bigint", "int8"],
    ];
    let rank = |name: &str| INTEGERS.iter().position(|names| names.contains(&name));
    if let (Some(from), Some(to)) = (rank(&from_name), rank(&to_name)) {
        return from <= to;
    }
    let is_text =
        |name: &str| name.contains("char") || name.ends_with("text") || rank(name).is_some();
    is_text(&from_name) && matches!(to_name.as_str(), "text" | "longtext")
        || from_name == "real" && to_name == "double precision"
        || from_name == "float" && to_name == "double"
}

fn split_type(ty: &str) -> (String, Vec<i64>) {
    let ty = ty.to_lowercase();
    let (name, rest) = ty.split_once('(').unwrap_or((&ty, ""));
    let (arguments, after) = rest.split_once(')').unwrap_or((rest, ""));
    let name = format!("{}{after}", name.trim());
    (
        name,
        arguments
            .split(',')
            .filter_map(|argument| argument.trim().parse().ok())
            .collect(),
    )
}

/// What a named type of PostgreSQL begins with, in place of a value: the renderer, which knows the enums, writes it.
pub(crate) const FIRST_VALUE: &str = "enum_first(NULL::";

/// A value for a type that is neither a number nor any text, by the beginning of the type's name.
const VALUES: [(&[&str], &str); 19] = [
    (&["bool"], "false"),
    (&["timestamp", "datetime"], "'1970-01-01 00:00:00'"),
    (&["date"], "'1970-01-01'"),
    (&["timetz", "time"], "'00:00:00'"),
    (&["interval"], "'0'"),
    (&["uuid"], "'00000000-0000-0000-0000-000000000000'"),
    (&["json"], "'{}'"),
    (&["inet", "cidr"], "'0.0.0.0'"),
    (&["macaddr8"], "'00:00:00:00:00:00:00:00'"),
    (&["macaddr"], "'00:00:00:00:00:00'"),
    (&["point", "polygon"], "'(0,0)'"),
    (&["lseg", "path"], "'[(0,0),(0,0)]'"),
    (&["box"], "'(0,0),(0,0)'"),
    (&["line"], "'{1,0,0}'"),
    (&["circle"], "'<(0,0),0>'"),
    (&["xml"], "'<x/>'"),
    (
        &[
            "int4range",
            "int8range",
            "numrange",
            "tsrange",
            "tstzrange",
            "daterange",
        ],
        "'empty'",
    ),
    (
        &[
            "int4multirange",
            "int8multirange",
            "nummultirange",
            "tsmultirange",
            "tstzmultirange",
            "datemultirange",
        ],
        "'{}'",
    ),
    (&["bit"], "B'0'"),
];

/// Types whose values include the empty text.
const TEXTS: [&str; 22] = [
    "char",
    "\"char\"",
    "varchar",
    "text",
    "tinytext",
    "mediumtext",
    "longtext",
    "clob",
    "bytea",
    "blob",
    "tinyblob",
    "mediumblob",
    "longblob",
    "binary",
    "varbinary",
    "set(",
    "name",
    "citext",
    "tsvector",
    "tsquery",
    "hstore",
    "ltree",
];

/// Types whose values include 0.
const NUMBERS: [&str; 12] = [
    "int",
    "tinyint",
    "smallint",
    "mediumint",
    "bigint",
    "numeric",
    "decimal",
    "real",
    "double",
    "float",
    "money",
    "oid",
];

/// A value that any column of the type takes.
fn neutral_value(ty: &str) -> String {
    let named = ty;
    let ty = ty.to_lowercase();
    if let Some(values) = ty
        .strip_prefix("enum(")
        .and_then(|values| values.strip_suffix(')'))
    {
        return values.split(',').next().unwrap_or("''").to_owned();
    }
    let starts = |names: &[&str]| names.iter().any(|name| ty.starts_with(name));
    if ty.ends_with("[]") {
        return "'{}'".to_owned();
    }
    if let Some(length) = ty
        .strip_prefix("bit(")
        .and_then(|rest| rest.strip_suffix(')'))
    {
        return format!("B'{}'", "0".repeat(length.parse().unwrap_or(1)));
    }
    if starts(&TEXTS) || ty.is_empty() {
        return "''".to_owned();
    }
    // Before the numbers: `int4range` begins as a number does.
    if let Some((_, value)) = VALUES.iter().find(|(names, _)| starts(names)) {
        return (*value).to_owned();
    }
    // The others in small letters, or in quotes, are types of PostgreSQL that someone made.
    let is_postgres = named.starts_with('"') || named.to_lowercase() == named;
    if is_postgres && !starts(&NUMBERS) && ty != "year" {
        return format!("{FIRST_VALUE}{named})");
    }
    "0".to_owned()
}
