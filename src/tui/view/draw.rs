//! The whole screen: the bar with the tabs, the body, the line of status, the hints.
//!
//! ```text
//!  gavel  1 Auctions  2 Bracket  3 Nodes  4 Bid  5 Log  6 People  PAUSED  MASKED
//!  the screen's panes
//!  ● connected 0.4 ms · 5 of 5 nodes             coordinator · 03:18:22
//!  c close  b bid  / filter  …                              ? keys  : commands
//! ```

use std::borrow::Cow;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::canvas::Canvas;
use super::text;
use super::theme::Role;
use super::{popups, screens};
use crate::tui::figures::{self, with_article};
use crate::tui::input::commands::{BidsCommand, Command, GlobalCommand, ListCommand};
use crate::tui::input::keymap::rows_of;
use crate::tui::input::layer::Layer;
use crate::tui::input::table::Row;
use crate::tui::state::alert::Matter;
use crate::tui::state::data::{Events, Level, Link, Session};
use crate::tui::state::forms::Popup;
use crate::tui::state::model::Model;
use crate::tui::state::screen::{Drawn, Hit, Screen};
use crate::tui::update::{allowed, log};

/// Least columns.
pub const MIN_WIDTH: u16 = 80;

/// Least rows.
pub const MIN_HEIGHT: u16 = 24;

/// Draw everything. Gives back where things are, for the mouse and for scrolling.
pub fn draw(model: &Model, frame: &mut Frame<'_>) -> Drawn {
    let mut canvas = Canvas::new(frame, model);
    let area = canvas.area();
    if area.width < MIN_WIDTH || area.height < MIN_HEIGHT {
        too_small(&mut canvas, area);
        return canvas.drawn;
    }
    let row = |y| Rect { x: area.x, y, width: area.width, height: 1 };
    tabs(&mut canvas, row(area.y));
    let mut bars = u16::from(alerts(&mut canvas, row(area.y + 1)));
    bars += u16::from(story(&mut canvas, row(area.y + 1 + bars)));
    let body = Rect { y: area.y + 1 + bars, height: area.height - 3 - bars, ..area };
    match model.ui.screen {
        Screen::Auctions => screens::auctions::draw(&mut canvas, body),
        Screen::Bracket => screens::bracket::draw(&mut canvas, body),
        Screen::Nodes => screens::nodes::draw(&mut canvas, body),
        Screen::Bid => screens::bid::draw(&mut canvas, body),
        Screen::Log => screens::log::draw(&mut canvas, body),
        Screen::People => screens::people::draw(&mut canvas, body),
    }
    status(&mut canvas, row(area.bottom() - 2));
    hints(&mut canvas, row(area.bottom() - 1));
    for popup in &model.ui.popups {
        match popup {
            Popup::Help(layer) => popups::help::draw(&mut canvas, body, *layer),
            Popup::Palette(palette, layer) => {
                popups::palette::draw(&mut canvas, body, palette, *layer);
            }
            Popup::Confirm(question) => popups::confirm::draw(&mut canvas, body, question),
            Popup::Audit(audit) => popups::audit::draw(&mut canvas, body, audit),
            Popup::Path(form) => popups::audit::path(&mut canvas, body, form),
            Popup::Prints(row) => popups::prints::draw(&mut canvas, body, *row),
            Popup::Variables(shelf) => popups::variables::draw(&mut canvas, body, shelf),
            Popup::Models(room) => popups::models::draw(&mut canvas, body, room),
            Popup::Approval(approval) => popups::approval::draw(&mut canvas, body, approval),
            Popup::Login(form) => popups::login::draw(&mut canvas, body, form),
            Popup::Invite(form) => popups::invite::draw(&mut canvas, body, form),
            Popup::Code(shown) => popups::invite::code(&mut canvas, body, shown),
            Popup::NewSession(form) => popups::new_session::draw(&mut canvas, body, form),
        }
    }
    if model.ascii {
        canvas.plain();
    }
    canvas.drawn
}

