//! MySQL and MariaDB: the information schema of the current database.

use std::collections::BTreeMap;

use diesel::sql_types::{BigInt, Nullable, Text};
use diesel::{QueryableByName, sql_query};
use diesel_async::{AsyncConnection, RunQueryDsl};

use super::is_own_table;
use crate::error::Error;
use crate::schema::{
    Action, Auto, Check, Column, ForeignKey, Generated, Index, IndexKey, KeyTarget, PrimaryKey,
    Schema, Table, TableOptions, Unique, Unmanaged,
};

#[derive(QueryableByName)]
struct ServerRow {
    #[diesel(sql_type = Text)]
    version: String,
    #[diesel(sql_type = Nullable<Text>)]
    collation: Option<String>,
}

#[derive(QueryableByName)]
struct TableRow {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Nullable<Text>)]
    engine: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    collation: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    comment: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    storage: Option<String>,
}

#[derive(QueryableByName)]
struct ColumnRow {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    ty: String,
    #[diesel(sql_type = Text)]
    nullable: String,
    #[diesel(sql_type = Nullable<Text>)]
    default_value: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    extra: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    collation: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    comment: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    generated: Option<String>,
}

#[derive(QueryableByName)]
struct IndexRow {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = BigInt)]
    non_unique: i64,
    #[diesel(sql_type = Nullable<Text>)]
    column_name: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    expression: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    prefix: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    direction: Option<String>,
    #[diesel(sql_type = Text)]
    method: String,
    #[diesel(sql_type = Nullable<Text>)]
    comment: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    hidden: Option<String>,
}

#[derive(QueryableByName)]
struct KeyRow {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    column_name: String,
    /// Where that is another one.
    #[diesel(sql_type = Nullable<Text>)]
    foreign_database: Option<String>,
    #[diesel(sql_type = Text)]
    foreign_table: String,
    #[diesel(sql_type = Text)]
    foreign_column: String,
}

/// What belongs to a table: a CHECK, a trigger, the actions of a foreign key.
#[derive(QueryableByName)]
struct ObjectRow {
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Nullable<Text>)]
    expression: Option<String>,
}

const SERVER: &str = "SELECT VERSION() AS version, CAST((SELECT DEFAULT_COLLATION_NAME \
     FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = DATABASE()) AS CHAR) AS collation";

// No query joins two of these: the server would read the second again for every row of the first.
const TABLES: &str = "\
SELECT CAST(TABLE_NAME AS CHAR) AS name, CAST(TABLE_TYPE AS CHAR) AS kind, CAST(ENGINE AS CHAR) AS engine,
  CAST(TABLE_COLLATION AS CHAR) AS collation, CAST(TABLE_COMMENT AS CHAR) AS comment,
  CAST(CREATE_OPTIONS AS CHAR) AS storage
FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() ORDER BY TABLE_NAME";

const COLUMNS: &str = "\
SELECT CAST(TABLE_NAME AS CHAR) AS table_name, CAST(COLUMN_NAME AS CHAR) AS name,
  CAST(COLUMN_TYPE AS CHAR) AS ty, CAST(IS_NULLABLE AS CHAR) AS nullable,
  CAST(CASE WHEN COLUMN_DEFAULT LIKE 'nextval(%' THEN
    REPLACE(COLUMN_DEFAULT, CONCAT('`', REPLACE(DATABASE(), '`', '``'), '`.'), '') ELSE COLUMN_DEFAULT END AS CHAR) AS default_value,
  CAST(EXTRA AS CHAR) AS extra,
  CAST(COLLATION_NAME AS CHAR) AS collation, CAST(COLUMN_COMMENT AS CHAR) AS comment,
  CAST(GENERATION_EXPRESSION AS CHAR) AS generated
FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() ORDER BY TABLE_NAME, ORDINAL_POSITION";

const KEYS: &str = "\
SELECT CAST(TABLE_NAME AS CHAR) AS table_name, CAST(CONSTRAINT_NAME AS CHAR) AS name,
  CAST(COLUMN_NAME AS CHAR) AS column_name,
  CAST(IF(REFERENCED_TABLE_SCHEMA = DATABASE(), NULL, REFERENCED_TABLE_SCHEMA) AS CHAR) AS foreign_database,
  CAST(REFERENCED_TABLE_NAME AS CHAR) AS foreign_table,
  CAST(REFERENCED_COLUMN_NAME AS CHAR) AS foreign_column
