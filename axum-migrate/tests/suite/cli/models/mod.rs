//! Models written from databases. Those of the rich schemas are files beside this one, so that they compile.

use axum_db::{Dialect, Metadata, metadata};
use axum_migrate::ErrorKind;

use crate::on_every_engine;
use crate::support::{Project, Tested};

mod beyond;
#[rustfmt::skip]
#[cfg(feature = "mysql")]
mod rich_mysql;
#[rustfmt::skip]
#[cfg(feature = "postgres")]
mod rich_postgres;
#[rustfmt::skip]
mod rich_sqlite;

on_every_engine!(
    the_models_of_a_rich_database_are_these_and_differ_in_nothing,
    they_go_where_they_are_told_to,
    wide_tables_say_what_diesel_needs,
);

/// The source of a database's models as it is in the repository, and what it describes.
fn expected(dialect: Dialect) -> (&'static str, Metadata) {
    match dialect {
        Dialect::Sqlite => {
            use rich_sqlite::*;
            let all = metadata![Item, Order, Pair, StrictThing, Ticket];
            (include_str!("rich_sqlite.rs"), all)
        }
        #[cfg(feature = "postgres")]
        Dialect::Postgres => {
            use rich_postgres::*;
            let all = metadata![CamelCase, Settings, StrictThing, Ticket, Item, Order];
            (include_str!("rich_postgres.rs"), all)
        }
        #[cfg(feature = "mysql")]
        Dialect::Mysql => {
            use rich_mysql::*;
            let all = metadata![
                CamelCase,
                Parted,
                Settings,
                StrictThing,
                Text,
                Ticket,
                Waiting,
                Item,
                Order
            ];
            (include_str!("rich_mysql.rs"), all)
        }
        #[allow(unreachable_patterns)]
        other => panic!("{other:?} is not built"),
    }
}

async fn the_models_of_a_rich_database_are_these_and_differ_in_nothing<B: Tested>() {
    let project = Project::<B>::new().await;
    crate::cli::adopt::load(&project).await;
    let written = project.ok("models").await;
    let (source, models) = expected(B::DIALECT);
    if std::env::var_os("INSTA_UPDATE").is_some_and(|update| update == "always") {
        let file = format!("tests/suite/cli/models/rich_{}.rs", B::DIALECT.name());
        std::fs::write(file, &written).expect("the file");
    } else {
        assert_eq!(
            written, source,
            "run it with INSTA_UPDATE=always, and read the difference"
        );
    }
    project.ok("init").await;
    let (_, told) = project
        .run(&models, "migrate --dry-run --no-input")
        .await
        .unwrap();
    assert!(told.starts_with("Nothing changed"), "{told}");
    std::fs::remove_dir_all(project.migrations()).expect("the folder");
    let (_, told) = project.run(&models, "adopt").await.unwrap();
    assert!(
        told.contains("The models and the database agree."),
        "{told}"
    );
}

async fn they_go_where_they_are_told_to<B: Tested>() {
    let project = Project::<B>::new().await;
    crate::cli::adopt::load(&project).await;
    let place = project.migrations().with_file_name("src");
    let file = place.join("models.rs");
    project
        .ok(&format!("models --out {}", file.display()))
        .await;
    let one = std::fs::read_to_string(&file).expect("the file");
    assert_eq!(one, project.ok("models").await);
    let error = project
        .err(&format!("models --out {}", file.display()))
        .await;
    assert_eq!(error.kind(), ErrorKind::Usage);

    let folder = place.join("models");
    project
        .ok(&format!("models --out {}", folder.display()))
        .await;
    let head = std::fs::read_to_string(folder.join("mod.rs")).expect("mod.rs");
    assert!(
        head.contains("mod item_row;\npub use item_row::*;"),
        "{head}"
    );
    let item = std::fs::read_to_string(folder.join("item_row.rs")).expect("a table's file");
    assert!(
        item.starts_with("use super::*;\n") && item.contains("pub struct Item {"),
        "{item}"
    );
}

async fn wide_tables_say_what_diesel_needs<B: Tested>() {
    let project = Project::<B>::new().await;
    for (name, columns) in [("wide", 40), ("wider_than_diesel", 129)] {
        let columns: Vec<String> = (1..columns).map(|at| format!("c{at} INTEGER")).collect();
        let id = "id INTEGER NOT NULL PRIMARY KEY";
        project
            .execute(&format!(
                "CREATE TABLE {name} ({id}, {})",
                columns.join(", ")
            ))
            .await;
    }
    let source = project.ok("models").await;
    let head = "//! Needs Diesel's feature `64-column-tables`.";
    assert!(source.contains(head), "{source}");
    assert!(source.contains("pub struct Wide {"), "{source}");
    assert!(!source.contains("pub struct Wider"), "{source}");
    let comment = "// The table `wider_than_diesel` has no model: it has more than the 128 columns";
    assert!(source.contains(comment), "{source}");
}

#[cfg(feature = "mysql")]
mod alike {
    use axum_db::prelude::*;

    #[model(table = "userNote")]
    #[derive(Debug, Clone)]
    pub struct UserNote {
        #[model(primary_key, auto_increment = false)]
        pub id: i64,
    }

    mod user_note2_row {
        use super::*;

        #[model(table = "user_notes")]
        #[derive(Debug, Clone)]
        pub struct UserNote2 {
            #[model(primary_key, auto_increment = false)]
            pub id: i64,
        }
    }
    #[allow(unused_imports)]
    pub use user_note2_row::{NewUserNote2, UserNote2};
}

/// The modules of their tables would have one name.
#[cfg(feature = "mysql")]
#[tokio::test(flavor = "multi_thread")]
async fn tables_that_are_called_alike_have_modules_of_their_own() {
    let project = Project::<axum_db::Mysql>::new().await;
    project
        .execute("CREATE TABLE user_notes (id bigint PRIMARY KEY); CREATE TABLE userNote (id bigint PRIMARY KEY)")
        .await;
    let written = project.ok("models").await;
    for part in [
        "\n#[model(table = \"userNote\")]\n",
        "mod user_note2_row {\n    use super::*;\n\n    #[model(table = \"user_notes\")]\n",
        "}\npub use user_note2_row::{NewUserNote2, UserNote2};\n",
    ] {
        assert!(written.contains(part), "{written}");
    }
    project.ok("init").await;
    let models = metadata![alike::UserNote, alike::UserNote2];
    let (_, told) = project
        .run(&models, "migrate --dry-run --no-input")
        .await
        .unwrap();
    assert!(told.starts_with("Nothing changed"), "{told}");
}
