//! Settings of a database: by hand, from the environment, or from a file by serde.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::time::Duration;

use serde::de::{self, Error as _, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};

use crate::database_url::DatabaseUrl;
use crate::error::{Error, ErrorKind};
use crate::inside::Recording;

/// The URL of a database and its settings: what [`Db::connect`](crate::Db::connect) takes.
///
/// A plain URL is enough. Whoever wants more sets fields, reads the environment ([`Config::from_env`]), or
/// makes a `Config` part of settings that serde reads; in all three the names are the same, and a time is a
/// number of seconds or has its unit: `"500ms"`, `"30s"`, `"5min"`, `"1h"`.
///
/// ```
/// use axum_db::Config;
/// use std::time::Duration;
///
/// let mut config = Config::new("sqlite://blog.db");
/// config.max_connections = 4;
/// assert_eq!(config.pool_timeout, Duration::from_secs(30));
///
/// let config: Config = serde_json::from_str(
///     r#"{ "url": "postgres://app:secret@localhost/blog", "pool_timeout": "500ms", "lock_timeout": "off" }"#,
/// )?;
/// assert_eq!(config.pool_timeout, Duration::from_millis(500));
/// assert_eq!(config.lock_timeout, None);
/// assert!(!format!("{config:?}").contains("secret"));
/// # Ok::<_, serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// Where the database is; [`Sqlite`](crate::Sqlite), [`Postgres`](crate::Postgres) and
    /// [`Mysql`](crate::Mysql) tell how to write it.
    pub url: DatabaseUrl,
    /// How many connections the pool may hold. Default: 16; an in-memory SQLite database always has one.
    pub max_connections: usize,
    /// How long a request waits for a pooled connection before it is answered with 503. Default: 30 s.
    pub pool_timeout: Duration,
    /// How long opening a connection may take. Default: 10 s.
    pub connect_timeout: Duration,
    /// A connection that lay idle longer than this is tried before it is used again. Default: 30 s.
    pub ping_after_idle: Duration,
    /// How long the server lets a statement run. Default: 30 s; `None`, written `off`, is without limit. On
    /// MySQL (not MariaDB) it is for SELECT only; SQLite has no such limit.
    ///
    /// Connections outside the pool, as migrations use them, are without it.
    pub statement_timeout: Option<Duration>,
    /// How long a statement waits for a lock that another transaction or program holds. Default: 10 s;
    /// `None`, written `off`, is without limit. MySQL and MariaDB count in whole seconds.
    pub lock_timeout: Option<Duration>,
    /// How long a transaction may do nothing before the server ends it and its locks, for clients that
    /// vanished without a word. Default: 5 min; `None`, written `off`, is without limit. PostgreSQL and
    /// MariaDB only.
    ///
    /// Connections outside the pool, as migrations use them, are without it.
    pub idle_in_transaction_timeout: Option<Duration>,
    /// What PostgreSQL's `pg_stat_activity` shows this program as. Default: the program's file name. What
    /// the URL says goes first.
    pub application_name: Option<String>,
    /// What every session records of its statements, for [`Db::recorded`](crate::Db::recorded). Default:
    /// [`Recording::Off`]; written `off`, `sql` or `sql_and_values`. See [`RecordedQuery`](crate::RecordedQuery).
    pub record_queries: Recording,
    /// Whether each statement is written to the log at INFO, where it otherwise is at DEBUG. Default: `false`;
    /// written `true` or `false`. Flask-SQLAlchemy's `SQLALCHEMY_ECHO`.
    pub echo: bool,
    /// How often a line may run the same statement in one request before a warning tells of it; 0 for any number.
    /// Default: 10 in debug builds, else 0.
    pub repeated_queries: u32,
}

impl Config {
    /// The default settings for the database at `url`.
    ///
    /// ```
    /// use axum_db::Config;
    /// use std::time::Duration;
    ///
    /// let mut config = Config::new("sqlite://blog.db");
    /// assert_eq!((config.max_connections, config.pool_timeout), (16, Duration::from_secs(30)));
    /// assert_eq!(config.statement_timeout, Some(Duration::from_secs(30)));
    /// config.statement_timeout = None; // reports take their time
    /// ```
    pub fn new(url: impl Into<DatabaseUrl>) -> Self {
        Self {
            url: url.into(),
            max_connections: 16,
            pool_timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            ping_after_idle: Duration::from_secs(30),
            statement_timeout: Some(Duration::from_secs(30)),
            lock_timeout: Some(Duration::from_secs(10)),
            idle_in_transaction_timeout: Some(Duration::from_secs(300)),
            application_name: program_name(),
            record_queries: Recording::Off,
            echo: false,
            repeated_queries: if cfg!(debug_assertions) { 10 } else { 0 },
        }
    }

