//! What models cannot say, and what is hard to say: it stays, and differs in nothing.

use axum_db::{Dialect, metadata};

use crate::on_every_engine;
use crate::support::{Project, Tested};

on_every_engine!(constraints_that_no_model_can_say_stay);

mod before {
    use axum_db::prelude::*;

    #[model(table = "notes")]
    #[derive(Debug, Clone)]
    pub struct Note {
        #[model(primary_key, auto_increment = false)]
        pub id: i32,
        pub code: Option<i32>,
        pub other: Option<i32>,
        #[model(unique, length = 20)]
        pub slug: String,
        pub number: i32,
    }

    #[model(table = "pairs", primary_key(a, b))]
    #[derive(Debug, Clone)]
    pub struct Pair {
        pub a: i64,
        pub b: i64,
    }

    #[model(table = "lost")]
    #[derive(Debug, Clone)]
    pub struct Lost {
        #[model(primary_key, auto_increment = false)]
        pub id: i64,
        pub pair: Option<i64>,
        pub note: Option<i64>,
    }
}

mod after {
    use axum_db::prelude::*;

    #[model(table = "notes")]
    #[derive(Debug, Clone)]
    pub struct Note {
        #[model(primary_key, auto_increment = false)]
        pub id: i32,
        pub code: Option<i32>,
        pub other: Option<i32>,
        #[model(unique, length = 20)]
        pub slug: String,
        pub number: i64,
    }
}

async fn constraints_that_no_model_can_say_stay<B: Tested>() {
    let project = Project::<B>::new().await;
    let dotted = match B::DIALECT {
        Dialect::Postgres => "\"a.b\"",
        Dialect::Mysql => "`a.b`",
        Dialect::Sqlite => "[a.b]",
    };
    let add = ["two UNIQUE (slug)", "three UNIQUE (slug)", "id UNIQUE (id)"];
    // PostgreSQL's CREATE TABLE takes them for one.
    let uniques = match B::DIALECT {
        Dialect::Postgres => add.map(|it| format!("; ALTER TABLE notes ADD CONSTRAINT notes_{it}")),
        _ => add.map(|it| format!(", CONSTRAINT notes_{it}")),
    };
    let uniques = match B::DIALECT {
        Dialect::Postgres => format!("){}", uniques.concat()),
        _ => format!("{})", uniques.concat()),
    };
    project
        .execute(&format!(
            "CREATE TABLE logs (code integer NOT NULL UNIQUE);
             CREATE TABLE {dotted} (id integer NOT NULL PRIMARY KEY);
             CREATE TABLE notes (id integer NOT NULL PRIMARY KEY, code integer, other integer, slug varchar(20) NOT NULL,
               number integer NOT NULL, CONSTRAINT notes_code FOREIGN KEY (code) REFERENCES logs (code) ON DELETE CASCADE,
               CONSTRAINT notes_other FOREIGN KEY (other) REFERENCES {dotted} (id), CONSTRAINT notes_one UNIQUE (slug){uniques};
             INSERT INTO logs VALUES (7); INSERT INTO notes (id, code, slug, number) VALUES (1, 7, 'a', 2)"
        ))
        .await;
    project.ok("adopt").await;
    let (_, told) = project
        .run(&metadata![before::Note], "migrate --no-input")
        .await
        .unwrap();
    assert!(told.starts_with("Nothing changed"), "{told}");
    for kept in [
        "the foreign key notes (code) to logs",
        "a.b",
        "second unique constraint of notes (slug)",
        "second unique constraint of notes (id)",
    ] {
        assert!(told.contains(kept), "{kept}: {told}");
    }
    project
        .run(&metadata![after::Note], "migrate --no-input")
        .await
        .unwrap();
    project.ok("upgrade").await;
    let schema = B::introspect(&mut project.connection().await)
        .await
        .unwrap();
    let notes = &schema.tables["notes"];
    assert_eq!(notes.foreign_keys.len(), 2, "{notes:?}");
    assert_eq!(notes.uniques.len(), 4, "{notes:?}");
    project.ok("downgrade -1 --allow-data-loss").await;
    let rows = project.rows("SELECT slug AS value FROM notes").await;
    assert_eq!(rows, ["a"]);
}

#[cfg(feature = "mysql")]
mod labels {
    use axum_db::prelude::*;

    #[derive(DbEnum, Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum ThingsKind {
        #[db_enum(name = "it's")]
        ItS,
        #[db_enum(name = "c\\d")]
        CD,
        #[db_enum(name = "x\ny")]
        XY,
        #[db_enum(name = "Say \"A, B\"")]
        SayAB,
        #[db_enum(name = "\\n")]
        N,
    }

    #[model(table = "things")]
    #[derive(Debug, Clone)]
    pub struct Thing {
        #[model(primary_key, auto_increment = false)]
        pub id: i32,
        #[model(db_enum, default = ThingsKind::CD)]
        pub kind: ThingsKind,
    }
}