FROM information_schema.KEY_COLUMN_USAGE
WHERE TABLE_SCHEMA = DATABASE() AND REFERENCED_TABLE_NAME IS NOT NULL
ORDER BY TABLE_NAME, CONSTRAINT_NAME, ORDINAL_POSITION";

/// Told apart by the schema of their tables, which spares the server a look into every other database.
const TRIGGERS_AND_ACTIONS: &str = "\
SELECT 'trigger' AS kind, CAST(EVENT_OBJECT_TABLE AS CHAR) AS table_name, CAST(TRIGGER_NAME AS CHAR) AS name,
  CAST(NULL AS CHAR) AS expression
FROM information_schema.TRIGGERS WHERE EVENT_OBJECT_SCHEMA = DATABASE()
UNION ALL SELECT 'actions', CAST(TABLE_NAME AS CHAR), CAST(CONSTRAINT_NAME AS CHAR),
  CONCAT(CAST(DELETE_RULE AS CHAR), '/', CAST(UPDATE_RULE AS CHAR))
FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = DATABASE()";

/// Asked only where a table has some: the server opens every table for it.
const PARTITIONS: &str = "\
SELECT DISTINCT 'partitioning' AS kind, CAST(TABLE_NAME AS CHAR) AS table_name,
  CONCAT_WS(', ', CONCAT(PARTITION_METHOD, ' (', IFNULL(PARTITION_EXPRESSION, ''), ')'),
    CONCAT(SUBPARTITION_METHOD, ' (', IFNULL(SUBPARTITION_EXPRESSION, ''), ')')) AS name, CAST(NULL AS CHAR) AS expression
FROM information_schema.PARTITIONS WHERE TABLE_SCHEMA = DATABASE() AND PARTITION_NAME IS NOT NULL";

/// What the two relatives, and their versions, say differently.
struct Server {
    is_mariadb: bool,
    major: u32,
    minor: u32,
    collation: Option<String>,
}

impl Server {
    fn has_index_expressions(&self) -> bool {
        !self.is_mariadb && self.major >= 8
    }

    /// The word for an index that the server keeps and does not use.
    fn hidden(&self) -> &'static str {
        if self.is_mariadb {
            "IGNORED"
        } else {
            "INVISIBLE"
        }
    }

    fn indexes(&self) -> String {
        let expression = if self.has_index_expressions() {
            "EXPRESSION"
        } else {
            "NULL"
        };
        let hidden = match (self.is_mariadb, self.major, self.minor) {
            (true, 10, 0..6) => "NULL",
            (true, ..) => "IF(IGNORED = 'YES', 1, NULL)",
            (false, 8.., _) => "IF(IS_VISIBLE = 'NO', 1, NULL)",
            (false, ..) => "NULL",
        };
        format!(
            "SELECT CAST(TABLE_NAME AS CHAR) AS table_name, CAST(INDEX_NAME AS CHAR) AS name, \
             CAST(NON_UNIQUE AS SIGNED) AS non_unique, CAST(COLUMN_NAME AS CHAR) AS column_name, \
             CAST({expression} AS CHAR) AS expression, CAST(SUB_PART AS CHAR) AS prefix, \
             CAST(COLLATION AS CHAR) AS direction, CAST(INDEX_TYPE AS CHAR) AS method, \
             CAST(INDEX_COMMENT AS CHAR) AS comment, CAST({hidden} AS CHAR) AS hidden \
             FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE() \
             ORDER BY TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX"
        )
    }

    /// MySQL's catalog escapes the quotes of expressions.
    fn unescape(&self, expression: String) -> String {
        if self.is_mariadb {
            return expression;
        }
        expression.replace("\\'", "'").replace("\\\\", "\\")
    }

    /// CHECKs, triggers and the actions of foreign keys, in one query.
    fn objects(&self) -> String {
        let checks = if self.is_mariadb {
            "SELECT CAST(LEVEL AS CHAR) AS kind, CAST(TABLE_NAME AS CHAR) AS table_name, \
             CAST(CONSTRAINT_NAME AS CHAR) AS name, CAST(CHECK_CLAUSE AS CHAR) AS expression \
             FROM information_schema.CHECK_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = DATABASE()"
        } else if self.major >= 8 {
            "SELECT 'Table' AS kind, CAST(t.TABLE_NAME AS CHAR) AS table_name, \
             CAST(t.CONSTRAINT_NAME AS CHAR) AS name, CAST(c.CHECK_CLAUSE AS CHAR) AS expression \
             FROM information_schema.TABLE_CONSTRAINTS t JOIN information_schema.CHECK_CONSTRAINTS c \
             ON c.CONSTRAINT_SCHEMA = DATABASE() AND c.CONSTRAINT_NAME = t.CONSTRAINT_NAME \
             WHERE t.TABLE_SCHEMA = DATABASE() AND t.CONSTRAINT_TYPE = 'CHECK'"
        } else {
            return TRIGGERS_AND_ACTIONS.to_owned();
        };
        format!("{checks} UNION ALL {TRIGGERS_AND_ACTIONS}")
    }
}

