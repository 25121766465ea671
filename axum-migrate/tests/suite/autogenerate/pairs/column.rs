//! Random columns.

use axum_db::Dialect;

use super::{ENUMS, Enums, Random, VALUES, literal, qualified};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Number,
    Text,
    /// A text of MySQL that only a part of can be in an index.
    Long,
    Enum,
}

#[derive(Clone)]
pub struct Column {
    pub name: String,
    ty: &'static str,
    pub kind: Kind,
    required: bool,
    default: Option<String>,
    collation: Option<&'static str>,
    pub comment: Option<&'static str>,
    pub filled: Filled,
}

/// Where a column's value comes from.
#[derive(Clone, PartialEq, Eq)]
pub enum Filled {
    Plainly,
    Computed {
        from: String,
        form: usize,
        stored: bool,
    },
    /// PostgreSQL's serial and identity.
    Counted(&'static str),
}

/// Columns that may hold numbers or text, and those that may hold an enum or text.
const NAMES: [&str; 6] = ["alpha", "beta", "Gamma", "delta", "select", "we ird"];
const STATES: [&str; 2] = ["state", "Last state"];
pub const COMMENTS: [&str; 2] = ["it's what it is", "\"other\""];

const NUMBER: &[&str] = &["0", "7", "1.5", "(1 + 1)"];
const WHOLE: &[&str] = &["0", "7", "3", "(1 + 1)"];
const SHORT: &[&str] = &["'x'", "'it''s'", "''", "(lower('X'))"];

fn types(dialect: Dialect) -> &'static [(&'static str, Kind)] {
    match dialect {
        Dialect::Sqlite => &[
            ("INTEGER", Kind::Number),
            ("BIGINT", Kind::Number),
            ("VARCHAR(20)", Kind::Text),
            ("VARCHAR(40)", Kind::Text),
            ("TEXT", Kind::Text),
            ("DECIMAL(8,2)", Kind::Number),
            ("REAL", Kind::Number),
            ("SMALLINT", Kind::Number),
        ],
        Dialect::Postgres => &[
            ("INTEGER", Kind::Number),
            ("BIGINT", Kind::Number),
            ("VARCHAR(20)", Kind::Text),
            ("VARCHAR(40)", Kind::Text),
            ("TEXT", Kind::Text),
            ("DECIMAL(8,2)", Kind::Number),
            ("DOUBLE PRECISION", Kind::Number),
            ("SMALLINT", Kind::Number),
        ],
        Dialect::Mysql => &[
            ("INTEGER", Kind::Number),
            ("BIGINT", Kind::Number),
            ("VARCHAR(20)", Kind::Text),
            ("VARCHAR(40)", Kind::Text),
            ("TEXT", Kind::Long),
            ("DECIMAL(8,2)", Kind::Number),
            ("DOUBLE", Kind::Number),
            ("SMALLINT", Kind::Number),
        ],
    }
}

fn state_types(dialect: Dialect) -> &'static [(&'static str, Kind)] {
    match dialect {
        Dialect::Sqlite => &[("VARCHAR(20)", Kind::Text), ("TEXT", Kind::Text)],
        Dialect::Postgres => &[
            ("VARCHAR(20)", Kind::Text),
            ("TEXT", Kind::Text),
            (ENUMS[0], Kind::Enum),
            (ENUMS[1], Kind::Enum),
            (ENUMS[0], Kind::Enum),
        ],
        Dialect::Mysql => &[
            ("VARCHAR(20)", Kind::Text),
            ("ENUM('1','a','z')", Kind::Enum),
            ("ENUM('a','1','it''s')", Kind::Enum),
        ],
    }
}

fn collations(dialect: Dialect) -> &'static [&'static str] {
    match dialect {
        Dialect::Sqlite => &["NOCASE", "RTRIM"],
        Dialect::Postgres => &["\"C\"", "\"POSIX\""],
        Dialect::Mysql => &["utf8mb4_bin", "utf8mb4_unicode_ci"],
    }
}

pub fn random_name(random: &mut Random) -> &'static str {
    if random.chance(25) {
        random.pick(&STATES)
    } else {
        random.pick(&NAMES)
    }
}

pub fn all_names() -> impl Iterator<Item = &'static str> {
    NAMES.into_iter().chain(STATES)
}

impl Column {
    pub fn random(dialect: Dialect, name: &str, random: &mut Random) -> Self {
        let (ty, kind) = if STATES.contains(&name) {
            random.pick(state_types(dialect))
        } else {
            random.pick(types(dialect))
        };
        let defaults = match kind {
            Kind::Number if ["INTEGER", "BIGINT", "SMALLINT"].contains(&ty) => WHOLE,
            Kind::Number => NUMBER,
            Kind::Text | Kind::Long => SHORT,
            Kind::Enum => &[],
        };
        let mut column = Self {
            name: name.to_owned(),
            ty,
            kind,
            required: random.chance(50),
            default: None,
            collation: None,
            comment: random.chance(15).then(|| random.pick(&COMMENTS)),
            filled: Filled::Plainly,
        };
        if random.chance(40) {
            column.default = Some(match defaults {
                [] => literal(random.pick(&VALUES)),
                some => random.pick(some).to_owned(),
            });
        }
        if kind != Kind::Number && kind != Kind::Enum && random.chance(20) {
            column.collation = Some(random.pick(collations(dialect)));
        }
        let is_free = !STATES.contains(&name);
        if is_free && random.chance(20) {
            column.filled = Filled::Computed {
                from: random_name(random).to_owned(),
                form: random.below(2),
                stored: dialect == Dialect::Postgres || random.chance(50),
            };
        } else if dialect == Dialect::Postgres
            && WHOLE.as_ptr() == defaults.as_ptr()
            && random.chance(20)
        {
            column.filled = Filled::Counted(random.pick(&[
                "SERIAL",
                "GENERATED ALWAYS AS IDENTITY",
                "GENERATED BY DEFAULT AS IDENTITY",
                "GENERATED BY DEFAULT AS IDENTITY (START WITH 1 INCREMENT BY 5 CACHE 3)",
            ]));
        }
        column
    }

