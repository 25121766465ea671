use axum_db::prelude::*;

#[model(index(title(dessc)))]
pub struct UnknownKeyOption {
    #[model(primary_key)]
    pub id: i32,
    pub title: String,
}

#[model(index(title, wher = "id > 1"))]
pub struct UnknownIndexOption {
    #[model(primary_key)]
    pub id: i32,
    pub title: String,
}

#[model(index(expr(lower)))]
pub struct ExpressionWithoutQuotes {
    #[model(primary_key)]
    pub id: i32,
    pub title: String,
}

#[model(index(title), index(title, where = "id > 1"))]
pub struct TwoOfOneName {
    #[model(primary_key)]
    pub id: i32,
    pub title: String,
}

#[model(index(title, include(bdoy)))]
pub struct IncludesUnknown {
    #[model(primary_key)]
    pub id: i32,
    pub title: String,
}

#[model(mysql(index(title, where = "id > 1")))]
pub struct PartialOnMysql {
    #[model(primary_key)]
    pub id: i32,
    pub title: String,
}

#[model(postgres(index(title, using = "fulltext")))]
pub struct FulltextOnPostgres {
    #[model(primary_key)]
    pub id: i32,
    pub title: String,
}

#[model(strict)]
pub struct StrictEverywhere {
    #[model(primary_key)]
    pub id: i32,
    pub title: String,
}

#[model(postgres(table = "x"))]
pub struct TableOfOneEngine {
    #[model(primary_key)]
    pub id: i32,
    pub title: String,
}

#[model(schema = "my-schema")]
pub struct NotAnIdentifier {
    #[model(primary_key)]
    pub id: i32,
    pub title: String,
}

#[model(primary_key(id, titel))]
pub struct KeyOfUnknown {
    pub id: i32,
    pub title: String,
}

#[model(primary_key(id))]
pub struct KeySaidTwice {
    #[model(primary_key)]
    pub id: i32,
    pub title: String,
}

#[model(foreign_key(id, title))]
pub struct KeyToNobody {
    #[model(primary_key)]
    pub id: i32,
    pub title: String,
}

#[model(foreign_key(id, title, references = KeyToNobody, to(id)))]
pub struct KeyToFewer {
    #[model(primary_key)]
    pub id: i32,
    pub title: String,
}

#[model(foreign_key(id, title, references = KeyToNobody, on_delete = set_null))]
pub struct KeySetToNull {
    #[model(primary_key)]
    pub id: i32,
    pub title: String,
}

#[model]
pub struct OfColumns {
    #[model(primary_key)]
    pub id: i32,
    #[model(generated = "lower(title")]
    pub open: String,
    #[model(generated = "1", default = 2)]
    pub both: i32,
    #[model(auto_increment)]
    pub number: i32,
    #[model(identity = sometimes)]
    pub when: i32,
    #[model(identity)]
    pub maybe: Option<i32>,
    #[model(default = 1, default_sql = "1")]
    pub two_defaults: i32,
    #[model(on_update_sql = "now()")]
    pub anywhere: i32,
    #[model(deferrable)]
    pub no_key: i32,
    #[model(postgres(generated = "1"))]
    pub on_one_engine: i32,
    #[model(sqlite(comment = "x"))]
    pub commented: i32,
    #[model(postgres(references = User))]
    pub referencing: i32,
    #[model(default_sql = "1, injected INTEGER")]
    pub two_columns: i32,
    #[model(index(title))]
    pub over_another: i32,
}

#[model]
pub struct NotNumbered {
    #[model(primary_key)]
    pub id: i32,
    #[model(sqlite(rowid))]
    pub other: i32,
}

fn main() {}
