//! The page of keys, made from the table that also drives dispatch.

use ratatui::layout::Rect;
use ratatui::text::Line;

use super::super::canvas::Canvas;
use super::super::text;
use super::super::theme::Role;
use crate::tui::input::keymap::rows_of;
use crate::tui::input::layer::Layer;
use crate::tui::state::screen::{Hit, List};
use crate::tui::update::allowed;

/// The layers that a page tells of, the present one first.
pub fn layers(layer: Layer) -> Vec<Layer> {
    let mut layers = vec![layer];
    if layer != Layer::Global {
        layers.push(Layer::Global);
    }
    layers
        .extend(Layer::ALL.into_iter().filter(|other| *other != layer && *other != Layer::Global));
    layers
}

/// Draw it.
pub fn draw(canvas: &mut Canvas<'_, '_>, area: Rect, layer: Layer) {
    let model = canvas.model;
    let (width, height) = (area.width.saturating_sub(4).min(120), area.height);
    let inner = super::over(canvas, area, (width, height), "Keys", "the same is done by");
    let columns = usize::from(inner.width);
    let keys = 16;
    let cli = if columns >= 100 { 42 } else { 26 };
    let about = columns.saturating_sub(keys + cli + 2);
    let mut lines: Vec<Line<'static>> = Vec::new();
    for layer in layers(layer) {
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        lines.push(Line::from(canvas.span(Role::Title, layer.title())));
        for row in rows_of(layer) {
            let here = layer == layers_here(canvas) || layer == Layer::Global;
            let refusal = if here { allowed::refusal(model, row.command) } else { None };
            let (key_role, role) = match refusal {
                Some(_) => (Role::Disabled, Role::Disabled),
                None => (Role::Key, Role::Text),
            };
            let about_parts = text::wrap(row.about, about);
            let commands = text::wrap(row.cli.same().unwrap_or_default(), cli);
            let part = |parts: &[String], at: usize| parts.get(at).cloned().unwrap_or_default();
            for at in 0..about_parts.len().max(commands.len()) {
                let key = if at == 0 { model.keys(layer, row) } else { String::new() };
                lines.push(Line::from(vec![
                    canvas.span(key_role, canvas.fit(&key, keys)),
                    canvas.span(role, canvas.fit(&part(&about_parts, at), about)),
                    canvas.span(Role::Muted, format!("  {}", part(&commands, at))),
                ]));
            }
        }
    }
    let rows = usize::from(inner.height);
    let last = lines.len().saturating_sub(rows);
    let first = model.ui.help_line.min(last);
    canvas.drawn.offsets[List::Help as usize] = first;
    canvas.drawn.heights[List::Help as usize] = rows;
    canvas.hit(inner, Hit::Within(List::Help));
    let window = first..(first + rows).min(lines.len());
    let all = lines.len();
    for (row, line) in lines.into_iter().skip(first).take(rows).enumerate() {
        canvas.line(inner, row, line);
    }
    canvas.more(inner, &window, all);
}

/// The layer beneath the page.
fn layers_here(canvas: &Canvas<'_, '_>) -> Layer {
    canvas.model.screen_layer()
}
