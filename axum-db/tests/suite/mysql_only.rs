//! What only MySQL and MariaDB have.

use axum_db::prelude::*;
use axum_db::query::Run;
use axum_db::{Access, Backend, Config, Database, Dialect, Error, ErrorKind, Mysql, metadata};
use diesel::sql_types::{BigInt, Text};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use testkit::Kind;

use crate::mysql::proxy::Proxy;

type Db = axum_db::Db<Mysql>;

#[model]
#[derive(Debug, Clone)]
pub(crate) struct Word {
    #[model(primary_key)]
    pub(crate) id: i32,
    #[model(length = 4)]
    pub(crate) text: String,
}

#[derive(diesel::QueryableByName)]
struct Text1 {
    #[diesel(sql_type = Text)]
    value: String,
}

#[derive(diesel::QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

async fn value(database: &Database<Mysql>, sql: &str) -> String {
    let query = diesel::sql_query(format!("SELECT CAST({sql} AS CHAR) AS value"));
    let db = database.session();
    let row: Text1 = db
        .run(Access::Read, |conn| Box::pin(query.get_result(conn)))
        .await
        .expect("a value");
    row.value
}

/// The server was set up long ago: Latin-1, values cut off in silence, in a time zone of its own.
#[tokio::test]
async fn an_old_server_is_used_as_a_new_one() {
    let server = testkit::private_server(
        Kind::Mysql,
        &[],
        &[
            "character-set-server=latin1",
            "collation-server=latin1_swedish_ci",
            "sql-mode=",
            "default-time-zone=+05:00",
        ],
    );
    let administrator = Db::connect(server.url()).await.expect("a database");
    let mut connection = administrator.connect_dedicated().await.expect("it is us");
    for sql in [
        "CREATE DATABASE old",
        "CREATE DATABASE new CHARACTER SET utf8mb4",
    ] {
        connection.batch_execute(sql).await.expect("a database");
    }
    let url = |name: &str| server.url().replace("/mysql", &format!("/{name}"));
    let new: Database<Mysql> = Db::connect(url("new")).await.expect("a database");
    let old: Database<Mysql> = Db::connect(url("old")).await.expect("a database");
    for database in [&new, &old] {
        database
            .create_all(&metadata![Word])
            .await
            .expect("a table");
        for (setting, expected) in [
            ("@@character_set_client", "utf8mb4"),
            ("@@character_set_connection", "utf8mb4"),
            ("@@character_set_results", "utf8mb4"),
            ("@@time_zone", "+00:00"),
            // Over the network, as the URL says, and not through a socket that the server tells of.
            ("SUBSTRING_INDEX(USER(), '@', -1)", "127.0.0.1"),
        ] {
            assert_eq!(value(database, setting).await, expected, "{setting}");
        }
        // Too long is an error, and nothing is cut off.
        let db = database.session();
        NewWord::new("12345")
            .insert(&db)
            .await
            .expect_err("too long");
        db.rollback().await.expect("a rollback");
        assert_eq!(Word::query().row_count(&db).await.expect("a count"), 0);
    }

    let crab_and_friends = "🦀é世𝄞";
    let db = new.session();
    let word = NewWord::new(crab_and_friends).insert(&db).await;
    assert_eq!(word.expect("a word").text, crab_and_friends);
    db.commit().await.expect("a commit");
    let found = Word::query().filter(words::text.eq(crab_and_friends));
    assert_eq!(
        found.one(&db).await.expect("the word").text,
        crab_and_friends
    );
    let stored = diesel::sql_query("SELECT CAST(LENGTH(text) AS SIGNED) AS n FROM words");
    let stored: Number = db
        .run(Access::Read, |conn| Box::pin(stored.get_result(conn)))
        .await
        .expect("a length");
    assert_eq!(stored.n, 4 + 2 + 3 + 4);

    // What the old database cannot hold is an error, never a question mark.
    let db = old.session();
    NewWord::new("🦀")
        .insert(&db)
        .await
        .expect_err("no such letter");
    db.rollback().await.expect("a rollback");
    let word = NewWord::new("é").insert(&db).await.expect("Latin");
    assert_eq!(word.text, "é");
}

/// Unsigned numbers, which the other engines have not.
#[model]
#[derive(Debug, Clone)]
pub(crate) struct Hit {
    #[model(primary_key, auto_increment, sql_type = diesel::sql_types::Unsigned<diesel::sql_types::BigInt>)]
    pub(crate) id: u64,
    #[model(sql_type = diesel::sql_types::Unsigned<diesel::sql_types::Integer>)]
    pub(crate) count: u32,
}

/// A key that the database numbers in part.
#[model(primary_key(number, place))]
#[derive(Debug, Clone)]
pub(crate) struct Ticket {
    #[model(length = 10)]
    pub(crate) place: String,
    #[model(auto_increment)]
    pub(crate) number: i32,
    #[model(default_sql = "uuid()", length = 36, unique)]
    pub(crate) code: String,
}

/// A key that only the database knows.
#[model]
#[derive(Debug, Clone)]
pub(crate) struct Secret {
    #[model(primary_key, default_sql = "uuid()", length = 36)]
    pub(crate) id: String,
    #[model(length = 10)]
    pub(crate) text: String,
}

