//! The form of a new session.

use ratatui::layout::Rect;

use super::super::canvas::Canvas;
use super::super::screens::rule;
use super::super::text;
use super::super::theme::Role;
use crate::tui::input::commands::Command;
use crate::tui::input::keymap::Layer;
use crate::tui::state::field::Field;
use crate::tui::state::model::NewForm;
use crate::tui::update::steps::FIELDS;

/// Columns before the fields.
const LABEL: u16 = 24;

/// Draw it.
pub fn draw(canvas: &mut Canvas<'_, '_>, area: Rect, form: &NewForm) {
    let word = if form.busy { "asking the coordinator ..." } else { "" };
    let inner = super::over(canvas, area, (74, 19), "New session", word);
    let yes_no = |on: bool| if on { "yes" } else { "no" };
    let choice = |text: &str| format!("{text} {}", canvas_pointer(canvas));
    let kind = choice(form.kind.name());
    let (replace, open) = (choice(yes_no(form.replace)), choice(yes_no(form.open)));
    for (at, name) in FIELDS.iter().enumerate() {
        let focused = at == form.focus;
        let row = at + usize::from(at > 0);
        let role = if focused { Role::Key } else { Role::Muted };
        let pointer = if focused { canvas.glyphs().pointer } else { " " };
        canvas.text(Rect { width: LABEL, ..inner }, row, role, &format!("{pointer} {name}"));
        let field = Rect { x: inner.x + LABEL, width: inner.width - LABEL, ..inner };
        match at {
            0 => typed(canvas, field, row, &form.file, focused, 46),
            1 => typed(canvas, field, row, &form.title, focused, 46),
            2 => chosen(canvas, field, row, &kind, focused),
            3 => typed(canvas, field, row, &form.currency, focused, 14),
            4 => typed(canvas, field, row, &form.decimals, focused, 4),
            5 => typed(canvas, field, row, &form.reserve, focused, 24),
            6 => typed(canvas, field, row, &form.maximum, focused, 24),
            7 => typed(canvas, field, row, &form.until, focused, 30),
            8 => chosen(canvas, field, row, &replace, focused),
            _ => chosen(canvas, field, row, &open, focused),
        }
    }
    let keymap = &canvas.model.keymap;
    let submit = keymap.first(Layer::NewSession, Command::Submit);
    let change = keymap.first(Layer::NewSession, Command::Change);
    let help = match form.focus {
        0 => format!("the path of a session file; {submit} reads it into this form"),
        1 => "what is sold or bought".to_owned(),
        2 => format!("{}; {change} changes it", rule(form.kind)),
        3 => "shown behind amounts, such as EUR".to_owned(),
        4 => "decimals of amounts, 0 to 8".to_owned(),
        5 => "the worst price that still wins; empty for none".to_owned(),
        6 => "the largest bid; empty for the usual".to_owned(),
        7 => "a duration such as 2m or 1h 30m, or 2026-12-01T12:00:00Z".to_owned(),
        8 => format!("whether a bidder may change a bid until then; {change} changes it"),
        _ => format!("yes: bids are taken at once; no: a draft. {change} changes it"),
    };
    let row = FIELDS.len() + 2;
    match &form.notice {
        Some(notice) => {
            canvas.wrapped(inner, row, Role::Warn, notice);
        }
        None => {
            canvas.wrapped(inner, row, Role::Muted, &help);
        }
    }
    let last = usize::from(inner.height).saturating_sub(1);
    let text = match form.focus {
        0 if !form.file.is_empty() => format!("{submit} reads the file"),
        _ => format!("{submit} writes the session{}", if form.open { " and opens it" } else { "" }),
    };
    canvas.text(inner, last, Role::Muted, &text);
}

const fn canvas_pointer(canvas: &Canvas<'_, '_>) -> &'static str {
    canvas.glyphs().pointer
}

fn typed(
    canvas: &mut Canvas<'_, '_>,
    area: Rect,
    row: usize,
    field: &Field,
    focused: bool,
    width: usize,
) {
    let span = canvas.span(Role::Input, canvas.fit(field.text(), width));
    canvas.line(area, row, span);
    if focused {
        let before: String = field.text().chars().take(field.cursor()).collect();
        let column = u16::try_from(text::width(&before).min(width)).unwrap_or(0);
        canvas.cursor(area.x + column, area.y + u16::try_from(row).unwrap_or(0));
    }
}

fn chosen(canvas: &mut Canvas<'_, '_>, area: Rect, row: usize, value: &str, focused: bool) {
    let role = if focused { Role::Selected } else { Role::Text };
    canvas.text(area, row, role, value);
}
