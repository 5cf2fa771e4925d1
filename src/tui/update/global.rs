//! Commands that work on every screen.

use super::action::Effect;
use super::{clipboard, login, order, prints, screens, stock, variables};
use crate::session::Phase;
use crate::tui::input::commands::GlobalCommand;
use crate::tui::state::data::Level;
use crate::tui::state::forms::{Asked, Palette, Popup, Question};
use crate::tui::state::model::Model;
use crate::tui::state::screen::Screen;

/// Do what a command says.
pub fn run(model: &mut Model, command: GlobalCommand) -> Vec<Effect> {
    match command {
        GlobalCommand::Auctions => screens::show(model, Screen::Auctions),
        GlobalCommand::Bracket => screens::show(model, Screen::Bracket),
        GlobalCommand::Nodes => screens::show(model, Screen::Nodes),
        GlobalCommand::Bids => screens::show(model, Screen::Bid),
        GlobalCommand::Log => screens::show(model, Screen::Log),
        GlobalCommand::People => screens::show(model, Screen::People),
        GlobalCommand::NextScreen => screens::turn(model, 1),
        GlobalCommand::PreviousScreen => screens::turn(model, -1),
        GlobalCommand::Keys => {
            model.ui.help_line = 0;
            let layer = model.layer();
            model.ui.popups.push(Popup::Help(layer));
        }
        GlobalCommand::Palette => {
            let layer = model.layer();
            model.ui.popups.push(Popup::Palette(Palette::default(), layer));
        }
        GlobalCommand::Pause => {
            model.pause();
            order::arrange(model);
            let text = if model.paused() {
                "the display is stopped; everything else goes on"
            } else {
                "the display goes on"
            };
            model.say(Level::Info, text);
        }
        GlobalCommand::Enlarge => model.ui.enlarged = !model.ui.enlarged,
        GlobalCommand::Mask => {
            model.ui.masked = !model.ui.masked;
            let text =
                if model.ui.masked { "bidders' names are hidden" } else { "names show again" };
            model.say(Level::Info, text);
        }
        GlobalCommand::Copy => return clipboard::copy(model),
        GlobalCommand::Prints => prints::open(model),
        GlobalCommand::Variables => return variables::open(model),
        GlobalCommand::Models => return stock::open(model),
        GlobalCommand::LogIn => login::open(model),
        GlobalCommand::Refresh => {
            model.asking.detail_stale = true;
            model.asking.receipts_stale = true;
            model.asking.people_at = None;
            model.say(Level::Info, "asking coordinator and nodes again");
            return vec![Effect::Refresh];
        }
        GlobalCommand::NextTheme => {
            model.theme = model.theme.next();
            let theme = model.theme;
            model.say(Level::Info, format!("theme: {theme}"));
        }
        GlobalCommand::Redraw => return vec![Effect::Redraw],
        GlobalCommand::Suspend => return vec![Effect::Suspend],
        GlobalCommand::Quit => quit(model),
        GlobalCommand::Leave => leave(model),
    }
    Vec::new()
}

/// Leave at once, unless something would be interrupted.
fn quit(model: &mut Model) {
    let running = model.live().sessions.iter().find(|session| {
        session.phase.is_bidding() || matches!(session.phase, Phase::Closing | Phase::Computing)
    });
    let sending = model.sending();
    let lines = match running {
        _ if sending => vec![
            "Your bid is on its way and not every receipt is here.".to_owned(),
            "The envelope is kept; it can be sent again later.".to_owned(),
        ],
        _ if !model.person.serves.is_empty() => vec![
            format!("It stops {} as well.", model.person.serves),
            match running {
                Some(session) => format!("{} is {}.", session.title, session.phase),
                None => "No session is under way.".to_owned(),
            },
            "`gavel serve --headless` runs without screens; `gavel tui` comes and goes.".to_owned(),
        ],
        Some(session) if model.person.demo => vec![
            format!("{} is {}.", session.title, session.phase),
            "The demo's servers stop with this program.".to_owned(),
        ],
        _ => {
            model.over = true;
            return;
        }
    };
    model.ui.popups.push(Popup::Confirm(Question {
        asked: Asked::Quit,
        title: "Leave now?".to_owned(),
        lines,
        grave: true,
    }));
}

/// Leave from anywhere. Where servers stop with this program it asks once; the same key again
/// leaves.
fn leave(model: &mut Model) {
    let asked =
        matches!(model.ui.popups.last(), Some(Popup::Confirm(Question { asked: Asked::Quit, .. })));
    if asked || model.person.serves.is_empty() { model.over = true } else { quit(model) }
}
