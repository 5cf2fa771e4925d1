//! The form of a session: a new one, from a file or typed, or a draft that is changed.

use std::path::PathBuf;

use super::action::{Effect, Request};
use super::order;
use crate::base::text::clean;
use crate::rules::SessionFile;
use crate::rules::auction::Kind;
use crate::rules::auction::question::{MAX_QUANTITY, QuestionError as Fault};
use crate::rules::auction::scored::{Pays, ScoredError};
use crate::rules::question::QuestionError;
use crate::rules::scoring::ScoringError;
use crate::rules::session_file::without_demo;
use crate::rules::terms::TermsError;
use crate::rules::written::Written;
use crate::session::SessionId;
use crate::tui::input::commands::NewSessionCommand;
use crate::tui::state::data::Level;
use crate::tui::state::field::Field;
use crate::tui::state::forms::Popup;
use crate::tui::state::model::Model;
use crate::tui::state::new_session::{NewSession, NewSessionField};
use crate::tui::state::scoring::{Chosen, ScoringForm};
use crate::wire::coordinator_api::SessionDetail;

/// The field of a session file for the worst price that still wins.
const RESERVE: &str = "reserve";

/// The field of a session file for what else there is to know.
const DESCRIPTION: &str = "description";

/// The field of a session file for the largest bid.
const MAXIMUM: &str = "maximum";

/// The field of a session file for what the winner is paid.
const PAYS: &str = "pays";

/// The table of a session file that says which scores count.
const SCORES: &str = "scores";

/// The fields of a session file that the form has.
const IN_FORM: &[&str] = &[
    "title",
    DESCRIPTION,
    "kind",
    "quantity",
    "currency",
    "decimals",
    RESERVE,
    MAXIMUM,
    PAYS,
    SCORES,
    "bids_until",
    "replace_bids",
];

/// Do what a command of the form says.
pub fn run(model: &mut Model, command: NewSessionCommand) -> Vec<Effect> {
    let Some(form) = model.new_session() else { return Vec::new() };
    match command {
        NewSessionCommand::NextField => form.move_focus(1),
        NewSessionCommand::PreviousField => form.move_focus(form.fields().len() - 1),
        NewSessionCommand::Change => change(form),
        NewSessionCommand::Submit => return submit(form),
        NewSessionCommand::Discard => {
            model.ui.popups.pop();
        }
    }
    Vec::new()
}

/// The next value of a choice; in typed text, a step to the right.
fn change(form: &mut NewSession) {
    match form.focus {
        NewSessionField::Kind => {
            let mut kinds = Kind::ALL.into_iter().chain([Kind::Scored]).cycle();
            kinds.find(|kind| *kind == form.kind);
            form.kind = kinds.next().unwrap_or(form.kind);
        }
        NewSessionField::Pays => {
            form.scoring.pays = match form.scoring.pays {
                Pays::Own => Pays::Threshold,
                Pays::Threshold => Pays::Own,
            };
        }
        NewSessionField::Model => {
            form.scoring.choose_next();
            form.notice = None;
        }
        NewSessionField::Replace => form.replace = !form.replace,
        NewSessionField::Open => form.open = !form.open,
        NewSessionField::File
        | NewSessionField::Title
        | NewSessionField::Description
        | NewSessionField::Quantity
        | NewSessionField::Currency
        | NewSessionField::Decimals
        | NewSessionField::Reserve
        | NewSessionField::Maximum
        | NewSessionField::Weight
        | NewSessionField::Lowest
        | NewSessionField::Highest
        | NewSessionField::Until => {
            if let Some(field) = form.typed() {
                field.key(crossterm::event::KeyCode::Right.into());
            }
        }
    }
}

fn submit(form: &mut NewSession) -> Vec<Effect> {
    if form.busy {
        return Vec::new();
    }
    if form.focus == NewSessionField::File && !form.file.is_empty() {
        form.busy = true;
        form.notice = None;
        return vec![Effect::ReadFile(PathBuf::from(form.file.text()))];
    }
    if let Some((field, why)) = fault(form, false) {
        form.focus = field;
        form.notice = Some(why);
        Vec::new()
    } else {
        form.busy = true;
        form.notice = None;
        let (file, open) = (text_of(form), form.open);
        vec![Effect::Ask(match form.editing {
            Some(session) => Request::Edit { session, file, open },
            None => Request::Write { file, open },
        })]
    }
}

/// The first field of the form that cannot stay as it is, and why. While somebody still types, a
/// title or a model that is missing is no fault.
pub fn fault(form: &NewSession, typing: bool) -> Option<(NewSessionField, String)> {
    let title = form.title.text().trim().is_empty();
    if title && !typing {
        let why = "give it a title: what is sold or bought";
        return Some((NewSessionField::Title, why.to_owned()));
    }
    let quantity = form.quantity.text().trim();
    if !form.is_scored() && !quantity.is_empty() && quantity.parse::<u32>().is_err() {
        let why = format!("the quantity is a number of lots, 1 to {MAX_QUANTITY}");
        return Some((NewSessionField::Quantity, why));
    }
    let decimals = form.decimals.text().trim();
    if !decimals.is_empty() && !decimals.parse::<u8>().is_ok_and(|decimals| decimals <= 8) {
        return Some((NewSessionField::Decimals, "decimals is a number from 0 to 8".to_owned()));
    }
    let mut table = table_of(form);
    if title {
        table.insert("title".to_owned(), "untitled".into());
    }
    let error = SessionFile::parse(&table.to_string()).err();
    let written =
        error.map(|error| (at_fault(form, &error), clean(&said_of(form, &error)).to_string()));
    let lacks = form.is_scored() && form.scoring.chosen.is_none() && !typing;
    let model = lacks.then(|| (NewSessionField::Model, form.scoring.advice()));
    written.into_iter().chain(model).min_by_key(|(field, _)| form.place(*field))
}

