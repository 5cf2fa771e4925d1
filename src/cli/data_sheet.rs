//! A sheet of data for a model, from a table: one row of numbers, by the names of the model's features
//! or in their order. Every number is checked here, so that what is wrong is told by its cell and
//! nothing goes out.

use std::path::Path;

use zeroize::Zeroizing;

use super::failure::Failure;
use super::sheet::{self, Cell, Content, Sort};
use crate::rules::model::fixed::power;
use crate::rules::model::weights;
use crate::session::scoring::ModelTerms;

/// Most faults that are told; how many more there are is said.
const TOLD: usize = 8;

/// The numbers of a file, in fixed point. `row` says which of its rows, from 1 and without a heading,
/// where there are several.
///
/// # Errors
/// Names every cell that cannot be used.
pub fn read(
    path: &Path,
    terms: &ModelTerms,
    row: Option<usize>,
) -> Result<Zeroizing<Vec<i64>>, Failure> {
    let rows = sheet::read(path, Sort::of(path).unwrap_or(Sort::Text))?;
    let bad = |detail: String| Failure::new("bad-sheet", format!("{}: {detail}", path.display()));
    let numbers = numbers(&rows, terms, row).map_err(bad)?;
    Ok(weights::sheet(&terms.structure, &numbers)?)
}

fn text(cell: &Cell) -> Option<&str> {
    match &cell.content {
        Content::Text(text) => Some(text.trim()),
        _ => None,
    }
}

/// Where each feature's column is.
fn columns(head: &[Cell], terms: &ModelTerms) -> Result<Vec<usize>, String> {
    let place = |name: &String| {
        let mut found = head.iter().filter(|cell| text(cell) == Some(name));
        match (found.next(), found.next()) {
            (Some(cell), None) => Ok(cell.column),
            (Some(_), Some(twice)) => {
                Err(format!("{name:?} stands twice, again in {}", twice.place()))
            }
            (None, _) => Err(format!("there is no column {name:?}")),
        }
    };
    let (found, missing): (Vec<_>, Vec<_>) =
        terms.features.iter().map(place).partition(Result::is_ok);
    if missing.is_empty() {
        return Ok(found.into_iter().flatten().collect());
    }
    Err(list(missing.into_iter().filter_map(Result::err).collect()))
}

fn list(mut faults: Vec<String>) -> String {
    let more = faults.len().saturating_sub(TOLD);
    faults.truncate(TOLD);
    let rest = if more > 0 { format!("; and {more} more") } else { String::new() };
    faults.join("; ") + &rest
}

fn numbers(
    rows: &[Vec<Cell>],
    terms: &ModelTerms,
    row: Option<usize>,
) -> Result<Zeroizing<Vec<f64>>, String> {
    let features = terms.structure.features;
    let named = !terms.features.is_empty();
    // Without names a first row of words is a heading all the same.
    let is_number = |cell: &Cell| text(cell).is_some_and(|text| text.parse::<f64>().is_ok());
    let heading = named || rows.first().is_some_and(|row| !row.iter().any(is_number));
    let (head, rows) = rows.split_at(usize::from(heading).min(rows.len()));
    let cells = match (row, rows) {
        (None, [only]) => only,
        (None, []) => return Err("it has no row of numbers".to_owned()),
        (None, _) => {
            return Err(format!("it has {} rows; say which one with --row", rows.len()));
        }
        (Some(row), _) => row
            .checked_sub(1)
            .and_then(|at| rows.get(at))
            .ok_or_else(|| format!("it has {} rows, and no row {row}", rows.len()))?,
    };
    let columns: Vec<usize> = match head.first() {
        Some(head) if named => columns(head, terms)?,
        None if named => return Err("it has no heading".to_owned()),
        _ => {
            let first = cells.first().map_or(0, |cell| cell.column);
            let got = cells.len();
            if got != features {
                return Err(format!("the row has {got} numbers; the model takes {features}"));
            }
            (first..first + features).collect()
        }
    };
    let largest = terms.structure.largest_feature;
    // As much as it takes, so that nothing is moved and left behind.
    let mut numbers = Zeroizing::new(Vec::with_capacity(features));
    let mut faults = Vec::new();
    for (at, column) in columns.into_iter().enumerate() {
        let name = terms.features.get(at).map(|name| format!(" ({name})")).unwrap_or_default();
        let Some(cell) = cells.iter().find(|cell| cell.column == column) else {
            faults.push(format!("column {}{name} is empty", column + 1));
            continue;
        };
        let place = cell.place();
        let fault = match &cell.content {
            Content::Empty => "is empty".to_owned(),
            Content::Formula(_) => "is a formula; put its value there".to_owned(),
            Content::Other(what, _) => format!("is {what} and no number"),
            Content::Error => "is an error of the spreadsheet".to_owned(),
            Content::Text(text) => match text.trim().parse::<f64>() {
                Ok(number) if number.abs() <= power(largest) => {
                    numbers.push(number);
                    continue;
                }
                Ok(number) if number.is_finite() => {
                    format!("is larger, in size, than {} (2^{largest})", power(largest))
                }
                _ => "is no number".to_owned(),
            },
        };
        faults.push(format!("{place}{name} {fault}"));
    }
    if faults.is_empty() { Ok(numbers) } else { Err(list(faults)) }
}

