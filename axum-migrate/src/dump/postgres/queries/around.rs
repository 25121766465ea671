//! What tables need around them, and what needs what.

/// The schemas that are read beside the current one.
pub(in super::super) const SCHEMAS: &str = "\
SELECT quote_ident(nspname) AS value FROM looked WHERE schema_name IS NOT NULL ORDER BY nspname";

/// Those in the schemas that go away with the revision.
pub(in super::super) const EXTENSIONS_TO_DROP: &str = "\
SELECT format('DROP EXTENSION %I', extname) AS value FROM pg_extension e JOIN looked l ON l.oid = e.extnamespace
WHERE l.schema_name <> 'public' ORDER BY e.oid DESC";

/// Every schema with something in it that is no extension's, and whether it is the current one.
pub(in super::super) const OWN_SCHEMAS: &str = "\
SELECT json_build_array(n.nspname, n.nspname = coalesce(current_schema(), '')) AS value FROM pg_namespace n
WHERE n.nspname !~ '^(pg_|axum_migrate_scratch_)' AND n.nspname <> 'information_schema' AND EXISTS (
  SELECT 1 FROM (SELECT 'pg_class'::regclass AS class, oid FROM pg_class WHERE relnamespace = n.oid AND relkind NOT IN ('i', 'I')
    UNION ALL SELECT 'pg_proc'::regclass, oid FROM pg_proc WHERE pronamespace = n.oid
    UNION ALL SELECT 'pg_type'::regclass, oid FROM pg_type WHERE typnamespace = n.oid AND typelem = 0) o
  WHERE NOT EXISTS (SELECT 1 FROM pg_depend e WHERE e.classid = o.class AND e.objid = o.oid AND e.deptype IN ('e', 'i')))
ORDER BY n.nspname";

/// In the order in which they were made: one may need another.
pub(in super::super) const EXTENSIONS: &str = "\
SELECT CASE WHEN n.nspname IN (current_schema(), 'pg_catalog', 'public') OR n.oid IN (SELECT oid FROM looked) THEN ''
    ELSE format(E'CREATE SCHEMA IF NOT EXISTS %I;\\n', n.nspname) END
  || format('CREATE EXTENSION IF NOT EXISTS %I', extname)
  || CASE WHEN n.nspname IN (current_schema(), 'pg_catalog') THEN '' ELSE format(' WITH SCHEMA %I', n.nspname) END AS value
FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE extname <> 'plpgsql' ORDER BY e.oid";

pub(in super::super) const COLLATIONS: &str = concat!(
    "\
SELECT json_build_object('key', 'l' || k.oid, 'kind', 'collation', 'name', ",
    key!("k.collname"),
    ", 'sql', format('CREATE COLLATION %s (PROVIDER = %s, %s%s%s)', ",
    ident!("k.collname"),
    ", CASE k.collprovider WHEN 'i' THEN 'icu' ELSE 'libc' END,
    CASE k.collprovider WHEN 'i' THEN format('LOCALE = %L', coalesce(to_jsonb(k) ->> 'colliculocale', to_jsonb(k) ->> 'colllocale', k.collcollate))
      ELSE format('LC_COLLATE = %L, LC_CTYPE = %L', k.collcollate, k.collctype) END,
    coalesce(', RULES = ' || quote_literal(to_jsonb(k) ->> 'collicurules'), ''),
    CASE WHEN k.collisdeterministic THEN '' ELSE ', DETERMINISTIC = false' END),
  'drop', 'DROP COLLATION ' || ",
    ident!("k.collname"),
    ") AS value
FROM looked l JOIN pg_collation k ON k.collnamespace = l.oid WHERE ",
    not_of_extension!("pg_collation", "k.oid")
);

/// Dictionaries and configurations of text searches.
pub(in super::super) const SEARCHES: &str = concat!(
    "\
SELECT json_build_object('key', 'd' || d.oid, 'kind', 'text search dictionary', 'name', ",
    key!("d.dictname"),
    ", 'sql', format('CREATE TEXT SEARCH DICTIONARY %s (TEMPLATE = %s%s)', ",
    ident!("d.dictname"),
    ", concat_ws('.', CASE WHEN NOT pg_ts_template_is_visible(t.oid) THEN quote_ident(n.nspname) END, quote_ident(t.tmplname)),
    coalesce(', ' || d.dictinitoption, '')),
  'drop', 'DROP TEXT SEARCH DICTIONARY ' || ",
    ident!("d.dictname"),
    ") AS value
