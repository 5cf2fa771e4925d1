//! The sets T of t nodes that index the components of a replicated (CNF) share: component `x_T` is
//! held by every node outside T, and the value is the XOR of all components
//! (Ito, Saito, Nishizeki 1987; Cramer, Damgård, Ishai 2005).

use serde::{Deserialize, Serialize};

use super::node_set::{MAX_NODES, NodeIndex, NodeSet};

/// How values are shared: n nodes, any t of which together learn nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "RawScheme", into = "RawScheme")]
pub struct Scheme {
    n: u8,
    t: u8,
}

#[derive(Serialize, Deserialize)]
struct RawScheme {
    nodes: u8,
    threshold: u8,
}

/// Why a pair of n and t is not a scheme for auctions.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SchemeError {
    /// Outside 3..=9.
    #[error("an auction needs 3 to {MAX_NODES} nodes, not {nodes}")]
    Nodes {
        /// What was asked for.
        nodes: u8,
    },
    /// t = 0 or n < 2t+1.
    #[error("with {nodes} nodes the threshold is 1 to {most}, not {threshold}")]
    Threshold {
        /// Number of nodes.
        nodes: u8,
        /// What was asked for.
        threshold: u8,
        /// The largest threshold these nodes allow.
        most: u8,
    },
}

impl Scheme {
    /// A scheme for sessions that compare: 3 <= n <= 9 and 1 <= t, 2t+1 <= n.
    ///
    /// # Errors
    /// Says which of the two numbers is out of its range.
    pub const fn new(nodes: u8, threshold: u8) -> Result<Self, SchemeError> {
        if nodes < 3 || nodes > MAX_NODES {
            return Err(SchemeError::Nodes { nodes });
        }
        let most = (nodes - 1) / 2;
        if threshold < 1 || threshold > most {
            return Err(SchemeError::Threshold { nodes, threshold, most });
        }
        Ok(Self { n: nodes, t: threshold })
    }

    /// Number of nodes n.
    pub const fn nodes(self) -> u8 {
        self.n
    }

    /// Threshold t.
    pub const fn threshold(self) -> u8 {
        self.t
    }

    /// Nodes that must take part in a computation: 2t+1.
    pub const fn quorum(self) -> usize {
        2 * self.t as usize + 1
    }

    /// Nodes that must sign the manifest of a session: max(2t+1, floor((n+t)/2) + 1). Any two groups
    /// of so many have more than t nodes in common, so an honest one, and an honest node signs one
    /// manifest only. More than [`Scheme::quorum`] where n is at least 3t+2.
    pub const fn manifest_quorum(self) -> usize {
        let meeting = usize::midpoint(self.n as usize, self.t as usize) + 1;
        if meeting > self.quorum() { meeting } else { self.quorum() }
    }

    /// All nodes.
    pub const fn all(self) -> NodeSet {
        NodeSet::all(self.n)
    }

    /// Every set T of t nodes, in ascending order of its bit mask: the order of components
    /// everywhere (envelopes, shares, commitments). The first is the designated one, which takes
    /// public corrections.
    pub fn sets(self) -> Vec<NodeSet> {
        (0u16..1 << self.n)
            .map(NodeSet::from_bits)
            .filter(|set| set.len() == self.t as usize)
            .collect()
    }

    /// Positions in [`Scheme::sets`] of the components that a node holds.
    pub fn held_by(self, node: NodeIndex) -> Vec<usize> {
        let sets = self.sets();
        (0..sets.len()).filter(|&position| !sets[position].contains(node)).collect()
    }
}

impl TryFrom<RawScheme> for Scheme {
    type Error = SchemeError;
    fn try_from(raw: RawScheme) -> Result<Self, SchemeError> {
        Self::new(raw.nodes, raw.threshold)
    }
}

impl From<Scheme> for RawScheme {
    fn from(scheme: Scheme) -> Self {
        Self { nodes: scheme.n, threshold: scheme.t }
    }
}

#[cfg(test)]
mod tests {
    use crate::sharing::sets::*;

    #[test]
    fn component_counts_are_those_of_the_design() {
        for (n, t, sets, held) in [
            (3, 1, 3, 2),
            (4, 1, 4, 3),
            (5, 1, 5, 4),
            (5, 2, 10, 6),
            (7, 3, 35, 20),
            (9, 4, 126, 70),
        ] {
            let scheme = Scheme::new(n, t).unwrap();
            assert_eq!(scheme.sets().len(), sets);
            for node in scheme.all().iter() {
                assert_eq!(scheme.held_by(node).len(), held);
            }
        }
    }

    #[test]
    fn any_two_groups_that_fix_a_manifest_share_an_honest_node() {
        for (n, t) in (3..=MAX_NODES).flat_map(|n| (1..=(n - 1) / 2).map(move |t| (n, t))) {
            let scheme = Scheme::new(n, t).unwrap();
            let (needed, n, t) = (scheme.manifest_quorum(), usize::from(n), usize::from(t));
            assert!(2 * needed > n + t, "({n}, {t})");
            assert!(n <= 3 * t || needed <= n - t, "({n}, {t}): t nodes away stop a session");
            // No more than that takes, nor less than a computation.
            assert!(needed == scheme.quorum() || 2 * (needed - 1) <= n + t, "({n}, {t})");
            assert_eq!(needed == scheme.quorum(), n < 3 * t + 2, "({n}, {t})");
        }
    }

    #[test]
    fn impossible_schemes_are_refused() {
        assert_eq!(Scheme::new(2, 1), Err(SchemeError::Nodes { nodes: 2 }));
        assert_eq!(Scheme::new(10, 1), Err(SchemeError::Nodes { nodes: 10 }));
        assert!(Scheme::new(5, 3).unwrap_err().to_string().contains("1 to 2, not 3"));
        assert!(Scheme::new(5, 0).is_err());
    }
}
