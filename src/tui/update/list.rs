//! Filter, order, and moving about in lists.

use crate::session::Phase;
use crate::tui::input::commands::Command;
use crate::tui::state::data::{Level, LogLine, Piece};
use crate::tui::state::field::Field;
use crate::tui::state::model::{List, Model, Screen, SortBy};

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
                session.title, session.terms.kind, session.phase, session.id
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
        model.asking.detail_stale = true;
    }
}

/// Those that want attention first.
const fn activity(phase: Phase) -> u64 {
    match phase {
        Phase::Failed => 0,
        Phase::Computing => 1,
        Phase::Closing => 2,
        Phase::Open => 3,
        Phase::Draft => 4,
        Phase::Settled => 5,
        Phase::Cancelled => 6,
    }
}

/// The selected session's row in the list.
pub fn selected_row(model: &Model) -> Option<usize> {
    let id = model.ui.selected?;
    let sessions = &model.data().sessions;
    model.ui.order.iter().position(|&at| sessions.get(at).is_some_and(|session| session.id == id))
}

fn select_row(model: &mut Model, row: usize) {
    let sessions = &model.data().sessions;
    let found = model.ui.order.get(row).and_then(|&at| sessions.get(at)).map(|session| session.id);
    if found.is_some() && found != model.ui.selected {
        model.ui.selected = found;
        model.ui.grid_row = 0;
        model.asking.detail_stale = true;
    }
}

/// Lines of the log that show, as positions in [`crate::tui::state::data::Data::log`].
pub fn log_lines(model: &Model) -> Vec<usize> {
    let view = &model.ui.log;
    let words = view.filter.text().to_lowercase();
    let words: Vec<&str> = words.split_whitespace().collect();
    let only = model.ui.selected.filter(|_| view.only);
    let shows = |line: &LogLine| {
        line.level >= view.level
            && (only.is_none() || line.session == only)
            && (words.is_empty() || {
                let text = line_text(model, line).to_lowercase();
                words.iter().all(|word| text.contains(word))
            })
    };
    let lines = model.data().log.iter().enumerate();
    lines.filter(|(_, line)| shows(line)).map(|(at, _)| at).collect()
}

/// A line of the log as it shows, names hidden where they are to be.
pub fn line_text(model: &Model, line: &LogLine) -> String {
    let piece = |piece: &Piece| match piece {
        Piece::Text(text) => text.clone(),
        Piece::Name(name) => model.shown(name),
    };
    line.pieces.iter().map(piece).collect()
}

/// The selected line's row among those that show.
pub fn log_row(model: &Model, lines: &[usize]) -> usize {
    let gone = model.data().log_gone;
    let last = lines.len().saturating_sub(1);
    if model.ui.log.follow {
        return last;
    }
    let at = usize::try_from(model.ui.log.line.saturating_sub(gone)).unwrap_or(usize::MAX);
    lines.partition_point(|&line| line < at).min(last)
}

fn select_line(model: &mut Model, lines: &[usize], row: usize) {
    let row = row.min(lines.len().saturating_sub(1));
    if let Some(&line) = lines.get(row) {
        model.ui.log.line = model.data().log_gone + line as u64;
    }
    model.ui.log.follow = row + 1 >= lines.len();
}

/// The field of the filter of the screen.
pub fn filter_field(model: &mut Model) -> &mut Field {
    if model.ui.screen == Screen::Log { &mut model.ui.log.filter } else { &mut model.ui.filter }
}

