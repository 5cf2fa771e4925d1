//! Digest and fingerprints: what two people compare, copied or shown as a code.

use super::action::Effect;
use crate::base::text::clean;
use crate::identity::{Digest, Statement as _};
use crate::tui::input::commands::PrintsCommand;
use crate::tui::state::data::Level;
use crate::tui::state::forms::Popup;
use crate::tui::state::model::Model;
use crate::tui::state::screen::Screen;

/// Something to compare.
pub struct Print {
    /// What it is of.
    pub label: String,
    /// The digest itself.
    pub digest: Digest,
}

/// The roster's digest, then the fingerprints of the certificates that it lists.
pub fn all(model: &Model) -> Vec<Print> {
    let Some(roster) = model.data().roster.as_ref() else { return Vec::new() };
    let mut prints = vec![
        Print { label: "roster".to_owned(), digest: roster.digest() },
        Print {
            label: format!("coordinator {}", clean(&roster.coordinator.name)),
            digest: roster.coordinator.certificate,
        },
    ];
    prints.extend(roster.nodes.iter().zip(1..).map(|(card, index)| Print {
        label: format!("node {index} {}", clean(&card.name)),
        digest: card.certificate,
    }));
    prints
}

/// Show them; on the screen of the nodes, the selected node's first.
pub fn open(model: &mut Model) {
    let row = if model.ui.screen == Screen::Nodes { model.ui.node + 2 } else { 0 };
    model.ui.popups.push(Popup::Prints(row));
}

/// Do what a command says while they are shown.
pub fn run(model: &mut Model, command: PrintsCommand) -> Vec<Effect> {
    let prints = all(model);
    let Some(Popup::Prints(row)) = model.ui.popups.last_mut() else { return Vec::new() };
    let here = (*row).min(prints.len().saturating_sub(1));
    match command {
        PrintsCommand::Down => *row = (here + 1).min(prints.len().saturating_sub(1)),
        PrintsCommand::Up => *row = here.saturating_sub(1),
        PrintsCommand::Copy => {
            if let Some(print) = prints.get(here) {
                model.say(Level::Info, format!("copied: {} of {}", print.digest, print.label));
                return vec![Effect::Copy(clean(&print.digest.to_string()))];
            }
        }
        PrintsCommand::Leave => {
            model.ui.popups.pop();
        }
    }
    Vec::new()
}
