//! What a market's terms mean for whoever takes part, in words that screens and command line share.

use super::order::{Order, Side};
use super::question::{Question, Told};

impl Question {
    /// What becomes public, in one line.
    pub const fn becomes_public(&self) -> &'static str {
        match self.quantities {
            Told::Own => "the price, and demand and supply at it; each learns the own quantity",
            Told::Operator(_) => {
                "the price, and demand and supply at it; each learns the own quantity, and the \
                 operator everybody's"
            }
            Told::Everyone => "the price, demand and supply at it, and how much each trades",
        }
    }

    /// Who reads everybody's quantity besides, in one line, where somebody does.
    pub fn told_besides(&self) -> Option<String> {
        let key = self.disclosed_to()?.fingerprint();
        Some(format!("the operator reads how much each trades, with the key {key}"))
    }

    /// The grid in words: "10.00 EUR to 50.00 EUR in steps of 0.50 EUR, 81 prices".
    pub fn prices_line(&self) -> String {
        let show = |price| self.currency.show(price);
        let (grid, prices) = (self.grid, self.grid.prices());
        format!(
            "{} to {} in steps of {}, {prices} prices",
            show(grid.from),
            show(grid.to),
            show(grid.step)
        )
    }

    /// What the longer side gets, in one line.
    pub const fn rationing_line(&self) -> &'static str {
        "who offers more than is bought sells in proportion, rounded down; the rest goes to the \
         earliest"
    }

    /// An order in a sentence for whoever is about to hand it in: "You buy up to 40 t at 30.00 EUR
    /// or less."
    pub fn order_sentence(&self, order: &Order) -> String {
        let (verb, better) = match order.side() {
            Side::Buy => ("buy", "less"),
            Side::Sell => ("sell", "more"),
        };
        let up_to = |step: &super::order::Step| {
            let (quantity, price) =
                (self.show_quantity(step.quantity), self.grid.price(step.price));
            format!("up to {quantity} at {} or {better}", self.currency.show(price))
        };
        let steps: Vec<_> = order.steps().collect();
        match &steps[..] {
            [] => format!("You {verb} nothing."),
            [only] => format!("You {verb} {}.", up_to(only)),
            [first, last] => format!("You {verb} {}, {}.", up_to(first), up_to(last)),
            [first, .., last] => {
                format!("You {verb} {}, step by step {}.", up_to(first), up_to(last))
            }
        }
    }

    /// What an order trades at which prices, in pairs of few columns: "165.50 to 190.00" and "20 t".
    pub fn order_rows(&self, order: &Order) -> Vec<(String, String)> {
        let plain = |price| self.currency.plain(self.grid.price(price));
        let row = |(low, high, quantity)| {
            let prices =
                if low == high { plain(low) } else { format!("{} to {}", plain(low), plain(high)) };
            (prices, self.show_quantity(quantity))
        };
        self.ranges(order).into_iter().map(row).collect()
    }

    /// From which price to which one each step's quantity is traded, by their numbers.
    fn ranges(&self, order: &Order) -> Vec<(usize, usize, u64)> {
        let top = self.grid.prices().saturating_sub(1);
        let steps: Vec<_> = order.steps().collect();
        let range = |(at, step): (usize, &super::order::Step)| {
            let next = steps.get(at + 1).map(|next| next.price);
            // The prices from this step's on, up to the one where more is traded.
            let (low, high) = match order.side() {
                Side::Buy => (next.map_or(0, |next| next + 1), step.price),
                Side::Sell => (step.price, next.map_or(top, |next| next.saturating_sub(1))),
            };
            (low, high, step.quantity)
        };
        steps.iter().enumerate().map(range).collect()
    }

    /// An order in lines for whoever is about to hand it in: what it means at which prices.
    pub fn order_lines(&self, order: &Order) -> Vec<String> {
        let top = self.grid.prices().saturating_sub(1);
        let steps: Vec<_> = order.steps().collect();
        let line = |(low, high, quantity)| {
            let show = |price| self.currency.show(self.grid.price(price));
            let prices = if low == high {
                format!("at {}", show(low))
            } else {
                format!("from {} to {}", show(low), show(high))
            };
            format!("{} {prices}: {}", order.side(), self.show_quantity(quantity))
        };
        let mut lines: Vec<String> = self.ranges(order).into_iter().map(line).collect();
        let show = |price| self.currency.show(self.grid.price(price));
        match (order.side(), steps.first()) {
            (Side::Buy, Some(step)) if step.price < top => {
                lines.insert(0, format!("above {}: nothing", show(step.price)));
            }
            (Side::Sell, Some(step)) if step.price > 0 => {
                lines.insert(0, format!("below {}: nothing", show(step.price)));
            }
            _ => {}
        }
        lines
    }
}
