//! Auctions: the list, and one auction's detail beside it.
//!
//! ```text
//! ╭ Auctions 1 of 3 ─ by activity ╮╭ Harbour view, oil on canvas ──╮
//! │   title          bids  closes ││ terms, timeline               │
//! │ ▸ ● Harbour view    6    1:42 ││ bidder x node of receipts     │
//! ╰───────────────────────────────╯╰───────────────────────────────╯
//! ```

use ratatui::layout::Rect;

use super::super::canvas::Canvas;
use super::super::table::{Cell, Column, Rows, Table};
use super::super::theme::Role;
use super::{detail, latest, phase_glyph, phase_role, sales, search, short_kind, standing};
use crate::session::Phase;
use crate::tui::figures;
use crate::tui::input::commands::ListCommand;
use crate::tui::input::layer::Layer;
use crate::tui::state::data::Session;
use crate::tui::state::screen::List;
use crate::tui::update::order;

/// Draw the screen.
pub fn draw(canvas: &mut Canvas<'_, '_>, area: Rect) {
    let ui = &canvas.model.ui;
    let (enlarged, in_detail) = (ui.enlarged, ui.in_detail);
    if enlarged {
        return if in_detail { detail::draw(canvas, area) } else { sessions(canvas, area) };
    }
    let width = share(canvas.model.data().widest_title, area.width);
    let mut list = Rect { width, ..area };
    // A short list leaves the lower half of a tall screen to what happened.
    let rows = u16::try_from(canvas.model.ui.order.len()).unwrap_or(u16::MAX);
    let height = rows.saturating_add(4).max(area.height / 2);
    if let Some(below) = area.height.checked_sub(height).filter(|&rows| rows >= LEAST_BELOW) {
        latest::draw(canvas, Rect { y: list.y + height, height: below, ..list });
        list.height = height;
    }
    sessions(canvas, list);
    detail::draw(canvas, Rect { x: area.x + width, width: area.width - width, ..area });
}

/// Rows that what happened takes below the list at least.
const LEAST_BELOW: u16 = 12;

/// Columns that the detail needs: its phases with their names, inside a frame.
const DETAIL: u16 = 42;

/// Columns of the list: what it needs, as far as the detail keeps what that needs.
fn share(widest_title: usize, all: u16) -> u16 {
    let needed = 4 + BASE + widest_title.min(WIDEST) + OUTCOME + KIND + PHASE;
    let most = all - DETAIL.max(all.saturating_mul(45) / 100).min(all);
    u16::try_from(needed).unwrap_or(u16::MAX).clamp(38.min(most), most)
}

fn sessions(canvas: &mut Canvas<'_, '_>, area: Rect) {
    let model = canvas.model;
    let data = model.data();
    let (shown, all) = (model.ui.order.len(), data.sessions.len());
    let mut title = format!("Auctions {}", figures::count(all as u64));
    if shown != all {
        title =
            format!("Auctions {} of {}", figures::count(shown as u64), figures::count(all as u64));
    }
    let direction = if model.ui.backwards { canvas.glyphs().up } else { canvas.glyphs().down };
    let word = format!("by {} {direction}", model.ui.sort.name());
    let mut inner = canvas.pane_with(area, &title, &word, !model.ui.in_detail);
    if (model.ui.filtering && !model.ui.in_detail) || !model.ui.filter.is_empty() {
        search::draw(canvas, Rect { height: 1, ..inner }, &model.ui.filter);
        inner = Rect { y: inner.y + 1, height: inner.height.saturating_sub(1), ..inner };
    }
    if shown == 0 {
        return empty(canvas, inner);
    }
    let columns = columns(usize::from(inner.width), data.widest_title);
    let head = columns.head(canvas);
    canvas.line(inner, 0, head);
    let body = Rect { y: inner.y + 1, height: inner.height.saturating_sub(1), ..inner };
    let selected = order::selected_row(model);
    let rows = Rows { list: List::Sessions, length: shown, selected, marked: true };
    rows.draw(canvas, body, &columns, |at| {
        let session = data.sessions.get(*model.ui.order.get(at)?)?;
        Some(Row { session, here: selected == Some(at) })
    });
}

fn empty(canvas: &mut Canvas<'_, '_>, area: Rect) {
    let model = canvas.model;
    if !model.ui.filter.is_empty() {
        let key = model.keymap.first(Layer::Auctions, ListCommand::Filter);
        let then = format!("{key} changes it, esc shows all again.");
        return canvas.empty(area, "Nothing matches the filter.", &[then]);
    }
    if let Some((what, then)) = super::waiting(canvas) {
        return canvas.empty(area, &what, &then);
    }
    if !model.data().listed {
        return canvas.empty(area, "Asking for the auctions ...", &[]);
    }
    let key = model.keymap.first(Layer::Auctions, ListCommand::New);
    let then = if model.person.operator {
        format!("{key} writes one here; `gavel session new FILE` does it from a file.")
    } else {
        "They appear here as soon as the coordinator opens one; nothing needs to be done."
            .to_owned()
    };
    canvas.empty(area, "There are no auctions yet.", &[then]);
}

/// A session in the list.
struct Row<'a> {
    session: &'a Session,
    /// Whether it is the selected one.
    here: bool,
}

