//! What the catalog is asked for. Each answers with JSON, in the names of `super::Object` and its like.
//!
//! Each reads the schemas of `LOOKED`, which stands before it. The server writes names without their schema where that is
//! in the search path, which is what makes the statements work elsewhere; where it insists on writing it, it is taken out
//! here, in the one place where it stands.

/// A name as a statement has it: with its schema where that is not the current one.
macro_rules! ident {
    ($name:literal) => {
        concat!(
            "concat_ws('.', quote_ident(l.schema_name), quote_ident(",
            $name,
            "))"
        )
    };
}
/// A name by which a statement finds what is there already. The server's own things come first in the search path: where
/// one of them is called alike, `HOME` stands for the current schema.
macro_rules! found {
    ($visible:literal, $name:literal) => {
        concat!(
            "concat_ws('.', coalesce(quote_ident(l.schema_name), CASE WHEN NOT ",
            $visible,
            " THEN chr(1) || 'here' END), quote_ident(",
            $name,
            "))"
        )
    };
}
/// The name of a type, with its schema where a name alone would find one of the server's: the server writes it so, too.
macro_rules! type_ident {
    () => {
        "concat_ws('.', coalesce(quote_ident(l.schema_name), CASE WHEN NOT pg_type_is_visible(t.oid) THEN quote_ident(l.nspname) END), quote_ident(t.typname))"
    };
}
/// A name as [`Schema`](crate::Schema) has it.
macro_rules! key {
    ($name:literal) => {
        concat!(
            "concat_ws('.', coalesce(l.schema_name, CASE WHEN strpos(",
            $name,
            ", '.') > 0 THEN '' END), ",
            $name,
            ")"
        )
    };
}
/// What stands in WITH, for the rows that are stored apart, too.
macro_rules! storage {
    () => {
        "coalesce(' WITH (' || nullif(array_to_string(c.reloptions || array(SELECT 'toast.' || o FROM pg_class w, unnest(w.reloptions) o
      WHERE w.oid = c.reltoastrelid), ', '), '') || ')', '')"
    };
}
/// A function by its name alone: the server writes the schema of one that has namesakes, though it is in the search path.
macro_rules! function {
    ($oid:literal) => {
        concat!(
            "(SELECT CASE WHEN pg_function_is_visible(f.oid) THEN '' ELSE quote_ident(fn.nspname) || '.' END || quote_ident(f.proname)
      FROM pg_proc f JOIN pg_namespace fn ON fn.oid = f.pronamespace WHERE f.oid = ", $oid, ")"
        )
    };
}
/// A constraint, with how its index is stored, which the server leaves out.
macro_rules! constraint {
    () => {
        "(SELECT CASE WHEN x.reloptions IS NULL THEN d.words
        ELSE left(d.words, length(d.words) - length(d.last)) || format(' WITH (%s)', array_to_string(x.reloptions, ', ')) || d.last END
      FROM (SELECT pg_get_constraintdef(k.oid) AS words,
        CASE WHEN k.condeferrable THEN ' DEFERRABLE' ELSE '' END || CASE WHEN k.condeferred THEN ' INITIALLY DEFERRED' ELSE '' END AS last) d)"
    };
}
/// The functions that a thing calls.
macro_rules! called {
    ($class:literal, $oid:literal) => {
        concat!(
            "array(SELECT DISTINCT 'p' || f.refobjid FROM pg_depend f WHERE f.classid = '",
            $class,
            "'::regclass AND f.objid = ",
            $oid,
            " AND f.refclassid = 'pg_proc'::regclass)"
        )
    };
}
/// Who is not an extension's.
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

mod around;
mod classes;

pub(super) use around::{
    COLLATIONS, DOMAINS, EDGES, EXTENSIONS, EXTENSIONS_TO_DROP, NOTES, OWN_SCHEMAS,
    PARTITION_INDEXES, SCHEMAS, SEARCHES,
};
pub(super) use classes::{CASTS, CLASSES, FAMILIES, OTHER_CASTS};

