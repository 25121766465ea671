//! The SQL of every model of the tests, in each dialect; and what `Metadata` refuses.

use axum_db::model::{ColumnDef, ForeignKeyDef, Model, TableDef};
use axum_db::{Dialect, Metadata, MetadataError, metadata};
use diesel::sql_types::{BigInt, Binary, Nullable, Text};

use crate::models::letters::Letter;
use crate::models::*;

#[test]
fn create_and_drop_statements() {
    let metadata = metadata![Player, Filing, Sample, Post, Letter, Category, Team, User];
    for dialect in [Dialect::Sqlite, Dialect::Postgres, Dialect::Mysql] {
        let create = metadata.create_statements(dialect).join(";\n\n");
        let drop = metadata.drop_statements(dialect).join(";\n");
        insta::assert_snapshot!(dialect.name(), format!("{create};\n\n{drop};"));
    }
}

#[cfg(all(feature = "decimal", feature = "json", feature = "uuid"))]
#[test]
fn statements_of_enums_rules_and_portable_types() {
    use crate::typed::*;

    let metadata = metadata![Article, MoodCount, Parcel, Stop];
    for dialect in [Dialect::Sqlite, Dialect::Postgres, Dialect::Mysql] {
        let create = metadata.create_statements(dialect).join(";\n\n");
        let drop = metadata.drop_statements(dialect).join(";\n");
        let name = format!("typed_{}", dialect.name());
        insta::assert_snapshot!(name, format!("{create};\n\n{drop};"));
    }
}

#[test]
fn statements_of_all_that_models_have_words_for() {
    use crate::attributes::elsewhere::{Audited, Event};
    use crate::attributes::{Country, Place, Ware};

    let here = metadata![Ware, Place, Country];
    let schemas = metadata![Event, Audited];
    for dialect in [Dialect::Sqlite, Dialect::Postgres, Dialect::Mysql] {
        here.validate_for(dialect).expect("what the engine has");
        let mut sql = here.create_statements(dialect);
        match dialect {
            Dialect::Postgres => {
                schemas.validate_for(dialect).expect("it has schemas");
                sql.extend(schemas.create_statements(dialect));
                sql.extend(schemas.drop_statements(dialect));
            }
            _ => {
                let refused = schemas
                    .validate_for(dialect)
                    .expect_err("it has no schemas");
                assert!(
                    refused
                        .to_string()
                        .contains("`audit.audited_events` has a schema"),
                    "{refused}"
                );
            }
        }
        let name = format!("attributes_{}", dialect.name());
        insta::assert_snapshot!(name, sql.join(";\n\n"));
    }
}