fn too_small(canvas: &mut Canvas<'_, '_>, area: Rect) {
    let lines = [
        "This terminal is too small.".to_owned(),
        format!("It has {} x {};", area.width, area.height),
        format!("gavel needs {MIN_WIDTH} x {MIN_HEIGHT}."),
        "Make it larger, or press q.".to_owned(),
    ];
    let top = usize::from(area.height).saturating_sub(lines.len()) / 2;
    for (at, line) in lines.iter().enumerate() {
        let role = if at == 0 { Role::Title } else { Role::Text };
        let span = canvas.span(role, line.clone());
        canvas.middle(area, top + at, span);
    }
}

fn tabs(canvas: &mut Canvas<'_, '_>, area: Rect) {
    canvas.paint(area, Role::Bar);
    let bar = canvas.style(Role::Bar);
    let mut line = vec![Span::styled(" gavel  ", canvas.style(Role::Accent).patch(bar))];
    let mut x = area.x + 8;
    for screen in canvas.model.screens() {
        let key = canvas.model.keymap.first(Layer::Global, screen.command());
        let here = screen == canvas.model.ui.screen;
        let text = format!("{key} {}", screen.title());
        let width = u16::try_from(text::width(&text)).unwrap_or(0);
        canvas.hit(Rect { x, width, ..area }, Hit::Tab(screen));
        x += width + 2;
        let style = if here { canvas.style(Role::Tab) } else { bar };
        line.push(Span::styled(text, style));
        line.push(Span::styled("  ", bar));
    }
    canvas.line(area, 0, line);
    let mut marks = Vec::new();
    let demo = match canvas.model.person.simulated_delay {
        Some(delay) if area.width >= 110 => {
            format!("DEMO, messages held back by {} ms", delay.as_millis())
        }
        _ => "DEMO".to_owned(),
    };
    let mut room = usize::from(area.right().saturating_sub(x));
    let ui = &canvas.model.ui;
    for (on, word) in [
        (canvas.model.paused(), "PAUSED"),
        (ui.masked, "MASKED"),
        (ui.enlarged, "ENLARGED"),
        (canvas.model.person.demo, demo.as_str()),
    ] {
        // In order of importance, as far as they fit beside the tabs.
        if on && text::width(word) + 2 < room {
            room -= text::width(word) + 2;
            let role = if word == "PAUSED" { Role::Warn } else { Role::Muted };
            marks.push(Span::styled(format!(" {word} "), canvas.style(role).patch(bar)));
        }
    }
    canvas.right(Rect { width: area.width.saturating_sub(1), ..area }, 0, marks);
}

/// What needs a person, the worst of it in a line that stays; whether there is anything. That the
/// coordinator is lost stands in the line of status.
fn alerts(canvas: &mut Canvas<'_, '_>, area: Rect) -> bool {
    let model = canvas.model;
    let shown: Vec<_> =
        model.ui.alerts.iter().filter(|alert| alert.matter != Matter::Lost).collect();
    let Some(first) = shown.first() else { return false };
    let role = if first.level == Level::Error { Role::Bad } else { Role::Warn };
    let more = match shown.len() - 1 {
        0 => String::new(),
        more => format!(" +{more} more "),
    };
    let room = usize::from(area.width).saturating_sub(text::width(&more) + 4);
    let line = vec![
        canvas.span(role, format!(" {} ", canvas.glyphs().alert)),
        canvas.span(role, canvas.cut(&first.text, room)),
    ];
    canvas.line(area, 0, line);
    let span = canvas.span(role, more);
    canvas.right(area, 0, span);
    true
}

