//! The six screens, and the panes that they are made of.
//!
//! - [`auctions`]: the list of auctions, beside the selected one
//! - [`detail`]: the selected one's terms, phases and receipts
//! - [`part`]: what the operator's own node has done in it
//! - [`bracket`]: a tournament, before, while and after it is computed
//! - [`run`]: how far it is, or was at one of its steps
//! - [`stages`]: the stages of a run, by name
//! - [`latest`]: the last lines of the log, where there is room
//! - [`result`]: how a session ended, large
//! - [`big`]: the large letters for that
//! - [`bid`]: bidding, and one's own bids
//! - [`receipts`]: what is sent to whom, and the receipts for it
//! - [`order`]: writing an order for a market, with its curve
//! - [`curve`]: how much is traded at every price, drawn
//! - [`market`]: how a market is computed and what came of it
//! - [`answering`]: answering a survey
//! - [`survey`]: how a survey is computed and what came of it
//! - [`facts`]: what is known of a run that is over
//! - [`nodes`]: the nodes and the links between them
//! - [`load`]: what a node takes of its machine, now and over an hour
//! - [`scores`]: what is said of scores that bids come with
//! - [`sales`]: what several screens say about lots, rules and results
//! - [`standing`]: what is in the way of a session
//! - [`log`]: what happened, to be filtered
//! - [`people`]: accounts and invitations
//! - [`search`]: the line of a filter

pub mod answering;
pub mod auctions;
pub mod bid;
pub mod big;
pub mod bracket;
pub mod curve;
pub mod detail;
pub mod facts;
pub mod job;
pub mod latest;
pub mod load;
pub mod log;
pub mod market;
pub mod nodes;
pub mod order;
pub mod part;
pub mod people;
pub mod receipts;
pub mod result;
pub mod run;
pub mod sales;
pub mod scores;
pub mod search;
pub mod stages;
pub mod standing;
pub mod survey;

use crate::rules::Question;
use crate::rules::auction::Kind;
use crate::session::Phase;

use ratatui::layout::Rect;

use super::canvas::Canvas;
use super::text;
use super::theme::Role;
use crate::tui::figures::{self, count};
use crate::tui::state::data::{Link, Session};

/// A phase's colour.
pub const fn phase_role(phase: Phase) -> Role {
    match phase {
        Phase::Draft => Role::Muted,
        Phase::Open => Role::Good,
        Phase::Paused | Phase::Closing | Phase::Computing => Role::Warn,
        Phase::Settled => Role::Accent,
        Phase::Failed => Role::Bad,
        Phase::Cancelled => Role::Disabled,
    }
}

/// Draw a session's description in so many rows at most, from a row on; gives the row after it.
pub fn about(
    canvas: &mut Canvas<'_, '_>,
    area: Rect,
    row: usize,
    session: &Session,
    most: u16,
) -> usize {
    let Some(description) = &session.description else { return row };
    let (width, most) = (usize::from(area.width), usize::from(most.max(1)));
    let mut lines = text::wrap(description.as_str(), width);
    if lines.len() > most {
        let last = lines.split_off(most - 1).join(" ");
        lines.push(canvas.cut(&last, width));
    }
    for (at, line) in lines.iter().enumerate() {
        canvas.text(area, row + at, Role::Text, line);
    }
    row + lines.len()
}

/// When bidding ends, and whether a bid may be replaced until then; gives the row after it.
pub fn closing(canvas: &mut Canvas<'_, '_>, area: Rect, row: usize, session: &Session) -> usize {
    let Some(left) = canvas.model.data().closes_in(session) else { return row };
    let role = if left < 30_000 { Role::Warn } else { Role::Text };
    let left = if left <= 0 { "now".to_owned() } else { format!("in {}", figures::duration(left)) };
    let what = session.entry_word();
    let replace = match (session.terms.replace_bids, session.survey()) {
        (true, Some(_)) => "you may answer again until then".to_owned(),
        (true, None) if what == "order" => "an order may be replaced until then".to_owned(),
        (true, None) => format!("a {what} may be replaced until then"),
        (false, _) => format!("one {what} each"),
    };
    canvas.wrapped(area, row, role, &format!("closes {left}; {replace}"))
}