#[test]
fn what_an_engine_lacks_is_said_before_it_is_asked() {
    use axum_db::model::{Deferrable, Identity, IndexDef, KeyDef, UniqueDef};

    let table = || {
        TableDef::new("things")
            .column(ColumnDef::new::<BigInt>("id").auto_increment())
            .column(ColumnDef::new::<Text>("name"))
            .primary_key(["id"])
    };
    let index = || IndexDef::new(["name"]);
    let key = || KeyDef::column("name");
    let (no_sqlite, no_mysql) = (&[Dialect::Sqlite][..], &[Dialect::Mysql][..]);
    let not_others = &[Dialect::Sqlite, Dialect::Mysql][..];
    let cases = [
        (table(), &[][..]),
        (table().index(index().filter("id > 1")), no_mysql),
        (table().index(index().using("gin")), not_others),
        (
            table().index(index().using("fulltext")),
            &[Dialect::Sqlite, Dialect::Postgres],
        ),
        (table().index(index().using("hash")), no_sqlite),
        (table().index(index().using("btree")), &[]),
        (table().index(index().include(["id"])), not_others),
        (
            table().index(index().unique().nulls_not_distinct()),
            not_others,
        ),
        (
            table().index(IndexDef::new([key().nulls_first()])),
            not_others,
        ),
        (
            table().index(IndexDef::new([key().opclass("text_ops")])),
            not_others,
        ),
        (
            table().index(IndexDef::new([key().collation("C")])),
            no_mysql,
        ),
        (
            table().index(IndexDef::new([key().length(3)])),
            &[Dialect::Sqlite, Dialect::Postgres],
        ),
        (
            table().unique(UniqueDef::new(["name"]).deferrable(Deferrable::InitiallyDeferred)),
            not_others,
        ),
        (
            table().unique(UniqueDef::new(["name"]).include(["id"])),
            not_others,
        ),
        (
            table().unique(UniqueDef::new(["name"]).nulls_not_distinct()),
            not_others,
        ),
        (
            table().foreign_key(
                ForeignKeyDef::new(["id"], "things", ["id"])
                    .deferrable(Deferrable::InitiallyImmediate),
            ),
            no_mysql,
        ),
        (
            table().column(ColumnDef::new::<BigInt>("number").identity(Identity::ByDefault)),
            not_others,
        ),
        (
            table().change_column("id", |id| id.identity(Identity::Always)),
            &[],
        ),
        (table().primary_key(["id", "name"]), no_sqlite),
        (table().without_rowid(), no_sqlite),
        (
            table().change_column("name", |name| name.on_update_sql("now()")),
            &[Dialect::Sqlite, Dialect::Postgres],
        ),
        (table().schema("audit"), not_others),
        (
            table().on(Dialect::Sqlite, |table| {
                table.index(IndexDef::new(["name"]).using("gin"))
            }),
            no_sqlite,
        ),
    ];
    for (table, lacking) in cases {
        for dialect in [Dialect::Sqlite, Dialect::Postgres, Dialect::Mysql] {
            let outcome = Metadata::new([table.clone()]).validate_for(dialect);
            match outcome {
                Ok(()) => assert!(!lacking.contains(&dialect), "{dialect} lacks it: {table:?}"),
                Err(error) => {
                    assert!(lacking.contains(&dialect), "{error}");
                    assert!(
                        matches!(error, MetadataError::Unsupported { .. }),
                        "{error}"
                    );
                }
            }
        }
    }
}

#[test]
fn columns_that_are_not_there_are_named() {
    let table = |column: &'static str| {
        TableDef::new("things")
            .column(ColumnDef::new::<BigInt>("id"))
            .primary_key(["id"])
            .index([column])
    };
    let error = Metadata::new([table("nmae")])
        .validate()
        .expect_err("no such column");
    assert!(matches!(error, MetadataError::UnknownColumn { .. }));
    assert!(error.to_string().contains("`nmae`"), "{error}");
    let far = TableDef::new("others")
        .column(ColumnDef::new::<BigInt>("thing_id"))
        .foreign_key(ForeignKeyDef::new(["thing_id"], "things", ["code"]));
    let error = Metadata::new([table("id"), far])
        .validate()
        .expect_err("no such column");
    assert!(
        error
            .to_string()
            .starts_with("the table `others` references the column `code`"),
        "{error}"
    );
}

#[test]
fn enums_of_one_name_have_the_same_values() {
    use axum_db::model::{ColumnType, EnumDef, TypeContext};

    macro_rules! sql_type {
        ($name:ident, $labels:expr) => {
            struct $name;
            impl ColumnType for $name {
                fn column_type(
                    dialect: Dialect,
                    _: &TypeContext,
                ) -> std::borrow::Cow<'static, str> {
                    EnumDef::new("status", $labels).column_type(dialect)
                }
                fn enumeration() -> Option<EnumDef> {
                    Some(EnumDef::new("status", $labels))
                }
            }
        };
    }
    sql_type!(One, &["a", "b"]);
    sql_type!(Other, &["b", "a"]);

    let one = TableDef::new("first").column(ColumnDef::new::<One>("status"));
    let same = TableDef::new("second").column(ColumnDef::new::<One>("status"));
    let metadata = Metadata::new([one, same]);
    metadata.validate().expect("one enum in two tables");
    let types: Vec<String> = metadata
        .create_statements(Dialect::Postgres)
        .into_iter()
        .filter(|sql| sql.starts_with("CREATE TYPE"))
        .collect();
    assert_eq!(types, ["CREATE TYPE \"status\" AS ENUM ('a', 'b')"]);
    let other = TableDef::new("third").column(ColumnDef::new::<Other>("status").nullable());
    let elsewhere = other.clone().bind("analytics");
    metadata
        .clone()
        .with(elsewhere)
        .validate()
        .expect("another database");
    let error = metadata.with(other).validate().expect_err("two enums");
    assert!(matches!(error, MetadataError::DifferentEnums { .. }));
    assert!(error.to_string().contains("`first` and `third`"), "{error}");
}

