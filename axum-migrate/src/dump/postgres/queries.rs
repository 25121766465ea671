//! What the catalog is asked for. Each answers with JSON, in the names of `super::Object` and its like.
//!
//! The server writes names without their schema where that is the current one, which is what makes the statements work
//! elsewhere; where it insists on writing it, it is taken out here, in the one place where it stands.

/// The current schema, and who is not an extension's.
macro_rules! in_schema {
    ($namespace:literal) => {
        concat!(
            $namespace,
            " = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())"
        )
    };
}
macro_rules! not_of_extension {
    ($class:literal, $oid:literal) => {
        concat!(
            "NOT EXISTS (SELECT 1 FROM pg_depend e WHERE e.classid = '",
            $class,
            "'::regclass AND e.objid = ",
            $oid,
            " AND e.deptype = 'e')"
        )
    };
}

pub(super) const EXTENSIONS: &str = "\
SELECT format('CREATE EXTENSION IF NOT EXISTS %I', extname)
  || CASE WHEN n.nspname IN (current_schema(), 'pg_catalog', 'public') THEN '' ELSE format(' WITH SCHEMA %I', n.nspname) END AS value
FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE extname <> 'plpgsql' ORDER BY extname";

pub(super) const TYPES: &str = concat!(
    "\
SELECT json_build_object('key', 't' || t.oid, 'kind', CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain' ELSE 'type' END,
  'name', t.typname, 'sql', CASE t.typtype
    WHEN 'e' THEN format('CREATE TYPE %I AS ENUM (%s)', t.typname,
      (SELECT coalesce(string_agg(quote_literal(enumlabel), ', ' ORDER BY enumsortorder), '') FROM pg_enum WHERE enumtypid = t.oid))
    WHEN 'd' THEN format('CREATE DOMAIN %I AS %s', t.typname, format_type(t.typbasetype, t.typtypmod))
      || CASE WHEN t.typcollation <> b.typcollation THEN ' COLLATE ' || t.typcollation::regcollation ELSE '' END
      || coalesce(' DEFAULT ' || pg_get_expr(t.typdefaultbin, 0), '') || CASE WHEN t.typnotnull THEN ' NOT NULL' ELSE '' END
      || (SELECT coalesce(string_agg(format(' CONSTRAINT %I %s', conname, pg_get_constraintdef(k.oid)), '' ORDER BY conname), '')
          FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c')
    WHEN 'c' THEN format('CREATE TYPE %I AS (%s)', t.typname,
      (SELECT coalesce(string_agg(format('%I %s', attname, format_type(atttypid, atttypmod))
         || CASE WHEN a.attcollation <> y.typcollation THEN ' COLLATE ' || a.attcollation::regcollation ELSE '' END, ', ' ORDER BY attnum), '')
       FROM pg_attribute a JOIN pg_type y ON y.oid = a.atttypid WHERE attrelid = t.typrelid AND attnum > 0 AND NOT attisdropped))
    WHEN 'r' THEN format('CREATE TYPE %I AS RANGE (SUBTYPE = %s', t.typname, format_type(r.rngsubtype, NULL))
      || CASE WHEN NOT o.opcdefault THEN format(', SUBTYPE_OPCLASS = %I', o.opcname) ELSE '' END
      || CASE WHEN r.rngsubdiff <> 0 THEN ', SUBTYPE_DIFF = ' || r.rngsubdiff::regproc ELSE '' END || ')'
    END, 'drop', format(CASE t.typtype WHEN 'd' THEN 'DROP DOMAIN %I' ELSE 'DROP TYPE %I' END, t.typname)) AS value
FROM pg_type t
LEFT JOIN pg_type b ON b.oid = t.typbasetype
LEFT JOIN pg_class c ON c.oid = t.typrelid
LEFT JOIN pg_range r ON r.rngtypid = t.oid
LEFT JOIN pg_opclass o ON o.oid = r.rngsubopc
WHERE ",
    in_schema!("t.typnamespace"),
    " AND (t.typtype IN ('e', 'd', 'r') OR t.typtype = 'c' AND c.relkind = 'c') AND ",
    not_of_extension!("pg_type", "t.oid"),
    " ORDER BY t.typname"
);

