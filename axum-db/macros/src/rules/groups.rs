//! What can be said of every engine, and in `sqlite(…)`, `postgres(…)` or `mysql(…)` of one.

use proc_macro2::Span;
use syn::meta::ParseNestedMeta;
use syn::spanned::Spanned;
use syn::{Error, Ident, LitStr, Result, Token};

use super::{CheckArg, Deferrable, IndexArg, UniqueArg, deferrable, is_bare, sql};
use crate::attr::{flag, once, string};
use crate::engine::{self, Engine};

/// What a struct says of its table.
#[derive(Default)]
pub(crate) struct TableRules {
    pub(crate) uniques: Vec<UniqueArg>,
    pub(crate) indexes: Vec<IndexArg>,
    pub(crate) checks: Vec<CheckArg>,
    pub(crate) comment: Option<LitStr>,
    pub(crate) strict: Option<Span>,
    pub(crate) without_rowid: Option<Span>,
    pub(crate) engine: Option<LitStr>,
    pub(crate) collation: Option<LitStr>,
}

/// What a field says of its column.
#[derive(Default)]
pub(crate) struct ColumnRules {
    pub(crate) unique: Option<UniqueArg>,
    pub(crate) indexes: Vec<IndexArg>,
    pub(crate) checks: Vec<CheckArg>,
    pub(crate) column_type: Option<LitStr>,
    pub(crate) default_sql: Option<LitStr>,
    pub(crate) generated: Option<GeneratedArg>,
    pub(crate) identity: Option<(Span, bool)>,
    pub(crate) collation: Option<LitStr>,
    pub(crate) comment: Option<LitStr>,
    pub(crate) deferrable: Option<(Span, Deferrable)>,
    pub(crate) rowid: Option<Span>,
    pub(crate) on_update_sql: Option<LitStr>,
}

/// `generated = "price * amount"`, or `generated("price * amount", virtual)`.
pub(crate) struct GeneratedArg {
    pub(crate) expression: LitStr,
    pub(crate) on_the_fly: bool,
}

impl TableRules {
    /// The words that every engine's group takes.
    pub(crate) const SHARED: &str = "`unique(…)`, `index(…)`, `check = \"…\"`, `comment = \"…\"`";

