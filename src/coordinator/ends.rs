//! How an attempt ends: what its nodes say, what is still waited for, and what follows.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::identity::{Digest, PublicKey, Roster, Signature, Statement as _};
use crate::session::{Accusation, Outcome};
use crate::sharing::security::Security;
use crate::sharing::{NodeIndex, NodeSet};
use crate::wire::node_api::{Cost, StartAttempt};
use crate::wire::reason::{AttemptFailure, AttemptTrouble, NodeReport, NodeTrouble};

/// How long the other nodes' word is waited for when one has found a lie: all honest ones find it
/// in the same round.
const WORD: Duration = Duration::from_secs(5);

/// The same when a node lost the link to another, which may have ended because of a lie, and when
/// others are done already.
const WORD_OF_LIES: Duration = Duration::from_secs(1);

/// How long the rest is waited for when t+1 nodes have signed one outcome: all honest ones end in
/// the same round.
const SIGNATURES: Duration = Duration::from_secs(3);

/// A node's finished attempt.
pub(super) struct Done {
    pub(super) outcome: Outcome,
    pub(super) signature: Signature,
    pub(super) cost: Cost,
}

/// An outcome that stands.
pub(super) struct Signed {
    /// Of those that signed it.
    pub(super) done: BTreeMap<NodeIndex, Done>,
    /// What the others did that took part.
    pub(super) unsigned: Vec<NodeReport>,
}

/// How an attempt has ended at its nodes so far.
pub(super) struct Ends<'a> {
    roster: &'a Roster,
    start: &'a StartAttempt,
    security: Security,
    /// Each with the digest of its outcome.
    done: BTreeMap<NodeIndex, (Digest, Done)>,
    failed: Vec<NodeReport>,
}

impl<'a> Ends<'a> {
    /// Nothing has been heard yet.
    pub(super) const fn new(
        roster: &'a Roster,
        start: &'a StartAttempt,
        security: Security,
    ) -> Self {
        Self { roster, start, security, done: BTreeMap::new(), failed: Vec::new() }
    }

    /// Take what a node says.
    pub(super) fn add(&mut self, node: NodeIndex, ended: Result<Done, NodeTrouble>) {
        let ended = ended.and_then(|done| {
            let digest = done.outcome.digest();
            let key = self.roster.node(node).map(|card| card.key);
            let signed = |key: PublicKey| key.verify(&digest, &done.signature).is_ok();
            if key.is_some_and(signed) {
                Ok((digest, done))
            } else {
                Err(NodeTrouble::FalseSignature)
            }
        });
        match ended {
            Ok(done) => drop(self.done.insert(node, done)),
            Err(trouble) => {
                let trouble = self.judged(node, trouble);
                self.failed.push(NodeReport { node, trouble });
            }
        }
    }

    /// The participants that have not signed an outcome: they may still be at work.
    pub(super) fn undone(&self) -> NodeSet {
        self.start.participants.difference(self.done.keys().copied().collect())
    }

    /// What a node reports, if it can be: an accusation counts only with its signature, for this
    /// attempt.
    fn judged(&self, node: NodeIndex, trouble: NodeTrouble) -> NodeTrouble {
        let Some(accusation) = trouble.accusation() else { return trouble };
        let start = self.start;
        let sound = accusation.check(self.roster, start.session, &start.manifest);
        let about = |said: &Accusation| {
            said.node == node
                && (said.attempt, said.participants) == (start.attempt, start.participants)
        };
        if sound.is_ok_and(about) { trouble } else { NodeTrouble::FalseSignature }
    }

    /// The outcome that t+1 nodes have signed, if there is one and no other. Where gates are not
    /// checked, honest nodes may have computed different ones, and all must have the same.
    fn standing(&self) -> Option<Digest> {
        let mut signed: BTreeMap<Digest, usize> = BTreeMap::new();
        for &(digest, _) in self.done.values() {
            *signed.entry(digest).or_default() += 1;
        }
        if self.security == Security::Passive && signed.len() > 1 {
            return None;
        }
        let needed = usize::from(self.roster.scheme.threshold()) + 1;
        let mut standing = signed.into_iter().filter(|&(_, count)| count >= needed);
        match (standing.next(), standing.next()) {
            (Some((digest, _)), None) => Some(digest),
            _ => None,
        }
    }

    /// How long the others are waited for; none where there is no hurry.
    pub(super) fn patience(&self) -> Option<Duration> {
        if self.standing().is_some() {
            return Some(SIGNATURES);
        }
        let first = self.failed.first()?;
        Some(match &first.trouble {
            trouble if trouble.accusation().is_some() => WORD,
            NodeTrouble::Attempt { failure: AttemptFailure::Link { .. } } => WORD_OF_LIES,
            _ if self.done.is_empty() => Duration::ZERO,
            _ => WORD_OF_LIES,
        })
    }

    /// What follows, when nothing more is waited for.
    pub(super) fn judge(self) -> Result<Signed, AttemptTrouble> {
        let Some(standing) = self.standing() else { return Err(self.trouble()) };
        let failed = self.failed.iter().map(|report| report.node);
        let heard: NodeSet = self.done.keys().copied().chain(failed).collect();
        let silent = self.start.participants.difference(heard);
        let mut unsigned = self.failed;
        unsigned
            .extend(silent.iter().map(|node| NodeReport { node, trouble: NodeTrouble::Unsigned }));
        let mut signed = BTreeMap::new();
        for (node, (digest, done)) in self.done {
            if digest == standing {
                signed.insert(node, done);
            } else {
                unsigned.push(NodeReport { node, trouble: NodeTrouble::OtherOutcome });
            }
        }
        unsigned.sort_unstable_by_key(|report| report.node);
        Ok(Signed { done: signed, unsigned })
    }

