//! What a session's failed attempts say about who can compute together: whom the next attempt
//! leaves out, and how long it waits. Without I/O.
//!
//! Two kinds of failure are told apart. A message that did not come, or a node that says of itself
//! that it cannot take part, is *passing*: it is remembered for a while, in memory, and attempts go
//! on for ever, with pauses that grow. Something that was wrong in itself (values that do not fit,
//! different outcomes, a false signature) *lasts*: it follows from the attempts on disk, and once
//! no group is left that avoids it, a person has to look.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::Instant;

use super::links::Links;
use crate::session::accusation::{self, Accusation};
use crate::sharing::{NodeIndex, NodeSet};
use crate::wire::problem::ProblemType;
use crate::wire::reason::{AttemptFailure, AttemptTrouble, NodeTrouble};

/// Longest pause between two attempts.
const LONGEST: Duration = Duration::from_secs(60);

/// How long a node or a pair is avoided after it failed once; twice as long each time.
const AVOIDED: Duration = Duration::from_secs(30);

/// Longest time that one is avoided.
const AVOIDED_LONGEST: Duration = Duration::from_secs(480);

type Pair = (NodeIndex, NodeIndex);

/// Whom a failed attempt points at.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Blame {
    /// Nodes that cannot take part, as they say themselves or as their own signature shows.
    nodes: NodeSet,
    /// Pairs of nodes that do not get through to each other, or of which one sent wrong values.
    pairs: BTreeSet<Pair>,
    /// Whether something was wrong that waiting does not mend.
    lasts: bool,
    /// Nodes that have no share of a variable that the session loads.
    shareless: NodeSet,
    /// Whether a check found a lie.
    lies: bool,
}

impl Blame {
    /// Whom an attempt's end points at.
    pub fn of(trouble: &AttemptTrouble) -> Self {
        let mut blame = Self::default();
        match trouble {
            AttemptTrouble::Disagreement { outcomes } => {
                blame.lasts = true;
                for (at, (a, one)) in outcomes.iter().enumerate() {
                    let others = outcomes[..at].iter().filter(|(_, other)| other != one);
                    others.for_each(|(b, _)| blame.add_pair(*a, *b));
                }
            }
            AttemptTrouble::Nodes { nodes } => {
                for report in nodes {
                    blame.add(report.node, &report.trouble);
                }
            }
        }
        blame
    }

    /// Whether it is to be remembered: something was wrong in itself, or somebody lied.
    pub const fn stays(&self) -> bool {
        self.lasts || self.lies
    }

    fn add(&mut self, node: NodeIndex, trouble: &NodeTrouble) {
        match trouble {
            NodeTrouble::OtherManifest
            | NodeTrouble::FalseSignature
            | NodeTrouble::OtherOutcome
            | NodeTrouble::Unsigned
            | NodeTrouble::Unsound { .. } => {
                self.nodes.insert(node);
                self.lasts = true;
            }
            NodeTrouble::Attempt { failure } => self.add_failure(node, failure),
            // It may have been started again, or be behind for a moment.
            NodeTrouble::NoAnswer { .. }
            | NodeTrouble::Refused {
                problem:
                    ProblemType::NotFound
                    | ProblemType::AttemptOutdated
                    | ProblemType::Unavailable
                    | ProblemType::NotApproved
                    | ProblemType::TooManyRequests
                    | ProblemType::Timeout,
                ..
            } => {}
            NodeTrouble::Refused { .. } => self.nodes.insert(node),
        }
    }