pub(super) const FUNCTIONS: &str = concat!(
    "\
SELECT json_build_object('key', 'p' || p.oid, 'kind', 'function', 'name', p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')',
  'sql', CASE WHEN a.aggfnoid IS NULL THEN
    regexp_replace(replace(pg_get_functiondef(p.oid), format('%I.%I(', n.nspname, p.proname), format('%I(', p.proname)),
      '^CREATE OR REPLACE', 'CREATE')
  ELSE format('CREATE AGGREGATE %I(%s) (SFUNC = %s, STYPE = %s', p.proname,
      CASE WHEN pg_get_function_arguments(p.oid) = '' THEN '*' ELSE pg_get_function_arguments(p.oid) END,
      a.aggtransfn, format_type(a.aggtranstype, NULL))
    || CASE WHEN a.aggtransspace > 0 THEN ', SSPACE = ' || a.aggtransspace ELSE '' END
    || CASE WHEN a.aggfinalfn <> 0 THEN ', FINALFUNC = ' || a.aggfinalfn ELSE '' END
    || CASE WHEN a.aggfinalextra THEN ', FINALFUNC_EXTRA' ELSE '' END
    || CASE WHEN a.aggcombinefn <> 0 THEN ', COMBINEFUNC = ' || a.aggcombinefn ELSE '' END
    || coalesce(', INITCOND = ' || quote_literal(a.agginitval), '')
    || CASE WHEN a.aggsortop <> 0 THEN ', SORTOP = ' || a.aggsortop::regoperator ELSE '' END
    || CASE p.proparallel WHEN 's' THEN ', PARALLEL = SAFE' WHEN 'r' THEN ', PARALLEL = RESTRICTED' ELSE '' END || ')' END,
  'drop', format('DROP %s %I(%s)', CASE WHEN a.aggfnoid IS NOT NULL THEN 'AGGREGATE' WHEN p.prokind = 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END,
    p.proname, CASE WHEN a.aggfnoid IS NOT NULL AND pg_get_function_identity_arguments(p.oid) = '' THEN '*'
               ELSE pg_get_function_identity_arguments(p.oid) END)) AS value
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace LEFT JOIN pg_aggregate a ON a.aggfnoid = p.oid
WHERE ",
    in_schema!("p.pronamespace"),
    " AND NOT EXISTS (SELECT 1 FROM pg_depend i WHERE i.classid = 'pg_proc'::regclass AND i.objid = p.oid AND i.deptype IN ('e', 'i'))
ORDER BY p.proname"
);

pub(super) const OPERATORS: &str = concat!(
    "\
SELECT json_build_object('key', 'o' || o.oid, 'kind', 'operator', 'name', o.oprname,
  'sql', format('CREATE OPERATOR %s (FUNCTION = %s', o.oprname, o.oprcode)
  || CASE WHEN o.oprleft <> 0 THEN ', LEFTARG = ' || format_type(o.oprleft, NULL) ELSE '' END
  || CASE WHEN o.oprright <> 0 THEN ', RIGHTARG = ' || format_type(o.oprright, NULL) ELSE '' END
  || CASE WHEN o.oprcom <> 0 THEN format(', COMMUTATOR = OPERATOR(%s)', c.oprname) ELSE '' END
  || CASE WHEN o.oprnegate <> 0 THEN format(', NEGATOR = OPERATOR(%s)', g.oprname) ELSE '' END
  || CASE WHEN o.oprrest <> 0 THEN ', RESTRICT = ' || o.oprrest ELSE '' END || CASE WHEN o.oprjoin <> 0 THEN ', JOIN = ' || o.oprjoin ELSE '' END
  || CASE WHEN o.oprcanhash THEN ', HASHES' ELSE '' END || CASE WHEN o.oprcanmerge THEN ', MERGES' ELSE '' END || ')',
  'drop', format('DROP OPERATOR %s (%s, %s)', o.oprname, CASE WHEN o.oprleft = 0 THEN 'NONE' ELSE format_type(o.oprleft, NULL) END,
    CASE WHEN o.oprright = 0 THEN 'NONE' ELSE format_type(o.oprright, NULL) END)) AS value