pub(super) const TYPES: &str = concat!(
    "\
SELECT json_build_object('key', 't' || t.oid, 'kind', CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain' ELSE 'type' END,
  'name', ", key!("t.typname"), ", 'sql', CASE t.typtype
    WHEN 'e' THEN format('CREATE TYPE %s AS ENUM (%s)', ", type_ident!(), ",
      (SELECT coalesce(string_agg(quote_literal(enumlabel), ', ' ORDER BY enumsortorder), '') FROM pg_enum WHERE enumtypid = t.oid))
    WHEN 'd' THEN format('CREATE DOMAIN %s AS %s', ", type_ident!(), ", format_type(t.typbasetype, t.typtypmod))
      || CASE WHEN t.typcollation <> b.typcollation THEN ' COLLATE ' || t.typcollation::regcollation ELSE '' END
    WHEN 'c' THEN format('CREATE TYPE %s AS (%s)', ", type_ident!(), ",
      (SELECT coalesce(string_agg(format('%I %s', attname, format_type(atttypid, atttypmod))
         || CASE WHEN a.attcollation <> y.typcollation THEN ' COLLATE ' || a.attcollation::regcollation ELSE '' END, ', ' ORDER BY attnum), '')
       FROM pg_attribute a JOIN pg_type y ON y.oid = a.atttypid WHERE attrelid = t.typrelid AND attnum > 0 AND NOT attisdropped))
    WHEN 'r' THEN format('CREATE TYPE %s AS RANGE (SUBTYPE = %s', ", type_ident!(), ", format_type(r.rngsubtype, NULL))
      || CASE WHEN NOT o.opcdefault THEN format(', SUBTYPE_OPCLASS = %s', concat_ws('.', CASE WHEN NOT pg_opclass_is_visible(o.oid) THEN quote_ident(os.nspname) END, quote_ident(o.opcname))) ELSE '' END
      || CASE WHEN r.rngcollation <> rs.typcollation THEN ', COLLATION = ' || r.rngcollation::regcollation ELSE '' END
      || coalesce((SELECT ', MULTIRANGE_TYPE_NAME = ' || ", ident!("m.typname"), " FROM pg_type m WHERE m.oid = (to_jsonb(r) ->> 'rngmultitypid')::oid
           AND m.typname <> CASE strpos(t.typname, 'range') WHEN 0 THEN t.typname || '_multirange' ELSE regexp_replace(t.typname, 'range', 'multirange') END), '')
      || CASE WHEN r.rngsubdiff <> 0 THEN ', SUBTYPE_DIFF = ' || ", function!("r.rngsubdiff"), " ELSE '' END || ')'
    END,
  'lines', array_remove(array[' DEFAULT ' || CASE t.typtype WHEN 'd' THEN pg_get_expr(t.typdefaultbin, 0) END, CASE WHEN t.typnotnull THEN ' NOT NULL' END], NULL),
  'defaults', (SELECT coalesce(json_agg(json_build_object('column', '', 'sql', e, 'calls', ", called!("pg_type", "t.oid"), ")), '[]') FROM pg_get_expr(t.typdefaultbin, 0) e WHERE t.typtype = 'd' AND e IS NOT NULL),
  'constraints', (SELECT coalesce(json_agg(json_build_object('sql', format('CONSTRAINT %I %s', k.conname, pg_get_constraintdef(k.oid)), 'name', k.conname,
      'calls', ", called!("pg_constraint", "k.oid"), ", 'target', NULL, 'later', NOT k.convalidated) ORDER BY k.conname), '[]')
    FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c'),
  'drop', format(CASE t.typtype WHEN 'd' THEN 'DROP DOMAIN %s' ELSE 'DROP TYPE %s' END, ", type_ident!(), ")) AS value
FROM looked l JOIN pg_type t ON t.typnamespace = l.oid
LEFT JOIN pg_type b ON b.oid = t.typbasetype
LEFT JOIN pg_class c ON c.oid = t.typrelid
LEFT JOIN pg_range r ON r.rngtypid = t.oid
LEFT JOIN pg_type rs ON rs.oid = r.rngsubtype
LEFT JOIN pg_opclass o ON o.oid = r.rngsubopc
LEFT JOIN pg_namespace os ON os.oid = o.opcnamespace
WHERE (t.typtype IN ('e', 'd', 'r') OR t.typtype = 'c' AND c.relkind = 'c') AND ",
    not_of_extension!("pg_type", "t.oid"),
    " ORDER BY t.typname"
);

/// What an aggregate's last function does to its state, where that is not what such a one usually does.
macro_rules! modify {
    ($word:literal, $column:literal) => {
        concat!(
            "CASE WHEN a.",
            $column,
            " = CASE a.aggkind WHEN 'n' THEN 'r' ELSE 'w' END THEN '' ELSE ', ",
            $word,
            " = ' || CASE a.",
            $column,
            " WHEN 'r' THEN 'READ_ONLY' WHEN 's' THEN 'SHAREABLE' ELSE 'READ_WRITE' END END"
        )
    };
}

pub(super) const FUNCTIONS: &str = concat!(
    "\
SELECT json_build_object('key', 'p' || p.oid, 'kind', 'function', 'name', ", key!("p.proname"), " || '(' || pg_get_function_identity_arguments(p.oid) || ')',
  'sql', CASE WHEN a.aggfnoid IS NULL THEN
    format('CREATE %s %s', k.word, ", ident!("p.proname"), ") || substr(pg_get_functiondef(p.oid), 1 + length(format('CREATE OR REPLACE %s %I.%I', k.word, l.nspname, p.proname)))
  ELSE format('CREATE AGGREGATE %s(%s) (SFUNC = %s, STYPE = %s', ", ident!("p.proname"), ",
      CASE WHEN pg_get_function_arguments(p.oid) = '' THEN '*' ELSE pg_get_function_arguments(p.oid) END,
      ", function!("a.aggtransfn"), ", format_type(a.aggtranstype, NULL))
    || CASE WHEN a.aggtransspace > 0 THEN ', SSPACE = ' || a.aggtransspace ELSE '' END
    || CASE WHEN a.aggfinalfn <> 0 THEN ', FINALFUNC = ' || ", function!("a.aggfinalfn"), " ELSE '' END
    || CASE WHEN a.aggfinalextra THEN ', FINALFUNC_EXTRA' ELSE '' END
    || ", modify!("FINALFUNC_MODIFY", "aggfinalmodify"), "
    || CASE WHEN a.aggserialfn <> 0 THEN format(', SERIALFUNC = %s, DESERIALFUNC = %s', ", function!("a.aggserialfn"), ", ", function!("a.aggdeserialfn"), ") ELSE '' END
    || CASE WHEN a.aggmtransfn <> 0 THEN format(', MSFUNC = %s, MINVFUNC = %s, MSTYPE = %s', ", function!("a.aggmtransfn"), ", ", function!("a.aggminvtransfn"), ", format_type(a.aggmtranstype, NULL))
      || CASE WHEN a.aggmtransspace > 0 THEN ', MSSPACE = ' || a.aggmtransspace ELSE '' END
      || CASE WHEN a.aggmfinalfn <> 0 THEN ', MFINALFUNC = ' || ", function!("a.aggmfinalfn"), " ELSE '' END
      || CASE WHEN a.aggmfinalextra THEN ', MFINALFUNC_EXTRA' ELSE '' END
      || ", modify!("MFINALFUNC_MODIFY", "aggmfinalmodify"), "
      || coalesce(', MINITCOND = ' || quote_literal(a.aggminitval), '') ELSE '' END
    || CASE WHEN a.aggcombinefn <> 0 THEN ', COMBINEFUNC = ' || ", function!("a.aggcombinefn"), " ELSE '' END
    || coalesce(', INITCOND = ' || quote_literal(a.agginitval), '')
    || CASE WHEN a.aggsortop <> 0 THEN ', SORTOP = ' || a.aggsortop::regoperator ELSE '' END
    || CASE p.proparallel WHEN 's' THEN ', PARALLEL = SAFE' WHEN 'r' THEN ', PARALLEL = RESTRICTED' ELSE '' END
    || CASE a.aggkind WHEN 'h' THEN ', HYPOTHETICAL' ELSE '' END || ')' END,
  'drop', format('DROP %s %s(%s)', k.word, ", found!("pg_function_is_visible(p.oid)", "p.proname"), ", CASE WHEN a.aggfnoid IS NOT NULL AND pg_get_function_identity_arguments(p.oid) = '' THEN '*'
               ELSE pg_get_function_identity_arguments(p.oid) END)) AS value
