//! One way to run a statement on SQLite and on PostgreSQL. Both take the same statements with
//! `$1`, and of values only whole numbers, texts and bytes, so this is all that is needed; the
//! driver's own way for any database would hide what its errors mean.

use std::borrow::Cow;
use std::sync::Mutex;

use futures_util::TryStreamExt as _;
use sqlx::{
    AssertSqlSafe, ColumnIndex, Connection as _, Decode, PgConnection, PgPool, Postgres, Row as _,
    Sqlite, SqliteConnection, SqlitePool, Type, postgres::PgRow, sqlite::SqliteRow,
};

use super::disk::in_place;
use crate::base::lock;

/// A connection to either.
pub(super) enum Connection {
    /// To a file.
    Sqlite(SqliteConnection),
    /// To a server.
    Postgres(PgConnection),
}

/// Connections for reading, to either.
pub(super) enum Pool {
    /// To a file.
    Sqlite(SqlitePool),
    /// To a server.
    Postgres(PgPool),
    /// To a file, one whose statements run in place, for a simulation.
    InPlace(Mutex<SqliteConnection>),
}

/// A row of either.
pub(super) enum Row {
    /// From a file.
    Sqlite(SqliteRow),
    /// From a server.
    Postgres(PgRow),
}

/// What a statement that gives no rows did.
pub(super) struct Done(u64);

impl Done {
    /// Rows inserted, changed or deleted.
    pub(super) const fn rows_affected(&self) -> u64 {
        self.0
    }
}

/// A value in a statement. An absent one keeps its type, which PostgreSQL asks for.
pub(super) enum Value {
    /// BLOB, BYTEA.
    Bytes(Option<Vec<u8>>),
    /// TEXT.
    Text(Option<String>),
    /// BIGINT.
    Number(Option<i64>),
}

macro_rules! values {
    ($($from:ty => $variant:ident($value:ident) $into:expr),+ $(,)?) => {
        $(impl From<$from> for Value {
            fn from($value: $from) -> Self {
                Self::$variant($into)
            }
        })+
    };
}

values! {
    Vec<u8> => Bytes(value) Some(value),
    Option<Vec<u8>> => Bytes(value) value,
    String => Text(value) Some(value),
    &str => Text(value) Some(value.to_owned()),
    Option<String> => Text(value) value,
    i64 => Number(value) Some(value),
    Option<i64> => Number(value) value,
}

/// A statement with its values.
pub(super) struct Query {
    text: Cow<'static, str>,
    values: Vec<Value>,
}

/// A statement. Values go in by [`Query::bind`], never by way of the text.
pub(super) fn query(text: impl Into<Cow<'static, str>>) -> Query {
    Query { text: text.into(), values: Vec::new() }
}

/// Binds the values and gives the driver's query.
macro_rules! prepared {
    ($query:expr) => {{
        // The text is this program's own, see `query`.
        let mut prepared = sqlx::query(AssertSqlSafe($query.text));
        for value in $query.values {
            prepared = match value {
                Value::Bytes(value) => prepared.bind(value),
                Value::Text(value) => prepared.bind(value),
                Value::Number(value) => prepared.bind(value),
            };
        }
        prepared
    }};
}

impl Query {
    /// The next value.
    pub(super) fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Run it for what it does.
    pub(super) async fn execute(self, connection: &mut Connection) -> Result<Done, sqlx::Error> {
        Ok(Done(match connection {
            Connection::Sqlite(connection) => {
                prepared!(self).execute(connection).await?.rows_affected()
            }
            Connection::Postgres(connection) => {
                prepared!(self).execute(connection).await?.rows_affected()
            }
        }))
    }

