//! The one writing task. It gathers what waits into one transaction, commits it, moves the store's
//! mark on, and only then answers.
//!
//! On a server several processes write. Each transaction begins by taking one lock for the whole
//! store, so that writes follow one another exactly as they do in a file. A connection that is lost
//! is made again, and a transaction that could not begin on the old one begins on the new one.
//! Roles (see [`super::lease`]) outlive a connection: they are renewed on the next one, or lost to
//! whoever took them meanwhile.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout};

use super::StorageError;
use super::address::{Address, CONNECT, Lock, process};
use super::disk::{Fate, InPlace, in_place};
use super::lease::{self, Holder, LEASE, RENEWAL, Taken};
use super::mark::{self, Mark, Point};
use super::role::{Fence, Leadership, Roles, Tenure};
use super::sql::{Connection, query};
use crate::base::offload::offload;

/// Most writes in one commit: bounds how long the first of them waits.
pub(super) const GROUP: usize = 256;

/// How often an idle connection is looked after, and a role that is wanted is asked for.
const TICK: Duration = Duration::from_secs(1);

/// A lease counts as run out this much before it has, by this process's own clock.
const MARGIN: Duration = Duration::from_secs(1);

/// Longest time that one commit may take on a server before its connection is given up.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the writing task is asked to do.
pub(super) enum Message {
    Write(Box<dyn Job>),
    Claim(Leadership, oneshot::Sender<Result<Fence, Denied>>),
    Stop(oneshot::Sender<()>),
}

/// A queued write.
pub(super) trait Job: Send {
    /// Do it; whether its changes stay.
    fn run<'a>(&'a mut self, connection: &'a mut Connection) -> BoxFuture<'a, bool>;
    /// Tell the caller, after the commit.
    fn answer(self: Box<Self>, committed: &Result<(), Refused>);
}

/// Why a role is not had.
pub(super) enum Denied {
    /// Somebody else has it.
    Taken(Taken),
    /// The server cannot be asked.
    Failed {
        /// As it says.
        detail: String,
    },
}

/// Why a commit failed, for everyone in it.
pub(super) enum Refused {
    Failed(String),
    Superseded(Leadership),
}

impl Refused {
    /// As a caller is told.
    pub(super) fn error(&self) -> StorageError {
        match self {
            Self::Failed(detail) => StorageError::Commit { detail: detail.clone() },
            Self::Superseded(role) => StorageError::Superseded { role: *role },
        }
    }
}

impl From<StorageError> for Refused {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Superseded { role } => Self::Superseded(role),
            error => Self::Failed(error.to_string()),
        }
    }
}

impl From<sqlx::Error> for Refused {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

/// What the writing task works with.
pub(super) struct Desk {
    /// Absent while a server cannot be reached.
    connection: Option<Connection>,
    address: Address,
    /// Kept as long as the connection.
    lock: Option<Lock>,
    mark: Option<Mark>,
    /// A commit that the mark has not been moved on to.
    unmarked: Option<Point>,
    roles: Arc<Roles>,
    /// Roles asked for, had or not, and when each was last renewed.
    claimed: Vec<(Leadership, Instant)>,
    holder: Holder,
    /// When connection and roles were last looked after.
    looked: Instant,
    /// Present in a simulation.
    disk: InPlace,
}

impl Desk {
    pub(super) fn new(
        address: Address,
        connection: Connection,
        (lock, mark): (Option<Lock>, Option<Mark>),
        roles: Arc<Roles>,
        disk: InPlace,
    ) -> Result<Self, StorageError> {
        Ok(Self {
            connection: Some(connection),
            address,
            lock,
            mark,
            unmarked: None,
            roles,
            claimed: Vec::new(),
            holder: Holder::new(process())?,
            looked: Instant::now(),
            disk,
        })
    }

