//! Enums, rules over several columns and portable types, from version to version and back, on every engine.

use axum_db::{Metadata, metadata};

use crate::on_every_engine;
use crate::support::{Project, Tested};

on_every_engine!(
    enums_rules_and_types_go_there_and_back,
    pending_revisions_use_what_those_before_them_add,
);

/// An enum of two values, and no rules.
mod v1 {
    use axum_db::prelude::*;

    #[derive(DbEnum, Debug, Clone)]
    pub enum Status {
        Draft,
        Published,
    }

    #[model]
    #[derive(Debug, Clone)]
    pub struct Article {
        #[model(primary_key)]
        pub id: i32,
        #[model(db_enum, default = Status::Draft)]
        pub status: Status,
        pub year: i32,
        pub number: i32,
        #[model(length = 40)]
        pub title: String,
    }
}

/// One value more, in the middle; rules; and a column of each type.
mod v2 {
    use axum_db::prelude::*;
    use axum_db::types::{Decimal, Json, UtcTime, Uuid};

    #[derive(DbEnum, Debug, Clone)]
    pub enum Status {
        Draft,
        #[db_enum(name = "it's \"in\" review")]
        InReview,
        Published,
    }

    #[derive(DbEnum, Debug, Clone)]
    #[db_enum(name = "Mood of the day")]
    pub enum Mood {
        Good,
        Bad,
    }

    #[model(
        unique(year, number),
        index(status, year),
        check = "year >= 1900",
        check(
            "number > 0 AND (status <> 'draft' OR year > 0)",
            name = "positive_check"
        )
    )]
    #[derive(Debug, Clone)]
    pub struct Article {
        #[model(primary_key)]
        pub id: i32,
        #[model(db_enum, default = Status::Draft)]
        pub status: Status,
        pub year: i32,
        #[model(check = "number <> 13")]
        pub number: i32,
        #[model(length = 40)]
        pub title: String,
        #[model(db_enum)]
        pub mood: Option<Mood>,
        #[model(unique)]
        pub code: Option<Uuid>,
        #[model(default = now, index)]
        pub at: UtcTime,
        pub tags: Option<Json<Vec<String>>>,
        #[model(default = -1.50)]
        pub balance: Decimal,
        #[model(precision = 12, scale = 2, default = 9.90)]
        pub price: Decimal,
    }

    /// A key that is a UUID, and a reference to it.
    #[model]
    #[derive(Debug, Clone)]
    pub struct Device {
        #[model(primary_key, default = Uuid::now_v7())]
        pub id: Uuid,
        #[model(references = Device, on_delete = set_null)]
        pub parent_id: Option<Uuid>,
        #[model(db_enum, default = Mood::Bad)]
        pub mood: Mood,
    }
}

/// A new value that is the default at once, other conditions, and a rule with a name.
mod v3 {
    use axum_db::prelude::*;

    #[derive(DbEnum, Debug, Clone)]
    pub enum Status {
        Hidden,
        Draft,
        #[db_enum(name = "it's \"in\" review")]
        InReview,
        Published,
    }

    #[model(
        unique(number, year, name = "articles_number_first"),
        index(status, year, name = "articles_by_status"),
        check = "year >= 1800",
        check("number > -1", name = "positive_check")
    )]
    #[derive(Debug, Clone)]
    pub struct Article {
        #[model(primary_key)]
        pub id: i32,
        #[model(db_enum, default = Status::Hidden)]
        pub status: Status,
        pub year: i32,
        pub number: i32,
        #[model(length = 40, check = "title <> ''")]
        pub title: String,
    }
}

/// A value less, in another order; no rules.
mod v4 {
    use axum_db::prelude::*;

    #[derive(DbEnum, Debug, Clone)]
    pub enum Status {
        Published,
        Draft,
    }

    #[model]
    #[derive(Debug, Clone)]
    pub struct Article {
        #[model(primary_key)]
        pub id: i32,
        #[model(db_enum, default = Status::Draft)]
        pub status: Status,
        pub year: i32,
        pub number: i32,
        #[model(length = 40)]
        pub title: String,
    }
}

/// A text instead of the enum.
mod v5 {
    use axum_db::prelude::*;

    #[model]
    #[derive(Debug, Clone)]
    pub struct Article {
        #[model(primary_key)]
        pub id: i32,
        #[model(default = "draft", length = 40)]
        pub status: String,
        pub year: i32,
        pub number: i32,
        #[model(length = 40)]
        pub title: String,
    }
}

