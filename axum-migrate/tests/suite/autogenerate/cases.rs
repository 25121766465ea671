//! The changes that every engine makes. `{…}` stands for what each says in its own way.

use super::harness::Case;

pub const START: &str = "\
CREATE TABLE users (
  id {ID},
  username VARCHAR(20) NOT NULL,
  email VARCHAR(120) NOT NULL,
  age INTEGER,
  karma INTEGER,
  bio VARCHAR(200),
  score DECIMAL(8,2) NOT NULL DEFAULT 0,
  active BOOLEAN NOT NULL DEFAULT TRUE,
  created {TIMESTAMP} NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT users_username_key UNIQUE (username),
  CONSTRAINT users_karma_key UNIQUE (karma)
);
CREATE INDEX users_email_idx ON users (email);
CREATE TABLE posts (
  id {ID},
  title VARCHAR(100) NOT NULL,
  content {TEXT},
  user_id {REF} NOT NULL,
  editor_id {REF},
  parent_id {REF},
  CONSTRAINT posts_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
  CONSTRAINT posts_parent_id_fkey FOREIGN KEY (parent_id) REFERENCES posts (id)
);
CREATE INDEX posts_user_id_idx ON posts (user_id);
CREATE INDEX posts_parent_id_idx ON posts (parent_id);
CREATE TABLE tags (
  post_id {REF} NOT NULL,
  name VARCHAR(30) NOT NULL,
  weight INTEGER NOT NULL DEFAULT 1,
  note VARCHAR(50) NOT NULL,
  CONSTRAINT tags_pkey PRIMARY KEY (post_id, name),
  CONSTRAINT tags_post_id_fkey FOREIGN KEY (post_id) REFERENCES posts (id) ON DELETE CASCADE
);
CREATE TABLE hits (
  post_id {REF} NOT NULL,
  tag VARCHAR(30) NOT NULL,
  seen INTEGER,
  CONSTRAINT hits_tag_fkey FOREIGN KEY (post_id, tag) REFERENCES tags (post_id, name) ON UPDATE CASCADE
);
CREATE INDEX hits_tag_idx ON hits (post_id, tag);
CREATE TABLE lonely (
  code VARCHAR(10) NOT NULL,
  label VARCHAR(40),
  CONSTRAINT lonely_pkey PRIMARY KEY (code)
);
";

pub const ROWS: &str = "\
INSERT INTO users (id, username, email, age, karma, bio, score) VALUES (1, 'ada', 'ada@x.org', 36, 7, NULL, 1.50);
INSERT INTO users (id, username, email, age, karma, bio, score) VALUES (2, 'bob', 'bob@x.org', 17, 9, 'it''s me', 2.25);
INSERT INTO users (id, username, email, age, karma, bio, score) VALUES (5, 'cy', 'cy@x.org', NULL, 0, 'é', 0);
INSERT INTO posts (id, title, content, user_id, editor_id, parent_id) VALUES (1, 'one', 'text', 1, 2, 1);
INSERT INTO posts (id, title, content, user_id, editor_id, parent_id) VALUES (2, 'two', NULL, 2, NULL, 1);
INSERT INTO posts (id, title, content, user_id, editor_id, parent_id) VALUES (3, 'three', 'more', 1, 1, NULL);
INSERT INTO tags (post_id, name, weight, note) VALUES (1, 'rust', 3, 'n1');
INSERT INTO tags (post_id, name, weight, note) VALUES (1, 'axum', 2, 'n2');
INSERT INTO tags (post_id, name, weight, note) VALUES (2, 'rust', 1, 'n3');
INSERT INTO hits (post_id, tag, seen) VALUES (1, 'rust', 10);
INSERT INTO hits (post_id, tag, seen) VALUES (2, 'rust', NULL);
INSERT INTO lonely (code, label) VALUES ('a', 'A');
INSERT INTO lonely (code, label) VALUES ('b', NULL);
";

pub fn shared() -> Vec<Case> {
    let mut cases = columns();
    cases.extend(constraints());
    cases.extend(tables());
    cases.extend(together());
    cases
}

