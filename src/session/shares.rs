//! From envelopes in the manifest to bit-sliced shares.
//!
//! In: for every bid in the manifest's order, its correction and this node's seeds. Out: the batch
//! of shared bids. A bid is the XOR of the components expanded from all seeds and of the
//! correction, which belongs to the first component. Local; nothing is sent or learned.

use zeroize::Zeroizing;

use crate::sharing::{Holding, NodeIndex, Scheme, Seed, SharedBits, seed::mask};

/// A bid as one node holds it.
pub struct BidShares {
    /// The bid masked by all components, as published in the envelope.
    pub correction: u64,
    /// This node's seeds, in the order of [`Scheme::held_by`].
    pub seeds: Vec<Seed>,
}

/// Shares that do not fit the terms or the scheme. Envelopes are checked when they come in, so
/// this means that a record of this node is damaged.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SharesError {
    /// Wrong number of seeds.
    #[error("bid number {position} of the manifest has {got} seeds here, not {expected}")]
    Seeds {
        /// Which bid, from 0.
        position: usize,
        /// Components the node holds.
        expected: usize,
        /// As given.
        got: usize,
    },
    /// A correction wider than the terms say.
    #[error("bid number {position} of the manifest is wider than {bits} bits")]
    Correction {
        /// Which bid, from 0.
        position: usize,
        /// Width of the terms.
        bits: u32,
    },
}

/// What the bidder publishes: the amount masked by every component.
pub fn correction(amount: u64, bits: u32, seeds: &[Seed]) -> u64 {
    seeds.iter().fold(amount & mask(bits), |masked, seed| masked ^ seed.component(bits))
}

/// The batch of shared bids that a node computes with.
///
/// # Errors
/// Names the bid whose shares do not fit.
pub fn lay_out(
    scheme: Scheme,
    me: NodeIndex,
    bits: u32,
    bids: &[BidShares],
) -> Result<SharedBits, SharesError> {
    let holding = Holding::of(scheme, me);
    let expected = holding.components();
    let mut values = Zeroizing::new(vec![0_u64; bids.len() * expected]);
    for (position, (bid, row)) in bids.iter().zip(values.chunks_mut(expected)).enumerate() {
        if bid.seeds.len() != expected {
            return Err(SharesError::Seeds { position, expected, got: bid.seeds.len() });
        }
        if bid.correction & !mask(bits) != 0 {
            return Err(SharesError::Correction { position, bits });
        }
        for (value, seed) in row.iter_mut().zip(&bid.seeds) {
            *value = seed.component(bits);
        }
        if let Some(designated) = holding.designated() {
            row[designated] ^= bid.correction;
        }
    }
    Ok(SharedBits::from_values(holding, bits as usize, bids.len(), |component, position| {
        values[position * expected + component]
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_components_together_make_the_bid() {
        for (n, t) in [(3, 1), (5, 2), (7, 2)] {
            let scheme = Scheme::new(n, t).unwrap();
            let amounts = [0, 1, 499, u64::from(u32::MAX), 77];
            let seeds: Vec<Vec<Seed>> = amounts
                .iter()
                .map(|_| scheme.sets().iter().map(|_| Seed::random().unwrap()).collect())
                .collect();
            let mut components = vec![None; scheme.sets().len()];
            for node in scheme.all().iter() {
                let held = scheme.held_by(node);
                let bids: Vec<BidShares> = amounts
                    .iter()
                    .zip(&seeds)
                    .map(|(&amount, seeds)| BidShares {
                        correction: correction(amount, 32, seeds),
                        seeds: held.iter().map(|&set| seeds[set].clone()).collect(),
                    })
                    .collect();
                let batch = lay_out(scheme, node, 32, &bids).unwrap();
                for (at, &set) in held.iter().enumerate() {
                    let words = batch.component(at).to_vec();
                    // Holders of a component have the same.
                    assert_eq!(components[set].get_or_insert_with(|| words.clone()), &words);
                }
            }
            for (position, amount) in amounts.into_iter().enumerate() {
                let bit = |bit: usize| {
                    components
                        .iter()
                        .flatten()
                        .fold(0, |sum, words| sum ^ words[bit] >> position & 1)
                };
                assert_eq!((0..32).fold(0, |value, at| value | bit(at) << at), amount);
            }
        }
    }

    #[test]
    fn shares_that_do_not_fit_are_refused() {
        let scheme = Scheme::new(3, 1).unwrap();
        let node = NodeIndex::new(1).unwrap();
        let seeds = || vec![Seed::from_bytes([1; 32]), Seed::from_bytes([2; 32])];
        let lay_out = |correction, seeds| {
            lay_out(scheme, node, 8, &[BidShares { correction, seeds }]).map(|batch| batch.len())
        };
        assert_eq!(lay_out(255, seeds()), Ok(1));
        assert!(matches!(lay_out(256, seeds()), Err(SharesError::Correction { .. })));
        assert!(matches!(
            lay_out(0, vec![]),
            Err(SharesError::Seeds { expected: 2, got: 0, position: 0 })
        ));
    }
}
