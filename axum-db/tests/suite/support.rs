//! What the behaviours share: a fresh database per test, and the same test on every engine.

use axum_db::{Backend, Config, Database, Db, Error};
use diesel::sql_types::{BigInt, Text};
use diesel_async::methods::{ExecuteDsl, LoadQuery};
use diesel_async::RunQueryDsl;
use testkit::TestDatabase;

/// An engine the behaviours run on.
pub trait Engine: Backend
where
    diesel::query_builder::SqlQuery: ExecuteDsl<Self::Connection>,
{
    fn fresh() -> TestDatabase;
}

impl Engine for axum_db::Sqlite {
    fn fresh() -> TestDatabase {
        testkit::sqlite()
    }
}

impl Engine for axum_db::Postgres {
    fn fresh() -> TestDatabase {
        testkit::postgres()
    }
}

impl Engine for axum_db::Mysql {
    fn fresh() -> TestDatabase {
        testkit::mysql()
    }
}
