//! The form of a bid. The amount lives in its field only, and is wiped when the bid is sealed or
//! the form left.

use std::collections::BTreeMap;

use super::action::{Effect, Request};
use super::allowed;
use crate::base::text::clean;
use crate::client::BidAmount;
use crate::session::SessionId;
use crate::tui::input::commands::{BidFormCommand, BidsCommand};
use crate::tui::state::field::Field;
use crate::tui::state::forms::{Asked, BidForm, BidStage, Popup, Question};
use crate::tui::state::model::Model;
use crate::tui::state::screen::Screen;

/// Begin to bid, or send the latest envelope again.
pub fn begin(model: &mut Model, command: BidsCommand) -> Vec<Effect> {
    let Some((_, session)) = model.bid_at() else { return Vec::new() };
    let session = session.id;
    match command {
        BidsCommand::Edit => {
            open(model, session);
            Vec::new()
        }
        BidsCommand::Resend => {
            let stage = BidStage::Sending { heard: BTreeMap::new() };
            model.ui.form =
                Some(BidForm { session, amount: Field::secret(), reveal: false, stage });
            vec![Effect::Ask(Request::Resend(session))]
        }
    }
}

/// Do what a command of the form says.
pub fn run(model: &mut Model, command: BidFormCommand) {
    match command {
        BidFormCommand::Send => ask(model),
        BidFormCommand::Reveal => {
            if let Some(form) = &mut model.ui.form {
                form.reveal = !form.reveal;
            }
        }
        BidFormCommand::Leave => model.ui.form = None,
    }
}

/// Open the form for a session.
pub fn open(model: &mut Model, session: SessionId) {
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
    let earlier = model.live().own.latest(id);
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
    let Some(known) = model.live().session(session) else { return Vec::new() };
    let terms = known.terms.clone();
    let able = allowed::bidder(model, known);
    let Some(form) = model.ui.form.as_mut().filter(|form| form.session == session) else {
        return Vec::new();
    };
    let amount = BidAmount::parse(form.amount.text(), &terms.question.unit());
    form.amount.clear();
    form.reveal = false;
    match able.and(amount.map_err(|error| error.to_string())) {
        Ok(amount) => {
            form.stage = BidStage::Sending { heard: BTreeMap::new() };
            vec![Effect::Ask(Request::Place(session, amount))]
        }
        Err(error) => {
            let why = clean(&error);
            form.stage = BidStage::Failed { heard: BTreeMap::new(), why };
            Vec::new()
        }
    }
}
