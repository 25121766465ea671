//! Several schemas of PostgreSQL taken over at once, with what stands around tables.

use axum_db::Postgres;
use axum_migrate::{Engine, ErrorKind, Schema};

use crate::support::Project;

const SHOP: &str = r#"
CREATE SCHEMA audit;
CREATE SCHEMA "Old Shop";
COMMENT ON SCHEMA audit IS 'who did what';
CREATE COLLATION audit.by_number (PROVIDER = icu, LOCALE = 'und-u-kn-true');
CREATE TEXT SEARCH DICTIONARY audit.plain (TEMPLATE = simple, stopwords = english);
CREATE TEXT SEARCH CONFIGURATION words (COPY = simple);
ALTER TEXT SEARCH CONFIGURATION words ALTER MAPPING FOR asciiword, word WITH audit.plain, simple;
CREATE TYPE audit.level AS ENUM ('info', 'error');
CREATE DOMAIN "Old Shop"."Price" AS numeric(10, 2) CHECK (VALUE >= 0);
CREATE FUNCTION audit.depth(n integer) RETURNS integer LANGUAGE plpgsql AS
  $$ BEGIN RETURN CASE WHEN n > 0 THEN 1 + audit.depth(n - 1) ELSE 0 END; END $$;
CREATE FUNCTION audit.note() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN INSERT INTO audit.log (what) VALUES (tg_table_name); RETURN new; END $$;
CREATE TABLE audit.log (id serial PRIMARY KEY, level audit.level NOT NULL DEFAULT 'info', what text COLLATE audit.by_number);
CREATE INDEX " ON audit.log USING " ON audit.log USING gin (to_tsvector('words', what));
CREATE STATISTICS audit.log_stats ON level, what FROM audit.log;
ALTER TABLE audit.log ALTER what SET (n_distinct = -0.5), CLUSTER ON log_pkey;
CREATE TABLE audit.parts (id integer, day date) PARTITION BY RANGE (day);
CREATE INDEX parts_by_id ON audit.parts (id);
CREATE TABLE audit.parts_old PARTITION OF audit.parts FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE "Old Shop"."Item" (id integer PRIMARY KEY, price "Old Shop"."Price", entry integer REFERENCES audit.log);
CREATE TABLE notes (id integer PRIMARY KEY, item integer REFERENCES "Old Shop"."Item");
CREATE TRIGGER " ON notes " AFTER INSERT ON notes FOR EACH ROW EXECUTE FUNCTION audit.note();
CREATE VIEW audit.noted AS SELECT l.what, n.id FROM audit.log l, notes n;
CREATE RULE quiet AS ON DELETE TO notes DO INSTEAD NOTHING;
ALTER TABLE notes DISABLE RULE quiet;
COMMENT ON RULE quiet ON notes IS 'not any more';
INSERT INTO "Old Shop"."Item" VALUES (1, 2.50, NULL);
INSERT INTO notes VALUES (1, 1);
"#;

/// What the catalog has that [`Schema`] has no place for.
const AROUND: &str = "\
SELECT concat_ws(' ', attrelid::regclass, attname, o) AS value FROM pg_attribute, unnest(attoptions) o WHERE o LIKE 'n!_%' ESCAPE '!'
UNION ALL SELECT pg_get_statisticsobjdef(oid) FROM pg_statistic_ext
UNION ALL SELECT 'clustered ' || indexrelid::regclass FROM pg_index WHERE indisclustered AND indexrelid >= 16384
UNION ALL SELECT pg_get_ruledef(oid) || ev_enabled::text || obj_description(oid, 'pg_rewrite') FROM pg_rewrite WHERE rulename = 'quiet'
UNION ALL SELECT concat_ws(' ', 'index', indrelid::regclass, indisvalid) FROM pg_index WHERE indrelid::regclass::text LIKE 'audit.parts%'
UNION ALL SELECT obj_description('audit'::regnamespace, 'pg_namespace')
UNION ALL SELECT collname || colliculocale FROM pg_collation WHERE oid >= 16384
UNION ALL SELECT to_tsvector('words', 'The 2 Notes')::text
UNION ALL SELECT prosrc FROM pg_proc WHERE pronamespace = 'audit'::regnamespace ORDER BY 1";

