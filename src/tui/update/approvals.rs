//! Jobs that wait for the word of this node's operator: found, shown and let run.

use super::action::{Effect, Request};
use crate::base::text::clean;
use crate::session::{Phase, SessionId};
use crate::tui::input::commands::ApprovalCommand;
use crate::tui::state::approval::{Approval, ApprovalStage, SignedJob};
use crate::tui::state::data::{Level, Session};
use crate::tui::state::forms::Popup;
use crate::tui::state::model::Model;
use crate::tui::state::screen::List;

/// Between two questions to the own node, in milliseconds.
const PAUSE: i64 = 2_000;

/// Ask the own node which jobs wait for its operator, when that is due.
pub fn ask(model: &mut Model) -> Vec<Effect> {
    let now = model.live().now;
    let rested = model.asking.awaiting_at.is_none_or(|at| now.millis() - at.millis() >= PAUSE);
    if model.person.node.is_none() || model.asking.awaiting || !rested {
        return Vec::new();
    }
    let waits = |session: &&Session| {
        let under_way = session.phase.is_bidding()
            || matches!(session.phase, Phase::Closing | Phase::Computing);
        session.worked.is_some() && under_way
    };
    let jobs: Vec<SessionId> =
        model.live().sessions.iter().filter(waits).map(|session| session.id).collect();
    model.asking.awaiting_at = Some(now);
    if jobs.is_empty() {
        model.live_mut().awaiting.clear();
        return Vec::new();
    }
    model.asking.awaiting = true;
    vec![Effect::Ask(Request::Awaiting(jobs))]
}

/// The own node has told which wait.
pub fn came(model: &mut Model, told: Option<Vec<(SessionId, bool)>>) {
    model.asking.awaiting = false;
    let Some(told) = told else { return };
    let waiting = told.into_iter().filter(|(_, waits)| *waits).map(|(session, _)| session);
    model.live_mut().awaiting = waiting.collect();
}

/// Show the steps of the selected job, to be let run or not.
pub fn open(model: &mut Model) -> Vec<Effect> {
    let Some(session) = model.ui.selected else { return Vec::new() };
    model.ui.drawn.offsets[List::Signed as usize] = 0;
    let approval = Approval { session, stage: ApprovalStage::Asking };
    model.ui.popups.push(Popup::Approval(Box::new(approval)));
    vec![Effect::Ask(Request::Announced(session))]
}

/// The steps have come, or not.
pub fn announced(model: &mut Model, session: SessionId, answer: Result<SignedJob, String>) {
    let Some(approval) = approval(model, session) else { return };
    approval.stage = match answer {
        Ok(job) => ApprovalStage::Ready(job),
        Err(why) => ApprovalStage::Failed(clean(&why)),
    };
}

/// Do what a command says while they show.
pub fn run(model: &mut Model, command: ApprovalCommand) -> Vec<Effect> {
    match command {
        ApprovalCommand::Leave => {
            model.ui.popups.pop();
        }
        ApprovalCommand::Approve => {
            let Some(Popup::Approval(approval)) = model.ui.popups.last_mut() else {
                return Vec::new();
            };
            // What is let run is what has been shown.
            if let ApprovalStage::Ready(job) = &approval.stage {
                let session = approval.session;
                approval.stage = ApprovalStage::Sending(job.clone());
                return vec![Effect::Ask(Request::Approve(session))];
            }
            model.say(Level::Warn, "the steps are not here yet");
        }
    }
    Vec::new()
}

/// The node has taken the word, or not.
pub fn approved(model: &mut Model, session: SessionId, answer: Result<(), String>) {
    match answer {
        Ok(()) => {
            model.live_mut().awaiting.remove(&session);
            model.ui.popups.retain(
                |popup| !matches!(popup, Popup::Approval(approval) if approval.session == session),
            );
            model.asking.detail_stale = true;
            let text = "your node may compute the job now";
            model.note(Level::Info, Some(session), text);
            model.say(Level::Info, text);
        }
        Err(why) => {
            let why = clean(&why);
            let text = format!("the job was not let run: {why}");
            model.note(Level::Error, Some(session), &text);
            match approval(model, session) {
                Some(approval) => approval.stage = ApprovalStage::Failed(why),
                None => model.say(Level::Error, text),
            }
        }
    }
}

fn approval(model: &mut Model, session: SessionId) -> Option<&mut Approval> {
    model.ui.popups.iter_mut().find_map(|popup| match popup {
        Popup::Approval(approval) if approval.session == session => Some(&mut **approval),
        _ => None,
    })
}
