//! Models among names that mean something else, and names that Rust or Diesel keep for themselves; and
//! the prelude among methods that it must not take over.

/// Nothing is imported, and everything is shadowed.
mod shadowed {
    #![allow(dead_code, non_camel_case_types)]

    struct Ok;
    struct Err;
    struct Some;
    struct None;
    struct Option;
    struct Result;
    struct String;
    struct Vec;
    struct Box;
    struct Self_;
    trait Into {}
    trait From {}
    trait Clone {}
    trait Default {}
    trait Send {}
    trait Sync {}
    trait Future {}
    trait Iterator {}
    mod axum_db {}
    mod chrono {}
    type i32_ = ::core::primitive::i32;

    /// Named like what the derive's code names.
    #[derive(::axum_db::DbEnum, Debug, Clone, PartialEq)]
    pub enum Text {
        Backend,
        r#Type,
        Some,
    }

    #[::axum_db::model(
        unique(r#type, new),
        index(matches, name = "r#"),
        check = "matches IN (TRUE, FALSE)"
    )]
    pub(super) struct Match {
        #[model(primary_key)]
        pub(super) id: i32_alias::i32,
        pub(super) r#type: ::std::string::String,
        pub(super) r#where: ::std::option::Option<::std::string::String>,
        #[model(default = "x")]
        pub(super) table: ::std::string::String,
        #[model(default = now)]
        pub(super) columns: ::chrono::NaiveDateTime,
        pub(super) matches: bool,
        #[model(db_enum, default = Text::Backend)]
        pub(super) text: ::std::option::Option<self::Text>,
        #[model(default = ::core::convert::identity(i32_alias::i32::MAX))]
        pub(super) r#match: i32_alias::i32,
        pub(super) insert: ::std::option::Option<::core::primitive::bool>,
        #[model(references = Match, relation = r#yield, backref = r#loop)]
        pub(super) new: ::std::option::Option<i32_alias::i32>,
    }

    mod i32_alias {
        pub(super) use ::core::primitive::i32;
    }
}

/// Its table has the name of a keyword.
mod keyword {
    #[::axum_db::model(table = "gen")]
    pub(super) struct Gen {
        #[model(primary_key)]
        pub(super) id: i32,
    }
}

#[test]
fn a_table_may_be_called_as_a_keyword() {
    let table = <keyword::Gen as axum_db::model::Model>::TABLE;
    assert_eq!((table, keyword::Gen { id: 1 }.id), ("gen", 1));
}

/// In the body of a function, without a module of its own.
#[cfg(feature = "sqlite")]
#[tokio::test]
async fn models_live_anywhere() {
    use axum_db::prelude::*;
    use shadowed::{Match, NewMatch, matches};

    let database = axum_db::Db::<axum_db::Sqlite>::connect("sqlite://:memory:")
        .await
        .expect("a database");
    database
        .create_all(&axum_db::metadata![Match])
        .await
        .expect("a table");
    let db = database.session();
    let row = NewMatch::new("t", true)
        .r#where("w")
        .insert(&db)
        .await
        .expect("a row");
    assert_eq!(
        (&*row.r#type, row.r#where.as_deref(), &*row.table),
        ("t", Some("w"), "x")
    );
    assert_eq!(row.text, Some(shadowed::Text::Backend));
    assert_eq!(row.r#match, i32::MAX);
    assert!(row.matches && row.insert.is_none() && row.columns.and_utc().timestamp() > 0);
    assert!(
        row.r#yield()
            .one_or_none(&db)
            .await
            .expect("none")
            .is_none()
    );
    assert!(!row.r#loop().exists(&db).await.expect("none"));
    let found = Match::query()
        .filter(matches::type_.eq("t"))
        .filter(matches::matches_)
        .exists(&db)
        .await;
    assert!(found.expect("the row"));
}

/// The prelude's methods are for queries: none of these may become one of them.
#[test]
fn the_prelude_takes_over_no_method() {
    #[allow(unused_imports)]
    use axum_db::prelude::*;
    use std::collections::{BTreeMap, HashSet};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    let mut list = vec![3, 1, 2];
    list.insert(0, 4);
    assert_eq!(list.first(), Some(&4));
    assert!(list.iter().all(|n| *n > 0));
    assert!(list.iter().copied().filter(|n| *n > 1).count() == 3);
    assert_eq!(list.iter().find(|n| **n == 1), Some(&1));
    let flag = Arc::new(AtomicBool::new(true));
    assert!(flag.load(Ordering::Relaxed));
    let mut map = BTreeMap::new();
    map.insert("a", 1);
    assert_eq!(map.first_key_value(), Some((&"a", &1)));
    assert!(HashSet::from([1]).insert(2));
    assert_eq!(Some(1).filter(|n| *n == 1).or(None), Some(1));
}