    /// Run it for its rows.
    pub(super) async fn fetch_all<'a>(
        self,
        source: impl Into<Source<'a>>,
    ) -> Result<Vec<Row>, sqlx::Error> {
        Ok(match source.into() {
            Source::Connection(Connection::Sqlite(connection)) => {
                sqlite(prepared!(self).fetch_all(connection).await?)
            }
            Source::Connection(Connection::Postgres(connection)) => {
                postgres(prepared!(self).fetch_all(connection).await?)
            }
            Source::Pool(Pool::Sqlite(pool)) => sqlite(prepared!(self).fetch_all(pool).await?),
            Source::Pool(Pool::Postgres(pool)) => postgres(prepared!(self).fetch_all(pool).await?),
            Source::Pool(Pool::InPlace(connection)) => {
                let mut connection = lock(connection);
                sqlite(in_place(prepared!(self).fetch_all(&mut *connection))?)
            }
        })
    }

    /// Run it for its rows, one after the other: only what is made of them stays in memory, which
    /// where there are many is a tenth of the rows.
    pub(super) async fn fetch_each<T, E: From<sqlx::Error>>(
        self,
        pool: &Pool,
        mut make: impl FnMut(Row) -> Result<T, E>,
    ) -> Result<Vec<T>, E> {
        let mut made = Vec::new();
        match pool {
            Pool::Sqlite(pool) => {
                let mut rows = prepared!(self).fetch(pool);
                while let Some(row) = rows.try_next().await? {
                    made.push(make(Row::Sqlite(row))?);
                }
            }
            Pool::Postgres(pool) => {
                let mut rows = prepared!(self).fetch(pool);
                while let Some(row) = rows.try_next().await? {
                    made.push(make(Row::Postgres(row))?);
                }
            }
            Pool::InPlace(connection) => {
                let mut connection = lock(connection);
                let mut rows = prepared!(self).fetch(&mut *connection);
                while let Some(row) = in_place(rows.try_next())? {
                    made.push(make(Row::Sqlite(row))?);
                }
            }
        }
        Ok(made)
    }

    /// Run it for its first row, if there is one.
    pub(super) async fn fetch_optional<'a>(
        self,
        source: impl Into<Source<'a>>,
    ) -> Result<Option<Row>, sqlx::Error> {
        Ok(match source.into() {
            Source::Connection(Connection::Sqlite(connection)) => {
                prepared!(self).fetch_optional(connection).await?.map(Row::Sqlite)
            }
            Source::Connection(Connection::Postgres(connection)) => {
                prepared!(self).fetch_optional(connection).await?.map(Row::Postgres)
            }
            Source::Pool(Pool::Sqlite(pool)) => {
                prepared!(self).fetch_optional(pool).await?.map(Row::Sqlite)
            }
            Source::Pool(Pool::Postgres(pool)) => {
                prepared!(self).fetch_optional(pool).await?.map(Row::Postgres)
            }
            Source::Pool(Pool::InPlace(connection)) => {
                let mut connection = lock(connection);
                in_place(prepared!(self).fetch_optional(&mut *connection))?.map(Row::Sqlite)
            }
        })
    }

    /// Run it for the one row that it gives.
    pub(super) async fn fetch_one<'a>(
        self,
        source: impl Into<Source<'a>>,
    ) -> Result<Row, sqlx::Error> {
        self.fetch_optional(source).await?.ok_or(sqlx::Error::RowNotFound)
    }
}

fn sqlite(rows: Vec<SqliteRow>) -> Vec<Row> {
    rows.into_iter().map(Row::Sqlite).collect()
}

fn postgres(rows: Vec<PgRow>) -> Vec<Row> {
    rows.into_iter().map(Row::Postgres).collect()
}

/// Where rows come from.
pub(super) enum Source<'a> {
    /// Inside a write.
    Connection(&'a mut Connection),
    /// A read of its own.
    Pool(&'a Pool),
}

impl<'a> From<&'a mut Connection> for Source<'a> {
    fn from(connection: &'a mut Connection) -> Self {
        Self::Connection(connection)
    }
}

impl<'a> From<&'a Pool> for Source<'a> {
    fn from(pool: &'a Pool) -> Self {
        Self::Pool(pool)
    }
}

impl Connection {
    /// The statements that begin a transaction that writes: from here on no other one does.
    pub(super) const fn begin(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "BEGIN IMMEDIATE",
            Self::Postgres(_) => {
                "BEGIN; SELECT pg_advisory_xact_lock(\
                 hashtextextended('gavel/write/' || current_schema()::text, 0))"
            }
        }
    }

    /// Run several statements without values.
    pub(super) async fn run(
        &mut self,
        text: impl Into<Cow<'static, str>>,
    ) -> Result<(), sqlx::Error> {
        let statements = sqlx::raw_sql(AssertSqlSafe(text.into()));
        match self {
            Self::Sqlite(connection) => statements.execute(connection).await.map(|_| ()),
            Self::Postgres(connection) => statements.execute(connection).await.map(|_| ()),
        }
    }

    pub(super) async fn close(self) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(connection) => connection.close().await,
            Self::Postgres(connection) => connection.close().await,
        }
    }
}

impl Pool {
    pub(super) async fn close(&self) {
        match self {
            Self::Sqlite(pool) => pool.close().await,
            Self::Postgres(pool) => pool.close().await,
            // Closes when it is dropped.
            Self::InPlace(_) => {}
        }
    }
}

impl Row {
    /// A column by name or position.
    pub(super) fn try_get<'r, T, I>(&'r self, column: I) -> Result<T, sqlx::Error>
    where
        T: Decode<'r, Sqlite> + Type<Sqlite> + Decode<'r, Postgres> + Type<Postgres>,
        I: ColumnIndex<SqliteRow> + ColumnIndex<PgRow>,
    {
        match self {
            Self::Sqlite(row) => row.try_get(column),
            Self::Postgres(row) => row.try_get(column),
        }
    }
}
