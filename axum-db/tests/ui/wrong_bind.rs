use axum_db::prelude::*;
use axum_db::{Db, Error, Sqlite};

pub struct Analytics;

impl axum_db::Bind for Analytics {
    const NAME: &'static str = "analytics";
}

#[model(bind = Analytics)]
#[derive(Clone)]
pub struct Visit {
    #[model(primary_key)]
    pub id: i32,
    pub path: String,
}

async fn visit(db: Db<Sqlite>, analytics: Db<Sqlite, Analytics>) -> Result<(), Error> {
    let mut visit = NewVisit::new("/").insert(&analytics).await?;
    NewVisit::new("/").insert(&db).await?;
    NewVisit::insert_all([], &db).await?;
    visit.path = "/about".into();
    visit.save(&db).await?;
    visit.delete(&db).await?;
    Ok(())
}

fn main() {}
