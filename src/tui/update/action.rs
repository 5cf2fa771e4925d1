//! What goes into [`update`](super::update), and what comes out of it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crossterm::event::{KeyEvent, MouseEvent};

use crate::base::Timestamp;
use crate::base::text::Clean;
use crate::client::EntryValues;
use crate::identity::{AccountId, Digest, Roster};
use crate::rules::job::Prime;
use crate::session::SessionId;
use crate::session::progress::Event;
use crate::sharing::{NodeIndex, NodeSet};
use crate::tui::input::commands::Step;
use crate::tui::state::approval::SignedJob;
use crate::tui::state::audit::AuditRow;
use crate::tui::state::data::{Events, Level, Piece};
use crate::tui::state::forms::Heard;
use crate::tui::state::held::Held;
use crate::tui::state::model::Person;
use crate::tui::state::own::OwnBid;
use crate::tui::state::screen::Screen;
use crate::tui::state::stock::Books;
use crate::wire::account_api::{AccountLine, InvitationLine, NewInvitation, Secret};
use crate::wire::coordinator_api::{
    Bidder, BidderReceipts, CoordinatorHealth, SessionDetail, SessionSummary,
};
use crate::wire::node_api::NodeHealth;

/// Something happened: at the keyboard, at the servers, or on the clock.
pub enum Action {
    /// A key was pressed.
    Key(KeyEvent),
    /// The mouse.
    Mouse(MouseEvent),
    /// Text was pasted.
    Paste(String),
    /// The terminal has another size.
    Resize(u16, u16),
    /// Time went on.
    Tick(Timestamp),
    /// From the servers, or from a task.
    News(News),
    /// From whoever stages a demo.
    Cue(Cue),
}

impl From<News> for Action {
    fn from(news: News) -> Self {
        Self::News(news)
    }
}

/// What the servers say, and what came of an [`Effect`].
pub enum News {
    /// There is a network now.
    Attached {
        /// Its roster.
        roster: Arc<Roster>,
        /// Who sits here.
        person: Box<Person>,
    },
    /// The coordinator answered, with its round trip in microseconds.
    Health(Box<CoordinatorHealth>, u64),
    /// The coordinator did not answer.
    Lost {
        /// Why.
        why: String,
        /// When it is asked again.
        again: Timestamp,
        /// Whether it answers, but refuses us.
        refused: bool,
    },
    /// Our login is over, and why. Everybody's view goes on.
    LoginOver(String),
    /// We could not log in, and why.
    NotLoggedIn(String),
    /// The node of the operator who sits here answered him, with the round trip in microseconds, or
    /// did not.
    OwnNode(NodeIndex, Result<(Box<NodeHealth>, u64), String>),
    /// Whether live events come.
    Events(Events),
    /// A live event.
    Event(Box<Event>),
    /// Every session.
    Sessions(Vec<SessionSummary>),
    /// One session, or why it did not come.
    Detail(SessionId, Result<Box<SessionDetail>, String>),
    /// The bidders admitted to a session, where they could be had.
    Admissions(SessionId, Option<Vec<Bidder>>),
    /// What the nodes keep of a session's receipts, where they could be had.
    Receipts(SessionId, Option<ReadReceipts>),
    /// All our bids, as kept on this machine, with every revision.
    Own(Vec<(SessionId, OwnBid)>),
    /// The position of the cohort that the operator of a survey has assigned to us, where it has them
    /// assigned; or why there is none.
    Cohort(SessionId, Result<Option<u8>, String>),
    /// A node's answer to our bid.
    BidHeard(SessionId, NodeIndex, Heard),
    /// Our bid is in.
    BidIn(SessionId, OwnBid, BTreeMap<NodeIndex, Heard>),
    /// Our bid is not in.
    BidFailed(SessionId, String, BTreeMap<NodeIndex, Heard>),
    /// A step was taken, or not.
    StepTaken(SessionId, Step, Result<Box<SessionDetail>, String>),
    /// A session was written, or not.
    Written(Result<Box<SessionDetail>, String>),
    /// A session file was read, or not.
    FileRead(Result<String, String>),
    /// How much we trade in a market, as its checked record says, or why that is not known.
    OwnTrade(SessionId, Result<i64, String>),
    /// A session's record was checked here, or could not be had.
    Audited(SessionId, Result<Vec<AuditRow>, String>),
    /// A file was written, with what to say of it, or why not.
    Saved(Result<String, String>),
    /// The variables that stay, or why they did not come.
    Variables(Result<Stock, String>),
    /// Models with their stocks, and the batches of one, or why they did not come.
    Models(Result<Box<Books>, String>),
    /// A model of this name is taken back, or why it is not.
    ModelWithdrawn(Clean, Result<(), String>),
    /// The job that forgets a variable was made, or not.
    Forgotten(String, Result<SessionId, String>),
    /// Which jobs wait for our own node's operator, where the node told.
    Awaiting(Option<Vec<(SessionId, bool)>>),
    /// The steps of a job as our own node was told them, or why they did not come.
    Announced(SessionId, Result<SignedJob, String>),
    /// Our own node may compute a job, or was not told so.
    Approved(SessionId, Result<(), String>),
    /// Accounts and invitations, or why they did not come.
    People(Result<Listed, String>),
    /// An invitation was made, or not.
    Invited(Result<Box<NewInvitation>, String>),
    /// An account or an invitation was changed, or not.
    PersonChanged(Result<Changed, String>),
    /// Something to say.
    Told(Level, String),
}

