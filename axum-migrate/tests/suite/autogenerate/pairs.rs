//! Random schemas.

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

/// A schema that every engine can make.
#[derive(Clone)]
pub struct Shape {
    tables: Vec<Table>,
}

#[derive(Clone)]
struct Table {
    name: String,
    columns: Vec<Column>,
    uniques: Vec<Vec<String>>,
    indexes: Vec<Vec<String>>,
    keys: Vec<Key>,
    check: Option<String>,
}

#[derive(Clone)]
struct Column {
    name: String,
    ty: &'static str,
    required: bool,
    default: Option<&'static str>,
}

#[derive(Clone)]
struct Key {
    column: String,
    table: String,
    action: &'static str,
}

const TABLES: [&str; 5] = ["ants", "bees", "cats", "dogs", "order"];
const COLUMNS: [&str; 6] = ["alpha", "beta", "Gamma", "delta", "select", "we ird"];
/// Types and defaults that fit them.
const TYPES: [(&str, &[&str]); 6] = [
    ("INTEGER", &["0", "7"]),
    ("BIGINT", &["1"]),
    ("VARCHAR(20)", &["'x'", "'it''s'"]),
    ("VARCHAR(40)", &["''"]),
    ("DECIMAL(8,2)", &["0", "1.5"]),
    ("SMALLINT", &["3"]),
];

impl Shape {
    pub fn random(random: &mut Random) -> Self {
        let mut shape = Self { tables: Vec::new() };
        for name in TABLES {
            if random.chance(60) {
                shape.tables.push(Table::random(name, random));
            }
        }
        shape.add_keys(random, 40);
        shape
    }

    /// The shape with a few changes.
    pub fn mutated(&self, random: &mut Random) -> Self {
        let mut shape = self.clone();
        for _ in 0..=random.below(3) {
            let count = shape.tables.len();
            if count == 0 || random.chance(10) {
                let name = random.pick(&TABLES);
                shape.tables.retain(|table| table.name != name);
                if random.chance(60) {
                    shape.tables.push(Table::random(name, random));
                }
            } else {
                let at = random.below(count);
                shape.tables[at].mutate(random);
            }
        }
        if random.chance(30) {
            shape.add_keys(random, 20);
        }
        let names: Vec<String> = shape
            .tables
            .iter()
            .map(|table| table.name.clone())
            .collect();
        for table in &mut shape.tables {
            let columns: Vec<String> = table
                .columns
                .iter()
                .map(|column| column.name.clone())
                .collect();
            table
                .keys
                .retain(|key| names.contains(&key.table) && columns.contains(&key.column));
        }
        shape
    }

    fn add_keys(&mut self, random: &mut Random, percent: usize) {
        let names: Vec<String> = self.tables.iter().map(|table| table.name.clone()).collect();
        for table in &mut self.tables {
            if names.is_empty() || !random.chance(percent) {
                continue;
            }
            let target = random.pick(&names);
            let column = format!("{target}_id");
            if table.columns.iter().any(|own| own.name == column) {
                continue;
            }
            table.columns.push(Column {
                name: column.clone(),
                ty: "{REF}",
                required: false,
                default: None,
            });
            let action = random.pick(&[
                "",
                " ON DELETE CASCADE",
                " ON DELETE SET NULL ON UPDATE CASCADE",
            ]);
            table.keys.push(Key {
                column,
                table: target,
                action,
            });
        }
    }

