//! Foreign keys: what Diesel needs to join two tables, and the methods that follow a key.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use crate::model::{FieldDef, ModelDef};

pub(super) fn expand(model: &ModelDef) -> TokenStream {
    model
        .fields
        .iter()
        .filter_map(|field| {
            let target = field.args.references.as_ref()?;
            let check = check_key(field, target);
            let join = (field.joins && !is_self(model, target)).then(|| join(model, field, target));
            let backref = field
                .args
                .backref
                .as_ref()
                .map(|name| backref(model, field, target, name));
            Some(quote!(#check #join #backref))
        })
        .collect()
}

fn is_self(model: &ModelDef, target: &syn::Path) -> bool {
    target.is_ident(&model.ident) || target.is_ident("Self")
}

/// The field must have the type of the referenced key.
fn check_key(field: &FieldDef, target: &syn::Path) -> TokenStream {
    let ty = &field.inner;
    let is_model = quote_spanned! {target.span()=>
        const _: fn() = || {
            fn references_a_model<M: ::axum_db::model::Model>() {}
            references_a_model::<#target>();
        };
    };
    let same_type = quote_spanned! {ty.span()=>
        const _: fn() = || {
            fn has_the_type_of_the_referenced_key<Key: ::axum_db::__private::KeyOf<M>, M: ::axum_db::model::Model>() {}
            has_the_type_of_the_referenced_key::<#ty, #target>();
        };
    };
    quote!(#is_model #same_type)
}

fn join(model: &ModelDef, field: &FieldDef, target: &syn::Path) -> TokenStream {
    let (module, column) = (&model.module, &field.column);
    quote_spanned! {target.span()=>
        const _: () = {
            type Referenced = <#target as ::axum_db::__private::TableOf<#module::table>>::Table;
            type On = ::axum_db::__private::SameKey<
                #module::#column,
                <Referenced as ::diesel::Table>::PrimaryKey,
            >;

            fn on() -> On {
                let referenced = <#target as ::diesel::associations::HasTable>::table();
                ::axum_db::__private::SameKey(
                    #module::#column,
                    ::diesel::Table::primary_key(&referenced),
                )
            }

            impl ::axum_db::__private::AddNoJoinToOneOfTheKeys<Referenced> for #module::table {}
            impl ::axum_db::__private::AddNoJoinToOneOfTheKeys<#module::table> for Referenced {}

            impl ::diesel::JoinTo<<#target as ::axum_db::__private::TableOf<#module::table>>::Table> for #module::table {
                type FromClause = Referenced;
                type OnClause = On;

                fn join_target(table: Referenced) -> (Self::FromClause, Self::OnClause) {
                    (table, on())
                }
            }

            impl ::diesel::JoinTo<#module::table> for <#target as ::axum_db::__private::TableOf<#module::table>>::Table {
                type FromClause = #module::table;
                type OnClause = On;

                fn join_target(table: #module::table) -> (Self::FromClause, Self::OnClause) {
                    (table, on())
                }
            }
        };
    }
}

/// `post.author()`, for the model's own impl block.
pub(super) fn relation(model: &ModelDef, field: &FieldDef) -> Option<TokenStream> {
    let (target, name) = (
        field.args.references.as_ref()?,
        field.args.relation.as_ref()?,
    );
    let (vis, ident, ty) = (&model.vis, &field.ident, &field.inner);
    let id = quote!(<#target as ::axum_db::model::Model>::Id);
    let into_key = quote!(<#ty as ::axum_db::__private::KeyOf<#target>>::into_key);
    let doc = format!("The query for the row that `{}` references.", field.name);
    Some(if field.optional {
        quote_spanned! {name.span()=>
            #[doc = #doc]
            #[allow(clippy::type_complexity)]
            #vis fn #name<__DB: ::diesel::backend::Backend>(&self) -> ::axum_db::query::RowsWhere<
                #target,
                ::diesel::dsl::Nullable<
                    <<#target as ::diesel::associations::HasTable>::Table as ::diesel::Table>::PrimaryKey,
                >,
                ::core::option::Option<#id>,
                __DB,
            > {
                let table = <#target as ::diesel::associations::HasTable>::table();
                let key = ::diesel::Table::primary_key(&table);
                ::diesel::QueryDsl::filter(
                    ::diesel::QueryDsl::select(
                        table,
                        <#target as ::diesel::SelectableHelper<__DB>>::as_select(),
                    ),
                    ::diesel::ExpressionMethods::eq(
                        ::diesel::NullableExpressionMethods::nullable(key),
                        ::core::option::Option::map(::core::clone::Clone::clone(&self.#ident), #into_key),
                    ),
                )
            }
        }
    } else {
        quote_spanned! {name.span()=>
            #[doc = #doc]
            #vis fn #name<__DB: ::diesel::backend::Backend>(
                &self,
            ) -> ::axum_db::query::RowById<#target, #id, __DB> {
                ::diesel::QueryDsl::find(
                    ::diesel::QueryDsl::select(
                        <#target as ::diesel::associations::HasTable>::table(),
                        <#target as ::diesel::SelectableHelper<__DB>>::as_select(),
                    ),
                    #into_key(::core::clone::Clone::clone(&self.#ident)),
                )
            }
        }
    })
}

/// `user.posts()`, an impl block of the referenced model.
fn backref(
    model: &ModelDef,
    field: &FieldDef,
    target: &syn::Path,
    name: &syn::Ident,
) -> TokenStream {
    let (vis, ident, module, column) = (&model.vis, &model.ident, &model.module, &field.column);
    let ty = &field.inner;
    let doc = format!(
        "The query for the rows of `{}` whose `{}` references this one.",
        model.table, field.name
    );
    quote_spanned! {name.span()=>
        impl #target {
            #[doc = #doc]
            #vis fn #name<__DB: ::diesel::backend::Backend>(&self) -> ::axum_db::query::RowsWhere<
                #ident,
                #module::#column,
                #ty,
                __DB,
            > {
                ::diesel::QueryDsl::filter(
                    ::diesel::QueryDsl::select(
                        #module::table,
                        <#ident as ::diesel::SelectableHelper<__DB>>::as_select(),
                    ),
                    ::diesel::ExpressionMethods::eq(
                        #module::#column,
                        <#ty as ::axum_db::__private::KeyOf<#target>>::from_key(
                            <#target as ::axum_db::model::Model>::id(self),
                        ),
                    ),
                )
            }
        }
    }
}
