//! What a survey came to: in words for people, as bars, as rows for tables, and as scripts read it.

use serde_json::{Value, json};

use crate::cli::output::{Table, clean, plural, strong};
use crate::rules::survey::exact::Exact;
use crate::rules::survey::results::{Figure, Line};
use crate::rules::survey::rows::Row;
use crate::rules::survey::{self, Question};
use crate::rules::{Answer, Terms};
use crate::session::outcome::Entrant;

/// Columns of the longest bar.
const BAR: usize = 24;

/// A survey's answer, with its question.
pub struct Surveyed<'a> {
    survey: &'a Question,
    lines: Vec<Line<'a>>,
}

impl<'a> Surveyed<'a> {
    /// Of an answer; none of another kind's.
    pub fn of(terms: &'a Terms, answer: &Answer<Entrant>) -> Option<Self> {
        let survey = terms.question.as_survey()?;
        Some(Self::new(survey, answer.as_survey()?))
    }

    /// Of a survey's answer.
    pub fn new(survey: &'a Question, answer: &survey::Answer) -> Self {
        Self { survey, lines: survey.results(answer) }
    }

    /// In one line.
    pub fn line(&self) -> String {
        let withheld = self.withheld();
        if withheld == self.lines.len() {
            let least = self.survey.at_least;
            return strong(format!("Nothing is told: too few answered; at_least is {least}"));
        }
        if let [line] = self.lines.as_slice() {
            let shown = self.shown(line);
            let what = clean(&self.survey.statistic_line(line.statistic));
            return format!("{what}: {}", strong(clean(&shown)));
        }
        let told = plural((self.lines.len() - withheld) as u64, "result", "results");
        match withheld {
            0 => strong(told),
            withheld => format!("{}, {withheld} withheld", strong(told)),
        }
    }

    /// In a few words.
    pub fn short(&self) -> String {
        match self.lines.as_slice() {
            [line] => {
                format!("{} {}", line.statistic.name(), self.shown(line))
            }
            lines => plural(lines.len() as u64, "result", "results"),
        }
    }

    /// With a row for each number, and bars.
    pub fn text(&self) -> String {
        let rows = self.rows();
        if rows.len() == 1 || self.withheld() == self.lines.len() {
            return self.line();
        }
        let mut table = Table::new(&["result", "of", ">value", ""]);
        let mut before = String::new();
        for row in &rows {
            let what = row.what();
            let largest = rows
                .iter()
                .filter(|other| row.is_beside(other))
                .filter_map(|other| other.size)
                .fold(0.0, f64::max);
            let bar = row.size.map_or_else(String::new, |size| bar(size, largest));
            let again = before == what;
            table.row([
                if again { String::new() } else { what.clone() },
                row.whom(),
                row.shown.clone(),
                bar,
            ]);
            before = what;
        }
        let table = table.to_string();
        let table = table.lines().collect::<Vec<_>>().join("\n  ");
        let note = match self.withheld() {
            0 if rows.iter().all(|row| !row.is_withheld()) => String::new(),
            _ => format!("\n  {}", self.survey.withheld_line()),
        };
        format!("{}\n  {table}{note}", self.line())
    }

    /// Every number, in the order of the terms.
    pub fn rows(&self) -> Vec<Row> {
        self.lines.iter().flat_map(|line| self.survey.rows_of(line)).collect()
    }

    /// What scripts read of each result: the value in smallest units, null where it was withheld.
    pub fn json(&self) -> Value {
        let line = |line: &Line<'_>| {
            let rows = self.survey.rows_of(line);
            let first = rows.first();
            let told = |text: Option<&String>| text.filter(|text| !text.is_empty()).cloned();
            let shown: Vec<&str> = rows.iter().map(|row| row.shown.as_str()).collect();
            let mut result = json!({
                "question": told(first.map(|row| &row.question)),
                "cohort": told(first.map(|row| &row.cohort)),
                "statistic": line.statistic.name(),
                "value": value(&line.figure),
                "withheld": line.figure == Figure::Withheld,
                "text": shown.join(", "),
            });
            if let Some(per) = told(first.map(|row| &row.per)) {
                result["per"] = per.into();
            }
            if rows.len() > 1 {
                result["parts"] = rows.iter().map(|row| row.part.as_str()).collect();
            }
            result
        };
        json!({ "results": self.lines.iter().map(line).collect::<Vec<_>>() })
    }

    /// How many of the results were withheld as a whole.
    fn withheld(&self) -> usize {
        self.lines.iter().filter(|line| line.figure == Figure::Withheld).count()
    }

    fn shown(&self, line: &Line<'_>) -> String {
        let rows = self.survey.rows_of(line);
        rows.iter().map(|row| row.shown.as_str()).collect::<Vec<_>>().join(", ")
    }
}

fn value(figure: &Figure) -> Value {
    match figure {
        Figure::Withheld | Figure::Undefined => Value::Null,
        Figure::Number(number) => scalar(*number),
        Figure::Several(numbers) => {
            numbers.iter().map(|number| number.map_or(Value::Null, scalar)).collect()
        }
    }
}

/// Whole numbers stay whole.
fn scalar(number: Exact) -> Value {
    match number {
        Exact::Whole(whole) => {
            i64::try_from(whole).map_or_else(|_| number.float().into(), Value::from)
        }
        Exact::Fraction { .. } | Exact::Root { .. } => number.float().into(),
    }
}

/// A bar for a number, of the length that the largest gives.
fn bar(size: f64, largest: f64) -> String {
    if size <= 0.0 || largest <= 0.0 {
        return String::new();
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to BAR")]
    let columns = (size / largest * BAR as f64).round() as usize;
    "█".repeat(columns.clamp(1, BAR))
}

#[cfg(test)]
#[path = "results_tests.rs"]
mod tests;