/// What is wrong, in the words of the form.
fn said_of(form: &NewSession, error: &TermsError) -> String {
    match error {
        // Whose maximum is its reserve.
        TermsError::Question(QuestionError::Auction(Fault::Maximum)) if form.is_scored() => {
            "the reserve must be at least 1 and below 2^62 in the smallest unit".to_owned()
        }
        other => other.to_string(),
    }
}

/// The field to change because of an error.
fn at_fault(form: &NewSession, error: &TermsError) -> NewSessionField {
    match error {
        TermsError::Question(QuestionError::Auction(fault)) => match fault {
            Fault::Currency => NewSessionField::Currency,
            Fault::Decimals { .. } => NewSessionField::Decimals,
            Fault::Amount { field, .. } => match *field {
                RESERVE => NewSessionField::Reserve,
                _ => NewSessionField::Maximum,
            },
            Fault::Maximum if form.is_scored() => NewSessionField::Reserve,
            Fault::ReserveAboveMaximum { .. } | Fault::Reserve(_) => NewSessionField::Reserve,
            Fault::Maximum => NewSessionField::Maximum,
            Fault::Quantity { .. } | Fault::SeveralOnNumbers => NewSessionField::Quantity,
            Fault::Scored(fault) => at_fault_of_scores(form, fault),
            // The form writes no bids.
            Fault::Text(_) | Fault::BidderTwice(_) => NewSessionField::Title,
        },
        TermsError::BidsUntil(_) => NewSessionField::Until,
        TermsError::Text(error) if error.field() == DESCRIPTION => NewSessionField::Description,
        // What is no TOML can only come of the title.
        _ => NewSessionField::Title,
    }
}

/// The field to change because of what is said of scores.
fn at_fault_of_scores(form: &NewSession, fault: &ScoredError) -> NewSessionField {
    match fault {
        ScoredError::Scoring(ScoringError::Field { field, .. }) => match *field {
            "weight" => NewSessionField::Weight,
            "lowest" => NewSessionField::Lowest,
            "highest" => NewSessionField::Highest,
            _ => NewSessionField::Model,
        },
        // Either of the two may be changed: the one where the keys are.
        ScoredError::Scoring(ScoringError::Bounds) if form.focus == NewSessionField::Highest => {
            NewSessionField::Highest
        }
        ScoredError::Scoring(ScoringError::Bounds) => NewSessionField::Lowest,
        ScoredError::Scoring(ScoringError::Weight) | ScoredError::TooWide => {
            NewSessionField::Weight
        }
        ScoredError::Reserve => NewSessionField::Reserve,
        ScoredError::NoScores => NewSessionField::Model,
        ScoredError::Kind | ScoredError::Sheet | ScoredError::Quantity | ScoredError::OnNumbers => {
            NewSessionField::Kind
        }
    }
}

/// The session file that a form stands for.
pub fn text_of(form: &NewSession) -> String {
    table_of(form).to_string()
}

fn table_of(form: &NewSession) -> toml::Table {
    let mut table = form.beyond.clone();
    let mut put = |key: &str, value: toml::Value| {
        table.insert(key.to_owned(), value);
    };
    put("title", form.title.text().trim().into());
    put("kind", form.kind.name().into());
    // What is no number goes in as text, and the check says what is wrong with it.
    let number = |text: &str, empty: i64| -> toml::Value {
        let number = if text.is_empty() { Ok(empty) } else { text.parse::<i64>() };
        number.map_or_else(|_| text.into(), Into::into)
    };
    put("currency", form.currency.text().trim().into());
    put("decimals", number(form.decimals.text().trim(), 0));
    if form.is_scored() {
        put(PAYS, form.scoring.pays.name().into());
        put(SCORES, scores_of(&form.scoring).into());
    } else {
        put("quantity", number(form.quantity.text().trim(), 1));
    }
    let maximum = (!form.is_scored()).then_some((MAXIMUM, &form.maximum));
    let optional = [(DESCRIPTION, &form.description), (RESERVE, &form.reserve)];
    for (key, field) in optional.into_iter().chain(maximum) {
        let text = field.text().trim();
        if !text.is_empty() {
            put(key, text.into());
        }
    }
    put("bids_until", form.until.text().trim().into());
    put("replace_bids", form.replace.into());
    table
}

