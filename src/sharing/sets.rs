//! The sets T of t nodes that index the components of a replicated (CNF) share: component `x_T` is
//! held by every node outside T, and the value is the XOR of all components, or their sum
//! (Ito, Saito, Nishizeki 1987; Cramer, Damgård, Ishai 2005).
//!
//! Any t below n keeps values from t nodes. Multiplying and comparing takes n of at least 2t+1; with
//! fewer, such as two nodes and t = 1, shared values can be added and nothing else. Then all n nodes
//! have to be there, and nothing is left over to find out a lie with.

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

/// Why a pair of n and t is not a scheme, or not one for auctions.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SchemeError {
    /// Outside 3..=10.
    #[error("an auction needs 3 to {MAX_NODES} nodes, not {nodes}")]
    Nodes {
        /// What was asked for.
        nodes: u8,
    },
    /// Outside 2..=10.
    #[error("a roster has 2 to {MAX_NODES} nodes, not {nodes}")]
    NoRoster {
        /// What was asked for.
        nodes: u8,
    },
    /// t = 0, or above what n allows.
    #[error("with {nodes} nodes the threshold is 1 to {most}, not {threshold}")]
    Threshold {
        /// Number of nodes.
        nodes: u8,
        /// What was asked for.
        threshold: u8,
        /// The largest threshold these nodes allow.
        most: u8,
    },
    /// Ten nodes with a threshold around the half.
    #[error(
        "with {nodes} nodes and a threshold of {threshold} every value would have {components} shares, \
         of which nodes hold at most {MOST_COMPONENTS}; choose another threshold"
    )]
    Components {
        /// Number of nodes.
        nodes: u8,
        /// What was asked for.
        threshold: u8,
        /// How many there would be.
        components: u32,
    },
}

/// Most components of a value: those of nine nodes with a threshold of 4. With ten nodes and 4 there would
/// be 210, and every message, envelope and stored share so much larger.
pub const MOST_COMPONENTS: u32 = 126;

/// How many sets of t nodes there are.
const fn components(nodes: u8, threshold: u8) -> u32 {
    let (mut sets, mut chosen) = (1, 0);
    while chosen < threshold as u32 {
        sets = sets * (nodes as u32 - chosen) / (chosen + 1);
        chosen += 1;
    }
    sets
}

/// The highest threshold of nodes that compare: n is at least 2t+1, and there are not too many components.
pub const fn highest_threshold(nodes: u8) -> u8 {
    let mut most = nodes.saturating_sub(1) / 2;
    while most > 1 && components(nodes, most) > MOST_COMPONENTS {
        most -= 1;
    }
    most
}

impl Scheme {
    /// A scheme for any session: 3 <= n <= 10 and 1 <= t, 2t+1 <= n; with ten nodes t is at most 3.
    ///
    /// # Errors
    /// Says which of the two numbers is out of its range.
    pub const fn new(nodes: u8, threshold: u8) -> Result<Self, SchemeError> {
        if nodes < 3 || nodes > MAX_NODES {
            return Err(SchemeError::Nodes { nodes });
        }
        let most = highest_threshold(nodes);
        if threshold < 1 || threshold > most {
            return Err(SchemeError::Threshold { nodes, threshold, most });
        }
        Ok(Self { n: nodes, t: threshold })
    }

    /// A scheme that may be good for adding only: 2 <= n <= 10 and 1 <= t < n; with ten nodes t is
    /// not 4, 5 or 6. See [`Scheme::compares`].
    ///
    /// # Errors
    /// Says which of the two numbers is out of its range.
    pub const fn any(nodes: u8, threshold: u8) -> Result<Self, SchemeError> {
        if nodes < 2 || nodes > MAX_NODES {
            return Err(SchemeError::NoRoster { nodes });
        }
        let most = nodes - 1;
        if threshold < 1 || threshold > most {
            return Err(SchemeError::Threshold { nodes, threshold, most });
        }
        let components = components(nodes, threshold);
        if components > MOST_COMPONENTS {
            return Err(SchemeError::Components { nodes, threshold, components });
        }
        Ok(Self { n: nodes, t: threshold })
    }