    /// The URL and settings that the environment gives: with the prefix `DATABASE` they are `DATABASE_URL`,
    /// which must be set, and `DATABASE_MAX_CONNECTIONS`, `DATABASE_POOL_TIMEOUT` and so on, each field by
    /// its name. A variable that is empty counts as not set.
    ///
    /// ```
    /// let error = axum_db::Config::from_env("ANALYTICS_DATABASE").expect_err("it is not set");
    /// assert!(error.to_string().starts_with("ANALYTICS_DATABASE_URL is not set"));
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] when the URL is not set or a value cannot be used, naming the variable.
    pub fn from_env(prefix: &str) -> Result<Self, Error> {
        Self::from_lookup(prefix, &|name| std::env::var_os(name))
    }

    /// Takes the settings beside the URL that the environment gives, as [`Config::from_env`] does: for
    /// programs that have their URL from elsewhere.
    ///
    /// ```
    /// let config = axum_db::Config::new("sqlite://blog.db").with_env("BLOG")?;
    /// assert_eq!(config.max_connections, 16); // or what BLOG_MAX_CONNECTIONS says
    /// # Ok::<_, axum_db::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] when a value cannot be used, naming the variable.
    pub fn with_env(mut self, prefix: &str) -> Result<Self, Error> {
        self.take(prefix, &|name| std::env::var_os(name))?;
        Ok(self)
    }

    fn from_lookup(prefix: &str, lookup: &Lookup<'_>) -> Result<Self, Error> {
        let variable = format!("{prefix}_URL");
        let url = text(&variable, lookup)?.ok_or_else(|| {
            refused(format!(
                "{variable} is not set; set it to the URL of the database, such as {variable}=sqlite://app.db"
            ))
        })?;
        let mut config = Self::new(url);
        config.take(prefix, lookup)?;
        Ok(config)
    }

    fn take(&mut self, prefix: &str, lookup: &Lookup<'_>) -> Result<(), Error> {
        for name in SETTINGS {
            let variable = format!("{prefix}_{}", name.to_ascii_uppercase());
            if let Some(value) = text(&variable, lookup)? {
                self.set(name, &value)
                    .map_err(|reason| refused(format!("{variable} cannot be used: {reason}")))?;
            }
        }
        Ok(())
    }

    /// Sets one of [`SETTINGS`]. The reason of a refusal does not repeat the value.
    fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        match name {
            "max_connections" => {
                self.max_connections = value
                    .parse()
                    .ok()
                    .filter(|count| *count > 0)
                    .ok_or("it is not a number from 1 on")?;
            }
            "pool_timeout" => self.pool_timeout = duration(value)?,
            "connect_timeout" => self.connect_timeout = duration(value)?,
            "ping_after_idle" => self.ping_after_idle = duration(value)?,
            "statement_timeout" => self.statement_timeout = limit(value)?,
            "lock_timeout" => self.lock_timeout = limit(value)?,
            "idle_in_transaction_timeout" => self.idle_in_transaction_timeout = limit(value)?,
            "application_name" => self.application_name = Some(value.to_owned()),
            "record_queries" => {
                self.record_queries = match value {
                    "off" => Recording::Off,
                    "sql" => Recording::Sql,
                    "sql_and_values" => Recording::SqlAndValues,
                    _ => return Err("it is none of off, sql, sql_and_values".into()),
                };
            }
            "echo" => self.echo = value.parse().map_err(|_| "it is neither true nor false")?,
            "repeated_queries" => {
                self.repeated_queries = value.parse().map_err(|_| "it is not a number")?;
            }
            _ => {
                return Err(format!(
                    "there is no setting `{name}`; these are: url, {}",
                    SETTINGS.join(", ")
                ));
            }
        }
        Ok(())
    }

    /// The settings for a connection outside the pool: its statements may take their time.
    pub(crate) fn unhurried(&self) -> Self {
        Self {
            statement_timeout: None,
            idle_in_transaction_timeout: None,
            ..self.clone()
        }
    }
}

