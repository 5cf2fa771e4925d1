//! The form that a survey is answered in, and the response in it: a heading with the questions, and
//! one row of answers.

use rust_xlsxwriter::{DataValidation, DataValidationRule, Format, Workbook, Worksheet, XlsxError};
use zeroize::Zeroizing;

use crate::base::csv;
use crate::cli::failure::Failure;
use crate::cli::output::clean;
use crate::cli::sheet::{Cell, Content};
use crate::rules::survey::item::COHORT;
use crate::rules::survey::response::ResponseError;
use crate::rules::survey::{Item, Question, Response};
use crate::rules::written::Written;

/// Most rows of the form that can be filled in are one; a spreadsheet's first is its heading.
const ROW: u32 = 1;

impl From<ResponseError> for Failure {
    fn from(error: ResponseError) -> Self {
        Self::new("bad-answer", error)
    }
}

fn wrong(detail: impl std::fmt::Display) -> Failure {
    Failure::new("bad-form", detail)
}

/// The heading: the cohort where one can be chosen, and the questions.
pub fn heading(survey: &Question) -> Vec<String> {
    let cohort = (survey.chosen_cohorts() > 0).then(|| COHORT.to_owned());
    cohort.into_iter().chain(survey.items.iter().map(|item| item.name.clone())).collect()
}

/// The form as CSV.
pub fn as_csv(survey: &Question) -> String {
    let heading = heading(survey);
    let empty = vec![String::new(); heading.len()];
    csv::write([heading, empty])
}

/// The form as a spreadsheet, whose cells take what the survey takes; a second sheet has the
/// questions in full.
///
/// # Errors
/// When a text is too long for a cell.
pub fn as_book(survey: &Question) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.set_name("answers")?;
    let bold = Format::new().set_bold();
    for (column, name) in (0_u16..).zip(heading(survey)) {
        sheet.write_string_with_format(0, column, name, &bold)?;
        sheet.set_column_width(column, 18)?;
    }
    let first = u16::from(survey.chosen_cohorts() > 0);
    if first > 0 {
        take_cohort(sheet, survey)?;
    }
    for (column, item) in (first..).zip(&survey.items) {
        take_amount(sheet, column, item)?;
    }
    sheet.set_freeze_panes(ROW, 0)?;
    explain(book.add_worksheet(), survey, &bold)?;
    book.save_to_buffer()
}

/// A cell that takes a cohort's name.
fn take_cohort(sheet: &mut Worksheet, survey: &Question) -> Result<(), XlsxError> {
    // A list within a cell's rule has 255 characters at most.
    if let Ok(list) = DataValidation::new().allow_list_strings(&survey.cohorts) {
        sheet.add_data_validation(ROW, 0, ROW, 0, &list)?;
    }
    Ok(())
}

/// A cell that takes an answer.
#[expect(clippy::cast_precision_loss, reason = "answers have 40 bits")]
fn take_amount(sheet: &mut Worksheet, column: u16, item: &Item) -> Result<(), XlsxError> {
    let units = |amount: i64| amount as f64 / 10_f64.powi(item.unit.decimals.into());
    let between = DataValidationRule::Between(units(item.minimum), units(item.maximum));
    let bounds =
        format!("{} to {}", item.show(item.minimum.into()), item.show(item.maximum.into()));
    let rule = DataValidation::new()
        .allow_decimal_number(between)
        .set_error_title("Not an answer")?
        .set_error_message(format!("A number, {bounds}"))?;
    sheet.add_data_validation(ROW, column, ROW, column, &rule)?;
    let format = match item.unit.decimals {
        0 => "0".to_owned(),
        decimals => format!("0.{}", "0".repeat(decimals.into())),
    };
    sheet.write_blank(ROW, column, &Format::new().set_num_format(format))?;
    Ok(())
}

/// The questions in full.
fn explain(sheet: &mut Worksheet, survey: &Question, bold: &Format) -> Result<(), XlsxError> {
    sheet.set_name("questions")?;
    for (column, name) in (0_u16..).zip(["column", "question", "unit", "smallest", "largest"]) {
        sheet.write_string_with_format(0, column, name, bold)?;
    }
    let mut row = 1;
    if survey.chosen_cohorts() > 0 {
        sheet.write_string(row, 0, COHORT)?;
        sheet.write_string(row, 1, format!("One of: {}", survey.cohorts.join(", ")))?;
        row += 1;
    }
    for (row, item) in (row..).zip(&survey.items) {
        sheet.write_string(row, 0, &item.name)?;
        sheet.write_string(row, 1, item.text.as_deref().unwrap_or_default())?;
        sheet.write_string(row, 2, &item.unit.code)?;
        sheet.write_string(row, 3, item.plain(item.minimum.into()))?;
        sheet.write_string(row, 4, item.plain(item.maximum.into()))?;
    }
    sheet.autofit();
    Ok(())
}

