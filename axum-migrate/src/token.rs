//! The words of an SQL text.

/// One token and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    pub(crate) kind: Kind,
    pub(crate) text: &'a str,
    pub(crate) start: usize,
}

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A keyword or an identifier without quotes.
    Word,
    /// An identifier in `"…"`, `` `…` `` or `[…]`.
    Quoted,
    /// `'…'`, or `X'…'`.
    String,
    Number,
    Symbol,
}

impl Token<'_> {
    /// Where the token ends.
    pub(crate) fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// Whether it is this keyword, in any case, and not in quotes.
    #[cfg(feature = "sqlite")]
    pub(crate) fn is(&self, keyword: &str) -> bool {
        self.kind == Kind::Word && self.text.eq_ignore_ascii_case(keyword)
    }

    pub(crate) fn is_symbol(&self, symbol: &str) -> bool {
        self.kind == Kind::Symbol && self.text == symbol
    }

    /// The identifier it spells. SQLite takes `'…'` for one too.
    pub(crate) fn identifier(&self) -> Option<String> {
        match self.kind {
            Kind::Word => Some(self.text.to_owned()),
            Kind::Quoted | Kind::String => Some(unquote(self.text)),
            Kind::Number | Kind::Symbol => None,
        }
    }
}

/// An identifier or string without its quotes.
fn unquote(text: &str) -> String {
    let Some(mark) = text.chars().next() else {
        return String::new();
    };
    let close = if mark == '[' { ']' } else { mark };
    let inner = text.strip_prefix(mark).unwrap_or(text);
    let inner = inner.strip_suffix(close).unwrap_or(inner);
    if mark == '[' {
        inner.to_owned()
    } else {
        inner.replace(&format!("{mark}{mark}"), &mark.to_string())
    }
}

/// Splits an SQL text into tokens; blanks and comments fall away.
pub(crate) fn tokens(sql: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = sql[at..].chars().next() {
        let rest = &sql[at..];
        let (kind, length) = if is_blank(first) {
            (None, first.len_utf8())
        } else if rest.starts_with("--") {
            (None, rest.find('\n').unwrap_or(rest.len()))
        } else if rest.starts_with("/*") {
            (None, rest.find("*/").map_or(rest.len(), |end| end + 2))
        } else if matches!(first, '"' | '`' | '[') {
            (
                Some(Kind::Quoted),
                quoted_length(rest, if first == '[' { ']' } else { first }),
            )
        } else if first == '\'' {
            (Some(Kind::String), quoted_length(rest, first))
        } else if matches!(first, 'x' | 'X') && rest[1..].starts_with('\'') {
            (Some(Kind::String), 1 + quoted_length(&rest[1..], '\''))
        } else if first.is_ascii_digit()
            || first == '.' && rest[1..].starts_with(|next: char| next.is_ascii_digit())
        {
            (Some(Kind::Number), number_length(rest))
        } else if is_word(first) {
            (
                Some(Kind::Word),
                rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            )
        } else {
            (Some(Kind::Symbol), symbol_length(rest, first))
        };
        if let Some(kind) = kind {
            tokens.push(Token {
                kind,
                text: &rest[..length],
                start: at,
            });
        }
        at += length;
    }
    tokens
}

/// Blanks beyond ASCII are letters of names to the engines, but for the mark at the beginning of a file.
fn is_blank(c: char) -> bool {
    c.is_ascii_whitespace() || matches!(c, '\u{b}' | '\u{feff}')
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '$' || !c.is_ascii()
}

fn symbol_length(rest: &str, first: char) -> usize {
    const LONG: [&str; 13] = [
        "->>", "||", "<=", ">=", "<>", "!=", "==", "<<", ">>", "->", "::", "~*", ":=",
    ];
    LONG.iter()
        .find(|symbol| rest.starts_with(**symbol))
        .map_or(first.len_utf8(), |it| it.len())
}

fn number_length(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let exponent_sign = matches!(byte, b'+' | b'-')
            && matches!(bytes[at - 1], b'e' | b'E')
            && !rest.starts_with("0x");
        if !byte.is_ascii_alphanumeric() && !matches!(byte, b'.' | b'_') && !exponent_sign {
            break;
        }
        at += 1;
    }
    at
}

