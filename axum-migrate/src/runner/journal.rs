//! How far a revision came that takes effect statement by statement, as the table beside the versions holds it.

use std::fmt;

use super::split::Statement;
use super::step::Direction;
use crate::revision::fingerprint;

/// Where a script stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Progress {
    pub(super) direction: Direction,
    /// The statement it stopped at, from 0: those before it took effect.
    pub(super) at: usize,
    /// Whether that statement was begun, and nobody saw how it ended.
    pub(super) in_doubt: bool,
    /// The fingerprint of the statements that must not change any more.
    pub(super) past: String,
}

impl Progress {
    /// The statement `at` is about to run, and commits by itself.
    pub(super) fn begun(direction: Direction, at: usize, statements: &[Statement<'_>]) -> Self {
        let in_doubt = true;
        let past = past(statements, at + 1);
        Self {
            direction,
            at,
            in_doubt,
            past,
        }
    }

    /// Everything before the statement `at` took effect, and nothing of what follows.
    pub(super) fn before(direction: Direction, at: usize, statements: &[Statement<'_>]) -> Self {
        let in_doubt = false;
        let past = past(statements, at);
        Self {
            direction,
            at,
            in_doubt,
            past,
        }
    }

    /// Whether the script still begins with what was run of it.
    pub(super) fn fits(&self, statements: &[Statement<'_>]) -> bool {
        let length = self.at + usize::from(self.in_doubt);
        length <= statements.len() && past(statements, length) == self.past
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(':');
        let direction = match parts.next()? {
            "up" => Direction::Up,
            "down" => Direction::Down,
            _ => return None,
        };
        let in_doubt = match parts.next()? {
            "begun" => true,
            "before" => false,
            _ => return None,
        };
        let at: usize = parts.next()?.parse().ok()?;
        let past = parts.next()?.to_owned();
        Some(Self {
            direction,
            at: at.checked_sub(1)?,
            in_doubt,
            past,
        })
    }
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let direction = match self.direction {
            Direction::Up => "up",
            Direction::Down => "down",
        };
        let state = if self.in_doubt { "begun" } else { "before" };
        write!(f, "{direction}:{state}:{}:{}", self.at + 1, self.past)
    }
}

fn past(statements: &[Statement<'_>], length: usize) -> String {
    let texts: Vec<&str> = statements
        .iter()
        .take(length)
        .map(|statement| statement.sql)
        .collect();
    fingerprint(&texts)[..32].to_owned()
}

#[cfg(test)]
mod tests {
    use axum_db::Dialect;

    use super::super::split::split;
    use super::*;

    #[test]
    fn what_is_written_is_read_back_and_fits_only_what_was_run() {
        let statements = split("A; B; C", Dialect::Mysql);
        for progress in [
            Progress::begun(Direction::Up, 1, &statements),
            Progress::before(Direction::Down, 2, &statements),
        ] {
            assert_eq!(
                Progress::parse(&progress.to_string()).as_ref(),
                Some(&progress)
            );
            assert!(progress.fits(&statements));
            // What comes after may be corrected, what was run may not.
            assert!(progress.fits(&split("A; B; other; D", Dialect::Mysql)));
            assert!(!progress.fits(&split("A; other; C", Dialect::Mysql)));
            assert!(!progress.fits(&split("A", Dialect::Mysql)));
        }
        for nonsense in [
            "",
            "-",
            "up",
            "up:begun:0:x",
            "up:begun:x:x",
            "left:begun:1:x",
        ] {
            assert_eq!(Progress::parse(nonsense), None, "{nonsense}");
        }
    }
}
