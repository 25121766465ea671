//! Putting revisions after others: later versions, other parents.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::graph::{History, graph_error, list};
use super::{Revision, name};
use crate::{Error, ErrorKind};

/// One revision that gets another place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Move {
    /// The folder's name.
    pub(crate) from: String,
    /// The name it gets.
    pub(crate) to: String,
    /// Its id and parents, where these change.
    pub(crate) metadata: Option<(String, Vec<String>)>,
}

/// What a rebase moves, and after what.
#[derive(Debug)]
pub(crate) struct Rebase<'h> {
    /// In the order in which they will run.
    pub(crate) moved: Vec<&'h Revision>,
    /// What they will build on; nothing where their order alone is wrong.
    pub(crate) onto: Option<&'h Revision>,
}

impl History {
    /// What there is to move: the named revision's branch, else what sorts wrongly, else the one of two branches that
    /// is not applied.
    ///
    /// # Errors
    /// When it is not clear which, or when it is applied.
    pub(crate) fn rebase(
        &self,
        named: Option<&str>,
        onto: Option<&str>,
        applied: &dyn Fn(&Revision) -> bool,
    ) -> Result<Option<Rebase<'_>>, Error> {
        let named = named
            .map(|typed| self.one(typed, Some(applied)))
            .transpose()?;
        let onto = onto
            .map(|typed| self.one(typed, Some(applied)))
            .transpose()?;
        let named_at = named.and_then(|revision| self.position(revision));
        let wrong = self.forward_from(&self.misplaced().into_iter().collect::<Vec<_>>());
        let wrongly_sorted = match named_at {
            Some(at) => wrong[at],
            None => wrong.contains(&true),
        };
        let (inside, onto) = if wrongly_sorted && onto.is_none() {
            (wrong, None)
        } else {
            match self.side(named_at, onto, applied)? {
                Some((inside, onto)) => (inside, Some(onto)),
                None => return Ok(None),
            }
        };
        let moved = self.sorted(&inside);
        let done: Vec<&Revision> = moved.iter().copied().filter(|one| applied(one)).collect();
        if !done.is_empty() {
            return Err(graph_error(format!(
                "a revision that ran keeps its place, and the database has {}; take it back first with \
                 `downgrade`, if it ran nowhere else, or join the branches with `merge`. Nothing was moved",
                list(&done)
            )));
        }
        Ok(Some(Rebase {
            moved,
            onto: onto.map(|at| &self.revisions[at]),
        }))
    }

    /// The positions of one side of a fork, and the revision on the other side that it is to follow.
    fn side(
        &self,
        named: Option<usize>,
        onto: Option<&Revision>,
        applied: &dyn Fn(&Revision) -> bool,
    ) -> Result<Option<(Vec<bool>, usize)>, Error> {
        let heads: Vec<usize> = match named {
            Some(_) => self.tips_of(&vec![true; self.revisions.len()]),
            None => self
                .collisions()
                .into_iter()
                .next()
                .unwrap_or_default()
                .into_iter()
                .filter_map(|head| self.position(head))
                .collect(),
        };
        let mine = match named {
            Some(at) => at,
            None if heads.is_empty() => return Ok(None),
            None => self.unapplied_side(&heads, applied)?,
        };
        let after = self.forward_from(&[mine]);
        let onto = match onto.and_then(|revision| self.position(revision)) {
            Some(at) if after[at] => {
                return Err(graph_error(format!(
                    "{} builds on {} already and cannot come before it",
                    list(&self.at(&[at])),
                    list(&self.at(&[mine]))
                )));
            }
            Some(at) => at,
            None => match heads
                .iter()
                .filter(|head| !after[**head])
                .collect::<Vec<_>>()[..]
            {
                [] => return Ok(None),
                [one] => *one,
                ref several => {
                    let several: Vec<usize> = several.iter().map(|at| **at).collect();
                    return Err(graph_error(format!(
                        "there are {} others to come after: {}; say which with --onto",
                        several.len(),
                        list(&self.at(&several))
                    )));
                }
            },
        };
        let theirs = self.back_from(&[onto]);
        let own: Vec<usize> = self.only_of(mine, &theirs);
        let mut inside = self.forward_from(&own);
        for (position, is_theirs) in theirs.iter().enumerate() {
            inside[position] &= !is_theirs;
        }
        // Where it is already, moving it would only give it another time.
        let stays = (0..inside.len())
            .filter(|at| inside[*at])
            .flat_map(|at| &self.parents[at])
            .all(|parent| inside[*parent] || *parent == onto);
        Ok((!stays).then_some((inside, onto)))
    }

    /// What leads to a revision by `revises` and is not on the other side.
    fn only_of(&self, at: usize, theirs: &[bool]) -> Vec<usize> {
        let mut own = BTreeSet::new();
        let mut open = vec![at];
        while let Some(position) = open.pop() {
            if !theirs[position] && own.insert(position) {
                open.extend(&self.parents[position]);
            }
        }
        own.into_iter().collect()
    }

    /// The head of the one branch of which nothing is applied.
    fn unapplied_side(
        &self,
        heads: &[usize],
        applied: &dyn Fn(&Revision) -> bool,
    ) -> Result<usize, Error> {
        let free: Vec<usize> = heads
            .iter()
            .copied()
            .filter(|head| {
                let others: Vec<usize> = heads.iter().copied().filter(|o| o != head).collect();
                let theirs = self.back_from(&others);
                self.only_of(*head, &theirs)
                    .iter()
                    .all(|at| !applied(&self.revisions[*at]))
            })
            .collect();
        match free.as_slice() {
            [one] => Ok(*one),
            [] => Err(graph_error(format!(
                "the database has revisions of every branch ({}), and a revision that ran keeps its place; join \
                 the branches with `merge`",
                list(&self.at(heads))
            ))),
            several => Err(Error::new(
                ErrorKind::NeedsInput,
                format!(
                    "the database has none of {}; say which of them is yours and may move, as `rebase {}`",
                    list(&self.at(several)),
                    self.revisions[several[several.len() - 1]].id
                ),
            )),
        }
    }

    /// Some of the revisions, in an order in which they can run.
    fn sorted(&self, inside: &[bool]) -> Vec<&Revision> {
        let mut left: Vec<usize> = (0..self.revisions.len()).filter(|at| inside[*at]).collect();
        let mut sorted = Vec::with_capacity(left.len());
        while let Some(next) = left
            .iter()
            .position(|at| self.before(*at).all(|earlier| !left.contains(&earlier)))
        {
            sorted.push(left.remove(next));
        }
        self.at(&sorted)
    }
}

