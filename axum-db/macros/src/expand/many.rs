//! `many_to_many`: a link's model gives each of the models it ties together a method to find the other.

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::{Error, Ident, Path};

use super::relations::{Relation, from_key};
use super::{bind, future};
use crate::model::{FieldDef, ModelDef};

/// One end of a link.
struct End<'a> {
    field: &'a FieldDef,
    target: &'a Path,
}

pub(super) fn expand(model: &ModelDef) -> TokenStream {
    let named: Vec<_> = model
        .fields
        .iter()
        .filter_map(|field| Some((field, field.args.many_to_many.as_ref()?)))
        .collect();
    let Some((first, name)) = named.first() else {
        return TokenStream::new();
    };
    let ends = match ends(model, first, name) {
        Ok(ends) => ends,
        Err(error) => return error.into_compile_error(),
    };
    let mut tokens = TokenStream::new();
    for (field, name) in named {
        let [near, far] = match &ends {
            [one, other] if one.field.ident == field.ident => [other, one],
            [one, other] => [one, other],
        };
        tokens.extend(query(model, near, far, name));
        tokens.extend(relation(model, near, far, name).expand(model));
    }
    tokens.extend(link(model, &ends));
    tokens
}

/// The two ends: the keys with a name, or where only one has it, that and the only other one.
fn ends<'a>(model: &'a ModelDef, first: &FieldDef, name: &Ident) -> Result<[End<'a>; 2], Error> {
    let references = || {
        model.fields.iter().filter_map(|field| {
            let target = field.args.references.as_ref()?;
            Some(End { field, target })
        })
    };
    if first.args.references.is_none() {
        return Err(Error::new(
            name.span(),
            "`many_to_many` belongs to a foreign key; add `references = …`, the model that the method finds",
        ));
    }
    let named: Vec<_> = references()
        .filter(|end| end.field.args.many_to_many.is_some())
        .collect();
    let all: Vec<_> = references().collect();
    let chosen = if named.len() == 2 { named } else { all };
    let ends: [End; 2] = chosen.try_into().map_err(|_| {
        Error::new(
            name.span(),
            "a link ties two models together: `many_to_many` goes on its two foreign keys, or on one of the \
             only two",
        )
    })?;
    for end in &ends {
        if end.field.optional {
            return Err(Error::new_spanned(
                &end.field.ty,
                "both ends of a link are there; take the `Option` away",
            ));
        }
    }
    Ok(ends)
}

/// `post.tags()`.
fn query(model: &ModelDef, near: &End, far: &End, name: &Ident) -> TokenStream {
    let (vis, module) = (&model.vis, &model.module);
    let (parent, child) = (near.target, far.target);
    let ty = &near.field.inner;
    let from_key = from_key(ty, parent);
    let (near, far) = (&near.field.column, &far.field.column);
    let doc = format!(
        "The query for the rows that `{}` ties to this one.",
        model.table
    );
    quote_spanned! {name.span()=>
        impl #parent {
            #[doc = #doc]
            #vis fn #name<__DB: ::diesel::backend::Backend>(&self) -> ::axum_db::query::RowsThrough<
                #child,
                #module::#near,
                #module::#far,
                #ty,
                __DB,
            > {
                let table = <#child as ::diesel::associations::HasTable>::table();
                let key = ::diesel::Table::primary_key(&table);
                ::diesel::QueryDsl::filter(
                    ::diesel::QueryDsl::select(
                        table,
                        <#child as ::diesel::SelectableHelper<__DB>>::as_select(),
                    ),
                    ::diesel::ExpressionMethods::eq_any(
                        key,
                        ::diesel::QueryDsl::select(
                            ::diesel::QueryDsl::filter(
                                #module::table,
                                ::diesel::ExpressionMethods::eq(
                                    #module::#near,
                                    #from_key(<#parent as ::axum_db::model::Model>::id(self)),
                                ),
                            ),
                            #module::#far,
                        ),
                    ),
                )
            }
        }
    }
}

