//! Names of a database as names of Rust.

use std::collections::BTreeSet;

use heck::{ToSnakeCase, ToUpperCamelCase};

/// What a struct may not be called, because the source means something else by it.
const TAKEN: [&str; 14] = [
    "Self", "Option", "String", "Vec", "Result", "Box", "Some", "None", "Ok", "Err", "Send",
    "Sync", "Clone", "Debug",
];

/// Keywords that cannot be raw identifiers.
const NEVER_RAW: [&str; 5] = ["self", "super", "crate", "Self", "_"];

/// Keywords of every edition so far.
const KEYWORDS: [&str; 51] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let",
    "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return",
    "static", "struct", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use",
    "virtual", "where", "while", "yield", "union", "default", "raw",
];

/// The words that mean something else where a field's name may stand: in `index(…)`, say, or as a method beside those
/// of every `New…`.
const WORDS: [&str; 18] = [
    // A variable in what `diesel::table!` makes.
    "q",
    "name",
    "unique",
    "where",
    "using",
    "include",
    "expr",
    "nulls_not_distinct",
    "deferrable",
    "initially_deferred",
    "references",
    "to",
    "on_delete",
    "on_update",
    "new",
    "insert",
    "insert_or_ignore",
    "on_conflict",
];

/// Whether it can be an identifier as it is, or raw.
fn is_identifier(name: &str) -> bool {
    let mut characters = name.chars();
    characters
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && characters.all(|it| it.is_ascii_alphanumeric() || it == '_')
        && !NEVER_RAW.contains(&name)
}

/// Whether it can be an identifier as it is.
pub(super) fn is_plain(name: &str) -> bool {
    is_identifier(name) && !is_reserved(name)
}

/// Whether only a raw identifier can have the name.
fn is_reserved(name: &str) -> bool {
    KEYWORDS.contains(&name) && !matches!(name, "union" | "default" | "raw")
}

/// The name of a field for a column, and whether it says the column's name by itself.
pub(super) fn field(column: &str, taken: &mut BTreeSet<String>) -> (String, bool) {
    // The compiler takes two underscores in the middle for another style.
    let plain = column == column.to_lowercase() && !column.trim_matches('_').contains("__");
    if plain && is_identifier(column) && !WORDS.contains(&column) && taken.insert(column.to_owned())
    {
        let raw = if is_reserved(column) { "r#" } else { "" };
        return (format!("{raw}{column}"), true);
    }
    let mut name = ascii(&column.to_snake_case());
    if name.is_empty() || name.starts_with(|first: char| first.is_ascii_digit()) {
        name = format!("n{name}");
    }
    if KEYWORDS.contains(&name.as_str())
        || NEVER_RAW.contains(&name.as_str())
        || WORDS.contains(&name.as_str())
    {
        name.push('_');
    }
    (free(name, "", taken), false)
}

/// The name of a struct for a table: in the singular, as a row is one.
pub(super) fn row(table: &str, taken: &mut BTreeSet<String>) -> String {
    let words = table.to_snake_case();
    let (stem, last) = words
        .rsplit_once('_')
        .map_or(("", words.as_str()), |(stem, last)| (stem, last));
    let name = format!("{stem}_{}", singular(last)).to_upper_camel_case();
    ty(&name, "Row", taken)
}

/// What the table's module may be called that `#[model]` makes: as the table, or by the plural of its struct.
pub(super) fn modules(table: &str, row: &str) -> Vec<String> {
    let is_snake = !table.contains(char::is_uppercase) && !table.trim_matches('_').contains("__");
    if is_identifier(table) && is_snake {
        return vec![table.to_owned()];
    }
    let words = row.to_snake_case();
    let stem = words.strip_suffix('y').unwrap_or(&words);
    vec![
        format!("{words}s"),
        format!("{words}es"),
        format!("{stem}ies"),
    ]
}

/// The name of an enum for a type, or for a column.
pub(super) fn enumeration(name: &str, taken: &mut BTreeSet<String>) -> String {
    ty(&name.to_upper_camel_case(), "Kind", taken)
}

/// The name of a struct around the bytes of a type.
pub(super) fn raw(name: &str, taken: &mut BTreeSet<String>) -> String {
    ty(&name.to_upper_camel_case(), "Bytes", taken)
}

fn ty(name: &str, instead: &str, taken: &mut BTreeSet<String>) -> String {
    let mut name = capital(ascii(name));
    if name.is_empty() || name.starts_with(|first: char| !first.is_ascii_alphabetic()) {
        name = format!("T{name}");
    }
    // `NewUser` is what `User` has for rows that are not written yet.
    let of_another = name
        .strip_prefix("New")
        .is_some_and(|rest| taken.contains(rest));
    if TAKEN.contains(&name.as_str()) || of_another || taken.contains(&format!("New{name}")) {
        name.push_str(instead);
    }
    free(name, instead, taken)
}

