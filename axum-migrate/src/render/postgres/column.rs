//! Changes of a column in place.

use super::ddl::{self, column, column_comment, counter_options, type_with_collation, when};
use super::{POSTGRES, literal, quote, quoted};
use crate::op::FIRST_VALUE;
use crate::schema::{Auto, Column, Counter, Schema};

pub(super) fn add(
    table: &str,
    own: &Column,
    backfill: Option<&str>,
    state: &Schema,
    out: &mut Vec<String>,
) {
    let name = quote(&own.name);
    let alter = format!("ALTER TABLE {}", quoted(table));
    match backfill {
        Some(expression) => {
            out.push(format!("{alter} ADD COLUMN {}", column(own, false)));
            out.push(format!(
                "UPDATE {} SET {name} = {}",
                quoted(table),
                filling(expression, own, state)
            ));
            if !own.nullable {
                out.push(format!("{alter} ALTER COLUMN {name} SET NOT NULL"));
            }
        }
        None => out.push(format!("{alter} ADD COLUMN {}", column(own, !own.nullable))),
    }
    if let Some(Auto::Serial { counter, .. }) = &own.auto
        && *counter != Counter::default()
    {
        // `serial` made a sequence, and nobody but the server knows what it is called.
        let usual = beside_column(table, &own.name);
        out.push(format!(
            "ALTER SEQUENCE {usual}{}",
            sequence_changes(&Counter::default(), counter, own, own)
        ));
    }
    if own.comment.is_some() {
        out.push(column_comment(table, own));
    }
}

fn beside_column(table: &str, column: &str) -> String {
    let (schema, name) = super::divide(table);
    let sequence = quote(&format!("{name}_{column}_seq"));
    schema.map_or(sequence.clone(), |schema| {
        format!("{}.{sequence}", quote(schema))
    })
}

/// Counts the rows that have no number yet.
fn numbering(table: &str, name: &str) -> String {
    format!(
        "UPDATE {table} AS own SET {name} = counted.number FROM (SELECT ctid AS place, row_number() OVER () + \
         (SELECT coalesce(max({name}), 0) FROM {table}) AS number FROM {table} WHERE {name} IS NULL) AS counted \
         WHERE own.ctid = counted.place"
    )
}

/// The value for rows that are there; that of a type which someone made is its first, if it has one.
fn filling(expression: &str, own: &Column, state: &Schema) -> String {
    let is_enum = state.enums.values().any(|it| it.ty == own.ty);
    if expression.starts_with(FIRST_VALUE) && !is_enum {
        return format!("NULL::{}", own.ty);
    }
    expression.to_owned()
}

/// Whether it cannot be done without dropping the column: what it computes changes.
pub(super) fn is_remade(from: &Column, to: &Column) -> bool {
    to.generated.is_some()
        && (from.generated != to.generated || from.ty != to.ty || from.collation != to.collation)
}

pub(super) fn is_retyped(from: &Column, to: &Column) -> bool {
    from.ty != to.ty || from.collation != to.collation
}

pub(super) fn alter(
    table: &str,
    from: &Column,
    to: &Column,
    backfill: Option<&str>,
    state: &Schema,
    out: &mut Vec<String>,
) {
    let name = quote(&to.name);
    let quoted_table = quoted(table);
    let alter = |change: String| format!("ALTER TABLE {quoted_table} ALTER COLUMN {name} {change}");
    if from.generated.is_some() && to.generated.is_none() {
        out.push(alter("DROP EXPRESSION".to_owned()));
    }
    let recounts = from.auto.is_some() && !same_means(from, to);
    match &from.auto {
        Some(Auto::Serial { sequence, .. }) if recounts => {
            out.push(alter("DROP DEFAULT".to_owned()));
            out.push(format!("DROP SEQUENCE {sequence}"));
        }
        Some(Auto::Identity { .. }) if recounts => {
            out.push(alter("DROP IDENTITY".to_owned()));
        }
        _ => {}
    }
    let retypes = is_retyped(from, to);
    if from.default.is_some() && (retypes || to.default.is_none()) {
        out.push(alter("DROP DEFAULT".to_owned()));
    }
    if retypes {
        let is_enum = state.enums.values().any(|own| own.is_type_of(from));
        out.push(alter(format!(
            "TYPE {} USING {}",
            type_with_collation(to),
            conversion(&name, &from.ty, &to.ty, is_enum)
        )));
    }
    if let Some(default) = &to.default
        && (retypes || from.default != to.default)
    {
        out.push(alter(format!("SET DEFAULT {default}")));
    }
    match (from.nullable, to.nullable) {
        (true, false) => {
            if let Some(value) = backfill.or(to.default.as_deref())
                && to.generated.is_none()
            {
                out.push(format!(
                    "UPDATE {quoted_table} SET {name} = {} WHERE {name} IS NULL",
                    filling(value, to, state)
                ));
            } else if to.auto.is_some() {
                out.push(numbering(&quoted_table, &name));
            }
            out.push(alter("SET NOT NULL".to_owned()));
        }
        (false, true) => out.push(alter("DROP NOT NULL".to_owned())),
        _ => {}
    }
    count(table, from, to, out);
    if from.comment != to.comment {
        out.push(column_comment(table, to));
    }
}

