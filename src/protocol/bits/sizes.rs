//! How large messages are: what protocols send, and what [`super::cost`] counts beforehand.

use crate::protocol::Tactics;
use crate::sharing::bits::planes::WORD_BYTES;
use crate::sharing::{NodeSet, Scheme};

/// Bytes of a digest.
pub(in crate::protocol) const DIGEST: usize = 32;

/// Participants that there can be.
pub(super) const MOST_NODES: u8 = crate::sharing::node_set::MAX_NODES;

/// How many components any one node holds that any other one lacks.
pub(in crate::protocol) fn pieces(scheme: Scheme) -> usize {
    let (one, two) = (NodeSet::all(1), NodeSet::all(2));
    scheme.sets().into_iter().filter(|set| set.intersection(two) == one).count()
}

/// The size of a masked result from which an AND is opened by kings. In naming mode none is:
/// everyone must have seen every part.
pub(super) const fn king_from(tactics: &Tactics) -> Option<u64> {
    if tactics.naming { None } else { tactics.king_from }
}

/// Whether an AND is opened by kings, given the size of its masked result in bytes.
pub(super) fn over_kings(king_from: Option<u64>, bytes: usize) -> bool {
    king_from.is_some_and(|from| bytes as u64 >= from)
}

/// Bytes of a king's piece, padded so that all are alike.
pub(super) const fn king_piece(participants: usize, total: usize) -> usize {
    total.div_ceil(participants) * WORD_BYTES
}
