//! Tables in files: read from CSV, XLSX and ODS, by the name's ending; written as CSV and XLSX.

use std::io::Read as _;
use std::path::Path;

use calamine::{Data, Range, Reader as _};
use rust_xlsxwriter::{Format, Workbook, XlsxError};
use zeroize::Zeroizing;

use super::csv;
use crate::cli::failure::Failure;

/// Most bytes of a file that is read.
const MOST: u64 = 16 << 20;

/// A cell of a table, and where it is.
pub struct Cell {
    /// Such as "cell B3", or "line 2, column 3".
    pub place: String,
    /// What is in it.
    pub content: Content,
}

/// What is in a cell. Wiped when dropped.
pub enum Content {
    /// Nothing.
    Empty,
    /// A text, or a number in digits.
    Text(Zeroizing<String>),
    /// What a formula comes to, which the person may never have seen.
    Formula,
    /// A date, an error, or a thing that is neither text nor number; what it is.
    Other(&'static str),
}

impl Content {
    fn of(text: Zeroizing<String>) -> Self {
        if text.trim().is_empty() {
            Self::Empty
        } else if text.trim_start().starts_with('=') {
            Self::Formula
        } else {
            Self::Text(text)
        }
    }
}

/// The first table of a file: its rows, without those that are empty.
///
/// # Errors
/// When the file is none of these, too large or damaged.
pub fn read(path: &Path) -> Result<Vec<Vec<Cell>>, Failure> {
    let size = std::fs::metadata(path).map_err(|error| Failure::file("reading", path, &error))?;
    if size.len() > MOST {
        let detail = format!("{} has more than {} MB; a form has less", path.display(), MOST >> 20);
        return Err(Failure::new("bad-file", detail));
    }
    match ending(path).as_str() {
        "csv" | "txt" | "tsv" => read_csv(path),
        "xlsx" | "ods" => read_book(path),
        other => Err(unknown(path, other, "CSV, XLSX or ODS")),
    }
}

/// The end of a file's name, in small letters.
pub fn ending(path: &Path) -> String {
    let ending = path.extension().and_then(|ending| ending.to_str());
    ending.unwrap_or_default().to_ascii_lowercase()
}

/// A file of a sort that is not known here.
pub fn unknown(path: &Path, ending: &str, known: &str) -> Failure {
    let what =
        if ending.is_empty() { "has no ending".to_owned() } else { format!("is a .{ending}") };
    Failure::new("bad-file", format!("{} {what}; save it as {known}", path.display()))
}

fn read_csv(path: &Path) -> Result<Vec<Vec<Cell>>, Failure> {
    let file = std::fs::File::open(path).map_err(|error| Failure::file("reading", path, &error))?;
    // Room for everything at once: a text that grows leaves copies behind.
    let mut text = Zeroizing::new(String::with_capacity(64 << 10));
    file.take(MOST)
        .read_to_string(&mut text)
        .map_err(|error| Failure::file("reading", path, &error))?;
    let row = |row: Vec<csv::Value>| {
        let cell = |(column, value): (usize, csv::Value)| Cell {
            place: format!("line {}, column {column}", value.line),
            content: Content::of(value.text),
        };
        (1..).zip(row).map(cell).collect()
    };
    Ok(csv::read(&text).into_iter().map(row).collect())
}

fn read_book(path: &Path) -> Result<Vec<Vec<Cell>>, Failure> {
    let broken = |error: &dyn std::fmt::Display| {
        let detail = format!("{} cannot be read as a spreadsheet: {error}", path.display());
        Failure::new("bad-file", detail)
    };
    let mut book = calamine::open_workbook_auto(path).map_err(|error| broken(&error))?;
    let none = || Failure::new("bad-file", format!("{} has no sheet", path.display()));
    let first = book.sheet_names().first().cloned().ok_or_else(none)?;
    let values = book.worksheet_range(&first).map_err(|error| broken(&error))?;
    let formulas = book.worksheet_formula(&first).map_err(|error| broken(&error))?;
    let (top, left) = values.start().unwrap_or_default();
    let mut rows = Vec::new();
    for (row, cells) in (top..).zip(values.rows()) {
        let cell = |(column, data): (u32, &Data)| Cell {
            place: format!("cell {}{}", letters(column), row + 1),
            content: content(data, &formulas, (row, column)),
        };
        let cells: Vec<Cell> = (left..).zip(cells).map(cell).collect();
        if cells.iter().any(|cell| !matches!(cell.content, Content::Empty)) {
            rows.push(cells);
        }
    }
    Ok(rows)
}

fn content(data: &Data, formulas: &Range<String>, place: (u32, u32)) -> Content {
    if formulas.get_value(place).is_some_and(|formula| !formula.is_empty()) {
        return Content::Formula;
    }
    let text = |text: String| Content::of(Zeroizing::new(text));
    match data {
        Data::Empty => Content::Empty,
        Data::String(value) => text(value.clone()),
        // The shortest digits that are this number: what was typed.
        Data::Float(number) => text(number.to_string()),
        Data::Int(number) => text(number.to_string()),
        Data::Bool(_) => Content::Other("true or false"),
        Data::DateTime(_) | Data::DateTimeIso(_) | Data::DurationIso(_) => Content::Other("a date"),
        Data::Error(_) => Content::Other("an error"),
    }
}

/// A column as spreadsheets name it: A to Z, AA and on.
fn letters(mut column: u32) -> String {
    let mut name = Vec::new();
    loop {
        name.push(char::from(b'A' + u8::try_from(column % 26).unwrap_or(0)));
        match (column / 26).checked_sub(1) {
            Some(next) => column = next,
            None => break,
        }
    }
    name.into_iter().rev().collect()
}

/// A table of texts, numbers among them, as the file of a spreadsheet: the first row is its heading.
///
/// # Errors
/// When a text is too long for a cell.
pub fn book<R: AsRef<[String]>>(
    name: &str,
    rows: impl IntoIterator<Item = R>,
) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.set_name(name)?;
    let bold = Format::new().set_bold();
    for (row, cells) in (0_u32..).zip(rows) {
        for (column, cell) in (0_u16..).zip(cells.as_ref()) {
            match cell.parse::<f64>() {
                _ if row == 0 => sheet.write_string_with_format(row, column, cell, &bold)?,
                Ok(number) if number.is_finite() => sheet.write_number(row, column, number)?,
                _ => sheet.write_string(row, column, cell)?,
            };
        }
    }
    sheet.set_freeze_panes(1, 0)?;
    sheet.autofit();
    book.save_to_buffer()
}

