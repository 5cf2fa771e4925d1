//! Our bids as they are on disk: what another program does there, such as `gavel bid`, shows here
//! within a second.

use std::time::Duration;

use tokio::sync::mpsc::Sender;

use super::connection::Me;
use crate::base::Clock;
use crate::base::text::clean;
use crate::client::state::{BidderState, SentBid};
use crate::session::SessionId;
use crate::tui::state::data::Level;
use crate::tui::state::own::OwnBid;
use crate::tui::update::action::News;

/// Between two looks at the folder; a look reads no file.
const LOOK: Duration = Duration::from_millis(700);

/// Tell of our bids at first, and whenever something about them has changed.
pub async fn follow(me: Me, news: Sender<News>) {
    if matches!(me.state, BidderState::Memory) {
        return;
    }
    let (mut marks, mut told) = (None, String::new());
    loop {
        let (state, before) = (me.state.clone(), marks.take());
        let looked = tokio::task::spawn_blocking(move || {
            // Before reading: what changes meanwhile is read again.
            let now = state.marks();
            let read = (before.as_ref() != Some(&now)).then(|| state.all());
            (now, read)
        });
        let Ok((now, read)) = looked.await else { return };
        marks = Some(now);
        if let Some((bids, errors)) = read {
            if news.send(News::Own(bids.iter().map(own).collect())).await.is_err() {
                return;
            }
            let error = errors.first().map(ToString::to_string).unwrap_or_default();
            if error != told {
                told.clone_from(&error);
                if !error.is_empty() && news.send(News::Told(Level::Error, error)).await.is_err() {
                    return;
                }
            }
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// What screens know of a bid that is kept.
pub fn own(bid: &SentBid) -> (SessionId, OwnBid) {
    let receipts =
        bid.receipts.iter().map(|receipt| (receipt.body.node, receipt.body.received)).collect();
    let own = OwnBid {
        revision: bid.revision(),
        envelope: bid.digest,
        receipts,
        name: clean(&bid.envelope.body.bidder),
        name_shared: bid.name_shared.is_some(),
        seen: Clock::System.now(),
    };
    (bid.session(), own)
}
