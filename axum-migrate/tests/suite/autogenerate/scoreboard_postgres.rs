//! One change of a rich schema after the other, made by SQL behind autogenerate's back: each is noticed, and what is
//! generated brings the schema back, with the rows that the change itself had left.
//!
//! To add a change, add a line to [`CHANGES`].

use std::collections::BTreeMap;

use axum_db::{Dialect, Postgres};
use axum_migrate::{Engine, Hints, diff, inverse, render};
use tokio::task::JoinSet;

use super::harness::{Server, connect, expect_same, run, summary};
use super::scoreboard_postgres_start::{CATALOG, ROWS, START};

/// What a change is called, the SQL that makes it, and what autogenerate has to be told besides, as on its command
/// line: `--rename`, `--backfill`. `--loses` says that the change itself loses rows or values; `--stays` that going
/// back does not make the broken state again.
#[rustfmt::skip]
const CHANGES: &[(&str, &str, &str)] = &[
    // columns: what they hold
    ("a longer text", "ALTER TABLE people ALTER COLUMN mail TYPE varchar(200)", ""),
    ("a shorter text", "ALTER TABLE people ALTER COLUMN mail TYPE varchar(60)", ""),
    ("a text without a limit", "ALTER TABLE people ALTER COLUMN mail TYPE text", ""),
    ("a fixed text", "ALTER TABLE people ALTER COLUMN code TYPE char(8)", ""),
    ("a text without regard to case", "ALTER TABLE people ALTER COLUMN mood_text TYPE citext", ""),
    ("a bigger number", "ALTER TABLE people ALTER COLUMN visits TYPE bigint", ""),
    ("a smaller number", "ALTER TABLE people ALTER COLUMN visits TYPE smallint", ""),
    ("a number becomes text", "ALTER TABLE people ALTER COLUMN visits DROP DEFAULT, ALTER COLUMN visits TYPE text", ""),
    ("a number becomes a truth", "ALTER TABLE people ALTER COLUMN flag TYPE boolean USING flag <> 0", ""),
    ("a truth becomes a number", "ALTER TABLE people ALTER COLUMN active DROP DEFAULT, ALTER COLUMN active TYPE integer USING active::integer", ""),
    ("more decimals", "ALTER TABLE orders ALTER COLUMN weight TYPE numeric(12,4)", ""),
    ("a number of any size", "ALTER TABLE orders ALTER COLUMN weight TYPE numeric", ""),
    ("a double", "ALTER TABLE orders ALTER COLUMN weight TYPE double precision", ""),
    ("a time without a zone", "ALTER TABLE people ALTER COLUMN seen TYPE timestamp USING seen AT TIME ZONE 'UTC'", "--loses"),
    ("the precision of a time", "ALTER TABLE people ALTER COLUMN seen TYPE timestamptz(3)", ""),
    ("a date becomes a time", "ALTER TABLE people ALTER COLUMN born TYPE timestamp", ""),
    ("json without b", "ALTER TABLE people ALTER COLUMN doc TYPE json", ""),
    ("an array of another type", "ALTER TABLE people ALTER COLUMN tags TYPE varchar(20)[]", ""),
    ("an array becomes text", "ALTER TABLE people ALTER COLUMN marks TYPE text", ""),
    ("one value becomes an array", "ALTER TABLE people ALTER COLUMN mood_text TYPE text[] USING ARRAY[mood_text]", "--loses"),
    ("a domain becomes its base", "ALTER TABLE people ALTER COLUMN zip TYPE text", ""),
    ("a base becomes a domain", "ALTER TABLE people ALTER COLUMN code TYPE zip_code", ""),
    ("an enum becomes text", "ALTER TABLE people ALTER COLUMN third_mood TYPE text", ""),
    ("an array of an enum becomes one of texts", "ALTER TABLE people ALTER COLUMN moods TYPE text[]", ""),
    ("text becomes an enum", "ALTER TABLE people ALTER COLUMN mood_text TYPE mood USING mood_text::mood", ""),
    ("an uuid becomes text", "ALTER TABLE people ALTER COLUMN token TYPE text", ""),
    ("an interval becomes text", "ALTER TABLE people ALTER COLUMN lasts TYPE text", ""),
    ("bits get longer", "ALTER TABLE people ALTER COLUMN bits TYPE varbit(16)", ""),
    ("an address becomes a network", "ALTER TABLE people ALTER COLUMN address TYPE cidr", ""),
    // columns: the rest
    ("a column may be empty", "ALTER TABLE people ALTER COLUMN name DROP NOT NULL", "--backfill people.name='?'"),
    ("a column may not be empty", "UPDATE people SET nick = '' WHERE nick IS NULL; ALTER TABLE people ALTER COLUMN nick SET NOT NULL", "--loses"),
    ("a default comes", "ALTER TABLE people ALTER COLUMN nick SET DEFAULT 'none'", ""),
    ("a default goes", "ALTER TABLE people ALTER COLUMN visits DROP DEFAULT", ""),
    ("a default changes", "ALTER TABLE people ALTER COLUMN visits SET DEFAULT 7", ""),
    ("a default that is computed", "ALTER TABLE people ALTER COLUMN seen SET DEFAULT now() + interval '1 day'", ""),
    ("a default that is null", "ALTER TABLE people ALTER COLUMN visits SET DEFAULT NULL", ""),
    ("a default of an array", "ALTER TABLE people ALTER COLUMN tags SET DEFAULT '{a,b}'", ""),
    ("a default of an enum", "ALTER TABLE people ALTER COLUMN mood SET DEFAULT 'sad'", ""),
    ("a default from a sequence", "ALTER TABLE people ALTER COLUMN visits SET DEFAULT nextval('tickets')", ""),
    ("a default with a quote", "ALTER TABLE people ALTER COLUMN nick SET DEFAULT 'it''s; DROP TABLE people; --'", ""),
    ("an identity always", "ALTER TABLE orders ALTER COLUMN id SET GENERATED ALWAYS", ""),
    ("an identity begins elsewhere", "ALTER TABLE orders ALTER COLUMN id SET START WITH 5", ""),
    ("an identity counts otherwise", "ALTER TABLE orders ALTER COLUMN id SET INCREMENT BY 1", ""),
    ("an identity goes round", "ALTER TABLE orders ALTER COLUMN id SET CYCLE SET MAXVALUE 99999 SET CACHE 1", ""),
    ("an identity goes", "ALTER TABLE orders ALTER COLUMN id DROP IDENTITY", ""),
    ("an identity comes", "ALTER TABLE lines ALTER COLUMN number ADD GENERATED ALWAYS AS IDENTITY", ""),
    ("a serial counts otherwise", "ALTER SEQUENCE people_id_seq INCREMENT BY 10", ""),
    ("a serial gets bigger", "ALTER SEQUENCE people_id_seq AS bigint", ""),
    ("a serial loses its default", "ALTER TABLE people ALTER COLUMN id DROP DEFAULT; DROP SEQUENCE people_id_seq", ""),
    ("a serial becomes an identity", "ALTER TABLE people ALTER COLUMN id DROP DEFAULT; DROP SEQUENCE people_id_seq; ALTER TABLE people ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY", ""),
    ("a serial comes", "CREATE SEQUENCE lines_number_seq AS integer OWNED BY lines.number; ALTER TABLE lines ALTER COLUMN number SET DEFAULT nextval('lines_number_seq')", ""),
    ("a collation changes", "DROP VIEW cheap_names; ALTER TABLE people ALTER COLUMN name TYPE text COLLATE \"POSIX\"; CREATE VIEW cheap_names AS SELECT cheap.id, people.name FROM cheap JOIN orders USING (id) JOIN people ON people.id = orders.person_id; GRANT SELECT ON cheap_names TO PUBLIC", ""),
    ("a collation goes", "DROP VIEW cheap_names; ALTER TABLE people ALTER COLUMN name TYPE text; CREATE VIEW cheap_names AS SELECT cheap.id, people.name FROM cheap JOIN orders USING (id) JOIN people ON people.id = orders.person_id; GRANT SELECT ON cheap_names TO PUBLIC", ""),
    ("a collation comes", "ALTER TABLE people ALTER COLUMN mood_text TYPE text COLLATE \"C\"", ""),
    ("a computed column is computed otherwise", "ALTER TABLE orders DROP COLUMN total CASCADE; ALTER TABLE orders ADD COLUMN total numeric(12,2) GENERATED ALWAYS AS (price * amount + 1) STORED; CREATE INDEX orders_total_idx ON orders (total)", ""),
    ("a computed column is computed no more", "ALTER TABLE orders ALTER COLUMN total DROP EXPRESSION", ""),
    ("a computed column of another type", "ALTER TABLE orders ALTER COLUMN total TYPE numeric(14,2)", ""),
    ("a column that a computed one reads", "ALTER TABLE orders DROP COLUMN total CASCADE; ALTER TABLE orders ALTER COLUMN amount TYPE bigint; ALTER TABLE orders ADD COLUMN total numeric(12,2) GENERATED ALWAYS AS (price * amount) STORED; CREATE INDEX orders_total_idx ON orders (total)", ""),
    ("a computed column goes", "ALTER TABLE orders DROP COLUMN total", ""),
    ("a computed column comes", "ALTER TABLE orders ADD COLUMN double_amount integer GENERATED ALWAYS AS (amount * 2) STORED", ""),
    ("a computed column becomes plain and other", "ALTER TABLE orders DROP COLUMN total; ALTER TABLE orders ADD COLUMN total numeric(12,2); CREATE INDEX orders_total_idx ON orders (total)", ""),
    ("a column comes", "ALTER TABLE people ADD COLUMN extra integer NOT NULL DEFAULT 3", ""),
    ("a column goes", "ALTER TABLE people DROP COLUMN lasts", "--loses"),
    ("a required column goes", "ALTER TABLE notes DROP COLUMN id", "--loses --backfill notes.id=0"),
    ("a column is renamed", "ALTER TABLE people RENAME COLUMN lasts TO lasting", "--rename people.lasting=people.lasts"),
    ("a column of much is renamed", "ALTER TABLE people RENAME COLUMN name TO full_name", "--rename people.full_name=people.name"),
    ("a column in other letters", "ALTER TABLE people RENAME COLUMN nick TO \"Nick\"", ""),
    ("a column called as a word of SQL", "ALTER TABLE \"select\" ALTER COLUMN \"from\" TYPE bigint", ""),
    ("a comment of a column", "COMMENT ON COLUMN people.name IS 'otherwise'", ""),
    ("a comment of a column goes", "COMMENT ON COLUMN people.name IS NULL", ""),
    ("a column that views read", "DROP VIEW cheap_names; DROP VIEW cheap; ALTER TABLE orders DROP COLUMN total; ALTER TABLE orders ALTER COLUMN price TYPE numeric(14,2); ALTER TABLE orders ADD COLUMN total numeric(12,2) GENERATED ALWAYS AS (price * amount) STORED; CREATE INDEX orders_total_idx ON orders (total); CREATE VIEW cheap WITH (security_barrier = true) AS SELECT id, price FROM orders WHERE price < 10; COMMENT ON VIEW cheap IS 'little'; CREATE VIEW cheap_names AS SELECT cheap.id, people.name FROM cheap JOIN orders USING (id) JOIN people ON people.id = orders.person_id; GRANT SELECT ON cheap_names TO PUBLIC", ""),
    ("a column that a policy and a stored view read", "DROP MATERIALIZED VIEW sums; DROP POLICY orders_seen ON orders; ALTER TABLE orders ALTER COLUMN rate TYPE numeric(10,3); CREATE MATERIALIZED VIEW sums AS SELECT person_id, sum(rate) AS rates FROM orders GROUP BY person_id; CREATE UNIQUE INDEX sums_person ON sums (person_id); CREATE POLICY orders_seen ON orders FOR SELECT USING (rate IS NULL OR rate > 0)", ""),
    ("a column that a trigger reads", "DROP TRIGGER people_touch ON people; ALTER TABLE people ALTER COLUMN nick TYPE varchar(90); CREATE TRIGGER people_touch BEFORE UPDATE OF nick ON people FOR EACH ROW EXECUTE FUNCTION touch()", ""),
    // primary keys
    ("a primary key of other columns", "ALTER TABLE lines DROP CONSTRAINT lines_pkey CASCADE; ALTER TABLE lines ADD CONSTRAINT lines_pkey PRIMARY KEY (number, order_id)", ""),
    ("a primary key of more columns", "ALTER TABLE lines DROP CONSTRAINT lines_pkey CASCADE; ALTER TABLE lines ADD CONSTRAINT lines_pkey PRIMARY KEY (order_id, number, what)", ""),
    ("a primary key of another name", "ALTER TABLE people RENAME CONSTRAINT people_pkey TO people_primary", ""),
    ("a primary key goes", "ALTER TABLE lines DROP CONSTRAINT lines_pkey CASCADE", ""),
    ("a primary key comes", "ALTER TABLE notes ADD PRIMARY KEY (id)", ""),
    ("a primary key with more in it", "ALTER TABLE lines DROP CONSTRAINT lines_pkey CASCADE; ALTER TABLE lines ADD CONSTRAINT lines_pkey PRIMARY KEY (order_id, number) INCLUDE (what)", ""),
    ("a primary key checked late", "ALTER TABLE lines DROP CONSTRAINT lines_pkey CASCADE; ALTER TABLE lines ADD CONSTRAINT lines_pkey PRIMARY KEY (order_id, number) DEFERRABLE", ""),
    // unique constraints
    ("a unique constraint comes", "ALTER TABLE people ADD CONSTRAINT people_token_key UNIQUE (token)", ""),
    ("a unique constraint goes", "ALTER TABLE people DROP CONSTRAINT people_mail_key", ""),
    ("a unique constraint of more columns", "ALTER TABLE people DROP CONSTRAINT people_mail_key; ALTER TABLE people ADD CONSTRAINT people_mail_key UNIQUE (mail, name)", ""),
    ("a unique constraint in another order", "ALTER TABLE people DROP CONSTRAINT people_name_code_key; ALTER TABLE people ADD CONSTRAINT people_name_code_key UNIQUE (code, name)", ""),
    ("a unique constraint checked late", "ALTER TABLE people DROP CONSTRAINT people_name_code_key; ALTER TABLE people ADD CONSTRAINT people_name_code_key UNIQUE (name, code) DEFERRABLE INITIALLY DEFERRED", ""),
    ("a unique constraint checked late only if told", "ALTER TABLE people DROP CONSTRAINT people_mail_key; ALTER TABLE people ADD CONSTRAINT people_mail_key UNIQUE (mail) DEFERRABLE INITIALLY IMMEDIATE", ""),
    ("a unique constraint in which nothing equals nothing", "ALTER TABLE people DROP CONSTRAINT people_nick_key; ALTER TABLE people ADD CONSTRAINT people_nick_key UNIQUE (nick)", ""),
    ("a unique constraint with more in it", "ALTER TABLE people DROP CONSTRAINT people_name_code_key; ALTER TABLE people ADD CONSTRAINT people_name_code_key UNIQUE (name, code) INCLUDE (visits)", ""),
    ("a unique constraint of another name", "ALTER TABLE people RENAME CONSTRAINT people_mail_key TO mails", ""),
    ("a unique constraint filled otherwise", "ALTER INDEX people_mail_key SET (fillfactor = 80)", ""),
    ("a unique constraint becomes an index", "ALTER TABLE people DROP CONSTRAINT people_mail_key; CREATE UNIQUE INDEX people_mail_key ON people (mail)", ""),
    ("a unique index becomes a constraint", "ALTER TABLE people ADD CONSTRAINT people_address_key UNIQUE USING INDEX people_address_key", ""),
    // foreign keys
    ("a foreign key comes", "ALTER TABLE notes ADD CONSTRAINT notes_person_fkey FOREIGN KEY (person_id) REFERENCES people", ""),
    ("a foreign key goes", "ALTER TABLE orders DROP CONSTRAINT orders_person_id_fkey", ""),
    ("a foreign key to elsewhere", "ALTER TABLE orders DROP CONSTRAINT orders_person_id_fkey; ALTER TABLE orders ADD CONSTRAINT orders_person_id_fkey FOREIGN KEY (person_id) REFERENCES notes_key (id) ON DELETE CASCADE", ""),
    ("a foreign key that cascades no more", "ALTER TABLE orders DROP CONSTRAINT orders_person_id_fkey; ALTER TABLE orders ADD CONSTRAINT orders_person_id_fkey FOREIGN KEY (person_id) REFERENCES people", ""),
    ("a foreign key that restricts", "ALTER TABLE orders DROP CONSTRAINT orders_person_id_fkey; ALTER TABLE orders ADD CONSTRAINT orders_person_id_fkey FOREIGN KEY (person_id) REFERENCES people ON DELETE RESTRICT", ""),
    ("a foreign key that sets a default", "ALTER TABLE orders DROP CONSTRAINT orders_person_id_fkey; ALTER TABLE orders ADD CONSTRAINT orders_person_id_fkey FOREIGN KEY (person_id) REFERENCES people ON DELETE SET DEFAULT", ""),
    ("a foreign key that cascades changes", "ALTER TABLE orders DROP CONSTRAINT orders_person_id_fkey; ALTER TABLE orders ADD CONSTRAINT orders_person_id_fkey FOREIGN KEY (person_id) REFERENCES people ON DELETE CASCADE ON UPDATE CASCADE", ""),
    ("a foreign key that sets all its columns", "ALTER TABLE parts DROP CONSTRAINT parts_line_fkey; ALTER TABLE parts ADD CONSTRAINT parts_line_fkey FOREIGN KEY (order_id, number) REFERENCES lines ON DELETE SET NULL", ""),
    ("a foreign key that sets its other column", "ALTER TABLE parts DROP CONSTRAINT parts_line_fkey; ALTER TABLE parts ADD CONSTRAINT parts_line_fkey FOREIGN KEY (order_id, number) REFERENCES lines ON DELETE SET NULL (order_id)", ""),
    ("a foreign key that matches all or nothing", "ALTER TABLE parts DROP CONSTRAINT parts_line_fkey; ALTER TABLE parts ADD CONSTRAINT parts_line_fkey FOREIGN KEY (order_id, number) REFERENCES lines MATCH FULL ON DELETE SET NULL (number)", ""),
    ("a foreign key checked late", "ALTER TABLE orders ALTER CONSTRAINT orders_person_id_fkey DEFERRABLE INITIALLY DEFERRED", ""),
    ("a foreign key checked at once", "ALTER TABLE people ALTER CONSTRAINT people_boss_id_fkey NOT DEFERRABLE", ""),
    ("a foreign key checked late only if told", "ALTER TABLE people ALTER CONSTRAINT people_boss_id_fkey DEFERRABLE INITIALLY IMMEDIATE", ""),
    ("a foreign key that was never checked", "ALTER TABLE orders DROP CONSTRAINT orders_person_id_fkey; ALTER TABLE orders ADD CONSTRAINT orders_person_id_fkey FOREIGN KEY (person_id) REFERENCES people ON DELETE CASCADE NOT VALID", ""),
    ("a foreign key that was checked at last", "ALTER TABLE notes VALIDATE CONSTRAINT notes_order_id_fkey", ""),
    ("a foreign key of another name", "ALTER TABLE orders RENAME CONSTRAINT orders_person_id_fkey TO orders_person", ""),
    ("a comment of a foreign key", "COMMENT ON CONSTRAINT orders_person_id_fkey ON orders IS 'who'", ""),
    ("a foreign key of a circle", "ALTER TABLE hens DROP CONSTRAINT hens_egg_id_fkey", ""),
    ("a table to itself", "ALTER TABLE people DROP CONSTRAINT people_boss_id_fkey", ""),
    // checks
    ("a check comes", "ALTER TABLE people ADD CONSTRAINT people_visits_rule CHECK (visits >= 0)", ""),
    ("a check goes", "ALTER TABLE orders DROP CONSTRAINT orders_price_rule", ""),
    ("a check changes", "ALTER TABLE orders DROP CONSTRAINT orders_price_rule; ALTER TABLE orders ADD CONSTRAINT orders_price_rule CHECK (price >= -1)", ""),
    ("a check that was never made", "ALTER TABLE orders DROP CONSTRAINT orders_price_rule; ALTER TABLE orders ADD CONSTRAINT orders_price_rule CHECK (price >= 0 AND amount > 0) NOT VALID", ""),
    ("a check that was made at last", "ALTER TABLE notes VALIDATE CONSTRAINT notes_rule", ""),
    ("a check that children do not have", "ALTER TABLE orders DROP CONSTRAINT orders_price_rule; ALTER TABLE orders ADD CONSTRAINT orders_price_rule CHECK (price >= 0 AND amount > 0) NO INHERIT", ""),
    ("a check of another name", "ALTER TABLE orders RENAME CONSTRAINT orders_price_rule TO sound", ""),
    ("a comment of a check goes", "COMMENT ON CONSTRAINT orders_price_rule ON orders IS NULL", ""),
    // indexes
    ("an index comes", "CREATE INDEX people_born_idx ON people (born)", ""),
    ("an index goes", "DROP INDEX people_seen_idx", ""),
    ("an index of another name", "ALTER INDEX people_seen_idx RENAME TO people_seen", ""),
    ("an index becomes unique", "DROP INDEX people_seen_idx; CREATE UNIQUE INDEX people_seen_idx ON people (seen DESC NULLS LAST)", ""),
    ("an index of more columns", "DROP INDEX people_seen_idx; CREATE INDEX people_seen_idx ON people (seen DESC NULLS LAST, name)", ""),
    ("an index in another order", "DROP INDEX people_seen_idx; CREATE INDEX people_seen_idx ON people (seen)", ""),
    ("an index with its nulls elsewhere", "DROP INDEX people_seen_idx; CREATE INDEX people_seen_idx ON people (seen DESC)", ""),
    ("an index over another expression", "DROP INDEX people_lower_idx; CREATE UNIQUE INDEX people_lower_idx ON people (upper(name))", ""),
    ("a partial index becomes whole", "DROP INDEX orders_open_idx; CREATE INDEX orders_open_idx ON orders (person_id)", ""),
    ("a partial index has another condition", "DROP INDEX orders_open_idx; CREATE INDEX orders_open_idx ON orders (person_id) WHERE amount > 3", ""),
    ("an index with less in it", "DROP INDEX orders_cover_idx; CREATE INDEX orders_cover_idx ON orders (person_id) INCLUDE (price)", ""),
    ("an index of another method", "DROP INDEX people_token_idx; CREATE INDEX people_token_idx ON people (token)", ""),
    ("an index of another method over many", "DROP INDEX people_tags_idx; CREATE INDEX people_tags_idx ON people USING btree (tags)", ""),
    ("an index of another class", "DROP INDEX people_like_idx; CREATE INDEX people_like_idx ON people (nick varchar_pattern_ops)", ""),
    ("an index of the usual class", "DROP INDEX people_like_idx; CREATE INDEX people_like_idx ON people (nick)", ""),
    ("an index class with other parameters", "DROP INDEX people_trgm_idx; CREATE INDEX people_trgm_idx ON people USING gist (name gist_trgm_ops (siglen = 64))", ""),
    ("an index class without parameters", "DROP INDEX people_trgm_idx; CREATE INDEX people_trgm_idx ON people USING gist (name gist_trgm_ops)", ""),
    ("an index of another collation", "DROP INDEX people_coll_idx; CREATE INDEX people_coll_idx ON people (nick)", ""),
    ("an index filled otherwise", "ALTER INDEX people_seen_idx SET (fillfactor = 50)", ""),
    ("an index filled as usual", "ALTER INDEX people_seen_idx RESET (fillfactor)", ""),
    ("an index in which nothing equals nothing", "DROP INDEX people_address_key; CREATE UNIQUE INDEX people_address_key ON people (address) NULLS NOT DISTINCT", ""),
    ("an index that was never finished", "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'people_seen_idx'::regclass", "--stays"),
    ("a comment of an index", "COMMENT ON INDEX people_seen_idx IS 'otherwise'", ""),
    ("an index called as a column", "DROP INDEX born", ""),
    // enums
    ("a value at the end of an enum", "ALTER TYPE mood ADD VALUE 'calm'", ""),
    ("a value at the start of an enum", "ALTER TYPE mood ADD VALUE 'calm' BEFORE 'sad'", ""),
    ("a value in the middle of an enum", "ALTER TYPE mood ADD VALUE 'it''s' AFTER 'sad'", ""),
    ("a value of an enum goes", "DROP INDEX people_happy_idx; ALTER TABLE people DROP CONSTRAINT people_mood_rule, DROP COLUMN is_happy; ALTER TABLE people ALTER COLUMN mood DROP DEFAULT; ALTER TYPE mood RENAME TO former; CREATE TYPE mood AS ENUM ('sad', 'happy'); ALTER TABLE people ALTER COLUMN mood TYPE mood USING mood::text::mood, ALTER COLUMN second_mood TYPE mood USING second_mood::text::mood, ALTER COLUMN third_mood TYPE mood USING third_mood::text::mood, ALTER COLUMN moods TYPE mood[] USING moods::text[]::mood[], ALTER COLUMN mood SET DEFAULT 'happy', ADD COLUMN is_happy boolean GENERATED ALWAYS AS (mood = 'happy'::mood) STORED; DROP TYPE former; CREATE INDEX people_happy_idx ON people (mood) WHERE mood = 'happy'; ALTER TABLE people ADD CONSTRAINT people_mood_rule CHECK (mood <> second_mood)", ""),
    ("the values of an enum in another order", "DROP INDEX people_happy_idx; ALTER TABLE people DROP CONSTRAINT people_mood_rule, DROP COLUMN is_happy; ALTER TABLE people ALTER COLUMN mood DROP DEFAULT; ALTER TYPE mood RENAME TO former; CREATE TYPE mood AS ENUM ('happy', 'ok', 'sad'); ALTER TABLE people ALTER COLUMN mood TYPE mood USING mood::text::mood, ALTER COLUMN second_mood TYPE mood USING second_mood::text::mood, ALTER COLUMN third_mood TYPE mood USING third_mood::text::mood, ALTER COLUMN moods TYPE mood[] USING moods::text[]::mood[], ALTER COLUMN mood SET DEFAULT 'happy', ADD COLUMN is_happy boolean GENERATED ALWAYS AS (mood = 'happy'::mood) STORED; DROP TYPE former; CREATE INDEX people_happy_idx ON people (mood) WHERE mood = 'happy'; ALTER TABLE people ADD CONSTRAINT people_mood_rule CHECK (mood <> second_mood)", ""),
    ("a value of an enum is renamed", "ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'", "--rename mood.blue=mood.sad"),
    ("an enum is renamed", "ALTER TYPE mood RENAME TO feeling", "--rename feeling=mood"),
    ("an enum comes", "CREATE TYPE size AS ENUM ('s', 'm')", ""),
    ("a comment of an enum", "COMMENT ON TYPE mood IS 'how one is'", ""),
    // tables
    ("a table comes", "CREATE TABLE extra (id serial PRIMARY KEY, t text); ", ""),
    ("a table goes", "DROP TABLE parts", "--loses"),
    ("a table of a circle goes", "UPDATE eggs SET hen_id = NULL; DROP TABLE hens CASCADE", "--loses"),
    ("a table is renamed", "ALTER TABLE notes RENAME TO remarks", "--rename remarks=notes"),
    ("a table in other letters", "ALTER TABLE notes RENAME TO \"Notes\"", ""),
    ("a comment of a table", "COMMENT ON TABLE people IS 'it''s \\ other'", ""),
    ("a comment of a table goes", "COMMENT ON TABLE people IS NULL", ""),
    ("a table that may be lost", "ALTER TABLE notes SET UNLOGGED", ""),
    ("a table that may not be lost", "ALTER TABLE cache SET LOGGED", ""),
    ("a table stored otherwise", "ALTER TABLE people SET (fillfactor = 60, autovacuum_enabled = off)", ""),
    ("a table stored as usual", "ALTER TABLE people RESET (fillfactor)", ""),
    ("a table with a long name", "ALTER TABLE a_table_whose_name_is_so_long_that_the_server_cuts_it_off_somew ALTER COLUMN id TYPE bigint", ""),
    ("a table with an odd name", "ALTER TABLE \"o\"\"d.d; --\" ALTER COLUMN \"a \"\"b\"\"\" DROP NOT NULL", "--odd"),
    // other schemas
    ("a column in another schema", "ALTER TABLE audit.log ADD COLUMN extra text", ""),
    ("a type in another schema", "ALTER TABLE audit.log ALTER COLUMN message TYPE varchar(100)", ""),
    ("an index in another schema", "DROP INDEX audit.log_at_idx", ""),
    ("an index of another name in another schema", "ALTER INDEX audit.log_at_idx RENAME TO log_at", ""),
    ("an enum in another schema", "ALTER TYPE audit.level ADD VALUE 'fatal'", ""),
    ("a foreign key between schemas", "ALTER TABLE audit.log DROP CONSTRAINT log_person_id_fkey", ""),
    ("a comment in another schema", "COMMENT ON COLUMN audit.log.message IS 'otherwise'", ""),
    ("a table in another schema goes", "DROP TABLE audit.log", "--loses"),
    ("a table moves to another schema", "ALTER TABLE notes SET SCHEMA audit", "--rename audit.notes=notes"),
];

