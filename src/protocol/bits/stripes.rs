//! How large batches are cut up: how many positions a stripe has, and how many stripes are under
//! way at a time. `super::lanes` runs them.
//!
//! Where stripes begin follows from the scheme, the tactics and the number of positions, so all
//! nodes cut alike.

use crate::protocol::tactics::Blocks;
use crate::protocol::{Security, Tactics};
use crate::sharing::bits::planes::{WORD, WORD_BYTES, words};
use crate::sharing::{Holding, Plane, ShapeError};

/// What the intermediate results of all lanes of a node may take, in bytes.
const UNDER_WAY: usize = 192 << 20;

/// Intermediate planes that a stripe holds at a time, roughly, messages included.
const PLANES: usize = 72;

/// The same where gates are checked: what they were computed from stays until the check.
const PLANES_KEPT: usize = 200;

/// Stripes of a table under way at a time: each has much to compute at once, which holds up what is
/// to be sent and received meanwhile.
const LANES_OF_TABLE: usize = 16;

/// How many times its planes a table's stripe needs: as they are, and what becomes of them.
const TABLES: usize = 3;

/// Positions from which a search, which is not cut into stripes, checks its gates after every step.
pub(super) const CHECKED_BY_STEP: usize = 1 << 15;

/// Some consecutive positions of a batch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Stripe {
    first_word: usize,
    pub(super) len: usize,
    /// Positions of the whole batch.
    pub(super) batch: usize,
}

impl Stripe {
    /// The same positions, as those of a batch that was put together for this stripe.
    pub(super) const fn apart(self) -> Self {
        Self { first_word: 0, ..self }
    }

    /// Its first word in a plane of the batch.
    pub(super) const fn first_word(self) -> usize {
        self.first_word
    }

    /// This stripe of a plane of the batch.
    pub(super) fn of(self, plane: Plane<'_>) -> Result<Plane<'_>, ShapeError> {
        plane.cut(self.first_word, self.len)
    }
}

/// Positions of a stripe, by the components that a node holds: the work of a step then takes a
/// fraction of a millisecond, and its messages are large enough that sending them costs little.
const fn positions(components: usize) -> usize {
    match components {
        0..=2 => 1 << 16,
        3..=10 => 1 << 15,
        _ => 1 << 14,
    }
}

/// Bits of a block from which a round of a comparison is little more than one plane of a stripe.
pub(super) const LARGE_BLOCK: usize = 16;

/// How many times as many positions a stripe has where blocks are large, so that its messages are
/// not too small.
const fn wider(components: usize) -> usize {
    if components <= 2 { 2 } else { 4 }
}

/// What decides how a batch is cut.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Knife {
    holding: Holding,
    stripe: Option<u32>,
    lanes: Option<u16>,
    blocks: Blocks,
    security: Security,
}

/// Positions of a stripe, and how many stripes are under way at a time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Cut {
    len: usize,
    stripe: usize,
    /// Stripe number k runs in lane k modulo this.
    pub(super) lanes: usize,
}

impl Knife {
    pub(super) const fn new(holding: Holding, tactics: &Tactics, security: Security) -> Self {
        let (stripe, lanes, blocks) = (tactics.stripe, tactics.lanes, tactics.blocks());
        Self { holding, stripe, lanes, blocks, security }
    }

    pub(super) const fn with_security(self, security: Security) -> Self {
        Self { security, ..self }
    }

    /// For tables: so many planes belong to every position, most of which are computed from all at
    /// once. The stripes are as much work as others, and begin with whole words.
    pub(super) fn cut_table(self, len: usize, planes: usize) -> Cut {
        let components = self.holding.components();
        let wanted = self.stripe.and_then(|wanted| usize::try_from(wanted).ok());
        let usual = positions(components) * PLANES / planes.max(1);
        let stripe = wanted.unwrap_or(usual).max(WORD) / WORD * WORD;
        let stripe = if len <= stripe + stripe / 2 { len.max(1) } else { stripe };
        let cut = self.in_lanes(len, stripe, TABLES * planes);
        let most = self.lanes.map_or(LANES_OF_TABLE, usize::from);
        Cut { lanes: cut.lanes.min(most), ..cut }
    }

    /// Planes times positions of a tally's stripe. Its gates become shorter from round to round, so
    /// that it takes more of them than others to be worth a round.
    pub(super) fn tally_planes(self) -> usize {
        let wanted = self.stripe.and_then(|wanted| usize::try_from(wanted).ok());
        wanted.unwrap_or_else(|| 2 * positions(self.holding.components())) * PLANES
    }

