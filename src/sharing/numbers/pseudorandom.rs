//! Shares of random numbers, expanded from the keys of an attempt without a message
//! (pseudorandom secret sharing: Cramer, Damgård, Ishai 2005).
//!
//! Every set T of t nodes has a key known to the nodes outside T, and a polynomial f of degree t
//! that is 1 at 0 and 0 at the points of T. The sum over all T of T's stream times f is a random
//! polynomial of degree t. Its value at i needs only what node i has, since f is 0 there if i is in
//! T. Who learns what: t nodes together lack the stream of the set they form, so the number looks
//! random to them. A stream is never used twice: the caller brings a fresh start for each call.

use zeroize::{Zeroizing, optimization_barrier};

use super::SharedNumbers;
use crate::field::{
    Field, MAX_STREAM_WORDS,
    bulk::{Elements, zeros},
    interpolation::invert_all,
};
use crate::sharing::keys::SharingKeys;
use crate::sharing::numbers::shamir::point;
use crate::sharing::stream::{BLOCK_WORDS, StreamKey, StreamStart};
use crate::sharing::{NodeIndex, NodeSet, Scheme};

/// The value at a node's point of the polynomial of degree t that is 1 at 0 and 0 at the points
/// of a set.
pub fn set_polynomial<F: Field>(set: NodeSet, node: NodeIndex) -> F {
    // No node's point is 0.
    differences(set, point::<F>(node)) * differences(set, F::ZERO).invert().unwrap_or(F::ZERO)
}

/// The product of the differences of a set's points from one.
fn differences<F: Field>(set: NodeSet, from: F) -> F {
    set.iter().map(point::<F>).fold(F::ONE, |product, zero| product * (zero - from))
}

/// [`set_polynomial`] of several sets and any node, with one inversion for all.
pub struct SetPolynomials<F>(Vec<(NodeSet, F)>);

impl<F: Field> SetPolynomials<F> {
    /// Those of these sets.
    pub fn of(sets: Vec<NodeSet>) -> Self {
        let mut inverses: Vec<F> = sets.iter().map(|&set| differences(set, F::ZERO)).collect();
        invert_all(&mut inverses);
        Self(sets.into_iter().zip(inverses).collect())
    }

    /// The value of a set's polynomial at a node's point; 0 of a set that is none of them.
    pub fn at(&self, set: NodeSet, node: NodeIndex) -> F {
        let inverse = self.0.iter().find(|(own, _)| *own == set);
        inverse.map_or(F::ZERO, |(_, inverse)| differences(set, point::<F>(node)) * *inverse)
    }
}

/// What one node makes its pseudorandom shares with.
pub struct Pseudorandom<F> {
    me: NodeIndex,
    /// The sets this node is outside of, in the order of [`Scheme::held_by`], with `f(me)`.
    sets: Vec<(NodeSet, F)>,
}

impl<F: Field> Pseudorandom<F> {
    /// Prepare the polynomials' values at one node.
    pub fn new(scheme: Scheme, me: NodeIndex) -> Self {
        let held = scheme.sets().into_iter().filter(|set| !set.contains(me));
        Self { me, sets: held.map(|set| (set, set_polynomial(set, me))).collect() }
    }

    /// Random numbers, nobody knows which.
    pub fn numbers(&self, keys: &SharingKeys, start: StreamStart, len: usize) -> SharedNumbers<F> {
        self.combine(keys, len, |_| true, |key, values| expand(key, start, values))
    }

    /// Random integers: sums of one integer of `bits` bits for every set, so below 2^bits times the
    /// number of sets. To t nodes, such an integer is uniform in a range of 2^bits.
    pub fn integers(
        &self,
        keys: &SharingKeys,
        start: StreamStart,
        len: usize,
        bits: u32,
    ) -> SharedNumbers<F> {
        let mask = 1_u128.checked_shl(bits).map_or(u128::MAX, |above| above - 1);
        self.combine(
            keys,
            len,
            |_| true,
            |key, values| {
                let mut words = Zeroizing::new(vec![0; 2 * values.len()]);
                key.xor_into(start, &mut words);
                for (value, pair) in values.iter_mut().zip(words.as_chunks::<2>().0) {
                    let [low, high] = pair.map(u128::from);
                    *value = F::from_u128((high << 64 | low) & mask);
                }
            },
        )
    }

