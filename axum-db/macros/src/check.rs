//! The mistakes the macro can see, each told at its place with what to write instead.

use std::collections::HashSet;

use quote::ToTokens;
use syn::{Error, Result, Type};

use crate::attr::{Action, DefaultArg};
use crate::model::{FieldDef, Kind, ModelDef, last_segment};
use crate::rules;

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
    if model.new_fields().is_empty() && model.stand_in().is_none() {
        return Err(Error::new(
            model.ident.span(),
            format!(
                "`{}` has no column that the database does not fill in by itself; add one",
                model.ident
            ),
        ));
    }
    rules::verify(model)?;
    numbered(model)?;
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

/// What is said of the number that the database gives.
fn numbered(model: &ModelDef) -> Result<()> {
    let number = model.generated().map(|field| &field.ident);
    for field in &model.fields {
        let is_number = number == Some(&field.ident);
        for (_, rules) in &field.args.engines {
            let span = rules.rowid.or(rules.identity.map(|(span, _)| span));
            if let (Some(span), false) = (span, is_number) {
                return Err(Error::new(
                    span,
                    "this says how a key is numbered, which this field is not; say `identity` for every engine, \
                     or take this away",
                ));
            }
        }
        if let (Some((span, _)), None) = (field.args.auto_increment, field.args.primary_key) {
            return Err(Error::new(
                span,
                "`auto_increment` belongs to a field of the primary key; PostgreSQL alone numbers other columns, \
                 with `identity`",
            ));
        }
        if let (Some((span, true)), false) = (field.args.auto_increment, is_number) {
            return Err(Error::new(
                span,
                "the database numbers one field of a key; another one says so already",
            ));
        }
    }
    Ok(())
}

/// Types that programs often have and no column can, with what to write instead.
const INSTEAD: [(&str, &str); 25] = [
    ("i8", "`i16`"),
    ("u8", "`i16`"),
    ("u16", "`i32`"),
    ("u32", "`i64`"),
    ("u64", "`i64`"),
    ("usize", "`i64`"),
    ("isize", "`i64`"),
    ("i128", "`axum_db::types::Decimal`"),
    ("u128", "`axum_db::types::Decimal`"),
    ("char", "`String`"),
    ("str", "`String`"),
    ("DateTime", "`axum_db::types::UtcTime`"),
    ("OffsetDateTime", "`axum_db::types::UtcTime`"),
    ("Timestamp", "`axum_db::types::UtcTime`"),
    ("SystemTime", "`axum_db::types::UtcTime`"),
    ("Instant", "`axum_db::types::UtcTime`"),
    ("PrimitiveDateTime", "`chrono::NaiveDateTime`"),
    ("BigDecimal", "`axum_db::types::Decimal`"),
    ("Value", "`axum_db::types::Json<serde_json::Value>`"),
    ("HashMap", "`axum_db::types::Json<…>`"),
    ("BTreeMap", "`axum_db::types::Json<…>`"),
    ("Vec", "`axum_db::types::Json<…>`, or a table of its own"),
    ("Duration", "`i64`, in a unit of your choice"),
    ("TimeDelta", "`i64`, in a unit of your choice"),
    ("PathBuf", "`String`"),
];

