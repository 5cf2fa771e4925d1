//! The filter: of the log on its screen, else of the auctions.

use super::order;
use crate::tui::input::commands::FilterCommand;
use crate::tui::state::field::Field;
use crate::tui::state::model::Model;
use crate::tui::state::screen::Screen;

/// The field of the filter of the screen.
pub fn field(model: &mut Model) -> &mut Field {
    if model.ui.screen == Screen::Log { &mut model.ui.log.filter } else { &mut model.ui.filter }
}

/// Begin to type it.
pub fn begin(model: &mut Model) {
    if model.ui.screen != Screen::Log {
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
        FilterCommand::Drop => {
            field(model).clear();
            order::arrange(model);
        }
    }
}
