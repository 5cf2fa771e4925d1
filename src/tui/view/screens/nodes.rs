//! Nodes: one line each, and the selected one's links below.

use ratatui::layout::Rect;
use ratatui::text::Span;

use super::super::canvas::Canvas;
use super::super::table::{Cell, Column, Rows, Table};
use super::super::text;
use super::super::theme::Role;
use super::latest;
use crate::tui::figures::{self, bytes, round_trip};
use crate::tui::state::data::Link;
use crate::tui::state::node::{Node, NodeState};
use crate::tui::state::screen::List;
use crate::wire::node_api::Link as NodeLink;

/// Draw the screen.
pub fn draw(canvas: &mut Canvas<'_, '_>, area: Rect) {
    let data = canvas.model.data();
    let count = u16::try_from(data.nodes.len()).unwrap_or(9);
    let top = (count + 3).min(area.height / 2 + 2);
    if canvas.model.ui.enlarged {
        return table(canvas, area);
    }
    table(canvas, Rect { height: top, ..area });
    let mut links = Rect { y: area.y + top, height: area.height - top, ..area };
    let needed = count + 9;
    if let Some(below) = links.height.checked_sub(needed).filter(|&rows| rows >= latest::LEAST) {
        latest::draw(canvas, Rect { y: links.y + needed, height: below, ..links });
        links.height = needed;
    }
    one(canvas, links);
}

fn look(canvas: &Canvas<'_, '_>, node: &Node) -> (Role, &'static str, &'static str) {
    let glyphs = canvas.glyphs();
    match canvas.model.data().node_state(node) {
        NodeState::Up => (Role::Good, glyphs.dot, "up"),
        NodeState::Late => (Role::Warn, glyphs.ring, "silent"),
        NodeState::Odd => (Role::Warn, glyphs.dot, "odd"),
        NodeState::Down => (Role::Bad, glyphs.cross, "away"),
        NodeState::Unseen => (Role::Muted, glyphs.ring, "asking"),
        NodeState::Unknown => (Role::Muted, glyphs.ring, "unknown"),
    }
}

fn table(canvas: &mut Canvas<'_, '_>, area: Rect) {
    let data = canvas.model.data();
    let told = matches!(data.link, Link::Connected { .. });
    let title = if told {
        format!("Nodes {} of {} up", data.nodes_up(), data.nodes.len())
    } else {
        "Nodes, as last told".to_owned()
    };
    let word = data.roster.as_ref().map(|roster| {
        let threshold = roster.scheme.threshold();
        let needed = roster.scheme.manifest_quorum();
        let learn = match threshold {
            1 => "no node alone learns anything".to_owned(),
            _ => format!("any {threshold} together learn nothing"),
        };
        let only = if roster.scheme.compares() { "" } else { ", sums only" };
        format!("{learn}{only}, {needed} settle")
    });
    let inner = canvas.pane_with(area, &title, &word.unwrap_or_default(), true);
    if data.nodes.is_empty() {
        let (what, then) =
            super::waiting(canvas).unwrap_or_else(|| ("Asking for the nodes ...".into(), vec![]));
        return canvas.empty(inner, &what, &then);
    }
    let columns = columns(usize::from(inner.width), widest(canvas));
    let head = columns.head(canvas);
    canvas.line(inner, 0, head);
    let body = Rect { y: inner.y + 1, height: inner.height.saturating_sub(1), ..inner };
    let selected = Some(canvas.model.ui.node);
    let rows = Rows { list: List::Nodes, length: data.nodes.len(), selected, marked: true };
    rows.draw(canvas, body, &columns, |at| data.nodes.get(at));
}

/// Columns that the widest name needs, with its number and whose it is.
fn widest(canvas: &Canvas<'_, '_>) -> usize {
    let model = canvas.model;
    let names = model.data().nodes.iter().map(|node| {
        let own = model.person.node == Some(node.status.node);
        text::width(node.name.as_str()) + if own { 10 } else { 2 }
    });
    names.max().unwrap_or(0).clamp(6, 34)
}

