//! The statements over `auth_sessions`, for every kind of key a user may have.

use std::borrow::Cow;
use std::marker::PhantomData;

use chrono::NaiveDateTime;
use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, Bool, HasSqlType, Nullable, Text, Timestamp};

use super::record::{Session, SessionChange, SessionId};
use super::table::column;
use crate::user::AuthUser;

/// What the kit reads of a session: auth tag, created, authenticated, last seen, expires, remembered, fingerprint,
/// data.
pub(super) type SessionSql = (
    Text,
    Timestamp,
    Nullable<Timestamp>,
    Timestamp,
    Timestamp,
    Bool,
    Nullable<Text>,
    Nullable<Text>,
);
/// The row of [`SessionSql`].
pub(super) type SessionRow = (
    String,
    NaiveDateTime,
    Option<NaiveDateTime>,
    NaiveDateTime,
    NaiveDateTime,
    bool,
    Option<String>,
    Option<String>,
);
/// The row of [`ListSessions`]: the hash of the token, the session, user agent, ip.
pub(super) type ListRow = (String, SessionRow, Option<String>, Option<String>);

const SESSION_COLUMNS: [&str; 8] = [
    column::AUTH_TAG,
    column::CREATED_AT,
    column::AUTHENTICATED_AT,
    column::LAST_SEEN_AT,
    column::EXPIRES_AT,
    column::REMEMBERED,
    column::FINGERPRINT,
    column::DATA,
];

/// The session of a row.
pub(super) fn session<I>(id: SessionId, user_id: I, row: SessionRow) -> Session<I> {
    let (
        auth_tag,
        created_at,
        authenticated_at,
        last_seen_at,
        expires_at,
        remembered,
        fingerprint,
        data,
    ) = row;
    Session {
        id,
        user_id,
        auth_tag,
        created_at,
        authenticated_at,
        last_seen_at,
        expires_at,
        remembered,
        fingerprint,
        user_agent: None,
        ip: None,
        data,
    }
}

/// A session and its user in one SELECT: `S` is the user's select clause, `T` the table, `P` its key.
pub struct FindSession<U, S, T, P> {
    pub(super) user: PhantomData<fn() -> U>,
    pub(super) selection: S,
    pub(super) table: T,
    pub(super) primary_key: P,
    pub(super) realm: String,
    pub(super) token_hash: String,
}

impl<U, S: diesel::Expression, T, P> Query for FindSession<U, S, T, P> {
    type SqlType = (SessionSql, S::SqlType);
}

impl<U: AuthUser, S: QueryId, T: QueryId, P: QueryId> QueryId for FindSession<U, S, T, P> {
    type QueryId = FindSession<U, S::QueryId, T::QueryId, P::QueryId>;
    const HAS_STATIC_QUERY_ID: bool =
        S::HAS_STATIC_QUERY_ID && T::HAS_STATIC_QUERY_ID && P::HAS_STATIC_QUERY_ID;
}

impl<U, S, T, P, DB> QueryFragment<DB> for FindSession<U, S, T, P>
where
    U: AuthUser,
    DB: Backend,
    S: QueryFragment<DB>,
    T: QueryFragment<DB>,
    P: QueryFragment<DB>,
    String: ToSql<Text, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("SELECT ");
        for name in SESSION_COLUMNS {
            qualified::<U, DB>(&mut out, name)?;
            out.push_sql(", ");
        }
        self.selection.walk_ast(out.reborrow())?;
        out.push_sql(" FROM ");
        out.push_identifier(U::SESSION_TABLE)?;
        out.push_sql(" INNER JOIN ");
        self.table.walk_ast(out.reborrow())?;
        out.push_sql(" ON ");
        self.primary_key.walk_ast(out.reborrow())?;
        out.push_sql(" = ");
        qualified::<U, DB>(&mut out, column::USER_ID)?;
        out.push_sql(" WHERE ");
        qualified::<U, DB>(&mut out, column::TOKEN_HASH)?;
        out.push_sql(" = ");
        out.push_bind_param::<Text, _>(&self.token_hash)?;
        out.push_sql(" AND ");
        qualified::<U, DB>(&mut out, column::REALM)?;
        out.push_sql(" = ");
        out.push_bind_param::<Text, _>(&self.realm)
    }
}

