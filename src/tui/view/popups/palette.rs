//! The command palette: every command by its name, with its key, and why it cannot be done now.

use ratatui::layout::Rect;

use super::super::canvas::Canvas;
use super::super::text;
use super::super::theme::Role;
use crate::session::SessionId;
use crate::tui::input::layer::Layer;
use crate::tui::state::forms::Palette;
use crate::tui::state::screen::{Hit, List};
use crate::tui::update::palette::Choice;
use crate::tui::update::{allowed, palette};

/// Draw it.
pub fn draw(canvas: &mut Canvas<'_, '_>, area: Rect, state: &Palette, layer: Layer) {
    let model = canvas.model;
    let found = palette::choices(model, state.field.text());
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
        canvas.text(rows, 0, Role::Muted, "Nothing fits.");
        return;
    }
    let selected = state.selected.min(found.len() - 1);
    let window =
        canvas.window(List::Palette, usize::from(rows.height), found.len(), Some(selected));
    for (at, index) in window.clone().enumerate() {
        let row = match found.get(index) {
            None => continue,
            Some(Choice::Command(row)) => row,
            Some(Choice::Session(session)) => {
                of_session(canvas, rows, at, *session);
                finish(canvas, rows, (at, index), index == selected);
                continue;
            }
        };
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
        finish(canvas, rows, (at, index), index == selected);
    }
    canvas.more(rows, &window, found.len());
    let command = match found[selected] {
        Choice::Command(row) => palette::command_line(model, row),
        Choice::Session(session) => Some(format!("gavel session show {}", session.short())),
    };
    if let Some(command) = command {
        canvas.text(foot, 0, Role::Muted, &format!("$ {command}"));
    }
}

/// A session to go to: its id, its title, its phase.
fn of_session(canvas: &mut Canvas<'_, '_>, rows: Rect, at: usize, session: SessionId) {
    let Some(found) = canvas.model.data().session(session) else { return };
    let width = usize::from(rows.width);
    let line = vec![
        canvas.span(Role::Text, canvas.fit(&session.short(), 17)),
        canvas.span(Role::Muted, canvas.fit(found.title.as_str(), width.saturating_sub(28))),
        canvas.span(Role::Muted, canvas.fit_right(found.phase.name(), 11)),
    ];
    canvas.line(rows, at, line);
}

/// Where a row is clicked, and how it looks when it is the selected one.
fn finish(canvas: &mut Canvas<'_, '_>, rows: Rect, (at, index): (usize, usize), selected: bool) {
    let spot = Rect { y: rows.y + u16::try_from(at).unwrap_or(0), height: 1, ..rows };
    canvas.hit(spot, Hit::Row(List::Palette, index));
    if selected {
        canvas.paint(spot, Role::Selected);
    }
}
