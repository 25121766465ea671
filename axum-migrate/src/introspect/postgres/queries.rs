//! What is asked of the catalog: each question once for all tables.
//!
//! Names of other schemas than the default one come with their schema. `LOOKED` stands before each query and says
//! which schemas are read.

/// The schemas to read: the default one, and those of the setting, a JSON array; without it, every user's.
pub(crate) const LOOKED: &str = "\
WITH looked AS (
  SELECT n.oid, n.nspname, nullif(n.nspname::text, current_schema()) AS schema_name
  FROM pg_namespace n
  WHERE n.nspname = current_schema() OR strpos(n.nspname, '.') = 0 AND CASE
    WHEN coalesce(current_setting('axum_migrate.schemas', true), '') = '' THEN
      n.nspname !~ '^(pg_|axum_migrate_scratch_)' AND n.nspname <> 'information_schema' AND NOT EXISTS (
        SELECT 1 FROM pg_depend e WHERE e.classid = 'pg_namespace'::regclass AND e.objid = n.oid AND e.deptype = 'e')
    ELSE jsonb_exists(current_setting('axum_migrate.schemas')::jsonb, n.nspname) END),
extended AS (SELECT classid, objid FROM pg_depend WHERE deptype = 'e')
";

pub(super) const COLUMNS: &str = "\
SELECT l.schema_name, c.relname::text AS table_name, obj_description(c.oid, 'pg_class') AS table_comment,
  c.relpersistence = 'u' AS unlogged, to_json(nullif(c.reloptions || array(
    SELECT 'toast.' || o FROM pg_class w, unnest(w.reloptions) o WHERE w.oid = c.reltoastrelid), '{}'))::text AS storage,
  a.attname::text AS name, format_type(a.atttypid, a.atttypmod) AS ty, a.attnotnull AS not_null,
  pg_get_expr(d.adbin, d.adrelid) AS default_value, a.attidentity::text AS identity,
  a.attgenerated::text AS generated,
  CASE WHEN a.attcollation <> t.typcollation THEN
    CASE WHEN pg_collation_is_visible(k.oid) THEN '' ELSE quote_ident(kn.nspname) || '.' END
    || quote_ident(k.collname) END AS collation,
  col_description(c.oid, a.attnum) AS comment,
  s.oid::regclass::text AS sequence, s.counter
FROM looked l
JOIN pg_class c ON c.relnamespace = l.oid
LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_collation k ON k.oid = a.attcollation
LEFT JOIN pg_namespace kn ON kn.oid = k.collnamespace
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
LEFT JOIN LATERAL (
  SELECT q.seqrelid AS oid, json_build_object('ty', format_type(CASE a.attidentity WHEN '' THEN q.seqtypid ELSE a.atttypid END, NULL), 'start', q.seqstart,
    'increment', q.seqincrement, 'min', q.seqmin, 'max', q.seqmax, 'cache', q.seqcache, 'cycle', q.seqcycle)::text
    AS counter
  FROM pg_depend o JOIN pg_sequence q ON q.seqrelid = o.objid
  WHERE o.classid = 'pg_class'::regclass AND o.refclassid = 'pg_class'::regclass
    AND o.refobjid = c.oid AND o.refobjsubid = a.attnum
    AND (o.deptype = 'i' OR o.deptype = 'a' AND EXISTS (
      SELECT 1 FROM pg_depend u WHERE u.classid = 'pg_attrdef'::regclass AND u.objid = d.oid
        AND u.refclassid = 'pg_class'::regclass AND u.refobjid = q.seqrelid))
  LIMIT 1) s ON a.attidentity <> '' OR d.oid IS NOT NULL
WHERE c.relkind = 'r' AND NOT c.relispartition
  AND NOT EXISTS (SELECT 1 FROM pg_inherits h WHERE h.inhrelid = c.oid)
  AND NOT EXISTS (SELECT 1 FROM extended e WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid)
ORDER BY l.schema_name NULLS FIRST, c.relname, a.attnum";