    /// One that may point at a row.
    pub fn reference(name: String) -> Self {
        Self {
            name,
            ty: "INTEGER",
            kind: Kind::Number,
            required: false,
            default: None,
            collation: None,
            comment: None,
            filled: Filled::Plainly,
        }
    }

    pub fn is_computed(&self) -> bool {
        matches!(self.filled, Filled::Computed { .. })
    }

    /// Makes it fit the table's other columns and the enums.
    pub fn settle(&mut self, dialect: Dialect, others: &[Column], enums: &Enums) {
        if self.kind == Kind::Enum && dialect == Dialect::Postgres {
            match enums.get(self.ty) {
                None => (self.ty, self.kind, self.default) = ("TEXT", Kind::Text, None),
                Some(values) => {
                    let is_known = |sql: &String| values.iter().any(|value| literal(value) == *sql);
                    self.default = self.default.take().filter(is_known);
                }
            }
        }
        if self.kind == Kind::Enum && dialect == Dialect::Mysql {
            let is_known = |sql: &String| self.ty.contains(sql.as_str());
            self.default = self.default.take().filter(is_known);
        }
        if let Filled::Computed { from, .. } = &self.filled {
            let source = others.iter().find(|other| other.name == *from);
            let fits = source.is_some_and(|source| {
                source.filled == Filled::Plainly
                    && (source.kind == self.kind
                        || source.kind == Kind::Enum && self.kind == Kind::Text)
            });
            if !fits {
                self.filled = Filled::Plainly;
            }
        }
        match &self.filled {
            Filled::Plainly => {}
            Filled::Computed { .. } => (self.required, self.default) = (false, None),
            Filled::Counted(_) => (self.required, self.default) = (true, None),
        }
    }

    pub fn sql(&self, dialect: Dialect, others: &[Column], strict: bool) -> String {
        let mut sql = dialect.quote(&self.name);
        match (&self.filled, self.ty) {
            (Filled::Counted("SERIAL"), "SMALLINT") => sql.push_str(" SMALLSERIAL"),
            (Filled::Counted("SERIAL"), "BIGINT") => sql.push_str(" BIGSERIAL"),
            (Filled::Counted("SERIAL"), _) => sql.push_str(" SERIAL"),
            _ if self.kind == Kind::Enum && dialect == Dialect::Postgres => {
                sql.push_str(&format!(" {}", qualified(dialect, self.ty)));
            }
            (_, "DECIMAL(8,2)" | "REAL") if strict => sql.push_str(" REAL"),
            _ if strict && self.kind == Kind::Number => sql.push_str(" INTEGER"),
            _ if strict => sql.push_str(" TEXT"),
            (_, ty) => sql.push_str(&format!(" {ty}")),
        }
        if let Some(collation) = self.collation {
            sql.push_str(&format!(" COLLATE {collation}"));
        }
        match &self.filled {
            Filled::Computed { from, form, stored } => {
                let source = others.iter().find(|other| other.name == *from);
                let kind = source.map_or(self.kind, |source| source.kind);
                let expression = computed(kind, *form, &dialect.quote(from));
                let how = if *stored { "STORED" } else { "VIRTUAL" };
                sql.push_str(&format!(" GENERATED ALWAYS AS ({expression}) {how}"));
            }
            Filled::Counted(how) if *how != "SERIAL" => sql.push_str(&format!(" {how}")),
            _ => {}
        }
        if self.required {
            sql.push_str(" NOT NULL");
        }
        if let Some(default) = &self.default {
            sql.push_str(&format!(" DEFAULT {default}"));
        }
        if let (Some(comment), Dialect::Mysql) = (self.comment, dialect) {
            sql.push_str(&format!(" COMMENT {}", literal(comment)));
        }
        sql
    }
}

fn computed(kind: Kind, form: usize, column: &str) -> String {
    match (kind, form) {
        (Kind::Number, 0) => format!("{column} * 2"),
        (Kind::Number, _) => format!("coalesce({column}, 0) + 1"),
        (Kind::Text | Kind::Long, 0) => format!("upper({column})"),
        (Kind::Text | Kind::Long, _) => format!("lower({column})"),
        (Kind::Enum, _) => format!("CASE WHEN {column} = '1' THEN '1' ELSE '2' END"),
    }
}

/// A condition that holds for every value here.
pub fn condition(kind: Kind, form: usize, column: &str) -> String {
    match (kind, form % 3) {
        (Kind::Number, 0) => format!("{column} >= 0"),
        (Kind::Number, 1) => format!("{column} BETWEEN 0 AND 100 OR 1 > 2"),
        (Kind::Text | Kind::Long, 0) => format!("{column} <> 'zz'"),
        (Kind::Text | Kind::Long, 1) => format!("length({column}) < 50"),
        (Kind::Enum, 0) => format!("{column} <> '1' OR {column} = '1'"),
        (Kind::Enum, 1) => format!("{column} IN ('1', '1') OR 2 > 1"),
        _ => format!("{column} IS NOT NULL OR 2 > 1"),
    }
}
