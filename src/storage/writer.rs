//! The way to the one writing task (see [`super::desk`]). Concurrent writes share one durable
//! commit: while one group is being synced to disk the next one gathers in a bounded queue, so a
//! busy node pays one sync for many envelopes and an idle one does not wait.
//!
//! Writes take effect in the order they were queued, and each caller hears of its own result only
//! after the commit and the store's mark. A write that fails is undone alone.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};

use super::StorageError;
use super::address::{Address, Lock};
use super::desk::{Desk, GROUP, Job, Message, Refused};
use super::disk::InPlace;
use super::lease;
use super::mark::Mark;
use super::role::{Fence, Leadership, Roles};
use super::sql::Connection;

pub(super) use super::desk::Denied;

/// Writes that wait, before callers have to.
const QUEUE: usize = 4 * GROUP;

/// The way to the writing task.
pub(super) struct Writer(mpsc::Sender<Message>);

/// What the writing task begins with.
pub(super) struct Start {
    pub(super) address: Address,
    pub(super) connection: Connection,
    /// A file's.
    pub(super) lock: Option<Lock>,
    /// Absent where a server's store is used without one.
    pub(super) mark: Option<Mark>,
    /// Present in a simulation.
    pub(super) disk: InPlace,
}

struct Task<F, T, E> {
    work: Option<F>,
    /// The turn that the write belongs to, if it belongs to a role.
    fence: Option<Fence>,
    result: Option<Result<T, E>>,
    caller: oneshot::Sender<Result<T, E>>,
}

impl<F, T, E> Job for Task<F, T, E>
where
    F: for<'c> FnOnce(&'c mut Connection) -> BoxFuture<'c, Result<T, E>> + Send,
    T: Send,
    E: From<StorageError> + Send,
{
    fn run<'a>(&'a mut self, connection: &'a mut Connection) -> BoxFuture<'a, bool> {
        Box::pin(async move {
            let Some(work) = self.work.take() else { return false };
            let allowed = match self.fence {
                Some(fence) => lease::check(connection, fence).await,
                None => Ok(()),
            };
            let result = match allowed {
                Ok(()) => work(connection).await,
                Err(error) => Err(error.into()),
            };
            let stays = result.is_ok();
            self.result = Some(result);
            stays
        })
    }

    fn answer(self: Box<Self>, committed: &Result<(), Refused>) {
        let result = match (committed, self.result) {
            (Ok(()), Some(result)) => result,
            (Ok(()), None) => Err(StorageError::Closed.into()),
            (Err(refused), _) => Err(refused.error().into()),
        };
        // A caller that has gone away is no reason to undo what it asked for.
        drop(self.caller.send(result));
    }
}

impl Writer {
    /// Start the task; it ends when the last writer is dropped or on [`Writer::stop`].
    pub(super) fn start(start: Start, roles: Arc<Roles>) -> Result<Self, StorageError> {
        let (sender, queue) = mpsc::channel(QUEUE);
        let Start { address, connection, lock, mark, disk } = start;
        let desk = Desk::new(address, connection, (lock, mark), roles, disk)?;
        tokio::spawn(desk.serve(queue));
        Ok(Self(sender))
    }

    /// Do a write in a transaction, durably, and give its result.
    pub(super) async fn write<T, E, F>(&self, fence: Option<Fence>, work: F) -> Result<T, E>
    where
        F: for<'c> FnOnce(&'c mut Connection) -> BoxFuture<'c, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<StorageError> + Send + 'static,
    {
        let (caller, answer) = oneshot::channel();
        let task = Box::new(Task { work: Some(work), fence, result: None, caller });
        self.0.send(Message::Write(task)).await.map_err(|_| StorageError::Closed)?;
        answer.await.map_err(|_| StorageError::Closed)?
    }

    /// Ask for a role now, and again every second until it is granted.
    pub(super) async fn claim(
        &self,
        role: Leadership,
    ) -> Result<Result<Fence, Denied>, StorageError> {
        let (caller, answer) = oneshot::channel();
        self.0.send(Message::Claim(role, caller)).await.map_err(|_| StorageError::Closed)?;
        answer.await.map_err(|_| StorageError::Closed)
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