pub(super) const CONSTRAINTS: &str = "\
SELECT l.schema_name, c.relname::text AS table_name, k.conname::text AS name, k.contype::text AS kind,
  (SELECT json_agg(a.attname ORDER BY u.n)::text FROM unnest(k.conkey) WITH ORDINALITY u(attnum, n)
   JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.attnum) AS columns,
  f.relname::text AS foreign_table, fl.schema_name AS foreign_schema, fl.oid IS NOT NULL AS is_looked_at,
  (SELECT json_agg(a.attname ORDER BY u.n)::text FROM unnest(k.confkey) WITH ORDINALITY u(attnum, n)
   JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.attnum) AS referenced,
  (SELECT json_agg(a.attname ORDER BY u.n)::text
   FROM jsonb_array_elements_text(nullif(to_jsonb(k) -> 'confdelsetcols', 'null')) WITH ORDINALITY u(attnum, n)
   JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.attnum::int) AS set_columns,
  k.confdeltype::text AS on_delete, k.confupdtype::text AS on_update, k.confmatchtype = 'f' AS match_full,
  k.condeferrable AS is_deferrable, k.condeferred AS is_deferred, k.convalidated AS is_valid,
  k.connoinherit AS no_inherit, obj_description(k.oid, 'pg_constraint') AS comment,
  CASE WHEN k.contype = 'c' THEN pg_get_expr(k.conbin, k.conrelid) END AS expression,
  CASE WHEN k.contype = 'x' OR k.contype = 'f' AND fl.oid IS NULL THEN
    format('ALTER TABLE %s ADD CONSTRAINT %I %s', c.oid::regclass, k.conname, pg_get_constraintdef(k.oid)) END
    AS definition,
  CASE WHEN k.contype IN ('p', 'u') THEN
    (SELECT json_agg(a.attname ORDER BY u.n)::text FROM unnest(i.indkey::int2[]) WITH ORDINALITY u(attnum, n)
     JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = u.attnum WHERE u.n > i.indnkeyatts) END AS include,
  coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::bool, false) AS nulls_not_distinct,
  to_json(x.reloptions)::text AS storage
FROM looked l
JOIN pg_class c ON c.relnamespace = l.oid
JOIN pg_constraint k ON k.conrelid = c.oid
LEFT JOIN pg_class f ON f.oid = k.confrelid
LEFT JOIN looked fl ON fl.oid = f.relnamespace
LEFT JOIN pg_index i ON i.indexrelid = k.conindid AND k.contype IN ('p', 'u')
LEFT JOIN pg_class x ON x.oid = i.indexrelid
WHERE k.contype IN ('p', 'u', 'f', 'c', 'x') AND k.conparentid = 0
ORDER BY l.schema_name NULLS FIRST, c.relname, k.conname";

pub(super) const INDEXES: &str = "\
SELECT l.schema_name, c.relname::text AS table_name, x.relname::text AS name, i.indisunique AS is_unique,
  m.amname::text AS method, pg_get_expr(i.indpred, i.indrelid) AS predicate, NOT i.indisvalid AS invalid,
  to_json(x.reloptions)::text AS storage, obj_description(x.oid, 'pg_class') AS comment,
  coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::bool, false) AS nulls_not_distinct,
  (SELECT json_agg(json_build_object(
      'included', u.n > i.indnkeyatts, 'column', a.attname,
      'text', pg_get_indexdef(i.indexrelid, u.n::int, false),
      'options', i.indoption[u.n::int - 1],
      'opclass', CASE WHEN NOT o.opcdefault OR own.attoptions IS NOT NULL THEN
        CASE WHEN pg_opclass_is_visible(o.oid) THEN '' ELSE quote_ident(os.nspname) || '.' END
        || quote_ident(o.opcname) END,
      'parameters', own.attoptions,
      'collation', CASE WHEN i.indcollation[u.n::int - 1] <> coalesce(a.attcollation, t.typcollation) THEN
        CASE WHEN pg_collation_is_visible(k.oid) THEN '' ELSE quote_ident(ks.nspname) || '.' END
        || quote_ident(k.collname) END) ORDER BY u.n)::text
   FROM unnest(i.indkey::int2[]) WITH ORDINALITY u(attnum, n)
   LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = u.attnum AND u.attnum <> 0
   LEFT JOIN pg_attribute own ON own.attrelid = i.indexrelid AND own.attnum = u.n
   LEFT JOIN pg_type t ON t.oid = own.atttypid
   LEFT JOIN pg_opclass o ON o.oid = i.indclass[u.n::int - 1]
   LEFT JOIN pg_namespace os ON os.oid = o.opcnamespace
   LEFT JOIN pg_collation k ON k.oid = i.indcollation[u.n::int - 1]
   LEFT JOIN pg_namespace ks ON ks.oid = k.collnamespace) AS keys
