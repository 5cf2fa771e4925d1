//! What both pages about material show: gauges, the batch that is being made or why none is, and who is
//! left out.

use ratatui::layout::Rect;
use ratatui::text::Span;

use super::super::canvas::Canvas;
use super::super::theme::Role;
use crate::base::Timestamp;
use crate::tui::figures::{self, bytes, count, duration};
use crate::tui::state::stock::{Offer, Storeroom};
use crate::wire::dealer_api::{DealingWait, MakingLine};

/// Columns of labels.
const LABEL: u16 = 12;

/// How long ago something was.
pub fn age(canvas: &Canvas<'_, '_>, at: Timestamp) -> i64 {
    (canvas.model.data().coordinator_now().millis() - at.millis()).max(0)
}

/// A gauge of a stock.
pub fn gauge(canvas: &Canvas<'_, '_>, offer: &Offer, width: usize) -> Vec<Span<'static>> {
    let stock = &offer.stock;
    let share = f64::from(stock.ready) / f64::from(stock.target.max(1));
    canvas.bar(share, width, fullness(offer))
}

/// How a stock stands, as a colour.
pub fn fullness(offer: &Offer) -> Role {
    match offer.stock.ready {
        0 => Role::Bad,
        ready if ready * 2 < offer.stock.target => Role::Warn,
        _ => Role::Good,
    }
}

/// A line with a label before it.
pub fn labelled(
    canvas: &mut Canvas<'_, '_>,
    area: Rect,
    row: usize,
    label: &str,
    role: Role,
    text: &str,
) {
    let column = beside(area);
    canvas.text(area, row, Role::Muted, label);
    canvas.text(column, row, role, text);
}

/// Where values stand beside their labels.
pub fn beside(area: Rect) -> Rect {
    Rect { x: area.x + LABEL, width: area.width.saturating_sub(LABEL), ..area }
}

/// The batch that is being made, or why none is, and who is left out; gives the row after it.
pub fn dealing(canvas: &mut Canvas<'_, '_>, area: Rect, mut row: usize, room: &Storeroom) -> usize {
    let dealing = &room.dealing;
    match (&dealing.making, dealing.waits) {
        (Some(making), _) => row = at_work(canvas, area, row, room, making),
        (None, Some(waits)) => {
            let why = match waits {
                DealingWait::Session => "waits: a session computes, and goes before",
                DealingWait::Dealers => {
                    "waits: too few nodes are there that can make material together"
                }
                DealingWait::Failure => {
                    "waits a while: the last batch failed; the log of the coordinator says why"
                }
            };
            canvas.text(area, row, Role::Muted, "making");
            row = canvas.wrapped(beside(area), row, Role::Warn, why);
        }
        (None, None) => {
            let full = room.rows().iter().all(|offer| offer.stock.ready >= offer.stock.target);
            let text = if full { "nothing: every stock is full" } else { "nothing at present" };
            labelled(canvas, area, row, "making", Role::Text, text);
            row += 1;
        }
    }
    let others = dealing.left_out.difference(dealing.liars);
    let because =
        [(dealing.liars, "found to lie"), (others, "because of earlier batches, or of cut links")];
    for (nodes, why) in because {
        if !nodes.is_empty() {
            let text = format!("{}, {why}", figures::nodes(nodes));
            labelled(canvas, area, row, "left out", Role::Bad, &text);
            row += 1;
        }
    }
    row
}

fn at_work(
    canvas: &mut Canvas<'_, '_>,
    area: Rect,
    row: usize,
    room: &Storeroom,
    making: &MakingLine,
) -> usize {
    let offer = room.find(making.model);
    let name = offer.map_or_else(|| making.model.short(), |offer| offer.name.to_string());
    let text = format!(
        "a batch for {name}, by {}, since {}",
        figures::nodes(making.makers),
        duration(age(canvas, making.begun))
    );
    labelled(canvas, area, row, "making", Role::Text, &text);
    let progress = &making.progress;
    let column = beside(area);
    let text = if progress.rounds_total == 0 {
        "begins".to_owned()
    } else {
        format!(
            "round {} of {}, {} sent by each",
            count(progress.rounds),
            count(progress.rounds_total),
            bytes(progress.bytes_sent)
        )
    };
    let share = progress.rounds as f64 / progress.rounds_total.max(1) as f64;
    let mut line = canvas.bar(share, 20, Role::Warn);
    line.push(canvas.span(Role::Text, format!("  {text}")));
    canvas.line(column, row + 1, line);
    row + 2
}