/// A user by the primary key: `S`, `T` and `P` as in [`FindSession`], `ST` the key's SQL type.
pub struct FindUser<U: AuthUser, S, T, P, ST> {
    pub(super) selection: S,
    pub(super) table: T,
    pub(super) primary_key: P,
    pub(super) id: U::Id,
    pub(super) key_type: PhantomData<fn() -> ST>,
}

impl<U: AuthUser, S: diesel::Expression, T, P, ST> Query for FindUser<U, S, T, P, ST> {
    type SqlType = S::SqlType;
}

impl<U: AuthUser, S, T, P, ST> QueryId for FindUser<U, S, T, P, ST> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<U, S, T, P, ST, DB> QueryFragment<DB> for FindUser<U, S, T, P, ST>
where
    U: AuthUser,
    U::Id: ToSql<ST, DB>,
    DB: Backend + HasSqlType<ST>,
    S: QueryFragment<DB>,
    T: QueryFragment<DB>,
    P: QueryFragment<DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("SELECT ");
        self.selection.walk_ast(out.reborrow())?;
        out.push_sql(" FROM ");
        self.table.walk_ast(out.reborrow())?;
        out.push_sql(" WHERE ");
        self.primary_key.walk_ast(out.reborrow())?;
        out.push_sql(" = ");
        out.push_bind_param::<ST, U::Id>(&self.id)
    }
}

/// All sessions of a user. `ST` is the SQL type of the user's key.
pub struct ListSessions<U: AuthUser, ST> {
    pub(super) realm: String,
    pub(super) user: U::Id,
    pub(super) key_type: PhantomData<fn() -> ST>,
}

impl<U: AuthUser, ST> Query for ListSessions<U, ST> {
    type SqlType = (Text, SessionSql, Nullable<Text>, Nullable<Text>);
}

impl<U: AuthUser, ST> QueryId for ListSessions<U, ST> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<U, ST, DB> QueryFragment<DB> for ListSessions<U, ST>
where
    U: AuthUser,
    U::Id: ToSql<ST, DB>,
    DB: Backend + HasSqlType<ST>,
    String: ToSql<Text, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("SELECT ");
        out.push_identifier(column::TOKEN_HASH)?;
        for name in SESSION_COLUMNS
            .into_iter()
            .chain([column::USER_AGENT, column::IP])
        {
            out.push_sql(", ");
            out.push_identifier(name)?;
        }
        out.push_sql(" FROM ");
        out.push_identifier(U::SESSION_TABLE)?;
        out.push_sql(" WHERE ");
        out.push_identifier(column::USER_ID)?;
        out.push_sql(" = ");
        out.push_bind_param::<ST, U::Id>(&self.user)?;
        out.push_sql(" AND ");
        out.push_identifier(column::REALM)?;
        out.push_sql(" = ");
        out.push_bind_param::<Text, _>(&self.realm)
    }
}

fn qualified<U: AuthUser, DB: Backend>(
    out: &mut AstPass<'_, '_, DB>,
    name: &str,
) -> QueryResult<()> {
    out.push_identifier(U::SESSION_TABLE)?;
    out.push_sql(".");
    out.push_identifier(name)
}

/// A statement that writes: SQL, names and values in their order. `ST` is the SQL type of the user's key.
pub struct Write<U: AuthUser, ST> {
    parts: Vec<Part<U::Id>>,
    key_type: PhantomData<fn() -> ST>,
}

