//! The order in which tables can be created.

use std::collections::{BTreeMap, BTreeSet};

use super::Table;

/// Sorts tables so that each comes after the ones its foreign keys name; within a cycle, by name.
pub(crate) fn by_foreign_keys<'a>(tables: impl IntoIterator<Item = &'a Table>) -> Vec<&'a Table> {
    let mut waiting: BTreeMap<&str, &Table> = tables
        .into_iter()
        .map(|table| (table.name.as_str(), table))
        .collect();
    let mut sorted = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let mut ready: Vec<&str> = waiting
            .values()
            .filter(|table| {
                table
                    .foreign_keys
                    .iter()
                    .all(|key| key.table == table.name || !waiting.contains_key(key.table.as_str()))
            })
            .map(|table| table.name.as_str())
            .collect();
        if ready.is_empty() {
            // A cycle, or tables behind one: start with the first that lies on a cycle.
            ready = first_on_a_cycle(&waiting).into_iter().collect();
        }
        sorted.extend(ready.into_iter().filter_map(|name| waiting.remove(name)));
    }
    sorted
}

fn first_on_a_cycle<'a>(waiting: &BTreeMap<&'a str, &'a Table>) -> Option<&'a str> {
    waiting
        .keys()
        .copied()
        .find(|start| {
            let mut seen = BTreeSet::new();
            let mut ahead = vec![*start];
            while let Some(name) = ahead.pop() {
                for key in waiting
                    .get(name)
                    .map_or(&[][..], |table| &table.foreign_keys[..])
                {
                    if key.table == *start && name != *start {
                        return true;
                    }
                    if seen.insert(key.table.as_str()) {
                        ahead.push(&key.table);
                    }
                }
            }
            false
        })
        .or_else(|| waiting.keys().next().copied())
}