/// Changes that can be made of a database of this kind must be at least so many.
const AT_LEAST: usize = 80;

#[derive(Default)]
struct Told {
    hints: Hints,
    loses: bool,
    stays: bool,
}

fn told(line: &str) -> Told {
    let mut told = Told {
        hints: Hints {
            exact: true,
            ..Hints::default()
        },
        ..Told::default()
    };
    for option in line.split("--").map(str::trim).filter(|it| !it.is_empty()) {
        let (word, rest) = option.split_once(' ').unwrap_or((option, ""));
        match word {
            "loses" => told.loses = true,
            "stays" => told.stays = true,
            "odd" => {
                let column = (".o\"d.d; --".into(), "a \"b\"".into());
                told.hints.backfills.insert(column, "0".into());
            }
            "rename" => {
                let (old, new) = rest.split_once('=').expect("OLD=NEW");
                match (old.rsplit_once('.'), new.rsplit_once('.')) {
                    (Some((table, old)), Some((_, new))) => {
                        told.hints
                            .renamed_columns
                            .push((table.into(), old.into(), new.into()));
                    }
                    _ => told.hints.renamed_tables.push((old.into(), new.into())),
                }
            }
            "backfill" => {
                let (name, value) = rest.split_once('=').expect("TABLE.COLUMN=SQL");
                let (table, column) = name.rsplit_once('.').expect("TABLE.COLUMN");
                told.hints
                    .backfills
                    .insert((table.into(), column.into()), value.into());
            }
            _ => {}
        }
    }
    told
}