/// Six queries, and one more for partitions, however many tables there are.
pub(crate) async fn introspect<C>(conn: &mut C) -> Result<Schema, Error>
where
    C: AsyncConnection<Backend = diesel::mysql::Mysql>,
{
    let failed = |error| Error::database("read the schema of the MySQL database", error);
    let server: ServerRow = sql_query(SERVER).get_result(conn).await.map_err(failed)?;
    let server = Server {
        is_mariadb: server.version.contains("MariaDB"),
        major: number(&server.version, 0),
        minor: number(&server.version, 1),
        collation: server.collation,
    };
    let tables: Vec<TableRow> = sql_query(TABLES).load(conn).await.map_err(failed)?;
    let columns: Vec<ColumnRow> = sql_query(COLUMNS).load(conn).await.map_err(failed)?;
    let indexes: Vec<IndexRow> = sql_query(server.indexes())
        .load(conn)
        .await
        .map_err(failed)?;
    let keys: Vec<KeyRow> = sql_query(KEYS).load(conn).await.map_err(failed)?;
    let objects: Vec<ObjectRow> = sql_query(server.objects())
        .load(conn)
        .await
        .map_err(failed)?;

    let mut schema = Schema::default();
    let mut collations = BTreeMap::new();
    let is_partitioned = tables.iter().any(TableRow::is_partitioned);
    for row in tables.into_iter().filter(|row| !is_own_table(&row.name)) {
        collations.insert(row.name.clone(), row.collation.clone());
        add_table(&mut schema, row, &server);
    }
    for row in columns {
        let collation = collations.get(&row.table_name).and_then(Option::as_ref);
        add_column(&mut schema, row, collation, &server);
    }
    add_indexes(&mut schema, indexes, &server);
    for row in keys {
        add_foreign_key(&mut schema, row);
    }
    if is_partitioned {
        let rows: Vec<ObjectRow> = sql_query(PARTITIONS).load(conn).await.map_err(failed)?;
        for row in rows {
            add_object(&mut schema, row, &server);
        }
    }
    for row in objects {
        add_object(&mut schema, row, &server);
    }
    schema.tables.values_mut().for_each(hide_implicit_indexes);
    schema.unmanaged.sort();
    schema.unmanaged.dedup();
    Ok(schema)
}

fn number(version: &str, at: usize) -> u32 {
    let part = version.split('.').nth(at);
    part.and_then(|part| part.parse().ok()).unwrap_or(0)
}

impl TableRow {
    fn is_partitioned(&self) -> bool {
        let options = self.storage.as_deref().unwrap_or_default();
        options.split_whitespace().any(|it| it == "partitioned")
    }
}

/// The options that have a value, in one order; the others are not for CREATE TABLE.
///
/// MariaDB writes Aria's checksums into every statement, and into the catalog only where a statement had them.
fn storage(options: &str) -> Vec<String> {
    let is_said = |it: &&str| it.contains('=') && !it.eq_ignore_ascii_case("page_checksum=1");
    let options = options.split_whitespace().filter(is_said);
    let mut options: Vec<String> = options.map(str::to_owned).collect();
    options.sort();
    options
}

fn add_table(schema: &mut Schema, row: TableRow, server: &Server) {
    if row.kind != "BASE TABLE" {
        schema.unmanaged.push(Unmanaged {
            kind: row.kind.to_lowercase(),
            name: row.name,
            ..Unmanaged::default()
        });
        return;
    }
    let options = TableOptions {
        engine: row.engine.filter(|engine| engine != "InnoDB"),
        collation: row
            .collation
            .filter(|own| Some(own) != server.collation.as_ref()),
        comment: row.comment.filter(|comment| !comment.is_empty()),
        storage: row.storage.as_deref().map(storage).unwrap_or_default(),
        ..TableOptions::default()
    };
    let table = Table {
        name: row.name.clone(),
        options,
        ..Table::default()
    };
    schema.tables.insert(row.name, table);
}

