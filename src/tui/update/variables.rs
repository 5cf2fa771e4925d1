//! Looking at the variables that stay at the nodes, and having one forgotten.

use super::action::{Effect, Request, Stock};
use super::allowed;
use crate::base::text::clean;
use crate::session::SessionId;
use crate::tui::figures::{self, duration};
use crate::tui::input::commands::VariablesCommand;
use crate::tui::state::data::Level;
use crate::tui::state::forms::{Asked, Popup, Question};
use crate::tui::state::held::Shelf;
use crate::tui::state::model::Model;

/// Between two questions after them, in milliseconds.
const PAUSE: i64 = 3_000;

/// Show them.
pub fn open(model: &mut Model) -> Vec<Effect> {
    model.ui.popups.push(Popup::Variables(Box::default()));
    ask(model)
}

/// Ask for them while they show, when they are due.
pub fn ask(model: &mut Model) -> Vec<Effect> {
    let now = model.live().now;
    let Some(shelf) = model.shelf() else { return Vec::new() };
    let rested = shelf.asked.is_none_or(|at| now.millis() - at.millis() >= PAUSE);
    if shelf.asking || !rested {
        return Vec::new();
    }
    shelf.asking = true;
    shelf.asked = Some(now);
    vec![Effect::Ask(Request::Variables)]
}

/// They have come, or not.
pub fn came(model: &mut Model, answer: Result<Stock, String>) {
    let Some(shelf) = model.shelf() else { return };
    shelf.asking = false;
    match answer {
        Ok(stock) => {
            // The selected one stays, whatever comes or goes around it.
            let version = shelf.selected().map(|held| held.version);
            let kept = stock.held.iter().position(|held| Some(held.version) == version);
            let last = stock.held.len().saturating_sub(1);
            shelf.row = kept.unwrap_or(shelf.row.min(last));
            shelf.known = Some(stock.held);
            shelf.unheard = stock.unheard;
            shelf.trouble = None;
        }
        Err(why) => shelf.trouble = Some(clean(&why)),
    }
}

/// Do what a command says while they show.
pub fn run(model: &mut Model, command: VariablesCommand) -> Vec<Effect> {
    let Some(selected) = model.shelf().map(|shelf| shelf.selected().cloned()) else {
        return Vec::new();
    };
    match (command, selected) {
        (VariablesCommand::Leave, _) => {
            model.ui.popups.pop();
        }
        (VariablesCommand::Forget | VariablesCommand::Copy, None) => {
            model.say(Level::Warn, "nothing is stored");
        }
        (VariablesCommand::Copy, Some(held)) => {
            let version = held.version.to_string();
            model.say(Level::Info, format!("copied the version of {}: {version}", held.name));
            return vec![Effect::Copy(clean(&version))];
        }
        (VariablesCommand::Forget, Some(held)) => {
            let age = model.live().coordinator_now().millis() - held.made.millis();
            let lines = vec![
                format!("{}, {}, made {} ago", held.name, held.known_to, duration(age.max(0))),
                format!(
                    "A job has the nodes wipe their shares of it ({}). Its value cannot be had back.",
                    match held.holders.is_empty() {
                        true => "none is known to have one".to_owned(),
                        false => figures::nodes(held.holders),
                    }
                ),
            ];
            model.ui.popups.push(Popup::Confirm(Question {
                asked: Asked::Forget(held.raw, held.field),
                title: "Forget it for good?".to_owned(),
                lines,
                grave: true,
            }));
        }
    }
    Vec::new()
}

/// The person said yes.
pub fn forget(model: &mut Model, name: String, field: crate::rules::job::Prime) -> Vec<Effect> {
    // It may have become impossible while the question was there.
    if let Err(why) = allowed::operator(model) {
        model.say(Level::Warn, why);
        return Vec::new();
    }
    model.say(Level::Info, format!("forgetting {}", clean(&name)));
    vec![Effect::Ask(Request::Forget(name, field))]
}

/// The job that forgets it is under way, or not.
pub fn forgotten(model: &mut Model, name: &str, answer: Result<SessionId, String>) {
    let name = clean(name);
    let (level, session, text) = match answer {
        Ok(job) => (Level::Info, Some(job), format!("job {} forgets {name}", job.short())),
        Err(why) => (Level::Error, None, format!("{name} is not forgotten: {}", clean(&why))),
    };
    model.note(level, session, &text);
    model.say(level, text);
    if let Some(shelf) = model.shelf() {
        shelf.asked = None;
    }
}

impl Model {
    /// The variables that stay, while they are looked at, be there a question over them.
    pub(super) fn shelf(&mut self) -> Option<&mut Shelf> {
        self.ui.popups.iter_mut().find_map(|popup| match popup {
            Popup::Variables(shelf) => Some(&mut **shelf),
            _ => None,
        })
    }
}
