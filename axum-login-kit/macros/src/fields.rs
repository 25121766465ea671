//! Which field is for which method.

use syn::ext::IdentExt;
use syn::{Attribute, Data, DeriveInput, Error, Field, Fields, Ident, LitStr, Result};

const ON_STRUCTS: &str =
    "above the struct `#[auth(…)]` takes `session_table = \"…\"` and `no_password`";
const ON_FIELDS: &str = "on a field `#[auth(…)]` takes `id`, `password_hash`, `email`, `is_email_confirmed`, \
     `is_active`, `session_epoch`, `column = \"…\"` and `skip`";

/// The methods that a field can be for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    Id,
    PasswordHash,
    Email,
    IsEmailConfirmed,
    IsActive,
    SessionEpoch,
}

impl Method {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "id" => Method::Id,
            "password_hash" => Method::PasswordHash,
            "email" => Method::Email,
            "is_email_confirmed" => Method::IsEmailConfirmed,
            "is_active" => Method::IsActive,
            "session_epoch" => Method::SessionEpoch,
            _ => return None,
        })
    }
}

/// A field, and what it is for.
pub(crate) struct Source<'a> {
    pub(crate) method: Method,
    pub(crate) field: &'a Field,
    pub(crate) ident: &'a Ident,
    /// The column's name.
    pub(crate) column: String,
    is_said: bool,
}

/// What stands above the struct.
#[derive(Default)]
pub(crate) struct OnStruct {
    pub(crate) session_table: Option<LitStr>,
    pub(crate) no_password: bool,
}

impl OnStruct {
    pub(crate) fn parse(attributes: &[Attribute]) -> Result<Self> {
        let mut said = OnStruct::default();
        for attribute in ours(attributes) {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("session_table") {
                    said.session_table = Some(meta.value()?.parse()?);
                } else if meta.path.is_ident("no_password") {
                    said.no_password = true;
                } else {
                    return Err(meta.error(ON_STRUCTS));
                }
                Ok(())
            })?;
        }
        Ok(said)
    }
}

/// The fields that are for a method, one each.
pub(crate) fn sources(input: &DeriveInput) -> Result<Vec<Source<'_>>> {
    let Data::Struct(data) = &input.data else {
        return Err(by_hand(input));
    };
    let Fields::Named(fields) = &data.fields else {
        return Err(by_hand(input));
    };
    let mut found: Vec<Source<'_>> = Vec::new();
    for field in &fields.named {
        let Some(source) = source(field)? else {
            continue;
        };
        let earlier = found.iter().position(|other| other.method == source.method);
        match earlier {
            None => found.push(source),
            // A name counts only where nothing is said.
            Some(at) if source.is_said && !found[at].is_said => found[at] = source,
            Some(at) if !source.is_said && found[at].is_said => {}
            Some(at) => {
                let message = format!(
                    "`{}` is for the same method already; take one of the two `#[auth(…)]` away",
                    found[at].ident
                );
                return Err(Error::new_spanned(field, message));
            }
        }
    }
    Ok(found)
}

fn source(field: &Field) -> Result<Option<Source<'_>>> {
    let Some(ident) = &field.ident else {
        return Ok(None);
    };
    let name = ident.unraw().to_string();
    let (mut method, mut column, mut skip) = (None, None::<LitStr>, false);
    for attribute in ours(&field.attrs) {
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("column") {
                column = Some(meta.value()?.parse()?);
            } else if meta.path.is_ident("skip") {
                skip = true;
            } else {
                let named = meta.path.get_ident().map(ToString::to_string);
                let named = named.and_then(|name| Method::named(&name));
                method = Some(named.ok_or_else(|| meta.error(ON_FIELDS))?);
            }
            Ok(())
        })?;
    }
    let is_said = method.is_some();
    let method = method.or_else(|| Method::named(&name)).filter(|_| !skip);
    if let Some(column) = &column
        && method != Some(Method::PasswordHash)
    {
        let message = "`column` says where the password hash is: write it beside `password_hash`";
        return Err(Error::new(column.span(), message));
    }
    Ok(method.map(|method| Source {
        method,
        field,
        ident,
        column: column.map_or(name, |column| column.value()),
        is_said,
    }))
}

fn by_hand(input: &DeriveInput) -> Error {
    let ident = &input.ident;
    Error::new(
        ident.span(),
        format!(
            "`AuthUser` is derived for structs with named fields: write `impl AuthUser for {ident}` by hand"
        ),
    )
}

fn ours(attributes: &[Attribute]) -> impl Iterator<Item = &Attribute> {
    attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("auth"))
}
