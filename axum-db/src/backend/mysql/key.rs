//! What a unique key is over, of which the server told the name.

use diesel::sql_types::{Nullable, Text};
use diesel::{QueryResult, QueryableByName};
use diesel_async::{AsyncMysqlConnection, RunQueryDsl};

use crate::backend::UniqueKey;

/// One column of a key; an expression has no name.
#[derive(QueryableByName)]
struct Part {
    #[diesel(sql_type = Text)]
    key_table: String,
    #[diesel(sql_type = Nullable<Text>)]
    key_column: Option<String>,
}

/// The table and columns of the unique key, where it is the only one of that name.
pub(super) async fn find(
    connection: &mut AsyncMysqlConnection,
    table: Option<&str>,
    name: &str,
) -> QueryResult<Option<UniqueKey>> {
    let parts: Vec<Part> = diesel::sql_query(
        "SELECT table_name AS key_table, column_name AS key_column FROM information_schema.statistics \
         WHERE table_schema = DATABASE() AND non_unique = 0 AND index_name = ? AND table_name = COALESCE(?, table_name) \
         ORDER BY seq_in_index",
    )
    .bind::<Text, _>(name)
    .bind::<Nullable<Text>, _>(table)
    .load(connection)
    .await?;
    let [Part { key_table, .. }, ..] = &parts[..] else {
        return Ok(None);
    };
    if parts.iter().any(|part| part.key_table != *key_table) {
        return Ok(None); // MariaDB does not say whose of them it is
    }
    let table = key_table.clone();
    let columns: Option<Vec<String>> = parts.into_iter().map(|part| part.key_column).collect();
    Ok(columns.map(|columns| UniqueKey { table, columns }))
}
