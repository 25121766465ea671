//! What PostgreSQL's users make of their own beside tables: how types are compared, counted and parted.

use axum_db::Postgres;

use crate::support::Project;

const OWN: &str = r#"
CREATE TYPE angle AS (degrees double precision);
CREATE FUNCTION angle_less(angle, angle) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1.degrees < $2.degrees';
CREATE FUNCTION angle_same(angle, angle) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1.degrees = $2.degrees';
CREATE FUNCTION angle_more(angle, angle) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1.degrees > $2.degrees';
CREATE FUNCTION angle_order(angle, angle) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT sign($1.degrees - $2.degrees)::integer';
CREATE FUNCTION angle_order(angle, double precision) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT sign($1.degrees - $2)::integer';
CREATE FUNCTION angle_same(angle, double precision) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1.degrees = $2';
CREATE OPERATOR <<| (FUNCTION = angle_less, LEFTARG = angle, RIGHTARG = angle, COMMUTATOR = |>>);
CREATE OPERATOR |=| (FUNCTION = angle_same, LEFTARG = angle, RIGHTARG = angle, COMMUTATOR = |=|);
CREATE OPERATOR |>> (FUNCTION = angle_more, LEFTARG = angle, RIGHTARG = angle, COMMUTATOR = <<|);
CREATE OPERATOR |=| (FUNCTION = angle_same, LEFTARG = angle, RIGHTARG = double precision);
CREATE OPERATOR CLASS by_angle FOR TYPE angle USING btree AS
  OPERATOR 1 <<|, OPERATOR 3 |=|, OPERATOR 5 |>>, FUNCTION 1 angle_order(angle, angle);
ALTER OPERATOR FAMILY by_angle USING btree ADD
  OPERATOR 3 |=| (angle, double precision), FUNCTION 1 (angle, double precision) angle_order(angle, double precision);
COMMENT ON OPERATOR CLASS by_angle USING btree IS 'as on a clock';
CREATE OPERATOR FAMILY backwards USING btree;
CREATE FUNCTION backwards_order(text, text) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT -bttextcmp($1, $2)';
CREATE OPERATOR CLASS backwards_text FOR TYPE text USING btree FAMILY backwards AS
  OPERATOR 1 >, OPERATOR 2 >=, OPERATOR 3 =, OPERATOR 4 <=, OPERATOR 5 <, FUNCTION 1 backwards_order(text, text);
CREATE TABLE turns (id integer PRIMARY KEY, by angle, word text, CHECK (by |=| 4.5));
CREATE INDEX turns_by ON turns (by by_angle, word backwards_text);
CREATE FUNCTION degrees(angle) RETURNS double precision LANGUAGE sql IMMUTABLE AS 'SELECT $1.degrees';
CREATE CAST (angle AS double precision) WITH FUNCTION degrees(angle) AS ASSIGNMENT;
CREATE VIEW degrees AS SELECT id, by::double precision AS degrees FROM turns;
CREATE TYPE words AS RANGE (SUBTYPE = text, COLLATION = "C", MULTIRANGE_TYPE_NAME = many_words);
CREATE AGGREGATE running(integer) (SFUNC = int4pl, STYPE = integer, INITCOND = '0',
  MSFUNC = int4pl, MINVFUNC = int4mi, MSTYPE = integer, MINITCOND = '5', FINALFUNC = int4abs, FINALFUNC_MODIFY = SHAREABLE);
CREATE AGGREGATE lowest(double precision ORDER BY anyelement) (SFUNC = ordered_set_transition, STYPE = internal,
  FINALFUNC = percentile_disc_final, FINALFUNC_EXTRA);
CREATE TABLE rooms (id integer GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME counted INCREMENT BY 2), number integer,
  EXCLUDE USING btree (number WITH =) WITH (fillfactor = 60) WHERE (number > 5),
  UNIQUE NULLS NOT DISTINCT (number) WITH (fillfactor = 50) DEFERRABLE INITIALLY DEFERRED, PRIMARY KEY (id) WITH (fillfactor = 70));
