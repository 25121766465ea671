//! Relations: many-to-many through a link's model, and relations of many rows in one query.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum_db::prelude::*;
use axum_db::{Database, ErrorKind};
use diesel::connection::InstrumentationEvent;
use diesel_async::AsyncConnection as _;

use super::records::{all_models, user};
use super::{Engine, fresh};
use crate::links::reading::{Bookmark, NewBookmark};
use crate::links::*;
use crate::models::letters::{Letter, NewLetter};
use crate::models::*;

type Db = axum_db::Db<Engine>;

pub(super) async fn database(url: &str) -> Database<Engine> {
    let database = Db::connect(url).await.expect("a database");
    let mut metadata = all_models();
    for table in
        axum_db::metadata![Label, Labelling, Follow, Bookmark, Setting, Account, Seat].tables()
    {
        metadata = metadata.with(table.clone());
    }
    database.create_all(&metadata).await.expect("tables");
    database
}

async fn post(db: &Db, author: &User, title: &str) -> Post {
    let new = NewPost::new(title, "…", author.id);
    new.insert(db).await.expect("a post")
}

async fn label(db: &Db, name: &str) -> Label {
    NewLabel::new(name).insert(db).await.expect("a label")
}

/// Counts the statements that a session sends from now on.
async fn counted(db: &Db) -> Arc<AtomicUsize> {
    let count = Arc::new(AtomicUsize::new(0));
    let counter = count.clone();
    let mut conn = db.conn().await.expect("a connection");
    conn.set_instrumentation(move |event: InstrumentationEvent<'_>| {
        if matches!(event, InstrumentationEvent::StartQuery { .. }) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    });
    count
}