FROM looked l JOIN pg_proc p ON p.pronamespace = l.oid LEFT JOIN pg_aggregate a ON a.aggfnoid = p.oid,
  LATERAL (SELECT CASE p.prokind WHEN 'a' THEN 'AGGREGATE' WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END AS word) k
WHERE NOT EXISTS (SELECT 1 FROM pg_depend i WHERE i.classid = 'pg_proc'::regclass AND i.objid = p.oid AND i.deptype IN ('e', 'i'))
ORDER BY p.proname"
);

/// The operator that another one names. One of the current schema has that schema's name put in where the statement runs:
/// a name alone would lead on to one that was there before, where there is one.
macro_rules! other_operator {
    ($word:literal, $alias:literal) => {
        concat!(
            "coalesce(', ", $word, " = OPERATOR(' || (SELECT coalesce(quote_ident(schema_name), chr(1) || 'here') || '.' FROM looked WHERE oid = ",
            $alias, ".oprnamespace) || ", $alias, ".oprname || ')', ', ", $word, " = OPERATOR(' || ", $alias, ".oprname || ')', '')"
        )
    };
}

pub(super) const OPERATORS: &str = concat!(
    "\
SELECT json_build_object('key', 'o' || o.oid, 'kind', 'operator', 'name', ", key!("o.oprname"), ",
  'sql', k.words,
  'drop', format('DROP OPERATOR %s (%s, %s)', concat_ws('.', quote_ident(l.schema_name), o.oprname), CASE WHEN o.oprleft = 0 THEN 'NONE' ELSE format_type(o.oprleft, NULL) END,
    CASE WHEN o.oprright = 0 THEN 'NONE' ELSE format_type(o.oprright, NULL) END)) AS value
FROM looked l JOIN pg_operator o ON o.oprnamespace = l.oid LEFT JOIN pg_operator c ON c.oid = o.oprcom LEFT JOIN pg_operator g ON g.oid = o.oprnegate,
  LATERAL (SELECT format('CREATE OPERATOR %s (FUNCTION = %s', concat_ws('.', quote_ident(l.schema_name), o.oprname), ", function!("o.oprcode"), ")
  || CASE WHEN o.oprleft <> 0 THEN ', LEFTARG = ' || format_type(o.oprleft, NULL) ELSE '' END
  || CASE WHEN o.oprright <> 0 THEN ', RIGHTARG = ' || format_type(o.oprright, NULL) ELSE '' END
  || ", other_operator!("COMMUTATOR", "c"), " || ", other_operator!("NEGATOR", "g"), "
  || CASE WHEN o.oprrest <> 0 THEN ', RESTRICT = ' || ", function!("o.oprrest"), " ELSE '' END || CASE WHEN o.oprjoin <> 0 THEN ', JOIN = ' || ", function!("o.oprjoin"), " ELSE '' END
  || CASE WHEN o.oprcanhash THEN ', HASHES' ELSE '' END || CASE WHEN o.oprcanmerge THEN ', MERGES' ELSE '' END || ')' AS words) k
WHERE o.oprcode <> 0 AND ",
    not_of_extension!("pg_operator", "o.oid"),
    " ORDER BY o.oprname"
);

/// What follows CREATE SEQUENCE, or stands in the parentheses of an identity, which counts in its column's type.
macro_rules! sequence_options {
    ($ty:literal) => {
        concat!(
            "CASE WHEN s.seqincrement <> 1 THEN ' INCREMENT BY ' || s.seqincrement ELSE '' END
  || CASE WHEN s.seqmin <> CASE WHEN s.seqincrement > 0 THEN 1 ELSE CASE ", $ty, " WHEN 'smallint'::regtype THEN -32768
       WHEN 'integer'::regtype THEN -2147483648 ELSE -9223372036854775808 END END THEN ' MINVALUE ' || s.seqmin ELSE '' END
  || CASE WHEN s.seqmax <> CASE WHEN s.seqincrement < 0 THEN -1 ELSE CASE ", $ty, " WHEN 'smallint'::regtype THEN 32767
       WHEN 'integer'::regtype THEN 2147483647 ELSE 9223372036854775807 END END THEN ' MAXVALUE ' || s.seqmax ELSE '' END
  || CASE WHEN s.seqstart <> CASE WHEN s.seqincrement > 0 THEN s.seqmin ELSE s.seqmax END THEN ' START WITH ' || s.seqstart ELSE '' END
  || CASE WHEN s.seqcache <> 1 THEN ' CACHE ' || s.seqcache ELSE '' END || CASE WHEN s.seqcycle THEN ' CYCLE' ELSE '' END"
        )
    };
}

