//! Rules over fields that are not there, or that stand twice.

use std::collections::HashSet;

use proc_macro2::Span;
use syn::ext::IdentExt;
use syn::{Error, Ident, Result};

use super::{ColumnRules, IndexArg, KeyArg, TableRules, Target, UniqueArg};
use crate::model::ModelDef;

pub(crate) fn verify(model: &ModelDef) -> Result<()> {
    let mut seen = Seen::default();
    seen.table(model, &model.rules)?;
    for field in &model.fields {
        seen.column(model, &field.args.rules)?;
    }
    for (engine, rules) in &model.engines {
        // What stands twice in two groups of one engine is found as well as what stands outside of them.
        let mut seen = seen.clone();
        seen.table(model, rules)?;
        for field in &model.fields {
            let own = field.args.engines.iter().filter(|(it, _)| it == engine);
            own.into_iter()
                .try_for_each(|(_, rules)| seen.column(model, rules))?;
        }
    }
    for key in &model.foreign_keys {
        known(model, &key.fields)?;
        for (word, action) in [("on_delete", key.on_delete), ("on_update", key.on_update)] {
            let required = key
                .fields
                .iter()
                .find(|field| model.field(field).is_some_and(|field| !field.optional));
            if let (Some((span, crate::attr::Action::SetNull)), Some(required)) = (action, required)
            {
                return Err(Error::new(
                    span,
                    format!(
                        "`{word} = set_null` needs columns that can be NULL; make `{required}` an `Option`"
                    ),
                ));
            }
        }
    }
    Ok(())
}

/// The fields of `primary_key(…)` on a struct.
pub(crate) fn verify_key_names(model: &ModelDef, fields: &[Ident]) -> Result<()> {
    known(model, fields).map(drop)
}

/// The uniques and the names of indexes so far.
#[derive(Default, Clone)]
struct Seen {
    uniques: HashSet<Vec<String>>,
    indexes: HashSet<String>,
}

impl Seen {
    fn table(&mut self, model: &ModelDef, rules: &TableRules) -> Result<()> {
        for rule in &rules.uniques {
            self.unique(model, rule)?;
        }
        for rule in &rules.indexes {
            self.index(model, rule)?;
        }
        Ok(())
    }

    fn column(&mut self, model: &ModelDef, rules: &ColumnRules) -> Result<()> {
        if let Some(rule) = &rules.unique {
            self.unique(model, rule)?;
        }
        for rule in &rules.indexes {
            self.index(model, rule)?;
        }
        Ok(())
    }

    fn unique(&mut self, model: &ModelDef, rule: &UniqueArg) -> Result<()> {
        let columns = known(model, &rule.fields)?;
        known(model, &rule.include)?;
        let key = model.key();
        let fields = key.iter().map(|field| field.ident.unraw().to_string());
        if fields.eq(columns.iter().cloned()) {
            return Err(Error::new(
                rule.span,
                "the primary key is unique already; take this away",
            ));
        }
        if !self.uniques.insert(columns) {
            return Err(twice(rule.span, "this `unique` is given already; keep one"));
        }
        Ok(())
    }

    fn index(&mut self, model: &ModelDef, rule: &IndexArg) -> Result<()> {
        let named: Vec<Ident> = rule.keys.iter().filter_map(field_of).collect();
        let columns = known(model, &named)?;
        known(model, &rule.include)?;
        let mut columns = columns.into_iter();
        let words = rule.keys.iter().map(|key| match &key.target {
            Target::Field(_) => columns.next().unwrap_or_default(),
            Target::Expression(sql) => sql.value(),
        });
        let words: Vec<String> = words.collect();
        let name = match &rule.name {
            Some(name) => name.value(),
            // No name that a user gives has this character.
            None => words.join("\0"),
        };
        if !self.indexes.insert(name) {
            let text = match rule.name {
                Some(_) => "another index has this name already; choose another one",
                None => {
                    "this `index` is given already; keep one, or give one of them a `name = \"…\"`"
                }
            };
            return Err(twice(rule.span, text));
        }
        Ok(())
    }
}

fn twice(span: Span, text: &str) -> Error {
    Error::new(span, text)
}

fn field_of(key: &KeyArg) -> Option<Ident> {
    match &key.target {
        Target::Field(field) => Some(field.clone()),
        Target::Expression(_) => None,
    }
}

/// The columns of fields, each of which is there, and once.
fn known(model: &ModelDef, fields: &[Ident]) -> Result<Vec<String>> {
    let mut columns: Vec<String> = Vec::new();
    for field in fields {
        let name = field.unraw().to_string();
        if model.field(field).is_none() {
            return Err(Error::new(field.span(), unknown_field(model, &name)));
        }
        if columns.contains(&name) {
            return Err(Error::new(
                field.span(),
                format!("`{name}` stands here twice"),
            ));
        }
        columns.push(name);
    }
    Ok(columns)
}

fn unknown_field(model: &ModelDef, name: &str) -> String {
    let known: Vec<String> = model
        .fields
        .iter()
        .map(|field| format!("`{}`", field.name))
        .collect();
    format!(
        "`{}` has no field `{name}`; it has {}",
        model.ident,
        known.join(", ")
    )
}
