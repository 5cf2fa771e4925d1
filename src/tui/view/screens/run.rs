//! A run: its stages and levels, how far each node is, an estimate. Drawn while it goes on, and the
//! same afterwards, as it was at each of its steps.

use ratatui::layout::Rect;
use ratatui::text::Span;

use super::super::canvas::Canvas;
use super::super::text;
use super::super::theme::Role;
use super::{job, latest, market, stages, standing, survey};
use crate::base::Timestamp;
use crate::rules::Stage;
use crate::rules::auction::Stage as OfAuctions;
use crate::session::progress::Progress;
use crate::sharing::NodeSet;
use crate::tui::figures::{self, bytes, count};
use crate::tui::input::commands::ListCommand;
use crate::tui::input::layer::Layer;
use crate::tui::state::data::Session;
use crate::tui::state::live::Live;
use crate::tui::update::look_back;

/// Rows above levels and nodes.
const HEAD: u16 = 6;

/// Draw the run that goes on.
pub fn present(canvas: &mut Canvas<'_, '_>, area: Rect, session: &Session) {
    let none = Live::default();
    let live = canvas.model.data().live.get(&session.id).unwrap_or(&none);
    let time = match standing::obstacle(canvas.model, session) {
        Some(why) => (Role::Bad, why),
        None => (Role::Muted, going_on(canvas, live)),
    };
    draw(canvas, area, session, live, time);
}

/// Draw a step of the run that came to the outcome.
pub fn past(canvas: &mut Canvas<'_, '_>, area: Rect, session: &Session) {
    let model = canvas.model;
    let known = look_back::attempt(model).zip(look_back::course(model));
    let (Some((attempt, course)), Some(point)) = (known, look_back::point(model)) else { return };
    let mut live = Live::default();
    live.attempt = attempt.attempt;
    live.participants = attempt.participants;
    live.stages = course.points.iter().take(point + 1).map(|point| point.stage).collect();
    for (node, cost) in &attempt.cost {
        // Nodes come to the same points; where one tells fewer it has come to its last.
        let at = point.min(cost.course.points.len().saturating_sub(1));
        if let Some(progress) = cost.course.at(at, attempt.attempt) {
            live.progress.insert(*node, progress);
        }
    }
    let key = |command| model.keymap.first(Layer::Bracket, command);
    let millis = course.points.get(point).map_or(0, |point| point.millis);
    let time = format!(
        "step {} of {}, {:.1} s after it began; {} and {} step, {} leaves",
        point + 1,
        course.points.len(),
        millis as f64 / 1e3,
        key(ListCommand::Earlier),
        key(ListCommand::Later),
        key(ListCommand::Result)
    );
    draw(canvas, area, session, &live, (Role::Accent, time));
}

fn draw(
    canvas: &mut Canvas<'_, '_>,
    area: Rect,
    session: &Session,
    live: &Live,
    time: (Role, String),
) {
    let progress = live.furthest().cloned().unwrap_or_default();
    stages::strip(canvas, area, &session.terms.question, &live.stages);
    head(canvas, area, session, &progress, time);
    let top = HEAD.min(area.height);
    let mut rest = Rect { y: area.y + top, height: area.height - top, ..area };
    let nodes = u16::try_from(canvas.model.data().nodes.len()).unwrap_or(0) + 1;
    let levels_of = match (session.market(), session.survey()) {
        (Some(_), _) => market::ROWS,
        _ if session.worked.is_some() => job::rows_of_graph(session),
        (None, Some(_)) => survey::ROWS,
        (None, None) => u16::try_from(progress.entries.len()).unwrap_or(u16::MAX),
    };
    // Levels to the left, nodes to the right or below.
    // A job's graph takes more columns than the levels of others.
    let of_job = session.worked.is_some();
    let wide = area.width >= if of_job { 130 } else { 100 };
    let needed =
        if wide { nodes.max(levels_of) } else { nodes.saturating_add(levels_of) }.saturating_add(1);
    if let Some(below) = rest.height.checked_sub(needed).filter(|&rows| rows >= latest::LEAST) {
        latest::draw(canvas, Rect { y: rest.bottom() - below, height: below, ..rest });
        rest.height -= below;
    }
    let (left, right) = if wide {
        let width = if of_job { rest.width * 5 / 8 } else { rest.width / 2 };
        (
            Rect { width: width - 2, ..rest },
            Rect { x: rest.x + width, width: rest.width - width, ..rest },
        )
    } else {
        // Some of the levels stay in sight, however many nodes there are.
        let below = nodes.min(rest.height.saturating_sub(levels_of.clamp(1, 4)));
        let above = rest.height - below;
        (Rect { height: above, ..rest }, Rect { y: rest.y + above, height: below, ..rest })
    };
    if session.market().is_some() {
        market::progress(canvas, left, session, live);
    } else if session.survey().is_some() {
        survey::progress(canvas, left, session, live);
    } else if session.worked.is_some() {
        job::progress(canvas, left, session, live);
    } else if session.quantity() > 1 {
        ranking(canvas, left, &progress);
    } else {
        levels(canvas, left, &progress);
    }
    each_node(canvas, right, live);
}

