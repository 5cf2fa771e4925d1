//! What can be done now, and if not, why not. The same words dim a hint, grey a line of the
//! palette, and answer a key.

use super::bidding;
use crate::session::Phase;
use crate::tui::input::commands::Command;
use crate::tui::input::keymap::Layer;
use crate::tui::state::data::{Link, Session};
use crate::tui::state::model::{BidStage, Model, Popup};

/// Why a command cannot be done now; `None` when it can.
pub fn refusal(model: &Model, command: Command) -> Option<String> {
    let refused = match command {
        Command::Open => deed(model, |phase| match phase {
            Phase::Draft => None,
            Phase::Cancelled => Some("it was called off; write a new one"),
            _ => Some("it has been opened already"),
        }),
        Command::Close => deed(model, |phase| match phase {
            Phase::Open => None,
            Phase::Draft => Some("it is not open yet"),
            Phase::Cancelled => Some("it was called off"),
            _ => Some("bidding has ended already"),
        }),
        Command::Cancel => deed(model, |phase| match phase {
            Phase::Draft | Phase::Open | Phase::Closing => None,
            Phase::Settled => Some("it is decided, nothing can change it"),
            Phase::Cancelled => Some("it was called off already"),
            Phase::Computing | Phase::Failed => {
                Some("the bids are fixed and the outcome is being computed")
            }
        }),
        Command::Retry => deed(model, |phase| match phase {
            Phase::Failed => None,
            _ => Some("only a failed session is tried again"),
        }),
        Command::New => operator(model),
        Command::BidHere => match model.selected() {
            None => Err("select an auction first".to_owned()),
            Some(session) => bidding::allowed(model, session),
        },
        Command::EditBid => match model.bid_at() {
            None => Err("no auction is open".to_owned()),
            Some((_, session)) => bidding::allowed(model, session),
        },
        Command::Resend => resend(model),
        Command::SendBid => bidding::sendable(model),
        Command::Reveal | Command::LeaveForm if model.ui.form.is_none() => {
            Err("only in the form of a bid".to_owned())
        }
        Command::Reveal
            if model
                .ui
                .form
                .as_ref()
                .is_some_and(|form| matches!(form.stage, BidStage::Sending { .. })) =>
        {
            Err("the amount has been sealed and is kept nowhere".to_owned())
        }
        Command::ShowBracket | Command::Enter => match model.selected() {
            None => Err("select an auction first".to_owned()),
            Some(_) => Ok(()),
        },
        Command::OnlySelected if !model.ui.log.only && model.ui.selected.is_none() => {
            Err("select an auction first".to_owned())
        }
        Command::Record => record(model),
        Command::Previous | Command::Following if model.ui.order.len() < 2 => {
            Err("there is no other auction in the list".to_owned())
        }
        Command::Copy if super::to_copy(model).is_none() => Err("nothing is selected".to_owned()),
        Command::Yes | Command::No => within(model, Layer::Confirm, "a question is asked"),
        Command::NextField
        | Command::PreviousField
        | Command::Change
        | Command::Submit
        | Command::Discard => within(model, Layer::NewSession, "a session is being written"),
        Command::Run | Command::ChoiceUp | Command::ChoiceDown | Command::LeavePalette => {
            within(model, Layer::Palette, "the palette is open")
        }
        Command::KeepFilter | Command::DropFilter => {
            within(model, Layer::Filter, "the filter is being typed")
        }
        Command::LeaveHelp => within(model, Layer::Help, "the page of keys is open"),
        Command::Back if !model.ui.in_detail => Err("only from an auction's detail".to_owned()),
        _ => Ok(()),
    };
    refused.err()
}

fn within(model: &Model, layer: Layer, when: &str) -> Result<(), String> {
    if model.layer() == layer { Ok(()) } else { Err(format!("only while {when}")) }
}

/// Whether the coordinator can be asked to change something.
fn connected(model: &Model) -> Result<(), String> {
    if model.person.read_only {
        return Err("this program was started with --read-only".to_owned());
    }
    match model.live().link {
        Link::Connected { .. } => Ok(()),
        Link::Lost { .. } => Err("the coordinator does not answer".to_owned()),
        Link::Starting { .. } => Err("not connected yet".to_owned()),
    }
}

fn operator(model: &Model) -> Result<(), String> {
    if !model.person.operator {
        return Err("this is for the coordinator's operator, whose key is not here".to_owned());
    }
    connected(model)
}

fn deed(model: &Model, phase: impl Fn(Phase) -> Option<&'static str>) -> Result<(), String> {
    let Some(session) = model.ui.selected.and_then(|id| model.live().session(id)) else {
        return Err("select an auction first".to_owned());
    };
    operator(model)?;
    phase(session.phase).map_or(Ok(()), |why| Err(why.to_owned()))
}

/// Whether we may bid in a session at all.
pub fn bidder(model: &Model, session: &Session) -> Result<(), String> {
    if model.person.bidder.is_none() {
        return Err("no bidder's key is here; `gavel init bidder --name NAME` makes one".to_owned());
    }
    if session.phase != Phase::Open {
        return Err(match session.phase {
            Phase::Draft => "it is not open for bids yet",
            Phase::Cancelled => "it was called off",
            _ => "bidding has ended",
        }
        .to_owned());
    }
    connected(model)
}

fn resend(model: &Model) -> Result<(), String> {
    let Some((_, session)) = model.bid_at() else {
        return Err("no auction is selected".to_owned());
    };
    bidder(model, session)?;
    let Some(own) = model.data().own.get(&session.id) else {
        return Err("you have not bid in it".to_owned());
    };
    if own.receipts.len() >= model.data().nodes.len() {
        return Err("every node has given its receipt".to_owned());
    }
    Ok(())
}

fn record(model: &Model) -> Result<(), String> {
    let Some(session) = model.ui.selected else {
        return Err("select an auction first".to_owned());
    };
    match model.data().details.get(&session) {
        Some(detail) if detail.manifest.is_some() => connected_to_read(model),
        _ => Err("there is a record once the bids are fixed and signed".to_owned()),
    }
}

fn connected_to_read(model: &Model) -> Result<(), String> {
    match model.live().link {
        Link::Connected { .. } => Ok(()),
        _ => Err("the coordinator does not answer".to_owned()),
    }
}

/// Whether a bid is on its way.
pub fn sending(model: &Model) -> bool {
    model.ui.form.as_ref().is_some_and(|form| matches!(form.stage, BidStage::Sending { .. }))
}

/// The form of a new session, while it lies on top.
pub fn new_form(model: &mut Model) -> Option<&mut crate::tui::state::model::NewForm> {
    match model.ui.popups.last_mut() {
        Some(Popup::New(form)) => Some(form),
        _ => None,
    }
}
