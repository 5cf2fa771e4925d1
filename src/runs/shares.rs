//! From envelopes in the manifest to the shares that a node computes with.
//!
//! In: for every bid in the manifest's order, its correction and this node's seeds. Out: the batch
//! of shared bids, in the form that the terms say. As bits, a bid is the XOR of the components
//! expanded from all seeds and of the correction, which belongs to the first component. As a
//! number, it is their sum, and the node's Shamir share follows from what it has of it
//! ([`crate::sharing::numbers::components`]). Local; nothing is sent or learned.

use zeroize::Zeroizing;

use crate::field::{Field as _, Mersenne127, bulk::zeros};
use crate::rules::Terms;
use crate::sharing::form::Form;
use crate::sharing::numbers::components::ShareMaker;
use crate::sharing::{Holding, NodeIndex, Scheme, Seed, SharedBits, SharedNumbers, seed::mask};

/// A bid as one node holds it.
pub struct BidShares {
    /// The bid masked by all components, as published in the envelope.
    pub correction: u128,
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
        /// Width of the terms, or of the field.
        bits: u32,
    },
}

/// Shared bids, in one form or the other.
pub enum Bids {
    /// Replicated shares of bits.
    Bits(SharedBits),
    /// Shamir shares of numbers.
    Numbers(SharedNumbers<Mersenne127>),
}

impl Bids {
    /// How many bids.
    pub fn len(&self) -> usize {
        match self {
            Self::Bits(bids) => bids.len(),
            Self::Numbers(bids) => bids.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl From<SharedBits> for Bids {
    fn from(bids: SharedBits) -> Self {
        Self::Bits(bids)
    }
}

impl From<SharedNumbers<Mersenne127>> for Bids {
    fn from(bids: SharedNumbers<Mersenne127>) -> Self {
        Self::Numbers(bids)
    }
}

/// The shared bids that a node computes with under some terms.
///
/// # Errors
/// Names the bid whose shares do not fit.
pub fn lay_out_for(
    terms: &Terms,
    scheme: Scheme,
    me: NodeIndex,
    bids: &[BidShares],
) -> Result<Bids, SharesError> {
    match terms.protocol {
        Form::Bits => lay_out(scheme, me, terms.bits(), bids).map(Bids::Bits),
        Form::Numbers => lay_out_numbers(scheme, me, bids).map(Bids::Numbers),
    }
}

/// The Shamir shares that a node computes with.
///
/// # Errors
/// Names the bid whose shares do not fit.
pub fn lay_out_numbers(
    scheme: Scheme,
    me: NodeIndex,
    bids: &[BidShares],
) -> Result<SharedNumbers<Mersenne127>, SharesError> {
    let maker = ShareMaker::<Mersenne127>::new(scheme, me);
    let (expected, bits) = (maker.seeds(), Mersenne127::BITS);
    let mut shares = zeros(bids.len());
    for (position, (bid, place)) in bids.iter().zip(shares.iter_mut()).enumerate() {
        let correction = Mersenne127::from_bytes(&bid.correction.to_le_bytes());
        let correction = correction.ok_or(SharesError::Correction { position, bits })?;
        let got = bid.seeds.len();
        let share = maker.share(correction, &bid.seeds);
        *place = share.ok_or(SharesError::Seeds { position, expected, got })?;
    }
    Ok(SharedNumbers::from_shares(shares))
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
        let correction = u64::try_from(bid.correction).ok();
        let correction = correction.filter(|correction| correction & !mask(bits) == 0);
        let correction = correction.ok_or(SharesError::Correction { position, bits })?;
        for (value, seed) in row.iter_mut().zip(&bid.seeds) {
            *value = seed.component(bits);
        }
        if let Some(designated) = holding.designated() {
            row[designated] ^= correction;
        }
    }
    Ok(SharedBits::from_values(holding, bits as usize, bids.len(), |component, position| {
        values[position * expected + component]
    }))
}

#[cfg(test)]
mod tests {
    use crate::runs::shares::*;

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
                        correction: u128::from(correction(amount, 32, seeds)),
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
        assert!(matches!(lay_out(1 << 64, seeds()), Err(SharesError::Correction { .. })));
        assert!(matches!(
            lay_out(0, vec![]),
            Err(SharesError::Seeds { expected: 2, got: 0, position: 0 })
        ));
    }

    #[test]
    fn all_shares_together_make_the_number() {
        use crate::sharing::numbers::components;
        use crate::sharing::numbers::shamir::Shamir;

        let scheme = Scheme::new(5, 2).unwrap();
        let seeds: Vec<Seed> = scheme.sets().iter().map(|_| Seed::random().unwrap()).collect();
        let correction = components::correction(Mersenne127::from_u64(499), &seeds).to_number();
        let share = |node| {
            let seeds = scheme.held_by(node).into_iter().map(|set| seeds[set].clone()).collect();
            let batch = lay_out_numbers(scheme, node, &[BidShares { correction, seeds }]);
            (node, batch.unwrap_or_else(|error| panic!("{error}")).shares()[0])
        };
        let shares: Vec<_> = scheme.all().iter().map(share).collect();
        let opened = Shamir::from(scheme).reconstruct(&shares).ok().unwrap();
        assert_eq!(opened.to_number(), 499);

        let node = NodeIndex::new(1).unwrap();
        let refused = |correction, seeds: &[Seed]| {
            let bid = BidShares { correction, seeds: seeds.to_vec() };
            lay_out_numbers(scheme, node, &[bid]).err()
        };
        assert!(matches!(
            refused(0, &seeds),
            Some(SharesError::Seeds { expected: 6, got: 10, .. })
        ));
        let prime = (1 << 127) - 1;
        assert!(matches!(refused(prime, &seeds[..6]), Some(SharesError::Correction { .. })));
    }
}
