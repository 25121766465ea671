//! Random schemas, with all that models have words for on the engine at hand.

mod column;
mod table;

use std::collections::BTreeMap;

use axum_db::Dialect;

use self::column::Column;
use self::table::{Key, Table};

/// A small generator of pseudo-random numbers: a failing seed can be run again.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % limit
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }
}

/// A schema.
#[derive(Clone)]
pub struct Shape {
    dialect: Dialect,
    /// PostgreSQL's types with their values.
    enums: Enums,
    tables: Vec<Table>,
}

type Enums = BTreeMap<&'static str, Vec<&'static str>>;

const ENUMS: [&str; 2] = ["mood", "zoo.phase"];
/// The first one is in every enum, so that no row is in the way.
const VALUES: [&str; 5] = ["1", "a", "it's", "Big", "z"];

/// The names of the tables; those of other schemas on PostgreSQL alone.
fn table_names(dialect: Dialect) -> &'static [&'static str] {
    match dialect {
        Dialect::Postgres => &["ants", "bees", "zoo.cats", "zoo.ants", "order"],
        _ => &["ants", "bees", "cats", "dogs", "order"],
    }
}

impl Shape {
    pub fn random(dialect: Dialect, random: &mut Random) -> Self {
        let mut shape = Self {
            dialect,
            enums: Enums::new(),
            tables: Vec::new(),
        };
        for name in ENUMS {
            if random.chance(60) {
                shape.enums.insert(name, values(random));
            }
        }
        for name in table_names(dialect) {
            if random.chance(60) {
                shape.tables.push(Table::random(dialect, name, random));
            }
        }
        shape.add_keys(random, 40);
        shape.settle();
        shape
    }

    /// The shape with a few changes.
    pub fn mutated(&self, random: &mut Random) -> Self {
        let mut shape = self.clone();
        for _ in 0..=random.below(3) {
            let count = shape.tables.len();
            if count == 0 || random.chance(10) {
                let name = random.pick(table_names(self.dialect));
                shape.tables.retain(|table| table.name != name);
                if random.chance(60) {
                    let table = Table::random(self.dialect, name, random);
                    shape.tables.push(table);
                }
            } else {
                let at = random.below(count);
                shape.tables[at].mutate(self.dialect, random);
            }
        }
        if random.chance(25) {
            let name = random.pick(&ENUMS);
            if random.chance(15) {
                shape.enums.remove(name);
            } else {
                shape.enums.insert(name, values(random));
            }
        }
        if random.chance(30) {
            shape.add_keys(random, 20);
        }
        shape.settle();
        shape
    }

    fn add_keys(&mut self, random: &mut Random, percent: usize) {
        let names: Vec<&str> = self.tables.iter().map(|table| table.name).collect();
        for table in &mut self.tables {
            if names.is_empty() || !random.chance(percent) {
                continue;
            }
            let key = Key::random(random.pick(&names), random);
            let columns = key.columns();
            if columns.iter().any(|name| table.has(name)) {
                continue;
            }
            table
                .columns
                .extend(columns.into_iter().map(Column::reference));
            table.keys.push(key);
        }
    }

    /// Takes away what no longer fits together.
    fn settle(&mut self) {
        if self.dialect != Dialect::Postgres {
            self.enums.clear();
        }
        let twins: BTreeMap<&str, bool> = self
            .tables
            .iter()
            .map(|table| (table.name, table.twin))
            .collect();
        for table in &mut self.tables {
            table.settle(self.dialect, &self.enums);
            let columns: Vec<String> = table.columns.iter().map(|it| it.name.clone()).collect();
            table.keys.retain(|key| {
                let is_there = twins
                    .get(key.table)
                    .is_some_and(|twin| *twin || !key.composite);
                is_there && key.columns().iter().all(|name| columns.contains(name))
            });
        }
    }

    /// The statements that make it. Foreign keys to tables that come later are added at the end, unless
    /// the engine takes them in any order.
    pub fn sql(&self) -> Vec<String> {
        let dialect = self.dialect;
        let mut sql = Vec::new();
        for (name, values) in &self.enums {
            let values: Vec<String> = values.iter().map(|value| literal(value)).collect();
            let values = values.join(", ");
            sql.push(format!(
                "CREATE TYPE {} AS ENUM ({values})",
                qualified(dialect, name)
            ));
        }
        let mut later = Vec::new();
        for (at, table) in self.tables.iter().enumerate() {
            let mut lines = table.lines(dialect);
            for key in &table.keys {
                let constraint = key.sql(dialect, table);
                let is_before = self.tables[..=at].iter().any(|own| own.name == key.table);
                if dialect == Dialect::Sqlite || is_before {
                    lines.push(constraint);
                } else {
                    later.push(format!(
                        "ALTER TABLE {} ADD {constraint}",
                        qualified(dialect, table.name)
                    ));
                }
            }
            sql.extend(table.statements(dialect, &lines));
        }
        sql.extend(later);
        sql
    }
}

fn values(random: &mut Random) -> Vec<&'static str> {
    let mut values = VALUES.to_vec();
    for at in (1..values.len()).rev() {
        values.swap(at, random.below(at + 1));
    }
    values.retain(|value| *value == "1" || random.chance(60));
    values
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The name in SQL; a dot divides PostgreSQL's schema from it.
pub fn qualified(dialect: Dialect, name: &str) -> String {
    let parts: Vec<String> = name.split('.').map(|part| dialect.quote(part)).collect();
    parts.join(".")
}

/// The table that a column of this name points at, if it is a foreign key.
pub fn target(column: &str) -> Option<String> {
    let base = column
        .strip_suffix("_id")
        .or(column.strip_suffix("_twin"))?;
    Some(base.replacen("zoo_", "zoo.", 1))
}