#[test]
fn mysql_gets_lengths_where_it_needs_them() {
    let table = TableDef::new("lengths")
        .column(ColumnDef::new::<Text>("free"))
        .column(ColumnDef::new::<Nullable<Text>>("indexed").nullable())
        .column(ColumnDef::new::<Text>("long").length(20_000))
        .column(ColumnDef::new::<Binary>("digest").length(32))
        .column(ColumnDef::new::<Binary>("key"))
        .column(ColumnDef::new::<BigInt>("number").auto_increment())
        .primary_key(["number"])
        .index(["indexed"])
        .unique(["key", "digest"]);
    let sql = &Metadata::new([table]).create_statements(Dialect::Mysql)[0];
    for part in [
        "`free` TEXT NOT NULL",
        "`indexed` VARCHAR(255),",
        "`long` TEXT(20000) NOT NULL",
        "`digest` VARBINARY(32) NOT NULL",
        "`key` VARBINARY(255) NOT NULL",
        "`number` BIGINT NOT NULL AUTO_INCREMENT",
        "CONSTRAINT `lengths_key_digest_key` UNIQUE (`key`, `digest`)",
    ] {
        assert!(sql.contains(part), "{part} in\n{sql}");
    }
}

#[test]
fn the_linker_collects_every_model() {
    let collected = Metadata::collected().expect("sound metadata");
    let names: Vec<&str> = collected
        .tables()
        .iter()
        .map(|table| &*table.name)
        .collect();
    for table in ["users", "posts", "letters", "everything", "people", "pets"] {
        assert!(names.contains(&table), "{table} in {names:?}");
    }
    assert_eq!(
        names.iter().filter(|name| **name == "users").count(),
        2,
        "one for each bind"
    );
    assert!(collected.bind("analytics").tables().len() == 1);
    let position = |name| names.iter().rposition(|found| *found == name);
    assert!(position("people") < position("pets") && position("posts") < position("filings"));
}

#[test]
fn contradictions_are_errors_that_say_where() {
    let twin = TableDef::new("users").module("library::users");
    let error = metadata![User]
        .with(twin)
        .validate()
        .expect_err("two tables");
    assert!(matches!(error, MetadataError::DuplicateTable { .. }));
    let message = error.to_string();
    assert!(
        message.contains("`suite::models`") && message.contains("`library::users`"),
        "{message}"
    );

    let error = metadata![Post].validate().expect_err("no users");
    assert!(
        error
            .to_string()
            .starts_with("the table `posts` references `users`"),
        "{error}"
    );
}

#[test]
fn hostile_names_stay_names() {
    let table = TableDef::new("a\"b`c; --")
        .column(ColumnDef::new::<Text>("x\" `y"))
        .primary_key(["x\" `y"])
        .foreign_key(ForeignKeyDef::new(["x\" `y"], "a\"b`c; --", ["x\" `y"]));
    let metadata = Metadata::new([table]);
    assert!(
        metadata.create_statements(Dialect::Postgres)[0]
            .starts_with("CREATE TABLE \"a\"\"b`c; --\" (")
    );
    assert!(
        metadata.create_statements(Dialect::Mysql)[0].starts_with("CREATE TABLE `a\"b``c; --` (")
    );
}

#[test]
fn models_say_what_their_columns_were_called() {
    #[axum_db::model(renamed_from = "things")]
    struct Item {
        #[model(primary_key)]
        id: i32,
        #[model(renamed_from = "title")]
        name: String,
    }

    let table = Item::table_def();
    assert_eq!(table.renamed_from.as_deref(), Some("things"));
    assert_eq!(table.columns[1].renamed_from.as_deref(), Some("title"));
    let item = Item {
        id: 1,
        name: "x".into(),
    };
    assert_eq!((item.id(), &*item.name), (1, "x"));
}
