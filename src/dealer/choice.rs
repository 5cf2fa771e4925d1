//! Which dealers give a batch out, and in what portions. A portion is the sum of some components of the
//! sharing, so chosen that more than t of the makers hold all of them: what a portion is, those can say
//! of each other. Each component is in one portion, and each portion is given by one dealer.

use crate::sharing::{NodeIndex, NodeSet, Scheme};

/// Some components of a batch, given out as their sum.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Portion {
    /// Who gives it out.
    pub giver: NodeIndex,
    /// The components, by their places in [`Scheme::sets`].
    pub sets: Vec<usize>,
    /// The makers that hold all of them: more than t.
    pub holders: NodeSet,
}

/// Some of the dealers that made a batch, who together hold all of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Choice {
    scheme: Scheme,
    dealers: NodeSet,
    portions: Vec<Portion>,
}

/// Why some dealers cannot give a batch out.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ChoiceError {
    /// Some did not make it.
    #[error("dealers {nodes} have no part of this batch; choose among {makers}, who made it")]
    NotMakers {
        /// Who did not.
        nodes: NodeSet,
        /// Who did.
        makers: NodeSet,
    },
    /// They lack a part of it.
    #[error("{have} dealers do not hold a whole batch; choose {need} or more")]
    TooFew {
        /// How many were chosen.
        have: usize,
        /// How many it takes.
        need: usize,
    },
    /// Fewer than it takes to make one.
    #[error("{have} dealers do not make a batch that others can vouch for; it takes {need}")]
    FewMakers {
        /// How many there were.
        have: usize,
        /// How many it takes.
        need: usize,
    },
}

impl Choice {
    /// These dealers, of those that made a batch: any t+1, as each component is missing at t nodes.
    ///
    /// # Errors
    /// When some of them did not make it, or they or the makers are too few.
    pub fn new(scheme: Scheme, makers: NodeSet, dealers: NodeSet) -> Result<Self, ChoiceError> {
        let nodes = dealers.difference(makers.intersection(scheme.all()));
        if !nodes.is_empty() {
            return Err(ChoiceError::NotMakers { nodes, makers });
        }
        let need = usize::from(scheme.threshold()) + 1;
        if dealers.len() < need {
            return Err(ChoiceError::TooFew { have: dealers.len(), need });
        }
        // With 2t+1 makers, as many may be without a component as t.
        let without = makers.len().checked_sub(need).filter(|&without| without + 1 >= need);
        let few = ChoiceError::FewMakers { have: makers.len(), need: 2 * need - 1 };
        let without = without.ok_or(few)?;
        let sets: Vec<NodeSet> =
            scheme.sets().into_iter().map(|set| set.intersection(makers)).collect();
        // Who may be without a portion: as many as leave t+1 holders, and a dealer among those.
        let lacking: Vec<NodeSet> = (0..=scheme.all().bits())
            .map(NodeSet::from_bits)
            .filter(|lacking| lacking.len() == without && lacking.is_subset_of(makers))
            .filter(|&lacking| !dealers.is_subset_of(lacking))
            .collect();
        let mut left: Vec<usize> = (0..sets.len()).collect();
        let mut given = vec![0_usize; usize::from(scheme.nodes())];
        let mut portions = Vec::new();
        while !left.is_empty() {
            // Whatever takes the most components, the first of equals.
            let taken = |lacking: &NodeSet| {
                left.iter().filter(|&&set| sets[set].is_subset_of(*lacking)).count()
            };
            let best = lacking.iter().rev().max_by_key(|&lacking| taken(lacking)).ok_or(few)?;
            let (own, others) = left.iter().partition(|&&set| sets[set].is_subset_of(*best));
            left = others;
            let own: Vec<usize> = own;
            let missing = own.iter().fold(NodeSet::EMPTY, |all, &set| all.union(sets[set]));
            let holders = makers.difference(missing);
            // Whoever has the fewest so far, the first of equals.
            let able = holders.intersection(dealers);
            let giver = able.iter().min_by_key(|holder| given[holder.position()]).ok_or(few)?;
            given[giver.position()] += 1;
            portions.push(Portion { giver, sets: own, holders });
        }
        Ok(Self { scheme, dealers, portions })
    }

    /// Who gives.
    pub const fn dealers(&self) -> NodeSet {
        self.dealers
    }

    /// How the batch is shared.
    pub const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// What it is given out in.
    pub fn portions(&self) -> &[Portion] {
        &self.portions
    }

