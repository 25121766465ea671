//! What a struct says, read and put in order.

use heck::ToSnakeCase;
use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{
    Data, DeriveInput, Error, Fields, GenericArgument, Ident, LitInt, Path, PathArguments, Result,
    Type, Visibility,
};

use crate::attr::{FieldArgs, StructArgs};
use crate::check;
use crate::engine::Engine;
use crate::rules::{self, ForeignKeyArg, TableRules};

pub(crate) struct ModelDef {
    pub(crate) vis: Visibility,
    pub(crate) ident: Ident,
    pub(crate) new_ident: Ident,
    /// The table's name in the database.
    pub(crate) table: String,
    /// The module that `diesel::table!` makes.
    pub(crate) module: Ident,
    pub(crate) bind: Option<Path>,
    pub(crate) schema: Option<String>,
    /// The name of the primary key's constraint, where it has one of its own.
    pub(crate) key_name: Option<String>,
    /// The fields of the key of which MySQL takes the beginning alone.
    pub(crate) key_lengths: Vec<(Ident, LitInt)>,
    /// The fields of the primary key, where the struct says them in an order.
    key_order: Option<Vec<Ident>>,
    pub(crate) foreign_keys: Vec<ForeignKeyArg>,
    pub(crate) rules: TableRules,
    pub(crate) engines: Vec<(Engine, TableRules)>,
    pub(crate) renamed_from: Option<String>,
    pub(crate) derives: Vec<Ident>,
    pub(crate) fields: Vec<FieldDef>,
}

pub(crate) struct FieldDef {
    pub(crate) vis: Visibility,
    pub(crate) ident: Ident,
    /// The type as written.
    pub(crate) ty: Type,
    /// The type without `Option`.
    pub(crate) inner: Type,
    pub(crate) optional: bool,
    pub(crate) kind: Kind,
    /// The column's name in the database.
    pub(crate) name: String,
    /// The column's name in the table module.
    pub(crate) column: Ident,
    pub(crate) docs: Vec<syn::Attribute>,
    pub(crate) args: FieldArgs,
    /// Whether the foreign key gets `JoinTo` and `BelongsTo`.
    pub(crate) joins: bool,
}

/// The Rust types whose SQL type is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Bool,
    I16,
    I32,
    I64,
    F32,
    F64,
    String,
    Bytes,
    DateTime,
    Date,
    Time,
    /// axum-db's own types, the same on every engine.
    Uuid,
    UtcTime,
    Json,
    Decimal,
    /// `#[model(db_enum)]`: an enum with `#[derive(DbEnum)]`, which is its own SQL type.
    Enum,
    /// `#[model(sql_type = …)]`.
    Custom,
}

impl ModelDef {
    pub(crate) fn parse(input: &DeriveInput) -> Result<Self> {
        let Data::Struct(data) = &input.data else {
            return Err(Error::new(
                input.ident.span(),
                "a model is a struct: one field for each column",
            ));
        };
        let Fields::Named(named) = &data.fields else {
            return Err(Error::new(
                input.ident.span(),
                "a model has named fields: one for each column",
            ));
        };
        if let Some(parameter) = input.generics.params.first() {
            return Err(Error::new_spanned(
                parameter,
                "a model has no generic parameters: it is the row of one table; write a struct for each table",
            ));
        }
        let args = StructArgs::parse(&input.attrs)?;
        let table = match &args.table {
            Some(name) => name.value(),
            None => plural(&input.ident.unraw().to_string().to_snake_case()),
        };
        let module = module_name(&table, &input.ident);
        let mut errors: Option<Error> = None;
        let mut fields = Vec::with_capacity(named.named.len());
        for field in &named.named {
            match FieldDef::parse(field, &table, &module) {
                Ok(field) => fields.push(field),
                Err(error) => match &mut errors {
                    Some(errors) => errors.combine(error),
                    None => errors = Some(error),
                },
            }
        }
        if let Some(errors) = errors {
            return Err(errors);
        }
        choose_joins(&mut fields);
        let mut model = Self {
            vis: input.vis.clone(),
            new_ident: format_ident!("New{}", input.ident.unraw(), span = input.ident.span()),
            module,
            ident: input.ident.clone(),
            table,
            bind: args.bind,
            schema: args.schema.map(|name| name.value()),
            key_name: None,
            key_lengths: Vec::new(),
            key_order: None,
            foreign_keys: args.foreign_keys,
            rules: args.rules,
            engines: args.engines,
            renamed_from: args.renamed_from.map(|name| name.value()),
            derives: args.derives,
            fields,
        };
        model.module.set_span(input.ident.span());
        if let Some(key) = args.primary_key {
            rules::verify_key_names(&model, &key.fields)?;
            for field in &mut model.fields {
                if let Some(span) = field.args.primary_key {
                    return Err(Error::new(
                        span,
                        "the struct says the primary key already, with `primary_key(…)`; take this away",
                    ));
                }
                if key.fields.contains(&field.ident) {
                    field.args.primary_key = Some(key.span);
                    check::field(field)?;
                }
            }
            model.key_name = key.name.map(|name| name.value());
            model.key_lengths = key.lengths;
            model.key_order = Some(key.fields);
        }
        check::model(&model)?;
        Ok(model)
    }

