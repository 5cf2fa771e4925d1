//! The one writing task. Concurrent writes share one durable commit: while one group is being
//! synced to disk the next one gathers in a bounded queue, so a busy node pays one sync for many
//! envelopes and an idle one does not wait.
//!
//! Writes take effect in the order they were queued, and each caller hears of its own result only
//! after the commit. A write that fails is undone alone.

use futures_util::future::BoxFuture;
use sqlx::{Connection as _, SqliteConnection};
use tokio::sync::{mpsc, oneshot};

use super::StorageError;
use super::disk::{Fate, InPlace, in_place};

/// Writes that wait, before callers have to.
const QUEUE: usize = 1024;

/// Most writes in one commit: bounds how long the first of them waits.
const GROUP: usize = 256;

/// The way to the writing task.
pub(super) struct Writer(mpsc::Sender<Message>);

enum Message {
    Write(Box<dyn Job>),
    Stop(oneshot::Sender<()>),
}

/// A queued write.
trait Job: Send {
    /// Do it; whether its changes stay.
    fn run<'a>(&'a mut self, connection: &'a mut SqliteConnection) -> BoxFuture<'a, bool>;
    /// Tell the caller, after the commit.
    fn answer(self: Box<Self>, committed: &Result<(), String>);
}

struct Task<F, T, E> {
    work: Option<F>,
    result: Option<Result<T, E>>,
    caller: oneshot::Sender<Result<T, E>>,
}

impl<F, T, E> Job for Task<F, T, E>
where
    F: for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Result<T, E>> + Send,
    T: Send,
    E: From<StorageError> + Send,
{
    fn run<'a>(&'a mut self, connection: &'a mut SqliteConnection) -> BoxFuture<'a, bool> {
        Box::pin(async move {
            let Some(work) = self.work.take() else { return false };
            let result = work(connection).await;
            let stays = result.is_ok();
            self.result = Some(result);
            stays
        })
    }

    fn answer(self: Box<Self>, committed: &Result<(), String>) {
        let result = match (committed, self.result) {
            (Ok(()), Some(result)) => result,
            (Ok(()), None) => Err(StorageError::Closed.into()),
            (Err(detail), _) => Err(StorageError::Commit { detail: detail.clone() }.into()),
        };
        // A caller that has gone away is no reason to undo what it asked for.
        drop(self.caller.send(result));
    }
}

impl Writer {
    /// Start the task; it ends when the last writer is dropped or on [`Writer::stop`].
    pub(super) fn start(connection: SqliteConnection, disk: InPlace) -> Self {
        let (sender, queue) = mpsc::channel(QUEUE);
        tokio::spawn(serve(connection, queue, disk));
        Self(sender)
    }

    /// Do a write in a transaction, durably, and give its result.
    pub(super) async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<StorageError> + Send + 'static,
    {
        let (caller, answer) = oneshot::channel();
        let task = Box::new(Task { work: Some(work), result: None, caller });
        self.0.send(Message::Write(task)).await.map_err(|_| StorageError::Closed)?;
        answer.await.map_err(|_| StorageError::Closed)?
    }

    /// Finish what is queued and close the connection.
    pub(super) async fn stop(&self) {
        let (done, finished) = oneshot::channel();
        if self.0.send(Message::Stop(done)).await.is_ok() {
            // An error means that the task has ended already.
            drop(finished.await);
        }
    }
}

async fn serve(
    mut connection: SqliteConnection,
    mut queue: mpsc::Receiver<Message>,
    disk: InPlace,
) {
    let mut messages = Vec::with_capacity(GROUP);
    let mut stopping = Vec::new();
    while queue.recv_many(&mut messages, GROUP).await > 0 {
        let mut group = Vec::with_capacity(messages.len());
        for message in messages.drain(..) {
            match message {
                Message::Write(job) => group.push(job),
                Message::Stop(done) => {
                    queue.close();
                    stopping.push(done);
                }
            }
        }
        if group.is_empty() {
            continue;
        }
        let done = commit(&mut connection, group, &disk);
        let done = if disk.is_some() { in_place(done) } else { done.await };
        if done == Fate::Dies {
            return;
        }
    }
    // In place it closes when it is dropped.
    let closed = if disk.is_some() { Ok(()) } else { connection.close().await };
    if let Err(error) = closed {
        tracing::warn!(%error, "the database did not close cleanly; it recovers when next opened");
    }
    for done in stopping {
        // Whoever asked may have gone away.
        let _ = done.send(());
    }
}

async fn commit(
    connection: &mut SqliteConnection,
    mut group: Vec<Box<dyn Job>>,
    disk: &InPlace,
) -> Fate {
    let committed = match try_commit(connection, &mut group, disk).await {
        Ok(Fate::Done) => Ok(()),
        Ok(Fate::Fails(detail)) => Err(detail),
        Ok(Fate::Dies) => return Fate::Dies,
        Err(error) => Err(error.to_string()),
    };
    if let Err(detail) = &committed {
        tracing::error!(%detail, writes = group.len(), "a commit failed");
        // Fails where the database has rolled back by itself.
        drop(sqlx::query("ROLLBACK").execute(&mut *connection).await);
    }
    for job in group {
        job.answer(&committed);
    }
    Fate::Done
}

async fn try_commit(
    connection: &mut SqliteConnection,
    group: &mut [Box<dyn Job>],
    disk: &InPlace,
) -> Result<Fate, sqlx::Error> {
    sqlx::query("BEGIN IMMEDIATE").execute(&mut *connection).await?;
    for job in group {
        sqlx::query("SAVEPOINT job").execute(&mut *connection).await?;
        if !job.run(connection).await {
            sqlx::query("ROLLBACK TO job").execute(&mut *connection).await?;
        }
        sqlx::query("RELEASE job").execute(&mut *connection).await?;
    }
    let fate = disk.as_ref().map_or(Fate::Done, |disk| disk.before_commit());
    if fate != Fate::Done {
        if fate == Fate::Dies {
            sqlx::query("ROLLBACK").execute(&mut *connection).await?;
        }
        return Ok(fate);
    }
    sqlx::query("COMMIT").execute(&mut *connection).await?;
    Ok(disk.as_ref().map_or(Fate::Done, |disk| disk.after_commit()))
}
