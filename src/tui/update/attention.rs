//! What needs a person is kept up to date after every action, and a new matter rings the bell.

use super::action::Effect;
use crate::tui::state::alert::Matter;
use crate::tui::state::alerts;
use crate::tui::state::model::Model;

/// Look at everything again; what is new rings the bell, and the title says the worst.
pub fn look(model: &mut Model) -> Vec<Effect> {
    let alerts = alerts::alerts(model);
    let known = |matter: &Matter| model.ui.alerts.iter().any(|alert| alert.matter == *matter);
    let new = alerts.iter().any(|alert| !known(&alert.matter));
    let mut effects = Vec::new();
    if new {
        effects.push(Effect::Bell);
    }
    let title = match alerts.first() {
        Some(alert) => format!("! {} - gavel", alert.short),
        None => "gavel".to_owned(),
    };
    if title != model.ui.title {
        model.ui.title.clone_from(&title);
        effects.push(Effect::Title(title));
    }
    if alerts != model.ui.alerts {
        model.ui.alerts = alerts;
        model.dirty = true;
    }
    effects
}
