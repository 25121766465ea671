//! The history that revisions form: who builds on whom, in the order of their versions.

use std::collections::{BTreeSet, HashMap};

use super::{Revision, name::short_version};
use crate::{Error, ErrorKind};

/// All revisions of a folder, sorted by version, with checked parents.
#[derive(Debug, Clone)]
pub(crate) struct History {
    revisions: Vec<Revision>,
    /// For each revision the positions of those it builds on; always smaller than its own.
    parents: Vec<Vec<usize>>,
}

impl History {
    /// Sorts and checks.
    ///
    /// # Errors
    /// Two folders with one version or id, an unknown parent, or a child that sorts before its parent.
    pub(crate) fn new(mut revisions: Vec<Revision>) -> Result<Self, Error> {
        revisions.sort_by(|a, b| a.version.cmp(&b.version).then_with(|| a.name.cmp(&b.name)));
        for pair in revisions.windows(2) {
            if let [first, second] = pair
                && first.version == second.version
            {
                return Err(graph_error(format!(
                    "{} and {} have the same version {}, of which Diesel would silently run only one; \
                     rename the folder of the one that is not applied yet to a later time",
                    first.name, second.name, first.version
                )));
            }
        }
        let mut positions: HashMap<&str, usize> = HashMap::new();
        for (position, revision) in revisions.iter().enumerate() {
            if let Some(other) = positions.insert(&revision.id, position) {
                return Err(graph_error(format!(
                    "{} and {} have the same id {}; was one copied from the other? Give it an id of its \
                     own in its metadata.toml",
                    revisions[other].name, revision.name, revision.id
                )));
            }
        }
        let mut parents = Vec::with_capacity(revisions.len());
        let mut all_foreign_so_far = true;
        for (position, revision) in revisions.iter().enumerate() {
            let previous: Vec<usize> = position.checked_sub(1).into_iter().collect();
            parents.push(match &revision.revises {
                // Made by diesel_cli: it follows whatever comes before it.
                None => previous,
                // Our first revision in a folder that diesel_cli began.
                Some(ids) if ids.is_empty() && all_foreign_so_far => previous,
                Some(ids) => ids
                    .iter()
                    .map(|id| parent_of(revision, position, id, &positions, &revisions))
                    .collect::<Result<_, _>>()?,
            });
            all_foreign_so_far &= revision.revises.is_none();
        }
        Ok(Self { revisions, parents })
    }

    /// All of them in the order of their versions, which is the order they run in.
    pub(crate) fn revisions(&self) -> &[Revision] {
        &self.revisions
    }

    /// Those that no other builds on.
    pub(crate) fn heads(&self) -> Vec<&Revision> {
        self.tips(|_| true)
    }

    /// Those of a set of versions that no other of the set builds on.
    pub(crate) fn tips(&self, within: impl Fn(&Revision) -> bool) -> Vec<&Revision> {
        let inside: Vec<bool> = self.revisions.iter().map(within).collect();
        let mut is_parent = vec![false; self.revisions.len()];
        for (position, parents) in self.parents.iter().enumerate() {
            if inside[position] {
                for parent in parents {
                    is_parent[*parent] = true;
                }
            }
        }
        self.revisions
            .iter()
            .enumerate()
            .filter(|(position, _)| inside[*position] && !is_parent[*position])
            .map(|(_, revision)| revision)
            .collect()
    }

    /// The one head, nothing for an empty history.
    ///
    /// # Errors
    /// When there are several.
    pub(crate) fn head(&self) -> Result<Option<&Revision>, Error> {
        let heads = self.heads();
        match heads.as_slice() {
            [] => Ok(None),
            [head] => Ok(Some(head)),
            several => Err(graph_error(format!(
                "there are {} heads, because revisions were added on two branches: {}; say `heads` for all \
                 of them, or let the later one revise the other in its metadata.toml",
                several.len(),
                list(several)
            ))),
        }
    }

    /// The parents of a revision.
    pub(crate) fn parents(&self, revision: &Revision) -> Vec<&Revision> {
        self.position(revision)
            .map(|position| {
                self.parents[position]
                    .iter()
                    .map(|at| &self.revisions[*at])
                    .collect()
            })
            .unwrap_or_default()
    }

