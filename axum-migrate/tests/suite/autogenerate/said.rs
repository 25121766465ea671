//! All that `#[model]` has words for: made, found unchanged, changed in place one by one, and back.

use axum_db::model::{
    Action, CheckDef, DefaultValue, Deferrable, GeneratedDef, Identity, IndexDef, KeyDef, TableDef,
    UniqueDef,
};
use axum_db::prelude::*;
use axum_db::{Dialect, Metadata, metadata};
use axum_migrate::{Hints, Op, diff, inverse, render};

use super::harness::{Server, connect, expect_same, run, summary};

#[model(
    comment = "what's sold",
    primary_key(shop_id, number),
    unique(shop_id, label),
    index(shop_id, price(desc), name = "wares_dear"),
    index(code, unique),
    check = "price >= 0",
    foreign_key(shop_id, part_of, references = Ware, to(shop_id, number), on_delete = cascade),
    sqlite(
        strict,
        index(expr("lower(label)", desc), price(collation = "NOCASE"), where = "price > 10", name = "wares_rich")
    ),
    postgres(
        index(expr("lower(label)"), price(desc, nulls_last), where = "price > 10", include(note), name = "wares_rich"),
        index(label(opclass = "text_pattern_ops"), name = "wares_like"),
        unique(number, code, include(price), nulls_not_distinct, initially_deferred)
    ),
    mysql(
        collation = "utf8mb4_bin",
        index(label(length = 5), price(desc), name = "wares_rich"),
        index(note, using = "fulltext", name = "wares_words")
    )
)]
pub struct Ware {
    pub shop_id: i32,
    pub number: i32,
    #[model(
        length = 40,
        comment = "as on the shelf",
        sqlite(collation = "NOCASE"),
        postgres(collation = "C"),
        mysql(collation = "utf8mb4_general_ci")
    )]
    pub label: String,
    pub code: i32,
    #[model(default = 0)]
    pub price: i32,
    #[model(generated = "price * 2", mysql(generated("price * 2", virtual)))]
    pub twice: Option<i32>,
    #[model(default_sql = "lower('NONE')", length = 20)]
    pub note: String,
    pub part_of: Option<i32>,
    #[model(default = now, mysql(on_update_sql = "CURRENT_TIMESTAMP(6)"))]
    pub seen: chrono::NaiveDateTime,
}

#[model(sqlite(without_rowid))]
pub struct Country {
    #[model(primary_key, auto_increment = false)]
    pub code: i32,
    #[model(column_type = "VARCHAR(30)")]
    pub name: String,
}

#[model]
pub struct Place {
    #[model(primary_key, identity = always, sqlite(rowid))]
    pub id: i64,
    #[model(references = Place, index, sqlite(initially_deferred), postgres(initially_deferred))]
    pub next_id: Option<i64>,
    pub country: i32,
}

/// A change to a model: its name, the engines it is for, the table, and what becomes of it.
type Change = (
    &'static str,
    &'static [Dialect],
    &'static str,
    fn(TableDef) -> TableDef,
);

const ALL: &[Dialect] = &[Dialect::Sqlite, Dialect::Postgres, Dialect::Mysql];
const SQLITE: &[Dialect] = &[Dialect::Sqlite];
const POSTGRES: &[Dialect] = &[Dialect::Postgres];
const MYSQL: &[Dialect] = &[Dialect::Mysql];
const COMMENTED: &[Dialect] = &[Dialect::Postgres, Dialect::Mysql];
const DEFERRED: &[Dialect] = &[Dialect::Sqlite, Dialect::Postgres];

fn index(mut table: TableDef, name: &str, change: impl Fn(IndexDef) -> IndexDef) -> TableDef {
    let found = table.indexes.iter_mut();
    let index = found
        .into_iter()
        .find(|it| it.name.as_deref() == Some(name));
    let index = index.unwrap_or_else(|| panic!("an index {name}"));
    *index = change(index.clone());
    table
}

