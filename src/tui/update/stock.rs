//! Looking at models, their stocks of material and their batches, and taking one back.

use super::action::{Effect, Request};
use super::allowed;
use crate::base::text::{Clean, clean};
use crate::identity::Digest;
use crate::tui::figures::plural;
use crate::tui::input::commands::{BatchesCommand, ModelsCommand};
use crate::tui::state::data::Level;
use crate::tui::state::forms::{Asked, Popup, Question};
use crate::tui::state::model::Model;
use crate::tui::state::screen::List;
use crate::tui::state::stock::{Books, Page, Storeroom};

/// Between two questions after them, in milliseconds.
const PAUSE: i64 = 1_000;

/// Show them.
pub fn open(model: &mut Model) -> Vec<Effect> {
    model.ui.popups.push(Popup::Models(Box::default()));
    ask(model)
}

/// Ask for them while they show, when they are due.
pub fn ask(model: &mut Model) -> Vec<Effect> {
    let now = model.live().now;
    let Some(room) = model.storeroom() else { return Vec::new() };
    let rested = room.asked.is_none_or(|at| now.millis() - at.millis() >= PAUSE);
    if room.asking || !rested {
        return Vec::new();
    }
    room.asking = true;
    room.asked = Some(now);
    let page = room.page.as_ref().map(|page| page.model);
    vec![Effect::Ask(Request::Models(page))]
}

/// They have come, or not.
pub fn came(model: &mut Model, answer: Result<Box<Books>, String>) -> Vec<Effect> {
    let Some(room) = model.storeroom() else { return Vec::new() };
    room.asking = false;
    match answer {
        Ok(books) => {
            let of = books.batches.as_ref().map(|(model, _)| *model);
            room.take(*books);
            // A page was opened while the answer to an earlier question was on its way.
            if room.page.as_ref().is_some_and(|page| Some(page.model) != of) {
                room.asked = None;
                return ask(model);
            }
        }
        Err(why) => room.trouble = Some(clean(&why)),
    }
    Vec::new()
}

/// Do what a command says while they show.
pub fn run(model: &mut Model, command: ModelsCommand) -> Vec<Effect> {
    let Some(selected) = model.storeroom().map(|room| room.selected().cloned()) else {
        return Vec::new();
    };
    match (command, selected) {
        (ModelsCommand::Leave, _) => {
            model.ui.popups.pop();
        }
        (ModelsCommand::Open | ModelsCommand::Withdraw | ModelsCommand::Copy, None) => {
            let told = model.storeroom().is_some_and(|room| room.known.is_some());
            let why =
                if told { "no model is announced" } else { "the coordinator has not told yet" };
            model.say(Level::Warn, why);
        }
        (ModelsCommand::Copy, Some(offer)) => {
            model.say(Level::Info, format!("copied the id of {}", offer.name));
            return vec![Effect::Copy(clean(&offer.model.to_string()))];
        }
        (ModelsCommand::Withdraw, Some(offer)) => {
            let lines = vec![
                format!("{}, {}, announced with the key {}", offer.name, offer.sizes, offer.owner),
                format!(
                    "Its stock of {} is withdrawn. Its owner may announce it again while it has an account.",
                    plural(offer.stock.ready.into(), "ready batch", "ready batches")
                ),
            ];
            model.ui.popups.push(Popup::Confirm(Question {
                asked: Asked::WithdrawModel(offer.model, offer.name),
                title: "Take this model back?".to_owned(),
                lines,
                grave: true,
            }));
        }
        (ModelsCommand::Open, Some(offer)) => {
            model.ui.drawn.offsets[List::Batches as usize] = 0;
            if let Some(room) = model.storeroom() {
                room.page = Some(Page::new(offer.model));
                room.asked = None;
            }
            return ask(model);
        }
    }
    Vec::new()
}

/// The person said yes.
pub fn withdraw(model: &mut Model, of: Digest, name: Clean) -> Vec<Effect> {
    // It may have become impossible while the question was there.
    if let Err(why) = allowed::operator(model) {
        model.say(Level::Warn, why);
        return Vec::new();
    }
    vec![Effect::Ask(Request::WithdrawModel(of, name))]
}

/// It is taken back, or not.
pub fn withdrawn(model: &mut Model, name: &Clean, answer: Result<(), String>) -> Vec<Effect> {
    let (level, text) = match answer {
        Ok(()) => (Level::Info, format!("{name} is announced no more")),
        Err(why) => (Level::Error, format!("{name} is not taken back: {}", clean(&why))),
    };
    model.note(level, None, &text);
    model.say(level, text);
    if let Some(room) = model.storeroom() {
        room.asked = None;
    }
    ask(model)
}

/// Do what a command says while the batches of one show.
pub fn run_batches(model: &mut Model, command: BatchesCommand) -> Vec<Effect> {
    let Some(room) = model.storeroom() else { return Vec::new() };
    match command {
        BatchesCommand::Leave => room.page = None,
        BatchesCommand::Copy => {
            let selected = room.page.as_ref().and_then(Page::selected).map(|lot| lot.batch);
            let Some(batch) = selected else {
                model.say(Level::Warn, "no batch is selected");
                return Vec::new();
            };
            model.say(Level::Info, format!("copied the id of batch {batch}"));
            return vec![Effect::Copy(clean(&batch.to_string()))];
        }
    }
    Vec::new()
}

impl Model {
    /// The models, while they are looked at, or one is chosen in the form of a session.
    pub(super) fn storeroom(&mut self) -> Option<&mut Storeroom> {
        self.ui.popups.iter_mut().find_map(|popup| match popup {
            Popup::Models(room) => Some(&mut **room),
            Popup::NewSession(form) if form.is_scored() => Some(&mut form.scoring.models),
            _ => None,
        })
    }
}
