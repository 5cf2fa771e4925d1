//! The state of the program: what is known ([`Data`]) and where the person is ([`Ui`]).

use std::path::PathBuf;
use std::time::Duration;

use super::alert::Alert;
use super::audit::{Audit, PathForm};
use super::data::{Data, Level, LogLine, Piece, Session};
use super::field::Field;
use super::forms::{BidForm, BidStage, Popup, Toast};
use super::login::LoginForm;
use super::new_session::NewSession;
use super::people::PeopleView;
use super::screen::{Drawn, Screen};
use super::theme::Theme;
use crate::base::Timestamp;
use crate::base::text::Clean;
use crate::session::{Phase, SessionId};
use crate::sharing::NodeIndex;
use crate::tui::input::keymap::Keymap;
use crate::tui::input::layer::Layer;
use crate::tui::input::table::Row;

/// Who sits here, and what they may do.
#[derive(Clone, Debug, Default)]
pub struct Person {
    /// Whether the coordinator's key is here.
    pub operator: bool,
    /// The node whose key is here.
    pub node: Option<NodeIndex>,
    /// The name to bid under, when a bidder's key is here.
    pub bidder: Option<Clean>,
    /// Whether everything that changes something is switched off.
    pub read_only: bool,
    /// Whether this is the demo.
    pub demo: bool,
    /// What the demo holds every message between nodes back by.
    pub simulated_delay: Option<Duration>,
    /// Which servers stop with this program, in words; empty when none does.
    pub serves: String,
    /// Where records are written.
    pub records: PathBuf,
    /// The account to log in as, where somebody can log in here; empty where none is known.
    pub account: Option<Clean>,
}

impl Person {
    /// For the bar at the top.
    pub fn role(&self) -> String {
        let mut roles = Vec::new();
        if self.operator {
            roles.push("coordinator".to_owned());
        }
        if let Some(node) = self.node {
            roles.push(format!("node {node}"));
        }
        if self.bidder.is_some() {
            roles.push("bidder".to_owned());
        }
        if roles.is_empty() {
            roles.push("visitor".to_owned());
        }
        if self.read_only {
            roles.push("read-only".to_owned());
        }
        roles.join(", ")
    }
}

/// Columns to sort by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SortBy {
    /// Those under way first, then the newest.
    Activity,
    /// By title.
    Title,
    /// By phase.
    Phase,
    /// By the end of bidding.
    Closes,
    /// By number of bids.
    Bids,
}

impl SortBy {
    /// The next column.
    #[must_use]
    pub const fn next(self) -> Self {
        match self {
            Self::Activity => Self::Title,
            Self::Title => Self::Phase,
            Self::Phase => Self::Closes,
            Self::Closes => Self::Bids,
            Self::Bids => Self::Activity,
        }
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Activity => "activity",
            Self::Title => "title",
            Self::Phase => "phase",
            Self::Closes => "closing time",
            Self::Bids => "bids",
        }
    }
}

/// The filter and how the log is narrowed.
#[derive(Clone)]
pub struct LogView {
    /// The least that shows.
    pub level: Level,
    /// Only the selected session's.
    pub only: bool,
    /// Whether the newest line stays in sight.
    pub follow: bool,
    /// The selected line, counted from the first that was ever written.
    pub line: u64,
    /// Words to look for.
    pub filter: Field,
}

/// Where the person is.
#[expect(clippy::struct_excessive_bools)] // each is a switch of its own
pub struct Ui {
    /// The screen.
    pub screen: Screen,
    /// Whether the detail beside the list has the keys.
    pub in_detail: bool,
    /// Whether the pane with the keys has the whole screen.
    pub enlarged: bool,
    /// Whether names are hidden.
    pub masked: bool,
    /// The selected session.
    pub selected: Option<SessionId>,
    /// Which sessions show, in which order: positions in [`Data::sessions`].
    pub order: Vec<usize>,
    /// What the list is sorted by.
    pub sort: SortBy,
    /// The other way round.
    pub backwards: bool,
    /// What the list is filtered by.
    pub filter: Field,
    /// What the bidders of the selected session are filtered by.
    pub bidders: Field,
    /// Whether the filter has the keys.
    pub filtering: bool,
    /// The selected row of the grid.
    pub grid_row: usize,
    /// The selected node.
    pub node: usize,
    /// The first line of the page of keys.
    pub help_line: usize,
    /// The log.
    pub log: LogView,
    /// Accounts and invitations.
    pub people: PeopleView,
    /// The selected auction on the bid's screen.
    pub bid: Option<SessionId>,
    /// The form of a bid.
    pub form: Option<BidForm>,
    /// What lies over it.
    pub popups: Vec<Popup>,
    /// A notice.
    pub toast: Option<Toast>,
    /// What needs a person.
    pub alerts: Vec<Alert>,
    /// The terminal's title.
    pub title: String,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// What the latest drawing found out.
    pub drawn: Drawn,
    /// What just happened in the demo.
    pub story: Vec<Piece>,
    /// The run that is looked back at, and the step of it.
    pub look_back: Option<(SessionId, usize)>,
}