fn quoted_length(rest: &str, close: char) -> usize {
    let mut characters = rest.char_indices().skip(1).peekable();
    while let Some((at, c)) = characters.next() {
        if c == close {
            if close != ']' && characters.peek().is_some_and(|(_, next)| *next == close) {
                characters.next();
            } else {
                return at + c.len_utf8();
            }
        }
    }
    rest.len()
}

/// Joins tokens again, in one spelling of the blanks.
#[cfg(any(test, feature = "sqlite"))]
pub(crate) fn join<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let mut text = String::new();
    for word in words {
        let glued = text.is_empty()
            || matches!(word, ")" | "," | "." | "(")
                && !(word == "("
                    && text.ends_with([',', '=', '>', '<', '+', '-', '*', '/', '|', '%']))
                && !(word == "(" && ends_with_operator(&text))
            || text.ends_with(['(', '.']);
        if !glued {
            text.push(' ');
        }
        text.push_str(word);
    }
    text
}

/// Whether the text ends with a keyword after which a parenthesis is not a call.
#[cfg(any(test, feature = "sqlite"))]
fn ends_with_operator(text: &str) -> bool {
    let last = text.rsplit([' ', '(']).next().unwrap_or("");
    [
        "and", "or", "not", "in", "is", "like", "between", "then", "else", "when", "as",
    ]
    .iter()
    .any(|word| last.eq_ignore_ascii_case(word))
}

/// Replaces an identifier in an SQL expression, in the quoting it has there.
pub(crate) fn rename_identifier(sql: &str, from: &str, to: &str) -> String {
    let plain = to.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && to
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    let tokens = tokens(sql);
    let mut renamed = String::with_capacity(sql.len());
    let mut copied = 0;
    for (at, token) in tokens.iter().enumerate() {
        let is_call = tokens.get(at + 1).is_some_and(|next| next.is_symbol("("));
        let mark = match token.kind {
            Kind::Quoted if token.text.starts_with('`') => '`',
            Kind::Quoted => '"',
            Kind::Word if !is_call => '"',
            _ => continue,
        };
        if token.identifier().as_deref() != Some(from) {
            continue;
        }
        renamed.push_str(&sql[copied..token.start]);
        if token.kind == Kind::Word && plain {
            renamed.push_str(to);
        } else {
            renamed.push(mark);
            renamed.push_str(&to.replace(mark, &format!("{mark}{mark}")));
            renamed.push(mark);
        }
        copied = token.end();
    }
    renamed.push_str(&sql[copied..]);
    renamed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_keep_literals_and_quoted_names_whole() {
        let sql = "a/*x*/>='it''s' --c\n AND \"q\"\"q\"||[b c] <> X'00' + 1.5e-3 - .5";
        let texts: Vec<_> = tokens(sql).into_iter().map(|token| token.text).collect();
        assert_eq!(
            texts,
            [
                "a",
                ">=",
                "'it''s'",
                "AND",
                "\"q\"\"q\"",
                "||",
                "[b c]",
                "<>",
                "X'00'",
                "+",
                "1.5e-3",
                "-",
                ".5"
            ]
        );
        assert!(tokens("'never closed").len() == 1);
    }

    #[test]
    fn renames_whole_identifiers_only_and_never_inside_literals() {
        let renamed = rename_identifier("(a > 0) AND aa <> 'a' AND \"a\" < `a`", "a", "b c");
        assert_eq!(renamed, "(\"b c\" > 0) AND aa <> 'a' AND \"b c\" < `b c`");
        assert_eq!(
            rename_identifier("lower(lower)", "lower", "name"),
            "lower(name)"
        );
    }

    #[test]
    fn joins_in_one_spelling() {
        let join = |sql| join(tokens(sql).into_iter().map(|token| token.text));
        assert_eq!(
            join("length( a )>0 and(b  in(1,2))"),
            "length(a) > 0 and (b in (1, 2))"
        );
    }
}
