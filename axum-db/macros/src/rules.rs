//! The rules of a table: `unique(a, b)`, `index(c)`, `check = "…"`, `foreign_key(…)`.

mod groups;
mod key;
mod verify;

use proc_macro2::Span;
use syn::meta::ParseNestedMeta;
use syn::spanned::Spanned;
use syn::{Error, Ident, LitInt, LitStr, Result, Token};

use crate::attr::{length, once, string};
use crate::sql;

pub(crate) use groups::{ColumnRules, GeneratedArg, TableRules};
pub(crate) use key::{ForeignKeyArg, PrimaryKeyArg, foreign_key, primary_key};
pub(crate) use verify::{verify, verify_key_names};

/// `unique(a, b, name = "…")`.
pub(crate) struct UniqueArg {
    pub(crate) span: Span,
    pub(crate) fields: Vec<Ident>,
    pub(crate) name: Option<LitStr>,
    pub(crate) deferrable: Option<(Span, Deferrable)>,
    pub(crate) nulls_not_distinct: Option<Span>,
    pub(crate) include: Vec<Ident>,
}

/// `index(a, b(desc), expr("lower(c)"), where = "…")`.
pub(crate) struct IndexArg {
    pub(crate) span: Span,
    pub(crate) keys: Vec<KeyArg>,
    pub(crate) name: Option<LitStr>,
    pub(crate) unique: Option<Span>,
    pub(crate) filter: Option<LitStr>,
    pub(crate) using: Option<LitStr>,
    pub(crate) include: Vec<Ident>,
    pub(crate) nulls_not_distinct: Option<Span>,
}

/// One key of an index.
pub(crate) struct KeyArg {
    pub(crate) target: Target,
    pub(crate) desc: Option<Span>,
    pub(crate) nulls_first: Option<(Span, bool)>,
    pub(crate) opclass: Option<LitStr>,
    pub(crate) collation: Option<LitStr>,
    pub(crate) length: Option<LitInt>,
}

pub(crate) enum Target {
    Field(Ident),
    Expression(LitStr),
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deferrable {
    Immediate,
    Deferred,
}

/// `check = "a < b"`, or `check("a < b", name = "…")`.
pub(crate) struct CheckArg {
    pub(crate) expression: LitStr,
    pub(crate) name: Option<LitStr>,
}

const UNIQUE_OPTIONS: &str =
    "`name = \"…\"`, `deferrable`, `initially_deferred`, `nulls_not_distinct`, `include(…)`";
const INDEX_OPTIONS: &str = "`name = \"…\"`, `unique`, `where = \"…\"`, `using = \"…\"`, `include(…)`, \
     `nulls_not_distinct`, `expr(\"…\")`";
const KEY_OPTIONS: &str =
    "`desc`, `nulls_first`, `nulls_last`, `opclass = \"…\"`, `collation = \"…\"`, `length = …`";

impl UniqueArg {
    /// On a struct, over the fields that it names; on a field, over that.
    pub(crate) fn parse(meta: &ParseNestedMeta, field: Option<&Ident>) -> Result<Self> {
        let mut rule = Self {
            span: meta.path.span(),
            fields: field.into_iter().cloned().collect(),
            name: None,
            deferrable: None,
            nulls_not_distinct: None,
            include: Vec::new(),
        };
        options(meta, field, "unique", |inner| {
            if rule.option(inner)? {
                return Ok(());
            }
            let other = other_field(inner, field, UNIQUE_OPTIONS)?;
            rule.fields.push(other);
            Ok(())
        })?;
        some_field(rule.span, rule.fields.is_empty(), "unique")?;
        Ok(rule)
    }

