//! What only PostgreSQL has.

use axum_db::prelude::*;
use axum_db::{Config, ErrorKind, Postgres, metadata};
use diesel::sql_types::Text;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};

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