FROM looked l JOIN pg_ts_dict d ON d.dictnamespace = l.oid JOIN pg_ts_template t ON t.oid = d.dicttemplate
JOIN pg_namespace n ON n.oid = t.tmplnamespace
WHERE ",
    not_of_extension!("pg_ts_dict", "d.oid"),
    "
UNION ALL
SELECT json_build_object('key', 'f' || c.oid, 'kind', 'text search configuration', 'name', ",
    key!("c.cfgname"),
    ", 'sql', format('CREATE TEXT SEARCH CONFIGURATION %s (PARSER = %s)', ",
    ident!("c.cfgname"),
    ", concat_ws('.', CASE WHEN NOT pg_ts_parser_is_visible(p.oid) THEN quote_ident(n.nspname) END, quote_ident(p.prsname))),
  'after', (SELECT coalesce(json_agg(format('ALTER TEXT SEARCH CONFIGURATION %s ADD MAPPING FOR %s WITH %s', ",
    ident!("c.cfgname"),
    ", m.token, m.dictionaries) ORDER BY m.token), '[]')
    FROM (SELECT (SELECT quote_ident(y.alias) FROM ts_token_type(c.cfgparser) y WHERE y.tokid = m.maptokentype) AS token,
        string_agg(m.mapdict::regdictionary::text, ', ' ORDER BY m.mapseqno) AS dictionaries
      FROM pg_ts_config_map m WHERE m.mapcfg = c.oid GROUP BY m.maptokentype) m),
  'drop', 'DROP TEXT SEARCH CONFIGURATION ' || ",
    ident!("c.cfgname"),
    ")
FROM looked l JOIN pg_ts_config c ON c.cfgnamespace = l.oid JOIN pg_ts_parser p ON p.oid = c.cfgparser
JOIN pg_namespace n ON n.oid = p.prsnamespace
WHERE ",
    not_of_extension!("pg_ts_config", "c.oid")
);

/// What needs what: the key of the dependent, a blank, the key of what it needs. Parts of a table count as the table;
/// foreign keys do not count, nor does what a sequence belongs to. What can be said later is `soft`: the functions that
/// defaults, checks and indexes call, and what the queries of views and the parsed bodies of functions read.
pub(in super::super) const EDGES: &str = "\
WITH class AS (SELECT c.oid, CASE WHEN c.relkind = 'c' THEN 't' || c.reltype WHEN i.indrelid IS NOT NULL THEN 'c' || i.indrelid ELSE 'c' || c.oid END AS key,
    c.relkind = 'S' AS counts, CASE WHEN i.indrelid IS NOT NULL THEN 'calls' END AS waits FROM pg_class c LEFT JOIN pg_index i ON i.indexrelid = c.oid WHERE c.oid >= 16384),
  type AS (SELECT t.oid, CASE WHEN e.oid IS NOT NULL THEN coalesce(f.key, 't' || e.oid) WHEN m.rngtypid IS NOT NULL THEN 't' || m.rngtypid
      ELSE coalesce(f.key, 't' || t.oid) END AS key, CASE t.typtype WHEN 'd' THEN 'calls' END AS calls
    FROM pg_type t LEFT JOIN pg_type e ON e.typarray = t.oid LEFT JOIN class f ON f.oid = coalesce(e.typrelid, t.typrelid) AND f.oid <> 0
    LEFT JOIN (SELECT rngtypid, (to_jsonb(r) ->> 'rngmultitypid')::oid AS multi FROM pg_range r) m ON m.multi = t.oid WHERE t.oid >= 16384),
  thing AS (
    SELECT 'pg_class'::regclass::oid AS class, oid, CASE WHEN NOT counts THEN key END AS dependent, key AS needed, waits FROM class
    UNION ALL SELECT 'pg_type'::regclass, oid, key, key, calls FROM type
    UNION ALL SELECT 'pg_attrdef'::regclass, d.oid, 'c' || adrelid, NULL, CASE attgenerated WHEN '' THEN 'calls' END FROM pg_attrdef d
      JOIN pg_attribute a ON a.attrelid = adrelid AND a.attnum = adnum
    UNION ALL SELECT 'pg_constraint'::regclass, oid, CASE WHEN contype = 'f' THEN NULL WHEN conrelid <> 0 THEN 'c' || conrelid ELSE 't' || contypid END,
      'c' || conrelid, CASE contype WHEN 'c' THEN 'calls' END FROM pg_constraint
    UNION ALL SELECT 'pg_rewrite'::regclass, r.oid, 'c' || ev_class, NULL, CASE relkind WHEN 'v' THEN 'reads' END FROM pg_rewrite r
      JOIN pg_class c ON c.oid = ev_class WHERE rulename = '_RETURN'
    UNION ALL SELECT 'pg_operator'::regclass, oid, 'o' || oid, 'o' || oid, NULL FROM pg_operator
    UNION ALL SELECT 'pg_opfamily'::regclass, oid, 'm' || oid, 'm' || oid, NULL FROM pg_opfamily
    UNION ALL SELECT 'pg_cast'::regclass, oid, 'a' || oid, NULL, NULL FROM pg_cast WHERE oid >= 16384
    UNION ALL SELECT 'pg_opclass'::regclass, oid, 'k' || oid, 'k' || oid, NULL FROM pg_opclass
    UNION ALL SELECT d.classid, d.objid, min(CASE d.refclassid WHEN 'pg_opclass'::regclass THEN 'k' ELSE 'm' END || d.refobjid), NULL, NULL
      FROM pg_depend d WHERE d.classid IN ('pg_amop'::regclass, 'pg_amproc'::regclass)
        AND d.refclassid IN ('pg_opclass'::regclass, 'pg_opfamily'::regclass) GROUP BY d.classid, d.objid
    UNION ALL SELECT 'pg_proc'::regclass, oid, 'p' || oid, 'p' || oid,
      CASE WHEN oid >= 16384 AND to_jsonb(p) ->> 'prosqlbody' IS NOT NULL THEN 'reads' END FROM pg_proc p
    UNION ALL SELECT 'pg_collation'::regclass, oid, NULL, 'l' || oid, NULL FROM pg_collation
    UNION ALL SELECT 'pg_ts_dict'::regclass, oid, 'd' || oid, 'd' || oid, NULL FROM pg_ts_dict
    UNION ALL SELECT 'pg_ts_config'::regclass, oid, 'f' || oid, 'f' || oid, NULL FROM pg_ts_config)
SELECT concat_ws(' ', a.dependent, b.needed, CASE WHEN bool_and(coalesce(CASE a.waits WHEN 'calls' THEN d.refclassid = 'pg_proc'::regclass
    -- The types of a function are its own.
    ELSE a.waits = 'reads' AND (d.classid, d.refclassid) <> ('pg_proc'::regclass, 'pg_type'::regclass) END, false)) THEN 'soft' END) AS value
FROM pg_depend d JOIN thing a ON a.class = d.classid AND a.oid = d.objid JOIN thing b ON b.class = d.refclassid AND b.oid = d.refobjid
WHERE d.refobjid >= 16384 AND d.deptype IN ('n', 'a', 'P', 'S', 'i') AND a.dependent <> b.needed
GROUP BY a.dependent, b.needed ORDER BY 1";

/// Sentences on what is there and has no place in the script.
pub(in super::super) const NOTES: &str = concat!(
    "\
, others AS (SELECT oid, nspname FROM pg_namespace WHERE oid NOT IN (SELECT oid FROM looked) AND nspname !~ '^(pg_|axum_migrate_scratch_)'
    AND nspname <> 'information_schema' AND oid NOT IN (SELECT objid FROM extended WHERE classid = 'pg_namespace'::regclass)),
  thing AS (SELECT 'pg_class'::regclass::oid AS class, oid, relnamespace AS schema FROM pg_class
    UNION ALL SELECT 'pg_type'::regclass, oid, typnamespace FROM pg_type
    UNION ALL SELECT 'pg_proc'::regclass, oid, pronamespace FROM pg_proc
    UNION ALL SELECT 'pg_collation'::regclass, oid, collnamespace FROM pg_collation
    UNION ALL SELECT 'pg_constraint'::regclass, oid, connamespace FROM pg_constraint
    UNION ALL SELECT 'pg_attrdef'::regclass, d.oid, relnamespace FROM pg_attrdef d JOIN pg_class c ON c.oid = adrelid
    UNION ALL SELECT 'pg_trigger'::regclass, t.oid, relnamespace FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid
    UNION ALL SELECT 'pg_rewrite'::regclass, w.oid, relnamespace FROM pg_rewrite w JOIN pg_class c ON c.oid = ev_class)
SELECT format('the %s of the schema %I; `--schema %s` adopts that too', CASE count(*) WHEN 1 THEN 'table' ELSE count(*) || ' tables' END,
  n.nspname, CASE WHEN n.nspname ~ '^\\w+$' THEN n.nspname ELSE quote_literal(n.nspname) END) AS value
FROM pg_class c JOIN others n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND (NOT c.relispartition OR EXISTS (SELECT 1 FROM pg_inherits h JOIN pg_class p ON p.oid = h.inhparent
  WHERE h.inhrelid = c.oid AND p.relnamespace <> c.relnamespace)) AND ",
    not_of_extension!("pg_class", "c.oid"),
    " GROUP BY n.nspname
UNION ALL SELECT format('the schema %I, which the %s%s: name it with --schema, or make it before this runs elsewhere', n.nspname,
  min(pg_describe_object(d.classid, d.objid, 0)), CASE count(DISTINCT (d.classid, d.objid)) WHEN 1 THEN ' needs'
    ELSE format(' and %s more need', count(DISTINCT (d.classid, d.objid)) - 1) END)
FROM pg_depend d JOIN thing a ON a.class = d.classid AND a.oid = d.objid JOIN looked l ON l.oid = a.schema
JOIN thing b ON b.class = d.refclassid AND b.oid = d.refobjid JOIN others n ON n.oid = b.schema
WHERE NOT EXISTS (SELECT 1 FROM extended e WHERE e.classid = b.class AND e.objid = b.oid)
  AND NOT EXISTS (SELECT 1 FROM extended e WHERE e.classid = a.class AND e.objid = a.oid)
  -- An extension's composite type has a relation behind it, which is not on its list.
  AND NOT EXISTS (SELECT 1 FROM extended e JOIN pg_class c ON c.reltype = e.objid WHERE e.classid = 'pg_type'::regclass
    AND b.class = 'pg_class'::regclass AND c.oid = b.oid) GROUP BY n.nspname
UNION ALL SELECT format('the schema %I, which has no tables: name it with --schema if there is something else in it, or add CREATE SCHEMA', n.nspname)
  FROM others n WHERE n.nspname <> 'public' AND NOT EXISTS (SELECT 1 FROM pg_extension WHERE extnamespace = n.oid)
    AND NOT EXISTS (SELECT 1 FROM pg_class c WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p'))
UNION ALL SELECT format('the schema %I itself: an empty database needs it, first in its search_path, before `upgrade`', current_schema())
  WHERE current_schema() <> 'public'
UNION ALL SELECT 'the foreign table ' || ",
    ident!("c.relname"),
    " FROM looked l JOIN pg_class c ON c.relnamespace = l.oid WHERE c.relkind = 'f'
UNION ALL SELECT 'the conversion ' || ",
    ident!("v.conname"),
    " FROM looked l JOIN pg_conversion v ON v.connamespace = l.oid WHERE ",
    not_of_extension!("pg_conversion", "v.oid"),
    "
UNION ALL SELECT format('the type %s, which is made of functions in C', format_type(t.oid, NULL)) FROM looked l JOIN pg_type t ON t.typnamespace = l.oid
  WHERE t.typtype = 'b' AND NOT EXISTS (SELECT 1 FROM pg_type e WHERE e.typarray = t.oid) AND ",
    not_of_extension!("pg_type", "t.oid"),
    "
UNION ALL SELECT format('the foreign server %I', srvname) FROM pg_foreign_server
UNION ALL SELECT format('the language %I', lanname) FROM pg_language t WHERE t.oid >= 16384 AND ",
    not_of_extension!("pg_language", "t.oid"),
    "
UNION ALL SELECT format('the publication %I', pubname) FROM pg_publication
UNION ALL SELECT format('the comment on the schema %I', l.nspname) FROM looked l JOIN pg_description d ON d.objoid = l.oid
  WHERE d.classoid = 'pg_namespace'::regclass AND l.schema_name IS NULL AND d.description <> 'standard public schema'
UNION ALL SELECT 'the default privileges that ALTER DEFAULT PRIVILEGES gave' FROM pg_default_acl HAVING count(*) > 0
UNION ALL SELECT format('what was granted or revoked on %s%s; say it again for the roles of the place where this runs',
    array_to_string((array_agg(name ORDER BY name))[:5], ', '), CASE WHEN count(*) > 5 THEN format(' and %s more', count(*) - 5) ELSE '' END)
  FROM (SELECT c.oid::regclass::text AS name FROM looked l JOIN pg_class c ON c.relnamespace = l.oid
      WHERE (c.relacl <> acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::\"char\", c.relowner)
        OR EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attacl <> '{}')) AND ",
    not_of_extension!("pg_class", "c.oid"),
    "
    UNION ALL SELECT p.oid::regprocedure::text FROM looked l JOIN pg_proc p ON p.pronamespace = l.oid WHERE p.proacl <> acldefault('f', p.proowner) AND ",
    not_of_extension!("pg_proc", "p.oid"),
    "
    UNION ALL SELECT format_type(t.oid, NULL) FROM looked l JOIN pg_type t ON t.typnamespace = l.oid WHERE t.typacl <> acldefault('T', t.typowner) AND ",
    not_of_extension!("pg_type", "t.oid"),
    "
    UNION ALL SELECT 'the schema ' || quote_ident(l.nspname) FROM looked l JOIN pg_namespace n ON n.oid = l.oid
      WHERE l.schema_name IS NOT NULL AND n.nspacl <> acldefault('n', n.nspowner)) o HAVING count(*) > 0
UNION ALL SELECT format('the event trigger %I', evtname) FROM pg_event_trigger t WHERE ",
    not_of_extension!("pg_event_trigger", "t.oid"),
    "
UNION ALL SELECT format('the statistics %I over tables of another schema', stxname)
  FROM looked l JOIN pg_statistic_ext s ON s.stxnamespace = l.oid JOIN pg_class c ON c.oid = s.stxrelid
  WHERE c.relnamespace NOT IN (SELECT oid FROM looked)"
);

/// Domains, of whatever schema, and the types under them.
pub(in super::super) const DOMAINS: &str = "\
WITH RECURSIVE under AS (
  SELECT oid AS domain, typbasetype AS base, typtypmod AS modifier FROM pg_type WHERE typtype = 'd'
  UNION ALL SELECT u.domain, t.typbasetype, t.typtypmod FROM under u JOIN pg_type t ON t.oid = u.base AND t.typtype = 'd')
