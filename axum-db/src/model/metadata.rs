//! The tables of an application, together.

use std::collections::HashSet;

use super::registry::Registered;
use super::{EnumDef, ForeignKeyDef, MetadataError, TableDef, lacks};
use crate::Dialect;
use crate::backend::ddl;

/// The tables of an application, sorted so that each stands after those it references.
///
/// [`Metadata::collected`] finds every `#[model]` that is linked into the program;
/// [`metadata!`](crate::metadata) takes a list.
///
/// ```
/// use axum_db::{Dialect, metadata, prelude::*};
///
/// #[model]
/// pub struct Author {
///     #[model(primary_key)] pub id: i32,
///     #[model(unique, length = 80)] pub name: String,
/// }
///
/// let statements = metadata![Author].create_statements(Dialect::Postgres);
/// assert!(statements[0].contains("CONSTRAINT \"authors_name_key\" UNIQUE (\"name\")"));
/// ```
#[derive(Debug, Clone, Default)]
pub struct Metadata {
    tables: Vec<TableDef>,
}

impl Metadata {
    /// Metadata of the given tables.
    ///
    /// ```
    /// use axum_db::{Metadata, model::{ColumnDef, ForeignKeyDef, TableDef}};
    /// use diesel::sql_types::Integer;
    ///
    /// let posts = TableDef::new("posts")
    ///     .column(ColumnDef::new::<Integer>("user_id"))
    ///     .foreign_key(ForeignKeyDef::new(["user_id"], "users", ["id"]));
    /// let users = TableDef::new("users").column(ColumnDef::new::<Integer>("id")).primary_key(["id"]);
    /// let metadata = Metadata::new([posts, users]);
    /// assert_eq!(metadata.tables()[0].name, "users"); // which is created first
    /// ```
    #[must_use]
    pub fn new(tables: impl IntoIterator<Item = TableDef>) -> Self {
        Self {
            tables: sorted(tables.into_iter().collect()),
        }
    }

    /// Every `#[model]` that is linked into the program, for every bind.
    ///
    /// A crate of models that nothing else names is not linked: write `use my_models as _;` in the
    /// program.
    ///
    /// ```rust,standalone_crate
    /// use axum_db::{Metadata, prelude::*};
    ///
    /// #[model]
    /// pub struct Tag {
    ///     #[model(primary_key)] pub id: i32,
    ///     pub name: String,
    /// }
    ///
    /// let metadata = Metadata::collected()?;
    /// assert!(metadata.table("tags").is_some());
    /// assert!(metadata.bind("analytics").tables().is_empty());
    /// # Ok::<_, axum_db::MetadataError>(())
    /// ```
    ///
    /// # Errors
    /// When two models of one bind have the same table, or one references a table that is not there.
    pub fn collected() -> Result<Self, MetadataError> {
        let metadata = Self::new(inventory::iter::<Registered>().map(Registered::table_def));
        metadata.validate()?;
        Ok(metadata)
    }

    /// The same with one more table, for those that no model describes.
    ///
    /// ```
    /// use axum_db::{Dialect, Metadata, model::{ColumnDef, TableDef}};
    /// use diesel::sql_types::Integer;
    ///
    /// let jobs = TableDef::new("jobs").column(ColumnDef::new::<Integer>("id")).primary_key(["id"]);
    /// let metadata = Metadata::default().with(jobs);
    /// assert_eq!(metadata.tables().len(), 1);
    /// assert_eq!(metadata.drop_statements(Dialect::Postgres), ["DROP TABLE \"jobs\""]);
    /// ```
    #[must_use]
    pub fn with(mut self, table: TableDef) -> Self {
        self.tables.push(table);
        Self {
            tables: sorted(self.tables),
        }
    }

    /// Only the tables of the bind called `name`.
    ///
    /// ```
    /// # use axum_db::{Metadata, model::TableDef};
    /// let metadata = Metadata::new([TableDef::new("posts"), TableDef::new("visits").bind("analytics")]);
    /// assert_eq!(metadata.bind("analytics").tables()[0].name, "visits");
    /// assert_eq!(metadata.bind("main").tables()[0].name, "posts");
    /// ```
    #[must_use]
    pub fn bind(&self, name: &str) -> Self {
        Self {
            tables: self
                .tables
                .iter()
                .filter(|table| table.bind == name)
                .cloned()
                .collect(),
        }
    }