    pub(crate) fn key(&self) -> Vec<&FieldDef> {
        if let Some(order) = &self.key_order {
            return order.iter().filter_map(|name| self.field(name)).collect();
        }
        self.fields
            .iter()
            .filter(|field| field.args.primary_key.is_some())
            .collect()
    }

    pub(crate) fn field(&self, ident: &Ident) -> Option<&FieldDef> {
        let name = ident.unraw();
        self.fields.iter().find(|field| field.ident.unraw() == name)
    }

    /// The field of the key that the database numbers: the one that says so, or an integer that is the whole
    /// key and nobody else's.
    pub(crate) fn generated(&self) -> Option<&FieldDef> {
        let key = self.key();
        let said = |field: &&&FieldDef| {
            matches!(field.args.auto_increment, Some((_, true)))
                || field.args.rules.identity.is_some()
        };
        if let Some(field) = key.iter().find(said) {
            return Some(field);
        }
        match key.as_slice() {
            [field]
                if matches!(field.kind, Kind::I16 | Kind::I32 | Kind::I64)
                    && field.args.references.is_none()
                    && field.args.default.is_none()
                    && field.args.auto_increment.is_none()
                    && field.is_written()
                    && !self.is_foreign(field) =>
            {
                Some(field)
            }
            _ => None,
        }
    }

    /// Whether a `foreign_key(…)` of the struct is over this field.
    fn is_foreign(&self, field: &FieldDef) -> bool {
        let keys = self.foreign_keys.iter().flat_map(|key| &key.fields);
        keys.into_iter()
            .any(|name| name.unraw() == field.ident.unraw())
    }

    /// The fields of the `New…` companion: all whose values the database does not make.
    pub(crate) fn new_fields(&self) -> Vec<&FieldDef> {
        let generated = self.generated().map(|field| &field.ident);
        self.fields
            .iter()
            .filter(|field| Some(&field.ident) != generated && field.is_written())
            .collect()
    }

    /// The field that an INSERT names where the `New…` companion has none: the key that is numbered, or one with a
    /// default in SQL.
    pub(crate) fn stand_in(&self) -> Option<&FieldDef> {
        let has_default = |field: &&FieldDef| field.args.rules.default_sql.is_some();
        let numbered = self.generated();
        numbered.or_else(|| self.fields.iter().find(has_default))
    }

    /// The fields that an UPDATE of the row writes: all beside the key, but for those that are worked out.
    pub(crate) fn changed_fields(&self) -> Vec<&FieldDef> {
        self.fields
            .iter()
            .filter(|field| field.args.primary_key.is_none() && field.is_changed())
            .collect()
    }
}

impl FieldDef {
    fn parse(field: &syn::Field, table: &str, module: &Ident) -> Result<Self> {
        let Some(ident) = field.ident.clone() else {
            return Err(Error::new_spanned(
                field,
                "a model has named fields: one for each column",
            ));
        };
        let args = FieldArgs::parse(&field.attrs, &ident)?;
        let (inner, optional) = match option_of(&field.ty) {
            Some(inner) => (inner.clone(), true),
            None => (field.ty.clone(), false),
        };
        let kind = match (&args.sql_type, args.db_enum, kind_of(&inner)) {
            (Some(_), _, _) => Kind::Custom,
            (None, Some(_), _) => Kind::Enum,
            (None, None, Some(kind)) => kind,
            (None, None, None) => return Err(check::unknown_type(&inner)),
        };
        let said = ident.unraw().to_string();
        let name = match &args.column {
            Some(name) => name.value(),
            None => said.clone(),
        };
        let parsed = Self {
            vis: field.vis.clone(),
            column: column_name(&said, table, module, &ident),
            ty: field.ty.clone(),
            inner,
            optional,
            kind,
            name,
            docs: field
                .attrs
                .iter()
                .filter(|a| a.path().is_ident("doc"))
                .cloned()
                .collect(),
            ident,
            args,
            joins: false,
        };
        check::field(&parsed)?;
        Ok(parsed)
    }

