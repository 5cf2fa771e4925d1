//! What a coordinator's operator does: open, close, call off, try again, write a session.

use std::path::PathBuf;

use super::action::Effect;
use super::allowed::new_form;
use super::list;
use crate::base::text::clean;
use crate::rules::auction::Kind;
use crate::rules::terms::{SessionFile, TermsError};
use crate::session::SessionId;
use crate::tui::input::commands::Command;
use crate::tui::state::data::Level;
use crate::tui::state::field::Field;
use crate::tui::state::model::{Asked, Deed, Model, NewForm, Popup, Question, Screen};
use crate::tui::view::text::{date_time, duration, plural};
use crate::wire::coordinator_api::SessionDetail;

/// Fields of the form of a new session, in the order of the form.
pub const FIELDS: [&str; 10] = [
    "from a file",
    "title",
    "kind",
    "currency",
    "decimals",
    "reserve",
    "maximum",
    "bids until",
    "bids may be replaced",
    "open at once",
];

/// Ask before a step.
pub fn ask(model: &mut Model, command: Command) {
    let Some(session) = model.ui.selected.and_then(|id| model.live().session(id)) else { return };
    let deed = match command {
        Command::Open => Deed::Open,
        Command::Close => Deed::Close,
        Command::Cancel => Deed::Cancel,
        _ => Deed::Retry,
    };
    let title = session.title.to_string();
    let bids = model.live().bids(session);
    let bids = bids.map_or_else(|| "the bids".to_owned(), |bids| plural(bids, "bid", "bids"));
    let nodes = model.live().nodes.len();
    let up = model.live().nodes_up();
    let until = session.terms.bids_until;
    let left = model.live().closes_in(session).unwrap_or(0);
    let (question, lines, grave) = match deed {
        Deed::Open => (
            "Open it for bids?",
            vec![
                title,
                "The terms are signed and sent to every node; they cannot be changed any more."
                    .to_owned(),
            ],
            false,
        ),
        Deed::Close => (
            "End bidding now?",
            vec![
                title,
                format!(
                    "{bids} so far; bidding would go on for {} (until {}).",
                    duration(left),
                    date_time(until)
                ),
                format!(
                    "{up} of {nodes} nodes are up. They fix the list of bids and compute the outcome; this cannot be undone."
                ),
            ],
            true,
        ),
        Deed::Cancel => (
            "Call it off?",
            vec![
                title,
                format!("{bids}: none will count, and no amount will ever be opened."),
                "This cannot be undone.".to_owned(),
            ],
            true,
        ),
        Deed::Retry => (
            "Try again?",
            vec![
                title,
                format!(
                    "{up} of {nodes} nodes are up. A new attempt starts from the same bids with new keys."
                ),
            ],
            false,
        ),
    };
    let asked = Asked::Deed(session.id, deed);
    let question = Question { asked, title: question.to_owned(), lines, grave };
    model.ui.popups.push(Popup::Confirm(question));
}

/// The person said yes.
pub fn confirmed(model: &mut Model, session: SessionId, deed: Deed) -> Vec<Effect> {
    let doing = match deed {
        Deed::Open => "opening",
        Deed::Close => "ending bidding",
        Deed::Cancel => "calling off",
        Deed::Retry => "trying again",
    };
    model.say(Level::Info, doing);
    vec![Effect::Do(session, deed)]
}

/// The coordinator did it, or not.
pub fn done(
    model: &mut Model,
    session: SessionId,
    deed: Deed,
    answer: Result<Box<SessionDetail>, String>,
) {
    match answer {
        Ok(detail) => {
            let phase = detail.summary.phase;
            model.live_mut().detail(*detail);
            list::arrange(model);
            model.say(Level::Info, format!("the session is {phase}"));
            if deed == Deed::Close && model.ui.selected == Some(session) {
                model.ui.screen = Screen::Bracket;
            }
        }
        Err(why) => {
            let why = clean(&why).to_string();
            super::news::log(model, Level::Error, Some(session), &why);
            model.say(Level::Error, why);
        }
    }
    model.asking.detail_stale = true;
}

/// Write the record of the selected session.
pub fn record(model: &mut Model) -> Vec<Effect> {
    let Some(session) = model.ui.selected else { return Vec::new() };
    let path = model.person.records.join(format!("record-{}.json", session.short()));
    vec![Effect::Record(session, path)]
}

/// The field that has the keys in the form of a new session, if it is one that takes text.
pub fn field(form: &mut NewForm) -> Option<&mut Field> {
    match form.focus {
        0 => Some(&mut form.file),
        1 => Some(&mut form.title),
        3 => Some(&mut form.currency),
        4 => Some(&mut form.decimals),
        5 => Some(&mut form.reserve),
        6 => Some(&mut form.maximum),
        7 => Some(&mut form.until),
        _ => None,
    }
}

