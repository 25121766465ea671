//! The arguments of `#[model(…)]`, on the struct and on its fields.

use proc_macro2::Span;
use syn::meta::ParseNestedMeta;
use syn::{
    Attribute, Error, Expr, ExprLit, ExprUnary, Ident, Lit, LitInt, LitStr, Path, Result, UnOp,
};

use crate::engine::Engine;
use crate::rules::{self, ColumnRules, ForeignKeyArg, PrimaryKeyArg, TableRules};

/// The helper attribute as the derive sees it. `#[model]` itself cannot be a derive's helper: the name
/// would be ambiguous with the attribute macro.
pub(crate) const HELPER: &str = "axum_db";

const STRUCT_KEYS: &str = "`table`, `schema`, `bind`, `primary_key(…)`, `unique(…)`, `index(…)`, `foreign_key(…)`, \
     `check = \"…\"`, `comment`, `renamed_from`, and `sqlite(…)`, `postgres(…)`, `mysql(…)`";
const FIELD_KEYS: &str = "`primary_key`, `unique`, `index`, `check`, `db_enum`, `length`, `precision`, `scale`, \
     `default`, `default_sql`, `generated`, `auto_increment`, `identity`, `references`, `on_delete`, `on_update`, \
     `deferrable`, `initially_deferred`, `constraint`, `relation`, `backref`, `many_to_many`, `no_join`, `sql_type`, \
     `column`, `column_type`, `collation`, `comment`, `renamed_from`, and `sqlite(…)`, `postgres(…)`, `mysql(…)`";

#[derive(Default)]
pub(crate) struct StructArgs {
    pub(crate) table: Option<LitStr>,
    pub(crate) bind: Option<Path>,
    pub(crate) schema: Option<LitStr>,
    pub(crate) primary_key: Option<PrimaryKeyArg>,
    pub(crate) foreign_keys: Vec<ForeignKeyArg>,
    pub(crate) rules: TableRules,
    pub(crate) engines: Vec<(Engine, TableRules)>,
    pub(crate) renamed_from: Option<LitStr>,
    /// The derives of the struct that its `New…` companion shares.
    pub(crate) derives: Vec<Ident>,
}

#[derive(Default)]
pub(crate) struct FieldArgs {
    pub(crate) primary_key: Option<Span>,
    pub(crate) rules: ColumnRules,
    pub(crate) engines: Vec<(Engine, ColumnRules)>,
    pub(crate) auto_increment: Option<(Span, bool)>,
    /// The column's name in the database, where the field's is another.
    pub(crate) column: Option<LitStr>,
    pub(crate) constraint: Option<LitStr>,
    pub(crate) db_enum: Option<Span>,
    pub(crate) length: Option<LitInt>,
    pub(crate) precision: Option<LitInt>,
    pub(crate) scale: Option<LitInt>,
    pub(crate) default: Option<DefaultArg>,
    pub(crate) references: Option<Path>,
    pub(crate) on_delete: Option<(Span, Action)>,
    pub(crate) on_update: Option<(Span, Action)>,
    pub(crate) relation: Option<Ident>,
    pub(crate) backref: Option<Ident>,
    pub(crate) many_to_many: Option<Ident>,
    pub(crate) no_join: Option<Span>,
    pub(crate) sql_type: Option<syn::Type>,
    pub(crate) renamed_from: Option<LitStr>,
}

pub(crate) enum DefaultArg {
    Now(Span),
    Text(LitStr),
    Integer(Expr, i64),
    Float(Expr),
    Bool(syn::LitBool),
    /// A value of an enum.
    Path(syn::ExprPath),
    /// What `New…` works out; the database has no default.
    Call(Expr),
}

