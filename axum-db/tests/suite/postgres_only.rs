//! What only PostgreSQL has.

use axum_db::prelude::*;
use axum_db::query::Run;
use axum_db::{Config, ErrorKind, Postgres, metadata};
use diesel::sql_types::Text;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};

use crate::models::{User, users};

type Db = axum_db::Db<Postgres>;

#[derive(diesel::QueryableByName)]
struct Setting {
    #[diesel(sql_type = Text)]
    setting: String,
}

/// A setting as a pooled connection has it, after a user had that connection in hand.
async fn setting(database: &axum_db::Database<Postgres>, name: &str) -> String {
    let db = database.session();
    {
        let mut conn = db.conn().await.expect("a connection");
        conn.batch_execute("SET application_name = 'mine'; SET lock_timeout = 77")
            .await
            .expect("a setting");
    }
    db.rollback().await.expect("a rollback");
    drop(db);
    let db = database.session();
    let mut conn = db.conn().await.expect("a connection");
    let query = format!("SELECT current_setting('{name}') AS setting");
    let row: Setting = diesel::sql_query(query)
        .get_result(&mut *conn)
        .await
        .expect("a setting");
    row.setting
}

#[tokio::test]
async fn settings_are_those_of_the_session_and_the_url_goes_first() {
    let server = testkit::postgres();
    let mut config = Config::new(server.url());
    config.max_connections = 1;
    let program = config.application_name.clone().expect("a program");
    assert!(program.starts_with("suite-"), "{program}");
    let database = Db::connect(config.clone()).await.expect("a database");
    for (name, value) in [
        ("application_name", &*program),
        ("statement_timeout", "30s"),
        ("lock_timeout", "10s"),
        ("idle_in_transaction_session_timeout", "5min"),
        ("TimeZone", "UTC"),
        ("client_encoding", "UTF8"),
    ] {
        assert_eq!(setting(&database, name).await, value, "{name}");
    }
    config.url = format!(
        "{}?application_name=blog&options=-c%20lock_timeout=3s",
        server.url()
    )
    .into();
    let database = Db::connect(config).await.expect("a database");
    for (name, value) in [
        ("application_name", "blog"),
        ("lock_timeout", "3s"),
        ("statement_timeout", "30s"),
    ] {
        assert_eq!(setting(&database, name).await, value, "{name}");
    }
}

/// Types that Diesel knows here, and an index of their kind.
#[model(index(tags, using = "gin"))]
#[derive(Debug, Clone)]
pub(crate) struct Note {
    #[model(primary_key, default_sql = "gen_random_uuid()")]
    pub(crate) id: axum_db::types::Uuid,
    #[model(sql_type = diesel::sql_types::Array<diesel::sql_types::Text>)]
    pub(crate) tags: Vec<String>,
    #[model(identity)]
    pub(crate) number: i32,
    #[model(column_type = "FLOAT8", generated = "cardinality(tags) / 2.0")]
    pub(crate) weight: f64,
}

#[tokio::test]
async fn arrays_keys_of_the_database_and_numbers_beside_the_key() {
    let server = testkit::postgres();
    let database = Db::connect(server.url()).await.expect("a database");
    database
        .create_all(&metadata![Note])
        .await
        .expect("a table");
    let db = database.session();
    let tags = vec!["a".to_owned(), "b".to_owned()];
    let first = NewNote::new(tags.clone())
        .insert(&db)
        .await
        .expect("a note");
    let second = NewNote::new(tags.clone())
        .insert(&db)
        .await
        .expect("a note");
    assert_eq!((first.number, second.number), (1, 2));
    assert!((first.weight - 1.0).abs() < f64::EPSILON);
    assert_ne!(first.id, second.id);
    let found = Note::find(first.id).one(&db).await.expect("the note");
    assert_eq!(found.tags, tags);
    db.commit().await.expect("a commit");
}

#[tokio::test]
async fn tables_of_another_schema_are_made_written_and_joined() {
    use crate::attributes::elsewhere::{Audited, Elsewhere, Event, NewAudited, NewEvent};
    use crate::attributes::elsewhere::{audited_events, events};

    let server = testkit::postgres();
    let database = axum_db::Db::<Postgres, Elsewhere>::connect(server.url()).await;
    let database = database.expect("a database");
    let metadata = metadata![Event, Audited];
    for _ in 0..2 {
        database.create_all(&metadata).await.expect("tables");
    }
    let db = database.session();
    let cause = NewAudited::new("rain").insert(&db).await.expect("a row");
    let flood = NewAudited::new("flood").cause_id(cause.id);
    let flood = flood.insert(&db).await.expect("a row");
    let again = NewAudited::new("flood").on_conflict(audited_events::name);
    let again = again
        .update(audited_events::name, &db)
        .await
        .expect("an upsert");
    assert_eq!(again.id, flood.id);
    let rows = ["a", "b"].map(NewAudited::new);
    assert_eq!(NewAudited::insert_all(rows, &db).await.expect("rows"), 2);
    assert_eq!(
        flood.cause().one(&db).await.expect("the cause").name,
        "rain"
    );

    let event = NewEvent::new(flood.id).insert(&db).await.expect("an event");
    assert_eq!(
        event.audited().one(&db).await.expect("the row").name,
        "flood"
    );
    let joined = events::table.inner_join(audited_events::table);
    assert_eq!(joined.row_count(&db).await.expect("a count"), 1);
    db.commit().await.expect("a commit");
    let refused = flood.delete(&db).await.expect_err("it is referenced");
    assert_eq!(refused.kind(), ErrorKind::ForeignKeyViolation);
    db.rollback().await.expect("a rollback");
    drop(db);
    for _ in 0..2 {
        database.drop_all(&metadata).await.expect("dropped");
    }
    database.create_all(&metadata).await.expect("created anew");
}