/// The settings beside the URL, by name.
const SETTINGS: [&str; 11] = [
    "max_connections",
    "pool_timeout",
    "connect_timeout",
    "ping_after_idle",
    "statement_timeout",
    "lock_timeout",
    "idle_in_transaction_timeout",
    "application_name",
    "record_queries",
    "echo",
    "repeated_queries",
];

/// How a variable is looked up.
type Lookup<'a> = dyn Fn(&str) -> Option<OsString> + 'a;

/// The value of a variable; an empty one is as good as none.
fn text(variable: &str, lookup: &Lookup<'_>) -> Result<Option<String>, Error> {
    match lookup(variable).map(OsString::into_string) {
        None => Ok(None),
        Some(Ok(value)) => Ok(Some(value).filter(|value| !value.is_empty())),
        Some(Err(_)) => Err(refused(format!(
            "{variable} cannot be used: it is not valid UTF-8"
        ))),
    }
}

fn refused(message: String) -> Error {
    Error::new(ErrorKind::Configuration, message)
}

fn duration(value: &str) -> Result<Duration, String> {
    const ADVICE: &str =
        "it is no time; write a number of seconds, or a number with its unit: 500ms, 30s, 5min, 1h";
    let unit_at = value
        .find(|character: char| !character.is_ascii_digit())
        .unwrap_or(value.len());
    let (number, unit) = value.split_at(unit_at);
    let number: u64 = number.parse().map_err(|_| ADVICE)?;
    let seconds = match unit.trim() {
        "ms" => return Ok(Duration::from_millis(number)),
        "" | "s" => 1,
        "min" | "m" => 60,
        "h" => 3600,
        _ => return Err(ADVICE.into()),
    };
    number
        .checked_mul(seconds)
        .map(Duration::from_secs)
        .ok_or_else(|| ADVICE.into())
}

fn limit(value: &str) -> Result<Option<Duration>, String> {
    if matches!(value, "off" | "none") {
        return Ok(None);
    }
    let limit = duration(value).map_err(|reason| format!("{reason}; or off"))?;
    Ok(Some(limit).filter(|limit| !limit.is_zero()))
}

fn program_name() -> Option<String> {
    let path = std::env::current_exe().ok()?;
    Some(path.file_stem()?.to_str()?.to_owned())
}

/// A value as file formats have it. Not derived: that would be one crate more to build for everybody.
enum Value {
    Bool(bool),
    Number(u64),
    Text(String),
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Values;

        impl Visitor<'_> for Values {
            type Value = Value;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number, a text, true or false")
            }

            fn visit_bool<E: de::Error>(self, value: bool) -> Result<Value, E> {
                Ok(Value::Bool(value))
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Value, E> {
                let number = u64::try_from(value).map(Value::Number);
                number.map_err(|_| E::invalid_type(Unexpected::Other("a number below zero"), &self))
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Value, E> {
                Ok(Value::Number(value))
            }

            fn visit_str<E: de::Error>(self, value: &str) -> Result<Value, E> {
                Ok(Value::Text(value.to_owned()))
            }
        }

        deserializer.deserialize_any(Values)
    }
}

impl<'de> Deserialize<'de> for Config {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut given = BTreeMap::<String, Value>::deserialize(deserializer)?;
        let mut config = match given.remove("url") {
            Some(Value::Text(url)) => Self::new(url),
            Some(_) => return Err(D::Error::custom("`url` is not a text")),
            None => return Err(D::Error::missing_field("url")),
        };
        for (name, value) in given {
            let value = match value {
                Value::Bool(is_so) => is_so.to_string(),
                Value::Number(number) => number.to_string(),
                Value::Text(text) => text,
            };
            config
                .set(&name, &value)
                .map_err(|reason| D::Error::custom(format_args!("`{name}`: {reason}")))?;
        }
        Ok(config)
    }
}

