//! The form of an invitation, and its code.

use ratatui::layout::Rect;

use super::super::canvas::Canvas;
use super::super::text;
use super::super::theme::Role;
use crate::identity::Statement as _;
use crate::tui::input::commands::{CodeCommand, InviteCommand};
use crate::tui::input::layer::Layer;
use crate::tui::state::field::Field;
use crate::tui::state::invite::{InviteField, InviteForm, ShownCode};

/// Columns before a field.
const LABEL: u16 = 11;

/// Draw the form.
pub fn draw(canvas: &mut Canvas<'_, '_>, area: Rect, form: &InviteForm) {
    let model = canvas.model;
    let inner = super::over(canvas, area, (66, 12), "Invite", "");
    let why = "A code makes one bidder's account, once. It is shown here once; the coordinator \
               keeps its hash.";
    let row = canvas.wrapped(inner, 0, Role::Text, why) + 1;
    field(canvas, inner, row, ("for", InviteField::Label), &form.label, form);
    field(canvas, inner, row + 1, ("hours", InviteField::Hours), &form.hours, form);
    let role = "role       bidder; `gavel account add` makes operators";
    canvas.text(inner, row + 2, Role::Muted, role);
    let key = |command| model.keymap.first(Layer::Invite, command);
    let (role, notice) = match &form.notice {
        Some(notice) => (Role::Bad, notice.clone()),
        None if form.sending => (Role::Muted, "asking the coordinator ...".to_owned()),
        None => {
            let (enter, turn) = (key(InviteCommand::Submit), key(InviteCommand::Turn));
            (Role::Muted, format!("{enter} makes it, {turn} goes to the other field"))
        }
    };
    canvas.wrapped(inner, row + 4, role, &notice);
}

fn field(
    canvas: &mut Canvas<'_, '_>,
    area: Rect,
    row: usize,
    (label, at): (&str, InviteField),
    typed: &Field,
    form: &InviteForm,
) {
    let here = form.focus == at;
    let width = usize::from(area.width.saturating_sub(LABEL + 2));
    let line = vec![
        canvas.span(if here { Role::Key } else { Role::Muted }, format!("{label:<11}")),
        canvas.span(Role::Input, format!(" {}", canvas.fit(typed.text(), width))),
    ];
    canvas.line(area, row, line);
    if here && !form.sending {
        let before: String = typed.text().chars().take(typed.cursor()).collect();
        let column = u16::try_from(text::width(&before).min(width)).unwrap_or(0);
        canvas.cursor(area.x + LABEL + 1 + column, area.y + u16::try_from(row).unwrap_or(0));
    }
}

/// Draw the code, with what the bidder does with it.
pub fn code(canvas: &mut Canvas<'_, '_>, area: Rect, shown: &ShownCode) {
    let model = canvas.model;
    let inner = super::over(canvas, area, (76, 17), "Invitation", "shown this once");
    let label = model.shown(&shown.label);
    let whom = format!("For {label}, until {}:", model.data().zone.date_time(shown.expires));
    let row = canvas.wrapped(inner, 0, Role::Text, &whom) + 1;
    canvas.text(inner, row, Role::Accent, shown.code.expose());
    let key = |command| model.keymap.first(Layer::Code, command);
    let (copy, leave) = (key(CodeCommand::Copy), key(CodeCommand::Leave));
    let once = format!(
        "{copy} copies it. Once you leave this with {leave} nobody can show it again; an \
         invitation that went astray is taken back and made anew."
    );
    let row = canvas.wrapped(inner, row + 2, Role::Warn, &once) + 1;
    let row = canvas.wrapped(inner, row, Role::Muted, "Send it with what the bidder runs:");
    let row = match &model.data().roster {
        Some(roster) => {
            let address = &roster.coordinator.address;
            let fetch = format!("gavel roster fetch {address} {}", roster.digest());
            canvas.wrapped(inner, row, Role::Text, &crate::base::text::clean(&fetch).to_string())
        }
        None => row,
    };
    canvas.wrapped(inner, row, Role::Text, "gavel join CODE --name NAME");
}
