//! What people type for a revision: the beginning of a name, `head`, a label, so many steps from one of these.

use std::collections::BTreeSet;

use super::graph::{History, list};
use super::{Revision, short_version};
use crate::{Error, ErrorKind};

/// What was typed, found. No revision at all is what `base` means.
#[derive(Debug, Clone)]
pub(crate) struct Found<'h> {
    pub(crate) revisions: Vec<&'h Revision>,
    /// The versions of the branch that was named before an `@`.
    pub(crate) branch: Option<BTreeSet<String>>,
}

/// Says which revisions a database has, where one was asked.
pub(crate) type Has<'a> = Option<&'a dyn Fn(&Revision) -> bool>;

impl History {
    /// Finds `head`, `heads`, `base`, `current`, a label, or the beginning of an id, version or folder; each after
    /// `branch@`, and before `+2` or `-1`.
    ///
    /// # Errors
    /// When nothing fits, or what was meant to be one is several; the message lists what comes close.
    pub(crate) fn resolve(&self, typed: &str, has: Has<'_>) -> Result<Found<'_>, Error> {
        let (branch, rest) = match typed.split_once('@') {
            None => (None, typed),
            Some((branch, rest)) => {
                let at = self.find_position(branch, None)?;
                (Some(self.branch(at)), rest)
            }
        };
        let within = branch.as_deref();
        let positions = match self.place(rest, within, has) {
            Err(error) => match split_steps(rest) {
                // `2026-01-01` is the beginning of a folder's name, and `head-1` is not.
                Some((from, steps)) => {
                    let start = if from.is_empty() { "head" } else { from };
                    self.walk(self.place(start, within, has)?, steps, within, typed)?
                }
                None => return Err(error),
            },
            Ok(positions) => positions,
        };
        Ok(Found {
            revisions: self.at(&positions),
            branch: branch.map(|inside| self.versions_of(&inside)),
        })
    }

    /// Finds exactly one revision.
    ///
    /// # Errors
    /// As [`resolve`](Self::resolve), and for `base`, or `heads` that are several.
    pub(crate) fn one(&self, typed: &str, has: Has<'_>) -> Result<&Revision, Error> {
        match self.resolve(typed, has)?.revisions.as_slice() {
            [revision] => Ok(revision),
            [] => Err(Error::new(
                ErrorKind::Revision,
                format!(
                    "{typed:?} is before the first revision; name one, as `history` lists them"
                ),
            )),
            several => Err(Error::new(
                ErrorKind::Revision,
                format!(
                    "{typed:?} is {} revisions: {}; name one",
                    several.len(),
                    list(several)
                ),
            )),
        }
    }

    /// The versions from one revision to another, both included: `A:B`, `A:`, `:B`, `-3:B`, `A:+3`.
    ///
    /// # Errors
    /// As [`resolve`](Self::resolve).
    pub(crate) fn range(&self, typed: &str, has: Has<'_>) -> Result<BTreeSet<String>, Error> {
        let Some((from, to)) = typed.split_once(':') else {
            return Err(Error::new(
                ErrorKind::Usage,
                format!("{typed:?} is no range; write it as FROM:TO, where either may be left out"),
            ));
        };
        let steps = |typed: &str, sign| -> Result<Option<usize>, Error> {
            let Some(digits) = typed.strip_prefix(sign) else {
                return Ok(None);
            };
            digits.parse().map(Some).map_err(|_| {
                Error::new(
                    ErrorKind::Usage,
                    format!("{typed:?} is no number of steps, as -3:head has"),
                )
            })
        };
        let (back, on) = (steps(from, '-')?, steps(to, '+')?);
        let place = |typed: &str, otherwise: &str| -> Result<Vec<usize>, Error> {
            let typed = if typed.is_empty() { otherwise } else { typed };
            let found = self.resolve(typed, has)?.revisions;
            Ok(found
                .iter()
                .filter_map(|revision| self.position(revision))
                .collect())
        };
        let lower = if back.is_some() {
            Vec::new()
        } else {
            place(from, "base")?
        };
        let upper = if on.is_some() {
            self.tips_of(&vec![true; self.revisions.len()])
        } else {
            place(to, "heads")?
        };
        let (behind, ahead) = (self.back_from(&upper), self.forward_from(&lower));
        let inside = |at: &usize| behind[*at] && (lower.is_empty() || ahead[*at]);
        let mut between: Vec<usize> = (0..self.revisions.len()).filter(inside).collect();
        if let Some(back) = back {
            between.drain(..between.len().saturating_sub(back.saturating_add(1)));
        }
        if let Some(on) = on {
            // From the beginning, the first step is the first revision.
            between.truncate(on.saturating_add(usize::from(!lower.is_empty())));
        }
        Ok(self
            .at(&between)
            .iter()
            .map(|revision| revision.version.clone())
            .collect())
    }

    /// Finds a revision by its label, or by the beginning of its id, version or folder name.
    ///
    /// # Errors
    /// When nothing or more than one fits; the message lists what comes close.
    #[cfg(test)]
    pub(crate) fn find(&self, typed: &str) -> Result<&Revision, Error> {
        self.find_position(typed, None)
            .map(|at| &self.revisions[at])
    }

    fn place(
        &self,
        typed: &str,
        within: Option<&[bool]>,
        has: Has<'_>,
    ) -> Result<Vec<usize>, Error> {
        let all = vec![true; self.revisions.len()];
        let inside = within.unwrap_or(&all);
        match typed {
            "base" => Ok(Vec::new()),
            "heads" => Ok(self.tips_of(inside)),
            "head" => {
                let heads = self.tips_of(inside);
                if heads.len() > 1 {
                    let heads = self.at(&heads);
                    return Err(super::graph::graph_error(self.several_heads(&heads)));
                }
                Ok(heads)
            }
            "current" => {
                let has = has.ok_or_else(|| {
                    Error::new(
                        ErrorKind::Usage,
                        "`current` is where a database is, and this command opens none; name a revision",
                    )
                })?;
                let applied: Vec<bool> = self
                    .revisions
                    .iter()
                    .zip(inside)
                    .map(|(revision, inside)| *inside && has(revision))
                    .collect();
                Ok(self.tips_of(&applied))
            }
            _ => self.find_position(typed, within).map(|at| vec![at]),
        }
    }

    fn find_position(&self, typed: &str, within: Option<&[bool]>) -> Result<usize, Error> {
        let inside = |at: &usize| within.is_none_or(|inside| inside[*at]);
        if let Some(at) = self.labels.get(typed).filter(|at| inside(at)) {
            return Ok(*at);
        }
        let digits = typed.replace('-', "");
        let exact = self.revisions.iter().position(|revision| {
            revision.id == typed || revision.version == digits || revision.name == typed
        });
        if let Some(at) = exact.filter(inside) {
            return Ok(at);
        }
        let fits: Vec<usize> = (0..self.revisions.len())
            .filter(|at| {
                let revision = &self.revisions[*at];
                inside(at)
                    && !typed.is_empty()
                    && (revision.id.starts_with(typed)
                        || (!digits.is_empty() && revision.version.starts_with(&digits))
                        || revision.name.starts_with(typed))
            })
            .collect();
        match fits.as_slice() {
            [at] => Ok(*at),
            [] => Err(Error::new(
                ErrorKind::Revision,
                match within {
                    Some(_) => format!(
                        "there is no revision {typed:?} on that branch; `history` lists them with their labels"
                    ),
                    None => self.unknown(typed),
                },
            )),
            several => Err(Error::new(
                ErrorKind::Revision,
                format!(
                    "{} revisions begin with {typed:?}: {}; type more of it",
                    several.len(),
                    list(&self.at(several))
                ),
            )),
        }
    }

    /// Goes from one revision to another along the lines of the graph.
    fn walk(
        &self,
        start: Vec<usize>,
        steps: i64,
        within: Option<&[bool]>,
        typed: &str,
    ) -> Result<Vec<usize>, Error> {
        let wrong = |says: String| Error::new(ErrorKind::Revision, format!("{typed:?} {says}"));
        if start.len() > 1 {
            return Err(wrong(format!(
                "begins at {} revisions: {}; begin at one of them",
                start.len(),
                list(&self.at(&start))
            )));
        }
        let mut here = start.first().copied();
        for _ in 0..steps.unsigned_abs() {
            let next: Vec<usize> = match here {
                Some(at) if steps > 0 => self.children_of(at).to_vec(),
                Some(at) => self.parents[at].clone(),
                None if steps > 0 => (0..self.revisions.len())
                    .filter(|at| self.parents[*at].is_empty())
                    .collect(),
                None => {
                    return Err(wrong(
                        "goes past the beginning; `base` is as far as it goes".into(),
                    ));
                }
            };
            // Back from a branch's first revision is where it branched off.
            let narrowed: Vec<usize> = next
                .iter()
                .copied()
                .filter(|at| within.is_none_or(|inside| inside[*at]))
                .collect();
            let next = if narrowed.is_empty() && steps < 0 {
                next
            } else {
                narrowed
            };
            here = match next.as_slice() {
                [] if steps > 0 => return Err(wrong("goes past the head; say `head`".into())),
                [] => None,
                [one] => Some(*one),
                several => {
                    return Err(wrong(format!(
                        "can mean {} revisions, because branches {} there: {}; name one of them",
                        several.len(),
                        if steps > 0 { "part" } else { "meet" },
                        list(&self.at(several))
                    )));
                }
            };
        }
        Ok(here.into_iter().collect())
    }

    fn unknown(&self, typed: &str) -> String {
        let mut near: Vec<(f64, &Revision)> = self
            .revisions
            .iter()
            .map(|revision| {
                let words = revision.name.split_once('_').map_or("", |(_, words)| words);
                let mut names = vec![
                    revision.id.as_str(),
                    &revision.version,
                    &revision.message,
                    words,
                ];
                names.extend(revision.labels.iter().map(String::as_str));
                let likeness = names
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

/// `abc+2` is `abc` and 2; `head-1` is `head` and -1.
fn split_steps(typed: &str) -> Option<(&str, i64)> {
    let at = typed.rfind(['+', '-'])?;
    let steps: i64 = typed[at..].parse().ok()?;
    Some((&typed[..at], steps))
}

/// What nobody may call a branch or a revision, because it could not be typed.
///
/// # Errors
/// Says what such a name looks like.
pub(crate) fn check_name(what: &str, name: &str) -> Result<(), Error> {
    let plain = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let taken = ["head", "heads", "base", "current"].contains(&name);
    if !name.is_empty() && name.len() <= 50 && name.chars().all(plain) && !taken {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Usage,
        format!(
            "{name:?} cannot be {what}: it is made of letters, digits and _, at most 50 of them, and is none of \
             the words head, heads, base and current"
        ),
    ))
}

/// How a revision is best told to a person: its id, dates with their dashes.
pub(crate) fn shown_id(revision: &Revision) -> String {
    if revision.id == revision.version {
        short_version(&revision.id)
    } else {
        revision.id.clone()
    }
}
