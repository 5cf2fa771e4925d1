//! Brings every command to its handler.

use super::action::Effect;
use super::{
    allowed, answering, approvals, audit, bidding, confirm, filter, global, invite, list, log,
    login, moves, new_session, palette, people, prints, steps, stock, variables,
};
use crate::tui::input::commands::{Command, HelpCommand, NewSessionCommand, PaletteCommand};
use crate::tui::state::data::Level;
use crate::tui::state::model::Model;

/// Do what a command says, or say why not.
pub fn run(model: &mut Model, command: impl Into<Command>) -> Vec<Effect> {
    let command = command.into();
    model.dirty = true;
    if let Some(why) = allowed::refusal(model, command) {
        model.say(Level::Warn, format!("{}: {why}", command.row().name()));
        return Vec::new();
    }
    match command {
        Command::Step(step) => steps::ask(model, step),
        Command::List(command) => return list::run(model, command),
        Command::Bids(command) => return bidding::begin(model, command),
        Command::BidForm(command) => bidding::run(model, command),
        Command::AnswerForm(command) => answering::run(model, command),
        Command::Log(command) => log::run(model, command),
        Command::People(command) => return people::run(model, command),
        Command::Invite(command) => return invite::run(model, command),
        Command::Code(command) => return invite::run_code(model, command),
        Command::Move(by) => moves::run(model, by),
        Command::Confirm(command) => return confirm::run(model, command),
        Command::NewSession(NewSessionCommand::Change) => {
            new_session::run(model, NewSessionCommand::Change);
            // The models that a scored auction chooses from.
            return stock::ask(model);
        }
        Command::NewSession(command) => return new_session::run(model, command),
        Command::Audit(command) => return audit::run(model, command),
        Command::Prints(command) => return prints::run(model, command),
        Command::Models(command) => return stock::run(model, command),
        Command::Batches(command) => return stock::run_batches(model, command),
        Command::Variables(command) => return variables::run(model, command),
        Command::Approval(command) => return approvals::run(model, command),
        Command::Path(command) => return audit::run_path(model, command),
        Command::Login(command) => return login::run(model, command),
        Command::Palette(command) => return run_palette(model, command),
        Command::Filter(command) => filter::run(model, command),
        Command::Help(HelpCommand::Leave) => {
            model.ui.popups.pop();
        }
        Command::Global(command) => return global::run(model, command),
    }
    Vec::new()
}

fn run_palette(model: &mut Model, command: PaletteCommand) -> Vec<Effect> {
    match command {
        PaletteCommand::Run => {
            return palette::choose(model)
                .map_or_else(Vec::new, |chosen| run(model, chosen.command));
        }
        PaletteCommand::Up => palette::step_up(model),
        PaletteCommand::Down => palette::step_down(model),
        PaletteCommand::Leave => {
            model.ui.popups.pop();
        }
    }
    Vec::new()
}