/// How a value becomes one of another type.
fn conversion(name: &str, from: &str, to: &str, is_enum: bool) -> String {
    let (from, to_base) = (ddl_base(from), ddl_base(to));
    let whole = ["smallint", "integer", "bigint"];
    let is_text = |ty: &str| matches!(ty, "text" | "character varying" | "character" | "citext");
    if let Some(element) = to.strip_suffix("[]")
        && !from.ends_with("[]")
        && (!is_text(&from) || ddl_base(element) == from)
    {
        return format!("CASE WHEN {name} IS NOT NULL THEN ARRAY[{name}::{element}] END");
    }
    match (from.as_str(), to_base.as_str()) {
        (number, "boolean") if number != "integer" && is_number(number) => {
            format!("{name} <> 0")
        }
        ("boolean", number) if number != "integer" && is_number(number) => {
            format!("{name}::integer::{to}")
        }
        (number, "timestamp with time zone") if whole.contains(&number) => {
            format!("to_timestamp({name})")
        }
        ("timestamp with time zone", number) if whole.contains(&number) => {
            format!("extract(epoch FROM {name})::{to}")
        }
        ("bytea", text) if is_text(text) => format!("convert_from({name}, 'UTF8')::{to}"),
        (text, "bytea") if is_text(text) => format!("convert_to({name}::text, 'UTF8')"),
        _ if is_enum => {
            let array = if from.ends_with("[]") { "[]" } else { "" };
            format!("{name}::text{array}::{to}")
        }
        (from, to_base) if cannot_be_cast(from, to_base) => format!("{name}::text::{to}"),
        _ => format!("{name}::{to}"),
    }
}

fn is_number(ty: &str) -> bool {
    [
        "smallint",
        "integer",
        "bigint",
        "numeric",
        "real",
        "double precision",
    ]
    .contains(&ty)
}

/// Pairs of the server's types between which only their text goes.
fn cannot_be_cast(from: &str, to: &str) -> bool {
    const GROUPS: [&[&str]; 6] = [
        &[
            "smallint",
            "integer",
            "bigint",
            "numeric",
            "real",
            "double precision",
            "boolean",
            "money",
        ],
        &[
            "date",
            "timestamp without time zone",
            "timestamp with time zone",
        ],
        &["uuid"],
        &["json", "jsonb"],
        &["bytea"],
        &["interval"],
    ];
    let group = |ty: &str| GROUPS.iter().position(|group| group.contains(&ty));
    matches!((group(from), group(to)), (Some(from), Some(to)) if from != to)
        && (from != "jsonb" || !is_number(to) && to != "boolean")
}

/// The type without its arguments: `character varying(20)` is `character varying`.
pub(super) fn ddl_base(ty: &str) -> String {
    match (ty.find('('), ty.find(')')) {
        (Some(open), Some(close)) if open < close => {
            format!("{}{}", ty[..open].trim_end(), &ty[close + 1..])
        }
        _ => ty.to_owned(),
    }
}

/// Whether both are counted by the same means, perhaps otherwise.
fn same_means(from: &Column, to: &Column) -> bool {
    matches!(
        (&from.auto, &to.auto),
        (Some(Auto::Serial { .. }), Some(Auto::Serial { .. }))
            | (Some(Auto::Identity { .. }), Some(Auto::Identity { .. }))
    )
}