pub(super) const SEQUENCES: &str = concat!(
    "\
SELECT json_build_object('key', 'c' || c.oid, 'kind', 'sequence', 'name', ", key!("c.relname"), ",
  'sql', format('CREATE %sSEQUENCE %s', CASE c.relpersistence WHEN 'u' THEN 'UNLOGGED ' ELSE '' END, ", ident!("c.relname"), ")
  || CASE WHEN s.seqtypid <> 'bigint'::regtype THEN ' AS ' || format_type(s.seqtypid, NULL) ELSE '' END || ",
    sequence_options!("s.seqtypid"),
    ",
  'drop', format('DROP SEQUENCE %s', ", ident!("c.relname"), "),
  'owner', CASE WHEN tl.oid IS NOT NULL THEN 'c' || t.oid END,
  'owned', CASE WHEN tl.oid IS NOT NULL THEN format('ALTER SEQUENCE %s OWNED BY %s.%I', ", ident!("c.relname"), ", concat_ws('.', quote_ident(tl.schema_name), quote_ident(t.relname)), a.attname) END) AS value
FROM looked l JOIN pg_class c ON c.relnamespace = l.oid JOIN pg_sequence s ON s.seqrelid = c.oid
LEFT JOIN pg_depend o ON o.classid = 'pg_class'::regclass AND o.objid = c.oid AND o.refclassid = 'pg_class'::regclass AND o.deptype = 'a'
LEFT JOIN pg_class t ON t.oid = o.refobjid
LEFT JOIN looked tl ON tl.oid = t.relnamespace
LEFT JOIN pg_attribute a ON a.attrelid = o.refobjid AND a.attnum = o.refobjsubid
WHERE c.relkind = 'S' AND NOT EXISTS (SELECT 1 FROM pg_depend i WHERE i.classid = 'pg_class'::regclass AND i.objid = c.oid AND i.deptype IN ('i', 'e'))
ORDER BY c.relname"
);

/// The columns of a table, in their order.
macro_rules! columns {
    ($table:literal) => {
        concat!(
            "array(SELECT attname FROM pg_attribute WHERE attrelid = ",
            $table,
            " AND attnum > 0 AND NOT attisdropped ORDER BY attnum)"
        )
    };
}

