//! `reflect`: the tables of a live database, as it describes them itself.

use crate::{Access, Backend, Bind, Database, Error};

/// A table of a live database; see [`Database::reflect`].
///
/// ```
/// # use axum_db::{metadata, prelude::*};
/// # #[model]
/// # pub struct Author {
/// #     #[model(primary_key)] pub id: i32,
/// #     pub name: String,
/// # }
/// # #[model]
/// # pub struct Book {
/// #     #[model(primary_key)] pub id: i32,
/// #     #[model(references = Author)] pub author_id: i32,
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), axum_db::Error> {
/// # let database = axum_db::Db::<axum_db::Sqlite>::connect("sqlite://:memory:").await?;
/// # database.create_all(&metadata![Author, Book]).await?;
/// let books = database.reflect().await?.remove(1); // after the authors
/// assert_eq!((&*books.name, books.columns.len(), books.foreign_keys.len()), ("books", 2, 1));
/// assert_eq!(books.primary_key, ["id"]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReflectedTable {
    /// The table's name.
    pub name: String,
    /// The columns, in the order of the table.
    pub columns: Vec<ReflectedColumn>,
    /// The names of the primary key's columns, in the order of the key; empty where there is none.
    pub primary_key: Vec<String>,
    /// The foreign keys.
    pub foreign_keys: Vec<ReflectedForeignKey>,
}

/// A column of a [`ReflectedTable`].
///
/// ```
/// # use axum_db::{metadata, prelude::*};
/// # #[model]
/// # pub struct Author {
/// #     #[model(primary_key)] pub id: i32,
/// #     #[model(length = 80)] pub name: Option<String>,
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), axum_db::Error> {
/// # let database = axum_db::Db::<axum_db::Sqlite>::connect("sqlite://:memory:").await?;
/// # database.create_all(&metadata![Author]).await?;
/// let authors = database.reflect().await?.remove(0);
/// let name = &authors.columns[1];
/// assert_eq!((&*name.name, &*name.sql_type, name.nullable), ("name", "VARCHAR(80)", true));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReflectedColumn {
    /// The column's name.
    pub name: String,
    /// Its type, as the database writes it: `VARCHAR(20)`, `character varying(20)`, `varchar(20)`.
    pub sql_type: String,
    /// Whether it may be NULL.
    pub nullable: bool,
}

/// A foreign key of a [`ReflectedTable`].
///
/// ```
/// # use axum_db::{metadata, prelude::*};
/// # #[model]
/// # pub struct Author {
/// #     #[model(primary_key)] pub id: i32,
/// #     pub name: String,
/// # }
/// # #[model]
/// # pub struct Book {
/// #     #[model(primary_key)] pub id: i32,
/// #     #[model(references = Author)] pub author_id: i32,
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), axum_db::Error> {
/// # let database = axum_db::Db::<axum_db::Sqlite>::connect("sqlite://:memory:").await?;
/// # database.create_all(&metadata![Author, Book]).await?;
/// let books = database.reflect().await?.remove(1);
/// let key = &books.foreign_keys[0];
/// assert_eq!((&*key.columns[0], &*key.table, &*key.references[0]), ("author_id", "authors", "id"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReflectedForeignKey {
    /// The referencing columns.
    pub columns: Vec<String>,
    /// The referenced table.
    pub table: String,
    /// The referenced columns, as many as `columns`.
    pub references: Vec<String>,
}

impl ReflectedTable {
    /// The column called `name`.
    ///
    /// ```
    /// # use axum_db::{metadata, prelude::*};
    /// # #[model]
    /// # pub struct Author {
    /// #     #[model(primary_key)] pub id: i32,
    /// #     pub name: String,
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let database = axum_db::Db::<axum_db::Sqlite>::connect("sqlite://:memory:").await?;
    /// # database.create_all(&metadata![Author]).await?;
    /// let authors = database.reflect().await?.remove(0);
    /// assert!(authors.column("name").is_some_and(|name| !name.nullable));
    /// assert!(authors.column("born").is_none());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&ReflectedColumn> {
        self.columns.iter().find(|column| column.name == name)
    }
}

impl<B: Backend, K: Bind> Database<B, K> {
    /// The tables that the database has now, sorted by name, whether or not a model describes them: on
    /// PostgreSQL those of the current schema, on MySQL those of the URL's database. Views are left out.
    ///
    /// For looking at what is there, as an admin page or a script does; to compare it with the models, there
    /// are migrations.
    ///
    /// ```
    /// # use axum_db::{metadata, prelude::*};
    /// # #[model]
    /// # pub struct Tag {
    /// #     #[model(primary_key)] pub id: i32,
    /// #     #[model(length = 40)] pub name: Option<String>,
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), axum_db::Error> {
    /// # let database = axum_db::Db::<axum_db::Sqlite>::connect("sqlite://:memory:").await?;
    /// database.create_all(&metadata![Tag]).await?;
    /// let tables = database.reflect().await?;
    /// assert_eq!((tables[0].name.as_str(), &tables[0].primary_key[..]), ("tags", &["id".to_owned()][..]));
    /// let name = tables[0].column("name").expect("a column");
    /// assert_eq!((name.sql_type.as_str(), name.nullable), ("VARCHAR(40)", true));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// What the database refuses, and what [`Db::lease`](crate::Db::lease) reports.
    ///
    /// # Cancellation
    /// It only reads, and can be dropped at any time.
    pub async fn reflect(&self) -> Result<Vec<ReflectedTable>, Error> {
        let db = self.session();
        let mut lease = db.lease(Access::Read).await?;
        let columns = B::columns(lease.connection()).await;
        let columns = lease.finish(columns)?;
        let mut lease = db.lease(Access::Read).await?;
        let references = B::references(lease.connection()).await;
        let references = lease.finish(references)?;

        let mut tables: Vec<ReflectedTable> = Vec::new();
        let mut keys: Vec<Vec<(i64, String)>> = Vec::new();
        for column in columns {
            if tables
                .last()
                .is_none_or(|last| last.name != column.table_name)
            {
                tables.push(ReflectedTable {
                    name: column.table_name,
                    columns: Vec::new(),
                    primary_key: Vec::new(),
                    foreign_keys: Vec::new(),
                });
                keys.push(Vec::new());
            }
            let (Some(table), Some(key)) = (tables.last_mut(), keys.last_mut()) else {
                continue;
            };
            if column.key_position > 0 {
                key.push((column.key_position, column.column_name.clone()));
            }
            table.columns.push(ReflectedColumn {
                name: column.column_name,
                sql_type: column.sql_type,
                nullable: column.nullable != 0,
            });
        }
        for (table, mut key) in tables.iter_mut().zip(keys) {
            key.sort();
            table.primary_key = key.into_iter().map(|(_, name)| name).collect();
        }
        let mut last = None;
        for reference in references {
            let Some(table) = tables.iter_mut().find(|t| t.name == reference.table_name) else {
                continue; // it was created between the two statements
            };
            let key = (reference.table_name, reference.key_name);
            if last.as_ref() != Some(&key) {
                table.foreign_keys.push(ReflectedForeignKey {
                    columns: Vec::new(),
                    table: reference.target,
                    references: Vec::new(),
                });
                last = Some(key);
            }
            if let Some(key) = table.foreign_keys.last_mut() {
                key.columns.push(reference.column_name);
                key.references.push(reference.target_column);
            }
        }
        tables.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(tables)
    }
}
