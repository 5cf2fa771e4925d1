//! Doing what `update` wants of the servers: each request is a task, and its answer is news.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use tokio::sync::Notify;
use tokio::sync::mpsc::Sender;
use tokio::task::JoinSet;

use super::connection::{Connection, Me};
use super::own::{self, own};
use super::watch::{self, Out};
use super::{audit, export, jobs, people, stock};
use crate::base::lock;
use crate::base::text::clean;
use crate::client::bid::{self, BidError, Bidder, Ears, Patience, Placed, Silence};
use crate::client::coordinator::CoordinatorClient;
use crate::client::{ClientError, EntryValues, score, told};
use crate::identity::Signed;
use crate::session::{Receipt, SessionId};
use crate::sharing::{NodeIndex, NodeSet};
use crate::tui::input::commands::Step;
use crate::tui::state::audit::AuditRow;
use crate::tui::state::forms::Heard;
use crate::tui::update::action::{News, ReadReceipts, Request};
use crate::wire::coordinator_api::{EditSession, NewSession, SessionDetail};

/// Largest session file that is read.
const MAX_FILE: u64 = 1 << 20;

/// Most pages of receipts that are read; so many bidders nobody looks through on a screen.
const MOST_PAGES: usize = 20;

/// What came back from each node.
type Answers = BTreeMap<NodeIndex, Heard>;

/// Runs effects.
pub struct Runner {
    connection: Option<Arc<Connection>>,
    news: Sender<News>,
    anew: Sender<Box<Connection>>,
    refresh: Arc<Notify>,
    links: JoinSet<()>,
}

impl Runner {
    /// A runner without a connection. News go to the state, and the connections of whoever logs in
    /// to the loop, which is to use them.
    pub fn new(news: Sender<News>, anew: Sender<Box<Connection>>) -> Self {
        let refresh = Arc::new(Notify::new());
        Self { connection: None, news, anew, refresh, links: JoinSet::new() }
    }

    /// Use a connection: keep the link, and follow our bids on disk.
    pub fn connect(&mut self, connection: Arc<Connection>) {
        self.links.abort_all();
        let out = Out {
            connection: Arc::clone(&connection),
            news: self.news.clone(),
            refresh: Arc::clone(&self.refresh),
            anew: self.anew.clone(),
        };
        watch::start(&mut self.links, &out);
        if let Some(me) = connection.bidder.clone() {
            self.links.spawn(own::follow(me, self.news.clone()));
        }
        self.connection = Some(connection);
    }

    /// Ask for everything again at once.
    pub fn refresh(&self) {
        self.refresh.notify_waiters();
    }

    /// Read a session file.
    pub fn read_file(&self, path: PathBuf) {
        let (news, connection) = (self.news.clone(), self.connection.clone());
        tokio::spawn(async move {
            let read = tokio::task::spawn_blocking(move || read(&path)).await;
            let text = match (read.unwrap_or_else(|error| Err(error.to_string())), connection) {
                (Ok(text), Some(connection)) => jobs::filled(&connection, text).await,
                (text, _) => text,
            };
            let _ = news.send(News::FileRead(text)).await;
        });
    }

    /// Ask the servers something.
    pub fn ask(&self, request: Request) {
        let (news, anew) = (self.news.clone(), self.anew.clone());
        let Some(connection) = self.connection.clone() else { return };
        tokio::spawn(async move {
            if let Request::LogIn { name, password } = request {
                let Some(door) = &connection.door else { return };
                match door.log_in(name, password).await {
                    Ok(connection) => drop(anew.send(connection).await),
                    Err(why) => drop(news.send(News::NotLoggedIn(why)).await),
                }
                return;
            }
            if let Some(answer) = done(&connection, request, &news).await {
                let _ = news.send(answer).await;
            }
        });
    }
}

