//! Where a simulation takes hold of the store: statements run in place, so that their order is
//! decided by the runtime alone, and every commit is a point at which the disk may be full or the
//! process may die. The product has neither.

use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream, StreamExt as _};
use sqlx::sqlite::{SqliteQueryResult, SqliteRow, SqliteStatement, SqliteTypeInfo};
use sqlx::{Either, Error, Execute, Executor, SqlStr, Sqlite, SqliteConnection, SqlitePool};

/// What becomes of a commit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fate {
    /// It goes through.
    Done,
    /// It fails and nothing is stored, as on a full disk; the text says why.
    Fails(String),
    /// The process dies here: nobody hears what became of the commit.
    Dies,
}

/// Decides what becomes of commits.
pub trait Disk: Send + Sync {
    /// Just before the commit. What dies here is not stored.
    fn before_commit(&self) -> Fate;

    /// Just after it, before anybody has heard of it. What dies here is stored; it can no longer
    /// fail.
    fn after_commit(&self) -> Fate;
}

/// A store as a simulation has it.
pub(super) type InPlace = Option<Arc<dyn Disk>>;

/// Readers of a database: some connections, or one whose statements run in place.
#[derive(Debug)]
pub(super) enum Readers {
    Pool(SqlitePool),
    InPlace(Mutex<SqliteConnection>),
}

impl Readers {
    pub(super) async fn close(&self) {
        // A connection in place closes when it is dropped.
        if let Self::Pool(pool) = self {
            pool.close().await;
        }
    }
}

impl<'c> Executor<'c> for &'_ Readers {
    type Database = Sqlite;

    fn fetch_many<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxStream<'e, Result<Either<SqliteQueryResult, SqliteRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Sqlite>,
    {
        match self {
            Readers::Pool(pool) => pool.fetch_many(query),
            Readers::InPlace(connection) => {
                let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
                let all: Vec<_> = in_place(connection.fetch_many(query).collect());
                stream::iter(all).boxed()
            }
        }
    }

    fn fetch_optional<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxFuture<'e, Result<Option<SqliteRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Sqlite>,
    {
        match self {
            Readers::Pool(pool) => pool.fetch_optional(query),
            Readers::InPlace(connection) => {
                let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
                let found = in_place(connection.fetch_optional(query));
                Box::pin(std::future::ready(found))
            }
        }
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [SqliteTypeInfo],
    ) -> BoxFuture<'e, Result<SqliteStatement, Error>>
    where
        'c: 'e,
    {
        match self {
            Readers::Pool(pool) => pool.prepare_with(sql, parameters),
            Readers::InPlace(connection) => {
                let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
                let prepared = in_place(connection.prepare_with(sql, parameters));
                Box::pin(std::future::ready(prepared))
            }
        }
    }
}

/// Wait for the database's thread without letting anything else run. For futures that wait for
/// nothing else.
pub(super) fn in_place<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        thread::park();
    }
}
