//! What the commands take that change a database.

use std::time::Duration;

use clap::Args;

use super::Folder;
use super::parse::{parse_duration, parse_span, parse_target};
use crate::runner::{Options, Resume, Target};

/// Telling what would run instead of running it.
#[derive(Debug, Clone, Args)]
pub(crate) struct Offline {
    /// Print the SQL instead, for the database's own client; FROM:TO says where that database is. Opens no connection
    #[arg(long)]
    pub(crate) sql: bool,
    /// List what would run instead
    #[arg(long, conflicts_with = "sql")]
    pub(crate) plan: bool,
    /// Answer in JSON
    #[arg(long, conflicts_with = "sql")]
    pub(crate) json: bool,
}

/// How far, and for `--sql` from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) from: Option<Target>,
    pub(crate) to: Target,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct Wait {
    /// How long to wait for another migration, and for locks of tables: 90s, 10m [default: 60s, or the application's]
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub(crate) wait: Option<Duration>,
}

impl Wait {
    /// The application's settings with what was typed.
    pub(crate) fn over(&self, options: &Options) -> Options {
        let mut options = options.clone();
        options.wait = self.wait.unwrap_or(options.wait);
        options
    }
}

#[derive(Debug, Clone, Args)]
pub(crate) struct Locks {
    /// How long a statement queues for the lock of a table before it gives way and is tried again: 5s, 500ms, or 0
    /// for as long as it takes [default: 5s, or the application's]
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub(crate) lock_timeout: Option<Duration>,
}

impl Locks {
    /// The application's settings with what was typed.
    pub(crate) fn over(&self, mut options: Options) -> Options {
        if let Some(timeout) = self.lock_timeout {
            options.lock_timeout = Some(timeout).filter(|timeout| !timeout.is_zero());
        }
        options
    }
}

#[derive(Debug, Clone, Args)]
pub(crate) struct Carry {
    #[command(flatten)]
    pub(crate) locks: Locks,
    /// Go on with a revision that was interrupted
    #[arg(long, value_enum, value_name = "HOW", num_args = 0..=1, require_equals = true, default_missing_value = "continue")]
    pub(crate) resume: Option<Resume>,
}

impl Carry {
    /// The application's settings with what was typed.
    pub(crate) fn over(&self, options: Options) -> Options {
        let mut options = self.locks.over(options);
        options.resume = self.resume;
        options
    }
}

#[doc(hidden)]
#[derive(Debug, Clone, Args)]
pub struct Upgrade {
    /// How far: the beginning of a revision, +1 for one step, `head`, `heads` for all branches, LABEL@head for one
    #[arg(default_value = "head", value_name = "REVISION", allow_negative_numbers = true, value_parser = parse_span)]
    pub(crate) span: Span,
    #[command(flatten)]
    pub(crate) offline: Offline,
    /// Refuse revisions that sort before one that the database already has
    #[arg(long, conflicts_with = "out_of_order")]
    pub(crate) linear: bool,
    /// Run such revisions even where an applied one builds on them
    #[arg(long)]
    pub(crate) out_of_order: bool,
    #[command(flatten)]
    pub(crate) carry: Carry,
    #[command(flatten)]
    pub(crate) wait: Wait,
    #[command(flatten)]
    pub(crate) folder: Folder,
}

#[doc(hidden)]
#[derive(Debug, Clone, Args)]
pub struct Downgrade {
    /// How far: -1 for one step, the beginning of the revision to keep, or `base` for all
    #[arg(default_value = "-1", value_name = "REVISION", allow_hyphen_values = true, value_parser = parse_span)]
    pub(crate) span: Span,
    #[command(flatten)]
    pub(crate) offline: Offline,
    /// Go back even where tables, columns or rows are lost
    #[arg(long)]
    pub(crate) allow_data_loss: bool,
    #[command(flatten)]
    pub(crate) carry: Carry,
    #[command(flatten)]
    pub(crate) wait: Wait,
    #[command(flatten)]
    pub(crate) folder: Folder,
}

#[doc(hidden)]
#[derive(Debug, Clone, Args)]
pub struct Redo {
    /// How far back before running again: -2 for two steps, or the revision to keep
    #[arg(default_value = "-1", value_name = "REVISION", allow_hyphen_values = true, value_parser = parse_target)]
    pub(crate) target: Target,
    /// Go back even where tables, columns or rows are lost
    #[arg(long)]
    pub(crate) allow_data_loss: bool,
    #[command(flatten)]
    pub(crate) locks: Locks,
    #[command(flatten)]
    pub(crate) wait: Wait,
    #[command(flatten)]
    pub(crate) folder: Folder,
}

#[doc(hidden)]
#[derive(Debug, Clone, Args)]
pub struct Stamp {
    /// Where the database is: the beginning of a revision, `head`, `heads` or `base`; one for each branch
    #[arg(value_name = "REVISION", required = true, value_parser = parse_target)]
    pub(crate) targets: Vec<Target>,
    /// First forget everything recorded, revisions that are not among these migrations too
    #[arg(long)]
    pub(crate) purge: bool,
    /// Print the SQL instead, for a database at this revision (`base` for a new one). Opens no connection
    #[arg(long, value_name = "FROM", value_parser = parse_target)]
    pub(crate) sql: Option<Target>,
    /// Answer in JSON
    #[arg(long, conflicts_with = "sql")]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) wait: Wait,
    #[command(flatten)]
    pub(crate) folder: Folder,
}

#[doc(hidden)]
#[derive(Debug, Clone, Args)]
pub struct Repair {
    /// Show what would be mended, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Never ask, even on a terminal
    #[arg(long)]
    pub(crate) no_input: bool,
    /// Answer in JSON; asks nothing
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) wait: Wait,
    #[command(flatten)]
    pub(crate) folder: Folder,
}

/// What takes the rows away has to be said, or asked for.
#[derive(Debug, Clone, Args)]
pub(crate) struct Consent {
    /// Do it although everything in the database is lost
    #[arg(long)]
    pub(crate) allow_data_loss: bool,
    /// Never ask, even on a terminal
    #[arg(long)]
    pub(crate) no_input: bool,
}

#[doc(hidden)]
#[derive(Debug, Clone, Args)]
pub struct Create {
    #[command(flatten)]
    pub(crate) folder: Folder,
}

#[doc(hidden)]
#[derive(Debug, Clone, Args)]
pub struct Drop {
    #[command(flatten)]
    pub(crate) consent: Consent,
    #[command(flatten)]
    pub(crate) wait: Wait,
    #[command(flatten)]
    pub(crate) folder: Folder,
}

#[doc(hidden)]
#[derive(Debug, Clone, Args)]
pub struct Reset {
    #[command(flatten)]
    pub(crate) consent: Consent,
    #[command(flatten)]
    pub(crate) wait: Wait,
    #[command(flatten)]
    pub(crate) folder: Folder,
}