/// `inherited` is the collation of the table.
fn add_column(schema: &mut Schema, row: ColumnRow, inherited: Option<&String>, server: &Server) {
    let Some(table) = schema.tables.get_mut(&row.table_name) else {
        return;
    };
    let extra = row.extra.unwrap_or_default().to_lowercase();
    let expression = row.generated.filter(|expression| !expression.is_empty());
    let expression = expression.map(|expression| server.unescape(expression));
    let default = row.default_value.and_then(|default| {
        let is_time = || default.to_lowercase().starts_with("current_timestamp");
        if server.is_mariadb {
            (default != "NULL").then_some(default)
        } else if extra.contains("default_generated") {
            Some(server.unescape(default))
        } else if default.starts_with("b'") || is_time() && server.major < 8 {
            Some(default)
        } else {
            Some(format!(
                "'{}'",
                default.replace('\\', "\\\\").replace('\'', "''")
            ))
        }
    });
    // The type has it as a comment that MariaDB reads.
    let (ty, compressed) = match row.ty.split_once(" /*M!") {
        Some((ty, said)) if said.contains("COMPRESSED") => (ty.to_owned(), true),
        _ => (row.ty, false),
    };
    table.columns.push(Column {
        name: row.name,
        ty,
        compressed,
        nullable: row.nullable == "YES",
        default: default.filter(|_| expression.is_none()),
        auto: extra.contains("auto_increment").then_some(Auto::Increment),
        generated: expression.map(|expression| Generated {
            expression,
            stored: !extra.contains("virtual"),
        }),
        collation: row.collation.filter(|own| Some(own) != inherited),
        on_update: extra.split_once("on update ").map(|(_, rest)| {
            let end = rest.find([',', ' ']).unwrap_or(rest.len());
            rest[..end].to_owned()
        }),
        invisible: extra.contains("invisible"),
        comment: row.comment.filter(|comment| !comment.is_empty()),
        ..Column::default()
    });
}

fn add_indexes(schema: &mut Schema, rows: Vec<IndexRow>, server: &Server) {
    let mut by_name: BTreeMap<(String, String), Vec<IndexRow>> = BTreeMap::new();
    for row in rows {
        by_name
            .entry((row.table_name.clone(), row.name.clone()))
            .or_default()
            .push(row);
    }
    for ((table, name), rows) in by_name {
        let (Some(table), Some(first)) = (schema.tables.get_mut(&table), rows.as_slice().first())
        else {
            continue;
        };
        let unique = first.non_unique == 0;
        let method =
            (!matches!(first.method.as_str(), "BTREE" | "HASH")).then(|| first.method.clone());
        let comment = first.comment.clone().filter(|comment| !comment.is_empty());
        let mut storage = Vec::new();
        // Memory hashes unless it is told not to; for the others a hash is not a choice.
        if table.options.engine.as_deref() == Some("MEMORY") && first.method == "BTREE" {
            storage.push("USING BTREE".to_owned());
        }
        if first.hidden.is_some() {
            storage.push(server.hidden().to_owned());
        }
        let keys: Vec<IndexKey> = rows
            .into_iter()
            .map(|row| key(row, method.is_some()))
            .collect();
        let columns: Vec<String> = keys
            .iter()
            .filter_map(|key| match &key.target {
                KeyTarget::Column(name) => Some(name.clone()),
                KeyTarget::Expression(_) => None,
            })
            .collect();
        let plain = columns.len() == keys.len();
        let suffixes = keys
            .iter()
            .any(|key| !key.suffix.is_empty())
            .then(|| keys.iter().map(|key| key.suffix.clone()).collect());
        if name == "PRIMARY" {
            table.primary_key = Some(PrimaryKey {
                name: None,
                columns,
                suffixes: suffixes.unwrap_or_default(),
                ..PrimaryKey::default()
            });
        } else if unique && plain && method.is_none() {
            // A unique index and a unique constraint are one thing here.
            table.uniques.push(Unique {
                name: Some(name),
                columns,
                suffixes: suffixes.unwrap_or_default(),
                storage,
                comment,
                ..Unique::default()
            });
        } else {
            table.indexes.push(Index {
                name,
                unique,
                keys,
                method,
                storage,
                comment,
                ..Index::default()
            });
        }
    }
}

