//! SQL in string literals: what can be told of it without a database.

use syn::{Error, LitStr, Result};

/// The SQL, if it is one whole expression: it stands among other SQL, and must not end that.
pub(crate) fn expression(text: LitStr, what: &str) -> Result<LitStr> {
    let value = text.value();
    let wrong = |reason: String| Err(Error::new(text.span(), reason));
    let (mut depth, mut brackets, mut quote) = (0_usize, 0_usize, None);
    let mut previous = ' ';
    for character in value.chars() {
        match (quote, character) {
            (_, '\0') => {
                return wrong(format!(
                    "this {what} has a character that no database takes"
                ));
            }
            (Some(open), _) if open == character => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"' | '`') => quote = Some(character),
            (None, '(') => depth += 1,
            (None, ')') if depth == 0 => {
                return wrong(format!(
                    "this {what} closes a parenthesis that it did not open"
                ));
            }
            (None, ')') => depth -= 1,
            // An array of PostgreSQL.
            (None, '[') => brackets += 1,
            (None, ']') => brackets = brackets.saturating_sub(1),
            (None, ',') if depth == 0 && brackets == 0 => {
                return wrong(format!(
                    "this {what} has a comma outside of parentheses; it is one SQL expression"
                ));
            }
            (None, ';') => {
                return wrong(format!(
                    "this {what} is one SQL expression; take the `;` away"
                ));
            }
            (None, '-') if previous == '-' => return wrong(comments(what)),
            (None, '*') if previous == '/' => return wrong(comments(what)),
            _ => {}
        }
        previous = character;
    }
    if value.trim().is_empty() {
        return wrong(format!("this {what} is empty; write it in SQL"));
    }
    if depth > 0 || brackets > 0 || quote.is_some() {
        return wrong(format!(
            "this {what} leaves a parenthesis or a quotation mark open"
        ));
    }
    Ok(text)
}

fn comments(what: &str) -> String {
    format!("this {what} has a comment; write it in Rust, above the struct")
}
