//! Tables in files: read from CSV, XLSX and ODS, by the name's ending; written as CSV and XLSX.

use std::io::Read as _;
use std::path::Path;

use calamine::{Data, Range, Reader as _};
use rust_xlsxwriter::{Format, Workbook, XlsxError};
use zeroize::Zeroizing;

use super::failure::Failure;
use crate::base::csv;

/// Most bytes of a file that is read.
const MOST: u64 = 16 << 20;

/// How a table is kept in a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sort {
    /// As text: CSV.
    Text,
    /// As a spreadsheet, of which the first sheet is read.
    Book,
}

impl Sort {
    /// As a file's name ends; nothing where that ending is none of a table.
    pub fn of(path: &Path) -> Option<Self> {
        match ending(path).as_str() {
            "csv" | "txt" | "tsv" => Some(Self::Text),
            "xlsx" | "xlsm" | "ods" => Some(Self::Book),
            _ => None,
        }
    }
}

/// A cell of a table, and where it is.
pub struct Cell {
    sort: Sort,
    /// The row of a spreadsheet or the line of a text, from 1.
    pub row: usize,
    /// The column, from 0, as the file counts: the first may be empty.
    pub column: usize,
    /// What is in it.
    pub content: Content,
}

impl Cell {
    /// Such as "cell B3", or "line 2, column 3".
    pub fn place(&self) -> String {
        match self.sort {
            Sort::Text => format!("line {}, column {}", self.row, self.column + 1),
            Sort::Book => format!("cell {}{}", letters(self.column), self.row),
        }
    }
}

/// What is in a cell. Wiped when dropped.
pub enum Content {
    /// Nothing.
    Empty,
    /// A text, or a number in digits.
    Text(Zeroizing<String>),
    /// What a formula comes to, which the person may never have seen.
    Formula(Zeroizing<String>),
    /// A thing that is neither text nor number: what it is, and as it is written.
    Other(&'static str, Zeroizing<String>),
    /// An error of the spreadsheet instead of a value.
    Error,
}

impl Content {
    fn of(text: Zeroizing<String>) -> Self {
        if text.trim().is_empty() {
            Self::Empty
        } else if text.trim_start().starts_with('=') {
            Self::Formula(text)
        } else {
            Self::Text(text)
        }
    }
}

/// The first table of a file: its rows, without those that are empty.
///
/// # Errors
/// When the file is none of this sort, too large or damaged.
pub fn read(path: &Path, sort: Sort) -> Result<Vec<Vec<Cell>>, Failure> {
    let size = std::fs::metadata(path).map_err(|error| Failure::file("reading", path, &error))?;
    if size.len() > MOST {
        let detail = format!("{} is too large: it has more than {} MB", path.display(), MOST >> 20);
        return Err(Failure::new("bad-file", detail));
    }
    match sort {
        Sort::Text => read_text(path),
        Sort::Book => read_book(path),
    }
}

/// The end of a file's name, in small letters.
pub fn ending(path: &Path) -> String {
    let ending = path.extension().and_then(|ending| ending.to_str());
    ending.unwrap_or_default().to_ascii_lowercase()
}

/// A file of a sort that is not known here.
pub fn unknown(path: &Path, known: &str) -> Failure {
    let what = match ending(path).as_str() {
        "" => "has no ending".to_owned(),
        ending => format!("is a .{ending}"),
    };
    Failure::new("bad-file", format!("{} {what}; save it as {known}", path.display()))
}

fn read_text(path: &Path) -> Result<Vec<Vec<Cell>>, Failure> {
    let file = std::fs::File::open(path).map_err(|error| Failure::file("reading", path, &error))?;
    // Room for everything at once: a text that grows leaves copies behind.
    let mut text = Zeroizing::new(String::with_capacity(64 << 10));
    file.take(MOST)
        .read_to_string(&mut text)
        .map_err(|error| Failure::file("reading", path, &error))?;
    let cell = |(column, value): (usize, csv::Value)| Cell {
        sort: Sort::Text,
        row: value.line,
        column,
        content: Content::of(value.text),
    };
    let row = |row: Vec<csv::Value>| row.into_iter().enumerate().map(cell).collect();
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
            sort: Sort::Book,
            row: row as usize + 1,
            column: column as usize,
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
    // Numbers become the shortest digits that are this number: what was typed.
    let text = || Zeroizing::new(data.to_string());
    match data {
        Data::Error(_) => Content::Error,
        _ if formulas.get_value(place).is_some_and(|formula| !formula.is_empty()) => {
            Content::Formula(text())
        }
        Data::Empty => Content::Empty,
        Data::String(_) | Data::Float(_) | Data::Int(_) => Content::of(text()),
        Data::Bool(_) => Content::Other("true or false", text()),
        Data::DateTime(_) | Data::DateTimeIso(_) | Data::DurationIso(_) => {
            Content::Other("a date", text())
        }
    }
}

/// A column, from 0, as spreadsheets name it: A to Z, AA and on.
pub fn letters(mut column: usize) -> String {
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
    use crate::cli::sheet::*;

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
        let read = read(&path, Sort::Book).unwrap();
        let text = |cell: &Cell| match &cell.content {
            Content::Text(text) => text.to_string(),
            _ => String::new(),
        };
        let texts: Vec<Vec<String>> =
            read.iter().map(|row| row.iter().map(text).collect()).collect();
        assert_eq!(texts, rows);
        assert_eq!(read[1][1].place(), "cell B2");
    }

    #[test]
    fn files_that_are_no_table_are_named() {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in [("a.xlsx", "no zip"), ("a.ods", ""), ("a.XLSM", "x")] {
            let path = folder.path().join(name);
            std::fs::write(&path, content).unwrap();
            let failure = read(&path, Sort::of(&path).unwrap()).map(|_| ()).unwrap_err();
            let said = "cannot be read as a spreadsheet";
            assert!(failure.detail.contains(said), "{}", failure.detail);
        }
        for (name, said) in [("a.pdf", "is a .pdf; save it as CSV"), ("a", "has no ending")] {
            let path = Path::new(name);
            assert_eq!(Sort::of(path), None);
            let failure = unknown(path, "CSV, XLSX or ODS");
            assert!(failure.detail.contains(said), "{}", failure.detail);
        }
        let none = read(&folder.path().join("none.csv"), Sort::Text).map(|_| ()).unwrap_err();
        assert!(none.detail.contains("there is no file"), "{}", none.detail);
    }
}
