//! Which dealers give a batch out. Each component of the sharing is held by several of them, and counts
//! once: a public rule says whose part it belongs to.

use crate::sharing::{NodeIndex, NodeSet, Scheme};

/// Some of the dealers that made a batch, who together hold all of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Choice {
    scheme: Scheme,
    dealers: NodeSet,
    /// Of each set, in the order of [`Scheme::sets`].
    givers: Vec<NodeIndex>,
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
}

impl Choice {
    /// These dealers, of those that made a batch: any t+1, as each component is missing at t nodes.
    ///
    /// # Errors
    /// When some of them did not make it, or they are too few.
    pub fn new(scheme: Scheme, makers: NodeSet, dealers: NodeSet) -> Result<Self, ChoiceError> {
        let nodes = dealers.difference(makers.intersection(scheme.all()));
        if !nodes.is_empty() {
            return Err(ChoiceError::NotMakers { nodes, makers });
        }
        let (have, need) = (dealers.len(), usize::from(scheme.threshold()) + 1);
        let too_few = ChoiceError::TooFew { have, need };
        if have < need {
            return Err(too_few);
        }
        // Whoever has the fewest so far, the first of equals.
        let mut given = vec![0_usize; usize::from(scheme.nodes())];
        let mut givers = Vec::new();
        for set in scheme.sets() {
            let holders = dealers.difference(set);
            let giver = holders.iter().min_by_key(|holder| given[holder.position()]);
            let giver = giver.ok_or(too_few)?;
            given[giver.position()] += 1;
            givers.push(giver);
        }
        Ok(Self { scheme, dealers, givers })
    }

    /// Who gives.
    pub const fn dealers(&self) -> NodeSet {
        self.dealers
    }

    /// How the batch is shared.
    pub const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The components that a dealer gives, by their places among those that it holds.
    pub fn given_by(&self, dealer: NodeIndex) -> Vec<usize> {
        let held = self.scheme.held_by(dealer).into_iter().enumerate();
        held.filter(|&(_, set)| self.givers.get(set) == Some(&dealer)).map(|(at, _)| at).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::dealer::choice::*;

    #[test]
    fn every_component_is_given_once_by_one_who_holds_it() {
        for (n, t) in [(3, 1), (4, 1), (5, 2), (6, 1), (7, 3), (9, 4)] {
            let scheme = Scheme::new(n, t).unwrap();
            for bits in 0..1_u16 << n {
                let dealers = NodeSet::from_bits(bits);
                let Ok(choice) = Choice::new(scheme, scheme.all(), dealers) else {
                    assert!(dealers.len() <= usize::from(t));
                    continue;
                };
                assert!(dealers.len() > usize::from(t));
                let mut given = vec![0; scheme.sets().len()];
                for dealer in dealers.iter() {
                    let held = scheme.held_by(dealer);
                    choice.given_by(dealer).into_iter().for_each(|at| given[held[at]] += 1);
                }
                assert!(given.iter().all(|&times| times == 1), "{n} {t} {dealers}");
                let others = scheme.all().difference(dealers);
                assert!(others.iter().all(|other| choice.given_by(other).is_empty()));
            }
        }
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
    }
}
