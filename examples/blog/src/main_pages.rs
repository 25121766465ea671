//! The home page.

use axum::Router;
use axum::routing::get;
use axum_db::prelude::*;
use serde_json::json;

use crate::app::App;
use crate::database::Db;
use crate::errors::Result;
use crate::models::{Post, User, posts, users};
use crate::posts::PER_PAGE;
use crate::templates::View;

pub fn routes() -> Router<App> {
    Router::new().route("/", get(home))
}

async fn home(db: Db, page: Page, view: View) -> Result {
    let posts: Pagination<(Post, User)> = Post::table()
        .inner_join(users::table)
        .select((Post::as_select(), User::as_select()))
        .order((posts::date_posted.desc(), posts::id.desc()))
        .paginate(page.with_per_page(PER_PAGE), &db)
        .await?;
    view.render("home.html", json!({ "posts": posts }))
}
