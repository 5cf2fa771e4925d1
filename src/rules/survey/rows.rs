//! The results of a survey as rows of a table, one number each, as screens, command line and
//! spreadsheets share them.

use super::answer::Answer;
use super::exact::Exact;
use super::question::Question;
use super::results::{Figure, Line};
use super::statistic::Statistic;

/// What stands for a value that was withheld.
const WITHHELD: &str = "withheld";

/// A result in a table: one number.
#[derive(Clone, PartialEq, Debug)]
pub struct Row {
    /// Which statistic.
    pub statistic: &'static str,
    /// Of which question; of a count none.
    pub question: String,
    /// By which other question's sum a ratio is divided.
    pub per: String,
    /// Of which cohort; of all together none.
    pub cohort: String,
    /// Which quartile, or which bin of a histogram.
    pub part: String,
    /// The number as spreadsheets read it; none where it was withheld or there is none.
    pub value: Option<String>,
    /// The unit of the number.
    pub unit: String,
    /// The number as people read it, or why there is none.
    pub shown: String,
    /// The number for a bar.
    pub size: Option<f64>,
}

impl Row {
    /// The names of the columns of a table.
    pub const COLUMNS: [&'static str; 8] =
        ["statistic", "question", "per", "cohort", "part", "value", "unit", "withheld"];

    /// Whether the number was withheld.
    pub fn is_withheld(&self) -> bool {
        self.shown == WITHHELD
    }

    /// The statistic with what it is of: "mean of pay".
    pub fn what(&self) -> String {
        match self.per.as_str() {
            "" if self.question.is_empty() => self.statistic.to_owned(),
            "" => format!("{} of {}", self.statistic, self.question),
            per => format!("{} per {per}", self.question),
        }
    }

    /// Of whom, and which part: "women, median".
    pub fn whom(&self) -> String {
        match (self.cohort.as_str(), self.part.as_str()) {
            ("", "") => "all".to_owned(),
            ("", part) => part.to_owned(),
            (cohort, "") => cohort.to_owned(),
            (cohort, part) => format!("{cohort}, {part}"),
        }
    }

    /// Whether another number is drawn to the same scale.
    pub fn is_beside(&self, other: &Self) -> bool {
        (self.statistic, &self.question, &self.per)
            == (other.statistic, &other.question, &other.per)
    }

    /// The cells of a table.
    fn cells(&self) -> [String; 8] {
        let withheld = if self.is_withheld() { "yes" } else { "" };
        let value = self.value.as_deref().unwrap_or_default();
        let texts = [self.statistic, &self.question, &self.per, &self.cohort, &self.part, value];
        let [statistic, question, per, cohort, part, value] = texts.map(str::to_owned);
        [statistic, question, per, cohort, part, value, self.unit.clone(), withheld.to_owned()]
    }
}

impl Question {
    /// Every number, in the order of the terms.
    pub fn rows(&self, answer: &Answer) -> Vec<Row> {
        self.results(answer).iter().flat_map(|line| self.rows_of(line)).collect()
    }

    /// The numbers of one result.
    pub fn rows_of(&self, line: &Line<'_>) -> Vec<Row> {
        let statistic = line.statistic;
        let name =
            |item: usize| self.items.get(item).map_or_else(String::new, |item| item.name.clone());
        let row = |part: String, number: Option<Exact>| Row {
            statistic: statistic.name(),
            question: statistic.item().map_or_else(String::new, name),
            per: if let Statistic::Ratio(_, per) = *statistic { name(per) } else { String::new() },
            cohort: self.group_name(line.group).unwrap_or_default().to_owned(),
            part,
            value: number.map(|number| self.plain_number(statistic, number)),
            unit: self.unit_of(statistic),
            shown: match number {
                Some(number) => self.show_number(statistic, number),
                None if line.figure == Figure::Undefined => "none".to_owned(),
                None => WITHHELD.to_owned(),
            },
            size: number.map(Exact::float),
        };
        match &line.figure {
            Figure::Withheld | Figure::Undefined => vec![row(String::new(), None)],
            Figure::Number(number) => vec![row(String::new(), Some(*number))],
            Figure::Several(numbers) => {
                let parts = (0..).map(|at| self.part_name(statistic, at));
                parts.zip(numbers).map(|(part, number)| row(part, *number)).collect()
            }
        }
    }

    /// The results as rows of texts, with a heading.
    pub fn table(&self, answer: &Answer) -> Vec<[String; 8]> {
        let heading = Row::COLUMNS.map(str::to_owned);
        [heading].into_iter().chain(self.rows(answer).iter().map(Row::cells)).collect()
    }
}