/// Columns that every width has beside the title: marks, bids, closing time.
const BASE: usize = 4 + 8 + 10;

/// Columns of the outcome, the kind and the phase, with the gaps before them.
const OUTCOME: usize = 23;
const KIND: usize = 12;
const PHASE: usize = 10;

/// Most columns that a title is given before the others get any.
const WIDEST: usize = 44;

/// The columns that a width has room for beside the titles. Where there is no room for both, the
/// outcome's column tells the phase until it is decided.
fn columns<'a>(width: usize, widest_title: usize) -> Table<'a, Row<'a>> {
    let mut room = width.saturating_sub(BASE + widest_title.clamp(16, WIDEST));
    let mut take = |columns: usize| {
        let fits = room >= columns;
        room -= if fits { columns } else { 0 };
        fits
    };
    let outcome = if take(OUTCOME) { OUTCOME - 2 } else { 0 };
    let kind = if take(KIND) { KIND - 1 } else { 0 };
    let phase = if take(PHASE) { PHASE - 1 } else { 0 };
    let outcome = if phase > 0 && take(6) { outcome + 6 } else { outcome };
    // Without a column of its own the outcome takes the place of bids and closing time.
    let (bids, closes) = (if width < 44 { 4 } else { 7 }, if outcome == 0 { 9 } else { 6 });
    let gaps = [(kind, 1), (phase, 1), (bids, 1), (closes, 1), (outcome, 2)];
    let gaps: usize = gaps.iter().filter(|(width, _)| *width > 0).map(|(_, gap)| gap).sum();
    let title = width.saturating_sub(4 + kind + phase + bids + closes + outcome + gaps);
    let closes_head = if outcome == 0 { "closes in" } else { "closes" };
    Table::new([
        Column::new("", 2, |canvas, row: &Row<'_>| {
            Cell::text(Role::Accent, if row.here { canvas.glyphs().pointer } else { " " })
        }),
        Column::new("", 2, |canvas, row: &Row<'_>| {
            let phase = row.session.phase;
            if standing::obstacle(canvas.model, row.session).is_some() {
                return Cell::text(Role::Bad, canvas.glyphs().alert);
            }
            Cell::text(phase_role(phase), phase_glyph(canvas, phase))
        }),
        Column::new("title", title, |_, row: &Row<'_>| {
            Cell::text(text_role(row.session), row.session.title.as_str())
        }),
        Column::new("kind", kind, |_, row: &Row<'_>| {
            Cell::text(Role::Muted, short_kind(&row.session.terms.question))
        })
        .after(1),
        Column::new("phase", phase, |_, row: &Row<'_>| {
            Cell::text(phase_role(row.session.phase), row.session.phase.name())
        })
        .after(1),
        Column::right("bids", bids, |canvas, row: &Row<'_>| {
            let bids = canvas.model.data().bids(row.session);
            let blank = canvas.glyphs().blank;
            let bids = bids.map_or_else(|| blank.to_owned(), figures::count);
            Cell::text(text_role(row.session), bids)
        })
        .after(1),
        Column::right(closes_head, closes, move |canvas, row: &Row<'_>| {
            closing(canvas, row.session, phase > 0, outcome > 0)
        })
        .after(1),
        Column::new("outcome", outcome, move |canvas, row: &Row<'_>| {
            outcome_of(canvas, row.session, phase > 0, outcome)
        })
        .after(2),
    ])
}

fn text_role(session: &Session) -> Role {
    if session.phase == Phase::Cancelled { Role::Disabled } else { Role::Text }
}

/// When it closes; what has no column of its own stands here too.
fn closing(canvas: &Canvas<'_, '_>, session: &Session, has_phase: bool, has_outcome: bool) -> Cell {
    let left = canvas.model.data().closes_in(session);
    let cleared = session.cleared.as_ref();
    let text = match (left, &session.result) {
        (Some(left), _) if left <= 0 => "now".to_owned(),
        (Some(left), _) => figures::short_duration(left),
        (None, Some(sold)) if !has_outcome => sales::word(session, sold).to_owned(),
        (None, None) if !has_outcome && cleared.is_some_and(|cleared| cleared.traded() > 0) => {
            "cleared".to_owned()
        }
        (None, None) if !has_outcome && cleared.is_some() => "no trade".to_owned(),
        (None, None) if !has_outcome && session.surveyed.is_some() => "settled".to_owned(),
        (None, _) if !has_phase && !has_outcome => session.phase.name().to_owned(),
        (None, _) => String::new(),
    };
    let soon = left.is_some_and(|left| left < 30_000);
    Cell::text(if soon { Role::Warn } else { phase_role(session.phase) }, text)
}

/// What came of it, in so many columns; before that its phase, where that has none of its own.
fn outcome_of(canvas: &Canvas<'_, '_>, session: &Session, has_phase: bool, width: usize) -> Cell {
    match sales::outcome(canvas, session, width) {
        Some(outcome) => Cell::text(Role::Text, outcome),
        None if has_phase => Cell::text(phase_role(session.phase), ""),
        None => Cell::text(phase_role(session.phase), session.phase.name()),
    }
}
