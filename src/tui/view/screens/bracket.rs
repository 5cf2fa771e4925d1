//! The tournament as it is computed: its levels, how far each node is, and an estimate. Which bid
//! is ahead is known to nobody, so nothing of it can be shown.

use ratatui::layout::Rect;
use ratatui::text::Span;

use super::super::canvas::Canvas;
use super::super::theme::Role;
use super::{lots_and_rule, phase_role, result, standing};
use crate::base::text::clean;
use crate::rules::Stage;
use crate::rules::auction::Stage as OfAuctions;
use crate::session::Phase;
use crate::session::progress::Progress;
use crate::tui::figures::{self, bytes, count};
use crate::tui::input::commands::{GlobalCommand, Step};
use crate::tui::input::layer::Layer;
use crate::tui::state::data::Session;
use crate::tui::state::live::Live;

/// Draw the screen.
pub fn draw(canvas: &mut Canvas<'_, '_>, area: Rect) {
    let model = canvas.model;
    let Some(session) = model.selected() else {
        let inner = canvas.pane(area, "Bracket", true);
        let (what, then) = super::waiting(canvas).unwrap_or_else(|| {
            let key = model.keymap.first(Layer::Global, GlobalCommand::Auctions);
            ("No auction is selected.".into(), vec![format!("{key} shows the auctions.")])
        });
        return canvas.empty(inner, &what, &then);
    };
    let inner = canvas.pane_with(area, session.title.as_str(), session.phase.name(), true);
    match session.phase {
        Phase::Settled => result::draw(canvas, inner, session),
        Phase::Computing => computing(canvas, inner, session),
        Phase::Closing => closing(canvas, inner, session),
        Phase::Draft | Phase::Open => before(canvas, inner, session),
        Phase::Failed => failed(canvas, inner, session),
        Phase::Cancelled => canvas.empty(
            inner,
            "Called off.",
            &["Nothing was computed, and no amount will ever be opened.".to_owned()],
        ),
    }
}

fn before(canvas: &mut Canvas<'_, '_>, area: Rect, session: &Session) {
    let model = canvas.model;
    let data = model.data();
    let bids = data.bids(session).map_or_else(String::new, |bids| {
        format!("{} so far. ", figures::plural(bids, "sealed bid", "sealed bids"))
    });
    let key = |command| model.keymap.first(Layer::Auctions, command);
    let (what, then) = match data.closes_in(session) {
        Some(left) => (
            format!("Bidding goes on for {}.", figures::duration(left)),
            match session.quantity() {
                1 => format!("{bids}When it ends, the nodes find the winner here, level by level."),
                _ => format!("{bids}When it ends, the nodes find the winners here."),
            },
        ),
        None => ("It is a draft and takes no bids yet.".to_owned(), String::new()),
    };
    let mut lines = vec![then, format!("The rule: {}.", lots_and_rule(&session.terms.question))];
    if model.person.operator {
        let command = if session.phase == Phase::Open { Step::Close } else { Step::Open };
        let does = if session.phase == Phase::Open { "ends bidding now" } else { "opens it" };
        lines.push(format!("{} {does}.", key(command)));
    }
    if let Some(why) = standing::obstacle(model, session) {
        lines.push(format!("If it ended now, it would wait: {why}."));
    }
    lines.retain(|line| !line.is_empty());
    canvas.empty(area, &what, &lines);
}

fn closing(canvas: &mut Canvas<'_, '_>, area: Rect, session: &Session) {
    let mut lines = vec![
        "The nodes freeze, exchange the envelopes that any of them is missing, check every one, \
         and sign one list, the manifest."
            .to_owned(),
    ];
    if let Some(why) = standing::obstacle(canvas.model, session) {
        lines.push(format!("It does not go on now: {why}."));
        lines.push("It goes on by itself as soon as they are back.".to_owned());
    }
    canvas.empty(area, "Fixing the list of bids.", &lines);
}

fn failed(canvas: &mut Canvas<'_, '_>, area: Rect, session: &Session) {
    let model = canvas.model;
    let detail = model.data().details.get(&session.id);
    let reason = detail.and_then(|detail| detail.reason.as_deref());
    let mut lines = vec![clean(reason.unwrap_or("no reason is given")).to_string()];
    for attempt in detail.map_or(&[][..], |detail| &detail.attempts) {
        if let Some(trouble) = &attempt.trouble {
            let set = figures::nodes(attempt.participants);
            let trouble = clean(trouble);
            lines.push(format!("Attempt {} by {set}: {trouble}", attempt.attempt));
        }
    }
    let key = model.keymap.first(Layer::Bracket, Step::Retry);
    lines.push(if model.person.operator {
        format!("The bids are kept, sealed as they were. {key} tries again.")
    } else {
        "The bids are kept, sealed as they were. The coordinator can try again.".to_owned()
    });
    canvas.empty(area, "The outcome could not be computed.", &lines);
}