    /// The tables, each after those it references, as far as there is no cycle.
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
    /// # fn main() {
    /// let metadata = metadata![Book, Author];
    /// let names: Vec<&str> = metadata.tables().iter().map(|table| &*table.name).collect();
    /// assert_eq!(names, ["authors", "books"]);
    /// # }
    /// ```
    #[must_use]
    pub fn tables(&self) -> &[TableDef] {
        &self.tables
    }

    /// The table called `name`; one that names its schema is called `schema.table`.
    ///
    /// ```
    /// # use axum_db::{Metadata, model::TableDef};
    /// let metadata = Metadata::new([TableDef::new("users"), TableDef::new("events").schema("audit")]);
    /// assert!(metadata.table("users").is_some());
    /// assert!(metadata.table("audit.events").is_some() && metadata.table("events").is_none());
    /// ```
    #[must_use]
    pub fn table(&self, name: &str) -> Option<&TableDef> {
        self.tables
            .iter()
            .find(|table| table.qualified_name() == name)
    }

    /// The PostgreSQL schemas that tables and the types of their enums name, each once.
    ///
    /// ```
    /// # use axum_db::{Dialect, Metadata, model::TableDef};
    /// let metadata = Metadata::new([TableDef::new("users"), TableDef::new("events").schema("audit")]);
    /// assert_eq!(metadata.schemas(), ["audit"]);
    /// let statements = metadata.create_statements(Dialect::Postgres);
    /// assert_eq!(statements[0], "CREATE SCHEMA IF NOT EXISTS \"audit\"");
    /// ```
    #[must_use]
    pub fn schemas(&self) -> Vec<&str> {
        let mut schemas: Vec<&str> = Vec::new();
        for table in &self.tables {
            let of_types = table.enums().filter_map(|own| own.schema);
            for schema in table.schema.as_deref().into_iter().chain(of_types) {
                if !schemas.contains(&schema) {
                    schemas.push(schema);
                }
            }
        }
        schemas
    }

    /// The same tables in other PostgreSQL schemas: `rename` is given each schema that a table is in. Types stay
    /// in the schemas that their enums name.
    ///
    /// ```
    /// use axum_db::{Metadata, model::TableDef};
    ///
    /// let metadata = Metadata::new([TableDef::new("events").schema("audit")]);
    /// let elsewhere = metadata.with_schemas(|schema| format!("test_{schema}"));
    /// assert_eq!(elsewhere.schemas(), ["test_audit"]);
    /// ```
    #[must_use]
    pub fn with_schemas(&self, rename: impl Fn(&str) -> String) -> Self {
        let mut tables = self.tables.clone();
        for table in &mut tables {
            let keys = table.foreign_keys.iter_mut().map(|key| &mut key.schema);
            for schema in keys.chain([&mut table.schema]).flatten() {
                *schema = rename(schema).into();
            }
        }
        Self { tables }
    }

