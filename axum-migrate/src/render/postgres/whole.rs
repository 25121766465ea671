//! A whole schema in an empty database.

use super::dependents::in_order;
use super::write;
use crate::error::Error;
use crate::op::Op;
use crate::schema::{Schema, Unmanaged};

/// What tables may need: it comes before them, unless it reads one.
const BEFORE_TABLES: [&str; 12] = [
    "extension",
    "collation",
    "domain",
    "composite type",
    "range type",
    "sequence",
    "function",
    "procedure",
    "aggregate",
    "partitioned table",
    "partition",
    "inheriting table",
];

/// The tables as `ops` make them, after what they need and before what reads them.
pub(crate) fn create_statements(schema: &Schema, ops: &[Op]) -> Result<Vec<String>, Error> {
    let reads_a_table = readers_of_tables(schema);
    let is_first = |object: &&Unmanaged| {
        BEFORE_TABLES.contains(&object.kind.as_str()) && !reads_a_table.contains(&object.name)
    };
    let (first, last): (Vec<&Unmanaged>, Vec<&Unmanaged>) = schema
        .unmanaged
        .iter()
        .filter(|object| object.sql.is_some())
        .partition(is_first);
    let of_kind = |objects: &[&Unmanaged], wanted: &dyn Fn(&str) -> bool| -> Vec<Unmanaged> {
        let found = objects.iter().filter(|object| wanted(&object.kind));
        found.map(|object| (*object).clone()).collect()
    };
    let mut statements = Vec::new();
    let make = |objects: Vec<Unmanaged>| -> Vec<String> {
        in_order(objects)
            .into_iter()
            .filter_map(|object| object.sql)
            .collect()
    };
    let has_functions = schema
        .unmanaged
        .iter()
        .any(|object| matches!(object.kind.as_str(), "function" | "procedure"));
    if has_functions {
        // A function may name what comes later.
        statements.push("SET LOCAL check_function_bodies = off".to_owned());
    }
    let extensions = |kind: &str| matches!(kind, "extension" | "collation");
    statements.extend(make(of_kind(&first, &extensions)));
    let mut state = Schema::default();
    for schemas in needed_schemas(schema) {
        super::create_schema(&schemas, &state, &mut statements);
    }
    let is_type = |op: &&Op| matches!(op, Op::CreateEnum(_));
    for op in ops.iter().filter(is_type) {
        write(op, schema, &mut statements);
        state.apply(op);
    }
    statements.extend(make(of_kind(&first, &|kind| !extensions(kind))));
    for op in ops.iter().filter(|op| !is_type(op)) {
        write(op, schema, &mut statements);
        state.apply(op);
    }
    statements.extend(make(of_kind(&last, &|_| true)));
    Ok(statements)
}

/// One name in each schema that is not the default one.
fn needed_schemas(schema: &Schema) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let objects = schema
        .unmanaged
        .iter()
        .filter(|object| object.table.is_none() && !object.name.contains('('))
        .map(|object| &object.name);
    for key in schema
        .tables
        .keys()
        .chain(schema.enums.keys())
        .chain(objects)
    {
        if let Some(own) = super::divide(key).0
            && !found
                .iter()
                .any(|other| super::divide(other).0 == Some(own))
        {
            found.push(key.clone());
        }
    }
    found
}

/// Names of the objects that read a table or view, if only through others.
fn readers_of_tables(schema: &Schema) -> Vec<String> {
    let is_relation = |name: &str| {
        let is_view = |object: &Unmanaged| object.name == name && object.kind.ends_with("view");
        schema.tables.contains_key(name) || schema.unmanaged.iter().any(is_view)
    };
    let mut found: Vec<String> = Vec::new();
    loop {
        let before = found.len();
        for object in &schema.unmanaged {
            let reads = object.kind != "sequence"
                && object
                    .reads
                    .iter()
                    .any(|read| is_relation(&read.object) || found.contains(&read.object));
            if reads && !found.contains(&object.name) {
                found.push(object.name.clone());
            }
        }
        if found.len() == before {
            return found;
        }
    }
}