fn columns() -> Vec<Case> {
    vec![
        Case::new(
            "add a nullable column",
            [("age INTEGER,", "age INTEGER, nick VARCHAR(30),")],
        ),
        Case::new(
            "add a column with a default",
            [(
                "age INTEGER,",
                "age INTEGER, level INTEGER NOT NULL DEFAULT 3,",
            )],
        ),
        Case::new(
            "add a column with a text default",
            [(
                "age INTEGER,",
                "age INTEGER, lang VARCHAR(9) NOT NULL DEFAULT 'it''s',",
            )],
        ),
        Case::new(
            "add a column that is filled with the time",
            [(
                "age INTEGER,",
                "age INTEGER, seen {TIMESTAMP} NOT NULL DEFAULT CURRENT_TIMESTAMP,",
            )],
        ),
        Case::new(
            "add a nullable column with a default",
            [("age INTEGER,", "age INTEGER, level INTEGER DEFAULT 3,")],
        ),
        Case::new(
            "add a required column",
            [("age INTEGER,", "age INTEGER, nick VARCHAR(30) NOT NULL,")],
        )
        .backfill("users", "nick", "lower(username)"),
        Case::new(
            "add a required unique column",
            [(
                "age INTEGER,",
                "age INTEGER, nick VARCHAR(30) NOT NULL UNIQUE,",
            )],
        )
        .backfill("users", "nick", "username"),
        Case::new(
            "add a boolean",
            [(
                "age INTEGER,",
                "age INTEGER, admin BOOLEAN NOT NULL DEFAULT FALSE,",
            )],
        ),
        Case::new(
            "add a column and its index",
            [
                ("age INTEGER,", "age INTEGER, nick VARCHAR(30),"),
                (
                    "CREATE INDEX users_email_idx",
                    "CREATE INDEX users_nick_idx ON users (nick);\nCREATE INDEX users_email_idx",
                ),
            ],
        ),
        Case::new(
            "add a column with a foreign key",
            [
                ("content {TEXT},", "content {TEXT}, owner_id {REF},"),
                (
                    "CONSTRAINT posts_user_id_fkey",
                    "CONSTRAINT posts_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES users (id) ON DELETE SET NULL, CONSTRAINT posts_user_id_fkey",
                ),
            ],
        ),
        Case::new("drop a column", [("age INTEGER,", "")]),
        Case::new(
            "drop a required column",
            [("note VARCHAR(50) NOT NULL,", "")],
        ),
        Case::new(
            "drop a column with a default",
            [("weight INTEGER NOT NULL DEFAULT 1,", "")],
        ),
        Case::new(
            "drop an indexed column",
            [
                ("email VARCHAR(120) NOT NULL,", ""),
                ("CREATE INDEX users_email_idx ON users (email);", ""),
            ],
        ),
        Case::new(
            "drop a unique column",
            [
                ("karma INTEGER,", ""),
                (",\n  CONSTRAINT users_karma_key UNIQUE (karma)", ""),
            ],
        ),
        Case::new(
            "drop a column with a foreign key",
            [
                ("parent_id {REF},", ""),
                (
                    ",\n  CONSTRAINT posts_parent_id_fkey FOREIGN KEY (parent_id) REFERENCES posts (id)",
                    "",
                ),
                ("CREATE INDEX posts_parent_id_idx ON posts (parent_id);", ""),
            ],
        ),
        Case::new("replace a column", [("age INTEGER,", "birthday DATE,")]),
        Case::new("widen a text", [("bio VARCHAR(200)", "bio VARCHAR(250)")]),
        Case::new(
            "widen a unique text",
            [("username VARCHAR(20)", "username VARCHAR(25)")],
        ),
        Case::new("narrow a text", [("bio VARCHAR(200)", "bio VARCHAR(100)")]),
        Case::new("widen an integer", [("age INTEGER", "age BIGINT")]),
        Case::new(
            "change the digits of a decimal",
            [("DECIMAL(8,2)", "DECIMAL(10,4)")],
        )
        .reformats(vec!["score"]),
        Case::new(
            "an integer becomes a text",
            [("age INTEGER", "age VARCHAR(12)")],
        ),
        Case::new("a text becomes long", [("bio VARCHAR(200)", "bio {TEXT}")]),
        Case::new(
            "an integer with a default becomes a text",
            [(
                "weight INTEGER NOT NULL DEFAULT 1",
                "weight VARCHAR(9) NOT NULL DEFAULT '1'",
            )],
        ),
        Case::new(
            "a key column that others point at becomes longer",
            [("name VARCHAR(30)", "name VARCHAR(40)")],
        ),
        Case::new(
            "both sides of a foreign key become longer",
            [
                ("name VARCHAR(30)", "name VARCHAR(40)"),
                ("tag VARCHAR(30)", "tag VARCHAR(40)"),
            ],
        ),
        Case::new(
            "required becomes optional",
            [("email VARCHAR(120) NOT NULL", "email VARCHAR(120)")],
        ),
        Case::new(
            "optional becomes required",
            [("age INTEGER", "age INTEGER NOT NULL")],
        )
        .backfill("users", "age", "0")
        .reformats(vec!["age"]),
        Case::new(
            "optional becomes required with a default",
            [("age INTEGER", "age INTEGER NOT NULL DEFAULT 18")],
        )
        .reformats(vec!["age"]),
        Case::new(
            "optional becomes required by another column",
            [("bio VARCHAR(200)", "bio VARCHAR(200) NOT NULL")],
        )
        .backfill("users", "bio", "username")
        .reformats(vec!["bio"]),
        Case::new("add a default", [("age INTEGER", "age INTEGER DEFAULT 5")]),
        Case::new(
            "change a default",
            [(
                "score DECIMAL(8,2) NOT NULL DEFAULT 0",
                "score DECIMAL(8,2) NOT NULL DEFAULT 1.5",
            )],
        ),
        Case::new(
            "change a boolean default",
            [("DEFAULT TRUE", "DEFAULT FALSE")],
        ),
        Case::new(
            "drop a default",
            [(
                "weight INTEGER NOT NULL DEFAULT 1",
                "weight INTEGER NOT NULL",
            )],
        ),
        Case::new(
            "drop the time as a default",
            [(
                "{TIMESTAMP} NOT NULL DEFAULT CURRENT_TIMESTAMP",
                "{TIMESTAMP} NOT NULL",
            )],
        ),
        Case::new(
            "type, default and nullability at once",
            [("age INTEGER", "age BIGINT NOT NULL DEFAULT 21")],
        )
        .reformats(vec!["age"]),
        Case::new("rename a column", [("age INTEGER", "years INTEGER")])
            .rename_column("users", "age", "years"),
        Case::new(
            "rename a column of a unique constraint",
            [
                ("username VARCHAR(20)", "login VARCHAR(20)"),
                ("UNIQUE (username)", "UNIQUE (login)"),
            ],
        )
        .rename_column("users", "username", "login"),
        Case::new(
            "rename a column that others point at",
            [
                (
                    "  name VARCHAR(30) NOT NULL",
                    "  label VARCHAR(30) NOT NULL",
                ),
                (
                    "PRIMARY KEY (post_id, name)",
                    "PRIMARY KEY (post_id, label)",
                ),
                (
                    "REFERENCES tags (post_id, name)",
                    "REFERENCES tags (post_id, label)",
                ),
            ],
        )
        .rename_column("tags", "name", "label"),
        Case::new(
            "rename and alter a column",
            [("age INTEGER", "years BIGINT DEFAULT 4")],
        )
        .rename_column("users", "age", "years"),
        Case::new(
            "rename a column to a reserved word",
            [("age INTEGER", "{Q}order{Q} INTEGER")],
        )
        .rename_column("users", "age", "order"),
        Case::new(
            "the case of a column changes",
            [("age INTEGER", "{Q}Age{Q} INTEGER")],
        ),
        Case::new(
            "a column with quotes in its name",
            [("age INTEGER,", "age INTEGER, {ODD} INTEGER,")],
        ),
    ]
}