    /// Whether the nodes can multiply and compare: n is at least 2t+1. If not, they can add, and
    /// nothing else.
    pub const fn compares(self) -> bool {
        self.n > 2 * self.t
    }

    /// How many nodes may say what is not so, at closing and when papers are taken up, without
    /// anybody believing it: t. None where nodes can only add: all of them are needed then, and
    /// taken at their word.
    pub const fn doubted(self) -> u8 {
        if self.compares() { self.t } else { 0 }
    }

    /// Number of nodes n.
    pub const fn nodes(self) -> u8 {
        self.n
    }

    /// Threshold t.
    pub const fn threshold(self) -> u8 {
        self.t
    }

    /// Nodes that must take part in a computation: 2t+1, or all n where there are fewer.
    pub const fn quorum(self) -> usize {
        if self.compares() { 2 * self.t as usize + 1 } else { self.n as usize }
    }

    /// Nodes that must sign the manifest of a session: max(2t+1, floor((n+t)/2) + 1). Any two groups
    /// of so many have more than t nodes in common, so an honest one, and an honest node signs one
    /// manifest only. More than [`Scheme::quorum`] where n is at least 3t+2. All n nodes where they
    /// can only add.
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

    /// How many components each node holds.
    pub const fn held(self) -> usize {
        components(self.n - 1, self.t) as usize
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
        Self::any(raw.nodes, raw.threshold)
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
            (10, 1, 10, 9),
            (10, 3, 120, 84),
        ] {
            let scheme = Scheme::new(n, t).unwrap();
            assert_eq!(scheme.sets().len(), sets);
            for node in scheme.all().iter() {
                assert_eq!((scheme.held_by(node).len(), scheme.held()), (held, held));
            }
        }
    }

    #[test]
    fn any_two_groups_that_fix_a_manifest_share_an_honest_node() {
        for (n, t) in (3..=MAX_NODES).flat_map(|n| (1..=highest_threshold(n)).map(move |t| (n, t)))
        {
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
        assert_eq!(Scheme::new(11, 1), Err(SchemeError::Nodes { nodes: 11 }));
        assert!(Scheme::new(10, 4).unwrap_err().to_string().contains("1 to 3, not 4"));
        assert!(Scheme::new(10, 3).is_ok() && Scheme::any(10, 7).is_ok());
        for (threshold, components) in [(4, 210), (5, 252), (6, 210)] {
            let refused = Scheme::any(10, threshold);
            let error = SchemeError::Components { nodes: 10, threshold, components };
            assert_eq!(refused, Err(error));
        }
        assert!(Scheme::new(5, 3).unwrap_err().to_string().contains("1 to 2, not 3"));
        assert!(Scheme::new(5, 0).is_err());
        assert_eq!(Scheme::any(1, 1), Err(SchemeError::NoRoster { nodes: 1 }));
        assert_eq!(Scheme::any(11, 1), Err(SchemeError::NoRoster { nodes: 11 }));
        assert!(Scheme::any(3, 3).unwrap_err().to_string().contains("1 to 2, not 3"));
        assert!(Scheme::any(2, 0).is_err());
    }

    #[test]
    fn fewer_than_twice_the_threshold_and_one_can_only_add_and_all_are_needed() {
        for (n, t) in (2..=MAX_NODES).flat_map(|n| (1..n).map(move |t| (n, t))) {
            let Ok(scheme) = Scheme::any(n, t) else {
                assert!(n == 10 && (4..=6).contains(&t));
                continue;
            };
            assert_eq!(Scheme::new(n, t).ok(), scheme.compares().then_some(scheme), "({n}, {t})");
            if scheme.compares() {
                assert_eq!(scheme.doubted(), t);
                continue;
            }
            let all = usize::from(n);
            assert_eq!((scheme.quorum(), scheme.manifest_quorum()), (all, all), "({n}, {t})");
            assert_eq!(scheme.doubted(), 0);
            // Every component has a holder, and any t nodes lack one.
            assert!(scheme.all().iter().all(|node| !scheme.held_by(node).is_empty()));
        }
        let two = Scheme::any(2, 1).unwrap();
        assert_eq!((two.sets().len(), two.held_by(NodeIndex::new(1).unwrap())), (2, vec![1]));
    }
}
