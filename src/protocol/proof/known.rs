//! Sums of what was sent and of masks, which proofs are compared with: what everybody knows, and
//! what the holders of a component know, row by row.

use super::kind::Kind;
use crate::field::Field;
use crate::protocol::bits::assignment::contributor;
use crate::protocol::bits::context::BitContext;
use crate::protocol::bits::zeros::{start_of, streams_of};
use crate::sharing::numbers::pseudorandom::SetPolynomials;
use crate::sharing::stream::StreamKey;
use crate::sharing::{NodeIndex, NodeSet};

/// Which part of what was sent a proof is compared with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Linked {
    /// Three nodes: a part is a component like any other.
    Ring,
    /// Everyone has every part, and its masks have witnesses.
    Each,
    /// Only the sum of all parts is known.
    Sum,
}

impl Linked {
    pub(super) fn of(ctx: &BitContext) -> Self {
        let base = ctx.base();
        match (base.scheme().nodes(), base.tactics().naming) {
            (3, _) => Self::Ring,
            (_, true) => Self::Each,
            (_, false) => Self::Sum,
        }
    }
}

/// A replicated value by row: what is public of it, and its components as far as a node holds them.
pub(super) struct Known<E> {
    public: Vec<E>,
    sets: Vec<(NodeSet, Vec<E>)>,
}

impl<E: Field> Known<E> {
    /// A node's Shamir share of it by the polynomials of all sets, if this node knows what that one
    /// does.
    pub(super) fn share_of(&self, node: NodeIndex, polynomials: &SetPolynomials<E>) -> Vec<E> {
        let mut share = self.public.clone();
        for (set, rows) in &self.sets {
            let factor = polynomials.at(*set, node);
            for (share, &row) in share.iter_mut().zip(rows) {
                *share += factor * row;
            }
        }
        share
    }
}

/// The batch with its weights, as sums are made of it.
pub(super) struct Ledger<'a, 'b, K: Kind> {
    pub(super) ctx: &'a BitContext,
    pub(super) layout: &'a K::Layout<'b>,
    pub(super) weights: &'a K::Weights,
}

impl<K: Kind> Ledger<'_, '_, K> {
    /// The sets that this node is outside of, with their keys.
    fn sets(&self) -> impl Iterator<Item = (usize, NodeSet, &StreamKey)> {
        let base = self.ctx.base();
        let sets = base.scheme().sets();
        let held = base.scheme().held_by(base.me()).into_iter();
        held.zip(base.keys().sets()).map(move |(set, key)| (set, sets[set], key))
    }

    /// The sum of all parts: what was opened, less the mask in it.
    pub(super) fn sum(&self) -> Known<K::Field> {
        let public = K::opened(self.layout, self.weights);
        let mask = |key| negated(K::stream(self.layout, self.weights, key, |record| record.start));
        let sets = self.sets().map(|(_, set, key)| (set, mask(key)));
        Known { public, sets: sets.collect() }
    }

    /// The part of one node, without its masks, as far as this node knows it.
    pub(super) fn part_of(&self, prover: NodeIndex, linked: Linked) -> Known<K::Field> {
        match linked {
            Linked::Ring => self.ring_part_of(prover),
            Linked::Each => self.each_part_of(prover),
            Linked::Sum => Known { public: vec![K::Field::ZERO; K::ROWS], sets: Vec::new() },
        }
    }

    fn ring_part_of(&self, prover: NodeIndex) -> Known<K::Field> {
        let (base, me) = (self.ctx.base(), self.ctx.me());
        let third = |peer| base.participants().without(me).without(peer);
        let mut sets = Vec::new();
        for (peer, key) in base.keys().links() {
            if prover == me || prover == peer {
                let stream = K::stream(self.layout, self.weights, key, |record| record.start);
                // The lower one of two added their stream, the other subtracted it.
                let other = if prover == me { peer } else { me };
                let stream = if prover < other { negated(stream) } else { stream };
                sets.push((third(peer), stream));
            }
        }
        // The part of a node is the component of the one before it.
        let (before, _) = crate::protocol::bits::and::neighbours(prover);
        if !before.contains(me) {
            let held = base.scheme().held_by(me);
            let all = base.scheme().sets();
            let component = held.iter().position(|&set| all[set] == before).unwrap_or_default();
            sets.push((before, K::component(self.layout, self.weights, component)));
        }
        Known { public: vec![K::Field::ZERO; K::ROWS], sets }
    }

    fn each_part_of(&self, prover: NodeIndex) -> Known<K::Field> {
        let base = self.ctx.base();
        let public = K::part(self.layout, self.weights, prover);
        let all = base.scheme().sets();
        let mut sets = Vec::new();
        for (number, set, key) in self.sets().filter(|(_, set, _)| !set.contains(prover)) {
            // The first one outside the set subtracted what the others added.
            let first = base.participants().difference(set).first() == Some(prover);
            for holder in streams_of(set, base.participants(), prover).iter() {
                let start = |record: &super::record::Record<K>| start_of(&record.step, holder);
                let stream = K::stream(self.layout, self.weights, key, start);
                sets.push((set, if first { stream } else { negated(stream) }));
            }
            if contributor(&all, base.participants(), number) == Some(prover) {
                let mask = K::stream(self.layout, self.weights, key, |record| record.start);
                sets.push((set, negated(mask)));
            }
        }
        Known { public, sets }
    }
}

fn negated<E: Field>(mut rows: Vec<E>) -> Vec<E> {
    for row in &mut rows {
        *row = -*row;
    }
    rows
}