    /// Checks what no database could create.
    ///
    /// # Errors
    /// When two tables of one bind have the same name or different enums of one name, or one references a table
    /// or column that is not there.
    ///
    /// ```
    /// use axum_db::{Metadata, MetadataError};
    /// use axum_db::model::{ForeignKeyDef, TableDef};
    ///
    /// let posts = TableDef::new("posts").foreign_key(ForeignKeyDef::new(["user_id"], "users", ["id"]));
    /// let refused = Metadata::new([posts]).validate().unwrap_err();
    /// assert!(matches!(&refused, MetadataError::UnknownReference { references, .. } if references == "users"));
    /// assert!(refused.to_string().contains("Metadata::with")); // what to do
    /// ```
    pub fn validate(&self) -> Result<(), MetadataError> {
        for (at, table) in self.tables.iter().enumerate() {
            if let Some(first) = self.tables[..at]
                .iter()
                .find(|first| same_place(first, table))
            {
                return Err(MetadataError::DuplicateTable {
                    table: table.qualified_name().into_owned(),
                    modules: [first.module.to_string(), table.module.to_string()],
                });
            }
            for key in &table.foreign_keys {
                let Some(target) = self.tables.iter().find(|it| is_target(table, key, it)) else {
                    return Err(MetadataError::UnknownReference {
                        table: table.qualified_name().into_owned(),
                        references: key.qualified_table().into_owned(),
                    });
                };
                let has = |name: &&std::borrow::Cow<'static, str>| {
                    target.columns.iter().any(|column| column.name == **name)
                };
                if let Some(column) = key.references.iter().find(|name| !has(name)) {
                    return Err(unknown_column(table, target, column));
                }
            }
            if let Some(column) = lacks::unknown_column(table) {
                return Err(unknown_column(table, table, column));
            }
        }
        self.validate_enums()
    }

    /// Checks what no database of this engine could create: what [`validate`](Self::validate) does, and that
    /// the engine has all that the tables ask for.
    ///
    /// What only some engines have is said for those alone, with [`TableDef::on`], or
    /// `#[model(postgres(…))]` and its like.
    ///
    /// ```
    /// use axum_db::{Dialect, Metadata};
    /// use axum_db::model::{ColumnDef, IndexDef, TableDef};
    /// use diesel::sql_types::Text;
    ///
    /// let books = TableDef::new("books")
    ///     .column(ColumnDef::new::<Text>("title"))
    ///     .index(IndexDef::new(["title"]).filter("title <> ''"));
    /// let metadata = Metadata::new([books]);
    /// assert!(metadata.validate_for(Dialect::Sqlite).is_ok());
    /// let refused = metadata.validate_for(Dialect::Mysql).unwrap_err();
    /// assert!(refused.to_string().contains("an index over some of the rows (`books_title_idx`)"));
    /// ```
    ///
    /// # Errors
    /// As [`validate`](Self::validate), and [`MetadataError::Unsupported`].
    pub fn validate_for(&self, dialect: Dialect) -> Result<(), MetadataError> {
        self.validate()?;
        for table in &self.tables {
            let table = table.for_dialect(dialect);
            if let Some(column) = lacks::unknown_column(&table) {
                return Err(unknown_column(&table, &table, column));
            }
            if let Some(what) = lacks::first(&table, dialect) {
                return Err(MetadataError::Unsupported {
                    table: table.qualified_name().into_owned(),
                    what,
                    dialect,
                });
            }
        }
        Ok(())
    }

    /// Two enums of one name in one database are one type there.
    fn validate_enums(&self) -> Result<(), MetadataError> {
        let mut seen: Vec<(&str, EnumDef, &str)> = Vec::new();
        for table in &self.tables {
            for own in table.enums() {
                let first = seen
                    .iter()
                    .find(|(bind, known, _)| *bind == table.bind && is_same_type(known, &own));
                match first {
                    Some((_, known, first)) if known.labels != own.labels => {
                        return Err(MetadataError::DifferentEnums {
                            name: own.qualified_name().into_owned(),
                            tables: [(*first).to_owned(), table.name.to_string()],
                        });
                    }
                    Some(_) => {}
                    None => seen.push((&table.bind, own, &table.name)),
                }
            }
        }
        Ok(())
    }

    /// The enums of the tables, each once.
    ///
    /// ```
    /// # use axum_db::{metadata, prelude::*};
    /// #[derive(DbEnum, Debug, Clone)]
    /// pub enum Status { Draft, Public }
    ///
    /// #[model]
    /// pub struct Essay {
    ///     #[model(primary_key)] pub id: i32,
    ///     #[model(db_enum)] pub status: Status,
    /// }
    ///
    /// # fn main() {
    /// assert_eq!(metadata![Essay].enums()[0].labels, ["draft", "public"]);
    /// # }
    /// ```
    #[must_use]
    pub fn enums(&self) -> Vec<EnumDef> {
        let mut enums: Vec<EnumDef> = Vec::new();
        for own in self.tables.iter().flat_map(TableDef::enums) {
            if !enums.iter().any(|known| is_same_type(known, &own)) {
                enums.push(own);
            }
        }
        enums
    }

    /// The statements that create the tables in an empty database, in order, and before them the schemas
    /// that they name and the types that their enums have.
    ///
    /// What the engine does not have ([`validate_for`](Self::validate_for)) is written nevertheless, for the
    /// database to refuse.
    ///
    /// ```
    /// # use axum_db::{Dialect, metadata, prelude::*};
    /// #[model]
    /// pub struct Word {
    ///     #[model(primary_key)] pub id: i32,
    ///     #[model(index, length = 40)] pub text: String,
    /// }
    ///
    /// # fn main() {
    /// let statements = metadata![Word].create_statements(Dialect::Mysql);
    /// assert!(statements[0].starts_with("CREATE TABLE `words` (\n    `id` INTEGER NOT NULL AUTO_INCREMENT,"));
    /// assert_eq!(statements[1], "CREATE INDEX `words_text_idx` ON `words` (`text`)");
    /// # }
    /// ```
    #[must_use]
    pub fn create_statements(&self, dialect: Dialect) -> Vec<String> {
        let schemas = ddl::create_schemas(&self.schemas(), dialect).into_iter();
        let types = ddl::create_types(&self.enums(), dialect).into_iter();
        let tables = ddl::create(&self.tables, dialect).into_iter();
        schemas
            .map(|(_, sql)| sql)
            .chain(types.map(|(_, sql)| sql))
            .chain(tables.map(|(_, sql)| sql))
            .collect()
    }

    /// The statements that drop the tables and the types of their enums, in order; the schemas stay. On
    /// SQLite they belong into one transaction.
    ///
    /// ```
    /// # use axum_db::{Dialect, metadata, prelude::*};
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
    /// # fn main() {
    /// let statements = metadata![Author, Book].drop_statements(Dialect::Sqlite);
    /// assert_eq!(statements, ["DROP TABLE \"books\"", "DROP TABLE \"authors\""]);
    /// # }
    /// ```
    #[must_use]
    pub fn drop_statements(&self, dialect: Dialect) -> Vec<String> {
        let mut statements = ddl::drop(&self.tables, dialect);
        let types = ddl::drop_types(&self.enums(), dialect).into_iter();
        statements.extend(types.map(|(_, sql)| sql));
        statements
    }
}

