//! What looks like a rename: scored by types, names, places and constraints, for a person to decide.

use super::args::Rename;
use crate::diff::Diff;
use crate::op::Op;
use crate::schema::{Column, Schema, Table};

/// What a column must reach to be asked about; the type alone is not enough where there is a choice.
const ENOUGH: usize = 4;
/// The share of columns that two tables have in common, in percent.
const ENOUGH_IN_COMMON: usize = 60;

/// The columns and tables that went while another that is much like them came, each with the one that is most like it.
///
/// Where two are as much alike, nothing is said: it would be a guess.
pub(super) fn looks_renamed(compared: &Diff, from: &Schema, models: &Schema) -> Vec<Rename> {
    let ops = &compared.ops;
    let gone: Vec<&Table> = ops
        .iter()
        .filter_map(|op| match op {
            Op::DropTable(table) => from.tables.get(&table.name),
            _ => None,
        })
        .chain(
            compared
                .orphaned
                .iter()
                .filter_map(|name| from.tables.get(name)),
        )
        .collect();
    let come: Vec<&Table> = ops
        .iter()
        .filter_map(|op| match op {
            Op::CreateTable(table) => models.tables.get(&table.name),
            _ => None,
        })
        .collect();
    let mut renames: Vec<Rename> = pairs(&gone, &come, ENOUGH_IN_COMMON, |old, new| {
        in_common(old, new)
    })
    .into_iter()
    .map(|(old, new)| Rename::Table {
        from: old.name.clone(),
        to: new.name.clone(),
    })
    .collect();
    for table in models.tables.values() {
        let Some(before) = table_before(&table.name, ops, from) else {
            continue;
        };
        let gone: Vec<&Column> = ops
            .iter()
            .filter_map(|op| match op {
                Op::DropColumn { table: own, column } if *own == table.name => Some(column),
                _ => None,
            })
            .collect();
        let come: Vec<&Column> = ops
            .iter()
            .filter_map(|op| match op {
                Op::AddColumn {
                    table: own, column, ..
                } if *own == table.name => Some(column),
                _ => None,
            })
            .collect();
        let alone = gone.len() == 1 && come.len() == 1;
        // Where one goes and one of its type comes there is no choice to be made.
        let enough = if alone { 1 } else { ENOUGH };
        let score = |old: &&Column, new: &&Column| score(before, old, table, new);
        for (old, new) in pairs(&gone, &come, enough, score) {
            renames.push(Rename::Column {
                table: table.name.clone(),
                from: old.name.clone(),
                to: new.name.clone(),
            });
        }
    }
    renames
}

/// The table as it was, perhaps under another name.
fn table_before<'s>(name: &str, ops: &[Op], from: &'s Schema) -> Option<&'s Table> {
    let renamed = ops.iter().find_map(|op| match op {
        Op::RenameTable { from, to } if to == name => Some(from.as_str()),
        _ => None,
    });
    from.tables.get(renamed.unwrap_or(name))
}

/// Those that are most like each other, from either side, by a score that nothing else reaches with either.
fn pairs<T: Copy>(
    gone: &[T],
    come: &[T],
    enough: usize,
    score: impl Fn(&T, &T) -> usize,
) -> Vec<(T, T)> {
    let best = |scores: Vec<usize>| -> Option<usize> {
        let most = scores
            .iter()
            .copied()
            .max()
            .filter(|most| *most >= enough)?;
        let mut at = (0..scores.len()).filter(|at| scores[*at] == most);
        let first = at.next();
        first.filter(|_| at.next().is_none())
    };
    let mut found = Vec::new();
    for (at, old) in gone.iter().enumerate() {
        let Some(chosen) = best(come.iter().map(|new| score(old, new)).collect()) else {
            continue;
        };
        let back = best(gone.iter().map(|old| score(old, &come[chosen])).collect());
        if back == Some(at) {
            found.push((*old, come[chosen]));
        }
    }
    found
}

/// How much of two tables is the same, in percent of their columns.
fn in_common(old: &Table, new: &Table) -> usize {
    let same = |column: &&Column| {
        let other = new.column(&column.name);
        other.is_some_and(|other| other.ty == column.ty)
    };
    let count = old.columns.iter().filter(same).count();
    count * 100 / old.columns.len().max(new.columns.len()).max(1)
}

