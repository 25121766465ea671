//! What to say when a step fails: where it stopped, what state that leaves, and how to go on.

use axum_db::Dialect;

use super::script::excerpt;
use super::step::{Direction, Failure, Step};
use crate::{Error, ErrorKind};

impl Step<'_> {
    pub(super) fn explain(&self, dialect: Dialect, failure: Failure) -> Error {
        let file = self.revision.file(self.direction.file());
        let total = self.script.statements.len();
        // A lock or a broken connection is not the file's fault.
        let mend = match failure {
            Failure::Bookkeeping(..) => "See to that",
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
        let mut message = format!("{what}{}", self.aftermath(dialect, mend));
        let needs_none = [
            "cannot run inside a transaction",
            "from within a transaction",
        ];
        if needs_none.iter().any(|text| what.contains(text)) {
            message.push_str(
                " It has to run by itself: write run_in_transaction = false into its metadata.toml.",
            );
        }
        if self.direction == Direction::Up && what.contains("already exists") {
            message.push_str(
                " If other means brought the database to this revision, record that with `stamp`.",
            );
        }
        let error = Error::new(ErrorKind::Script, message);
        match source {
            Some(source) => error.with_source(source),
            None => error,
        }
    }

    /// What state the failure leaves, and what to do next.
    fn aftermath(&self, dialect: Dialect, mend: &str) -> String {
        let command = self.direction.command();
        let harmless = self.script.statements[..self.kept.min(self.script.statements.len())]
            .iter()
            .all(|statement| {
                statement
                    .words(dialect)
                    .first()
                    .is_some_and(|word| word == "PRAGMA" || word == "SET")
            });
        if self.kept == 0 || harmless {
            return format!(
                "The step was rolled back; steps before it stay. {mend} and run `{command}` again."
            );
        }
        let why = if dialect == Dialect::Mysql {
            "MySQL commits every change of the schema by itself"
        } else {
            "the script does not run in one transaction"
        };
        let done = match self.kept {
            1 => "statement 1 stays".to_owned(),
            kept => format!("statements 1 to {kept} stay"),
        };
        let (redo, record) = match self.direction {
            Direction::Up => (
                "undo",
                format!("record it with `stamp {}`", self.revision.id),
            ),
            Direction::Down => ("redo", "record where it then is with `stamp`".to_owned()),
        };
        format!(
            "{done} in the database, because {why}, and the revision counts as not {}. Either {redo} that by \
             hand, correct the file and run `{command}` again; or run the rest by hand and {record}.",
            match self.direction {
                Direction::Up => "applied",
                Direction::Down => "reverted",
            }
        )
    }
}