/// The [`Metadata`](crate::Metadata) of a list of models: `metadata![User, Post]`.
///
/// ```
/// use axum_db::{metadata, prelude::*};
///
/// #[model]
/// pub struct Author {
///     #[model(primary_key)] pub id: i32,
///     pub name: String,
/// }
///
/// #[model]
/// pub struct Book {
///     #[model(primary_key)] pub id: i32,
///     #[model(references = Author)] pub author_id: i32,
/// }
///
/// # fn main() {
/// let metadata = metadata![Book, Author];
/// assert_eq!(metadata.tables()[0].name, "authors"); // sorted, whatever the list's order
/// assert!(metadata![Book].validate().is_err()); // it references what is not in the list
/// # }
/// ```
#[macro_export]
macro_rules! metadata {
    ($($model:ty),* $(,)?) => {
        $crate::Metadata::new([$(<$model as $crate::model::Model>::table_def()),*])
    };
}

fn is_same_type(one: &EnumDef, other: &EnumDef) -> bool {
    (one.schema, one.name) == (other.schema, other.name)
}

fn same_place(left: &TableDef, right: &TableDef) -> bool {
    left.bind == right.bind && left.schema == right.schema && left.name == right.name
}

/// Whether `key` of `table` references `target`.
fn is_target(table: &TableDef, key: &ForeignKeyDef, target: &TableDef) -> bool {
    table.bind == target.bind && key.schema == target.schema && key.table == target.name
}

fn unknown_column(table: &TableDef, of: &TableDef, column: &str) -> MetadataError {
    MetadataError::UnknownColumn {
        table: table.qualified_name().into_owned(),
        of: of.qualified_name().into_owned(),
        column: column.to_owned(),
    }
}

/// Depth-first by foreign keys, from an order that does not depend on the linker's.
fn sorted(mut tables: Vec<TableDef>) -> Vec<TableDef> {
    fn visit(at: usize, tables: &[TableDef], seen: &mut HashSet<usize>, order: &mut Vec<usize>) {
        if !seen.insert(at) {
            return;
        }
        for key in &tables[at].foreign_keys {
            let target = tables
                .iter()
                .position(|target| is_target(&tables[at], key, target));
            if let Some(target) = target {
                visit(target, tables, seen, order);
            }
        }
        order.push(at);
    }

    let place = |table: &TableDef| {
        let TableDef { bind, schema, .. } = table;
        (
            bind.clone(),
            schema.clone(),
            table.name.clone(),
            table.module.clone(),
        )
    };
    tables.sort_by_cached_key(place);
    let (mut seen, mut order) = (HashSet::new(), Vec::with_capacity(tables.len()));
    for at in 0..tables.len() {
        visit(at, &tables, &mut seen, &mut order);
    }
    let mut slots: Vec<Option<TableDef>> = tables.into_iter().map(Some).collect();
    order
        .into_iter()
        .filter_map(|at| slots[at].take())
        .collect()
}
