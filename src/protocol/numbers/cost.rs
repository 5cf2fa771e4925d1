//! Predicted rounds, products and bytes of protocols on numbers: the same counts that
//! [`crate::protocol::Counters`] shows afterwards. Products count as gates.
//!
//! All nodes send the same number of bytes. Random bits whose square is 0 are made again, which is
//! not counted: it happens once in 2^127.

use std::marker::PhantomData;

use super::fold::products;
use super::open::DIGEST;
use crate::field::Field;
use crate::protocol::Cost;
use crate::protocol::bracket::levels;
use crate::sharing::NodeSet;

/// What protocols on numbers over a field cost among some participants.
#[derive(Clone, Copy)]
pub struct NumberCosts<F> {
    peers: u64,
    field: PhantomData<F>,
}

impl<F: Field> NumberCosts<F> {
    /// The costs among these participants.
    pub const fn new(participants: NodeSet) -> Self {
        Self { peers: participants.len().saturating_sub(1) as u64, field: PhantomData }
    }

    /// Opening `len` numbers.
    pub const fn open(self, len: usize) -> Cost {
        if len == 0 {
            return Cost::NONE;
        }
        let bytes_sent = self.peers * (len * F::BYTES + DIGEST) as u64;
        Cost { rounds: 1, bytes_sent, ..Cost::NONE }
    }

    /// So many products, or inner products.
    pub const fn multiply(self, len: usize) -> Cost {
        if len == 0 {
            return Cost::NONE;
        }
        let bytes_sent = self.peers * (len * F::BYTES) as u64;
        Cost { rounds: 1, gates: len as u64, bytes_sent, ..Cost::NONE }
    }

    /// So many random bits: each is a product that is opened.
    pub const fn random_bits(self, len: usize) -> Cost {
        self.multiply(len)
    }

    /// Folding `bits` bits at each of `len` positions.
    fn fold(self, bits: u32, len: usize) -> Cost {
        let mut cost = Cost::default();
        // Whether each group's answer is public; the lowest is not, and it has no z.
        let mut groups: Vec<bool> = (0..bits).map(|bit| bit > 0).collect();
        while groups.len() > 1 {
            let (pairs, odd) = groups.as_chunks::<2>();
            let needed = pairs.iter().enumerate().map(|(at, &[below, above])| {
                let needed = products(at == 0, below && above);
                usize::from(needed.passes) + usize::from(needed.answer)
            });
            cost += self.multiply(needed.sum::<usize>() * len);
            groups = pairs.iter().map(|_| false).chain(odd.iter().copied()).collect();
        }
        cost
    }

    /// Comparing `len` pairs of numbers below 2^`width`, without the random bits.
    pub fn at_least(self, width: u32, len: usize) -> Cost {
        if len == 0 {
            return Cost::default();
        }
        let comparisons = Cost { comparisons: len as u64, ..Cost::default() };
        self.open(len) + self.fold(width, len) + comparisons
    }

    /// The tournament over `len` numbers, without the random bits.
    pub fn maximum(self, width: u32, len: usize, index: bool) -> Cost {
        let mut cost = Cost::default();
        let mut left = len;
        for level in 0..levels(len, &[]).len() {
            let pairs = left / 2;
            let selected = if index && level > 0 { 2 * pairs } else { pairs };
            cost += self.at_least(width, pairs) + self.multiply(selected);
            left = left.div_ceil(2);
        }
        cost
    }

    /// Checking the range of `len` numbers, without the random bits.
    pub fn range_check(self, len: usize) -> Cost {
        let comparisons = Cost { comparisons: 2 * len as u64, ..Cost::default() };
        self.open(len) + self.fold(F::BITS, 2 * len) + self.open(len) + comparisons
    }

    /// Checking the degree of `len` numbers, when all is well.
    pub fn degree_check(self, len: usize) -> Cost {
        let once = self.open(len.min(1));
        once + once
    }
}
