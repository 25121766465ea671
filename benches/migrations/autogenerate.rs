//! `migrate`: the models have a column more than the database.

use std::path::Path;

use crate::alembic::AlembicGenerates;
use crate::diesel_cli::DieselGenerates;
use crate::ours::{self, Generates};
use crate::peer::{Place, compare};
use crate::schema;

/// How many tables, and how often.
const SIZES: [(usize, usize); 4] = [(10, 5), (100, 5), (500, 3), (1_000, 1)];

/// Of the sizes only those in `chosen`, unless it is empty.
pub(crate) fn measure(engine: &'static str, chosen: &[usize]) {
    for (tables, rounds) in SIZES {
        if !chosen.is_empty() && !chosen.contains(&tables) {
            continue;
        }
        compare(
            &format!("migrate, {tables} tables of 12 columns"),
            engine,
            rounds,
            &[
                &Generates(tables),
                &DieselGenerates(tables),
                &AlembicGenerates(tables),
            ],
        );
    }
}

/// Makes the tables that the change is compared with.
pub(crate) fn fill(place: &Place, tables: usize) {
    tokio::task::block_in_place(|| {
        tokio::runtime::Handle::current().block_on(ours::create_tables(place, tables));
    });
}

/// # Panics
/// When no file in the folder has the new column.
pub(crate) fn assert_written(folder: &Path) {
    fn has(folder: &Path) -> bool {
        let entries = std::fs::read_dir(folder).expect("a folder");
        entries.filter_map(Result::ok).any(|entry| {
            let path = entry.path();
            if path.is_dir() {
                return has(&path);
            }
            let name = path.file_name().and_then(|name| name.to_str());
            let written = name.is_some_and(|name| name == "up.sql" || name.ends_with(".py"));
            written && std::fs::read_to_string(&path).is_ok_and(|text| text.contains(schema::NEW))
        })
    }
    assert!(has(folder), "the change was not seen");
}
