use proptest::prelude::*;

use crate::rules::market::fixtures::{entry, question};
use crate::rules::market::order::Side::{Buy, Sell};
use crate::rules::market::question::Question;
use crate::rules::market::reference::*;

fn answered(question: &Question, entries: &[Vec<u64>]) -> Answer<usize> {
    let entries: Vec<&[u64]> = entries.iter().map(Vec::as_slice).collect();
    let answer = answer(question, &entries);
    assert_eq!(answer.check(question, entries.len()), Ok(()));
    answer
}

/// Price, demand and supply, and what each buys, or sells where it is below 0.
fn known(entries: &[Vec<u64>]) -> (Option<(u64, u64, u64)>, Vec<i64>) {
    let answer = answered(&question(), entries);
    let clearing =
        answer.clearing.map(|clearing| (clearing.price, clearing.demand, clearing.supply));
    (clearing, quantities(&answer))
}

fn quantities(answer: &Answer<usize>) -> Vec<i64> {
    let quantity = |trade: &Trade<usize>| match trade.quantity {
        Quantity::Open(quantity) => quantity,
        Quantity::Sealed(_) => panic!("the reference tells everything"),
    };
    answer.trades.iter().map(quantity).collect()
}

#[test]
fn known_answers() {
    // One buyer, one seller: the lowest price at which the seller gives as much.
    let buyer = entry(Buy, &[("10", "30")]);
    assert_eq!(
        known(&[buyer.clone(), entry(Sell, &[("10", "24")])]),
        (Some((2_400, 10, 10)), vec![10, -10])
    );
    // Supply is longer: in proportion, rounded down, the rest to the earliest.
    let three = [("10", "24")];
    let (clearing, sold) =
        known(&[entry(Sell, &three), buyer.clone(), entry(Sell, &three), entry(Sell, &three)]);
    assert_eq!(clearing, Some((2_400, 10, 30)));
    assert_eq!(sold, [-4, 10, -3, -3]);
    // More is bought at a lower price, and supply rises with it.
    let market = [
        entry(Buy, &[("40", "30"), ("100", "25")]),
        entry(Sell, &[("30", "22"), ("70", "26")]),
        entry(Sell, &[("20", "20"), ("50", "28")]),
    ];
    assert_eq!(known(&market), (Some((2_600, 40, 90)), vec![40, -32, -8]));
}

#[test]
fn without_enough_supply_there_is_no_price() {
    assert_eq!(known(&[]), (None, vec![]));
    assert_eq!(known(&[entry(Buy, &[("10", "30")])]), (None, vec![]));
    let short = [entry(Buy, &[("10", "30")]), entry(Sell, &[("9", "20")])];
    assert_eq!(known(&short), (None, vec![]));
    // Where nobody buys, supply is no less at the lowest price; nothing is traded.
    assert_eq!(known(&[entry(Sell, &[("9", "25")])]), (Some((2_000, 0, 0)), vec![]));
    // Nobody gives as little as is asked for: the price at which nobody buys any more.
    let apart = [entry(Buy, &[("5", "22")]), entry(Sell, &[("5", "29")])];
    assert_eq!(known(&apart), (Some((2_300, 0, 0)), vec![]));
}

#[test]
fn an_entry_may_buy_at_low_prices_and_sell_at_high_ones() {
    let both = entry(Buy, &[("6", "22")]);
    let sells = entry(Sell, &[("9", "27")]);
    let trader: Vec<u64> = both.iter().zip(&sells).map(|(one, other)| one + other).collect();
    let buyer = entry(Buy, &[("9", "28")]);
    assert_eq!(known(&[trader.clone(), buyer]), (Some((2_700, 9, 9)), vec![-9, 9]));
    let seller = entry(Sell, &[("8", "21")]);
    assert_eq!(known(&[trader, seller]), (Some((2_100, 6, 8)), vec![6, -6]));
}

