//! Databases of SQLite that need what only their application has.

use axum_db::Sqlite;

use crate::support::Project;

/// Written into the catalog as it is, because nobody here could make it.
fn write(name: &str, kind: &str, table: &str, sql: &str) -> String {
    format!(
        "PRAGMA writable_schema = ON;
         INSERT INTO sqlite_schema (type, name, tbl_name, rootpage, sql) VALUES ('{kind}', '{name}', '{table}', 0, '{}');
         PRAGMA writable_schema = RESET",
        sql.replace('\'', "''")
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_the_application_can_make_is_left_to_it() {
    let project = Project::<Sqlite>::new().await;
    project
        .execute(
            "CREATE TABLE notes (id INTEGER PRIMARY KEY, title TEXT, body TEXT);
             CREATE VIEW plain AS SELECT slug(title) AS slug FROM notes;
             CREATE TRIGGER slugged AFTER INSERT ON notes BEGIN UPDATE notes SET body = slug(new.title) WHERE id = new.id; END;
             CREATE VIRTUAL TABLE words USING fts5(body, content = 'notes', content_rowid = 'id');
             CREATE VIRTUAL TABLE places USING rtree(id, low, high);
             PRAGMA user_version = -7;
             PRAGMA application_id = 1196444487",
        )
        .await;
    project
        .execute(&write(
            "found",
            "table",
            "found",
            "CREATE VIRTUAL TABLE found USING fts5(body, tokenize = 'ours 2')",
        ))
        .await;
    project
        .execute(&write(
            "far",
            "table",
            "far",
            "CREATE VIRTUAL TABLE far USING theirs(x)",
        ))
        .await;
    let told = project.ok("adopt").await;
    for says in [
        "Found 1 table, 2 virtual tables, 1 view, 1 trigger.",
        "Not in the revision: the virtual table \"far\": no such module: theirs. It can be made by the program",
        "Not in the revision: the virtual table \"found\": no such tokenizer: ours",
    ] {
        assert!(told.contains(says), "{told}");
    }
    project.ok("check").await;

    let empty = Project::<Sqlite>::new().await;
    empty
        .ok(&format!("upgrade --dir {}", project.migrations().display()))
        .await;
    let made = "SELECT name AS value FROM sqlite_schema WHERE type <> 'table' OR sql LIKE 'CREATE VIRTUAL%' ORDER BY 1";
    assert_eq!(
        empty
            .rows(made)
            .await
            .into_iter()
            .filter(|name| !name.starts_with("sqlite_"))
            .collect::<Vec<_>>(),
        ["places", "plain", "slugged", "words"]
    );
    let numbers = "SELECT user_version || ' ' || application_id AS value FROM pragma_user_version, pragma_application_id";
    assert_eq!(empty.rows(numbers).await, ["-7 1196444487"]);
    empty
        .ok(&format!(
            "downgrade base --allow-data-loss --dir {}",
            project.migrations().display()
        ))
        .await;
    assert_eq!(empty.rows(numbers).await, ["0 0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_and_indexes_of_unknown_functions_and_collations_are_named() {
    let project = Project::<Sqlite>::new().await;
    project
        .execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, title TEXT); CREATE TABLE tags (name TEXT); CREATE INDEX tags_name ON tags (name); CREATE TABLE decks (id INTEGER PRIMARY KEY, name TEXT CHECK (name <> ''))")
        .await;
    project
        .execute(
            "PRAGMA writable_schema = ON;
             UPDATE sqlite_schema SET sql = 'CREATE INDEX tags_name ON tags (name COLLATE unicase)' WHERE name = 'tags_name';
             UPDATE sqlite_schema SET sql = 'CREATE TABLE decks (id INTEGER PRIMARY KEY, name TEXT CHECK (slug(name) <> ''''))' WHERE name = 'decks';
             PRAGMA writable_schema = RESET",
        )
        .await;
    let told = project.ok("adopt").await;
    for says in [
        "Found 2 tables.",
        "the index \"tags_name\": no such collation sequence: unicase",
        "the table \"decks\": no such function: slug",
    ] {
        assert!(told.contains(says), "{told}");
    }
    let empty = Project::<Sqlite>::new().await;
    empty
        .ok(&format!("upgrade --dir {}", project.migrations().display()))
        .await;
    assert_eq!(empty.tables().await, ["notes", "tags"]);
}
