//! Queries: the helpers, joins without a central list, relations and pages.

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::http::{Request, StatusCode};
use axum::response::IntoResponse;
use axum::routing::get;
use axum_db::prelude::*;
use axum_db::{Backend, ErrorKind, Recording, TransactionMode};
use people::{NewPerson, Person, people as persons};
use tower::ServiceExt;

use super::records::{database, user};
use super::{Engine, fresh};
use crate::models::letters::{Letter, NewLetter, letters};
use crate::models::*;

type Db = axum_db::Db<Engine>;

async fn post(db: &Db, author: &User, title: &str) -> Post {
    NewPost::new(title, "…", author.id)
        .insert(db)
        .await
        .expect("a post")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_helpers_tell_none_one_and_several_apart() {
    let test = fresh();
    let db = database(test.url()).await.session();
    let (ann, _bob) = (user(&db, "ann").await, user(&db, "bob").await);
    let wanted = String::from("ann");
    let ann_only = || User::query().filter(users::username.eq(&wanted)); // a borrowed value
    let nobody = || User::query().filter(users::username.eq("nobody"));

    assert_eq!(ann_only().one(&db).await.expect("ann").id, ann.id);
    assert_eq!(
        ann_only()
            .one_or_none(&db)
            .await
            .expect("ann")
            .map(|u| u.id),
        Some(ann.id)
    );
    assert_eq!(ann_only().one_or_404(&db).await.expect("ann").id, ann.id);
    assert_eq!(
        User::query()
            .order(users::id)
            .first_or_none(&db)
            .await
            .expect("ann")
            .map(|u| u.id),
        Some(ann.id)
    );
    assert_eq!(User::query().all(&db).await.expect("both").len(), 2);
    assert_eq!(
        User::table()
            .all::<User, _, _>(&db)
            .await
            .expect("both")
            .len(),
        2
    );
    let names: Vec<String> = users::table
        .select(users::username)
        .order(users::id)
        .all(&db)
        .await
        .expect("names");
    assert_eq!(names, ["ann", "bob"]);

    assert!(nobody().one_or_none(&db).await.expect("none").is_none());
    assert!(nobody().first_or_none(&db).await.expect("none").is_none());
    assert_eq!(
        nobody().one(&db).await.expect_err("none").kind(),
        ErrorKind::NotFound
    );
    assert_eq!(
        User::query().one(&db).await.expect_err("two").kind(),
        ErrorKind::MultipleRows
    );
    assert_eq!(
        User::query()
            .one_or_none(&db)
            .await
            .expect_err("two")
            .kind(),
        ErrorKind::MultipleRows
    );
    let several = User::query()
        .one_or_404(&db)
        .await
        .expect_err("two")
        .into_response();
    assert_eq!(several.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let missing = nobody()
        .first_or_404(&db)
        .await
        .expect_err("none")
        .into_response();
    assert_eq!(missing.status(), StatusCode::NOT_FOUND);
    let described = nobody()
        .one_or_404_with(&db, "No such user.")
        .await
        .expect_err("none");
    let body = axum::body::to_bytes(described.into_response().into_body(), 100)
        .await
        .expect("a body");
    assert_eq!(body, "No such user.");

    assert!(ann_only().exists(&db).await.expect("ann"));
    assert!(!nobody().exists(&db).await.expect("nobody"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counts_follow_what_the_query_says() {
    let test = fresh();
    let db = database(test.url()).await.session();
    let (ann, bob) = (user(&db, "ann").await, user(&db, "bob").await);
    for title in ["a", "b", "c"] {
        post(&db, &ann, title).await;
    }
    post(&db, &bob, "a").await;
    let count = async |what: &str| match what {
        "all" => Post::query().row_count(&db).await,
        "table" => posts::table.row_count(&db).await,
        "filter" => ann.posts().row_count(&db).await,
        "limit" => Post::query().limit(3).row_count(&db).await,
        "offset" => {
            Post::query()
                .order(posts::id)
                .limit(10)
                .offset(3)
                .row_count(&db)
                .await
        }
        "distinct" => {
            posts::table
                .select(posts::title)
                .distinct()
                .row_count(&db)
                .await
        }
        "group" => {
            posts::table
                .group_by(posts::title)
                .select(posts::title)
                .row_count(&db)
                .await
        }
        _ => {
            posts::table
                .inner_join(users::table)
                .select((Post::as_select(), User::as_select()))
                .row_count(&db)
                .await
        }
    };
    for (what, rows) in [
        ("all", 4),
        ("table", 4),
        ("filter", 3),
        ("limit", 3),
        ("offset", 1),
        ("distinct", 3),
        ("group", 3),
        ("join", 4),
    ] {
        assert_eq!(count(what).await.expect("a count"), rows, "{what}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_count_is_as_plain_as_its_query_allows() {
    let test = fresh();
    let database = database(test.url()).await;
    let db = database.session();
    let (ann, bob) = (user(&db, "ann").await, user(&db, "bob").await);
    for (author, title) in [(&ann, "a"), (&ann, "b"), (&bob, "a")] {
        post(&db, author, title).await;
    }
    db.commit().await.expect("a commit");
    let recorder = database.record(Recording::Sql);
    let counted = |rows: Result<u64, axum_db::Error>| {
        let queries = recorder.take();
        let counts = queries
            .iter()
            .filter(|query| !query.is_transaction_control());
        let sql: Vec<&str> = counts.map(|query| query.sql()).collect();
        assert_eq!(sql.len(), 1, "{sql:?}");
        (rows.expect("a count"), sql[0].contains("FROM (SELECT"))
    };

    let joined = || posts::table.inner_join(users::table);
    let named = joined()
        .filter(users::username.eq("ann"))
        .order(posts::title.desc());
    let named = named.select((Post::as_select(), User::as_select()));
    assert_eq!(counted(named.row_count(&db).await), (2, false));
    let boxed = || {
        Post::query()
            .order(posts::id)
            .into_boxed::<<Engine as Backend>::Diesel>()
    };
    assert_eq!(counted(boxed().row_count(&db).await), (3, false));
    let by_ann = users::table
        .filter(users::username.eq("ann"))
        .select(users::id);
    let of_ann = Post::query().filter(posts::user_id.eq_any(by_ann));
    assert_eq!(counted(of_ann.row_count(&db).await), (2, false));
    let outer = users::table.left_join(posts::table).order(posts::id);
    assert_eq!(counted(outer.row_count(&db).await), (3, false));

    // What leaves rows out is counted as it stands.
    let cut = boxed().limit(2);
    assert_eq!(counted(cut.row_count(&db).await), (2, true));
    let grouped = || joined().group_by(users::id).select(users::id);
    assert_eq!(counted(grouped().row_count(&db).await), (2, true));
    let having = grouped().having(diesel::dsl::count(posts::id).gt(1));
    assert_eq!(counted(having.row_count(&db).await), (1, true));
    let titles = joined().select(posts::title).distinct();
    assert_eq!(counted(titles.row_count(&db).await), (2, true));
    let raw = Post::query().filter(diesel::dsl::sql::<diesel::sql_types::Bool>(
        "id IN (SELECT id FROM (SELECT id FROM posts ORDER BY id LIMIT 1) AS one)",
    ));
    assert_eq!(counted(raw.row_count(&db).await), (1, true));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn models_join_without_a_central_list() {
    let test = fresh();
    let db = database(test.url()).await.session();
    let ann = user(&db, "ann").await;
    let hello = post(&db, &ann, "hello").await;
    let tree = NewCategory::new("tree")
        .insert(&db)
        .await
        .expect("a category");
    let leaf = NewCategory::new("leaf")
        .parent_id(tree.id)
        .insert(&db)
        .await
        .expect("a category");
    let filing = NewFiling::new(hello.id, leaf.id)
        .insert(&db)
        .await
        .expect("a filing");

    // Four tables, two of them through the third; filings have a key of two columns.
    let rows: Vec<(Filing, String, String, String)> = filings::table
        .inner_join(posts::table.inner_join(users::table))
        .inner_join(categories::table)
        .filter(users::username.eq("ann"))
        .select((
            Filing::as_select(),
            posts::title,
            users::username,
            categories::name,
        ))
        .all(&db)
        .await
        .expect("a joined row");
    assert_eq!(rows.len(), 1);
    assert_eq!(
        (&*rows[0].1, &*rows[0].2, &*rows[0].3),
        ("hello", "ann", "leaf")
    );

    // An alias of the same table, a subselect over another, and a left join.
    let parents = diesel::alias!(categories as parents);
    let named: Vec<(String, Option<String>)> = categories::table
        .left_join(parents.on(categories::parent_id.eq(parents.field(categories::id).nullable())))
        .filter(categories::id.eq_any(filings::table.select(filings::category_id)))
        .select((categories::name, parents.field(categories::name).nullable()))
        .all(&db)
        .await
        .expect("a row");
    assert_eq!(named, [("leaf".to_owned(), Some("tree".to_owned()))]);
    // A model's own query joins too, and gives its rows alone.
    let by_ann = Post::query()
        .inner_join(users::table)
        .filter(users::username.eq("ann"));
    let found: Vec<Post> = by_ann.all(&db).await.expect("a row");
    assert_eq!(found, std::slice::from_ref(&hello));
    let authors: Vec<(User, Option<Post>)> = users::table
        .left_join(posts::table)
        .select((User::as_select(), Option::<Post>::as_select()))
        .all(&db)
        .await
        .expect("a row");
    assert_eq!(authors[0].1.as_ref(), Some(&hello));

    // Relations: to itself, both ways, and along a key of two columns.
    assert_eq!(
        leaf.parent().one(&db).await.expect("the parent").name,
        "tree"
    );
    assert!(
        tree.parent()
            .one_or_none(&db)
            .await
            .expect("no parent")
            .is_none()
    );
    assert_eq!(
        tree.children().one(&db).await.expect("the child").name,
        "leaf"
    );
    assert_eq!(
        filing.post().one(&db).await.expect("the post").title,
        "hello"
    );
    assert_eq!(
        filing.category().one(&db).await.expect("the category").name,
        "leaf"
    );
    assert!(
        Filing::find((hello.id, leaf.id))
            .exists(&db)
            .await
            .expect("the filing")
    );
    filing.delete(&db).await.expect("deleted");
    assert_eq!(Filing::query().row_count(&db).await.expect("none left"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_keys_to_one_model_have_a_relation_each() {
    let test = fresh();
    let db = database(test.url()).await.session();
    let (ann, bob) = (user(&db, "ann").await, user(&db, "bob").await);
    let letter = NewLetter::new(ann.id)
        .recipient_id(bob.id)
        .insert(&db)
        .await
        .expect("a letter");
    assert_eq!(letter.sender().one(&db).await.expect("ann").id, ann.id);
    assert_eq!(letter.recipient().one(&db).await.expect("bob").id, bob.id);
    assert_eq!(
        bob.received().one(&db).await.expect("the letter").id,
        letter.id
    );
    assert_eq!(bob.sent().row_count(&db).await.expect("none"), 0);
    // The first key is the one that joins.
    let sender: String = letters::table
        .inner_join(users::table)
        .select(users::username)
        .one(&db)
        .await
        .expect("ann");
    assert_eq!(sender, "ann");

    bob.delete(&db).await.expect("deleted");
    let letter = Letter::find(letter.id)
        .one(&db)
        .await
        .expect("the letter stays");
    assert!(letter.recipient_id.is_none(), "on_delete = set_null");
    ann.delete(&db).await.expect("deleted");
    assert!(
        !Letter::query()
            .exists(&db)
            .await
            .expect("on_delete = cascade")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn models_of_another_crate_join_too() {
    let test = fresh();
    let database = Db::connect(test.url()).await.expect("a database");
    database
        .create_all(&axum_db::metadata![Pet, Person])
        .await
        .expect("tables");
    let db = database.session();
    let person = NewPerson::new("Jon").insert(&db).await.expect("a person");
    let pet = NewPet::new(person.id, "Garfield")
        .insert(&db)
        .await
        .expect("a pet");
    assert_eq!(pet.owner().one(&db).await.expect("the owner").name, "Jon");
    let rows: Vec<(String, String)> = persons::table
        .inner_join(pets::table)
        .select((persons::name, pets::name))
        .all(&db)
        .await
        .expect("rows");
    assert_eq!(rows, [("Jon".to_owned(), "Garfield".to_owned())]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_are_cut_and_counted() {
    let test = fresh();
    let db = database(test.url()).await.session();
    let empty = User::query()
        .order(users::id)
        .paginate(Page::default(), &db)
        .await
        .expect("an empty first page");
    assert_eq!((empty.items.len(), empty.total, empty.pages()), (0, 0, 0));

    let ann = user(&db, "ann").await;
    for number in 0..12 {
        post(&db, &ann, &format!("{number:02}")).await;
    }
    let page = |number| Page::new(number).with_per_page(5);
    let last = Post::query()
        .order(posts::id.desc())
        .paginate(page(3), &db)
        .await
        .expect("a page");
    let titles: Vec<_> = last.items.iter().map(|post| &*post.title).collect();
    assert_eq!(titles, ["01", "00"]);
    assert_eq!(
        (last.total, last.pages(), last.prev_num(), last.next_num()),
        (12, 3, Some(2), None)
    );
    // Two tables with columns of the same name, as the list of posts with their authors has.
    let joined = posts::table
        .inner_join(users::table)
        .select((Post::as_select(), User::as_select()));
    let first = joined
        .order(posts::id)
        .paginate::<(Post, User), _, _>(page(1), &db)
        .await
        .expect("a page");
    assert_eq!(
        (first.items.len(), first.total, &*first.items[0].1.username),
        (5, 12, "ann")
    );

    for beyond in [4, u64::MAX] {
        let error = Post::query()
            .order(posts::id)
            .paginate(page(beyond), &db)
            .await
            .expect_err("no page");
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_boxed_queries_and_pages_without_a_count() {
    let test = fresh();
    let db = database(test.url()).await.session();
    let ann = user(&db, "ann").await;
    let empty = User::query().filter(users::id.eq(0)).order(users::id);
    let empty = empty
        .paginate_uncounted::<User, _, _>(Page::new(1), &db)
        .await;
    let empty = empty.expect("an empty first page");
    assert_eq!((empty.items.len(), empty.has_next), (0, false));

    for number in 0..12 {
        post(&db, &ann, &format!("{number:02}")).await;
    }
    let search = |least: Option<&'static str>| {
        let mut query = Post::query().order(posts::id).into_boxed();
        if let Some(least) = least {
            query = query.filter(posts::title.ge(least));
        }
        query
    };
    let five = Page::new(2).with_per_page(5);
    let all: Pagination<Post> = five.paginate(|| search(None), &db).await.expect("a page");
    assert_eq!((all.total, &*all.items[0].title), (12, "05"));
    assert_eq!(
        all.next().map(|page| (page.number(), page.per_page())),
        Some((3, 5))
    );
    let some: Pagination<Post> = five
        .paginate(|| search(Some("06")), &db)
        .await
        .expect("a page");
    assert_eq!((some.total, &*some.items[0].title), (6, "11"));

    for (number, titles, next) in [(1, 5, Some(2)), (2, 5, Some(3)), (3, 2, None)] {
        let page = Page::new(number).with_per_page(5);
        let page = Post::query()
            .order(posts::id)
            .paginate_uncounted(page, &db)
            .await;
        let page = page.expect("a page").preload(Post::AUTHOR, &db).await;
        let page = page
            .expect("authors")
            .map(|(post, author)| (post.title, author.id));
        assert_eq!((page.items.len(), page.next_num()), (titles, next));
        assert_eq!(page.prev_num(), (number > 1).then(|| number - 1));
        assert_eq!(page.items[0].1, ann.id);
    }
    let boxed = search(Some("10")).paginate_uncounted::<Post, _, _>(Page::new(1), &db);
    assert_eq!(boxed.await.expect("a page").items.len(), 2);
    for beyond in [4, u64::MAX] {
        let page = Page::new(beyond).with_per_page(5);
        let missing = search(None).paginate_uncounted::<Post, _, _>(page, &db);
        let missing = missing.await.expect_err("no page");
        assert_eq!(missing.kind(), ErrorKind::NotFound);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_comes_from_the_url() {
    let test = fresh();
    let database = database(test.url()).await;
    let list = async |page: Page, db: Db| {
        let page = User::query().order(users::id).paginate(page, &db).await?;
        Ok::<_, axum_db::Error>(format!("{} of {}", page.page, page.per_page))
    };
    let app: Router = Router::new()
        .route("/", get(list))
        .route(
            "/ten",
            get(async |page: Page| page.with_max_per_page(10).per_page().to_string()),
        )
        .layer(database.layer());
    for (uri, expected) in [
        ("/", Some("1 of 20")),
        ("/?page=1&per_page=3", Some("1 of 3")),
        ("/?per_page=100000", Some("1 of 100")),
        ("/?per_page=99999999999", Some("1 of 100")),
        ("/ten?per_page=11", Some("10")),
        ("/?page=2", None),
        ("/?page=0", None),
        ("/?page=-1", None),
        ("/?page=1.5", None),
        ("/?page=", None),
        ("/?page=one", None),
        ("/?per_page=0", None),
        ("/?per_page=x", None),
    ] {
        let request = Request::get(uri).body(Body::empty()).expect("a request");
        let response = app.clone().oneshot(request).await.expect("infallible");
        let status = response.status();
        let body = axum::body::to_bytes(response.into_body(), 100).await;
        match expected {
            Some(text) => assert_eq!(body.expect("a body"), text, "{uri}"),
            None => assert_eq!(status, StatusCode::NOT_FOUND, "{uri}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reads_need_no_transaction_and_everything_else_does() {
    let test = fresh();
    let database = database(test.url()).await;

    async fn run(Path(query): Path<String>, db: Db) -> Result<(), axum_db::Error> {
        match &*query {
            "rows" => drop(User::query().all(&db).await?),
            "count" => drop(User::query().row_count(&db).await?),
            "page" => drop(
                User::query()
                    .order(users::id)
                    .paginate(Page::default(), &db)
                    .await?,
            ),
            "hand" => drop(diesel::sql_query("SELECT 1").run(&db).await?),
            "hand-written" => drop(diesel::sql_query("DELETE FROM users").run(&db).await?),
            "insert" => drop(NewUser::new("a", "b", "c").insert(&db).await?),
            _ => drop(diesel::delete(users::table).run(&db).await?),
        }
        Ok(())
    }
    // A read-only session refuses to open a transaction for writing.
    let layer = database.layer().mode(TransactionMode::ReadOnly);
    let app: Router = Router::new().route("/{query}", get(run)).layer(layer);
    for (query, writes) in [
        ("rows", false),
        ("count", false),
        ("page", false),
        ("hand", false),
        ("hand-written", true),
        ("insert", true),
        ("delete", true),
    ] {
        let request = Request::get(format!("/{query}"))
            .body(Body::empty())
            .expect("a request");
        let response = app.clone().oneshot(request).await.expect("infallible");
        let refused = response
            .extensions()
            .get::<axum_db::Error>()
            .map(axum_db::Error::kind);
        assert_eq!(refused, writes.then_some(ErrorKind::ReadOnly), "{query}");
    }
}