fn names(labels: &[Label]) -> Vec<&str> {
    labels.iter().map(|label| &*label.name).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_to_many_goes_both_ways() {
    let test = fresh();
    let db = database(test.url()).await.session();
    let ann = user(&db, "ann").await;
    let (one, two) = (post(&db, &ann, "one").await, post(&db, &ann, "two").await);
    let (rust, axum) = (label(&db, "rust").await, label(&db, "axum").await);

    assert!(Labelling::link(&one, &rust, &db).await.expect("linked"));
    let again = Labelling::link(&one, &rust, &db).await.expect("no error");
    assert!(!again, "they are linked already");
    let ranked = NewLabelling::new(one.id, axum.id).rank(7);
    assert_eq!(ranked.insert(&db).await.expect("linked").rank, 7);
    assert!(Labelling::link(&two, &rust, &db).await.expect("linked"));

    let labels = one.labels().order(labels::name).all(&db).await;
    assert_eq!(names(&labels.expect("labels")), ["axum", "rust"]);
    assert_eq!(rust.posts().row_count(&db).await.expect("a count"), 2);
    let named = rust.posts().filter(posts::title.eq("two"));
    assert_eq!(named.one(&db).await.expect("a post").id, two.id);
    // The link's own columns, through the link.
    let ranks: Vec<(i32, String)> = labellings::table
        .inner_join(labels::table)
        .filter(labellings::post_id.eq(one.id))
        .order(labellings::rank)
        .select((labellings::rank, labels::name))
        .all(&db)
        .await
        .expect("rows");
    assert_eq!(ranks, [(0, "rust".to_owned()), (7, "axum".to_owned())]);

    assert!(Labelling::unlink(&one, &rust, &db).await.expect("gone"));
    assert!(!Labelling::unlink(&one, &rust, &db).await.expect("no error"));
    assert_eq!(rust.posts().one(&db).await.expect("a post").id, two.id);

    two.delete(&db).await.expect("deleted");
    assert!(!rust.posts().exists(&db).await.expect("no posts"));
    let unsaved = Post { id: 999, ..one };
    let refused = Labelling::link(&unsaved, &rust, &db).await;
    let refused = refused.expect_err("there is no such post");
    assert_eq!(refused.kind(), ErrorKind::ForeignKeyViolation);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_is_tied_to_itself_and_to_one_of_another_module() {
    let test = fresh();
    let db = database(test.url()).await.session();
    let (ann, bob, cid) = (
        user(&db, "ann").await,
        user(&db, "bob").await,
        user(&db, "cid").await,
    );
    for (follower, followed) in [(&ann, &bob), (&ann, &cid), (&cid, &bob)] {
        Follow::link(follower, followed, &db).await.expect("linked");
    }
    let followers = bob.followers().order(users::id).all(&db).await;
    let ids = |users: &[User]| users.iter().map(|user| user.id).collect::<Vec<_>>();
    assert_eq!(ids(&followers.expect("users")), [ann.id, cid.id]);
    assert_eq!(ann.following().row_count(&db).await.expect("a count"), 2);
    assert!(!ann.followers().exists(&db).await.expect("nobody"));
    let users = User::query().order(users::id).all(&db).await;
    let users = users.expect("users").preload(User::FOLLOWERS, &db).await;
    let users = users.expect("users").preload(User::FOLLOWING, &db).await;
    let found: Vec<_> = users
        .expect("users")
        .into_iter()
        .map(|(user, followers, following)| (user.id, followers.len(), ids(&following)))
        .collect();
    assert_eq!(
        found,
        [
            (ann.id, 0, vec![bob.id, cid.id]),
            (bob.id, 2, vec![]),
            (cid.id, 1, vec![bob.id])
        ]
    );

    let hello = post(&db, &bob, "hello").await;
    let bookmark = NewBookmark::new(ann.id, hello.id);
    bookmark.insert(&db).await.expect("a bookmark");
    assert_eq!(ann.bookmarked().one(&db).await.expect("it").id, hello.id);
    assert!(!bob.bookmarked().exists(&db).await.expect("none"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_gets_each_relation_in_one_query() {
    let test = fresh();
    let db = database(test.url()).await.session();
    let authors = [user(&db, "ann").await, user(&db, "bob").await];
    let (rust, axum) = (label(&db, "rust").await, label(&db, "axum").await);
    for number in 0..10 {
        let post = post(&db, &authors[number % 2], &format!("{number:02}")).await;
        Labelling::link(&post, &axum, &db).await.expect("linked");
        if number % 3 == 0 {
            let link = NewLabelling::new(post.id, rust.id).rank(-1);
            link.insert(&db).await.expect("linked");
        }
    }
    let statements = counted(&db).await;
    for size in [1, 3, 10] {
        let page = Page::new(1).with_per_page(size);
        let query = Post::query().order(posts::title.desc());
        let page = query.paginate(page, &db).await.expect("a page");
        let titles: Vec<_> = page.items.iter().map(|post| post.title.clone()).collect();

        let before = statements.load(Ordering::Relaxed);
        let page = page.preload(Post::AUTHOR, &db).await.expect("authors");
        assert_eq!(statements.load(Ordering::Relaxed), before + 1);
        let by_rank = page
            .preload_with(
                Post::LABELS,
                |query| query.order((labellings::rank, labels::name)),
                &db,
            )
            .await
            .expect("labels");
        assert_eq!(statements.load(Ordering::Relaxed), before + 2);

        assert_eq!((by_rank.total, by_rank.items.len()), (10, size as usize));
        for ((post, author, labels), title) in by_rank.items.iter().zip(titles) {
            let number: usize = title.parse().expect("a number");
            assert_eq!((&post.title, author.id), (&title, authors[number % 2].id));
            let expected: &[&str] = match number % 3 {
                0 => &["rust", "axum"],
                _ => &["axum"],
            };
            assert_eq!(names(labels), expected);
        }
    }

    // The other way, with a filter on what is found.
    let users = User::query().order(users::id.desc()).all(&db).await;
    let before = statements.load(Ordering::Relaxed);
    let users = users
        .expect("users")
        .preload_with(
            User::POSTS,
            |query| {
                query
                    .filter(posts::title.lt("05"))
                    .order(posts::title.desc())
            },
            &db,
        )
        .await
        .expect("posts");
    assert_eq!(statements.load(Ordering::Relaxed), before + 1);
    let titles: Vec<Vec<&str>> = users
        .iter()
        .map(|(_, posts)| posts.iter().map(|post| &*post.title).collect())
        .collect();
    assert_eq!(titles, [vec!["03", "01"], vec!["04", "02", "00"]]);

    // Nothing is asked about nothing.
    let none = Post::query().filter(posts::id.eq(0)).all(&db).await;
    let before = statements.load(Ordering::Relaxed);
    let none = none.expect("no rows").preload(Post::AUTHOR, &db).await;
    assert!(none.expect("no rows").is_empty());
    assert_eq!(statements.load(Ordering::Relaxed), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_may_be_null_gives_an_option() {
    let test = fresh();
    let db = database(test.url()).await.session();
    let (ann, bob) = (user(&db, "ann").await, user(&db, "bob").await);
    let open = NewLetter::new(ann.id).insert(&db).await.expect("a letter");
    let sent = NewLetter::new(ann.id)
        .recipient_id(bob.id)
        .insert(&db)
        .await;
    let sent = sent.expect("a letter");

    let letters = Letter::query().order(crate::models::letters::letters::id);
    let letters = letters.all(&db).await.expect("letters");
    let letters = letters.preload(Letter::RECIPIENT, &db).await;
    let letters = letters.expect("recipients").preload(Letter::SENDER, &db);
    let found: Vec<_> = letters
        .await
        .expect("senders")
        .into_iter()
        .map(|(letter, recipient, sender)| (letter.id, recipient.map(|r| r.id), sender.id))
        .collect();
    assert_eq!(
        found,
        [(open.id, None, ann.id), (sent.id, Some(bob.id), ann.id)]
    );
    let users = User::query().order(users::id).all(&db).await;
    let users = users.expect("users").preload(User::RECEIVED, &db).await;
    let received: Vec<_> = users
        .expect("users")
        .iter()
        .map(|(user, letters)| (user.id, letters.len()))
        .collect();
    assert_eq!(received, [(ann.id, 0), (bob.id, 1)]);

    // A model that references itself, both ways at once.
    let tree = NewCategory::new("tree").insert(&db).await.expect("a row");
    let leaf = NewCategory::new("leaf")
        .parent_id(tree.id)
        .insert(&db)
        .await;
    let leaf = leaf.expect("a row");
    let rows = Category::query().order(categories::id).all(&db).await;
    let rows = rows.expect("rows").preload(Category::PARENT, &db).await;
    let rows = rows.expect("rows").preload(Category::CHILDREN, &db).await;
    let found: Vec<_> = rows
        .expect("rows")
        .into_iter()
        .map(|(row, parent, children)| (row.id, parent.map(|p| p.id), children.len()))
        .collect();
    assert_eq!(found, [(tree.id, None, 1), (leaf.id, Some(tree.id), 0)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_may_repeat_and_what_a_filter_leaves_out_is_left_out() {
    let test = fresh();
    let db = database(test.url()).await.session();
    let (ann, bob) = (user(&db, "ann").await, user(&db, "bob").await);
    let (one, two) = (post(&db, &ann, "one").await, post(&db, &bob, "two").await);
    for name in ["rust", "axum"] {
        let label = label(&db, name).await;
        Labelling::link(&one, &label, &db).await.expect("linked");
    }
    // The first post comes twice, once with each label.
    let rows: Vec<(Post, String)> = posts::table
        .inner_join(labellings::table.inner_join(labels::table))
        .select((Post::as_select(), labels::name))
        .order(labels::name)
        .all(&db)
        .await
        .expect("rows");
    let rows = rows.preload(Post::LABELS, &db).await.expect("labels");
    let found: Vec<_> = rows
        .iter()
        .map(|(_, name, all)| (&**name, all.len()))
        .collect();
    assert_eq!(found, [("axum", 2), ("rust", 2)]);

    let anns = Post::query().order(posts::id).all(&db).await.expect("both");
    let anns = anns.preload_with(
        Post::AUTHOR,
        |query| query.filter(users::username.eq("ann")),
        &db,
    );
    let anns = anns.await.expect("one");
    assert_eq!(anns.len(), 1);
    assert_eq!((anns[0].0.id, anns[0].1.id), (one.id, ann.id));
    assert_ne!(two.id, one.id);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_rows_than_a_statement_takes_are_asked_for_in_several() {
    let test = fresh();
    let db = database(test.url()).await.session();
    let posts: Vec<Post> = (1..=70_000)
        .map(|id| Post {
            id,
            title: String::new(),
            date_posted: chrono::NaiveDateTime::default(),
            content: String::new(),
            user_id: id,
        })
        .collect();
    let ann = user(&db, "ann").await;
    let statements = counted(&db).await;
    let authors = posts.preload(Post::AUTHOR, &db).await.expect("authors");
    assert_eq!(authors.len(), 1);
    assert_eq!(authors[0].1.id, ann.id);
    assert_eq!(statements.load(Ordering::Relaxed), 3);
}