    fn add_failure(&mut self, node: NodeIndex, failure: &AttemptFailure) {
        match failure {
            AttemptFailure::UnfitPart { .. }
            | AttemptFailure::MissingEnvelope { .. }
            | AttemptFailure::UnfitShares { .. }
            | AttemptFailure::UnfitTerms { .. }
            | AttemptFailure::Store { .. } => self.nodes.insert(node),
            AttemptFailure::Variable { lack, .. } => {
                self.nodes.insert(node);
                self.lasts = true;
                if lack.lasts() {
                    self.shareless.insert(node);
                }
            }
            AttemptFailure::Link { node: other, .. } => self.add_pair(node, *other),
            AttemptFailure::CalledOff => {}
            // Whom that keeps apart follows from all of them: [`Doubts`].
            AttemptFailure::Lie { .. } => self.lies = true,
            AttemptFailure::Computation { nodes, .. } => {
                self.lasts = true;
                let others = nodes.without(node);
                match (others.len(), others.first()) {
                    (0, _) => self.nodes = self.nodes.union(*nodes),
                    // Either it sent something wrong, or the one that says so lies.
                    (1, Some(other)) => self.add_pair(node, other),
                    _ => {
                        for a in nodes.iter() {
                            nodes.iter().for_each(|b| self.add_pair(a, b));
                        }
                    }
                }
            }
        }
    }

    fn add_pair(&mut self, a: NodeIndex, b: NodeIndex) {
        if a != b {
            self.pairs.insert((a.min(b), a.max(b)));
        }
    }
}

/// What lasts of the attempts since computing began, by what is on disk.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Doubts {
    nodes: NodeSet,
    pairs: BTreeSet<Pair>,
    /// Nodes that have no share of a variable that the session loads.
    shareless: NodeSet,
    /// Attempts that failed so that waiting does not mend it.
    pub strikes: u64,
    /// Those of them that point at nobody.
    unexplained: u64,
    /// Sets of nodes in each of which at least one lied.
    apart: Vec<NodeSet>,
    /// Whether somebody lied.
    pub lies: bool,
}

impl Doubts {
    /// Of how these attempts ended, where at most `threshold` nodes lie.
    pub fn of(threshold: u8, failed: &[AttemptTrouble]) -> Self {
        let mut doubts = Self::default();
        let accusations: Vec<&Accusation> = failed
            .iter()
            .flat_map(AttemptTrouble::accusations)
            .map(|signed| &signed.body)
            .collect();
        doubts.lies = !accusations.is_empty();
        doubts.apart = accusation::apart(&accusation::findings(threshold, accusations));
        doubts.strikes = failed.iter().map(Blame::of).filter(|blame| blame.lies).count() as u64;
        for blame in failed.iter().map(Blame::of).filter(|blame| blame.lasts) {
            doubts.strikes += 1;
            doubts.unexplained += u64::from(blame.nodes.is_empty() && blame.pairs.is_empty());
            doubts.nodes = doubts.nodes.union(blame.nodes);
            doubts.shareless = doubts.shareless.union(blame.shareless);
            doubts.pairs.extend(blame.pairs);
        }
        doubts
    }

    /// Whether nothing but a person helps: too few nodes remain that have shares of what is loaded, and
    /// no liar among them, or often
    /// enough something was wrong in itself and nobody could be left out because of it.
    pub fn hopeless(&self, all: NodeSet, quorum: usize, attempts: u64) -> bool {
        let able = Links::whole(all).without(self.shareless);
        if able.apart(&self.apart).together().len() < quorum {
            return true;
        }
        let rest = self.avoided(&Links::whole(all)).together();
        self.strikes >= attempts && (self.unexplained >= attempts || rest.len() < quorum)
    }

    /// Nodes that are left out wherever there are enough others.
    pub const fn nodes(&self) -> NodeSet {
        self.nodes
    }

    fn avoided(&self, links: &Links) -> Links {
        let mut links = links.clone().without(self.nodes);
        self.pairs.iter().for_each(|&(a, b)| links.cut(a, b));
        links
    }
}

/// For how long something is avoided.
#[derive(Clone, Copy)]
struct Avoided {
    times: u32,
    until: Instant,
}

