//! Every public operation, dropped at each of its await points: the next user of the pool sees its own rows, no
//! lock stays, the session itself goes on, and what was not confirmed is done or undone whole.

use std::pin::Pin;
use std::time::Duration;

use axum_db::prelude::*;
use axum_db::{Access, Database, Error, Isolation};
use diesel_async::RunQueryDsl as _;

use super::relations::database;
use super::support::{CutOff, Db};
use super::{Engine, fresh};
use crate::links::*;
use crate::models::*;

/// Any of them can be spawned.
type Work = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

/// An operation on a session; the number is another one each time.
struct Operation {
    name: &'static str,
    work: fn(Database<Engine>, Db, i32) -> Work,
}

macro_rules! operations {
    ($(($name:literal, |$database:pat_param, $db:ident, $n:pat_param| $work:expr))*) => {[$(
        Operation {
            name: $name,
            work: |$database, $db, $n| Box::pin(async move {
                $work.await?;
                Ok(())
            }),
        },
    )*]};
}

fn page() -> Page {
    Page::new(1).with_per_page(2)
}

fn new_label(number: i32) -> NewLabel {
    NewLabel::new(format!("{number}"))
}

async fn first_label(db: &Db) -> Result<Label, Error> {
    Label::query()
        .order(labels::id.asc())
        .first_or_404(db)
        .await
}

fn operations() -> impl IntoIterator<Item = Operation> {
    operations! {
        ("all", |_, db, _| Label::query().all::<Label, _, _>(&db))
        ("one", |_, db, _| Label::find(1).one::<Label, _, _>(&db))
        ("first_or_404", |_, db, _| Label::query().first_or_404::<Label, _, _>(&db))
        ("row_count", |_, db, _| Label::query().row_count(&db))
        ("exists", |_, db, _| Label::query().exists(&db))
        ("paginate", |_, db, _| {
            Label::query().order(labels::id).paginate::<Label, _, _>(page(), &db)
        })
        ("paginate_uncounted", |_, db, _| {
            Label::query().order(labels::id).paginate_uncounted::<Label, _, _>(page(), &db)
        })
        ("preload", |_, db, _| async {
            let posts: Vec<Post> = Post::query().all(&db).await?;
            posts.preload(Post::AUTHOR, &db).await?.preload(Post::LABELS, &db).await
        })
        ("relation", |_, db, _| async {
            Post::find(1).one(&db).await?.author().one::<User, _, _>(&db).await
        })
        ("insert", |_, db, n| async {
            new_label(n).insert(&db).await?;
            db.commit().await
        })
        ("insert_all", |_, db, n| async {
            NewLabel::insert_all((0..1500).map(|at| new_label(n * 10_000 + at)), &db).await?;
            db.commit().await
        })
        ("insert_or_ignore", |_, db, n| async {
            new_label(n).insert_or_ignore(&db).await?;
            new_label(n).insert_or_ignore(&db).await?;
            db.commit().await
        })
        ("on_conflict", |_, db, n| async {
            for colour in ["red", "blue"] {
                let label = new_label(n).colour(colour).on_conflict(labels::name);
                label.update(labels::colour, &db).await?;
            }
            db.commit().await
        })
        ("save", |_, db, n| async {
            let mut label = first_label(&db).await?;
            label.colour = format!("{n}");
            label.save(&db).await?;
            db.commit().await
        })
        ("delete", |_, db, n| async {
            new_label(n).insert(&db).await?.delete(&db).await?;
            db.commit().await
        })
        ("link", |_, db, n| async {
            let post = Post::find(1).one(&db).await?;
            let label = new_label(n).insert(&db).await?;
            Labelling::link(&post, &label, &db).await?;
            Labelling::unlink(&post, &label, &db).await?;
            db.commit().await
        })
        ("run", |_, db, n| async {
            let first = diesel::update(labels::table.find(1));
            first.set(labels::colour.eq(format!("{n}"))).run(&db).await?;
            db.commit().await
        })
        ("sql_query", |_, db, _| async {
            diesel::sql_query("UPDATE labels SET colour = 'sql' WHERE id = 1").run(&db).await?;
            db.commit().await
        })
        ("immediate", |_, db, _| {
            let first = diesel::update(labels::table.find(1)).set(labels::colour.eq("now"));
            db.run(Access::Immediate, |conn| Box::pin(first.execute(conn)))
        })
        ("savepoint", |_, db, n| async {
            new_label(n).insert(&db).await?;
            let taken = db.savepoint(|db| async move { new_label(n).insert(&db).await }).await;
            assert!(taken.is_err());
            db.commit().await
        })
        ("retry", |_, db, n| db.retry(move |db| async move { new_label(n).insert(&db).await }))
        ("begin", |_, db, _| db.begin())
        ("begin_with", |_, db, _| db.begin_with(Isolation::Serializable))
        ("rollback", |_, db, n| async {
            new_label(n).insert(&db).await?;
            db.rollback().await
        })
        ("release", |_, db, _| async {
            first_label(&db).await?;
            db.release().await
        })
        ("conn", |_, db, n| async {
            let mut conn = db.conn().await?;
            let row = (labels::name.eq(format!("{n}")), labels::colour.eq("-"));
            diesel::insert_into(labels::table).values(row).execute(&mut *conn).await?;
            drop(conn);
            db.commit().await
        })
        ("two at once", |_, db, n| async {
            let (one, other) = tokio::join!(new_label(n).insert(&db), first_label(&db));
            one?;
            other?;
            db.commit().await
        })
        ("check", |database, _db, _| async move { database.check().await })
        ("create_all", |database, _db, _| async move {
            database.create_all(&axum_db::metadata![Label, Seat]).await
        })
        ("drop_all", |database, _db, _| async move {
            database.drop_all(&axum_db::metadata![Seat]).await?;
            database.create_all(&axum_db::metadata![Label, Seat]).await
        })
        ("reflect", |database, _db, _| async move { database.reflect().await })
        ("connect_dedicated", |database, _db, _| async move { database.connect_dedicated().await })
    }
}

