//! `impl Model`: the key, the table's description, and the entry in the list of models.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use super::{bind, id_type};
use crate::attr::{Action, DefaultArg};
use crate::check::decimal;
use crate::model::{FieldDef, Kind, ModelDef};
use crate::rules::{CheckArg, RuleArg};

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
    let constraints = model.fields.iter().map(constraints);
    let uniques = model.uniques.iter().map(|rule| {
        let rule = over_fields(rule, &quote!(UniqueDef));
        quote!(.unique(#rule))
    });
    let indexes = model.indexes.iter().map(|rule| {
        let rule = over_fields(rule, &quote!(IndexDef));
        quote!(.index(#rule))
    });
    let checks = model.checks.iter().map(check);
    let renamed = model
        .renamed_from
        .as_ref()
        .map(|name| quote!(.renamed_from(#name)));
    quote! {
        impl ::axum_db::model::Model for #ident {
            type Id = #id_type;
            type Bind = #bind;
            const TABLE: &'static str = #table;
            const PRIMARY_KEY: &'static [&'static str] = &[#(#key_names),*];

            fn id(&self) -> Self::Id {
                #id
            }

            fn table_def() -> ::axum_db::model::TableDef {
                ::axum_db::model::TableDef::new(#table)
                    .bind(<#bind as ::axum_db::Bind>::NAME)
                    .module(::core::module_path!())
                    #(.column(#columns))*
                    .primary_key([#(#key_names),*])
                    #(#constraints)*
                    #(#uniques)*
                    #(#indexes)*
                    #(.check(#checks))*
                    #renamed
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

fn over_fields(rule: &RuleArg, kind: &TokenStream) -> TokenStream {
    use syn::ext::IdentExt;
    let columns = rule.fields.iter().map(|field| field.unraw().to_string());
    let name = rule.name.as_ref().map(|name| quote!(.name(#name)));
    quote!(::axum_db::model::#kind::new([#(#columns),*]) #name)
}

fn check(check: &CheckArg) -> TokenStream {
    let (expression, name) = (&check.expression, &check.name);
    let name = name.as_ref().map(|name| quote!(.name(#name)));
    quote!(::axum_db::model::CheckDef::new(#expression) #name)
}

fn constraints(field: &FieldDef) -> TokenStream {
    let (name, args) = (&field.name, &field.args);
    let mut tokens = TokenStream::new();
    if args.unique.is_some() {
        tokens.extend(quote!(.unique([#name])));
    }
    if args.index.is_some() {
        tokens.extend(quote!(.index([#name])));
    }
    for rule in &args.checks {
        let rule = check(rule);
        tokens.extend(quote!(.check(#rule.column(#name))));
    }
    if let Some(target) = &args.references {
        let on_delete = args.on_delete.map(|(_, action)| {
            let action = action_name(action);
            quote!(.on_delete(::axum_db::model::Action::#action))
        });
        let on_update = args.on_update.map(|(_, action)| {
            let action = action_name(action);
            quote!(.on_update(::axum_db::model::Action::#action))
        });
        tokens.extend(quote! {
            .foreign_key(
                ::axum_db::model::ForeignKeyDef::new(
                    [#name],
                    <#target as ::axum_db::model::Model>::TABLE,
                    <#target as ::axum_db::model::Model>::PRIMARY_KEY.iter().copied(),
                )
                #on_delete
                #on_update
            )
        });
    }
    tokens
}

fn action_name(action: Action) -> TokenStream {
    match action {
        Action::Nothing => quote!(NoAction),
        Action::Restrict => quote!(Restrict),
        Action::Cascade => quote!(Cascade),
        Action::SetNull => quote!(SetNull),
        Action::SetDefault => quote!(SetDefault),
    }
}
