//! Material that two parties compute with: random values that nobody knows, such as products of two of
//! them, each with a MAC under a key that nobody knows either.
//!
//! In: the key, shared, and how much of what is to be made. Out: the values of a batch and their MACs,
//! shared. Who learns what: nothing; of a batch are opened the squares of the numbers that its bits are
//! the signs of, one random number, one masked sum, and a 0. Rounds: one for all products of a kind,
//! one for the opening of squares where there are bits, one for all MACs, three for the test, and three
//! for every check; large batches go by pieces, several under way at a time. Bytes: one element for
//! each product, one for each MAC, and those of an opening for each bit, as [`cost`] says to the byte.
//! Adversary: up to t dealers that do anything; who lies is named as for all products
//! ([`crate::protocol::proof`]). Source: SPDZ (Damgård, Pastro, Smart, Zakarias 2012) for the form of
//! the material, Damgård, Fitzi, Kiltz, Nielsen, Toft 2006 for bits from squares.
//!
//! - [`make`](mod@make): a batch
//! - [`bits`]: random bits
//! - [`authenticate`](mod@authenticate): MACs of values
//! - [`trial`](mod@trial): all MACs of a batch against the key at once
//! - [`cost`]: predicted rounds, products and bytes
//!
//! **Why not by sacrifice.** Where two parties make triples by themselves (SPDZ; MASCOT: Keller, Orsini,
//! Scholl 2016; Overdrive: Keller, Pastro, Rotaru 2018), nothing but a second triple can show that the
//! first one is right: each costs at least twice as much, and of who lied nothing is learnt. Here most
//! dealers are honest, and every product, those with the key among them, is proven by whoever made it
//! before anything is opened. That costs some kilobytes for 65,536 products and names the liar, so that
//! the next batch is made without it. The test at the end of a batch opens one random combination of all
//! values, and of all MACs less that times the key: it finds what no dealer did wrong, such as a fault
//! of this program, before the material leaves.

pub mod authenticate;
pub mod bits;
pub mod cost;
pub mod make;
pub mod trial;

pub use make::{Material, SEED_ELEMENTS, make, new_key, new_seeds};
