//! The `New…` companion: a row that is not in the table yet.

use std::collections::HashSet;

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::Ident;

use super::{bind, future};
use crate::attr::DefaultArg;
use crate::check::decimal;
use crate::engine::Engine;
use crate::model::{FieldDef, Kind, ModelDef};

pub(super) fn expand(model: &ModelDef) -> TokenStream {
    let (ident, new_ident, vis, module) =
        (&model.ident, &model.new_ident, &model.vis, &model.module);
    let bind = bind(model);
    let row = future(&quote!(#ident));
    let maybe_row = future(&quote!(::core::option::Option<#ident>));
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
    let (derives, insertable) = match model.stand_in() {
        Some(field) if fields.is_empty() => {
            (quote!(#[derive(#(#derives),*)]), filled_in(model, field))
        }
        _ => (
            quote! {
                #[derive(#(#derives,)* ::diesel::Insertable)]
                #[diesel(table_name = #module, treat_none_as_default_value = false)]
            },
            TokenStream::new(),
        ),
    };
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
        #derives
        #vis struct #new_ident {
            #(#definitions)*
        }

        #insertable

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
            ///
            /// # Cancellation
            /// Dropped halfway, the statement is ended and the session's transaction rolled back.
            #[track_caller]
            #vis fn insert<'__a, __B>(
                self,
                db: &'__a ::axum_db::Db<__B, #bind>,
            ) -> #row
            where
                __B: ::axum_db::Backend + ::axum_db::query::Insert<Self>,
            {
                <__B as ::axum_db::query::Insert<Self>>::insert(self, db)
            }

            /// Writes the row unless a unique column or the key is in the way, and gives it back; `None` where
            /// one was there.
            ///
            /// # Errors
            /// What else the database refuses, such as `ErrorKind::ForeignKeyViolation`.
            ///
            /// # Cancellation
            /// Dropped halfway, the statement is ended and the session's transaction rolled back.
            #[track_caller]
            #vis fn insert_or_ignore<'__a, __B>(
                self,
                db: &'__a ::axum_db::Db<__B, #bind>,
            ) -> #maybe_row
            where
                __B: ::axum_db::Backend + ::axum_db::query::InsertOrIgnore<Self>,
            {
                <__B as ::axum_db::query::InsertOrIgnore<Self>>::insert_or_ignore(self, db)
            }

            /// Writes many rows with few statements, all in the session's transaction, and gives their number.
            ///
            /// # Errors
            /// What the database refuses, such as `ErrorKind::UniqueViolation`: nothing is written then.
            ///
            /// # Cancellation
            /// Dropped halfway, the statement is ended and the session's transaction rolled back.
            #[track_caller]
            #vis fn insert_all<'__a, __B, __R>(
                rows: __R,
                db: &'__a ::axum_db::Db<__B, #bind>,
            ) -> ::axum_db::__private::BoxFuture<
                '__a,
                ::core::result::Result<usize, ::axum_db::Error>,
            >
            where
                __B: ::axum_db::Backend + ::axum_db::query::InsertAll<Self>,
                __R: ::core::iter::IntoIterator<Item = Self>,
            {
                let rows = ::core::iter::Iterator::collect(::core::iter::IntoIterator::into_iter(rows));
                ::std::boxed::Box::pin(<__B as ::axum_db::query::InsertAll<Self>>::insert_all(rows, db))
            }

            /// For a row that may be there already: `.on_conflict(unique).update(columns, &db)` writes the
            /// row, or `columns` of the one that has the same value in `unique`.
            #vis fn on_conflict<__T: ::axum_db::query::UniqueBy<Self>>(
                self,
                unique: __T,
            ) -> ::axum_db::query::OnConflict<Self, __T> {
                ::axum_db::query::OnConflict::new(self, unique)
            }
        }
    }
    .into_iter()
    .chain(new_record(model))
    .chain(conflicts(model))
    .collect()
}