FROM looked l
JOIN pg_class c ON c.relnamespace = l.oid
JOIN pg_index i ON i.indrelid = c.oid
JOIN pg_class x ON x.oid = i.indexrelid
JOIN pg_am m ON m.oid = x.relam
WHERE i.indislive AND c.relkind = 'r'
  AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
ORDER BY l.schema_name NULLS FIRST, c.relname, x.relname";

pub(super) const ENUMS: &str = "\
SELECT l.schema_name, t.typname::text AS name, format_type(t.oid, NULL) AS ty,
  obj_description(t.oid, 'pg_type') AS comment,
  (SELECT json_agg(e.enumlabel ORDER BY e.enumsortorder)::text FROM pg_enum e WHERE e.enumtypid = t.oid) AS labels
FROM looked l
JOIN pg_type t ON t.typnamespace = l.oid
WHERE t.typtype = 'e'
  AND NOT EXISTS (SELECT 1 FROM extended e WHERE e.classid = 'pg_type'::regclass AND e.objid = t.oid)
ORDER BY 1 NULLS FIRST, 2";

/// Whatever else there is, with the statements that make it and what it reads.
pub(super) const OBJECTS: &str = "\
, relations AS (
  SELECT l.schema_name, c.*, c.oid::regclass::text AS ident,
    concat_ws(E';\\n',
      CASE WHEN c.relowner <> (SELECT oid FROM pg_roles WHERE rolname = current_user) THEN
        format('ALTER TABLE %s OWNER TO %I', c.oid::regclass, pg_get_userbyid(c.relowner)) END,
      (SELECT string_agg(format('GRANT %s ON %s TO %s%s', g.privilege_type, c.oid::regclass,
          CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END,
          CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END), E';\\n' ORDER BY g.grantee, g.privilege_type)
       FROM aclexplode(c.relacl) g WHERE g.grantee <> c.relowner),
      (SELECT string_agg(format('GRANT %s (%I) ON %s TO %s%s', g.privilege_type, a.attname, c.oid::regclass,
          CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END,
          CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END), E';\\n' ORDER BY a.attnum, g.grantee)
       FROM pg_attribute a, aclexplode(a.attacl) g
       WHERE a.attrelid = c.oid AND a.attnum > 0 AND g.grantee <> c.relowner)) AS privileges,
    concat_ws(E';\\n',
      (SELECT string_agg(pg_get_indexdef(i.indexrelid, 0, true), E';\\n' ORDER BY i.indexrelid)
       FROM pg_index i WHERE i.indrelid = c.oid AND c.relkind = 'm'),
      (SELECT string_agg(format('ALTER VIEW %s ALTER COLUMN %I SET DEFAULT %s', c.oid::regclass, a.attname, pg_get_expr(d.adbin, d.adrelid)),
         E';\\n' ORDER BY a.attnum)
       FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum WHERE d.adrelid = c.oid AND c.relkind = 'v'),
      'COMMENT ON ' || CASE c.relkind WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'VIEW' END || ' ' || c.oid::regclass
        || ' IS ' || quote_literal(obj_description(c.oid, 'pg_class')),
      (SELECT string_agg(format('COMMENT ON COLUMN %s.%I IS %L', c.oid::regclass, a.attname,
          col_description(c.oid, a.attnum)), E';\\n' ORDER BY a.attnum)
       FROM pg_attribute a WHERE a.attrelid = c.oid AND col_description(c.oid, a.attnum) IS NOT NULL)) AS more
  FROM looked l JOIN pg_class c ON c.relnamespace = l.oid
  WHERE c.relkind IN ('v', 'm', 'f', 'p', 'r', 'S')),
