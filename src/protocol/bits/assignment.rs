//! Which node computes which products of components.
//!
//! The product of two shared bits is the XOR over all pairs of sets (T, U) of `x_T` & `y_U`. A node
//! can compute a pair's product if it is outside both sets; among 2t+1 participants there always
//! is one, since T and U together have at most 2t nodes. The rule is public and gives every pair
//! to exactly one participant: the lowest outside both.
//!
//! That gives the first participants many more pairs than the last, and costs all of them little:
//! whether a pair is node i's depends only on which participants below i are in T and which in U.
//! So sets fall into classes, and node i multiplies sums over classes. With seven nodes and t = 3
//! it reads 40 to 88 components a gate, where an equal share of the 1225 pairs would take about
//! 200.

use std::collections::BTreeMap;

use crate::sharing::{NodeIndex, NodeSet, Scheme};

/// The node of each pair: `owners[i][j]` for sets number i and j of [`Scheme::sets`]. `None` only
/// where no participant is outside both, which cannot be with 2t+1 of them.
pub fn owners(scheme: Scheme, participants: NodeSet) -> Vec<Vec<Option<NodeIndex>>> {
    let sets = scheme.sets();
    let owner = |t: NodeSet, u: NodeSet| participants.difference(t.union(u)).first();
    sets.iter().map(|&t| sets.iter().map(|&u| owner(t, u)).collect()).collect()
}

/// The participant that puts a set's part of a pseudorandom value into the opening of its masked
/// sum: set number i goes to the (i mod k)-th of its k participating holders.
pub fn contributor(sets: &[NodeSet], participants: NodeSet, set: usize) -> Option<NodeIndex> {
    let holders = participants.difference(*sets.get(set)?);
    holders.iter().nth(set.checked_rem(holders.len())?)
}

/// What one node does in every AND. All numbers are positions among the components it holds.
pub(in crate::protocol) struct Duties {
    /// Its products: the XOR of some components of x, times the XOR of some of y.
    pub(in crate::protocol) products: Vec<(Vec<usize>, Vec<usize>)>,
    /// The components of the mask that it adds.
    pub(in crate::protocol) masks: Vec<usize>,
}

impl Duties {
    pub(in crate::protocol) fn of(scheme: Scheme, participants: NodeSet, me: NodeIndex) -> Self {
        if scheme.nodes() == 3 {
            // Components {me - 1} and {me + 1}, in the order of sets.
            let (a, b) = if me.get() == 2 { (0, 1) } else { (1, 0) };
            return Self {
                products: vec![(vec![a], vec![a, b]), (vec![b], vec![a])],
                masks: vec![],
            };
        }
        let sets = scheme.sets();
        let held = scheme.held_by(me);
        let owners = owners(scheme, participants);
        let mine = |t: usize, u: usize| owners[t][u] == Some(me);
        // Components of x that are multiplied by the same ones of y are added up first.
        let mut classes: BTreeMap<Vec<usize>, Vec<usize>> = BTreeMap::new();
        for (x, &t) in held.iter().enumerate() {
            let ys = held.iter().enumerate().filter(|&(_, &u)| mine(t, u)).map(|(y, _)| y);
            let ys: Vec<usize> = ys.collect();
            if !ys.is_empty() {
                classes.entry(ys).or_default().push(x);
            }
        }
        let masks = held.iter().enumerate();
        let masks = masks.filter(|&(_, &t)| contributor(&sets, participants, t) == Some(me));
        Self {
            products: classes.into_iter().map(|(ys, xs)| (xs, ys)).collect(),
            masks: masks.map(|(position, _)| position).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::protocol::bits::assignment::*;

    /// Every choice of at least 2t+1 of n nodes.
    fn quorums(scheme: Scheme) -> impl Iterator<Item = NodeSet> {
        (0..1_u16 << scheme.nodes())
            .map(NodeSet::from_bits)
            .filter(move |participants| participants.len() >= scheme.quorum())
    }

    #[test]
    fn every_product_has_one_owner_who_can_compute_it() {
        for (n, t) in [(3, 1), (4, 1), (5, 1), (5, 2), (7, 2), (7, 3), (9, 4), (9, 2), (6, 2)] {
            let scheme = Scheme::new(n, t).unwrap();
            let sets = scheme.sets();
            for participants in quorums(scheme) {
                let owners = owners(scheme, participants);
                for (i, &t) in sets.iter().enumerate() {
                    for (j, &u) in sets.iter().enumerate() {
                        let owner = owners[i][j].unwrap();
                        assert!(participants.difference(t.union(u)).contains(owner));
                    }
                    let masker = contributor(&sets, participants, i).unwrap();
                    assert!(participants.difference(t).contains(masker));
                }
            }
        }
    }

    #[test]
    fn duties_cover_every_product_and_mask_once() {
        for (n, t) in [(4, 1), (5, 2), (7, 3)] {
            let scheme = Scheme::new(n, t).unwrap();
            let sets = scheme.sets().len();
            for participants in quorums(scheme) {
                let mut seen = vec![0; sets * sets];
                let mut masks = vec![0; sets];
                for node in participants.iter() {
                    let held = scheme.held_by(node);
                    let duties = Duties::of(scheme, participants, node);
                    for (xs, ys) in duties.products {
                        for x in xs {
                            for &y in &ys {
                                seen[held[x] * sets + held[y]] += 1;
                            }
                        }
                    }
                    for mask in duties.masks {
                        masks[held[mask]] += 1;
                    }
                }
                assert!(seen.iter().chain(&masks).all(|&count| count == 1));
            }
        }
    }

    #[test]
    fn what_a_node_reads_for_a_gate_is_bounded() {
        for (n, t, most) in [(4, 1, 7), (5, 1, 9), (5, 2, 19), (7, 2, 41), (7, 3, 88), (9, 4, 450)]
        {
            let scheme = Scheme::new(n, t).unwrap();
            for participants in quorums(scheme) {
                for node in participants.iter() {
                    let duties = Duties::of(scheme, participants, node);
                    let read = duties.products.iter().map(|(xs, ys)| xs.len() + ys.len());
                    let read: usize = read.sum();
                    assert!(read <= most, "{n} {t} {participants} {node}: {read}");
                }
            }
        }
    }
}
