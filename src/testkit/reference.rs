//! Plain twins of the protocols, and inputs to try them on.

use rand::RngExt as _;
use rand::rngs::StdRng;

use crate::base::Timestamp;
use crate::rules::Limits;
use crate::rules::auction::Kind;
use crate::rules::terms::Admission;
use crate::rules::{Currency, Terms, auction};
use crate::runs::Computed;
use crate::sharing::form::Form;
use crate::sharing::security::Security;
use crate::sharing::seed::mask;

/// The index of the largest, the first of equals.
pub fn maximum(values: &[u64]) -> usize {
    (0..values.len()).rev().max_by_key(|&at| values[at]).expect("at least one value")
}

/// The largest of all but one.
pub fn second(values: &[u64], winner: usize) -> u64 {
    let others = values.iter().enumerate().filter(|&(at, _)| at != winner);
    others.map(|(_, &value)| value).max().expect("at least two values")
}

/// Whether two numbers are equal.
pub const fn equal(x: u64, y: u64) -> bool {
    x == y
}

/// The product of two numbers.
pub fn product(x: u64, y: u64) -> u128 {
    u128::from(x) * u128::from(y)
}

/// The square of a number of up to 64 bits.
pub const fn square(x: u128) -> u128 {
    x * x
}

/// A value that protocols get wrong if they get any wrong: the ends, a neighbour of another value,
/// a power of two and its neighbours, or any.
pub fn awkward(rng: &mut StdRng, bits: u32, before: &[u64]) -> u64 {
    let largest = mask(bits);
    let value = match rng.random_range(0..7) {
        0 => 0,
        1 => largest,
        2 => 1 << rng.random_range(0..bits),
        3 => (1_u64 << rng.random_range(0..bits)).wrapping_sub(1),
        4 if !before.is_empty() => before[rng.random_range(0..before.len())],
        5 if !before.is_empty() => {
            let near = before[rng.random_range(0..before.len())];
            if rng.random() { near.wrapping_add(1) } else { near.wrapping_sub(1) }
        }
        _ => rng.random(),
    };
    value & largest
}

/// So many awkward values.
pub fn awkward_values(rng: &mut StdRng, bits: u32, count: usize) -> Vec<u64> {
    let mut values = Vec::with_capacity(count);
    for _ in 0..count {
        let value = awkward(rng, bits, &values);
        values.push(value);
    }
    values
}

/// An auction in euros.
pub fn auction_of(kind: Kind, reserve: Option<u64>, maximum: u64) -> auction::Question {
    let currency = Currency { code: "EUR".to_owned(), decimals: 2 };
    auction::Question {
        kind,
        currency,
        reserve,
        maximum,
        quantity: 1,
        secret_reserve: None,
        scored: None,
    }
}

/// Terms of an auction; what does not matter to the computation is filled in.
pub fn terms(kind: Kind, reserve: Option<u64>, maximum: u64) -> Terms {
    Terms {
        title: "Harbour view".to_owned(),
        description: None,
        question: auction_of(kind, reserve, maximum).into(),
        bids_until: Timestamp::from_millis(0),
        replace_bids: false,
        protocol: Form::default(),
        security: Security::default(),
        admission: Admission::default(),
        limits: Limits::default(),
    }
}

/// What a run must say of entries in manifest order, those out of range among them.
pub fn computed(terms: &Terms, entries: &[u64]) -> Computed {
    let fits = |&position: &usize| entries[position] <= terms.question.maximum();
    let in_range: Vec<usize> = (0..entries.len()).filter(fits).collect();
    let out_of_range = (0..entries.len()).filter(|position| !fits(position)).collect();
    let values: Vec<_> = in_range.iter().map(|&position| &entries[position..=position]).collect();
    let answer = terms.question.reference(&values).map(|entry| in_range[entry]);
    Computed { answer, out_of_range }
}

/// What a run of an auction comes to: who won at what price, and the bids out of range.
pub fn sold(sale: Option<(usize, u64)>, out_of_range: Vec<usize>) -> Computed {
    let winners = sale.map(|(entry, price)| auction::Sale { entry, price }).into_iter().collect();
    Computed { answer: auction::Answer { winners }.into(), out_of_range }
}
