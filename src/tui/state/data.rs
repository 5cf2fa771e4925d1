//! What is known of the system: sessions, nodes, bids, progress, the link, the log. Texts from
//! others are cleaned on their way in, so that screens need not think of it.
//!
//! It holds nothing secret but what the sessions told the person alone who sits here; else names,
//! times, receipts, progress and public amounts only.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use unicode_width::UnicodeWidthStr as _;

use super::cleared::Cleared;
use super::live::Live;
use super::node::{Node, NodeState};
use super::own::OwnBids;
use super::people::People;
use super::surveyed::Surveyed;
use super::worked::Worked;
use crate::base::text::{Clean, clean};
use crate::base::{Timestamp, Zone};
use crate::identity::{Digest, Roster};
use crate::rules::auction::Sale;
use crate::rules::{Answer, Terms, market, survey};
use crate::session::outcome::Entrant;
use crate::session::{Phase, SessionId, Shortage};
use crate::sharing::NodeIndex;
use crate::wire::coordinator_api::{SessionDetail, SessionSummary};

/// Lines of the log that are kept.
pub const LOG_LINES: usize = 5_000;

/// How long nodes may take to find together at the start, in milliseconds.
const FIRST_LOOK: i64 = 3_000;

/// Details that are kept; the oldest go.
const DETAILS: usize = 64;

/// Whether the coordinator is heard.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Link {
    /// Not asked yet, or the servers are just being started.
    Starting {
        /// What is going on.
        what: String,
    },
    /// It answers.
    Connected {
        /// Its round trip in microseconds.
        round_trip: u64,
    },
    /// It does not answer.
    Lost {
        /// Since when.
        since: Timestamp,
        /// When it is asked again.
        again: Timestamp,
        /// What went wrong.
        why: Clean,
        /// Whether it answers, but refuses us.
        refused: bool,
    },
}

/// Whether live events come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Events {
    /// Not known yet.
    Unknown,
    /// They come as they happen.
    Live,
    /// Only operators get them; the sessions are asked for now and then.
    Polling,
    /// The stream broke; it is taken up again.
    Broken,
}

/// What came of an auction.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sold {
    /// Who won, in the outcome's order; nobody, perhaps.
    pub winners: Vec<Winner>,
    /// The price of all lots, where there is one.
    pub price: Option<u64>,
}

/// Who won a lot, and what it costs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Winner {
    /// The name that the bid was made under.
    pub name: Clean,
    /// The envelope that won: what tells two bidders of one name apart.
    pub envelope: Digest,
    /// The price, in smallest units.
    pub price: u64,
}

impl Sold {
    fn of(terms: &Terms, answer: &Answer<Entrant>) -> Option<Self> {
        let (auction, answer) = (terms.question.as_auction()?, answer.as_auction()?);
        let won = |sale: &Sale<Entrant>| Winner {
            name: clean(&sale.entry.bidder),
            envelope: sale.entry.envelope,
            price: sale.price,
        };
        Some(Self {
            winners: answer.winners.iter().map(won).collect(),
            price: answer.price(auction),
        })
    }
}

/// A session in the list.
#[derive(Clone, PartialEq, Debug)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Its terms; the title in them is as received, so use [`Session::title`].
    pub terms: Terms,
    /// Its title.
    pub title: Clean,
    /// What else there is to know of it.
    pub description: Option<Clean>,
    /// Where it stands.
    pub phase: Phase,
    /// Bidders admitted, where we may know.
    pub bidders: Option<u64>,
    /// When it was written.
    pub created: Timestamp,
    /// What came of an auction, once settled.
    pub result: Option<Sold>,
    /// What came of a survey, once settled.
    pub surveyed: Option<Surveyed>,
    /// What came of a market, once settled.
    pub cleared: Option<Cleared>,
    /// A job's steps, and what came of them once settled.
    pub worked: Option<Worked>,
}