objects AS (
  SELECT CASE c.relkind WHEN 'v' THEN 'view' ELSE 'materialized view' END AS kind, c.schema_name,
    c.relname::text AS name, NULL::text AS table_schema, NULL::text AS table_name,
    concat_ws(E';\\n',
      CASE c.relkind WHEN 'v' THEN 'CREATE VIEW ' ELSE 'CREATE MATERIALIZED VIEW ' END || c.ident
      || coalesce(' WITH (' || array_to_string(c.reloptions, ', ') || ')', '')
      || E' AS\\n' || rtrim(pg_get_viewdef(c.oid), ';')
      || CASE WHEN c.relkind = 'm' AND NOT c.relispopulated THEN E'\\nWITH NO DATA' ELSE '' END, nullif(c.more, ''))
    AS sql,
    nullif(replace(c.privileges, 'ALTER TABLE ', CASE c.relkind WHEN 'v' THEN 'ALTER VIEW ' ELSE 'ALTER MATERIALIZED VIEW ' END), '')
    AS privileges,
    'pg_rewrite'::regclass AS class, w.oid AS object, c.oid AS owner
  FROM relations c JOIN pg_rewrite w ON w.ev_class = c.oid AND w.rulename = '_RETURN'
  WHERE c.relkind IN ('v', 'm')
    AND NOT EXISTS (SELECT 1 FROM extended e WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid)
UNION ALL
  SELECT CASE WHEN c.relispartition THEN 'partition' WHEN c.relkind = 'f' THEN 'foreign table'
      WHEN c.relkind = 'p' THEN 'partitioned table'
      WHEN EXISTS (SELECT 1 FROM pg_inherits h WHERE h.inhrelid = c.oid) THEN 'inheriting table'
      ELSE 'table of an extension' END,
    c.schema_name, c.relname, NULL, NULL,
    CASE WHEN c.relkind = 'f' OR EXISTS (SELECT 1 FROM extended e WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid)
    THEN NULL ELSE concat_ws(E';\\n', CASE WHEN c.relispartition THEN format('CREATE TABLE %s PARTITION OF %s %s', c.ident, p.parents,
        pg_get_expr(c.relpartbound, c.oid))
      ELSE format('CREATE TABLE %s (%s)', c.ident, (SELECT string_agg(line, ', ') FROM (
        SELECT concat_ws(' ', quote_ident(a.attname), format_type(a.atttypid, a.atttypmod),
          CASE WHEN a.attcollation <> t.typcollation THEN 'COLLATE ' || a.attcollation::regcollation END,
          CASE a.attidentity WHEN 'a' THEN 'GENERATED ALWAYS AS IDENTITY' WHEN 'd' THEN 'GENERATED BY DEFAULT AS IDENTITY' END,
          CASE WHEN d.oid IS NOT NULL THEN format(CASE a.attgenerated WHEN 's' THEN 'GENERATED ALWAYS AS (%s) STORED' ELSE 'DEFAULT %s' END,
            pg_get_expr(d.adbin, d.adrelid)) END,
          CASE WHEN a.attnotnull THEN 'NOT NULL' END) AS line
        FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attislocal ORDER BY a.attnum) columns))
      || coalesce(' INHERITS (' || p.parents || ')', '') END
      || CASE WHEN c.relkind = 'p' THEN ' PARTITION BY ' || pg_get_partkeydef(c.oid) ELSE '' END
      || coalesce(' WITH (' || array_to_string(c.reloptions, ', ') || ')', ''),
    (SELECT string_agg(format('ALTER TABLE %s ADD CONSTRAINT %I %s', c.ident, k.conname, pg_get_constraintdef(k.oid)), E';\\n' ORDER BY k.contype, k.conname)
     FROM pg_constraint k WHERE k.conrelid = c.oid AND k.conislocal AND k.conparentid = 0 AND k.contype IN ('p', 'u', 'c', 'x')),
    (SELECT string_agg(pg_get_indexdef(i.indexrelid, 0, true), E';\\n' ORDER BY i.indexrelid) FROM pg_index i
     WHERE i.indrelid = c.oid AND NOT EXISTS (SELECT 1 FROM pg_inherits h WHERE h.inhrelid = i.indexrelid)
       AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))),
    (SELECT string_agg(format('ALTER SEQUENCE %s OWNED BY %s.%I', o.objid::regclass, c.ident, a.attname), E';\\n' ORDER BY a.attnum)
     FROM pg_depend o JOIN pg_class s ON s.oid = o.objid AND s.relkind = 'S' JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = o.refobjsubid
     WHERE o.classid = 'pg_class'::regclass AND o.refclassid = 'pg_class'::regclass AND o.refobjid = c.oid AND o.deptype = 'a'),
    CASE WHEN NOT c.relispartition THEN nullif(replace(c.more, 'COMMENT ON VIEW', 'COMMENT ON TABLE'), '') END) END,
    NULL, 'pg_class'::regclass, c.oid, 0
  FROM relations c, LATERAL (SELECT string_agg(h.inhparent::regclass::text, ', ' ORDER BY h.inhseqno) AS parents
    FROM pg_inherits h WHERE h.inhrelid = c.oid) p
  WHERE c.relkind IN ('f', 'p') OR c.relkind = 'r' AND (c.relispartition
    OR EXISTS (SELECT 1 FROM pg_inherits h WHERE h.inhrelid = c.oid)
    OR EXISTS (SELECT 1 FROM extended e WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid))
