//! Moving about in lists.

use super::{answering, cohort, filter, log, look_back, order, palette};
use crate::session::Phase;
use crate::tui::input::commands::Move;
use crate::tui::input::layer::Layer;
use crate::tui::state::data::Session;
use crate::tui::state::model::Model;
use crate::tui::state::screen::{List, Screen};

/// Further than any list is long.
const FAR: isize = isize::MAX / 2;

/// Move in the list that has the keys.
pub fn run(model: &mut Model, to: Move) {
    let list = match (list_here(model), to) {
        // The links of the selected node turn by pages.
        (List::Nodes, Move::PageUp | Move::PageDown) => List::Links,
        (list, _) => list,
    };
    let page = isize::try_from(model.ui.drawn.heights[list as usize].max(2) - 1).unwrap_or(1);
    let by = match to {
        Move::Up => -1,
        Move::Down => 1,
        Move::PageUp => -page,
        Move::PageDown => page,
        Move::Top => -FAR,
        Move::Bottom => FAR,
    };
    scroll(model, list, by);
}

fn list_here(model: &Model) -> List {
    match model.layer() {
        Layer::Help => List::Help,
        Layer::Palette => List::Palette,
        Layer::Audit => List::Audit,
        Layer::Variables => List::Variables,
        Layer::Models => List::Models,
        Layer::Batches => List::Batches,
        Layer::Approval => List::Signed,
        Layer::Global
        | Layer::Auctions
        | Layer::Detail
        | Layer::Bracket
        | Layer::Nodes
        | Layer::Bid
        | Layer::BidForm
        | Layer::AnswerForm
        | Layer::Log
        | Layer::People
        | Layer::Invite
        | Layer::Code
        | Layer::Filter
        | Layer::Confirm
        | Layer::NewSession
        | Layer::Login
        | Layer::Prints
        | Layer::Path => match model.ui.screen {
            Screen::Auctions if model.ui.in_detail => List::Grid,
            Screen::Bracket if shows_results(model) => List::Results,
            Screen::Auctions | Screen::Bracket => List::Sessions,
            Screen::Nodes => List::Nodes,
            Screen::Bid => List::Bids,
            Screen::Log => List::Log,
            Screen::People => List::People,
        },
    }
}

/// Whether the bracket's screen shows what a survey came to, or a job's steps, to be scrolled
/// through. While they are computed, those at work stay in sight by themselves.
fn shows_results(model: &Model) -> bool {
    let scrolls = |session: &Session| {
        let steps = session.worked.is_some() && session.phase != Phase::Computing;
        session.surveyed.is_some() || steps
    };
    model.selected().is_some_and(scrolls) && look_back::point(model).is_none()
}

fn moved(from: usize, by: isize, length: usize) -> usize {
    from.saturating_add_signed(by).min(length.saturating_sub(1))
}

/// Move the selection of a list.
pub fn scroll(model: &mut Model, list: List, by: isize) {
    match list {
        List::Sessions => {
            order::walk(model, by);
        }
        List::Grid => {
            let rows = filter::bidders(model).len();
            model.ui.grid_row = moved(model.ui.grid_row, by, rows);
        }
        List::Bids => {
            if model.ui.form.is_none() {
                let row = model.bid_at().map_or(0, |(row, _)| row);
                adopt(model, moved(row, by, model.biddable().len()));
            }
        }
        List::Log => {
            let lines = log::lines(model);
            let row = moved(log::row(model, &lines), by, lines.len());
            log::select(model, &lines, row);
        }
        List::People => cohort::walk(model, by),
        List::Nodes => {
            model.ui.node = moved(model.ui.node, by, model.data().nodes.len());
            model.ui.drawn.offsets[List::Links as usize] = 0;
        }
        // Where a list ends is found when it is drawn.
        List::Links | List::Results | List::Signed => {
            let first = &mut model.ui.drawn.offsets[list as usize];
            *first = first.saturating_add_signed(by);
        }
        List::Answers => {
            if let Some(answers) = answering::editing(model) {
                answers.focus = moved(answers.focus, by, answers.rows().len());
            }
        }
        List::Help => {
            model.ui.help_line =
                model.ui.drawn.offsets[List::Help as usize].saturating_add_signed(by);
        }
        List::Audit => {
            if let Some(audit) = model.audit() {
                audit.row = moved(audit.row, by, audit.rows().len());
            }
        }
        List::Variables => {
            if let Some(shelf) = model.shelf() {
                shelf.row = moved(shelf.row, by, shelf.rows().len());
            }
        }
        List::Models => {
            if let Some(room) = model.storeroom() {
                room.row = moved(room.row, by, room.rows().len());
            }
        }
        List::Batches => {
            if let Some(page) = model.storeroom().and_then(|room| room.page.as_mut()) {
                page.row = moved(page.row, by, page.rows().len());
            }
        }
        List::Palette => {
            let row = moved(palette::selected(model), by, palette::found(model).len());
            palette::select(model, row);
        }
    }
}

/// The session selected on the bid's screen is the selected one everywhere.
fn adopt(model: &mut Model, row: usize) {
    let id = model.biddable().get(row).map(|session| session.id);
    if let Some(id) = id {
        model.ui.bid = Some(id);
        model.ui.selected = Some(id);
        model.asking.detail_stale = true;
    }
}

/// Select a row that was clicked.
pub fn select(model: &mut Model, list: List, row: usize) {
    match list {
        List::Sessions => {
            model.ui.in_detail = false;
            order::select_row(model, row);
        }
        List::Grid => {
            model.ui.in_detail = true;
            model.ui.grid_row = row;
        }
        List::Bids => {
            if model.ui.form.is_none() {
                adopt(model, row);
            }
        }
        List::Log => {
            let lines = log::lines(model);
            log::select(model, &lines, row);
        }
        List::Audit => {
            if let Some(audit) = model.audit() {
                audit.row = row;
            }
        }
        List::Variables => {
            if let Some(shelf) = model.shelf() {
                shelf.row = row;
            }
        }
        List::Models => {
            if let Some(room) = model.storeroom() {
                room.row = row;
            }
        }
        List::Batches => {
            if let Some(page) = model.storeroom().and_then(|room| room.page.as_mut()) {
                page.row = row;
            }
        }
        List::People => cohort::select(model, row),
        List::Nodes => model.ui.node = row,
        List::Answers => {
            if let Some(answers) = answering::editing(model) {
                answers.focus = row.min(answers.rows().len().saturating_sub(1));
            }
        }
        List::Help | List::Palette | List::Links | List::Results | List::Signed => {}
    }
}
