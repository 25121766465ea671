//! What the macro writes.

mod companion;
mod joins;
mod many;
mod meta;
mod methods;
mod relations;
mod rules;
mod table;

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use syn::{Attribute, Data, DeriveInput, Ident, parse_quote};

use crate::attr::HELPER;
use crate::model::ModelDef;

/// Everything beside the struct and Diesel's derives.
pub(crate) fn model(model: &ModelDef) -> TokenStream {
    [
        table::expand(model),
        joins::expand(model),
        relations::expand(model),
        many::expand(model),
        meta::expand(model),
        methods::expand(model),
        companion::expand(model),
    ]
    .into_iter()
    .collect()
}

/// Turns `#[model(…)]` into the derive's helper, and the attribute's own arguments too.
pub(crate) fn rename_helper(input: &mut DeriveInput, arguments: TokenStream) {
    let helper = format_ident!("{HELPER}");
    for attribute in fields_attributes(input).flatten() {
        if attribute.path().is_ident("model")
            || attribute
                .path()
                .segments
                .last()
                .is_some_and(|last| last.ident == "model")
        {
            rename(attribute, &helper);
        }
    }
    let shared: Vec<Ident> = derives(input);
    input.attrs.push(parse_quote!(#[#helper(#arguments)]));
    if !shared.is_empty() {
        let attribute = parse_quote!(#[#helper(derive(#(#shared),*))]);
        input.attrs.push(attribute);
    }
}

fn rename(attribute: &mut Attribute, helper: &Ident) {
    let path = match &mut attribute.meta {
        syn::Meta::Path(path) => path,
        syn::Meta::List(list) => &mut list.path,
        syn::Meta::NameValue(pair) => &mut pair.path,
    };
    *path = helper.clone().into();
}

/// The derives that the `New…` companion shares.
fn derives(input: &DeriveInput) -> Vec<Ident> {
    let mut found = Vec::new();
    for attribute in input
        .attrs
        .iter()
        .filter(|attribute| attribute.path().is_ident("derive"))
    {
        let _ = attribute.parse_nested_meta(|meta| {
            if let Some(last) = meta.path.segments.last()
                && ["Debug", "Clone", "PartialEq"]
                    .iter()
                    .any(|shared| last.ident == shared)
            {
                found.push(last.ident.clone());
            }
            Ok(())
        });
    }
    found
}

/// Takes the helper away again.
pub(crate) fn strip_helper(input: &mut DeriveInput) {
    input
        .attrs
        .retain(|attribute| !attribute.path().is_ident(HELPER));
    for attributes in fields_attributes(input) {
        attributes.retain(|attribute| !attribute.path().is_ident(HELPER));
    }
}

fn fields_attributes(input: &mut DeriveInput) -> impl Iterator<Item = &mut Vec<Attribute>> {
    let fields = match &mut input.data {
        Data::Struct(data) => Some(data.fields.iter_mut()),
        _ => None,
    };
    fields.into_iter().flatten().map(|field| &mut field.attrs)
}

/// Adds the derives, ours and Diesel's.
pub(crate) fn decorate(model: &ModelDef, mut input: DeriveInput) -> TokenStream {
    let module = &model.module;
    let key = model
        .key()
        .into_iter()
        .map(|field| &field.column)
        .collect::<Vec<_>>();
    // Helper attributes must stand below the derives they belong to.
    let mut derives: Vec<Attribute> = vec![parse_quote!(#[derive(
        ::diesel::Queryable, ::diesel::Selectable, ::diesel::Identifiable, ::axum_db::__private::DeriveModel
    )])];
    input
        .attrs
        .push(parse_quote!(#[diesel(table_name = #module, primary_key(#(#key),*))]));
    if !model.changed_fields().is_empty() {
        derives.push(parse_quote!(#[derive(::diesel::AsChangeset)]));
        input
            .attrs
            .push(parse_quote!(#[diesel(treat_none_as_null = true)]));
    }
    for (at, field) in model.fields.iter().filter(|field| field.joins).enumerate() {
        if at == 0 {
            derives.push(parse_quote!(#[derive(::diesel::Associations)]));
        }
        let (column, target) = (&field.column, &field.args.references);
        input
            .attrs
            .push(parse_quote!(#[diesel(belongs_to(#target, foreign_key = #column))]));
    }
    input.attrs.splice(0..0, derives);
    if let Data::Struct(data) = &mut input.data {
        for (field, def) in data.fields.iter_mut().zip(&model.fields) {
            if !model.changed_fields().is_empty() && !def.is_changed() {
                field.attrs.push(parse_quote!(#[diesel(skip_update)]));
            }
            let column = &def.column;
            if *column != def.ident {
                field
                    .attrs
                    .push(parse_quote!(#[diesel(column_name = #column)]));
            }
        }
    }
    input.into_token_stream()
}

/// What a method that talks to the database returns. Such methods are no `async fn`s, so that they know their
/// caller's place.
fn future(output: &TokenStream) -> TokenStream {
    quote! {
        impl ::core::future::Future<
            Output = ::core::result::Result<#output, ::axum_db::Error>,
        > + ::core::marker::Send + '__a
    }
}

/// The bind's type.
fn bind(model: &ModelDef) -> TokenStream {
    match &model.bind {
        Some(bind) => quote!(#bind),
        None => quote!(::axum_db::Main),
    }
}

/// The type of the primary key.
fn id_type(model: &ModelDef) -> TokenStream {
    match model.key().as_slice() {
        [field] => field.ty.to_token_stream(),
        fields => {
            let types = fields.iter().map(|field| &field.ty);
            quote!((#(#types,)*))
        }
    }
}
