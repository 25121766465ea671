//! Enums, rules over several columns, and the types that are the same on every engine.

use axum_db::model::DbEnum;
use axum_db::prelude::*;
use axum_db::types::{Decimal, Json, UtcTime, Uuid};
use axum_db::{Backend, Database, Dialect, ErrorKind, Metadata, metadata};
use chrono::{NaiveDate, TimeDelta};
use serde_json::json;

use super::support::execute;
use super::{Engine, fresh};
use crate::typed::*;

type Db = axum_db::Db<Engine>;

fn all_models() -> Metadata {
    metadata![Article, MoodCount, Parcel, Stop]
}

async fn database(url: &str) -> Database<Engine> {
    let database = Db::connect(url).await.expect("a database");
    database.create_all(&all_models()).await.expect("tables");
    database
}

fn shape() -> Shape {
    let inner = Shape {
        name: "\u{1F980} \"quoted\" \\ \n'".into(),
        sides: vec![],
        inner: None,
    };
    Shape {
        name: String::new(),
        sides: vec![0, 255],
        inner: Some(Box::new(inner)),
    }
}

fn new_parcel() -> NewParcel {
    NewParcel::new(Json(shape()))
}

#[tokio::test]
async fn an_enum_is_written_read_and_asked_for() {
    let test = fresh();
    let db = database(test.url()).await.session();
    let first = NewArticle::new(2026, 1, "first")
        .insert(&db)
        .await
        .expect("a row");
    assert_eq!(
        (first.status, first.mood, first.before),
        (Status::Draft, None, Some(Mood::Good))
    );
    let second = NewArticle::new(2026, 2, "second")
        .status(Status::Published)
        .mood(Mood::Bad)
        .insert(&db)
        .await
        .expect("a row");
    assert_eq!(second.status.label(), "it's \"public\"");
    db.commit().await.expect("a commit");

    let published = Article::query().filter(articles::status.eq(Status::Published));
    assert_eq!(published.one(&db).await.expect("the second"), second);
    let listed = [Status::InReview, Status::Draft];
    let listed = Article::query().filter(articles::status.eq_any(listed));
    assert_eq!(listed.one(&db).await.expect("the first"), first);
    let moody = Article::query().filter(articles::mood.eq(Some(Mood::Bad)));
    assert_eq!(moody.row_count(&db).await.expect("a count"), 1);
    let calm = Article::query().filter(articles::mood.is_null());
    assert_eq!(calm.one(&db).await.expect("the first").id, first.id);
    let moods: Vec<(Status, Option<Mood>)> = Article::table()
        .select((articles::status, articles::mood))
        .order(articles::id)
        .all(&db)
        .await
        .expect("columns");
    assert_eq!(
        moods,
        [(Status::Draft, None), (Status::Published, Some(Mood::Bad))]
    );

    let mut first = first;
    first.status = Status::InReview;
    first.before = None;
    first.save(&db).await.expect("saved");
    diesel::update(Article::table().find(second.id))
        .set(articles::mood.eq(Mood::Good))
        .run(&db)
        .await
        .expect("an update");
    assert_eq!(Article::find(first.id).one(&db).await.expect("it"), first);

    // The database's own default, and an enum in a key.
    diesel::insert_into(Article::table())
        .values((
            articles::year.eq(1999),
            articles::number.eq(1),
            articles::title.eq("raw"),
        ))
        .run(&db)
        .await
        .expect("a row of defaults");
    let raw = Article::query().filter(articles::title.eq("raw"));
    let raw = raw.one(&db).await.expect("the row");
    assert_eq!((raw.status, raw.before), (Status::Draft, Some(Mood::Good)));
    NewMoodCount::new(Mood::Bad, raw.id, 7)
        .insert(&db)
        .await
        .expect("a count");
    let count = MoodCount::find((Mood::Bad, raw.id))
        .one(&db)
        .await
        .expect("it");
    assert_eq!(
        count.article().one(&db).await.expect("the article").id,
        raw.id
    );
    assert_eq!(raw.moods().one(&db).await.expect("the count"), count);
}