/// How much two columns are alike; nothing at all where their types differ.
fn score(before: &Table, old: &Column, after: &Table, new: &Column) -> usize {
    if old.ty != new.ty {
        return 0;
    }
    let neighbour = |table: &Table, name: &str, next: bool| -> Option<String> {
        let at = table
            .columns
            .iter()
            .position(|column| column.name == name)?;
        let at = if next { at + 1 } else { at.checked_sub(1)? };
        table.columns.get(at).map(|column| column.name.clone())
    };
    let beside = |next| neighbour(before, &old.name, next) == neighbour(after, &new.name, next);
    let keys = |table: &Table, name: &str| {
        let has = |columns: &[String]| columns.iter().any(|column| column == name);
        let points_at: Vec<String> = table
            .foreign_keys
            .iter()
            .filter(|key| has(&key.columns))
            .map(|key| key.table.clone())
            .collect();
        let uniques = table.uniques.iter().filter(|own| has(&own.columns)).count();
        let indexes = table
            .indexes
            .iter()
            .filter(|index| index.columns().any(|column| column == name))
            .map(|index| index.unique)
            .collect::<Vec<_>>();
        (points_at, uniques, indexes)
    };
    let (old_name, new_name) = (old.name.to_lowercase(), new.name.to_lowercase());
    let part_of_other = old_name.contains(&new_name) || new_name.contains(&old_name);
    1 + usize::from(beside(false))
        + usize::from(beside(true))
        + 2 * usize::from(part_of_other)
        + usize::from(old.nullable == new.nullable)
        + usize::from(old.default == new.default)
        + usize::from(keys(before, &old.name) == keys(after, &new.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::{Hints, diff};

    fn table(name: &str, columns: &[(&str, &str, bool)]) -> Table {
        Table {
            name: name.to_owned(),
            columns: columns
                .iter()
                .map(|(name, ty, nullable)| Column {
                    name: (*name).to_owned(),
                    ty: (*ty).to_owned(),
                    nullable: *nullable,
                    ..Column::default()
                })
                .collect(),
            ..Table::default()
        }
    }

    fn found(from: Table, to: Table) -> Vec<String> {
        let schema = |table: Table| {
            let mut schema = Schema::default();
            schema.tables.insert(table.name.clone(), table);
            schema
        };
        let (from, to) = (schema(from), schema(to));
        let hints = Hints {
            managed_tables: from.table_names(),
            ..Hints::default()
        };
        let compared = diff(&from, &to, &hints).expect("no hints to refuse");
        looks_renamed(&compared, &from, &to)
            .iter()
            .map(|rename| format!("{} to {}", rename.old(), rename.new_name()))
            .collect()
    }

    const PEOPLE: [(&str, &str, bool); 4] = [
        ("id", "integer", false),
        ("mail", "text", false),
        ("age", "integer", true),
        ("note", "text", true),
    ];

    #[test]
    fn a_column_that_takes_the_place_of_one_of_its_type_may_be_renamed() {
        let mut to = PEOPLE;
        to[1].0 = "address";
        assert_eq!(
            found(table("people", &PEOPLE), table("people", &to)),
            ["people.mail to people.address"]
        );
        to[1].1 = "integer";
        assert!(found(table("people", &PEOPLE), table("people", &to)).is_empty());
    }

    #[test]
    fn of_several_of_a_type_each_finds_the_one_that_is_most_like_it() {
        let to = [
            ("id", "integer", false),
            ("email", "text", false),
            ("age", "integer", true),
            ("remark", "text", true),
        ];
        assert_eq!(
            found(table("people", &PEOPLE), table("people", &to)),
            [
                "people.mail to people.email",
                "people.note to people.remark"
            ]
        );
    }

    #[test]
    fn nothing_is_said_where_two_are_as_much_alike() {
        let from = [("id", "integer", false), ("a", "text", true)];
        let to = [
            ("x", "text", true),
            ("id", "integer", false),
            ("y", "text", true),
            ("z", "text", true),
            ("w", "text", true),
        ];
        assert!(found(table("people", &from), table("people", &to)).is_empty());
    }

    #[test]
    fn a_table_with_most_of_the_columns_may_be_renamed_though_it_is_not_dropped() {
        let to = [
            ("id", "integer", false),
            ("mail", "text", false),
            ("age", "integer", true),
            ("born", "date", true),
        ];
        assert_eq!(
            found(table("people", &PEOPLE), table("persons", &to)),
            ["people to persons"]
        );
        assert!(found(table("people", &PEOPLE), table("other", &to[3..])).is_empty());
    }
}
