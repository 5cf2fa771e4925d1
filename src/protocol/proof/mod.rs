//! The check of AND gates, and of products over prime fields, against lying nodes: every node proves
//! to the others that its part of every gate is what the shares say.
//!
//! In: a batch of gates as they were computed. Out: nothing, or a complaint: sets of nodes, each
//! with at least one liar in it. Who learns what: nothing; what is opened is uniform. Rounds:
//! three, whatever the size of the batch. Bytes: some kilobytes to each node. Adversary: up to t
//! nodes that do anything; a wrong gate passes with probability below 2^-112 for each hash that they
//! try, a wrong product with one below 2^-100. Source: a distributed zero-knowledge proof (Boneh,
//! Boyle, Corrigan-Gibbs, Gilboa, Ishai, CRYPTO 2019; Boyle, Gilboa, Ishai, Nof, CCS 2019 and
//! ASIACRYPT 2020), about bits over GF(2^128), about a prime field over itself or, for 2^61-1, over
//! the field of its square.
//!
//! - [`complaint`]: who is accused, and the written rules for it
//! - [`record`]: gates as they were computed, and what was sent for them
//! - `kind`: what a kind of gates brings to its proofs
//! - `bits`: the first level of proofs about bits
//! - `elements`: the first level of proofs about products over prime fields
//! - `shape`: the levels of a proof, and the sizes of messages
//! - `vector`: elements that are wiped
//! - `later`: the further levels
//! - `transcript`: commitments, and challenges that follow from them
//! - `prover`: one node's proof
//! - `folded`: what a verifier makes of a component
//! - `known`: sums of what was sent and of masks, which proofs are compared with
//! - `verdict`: what a node says of all proofs, and what follows from what all say
//! - `wire`: messages
//! - [`check`](mod@check): the three rounds
//!
//! **What is proven.** The words of all gates lie in chunks of 64 rows of four words each: 256
//! columns. A column's weight is x^b r^(k+1) for bit b of word k of the chunks' rows, so that one
//! product weighs a word. For every product of components, rows are interpolated over a subfield of
//! 256 elements; the prover shares the values of Q, the weighted sum over columns and products, at
//! 127 points. At the first 64 it is the weighted sum of what the node sent and its masks, row by
//! row. A challenge folds the rows into one; then two, later four at a time, down to one column, whose last
//! level has one more row of masks, so that what is opened at the end is uniform.
//!
//! A product over a prime field is one column, of weight r^(k+1) in the sum number k that it goes
//! into; the first level has one row, the weighted sum of a node's parts, and all further levels are
//! the same code. Why not by Shamir's shares of numbers: what a verifier says of its share of a
//! prover's factor stands against the prover's word, and among three nodes the set of suspects would
//! be everybody. A component of a replicated share has t+1 holders, so there is a pair to name.
//!
//! A batch fails by a root of a polynomial in r, of a degree of at most the columns, 2^21, or in a
//! level's challenge, of a degree below 170: together below 2^22 over the number of elements, which
//! is 2^122 in the smallest field.
//!
//! **Which masks.** With three nodes all masks are components like any other, and every proof
//! stands alone. With more, shares of zero come from keys of pairs, and only the sum over all
//! proofs is compared with what was opened: a lie is found and nobody is named. In naming mode
//! shares of zero come from keys of sets, and every proof stands alone again.

mod bits;
pub mod check;
pub mod complaint;
mod elements;
mod folded;
mod kind;
mod known;
mod later;
mod prover;
pub mod record;
mod shape;
mod transcript;
mod vector;
mod verdict;
mod wire;

use crate::sharing::{NodeSet, Scheme};
pub use complaint::Complaint;
use kind::Kind;
use record::{Arithmetic, Bits, Products};

/// Bytes of the messages that one node sends to another in a check of gates on bits.
pub(in crate::protocol) fn message_bytes(scheme: Scheme, participants: NodeSet) -> usize {
    <Bits as Kind>::SIZES.messages(scheme, participants)
}

/// The same for products over a prime field.
pub(in crate::protocol) fn product_message_bytes<F: Arithmetic>(
    scheme: Scheme,
    participants: NodeSet,
) -> usize {
    <Products<F> as Kind>::SIZES.messages(scheme, participants)
}

#[cfg(test)]
mod product_tests;
#[cfg(test)]
mod tests;
