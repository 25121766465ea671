//! PostgreSQL: the catalog of the current schema.

use diesel::sql_types::{Bool, Nullable, Text};
use diesel::{QueryableByName, sql_query};
use diesel_async::{AsyncConnection, RunQueryDsl};
use serde::Deserialize;

use super::is_own_table;
use crate::error::{Error, ErrorKind};
use crate::schema::{
    Action, Auto, Check, Column, Deferrable, EnumType, ForeignKey, Generated, Index, IndexKey,
    KeyTarget, PrimaryKey, Schema, Table, Unique, Unmanaged,
};

#[derive(QueryableByName)]
struct ColumnRow {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Nullable<Text>)]
    table_comment: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    name: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    ty: Option<String>,
    #[diesel(sql_type = Nullable<Bool>)]
    not_null: Option<bool>,
    #[diesel(sql_type = Nullable<Text>)]
    default_value: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    identity: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    generated: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    collation: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    comment: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    sequence: Option<String>,
}

#[derive(QueryableByName)]
struct ConstraintRow {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Nullable<Text>)]
    columns: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    foreign_table: Option<String>,
    #[diesel(sql_type = Nullable<Bool>)]
    same_schema: Option<bool>,
    #[diesel(sql_type = Nullable<Text>)]
    referenced: Option<String>,
    #[diesel(sql_type = Text)]
    on_delete: String,
    #[diesel(sql_type = Text)]
    on_update: String,
    #[diesel(sql_type = Bool)]
    is_deferrable: bool,
    #[diesel(sql_type = Bool)]
    is_deferred: bool,
    #[diesel(sql_type = Nullable<Text>)]
    expression: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    include: Option<String>,
    #[diesel(sql_type = Bool)]
    nulls_not_distinct: bool,
}

#[derive(QueryableByName)]
struct IndexRow {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Bool)]
    is_unique: bool,
    #[diesel(sql_type = Text)]
    method: String,
    #[diesel(sql_type = Nullable<Text>)]
    predicate: Option<String>,
    #[diesel(sql_type = Bool)]
    nulls_not_distinct: bool,
    #[diesel(sql_type = Text)]
    keys: String,
}

/// A key of an index, as the query writes it.
#[derive(Deserialize)]
struct KeyJson {
    /// An INCLUDE column rather than a key.
    included: bool,
    column: Option<String>,
    text: String,
    options: Option<i16>,
    opclass: Option<String>,
    collation: Option<String>,
}

#[derive(QueryableByName)]
struct ObjectRow {
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Nullable<Text>)]
    table_name: Option<String>,
}

#[derive(QueryableByName)]
struct EnumRow {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    ty: String,
    #[diesel(sql_type = Nullable<Text>)]
    labels: Option<String>,
}

const COLUMNS: &str = "\
SELECT c.relname::text AS table_name, obj_description(c.oid, 'pg_class') AS table_comment,
  a.attname::text AS name, format_type(a.atttypid, a.atttypmod) AS ty, a.attnotnull AS not_null,
  pg_get_expr(d.adbin, d.adrelid) AS default_value, a.attidentity::text AS identity,
  a.attgenerated::text AS generated,
  CASE WHEN a.attcollation <> t.typcollation THEN quote_ident(k.collname) END AS collation,
  col_description(c.oid, a.attnum) AS comment,
  (SELECT quote_ident(s.relname) FROM pg_depend o JOIN pg_class s ON s.oid = o.objid AND s.relkind = 'S'
   WHERE o.classid = 'pg_class'::regclass AND o.refclassid = 'pg_class'::regclass
     AND o.refobjid = c.oid AND o.refobjsubid = a.attnum AND o.deptype = 'a' LIMIT 1) AS sequence
FROM pg_class c
LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_collation k ON k.oid = a.attcollation
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())
  AND c.relkind = 'r' AND NOT c.relispartition
  AND NOT EXISTS (SELECT 1 FROM pg_depend e WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid AND e.deptype = 'e')
ORDER BY c.relname, a.attnum";

const CONSTRAINTS: &str = "\
SELECT c.relname::text AS table_name, k.conname::text AS name, k.contype::text AS kind,
  (SELECT json_agg(a.attname ORDER BY u.n)::text FROM unnest(k.conkey) WITH ORDINALITY u(attnum, n)
   JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.attnum) AS columns,
  f.relname::text AS foreign_table, f.relnamespace = c.relnamespace AS same_schema,
  (SELECT json_agg(a.attname ORDER BY u.n)::text FROM unnest(k.confkey) WITH ORDINALITY u(attnum, n)
   JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.attnum) AS referenced,
  k.confdeltype::text AS on_delete, k.confupdtype::text AS on_update,
  k.condeferrable AS is_deferrable, k.condeferred AS is_deferred,
  CASE WHEN k.contype = 'c' THEN pg_get_expr(k.conbin, k.conrelid) END AS expression,
  CASE WHEN k.contype = 'u' THEN
    (SELECT json_agg(a.attname ORDER BY u.n)::text FROM unnest(i.indkey::int2[]) WITH ORDINALITY u(attnum, n)
     JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = u.attnum WHERE u.n > i.indnkeyatts) END AS include,
  coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::bool, false) AS nulls_not_distinct
FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid
LEFT JOIN pg_class f ON f.oid = k.confrelid
LEFT JOIN pg_index i ON i.indexrelid = k.conindid AND k.contype IN ('p', 'u')
WHERE c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())
  AND k.contype IN ('p', 'u', 'f', 'c', 'x')
ORDER BY c.relname, k.conname";

const INDEXES: &str = "\
SELECT c.relname::text AS table_name, x.relname::text AS name, i.indisunique AS is_unique,
  m.amname::text AS method, pg_get_expr(i.indpred, i.indrelid) AS predicate,
  coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::bool, false) AS nulls_not_distinct,
  (SELECT json_agg(json_build_object(
      'included', u.n > i.indnkeyatts, 'column', a.attname,
      'text', pg_get_indexdef(i.indexrelid, u.n::int, false),
      'options', i.indoption[u.n::int - 1],
      'opclass', CASE WHEN NOT o.opcdefault THEN quote_ident(o.opcname) END,
      'collation', CASE WHEN i.indcollation[u.n::int - 1] <> coalesce(a.attcollation, t.typcollation)
                        THEN quote_ident(k.collname) END) ORDER BY u.n)::text
   FROM unnest(i.indkey::int2[]) WITH ORDINALITY u(attnum, n)
   LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = u.attnum AND u.attnum <> 0
   LEFT JOIN pg_attribute own ON own.attrelid = i.indexrelid AND own.attnum = u.n
   LEFT JOIN pg_type t ON t.oid = own.atttypid
   LEFT JOIN pg_opclass o ON o.oid = i.indclass[u.n::int - 1]
   LEFT JOIN pg_collation k ON k.oid = i.indcollation[u.n::int - 1]) AS keys
FROM pg_index i
JOIN pg_class x ON x.oid = i.indexrelid
JOIN pg_class c ON c.oid = i.indrelid
JOIN pg_am m ON m.oid = x.relam
WHERE c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())
  AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
ORDER BY c.relname, x.relname";

const OBJECTS: &str = "\
SELECT CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table'
    WHEN 'p' THEN 'partitioned table' WHEN 'r' THEN 'partition' ELSE 'sequence' END AS kind,
  c.relname::text AS name, NULL::text AS table_name
FROM pg_class c
WHERE c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())
  AND (c.relkind IN ('v', 'm', 'f', 'p') OR c.relkind = 'r' AND c.relispartition OR c.relkind = 'S' AND NOT EXISTS (
    SELECT 1 FROM pg_depend o WHERE o.classid = 'pg_class'::regclass AND o.objid = c.oid AND o.deptype IN ('a', 'i')))
UNION ALL
SELECT 'trigger', t.tgname::text, c.relname::text FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE NOT t.tgisinternal AND c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())
UNION ALL
SELECT 'row security policy', p.polname::text, c.relname::text FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
WHERE c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())";

const ENUMS: &str = "\
SELECT t.typname::text AS name, format_type(t.oid, NULL) AS ty,
  (SELECT json_agg(e.enumlabel ORDER BY e.enumsortorder)::text FROM pg_enum e WHERE e.enumtypid = t.oid) AS labels
FROM pg_type t
WHERE t.typtype = 'e' AND t.typnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())
  AND NOT EXISTS (SELECT 1 FROM pg_depend e WHERE e.classid = 'pg_type'::regclass AND e.objid = t.oid AND e.deptype = 'e')
ORDER BY t.typname";

/// Five queries, however many tables there are.
pub(crate) async fn introspect<C>(conn: &mut C) -> Result<Schema, Error>
where
    C: AsyncConnection<Backend = diesel::pg::Pg>,
{
    let failed = |error| Error::database("read the schema of the PostgreSQL database", error);
    let columns: Vec<ColumnRow> = sql_query(COLUMNS).load(conn).await.map_err(failed)?;
    let constraints: Vec<ConstraintRow> =
        sql_query(CONSTRAINTS).load(conn).await.map_err(failed)?;
    let indexes: Vec<IndexRow> = sql_query(INDEXES).load(conn).await.map_err(failed)?;
    let objects: Vec<ObjectRow> = sql_query(OBJECTS).load(conn).await.map_err(failed)?;
    let enums: Vec<EnumRow> = sql_query(ENUMS).load(conn).await.map_err(failed)?;

    let mut schema = Schema::default();
    for row in enums {
        let values = names(row.labels.as_deref())?;
        let (name, ty) = (row.name, row.ty);
        schema
            .enums
            .insert(name.clone(), EnumType { name, ty, values });
    }
    for row in columns
        .into_iter()
        .filter(|row| !is_own_table(&row.table_name))
    {
        let table = schema
            .tables
            .entry(row.table_name.clone())
            .or_insert_with(|| Table {
                name: row.table_name.clone(),
                ..Table::default()
            });
        table.options.comment.clone_from(&row.table_comment);
        table.columns.extend(column(row));
    }
    for row in constraints {
        add_constraint(&mut schema, row)?;
    }
    for row in indexes {
        if let Some(table) = schema.tables.get_mut(&row.table_name) {
            table.indexes.push(index(row)?);
        }
    }
    schema
        .unmanaged
        .extend(objects.into_iter().map(|row| Unmanaged {
            kind: row.kind,
            name: row.name,
            table: row.table_name,
            sql: None,
        }));
    schema.unmanaged.sort();
    Ok(schema)
}