impl Avoided {
    fn again(before: Option<Self>, now: Instant) -> Self {
        let times = before.map_or(0, |before| before.times).saturating_add(1);
        let long = AVOIDED.saturating_mul(1 << (times - 1).min(8)).min(AVOIDED_LONGEST);
        Self { times, until: now + long }
    }
}

struct Unfit {
    why: NodeTrouble,
    avoided: Avoided,
    /// Who was there and reached whom when it said so.
    links: Links,
}

/// What is remembered, in memory, of a session's failed attempts.
#[derive(Default)]
pub struct Past {
    failures: u32,
    last: Option<(NodeSet, Instant)>,
    pairs: BTreeMap<Pair, Avoided>,
    unfit: BTreeMap<NodeIndex, Unfit>,
}

impl Past {
    /// Nothing has failed yet.
    pub const fn new() -> Self {
        Self { failures: 0, last: None, pairs: BTreeMap::new(), unfit: BTreeMap::new() }
    }

    /// An attempt by these nodes failed, while the links were so.
    pub fn failed(
        &mut self,
        participants: NodeSet,
        trouble: &AttemptTrouble,
        links: &Links,
        now: Instant,
    ) {
        self.failures = self.failures.saturating_add(1);
        self.last = Some((participants, now));
        let blame = Blame::of(trouble);
        for pair in blame.pairs {
            let before = self.pairs.get(&pair).copied();
            self.pairs.insert(pair, Avoided::again(before, now));
        }
        let AttemptTrouble::Nodes { nodes } = trouble else { return };
        for report in nodes.iter().filter(|report| blame.nodes.contains(report.node)) {
            let before = self.unfit.get(&report.node).map(|unfit| unfit.avoided);
            let (why, avoided) = (report.trouble.clone(), Avoided::again(before, now));
            self.unfit.insert(report.node, Unfit { why, avoided, links: links.clone() });
        }
    }

    /// Nodes that have said that they cannot take part, and why: until they have been left out for
    /// a while, or others are there or linked than when they said so, who may help them.
    pub fn unfit(&self, links: &Links, now: Instant) -> BTreeMap<NodeIndex, NodeTrouble> {
        let unfit = self.unfit.iter();
        let still = unfit.filter(|(_, unfit)| now < unfit.avoided.until && unfit.links == *links);
        still.map(|(&node, unfit)| (node, unfit.why.clone())).collect()
    }

    /// Who takes part in the next attempt: the largest group of those that are there and reach each
    /// other, without whom earlier attempts point at as far as enough remain; `None` where too few
    /// do in any case.
    pub fn choose(
        &self,
        links: &Links,
        doubts: &Doubts,
        quorum: usize,
        now: Instant,
    ) -> Option<NodeSet> {
        let fit = links.clone().without(self.unfit(links, now).into_keys().collect());
        // Whatever else is avoided, those that are known to have a liar among them never meet again.
        let fit = fit.apart(&doubts.apart);
        let trusted = doubts.avoided(&fit);
        let mut best = trusted.clone();
        for (&(a, b), avoided) in &self.pairs {
            if now < avoided.until {
                best.cut(a, b);
            }
        }
        let groups = [best, trusted, fit].map(|links| links.together());
        groups.into_iter().find(|group| group.len() >= quorum)
    }

    /// How long an attempt by these nodes still has to wait. The pauses double, from `first` on;
    /// one by others than those that failed last comes sooner.
    pub fn pause(&self, participants: NodeSet, first: Duration, now: Instant) -> Duration {
        let Some((before, at)) = self.last else { return Duration::ZERO };
        let doublings = self.failures.saturating_sub(1).min(16);
        let full = first.saturating_mul(1 << doublings).min(LONGEST.max(first));
        let pause = if participants == before { full } else { (full / 8).max(first) };
        pause.saturating_sub(now.saturating_duration_since(at))
    }

    /// Attempts that have failed, as far as this process knows.
    pub const fn failures(&self) -> u32 {
        self.failures
    }
}

#[cfg(test)]
#[path = "past_tests.rs"]
mod tests;
