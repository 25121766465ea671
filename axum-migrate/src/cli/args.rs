//! What can be typed.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};

use crate::runner::{Options, Resume, Target};

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
                  3  `check` found a disagreement"
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
            Command::Upgrade(args) => args.offline.json,
            Command::Downgrade(args) => args.offline.json,
            _ => false,
        }
    }
}

/// Telling what would run instead of running it.
#[derive(Debug, Clone, Args)]
pub(crate) struct Offline {
    /// Print the SQL instead, for the database's own client; FROM:TO says where that database is. Opens no connection
    #[arg(long)]
    pub(crate) sql: bool,
    /// List what would run instead
    #[arg(long, conflicts_with = "sql")]
    pub(crate) plan: bool,
    /// With --plan: answer in JSON
    #[arg(long, requires = "plan")]
    pub(crate) json: bool,
}

/// How far, and for `--sql` from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) from: Option<Target>,
    pub(crate) to: Target,
}

#[doc(hidden)]
#[derive(Debug, Clone, Args)]
pub struct Completions {
    /// Which shell
    #[arg(value_name = "SHELL")]
    pub(crate) shell: clap_complete::Shell,
}

impl Command {
    /// Whether running it opens a connection to the database, and not only the migrations folder.
    #[must_use]
    pub fn needs_database(&self) -> bool {
        match self {
            Command::Init(_)
            | Command::Revision(_)
            | Command::Heads(_)
            | Command::Branches(_)
            | Command::Merge(_)
            | Command::Show(_)
            | Command::Edit(_)
            | Command::Completions(_) => false,
            Command::History(args) => {
                let names_it = |range: &String| range.contains("current");
                args.indicate_current || args.range.as_ref().is_some_and(names_it)
            }
            Command::Check(args) => !args.heads || args.drift || args.checksums,
            _ => true,
        }
    }

    /// Whether it makes no sense without the application's models.
    #[must_use]
    pub fn needs_models(&self) -> bool {
        matches!(self, Command::Migrate(_))
    }
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
pub(crate) struct Carry {
    /// How long a statement queues for the lock of a table before it gives way and is tried again: 5s, 500ms, or 0
    /// for as long as it takes [default: 5s, or the application's]
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub(crate) lock_timeout: Option<Duration>,
    /// Go on with a revision that was interrupted
    #[arg(long, value_enum, value_name = "HOW", num_args = 0..=1, require_equals = true, default_missing_value = "continue")]
    pub(crate) resume: Option<Resume>,
}

impl Carry {
    /// The application's settings with what was typed.
    pub(crate) fn over(&self, mut options: Options) -> Options {
        if let Some(timeout) = self.lock_timeout {
            options.lock_timeout = Some(timeout).filter(|timeout| !timeout.is_zero());
        }
        options.resume = self.resume;
        options
    }
}

#[doc(hidden)]
#[derive(Debug, Clone, Args)]
pub struct Init {
    #[command(flatten)]
    pub(crate) folder: Folder,
}

#[doc(hidden)]
#[derive(Debug, Clone, Args)]
pub struct Adopt {
    /// What to call the first revision
    #[arg(short, long, value_name = "WORDS", default_value = "baseline")]
    pub(crate) message: String,
    /// PostgreSQL: a schema to adopt beside the current one; may be given several times
    #[arg(long = "schema", value_name = "NAME")]
    pub(crate) schemas: Vec<String>,
    /// PostgreSQL: adopt every schema that has something of yours in it
    #[arg(long, conflicts_with = "schemas")]
    pub(crate) all_schemas: bool,
    /// Show the SQL of the first revision; write and record nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) wait: Wait,
    #[command(flatten)]
    pub(crate) folder: Folder,
}

#[doc(hidden)]
#[derive(Debug, Clone, Args)]
pub struct Models {
    /// A file to write, as src/models.rs, or a folder with a file for each table [default: the answer itself]
    #[arg(long, value_name = "PATH")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) folder: Folder,
}

#[doc(hidden)]
#[derive(Debug, Clone, Args)]
pub struct Generate {
    /// What the change is for; names the revision [default: made from the first change]
    #[arg(short, long, value_name = "WORDS")]
    pub(crate) message: Option<String>,
    /// Show the changes and their SQL, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// A column or table that only got a new name: posts.title=posts.headline, or posts=articles
    #[arg(long, value_name = "OLD=NEW", value_parser = parse_rename)]
    pub(crate) rename: Vec<Rename>,
    /// The value of a new required column in rows that are there, as SQL: posts.views=0
    #[arg(long, value_name = "TABLE.COLUMN=SQL", value_parser = parse_backfill)]
    pub(crate) backfill: Vec<Backfill>,
    /// Drop this table, which has no model any more
    #[arg(long, value_name = "TABLE")]
    pub(crate) drop: Vec<String>,
    /// PostgreSQL: make and drop indexes of existing tables while others write to them, each in a revision of its own
    #[arg(long)]
    pub(crate) concurrently: bool,
    /// Never ask, even on a terminal
    #[arg(long)]
    pub(crate) no_input: bool,
    #[command(flatten)]
    pub(crate) graft: Graft,
    #[command(flatten)]
    pub(crate) folder: Folder,
}

/// Where in the graph a new revision goes.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Graft {
    /// Build on this revision [default: the head]; `base` begins a line of its own
    #[arg(long, value_name = "REVISION")]
    pub(crate) head: Option<String>,
    /// Let --head be a revision that another builds on already, which makes a branch
    #[arg(long)]
    pub(crate) splice: bool,
    /// Name the branch that begins here, for NAME@head
    #[arg(long, value_name = "NAME")]
    pub(crate) branch_label: Vec<String>,
    /// Have this revision of another branch run before
    #[arg(long, value_name = "REVISION")]
    pub(crate) depends_on: Vec<String>,
    /// The new revision's id [default: made at random]
    #[arg(long, value_name = "ID")]
    pub(crate) rev_id: Option<String>,
}