UNION ALL
  SELECT 'sequence', c.schema_name, c.relname, NULL, NULL,
    format('CREATE SEQUENCE %s AS %s START WITH %s INCREMENT BY %s MINVALUE %s MAXVALUE %s CACHE %s%s', c.ident,
      format_type(q.seqtypid, NULL), q.seqstart, q.seqincrement, q.seqmin, q.seqmax, q.seqcache,
      CASE WHEN q.seqcycle THEN ' CYCLE' ELSE '' END),
    NULL, 'pg_class'::regclass, c.oid, 0
  FROM relations c JOIN pg_sequence q ON q.seqrelid = c.oid
  WHERE NOT EXISTS (SELECT 1 FROM pg_depend o
    WHERE o.classid = 'pg_class'::regclass AND o.objid = c.oid AND o.deptype IN ('i', 'e'))
UNION ALL
  SELECT 'foreign key', c.schema_name, k.conname, c.schema_name, c.relname,
    format('ALTER TABLE %s ADD CONSTRAINT %I %s', c.ident, k.conname, pg_get_constraintdef(k.oid)), NULL, 'pg_class'::regclass, 0, 0
  FROM relations c JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'f' AND k.conislocal AND k.conparentid = 0
  WHERE c.relkind = 'p' OR c.relkind = 'r' AND EXISTS (SELECT 1 FROM pg_inherits h WHERE h.inhrelid = c.oid)
UNION ALL
  SELECT 'row security', c.schema_name, c.relname, c.schema_name, c.relname,
    format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', c.ident)
    || CASE WHEN c.relforcerowsecurity THEN format(E';\\nALTER TABLE %s FORCE ROW LEVEL SECURITY', c.ident) ELSE '' END,
    NULL, 'pg_class'::regclass, 0, 0
  FROM relations c WHERE c.relrowsecurity AND c.relkind = 'r'
UNION ALL
  SELECT 'trigger', c.schema_name, t.tgname, c.schema_name, c.relname,
    concat_ws(E';\\n', pg_get_triggerdef(t.oid, true),
      CASE t.tgenabled WHEN 'O' THEN NULL ELSE format('ALTER TABLE %s %s TRIGGER %I', c.ident,
        CASE t.tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'A' THEN 'ENABLE ALWAYS' ELSE 'ENABLE REPLICA' END, t.tgname) END,
      format('COMMENT ON TRIGGER %I ON %s IS ', t.tgname, c.ident) || quote_literal(obj_description(t.oid, 'pg_trigger'))),
    NULL, 'pg_trigger'::regclass, t.oid, 0
  FROM relations c JOIN pg_trigger t ON t.tgrelid = c.oid WHERE NOT t.tgisinternal AND NOT c.relispartition
UNION ALL
  SELECT 'row security policy', c.schema_name, p.polname, c.schema_name, c.relname,
    format('CREATE POLICY %I ON %s AS %s FOR %s TO %s', p.polname, c.ident,
      CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
      CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
      (SELECT string_agg(CASE r WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(r)) END, ', ') FROM unnest(p.polroles) r))
    || coalesce(' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')', '')
    || coalesce(' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')', '')
    || coalesce(format(E';\\nCOMMENT ON POLICY %I ON %s IS ', p.polname, c.ident)
      || quote_literal(obj_description(p.oid, 'pg_policy')), ''),
    NULL, 'pg_policy'::regclass, p.oid, 0
  FROM relations c JOIN pg_policy p ON p.polrelid = c.oid
