//! Many rows at once, and rows that may be there already.

use axum_db::ErrorKind;
use axum_db::prelude::*;

use super::fresh;
use super::records::user;
use super::relations::database;
use crate::links::*;
use crate::models::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_rows_are_written_in_one_transaction() {
    let test = fresh();
    let database = database(test.url()).await;
    let db = database.session();
    let rows = |range: std::ops::Range<i32>| {
        range.map(|number| match number % 2 {
            0 => NewLabel::new(format!("{number}")),
            _ => NewLabel::new(format!("{number}")).colour("red"),
        })
    };
    assert_eq!(
        NewLabel::insert_all([], &db).await.expect("nothing to do"),
        0
    );
    // More than one statement takes.
    let written = NewLabel::insert_all(rows(0..2500), &db).await;
    assert_eq!(written.expect("rows"), 2500);
    assert_eq!(Label::query().row_count(&db).await.expect("a count"), 2500);
    let default = Label::query().filter(labels::name.eq("4")).one(&db).await;
    assert_eq!(default.expect("a row").colour, "grey");
    let given = Label::query().filter(labels::name.eq("5")).one(&db).await;
    assert_eq!(given.expect("a row").colour, "red");
    let other = Label::query().row_count(&database.session()).await;
    assert_eq!(other.expect("a count"), 0, "not committed yet");
    db.rollback().await.expect("a rollback");

    // One bad row, and nothing is written.
    let refused = NewLabel::insert_all(rows(0..1500).chain(rows(7..8)), &db).await;
    let refused = refused.expect_err("the last is there already");
    assert_eq!(refused.kind(), ErrorKind::UniqueViolation);
    assert_eq!(
        db.commit().await.expect_err("it failed").kind(),
        ErrorKind::Aborted
    );
    assert_eq!(Label::query().row_count(&db).await.expect("a count"), 0);

    // Values that need care, NULL, and a key that is given.
    let hostile = "'; DROP TABLE settings; -- \\ \" ☆";
    let settings = [
        NewSetting::new("a"),
        NewSetting::new("b").value(hostile).version(3),
    ];
    NewSetting::insert_all(settings, &db).await.expect("rows");
    db.commit().await.expect("a commit");
    let b = Setting::find("b").one(&db).await.expect("a row");
    assert_eq!((b.value.as_deref(), b.version), (Some(hostile), 3));
    let a = Setting::find("a").one(&db).await.expect("a row");
    assert_eq!((a.value, a.version), (None, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_is_there_is_left_alone() {
    let test = fresh();
    let database = database(test.url()).await;
    let db = database.session();
    let rust = NewLabel::new("rust").insert_or_ignore(&db).await;
    let rust = rust.expect("no error").expect("a new row");
    let again = NewLabel::new("rust").colour("red").insert_or_ignore(&db);
    assert_eq!(again.await.expect("no error"), None);
    assert_eq!(Label::find(rust.id).one(&db).await.expect("it"), rust);
    let setting = NewSetting::new("theme").value("dark");
    let setting = setting.insert_or_ignore(&db).await.expect("no error");
    assert!(setting.is_some(), "a key that is given");
    let setting = NewSetting::new("theme").insert_or_ignore(&db).await;
    assert_eq!(setting.expect("no error"), None);
    // The transaction goes on, and other refusals are errors.
    db.commit().await.expect("a commit");
    let orphan = NewLabelling::new(99, rust.id).insert_or_ignore(&db).await;
    assert_eq!(
        orphan.expect_err("no such post").kind(),
        ErrorKind::ForeignKeyViolation
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_is_there_is_updated() {
    let test = fresh();
    let database = database(test.url()).await;
    let db = database.session();
    let first = NewLabel::new("rust").colour("red");
    let first = first
        .on_conflict(labels::name)
        .update(labels::colour, &db)
        .await
        .expect("a new row");
    assert_eq!(first.colour, "red");
    let bystander = NewLabel::new("axum").insert(&db).await.expect("a row");
    let second = NewLabel::new("rust").colour("blue");
    let second = second
        .on_conflict(labels::name)
        .update(labels::colour, &db)
        .await
        .expect("the same row");
    assert_eq!((second.id, &*second.colour), (first.id, "blue"));
    let same = NewLabel::new("rust").colour("blue");
    let same = same.on_conflict(labels::name).update(labels::colour, &db);
    assert_eq!(same.await.expect("nothing to change"), second);
    assert_eq!(
        Label::find(bystander.id).one(&db).await.expect("it"),
        bystander
    );

    // By a key that is given, several columns, NULL among the values; the others keep theirs.
    let setting = NewSetting::new("theme").value("dark").version(2);
    setting.insert(&db).await.expect("a row");
    let setting = NewSetting::new("theme").version(3);
    let setting = setting
        .on_conflict(settings::name)
        .update((settings::value, settings::version), &db)
        .await
        .expect("the same row");
    assert_eq!((setting.value, setting.version), (None, 3));
    let setting = NewSetting::new("theme").value("light");
    let setting = setting
        .on_conflict(settings::name)
        .update(settings::value, &db)
        .await
        .expect("the same row");
    assert_eq!(
        (setting.value.as_deref(), setting.version),
        (Some("light"), 3)
    );

    // By a key of two columns.
    for token in [vec![1], vec![2]] {
        let account = NewAccount::new("hub", 42, "ann").token(token.clone());
        let account = account
            .on_conflict((accounts::provider, accounts::number))
            .update(accounts::token, &db)
            .await
            .expect("a row");
        assert_eq!(account.token, Some(token));
    }
    assert_eq!(Account::query().row_count(&db).await.expect("a count"), 1);

    // By columns that are unique together.
    for guest in ["ann", "bob"] {
        let seat = NewSeat::new("red", 7, guest);
        let seat = seat
            .on_conflict((seats::room, seats::number))
            .update(seats::guest, &db)
            .await
            .expect("a row");
        assert_eq!((seat.id, &*seat.guest), (1, guest));
    }
    db.commit().await.expect("a commit");

    // The row in the way is another one: nothing is changed.
    let taken = NewAccount::new("hub", 43, "ann").token(vec![3]);
    let taken = taken
        .on_conflict((accounts::provider, accounts::number))
        .update(accounts::token, &db)
        .await
        .expect_err("that handle belongs to 42");
    assert_eq!(taken.kind(), ErrorKind::UniqueViolation);
    db.rollback().await.expect("a rollback");
    let account = Account::find(("hub".to_owned(), 42)).one(&db).await;
    assert_eq!(account.expect("it").token, Some(vec![2]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn upserts_of_one_row_at_a_time_leave_one_row() {
    let test = fresh();
    let database = database(test.url()).await;
    let tasks: Vec<_> = (0..16)
        .map(|number| {
            let db = database.session();
            tokio::spawn(async move {
                let setting = NewSetting::new("counter").version(number);
                let written = setting
                    .on_conflict(settings::name)
                    .update(settings::version, &db)
                    .await?;
                assert_eq!(written.version, number);
                db.commit().await
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("no panic").expect("no conflict is seen");
    }
    let db = database.session();
    assert_eq!(Setting::query().row_count(&db).await.expect("a count"), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queries_update_and_delete_many_rows() {
    let test = fresh();
    let db = database(test.url()).await.session();
    let ann = user(&db, "ann").await;
    let rows = (0..10).map(|number| NewPost::new(format!("{number}"), "…", ann.id));
    NewPost::insert_all(rows, &db).await.expect("rows");
    let some = posts::table.filter(posts::title.lt("4"));
    let changed = diesel::update(some).set(posts::content.eq("new")).run(&db);
    assert_eq!(changed.await.expect("changed"), 4);
    let new = ann.posts().filter(posts::content.eq("new"));
    assert_eq!(new.row_count(&db).await.expect("a count"), 4);
    let gone = diesel::delete(posts::table.filter(posts::content.eq("new")));
    assert_eq!(gone.run(&db).await.expect("deleted"), 4);
    assert_eq!(ann.posts().row_count(&db).await.expect("a count"), 6);
}