/// A program behind a pooler that takes no options, as PgBouncer does not.
#[tokio::test]
async fn behind_a_pooler_begin_is_waited_for_and_settings_are_reset() {
    use crate::postgres::proxy::Proxy;
    use axum_db::{Access, Backend};

    let server = testkit::postgres();
    let proxy = Proxy::before(server.url(), Postgres::DIALECT).await;
    proxy.refuse_options();
    let mut config = Config::new(proxy.url());
    config.max_connections = 1;
    let database = Db::connect(config).await.expect("a database");
    database
        .create_all(&metadata![Note])
        .await
        .expect("a table");
    let write = async |db: &Db| NewNote::new(vec![]).insert(db).await.map(|_| ());
    // Nothing refuses a write outside of a transaction here, so that none may be sent before BEGIN is answered.
    for expected in 1..=2 {
        proxy.take();
        let db = database.session();
        write(&db).await.expect("a note");
        db.commit().await.expect("a commit");
        assert_eq!(
            Note::query().row_count(&db).await.expect("a count"),
            expected
        );
    }
    let traffic = proxy.take();
    assert_eq!(
        traffic.waits, 4,
        "BEGIN, INSERT, COMMIT, SELECT: {traffic:?}"
    );
    proxy.garble(Some("BEGIN"));
    write(&database.session())
        .await
        .expect_err("there is no transaction");
    proxy.garble(None);
    assert_eq!(
        Note::query()
            .row_count(&database.session())
            .await
            .expect("a count"),
        2
    );

    // What is set through the connection does not reach the next session.
    assert_eq!(setting(&database, "lock_timeout").await, "0");
    let db = database.session();
    let alone = diesel::insert_into(notes::table).values(notes::tags.eq(Vec::<String>::new()));
    db.run(Access::Immediate, |conn| Box::pin(alone.execute(conn)))
        .await
        .expect("a write by itself");
    assert_eq!(Note::query().row_count(&db).await.expect("a count"), 3);
}

/// Runs statements of which the session that holds the connection knows nothing.
async fn behind_the_back(database: &axum_db::Database<Postgres>, sql: &str) {
    let mut other = database.connect_dedicated().await.expect("a connection");
    other.batch_execute(sql).await.expect("it is done");
}

/// The first request hears of it, and none after it.
async fn next_but_one_works(database: &axum_db::Database<Postgres>, what: &str) {
    let read = async || Note::query().all(&database.session()).await.map(|_| ());
    let error = read().await.expect_err(what);
    assert_eq!(
        error.kind(),
        ErrorKind::Connection,
        "{what}: {:?}",
        error.database_error()
    );
    read().await.expect(what);
}

#[tokio::test]
async fn prepared_statements_that_a_pooler_took_away_cost_one_request() {
    let server = testkit::postgres();
    let mut config = Config::new(server.url());
    config.max_connections = 1;
    let database = Db::connect(config).await.expect("a database");
    database
        .create_all(&metadata![Note])
        .await
        .expect("a table");
    let read = async || Note::query().all(&database.session()).await.map(|_| ());
    read().await.expect("rows");
    let db = database.session();
    let sql = "DO $$ BEGIN EXECUTE 'DEALLOCATE ALL'; END $$";
    db.conn()
        .await
        .expect("a connection")
        .batch_execute(sql)
        .await
        .expect("they are gone");
    db.commit().await.expect("a commit");
    drop(db);
    next_but_one_works(&database, "prepared statements").await;

    // Where the program itself did it, it is known at once.
    for sql in ["DEALLOCATE ALL", "DISCARD PLANS; DEALLOCATE ALL"] {
        let db = database.session();
        db.conn()
            .await
            .expect("a connection")
            .batch_execute(sql)
            .await
            .expect(sql);
        db.commit().await.expect("a commit");
        drop(db);
        read().await.expect(sql);
    }
}

