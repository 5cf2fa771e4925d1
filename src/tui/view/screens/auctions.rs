//! Auctions: the list, and one auction's detail beside it.
//!
//! ```text
//! ╭ Auctions 1 of 3 ─ by activity ╮╭ Harbour view, oil on canvas ──╮
//! │   title          bids  closes ││ terms, timeline               │
//! │ ▸ ● Harbour view    6    1:42 ││ bidder x node of receipts     │
//! ╰───────────────────────────────╯╰───────────────────────────────╯
//! ```

use std::fmt::Write as _;

use ratatui::layout::Rect;
use ratatui::text::Span;

use super::super::canvas::Canvas;
use super::super::text;
use super::super::theme::Role;
use super::{detail, phase_glyph, phase_role, short_kind};
use crate::session::Phase;
use crate::tui::input::commands::Command;
use crate::tui::input::keymap::Layer;
use crate::tui::state::data::Session;
use crate::tui::state::model::{Hit, List};
use crate::tui::update::list;

/// Draw the screen.
pub fn draw(canvas: &mut Canvas<'_, '_>, area: Rect) {
    let ui = &canvas.model.ui;
    let (enlarged, in_detail) = (ui.enlarged, ui.in_detail);
    if enlarged {
        return if in_detail { detail::draw(canvas, area) } else { sessions(canvas, area) };
    }
    let width = if area.width >= 110 { area.width * 3 / 5 } else { area.width / 2 + 1 };
    sessions(canvas, Rect { width, ..area });
    detail::draw(canvas, Rect { x: area.x + width, width: area.width - width, ..area });
}

fn sessions(canvas: &mut Canvas<'_, '_>, area: Rect) {
    let model = canvas.model;
    let data = model.data();
    let (shown, all) = (model.ui.order.len(), data.sessions.len());
    let mut title = format!("Auctions {}", text::count(all as u64));
    if shown != all {
        title = format!("Auctions {} of {}", text::count(shown as u64), text::count(all as u64));
    }
    let direction = if model.ui.backwards { canvas.glyphs().up } else { canvas.glyphs().down };
    let word = format!("by {} {direction}", model.ui.sort.name());
    let mut inner = canvas.pane_with(area, &title, &word, !model.ui.in_detail);
    if model.ui.filtering || !model.ui.filter.is_empty() {
        filter(canvas, Rect { height: 1, ..inner });
        inner = Rect { y: inner.y + 1, height: inner.height.saturating_sub(1), ..inner };
    }
    if shown == 0 {
        return empty(canvas, inner);
    }
    let columns = Columns::new(usize::from(inner.width));
    let head = columns.head(canvas);
    canvas.line(inner, 0, head);
    let rows = Rect { y: inner.y + 1, height: inner.height.saturating_sub(1), ..inner };
    canvas.hit(rows, Hit::Within(List::Sessions));
    let selected = list::selected_row(model);
    let window = canvas.window(List::Sessions, usize::from(rows.height), shown, selected);
    for (row, at) in window.clone().enumerate() {
        let Some(session) = model.ui.order.get(at).and_then(|&at| data.sessions.get(at)) else {
            continue;
        };
        let here = selected == Some(at);
        let line = columns.row(canvas, session, here);
        canvas.line(rows, row, line);
        let spot = Rect { y: rows.y + u16::try_from(row).unwrap_or(0), height: 1, ..rows };
        if here {
            canvas.paint(spot, Role::Selected);
        }
        canvas.hit(spot, Hit::Row(List::Sessions, at));
    }
    canvas.more(rows, &window, shown);
}

/// The filter's line.
pub fn filter(canvas: &mut Canvas<'_, '_>, area: Rect) {
    let model = canvas.model;
    let field = match model.ui.screen {
        crate::tui::state::model::Screen::Log => &model.ui.log.filter,
        _ => &model.ui.filter,
    };
    let typed = field.text().to_owned();
    let width = usize::from(area.width).saturating_sub(2);
    let line =
        vec![canvas.span(Role::Key, "/ "), canvas.span(Role::Input, canvas.fit(&typed, width))];
    canvas.line(area, 0, line);
    if model.ui.filtering {
        let before: String = typed.chars().take(field.cursor()).collect();
        let column = u16::try_from(text::width(&before).min(width)).unwrap_or(0);
        canvas.cursor(area.x + 2 + column, area.y);
    }
}

fn empty(canvas: &mut Canvas<'_, '_>, area: Rect) {
    let model = canvas.model;
    if !model.ui.filter.is_empty() {
        let key = model.keymap.first(Layer::Auctions, Command::Filter);
        let then = format!("{key} then esc shows all again.");
        return canvas.empty(area, "Nothing matches the filter.", &[then]);
    }
    if let Some((what, then)) = super::waiting(canvas) {
        return canvas.empty(area, &what, &then);
    }
    if !model.data().listed {
        return canvas.empty(area, "Asking for the auctions ...", &[]);
    }
    let key = model.keymap.first(Layer::Auctions, Command::New);
    let then = if model.person.operator {
        format!("{key} writes one here; `gavel session new FILE` does it from a file.")
    } else {
        "They appear here as soon as the coordinator opens one; nothing needs to be done."
            .to_owned()
    };
    canvas.empty(area, "There are no auctions yet.", &[then]);
}

