//! Which sessions show in the list, in which order, and which one is selected.

use crate::session::Phase;
use crate::tui::state::model::{Model, SortBy};

/// Work out which sessions show, in which order, and keep the selection where it is.
pub fn arrange(model: &mut Model) {
    let words: Vec<String> =
        model.ui.filter.text().to_lowercase().split_whitespace().map(str::to_owned).collect();
    let (sort, backwards) = (model.ui.sort, model.ui.backwards);
    let data = model.data();
    let matches = |at: &usize| {
        let session = &data.sessions[*at];
        words.is_empty() || {
            let text = format!(
                "{} {} {} {}",
                session.title,
                session.terms.question.kind_name(),
                session.phase,
                session.id
            )
            .to_lowercase();
            words.iter().all(|word| text.contains(word))
        }
    };
    let mut order: Vec<usize> = (0..data.sessions.len()).filter(matches).collect();
    order.sort_by_cached_key(|&at| {
        let session = &data.sessions[at];
        let newest = i64::MAX - session.created.millis();
        match sort {
            SortBy::Activity => (activity(session.phase), String::new(), newest),
            SortBy::Title => (0, session.title.as_str().to_lowercase(), newest),
            SortBy::Phase => (session.phase as u64, String::new(), newest),
            SortBy::Closes => {
                let open = session.phase != Phase::Open;
                (u64::from(open), String::new(), session.terms.bids_until.millis())
            }
            SortBy::Bids => (u64::MAX - data.bids(session).unwrap_or(0), String::new(), newest),
        }
    });
    if backwards {
        order.reverse();
    }
    let kept = model.ui.selected.filter(|id| {
        order.iter().any(|&at| data.sessions[at].id == *id) || data.session(*id).is_none()
    });
    let selected = kept.or_else(|| order.first().map(|&at| data.sessions[at].id));
    model.ui.order = order;
    if model.ui.selected != selected {
        model.ui.selected = selected;
        model.ui.grid_row = 0;
        model.ui.bidders.clear();
        model.asking.detail_stale = true;
    }
}

/// Those that want attention first.
const fn activity(phase: Phase) -> u64 {
    match phase {
        Phase::Failed => 0,
        Phase::Computing => 1,
        Phase::Closing => 2,
        Phase::Paused => 3,
        Phase::Open => 4,
        Phase::Draft => 5,
        Phase::Settled => 6,
        Phase::Cancelled => 7,
    }
}

/// The selected session's row in the list.
pub fn selected_row(model: &Model) -> Option<usize> {
    let id = model.ui.selected?;
    let sessions = &model.data().sessions;
    model.ui.order.iter().position(|&at| sessions.get(at).is_some_and(|session| session.id == id))
}

/// Select the session in a row.
pub fn select_row(model: &mut Model, row: usize) {
    let sessions = &model.data().sessions;
    let found = model.ui.order.get(row).and_then(|&at| sessions.get(at)).map(|session| session.id);
    if found.is_some() && found != model.ui.selected {
        model.ui.selected = found;
        model.ui.grid_row = 0;
        model.ui.bidders.clear();
        model.asking.detail_stale = true;
    }
}

/// Select the session so many rows further down.
pub fn walk(model: &mut Model, by: isize) {
    let last = model.ui.order.len().saturating_sub(1);
    let row = selected_row(model).map_or(0, |row| row.saturating_add_signed(by).min(last));
    select_row(model, row);
}
