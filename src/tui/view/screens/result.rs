//! The result, large: sold to whom, at what price, signed by which nodes, who was excluded and why.

use ratatui::layout::Rect;
use ratatui::text::Line;

use super::super::canvas::Canvas;
use super::super::text;
use super::super::theme::Role;
use super::big::large;
use super::facts::{self, Fact};
use super::rule;
use super::sales::{self, Fate};
use super::scores;
use crate::tui::figures::count;
use crate::tui::state::data::{Session, Sold, Winner};
use crate::tui::state::model::Model;
use crate::wire::coordinator_api::SessionDetail;

/// Draw it.
pub fn draw(canvas: &mut Canvas<'_, '_>, area: Rect, session: &Session) {
    let model = canvas.model;
    let detail = model.data().details.get(&session.id).cloned();
    let Some(sold) = &session.result else {
        return canvas.empty(area, "Settled; asking for the outcome ...", &[]);
    };
    let word = match (sold.winners.is_empty(), session.reverse()) {
        (false, false) => "SOLD",
        (false, true) => "AWARDED",
        (true, false) => "NO SALE",
        (true, true) => "NO AWARD",
    };
    let facts =
        detail.as_deref().map(|detail| facts(model, session, sold, detail)).unwrap_or_default();
    // Word and price large, the word only, or neither: the facts need their rows.
    let letters = large(word, canvas.glyphs()).map_or(1, |rows| rows.len());
    let room = usize::from(area.height).saturating_sub(facts.len());
    let tall = room >= 2 * letters + 6;
    let mut row = usize::from(tall);
    row = if room >= letters + 4 {
        banner(canvas, area, row, word, Role::Good) + 1
    } else {
        let word = canvas.span(Role::Good, word);
        canvas.middle(area, row, word);
        row + 1
    };
    let several = session.quantity() > 1;
    row = match &sold.winners[..] {
        [] => {
            let span = canvas.span(Role::Text, nobody(session));
            canvas.middle(area, row, span);
            row + 2
        }
        [winner, ..] if !several => {
            let name = model.shown(&winner.name);
            let line = Line::from(vec![
                canvas.span(Role::Muted, "to "),
                canvas.span(Role::Title, canvas.cut(&name, usize::from(area.width) - 12)),
                canvas.span(Role::Muted, format!(" {}", sales::at(session))),
            ]);
            canvas.middle(area, row, line);
            price(canvas, area, row + 1, session.amount(winner.price).as_str(), tall)
        }
        winners => {
            let row = lots(canvas, area, row, session, sold, tall);
            let below = Rect {
                y: area.y + u16::try_from(row).unwrap_or(0).min(area.height),
                height: area
                    .height
                    .saturating_sub(u16::try_from(row + facts.len() + 1).unwrap_or(0)),
                ..area
            };
            row + names(canvas, below, session, winners, sold.price.is_none()) + 1
        }
    };
    facts::draw(canvas, area, row, &facts);
}

fn nobody(session: &Session) -> &'static str {
    let reserve = session.reserve().is_some() || session.secret_reserve().is_some();
    match (reserve, session.reverse()) {
        (true, true) => "no bid was at or below the ceiling",
        (true, false) => "no bid reached the reserve",
        (false, _) => "there was no bid",
    }
}

/// A price, large where there is room; gives the row after it and a blank one.
pub fn price(
    canvas: &mut Canvas<'_, '_>,
    area: Rect,
    row: usize,
    shown: &str,
    tall: bool,
) -> usize {
    let figures = shown.split_once(|c: char| c.is_ascii_alphabetic());
    let figures = figures.map_or(shown, |(figures, _)| figures).trim_end();
    let code = shown[figures.len()..].trim();
    if tall && large(figures, canvas.glyphs()).is_some() {
        let row = banner(canvas, area, row + 1, figures, Role::Accent);
        let span = canvas.span(Role::Accent, code.to_owned());
        canvas.middle(area, row, span);
        row + 2
    } else {
        let span = canvas.span(Role::Accent, shown.to_owned());
        canvas.middle(area, row, span);
        row + 2
    }
}