impl Rebase<'_> {
    /// The names and parents that do it.
    ///
    /// # Errors
    /// When no time sorts after the latest of the others.
    pub(crate) fn moves(&self, history: &History, now: DateTime<Utc>) -> Result<Vec<Move>, Error> {
        let stays =
            |revision: &&Revision| !self.moved.iter().any(|m| m.version == revision.version);
        let latest = history.revisions().iter().rfind(stays);
        let mut latest = latest.map(|revision| revision.version.clone());
        let moves_too = |parent: &Revision| self.moved.iter().any(|m| m.version == parent.version);
        let mut moves = Vec::with_capacity(self.moved.len());
        for revision in &self.moved {
            let stamped = name::next_name("x", now, latest.as_deref())?;
            let words = revision
                .name
                .split_once('_')
                .map_or("revision", |(_, words)| words);
            let to = format!("{}_{words}", name::stamp_of(&stamped));
            latest = Some(name::version_of(&to));
            let parents = history.parents(revision);
            let mut revises: Vec<String> = parents
                .iter()
                .filter(|parent| self.onto.is_none() || moves_too(parent))
                .map(|parent| parent.id.clone())
                .collect();
            if let (true, Some(onto)) = (revises.is_empty(), self.onto) {
                revises.push(onto.id.clone());
            }
            // A folder of diesel_cli gets its version so far as id, which others may know it by.
            let changes = revision.revises.as_ref() != Some(&revises);
            moves.push(Move {
                from: revision.name.clone(),
                to,
                metadata: changes.then(|| (revision.id.clone(), revises)),
            });
        }
        Ok(moves)
    }
}

#[cfg(test)]
#[path = "rebase_tests.rs"]
mod tests;