/// Lets the server count the column, from where it stands.
fn count(table: &str, from: &Column, to: &Column, out: &mut Vec<String>) {
    let (quoted_table, name) = (quoted(table), quote(&to.name));
    let alter = format!("ALTER TABLE {quoted_table} ALTER COLUMN {name}");
    let next = format!("(SELECT coalesce(max({name}), 0) + 1 FROM {quoted_table}), false)");
    match (&from.auto, &to.auto) {
        (
            Some(Auto::Serial {
                sequence,
                counter: before,
            }),
            Some(Auto::Serial { counter, .. }),
        ) => {
            let changes = sequence_changes(before, counter, from, to);
            if !changes.is_empty() {
                out.push(format!("ALTER SEQUENCE {sequence}{changes}"));
            }
        }
        (
            Some(Auto::Identity {
                always: was_always,
                counter: before,
            }),
            Some(Auto::Identity { always, counter }),
        ) => {
            let mut changes = String::new();
            if was_always != always {
                changes.push_str(&format!(" SET GENERATED {}", when(*always)));
            }
            for change in counter_changes(before, counter) {
                changes.push_str(&format!(" SET {change}"));
            }
            if !changes.is_empty() {
                out.push(format!("{alter}{changes}"));
            }
        }
        (_, Some(Auto::Serial { sequence, counter })) => {
            let named = literal(POSTGRES, sequence);
            out.push(format!(
                "CREATE SEQUENCE {sequence} AS {}{} OWNED BY {quoted_table}.{name}",
                counter.ty.as_ref().unwrap_or(&to.ty),
                counter_options(counter)
            ));
            out.push(format!("SELECT setval({named}, {next}"));
            out.push(format!("{alter} SET DEFAULT nextval({named}::regclass)"));
        }
        (_, Some(Auto::Identity { always, counter })) => {
            let options = counter_options(counter);
            let options = match options.trim_start() {
                "" => String::new(),
                options => format!(" ({options})"),
            };
            out.push(format!(
                "{alter} ADD GENERATED {} AS IDENTITY{options}",
                ddl::when(*always)
            ));
            let owner = literal(POSTGRES, &quoted_table);
            let column = literal(POSTGRES, &to.name);
            out.push(format!(
                "SELECT setval(pg_get_serial_sequence({owner}, {column}), {next}"
            ));
        }
        (_, Some(Auto::Increment) | None) => {}
    }
}

/// What ALTER SEQUENCE has to say.
fn sequence_changes(before: &Counter, after: &Counter, from: &Column, to: &Column) -> String {
    let ty = |counter: &Counter, column: &Column| {
        counter.ty.clone().unwrap_or_else(|| column.ty.clone())
    };
    let mut sql = String::new();
    if ty(before, from) != ty(after, to) {
        sql.push_str(&format!(" AS {}", ty(after, to)));
    }
    for change in counter_changes(before, after) {
        sql.push_str(&format!(" {change}"));
    }
    sql
}

fn counter_changes(before: &Counter, after: &Counter) -> Vec<String> {
    let mut changes = Vec::new();
    let increment = after.increment.unwrap_or(1);
    if before.increment != after.increment {
        changes.push(format!("INCREMENT BY {increment}"));
    }
    for (word, before, after) in [
        ("MINVALUE", before.min, after.min),
        ("MAXVALUE", before.max, after.max),
    ] {
        if before != after {
            changes.push(after.map_or(format!("NO {word}"), |value| format!("{word} {value}")));
        }
    }
    // The first number follows the smallest (or largest) one unless it is said.
    let first = |counter: &Counter| {
        let usual = if increment > 0 {
            counter.min.or(Some(1))
        } else {
            counter.max.or(Some(-1))
        };
        counter.start.or(usual)
    };
    if first(before) != first(after) {
        changes.extend(first(after).map(|first| format!("START WITH {first}")));
    }
    if before.cache != after.cache {
        changes.push(format!("CACHE {}", after.cache.unwrap_or(1)));
    }
    if before.cycle != after.cycle {
        changes.push(if after.cycle { "CYCLE" } else { "NO CYCLE" }.to_owned());
    }
    changes
}