/// Of a column's options only those that are a user's: servers keep others of their own there. A partition whose columns
/// stand in another order than its table's is made apart, and attached.
pub(super) const TABLES: &str = concat!(
    "\
SELECT json_build_object('key', 'c' || c.oid, 'kind', 'table', 'name', ", key!("c.relname"), ",
  'sql', format('CREATE %sTABLE %s', CASE c.relpersistence WHEN 'u' THEN 'UNLOGGED ' ELSE '' END, n.ident),
  'partition_of', CASE WHEN c.relispartition THEN (SELECT format('%s %s', i.inhparent::regclass, pg_get_expr(c.relpartbound, c.oid))
    FROM pg_inherits i WHERE i.inhrelid = c.oid) END,
  'attach', (SELECT format('ALTER TABLE %s ATTACH PARTITION %s %s', i.inhparent::regclass, n.ident, pg_get_expr(c.relpartbound, c.oid))
    FROM pg_inherits i WHERE i.inhrelid = c.oid AND n.apart),
  'lines', to_json(array(SELECT format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod))
      || CASE WHEN a.attcollation <> t.typcollation THEN ' COLLATE ' || a.attcollation::regcollation ELSE '' END
      || CASE WHEN a.attgenerated = '' THEN coalesce(' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), '')
         ELSE format(' GENERATED ALWAYS AS (%s)%s', pg_get_expr(d.adbin, d.adrelid), CASE a.attgenerated WHEN 's' THEN ' STORED' ELSE '' END) END
      || CASE WHEN a.attidentity = '' OR n.apart AND EXISTS (SELECT 1 FROM pg_inherits i JOIN pg_attribute p ON p.attrelid = i.inhparent
           WHERE i.inhrelid = c.oid AND p.attname = a.attname AND p.attidentity <> '') THEN '' ELSE format(' GENERATED %s AS IDENTITY', CASE a.attidentity WHEN 'a' THEN 'ALWAYS' ELSE 'BY DEFAULT' END)
         || coalesce((SELECT ' (' || nullif(ltrim(CASE WHEN q.relname <> left(c.relname || '_' || a.attname || '_seq', 63) OR q.relnamespace <> c.relnamespace THEN format('SEQUENCE NAME %s', concat_ws('.', (SELECT quote_ident(schema_name) FROM looked WHERE oid = q.relnamespace), quote_ident(q.relname))) ELSE '' END || ",
    sequence_options!("a.atttypid"),
    "), '') || ')' FROM pg_depend w JOIN pg_sequence s ON s.seqrelid = w.objid JOIN pg_class q ON q.oid = w.objid
           WHERE w.classid = 'pg_class'::regclass AND w.refclassid = 'pg_class'::regclass AND w.refobjid = c.oid AND w.refobjsubid = a.attnum
             AND w.deptype = 'i'), '') END
      || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      AND CASE WHEN c.relispartition THEN n.apart ELSE a.attislocal OR a.attinhcount = 0 END ORDER BY a.attnum)
    || array(SELECT format('CONSTRAINT %I %s', k.conname, pg_get_constraintdef(k.oid))
      FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'c' AND NOT k.conislocal AND n.apart ORDER BY k.conname)),
  'constraints', (SELECT coalesce(json_agg(json_build_object('sql', format('CONSTRAINT %I %s', k.conname, ", constraint!(), "),
      'name', k.conname, 'calls', ", called!("pg_constraint", "k.oid"), ", 'target', CASE WHEN k.contype = 'f' THEN 'c' || k.confrelid END, 'later', NOT k.convalidated
        -- CREATE TABLE takes what is unique twice for once.
        OR k.contype = 'u' AND EXISTS (SELECT 1 FROM pg_constraint o WHERE o.conrelid = k.conrelid AND o.conkey = k.conkey
          AND (o.contype = 'p' OR o.contype = 'u' AND o.conname < k.conname)))
      ORDER BY position(k.contype::text in 'pucxf'), k.conname), '[]')
    FROM pg_constraint k LEFT JOIN pg_class x ON x.oid = k.conindid AND k.contype IN ('p', 'u')
    WHERE k.conrelid = c.oid AND k.contype IN ('p', 'u', 'c', 'x', 'f') AND k.conislocal AND k.conparentid = 0),
  'defaults', (SELECT coalesce(json_agg(json_build_object('column', quote_ident(a.attname), 'sql', pg_get_expr(d.adbin, d.adrelid), 'calls', ", called!("pg_attrdef", "d.oid"), ")), '[]')
    FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum WHERE d.adrelid = c.oid AND a.attgenerated = ''),
  'tail', coalesce((SELECT format(' INHERITS (%s)', string_agg(i.inhparent::regclass::text, ', ' ORDER BY i.inhseqno))
      FROM pg_inherits i WHERE i.inhrelid = c.oid AND NOT c.relispartition HAVING count(*) > 0), '')
    || CASE WHEN c.relkind = 'p' THEN ' PARTITION BY ' || pg_get_partkeydef(c.oid) ELSE '' END
    || ", storage!(), ",
  'after', to_json(array[
    CASE WHEN c.reloftype <> 0 THEN format('ALTER TABLE %s OF %s', n.ident, c.reloftype::regtype) END,
    CASE WHEN c.relrowsecurity THEN format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', n.ident) END,
    CASE WHEN c.relforcerowsecurity THEN format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', n.ident) END,
    CASE c.relreplident WHEN 'f' THEN format('ALTER TABLE %s REPLICA IDENTITY FULL', n.ident)
      WHEN 'n' THEN format('ALTER TABLE %s REPLICA IDENTITY NOTHING', n.ident)
      WHEN 'i' THEN (SELECT format('ALTER TABLE %s REPLICA IDENTITY USING INDEX %I', n.ident, x.relname)
        FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid WHERE i.indrelid = c.oid AND i.indisreplident) END]
    || array(SELECT format('ALTER TABLE ONLY %s ALTER COLUMN %I SET NOT NULL', n.ident, a.attname)
      FROM pg_attribute a
      WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attnotnull AND a.attinhcount > 0 AND (NOT a.attislocal OR c.relispartition)
        AND NOT EXISTS (SELECT 1 FROM pg_inherits i JOIN pg_attribute p ON p.attrelid = i.inhparent AND p.attname = a.attname
          WHERE i.inhrelid = c.oid AND p.attnotnull) ORDER BY a.attnum)
    || array(SELECT format('ALTER TABLE %s ALTER COLUMN %I SET STORAGE %s', n.ident, a.attname,
        CASE a.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END)
      FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
      WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attstorage <> t.typstorage AND NOT c.relispartition ORDER BY a.attnum)
    || array(SELECT format('ALTER TABLE %s ALTER COLUMN %I SET STATISTICS %s', n.ident, a.attname, a.attstattarget)
      FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attstattarget >= 0 ORDER BY a.attnum)
    || array(SELECT format('ALTER TABLE %s ALTER COLUMN %I SET (%s)', n.ident, a.attname,
        string_agg(split_part(o, '=', 1) || ' = ' || split_part(o, '=', 2), ', ' ORDER BY o))
      FROM pg_attribute a, unnest(a.attoptions) o
      WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND o LIKE 'n\\_distinct%' GROUP BY a.attname, a.attnum ORDER BY a.attnum)
    || array(SELECT format('ALTER TABLE %s ALTER COLUMN %I SET COMPRESSION %s', n.ident, a.attname,
        CASE to_jsonb(a) ->> 'attcompression' WHEN 'p' THEN 'pglz' ELSE 'lz4' END)
      FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND to_jsonb(a) ->> 'attcompression' IN ('p', 'l')
      ORDER BY a.attnum)
    || array(SELECT format('ALTER INDEX %s SET (%s)', concat_ws('.', quote_ident(l.schema_name), quote_ident(x.relname)), array_to_string(x.reloptions, ', '))
      FROM pg_constraint k JOIN pg_class x ON x.oid = k.conindid
      WHERE k.conrelid = c.oid AND k.contype = 'x' AND x.reloptions IS NOT NULL ORDER BY x.relname)
    || array(SELECT format('ALTER TABLE %s CLUSTER ON %I', n.ident, x.relname)
      FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid WHERE i.indrelid = c.oid AND i.indisclustered
        AND (EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = x.oid AND k.contype IN ('p', 'u', 'x')) OR EXISTS (SELECT 1 FROM pg_inherits h WHERE h.inhrelid = x.oid)))),
  'own_defaults', (SELECT coalesce(json_agg(json_build_object('sql', k.alter || coalesce('SET DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), 'DROP DEFAULT'),
      'undo', k.alter || 'DROP DEFAULT', 'calls', ", called!("pg_attrdef", "d.oid"), ") ORDER BY a.attnum), '[]')
    FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum, LATERAL (SELECT format('ALTER TABLE ONLY %s ALTER COLUMN %I ', n.ident, a.attname) AS alter) k
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND a.attinhcount > 0 AND (NOT a.attislocal OR c.relispartition)
      AND EXISTS (SELECT 1 FROM pg_inherits i JOIN pg_attribute p ON p.attrelid = i.inhparent AND p.attname = a.attname
        LEFT JOIN pg_attrdef o ON o.adrelid = p.attrelid AND o.adnum = p.attnum
        WHERE i.inhrelid = c.oid AND pg_get_expr(o.adbin, o.adrelid) IS DISTINCT FROM pg_get_expr(d.adbin, d.adrelid))),
  'drop', format('DROP TABLE %s', n.ident)) AS value
FROM looked l JOIN pg_class c ON c.relnamespace = l.oid, LATERAL (SELECT ", ident!("c.relname"), " AS ident,
  c.relispartition AND ", columns!("c.oid"), " <> ", columns!("(SELECT inhparent FROM pg_inherits WHERE inhrelid = c.oid)"), " AS apart) n
WHERE c.relkind IN ('r', 'p') AND ",
    not_of_extension!("pg_class", "c.oid"),
    " ORDER BY c.relname"
);