fn constraints() -> Vec<Case> {
    vec![
        Case::new(
            "add a unique constraint",
            [(
                "CONSTRAINT users_username_key",
                "CONSTRAINT users_email_key UNIQUE (email), CONSTRAINT users_username_key",
            )],
        ),
        Case::new(
            "add a composite unique constraint",
            [(
                "CONSTRAINT users_username_key",
                "CONSTRAINT users_both_key UNIQUE (email, age), CONSTRAINT users_username_key",
            )],
        ),
        Case::new(
            "a unique constraint gets a column",
            [("UNIQUE (username)", "UNIQUE (username, email)")],
        ),
        Case::new(
            "drop a unique constraint",
            [(",\n  CONSTRAINT users_username_key UNIQUE (username)", "")],
        ),
        Case::new(
            "add an index",
            [(
                "CREATE INDEX users_email_idx",
                "CREATE INDEX users_age_idx ON users (age);\nCREATE INDEX users_email_idx",
            )],
        ),
        Case::new(
            "add a unique index",
            [(
                "CREATE INDEX users_email_idx",
                "CREATE UNIQUE INDEX users_karma_idx ON users (karma);\nCREATE INDEX users_email_idx",
            )],
        ),
        Case::new(
            "add a composite index",
            [(
                "CREATE INDEX users_email_idx",
                "CREATE INDEX users_more_idx ON users (age, karma);\nCREATE INDEX users_email_idx",
            )],
        ),
        Case::new(
            "add a descending index",
            [(
                "CREATE INDEX users_email_idx",
                "CREATE INDEX users_more_idx ON users (age DESC, karma);\nCREATE INDEX users_email_idx",
            )],
        ),
        Case::new(
            "add an index that is named like a column",
            [(
                "CREATE INDEX users_email_idx",
                "CREATE INDEX age ON users (age);\nCREATE INDEX users_email_idx",
            )],
        ),
        Case::new(
            "drop an index",
            [("CREATE INDEX users_email_idx ON users (email);", "")],
        ),
        Case::new(
            "an index becomes unique",
            [(
                "CREATE INDEX users_email_idx",
                "CREATE UNIQUE INDEX users_email_idx",
            )],
        ),
        Case::new(
            "an index gets a column",
            [(
                "users_email_idx ON users (email)",
                "users_email_idx ON users (email, age)",
            )],
        ),
        Case::new(
            "the columns of an index change places",
            [(
                "hits_tag_idx ON hits (post_id, tag)",
                "hits_tag_idx ON hits (tag, post_id)",
            )],
        ),
        Case::new(
            "an index moves to another column",
            [(
                "users_email_idx ON users (email)",
                "users_email_idx ON users (age)",
            )],
        ),
        Case::new(
            "rename an index",
            [(
                "CREATE INDEX users_email_idx",
                "CREATE INDEX users_mail_idx",
            )],
        ),
        Case::new(
            "an index changes its case",
            [(
                "CREATE INDEX users_email_idx",
                "CREATE INDEX {Q}Users_Email_Idx{Q}",
            )],
        ),
        Case::new(
            "drop the index under a foreign key",
            [("CREATE INDEX posts_parent_id_idx ON posts (parent_id);", "")],
        ),
        Case::new(
            "a wider index takes over from the one of a foreign key",
            [(
                "posts_parent_id_idx ON posts (parent_id)",
                "posts_wide_idx ON posts (parent_id, title)",
            )],
        ),
        Case::new(
            "add a foreign key",
            [(
                "CONSTRAINT posts_user_id_fkey",
                "CONSTRAINT posts_editor_id_fkey FOREIGN KEY (editor_id) REFERENCES users (id), CONSTRAINT posts_user_id_fkey",
            )],
        ),
        Case::new(
            "add a foreign key without a name",
            [(
                "CONSTRAINT posts_user_id_fkey",
                "FOREIGN KEY (editor_id) REFERENCES users (id), CONSTRAINT posts_user_id_fkey",
            )],
        ),
        Case::new(
            "add a foreign key and its index",
            [
                (
                    "CONSTRAINT posts_user_id_fkey",
                    "CONSTRAINT posts_editor_id_fkey FOREIGN KEY (editor_id) REFERENCES users (id), CONSTRAINT posts_user_id_fkey",
                ),
                (
                    "CREATE INDEX posts_user_id_idx",
                    "CREATE INDEX posts_editor_id_idx ON posts (editor_id);\nCREATE INDEX posts_user_id_idx",
                ),
            ],
        ),
        Case::new(
            "drop a foreign key",
            [(
                "CONSTRAINT posts_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,",
                "",
            )],
        ),
        Case::new(
            "drop a foreign key with its index",
            [
                (
                    "CONSTRAINT posts_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,",
                    "",
                ),
                ("CREATE INDEX posts_user_id_idx ON posts (user_id);", ""),
            ],
        ),
        Case::new(
            "drop a composite foreign key",
            [(
                ",\n  CONSTRAINT hits_tag_fkey FOREIGN KEY (post_id, tag) REFERENCES tags (post_id, name) ON UPDATE CASCADE",
                "",
            )],
        ),
        Case::new(
            "change ON DELETE",
            [(
                "REFERENCES users (id) ON DELETE CASCADE",
                "REFERENCES users (id)",
            )],
        ),
        Case::new(
            "change ON UPDATE",
            [(
                "REFERENCES posts (id)\n",
                "REFERENCES posts (id) ON UPDATE CASCADE\n",
            )],
        ),
        Case::new(
            "ON DELETE of a composite foreign key",
            [("ON UPDATE CASCADE", "ON DELETE CASCADE ON UPDATE CASCADE")],
        ),
        Case::new(
            "ON DELETE SET NULL",
            [(
                "FOREIGN KEY (parent_id) REFERENCES posts (id)",
                "FOREIGN KEY (parent_id) REFERENCES posts (id) ON DELETE SET NULL",
            )],
        ),
        Case::new(
            "a foreign key points elsewhere",
            [(
                "FOREIGN KEY (parent_id) REFERENCES posts (id)",
                "FOREIGN KEY (parent_id) REFERENCES users (id)",
            )],
        ),
        Case::new(
            "add a check",
            [(
                "CONSTRAINT users_username_key",
                "CONSTRAINT users_age_check CHECK (age > 0), CONSTRAINT users_username_key",
            )],
        ),
        Case::new(
            "add a check of two columns",
            [(
                "CONSTRAINT users_username_key",
                "CONSTRAINT users_two_check CHECK (age < karma * 100 AND email <> 'x'), CONSTRAINT users_username_key",
            )],
        ),
        Case::new(
            "the primary key gets a column",
            [
                ("PRIMARY KEY (code)", "PRIMARY KEY (code, label)"),
                ("label VARCHAR(40)", "label VARCHAR(40) NOT NULL"),
            ],
        )
        .backfill("lonely", "label", "'none'")
        .reformats(vec!["label"]),
        Case::new(
            "the primary key moves",
            [
                ("PRIMARY KEY (code)", "PRIMARY KEY (label)"),
                ("label VARCHAR(40)", "label VARCHAR(40) NOT NULL"),
            ],
        )
        .backfill("lonely", "label", "'none'")
        .reformats(vec!["label"]),
        Case::new(
            "drop a primary key",
            [(",\n  CONSTRAINT lonely_pkey PRIMARY KEY (code)", "")],
        ),
        Case::new(
            "a key of two columns that others point at becomes a unique constraint",
            [(
                "CONSTRAINT tags_pkey PRIMARY KEY (post_id, name)",
                "CONSTRAINT tags_key UNIQUE (post_id, name)",
            )],
        ),
    ]
}