pub(crate) fn unknown_type(ty: &Type) -> Error {
    let name = last_segment(ty).map(|segment| segment.ident.to_string());
    let instead = INSTEAD
        .iter()
        .find(|(known, _)| Some(*known) == name.as_deref())
        .map(|(_, instead)| format!("write {instead}, or "))
        .unwrap_or_default();
    Error::new_spanned(
        ty,
        format!(
            "`{}` has no SQL type that axum-db knows; {instead}for an enum derive `DbEnum` and write \
             `#[model(db_enum)]` here, for another type name one with `#[model(sql_type = diesel::sql_types::Text)]` \
             (the Rust type must implement Diesel's `ToSql` and `FromSql` for it), or use one of bool, i16, i32, \
             i64, f32, f64, String, Vec<u8>, NaiveDateTime, NaiveDate, NaiveTime, axum-db's Uuid, UtcTime, Json<T> \
             and Decimal, and Option of these",
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
    if let Some(length) = &args.length
        && !matches!(field.kind, Kind::String | Kind::Bytes | Kind::Custom)
    {
        return Err(Error::new(
            length.span(),
            "only a String or a Vec<u8> has a `length`",
        ));
    }
    if let (Some(span), Some(_)) = (args.db_enum, &args.sql_type) {
        return Err(Error::new(
            span,
            "an enum of the database is its own SQL type; take `sql_type` away, or `db_enum`",
        ));
    }
    digits(field)?;
    by_the_database(field)?;
    from_axum_db(field)?;
    references(field)?;
    if let Some(default) = &args.default {
        default_fits(field, default)?;
        if let (Some(sql), false) = (
            &args.rules.default_sql,
            matches!(default, DefaultArg::Call(_)),
        ) {
            return Err(Error::new(
                sql.span(),
                "the database has the other default already; keep one, or make the other a call that `New…` makes",
            ));
        }
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
            ("deferrable", args.rules.deferrable.map(|(span, _)| span)),
            (
                "constraint",
                args.constraint.as_ref().map(syn::LitStr::span),
            ),
        ];
        let of_engines = args
            .engines
            .iter()
            .filter_map(|(_, rules)| rules.deferrable.map(|(span, _)| ("deferrable", Some(span))));
        let orphan = orphan.into_iter().chain(of_engines);
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
            && matches!(args.default, None | Some(DefaultArg::Call(_)))
            && args.rules.default_sql.is_none()
        {
            return Err(Error::new(
                span,
                format!(
                    "`{key} = set_default` needs a `default` that the database has; add one, or choose `set_null`"
                ),
            ));
        }
    }
    Ok(())
}

/// What the database makes by itself: a number, a default, a value worked out of others.
fn by_the_database(field: &FieldDef) -> Result<()> {
    let args = &field.args;
    let rules = &args.rules;
    if let Some(generated) = &rules.generated {
        let span = generated.expression.span();
        let others = [
            ("default", args.default.is_some()),
            ("default_sql", rules.default_sql.is_some()),
            ("identity", rules.identity.is_some()),
            ("auto_increment", args.auto_increment.is_some()),
            ("primary_key", args.primary_key.is_some()),
        ];
        if let Some((other, _)) = others.iter().find(|(_, given)| *given) {
            return Err(Error::new(
                span,
                format!("a column that is worked out has no `{other}`; keep one of the two"),
            ));
        }
    }
    if let Some((span, _)) = rules.identity {
        let wrong = if field.optional {
            Some("an identity is never NULL; take the `Option` away")
        } else if args.default.is_some() || rules.default_sql.is_some() {
            Some("an identity column has no default; keep one of the two")
        } else if matches!(args.auto_increment, Some((_, false))) {
            Some(
                "an identity column is numbered by the database; take `auto_increment = false` away",
            )
        } else if !matches!(field.kind, Kind::I16 | Kind::I32 | Kind::I64 | Kind::Custom) {
            Some("an identity is an integer; make the field an i16, i32 or i64")
        } else {
            None
        };
        if let Some(wrong) = wrong {
            return Err(Error::new(span, wrong));
        }
    }
    if let (Some((span, true)), Some(_)) = (args.auto_increment, &args.default) {
        return Err(Error::new(
            span,
            "a numbered column has no default; keep one of the two",
        ));
    }
    for (_, own) in &args.engines {
        if let (Some(generated), None) = (&own.generated, &rules.generated) {
            return Err(Error::new(
                generated.expression.span(),
                "whether a column is worked out is the same on every engine; say `generated` for all first, and \
                 here what is otherwise",
            ));
        }
        if let (Some(text), Some(_)) = (&own.default_sql, &rules.generated) {
            return Err(Error::new(
                text.span(),
                "a column that is worked out has no default; take this away",
            ));
        }
    }
    Ok(())
}

/// The crates that have types of the same names.
fn from_axum_db(field: &FieldDef) -> Result<()> {
    let Type::Path(path) = &field.inner else {
        return Ok(());
    };
    let own = matches!(
        field.kind,
        Kind::Uuid | Kind::UtcTime | Kind::Json | Kind::Decimal
    );
    let (Some(first), Some(last)) = (path.path.segments.first(), path.path.segments.last()) else {
        return Ok(());
    };
    let others = ["uuid", "rust_decimal", "axum", "sqlx"];
    if own && others.iter().any(|other| first.ident == other) {
        let last = &last.ident;
        return Err(Error::new_spanned(
            &field.inner,
            format!(
                "not every engine can keep this type; write `axum_db::types::{last}`, which converts from and into it"
            ),
        ));
    }
    Ok(())
}

/// `precision` and `scale` belong together, to a number with a point.
fn digits(field: &FieldDef) -> Result<()> {
    let (precision, scale) = match (&field.args.precision, &field.args.scale) {
        (None, None) => return Ok(()),
        (Some(precision), Some(scale)) => (precision, scale),
        (Some(one), None) | (None, Some(one)) => {
            return Err(Error::new(
                one.span(),
                "`precision` (all digits) and `scale` (those behind the point) stand together, as in \
                 `precision = 12, scale = 2`",
            ));
        }
    };
    if !matches!(field.kind, Kind::Decimal | Kind::Custom) {
        return Err(Error::new(
            precision.span(),
            "only a Decimal has a `precision` and a `scale`",
        ));
    }
    if scale.base10_parse::<u32>()? > precision.base10_parse::<u32>()? {
        return Err(Error::new(
            scale.span(),
            format!("of {precision} digits, {scale} cannot stand behind the point"),
        ));
    }
    Ok(())
}

fn default_fits(field: &FieldDef, default: &DefaultArg) -> Result<()> {
    if matches!(default, DefaultArg::Call(_)) {
        return Ok(()); // the compiler checks it
    }
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
        Kind::DateTime | Kind::Date | Kind::Time | Kind::UtcTime => {
            (matches!(default, DefaultArg::Now(_)), "`now`")
        }
        Kind::Decimal => (
            decimal(default).is_some(),
            "a number of at most 18 digits, such as `0` or `9.90`",
        ),
        Kind::Enum => (
            matches!(default, DefaultArg::Path(_)),
            "one of its variants, as in `Status::Draft`",
        ),
        Kind::Bytes | Kind::Custom | Kind::Uuid | Kind::Json => (
            false,
            "a call that `New…` makes, such as `Uuid::now_v7()`; the database keeps none for this type",
        ),
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

/// The digits of a default without those that change nothing, and how many stand behind the point.
pub(crate) fn decimal(default: &DefaultArg) -> Option<(i64, u32)> {
    let (mut mantissa, mut scale) = match default {
        DefaultArg::Integer(_, value) => (*value, 0),
        DefaultArg::Float(expression) => {
            let text = expression
                .to_token_stream()
                .to_string()
                .replace([' ', '_'], "");
            let (whole, fraction) = text.split_once('.')?;
            let scale = u32::try_from(fraction.len()).ok()?;
            (format!("{whole}{fraction}").parse().ok()?, scale)
        }
        _ => return None,
    };
    while scale > 0 && mantissa % 10 == 0 {
        mantissa /= 10;
        scale -= 1;
    }
    (mantissa.abs() < 10_i64.pow(18) && scale <= 18).then_some((mantissa, scale))
}
