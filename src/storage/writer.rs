//! The one writing task. Concurrent writes share one durable commit: while one group is being
//! synced to disk the next one gathers in a bounded queue, so a busy node pays one sync for many
//! envelopes and an idle one does not wait.
//!
//! Writes take effect in the order they were queued, and each caller hears of its own result only
//! after the commit. A write that fails is undone alone.
//!
//! On a server several processes write. Each transaction begins by taking one lock for the whole
//! store, so that writes follow one another exactly as they do in a file. The connection is made
//! again when it is lost. The roles that hang on it (see [`super::role`]) are asked for again after
//! a while, so that whoever acts in a role hears that it was lost, and another process has its
//! turn.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout};

use super::StorageError;
use super::address::{Address, CONNECT, Lock};
use super::disk::{Fate, InPlace, in_place};
use super::role::{Leadership, Roles};
use super::sql::{Connection, query};

/// Writes that wait, before callers have to.
const QUEUE: usize = 1024;

/// Most writes in one commit: bounds how long the first of them waits.
const GROUP: usize = 256;

/// How often an idle connection is tried, and a role that is wanted is asked for.
const TICK: Duration = Duration::from_secs(1);

/// How long a process that lost a role does not ask for it.
const REST: Duration = Duration::from_secs(3);

/// Longest time that one commit may take on a server before its connection is given up.
const PATIENCE: Duration = Duration::from_secs(30);

/// The way to the writing task.
pub(super) struct Writer(mpsc::Sender<Message>);

enum Message {
    Write(Box<dyn Job>),
    Claim(Leadership, oneshot::Sender<Result<(), StorageError>>),
    Stop(oneshot::Sender<()>),
}

