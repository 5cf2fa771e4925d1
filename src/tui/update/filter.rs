//! The filter: of the log or the people on their screens, of one auction's bidders in its detail, else of the
//! auctions.

use super::order;
use crate::tui::input::commands::FilterCommand;
use crate::tui::state::field::Field;
use crate::tui::state::live::BidRow;
use crate::tui::state::model::{Model, Ui};
use crate::tui::state::screen::Screen;

/// The field of the filter of what is on the screen.
pub fn field(ui: &Ui) -> &Field {
    match ui.screen {
        Screen::Log => &ui.log.filter,
        Screen::People => &ui.people.filter,
        Screen::Auctions if ui.in_detail => &ui.bidders,
        Screen::Auctions | Screen::Bracket | Screen::Nodes | Screen::Bid => &ui.filter,
    }
}

/// The same, to type into.
pub fn field_mut(ui: &mut Ui) -> &mut Field {
    match ui.screen {
        Screen::Log => &mut ui.log.filter,
        Screen::People => &mut ui.people.filter,
        Screen::Auctions if ui.in_detail => &mut ui.bidders,
        Screen::Auctions | Screen::Bracket | Screen::Nodes | Screen::Bid => &mut ui.filter,
    }
}

/// Begin to type it.
pub fn begin(model: &mut Model) {
    if !matches!(model.ui.screen, Screen::Log | Screen::Auctions | Screen::People) {
        model.ui.screen = Screen::Auctions;
        model.ui.in_detail = false;
    }
    model.ui.filtering = true;
}

/// Do what a command says while it is typed.
pub fn run(model: &mut Model, command: FilterCommand) {
    model.ui.filtering = false;
    match command {
        FilterCommand::Keep => {}
        FilterCommand::Drop => drop_it(model),
    }
}

/// Show everything again.
pub fn drop_it(model: &mut Model) {
    field_mut(&mut model.ui).clear();
    changed(model);
}

/// What is shown follows what was typed.
pub fn changed(model: &mut Model) {
    if model.ui.in_detail {
        model.ui.grid_row = 0;
    }
    order::arrange(model);
}

/// The bids of the selected auction that its filter lets through.
pub fn bidders(model: &Model) -> Vec<&BidRow> {
    let live = model.ui.selected.and_then(|id| model.data().live.get(&id));
    let rows = live.map_or(&[][..], |live| &live.bids);
    let words: Vec<String> =
        model.ui.bidders.text().to_lowercase().split_whitespace().map(str::to_owned).collect();
    let fits = |row: &&BidRow| {
        words.is_empty() || {
            let name = row.name.as_str().to_lowercase();
            words.iter().all(|word| name.contains(word))
        }
    };
    rows.iter().filter(fits).collect()
}