/// The columns that a width has room for.
fn columns<'a>(width: usize, widest: usize) -> Table<'a, &'a Node> {
    const LEAST_SPARK: usize = 11;
    let fixed = 2 + 1 + 7 + (LEAST_SPARK + 9) + 10 + 9 + 6;
    // Names are whole before anything else is given room.
    let name = widest.min(width.saturating_sub(fixed)).max(6);
    let mut room = width.saturating_sub(fixed + name);
    let mut take = |columns: usize| {
        let fits = room >= columns;
        room -= if fits { columns } else { 0 };
        if fits { columns } else { 0 }
    };
    let version = take(9);
    let address = take(23).saturating_sub(1);
    let spark = LEAST_SPARK + take(18);
    Table::new([
        Column::new("", 2, |canvas, node: &&Node| {
            let (role, glyph, _) = look(canvas, node);
            Cell::text(role, glyph)
        }),
        Column::new("name", name, |canvas, node: &&Node| {
            let own = canvas.model.person.node == Some(node.status.node);
            let yours = if own { "(yours) " } else { "" };
            Cell::text(Role::Text, format!("{} {yours}{}", node.status.node, node.name))
        }),
        Column::new("", 7, |canvas, node: &&Node| {
            let (role, _, word) = look(canvas, node);
            Cell::text(role, word)
        })
        .after(1),
        Column::new("address", address, |_, node: &&Node| {
            Cell::text(Role::Muted, node.address.as_str())
        })
        .after(1),
        Column::new("round trip", spark + 9, move |canvas, node: &&Node| {
            let trip = node.status.round_trip_micros.map(round_trip).unwrap_or_default();
            Cell::Pieces(vec![
                sparkline(canvas, node, spark),
                canvas.span(Role::Text, canvas.fit_right(&trip, 9)),
            ])
        }),
        Column::right("seen", 10, |canvas, node: &&Node| {
            Cell::text(Role::Muted, seen(canvas, node))
        }),
        Column::right("clock", 9, |_, node: &&Node| {
            let off = node.status.clock_difference_millis;
            let clock = off.map_or_else(String::new, |off| format!("{off:+} ms"));
            Cell::text(if node.clock_is_off() { Role::Warn } else { Role::Muted }, clock)
        }),
        Column::right("version", version, |_, node: &&Node| {
            Cell::text(Role::Muted, node.version.as_str())
        }),
        Column::right("open", 6, |_, node: &&Node| {
            let sessions = node.status.health.as_ref().map(|health| health.sessions.to_string());
            Cell::text(Role::Text, sessions.unwrap_or_default())
        }),
    ])
}

fn seen(canvas: &Canvas<'_, '_>, node: &Node) -> String {
    let now = canvas.model.data().coordinator_now();
    match node.status.last_seen {
        None => "never".to_owned(),
        Some(seen) if now.millis() - seen.millis() < 2_000 => "now".to_owned(),
        Some(seen) => format!("{} ago", figures::short_duration(now.millis() - seen.millis())),
    }
}

/// Round trips, the latest at the right; a cross where there was no answer.
fn sparkline(canvas: &Canvas<'_, '_>, node: &Node, width: usize) -> Span<'static> {
    let glyphs = canvas.glyphs();
    let skip = node.round_trips.len().saturating_sub(width);
    let shown: Vec<Option<u64>> = node.round_trips.iter().skip(skip).copied().collect();
    let highest = shown.iter().flatten().max().copied().unwrap_or(1).max(1);
    let mut text = " ".repeat(width - shown.len());
    for value in shown {
        text.push_str(match value {
            None => glyphs.cross,
            Some(value) => {
                let level = usize::try_from(value * 7 / highest).unwrap_or(7).min(7);
                glyphs.spark[level]
            }
        });
    }
    canvas.span(Role::Key, text)
}

