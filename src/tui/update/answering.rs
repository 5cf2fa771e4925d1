//! The form of the answers to a survey. What is typed lives in its fields only, and is wiped when it
//! is sealed or the form left.

use crossterm::event::{KeyCode, KeyEvent};

use super::action::{Effect, Request};
use super::bidding;
use crate::base::text::clean;
use crate::session::SessionId;
use crate::tui::input::commands::AnswerFormCommand;
use crate::tui::state::answers::{AnswerRow, Answers, OwnCohort, Standing};
use crate::tui::state::data::Level;
use crate::tui::state::forms::BidStage;
use crate::tui::state::model::Model;

/// Ask the coordinator in which cohort the answers count, where its operator assigns them.
pub fn ask_for_cohort(model: &mut Model) -> Vec<Effect> {
    let Some(form) = &mut model.ui.form else { return Vec::new() };
    let own = form.answers.as_mut().and_then(|answers| answers.own.as_mut());
    match own {
        Some(own) if *own == OwnCohort::Unasked => {
            *own = OwnCohort::Asked;
            vec![Effect::Ask(Request::Cohort(form.session))]
        }
        _ => Vec::new(),
    }
}

/// The cohort that is assigned, or why there is none.
pub fn cohort_came(model: &mut Model, session: SessionId, answer: Result<Option<u8>, String>) {
    let form = model.ui.form.as_mut().filter(|form| form.session == session);
    let Some(own) = form.and_then(|form| form.answers.as_mut()?.own.as_mut()) else { return };
    *own = match answer {
        Ok(Some(cohort)) => OwnCohort::Known(cohort),
        Ok(None) => OwnCohort::Refused(clean("the coordinator assigns no cohort here")),
        Err(why) => OwnCohort::Refused(clean(&why)),
    };
}

/// The answers, while they are written.
pub fn editing(model: &mut Model) -> Option<&mut Answers> {
    let form = model.ui.form.as_mut()?;
    let open = matches!(form.stage, BidStage::Editing | BidStage::Failed { .. });
    form.answers.as_mut().filter(|_| open)
}

/// Do what a command of the form says.
pub fn run(model: &mut Model, command: AnswerFormCommand) {
    match command {
        AnswerFormCommand::Send => return send(model),
        AnswerFormCommand::Leave => {
            model.ui.form = None;
            return;
        }
        AnswerFormCommand::Reveal => {
            if let Some(form) = &mut model.ui.form {
                form.reveal = !form.reveal;
            }
        }
        AnswerFormCommand::Next
        | AnswerFormCommand::Previous
        | AnswerFormCommand::Change
        | AnswerFormCommand::ChangeBack => {}
    }
    let Some(answers) = editing(model) else { return };
    match command {
        AnswerFormCommand::Next => answers.turn(1),
        AnswerFormCommand::Previous => answers.turn(-1),
        AnswerFormCommand::Change => change(answers, 1, KeyCode::Right),
        AnswerFormCommand::ChangeBack => change(answers, -1, KeyCode::Left),
        AnswerFormCommand::Send | AnswerFormCommand::Reveal | AnswerFormCommand::Leave => {}
    }
}

/// Another cohort; in typed text, a step to the side.
fn change(answers: &mut Answers, by: isize, step: KeyCode) {
    match answers.typed() {
        Some(field) => {
            field.key(step.into());
        }
        None => answers.choose(by),
    }
}

/// A key that is typed where the cohort is chosen: its number, or the letter that it begins with.
pub fn pick(model: &mut Model, event: KeyEvent) {
    let KeyCode::Char(typed) = event.code else { return };
    let Some(session) = model.ui.form.as_ref().map(|form| form.session) else { return };
    let Some(survey) = model.live().session(session).and_then(|session| session.survey()) else {
        return;
    };
    let initial = |name: &String| name.to_lowercase().chars().next();
    let wanted = typed.to_lowercase().next();
    let begin: Vec<usize> =
        (0..survey.cohorts.len()).filter(|&at| initial(&survey.cohorts[at]) == wanted).collect();
    let Some(answers) = editing(model).filter(|answers| answers.row() == AnswerRow::Cohort) else {
        return;
    };
    let before = answers.cohort;
    match typed.to_digit(10) {
        _ if typed == ' ' => answers.choose(1),
        Some(number @ 1..) => answers.choose_at(number as usize - 1),
        _ => {
            // Of several that begin alike, the one after the chosen one.
            let after = |at: &&usize| answers.cohort.is_none_or(|cohort| **at > cohort);
            let next = begin.iter().find(after).or_else(|| begin.first()).copied();
            answers.cohort = next.or(answers.cohort);
        }
    }
    if answers.cohort != before {
        model.ui.toast = None;
    }
}

/// Ask whether the answers are to be handed in; where one is missing or wrong, go there.
fn send(model: &mut Model) {
    let Some(form) = &model.ui.form else { return };
    let (id, answers) = (form.session, form.answers.as_ref());
    let survey = model.live().session(id).and_then(|session| session.survey());
    let Some((survey, answers)) = survey.zip(answers) else { return };
    let Some((at, row)) = answers.unfinished(survey) else { return bidding::ask(model) };
    // What is wrong with an answer stands in the form.
    let missing = at == answers.focus && answers.standing(survey, row) == Standing::Empty;
    let missing = missing.then_some(match row {
        AnswerRow::Cohort => "choose the cohort that you are in first",
        AnswerRow::Item(_) => "type an answer first; 0 is written as 0",
    });
    if let Some(answers) = editing(model) {
        answers.focus = at;
    }
    if let Some(why) = missing {
        model.say(Level::Warn, why);
    }
}
