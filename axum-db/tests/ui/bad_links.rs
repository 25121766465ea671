use axum_db::prelude::*;

#[model]
#[derive(Clone)]
pub struct Post {
    #[model(primary_key)]
    pub id: i32,
    pub title: String,
    #[model(references = Tag, relation = topic)]
    pub topic_id: i32,
}

#[model]
#[derive(Clone)]
pub struct Tag {
    #[model(primary_key)]
    pub id: i32,
    pub name: Option<String>,
}

#[model]
pub struct OneEnd {
    #[model(primary_key, references = Post, many_to_many = posts)]
    pub post_id: i32,
    pub tag_id: i32,
}

#[model]
pub struct NoKey {
    #[model(primary_key, references = Post)]
    pub post_id: i32,
    #[model(primary_key, many_to_many = labels)]
    pub tag_id: i32,
}

#[model]
pub struct MayBeNull {
    #[model(primary_key)]
    pub id: i32,
    #[model(references = Post, many_to_many = articles)]
    pub post_id: i32,
    #[model(references = Tag, many_to_many = words)]
    pub tag_id: Option<i32>,
}

async fn upserts(db: axum_db::Db<axum_db::Sqlite>) -> Result<(), axum_db::Error> {
    NewPost::new("title", 1).on_conflict(posts::title).update(posts::title, &db).await?;
    NewPost::new("title", 1).on_conflict(posts::id).update(posts::title, &db).await?;
    Ok(())
}

async fn preloads(db: axum_db::Db<axum_db::Sqlite>) -> Result<(), axum_db::Error> {
    let names: Vec<String> = posts::table.select(posts::title).all(&db).await?;
    names.preload(Post::TOPIC, &db).await?;
    Ok(())
}

fn main() {}
