//! Plain twins of the protocols, and inputs to try them on.

use rand::RngExt as _;
use rand::rngs::StdRng;

use crate::base::Timestamp;
use crate::rules::auction::Kind;
use crate::rules::terms::Admission;
use crate::rules::{Currency, Terms};
use crate::sharing::form::Form;
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

/// Terms of an auction; what does not matter to the computation is filled in.
pub fn terms(kind: Kind, reserve: Option<u64>, maximum: u64) -> Terms {
    Terms {
        title: "Harbour view".to_owned(),
        kind,
        currency: Currency { code: "EUR".to_owned(), decimals: 2 },
        reserve,
        maximum,
        bids_until: Timestamp::from_millis(0),
        replace_bids: false,
        protocol: Form::default(),
        admission: Admission::default(),
    }
}

/// What a run must say of bids in manifest order: winner and price as positions and smallest
/// units, and the bids that are out of range.
pub fn auction(terms: &Terms, bids: &[u64]) -> (Option<usize>, Option<u64>, Vec<usize>) {
    let fits = |&position: &usize| bids[position] <= terms.maximum;
    let in_range: Vec<usize> = (0..bids.len()).filter(fits).collect();
    let out_of_range = (0..bids.len()).filter(|position| !fits(position)).collect();
    let amounts: Vec<u64> = in_range.iter().map(|&position| bids[position]).collect();
    let decision = crate::rules::auction::reference::decide(terms.kind, terms.reserve, &amounts);
    let winner = decision.map(|decision| in_range[decision.winner]);
    (winner, decision.map(|decision| decision.price), out_of_range)
}
