//! A session's record as it was checked here, and the form that asks where to write it.

use ratatui::layout::Rect;

use super::super::canvas::Canvas;
use super::super::table::{Cell, Column, Rows, Table};
use super::super::text;
use super::super::theme::Role;
use crate::tui::input::commands::{AuditCommand, PathCommand};
use crate::tui::input::layer::Layer;
use crate::tui::state::audit::{Audit, AuditRow, AuditStage, Mark, PathForm};
use crate::tui::state::screen::List;

/// Draw the record.
pub fn draw(canvas: &mut Canvas<'_, '_>, area: Rect, audit: &Audit) {
    let model = canvas.model;
    let title = model.data().session(audit.session).map(|session| session.title.clone());
    let title = format!("Record of {}", title.unwrap_or_default());
    let size = (area.width.saturating_sub(4).min(130), area.height);
    let inner = super::over(canvas, area, size, &title, "checked by this program");
    let rows = match &audit.stage {
        AuditStage::Checking => {
            return canvas.empty(inner, "Fetching the record and checking it ...", &[]);
        }
        AuditStage::Failed(why) => {
            let why = why.to_string();
            return canvas.empty(inner, "The record could not be had.", &[why]);
        }
        AuditStage::Done(rows) => rows,
    };
    let body = Rect { height: inner.height.saturating_sub(2), ..inner };
    let table = table(usize::from(inner.width));
    let selected = Some(audit.row.min(rows.len().saturating_sub(1)));
    let shown = Rows { list: List::Audit, length: rows.len(), selected, marked: true };
    shown.draw(canvas, body, &table, |at| rows.get(at));
    let key = |command| model.keymap.first(Layer::Audit, command);
    let foot = format!(
        "{} copies what the row is about in full, {} writes the record or the result",
        key(AuditCommand::Copy),
        key(AuditCommand::Write)
    );
    canvas.text(inner, usize::from(inner.height).saturating_sub(1), Role::Muted, &foot);
}

fn table<'a>(width: usize) -> Table<'a, &'a AuditRow> {
    let label = 13;
    Table::new([
        Column::new("", 2, |canvas, row: &&AuditRow| match row.mark {
            Mark::Good => Cell::text(Role::Good, canvas.glyphs().tick),
            Mark::Bad => Cell::text(Role::Bad, canvas.glyphs().cross),
            Mark::Head | Mark::Plain => Cell::text(Role::Muted, ""),
        }),
        Column::new("", width.saturating_sub(2), move |canvas, row: &&AuditRow| {
            let name = row.name.as_ref().map(|name| format!("{} ", canvas.model.shown(name)));
            let rest = format!("{}{}", name.unwrap_or_default(), row.text);
            let role = match row.mark {
                Mark::Head => return Cell::text(Role::Title, row.label.clone()),
                Mark::Bad => Role::Bad,
                Mark::Good | Mark::Plain => Role::Text,
            };
            Cell::text(role, format!("{} {rest}", canvas.fit(&row.label, label)))
        }),
    ])
}

/// Draw the form for a path.
pub fn path(canvas: &mut Canvas<'_, '_>, area: Rect, form: &PathForm) {
    let inner = super::over(canvas, area, (70, 10), "Write to", "");
    let width = usize::from(inner.width).saturating_sub(2);
    let shown = form.path.text();
    // Its end is what matters, and where the cursor is.
    let hidden = text::width(shown).saturating_sub(width.saturating_sub(2));
    let visible: String = shown.chars().skip(hidden).collect();
    let line = vec![canvas.span(Role::Input, format!(" {}", canvas.fit(&visible, width)))];
    canvas.line(inner, 1, line);
    let before: String = shown.chars().take(form.path.cursor()).skip(hidden).collect();
    let column = u16::try_from(text::width(&before).min(width)).unwrap_or(0);
    if !form.writing {
        canvas.cursor(inner.x + 1 + column, inner.y + 1);
    }
    let key = |command| canvas.model.keymap.first(Layer::Path, command);
    let (role, notice) = match &form.notice {
        Some(notice) => (Role::Bad, notice.clone()),
        None if form.writing => (Role::Muted, "writing ...".to_owned()),
        None => (
            Role::Muted,
            format!(
                "{} writes the record, which `gavel verify` checks; a name that ends in .csv gets \
                 the result as a table. No file is overwritten.",
                key(PathCommand::Submit)
            ),
        ),
    };
    canvas.wrapped(inner, 3, role, &notice);
}
