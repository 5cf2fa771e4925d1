//! The size of a comparison's blocks with which a run is expected to take the least time. Where much
//! is compared at once and a round takes little, the gates that large blocks save are worth the
//! rounds that they take: stripes are under way beside one another, so that there are no more rounds
//! for many comparisons than for few.

use super::line::{Line, components_held, lanes, seconds};
use crate::protocol::bits::stripes;
use crate::protocol::tactics::{BLOCKS, LEAST_KING};
use crate::protocol::{CostModel, Security, Tactics};
use crate::sharing::{NodeSet, Scheme};

/// The fewest comparisons that larger blocks are tried for.
const FEWEST: u32 = 64;

/// The comparisons of a run, as far as they decide the size of blocks.
#[derive(Clone, Copy)]
pub struct Comparisons {
    /// Among whom.
    pub scheme: Scheme,
    /// Those of them who take part.
    pub participants: NodeSet,
    /// Which lies of nodes are found.
    pub security: Security,
    /// Bits of each number.
    pub width: usize,
    /// The most that are made at once.
    pub count: usize,
    /// Between the nodes.
    pub line: Line,
}

impl Comparisons {
    /// What comes of a run with the fastest of some tactics, which have blocks of two bits, and the
    /// same with larger ones. `run` says how long it takes.
    pub fn fastest<T>(self, tactics: Tactics, mut run: impl FnMut(Tactics) -> (f64, T)) -> T {
        let larger = self.with_larger_blocks(&tactics);
        let mut best = run(tactics);
        for tactics in larger {
            let other = run(tactics);
            if other.0 < best.0 {
                best = other;
            }
        }
        best.1
    }

    /// Every larger size of blocks, from the number of comparisons on where it is faster than blocks
    /// of two bits, if there are as many.
    fn with_larger_blocks(self, tactics: &Tactics) -> Vec<Tactics> {
        let mut all = Vec::new();
        for block in BLOCKS {
            if block == 2 || usize::from(block) >= 2 * self.width {
                continue;
            }
            for king_from in self.kings(tactics) {
                let lanes = lanes(self.scheme, self.count, self.line, block);
                let with = Tactics { block: Some(block), king_from, lanes, ..tactics.clone() };
                let sizes = (FEWEST.ilog2()..u32::BITS).map(|power| 1 << power);
                let mut sizes = sizes.take_while(|&from| from as usize <= self.count);
                let from = sizes.find(|&from| self.time(&with, from) < self.time(tactics, from));
                all.extend(from.map(|from| Tactics { block_from: Some(from), ..with }));
            }
        }
        all
    }

    /// From which size on messages may go over kings: as given; or so that a stripe's one plane does,
    /// which is what a round of a large block takes.
    fn kings(self, tactics: &Tactics) -> impl Iterator<Item = Option<u64>> {
        let plane = stripes::plane_bytes(components_held(self.scheme)) as u64;
        let plane = plane.max(LEAST_KING);
        let smaller = tactics.king_from.filter(|&from| from > plane).map(|_| Some(plane));
        std::iter::once(tactics.king_from).chain(smaller)
    }

    fn time(self, tactics: &Tactics, count: u32) -> f64 {
        let model = CostModel::new(self.scheme, self.participants).with_tactics(tactics);
        let model = model.with_security(self.security);
        seconds(self.scheme, self.line, model.checked(model.less_than(self.width, count as usize)))
    }
}
