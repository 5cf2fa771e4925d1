//! Secret sharing: who holds what.
//!
//! - [`node_set`]: node indices and sets of nodes
//! - [`sets`]: the sets T of t nodes that index the components of a replicated share
//! - [`seed`]: a bidder's seed for one component: expansion and commitment
//! - [`planes`]: loops over planes of machine words
//! - [`bits`]: batches of shared bits and of shared numbers, bit-sliced
//! - [`layout`]: moving the positions and planes of a batch about
//! - [`stream`]: pseudorandom planes from a key and a step name
//! - [`keys`]: the keys of an attempt, made from contributions of all holders
//! - [`shamir`]: numbers as values of polynomials; putting shares together, and whose do not fit
//! - [`numbers`]: batches of Shamir shares, and shares made without a message

pub mod bits;
pub mod keys;
pub mod layout;
pub mod node_set;
pub mod numbers;
pub mod planes;
pub mod seed;
pub mod sets;
pub mod shamir;
pub mod stream;

pub use bits::{Holding, Plane, ShapeError, SharedBits};
pub use node_set::{NodeIndex, NodeSet};
pub use numbers::SharedNumbers;
pub use seed::Seed;
pub use sets::{Scheme, SchemeError};
