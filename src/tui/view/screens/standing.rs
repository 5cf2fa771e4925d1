//! How a session stands, where that is not what its phase alone would say: too few nodes, nodes that
//! are waited for. Said alike on every screen.

use crate::base::text::clean;
use crate::session::Phase;
use crate::tui::figures;
use crate::tui::state::data::Session;
use crate::tui::state::model::Model;

/// Why a session cannot go on now; `None` when nothing is known to be in its way. For one that is
/// open it is what would happen if bidding ended now.
pub fn obstacle(model: &Model, session: &Session) -> Option<String> {
    let data = model.data();
    let live =
        matches!(session.phase, Phase::Open | Phase::Closing | Phase::Computing | Phase::Failed);
    if let Some(short) = data.short_of_nodes().filter(|_| live) {
        return Some(format!("too few nodes, {short}"));
    }
    let under_way = matches!(session.phase, Phase::Closing | Phase::Computing);
    let detail = data.details.get(&session.id).filter(|_| under_way)?;
    if detail.waiting_for.is_empty() {
        return None;
    }
    let set = figures::nodes(detail.waiting_for);
    Some(match detail.reason.as_deref() {
        Some(reason) => format!("it waits for {set}: {}", clean(reason)),
        None => format!("it waits for {set}"),
    })
}
