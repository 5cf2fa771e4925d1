//! A node's signed word that others lied in an attempt, and what follows from many such words.
//!
//! A check names *sets* of nodes, in each of which at least one lied. A single node's word is not
//! enough, since it may lie itself:
//!
//! - a set that t+1 nodes name for one attempt holds, for one of those is honest;
//! - a set that fewer name holds together with the one that says so: either that one lies, or one
//!   of the set did.
//!
//! As long as at most t nodes lie, every set that holds has a liar in it, and a node is *named* when
//! every explanation by at most t liars needs it. So no honest node is ever named.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::SessionId;
use crate::identity::{Digest, Roster, Signed, Statement};
use crate::sharing::{NodeIndex, NodeSet};

/// Most sets in one accusation: more than all pairs of nodes.
const MOST_SETS: usize = 64;

/// What was found wrong.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// A part of an AND gate, or a word in its check.
    Gate,
    /// All parts of AND gates together, which says nothing of who: the next attempt finds that out.
    Sum,
    /// The copies of an opened share.
    Opening,
    /// The keys of the attempt.
    Keys,
    /// The form of a message.
    Form,
}

impl Fault {
    /// What the liar did, after its name.
    pub const fn deed(self) -> &'static str {
        match self {
            Self::Gate => "sent a wrong part of an AND gate or of its check",
            Self::Sum => "sent a wrong part of an AND gate",
            Self::Opening => "sent a wrong copy of an opened share",
            Self::Keys => "sent different parts of a key to different nodes",
            Self::Form => "sent a message of the wrong form",
        }
    }
}

/// What a node says of an attempt in which it found a lie.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accusation {
    /// The session that was computed.
    pub session: SessionId,
    /// The entries that it was computed from, by digest.
    pub manifest: Digest,
    /// Which attempt.
    pub attempt: u32,
    /// Who took part in it.
    pub participants: NodeSet,
    /// The node that says so.
    pub node: NodeIndex,
    /// What was wrong.
    pub fault: Fault,
    /// Sets of participants, in each of which at least one lied, as this node sees it.
    pub sets: Vec<NodeSet>,
}

impl Statement for Accusation {
    const DOMAIN: &'static str = "gavel/v1/accusation";
}

/// Why an accusation does not count.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AccusationError {
    /// Not signed by the node that it is said to be of.
    #[error("the signature of node {node} under its accusation does not fit")]
    Signature {
        /// The node.
        node: NodeIndex,
    },
    /// Of something else than what was computed.
    #[error("the accusation of node {node} is about another session, manifest or attempt")]
    Other {
        /// The node.
        node: NodeIndex,
    },
    /// It accuses nobody, or nodes that took no part.
    #[error("the accusation of node {node} names nobody, or nodes that took no part")]
    Sets {
        /// The node.
        node: NodeIndex,
    },
}

impl Signed<Accusation> {
    /// Check the signature, and that it can be about this session and manifest.
    ///
    /// # Errors
    /// Names the node whose accusation does not count.
    pub fn check(
        &self,
        roster: &Roster,
        session: SessionId,
        manifest: &Digest,
    ) -> Result<&Accusation, AccusationError> {
        let Accusation { node, participants, .. } = self.body;
        let key = roster.node(node).map(|card| card.key);
        let body = key.and_then(|key| self.verify(&key).ok());
        let body = body.ok_or(AccusationError::Signature { node })?;
        if body.session != session || body.manifest != *manifest {
            return Err(AccusationError::Other { node });
        }
        let among = |set: &NodeSet| !set.is_empty() && set.is_subset_of(participants);
        let sets = !body.sets.is_empty() && body.sets.len() <= MOST_SETS;
        let here = participants.contains(node) && participants.is_subset_of(roster.scheme.all());
        if sets && here && body.sets.iter().all(among) {
            Ok(body)
        } else {
            Err(AccusationError::Sets { node })
        }
    }
}

/// What follows from all accusations of one attempt.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Finding {
    /// Which attempt.
    pub attempt: u32,
    /// What was wrong.
    pub fault: Fault,
    /// Sets of nodes in each of which at least one lied, as long as at most t did.
    pub sets: Vec<NodeSet>,
    /// The nodes that say so.
    pub by: NodeSet,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(one) = self.against_all() {
            let others = self.sets.iter().fold(NodeSet::EMPTY, |all, set| all.union(*set));
            let others = others.without(one);
            write!(f, "node {one}, or else all of nodes {others}, {}", self.fault.deed())?;
            return self.signed(f);
        }
        for (at, set) in self.sets.iter().enumerate() {
            let before = if at == 0 { "" } else { "; " };
            let of = if set.len() == 1 { "node" } else { "at least one of nodes" };
            write!(f, "{before}{of} {set} {}", self.fault.deed())?;
        }
        self.signed(f)
    }
}