fn tables() -> Vec<Case> {
    vec![
        Case::new("create a table", [("CREATE TABLE lonely", "CREATE TABLE extra (id {ID}, name VARCHAR(9) NOT NULL DEFAULT 'x');\nCREATE TABLE lonely")]),
        Case::new("create a table with everything", [("CREATE TABLE lonely", "CREATE TABLE extra (id {ID}, user_id {REF} NOT NULL, slug VARCHAR(9) NOT NULL, up_id {REF}, CONSTRAINT extra_slug_key UNIQUE (slug), CONSTRAINT extra_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE, CONSTRAINT extra_up_id_fkey FOREIGN KEY (up_id) REFERENCES extra (id));\nCREATE INDEX extra_user_id_idx ON extra (user_id);\nCREATE TABLE lonely")]),
        Case::new("create two tables that need each other's order", [("CREATE TABLE lonely", "CREATE TABLE zoo (id {ID});\nCREATE TABLE ape (id {ID}, zoo_id {REF} NOT NULL, CONSTRAINT ape_zoo_id_fkey FOREIGN KEY (zoo_id) REFERENCES zoo (id));\nCREATE TABLE lonely")]),
        Case::new("create a table with a reserved name", [("CREATE TABLE lonely", "CREATE TABLE {Q}order{Q} (id {ID}, {Q}select{Q} INTEGER);\nCREATE INDEX {Q}group{Q} ON {Q}order{Q} ({Q}select{Q});\nCREATE TABLE lonely")]),
        Case::new("create a table with a hostile name", [("CREATE TABLE lonely", "CREATE TABLE {ODD} (id {ID}, {ODD} INTEGER);\nCREATE TABLE lonely")]),
        Case::new("create a table and point at it", [("CREATE TABLE posts", "CREATE TABLE areas (id {ID});\nCREATE TABLE posts"), ("content {TEXT},", "content {TEXT}, area_id {REF},"), ("CONSTRAINT posts_user_id_fkey", "CONSTRAINT posts_area_id_fkey FOREIGN KEY (area_id) REFERENCES areas (id), CONSTRAINT posts_user_id_fkey")]),
        Case::new("create a table that points at a new column", [("age INTEGER,", "age INTEGER, nick VARCHAR(30) UNIQUE,"), ("CREATE TABLE lonely", "CREATE TABLE extra (nick VARCHAR(30), CONSTRAINT extra_nick_fkey FOREIGN KEY (nick) REFERENCES users (nick));\nCREATE TABLE lonely")]),
        Case::new("drop a table", [("CREATE TABLE lonely (\n  code VARCHAR(10) NOT NULL,\n  label VARCHAR(40),\n  CONSTRAINT lonely_pkey PRIMARY KEY (code)\n);", "")]).drop_table("lonely"),
        Case::new("drop a table with a foreign key and an index", [(HITS, "")]).drop_table("hits"),
        Case::new("drop a table and the key to it", [(HITS, ""), (TAGS, "")]).drop_table("hits").drop_table("tags"),
        Case::new("rename a table", [("CREATE TABLE lonely", "CREATE TABLE alone")]).rename_table("lonely", "alone"),
        Case::new("rename a table that others point at", [("CREATE TABLE posts", "CREATE TABLE articles"), ("REFERENCES posts (id)\n", "REFERENCES articles (id)\n"), ("posts_user_id_idx ON posts", "posts_user_id_idx ON articles"), ("posts_parent_id_idx ON posts", "posts_parent_id_idx ON articles"), ("REFERENCES posts (id) ON DELETE CASCADE", "REFERENCES articles (id) ON DELETE CASCADE")]).rename_table("posts", "articles"),
        Case::new("rename a table and its columns, and alter another", [("CREATE TABLE lonely", "CREATE TABLE alone"), ("code VARCHAR(10)", "kode VARCHAR(10)"), ("PRIMARY KEY (code)", "PRIMARY KEY (kode)"), ("label VARCHAR(40)", "label VARCHAR(44) DEFAULT 'q'")]).rename_table("lonely", "alone").rename_column("lonely", "code", "kode"),
        Case::new("the case of a table changes", [("CREATE TABLE lonely", "CREATE TABLE {Q}Lonely{Q}")]),
    ]
}

