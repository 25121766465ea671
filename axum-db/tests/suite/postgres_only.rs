//! What only PostgreSQL has.

use axum_db::{Config, Postgres};
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