/// The variables that stay at the nodes.
pub struct Stock {
    /// Each with the nodes that have a share of it.
    pub held: Vec<Held>,
    /// Nodes that did not tell.
    pub unheard: NodeSet,
}

/// Accounts and invitations, as the coordinator lists them.
pub type Listed = (Vec<AccountLine>, Vec<InvitationLine>);

/// What was changed.
pub enum Changed {
    /// An account.
    Account(AccountLine),
    /// An invitation.
    Invitation(InvitationLine),
    /// All invitations that nobody had used.
    Invitations(Vec<InvitationLine>),
}

/// Receipts as the nodes keep them.
pub struct ReadReceipts {
    /// The bidders, with the nodes that gave them receipts.
    pub bidders: Vec<BidderReceipts>,
    /// Nodes that did not answer.
    pub unheard: NodeSet,
    /// Whether there are more bidders than were asked for.
    pub more: bool,
    /// How long reading took, in milliseconds.
    pub took: i64,
}

/// What whoever stages a demo tells the screens.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Cue {
    /// What just happened, in a line that stays until the next.
    Tell(Vec<Piece>),
    /// Show a screen.
    Show(Screen),
    /// Select a session.
    Select(SessionId),
    /// Say something.
    Say(String),
    /// Something went wrong.
    Trouble(String),
    /// Leave the screens.
    Finish,
}

/// What [`update`](super::update) wants done.
pub enum Effect {
    /// Ask the servers something; the answer comes back as [`News`].
    Ask(Request),
    /// Ask for everything again at once.
    Refresh,
    /// Read a session file.
    ReadFile(PathBuf),
    /// Put text on the clipboard.
    Copy(Clean),
    /// Put a secret on the clipboard.
    CopySecret(Secret),
    /// Ring the terminal's bell.
    Bell,
    /// Give the terminal this title.
    Title(String),
    /// Go to the shell.
    Suspend,
    /// Draw everything again.
    Redraw,
}

/// What the servers are asked for. It is done as a task of its own.
pub enum Request {
    /// A session.
    Detail(SessionId),
    /// The bidders admitted to a session.
    Admissions(SessionId),
    /// What the nodes keep of a session's receipts.
    Receipts(SessionId),
    /// Log in.
    LogIn {
        /// The account's name.
        name: String,
        /// Its password.
        password: Secret,
    },
    /// Accounts and invitations.
    People,
    /// The variables that stay.
    Variables,
    /// Models with their stocks, and the batches of this one.
    Models(Option<Digest>),
    /// Take a model of this name back.
    WithdrawModel(Digest, Clean),
    /// Have a variable forgotten that is shared over this field.
    Forget(String, Prime),
    /// Which of these jobs wait for our own node's operator.
    Awaiting(Vec<SessionId>),
    /// A job's steps, as our own node was told them.
    Announced(SessionId),
    /// Let a job run at our own node.
    Approve(SessionId),
    /// Make an invitation.
    Invite {
        /// For whom it is.
        label: String,
        /// The group that they belong to.
        cohort: Option<String>,
        /// Hours until it expires.
        hours: u32,
    },
    /// Take the invitation of this code's hash back.
    Revoke(Digest),
    /// Take every invitation back that nobody has used.
    RevokeUnused,
    /// Disable an account, or enable it again.
    SetAccount(AccountId, bool),
    /// Take a step.
    Step(SessionId, Step),
    /// Write a session from the text of a session file.
    Write {
        /// The text.
        file: String,
        /// Whether to open it at once.
        open: bool,
    },
    /// Write other terms into a draft, from the text of a session file.
    Edit {
        /// The draft.
        session: SessionId,
        /// The text.
        file: String,
        /// Whether to open it then.
        open: bool,
    },
    /// The cohort of a survey that its operator has assigned to us.
    Cohort(SessionId),
    /// Split, seal and hand in a bid or an order.
    Place(SessionId, EntryValues, Option<PathBuf>),
    /// Hand the latest envelope in again.
    Resend(SessionId),
    /// Check a session's record.
    Audit(SessionId),
    /// Check a market's record and read what it tells us alone.
    OwnTrade(SessionId),
    /// Write a session's record, or its result, to a file.
    Record(SessionId, PathBuf),
}
