//! Which revisions a command runs. Pure.

use std::collections::BTreeSet;
use std::str::FromStr;

use super::versions::Applied;
use crate::revision::{History, Revision};
use crate::{Error, ErrorKind};

/// Where to go, as typed: `head`, `heads`, `base`, `+2`, `-1`, or the beginning of a revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    Head,
    Heads,
    Base,
    Relative(i64),
    Revision(String),
}

impl FromStr for Target {
    type Err = String;

    fn from_str(typed: &str) -> Result<Self, String> {
        Ok(match typed {
            "head" => Self::Head,
            "heads" => Self::Heads,
            "base" => Self::Base,
            "" => return Err("is empty; name a revision, `head` or `base`".into()),
            _ if typed.starts_with(['+', '-']) => match typed.parse() {
                Ok(steps) if steps != 0 => Self::Relative(steps),
                _ => return Err("is neither a number of steps, as +2 or -1, nor a revision".into()),
            },
            _ => Self::Revision(typed.to_owned()),
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
    Err(Error::new(
        ErrorKind::DatabaseNewer,
        if *first > latest {
            format!(
                "the database is newer than these migrations: it has {names}, and the latest here is {}; \
                 use the program or checkout that has them",
                if latest.is_empty() { "none" } else { latest }
            )
        } else {
            format!(
                "the database has {names}, which is missing among these migrations; restore the folder from \
                 version control, or say with `stamp --purge` what the database is really at"
            )
        },
    ))
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
    let pending = pending(history, applied);
    let up_to = |revision: &Revision| {
        let wanted = history.ancestry(revision);
        pending
            .iter()
            .copied()
            .filter(|pending| wanted.contains(&pending.version))
            .collect()
    };
    Ok(match target {
        Target::Heads => pending,
        Target::Head => history.head()?.map(up_to).unwrap_or_default(),
        Target::Revision(typed) => up_to(history.find(typed)?),
        Target::Relative(steps) if *steps > 0 => {
            let steps = usize::try_from(*steps).unwrap_or(usize::MAX);
            if steps > pending.len() {
                return Err(Error::new(
                    ErrorKind::Usage,
                    format!(
                        "+{steps} goes past the head: {}",
                        match pending.len() {
                            0 => "every revision is applied".to_owned(),
                            left => format!(
                                "{} to run; `upgrade` runs all of them",
                                count(left, "revision is left", "revisions are left")
                            ),
                        }
                    ),
                ));
            }
            pending.into_iter().take(steps).collect()
        }
        Target::Relative(_) | Target::Base => {
            return Err(Error::new(
                ErrorKind::Usage,
                "`upgrade` goes forward: name a revision, +N or `head`; `downgrade` goes back",
            ));
        }
    })
}

/// What a downgrade reverts, in order.
pub(crate) fn downgrade<'h>(
    history: &'h History,
    applied: &Applied,
    target: &Target,
) -> Result<Vec<&'h Revision>, Error> {
    refuse_unknown(history, applied)?;
    let latest_first = || {
        history
            .revisions()
            .iter()
            .rev()
            .filter(|r| applied.has(&r.version))
    };
    let steps: Vec<&Revision> = match target {
        Target::Base => latest_first().collect(),
        Target::Relative(steps) if *steps < 0 => {
            let steps = usize::try_from(steps.unsigned_abs()).unwrap_or(usize::MAX);
            if steps > applied.len() {
                return Err(Error::new(
                    ErrorKind::Usage,
                    format!(
                        "-{steps} goes past the beginning: {}; `downgrade base` reverts all of them",
                        count(
                            applied.len(),
                            "revision is applied",
                            "revisions are applied"
                        )
                    ),
                ));
            }
            latest_first().take(steps).collect()
        }
        Target::Revision(typed) => {
            let revision = history.find(typed)?;
            if !applied.has(&revision.version) {
                return Err(Error::new(
                    ErrorKind::Revision,
                    format!(
                        "the database is not at {} ({}) or past it, so it cannot go back to it; `current` \
                         says where it is",
                        revision.id, revision.message
                    ),
                ));
            }
            let kept = history.ancestry(revision);
            latest_first()
                .filter(|r| !kept.contains(&r.version))
                .collect()
        }
        Target::Relative(_) | Target::Head | Target::Heads => {
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

/// The versions that a stamp leaves recorded.
pub(crate) fn stamp(history: &History, target: &Target) -> Result<BTreeSet<String>, Error> {
    Ok(match target {
        Target::Base => BTreeSet::new(),
        Target::Heads => history
            .revisions()
            .iter()
            .map(|r| r.version.clone())
            .collect(),
        Target::Head => history
            .head()?
            .map(|head| history.ancestry(head))
            .unwrap_or_default(),
        Target::Revision(typed) => history.ancestry(history.find(typed)?),
        Target::Relative(_) => {
            return Err(Error::new(
                ErrorKind::Usage,
                "`stamp` needs to be told exactly: name a revision, `head` or `base`",
            ));
        }
    })
}

/// `1 revision is`, `2 revisions are`.
pub(crate) fn count(number: usize, one: &str, several: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { several })
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
