//! Computing by two parties, with material that dealers made for them, against a partner who does
//! anything.
//!
//! Every value is the sum of both parties' shares, and has a MAC that is shared in the same way: the
//! value times a key that neither party knows. What is linear takes no message. Of what is opened each
//! party remembers its share of the MAC; before anything is opened that tells something, all that was
//! opened so far is checked, and a wrong share ends the computation: it passes with a probability of
//! two in 2^127. Who finds it knows that the partner sent it, or that the dealers' material is wrong.
//!
//! In: the halves of one batch of material, and what each party holds. Out: what both agreed to open,
//! to both or to one. Who learns what: nothing else, whatever the other brings in: what is compared is
//! hidden by masks for the whole field ([`compare`]), and numbers that are said to lie between bounds are
//! brought in as bits ([`range`]). Adversary: one of the two, which does anything;
//! it can end the computation, and cannot change what the other takes for the result. Source: SPDZ
//! (Damgård, Pastro, Smart, Zakarias 2012; Damgård, Keller, Larraia, Pastro, Scholl, Smart 2013),
//! products by Beaver's triples (1991).
//!
//! - [`context`]: a party, its half and what it has used of it, the messages
//! - [`open`](mod@open): opening, and the check of what was opened
//! - [`input`](mod@input): values of one party; values that one party alone learns
//! - [`range`]: values of one party that keep to bounds; whether shared ones do
//! - [`multiply`](mod@multiply): products and products of matrices
//! - [`compare`]: whether values are below 0, by the bits of a mask
//! - [`choose`]: the larger of two values, the place of the largest
//! - [`cost`]: the material that each takes
//!
//! Both parties run the same public program, so rounds need no names. Material is used from the front
//! and never twice; a batch serves one computation.

pub mod choose;
pub mod compare;
pub mod context;
pub mod cost;
mod error;
pub mod input;
pub mod multiply;
pub mod open;
pub mod range;

pub use choose::{largest, rectified};
pub use compare::below_zero;
pub use context::{Computation, Shares};
pub use error::PairError;
pub use input::{input, reveal_to};
pub use multiply::{matrix_product, multiply};
pub use open::{check, reveal};
pub use range::{input_within, within};

#[cfg(test)]
mod tests;
