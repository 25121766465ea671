//! The names of constraints and indexes: deterministic, and short enough for every engine.

/// PostgreSQL's limit in bytes, the shortest of the three.
const MAX_BYTES: usize = 63;

pub(crate) fn primary_key_name(table: &str) -> String {
    shorten(table, "pkey")
}

/// The name of the unique constraint over `columns`.
pub(crate) fn unique_name<C: AsRef<str>>(table: &str, columns: &[C]) -> String {
    over_columns(table, columns, "key")
}

pub(crate) fn index_name<C: AsRef<str>>(table: &str, columns: &[C]) -> String {
    over_columns(table, columns, "idx")
}

pub(crate) fn foreign_key_name<C: AsRef<str>>(table: &str, columns: &[C]) -> String {
    over_columns(table, columns, "fkey")
}

/// The name of a CHECK, the `number`th without a name of its own: as PostgreSQL counts them.
pub(crate) fn check_name(table: &str, column: Option<&str>, number: usize) -> String {
    let suffix = match number {
        0 => "check".to_owned(),
        number => format!("check{number}"),
    };
    over_columns(table, column.as_slice(), &suffix)
}

fn over_columns<C: AsRef<str>>(table: &str, columns: &[C], suffix: &str) -> String {
    let mut stem = table.to_owned();
    for column in columns {
        stem.push('_');
        stem.push_str(column.as_ref());
    }
    shorten(&stem, suffix)
}

/// `stem_suffix`, or its beginning and a hash of the whole where that is too long.
fn shorten(stem: &str, suffix: &str) -> String {
    let whole = format!("{stem}_{suffix}");
    if whole.len() <= MAX_BYTES {
        return whole;
    }
    let tail = format!("_{:08x}_{suffix}", hash(&whole));
    let mut end = MAX_BYTES - tail.len();
    while !stem.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{tail}", &stem[..end])
}

/// 32-bit FNV-1a: the same on every machine and in every release.
fn hash(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_postgres_would_choose() {
        assert_eq!(primary_key_name("users"), "users_pkey");
        assert_eq!(unique_name("users", &["email"]), "users_email_key");
        assert_eq!(
            index_name("posts", &["user_id", "date"]),
            "posts_user_id_date_idx"
        );
        assert_eq!(
            foreign_key_name("posts", &["user_id"]),
            "posts_user_id_fkey"
        );
        assert_eq!(check_name("posts", Some("rating"), 0), "posts_rating_check");
        assert_eq!(check_name("posts", None, 1), "posts_check1");
    }

    #[test]
    fn long_names_are_cut_and_stay_apart() {
        let long = "a".repeat(70);
        let first = unique_name(&long, &["one"]);
        let second = unique_name(&long, &["two"]);
        assert_eq!(first.len(), 63);
        assert!(first.ends_with("_key"));
        assert_ne!(first, second);
        assert_eq!(first, unique_name(&long, &["one"]));
        assert!(index_name(&"ü".repeat(40), &["x"]).len() <= 63);
    }
}
