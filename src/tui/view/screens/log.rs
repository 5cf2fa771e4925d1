//! Log: what happened, the newest line last; by level, by auction, by words.

use ratatui::layout::Rect;

use super::super::canvas::Canvas;
use super::super::table::{Cell, Column, Rows, Table};
use super::super::text;
use super::super::theme::Role;
use super::search;
use crate::tui::figures;
use crate::tui::input::commands::LogCommand;
use crate::tui::input::layer::Layer;
use crate::tui::state::data::{Level, LogLine, Who};
use crate::tui::state::screen::List;
use crate::tui::update::log;

const fn level_name(level: Level) -> &'static str {
    match level {
        Level::Fine => "everything",
        Level::Info => "info and above",
        Level::Warn => "warnings and errors",
        Level::Error => "errors only",
    }
}

/// Draw the screen.
pub fn draw(canvas: &mut Canvas<'_, '_>, area: Rect) {
    let model = canvas.model;
    let view = &model.ui.log;
    let lines = log::lines(model);
    let (shown, all) = (lines.len() as u64, model.data().log.len() as u64);
    let title = if shown == all {
        format!("Log {}", figures::plural(all, "line", "lines"))
    } else {
        format!("Log {} of {}", figures::count(shown), figures::plural(all, "line", "lines"))
    };
    let mut word = level_name(view.level).to_owned();
    if view.only {
        let of = model.selected().map(|session| session.id.short()).unwrap_or_default();
        word = format!("{word}, only {of}");
    }
    let word = format!("{word}, {}", if view.follow { "following" } else { "not following" });
    let mut inner = canvas.pane_with(area, &title, &word, true);
    if model.ui.filtering || !view.filter.is_empty() {
        search::draw(canvas, Rect { height: 1, ..inner }, &view.filter);
        inner = Rect { y: inner.y + 1, height: inner.height.saturating_sub(1), ..inner };
    }
    if lines.is_empty() {
        let level = model.keymap.first(Layer::Log, LogCommand::Level);
        let then = if all == 0 {
            "What happens from now on appears here.".to_owned()
        } else {
            format!("{level} shows more kinds of lines, / looks for others.")
        };
        return canvas.empty(inner, "Nothing to show.", &[then]);
    }
    let selected = log::row(model, &lines);
    inner = in_full(canvas, inner, lines.get(selected).and_then(|&at| model.data().log.get(at)));
    let columns = columns(usize::from(inner.width));
    let marked = !view.follow;
    let rows = Rows { list: List::Log, length: lines.len(), selected: Some(selected), marked };
    rows.draw(canvas, inner, &columns, |at| model.data().log.get(*lines.get(at)?));
}

/// A line that is too long for its row, in full at the foot; gives what is left for the rows.
fn in_full(canvas: &mut Canvas<'_, '_>, area: Rect, line: Option<&LogLine>) -> Rect {
    let Some(line) = line else { return area };
    let text = log::line_text(canvas.model, line);
    let width = usize::from(area.width);
    if text::width(&text) <= room(width) || area.height < 8 {
        return area;
    }
    let wrapped = text::wrap(&text, width);
    let rows = wrapped.len().min(usize::from(area.height) / 2);
    let top = usize::from(area.height) - rows;
    let rule = canvas.span(Role::Border, canvas.glyphs().line.repeat(width));
    canvas.line(area, top - 1, rule);
    for (at, part) in wrapped.iter().take(rows).enumerate() {
        canvas.text(area, top + at, Role::Text, part);
    }
    Rect { height: u16::try_from(top - 1).unwrap_or(area.height), ..area }
}

/// Columns of the title of a line's auction.
const fn title(width: usize) -> usize {
    if width >= 110 { 28 } else { 11 }
}

/// Columns that are left for what a line says.
const fn room(width: usize) -> usize {
    width.saturating_sub(9 + 6 + 7 + title(width) + 1)
}

fn columns<'a>(width: usize) -> Table<'a, &'a LogLine> {
    Table::new([
        Column::new("", 9, |_, line: &&LogLine| Cell::text(Role::Muted, figures::clock(line.at))),
        Column::new("", 6, |_, line: &&LogLine| {
            let (role, word) = match line.level {
                Level::Fine => (Role::Muted, "fine"),
                Level::Info => (Role::Good, "info"),
                Level::Warn => (Role::Warn, "warn"),
                Level::Error => (Role::Bad, "error"),
            };
            Cell::text(role, word)
        }),
        Column::new("", 7, |_, line: &&LogLine| {
            let who = match line.who {
                None => String::new(),
                Some(Who::Coordinator) => "coord".to_owned(),
                Some(Who::Node(node)) => format!("node {node}"),
            };
            Cell::text(Role::Muted, who)
        }),
        Column::new("", title(width), |canvas, line: &&LogLine| {
            let known = |id| canvas.model.data().session(id);
            let title = line.session.map(|id| match known(id) {
                Some(session) => session.title.to_string(),
                None => id.short(),
            });
            Cell::text(Role::Muted, title.unwrap_or_default())
        }),
        Column::new("", room(width), |canvas, line: &&LogLine| {
            let role = if line.level == Level::Fine { Role::Muted } else { Role::Text };
            Cell::text(role, log::line_text(canvas.model, line))
        })
        .after(1),
    ])
}
