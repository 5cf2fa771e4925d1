//! The form of an invitation, and its code.

use ratatui::layout::Rect;

use super::super::canvas::Canvas;
use super::super::theme::Role;
use super::form::{Line, notice};
use crate::identity::Statement as _;
use crate::tui::input::commands::{CodeCommand, InviteCommand};
use crate::tui::input::layer::Layer;
use crate::tui::state::invite::{InviteField, InviteForm, ShownCode};

/// Draw the form.
pub fn draw(canvas: &mut Canvas<'_, '_>, area: Rect, form: &InviteForm) {
    let model = canvas.model;
    let inner = super::over(canvas, area, (66, 14), "Invite", "");
    let why = "A code makes one bidder's account, once. It is shown here once; the coordinator \
               keeps its hash. A cohort is for surveys that assign it; else leave it empty.";
    let row = canvas.wrapped(inner, 0, Role::Text, why) + 1;
    for (at, label, field, place) in [
        (row, "for", &form.label, InviteField::Label),
        (row + 1, "cohort", &form.cohort, InviteField::Cohort),
        (row + 2, "hours", &form.hours, InviteField::Hours),
    ] {
        let here = form.focus == place && !form.sending;
        let line = Line { label, shown: field.text(), cursor: here.then(|| field.cursor()) };
        line.draw(canvas, inner, at);
    }
    let role = "role       bidder; `gavel account add` makes operators";
    canvas.text(inner, row + 3, Role::Muted, role);
    let key = |command| model.keymap.first(Layer::Invite, command);
    let (enter, turn) = (key(InviteCommand::Submit), key(InviteCommand::Turn));
    let keys = format!("{enter} makes it, {turn} goes to the next field");
    notice(canvas, inner, row + 5, form.notice.as_deref(), form.sending, &keys);
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
