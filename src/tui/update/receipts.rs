//! Who has bid, read from what the nodes keep: at first, when nodes or events have come back, and
//! now and then. Events only tell it sooner.

use super::action::{Effect, ReadReceipts, Request};
use crate::base::text::clean;
use crate::session::{Phase, SessionId};
use crate::tui::state::data::Link;
use crate::tui::state::model::Model;

/// Between two readings while bids come in, and after that, in milliseconds.
const PAUSES: (i64, i64) = (5_000, 60_000);

/// Of its time, reading takes one part in so many at most.
const SHARE: i64 = 20;

/// Ask for the receipts of the selected session, when they are due.
pub fn ask(model: &mut Model) -> Vec<Effect> {
    let data = model.live();
    let Some(session) = model.ui.selected.and_then(|id| data.session(id)) else {
        return Vec::new();
    };
    let (id, phase) = (session.id, session.phase);
    let staff = model.person.operator || model.person.node.is_some();
    let able = staff && data.login_over.is_none() && matches!(data.link, Link::Connected { .. });
    let asking = model.asking.receipts.is_some();
    if !able || asking || matches!(phase, Phase::Draft | Phase::Cancelled) {
        return Vec::new();
    }
    let pause = if phase.is_bidding() { PAUSES.0 } else { PAUSES.1 };
    let due = match model.asking.receipts_at {
        Some((at, of, took)) if of == id => {
            let since = data.now.millis() - at.millis();
            since >= pause.max(took * SHARE) || model.asking.receipts_stale
        }
        _ => true,
    };
    if !due {
        return Vec::new();
    }
    model.asking.receipts = Some(id);
    model.asking.receipts_stale = false;
    vec![Effect::Ask(Request::Receipts(id))]
}

/// Take in what the nodes keep.
pub fn came(model: &mut Model, session: SessionId, read: Option<ReadReceipts>) {
    model.asking.receipts = None;
    let now = model.live().now;
    let took = read.as_ref().map_or(0, |read| read.took);
    model.asking.receipts_at = Some((now, session, took));
    let Some(mut read) = read else { return };
    read.bidders.sort_by_key(|line| line.received);
    let data = model.live_mut();
    for line in &read.bidders {
        data.name(&clean(&line.bidder));
    }
    let live = data.live.entry(session).or_default();
    for line in &read.bidders {
        live.stored(line);
    }
    live.read = true;
    live.unheard = read.unheard;
    live.more = read.more;
}
