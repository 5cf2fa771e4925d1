//! What lies over the screens or is filled in on them: questions, the palette, the forms of a
//! session and of a bid, notices.

use std::collections::BTreeMap;

use super::data::Level;
use super::field::Field;
use crate::base::Timestamp;
use crate::base::text::Clean;
use crate::rules::auction::Kind;
use crate::session::SessionId;
use crate::sharing::NodeIndex;
use crate::tui::input::keymap::Layer;

/// A step that changes a session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Deed {
    /// Open it.
    Open,
    /// Close it.
    Close,
    /// Call it off.
    Cancel,
    /// Try again.
    Retry,
}

/// What a question is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Asked {
    /// A step of a session.
    Deed(SessionId, Deed),
    /// Hand the bid in.
    Bid(SessionId),
    /// Leave while something is under way.
    Quit,
}

/// A question before something that cannot be undone.
#[derive(Clone, Debug)]
pub struct Question {
    /// What it is about.
    pub asked: Asked,
    /// The question.
    pub title: String,
    /// What will happen, line by line.
    pub lines: Vec<String>,
    /// Whether it destroys something.
    pub grave: bool,
}

/// The palette.
#[derive(Clone, Default)]
pub struct Palette {
    /// What is looked for.
    pub field: Field,
    /// The selected one of the choices.
    pub selected: usize,
}

/// The form of a new session.
pub struct NewForm {
    /// A session file to read.
    pub file: Field,
    /// Title.
    pub title: Field,
    /// Kind.
    pub kind: Kind,
    /// Currency.
    pub currency: Field,
    /// Decimals.
    pub decimals: Field,
    /// Reserve; may be empty.
    pub reserve: Field,
    /// Maximum; may be empty.
    pub maximum: Field,
    /// A duration or a time.
    pub until: Field,
    /// Whether bids may be replaced.
    pub replace: bool,
    /// Whether to open it at once.
    pub open: bool,
    /// Which field has the keys, from 0.
    pub focus: usize,
    /// What is wrong, or what was done.
    pub notice: Option<String>,
    /// Whether an answer is awaited.
    pub busy: bool,
}

impl Default for NewForm {
    fn default() -> Self {
        Self {
            file: Field::default(),
            title: Field::default(),
            kind: Kind::SecondPrice,
            currency: Field::new("EUR"),
            decimals: Field::new("2"),
            reserve: Field::default(),
            maximum: Field::default(),
            until: Field::new("1h"),
            replace: true,
            open: true,
            focus: 1,
            notice: None,
            busy: false,
        }
    }
}

/// What lies over the screen.
pub enum Popup {
    /// The page of keys, for the layer it was asked from.
    Help(Layer),
    /// The palette, for the layer it was asked from.
    Palette(Palette, Layer),
    /// A question.
    Confirm(Question),
    /// A new session.
    New(Box<NewForm>),
}

/// What came of handing a bid to a node.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Heard {
    /// A receipt.
    Receipt(Timestamp),
    /// None, and why.
    Silence(Clean),
}

/// How far a bid is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BidStage {
    /// Being written.
    Editing,
    /// On its way.
    Sending {
        /// What came back so far.
        heard: BTreeMap<NodeIndex, Heard>,
    },
    /// Not in, and why.
    Failed {
        /// What came back.
        heard: BTreeMap<NodeIndex, Heard>,
        /// Why.
        why: Clean,
    },
}

/// The form of a bid.
pub struct BidForm {
    /// The session.
    pub session: SessionId,
    /// The amount as typed; wiped once the bid is sealed or the form left.
    pub amount: Field,
    /// Whether the amount shows.
    pub reveal: bool,
    /// How far it is.
    pub stage: BidStage,
}

/// A short notice over the foot.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Toast {
    /// What it says.
    pub text: String,
    /// How much it matters.
    pub level: Level,
    /// Until when it stays.
    pub until: Timestamp,
}
