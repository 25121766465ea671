//! `models`: the source of models for the tables of a database.

use std::fs;
use std::process::ExitCode;

use axum_db::Bind;

use super::adopt::other_tool;
use super::args;
use super::output::Output;
use crate::models;
use crate::runner::{self, count};
use crate::{Engine, Error, ErrorKind, Migrate};

pub(super) async fn models<B: Engine, K: Bind>(
    migrate: &Migrate<B, K>,
    args: &args::Models,
    out: &mut Output<'_>,
) -> Result<ExitCode, Error> {
    let mut conn = runner::connect(migrate.database()).await?;
    let mut schema = B::introspect(&mut conn).await?;
    let others: Vec<String> = schema
        .tables
        .keys()
        .filter(|table| other_tool(table).is_some())
        .cloned()
        .collect();
    schema.tables.retain(|table, _| !others.contains(table));
    let domains = B::domains(&mut conn).await?;
    let mut source = models::write(B::DIALECT, &schema, &domains);
    for table in others {
        let tool = other_tool(&table).unwrap_or_default();
        source
            .notes
            .push(format!("table {table}, in which {tool} keeps its versions"));
    }
    let Some(path) = &args.out else {
        out.line(source.to_file().trim_end())?;
        return Ok(ExitCode::SUCCESS);
    };
    let written = if path.extension().is_some_and(|extension| extension == "rs") {
        vec![(path.clone(), source.to_file())]
    } else {
        source
            .to_files()
            .into_iter()
            .map(|(name, text)| (path.join(name), text))
            .collect()
    };
    if let Some((there, _)) = written.iter().find(|(file, _)| file.exists()) {
        return Err(Error::new(
            ErrorKind::Usage,
            format!(
                "{} is there already, and may have been edited; name another with --out, or remove it first",
                there.display()
            ),
        ));
    }
    for (file, text) in &written {
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder).map_err(|error| Error::io("create", folder, error))?;
        }
        fs::write(file, text).map_err(|error| Error::io("write", file, error))?;
    }
    out.line(format!(
        "Wrote the models of {} to {}.",
        count(schema.tables.len(), "table", "tables"),
        path.display()
    ))?;
    Ok(ExitCode::SUCCESS)
}