UNION ALL
  SELECT 'rule', c.schema_name, w.rulename, c.schema_name, c.relname, rtrim(pg_get_ruledef(w.oid, true), ';'),
    NULL, 'pg_rewrite'::regclass, w.oid, 0
  FROM relations c JOIN pg_rewrite w ON w.ev_class = c.oid AND w.rulename <> '_RETURN'
UNION ALL
  SELECT 'statistics', l.schema_name, s.stxname, c.schema_name, c.relname,
    replace(pg_get_statisticsobjdef(s.oid), format('CREATE STATISTICS %I.', l.nspname),
      CASE WHEN l.schema_name IS NULL THEN 'CREATE STATISTICS ' ELSE format('CREATE STATISTICS %I.', l.nspname) END),
    NULL, 'pg_class'::regclass, 0, 0
  FROM looked l JOIN pg_statistic_ext s ON s.stxnamespace = l.oid JOIN relations c ON c.oid = s.stxrelid
UNION ALL
  SELECT CASE p.prokind WHEN 'a' THEN 'aggregate' WHEN 'p' THEN 'procedure' ELSE 'function' END, NULL,
    p.oid::regprocedure::text, NULL, NULL,
    CASE WHEN p.prokind = 'a' THEN NULL WHEN l.schema_name IS NULL THEN
      replace(rtrim(pg_get_functiondef(p.oid), E'\\n'), format('CREATE OR REPLACE %s %I.', k.word, l.nspname),
        format('CREATE OR REPLACE %s ', k.word)) ELSE rtrim(pg_get_functiondef(p.oid), E'\\n') END,
    NULL, 'pg_proc'::regclass, p.oid, 0
  FROM looked l JOIN pg_proc p ON p.pronamespace = l.oid,
    LATERAL (SELECT CASE p.prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END AS word) k
  WHERE NOT EXISTS (SELECT 1 FROM extended e WHERE e.classid = 'pg_proc'::regclass AND e.objid = p.oid)
    AND NOT EXISTS (SELECT 1 FROM pg_depend i WHERE i.classid = 'pg_proc'::regclass AND i.objid = p.oid AND i.deptype = 'i')
