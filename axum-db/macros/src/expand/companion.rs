//! The `New…` companion: a row that is not in the table yet.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

use super::bind;
use crate::attr::DefaultArg;
use crate::model::{FieldDef, Kind, ModelDef};

pub(super) fn expand(model: &ModelDef) -> TokenStream {
    let (ident, new_ident, vis, module) =
        (&model.ident, &model.new_ident, &model.vis, &model.module);
    let bind = bind(model);
    let fields = model.new_fields();
    let derives = model
        .derives
        .iter()
        .map(|derive| match derive.to_string().as_str() {
            "Debug" => quote!(::core::fmt::Debug),
            "Clone" => quote!(::core::clone::Clone),
            _ => quote!(::core::cmp::PartialEq),
        });
    let definitions = fields.iter().map(|field| {
        let (vis, name, ty, column) = (&field.vis, &field.ident, &field.ty, &field.column);
        let doc = format!("The value of the column `{}`.", field.name);
        let renamed = (column != name).then(|| quote!(#[diesel(column_name = #column)]));
        quote!(#[doc = #doc] #renamed #vis #name: #ty,)
    });
    let required: Vec<&&FieldDef> = fields.iter().filter(|field| !field.has_default()).collect();
    let parameters = required.iter().map(|field| {
        let (name, ty) = (&field.ident, argument(field));
        quote!(#name: #ty)
    });
    let values = fields.iter().map(|field| {
        let (name, value) = (&field.ident, initial(field));
        quote!(#name: #value)
    });
    let setters = fields
        .iter()
        .filter(|field| field.has_default())
        .filter_map(|field| setter(model, field));
    let doc = format!(
        "A row for the table `{}` that is not there yet: [`{new_ident}::insert`] writes it.",
        model.table
    );
    let new_doc = if required.is_empty() {
        "A row with the defaults of every column."
    } else {
        "A row with the given values, and the defaults of the other columns."
    };
    quote! {
        #[doc = #doc]
        #[must_use = "nothing is written before `.insert(&db)` is awaited"]
        #[derive(#(#derives,)* ::diesel::Insertable)]
        #[diesel(table_name = #module, treat_none_as_default_value = false)]
        #vis struct #new_ident {
            #(#definitions)*
        }

        #[allow(dead_code, clippy::too_many_arguments, clippy::new_without_default)]
        impl #new_ident {
            #[doc = #new_doc]
            #vis fn new(#(#parameters),*) -> Self {
                Self { #(#values),* }
            }

            #(#setters)*

            /// Writes the row, and gives it back as the database keeps it.
            ///
            /// # Errors
            /// What the database refuses, such as `ErrorKind::UniqueViolation`.
            #vis async fn insert<__B>(
                self,
                db: &::axum_db::Db<__B, #bind>,
            ) -> ::core::result::Result<#ident, ::axum_db::Error>
            where
                __B: ::axum_db::Backend + ::axum_db::query::Insert<Self>,
            {
                <__B as ::axum_db::query::Insert<Self>>::insert(self, db).await
            }
        }
    }
    .into_iter()
    .chain(new_record(model))
    .collect()
}

/// `impl NewRecord`: which model it becomes, and its key where the database does not give one.
fn new_record(model: &ModelDef) -> TokenStream {
    let (ident, new_ident) = (&model.ident, &model.new_ident);
    let key = if model.generated().is_some() {
        quote!(::core::option::Option::None)
    } else {
        let parts: Vec<_> = model
            .key()
            .into_iter()
            .map(|field| {
                let name = &field.ident;
                quote!(::core::clone::Clone::clone(&self.#name))
            })
            .collect();
        match parts.as_slice() {
            [part] => quote!(::core::option::Option::Some(#part)),
            parts => quote!(::core::option::Option::Some((#(#parts,)*))),
        }
    };
    quote! {
        #[doc(hidden)]
        impl ::axum_db::query::NewRecord for #new_ident {
            type Model = #ident;

            fn id(&self) -> ::core::option::Option<<#ident as ::axum_db::model::Model>::Id> {
                #key
            }
        }
    }
}

fn argument(field: &FieldDef) -> TokenStream {
    let ty = &field.inner;
    match field.kind {
        Kind::String => quote!(impl ::core::convert::Into<::std::string::String>),
        _ => quote!(#ty),
    }
}

/// The value a field has after `new`.
fn initial(field: &FieldDef) -> TokenStream {
    let name = &field.ident;
    let value = match &field.args.default {
        None if field.optional => return quote!(::core::option::Option::None),
        None if field.kind == Kind::String => quote!(::core::convert::Into::into(#name)),
        None => quote!(#name),
        Some(DefaultArg::Text(text)) => quote!(::std::string::String::from(#text)),
        Some(DefaultArg::Integer(number, _) | DefaultArg::Float(number)) => quote!(#number),
        Some(DefaultArg::Bool(value)) => quote!(#value),
        Some(DefaultArg::Now(span)) => match field.kind {
            Kind::Date => quote_spanned!(*span=> ::axum_db::__private::now().date()),
            Kind::Time => quote_spanned!(*span=> ::axum_db::__private::now().time()),
            _ => quote_spanned!(*span=> ::axum_db::__private::now()),
        },
    };
    if field.optional {
        quote!(::core::option::Option::Some(#value))
    } else {
        value
    }
}

fn setter(model: &ModelDef, field: &FieldDef) -> Option<TokenStream> {
    let (vis, name) = (&model.vis, &field.ident);
    if name == "new" || name == "insert" {
        return None; // the field itself can be set
    }
    let ty = argument(field);
    let value = match (field.kind, field.optional) {
        (Kind::String, false) => quote!(::core::convert::Into::into(value)),
        (Kind::String, true) => quote!(::core::option::Option::Some(::core::convert::Into::into(
            value
        ))),
        (_, true) => quote!(::core::option::Option::Some(value)),
        (_, false) => quote!(value),
    };
    let doc = format!("Sets the column `{}`.", field.name);
    Some(quote! {
        #[doc = #doc]
        #vis fn #name(mut self, value: #ty) -> Self {
            self.#name = #value;
            self
        }
    })
}
