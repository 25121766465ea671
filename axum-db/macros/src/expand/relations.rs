//! Relations as values, `Post::AUTHOR` and `User::POSTS`, for `.preload(…)`.

use heck::{ToShoutySnakeCase, ToUpperCamelCase};
use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::{Ident, Path};

use crate::model::{FieldDef, ModelDef};

pub(super) fn expand(model: &ModelDef) -> TokenStream {
    model
        .fields
        .iter()
        .filter_map(|field| {
            let target = field.args.references.as_ref()?;
            let relation = field.args.relation.as_ref();
            let backref = field.args.backref.as_ref();
            let to_one = relation.map(|name| to_one(model, field, target, name));
            let to_many = backref.map(|name| to_many(model, field, target, name));
            Some(quote!(#to_one #to_many))
        })
        .collect()
}

/// What a relation is made of.
pub(super) struct Relation<'a> {
    /// The method of the same name.
    pub(super) name: &'a Ident,
    /// What the constant is told to find.
    pub(super) doc: String,
    pub(super) parent: TokenStream,
    pub(super) child: TokenStream,
    pub(super) key: TokenStream,
    pub(super) related: TokenStream,
    pub(super) loaded: TokenStream,
    /// The key of `parent`, as an `Option`.
    pub(super) key_of: TokenStream,
    /// The key and the child of `loaded`, as an `Option`.
    pub(super) split: TokenStream,
    /// What `children` make.
    pub(super) gather: TokenStream,
    /// The query's type, on `__DB`.
    pub(super) query_type: TokenStream,
    /// The query for `keys`.
    pub(super) query: TokenStream,
}

impl Relation<'_> {
    pub(super) fn expand(self, model: &ModelDef) -> TokenStream {
        let Self {
            name,
            doc,
            parent,
            child,
            key,
            related,
            loaded,
            key_of,
            split,
            gather,
            query_type,
            query,
        } = self;
        let vis = &model.vis;
        let plain = name.unraw().to_string();
        // The type must not hide a model of the same name.
        let marker = format_ident!("__{}Relation", plain.to_upper_camel_case());
        let constant = Ident::new(&plain.to_shouty_snake_case(), name.span());
        quote_spanned! {name.span()=>
            const _: () = {
                #[doc = #doc]
                #[allow(unreachable_pub)]
                #[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::marker::Copy)]
                #vis struct #marker;

                #[allow(dead_code)]
                impl #parent {
                    #[doc = #doc]
                    #vis const #constant: #marker = #marker;
                }

                impl ::axum_db::query::Relation for #marker {
                    type Parent = #parent;
                    type Key = #key;
                    type Child = #child;
                    type Related = #related;
                    type Loaded = #loaded;

                    fn key(parent: &#parent) -> ::core::option::Option<#key> {
                        #key_of
                    }

                    fn split(loaded: #loaded) -> ::core::option::Option<(#key, #child)> {
                        #split
                    }

                    fn gather(
                        children: ::std::vec::Vec<#child>,
                    ) -> ::core::option::Option<#related> {
                        #gather
                    }
                }

                impl<__DB: ::diesel::backend::Backend> ::axum_db::query::RelationQuery<__DB> for #marker {
                    type Query = #query_type;

                    fn query(keys: ::std::vec::Vec<#key>) -> Self::Query {
                        #query
                    }
                }
            };
        }
    }
}

/// What makes a value of a reference's type of the key of `target`; told to be none where the types differ.
pub(super) fn from_key(ty: &syn::Type, target: &Path) -> TokenStream {
    quote!(<#ty as ::axum_db::__private::KeyOf<#target>>::from_key)
}

/// `Post::AUTHOR`.
fn to_one(model: &ModelDef, field: &FieldDef, target: &Path, name: &Ident) -> TokenStream {
    let (ident, key, column) = (&model.ident, &field.inner, &field.ident);
    let value = quote!(::core::clone::Clone::clone(&parent.#column));
    let id = quote!(<#target as ::axum_db::model::Model>::Id);
    let into_key = quote!(<#key as ::axum_db::__private::KeyOf<#target>>::into_key);
    let first = quote!(::core::iter::Iterator::next(
        &mut ::core::iter::IntoIterator::into_iter(children)
    ));
    let (related, key_of, gather) = if field.optional {
        (
            quote!(::core::option::Option<#target>),
            quote!(::core::option::Option::map(#value, #into_key)),
            quote!(::core::option::Option::Some(#first)),
        )
    } else {
        (
            target.to_token_stream(),
            quote!(::core::option::Option::Some(#into_key(#value))),
            first,
        )
    };
    Relation {
        name,
        doc: format!(
            "The rows that `{}` references, for `.preload(…)`.",
            field.name
        ),
        parent: ident.to_token_stream(),
        child: target.to_token_stream(),
        key: id.clone(),
        related,
        loaded: target.to_token_stream(),
        key_of,
        split: quote!(::core::option::Option::Some((
            <#target as ::axum_db::model::Model>::id(&loaded),
            loaded,
        ))),
        gather,
        query_type: quote! {
            ::diesel::dsl::Filter<
                ::axum_db::query::Rows<#target, __DB>,
                ::diesel::dsl::EqAny<
                    <<#target as ::diesel::associations::HasTable>::Table as ::diesel::Table>::PrimaryKey,
                    ::std::vec::Vec<#id>,
                >,
            >
        },
        query: quote! {
            let table = <#target as ::diesel::associations::HasTable>::table();
            let key = ::diesel::Table::primary_key(&table);
            ::diesel::QueryDsl::filter(
                ::diesel::QueryDsl::select(
                    table,
                    <#target as ::diesel::SelectableHelper<__DB>>::as_select(),
                ),
                ::diesel::ExpressionMethods::eq_any(key, keys),
            )
        },
    }
    .expand(model)
}

/// `User::POSTS`.
fn to_many(model: &ModelDef, field: &FieldDef, target: &Path, name: &Ident) -> TokenStream {
    let (ident, module, key) = (&model.ident, &model.module, &field.inner);
    let (column, value) = (&field.column, &field.ident);
    let from_key = from_key(key, target);
    let reference = quote!(::core::clone::Clone::clone(&loaded.#value));
    let reference = if field.optional {
        reference
    } else {
        quote!(::core::option::Option::Some(#reference))
    };
    Relation {
        name,
        doc: format!(
            "The rows of `{}` whose `{}` references each, for `.preload(…)`.",
            model.table, field.name
        ),
        parent: target.to_token_stream(),
        child: ident.to_token_stream(),
        key: key.to_token_stream(),
        related: quote!(::std::vec::Vec<#ident>),
        loaded: ident.to_token_stream(),
        key_of: quote!(::core::option::Option::Some(
            #from_key(<#target as ::axum_db::model::Model>::id(parent))
        )),
        split: quote!(::core::option::Option::map(#reference, |key| (key, loaded))),
        gather: quote!(::core::option::Option::Some(children)),
        query_type: quote! {
            ::diesel::dsl::Filter<
                ::axum_db::query::Rows<#ident, __DB>,
                ::diesel::dsl::EqAny<#module::#column, ::std::vec::Vec<#key>>,
            >
        },
        query: quote! {
            ::diesel::QueryDsl::filter(
                ::diesel::QueryDsl::select(
                    #module::table,
                    <#ident as ::diesel::SelectableHelper<__DB>>::as_select(),
                ),
                ::diesel::ExpressionMethods::eq_any(#module::#column, keys),
            )
        },
    }
    .expand(model)
}