    /// The versions of a revision and everything it builds on.
    pub(crate) fn ancestry(&self, revision: &Revision) -> BTreeSet<String> {
        let mut seen = vec![false; self.revisions.len()];
        let mut open: Vec<usize> = self.position(revision).into_iter().collect();
        while let Some(position) = open.pop() {
            if !std::mem::replace(&mut seen[position], true) {
                open.extend(&self.parents[position]);
            }
        }
        seen.iter()
            .zip(&self.revisions)
            .filter(|(seen, _)| **seen)
            .map(|(_, revision)| revision.version.clone())
            .collect()
    }

    fn position(&self, revision: &Revision) -> Option<usize> {
        self.revisions
            .iter()
            .position(|candidate| candidate.version == revision.version)
    }

    /// Finds a revision by the beginning of its id, version or folder name.
    ///
    /// # Errors
    /// When nothing or more than one fits; the message lists what comes close.
    pub(crate) fn find(&self, typed: &str) -> Result<&Revision, Error> {
        let digits = typed.replace('-', "");
        let exact = self.revisions.iter().find(|revision| {
            revision.id == typed || revision.version == digits || revision.name == typed
        });
        if let Some(revision) = exact {
            return Ok(revision);
        }
        let fits: Vec<&Revision> = self
            .revisions
            .iter()
            .filter(|revision| {
                !typed.is_empty()
                    && (revision.id.starts_with(typed)
                        || (!digits.is_empty() && revision.version.starts_with(&digits))
                        || revision.name.starts_with(typed))
            })
            .collect();
        match fits.as_slice() {
            [revision] => Ok(revision),
            [] => Err(Error::new(ErrorKind::Revision, self.unknown(typed))),
            several => Err(Error::new(
                ErrorKind::Revision,
                format!(
                    "{} revisions begin with {typed:?}: {}; type more of it",
                    several.len(),
                    list(several)
                ),
            )),
        }
    }

    fn unknown(&self, typed: &str) -> String {
        let mut near: Vec<(f64, &Revision)> = self
            .revisions
            .iter()
            .map(|revision| {
                let words = revision.name.split_once('_').map_or("", |(_, words)| words);
                let likeness = [
                    revision.id.as_str(),
                    &revision.version,
                    &revision.message,
                    words,
                ]
                .iter()
                .map(|name| strsim::jaro_winkler(name, typed))
                .fold(0.0, f64::max);
                (likeness, revision)
            })
            .filter(|(likeness, _)| *likeness > 0.7)
            .collect();
        near.sort_by(|a, b| b.0.total_cmp(&a.0));
        let near: Vec<&Revision> = near
            .into_iter()
            .take(3)
            .map(|(_, revision)| revision)
            .collect();
        if near.is_empty() {
            format!("there is no revision {typed:?}; `history` lists them")
        } else {
            format!(
                "there is no revision {typed:?}; did you mean {}? `history` lists them all",
                list(&near)
            )
        }
    }
}

fn parent_of(
    revision: &Revision,
    position: usize,
    id: &str,
    positions: &HashMap<&str, usize>,
    revisions: &[Revision],
) -> Result<usize, Error> {
    match positions.get(id) {
        None => Err(graph_error(format!(
            "{} builds on the revision {id}, which is not in the folder; restore that folder from version \
             control, or correct `revises` in {}",
            revision.name,
            revision.file("metadata.toml")
        ))),
        Some(parent) if *parent >= position => Err(graph_error(format!(
            "{} builds on {} but does not sort after it, so it would run first; rename its folder to a \
             later time",
            revision.name, revisions[*parent].name
        ))),
        Some(parent) => Ok(*parent),
    }
}

/// Revisions for a message: `3f2a9c41b7d0 (add posts), …`.
pub(crate) fn list(revisions: &[&Revision]) -> String {
    let parts: Vec<String> = revisions
        .iter()
        .map(|revision| {
            let id = if revision.id == revision.version {
                short_version(&revision.id)
            } else {
                revision.id.clone()
            };
            format!("{id} ({})", revision.message)
        })
        .collect();
    parts.join(", ")
}

fn graph_error(message: String) -> Error {
    Error::new(ErrorKind::Graph, message)
}

#[cfg(test)]
#[path = "graph_tests.rs"]
mod tests;