    /// Whether `New…::new` leaves the field out.
    pub(crate) fn has_default(&self) -> bool {
        self.optional || self.args.default.is_some()
    }

    /// Whether an INSERT names it: not where only the database knows the value.
    pub(crate) fn is_written(&self) -> bool {
        let rules = &self.args.rules;
        let filled_in = rules.default_sql.is_some() && self.args.default.is_none();
        rules.generated.is_none() && rules.identity.is_none() && !filled_in
    }

    /// Whether an UPDATE may name it.
    pub(crate) fn is_changed(&self) -> bool {
        let rules = &self.args.rules;
        rules.generated.is_none() && !matches!(rules.identity, Some((_, true)))
    }

    /// The type that an alias carries into the table module: an enum's own, or the one of
    /// `#[model(sql_type = …)]`.
    pub(crate) fn named_sql_type(&self) -> Option<TokenStream> {
        match self.kind {
            Kind::Custom => self.args.sql_type.as_ref().map(|path| quote!(#path)),
            Kind::Enum => {
                let ty = &self.inner;
                Some(quote!(#ty))
            }
            _ => None,
        }
    }

    /// The alias that carries that type. Model and field stay apart: `TaskRun`'s `state` is not `Task`'s `run_state`.
    pub(crate) fn sql_type_alias(&self, model: &Ident) -> Ident {
        format_ident!("__{}_{}_SqlType", model.unraw(), self.ident.unraw())
    }

    /// The SQL type, without `Nullable`.
    pub(crate) fn sql_type(&self, model: &Ident) -> TokenStream {
        let name = match self.kind {
            Kind::Bool => "Bool",
            Kind::I16 => "SmallInt",
            Kind::I32 => "Integer",
            Kind::I64 => "BigInt",
            Kind::F32 => "Float",
            Kind::F64 => "Double",
            Kind::String => "Text",
            Kind::Bytes => "Binary",
            Kind::DateTime => "Timestamp",
            Kind::Date => "Date",
            Kind::Time => "Time",
            Kind::Uuid => return quote!(::axum_db::types::Uuid),
            Kind::UtcTime => return quote!(::axum_db::types::UtcTime),
            Kind::Json => return quote!(::axum_db::types::JsonSql),
            Kind::Decimal => return quote!(::axum_db::types::Decimal),
            Kind::Enum | Kind::Custom => {
                let mut alias = self.sql_type_alias(model);
                alias.set_span(match &self.args.sql_type {
                    Some(path) => path.span(),
                    None => self.inner.span(),
                });
                return quote!(#alias);
            }
        };
        let name = Ident::new(name, Span::call_site());
        quote!(::diesel::sql_types::#name)
    }
}

/// Of several keys to one model the first that does not say `no_join` is the one joins use.
fn choose_joins(fields: &mut [FieldDef]) {
    let mut joined: Vec<Path> = Vec::new();
    for field in fields {
        if let (Some(target), None) = (&field.args.references, field.args.no_join)
            && !joined.contains(target)
        {
            joined.push(target.clone());
            field.joins = true;
        }
    }
}

pub(crate) fn last_segment(ty: &Type) -> Option<&syn::PathSegment> {
    match ty {
        Type::Path(path) if path.qself.is_none() => path.path.segments.last(),
        Type::Group(group) => last_segment(&group.elem),
        _ => None,
    }
}

fn only_argument(segment: &syn::PathSegment) -> Option<&Type> {
    match &segment.arguments {
        PathArguments::AngleBracketed(list) if list.args.len() == 1 => match list.args.first() {
            Some(GenericArgument::Type(ty)) => Some(ty),
            _ => None,
        },
        _ => None,
    }
}

fn option_of(ty: &Type) -> Option<&Type> {
    last_segment(ty)
        .filter(|segment| segment.ident == "Option")
        .and_then(only_argument)
}

fn kind_of(ty: &Type) -> Option<Kind> {
    let segment = last_segment(ty)?;
    let plain = segment.arguments.is_none();
    Some(match segment.ident.to_string().as_str() {
        "bool" if plain => Kind::Bool,
        "i16" if plain => Kind::I16,
        "i32" if plain => Kind::I32,
        "i64" if plain => Kind::I64,
        "f32" if plain => Kind::F32,
        "f64" if plain => Kind::F64,
        "String" if plain => Kind::String,
        "NaiveDateTime" if plain => Kind::DateTime,
        "NaiveDate" if plain => Kind::Date,
        "NaiveTime" if plain => Kind::Time,
        "Uuid" if plain => Kind::Uuid,
        "UtcTime" if plain => Kind::UtcTime,
        "Decimal" if plain => Kind::Decimal,
        "Json" if only_argument(segment).is_some() => Kind::Json,
        "Vec" if only_argument(segment).and_then(last_segment)?.ident == "u8" => Kind::Bytes,
        _ => return None,
    })
}

/// `blog_post` → `blog_posts`, `category` → `categories`, `address` → `addresses`.
fn plural(word: &str) -> String {
    let irregular = [("person", "people"), ("child", "children")];
    for (one, many) in irregular {
        if let Some(stem) = word.strip_suffix(one)
            && (stem.is_empty() || stem.ends_with('_'))
        {
            return format!("{stem}{many}");
        }
    }
    let ends = |endings: &[&str]| endings.iter().any(|ending| word.ends_with(ending));
    if let Some(stem) = word.strip_suffix('y')
        && !ends(&["ay", "ey", "iy", "oy", "uy"])
        && !stem.is_empty()
    {
        format!("{stem}ies")
    } else if ends(&["s", "x", "z", "ch", "sh"]) {
        format!("{word}es")
    } else {
        format!("{word}s")
    }
}

/// As a module or a column's struct these would stand before a crate or a type of the language in what is derived.
const HIDES: [&str; 22] = [
    "alloc", "axum_db", "bool", "char", "core", "diesel", "f32", "f64", "i128", "i16", "i32",
    "i64", "i8", "isize", "std", "str", "u128", "u16", "u32", "u64", "u8", "usize",
];

/// A Rust name for the table's module: the table's own where that is an identifier, and hides nothing.
fn module_name(table: &str, model: &Ident) -> Ident {
    // Types have capital letters, the model itself among them, and two underscores are another style, too.
    let is_snake = !table.contains(char::is_uppercase) && !table.trim_matches('_').contains("__");
    // Not every text may be given to the compiler's own reader: it would tell of what it does not know.
    let is_name = table.chars().all(|it| it.is_alphanumeric() || it == '_');
    let parsed = (is_name && is_snake && !HIDES.contains(&table)).then(|| {
        let raw = format!("r#{table}");
        match table {
            // A keyword since the edition of 2024, which syn does not know.
            "gen" => syn::parse_str::<Ident>(&raw),
            _ => syn::parse_str::<Ident>(table).or_else(|_| syn::parse_str::<Ident>(&raw)),
        }
    });
    parsed.and_then(Result::ok).unwrap_or_else(|| {
        let name = plural(&model.unraw().to_string().to_snake_case());
        Ident::new(&name, model.span())
    })
}

/// The column's name in the table module: `diesel::table!` takes some names for itself, and Diesel's
/// derives do not know raw identifiers. It gets the underscore that Diesel's own tools give it.
fn column_name(name: &str, table: &str, module: &Ident, ident: &Ident) -> Ident {
    const TAKEN: [&str; 5] = ["table", "star", "columns", "dsl", "all_columns"];
    if TAKEN.contains(&name)
        || HIDES.contains(&name)
        || name == table
        || *module == name
        || *ident != name
    {
        format_ident!("{name}_", span = ident.span())
    } else {
        ident.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_hide_nothing() {
        let model = Ident::new("Thing", Span::call_site());
        for (table, module) in [
            ("notes", "notes"),
            ("type", "r#type"),
            ("größen", "größen"),
            ("diesel", "things"),
            ("u8", "things"),
            ("String", "things"),
            ("theThing", "things"),
            ("my__things", "things"),
            ("it's", "things"),
            ("2fa", "things"),
            ("", "things"),
        ] {
            assert_eq!(module_name(table, &model).to_string(), module);
        }
    }

    #[test]
    fn table_names_are_plurals() {
        for (one, many) in [
            ("user", "users"),
            ("blog_post", "blog_posts"),
            ("category", "categories"),
            ("day", "days"),
            ("address", "addresses"),
            ("box", "boxes"),
            ("batch", "batches"),
            ("person", "people"),
            ("sales_person", "sales_people"),
        ] {
            assert_eq!(plural(one), many);
        }
    }
}