#[doc(hidden)]
#[derive(Debug, Clone, Args)]
pub struct New {
    /// What the change is for; names the revision
    #[arg(short, long, value_name = "WORDS")]
    pub(crate) message: String,
    /// For statements that cannot run in a transaction, as CREATE INDEX CONCURRENTLY
    #[arg(long)]
    pub(crate) no_transaction: bool,
    #[command(flatten)]
    pub(crate) graft: Graft,
    #[command(flatten)]
    pub(crate) folder: Folder,
}

#[doc(hidden)]
#[derive(Debug, Clone, Args)]
pub struct Merge {
    /// The revisions to join [default: heads that no label tells apart]
    #[arg(value_name = "REVISION")]
    pub(crate) revisions: Vec<String>,
    /// What the revision is called [default: made from the ids]
    #[arg(short, long, value_name = "WORDS")]
    pub(crate) message: Option<String>,
    /// Name the branch that begins here, for NAME@head
    #[arg(long, value_name = "NAME")]
    pub(crate) branch_label: Vec<String>,
    /// The new revision's id [default: made at random]
    #[arg(long, value_name = "ID")]
    pub(crate) rev_id: Option<String>,
    #[command(flatten)]
    pub(crate) folder: Folder,
}

#[doc(hidden)]
#[derive(Debug, Clone, Args)]
pub struct Rebase {
    /// Any revision of the branch to move [default: the branch of which the database has nothing]
    #[arg(value_name = "REVISION")]
    pub(crate) revision: Option<String>,
    /// Put it after this revision [default: the other head]
    #[arg(long, value_name = "REVISION")]
    pub(crate) onto: Option<String>,
    #[command(flatten)]
    pub(crate) folder: Folder,
}

#[doc(hidden)]
#[derive(Debug, Clone, Args)]
pub struct Edit {
    /// The beginning of a revision, or `head`
    #[arg(default_value = "head", value_name = "REVISION")]
    pub(crate) revision: String,
    /// Open down.sql instead of up.sql
    #[arg(long)]
    pub(crate) down: bool,
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
    pub(crate) wait: Wait,
    #[command(flatten)]
    pub(crate) folder: Folder,
}

#[doc(hidden)]
#[derive(Debug, Clone, Args)]
pub struct Upgrade {
    /// How far: the beginning of a revision, +1 for one step, `head`, `heads` for all branches, LABEL@head for one
    #[arg(default_value = "head", value_name = "REVISION", value_parser = parse_span)]
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
    #[command(flatten)]
    pub(crate) wait: Wait,
    #[command(flatten)]
    pub(crate) folder: Folder,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct Read {
    /// Answer in JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) folder: Folder,
}

#[doc(hidden)]
#[derive(Debug, Clone, Args)]
pub struct List {
    /// Say everything about each
    #[arg(short, long)]
    pub(crate) verbose: bool,
    #[command(flatten)]
    pub(crate) read: Read,
}

#[doc(hidden)]
#[derive(Debug, Clone, Args)]
pub struct History {
    /// Only those from one revision to another: A:B, A:, :B, -3:head, current:+2
    #[arg(short, long, value_name = "FROM:TO", allow_hyphen_values = true)]
    pub(crate) range: Option<String>,
    /// Say everything about each
    #[arg(short, long)]
    pub(crate) verbose: bool,
    /// Mark what the database has, for which it is opened
    #[arg(short, long)]
    pub(crate) indicate_current: bool,
    #[command(flatten)]
    pub(crate) read: Read,
}

#[doc(hidden)]
#[derive(Debug, Clone, Args)]
pub struct Show {
    /// The beginning of a revision, or `head`
    #[arg(default_value = "head", value_name = "REVISION")]
    pub(crate) revision: String,
    #[command(flatten)]
    pub(crate) read: Read,
}

#[doc(hidden)]
#[derive(Debug, Clone, Args)]
pub struct Check {
    /// Only: has the database the schema that its revisions made, or was it changed by hand?
    #[arg(long)]
    pub(crate) drift: bool,
    /// Only: do the revisions form one line, with one head? Opens no connection
    #[arg(long)]
    pub(crate) heads: bool,
    /// Only: are the scripts still those that were run?
    #[arg(long)]
    pub(crate) checksums: bool,
    #[command(flatten)]
    pub(crate) read: Read,
}

/// A thing that got a new name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Rename {
    Table {
        from: String,
        to: String,
    },
    Column {
        table: String,
        from: String,
        to: String,
    },
}

