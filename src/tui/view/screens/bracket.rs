//! The tournament, and how a session ended: before it begins, while it is computed, afterwards. Which
//! bid is ahead is known to nobody, so nothing of it can be shown.

use ratatui::layout::Rect;

use super::super::canvas::Canvas;
use super::{job, lots_and_rule, market, result, run, standing, survey};
use crate::base::text::clean;
use crate::session::Phase;
use crate::tui::figures;
use crate::tui::input::commands::{GlobalCommand, Step};
use crate::tui::input::layer::Layer;
use crate::tui::state::data::Session;
use crate::tui::update::look_back;

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
    let back = look_back::point(model);
    let word = if back.is_some() { "looking back" } else { session.phase.name() };
    let inner = canvas.pane_with(area, session.title.as_str(), word, true);
    match session.phase {
        _ if back.is_some() => run::past(canvas, inner, session),
        Phase::Settled if session.market().is_some() => market::outcome(canvas, inner, session),
        Phase::Settled if session.survey().is_some() => survey::outcome(canvas, inner, session),
        Phase::Settled if session.worked.is_some() => job::outcome(canvas, inner, session),
        Phase::Settled => result::draw(canvas, inner, session),
        Phase::Computing => run::present(canvas, inner, session),
        Phase::Closing => closing(canvas, inner, session),
        Phase::Draft | Phase::Open => before(canvas, inner, session),
        Phase::Paused => {
            let lines = standing::paused(canvas.model, session);
            say(canvas, inner, session, "Paused.", &lines);
        }
        Phase::Failed => failed(canvas, inner, session),
        Phase::Cancelled => {
            let line = "Nothing was computed, and no amount will ever be opened.".to_owned();
            say(canvas, inner, session, "Called off.", &[line]);
        }
    }
}

/// What is so, and what follows; of a job with its steps.
fn say(canvas: &mut Canvas<'_, '_>, area: Rect, session: &Session, what: &str, then: &[String]) {
    if session.worked.is_some() {
        job::standing(canvas, area, session, (what, then));
    } else {
        canvas.empty(area, what, then);
    }
}

fn before(canvas: &mut Canvas<'_, '_>, area: Rect, session: &Session) {
    let model = canvas.model;
    let data = model.data();
    let (one, many) = session.entry_words();
    let (one, many) = (format!("sealed {one}"), format!("sealed {many}"));
    let bids = data.bids(session).map_or_else(String::new, |bids| {
        format!("{} so far. ", figures::plural(bids, &one, &many))
    });
    let key = |command| model.keymap.first(Layer::Auctions, command);
    let (what, then) = match data.closes_in(session) {
        Some(left) => (
            if session.survey().is_some() || session.worked.is_some() {
                let many = session.entry_words().1;
                format!("It takes {many} for {}.", figures::duration(left))
            } else {
                format!("Bidding goes on for {}.", figures::duration(left))
            },
            match session.quantity() {
                _ if session.worked.is_some() => {
                    format!("{bids}When it ends, the nodes compute these steps.")
                }
                _ if session.market().is_some() => {
                    format!("{bids}When it ends, the nodes find the price here.")
                }
                _ if session.survey().is_some() => {
                    format!("{bids}When it ends, the nodes compute the results here.")
                }
                1 => format!("{bids}When it ends, the nodes find the winner here, level by level."),
                _ => format!("{bids}When it ends, the nodes find the winners here."),
            },
        ),
        None => {
            (format!("It is a draft and takes no {} yet.", session.entry_words().1), String::new())
        }
    };
    let mut lines = vec![then];
    if session.worked.is_none() {
        lines.push(format!("The rule: {}.", lots_and_rule(&session.terms.question)));
    }
    if model.person.operator {
        let command = if session.phase == Phase::Open { Step::Close } else { Step::Open };
        let auction = session.survey().is_none() && session.worked.is_none();
        let does = match session.phase {
            Phase::Open if auction => "ends bidding now",
            Phase::Open => "closes it now",
            _ => "opens it",
        };
        lines.push(format!("{} {does}.", key(command)));
    }
    if let Some(why) = standing::obstacle(model, session) {
        lines.push(format!("If it ended now, it would wait: {why}."));
    }
    lines.retain(|line| !line.is_empty());
    say(canvas, area, session, &what, &lines);
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
    let what = format!("Fixing the list of {}.", session.entry_words().1);
    say(canvas, area, session, &what, &lines);
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
    say(canvas, area, session, "The outcome could not be computed.", &lines);
}
