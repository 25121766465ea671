use axum_db::testing::Client;

type Db = axum_db::Db<axum_db::Sqlite>;

#[axum_db::test(migrations = "migrations")]
async fn an_unknown_argument(db: Db) {}

#[axum_db::test(flavor = "multi_threaded")]
async fn an_unknown_runtime(db: Db) {}

#[axum_db::test(worker_threads = 2)]
async fn threads_of_one(db: Db) {}

#[axum_db::test(app)]
async fn no_value(client: Client) {}

#[axum_db::test(app = app, app = app)]
async fn twice(client: Client) {}

#[axum_db::test]
fn not_async(db: Db) {}

#[axum_db::test]
async fn nothing_asked_for() {}

#[axum_db::test]
async fn generic<B>(db: B) {}

#[axum_db::test]
#[test]
async fn two_attributes(db: Db) {}

fn main() {}
