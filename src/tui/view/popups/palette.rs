//! The command palette: every command by its name, with its key, and why it cannot be done now.

use ratatui::layout::Rect;

use super::super::canvas::Canvas;
use super::super::text;
use super::super::theme::Role;
use crate::tui::input::layer::Layer;
use crate::tui::state::forms::Palette;
use crate::tui::state::screen::{Hit, List};
use crate::tui::update::{allowed, palette};

/// Draw it.
pub fn draw(canvas: &mut Canvas<'_, '_>, area: Rect, state: &Palette, layer: Layer) {
    let model = canvas.model;
    let found = palette::matching(state.field.text());
    let size = (area.width.saturating_sub(8).min(100), area.height.min(18));
    let inner = super::over(canvas, area, size, "Command", "type to find, enter runs");
    let width = usize::from(inner.width);
    let typed = state.field.text().to_owned();
    let line = vec![
        canvas.span(Role::Key, ": "),
        canvas.span(Role::Input, canvas.fit(&typed, width.saturating_sub(2))),
    ];
    canvas.line(inner, 0, line);
    let before: String = typed.chars().take(state.field.cursor()).collect();
    let column = u16::try_from(2 + text::width(&before)).unwrap_or(0).min(inner.width);
    canvas.cursor(inner.x + column, inner.y);
    let rows = Rect { y: inner.y + 2, height: inner.height.saturating_sub(4), ..inner };
    let foot = Rect { y: rows.bottom() + 1, height: 1, ..inner };
    if found.is_empty() {
        canvas.text(rows, 0, Role::Muted, "No command fits.");
        return;
    }
    let selected = state.selected.min(found.len() - 1);
    let window =
        canvas.window(List::Palette, usize::from(rows.height), found.len(), Some(selected));
    for (at, index) in window.clone().enumerate() {
        let Some(row) = found.get(index) else { continue };
        let refusal = allowed::refusal(model, row.command);
        let role = if refusal.is_some() { Role::Disabled } else { Role::Text };
        let about = refusal.unwrap_or_else(|| row.about.to_owned());
        let home = if row.layers.contains(&layer) { layer } else { row.command.home() };
        let line = vec![
            canvas.span(role, canvas.fit(row.name(), 17)),
            canvas.span(Role::Muted, canvas.fit(&about, width.saturating_sub(28))),
            canvas.span(Role::Key, canvas.fit_right(&model.keymap.first(home, row.command), 11)),
        ];
        canvas.line(rows, at, line);
        let spot = Rect { y: rows.y + u16::try_from(at).unwrap_or(0), height: 1, ..rows };
        canvas.hit(spot, Hit::Row(List::Palette, index));
        if index == selected {
            canvas.paint(spot, Role::Selected);
        }
    }
    canvas.more(rows, &window, found.len());
    if let Some(command) = palette::command_line(model, found[selected]) {
        canvas.text(foot, 0, Role::Muted, &format!("$ {command}"));
    }
}
