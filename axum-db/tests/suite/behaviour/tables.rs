//! Metadata: tables are created and dropped in an order their foreign keys allow.

use axum_db::model::{Action, ColumnDef, ForeignKeyDef, Model, TableDef};
use axum_db::prelude::*;
use axum_db::{Backend, Database, ErrorKind, metadata};
use diesel::sql_types::Text;

use super::records::{all_models, database, user};
use super::{Engine, fresh};
use crate::models::analytics::{Analytics, NewVisitor, Visitor};
use crate::models::*;

type Db = axum_db::Db<Engine>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn creating_again_adds_what_is_missing() {
    let test = fresh();
    let database = Db::connect(test.url()).await.expect("a database");
    database
        .create_all(&metadata![User])
        .await
        .expect("one table");
    let db = database.session();
    user(&db, "ann").await;
    db.commit().await.expect("a commit");
    for _ in 0..2 {
        database
            .create_all(&all_models())
            .await
            .expect("the others");
    }
    assert_eq!(User::query().row_count(&db).await.expect("still there"), 1);
    NewPost::new("a", "b", 1).insert(&db).await.expect("a post");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_in_a_cycle_are_created_filled_and_dropped() {
    let test = fresh();
    let database = Db::connect(test.url()).await.expect("a database");
    let cycle = metadata![Team, Player];
    database.create_all(&cycle).await.expect("tables");
    let db = database.session();
    let orphan = NewPlayer::new(99)
        .insert(&db)
        .await
        .expect_err("no such team");
    assert_eq!(orphan.kind(), ErrorKind::ForeignKeyViolation);
    db.rollback().await.expect("a rollback");

    let mut team = NewTeam::new().insert(&db).await.expect("a team");
    let captain = NewPlayer::new(team.id).insert(&db).await.expect("a player");
    team.captain_id = Some(captain.id);
    team.save(&db).await.expect("saved");
    assert_eq!(
        team.captain().one(&db).await.expect("the captain").id,
        captain.id
    );
    assert_eq!(team.players().row_count(&db).await.expect("a count"), 1);
    // The key without `no_join` is the one that joins.
    assert_eq!(
        players::table
            .inner_join(teams::table)
            .row_count(&db)
            .await
            .expect("a join"),
        1
    );
    db.commit().await.expect("a commit");
    drop(db);

    database
        .drop_all(&cycle)
        .await
        .expect("dropped, with rows that refer to each other");
    database
        .drop_all(&cycle)
        .await
        .expect("nothing left to drop");
    database.create_all(&cycle).await.expect("created anew");
    assert!(
        !Team::query()
            .exists(&database.session())
            .await
            .expect("no rows")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_database_gets_the_tables_of_its_bind() {
    let (first, second) = (fresh(), fresh());
    let main = Db::connect(first.url()).await.expect("a database");
    let analytics: Database<Engine, Analytics> =
        Database::connect(second.url()).await.expect("a database");
    let both = metadata![User, Visitor];
    both.validate().expect("two binds may share a name");
    main.create_all(&both).await.expect("tables");
    analytics.create_all(&both).await.expect("tables");
    user(&main.session(), "ann").await;
    let db = analytics.session();
    let visitor = NewVisitor::new("curl")
        .insert(&db)
        .await
        .expect("a visitor");
    assert_eq!(
        Visitor::find(visitor.id)
            .one(&db)
            .await
            .expect("the visitor")
            .agent,
        "curl"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn constraints_have_the_names_that_errors_are_told_apart_by() {
    let test = fresh();
    let db = database(test.url()).await.session();
    user(&db, "ann").await;
    let again = NewUser::new("bob", "ann@example.org", "hash")
        .insert(&db)
        .await
        .expect_err("taken");
    assert_eq!(again.kind(), ErrorKind::UniqueViolation);
    assert!(again.violates_unique("users", &["email"]));
    assert!(!again.violates_unique("users", &["username"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_library_adds_a_table_for_the_users_own_key() {
    /// What a library writes that keeps rows about any model.
    fn marks<M: Model>() -> Option<TableDef> {
        let table = TableDef::new("marks")
            .column(ColumnDef::new::<Text>("mark").length(40))
            .column(M::table_def().key_column()?.as_reference("owner"))
            .primary_key(["mark"])
            .foreign_key(
                ForeignKeyDef::new(["owner"], M::TABLE, M::PRIMARY_KEY.iter().copied())
                    .on_delete(Action::Cascade),
            );
        Some(table)
    }

    let test = fresh();
    let database = Db::connect(test.url()).await.expect("a database");
    for table in [marks::<User>(), marks::<Sample>()] {
        let metadata = metadata![User, Sample].with(table.expect("a key of one column"));
        database.create_all(&metadata).await.expect("tables");
        let owner = match metadata.table("marks").expect("it").foreign_keys[0]
            .table
            .as_ref()
        {
            "users" => user(&database.session(), "none").await.id.to_string(),
            _ => "none".to_owned(),
        };
        let quoted = <Engine as Backend>::DIALECT.quote("owner");
        let orphan = format!("INSERT INTO marks (mark, {quoted}) VALUES ('x', '{owner}')");
        let refused = diesel::sql_query(orphan)
            .run(&database.session())
            .await
            .expect_err("no such owner");
        assert_eq!(refused.kind(), ErrorKind::ForeignKeyViolation);
        database.drop_all(&metadata).await.expect("dropped");
    }
    assert!(marks::<Filing>().is_none(), "its key has two columns");
}