/// What just happened in the demo, in a line of its own; whether there is one.
fn story(canvas: &mut Canvas<'_, '_>, area: Rect) -> bool {
    let model = canvas.model;
    if model.ui.story.is_empty() {
        return false;
    }
    let pointer = canvas.span(Role::Accent, format!(" {} ", canvas.glyphs().pointer));
    let room = usize::from(area.width).saturating_sub(4);
    let text = canvas.cut(&log::pieces_text(model, &model.ui.story), room);
    let line = vec![pointer, canvas.span(Role::Title, text)];
    canvas.line(area, 0, line);
    true
}

/// The link's state, which is always visible, or a notice in its place; then who and when.
fn status(canvas: &mut Canvas<'_, '_>, area: Rect) {
    let model = canvas.model;
    let data = model.live();
    let glyphs = canvas.glyphs();
    let (role, mut left) = link(canvas);
    if let (Link::Connected { .. }, false) = (&data.link, data.nodes.is_empty()) {
        let (up, all) = (data.nodes_up(), data.nodes.len());
        left = format!("{left} {} {up} of {all} nodes", glyphs.middle);
        if let Some(short) = data.short_of_nodes() {
            left = format!("{up} of {all} nodes, {} needed {} {left}", short.needed, glyphs.middle);
        }
        match data.events {
            Events::Broken => left.push_str(", events interrupted"),
            Events::Polling => left.push_str(", asked every 2 s"),
            Events::Live | Events::Unknown => {}
        }
    }
    let clock = format!("{} {}", data.zone.clock(data.now), data.zone.name(data.now));
    // A notice needs the room more.
    let lost = matches!(data.link, Link::Lost { .. });
    let pressing = model.ui.toast.is_some() || lost || data.short_of_nodes().is_some();
    let right = if pressing && area.width < 110 {
        clock
    } else {
        format!("{} {} {clock}", model.person.role(), glyphs.middle)
    };
    let inner = Rect { x: area.x + 1, width: area.width - 2, ..area };
    let room = usize::from(inner.width).saturating_sub(text::width(&right) + 2);
    let line = match &model.ui.toast {
        Some(toast) => {
            let role = match toast.level {
                Level::Error => Role::Bad,
                Level::Warn => Role::Warn,
                Level::Info | Level::Fine => Role::Accent,
            };
            // The link stays in sight as its dot.
            let (link, _) = link_role(data);
            Line::from(vec![
                canvas.span(link, dot(canvas)),
                canvas.span(role, format!(" {}", canvas.cut(&toast.text, room.saturating_sub(2)))),
            ])
        }
        None => Line::from(vec![
            canvas.span(role, dot(canvas)),
            canvas.span(
                if role == Role::Good { Role::Text } else { role },
                format!(" {}", canvas.cut(&left, room.saturating_sub(2))),
            ),
        ]),
    };
    canvas.line(inner, 0, line);
    let span = canvas.span(Role::Muted, right);
    canvas.right(inner, 0, span);
}

fn link_role(data: &crate::tui::state::data::Data) -> (Role, bool) {
    match data.link {
        // Connected to a coordinator that can settle nothing is not well.
        Link::Connected { .. } if data.short_of_nodes().is_some() => (Role::Bad, true),
        Link::Connected { .. } => (Role::Good, true),
        Link::Starting { .. } => (Role::Warn, false),
        Link::Lost { .. } => (Role::Bad, false),
    }
}

fn dot(canvas: &Canvas<'_, '_>) -> &'static str {
    match canvas.model.live().link {
        Link::Connected { .. } if canvas.model.live().short_of_nodes().is_some() => {
            canvas.glyphs().alert
        }
        Link::Connected { .. } => canvas.glyphs().dot,
        Link::Starting { .. } => canvas.glyphs().ring,
        Link::Lost { .. } => canvas.glyphs().cross,
    }
}

