//! The form of an invitation, and its code.

use super::action::{Effect, Request};
use crate::base::text::{check_text, clean};
use crate::tui::input::commands::{CodeCommand, InviteCommand};
use crate::tui::state::data::Level;
use crate::tui::state::forms::Popup;
use crate::tui::state::invite::{InviteField, InviteForm, ShownCode};
use crate::tui::state::model::Model;
use crate::wire::account_api::NewInvitation;

/// Most hours that the coordinator lets an invitation last.
const MOST_HOURS: u32 = 24 * 366;

/// Open the form.
pub fn open(model: &mut Model) {
    model.ui.popups.push(Popup::Invite(Box::default()));
}

fn form(model: &mut Model) -> Option<&mut InviteForm> {
    if let Popup::Invite(form) = model.ui.popups.last_mut()? { Some(form) } else { None }
}

/// What was typed has changed.
pub fn typed(model: &mut Model) {
    if let Some(form) = form(model) {
        form.notice = None;
    }
}

/// Do what a command of the form says.
pub fn run(model: &mut Model, command: InviteCommand) -> Vec<Effect> {
    let Some(form) = form(model) else { return Vec::new() };
    match command {
        InviteCommand::Turn => {
            form.focus = match form.focus {
                InviteField::Label => InviteField::Cohort,
                InviteField::Cohort => InviteField::Hours,
                InviteField::Hours => InviteField::Label,
            };
        }
        InviteCommand::Submit => return submit(form),
        // The code that is on its way is shown once; nobody may miss it.
        InviteCommand::Leave if form.sending => {}
        InviteCommand::Leave => {
            model.ui.popups.pop();
        }
    }
    Vec::new()
}

fn submit(form: &mut InviteForm) -> Vec<Effect> {
    if form.sending {
        return Vec::new();
    }
    let label = form.label.text().trim().to_owned();
    let cohort = Some(form.cohort.text().trim().to_owned()).filter(|cohort| !cohort.is_empty());
    let unfit = cohort.as_deref().and_then(|cohort| check_text("the cohort", cohort).err());
    let unfit = unfit.map(|error| error.to_string());
    let hours = form.hours.text().trim().parse().ok();
    let hours = hours.filter(|hours| (1..=MOST_HOURS).contains(hours));
    let (at, notice) = match hours {
        _ if label.is_empty() => (InviteField::Label, "say for whom it is".to_owned()),
        _ if unfit.is_some() => (InviteField::Cohort, unfit.unwrap_or_default()),
        None => (InviteField::Hours, format!("hours is a number from 1 to {MOST_HOURS}")),
        Some(hours) => {
            form.sending = true;
            form.notice = None;
            return vec![Effect::Ask(Request::Invite { label, cohort, hours })];
        }
    };
    form.focus = at;
    form.notice = Some(notice);
    Vec::new()
}

/// The coordinator made the invitation, or not. Its code takes the place of the form.
pub fn came(model: &mut Model, answer: Result<Box<NewInvitation>, String>) {
    let place = model.ui.popups.iter_mut().find(|popup| matches!(popup, Popup::Invite(_)));
    match (answer, place) {
        (Ok(made), place) => {
            let (label, expires) = (clean(&made.label), made.expires);
            let Some(code) = made.code else {
                return model.say(Level::Error, "the coordinator answered without a code");
            };
            let code = Popup::Code(Box::new(ShownCode { label, code, expires }));
            match place {
                Some(form) => *form = code,
                // Beneath whatever has the keys, so that no key meant for it is taken.
                None => model.ui.popups.insert(0, code),
            }
            model.asking.people_at = None;
        }
        (Err(why), Some(Popup::Invite(form))) => {
            form.sending = false;
            form.notice = Some(clean(&why).to_string());
        }
        (Err(why), _) => model.say(Level::Error, clean(&why).to_string()),
    }
}

/// Do what a command says while the code is shown.
pub fn run_code(model: &mut Model, command: CodeCommand) -> Vec<Effect> {
    match (command, model.ui.popups.last()) {
        (CodeCommand::Copy, Some(Popup::Code(shown))) => {
            let secret = shown.code.clone();
            model.say(Level::Info, "copied the code");
            vec![Effect::CopySecret(secret)]
        }
        (CodeCommand::Leave, Some(Popup::Code(_))) => {
            model.ui.popups.pop();
            Vec::new()
        }
        _ => Vec::new(),
    }
}
