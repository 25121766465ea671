//! `primary_key(a, b)` and `foreign_key(a, b, references = Other)`, above the struct.

use proc_macro2::Span;
use syn::ext::IdentExt;
use syn::meta::ParseNestedMeta;
use syn::spanned::Spanned;
use syn::{Error, Ident, LitInt, LitStr, Path, Result, Token};

use super::{Deferrable, deferrable, is_bare, some_field};
use crate::attr::{Action, action, length, once, path, string};

/// `primary_key(a, b(length = 20), name = "…")`.
pub(crate) struct PrimaryKeyArg {
    pub(crate) span: Span,
    pub(crate) fields: Vec<Ident>,
    /// The fields of which MySQL takes the beginning alone.
    pub(crate) lengths: Vec<(Ident, LitInt)>,
    pub(crate) name: Option<LitStr>,
}

/// `foreign_key(a, b, references = Other, to(c, d), on_delete = cascade)`.
pub(crate) struct ForeignKeyArg {
    pub(crate) fields: Vec<Ident>,
    pub(crate) target: Path,
    /// The columns: by the names of the fields, or, where those are others, as texts.
    pub(crate) to: Vec<String>,
    pub(crate) on_delete: Option<(Span, Action)>,
    pub(crate) on_update: Option<(Span, Action)>,
    pub(crate) name: Option<LitStr>,
    pub(crate) deferrable: Option<(Span, Deferrable)>,
}

const OPTIONS: &str = "`references = …`, `to(…)`, `on_delete = …`, `on_update = …`, `name = \"…\"`, `deferrable`, \
     `initially_deferred`";

pub(crate) fn primary_key(meta: &ParseNestedMeta) -> Result<PrimaryKeyArg> {
    let span = meta.path.span();
    if !meta.input.peek(syn::token::Paren) {
        return Err(Error::new(
            span,
            "on a struct this names fields, as in `primary_key(first, second)`; one field can say it itself",
        ));
    }
    let mut key = PrimaryKeyArg {
        span,
        fields: Vec::new(),
        lengths: Vec::new(),
        name: None,
    };
    meta.parse_nested_meta(|inner| {
        if inner.path.is_ident("name") && inner.input.peek(Token![=]) {
            return once(&mut key.name, &inner, string);
        }
        let is_prefix = inner.input.peek(syn::token::Paren);
        let field = inner.path.get_ident().cloned();
        let field = field
            .filter(|_| is_prefix || is_bare(&inner))
            .ok_or_else(|| {
                inner.error("expected the names of fields, and perhaps `name = \"…\"`")
            })?;
        if is_prefix {
            let mut prefix = None;
            inner.parse_nested_meta(|option| {
                if option.path.is_ident("length") && option.input.peek(Token![=]) {
                    return once(&mut prefix, &option, length);
                }
                Err(option.error("expected `length = …`, the characters that MySQL compares"))
            })?;
            key.lengths
                .extend(prefix.map(|prefix| (field.clone(), prefix)));
        }
        key.fields.push(field);
        Ok(())
    })?;
    some_field(span, key.fields.is_empty(), "primary_key")?;
    Ok(key)
}

pub(crate) fn foreign_key(meta: &ParseNestedMeta) -> Result<ForeignKeyArg> {
    let span = meta.path.span();
    let example = "as in `foreign_key(org_id, number, references = Invoice)`";
    if !meta.input.peek(syn::token::Paren) {
        return Err(Error::new(
            span,
            format!("this names fields and the referenced model, {example}"),
        ));
    }
    let (mut own, mut to, mut target) = (Vec::new(), Vec::new(), None);
    let (mut on_delete, mut on_update, mut name, mut put_off) = (None, None, None, None);
    meta.parse_nested_meta(|inner| {
        let given = inner.input.peek(Token![=]);
        if inner.path.is_ident("references") && given {
            once(&mut target, &inner, |inner| {
                path(
                    inner,
                    "the referenced model's type, as in `references = User`",
                )
            })
        } else if inner.path.is_ident("to") && inner.input.peek(syn::token::Paren) {
            to.extend(columns(&inner)?);
            Ok(())
        } else if inner.path.is_ident("on_delete") && given {
            once(&mut on_delete, &inner, action)
        } else if inner.path.is_ident("on_update") && given {
            once(&mut on_update, &inner, action)
        } else if inner.path.is_ident("name") && given {
            once(&mut name, &inner, string)
        } else if let Some(value) = deferrable(&inner).filter(|_| is_bare(&inner)) {
            once(&mut put_off, &inner, |_| Ok(value))
        } else {
            let field = inner.path.get_ident().cloned().filter(|_| is_bare(&inner));
            own.push(field.ok_or_else(|| {
                inner.error(format!("expected the names of fields, and {OPTIONS}"))
            })?);
            Ok(())
        }
    })?;
    some_field(span, own.is_empty(), "foreign_key")?;
    let Some(target) = target else {
        return Err(Error::new(
            span,
            format!("add `references = …`, the referenced model, {example}"),
        ));
    };
    if !to.is_empty() && to.len() != own.len() {
        return Err(Error::new(
            span,
            format!(
                "{} of its fields reference {} of the other model; as many stand in `to(…)`",
                own.len(),
                to.len()
            ),
        ));
    }
    Ok(ForeignKeyArg {
        fields: own,
        target,
        to,
        on_delete,
        on_update,
        name,
        deferrable: put_off,
    })
}

/// The other model's columns between parentheses.
fn columns(meta: &ParseNestedMeta) -> Result<Vec<String>> {
    let content;
    syn::parenthesized!(content in meta.input);
    let column = |input: syn::parse::ParseStream| {
        if input.peek(LitStr) {
            return Ok(input.parse::<LitStr>()?.value());
        }
        Ok(input.call(Ident::parse_any)?.unraw().to_string())
    };
    let columns = content.parse_terminated(column, Token![,])?;
    Ok(columns.into_iter().collect())
}