/// What is being asked of the servers, so that nothing is asked twice at a time.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools)] // each is a question of its own
pub struct Asking {
    /// The detail that is on its way.
    pub detail: Option<SessionId>,
    /// When the selected detail was last asked for.
    pub detail_at: Option<Timestamp>,
    /// The session whose admissions are on their way.
    pub admissions: Option<SessionId>,
    /// Phases changed: ask at the next tick.
    pub detail_stale: bool,
    /// The session whose receipts are on their way.
    pub receipts: Option<SessionId>,
    /// When receipts were last read, of which session, and how long that took in milliseconds.
    pub receipts_at: Option<(Timestamp, SessionId, i64)>,
    /// Nodes or events have come back: read the receipts at the next tick.
    pub receipts_stale: bool,
    /// The market whose record is read for what it tells us alone.
    pub own_trade: Option<SessionId>,
    /// Accounts and invitations are on their way.
    pub people: bool,
    /// When they were last asked for; none where they are to be asked for at the next tick.
    pub people_at: Option<Timestamp>,
    /// Our own node is asked which jobs wait for its operator.
    pub awaiting: bool,
    /// When it was last asked.
    pub awaiting_at: Option<Timestamp>,
}

/// The state of the program.
pub struct Model {
    /// What is known.
    live: Data,
    /// What was known when the display was stopped.
    frozen: Option<Box<Data>>,
    /// Where the person is.
    pub ui: Ui,
    /// Who it is.
    pub person: Person,
    /// What every key does.
    pub keymap: Keymap,
    /// Colours.
    pub theme: Theme,
    /// Whether only ASCII is drawn.
    pub ascii: bool,
    /// What is being asked.
    pub asking: Asking,
    /// Whether something that shows has changed since the latest drawing.
    pub dirty: bool,
    /// Whether the program ends.
    pub over: bool,
}

impl Model {
    /// A program that has just started.
    pub fn new(now: Timestamp, person: Person, keymap: Keymap, theme: Theme, ascii: bool) -> Self {
        Self {
            live: Data::new(now),
            frozen: None,
            ui: Ui {
                screen: Screen::Auctions,
                in_detail: false,
                enlarged: false,
                masked: false,
                selected: None,
                order: Vec::new(),
                sort: SortBy::Activity,
                backwards: false,
                filter: Field::default(),
                bidders: Field::default(),
                filtering: false,
                grid_row: 0,
                node: 0,
                help_line: 0,
                log: LogView {
                    level: Level::Info,
                    only: false,
                    follow: true,
                    line: 0,
                    filter: Field::default(),
                },
                people: PeopleView::default(),
                bid: None,
                form: None,
                popups: Vec::new(),
                toast: None,
                alerts: Vec::new(),
                title: String::new(),
                size: (80, 24),
                drawn: Drawn::default(),
                story: Vec::new(),
                look_back: None,
            },
            person,
            keymap,
            theme,
            ascii,
            asking: Asking::default(),
            dirty: true,
            over: false,
        }
    }

    /// What the screen shows: what is known, or what was known when the display was stopped.
    pub fn data(&self) -> &Data {
        self.frozen.as_deref().unwrap_or(&self.live)
    }

    /// What is known, whatever the screen shows.
    pub const fn live(&self) -> &Data {
        &self.live
    }

    /// The same, to be changed.
    pub const fn live_mut(&mut self) -> &mut Data {
        &mut self.live
    }

    /// Whether the display is stopped.
    pub const fn paused(&self) -> bool {
        self.frozen.is_some()
    }

    /// Stop the display, or let it go on. What is shown is another set of sessions then, to be
    /// arranged anew.
    pub fn pause(&mut self) {
        self.frozen = match self.frozen {
            Some(_) => None,
            None => Some(Box::new(self.live.clone())),
        };
    }

    /// The layer that has the keys.
    pub fn layer(&self) -> Layer {
        match self.ui.popups.last() {
            Some(Popup::Help(_)) => Layer::Help,
            Some(Popup::Palette(..)) => Layer::Palette,
            Some(Popup::Confirm(_)) => Layer::Confirm,
            Some(Popup::NewSession(_)) => Layer::NewSession,
            Some(Popup::Login(_)) => Layer::Login,
            Some(Popup::Invite(_)) => Layer::Invite,
            Some(Popup::Code(_)) => Layer::Code,
            Some(Popup::Audit(_)) => Layer::Audit,
            Some(Popup::Path(_)) => Layer::Path,
            Some(Popup::Prints(_)) => Layer::Prints,
            Some(Popup::Variables(_)) => Layer::Variables,
            Some(Popup::Models(room)) if room.page.is_some() => Layer::Batches,
            Some(Popup::Models(_)) => Layer::Models,
            Some(Popup::Approval(_)) => Layer::Approval,
            None if self.ui.filtering => Layer::Filter,
            None => self.screen_layer(),
        }
    }

