//! The order in which objects can be made.

use std::collections::{BTreeMap, BTreeSet};

/// What an object is sorted by where there is a choice, and what it costs to make it before something that it would
/// rather have first: the cheapest of a circle is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place<'a> {
    pub(super) rank: usize,
    pub(super) name: &'a str,
    pub(super) cost: usize,
}

type Edges<'a> = BTreeSet<(&'a str, &'a str)>;
type Needs<'a> = BTreeMap<&'a str, Vec<&'a str>>;

/// Sorts `nodes` so that each comes after those it needs (`hard`) and, unless that is a circle, after those it would
/// rather have before it (`soft`). Edges go from an object to what it needs; those to unknown nodes do not count.
pub(super) fn sort<'a>(
    nodes: &BTreeMap<&'a str, Place<'a>>,
    hard: &Edges<'a>,
    soft: &Edges<'a>,
) -> Vec<&'a str> {
    let needs = |edges: &Edges<'a>| {
        let mut needs: Needs<'a> = BTreeMap::new();
        for (from, to) in edges {
            if from != to && nodes.contains_key(from) && nodes.contains_key(to) {
                needs.entry(from).or_default().push(to);
            }
        }
        needs
    };
    let (hard, mut soft) = (needs(hard), needs(soft));
    let mut waiting: Vec<&'a str> = nodes.keys().copied().collect();
    waiting.sort_by_key(|key| nodes.get(key));
    let mut made: BTreeSet<&'a str> = BTreeSet::new();
    let mut sorted = Vec::with_capacity(waiting.len());
    while let Some(first) = waiting.first() {
        let unmet = |edges: &Needs<'a>, key: &'a str| {
            let mut needed = edges.get(key).into_iter().flatten();
            needed.find(|it| !made.contains(*it)).copied()
        };
        let either = |key| unmet(&hard, key).or_else(|| unmet(&soft, key));
        let ready = waiting.iter().position(|key| either(key).is_none());
        if ready.is_none() {
            let circle = circle(first, either);
            let cheapest = circle
                .iter()
                .filter(|(from, to)| soft.get(from).is_some_and(|all| all.contains(to)))
                .filter(|(from, to)| !hard.get(from).is_some_and(|all| all.contains(to)))
                .min_by_key(|(from, _)| nodes.get(from).map(|place| place.cost));
            if let Some((from, to)) = cheapest {
                soft.entry(from).or_default().retain(|it| it != to);
                continue;
            }
        }
        let key = waiting.remove(ready.unwrap_or(0));
        made.insert(key);
        sorted.push(key);
    }
    sorted
}

/// The edges of a circle: whoever waits leads on to another one who does, until one of them comes again.
fn circle<'a>(
    first: &'a str,
    next: impl Fn(&'a str) -> Option<&'a str>,
) -> Vec<(&'a str, &'a str)> {
    let mut way: Vec<(&str, &str)> = Vec::new();
    let mut from = first;
    while let Some(to) = next(from) {
        way.push((from, to));
        if let Some(at) = way.iter().position(|(from, _)| *from == to) {
            return way.split_off(at);
        }
        from = to;
    }
    way
}

#[cfg(test)]
mod tests {
    use super::*;

    type Pairs = [(&'static str, &'static str)];

    fn sorted(nodes: [(&str, usize, usize); 4], hard: &Pairs, soft: &Pairs) -> String {
        let nodes = nodes.map(|(name, rank, cost)| (name, Place { rank, name, cost }));
        let edges = |pairs: &Pairs| pairs.iter().copied().collect();
        sort(&nodes.into(), &edges(hard), &edges(soft)).concat()
    }

    #[test]
    fn what_is_needed_comes_first_and_a_soft_circle_is_broken() {
        let nodes = [("a", 1, 0), ("b", 1, 0), ("f", 0, 0), ("v", 0, 0)];
        let hard = [("v", "b"), ("f", "a"), ("b", "gone")];
        assert_eq!(sorted(nodes, &hard, &[("a", "b"), ("b", "a")]), "afbv");
    }

    #[test]
    fn a_circle_is_broken_where_it_costs_least_and_nothing_else_is() {
        // v waits for the circle and is not in it.
        let nodes = [("f", 0, 2), ("t", 1, 1), ("u", 1, 3), ("v", 0, 0)];
        let hard = [("f", "u")];
        let soft = [("v", "t"), ("t", "f"), ("u", "t"), ("f", "t")];
        assert_eq!(sorted(nodes, &hard, &soft), "tvuf");
    }
}
