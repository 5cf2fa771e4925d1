//! The answer to a question, and taking a question back that has lost its sense.

use super::action::Effect;
use super::{allowed, bidding, people, steps, stock, variables};
use crate::tui::input::commands::ConfirmCommand;
use crate::tui::state::data::Level;
use crate::tui::state::forms::{Asked, BidStage, Popup, Question};
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
        (ConfirmCommand::Yes, Asked::Revoke(code)) => people::revoke(model, code),
        (ConfirmCommand::Yes, Asked::RevokeUnused) => people::revoke_unused(model),
        (ConfirmCommand::Yes, Asked::SetAccount(account, enabled)) => {
            people::set_account(model, account, enabled)
        }
        (ConfirmCommand::Yes, Asked::WithdrawModel(of, name)) => stock::withdraw(model, of, name),
        (ConfirmCommand::Yes, Asked::Forget(name, field)) => variables::forget(model, name, field),
        (ConfirmCommand::Yes, Asked::Quit) => {
            model.over = true;
            Vec::new()
        }
    }
}

/// Take back a question about what cannot be done any more, and the form of a bid that cannot be
/// handed in any more; nothing that was asked in one state is done in another.
pub fn withdraw(model: &mut Model) {
    if let Some(form) = &model.ui.form
        && form.stage == BidStage::Editing
        && let Some(session) = model.live().session(form.session)
        && let Err(why) = allowed::open_for_bids(model, session)
    {
        let text = format!("{}: {why}. Nothing was handed in.", session.title);
        let id = form.session;
        model.ui.form = None;
        model.ui.popups.retain(|popup| {
            !matches!(popup, Popup::Confirm(Question { asked: Asked::Bid(of), .. }) if *of == id)
        });
        model.note(Level::Warn, Some(id), &text);
        model.say(Level::Warn, text);
    }
    let Some(Popup::Confirm(Question { asked: Asked::Step(id, step), .. })) =
        model.ui.popups.last()
    else {
        return;
    };
    let (id, step) = (*id, *step);
    let Some(session) = model.live().session(id) else { return };
    if let Err(why) = allowed::of_phase(step, session.phase) {
        let text = format!("{}: {why}", session.title);
        model.ui.popups.pop();
        model.say(Level::Warn, text);
    }
}

const fn is_question(popup: &mut Popup) -> bool {
    matches!(popup, Popup::Confirm(_))
}
