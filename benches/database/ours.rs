//! axum-db, as its documentation has it.

use axum::Router;
use axum::extract::Path;
use axum::routing::{get, post};
use axum_db::prelude::*;
use axum_db::{Database, Error};

use super::Engine;
use crate::data::{NewVisit, PER_PAGE, Post, posts, users};
use crate::work::{Work, line, page, plain};

type Db = axum_db::Db<Engine>;

#[derive(Clone)]
pub(crate) struct Ours(pub(crate) Database<Engine>);

impl Work for Ours {
    const NAME: &'static str = "Db";

    async fn post(&self, id: i32) -> String {
        show(self.0.session(), Path(id)).await.expect("a post")
    }

    async fn home(&self, number: i64) -> String {
        let wanted = Page::new(number as u64).with_per_page(PER_PAGE as u32);
        home(self.0.session(), wanted).await.expect("a page")
    }

    async fn write(&self, id: i32) {
        write(self.0.session(), Path(id)).await.expect("a write");
    }

    fn app(&self) -> Router {
        Router::new()
            .route("/plain", get(plain))
            .route("/post/{id}", get(show))
            .route("/home", get(home))
            .route("/write/{id}", post(write))
            .layer(self.0.layer())
    }
}

async fn show(db: Db, Path(id): Path<i32>) -> Result<String, Error> {
    let row: (i32, String, String) = Post::table()
        .inner_join(users::table)
        .filter(posts::id.eq(id))
        .select((posts::id, posts::title, users::username))
        .one_or_404(&db)
        .await?;
    Ok(line(row))
}

async fn home(db: Db, wanted: Page) -> Result<String, Error> {
    let found: Pagination<(i32, String, String)> = Post::table()
        .inner_join(users::table)
        .select((posts::id, posts::title, users::username))
        .order(posts::id.desc())
        .paginate(wanted.with_per_page(PER_PAGE as u32), &db)
        .await?;
    Ok(page(found.total as i64, found.items))
}

async fn write(db: Db, Path(id): Path<i32>) -> Result<(), Error> {
    NewVisit::new(id).insert(&db).await?;
    db.commit().await
}