async fn done(connection: &Connection, request: Request, news: &Sender<News>) -> Option<News> {
    let coordinator = connection.network.coordinator();
    Some(match request {
        Request::Detail(session) => {
            News::Detail(session, boxed(coordinator.session(session).await))
        }
        Request::Admissions(session) => {
            News::Admissions(session, coordinator.admissions(session).await.ok())
        }
        Request::Receipts(session) => {
            News::Receipts(session, receipts(coordinator, session).await.ok())
        }
        Request::Variables => News::Variables(jobs::variables(connection).await),
        Request::Models(page) => News::Models(stock::books(connection, page).await),
        Request::WithdrawModel(of, name) => {
            News::ModelWithdrawn(name, stock::withdraw(connection, of).await)
        }
        Request::Forget(name, field) => {
            let answer = jobs::forget(connection, &name, field).await;
            News::Forgotten(name, answer)
        }
        Request::Awaiting(all) => News::Awaiting(jobs::awaiting(connection, all).await),
        Request::Announced(job) => News::Announced(job, jobs::announced(connection, job).await),
        Request::Approve(job) => News::Approved(job, jobs::approve(connection, job).await),
        Request::People => News::People(people::listed(coordinator).await),
        Request::Invite { label, cohort, hours } => {
            News::Invited(people::invite(coordinator, label, cohort, hours).await)
        }
        Request::Revoke(code) => News::PersonChanged(people::revoke(coordinator, &code).await),
        Request::RevokeUnused => News::PersonChanged(people::revoke_unused(coordinator).await),
        Request::SetAccount(account, enabled) => {
            News::PersonChanged(people::set_account(coordinator, account, enabled).await)
        }
        // Done before, as it answers with a connection.
        Request::LogIn { .. } => return None,
        Request::Step(session, step) => {
            let answer = match step {
                Step::Open => coordinator.open(session).await,
                Step::Pause => coordinator.pause(session, None).await,
                Step::Resume => coordinator.resume(session, None).await,
                Step::Close => coordinator.close(session).await,
                Step::Cancel => coordinator.cancel(session).await,
                Step::Retry => coordinator.retry(session).await,
            };
            News::StepTaken(session, step, boxed(answer))
        }
        Request::Write { file, open } => {
            let new = NewSession { file, open, bidders: Vec::new() };
            News::Written(boxed(coordinator.new_session(&new).await))
        }
        Request::Edit { session, file, open } => {
            let mut answer = coordinator.edit_session(session, &EditSession { file }).await;
            if open && answer.is_ok() {
                answer = coordinator.open(session).await;
            }
            News::Written(boxed(answer))
        }
        Request::Cohort(session) => {
            let me = connection.bidder.as_ref()?;
            News::Cohort(session, cohort(connection, me, session).await)
        }
        Request::Place(session, entry, score) => {
            let me = connection.bidder.as_ref()?;
            let entry = match scored(connection, session, entry, score).await {
                Ok(entry) => entry,
                Err(why) => return Some(News::BidFailed(session, why, BTreeMap::new())),
            };
            let heard = Hearing::new(session, news.clone());
            let placed = place(connection, me, session, entry, &heard).await;
            concluded(session, placed, heard)
        }
        Request::Resend(session) => {
            let me = connection.bidder.as_ref()?;
            let heard = Hearing::new(session, news.clone());
            let bidder = bidder(me);
            let told = |answer: Result<&Signed<Receipt>, &Silence>| heard.note(answer);
            let (network, patience) = (&connection.network, Patience::default());
            let placed = bid::resend_watched(network, session, &bidder, patience, &told).await;
            concluded(session, placed, heard)
        }
        Request::OwnTrade(session) => {
            let me = connection.bidder.as_ref()?;
            News::OwnTrade(session, own_trade(connection, me, session).await)
        }
        Request::Audit(session) => News::Audited(session, audited(connection, session).await),
        Request::Record(session, path) => News::Saved(match coordinator.record(session).await {
            Err(error) => Err(error.to_string()),
            Ok(record) => {
                let trusted = connection.network.shared_roster();
                let write = move || export::write(&path, &record, &trusted.body);
                let written = tokio::task::spawn_blocking(write).await;
                written.unwrap_or_else(|error| Err(error.to_string()))
            }
        }),
    })
}

/// What the nodes keep of a session's receipts, page by page.
async fn receipts(
    coordinator: &CoordinatorClient,
    session: SessionId,
) -> Result<ReadReceipts, ClientError> {
    let began = Instant::now();
    let mut read =
        ReadReceipts { bidders: Vec::new(), unheard: NodeSet::EMPTY, more: false, took: 0 };
    let mut after = None;
    for _ in 0..MOST_PAGES {
        let page = coordinator.receipts(session, after).await?;
        read.bidders.extend(page.bidders);
        read.unheard = read.unheard.union(page.unheard);
        read.more = page.next.is_some();
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    read.took = i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX);
    Ok(read)
}

/// What a session's record says, checked against the roster and the receipts of this home.
async fn audited(connection: &Connection, session: SessionId) -> Result<Vec<AuditRow>, String> {
    let record = connection.network.coordinator().record(session).await;
    let record = record.map_err(|error| error.to_string())?;
    let trusted = connection.network.shared_roster();
    let state = connection.bidder.as_ref().map(|me| me.state.clone());
    let checked = tokio::task::spawn_blocking(move || {
        let own = match state {
            Some(state) => state.bids(session).map_err(|error| error.to_string())?,
            None => Vec::new(),
        };
        Ok(audit::rows(&record, &trusted.body, &own))
    });
    checked.await.map_err(|error| error.to_string())?
}

