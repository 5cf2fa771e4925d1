//! What is known of a run that is over: who signed, what was opened, what it took, who lied, and how
//! it went step by step.

use ratatui::layout::Rect;

use super::super::canvas::Canvas;
use super::super::table::{Cell, Column, Table};
use super::super::theme::Role;
use super::stages;
use crate::base::text::clean;
use crate::rules::auction::Stage as OfAuctions;
use crate::session::course::Point;
use crate::sharing::form::Form;
use crate::sharing::security::Security;
use crate::tui::figures::{self, bytes, count};
use crate::tui::input::commands::ListCommand;
use crate::tui::input::layer::Layer;
use crate::tui::state::data::Session;
use crate::tui::state::model::Model;
use crate::tui::update::look_back;
use crate::wire::coordinator_api::SessionDetail;
use crate::wire::reason::{AttemptTrouble, Explained};

/// A label, what it says, and how it looks.
pub type Fact = (&'static str, String, Role);

/// Columns of facts at most.
const WIDTH: u16 = 92;

/// Draw facts from a row on, as many as there is room for, and below them how it was computed.
pub fn draw(canvas: &mut Canvas<'_, '_>, area: Rect, row: usize, facts: &[Fact]) {
    let width = area.width.min(WIDTH);
    let column = Rect { x: area.x + (area.width - width) / 2, width, ..area };
    let room = usize::from(area.height).saturating_sub(row);
    let shown = if facts.len() > room { room.saturating_sub(1) } else { facts.len() };
    for (at, (name, value, role)) in facts.iter().take(shown).enumerate() {
        let line = vec![
            canvas.span(Role::Muted, format!("{name:<12}")),
            canvas.span(*role, canvas.cut(value, usize::from(width).saturating_sub(12))),
        ];
        canvas.line(column, row + at, line);
    }
    if shown < facts.len() {
        let key = canvas.model.keymap.first(Layer::Bracket, ListCommand::Audit);
        let more = format!("and {} more; {key} shows everything", facts.len() - shown);
        canvas.text(column, row + shown, Role::Muted, &more);
    }
    let below = row + facts.len() + 1;
    let top = u16::try_from(below).unwrap_or(u16::MAX).min(area.height);
    steps(canvas, Rect { y: area.y + top, height: area.height - top, ..column });
}

/// How it was computed, step by step, where there is room for all of it.
fn steps(canvas: &mut Canvas<'_, '_>, area: Rect) {
    let Some(course) = look_back::course(canvas.model) else { return };
    let points = course.points.clone();
    if usize::from(area.height) < points.len() + 1 {
        return;
    }
    let table = Table::new([
        Column::new("how it was computed", 26, |_, point: &Point| {
            let level = if point.stage == OfAuctions::Tournament.into() && point.level > 0 {
                format!(", level {} done", point.level)
            } else {
                String::new()
            };
            Cell::text(Role::Text, format!("{}{level}", stages::name(point.stage)))
        }),
        Column::right("after", 10, |_, point: &Point| {
            Cell::text(Role::Muted, format!("{:.2} s", point.millis as f64 / 1e3))
        }),
        Column::right("comparisons", 14, |_, point: &Point| {
            Cell::text(Role::Muted, count(point.comparisons))
        }),
        Column::right("rounds", 12, |_, point: &Point| {
            Cell::text(Role::Muted, count(point.rounds))
        }),
        Column::right("sent", 14, |_, point: &Point| {
            Cell::text(Role::Muted, bytes(point.bytes_sent))
        }),
    ]);
    let head = table.head(canvas);
    canvas.line(area, 0, head);
    for (at, point) in points.iter().enumerate() {
        let line = table.row(canvas, point);
        canvas.line(area, at + 1, line);
    }
}

/// What is known of the run of any kind, given what was opened in it.
pub fn of_run(model: &Model, session: &Session, detail: &SessionDetail, opened: &str) -> Vec<Fact> {
    let data = model.data();
    let mut facts: Vec<Fact> = Vec::new();
    if let Some(outcome) = &detail.outcome {
        let names: Vec<String> = outcome
            .signatures
            .keys()
            .map(|index| {
                let node = data.nodes.iter().find(|node| node.status.node == *index);
                node.map_or_else(|| index.to_string(), |node| format!("{index} {}", node.name))
            })
            .collect();
        let text = format!("{} nodes: {}", names.len(), names.join(", "));
        facts.push(("signed by", text, Role::Good));
    }
    if let Some(manifest) = &detail.manifest {
        let (one, many) = session.entry_words();
        let taken = figures::plural(manifest.bids, one, many);
        facts.push((many, format!("{taken} took part; {opened}"), Role::Text));
    }
    if let Some(attempt) = detail.attempts.iter().rfind(|attempt| attempt.trouble.is_none()) {
        let rounds = attempt.cost.iter().map(|(_, cost)| cost.rounds).max().unwrap_or(0);
        let most = attempt.cost.iter().map(|(_, cost)| cost.bytes_sent).max().unwrap_or(0);
        let took = attempt.cost.iter().map(|(_, cost)| cost.seconds).fold(0.0, f64::max);
        let number = if attempt.attempt > 1 {
            format!("attempt {}, ", attempt.attempt)
        } else {
            String::new()
        };
        let text = format!(
            "{number}{took:.2} s, {} rounds, {} sent a node at most",
            count(rounds),
            bytes(most)
        );
        facts.push(("computed in", text, Role::Text));
    }
    for attempt in &detail.attempts {
        let lies =
            |trouble: &&Explained<AttemptTrouble>| trouble.reason.accusations().next().is_some();
        if let Some(trouble) = attempt.trouble.as_ref().filter(lies) {
            let text = format!("attempt {}: {}; computed again", attempt.attempt, clean(trouble));
            facts.push(("lies", text, Role::Warn));
        }
        if let Some(unsigned) = &attempt.unsigned {
            facts.push(("not signed", clean(unsigned).to_string(), Role::Warn));
        }
    }
    if session.terms.security() == Security::Passive {
        let text = "passive: nodes were taken to compute what they should".to_owned();
        facts.push(("security", text, Role::Warn));
    }
    if session.terms.protocol == Form::Sums {
        let text = "none was checked: these nodes only add what is handed in".to_owned();
        facts.push(("answers", text, Role::Warn));
    }
    let of_manifest = detail.manifest.iter().flat_map(|manifest| &manifest.excluded);
    let of_outcome = detail.outcome.iter().flat_map(|outcome| &outcome.body.out_of_range);
    for exclusion in of_manifest.chain(of_outcome) {
        let name = model.shown(&clean(&exclusion.bidder));
        let text = format!("{name}: {}", exclusion.reason.explain());
        facts.push(("excluded", text, Role::Warn));
    }
    for shared in detail.manifest.iter().flat_map(|manifest| &manifest.shared_names) {
        let name = model.shown(&clean(&shared.bidder));
        let keys = shared.admitted.len();
        let text = format!("{name}: the coordinator gave this name to {keys} keys; it signed both");
        facts.push(("name shared", text, Role::Bad));
    }
    let key = |command| model.keymap.first(Layer::Bracket, command);
    if look_back::course(model).is_some() {
        let text = format!(
            "{} and {} step through how it was computed",
            key(ListCommand::Earlier),
            key(ListCommand::Later)
        );
        facts.push(("look back", text, Role::Muted));
    }
    let text = format!(
        "{} checks every signature here; {} writes the record to a file",
        key(ListCommand::Audit),
        key(ListCommand::Record)
    );
    facts.push(("check it", text, Role::Muted));
    facts
}
