//! `#[derive(DbEnum)]`: an enum without fields as a column.

use heck::ToSnakeCase;
use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;
use syn::meta::ParseNestedMeta;
use syn::{Attribute, Data, DeriveInput, Error, Fields, Ident, LitStr, Result};

/// MySQL's limit for a value, in characters; PostgreSQL's is 63 bytes.
const MAX_LABEL: usize = 63;

pub(crate) fn expand(input: &DeriveInput) -> Result<TokenStream> {
    let Data::Enum(data) = &input.data else {
        return Err(Error::new(
            input.ident.span(),
            "`DbEnum` is for enums: each variant is one value of the column",
        ));
    };
    if let Some(parameter) = input.generics.params.first() {
        return Err(Error::new_spanned(
            parameter,
            "an enum in a column has no generic parameters",
        ));
    }
    let ident = &input.ident;
    let mut variants: Vec<(&Ident, String)> = Vec::new();
    for variant in &data.variants {
        if !matches!(variant.fields, Fields::Unit) {
            return Err(Error::new_spanned(
                &variant.fields,
                "a variant in a column has no fields; keep them in columns of their own, or the whole enum in a `Json<…>`",
            ));
        }
        let label = words(&variant.attrs, false)?.name;
        let (label, span) = match &label {
            Some(label) => (label.value(), label.span()),
            None => (
                variant.ident.unraw().to_string().to_snake_case(),
                variant.ident.span(),
            ),
        };
        if label.len() > MAX_LABEL {
            return Err(Error::new(
                span,
                format!(
                    "`{label}` is longer than the {MAX_LABEL} bytes a value may have; give it another with \
                     `#[db_enum(name = \"…\")]`"
                ),
            ));
        }
        if let Some((first, _)) = variants
            .iter()
            .find(|(_, known)| known.to_lowercase() == label.to_lowercase())
        {
            return Err(Error::new(
                span,
                format!(
                    "`{first}` and `{}` would be one value ({label:?}) in the database; give one another name with \
                     `#[db_enum(name = \"…\")]`",
                    variant.ident
                ),
            ));
        }
        variants.push((&variant.ident, label));
    }
    if variants.is_empty() {
        return Err(Error::new(
            ident.span(),
            "an enum in a column has at least one variant",
        ));
    }
    let said = words(&input.attrs, true)?;
    let (in_schema, schema) = match &said.schema {
        Some(schema) => (
            quote!(.in_schema(#schema)),
            quote!(::core::option::Option::Some(#schema)),
        ),
        None => (quote!(), quote!(::core::option::Option::None)),
    };
    let type_name = match said.name {
        Some(name) => name.value(),
        None => ident.unraw().to_string().to_snake_case(),
    };
    let (names, labels): (Vec<&Ident>, Vec<String>) = variants.into_iter().unzip();
    Ok(quote! {
        #[automatically_derived]
        impl ::axum_db::model::DbEnum for #ident {
            const DEFINITION: ::axum_db::model::EnumDef =
                ::axum_db::model::EnumDef::new(#type_name, &[#(#labels),*]) #in_schema;
            const ALL: &'static [Self] = &[#(Self::#names),*];

            fn label(&self) -> &'static str {
                match self {
                    #(Self::#names => #labels,)*
                }
            }
        }

        ::axum_db::__private::db_enum!(#ident, #type_name, #schema);
    })
}

/// What `#[db_enum(…)]` says.
#[derive(Default)]
struct Words {
    name: Option<LitStr>,
    schema: Option<LitStr>,
}

fn words(attributes: &[Attribute], of_type: bool) -> Result<Words> {
    let mut words = Words::default();
    for attribute in attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("db_enum"))
    {
        attribute.parse_nested_meta(|meta: ParseNestedMeta| {
            let (place, text) = if meta.path.is_ident("name") {
                (&mut words.name, crate::attr::string(&meta)?)
            } else if of_type && meta.path.is_ident("schema") {
                (&mut words.schema, crate::attr::string(&meta)?)
            } else if of_type {
                return Err(meta.error("`#[db_enum(…)]` takes `name = \"…\"` and `schema = \"…\"`"));
            } else {
                return Err(meta.error("on a variant `#[db_enum(…)]` takes `name = \"…\"`"));
            };
            if place.replace(text).is_some() {
                return Err(meta.error("this is given twice; keep one"));
            }
            Ok(())
        })?;
    }
    Ok(words)
}
