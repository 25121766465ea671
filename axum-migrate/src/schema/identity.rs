//! When two schemas count as one.

use sha2::{Digest, Sha256};

use super::{Auto, Schema, Table};

impl Schema {
    /// A fingerprint of what autogenerate compares, as 64 hexadecimal digits.
    ///
    /// The order of columns, the names of constraints and unmanaged objects leave it unchanged: where those
    /// alone differ, there is nothing to migrate.
    ///
    /// ```
    /// use axum_migrate::Schema;
    ///
    /// assert_eq!(Schema::default().hash(), Schema::default().hash());
    /// assert_eq!(Schema::default().hash().len(), 64);
    /// ```
    #[must_use]
    pub fn hash(&self) -> String {
        let mut hasher = Sha256::new();
        for own in self.enums.values() {
            hasher.update(format!("{own:?}\n"));
        }
        for table in self.tables.values() {
            // Debug is a total, deterministic rendering of plain data; it cannot fail as a serialiser can.
            hasher.update(format!("{:?}\n", table.canonical()));
        }
        hasher
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    /// Whether there is nothing to migrate between the two.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let one = schema_of("CREATE TABLE tags (id INTEGER PRIMARY KEY, name TEXT)").await;
    /// let two = schema_of("CREATE TABLE tags (name TEXT, id INTEGER, PRIMARY KEY (id))").await;
    /// assert!(one != two && one.is_same_as(&two)); // the order of columns is nothing to migrate
    /// assert!(!one.is_same_as(&schema_of("CREATE TABLE tags (id INTEGER PRIMARY KEY)").await));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn is_same_as(&self, other: &Schema) -> bool {
        self.enums == other.enums
            && self.tables.len() == other.tables.len()
            && self.tables.iter().all(|(name, table)| {
                other
                    .tables
                    .get(name)
                    .is_some_and(|other| table.is_same_as(other))
            })
    }
}

impl Table {
    /// Whether there is nothing to migrate between the two.
    pub(crate) fn is_same_as(&self, other: &Table) -> bool {
        self.canonical() == other.canonical()
    }

    /// The table without what makes no difference.
    pub(crate) fn canonical(&self) -> Table {
        let mut table = self.clone();
        table.columns.sort_by(|a, b| a.name.cmp(&b.name));
        for column in &mut table.columns {
            if let Some(Auto::Serial { sequence, .. }) = &mut column.auto {
                sequence.clear();
            }
        }
        if let Some(key) = &mut table.primary_key {
            key.name = None;
        }
        for unique in &mut table.uniques {
            unique.name = None;
        }
        for key in &mut table.foreign_keys {
            key.name = None;
            key.implicit_index = None;
        }
        for check in &mut table.checks {
            check.name = None;
        }
        table
            .uniques
            .sort_by_cached_key(|unique| format!("{unique:?}"));
        table
            .foreign_keys
            .sort_by_cached_key(|key| format!("{key:?}"));
        table
            .checks
            .sort_by_cached_key(|check| format!("{check:?}"));
        table.indexes.sort_by(|a, b| a.name.cmp(&b.name));
        table
    }
}