FROM pg_operator o LEFT JOIN pg_operator c ON c.oid = o.oprcom LEFT JOIN pg_operator g ON g.oid = o.oprnegate
WHERE o.oprcode <> 0 AND ",
    in_schema!("o.oprnamespace"),
    " AND ",
    not_of_extension!("pg_operator", "o.oid"),
    " ORDER BY o.oprname"
);

/// What follows CREATE SEQUENCE, or stands in the parentheses of an identity.
macro_rules! sequence_options {
    () => {
        "CASE WHEN s.seqincrement <> 1 THEN ' INCREMENT BY ' || s.seqincrement ELSE '' END
  || CASE WHEN s.seqmin <> CASE WHEN s.seqincrement > 0 THEN 1 ELSE CASE s.seqtypid WHEN 'smallint'::regtype THEN -32768
       WHEN 'integer'::regtype THEN -2147483648 ELSE -9223372036854775808 END END THEN ' MINVALUE ' || s.seqmin ELSE '' END
  || CASE WHEN s.seqmax <> CASE WHEN s.seqincrement < 0 THEN -1 ELSE CASE s.seqtypid WHEN 'smallint'::regtype THEN 32767
       WHEN 'integer'::regtype THEN 2147483647 ELSE 9223372036854775807 END END THEN ' MAXVALUE ' || s.seqmax ELSE '' END
  || CASE WHEN s.seqstart <> CASE WHEN s.seqincrement > 0 THEN s.seqmin ELSE s.seqmax END THEN ' START WITH ' || s.seqstart ELSE '' END
  || CASE WHEN s.seqcache <> 1 THEN ' CACHE ' || s.seqcache ELSE '' END || CASE WHEN s.seqcycle THEN ' CYCLE' ELSE '' END"
    };
}

pub(super) const SEQUENCES: &str = concat!(
    "\
SELECT json_build_object('key', 'c' || c.oid, 'kind', 'sequence', 'name', c.relname,
  'sql', format('CREATE SEQUENCE %I', c.relname)
  || CASE WHEN s.seqtypid <> 'bigint'::regtype THEN ' AS ' || format_type(s.seqtypid, NULL) ELSE '' END || ",
    sequence_options!(),
    ",
  'drop', format('DROP SEQUENCE %I', c.relname),
  'owner', 'c' || o.refobjid,
  'owned', CASE WHEN t.oid IS NOT NULL THEN format('ALTER SEQUENCE %I OWNED BY %I.%I', c.relname, t.relname, a.attname) END) AS value
FROM pg_class c JOIN pg_sequence s ON s.seqrelid = c.oid
LEFT JOIN pg_depend o ON o.classid = 'pg_class'::regclass AND o.objid = c.oid AND o.refclassid = 'pg_class'::regclass AND o.deptype = 'a'
LEFT JOIN pg_class t ON t.oid = o.refobjid
LEFT JOIN pg_attribute a ON a.attrelid = o.refobjid AND a.attnum = o.refobjsubid
WHERE c.relkind = 'S' AND ",
    in_schema!("c.relnamespace"),
    " AND NOT EXISTS (SELECT 1 FROM pg_depend i WHERE i.classid = 'pg_class'::regclass AND i.objid = c.oid AND i.deptype IN ('i', 'e'))
ORDER BY c.relname"
);

