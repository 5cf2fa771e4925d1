//! The form of a bid, in a market of an order. What is typed lives in its field only, and is wiped
//! when it is sealed or the form left.

use std::collections::BTreeMap;

use super::action::{Effect, Request};
use super::allowed;
use crate::base::text::clean;
use crate::client::amount;
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
    // Who writes an order is to see its curve; a key hides both.
    let reveal = model.live().session(session).is_some_and(|session| session.market().is_some());
    model.ui.form = Some(BidForm { session, amount: Field::secret(), reveal, stage });
}

fn ask(model: &mut Model) {
    let Some(id) = model.ui.form.as_ref().map(|form| form.session) else { return };
    let Some(session) = model.live().session(id) else { return };
    let market = session.market().is_some();
    let earlier = model.live().own.latest(id);
    let nodes = model.live().nodes.len();
    let threshold = model.live().roster.as_ref().map_or(0, |roster| roster.scheme.threshold());
    let name = model.person.bidder.clone().unwrap_or_default();
    let name = if model.ui.masked { "you".to_owned() } else { name.to_string() };
    let learn = match threshold {
        1 => "no node alone learns anything".to_owned(),
        _ => format!("any {threshold} of them together learn nothing"),
    };
    let what = if market { "order" } else { "bid" };
    let mut lines = vec![
        session.title.to_string(),
        format!("as {name}. It is sealed in {nodes} parts, one for each node; {learn}."),
    ];
    lines.push(match earlier {
        Some(own) => format!("It replaces your {what} of revision {}.", own.revision),
        None if session.terms.replace_bids => {
            "It binds you; you may replace it until bidding ends.".to_owned()
        }
        None => "It binds you, and cannot be replaced.".to_owned(),
    });
    if let Some(form) = &mut model.ui.form {
        // An order stays in sight until it is signed.
        form.reveal &= market;
    }
    model.ui.popups.push(Popup::Confirm(Question {
        asked: Asked::Bid(id),
        title: format!("Hand in this {what}?"),
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
    let entry = amount::entry(form.amount.text(), &terms);
    form.amount.clear();
    form.reveal = terms.question.as_market().is_some();
    match able.and(entry.map_err(|error| error.to_string())) {
        Ok(entry) => {
            form.stage = BidStage::Sending { heard: BTreeMap::new() };
            vec![Effect::Ask(Request::Place(session, entry))]
        }
        Err(error) => {
            let why = clean(&error);
            form.stage = BidStage::Failed { heard: BTreeMap::new(), why };
            Vec::new()
        }
    }
}
