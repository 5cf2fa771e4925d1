use std::path::Path;

use rust_xlsxwriter::Workbook;

use crate::cli::sheet::{self, Sort};
use crate::cli::survey::form::*;
use crate::rules::survey::fixtures::question;
use crate::rules::survey::{Item, Question};

/// The fields of the response in a table of CSV, or what is wrong with it.
fn read_csv(survey: &Question, text: &str) -> Result<Vec<u64>, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("form.csv");
    std::fs::write(&path, text).unwrap();
    read_file(survey, &path)
}

fn read_file(survey: &Question, path: &Path) -> Result<Vec<u64>, String> {
    let rows = sheet::read(path, Sort::of(path).unwrap()).map_err(|failure| failure.detail)?;
    let response = read(survey, &rows).map_err(|failure| failure.detail)?;
    Ok(response.fields().to_vec())
}

fn error_of(text: &str) -> String {
    read_csv(&question(), text).unwrap_err()
}

#[test]
fn a_form_that_is_filled_in_is_a_response() {
    let survey = question();
    assert_eq!(as_csv(&survey), "cohort,pay,hours\r\n,,\r\n");
    let right = vec![0, 1, 81_250, 38];
    for text in [
        "cohort,pay,hours\r\nmen,812.50,38\r\n",
        "Hours;Cohort;PAY\n38;men;812.5\n\n",
        "hours\tpay\tcohort\t\n\"38\"\t812.50 EUR\tmen\t\n",
    ] {
        assert_eq!(read_csv(&survey, text), Ok(right.clone()), "{text}");
    }
    let ods = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/answers.ods");
    assert_eq!(read_file(&survey, &ods), Ok(right));
}

#[test]
fn a_form_has_no_column_for_a_cohort_that_the_operator_assigns() {
    use crate::rules::survey::Membership;
    let survey = Question { membership: Membership::Assigned, ..question() };
    assert_eq!(as_csv(&survey), "pay,hours\r\n,\r\n");
    assert_eq!(read_csv(&survey, "pay,hours\n812.50,38\n"), Ok(vec![81_250, 38]));
    let spare = read_csv(&survey, "cohort,pay,hours\nmen,812.50,38\n").unwrap_err();
    assert!(spare.starts_with("the heading in line 1, column 1 is no question"), "{spare}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("form.xlsx");
    std::fs::write(&path, as_book(&survey).unwrap()).unwrap();
    let rows = sheet::read(&path, Sort::of(&path).unwrap()).unwrap();
    assert_eq!(rows[0].len(), 2);
}

#[test]
fn a_wrong_form_names_its_cell_and_never_what_is_in_it() {
    assert!(error_of("").contains("the form is empty"));
    let missing = error_of("cohort,pay\nmen,812.50\n");
    assert!(missing.starts_with("there is no column for \"hours\""), "{missing}");
    let spare = error_of("cohort,pay,hours,bonus\nmen,812.50,38,7\n");
    assert!(spare.starts_with("the heading in line 1, column 4 is no question"), "{spare}");
    let twice = error_of("cohort,pay,pay,hours\nmen,8,8,38\n");
    assert!(twice.contains("two columns for \"pay\""), "{twice}");
    assert!(error_of("cohort,pay,hours\n").contains("no row of answers"));
    let text = error_of("cohort,pay,hours\nmen,a lot,38\n");
    assert!(text.starts_with("line 2, column 2, \"pay\": an amount is written"), "{text}");
    assert!(!text.contains("a lot"), "{text}");
    let large = error_of("cohort,pay,hours\nmen,812.50,61\n");
    assert_eq!(
        large,
        "line 2, column 3, \"hours\": the answer is outside what the survey takes, 0 h to 60 h"
    );
    let formula = error_of("cohort,pay,hours\nmen,=800+12.5,38\n");
    assert!(formula.starts_with("line 2, column 2, \"pay\": this is a formula"), "{formula}");
    let empty = error_of("cohort,pay,hours\nmen,,38\n");
    assert!(empty.starts_with("line 2, column 2, \"pay\": nothing is answered"), "{empty}");
    assert!(error_of("cohort,pay,hours\nmen,8\n").contains("ends before \"hours\""));
    assert!(error_of("cohort,pay,hours\n,8,38\n").contains("say which cohort you are in"));
    let beyond = error_of("cohort,pay,hours\nmen,8,38,9\n");
    assert!(beyond.starts_with("line 2, column 4 has something under no heading"), "{beyond}");
    let rows = "men,8,38\n".repeat(10_000);
    let many = error_of(&format!("cohort,pay,hours\n{rows}"));
    assert!(many.starts_with("the form has 10000 rows of answers"), "{many}");
}

#[test]
fn a_spreadsheet_is_a_form_too() {
    let survey = question();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("form.xlsx");
    std::fs::write(&path, as_book(&survey).unwrap()).unwrap();
    // As written: a heading and nothing else.
    assert!(read_file(&survey, &path).unwrap_err().contains("no row of answers"));
    let fill = |write: &dyn Fn(&mut rust_xlsxwriter::Worksheet)| {
        let mut book = Workbook::new();
        let sheet = book.add_worksheet();
        for (column, name) in (0..).zip(heading(&survey)) {
            sheet.write_string(0, column, name).unwrap();
        }
        sheet.write_string(1, 0, "men").unwrap();
        sheet.write_number(1, 1, 812.5).unwrap();
        sheet.write_number(1, 2, 38).unwrap();
        write(sheet);
        book.save(&path).unwrap();
        read_file(&survey, &path)
    };
    assert_eq!(fill(&|_| {}), Ok(vec![0, 1, 81_250, 38]));
    let formula = fill(&|sheet| {
        sheet
            .write_formula(1, 1, rust_xlsxwriter::Formula::new("=800+12.5").set_result("812.5"))
            .unwrap();
    });
    assert!(formula.unwrap_err().starts_with("cell B2, \"pay\": this is a formula"));
    let text = fill(&|sheet| {
        sheet.write_string(1, 2, "forty").unwrap();
    });
    assert!(text.unwrap_err().starts_with("cell C2, \"hours\": an amount is written"));
    let truth = fill(&|sheet| {
        sheet.write_boolean(1, 2, true).unwrap();
    });
    assert!(truth.unwrap_err().starts_with("cell C2, \"hours\": this is true or false"));
    let fine = fill(&|sheet| {
        sheet.write_number(1, 1, 0.125).unwrap();
    });
    assert!(fine.unwrap_err().contains("3 decimals"));
}

#[test]
fn a_form_of_hundreds_of_questions_can_be_written() {
    let mut survey = question();
    let item =
        |number: usize| Item { name: format!("question {number}"), ..survey.items[0].clone() };
    survey.items = (0..256).map(item).collect();
    survey.cohorts =
        (0..16).map(|number| format!("{number} {}", "long ".repeat(7).trim())).collect();
    assert!(as_book(&survey).unwrap().len() > 1_000);
    assert_eq!(heading(&survey).len(), 257);
}