#[test]
fn the_earlier_get_the_rest() {
    assert_eq!(ration(Rationing::Proportional, &[1, 0, 1, 1], 2), [1, 0, 1, 0]);
    assert_eq!(ration(Rationing::Proportional, &[5, 5], 10), [5, 5]);
    assert_eq!(ration(Rationing::Proportional, &[0, 0], 0), [0, 0]);
    let large = u64::from(u32::MAX) << 10;
    assert_eq!(
        ration(Rationing::Proportional, &[large, large, 1], large),
        [large / 2, large / 2, 0]
    );
}

/// Any fields at all are an entry: small ones, so that prices and quantities meet.
fn any_entries() -> impl Strategy<Value = Vec<Vec<u64>>> {
    let field = prop_oneof![4 => Just(0), 2 => 0..4_u64, 1 => 0..200_u64];
    let last = prop_oneof![2 => Just(0), 2 => 0..20_u64, 1 => 0..1_000_u64];
    let entry = (prop::collection::vec(field, 11), last).prop_map(|(mut fields, last)| {
        fields.push(last);
        fields
    });
    prop::collection::vec(entry, 0..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_is_bought_is_sold_and_nobody_trades_against_the_own_curve(entries in any_entries()) {
        let question = question();
        let answer = answered(&question, &entries);
        let curves: Vec<Curve> = entries.iter().map(|fields| Curve::of(fields)).collect();
        let total = |price, of: fn(&Curve, usize) -> u64| -> u64 {
            curves.iter().map(|curve| of(curve, price)).sum()
        };
        let Some(clearing) = answer.clearing else {
            prop_assert!(answer.trades.is_empty());
            // Never enough, at no price.
            let enough = |price| total(price, Curve::sold) >= total(price, Curve::bought);
            prop_assert!(entries.is_empty() || !(0..11).any(enough));
            return Ok(());
        };
        let price = question.grid.number(clearing.price).unwrap();
        prop_assert_eq!(clearing.demand, total(price, Curve::bought));
        prop_assert_eq!(clearing.supply, total(price, Curve::sold));
        prop_assert!(clearing.supply >= clearing.demand);
        for lower in 0..price {
            prop_assert!(total(lower, Curve::sold) < total(lower, Curve::bought));
        }
        let quantities = quantities(&answer);
        if clearing.demand == 0 {
            prop_assert!(quantities.is_empty());
            return Ok(());
        }
        prop_assert_eq!(quantities.iter().sum::<i64>(), 0);
        for (quantity, curve) in quantities.iter().zip(&curves) {
            let net = curve.net(price);
            if net > 0 {
                // Who buys gets all that it wants at this price, no more and no less.
                prop_assert_eq!(*quantity, net);
            } else {
                prop_assert!(net <= *quantity && *quantity <= 0);
            }
        }
        // Nobody who offers as much sells less for coming earlier, nor two less for coming later.
        for (one, other) in (0..curves.len()).flat_map(|a| (a + 1..curves.len()).map(move |b| (a, b))) {
            if curves[one].sold(price) > 0 && curves[one].net(price) == curves[other].net(price) {
                prop_assert!((0..=1).contains(&(quantities[other] - quantities[one])));
            }
        }
    }

    #[test]
    fn shares_are_proportions_rounded_down_or_one_more(
        wanted in prop::collection::vec(0..5_000_u64, 1..40),
        part in 0..=1_000_u64,
    ) {
        let all: u64 = wanted.iter().sum();
        let available = all * part / 1_000;
        let served = ration(Rationing::Proportional, &wanted, available);
        prop_assert_eq!(served.iter().sum::<u64>(), available);
        for (served, wanted) in served.iter().zip(&wanted) {
            prop_assert!(served <= wanted);
            let exact = u128::from(*wanted) * u128::from(available);
            let down = exact.checked_div(u128::from(all)).unwrap_or(0);
            prop_assert!((down..=down + 1).contains(&u128::from(*served)));
        }
    }

    #[test]
    fn a_curve_never_rises_with_the_price(entries in any_entries()) {
        for fields in entries {
            let curve = Curve::of(&fields);
            prop_assert!((1..11).all(|price| curve.net(price) <= curve.net(price - 1)));
        }
    }
}
