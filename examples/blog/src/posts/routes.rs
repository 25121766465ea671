use axum::Router;
use axum::extract::{Form, FromRequestParts, Path};
use axum::response::{IntoResponse, Redirect};
use axum::routing::{get, post};
use axum_db::prelude::*;
use axum_login_kit::{CurrentUser, Flash};
use serde::Deserialize;
use serde_json::json;
use validator::Validate;

use super::forms::PostForm;
use crate::app::App;
use crate::database::Db;
use crate::errors::{Error, Result};
use crate::models::{NewPost, Post, User};
use crate::templates::View;

pub fn routes() -> Router<App> {
    Router::new()
        .route("/post/new", get(new_post).post(create))
        .route("/post/{id}", get(show))
        .route("/post/{id}/update", get(edit).post(update))
        .route("/post/{id}/delete", post(delete))
}

/// The number in the address of a post; what is no number is no post.
#[derive(Deserialize, FromRequestParts)]
#[from_request(via(Path), rejection(Error))]
struct PostId(i32);

async fn show(db: Db, PostId(id): PostId, view: View) -> Result {
    let post = Post::find(id).first_or_404(&db).await?;
    let author = post.author().one(&db).await?;
    view.render(
        "post.html",
        json!({ "title": post.title, "post": post, "author": author }),
    )
}

async fn new_post(_user: CurrentUser<User>, view: View) -> Result {
    view.render("edit_post.html", json!({ "title": "New post" }))
}

async fn create(
    db: Db,
    user: CurrentUser<User>,
    flash: Flash,
    view: View,
    Form(form): Form<PostForm>,
) -> Result {
    if let Err(errors) = form.validate() {
        let context = json!({ "title": "New post", "form": form, "errors": errors });
        return view.invalid("edit_post.html", context);
    }
    NewPost::new(form.title, form.content, user.id)
        .insert(&db)
        .await?;
    db.commit().await?;
    flash.success("Your post has been created!");
    Ok(Redirect::to("/").into_response())
}

async fn edit(db: Db, user: CurrentUser<User>, PostId(id): PostId, view: View) -> Result {
    let form = PostForm::from(own_post(id, &user, &db).await?);
    view.render(
        "edit_post.html",
        json!({ "title": "Update post", "form": form }),
    )
}

async fn update(
    db: Db,
    user: CurrentUser<User>,
    PostId(id): PostId,
    flash: Flash,
    view: View,
    Form(form): Form<PostForm>,
) -> Result {
    let mut post = own_post(id, &user, &db).await?;
    if let Err(errors) = form.validate() {
        let context = json!({ "title": "Update post", "form": form, "errors": errors });
        return view.invalid("edit_post.html", context);
    }
    post.title = form.title;
    post.content = form.content;
    post.save(&db).await?;
    db.commit().await?;
    flash.success("Your post has been updated!");
    Ok(Redirect::to(&format!("/post/{id}")).into_response())
}

async fn delete(db: Db, user: CurrentUser<User>, PostId(id): PostId, flash: Flash) -> Result {
    own_post(id, &user, &db).await?.delete(&db).await?;
    db.commit().await?;
    flash.success("Your post has been deleted!");
    Ok(Redirect::to("/").into_response())
}

/// The post, if it is the user's own.
async fn own_post(id: i32, user: &User, db: &Db) -> Result<Post> {
    let post = Post::find(id).first_or_404(db).await?;
    if post.user_id != user.id {
        return Err(Error::Forbidden);
    }
    Ok(post)
}