#[tokio::test]
async fn a_column_of_another_type_costs_one_request() {
    let server = testkit::postgres();
    let mut config = Config::new(server.url());
    config.max_connections = 1;
    let database = Db::connect(config).await.expect("a database");
    database
        .create_all(&metadata![Note])
        .await
        .expect("a table");
    let rows = Note::query().all(&database.session()).await;
    assert!(rows.expect("rows").is_empty());
    behind_the_back(
        &database,
        "ALTER TABLE notes DROP COLUMN weight; ALTER TABLE notes ALTER COLUMN tags TYPE varchar[]; \
         ALTER TABLE notes ADD COLUMN weight FLOAT8 NOT NULL DEFAULT 1",
    )
    .await;
    next_but_one_works(&database, "a column").await;
}

#[cfg(all(feature = "decimal", feature = "json"))]
#[tokio::test]
async fn an_enum_that_is_made_anew_is_read_and_written_at_once() {
    use crate::typed::{Article, NewArticle, Status, articles};

    let server = testkit::postgres();
    let mut config = Config::new(server.url());
    config.max_connections = 1;
    let database = Db::connect(config).await.expect("a database");
    let models = metadata![Article];
    let drafts = async || {
        let db = database.session();
        let found = Article::query().filter(articles::status.eq(Status::Draft));
        let found = found.all(&db).await?.len();
        NewArticle::new(2026, 1, "x").insert(&db).await?;
        db.commit().await.map(|()| found)
    };
    database.create_all(&models).await.expect("a table");
    assert_eq!(drafts().await.expect("rows"), 0);
    database.drop_all(&models).await.expect("dropped");
    database.create_all(&models).await.expect("made anew");
    assert_eq!(drafts().await.expect("the new type"), 0);
    assert_eq!(
        Article::query()
            .row_count(&database.session())
            .await
            .expect("a count"),
        1
    );
}

#[tokio::test]
async fn the_server_that_may_be_written_to_is_found() {
    let server = testkit::postgres();
    let url = |wanted: &str| format!("{}?target_session_attrs={wanted}", server.url());
    let database = Db::connect(url("read-write")).await.expect("a database");
    let db = database.session();
    let table = diesel::sql_query("CREATE TABLE found (n integer)");
    Run::run(table, &db).await.expect("a table");
    let row = diesel::sql_query("INSERT INTO found VALUES (1)");
    Run::run(row, &db).await.expect("a row");
    db.commit().await.expect("a commit");
    let database = Db::connect(url("read-only")).await;
    let error = match database {
        Ok(database) => database.check().await.expect_err("it takes writes"),
        Err(error) => error,
    };
    assert_eq!(error.kind(), ErrorKind::Connection);
}

#[tokio::test]
async fn what_a_function_sets_does_not_reach_the_next_session() {
    use diesel::dsl::sql;
    use diesel::sql_types::Bool;

    let server = testkit::postgres();
    let mut config = Config::new(server.url());
    config.max_connections = 1;
    let database = Db::connect(config).await.expect("a database");
    for leave in [
        "pg_try_advisory_lock(7)",
        "set_config('blog.tenant', '1', false) = '1'",
    ] {
        let db = database.session();
        let left: bool = diesel::select(sql::<Bool>(leave))
            .one(&db)
            .await
            .expect(leave);
        assert!(left);
        drop(db);
        let clean = "current_setting('blog.tenant', true) IS DISTINCT FROM '1' AND NOT EXISTS \
            (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid())";
        let is_clean: bool = diesel::select(sql::<Bool>(clean))
            .one(&database.session())
            .await
            .expect(clean);
        assert!(is_clean, "{leave}");
    }
}

#[tokio::test]
async fn rows_that_are_written_and_given_back_are_lost_without_a_commit() {
    let server = testkit::postgres();
    let database = Db::connect(server.url()).await.expect("a database");
    database.create_all(&metadata![User]).await.expect("tables");
    let (log, _guard) = testkit::logged(tracing_subscriber::filter::LevelFilter::WARN);
    let lock = async |db: Db| {
        let found = User::query().for_update().all(&db).await;
        found.map(|rows: Vec<User>| rows.len().to_string())
    };
    let write = async |db: Db| {
        let row = diesel::insert_into(users::table).values((
            users::username.eq("ada"),
            users::email.eq("ada@x.org"),
            users::image_file.eq("x.png"),
            users::password_hash.eq("…"),
        ));
        let id: i32 = row.returning(users::id).one(&db).await?;
        Ok::<_, axum_db::Error>(id.to_string())
    };
    let app = axum::Router::new()
        .route("/lock", axum::routing::get(lock))
        .route("/write", axum::routing::get(write))
        .layer(database.layer());
    for (path, warns) in [("/lock", false), ("/write", true)] {
        let request = axum::http::Request::get(path)
            .body(axum::body::Body::empty())
            .expect("a request");
        let response = tower::ServiceExt::oneshot(app.clone(), request).await;
        assert!(response.expect("a response").status().is_success());
        let warned = log.text().contains("uncommitted writes");
        assert_eq!(warned, warns, "{path}: {}", log.text());
    }
}
