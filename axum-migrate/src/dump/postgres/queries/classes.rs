//! How types are compared, and turned into others: operator families, operator classes, casts.

/// The members that one of them has of its own.
macro_rules! members {
    ($class:literal, $oid:literal) => {
        concat!(
            "(SELECT string_agg(m.words, E',\\n  ' ORDER BY m.kind, m.number, m.words) FROM (
      SELECT 1 AS kind, o.amopstrategy AS number, format('OPERATOR %s %s', o.amopstrategy, o.amopopr::regoperator)
        || coalesce((SELECT ' FOR ORDER BY ' || CASE WHEN pg_opfamily_is_visible(s.oid) THEN '' ELSE quote_ident(n.nspname) || '.' END || quote_ident(s.opfname)
          FROM pg_opfamily s JOIN pg_namespace n ON n.oid = s.opfnamespace WHERE s.oid = o.amopsortfamily), '') AS words
      FROM pg_depend d JOIN pg_amop o ON o.oid = d.objid
      WHERE d.classid = 'pg_amop'::regclass AND d.refclassid = '", $class, "'::regclass AND d.refobjid = ", $oid, "
      UNION ALL SELECT 2, p.amprocnum, format('FUNCTION %s (%s, %s) %s', p.amprocnum, format_type(p.amproclefttype, NULL),
        format_type(p.amprocrighttype, NULL), p.amproc::regprocedure)
      FROM pg_depend d JOIN pg_amproc p ON p.oid = d.objid
      WHERE d.classid = 'pg_amproc'::regclass AND d.refclassid = '", $class, "'::regclass AND d.refobjid = ", $oid, ") m)"
        )
    };
}

/// A family, and with it the members that belong to none of its classes.
pub(in super::super) const FAMILIES: &str = concat!(
    "\
SELECT json_build_object('key', 'm' || f.oid, 'kind', 'operator family', 'name', ",
    key!("f.opfname"),
    ", 'sql', 'CREATE OPERATOR FAMILY ' || n.ident,
  'after', to_json(array['ALTER OPERATOR FAMILY ' || n.ident || E' ADD\\n  ' || ",
    members!("pg_opfamily", "f.oid"),
    "]), 'drop', 'DROP OPERATOR FAMILY ' || n.ident) AS value
FROM looked l JOIN pg_opfamily f ON f.opfnamespace = l.oid JOIN pg_am a ON a.oid = f.opfmethod,
  LATERAL (SELECT format('%s USING %I', ",
    ident!("f.opfname"),
    ", a.amname) AS ident) n
WHERE ",
    not_of_extension!("pg_opfamily", "f.oid")
);

/// A class that has no members says again of what type it is, as it has to say something.
pub(in super::super) const CLASSES: &str = concat!(
    "\
SELECT json_build_object('key', 'k' || c.oid, 'kind', 'operator class', 'name', ",
    key!("c.opcname"),
    ", 'sql', format(E'CREATE OPERATOR CLASS %s%s FOR TYPE %s USING %I FAMILY %s AS\\n  %s', ",
    ident!("c.opcname"),
    ", CASE WHEN c.opcdefault THEN ' DEFAULT' ELSE '' END, format_type(c.opcintype, NULL), a.amname,
    CASE WHEN pg_opfamily_is_visible(f.oid) THEN '' ELSE quote_ident(fn.nspname) || '.' END || quote_ident(f.opfname),
    concat_ws(E',\\n  ', CASE WHEN c.opckeytype <> 0 THEN 'STORAGE ' || format_type(c.opckeytype, NULL)
      WHEN m.words IS NULL THEN 'STORAGE ' || format_type(c.opcintype, NULL) END, m.words)),
  'drop', format('DROP OPERATOR CLASS %s USING %I', ",
    ident!("c.opcname"),
    ", a.amname)) AS value
FROM looked l JOIN pg_opclass c ON c.opcnamespace = l.oid JOIN pg_am a ON a.oid = c.opcmethod JOIN pg_opfamily f ON f.oid = c.opcfamily
JOIN pg_namespace fn ON fn.oid = f.opfnamespace, LATERAL (SELECT ",
    members!("pg_opclass", "c.oid"),
    " AS words) m
WHERE ",
    not_of_extension!("pg_opclass", "c.oid")
);

/// Casts that did not come with a type, and whether one of their types is in these schemas: the server has but one cast for
/// the same two, so those between others could not be proved.
macro_rules! own_casts {
    () => {
        concat!(
            "(SELECT c.*, format('(%s AS %s)', format_type(c.castsource, NULL), format_type(c.casttarget, NULL)) AS ident,
    EXISTS (SELECT 1 FROM looked l WHERE l.oid IN (s.typnamespace, t.typnamespace)) AS is_looked_at
  FROM pg_cast c JOIN pg_type s ON s.oid = c.castsource JOIN pg_type t ON t.oid = c.casttarget
  WHERE c.oid >= 16384 AND NOT EXISTS (SELECT 1 FROM pg_depend i WHERE i.classid = 'pg_cast'::regclass AND i.objid = c.oid AND i.deptype IN ('e', 'i')))"
        )
    };
}

pub(in super::super) const CASTS: &str = concat!(
    "\
SELECT json_build_object('key', 'a' || c.oid, 'kind', 'cast', 'name', c.ident, 'sql', format('CREATE CAST %s %s%s', c.ident,
    CASE c.castmethod WHEN 'f' THEN 'WITH FUNCTION ' || c.castfunc::regprocedure WHEN 'i' THEN 'WITH INOUT' ELSE 'WITHOUT FUNCTION' END,
    CASE c.castcontext WHEN 'i' THEN ' AS IMPLICIT' WHEN 'a' THEN ' AS ASSIGNMENT' ELSE '' END),
  'after', to_json(array['COMMENT ON CAST ' || c.ident || ' IS ' || quote_literal(obj_description(c.oid, 'pg_cast'))]),
  'drop', 'DROP CAST ' || c.ident) AS value
FROM ",
    own_casts!(),
    " c WHERE c.is_looked_at"
);

pub(in super::super) const OTHER_CASTS: &str = concat!(
    "\
SELECT 'the cast ' || c.ident || ', both of whose types are of other schemas' AS value FROM ",
    own_casts!(),
    " c WHERE NOT c.is_looked_at ORDER BY 1"
);