fn head(
    canvas: &mut Canvas<'_, '_>,
    area: Rect,
    session: &Session,
    progress: &Progress,
    (role, time): (Role, String),
) {
    let share = share(progress);
    let width = usize::from(area.width).saturating_sub(6);
    let mut bar = canvas.bar(share, width, Role::Key);
    bar.push(canvas.span(Role::Text, format!(" {:>3.0} %", (share * 100.0).floor())));
    canvas.line(area, 1, bar);
    let done = match session.terms.question.as_auction() {
        None => format!("{} gates", count(progress.gates)),
        Some(_) => format!(
            "{} of {} comparisons",
            count(progress.comparisons),
            count(progress.comparisons_total.max(progress.comparisons))
        ),
    };
    let facts = format!(
        "{done}, round {} of {}, {} sent a node",
        count(progress.rounds),
        count(progress.rounds_total.max(progress.rounds)),
        bytes(progress.bytes_sent),
    );
    canvas.text(area, 2, Role::Text, &facts);
    canvas.text(area, 3, role, &time);
    canvas.text(area, 4, Role::Text, stages::does(&session.terms.question, progress.stage));
}

/// For how long it has gone on, and may still.
fn going_on(canvas: &Canvas<'_, '_>, live: &Live) -> String {
    let data = canvas.model.data();
    let since = |began: Timestamp| (data.coordinator_now().millis() - began.millis()).max(0);
    let elapsed = live.began.map_or(0, since);
    let share = live.furthest().map_or(0.0, share);
    let left = if share > 0.05 && share < 1.0 {
        // In milliseconds, far below where a float loses any.
        #[expect(clippy::cast_possible_truncation)]
        let left = (elapsed as f64 / share - elapsed as f64) as i64;
        format!(", about {} left", figures::duration(left))
    } else {
        String::new()
    };
    let all: NodeSet = data.nodes.iter().map(|node| node.status.node).collect();
    let attempt = if live.attempt > 1 || live.participants != all {
        format!("attempt {} by {} nodes, ", live.attempt.max(1), live.participants.len())
    } else {
        String::new()
    };
    let time = if live.participants.is_empty() {
        "about to begin".to_owned()
    } else {
        format!("{attempt}for {}{left}", figures::duration(elapsed))
    };
    let delay = canvas.model.person.simulated_delay.map_or_else(String::new, |delay| {
        format!("; the demo holds messages back by {} ms", delay.as_millis())
    });
    time + &delay
}

/// How much is done, by rounds.
fn share(progress: &Progress) -> f64 {
    if progress.stage == Stage::Done {
        return 1.0;
    }
    let total = progress.rounds_total.max(1);
    (progress.rounds as f64 / total as f64).clamp(0.0, 1.0)
}

/// A level's entries in words.
fn in_words(entries: &[u64], level: usize, arrow: &str) -> String {
    let number = |at: usize| entries.get(at).map_or_else(String::new, |number| count(*number));
    format!("{} {arrow} {}", number(level), number(level + 1))
}

/// The levels as a funnel: as many dots as there are bids left, as far as they fit.
fn levels(canvas: &mut Canvas<'_, '_>, area: Rect, progress: &Progress) {
    let entries = &progress.entries;
    let Some(all) = entries.len().checked_sub(1).filter(|&levels| levels > 0) else {
        let text = if matches!(progress.stage, Stage::Preparing | Stage::CheckingEntries) {
            "the levels appear when the tournament begins"
        } else if entries == &[1] {
            "one bid: nothing to compare"
        } else {
            "nothing to compare"
        };
        canvas.text(area, 0, Role::Muted, text);
        return;
    };
    let width = usize::from(area.width).saturating_sub(26);
    let height = usize::from(area.height);
    let done = usize::try_from(progress.level).unwrap_or(0);
    // The level at work stays in sight.
    let start = (done + 2).saturating_sub(height).min(all.saturating_sub(height));
    for (row, level) in (start..all).take(height).enumerate() {
        let from = entries[level];
        let (role, word) = match level.cmp(&done) {
            std::cmp::Ordering::Less => (Role::Good, canvas.glyphs().tick),
            std::cmp::Ordering::Equal if progress.stage == OfAuctions::Tournament.into() => {
                (Role::Warn, canvas.glyphs().pointer)
            }
            _ => (Role::Disabled, canvas.glyphs().blank),
        };
        let dots = dots(from, entries[0], width);
        let glyph = if level < done { canvas.glyphs().dot } else { canvas.glyphs().ring };
        let pad = (width - dots) / 2;
        let funnel = format!("{}{}", " ".repeat(pad), glyph.repeat(dots));
        let line: Vec<Span<'static>> = vec![
            canvas.span(role, format!("{word} ")),
            canvas.span(Role::Muted, format!("level {:<3}", level + 1)),
            canvas.span(role, canvas.fit(&funnel, width)),
            canvas.span(
                Role::Muted,
                canvas.fit_right(&in_words(entries, level, canvas.glyphs().arrow), 15),
            ),
        ];
        canvas.line(area, row, line);
    }
}