pub(super) const VIEWS: &str = concat!(
    "\
SELECT json_build_object('key', 'c' || c.oid, 'kind', CASE c.relkind WHEN 'v' THEN 'view' ELSE 'materialized view' END, 'name', ", key!("c.relname"), ",
  'sql', format('CREATE %s %s%s AS', CASE c.relkind WHEN 'v' THEN 'VIEW' ELSE 'MATERIALIZED VIEW' END, ", ident!("c.relname"), ",
    ", storage!(), ") || chr(10) || rtrim(pg_get_viewdef(c.oid), ';')
    || CASE WHEN c.relkind = 'm' AND NOT c.relispopulated THEN ' WITH NO DATA' ELSE '' END,
  'fill', CASE WHEN c.relkind = 'm' AND c.relispopulated THEN 'REFRESH MATERIALIZED VIEW ' || ", ident!("c.relname"), " END,
  'outline', CASE c.relkind WHEN 'v' THEN 'CREATE VIEW ' || ", ident!("c.relname"), " || E' AS\n SELECT ' || (SELECT coalesce(string_agg(
      format('NULL::%s%s AS %I', format_type(a.atttypid, a.atttypmod), CASE WHEN a.attcollation <> y.typcollation THEN ' COLLATE ' || a.attcollation::regcollation ELSE '' END, a.attname),
      E',\n    ' ORDER BY a.attnum), '') FROM pg_attribute a JOIN pg_type y ON y.oid = a.atttypid WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) END,
  'own_defaults', (SELECT coalesce(json_agg(json_build_object('sql', k.alter || 'SET DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), 'undo', k.alter || 'DROP DEFAULT',
      'calls', ", called!("pg_attrdef", "d.oid"), ") ORDER BY a.attnum), '[]')
    FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum,
      LATERAL (SELECT format('ALTER VIEW %s ALTER COLUMN %I ', ", ident!("c.relname"), ", a.attname) AS alter) k WHERE d.adrelid = c.oid),
  'drop', format('DROP %s %s', CASE c.relkind WHEN 'v' THEN 'VIEW' ELSE 'MATERIALIZED VIEW' END, ", ident!("c.relname"), ")) AS value
FROM looked l JOIN pg_class c ON c.relnamespace = l.oid
WHERE c.relkind IN ('v', 'm') AND ",
    not_of_extension!("pg_class", "c.oid"),
    " ORDER BY c.relname"
);

/// What belongs to a table: its indexes now (those of a partitioned one with what its partitions have of them), its triggers, rules and policies when everything else is there.
///
/// An index that calls a function may read what the function reads, which the catalog does not know.
pub(super) const PARTS: &str = concat!(
    "\
SELECT json_build_object('key', 'c' || i.indrelid, 'kind', 'index', 'name', x.relname,
  'calls', ", called!("pg_class", "x.oid"), ", 'drop', 'DROP INDEX ' || concat_ws('.', quote_ident(l.schema_name), quote_ident(x.relname)),
  'sql', k.words || ", ident!("c.relname"), "
  || substr(pg_get_indexdef(x.oid), 1 + length(k.words || k.only || format('%I.%I', l.nspname, c.relname))), 'valid', i.indisvalid,
  'then', concat_ws(E';\n', (SELECT string_agg(format('ALTER INDEX %s ALTER COLUMN %s SET STATISTICS %s', concat_ws('.', quote_ident(l.schema_name), quote_ident(x.relname)),
    a.attnum, a.attstattarget), E';\n' ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = x.oid AND a.attnum > 0 AND a.attstattarget >= 0),
    CASE WHEN i.indisclustered THEN format('ALTER TABLE %s CLUSTER ON %I', ", ident!("c.relname"), ", x.relname) END)) AS value
FROM looked l JOIN pg_class c ON c.relnamespace = l.oid JOIN pg_index i ON i.indrelid = c.oid JOIN pg_class x ON x.oid = i.indexrelid,
  LATERAL (SELECT format('CREATE %sINDEX %I ON ', CASE WHEN i.indisunique THEN 'UNIQUE ' ELSE '' END, x.relname) AS words,
    CASE x.relkind WHEN 'I' THEN 'ONLY ' ELSE '' END AS only) k
WHERE NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = x.oid AND k.contype IN ('p', 'u', 'x'))
  AND NOT EXISTS (SELECT 1 FROM pg_inherits h WHERE h.inhrelid = x.oid)