fn with_keys<const N: usize>(mut index: IndexDef, columns: [&'static str; N]) -> IndexDef {
    index.keys = columns.map(KeyDef::column).into();
    index
}

fn without_index(mut table: TableDef, name: &str) -> TableDef {
    table.indexes.retain(|it| it.name.as_deref() != Some(name));
    table
}

fn changes() -> Vec<Change> {
    vec![
        ("an order", ALL, "wares", |table| {
            index(table, "wares_dear", |it| {
                with_keys(it, ["shop_id", "price"])
            })
        }),
        ("a plain index goes", ALL, "wares", |table| {
            without_index(table, "wares_dear")
        }),
        ("a special index goes", ALL, "wares", |table| {
            without_index(table, "wares_rich")
        }),
        ("an index becomes unique", ALL, "wares", |table| {
            index(table, "wares_dear", IndexDef::unique)
        }),
        ("a unique index comes", ALL, "wares", |table| {
            table.index(IndexDef::new([KeyDef::column("number").desc()]).unique())
        }),
        ("a unique index goes", ALL, "wares", |mut table| {
            table.indexes.retain(|it| !it.unique);
            table
        }),
        ("a unique constraint goes", ALL, "wares", |mut table| {
            table.uniques.remove(0);
            table
        }),
        ("a check changes", ALL, "wares", |mut table| {
            table.checks = vec![CheckDef::new("price >= 1")];
            table
        }),
        (
            "a check goes, whatever its name",
            ALL,
            "wares",
            |mut table| {
                table.checks.clear();
                table
            },
        ),
        ("a check with a name comes", ALL, "wares", |table| {
            table.check(CheckDef::new("code > 0").name("coded"))
        }),
        ("a default in SQL changes", ALL, "wares", |table| {
            table.change_column("note", |it| {
                it.default(DefaultValue::Sql("upper('none')".into()))
            })
        }),
        ("a default in SQL goes", ALL, "wares", |table| {
            table.change_column("note", |mut it| {
                it.default = None;
                it
            })
        }),
        ("a computed column changes", ALL, "wares", |table| {
            table.change_column("twice", |mut it| {
                it.generated = it.generated.map(|mut own| {
                    own.expression = "price * 2 + 1".into();
                    own
                });
                it
            })
        }),
        ("a computed column is stored", MYSQL, "wares", |table| {
            table.change_column("twice", |it| it.generated(GeneratedDef::new("price * 2")))
        }),
        (
            "a computed column is not stored",
            SQLITE,
            "wares",
            |table| {
                table.change_column("twice", |it| {
                    it.generated(GeneratedDef::new("price * 2").on_the_fly())
                })
            },
        ),
        ("a composite key does nothing", ALL, "wares", |table| {
            table.change_foreign_key(&["shop_id", "part_of"], |it| it.on_delete(Action::NoAction))
        }),
        ("a composite key goes", ALL, "wares", |mut table| {
            table.foreign_keys.clear();
            table
        }),
        ("a collation changes", SQLITE, "wares", |table| {
            table.change_column("label", |it| it.collation("RTRIM"))
        }),
        ("a collation changes", POSTGRES, "wares", |table| {
            table.change_column("label", |it| it.collation("POSIX"))
        }),
        ("a collation changes", MYSQL, "wares", |table| {
            table.change_column("label", |it| it.collation("utf8mb4_unicode_ci"))
        }),
        ("a collation goes", ALL, "wares", |table| {
            table.change_column("label", |mut it| {
                it.collation = None;
                it
            })
        }),
        ("a comment changes", COMMENTED, "wares", |table| {
            table.change_column("label", |it| it.comment("it's \\ new"))
        }),
        ("a comment goes", COMMENTED, "wares", |table| {
            table.change_column("label", |mut it| {
                it.comment = None;
                it
            })
        }),
        ("a table's comment changes", COMMENTED, "wares", |table| {
            table.comment("new")
        }),
        ("a table's comment goes", COMMENTED, "wares", |mut table| {
            table.comment = None;
            table
        }),
        ("a condition changes", DEFERRED, "wares", |table| {
            index(table, "wares_rich", |it| it.filter("price > 11"))
        }),
        ("an expression changes", DEFERRED, "wares", |table| {
            index(table, "wares_rich", |mut it| {
                it.keys[0] = KeyDef::expression("upper(label)");
                it
            })
        }),
        ("a key's collation changes", SQLITE, "wares", |table| {
            index(table, "wares_rich", |mut it| {
                it.keys[1].collation = None;
                it
            })
        }),
        ("NULLs come first", POSTGRES, "wares", |table| {
            index(table, "wares_rich", |mut it| {
                it.keys[1].nulls_first = Some(true);
                it
            })
        }),
        ("other columns are included", POSTGRES, "wares", |table| {
            index(table, "wares_rich", |it| it.include(["note", "code"]))
        }),
        ("another method", POSTGRES, "wares", |table| {
            index(table, "wares_like", |mut it| {
                it.keys = vec!["label".into()];
                it.using("hash")
            })
        }),
        ("an operator class goes", POSTGRES, "wares", |table| {
            index(table, "wares_like", |it| with_keys(it, ["label"]))
        }),
        (
            "a unique constraint is checked at once",
            POSTGRES,
            "wares",
            |mut table| {
                table.uniques[1].deferrable = None;
                table
            },
        ),
        (
            "a unique constraint may be put off",
            POSTGRES,
            "wares",
            |mut table| {
                table.uniques[1].deferrable = Some(Deferrable::InitiallyImmediate);
                table
            },
        ),
        (
            "a unique constraint includes nothing",
            POSTGRES,
            "wares",
            |mut table| {
                table.uniques[1].include.clear();
                table
            },
        ),
        (
            "to a unique constraint NULLs are different",
            POSTGRES,
            "wares",
            |mut table| {
                table.uniques[1].nulls_not_distinct = false;
                table
            },
        ),
        (
            "a unique constraint with everything comes",
            POSTGRES,
            "wares",
            |table| {
                let rule = UniqueDef::new(["label"]).deferrable(Deferrable::InitiallyDeferred);
                table.unique(rule.include(["note"]).nulls_not_distinct())
            },
        ),
        ("a prefix gets longer", MYSQL, "wares", |table| {
            index(table, "wares_rich", |mut it| {
                it.keys[0].length = Some(6);
                it
            })
        }),
        ("words are no longer indexed", MYSQL, "wares", |table| {
            without_index(table, "wares_words")
        }),
        ("an update leaves a column", MYSQL, "wares", |table| {
            table.change_column("seen", |mut it| {
                it.on_update_sql = None;
                it
            })
        }),
        ("a table's collation", MYSQL, "wares", |table| {
            table.collation("utf8mb4_unicode_ci")
        }),
        ("a table's engine", MYSQL, "countries", |table| {
            table.engine("MyISAM")
        }),
        (
            "a table that is not strict",
            SQLITE,
            "wares",
            |mut table| {
                table.options.strict = false;
                table
            },
        ),
        (
            "a table with row numbers",
            SQLITE,
            "countries",
            |mut table| {
                table.options.without_rowid = false;
                table
            },
        ),
        ("a number that comes once", SQLITE, "places", |table| {
            table.change_column("id", |mut it| {
                it.rowid = false;
                it
            })
        }),
        ("an identity by default", POSTGRES, "places", |table| {
            table.change_column("id", |it| it.identity(Identity::ByDefault))
        }),
        ("a key that nobody numbers", ALL, "places", |table| {
            table.change_column("id", |mut it| {
                it.auto_increment = false;
                it.identity = None;
                it
            })
        }),
        ("a key is checked at once", DEFERRED, "places", |table| {
            table.change_foreign_key(&["next_id"], |mut it| {
                it.deferrable = None;
                it
            })
        }),
        ("a key may be put off", DEFERRED, "places", |table| {
            table.change_foreign_key(&["next_id"], |it| {
                it.deferrable(Deferrable::InitiallyImmediate)
            })
        }),
        ("a type of its own", ALL, "countries", |table| {
            table.change_column("name", |it| it.column_type("VARCHAR(31)"))
        }),
    ]
}

/// Every change is seen and made in place, after which nothing is left; and it goes back.
pub async fn every_word<E: Server>() {
    let models = metadata![Ware, Country, Place];
    models
        .validate_for(E::DIALECT)
        .expect("what the engine has");
    let database = E::database();
    let mut conn = connect::<E>(&database).await.expect("a connection");
    let conn = &mut conn;
    for statement in models.create_statements(E::DIALECT) {
        E::execute(conn, &statement).await.expect("the models");
    }
    let start = E::introspect(conn).await.expect("the schema");
    let desired = E::scratch_schema(conn, &models.create_statements(E::DIALECT)).await;
    let found = diff(&start, &desired.expect("the schema"), &Hints::default()).expect("no hints");
    assert!(found.ops.is_empty(), "{}", summary(&found));

    let mut failures = Vec::new();
    let changes = changes();
    for (what, engines, name, change) in changes {
        if !engines.contains(&E::DIALECT) {
            continue;
        }
        let tables = models.tables().iter().map(|table| {
            let table = table.for_dialect(E::DIALECT);
            if table.name == name {
                change(table)
            } else {
                table
            }
        });
        let changed = Metadata::new(tables);
        if let Err(failure) = one::<E>(conn, &start, &changed).await {
            failures.push(format!("## {what}\n{failure}"));
            let left = E::introspect(conn).await.expect("the schema");
            if !left.is_same_as(&start) {
                break;
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

async fn one<E: Server>(
    conn: &mut E::Connection,
    start: &axum_migrate::Schema,
    changed: &Metadata,
) -> Result<(), String> {
    let text = |error: axum_migrate::Error| error.to_string();
    changed
        .validate_for(E::DIALECT)
        .map_err(|error| error.to_string())?;
    let statements = changed.create_statements(E::DIALECT);
    let desired = E::scratch_schema(conn, &statements).await.map_err(text)?;
    let found = diff(start, &desired, &Hints::default()).map_err(text)?;
    if found.ops.is_empty() {
        return Err("it was not seen".to_owned());
    }
    let renewed = |op: &Op| {
        let computed = matches!(op, Op::DropColumn { column, .. } if column.generated.is_some());
        matches!(
            op,
            Op::DropTable(_) | Op::CreateTable(_) | Op::DropColumn { .. }
        ) && !computed
    };
    if found.ops.iter().any(renewed) {
        return Err(format!("it was not made in place\n{}", summary(&found)));
    }
    let up = render(E::DIALECT, &found.ops, start).map_err(text)?;
    run::<E>(conn, &up).await?;
    let now = E::introspect(conn).await.map_err(text)?;
    expect_same("after up", &now, &desired)?;
    let down = render(E::DIALECT, &inverse(&found.ops), &found.target).map_err(text)?;
    run::<E>(conn, &down).await?;
    expect_same(
        "after down",
        &E::introspect(conn).await.map_err(text)?,
        start,
    )
}
