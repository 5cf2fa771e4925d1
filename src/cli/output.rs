//! Where a command's output goes: results to standard output, as text or as one line of JSON;
//! progress and remarks to standard error.

use std::borrow::Cow;
use std::io::{self, IsTerminal as _, Write as _};

use serde::Serialize;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::failure::{Failure, one_line};

/// How this run of the program talks.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    /// Standard output carries JSON only.
    pub json: bool,
}

impl Output {
    /// The result of a command: its last line on standard output.
    ///
    /// # Errors
    /// When standard output cannot take it.
    pub fn result<T: Serialize>(
        self,
        value: &T,
        text: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        if self.json { self.json_line(value) } else { print(text().trim_end()) }
    }

    /// One line of JSON on standard output, such as an event of `gavel session watch`.
    ///
    /// # Errors
    /// When standard output cannot take it.
    pub fn json_line<T: Serialize>(self, value: &T) -> Result<(), Failure> {
        let line = serde_json::to_string(value)
            .map_err(|error| Failure::new("internal", format!("no JSON for this: {error}")))?;
        print(&line)
    }

    /// One line of JSON on standard output that is encoded already.
    ///
    /// # Errors
    /// When standard output cannot take it.
    pub fn json_text(self, line: &str) -> Result<(), Failure> {
        print(line)
    }

    /// A remark on standard error. A closed standard error is no reason to fail.
    pub fn note(self, line: impl std::fmt::Display) {
        let _ = writeln!(io::stderr(), "{line}");
    }

    /// Tell a failure: one line on standard error, and the JSON form where a script reads.
    pub fn failure(self, failure: &Failure) {
        let red = console::Style::new().for_stderr().red().bold();
        let _ = writeln!(io::stderr(), "{} {}", red.apply_to("gavel:"), failure.detail);
        if self.json {
            let _ = print(&failure.to_json());
        }
    }
}

/// Write lines to standard output; a reader that has gone away (`| head`) ends the program's
/// output, not the program.
fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    match writeln!(stdout, "{text}").and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::new("file", format!("standard output cannot be written: {error}")))
        }
        _ => Ok(()),
    }
}

/// Whether a person watches standard error.
pub fn person_watches() -> bool {
    io::stderr().is_terminal()
}

/// Text from others, fit for one cell of a screen.
pub fn clean(text: &str) -> String {
    one_line(text)
}

/// Bold on a terminal that has colours.
pub fn strong(text: impl std::fmt::Display) -> String {
    console::style(text).bold().to_string()
}

/// Dim on a terminal that has colours.
pub fn faint(text: impl std::fmt::Display) -> String {
    console::style(text).dim().to_string()
}

/// Bytes as people read them: "1.2 MB".
pub fn bytes(count: u64) -> String {
    let count = count as f64;
    match count {
        0.0..1e3 => format!("{count} B"),
        1e3..1e6 => format!("{:.1} kB", count / 1e3),
        1e6..1e9 => format!("{:.1} MB", count / 1e6),
        _ => format!("{:.2} GB", count / 1e9),
    }
}

/// A time as people read it: "12.30 ms".
pub fn seconds(time: f64) -> String {
    match time {
        s if s >= 1.0 => format!("{s:.2} s"),
        s if s >= 1e-3 => format!("{:.2} ms", s * 1e3),
        s => format!("{:.0} us", s * 1e6),
    }
}

/// A count with grouped thousands: "10 000".
pub fn count(number: u64) -> String {
    crate::rules::Currency { code: String::new(), decimals: 0 }.show(number).to_string()
}

/// "1 round", "2 rounds".
pub fn plural(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// The columns of the terminal that standard output is, if it is one.
fn room() -> Option<usize> {
    let terminal = console::Term::stdout();
    terminal.is_term().then(|| usize::from(terminal.size().1))
}

/// A text in so many columns, with a sign where something was cut off.
fn cut(text: &str, columns: usize) -> Cow<'_, str> {
    if text.width() <= columns {
        return text.into();
    }
    let mut kept = String::new();
    for character in text.chars() {
        if kept.width() + character.width().unwrap_or(0) + 1 > columns {
            break;
        }
        kept.push(character);
    }
    kept.push('…');
    kept.into()
}

