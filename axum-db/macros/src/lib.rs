//! The macros of [axum-db](https://docs.rs/axum-db), `#[model]` and `#[test]`; use them as `axum_db::model` and
//! `axum_db::test`.

mod attr;
mod check;
mod db_enum;
mod expand;
mod model;
mod rules;
mod test;

use proc_macro::TokenStream;
use quote::{ToTokens, quote};
use syn::{DeriveInput, ItemFn, parse_macro_input};

use crate::model::ModelDef;

/// Declares a struct as the row of a table.
///
/// The struct keeps its fields and derives. Beside it stand a module with the table's name (Diesel's
/// `table!`), the companion `New…` for rows that are not written yet, and methods: `query()`, `find(id)`,
/// `table()`, `save(&db)`, `delete(&db)`, and one for each relation.
///
/// # On the struct
///
/// | `#[model(…)]` | meaning |
/// |---|---|
/// | `table = "people"` | the table's name; default: the struct's in snake_case and the plural |
/// | `unique(first, second)` | a unique constraint over several columns; several of them, each with `name = "…"` if need be |
/// | `index(first, second)` | an index over several columns, in the same way |
/// | `check = "starts < ends"` | a condition in SQL that every row meets; `check("…", name = "…")` names it |
/// | `bind = Analytics` | the database it belongs to, a type that implements `Bind`; default: `Main` |
/// | `renamed_from = "persons"` | its former name, for migrations |
///
/// # On a field
///
/// | `#[model(…)]` | meaning |
/// |---|---|
/// | `primary_key` | part of the primary key; several fields make a composite one. A single integer is numbered by the database, unless it is a reference too |
/// | `unique`, `index` | a unique constraint, an index over this column |
/// | `check = "price >= 0"` | a condition in SQL, named after this column |
/// | `db_enum` | the field is an enum with `#[derive(DbEnum)]` |
/// | `length = 20` | at most so many characters (`String`) or bytes (`Vec<u8>`) |
/// | `precision = 12, scale = 2` | how many digits a `Decimal` has, and how many of them behind the point |
/// | `default = "draft"`, `0`, `-1.5`, `true`, `now`, `Status::Draft` | the value where none is given, in `New…` and in the database; `now` is the time in UTC |
/// | `default = Uuid::now_v7()` | a call that `New…` makes; the database has no default |
/// | `references = User` | a foreign key to the primary key of another model, which must be as public as this one |
/// | `on_delete = cascade`, `on_update = …` | what becomes of the row with the referenced one: `cascade`, `restrict`, `set_null`, `set_default`, `no_action` (default) |
/// | `relation = author` | writes `post.author()`, the query for the referenced row |
/// | `backref = posts` | writes `user.posts()`, the query for the rows that reference; both models in one crate |
/// | `many_to_many = tags` | on the two keys of a link's model: writes `post.tags()`, the query for the rows of the model that this key references; see [below](#many-to-many) |
/// | `no_join` | leaves the key out of joins: needed on one of two models that reference each other; of several keys to one model the first without it joins |
/// | `sql_type = diesel::sql_types::Json` | the SQL type, for Rust types that are not in the list below |
/// | `renamed_from = "title"` | its former name, for migrations |
///
/// # Relations as values
///
/// Beside each method of `relation`, `backref` and `many_to_many` stands a constant of its name in capitals:
/// `Post::AUTHOR` for `post.author()`. `.preload(Post::AUTHOR, &db)` loads it for many rows in one query.
///
/// # Many to many
///
/// A link is a model with a key to each of the two models. `many_to_many = tags` on the key to `Tag` writes
/// `post.tags()` and `Post::TAGS`; `many_to_many = posts` on the key to `Post` writes `tag.posts()`. Where the two keys
/// are the primary key and all other columns have defaults, the link has `PostTag::link(&post, &tag, &db)` and
/// `PostTag::unlink(&post, &tag, &db)`. All three models are in one crate. A link with more than two keys
/// says `many_to_many` on the two that it ties together; both may reference the same model.
///
/// # Types
///
/// The type is known by its last path segment:
///
/// | Rust | SQLite | PostgreSQL | MySQL, MariaDB |
/// |---|---|---|---|
/// | `bool` | BOOLEAN | BOOLEAN | BOOLEAN |
/// | `i16`, `i32`, `i64` | SMALLINT, INTEGER, BIGINT | the same | the same |
/// | `f32`, `f64` | FLOAT, DOUBLE | REAL, DOUBLE PRECISION | FLOAT, DOUBLE |
/// | `String` | TEXT, VARCHAR(n) | TEXT, VARCHAR(n) | TEXT, VARCHAR(n) |
/// | `Vec<u8>` | BLOB | BYTEA | BLOB, VARBINARY(n) |
/// | chrono's `NaiveDateTime` | TIMESTAMP | TIMESTAMP | DATETIME(6) |
/// | chrono's `NaiveDate`, `NaiveTime` | DATE, TIME | DATE, TIME | DATE, TIME(6) |
/// | `axum_db::types::UtcTime` | TIMESTAMP, as text | TIMESTAMPTZ | DATETIME(6) |
/// | `axum_db::types::Uuid` | BLOB | UUID | BINARY(16) |
/// | `axum_db::types::Json<T>` | TEXT | JSONB | JSON |
/// | `axum_db::types::Decimal` | TEXT | NUMERIC, NUMERIC(p, s) | DECIMAL(57, 28), DECIMAL(p, s) |
/// | an enum, with `#[model(db_enum)]` | TEXT with a CHECK | a type of its own | ENUM |
///
/// and `Option` of these for columns that can be NULL. Every other type needs `sql_type`, and Diesel's `ToSql` and `FromSql` for it. Fields must be `Clone`; an enum must be as
/// public as the model.
///
/// # Names
///
/// A raw identifier, or a name that Diesel takes for itself (`table`, `columns`, `star`, …, or the table's own),
/// keeps its name in the database and gets an underscore in the table's module: the field `r#type` is
/// the column `"type"`, and `users::type_` in queries.
#[proc_macro_attribute]
pub fn model(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let mut input = parse_macro_input!(item as DeriveInput);
    expand::rename_helper(&mut input, arguments.into());
    match ModelDef::parse(&input) {
        Ok(model) => expand::decorate(&model, input).into(),
        Err(error) => {
            // The struct itself stays, so that the rest of the program does not fail for want of it.
            expand::strip_helper(&mut input);
            let error = error.into_compile_error();
            let item = input.into_token_stream();
            quote!(#item #error).into()
        }
    }
}

/// Makes an async function a test with a database of its own.
///
/// What the test needs, it asks for with its parameters: [`Db`], a session; [`Database`]; [`Client`], a browser for
/// the application; or a [`Fixture`] of your own. The types tell the engine. The database is empty but for its
/// tables, belongs to this test alone, and goes when the test ends, however it ends.
///
/// | argument | meaning |
/// |---|---|
/// | `app = create_app` | a function from `&Database<…>` to the `Router`, or to a `Result` with it: what a [`Client`] is a client of |
/// | `setup = migrate` | an `async fn` with `&Database<…>` that makes the tables, instead of `create_all` with all models; one for each database of the test |
/// | `flavor = "multi_thread"`, `worker_threads = 2` | the runtime, as with `#[tokio::test]`; default: `"current_thread"` |
///
/// The test may return a `Result`. Other attributes, as `#[should_panic]` and `#[ignore]`, keep their meaning.
///
/// The example is not run here, because this crate has neither a database nor a router; `axum_db::testing` has one
/// that is.
///
/// ```ignore
/// #[axum_db::test(setup = migrate, app = create_app)]
/// async fn a_missing_post_is_404(client: Client) {
///     client.get("/post/1").await.assert_status(404);
/// }
/// ```
///
/// Examples that run are in the documentation of `axum_db::testing`, as is where the servers are looked for.
///
/// [`Db`]: https://docs.rs/axum-db/latest/axum_db/struct.Db.html
/// [`Database`]: https://docs.rs/axum-db/latest/axum_db/struct.Database.html
/// [`Client`]: https://docs.rs/axum-db/latest/axum_db/testing/struct.Client.html
/// [`Fixture`]: https://docs.rs/axum-db/latest/axum_db/testing/trait.Fixture.html
#[proc_macro_attribute]
pub fn test(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let function = parse_macro_input!(item as ItemFn);
    match test::expand(arguments.into(), &function) {
        Ok(test) => test.into(),
        Err(error) => {
            // The function itself stays, so that what it uses is not reported as unused.
            let error = error.into_compile_error();
            quote!(#[allow(unused)] #function #error).into()
        }
    }
}

/// Does the work of `#[model]`, which adds it.
#[doc(hidden)]
#[proc_macro_derive(DeriveModel, attributes(axum_db))]
pub fn derive_model(item: TokenStream) -> TokenStream {
    let input = parse_macro_input!(item as DeriveInput);
    match ModelDef::parse(&input) {
        Ok(model) => expand::model(&model).into(),
        Err(error) => error.into_compile_error().into(),
    }
}

/// Makes an enum without fields the type of a column.
///
/// On PostgreSQL it is a type of its own (`CREATE TYPE … AS ENUM`), on MySQL an `ENUM`, on SQLite a text with
/// a CHECK. In a model the field says so: `#[model(db_enum)] pub status: Status`, or `Option<Status>`.
///
/// The type's name is the enum's in snake_case, and each value is its variant's; `#[db_enum(name = "…")]`, on
/// the enum or on a variant, gives another. The enum must be `Debug`, `Clone` and as public as the models
/// that have it; `Hash` and `Eq` too where it is part of a key.
#[proc_macro_derive(DbEnum, attributes(db_enum))]
pub fn derive_db_enum(item: TokenStream) -> TokenStream {
    let input = parse_macro_input!(item as DeriveInput);
    db_enum::expand(&input)
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}
