//! The models of the tests: the ones at the top of the design, and one for each thing `#[model]` can say.

use axum_db::prelude::*;

#[model]
#[derive(Debug, Clone)]
pub struct User {
    #[model(primary_key)]
    pub id: i32,
    #[model(unique, length = 20)]
    pub username: String,
    #[model(unique, length = 120)]
    pub email: String,
    #[model(default = "default.jpg")]
    pub image_file: String,
    pub password_hash: String,
}

#[model]
#[derive(Debug, Clone, PartialEq)]
pub struct Post {
    #[model(primary_key)]
    pub id: i32,
    #[model(length = 100)]
    pub title: String,
    #[model(default = now)]
    pub date_posted: chrono::NaiveDateTime,
    pub content: String,
    #[model(references = User, on_delete = cascade, index, relation = author, backref = posts)]
    pub user_id: i32,
}

/// Two keys to one model, one of them optional, in a module of its own.
pub(crate) mod letters {
    use axum_db::prelude::*;

    #[model]
    #[derive(Debug, Clone)]
    pub struct Letter {
        #[model(primary_key)]
        pub id: i64,
        #[model(references = super::User, on_delete = cascade, relation = sender, backref = sent)]
        pub sender_id: i32,
        #[model(references = super::User, on_delete = set_null, relation = recipient, backref = received)]
        pub recipient_id: Option<i32>,
        #[model(default = "")]
        pub body: String,
    }
}

/// A reference to itself, and a key from a third table.
#[model]
#[derive(Debug, Clone)]
pub struct Category {
    #[model(primary_key)]
    pub id: i32,
    #[model(unique)]
    pub name: String,
    #[model(references = Category, relation = parent, backref = children)]
    pub parent_id: Option<i32>,
}

/// A key of two columns, both of them references.
#[model]
#[derive(Debug, Clone)]
pub struct Filing {
    #[model(primary_key, references = Post, on_delete = cascade, relation = post)]
    pub post_id: i32,
    #[model(primary_key, references = Category, relation = category)]
    pub category_id: i32,
}

/// Every type, and names that Rust or Diesel keep for themselves.
#[model(table = "everything")]
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// A key of text.
    #[model(primary_key)]
    pub r#type: String,
    #[model(default = true)]
    pub table: bool,
    #[model(default = -7)]
    pub small: i16,
    #[model(default = 0)]
    pub big: i64,
    #[model(default = 0.5)]
    pub single: f32,
    #[model(default = 2.25)]
    pub everything: f64,
    pub bytes: Vec<u8>,
    #[model(default = now)]
    pub day: chrono::NaiveDate,
    #[model(default = now)]
    pub hour: chrono::NaiveTime,
    pub star: Option<String>,
    #[model(default = "it's \\ \"quoted\"")]
    pub quoted: Option<String>,
    #[model(sql_type = diesel::sql_types::Integer)]
    pub custom: i32,
}

/// Two tables that reference each other.
#[model]
#[derive(Debug, Clone)]
pub struct Team {
    #[model(primary_key)]
    pub id: i32,
    #[model(references = Player, no_join, relation = captain)]
    pub captain_id: Option<i32>,
}

#[model]
#[derive(Debug, Clone)]
pub struct Player {
    #[model(primary_key)]
    pub id: i32,
    #[model(references = Team, relation = team, backref = players)]
    pub team_id: i32,
}

/// A table of another database, with the name of one of the first.
pub(crate) mod analytics {
    use axum_db::prelude::*;

    #[derive(Debug)]
    pub struct Analytics;

    impl axum_db::Bind for Analytics {
        const NAME: &'static str = "analytics";
    }

    #[model(table = "users", bind = Analytics)]
    #[derive(Debug, Clone)]
    pub struct Visitor {
        #[model(primary_key)]
        pub id: i32,
        #[model(length = 80)]
        pub agent: String,
    }
}

/// A reference to a model of another crate.
#[model]
#[derive(Debug, Clone)]
pub struct Pet {
    #[model(primary_key)]
    pub id: i32,
    #[model(references = people::Person, on_delete = cascade, index, relation = owner)]
    pub owner_id: i32,
    #[model(length = 40)]
    pub name: String,
}
