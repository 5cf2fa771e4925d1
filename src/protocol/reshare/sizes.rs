//! How long the messages are, and what is in them: the same for whoever sends and whoever takes.

use crate::field::Field;
use crate::protocol::StepId;
use crate::sharing::reshare::{DIGEST_BYTES, Handover};
use crate::sharing::{NodeIndex, Scheme};

/// Most bytes of pieces in a message, if one element of each fits.
const MESSAGE: usize = 1 << 20;

/// The name of a step of a dealing, and its address.
pub(super) fn step(dealing: &str, name: &str) -> (String, StepId) {
    let name = if dealing.is_empty() { name.to_owned() } else { format!("{dealing}/{name}") };
    let id = StepId::of(&name);
    (name, id)
}

/// How many components a node holds; all hold as many.
pub(super) fn held(scheme: Scheme) -> usize {
    scheme.all().first().map_or(0, |node| scheme.held_by(node).len())
}

/// Bytes of the digests that an old node tells.
pub(super) fn table_bytes(handover: Handover) -> usize {
    held(handover.old()) * handover.new_scheme().sets().len() * DIGEST_BYTES
}

/// How many pieces an old node sends to each new node.
pub(super) fn pieces_from(handover: Handover, giver: NodeIndex) -> usize {
    handover.sent_by(giver).len() * held(handover.new_scheme())
}

/// How many elements of each piece go in a message, where every holder sends all that it can cut.
pub(super) fn message_stripe<F: Field>(scheme: Scheme) -> usize {
    (MESSAGE / (held(scheme) * held(scheme) * F::BYTES).max(1)).max(1)
}

/// How many elements of each piece go in a message.
pub(super) fn stripe<F: Field>(handover: Handover) -> usize {
    let pieces = handover.givers().iter().map(|giver| pieces_from(handover, giver)).max();
    (MESSAGE / (pieces.unwrap_or(0).max(1) * F::BYTES)).max(1)
}