    pub(super) async fn serve(mut self, mut queue: mpsc::Receiver<Message>) {
        let mut messages = Vec::with_capacity(GROUP);
        let mut stopping = Vec::new();
        loop {
            // A file is not looked after: nobody takes it away.
            let idle = if self.shared() { TICK } else { Duration::MAX };
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
        self.give_back().await;
        // In place it closes when it is dropped.
        if let Some(connection) = self.connection.take()
            && self.disk.is_none()
            && let Err(error) = connection.close().await
        {
            tracing::warn!(%error, "the database did not close cleanly; it recovers when next opened");
        }
        drop(self.lock.take());
        for done in stopping {
            // Whoever asked may have gone away.
            let _ = done.send(());
        }
    }

    /// Whether other processes use the store too.
    const fn shared(&self) -> bool {
        matches!(self.address, Address::Server(_))
    }

    async fn commit(&mut self, mut group: Vec<Box<dyn Job>>) -> Fate {
        let committed = match self.try_commit(&mut group).await {
            Ok(Fate::Dies) => return Fate::Dies,
            Ok(_) => Ok(()),
            Err(refused) => {
                tracing::error!(error = %refused.error(), writes = group.len(), "a commit failed");
                Err(refused)
            }
        };
        for job in group {
            job.answer(&committed);
        }
        Fate::Done
    }

    async fn try_commit(&mut self, group: &mut [Box<dyn Job>]) -> Result<Fate, Refused> {
        // A store is never more than one commit ahead of its mark.
        self.move_mark().await?;
        let turn = self.turn()?;
        self.begin().await?;
        let patience = self.patience();
        let Some(connection) = &mut self.connection else { return Err(self.silent()) };
        let error = match timeout(patience, run(connection, group, turn, &self.disk)).await {
            Ok(Ok((Fate::Fails(detail), _))) => Refused::Failed(detail),
            Ok(Ok((fate, point))) => {
                self.unmarked = point.or(self.unmarked);
                if fate == Fate::Dies {
                    return Ok(fate);
                }
                self.move_mark().await?;
                let after = self.disk.as_ref().map(|disk| disk.after_mark());
                return Ok(after.unwrap_or(fate));
            }
            Ok(Err(refused)) => refused,
            Err(_) => {
                let silent = self.silent();
                self.lose();
                return Err(silent);
            }
        };
        if let Refused::Superseded(role) = error {
            self.superseded(role);
        }
        // Fails where a file's database has rolled back by itself, and where a server is gone.
        let Some(connection) = &mut self.connection else { return Err(error) };
        let undone = timeout(CONNECT, connection.run("ROLLBACK")).await;
        if self.shared() && !matches!(undone, Ok(Ok(()))) {
            self.lose();
        }
        Err(error)
    }

    /// The turn that every write of this process belongs to: a coordinator's.
    fn turn(&self) -> Result<Option<Fence>, Refused> {
        let role = Leadership::Coordinator;
        if !self.claimed.iter().any(|(claimed, _)| *claimed == role) {
            return Ok(None);
        }
        match self.roles.get(role) {
            Tenure::Held(fence) | Tenure::Unsure(fence) => Ok(Some(fence)),
            Tenure::Without | Tenure::Superseded => Err(Refused::Superseded(role)),
        }
    }

    /// Begin a transaction. Where the connection turns out to be gone nothing has been done yet, so
    /// it is made again, and the transaction begins there.
    async fn begin(&mut self) -> Result<(), Refused> {
        let again = self.shared();
        for last in [!again, true] {
            self.connect().await.map_err(Refused::Failed)?;
            let patience = self.patience();
            let Some(connection) = &mut self.connection else { break };
            let begin = connection.begin();
            let error = match timeout(patience, connection.run(begin)).await {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(error)) => Refused::from(error),
                Err(_) => self.silent(),
            };
            if again {
                self.lose();
            }
            if last {
                return Err(error);
            }
        }
        Err(self.silent())
    }

    /// Longest time for a commit. A file's ends by itself, and must not be left alone half way.
    const fn patience(&self) -> Duration {
        if self.shared() { PATIENCE } else { Duration::MAX }
    }

