//! What a test can ask for.

use super::{Client, Engine, Failure, Test};
use crate::{Bind, Database, Db};

/// What a parameter of a test can be: [`Db`], a session of the test's database; [`Database`], the database itself;
/// [`Client`], a browser for the application; and types of your own.
///
/// All parameters of one test share its database, so what a fixture writes there and commits is what the test
/// finds.
///
/// ```rust,test_harness
/// use axum::{Router, extract::Path, routing::get};
/// use axum_db::prelude::*;
/// use axum_db::testing::{Client, Failure, Fixture, Test};
///
/// # #[model]
/// # #[derive(Debug, Clone)]
/// # pub struct Note { #[model(primary_key)] pub id: i32, #[model(length = 100)] pub title: String }
/// # pub type Db = axum_db::Db<axum_db::Sqlite>;
/// # pub type Database = axum_db::Database<axum_db::Sqlite>;
/// # #[axum::debug_handler]
/// # async fn show(db: Db, Path(id): Path<i32>) -> Result<String, axum_db::Error> {
/// #     Ok(Note::find(id).first_or_404(&db).await?.title)
/// # }
/// # fn app(database: &Database) -> Router {
/// #     Router::new().route("/notes/{id}", get(show)).layer(database.layer())
/// # }
/// /// A note that is there already.
/// struct Milk(Note);
///
/// impl Fixture for Milk {
///     async fn prepare(test: &Test) -> Result<Self, Failure> {
///         let db = Db::prepare(test).await?;
///         let note = NewNote::new("milk").insert(&db).await?;
///         db.commit().await?;
///         Ok(Milk(note))
///     }
/// }
///
/// #[axum_db::test(app = app)]
/// async fn a_note_is_shown(Milk(note): Milk, client: Client) {
///     client.get(format!("/notes/{}", note.id)).await.assert_text("milk");
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "a test cannot ask for `{Self}`",
    label = "not a fixture",
    note = "a parameter of #[axum_db::test] is a session (`Db`), a `Database<…>`, a `Client`, or your own type with \
            `impl axum_db::testing::Fixture`"
)]
pub trait Fixture: Sized {
    /// Makes it, before the test begins.
    ///
    /// ```rust,test_harness
    /// use axum_db::testing::{Failure, Fixture, Test};
    ///
    /// struct Folder(std::path::PathBuf);
    ///
    /// impl Fixture for Folder {
    ///     async fn prepare(_: &Test) -> Result<Self, Failure> {
    ///         Ok(Folder(std::env::temp_dir().canonicalize()?))
    ///     }
    /// }
    ///
    /// #[axum_db::test]
    /// async fn uploads_have_a_place(Folder(path): Folder) {
    ///     assert!(path.is_dir());
    /// }
    /// ```
    ///
    /// # Errors
    /// Fail the test, which shows them.
    fn prepare(test: &Test) -> impl Future<Output = Result<Self, Failure>>;
}

impl<B: Engine, K: Bind> Fixture for Database<B, K> {
    async fn prepare(test: &Test) -> Result<Self, Failure> {
        test.database().await
    }
}

impl<B: Engine, K: Bind> Fixture for Db<B, K> {
    async fn prepare(test: &Test) -> Result<Self, Failure> {
        Ok(test.database::<B, K>().await?.session())
    }
}

impl Fixture for Client {
    async fn prepare(test: &Test) -> Result<Self, Failure> {
        test.client().await
    }
}
