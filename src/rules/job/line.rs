//! What somebody hands in for a job as a line of text: "income = 3200, debts = 410".

use zeroize::Zeroizing;

use super::number::{Number, NumberError};
use super::question::Question;

/// Why a line is not what a participant hands in. Never carries a value.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LineError {
    /// No name with a value.
    #[error("write each value with its variable, such as \"x = 4, y = 5\"")]
    Malformed,
    /// A variable that nobody hands in.
    #[error("nobody hands in {variable:?} here")]
    Unknown {
        /// As written.
        variable: String,
    },
    /// Values of several participants.
    #[error("{variable:?} is handed in by {participant:?}, not with the others")]
    Others {
        /// The variable.
        variable: String,
        /// Whose it is.
        participant: String,
    },
    /// A variable with two values.
    #[error("{variable:?} has two values")]
    Twice {
        /// The variable.
        variable: String,
    },
    /// A variable without one.
    #[error("{variable:?} has no value yet")]
    Missing {
        /// The variable.
        variable: String,
    },
    /// A value that is no number.
    #[error("the value of {variable:?}: {error}")]
    Number {
        /// The variable.
        variable: String,
        /// What is wrong.
        error: NumberError,
    },
    /// A value that is too large.
    #[error("the value of {variable:?} does not fit: it is to be {fits}")]
    TooLarge {
        /// The variable.
        variable: String,
        /// What would fit.
        fits: String,
    },
}

/// The fields of the entry that a line makes: all values of one participant, in any order.
///
/// # Errors
/// Says what to change.
pub fn read(question: &Question, text: &str) -> Result<Zeroizing<Vec<u64>>, LineError> {
    let graph = question.graph().map_err(|_| LineError::Malformed)?;
    let name_of = |input: usize| graph.variables[graph.inputs[input].variable].name.clone();
    let mut values = Zeroizing::new(vec![None; graph.inputs.len()]);
    let mut own = None;
    for part in text.split(',') {
        let (name, value) = part.rsplit_once('=').ok_or(LineError::Malformed)?;
        let variable = name.trim().to_owned();
        let input = (0..graph.inputs.len()).find(|&input| name_of(input) == variable);
        let Some(input) = input else { return Err(LineError::Unknown { variable }) };
        let participant = graph.inputs[input].participant;
        if *own.get_or_insert(participant) != participant {
            let participant = graph.participants[participant].clone();
            return Err(LineError::Others { variable, participant });
        }
        let value = Number::parse(value);
        let value =
            value.map_err(|error| LineError::Number { variable: variable.clone(), error })?;
        graph
            .check_value(&graph.inputs[input], &value)
            .map_err(|unfit| LineError::TooLarge { variable: variable.clone(), fits: unfit.0 })?;
        if values[input].replace(value).is_some() {
            return Err(LineError::Twice { variable });
        }
    }
    let participant = own.ok_or(LineError::Malformed)?;
    let mut all = Zeroizing::new(Vec::with_capacity(graph.inputs.len()));
    for (at, input) in graph.inputs.iter().enumerate() {
        if input.participant == participant {
            let missing = || LineError::Missing { variable: name_of(at) };
            all.push(values[at].ok_or_else(missing)?);
        }
    }
    Ok(graph.entry(participant, &all))
}

#[cfg(test)]
mod tests {
    use crate::rules::job::line::*;
    use crate::rules::job::{Given, Operation, Prime, Step};

    fn question() -> Question {
        let handed = [("a", "ada", 8), ("b", "ben", 8), ("c", "ada", 61)];
        let step = |(name, by, bits): (&str, &str, u32)| Step {
            id: name.to_owned(),
            operation: Operation::Assign {
                variable: name.to_owned(),
                given: Given::Handed { by: by.to_owned(), private: false, bits: Some(bits) },
            },
            after: Vec::new(),
        };
        Question::new(Prime::Mersenne127, handed.map(step).to_vec())
    }

    #[test]
    fn a_line_has_all_values_of_one_participant() {
        let question = question();
        assert_eq!(read(&question, "c = 1152921504606846977, a=7").unwrap()[..], [7, 1, 1]);
        assert_eq!(read(&question, " b = 255 ").unwrap()[..], [255, 0, 0]);
        let error = |text: &str| read(&question, text).unwrap_err().to_string();
        assert_eq!(error("a = 7"), "\"c\" has no value yet");
        assert_eq!(error("a = 7, b = 1"), "\"b\" is handed in by \"ben\", not with the others");
        assert_eq!(error("b = 1, b = 2"), "\"b\" has two values");
        assert_eq!(error("d = 1"), "nobody hands in \"d\" here");
        assert_eq!(error("b = 256"), "the value of \"b\" does not fit: it is to be below 2^8");
        assert!(error("b = -1").starts_with("the value of \"b\": a number is written in"));
        assert!(error("12").starts_with("write each value with its variable"));
        assert!(error("").starts_with("write each value with its variable"));
    }
}
