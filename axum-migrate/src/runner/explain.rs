//! What to say when a step fails: where it stopped, what state that leaves, and how to go on.

use axum_db::Dialect;

use super::lock::pooled;
use super::script::excerpt;
use super::session::is_contention;
use super::step::{Direction, Failure, Step, shows_pooler};
use crate::error::what_it_needs;
use crate::{Error, ErrorKind};

impl Step<'_> {
    /// `blockers` are those who hold what a statement waited for.
    pub(super) fn explain(&self, dialect: Dialect, failure: Failure, blockers: &[String]) -> Error {
        if shows_pooler(dialect, &failure) {
            return pooled("This step was rolled back; steps before it stay.");
        }
        let file = self.revision.file(self.direction.file());
        let total = self.script.statements.len();
        // A lock or a broken connection is not the file's fault.
        let waited = match &failure {
            Failure::Statement(_, error) | Failure::Bookkeeping(_, error) => is_contention(error),
            Failure::ForeignKeys(_) => false,
        };
        let mend = match failure {
            _ if waited => "Let them finish, or end them,",
            Failure::Bookkeeping(..) => "See to that",
            Failure::Statement(_, ref error) if refuses_rows(&error.to_string()) => {
                "Correct the rows that stand in its way, or the file,"
            }
            Failure::ForeignKeys(_) => "Correct those rows, or the file,",
            _ => "Correct the file",
        };
        let (what, source) = match failure {
            Failure::Statement(at, error) => {
                let statement = self.script.statements[at];
                (
                    format!(
                        "{file}, statement {} of {total} (line {}) failed: {error}\n\n{}\n\n",
                        at + 1,
                        statement.line,
                        excerpt(statement.sql)
                    ),
                    Some(error),
                )
            }
            Failure::Bookkeeping(doing, error) => {
                (format!("{file}: could not {doing}: {error}\n"), Some(error))
            }
            Failure::ForeignKeys(broken) => (
                format!(
                    "{file} would leave foreign keys that point nowhere: {}\n",
                    broken.join(", ")
                ),
                None,
            ),
        };
        let mut message = what.clone();
        if waited {
            message.push_str(&self.in_the_way(dialect, blockers));
        }
        message.push_str(&self.aftermath(dialect, mend));
        let needs_none = [
            "cannot run inside a transaction",
            "from within a transaction",
        ];
        if needs_none.iter().any(|text| what.contains(text)) {
            message.push_str(
                " It has to run by itself: write run_in_transaction = false into its metadata.toml.",
            );
        }
        let needs = source
            .as_ref()
            .and_then(|error| what_it_needs(&error.to_string()));
        if let Some(next) = needs {
            message.push_str(&format!(" What it needs: {next}."));
        }
        if what.contains("unsafe use of new value") {
            message.push_str(
                " PostgreSQL lets a value that ALTER TYPE … ADD VALUE adds be used only after that is committed: put \
                 the ALTER TYPE into a revision of its own, before this one.",
            );
        }
        if self.direction == Direction::Up && what.contains("already exists") {
            message.push_str(
                " If other means brought the database to this revision, record that with `stamp`.",
            );
        }
        let kind = if waited {
            ErrorKind::Locked
        } else {
            ErrorKind::Script
        };
        let error = Error::new(kind, message);
        match source {
            Some(source) => error.with_source(source),
            None => error,
        }
    }

    /// Who holds what the step waited for.
    fn in_the_way(&self, dialect: Dialect, blockers: &[String]) -> String {
        let tries = super::count(self.tries, "try", "tries");
        let end = match dialect {
            Dialect::Postgres => "; `SELECT pg_terminate_backend(…)` ends one",
            Dialect::Mysql => "; `KILL …` ends one",
            Dialect::Sqlite => "",
        };
        if blockers.is_empty() {
            return format!(
                "Somebody else held what it needs through {tries}; --wait is how long to go on trying.\n"
            );
        }
        format!(
            "Through {tries} this was in the way{end}; --wait is how long to go on trying:\n  {}\n",
            blockers.join("\n  ")
        )
    }

    /// What state the failure leaves, and what to do next.
    fn aftermath(&self, dialect: Dialect, mend: &str) -> String {
        let command = self.direction.command();
        if !self.journaled {
            return format!(
                "The step was rolled back; steps before it stay. {mend} and run `{command}` again."
            );
        }
        let doubt = if self.in_doubt {
            " Whether this statement took effect is not known."
        } else {
            ""
        };
        let why = if dialect == Dialect::Mysql {
            "MySQL commits every change of the schema by itself"
        } else {
            "the script does not run in one transaction"
        };
        let done = match self.kept {
            0 => "Nothing that ran before stays".to_owned(),
            1 => format!("Statement 1 stays in the database, because {why}"),
            kept => format!("Statements 1 to {kept} stay in the database, because {why}"),
        };
        let record = match self.direction {
            Direction::Up => format!("with `stamp {}`", self.revision.id),
            Direction::Down => "with `stamp`".to_owned(),
        };
        format!(
            "{done}.{doubt} {mend} and go on from there with `{command} --resume`. Or undo by hand what was done, and \
             run all of it with `{command} --resume=restart`; or do the rest by hand, and record that {record}."
        )
    }
}

/// Whether rows that are there do not meet a new rule, which is no fault of the file's.
fn refuses_rows(error: &str) -> bool {
    const TEXTS: [&str; 9] = [
        // SQLite
        " constraint failed",
        // PostgreSQL
        "could not create unique index",
        "is violated by some row",
        "contains null values",
        "violates ",
        // MySQL and MariaDB
        "Duplicate entry",
        "CONSTRAINT `",
        "Check constraint ",
        "Cannot add or update a child row",
    ];
    TEXTS.iter().any(|text| error.contains(text))
}