/// Which scores count, as a session file says it.
fn scores_of(form: &ScoringForm) -> toml::Table {
    let chosen = form.chosen.clone().unwrap_or_else(Chosen::stand_in);
    let mut table = toml::Table::new();
    let whose = [("model", chosen.model), ("owner", chosen.owner), ("roster", chosen.roster)];
    for (key, text) in whose {
        table.insert(key.to_owned(), text.into());
    }
    let typed = |field: &Field| field.text().trim().to_owned();
    table.insert("weight".to_owned(), typed(&form.weight).into());
    for (key, field) in [("lowest", &form.lowest), ("highest", &form.highest)] {
        let text = typed(field);
        if !text.is_empty() {
            table.insert(key.to_owned(), text.into());
        }
    }
    table
}

/// A session file came: fill the form from it.
pub fn file_read(model: &mut Model, answer: Result<String, String>) {
    let Some(form) = model.new_session() else { return };
    form.busy = false;
    let text = match answer {
        Ok(text) => text,
        Err(why) => {
            form.notice = Some(clean(&why).to_string());
            return;
        }
    };
    form.notice = Some(match fill(form, &text) {
        Err(why) => why,
        Ok(bids) => {
            let left = if bids == 0 { "" } else { "; the bids in it are left out" };
            format!("read{left}. Look it over, then write it.")
        }
    });
}

/// Fill the form from a session file: how many bids in it are left out.
fn fill(form: &mut NewSession, text: &str) -> Result<usize, String> {
    let said = |error: &dyn std::fmt::Display| clean(&error.to_string()).to_string();
    let file = match SessionFile::read(text) {
        // A demo's file does not say whose scores count; that is chosen here.
        Ok(file) if leaves_model_open(&file) => Ok(file),
        _ => SessionFile::parse(text),
    };
    let file = file.map_err(|error| said(&error))?;
    let Some(auction) = file.fields.as_auction() else {
        return Err("this form writes auctions only".to_owned());
    };
    let mut beyond = without_demo(text).map_err(|error| said(&error))?;
    let reserve = auction.reserve.as_ref();
    // A secret reserve stays as it is written, unless an amount is typed.
    let secret = reserve.is_some_and(|reserve| reserve.amount().is_none());
    for field in IN_FORM.iter().filter(|field| !secret || **field != RESERVE) {
        beyond.remove(*field);
    }
    form.beyond = beyond;
    form.title.set(&file.shared.title);
    form.description.set(file.shared.paragraph().as_deref().unwrap_or_default());
    form.kind = auction.kind;
    form.quantity.set(&auction.quantity.to_string());
    form.currency.set(&auction.currency);
    form.decimals.set(&auction.decimals.to_string());
    form.reserve.set(reserve.and_then(|reserve| reserve.amount()).unwrap_or_default());
    form.maximum.set(auction.maximum.as_deref().unwrap_or_default());
    if let Some(scores) = &auction.scores {
        let scoring = &mut form.scoring;
        scoring.pays = auction.pays.unwrap_or_default();
        scoring.chosen = Chosen::written(auction);
        scoring.weight.set(scores.weight.text());
        let written = |bound: &Option<Written>| {
            bound.as_ref().map(|bound| bound.text().to_owned()).unwrap_or_default()
        };
        scoring.lowest.set(&written(&scores.lowest));
        scoring.highest.set(&written(&scores.highest));
    }
    form.until.set(&file.shared.bids_until);
    form.replace = file.shared.replace_bids;
    form.focus = NewSessionField::Title;
    Ok(auction.bids.len())
}

/// Whether a file of a scored auction does not say of which model.
fn leaves_model_open(file: &SessionFile) -> bool {
    file.fields.as_auction().is_some_and(|auction| {
        auction.kind == Kind::Scored
            && auction.scores.is_some()
            && Chosen::written(auction).is_none()
    })
}

/// The file of a draft, where it has come.
pub fn file_of(model: &Model, session: SessionId) -> Option<&str> {
    model.data().details.get(&session)?.file.as_deref()
}

/// Change the selected draft.
pub fn edit(model: &mut Model) {
    let Some(session) = model.ui.selected else { return };
    let Some(text) = file_of(model, session).map(str::to_owned) else { return };
    let mut form = NewSession { editing: Some(session), open: false, ..NewSession::default() };
    match fill(&mut form, &text) {
        Ok(_) => model.ui.popups.push(Popup::NewSession(Box::new(form))),
        Err(why) => model.say(Level::Error, why),
    }
}

/// The session is written, or not.
pub fn written(model: &mut Model, answer: Result<Box<SessionDetail>, String>) {
    match answer {
        Ok(detail) => {
            if model.new_session().is_some() {
                model.ui.popups.pop();
            }
            let (id, phase) = (detail.summary.session, detail.summary.phase);
            model.live_mut().detail(*detail);
            model.ui.filter.clear();
            model.ui.selected = Some(id);
            order::arrange(model);
            model.say(Level::Info, format!("session {} is written and {phase}", id.short()));
        }
        Err(why) => {
            let why = clean(&why).to_string();
            match model.new_session() {
                Some(form) => {
                    form.busy = false;
                    form.notice = Some(why);
                }
                None => model.say(Level::Error, why),
            }
        }
    }
}