/// Asks two others for their own answers, and writes where a lock left behind would be in the way.
async fn all_is_well(database: &Database<Engine>, name: &str, number: i32) {
    let until = tokio::time::Instant::now() + Duration::from_secs(20);
    loop {
        let attempt = async {
            let sessions = [database.session(), database.session()];
            for (db, answer) in sessions
                .iter()
                .zip([number + 1_000_000, number + 2_000_000])
            {
                let rows: Vec<i32> = labels::table
                    .find(1)
                    .select(labels::id + answer)
                    .all(db)
                    .await?;
                assert_eq!(rows, [answer + 1], "{name}");
            }
            let [db, _other] = sessions;
            diesel::update(labels::table)
                .set(labels::colour.eq("seen"))
                .run(&db)
                .await?;
            db.commit().await
        };
        match tokio::time::timeout(Duration::from_secs(5), attempt).await {
            Ok(Ok(())) => return,
            outcome => assert!(
                tokio::time::Instant::now() < until,
                "{name} {number}: {outcome:?}"
            ),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operation_may_be_dropped_at_any_time() {
    let test = fresh();
    drop(database(test.url()).await);
    let mut config = axum_db::Config::new(test.url());
    config.max_connections = 2;
    let database = Database::<Engine>::with_config(config).expect("a database");
    let db = database.session();
    let user = NewUser::new("ada", "a@x.org", "-")
        .insert(&db)
        .await
        .expect("a user");
    NewPost::new("First", "…", user.id)
        .insert(&db)
        .await
        .expect("a post");
    new_label(0).insert(&db).await.expect("a label");
    db.commit().await.expect("a commit");
    drop(db);
    let mut number = 0;
    for Operation { name, work } in operations() {
        for polls in 0.. {
            number += 1;
            let db = database.session();
            let outcome = CutOff::after(polls, work(database.clone(), db.clone(), number)).await;
            // The session itself goes on, if only after a rollback.
            let again = async {
                db.rollback().await?;
                new_label(-number).insert(&db).await?;
                db.rollback().await
            };
            let again = tokio::time::timeout(Duration::from_secs(20), again).await;
            assert!(matches!(again, Ok(Ok(()))), "{name} {polls}: {again:?}");
            drop(db);
            all_is_well(&database, name, number).await;
            if let Some(outcome) = outcome {
                assert!(outcome.is_ok(), "{name} {polls}: {outcome:?}");
                break;
            }
        }
        let rest = labels::table.filter(labels::id.gt(1));
        let db = database.session();
        diesel::delete(rest).run(&db).await.expect("deleted");
        db.commit().await.expect("a commit");
    }
}
