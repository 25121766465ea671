use axum_db::prelude::*;

#[model]
pub struct User {
    #[model(primary_key)]
    pub id: i32,
    pub name: String,
}

pub struct Other;

async fn mistakes(db: axum_db::Db<axum_db::Sqlite>) -> Result<(), axum_db::Error> {
    let _ = vec![1, 2].row_count(&db).await?;
    let _: Vec<Other> = User::query().all(&db).await?;
    let _ = axum_db::metadata![Other];
    Ok(())
}

fn main() {}
