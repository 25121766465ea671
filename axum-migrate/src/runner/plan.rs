//! Which revisions a command runs. Pure.

use std::collections::BTreeSet;
use std::str::FromStr;

use super::versions::Applied;
use crate::revision::{History, Revision, list, shown_id};
use crate::{Error, ErrorKind};

/// Where to go, as typed: `head`, `heads`, `base`, `+2`, `-1`, `shop@+2`, or anything that names a revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    Head,
    Heads,
    Base,
    /// So many steps from where the database is, of all revisions or of one branch.
    Relative(i64, Option<String>),
    Revision(String),
    /// Exactly these versions; nobody types that.
    Versions(BTreeSet<String>),
}

impl FromStr for Target {
    type Err = String;

    fn from_str(typed: &str) -> Result<Self, String> {
        let steps = |typed: &str| match typed.parse() {
            Ok(steps) if steps != 0 => Ok(steps),
            _ => Err("is neither a number of steps, as +2 or -1, nor a revision"),
        };
        Ok(match typed {
            "head" => Self::Head,
            "heads" => Self::Heads,
            "base" => Self::Base,
            "" => return Err("is empty; name a revision, `head` or `base`".into()),
            _ if typed.starts_with(['+', '-']) => Self::Relative(steps(typed)?, None),
            _ => match typed.split_once('@') {
                Some((branch, rest)) if rest.starts_with(['+', '-']) => {
                    Self::Relative(steps(rest)?, Some(branch.to_owned()))
                }
                _ => Self::Revision(typed.to_owned()),
            },
        })
    }
}

/// Fails when the database has versions that the history has not.
pub(crate) fn refuse_unknown(history: &History, applied: &Applied) -> Result<(), Error> {
    let known: BTreeSet<&str> = history
        .revisions()
        .iter()
        .map(|r| r.version.as_str())
        .collect();
    let unknown: Vec<&str> = applied
        .versions()
        .filter(|version| !known.contains(version))
        .collect();
    let Some(first) = unknown.first() else {
        return Ok(());
    };
    let latest = history
        .revisions()
        .last()
        .map_or("", |revision| revision.version.as_str());
    let names = unknown.join(", ");
    Err(if *first > latest {
        Error::new(
            ErrorKind::DatabaseNewer,
            format!(
                "the database is newer than these migrations: it has {names}, and the latest here is {}; \
                 use the program or checkout that has them, or, if they are gone for good, forget them with `repair`",
                if latest.is_empty() { "none" } else { latest }
            ),
        )
    } else {
        Error::new(
            ErrorKind::Missing,
            format!(
                "the database has {names}, which is missing among these migrations; restore the folder from \
                 version control, or, if it is gone for good, forget it with `repair`"
            ),
        )
    })
}

/// The revisions of a history that a database does not have, in the order in which to run them.
pub(crate) fn pending<'h>(history: &'h History, applied: &Applied) -> Vec<&'h Revision> {
    history
        .revisions()
        .iter()
        .filter(|revision| !applied.has(&revision.version))
        .collect()
}

/// What an upgrade runs, in order.
pub(crate) fn upgrade<'h>(
    history: &'h History,
    applied: &Applied,
    target: &Target,
) -> Result<Vec<&'h Revision>, Error> {
    refuse_unknown(history, applied)?;
    let has = |revision: &Revision| applied.has(&revision.version);
    let pending = pending(history, applied);
    let up_to = |revisions: &[&Revision]| {
        let wanted = ancestries(history, revisions);
        pending
            .iter()
            .copied()
            .filter(|pending| wanted.contains(&pending.version))
            .collect()
    };
    Ok(match target {
        Target::Heads => pending,
        Target::Head => up_to(history.head()?.as_slice()),
        Target::Versions(versions) => pending
            .into_iter()
            .filter(|revision| versions.contains(&revision.version))
            .collect(),
        Target::Revision(typed) => match &*history.resolve(typed, Some(&has))?.revisions {
            [] => return Err(goes_forward()),
            revisions => up_to(revisions),
        },
        Target::Relative(steps, branch) if *steps > 0 => {
            let inside = branch_of(history, branch.as_deref())?;
            let mut next = pending.clone();
            next.retain(|revision| {
                inside
                    .as_ref()
                    .is_none_or(|in_it| in_it.contains(&revision.version))
            });
            let steps = usize::try_from(*steps).unwrap_or(usize::MAX);
            if steps > next.len() {
                return Err(Error::new(
                    ErrorKind::Usage,
                    format!(
                        "+{steps} goes past the head: {}",
                        match next.len() {
                            0 => "every revision is applied".to_owned(),
                            left => format!(
                                "{} to run; `upgrade` runs all of them",
                                count(left, "revision is left", "revisions are left")
                            ),
                        }
                    ),
                ));
            }
            up_to(&next[..steps])
        }
        Target::Relative(..) | Target::Base => return Err(goes_forward()),
    })
}

fn goes_forward() -> Error {
    Error::new(
        ErrorKind::Usage,
        "`upgrade` goes forward: name a revision, +N or `head`; `downgrade` goes back",
    )
}

/// The versions of revisions and of all that must run before them.
fn ancestries(history: &History, revisions: &[&Revision]) -> BTreeSet<String> {
    revisions
        .iter()
        .flat_map(|revision| history.ancestry(revision))
        .collect()
}

