//! What a node takes of its machine: now, and over the last hour, a column a minute.

use ratatui::layout::Rect;

use super::super::canvas::Canvas;
use super::super::theme::Role;
use crate::tui::figures::{bytes, round_trip};
use crate::tui::state::hour::{MINUTES, Minute};
use crate::tui::state::node::Node;

/// Columns before the hour.
const LABEL: usize = 28;

/// One figure of a minute.
type Figure = fn(&Minute) -> Option<u64>;

/// Draw it from a row on, if there is room for it and something is known; gives the row after it.
pub fn draw(canvas: &mut Canvas<'_, '_>, area: Rect, row: usize, node: &Node) -> usize {
    let Some(usage) = node.status.health.as_ref().and_then(|health| health.usage.as_ref()) else {
        return row;
    };
    let told = |figure: Option<String>| figure.unwrap_or_else(|| "unknown".to_owned());
    let memory = told(usage.memory_bytes.map(bytes));
    let processor = told(usage.processor_permille.map(percent));
    let disk = told(usage.disk_free_bytes.map(|free| format!("{} free", bytes(free))));
    let links = node.status.health.as_ref().map_or(0, |health| health.links.len());
    // The links come first; where both do not fit, one line says how it is now.
    if usize::from(area.height) < row + 5 + 2 + links {
        let text = format!("memory {memory}, processor {processor}, disk {disk}");
        canvas.text(area, row, Role::Muted, &text);
        return row + 1;
    }
    let trip = told(node.status.round_trip_micros.map(round_trip));
    let lines: [(&str, String, Figure); 4] = [
        ("memory", memory, |minute| minute.memory),
        ("processor", processor, |minute| minute.processor),
        ("disk", disk, |minute| minute.disk),
        ("round trip", trip, |minute| minute.round_trip),
    ];
    for (at, (label, now, figure)) in lines.into_iter().enumerate() {
        let width = usize::from(area.width).saturating_sub(LABEL).min(MINUTES);
        let hour = spark(canvas, &node.hour.of(figure), width);
        let text = format!("{} {}", canvas.fit(label, 11), canvas.fit(&now, LABEL - 12));
        let line = vec![canvas.span(Role::Muted, text), canvas.span(Role::Key, hour)];
        canvas.line(area, row + at, line);
    }
    let note = "the last hour, the worst of each minute; the latest at the right";
    let column = u16::try_from(LABEL).unwrap_or(0).min(area.width);
    let place = Rect { x: area.x + column, width: area.width - column, ..area };
    canvas.text(place, row + 4, Role::Disabled, note);
    row + 5
}

/// Thousandths of one processor, in hundredths.
fn percent(permille: u32) -> String {
    format!("{}.{} %", permille / 10, permille % 10)
}

/// A column a minute, the latest at the right, between nothing and the highest.
fn spark(canvas: &Canvas<'_, '_>, minutes: &[Option<u64>], width: usize) -> String {
    let glyphs = canvas.glyphs();
    let shown = &minutes[minutes.len().saturating_sub(width)..];
    let highest = shown.iter().flatten().max().copied().unwrap_or(1).max(1);
    let level = |value: u64| {
        let level = u128::from(value) * 7 / u128::from(highest);
        glyphs.spark[usize::try_from(level).unwrap_or(7).min(7)]
    };
    let columns = shown.iter().map(|value| value.map_or(" ", level));
    " ".repeat(width - shown.len()) + &columns.collect::<String>()
}
