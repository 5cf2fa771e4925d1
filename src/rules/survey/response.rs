//! What a participant answers, and the entry that it becomes.

use zeroize::Zeroizing;

use super::question::Question;
pub use super::response_error::ResponseError;
use crate::rules::written::Written;

/// Answers to all questions, and the cohort. Wiped when dropped, never printed.
pub struct Response {
    /// The fields of the entry.
    fields: Zeroizing<Vec<u64>>,
    /// The position of the cohort, where the operator assigns them and it was said all the same.
    assigned: Option<u8>,
}

impl Response {
    /// A response of named answers as written, in any order. Where the operator assigns the cohorts,
    /// none needs to be said, and one that is said is not part of the entry
    /// ([`Response::assigned`]).
    ///
    /// # Errors
    /// Names the first question whose answer is missing or wrong.
    pub fn parse(
        question: &Question,
        cohort: Option<&str>,
        answers: &[(&str, &Written)],
    ) -> Result<Self, ResponseError> {
        let names = || question.items.iter().map(|item| item.name.as_str());
        if let Some((name, _)) = answers.iter().find(|(name, _)| names().all(|own| own != *name)) {
            let (item, all) = ((*name).to_owned(), listed(names()));
            return Err(ResponseError::NoSuchItem { item, all });
        }
        let mut fields =
            Zeroizing::new(Vec::with_capacity(question.chosen_cohorts() + question.items.len()));
        let said = said(question, cohort)?;
        let bits = 0..question.chosen_cohorts();
        fields.extend(bits.map(|cohort| u64::from(said == Some(cohort))));
        for item in &question.items {
            let mut own = answers.iter().filter(|(name, _)| *name == item.name);
            let name = || item.name.clone();
            let (_, answer) = own.next().ok_or_else(|| ResponseError::Missing { item: name() })?;
            if own.next().is_some() {
                return Err(ResponseError::Twice { item: name() });
            }
            let answer = item.parse(answer.text());
            fields.push(answer.map_err(|error| ResponseError::Answer { item: name(), error })?);
        }
        let assigned = said.filter(|_| question.assigned_cohorts().is_some());
        let assigned = assigned.and_then(|cohort| u8::try_from(cohort).ok());
        Ok(Self { fields, assigned })
    }

    /// A response by the fields of its entry, and the cohort where those do not say it.
    pub(super) const fn of(fields: Zeroizing<Vec<u64>>, assigned: Option<u8>) -> Self {
        Self { fields, assigned }
    }

    /// The fields of the entry that it becomes: see [`super::question`].
    pub const fn fields(&self) -> &Zeroizing<Vec<u64>> {
        &self.fields
    }

    /// The name of the cohort, where there are any and it was said.
    pub fn cohort<'a>(&self, question: &'a Question) -> Option<&'a str> {
        if question.assigned_cohorts().is_some() {
            return question.assigned_name(self.assigned);
        }
        let mut chosen = question.cohorts.iter().zip(self.fields.iter());
        chosen.find(|(_, bit)| **bit == 1).map(|(name, _)| name.as_str())
    }

    /// The same in the cohort that the operator has assigned, where one is.
    #[must_use]
    pub const fn in_cohort(mut self, assigned: Option<u8>) -> Self {
        if assigned.is_some() {
            self.assigned = assigned;
        }
        self
    }

    /// The position of the cohort that was said where the operator assigns them.
    pub const fn assigned(&self) -> Option<u8> {
        self.assigned
    }

    /// The answers as people read them, question by question.
    pub fn shown(&self, question: &Question) -> Vec<(String, Zeroizing<String>)> {
        let answers = self.fields.iter().skip(question.chosen_cohorts());
        let shown = question.items.iter().zip(answers);
        shown
            .map(|(item, &above)| {
                (item.name.clone(), Zeroizing::new(item.show(item.answer(above))))
            })
            .collect()
    }
}

impl ResponseError {
    /// That no cohort is said.
    pub(super) fn no_cohort(question: &Question) -> Self {
        Self::NoCohort { all: listed(question.cohorts.iter().map(String::as_str)) }
    }
}

fn said(question: &Question, cohort: Option<&str>) -> Result<Option<usize>, ResponseError> {
    let cohort = cohort.map(str::trim).filter(|cohort| !cohort.is_empty());
    match cohort {
        None if question.chosen_cohorts() == 0 => Ok(None),
        None => Err(ResponseError::no_cohort(question)),
        Some(_) if question.cohorts.is_empty() => Err(ResponseError::Cohortless),
        Some(cohort) => {
            let place = question.cohorts.iter().position(|own| own == cohort);
            let all = || listed(question.cohorts.iter().map(String::as_str));
            place.map(Some).ok_or_else(|| ResponseError::NoSuchCohort { all: all() })
        }
    }
}

/// "pay, hours and age".
fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    match names.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => String::new(),
    }
}