impl Session {
    fn new(summary: SessionSummary) -> Self {
        let answer = summary.result.as_ref();
        let result = answer.and_then(|answer| Sold::of(&summary.terms, answer));
        let surveyed = answer.and_then(|answer| Surveyed::of(&summary.terms, answer));
        let cleared = answer.and_then(|answer| Cleared::of(&summary.terms, answer));
        let worked = Worked::of(&summary.terms, answer);
        Self {
            id: summary.session,
            title: clean(&summary.terms.title),
            description: summary.terms.description.as_deref().map(clean),
            phase: summary.phase,
            bidders: summary.bidders,
            created: summary.created,
            result,
            surveyed,
            cleared,
            worked,
            terms: summary.terms,
        }
    }

    /// What it asks, where it is a market.
    pub const fn market(&self) -> Option<&market::Question> {
        self.terms.question.as_market()
    }

    /// What it asks, where it is a survey.
    pub const fn survey(&self) -> Option<&survey::Question> {
        self.terms.question.as_survey()
    }

    /// What people hand in, of one and of several.
    pub const fn entry_words(&self) -> (&'static str, &'static str) {
        self.terms.question.entry_words()
    }

    /// What people hand in.
    pub const fn entry_word(&self) -> &'static str {
        self.entry_words().0
    }

    /// What sort of session it is.
    pub const fn sort_word(&self) -> &'static str {
        self.terms.question.sort_word()
    }

    /// Everyone whom the outcome names.
    fn named(&self) -> impl Iterator<Item = &Clean> {
        let winners = self.result.iter().flat_map(|sold| &sold.winners);
        let traders = self.cleared.iter().flat_map(|cleared| &cleared.traders);
        winners.map(|winner| &winner.name).chain(traders.map(|trader| &trader.name))
    }

    /// An amount of its currency, as shown.
    pub fn amount(&self, amount: u64) -> Clean {
        clean(&self.terms.question.show(amount))
    }

    /// Whether it is an auction that the lowest bid wins.
    pub fn reverse(&self) -> bool {
        self.terms.question.as_auction().is_some_and(|auction| auction.kind.is_reverse())
    }

    /// How many lots it has.
    pub fn quantity(&self) -> u32 {
        self.terms.question.as_auction().map_or(1, |auction| auction.quantity)
    }

    /// The name of the stored variable that is the reserve of an auction, if it is secret.
    pub fn secret_reserve(&self) -> Option<&str> {
        Some(self.terms.question.as_auction()?.secret_reserve.as_ref()?.variable.as_str())
    }

    /// The worst admissible price of an auction, if there is one that is public.
    pub fn reserve(&self) -> Option<u64> {
        self.terms.question.as_auction()?.reserve
    }
}

/// How much a line of the log matters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Level {
    /// Every receipt and every step.
    Fine,
    /// What an operator wants to know.
    Info,
    /// Worth a look.
    Warn,
    /// Something failed.
    Error,
}

/// A piece of a line of the log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Piece {
    /// Words of ours, or cleaned ones.
    Text(String),
    /// A bidder's name, which may have to be hidden.
    Name(Clean),
}

/// A line of the log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogLine {
    /// When.
    pub at: Timestamp,
    /// How much it matters.
    pub level: Level,
    /// The session it is about.
    pub session: Option<SessionId>,
    /// Who says so; `None` for this program.
    pub who: Option<Who>,
    /// What it says.
    pub pieces: Vec<Piece>,
}

/// Who tells something.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Who {
    /// The coordinator.
    Coordinator,
    /// A node.
    Node(NodeIndex),
}

