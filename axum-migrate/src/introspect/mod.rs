//! Reading the schema of a database, in a constant number of queries.

#[cfg(feature = "mysql")]
pub(crate) mod mysql;
#[cfg(feature = "postgres")]
pub(crate) mod postgres;
#[cfg(feature = "sqlite")]
pub(crate) mod sqlite;

/// The tables of the migrations themselves, which no comparison sees.
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
pub(crate) fn is_own_table(name: &str) -> bool {
    matches!(name, "__diesel_schema_migrations" | "__axum_migrate")
}
