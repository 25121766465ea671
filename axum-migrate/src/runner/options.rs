//! What the commands that change a database can be told.

use std::time::Duration;

/// How revisions are carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Options {
    /// How long to wait for another migration, and for locks of tables.
    pub(crate) wait: Duration,
    /// How long a statement may queue for a lock at a time, with others queueing behind it; as long as it takes
    /// where there is none.
    pub(crate) lock_timeout: Option<Duration>,
    pub(crate) order: Order,
    pub(crate) resume: Option<Resume>,
}

impl Options {
    pub(crate) fn new(wait: Duration) -> Self {
        Self {
            wait,
            lock_timeout: Some(Duration::from_secs(5)),
            order: Order::default(),
            resume: None,
        }
    }
}

/// What becomes of revisions that sort before one that the database already has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Order {
    /// They run, unless an applied one builds on them.
    #[default]
    Graph,
    /// They are refused.
    Linear,
    /// They run.
    Any,
}

/// How to go on with a revision that was interrupted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Resume {
    /// From where it stopped; whether a statement in doubt took effect is looked up
    Continue,
    /// After the statement it stopped at, which was done, or is not wanted
    Skip,
    /// From the statement it stopped at, which did nothing, or was undone
    Retry,
    /// From its first statement, after everything was undone by hand
    Restart,
}
