//! `diesel::table!`, and the proof that the table is another than every other one.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::Ident;
use syn::spanned::Spanned;

use crate::model::{FieldDef, Kind, ModelDef};

pub(super) fn expand(model: &ModelDef) -> TokenStream {
    let declaration = declaration(model);
    let aliases = aliases(model);
    let checks = model.fields.iter().map(|field| check_type(model, field));
    let distinct = distinct(model);
    quote! {
        #aliases
        #declaration
        #(#checks)*
        #distinct
    }
}

fn declaration(model: &ModelDef) -> TokenStream {
    let (module, name) = (&model.module, &model.table);
    let schema = model.schema.as_ref().map(|schema| {
        let schema = Ident::new(schema, Span::call_site());
        quote!(#schema.)
    });
    let imports = custom(model).map(|field| field.sql_type_alias(&model.ident));
    let key = model.key().into_iter().map(|field| &field.column);
    let doc = format!(
        "The table `{name}` of [`{}`]({}).",
        model.ident, model.ident
    );
    let columns = model.fields.iter().map(|field| {
        let (column, name, docs) = (&field.column, &field.name, &field.docs);
        let mut sql_type = field.sql_type(&model.ident);
        if field.optional {
            sql_type = quote!(::diesel::sql_types::Nullable<#sql_type>);
        }
        let doc = field.docs.is_empty().then(|| {
            let doc = format!("The column `{name}`.");
            quote!(#[doc = #doc])
        });
        let length = field
            .args
            .length
            .as_ref()
            .map(|length| quote!(#[max_length = #length]));
        quote!(#(#docs)* #doc #length #[sql_name = #name] #column -> #sql_type,)
    });
    // `super::` in a link would be wrong one level down, so the model is named by its path there.
    let doc = doc.replace(
        &format!("]({})", model.ident),
        &format!("](super::{})", model.ident),
    );
    quote! {
        ::diesel::table! {
            #(use super::#imports;)*
            #[doc = #doc]
            #[sql_name = #name]
            #schema #module (#(#key),*) { #(#columns)* }
        }
    }
}

fn custom(model: &ModelDef) -> impl Iterator<Item = &FieldDef> {
    model
        .fields
        .iter()
        .filter(|field| field.named_sql_type().is_some())
}

fn aliases(model: &ModelDef) -> TokenStream {
    custom(model)
        .map(|field| {
            let alias = field.sql_type_alias(&model.ident);
            let path = field.named_sql_type();
            quote! {
                #[doc(hidden)]
                #[allow(dead_code, non_camel_case_types, unreachable_pub)]
                pub type #alias = #path;
            }
        })
        .collect()
}

/// Tells a Rust type that cannot be written to its column at the field, not inside Diesel.
fn check_type(model: &ModelDef, field: &FieldDef) -> TokenStream {
    let (ty, sql_type) = (&field.inner, field.sql_type(&model.ident));
    let known = match field.kind {
        Kind::Enum => Some(quote!(::axum_db::model::DbEnum)),
        Kind::Uuid | Kind::UtcTime | Kind::Json | Kind::Decimal => {
            Some(quote!(::axum_db::__private::Portable))
        }
        _ => None,
    };
    if let Some(known) = known {
        return quote_spanned! {ty.span()=>
            const _: fn() = || {
                fn has_an_sql_type<T: #known>() {}
                has_an_sql_type::<#ty>();
            };
        };
    }
    quote_spanned! {ty.span()=>
        const _: fn() = || {
            fn fits_its_column<T: ::diesel::expression::AsExpression<#sql_type>>() {}
            fits_its_column::<#ty>();
        };
    }
}

fn distinct(model: &ModelDef) -> TokenStream {
    let (ident, module) = (&model.ident, &model.module);
    let bind = model
        .bind
        .as_ref()
        .map(|bind| quote!(#bind).to_string())
        .unwrap_or_default();
    let package = std::env::var("CARGO_PKG_NAME").unwrap_or_default();
    let place = match &model.schema {
        Some(schema) => format!("{schema}.{}", model.table),
        None => model.table.clone(),
    };
    let id = type_level(&format!("{package}/{bind}/{place}"));
    quote! {
        #[doc(hidden)]
        const _: () = {
            impl<Asking> ::axum_db::__private::TableId<Asking> for #module::table {
                type Id = #id;
            }

            impl<Asking> ::axum_db::__private::TableOf<Asking> for #ident {
                type Table = #module::table;
            }

            impl<Other> ::diesel::query_source::TableNotEqual<Other> for #module::table
            where
                Other: ::diesel::Table + ::axum_db::__private::TableId<#module::table>,
                <Other as ::axum_db::__private::TableId<#module::table>>::Id: ::axum_db::__private::Compare<
                    #id,
                    #module::table,
                    Outcome = ::axum_db::__private::Different,
                >,
            {
            }
        };
    }
}

/// 48 bits of a hash as a list of octal digits.
fn type_level(name: &str) -> TokenStream {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    // FNV's low bits mix badly; fold the high ones in.
    let hash = hash ^ (hash >> 29);
    (0..16).fold(quote!(()), |rest, digit| {
        let digit: Ident =
            format_ident!("O{}", (hash >> (digit * 3)) & 7, span = Span::call_site());
        quote!((::axum_db::__private::#digit, #rest))
    })
}