impl Finding {
    /// The same in words where these nodes are known to have lied.
    pub fn told(&self, named: NodeSet) -> String {
        let explained = self.sets.iter().all(|set| !set.intersection(named).is_empty());
        if !explained || self.sets.is_empty() {
            return self.to_string();
        }
        let nodes = if named.len() == 1 { "node" } else { "nodes" };
        let by = if self.by.len() == 1 { "node" } else { "nodes" };
        let deed = self.fault.deed();
        format!("{nodes} {named} {deed} (signed by {by} {})", self.by)
    }

    /// The node that all others of the sets stand against in pairs, if there are several.
    fn against_all(&self) -> Option<NodeIndex> {
        let common = self.sets.iter().copied().reduce(NodeSet::intersection)?;
        let pairs = self.sets.len() > 1 && self.sets.iter().all(|set| set.len() == 2);
        common.first().filter(|_| pairs)
    }

    fn signed(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nodes = if self.by.len() == 1 { "node" } else { "nodes" };
        write!(f, " (signed by {nodes} {})", self.by)
    }
}

/// The sets without those that say no more than another, small ones first.
fn least(sets: impl IntoIterator<Item = NodeSet>) -> Vec<NodeSet> {
    let mut sets: Vec<NodeSet> = sets.into_iter().collect();
    sets.sort_unstable_by_key(|set| (set.len(), set.bits()));
    sets.dedup();
    let all = sets.clone();
    sets.retain(|set| !all.iter().any(|other| other != set && other.is_subset_of(*set)));
    sets
}

/// What follows from accusations, attempt by attempt, where at most `threshold` nodes lie. The
/// accusations have been checked; of several by one node for one attempt, all count as its word.
pub fn findings<'a>(
    threshold: u8,
    accusations: impl IntoIterator<Item = &'a Accusation>,
) -> Vec<Finding> {
    let mut attempts: BTreeMap<u32, Vec<&Accusation>> = BTreeMap::new();
    for accusation in accusations {
        attempts.entry(accusation.attempt).or_default().push(accusation);
    }
    let of_attempt = |(attempt, accusations): (u32, Vec<&Accusation>)| {
        // Who names a set, or a part of it, names it.
        let behind = |set: NodeSet| -> NodeSet {
            let name = |one: &&&Accusation| one.sets.iter().any(|other| other.is_subset_of(set));
            accusations.iter().filter(name).map(|one| one.node).collect()
        };
        let holds = |one: &&Accusation, set: NodeSet| {
            if behind(set).len() > usize::from(threshold) { set } else { set.with(one.node) }
        };
        let sets = accusations.iter().flat_map(|one| one.sets.iter().map(move |&set| (one, set)));
        Finding {
            attempt,
            fault: accusations.iter().map(|one| one.fault).min().unwrap_or(Fault::Gate),
            sets: least(sets.map(|(one, set)| holds(one, set))),
            by: accusations.iter().map(|one| one.node).collect(),
        }
    };
    attempts.into_iter().map(of_attempt).collect()
}

/// Sets of nodes that must not compute together again: each has a liar in it. What says nothing of
/// who lied is not among them.
pub fn apart(findings: &[Finding]) -> Vec<NodeSet> {
    let telling = findings.iter().filter(|finding| finding.fault != Fault::Sum);
    least(telling.flat_map(|finding| finding.sets.iter().copied()))
}

