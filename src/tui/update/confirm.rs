//! The answer to a question.

use super::action::Effect;
use super::{bidding, steps};
use crate::tui::input::commands::ConfirmCommand;
use crate::tui::state::forms::{Asked, Popup};
use crate::tui::state::model::Model;

/// Take the answer.
pub fn run(model: &mut Model, command: ConfirmCommand) -> Vec<Effect> {
    let Some(Popup::Confirm(question)) = model.ui.popups.pop_if(is_question) else {
        return Vec::new();
    };
    match (command, question.asked) {
        (ConfirmCommand::No, _) => Vec::new(),
        (ConfirmCommand::Yes, Asked::Step(session, step)) => steps::confirmed(model, session, step),
        (ConfirmCommand::Yes, Asked::Bid(session)) => bidding::confirmed(model, session),
        (ConfirmCommand::Yes, Asked::Quit) => {
            model.over = true;
            Vec::new()
        }
    }
}

const fn is_question(popup: &mut Popup) -> bool {
    matches!(popup, Popup::Confirm(_))
}
