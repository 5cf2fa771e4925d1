//! Writing an order for a market: the typed steps, the curve that they are, and what it means at
//! which prices, before anything is signed.

use ratatui::layout::Rect;

use super::super::canvas::Canvas;
use super::super::text;
use super::super::theme::Role;
use super::{curve, market, receipts};
use crate::base::text::clean;
use crate::client::amount::{Check, check};
use crate::rules::market::{Order, Question, line};
use crate::tui::input::commands::BidFormCommand;
use crate::tui::input::layer::Layer;
use crate::tui::state::data::Session;
use crate::tui::state::forms::{BidForm, BidStage};
use crate::tui::state::model::Model;
use crate::tui::update::allowed;

/// Columns before the field.
const LABEL: u16 = 12;

/// The order that is being written, and its session.
pub fn written(model: &Model) -> Option<(&BidForm, &Session)> {
    let form = model.ui.form.as_ref()?;
    let session = model.data().session(form.session)?;
    session.market().map(|_| (form, session))
}

/// Draw the form.
pub fn draw(canvas: &mut Canvas<'_, '_>, area: Rect, form: &BidForm, session: &Session) {
    let Some(market) = session.market() else { return };
    let name = canvas.model.person.bidder.clone().unwrap_or_default();
    let word = format!("as {}", canvas.model.shown(&name));
    let inner = canvas.pane_with(area, session.title.as_str(), &word, true);
    let mut row = 0;
    for line in market::terms(market) {
        row = canvas.wrapped(inner, row, Role::Muted, &line);
    }
    row = super::closing(canvas, inner, row, session) + 1;
    match &form.stage {
        BidStage::Editing => editing(canvas, inner, row, form, session, market),
        stage => receipts::stage(canvas, inner, row, stage, "order"),
    }
}

fn editing(
    canvas: &mut Canvas<'_, '_>,
    area: Rect,
    row: usize,
    form: &BidForm,
    session: &Session,
    market: &Question,
) {
    field(canvas, area, row, form);
    let key = |command| canvas.model.keymap.first(Layer::BidForm, command);
    let (send, reveal) = (key(BidFormCommand::Send), key(BidFormCommand::Reveal));
    let typed = form.amount.text();
    let (role, remark) = match check(typed, &session.terms) {
        Check::Empty => (Role::Muted, example(market)),
        Check::Fine(None) => match allowed::refusal(canvas.model, BidFormCommand::Send) {
            None => (Role::Good, format!("{send} hands it in")),
            Some(why) => (Role::Bad, why),
        },
        Check::Fine(Some(remark)) => (Role::Warn, remark),
        Check::Wrong(why) => (Role::Bad, why),
    };
    let beside = Rect { x: area.x + LABEL, width: area.width.saturating_sub(LABEL), ..area };
    let mut row = canvas.wrapped(beside, row + 1, role, &remark);
    let hide = if form.reveal { "hides" } else { "shows" };
    canvas.text(beside, row, Role::Muted, &format!("{reveal} {hide} the order and its curve"));
    row += 2;
    let top = u16::try_from(row).unwrap_or(u16::MAX).min(area.height);
    let rest = Rect { y: area.y + top, height: area.height - top, ..area };
    match line::read(market, typed) {
        Ok(order) if form.reveal => drawn(canvas, rest, market, &order),
        _ => receipts::sealed_for(canvas, rest, 0),
    }
}

/// The field with what is typed, as much of it as there is room for around the cursor.
fn field(canvas: &mut Canvas<'_, '_>, area: Rect, row: usize, form: &BidForm) {
    let (typed, cursor) = (form.amount.text(), form.amount.cursor());
    let room = usize::from(area.width.saturating_sub(LABEL)).saturating_sub(2).max(1);
    let first = (cursor + 1).saturating_sub(room);
    let characters = typed.chars().skip(first).take(room);
    let shown: String = if form.reveal {
        characters.collect()
    } else {
        canvas.glyphs().hidden.repeat(characters.count())
    };
    let before: String = shown.chars().take(cursor - first).collect();
    let line = vec![
        canvas.span(Role::Title, canvas.fit("Your order", usize::from(LABEL))),
        canvas.span(Role::Input, format!(" {}", canvas.fit(&shown, room))),
    ];
    canvas.line(area, row, line);
    let Ok(row) = u16::try_from(row) else { return };
    let column = LABEL + 1 + u16::try_from(text::width(&before)).unwrap_or(0);
    if canvas.model.ui.popups.is_empty() && row < area.height {
        canvas.cursor(area.x + column, area.y + row);
    }
}

