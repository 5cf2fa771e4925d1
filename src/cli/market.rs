//! What a market decided: in words for people, and as scripts read it.

use serde_json::{Map, Value, json};

use super::output::{Table, clean, count, strong};
use crate::rules::market::{Clearing, Quantity, Question, Trade};
use crate::rules::{Answer, Terms, market};
use crate::session::outcome::Entrant;

/// Most participants whose quantities are listed for people.
const LISTED: usize = 40;

/// A market's answer, with its question.
pub struct Cleared<'a> {
    market: &'a Question,
    answer: &'a market::Answer<Entrant>,
}

impl<'a> Cleared<'a> {
    /// Of an answer; none of another kind's.
    pub fn of(terms: &'a Terms, answer: &'a Answer<Entrant>) -> Option<Self> {
        Some(Self { market: terms.question.as_market()?, answer: answer.as_market()? })
    }

    fn price(&self, price: u64) -> String {
        clean(&self.market.currency.show(price).to_string())
    }

    fn quantity(&self, quantity: u64) -> String {
        clean(&self.market.show_quantity(quantity))
    }

    /// In one line.
    pub fn line(&self) -> String {
        let Some(Clearing { price, demand, supply }) = self.answer.clearing else {
            return strong("No price: at none does supply reach demand.");
        };
        let price = strong(self.price(price));
        if demand == 0 {
            return format!("Cleared at {price}, where nobody buys: nothing is traded");
        }
        let (demand, supply) = (self.quantity(demand), self.quantity(supply));
        format!("Cleared at {price}: {} bought and sold, of {supply} offered", strong(demand))
    }

    /// With a row for each participant, where their quantities are open.
    pub fn text(&self) -> String {
        let open = |trade: &'a Trade<Entrant>| match trade.quantity {
            Quantity::Open(quantity) => Some((trade.entry.bidder.as_str(), quantity)),
            Quantity::Sealed(_) => None,
        };
        self.table(self.answer.trades.iter().filter_map(open), LISTED)
    }

    /// With a row for each of these participants who trades, up to so many.
    pub fn table<'t>(
        &self,
        traded: impl IntoIterator<Item = (&'t str, i64)>,
        most: usize,
    ) -> String {
        let mut table = Table::new(&["participant", ">buys", ">sells"]);
        let mut rows = 0;
        for (bidder, quantity) in traded {
            let shown = self.quantity(quantity.unsigned_abs());
            let (buys, sells) = match quantity {
                0 => continue,
                1.. => (shown, String::new()),
                ..0 => (String::new(), shown),
            };
            rows += 1;
            if rows <= most {
                table.row([bidder.to_owned(), buys, sells]);
            }
        }
        if rows == 0 {
            return self.line();
        }
        let table = table.to_string();
        let table = table.lines().collect::<Vec<_>>().join("\n  ");
        let more = rows.saturating_sub(most);
        let more = match more {
            0 => String::new(),
            more => format!("\n  and {} more", count(more as u64)),
        };
        format!("{}\n  {table}{more}", self.line())
    }

    /// In a few words.
    pub fn short(&self) -> String {
        match self.answer.clearing {
            None => "no price".to_owned(),
            Some(Clearing { price, .. }) => {
                format!("{} at {}", self.quantity(self.answer.traded()), self.price(price))
            }
        }
    }

    /// What scripts read: price, what is traded, demand and supply; and the quantities by name,
    /// where they are open.
    pub fn json(&self) -> Value {
        let clearing = self.answer.clearing;
        let traded = self.answer.traded();
        let mut shown = json!({
            "price": clearing.map(|clearing| clearing.price),
            "bought": traded,
            "sold": traded,
            "demand": clearing.map(|clearing| clearing.demand),
            "supply": clearing.map(|clearing| clearing.supply),
        });
        let open = |trade: &Trade<Entrant>| match trade.quantity {
            Quantity::Open(quantity) => Some((trade.entry.bidder.clone(), json!(quantity))),
            Quantity::Sealed(_) => None,
        };
        let open: Map<String, Value> = self.answer.trades.iter().filter_map(open).collect();
        if !open.is_empty() {
            shown["quantities"] = Value::Object(open);
        }
        shown
    }

    /// The clearing price, in smallest units.
    pub fn price_opened(&self) -> Option<u64> {
        self.answer.clearing.map(|clearing| clearing.price)
    }

    /// What one participant trades, given what it alone was told.
    pub fn own(&self, told: Option<u64>, is_own: impl Fn(&Entrant) -> bool) -> Option<i64> {
        self.answer.quantity_of(self.market, told, is_own)
    }

    /// What one participant trades, in words: "You sell 12 t at 26.00 EUR".
    pub fn own_line(&self, quantity: i64) -> String {
        let at = match self.answer.clearing {
            Some(Clearing { price, .. }) => format!(" at {}", self.price(price)),
            None => String::new(),
        };
        let amount = strong(self.quantity(quantity.unsigned_abs()));
        match quantity {
            0 => format!("You trade nothing{at}"),
            1.. => format!("You buy {amount}{at}"),
            ..0 => format!("You sell {amount}{at}"),
        }
    }
}

/// What was opened of the orders.
pub const fn opened(market: &Question) -> &'static str {
    match market.quantities {
        market::question::Told::Own | market::question::Told::Operator(_) => {
            "price, demand and supply"
        }
        market::question::Told::Everyone => "price, demand, supply and quantities",
    }
}