#[tokio::test]
async fn a_text_that_is_none_of_the_enums_is_refused() {
    let test = fresh();
    let database = database(test.url()).await;
    let db = database.session();
    let insert = "INSERT INTO articles (status, year, number, title) VALUES ('gone', 2000, 1, 'x')";
    let refused = execute(&db, insert).await.expect_err("no such status");
    if Engine::DIALECT == Dialect::Sqlite {
        assert_eq!(refused.kind(), ErrorKind::CheckViolation);
    }
    db.rollback().await.expect("a rollback");

    // A database that knows more than the program, as during a deployment.
    let more = match Engine::DIALECT {
        Dialect::Sqlite => "PRAGMA ignore_check_constraints = ON",
        Dialect::Postgres => "ALTER TYPE status ADD VALUE 'gone'",
        Dialect::Mysql => {
            "ALTER TABLE articles MODIFY status ENUM('draft', 'in_review', 'gone') NOT NULL DEFAULT 'draft'"
        }
    };
    execute(&db, more).await.expect("one more");
    if Engine::DIALECT != Dialect::Sqlite {
        db.commit().await.expect("a commit");
    }
    execute(&db, insert).await.expect("the row");
    let error = Article::query().one(&db).await.expect_err("unknown");
    assert_eq!(error.kind(), ErrorKind::Query);
    let cause = error.to_string();
    assert!(
        cause.contains("the enum `status`") && cause.contains("in_review"),
        "{cause}"
    );
    assert!(
        !format!("{error} {error:?} {cause}").contains("gone"),
        "{cause}"
    );
}

#[tokio::test]
async fn rules_over_several_columns_hold() {
    let test = fresh();
    let db = database(test.url()).await.session();
    let article = |year, number, title: &str| NewArticle::new(year, number, title);
    article(2000, 1, "one").insert(&db).await.expect("a row");
    article(2000, 2, "two")
        .insert(&db)
        .await
        .expect("another number");
    article(2001, 1, "three")
        .insert(&db)
        .await
        .expect("another year");
    db.commit().await.expect("a commit");

    let twice = article(2000, 1, "four")
        .insert(&db)
        .await
        .expect_err("twice");
    assert_eq!(twice.kind(), ErrorKind::UniqueViolation);
    assert!(twice.violates_unique("articles", &["year", "number"]));
    db.rollback().await.expect("a rollback");
    let named = article(2002, 1, "one")
        .insert(&db)
        .await
        .expect_err("twice");
    assert_eq!(named.kind(), ErrorKind::UniqueViolation);
    assert!(named.violates_unique("articles", &["status", "title"]));
    assert!(!named.violates_unique("articles", &["year", "number"]));
    db.rollback().await.expect("a rollback");
    for (year, number, title) in [
        (1899, 1, "x"),
        (2000, 0, "x"),
        (3000, 10, "x"),
        (2000, 9, ""),
        (2000, 9, ")"),
    ] {
        let refused = article(year, number, title)
            .insert(&db)
            .await
            .expect_err("checked");
        assert_eq!(
            refused.kind(),
            ErrorKind::CheckViolation,
            "{year} {number} {title}"
        );
        db.rollback().await.expect("a rollback");
    }
    article(3000, 9, "last")
        .insert(&db)
        .await
        .expect("within the rules");
}

#[tokio::test]
async fn enums_are_created_once_and_dropped_when_nobody_has_them() {
    let test = fresh();
    let database = database(test.url()).await;
    database
        .create_all(&all_models())
        .await
        .expect("nothing to do");
    let counts = metadata![Article, MoodCount];
    let counts = counts.tables().iter().map(|table| {
        let mut table = table.clone();
        if table.name == "articles" {
            table.name = "nothing".into();
        }
        for key in &mut table.foreign_keys {
            key.table = "nothing".into();
        }
        table
    });
    let counts = Metadata::new(counts);
    // The articles still have the enum of the counts.
    database.drop_all(&counts).await.expect("dropped");
    database
        .create_all(&all_models())
        .await
        .expect("created anew");
    let db = database.session();
    NewArticle::new(2026, 1, "again")
        .mood(Mood::Good)
        .insert(&db)
        .await
        .expect("connections know the new types");
    db.commit().await.expect("a commit");
    drop(db);

    database.drop_all(&all_models()).await.expect("dropped");
    database
        .drop_all(&all_models())
        .await
        .expect("nothing left");
    database
        .create_all(&all_models())
        .await
        .expect("created anew");
    assert!(
        !Article::query()
            .exists(&database.session())
            .await
            .expect("no rows")
    );
}

