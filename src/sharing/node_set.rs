//! Node indices and sets of nodes.

use std::fmt;

use serde::{Deserialize, Serialize, ser::SerializeSeq as _};

/// Most nodes a roster may have.
pub const MAX_NODES: u8 = 10;

/// Index of a node in its roster, 1..=n.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct NodeIndex(u8);

impl NodeIndex {
    /// The node with this index; `None` outside 1..=[`MAX_NODES`].
    pub const fn new(index: u8) -> Option<Self> {
        if index >= 1 && index <= MAX_NODES { Some(Self(index)) } else { None }
    }

    /// The index, 1..=n.
    pub const fn get(self) -> u8 {
        self.0
    }

    /// Position in a zero-based array of the roster's nodes.
    pub const fn position(self) -> usize {
        self.0 as usize - 1
    }
}

impl TryFrom<u8> for NodeIndex {
    type Error = String;
    fn try_from(index: u8) -> Result<Self, String> {
        Self::new(index).ok_or_else(|| format!("a node index is 1 to {MAX_NODES}, not {index}"))
    }
}

impl From<NodeIndex> for u8 {
    fn from(node: NodeIndex) -> u8 {
        node.0
    }
}

impl fmt::Display for NodeIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A set of nodes, as a bit mask: bit i-1 stands for node i. Serialized as a sorted list.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct NodeSet(u16);

impl NodeSet {
    /// The empty set.
    pub const EMPTY: Self = Self(0);

    /// All nodes 1..=n.
    pub const fn all(n: u8) -> Self {
        Self((1 << n) - 1)
    }

    /// The set with these bits (bit i-1 for node i); bits past [`MAX_NODES`] are dropped.
    pub const fn from_bits(bits: u16) -> Self {
        Self(bits & Self::all(MAX_NODES).0)
    }

    /// The bit mask.
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// Whether the node is in the set.
    pub const fn contains(self, node: NodeIndex) -> bool {
        self.0 >> (node.0 - 1) & 1 == 1
    }

    /// Add a node.
    pub const fn insert(&mut self, node: NodeIndex) {
        self.0 |= 1 << (node.0 - 1);
    }

    /// The set with a node added.
    #[must_use]
    pub const fn with(self, node: NodeIndex) -> Self {
        Self(self.0 | 1 << (node.0 - 1))
    }

    /// The set with a node taken out.
    #[must_use]
    pub const fn without(self, node: NodeIndex) -> Self {
        Self(self.0 & !(1 << (node.0 - 1)))
    }

    /// Nodes in either set.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Nodes in both sets.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Nodes of this set that are not in the other.
    #[must_use]
    pub const fn difference(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether every node of this set is in the other.
    pub const fn is_subset_of(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// How many nodes are in the set.
    pub const fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Whether there are none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The nodes in ascending order.
    pub fn iter(self) -> impl Iterator<Item = NodeIndex> + Clone {
        (1..=MAX_NODES).map(NodeIndex).filter(move |&node| self.contains(node))
    }

    /// The lowest node.
    pub fn first(self) -> Option<NodeIndex> {
        self.iter().next()
    }
}

impl FromIterator<NodeIndex> for NodeSet {
    fn from_iter<I: IntoIterator<Item = NodeIndex>>(nodes: I) -> Self {
        nodes.into_iter().fold(Self::EMPTY, Self::with)
    }
}

impl fmt::Debug for NodeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(NodeIndex::get)).finish()
    }
}

/// "1, 2 and 5".
impl fmt::Display for NodeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = self.len().saturating_sub(1);
        for (position, node) in self.iter().enumerate() {
            match position {
                0 => {}
                p if p == last => f.write_str(" and ")?,
                _ => f.write_str(", ")?,
            }
            node.fmt(f)?;
        }
        Ok(())
    }
}

impl Serialize for NodeSet {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Binary encodings must know the length beforehand, and a filter does not tell it.
        let mut list = serializer.serialize_seq(Some(self.len()))?;
        self.iter().try_for_each(|node| list.serialize_element(&node))?;
        list.end()
    }
}

impl<'de> Deserialize<'de> for NodeSet {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let nodes = Vec::<NodeIndex>::deserialize(deserializer)?;
        if !nodes.is_sorted_by(|a, b| a < b) {
            return Err(serde::de::Error::custom("a set of nodes is written in ascending order"));
        }
        Ok(nodes.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use crate::sharing::node_set::*;

    #[test]
    fn a_set_reads_like_a_sentence() {
        let set: NodeSet = [1, 2, 5].into_iter().filter_map(NodeIndex::new).collect();
        assert_eq!(set.to_string(), "1, 2 and 5");
        assert_eq!(serde_json::to_string(&set).unwrap(), "[1,2,5]");
        assert_eq!(serde_json::from_str::<NodeSet>("[1,2,5]").unwrap(), set);
        assert!(serde_json::from_str::<NodeSet>("[2,1]").is_err());
        assert!(serde_json::from_str::<NodeSet>("[0]").is_err());
        let bytes = postcard::to_stdvec(&set).unwrap();
        assert_eq!(postcard::from_bytes::<NodeSet>(&bytes).unwrap(), set);
    }
}
