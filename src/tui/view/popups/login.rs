//! The form of a login.

use ratatui::layout::Rect;

use super::super::canvas::Canvas;
use super::super::theme::Role;
use super::form::{Line, notice};
use crate::tui::input::commands::LoginCommand;
use crate::tui::input::layer::Layer;
use crate::tui::state::login::{LoginField, LoginForm};

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
    for (at, label, shown, field, place) in [
        (row, "name", form.name.text(), &form.name, LoginField::Name),
        (row + 1, "password", hidden.as_str(), &form.password, LoginField::Password),
    ] {
        let here = form.focus == place && !form.sending;
        let line = Line { label, shown, cursor: here.then(|| field.cursor()) };
        line.draw(canvas, inner, at);
    }
    let key = |command| model.keymap.first(Layer::Login, command);
    let (enter, turn) = (key(LoginCommand::Submit), key(LoginCommand::Turn));
    let keys = format!("{enter} logs in, {turn} goes to the other field");
    notice(canvas, inner, row + 3, form.notice.as_deref(), form.sending, &keys);
}
