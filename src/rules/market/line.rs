//! An order in a line of text, as people type it: "buy 20@190 45@165", side first, then each step as
//! a quantity and a price.

use super::order::{Order, OrderError, Side};
use super::question::Question;
use crate::rules::written::Written;

/// Why a line is no order. Never carries a quantity or a price of it.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LineError {
    /// It does not begin with a side.
    #[error("begin with buy or sell, such as: buy 40@30")]
    Side,
    /// Something that is not a quantity at a price.
    #[error("step {step} is not written as QUANTITY@PRICE, such as 40@30")]
    Form {
        /// Which step, from 1.
        step: usize,
    },
    /// Steps that are no order.
    #[error(transparent)]
    Order(#[from] OrderError),
}

/// Read an order's line. Steps are set apart by blanks or semicolons.
///
/// # Errors
/// Names the first step that is wrong, and what to change.
pub fn read(question: &Question, text: &str) -> Result<Order, LineError> {
    let mut words = text
        .split(|character: char| character.is_whitespace() || character == ';')
        .filter(|word| !word.is_empty());
    let side = words.next().and_then(side).ok_or(LineError::Side)?;
    let steps =
        (1..).zip(words).map(|(number, word)| step(word).ok_or(LineError::Form { step: number }));
    let steps = steps.collect::<Result<Vec<_>, _>>()?;
    Ok(Order::parse(question, side, &steps)?)
}

/// "40@30": a quantity and a price, as written.
pub fn step(text: &str) -> Option<(Written, Written)> {
    let (quantity, price) = text.split_once('@')?;
    Some((Written::new(quantity), Written::new(price)))
}

/// A side by its name or the first letter of it.
fn side(word: &str) -> Option<Side> {
    [Side::Buy, Side::Sell].into_iter().find(|side| {
        word.eq_ignore_ascii_case(side.name()) || word.eq_ignore_ascii_case(&side.name()[..1])
    })
}

#[cfg(test)]
mod tests {
    use crate::rules::market::fixtures::{entry, question};
    use crate::rules::market::line::*;

    #[test]
    fn lines_of_any_common_form_are_read() {
        let bought = entry(Side::Buy, &[("40", "30"), ("100", "25")]);
        for text in ["buy 40@30 100@25", "  Buy 40@30;100@25.00 ", "b\t100@25; 40@30"] {
            assert_eq!(*read(&question(), text).unwrap().fields(&question()), bought, "{text}");
        }
        let sold = entry(Side::Sell, &[("40", "25")]);
        assert_eq!(*read(&question(), "SELL 40@25").unwrap().fields(&question()), sold);
    }

    #[test]
    fn a_wrong_line_says_what_to_change_and_repeats_nothing() {
        let said = |text: &str| read(&question(), text).map(|_| ()).unwrap_err().to_string();
        for text in ["", "40@30", "lend 40@30", "seller 40@30"] {
            assert!(said(text).starts_with("begin with buy or sell"), "{text}");
        }
        assert!(said("buy").contains("at least one step"));
        assert!(said("buy 40@30 777").starts_with("step 2 is not written as QUANTITY@PRICE"));
        assert!(!said("buy 40@30 777").contains("777"));
        assert!(said("buy 40@30 30@25").starts_with("who buys takes more the lower the price"));
        assert!(said("sell 40@77").contains("the price is outside the market's"));
        assert!(said("buy x@30").starts_with("the quantity of step 1"));
    }
}