SELECT json_build_array(format_type(u.domain, NULL), format_type(u.base, u.modifier)) AS value
FROM under u JOIN pg_type t ON t.oid = u.base AND t.typtype <> 'd'";

/// The indexes of partitions that are not called as the server calls those it makes by itself, from the outermost inwards.
///
/// What the server called it depends on what else was there, so it is looked up where the statement runs.
pub(in super::super) const PARTITION_INDEXES: &str = concat!(
    "\
SELECT json_build_object('key', 'c' || c.oid, 'kind', '', 'name', x.relname, 'sql', format('DO %L', format(
  'BEGIN EXECUTE coalesce((SELECT format(%L, h.inhrelid::regclass, %L) FROM pg_inherits h JOIN pg_index i ON i.indexrelid = h.inhrelid '
  'JOIN pg_class x ON x.oid = h.inhrelid WHERE h.inhparent = %L::regclass AND i.indrelid = %L::regclass AND x.relname <> %2$L), ''SELECT 1''); END',
  'ALTER INDEX %s RENAME TO %I', x.relname, concat_ws('.', quote_ident(pl.schema_name), quote_ident(p.relname)), ",
    ident!("c.relname"),
    "))) AS value
FROM looked l JOIN pg_class c ON c.relnamespace = l.oid JOIN pg_index i ON i.indrelid = c.oid JOIN pg_class x ON x.oid = i.indexrelid
JOIN pg_inherits h ON h.inhrelid = x.oid JOIN pg_class p ON p.oid = h.inhparent JOIN looked pl ON pl.oid = p.relnamespace,
  LATERAL (WITH RECURSIVE up AS (SELECT h.inhparent AS oid UNION ALL SELECT o.inhparent FROM up JOIN pg_inherits o ON o.inhrelid = up.oid)
    SELECT count(*) AS depth FROM up) d
WHERE c.relispartition AND rtrim(x.relname, '0123456789') <> c.relname || CASE WHEN i.indisprimary THEN '' ELSE
    (SELECT '_' || string_agg(a.attname, '_' ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = x.oid) END
  || CASE WHEN i.indisprimary THEN '_pkey' WHEN i.indisexclusion THEN '_excl'
    WHEN EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = x.oid AND k.contype = 'u') THEN '_key' ELSE '_idx' END
ORDER BY d.depth, c.relname, x.relname"
);
