//! What the small forms share: a line for each field, and one that says what is going on.

use ratatui::layout::Rect;

use super::super::canvas::Canvas;
use super::super::text;
use super::super::theme::Role;

/// Columns before a field.
const LABEL: u16 = 11;

/// One field as it is shown.
pub struct Line<'a> {
    /// What is to be typed.
    pub label: &'static str,
    /// What is shown of what was typed: a password as dots.
    pub shown: &'a str,
    /// The cursor's place in it, in characters, if it has the keys.
    pub cursor: Option<usize>,
}

impl Line<'_> {
    /// Draw it in this row of an area.
    pub fn draw(&self, canvas: &mut Canvas<'_, '_>, area: Rect, row: usize) {
        let Self { label, shown, cursor } = *self;
        let role = if cursor.is_some() { Role::Key } else { Role::Muted };
        let width = usize::from(area.width.saturating_sub(LABEL + 2));
        let line = vec![
            canvas.span(role, format!("{label:<11}")),
            canvas.span(Role::Input, format!(" {}", canvas.fit(shown, width))),
        ];
        canvas.line(area, row, line);
        if let Some(cursor) = cursor {
            let before: String = shown.chars().take(cursor).collect();
            let column = u16::try_from(text::width(&before).min(width)).unwrap_or(0);
            canvas.cursor(area.x + LABEL + 1 + column, area.y + u16::try_from(row).unwrap_or(0));
        }
    }
}

/// What went wrong, that an answer is awaited, or which keys do what.
pub fn notice(
    canvas: &mut Canvas<'_, '_>,
    area: Rect,
    row: usize,
    wrong: Option<&str>,
    sending: bool,
    keys: &str,
) {
    let (role, notice) = match wrong {
        Some(wrong) => (Role::Bad, wrong),
        None if sending => (Role::Muted, "asking the coordinator ..."),
        None => (Role::Muted, keys),
    };
    canvas.wrapped(area, row, role, notice);
}
