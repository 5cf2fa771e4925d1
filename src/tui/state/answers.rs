//! The answers to a survey as they are typed, and where the keys are among them.

use super::field::Field;
use crate::base::text::{Clean, clean};
use crate::client::EntryValues;
use crate::rules::survey::{Question, Response};
use crate::rules::written::Written;

/// How what is in a row stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Standing {
    /// Nothing yet.
    Empty,
    /// It can be handed in.
    Fine,
    /// It cannot, and why. Never repeats what was typed.
    Wrong(String),
}

/// A row of the form.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AnswerRow {
    /// The choice of the cohort.
    Cohort,
    /// The answer to a question, by its position.
    Item(usize),
}

/// The cohort that the operator has assigned, as far as it is known here.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum OwnCohort {
    /// The coordinator is to be asked.
    Unasked,
    /// It is being asked.
    Asked,
    /// Its position among the survey's.
    Known(u8),
    /// There is none, and why.
    Refused(Clean),
}

/// The answers as typed. Wiped when they are sealed or the form is left.
pub struct Answers {
    /// A field for each question.
    pub fields: Vec<Field>,
    /// The position of the cohort that was chosen.
    pub cohort: Option<usize>,
    /// Where the operator assigns the cohorts, the one that is assigned here.
    pub own: Option<OwnCohort>,
    /// How many cohorts there are to choose from.
    cohorts: usize,
    /// The row that has the keys.
    pub focus: usize,
}

impl Answers {
    /// Nothing answered yet.
    pub fn new(survey: &Question) -> Self {
        Self {
            fields: survey.items.iter().map(|_| Field::secret()).collect(),
            cohort: None,
            own: survey.assigned_cohorts().map(|_| OwnCohort::Unasked),
            cohorts: survey.chosen_cohorts(),
            focus: 0,
        }
    }

    /// The rows: the cohort where one can be chosen, then the questions.
    pub fn rows(&self) -> Vec<AnswerRow> {
        let cohort = (self.cohorts > 0).then_some(AnswerRow::Cohort);
        cohort.into_iter().chain((0..self.fields.len()).map(AnswerRow::Item)).collect()
    }

    /// The row that has the keys.
    pub fn row(&self) -> AnswerRow {
        match self.focus.checked_sub(usize::from(self.cohorts > 0)) {
            Some(item) => AnswerRow::Item(item),
            None => AnswerRow::Cohort,
        }
    }

    /// The field that has the keys, where it is one.
    pub fn typed(&mut self) -> Option<&mut Field> {
        match self.row() {
            AnswerRow::Cohort => None,
            AnswerRow::Item(item) => self.fields.get_mut(item),
        }
    }

    /// Give the keys to the row so many further, from the last to the first and back.
    pub fn turn(&mut self, by: isize) {
        let rows = isize::try_from(self.rows().len().max(1)).unwrap_or(1);
        let here = isize::try_from(self.focus).unwrap_or(0);
        self.focus = usize::try_from((here + by).rem_euclid(rows)).unwrap_or(0);
    }

    /// Choose the cohort so many further, from the last to the first and back.
    pub fn choose(&mut self, by: isize) {
        let cohorts = isize::try_from(self.cohorts.max(1)).unwrap_or(1);
        let here = self.cohort.and_then(|cohort| isize::try_from(cohort).ok());
        let next = match here {
            Some(here) => (here + by).rem_euclid(cohorts),
            None if by < 0 => cohorts - 1,
            None => 0,
        };
        self.cohort = usize::try_from(next).ok();
    }

    /// Choose the cohort of this position, where there is one.
    pub const fn choose_at(&mut self, position: usize) {
        if position < self.cohorts {
            self.cohort = Some(position);
        }
    }

    /// The position of the cohort that the operator has assigned, once it is known.
    pub const fn assigned(&self) -> Option<u8> {
        match self.own {
            Some(OwnCohort::Known(own)) => Some(own),
            _ => None,
        }
    }