    /// Why there is no outcome: who was found lying, otherwise who failed first, otherwise that all
    /// computed something else.
    fn trouble(self) -> AttemptTrouble {
        let lies = |report: &NodeReport| report.trouble.accusation().is_some();
        let mut nodes: Vec<_> = self.failed.iter().filter(|report| lies(report)).cloned().collect();
        if nodes.is_empty() {
            nodes.extend(self.failed.into_iter().next());
        }
        if nodes.is_empty() {
            let outcomes = self.done.iter().map(|(&node, &(digest, _))| (node, digest)).collect();
            return AttemptTrouble::Disagreement { outcomes };
        }
        nodes.sort_unstable_by_key(|report| report.node);
        AttemptTrouble::Nodes { nodes }
    }
}

#[cfg(test)]
mod tests {
    use crate::coordinator::ends::*;
    use crate::identity::Signed as Statement;
    use crate::rules::answer::Answer;
    use crate::rules::auction;
    use crate::runs::plan::Plan;
    use crate::session::fixtures::{World, node};

    struct Place {
        world: World,
        start: StartAttempt,
    }

    impl Place {
        fn new(nodes: u8, threshold: u8) -> Self {
            let world = World::new(nodes, threshold);
            let start = StartAttempt {
                session: world.session(),
                attempt: 1,
                participants: NodeSet::all(nodes),
                manifest: Digest([7; 32]),
                plan: Plan::default(),
            };
            Self { world, start }
        }

        fn ends(&self, security: Security) -> Ends<'_> {
            Ends::new(&self.world.roster.body, &self.start, security)
        }

        /// What a node says that computed an outcome, told from others by a number.
        fn done(&self, by: u8, number: u8) -> Done {
            let outcome = Outcome {
                session: self.world.session(),
                announcement: Digest([number; 32]),
                manifest: self.start.manifest,
                answer: Answer::Auction(auction::Answer { winners: Vec::new() }),
                out_of_range: Vec::new(),
            };
            let signed = Statement::new(outcome, self.world.key(by));
            let cost = Cost::default();
            Done { outcome: signed.body, signature: signed.signature, cost }
        }
    }

    fn lost() -> NodeTrouble {
        let failure = AttemptFailure::Link { node: node(3), detail: String::new() };
        NodeTrouble::Attempt { failure }
    }

    #[test]
    fn an_outcome_stands_with_signatures_of_one_more_than_may_lie() {
        for security in [Security::Active, Security::Passive] {
            let place = Place::new(5, 2);
            let mut ends = place.ends(security);
            for by in [1, 2] {
                ends.add(node(by), Ok(place.done(by, 0)));
                assert_eq!(ends.patience(), None);
            }
            ends.add(node(4), Ok(place.done(4, 0)));
            assert_eq!(ends.patience(), Some(SIGNATURES));
            // Another key's signature is none, and what fails now changes nothing.
            ends.add(node(3), Ok(place.done(4, 0)));
            assert_eq!(ends.undone(), [3, 5].into_iter().map(node).collect());
            let Ok(signed) = ends.judge() else { panic!("it stands") };
            assert_eq!(signed.done.into_keys().collect::<Vec<_>>(), [1, 2, 4].map(node));
            let unsigned = |by, trouble| NodeReport { node: node(by), trouble };
            let silent = unsigned(5, NodeTrouble::Unsigned);
            assert_eq!(signed.unsigned, [unsigned(3, NodeTrouble::FalseSignature), silent]);
        }
    }

    #[test]
    fn without_so_many_the_first_failure_counts() {
        let place = Place::new(3, 1);
        let mut ends = place.ends(Security::Active);
        ends.add(node(1), Err(lost()));
        assert_eq!(ends.patience(), Some(WORD_OF_LIES));
        ends.add(node(2), Ok(place.done(2, 0)));
        let Err(trouble) = ends.judge() else { panic!("one signature is too few") };
        let nodes = vec![NodeReport { node: node(1), trouble: lost() }];
        assert_eq!(trouble, AttemptTrouble::Nodes { nodes });
    }

    #[test]
    fn a_single_node_with_another_outcome_is_left_alone_where_gates_are_checked() {
        let place = Place::new(3, 1);
        let ended = |security| {
            let mut ends = place.ends(security);
            ends.add(node(3), Ok(place.done(3, 9)));
            ends.add(node(1), Ok(place.done(1, 0)));
            ends.add(node(2), Ok(place.done(2, 0)));
            ends.judge().map(|signed| signed.unsigned)
        };
        let other = NodeReport { node: node(3), trouble: NodeTrouble::OtherOutcome };
        assert_eq!(ended(Security::Active).ok(), Some(vec![other]));
        // Otherwise nobody knows whose is right.
        let Err(AttemptTrouble::Disagreement { outcomes }) = ended(Security::Passive) else {
            panic!("they disagree")
        };
        assert_eq!(outcomes.len(), 3);
    }
}
