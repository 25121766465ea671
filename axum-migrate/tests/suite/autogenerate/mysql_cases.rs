//! What MySQL and MariaDB alone have.

use super::harness::Case;

/// Types, what MODIFY has to restate, and every shape of index.
pub const START: &str = "
CREATE TABLE people (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  name VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL COMMENT 'as on the door, it''s \\\\ there',
  mail VARCHAR(120) DEFAULT 'a''b\\\\c',
  flag TINYINT(1) NOT NULL DEFAULT 1,
  small TINYINT NOT NULL DEFAULT 0,
  price DECIMAL(10,2) NOT NULL DEFAULT 0.00,
  mood ENUM('good','it''s bad') NOT NULL DEFAULT 'good',
  roles SET('a','b') NULL,
  doc JSON,
  raw VARBINARY(16),
  made DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  seen TIMESTAMP NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  age INT CHECK (age > 0),
  twice INT GENERATED ALWAYS AS (age * 2) STORED,
  half INT AS (age DIV 2) VIRTUAL,
  text1 TEXT,
  PRIMARY KEY (id),
  UNIQUE KEY people_mail_key (mail),
  KEY people_prefix (text1(10), name DESC),
  FULLTEXT KEY people_words (text1),
  CONSTRAINT people_price_rule CHECK (price >= 0 AND name <> 'nobody')
) COMMENT 'those who''re here';
CREATE TABLE visits (
  person_id BIGINT UNSIGNED NOT NULL,
  editor_id BIGINT UNSIGNED,
  kind SMALLINT UNSIGNED NOT NULL DEFAULT 1,
  CONSTRAINT visits_person_id_fkey FOREIGN KEY (person_id) REFERENCES people (id) ON DELETE CASCADE,
  FOREIGN KEY (editor_id) REFERENCES people (id)
) COLLATE latin1_swedish_ci;
CREATE TABLE plain (a INT, b VARCHAR(10)) ENGINE = MyISAM;
CREATE VIEW cheap AS SELECT id FROM people WHERE price < 10;
CREATE TRIGGER people_log BEFORE INSERT ON visits FOR EACH ROW SET NEW.kind = NEW.kind + 1;
";

pub const ROWS: &str = "\
INSERT INTO people (id, name, mail, price, mood, roles, doc, age, text1) VALUES (1, 'Ada', 'a@x', 12.50, 'good', 'a,b', '{\"k\": 1}', 36, 'some words');
INSERT INTO people (id, name, mail, price, mood, age) VALUES (2, 'Bob', NULL, 3, 'it''s bad', NULL);
INSERT INTO visits VALUES (1, 2, 2);
INSERT INTO visits VALUES (2, NULL, 1);
INSERT INTO plain VALUES (1, 'x');
";

