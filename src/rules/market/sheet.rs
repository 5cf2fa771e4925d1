//! An order as a table: a line for each step, with side, quantity and price.
//!
//! Columns are set apart by commas, semicolons or tabs, alike in the whole table; quotes around a
//! value are taken off, and so is the mark that some programs put before a text. A first line without
//! digits is a heading. Empty lines count for nothing.

use super::order::{Order, OrderError, Side};
use super::question::Question;
use crate::rules::written::Written;

/// Why a table is no order. Never carries a value of it, as it may be somebody's order.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SheetError {
    /// Too few columns, or too many.
    #[error("line {line} has {got} columns; a step has three: side, quantity, price")]
    Columns {
        /// Which line, from 1.
        line: usize,
        /// Its columns.
        got: usize,
    },
    /// Neither buy nor sell.
    #[error("line {line}: the side is buy or sell")]
    Side {
        /// Which line, from 1.
        line: usize,
    },
    /// Both.
    #[error("line {line} is of the other side; an order buys or sells")]
    Sides {
        /// Which line, from 1.
        line: usize,
    },
    /// Steps that are no order.
    #[error(transparent)]
    Order(#[from] OrderError),
}

/// Read an order's table.
///
/// # Errors
/// Names the first line or step that is wrong.
pub fn read(question: &Question, text: &str) -> Result<Order, SheetError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (mut side, mut steps) = (None, Vec::new());
    let lines = (1..).zip(text.lines()).filter(|(_, text)| !text.trim().is_empty());
    for (at, (line, text)) in lines.enumerate() {
        if at == 0 && !text.contains(|character: char| character.is_ascii_digit()) {
            continue;
        }
        let between = [';', '\t'].into_iter().find(|&mark| text.contains(mark)).unwrap_or(',');
        let columns: Vec<&str> =
            text.split(between).map(|value| value.trim().trim_matches('"').trim()).collect();
        let [of, quantity, price] = columns[..] else {
            return Err(SheetError::Columns { line, got: columns.len() });
        };
        let of = [Side::Buy, Side::Sell].into_iter().find(|own| own.name() == of.to_lowercase());
        let of = of.ok_or(SheetError::Side { line })?;
        if side.replace(of).is_some_and(|before| before != of) {
            return Err(SheetError::Sides { line });
        }
        steps.push((Written::new(quantity), Written::new(price)));
    }
    Ok(Order::parse(question, side.unwrap_or(Side::Buy), &steps)?)
}

#[cfg(test)]
mod tests {
    use crate::rules::market::fixtures::{entry, question};
    use crate::rules::market::order::Side::Buy;
    use crate::rules::market::sheet::*;

    #[test]
    fn tables_of_any_common_form_are_read() {
        let expected = entry(Buy, &[("40", "30"), ("1 000", "25")]);
        for text in [
            "side,quantity,price\nbuy,40,30\nbuy,1 000,25.00\n",
            "buy;40;30\r\n\r\nbuy;1000;25\r\n",
            "\"Buy\"\t\"40\"\t\"30 EUR\"\nBUY\t1000 t\t25",
            "\u{feff}buy,40,30\nbuy,1000,25",
        ] {
            let order = read(&question(), text).unwrap();
            assert_eq!(*order.fields(&question()), expected, "{text}");
        }
    }

    #[test]
    fn a_wrong_table_names_its_line() {
        let said = |text: &str| read(&question(), text).map(|_| ()).unwrap_err().to_string();
        assert!(said("").contains("at least one step"));
        assert!(said("side,quantity,price\n").contains("at least one step"));
        assert_eq!(
            said("side,quantity,price\n\nbuy,40\n"),
            "line 3 has 2 columns; a step has three: side, quantity, price"
        );
        assert_eq!(said("lend,4,25"), "line 1: the side is buy or sell");
        assert!(said("buy,4,25\nsell,5,26").starts_with("line 2 is of the other side"));
        assert!(said("buy,=4+5,25").starts_with("the quantity of step 1: an amount is written in"));
        assert!(said("buy,4,cheap").starts_with("the price of step 1"));
        // A column is missing from the whole table, or one too many is there.
        assert!(said("quantity,price\n40,30\n").starts_with("line 2 has 2 columns"));
        assert!(
            said("side,quantity,price,note\nbuy,40,30,soon").starts_with("line 2 has 4 columns")
        );
        // Commas in numbers, amounts with text in them, dates.
        assert!(said("buy;40;29,50").contains("without commas"));
        assert!(said("buy,forty,30").starts_with("the quantity of step 1"));
        assert!(said("buy,70000,30").contains("is above the largest of this market"));
        assert!(said("buy,40,35").contains("is outside the market's, which go from"));
        assert!(said("buy,40,20.50").contains("lies between two of the market's"));
        // Ten thousand rows, and twice the same.
        let rows = "buy,1,30\n".repeat(10_000);
        assert_eq!(said(&rows), "an order has at most 1000 steps");
        assert!(said("buy,1,30\nbuy,2,30").starts_with("steps 1 and 2 have the same price"));
    }
}
