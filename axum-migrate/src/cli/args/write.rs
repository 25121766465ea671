//! What the commands take that write files.

use std::path::PathBuf;

use clap::Args;

use super::Folder;
use super::change::Wait;
use super::parse::{Backfill, Rename, parse_backfill, parse_rename};

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
    /// Answer in JSON
    #[arg(long)]
    pub(crate) json: bool,
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
    /// Write it without running it on a scratch copy first
    #[arg(long)]
    pub(crate) no_verify: bool,
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
    #[arg(long, conflicts_with = "autogenerate")]
    pub(crate) no_transaction: bool,
    /// Fill it with what the models changed, which is what `migrate` does
    #[arg(long)]
    pub(crate) autogenerate: bool,
    /// Print the scripts, and write nothing
    #[arg(long)]
    pub(crate) sql: bool,
    #[command(flatten)]
    pub(crate) graft: Graft,
    #[command(flatten)]
    pub(crate) folder: Folder,
}

impl New {
    /// The same as words for `migrate`, where the models are to fill it.
    pub(crate) fn generate(&self) -> Generate {
        Generate {
            message: Some(self.message.clone()),
            dry_run: self.sql,
            rename: Vec::new(),
            backfill: Vec::new(),
            drop: Vec::new(),
            concurrently: false,
            no_input: false,
            no_verify: false,
            graft: self.graft.clone(),
            folder: self.folder.clone(),
        }
    }
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
    /// Answer in JSON
    #[arg(long)]
    pub(crate) json: bool,
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
    /// Answer in JSON
    #[arg(long)]
    pub(crate) json: bool,
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
    /// Answer in JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) folder: Folder,
}