/// The variants of an enum for its labels.
pub(super) fn variants(labels: &[String]) -> Vec<String> {
    let mut taken = BTreeSet::new();
    labels
        .iter()
        .map(|label| {
            let mut name = capital(ascii(&label.to_upper_camel_case()));
            if name.is_empty() {
                name = if label.is_empty() { "Empty" } else { "Other" }.to_owned();
            }
            if name.starts_with(|first: char| !first.is_ascii_alphabetic()) || name == "Self" {
                name = format!("V{name}");
            }
            free(name, "", &mut taken)
        })
        .collect()
}

/// A relation's name for the column of its key.
pub(super) fn relation(column: &str, table: &str, taken: &mut BTreeSet<String>) -> String {
    let words = column.to_snake_case();
    let stem = words.strip_suffix("_id").filter(|stem| !stem.is_empty());
    let table = singular(&table.to_snake_case());
    let mut name = ascii(match stem {
        Some(stem) => stem,
        None if words == "id" => &table,
        None => &words,
    });
    let is_method =
        ["table", "query", "find", "save", "delete", "clone", "new"].contains(&name.as_str());
    if name.is_empty()
        || name.starts_with(|it: char| !it.is_ascii_alphabetic())
        || is_method
        || KEYWORDS.contains(&name.as_str())
        || NEVER_RAW.contains(&name.as_str())
    {
        name = format!("its_{name}");
    }
    free(name, "", taken)
}

fn ascii(name: &str) -> String {
    name.chars()
        .filter(|it| it.is_ascii_alphanumeric() || *it == '_')
        .collect()
}

/// What is left of `Über` begins with a small letter.
fn capital(mut name: String) -> String {
    if let Some(first) = name.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    name
}

/// The name, or, where that is taken, another that begins like it.
fn free(name: String, instead: &str, taken: &mut BTreeSet<String>) -> String {
    let mut free = name.clone();
    let mut number = 1;
    while !taken.insert(free.clone()) {
        number += 1;
        free = format!(
            "{}{}{number}",
            name.trim_end_matches('_'),
            if instead.is_empty() && name.contains('_') {
                "_"
            } else {
                ""
            }
        );
    }
    free
}

/// `categories` → `category`, `addresses` → `address`, `news` → `news`.
fn singular(word: &str) -> String {
    const AS_THEY_ARE: [&str; 9] = [
        "news", "series", "species", "status", "address", "bus", "alias", "settings", "sms",
    ];
    let irregular = [
        ("people", "person"),
        ("children", "child"),
        ("men", "man"),
        ("movies", "movie"),
        ("cookies", "cookie"),
    ];
    if let Some((_, one)) = irregular.iter().find(|(many, _)| *many == word) {
        return (*one).to_owned();
    }
    if AS_THEY_ARE.contains(&word)
        || ["ss", "us", "is", "as", "os"]
            .iter()
            .any(|end| word.ends_with(end))
    {
        return word.to_owned();
    }
    if let Some(stem) = word.strip_suffix("ies").filter(|stem| stem.len() > 1) {
        return format!("{stem}y");
    }
    for end in ["sses", "xes", "ches", "shes", "zzes", "uses"] {
        if word.ends_with(end) {
            return word[..word.len() - 2].to_owned();
        }
    }
    word.strip_suffix('s')
        .filter(|stem| stem.len() > 1)
        .unwrap_or(word)
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_singular_and_apart() {
        let mut taken = BTreeSet::new();
        let mut named = |table: &str| row(table, &mut taken);
        assert_eq!(named("users"), "User");
        assert_eq!(named("new_users"), "NewUserRow");
        assert_eq!(named("User"), "User2");
        assert_eq!(named("blog_categories"), "BlogCategory");
        assert_eq!(named("addresses"), "Address");
        assert_eq!(named("status"), "Status");
        assert_eq!(named("options"), "OptionRow");
        assert_eq!(named("2fa codes"), "T2faCode");
        assert_eq!(named("日本"), "T");
        assert_eq!(named("über"), "Ber");
    }

    #[test]
    fn fields_are_those_of_the_columns_where_rust_has_them() {
        let mut taken = BTreeSet::new();
        let mut named = |column: &str| field(column, &mut taken);
        assert_eq!(named("type"), ("r#type".into(), true));
        assert_eq!(named("leftId"), ("left_id".into(), false));
        assert_eq!(named("left_id"), ("left_id_2".into(), false));
        assert_eq!(named("Full Name"), ("full_name".into(), false));
        assert_eq!(named("self"), ("self_".into(), false));
        assert_eq!(named("2nd"), ("n2nd".into(), false));
        assert_eq!(named("ä"), ("n".into(), false));
        assert_eq!(named("unique"), ("unique_".into(), false));
        assert_eq!(named("q"), ("q_".into(), false));
    }

    #[test]
    fn variants_say_what_their_labels_say() {
        let labels = ["in review", "", "2x", "In_Review", "+", "ünï"].map(str::to_owned);
        assert_eq!(
            variants(&labels),
            ["InReview", "Empty", "V2x", "InReview2", "Other", "N"]
        );
    }
}