/// How far the ranking for several lots is; it has no levels to show.
fn ranking(canvas: &mut Canvas<'_, '_>, area: Rect, progress: &Progress) {
    let comparisons = (progress.comparisons, progress.comparisons_total);
    let rounds = (progress.rounds, progress.rounds_total);
    let figures = |(done, all): (u64, u64)| format!("{} of {}", count(done), count(all.max(done)));
    let room = figures(comparisons).len().max(figures(rounds).len());
    let width = usize::from(area.width).saturating_sub(14 + room).min(48);
    let stages = [("comparisons", comparisons), ("rounds", rounds)];
    for (row, (name, (done, all))) in stages.into_iter().enumerate() {
        let share =
            if progress.stage == Stage::Done { 1.0 } else { done as f64 / all.max(1) as f64 };
        let mut line = vec![canvas.span(Role::Muted, format!("{name:<12} "))];
        line.extend(canvas.bar(share, width, Role::Warn));
        line.push(canvas.span(Role::Text, format!(" {}", figures((done, all)))));
        canvas.line(area, row, line);
    }
    let mut text =
        "The bids are ranked without being opened: nobody sees which of them are ahead.".to_owned();
    if let [bids, lots] = progress.entries[..] {
        text = format!("{} bids for {} lots. {text}", count(bids), count(lots));
    }
    canvas.wrapped(area, stages.len() + 1, Role::Muted, &text);
}

/// Dots for so many entries: one each where they fit, else by share.
fn dots(entries: u64, first: u64, width: usize) -> usize {
    let room = width as u64;
    let dots = if first <= room { entries } else { (entries * room).div_ceil(first) };
    usize::try_from(dots.max(1)).unwrap_or(width).min(width)
}

/// Columns of the words about a node after its bar.
const FIGURES: usize = 34;

fn each_node(canvas: &mut Canvas<'_, '_>, area: Rect, live: &Live) {
    let data = canvas.model.data();
    let width = usize::from(area.width);
    let widest = data.nodes.iter().map(|node| text::width(node.name.as_str()) + 2).max();
    let name = widest.unwrap_or(0).clamp(4, width.saturating_sub(FIGURES + 9).max(10));
    let bar = width.saturating_sub(name + FIGURES + 1).clamp(4, 24);
    let head = format!(
        "{} {} {}{}",
        canvas.fit("node", name),
        canvas.fit("", bar),
        canvas.fit_right("round", 7),
        canvas.fit_right("sent", 10)
    );
    let span = canvas.span(Role::Head, head);
    canvas.line(area, 0, span);
    let room = usize::from(area.height).saturating_sub(1);
    let all = data.nodes.len();
    let shown = if all > room { room.saturating_sub(1) } else { all };
    for (at, node) in data.nodes.iter().take(shown).enumerate() {
        let label = canvas.fit(&format!("{} {}", node.status.node, node.name), name);
        let own = canvas.model.person.node == Some(node.status.node);
        let role = if own { Role::Accent } else { Role::Text };
        let mut line = vec![canvas.span(role, format!("{label} "))];
        if let Some(progress) = live.progress.get(&node.status.node) {
            let role = if progress.stage == Stage::Done { Role::Good } else { Role::Key };
            line.extend(canvas.bar(share(progress), bar, role));
            let figures = format!(
                " {}{}  ",
                canvas.fit_right(&count(progress.rounds), 7),
                canvas.fit_right(&bytes(progress.bytes_sent), 10)
            );
            line.push(canvas.span(Role::Text, figures));
            let room = width.saturating_sub(name + bar + 21);
            line.push(canvas.span(Role::Muted, canvas.cut(stages::name(progress.stage), room)));
        } else {
            let participants = live.participants;
            let text = match participants.contains(node.status.node) {
                true => "unsealing",
                false if participants.is_empty() => "",
                false => "does not take part",
            };
            line.push(canvas.span(Role::Disabled, text));
        }
        canvas.line(area, at + 1, line);
    }
    if shown < all && room > 0 {
        let more = format!("and {} more", figures::plural((all - shown) as u64, "node", "nodes"));
        canvas.text(area, shown + 1, Role::Muted, &more);
    }
}

#[cfg(test)]
mod tests {
    use crate::tui::view::screens::run::*;

    #[test]
    fn a_level_says_how_many_enter_and_how_many_remain() {
        let entries = [100, 13, 2, 1];
        let words = |level| in_words(&entries, level, ">");
        assert_eq!([words(0), words(1), words(2)], ["100 > 13", "13 > 2", "2 > 1"]);
    }

    #[test]
    fn dots_fit() {
        assert_eq!(dots(7, 7, 20), 7);
        assert_eq!(dots(1, 100_000, 20), 1);
        assert_eq!(dots(100_000, 100_000, 20), 20);
    }
}
