//! The history that revisions form: who builds on whom, in the order of their versions.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Revision, find::shown_id};
use crate::{Error, ErrorKind};

/// All revisions of a folder, sorted by version, with checked parents.
#[derive(Debug, Clone)]
pub(crate) struct History {
    pub(super) revisions: Vec<Revision>,
    /// For each revision the positions of those it builds on.
    pub(super) parents: Vec<Vec<usize>>,
    /// For each revision the positions of those that build on it.
    children: Vec<Vec<usize>>,
    /// For each revision the positions of those on other branches that it needs.
    pub(super) needs: Vec<Vec<usize>>,
    /// The position at which each label was given.
    pub(super) labels: BTreeMap<String, usize>,
    /// Positions of revisions that sort before one they build on or need, and of that one.
    disorder: Vec<(usize, usize)>,
}

impl History {
    /// Sorts and checks.
    ///
    /// # Errors
    /// As [`lenient`](Self::lenient), and for a revision that sorts before one it builds on.
    pub(crate) fn new(revisions: Vec<Revision>) -> Result<Self, Error> {
        let history = Self::lenient(revisions)?;
        match history.out_of_order().into_iter().next() {
            Some(problem) => Err(graph_error(problem)),
            None => Ok(history),
        }
    }

    /// Sorts, and checks all but the order: for the commands that find or mend it.
    ///
    /// # Errors
    /// Two folders with one version, id or label, an unknown parent, or a cycle.
    pub(crate) fn lenient(mut revisions: Vec<Revision>) -> Result<Self, Error> {
        revisions.sort_by(|a, b| a.version.cmp(&b.version).then_with(|| a.name.cmp(&b.name)));
        refuse_twins(&revisions)?;
        let (positions, labels) = names(&revisions)?;
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
                    .map(|id| known(revision, "revises", id, &positions))
                    .collect::<Result<_, _>>()?,
            });
            all_foreign_so_far &= revision.revises.is_none();
        }
        let needs = revisions
            .iter()
            .map(|revision| {
                let ids = revision.depends_on.iter();
                ids.map(|id| known(revision, "depends_on", id, &positions))
                    .collect()
            })
            .collect::<Result<Vec<Vec<usize>>, _>>()?;
        let mut children = vec![Vec::new(); revisions.len()];
        for (position, parents) in parents.iter().enumerate() {
            for parent in parents {
                let of_parent: &mut Vec<usize> = &mut children[*parent];
                // A file may name one twice.
                if of_parent.last() != Some(&position) {
                    of_parent.push(position);
                }
            }
        }
        let mut history = Self {
            revisions,
            parents,
            children,
            needs,
            labels,
            disorder: Vec::new(),
        };
        history.refuse_cycles()?;
        for position in 0..history.revisions.len() {
            let later = history.before(position).filter(|other| *other > position);
            let later: Vec<(usize, usize)> = later.map(|other| (position, other)).collect();
            history.disorder.extend(later);
        }
        Ok(history)
    }

    /// What is wrong with the order, one sentence each.
    pub(crate) fn out_of_order(&self) -> Vec<String> {
        let name = |at: usize| self.revisions[at].name.as_str();
        self.disorder
            .iter()
            .map(|(child, parent)| {
                format!(
                    "{} builds on {} but does not sort after it, so it would run first; `rebase {}` gives it a \
                     later time, as long as it is applied nowhere. If it is, restore its former `revises` and \
                     join the branches with `merge`",
                    name(*child),
                    name(*parent),
                    self.revisions[*child].id
                )
            })
            .collect()
    }

    /// The positions of revisions that sort before one they build on.
    pub(super) fn misplaced(&self) -> BTreeSet<usize> {
        self.disorder.iter().map(|(child, _)| *child).collect()
    }

    /// What must run before a revision: those it builds on, and those it needs.
    pub(super) fn before(&self, position: usize) -> impl Iterator<Item = usize> {
        let (parents, needs) = (&self.parents[position], &self.needs[position]);
        parents.iter().chain(needs).copied()
    }

    fn refuse_cycles(&self) -> Result<(), Error> {
        #[derive(Clone, Copy, PartialEq)]
        enum Seen {
            Never,
            OnTheWay,
            Done,
        }
        let mut seen = vec![Seen::Never; self.revisions.len()];
        for start in 0..self.revisions.len() {
            // A way from the start, each step with those that are still to be looked at.
            let mut way: Vec<(usize, Vec<usize>)> = Vec::new();
            let mut enter = (seen[start] == Seen::Never).then_some(start);
            loop {
                if let Some(position) = enter.take() {
                    seen[position] = Seen::OnTheWay;
                    way.push((position, self.before(position).collect()));
                }
                let Some((position, open)) = way.last_mut() else {
                    break;
                };
                match open.pop() {
                    None => {
                        seen[*position] = Seen::Done;
                        way.pop();
                    }
                    Some(next) if seen[next] == Seen::Never => enter = Some(next),
                    Some(next) if seen[next] == Seen::OnTheWay => {
                        let round: Vec<usize> = way
                            .iter()
                            .map(|(position, _)| *position)
                            .skip_while(|position| *position != next)
                            .chain([next])
                            .collect();
                        return Err(self.cycle(&round));
                    }
                    Some(_) => {}
                }
            }
        }
        Ok(())
    }

    fn cycle(&self, round: &[usize]) -> Error {
        let names: Vec<&str> = round
            .iter()
            .map(|at| self.revisions[*at].name.as_str())
            .collect();
        graph_error(format!(
            "revisions build on each other in a circle: {}; correct `revises` or `depends_on` in the \
             metadata.toml of one of them",
            names.join(" → ")
        ))
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
        self.at(&self.tips_of(&inside))
    }

    pub(super) fn tips_of(&self, inside: &[bool]) -> Vec<usize> {
        let mut is_parent = vec![false; self.revisions.len()];
        for (position, parents) in self.parents.iter().enumerate() {
            if inside[position] {
                for parent in parents {
                    is_parent[*parent] = true;
                }
            }
        }
        (0..self.revisions.len())
            .filter(|position| inside[*position] && !is_parent[*position])
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
            several => Err(graph_error(self.several_heads(several))),
        }
    }

    pub(super) fn several_heads(&self, heads: &[&Revision]) -> String {
        format!(
            "there are {} heads, because revisions were added on two branches: {}; `rebase` puts one that is \
             applied nowhere after the others, `merge` joins them; or say `heads` for all of them, or one of them",
            heads.len(),
            list(heads)
        )
    }

    /// Heads that nobody wanted: those that have the same labels, as none. Branches that go on for ever have labels
    /// to tell them apart.
    pub(crate) fn collisions(&self) -> Vec<Vec<&Revision>> {
        let mut groups: BTreeMap<Vec<&str>, Vec<&Revision>> = BTreeMap::new();
        for head in self.heads() {
            groups.entry(self.labels_of(head)).or_default().push(head);
        }
        groups
            .into_values()
            .filter(|heads| heads.len() > 1)
            .collect()
    }

    /// The parents of a revision.
    pub(crate) fn parents(&self, revision: &Revision) -> Vec<&Revision> {
        self.related(revision, &self.parents)
    }

    /// Those of other branches that a revision needs.
    pub(crate) fn needs(&self, revision: &Revision) -> Vec<&Revision> {
        self.related(revision, &self.needs)
    }

    fn related(&self, revision: &Revision, relation: &[Vec<usize>]) -> Vec<&Revision> {
        self.position(revision)
            .map(|position| self.at(&relation[position]))
            .unwrap_or_default()
    }

    /// The revisions that build on one.
    pub(crate) fn children(&self, revision: &Revision) -> Vec<&Revision> {
        self.position(revision)
            .map(|position| self.at(self.children_of(position)))
            .unwrap_or_default()
    }

    pub(super) fn children_of(&self, position: usize) -> &[usize] {
        &self.children[position]
    }

    /// The versions of a revision and everything that must run before it.
    pub(crate) fn ancestry(&self, revision: &Revision) -> BTreeSet<String> {
        let start: Vec<usize> = self.position(revision).into_iter().collect();
        self.versions_of(&self.back_from(&start))
    }

    /// The versions of revisions and everything that cannot be without them.
    pub(crate) fn dependents(&self, revisions: &[&Revision]) -> BTreeSet<String> {
        let start: Vec<usize> = revisions
            .iter()
            .filter_map(|revision| self.position(revision))
            .collect();
        self.versions_of(&self.forward_from(&start))
    }

    /// Which positions must run before some, these included.
    pub(super) fn back_from(&self, start: &[usize]) -> Vec<bool> {
        let mut seen = vec![false; self.revisions.len()];
        let mut open = start.to_vec();
        while let Some(position) = open.pop() {
            if !std::mem::replace(&mut seen[position], true) {
                open.extend(self.before(position));
            }
        }
        seen
    }

    /// Which positions cannot be without some, these included.
    pub(super) fn forward_from(&self, start: &[usize]) -> Vec<bool> {
        let mut after: Vec<Vec<usize>> = vec![Vec::new(); self.revisions.len()];
        for position in 0..self.revisions.len() {
            for earlier in self.before(position) {
                after[earlier].push(position);
            }
        }
        let mut seen = vec![false; self.revisions.len()];
        let mut open = start.to_vec();
        while let Some(position) = open.pop() {
            if !std::mem::replace(&mut seen[position], true) {
                open.extend(&after[position]);
            }
        }
        seen
    }

    /// Which positions are of a revision's branch: what builds on it, and what leads to it and to nothing else.
    pub(super) fn branch(&self, position: usize) -> Vec<bool> {
        let mut inside = vec![false; self.revisions.len()];
        let mut open = vec![position];
        while let Some(position) = open.pop() {
            if !std::mem::replace(&mut inside[position], true) {
                open.extend(self.children_of(position).iter().copied());
            }
        }
        let mut here = position;
        while let [parent] = self.parents[here].as_slice()
            && self.parents[*parent].len() < 2
            && self.children_of(*parent).len() == 1
        {
            inside[*parent] = true;
            here = *parent;
        }
        inside
    }

    /// The labels of the branches that a revision belongs to.
    pub(crate) fn labels_of(&self, revision: &Revision) -> Vec<&str> {
        let Some(position) = self.position(revision) else {
            return Vec::new();
        };
        self.labels
            .iter()
            .filter(|(_, at)| self.branch(**at)[position])
            .map(|(label, _)| label.as_str())
            .collect()
    }

    pub(super) fn position(&self, revision: &Revision) -> Option<usize> {
        self.position_of(&revision.version)
    }

    fn position_of(&self, version: &str) -> Option<usize> {
        let by_version = |revision: &Revision| revision.version.as_str().cmp(version);
        self.revisions.binary_search_by(by_version).ok()
    }

    /// Whether one of the revisions has that version.
    pub(crate) fn has(&self, version: &str) -> bool {
        self.position_of(version).is_some()
    }

    pub(super) fn at(&self, positions: &[usize]) -> Vec<&Revision> {
        positions.iter().map(|at| &self.revisions[*at]).collect()
    }

    pub(super) fn versions_of(&self, inside: &[bool]) -> BTreeSet<String> {
        inside
            .iter()
            .zip(&self.revisions)
            .filter(|(inside, _)| **inside)
            .map(|(_, revision)| revision.version.clone())
            .collect()
    }
}

