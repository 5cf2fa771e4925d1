//! What can be said of an amount before it is handed in, alike on screens and command line.

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
    let question = &terms.question;
    let maximum = question.maximum();
    match question.unit().parse(text) {
        Err(error) => Check::Wrong(error.to_string()),
        Ok(amount) if amount > maximum => {
            Check::Wrong(format!("above the maximum of {}", clean(&question.show(maximum))))
        }
        Ok(amount) => Check::Fine(question.remark(amount).map(|words| clean(&words).to_string())),
    }
}
