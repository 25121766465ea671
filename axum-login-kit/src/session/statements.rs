//! The statements over `auth_sessions`, for every kind of key a user may have.

use std::marker::PhantomData;

use chrono::NaiveDateTime;
use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, Bool, HasSqlType, Nullable, Text, Timestamp};

use super::backend::{NewSession, SessionKey};
use super::table::column;
use crate::user::AuthUser;

/// What [`FindSession`] reads of a session: id, auth tag, authenticated, last seen, remembered.
pub(super) type SessionSql = (BigInt, Text, Nullable<Timestamp>, Timestamp, Bool);
/// The row of [`SessionSql`].
pub(super) type SessionRow = (i64, String, Option<NaiveDateTime>, NaiveDateTime, bool);

const SESSION_COLUMNS: [&str; 5] = [
    column::ID,
    column::AUTH_TAG,
    column::AUTHENTICATED_AT,
    column::LAST_SEEN_AT,
    column::REMEMBERED,
];

/// A session and its user in one SELECT: `S` is the user's select clause, `T` the table, `P` its key.
pub struct FindSession<U, S, T, P> {
    pub(super) user: PhantomData<fn() -> U>,
    pub(super) selection: S,
    pub(super) table: T,
    pub(super) primary_key: P,
    pub(super) key: SessionKey,
    pub(super) now: NaiveDateTime,
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
    NaiveDateTime: ToSql<Timestamp, DB>,
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
        out.push_bind_param::<Text, _>(&self.key.token_hash)?;
        out.push_sql(" AND ");
        qualified::<U, DB>(&mut out, column::REALM)?;
        out.push_sql(" = ");
        out.push_bind_param::<Text, _>(&self.key.realm)?;
        out.push_sql(" AND ");
        qualified::<U, DB>(&mut out, column::EXPIRES_AT)?;
        out.push_sql(" > ");
        out.push_bind_param::<Timestamp, _>(&self.now)
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

enum Part<I> {
    Sql(&'static str),
    Name(&'static str),
    Value(Value),
    User(I),
}

enum Value {
    Text(String),
    OptionalText(Option<String>),
    Time(NaiveDateTime),
    OptionalTime(Option<NaiveDateTime>),
    Bool(bool),
    Id(i64),
}

impl<U: AuthUser, ST> Write<U, ST> {
    pub(super) fn insert(session: NewSession, user: U::Id) -> Self {
        let columns = [
            (column::REALM, Value::Text(session.key.realm)),
            (column::TOKEN_HASH, Value::Text(session.key.token_hash)),
            (column::AUTH_TAG, Value::Text(session.auth_tag)),
            (column::CREATED_AT, Value::Time(session.created_at)),
            (
                column::AUTHENTICATED_AT,
                Value::OptionalTime(session.authenticated_at),
            ),
            (column::LAST_SEEN_AT, Value::Time(session.created_at)),
            (column::EXPIRES_AT, Value::Time(session.expires_at)),
            (column::REMEMBERED, Value::Bool(session.remembered)),
            (column::USER_AGENT, Value::OptionalText(session.user_agent)),
            (column::IP, Value::OptionalText(session.ip)),
        ];
        let mut write = Self::begin("INSERT INTO ")
            .name(U::SESSION_TABLE)
            .sql(" (")
            .name(column::USER_ID);
        let mut values = vec![Part::User(user)];
        for (name, value) in columns {
            write = write.sql(", ").name(name);
            values.extend([Part::Sql(", "), Part::Value(value)]);
        }
        write = write.sql(") VALUES (");
        write.parts.append(&mut values);
        write.sql(")")
    }

    pub(super) fn delete(key: SessionKey) -> Self {
        Self::begin("DELETE FROM ")
            .name(U::SESSION_TABLE)
            .sql(" WHERE ")
            .for_session(key)
    }

    pub(super) fn delete_others(kept: SessionKey, user: U::Id) -> Self {
        let mut write = Self::begin("DELETE FROM ")
            .name(U::SESSION_TABLE)
            .sql(" WHERE ")
            .name(column::USER_ID);
        write = write.sql(" = ");
        write.parts.push(Part::User(user));
        write
            .sql(" AND ")
            .compare(column::REALM, " = ", Value::Text(kept.realm))
            .sql(" AND ")
            .compare(column::TOKEN_HASH, " <> ", Value::Text(kept.token_hash))
    }

    pub(super) fn delete_expired(realm: String, now: NaiveDateTime) -> Self {
        Self::begin("DELETE FROM ")
            .name(U::SESSION_TABLE)
            .sql(" WHERE ")
            .compare(column::EXPIRES_AT, " <= ", Value::Time(now))
            .sql(" AND ")
            .compare(column::REALM, " = ", Value::Text(realm))
    }

    pub(super) fn seen(id: i64, now: NaiveDateTime) -> Self {
        Self::begin("UPDATE ")
            .name(U::SESSION_TABLE)
            .sql(" SET ")
            .compare(column::LAST_SEEN_AT, " = ", Value::Time(now))
            .sql(" WHERE ")
            .compare(column::ID, " = ", Value::Id(id))
    }

    pub(super) fn confirm(key: SessionKey, now: NaiveDateTime) -> Self {
        Self::begin("UPDATE ")
            .name(U::SESSION_TABLE)
            .sql(" SET ")
            .compare(column::AUTHENTICATED_AT, " = ", Value::Time(now))
            .sql(", ")
            .compare(column::LAST_SEEN_AT, " = ", Value::Time(now))
            .sql(" WHERE ")
            .for_session(key)
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

    fn name(mut self, name: &'static str) -> Self {
        self.parts.push(Part::Name(name));
        self
    }

    fn compare(self, name: &'static str, operator: &'static str, value: Value) -> Self {
        let mut write = self.name(name).sql(operator);
        write.parts.push(Part::Value(value));
        write
    }

    fn for_session(self, key: SessionKey) -> Self {
        self.compare(column::TOKEN_HASH, " = ", Value::Text(key.token_hash))
            .sql(" AND ")
            .compare(column::REALM, " = ", Value::Text(key.realm))
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
                    Value::Id(id) => out.push_bind_param::<BigInt, _>(id)?,
                },
            }
        }
        Ok(())
    }
}
