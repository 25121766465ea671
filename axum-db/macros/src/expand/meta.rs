//! `impl Model`: the key, the table's description, and the entry in the list of models.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use super::{bind, id_type, rules};
use crate::attr::DefaultArg;
use crate::check::decimal;
use crate::model::{FieldDef, Kind, ModelDef};

pub(super) fn expand(model: &ModelDef) -> TokenStream {
    let (ident, module, table) = (&model.ident, &model.module, &model.table);
    let (bind, id_type) = (bind(model), id_type(model));
    let key_names: Vec<&str> = model
        .key()
        .into_iter()
        .map(|field| field.name.as_str())
        .collect();
    let id = match model.key().as_slice() {
        [field] => clone(field),
        fields => {
            let parts = fields.iter().map(|field| clone(field));
            quote!((#(#parts,)*))
        }
    };
    let columns = model.fields.iter().map(|field| column(model, field));
    let keys = model.fields.iter().filter_map(rules::reference);
    let composite = model
        .foreign_keys
        .iter()
        .map(|key| rules::foreign_key(model, key));
    let said = rules::of_table(model, &model.rules);
    let of_columns = model
        .fields
        .iter()
        .map(|field| rules::constraints(model, field, &field.args.rules));
    let variants = rules::variants(model);
    let schema = model.schema.as_ref().map(|schema| {
        (
            quote!(const SCHEMA: ::core::option::Option<&'static str> = ::core::option::Option::Some(#schema);),
            quote!(.schema(#schema)),
        )
    });
    let (schema_const, schema) = schema.unzip();
    let number = model.generated().map(|field| {
        let name = &field.name;
        quote!(const NUMBERED: ::core::option::Option<&'static str> = ::core::option::Option::Some(#name);)
    });
    let key_name = model
        .key_name
        .as_ref()
        .map(|name| quote!(.primary_key_name(#name)));
    let key_lengths = model.key_lengths.iter().filter_map(|(field, length)| {
        let name = &model.field(field)?.name;
        Some(quote!(.primary_key_length(#name, #length)))
    });
    let renamed = model
        .renamed_from
        .as_ref()
        .map(|name| quote!(.renamed_from(#name)));
    quote! {
        #[doc(hidden)]
        impl ::axum_db::__private::KeyOf<#ident> for #id_type {
            fn into_key(self) -> Self {
                self
            }

            fn from_key(key: Self) -> Self {
                key
            }
        }

        impl ::axum_db::model::Model for #ident {
            type Id = #id_type;
            type Bind = #bind;
            const TABLE: &'static str = #table;
            const PRIMARY_KEY: &'static [&'static str] = &[#(#key_names),*];
            #schema_const
            #number

            fn id(&self) -> Self::Id {
                #id
            }

            fn table_def() -> ::axum_db::model::TableDef {
                ::axum_db::model::TableDef::new(#table)
                    .bind(<#bind as ::axum_db::Bind>::NAME)
                    .module(::core::module_path!())
                    #(.column(#columns))*
                    #schema
                    .primary_key([#(#key_names),*])
                    #key_name
                    #(#key_lengths)*
                    #(#of_columns)*
                    #(.foreign_key(#keys))*
                    #(.foreign_key(#composite))*
                    #said
                    #renamed
                    #(#variants)*
            }
        }

        impl<__DB: ::diesel::backend::Backend> ::diesel::HasQuery<__DB> for #ident {
            type BaseQuery = <#module::table as ::diesel::query_builder::AsQuery>::Query;

            fn base_query() -> Self::BaseQuery {
                ::diesel::query_builder::AsQuery::as_query(#module::table)
            }
        }

        ::axum_db::__private::inventory::submit! {
            ::axum_db::__private::Registered::new::<#ident>()
        }
    }
}

fn clone(field: &FieldDef) -> TokenStream {
    let ident = &field.ident;
    quote!(::core::clone::Clone::clone(&self.#ident))
}

fn column(model: &ModelDef, field: &FieldDef) -> TokenStream {
    let (name, args) = (&field.name, &field.args);
    let sql_type = field.sql_type(&model.ident);
    let span = args
        .sql_type
        .as_ref()
        .map_or(field.ident.span(), Spanned::span);
    let mut tokens = quote_spanned!(span=> ::axum_db::model::ColumnDef::new::<#sql_type>(#name));
    if let Some(length) = &args.length {
        tokens.extend(quote!(.length(#length)));
    }
    if let (Some(precision), Some(scale)) = (&args.precision, &args.scale) {
        tokens.extend(quote!(.precision(#precision, #scale)));
    }
    if field.optional {
        tokens.extend(quote!(.nullable()));
    }
    if let Some(value) = args.default.as_ref().and_then(|it| default(field, it)) {
        tokens.extend(quote!(.default(::axum_db::model::DefaultValue::#value)));
    }
    if model
        .generated()
        .is_some_and(|generated| generated.ident == field.ident)
    {
        tokens.extend(quote!(.auto_increment()));
    }
    tokens.extend(rules::of_column(&args.rules));
    if let Some(former) = &args.renamed_from {
        tokens.extend(quote!(.renamed_from(#former)));
    }
    tokens
}

/// The default as the database has it; a call is made by `New…` only.
fn default(field: &FieldDef, default: &DefaultArg) -> Option<TokenStream> {
    if field.kind == Kind::Decimal
        && let Some((mantissa, scale)) = decimal(default)
    {
        return Some(quote!(Decimal(#mantissa, #scale)));
    }
    Some(match default {
        DefaultArg::Now(_) => quote!(Now),
        DefaultArg::Text(text) => quote!(Text(::std::borrow::Cow::Borrowed(#text))),
        DefaultArg::Integer(_, number) => quote!(Integer(#number)),
        DefaultArg::Float(number) => quote!(Float(#number)),
        DefaultArg::Bool(value) => quote!(Bool(#value)),
        DefaultArg::Path(path) => {
            let ty = &field.inner;
            quote!(Text(::std::borrow::Cow::Borrowed(
                <#ty as ::axum_db::model::DbEnum>::label(&#path)
            )))
        }
        DefaultArg::Call(_) => return None,
    })
}