/// A phase's glyph.
pub const fn phase_glyph(canvas: &Canvas<'_, '_>, phase: Phase) -> &'static str {
    let glyphs = canvas.glyphs();
    match phase {
        Phase::Draft | Phase::Paused => glyphs.ring,
        Phase::Open | Phase::Closing | Phase::Computing => glyphs.dot,
        Phase::Settled => glyphs.tick,
        Phase::Failed => glyphs.cross,
        Phase::Cancelled => glyphs.blank,
    }
}

/// A kind in few columns.
pub fn short_kind(question: &Question) -> &'static str {
    match question.as_auction().map(|auction| auction.kind) {
        Some(Kind::FirstPrice) => "1st price",
        Some(Kind::SecondPrice) => "2nd price",
        Some(Kind::ReverseFirstPrice) => "reverse 1st",
        Some(Kind::ReverseSecondPrice) => "reverse 2nd",
        Some(Kind::Scored) => "scored",
        None => question.kind_name(),
    }
}

/// What a kind means, in one line.
pub fn rule(question: &Question) -> &'static str {
    match question.as_auction() {
        Some(auction) if auction.scored.is_some() && auction.is_uniform() => {
            "lowest price less weight times score wins, is paid the most at which it would still have"
        }
        Some(auction) => rule_of(auction.kind, auction.quantity > 1),
        None if question.as_market().is_some() => "one price for all, where supply reaches demand",
        None if question.as_survey().is_some() => "statistics of all answers, and nothing else",
        None if question.as_job().is_some() => "steps over values that no node knows",
        None => question.kind_name(),
    }
}

/// What a kind of auction means for one lot or for several, in one line.
pub const fn rule_of(kind: Kind, several: bool) -> &'static str {
    match (kind, several) {
        (Kind::FirstPrice, false) => "highest bid wins, pays its own amount",
        (Kind::SecondPrice, false) => "highest bid wins, pays the second-highest amount",
        (Kind::ReverseFirstPrice, false) => "lowest bid wins, is paid its own amount",
        (Kind::ReverseSecondPrice, false) => "lowest bid wins, is paid the second-lowest amount",
        (Kind::FirstPrice, true) => "highest bids win; each winner pays their own bid",
        (Kind::SecondPrice, true) => "highest bids win; all winners pay the best losing bid",
        (Kind::ReverseFirstPrice, true) => "lowest bids win; each winner is paid their own bid",
        (Kind::ReverseSecondPrice, true) => {
            "lowest bids win; all winners are paid the best losing bid"
        }
        (Kind::Scored, _) => "lowest price less weight times score wins, is paid its own price",
    }
}

/// How an auction of several lots shares them out, such as "3 equal lots, one per bidder".
pub fn lots(question: &Question) -> Option<String> {
    let quantity = question.as_auction()?.quantity;
    (quantity > 1).then(|| format!("{} equal lots, one per bidder", count(quantity.into())))
}

/// The lots where there are several, and the rule.
pub fn lots_and_rule(question: &Question) -> String {
    let rule = rule(question);
    lots(question).map_or_else(|| rule.to_owned(), |lots| format!("{lots}; {rule}"))
}

/// Why there is nothing to show yet, while the link is not there.
pub fn waiting(canvas: &Canvas<'_, '_>) -> Option<(String, Vec<String>)> {
    match &canvas.model.data().link {
        Link::Starting { what } => Some((format!("{what} ..."), Vec::new())),
        Link::Lost { why, refused: true, .. } => Some((
            "The coordinator refuses us.".to_owned(),
            vec![
                why.to_string(),
                "It answers, so the network is well: see that the keys and the roster of this \
                 home are those it knows, or ask its operator."
                    .to_owned(),
            ],
        )),
        Link::Lost { why, .. } => Some((
            "The coordinator does not answer.".to_owned(),
            vec![
                why.to_string(),
                "It is asked again and again; nothing needs to be done here. If it stays away, \
                 check the network and ask its operator."
                    .to_owned(),
            ],
        )),
        Link::Connected { .. } => None,
    }
}
