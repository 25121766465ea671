//! The commands, as a clap `Subcommand` to embed in an application's own command line.

mod adopt;
mod args;
mod attend;
mod change;
mod check;
mod completions;
mod database;
mod draw;
mod files;
mod generate;
mod graph;
mod models;
mod offline;
mod output;
mod parts;
mod read;
mod renames;
mod summary;
mod verify;

use std::io::Write;
use std::process::ExitCode;

use axum_db::Bind;

pub use args::Command;
pub(crate) use output::{Output, stdout_has_colours};

use crate::{Engine, Error, Migrate};

impl<B: Engine, K: Bind> Migrate<B, K> {
    /// Runs a command and prints its answer, in colours where the standard output is a terminal: `NO_COLOR` and
    /// `CLICOLOR_FORCE` say otherwise.
    ///
    /// The exit code is 0 when all is well and 3 when `check` or `verify` found a disagreement. An error is for the
    /// caller to print, as `fn main() -> Result<ExitCode, axum_migrate::Error>` does, and means 1. Arguments
    /// that clap does not understand never come here: it prints them and exits with 2.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let database = database::<Main>(&folder).await;
    /// let migrate = Migrate::new(&database, Metadata::default()).directory("tests/migrations");
    /// let typed: Command = command("upgrade"); // as clap parses it
    /// assert_eq!(migrate.run(typed).await?, ExitCode::SUCCESS);
    /// assert_eq!(migrate.run(command("check --checksums")).await?, ExitCode::SUCCESS);
    /// let error = migrate.run(command("downgrade -1")).await.unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::DataLoss); // it asks for --allow-data-loss
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Whatever keeps the command from doing what it was asked, with what to do next; nothing is left half done
    /// that the error does not name.
    ///
    /// # Cancellation
    /// A dropped future closes its connection. The step under way is rolled back, except on MySQL, which commits
    /// each change of the schema by itself. Ctrl-C, or SIGTERM, lets the step under way finish and runs no other; a
    /// second one is as if the future was dropped. That needs a runtime that listens for signals, as
    /// `#[tokio::main]` makes.
    pub async fn run(&self, command: Command) -> Result<ExitCode, Error> {
        let mut stdout = std::io::stdout();
        self.answer(command, &mut Output::new(&mut stdout, stdout_has_colours()))
            .await
    }

    /// As [`run`](Self::run), with the answer written to `sink`, without colours, instead of the standard output.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let database = database::<Main>(&folder).await;
    /// let migrate = Migrate::new(&database, Metadata::default()).directory("tests/migrations");
    /// let mut answer = Vec::new();
    /// migrate.run_into(command("current"), &mut answer).await?;
    /// assert_eq!(
    ///     String::from_utf8(answer)?,
    ///     "base (no revision is applied)\n2 revisions are left to apply; run `upgrade`.\n"
    /// );
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`run`](Self::run), and when `sink` takes no more.
    ///
    /// # Cancellation
    /// As [`run`](Self::run).
    pub async fn run_into(
        &self,
        command: Command,
        sink: &mut (dyn Write + Send),
    ) -> Result<ExitCode, Error> {
        self.answer(command, &mut Output::new(sink, false)).await
    }

    pub(crate) async fn answer(
        &self,
        mut command: Command,
        out: &mut Output<'_>,
    ) -> Result<ExitCode, Error> {
        let bind = command.binds().and_then(|folder| folder.bind.take());
        if let Some(name) = bind.filter(|name| name != K::NAME) {
            return Err(crate::binds::unknown(&name, &[K::NAME]));
        }
        match command {
            Command::Init(args) => files::init(self, &args, out),
            Command::Adopt(args) => adopt::adopt(self, &args, out).await,
            Command::Models(args) => models::models(self, &args, out).await,
            Command::Migrate(args) => generate::migrate(self, &args, out).await,
            Command::Revision(args) if args.autogenerate => {
                generate::migrate(self, &args.generate(), out).await
            }
            Command::Revision(args) => files::revision(self, &args, out),
            Command::Merge(args) => graph::merge(self, &args, out),
            Command::Rebase(args) => graph::rebase(self, &args, out).await,
            Command::Edit(args) => graph::edit(self, &args, out).await,
            Command::Upgrade(args) => change::upgrade(self, &args, out).await,
            Command::Downgrade(args) => change::downgrade(self, &args, out).await,
            Command::Redo(args) => change::redo(self, &args, out).await,
            Command::Stamp(args) => change::stamp(self, &args, out).await,
            Command::Repair(args) => change::repair(self, &args, out).await,
            Command::Current(args) => read::current(self, &args, out).await,
            Command::History(args) => read::history(self, &args, out).await,
            Command::Heads(args) => read::heads(self, &args, out),
            Command::Branches(args) => read::branches(self, &args, out),
            Command::Show(args) => read::show(self, &args, out),
            Command::Check(args) => check::check(self, &args, out).await,
            Command::Verify(args) => verify::verify(self, &args, out).await,
            Command::Create(args) => database::create(self, &args, out).await,
            Command::Drop(args) => database::drop(self, &args, out).await,
            Command::Reset(args) => database::reset(self, &args, out).await,
            Command::Completions(args) => completions::print(&args, self.program_command(), out),
        }
    }
}