/// How much we trade in a market: its record, checked, with what is kept here.
async fn own_trade(connection: &Connection, me: &Me, session: SessionId) -> Result<i64, String> {
    bidder(me).knows_roster(&connection.network).map_err(|error| error.to_string())?;
    let record = connection.network.coordinator().record(session).await;
    let record = record.map_err(|error| error.to_string())?;
    let (trusted, me) = (connection.network.shared_roster(), me.clone());
    let read = tokio::task::spawn_blocking(move || {
        let own = told::own_trade(&record, &trusted.body, session, &me.state, &me.keys);
        own.map(|own| own.quantity).map_err(|error| error.to_string())
    });
    read.await.map_err(|error| error.to_string())?
}

fn boxed(answer: Result<SessionDetail, ClientError>) -> Result<Box<SessionDetail>, String> {
    answer.map(Box::new).map_err(|error| error.to_string())
}

const fn bidder(me: &Me) -> Bidder<'_> {
    Bidder {
        name: me.name.as_str(),
        keys: &me.keys,
        state: &me.state,
        pinned: me.pinned.as_slice(),
    }
}

/// The cohort of a survey that its operator has assigned to us.
async fn cohort(
    connection: &Connection,
    me: &Me,
    session: SessionId,
) -> Result<Option<u8>, String> {
    let network = &connection.network;
    let announcement = bid::announcement(network, session).await;
    let announcement = announcement.map_err(|error| error.to_string())?;
    let (bidder, patience) = (bidder(me), Patience::default());
    let waits = |_: &str, _: &dyn std::fmt::Display, _: std::time::Duration| {};
    let own = bid::assigned_cohort(network, &announcement, &bidder, patience, &waits).await;
    own.map_err(|error| error.to_string())
}

/// The entry with the score of a file, where one comes with it.
async fn scored(
    connection: &Connection,
    session: SessionId,
    entry: EntryValues,
    file: Option<PathBuf>,
) -> Result<EntryValues, String> {
    let Some(file) = file else { return Ok(entry) };
    let announcement = bid::announcement(&connection.network, session).await;
    let terms = announcement.map_err(|error| error.to_string())?.body.terms;
    let signed = score::read(&read(&file)?, &terms);
    let signed = signed.map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(entry.with_score(Some(signed)))
}

async fn place(
    connection: &Connection,
    me: &Me,
    session: SessionId,
    entry: EntryValues,
    heard: &Hearing,
) -> Result<Placed, BidError> {
    let network = &connection.network;
    let announcement = bid::announcement(network, session).await?;
    let told = |answer: Result<&Signed<Receipt>, &Silence>| heard.note(answer);
    let patience = Patience::default();
    let ears = Ears::of(&told);
    bid::place_heard(network, &announcement, &bidder(me), entry, patience, ears).await
}

/// What comes back from the nodes, told as it comes.
struct Hearing {
    session: SessionId,
    news: Sender<News>,
    answers: Mutex<Answers>,
}

impl Hearing {
    fn new(session: SessionId, news: Sender<News>) -> Self {
        Self { session, news, answers: Mutex::default() }
    }

    fn note(&self, answer: Result<&Signed<Receipt>, &Silence>) {
        let (node, heard) = match answer {
            Ok(receipt) => (receipt.body.node, Heard::Receipt(receipt.body.received)),
            Err(silence) => (silence.node, Heard::Silence(clean(&silence.reason))),
        };
        let mut answers = lock(&self.answers);
        answers.insert(node, heard.clone());
        drop(answers);
        // A full queue only delays the tick on the screen; the end brings them all.
        let _ = self.news.try_send(News::BidHeard(self.session, node, heard));
    }
}

fn concluded(session: SessionId, placed: Result<Placed, BidError>, heard: Hearing) -> News {
    let mut answers = crate::base::lock::into_inner(heard.answers);
    match placed {
        Ok(placed) => {
            for receipt in &placed.bid.receipts {
                answers.insert(receipt.body.node, Heard::Receipt(receipt.body.received));
            }
            for silence in &placed.missing {
                answers.insert(silence.node, Heard::Silence(clean(&silence.reason)));
            }
            let (_, own) = own(&placed.bid);
            News::BidIn(session, own, answers)
        }
        Err(error) => News::BidFailed(session, error.to_string(), answers),
    }
}

fn read(path: &PathBuf) -> Result<String, String> {
    let shown = path.display();
    match std::fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(format!("there is no file {shown}; check the path"))
        }
        Err(error) => Err(format!("{shown} cannot be read: {error}")),
        Ok(found) if !found.is_file() => Err(format!("{shown} is not a file")),
        Ok(found) if found.len() > MAX_FILE => {
            Err(format!("{shown} is too large for a session file"))
        }
        Ok(_) => std::fs::read_to_string(path)
            .map_err(|error| format!("{shown} cannot be read: {error}")),
    }
}
