//! The one place where the state changes: `update(model, action)` returns what is to be done.
//!
//! - [`action`]: what goes into `update`, and the effects that come out
//! - [`keys`]: keys, mouse and typed text, given to the layer that takes them
//! - [`dispatch`]: brings every command to its handler
//! - [`allowed`]: whether a command can be done now, and why not
//! - [`global`]: commands that work on every screen
//! - [`screens`]: going to another screen
//! - [`clipboard`]: copying what is selected
//! - [`list`]: commands of the list of auctions
//! - [`order`]: which auctions show, and in which order
//! - [`moves`]: moving about in lists
//! - [`filter`]: narrowing the list or the log
//! - [`log`]: which lines of the log show
//! - [`steps`]: opening, closing, cancelling, trying again
//! - [`look_back`]: a run that is over, step by step
//! - [`new_session`]: the form of a session, new or a draft
//! - [`prints`]: digest and fingerprints
//! - [`people`]: looking after accounts
//! - [`invite`]: the form of an invitation, and its code
//! - [`cohort`]: which people show, who is selected, who has handed in
//! - [`bidding`]: the form of a bid
//! - [`answering`]: the form of the answers to a survey
//! - [`approvals`]: jobs that wait for the word of this node's operator
//! - [`stock`]: models, their stocks and batches
//! - [`variables`]: what stays at the nodes, and forgetting it
//! - [`palette`]: finding commands by parts of their names
//! - [`login`]: the form of a login, and what follows when one ends
//! - [`attention`]: keeps what needs a person up to date
//! - [`audit`]: looking at a record, and writing it
//! - [`receipts`]: who has bid, read from what the nodes keep
//! - [`confirm`]: the answer to a question
//! - [`news`]: answers of the servers, taken into the state
//! - [`events`]: live events of the servers, taken into the state

pub mod action;
pub mod allowed;
pub mod answering;
pub mod approvals;
pub mod attention;
pub mod audit;
pub mod bidding;
pub mod clipboard;
pub mod cohort;
pub mod confirm;
pub mod dispatch;
pub mod events;
pub mod filter;
pub mod global;
pub mod invite;
pub mod keys;
pub mod list;
pub mod log;
pub mod login;
pub mod look_back;
pub mod moves;
pub mod new_session;
pub mod news;
pub mod order;
pub mod palette;
pub mod people;
pub mod prints;
pub mod receipts;
pub mod screens;
pub mod steps;
pub mod stock;
pub mod variables;

use self::action::{Action, Cue, Effect};
use super::state::data::{Level, Piece};
use super::state::model::Model;
use crate::base::Timestamp;
use crate::base::text::clean;

/// Take an action in.
pub fn update(model: &mut Model, action: impl Into<Action>) -> Vec<Effect> {
    let mut effects = done(model, action.into());
    confirm::withdraw(model);
    effects.extend(attention::look(model));
    effects
}

fn done(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::Key(key) => {
            model.dirty = true;
            keys::key(model, key)
        }
        Action::Mouse(mouse) => keys::mouse(model, mouse),
        Action::Paste(text) => {
            keys::paste(model, &text);
            Vec::new()
        }
        Action::Resize(width, height) => {
            model.ui.size = (width, height);
            model.dirty = true;
            Vec::new()
        }
        Action::Tick(now) => tick(model, now),
        Action::Cue(cue) => {
            cued(model, cue);
            Vec::new()
        }
        Action::News(news) => {
            model.dirty = true;
            news::take(model, news)
        }
    }
}

fn tick(model: &mut Model, now: Timestamp) -> Vec<Effect> {
    let before = (model.live().now, model.live().nodes_up());
    model.live_mut().now = now;
    // What shows is told in seconds; a node that falls silent shows at once.
    model.dirty |= before.0.millis().div_euclid(1000) != now.millis().div_euclid(1000);
    model.dirty |= before.1 != model.live().nodes_up();
    if model.ui.toast.as_ref().is_some_and(|toast| toast.until <= now) {
        model.ui.toast = None;
        model.dirty = true;
    }
    let mut effects = news::ask_for_detail(model);
    effects.extend(receipts::ask(model));
    effects.extend(people::ask(model));
    effects.extend(answering::ask_for_cohort(model));
    effects.extend(approvals::ask(model));
    effects.extend(variables::ask(model));
    effects.extend(stock::ask(model));
    effects
}

fn cued(model: &mut Model, cue: Cue) {
    model.dirty = true;
    match cue {
        Cue::Tell(line) => {
            for piece in &line {
                if let Piece::Name(name) = piece {
                    model.live_mut().name(name);
                }
            }
            model.ui.story = line;
        }
        Cue::Show(screen) => {
            // Who reads help or answers a question is not interrupted.
            if model.ui.popups.is_empty() && model.ui.form.is_none() {
                model.ui.screen = screen;
            }
        }
        Cue::Select(session) => {
            model.ui.selected = Some(session);
            model.asking.detail_stale = true;
        }
        Cue::Say(text) => model.say(Level::Info, text),
        Cue::Trouble(text) => {
            let text = clean(&text).to_string();
            model.note(Level::Error, None, &text);
            model.say(Level::Error, text);
        }
        Cue::Finish => model.over = true,
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;

#[cfg(test)]
#[path = "draft_tests.rs"]
mod draft_tests;

#[cfg(test)]
#[path = "follow_tests.rs"]
mod follow_tests;

#[cfg(test)]
#[path = "load_tests.rs"]
mod load_tests;

#[cfg(test)]
#[path = "people_tests.rs"]
mod people_tests;

#[cfg(test)]
#[path = "print_tests.rs"]
mod print_tests;

#[cfg(test)]
#[path = "role_tests.rs"]
mod role_tests;

#[cfg(test)]
#[path = "scoring_tests.rs"]
mod scoring_tests;
