//! The last lines of the log, on screens with room to spare.

use ratatui::layout::Rect;

use super::super::canvas::Canvas;
use super::super::theme::Role;
use crate::tui::input::commands::GlobalCommand;
use crate::tui::input::layer::Layer;
use crate::tui::state::data::{Level, Who};
use crate::tui::update::log;

/// Rows below which it is not worth it.
pub const LEAST: u16 = 6;

/// Draw a pane with them, the newest last.
pub fn draw(canvas: &mut Canvas<'_, '_>, area: Rect) {
    let model = canvas.model;
    let data = model.data();
    let key = model.keymap.first(Layer::Global, GlobalCommand::Log);
    let inner = canvas.pane_with(area, "What happened last", &format!("{key} shows all"), false);
    let room = usize::from(inner.height);
    let newest: Vec<_> =
        data.log.iter().rev().filter(|line| line.level >= Level::Info).take(room).collect();
    for (at, line) in newest.iter().rev().enumerate() {
        let role = match line.level {
            Level::Fine | Level::Info => Role::Text,
            Level::Warn => Role::Warn,
            Level::Error => Role::Bad,
        };
        let who = match line.who {
            None => String::new(),
            Some(Who::Coordinator) => "coordinator: ".to_owned(),
            Some(Who::Node(node)) => format!("node {node}: "),
        };
        let of = line.session.and_then(|id| data.session(id));
        let of = of.map_or_else(String::new, |session| format!("{}: ", session.title));
        let clock = data.zone.clock(line.at);
        let width = usize::from(inner.width).saturating_sub(clock.len() + 2);
        let said = canvas.cut(&format!("{of}{who}{}", log::line_text(model, line)), width);
        let line = vec![canvas.span(Role::Muted, format!("{clock}  ")), canvas.span(role, said)];
        canvas.line(inner, at, line);
    }
}
