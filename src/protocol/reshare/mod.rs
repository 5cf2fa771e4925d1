//! Dealing shared elements anew, from the nodes of one roster to those of another, which may be the
//! same ones. A node may be in either roster or in both; in both it runs both parts side by side.
//!
//! In: elements, shared among the old nodes. Out: the same elements, shared among the new ones with
//! randomness of their own. Who learns what: nothing, not even t old and t' new nodes together
//! ([`crate::sharing::reshare`] says why).
//!
//! 1. The old nodes make keys, as for every attempt.
//! 2. Every old node tells all old and all new nodes the digests of all pieces that it can cut. The old
//!    ones compare what they are told and send no piece while any two differ.
//! 3. One holder of each component sends its pieces to the new nodes, each those that it is to hold.
//! 4. The new nodes compare pieces with digests, and with one another the digests that they were told.
//!
//! Rounds: four, that of the keys among them. Bytes: [`cost`]. A long batch goes in messages of a
//! bounded size, all under way in the third round, so that what is needed beside the shares
//! themselves does not grow with the batch.
//!
//! Adversary: up to t of the old nodes and up to t' of the new ones do anything. 2t+1 of the old nodes
//! are there ([`crate::sharing::reshare::Handover::new`]), so every component has an honest holder
//! who says the right digest, and whoever says another is in conflict with it: among those in
//! conflict a liar is, and it is named alone where t liars at most leave no other explanation. A
//! piece that does not fit what its sender itself had said names the sender alone. After an error
//! nothing of the new shares is used; the old ones stand, and the dealing is repeated with new keys
//! without those who are named.
//!
//! Where too few of the old nodes are among the new ones there are no lines between them. Then the old ones
//! cut every element into the new components by themselves (`pieces.rs`), agree on digests of these as of
//! all that is to stay, and seal to each new node those that it is to hold.

pub mod cost;
mod error;
mod give;
mod hand_over;
mod lines;
mod pieces;
mod refresh;
mod sizes;
mod table;
mod take;

pub use error::ReshareError;
pub use give::give;
pub use hand_over::{Before, hand_over};
pub use pieces::pieces;
pub use refresh::refresh;
pub use take::{Taking, take};