impl From<XlsxError> for Failure {
    fn from(error: XlsxError) -> Self {
        Self::new("internal", format!("the spreadsheet cannot be made: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use crate::cli::survey::sheet::*;

    #[test]
    fn columns_are_named_as_spreadsheets_do() {
        let named: Vec<String> = [0, 25, 26, 51, 52, 701, 702].map(letters).to_vec();
        assert_eq!(named, ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA"]);
    }

    #[test]
    fn what_is_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.xlsx");
        let rows = [["name", "value"], ["pay", "1250.5"], ["hours", "-3"]];
        let rows = rows.map(|row| row.map(str::to_owned));
        std::fs::write(&path, book("results", &rows).unwrap()).unwrap();
        let read = read(&path).unwrap();
        let text = |cell: &Cell| match &cell.content {
            Content::Text(text) => text.to_string(),
            _ => String::new(),
        };
        let texts: Vec<Vec<String>> =
            read.iter().map(|row| row.iter().map(text).collect()).collect();
        assert_eq!(texts, rows);
        assert_eq!(read[1][1].place, "cell B2");
    }

    #[test]
    fn files_that_are_no_table_are_named() {
        let folder = tempfile::tempdir().unwrap();
        for (name, content, said) in [
            ("a.pdf", "x", "is a .pdf; save it as CSV, XLSX or ODS"),
            ("a", "x", "has no ending"),
            ("a.xlsx", "no zip", "cannot be read as a spreadsheet"),
            ("a.ods", "", "cannot be read as a spreadsheet"),
        ] {
            let path = folder.path().join(name);
            std::fs::write(&path, content).unwrap();
            let failure = read(&path).map(|_| ()).unwrap_err();
            assert!(failure.detail.contains(said), "{}", failure.detail);
        }
        let none = read(&folder.path().join("none.csv")).map(|_| ()).unwrap_err();
        assert!(none.detail.contains("there is no file"), "{}", none.detail);
    }
}
