//! The digests that old nodes tell: one table from each, compared with those of the others.

use std::collections::BTreeSet;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use super::ReshareError;
use super::sizes::table_bytes;
use crate::protocol::bits::open::proven;
use crate::sharing::reshare::{DIGEST_BYTES, Handover};
use crate::sharing::{NodeIndex, NodeSet};

/// Old nodes that told different digests of one piece.
pub(super) struct Conflict {
    /// Those that are proven wrong, as long as at most t are.
    pub liars: NodeSet,
    /// All whose digests differ from another's.
    pub suspects: NodeSet,
}

/// What old nodes have told.
pub(super) struct Tables {
    handover: Handover,
    /// In ascending order of node.
    told: Vec<(NodeIndex, Bytes)>,
}

impl Tables {
    /// From what all of them told, each as many bytes as are due.
    pub(super) fn new(handover: Handover, mut told: Vec<(NodeIndex, Bytes)>) -> Self {
        debug_assert!(told.iter().all(|(_, table)| table.len() == table_bytes(handover)));
        told.sort_by_key(|&(node, _)| node);
        Self { handover, told }
    }

    /// What each holder of a component told of its pieces.
    fn rows(&self, from: usize) -> impl Iterator<Item = (NodeIndex, &[u8])> {
        let row = self.handover.new_scheme().sets().len() * DIGEST_BYTES;
        self.told.iter().filter_map(move |(node, table)| {
            let at = self.handover.old().held_by(*node).iter().position(|&held| held == from)?;
            Some((*node, table.get(at * row..(at + 1) * row)?))
        })
    }

    /// That nobody told anything else than another.
    ///
    /// # Errors
    /// Names who did; none but `peers` are thought to be able to lie.
    pub(super) fn check(&self, step: &str, peers: NodeSet) -> Result<(), ReshareError> {
        let Some(Conflict { liars, suspects }) = self.conflict(peers) else { return Ok(()) };
        Err(ReshareError::Digests { step: step.to_owned(), liars, suspects })
    }

    /// Who told something else than another; none but `peers` are thought to be able to lie.
    pub(super) fn conflict(&self, peers: NodeSet) -> Option<Conflict> {
        let mut conflicts = BTreeSet::new();
        for from in 0..self.handover.old().sets().len() {
            let rows: Vec<_> = self.rows(from).collect();
            for (at, (node, row)) in rows.iter().enumerate() {
                let others = rows[..at].iter().filter(|(_, other)| other != row);
                conflicts.extend(others.map(|(other, _)| (*other, *node)));
            }
        }
        if conflicts.is_empty() {
            return None;
        }
        let suspects = conflicts.iter().flat_map(|&(a, b)| [a, b]).collect();
        let liars = proven(&conflicts, peers, usize::from(self.handover.old().threshold()));
        Some(Conflict { liars, suspects })
    }

    /// Whether a node told anything.
    pub(super) fn told_by(&self, node: NodeIndex) -> bool {
        self.told.iter().any(|&(teller, _)| teller == node)
    }

    /// The digest of a piece, as a node told it.
    pub(super) fn digest(&self, teller: NodeIndex, from: usize, to: usize) -> Option<&[u8]> {
        let (_, row) = self.rows(from).find(|&(node, _)| node == teller)?;
        row.get(to * DIGEST_BYTES..(to + 1) * DIGEST_BYTES)
    }

    /// A digest of everything that was told.
    pub(super) fn view(&self, binding: &[u8; 32]) -> [u8; DIGEST_BYTES] {
        let mut hash = Sha256::new_with_prefix(b"gavel/v1/told-digests\0").chain_update(binding);
        for (node, table) in &self.told {
            hash.update([node.get()]);
            hash.update(table);
        }
        hash.finalize().into()
    }
}
