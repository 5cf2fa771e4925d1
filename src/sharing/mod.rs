//! Secret sharing: who holds what.
//!
//! - [`node_set`]: node indices and sets of nodes
//! - [`sets`]: the sets T of t nodes that index the components of a replicated share
//! - [`seed`]: a participant's seed for one component: expansion and commitment
//! - [`stream`]: pseudorandom planes from a key and a step name
//! - [`keys`]: the keys of an attempt, made from contributions of all holders
//! - [`form`]: the ways in which a session shares what is handed in
//! - [`security`]: against whom a session is secure
//! - [`bits`]: replicated shares of bits, in planes
//! - [`elements`]: replicated shares of elements of a field
//! - [`stored`]: what a node keeps of an element that stays
//! - [`pair`]: what one of two parties holds of material that is made for both
//! - [`parts`]: a batch of that material in additive parts, and the halves that they make
//! - [`numbers`]: Shamir shares of numbers, and shares made without a message
//! - [`reshare`]: dealing shared elements anew, to other nodes or with new randomness

pub mod bits;
pub mod elements;
pub mod form;
pub mod keys;
pub mod node_set;
pub mod numbers;
pub mod pair;
pub mod parts;
pub mod reshare;
pub mod security;
pub mod seed;
pub mod sets;
pub mod stored;
pub mod stream;

pub use bits::{Holding, KeptPlane, Plane, ShapeError, SharedBits};
pub use elements::SharedElements;
pub use node_set::{NodeIndex, NodeSet};
pub use numbers::SharedNumbers;
pub use seed::Seed;
pub use sets::{Scheme, SchemeError};
