//! The log: which lines show, and which one is selected.

use crate::tui::input::commands::LogCommand;
use crate::tui::state::data::{Level, LogLine, Piece};
use crate::tui::state::model::Model;
use crate::tui::state::screen::Screen;

/// Do what a command says.
pub fn run(model: &mut Model, command: LogCommand) {
    match command {
        LogCommand::Follow => {
            let lines = lines(model);
            if model.ui.log.follow {
                select(model, &lines, lines.len().saturating_sub(1));
                model.ui.log.follow = false;
            } else {
                model.ui.log.follow = true;
            }
        }
        LogCommand::Level => {
            model.ui.log.level = match model.ui.log.level {
                Level::Fine => Level::Info,
                Level::Info => Level::Warn,
                Level::Warn => Level::Error,
                Level::Error => Level::Fine,
            };
        }
        LogCommand::OnlySelected => model.ui.log.only = !model.ui.log.only,
    }
    model.ui.screen = Screen::Log;
}

/// Lines of the log that show, as positions in [`crate::tui::state::data::Data::log`].
pub fn lines(model: &Model) -> Vec<usize> {
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
    pieces_text(model, &line.pieces)
}

/// Pieces as they show, names hidden where they are to be.
pub fn pieces_text(model: &Model, pieces: &[Piece]) -> String {
    let piece = |piece: &Piece| match piece {
        Piece::Text(text) => text.clone(),
        Piece::Name(name) => model.shown(name),
    };
    pieces.iter().map(piece).collect()
}

/// The selected line's row among those that show.
pub fn row(model: &Model, lines: &[usize]) -> usize {
    let gone = model.data().log_gone;
    let last = lines.len().saturating_sub(1);
    if model.ui.log.follow {
        return last;
    }
    let at = usize::try_from(model.ui.log.line.saturating_sub(gone)).unwrap_or(usize::MAX);
    lines.partition_point(|&line| line < at).min(last)
}

/// Select the line in a row of those that show.
pub fn select(model: &mut Model, lines: &[usize], row: usize) {
    let row = row.min(lines.len().saturating_sub(1));
    if let Some(&line) = lines.get(row) {
        model.ui.log.line = model.data().log_gone + line as u64;
    }
    model.ui.log.follow = row + 1 >= lines.len();
}