async fn enums_rules_and_types_go_there_and_back<B: Tested>() {
    let versions: [Metadata; 5] = [
        metadata![v1::Article],
        metadata![v2::Article, v2::Device],
        metadata![v3::Article, v2::Device],
        metadata![v4::Article],
        metadata![v5::Article],
    ];
    let project = Project::<B>::new().await;
    project.ok("init").await;
    let mut schemas = Vec::new();
    for (at, models) in versions.iter().enumerate() {
        schemas.push(schema(&project).await);
        let line = format!("migrate -m v{} --no-input --drop devices", at + 1);
        let line = match at {
            3 => line.as_str(),
            _ => line.trim_end_matches(" --drop devices"),
        };
        let text = done(&project, models, line).await;
        assert!(text.contains("Wrote "), "{text}");
        project.ok("upgrade").await;
        let text = done(&project, models, "migrate --no-input").await;
        assert!(text.starts_with("Nothing changed"), "v{}: {text}", at + 1);
        let text = done(&project, models, "check").await;
        assert_eq!(text, "Models, migrations and database agree.\n");
        if at == 0 {
            let sql = "INSERT INTO articles (status, year, number, title) VALUES ('published', 2000, 1, 'one')";
            project.execute(sql).await;
        }
        let sql = format!(
            "INSERT INTO articles (year, number, title) VALUES (2000, {}, 'x')",
            at + 2
        );
        if at != 2 {
            project.execute(&sql).await; // in v3 it would be hidden, which v4 has no more
        }
    }
    let rows = "SELECT CONCAT(number, ' ', status) AS value FROM articles ORDER BY number";
    let expected = ["1 published", "2 draft", "3 draft", "5 draft", "6 draft"];
    assert_eq!(project.rows(rows).await, expected);
    while let Some(before) = schemas.pop() {
        project.ok("downgrade --allow-data-loss").await;
        assert_eq!(schema(&project).await, before, "back to v{}", schemas.len());
        if !schemas.is_empty() {
            assert_eq!(project.rows(rows).await, expected);
        }
    }
    project.ok("upgrade").await;
    let text = done(&project, &versions[4], "check").await;
    assert_eq!(text, "Models, migrations and database agree.\n");
}

/// An enum of three values that come one revision before they are used; the later ones are in `late`.
mod late {
    use axum_db::prelude::*;

    #[derive(DbEnum, Debug, Clone)]
    pub enum Status {
        Hidden,
        Draft,
        #[db_enum(name = "it's \"in\" review")]
        InReview,
        Published,
    }

    #[model(
        index(status, year),
        check("status <> 'it''s \"in\" review'", name = "in_review_check")
    )]
    #[derive(Debug, Clone)]
    pub struct Article {
        #[model(primary_key)]
        pub id: i32,
        #[model(db_enum, default = Status::Hidden)]
        pub status: Status,
        pub year: i32,
        pub number: i32,
        #[model(length = 40)]
        pub title: String,
    }
}

/// The three values without a use of them.
mod early {
    use axum_db::prelude::*;

    #[model]
    #[derive(Debug, Clone)]
    pub struct Article {
        #[model(primary_key)]
        pub id: i32,
        #[model(db_enum, default = super::late::Status::Draft)]
        pub status: super::late::Status,
        pub year: i32,
        pub number: i32,
        #[model(length = 40)]
        pub title: String,
    }
}

/// Each revision is a transaction of its own when they run, and all are one where they are only tried.
async fn pending_revisions_use_what_those_before_them_add<B: Tested>() {
    let project = Project::<B>::new().await;
    project.ok("init").await;
    let versions: [Metadata; 4] = [
        metadata![v1::Article],
        metadata![early::Article],
        metadata![late::Article],
        metadata![v3::Article],
    ];
    for (at, models) in versions.iter().enumerate() {
        let text = done(&project, models, "migrate --no-input").await;
        assert!(text.contains("Wrote "), "{text}");
        assert_eq!(text.contains("The database does not have"), at > 0);
    }
    if B::DIALECT == axum_db::Dialect::Postgres {
        let second = project.migrations().join(&project.entries()[1]);
        let up = std::fs::read_to_string(second.join("up.sql")).expect("the second revision");
        assert!(up.contains("ADD VALUE 'hidden' BEFORE 'draft'"), "{up}");
    }
    let text = done(&project, &versions[3], "migrate --no-input").await;
    assert!(text.contains("Nothing changed"), "{text}");
    project.ok("upgrade").await;
    let text = done(&project, &versions[3], "check").await;
    assert_eq!(text, "Models, migrations and database agree.\n");
}

/// What two of the same server describe alike.
async fn schema<B: Tested>(project: &Project<B>) -> String {
    B::introspect(&mut project.connection().await)
        .await
        .expect("the schema")
        .hash()
}

async fn done<B: Tested>(project: &Project<B>, models: &Metadata, line: &str) -> String {
    match project.run(models, line).await {
        Ok((0, text)) => text,
        Ok((code, text)) => panic!("`{line}` exited with {code}:\n{text}"),
        Err(error) => panic!("`{line}` failed: {error:?}"),
    }
}
