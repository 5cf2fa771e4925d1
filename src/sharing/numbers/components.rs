//! A number as a bidder splits it: the sum of a pseudorandom number per set T of t nodes, expanded
//! from the seed that the nodes outside T get, and of a public correction.
//!
//! In: the correction and a node's seeds. Out: the node's Shamir share, without a message: the
//! correction plus the sum over its sets of the set's number times the set's polynomial at i, as in
//! [`super::pseudorandom`] (non-interactive sharing after Cramer, Damgård, Ishai 2005). Who learns
//! what: t nodes together lack the seed of the set they form, so the correction looks random to
//! them. Whatever seeds and correction a bidder hands out, the shares are of degree t, because
//! all holders of a set's seed hold the same one: the envelope commits to it.

use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::pseudorandom::set_polynomial;
use crate::field::Field;
use crate::sharing::{NodeIndex, Scheme, Seed};

/// The number that a seed stands for. A hash has 4 words: enough for the two Mersenne fields and
/// the small ones; for wider fields the missing words are 0.
pub fn number<F: Field>(seed: &Seed) -> F {
    let mut hash = Zeroizing::new([0; 32]);
    let digest =
        Sha256::new().chain_update(b"gavel/v1/number\0").chain_update(seed.expose()).finalize();
    hash.copy_from_slice(&digest);
    let mut words = Zeroizing::new([0; crate::field::MAX_STREAM_WORDS]);
    for (word, bytes) in words.iter_mut().zip(hash.as_chunks::<8>().0) {
        *word = u64::from_le_bytes(*bytes);
    }
    F::from_stream(&words[..F::STREAM_WORDS])
}

/// What the bidder publishes: the number minus that of every seed.
pub fn correction<F: Field>(value: F, seeds: &[Seed]) -> F {
    seeds.iter().fold(value, |masked, seed| masked - number(seed))
}

/// Turns corrections and seeds into one node's shares.
pub struct ShareMaker<F> {
    factors: Vec<F>,
}

impl<F: Field> ShareMaker<F> {
    /// For a node.
    pub fn new(scheme: Scheme, me: NodeIndex) -> Self {
        let held = scheme.sets().into_iter().filter(|set| !set.contains(me));
        Self { factors: held.map(|set| set_polynomial(set, me)).collect() }
    }

    /// How many seeds the node has of each number.
    pub fn seeds(&self) -> usize {
        self.factors.len()
    }

    /// The share, from the node's seeds in the order of [`Scheme::held_by`]; `None` when there are
    /// more or fewer.
    pub fn share(&self, correction: F, seeds: &[Seed]) -> Option<F> {
        let fits = seeds.len() == self.factors.len();
        let numbers = seeds.iter().map(number::<F>);
        let sum = numbers.zip(self.factors.iter());
        fits.then(|| sum.fold(correction, |share, (number, &factor)| share + number * factor))
    }
}

#[cfg(test)]
mod tests {
    use crate::field::Mersenne127;
    use crate::sharing::numbers::components::*;
    use crate::sharing::numbers::shamir::Shamir;

    #[test]
    fn any_seeds_make_shares_of_the_number() {
        for (n, t) in [(3, 1), (4, 1), (5, 2), (7, 3)] {
            let scheme = Scheme::new(n, t).unwrap();
            let seeds: Vec<Seed> = scheme.sets().iter().map(|_| Seed::random().unwrap()).collect();
            let value = Mersenne127::from_u64(1_240);
            let correction = correction(value, &seeds);
            let share = |me| {
                let held: Vec<Seed> =
                    scheme.held_by(me).into_iter().map(|at| seeds[at].clone()).collect();
                let maker = ShareMaker::new(scheme, me);
                assert_eq!(maker.seeds(), held.len());
                assert!(maker.share(correction, &held[1..]).is_none());
                (me, maker.share(correction, &held).unwrap())
            };
            let shares: Vec<_> = scheme.all().iter().map(share).collect();
            let opened = Shamir::from(scheme).reconstruct(&shares).ok().unwrap();
            assert!(opened.equals(value));
        }
    }
}