/// Everything that is known.
#[derive(Clone, Debug)]
pub struct Data {
    /// The coordinator's clock minus ours, in milliseconds.
    pub clock_offset: i64,
    /// The zone that times are shown in.
    pub zone: Zone,
    /// Our time, as of the latest tick.
    pub now: Timestamp,
    /// The link to the coordinator.
    pub link: Link,
    /// Live events.
    pub events: Events,
    /// The roster.
    pub roster: Option<Arc<Roster>>,
    /// The coordinator's version.
    pub version: Clean,
    /// Whether the list of sessions has come.
    pub listed: bool,
    /// Every session, in the coordinator's order.
    pub sessions: Vec<Session>,
    by_id: HashMap<SessionId, usize>,
    /// Columns of the widest title among them.
    pub widest_title: usize,
    /// Details by session, the latest asked for last.
    pub details: HashMap<SessionId, Arc<SessionDetail>>,
    details_order: VecDeque<SessionId>,
    /// What is heard of sessions.
    pub live: HashMap<SessionId, Live>,
    /// Nodes in order of index.
    pub nodes: Vec<Node>,
    /// The node whose operator sits here, asked past the coordinator: its round trip in
    /// microseconds, or why it does not answer.
    pub own_node: Option<(NodeIndex, Result<u64, Clean>)>,
    /// The log, the newest line last.
    pub log: VecDeque<LogLine>,
    /// Lines that have gone from the log.
    pub log_gone: u64,
    /// Our bids.
    pub own: OwnBids,
    /// Whether they have been read from disk.
    pub own_read: bool,
    /// How much we trade, by market: read from its checked record, or why it could not be.
    pub own_trades: HashMap<SessionId, Result<i64, Clean>>,
    /// Accounts and invitations, where an operator looks at them.
    pub people: People,
    /// Jobs that our own node computes only once its operator lets it.
    pub awaiting: BTreeSet<SessionId>,
    /// Why nothing can be settled, as the coordinator sees it.
    pub shortage: Option<Shortage>,
    /// When the coordinator first answered.
    pub heard_since: Option<Timestamp>,
    /// Since when our login has been over, and why; `None` while it stands, and where there is
    /// none.
    pub login_over: Option<(Timestamp, Clean)>,
    /// Numbers that stand for names while names are hidden.
    aliases: HashMap<Clean, usize>,
}

impl Data {
    /// Nothing known yet.
    pub fn new(now: Timestamp) -> Self {
        Self {
            clock_offset: 0,
            zone: Zone::UTC,
            now,
            link: Link::Starting { what: "connecting".into() },
            events: Events::Unknown,
            roster: None,
            version: Clean::default(),
            listed: false,
            sessions: Vec::new(),
            by_id: HashMap::new(),
            widest_title: 0,
            details: HashMap::new(),
            details_order: VecDeque::new(),
            live: HashMap::new(),
            nodes: Vec::new(),
            own_node: None,
            log: VecDeque::new(),
            log_gone: 0,
            own: OwnBids::default(),
            own_read: false,
            own_trades: HashMap::new(),
            people: People::default(),
            awaiting: BTreeSet::new(),
            shortage: None,
            heard_since: None,
            login_over: None,
            aliases: HashMap::new(),
        }
    }

    /// The coordinator's time.
    pub fn coordinator_now(&self) -> Timestamp {
        self.now.plus_millis(self.clock_offset)
    }

    /// A session by its id.
    pub fn session(&self, id: SessionId) -> Option<&Session> {
        self.by_id.get(&id).and_then(|&at| self.sessions.get(at))
    }

    /// The list as the coordinator gives it.
    pub fn list(&mut self, summaries: Vec<SessionSummary>) {
        self.listed = true;
        self.sessions = summaries.into_iter().map(Session::new).collect();
        self.by_id =
            self.sessions.iter().enumerate().map(|(at, session)| (session.id, at)).collect();
        self.widest_title =
            self.sessions.iter().map(|session| session.title.as_str().width()).max().unwrap_or(0);
        for session in &self.sessions {
            for name in session.named() {
                let next = self.aliases.len() + 1;
                self.aliases.entry(name.clone()).or_insert(next);
            }
        }
    }

    /// One session, new or changed.
    pub fn put(&mut self, summary: SessionSummary) {
        let mut session = Session::new(summary);
        let named: Vec<Clean> = session.named().cloned().collect();
        for name in &named {
            self.name(name);
        }
        self.widest_title = self.widest_title.max(session.title.as_str().width());
        if let Some(&at) = self.by_id.get(&session.id) {
            // Some answers leave out what only operators may see.
            session.bidders = session.bidders.or(self.sessions[at].bidders);
            self.sessions[at] = session;
        } else {
            self.by_id.insert(session.id, self.sessions.len());
            self.sessions.push(session);
        }
    }