COMMENT ON SEQUENCE counted IS 'odd numbers';
CREATE TABLE days (id integer GENERATED ALWAYS AS IDENTITY, day date NOT NULL, note text DEFAULT 'n', CONSTRAINT short CHECK (note < 'x'), PRIMARY KEY (id, day))
  PARTITION BY RANGE (day);
CREATE TABLE days_old (note text DEFAULT 'o', gone text, day date NOT NULL, id integer NOT NULL, CONSTRAINT short CHECK (note < 'x'))
  PARTITION BY LIST (id);
ALTER TABLE days_old DROP COLUMN gone;
CREATE TABLE days_old_a (id integer NOT NULL, note text, day date NOT NULL, CONSTRAINT short CHECK (note < 'x'), CHECK (id > 0));
ALTER TABLE days_old ATTACH PARTITION days_old_a FOR VALUES IN (1);
ALTER TABLE days ATTACH PARTITION days_old FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE days_new PARTITION OF days FOR VALUES FROM ('2021-01-01') TO ('2022-01-01');
"#;

const WHAT_IS: &str = "\
SELECT pg_describe_object('pg_amop'::regclass, oid, 0) AS value FROM pg_amop WHERE oid >= 16384
UNION ALL SELECT pg_describe_object('pg_amproc'::regclass, oid, 0) FROM pg_amproc WHERE oid >= 16384
UNION ALL SELECT concat_ws(' ', opcname, opcdefault, opcintype::regtype, obj_description(oid, 'pg_opclass')) FROM pg_opclass WHERE oid >= 16384
UNION ALL SELECT pg_describe_object(classid, objid, 0) || ' of ' || pg_describe_object(refclassid, refobjid, 0) FROM pg_depend
  WHERE classid IN ('pg_amop'::regclass, 'pg_amproc'::regclass) AND objid >= 16384 AND refclassid IN ('pg_opclass'::regclass, 'pg_opfamily'::regclass)
UNION ALL SELECT concat_ws(' ', castsource::regtype, casttarget::regtype, castcontext, castmethod) FROM pg_cast WHERE oid >= 16384
UNION ALL SELECT pg_get_viewdef('degrees'::regclass)
UNION ALL SELECT concat_ws(' ', relname, reloptions, obj_description(oid, 'pg_class')) FROM pg_class
  WHERE relname LIKE 'rooms%' OR relname = 'counted'
UNION ALL SELECT pg_get_indexdef('turns_by'::regclass)
UNION ALL SELECT concat_ws(' ', rngtypid::regtype, rngmultitypid::regtype, rngcollation::regcollation) FROM pg_range WHERE rngtypid >= 16384
UNION ALL SELECT concat_ws(' ', aggfnoid, aggkind, aggmtransfn, aggminvtransfn, aggminitval, aggfinalmodify, pg_get_function_arguments(aggfnoid))
  FROM pg_aggregate WHERE aggfnoid >= 16384
UNION ALL SELECT concat_ws(' ', attrelid::regclass, row_number() OVER (PARTITION BY attrelid ORDER BY attnum), attname, attislocal, attinhcount,
    attnotnull, attidentity, pg_get_expr(adbin, adrelid)) FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
  WHERE attrelid::regclass::text LIKE 'days%' AND attnum > 0 AND NOT attisdropped
UNION ALL SELECT concat_ws(' ', conrelid::regclass, conname, conislocal, coninhcount) FROM pg_constraint WHERE conrelid::regclass::text LIKE 'days%'
ORDER BY 1";