/// The nodes that lied in every explanation by at most `threshold` liars.
pub fn named(threshold: u8, findings: &[Finding]) -> NodeSet {
    let sets = least(findings.iter().flat_map(|finding| finding.sets.iter().copied()));
    let suspects = sets.iter().copied().fold(NodeSet::EMPTY, NodeSet::union);
    let explains = |liars: &NodeSet| {
        liars.is_subset_of(suspects)
            && liars.len() <= usize::from(threshold)
            && sets.iter().all(|set| !set.intersection(*liars).is_empty())
    };
    let explanations = (0..=suspects.bits()).map(NodeSet::from_bits).filter(explains);
    explanations.reduce(NodeSet::intersection).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use crate::session::accusation::*;

    fn node(index: u8) -> NodeIndex {
        NodeIndex::new(index).unwrap()
    }

    fn set(nodes: &[u8]) -> NodeSet {
        nodes.iter().map(|&index| node(index)).collect()
    }

    fn said(by: u8, attempt: u32, sets: &[&[u8]]) -> Accusation {
        Accusation {
            session: SessionId([1; 16]),
            manifest: Digest([2; 32]),
            attempt,
            participants: NodeSet::all(5),
            node: node(by),
            fault: Fault::Gate,
            sets: sets.iter().map(|nodes| set(nodes)).collect(),
        }
    }

    #[test]
    fn the_word_of_t_nodes_names_nobody_and_that_of_one_more_does() {
        // The only liar accuses an honest node.
        let found = findings(1, &[said(2, 1, &[&[3]])]);
        assert_eq!((&found[0].sets[..], named(1, &found)), (&[set(&[2, 3])][..], NodeSet::EMPTY));
        // Two of five cannot both lie where one does.
        let found = findings(1, &[said(2, 1, &[&[3]]), said(4, 1, &[&[3]])]);
        assert_eq!((&found[0].sets[..], named(1, &found)), (&[set(&[3])][..], set(&[3])));
        assert_eq!(found[0].by, set(&[2, 4]));
        // Where two may lie, two words are not enough.
        let found = findings(2, &[said(2, 1, &[&[3]]), said(4, 1, &[&[3]])]);
        assert_eq!(
            (&found[0].sets[..], named(2, &found)),
            (&[set(&[2, 3]), set(&[3, 4])][..], NodeSet::EMPTY)
        );
        // The same word twice is one word.
        let twice = [said(2, 1, &[&[3]]), said(2, 1, &[&[3]])];
        assert_eq!(findings(1, &twice)[0].sets, [set(&[2, 3])]);
    }

    #[test]
    fn who_names_a_part_of_a_set_names_the_set() {
        let found = findings(1, &[said(1, 1, &[&[3, 4]]), said(2, 1, &[&[3]])]);
        assert_eq!(found[0].sets, [set(&[2, 3]), set(&[3, 4])]);
        assert_eq!(named(1, &found), set(&[3]));
    }

    #[test]
    fn a_liar_is_named_by_whom_it_disputes_with() {
        let pairs = [said(1, 1, &[&[1, 3]]), said(2, 2, &[&[2, 3]])];
        let found = findings(1, &pairs);
        assert_eq!(apart(&found), [set(&[1, 3]), set(&[2, 3])]);
        assert_eq!(named(1, &found), set(&[3]));
        let mut one = found[0].clone();
        one.sets.push(set(&[3, 4]));
        assert_eq!(
            one.to_string(),
            "node 3, or else all of nodes 1 and 4, sent a wrong part of an AND gate or of its check \
             (signed by node 1)"
        );
        assert_eq!(
            one.told(set(&[3])),
            "node 3 sent a wrong part of an AND gate or of its check (signed by node 1)"
        );
        assert_eq!(one.told(set(&[1])), one.to_string());
        // Two liars may explain it otherwise.
        assert_eq!(named(2, &found), NodeSet::EMPTY);
    }

    #[test]
    fn a_sum_that_is_wrong_keeps_nobody_apart() {
        let everybody: &[u8] = &[1, 2, 3, 4, 5];
        let mut sum = said(1, 1, &[everybody]);
        sum.fault = Fault::Sum;
        let found = findings(1, &[sum]);
        assert_eq!((apart(&found), named(1, &found)), (Vec::new(), NodeSet::EMPTY));
    }

    #[test]
    fn no_honest_node_is_named_whatever_liars_say() {
        // All ways in which liars accuse pairs, among honest nodes that accuse rightly.
        for liar in 1..=5 {
            for (a, b) in (1..=5).flat_map(|a| (1..=5).map(move |b| (a, b))) {
                let (a, b): (u8, u8) = (a, b);
                let other = if liar == 1 { 2 } else { 1 };
                let found =
                    findings(1, &[said(liar, 1, &[&[a], &[b]]), said(other, 1, &[&[liar]])]);
                assert!(found[0].sets.iter().all(|set| set.contains(node(liar))), "{found:?}");
                assert!(named(1, &found).is_subset_of(set(&[liar])));
            }
        }
    }
}