pub(super) const TABLES: &str = concat!(
    "\
SELECT json_build_object('key', 'c' || c.oid, 'kind', 'table', 'name', c.relname,
  'sql', format('CREATE %sTABLE %I', CASE c.relpersistence WHEN 'u' THEN 'UNLOGGED ' ELSE '' END, c.relname),
  'partition_of', CASE WHEN c.relispartition THEN (SELECT format('%s %s', i.inhparent::regclass, pg_get_expr(c.relpartbound, c.oid))
    FROM pg_inherits i WHERE i.inhrelid = c.oid) END,
  'lines', (SELECT coalesce(json_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod))
      || CASE WHEN a.attcollation <> t.typcollation THEN ' COLLATE ' || a.attcollation::regcollation ELSE '' END
      || CASE WHEN a.attgenerated = '' THEN coalesce(' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), '')
         ELSE format(' GENERATED ALWAYS AS (%s)%s', pg_get_expr(d.adbin, d.adrelid), CASE a.attgenerated WHEN 's' THEN ' STORED' ELSE '' END) END
      || CASE WHEN a.attidentity = '' THEN '' ELSE format(' GENERATED %s AS IDENTITY', CASE a.attidentity WHEN 'a' THEN 'ALWAYS' ELSE 'BY DEFAULT' END)
         || coalesce((SELECT ' (' || nullif(ltrim(CASE WHEN q.relname <> left(c.relname || '_' || a.attname || '_seq', 63) THEN format('SEQUENCE NAME %I', q.relname) ELSE '' END || ",
    sequence_options!(),
    "), '') || ')' FROM pg_depend w JOIN pg_sequence s ON s.seqrelid = w.objid JOIN pg_class q ON q.oid = w.objid
           WHERE w.classid = 'pg_class'::regclass AND w.refclassid = 'pg_class'::regclass AND w.refobjid = c.oid AND w.refobjsubid = a.attnum
             AND w.deptype = 'i'), '') END
      || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END ORDER BY a.attnum), '[]')
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND (a.attislocal OR a.attinhcount = 0) AND NOT c.relispartition),
  'constraints', (SELECT coalesce(json_agg(json_build_object('sql', format('CONSTRAINT %I %s', k.conname, pg_get_constraintdef(k.oid)),
      'name', k.conname, 'target', CASE WHEN k.contype = 'f' THEN 'c' || k.confrelid END, 'later', NOT k.convalidated)
      ORDER BY position(k.contype::text in 'pucxf'), k.conname), '[]')
    FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype IN ('p', 'u', 'c', 'x', 'f') AND k.conislocal AND k.conparentid = 0),
  'tail', coalesce((SELECT format(' INHERITS (%s)', string_agg(i.inhparent::regclass::text, ', ' ORDER BY i.inhseqno))
      FROM pg_inherits i WHERE i.inhrelid = c.oid AND NOT c.relispartition HAVING count(*) > 0), '')
    || CASE WHEN c.relkind = 'p' THEN ' PARTITION BY ' || pg_get_partkeydef(c.oid) ELSE '' END
    || coalesce(' WITH (' || array_to_string(c.reloptions, ', ') || ')', ''),
  'after', to_json(array[
    CASE WHEN c.relrowsecurity THEN format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', c.relname) END,
    CASE WHEN c.relforcerowsecurity THEN format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', c.relname) END,
    CASE c.relreplident WHEN 'f' THEN format('ALTER TABLE %I REPLICA IDENTITY FULL', c.relname)
      WHEN 'n' THEN format('ALTER TABLE %I REPLICA IDENTITY NOTHING', c.relname)
      WHEN 'i' THEN (SELECT format('ALTER TABLE %I REPLICA IDENTITY USING INDEX %I', c.relname, x.relname)
        FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid WHERE i.indrelid = c.oid AND i.indisreplident) END]
    || array(SELECT format('ALTER TABLE ONLY %I ALTER COLUMN %I %s', c.relname, a.attname, coalesce('SET DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), 'DROP DEFAULT'))
      FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
      WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND a.attinhcount > 0 AND (NOT a.attislocal OR c.relispartition)
        AND EXISTS (SELECT 1 FROM pg_inherits i JOIN pg_attribute p ON p.attrelid = i.inhparent AND p.attname = a.attname
          LEFT JOIN pg_attrdef o ON o.adrelid = p.attrelid AND o.adnum = p.attnum
          WHERE i.inhrelid = c.oid AND pg_get_expr(o.adbin, o.adrelid) IS DISTINCT FROM pg_get_expr(d.adbin, d.adrelid)) ORDER BY a.attnum)
    || array(SELECT format('ALTER TABLE ONLY %I ALTER COLUMN %I SET NOT NULL', c.relname, a.attname)
      FROM pg_attribute a
      WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attnotnull AND a.attinhcount > 0 AND (NOT a.attislocal OR c.relispartition)
        AND NOT EXISTS (SELECT 1 FROM pg_inherits i JOIN pg_attribute p ON p.attrelid = i.inhparent AND p.attname = a.attname
          WHERE i.inhrelid = c.oid AND p.attnotnull) ORDER BY a.attnum)
    || array(SELECT format('ALTER TABLE %I ALTER COLUMN %I SET STORAGE %s', c.relname, a.attname,
        CASE a.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END)
      FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
      WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attstorage <> t.typstorage AND NOT c.relispartition ORDER BY a.attnum)
    || array(SELECT format('ALTER TABLE %I ALTER COLUMN %I SET STATISTICS %s', c.relname, a.attname, a.attstattarget)
      FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attstattarget >= 0 ORDER BY a.attnum)),
  'drop', format('DROP TABLE %I', c.relname)) AS value
FROM pg_class c
WHERE c.relkind IN ('r', 'p') AND ",
    in_schema!("c.relnamespace"),
    " AND ",
    not_of_extension!("pg_class", "c.oid"),
    " ORDER BY c.relname"
);

pub(super) const VIEWS: &str = concat!(
    "\
SELECT json_build_object('key', 'c' || c.oid, 'kind', CASE c.relkind WHEN 'v' THEN 'view' ELSE 'materialized view' END, 'name', c.relname,
  'sql', format('CREATE %s %I%s AS', CASE c.relkind WHEN 'v' THEN 'VIEW' ELSE 'MATERIALIZED VIEW' END, c.relname,
    coalesce(' WITH (' || array_to_string(c.reloptions, ', ') || ')', '')) || chr(10) || rtrim(pg_get_viewdef(c.oid), ';')
    || CASE WHEN c.relkind = 'm' AND NOT c.relispopulated THEN ' WITH NO DATA' ELSE '' END,
  'drop', format('DROP %s %I', CASE c.relkind WHEN 'v' THEN 'VIEW' ELSE 'MATERIALIZED VIEW' END, c.relname)) AS value
FROM pg_class c
WHERE c.relkind IN ('v', 'm') AND ",
    in_schema!("c.relnamespace"),
    " AND ",
    not_of_extension!("pg_class", "c.oid"),
    " ORDER BY c.relname"
);

