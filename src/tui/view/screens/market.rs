//! How a market is computed, and what came of it: the price, how much is traded, what we trade, and
//! what was opened. Nothing that was not opened to everyone is said of anybody else.

use ratatui::layout::Rect;

use super::super::canvas::Canvas;
use super::super::table::{Cell, Column, Table};
use super::super::text;
use super::super::theme::Role;
use super::facts::{self, Fact};
use super::{result, stages};
use crate::base::text::clean;
use crate::rules::Stage;
use crate::rules::market::question::Told;
use crate::rules::market::{Question, Stage as OfMarkets};
use crate::session::Phase;
use crate::session::progress::Progress;
use crate::tui::figures::count;
use crate::tui::state::cleared::{self, Cleared, Trader, money, quantity};
use crate::tui::state::data::Session;
use crate::tui::state::live::Live;
use crate::tui::state::model::Model;
use crate::wire::coordinator_api::SessionDetail;

/// What its terms say, in lines.
pub fn terms(market: &Question) -> Vec<String> {
    let mut lines = vec![
        clean(&market.prices_line()).to_string(),
        format!("up to {} each; {}", quantity(market, market.maximum()), market.rationing_line()),
        format!("opened: {}", market.becomes_public()),
    ];
    lines.extend(market.told_besides());
    lines
}

/// What we trade, as far as it is known; none where we have no part in it.
pub fn own(model: &Model, session: &Session) -> Option<(Role, String)> {
    let (market, data) = (session.market()?, model.data());
    data.own.latest(session.id)?;
    Some(match data.own_trades.get(&session.id) {
        _ if model.ui.masked => (Role::Muted, "your quantity is hidden while names are".to_owned()),
        Some(Ok(traded)) => {
            let role = if *traded == 0 { Role::Text } else { Role::Good };
            let price = session.cleared.as_ref().and_then(|cleared| cleared.clearing);
            let at = price.map(|clearing| format!(" at {}", money(market, clearing.price)));
            (role, format!("you {}{}", cleared::trade(market, *traded), at.unwrap_or_default()))
        }
        Some(Err(why)) => (Role::Warn, format!("your quantity cannot be read: {why}")),
        None => (Role::Muted, "reading what the outcome tells you ...".to_owned()),
    })
}

/// What came of our order; gives the row after it.
pub fn mine(canvas: &mut Canvas<'_, '_>, area: Rect, row: usize, session: &Session) -> usize {
    let mut row = row;
    if let Some((role, text)) = own(canvas.model, session) {
        row = canvas.wrapped(area, row, role, &format!("{}.", text::upper(&text)));
    }
    let Some((market, cleared)) = session.market().zip(session.cleared.as_ref()) else {
        return row;
    };
    let text = format!("{}.", text::upper(&cleared.line(market)));
    row = canvas.wrapped(area, row, Role::Text, &text);
    canvas.wrapped(area, row, Role::Muted, &format!("{}.", text::upper(&opened(market, cleared))))
}

fn opened(market: &Question, cleared: &Cleared) -> String {
    match (cleared.clearing, &market.quantities) {
        (None, _) => "nothing was opened but that there is no price".to_owned(),
        (Some(clearing), _) if clearing.demand == 0 => {
            "nothing but price, demand and supply was opened".to_owned()
        }
        (Some(_), Told::Everyone) => {
            "nothing but price, demand, supply and quantities was opened".to_owned()
        }
        (Some(_), Told::Own) => {
            "nothing but price, demand and supply was opened; each learns the own quantity"
                .to_owned()
        }
        (Some(_), Told::Operator(_)) => {
            "nothing but price, demand and supply was opened; each learns the own quantity, and the \
             operator everybody's"
                .to_owned()
        }
    }
}

/// Rows that [`progress`] takes: one for each stage, and two lines of words.
pub const ROWS: u16 = 7;

/// Draw how far the run is: each stage, and what is done in it.
pub fn progress(canvas: &mut Canvas<'_, '_>, area: Rect, session: &Session, live: &Live) {
    let progress = live.furthest().cloned().unwrap_or_default();
    let all = OfMarkets::ALL.map(Stage::from).into_iter().chain([Stage::Opening]);
    let told = |stage: Stage| (stage, what(session, stage, &progress));
    let row = stages::list(canvas, area, live, &all.map(told).collect::<Vec<_>>());
    let text = "The orders are added up without being opened: nobody sees a side or a quantity.";
    canvas.wrapped(area, row + 1, Role::Muted, text);
}

/// What a stage works on.
fn what(session: &Session, stage: Stage, progress: &Progress) -> String {
    let Some(market) = session.market() else { return String::new() };
    let prices = count(market.grid.prices() as u64);
    match stage {
        Stage::Market(OfMarkets::Adding) => match progress.entries.first() {
            Some(&orders) => format!("{} orders at {prices} prices", count(orders)),
            None => format!("all orders at {prices} prices"),
        },
        Stage::Market(OfMarkets::Clearing) => format!("the lowest of {prices} that is enough"),
        Stage::Market(OfMarkets::Quantities) => "how much each trades, unopened".to_owned(),
        _ => match market.quantities {
            Told::Own => "to each the own quantity alone".to_owned(),
            Told::Operator(_) => "to each the own quantity, to the operator all".to_owned(),
            Told::Everyone => "who trades how much".to_owned(),
        },
    }
}

