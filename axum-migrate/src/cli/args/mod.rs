//! What can be typed: the commands, and what several of them take.

mod change;
mod parse;
mod read;
mod write;

use std::path::PathBuf;

use clap::{Args, Subcommand};

pub(super) use change::{Consent, Span};
pub(super) use change::{Create, Downgrade, Drop, Redo, Repair, Reset, Stamp, Upgrade};
pub(super) use parse::Rename;
pub(super) use read::{Check, History, List, Show, Verify};
pub(super) use write::Graft;
pub(super) use write::{Adopt, Edit, Generate, Init, Merge, Models, New, Rebase};

/// The commands of a database's migrations, to embed in an application's own command line.
///
/// ```
/// use clap::Parser;
///
/// #[derive(Parser)]
/// enum Cli {
///     /// Serve the application
///     Serve,
///     /// Migrate the database
///     #[command(subcommand)]
///     Db(axum_migrate::Command),
/// }
///
/// assert!(Cli::try_parse_from(["blog", "db", "migrate", "-m", "add posts"]).is_ok());
/// assert!(Cli::try_parse_from(["blog", "db", "upgrade", "+1"]).is_ok());
/// assert!(Cli::try_parse_from(["blog", "db", "fly"]).is_err());
/// ```
///
/// Run a parsed command with [`Migrate::run`](crate::Migrate::run).
#[derive(Debug, Clone, Subcommand)]
#[non_exhaustive]
#[command(
    subcommand_help_heading = "Commands",
    after_help = "A change goes: edit the models, `migrate -m \"what it is\"`, read the SQL it wrote, `upgrade`.\n\n\
                  Exit codes:\n  \
                  0  all is well\n  \
                  1  it failed, and the message says what to do next\n  \
                  2  the arguments were not understood\n  \
                  3  `check` or `verify` found a disagreement"
)]
pub enum Command {
    /// Create the migrations folder (needed once)
    #[command(after_help = "Opens no connection.")]
    Init(Init),
    /// Take over a database that was never under migrations
    #[command(
        after_help = "Writes a first revision that makes the database's present schema in an empty one, records it as\n\
                      applied, and compares with the models. The database itself is only read, but for that record."
    )]
    Adopt(Adopt),
    /// Write models of the tables that the database has, as Rust source
    #[command(
        after_help = "The database is only read. Give the source a place in your program, and `migrate` finds nothing to do."
    )]
    Models(Models),
    /// Compare the models with the database and write the difference as a new revision
    #[command(
        after_help = "Nothing is written when nothing changed. What is written was first run on a scratch copy\n\
                      without rows: up, down, and up again. Read it before you `upgrade`: it is yours to edit."
    )]
    Migrate(Generate),
    /// Write an empty revision, to fill in by hand
    #[command(after_help = "Opens no connection.")]
    Revision(New),
    /// Join branches: write a revision that builds on all of them
    #[command(
        after_help = "Without a revision, the heads that git brought together are joined, and HEAD is written anew.\n\
                      Opens no connection."
    )]
    Merge(Merge),
    /// Put my revisions, which are applied nowhere, after the others: later times, other parents
    #[command(
        after_help = "For two branches that both added a revision. Folders are renamed, `revises` is changed and HEAD is\n\
                      written anew; the SQL stays as it is. What the database has, keeps its place."
    )]
    Rebase(Rebase),
    /// Open a revision in $VISUAL or $EDITOR
    #[command(after_help = "Opens no connection.")]
    Edit(Edit),
    /// Bring the database forward: run the revisions it does not have yet
    #[command(
        after_help = "Several upgrades at once wait for each other; each revision runs once.\n\
                      A revision that fails is rolled back, except on MySQL, where the message says what stays,\n\
                      and outside of a transaction. What was interrupted there goes on with --resume."
    )]
    Upgrade(Upgrade),
    /// Take the database back: run the down.sql of revisions it has
    Downgrade(Downgrade),
    /// Take the last revision back and run it again
    Redo(Redo),
    /// Record where the database is without running anything
    #[command(
        after_help = "For a database whose schema is already there, or that was brought there by other means."
    )]
    Stamp(Stamp),
    /// Bring the records of edited and missing revisions into line with the folder
    #[command(
        after_help = "An edited revision is taken as it is now; what is recorded and missing here is forgotten.\n\
                      Each is shown first. No SQL of a revision is run."
    )]
    Repair(Repair),
    /// Say which revision the database is at
    Current(List),
    /// Draw the revisions, the latest first
    #[command(after_help = "Opens no connection, unless --indicate-current or `current` is given.")]
    History(History),
    /// List the revisions that no other builds on
    #[command(after_help = "Opens no connection.")]
    Heads(List),
    /// List the revisions on which several build
    #[command(after_help = "Opens no connection.")]
    Branches(List),
    /// Show one revision with its SQL
    #[command(after_help = "Opens no connection.")]
    Show(Show),
    /// Tell whether models, migrations and database agree
    #[command(after_help = "Without an option, everything is checked.\n\n\
                      Exit codes:\n  \
                      0  they agree\n  \
                      1  it could not be found out\n  \
                      3  they disagree, in the ways that are listed")]
    Check(Check),
    /// Try the revisions on an empty scratch place: each up, down, and up again
    #[command(after_help = "The database itself is left as it is.\n\n\
                      Exit codes:\n  \
                      0  each down.sql undoes its up.sql\n  \
                      1  a script failed, or it could not be found out\n  \
                      3  some do not, in the ways that are listed")]
    Verify(Verify),
    /// Create the database itself, where it is missing
    #[command(
        after_help = "Needs the right to: on PostgreSQL CREATEDB, on MySQL CREATE. SQLite's is a file."
    )]
    Create(Create),
    /// Drop the database itself, with everything in it
    Drop(Drop),
    /// Drop the database, create it again and upgrade it
    Reset(Reset),
    /// Print the completions for a shell
    #[command(
        after_help = "For bash: eval \"$(PROGRAM … completions bash)\" in ~/.bashrc; the others likewise. Opens no connection."
    )]
    Completions(Completions),
}

