//! `create_all` and `drop_all`.

use std::collections::HashSet;

use diesel_async::SimpleAsyncConnection;

use super::{Metadata, MetadataError};
use crate::backend::ddl::{self, Objects};
use crate::{Access, Backend, Bind, Database, Db, Error, ErrorKind};

impl<B: Backend, K: Bind> Database<B, K> {
    /// Creates the tables of this database's bind that do not exist yet, with their indexes, enums and
    /// schemas.
    ///
    /// For tests, examples and throw-away databases; a database that lives on is changed by migrations.
    ///
    /// ```
    /// # use axum_db::{metadata, prelude::*};
    /// # #[model]
    /// # pub struct Tag {
    /// #     #[model(primary_key)] pub id: i32,
    /// #     pub name: String,
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// let database = axum_db::Db::<axum_db::Sqlite>::connect("sqlite://:memory:").await?;
    /// database.create_all(&metadata![Tag]).await?;
    /// assert_eq!(Tag::query().row_count(&database.session()).await?, 0);
    /// database.drop_all(&metadata![Tag]).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] when the metadata contradicts itself or has what the engine does not
    /// ([`Metadata::validate_for`]), or what the database refuses.
    ///
    /// # Cancellation
    /// Dropped halfway, nothing is created; on MySQL, which commits each statement, some tables may be.
    pub async fn create_all(&self, metadata: &Metadata) -> Result<(), Error> {
        let (db, metadata) = (self.session(), of_bind::<B, K>(metadata)?);
        let schemas = ddl::create_schemas(&metadata.schemas(), B::DIALECT);
        if !schemas.is_empty() {
            // Asked first, because to create one takes a right that users of an existing one need not have.
            let existing = existing(&db, Objects::Schemas).await?;
            execute(&db, missing(schemas, &existing)).await?;
        }
        let types = ddl::create_types(&metadata.enums(), B::DIALECT);
        if !types.is_empty() {
            let existing = existing(&db, Objects::Types).await?;
            execute(&db, missing(types, &existing)).await?;
        }
        let existing = existing(&db, Objects::Tables).await?;
        let statements = ddl::create(metadata.tables(), B::DIALECT);
        execute(&db, missing(statements, &existing)).await?;
        db.commit().await
    }

    /// Drops the tables of this database's bind that exist, with all their rows, and the enums that no
    /// other table has.
    ///
    /// ```
    /// # use axum_db::{metadata, prelude::*};
    /// # #[model]
    /// # pub struct Tag {
    /// #     #[model(primary_key)] pub id: i32,
    /// #     pub name: String,
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let database = axum_db::Db::<axum_db::Sqlite>::connect("sqlite://:memory:").await?;
    /// database.create_all(&metadata![Tag]).await?;
    /// assert_eq!(database.reflect().await?.len(), 1);
    /// database.drop_all(&metadata![Tag]).await?;
    /// database.drop_all(&metadata![Tag]).await?; // there is none any more
    /// assert!(database.reflect().await?.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Database::create_all`].
    ///
    /// # Cancellation
    /// Dropped halfway, nothing is dropped; on MySQL, which commits each statement, some tables may be.
    pub async fn drop_all(&self, metadata: &Metadata) -> Result<(), Error> {
        let (db, metadata) = (self.session(), of_bind::<B, K>(metadata)?);
        let tables = existing(&db, Objects::Tables).await?;
        let there = metadata
            .tables()
            .iter()
            .filter(|table| tables.contains(&*table.qualified_name()));
        let there = Metadata::new(there.cloned());
        execute(&db, ddl::drop(there.tables(), B::DIALECT)).await?;
        let types = ddl::drop_types(&metadata.enums(), B::DIALECT);
        let forget = !types.is_empty();
        if forget {
            let unused = existing(&db, Objects::UnusedTypes).await?;
            let unused = types
                .into_iter()
                .filter(|(name, _)| unused.contains(&**name))
                .map(|(_, sql)| sql)
                .collect();
            execute(&db, unused).await?;
        }
        db.commit().await?;
        drop(db);
        if forget {
            // Connections remember types by numbers that are no longer theirs.
            self.inner().drop_idle();
        }
        Ok(())
    }
}

fn of_bind<B: Backend, K: Bind>(metadata: &Metadata) -> Result<Metadata, Error> {
    let metadata = metadata.bind(K::NAME);
    metadata.validate_for(B::DIALECT)?;
    Ok(metadata)
}

async fn existing<B: Backend, K: Bind>(
    db: &Db<B, K>,
    objects: Objects,
) -> Result<HashSet<String>, Error> {
    let mut lease = db.lease(Access::Write).await?;
    let outcome = B::names(objects, lease.connection()).await;
    Ok(lease.finish(outcome)?.into_iter().collect())
}

/// The statements for what does not exist yet. They are a list: a future with an iterator of closures in it could not
/// be spawned.
fn missing<N: AsRef<str>>(all: Vec<(N, String)>, existing: &HashSet<String>) -> Vec<String> {
    all.into_iter()
        .filter(|(name, _)| !existing.contains(name.as_ref()))
        .map(|(_, sql)| sql)
        .collect()
}

async fn execute<B: Backend, K: Bind>(db: &Db<B, K>, statements: Vec<String>) -> Result<(), Error> {
    for sql in statements {
        let mut lease = db.lease(Access::Write).await?;
        let outcome = lease.connection().batch_execute(&sql).await;
        lease.finish(outcome)?;
    }
    Ok(())
}

impl From<MetadataError> for Error {
    fn from(error: MetadataError) -> Self {
        Self::new(ErrorKind::Configuration, error.to_string())
    }
}