/// What belongs to a table: its indexes now, its triggers, rules and policies when everything else is there.
pub(super) const PARTS: &str = concat!(
    "\
SELECT json_build_object('key', 'c' || i.indrelid, 'kind', 'index', 'name', x.relname, 'sql',
  replace(pg_get_indexdef(x.oid), format(' %I.%I USING ', n.nspname, c.relname), format(' %I USING ', c.relname)), 'valid', i.indisvalid) AS value
FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE ",
    in_schema!("c.relnamespace"),
    " AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = x.oid AND k.contype IN ('p', 'u', 'x'))
  AND NOT EXISTS (SELECT 1 FROM pg_inherits h WHERE h.inhrelid = x.oid)
UNION ALL
SELECT json_build_object('key', 'c' || t.tgrelid, 'kind', 'trigger', 'name', t.tgname, 'sql',
  replace(pg_get_triggerdef(t.oid), format(' ON %I.%I ', n.nspname, c.relname), format(' ON %I ', c.relname)),
  'then', CASE t.tgenabled WHEN 'D' THEN format('ALTER TABLE %I DISABLE TRIGGER %I', c.relname, t.tgname)
    WHEN 'R' THEN format('ALTER TABLE %I ENABLE REPLICA TRIGGER %I', c.relname, t.tgname)
    WHEN 'A' THEN format('ALTER TABLE %I ENABLE ALWAYS TRIGGER %I', c.relname, t.tgname) END)
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE NOT t.tgisinternal AND coalesce(to_jsonb(t) ->> 'tgparentid', '0') = '0' AND ",
    in_schema!("c.relnamespace"),
    "
UNION ALL
SELECT json_build_object('key', 'c' || r.ev_class, 'kind', 'rule', 'name', r.rulename, 'sql',
  replace(pg_get_ruledef(r.oid), format(' TO %I.%I', n.nspname, c.relname), format(' TO %I', c.relname)))
FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE r.rulename <> '_RETURN' AND ",
    in_schema!("c.relnamespace"),
    "
