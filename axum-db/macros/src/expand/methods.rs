//! The inherent methods of a model.

use proc_macro2::TokenStream;
use quote::quote;

use super::{bind, future, id_type, joins};
use crate::model::{Kind, ModelDef};

pub(super) fn expand(model: &ModelDef) -> TokenStream {
    let (ident, vis, module) = (&model.ident, &model.vis, &model.module);
    let (id_type, bind) = (id_type(model), bind(model));
    let (find_argument, find_value) = match model.key().as_slice() {
        [field] if field.kind == Kind::String => (
            quote!(impl ::core::convert::Into<::std::string::String>),
            quote!(::core::convert::Into::into(id)),
        ),
        _ => (quote!(#id_type), quote!(id)),
    };
    let relations = model
        .fields
        .iter()
        .filter_map(|field| joins::relation(model, field));
    let unit = future(&quote!(()));
    let changes = changes(model);
    let save = (!changes.is_empty()).then(|| {
        quote! {
            /// Writes every column of this row that the database does not work out, by its primary key.
            ///
            /// # Errors
            /// `ErrorKind::NotFound` when the row is no longer there, or what the database refuses.
            ///
            /// # Cancellation
            /// Dropped halfway, the statement is ended and the session's transaction rolled back.
            #[track_caller]
            #vis fn save<'__a, __B>(
                &'__a self,
                db: &'__a ::axum_db::Db<__B, #bind>,
            ) -> #unit
            where
                __B: ::axum_db::Backend,
                Self: ::axum_db::query::Save<__B>,
            {
                ::axum_db::query::Save::save(self, db)
            }
        }
    });
    quote! {
        #[allow(dead_code)]
        impl #ident {
            /// The plain table, for joins, updates and counts.
            #[must_use]
            #vis fn table() -> #module::table {
                #module::table
            }

            /// The query for all rows; narrow it with `filter`, `order` and the rest of Diesel.
            #vis fn query<__DB: ::diesel::backend::Backend>() -> ::axum_db::query::Rows<#ident, __DB> {
                ::diesel::QueryDsl::select(
                    #module::table,
                    <#ident as ::diesel::SelectableHelper<__DB>>::as_select(),
                )
            }

            /// The query for the row with this primary key.
            #vis fn find<__DB: ::diesel::backend::Backend>(
                id: #find_argument,
            ) -> ::axum_db::query::RowById<#ident, #id_type, __DB> {
                ::diesel::QueryDsl::find(Self::query::<__DB>(), #find_value)
            }

            #save

            /// Deletes this row, by its primary key.
            ///
            /// # Errors
            /// `ErrorKind::NotFound` when the row is no longer there, or what the database refuses.
            ///
            /// # Cancellation
            /// Dropped halfway, the statement is ended and the session's transaction rolled back.
            #[track_caller]
            #vis fn delete<'__a, __B>(
                &'__a self,
                db: &'__a ::axum_db::Db<__B, #bind>,
            ) -> #unit
            where
                __B: ::axum_db::Backend,
                Self: ::axum_db::query::Delete<__B>,
            {
                ::axum_db::query::Delete::delete(self, db)
            }

            #(#relations)*
        }

        #changes
    }
}

/// `impl Changes`: the columns beside the key, as an owned changeset.
fn changes(model: &ModelDef) -> TokenStream {
    let (ident, module) = (&model.ident, &model.module);
    let fields = model.changed_fields();
    if fields.is_empty() {
        return TokenStream::new();
    }
    let types = fields.iter().map(|field| {
        let (column, ty) = (&field.column, &field.ty);
        quote!(::diesel::dsl::Eq<#module::#column, #ty>)
    });
    let values = fields.iter().map(|field| {
        let (column, name) = (&field.column, &field.ident);
        quote!(::diesel::ExpressionMethods::eq(
            #module::#column,
            ::core::clone::Clone::clone(&self.#name),
        ))
    });
    quote! {
        #[doc(hidden)]
        impl ::axum_db::query::Changes for #ident {
            type Changes = (#(#types,)*);

            fn changes(&self) -> Self::Changes {
                (#(#values,)*)
            }
        }
    }
}
