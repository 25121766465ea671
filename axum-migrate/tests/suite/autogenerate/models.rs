//! From the metadata of models, as an application has it.

use axum_db::Metadata;
use axum_db::model::{Action, ColumnDef, DefaultValue, ForeignKeyDef, TableDef};
use axum_migrate::schema::{Auto, Check, Schema, Table};
use axum_migrate::{Hints, diff, inverse, render};
use diesel::sql_types;

use super::harness::{Server, connect, expect_same, run, statements, summary};

fn users() -> TableDef {
    TableDef::new("users")
        .column(ColumnDef::new::<sql_types::Integer>("id").auto_increment())
        .column(ColumnDef::new::<sql_types::Text>("username").length(20))
        .column(
            ColumnDef::new::<sql_types::Text>("image")
                .default(DefaultValue::Text("it's\\default.jpg".into())),
        )
        .column(ColumnDef::new::<sql_types::Text>("bio").nullable())
        .primary_key(["id"])
        .unique(["username"])
}

fn everything() -> TableDef {
    TableDef::new("everything")
        .column(ColumnDef::new::<sql_types::BigInt>("id").auto_increment())
        .column(ColumnDef::new::<sql_types::Bool>("yes").default(DefaultValue::Bool(true)))
        .column(ColumnDef::new::<sql_types::SmallInt>("small").default(DefaultValue::Integer(-3)))
        .column(ColumnDef::new::<sql_types::Float>("float").default(DefaultValue::Float(0.5)))
        .column(ColumnDef::new::<sql_types::Double>("double").default(DefaultValue::Float(2.0)))
        .column(ColumnDef::new::<sql_types::Text>("long"))
        .column(ColumnDef::new::<sql_types::Binary>("bytes"))
        .column(ColumnDef::new::<sql_types::Timestamp>("made").default(DefaultValue::Now))
        .column(ColumnDef::new::<sql_types::Date>("day").default(DefaultValue::Now))
        .column(
            ColumnDef::new::<sql_types::Time>("time")
                .default(DefaultValue::Now)
                .nullable(),
        )
        .column(ColumnDef::new::<sql_types::Integer>("user_id"))
        .column(ColumnDef::new::<sql_types::BigInt>("parent_id").nullable())
        .primary_key(["id"])
        .index(["user_id", "small"])
        .foreign_key(ForeignKeyDef::new(["user_id"], "users", ["id"]).on_delete(Action::Cascade))
        .foreign_key(
            ForeignKeyDef::new(["parent_id"], "everything", ["id"]).on_delete(Action::SetNull),
        )
}

fn members() -> TableDef {
    TableDef::new("members")
        .column(ColumnDef::new::<sql_types::Integer>("user_id"))
        .column(ColumnDef::new::<sql_types::BigInt>("thing_id"))
        .primary_key(["user_id", "thing_id"])
        .foreign_key(ForeignKeyDef::new(["user_id"], "users", ["id"]))
        .foreign_key(
            ForeignKeyDef::new(["thing_id"], "everything", ["id"]).on_update(Action::Restrict),
        )
}

/// An empty database takes the models, is done, and can go back; so can one that had some of them.
pub async fn every_type<E: Server>() {
    let whole = Metadata::new([users(), everything(), members()]);
    let part = Metadata::new([users()]);
    let database = E::database();
    let mut conn = connect::<E>(&database).await.expect("a connection");
    let conn = &mut conn;
    for statement in part.create_statements(E::DIALECT) {
        E::execute(conn, &statement)
            .await
            .expect("the first models");
    }
    let from = E::introspect(conn).await.expect("the schema");
    let desired = E::scratch_schema(conn, &whole.create_statements(E::DIALECT))
        .await
        .expect("the desired schema");
    let found = diff(&from, &desired, &Hints::default()).expect("no hints to refuse");
    assert_eq!(found.ops.len(), 2, "{}", summary(&found));
    let up = render(E::DIALECT, &found.ops, &from).expect("up");
    run::<E>(conn, &up).await.expect("up");
    let now = E::introspect(conn).await.expect("the schema");
    expect_same("after up", &now, &desired).expect("the same");
    let second = diff(&now, &desired, &Hints::default()).expect("no hints to refuse");
    assert!(second.ops.is_empty(), "{}", summary(&second));
    let down = render(E::DIALECT, &inverse(&found.ops), &found.target).expect("down");
    run::<E>(conn, &down).await.expect("down");
    expect_same(
        "after down",
        &E::introspect(conn).await.expect("the schema"),
        &from,
    )
    .expect("the same");
}

/// A database with more than models have words for: only what they can say is compared.
pub async fn what_models_cannot_say<E: Server>(start: &str) {
    let database = E::database();
    let mut conn = connect::<E>(&database).await.expect("a connection");
    let conn = &mut conn;
    for statement in statements(&E::translate(start)) {
        E::execute(conn, &statement).await.expect("the start");
    }
    let from = E::introspect(conn).await.expect("the schema");
    let mut models = Schema {
        unmanaged: Vec::new(),
        ..from.clone()
    };
    models.tables.values_mut().for_each(only_what_models_say);
    assert_ne!(models.hash(), from.hash());
    let found = diff(&from, &models, &Hints::default()).expect("no hints to refuse");
    assert!(found.ops.is_empty(), "{}", summary(&found));

    // It is still there after a change, and tables without a model stay.
    let table = models.tables.get_mut("people").expect("the table");
    let number = |column: &&mut axum_migrate::schema::Column| {
        matches!(column.name.as_str(), "age" | "price")
    };
    let column = table.columns.iter_mut().find(number).expect("a number");
    column.default = Some("7".into());
    models.tables.retain(|name, _| name == "people");
    let found = diff(&from, &models, &Hints::default()).expect("no hints to refuse");
    assert_eq!(found.ops.len(), 1, "{}", summary(&found));
    assert_eq!(found.unmanaged.len(), from.tables.len() - 1);
    run::<E>(conn, &render(E::DIALECT, &found.ops, &from).expect("up"))
        .await
        .expect("up");
    let now = E::introspect(conn).await.expect("the schema");
    expect_same("after up", &now, &found.target).expect("the same");
    let down = render(E::DIALECT, &inverse(&found.ops), &found.target).expect("down");
    run::<E>(conn, &down).await.expect("down");
    expect_same(
        "after down",
        &E::introspect(conn).await.expect("the schema"),
        &from,
    )
    .expect("the same");
}

fn only_what_models_say(table: &mut Table) {
    for column in &mut table.columns {
        column.on_conflict = None;
        if let Some(Auto::Serial { .. }) = column.auto {
            column.auto = Some(Auto::Identity {
                always: false,
                counter: Default::default(),
            });
        }
        // A model's condition belongs to the table.
        table
            .checks
            .extend(column.check.take().map(|expression| Check {
                name: Some("people_price_check".into()),
                expression,
                ..Check::default()
            }));
    }
    for unique in &mut table.uniques {
        unique.on_conflict = None;
    }
    if let Some(key) = &mut table.primary_key {
        key.on_conflict = None;
    }
}
