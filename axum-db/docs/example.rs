// What the short examples of the documentation begin with: a model, and a database in memory with three of its rows.

use axum_db::{metadata, prelude::*};

#[model]
#[derive(Debug, Clone, PartialEq)]
pub struct User {
    #[model(primary_key)]
    pub id: i32,
    #[model(unique, length = 40)]
    pub name: String,
}

pub type Db = axum_db::Db<axum_db::Sqlite>;
pub type Database = axum_db::Database<axum_db::Sqlite>;

/// A database with the users Ada (1), Bob (2) and Cleo (3).
pub async fn three_users() -> Result<Database, axum_db::Error> {
    let database = Db::connect("sqlite://:memory:").await?;
    database.create_all(&metadata![User]).await?;
    let db = database.session();
    NewUser::insert_all(["ada", "bob", "cleo"].map(NewUser::new), &db).await?;
    db.commit().await?;
    Ok(database)
}
