//! How much a participant trades at every price, drawn: prices from left to right, quantities
//! upwards. In eighths of a row with blocks, coarser with ASCII.

use ratatui::layout::Rect;

use super::super::canvas::Canvas;
use super::super::text;
use super::super::theme::Role;
use crate::rules::market::curve::Curve;
use crate::rules::market::{Order, Question, Side};

/// Steps of height that a row has.
const LEVELS: u64 = 8;

/// Draw the curve of an order; its quantities stand at the left, the prices of its steps below.
pub fn draw(canvas: &mut Canvas<'_, '_>, area: Rect, market: &Question, order: &Order) {
    let curve = Curve::of(&order.fields(market));
    let traded = |price| match order.side() {
        Side::Buy => curve.bought(price),
        Side::Sell => curve.sold(price),
    };
    let most = order.steps().map(|step| step.quantity).max().unwrap_or(0).max(1);
    let label = |quantity| market.unit.plain(quantity);
    let left = order.steps().map(|step| text::width(&label(step.quantity))).max().unwrap_or(0);
    let (width, rows) =
        (usize::from(area.width).saturating_sub(left + 1), usize::from(area.height));
    let Some(rows) = rows.checked_sub(1).filter(|&rows| rows > 0 && width > 0) else { return };
    let prices = market.grid.prices();
    let columns: Vec<u64> = (0..width)
        .map(|column| {
            // The most that is traded at any of the prices that share the column.
            let (from, to) = (column * prices / width, (column + 1) * prices / width);
            (from..to.max(from + 1)).map(traded).max().unwrap_or(0)
        })
        .map(|quantity| height(quantity, most, rows))
        .collect();
    let mut labels = vec![None; rows];
    for step in order.steps() {
        let top = usize::try_from(height(step.quantity, most, rows).div_ceil(LEVELS)).unwrap_or(1);
        if let Some(row) = rows.checked_sub(top).and_then(|row| labels.get_mut(row)) {
            *row = Some(label(step.quantity));
        }
    }
    for (row, label) in labels.into_iter().enumerate() {
        let below = (rows - 1 - row) as u64 * LEVELS;
        let cells: String = columns
            .iter()
            .map(|height| match height.saturating_sub(below).min(LEVELS) {
                0 => " ",
                level => canvas.glyphs().spark[usize::try_from(level - 1).unwrap_or(0)],
            })
            .collect();
        let line = vec![
            canvas.span(Role::Muted, canvas.fit_right(&label.unwrap_or_default(), left)),
            canvas.span(Role::Border, " "),
            canvas.span(Role::Accent, cells),
        ];
        canvas.line(area, row, line);
    }
    let axis = Rect { x: area.x + area.width - u16::try_from(width).unwrap_or(0), ..area };
    let axis = Rect { width: u16::try_from(width).unwrap_or(0), ..axis };
    let ticks = ticks(market, order, width);
    canvas.text(axis, rows, Role::Muted, &ticks);
}

/// A quantity's height in steps: some where there is any, all of them for the most.
fn height(quantity: u64, most: u64, rows: usize) -> u64 {
    let all = u128::from(LEVELS) * rows as u128;
    let height = (u128::from(quantity) * all).div_ceil(u128::from(most));
    u64::try_from(height.min(all)).unwrap_or(0)
}

/// The lowest and the highest price, and between them those of the steps that have room.
fn ticks(market: &Question, order: &Order, width: usize) -> String {
    let label = |number| market.currency.plain(market.grid.price(number));
    let prices = market.grid.prices();
    let (first, last) = (label(0), label(prices.saturating_sub(1)));
    let mut line = first;
    if text::width(&line) + text::width(&last) >= width {
        return line;
    }
    let mut steps: Vec<usize> = order.steps().map(|step| step.price).collect();
    steps.sort_unstable();
    for step in steps {
        let (tick, at) = (label(step), step * width / prices.max(1));
        let from = at.saturating_sub(text::width(&tick) / 2);
        let free = text::width(&line) + 2 <= from;
        if free && from + text::width(&tick) + 2 <= width - text::width(&last) {
            line = format!("{line}{}{tick}", " ".repeat(from - text::width(&line)));
        }
    }
    let gap = width - text::width(&last) - text::width(&line);
    format!("{line}{}{last}", " ".repeat(gap))
}

#[cfg(test)]
mod tests {
    use crate::tui::view::screens::curve::*;

    #[test]
    fn what_is_traded_shows_and_the_most_fills_all() {
        assert_eq!(height(0, 60, 5), 0);
        assert_eq!(height(1, 1_000_000, 5), 1);
        assert_eq!(height(60, 60, 5), 40);
        assert_eq!(height(u64::MAX, u64::MAX, 5), 40);
        assert!(height(30, 60, 5) < height(31, 60, 5));
    }
}
