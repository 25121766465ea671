//! The calls that give a table's description its rules.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Ident, LitStr};

use crate::attr::Action;
use crate::engine::Engine;
use crate::model::{FieldDef, ModelDef};
use crate::rules::{
    CheckArg, ColumnRules, Deferrable, ForeignKeyArg, GeneratedArg, IndexArg, KeyArg, TableRules,
    Target, UniqueArg,
};

/// On a table: what its struct says.
pub(super) fn of_table(model: &ModelDef, rules: &TableRules) -> TokenStream {
    let uniques = rules.uniques.iter().map(|rule| unique(model, rule));
    let indexes = rules.indexes.iter().map(|rule| index(model, rule));
    let checks = rules.checks.iter().map(check);
    let comment = call("comment", rules.comment.as_ref());
    let strict = rules.strict.map(|_| quote!(.strict()));
    let without_rowid = rules.without_rowid.map(|_| quote!(.without_rowid()));
    let engine = call("engine", rules.engine.as_ref());
    let collation = call("collation", rules.collation.as_ref());
    quote! {
        #(.unique(#uniques))*
        #(.index(#indexes))*
        #(.check(#checks))*
        #comment #strict #without_rowid #engine #collation
    }
}

/// On a column: what its field says.
pub(super) fn of_column(rules: &ColumnRules) -> TokenStream {
    let column_type = call("column_type", rules.column_type.as_ref());
    let default = rules.default_sql.as_ref().map(|sql| {
        quote!(.default(::axum_db::model::DefaultValue::Sql(::std::borrow::Cow::Borrowed(#sql))))
    });
    let generated = rules.generated.as_ref().map(|generated| {
        let GeneratedArg {
            expression,
            on_the_fly,
        } = generated;
        let on_the_fly = on_the_fly.then(|| quote!(.on_the_fly()));
        quote!(.generated(::axum_db::model::GeneratedDef::new(#expression) #on_the_fly))
    });
    let identity = rules.identity.map(|(_, always)| {
        let identity = if always {
            quote!(Always)
        } else {
            quote!(ByDefault)
        };
        quote!(.identity(::axum_db::model::Identity::#identity))
    });
    let collation = call("collation", rules.collation.as_ref());
    let comment = call("comment", rules.comment.as_ref());
    let rowid = rules.rowid.map(|_| quote!(.rowid()));
    let on_update = call("on_update_sql", rules.on_update_sql.as_ref());
    quote!(#column_type #default #generated #identity #collation #comment #rowid #on_update)
}

/// On a table: what a field says beside its column.
pub(super) fn constraints(model: &ModelDef, field: &FieldDef, rules: &ColumnRules) -> TokenStream {
    let name = &field.name;
    let unique = rules.unique.iter().map(|rule| unique(model, rule));
    let indexes = rules.indexes.iter().map(|rule| index(model, rule));
    let checks = rules.checks.iter().map(check);
    quote!(#(.unique(#unique))* #(.index(#indexes))* #(.check(#checks.column(#name)))*)
}

/// On a table: what is said of one engine.
pub(super) fn variants(model: &ModelDef) -> Vec<TokenStream> {
    let on = |engine: Engine, changes: TokenStream| {
        let dialect = engine.dialect();
        quote!(.on(#dialect, |table| table #changes))
    };
    let tables = model
        .engines
        .iter()
        .map(|(engine, rules)| on(*engine, of_table(model, rules)));
    let columns = model.fields.iter().flat_map(|field| {
        field.args.engines.iter().map(move |(engine, rules)| {
            let name = &field.name;
            let column = of_column(rules);
            let column = (!column.is_empty())
                .then(|| quote!(.change_column(#name, |column| column #column)));
            let key = rules.deferrable.map(|(_, value)| {
                let deferrable = deferrable(value);
                quote!(.change_foreign_key(&[#name], |key| key #deferrable))
            });
            let constraints = constraints(model, field, rules);
            on(*engine, quote!(#column #constraints #key))
        })
    });
    tables.chain(columns).collect()
}

fn call(method: &str, value: Option<&LitStr>) -> Option<TokenStream> {
    let value = value?;
    let method = Ident::new(method, proc_macro2::Span::call_site());
    Some(quote!(.#method(#value)))
}

fn column_names(model: &ModelDef, fields: &[Ident]) -> TokenStream {
    let names = fields.iter().map(|field| column_name(model, field));
    quote!([#(#names),*])
}

/// The column of a field, which was seen to be there.
fn column_name(model: &ModelDef, field: &Ident) -> String {
    model
        .field(field)
        .map_or_else(|| field.unraw().to_string(), |field| field.name.clone())
}

fn unique(model: &ModelDef, rule: &UniqueArg) -> TokenStream {
    let columns = column_names(model, &rule.fields);
    let name = call("name", rule.name.as_ref());
    let deferrable = rule.deferrable.map(|(_, value)| deferrable(value));
    let nulls = rule
        .nulls_not_distinct
        .map(|_| quote!(.nulls_not_distinct()));
    let include = include(model, &rule.include);
    quote!(::axum_db::model::UniqueDef::new(#columns) #name #deferrable #nulls #include)
}

fn include(model: &ModelDef, fields: &[Ident]) -> Option<TokenStream> {
    let columns = column_names(model, fields);
    (!fields.is_empty()).then(|| quote!(.include(#columns)))
}

fn index(model: &ModelDef, rule: &IndexArg) -> TokenStream {
    let keys = rule.keys.iter().map(|own| key(model, own));
    let name = call("name", rule.name.as_ref());
    let unique = rule.unique.map(|_| quote!(.unique()));
    let filter = call("filter", rule.filter.as_ref());
    let using = call("using", rule.using.as_ref());
    let include = include(model, &rule.include);
    let nulls = rule
        .nulls_not_distinct
        .map(|_| quote!(.nulls_not_distinct()));
    quote! {
        ::axum_db::model::IndexDef::new([#(#keys),*]) #name #unique #filter #using #include #nulls
    }
}

fn key(model: &ModelDef, key: &KeyArg) -> TokenStream {
    let target = match &key.target {
        Target::Field(field) => {
            let name = column_name(model, field);
            quote!(column(#name))
        }
        Target::Expression(sql) => quote!(expression(#sql)),
    };
    let desc = key.desc.map(|_| quote!(.desc()));
    let nulls = key.nulls_first.map(|(_, first)| {
        if first {
            quote!(.nulls_first())
        } else {
            quote!(.nulls_last())
        }
    });
    let opclass = call("opclass", key.opclass.as_ref());
    let collation = call("collation", key.collation.as_ref());
    let length = key.length.as_ref().map(|length| quote!(.length(#length)));
    quote!(::axum_db::model::KeyDef::#target #desc #nulls #opclass #collation #length)
}

fn check(check: &CheckArg) -> TokenStream {
    let expression = &check.expression;
    let name = call("name", check.name.as_ref());
    quote!(::axum_db::model::CheckDef::new(#expression) #name)
}

fn deferrable(value: Deferrable) -> TokenStream {
    let value = match value {
        Deferrable::Immediate => quote!(InitiallyImmediate),
        Deferrable::Deferred => quote!(InitiallyDeferred),
    };
    quote!(.deferrable(::axum_db::model::Deferrable::#value))
}

/// The foreign key of a field.
pub(super) fn reference(field: &FieldDef) -> Option<TokenStream> {
    let (name, args) = (&field.name, &field.args);
    let target = args.references.as_ref()?;
    let on_delete = action("on_delete", args.on_delete.map(|(_, action)| action));
    let on_update = action("on_update", args.on_update.map(|(_, action)| action));
    let own_name = call("name", args.constraint.as_ref());
    let deferrable = args.rules.deferrable.map(|(_, value)| deferrable(value));
    Some(quote! {
        ::axum_db::model::ForeignKeyDef::new(
            [#name],
            <#target as ::axum_db::model::Model>::TABLE,
            <#target as ::axum_db::model::Model>::PRIMARY_KEY.iter().copied(),
        )
        .schema(<#target as ::axum_db::model::Model>::SCHEMA)
        #on_delete
        #on_update
        #own_name
        #deferrable
    })
}

/// A foreign key of the struct.
pub(super) fn foreign_key(model: &ModelDef, key: &ForeignKeyArg) -> TokenStream {
    let target = &key.target;
    let columns = column_names(model, &key.fields);
    let references = if key.to.is_empty() {
        let (ident, count) = (&model.ident, key.fields.len());
        let wrong = format!(
            "`foreign_key(…)` of `{ident}` names {count} fields, and the primary key of the referenced model has \
             another number; name the fields of that model in `to(…)`"
        );
        quote_spanned! {target.span()=>
            const {
                ::core::assert!(<#target as ::axum_db::model::Model>::PRIMARY_KEY.len() == #count, #wrong);
                <#target as ::axum_db::model::Model>::PRIMARY_KEY
            }
            .iter()
            .copied()
        }
    } else {
        let columns = &key.to;
        quote!([#(#columns),*])
    };
    let on_delete = action("on_delete", key.on_delete.map(|(_, action)| action));
    let on_update = action("on_update", key.on_update.map(|(_, action)| action));
    let name = call("name", key.name.as_ref());
    let deferrable = key.deferrable.map(|(_, value)| deferrable(value));
    quote! {
        ::axum_db::model::ForeignKeyDef::new(
            #columns,
            <#target as ::axum_db::model::Model>::TABLE,
            #references,
        )
        .schema(<#target as ::axum_db::model::Model>::SCHEMA)
        #on_delete
        #on_update
        #name
        #deferrable
    }
}

fn action(event: &str, action: Option<Action>) -> Option<TokenStream> {
    let name = match action? {
        Action::Nothing => quote!(NoAction),
        Action::Restrict => quote!(Restrict),
        Action::Cascade => quote!(Cascade),
        Action::SetNull => quote!(SetNull),
        Action::SetDefault => quote!(SetDefault),
    };
    let event = Ident::new(event, proc_macro2::Span::call_site());
    Some(quote!(.#event(::axum_db::model::Action::#name)))
}