    fn option(&mut self, inner: &ParseNestedMeta) -> Result<bool> {
        let bare = is_bare(inner);
        if inner.path.is_ident("name") && inner.input.peek(Token![=]) {
            once(&mut self.name, inner, string)?;
        } else if inner.path.is_ident("nulls_not_distinct") && bare {
            once(&mut self.nulls_not_distinct, inner, span)?;
        } else if let Some(value) = deferrable(inner).filter(|_| bare) {
            once(&mut self.deferrable, inner, |_| Ok(value))?;
        } else if inner.path.is_ident("include") && inner.input.peek(syn::token::Paren) {
            self.include.extend(fields(inner)?);
        } else {
            return Ok(false);
        }
        Ok(true)
    }
}

impl IndexArg {
    pub(crate) fn parse(meta: &ParseNestedMeta, field: Option<&Ident>) -> Result<Self> {
        let mut rule = Self {
            span: meta.path.span(),
            keys: field
                .map(|field| KeyArg::new(Target::Field(field.clone())))
                .into_iter()
                .collect(),
            name: None,
            unique: None,
            filter: None,
            using: None,
            include: Vec::new(),
            nulls_not_distinct: None,
        };
        options(meta, field, "index", |inner| {
            if rule.option(inner)? {
                return Ok(());
            }
            if let (Some(_), [key]) = (field, rule.keys.as_mut_slice()) {
                if key.option(inner)? {
                    return Ok(());
                }
                return Err(inner.error(format!(
                    "the index of a field takes {KEY_OPTIONS}, {INDEX_OPTIONS}; an index over several \
                     fields stands above the struct"
                )));
            }
            rule.keys.push(KeyArg::parse(inner)?);
            Ok(())
        })?;
        some_field(rule.span, rule.keys.is_empty(), "index")?;
        if let (Some(span), None) = (rule.nulls_not_distinct, rule.unique) {
            return Err(Error::new(
                span,
                "`nulls_not_distinct` is about the keys that are `unique`; add that, or take this away",
            ));
        }
        Ok(rule)
    }