#[derive(Clone)]
enum Part<I> {
    Sql(&'static str),
    Name(Cow<'static, str>),
    Value(Value),
    User(I),
}

#[derive(Clone)]
enum Value {
    Text(String),
    OptionalText(Option<String>),
    Time(NaiveDateTime),
    OptionalTime(Option<NaiveDateTime>),
    Bool(bool),
    Number(i64),
}

impl<U: AuthUser, ST> Clone for Write<U, ST> {
    fn clone(&self) -> Self {
        Write {
            parts: self.parts.clone(),
            key_type: PhantomData,
        }
    }
}

impl<U: AuthUser, ST> Write<U, ST> {
    pub(super) fn insert(realm: &str, session: &Session<U::Id>) -> Self {
        let text = |text: &str| Value::Text(text.to_owned());
        let columns = [
            (column::REALM, text(realm)),
            (column::TOKEN_HASH, text(session.id.as_str())),
            (column::AUTH_TAG, text(&session.auth_tag)),
            (column::CREATED_AT, Value::Time(session.created_at)),
            (
                column::AUTHENTICATED_AT,
                Value::OptionalTime(session.authenticated_at),
            ),
            (column::LAST_SEEN_AT, Value::Time(session.last_seen_at)),
            (column::EXPIRES_AT, Value::Time(session.expires_at)),
            (column::REMEMBERED, Value::Bool(session.remembered)),
            (
                column::FINGERPRINT,
                Value::OptionalText(session.fingerprint.clone()),
            ),
            (
                column::USER_AGENT,
                Value::OptionalText(session.user_agent.clone()),
            ),
            (column::IP, Value::OptionalText(session.ip.clone())),
            (column::DATA, Value::OptionalText(session.data.clone())),
        ];
        let mut write = Self::begin("INSERT INTO ")
            .name(U::SESSION_TABLE)
            .sql(" (")
            .name(column::USER_ID);
        let mut values = vec![Part::User(session.user_id.clone())];
        for (name, value) in columns {
            write = write.sql(", ").name(name);
            values.extend([Part::Sql(", "), Part::Value(value)]);
        }
        write = write.sql(") VALUES (");
        write.parts.append(&mut values);
        write.sql(")")
    }

    pub(super) fn update(realm: &str, id: &SessionId, change: &SessionChange) -> Self {
        let data = change.data.clone();
        let set = [
            (
                column::AUTHENTICATED_AT,
                change.authenticated_at.map(Value::Time),
            ),
            (column::LAST_SEEN_AT, change.last_seen_at.map(Value::Time)),
            (column::EXPIRES_AT, change.expires_at.map(Value::Time)),
            (
                column::FINGERPRINT,
                change.fingerprint.clone().map(Value::Text),
            ),
            (
                column::DATA,
                data.as_ref()
                    .map(|data| Value::OptionalText(data.to.clone())),
            ),
        ];
        let mut write = Self::begin("UPDATE ").name(U::SESSION_TABLE);
        let mut separator = " SET ";
        for (name, value) in set {
            if let Some(value) = value {
                write = write.sql(separator).compare(name, " = ", value);
                separator = ", ";
            }
        }
        let write = write.sql(" WHERE ").for_session(realm, id);
        match data {
            Some(data) => {
                let write = write.sql(" AND ");
                match data.from {
                    Some(from) => write.compare(column::DATA, " = ", Value::Text(from)),
                    None => write.name(column::DATA).sql(" IS NULL"),
                }
            }
            None => write,
        }
    }

    /// Compares with the hash that was read: a change that came in between stands.
    pub(super) fn replace_password(
        table: Cow<'static, str>,
        key: Cow<'static, str>,
        user: &U,
        hash: &str,
    ) -> Self {
        let mut write = Self::begin("UPDATE ")
            .name(table)
            .sql(" SET ")
            .compare(U::PASSWORD_COLUMN, " = ", Value::Text(hash.to_owned()))
            .sql(" WHERE ")
            .name(key)
            .sql(" = ");
        write.parts.push(Part::User(user.id()));
        let write = write.sql(" AND ");
        match user.password_hash() {
            Some(old) => write.compare(U::PASSWORD_COLUMN, " = ", Value::Text(old.to_owned())),
            None => write.name(U::PASSWORD_COLUMN).sql(" IS NULL"),
        }
    }

    pub(super) fn rebind(realm: &str, user: &U::Id, from: &str, to: &str) -> Self {
        Self::begin("UPDATE ")
            .name(U::SESSION_TABLE)
            .sql(" SET ")
            .compare(column::AUTH_TAG, " = ", Value::Text(to.to_owned()))
            .sql(" WHERE ")
            .for_user(user)
            .sql(" AND ")
            .compare(column::REALM, " = ", Value::Text(realm.to_owned()))
            .sql(" AND ")
            .compare(column::AUTH_TAG, " = ", Value::Text(from.to_owned()))
    }

    pub(super) fn delete(realm: &str, id: &SessionId, of: Option<&U::Id>) -> Self {
        let write = Self::begin("DELETE FROM ")
            .name(U::SESSION_TABLE)
            .sql(" WHERE ")
            .for_session(realm, id);
        match of {
            Some(user) => write.sql(" AND ").for_user(user),
            None => write,
        }
    }

    pub(super) fn delete_all(realm: &str, user: &U::Id, except: Option<&SessionId>) -> Self {
        let write = Self::begin("DELETE FROM ")
            .name(U::SESSION_TABLE)
            .sql(" WHERE ")
            .for_user(user)
            .sql(" AND ")
            .compare(column::REALM, " = ", Value::Text(realm.to_owned()));
        match except {
            Some(kept) => {
                let kept = Value::Text(kept.as_str().to_owned());
                write.sql(" AND ").compare(column::TOKEN_HASH, " <> ", kept)
            }
            None => write,
        }
    }

    /// The oldest `limit` of those whose time is up. MySQL wants the inner SELECT wrapped.
    pub(super) fn delete_expired(realm: &str, now: NaiveDateTime, limit: u32) -> Self {
        Self::begin("DELETE FROM ")
            .name(U::SESSION_TABLE)
            .sql(" WHERE ")
            .name(column::ID)
            .sql(" IN (SELECT ")
            .name(column::ID)
            .sql(" FROM (SELECT ")
            .name(column::ID)
            .sql(" FROM ")
            .name(U::SESSION_TABLE)
            .sql(" WHERE ")
            .compare(column::EXPIRES_AT, " <= ", Value::Time(now))
            .sql(" AND ")
            .compare(column::REALM, " = ", Value::Text(realm.to_owned()))
            .sql(" ORDER BY ")
            .compare(column::EXPIRES_AT, " LIMIT ", Value::Number(limit.into()))
            .sql(") ")
            .name("batch")
            .sql(")")
    }

    fn begin(sql: &'static str) -> Self {
        Write {
            parts: vec![Part::Sql(sql)],
            key_type: PhantomData,
        }
    }

    fn sql(mut self, sql: &'static str) -> Self {
        self.parts.push(Part::Sql(sql));
        self
    }

    fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.parts.push(Part::Name(name.into()));
        self
    }

    fn compare(self, name: &'static str, operator: &'static str, value: Value) -> Self {
        let mut write = self.name(name).sql(operator);
        write.parts.push(Part::Value(value));
        write
    }

    fn for_session(self, realm: &str, id: &SessionId) -> Self {
        self.compare(
            column::TOKEN_HASH,
            " = ",
            Value::Text(id.as_str().to_owned()),
        )
        .sql(" AND ")
        .compare(column::REALM, " = ", Value::Text(realm.to_owned()))
    }

    fn for_user(self, user: &U::Id) -> Self {
        let mut write = self.name(column::USER_ID).sql(" = ");
        write.parts.push(Part::User(user.clone()));
        write
    }
}

impl<U: AuthUser, ST> QueryId for Write<U, ST> {
    type QueryId = ();
    // The text differs from one statement to the next: it is what prepared statements are found by.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<U, ST, DB> QueryFragment<DB> for Write<U, ST>
where
    U: AuthUser,
    U::Id: ToSql<ST, DB>,
    DB: Backend + HasSqlType<ST> + HasSqlType<Bool>,
    String: ToSql<Text, DB>,
    Option<String>: ToSql<Nullable<Text>, DB>,
    NaiveDateTime: ToSql<Timestamp, DB>,
    Option<NaiveDateTime>: ToSql<Nullable<Timestamp>, DB>,
    bool: ToSql<Bool, DB>,
    i64: ToSql<BigInt, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        for part in &self.parts {
            match part {
                Part::Sql(sql) => out.push_sql(sql),
                Part::Name(name) => out.push_identifier(name)?,
                Part::User(id) => out.push_bind_param::<ST, U::Id>(id)?,
                Part::Value(value) => match value {
                    Value::Text(text) => out.push_bind_param::<Text, _>(text)?,
                    Value::OptionalText(text) => out.push_bind_param::<Nullable<Text>, _>(text)?,
                    Value::Time(time) => out.push_bind_param::<Timestamp, _>(time)?,
                    Value::OptionalTime(time) => {
                        out.push_bind_param::<Nullable<Timestamp>, _>(time)?
                    }
                    Value::Bool(is) => out.push_bind_param::<Bool, _>(is)?,
                    Value::Number(number) => out.push_bind_param::<BigInt, _>(number)?,
                },
            }
        }
        Ok(())
    }
}