#[tokio::test]
async fn a_uuid_is_a_key_a_reference_and_in_order() {
    let test = fresh();
    let db = database(test.url()).await.session();
    let outer = new_parcel().insert(&db).await.expect("a row");
    let inner = new_parcel()
        .outer_id(outer.id)
        .insert(&db)
        .await
        .expect("a row");
    assert_eq!(inner.id.get_version_num(), 7);
    assert_eq!(Parcel::find(inner.id).one(&db).await.expect("it"), inner);
    assert_eq!(
        inner.outer().one(&db).await.expect("the outer").id,
        outer.id
    );
    assert_eq!(
        outer.within().one(&db).await.expect("the inner").id,
        inner.id
    );

    let mut ids = vec![outer.id, inner.id];
    for byte in [0, 0x7f, 0x80, 0xff] {
        let id = Uuid::from(uuid::Uuid::from_bytes([byte; 16]));
        ids.push(id);
        new_parcel().id(id).insert(&db).await.expect("a row");
    }
    ids.sort();
    let found: Vec<Uuid> = Parcel::table()
        .select(parcels::id)
        .order(parcels::id)
        .all(&db)
        .await
        .expect("ids");
    assert_eq!(found, ids);
    let some = Parcel::query().filter(parcels::id.eq_any(&ids[..2]));
    assert_eq!(some.row_count(&db).await.expect("a count"), 2);

    let at = UtcTime::now();
    let stop = NewStop::new(outer.id, at, Uuid::new_v4())
        .insert(&db)
        .await
        .expect("a stop");
    assert_eq!(Stop::find((outer.id, at)).one(&db).await.expect("it"), stop);
    assert_eq!(
        stop.parcel().one(&db).await.expect("the parcel").id,
        outer.id
    );
    let joined: (Parcel, Stop) = parcels::table
        .inner_join(stops::table)
        .select((Parcel::as_select(), Stop::as_select()))
        .one(&db)
        .await
        .expect("a join");
    assert_eq!(joined.1, stop);
    db.commit().await.expect("a commit");
    let twice = NewStop::new(inner.id, at, stop.code)
        .insert(&db)
        .await
        .expect_err("twice");
    assert!(twice.violates_unique("stops", &["code"]));
    db.rollback().await.expect("a rollback");
    let orphan = NewStop::new(Uuid::nil(), at, Uuid::new_v4());
    outer.delete(&db).await.expect("deleted");
    assert!(
        !Stop::query()
            .exists(&db)
            .await
            .expect("gone with its parcel")
    );
    assert_eq!(
        Parcel::find(inner.id).one(&db).await.expect("it").outer_id,
        None
    );
    Parcel::find(Uuid::nil())
        .one(&db)
        .await
        .expect("all zeros is a key like others")
        .delete(&db)
        .await
        .expect("deleted");
    assert_eq!(
        orphan.insert(&db).await.expect_err("no parcel").kind(),
        ErrorKind::ForeignKeyViolation
    );
}

