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
