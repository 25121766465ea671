//! What was set on a connection does not reach the next one who has it.

use axum_db::query::Run;
use axum_db::{Backend, Database, Dialect};
use diesel_async::SimpleAsyncConnection;

use super::support::{database, number, soon};
use super::{Engine, fresh};

/// A statement that leaves something behind, and a query that fails or gives 0 where nothing is.
fn leftovers() -> &'static [(&'static str, &'static str)] {
    match Engine::DIALECT {
        Dialect::Sqlite => &[
            (
                "PRAGMA cache_size = 77",
                "SELECT cache_size = 77 AS n FROM pragma_cache_size",
            ),
            (
                "CREATE TEMP TABLE leftover (n BIGINT)",
                "SELECT COUNT(*) AS n FROM temp.sqlite_master",
            ),
            (
                "/* smaller; */ PRAGMA cache_size = 77",
                "SELECT cache_size = 77 AS n FROM pragma_cache_size",
            ),
            (
                "CREATE -- for now\n  TEMP\tTABLE leftover (n BIGINT)",
                "SELECT COUNT(*) AS n FROM temp.sqlite_master",
            ),
        ],
        Dialect::Postgres => &[
            (
                "SET statement_timeout = 77777",
                "SELECT (current_setting('statement_timeout') = '77777ms')::INT::BIGINT AS n",
            ),
            (
                "SELECT set_config('statement_timeout', '77777', false)",
                "SELECT (current_setting('statement_timeout') = '77777ms')::INT::BIGINT AS n",
            ),
            (
                "SET ROLE pg_monitor",
                "SELECT (current_user <> session_user)::INT::BIGINT AS n",
            ),
            (
                "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE",
                "SELECT (current_setting('default_transaction_isolation') = 'serializable')::INT::BIGINT AS n",
            ),
            (
                "CREATE TEMPORARY TABLE leftover (n BIGINT)",
                "SELECT COUNT(*) AS n FROM leftover WHERE n < 0 HAVING COUNT(*) = 0 UNION ALL SELECT 1",
            ),
            (
                "SELECT pg_advisory_lock(77)",
                "SELECT COUNT(*) AS n FROM pg_locks WHERE locktype = 'advisory' AND objid = 77 \
                 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            ),
            (
                "LISTEN leftover",
                "SELECT COUNT(*) AS n FROM pg_listening_channels()",
            ),
            (
                "/* for later */ PREPARE leftover AS SELECT 1",
                "SELECT COUNT(*) AS n FROM pg_prepared_statements WHERE name = 'leftover'",
            ),
            (
                "PREPARE leftover AS SELECT 1",
                "SELECT COUNT(*) AS n FROM pg_prepared_statements WHERE name = 'leftover'",
            ),
            (
                "DECLARE leftover CURSOR WITH HOLD FOR SELECT 1",
                "SELECT COUNT(*) AS n FROM pg_cursors WHERE name = 'leftover'",
            ),
        ],
        Dialect::Mysql => &[
            (
                "SET SESSION net_read_timeout = 77",
                "SELECT CAST(@@net_read_timeout = 77 AS SIGNED) AS n",
            ),
            (
                "/* longer; */ SET SESSION net_read_timeout = 77",
                "SELECT CAST(@@net_read_timeout = 77 AS SIGNED) AS n",
            ),
            (
                "/*!50000 SET SESSION net_read_timeout = 77 */",
                "SELECT CAST(@@net_read_timeout = 77 AS SIGNED) AS n",
            ),
            (
                "SET @leftover = 77",
                "SELECT CAST(@leftover IS NOT NULL AS SIGNED) AS n",
            ),
            (
                "SELECT @leftover := 77",
                "SELECT CAST(@leftover IS NOT NULL AS SIGNED) AS n",
            ),
            (
                "SELECT 77 INTO @leftover",
                "SELECT CAST(@leftover IS NOT NULL AS SIGNED) AS n",
            ),
            (
                "CREATE TEMPORARY TABLE leftover (n BIGINT)",
                "SELECT 1 + COUNT(*) AS n FROM leftover",
            ),
            (
                "SELECT GET_LOCK(DATABASE(), 1)",
                "SELECT CAST(IS_USED_LOCK(DATABASE()) IS NOT NULL AS SIGNED) AS n",
            ),
        ],
    }
}

#[tokio::test]
async fn nothing_is_left_behind_on_a_connection() {
    let server = fresh();
    nothing_is_left(&database(server.url(), 1).await).await;
    if Engine::DIALECT == Dialect::Sqlite {
        // Whose only connection cannot be closed.
        nothing_is_left(&database("sqlite://:memory:", 1).await).await;
    }
}

async fn nothing_is_left(database: &Database<Engine>) {
    for (leave, probe) in leftovers() {
        for in_hand in [true, false] {
            for commit in [true, false] {
                let db = database.session();
                if in_hand {
                    let mut conn = db.conn().await.expect("the connection");
                    conn.batch_execute(leave).await.expect(leave);
                } else {
                    Run::run(diesel::sql_query(*leave), &db).await.expect(leave);
                }
                if commit {
                    db.commit().await.expect("a commit");
                }
                drop(db);
                let is_clean = async || {
                    let left = number(&database.session(), *probe).await;
                    matches!(left, Err(_) | Ok(0))
                };
                if leave.contains("GET_LOCK") {
                    // The connection is closed; the server frees its locks when it notices.
                    soon(is_clean).await;
                } else {
                    assert!(
                        is_clean().await,
                        "{leave} (in hand: {in_hand}, committed: {commit})"
                    );
                }
            }
        }
    }
}