    fn option(&mut self, inner: &ParseNestedMeta) -> Result<bool> {
        let (bare, given) = (is_bare(inner), inner.input.peek(Token![=]));
        if inner.path.is_ident("name") && given {
            once(&mut self.name, inner, string)?;
        } else if inner.path.is_ident("using") && given {
            once(&mut self.using, inner, method)?;
        } else if inner.path.is_ident("where") && given {
            once(&mut self.filter, inner, |inner| sql(inner, "condition"))?;
        } else if inner.path.is_ident("unique") && bare {
            once(&mut self.unique, inner, span)?;
        } else if inner.path.is_ident("nulls_not_distinct") && bare {
            once(&mut self.nulls_not_distinct, inner, span)?;
        } else if inner.path.is_ident("include") && inner.input.peek(syn::token::Paren) {
            self.include.extend(fields(inner)?);
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    /// The fields it is over, where it reads nothing else and holds all rows.
    pub(crate) fn whole_fields(&self) -> Option<Vec<&Ident>> {
        if self.filter.is_some() {
            return None;
        }
        let fields = self.keys.iter().map(|key| match &key.target {
            Target::Field(field) if key.length.is_none() => Some(field),
            _ => None,
        });
        fields.collect()
    }
}

impl KeyArg {
    fn new(target: Target) -> Self {
        Self {
            target,
            desc: None,
            nulls_first: None,
            opclass: None,
            collation: None,
            length: None,
        }
    }

    /// `made`, `made(desc)`, `expr("lower(title)", desc)`.
    fn parse(inner: &ParseNestedMeta) -> Result<Self> {
        let name = other_field(inner, None, INDEX_OPTIONS)?;
        if name != "expr" {
            let mut key = Self::new(Target::Field(name));
            if inner.input.peek(syn::token::Paren) {
                inner.parse_nested_meta(|option| key.known_option(&option))?;
            }
            return Ok(key);
        }
        let content;
        syn::parenthesized!(content in inner.input);
        let text: LitStr = content.parse().map_err(|error| {
            Error::new(
                error.span(),
                "expected an expression in SQL, as in `expr(\"lower(title)\")`",
            )
        })?;
        let mut key = Self::new(Target::Expression(sql::expression(text, "expression")?));
        if !content.is_empty() {
            content.parse::<Token![,]>()?;
            let options = syn::meta::parser(|option| key.known_option(&option));
            syn::parse::Parser::parse2(options, content.parse()?)?;
        }
        Ok(key)
    }

    fn known_option(&mut self, option: &ParseNestedMeta) -> Result<()> {
        if self.option(option)? {
            Ok(())
        } else {
            Err(option.error(format!("a key of an index takes {KEY_OPTIONS}")))
        }
    }

    fn option(&mut self, inner: &ParseNestedMeta) -> Result<bool> {
        let (bare, given) = (is_bare(inner), inner.input.peek(Token![=]));
        if inner.path.is_ident("desc") && bare {
            once(&mut self.desc, inner, span)?;
        } else if inner.path.is_ident("nulls_first") && bare {
            once(&mut self.nulls_first, inner, |inner| {
                Ok((span(inner)?, true))
            })?;
        } else if inner.path.is_ident("nulls_last") && bare {
            once(&mut self.nulls_first, inner, |inner| {
                Ok((span(inner)?, false))
            })?;
        } else if inner.path.is_ident("opclass") && given {
            once(&mut self.opclass, inner, |inner| {
                sql(inner, "operator class")
            })?;
        } else if inner.path.is_ident("collation") && given {
            once(&mut self.collation, inner, string)?;
        } else if inner.path.is_ident("length") && given {
            once(&mut self.length, inner, length)?;
        } else {
            return Ok(false);
        }
        Ok(true)
    }
}

impl CheckArg {
    pub(crate) fn parse(meta: &ParseNestedMeta) -> Result<Self> {
        if meta.input.peek(Token![=]) {
            return Ok(Self {
                expression: sql(meta, "condition")?,
                name: None,
            });
        }
        if !meta.input.peek(syn::token::Paren) {
            return Err(meta.error("expected a condition in SQL, as in `check = \"price >= 0\"`"));
        }
        let content;
        syn::parenthesized!(content in meta.input);
        let expression = sql::expression(content.parse()?, "condition")?;
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
        Ok(Self { expression, name })
    }
}

/// `deferrable` and `initially_deferred`.
pub(crate) fn deferrable(meta: &ParseNestedMeta) -> Option<(Span, Deferrable)> {
    let span = meta.path.span();
    if meta.path.is_ident("deferrable") {
        Some((span, Deferrable::Immediate))
    } else if meta.path.is_ident("initially_deferred") {
        Some((span, Deferrable::Deferred))
    } else {
        None
    }
}

/// Reads what stands between the parentheses; on a field they may be missing.
fn options(
    meta: &ParseNestedMeta,
    field: Option<&Ident>,
    key: &str,
    each: impl FnMut(&ParseNestedMeta) -> Result<()>,
) -> Result<()> {
    let mut each = each;
    if meta.input.peek(syn::token::Paren) {
        return meta.parse_nested_meta(|inner| each(&inner));
    }
    if meta.input.peek(Token![=]) {
        return Err(meta.error(format!(
            "this takes no value; a name is `{key}(name = \"…\")`"
        )));
    }
    match field {
        Some(_) => Ok(()),
        None => Err(Error::new(
            meta.path.span(),
            format!("on a struct this names fields, as in `{key}(first, second)`"),
        )),
    }
}

/// The name of a field, where one may stand.
fn other_field(inner: &ParseNestedMeta, field: Option<&Ident>, known: &str) -> Result<Ident> {
    if field.is_some() {
        return Err(inner.error(format!(
            "on a field this takes {known}; over several fields it stands above the struct"
        )));
    }
    let expected = || inner.error(format!("expected the names of fields, and perhaps {known}"));
    if inner.input.peek(Token![=]) {
        return Err(expected());
    }
    inner.path.get_ident().cloned().ok_or_else(expected)
}

/// The names of fields between parentheses.
pub(crate) fn fields(meta: &ParseNestedMeta) -> Result<Vec<Ident>> {
    let mut fields = Vec::new();
    meta.parse_nested_meta(|inner| {
        let field = inner.path.get_ident().cloned();
        fields.push(field.ok_or_else(|| inner.error("expected the name of a field"))?);
        Ok(())
    })?;
    Ok(fields)
}

fn some_field(span: Span, none: bool, key: &str) -> Result<()> {
    if none {
        return Err(Error::new(
            span,
            format!("name at least one field, as in `{key}(first, second)`"),
        ));
    }
    Ok(())
}

fn is_bare(meta: &ParseNestedMeta) -> bool {
    meta.input.is_empty() || meta.input.peek(Token![,])
}

fn span(meta: &ParseNestedMeta) -> Result<Span> {
    Ok(meta.path.span())
}

/// `… = "SQL"`.
pub(crate) fn sql(meta: &ParseNestedMeta, what: &str) -> Result<LitStr> {
    sql::expression(meta.value()?.parse()?, what)
}

/// The name of an index method, in lower case as the engines list it.
fn method(meta: &ParseNestedMeta) -> Result<LitStr> {
    let text = string(meta)?;
    let value = text.value();
    if value
        .chars()
        .all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '_')
    {
        return Ok(text);
    }
    Err(Error::new(
        text.span(),
        "expected the name of a method in lower case, as in `using = \"gin\"`",
    ))
}
