//! What the commands take that only read.

use clap::Args;

use super::Folder;

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

#[doc(hidden)]
#[derive(Debug, Clone, Args)]
pub struct Verify {
    /// Only this revision: those before it are run up only [default: every one]
    #[arg(value_name = "REVISION")]
    pub(crate) revision: Option<String>,
    #[command(flatten)]
    pub(crate) read: Read,
}