#[tokio::test]
async fn a_time_keeps_its_microseconds_from_the_year_1_to_9999() {
    let test = fresh();
    let db = database(test.url()).await.session();
    let at = |year, month, day, micros: i64| -> UtcTime {
        let day = NaiveDate::from_ymd_opt(year, month, day).expect("a day");
        let time = day.and_hms_opt(0, 0, 0).expect("midnight").and_utc();
        (time + TimeDelta::microseconds(micros)).into()
    };
    let end = 24 * 3600 * 1_000_000;
    let times = [
        at(1, 1, 1, 0),
        at(999, 12, 31, 1),
        at(1969, 12, 31, end - 1),
        at(1970, 1, 1, 0),
        at(2000, 2, 29, 500_000),
        at(2000, 2, 29, 500_001),
        at(2038, 1, 20, 10),
        at(9999, 12, 31, end - 1),
    ];
    for time in times.iter().rev() {
        let parcel = new_parcel()
            .at(*time)
            .then(*time)
            .insert(&db)
            .await
            .expect("a row");
        assert_eq!((parcel.at, parcel.then), (*time, Some(*time)));
        assert_eq!(Parcel::find(parcel.id).one(&db).await.expect("it"), parcel);
        let same = Parcel::query().filter(parcels::then.eq(*time));
        assert_eq!(same.one(&db).await.expect("equal").id, parcel.id, "{time}");
    }
    let found: Vec<UtcTime> = Parcel::table()
        .select(parcels::at)
        .order(parcels::at)
        .all(&db)
        .await
        .expect("times");
    assert_eq!(found, times);
    let later = Parcel::query().filter(parcels::at.gt(times[4]));
    assert_eq!(later.row_count(&db).await.expect("a count"), 3);
    let last: Option<UtcTime> = Parcel::table()
        .select(diesel::dsl::max(parcels::at))
        .one(&db)
        .await
        .expect("the last");
    assert_eq!(last, Some(times[7]));

    // What is finer is cut off when the value is made, so that it equals what comes back.
    let fine = chrono::DateTime::from_timestamp(7, 123_456_999).expect("a time");
    let parcel = new_parcel()
        .at(fine.into())
        .insert(&db)
        .await
        .expect("a row");
    assert_eq!(parcel.at.timestamp_subsec_nanos(), 123_456_000);
    db.commit().await.expect("a commit");
    for year in [0, 10_000] {
        let refused = new_parcel()
            .at(at(year, 6, 1, 0))
            .insert(&db)
            .await
            .expect_err("too far");
        let cause = refused.to_string();
        assert!(cause.contains("years 1 to 9999"), "{cause}");
        db.rollback().await.expect("a rollback");
    }
}

#[tokio::test]
async fn the_default_time_is_now_in_utc() {
    let test = fresh();
    let db = database(test.url()).await.session();
    let parcel = new_parcel().insert(&db).await.expect("a row");
    let sql = match Engine::DIALECT {
        Dialect::Sqlite => {
            "INSERT INTO parcels (id, shape) VALUES (randomblob(16), '{\"name\":\"raw\",\"sides\":[],\"inner\":null}')"
        }
        Dialect::Postgres => {
            "INSERT INTO parcels (id, shape) VALUES (gen_random_uuid(), '{\"name\":\"raw\",\"sides\":[],\"inner\":null}')"
        }
        Dialect::Mysql => {
            "INSERT INTO parcels (id, shape) VALUES (UNHEX(REPLACE(UUID(), '-', '')), '{\"name\":\"raw\",\"sides\":[],\"inner\":null}')"
        }
    };
    execute(&db, sql).await.expect("a row");
    let raw = Parcel::query()
        .filter(parcels::id.ne(parcel.id))
        .one(&db)
        .await
        .expect("it");
    let apart = raw.at - parcel.at;
    assert!(apart.abs() < TimeDelta::minutes(1), "{apart}");
    assert_eq!(raw.shape.name, "raw");
    assert_eq!((raw.free, raw.price), (parcel.free, parcel.price));
    // Times of both origins compare by time.
    let none_later = Parcel::query().filter(parcels::at.gt(UtcTime::now() + TimeDelta::hours(1)));
    assert!(!none_later.exists(&db).await.expect("none"));
}

#[tokio::test]
async fn json_comes_back_as_it_went() {
    let test = fresh();
    let db = database(test.url()).await.session();
    let anything = [
        json!(null),
        json!(true),
        json!("text with \u{1F980}, 'quotes', \"these\" and \\"),
        json!(1.0),
        json!(-0.5e-7),
        json!(u64::MAX),
        json!(i64::MIN),
        json!([]),
        json!({}),
        json!({"b": [1, {"a": null, "é": "\u{7f}"}], "a": {"": [[[]]]}}),
        json!("123"),
        json!("x".repeat(70_000)),
    ];
    for value in anything {
        let parcel = new_parcel()
            .anything(Json(value.clone()))
            .insert(&db)
            .await
            .expect("a row");
        assert_eq!(parcel.shape.0, shape());
        let found = Parcel::find(parcel.id).one(&db).await.expect("it");
        assert_eq!(found.anything.expect("a value").0, value);
    }
    let mut parcel = new_parcel().insert(&db).await.expect("a row");
    assert_eq!(parcel.anything, None);
    parcel.shape.sides.push(7);
    parcel.anything = Some(Json(json!([1])));
    parcel.save(&db).await.expect("saved");
    assert_eq!(Parcel::find(parcel.id).one(&db).await.expect("it"), parcel);
    let none = Parcel::query().filter(parcels::anything.is_null());
    assert_eq!(none.row_count(&db).await.expect("a count"), 0);

    let sql = "UPDATE parcels SET shape = '{\"secret\": 1}'";
    execute(&db, sql).await.expect("another shape");
    let error = Parcel::find(parcel.id)
        .one(&db)
        .await
        .expect_err("no shape");
    let cause = error.to_string();
    assert!(
        cause.contains("Shape") && !cause.contains("secret"),
        "{cause}"
    );
}