#[cfg(test)]
mod tests {
    use crate::cli::data_sheet::*;
    use crate::identity::{Digest, KeyPair};
    use crate::rules::model::{Layer, Structure};
    use crate::session::scoring::Learner;

    fn terms(names: &[&str]) -> ModelTerms {
        let layers = vec![Layer::Dense { outputs: 1, largest: 4 }];
        ModelTerms {
            name: "m".to_owned(),
            roster: Digest([0; 32]),
            owner: KeyPair::from_secret(&[1; 32]).public(),
            structure: Structure { features: 3, largest_feature: 1, fraction: 8, layers },
            features: names.iter().map(|&name| name.to_owned()).collect(),
            learner: Learner::Both,
        }
    }

    fn sheet(text: &str, names: &[&str], row: Option<usize>) -> Result<Vec<i64>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sheet.csv");
        std::fs::write(&path, text).unwrap();
        let read = read(&path, &terms(names), row);
        read.map(|numbers| numbers.to_vec()).map_err(|failure| failure.detail)
    }

    const NAMES: [&str; 3] = ["age", "income", "debt"];

    #[test]
    fn numbers_are_found_by_name_or_in_their_order() {
        let named = "name,debt,age,income\nAda,-0.5,1,0.25\n";
        assert_eq!(sheet(named, &NAMES, None).unwrap(), [256, 64, -128]);
        assert_eq!(sheet("1,0.25,-0.5\n", &[], None).unwrap(), [256, 64, -128]);
        assert_eq!(sheet("a;b;c\n1;0.25;-0.5\n", &[], None).unwrap(), [256, 64, -128]);
        let two = "age,income,debt\n1,1,1\n2,2,-2\n";
        assert_eq!(sheet(two, &NAMES, Some(2)).unwrap(), [512, 512, -512]);
        assert!(sheet(two, &NAMES, None).unwrap_err().contains("2 rows; say which"));
        assert!(sheet(two, &NAMES, Some(3)).unwrap_err().contains("no row 3"));
    }

    #[test]
    fn every_cell_that_cannot_be_used_is_named_and_no_number_is_told() {
        let error = sheet("age,income,debt\n2.5,x,\n", &NAMES, None).unwrap_err();
        assert!(
            error.contains("line 2, column 1 (age) is larger, in size, than 2 (2^1)"),
            "{error}"
        );
        assert!(error.contains("column 2 (income) is no number"), "{error}");
        assert!(error.contains("column 3 (debt) is empty"), "{error}");
        assert!(!error.contains("2.5"), "{error}");
        let error = sheet("age,debt\n1,1\n", &NAMES, None).unwrap_err();
        assert!(error.contains("no column \"income\""), "{error}");
        let error = sheet("age,income,debt,age\n1,1,1,1\n", &NAMES, None).unwrap_err();
        assert!(error.contains("stands twice"), "{error}");
        assert!(sheet("1,2\n", &[], None).unwrap_err().contains("2 numbers; the model takes 3"));
        assert!(sheet("nan,1,1\n", &[], None).unwrap_err().contains("is no number"));
        assert!(sheet("=1+1,1,1\n", &[], None).unwrap_err().contains("is a formula"));
        assert!(sheet("", &[], None).unwrap_err().contains("no row"));
    }
}