/// Do what a command of lists says.
pub fn run(model: &mut Model, command: Command) {
    match command {
        Command::Filter => {
            if model.ui.screen != Screen::Log {
                model.ui.screen = Screen::Auctions;
                model.ui.in_detail = false;
            }
            model.ui.filtering = true;
        }
        Command::KeepFilter => model.ui.filtering = false,
        Command::DropFilter => {
            model.ui.filtering = false;
            filter_field(model).clear();
            arrange(model);
        }
        Command::Sort => {
            model.ui.sort = model.ui.sort.next();
            model.say(Level::Info, format!("sorted by {}", model.ui.sort.name()));
            arrange(model);
        }
        Command::SortBack => {
            model.ui.backwards = !model.ui.backwards;
            arrange(model);
        }
        Command::Previous => scroll(model, List::Sessions, -1),
        Command::Following => scroll(model, List::Sessions, 1),
        Command::Follow => {
            let lines = log_lines(model);
            if model.ui.log.follow {
                select_line(model, &lines, lines.len().saturating_sub(1));
                model.ui.log.follow = false;
            } else {
                model.ui.log.follow = true;
            }
            model.ui.screen = Screen::Log;
        }
        Command::Level => {
            model.ui.log.level = match model.ui.log.level {
                Level::Fine => Level::Info,
                Level::Info => Level::Warn,
                Level::Warn => Level::Error,
                Level::Error => Level::Fine,
            };
            model.ui.screen = Screen::Log;
        }
        Command::OnlySelected => {
            model.ui.log.only = !model.ui.log.only;
            model.ui.screen = Screen::Log;
        }
        _ => {
            let Some(list) = list_here(model) else {
                return nodes(model, command);
            };
            let page = isize::try_from(model.ui.drawn.heights[list as usize].max(2) - 1);
            let page = page.unwrap_or(1);
            scroll(
                model,
                list,
                match command {
                    Command::Up => -1,
                    Command::Down => 1,
                    Command::PageUp => -page,
                    Command::PageDown => page,
                    Command::Top => isize::MIN / 2,
                    _ => isize::MAX / 2,
                },
            );
        }
    }
}

fn nodes(model: &mut Model, command: Command) {
    let last = model.data().nodes.len().saturating_sub(1);
    match command {
        Command::Up | Command::PageUp => model.ui.node = model.ui.node.saturating_sub(1),
        Command::Top => model.ui.node = 0,
        Command::Bottom => model.ui.node = last,
        _ => model.ui.node = (model.ui.node + 1).min(last),
    }
}

fn list_here(model: &Model) -> Option<List> {
    use crate::tui::input::keymap::Layer;
    match model.layer() {
        Layer::Help => Some(List::Help),
        Layer::Palette => Some(List::Palette),
        _ => match model.ui.screen {
            Screen::Auctions if model.ui.in_detail => Some(List::Grid),
            Screen::Auctions | Screen::Bracket => Some(List::Sessions),
            Screen::Nodes => None,
            Screen::Bid => Some(List::Bids),
            Screen::Log => Some(List::Log),
        },
    }
}

fn moved(from: usize, by: isize, length: usize) -> usize {
    from.saturating_add_signed(by).min(length.saturating_sub(1))
}

/// Move the selection of a list.
pub fn scroll(model: &mut Model, list: List, by: isize) {
    match list {
        List::Sessions => {
            let row = selected_row(model).map_or(0, |row| moved(row, by, model.ui.order.len()));
            select_row(model, row);
        }
        List::Grid => {
            let rows = model
                .ui
                .selected
                .and_then(|id| model.data().live.get(&id))
                .map_or(0, |live| live.bids.len());
            model.ui.grid_row = moved(model.ui.grid_row, by, rows);
        }
        List::Bids => {
            if model.ui.form.is_none() {
                let row = model.bid_at().map_or(0, |(row, _)| row);
                adopt(model, moved(row, by, model.biddable().len()));
            }
        }
        List::Log => {
            let lines = log_lines(model);
            let row = moved(log_row(model, &lines), by, lines.len());
            select_line(model, &lines, row);
        }
        // The page's end is found when it is drawn.
        List::Help => {
            model.ui.help_line =
                model.ui.drawn.offsets[List::Help as usize].saturating_add_signed(by);
        }
        List::Palette => {
            let row =
                moved(super::palette::selected(model), by, super::palette::found(model).len());
            super::palette::select(model, row);
        }
    }
}

/// The session selected on the bid's screen is the selected one everywhere.
fn adopt(model: &mut Model, row: usize) {
    let id = model.biddable().get(row).map(|session| session.id);
    if let Some(id) = id {
        model.ui.bid = Some(id);
        model.ui.selected = Some(id);
        model.asking.detail_stale = true;
    }
}

/// Select a row that was clicked.
pub fn select(model: &mut Model, list: List, row: usize) {
    match list {
        List::Sessions => {
            model.ui.in_detail = false;
            select_row(model, row);
        }
        List::Grid => {
            model.ui.in_detail = true;
            model.ui.grid_row = row;
        }
        List::Bids => {
            if model.ui.form.is_none() {
                adopt(model, row);
            }
        }
        List::Log => {
            let lines = log_lines(model);
            select_line(model, &lines, row);
        }
        List::Help | List::Palette => {}
    }
}