fn key(row: IndexRow, special: bool) -> IndexKey {
    let mut suffix = String::new();
    if let Some(prefix) = row.prefix.filter(|_| !special) {
        suffix = format!("({prefix})");
    }
    if row.direction.as_deref() == Some("D") {
        suffix.push_str(" DESC");
    }
    let target = match (row.column_name, row.expression) {
        (Some(name), _) => KeyTarget::Column(name),
        (None, expression) => KeyTarget::Expression(expression.unwrap_or_default()),
    };
    IndexKey { target, suffix }
}

fn add_foreign_key(schema: &mut Schema, row: KeyRow) {
    let Some(table) = schema.tables.get_mut(&row.table_name) else {
        return;
    };
    if let Some(database) = row.foreign_database {
        let quote = |name: &str| axum_db::Dialect::Mysql.quote(name);
        let target = format!("{}.{}", quote(&database), quote(&row.foreign_table));
        schema.unmanaged.push(Unmanaged {
            kind: format!("foreign key to {target}"),
            name: row.name,
            table: Some(row.table_name),
            ..Unmanaged::default()
        });
        return;
    }
    let known = table
        .foreign_keys
        .iter_mut()
        .find(|key| key.name.as_ref() == Some(&row.name));
    if let Some(key) = known {
        key.columns.push(row.column_name);
        key.referenced.push(row.foreign_column);
        return;
    }
    table.foreign_keys.push(ForeignKey {
        name: Some(row.name),
        columns: vec![row.column_name],
        table: row.foreign_table,
        referenced: vec![row.foreign_column],
        ..ForeignKey::default()
    });
}

/// RESTRICT and NO ACTION are one thing here.
fn action(rule: &str) -> Action {
    match rule {
        "CASCADE" => Action::Cascade,
        "SET NULL" => Action::SetNull,
        "SET DEFAULT" => Action::SetDefault,
        _ => Action::NoAction,
    }
}

fn add_object(schema: &mut Schema, row: ObjectRow, server: &Server) {
    let Some(table) = schema.tables.get_mut(&row.table_name) else {
        return;
    };
    let expression = server.unescape(row.expression.unwrap_or_default());
    match row.kind.as_str() {
        "Column" => {
            // MariaDB goes on calling the CHECK by the old name of a column that was renamed.
            let reads =
                |column: &Column| expression.contains(&axum_db::Dialect::Mysql.quote(&column.name));
            let columns = &mut table.columns;
            let at = columns
                .iter()
                .position(|column| column.name == row.name)
                .or_else(|| columns.iter().position(reads));
            let Some(column) = at.and_then(|at| columns.get_mut(at)) else {
                return;
            };
            let is_json = format!(
                "json_valid({})",
                axum_db::Dialect::Mysql.quote(&column.name)
            );
            let collation = column.collation.as_ref();
            let inherited = table
                .options
                .collation
                .as_ref()
                .or(server.collation.as_ref());
            let is_binary = collation
                .or(inherited)
                .is_some_and(|own| own == "utf8mb4_bin");
            if column.ty == "longtext" && expression == is_json && is_binary {
                // What MariaDB makes of JSON.
                "json".clone_into(&mut column.ty);
                column.collation = None;
            } else {
                column.check = Some(expression);
            }
        }
        "actions" => {
            let key = table
                .foreign_keys
                .iter_mut()
                .find(|key| key.name.as_ref() == Some(&row.name));
            if let (Some(key), Some((delete, update))) = (key, expression.split_once('/')) {
                key.on_delete = action(delete);
                key.on_update = action(update);
            }
        }
        "trigger" | "partitioning" => schema.unmanaged.push(Unmanaged {
            kind: row.kind,
            name: row.name,
            table: Some(row.table_name),
            ..Unmanaged::default()
        }),
        _ => table.checks.push(Check {
            name: Some(row.name),
            expression,
            ..Check::default()
        }),
    }
}

/// The index that the server made for a foreign key belongs to the key.
fn hide_implicit_indexes(table: &mut Table) {
    for key in &mut table.foreign_keys {
        let implicit = table.indexes.iter().position(|index| {
            let named = Some(&index.name) == key.name.as_ref()
                || Some(&index.name) == key.columns.as_slice().first();
            named
                && !index.unique
                && index.method.is_none()
                && index.storage.is_empty()
                && index.comment.is_none()
                && index.keys.iter().all(|key| key.suffix.is_empty())
                && index.keys.len() == key.columns.len()
                && index.columns().eq(key.columns.iter().map(String::as_str))
        });
        key.implicit_index = implicit.map(|at| table.indexes.remove(at).name);
    }
}
