//! The line of a filter above what it filters.

use ratatui::layout::Rect;

use super::super::canvas::Canvas;
use super::super::text;
use super::super::theme::Role;
use crate::tui::state::field::Field;

/// Draw it, with the cursor while it is typed.
pub fn draw(canvas: &mut Canvas<'_, '_>, area: Rect, field: &Field) {
    let typed = field.text().to_owned();
    let width = usize::from(area.width).saturating_sub(2);
    let line =
        vec![canvas.span(Role::Key, "/ "), canvas.span(Role::Input, canvas.fit(&typed, width))];
    canvas.line(area, 0, line);
    if canvas.model.ui.filtering {
        let before: String = typed.chars().take(field.cursor()).collect();
        let column = u16::try_from(text::width(&before).min(width)).unwrap_or(0);
        canvas.cursor(area.x + 2 + column, area.y);
    }
}
