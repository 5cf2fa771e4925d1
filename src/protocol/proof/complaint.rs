//! Who is accused, and the written rules for it.
//!
//! In each set of nodes is at least one that lied, as long as at most t do:
//!
//! - two nodes that say different things of what passed between them: those two;
//! - a verifier that says something else than the prover says of it: those two;
//! - a proof that fails although prover and verifiers agree: the prover alone;
//! - a node that breaks off a check and names a set: that set and it;
//! - only the sum over all proofs fails: everybody.

use crate::sharing::{NodeIndex, NodeSet};

/// Sets of nodes, in each of which at least one lied.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Complaint {
    sets: Vec<NodeSet>,
}

impl Complaint {
    /// With these sets; larger ones that say no more than others are left out.
    pub fn new(sets: impl IntoIterator<Item = NodeSet>) -> Self {
        let mut sets: Vec<NodeSet> = sets.into_iter().filter(|set| !set.is_empty()).collect();
        sets.sort_unstable_by_key(|set| (set.len(), set.bits()));
        sets.dedup();
        let all = sets.clone();
        sets.retain(|set| !all.iter().any(|other| other != set && other.is_subset_of(*set)));
        Self { sets }
    }

    /// The sets, small ones first.
    pub fn sets(&self) -> &[NodeSet] {
        &self.sets
    }

    /// Whether nobody is accused.
    pub const fn is_empty(&self) -> bool {
        self.sets.is_empty()
    }

    /// The nodes that stand alone in a set.
    pub fn named(&self) -> NodeSet {
        self.sets.iter().filter(|set| set.len() == 1).copied().fold(NodeSet::EMPTY, NodeSet::union)
    }

    /// All nodes of all sets.
    pub fn suspects(&self) -> NodeSet {
        self.sets.iter().copied().fold(NodeSet::EMPTY, NodeSet::union)
    }

    pub(in crate::protocol) fn pair(one: NodeIndex, other: NodeIndex) -> NodeSet {
        NodeSet::EMPTY.with(one).with(other)
    }
}

impl std::fmt::Display for Complaint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (at, set) in self.sets.iter().enumerate() {
            let before = if at == 0 { "" } else { "; " };
            if set.len() == 1 {
                write!(f, "{before}node {set} lied")?;
            } else {
                write!(f, "{before}at least one of nodes {set} lied")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::protocol::proof::complaint::*;

    #[test]
    fn larger_sets_say_no_more_than_smaller_ones() {
        let set = |nodes: &[u8]| nodes.iter().filter_map(|&node| NodeIndex::new(node)).collect();
        let complaint =
            Complaint::new([set(&[1, 2, 3]), set(&[2]), set(&[1, 3]), set(&[1, 3]), set(&[])]);
        assert_eq!(complaint.sets(), [set(&[2]), set(&[1, 3])]);
        assert_eq!(complaint.named(), set(&[2]));
        assert_eq!(complaint.suspects(), set(&[1, 2, 3]));
        assert_eq!(complaint.to_string(), "node 2 lied; at least one of nodes 1 and 3 lied");
        assert!(Complaint::new([]).is_empty());
    }
}
