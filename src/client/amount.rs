//! What can be said of an amount, of an order, or of values for a job, before it is handed in, alike
//! on screens and command line.

use super::split::{BidAmount, EntryValues};
use crate::base::text::clean;
use crate::rules::Terms;
use crate::rules::money::AmountError;
use crate::rules::question::LineError;

/// Why typed text is no entry. Never carries the text.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TypedError {
    /// No amount.
    #[error(transparent)]
    Amount(#[from] AmountError),
    /// No order, or not the values of a job.
    #[error(transparent)]
    Line(#[from] LineError),
}

/// The entry that a typed text makes: an amount, in a market an order in a line, in a job all
/// values with their variables.
///
/// # Errors
/// Says what to change.
pub fn entry(text: &str, terms: &Terms) -> Result<EntryValues, TypedError> {
    match terms.question.read_line(text) {
        Some(fields) => Ok(fields?.into()),
        None => Ok(BidAmount::parse(text, &terms.question.unit())?.into()),
    }
}

/// Whether what is typed can be handed in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Check {
    /// Nothing typed yet.
    Empty,
    /// It can be handed in; a remark where it is unlikely to be meant.
    Fine(Option<String>),
    /// It cannot, and why. Never repeats the amount.
    Wrong(String),
}

/// Check an amount as typed, in a market an order.
pub fn check(text: &str, terms: &Terms) -> Check {
    if text.trim().is_empty() {
        return Check::Empty;
    }
    let question = &terms.question;
    if let Some(fields) = question.read_line(text) {
        return match fields {
            Ok(_) => Check::Fine(None),
            Err(error) => Check::Wrong(clean(&error.to_string()).to_string()),
        };
    }
    let maximum = question.maximum();
    match question.unit().parse(text) {
        Err(error) => Check::Wrong(error.to_string()),
        Ok(amount) if amount > maximum => {
            Check::Wrong(format!("above the maximum of {}", clean(&question.show(maximum))))
        }
        Ok(amount) => Check::Fine(question.remark(amount).map(|words| clean(&words).to_string())),
    }
}
