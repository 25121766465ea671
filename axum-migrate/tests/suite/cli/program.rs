//! The program `axum-migrate`, as a process.

use std::process::{Command, Output};

use crate::on_every_engine;
use crate::support::{Project, Tested};

on_every_engine!(a_whole_life_without_a_program_of_its_own);

fn program(line: &str, url: Option<&str>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_axum-migrate"));
    command
        .args(line.split_whitespace())
        .env_remove("DATABASE_URL");
    if let Some(url) = url {
        command.env("DATABASE_URL", url);
    }
    command.output().expect("the program runs")
}

fn said(line: &str, url: Option<&str>) -> String {
    let output = program(line, url);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "`{line}`: {text}{errors}");
    text
}

fn refused(line: &str, url: Option<&str>) -> String {
    let output = program(line, url);
    assert_eq!(output.status.code(), Some(1), "`{line}`");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

async fn a_whole_life_without_a_program_of_its_own<B: Tested>() {
    let project = Project::<B>::new().await;
    super::adopt::load(&project).await;
    let folder = project.migrations().display().to_string();
    let url = Some(project.url());
    let line = |line: &str| format!("{line} --dir {folder}");
    let told = said(&line("adopt"), url);
    assert!(told.contains("Recorded it as applied"), "{told}");
    assert!(said(&line("adopt"), url).starts_with("Nothing to do"));
    assert!(said(&line("check"), url).contains("agree"));
    said(&line("revision -m later"), None);
    assert!(said(&line("heads"), None).contains("later"));
    assert!(said(&line("history"), None).contains("baseline"));
    assert!(said(&line("show"), None).contains("SELECT 1"));
    assert!(said(&line("upgrade"), url).contains("1 revision applied"));
    assert!(said(&line("current"), url).contains("later"));
    assert!(said(&line("downgrade"), url).contains("1 revision reverted"));
    said(&line("stamp head"), url);
    assert!(said(&line("upgrade --sql"), url).contains("__diesel_schema_migrations"));
    let completions = said("completions bash", None);
    assert!(
        completions.contains("_axum__migrate()") && completions.contains("--database-url"),
        "{completions}"
    );
}

#[test]
fn what_is_missing_is_said() {
    let message = refused("migrate -m x", Some("sqlite://x.db"));
    assert!(message.contains("axum_migrate::Command"), "{message}");
    let message = refused("upgrade", None);
    assert!(
        message.contains("Say --database-url, or set DATABASE_URL"),
        "{message}"
    );
    let message = refused("upgrade --database-url oracle://x", None);
    assert!(
        message.contains("no database that is known here"),
        "{message}"
    );
    let help = String::from_utf8_lossy(&program("--help", Some("postgres://u:secret@h/d")).stdout)
        .into_owned();
    assert!(help.contains("adopt") && !help.contains("secret"), "{help}");
}

#[test]
fn without_a_database_the_engine_is_that_of_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let add = |engine: &str| {
        let revision = folder
            .path()
            .join(format!("{engine}/2026-01-01-000000_of_{engine}"));
        std::fs::create_dir_all(&revision).unwrap();
        std::fs::write(revision.join("up.sql"), "SELECT 1;").unwrap();
    };
    let dir = folder.path().display();
    add("mysql");
    assert!(said(&format!("heads --dir {dir}"), None).contains("of mysql"));
    add("postgres");
    let message = refused(&format!("heads --dir {dir}"), None);
    assert!(message.contains("postgres, mysql"), "{message}");
    assert!(
        message.contains(&format!("--dir {dir}/postgres")),
        "{message}"
    );
    let there = said(&format!("heads --dir {dir}/postgres"), None);
    assert!(there.contains("of postgres"));
    said("completions bash", None);
}