/// No column is made narrower than this to fit a terminal.
const NARROWEST: usize = 12;

/// Rows of cells in columns, two blanks apart; columns whose header starts with `>` are
/// right-aligned.
pub struct Table {
    headers: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these headers; an empty list of headers is written as `&[""; n]`.
    pub fn new(headers: &[&'static str]) -> Self {
        Self { headers: headers.to_vec(), rows: Vec::new() }
    }

    /// Add a row; cells are cleaned of control characters.
    pub fn row<C: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = C>) {
        self.rows.push(cells.into_iter().map(|cell| clean(cell.as_ref())).collect());
    }

    /// The widths of the columns, the widest of which give way where there is too little room.
    /// Figures are right-aligned and stay whole.
    fn widths(&self, titles: &[&str], room: Option<usize>) -> Vec<usize> {
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width());
            cells.chain([titles[column].width()]).max().unwrap_or(0)
        };
        let mut widths: Vec<usize> = (0..titles.len()).map(width).collect();
        let Some(room) = room else { return widths };
        while widths.iter().sum::<usize>() + 2 * widths.len().saturating_sub(1) > room {
            let widest = (0..widths.len())
                .filter(|&at| widths[at] > NARROWEST && !self.headers[at].starts_with('>'))
                .max_by_key(|&at| widths[at]);
            let Some(widest) = widest else { break };
            widths[widest] -= 1;
        }
        widths
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let titles: Vec<&str> =
            self.headers.iter().map(|header| header.trim_start_matches('>')).collect();
        let widths = self.widths(&titles, room());
        let line = |cells: &[&str]| {
            let mut text = String::new();
            for (column, cell) in cells.iter().enumerate().take(widths.len()) {
                let cell = &*cut(cell, widths[column]);
                let blanks = " ".repeat(widths[column].saturating_sub(cell.width()));
                if column > 0 {
                    text.push_str("  ");
                }
                if self.headers[column].starts_with('>') {
                    text.push_str(&blanks);
                    text.push_str(cell);
                } else {
                    text.push_str(cell);
                    text.push_str(&blanks);
                }
            }
            text.trim_end().to_owned()
        };
        if titles.iter().any(|title| !title.is_empty()) {
            writeln!(f, "{}", faint(line(&titles)))?;
        }
        for row in &self.rows {
            let cells: Vec<&str> = row.iter().map(String::as_str).collect();
            writeln!(f, "{}", line(&cells))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::cli::output::*;

    #[test]
    fn a_table_lines_up_and_cleans_its_cells() {
        let mut table = Table::new(&["node", ">bytes"]);
        table.row(["\u{1b}[31mAlpha", "7"]);
        table.row(["日本", "1 200"]);
        let text = table.to_string();
        assert_eq!(text, "node       bytes\n[31mAlpha      7\n日本       1 200\n");
    }

    #[test]
    fn a_table_gives_way_to_the_terminal() {
        let mut table = Table::new(&["session", "title", ">bids"]);
        table.row(["4477a10d", "Harbour view, oil on canvas, with its frame", "1 200"]);
        let titles = ["session", "title", "bids"];
        assert_eq!(table.widths(&titles, None), [8, 43, 5]);
        assert_eq!(table.widths(&titles, Some(40)), [8, 23, 5]);
        // What is left is never nothing.
        assert_eq!(table.widths(&titles, Some(4)), [8, 12, 5]);
        assert_eq!(cut("Harbour view", 12), "Harbour view");
        assert_eq!(cut("Harbour view, oil", 12), "Harbour vie…");
        assert_eq!(cut("日本日本", 6), "日本…");
    }

    #[test]
    fn figures_are_short() {
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(1_234_567), "1.2 MB");
        assert_eq!(count(10_000), "10 000");
        assert_eq!(seconds(0.000_12), "120 us");
        assert_eq!(seconds(0.0123), "12.30 ms");
        assert_eq!(seconds(3.0), "3.00 s");
    }
}
