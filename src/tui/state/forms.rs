//! What lies over the screens or is filled in on them: questions, the palette, the form of a bid,
//! notices.

use std::collections::BTreeMap;

use super::answers::Answers;
use super::approval::Approval;
use super::audit::{Audit, PathForm};
use super::data::Level;
use super::field::Field;
use super::held::Shelf;
use super::invite::{InviteForm, ShownCode};
use super::login::LoginForm;
use super::new_session::NewSession;
use super::stock::Storeroom;
use crate::base::Timestamp;
use crate::base::text::Clean;
use crate::identity::{AccountId, Digest};
use crate::rules::job::Prime;
use crate::session::SessionId;
use crate::sharing::NodeIndex;
use crate::tui::input::commands::Step;
use crate::tui::input::layer::Layer;

/// What a question is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Asked {
    /// A step of a session.
    Step(SessionId, Step),
    /// Hand the bid in.
    Bid(SessionId),
    /// Take the invitation of this code's hash back.
    Revoke(Digest),
    /// Take every invitation back that nobody has used.
    RevokeUnused,
    /// Disable an account, or enable it again.
    SetAccount(AccountId, bool),
    /// Have the nodes forget a variable, shared over a field.
    Forget(String, Prime),
    /// Take a model of this name back.
    WithdrawModel(Digest, Clean),
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

/// What lies over the screen.
pub enum Popup {
    /// The page of keys, for the layer it was asked from.
    Help(Layer),
    /// The palette, for the layer it was asked from.
    Palette(Palette, Layer),
    /// A question.
    Confirm(Question),
    /// A new session.
    NewSession(Box<NewSession>),
    /// A login.
    Login(Box<LoginForm>),
    /// An invitation to be made.
    Invite(Box<InviteForm>),
    /// The code of one that was made.
    Code(Box<ShownCode>),
    /// A session's record.
    Audit(Box<Audit>),
    /// Where to write it.
    Path(Box<PathForm>),
    /// Digest and fingerprints, with the selected row.
    Prints(usize),
    /// The variables that stay at the nodes.
    Variables(Box<Shelf>),
    /// Models, and their stocks of material.
    Models(Box<Storeroom>),
    /// A job that waits for the word of this node's operator.
    Approval(Box<Approval>),
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

/// Where the signed score of a bid is.
#[derive(Default)]
pub struct ScoreFile {
    /// The path as typed.
    pub path: Field,
    /// Whether it is written, so that the amount is next.
    pub named: bool,
}

impl BidForm {
    /// The path of the score while it is being written.
    pub fn unnamed(&self) -> Option<&Field> {
        self.score.as_ref().filter(|score| !score.named).map(|score| &score.path)
    }
}

/// The form of a bid, an order or the answers to a survey.
pub struct BidForm {
    /// The session.
    pub session: SessionId,
    /// The amount as typed; wiped once the bid is sealed or the form left.
    pub amount: Field,
    /// Where bids come with a score, its file, which is named before the amount.
    pub score: Option<ScoreFile>,
    /// In a survey the answers, in place of the amount.
    pub answers: Option<Answers>,
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
