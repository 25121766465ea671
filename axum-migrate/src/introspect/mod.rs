//! Reading the schema of a database.
