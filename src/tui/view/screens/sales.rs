//! What came of an auction, in words: who won, at what price, and whether we did.

use super::super::canvas::Canvas;
use super::super::text;
use crate::session::Phase;
use crate::tui::figures::count;
use crate::tui::state::data::{Data, Session, Sold, Winner};
use crate::tui::state::model::Model;
use crate::tui::state::surveyed::Surveyed;
use crate::tui::state::worked::Worked;

/// Most winners that a sentence names.
const NAMED: usize = 5;

/// "sold", "awarded" or "no winner".
pub fn word(session: &Session, sold: &Sold) -> &'static str {
    if sold.winners.is_empty() { "no winner" } else { verb(session) }
}

fn verb(session: &Session) -> &'static str {
    if session.reverse() { "awarded" } else { "sold" }
}

/// What stands before a price.
pub fn at(session: &Session) -> &'static str {
    if session.reverse() { "for" } else { "at" }
}

/// "3 lots", or "2 of 3 lots" where some are left.
pub fn lots(session: &Session, sold: &Sold) -> String {
    let (sold, all) = (sold.winners.len() as u64, u64::from(session.quantity()));
    let of = if sold == all { String::new() } else { format!("{} of ", count(sold)) };
    format!("{of}{} lots", count(all))
}

/// What came of any session, in so many columns; none before it is decided.
pub fn outcome(canvas: &Canvas<'_, '_>, session: &Session, width: usize) -> Option<String> {
    let sold = session.result.as_ref();
    let cleared = || {
        let (market, cleared) = session.market().zip(session.cleared.as_ref())?;
        Some(cleared.short(market))
    };
    let surveyed = || session.surveyed.as_ref().map(Surveyed::short);
    let settled = session.phase == Phase::Settled;
    let worked = || session.worked.as_ref().filter(|_| settled).map(Worked::short);
    let short = sold.map(|sold| short(canvas, session, sold, width));
    short.or_else(cleared).or_else(surveyed).or_else(worked)
}

/// In so many columns: "ada 20.00 EUR", "3 sold at 20.00 EUR", "ada +2".
pub fn short(canvas: &Canvas<'_, '_>, session: &Session, sold: &Sold, width: usize) -> String {
    let Some(first) = sold.winners.first() else { return word(session, sold).to_owned() };
    let name = canvas.model.shown(&first.name);
    let name_and = |rest: &str| {
        let room = width.saturating_sub(text::width(rest) + 1).max(6);
        format!("{} {rest}", canvas.fit(&name, room))
    };
    let lots = count(sold.winners.len() as u64);
    match sold.price {
        _ if session.quantity() == 1 => name_and(session.amount(first.price).as_str()),
        Some(price) => {
            let price = format!("{} {}", at(session), session.amount(price));
            let all = format!("{lots} {} {price}", verb(session));
            if text::width(&all) <= width { all } else { format!("{lots} {price}") }
        }
        None => match sold.winners.len() - 1 {
            0 => name,
            others => {
                let others = format!("+{}", count(others as u64));
                let room = width.saturating_sub(text::width(&others) + 1);
                format!("{} {others}", canvas.cut(&name, room))
            }
        },
    }
}

/// In a sentence without its full stop, such as "3 lots sold at 20.00 EUR each to ada, ben and cyd".
pub fn line(model: &Model, session: &Session, sold: &Sold) -> String {
    let (verb, at) = (verb(session), at(session));
    let Some(first) = sold.winners.first() else { return word(session, sold).to_owned() };
    let name = |winner: &Winner| model.shown(&winner.name);
    let dear = |winner: &Winner| format!("{} {at} {}", name(winner), session.amount(winner.price));
    if session.quantity() == 1 {
        return format!("{verb} to {}", dear(first));
    }
    let lots = lots(session, sold);
    match sold.price {
        None => format!("{lots} {verb} to {}", listed(&sold.winners, dear)),
        Some(price) => {
            let each = if sold.winners.len() > 1 { " each" } else { "" };
            let names = listed(&sold.winners, name);
            format!("{lots} {verb} {at} {}{each} to {names}", session.amount(price))
        }
    }
}

/// "ada, ben and cyd"; of many only the first ones, and how many more there are.
fn listed(winners: &[Winner], name: impl Fn(&Winner) -> String) -> String {
    let shown = if winners.len() > NAMED { NAMED - 1 } else { winners.len() };
    let mut names: Vec<String> = winners[..shown].iter().map(name).collect();
    if winners.len() > shown {
        names.push(format!("{} others", count((winners.len() - shown) as u64)));
    }
    match names.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => String::new(),
    }
}

/// What came of a bid of ours.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    /// It won, at this price.
    Won(u64),
    /// It did not win.
    Lost,
}

/// What came of our bid; `None` before it is decided. Any revision counts: the latest may not have
/// come in before bidding ended.
pub fn fate(data: &Data, session: &Session) -> Option<Fate> {
    let own = data.own.all(session.id);
    let ours = |envelope| own.iter().any(|bid| bid.envelope == envelope);
    let winners = &session.result.as_ref()?.winners;
    let won = winners.iter().find(|winner| ours(winner.envelope));
    Some(won.map_or(Fate::Lost, |winner| Fate::Won(winner.price)))
}