impl Command {
    /// The database that was named, in the commands that have one.
    pub(crate) fn binds(&mut self) -> Option<&mut Folder> {
        Some(match self {
            Command::Init(args) => &mut args.folder,
            Command::Adopt(args) => &mut args.folder,
            Command::Models(args) => &mut args.folder,
            Command::Migrate(args) => &mut args.folder,
            Command::Revision(args) => &mut args.folder,
            Command::Merge(args) => &mut args.folder,
            Command::Rebase(args) => &mut args.folder,
            Command::Edit(args) => &mut args.folder,
            Command::Upgrade(args) => &mut args.folder,
            Command::Downgrade(args) => &mut args.folder,
            Command::Redo(args) => &mut args.folder,
            Command::Stamp(args) => &mut args.folder,
            Command::Repair(args) => &mut args.folder,
            Command::Current(args) | Command::Heads(args) | Command::Branches(args) => {
                &mut args.read.folder
            }
            Command::History(args) => &mut args.read.folder,
            Command::Show(args) => &mut args.read.folder,
            Command::Check(args) => &mut args.read.folder,
            Command::Verify(args) => &mut args.read.folder,
            Command::Create(args) => &mut args.folder,
            Command::Drop(args) => &mut args.folder,
            Command::Reset(args) => &mut args.folder,
            Command::Completions(_) => return None,
        })
    }

    /// Whether the answer is to be JSON.
    pub(crate) fn wants_json(&self) -> bool {
        match self {
            Command::Current(args) | Command::Heads(args) | Command::Branches(args) => {
                args.read.json
            }
            Command::History(args) => args.read.json,
            Command::Show(args) => args.read.json,
            Command::Check(args) => args.read.json,
            Command::Verify(args) => args.read.json,
            Command::Stamp(args) => args.json,
            Command::Merge(args) => args.json,
            Command::Edit(args) => args.json,
            Command::Upgrade(args) => args.offline.json,
            Command::Downgrade(args) => args.offline.json,
            _ => false,
        }
    }
}

impl Command {
    /// Whether running it opens a connection to the database, and not only the migrations folder.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// assert!(command("upgrade").needs_database());
    /// assert!(command("history -i").needs_database());
    /// assert!(!command("history").needs_database()); // the folder is enough
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn needs_database(&self) -> bool {
        match self {
            Command::Init(_)
            | Command::Heads(_)
            | Command::Branches(_)
            | Command::Merge(_)
            | Command::Show(_)
            | Command::Edit(_)
            | Command::Completions(_) => false,
            Command::Revision(args) => args.autogenerate,
            Command::History(args) => {
                let names_it = |range: &String| range.contains("current");
                args.indicate_current || args.range.as_ref().is_some_and(names_it)
            }
            Command::Check(args) => !args.heads || args.drift || args.checksums,
            _ => true,
        }
    }

    /// Whether it makes no sense without the application's models.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// assert!(command("migrate -m subtitles").needs_models());
    /// assert!(!command("upgrade").needs_models());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn needs_models(&self) -> bool {
        match self {
            Command::Migrate(_) => true,
            Command::Revision(args) => args.autogenerate,
            _ => false,
        }
    }
}

#[doc(hidden)]
#[derive(Debug, Clone, Args)]
pub struct Completions {
    /// Which shell
    #[arg(value_name = "SHELL")]
    pub(crate) shell: clap_complete::Shell,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct Folder {
    /// The migrations folder [default: the application's, else `migrations` beside Cargo.toml or here]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) dir: Option<PathBuf>,
    /// Which database, where the program has several [default: the first]
    #[arg(long, value_name = "NAME")]
    pub(crate) bind: Option<String>,
    /// Every database of the program, one after the other
    #[arg(long, conflicts_with_all = ["bind", "dir"])]
    pub(crate) all_binds: bool,
}
