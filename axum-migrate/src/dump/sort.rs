//! The order in which objects can be made.

use std::collections::{BTreeMap, BTreeSet};

/// Sorts `nodes` (by rank, then name, where there is a choice) so that each comes after those it needs (`hard`) and,
/// unless that is a cycle, after those it would rather have before it (`soft`). Edges go from an object to what it
/// needs; those to unknown nodes do not count.
pub(super) fn sort<'a>(
    nodes: &BTreeMap<&'a str, (usize, &'a str)>,
    hard: &BTreeSet<(&'a str, &'a str)>,
    soft: &BTreeSet<(&'a str, &'a str)>,
) -> Vec<&'a str> {
    let needs = |edges: &BTreeSet<(&'a str, &'a str)>| {
        let mut needs: BTreeMap<&'a str, Vec<&'a str>> = BTreeMap::new();
        for (from, to) in edges {
            if from != to && nodes.contains_key(from) && nodes.contains_key(to) {
                needs.entry(from).or_default().push(to);
            }
        }
        needs
    };
    let (hard, soft) = (needs(hard), needs(soft));
    let mut waiting: Vec<&'a str> = nodes.keys().copied().collect();
    waiting.sort_by_key(|key| nodes.get(key));
    let mut made: BTreeSet<&'a str> = BTreeSet::new();
    let mut sorted = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let met = |needs: &BTreeMap<&'a str, Vec<&'a str>>, key: &'a str| {
            needs
                .get(key)
                .is_none_or(|all| all.iter().all(|it| made.contains(it)))
        };
        let at = waiting
            .iter()
            .position(|key| met(&hard, key) && met(&soft, key))
            .or_else(|| waiting.iter().position(|key| met(&hard, key)))
            .unwrap_or(0);
        let key = waiting.remove(at);
        made.insert(key);
        sorted.push(key);
    }
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_needed_comes_first_and_a_soft_cycle_is_broken() {
        let nodes = BTreeMap::from([
            ("a", (1, "a")),
            ("b", (1, "b")),
            ("f", (0, "f")),
            ("v", (0, "v")),
        ]);
        let hard = BTreeSet::from([("v", "b"), ("f", "a"), ("b", "gone")]);
        let soft = BTreeSet::from([("a", "b"), ("b", "a")]);
        assert_eq!(sort(&nodes, &hard, &soft), ["a", "f", "b", "v"]);
    }
}