const TAGS: &str = "CREATE TABLE tags (
  post_id {REF} NOT NULL,
  name VARCHAR(30) NOT NULL,
  weight INTEGER NOT NULL DEFAULT 1,
  note VARCHAR(50) NOT NULL,
  CONSTRAINT tags_pkey PRIMARY KEY (post_id, name),
  CONSTRAINT tags_post_id_fkey FOREIGN KEY (post_id) REFERENCES posts (id) ON DELETE CASCADE
);";

const HITS: &str = "CREATE TABLE hits (
  post_id {REF} NOT NULL,
  tag VARCHAR(30) NOT NULL,
  seen INTEGER,
  CONSTRAINT hits_tag_fkey FOREIGN KEY (post_id, tag) REFERENCES tags (post_id, name) ON UPDATE CASCADE
);
CREATE INDEX hits_tag_idx ON hits (post_id, tag);";

fn together() -> Vec<Case> {
    vec![
        Case::new(
            "a unique constraint becomes an index",
            [
                (",\n  CONSTRAINT users_username_key UNIQUE (username)", ""),
                (
                    "CREATE INDEX users_email_idx",
                    "CREATE INDEX users_username_key ON users (username);\nCREATE INDEX users_email_idx",
                ),
            ],
        ),
        Case::new(
            "an index becomes a unique constraint of its name",
            [
                ("CREATE INDEX users_email_idx ON users (email);", ""),
                (
                    "CONSTRAINT users_username_key",
                    "CONSTRAINT users_email_idx UNIQUE (email), CONSTRAINT users_username_key",
                ),
            ],
        ),
        Case::new(
            "many changes of one table",
            [
                ("age INTEGER,", "nick VARCHAR(30) NOT NULL,"),
                ("email VARCHAR(120) NOT NULL", "email VARCHAR(130)"),
                ("UNIQUE (username)", "UNIQUE (email)"),
                (
                    "users_email_idx ON users (email)",
                    "users_nick_idx ON users (nick)",
                ),
            ],
        )
        .backfill("users", "nick", "username"),
        Case::new(
            "changes of several tables",
            [
                ("age INTEGER", "age BIGINT"),
                ("title VARCHAR(100)", "title VARCHAR(110)"),
                (
                    "weight INTEGER NOT NULL DEFAULT 1",
                    "weight BIGINT NOT NULL DEFAULT 2",
                ),
                ("label VARCHAR(40)", "label VARCHAR(50)"),
            ],
        ),
        Case::new(
            "the filling reads a column that goes",
            [("bio VARCHAR(200),", "about VARCHAR(220) NOT NULL,")],
        )
        .backfill("users", "about", "coalesce(bio, 'nothing')"),
        Case::new(
            "tables that point at each other",
            [("CREATE TABLE lonely", "{CYCLE}CREATE TABLE lonely")],
        ),
    ]
}