/// The catalog escapes what a label has of backslashes and ends of lines.
#[cfg(feature = "mysql")]
#[tokio::test(flavor = "multi_thread")]
async fn labels_of_any_characters_are_the_same_in_models_and_database() {
    let project = Project::<axum_db::Mysql>::new().await;
    project
        .execute(
            r#"CREATE TABLE things (id integer PRIMARY KEY,
                 kind enum('it''s', 'c\\d', 'x\ny', 'Say "A, B"', '\\n') NOT NULL DEFAULT 'c\\d')"#,
        )
        .await;
    let written = project.ok("models").await;
    let source = include_str!("beyond.rs");
    for line in written.lines().filter(|line| line.contains("name = ")) {
        assert!(source.contains(line.trim()), "{written}");
    }
    assert!(written.contains("default = ThingsKind::CD"), "{written}");
    project.ok("init").await;
    let told = project
        .run(&metadata![labels::Thing], "migrate --no-input")
        .await;
    let (_, told) = told.unwrap();
    assert!(told.starts_with("Nothing changed"), "{told}");
}

/// Which PostgreSQL and SQLite take, and the compiler would not.
#[tokio::test(flavor = "multi_thread")]
async fn models_of_keys_that_clear_what_is_required_and_of_a_column_called_self_compile() {
    let project = Project::<axum_db::Sqlite>::new().await;
    project
        .execute(
            "CREATE TABLE notes (id INTEGER PRIMARY KEY NOT NULL, code INTEGER, other INTEGER, slug VARCHAR(20) NOT NULL UNIQUE,
               number INTEGER NOT NULL REFERENCES notes ON DELETE SET NULL);
             CREATE TABLE things (id INTEGER PRIMARY KEY, self INTEGER REFERENCES things, other INTEGER REFERENCES things ON UPDATE SET DEFAULT);
             CREATE TABLE pairs (a INTEGER, b INTEGER, PRIMARY KEY (a, b));
             CREATE TABLE lost (id INTEGER PRIMARY KEY NOT NULL, pair INTEGER REFERENCES pairs, note INTEGER REFERENCES notes (gone))",
        )
        .await;
    let written = project.ok("models").await;
    assert!(written.contains("relation = its_self"), "{written}");
    for key in ["(number)", "(other)"] {
        assert!(
            written.contains(&format!("// The foreign key {key} sets")),
            "{written}"
        );
    }
    for key in ["(pair)", "(note)"] {
        assert!(
            written.contains(&format!("// The foreign key {key} points at columns")),
            "{written}"
        );
    }
    project.ok("init").await;
    let told = project
        .run(
            &metadata![before::Note, before::Lost, before::Pair],
            "migrate --no-input --dry-run",
        )
        .await;
    let (_, told) = told.unwrap();
    for key in [
        "notes (number) to notes",
        "lost (pair) to pairs",
        "lost (note) to notes",
    ] {
        assert!(told.contains("no model can say it: "), "{told}");
        assert!(told.contains(&format!("the foreign key {key}")), "{told}");
    }
}

mod alike {
    use axum_db::prelude::*;

    #[derive(DbEnum, Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum StateType {
        Done,
    }

    #[model(table = "task_runs")]
    #[derive(Debug, Clone)]
    pub struct TaskRun {
        #[model(primary_key)]
        pub id: i64,
        #[model(db_enum)]
        pub state_type: StateType,
    }

    #[model(table = "task_run_states")]
    #[derive(Debug, Clone)]
    pub struct TaskRunState {
        #[model(primary_key)]
        pub id: i64,
        #[model(db_enum)]
        pub r#type: StateType,
    }
}

/// The names of model and field, one after the other, are the same for both.
#[test]
fn enums_of_models_with_names_that_run_together_are_two() {
    use alike::{StateType, TaskRun, TaskRunState};
    let run = TaskRun {
        id: 1,
        state_type: StateType::Done,
    };
    let state = TaskRunState {
        id: 1,
        r#type: run.state_type,
    };
    assert_eq!(state.r#type, run.state_type);
}
