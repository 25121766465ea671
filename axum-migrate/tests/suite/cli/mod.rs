//! Command lines: what they answer, and what they say when something is wrong.

mod adopt;
#[cfg(feature = "postgres")]
mod adopt_classes;
#[cfg(feature = "postgres")]
mod adopt_hidden;
#[cfg(feature = "mysql")]
mod adopt_mysql;
#[cfg(feature = "mysql")]
mod adopt_mysql_views;
#[cfg(feature = "postgres")]
mod adopt_postgres;
mod adopt_sqlite;
mod answers;
mod bad_input;
mod binds;
mod embedded;
mod flow;
mod git;
mod graph;
mod help;
#[cfg(feature = "postgres")]
mod large_postgres;
mod models;
mod offline;
mod process;
#[cfg(feature = "cli")]
mod program;
#[cfg(feature = "postgres")]
mod schemas;
mod sql;
mod typed;
mod verify;
mod whole;
