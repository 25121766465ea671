//! What a rebuild of SQLite must not lose.

use super::harness::Case;

/// Everything that lives only in the text of CREATE statements.
pub const START: &str = r#"
CREATE TABLE people (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT COLLATE NOCASE NOT NULL ON CONFLICT IGNORE,
  "e mail" VARCHAR ( 120 ) DEFAULT 'a,(b)' UNIQUE ON CONFLICT REPLACE,
  age INT CHECK (age > 0 AND age < 200), -- a comment ( with , signs
  born TEXT DEFAULT (date('now')),
  boss INTEGER CONSTRAINT boss_key REFERENCES PEOPLE DEFERRABLE INITIALLY DEFERRED,
  initial TEXT GENERATED ALWAYS AS (substr(name, 1, 1)) VIRTUAL,
  double_age INT AS (age * 2) STORED,
  extra,
  CONSTRAINT grown CHECK (extra IS NULL OR length(extra) > 1)
  CHECK (name <> 'nobody')
);
CREATE INDEX people_partial ON people (name) WHERE age > 17;
CREATE UNIQUE INDEX people_lower ON people (lower(name), age DESC);
CREATE INDEX people_nocase ON people ("e mail" COLLATE NOCASE);
CREATE TABLE log (what TEXT, person INTEGER REFERENCES people (id) ON DELETE CASCADE);
CREATE TABLE pairs (a INTEGER NOT NULL, b TEXT NOT NULL, c TEXT, PRIMARY KEY (a, b)) WITHOUT ROWID;
CREATE TABLE tight (id INTEGER PRIMARY KEY, n INT NOT NULL DEFAULT -1, t ANY) STRICT;
CREATE TABLE sqlitefoo (a TEXT PRIMARY KEY, b REAL DEFAULT 1.5e-3);
CREATE TABLE far (a INTEGER, b TEXT, CONSTRAINT two FOREIGN KEY (a, b) REFERENCES pairs ON UPDATE CASCADE);
CREATE VIEW adults AS SELECT name, age FROM people WHERE age >= 18;
CREATE TRIGGER people_log AFTER UPDATE OF name ON people BEGIN INSERT INTO log (what) VALUES ('renamed ' || OLD.name); INSERT INTO log (what) VALUES ('twice'); END;
CREATE TRIGGER log_people AFTER DELETE ON log BEGIN UPDATE people SET extra = 'gone' WHERE id = OLD.person; END;
"#;

pub const ROWS: &str = "\
INSERT INTO people (id, name, \"e mail\", age, boss) VALUES (1, 'Ada', 'ada@x', 36, 2);
INSERT INTO people (id, name, \"e mail\", age, boss) VALUES (2, 'Bob', 'bob@x', 17, NULL);
INSERT INTO people (id, name, age, extra) VALUES (9, 'Cy', 80, x'0102');
INSERT INTO log VALUES ('hired', 1);
INSERT INTO pairs VALUES (1, 'x', NULL);
INSERT INTO pairs VALUES (1, 'y', 'c');
INSERT INTO tight VALUES (3, 4, 'any');
INSERT INTO tight (id) VALUES (4);
INSERT INTO sqlitefoo VALUES (NULL, 1.0);
INSERT INTO sqlitefoo VALUES ('k', 2);
INSERT INTO far VALUES (1, 'y');
INSERT INTO far VALUES (7, NULL);
";

pub fn cases() -> Vec<Case> {
    vec![
        Case::new(
            "any rebuild keeps everything",
            [("  extra,", "  extra TEXT,")],
        ),
        Case::new(
            "a new collation",
            [("COLLATE NOCASE NOT NULL", "COLLATE RTRIM NOT NULL")],
        ),
        Case::new("no collation", [("COLLATE NOCASE NOT NULL", "NOT NULL")]),
        Case::new(
            "another conflict clause",
            [("ON CONFLICT IGNORE", "ON CONFLICT FAIL")],
        ),
        Case::new(
            "another conflict clause of a unique column",
            [("UNIQUE ON CONFLICT REPLACE", "UNIQUE")],
        ),
        Case::new("a check changes", [("age < 200", "age < 300")]),
        Case::new("an unnamed check goes", [("CHECK (name <> 'nobody')", "")]),
        Case::new(
            "a named check goes",
            [(
                ",\n  CONSTRAINT grown CHECK (extra IS NULL OR length(extra) > 1)\n",
                ",\n",
            )],
        ),
        Case::new(
            "no longer deferrable",
            [(" DEFERRABLE INITIALLY DEFERRED", "")],
        ),
        Case::new(
            "deferrable, but immediate",
            [("INITIALLY DEFERRED", "INITIALLY IMMEDIATE")],
        ),
        Case::new(
            "the counter goes",
            [("PRIMARY KEY AUTOINCREMENT", "PRIMARY KEY")],
        ),
        Case::new(
            "a counter comes",
            [(
                "CREATE TABLE tight (id INTEGER PRIMARY KEY",
                "CREATE TABLE tight (id INTEGER PRIMARY KEY AUTOINCREMENT",
            )],
        ),
        Case::new("a computed column changes", [("(age * 2)", "(age * 3)")])
            .reformats(vec!["double_age"]),
        Case::new(
            "a computed column is stored",
            [("substr(name, 1, 1)) VIRTUAL", "substr(name, 1, 1)) STORED")],
        ),
        Case::new(
            "a computed column becomes plain",
            [("double_age INT AS (age * 2) STORED", "double_age INT")],
        ),
        Case::new(
            "a plain column becomes computed",
            [("  extra,\n", "  extra AS (age + 1) STORED,\n")],
        )
        .reformats(vec!["extra"]),
        Case::new(
            "a computed column goes",
            [("  double_age INT AS (age * 2) STORED,\n", "")],
        ),
        Case::new(
            "a virtual column comes",
            [(
                "  extra,\n",
                "  extra, next_age INT AS (age + 1) VIRTUAL,\n",
            )],
        ),
        Case::new(
            "a stored column comes",
            [("  extra,\n", "  extra, next_age INT AS (age + 1) STORED,\n")],
        ),
        Case::new("no longer strict", [("t ANY) STRICT", "t ANY)")]),
        Case::new(
            "strict",
            [("b REAL DEFAULT 1.5e-3)", "b REAL DEFAULT 1.5e-3) STRICT")],
        )
        .backfill("sqlitefoo", "a", "'none'")
        .reformats(vec!["a"]),
        Case::new(
            "with rowids",
            [("PRIMARY KEY (a, b)) WITHOUT ROWID", "PRIMARY KEY (a, b))")],
        ),
        Case::new(
            "an index gets a condition",
            [("COLLATE NOCASE);", "COLLATE NOCASE) WHERE age IS NOT NULL;")],
        ),
        Case::new(
            "a condition of an index changes",
            [("WHERE age > 17", "WHERE age > 18")],
        ),
        Case::new(
            "an expression of an index changes",
            [("lower(name), age DESC", "lower(name), age")],
        ),
        Case::new(
            "a column without a type gets one",
            [("  extra,\n", "  extra BLOB,\n")],
        ),
        Case::new(
            "a default becomes an expression",
            [(
                "n INT NOT NULL DEFAULT -1",
                "n INT NOT NULL DEFAULT (1 + 1)",
            )],
        ),
        Case::new(
            "an expression becomes a default",
            [("DEFAULT (date('now'))", "DEFAULT '2000-01-01'")],
        ),
        Case::new(
            "a column beside a nullable key",
            [(
                "a TEXT PRIMARY KEY, b REAL",
                "a TEXT PRIMARY KEY, c INT NOT NULL, b REAL",
            )],
        )
        .backfill("sqlitefoo", "c", "length(coalesce(a, '')) + 1"),
        Case::new(
            "the key becomes required",
            [(
                "a TEXT PRIMARY KEY, b REAL",
                "a TEXT PRIMARY KEY NOT NULL, b REAL",
            )],
        )
        .backfill("sqlitefoo", "a", "'none'")
        .reformats(vec!["a"]),
        Case::new(
            "a composite key to an implicit target changes",
            [("pairs ON UPDATE CASCADE", "pairs ON UPDATE RESTRICT")],
        ),
        Case::new(
            "the target of an implicit key is rebuilt",
            [(
                "c TEXT, PRIMARY KEY (a, b)",
                "c VARCHAR(5), PRIMARY KEY (a, b)",
            )],
        ),
        Case::new(
            "a column that a computed one reads is renamed",
            [
                (
                    "age INT CHECK (age > 0 AND age < 200)",
                    "years INT CHECK (years > 0 AND years < 200)",
                ),
                ("(age * 2)", "(years * 2)"),
                ("WHERE age > 17", "WHERE years > 17"),
                ("lower(name), age DESC", "lower(name), years DESC"),
                (
                    "SELECT name, age FROM people WHERE age >= 18",
                    "SELECT name, years FROM people WHERE years >= 18",
                ),
            ],
        )
        .rename_column("people", "age", "years"),
        Case::new(
            "a table with a trigger and a view is renamed",
            [
                ("CREATE TABLE people", "CREATE TABLE persons"),
                ("REFERENCES PEOPLE", "REFERENCES persons"),
                ("people_partial ON people", "people_partial ON persons"),
                ("people_lower ON people", "people_lower ON persons"),
                ("people_nocase ON people", "people_nocase ON persons"),
                ("REFERENCES people (id)", "REFERENCES persons (id)"),
                ("FROM people", "FROM persons"),
                ("name ON people", "name ON persons"),
                ("UPDATE people", "UPDATE persons"),
            ],
        )
        .rename_table("people", "persons"),
        Case::new(
            "one table is renamed and another rebuilt",
            [
                ("CREATE TABLE sqlitefoo", "CREATE TABLE foo"),
                ("  extra,\n", "  extra INT,\n"),
            ],
        )
        .rename_table("sqlitefoo", "foo"),
        Case::new(
            "the name of a table has quotes",
            [(
                "CREATE TABLE sqlitefoo (a TEXT PRIMARY KEY, b REAL",
                "CREATE TABLE \"it's\"\"odd\" (a TEXT PRIMARY KEY, b INT",
            )],
        )
        .rename_table("sqlitefoo", "it's\"odd")
        .reformats(vec!["b"]),
    ]
}
