//! The form of a login.

use ratatui::layout::Rect;

use super::super::canvas::Canvas;
use super::super::text;
use super::super::theme::Role;
use crate::tui::input::commands::LoginCommand;
use crate::tui::input::layer::Layer;
use crate::tui::state::login::{LoginField, LoginForm};

/// Columns before a field.
const LABEL: u16 = 11;

/// Draw it.
pub fn draw(canvas: &mut Canvas<'_, '_>, area: Rect, form: &LoginForm) {
    let model = canvas.model;
    let why = match &model.live().login_over {
        Some((_, why)) => {
            format!("Your login has ended: {why}. What everybody may see still comes.")
        }
        None => "Log in at the coordinator.".to_owned(),
    };
    let inner = super::over(canvas, area, (62, 13), "Log in", "");
    let row = canvas.wrapped(inner, 0, Role::Text, &why) + 1;
    let hidden = canvas.glyphs().hidden.repeat(form.password.text().chars().count());
    field(canvas, inner, row, LoginField::Name, "name", form.name.text(), form);
    field(canvas, inner, row + 1, LoginField::Password, "password", &hidden, form);
    let key = |command| model.keymap.first(Layer::Login, command);
    let (role, notice) = match &form.notice {
        Some(notice) => (Role::Bad, notice.clone()),
        None if form.sending => (Role::Muted, "asking the coordinator ...".to_owned()),
        None => {
            let (enter, turn) = (key(LoginCommand::Submit), key(LoginCommand::Turn));
            (Role::Muted, format!("{enter} logs in, {turn} goes to the other field"))
        }
    };
    canvas.wrapped(inner, row + 3, role, &notice);
}

fn field(
    canvas: &mut Canvas<'_, '_>,
    area: Rect,
    row: usize,
    at: LoginField,
    label: &str,
    shown: &str,
    form: &LoginForm,
) {
    let here = form.focus == at;
    let width = usize::from(area.width.saturating_sub(LABEL + 2));
    let line = vec![
        canvas.span(if here { Role::Key } else { Role::Muted }, format!("{label:<11}")),
        canvas.span(Role::Input, format!(" {}", canvas.fit(shown, width))),
    ];
    canvas.line(area, row, line);
    let typed = if at == LoginField::Name { &form.name } else { &form.password };
    if here && !form.sending {
        let before: String = shown.chars().take(typed.cursor()).collect();
        let column = u16::try_from(text::width(&before).min(width)).unwrap_or(0);
        canvas.cursor(area.x + LABEL + 1 + column, area.y + u16::try_from(row).unwrap_or(0));
    }
}
