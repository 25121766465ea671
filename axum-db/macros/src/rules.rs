//! The rules of a table: `unique(a, b)`, `index(c)` and `check = "…"`.

use std::collections::HashSet;

use proc_macro2::Span;
use syn::ext::IdentExt;
use syn::meta::ParseNestedMeta;
use syn::spanned::Spanned;
use syn::{Error, Ident, LitStr, Result, Token};

use crate::attr::string;
use crate::model::ModelDef;

/// `unique(a, b, name = "…")`, and the same for `index`.
pub(crate) struct RuleArg {
    pub(crate) span: Span,
    pub(crate) fields: Vec<Ident>,
    pub(crate) name: Option<LitStr>,
}

/// `check = "a < b"`, or `check("a < b", name = "…")`.
pub(crate) struct CheckArg {
    pub(crate) expression: LitStr,
    pub(crate) name: Option<LitStr>,
}

pub(crate) fn over_fields(meta: &ParseNestedMeta) -> Result<RuleArg> {
    let span = meta.path.span();
    let key = meta.path.get_ident().map(ToString::to_string);
    let key = key.as_deref().unwrap_or("unique");
    if !meta.input.peek(syn::token::Paren) {
        return Err(Error::new(
            span,
            format!("on a struct this names fields, as in `{key}(first, second)`"),
        ));
    }
    let (mut fields, mut name) = (Vec::new(), None);
    meta.parse_nested_meta(|inner| {
        if inner.path.is_ident("name") && inner.input.peek(Token![=]) {
            name = Some(string(&inner)?);
            return Ok(());
        }
        let field = inner.path.get_ident().cloned();
        fields.push(field.ok_or_else(|| {
            inner.error("expected the names of fields, and perhaps `name = \"…\"`")
        })?);
        Ok(())
    })?;
    if fields.is_empty() {
        return Err(Error::new(
            span,
            format!("name at least one field, as in `{key}(first, second)`"),
        ));
    }
    Ok(RuleArg { span, fields, name })
}

pub(crate) fn check(meta: &ParseNestedMeta) -> Result<CheckArg> {
    if meta.input.peek(Token![=]) {
        return Ok(CheckArg {
            expression: condition(meta.value()?.parse()?)?,
            name: None,
        });
    }
    if !meta.input.peek(syn::token::Paren) {
        return Err(meta.error("expected a condition in SQL, as in `check = \"price >= 0\"`"));
    }
    let content;
    syn::parenthesized!(content in meta.input);
    let expression = condition(content.parse()?)?;
    let mut name = None;
    if content.peek(Token![,]) {
        content.parse::<Token![,]>()?;
    }
    if !content.is_empty() {
        let key: Ident = content.parse()?;
        if key != "name" {
            return Err(Error::new(key.span(), "expected `name = \"…\"`"));
        }
        content.parse::<Token![=]>()?;
        name = Some(content.parse()?);
    }
    Ok(CheckArg { expression, name })
}

/// The condition, if it is one: it stands between parentheses in CREATE TABLE, and must not end them.
fn condition(text: LitStr) -> Result<LitStr> {
    let value = text.value();
    let wrong = |reason: &str| Err(Error::new(text.span(), reason));
    let (mut depth, mut quote) = (0_usize, None);
    let mut previous = ' ';
    for character in value.chars() {
        match (quote, character) {
            (Some(open), _) if open == character => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"' | '`') => quote = Some(character),
            (None, '(') => depth += 1,
            (None, ')') if depth == 0 => {
                return wrong("this condition closes a parenthesis that it did not open");
            }
            (None, ')') => depth -= 1,
            (None, ';') => return wrong("a condition is one SQL expression; take the `;` away"),
            (None, '-') if previous == '-' => {
                return wrong("a condition has no comments; write them in Rust, above the struct");
            }
            (None, '*') if previous == '/' => {
                return wrong("a condition has no comments; write them in Rust, above the struct");
            }
            _ => {}
        }
        previous = character;
    }
    if value.trim().is_empty() {
        return wrong("the condition is empty; write one in SQL, as in `check = \"price >= 0\"`");
    }
    if depth > 0 || quote.is_some() {
        return wrong("this condition leaves a parenthesis or a quotation mark open");
    }
    Ok(text)
}

/// Rules over fields that are not there, or that stand twice.
pub(crate) fn verify(model: &ModelDef) -> Result<()> {
    for (rules, word) in [(&model.uniques, "unique"), (&model.indexes, "index")] {
        let mut seen: HashSet<Vec<String>> = HashSet::new();
        for field in &model.fields {
            let alone = match word {
                "unique" => field.args.unique,
                _ => field.args.index,
            };
            if alone.is_some() {
                seen.insert(vec![field.name.clone()]);
            }
        }
        let key = model.key();
        for rule in rules {
            let mut columns = Vec::new();
            for field in &rule.fields {
                let name = field.unraw().to_string();
                if !model.fields.iter().any(|known| known.name == name) {
                    return Err(Error::new(field.span(), unknown_field(model, &name)));
                }
                if columns.contains(&name) {
                    return Err(Error::new(
                        field.span(),
                        format!("`{name}` stands here twice"),
                    ));
                }
                columns.push(name);
            }
            if word == "unique" && key.iter().map(|field| &field.name).eq(&columns) {
                return Err(Error::new(
                    rule.span,
                    "the primary key is unique already; take this away",
                ));
            }
            if !seen.insert(columns) {
                return Err(Error::new(
                    rule.span,
                    format!("this `{word}` is given already; keep one"),
                ));
            }
        }
    }
    Ok(())
}

fn unknown_field(model: &ModelDef, name: &str) -> String {
    let known: Vec<String> = model
        .fields
        .iter()
        .map(|field| format!("`{}`", field.name))
        .collect();
    format!(
        "`{}` has no field `{name}`; it has {}",
        model.ident,
        known.join(", ")
    )
}
