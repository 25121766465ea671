//! What is typed for renames, backfills, times and places, taken apart.

use std::time::Duration;

use super::change::Span;
use crate::runner::Target;

/// A thing that got a new name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Rename {
    Table {
        from: String,
        to: String,
    },
    Column {
        table: String,
        from: String,
        to: String,
    },
}

impl Rename {
    /// As it is typed: `posts.title`.
    pub(crate) fn old(&self) -> String {
        match self {
            Rename::Table { from, .. } => from.clone(),
            Rename::Column { table, from, .. } => format!("{table}.{from}"),
        }
    }

    /// As it is typed: `posts.headline`.
    pub(crate) fn new_name(&self) -> String {
        match self {
            Rename::Table { to, .. } => to.clone(),
            Rename::Column { table, to, .. } => format!("{table}.{to}"),
        }
    }

    /// What to tell someone who may have meant it.
    pub(crate) fn note(&self) -> String {
        let (old, new) = (self.old(), self.new_name());
        format!(
            "If {old} was only renamed to {new}, nothing need be lost: say --rename {old}={new}"
        )
    }
}

/// What a required column holds in rows that are there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Backfill {
    pub(crate) table: String,
    pub(crate) column: String,
    pub(crate) expression: String,
}

pub(super) fn parse_target(typed: &str) -> Result<Target, String> {
    typed.parse()
}

pub(super) fn parse_span(typed: &str) -> Result<Span, String> {
    Ok(match typed.split_once(':') {
        None => Span {
            from: None,
            to: typed.parse()?,
        },
        Some((from, to)) => Span {
            from: Some(from.parse()?),
            to: to.parse()?,
        },
    })
}

/// `90`, `90s`, `500ms`, `10m`, `1h`.
pub(super) fn parse_duration(typed: &str) -> Result<Duration, String> {
    let digits = typed.trim_end_matches(|c: char| !c.is_ascii_digit());
    let number: Result<u64, _> = digits.parse();
    let time = number.ok().and_then(|number| match &typed[digits.len()..] {
        "ms" => Some(Duration::from_millis(number)),
        "" | "s" => Some(Duration::from_secs(number)),
        "m" => number.checked_mul(60).map(Duration::from_secs),
        "h" => number.checked_mul(3600).map(Duration::from_secs),
        _ => None,
    });
    time.ok_or_else(|| "write it as 90s, 500ms, 10m or 1h".into())
}

pub(super) fn parse_rename(typed: &str) -> Result<Rename, String> {
    let help = "write it as posts.title=posts.headline for a column, or posts=articles for a table";
    let (from, to) = typed.split_once('=').ok_or(help)?;
    let (from, to) = (from.trim(), to.trim());
    match (from.split_once('.'), to.split_once('.')) {
        (None, None) if !from.is_empty() && !to.is_empty() => Ok(Rename::Table {
            from: from.into(),
            to: to.into(),
        }),
        (Some((table, from)), Some((new_table, to)))
            if ![table, from, new_table, to].contains(&"") =>
        {
            if table != new_table {
                return Err(format!(
                    "a column stays in its table; rename the table by itself: {table}={new_table}"
                ));
            }
            Ok(Rename::Column {
                table: table.into(),
                from: from.into(),
                to: to.into(),
            })
        }
        _ => Err(help.into()),
    }
}

pub(super) fn parse_backfill(typed: &str) -> Result<Backfill, String> {
    let help =
        "write it as posts.views=0, with an SQL expression after the sign: posts.kind=\"'news'\"";
    let (name, expression) = typed.split_once('=').ok_or(help)?;
    let (table, column) = name.trim().split_once('.').ok_or(help)?;
    let expression = expression.trim();
    if table.is_empty() || column.is_empty() || expression.is_empty() {
        return Err(help.into());
    }
    Ok(Backfill {
        table: table.into(),
        column: column.into(),
        expression: expression.into(),
    })
}
