//! What dealing elements anew costs, exactly. Unlike in other protocols nodes send different amounts:
//! each old node the pieces that fall to it, each new one a digest.

use super::sizes::{pieces_from, table_bytes};
use crate::field::Field;
use crate::protocol::{Cost, CostModel};
use crate::sharing::NodeIndex;
use crate::sharing::reshare::{BLIND_BYTES, DIGEST_BYTES, Handover};

/// Rounds of a dealing: keys, digests, pieces, and the comparison of the new nodes.
pub const ROUNDS: u64 = 4;

/// What an old node spends on a batch, keys included. What it sends to itself as a new node counts.
pub fn giving<F: Field>(handover: Handover, giver: NodeIndex, len: usize) -> Cost {
    let keys = CostModel::new(handover.old(), handover.givers()).keys();
    let (others, takers) = (handover.givers().len() - 1, handover.takers().len());
    let table = table_bytes(handover) * (others + takers);
    let pieces = pieces_from(handover, giver) * (BLIND_BYTES + len * F::BYTES) * takers;
    // Keys and digests; nothing is waited for after the pieces.
    Cost { rounds: 2, bytes_sent: keys.bytes_sent + (table + pieces) as u64, ..Cost::NONE }
}

/// What a new node spends on a batch.
pub fn taking(handover: Handover) -> Cost {
    let bytes_sent = (DIGEST_BYTES * handover.takers().len().saturating_sub(1)) as u64;
    Cost { rounds: 1, bytes_sent, ..Cost::NONE }
}

/// What dealing a batch takes where all that give take as well: the most that any node sends.
pub fn handing_over<F: Field>(handover: Handover, len: usize) -> Cost {
    let givers = handover.givers().iter();
    let most = givers.map(|giver| giving::<F>(handover, giver, len).bytes_sent).max();
    let bytes_sent = most.unwrap_or(0) + taking(handover).bytes_sent;
    Cost { rounds: ROUNDS, bytes_sent, ..Cost::NONE }
}
