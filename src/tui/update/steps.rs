//! What a coordinator's operator does with a session: open, pause, close, cancel, try again.

use super::action::{Effect, Request};
use super::{allowed, order};
use crate::base::text::clean;
use crate::session::{Phase, SessionId};
use crate::tui::figures::{duration, plural};
use crate::tui::input::commands::Step;
use crate::tui::state::data::{Level, Session};
use crate::tui::state::forms::{Asked, Popup, Question};
use crate::tui::state::model::Model;
use crate::tui::state::screen::Screen;
use crate::wire::coordinator_api::SessionDetail;

/// Ask before a step.
pub fn ask(model: &mut Model, step: Step) {
    let Some(session) = model.ui.selected.and_then(|id| model.live().session(id)) else { return };
    let title = session.title.to_string();
    let bids = model.live().bids(session);
    let (one, many) = session.entry_words();
    let bids = bids.map_or_else(|| format!("the {many}"), |bids| plural(bids, one, many));
    let survey = session.survey().is_some();
    let job = session.terms.question.as_job().is_some();
    let nodes = model.live().nodes.len();
    let up = model.live().nodes_up();
    let short = model.live().short_of_nodes().cloned();
    let until = session.terms.bids_until;
    let left = model.live().closes_in(session).unwrap_or(0);
    let (question, lines, grave) = match step {
        Step::Open => (
            match (survey, job) {
                (true, _) => "Open it for answers?",
                (false, true) => "Open it for values?",
                (false, false) => "Open it for bids?",
            },
            vec![
                title,
                "The terms are signed and sent to every node; they cannot be changed any more."
                    .to_owned(),
            ],
            false,
        ),
        Step::Pause | Step::Resume => pausing(model, session, step, &bids),
        Step::Close => (
            match (survey, job) {
                (true, _) => "Close the survey now?",
                (false, true) => "Close the job now?",
                (false, false) => "End bidding now?",
            },
            vec![
                title,
                if session.phase == Phase::Paused {
                    format!("{bids} so far. It is paused; no other has been taken since.")
                } else {
                    let goes_on =
                        if survey || job { "it would be open" } else { "bidding would go on" };
                    format!(
                        "{bids} so far; {goes_on} for {} (until {}).",
                        duration(left),
                        model.live().zone.date_time(until)
                    )
                },
                if short.is_some() {
                    format!("No {one} is taken any more, and this cannot be undone.")
                } else {
                    format!(
                        "{up} of {nodes} nodes are up. They fix the list of {many} and compute the outcome; this cannot be undone."
                    )
                },
            ],
            true,
        ),
        Step::Cancel => (
            "Call it off?",
            vec![
                title,
                if survey || job {
                    format!("{bids}: none will count, and nothing is ever opened.")
                } else {
                    format!("{bids}: none will count, and no amount will ever be opened.")
                },
                "This cannot be undone.".to_owned(),
            ],
            true,
        ),
        Step::Retry => (
            "Try again?",
            vec![
                title,
                format!(
                    "{up} of {nodes} nodes are up. A new attempt starts from the same {many} with new keys."
                ),
            ],
            false,
        ),
    };
    let mut lines = lines;
    if let (Some(short), Step::Open | Step::Close | Step::Retry) = (&short, step) {
        lines.push(format!(
            "TOO FEW NODES: {short}. {}",
            match step {
                Step::Open if survey || job => {
                    "What is handed in may not get enough receipts, and nothing can be settled."
                }
                Step::Open => "Bids may not get enough receipts, and nothing can be settled.",
                _ => "There is no outcome until enough of them are back.",
            }
        ));
    }
    let grave = grave || short.is_some();
    let asked = Asked::Step(session.id, step);
    let question = Question { asked, title: question.to_owned(), lines, grave };
    model.ui.popups.push(Popup::Confirm(question));
}

/// What is asked before a pause and before it ends, and whether that is grave.
fn pausing(
    model: &Model,
    session: &Session,
    step: Step,
    bids: &str,
) -> (&'static str, Vec<String>, bool) {
    let live = model.live();
    let until = live.zone.date_time(session.terms.bids_until);
    let over = session.terms.bids_until <= live.coordinator_now();
    let title = session.title.to_string();
    let (survey, job) = (session.survey().is_some(), session.terms.question.as_job().is_some());
    if step == Step::Pause {
        let lines = vec![
            title,
            format!("{bids} so far; they count. Coordinator and nodes refuse others."),
            format!(
                "The time in the terms stays: until {until}. If it passes meanwhile, nothing is computed before you say so."
            ),
        ];
        let title = match (survey, job) {
            (true, _) => "Take no answers for a while?",
            (false, true) => "Take no values for a while?",
            (false, false) => "Take no bids for a while?",
        };
        return (title, lines, false);
    }
    let then = if over {
        format!(
            "{bids} so far. Its time is over (until {until}): no {} is taken any more, and it closes at once.",
            session.entry_word()
        )
    } else if survey || job {
        format!("{bids} so far; it is open until {until}, as the terms say.")
    } else {
        format!("{bids} so far; bidding goes on until {until}, as the terms say.")
    };
    let question = match (survey, job) {
        (true, _) => "Let answers come in again?",
        (false, true) => "Let values come in again?",
        (false, false) => "Let bids come in again?",
    };
    (question, vec![title, then], over)
}

/// The person said yes.
pub fn confirmed(model: &mut Model, session: SessionId, step: Step) -> Vec<Effect> {
    // It may have become impossible while the question was there.
    if let Err(why) = allowed::step_of(model, session, step) {
        model.say(Level::Warn, why);
        return Vec::new();
    }
    let doing = match step {
        Step::Open => "opening",
        Step::Pause => "pausing",
        Step::Resume => "letting it go on",
        Step::Close => "ending bidding",
        Step::Cancel => "calling off",
        Step::Retry => "trying again",
    };
    model.say(Level::Info, doing);
    vec![Effect::Ask(Request::Step(session, step))]
}

/// The coordinator took the step, or not.
pub fn taken(
    model: &mut Model,
    session: SessionId,
    step: Step,
    answer: Result<Box<SessionDetail>, String>,
) {
    match answer {
        Ok(detail) => {
            let phase = detail.summary.phase;
            model.live_mut().detail(*detail);
            order::arrange(model);
            model.say(Level::Info, format!("the session is {phase}"));
            if step == Step::Close && model.ui.selected == Some(session) {
                model.ui.screen = Screen::Bracket;
            }
        }
        Err(why) => {
            let why = clean(&why).to_string();
            model.note(Level::Error, Some(session), &why);
            model.say(Level::Error, why);
        }
    }
    model.asking.detail_stale = true;
}