pub fn cases() -> Vec<Case> {
    vec![
        Case::new(
            "a text gets longer and keeps its collation and comment",
            [("VARCHAR(40)", "VARCHAR(50)")],
        ),
        Case::new(
            "a collation changes",
            [("utf8mb4_bin", "utf8mb4_general_ci")],
        ),
        Case::new(
            "a collation goes",
            [("CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ", "")],
        ),
        Case::new("a comment changes", [("as on the door", "as on a door")]),
        Case::new(
            "the comment of a table changes",
            [("those who", "they who")],
        ),
        Case::new(
            "the collation of a table changes",
            [("COLLATE latin1_swedish_ci", "COLLATE latin1_bin")],
        ),
        Case::new("the engine of a table changes", [(" ENGINE = MyISAM", "")]),
        Case::new(
            "a default with quotes changes",
            [("DEFAULT 'a''b\\\\c'", "DEFAULT '\\\\''x'")],
        ),
        Case::new("a default goes", [(" DEFAULT 'a''b\\\\c'", "")]),
        Case::new(
            "a boolean becomes an integer",
            [("flag TINYINT(1)", "flag TINYINT")],
        ),
        Case::new(
            "an integer becomes a boolean",
            [("small TINYINT", "small BOOLEAN")],
        ),
        Case::new(
            "a number without a sign",
            [("small TINYINT", "small TINYINT UNSIGNED")],
        ),
        Case::new("the digits change", [("DECIMAL(10,2)", "DECIMAL(12,4)")])
            .reformats(vec!["price"]),
        Case::new(
            "a value of an enum comes",
            [("ENUM('good',", "ENUM('good','so so',")],
        ),
        Case::new(
            "a value of a set comes",
            [("SET('a','b')", "SET('a','b','c')")],
        ),
        Case::new("json becomes text", [("doc JSON", "doc LONGTEXT")]),
        Case::new("a text becomes json", [("raw VARBINARY(16)", "raw JSON")]),
        Case::new("json becomes required", [("doc JSON", "doc JSON NOT NULL")])
            .backfill("people", "doc", "'{}'")
            .reformats(vec!["doc"]),
        Case::new("bytes get longer", [("VARBINARY(16)", "VARBINARY(20)")]),
        Case::new(
            "the precision of a time",
            [(
                "DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)",
                "DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP",
            )],
        )
        .reformats(vec!["made"]),
        Case::new(
            "the time in UTC",
            [("DEFAULT CURRENT_TIMESTAMP(6)", "DEFAULT (UTC_TIMESTAMP(6))")],
        ),
        Case::new("ON UPDATE goes", [(" ON UPDATE CURRENT_TIMESTAMP", "")]),
        Case::new("a check of a column changes", [("age > 0", "age > 1")]),
        Case::new("a check of a column goes", [(" CHECK (age > 0)", "")]),
        Case::new(
            "a column with a check gets bigger",
            [
                ("age INT CHECK", "age BIGINT CHECK"),
                ("twice INT GENERATED ALWAYS AS (age * 2) STORED,\n", ""),
                ("half INT AS (age DIV 2) VIRTUAL,\n", ""),
            ],
        ),
        Case::new("a check changes", [("price >= 0", "price >= -1")]),
        Case::new("a computed column changes", [("(age * 2)", "(age * 3)")])
            .reformats(vec!["twice"]),
        Case::new(
            "a computed column becomes plain",
            [(
                "twice INT GENERATED ALWAYS AS (age * 2) STORED",
                "twice INT",
            )],
        ),
        Case::new(
            "a column becomes computed, what was computed from it goes",
            [
                ("age INT CHECK (age > 0)", "age INT AS (small + 1) VIRTUAL"),
                ("twice INT GENERATED ALWAYS AS (age * 2) STORED,\n", ""),
                ("half INT AS (age DIV 2) VIRTUAL,\n", ""),
            ],
        )
        .reformats(vec!["age"]),
        Case::new(
            "a column becomes computed, what was computed from it stays",
            [("age INT CHECK (age > 0)", "age INT AS (small + 1) STORED")],
        )
        .reformats(vec!["age", "twice", "half"]),
        Case::new(
            "a column becomes computed, what was computed from it changes",
            [
                ("age INT CHECK (age > 0)", "age INT AS (small + 1) VIRTUAL"),
                ("(age * 2) STORED", "(price * 2) STORED"),
                (
                    "half INT AS (age DIV 2) VIRTUAL",
                    "half BIGINT AS (age DIV 2) VIRTUAL",
                ),
            ],
        )
        .reformats(vec!["age", "twice", "half"]),
        Case::new(
            "a column becomes computed, what was computed from it becomes plain",
            [
                ("age INT CHECK (age > 0)", "age INT AS (small + 1) VIRTUAL"),
                (
                    "twice INT GENERATED ALWAYS AS (age * 2) STORED",
                    "twice INT",
                ),
                ("half INT AS (age DIV 2) VIRTUAL,\n", ""),
            ],
        )
        .reformats(vec!["age", "twice"]),
        Case::new(
            "a virtual column goes",
            [("half INT AS (age DIV 2) VIRTUAL,\n", "")],
        ),
        Case::new(
            "a virtual column comes",
            [(
                "kind SMALLINT",
                "next INT AS (kind + 1) VIRTUAL, kind SMALLINT",
            )],
        ),
        Case::new(
            "the counter goes",
            [("NOT NULL AUTO_INCREMENT", "NOT NULL")],
        ),
        Case::new(
            "a counter comes",
            [(
                "CREATE TABLE plain (a INT,",
                "CREATE TABLE plain (a INT NOT NULL AUTO_INCREMENT PRIMARY KEY,",
            )],
        )
        .backfill("plain", "a", "0"),
        Case::new(
            "a counting column comes",
            [(
                "CREATE TABLE plain (a INT,",
                "CREATE TABLE plain (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, a INT,",
            )],
        ),
        Case::new(
            "the counting key of others gets smaller",
            [
                ("id BIGINT UNSIGNED NOT NULL", "id INT UNSIGNED NOT NULL"),
                ("person_id BIGINT UNSIGNED", "person_id INT UNSIGNED"),
                ("editor_id BIGINT UNSIGNED", "editor_id INT UNSIGNED"),
            ],
        ),
        Case::new(
            "the length of a prefix changes",
            [("text1(10)", "text1(12)")],
        ),
        Case::new("an order of an index changes", [("name DESC", "name")]),
        Case::new(
            "a full-text index goes",
            [("  FULLTEXT KEY people_words (text1),\n", "")],
        ),
        Case::new(
            "a full-text index comes",
            [(
                "FULLTEXT KEY people_words (text1)",
                "FULLTEXT KEY people_words (text1), FULLTEXT KEY people_names (name)",
            )],
        ),
        Case::new(
            "a unique key over a prefix",
            [(
                "UNIQUE KEY people_mail_key (mail)",
                "UNIQUE KEY people_mail_key (mail(20))",
            )],
        ),
        Case::new(
            "the index of a foreign key is made by hand",
            [(
                "CREATE TABLE plain",
                "CREATE INDEX visits_own ON visits (person_id);\nCREATE TABLE plain",
            )],
        ),
        Case::new(
            "a unique key serves a foreign key",
            [(
                "CREATE TABLE plain",
                "CREATE UNIQUE INDEX visits_both ON visits (person_id, kind);\nCREATE TABLE plain",
            )],
        ),
        Case::new(
            "a foreign key without a name goes",
            [(",\n  FOREIGN KEY (editor_id) REFERENCES people (id)", "")],
        ),
        Case::new(
            "RESTRICT is NO ACTION",
            [(
                "REFERENCES people (id)\n",
                "REFERENCES people (id) ON DELETE RESTRICT ON UPDATE CASCADE\n",
            )],
        ),
        Case::new(
            "a column with everything is renamed",
            [
                ("name VARCHAR(40)", "label VARCHAR(40)"),
                ("name DESC", "label DESC"),
                ("name <> 'nobody'", "label <> 'nobody'"),
            ],
        )
        .rename_column("people", "name", "label"),
        Case::new(
            "a checked column is renamed",
            [
                ("age INT CHECK (age > 0)", "years INT CHECK (years > 0)"),
                ("(age * 2)", "(years * 2)"),
                ("(age DIV 2)", "(years DIV 2)"),
            ],
        )
        .rename_column("people", "age", "years"),
        Case::new(
            "the table with a trigger changes",
            [("kind SMALLINT UNSIGNED", "kind INT UNSIGNED")],
        ),
    ]
}