type Rows = BTreeMap<String, Vec<String>>;

/// What the catalog itself says, apart from what autogenerate reads of it.
async fn catalog(
    conn: &mut <Postgres as axum_db::Backend>::Connection,
) -> Result<Vec<String>, String> {
    Postgres::texts(conn, CATALOG)
        .await
        .map_err(|error| format!("the catalog: {error}"))
}

async fn rows(
    conn: &mut <Postgres as axum_db::Backend>::Connection,
    tables: &[String],
) -> Result<Rows, String> {
    let mut found = Rows::new();
    for table in tables {
        let name = match table.split_once('.') {
            Some(("", name)) => Dialect::Postgres.quote(name),
            Some((schema, name)) => format!("{schema}.{}", Dialect::Postgres.quote(name)),
            None => Dialect::Postgres.quote(table),
        };
        let sql = format!("SELECT to_jsonb(t)::text AS value FROM {name} t ORDER BY 1");
        let rows = Postgres::texts(conn, &sql)
            .await
            .map_err(|error| format!("{sql}: {error}"))?;
        found.insert(table.clone(), rows);
    }
    Ok(found)
}

async fn one(name: &str, change: &str, options: &str) -> Result<(), String> {
    let text = |error: axum_migrate::Error| error.to_string();
    let told = told(options);
    let database = testkit::postgres();
    let mut conn = connect::<Postgres>(&database).await?;
    let conn = &mut conn;
    for sql in [START, ROWS] {
        <Postgres as Engine>::execute(conn, sql)
            .await
            .map_err(text)?;
    }
    let target = Postgres::introspect(conn).await.map_err(text)?;
    let tables: Vec<String> = target.tables.keys().cloned().collect();
    let (catalog_before, rows_before) = (catalog(conn).await?, rows(conn, &tables).await?);
    <Postgres as Engine>::execute(conn, change)
        .await
        .map_err(|error| format!("the change itself: {error}"))?;

    let from = Postgres::introspect(conn).await.map_err(text)?;
    let mut hints = told.hints;
    hints.dropped_tables = from.table_names();
    let found = diff(&from, &target, &hints).map_err(text)?;
    if found.ops.is_empty() {
        return Err("it was not noticed".into());
    }
    let up = render(Dialect::Postgres, &found.ops, &from).map_err(text)?;
    let down = render(Dialect::Postgres, &inverse(&found.ops), &found.target).map_err(text)?;
    let shown = format!(
        "{}-- up\n{}-- down\n{}",
        summary(&found),
        up.to_sql(),
        down.to_sql()
    );
    let failed = |failure: String| format!("{failure}\n{shown}");
    let goes = [
        ("up", &up, &target),
        ("down", &down, &from),
        ("up again", &up, &target),
    ];
    for (way, script, goal) in goes {
        run::<Postgres>(conn, script)
            .await
            .map_err(|error| failed(format!("{way}: {error}")))?;
        let is = Postgres::introspect(conn).await.map_err(text)?;
        if way != "down" || !told.stays {
            expect_same(way, &is, goal).map_err(failed)?;
        }
        if way != "down" {
            let now = catalog(conn).await?;
            if now != catalog_before {
                let only = |a: &[String], b: &[String]| -> Vec<String> {
                    a.iter().filter(|line| !b.contains(line)).cloned().collect()
                };
                return Err(failed(format!(
                    "{way}: the catalog has\n{:#?}\nin place of\n{:#?}",
                    only(&now, &catalog_before),
                    only(&catalog_before, &now)
                )));
            }
        }
        if way == "up" && !told.loses {
            let now = rows(conn, &tables).await?;
            if now != rows_before {
                return Err(failed(format!(
                    "{name}: the rows were {rows_before:#?} and are {now:#?}"
                )));
            }
        }
    }
    let now = Postgres::introspect(conn).await.map_err(text)?;
    let second = diff(
        &now,
        &target,
        &Hints {
            exact: true,
            ..Hints::default()
        },
    )
    .map_err(text)?;
    if second.ops.is_empty() {
        Ok(())
    } else {
        Err(failed(format!("a second run finds\n{}", summary(&second))))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 6)]
