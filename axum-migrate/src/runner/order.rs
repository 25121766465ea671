//! Revisions that are not simply applied or pending: edited since they ran, missing from the folder, or late. Pure.

use super::options::Order;
use super::versions::{self, Applied};
use crate::revision::{History, Revision};
use crate::{Error, ErrorKind};

/// A revision whose scripts are not those that were run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Edited<'h> {
    pub(crate) revision: &'h Revision,
    pub(crate) up: bool,
    pub(crate) down: bool,
}

/// The applied revisions that were edited since.
pub(crate) fn edited<'h>(history: &'h History, applied: &Applied) -> Vec<Edited<'h>> {
    history
        .revisions()
        .iter()
        .filter_map(|revision| {
            let was = applied.checksum(&revision.version)?;
            let is = versions::recorded(revision);
            let half = is.len() / 2;
            let differs = |range: std::ops::Range<usize>| was.get(range.clone()) != is.get(range);
            let (up, down) = (differs(0..half), differs(half..is.len()));
            (up || down).then_some(Edited { revision, up, down })
        })
        .collect()
}

/// Fails when an applied revision's `up.sql` was edited: the database is not what the scripts say.
pub(super) fn refuse_edited(history: &History, applied: &Applied) -> Result<(), Error> {
    let files: Vec<String> = edited(history, applied)
        .iter()
        .filter(|edited| edited.up)
        .map(|edited| edited.revision.file("up.sql"))
        .collect();
    if files.is_empty() {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Edited,
        format!(
            "edited after it was applied: {}. The database has what the file said before; restore it from version \
             control and put the change into a new revision, or, if the edit changes nothing there, accept it with \
             `repair`. Nothing was run",
            files.join(", ")
        ),
    ))
}

/// A pending revision that sorts before an applied one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Late<'h> {
    pub(super) revision: &'h Revision,
    /// The latest applied one.
    pub(super) after: &'h Revision,
    /// The first applied one that builds on it.
    pub(super) below: Option<&'h Revision>,
}

pub(super) fn late<'h>(
    history: &'h History,
    applied: &Applied,
    steps: &[&'h Revision],
) -> Vec<Late<'h>> {
    let has = |revision: &&Revision| applied.has(&revision.version);
    let Some(after) = history.revisions().iter().rfind(has) else {
        return Vec::new();
    };
    steps
        .iter()
        .filter(|revision| revision.version < after.version)
        .map(|revision| {
            let builds_on_it = history.dependents(&[revision]);
            Late {
                revision,
                after,
                below: history
                    .revisions()
                    .iter()
                    .filter(|other| other.version > revision.version)
                    .filter(has)
                    .find(|other| builds_on_it.contains(&other.version)),
            }
        })
        .collect()
}

/// Fails when a step comes too late for the order that was asked for.
pub(super) fn refuse_late(
    history: &History,
    applied: &Applied,
    steps: &[&Revision],
    order: Order,
) -> Result<(), Error> {
    if order == Order::Any {
        return Ok(());
    }
    let late = late(history, applied, steps);
    let refused = late
        .iter()
        .find(|late| order == Order::Linear || late.below.is_some());
    let Some(late) = refused else {
        for late in &late {
            tracing::info!(revision = %late.revision.name, after = %late.after.name, "runs out of order");
        }
        return Ok(());
    };
    let name = &late.revision.name;
    let because = match late.below {
        Some(below) => format!(
            "{name} is not applied, and {}, which builds on it, is: it was added below what has run",
            below.name
        ),
        None => format!(
            "{name} is not applied, and sorts before {}, which is: it is out of order",
            late.after.name
        ),
    };
    Err(Error::new(
        ErrorKind::OutOfOrder,
        format!(
            "{because}. If it has nothing to do with those that ran, run it with --out-of-order; if it has, make it \
             the last by renaming its folder to a later time{}; if the database has its changes already, `stamp` \
             says so. Nothing was run",
            if late.revision.revises.is_some() {
                " and correcting what it revises"
            } else {
                ""
            }
        ),
    ))
}

#[cfg(test)]
#[path = "order_tests.rs"]
mod tests;