/// `impl Insertable` and `impl NewRecord` for a row all of whose values come from the database.
fn filled_in(model: &ModelDef, field: &FieldDef) -> TokenStream {
    let (ident, new_ident, module) = (&model.ident, &model.new_ident, &model.module);
    let (column, name) = (&field.column, &field.name);
    let on_sqlite = field
        .args
        .engines
        .iter()
        .find(|(engine, _)| *engine == Engine::Sqlite);
    let default = on_sqlite
        .and_then(|(_, rules)| rules.default_sql.as_ref())
        .or(field.args.rules.default_sql.as_ref());
    let sqlite = match default {
        Some(sql) if model.generated().is_none() => format!("({})", sql.value()),
        // A number of SQLite's is made where there is none.
        _ => "NULL".to_owned(),
    };
    let filled = quote!(::axum_db::__private::Filled<#module::#column>);
    quote! {
        #[doc(hidden)]
        impl ::diesel::Insertable<#module::table> for #new_ident {
            type Values = <::diesel::dsl::Eq<#module::#column, #filled> as ::diesel::Insertable<#module::table>>::Values;

            fn values(self) -> Self::Values {
                let (value,) = ::axum_db::query::NewRecord::row(self);
                ::diesel::Insertable::values(::diesel::ExpressionMethods::eq(#module::#column, value))
            }
        }

        #[doc(hidden)]
        impl ::axum_db::query::NewRecord for #new_ident {
            type Model = #ident;
            type Row = (#filled,);
            const COLUMNS: &'static [&'static str] = &[#name];

            fn row(self) -> Self::Row {
                (<#filled>::new(#sqlite),)
            }

            fn id(&self) -> ::core::option::Option<<#ident as ::axum_db::model::Model>::Id> {
                ::core::option::Option::None
            }
        }
    }
}

/// `impl NewRecord`: which model it becomes, and its key where the database does not give one.
fn new_record(model: &ModelDef) -> TokenStream {
    let (ident, new_ident) = (&model.ident, &model.new_ident);
    let is_given = |field: &FieldDef| {
        let mut fields = model.new_fields().into_iter();
        fields.any(|given| given.ident == field.ident)
    };
    let key = if !model.key().into_iter().all(is_given) {
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
    let fields = model.new_fields();
    if fields.is_empty() {
        return TokenStream::new(); // see `filled_in`
    }
    let module = &model.module;
    let names = fields.iter().map(|field| &field.name);
    let types = fields.iter().map(|field| {
        let (ty, column) = (&field.ty, &field.column);
        quote!(::diesel::dsl::AsExpr<#ty, #module::#column>)
    });
    let values = fields.iter().map(|field| {
        let (ty, column, name) = (&field.ty, &field.column, &field.ident);
        quote! {
            <#ty as ::diesel::expression::AsExpression<
                <#module::#column as ::diesel::Expression>::SqlType,
            >>::as_expression(self.#name)
        }
    });
    quote! {
        #[doc(hidden)]
        impl ::axum_db::query::NewRecord for #new_ident {
            type Model = #ident;
            type Row = (#(#types,)*);
            const COLUMNS: &'static [&'static str] = &[#(#names),*];

            fn row(self) -> Self::Row {
                (#(#values,)*)
            }

            fn id(&self) -> ::core::option::Option<<#ident as ::axum_db::model::Model>::Id> {
                #key
            }
        }
    }
}

/// `impl ColumnsOf` for every column of the row, `impl UniqueBy` for those that tell which row it is.
fn conflicts(model: &ModelDef) -> TokenStream {
    let (new_ident, module) = (&model.new_ident, &model.module);
    let fields = model.new_fields();
    let columns = fields.iter().map(|field| {
        let (column, name) = (&field.column, &field.name);
        quote! {
            #[doc(hidden)]
            impl ::axum_db::query::ColumnsOf<#new_ident> for #module::#column {
                fn names() -> ::std::vec::Vec<&'static str> {
                    ::std::vec![#name]
                }
            }
        }
    });
    let given = |idents: Vec<&Ident>| {
        let named = |ident: &Ident| {
            let own = model.field(ident)?;
            fields
                .iter()
                .find(|field| field.ident == own.ident)
                .copied()
        };
        let fields: Option<Vec<_>> = idents.into_iter().map(named).collect();
        fields.filter(|fields| fields.iter().all(|field| !field.optional))
    };
    let key = given(model.key().into_iter().map(|field| &field.ident).collect());
    let columns_rules = || model.fields.iter().map(|field| &field.args.rules);
    let constraints = columns_rules()
        .flat_map(|rules| &rules.unique)
        .chain(&model.rules.uniques)
        // A check that can be put off does not tell at once which row is in the way.
        .filter(|rule| rule.deferrable.is_none())
        .map(|rule| rule.fields.iter().collect());
    let indexes = columns_rules()
        .flat_map(|rules| &rules.indexes)
        .chain(&model.rules.indexes)
        .filter(|rule| rule.unique.is_some())
        .filter_map(crate::rules::IndexArg::whole_fields);
    let uniques = constraints.chain(indexes).filter_map(given);
    let mut uniques: Vec<Vec<&FieldDef>> = uniques.chain(key).collect();
    let mut known = HashSet::new();
    uniques.retain(|fields| {
        let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
        known.insert(names)
    });
    let uniques = uniques.iter().map(|fields| {
        let names = fields.iter().map(|field| &field.name);
        let columns = fields.iter().map(|field| {
            let column = &field.column;
            quote!(#module::#column)
        });
        let target = match fields.as_slice() {
            [field] => {
                let column = &field.column;
                quote!(#module::#column)
            }
            _ => quote!((#(#columns),*)),
        };
        let conditions = fields.iter().map(|field| {
            let (column, ty, name) = (&field.column, &field.ty, &field.ident);
            (
                quote!(::diesel::dsl::Eq<#module::#column, #ty>),
                quote!(::diesel::ExpressionMethods::eq(
                    #module::#column,
                    ::core::clone::Clone::clone(&record.#name),
                )),
            )
        });
        let both = conditions.reduce(|(type_a, a), (type_b, b)| {
            (
                quote!(::diesel::dsl::And<#type_a, #type_b>),
                quote!(::diesel::BoolExpressionMethods::and(#a, #b)),
            )
        });
        let (filter_type, filter) = both.unwrap_or_default();
        quote! {
            #[doc(hidden)]
            impl ::axum_db::query::UniqueBy<#new_ident> for #target {
                const COLUMNS: &'static [&'static str] = &[#(#names),*];
                type Filter = #filter_type;

                fn filter(record: &#new_ident) -> Self::Filter {
                    #filter
                }
            }
        }
    });
    quote!(#(#columns)* #(#uniques)*)
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
        Some(default) if field.kind == Kind::Decimal && decimal(default).is_some() => {
            let (mantissa, scale) = decimal(default).unwrap_or_default();
            quote!(::axum_db::types::Decimal::new(#mantissa, #scale))
        }
        Some(DefaultArg::Integer(number, _) | DefaultArg::Float(number)) => quote!(#number),
        Some(DefaultArg::Path(path)) => quote!(#path),
        Some(DefaultArg::Call(expression)) => quote!(#expression),
        Some(DefaultArg::Bool(value)) => quote!(#value),
        Some(DefaultArg::Now(span)) => match field.kind {
            Kind::Date => quote_spanned!(*span=> ::axum_db::__private::now().date()),
            Kind::Time => quote_spanned!(*span=> ::axum_db::__private::now().time()),
            Kind::UtcTime => quote_spanned!(*span=> ::axum_db::types::UtcTime::now()),
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
    let taken = [
        "new",
        "insert",
        "insert_all",
        "insert_or_ignore",
        "on_conflict",
    ];
    if taken.iter().any(|taken| name == taken) {
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