    fn silent(&self) -> Refused {
        let place = &self.address;
        Refused::Failed(format!("{place} did not answer; whether it has stored it is not known"))
    }

    /// Move the mark on to the last commit.
    async fn move_mark(&mut self) -> Result<(), Refused> {
        let Some(point) = self.unmarked else { return Ok(()) };
        let Some(mut mark) = self.mark.take() else { return Ok(()) };
        let (mark, moved) = offload(move || {
            let moved = mark.set(&point);
            (mark, moved)
        })
        .await;
        self.mark = Some(mark);
        moved
            .map_err(|error| Refused::Failed(format!("it is stored, but not for good: {error}")))?;
        self.unmarked = None;
        Ok(())
    }

    /// Have a connection, with every role that was asked for.
    async fn connect(&mut self) -> Result<(), String> {
        if self.connection.is_some() {
            return Ok(());
        }
        self.connection = Some(self.address.writer().await.map_err(|error| error.to_string())?);
        tracing::info!(database = %self.address, "connected again");
        self.take_roles().await.map_err(|error| error.to_string())
    }

    /// Check that the connection is alive, and renew or ask for the roles that are wanted.
    async fn look_after(&mut self) {
        if self.shared() {
            let well = match self.connect().await {
                Ok(()) => self.take_roles().await.map_err(|error| error.to_string()),
                Err(detail) => Err(detail),
            };
            if let Err(detail) = well {
                tracing::warn!(database = %self.address, detail, "the database cannot be reached");
            }
            self.doubt();
        }
        self.looked = Instant::now();
    }

    /// Roles that could not be renewed in time may be somebody else's by now.
    fn doubt(&self) {
        for &(role, renewed) in &self.claimed {
            if let Tenure::Held(fence) = self.roles.get(role)
                && self.shared()
                && renewed.elapsed() + MARGIN > LEASE
            {
                tracing::warn!(role = role.name(), "the role could not be renewed in time");
                self.roles.set(role, Tenure::Unsure(fence));
            }
        }
    }

    /// Give the connection up.
    fn lose(&mut self) {
        if self.connection.take().is_some() {
            tracing::warn!(database = %self.address, "the connection to the database is lost");
        }
    }

    fn superseded(&self, role: Leadership) {
        tracing::warn!(role = role.name(), "another process has taken the role");
        self.roles.set(role, Tenure::Superseded);
    }

    async fn claim(&mut self, role: Leadership) -> Result<Fence, Denied> {
        if !self.claimed.iter().any(|(claimed, _)| *claimed == role) {
            self.claimed.push((role, Instant::now()));
        }
        let failed = |detail| Denied::Failed { detail };
        self.connect().await.map_err(failed)?;
        self.take_roles().await.map_err(|error| failed(error.to_string()))?;
        if let Tenure::Held(fence) | Tenure::Unsure(fence) = self.roles.get(role) {
            return Ok(fence);
        }
        let Some(connection) = &mut self.connection else { return Err(failed(String::new())) };
        match timeout(CONNECT, lease::taken(connection, role)).await {
            Ok(Ok(taken)) => Err(Denied::Taken(
                taken.unwrap_or_else(|| Taken { by: "another process".to_owned(), until: 0 }),
            )),
            Ok(Err(error)) => Err(failed(error.to_string())),
            Err(_) => Err(failed(format!("{} does not answer", self.address))),
        }
    }