/// How an order may be written, with prices that the market has.
fn example(market: &Question) -> String {
    let last = market.grid.prices().saturating_sub(1);
    let price = |number: usize| market.grid.price(number);
    let (high, low) = (price(last - last / 3), price(last / 3));
    let written = |price| clean(&market.currency.plain(price));
    let shown = |price| clean(&market.currency.show(price).to_string());
    let scale = 10_u64.saturating_pow(u32::from(market.unit.decimals));
    let (some, more) = (market.maximum().min(40 * scale), market.maximum().min(100 * scale));
    let unit = |quantity| clean(&market.unit.plain(quantity));
    let quantity = |quantity| clean(&market.show_quantity(quantity));
    if high == low || some == more {
        return format!(
            "such as: buy {}@{}, up to {} at {} or less; or sell ...",
            unit(some),
            written(high),
            quantity(some),
            shown(high)
        );
    }
    format!(
        "such as: buy {}@{} {}@{}, up to {} at {} or less, {} at {} or less; or sell ...",
        unit(some),
        written(high),
        unit(more),
        written(low),
        quantity(some),
        shown(high),
        quantity(more),
        shown(low)
    )
}

/// The curve, and beside it or below what it means.
fn drawn(canvas: &mut Canvas<'_, '_>, area: Rect, market: &Question, order: &Order) {
    let head = clean(&market.order_sentence(order)).to_string();
    let below = canvas.wrapped(area, 0, Role::Title, &head);
    let top = u16::try_from(below).unwrap_or(u16::MAX).min(area.height);
    let area = Rect { y: area.y + top, height: area.height - top, ..area };
    let rows = market.order_rows(order);
    let widest = |of: fn(&(String, String)) -> &String| {
        rows.iter().map(of).map(|text| text::width(text)).max()
    };
    let (prices, quantities) =
        (widest(|row| &row.0).unwrap_or(0).max(HEAD), widest(|row| &row.1).unwrap_or(0));
    let words = u16::try_from(prices + quantities + 5).unwrap_or(u16::MAX).min(area.width / 2);
    let height = area.height.min(MOST_ROWS);
    let (left, right) = (
        Rect { width: area.width - words, height, ..area },
        Rect { x: area.x + area.width - words + 2, width: words.saturating_sub(2), ..area },
    );
    curve::draw(canvas, left, market, order);
    let unit = clean(&market.currency.code);
    let head = format!("{} {}", canvas.fit(&format!("at {unit}"), prices + 1), order.side());
    canvas.text(right, 0, Role::Head, &head);
    let room = usize::from(right.height).saturating_sub(1);
    let shown = if rows.len() > room { room.saturating_sub(1) } else { rows.len() };
    for (at, (at_prices, quantity)) in rows.iter().take(shown).enumerate() {
        let line = vec![
            canvas.span(Role::Muted, canvas.fit(clean(at_prices).as_str(), prices + 2)),
            canvas.span(Role::Text, clean(quantity).to_string()),
        ];
        canvas.line(right, at + 1, line);
    }
    if shown < rows.len() {
        let more = format!("and {} more steps", rows.len() - shown);
        canvas.text(right, shown + 1, Role::Muted, &more);
    }
    let under = usize::from(height) + 1;
    let under = u16::try_from(under).unwrap_or(u16::MAX).min(area.height);
    let rest = Rect { y: area.y + under, height: area.height - under, ..area };
    receipts::sealed_for(canvas, rest, 0);
}

/// Columns of the prices' heading at least.
const HEAD: usize = 8;

/// Rows of a curve at most.
const MOST_ROWS: u16 = 16;