#[tokio::test]
async fn a_decimal_is_exact() {
    let test = fresh();
    let db = database(test.url()).await.session();
    let numbers = [
        "0",
        "-0.00",
        "1",
        "-1",
        "0.1",
        "1.50",
        "-12.3400",
        "0.0001",
        "0.00012",
        "9999",
        "10000",
        "10000.0001",
        "123456789.987654321",
        "100000000000000000000",
        "0.0000000000000000000000000001",
        "79228162514264337593543950335",
        "-79228162514264337593543950335",
        "7.9228162514264337593543950335",
        "12345678901234567890.12345678",
    ];
    for text in numbers {
        let number: Decimal = text.parse().expect("a number");
        let parcel = new_parcel()
            .free(number)
            .weight(number)
            .insert(&db)
            .await
            .expect("a row");
        assert_eq!(parcel.free, number, "{text}");
        assert_eq!(parcel.free.to_string(), number.to_string(), "{text}");
        let same = Parcel::query()
            .filter(parcels::id.eq(parcel.id))
            .filter(parcels::weight.eq(number));
        assert_eq!(
            same.one(&db).await.expect("equal").weight,
            Some(number),
            "{text}"
        );
        parcel.delete(&db).await.expect("deleted");
    }
    let parcel = new_parcel().insert(&db).await.expect("a row");
    assert_eq!(
        (parcel.free, parcel.price, parcel.weight),
        (Decimal::new(-5, 1), Decimal::new(99, 1), None)
    );
    assert_eq!(format!("{:.2}", parcel.price), "9.90");
    new_parcel()
        .price(Decimal::new(123_456_789_012, 2))
        .insert(&db)
        .await
        .expect("twelve digits");
    if Engine::DIALECT != Dialect::Sqlite {
        let cheap = Parcel::query().filter(parcels::price.lt(Decimal::from(10)));
        assert_eq!(cheap.one(&db).await.expect("the cheap one").id, parcel.id);
        let sum: Option<Decimal> = Parcel::table()
            .select(diesel::dsl::sum(parcels::price))
            .one(&db)
            .await
            .expect("a sum");
        assert_eq!(sum, Some(Decimal::new(123_456_790_002, 2)));
        diesel::update(Parcel::table().find(parcel.id))
            .set(parcels::price.eq(parcels::price + Decimal::new(1, 2)))
            .run(&db)
            .await
            .expect("an update");
        let price = Parcel::find(parcel.id).one(&db).await.expect("it").price;
        assert_eq!(price, Decimal::new(991, 2));
        db.commit().await.expect("a commit");
        let too_big = new_parcel()
            .price(Decimal::new(1_234_567_890_123, 2))
            .insert(&db)
            .await;
        too_big.expect_err("thirteen digits");
    }
}

#[tokio::test]
async fn a_value_that_cannot_be_sent_is_the_visitors_and_costs_no_more_than_its_savepoint() {
    let test = fresh();
    let db = database(test.url()).await.session();
    NewArticle::new(2026, 1, "kept")
        .insert(&db)
        .await
        .expect("a row");
    let since: UtcTime = "0000-01-01T00:00:00Z".parse().expect("a time");
    let refused = db
        .savepoint(async |db: Db| Stop::query().filter(stops::at.gt(since)).all(&db).await)
        .await;
    let error = refused.expect_err("no engine has the year 0");
    assert_eq!(error.kind(), ErrorKind::InvalidValue, "{error}");
    db.commit().await.expect("the rest stands");
    assert_eq!(Article::query().row_count(&db).await.expect("a count"), 1);
}