fn link(canvas: &Canvas<'_, '_>) -> (Role, String) {
    let data = canvas.model.live();
    let role = link_role(data).0;
    let text = match &data.link {
        Link::Starting { what } => what.clone(),
        Link::Connected { round_trip } => {
            format!("connected, {}", figures::round_trip(*round_trip))
        }
        Link::Lost { since, again, why, .. } => {
            let wait = again.millis() - data.now.millis();
            let again = if wait > 0 {
                format!("reconnecting in {}", figures::duration(wait))
            } else {
                "reconnecting".to_owned()
            };
            format!("lost since {}, {again}: {why}", data.zone.clock(*since))
        }
    };
    (role, text)
}

/// The keys that count here: those that can be used first, the others dim.
fn hints(canvas: &mut Canvas<'_, '_>, area: Rect) {
    let model = canvas.model;
    let layer = model.layer();
    let mut rows: Vec<(Layer, &Row)> =
        rows_of(layer).filter(|row| hinted(model, row)).map(|row| (layer, row)).collect();
    let mut last = Vec::new();
    if !layer.is_popup() && !layer.takes_text() {
        for row in rows_of(Layer::Global).filter(|row| hinted(model, row)) {
            let end = matches!(
                row.command,
                Command::Global(GlobalCommand::Keys | GlobalCommand::Palette)
            );
            if end { &mut last } else { &mut rows }.push((Layer::Global, row));
        }
    }
    rows.sort_by_key(|(_, row)| allowed::refusal(model, row.command).is_some());
    let wide = |layer, row: &Row| {
        text::width(&model.keymap.first(layer, row.command)) + text::width(&word(model, row)) + 3
    };
    let kept: usize = last.iter().map(|(layer, row)| wide(*layer, row)).sum();
    let mut x = area.x + 1;
    let mut room = usize::from(area.width).saturating_sub(kept + 1);
    let place = |canvas: &mut Canvas<'_, '_>, layer: Layer, row: &'static Row, x: u16| {
        let key = model.keymap.first(layer, row.command);
        let width = wide(layer, row);
        let (key_role, role) = match allowed::refusal(model, row.command) {
            Some(_) => (Role::Disabled, Role::Disabled),
            None => (Role::Key, Role::Muted),
        };
        let width = u16::try_from(width).unwrap_or(0);
        let spot = Rect { x, width: width - 2, ..area };
        let word = word(model, row);
        let line = vec![canvas.span(key_role, key), Span::raw(" "), canvas.span(role, word)];
        canvas.line(spot, 0, line);
        canvas.hit(spot, Hit::Hint(row.command));
        x + width
    };
    for (layer, row) in rows {
        let width = wide(layer, row);
        if width > room {
            continue;
        }
        room -= width;
        let row = row.command.row();
        x = place(canvas, layer, row, x);
    }
    let mut x = area.right().saturating_sub(u16::try_from(kept).unwrap_or(0)) + 1;
    for (layer, row) in last {
        x = place(canvas, layer, row.command.row(), x);
    }
}

/// Whether a command has a place in the hints. Letting a job run has one only where one waits for it,
/// models only beside the nodes that deal.
fn hinted(model: &Model, row: &Row) -> bool {
    let rare = match row.command {
        Command::List(ListCommand::Approve) => true,
        Command::Global(GlobalCommand::Models) => {
            if model.ui.screen != Screen::Nodes {
                return false;
            }
            true
        }
        _ => false,
    };
    !row.hint.is_empty() && (!rare || allowed::refusal(model, row.command).is_none())
}

/// The word of a hint: what people hand in has its own word in each kind of session.
fn word(model: &Model, row: &Row) -> Cow<'static, str> {
    let other = |session: &&Session| session.terms.question.as_auction().is_none();
    match row.command {
        Command::List(ListCommand::Bid) => match model.selected().filter(other) {
            Some(session) => session.entry_word().into(),
            None => row.hint.into(),
        },
        Command::Bids(BidsCommand::Edit) => {
            match model.bid_at().map(|(_, session)| session).filter(other) {
                Some(session) => format!("write {}", with_article(session.entry_word())).into(),
                None => row.hint.into(),
            }
        }
        _ => row.hint.into(),
    }
}