fn refuse_twins(revisions: &[Revision]) -> Result<(), Error> {
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
    Ok(())
}

type Names<'r> = (HashMap<&'r str, usize>, BTreeMap<String, usize>);

/// Where each id and each label is.
fn names(revisions: &[Revision]) -> Result<Names<'_>, Error> {
    let mut positions: HashMap<&str, usize> = HashMap::new();
    let mut labels = BTreeMap::new();
    for (position, revision) in revisions.iter().enumerate() {
        if let Some(other) = positions.insert(&revision.id, position) {
            return Err(graph_error(format!(
                "{} and {} have the same id {}; was one copied from the other? Give it an id of its \
                 own in its metadata.toml",
                revisions[other].name, revision.name, revision.id
            )));
        }
        for label in &revision.labels {
            if let Some(other) = labels.insert(label.clone(), position) {
                return Err(graph_error(format!(
                    "{} and {} both give their branch the label {label}, which names one branch; take it out \
                     of the metadata.toml of one of them",
                    revisions[other].name, revision.name
                )));
            }
        }
    }
    Ok((positions, labels))
}

fn known(
    revision: &Revision,
    key: &str,
    id: &str,
    positions: &HashMap<&str, usize>,
) -> Result<usize, Error> {
    positions.get(id).copied().ok_or_else(|| {
        graph_error(format!(
            "{} builds on the revision {id}, which is not in the folder; restore that folder from version \
             control, or correct `{key}` in {}",
            revision.name,
            revision.file("metadata.toml")
        ))
    })
}

/// Revisions for a message: `3f2a9c41b7d0 (add posts), …`.
pub(crate) fn list(revisions: &[&Revision]) -> String {
    let parts: Vec<String> = revisions
        .iter()
        .map(|revision| format!("{} ({})", shown_id(revision), revision.message))
        .collect();
    parts.join(", ")
}

pub(super) fn graph_error(message: String) -> Error {
    Error::new(ErrorKind::Graph, message)
}

#[cfg(test)]
#[path = "graph_tests.rs"]
mod tests;
