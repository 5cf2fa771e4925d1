//! The reference in the clear that the protocols are tested against: a few obvious lines.

use super::answer::{Answer, Clearing, Quantity, Trade};
use super::curve::Curve;
use super::question::{Question, Rationing};

/// Clear a market of entries in the order of arrival.
///
/// The clearing price is the lowest at which supply is at least demand. There, who buys gets what
/// it would buy, and who sells is served by the rule of the terms, supply being the longer side.
/// Where supply never reaches demand, and where nobody handed anything in, there is no price and no
/// trade. Quantities are told openly here, whoever is told of them.
pub fn answer(question: &Question, entries: &[&[u64]]) -> Answer<usize> {
    let curves: Vec<Curve> = entries.iter().map(|fields| Curve::of(fields)).collect();
    let cleared = (0..question.grid.prices()).find_map(|price| {
        let demand: u64 = curves.iter().map(|curve| curve.bought(price)).sum();
        let supply: u64 = curves.iter().map(|curve| curve.sold(price)).sum();
        (supply >= demand).then_some((price, demand, supply))
    });
    let Some((price, demand, supply)) = cleared.filter(|_| !curves.is_empty()) else {
        return Answer { clearing: None, trades: Vec::new() };
    };
    let clearing = Clearing { price: question.grid.price(price), demand, supply };
    if demand == 0 {
        return Answer { clearing: Some(clearing), trades: Vec::new() };
    }
    let offers: Vec<u64> = curves.iter().map(|curve| curve.sold(price)).collect();
    let sold = ration(question.rationing, &offers, demand);
    let quantity = |(curve, sold): (&Curve, u64)| {
        let signed = |value| i64::try_from(value).unwrap_or(i64::MAX);
        Quantity::Open(signed(curve.bought(price)) - signed(sold))
    };
    let quantities = curves.iter().zip(sold).map(quantity);
    let trades = quantities.enumerate().map(|(entry, quantity)| Trade { entry, quantity });
    Answer { clearing: Some(clearing), trades: trades.collect() }
}

/// What each of the longer side trades, given what each would and how much there is in all for
/// them, which is no more than that.
pub fn ration(rule: Rationing, wanted: &[u64], available: u64) -> Vec<u64> {
    let Rationing::Proportional = rule;
    let all: u128 = wanted.iter().copied().map(u128::from).sum();
    let share = |&wanted: &u64| {
        let share = (u128::from(wanted) * u128::from(available)).checked_div(all).unwrap_or(0);
        u64::try_from(share).unwrap_or(wanted)
    };
    let mut served: Vec<u64> = wanted.iter().map(share).collect();
    let mut left = available.saturating_sub(served.iter().sum());
    for (served, wanted) in served.iter_mut().zip(wanted) {
        if left > 0 && *served < *wanted {
            *served += 1;
            left -= 1;
        }
    }
    served
}

#[cfg(test)]
#[path = "reference_tests.rs"]
mod tests;