    /// Takes one argument; `false` where it is none of these.
    pub(crate) fn parse(&mut self, meta: &ParseNestedMeta, scope: Option<Engine>) -> Result<bool> {
        let span = meta.path.span();
        if meta.path.is_ident("unique") {
            let rule = UniqueArg::parse(meta, None)?;
            scope.map_or(Ok(()), |engine| engine::verify_unique(&rule, engine))?;
            self.uniques.push(rule);
        } else if meta.path.is_ident("index") {
            let rule = IndexArg::parse(meta, None)?;
            scope.map_or(Ok(()), |engine| engine::verify_index(&rule, engine))?;
            self.indexes.push(rule);
        } else if meta.path.is_ident("check") {
            self.checks.push(CheckArg::parse(meta)?);
        } else if meta.path.is_ident("comment") {
            engine::never(scope, &[Engine::Sqlite], span)?;
            once(&mut self.comment, meta, string)?;
        } else if meta.path.is_ident("strict") {
            engine::only(scope, Engine::Sqlite, "strict", span)?;
            once(&mut self.strict, meta, flag)?;
        } else if meta.path.is_ident("without_rowid") {
            engine::only(scope, Engine::Sqlite, "without_rowid", span)?;
            once(&mut self.without_rowid, meta, flag)?;
        } else if meta.path.is_ident("engine") {
            engine::only(scope, Engine::Mysql, "engine = \"…\"", span)?;
            once(&mut self.engine, meta, string)?;
        } else if meta.path.is_ident("collation") {
            engine::only(scope, Engine::Mysql, "collation = \"…\"", span)?;
            once(&mut self.collation, meta, string)?;
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    pub(crate) fn group(meta: &ParseNestedMeta, engine: Engine) -> Result<Self> {
        let mut rules = Self::default();
        let own = match engine {
            Engine::Sqlite => ", `strict`, `without_rowid`",
            Engine::Postgres => "",
            Engine::Mysql => ", `engine = \"…\"`, `collation = \"…\"`",
        };
        group(meta, engine, |inner| {
            if rules.parse(inner, Some(engine))? {
                return Ok(());
            }
            let (word, shared) = (engine.word(), Self::SHARED);
            Err(inner.error(format!(
                "`{word}(…)` on a struct takes {shared}{own}; what else a model says is the same on every engine"
            )))
        })?;
        Ok(rules)
    }
}

impl ColumnRules {
    pub(crate) fn parse(
        &mut self,
        meta: &ParseNestedMeta,
        field: &Ident,
        scope: Option<Engine>,
    ) -> Result<bool> {
        let span = meta.path.span();
        if meta.path.is_ident("unique") {
            once(&mut self.unique, meta, |meta| {
                UniqueArg::parse(meta, Some(field))
            })?;
            if let (Some(rule), Some(engine)) = (&self.unique, scope) {
                engine::verify_unique(rule, engine)?;
            }
        } else if meta.path.is_ident("index") {
            let rule = IndexArg::parse(meta, Some(field))?;
            scope.map_or(Ok(()), |engine| engine::verify_index(&rule, engine))?;
            self.indexes.push(rule);
        } else if meta.path.is_ident("check") {
            self.checks.push(CheckArg::parse(meta)?);
        } else if meta.path.is_ident("column_type") {
            once(&mut self.column_type, meta, column_type)?;
        } else if meta.path.is_ident("default_sql") {
            once(&mut self.default_sql, meta, |meta| sql(meta, "default"))?;
        } else if meta.path.is_ident("generated") {
            once(&mut self.generated, meta, GeneratedArg::parse)?;
        } else if meta.path.is_ident("identity") {
            engine::never(scope, &[Engine::Sqlite, Engine::Mysql], span)?;
            once(&mut self.identity, meta, identity)?;
        } else if meta.path.is_ident("collation") {
            once(&mut self.collation, meta, string)?;
        } else if meta.path.is_ident("comment") {
            engine::never(scope, &[Engine::Sqlite], span)?;
            once(&mut self.comment, meta, string)?;
        } else if let Some(value) = deferrable(meta) {
            engine::never(scope, &[Engine::Mysql], span)?;
            once(&mut self.deferrable, meta, |meta| flag(meta).map(|_| value))?;
        } else if meta.path.is_ident("rowid") {
            engine::only(scope, Engine::Sqlite, "rowid", span)?;
            once(&mut self.rowid, meta, flag)?;
        } else if meta.path.is_ident("on_update_sql") {
            engine::only(scope, Engine::Mysql, "on_update_sql = \"…\"", span)?;
            once(&mut self.on_update_sql, meta, |meta| sql(meta, "value"))?;
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    pub(crate) fn group(meta: &ParseNestedMeta, field: &Ident, engine: Engine) -> Result<Self> {
        let mut rules = Self::default();
        let own = match engine {
            Engine::Sqlite => ", `deferrable`, `initially_deferred`, `rowid`",
            Engine::Postgres => {
                ", `comment = \"…\"`, `identity`, `deferrable`, `initially_deferred`"
            }
            Engine::Mysql => ", `comment = \"…\"`, `on_update_sql = \"…\"`",
        };
        group(meta, engine, |inner| {
            if rules.parse(inner, field, Some(engine))? {
                return Ok(());
            }
            Err(inner.error(format!(
                "`{}(…)` on a field takes `unique`, `index`, `check = \"…\"`, `column_type = \"…\"`, \
                 `default_sql = \"…\"`, `generated = \"…\"`, `collation = \"…\"`{own}; what else a field says is \
                 the same on every engine",
                engine.word()
            )))
        })?;
        Ok(rules)
    }
}

/// A type; SQLite has columns without one, which is the empty text.
fn column_type(meta: &ParseNestedMeta) -> Result<LitStr> {
    let text: LitStr = meta.value()?.parse()?;
    if text.value().is_empty() {
        return Ok(text);
    }
    crate::sql::expression(text, "type")
}

impl GeneratedArg {
    fn parse(meta: &ParseNestedMeta) -> Result<Self> {
        if meta.input.peek(Token![=]) {
            return Ok(Self {
                expression: sql(meta, "expression")?,
                on_the_fly: false,
            });
        }
        let example = "expected an expression in SQL, as in `generated = \"price * amount\"` or \
                       `generated(\"price * amount\", virtual)`";
        if !meta.input.peek(syn::token::Paren) {
            return Err(meta.error(example));
        }
        let content;
        syn::parenthesized!(content in meta.input);
        let text = content
            .parse()
            .map_err(|error| Error::new(error.span(), example))?;
        let expression = crate::sql::expression(text, "expression")?;
        let mut on_the_fly = false;
        if !content.is_empty() {
            content.parse::<Token![,]>()?;
            let word: Ident = content.call(syn::ext::IdentExt::parse_any)?;
            on_the_fly = word == "virtual";
            if !on_the_fly && word != "stored" {
                return Err(Error::new(word.span(), "expected `stored` or `virtual`"));
            }
        }
        Ok(Self {
            expression,
            on_the_fly,
        })
    }
}

/// `identity`, or `identity = always`: whether it is always.
fn identity(meta: &ParseNestedMeta) -> Result<(Span, bool)> {
    let span = meta.path.span();
    if is_bare(meta) {
        return Ok((span, false));
    }
    let expected = "expected `identity`, `identity = by_default` or `identity = always`";
    if !meta.input.peek(Token![=]) {
        return Err(meta.error(expected));
    }
    let word: Ident = meta.value()?.parse()?;
    match word.to_string().as_str() {
        "always" => Ok((span, true)),
        "by_default" => Ok((span, false)),
        _ => Err(Error::new(word.span(), expected)),
    }
}

fn group(
    meta: &ParseNestedMeta,
    engine: Engine,
    mut each: impl FnMut(&ParseNestedMeta) -> Result<()>,
) -> Result<()> {
    if !meta.input.peek(syn::token::Paren) {
        let word = engine.word();
        return Err(meta.error(format!(
            "this holds what is said of one engine, as in `{word}(index)`"
        )));
    }
    meta.parse_nested_meta(|inner| each(&inner))
}
