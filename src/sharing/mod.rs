//! Secret sharing: who holds what.
//!
//! - [`node_set`]: node indices and sets of nodes
//! - [`sets`]: the sets T of t nodes that index the components of a replicated share
//! - [`seed`]: a bidder's seed for one component: expansion and commitment

pub mod node_set;
pub mod seed;
pub mod sets;

pub use node_set::{NodeIndex, NodeSet};
pub use seed::Seed;
pub use sets::{Scheme, SchemeError};