/// `Post::TAGS`.
fn relation<'a>(model: &ModelDef, near: &End, far: &End, name: &'a Ident) -> Relation<'a> {
    let module = &model.module;
    let (parent, child) = (near.target, far.target);
    let key = &near.field.inner;
    let from_key = from_key(key, parent);
    let (near, far) = (&near.field.column, &far.field.column);
    let other_key = quote! {
        <<#child as ::diesel::associations::HasTable>::Table as ::diesel::Table>::PrimaryKey
    };
    Relation {
        name,
        doc: format!(
            "The rows that `{}` ties to each, for `.preload(…)`.",
            model.table
        ),
        parent: parent.to_token_stream(),
        child: child.to_token_stream(),
        key: key.to_token_stream(),
        related: quote!(::std::vec::Vec<#child>),
        loaded: quote!((#key, #child)),
        key_of: quote!(::core::option::Option::Some(
            #from_key(<#parent as ::axum_db::model::Model>::id(parent))
        )),
        split: quote!(::core::option::Option::Some(loaded)),
        gather: quote!(::core::option::Option::Some(children)),
        query_type: quote! {
            ::diesel::dsl::Filter<
                ::diesel::dsl::Select<
                    ::diesel::dsl::InnerJoinOn<
                        #module::table,
                        <#child as ::diesel::associations::HasTable>::Table,
                        ::diesel::dsl::Eq<#module::#far, #other_key>,
                    >,
                    (#module::#near, ::diesel::dsl::AsSelect<#child, __DB>),
                >,
                ::diesel::dsl::EqAny<#module::#near, ::std::vec::Vec<#key>>,
            >
        },
        query: quote! {
            let table = <#child as ::diesel::associations::HasTable>::table();
            let key = ::diesel::Table::primary_key(&table);
            let on = ::diesel::ExpressionMethods::eq(#module::#far, key);
            ::diesel::QueryDsl::filter(
                ::diesel::QueryDsl::select(
                    ::diesel::QueryDsl::inner_join(
                        #module::table,
                        ::diesel::JoinOnDsl::on(table, on),
                    ),
                    (
                        #module::#near,
                        <#child as ::diesel::SelectableHelper<__DB>>::as_select(),
                    ),
                ),
                ::diesel::ExpressionMethods::eq_any(#module::#near, keys),
            )
        },
    }
}

/// `PostTag::link(&post, &tag, &db)` and `unlink`, where the two ends are the key and all that is needed.
fn link(model: &ModelDef, ends: &[End; 2]) -> TokenStream {
    let names: Vec<&Ident> = ends.iter().map(|end| &end.field.ident).collect();
    let key: Vec<&Ident> = model.key().iter().map(|field| &field.ident).collect();
    let required: Vec<&Ident> = model
        .new_fields()
        .into_iter()
        .filter(|field| !field.has_default())
        .map(|field| &field.ident)
        .collect();
    if key != names || required != names {
        return TokenStream::new();
    }
    let (ident, new_ident, vis, bind) = (&model.ident, &model.new_ident, &model.vis, bind(model));
    let answer = future(&quote!(bool));
    let targets: Vec<&Path> = ends.iter().map(|end| end.target).collect();
    let arguments: Vec<Ident> = names
        .iter()
        .map(|name| {
            let plain = name.unraw().to_string();
            let stem = plain.strip_suffix("_id").unwrap_or(&plain);
            match syn::parse_str::<Ident>(stem) {
                Ok(ident) if ident != "db" => ident,
                _ => format_ident!("{stem}_row"),
            }
        })
        .collect();
    let link_doc = format!(
        "Ties the two together with a row of `{}`, and says whether they were not before.",
        model.table
    );
    let unlink_doc = format!(
        "Deletes the row of `{}` that ties the two together, and says whether there was one.",
        model.table
    );
    quote! {
        #[allow(dead_code)]
        impl #ident {
            #[doc = #link_doc]
            ///
            /// # Errors
            /// What the database refuses, such as `ErrorKind::ForeignKeyViolation`.
            ///
            /// # Cancellation
            /// Dropped halfway, the statement is ended and the session's transaction rolled back.
            #[track_caller]
            #vis fn link<'__a, __B>(
                #(#arguments: &'__a #targets,)*
                db: &'__a ::axum_db::Db<__B, #bind>,
            ) -> #answer
            where
                __B: ::axum_db::Backend + ::axum_db::query::InsertOrIgnore<#new_ident>,
            {
                let row = #new_ident::new(#(<#targets as ::axum_db::model::Model>::id(#arguments)),*);
                let written = <__B as ::axum_db::query::InsertOrIgnore<#new_ident>>::insert_or_ignore(row, db);
                async move {
                    ::core::result::Result::map(written.await, |row| ::core::option::Option::is_some(&row))
                }
            }

            #[doc = #unlink_doc]
            ///
            /// # Errors
            /// What the database refuses.
            ///
            /// # Cancellation
            /// Dropped halfway, the statement is ended and the session's transaction rolled back.
            #[track_caller]
            #vis fn unlink<'__a, __B>(
                #(#arguments: &'__a #targets,)*
                db: &'__a ::axum_db::Db<__B, #bind>,
            ) -> #answer
            where
                __B: ::axum_db::Backend,
                Self: ::axum_db::query::Delete<__B>,
            {
                let key = (#(<#targets as ::axum_db::model::Model>::id(#arguments),)*);
                <Self as ::axum_db::query::Delete<__B>>::delete_by_id(key, db)
            }
        }
    }
}