UNION ALL
SELECT json_build_object('key', 'c' || p.polrelid, 'kind', 'policy', 'name', p.polname, 'sql',
  format('CREATE POLICY %I ON %I', p.polname, c.relname) || CASE WHEN p.polpermissive THEN '' ELSE ' AS RESTRICTIVE' END
  || ' FOR ' || CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END
  || ' TO ' || (SELECT string_agg(CASE WHEN r = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(r)) END, ', ') FROM unnest(p.polroles) r)
  || coalesce(' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')', '')
  || coalesce(' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')', ''))
FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
WHERE ",
    in_schema!("c.relnamespace")
);

pub(super) const COMMENTS: &str = concat!(
    "\
SELECT json_build_object('key', 'c' || c.oid, 'sql', CASE
    WHEN d.objsubid > 0 THEN format('COMMENT ON COLUMN %I.%I', c.relname, a.attname)
    ELSE format('COMMENT ON %s %I', CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE'
      WHEN 'i' THEN 'INDEX' WHEN 'I' THEN 'INDEX' WHEN 'c' THEN 'TYPE' ELSE 'TABLE' END, c.relname) END || ' IS ' || quote_literal(d.description)) AS value
FROM pg_description d JOIN pg_class c ON c.oid = d.objoid AND d.classoid = 'pg_class'::regclass
LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.objsubid
WHERE ",
    in_schema!("c.relnamespace"),
    " AND ",
    not_of_extension!("pg_class", "c.oid"),
    "
UNION ALL
SELECT json_build_object('key', 't' || t.oid, 'sql', format(CASE t.typtype WHEN 'd' THEN 'COMMENT ON DOMAIN %I' ELSE 'COMMENT ON TYPE %I' END, t.typname)
  || ' IS ' || quote_literal(d.description))
FROM pg_description d JOIN pg_type t ON t.oid = d.objoid AND d.classoid = 'pg_type'::regclass
WHERE ",
    in_schema!("t.typnamespace"),
    " AND ",
    not_of_extension!("pg_type", "t.oid"),
    "
UNION ALL
SELECT json_build_object('key', 'p' || p.oid, 'sql', format('COMMENT ON %s %I(%s) IS %L', CASE p.prokind WHEN 'a' THEN 'AGGREGATE' WHEN 'p' THEN 'PROCEDURE'
  ELSE 'FUNCTION' END, p.proname, pg_get_function_identity_arguments(p.oid), d.description))
FROM pg_description d JOIN pg_proc p ON p.oid = d.objoid AND d.classoid = 'pg_proc'::regclass
WHERE ",
    in_schema!("p.pronamespace"),
    " AND ",
    not_of_extension!("pg_proc", "p.oid"),
    "
UNION ALL
SELECT json_build_object('key', 'c' || c.oid, 'sql', format('COMMENT ON CONSTRAINT %I ON %I IS %L', k.conname, c.relname, d.description))
FROM pg_description d JOIN pg_constraint k ON k.oid = d.objoid AND d.classoid = 'pg_constraint'::regclass JOIN pg_class c ON c.oid = k.conrelid
WHERE ",
    in_schema!("c.relnamespace"),
    "
UNION ALL
SELECT json_build_object('key', 'c' || c.oid, 'sql', format('COMMENT ON TRIGGER %I ON %I IS %L', t.tgname, c.relname, d.description))
FROM pg_description d JOIN pg_trigger t ON t.oid = d.objoid AND d.classoid = 'pg_trigger'::regclass JOIN pg_class c ON c.oid = t.tgrelid
WHERE ",
    in_schema!("c.relnamespace")
);