/// The response in a form that was filled in.
///
/// # Errors
/// Names the cell or column that is wrong, and what to change; never repeats what is in it.
pub fn read(survey: &Question, rows: &[Vec<Cell>]) -> Result<Response, Failure> {
    let Some((head, answered)) = rows.split_first() else {
        return Err(wrong("the form is empty; `gavel survey form` writes one to fill in"));
    };
    let columns = columns(survey, head)?;
    let row = match answered {
        [row] => row,
        [] => return Err(wrong("there is no row of answers below the heading")),
        several => {
            let rows = several.len();
            return Err(wrong(format!(
                "the form has {rows} rows of answers where one participant answers in one; keep \
                 the heading and the row that is yours"
            )));
        }
    };
    let beyond = |(column, cell): &(usize, &Cell)| {
        !matches!(cell.content, Content::Empty) && columns.get(*column).is_none_or(Option::is_none)
    };
    if let Some((_, cell)) = row.iter().enumerate().find(beyond) {
        return Err(wrong(format!("{} has something under no heading; clear it", cell.place())));
    }
    let mut cohort = None;
    let mut answers: Vec<(&str, Written)> = Vec::with_capacity(survey.items.len());
    let mut places = Vec::with_capacity(survey.items.len());
    for (column, name) in columns.iter().enumerate() {
        let Some(name) = name.as_deref() else { continue };
        let none =
            || wrong(format!("the row of answers ends before {name:?}; nothing is answered there"));
        let cell = row.get(column).ok_or_else(none)?;
        let text = text_of(name, cell)?;
        if name == COHORT {
            cohort = Some(text);
        } else {
            answers.push((name, Written::new(text.map_or("", |text| text.as_str()))));
            places.push((name, cell.place()));
        }
    }
    let named: Vec<(&str, &Written)> = answers.iter().map(|(name, text)| (*name, text)).collect();
    let cohort = cohort.flatten().map(|text| text.as_str());
    Response::parse(survey, cohort, &named).map_err(|error| {
        let place = match &error {
            ResponseError::Answer { item, .. } => {
                places.iter().find(|(name, _)| name == item).map(|(_, place)| place)
            }
            _ => None,
        };
        match place {
            Some(place) => wrong(format!("{place}, {error}")),
            None => wrong(error),
        }
    })
}

/// The name of the question in each column; none where the heading is empty.
fn columns(survey: &Question, head: &[Cell]) -> Result<Vec<Option<String>>, Failure> {
    let expected = heading(survey);
    let all = clean(&expected.join(", "));
    let mut columns: Vec<Option<String>> = Vec::with_capacity(head.len());
    for cell in head {
        let text = match &cell.content {
            Content::Empty => {
                columns.push(None);
                continue;
            }
            Content::Text(text) => text.trim().to_lowercase(),
            Content::Formula(_) | Content::Other(..) | Content::Error => String::new(),
        };
        let name = expected.iter().find(|name| name.to_lowercase() == text);
        let Some(name) = name else {
            return Err(wrong(format!(
                "the heading in {} is no question of this survey; it asks for {all}",
                cell.place()
            )));
        };
        if columns.contains(&Some(name.clone())) {
            return Err(wrong(format!("{}: there are two columns for {name:?}", cell.place())));
        }
        columns.push(Some(name.clone()));
    }
    let missing = expected.iter().find(|name| !columns.contains(&Some((*name).clone())));
    match missing {
        None => Ok(columns),
        Some(name) => {
            Err(wrong(format!("there is no column for {name:?}; the first row names {all}")))
        }
    }
}

/// The text of a cell; none where it is empty.
fn text_of<'a>(name: &str, cell: &'a Cell) -> Result<Option<&'a Zeroizing<String>>, Failure> {
    let wrong = |what: std::fmt::Arguments<'_>| {
        Err(wrong(format!("{}, {name:?}: this is {what}", cell.place())))
    };
    match &cell.content {
        Content::Empty => Ok(None),
        Content::Text(text) => Ok(Some(text)),
        Content::Formula(_) => wrong(format_args!("a formula; put its value there")),
        Content::Other(what, _) => wrong(format_args!("{what}; write a number")),
        Content::Error => wrong(format_args!("an error; write a number")),
    }
}

#[cfg(test)]
#[path = "form_tests.rs"]
mod tests;