#[tokio::test(flavor = "multi_thread")]
async fn what_users_made_of_types_and_partitions_is_taken_over() {
    let project = Project::<Postgres>::new().await;
    project.execute(OWN).await;
    let before = project.rows(WHAT_IS).await;
    let told = project.ok("adopt").await;
    assert!(
        told.contains("2 operator families, 2 operator classes, 1 cast, "),
        "{told}"
    );
    assert!(!told.contains("Not in the revision"), "{told}");
    project.ok("check --drift").await;

    let empty = Project::<Postgres>::new().await;
    let folder = project.migrations();
    let line = |line: &str| format!("{line} --dir {}", folder.display());
    empty.ok(&line("upgrade")).await;
    assert_eq!(empty.rows(WHAT_IS).await, before);
    empty.ok(&line("check")).await;
    empty.ok(&line("downgrade base --allow-data-loss")).await;
    assert_eq!(empty.tables().await, [""; 0]);
    empty.ok(&line("upgrade")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn privileges_and_what_else_stays_outside_are_told() {
    let project = Project::<Postgres>::new().await;
    project
        .execute(
            "CREATE TABLE notes (id integer PRIMARY KEY, text text);
             CREATE TABLE plain (id integer PRIMARY KEY);
             GRANT SELECT ON plain TO PUBLIC;
             REVOKE SELECT ON plain FROM PUBLIC;
             CREATE FUNCTION secret() RETURNS integer LANGUAGE sql AS 'SELECT 1';
             GRANT UPDATE (text) ON notes TO PUBLIC;
             REVOKE EXECUTE ON FUNCTION secret() FROM PUBLIC;
             ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC;
             CREATE PUBLICATION told FOR TABLE notes;
             CREATE SCHEMA spare;
             COMMENT ON SCHEMA public IS 'ours'",
        )
        .await;
    let told = project.ok("adopt").await;
    for says in [
        "what was granted or revoked on notes, secret(); say it again",
        "the default privileges that ALTER DEFAULT PRIVILEGES gave",
        "the publication told",
        "the schema spare, which has no tables",
        "the comment on the schema public",
    ] {
        assert!(
            told.contains(&format!("Not in the revision: {says}")),
            "{says}: {told}"
        );
    }
}

mod listed {
    use axum_db::prelude::*;

    #[model(table = "lists")]
    #[derive(Debug, Clone)]
    pub struct List {
        #[model(primary_key, auto_increment = false)]
        pub id: i32,
        #[model(
            sql_type = diesel::sql_types::Array<diesel::sql_types::Text>,
            column_type = "text[]",
            default_sql = "ARRAY['a'::text, 'b'::text]"
        )]
        pub words: Vec<String>,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_default_of_several_elements_is_one_expression() {
    let project = Project::<Postgres>::new().await;
    project
        .execute("CREATE TABLE lists (id integer PRIMARY KEY, words text[] NOT NULL DEFAULT ARRAY['a', 'b'])")
        .await;
    let models = axum_db::metadata![listed::List];
    let (_, told) = project.run(&models, "adopt").await.expect("an answer");
    assert!(
        told.contains("The models and the database agree."),
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_text_can_be_bound_to_is_bytes_in_models() {
    let project = Project::<Postgres>::new().await;
    project
        .execute(
            "CREATE TYPE gap AS ENUM ('', 'full');
             CREATE TABLE things (id integer PRIMARY KEY, gap gap DEFAULT 'full', gaps gap[], doc xml,
               span interval day to second(3), spans interval year[], thousands numeric(5,-3));
             CREATE TABLE \"a.b\" (id integer PRIMARY KEY);
             CREATE TABLE weights (at real PRIMARY KEY)",
        )
        .await;
    let source = project.ok("models").await;
    for line in [
        "pub gap: Option<Gap>,",
        "pub gaps: Option<GapArray>,",
        "pub doc: Option<Xml>,",
        "#[model(sql_type = diesel::sql_types::Interval, column_type = \"interval day to second(3)\")]",
        "pub span: Option<diesel::data_types::PgInterval>,",
        "pub spans: Option<Vec<diesel::data_types::PgInterval>>,",
        "#[model(column_type = \"numeric(5,-3)\")]",
        "pub thousands: Option<axum_db::types::Decimal>,",
        "has no model: a number with a point or an interval is in its key",
        "has no model: with a point in it, its name would be a schema and a table to a model",
    ] {
        assert!(source.contains(line), "{line}: {source}");
    }
}
