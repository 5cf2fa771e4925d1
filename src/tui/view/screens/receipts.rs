//! What is sent to whom, and the receipts for it as they arrive: a line for each node, or a mark where
//! there is little room.

use std::collections::BTreeMap;

use ratatui::layout::Rect;

use super::super::canvas::Canvas;
use super::super::theme::Role;
use crate::sharing::NodeIndex;
use crate::tui::state::forms::{BidStage, Heard};

/// One line per node: its receipt, or why there is none.
pub fn draw(
    canvas: &mut Canvas<'_, '_>,
    area: Rect,
    row: usize,
    heard: &BTreeMap<NodeIndex, Heard>,
    waiting: bool,
) {
    let data = canvas.model.data();
    if usize::from(area.height) < row + data.nodes.len() {
        return in_short(canvas, area, row, heard, waiting);
    }
    for (at, node) in data.nodes.iter().enumerate() {
        let glyphs = canvas.glyphs();
        let (role, glyph, text) = match heard.get(&node.status.node) {
            Some(Heard::Receipt(signed)) => {
                (Role::Good, glyphs.tick, format!("receipt signed {}", data.zone.clock(*signed)))
            }
            Some(Heard::Silence(why)) => (Role::Bad, glyphs.cross, why.to_string()),
            None if waiting => (Role::Warn, glyphs.ring, "on its way".to_owned()),
            None => (Role::Muted, glyphs.blank, "no receipt".to_owned()),
        };
        let room = usize::from(area.width).saturating_sub(21);
        let line = vec![
            canvas.span(role, format!("{glyph} ")),
            canvas.span(Role::Text, canvas.fit(&format!("{} {}", node.status.node, node.name), 18)),
            canvas.span(role, format!(" {}", canvas.cut(&text, room))),
        ];
        canvas.line(area, row + at, line);
    }
}

/// The same in few rows, a mark for each node, where there is no room for a line each.
fn in_short(
    canvas: &mut Canvas<'_, '_>,
    area: Rect,
    row: usize,
    heard: &BTreeMap<NodeIndex, Heard>,
    waiting: bool,
) {
    let glyphs = canvas.glyphs();
    let mut line = vec![canvas.span(Role::Muted, "receipts ")];
    for node in &canvas.model.data().nodes {
        let (role, glyph) = match heard.get(&node.status.node) {
            Some(Heard::Receipt(_)) => (Role::Good, glyphs.tick),
            Some(Heard::Silence(_)) => (Role::Bad, glyphs.cross),
            None if waiting => (Role::Warn, glyphs.ring),
            None => (Role::Muted, glyphs.blank),
        };
        line.push(canvas.span(role, format!(" {}{glyph}", node.status.node)));
    }
    canvas.line(area, row, line);
    let silent = heard.iter().find_map(|(node, heard)| match heard {
        Heard::Silence(why) => Some(format!("node {node}: {why}")),
        Heard::Receipt(_) => None,
    });
    if let Some(why) = silent {
        canvas.text(area, row + 1, Role::Bad, &why);
    }
}

/// How what is handed in is doing, once it is sealed: on its way, or not in and why.
pub fn stage(canvas: &mut Canvas<'_, '_>, area: Rect, row: usize, stage: &BidStage, what: &str) {
    match stage {
        BidStage::Editing => {}
        BidStage::Failed { heard, why } => {
            let row = canvas.wrapped(area, row, Role::Bad, &format!("Not in: {why}"));
            let again = format!("Type the {what} to try again, or leave the form.");
            let row = canvas.wrapped(area, row, Role::Muted, &again) + 1;
            draw(canvas, area, row, heard, false);
        }
        BidStage::Sending { heard } => {
            canvas.text(area, row, Role::Warn, "Sealed. Handing it in to every node ...");
            draw(canvas, area, row + 2, heard, true);
        }
    }
}

/// What will be sent to whom, where there are rows for all of it.
pub fn sealed_where_there_is_room(canvas: &mut Canvas<'_, '_>, area: Rect) {
    if usize::from(area.height) > canvas.model.data().nodes.len() + 4 {
        sealed_for(canvas, area, 0);
    }
}

/// What will be sent to whom.
pub fn sealed_for(canvas: &mut Canvas<'_, '_>, area: Rect, row: usize) {
    let data = canvas.model.data();
    let Some(roster) = data.roster.clone() else { return };
    let scheme = roster.scheme;
    let all = scheme.sets().len();
    let first = NodeIndex::new(1);
    let each =
        scheme.sets().iter().filter(|set| !first.is_some_and(|node| set.contains(node))).count();
    let form = canvas.model.ui.form.as_ref();
    let verb = if form.is_some_and(|form| form.answers.is_some()) { "answer" } else { "bid" };
    let text = format!(
        "What is sent: to each node its own sealed part, {each} of the {all} shares; {} still \
         missing one. The coordinator learns that you {verb}, never what.",
        match scheme.threshold() {
            1 => "each alone is".to_owned(),
            threshold => format!("any {threshold} of them together are"),
        }
    );
    let row = canvas.wrapped(area, row, Role::Muted, &text) + 1;
    if usize::from(area.height) < row + data.nodes.len() {
        let nodes = data.nodes.iter().map(|node| format!("{} {}", node.status.node, node.name));
        let nodes: Vec<String> = nodes.collect();
        canvas.wrapped(area, row, Role::Text, &nodes.join(", "));
        return;
    }
    for (at, node) in data.nodes.iter().enumerate() {
        let line = vec![
            canvas.span(Role::Muted, format!("{} ", canvas.glyphs().arrow)),
            canvas.span(Role::Text, canvas.fit(&format!("{} {}", node.status.node, node.name), 20)),
            canvas.span(Role::Muted, format!(" {}", node.address)),
        ];
        canvas.line(area, row + at, line);
    }
}