/// What needs what: the key of the dependent, a blank, the key of what it needs. Parts of a table count as the table;
/// foreign keys do not count, nor does what a sequence belongs to.
pub(super) const EDGES: &str = "\
WITH class AS (SELECT c.oid, CASE WHEN c.relkind = 'c' THEN 't' || c.reltype WHEN i.indrelid IS NOT NULL THEN 'c' || i.indrelid ELSE 'c' || c.oid END AS key,
    c.relkind = 'S' AS counts FROM pg_class c LEFT JOIN pg_index i ON i.indexrelid = c.oid WHERE c.oid >= 16384),
  type AS (SELECT t.oid, CASE WHEN e.oid IS NOT NULL THEN coalesce(f.key, 't' || e.oid) WHEN m.rngtypid IS NOT NULL THEN 't' || m.rngtypid
      ELSE coalesce(f.key, 't' || t.oid) END AS key
    FROM pg_type t LEFT JOIN pg_type e ON e.typarray = t.oid LEFT JOIN class f ON f.oid = coalesce(e.typrelid, t.typrelid) AND f.oid <> 0
    LEFT JOIN (SELECT rngtypid, (to_jsonb(r) ->> 'rngmultitypid')::oid AS multi FROM pg_range r) m ON m.multi = t.oid WHERE t.oid >= 16384),
  pair AS (SELECT CASE d.classid WHEN 'pg_class'::regclass THEN (SELECT key FROM class WHERE oid = d.objid AND NOT counts)
      WHEN 'pg_attrdef'::regclass THEN (SELECT 'c' || adrelid FROM pg_attrdef WHERE oid = d.objid)
      WHEN 'pg_constraint'::regclass THEN (SELECT CASE WHEN conrelid <> 0 THEN 'c' || conrelid ELSE 't' || contypid END
        FROM pg_constraint WHERE oid = d.objid AND contype <> 'f')
      WHEN 'pg_rewrite'::regclass THEN (SELECT 'c' || ev_class FROM pg_rewrite WHERE oid = d.objid AND rulename = '_RETURN')
      WHEN 'pg_type'::regclass THEN (SELECT key FROM type WHERE oid = d.objid)
      WHEN 'pg_operator'::regclass THEN 'o' || d.objid
      WHEN 'pg_proc'::regclass THEN 'p' || d.objid END AS dependent,
    CASE d.refclassid WHEN 'pg_class'::regclass THEN (SELECT key FROM class WHERE oid = d.refobjid)
      WHEN 'pg_type'::regclass THEN (SELECT key FROM type WHERE oid = d.refobjid)
      WHEN 'pg_constraint'::regclass THEN (SELECT 'c' || conrelid FROM pg_constraint WHERE oid = d.refobjid)
      WHEN 'pg_operator'::regclass THEN 'o' || d.refobjid
      WHEN 'pg_proc'::regclass THEN 'p' || d.refobjid END AS needed
    FROM pg_depend d WHERE d.refobjid >= 16384 AND d.deptype IN ('n', 'a', 'P', 'S', 'i'))
SELECT DISTINCT dependent || ' ' || needed AS value FROM pair WHERE dependent <> needed ORDER BY 1";

/// Sentences on what is there and has no place in the script.
pub(super) const NOTES: &str = concat!(
    "\
SELECT format('%s of the schema %I: the revisions are about the schema %I', CASE count(*) WHEN 1 THEN 'a table' ELSE count(*) || ' tables' END,
  n.nspname, current_schema()) AS value
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND n.nspname <> current_schema() AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' AND ",
    not_of_extension!("pg_class", "c.oid"),
    " GROUP BY n.nspname
UNION ALL SELECT format('the foreign table %I', c.relname) FROM pg_class c WHERE c.relkind = 'f' AND ",
    in_schema!("c.relnamespace"),
    "
UNION ALL SELECT format('the collation %I', collname) FROM pg_collation WHERE ",
    in_schema!("collnamespace"),
    "
UNION ALL SELECT format('the text search configuration %I', cfgname) FROM pg_ts_config c WHERE ",
    in_schema!("cfgnamespace"),
    " AND ",
    not_of_extension!("pg_ts_config", "c.oid"),
    "
UNION ALL SELECT format('the extended statistics %I', stxname) FROM pg_statistic_ext WHERE ",
    in_schema!("stxnamespace")
);

/// Domains, of whatever schema, and the types under them.
pub(super) const DOMAINS: &str = "\
WITH RECURSIVE under AS (
  SELECT oid AS domain, typbasetype AS base, typtypmod AS modifier FROM pg_type WHERE typtype = 'd'
  UNION ALL SELECT u.domain, t.typbasetype, t.typtypmod FROM under u JOIN pg_type t ON t.oid = u.base AND t.typtype = 'd')
SELECT json_build_array(format_type(u.domain, NULL), format_type(u.base, u.modifier)) AS value
FROM under u JOIN pg_type t ON t.oid = u.base AND t.typtype <> 'd'";