    /// Renew the roles that are had, and ask for those that are wanted.
    async fn take_roles(&mut self) -> Result<(), StorageError> {
        let Some(connection) = &mut self.connection else { return Ok(()) };
        let mut ended = match connection {
            Connection::Postgres(_) if self.claimed.is_empty() => {
                in_time(&self.address, async { Ok(connection.run("SELECT 1").await?) }).await
            }
            _ => Ok(()),
        };
        for (role, renewed) in &mut self.claimed {
            let (role, asked, tenure) = (*role, Instant::now(), self.roles.get(*role));
            let turn = match (&*connection, tenure) {
                (Connection::Sqlite(_), _) => {
                    self.roles.set(role, Tenure::Held(Fence { role, number: 0 }));
                    continue;
                }
                (_, Tenure::Held(_)) if renewed.elapsed() < RENEWAL => continue,
                // Whoever was the coordinator and is so no more ends.
                (_, Tenure::Superseded) if role == Leadership::Coordinator => continue,
                (_, Tenure::Held(fence) | Tenure::Unsure(fence)) => Some(fence),
                (_, Tenure::Without | Tenure::Superseded) => None,
            };
            let asking = async {
                Ok(match turn {
                    Some(fence) if self.holder.renew(connection, fence).await? => {
                        Tenure::Held(fence)
                    }
                    Some(_) => Tenure::Superseded,
                    None => match self.holder.claim(connection, role).await? {
                        Some(fence) => Tenure::Held(fence),
                        None => tenure,
                    },
                })
            };
            match in_time(&self.address, asking).await {
                Ok(now) => {
                    if now == Tenure::Superseded && tenure != now {
                        tracing::warn!(role = role.name(), "another process has taken the role");
                    }
                    if now.held().is_some() {
                        *renewed = asked;
                    }
                    self.roles.set(role, now);
                }
                Err(error) => {
                    ended = Err(error);
                    break;
                }
            }
        }
        if ended.is_err() {
            self.lose();
        }
        ended
    }

    /// Lay down every role, for the next one at once.
    async fn give_back(&mut self) {
        for role in Leadership::ALL {
            if let Some(connection @ Connection::Postgres(_)) = &mut self.connection
                && let Tenure::Held(fence) = self.roles.get(role)
            {
                // Whoever cannot be told waits for the lease to run out.
                drop(timeout(CONNECT, self.holder.release(connection, fence)).await);
            }
            self.roles.set(role, Tenure::Without);
        }
    }
}

/// Something that a server should do soon.
async fn in_time<T>(
    address: &Address,
    work: impl Future<Output = Result<T, StorageError>>,
) -> Result<T, StorageError> {
    let silent = || StorageError::Silent { place: address.to_string() };
    timeout(CONNECT, work).await.unwrap_or_else(|_| Err(silent()))
}

/// Do a group of writes and commit them, in a transaction that has begun. Where the store stands
/// then; `None` when nothing has changed.
async fn run(
    connection: &mut Connection,
    group: &mut [Box<dyn Job>],
    turn: Option<Fence>,
    disk: &InPlace,
) -> Result<(Fate, Option<Point>), Refused> {
    if let Some(fence) = turn {
        lease::check(connection, fence).await?;
    }
    let before = changes(connection).await?;
    let mut any = false;
    for job in group {
        connection.run("SAVEPOINT job").await?;
        let stays = job.run(connection).await;
        let end = if stays { "RELEASE job" } else { "ROLLBACK TO job; RELEASE job" };
        connection.run(end).await?;
        any |= stays;
    }
    let point = if any && changes(connection).await? != before {
        Some(mark::count(connection).await?)
    } else {
        None
    };
    let fate = disk.as_ref().map_or(Fate::Done, |disk| disk.before_commit());
    if fate != Fate::Done {
        if fate == Fate::Dies {
            connection.run("ROLLBACK").await?;
        }
        return Ok((fate, None));
    }
    connection.run("COMMIT").await?;
    Ok((disk.as_ref().map_or(Fate::Done, |disk| disk.after_commit()), point))
}

/// A number that is another one after something has been written in this transaction.
async fn changes(connection: &mut Connection) -> Result<i64, sqlx::Error> {
    let text = match connection {
        Connection::Sqlite(_) => "SELECT total_changes()",
        // What only reads has no number.
        Connection::Postgres(_) => {
            "SELECT coalesce(pg_current_xact_id_if_assigned()::text::bigint, 0)"
        }
    };
    query(text).fetch_one(connection).await?.try_get(0)
}
