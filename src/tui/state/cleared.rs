//! What came of a market, as far as everybody may see it, in the words that screens share.

use crate::base::text::{Clean, clean};
use crate::identity::Digest;
use crate::rules::market::{Clearing, Quantity, Question};
use crate::rules::{Answer, Terms};
use crate::session::outcome::Entrant;

/// What a market decided.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cleared {
    /// Where supply reaches demand; none where it never does.
    pub clearing: Option<Clearing>,
    /// Who trades how much, where everyone is told: only those who trade, in the order of arrival.
    pub traders: Vec<Trader>,
}

/// How much somebody trades, where everyone is told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trader {
    /// The name that the order was made under.
    pub name: Clean,
    /// The order's envelope.
    pub envelope: Digest,
    /// In smallest units: above 0 bought, below 0 sold.
    pub quantity: i64,
}

impl Cleared {
    /// Of an answer; none of another kind's.
    pub fn of(terms: &Terms, answer: &Answer<Entrant>) -> Option<Self> {
        terms.question.as_market()?;
        let answer = answer.as_market()?;
        let open = answer.trades.iter().filter_map(|trade| match trade.quantity {
            Quantity::Open(0) | Quantity::Sealed(_) => None,
            Quantity::Open(quantity) => Some(Trader {
                name: clean(&trade.entry.bidder),
                envelope: trade.entry.envelope,
                quantity,
            }),
        });
        Some(Self { clearing: answer.clearing, traders: open.collect() })
    }

    /// How much changes hands.
    pub fn traded(&self) -> u64 {
        self.clearing.map_or(0, |clearing| clearing.demand)
    }

    /// In a few words: "40 t at 30.00 EUR".
    pub fn short(&self, market: &Question) -> String {
        match self.clearing {
            None => "no price".to_owned(),
            Some(Clearing { price, demand: 0, .. }) => {
                format!("no trade at {}", money(market, price))
            }
            Some(Clearing { price, demand, .. }) => {
                format!("{} at {}", quantity(market, demand), money(market, price))
            }
        }
    }

    /// In a sentence without its full stop.
    pub fn line(&self, market: &Question) -> String {
        match self.clearing {
            None => "no price: at none does supply reach demand".to_owned(),
            Some(Clearing { price, demand: 0, .. }) => {
                format!("cleared at {}, where nobody buys", money(market, price))
            }
            Some(Clearing { price, demand, supply }) => format!(
                "cleared at {}: {} bought and sold, of {} offered",
                money(market, price),
                quantity(market, demand),
                quantity(market, supply)
            ),
        }
    }
}

/// How much one participant trades, in words: "buy 20 t".
pub fn trade(market: &Question, traded: i64) -> String {
    let amount = quantity(market, traded.unsigned_abs());
    match traded {
        0 => "trade nothing".to_owned(),
        1.. => format!("buy {amount}"),
        ..0 => format!("sell {amount}"),
    }
}

/// A price as shown.
pub fn money(market: &Question, price: u64) -> Clean {
    clean(&market.currency.show(price).to_string())
}

/// A quantity as shown.
pub fn quantity(market: &Question, quantity: u64) -> Clean {
    clean(&market.show_quantity(quantity))
}