UNION ALL
  SELECT CASE t.typtype WHEN 'd' THEN 'domain' WHEN 'r' THEN 'range type' ELSE 'composite type' END, l.schema_name,
    t.typname, NULL, NULL,
    CASE t.typtype
    WHEN 'd' THEN 'CREATE DOMAIN ' || t.oid::regtype || ' AS ' || format_type(t.typbasetype, t.typtypmod)
      || coalesce((SELECT ' COLLATE ' || CASE WHEN pg_collation_is_visible(k.oid) THEN '' ELSE quote_ident(s.nspname) || '.' END || quote_ident(k.collname)
        FROM pg_collation k JOIN pg_namespace s ON s.oid = k.collnamespace JOIN pg_type b ON b.oid = t.typbasetype
        WHERE k.oid = t.typcollation AND t.typcollation <> b.typcollation), '')
      || coalesce(' DEFAULT ' || t.typdefault, '') || CASE WHEN t.typnotnull THEN ' NOT NULL' ELSE '' END
      || coalesce((SELECT string_agg(format(' CONSTRAINT %I %s', k.conname, pg_get_constraintdef(k.oid)), '' ORDER BY k.conname)
        FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c' AND k.convalidated), '')
      || coalesce((SELECT string_agg(format(E';\\nALTER DOMAIN %s ADD CONSTRAINT %I %s', t.oid::regtype, k.conname, pg_get_constraintdef(k.oid)), '' ORDER BY k.conname)
        FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c' AND NOT k.convalidated), '')
    WHEN 'r' THEN (SELECT format('CREATE TYPE %s AS RANGE (SUBTYPE = %s)', t.oid::regtype, format_type(r.rngsubtype, NULL))
      FROM pg_range r WHERE r.rngtypid = t.oid AND r.rngcanonical = 0)
    ELSE (SELECT format('CREATE TYPE %s AS (%s)', t.oid::regtype, string_agg(format('%I %s', a.attname,
        format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY a.attnum))
      FROM pg_attribute a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped) END,
    NULL, CASE t.typtype WHEN 'c' THEN 'pg_class'::regclass ELSE 'pg_type'::regclass END,
    CASE t.typtype WHEN 'c' THEN t.typrelid ELSE t.oid END, t.oid
  FROM looked l JOIN pg_type t ON t.typnamespace = l.oid LEFT JOIN pg_class c ON c.oid = t.typrelid
  WHERE (t.typtype IN ('d', 'r') OR t.typtype = 'c' AND c.relkind = 'c')
    AND NOT EXISTS (SELECT 1 FROM extended e WHERE e.classid = 'pg_type'::regclass AND e.objid = t.oid)
UNION ALL
  SELECT 'collation', l.schema_name, k.collname, NULL, NULL,
    format('CREATE COLLATION %s%I (PROVIDER = %s, %s%s)', CASE WHEN l.schema_name IS NULL THEN '' ELSE quote_ident(l.nspname) || '.' END,
      k.collname, CASE k.collprovider WHEN 'i' THEN 'icu' ELSE 'libc' END,
      CASE k.collprovider WHEN 'i' THEN format('LOCALE = %L', coalesce(to_jsonb(k) ->> 'colliculocale', to_jsonb(k) ->> 'colllocale', k.collcollate))
        ELSE format('LC_COLLATE = %L, LC_CTYPE = %L', k.collcollate, k.collctype) END,
      CASE WHEN k.collisdeterministic THEN '' ELSE ', DETERMINISTIC = false' END),
    NULL, 'pg_class'::regclass, 0, 0
  FROM looked l JOIN pg_collation k ON k.collnamespace = l.oid
UNION ALL
  SELECT 'extension', NULL, x.extname, NULL, NULL,
    CASE WHEN n.nspname = current_schema() OR n.nspname = 'pg_catalog' THEN format('CREATE EXTENSION IF NOT EXISTS %I', x.extname)
    ELSE format(E'CREATE SCHEMA IF NOT EXISTS %I;\\nCREATE EXTENSION IF NOT EXISTS %I WITH SCHEMA %I', n.nspname, x.extname, n.nspname) END,
    NULL, 'pg_class'::regclass, 0, 0
  FROM pg_extension x JOIN pg_namespace n ON n.oid = x.extnamespace WHERE x.extname <> 'plpgsql')
SELECT o.kind, o.schema_name, o.name, o.table_schema, o.table_name, o.sql, o.privileges,
  (SELECT json_agg(DISTINCT jsonb_build_object(
      'schema', CASE WHEN d.refclassid = 'pg_proc'::regclass THEN NULL ELSE nullif(n.nspname::text, current_schema()) END,
      'name', CASE WHEN d.refclassid = 'pg_proc'::regclass THEN d.refobjid::regprocedure::text
        ELSE coalesce(c.relname, t.typname)::text END,
      'column', a.attname))::text
   FROM pg_depend d
   LEFT JOIN pg_type y ON d.refclassid = 'pg_type'::regclass AND y.oid = d.refobjid
   LEFT JOIN pg_type t ON t.oid = CASE WHEN y.typcategory = 'A' THEN y.typelem ELSE y.oid END
   LEFT JOIN pg_class c ON c.oid = CASE WHEN d.refclassid = 'pg_class'::regclass THEN d.refobjid ELSE nullif(t.typrelid, 0) END
   LEFT JOIN pg_namespace n ON n.oid = coalesce(c.relnamespace, t.typnamespace)
   LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid AND d.refobjsubid > 0
   WHERE d.classid = o.class AND d.objid = o.object AND d.deptype IN ('n', 'a') AND d.refobjid >= 16384
     AND d.refobjid <> o.owner AND (c.oid IS NOT NULL OR t.oid IS NOT NULL OR d.refclassid = 'pg_proc'::regclass)) AS reads
FROM objects o
ORDER BY 1, 2 NULLS FIRST, 3, 5";
