//! A program with several databases, and completions for its command line.

use axum_db::{Bind, Database, Metadata, metadata};
use axum_migrate::{Binds, Error, ErrorKind, Migrate};
use clap::{CommandFactory as _, Parser as _};
use serde_json::Value;

use crate::support::{Cli, Project};

/// The second database.
#[derive(Debug)]
pub struct Analytics;

impl Bind for Analytics {
    const NAME: &'static str = "analytics";
}

mod models {
    use axum_db::prelude::*;

    use super::Analytics;

    #[model]
    #[derive(Debug, Clone)]
    pub struct User {
        #[model(primary_key)]
        pub id: i32,
        #[model(length = 20)]
        pub name: String,
    }

    #[model(bind = Analytics)]
    #[derive(Debug, Clone)]
    pub struct Visit {
        #[model(primary_key)]
        pub id: i32,
        #[model(length = 20)]
        pub name: String,
    }
}

async fn answer(binds: &Binds, line: &str) -> Result<(bool, String), Error> {
    let command = Cli::parse_from(std::iter::once("db").chain(line.split(' '))).command;
    let mut text = Vec::new();
    let code = binds.run_into(command, &mut text).await?;
    let well = code == std::process::ExitCode::SUCCESS;
    Ok((well, String::from_utf8(text).expect("UTF-8")))
}

#[tokio::test]
async fn each_database_has_a_folder_and_a_history_of_its_own() {
    let project = Project::<axum_db::Sqlite>::new().await;
    let other = testkit::sqlite();
    let analytics = Database::<axum_db::Sqlite, Analytics>::connect(other.url())
        .await
        .unwrap();
    let metadata = metadata![models::User, models::Visit];
    let folders = project.migrations();
    let binds = project.migrate(metadata.clone()).and(
        Migrate::new(&analytics, metadata)
            .directory(folders.with_file_name("migrations_analytics")),
    );
    let ok = async |line: &str| match answer(&binds, line).await {
        Ok((true, text)) => text,
        other => panic!("{line}: {other:?}"),
    };
    let made = ok("init --all-binds").await;
    assert!(
        made.starts_with("── main ──\nCreated ") && made.contains("── analytics ──\nCreated "),
        "{made}"
    );
    let wrote = ok("migrate -m first --no-input --all-binds").await;
    assert!(
        wrote.contains("+ table users") && wrote.contains("+ table visits"),
        "{wrote}"
    );
    ok("upgrade --bind analytics").await;
    assert!(project.tables().await.is_empty());

    let current: Value = serde_json::from_str(&ok("current --json --all-binds").await).unwrap();
    assert_eq!(
        (
            &current["main"]["pending"],
            &current["analytics"]["pending"]
        ),
        (&1.into(), &0.into())
    );
    let (agree, text) = answer(&binds, "check --all-binds").await.unwrap();
    assert!(
        !agree && text.contains("── analytics ──\nModels, migrations and database agree."),
        "{text}"
    );
    assert_eq!(binds.upgrade_on_start().await.unwrap().applied, 1);
    assert_eq!(project.tables().await, ["users"]);
    ok("check --all-binds").await;
    // Unless something else is said, the first is meant.
    assert!(
        ok("downgrade base --allow-data-loss")
            .await
            .contains("1 revision reverted")
    );
    assert!(project.tables().await.is_empty());

    let error = answer(&binds, "current --bind nobody").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Usage);
    assert!(
        error.to_string().contains("it has main, analytics"),
        "{error}"
    );
    assert_eq!(format!("{binds:?}"), "[\"main\", \"analytics\"]");
}

#[tokio::test]
async fn a_program_with_one_database_knows_its_name() {
    let project = Project::<axum_db::Sqlite>::new().await;
    project.ok("init --bind main").await;
    project.ok("heads --all-binds").await;
    let error = project.err("heads --bind analytics").await;
    assert!(error.to_string().contains("it has main"), "{error}");
    let typed = "db init --all-binds --bind main".split(' ');
    assert!(Cli::try_parse_from(typed).is_err());
}

#[tokio::test]
async fn completions_are_of_the_whole_program() {
    let project = Project::<axum_db::Sqlite>::new().await;
    let program = clap::Command::new("blog")
        .subcommand(clap::Command::new("serve"))
        .subcommand(Cli::command().name("db"));
    let migrate = project.migrate(Metadata::default()).program(program);
    for shell in ["bash", "zsh", "fish"] {
        let line = format!("completions {shell}");
        let (_, script) = crate::support::run(&migrate, &line, &project.migrations())
            .await
            .unwrap();
        for word in ["serve", "upgrade", "rebase", "allow-data-loss"] {
            assert!(script.contains(word), "{shell} does not complete {word}");
        }
        if shell == "bash" {
            let file = project.migrations().with_file_name("completions");
            std::fs::write(&file, script).unwrap();
            let checked = std::process::Command::new("bash")
                .arg("-n")
                .arg(&file)
                .status();
            assert!(checked.expect("bash").success());
        }
    }
}
