//! Commands of the list of auctions, and of one's detail and bracket.

use super::action::Effect;
use super::{approvals, audit, bidding, filter, look_back, new_session, order, screens};
use crate::tui::input::commands::ListCommand;
use crate::tui::state::data::Level;
use crate::tui::state::forms::Popup;
use crate::tui::state::model::Model;
use crate::tui::state::screen::Screen;

/// Do what a command says.
pub fn run(model: &mut Model, command: ListCommand) -> Vec<Effect> {
    match command {
        ListCommand::Bid => {
            if let Some(session) = model.ui.selected {
                bidding::open(model, session);
            }
        }
        ListCommand::New => model.ui.popups.push(Popup::NewSession(Box::default())),
        ListCommand::Edit => new_session::edit(model),
        ListCommand::ShowBracket => screens::show(model, Screen::Bracket),
        ListCommand::Enter => model.ui.in_detail = true,
        ListCommand::Back if !model.ui.bidders.is_empty() => filter::drop_it(model),
        ListCommand::Back => model.ui.in_detail = false,
        ListCommand::Filter => filter::begin(model),
        ListCommand::ShowAll => filter::drop_it(model),
        ListCommand::Sort => {
            model.ui.sort = model.ui.sort.next();
            model.say(Level::Info, format!("sorted by {}", model.ui.sort.name()));
            order::arrange(model);
        }
        ListCommand::Reverse => {
            model.ui.backwards = !model.ui.backwards;
            order::arrange(model);
        }
        ListCommand::Previous => order::walk(model, -1),
        ListCommand::Next => order::walk(model, 1),
        ListCommand::Earlier => look_back::earlier(model),
        ListCommand::Later => look_back::later(model),
        ListCommand::Result => model.ui.look_back = None,
        ListCommand::Record => {
            if let Some(session) = model.ui.selected {
                audit::ask_path(model, session);
            }
        }
        ListCommand::Table => {
            if let Some(session) = model.ui.selected {
                audit::ask_path_of_table(model, session);
            }
        }
        ListCommand::Audit => return audit::begin(model),
        ListCommand::Approve => return approvals::open(model),
    }
    Vec::new()
}
