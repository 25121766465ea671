//! Models: what the design shows a user writing, record by record.

use axum_db::prelude::*;
use axum_db::{Database, ErrorKind, Metadata, metadata};

use super::{Engine, fresh};
use crate::models::letters::Letter;
use crate::models::*;

type Db = axum_db::Db<Engine>;

pub(super) fn all_models() -> Metadata {
    metadata![User, Post, Letter, Category, Filing, Sample, Team, Player]
}

pub(super) async fn database(url: &str) -> Database<Engine> {
    let database = Db::connect(url).await.expect("a database");
    database.create_all(&all_models()).await.expect("tables");
    database
}

pub(super) async fn user(db: &Db, name: &str) -> User {
    NewUser::new(name, format!("{name}@example.org"), "hash")
        .insert(db)
        .await
        .expect("a user")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_is_inserted_found_saved_and_deleted() {
    let test = fresh();
    let db = database(test.url()).await.session();
    let corey = user(&db, "corey").await;
    assert_eq!((corey.id, &*corey.image_file), (1, "default.jpg"));

    let before = chrono::Utc::now().naive_utc() - chrono::TimeDelta::seconds(1);
    let mut post = NewPost::new("First", "Hello", corey.id)
        .insert(&db)
        .await
        .expect("a post");
    assert!(post.date_posted > before && post.date_posted < before + chrono::TimeDelta::minutes(1));
    db.commit().await.expect("a commit");

    let found = Post::find(post.id)
        .first_or_404(&db)
        .await
        .expect("the post");
    assert_eq!(found, post, "a time keeps its microseconds");
    assert_eq!(
        found.author().one(&db).await.expect("the author").username,
        "corey"
    );

    post.title = "Second".into();
    post.save(&db).await.expect("saved");
    post.save(&db)
        .await
        .expect("saving what is there already is no error");
    assert_eq!(
        corey.posts().one(&db).await.expect("the post").title,
        "Second"
    );

    post.delete(&db).await.expect("deleted");
    let gone = post.save(&db).await.expect_err("the row is gone");
    assert_eq!(gone.kind(), ErrorKind::NotFound);
    assert!(gone.to_string().contains("`posts`"), "{gone}");
    assert_eq!(
        post.delete(&db).await.expect_err("gone").kind(),
        ErrorKind::NotFound
    );
    assert!(
        Post::find(post.id)
            .one_or_none(&db)
            .await
            .expect("no row")
            .is_none()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_type_comes_back_as_it_went() {
    let test = fresh();
    let db = database(test.url()).await.session();
    let new = NewSample::new("a'b\"c\\d", vec![0, 159, 255], 5).star("☆");
    let sample = new.clone().insert(&db).await.expect("a row");
    assert_eq!(sample.quoted.as_deref(), Some("it's \\ \"quoted\""));
    assert_eq!(
        (sample.small, sample.single, sample.everything),
        (-7, 0.5, 2.25)
    );
    let found = Sample::find("a'b\"c\\d").one(&db).await.expect("the row");
    assert_eq!(found, sample);
    assert_eq!((found.hour, found.day), (new.hour, new.day));

    // The same defaults, from the database.
    diesel::insert_into(Sample::table())
        .values((
            everything::type_.eq("raw"),
            everything::bytes.eq(vec![1]),
            everything::custom.eq(5),
        ))
        .run(&db)
        .await
        .expect("a row of defaults");
    let raw = Sample::find("raw").one(&db).await.expect("the row");
    assert_eq!(raw.quoted, sample.quoted);
    assert_eq!(
        (raw.table, raw.small, raw.big, raw.single),
        (true, -7, 0, 0.5)
    );
    let apart = raw.day.and_time(raw.hour) - sample.day.and_time(sample.hour);
    assert!(
        apart.abs() < chrono::TimeDelta::minutes(1),
        "{apart}: the defaults are in UTC"
    );
}
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_models_do_knows_where_it_was_asked_for() {
    let test = fresh();
    let db = database(test.url()).await.session();
    let ann = user(&db, "ann").await;
    let guard = db.conn().await.expect("a connection");
    let refused = [
        NewUser::new("bob", "b", "c").insert(&db).await.err(),
        NewUser::new("bob", "b", "c")
            .on_conflict(users::email)
            .update(users::username, &db)
            .await
            .err(),
        NewUser::insert_all([NewUser::new("bob", "b", "c")], &db)
            .await
            .err(),
        ann.save(&db).await.err(),
        ann.delete(&db).await.err(),
        User::find(ann.id).one(&db).await.err(),
        vec![ann].preload(User::POSTS, &db).await.err(),
    ];
    drop(guard);
    for (at, error) in refused.into_iter().enumerate() {
        let error = error.expect("the guard is alive");
        assert_eq!(error.kind(), ErrorKind::Held);
        let places = error.to_string();
        assert_eq!(places.matches("records.rs:").count(), 2, "{at}: {places}");
    }
}

#[tokio::test]
async fn the_futures_of_queries_are_small() {
    let test = fresh();
    let db = Db::connect(test.url()).await.expect("a database").session();
    let sizes = [
        size_of_val(&query(Post::find(1).first_or_404(&db))),
        size_of_val(&query(Post::query().paginate(Page::new(1), &db))),
        size_of_val(&NewPost::new("a", "b", 1).insert(&db)),
    ];
    assert!(sizes.iter().all(|size| *size < 2000), "{sizes:?} bytes");
}

/// Fixes the row type before the future is awaited.
fn query<F: Future>(future: F) -> F {
    future
}