    /// The portions that a dealer gives.
    pub fn given_by(&self, dealer: NodeIndex) -> Vec<usize> {
        self.which(|portion| portion.giver == dealer)
    }

    /// The portions that a maker holds whole.
    pub fn held_by(&self, maker: NodeIndex) -> Vec<usize> {
        self.which(|portion| portion.holders.contains(maker))
    }

    fn which(&self, is: impl Fn(&Portion) -> bool) -> Vec<usize> {
        let portions = self.portions.iter().enumerate();
        portions.filter(|(_, portion)| is(portion)).map(|(at, _)| at).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::dealer::choice::*;

    /// All that is asked of a choice.
    fn sound(scheme: Scheme, makers: NodeSet, dealers: NodeSet) -> usize {
        let (choice, t) =
            (Choice::new(scheme, makers, dealers).unwrap(), usize::from(scheme.threshold()));
        let sets = scheme.sets();
        let mut given = vec![0; sets.len()];
        for portion in choice.portions() {
            assert!(dealers.contains(portion.giver) && portion.holders.contains(portion.giver));
            assert!(portion.holders.len() > t && portion.holders.is_subset_of(makers));
            assert!(!portion.sets.is_empty());
            for &set in &portion.sets {
                given[set] += 1;
                assert!(portion.holders.intersection(sets[set]).is_empty());
            }
        }
        assert!(given.iter().all(|&times| times == 1), "{scheme:?} {makers} {dealers}");
        // Of any t dealers, all that is given lacks a portion that none of them holds.
        let lacks = |set: &NodeSet| {
            choice.portions().iter().any(|portion| portion.holders.intersection(*set).is_empty())
        };
        assert!(sets.iter().all(lacks));
        let others = scheme.all().difference(dealers);
        assert!(others.iter().all(|other| choice.given_by(other).is_empty()));
        choice.portions().len()
    }

    #[test]
    fn every_component_is_given_once_by_one_who_holds_it_and_can_be_vouched_for() {
        for (n, t) in [(3, 1), (4, 1), (5, 1), (5, 2), (6, 1), (6, 2), (7, 1)] {
            let scheme = Scheme::new(n, t).unwrap();
            for makers in (0..1_u16 << n).map(NodeSet::from_bits) {
                for dealers in (0..1_u16 << n).map(NodeSet::from_bits) {
                    let enough = makers.len() >= scheme.quorum() && dealers.len() > usize::from(t);
                    if enough && dealers.is_subset_of(makers) {
                        sound(scheme, makers, dealers);
                    } else {
                        assert!(Choice::new(scheme, makers, dealers).is_err());
                    }
                }
            }
        }
    }

    /// How many portions there are. As many components as there are would take the owner, with more
    /// makers than it takes, needlessly long.
    #[test]
    fn portions_are_few_where_there_are_more_makers_than_it_takes() {
        let portions = |n, t, makers| {
            let scheme = Scheme::new(n, t).unwrap();
            sound(scheme, NodeSet::all(makers), NodeSet::all(t + 1))
        };
        assert_eq!([portions(3, 1, 3), portions(4, 1, 4), portions(5, 1, 5)], [3, 2, 2]);
        assert_eq!([portions(4, 1, 3), portions(5, 2, 5), portions(7, 3, 7)], [3, 10, 35]);
        assert!(portions(7, 2, 7) <= 7, "{}", portions(7, 2, 7));
        assert!(portions(9, 2, 9) <= 6, "{}", portions(9, 2, 9));
        assert_eq!([portions(10, 1, 10), portions(10, 2, 10), portions(10, 3, 10)], [2, 3, 10]);
    }

    #[test]
    fn who_did_not_make_it_or_too_few_are_refused() {
        let scheme = Scheme::new(5, 2).unwrap();
        let [two, four] = [2, 4].map(|node| NodeIndex::new(node).unwrap());
        let makers = scheme.all().without(two);
        let refused = Choice::new(scheme, makers, scheme.all()).unwrap_err();
        assert_eq!(refused, ChoiceError::NotMakers { nodes: NodeSet::EMPTY.with(two), makers });
        let few = NodeSet::all(1).with(four);
        let refused = Choice::new(scheme, makers, few).unwrap_err();
        assert_eq!(refused, ChoiceError::TooFew { have: 2, need: 3 });
        assert!(refused.to_string().contains("choose 3 or more"));
        let refused = Choice::new(scheme, makers, makers).unwrap_err();
        assert_eq!(refused, ChoiceError::FewMakers { have: 4, need: 5 });
    }
}
