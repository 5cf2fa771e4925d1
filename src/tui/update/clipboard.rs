//! Copying what is selected.

use super::action::Effect;
use super::cohort::{self, Entry};
use crate::base::text::clean;
use crate::tui::state::data::Level;
use crate::tui::state::model::Model;
use crate::tui::state::screen::Screen;

/// Characters of what was copied that the notice shows.
const SHOWN: usize = 18;

/// What `y` copies here.
pub fn to_copy(model: &Model) -> Option<(&'static str, String)> {
    match model.ui.screen {
        Screen::Auctions | Screen::Bracket | Screen::Log => {
            model.ui.selected.map(|session| ("session id", session.to_string()))
        }
        Screen::Nodes => {
            let data = model.data();
            let node = data.nodes.get(model.ui.node)?;
            let card = data.roster.as_ref()?.node(node.status.node)?;
            Some(("public key of the node", card.key.to_string()))
        }
        Screen::People => Some(match cohort::selected(model)? {
            Entry::Account(account) => match account.key {
                Some(key) => ("public key of the account", key.to_string()),
                None => ("account's name", account.name.to_string()),
            },
            Entry::Invitation(invitation) => ("invitation's id", invitation.digest.to_string()),
        }),
        Screen::Bid => {
            let session = match &model.ui.form {
                Some(form) => form.session,
                None => model.bid_at()?.1.id,
            };
            match model.data().own.latest(session) {
                Some(own) => {
                    Some(("envelope's digest, as on your receipts", own.envelope.to_string()))
                }
                None => Some(("session id", session.to_string())),
            }
        }
    }
}

/// Copy it.
pub fn copy(model: &mut Model) -> Vec<Effect> {
    let Some((what, text)) = to_copy(model) else { return Vec::new() };
    let mut shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() {
        shown.push_str("..");
    }
    model.say(Level::Info, format!("copied the {what}: {shown}"));
    vec![Effect::Copy(clean(&text))]
}
