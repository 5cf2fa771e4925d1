//! What can be said of an amount while it is typed.

use crate::base::text::clean;
use crate::rules::Terms;

/// Whether an amount can be handed in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Check {
    /// Nothing typed yet.
    Empty,
    /// It can be handed in; a remark where it is unlikely to be meant.
    Fine(Option<String>),
    /// It cannot, and why. Never repeats the amount.
    Wrong(String),
}

/// Check an amount as typed.
pub fn check(text: &str, terms: &Terms) -> Check {
    if text.trim().is_empty() {
        return Check::Empty;
    }
    let show = |amount| clean(&terms.question.show(amount));
    let maximum = terms.question.maximum();
    let auction = terms.question.as_auction();
    match terms.question.unit().parse(text) {
        Err(error) => Check::Wrong(error.to_string()),
        Ok(amount) if amount > maximum => {
            Check::Wrong(format!("above the maximum of {}", show(maximum)))
        }
        Ok(amount) => match auction.and_then(|auction| Some((auction.kind, auction.reserve?))) {
            Some((kind, reserve)) if kind.is_reverse() && amount > reserve => {
                Check::Fine(Some(format!("above the ceiling of {}: it cannot win", show(reserve))))
            }
            Some((kind, reserve)) if !kind.is_reverse() && amount < reserve => {
                Check::Fine(Some(format!("below the reserve of {}: it cannot win", show(reserve))))
            }
            _ => Check::Fine(None),
        },
    }
}
