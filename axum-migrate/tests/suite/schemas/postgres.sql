-- What an old PostgreSQL database may hold.
CREATE TYPE mood AS ENUM ('good', 'it''s bad', 'so-so');
CREATE TYPE nothing AS ENUM ('', 'something');
CREATE TYPE "Odd Type" AS (a integer, "b c" text);
CREATE DOMAIN year AS integer DEFAULT 1970 CONSTRAINT after_war CHECK (VALUE > 1945 AND VALUE < 2155) CHECK (VALUE <> 2000);
CREATE TYPE float_range AS RANGE (SUBTYPE = float8, SUBTYPE_DIFF = float8mi);
CREATE SEQUENCE shared_numbers START WITH 10 INCREMENT BY 5;
CREATE FUNCTION slug(t text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT lower(replace(t, ' ', '-')) $$;
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
  NEW.made := now(); -- the row's, not the table's
  RETURN NEW;
END
$body$;
CREATE TABLE items (
    id serial PRIMARY KEY,
    label varchar(80) NOT NULL,
    price numeric(10, 2) NOT NULL DEFAULT 0 CHECK (price >= 0),
    amount integer NOT NULL DEFAULT 1,
    total numeric GENERATED ALWAYS AS (price * amount) STORED,
    feeling mood NOT NULL DEFAULT 'good',
    feelings mood[],
    anything nothing NOT NULL DEFAULT '',
    tags text[] NOT NULL DEFAULT '{}',
    since year,
    extra jsonb NOT NULL DEFAULT '{}'::jsonb,
    words tsvector,
    "order" bigint,
    number bigint NOT NULL DEFAULT nextval('shared_numbers'),
    made timestamptz NOT NULL DEFAULT now(),
    address inet,
    odd "Odd Type",
    span int4range,
    CONSTRAINT few CHECK (amount < 1000) NOT VALID,
    CONSTRAINT apart EXCLUDE USING gist (span WITH &&)
);
CREATE TABLE "order" (
    id bigint GENERATED ALWAYS AS IDENTITY (START WITH 100 INCREMENT BY 10) PRIMARY KEY,
    "select" varchar(20) DEFAULT 'it''s' COLLATE "C",
    "Full Name" text,
    item_id integer REFERENCES items ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED,
    kept varchar(3) NOT NULL DEFAULT 'yes' CHECK (kept IN ('yes', 'no')),
    lasts interval,
    card macaddr,
    cost money,
    parents uuid[],
    flags bit varying(8),
    CONSTRAINT "both" UNIQUE ("select", "Full Name") INCLUDE (item_id) DEFERRABLE
);
ALTER TABLE items ADD CONSTRAINT items_order FOREIGN KEY ("order") REFERENCES "order" (id);
CREATE TABLE "CamelCase" (
    "leftId" integer NOT NULL,
    "rightId" integer NOT NULL,
    note char(3) NOT NULL,
    PRIMARY KEY ("leftId", "rightId")
) WITH (fillfactor = 70);
CREATE TABLE strict_things (
    code text PRIMARY KEY,
    "leftId" integer,
    "rightId" integer,
    slugged text NOT NULL DEFAULT slug('A B'),
    FOREIGN KEY ("leftId", "rightId") REFERENCES "CamelCase" MATCH FULL ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE UNLOGGED TABLE log (at timestamp(3), line text);
CREATE TABLE a_copy (line text);
CREATE TABLE settings (id serial PRIMARY KEY, "self" integer DEFAULT 0, "Self" text, "self_" text, _ boolean DEFAULT true, a__b integer);
CREATE TABLE special_items (extra_note text) INHERITS (log);
ALTER TABLE special_items ALTER line SET DEFAULT 'special', ALTER at SET NOT NULL;
CREATE TABLE events (id bigint NOT NULL, day date NOT NULL, what text, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE events_rest PARTITION OF events DEFAULT;
CREATE INDEX events_what ON events (what);
CREATE INDEX items_partial ON items (label DESC NULLS LAST) WHERE amount > 0;
CREATE UNIQUE INDEX items_lower ON items (lower(label), slug(label) text_pattern_ops) INCLUDE (price);
CREATE INDEX items_words ON items USING gin (words);
CREATE INDEX "odd index" ON "order" ("Full Name" COLLATE "C");
CREATE VIEW cheap AS SELECT id, label, price FROM items WHERE price < 10;
CREATE VIEW "cheap labels" AS SELECT label FROM cheap;
CREATE MATERIALIZED VIEW totals AS SELECT feeling, sum(total) AS total FROM items GROUP BY feeling WITH NO DATA;
CREATE UNIQUE INDEX totals_feeling ON totals (feeling);
CREATE FUNCTION cheapest() RETURNS SETOF cheap LANGUAGE sql STABLE AS $$ SELECT * FROM cheap ORDER BY price LIMIT 1 $$;
CREATE FUNCTION concat_two(a text, b text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT coalesce(a || ', ', '') || b $$;
CREATE AGGREGATE listed(text) (SFUNC = concat_two, STYPE = text);
CREATE FUNCTION alike(a mood, b text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT a::text = b $$;
CREATE OPERATOR =~ (FUNCTION = alike, LEFTARG = mood, RIGHTARG = text);
CREATE TRIGGER items_touched BEFORE UPDATE ON items FOR EACH ROW WHEN (old.label IS DISTINCT FROM new.label) EXECUTE FUNCTION touch();
CREATE TRIGGER items_sleeping BEFORE INSERT ON items FOR EACH ROW EXECUTE FUNCTION touch();
ALTER TABLE items DISABLE TRIGGER items_sleeping;
CREATE RULE no_delete AS ON DELETE TO log DO INSTEAD NOTHING;
ALTER TABLE "order" ENABLE ROW LEVEL SECURITY;
CREATE RULE also AS ON INSERT TO log DO ALSO INSERT INTO a_copy VALUES (new.line);
CREATE POLICY own ON "order" FOR SELECT USING (id > 0);
COMMENT ON TABLE items IS 'What''s for sale';
COMMENT ON COLUMN items.label IS 'as printed';
COMMENT ON VIEW cheap IS 'under ten';
COMMENT ON TYPE mood IS 'of the seller';
COMMENT ON FUNCTION touch() IS 'keeps the time';
INSERT INTO items (label, price) VALUES ('one', 1), ('two', 2.5);
INSERT INTO "order" (item_id) VALUES (1), (2);

CREATE TABLE tickets (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY);
