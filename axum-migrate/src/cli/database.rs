//! `create`, `drop`, `reset`: the database as a whole.

use std::process::ExitCode;

use axum_db::Bind;

use super::args;
use super::attend::{Progress, attend};
use super::change::Told;
use super::output::{Output, ask, can_ask};
use crate::runner::{self, Applied, Direction, Target, count};
use crate::{Engine, Error, ErrorKind, Migrate};

pub(super) async fn create<B: Engine, K: Bind>(
    migrate: &Migrate<B, K>,
    _args: &args::Create,
    out: &mut Output<'_>,
) -> Result<ExitCode, Error> {
    let database = migrate.database();
    out.line(if runner::create(database).await? {
        format!("Created {}. Next: `upgrade`.", database.url())
    } else {
        format!("{} is there already.", database.url())
    })?;
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn drop<B: Engine, K: Bind>(
    migrate: &Migrate<B, K>,
    args: &args::Drop,
    out: &mut Output<'_>,
) -> Result<ExitCode, Error> {
    let database = migrate.database();
    if !consents(&args.consent, &database.url().to_string()).await? {
        out.line("Nothing was dropped.")?;
        return Ok(ExitCode::SUCCESS);
    }
    let options = args.wait.over(migrate.options());
    out.line(if runner::drop_whole(database, options.wait).await? {
        format!("Dropped {}.", database.url())
    } else {
        format!("Nothing to drop: there is no {}.", database.url())
    })?;
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn reset<B: Engine, K: Bind>(
    migrate: &Migrate<B, K>,
    args: &args::Reset,
    out: &mut Output<'_>,
) -> Result<ExitCode, Error> {
    let (_, history) = migrate.read(args.folder.dir.as_deref())?;
    let options = args.wait.over(migrate.options());
    // What an empty database would refuse is not dropped for.
    let none = Applied::default();
    runner::steps_up(B::DIALECT, &history, &none, &Target::Heads, options.order)?;
    let database = migrate.database();
    if !consents(&args.consent, &database.url().to_string()).await? {
        out.line("Nothing was dropped.")?;
        return Ok(ExitCode::SUCCESS);
    }
    runner::drop_whole(database, options.wait).await?;
    runner::create(database).await?;
    let progress = Progress::default();
    let mut told = Told::new(Direction::Up, out, &progress, false);
    let run = runner::upgrade(database, &history, &Target::Heads, &options, &mut told);
    let done = attend(&progress, run).await?;
    told.printed?;
    out.line(format!(
        "Done: {} is new, with {}.",
        database.url(),
        count(done, "revision", "revisions")
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// Whether everything may be lost.
async fn consents(consent: &args::Consent, what: &str) -> Result<bool, Error> {
    if consent.allow_data_loss {
        return Ok(true);
    }
    if can_ask(consent.no_input) {
        let question = format!("Drop {what} with everything in it? [y/N]");
        return Ok(ask(question).await?.eq_ignore_ascii_case("y"));
    }
    Err(Error::new(
        ErrorKind::DataLoss,
        format!(
            "everything in {what} would be lost. Nothing was dropped. If that is what you want, say --allow-data-loss"
        ),
    ))
}