impl Rename {
    /// As it is typed: `posts.title`.
    pub(crate) fn old(&self) -> String {
        match self {
            Rename::Table { from, .. } => from.clone(),
            Rename::Column { table, from, .. } => format!("{table}.{from}"),
        }
    }

    /// As it is typed: `posts.headline`.
    pub(crate) fn new_name(&self) -> String {
        match self {
            Rename::Table { to, .. } => to.clone(),
            Rename::Column { table, to, .. } => format!("{table}.{to}"),
        }
    }

    /// What to tell someone who may have meant it.
    pub(crate) fn note(&self) -> String {
        let (old, new) = (self.old(), self.new_name());
        format!(
            "If {old} was only renamed to {new}, nothing need be lost: say --rename {old}={new}"
        )
    }
}

/// What a required column holds in rows that are there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Backfill {
    pub(crate) table: String,
    pub(crate) column: String,
    pub(crate) expression: String,
}

fn parse_target(typed: &str) -> Result<Target, String> {
    typed.parse()
}

fn parse_span(typed: &str) -> Result<Span, String> {
    Ok(match typed.split_once(':') {
        None => Span {
            from: None,
            to: typed.parse()?,
        },
        Some((from, to)) => Span {
            from: Some(from.parse()?),
            to: to.parse()?,
        },
    })
}

/// `90`, `90s`, `500ms`, `10m`, `1h`.
fn parse_duration(typed: &str) -> Result<Duration, String> {
    let digits = typed.trim_end_matches(|c: char| !c.is_ascii_digit());
    let number: Result<u64, _> = digits.parse();
    let time = number.ok().and_then(|number| match &typed[digits.len()..] {
        "ms" => Some(Duration::from_millis(number)),
        "" | "s" => Some(Duration::from_secs(number)),
        "m" => number.checked_mul(60).map(Duration::from_secs),
        "h" => number.checked_mul(3600).map(Duration::from_secs),
        _ => None,
    });
    time.ok_or_else(|| "write it as 90s, 500ms, 10m or 1h".into())
}

fn parse_rename(typed: &str) -> Result<Rename, String> {
    let help = "write it as posts.title=posts.headline for a column, or posts=articles for a table";
    let (from, to) = typed.split_once('=').ok_or(help)?;
    let (from, to) = (from.trim(), to.trim());
    match (from.split_once('.'), to.split_once('.')) {
        (None, None) if !from.is_empty() && !to.is_empty() => Ok(Rename::Table {
            from: from.into(),
            to: to.into(),
        }),
        (Some((table, from)), Some((new_table, to)))
            if ![table, from, new_table, to].contains(&"") =>
        {
            if table != new_table {
                return Err(format!(
                    "a column stays in its table; rename the table by itself: {table}={new_table}"
                ));
            }
            Ok(Rename::Column {
                table: table.into(),
                from: from.into(),
                to: to.into(),
            })
        }
        _ => Err(help.into()),
    }
}

fn parse_backfill(typed: &str) -> Result<Backfill, String> {
    let help =
        "write it as posts.views=0, with an SQL expression after the sign: posts.kind=\"'news'\"";
    let (name, expression) = typed.split_once('=').ok_or(help)?;
    let (table, column) = name.trim().split_once('.').ok_or(help)?;
    let expression = expression.trim();
    if table.is_empty() || column.is_empty() || expression.is_empty() {
        return Err(help.into());
    }
    Ok(Backfill {
        table: table.into(),
        column: column.into(),
        expression: expression.into(),
    })
}
