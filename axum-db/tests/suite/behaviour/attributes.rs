//! What a model says of its table beyond types is what the table does.

use axum_db::model::Deferrable;
use axum_db::prelude::*;
use axum_db::{Backend, Dialect, ErrorKind, metadata};

use super::{Engine, fresh};
use crate::attributes::*;

type Db = axum_db::Db<Engine>;

const DIALECT: Dialect = <Engine as Backend>::DIALECT;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_database_works_out_fills_in_and_refuses() {
    let test = fresh();
    let database = Db::connect(test.url()).await.expect("a database");
    let metadata = metadata![Ware, Place, Country];
    for _ in 0..2 {
        database.create_all(&metadata).await.expect("tables");
    }
    let db = database.session();

    let mut ware = NewWare::new(1, 7, "Desk", 70)
        .price(12)
        .insert(&db)
        .await
        .expect("a ware");
    assert_eq!((ware.twice, ware.more, &*ware.note), (24, Some(13), "none"));
    ware.price = 20;
    ware.note = "solid".into();
    ware.save(&db).await.expect("saved");
    let ware = Ware::find((1, 7)).one(&db).await.expect("the ware");
    assert_eq!(
        (ware.twice, ware.more, &*ware.note),
        (40, Some(21), "solid")
    );
    diesel::update(wares::table)
        .set(&Ware { price: 21, ..ware })
        .run(&db)
        .await
        .expect("a changeset has no computed column");
    let drawers = [8, 9].map(|number| {
        let drawer = NewWare::new(1, number, format!("Drawer {number}"), number);
        drawer.part_of(7)
    });
    assert_eq!(NewWare::insert_all(drawers, &db).await.expect("rows"), 2);

    // A unique index tells which row is meant, as a unique constraint does.
    let again = NewWare::new(2, 1, "Shelf", 70).on_conflict(wares::code);
    let again = again.update(wares::label, &db).await.expect("an upsert");
    assert_eq!((again.number, &*again.label, again.twice), (7, "Shelf", 42));
    db.commit().await.expect("a commit");

    let refused = NewWare::new(1, 10, "Lamp", 70).insert(&db).await;
    assert!(refused.is_err_and(|error| error.violates_unique("wares", &["code"])));
    db.rollback().await.expect("a rollback");
    let refused = NewWare::new(1, 10, "Lamp", 10).price(-1).insert(&db).await;
    let kind = refused.map_err(|error| error.kind()).map(|_| ());
    assert_eq!(kind, Err(ErrorKind::CheckViolation));
    db.rollback().await.expect("a rollback");
    let refused = NewWare::new(2, 1, "Lamp", 10).part_of(7).insert(&db).await;
    let kind = refused.map_err(|error| error.kind()).map(|_| ());
    assert_eq!(kind, Err(ErrorKind::ForeignKeyViolation));
    db.rollback().await.expect("a rollback");

    // The composite key cascades.
    let desk = Ware::find((1, 7)).one(&db).await.expect("the ware");
    desk.delete(&db).await.expect("deleted");
    assert!(!Ware::query().exists(&db).await.expect("an answer"));
    db.commit().await.expect("a commit");
    drop(db);
    database.drop_all(&metadata).await.expect("dropped");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_numbered_as_the_model_says_and_checked_when_it_says() {
    let test = fresh();
    let database = Db::connect(test.url()).await.expect("a database");
    let tables = metadata![Place, Country];
    database.create_all(&tables).await.expect("tables");
    let db = database.session();

    let country = NewCountry::new(49, "Germany").insert(&db).await;
    assert_eq!(country.expect("a country").code, 49);

    let second = NewPlace::new(2).insert(&db).await.expect("a place");
    let first = NewPlace::new(1).next_id(second.id).insert(&db).await;
    let first = first.expect("a place");
    assert_eq!(first.next().one(&db).await.expect("the next").id, second.id);
    db.commit().await.expect("a commit");

    // A place that is not there yet, in the middle of a transaction.
    let place = tables
        .table("places")
        .expect("the table")
        .for_dialect(DIALECT);
    let deferred = place.foreign_keys[0].deferrable == Some(Deferrable::InitiallyDeferred);
    assert_eq!(deferred, DIALECT != Dialect::Mysql);
    let early = NewPlace::new(3).next_id(second.id + 3).insert(&db).await;
    if deferred {
        let early = early.expect("checked later");
        let late = NewPlace::new(4).insert(&db).await.expect("in time");
        assert_eq!(early.next_id, Some(late.id));
        db.commit().await.expect("a commit");
        NewPlace::new(5)
            .next_id(99)
            .insert(&db)
            .await
            .expect("checked later");
        let refused = db.commit().await.expect_err("there is no such place");
        assert_eq!(refused.kind(), ErrorKind::ForeignKeyViolation);
    } else {
        let refused = early.expect_err("there is no such place");
        assert_eq!(refused.kind(), ErrorKind::ForeignKeyViolation);
    }
    db.rollback().await.expect("a rollback");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_database_fills_a_row_in_altogether() {
    let test = fresh();
    let database = Db::connect(test.url()).await.expect("a database");
    let metadata = metadata![Turnstile, Draft, Preset];
    database.create_all(&metadata).await.expect("tables");
    let db = database.session();

    let first = NewTurnstile::new().insert(&db).await.expect("a turnstile");
    let more = [NewTurnstile::new(), NewTurnstile::new()];
    assert_eq!(NewTurnstile::insert_all(more, &db).await.expect("rows"), 2);
    let last = NewTurnstile::new()
        .insert_or_ignore(&db)
        .await
        .expect("a row");
    assert_eq!((first.id, last.map(|last| last.id)), (1, Some(4)));

    let draft = NewDraft::new().insert(&db).await.expect("a draft");
    assert_eq!((draft.id, &*draft.title), (1, "untitled"));

    let written = NewPreset::insert_all([NewPreset::new()], &db).await;
    assert_eq!(written.expect("a row"), 1);
    let preset = Preset::query().one(&db).await.expect("the preset");
    assert_eq!((&*preset.name, preset.level), ("main", 3));
    let again = NewPreset::insert_all([NewPreset::new()], &db).await;
    assert!(again.is_err_and(|error| error.is(ErrorKind::UniqueViolation)));
}
