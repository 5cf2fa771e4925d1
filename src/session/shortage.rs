//! Too few nodes are there for a session to go on, or they do not reach each other.
//!
//! Whoever holds a session's fate in hand must hear of it while there is time to do something: the
//! coordinator tells it in every phase before the end, from the moment it sees it until it is over.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::sharing::{NodeIndex, NodeSet};

/// What keeps the nodes from settling a session, as the coordinator sees them now.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Shortage {
    /// Nodes that must be there and reach each other.
    pub needed: u64,
    /// The largest group that is there: each node of it answers and reaches every other.
    pub together: NodeSet,
    /// Nodes that do not answer the coordinator.
    pub away: NodeSet,
    /// Pairs of nodes that answer but do not reach each other.
    pub cut: Vec<(NodeIndex, NodeIndex)>,
}

impl Shortage {
    /// The nodes that would help: those that are away, and both ends of every cut.
    pub fn nodes(&self) -> NodeSet {
        let ends = self.cut.iter().flat_map(|&(first, second)| [first, second]);
        ends.collect::<NodeSet>().union(self.away)
    }
}

impl fmt::Display for Shortage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.together.len() {
            0 => f.write_str("no node is there")?,
            1 => write!(f, "only node {} is there", self.together)?,
            _ => write!(f, "only nodes {} are there and reach each other", self.together)?,
        }
        write!(f, ", {} are needed", self.needed)?;
        match self.away.len() {
            0 => {}
            1 => write!(f, "; node {} does not answer", self.away)?,
            _ => write!(f, "; nodes {} do not answer", self.away)?,
        }
        for (first, second) in &self.cut {
            write!(f, "; nodes {first} and {second} do not reach each other")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::session::shortage::*;

    fn set(nodes: &[u8]) -> NodeSet {
        nodes.iter().filter_map(|&node| NodeIndex::new(node)).collect()
    }

    #[test]
    fn it_says_who_would_help() {
        let [one, four] = [1, 4].map(|node| NodeIndex::new(node).unwrap());
        let cut = vec![(one, four)];
        let shortage = Shortage { needed: 5, together: set(&[1, 3, 5]), away: set(&[2]), cut };
        assert_eq!(shortage.nodes(), set(&[1, 2, 4]));
        assert_eq!(
            shortage.to_string(),
            "only nodes 1, 3 and 5 are there and reach each other, 5 are needed; node 2 does not \
             answer; nodes 1 and 4 do not reach each other"
        );
        let nobody = Shortage { needed: 3, together: set(&[]), away: set(&[1, 2]), cut: vec![] };
        assert_eq!(
            nobody.to_string(),
            "no node is there, 3 are needed; nodes 1 and 2 do not answer"
        );
    }
}