/// Widths of the columns; those that find no room are 0.
struct Columns {
    title: usize,
    kind: usize,
    phase: usize,
    bids: usize,
    closes: usize,
    outcome: usize,
}

impl Columns {
    fn new(width: usize) -> Self {
        // Where there is no room for both, the outcome's column tells the phase until it is decided.
        let (kind, phase, outcome) = match width {
            0..52 => (0, 0, 0),
            52..66 => (0, 9, 0),
            66..78 => (11, 9, 0),
            78..100 => (11, 0, 22),
            _ => (11, 9, 28),
        };
        // Without a column of its own the outcome takes the place of bids and closing time.
        let (bids, closes) = (7, if outcome == 0 { 9 } else { 6 });
        let gaps = [kind, phase, outcome].iter().filter(|&&width| width > 0).count() + 2;
        let fixed = 4 + kind + phase + bids + closes + outcome + gaps;
        Self { title: width.saturating_sub(fixed), kind, phase, bids, closes, outcome }
    }

    fn head(&self, canvas: &Canvas<'_, '_>) -> Vec<Span<'static>> {
        let mut text = format!("    {}", canvas.fit("title", self.title));
        for (name, width) in [("kind", self.kind), ("phase", self.phase)] {
            if width > 0 {
                let _ = write!(text, " {}", canvas.fit(name, width));
            }
        }
        let _ = write!(text, " {}", canvas.fit_right("bids", self.bids));
        let closes = if self.outcome == 0 { "closes in" } else { "closes" };
        let _ = write!(text, " {}", canvas.fit_right(closes, self.closes));
        if self.outcome > 0 {
            let _ = write!(text, "  {}", canvas.fit("outcome", self.outcome - 1));
        }
        vec![canvas.span(Role::Head, text)]
    }

    fn row(&self, canvas: &Canvas<'_, '_>, session: &Session, here: bool) -> Vec<Span<'static>> {
        let data = canvas.model.data();
        let pointer = if here { canvas.glyphs().pointer } else { " " };
        let role = phase_role(session.phase);
        let text_role = if session.phase == Phase::Cancelled { Role::Disabled } else { Role::Text };
        let mut line = vec![
            canvas.span(Role::Accent, format!("{pointer} ")),
            canvas.span(role, format!("{} ", phase_glyph(canvas, session.phase))),
            canvas.span(text_role, canvas.fit(session.title.as_str(), self.title)),
        ];
        if self.kind > 0 {
            let kind = canvas.fit(short_kind(session.terms.kind), self.kind);
            line.push(canvas.span(Role::Muted, format!(" {kind}")));
        }
        if self.phase > 0 {
            let phase = canvas.fit(session.phase.name(), self.phase);
            line.push(canvas.span(role, format!(" {phase}")));
        }
        let bids = data.bids(session).map_or_else(|| canvas.glyphs().blank.to_owned(), text::count);
        line.push(canvas.span(text_role, format!(" {}", canvas.fit_right(&bids, self.bids))));
        let closes = match (data.closes_in(session), &session.result) {
            (Some(left), _) if left <= 0 => "now".to_owned(),
            (Some(left), _) => text::short_duration(left),
            (None, Some(Some(_))) if self.outcome == 0 => {
                if session.terms.kind.is_reverse() { "awarded" } else { "sold" }.to_owned()
            }
            (None, Some(None)) if self.outcome == 0 => "no winner".to_owned(),
            _ if self.phase == 0 && self.outcome == 0 => session.phase.name().to_owned(),
            _ => String::new(),
        };
        let soon = data.closes_in(session).is_some_and(|left| left < 30_000);
        let closes_role = if soon { Role::Warn } else { role };
        line.push(canvas.span(closes_role, format!(" {}", canvas.fit_right(&closes, self.closes))));
        if self.outcome > 0 {
            let outcome = match &session.result {
                Some(Some((winner, price))) => {
                    let winner = canvas.model.shown(winner);
                    let price = session.amount(*price).to_string();
                    let room = self.outcome.saturating_sub(text::width(&price) + 2).max(6);
                    format!("{} {price}", canvas.fit(&winner, room))
                }
                Some(None) => "no winner".to_owned(),
                None if self.phase == 0 => session.phase.name().to_owned(),
                None => String::new(),
            };
            let role = if session.result.is_some() { Role::Text } else { role };
            line.push(canvas.span(role, format!("  {}", canvas.fit(&outcome, self.outcome - 1))));
        }
        line
    }
}
