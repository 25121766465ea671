//! The mistakes the macro can see, each told at its place with what to write instead.

use std::collections::HashSet;

use quote::ToTokens;
use syn::{Error, Result, Type};

use crate::attr::{Action, DefaultArg};
use crate::model::{FieldDef, Kind, ModelDef};

pub(crate) fn model(model: &ModelDef) -> Result<()> {
    if model.key().is_empty() {
        return Err(Error::new(
            model.ident.span(),
            format!(
                "`{}` has no primary key; write `#[model(primary_key)]` above a field, usually `id: i32`",
                model.ident
            ),
        ));
    }
    if model.new_fields().is_empty() {
        return Err(Error::new(
            model.ident.span(),
            format!(
                "`{}` has no column beside its generated key; add one",
                model.ident
            ),
        ));
    }
    let mut methods = HashSet::new();
    for field in &model.fields {
        if let Some(relation) = &field.args.relation
            && !methods.insert(relation)
        {
            return Err(Error::new(
                relation.span(),
                format!("two relations are called `{relation}`; give each its own name"),
            ));
        }
    }
    Ok(())
}

pub(crate) fn unknown_type(ty: &Type) -> Error {
    Error::new_spanned(
        ty,
        format!(
            "`{}` has no SQL type that axum-db knows; name one with \
             `#[model(sql_type = diesel::sql_types::Text)]` (the Rust type must implement Diesel's `ToSql` \
             and `FromSql` for it), or use one of bool, i16, i32, i64, f32, f64, String, Vec<u8>, \
             NaiveDateTime, NaiveDate, NaiveTime and Option of these",
            ty.to_token_stream().to_string().replace(' ', "")
        ),
    )
}

pub(crate) fn field(field: &FieldDef) -> Result<()> {
    let args = &field.args;
    if let (Some(_), true) = (args.primary_key, field.optional) {
        return Err(Error::new_spanned(
            &field.ty,
            "a primary key is never NULL; take the `Option` away",
        ));
    }
    if let (Some(span), Some(_)) = (args.unique, args.primary_key) {
        return Err(Error::new(
            span,
            "a primary key is unique already; take `unique` away",
        ));
    }
    if let Some(length) = &args.length
        && !matches!(field.kind, Kind::String | Kind::Bytes | Kind::Custom)
    {
        return Err(Error::new(
            length.span(),
            "only a String or a Vec<u8> has a `length`",
        ));
    }
    references(field)?;
    if let Some(default) = &args.default {
        default_fits(field, default)?;
    }
    Ok(())
}

fn references(field: &FieldDef) -> Result<()> {
    let args = &field.args;
    if args.references.is_none() {
        let orphan = [
            ("on_delete", args.on_delete.map(|(span, _)| span)),
            ("on_update", args.on_update.map(|(span, _)| span)),
            ("relation", args.relation.as_ref().map(syn::Ident::span)),
            ("backref", args.backref.as_ref().map(syn::Ident::span)),
            ("no_join", args.no_join),
        ];
        for (key, span) in orphan {
            if let Some(span) = span {
                return Err(Error::new(
                    span,
                    format!(
                        "`{key}` belongs to a foreign key; add `references = …`, the referenced model"
                    ),
                ));
            }
        }
    }
    for (key, action) in [("on_delete", args.on_delete), ("on_update", args.on_update)] {
        if let Some((span, Action::SetNull)) = action
            && !field.optional
        {
            return Err(Error::new(
                span,
                format!(
                    "`{key} = set_null` needs a column that can be NULL; make the field an `Option`"
                ),
            ));
        }
        if let Some((span, Action::SetDefault)) = action
            && args.default.is_none()
        {
            return Err(Error::new(
                span,
                format!("`{key} = set_default` needs a `default`; add one, or choose `set_null`"),
            ));
        }
    }
    Ok(())
}

fn default_fits(field: &FieldDef, default: &DefaultArg) -> Result<()> {
    let (fits, expected) = match field.kind {
        Kind::Bool => (matches!(default, DefaultArg::Bool(_)), "`true` or `false`"),
        Kind::I16 => (
            integer_in(default, i16::MIN.into(), i16::MAX.into()),
            "an integer from -32768 to 32767",
        ),
        Kind::I32 => (
            integer_in(default, i32::MIN.into(), i32::MAX.into()),
            "an integer from -2147483648 to 2147483647",
        ),
        Kind::I64 => (matches!(default, DefaultArg::Integer(..)), "an integer"),
        Kind::F32 | Kind::F64 => (
            matches!(default, DefaultArg::Float(_)),
            "a number with a fraction, such as `0.0`",
        ),
        Kind::String => (
            matches!(default, DefaultArg::Text(_)),
            "a text in double quotes",
        ),
        Kind::DateTime | Kind::Date | Kind::Time => {
            (matches!(default, DefaultArg::Now(_)), "`now`")
        }
        Kind::Bytes | Kind::Custom => {
            return Err(Error::new(
                default.span(),
                "a field of this type takes no `default`; set the value where the row is made",
            ));
        }
    };
    if !fits {
        let ty = field.inner.to_token_stream().to_string().replace(' ', "");
        return Err(Error::new(
            default.span(),
            format!("the `default` of a `{ty}` is {expected}"),
        ));
    }
    if let (DefaultArg::Text(text), Some(length)) = (default, &field.args.length)
        && text.value().chars().count() > length.base10_parse().unwrap_or(usize::MAX)
    {
        return Err(Error::new(
            text.span(),
            format!("this default is longer than the `length` of {length}"),
        ));
    }
    Ok(())
}

fn integer_in(default: &DefaultArg, least: i64, most: i64) -> bool {
    matches!(default, DefaultArg::Integer(_, value) if (least..=most).contains(value))
}