async fn every_change_is_noticed_and_undone() {
    const AT_A_TIME: usize = 6;
    let only = std::env::var("AXUM_MIGRATE_CASE").unwrap_or_default();
    let mut waiting = CHANGES
        .iter()
        .filter(|(name, _, _)| name.contains(only.as_str()));
    let mut running = JoinSet::new();
    let mut failures = Vec::new();
    loop {
        while running.len() < AT_A_TIME
            && let Some((name, change, options)) = waiting.next()
        {
            running.spawn(async move {
                let outcome = one(name, change, options).await;
                outcome.map_err(|failure| format!("## {name}\n{failure}"))
            });
        }
        match running.join_next().await {
            Some(outcome) => failures.extend(outcome.expect("no change panics").err()),
            None => break,
        }
    }
    assert!(
        failures.is_empty(),
        "{} of {} failed\n{}",
        failures.len(),
        CHANGES.len(),
        failures.join("\n\n")
    );
    const { assert!(CHANGES.len() >= AT_LEAST) };
}

#[tokio::test]
async fn the_untouched_schema_gives_nothing() {
    let database = testkit::postgres();
    let mut conn = connect::<Postgres>(&database).await.expect("a connection");
    let conn = &mut conn;
    for sql in [START, ROWS] {
        <Postgres as Engine>::execute(conn, sql)
            .await
            .expect("the start");
    }
    let is = Postgres::introspect(conn).await.expect("the schema");
    let again = Postgres::introspect(conn).await.expect("the schema");
    expect_same("read twice", &is, &again).expect("the same");

    // Written down, made in another database and read there, it is the same to the last object.
    let written = is.create_statements(Dialect::Postgres).expect("statements");
    let other = testkit::postgres();
    let mut there = connect::<Postgres>(&other).await.expect("a connection");
    <Postgres as Engine>::execute(&mut there, "BEGIN")
        .await
        .expect("begin");
    for statement in &written {
        if let Err(error) = <Postgres as Engine>::execute(&mut there, statement).await {
            panic!("{error}\n{statement}\n--\n{}", written.join(";\n"));
        }
    }
    <Postgres as Engine>::execute(&mut there, "COMMIT")
        .await
        .expect("commit");
    let copy = Postgres::introspect(&mut there).await.expect("the schema");
    expect_same("written and read again", &copy, &is).expect("the same");
    // Who may do what is not a matter of the schema.
    <Postgres as Engine>::execute(&mut there, "GRANT SELECT ON cheap_names TO PUBLIC")
        .await
        .expect("a right");
    assert_eq!(
        catalog(&mut there).await.expect("the catalog"),
        catalog(conn).await.expect("the catalog")
    );

    // As the scratch schema of its own statements, too.
    let desired = Postgres::scratch_schema(conn, &written)
        .await
        .expect("the scratch schema");
    expect_same("in a scratch schema", &desired, &is).expect("the same");
}