UNION ALL
SELECT json_build_object('key', 'c' || t.tgrelid, 'kind', 'trigger', 'name', t.tgname, 'sql', pg_get_triggerdef(t.oid, true),
  'then', CASE t.tgenabled WHEN 'D' THEN format('ALTER TABLE %s DISABLE TRIGGER %I', ", ident!("c.relname"), ", t.tgname)
    WHEN 'R' THEN format('ALTER TABLE %s ENABLE REPLICA TRIGGER %I', ", ident!("c.relname"), ", t.tgname)
    WHEN 'A' THEN format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', ", ident!("c.relname"), ", t.tgname) END)
FROM looked l JOIN pg_class c ON c.relnamespace = l.oid JOIN pg_trigger t ON t.tgrelid = c.oid
WHERE NOT t.tgisinternal AND coalesce(to_jsonb(t) ->> 'tgparentid', '0') = '0'
UNION ALL
SELECT json_build_object('key', 'c' || t.tgrelid, 'kind', '', 'name', t.tgname, 'sql', format('ALTER TABLE %s %s TRIGGER %I', ", ident!("c.relname"), ",
  CASE t.tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' WHEN 'A' THEN 'ENABLE ALWAYS' ELSE 'ENABLE' END, t.tgname))
FROM looked l JOIN pg_class c ON c.relnamespace = l.oid JOIN pg_trigger t ON t.tgrelid = c.oid
JOIN pg_trigger p ON p.oid = (to_jsonb(t) ->> 'tgparentid')::oid WHERE t.tgenabled <> p.tgenabled AND t.tgconstraint = 0
UNION ALL
SELECT json_build_object('key', 'c' || r.ev_class, 'kind', 'rule', 'name', r.rulename, 'sql', pg_get_ruledef(r.oid, true),
  'then', CASE r.ev_enabled WHEN 'D' THEN format('ALTER TABLE %s DISABLE RULE %I', ", ident!("c.relname"), ", r.rulename)
    WHEN 'R' THEN format('ALTER TABLE %s ENABLE REPLICA RULE %I', ", ident!("c.relname"), ", r.rulename)
    WHEN 'A' THEN format('ALTER TABLE %s ENABLE ALWAYS RULE %I', ", ident!("c.relname"), ", r.rulename) END)
FROM looked l JOIN pg_class c ON c.relnamespace = l.oid JOIN pg_rewrite r ON r.ev_class = c.oid
WHERE r.rulename <> '_RETURN'
UNION ALL
SELECT json_build_object('key', 'c' || p.polrelid, 'kind', 'policy', 'name', p.polname, 'sql',
  format('CREATE POLICY %I ON %s', p.polname, ", ident!("c.relname"), ") || CASE WHEN p.polpermissive THEN '' ELSE ' AS RESTRICTIVE' END
  || ' FOR ' || CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END
  || ' TO ' || (SELECT string_agg(CASE WHEN r = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(r)) END, ', ') FROM unnest(p.polroles) r)
  || coalesce(' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')', '')
  || coalesce(' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')', ''))
FROM looked l JOIN pg_class c ON c.relnamespace = l.oid JOIN pg_policy p ON p.polrelid = c.oid
UNION ALL
SELECT json_build_object('key', 'c' || s.stxrelid, 'kind', 'statistics', 'name', s.stxname, 'sql',
  format('CREATE STATISTICS %s', concat_ws('.', quote_ident(sl.schema_name), quote_ident(s.stxname)))
  || substr(pg_get_statisticsobjdef(s.oid), 1 + length(format('CREATE STATISTICS %I.%I', sl.nspname, s.stxname))),
  'then', CASE WHEN (to_jsonb(s) ->> 'stxstattarget')::integer >= 0 THEN format('ALTER STATISTICS %s SET STATISTICS %s',
    concat_ws('.', quote_ident(sl.schema_name), quote_ident(s.stxname)), to_jsonb(s) ->> 'stxstattarget') END)
FROM looked l JOIN pg_class c ON c.relnamespace = l.oid JOIN pg_statistic_ext s ON s.stxrelid = c.oid JOIN looked sl ON sl.oid = s.stxnamespace"
);

pub(super) const COMMENTS: &str = concat!(
    "\
SELECT json_build_object('key', CASE c.relkind WHEN 'c' THEN 't' || c.reltype
    -- The sequence of an identity is its table's.
    ELSE 'c' || coalesce((SELECT i.refobjid FROM pg_depend i WHERE c.relkind = 'S' AND i.classid = 'pg_class'::regclass AND i.objid = c.oid
      AND i.refclassid = 'pg_class'::regclass AND i.deptype = 'i'), c.oid) END, 'sql', CASE
    WHEN d.objsubid > 0 THEN format('COMMENT ON COLUMN %s.%I', ", ident!("c.relname"), ", a.attname)
    ELSE format('COMMENT ON %s %s', CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE'
      WHEN 'i' THEN 'INDEX' WHEN 'I' THEN 'INDEX' WHEN 'c' THEN 'TYPE' ELSE 'TABLE' END, ", ident!("c.relname"), ") END || ' IS ' || quote_literal(d.description)) AS value
FROM looked l JOIN pg_class c ON c.relnamespace = l.oid JOIN pg_description d ON d.objoid = c.oid AND d.classoid = 'pg_class'::regclass
LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.objsubid
WHERE ",
    not_of_extension!("pg_class", "c.oid"),
    "
UNION ALL
SELECT json_build_object('key', 't' || t.oid, 'sql', format(CASE t.typtype WHEN 'd' THEN 'COMMENT ON DOMAIN %s' ELSE 'COMMENT ON TYPE %s' END, ", type_ident!(), ")
  || ' IS ' || quote_literal(d.description))
FROM looked l JOIN pg_type t ON t.typnamespace = l.oid JOIN pg_description d ON d.objoid = t.oid AND d.classoid = 'pg_type'::regclass
WHERE ",
    not_of_extension!("pg_type", "t.oid"),
    "
UNION ALL
SELECT json_build_object('key', 'p' || p.oid, 'sql', format('COMMENT ON %s %s(%s) IS %L', CASE p.prokind WHEN 'a' THEN 'AGGREGATE' WHEN 'p' THEN 'PROCEDURE'
  ELSE 'FUNCTION' END, ", found!("pg_function_is_visible(p.oid)", "p.proname"), ", CASE WHEN p.prokind = 'a' AND p.pronargs = 0 THEN '*' ELSE pg_get_function_identity_arguments(p.oid) END, d.description))
FROM looked l JOIN pg_proc p ON p.pronamespace = l.oid JOIN pg_description d ON d.objoid = p.oid AND d.classoid = 'pg_proc'::regclass
WHERE ",
    not_of_extension!("pg_proc", "p.oid"),
    "
UNION ALL
SELECT json_build_object('key', 'c' || c.oid, 'sql', format('COMMENT ON CONSTRAINT %I ON %s IS %L', k.conname, ", ident!("c.relname"), ", d.description))
FROM looked l JOIN pg_class c ON c.relnamespace = l.oid JOIN pg_constraint k ON k.conrelid = c.oid
JOIN pg_description d ON d.objoid = k.oid AND d.classoid = 'pg_constraint'::regclass
UNION ALL
SELECT json_build_object('key', 't' || t.oid, 'sql', format('COMMENT ON CONSTRAINT %I ON DOMAIN %s IS %L', k.conname, ", type_ident!(), ", d.description))
FROM looked l JOIN pg_type t ON t.typnamespace = l.oid JOIN pg_constraint k ON k.contypid = t.oid
JOIN pg_description d ON d.objoid = k.oid AND d.classoid = 'pg_constraint'::regclass
UNION ALL
SELECT json_build_object('key', 'c' || c.oid, 'sql', format('COMMENT ON %s %I ON %s IS %L', o.word, o.name, ", ident!("c.relname"), ", d.description))
FROM looked l JOIN pg_class c ON c.relnamespace = l.oid
JOIN (SELECT 'TRIGGER' AS word, tgrelid AS relation, tgname AS name, oid, 'pg_trigger'::regclass AS class FROM pg_trigger
  UNION ALL SELECT 'RULE', ev_class, rulename, oid, 'pg_rewrite'::regclass FROM pg_rewrite
  UNION ALL SELECT 'POLICY', polrelid, polname, oid, 'pg_policy'::regclass FROM pg_policy) o ON o.relation = c.oid
JOIN pg_description d ON d.objoid = o.oid AND d.classoid = o.class
UNION ALL
SELECT json_build_object('key', o.key, 'sql', format('COMMENT ON %s %s IS %L', o.word, concat_ws('.', quote_ident(l.schema_name), o.name), d.description))
FROM looked l
JOIN (SELECT 'COLLATION' AS word, collnamespace AS schema, quote_ident(collname) AS name, 'l' || oid AS key, oid, 'pg_collation'::regclass AS class FROM pg_collation
  UNION ALL SELECT 'TEXT SEARCH CONFIGURATION', cfgnamespace, quote_ident(cfgname), 'f' || oid, oid, 'pg_ts_config'::regclass FROM pg_ts_config
  UNION ALL SELECT 'TEXT SEARCH DICTIONARY', dictnamespace, quote_ident(dictname), 'd' || oid, oid, 'pg_ts_dict'::regclass FROM pg_ts_dict
  UNION ALL SELECT 'STATISTICS', stxnamespace, quote_ident(stxname), 'c' || stxrelid, oid, 'pg_statistic_ext'::regclass FROM pg_statistic_ext
  UNION ALL SELECT 'OPERATOR CLASS', opcnamespace, format('%I USING %I', opcname, amname), 'k' || o.oid, o.oid, 'pg_opclass'::regclass
    FROM pg_opclass o JOIN pg_am a ON a.oid = opcmethod
  UNION ALL SELECT 'OPERATOR FAMILY', opfnamespace, format('%I USING %I', opfname, amname), 'm' || o.oid, o.oid, 'pg_opfamily'::regclass
    FROM pg_opfamily o JOIN pg_am a ON a.oid = opfmethod
  UNION ALL SELECT 'OPERATOR', oprnamespace, format('%s (%s, %s)', oprname, CASE oprleft WHEN 0 THEN 'NONE' ELSE format_type(oprleft, NULL) END,
    CASE oprright WHEN 0 THEN 'NONE' ELSE format_type(oprright, NULL) END), 'o' || oid, oid, 'pg_operator'::regclass FROM pg_operator) o ON o.schema = l.oid
JOIN pg_description d ON d.objoid = o.oid AND d.classoid = o.class
UNION ALL
SELECT json_build_object('key', '', 'sql', format('COMMENT ON SCHEMA %I IS %L', l.nspname, d.description))
FROM looked l JOIN pg_description d ON d.objoid = l.oid AND d.classoid = 'pg_namespace'::regclass WHERE l.schema_name IS NOT NULL"
);