impl DefaultArg {
    pub(crate) fn span(&self) -> Span {
        use syn::spanned::Spanned;
        match self {
            Self::Now(span) => *span,
            Self::Text(text) => text.span(),
            Self::Integer(number, _) | Self::Float(number) => number.span(),
            Self::Bool(value) => value.span(),
            Self::Path(path) => path.span(),
            Self::Call(expression) => expression.span(),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Nothing,
    Restrict,
    Cascade,
    SetNull,
    SetDefault,
}

impl StructArgs {
    pub(crate) fn parse(attributes: &[Attribute]) -> Result<Self> {
        let mut args = Self::default();
        for_each(attributes, |meta| {
            if meta.path.is_ident("table") {
                once(&mut args.table, &meta, string)
            } else if meta.path.is_ident("bind") {
                once(&mut args.bind, &meta, |meta| {
                    path(
                        meta,
                        "a type that implements `Bind`, as in `bind = Analytics`",
                    )
                })
            } else if meta.path.is_ident("schema") {
                once(&mut args.schema, &meta, schema)
            } else if meta.path.is_ident("primary_key") {
                once(&mut args.primary_key, &meta, rules::primary_key)
            } else if meta.path.is_ident("foreign_key") {
                args.foreign_keys.push(rules::foreign_key(&meta)?);
                Ok(())
            } else if let Some(engine) = Engine::of(&meta.path) {
                args.engines
                    .push((engine, TableRules::group(&meta, engine)?));
                Ok(())
            } else if args.rules.parse(&meta, None)? {
                Ok(())
            } else if meta.path.is_ident("renamed_from") {
                once(&mut args.renamed_from, &meta, string)
            } else if meta.path.is_ident("derive") {
                meta.parse_nested_meta(|derive| {
                    args.derives.extend(derive.path.get_ident().cloned());
                    Ok(())
                })
            } else {
                Err(unknown(&meta, "struct", STRUCT_KEYS))
            }
        })?;
        Ok(args)
    }
}

impl FieldArgs {
    pub(crate) fn parse(attributes: &[Attribute], field: &Ident) -> Result<Self> {
        let mut args = Self::default();
        for_each(attributes, |meta| {
            if let Some(engine) = Engine::of(&meta.path) {
                let group = ColumnRules::group(&meta, field, engine)?;
                args.engines.push((engine, group));
                return Ok(());
            }
            if args.rules.parse(&meta, field, None)? {
                return Ok(());
            }
            let Some(key) = meta.path.get_ident().map(ToString::to_string) else {
                return Err(unknown(&meta, "field", FIELD_KEYS));
            };
            match key.as_str() {
                "primary_key" => once(&mut args.primary_key, &meta, flag),
                "auto_increment" => once(&mut args.auto_increment, &meta, switch),
                "column" => once(&mut args.column, &meta, string),
                "constraint" => once(&mut args.constraint, &meta, string),
                "no_join" => once(&mut args.no_join, &meta, flag),
                "db_enum" => once(&mut args.db_enum, &meta, flag),
                "length" => once(&mut args.length, &meta, length),
                "precision" => once(&mut args.precision, &meta, |meta| digits(meta, 1)),
                "scale" => once(&mut args.scale, &meta, |meta| digits(meta, 0)),
                "default" => once(&mut args.default, &meta, default),
                "references" => once(&mut args.references, &meta, |meta| {
                    path(
                        meta,
                        "the referenced model's type, as in `references = User`",
                    )
                }),
                "on_delete" => once(&mut args.on_delete, &meta, action),
                "on_update" => once(&mut args.on_update, &meta, action),
                "relation" => once(&mut args.relation, &meta, |meta| method(meta, "author")),
                "backref" => once(&mut args.backref, &meta, |meta| method(meta, "posts")),
                "many_to_many" => once(&mut args.many_to_many, &meta, |meta| method(meta, "tags")),
                "sql_type" => once(&mut args.sql_type, &meta, sql_type),
                "renamed_from" => once(&mut args.renamed_from, &meta, string),
                _ => Err(unknown(&meta, "field", FIELD_KEYS)),
            }
        })?;
        Ok(args)
    }
}

fn for_each(
    attributes: &[Attribute],
    mut parse: impl FnMut(ParseNestedMeta) -> Result<()>,
) -> Result<()> {
    for attribute in attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident(HELPER))
    {
        if matches!(&attribute.meta, syn::Meta::List(list) if list.tokens.is_empty()) {
            continue;
        }
        attribute.parse_nested_meta(&mut parse)?;
    }
    Ok(())
}

pub(crate) fn once<T>(
    slot: &mut Option<T>,
    meta: &ParseNestedMeta,
    parse: impl FnOnce(&ParseNestedMeta) -> Result<T>,
) -> Result<()> {
    let value = parse(meta)?;
    if slot.replace(value).is_some() {
        return Err(meta.error("this is given twice; keep one"));
    }
    Ok(())
}

fn unknown(meta: &ParseNestedMeta, place: &str, keys: &str) -> Error {
    use quote::ToTokens;
    let found = meta.path.to_token_stream().to_string();
    meta.error(format!(
        "unknown `{found}` in `#[model(…)]` on a {place}; it takes {keys}"
    ))
}

pub(crate) fn flag(meta: &ParseNestedMeta) -> Result<Span> {
    use syn::spanned::Spanned;
    if meta.input.peek(syn::Token![=]) {
        return Err(meta.error("this takes no value; write the word alone"));
    }
    if meta.input.peek(syn::token::Paren) {
        return Err(meta.error("this is the word alone; take the parentheses away"));
    }
    Ok(meta.path.span())
}

pub(crate) fn string(meta: &ParseNestedMeta) -> Result<LitStr> {
    let text: LitStr = meta.value()?.parse()?;
    if text.value().is_empty() || text.value().contains('\0') {
        return Err(Error::new(
            text.span(),
            "this is not a name a database takes; write at least one letter",
        ));
    }
    Ok(text)
}

/// A schema's name: Diesel takes it as an identifier.
fn schema(meta: &ParseNestedMeta) -> Result<LitStr> {
    let text = string(meta)?;
    match syn::parse_str::<Ident>(&text.value()) {
        Ok(_) => Ok(text),
        Err(_) => Err(Error::new(
            text.span(),
            "Diesel knows schemas by names that are Rust identifiers; choose one of letters, digits and `_`",
        )),
    }
}

/// `auto_increment`, or `auto_increment = false`.
fn switch(meta: &ParseNestedMeta) -> Result<(Span, bool)> {
    use syn::spanned::Spanned;
    if meta.input.peek(syn::Token![=]) {
        let value: syn::LitBool = meta.value()?.parse()?;
        return Ok((meta.path.span(), value.value));
    }
    Ok((flag(meta)?, true))
}

fn sql_type(meta: &ParseNestedMeta) -> Result<syn::Type> {
    let input = meta.value()?;
    let span = input.span();
    let expected = || {
        Error::new(
            span,
            "expected an SQL type, as in `sql_type = diesel::sql_types::Text`",
        )
    };
    match input.parse::<syn::Type>() {
        Ok(ty @ syn::Type::Path(_)) => Ok(ty),
        _ => Err(expected()),
    }
}

pub(crate) fn length(meta: &ParseNestedMeta) -> Result<LitInt> {
    let number: LitInt = meta.value()?.parse()?;
    match number.base10_parse::<u32>() {
        Ok(1..) => Ok(number),
        _ => Err(Error::new(
            number.span(),
            "`length` is a number of characters (or bytes) from 1 to 4294967295",
        )),
    }
}

/// MySQL's limits, the narrowest.
fn digits(meta: &ParseNestedMeta, least: u32) -> Result<LitInt> {
    let number: LitInt = meta.value()?.parse()?;
    match number.base10_parse::<u32>() {
        Ok(digits) if (least..=65).contains(&digits) => Ok(number),
        _ => Err(Error::new(
            number.span(),
            format!("expected a number of digits from {least} to 65"),
        )),
    }
}

pub(crate) fn path(meta: &ParseNestedMeta, expected: &str) -> Result<Path> {
    let input = meta.value()?;
    let span = input.span();
    input
        .call(Path::parse_mod_style)
        .or_else(|_| input.parse())
        .map_err(|_| Error::new(span, format!("expected {expected}")))
}

fn method(meta: &ParseNestedMeta, example: &str) -> Result<Ident> {
    let input = meta.value()?;
    let span = input.span();
    let key = meta
        .path
        .get_ident()
        .map(ToString::to_string)
        .unwrap_or_default();
    let error = |span| {
        Error::new(
            span,
            format!("expected the name of the method to write, as in `{key} = {example}`"),
        )
    };
    let name: Ident = input.parse().map_err(|_| error(span))?;
    if ["query", "find", "table", "save", "delete", "link", "unlink"]
        .iter()
        .any(|taken| name == taken)
    {
        return Err(Error::new(
            name.span(),
            format!("every model has a method `{name}` already; choose another name"),
        ));
    }
    Ok(name)
}

pub(crate) fn action(meta: &ParseNestedMeta) -> Result<(Span, Action)> {
    const EXPECTED: &str =
        "expected `cascade`, `restrict`, `set_null`, `set_default` or `no_action`";
    let input = meta.value()?;
    let span = input.span();
    let name: Ident = input.parse().map_err(|_| Error::new(span, EXPECTED))?;
    let action = match name.to_string().as_str() {
        "cascade" => Action::Cascade,
        "restrict" => Action::Restrict,
        "set_null" => Action::SetNull,
        "set_default" => Action::SetDefault,
        "no_action" => Action::Nothing,
        _ => return Err(Error::new(name.span(), EXPECTED)),
    };
    Ok((name.span(), action))
}

fn default(meta: &ParseNestedMeta) -> Result<DefaultArg> {
    use syn::spanned::Spanned;
    let expression: Expr = meta.value()?.parse()?;
    let error = || {
        Error::new(
            expression.span(),
            "`default` takes a literal (`\"text\"`, `0`, `1.5`, `true`), `now`, an enum's variant \
             (`Status::Draft`), or a call (`Uuid::now_v7()`)",
        )
    };
    let (literal, negative) = match &expression {
        Expr::Path(path) if path.path.is_ident("now") => return Ok(DefaultArg::Now(path.span())),
        Expr::Path(path) => return Ok(DefaultArg::Path(path.clone())),
        Expr::Call(_) | Expr::MethodCall(_) | Expr::Macro(_) => {
            return Ok(DefaultArg::Call(expression));
        }
        Expr::Lit(ExprLit { lit, .. }) => (lit, false),
        Expr::Unary(ExprUnary {
            op: UnOp::Neg(_),
            expr,
            ..
        }) => match &**expr {
            Expr::Lit(ExprLit { lit, .. }) => (lit, true),
            _ => return Err(error()),
        },
        _ => return Err(error()),
    };
    match literal {
        Lit::Str(text) if !negative => Ok(DefaultArg::Text(text.clone())),
        Lit::Bool(value) if !negative => Ok(DefaultArg::Bool(value.clone())),
        Lit::Int(number) => {
            let digits = number.base10_digits();
            let signed = if negative {
                format!("-{digits}")
            } else {
                digits.to_owned()
            };
            let value = signed
                .parse()
                .map_err(|_| Error::new(number.span(), "this number does not fit an i64"))?;
            Ok(DefaultArg::Integer(expression.clone(), value))
        }
        Lit::Float(_) => Ok(DefaultArg::Float(expression.clone())),
        _ => Err(error()),
    }
}
