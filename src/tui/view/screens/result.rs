//! The result, large: sold to whom, at what price, signed by which nodes, who was excluded and why.

use ratatui::layout::Rect;
use ratatui::text::Line;

use super::super::canvas::Canvas;
use super::super::theme::Role;
use super::big::large;
use super::rule;
use crate::base::text::clean;
use crate::tui::figures::{self, bytes, count};
use crate::tui::input::commands::ListCommand;
use crate::tui::input::layer::Layer;
use crate::tui::state::data::Session;
use crate::wire::coordinator_api::SessionDetail;

/// Draw it.
pub fn draw(canvas: &mut Canvas<'_, '_>, area: Rect, session: &Session) {
    let model = canvas.model;
    let detail = model.data().details.get(&session.id).cloned();
    let winner = session.result.clone().flatten();
    let reverse = session.reverse();
    let word = match (&winner, reverse) {
        (Some(_), false) => "SOLD",
        (Some(_), true) => "AWARDED",
        (None, false) => "NO SALE",
        (None, true) => "NO AWARD",
    };
    let facts = detail.as_deref().map(|detail| facts(canvas, session, detail)).unwrap_or_default();
    let tall = usize::from(area.height) >= facts.len() + 14;
    let mut row = usize::from(tall);
    row = banner(canvas, area, row, word, Role::Good) + 1;
    if let Some((name, price)) = &winner {
        let line = Line::from(vec![
            canvas.span(Role::Muted, "to "),
            canvas.span(Role::Title, canvas.cut(&model.shown(name), usize::from(area.width) - 12)),
            canvas.span(Role::Muted, if reverse { " for" } else { " at" }),
        ]);
        canvas.middle(area, row, line);
        let shown = session.amount(*price);
        let figures = shown.as_str().split_once(|c: char| c.is_ascii_alphabetic());
        let figures = figures.map_or(shown.as_str(), |(figures, _)| figures).trim_end();
        let code = shown.as_str()[figures.len()..].trim();
        if tall && large(figures, canvas.glyphs()).is_some() {
            row = banner(canvas, area, row + 2, figures, Role::Accent);
            let span = canvas.span(Role::Accent, code.to_owned());
            canvas.middle(area, row, span);
            row += 2;
        } else {
            let span = canvas.span(Role::Accent, shown.to_string());
            canvas.middle(area, row + 1, span);
            row += 3;
        }
    } else {
        let why = if session.reserve().is_some() {
            if reverse {
                "no bid was at or below the ceiling"
            } else {
                "no bid reached the reserve"
            }
        } else {
            "there was no bid"
        };
        let span = canvas.span(Role::Text, why);
        canvas.middle(area, row, span);
        row += 2;
    }
    let width = usize::from(area.width).min(92);
    let left = area.x + (area.width - u16::try_from(width).unwrap_or(area.width)) / 2;
    let column = Rect { x: left, width: u16::try_from(width).unwrap_or(area.width), ..area };
    let room = usize::from(area.height).saturating_sub(row);
    for (at, (name, value, role)) in facts.iter().take(room).enumerate() {
        let line = vec![
            canvas.span(Role::Muted, format!("{name:<12}")),
            canvas.span(*role, canvas.cut(value, width.saturating_sub(12))),
        ];
        canvas.line(column, row + at, line);
    }
}

fn banner(canvas: &mut Canvas<'_, '_>, area: Rect, row: usize, word: &str, role: Role) -> usize {
    let rows = large(word, canvas.glyphs()).unwrap_or_else(|| vec![word.to_owned()]);
    for (at, line) in rows.iter().enumerate() {
        let span = canvas.span(role, line.clone());
        canvas.middle(area, row + at, span);
    }
    row + rows.len()
}

type Fact = (&'static str, String, Role);

fn facts(canvas: &Canvas<'_, '_>, session: &Session, detail: &SessionDetail) -> Vec<Fact> {
    let model = canvas.model;
    let data = model.data();
    let mut facts: Vec<Fact> = Vec::new();
    if let Some(own) = data.own.get(&session.id) {
        let won = detail.outcome.as_ref().is_some_and(|outcome| {
            let mut named = outcome.body.answer.entries().into_iter();
            named.any(|entry| entry.envelope == own.envelope)
        });
        let text = if won { "you won" } else { "you did not win; no losing bid is named" };
        let role = if won { Role::Good } else { Role::Text };
        facts.push(("your bid", text.to_owned(), role));
    }
    facts.push(("rule", rule(&session.terms.question).to_owned(), Role::Text));
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
        let opened = if session.result == Some(None) {
            "nothing was opened"
        } else {
            "nothing but winner and price was opened"
        };
        let bids = figures::plural(manifest.bids, "bid", "bids");
        facts.push(("bids", format!("{bids} took part; {opened}"), Role::Text));
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
    let of_manifest = detail.manifest.iter().flat_map(|manifest| &manifest.excluded);
    let of_outcome = detail.outcome.iter().flat_map(|outcome| &outcome.body.out_of_range);
    for exclusion in of_manifest.chain(of_outcome) {
        let name = model.shown(&clean(&exclusion.bidder));
        let text = format!("{name}: {}", exclusion.reason.explain());
        facts.push(("excluded", text, Role::Warn));
    }
    let key = model.keymap.first(Layer::Bracket, ListCommand::Record);
    let text = format!("{key} writes the record; `gavel verify` checks every signature in it");
    facts.push(("check it", text, Role::Muted));
    facts
}
