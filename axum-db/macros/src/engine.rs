//! `sqlite(…)`, `postgres(…)`, `mysql(…)`: what is said of one engine only.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{Error, Path, Result};

use crate::rules::{IndexArg, UniqueArg};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
    Mysql,
}

impl Engine {
    pub(crate) fn of(path: &Path) -> Option<Self> {
        [Self::Sqlite, Self::Postgres, Self::Mysql]
            .into_iter()
            .find(|engine| path.is_ident(engine.word()))
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
            Self::Mysql => "mysql",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
            Self::Mysql => "MySQL",
        }
    }

    pub(crate) fn dialect(self) -> TokenStream {
        match self {
            Self::Sqlite => quote!(::axum_db::Dialect::Sqlite),
            Self::Postgres => quote!(::axum_db::Dialect::Postgres),
            Self::Mysql => quote!(::axum_db::Dialect::Mysql),
        }
    }
}

/// Refuses `word` outside of the engine that has it.
pub(crate) fn only(scope: Option<Engine>, engine: Engine, word: &str, span: Span) -> Result<()> {
    if scope == Some(engine) {
        return Ok(());
    }
    let (title, group) = (engine.title(), engine.word());
    Err(Error::new(
        span,
        format!("only {title} has this; write `{group}({word})`"),
    ))
}

/// Refuses `word` for the engines that do not have it, where one is named.
pub(crate) fn never(scope: Option<Engine>, lacking: &[Engine], span: Span) -> Result<()> {
    match scope {
        Some(engine) if lacking.contains(&engine) => Err(lacks(engine, span)),
        _ => Ok(()),
    }
}

fn lacks(engine: Engine, span: Span) -> Error {
    let title = engine.title();
    Error::new(span, format!("{title} does not have this; take it away"))
}

const MYSQL_METHODS: [&str; 2] = ["fulltext", "spatial"];

/// Refuses what the engine that is named does not have.
pub(crate) fn verify_index(index: &IndexArg, engine: Engine) -> Result<()> {
    if let Some(using) = &index.using {
        let method = using.value();
        let known = match engine {
            Engine::Sqlite => method == "btree",
            Engine::Postgres => !MYSQL_METHODS.contains(&method.as_str()),
            Engine::Mysql => {
                ["btree", "hash"].contains(&method.as_str())
                    || MYSQL_METHODS.contains(&method.as_str())
            }
        };
        if !known {
            return Err(lacks(engine, using.span()));
        }
    }
    if engine != Engine::Postgres {
        if let Some(column) = index.include.first() {
            return Err(lacks(engine, column.span()));
        }
        if let Some(span) = index.nulls_not_distinct {
            return Err(lacks(engine, span));
        }
    }
    if let (Some(condition), Engine::Mysql) = (&index.filter, engine) {
        return Err(lacks(engine, condition.span()));
    }
    for key in &index.keys {
        let postgres_only = key
            .nulls_first
            .map(|(span, _)| span)
            .or(key.opclass.as_ref().map(syn::LitStr::span));
        if let (Some(span), true) = (postgres_only, engine != Engine::Postgres) {
            return Err(lacks(engine, span));
        }
        if let (Some(length), true) = (&key.length, engine != Engine::Mysql) {
            return Err(lacks(engine, length.span()));
        }
        if let (Some(collation), Engine::Mysql) = (&key.collation, engine) {
            return Err(lacks(engine, collation.span()));
        }
    }
    Ok(())
}

/// Refuses what only PostgreSQL has.
pub(crate) fn verify_unique(rule: &UniqueArg, engine: Engine) -> Result<()> {
    let special = rule
        .deferrable
        .map(|(span, _)| span)
        .or(rule.nulls_not_distinct)
        .or(rule.include.first().map(syn::Ident::span));
    match special {
        Some(span) if engine != Engine::Postgres => Err(lacks(engine, span)),
        _ => Ok(()),
    }
}
