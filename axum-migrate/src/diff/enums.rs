//! Enums that are types of their own (PostgreSQL).

use super::{Hints, Plan};
use crate::op::Op;
use crate::schema::{EnumType, Schema};

/// New values come before any column needs them, and old ones go when no column does any more.
pub(super) fn compare(base: &Schema, target: &mut Schema, hints: &Hints, plan: &mut Plan) {
    for (name, desired) in &target.enums {
        let Some(current) = base.enums.get(name) else {
            plan.new_enums.push(Op::CreateEnum(desired.clone()));
            continue;
        };
        let mut desired = desired.clone();
        if !hints.exact && desired.comment.is_none() {
            desired.comment.clone_from(&current.comment);
        }
        let both = EnumType {
            values: union(&current.values, &desired.values),
            ..desired.clone()
        };
        if both != *current {
            plan.new_enums.push(Op::AlterEnum {
                from: current.clone(),
                to: both.clone(),
            });
        }
        if both.values != desired.values {
            plan.old_enums.push(Op::AlterEnum {
                from: both,
                to: desired,
            });
        }
    }
    for (name, current) in &base.enums {
        if target.enums.contains_key(name) {
            continue;
        }
        let had_users = base.uses(current) || hints.exact;
        if had_users && !target.uses(current) {
            plan.old_enums.push(Op::DropEnum(current.clone()));
        } else {
            target.enums.insert(name.clone(), current.clone());
        }
    }
}

/// The values of both, the new ones where the second list has them.
fn union(current: &[String], desired: &[String]) -> Vec<String> {
    let mut both = current.to_vec();
    for (at, value) in desired.iter().enumerate() {
        if both.contains(value) {
            continue;
        }
        let before = at.checked_sub(1).map(|at| &desired[at]);
        let place = both.iter().position(|known| Some(known) == before);
        both.insert(place.map_or(0, |place| place + 1), value.clone());
    }
    both
}

#[cfg(test)]
mod tests {
    use super::union;

    #[test]
    fn new_values_stand_where_they_were_put() {
        let list = |text: &str| -> Vec<String> { text.chars().map(String::from).collect() };
        for (current, desired, both) in [
            ("ab", "ab", "ab"),
            ("ab", "xaybz", "xaybz"),
            ("abc", "acd", "abcd"),
            ("ab", "ba", "ab"),
            ("a", "bc", "bca"),
        ] {
            assert_eq!(union(&list(current), &list(desired)), list(both));
        }
    }
}
