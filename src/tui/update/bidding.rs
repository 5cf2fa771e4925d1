//! The form of a bid, in a market of an order; and handing in, the answers to a survey too. What is typed lives in its field only, and is wiped
//! when it is sealed or the form left.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::action::{Effect, Request};
use super::allowed;
use crate::base::text::clean;
use crate::client::amount;
use crate::rules::survey;
use crate::session::SessionId;
use crate::tui::input::commands::{BidFormCommand, BidsCommand};
use crate::tui::state::answers::Answers;
use crate::tui::state::data::Session;
use crate::tui::state::field::Field;
use crate::tui::state::forms::{Asked, BidForm, BidStage, Popup, Question, ScoreFile};
use crate::tui::state::model::Model;
use crate::tui::state::screen::Screen;

/// Statistics of a survey that a question names.
const NAMED: usize = 6;

/// Begin to bid, or send the latest envelope again.
pub fn begin(model: &mut Model, command: BidsCommand) -> Vec<Effect> {
    let Some((_, session)) = model.bid_at() else { return Vec::new() };
    let session = session.id;
    match command {
        BidsCommand::Edit => {
            open(model, session);
            Vec::new()
        }
        BidsCommand::Resend => {
            let stage = BidStage::Sending { heard: BTreeMap::new() };
            let (amount, answers) = (Field::secret(), answers(model, session));
            let score = None;
            model.ui.form = Some(BidForm { session, amount, score, answers, reveal: false, stage });
            vec![Effect::Ask(Request::Resend(session))]
        }
    }
}

/// Do what a command of the form says.
pub fn run(model: &mut Model, command: BidFormCommand) {
    match command {
        BidFormCommand::Send => match model.ui.form.as_mut().and_then(|form| form.score.as_mut()) {
            Some(score) if !score.named => score.named = !score.path.is_empty(),
            _ => ask(model),
        },
        BidFormCommand::Reveal => {
            if let Some(form) = &mut model.ui.form {
                form.reveal = !form.reveal;
            }
        }
        BidFormCommand::Leave => model.ui.form = None,
    }
}

/// Open the form for a session.
pub fn open(model: &mut Model, session: SessionId) {
    model.ui.selected = Some(session);
    model.asking.detail_stale = true;
    model.ui.screen = Screen::Bid;
    model.ui.enlarged = false;
    model.ui.bid = Some(session);
    let stage = BidStage::Editing;
    let answers = answers(model, session);
    let known = model.live().session(session);
    // Who writes an order is to see its curve, and who answers what was answered; a key hides both.
    let reveal = answers.is_some() || known.is_some_and(|session| session.market().is_some());
    let scored = known.is_some_and(|session| session.terms.scoring().is_some());
    let score = scored.then(ScoreFile::default);
    let amount = Field::secret();
    model.ui.form = Some(BidForm { session, amount, score, answers, reveal, stage });
}

/// No answers yet, in a survey.
fn answers(model: &Model, session: SessionId) -> Option<Answers> {
    model.live().session(session).and_then(Session::survey).map(Answers::new)
}

/// Ask whether what is written is to be handed in.
pub fn ask(model: &mut Model) {
    let Some(id) = model.ui.form.as_ref().map(|form| form.session) else { return };
    let Some(session) = model.live().session(id) else { return };
    let stays = session.market().is_some() || session.survey().is_some();
    let earlier = model.live().own.latest(id);
    let nodes = model.live().nodes.len();
    let threshold = model.live().roster.as_ref().map_or(0, |roster| roster.scheme.threshold());
    let name = model.person.bidder.clone().unwrap_or_default();
    let name = if model.ui.masked { "you".to_owned() } else { name.to_string() };
    let learn = match threshold {
        1 => "no node alone learns anything".to_owned(),
        _ => format!("any {threshold} of them together learn nothing"),
    };
    let what = session.entry_word();
    let mut lines = vec![
        session.title.to_string(),
        format!("as {name}. It is sealed in {nodes} parts, one for each node; {learn}."),
    ];
    if let Some(score) = model.ui.form.as_ref().and_then(|form| form.score.as_ref()) {
        let file = clean(score.path.text());
        lines.push(format!("With the score in {file}, which becomes public."));
    }
    if let Some(survey) = session.survey() {
        let answers = model.ui.form.as_ref().and_then(|form| form.answers.as_ref());
        lines.extend(published(survey, answers.and_then(Answers::assigned)));
    }
    lines.push(match (earlier, session.survey(), session.terms.replace_bids) {
        (Some(own), ..) => format!("It replaces your {what} of revision {}.", own.revision),
        (None, Some(_), true) => {
            "You may answer again until the survey closes; the last answer counts.".to_owned()
        }
        (None, Some(_), false) => "It cannot be replaced.".to_owned(),
        (None, None, true) => "It binds you; you may replace it until bidding ends.".to_owned(),
        (None, None, false) => "It binds you, and cannot be replaced.".to_owned(),
    });
    if let Some(form) = &mut model.ui.form {
        // An order, or an answer, stays in sight until it is signed.
        form.reveal &= stays;
    }
    model.ui.popups.push(Popup::Confirm(Question {
        asked: Asked::Bid(id),
        title: format!("Hand in this {what}?"),
        lines,
        grave: false,
    }));
}

/// What of the answers to a survey everyone will know.
fn published(survey: &survey::Question, assigned: Option<u8>) -> Vec<String> {
    let mut lines: Vec<String> = survey
        .declared_lines(NAMED)
        .iter()
        .map(|line| clean(&format!("Becomes public {line}.")).to_string())
        .collect();
    match survey.assigned_name(assigned) {
        Some(own) => lines.push(format!("Becomes public of you: your cohort, {}.", clean(own))),
        None if survey.tells_cohorts() => {
            lines.push("Becomes public of you: your cohort.".to_owned());
        }
        None => {}
    }
    lines.push(format!("Nothing else; {}.", survey.withheld_line()));
    lines
}

/// The person said yes: the amount leaves the field for good.
pub fn confirmed(model: &mut Model, session: SessionId) -> Vec<Effect> {
    let Some(known) = model.live().session(session) else { return Vec::new() };
    let terms = known.terms.clone();
    let able = allowed::bidder(model, known);
    let Some(form) = model.ui.form.as_mut().filter(|form| form.session == session) else {
        return Vec::new();
    };
    let entry = match (&mut form.answers, terms.question.as_survey()) {
        (Some(answers), Some(survey)) => {
            let entry = answers.entry(survey);
            answers.clear();
            entry
        }
        _ => amount::entry(form.amount.text(), &terms).map_err(|error| error.to_string()),
    };
    form.amount.clear();
    let score = form.score.as_mut().map(|score| {
        // Whoever tries again may name another.
        score.named = false;
        PathBuf::from(score.path.text().trim())
    });
    form.reveal = terms.question.as_market().is_some() || form.answers.is_some();
    match able.and(entry) {
        Ok(entry) => {
            form.stage = BidStage::Sending { heard: BTreeMap::new() };
            vec![Effect::Ask(Request::Place(session, entry, score))]
        }
        Err(error) => {
            let why = clean(&error);
            form.stage = BidStage::Failed { heard: BTreeMap::new(), why };
            Vec::new()
        }
    }
}