/// How many lots went, and at what price where it is the same for all.
fn lots(
    canvas: &mut Canvas<'_, '_>,
    area: Rect,
    row: usize,
    session: &Session,
    sold: &Sold,
    tall: bool,
) -> usize {
    let lots = sales::lots(session, sold);
    let Some(each) = sold.price else {
        let own = if session.reverse() { "is paid" } else { "pays" };
        let line = Line::from(vec![
            canvas.span(Role::Title, lots),
            canvas.span(Role::Muted, format!(", each winner {own} their own bid")),
        ]);
        canvas.middle(area, row, line);
        return row + 2;
    };
    let each = session.amount(each);
    let at = sales::at(session);
    let mut line = vec![canvas.span(Role::Title, lots), canvas.span(Role::Muted, format!(" {at}"))];
    if tall {
        canvas.middle(area, row, line);
        let each = if sold.winners.len() > 1 { format!("{each} each") } else { each.to_string() };
        return price(canvas, area, row + 1, &each, tall);
    }
    line.push(canvas.span(Role::Accent, format!(" {each}")));
    if sold.winners.len() > 1 {
        line.push(canvas.span(Role::Muted, " each"));
    }
    canvas.middle(area, row, line);
    row + 2
}

/// The winners in columns, as many as there is room for; gives the rows that they take.
fn names(
    canvas: &mut Canvas<'_, '_>,
    area: Rect,
    session: &Session,
    winners: &[Winner],
    prices: bool,
) -> usize {
    let model = canvas.model;
    let room = usize::from(area.width.min(92));
    let height = usize::from(area.height).max(1);
    let own = model.data().own.all(session.id);
    // No more than could show, however many there are.
    let most = height * (room / 4);
    let cells: Vec<(Role, String)> = winners
        .iter()
        .take(most)
        .map(|winner| {
            let ours = own.iter().any(|bid| bid.envelope == winner.envelope);
            let role = if ours { Role::Good } else { Role::Title };
            let name = canvas.cut(&model.shown(&winner.name), WIDEST);
            let price = session.amount(winner.price);
            (role, if prices { format!("{name} {price}") } else { name })
        })
        .collect();
    let wide = cells.iter().map(|(_, cell)| text::width(cell)).max().unwrap_or(0).max(12);
    let columns = ((room + GAP) / (wide + GAP)).clamp(1, winners.len().max(1));
    let rows = winners.len().div_ceil(columns).min(height);
    let shown = if winners.len() > rows * columns { rows * columns - 1 } else { winners.len() };
    let mut cells: Vec<(Role, String)> = cells.into_iter().take(shown).collect();
    if shown < winners.len() {
        let more = format!("+{} more", count((winners.len() - shown) as u64));
        cells.push((Role::Muted, more));
    }
    for (at, row) in cells.chunks(columns).enumerate() {
        let line: Vec<_> = row
            .iter()
            .map(|(role, cell)| canvas.span(*role, canvas.fit(cell, wide + GAP)))
            .collect();
        let width = u16::try_from(columns * (wide + GAP) - GAP).unwrap_or(area.width);
        let left = area.width.saturating_sub(width) / 2;
        let place = Rect { x: area.x + left, width: area.width - left, ..area };
        canvas.line(place, at, line);
    }
    rows
}

/// A word, large where its letters are; gives the row after it.
pub fn banner(
    canvas: &mut Canvas<'_, '_>,
    area: Rect,
    row: usize,
    word: &str,
    role: Role,
) -> usize {
    let rows = large(word, canvas.glyphs()).unwrap_or_else(|| vec![word.to_owned()]);
    for (at, line) in rows.iter().enumerate() {
        let span = canvas.span(role, line.clone());
        canvas.middle(area, row + at, span);
    }
    row + rows.len()
}

/// Columns that a name gets at most.
const WIDEST: usize = 30;

/// Columns between two names.
const GAP: usize = 2;

fn facts(model: &Model, session: &Session, sold: &Sold, detail: &SessionDetail) -> Vec<Fact> {
    let data = model.data();
    let mut facts: Vec<Fact> = Vec::new();
    if data.own.latest(session.id).is_some() {
        let (text, role) = match sales::fate(data, session) {
            Some(Fate::Won(_)) => ("you won", Role::Good),
            Some(Fate::Lost) => ("you did not win; no losing bid is named", Role::Text),
            None => ("not known yet", Role::Muted),
        };
        facts.push(("your bid", text.to_owned(), role));
    }
    facts.extend(super::lots(&session.terms.question).map(|lots| ("lots", lots, Role::Text)));
    facts.push(("rule", rule(&session.terms.question).to_owned(), Role::Text));
    if let Some(winner) = sold.winners.first() {
        facts.extend(scores::facts(session, winner, detail));
    }
    let opened = match (sold.winners.is_empty(), sold.price) {
        (true, _) => "nothing was opened",
        (false, _) if session.quantity() == 1 => "nothing but winner and price was opened",
        (false, Some(_)) => "nothing but winners and price was opened",
        (false, None) => "nothing but winners and their prices was opened",
    };
    facts.extend(facts::of_run(model, session, detail, opened));
    facts
}
