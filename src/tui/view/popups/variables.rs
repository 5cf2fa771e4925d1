//! The variables that stay at the nodes: a list, and what is known of the selected one. There is no
//! value to show.

use ratatui::layout::Rect;

use super::super::canvas::Canvas;
use super::super::table::{Cell, Column, Rows, Table};
use super::super::theme::Role;
use crate::base::Timestamp;
use crate::tui::figures::{self, plural};
use crate::tui::input::commands::VariablesCommand;
use crate::tui::input::layer::Layer;
use crate::tui::state::held::{Held, Shelf};
use crate::tui::state::screen::List;

/// Rows about the selected one, and the foot.
const BELOW: u16 = 8;

/// Draw it.
pub fn draw(canvas: &mut Canvas<'_, '_>, area: Rect, shelf: &Shelf) {
    let size = (area.width.saturating_sub(4).min(120), area.height);
    let word = match (&shelf.known, &shelf.trouble) {
        (Some(_), Some(_)) => "not up to date",
        _ => "values are never shown",
    };
    let inner = super::over(canvas, area, size, "Variables that stay at the nodes", word);
    let Some(known) = &shelf.known else {
        let why = shelf.trouble.as_ref().map(ToString::to_string);
        return match why {
            Some(why) => canvas.empty(inner, "They cannot be listed.", &[why]),
            None => canvas.empty(inner, "asking coordinator and nodes ...", &[]),
        };
    };
    if known.is_empty() {
        let then = "A job keeps those that its file names: keep = [\"cost\"].".to_owned();
        return canvas.empty(inner, "Nothing is stored.", &[then]);
    }
    let table = table(usize::from(inner.width), shelf);
    let head = table.head(canvas);
    canvas.line(inner, 0, head);
    let height = inner.height.saturating_sub(BELOW + 2);
    let body = Rect { y: inner.y + 1, height, ..inner };
    let selected = Some(shelf.row.min(known.len() - 1));
    let rows = Rows { list: List::Variables, length: known.len(), selected, marked: true };
    rows.draw(canvas, body, &table, |at| known.get(at));
    let below = Rect { y: inner.bottom().saturating_sub(BELOW), height: BELOW, ..inner };
    if let Some(held) = shelf.selected() {
        one(canvas, below, held, shelf);
    }
}

fn age(canvas: &Canvas<'_, '_>, at: Timestamp) -> i64 {
    (canvas.model.data().coordinator_now().millis() - at.millis()).max(0)
}

/// Who has shares, as far as nodes tell.
fn holders(held: &Held, shelf: &Shelf) -> String {
    match (held.holders.is_empty(), shelf.unheard.is_empty()) {
        (true, true) => "nobody".to_owned(),
        (true, false) => "?".to_owned(),
        (false, all) => {
            let numbers: Vec<String> = held.holders.iter().map(|node| node.to_string()).collect();
            format!("{}{}", numbers.join(" "), if all { "" } else { " ?" })
        }
    }
}

fn table<'a>(width: usize, shelf: &'a Shelf) -> Table<'a, &'a Held> {
    let (field, shares, ages) = (10, 14, 8);
    let rest = width.saturating_sub(field + shares + 2 * ages + 4);
    let name = rest * 2 / 5;
    Table::new([
        Column::new("name", name, |_, held: &&Held| Cell::text(Role::Title, held.name.to_string())),
        Column::new("field", field, |_, held: &&Held| Cell::text(Role::Text, held.field.name()))
            .after(1),
        Column::new("kind", rest - name, |_, held: &&Held| {
            Cell::text(Role::Text, format!("{}, {}", held.known_to, held.range))
        })
        .after(1),
        Column::new("shares at", shares, |_, held: &&Held| {
            let known = shelf.unheard.is_empty() && !held.holders.is_empty();
            Cell::text(if known { Role::Good } else { Role::Warn }, holders(held, shelf))
        })
        .after(1),
        Column::right("age", ages, |canvas, held: &&Held| {
            Cell::text(Role::Muted, figures::short_duration(age(canvas, held.made)))
        }),
        Column::right("shared", ages, |canvas, held: &&Held| {
            Cell::text(Role::Muted, figures::short_duration(age(canvas, held.refreshed)))
        })
        .after(1),
    ])
}

fn one(canvas: &mut Canvas<'_, '_>, area: Rect, held: &Held, shelf: &Shelf) {
    let data = canvas.model.data();
    let ago = |at| figures::duration(age(canvas, at));
    let anew = match held.generation {
        0 => "not shared anew since".to_owned(),
        times => format!(
            "shared anew {}, last {} ago",
            plural(times.into(), "time", "times"),
            ago(held.refreshed)
        ),
    };
    let unheard = match shelf.unheard.is_empty() {
        true => String::new(),
        false => format!("; {} did not tell", figures::nodes(shelf.unheard)),
    };
    let rows = [
        ("variable", held.name.to_string(), Role::Title),
        ("kind", format!("{} over {}, {}", held.known_to, held.field, held.range), Role::Text),
        ("shares at", format!("{}{unheard}", with_word(held, shelf)), Role::Text),
        (
            "made",
            format!(
                "{} by step {} of job {}, {} ago; {anew}",
                data.zone.date_time(held.made),
                held.step,
                held.session.short(),
                ago(held.made)
            ),
            Role::Text,
        ),
        ("version", held.version.to_string(), Role::Muted),
    ];
    let column = Rect { x: area.x + 11, width: area.width.saturating_sub(11), ..area };
    let mut row = 0;
    for (name, value, role) in rows {
        canvas.text(area, row, Role::Muted, name);
        if name == "made" {
            row = canvas.wrapped(column, row, role, &value);
        } else {
            canvas.text(column, row, role, &value);
            row += 1;
        }
    }
    let key = |command| canvas.model.keymap.first(Layer::Variables, command);
    let foot = if canvas.model.person.operator {
        format!(
            "{} has the nodes forget it, {} copies its version",
            key(VariablesCommand::Forget),
            key(VariablesCommand::Copy)
        )
    } else {
        format!("{} copies its version", key(VariablesCommand::Copy))
    };
    canvas.text(area, usize::from(area.height) - 1, Role::Muted, &foot);
}

fn with_word(held: &Held, shelf: &Shelf) -> String {
    match (held.holders.is_empty(), shelf.unheard.is_empty()) {
        (true, true) => "no node".to_owned(),
        (true, false) => "not known".to_owned(),
        (false, _) => figures::nodes(held.holders),
    }
}
