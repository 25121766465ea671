//! Expressions in the words that PostgreSQL comes back to.

/// The expression as the server says it once it has read its own words again.
///
/// `x IN ('a', 'b')` over a `varchar` is at first `(ARRAY['a'::character varying, …])::text[]`; read again, by a dump
/// or a migration, it is `ARRAY[('a'::character varying)::text, …]`, and stays so.
pub(super) fn settled(sql: String) -> String {
    if sql.contains(START) {
        rewrite(&sql)
    } else {
        sql
    }
}

const START: &str = "(ARRAY[";

fn rewrite(sql: &str) -> String {
    let mut text = String::with_capacity(sql.len());
    let mut at = 0;
    while at < sql.len() {
        if let Some((array, end)) = cast_array(sql, at) {
            text.push_str(&array);
            at = end;
        } else {
            let end = after(sql, at);
            text.push_str(&sql[at..end]);
            at = end;
        }
    }
    text
}

/// An array with a cast that stands at `at`, with the cast in its elements, and where it ends.
fn cast_array(sql: &str, at: usize) -> Option<(String, usize)> {
    let inside = at + START.len();
    if !sql[at..].starts_with(START) {
        return None;
    }
    let (mut depth, mut from, mut end) = (0_usize, inside, inside);
    let mut elements = Vec::new();
    loop {
        match sql[end..].chars().next()? {
            ']' if depth == 0 => break,
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.checked_sub(1)?,
            ',' if depth == 0 => {
                elements.push(sql[from..end].trim());
                from = end + 1;
            }
            _ => {}
        }
        end = after(sql, end);
    }
    elements.push(sql[from..end].trim());
    let cast = sql[end..].strip_prefix("])::")?;
    let ty = cast.split_once("[]")?.0;
    let is_type = |it: char| it.is_alphanumeric() || " _.\"(),".contains(it);
    // Several dimensions stay as they are.
    if !ty.chars().all(is_type)
        || elements
            .iter()
            .any(|it| it.is_empty() || it.starts_with("ARRAY["))
    {
        return None;
    }
    let elements: Vec<String> = elements
        .iter()
        .map(|element| format!("({})::{ty}", rewrite(element)))
        .collect();
    let end = end + "])::".len() + ty.len() + "[]".len();
    Some((format!("ARRAY[{}]", elements.join(", ")), end))
}

/// Where the character, or the text or name in quotes, that begins at `at` ends.
fn after(sql: &str, at: usize) -> usize {
    let rest = &sql[at..];
    let Some(first) = rest.chars().next() else {
        return sql.len();
    };
    if !matches!(first, '\'' | '"') {
        return at + first.len_utf8();
    }
    // A doubled mark ends one text and begins another.
    rest[1..].find(first).map_or(sql.len(), |end| at + end + 2)
}

#[cfg(test)]
mod tests {
    use super::settled;

    #[test]
    fn a_cast_of_an_array_is_one_of_its_elements() {
        for (first, then) in [
            (
                "((a)::text = ANY ((ARRAY['x'::character varying, 'y, ]'::character varying])::text[]))",
                "((a)::text = ANY (ARRAY[('x'::character varying)::text, ('y, ]'::character varying)::text]))",
            ),
            (
                "(b = ANY ((ARRAY[1, abs(2, 3)])::numeric(9,2)[]))",
                "(b = ANY (ARRAY[(1)::numeric(9,2), (abs(2, 3))::numeric(9,2)]))",
            ),
            (
                "f((ARRAY['''(ARRAY[x])::text[]'])::\"My\".ty[])",
                "f(ARRAY[('''(ARRAY[x])::text[]')::\"My\".ty])",
            ),
        ] {
            assert_eq!(settled(first.to_owned()), then);
            assert_eq!(settled(then.to_owned()), then);
        }
        for stays in [
            "'(ARRAY[a])::text[]'",
            "(ARRAY[])::text[]",
            "(ARRAY[1, 2])",
            "(ARRAY[",
        ] {
            assert_eq!(settled(stays.to_owned()), stays);
        }
    }
}
