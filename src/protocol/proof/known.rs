//! Sums of what was sent and of masks, which proofs are compared with: what everybody knows, and
//! what the holders of a component know, row by row.

use super::columns::{RowSums, no_rows};
use super::layout::{Layout, Weights};
use super::record::{Record, Sent};
use crate::field::binary128::small::ROWS;
use crate::field::{Binary128, Field as _};
use crate::protocol::bits::assignment::contributor;
use crate::protocol::bits::context::BitContext;
use crate::protocol::bits::gates::Gates;
use crate::protocol::bits::zeros::{start_of, streams_of};
use crate::sharing::bits::planes::{WORD_BYTES, read_le};
use crate::sharing::numbers::pseudorandom::set_polynomial;
use crate::sharing::stream::{StreamKey, StreamStart};
use crate::sharing::{NodeIndex, NodeSet};

/// Sums by row.
type Rows = [Binary128; ROWS];

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
pub(super) struct Known {
    public: Rows,
    sets: Vec<(NodeSet, Rows)>,
}

impl Known {
    /// A node's Shamir share of it, if this node knows what that one does.
    pub(super) fn share_of(&self, node: NodeIndex) -> Rows {
        let mut share = self.public;
        for (set, rows) in &self.sets {
            let factor = set_polynomial::<Binary128>(*set, node);
            for (share, &row) in share.iter_mut().zip(rows) {
                *share += factor * row;
            }
        }
        share
    }
}

/// The batch with its weights, as sums are made of it.
pub(super) struct Ledger<'a> {
    pub(super) ctx: &'a BitContext,
    pub(super) layout: &'a Layout<'a>,
    pub(super) weights: &'a Weights,
}

impl Ledger<'_> {
    /// Sums of words that are put down piece by piece.
    fn rows(&self, mut words: impl FnMut(&Record, &Gates<'_>, usize, &mut [u64])) -> Rows {
        let mut sums = RowSums::none();
        let mut rows = no_rows();
        for (chunk, weights) in self.weights.iter().enumerate() {
            self.layout.put_words(chunk, &mut words, &mut rows);
            sums.add(&rows, weights);
        }
        sums.reduce()
    }

    /// Sums of pseudorandom words.
    fn stream(&self, key: &StreamKey, start: impl Fn(&Record) -> StreamStart) -> Rows {
        self.rows(|record, _, first, tile| key.write_at(start(record), first / 2, tile))
    }

    /// The sets that this node is outside of, with their keys.
    fn sets(&self) -> impl Iterator<Item = (usize, NodeSet, &StreamKey)> {
        let base = self.ctx.base();
        let sets = base.scheme().sets();
        let held = base.scheme().held_by(base.me()).into_iter();
        held.zip(base.keys().sets()).map(move |(set, key)| (set, sets[set], key))
    }

    /// The sum of all parts: what was opened, and the mask under it.
    pub(super) fn sum(&self) -> Known {
        let public = self.rows(|record, _, first, tile| {
            if let Sent::Sum(opened) = &record.sent {
                tile.copy_from_slice(&opened[first..first + tile.len()]);
            }
        });
        let sets = self.sets();
        let sets = sets.map(|(_, set, key)| (set, self.stream(key, |record| record.start)));
        Known { public, sets: sets.collect() }
    }

    /// The part of one node, without its masks, as far as this node knows it.
    pub(super) fn part_of(&self, prover: NodeIndex, linked: Linked) -> Known {
        match linked {
            Linked::Ring => self.ring_part_of(prover),
            Linked::Each => self.each_part_of(prover),
            Linked::Sum => Known { public: [Binary128::ZERO; ROWS], sets: Vec::new() },
        }
    }

    fn ring_part_of(&self, prover: NodeIndex) -> Known {
        let (base, me) = (self.ctx.base(), self.ctx.me());
        let third = |peer| base.participants().without(me).without(peer);
        let mut sets = Vec::new();
        for (peer, key) in base.keys().links() {
            if prover == me || prover == peer {
                sets.push((third(peer), self.stream(key, |record| record.start)));
            }
        }
        // The part of a node is the component of the one before it.
        let (before, _) = crate::protocol::bits::and::neighbours(prover);
        if !before.contains(me) {
            let held = base.scheme().held_by(me);
            let all = base.scheme().sets();
            let component = held.iter().position(|&set| all[set] == before).unwrap_or_default();
            let rows = self.rows(|record, gates, first, tile| {
                if let Sent::Ring(results) = &record.sent {
                    let words = &results.component(component)[first..first + tile.len()];
                    tile.copy_from_slice(words);
                    gates.add(component, first, tile);
                }
            });
            sets.push((before, rows));
        }
        Known { public: [Binary128::ZERO; ROWS], sets }
    }

    fn each_part_of(&self, prover: NodeIndex) -> Known {
        let base = self.ctx.base();
        let public = self.rows(|record, _, first, tile| {
            if let Sent::Each(parts) = &record.sent
                && let Some((_, part)) = parts.iter().find(|(node, _)| *node == prover)
            {
                let bytes = first * WORD_BYTES..(first + tile.len()) * WORD_BYTES;
                read_le(tile, &part[bytes]);
            }
        });
        let all = base.scheme().sets();
        let mut sets = Vec::new();
        for (number, set, key) in self.sets().filter(|(_, set, _)| !set.contains(prover)) {
            for holder in streams_of(set, base.participants(), prover).iter() {
                sets.push((set, self.stream(key, |record| start_of(&record.step, holder))));
            }
            if contributor(&all, base.participants(), number) == Some(prover) {
                sets.push((set, self.stream(key, |record| record.start)));
            }
        }
        Known { public, sets }
    }
}
