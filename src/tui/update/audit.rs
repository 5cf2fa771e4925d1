//! Looking at a session's record, and writing it or its result to a file.

use super::action::{Effect, Request};
use crate::base::text::clean;
use crate::session::SessionId;
use crate::tui::input::commands::{AuditCommand, PathCommand};
use crate::tui::state::audit::{Audit, AuditRow, AuditStage, PathForm};
use crate::tui::state::data::Level;
use crate::tui::state::field::Field;
use crate::tui::state::forms::Popup;
use crate::tui::state::model::Model;
use crate::tui::state::screen::Screen;

/// The session whose record is meant here.
pub fn session(model: &Model) -> Option<SessionId> {
    match model.ui.screen {
        Screen::Bid => model.bid_at().map(|(_, session)| session.id),
        _ => model.ui.selected,
    }
}

/// Fetch the record and check it.
pub fn begin(model: &mut Model) -> Vec<Effect> {
    let Some(session) = session(model) else { return Vec::new() };
    let audit = Audit { session, stage: AuditStage::Checking, row: 0 };
    model.ui.popups.push(Popup::Audit(Box::new(audit)));
    vec![Effect::Ask(Request::Audit(session))]
}

/// The record was checked, or could not be had.
pub fn came(model: &mut Model, session: SessionId, answer: Result<Vec<AuditRow>, String>) {
    for name in answer.iter().flatten().filter_map(|row| row.name.clone()) {
        model.live_mut().name(&name);
    }
    if let Some(audit) = model.audit().filter(|audit| audit.session == session) {
        audit.stage = match answer {
            Ok(rows) => AuditStage::Done(rows),
            Err(why) => AuditStage::Failed(clean(&why)),
        };
    }
}

/// Do what a command says while a record is looked at.
pub fn run(model: &mut Model, command: AuditCommand) -> Vec<Effect> {
    let Some(audit) = model.audit() else { return Vec::new() };
    match command {
        AuditCommand::Copy => {
            let Some(text) = audit.rows().get(audit.row).and_then(|row| row.copy.clone()) else {
                model.say(Level::Warn, "this row has nothing to copy");
                return Vec::new();
            };
            model.say(Level::Info, format!("copied: {text}"));
            return vec![Effect::Copy(clean(&text))];
        }
        AuditCommand::Write => {
            let session = audit.session;
            ask_path(model, session);
        }
        AuditCommand::Leave => {
            model.ui.popups.pop();
        }
    }
    Vec::new()
}

/// Ask where to write the record of a session.
pub fn ask_path(model: &mut Model, session: SessionId) {
    ask_where(model, session, &format!("record-{}.json", session.short()));
}

fn ask_where(model: &mut Model, session: SessionId, name: &str) {
    let path = model.person.records.join(name);
    let path = Field::new(&path.display().to_string());
    let form = PathForm { session, path, writing: false, notice: None };
    model.ui.popups.push(Popup::Path(Box::new(form)));
}

/// Ask where to write the result of a session as a table.
pub fn ask_path_of_table(model: &mut Model, session: SessionId) {
    ask_where(model, session, &format!("results-{}.csv", session.short()));
}

/// Do what a command of the form for a path says.
pub fn run_path(model: &mut Model, command: PathCommand) -> Vec<Effect> {
    let Some(form) = model.path_form() else { return Vec::new() };
    match command {
        PathCommand::Submit if form.writing => {}
        PathCommand::Submit if form.path.text().trim().is_empty() => {
            form.notice = Some("type a path".to_owned());
        }
        PathCommand::Submit => {
            form.writing = true;
            form.notice = None;
            let path = form.path.text().trim().into();
            return vec![Effect::Ask(Request::Record(form.session, path))];
        }
        PathCommand::Leave => {
            model.ui.popups.pop();
        }
    }
    Vec::new()
}

/// It was written, or not.
pub fn written(model: &mut Model, answer: Result<String, String>) {
    match answer {
        Ok(done) => {
            if model.path_form().is_some() {
                model.ui.popups.pop();
            }
            model.note(Level::Info, None, &done);
            model.say(Level::Info, done);
        }
        Err(why) => {
            let why = clean(&why).to_string();
            match model.path_form() {
                Some(form) => {
                    form.writing = false;
                    form.notice = Some(why);
                }
                None => model.say(Level::Error, why),
            }
        }
    }
}
