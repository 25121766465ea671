//! Views whose tables, columns or functions are gone: the server keeps their text, and makes none of them anew.

use std::collections::BTreeSet;

use axum_db::{Dialect, Mysql};
use diesel_async::SimpleAsyncConnection as _;

use super::super::Definitions;
use crate::runner::Queries as _;
use crate::{Engine, Error};

/// The views that the server complains about, in the place of their comment. It opens them only where a query asks for
/// more than that, which TABLE_ROWS is.
const SUSPECTS: &str = "\
SELECT CAST(TABLE_NAME AS CHAR) AS value FROM information_schema.TABLES
WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE = 'VIEW' AND TABLE_COMMENT <> 'VIEW' AND TABLE_ROWS IS NULL";

/// Takes the views that cannot be made out of `views`, which are in their order, and notes them.
///
/// The server also complains about views whose definer is gone or may not read them. Those can be made by others, so
/// it is tried.
pub(super) async fn leave_out(
    conn: &mut <Mysql as axum_db::Backend>::Connection,
    out: &mut Definitions,
    views: &mut Vec<(String, String)>,
) -> Result<(), Error> {
    let failed = |error| {
        Error::database(
            "look for views that the MySQL server complains about",
            error,
        )
    };
    let suspects: BTreeSet<String> = Mysql::query_texts(conn, SUSPECTS)
        .await
        .map_err(failed)?
        .into_iter()
        .collect();
    if suspects.is_empty() {
        return Ok(());
    }
    let before: Vec<String> = out.create.iter().map(|it| it.sql.clone()).collect();
    let tried = views.clone();
    let impossible: BTreeSet<String> = <Mysql as Engine>::scratch(conn, move |scratch| {
        Box::pin(async move {
            for sql in before {
                // The proof tells of what fails here.
                let _ = scratch.batch_execute(&sql).await;
            }
            let mut impossible = BTreeSet::new();
            for (name, sql) in tried {
                if scratch.batch_execute(&sql).await.is_err() && suspects.contains(&name) {
                    impossible.insert(name);
                }
            }
            Ok(impossible)
        })
    })
    .await?;
    views.retain(|(name, _)| !impossible.contains(name));
    for name in impossible {
        out.notes.push(format!(
            "the view {}, which nobody can read: a table, column or function that it names is gone; drop it, or make it anew",
            Dialect::Mysql.quote(&name)
        ));
    }
    Ok(())
}
