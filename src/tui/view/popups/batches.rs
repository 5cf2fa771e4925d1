//! The batches of one model: how far each has come, who made it, who gives it out, and for whom.

use ratatui::layout::Rect;

use super::super::canvas::Canvas;
use super::super::table::{Cell, Column, Rows, Table};
use super::super::theme::Role;
use super::material::{age, beside, dealing, fullness, gauge, labelled};
use crate::session::dealing::BookState;
use crate::sharing::NodeSet;
use crate::tui::figures::{self, duration};
use crate::tui::state::screen::List;
use crate::tui::state::stock::{Lot, Page, Storeroom};

/// Rows above the list: the gauge, the making, who is left out.
const ABOVE: u16 = 6;

/// Rows about the selected one.
const BELOW: u16 = 5;

/// Draw them.
pub fn draw(
    canvas: &mut Canvas<'_, '_>,
    area: Rect,
    size: (u16, u16),
    room: &Storeroom,
    page: &Page,
) {
    let offer = room.find(page.model);
    let name = offer.map_or_else(|| page.model.short(), |offer| offer.name.to_string());
    let word = if room.trouble.is_some() { "not up to date" } else { "the latest first" };
    let inner = super::over(canvas, area, size, &format!("Batches for {name}"), word);
    canvas.text(inner, 0, Role::Muted, "stock");
    match offer {
        Some(offer) => {
            let stock = &offer.stock;
            let text = format!("{} of {} ready", stock.ready, stock.target);
            let mut line = gauge(canvas, offer, 20);
            line.push(canvas.span(fullness(offer), format!("  {text}")));
            canvas.line(beside(inner), 0, line);
            let text = format!(
                "{} being made, {} promised, {} given, {} withdrawn",
                stock.making, stock.promised, stock.given, stock.withdrawn
            );
            canvas.text(beside(inner), 1, Role::Muted, &text);
        }
        None => canvas.text(beside(inner), 0, Role::Warn, "it was taken back"),
    }
    dealing(canvas, inner, 2, room);
    let top = ABOVE.min(inner.height);
    let list = Rect { y: inner.y + top, height: inner.height - top, ..inner };
    let Some(lots) = &page.lots else {
        return canvas.empty(list, "asking the coordinator ...", &[]);
    };
    if lots.is_empty() {
        let then = "The nodes make one after another until as many are ready as the owner wants.";
        return canvas.empty(list, "No batch of it has been made yet.", &[then.to_owned()]);
    }
    let table = table(usize::from(list.width));
    let head = table.head(canvas);
    canvas.line(list, 0, head);
    let height = list.height.saturating_sub(BELOW + 2);
    let body = Rect { y: list.y + 1, height, ..list };
    let selected = Some(page.row.min(lots.len() - 1));
    let rows = Rows { list: List::Batches, length: lots.len(), selected, marked: true };
    rows.draw(canvas, body, &table, |at| lots.get(at));
    let below = Rect { y: list.bottom().saturating_sub(BELOW), height: BELOW, ..list };
    if let Some(lot) = page.selected() {
        one(canvas, below, lot);
    }
}

const fn role(state: BookState) -> Role {
    match state {
        BookState::Making => Role::Warn,
        BookState::Ready => Role::Good,
        BookState::Promised => Role::Accent,
        BookState::Given => Role::Muted,
        BookState::Withdrawn => Role::Disabled,
    }
}

fn numbers(nodes: NodeSet) -> String {
    nodes.iter().map(|node| node.to_string()).collect::<Vec<_>>().join(" ")
}

/// Whom a batch is for, where names may show.
fn client(canvas: &Canvas<'_, '_>, lot: &Lot) -> Option<String> {
    let hidden = || canvas.glyphs().hidden.repeat(6);
    let key = lot.client.as_ref()?;
    Some(if canvas.model.ui.masked { hidden() } else { key.clone() })
}

fn table<'a>(width: usize) -> Table<'a, &'a Lot> {
    let (batch, state, nodes, ages) = (14, 10, 14, 8);
    let rest = width.saturating_sub(batch + state + 2 * (nodes + 1) + ages + 2);
    Table::new([
        Column::new("batch", batch, |_, lot: &&Lot| {
            let id = lot.batch.to_string();
            Cell::text(Role::Title, id.get(..12).unwrap_or(&id))
        }),
        Column::new("state", state, |_, lot: &&Lot| Cell::text(role(lot.state), lot.state.name())),
        Column::new("made by", nodes, |_, lot: &&Lot| Cell::text(Role::Text, numbers(lot.makers)))
            .after(1),
        Column::new("given out by", nodes, |_, lot: &&Lot| {
            let lost = !lot.givers.is_subset_of(lot.holders);
            let role = if lost { Role::Bad } else { Role::Text };
            Cell::text(role, numbers(lot.givers))
        })
        .after(1),
        Column::right("begun", ages, |canvas, lot: &&Lot| {
            Cell::text(Role::Muted, figures::short_duration(age(canvas, lot.begun)))
        }),
        Column::new("for", rest, |canvas, lot: &&Lot| {
            Cell::text(Role::Text, client(canvas, lot).unwrap_or_default())
        })
        .after(2),
    ])
}

fn one(canvas: &mut Canvas<'_, '_>, area: Rect, lot: &Lot) {
    labelled(canvas, area, 0, "batch", Role::Muted, &lot.batch.to_string());
    let ago = duration(age(canvas, lot.begun));
    let begun = canvas.model.data().zone.date_time(lot.begun);
    let text = format!("{begun}, {ago} ago, by {}", figures::nodes(lot.makers));
    labelled(canvas, area, 1, "begun", Role::Text, &text);
    let lost = lot.makers.difference(lot.holders);
    let mut shares = format!("given out by {}", figures::nodes(lot.givers));
    if !lost.is_empty() {
        shares = format!("{shares}; {} lost its part", figures::nodes(lost));
    }
    labelled(canvas, area, 2, "shares", Role::Text, &shares);
    let (word, role) = match (lot.state, client(canvas, lot)) {
        (BookState::Withdrawn, _) => {
            let why = lot.reason.as_ref().map(ToString::to_string);
            (
                format!("withdrawn: {}", why.unwrap_or_else(|| "no reason is kept".into())),
                Role::Warn,
            )
        }
        (BookState::Promised, Some(client)) => {
            let left = lot
                .until
                .map_or(0, |until| until.millis() - canvas.model.data().coordinator_now().millis());
            let left = if left > 0 { duration(left) } else { "0 s".to_owned() };
            (format!("promised to {client} for {left} more"), Role::Text)
        }
        (BookState::Given, Some(client)) => (format!("given to {client}"), Role::Text),
        (BookState::Making, _) => ("being made".to_owned(), Role::Text),
        (BookState::Ready, _) => ("ready: the next client gets the oldest".to_owned(), Role::Text),
        (state, None) => (state.name().to_owned(), Role::Text),
    };
    canvas.text(area, 3, Role::Muted, "state");
    canvas.wrapped(beside(area), 3, role, &word);
}