/// Do what a command of the form says.
pub fn form(model: &mut Model, command: Command) -> Vec<Effect> {
    let Some(form) = new_form(model) else { return Vec::new() };
    match command {
        Command::NextField => form.focus = (form.focus + 1) % FIELDS.len(),
        Command::PreviousField => form.focus = (form.focus + FIELDS.len() - 1) % FIELDS.len(),
        Command::Change => match form.focus {
            2 => {
                let here = Kind::ALL.iter().position(|kind| *kind == form.kind).unwrap_or(0);
                form.kind = Kind::ALL[(here + 1) % Kind::ALL.len()];
            }
            8 => form.replace = !form.replace,
            9 => form.open = !form.open,
            _ => {
                let right = crossterm::event::KeyCode::Right.into();
                if let Some(field) = field(form) {
                    field.key(right);
                }
            }
        },
        Command::Discard => {
            model.ui.popups.pop();
        }
        _ => return submit(form),
    }
    Vec::new()
}

fn submit(form: &mut NewForm) -> Vec<Effect> {
    if form.busy {
        return Vec::new();
    }
    if form.focus == 0 && !form.file.is_empty() {
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
        vec![Effect::Write { file: text_of(form), open: form.open }]
    }
}

/// The first field of the form that cannot stay as it is, by its place in [`FIELDS`], and why.
/// While somebody still types, a title that is missing is no fault.
pub fn fault(form: &NewForm, typing: bool) -> Option<(usize, String)> {
    let title = form.title.text().trim().is_empty();
    if title && !typing {
        return Some((1, "give it a title: what is sold or bought".to_owned()));
    }
    let decimals = form.decimals.text().trim();
    if !decimals.is_empty() && !decimals.parse::<u8>().is_ok_and(|decimals| decimals <= 8) {
        return Some((4, "decimals is a number from 0 to 8".to_owned()));
    }
    let text = if title {
        let mut table = table_of(form);
        table.insert("title".to_owned(), "untitled".into());
        table.to_string()
    } else {
        text_of(form)
    };
    let error = SessionFile::parse(&text).err()?;
    let field = match &error {
        TermsError::Currency => 3,
        TermsError::Decimals { .. } => 4,
        TermsError::Amount { field: "reserve", .. } | TermsError::ReserveAboveMaximum { .. } => 5,
        TermsError::Amount { .. } | TermsError::Maximum => 6,
        TermsError::BidsUntil(_) => 7,
        _ => 1,
    };
    Some((field, clean(&error.to_string()).to_string()))
}

/// The session file that a form stands for.
pub fn text_of(form: &NewForm) -> String {
    table_of(form).to_string()
}

fn table_of(form: &NewForm) -> toml::Table {
    let mut table = toml::Table::new();
    let mut put = |key: &str, value: toml::Value| {
        table.insert(key.to_owned(), value);
    };
    put("title", form.title.text().trim().into());
    put("kind", form.kind.name().into());
    put("currency", form.currency.text().trim().into());
    // What is no number goes in as text, and the check says what is wrong with it.
    let decimals = form.decimals.text().trim();
    let number = if decimals.is_empty() { Ok(0) } else { decimals.parse::<i64>() };
    put("decimals", number.map_or_else(|_| decimals.into(), Into::into));
    for (key, field) in [("reserve", &form.reserve), ("maximum", &form.maximum)] {
        let text = field.text().trim();
        if !text.is_empty() {
            put(key, text.into());
        }
    }
    put("bids_until", form.until.text().trim().into());
    put("replace_bids", form.replace.into());
    table
}

/// A session file came: fill the form from it.
pub fn file_read(model: &mut Model, answer: Result<String, String>) {
    let Some(form) = new_form(model) else { return };
    form.busy = false;
    let text = match answer {
        Ok(text) => text,
        Err(why) => {
            form.notice = Some(clean(&why).to_string());
            return;
        }
    };
    match SessionFile::parse(&text) {
        Err(error) => form.notice = Some(clean(&error.to_string()).to_string()),
        Ok(file) => {
            form.title.set(&file.title);
            form.kind = file.kind;
            form.currency.set(&file.currency);
            form.decimals.set(&file.decimals.to_string());
            form.reserve.set(file.reserve.as_deref().unwrap_or_default());
            form.maximum.set(file.maximum.as_deref().unwrap_or_default());
            form.until.set(&file.bids_until);
            form.replace = file.replace_bids;
            form.focus = 1;
            let left = if file.bids.is_empty() { "" } else { "; the bids in it are left out" };
            form.notice = Some(format!("read{left}. Look it over, then write it."));
        }
    }
}

/// The session is written, or not.
pub fn written(model: &mut Model, answer: Result<Box<SessionDetail>, String>) {
    match answer {
        Ok(detail) => {
            if new_form(model).is_some() {
                model.ui.popups.pop();
            }
            let (id, phase) = (detail.summary.session, detail.summary.phase);
            model.live_mut().detail(*detail);
            model.ui.filter.clear();
            model.ui.selected = Some(id);
            list::arrange(model);
            model.say(Level::Info, format!("session {} is written and {phase}", id.short()));
        }
        Err(why) => {
            let why = clean(&why).to_string();
            match new_form(model) {
                Some(form) => {
                    form.busy = false;
                    form.notice = Some(why);
                }
                None => model.say(Level::Error, why),
            }
        }
    }
}