/// Draw how it ended, large.
pub fn outcome(canvas: &mut Canvas<'_, '_>, area: Rect, session: &Session) {
    let model = canvas.model;
    let Some((market, cleared)) = session.market().zip(session.cleared.as_ref()) else {
        return canvas.empty(area, "Settled; asking for the outcome ...", &[]);
    };
    let detail = model.data().details.get(&session.id).cloned();
    let facts = detail.as_deref().map(|detail| self::facts(model, session, cleared, detail));
    let facts = facts.unwrap_or_default();
    let word = match cleared.clearing {
        None => "NO PRICE",
        Some(clearing) if clearing.demand == 0 => "NO TRADE",
        Some(_) => "CLEARED",
    };
    let rows = usize::from(area.height).saturating_sub(facts.len());
    // Word and price large, the word only, or neither: the facts need their rows.
    let letters = if canvas.glyphs().halves.is_some() { 3 } else { 5 };
    let tall = rows >= 2 * letters + 6;
    let mut row = usize::from(tall);
    row = if rows >= letters + 4 {
        result::banner(canvas, area, row, word, Role::Good) + 1
    } else {
        let word = canvas.span(Role::Good, word);
        canvas.middle(area, row, word);
        row + 1
    };
    row = match cleared.clearing {
        None => {
            let text = canvas.span(Role::Text, "at no price does supply reach demand");
            canvas.middle(area, row, text);
            row + 2
        }
        Some(clearing) => {
            let text = match clearing.demand {
                0 => "where nobody buys, at".to_owned(),
                demand => format!("{} bought and sold at", quantity(market, demand)),
            };
            let text = canvas.span(Role::Text, text);
            canvas.middle(area, row, text);
            result::price(canvas, area, row + 1, money(market, clearing.price).as_str(), tall)
        }
    };
    let top = u16::try_from(row).unwrap_or(u16::MAX).min(area.height);
    let left = usize::from(area.height - top).saturating_sub(facts.len() + 1);
    let below = Rect { y: area.y + top, height: u16::try_from(left).unwrap_or(0), ..area };
    row += traders(canvas, below, market, cleared);
    facts::draw(canvas, area, row, &facts);
}

/// Who trades how much, where everyone is told and there is room; gives the rows that it takes.
fn traders(canvas: &mut Canvas<'_, '_>, area: Rect, market: &Question, cleared: &Cleared) -> usize {
    let (all, room) = (cleared.traders.len(), usize::from(area.height).saturating_sub(2));
    if all == 0 || room == 0 {
        return 0;
    }
    let width = area.width.min(60);
    let area = Rect { x: area.x + (area.width - width) / 2, width, ..area };
    let name = usize::from(width).saturating_sub(32);
    let own = canvas.model.data();
    let ours = |trader: &Trader| own.own.is_ours(trader.envelope);
    let table = Table::new([
        Column::new("participant", name, |canvas, trader: &Trader| {
            let role = if ours(trader) { Role::Good } else { Role::Text };
            Cell::text(role, canvas.model.shown(&trader.name))
        }),
        Column::right("buys", 16, |_, trader: &Trader| {
            Cell::text(Role::Text, bought(market, trader.quantity))
        }),
        Column::right("sells", 16, |_, trader: &Trader| {
            Cell::text(Role::Text, bought(market, trader.quantity.saturating_neg()))
        }),
    ]);
    let head = table.head(canvas);
    canvas.line(area, 0, head);
    let shown = if all > room { room.saturating_sub(1) } else { all };
    for (at, trader) in cleared.traders.iter().take(shown).enumerate() {
        let line = table.row(canvas, trader);
        canvas.line(area, at + 1, line);
    }
    if shown < all {
        let more = format!("and {} more", count((all - shown) as u64));
        canvas.text(area, shown + 1, Role::Muted, &more);
    }
    all.min(room) + 2
}

/// A quantity where it is above 0.
fn bought(market: &Question, traded: i64) -> String {
    let traded = u64::try_from(traded).unwrap_or(0);
    if traded == 0 { String::new() } else { quantity(market, traded).to_string() }
}

fn facts(model: &Model, session: &Session, cleared: &Cleared, detail: &SessionDetail) -> Vec<Fact> {
    let mut facts: Vec<Fact> = Vec::new();
    let Some(market) = session.market() else { return facts };
    facts.extend(own(model, session).map(|(role, text)| ("your order", text, role)));
    if let Some(clearing) = cleared.clearing {
        let (demand, supply) =
            (quantity(market, clearing.demand), quantity(market, clearing.supply));
        facts.push(("demand", format!("{demand}, all of it served"), Role::Text));
        let cut = match clearing.supply.cmp(&clearing.demand) {
            std::cmp::Ordering::Greater => "; who offered it sells in proportion",
            _ => ", all of it sold",
        };
        facts.push(("supply", format!("{supply}{cut}"), Role::Text));
    }
    facts.extend(facts::of_run(model, session, detail, &opened(market, cleared)));
    facts
}

/// What is said of a settled market in a sentence; none of another kind, or before.
pub fn line(session: &Session) -> Option<String> {
    let settled = session.phase == Phase::Settled;
    let (market, cleared) = session.market().zip(session.cleared.as_ref()).filter(|_| settled)?;
    Some(cleared.line(market))
}