    /// A session entered a phase; `false` when it is not known.
    pub fn enter(&mut self, id: SessionId, phase: Phase) -> bool {
        let Some(&at) = self.by_id.get(&id) else { return false };
        self.sessions[at].phase = phase;
        true
    }

    /// Keep a detail.
    pub fn detail(&mut self, detail: SessionDetail) {
        let id = detail.summary.session;
        self.put(detail.summary.clone());
        self.details_order.retain(|other| *other != id);
        self.details_order.push_back(id);
        if self.details_order.len() > DETAILS
            && let Some(oldest) = self.details_order.pop_front()
        {
            self.details.remove(&oldest);
        }
        for exclusion in detail.manifest.iter().flat_map(|manifest| &manifest.excluded) {
            self.name(&clean(&exclusion.bidder));
        }
        for shared in detail.manifest.iter().flat_map(|manifest| &manifest.shared_names) {
            self.name(&clean(&shared.bidder));
        }
        self.details.insert(id, Arc::new(detail));
    }

    /// Note a name, for when names are hidden.
    pub fn name(&mut self, name: &Clean) {
        let next = self.aliases.len() + 1;
        if !self.aliases.contains_key(name) {
            self.aliases.insert(name.clone(), next);
        }
    }

    /// What stands for a name while names are hidden.
    pub fn alias(&self, name: &Clean) -> String {
        self.aliases.get(name).map_or_else(|| "bidder".into(), |number| format!("bidder {number}"))
    }

    /// Add a line to the log.
    pub fn note(&mut self, line: LogLine) {
        self.log.push_back(line);
        if self.log.len() > LOG_LINES {
            self.log.pop_front();
            self.log_gone += 1;
        }
    }

    /// How a node is, as far as anybody can tell.
    pub fn node_state(&self, node: &Node) -> NodeState {
        let told = matches!(self.link, Link::Connected { .. });
        let own = self.own_node.as_ref().is_some_and(|(own, _)| *own == node.status.node);
        if told || own { node.state(self.coordinator_now()) } else { NodeState::Unknown }
    }

    /// Nodes that answer.
    pub fn nodes_up(&self) -> usize {
        let up = |node: &&Node| matches!(self.node_state(node), NodeState::Up | NodeState::Odd);
        self.nodes.iter().filter(up).count()
    }

    /// Receipts after which a bid is in, n - t.
    pub fn receipts_needed(&self) -> usize {
        self.roster
            .as_ref()
            .map_or(0, |roster| usize::from(roster.scheme.nodes() - roster.scheme.threshold()))
    }

    /// Why nothing can be settled at present: too few nodes are there, or reach each other. What has
    /// just been started is given a moment to find together before anything is claimed.
    pub fn short_of_nodes(&self) -> Option<&Shortage> {
        let since = self.heard_since?;
        let looked = self.now.millis() - since.millis() >= FIRST_LOOK;
        let connected = matches!(self.link, Link::Connected { .. });
        self.shortage.as_ref().filter(|_| connected && looked)
    }

    /// Bids in a session, as far as is known: signed ones, else those heard of or admitted.
    pub fn bids(&self, session: &Session) -> Option<u64> {
        if let Some(manifest) =
            self.details.get(&session.id).and_then(|detail| detail.manifest.as_ref())
        {
            return Some(manifest.bids + manifest.excluded.len() as u64);
        }
        let heard = self.live.get(&session.id).map(|live| live.bids.len() as u64);
        session.bidders.max(heard)
    }

    /// Milliseconds until bidding ends, by the coordinator's clock; for an open session.
    pub fn closes_in(&self, session: &Session) -> Option<i64> {
        (session.phase == Phase::Open)
            .then(|| session.terms.bids_until.millis() - self.coordinator_now().millis())
    }
}