async fn looked_at(project: &Project<Postgres>) -> Schema {
    let schemas = ["CREATE SCHEMA audit", "CREATE SCHEMA \"Old Shop\""].map(str::to_owned);
    let mut conn = project.connection().await;
    Postgres::look_at(&mut conn, &schemas)
        .await
        .expect("a setting");
    Postgres::introspect(&mut conn).await.expect("the schema")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_schemas_that_are_named_are_taken_over_with_the_current_one() {
    let project = Project::<Postgres>::new().await;
    project.execute(SHOP).await;
    project
        .execute("CREATE SCHEMA theirs; CREATE TABLE theirs.things (id integer)")
        .await;
    let (before, around) = (looked_at(&project).await, project.rows(AROUND).await);
    let told = project.ok("adopt --schema audit --schema 'Old Shop'").await;
    assert!(told.contains("Found 2 schemas, 1 collation, "), "{told}");
    assert!(
        told.contains("the table of the schema theirs; `--schema theirs` adopts that too"),
        "{told}"
    );
    assert_eq!(looked_at(&project).await, before);
    project.ok("check --drift").await;

    // The same folder makes it again elsewhere, and takes it away.
    let empty = Project::<Postgres>::new().await;
    let folder = project.migrations();
    let line = |line: &str| format!("{line} --dir {}", folder.display());
    empty.ok(&line("upgrade")).await;
    assert_eq!(looked_at(&empty).await, before);
    assert_eq!(empty.rows(AROUND).await, around);
    empty.ok(&line("check --drift")).await;
    empty
        .execute("INSERT INTO notes VALUES (1, NULL); ALTER TABLE audit.log ADD COLUMN n integer")
        .await;
    let drift = empty
        .run(&axum_db::Metadata::default(), &line("check --drift"))
        .await;
    let (code, told) = drift.expect("an answer");
    assert_eq!(code, 3, "{told}");
    assert!(told.contains("- column audit.log.n"), "{told}");
    empty.ok(&line("downgrade base --allow-data-loss")).await;
    let left =
        "SELECT nspname::text AS value FROM pg_namespace WHERE nspname IN ('audit', 'Old Shop')";
    assert_eq!(empty.rows(left).await, [""; 0]);
    assert_eq!(empty.tables().await, [""; 0]);
    empty.ok(&line("upgrade")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_schemas_are_those_with_something_in_them() {
    let project = Project::<Postgres>::new().await;
    project.execute(SHOP).await;
    project.execute("CREATE SCHEMA nothing").await;
    let told = project.ok("adopt --all-schemas --dry-run").await;
    assert!(
        told.contains("CREATE SCHEMA \"Old Shop\";\nCREATE SCHEMA audit;"),
        "{told}"
    );
    assert!(
        !told.contains("nothing;") && told.contains("the schema nothing, which has no tables"),
        "{told}"
    );
    for (line, says) in [
        (
            "adopt --schema nothing",
            "no schema \"nothing\" with anything of yours in it; there are: ",
        ),
        ("adopt --schema AUDIT", "there are: Old Shop, audit, public"),
    ] {
        let error = project.err(line).await;
        assert_eq!(error.kind(), ErrorKind::Usage);
        assert!(error.to_string().contains(says), "{error}");
    }
    assert!(!project.migrations().exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_current_schema_needs_of_others_is_told() {
    let project = Project::<Postgres>::new().await;
    project.execute(SHOP).await;
    let told = project.ok("adopt").await;
    for says in [
        "Not in the revision: the 2 tables of the schema audit; `--schema audit` adopts that too",
        "Not in the revision: the schema \"Old Shop\", which the constraint notes_item_fkey on table notes",
    ] {
        assert!(told.contains(says), "{told}");
    }
}

/// The proof runs in an empty schema of the same name, and what the extension has is found there still.
#[tokio::test(flavor = "multi_thread")]
async fn extensions_stay_where_they_are() {
    let project = Project::<Postgres>::new().await;
    project
        .execute(
            "CREATE SCHEMA app; CREATE SCHEMA tools; CREATE EXTENSION citext WITH SCHEMA tools;
             CREATE EXTENSION unaccent WITH SCHEMA app; CREATE EXTENSION hstore WITH SCHEMA app;
             CREATE FUNCTION app.plain(text) RETURNS text LANGUAGE sql IMMUTABLE AS
               $$ SELECT app.unaccent('app.unaccent', $1) $$;
             CREATE TABLE app.users (name tools.citext PRIMARY KEY, more app.hstore);
             CREATE INDEX users_plain ON app.users (app.plain(name::text));
             INSERT INTO app.users VALUES ('Zoë')",
        )
        .await;
    project.ok("adopt --all-schemas").await;
    project.ok("check --drift").await;
    // Down and up again, though the database's own tables need them all the while.
    project.ok("verify").await;
    let empty = Project::<Postgres>::new().await;
    let folder = project.migrations();
    empty
        .ok(&format!("upgrade --dir {}", folder.display()))
        .await;
    empty
        .ok(&format!("check --drift --dir {}", folder.display()))
        .await;
    let rows = "SELECT app.plain('Zoë') AS value";
    assert_eq!(empty.rows(rows).await, ["Zoe"]);
    assert_eq!(
        project
            .rows("SELECT name::text AS value FROM app.users")
            .await,
        ["Zoë"]
    );
}

/// What a server says in statements of their own, after those that make a thing.
const ALTERED: &str = r#"
CREATE DOMAIN amount AS integer CHECK (VALUE > 0);
ALTER DOMAIN amount ADD CONSTRAINT small CHECK (VALUE < 100) NOT VALID;
COMMENT ON CONSTRAINT small ON DOMAIN amount IS 'for new rows';
CREATE TYPE pair AS (a integer, b text);
COMMENT ON COLUMN pair.a IS 'the first';
CREATE FUNCTION same(pair, pair) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT $1.a = $2.a $$;
CREATE FUNCTION other(pair, pair) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT $1.a <> $2.a $$;
CREATE OPERATOR === (FUNCTION = same, LEFTARG = pair, RIGHTARG = pair, COMMUTATOR = ===, NEGATOR = !==);
CREATE OPERATOR !== (FUNCTION = other, LEFTARG = pair, RIGHTARG = pair, COMMUTATOR = !==, NEGATOR = ===);
CREATE OPERATOR %> (FUNCTION = other, LEFTARG = pair, RIGHTARG = pair, COMMUTATOR = <%);
CREATE OPERATOR <% (FUNCTION = other, LEFTARG = pair, RIGHTARG = pair, COMMUTATOR = %>);
COMMENT ON OPERATOR === (pair, pair) IS 'by the first';
CREATE COLLATION numeric_order (PROVIDER = icu, LOCALE = 'und-u-kn-true');
COMMENT ON COLLATION numeric_order IS 'item 9 before item 10';
CREATE TEXT SEARCH CONFIGURATION words (COPY = simple);
COMMENT ON TEXT SEARCH CONFIGURATION words IS 'plain';
CREATE TABLE pairs OF pair (PRIMARY KEY (a));
CREATE TABLE notes (id integer PRIMARY KEY, n amount, note text DEFAULT 'a', word text)
  WITH (fillfactor = 80, toast.autovacuum_enabled = false);
CREATE INDEX notes_upper ON notes (n, upper(note));
ALTER INDEX notes_upper ALTER COLUMN 2 SET STATISTICS 500;
CREATE STATISTICS note_stats (dependencies) ON note, word FROM notes;
ALTER STATISTICS note_stats SET STATISTICS 200;
COMMENT ON STATISTICS note_stats IS 'they go together';
CREATE VIEW shown AS SELECT id, note FROM notes;
ALTER VIEW shown ALTER note SET DEFAULT 'by the view';
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
CREATE TABLE days (id integer, day integer, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
CREATE INDEX days_by_day ON days (day);
CREATE TABLE days_old (day integer NOT NULL, id integer NOT NULL, CONSTRAINT "Old ""key""" PRIMARY KEY (id, day)) PARTITION BY LIST (id);
CREATE INDEX by_old_day ON days_old (day);
CREATE TABLE days_old_one PARTITION OF days_old FOR VALUES IN (1);
ALTER INDEX days_old_one_day_idx RENAME TO "it's one";
ALTER TABLE days ATTACH PARTITION days_old FOR VALUES FROM (0) TO (10);
CREATE TABLE days_new PARTITION OF days FOR VALUES FROM (10) TO (20);
CREATE TRIGGER noted AFTER INSERT ON days FOR EACH ROW EXECUTE FUNCTION nothing();
ALTER TABLE days_new DISABLE TRIGGER noted;
CREATE TABLE twice (id integer PRIMARY KEY, day integer);
ALTER TABLE twice ADD CONSTRAINT twice_one FOREIGN KEY (day) REFERENCES notes ON DELETE SET NULL (day);
ALTER TABLE twice ADD CONSTRAINT twice_two FOREIGN KEY (day) REFERENCES notes NOT VALID;
CREATE CONVERSION latin FOR 'UTF8' TO 'LATIN1' FROM utf8_to_iso8859_1;
"#;

const ALTERATIONS: &str = "\
SELECT concat_ws(' ', conname, convalidated, obj_description(oid, 'pg_constraint')) AS value FROM pg_constraint WHERE contypid >= 16384
UNION ALL SELECT description FROM pg_description WHERE objoid >= 16384 AND objsubid > 0
UNION ALL SELECT concat_ws(' ', o.oid::regoperator, o.oprcom::regoperator, o.oprnegate::regoperator, obj_description(o.oid, 'pg_operator')) FROM pg_operator o WHERE oid >= 16384
UNION ALL SELECT obj_description(oid, 'pg_collation') FROM pg_collation WHERE oid >= 16384
UNION ALL SELECT obj_description(oid, 'pg_ts_config') FROM pg_ts_config WHERE oid >= 16384
UNION ALL SELECT concat_ws(' ', relname, relkind, reloptions, reloftype::regtype) FROM pg_class
  WHERE oid >= 16384 AND relkind <> 't' AND relname !~ '^_' AND relnamespace = 'public'::regnamespace
UNION ALL SELECT array_to_string(reloptions, ' ') FROM pg_class WHERE relkind = 't' AND reloptions IS NOT NULL
UNION ALL SELECT concat_ws(' ', attrelid::regclass, attnum, attstattarget) FROM pg_attribute WHERE attrelid >= 16384 AND attstattarget > 0
UNION ALL SELECT concat_ws(' ', stxname, stxstattarget, obj_description(oid, 'pg_statistic_ext')) FROM pg_statistic_ext
UNION ALL SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid::regclass::text !~ '^_'
UNION ALL SELECT concat_ws(' ', inhrelid::regclass, inhparent::regclass) FROM pg_inherits
UNION ALL SELECT concat_ws(' ', tgrelid::regclass, tgname, tgenabled) FROM pg_trigger WHERE tgname = 'noted' ORDER BY 1";

#[tokio::test(flavor = "multi_thread")]
async fn what_was_altered_after_it_was_made_is_taken_over() {
    let project = Project::<Postgres>::new().await;
    project.execute(ALTERED).await;
    let before = project.rows(ALTERATIONS).await;
    let told = project.ok("adopt").await;
    assert!(
        told.contains("Not in the revision: the conversion latin"),
        "{told}"
    );
    project.ok("check --drift").await;
    let empty = Project::<Postgres>::new().await;
    let folder = project.migrations();
    let line = |line: &str| format!("{line} --dir {}", folder.display());
    empty.ok(&line("upgrade")).await;
    assert_eq!(empty.rows(ALTERATIONS).await, before);
    empty.ok(&line("check")).await;
    empty.ok(&line("downgrade base --allow-data-loss")).await;
    assert_eq!(empty.rows(ALTERATIONS).await, [""; 0]);
    empty.ok(&line("upgrade")).await;
}