/// The versions of a branch, where one was named.
fn branch_of(history: &History, branch: Option<&str>) -> Result<Option<BTreeSet<String>>, Error> {
    branch
        .map(|name| history.resolve(&format!("{name}@heads"), None))
        .transpose()
        .map(|found| found.and_then(|found| found.branch))
}

/// What a downgrade reverts, in order.
///
/// What goes are the revisions that build on the target, with all that needs them; branches beside it stay.
pub(crate) fn downgrade<'h>(
    history: &'h History,
    applied: &Applied,
    target: &Target,
) -> Result<Vec<&'h Revision>, Error> {
    refuse_unknown(history, applied)?;
    let has = |revision: &Revision| applied.has(&revision.version);
    let latest_first: Vec<&Revision> = history
        .revisions()
        .iter()
        .rev()
        .filter(|r| applied.has(&r.version))
        .collect();
    let with_dependents = |revisions: &[&Revision]| {
        let gone = history.dependents(revisions);
        latest_first
            .iter()
            .copied()
            .filter(|r| gone.contains(&r.version))
            .collect()
    };
    let steps: Vec<&Revision> = match target {
        Target::Base => latest_first,
        Target::Versions(versions) => {
            let mut steps = latest_first;
            steps.retain(|revision| versions.contains(&revision.version));
            steps
        }
        Target::Relative(steps, branch) if *steps < 0 => {
            let inside = branch_of(history, branch.as_deref())?;
            let mut last = latest_first.clone();
            last.retain(|revision| {
                inside
                    .as_ref()
                    .is_none_or(|in_it| in_it.contains(&revision.version))
            });
            let steps = usize::try_from(steps.unsigned_abs()).unwrap_or(usize::MAX);
            if steps > last.len() {
                return Err(Error::new(
                    ErrorKind::Usage,
                    format!(
                        "-{steps} goes past the beginning: {}; `downgrade base` reverts all of them",
                        count(last.len(), "revision is applied", "revisions are applied")
                    ),
                ));
            }
            with_dependents(&last[..steps])
        }
        Target::Revision(typed) => {
            let found = history.resolve(typed, Some(&has))?;
            match (&*found.revisions, &found.branch) {
                ([revision], branch) => {
                    if !applied.has(&revision.version) {
                        return Err(Error::new(
                            ErrorKind::Revision,
                            format!(
                                "the database is not at {} ({}) or past it, so it cannot go back to it; \
                                 `current` says where it is",
                                shown_id(revision),
                                revision.message
                            ),
                        ));
                    }
                    let mut next = history.children(revision);
                    next.retain(|r| {
                        branch
                            .as_ref()
                            .is_none_or(|in_it| in_it.contains(&r.version))
                    });
                    with_dependents(&next)
                }
                ([], Some(branch)) => {
                    let mut next = latest_first.clone();
                    next.retain(|r| branch.contains(&r.version));
                    with_dependents(&next)
                }
                ([], None) => latest_first,
                (several, _) => {
                    return Err(Error::new(
                        ErrorKind::Revision,
                        format!("{typed:?} is {}; go back to one of them", list(several)),
                    ));
                }
            }
        }
        Target::Relative(..) | Target::Head | Target::Heads => {
            return Err(Error::new(
                ErrorKind::Usage,
                "`downgrade` goes back: name a revision, -N or `base`; `upgrade` goes forward",
            ));
        }
    };
    if let Some(stuck) = steps.iter().find(|revision| revision.down.is_none()) {
        return Err(Error::new(
            ErrorKind::Directory,
            format!(
                "{} cannot be reverted, because it has no down.sql; write one, or restore a backup. Nothing \
                 was reverted",
                stuck.name
            ),
        ));
    }
    Ok(steps)
}

/// The versions that a stamp leaves recorded: the targets with all that must run before them, and what is recorded
/// of branches that neither lead to the targets nor build on them.
pub(crate) fn stamp(
    history: &History,
    applied: &Applied,
    targets: &[Target],
) -> Result<BTreeSet<String>, Error> {
    let has = |revision: &Revision| applied.has(&revision.version);
    let mut wanted = BTreeSet::new();
    let mut gone = BTreeSet::new();
    for target in targets {
        let typed = match target {
            Target::Head => "head",
            Target::Heads => "heads",
            Target::Base => "base",
            Target::Revision(typed) => typed,
            Target::Relative(..) | Target::Versions(_) => {
                return Err(Error::new(
                    ErrorKind::Usage,
                    "`stamp` needs to be told exactly: name a revision, `head` or `base`",
                ));
            }
        };
        let found = history.resolve(typed, Some(&has))?;
        wanted.extend(ancestries(history, &found.revisions));
        match (&*found.revisions, found.branch) {
            ([], None) => gone.extend(applied.versions().map(str::to_owned)),
            ([], Some(branch)) => {
                let inside = |r: &&Revision| branch.contains(&r.version);
                let branch: Vec<&Revision> = history.revisions().iter().filter(inside).collect();
                gone.extend(history.dependents(&branch));
            }
            (revisions, _) => gone.extend(history.dependents(revisions)),
        }
    }
    let stays = |version: &&str| !gone.contains(*version);
    wanted.extend(applied.versions().filter(stays).map(str::to_owned));
    Ok(wanted)
}

/// `1 revision is`, `2 revisions are`.
pub(crate) fn count(number: usize, one: &str, several: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { several })
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