#[tokio::test]
async fn unsigned_numbers_and_keys_numbered_in_part() {
    let server = testkit::mysql();
    let database = Db::connect(server.url()).await.expect("a database");
    let all = metadata![Hit, Ticket, Secret];
    database.create_all(&all).await.expect("tables");
    let db = database.session();
    let hit = NewHit::new(u32::MAX).insert(&db).await.expect("a hit");
    assert_eq!((hit.id, hit.count), (1, u32::MAX));
    let ticket = NewTicket::new("A").insert(&db).await.expect("a ticket");
    assert_eq!((ticket.number, ticket.code.len()), (1, 36));
    let second = NewTicket::new("A").insert(&db).await.expect("a ticket");
    assert_eq!(second.number, 2);
    assert_eq!(
        Ticket::find((2, "A".into()))
            .one(&db)
            .await
            .expect("it")
            .code,
        second.code
    );
    let refused = NewSecret::new("x")
        .insert(&db)
        .await
        .expect_err("which key?");
    assert_eq!(refused.kind(), axum_db::ErrorKind::Configuration);
    assert!(refused.to_string().contains("`secrets`"), "{refused}");
    db.commit().await.expect("a commit");
}

/// Inserts a row, which is refused.
async fn refused(db: &Db, sql: &str) -> Error {
    let query = diesel::sql_query(sql);
    let refused = Run::run(query, db).await.expect_err("it is taken");
    assert_eq!(refused.kind(), ErrorKind::UniqueViolation);
    refused
}

/// The server tells a key's name, and of one that a migration made no model knows it.
#[tokio::test]
async fn what_a_key_of_a_migration_is_over_is_looked_up_once() {
    let server = testkit::mysql();
    let direct = Db::connect(server.url()).await.expect("a database");
    let mut connection = direct.connect_dedicated().await.expect("a connection");
    for sql in [
        "CREATE TABLE seats (hall INT NOT NULL, `row` INT NOT NULL, mail VARCHAR(9), CONSTRAINT one_each UNIQUE (`row`, hall), \
         CONSTRAINT named_twice UNIQUE (mail))",
        "CREATE TABLE halls (name VARCHAR(9), CONSTRAINT named_twice UNIQUE (name))",
        "INSERT INTO seats VALUES (1, 2, 'a')",
        "INSERT INTO halls VALUES ('x')",
    ] {
        connection.batch_execute(sql).await.expect("accepted");
    }
    let proxy = Proxy::before(server.url(), Dialect::Mysql).await;
    let mut config = Config::new(proxy.url());
    config.max_connections = 1;
    let database: Database<Mysql> = Db::connect(config).await.expect("a database");
    let db = database.session();
    // The session's connection stays its own, and its transaction goes on.
    Run::run(
        diesel::sql_query("INSERT INTO seats VALUES (1, 3, 'b')"),
        &db,
    )
    .await
    .expect("a row");
    for _ in 0..3 {
        let taken = db.savepoint(async |db| {
            Err::<(), _>(refused(&db, "INSERT INTO seats VALUES (1, 2, 'c')").await)
        });
        let error = taken.await.expect_err("it is taken");
        let constraint = error.constraint().expect("a constraint");
        assert_eq!(constraint.name.as_deref(), Some("one_each"));
        assert_eq!(constraint.table.as_deref(), Some("seats"));
        assert_eq!(constraint.columns, ["row", "hall"]);
        assert!(error.violates_unique("seats", &["hall", "row"]));
        assert!(!error.violates_unique("seats", &["mail"]));
        assert_eq!(proxy.connections(), 2);
    }
    db.commit().await.expect("a commit");
    // MariaDB does not say which of the two it is.
    let error = refused(&db, "INSERT INTO halls VALUES ('x')").await;
    let constraint = error.constraint().expect("a constraint");
    assert_eq!(constraint.name.as_deref(), Some("named_twice"));
    if constraint.table.is_none() {
        assert!(constraint.columns.is_empty());
    } else {
        assert!(error.violates_unique("halls", &["name"]));
    }
    db.rollback().await.expect("a rollback");
    // Another program, when the server takes no more connections.
    let proxy = Proxy::before(server.url(), Mysql::DIALECT).await;
    let database: Database<Mysql> = Db::connect(proxy.url()).await.expect("a database");
    let db = database.session();
    Run::run(
        diesel::sql_query("INSERT INTO seats VALUES (1, 4, 'd')"),
        &db,
    )
    .await
    .expect("a row");
    proxy.shut();
    let error = refused(&db, "INSERT INTO seats VALUES (1, 2, 'e')").await;
    let constraint = error.constraint().expect("a constraint");
    assert_eq!(constraint.name.as_deref(), Some("one_each"));
    assert!(constraint.columns.is_empty());
}

#[tokio::test]
async fn what_follows_a_statement_that_commits_is_a_transaction_again() {
    let server = testkit::mysql();
    let database = Db::connect(server.url()).await.expect("a database");
    database.create_all(&metadata![Word]).await.expect("tables");
    let db = database.session();
    for statement in ["TRUNCATE TABLE words", "/* all */ truncate words"] {
        Run::run(diesel::sql_query(statement), &db)
            .await
            .expect(statement);
        NewWord::new("one").insert(&db).await.expect("a row");
        db.rollback().await.expect("a rollback");
        let left = Word::query().row_count(&database.session()).await;
        assert_eq!(left.expect("a count"), 0, "{statement}");
        Run::run(diesel::sql_query(statement), &db)
            .await
            .expect(statement);
        NewWord::new("one").insert(&db).await.expect("a row");
        db.commit().await.expect("a commit");
        let kept = Word::query().row_count(&database.session()).await;
        assert_eq!(kept.expect("a count"), 1, "{statement}");
    }
}