/// A queued write.
trait Job: Send {
    /// Do it; whether its changes stay.
    fn run<'a>(&'a mut self, connection: &'a mut Connection) -> BoxFuture<'a, bool>;
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
    F: for<'c> FnOnce(&'c mut Connection) -> BoxFuture<'c, Result<T, E>> + Send,
    T: Send,
    E: From<StorageError> + Send,
{
    fn run<'a>(&'a mut self, connection: &'a mut Connection) -> BoxFuture<'a, bool> {
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
    pub(super) fn start(
        address: Address,
        connection: Connection,
        lock: Option<Lock>,
        roles: Arc<Roles>,
        disk: InPlace,
    ) -> Self {
        let (sender, queue) = mpsc::channel(QUEUE);
        let desk = Desk {
            connection: Some(connection),
            address,
            lock,
            roles,
            claimed: Vec::new(),
            looked: Instant::now(),
            rests_until: None,
            disk,
        };
        tokio::spawn(desk.serve(queue));
        Self(sender)
    }

    /// The statements that begin a transaction that writes: from here on no other one does.
    pub(super) const fn begin(connection: &Connection) -> &'static str {
        match connection {
            Connection::Sqlite(_) => "BEGIN IMMEDIATE",
            Connection::Postgres(_) => {
                "BEGIN; SELECT pg_advisory_xact_lock(\
                 hashtextextended('gavel/write/' || current_schema()::text, 0))"
            }
        }
    }

    /// Do a write in a transaction, durably, and give its result.
    pub(super) async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: for<'c> FnOnce(&'c mut Connection) -> BoxFuture<'c, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<StorageError> + Send + 'static,
    {
        let (caller, answer) = oneshot::channel();
        let task = Box::new(Task { work: Some(work), result: None, caller });
        self.0.send(Message::Write(task)).await.map_err(|_| StorageError::Closed)?;
        answer.await.map_err(|_| StorageError::Closed)?
    }

    /// Ask for a role now, and again every second until it is granted.
    pub(super) async fn claim(&self, role: Leadership) -> Result<(), StorageError> {
        let (caller, answer) = oneshot::channel();
        self.0.send(Message::Claim(role, caller)).await.map_err(|_| StorageError::Closed)?;
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

/// What the writing task works with.
struct Desk {
    /// Absent while a server cannot be reached.
    connection: Option<Connection>,
    address: Address,
    /// Kept as long as the connection.
    lock: Option<Lock>,
    roles: Arc<Roles>,
    /// Roles asked for, had or not.
    claimed: Vec<Leadership>,
    /// When connection and roles were last looked after.
    looked: Instant,
    /// Until when no role is asked for, after one was lost.
    rests_until: Option<Instant>,
    /// Present in a simulation.
    disk: InPlace,
}

impl Desk {
    async fn serve(mut self, mut queue: mpsc::Receiver<Message>) {
        let mut messages = Vec::with_capacity(GROUP);
        let mut stopping = Vec::new();
        loop {
            // A file is not looked after: nobody takes it away.
            let idle = match self.address {
                Address::File(_) => Duration::MAX,
                Address::Server(_) => TICK,
            };
            if timeout(idle, queue.recv_many(&mut messages, GROUP)).await == Ok(0) {
                break;
            }
            let mut group = Vec::with_capacity(messages.len());
            for message in messages.drain(..) {
                match message {
                    Message::Write(job) => group.push(job),
                    Message::Claim(role, caller) => drop(caller.send(self.claim(role).await)),
                    Message::Stop(done) => {
                        queue.close();
                        stopping.push(done);
                    }
                }
            }
            if !group.is_empty() {
                let simulated = self.disk.is_some();
                let done = self.commit(group);
                let done = if simulated { in_place(done) } else { done.await };
                if done == Fate::Dies {
                    return;
                }
            }
            if self.looked.elapsed() >= TICK {
                self.look_after().await;
            }
        }
        // In place it closes when it is dropped.
        if let Some(connection) = self.connection.take()
            && self.disk.is_none()
            && let Err(error) = connection.close().await
        {
            tracing::warn!(%error, "the database did not close cleanly; it recovers when next opened");
        }
        self.lose_roles();
        drop(self.lock.take());
        for done in stopping {
            // Whoever asked may have gone away.
            let _ = done.send(());
        }
    }

    async fn commit(&mut self, mut group: Vec<Box<dyn Job>>) -> Fate {
        let committed = match self.try_commit(&mut group).await {
            Ok(Fate::Dies) => return Fate::Dies,
            Ok(_) => Ok(()),
            Err(detail) => {
                tracing::error!(%detail, writes = group.len(), "a commit failed");
                Err(detail)
            }
        };
        for job in group {
            job.answer(&committed);
        }
        Fate::Done
    }

    async fn try_commit(&mut self, group: &mut [Box<dyn Job>]) -> Result<Fate, String> {
        self.connect().await?;
        if self.claimed.contains(&Leadership::Coordinator)
            && !self.roles.has(Leadership::Coordinator)
        {
            let detail = "another process is the coordinator on this database now, or may be";
            return Err(detail.to_owned());
        }
        let Some(connection) = &mut self.connection else { return Err("not connected".into()) };
        // A file's commit ends by itself, and must not be left alone half way.
        let patience = match connection {
            Connection::Sqlite(_) => Duration::MAX,
            Connection::Postgres(_) => PATIENCE,
        };
        let error = match timeout(patience, run(connection, group, &self.disk)).await {
            Ok(Ok(Fate::Fails(detail))) => detail,
            Ok(Ok(fate)) => return Ok(fate),
            Ok(Err(error)) => error.to_string(),
            Err(_) => {
                self.lose();
                return Err(format!(
                    "{} did not answer; whether it has stored it is not known",
                    self.address
                ));
            }
        };
        // Fails where a file's database has rolled back by itself, and where a server is gone.
        let undone = timeout(CONNECT, connection.run("ROLLBACK")).await;
        if matches!(connection, Connection::Postgres(_)) && !matches!(undone, Ok(Ok(()))) {
            self.lose();
        }
        Err(error)
    }

    /// Have a connection, with every role that was asked for taken again if it can be.
    async fn connect(&mut self) -> Result<(), String> {
        if self.connection.is_some() {
            return Ok(());
        }
        self.connection = Some(self.address.writer().await.map_err(|error| error.to_string())?);
        tracing::info!(database = %self.address, "connected again");
        self.take_roles().await;
        Ok(())
    }

    /// Check that the connection is alive, and ask for the roles that are wanted.
    async fn look_after(&mut self) {
        self.looked = Instant::now();
        if matches!(self.address, Address::File(_)) {
            return;
        }
        if let Some(connection) = &mut self.connection
            && !matches!(timeout(CONNECT, connection.run("SELECT 1")).await, Ok(Ok(())))
        {
            tracing::warn!(database = %self.address, "the connection to the database is lost");
            self.lose();
        }
        match self.connect().await {
            Ok(()) => self.take_roles().await,
            Err(error) => tracing::debug!(%error, "not connected"),
        }
        self.looked = Instant::now();
    }

    /// Give the connection up, and with it every role.
    fn lose(&mut self) {
        self.connection = None;
        if Leadership::ALL.into_iter().any(|role| self.roles.has(role)) {
            self.rests_until = Some(Instant::now() + REST);
        }
        self.lose_roles();
    }

    fn lose_roles(&self) {
        for role in Leadership::ALL {
            self.roles.set(role, false);
        }
    }

    async fn claim(&mut self, role: Leadership) -> Result<(), StorageError> {
        if !self.claimed.contains(&role) {
            self.claimed.push(role);
        }
        self.connect().await.map_err(|detail| StorageError::Commit { detail })?;
        self.take_roles().await;
        if self.roles.has(role) {
            return Ok(());
        }
        let place = format!("{} ({})", self.address, role.name());
        let by = self.holder(role).await.unwrap_or_else(|| "another process".to_owned());
        Err(StorageError::Held { place, by })
    }

    async fn take_roles(&mut self) {
        if self.rests_until.is_some_and(|until| Instant::now() < until) {
            return;
        }
        let Some(connection) = &mut self.connection else { return };
        let mut failed = false;
        for &role in &self.claimed {
            if self.roles.has(role) {
                continue;
            }
            let taken = match connection {
                Connection::Sqlite(_) => Ok(true),
                Connection::Postgres(_) => {
                    let statement = query(format!("SELECT pg_try_advisory_lock({})", role.lock()));
                    match timeout(CONNECT, statement.fetch_one(&mut *connection)).await {
                        Ok(row) => row.and_then(|row| row.try_get(0)),
                        Err(_) => Err(sqlx::Error::PoolTimedOut),
                    }
                }
            };
            match taken {
                Ok(taken) => self.roles.set(role, taken),
                Err(error) => {
                    tracing::warn!(%error, role = role.name(), "a role cannot be asked for");
                    failed = true;
                    break;
                }
            }
        }
        if failed {
            self.lose();
        }
    }

    /// Who has a role, as it calls itself.
    async fn holder(&mut self, role: Leadership) -> Option<String> {
        let statement = query(format!(
            "SELECT a.application_name || coalesce(', at ' || host(a.client_addr), '')
             FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
             WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
               AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
               AND (l.classid::bigint << 32) | l.objid::bigint = {}",
            role.lock()
        ));
        let rows = timeout(CONNECT, statement.fetch_all(self.connection.as_mut()?)).await.ok()?;
        let by: String = rows.ok()?.first()?.try_get(0).ok()?;
        Some(by.chars().filter(|c| !c.is_control()).collect())
    }
}

async fn run(
    connection: &mut Connection,
    group: &mut [Box<dyn Job>],
    disk: &InPlace,
) -> Result<Fate, sqlx::Error> {
    connection.run(Writer::begin(connection)).await?;
    for job in group {
        connection.run("SAVEPOINT job").await?;
        let stays = job.run(connection).await;
        let end = if stays { "RELEASE job" } else { "ROLLBACK TO job; RELEASE job" };
        connection.run(end).await?;
    }
    let fate = disk.as_ref().map_or(Fate::Done, |disk| disk.before_commit());
    if fate != Fate::Done {
        if fate == Fate::Dies {
            connection.run("ROLLBACK").await?;
        }
        return Ok(fate);
    }
    connection.run("COMMIT").await?;
    Ok(disk.as_ref().map_or(Fate::Done, |disk| disk.after_commit()))
}