/// What a stage is called.
pub const fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Preparing => "unsealing shares",
        Stage::CheckingEntries => "checking ranges",
        Stage::Auction(OfAuctions::Tournament) => "tournament",
        Stage::Auction(OfAuctions::SecondPrice) => "second price",
        Stage::Auction(OfAuctions::Ranking) => "ranking",
        Stage::Opening => "opening",
        Stage::Done => "done",
    }
}

fn computing(canvas: &mut Canvas<'_, '_>, area: Rect, session: &Session) {
    let data = canvas.model.data();
    let none = Live::default();
    let live = data.live.get(&session.id).unwrap_or(&none);
    let furthest = live.furthest().cloned().unwrap_or_default();
    head(canvas, area, session, live, &furthest);
    // Levels to the left, nodes below or to the right.
    let wide = area.width >= 100;
    let nodes = u16::try_from(data.nodes.len()).unwrap_or(0) + 2;
    let top = 5.min(area.height);
    let rest = Rect { y: area.y + top, height: area.height - top, ..area };
    let (left, right) = if wide {
        let width = rest.width / 2;
        (
            Rect { width: width - 2, ..rest },
            Rect { x: rest.x + width, width: rest.width - width, ..rest },
        )
    } else {
        let below = nodes.min(rest.height);
        let above = rest.height - below;
        (Rect { height: above, ..rest }, Rect { y: rest.y + above, height: below, ..rest })
    };
    if session.quantity() > 1 {
        ranking(canvas, left, &furthest);
    } else {
        levels(canvas, left, &furthest);
    }
    each_node(canvas, right, live);
}

fn head(
    canvas: &mut Canvas<'_, '_>,
    area: Rect,
    session: &Session,
    live: &Live,
    progress: &Progress,
) {
    let data = canvas.model.data();
    let now = data.coordinator_now();
    let elapsed = live.began.map_or(0, |began| (now.millis() - began.millis()).max(0));
    let share = share(progress);
    let attempt = live.attempt.max(1);
    let obstacle = standing::obstacle(canvas.model, session);
    let line = vec![
        canvas.span(phase_role(session.phase), stage(progress.stage)),
        canvas.span(
            Role::Muted,
            format!(
                " {} attempt {attempt} by {} nodes",
                canvas.glyphs().middle,
                live.participants.len()
            ),
        ),
    ];
    canvas.line(area, 0, line);
    let width = usize::from(area.width).saturating_sub(6);
    let mut bar = canvas.bar(share, width, Role::Key);
    bar.push(canvas.span(Role::Text, format!(" {:>3.0} %", (share * 100.0).floor())));
    canvas.line(area, 1, bar);
    let left = if share > 0.05 && share < 1.0 {
        // In milliseconds, far below where a float loses any.
        #[expect(clippy::cast_possible_truncation)]
        let left = (elapsed as f64 / share - elapsed as f64) as i64;
        format!(", about {} left", figures::duration(left))
    } else {
        String::new()
    };
    let facts = format!(
        "{} of {} comparisons, round {} of {}, {} sent a node",
        count(progress.comparisons),
        count(progress.comparisons_total.max(progress.comparisons)),
        count(progress.rounds),
        count(progress.rounds_total.max(progress.rounds)),
        bytes(progress.bytes_sent),
    );
    canvas.text(area, 2, Role::Text, &facts);
    let delay = canvas.model.person.simulated_delay.map_or_else(String::new, |delay| {
        format!("; the demo holds messages back by {} ms", delay.as_millis())
    });
    let time = format!("{}{left}{delay}", figures::duration(elapsed));
    match obstacle {
        Some(why) => canvas.text(area, 3, Role::Bad, &why),
        None => canvas.text(area, 3, Role::Muted, &format!("for {time}")),
    }
}

/// How much is done, by rounds.
pub fn share(progress: &Progress) -> f64 {
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

fn each_node(canvas: &mut Canvas<'_, '_>, area: Rect, live: &Live) {
    let data = canvas.model.data();
    let width = usize::from(area.width);
    let bar = width.saturating_sub(50).clamp(8, 24);
    let name = 16.min(width / 4);
    let head = format!(
        "{} {} {}{}",
        canvas.fit("node", name),
        canvas.fit("", bar),
        canvas.fit_right("round", 7),
        canvas.fit_right("sent", 10)
    );
    let span = canvas.span(Role::Head, head);
    canvas.line(area, 0, span);
    for (at, node) in data.nodes.iter().enumerate() {
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
            line.push(canvas.span(Role::Muted, canvas.cut(stage(progress.stage), room)));
        } else {
            let takes_part = live.participants.contains(node.status.node);
            let text = if takes_part { "unsealing" } else { "does not take part" };
            line.push(canvas.span(Role::Disabled, text));
        }
        canvas.line(area, at + 1, line);
    }
}

#[cfg(test)]
mod tests {
    use crate::tui::view::screens::bracket::*;

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
