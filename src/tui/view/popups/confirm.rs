//! A question before something that cannot be undone, with what will happen.

use ratatui::layout::Rect;

use super::super::canvas::Canvas;
use super::super::text;
use super::super::theme::Role;
use crate::tui::input::commands::ConfirmCommand;
use crate::tui::input::layer::Layer;
use crate::tui::state::forms::Question;
use crate::tui::state::screen::Hit;

/// Draw it.
pub fn draw(canvas: &mut Canvas<'_, '_>, area: Rect, question: &Question) {
    let width = 62;
    let mut lines = Vec::new();
    for (at, line) in question.lines.iter().enumerate() {
        let role = if at == 0 { Role::Title } else { Role::Text };
        lines.extend(text::wrap(line, usize::from(width) - 6).into_iter().map(|line| (role, line)));
    }
    let height = u16::try_from(lines.len() + 6).unwrap_or(u16::MAX);
    let inner = super::over(canvas, area, (width, height), &question.title, "");
    for (row, (role, line)) in lines.iter().enumerate() {
        canvas.text(inner, row + 1, *role, line);
    }
    let keymap = &canvas.model.keymap;
    let yes = keymap.first(Layer::Confirm, ConfirmCommand::Yes);
    let no = keymap.first(Layer::Confirm, ConfirmCommand::No);
    let role = if question.grave { Role::Bad } else { Role::Good };
    let line = vec![
        canvas.span(role, format!("[{yes}] yes, do it")),
        canvas.span(Role::Muted, "     "),
        canvas.span(Role::Key, format!("[{no}] no")),
    ];
    let row = lines.len() + 2;
    canvas.line(inner, row, line);
    let y = inner.y + u16::try_from(row).unwrap_or(0);
    canvas.hit(Rect { y, height: 1, width: 14, ..inner }, Hit::Hint(ConfirmCommand::Yes.into()));
    canvas.hit(
        Rect { x: inner.x + 19, y, height: 1, width: 8 },
        Hit::Hint(ConfirmCommand::No.into()),
    );
}