    /// For tallies of so many planes.
    pub(super) fn cut_tally(self, len: usize, planes: usize) -> Cut {
        let stripe = (self.tally_planes() / planes.max(1)).max(WORD) / WORD * WORD;
        let stripe = if len <= stripe + stripe / 2 { len.max(1) } else { stripe };
        self.in_lanes(len, stripe, TABLES * planes)
    }

    /// How many of so many stripes of tallies are under way at a time.
    pub(super) fn lanes_of_tally(self, stripes: usize) -> usize {
        let memory = TABLES * self.tally_planes() / 8 * self.holding.components();
        let most = (UNDER_WAY / memory.max(1)).clamp(1, LANES_OF_TABLE);
        stripes.clamp(1, self.lanes.map_or(most, usize::from))
    }

    pub(super) fn cut(self, len: usize) -> Cut {
        let wanted = self.stripe.and_then(|wanted| usize::try_from(wanted).ok());
        let components = self.holding.components();
        let large = self.blocks.of(len) >= LARGE_BLOCK;
        // What is kept for a check would need too much memory.
        let (planes, wider) = match self.security {
            Security::Active => (PLANES_KEPT, 1),
            Security::Passive => (PLANES, if large { wider(components) } else { 1 }),
        };
        let stripe = wanted.unwrap_or_else(|| wider * positions(components));
        let stripe = stripe.max(WORD) / WORD * WORD;
        // A short last stripe would have the rounds of a full one for little work.
        let stripe = if len <= stripe + stripe / 2 { len.max(1) } else { stripe };
        self.in_lanes(len, stripe, planes)
    }

    fn in_lanes(self, len: usize, stripe: usize, planes: usize) -> Cut {
        let memory = stripe_bytes(self.holding.components(), stripe, planes);
        let most = self.lanes.map_or_else(|| UNDER_WAY / memory.max(1), usize::from);
        Cut { len, stripe, lanes: len.div_ceil(stripe).clamp(1, most.max(1)) }
    }
}

impl Cut {
    /// Number of stripes.
    pub(super) fn count(self) -> usize {
        self.len.div_ceil(self.stripe)
    }

    /// The stripes in order.
    pub(super) fn stripes(self) -> impl Iterator<Item = Stripe> {
        (0..self.count()).map(move |number| self.stripe(number))
    }

    /// One stripe by its number, from 0.
    pub(super) fn stripe(self, number: usize) -> Stripe {
        let first = number * self.stripe;
        Stripe { first_word: first / WORD, len: self.stripe.min(self.len - first), batch: self.len }
    }
}

/// Bytes of intermediate results that a stripe holds at a time.
const fn stripe_bytes(components: usize, positions: usize, planes: usize) -> usize {
    planes * words(positions) * WORD_BYTES * components
}

/// Bytes of intermediate results of one stripe, by the components that a node holds.
pub fn memory(components: usize) -> usize {
    stripe_bytes(components, positions(components), PLANES)
}

/// Bytes of one plane of a stripe, by the components that a node holds.
pub fn plane_bytes(components: usize) -> usize {
    words(positions(components)) * WORD_BYTES
}

/// Into how many stripes `len` positions are cut, by the components that a node holds.
pub fn count(components: usize, len: usize) -> usize {
    len.div_ceil(positions(components))
}

#[cfg(test)]
mod tests {
    use crate::protocol::bits::stripes::*;
    use crate::sharing::{NodeIndex, Scheme};

    #[test]
    fn stripes_cover_a_batch_and_lanes_bound_the_memory() {
        for (n, t) in [(3, 1), (5, 2), (7, 3), (9, 4)] {
            let holding = Holding::of(Scheme::new(n, t).unwrap(), NodeIndex::new(1).unwrap());
            let components = holding.components();
            for len in [0, 1, 64, 65, 100_000, 1_000_000, 30_000_000] {
                for lanes in [None, Some(1), Some(7)] {
                    let tactics = Tactics { lanes, ..Tactics::default() };
                    let security = Security::Active;
                    let cut = Knife::new(holding, &tactics, security).cut(len);
                    let stripes: Vec<Stripe> = cut.stripes().collect();
                    let mut next = 0;
                    for stripe in &stripes {
                        assert_eq!(stripe.first_word * WORD, next);
                        next += stripe.len;
                    }
                    assert_eq!(next, len);
                    let most = lanes.map_or(UNDER_WAY, |lanes| {
                        usize::from(lanes) * stripe_bytes(components, cut.stripe, PLANES_KEPT)
                    });
                    let memory = cut.lanes * stripe_bytes(components, cut.stripe, PLANES_KEPT);
                    assert!(memory <= most || cut.lanes == 1, "{n} {len}: {memory}");
                }
            }
        }
    }
}