fn column(row: ColumnRow) -> Option<Column> {
    let mut column = Column {
        name: row.name?,
        ty: row.ty?,
        nullable: row.not_null == Some(false),
        default: row.default_value,
        collation: row.collation,
        comment: row.comment,
        ..Column::default()
    };
    if row.generated.is_some_and(|kind| !kind.is_empty()) {
        column.generated = column.default.take().map(|expression| Generated {
            expression,
            stored: true,
        });
    }
    match row.identity.as_deref() {
        Some("a") => column.auto = Some(Auto::Identity { always: true }),
        Some("d") => column.auto = Some(Auto::Identity { always: false }),
        _ => {}
    }
    if let Some(sequence) = row.sequence
        && column
            .default
            .as_ref()
            .is_some_and(|default| default.starts_with("nextval("))
    {
        column.default = None;
        column.auto = Some(Auto::Serial { sequence });
    }
    Some(column)
}

fn add_constraint(schema: &mut Schema, row: ConstraintRow) -> Result<(), Error> {
    let Some(table) = schema.tables.get_mut(&row.table_name) else {
        return Ok(());
    };
    let unmanaged = |kind: &str| Unmanaged {
        kind: kind.to_owned(),
        name: row.name.clone(),
        table: Some(row.table_name.clone()),
        sql: None,
    };
    let columns = names(row.columns.as_deref())?;
    let name = Some(row.name.clone());
    let deferrable = match (row.is_deferrable, row.is_deferred) {
        (false, _) => None,
        (true, false) => Some(Deferrable::Immediate),
        (true, true) => Some(Deferrable::Deferred),
    };
    match row.kind.as_str() {
        "p" => {
            table.primary_key = Some(PrimaryKey {
                name,
                columns,
                ..PrimaryKey::default()
            })
        }
        "u" => table.uniques.push(Unique {
            name,
            columns,
            deferrable,
            nulls_not_distinct: row.nulls_not_distinct,
            include: names(row.include.as_deref())?,
            ..Unique::default()
        }),
        "c" => table.checks.push(Check {
            name,
            expression: row.expression.unwrap_or_default(),
        }),
        "f" if row.same_schema == Some(true) => table.foreign_keys.push(ForeignKey {
            name,
            columns,
            table: row.foreign_table.unwrap_or_default(),
            referenced: names(row.referenced.as_deref())?,
            on_delete: action(&row.on_delete),
            on_update: action(&row.on_update),
            deferrable,
            implicit_index: None,
        }),
        "f" => {
            let object = unmanaged("foreign key to another schema");
            schema.unmanaged.push(object);
        }
        _ => {
            let object = unmanaged("exclusion constraint");
            schema.unmanaged.push(object);
        }
    }
    Ok(())
}

fn names(json: Option<&str>) -> Result<Vec<String>, Error> {
    json.map_or(Ok(Vec::new()), |json| {
        serde_json::from_str(json).map_err(unreadable)
    })
}

fn unreadable(error: serde_json::Error) -> Error {
    Error::new(
        ErrorKind::Database,
        "the catalog of the PostgreSQL database answered in an unknown form; \
         please report it with the version of the server",
    )
    .with_source(error)
}

fn action(code: &str) -> Action {
    match code {
        "r" => Action::Restrict,
        "c" => Action::Cascade,
        "n" => Action::SetNull,
        "d" => Action::SetDefault,
        _ => Action::NoAction,
    }
}

fn index(row: IndexRow) -> Result<Index, Error> {
    let mut index = Index {
        name: row.name,
        unique: row.is_unique,
        predicate: row.predicate,
        nulls_not_distinct: row.nulls_not_distinct,
        method: (row.method != "btree").then_some(row.method),
        ..Index::default()
    };
    let keys: Vec<KeyJson> = serde_json::from_str(&row.keys).map_err(unreadable)?;
    for key in keys {
        if key.included {
            index.include.extend(key.column);
            continue;
        }
        let mut suffix = String::new();
        for (word, name) in [(" COLLATE", &key.collation), ("", &key.opclass)] {
            if let Some(name) = name {
                suffix.push_str(&format!("{word} {name}"));
            }
        }
        // Bit 0: DESC; bit 1: NULLS FIRST, which is what DESC implies.
        suffix.push_str(match key.options.unwrap_or(0) & 3 {
            1 => " DESC NULLS LAST",
            2 => " NULLS FIRST",
            3 => " DESC",
            _ => "",
        });
        let target = key
            .column
            .map_or(KeyTarget::Expression(key.text), KeyTarget::Column);
        index.keys.push(IndexKey { target, suffix });
    }
    Ok(index)
}
