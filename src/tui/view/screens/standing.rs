//! How a session stands, where that is not what its phase alone would say: too few nodes, nodes that
//! are waited for. Said alike on every screen.

use crate::base::text::clean;
use crate::session::Phase;
use crate::tui::figures;
use crate::tui::input::commands::Step;
use crate::tui::input::layer::Layer;
use crate::tui::state::data::Session;
use crate::tui::state::model::Model;

/// Why a session cannot go on now; `None` when nothing is known to be in its way. For one that is
/// open it is what would happen if bidding ended now.
pub fn obstacle(model: &Model, session: &Session) -> Option<String> {
    let data = model.data();
    let live = session.phase.is_bidding()
        || matches!(session.phase, Phase::Closing | Phase::Computing | Phase::Failed);
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

/// What a pause means, line by line: why it is, what counts, and what ends it.
pub fn paused(model: &Model, session: &Session) -> Vec<String> {
    let data = model.data();
    let reason = data.details.get(&session.id).and_then(|detail| detail.reason.as_deref());
    let why =
        reason.map_or_else(|| "paused by the coordinator".to_owned(), |why| clean(why).to_string());
    let until = data.zone.date_time(session.terms.bids_until);
    let over = session.terms.bids_until <= data.coordinator_now();
    let (what, many) = session.entry_words();
    let mut lines =
        vec![format!("It is {why}. No {what} is taken until it goes on; those that are in count.")];
    let key = |step: Step| model.keymap.first(Layer::Auctions, step);
    let (resume, close) = (key(Step::Resume), key(Step::Close));
    lines.push(match (over, model.person.operator) {
        (false, false) => format!("The time in the terms stays: until {until}."),
        (false, true) => {
            format!("{resume} lets {many} come in again, until {until} as the terms say.")
        }
        (true, false) => "Its time is over; its operator decides whether it is computed.".to_owned(),
        (true, true) => format!(
            "Its time is over and nothing is computed by itself: {resume} or {close} closes it, {} calls it off.",
            key(Step::Cancel)
        ),
    });
    lines
}