    /// Random numbers that one node knows: its own and everyone's shares of them. The numbers
    /// themselves come back at that node only.
    pub fn owned(
        &self,
        keys: &SharingKeys,
        start: StreamStart,
        len: usize,
        owner: NodeIndex,
    ) -> (SharedNumbers<F>, Option<Elements<F>>) {
        let known = |set: NodeSet| !set.contains(owner);
        let shares = self.combine(keys, len, known, |key, values| expand(key, start, values));
        let numbers = (owner == self.me).then(|| {
            let mut numbers = zeros(len);
            let mut values = zeros(len);
            for key in keys.sets() {
                expand(key, start, &mut values);
                crate::field::bulk::add_into(&mut numbers, &values);
            }
            numbers
        });
        (shares, numbers)
    }

    /// Numbers that look random, and are 0 if all participants add up theirs.
    pub fn zero_sums(&self, keys: &SharingKeys, start: StreamStart, len: usize) -> Elements<F> {
        let mut sum = zeros(len);
        let mut values = zeros(len);
        for (peer, key) in keys.links() {
            expand(key, start, &mut values);
            if self.me < peer {
                crate::field::bulk::add_into(&mut sum, &values);
            } else {
                crate::field::bulk::sub_into(&mut sum, &values);
            }
        }
        sum
    }

    fn combine(
        &self,
        keys: &SharingKeys,
        len: usize,
        takes_part: impl Fn(NodeSet) -> bool,
        fill: impl Fn(&StreamKey, &mut [F]),
    ) -> SharedNumbers<F> {
        let mut sum = zeros(len);
        let mut values = zeros(len);
        for (&(set, factor), key) in self.sets.iter().zip(keys.sets()) {
            if takes_part(set) {
                fill(key, &mut values);
                crate::field::bulk::add_scaled(&mut sum, factor, &values);
            }
        }
        SharedNumbers::from_shares(sum)
    }
}

/// values = the numbers that the stream stands for.
fn expand<F: Field>(key: &StreamKey, start: StreamStart, values: &mut [F]) {
    let mut words = Zeroizing::new(vec![0; F::STREAM_WORDS * values.len()]);
    key.xor_into(start, &mut words);
    for (value, words) in values.iter_mut().zip(words.chunks_exact(F::STREAM_WORDS)) {
        *value = F::from_stream(words);
    }
}

/// Numbers made at a time where the stream is read from the middle.
const TILE: usize = 64;

/// values = the numbers that the stream stands for, from number `first` on.
pub fn expand_at<F: Field>(key: &StreamKey, start: StreamStart, first: usize, values: &mut [F]) {
    const {
        let whole = F::STREAM_WORDS.is_multiple_of(BLOCK_WORDS);
        assert!(whole && F::STREAM_WORDS <= MAX_STREAM_WORDS, "a number takes whole blocks");
    }
    let blocks = F::STREAM_WORDS / BLOCK_WORDS;
    let mut room = [0; TILE * MAX_STREAM_WORDS];
    let used = values.len().min(TILE) * F::STREAM_WORDS;
    for (number, values) in values.chunks_mut(TILE).enumerate() {
        let words = &mut room[..values.len() * F::STREAM_WORDS];
        key.write_at(start, (first + number * TILE) * blocks, words);
        for (value, words) in values.iter_mut().zip(words.chunks_exact(F::STREAM_WORDS)) {
            *value = F::from_stream(words);
        }
    }
    room[..used].fill(0);
    optimization_barrier(&room[..used]);
}

#[cfg(test)]
#[path = "pseudorandom_tests.rs"]
mod tests;