    /// The statements that make it. Foreign keys to tables that come later are added at the end, unless
    /// the engine takes them `in_any_order`.
    pub fn sql(&self, in_any_order: bool) -> Vec<String> {
        let mut sql = Vec::new();
        let is_before =
            |at: usize, table: &str| self.tables[..=at].iter().any(|own| own.name == table);
        let mut later = Vec::new();
        for (at, table) in self.tables.iter().enumerate() {
            let mut lines = vec!["id {ID}".to_owned()];
            lines.extend(table.columns.iter().map(Column::sql));
            for columns in &table.uniques {
                let name = format!("{}_{}_key", table.name, columns.join("_")).replace(' ', "_");
                lines.push(format!(
                    "CONSTRAINT {{Q}}{name}{{Q}} UNIQUE ({})",
                    list(columns)
                ));
            }
            if let Some(check) = &table.check {
                lines.push(format!(
                    "CONSTRAINT {{Q}}{}_check{{Q}} CHECK ({check})",
                    table.name
                ));
            }
            for key in &table.keys {
                let constraint = format!(
                    "CONSTRAINT {{Q}}{}_{}_fkey{{Q}} FOREIGN KEY ({{Q}}{}{{Q}}) REFERENCES {{Q}}{}{{Q}} (id){}",
                    table.name, key.column, key.column, key.table, key.action
                );
                if in_any_order || is_before(at, &key.table) {
                    lines.push(constraint);
                } else {
                    later.push((table.name.clone(), constraint));
                }
            }
            sql.push(format!(
                "CREATE TABLE {{Q}}{}{{Q}} (\n  {}\n)",
                table.name,
                lines.join(",\n  ")
            ));
            for columns in &table.indexes {
                let name = format!("{}_{}_idx", table.name, columns.join("_")).replace(' ', "_");
                sql.push(format!(
                    "CREATE INDEX {{Q}}{name}{{Q}} ON {{Q}}{}{{Q}} ({})",
                    table.name,
                    list(columns)
                ));
            }
        }
        sql.extend(
            later
                .into_iter()
                .map(|(table, key)| format!("ALTER TABLE {{Q}}{table}{{Q}} ADD {key}")),
        );
        sql
    }
}

impl Table {
    fn random(name: &str, random: &mut Random) -> Self {
        let mut table = Self {
            name: name.to_owned(),
            columns: Vec::new(),
            uniques: Vec::new(),
            indexes: Vec::new(),
            keys: Vec::new(),
            check: None,
        };
        for column in COLUMNS {
            if random.chance(50) {
                table.columns.push(Column::random(column, random));
            }
        }
        for _ in 0..random.below(3) {
            table.mutate_constraints(random);
        }
        table
    }

    fn mutate(&mut self, random: &mut Random) {
        let name = random.pick(&COLUMNS);
        match self.columns.iter().position(|column| column.name == name) {
            None => self.columns.push(Column::random(name, random)),
            Some(_) if random.chance(25) => {
                self.columns.retain(|column| column.name != name);
                self.uniques
                    .retain(|columns| !columns.iter().any(|column| column == name));
                self.indexes
                    .retain(|columns| !columns.iter().any(|column| column == name));
                self.check = None;
            }
            Some(at) if random.chance(60) => self.columns[at] = Column::random(name, random),
            Some(_) => self.mutate_constraints(random),
        }
        if random.chance(20) && !self.keys.is_empty() {
            let at = random.below(self.keys.len());
            self.keys[at].action = random.pick(&["", " ON DELETE CASCADE", " ON DELETE RESTRICT"]);
        }
        if random.chance(10) {
            self.keys.pop();
        }
    }

    fn mutate_constraints(&mut self, random: &mut Random) {
        if self.columns.is_empty() {
            return;
        }
        let mut columns = vec![random.pick(&self.columns).name];
        let second = random.pick(&self.columns).name;
        if second != columns[0] && random.chance(40) {
            columns.push(second);
        }
        match random.below(4) {
            0 => toggle(&mut self.uniques, columns),
            1 | 2 => toggle(&mut self.indexes, columns),
            _ => {
                let of = random.pick(&self.columns).name;
                // MySQL takes no CHECK of a column that ON DELETE SET NULL may change.
                let is_plain = !of.ends_with("_id");
                self.check = (is_plain && random.chance(60))
                    .then(|| format!("{{Q}}{of}{{Q}} IS NOT NULL OR 2 > 1"));
            }
        }
    }
}

fn toggle(list: &mut Vec<Vec<String>>, columns: Vec<String>) {
    match list.iter().position(|own| *own == columns) {
        Some(at) => {
            list.remove(at);
        }
        None => list.push(columns),
    }
}

impl Column {
    fn random(name: &str, random: &mut Random) -> Self {
        let (ty, defaults) = random.pick(&TYPES);
        Self {
            name: name.to_owned(),
            ty,
            required: random.chance(50),
            default: random.chance(40).then(|| random.pick(defaults)),
        }
    }

    fn sql(&self) -> String {
        let mut sql = format!("{{Q}}{}{{Q}} {}", self.name, self.ty);
        if self.required {
            sql.push_str(" NOT NULL");
        }
        if let Some(default) = self.default {
            sql.push_str(&format!(" DEFAULT {default}"));
        }
        sql
    }
}

fn list(columns: &[String]) -> String {
    columns
        .iter()
        .map(|column| format!("{{Q}}{column}{{Q}}"))
        .collect::<Vec<_>>()
        .join(", ")
}
