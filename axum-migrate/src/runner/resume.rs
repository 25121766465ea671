//! Revisions that stopped between two of their statements: told apart, and gone on with.

use std::collections::HashMap;

use diesel::result::Error as DieselError;

use super::effect::{Effect, effect_of, invalid_index};
use super::journal::Progress;
use super::options::Resume;
use super::script::{Script, excerpt};
use super::session::Session;
use super::split::Statement;
use super::step::Direction;
use super::versions::{self, Applied};
use crate::revision::{History, Revision};
use crate::{Engine, Error, ErrorKind};

/// From which statement each interrupted revision goes on, by version.
///
/// What was interrupted while this program waited for the lock, after `seen`, is taken over unasked: whoever held the
/// lock was killed, and where it stopped can be seen.
///
/// # Errors
/// There is an interrupted one and nothing was said about it, or it cannot be gone on with like that.
pub(super) async fn starts<B: Engine>(
    session: &mut Session<'_, B>,
    history: &History,
    (seen, applied): (&Applied, &Applied),
    steps: &[&Revision],
    direction: Direction,
) -> Result<HashMap<String, usize>, Error> {
    let mut starts = HashMap::new();
    for (version, progress) in applied.interrupted() {
        let revision = find(history, version)?;
        let known = seen.interrupted().any(|known| known == (version, progress));
        let how = session
            .options
            .resume
            .or((!known).then_some(Resume::Continue))
            .filter(|_| progress.direction == direction);
        let Some(how) = how else {
            return Err(interrupted::<B>(revision, progress));
        };
        if !steps.iter().any(|step| step.version == version) {
            return Err(Error::new(
                ErrorKind::Usage,
                format!(
                    "{} was interrupted, and is not among what this command would run; say one that goes as far",
                    revision.name
                ),
            ));
        }
        let start = position::<B>(session, revision, progress, how).await?;
        starts.insert(version.to_owned(), start);
    }
    Ok(starts)
}

/// Fails when a revision was interrupted, for commands that cannot go on with one.
pub(crate) fn refuse_interrupted<B: Engine>(
    history: &History,
    applied: &Applied,
) -> Result<(), Error> {
    match applied.interrupted().next() {
        None => Ok(()),
        Some((version, progress)) => Err(interrupted::<B>(find(history, version)?, progress)),
    }
}

fn find<'h>(history: &'h History, version: &str) -> Result<&'h Revision, Error> {
    let found = history.revisions().iter().find(|r| r.version == version);
    found.ok_or_else(|| {
        Error::new(
            ErrorKind::Interrupted,
            format!(
                "the revision {version} was interrupted between two of its statements, and is missing among these \
                 migrations; use the program or checkout that has it, or say with `stamp` where the database \
                 really is"
            ),
        )
    })
}

/// What an interrupted revision means for whoever wants to go on.
fn interrupted<B: Engine>(revision: &Revision, progress: &Progress) -> Error {
    let file = revision.file(progress.direction.file());
    let command = progress.direction.command();
    let script = progress.direction.sql(revision).unwrap_or_default();
    let script = Script::new(script, B::DIALECT);
    let place = match script.statements.get(progress.at) {
        Some(statement) => format!(
            "statement {} of {} (line {})\n\n{}\n\n",
            progress.at + 1,
            script.statements.len(),
            statement.line,
            excerpt(statement.sql)
        ),
        None => "its record, after its last statement. ".to_owned(),
    };
    let before = match progress.at {
        0 => String::new(),
        1 => "Statement 1 stays in the database. ".to_owned(),
        done => format!("Statements 1 to {done} stay in the database. "),
    };
    let (state, next) = if progress.in_doubt {
        (
            "was interrupted at",
            format!(
                "Whether this statement took effect is not known. `{command} --resume` looks, and goes on from \
                 there; `{command} --resume=skip` goes on after it, `{command} --resume=retry` with it"
            ),
        )
    } else {
        (
            "was interrupted before",
            format!(
                "`{command} --resume` goes on from there, `{command} --resume=skip` after that statement"
            ),
        )
    };
    Error::new(
        ErrorKind::Interrupted,
        format!(
            "{file} {state} {place}{before}{next}. If you undid by hand what was done, \
             `{command} --resume=restart` runs all of it; if you do the rest by hand, record that with `stamp`, \
             as in `stamp {}`",
            revision.id
        ),
    )
}

/// From which statement to go on.
async fn position<B: Engine>(
    session: &mut Session<'_, B>,
    revision: &Revision,
    progress: &Progress,
    how: Resume,
) -> Result<usize, Error> {
    if how == Resume::Restart {
        let forget = versions::forget_progress(B::DIALECT, &revision.version).join(";\n");
        let forgotten = session.run_one(&forget).await;
        forgotten.map_err(|error| Error::database("forget how far it came", error))?;
        return Ok(0);
    }
    let sql = progress.direction.sql(revision)?;
    let script = Script::new(sql, B::DIALECT);
    let file = revision.file(progress.direction.file());
    let command = progress.direction.command();
    if !progress.fits(&script.statements) {
        return Err(Error::new(
            ErrorKind::Interrupted,
            format!(
                "{file} was edited where it has already run: its first {} were others when it was interrupted. \
                 Restore them from version control, or undo by hand what they did and say \
                 `{command} --resume=restart`",
                super::count(
                    progress.at + usize::from(progress.in_doubt),
                    "statement",
                    "statements"
                )
            ),
        ));
    }
    match how {
        Resume::Skip => Ok(progress.at + 1),
        Resume::Retry | Resume::Restart => Ok(progress.at),
        Resume::Continue if !progress.in_doubt => Ok(progress.at),
        Resume::Continue => {
            let statement = script.statements[progress.at];
            match effect_of::<B>(session, &statement).await? {
                Effect::There => Ok(progress.at + 1),
                Effect::Absent => Ok(progress.at),
                Effect::Unknown => Err(Error::new(
                    ErrorKind::Interrupted,
                    format!(
                        "{file} was interrupted at statement {} (line {}), and whether it took effect cannot be seen \
                         from outside:\n\n{}\n\nLook at the database: if it did, say `{command} --resume=skip`; if \
                         it did not, `{command} --resume=retry`",
                        progress.at + 1,
                        statement.line,
                        excerpt(statement.sql)
                    ),
                )),
            }
        }
    }
}

/// Drops the invalid index that an interrupted CREATE INDEX CONCURRENTLY leaves.
pub(super) async fn drop_invalid<B: Engine>(
    session: &mut Session<'_, B>,
    statement: &Statement<'_>,
) -> Result<(), DieselError> {
    let Some(question) = invalid_index(statement, B::DIALECT) else {
        return Ok(());
    };
    for name in B::query_texts(&mut session.conn, &question).await? {
        session
            .run_one(&format!("DROP INDEX CONCURRENTLY IF EXISTS {name}"))
            .await?;
    }
    Ok(())
}
