//! Who is there, and who reaches whom: from what the nodes last reported, without I/O.

use std::collections::{BTreeMap, BTreeSet};

use crate::session::shortage::Shortage;
use crate::sharing::{NodeIndex, NodeSet};
use crate::wire::coordinator_api::NodeStatus;

/// Who is there, and who reaches whom.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Links {
    all: NodeSet,
    there: NodeSet,
    /// Pairs that do not reach each other, the lower node first.
    cut: BTreeSet<(NodeIndex, NodeIndex)>,
    /// Sets in which somebody lied: never all of one together.
    apart: Vec<NodeSet>,
}

impl Links {
    /// All these nodes are there and reach each other.
    pub const fn whole(all: NodeSet) -> Self {
        Self { all, there: all, cut: BTreeSet::new(), apart: Vec::new() }
    }

    /// As the nodes last reported. A node that was not asked yet counts as there, and a pair of
    /// which neither says that the stream is down as linked.
    pub fn reported(all: NodeSet, watched: &BTreeMap<NodeIndex, NodeStatus>) -> Self {
        let away: NodeSet = watched
            .iter()
            .filter(|(_, status)| status.health.is_none())
            .map(|(&node, _)| node)
            .collect();
        let mut links = Self::whole(all).without(away);
        for (&node, status) in watched {
            for link in status.health.iter().flat_map(|health| &health.links) {
                if !link.connected {
                    links.cut(node, link.node);
                }
            }
        }
        links
    }

    /// These nodes and no others are there.
    #[must_use]
    pub fn present(mut self, nodes: NodeSet) -> Self {
        self.there = self.all.intersection(nodes);
        self
    }

    /// The same without some nodes.
    #[must_use]
    pub fn without(mut self, nodes: NodeSet) -> Self {
        self.there = self.there.difference(nodes);
        self
    }

    /// The same, with no group that has all nodes of one of these sets.
    #[must_use]
    pub fn apart(mut self, sets: &[NodeSet]) -> Self {
        self.apart.extend_from_slice(sets);
        self
    }

    /// The nodes that are there.
    pub const fn there(&self) -> NodeSet {
        self.there
    }

    /// Take a pair as cut.
    pub fn cut(&mut self, a: NodeIndex, b: NodeIndex) {
        if a != b {
            self.cut.insert((a.min(b), a.max(b)));
        }
    }

    /// The pairs that are there and do not reach each other.
    fn cuts(&self) -> impl Iterator<Item = (NodeIndex, NodeIndex)> {
        let there = |node: &NodeIndex| self.there.contains(*node);
        self.cut.iter().copied().filter(move |(a, b)| there(a) && there(b))
    }

    /// The largest group of which each node is there and reaches every other; of several, the one
    /// with the lowest nodes.
    pub fn together(&self) -> NodeSet {
        let cuts = self.cuts().map(|(a, b)| NodeSet::EMPTY.with(a).with(b));
        let cuts: Vec<NodeSet> = cuts.chain(self.apart.iter().copied()).collect();
        let groups = (0..=self.there.bits()).map(NodeSet::from_bits).filter(|group| {
            group.is_subset_of(self.there) && !cuts.iter().any(|cut| cut.is_subset_of(*group))
        });
        groups.max_by_key(|group| (group.len(), group.bits().reverse_bits())).unwrap_or_default()
    }

    /// What keeps `needed` nodes from computing together, if something does.
    pub fn shortage(&self, needed: usize) -> Option<Shortage> {
        let together = self.together();
        (together.len() < needed).then(|| Shortage {
            needed: needed as u64,
            together,
            away: self.all.difference(self.there),
            cut: self.cuts().collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::coordinator::links::*;

    fn node(index: u8) -> NodeIndex {
        NodeIndex::new(index).unwrap()
    }

    fn set(nodes: &[u8]) -> NodeSet {
        nodes.iter().map(|&index| node(index)).collect()
    }

    fn links(nodes: u8, cuts: &[(u8, u8)]) -> Links {
        let mut links = Links::reported(NodeSet::all(nodes), &BTreeMap::new());
        for &(a, b) in cuts {
            links.cut(node(a), node(b));
        }
        links
    }

    #[test]
    fn the_largest_group_leaves_out_as_few_as_it_can() {
        assert_eq!(links(5, &[]).together(), set(&[1, 2, 3, 4, 5]));
        assert_eq!(links(5, &[(4, 2)]).together(), set(&[1, 2, 3, 5]));
        assert_eq!(links(5, &[(1, 2), (1, 3), (1, 4)]).together(), set(&[2, 3, 4, 5]));
        assert_eq!(
            links(5, &[(1, 3), (1, 4), (1, 5), (2, 3), (2, 4), (2, 5)]).together(),
            set(&[3, 4, 5])
        );
        assert_eq!(links(4, &[(1, 2), (3, 4)]).together(), set(&[1, 3]));
        assert_eq!(links(5, &[(1, 2)]).present(set(&[2, 3, 4])).together(), set(&[2, 3, 4]));
    }

    #[test]
    fn sets_with_a_liar_are_kept_apart() {
        let apart = |sets: &[&[u8]]| {
            let sets: Vec<NodeSet> = sets.iter().map(|nodes| set(nodes)).collect();
            links(5, &[]).apart(&sets).together()
        };
        assert_eq!(apart(&[&[3]]), set(&[1, 2, 4, 5]));
        assert_eq!(apart(&[&[1, 3]]), set(&[1, 2, 4, 5]));
        assert_eq!(apart(&[&[1, 3], &[1, 2]]), set(&[2, 3, 4, 5]));
        assert_eq!(apart(&[&[1, 2, 3, 4, 5]]), set(&[1, 2, 3, 4]));
        assert_eq!(apart(&[&[1, 2, 3, 4, 5], &[1, 2, 3]]), set(&[1, 2, 4, 5]));
    }

    #[test]
    fn a_shortage_names_who_is_away_and_what_is_cut() {
        let some = links(5, &[(1, 2), (3, 4)]).present(set(&[1, 2, 3, 5]));
        assert_eq!(some.shortage(3), None);
        let shortage = some.shortage(4).unwrap();
        assert_eq!((shortage.together, shortage.away), (set(&[1, 3, 5]), set(&[4])));
        assert_eq!(shortage.cut, [(node(1), node(2))]);
    }
}