fn one(canvas: &mut Canvas<'_, '_>, area: Rect) {
    let data = canvas.model.data();
    let Some(node) = data.nodes.get(canvas.model.ui.node) else {
        canvas.pane(area, "Links", false);
        return;
    };
    let own = canvas.model.person.node == Some(node.status.node);
    let title = format!("Links of node {} {}", node.status.node, node.name);
    let inner = canvas.pane_with(area, &title, node.address.as_str(), false);
    let (role, _, word) = look(canvas, node);
    let mut row = 0;
    if let Some((index, answer)) = &data.own_node
        && *index == node.status.node
    {
        let (role, text) = match answer {
            Ok(trip) => (
                Role::Good,
                format!("Yours. Asked past the coordinator, it answers in {}.", round_trip(*trip)),
            ),
            Err(why) => (Role::Bad, format!("Yours. Asked past the coordinator: {why}")),
        };
        row = canvas.wrapped(inner, row, role, &text);
    }
    if let Some(delay) = canvas.model.person.simulated_delay {
        let text = format!(
            "The demo holds every message between nodes back by {} ms, to be watched.",
            delay.as_millis()
        );
        row = canvas.wrapped(inner, row, Role::Muted, &text);
    }
    if data.node_state(node) == NodeState::Unknown {
        let text = "The coordinator is away, and it is the one who asks the nodes. What follows is \
                    what was last told; nodes go on without it.";
        row = canvas.wrapped(inner, row, Role::Warn, text) + 1;
    } else if let Some(trouble) = &node.trouble {
        row = canvas.wrapped(inner, row, role, &format!("{word}: {trouble}"));
        let then = if own {
            "See its log, and start it again where it runs; what it has signed lies on its disk."
        } else {
            "Its operator sees more in its own log; sessions go on as long as enough nodes are up."
        };
        row = canvas.wrapped(inner, row, Role::Muted, then) + 1;
    } else if node.clock_is_off() {
        let text = "Its clock differs by more than 2 s. Receipt times decide ties: its operator should set it.";
        row = canvas.wrapped(inner, row, Role::Warn, text) + 1;
    }
    let Some(health) = &node.status.health else { return };
    let since = data.coordinator_now().millis() - health.started.millis();
    let (total_in, total_out) = health
        .links
        .iter()
        .fold((0, 0), |(inward, out), link| (inward + link.bytes_in, out + link.bytes_out));
    let text = format!(
        "running for {}, version {}, {} in, {} out",
        figures::duration(since),
        node.version,
        bytes(total_in),
        bytes(total_out)
    );
    canvas.text(inner, row, Role::Muted, &text);
    let row = super::load::draw(canvas, inner, row + 1, node) - 1;
    let columns = links();
    let top = u16::try_from(row + 1).unwrap_or(u16::MAX).min(inner.height);
    let rest = Rect { y: inner.y + top, height: inner.height - top, ..inner };
    // Where there is little room the links take all of it.
    let gap = u16::from(usize::from(rest.height) > health.links.len() + 1);
    let head = columns.head(canvas);
    canvas.line(rest, usize::from(gap), head);
    let above = (gap + 1).min(rest.height);
    let body = Rect { y: rest.y + above, height: rest.height - above, ..rest };
    let length = health.links.len();
    let rows = Rows { list: List::Links, length, selected: None, marked: false };
    rows.draw(canvas, body, &columns, |at| health.links.get(at));
}

/// A node's links to the others.
fn links<'a>() -> Table<'a, &'a NodeLink> {
    Table::new([
        Column::new("", 2, |canvas, link: &&NodeLink| {
            if link.connected {
                Cell::text(Role::Good, canvas.glyphs().dot)
            } else {
                Cell::text(Role::Bad, canvas.glyphs().cross)
            }
        }),
        Column::new("to", 24, |canvas, link: &&NodeLink| {
            let mut nodes = canvas.model.data().nodes.iter();
            let other = nodes.find(|other| other.status.node == link.node);
            let name = other.map(|other| other.name.as_str()).unwrap_or_default();
            Cell::text(Role::Text, format!("{} {name}", link.node))
        }),
        Column::right("round trip", 12, |_, link: &&NodeLink| {
            let trip = link.round_trip_micros.map(round_trip).unwrap_or_default();
            Cell::text(Role::Text, if link.connected { trip } else { "cut".to_owned() })
        }),
        Column::right("in", 14, |_, link: &&NodeLink| Cell::text(Role::Text, bytes(link.bytes_in))),
        Column::right("out", 14, |_, link: &&NodeLink| {
            Cell::text(Role::Text, bytes(link.bytes_out))
        }),
    ])
}
