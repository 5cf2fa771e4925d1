//! The command palette: finding commands by parts of their names, and sessions by their ids or
//! titles.

use super::{order, screens};
use crate::session::SessionId;
use crate::tui::input::layer::Layer;
use crate::tui::input::table::{ROWS, Row};
use crate::tui::state::data::{Level, Session};
use crate::tui::state::forms::Popup;
use crate::tui::state::model::Model;
use crate::tui::state::screen::Screen;

/// How well a query fits a text: its letters in order, the better the more of them follow each
/// other or begin a word.
pub fn score(query: &str, text: &str) -> Option<i32> {
    let text: Vec<char> = text.to_lowercase().chars().collect();
    let mut score = 0;
    let mut from = 0;
    let mut last = None;
    for wanted in query.to_lowercase().chars().filter(|wanted| !wanted.is_whitespace()) {
        let at = (from..text.len()).find(|&at| text[at] == wanted)?;
        let begins = at == 0 || !text[at - 1].is_alphanumeric();
        let follows = last.is_some_and(|last: usize| last + 1 == at);
        score += 1 + 4 * i32::from(begins) + 3 * i32::from(follows);
        score -= i32::try_from(at - from).unwrap_or(i32::MAX / 4).min(6) / 2;
        last = Some(at);
        from = at + 1;
    }
    Some(score)
}

/// Something to choose.
#[derive(Clone, Copy, Debug)]
pub enum Choice {
    /// A command.
    Command(&'static Row),
    /// A session to select.
    Session(SessionId),
}

/// What fits what was typed, the best first.
pub fn found(model: &Model) -> Vec<Choice> {
    let Some(Popup::Palette(palette, _)) = model.ui.popups.last() else { return Vec::new() };
    choices(model, palette.field.text())
}

/// The same, for any query: sessions whose id begins with it, then commands and sessions by their
/// titles; titles first where no command's name begins like that.
pub fn choices(model: &Model, query: &str) -> Vec<Choice> {
    let query = query.trim();
    let rows = matching(query);
    let commands = rows.iter().copied().map(Choice::Command);
    if query.is_empty() {
        return commands.collect();
    }
    let lower = query.to_lowercase();
    let named = rows.iter().any(|row| row.name().starts_with(&lower));
    let (by_id, others): (Vec<&Session>, Vec<&Session>) = model
        .data()
        .sessions
        .iter()
        .partition(|session| session.id.to_string().starts_with(&lower));
    let titled = |session: &&&Session| session.title.as_str().to_lowercase().contains(&lower);
    let choice = |session: &&Session| Choice::Session(session.id);
    let by_title = others.iter().filter(titled).map(choice);
    let by_id = by_id.iter().map(choice);
    if named {
        by_id.chain(commands).chain(by_title).collect()
    } else {
        by_id.chain(by_title).chain(commands).collect()
    }
}

/// The same, for any query.
pub fn matching(query: &str) -> Vec<&'static Row> {
    let mut found: Vec<(i32, usize, &Row)> = ROWS
        .iter()
        .copied()
        .enumerate()
        // The palette's own keys help nobody inside it.
        .filter(|(_, row)| row.layers != [Layer::Palette])
        .filter_map(|(at, row)| {
            let exact = 100 * i32::from(row.name() == query.trim());
            let name = score(query, row.name()).map(|score| score * 3 + exact);
            let about = score(query, row.about);
            Some((name.max(about)?, at, row))
        })
        .collect();
    found.sort_by_key(|(score, at, _)| (std::cmp::Reverse(*score), *at));
    found.into_iter().map(|(_, _, row)| row).collect()
}

/// The command of the command line that does the same as a row, about what is selected here.
pub fn command_line(model: &Model, row: &Row) -> Option<String> {
    let command = row.cli.same()?;
    let Some(session) = model.ui.selected else { return Some(command.to_owned()) };
    let short = session.short();
    let filled = command.replace("SESSION", &short);
    Some(filled.replace("--record FILE", &format!("--record record-{short}.json")))
}

/// The selected row.
pub fn selected(model: &Model) -> usize {
    match model.ui.popups.last() {
        Some(Popup::Palette(palette, _)) => palette.selected,
        _ => 0,
    }
}

/// Select a row.
pub fn select(model: &mut Model, row: usize) {
    if let Some(Popup::Palette(palette, _)) = model.ui.popups.last_mut() {
        palette.selected = row;
    }
}

/// What was typed has changed.
pub fn reset(model: &mut Model) {
    select(model, 0);
}

/// To the choice above, from the first to the last.
pub fn step_up(model: &mut Model) {
    let count = found(model).len().max(1);
    let here = selected(model);
    select(model, (here + count - 1) % count);
}

/// To the choice below, from the last to the first.
pub fn step_down(model: &mut Model) {
    let count = found(model).len().max(1);
    let here = selected(model);
    select(model, (here + 1) % count);
}

/// Leave the palette for the screen of what is selected; gives what is to be done there.
pub fn choose(model: &mut Model) -> Option<&'static Row> {
    let Some(choice) = found(model).get(selected(model)).copied() else {
        model.say(Level::Warn, "nothing fits; take letters away");
        return None;
    };
    model.ui.popups.pop();
    match choice {
        Choice::Command(row) => {
            go_home(model, row);
            Some(row)
        }
        Choice::Session(session) => {
            go_to(model, session);
            None
        }
    }
}

/// Select a session where it is listed.
fn go_to(model: &mut Model, session: SessionId) {
    if !matches!(model.ui.screen, Screen::Auctions | Screen::Bracket) {
        screens::show(model, Screen::Auctions);
    }
    model.ui.filter.clear();
    model.ui.selected = Some(session);
    model.asking.detail_stale = true;
    order::arrange(model);
}

/// Go to the screen that a command belongs to, unless it counts here.
fn go_home(model: &mut Model, row: &Row) {
    let here = model.layer();
    if row.layers.contains(&here) || row.layers.contains(&Layer::Global) {
        return;
    }
    let screen = row.layers.iter().find_map(|layer| match layer {
        Layer::Auctions | Layer::Detail => Some(Screen::Auctions),
        Layer::Bracket => Some(Screen::Bracket),
        Layer::Nodes => Some(Screen::Nodes),
        Layer::Bid | Layer::BidForm | Layer::AnswerForm => Some(Screen::Bid),
        Layer::Log => Some(Screen::Log),
        // Whoever does not have the screen is told so where they are.
        Layer::People if model.person.operator => Some(Screen::People),
        Layer::Global
        | Layer::Palette
        | Layer::Filter
        | Layer::Help
        | Layer::Confirm
        | Layer::NewSession
        | Layer::Login
        | Layer::Audit
        | Layer::Prints
        | Layer::Variables
        | Layer::Models
        | Layer::Batches
        | Layer::Approval
        | Layer::Path
        | Layer::People
        | Layer::Invite
        | Layer::Code => None,
    });
    if let Some(screen) = screen {
        model.ui.screen = screen;
    }
}
