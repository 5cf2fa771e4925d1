//! What the screens say of scores that bids come with: what is public when, and how a price follows.

use super::facts::Fact;
use crate::base::text::clean;
use crate::session::Phase;
use crate::tui::state::data::{Session, Winner};
use crate::tui::state::live::BidRow;
use crate::tui::view::theme::Role;
use crate::wire::coordinator_api::{ScoreLine, SessionDetail};

/// What is to be known of scores before any is public; none where none count, or where they are.
pub fn before(session: &Session) -> Option<&'static str> {
    session.terms.scoring()?;
    let waits = matches!(session.phase, Phase::Open | Phase::Paused);
    waits.then_some(
        "each bid carries a signed score that the nodes have checked; scores show once bidding ends",
    )
}

/// The scores of a session, once they are public.
pub fn of(detail: Option<&SessionDetail>) -> &[ScoreLine] {
    let manifest = detail.and_then(|detail| detail.manifest.as_ref());
    manifest.map_or(&[], |manifest| &manifest.scores)
}

/// That of a bidder: by the key where it is known, as several may bid under one name.
pub fn of_row<'a>(scores: &'a [ScoreLine], bid: &BidRow) -> Option<&'a ScoreLine> {
    scores.iter().find(|line| match bid.key {
        Some(key) => line.key == key,
        None => clean(&line.bidder) == bid.name,
    })
}

/// How the price follows from scores, as the record proves it; nothing where none count.
pub fn facts(session: &Session, winner: &Winner, detail: &SessionDetail) -> Vec<Fact> {
    let Some(question) = session.terms.question.as_auction() else { return Vec::new() };
    let scores = of(Some(detail));
    let Some(won) = scores.iter().find(|line| line.envelope == winner.envelope) else {
        return Vec::new();
    };
    let amount = |value: u64| session.amount(value).to_string();
    let score = format!(
        "{}, which adds a handicap of {} to its price",
        clean(&won.score),
        amount(won.handicap)
    );
    let counts_as = amount(winner.price.saturating_add(won.handicap));
    let follows = if !question.is_uniform() {
        format!("counts as {counts_as}, the lowest of all; it is paid its own price")
    } else if question.reserve == Some(winner.price) {
        "no other comes as low as the reserve: it is paid the reserve".into()
    } else {
        format!("the next counts as {counts_as}; paid is that less its handicap")
    };
    vec![("score", score, Role::Text), ("price", follows, Role::Text)]
}
