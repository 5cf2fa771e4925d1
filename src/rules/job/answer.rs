//! What a job revealed.

use serde::{Deserialize, Serialize};

use super::fault::JobFault;
use super::graph::{Graph, Kind};
use super::next::piece_name;
use super::number::Number;
use super::question::Question;
use super::range::Range;
use super::status::Status;
use super::version::Fingerprint;

/// Who handed in, and what was revealed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer<E> {
    /// The entry of each participant whom the steps name, where there is one.
    pub participants: Vec<Option<E>>,
    /// The values of the variables that are revealed, in the order of the steps; none where some
    /// value that it takes was not handed in.
    pub revealed: Vec<Option<Number>>,
    /// Of each variable that is kept, in the order of the terms, then of each that is dealt anew, and
    /// then of each that is told to somebody alone, in the order of the steps, and then of each component
    /// that is handed over to another roster, the digests of all its components; none where some value that it takes was not handed in. They are others in every
    /// attempt.
    #[serde(default)]
    pub kept: Vec<Option<Vec<Fingerprint>>>,
}

/// A variable that was revealed, or could not be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Revealed {
    /// The variable.
    pub variable: String,
    /// Its value.
    pub value: Option<Number>,
}

/// Which rule an answer breaks.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AnswerError {
    /// The steps are no job.
    #[error(transparent)]
    Job(#[from] JobFault),
    /// It tells of more participants, or values, than the job has.
    #[error("the outcome has {got} {what}, where the job has {expected}")]
    Count {
        /// Of what.
        what: &'static str,
        /// As the terms make it.
        expected: usize,
        /// As it says.
        got: usize,
    },
    /// Another entry for a participant than the one that is there under the name.
    #[error("the outcome has another entry for {participant:?} than the manifest")]
    Seat {
        /// The participant.
        participant: String,
    },
    /// A value that cannot be, or one that is missing.
    #[error("the outcome says of {variable:?} what cannot be")]
    Value {
        /// The variable.
        variable: String,
    },
}

impl<E> Answer<E> {
    /// Of a job that keeps nothing.
    pub const fn new(participants: Vec<Option<E>>, revealed: Vec<Option<Number>>) -> Self {
        Self { participants, revealed, kept: Vec::new() }
    }

    /// The same with entries named otherwise.
    pub fn map<F>(self, mut name: impl FnMut(E) -> F) -> Answer<F> {
        let participants = self.participants.into_iter();
        let participants = participants.map(|entry| entry.map(&mut name)).collect();
        Answer { participants, revealed: self.revealed, kept: self.kept }
    }

    /// Who of the participants has handed in.
    pub fn handed_in(&self) -> Vec<bool> {
        self.participants.iter().map(Option::is_some).collect()
    }

    /// What was revealed, by name.
    pub fn revealed(&self, graph: &Graph) -> Vec<Revealed> {
        let named = graph.revealed().zip(&self.revealed);
        let revealed = |(variable, value): (usize, &Option<Number>)| Revealed {
            variable: graph.variables[variable].name.clone(),
            value: *value,
        };
        named.map(revealed).collect()
    }

    /// Check that a job can come to this, as far as that shows without the entries.
    ///
    /// # Errors
    /// Names the first rule that is broken.
    pub fn check(&self, question: &Question) -> Result<(), AnswerError> {
        let graph = question.graph()?;
        let (refreshes, tells) = (graph.refreshes(), graph.tells());
        let named = graph.keeps.len() + refreshes.len() + tells.len();
        let digests = named + graph.pieces();
        let counts = [
            ("participants", graph.participants.len(), self.participants.len()),
            ("revealed values", graph.revealed().count(), self.revealed.len()),
            ("kept variables", digests, self.kept.len()),
        ];
        if let Some((what, expected, got)) =
            counts.into_iter().find(|(_, expected, got)| expected != got)
        {
            return Err(AnswerError::Count { what, expected, got });
        }
        let statuses = graph.statuses(&self.handed_in());
        let keeps = graph.keeps.iter().map(|&variable| (variable, graph.maker(variable)));
        let refreshes = refreshes
            .iter()
            .map(|refreshed| (graph.loads[refreshed.load].variable, Some(refreshed.step)));
        let tells = tells.iter().map(|tell| (tell.variable, Some(tell.step)));
        for ((variable, maker), kept) in keeps.chain(refreshes).chain(tells).zip(&self.kept) {
            let made = maker.is_some_and(|at| statuses[at] == Status::Completed);
            if kept.is_some() != made || kept.as_ref().is_some_and(Vec::is_empty) {
                let variable = graph.variables[variable].name.clone();
                return Err(AnswerError::Value { variable });
            }
        }
        // Nobody hands in what is handed over, so all of it is there.
        let lacks = |kept: &Option<Vec<Fingerprint>>| kept.as_ref().is_none_or(Vec::is_empty);
        if let Some(place) = self.kept.iter().skip(named).position(lacks) {
            return Err(AnswerError::Value { variable: piece_name(place) });
        }
        let reveals = graph.steps.iter().zip(statuses).filter_map(|(step, status)| {
            matches!(step.action, super::Action::Reveal { .. }).then_some(status)
        });
        for ((variable, value), status) in graph.revealed().zip(&self.revealed).zip(reveals) {
            let done = status == Status::Completed;
            if value.is_some() != done || value.is_some_and(|value| !graph.can_be(variable, &value))
            {
                let variable = graph.variables[variable].name.clone();
                return Err(AnswerError::Value { variable });
            }
        }
        Ok(())
    }
}

impl Answer<usize> {
    /// The same, and that each participant's entry is the one under that name in the manifest.
    ///
    /// # Errors
    /// Names the first rule that is broken.
    pub fn check_among(&self, question: &Question, names: &[&str]) -> Result<(), AnswerError> {
        self.check(question)?;
        let seats = question.seats(names);
        match seats.iter().zip(&self.participants).position(|(seat, told)| seat != told) {
            None => Ok(()),
            Some(at) => {
                let participant = question.awaited().get(at).cloned().unwrap_or_default();
                Err(AnswerError::Seat { participant })
            }
        }
    }
}

impl<E: Clone> Answer<E> {
    /// The same without digests of shares.
    #[must_use]
    pub fn without_digests(&self) -> Self {
        let kept = self.kept.iter().map(|kept| kept.as_ref().map(|_| Vec::new())).collect();
        Self { kept, ..self.clone() }
    }
}

impl Graph {
    /// Whether a variable can have this value.
    fn can_be(&self, variable: usize, value: &Number) -> bool {
        let variable = &self.variables[variable];
        if *value >= self.prime.number() {
            return false;
        }
        if let Kind::Public(known) = variable.kind {
            return known == *value;
        }
        match variable.range {
            // What is below 0 stands at the other end of the field.
            Range::Within { low: 0.., high } => value.small().is_some_and(|value| value <= high),
            Range::Any | Range::Wide { .. } | Range::Within { .. } => true,
        }
    }
}
