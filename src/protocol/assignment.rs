//! Which node computes which products of components.
//!
//! The product of two shared bits is the XOR over all pairs of sets (T, U) of `x_T & y_U`. A
//! node can compute a pair's product if it is outside both sets; among 2t+1 participants there always
//! is one, since T and U together have at most 2t nodes. The rule is public and gives every pair
//! to exactly one participant: pairs with the fewest candidates first, each to the candidate that
//! has the fewest pairs so far, the lowest index on a tie.

use crate::sharing::{NodeIndex, NodeSet, Scheme};

/// The node of each pair: `owners[i][j]` for sets number i and j of [`Scheme::sets`]. `None` only
/// where no participant is outside both, which cannot be with 2t+1 of them.
pub fn owners(scheme: Scheme, participants: NodeSet) -> Vec<Vec<Option<NodeIndex>>> {
    let sets = scheme.sets();
    let mut load = [0_usize; 16];
    let mut owners = vec![vec![None; sets.len()]; sets.len()];
    for candidates_wanted in 1..=participants.len() {
        for (i, &t) in sets.iter().enumerate() {
            for (j, &u) in sets.iter().enumerate() {
                let candidates = participants.difference(t.union(u));
                if candidates.len() != candidates_wanted {
                    continue;
                }
                let least = candidates.iter().min_by_key(|node| load[node.position()]);
                if let Some(node) = least {
                    load[node.position()] += 1;
                    owners[i][j] = Some(node);
                }
            }
        }
    }
    owners
}

/// The participant that puts a set's part of a pseudorandom value into the opening of its masked
/// sum: set number i goes to the (i mod k)-th of its k participating holders.
pub fn contributor(sets: &[NodeSet], participants: NodeSet, set: usize) -> Option<NodeIndex> {
    let holders = participants.difference(*sets.get(set)?);
    holders.iter().nth(set.checked_rem(holders.len())?)
}

/// What one node does in every AND. All numbers are positions among the components it holds.
pub(super) struct Duties {
    /// Its products: x's component, with the components of y that it is multiplied by.
    pub(super) products: Vec<(usize, Vec<usize>)>,
    /// The components of the mask that it adds.
    pub(super) masks: Vec<usize>,
}

impl Duties {
    pub(super) fn of(scheme: Scheme, participants: NodeSet, me: NodeIndex) -> Self {
        let sets = scheme.sets();
        let held = scheme.held_by(me);
        let owners = owners(scheme, participants);
        let mine = |t: usize, u: usize| owners[t][u] == Some(me);
        let products = held.iter().enumerate().map(|(x, &t)| {
            let ys = held.iter().enumerate().filter(|&(_, &u)| mine(t, u)).map(|(y, _)| y);
            (x, ys.collect::<Vec<_>>())
        });
        let masks = held.iter().enumerate();
        let masks = masks.filter(|&(_, &t)| contributor(&sets, participants, t) == Some(me));
        Self {
            products: products.filter(|(_, ys)| !ys.is_empty()).collect(),
            masks: masks.map(|(position, _)| position).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
                let mut load = [0_usize; 9];
                for (i, &t) in sets.iter().enumerate() {
                    for (j, &u) in sets.iter().enumerate() {
                        let owner = owners[i][j].unwrap();
                        assert!(participants.difference(t.union(u)).contains(owner));
                        load[owner.position()] += 1;
                    }
                    let masker = contributor(&sets, participants, i).unwrap();
                    assert!(participants.difference(t).contains(masker));
                }
                let load: Vec<usize> =
                    participants.iter().map(|node| load[node.position()]).collect();
                let (least, most) = (load.iter().min().unwrap(), load.iter().max().unwrap());
                assert!(most <= &(2 * least), "{n} {t} {participants}: {load:?}");
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
                    for (x, ys) in duties.products {
                        for y in ys {
                            seen[held[x] * sets + held[y]] += 1;
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
}
