//! The form of a bid. The amount lives in its field only, and is wiped when the bid is sealed or
//! the form left.

use std::collections::BTreeMap;

use super::action::Effect;
use super::allowed;
use crate::client::BidAmount;
use crate::rules::Terms;
use crate::session::SessionId;
use crate::tui::input::commands::Command;
use crate::tui::state::data::Session;
use crate::tui::state::field::Field;
use crate::tui::state::model::{Asked, BidForm, BidStage, Model, Popup, Question, Screen};

/// What can be said of an amount while it is typed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Check {
    /// Nothing typed yet.
    Empty,
    /// It can be handed in; a remark where it is unlikely to be meant.
    Fine(Option<String>),
    /// It cannot, and why. Never repeats the amount.
    Wrong(String),
}

/// Check an amount as typed.
pub fn check(text: &str, terms: &Terms) -> Check {
    if text.trim().is_empty() {
        return Check::Empty;
    }
    let show = |amount| crate::base::text::clean(&terms.currency.show(amount).to_string());
    match terms.currency.parse(text) {
        Err(error) => Check::Wrong(error.to_string()),
        Ok(amount) if amount > terms.maximum => {
            Check::Wrong(format!("above the maximum of {}", show(terms.maximum)))
        }
        Ok(amount) => match terms.reserve {
            Some(reserve) if terms.kind.is_reverse() && amount > reserve => {
                Check::Fine(Some(format!("above the ceiling of {}: it cannot win", show(reserve))))
            }
            Some(reserve) if !terms.kind.is_reverse() && amount < reserve => {
                Check::Fine(Some(format!("below the reserve of {}: it cannot win", show(reserve))))
            }
            _ => Check::Fine(None),
        },
    }
}

/// Whether we may write a bid for this session.
pub fn allowed(model: &Model, session: &Session) -> Result<(), String> {
    allowed::bidder(model, session)?;
    if model.data().own.contains_key(&session.id) && !session.terms.replace_bids {
        return Err("this auction takes one bid each, and yours is in".to_owned());
    }
    if allowed::sending(model) {
        return Err("a bid is on its way; wait for its receipts".to_owned());
    }
    Ok(())
}

/// Whether what is typed can be handed in.
pub fn sendable(model: &Model) -> Result<(), String> {
    let Some(form) = &model.ui.form else {
        return Err("only in the form of a bid".to_owned());
    };
    if let BidStage::Sending { .. } = form.stage {
        return Err("it is on its way".to_owned());
    }
    let Some(session) = model.live().session(form.session) else {
        return Err("the session is gone".to_owned());
    };
    allowed::bidder(model, session)?;
    match check(form.amount.text(), &session.terms) {
        Check::Empty => Err("type an amount first".to_owned()),
        Check::Wrong(why) => Err(why),
        Check::Fine(_) => Ok(()),
    }
}

/// Do what a command of bids says.
pub fn run(model: &mut Model, command: Command) -> Vec<Effect> {
    match command {
        Command::BidHere => {
            if let Some(session) = model.ui.selected {
                open(model, session);
            }
        }
        Command::EditBid => {
            let session = model.bid_at().map(|(_, session)| session.id);
            if let Some(session) = session {
                open(model, session);
            }
        }
        Command::Resend => {
            let session = model.bid_at().map(|(_, session)| session.id);
            if let Some(session) = session {
                let stage = BidStage::Sending { heard: BTreeMap::new() };
                model.ui.form =
                    Some(BidForm { session, amount: Field::secret(), reveal: false, stage });
                return vec![Effect::Resend(session)];
            }
        }
        Command::Reveal => {
            if let Some(form) = &mut model.ui.form {
                form.reveal = !form.reveal;
            }
        }
        Command::LeaveForm => model.ui.form = None,
        _ => ask(model),
    }
    Vec::new()
}

fn open(model: &mut Model, session: SessionId) {
    model.ui.selected = Some(session);
    model.asking.detail_stale = true;
    model.ui.screen = Screen::Bid;
    model.ui.enlarged = false;
    model.ui.bid = Some(session);
    let stage = BidStage::Editing;
    model.ui.form = Some(BidForm { session, amount: Field::secret(), reveal: false, stage });
}

fn ask(model: &mut Model) {
    let Some(form) = &mut model.ui.form else { return };
    form.reveal = false;
    let id = form.session;
    let Some(session) = model.live().session(id) else { return };
    let earlier = model.live().own.get(&id);
    let nodes = model.live().nodes.len();
    let threshold = model.live().roster.as_ref().map_or(0, |roster| roster.scheme.threshold());
    let name = model.person.bidder.clone().unwrap_or_default();
    let name = if model.ui.masked { "you".to_owned() } else { name.to_string() };
    let learn = match threshold {
        1 => "no node alone learns anything".to_owned(),
        _ => format!("any {threshold} of them together learn nothing"),
    };
    let mut lines = vec![
        session.title.to_string(),
        format!("as {name}. It is sealed in {nodes} parts, one for each node; {learn}."),
    ];
    lines.push(match earlier {
        Some(own) => format!("It replaces your bid of revision {}.", own.revision),
        None if session.terms.replace_bids => {
            "It binds you; you may replace it until bidding ends.".to_owned()
        }
        None => "It binds you, and cannot be replaced.".to_owned(),
    });
    model.ui.popups.push(Popup::Confirm(Question {
        asked: Asked::Bid(id),
        title: "Hand in this bid?".to_owned(),
        lines,
        grave: false,
    }));
}

/// The person said yes: the amount leaves the field for good.
pub fn confirmed(model: &mut Model, session: SessionId) -> Vec<Effect> {
    let Some(terms) = model.live().session(session).map(|session| session.terms.clone()) else {
        return Vec::new();
    };
    let Some(form) = model.ui.form.as_mut().filter(|form| form.session == session) else {
        return Vec::new();
    };
    let amount = BidAmount::parse(form.amount.text(), &terms.currency);
    form.amount.clear();
    form.reveal = false;
    match amount {
        Ok(amount) => {
            form.stage = BidStage::Sending { heard: BTreeMap::new() };
            vec![Effect::Place(session, amount)]
        }
        Err(error) => {
            let why = crate::base::text::clean(&error.to_string());
            form.stage = BidStage::Failed { heard: BTreeMap::new(), why };
            Vec::new()
        }
    }
}