impl<T: Into<DatabaseUrl>> From<T> for Config {
    fn from(url: T) -> Self {
        Self::new(url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(variables: &[(&str, &str)]) -> Result<Config, Error> {
        Config::from_lookup("DATABASE", &|name| {
            let (_, value) = variables.iter().find(|(given, _)| *given == name)?;
            Some(value.into())
        })
    }

    #[test]
    fn the_environment_gives_each_setting_by_its_name() {
        let config = from(&[
            ("DATABASE_URL", "postgres://app@db/blog"),
            ("DATABASE_MAX_CONNECTIONS", "3"),
            ("DATABASE_POOL_TIMEOUT", "250ms"),
            ("DATABASE_CONNECT_TIMEOUT", "7"),
            ("DATABASE_PING_AFTER_IDLE", "2min"),
            ("DATABASE_STATEMENT_TIMEOUT", "1h"),
            ("DATABASE_LOCK_TIMEOUT", "off"),
            ("DATABASE_IDLE_IN_TRANSACTION_TIMEOUT", "0"),
            ("DATABASE_APPLICATION_NAME", "blog"),
            ("DATABASE_RECORD_QUERIES", "sql_and_values"),
            ("DATABASE_ECHO", "true"),
            ("DATABASE_REPEATED_QUERIES", "5"),
        ]);
        let mut expected = Config::new("postgres://app@db/blog");
        expected.max_connections = 3;
        expected.pool_timeout = Duration::from_millis(250);
        expected.connect_timeout = Duration::from_secs(7);
        expected.ping_after_idle = Duration::from_secs(120);
        expected.statement_timeout = Some(Duration::from_secs(3600));
        expected.lock_timeout = None;
        expected.idle_in_transaction_timeout = None;
        expected.application_name = Some("blog".into());
        expected.record_queries = Recording::SqlAndValues;
        expected.echo = true;
        expected.repeated_queries = 5;
        assert_eq!(config.ok(), Some(expected));
    }

    #[test]
    fn a_wrong_value_is_told_by_its_variable_and_not_repeated() {
        for (variable, value) in [
            ("DATABASE_MAX_CONNECTIONS", "hunter2"),
            ("DATABASE_MAX_CONNECTIONS", "0"),
            ("DATABASE_POOL_TIMEOUT", "hunter2"),
            ("DATABASE_POOL_TIMEOUT", "5 parsecs"),
            ("DATABASE_LOCK_TIMEOUT", "-1"),
            ("DATABASE_RECORD_QUERIES", "hunter2"),
            ("DATABASE_ECHO", "hunter2"),
            ("DATABASE_STATEMENT_TIMEOUT", "99999999999999999h"),
        ] {
            let error = from(&[("DATABASE_URL", "sqlite://x"), (variable, value)]);
            let shown = error.expect_err(value).to_string();
            assert!(shown.starts_with(&format!("{variable} cannot be used")));
            assert!(!shown.contains(value) || value == "0", "{shown}");
        }
        for unset in [&[][..], &[("DATABASE_URL", "")]] {
            let shown = from(unset).expect_err("no URL").to_string();
            assert!(shown.starts_with("DATABASE_URL is not set"), "{shown}");
        }
    }

    #[test]
    fn files_give_numbers_and_texts() {
        let read = |text: &str| serde_json::from_str::<Config>(text);
        let config =
            read(r#"{"url": "sqlite://x", "max_connections": 2, "pool_timeout": 5, "echo": true}"#);
        let mut expected = Config::new("sqlite://x");
        expected.max_connections = 2;
        expected.pool_timeout = Duration::from_secs(5);
        expected.echo = true;
        assert_eq!(config.ok(), Some(expected));
        for (wrong, named) in [
            (r#"{"max_connections": 2}"#, "missing field `url`"),
            (
                r#"{"url": "sqlite://x", "max_conections": 2}"#,
                "`max_conections`",
            ),
            (
                r#"{"url": "sqlite://x", "pool_timeout": "soon"}"#,
                "`pool_timeout`",
            ),
            (
                r#"{"url": "sqlite://x", "pool_timeout": true}"#,
                "`pool_timeout`",
            ),
            (
                r#"{"url": "sqlite://x", "pool_timeout": null}"#,
                "a number, a text, true or false",
            ),
            (
                r#"{"url": "sqlite://x", "max_connections": -1}"#,
                "a number below zero, expected a number",
            ),
        ] {
            let error = read(wrong).expect_err(wrong).to_string();
            assert!(error.contains(named), "{error}");
        }
    }
}