    /// Forget everything that was answered.
    pub fn clear(&mut self) {
        for field in &mut self.fields {
            field.clear();
        }
        self.cohort = None;
        self.focus = 0;
    }

    /// What is typed as the answer to a question.
    pub fn text(&self, item: usize) -> &str {
        self.fields.get(item).map_or("", Field::text)
    }

    /// How a row stands.
    pub fn standing(&self, survey: &Question, row: AnswerRow) -> Standing {
        let AnswerRow::Item(at) = row else {
            return if self.cohort.is_some() { Standing::Fine } else { Standing::Empty };
        };
        let typed = self.text(at);
        match survey.items.get(at).map(|item| item.parse(typed)) {
            _ if typed.trim().is_empty() => Standing::Empty,
            Some(Err(error)) => Standing::Wrong(clean(&error.to_string()).to_string()),
            Some(Ok(_)) | None => Standing::Fine,
        }
    }

    /// The first row that is not fine, from the one that has the keys on and then from the top, and
    /// its position.
    pub fn unfinished(&self, survey: &Question) -> Option<(usize, AnswerRow)> {
        let rows: Vec<(usize, AnswerRow)> = self.rows().into_iter().enumerate().collect();
        let open = |(_, row): &&(usize, AnswerRow)| self.standing(survey, *row) != Standing::Fine;
        let after = rows.iter().skip(self.focus).find(open);
        after.or_else(|| rows.iter().find(open)).copied()
    }

    /// The entry that the answers make.
    ///
    /// # Errors
    /// Says what to change.
    pub fn entry(&self, survey: &Question) -> Result<EntryValues, String> {
        let written: Vec<Written> =
            self.fields.iter().map(|field| Written::new(field.text())).collect();
        let names = survey.items.iter().map(|item| item.name.as_str());
        let named: Vec<(&str, &Written)> = names.zip(&written).collect();
        let cohort = self.cohort.and_then(|cohort| survey.cohorts.get(cohort));
        let response = Response::parse(survey, cohort.map(String::as_str), &named);
        let response = response.map_err(|error| clean(&error.to_string()).to_string())?;
        Ok(EntryValues::from(response.fields().clone()).in_cohort(self.assigned()))
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::survey::fixtures::question;
    use crate::tui::state::answers::*;

    #[test]
    fn what_is_missing_or_wrong_is_found_from_where_the_keys_are() {
        let survey = question();
        let mut answers = Answers::new(&survey);
        let rows = [AnswerRow::Cohort, AnswerRow::Item(0), AnswerRow::Item(1)];
        assert_eq!(answers.rows(), rows);
        assert_eq!(answers.unfinished(&survey), Some((0, AnswerRow::Cohort)));
        answers.choose(-1);
        assert_eq!(answers.cohort, Some(1));
        answers.choose(1);
        assert_eq!(answers.cohort, Some(0));
        answers.choose_at(7);
        assert_eq!(answers.cohort, Some(0));
        answers.turn(-1);
        assert_eq!(answers.row(), AnswerRow::Item(1));
        answers.typed().unwrap().paste("61");
        let Standing::Wrong(why) = answers.standing(&survey, AnswerRow::Item(1)) else { panic!() };
        assert!(why.contains("0 h to 60 h"), "{why}");
        assert_eq!(answers.unfinished(&survey), Some((2, AnswerRow::Item(1))));
        answers.typed().unwrap().set("38");
        assert_eq!(answers.unfinished(&survey), Some((1, AnswerRow::Item(0))));
        assert!(answers.entry(&survey).is_err());
        answers.turn(-1);
        answers.typed().unwrap().paste("812.50");
        assert_eq!(answers.unfinished(&survey), None);
        assert!(answers.entry(&survey).is_ok());
        answers.clear();
        assert!(answers.cohort.is_none() && answers.text(0).is_empty());
    }
}