    /// The layer of the screen, whatever lies over it.
    pub fn screen_layer(&self) -> Layer {
        match self.ui.screen {
            Screen::Auctions if self.ui.in_detail => Layer::Detail,
            Screen::Auctions => Layer::Auctions,
            Screen::Bracket => Layer::Bracket,
            Screen::Nodes => Layer::Nodes,
            Screen::Bid if self.ui.form.as_ref().is_some_and(|form| form.answers.is_some()) => {
                Layer::AnswerForm
            }
            Screen::Bid if self.ui.form.is_some() => Layer::BidForm,
            Screen::Bid => Layer::Bid,
            Screen::Log => Layer::Log,
            Screen::People => Layer::People,
        }
    }

    /// The screens that this person has, in the order of the tabs.
    pub fn screens(&self) -> impl Iterator<Item = Screen> + use<> {
        let operator = self.person.operator;
        Screen::ALL.into_iter().filter(move |screen| operator || *screen != Screen::People)
    }

    /// The selected session.
    pub fn selected(&self) -> Option<&Session> {
        self.data().session(self.ui.selected?)
    }

    /// Sessions on the bid's screen: the open ones, then those we bid in, the newest first. The
    /// selected one stays until another is, so that none takes its place unseen.
    pub fn biddable(&self) -> Vec<&Session> {
        let data = self.data();
        let mut sessions: Vec<_> = data
            .sessions
            .iter()
            .filter(|session| {
                session.phase.is_bidding()
                    || data.own.latest(session.id).is_some()
                    || self.ui.bid == Some(session.id)
            })
            .collect();
        sessions.sort_by_key(|session| {
            (session.phase != Phase::Open, std::cmp::Reverse(session.created))
        });
        sessions
    }

    /// The selected one of [`Self::biddable`], and its row; the first before one is selected.
    pub fn bid_at(&self) -> Option<(usize, &Session)> {
        let sessions = self.biddable();
        let row = sessions.iter().position(|session| Some(session.id) == self.ui.bid).unwrap_or(0);
        sessions.get(row).map(|session| (row, *session))
    }

    /// A row's keys in a layer, for hints.
    pub fn keys(&self, layer: Layer, row: &Row) -> String {
        self.keymap.label(layer, row)
    }

    /// A bidder's name as it may show now.
    pub fn shown(&self, name: &Clean) -> String {
        if self.ui.masked { self.data().alias(name) } else { name.as_str().to_owned() }
    }

    /// Say something short over the foot.
    pub fn say(&mut self, level: Level, text: impl Into<String>) {
        let stay = if level >= Level::Warn { 8_000 } else { 4_000 };
        let until = self.live.now.plus_millis(stay);
        self.ui.toast = Some(Toast { text: text.into(), level, until });
        self.dirty = true;
    }

    /// Write a line of our own into the log.
    pub fn note(&mut self, level: Level, session: Option<SessionId>, text: &str) {
        let at = self.live.now;
        let pieces = vec![Piece::Text(text.to_owned())];
        self.live.note(LogLine { at, level, session, who: None, pieces });
    }

    /// The form of a new session, while it lies on top.
    pub fn new_session(&mut self) -> Option<&mut NewSession> {
        if let Popup::NewSession(form) = self.ui.popups.last_mut()? { Some(form) } else { None }
    }

    /// The form of a login, while it lies on top.
    pub fn login(&mut self) -> Option<&mut LoginForm> {
        if let Popup::Login(form) = self.ui.popups.last_mut()? { Some(form) } else { None }
    }

    /// The record that is looked at, while it lies on top.
    pub fn audit(&mut self) -> Option<&mut Audit> {
        if let Popup::Audit(audit) = self.ui.popups.last_mut()? { Some(audit) } else { None }
    }

    /// The form for a path, while it lies on top.
    pub fn path_form(&mut self) -> Option<&mut PathForm> {
        if let Popup::Path(form) = self.ui.popups.last_mut()? { Some(form) } else { None }
    }

    /// Whether a bid is on its way.
    pub fn sending(&self) -> bool {
        self.ui.form.as_ref().is_some_and(|form| matches!(form.stage, BidStage::Sending { .. }))
    }

    /// Keep the selected auction to bid in, whatever comes or goes around it.
    pub fn keep_bid(&mut self) {
        let kept = self.bid_at().map(|(_, session)| session.id);
        self.ui.bid = kept.or(self.ui.bid);
    }
}
