//! Predicted rounds, gates and bytes of protocols on bits. Tests compare each with what is spent.

use super::columns::{
    BY_DISTANCE, Carries, Carrying, ENOUGH, adders, after, bounds, cuts, highest, merged,
    of_multiples, place_bits, rippling, row, saved, set_bits, sum_width, table_row, taller,
};
use super::sizes::{DIGEST, king_from, king_piece, over_kings, pieces};
use super::stripes::{CHECKED_BY_STEP, Cut, Knife};
use crate::protocol::bracket::{self, Keep, Level, losses_by_round};
use crate::protocol::proof::message_bytes;
use crate::protocol::tactics::Blocks;
use crate::protocol::{Cost, Security, Tactics};
use crate::sharing::bits::planes::{WORD, WORD_BYTES, words};
use crate::sharing::keys::{contribution_bytes, tag_bytes};
use crate::sharing::{Holding, NodeSet, Scheme};

/// What protocols cost among some participants of a scheme.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CostModel {
    pub(in crate::protocol) scheme: Scheme,
    pub(in crate::protocol) participants: NodeSet,
    holding: Holding,
    king_from: Option<u64>,
    blocks: Blocks,
    knife: Knife,
    pub(in crate::protocol) security: Security,
}

impl CostModel {
    /// The costs among these participants, with default tactics and security.
    pub fn new(scheme: Scheme, participants: NodeSet) -> Self {
        // All nodes hold as many components.
        let holding = scheme.all().first().map_or(Holding::NONE, |node| Holding::of(scheme, node));
        let security = Security::default();
        let knife = Knife::new(holding, &Tactics::default(), security);
        let blocks = Tactics::default().blocks();
        Self { scheme, participants, holding, king_from: None, blocks, knife, security }
    }

    /// The costs with other tactics.
    #[must_use]
    pub const fn with_tactics(self, tactics: &Tactics) -> Self {
        let knife = Knife::new(self.holding, tactics, self.security);
        Self { king_from: king_from(tactics), blocks: tactics.blocks(), knife, ..self }
    }

    /// The costs with other security.
    #[must_use]
    pub const fn with_security(self, security: Security) -> Self {
        Self { security, knife: self.knife.with_security(security), ..self }
    }

    pub(super) const fn knife(self) -> Knife {
        self.knife
    }

    /// What something costs, and the check of the gates in it that are not checked yet.
    #[must_use]
    pub fn checked(self, cost: Cost) -> Cost {
        if cost.unchecked == 0 {
            return cost;
        }
        let message = message_bytes(self.scheme, self.participants) as u64;
        let sent = self.peers() * message;
        let check = Cost { rounds: 3, bytes_sent: sent, checks: 1, ..Cost::default() };
        Cost { unchecked: 0, checked: cost.checked + cost.unchecked, ..cost + check }
    }

    /// What something costs, and opening batches after it, each given by its width and positions:
    /// what is not checked yet is checked before.
    #[must_use]
    pub fn opening(self, cost: Cost, batches: &[(usize, usize)]) -> Cost {
        self.checked(cost) + self.open(batches)
    }

    pub(in crate::protocol) const fn peers(self) -> u64 {
        self.participants.len().saturating_sub(1) as u64
    }

    /// Making and confirming the keys of an attempt.
    pub fn keys(self) -> Cost {
        let message = contribution_bytes(self.scheme) + tag_bytes(self.scheme);
        Cost { rounds: 1, bytes_sent: self.peers() * message as u64, ..Cost::default() }
    }

    /// `planes` gates of one round, on `len` positions each.
    pub fn and(self, planes: usize, len: usize) -> Cost {
        if planes == 0 || len == 0 {
            return Cost::default();
        }
        let gates = (planes * len) as u64;
        let total = planes * words(len);
        let message = (total * WORD_BYTES) as u64;
        let unchecked = if self.security == Security::Active { gates } else { 0 };
        let cost = Cost { rounds: 1, gates, bytes_sent: message, unchecked, ..Cost::default() };
        if self.scheme.nodes() == 3 {
            return cost;
        }
        if over_kings(self.king_from, total * WORD_BYTES) {
            let piece = king_piece(self.participants.len(), total) as u64;
            return Cost { rounds: 2, bytes_sent: 2 * self.peers() * piece, ..cost };
        }
        Cost { bytes_sent: self.peers() * message, ..cost }
    }

    /// A program that runs stripe by stripe, several beside one another. Where there are several,
    /// each is checked by itself.
    pub(super) fn striped(self, len: usize, program: impl Fn(usize) -> Cost) -> Cost {
        self.striped_by(self.knife.cut(len), program)
    }

    /// The same for a table that has so many planes at every position.
    pub(super) fn striped_table(
        self,
        len: usize,
        planes: usize,
        program: impl Fn(usize) -> Cost,
    ) -> Cost {
        self.striped_by(self.knife.cut_table(len, planes), program)
    }

    fn striped_by(self, cut: Cut, program: impl Fn(usize) -> Cost) -> Cost {
        let mut known: Option<(usize, Cost)> = None;
        let pieces = cut.stripes().map(|stripe| {
            let own = match known {
                Some((len, cost)) if len == stripe.len => cost,
                _ => program(stripe.len),
            };
            known = Some((stripe.len, own));
            own
        });
        self.in_lanes(cut.lanes, pieces.collect())
    }

    /// Pieces of work in lanes. Where there are several, each is checked by itself.
    pub(super) fn in_lanes(self, lanes: usize, pieces: Vec<Cost>) -> Cost {
        if let [only] = pieces[..] {
            return only;
        }
        let mut rounds = vec![0; lanes.max(1)];
        let mut cost = Cost::default();
        for (number, piece) in pieces.into_iter().enumerate() {
            let own = self.checked(piece);
            rounds[number % lanes.max(1)] += own.rounds;
            cost += own;
        }
        let rounds = rounds.into_iter().max().unwrap_or(0);
        Cost { rounds, beside: cost.beside + cost.rounds - rounds, ..cost }
    }

    /// Opening batches, each given by its width and positions, in one round, where all gates are
    /// checked.
    pub fn open(self, batches: &[(usize, usize)]) -> Cost {
        let piece: usize =
            batches.iter().map(|&(width, len)| width * words(len) * WORD_BYTES).sum();
        let message = (pieces(self.scheme) * piece + DIGEST) as u64;
        Cost { rounds: 1, bytes_sent: self.peers() * message, ..Cost::default() }
    }

    /// Comparing in blocks of so many bits, where in each the bits from `lowest` on need gates.
    fn by_blocks(self, width: usize, len: usize, block: usize, lowest: usize) -> Cost {
        let sizes = || (0..width).step_by(block).map(|first| block.min(width - first));
        // What is to be ANDed for whether a block propagates, but for the lowest.
        let mut propagate: Vec<usize> = sizes().skip(1).collect();
        let mut cost = Cost::default();
        for bit in lowest..block.min(width) {
            let carried = sizes().filter(|&size| size > bit).count();
            let paired: usize = propagate.iter().map(|left| left / 2).sum();
            cost += self.and(carried + paired, len);
            for left in &mut propagate {
                *left = left.div_ceil(2);
            }
        }
        let mut groups = width.div_ceil(block);
        while groups > 1 {
            cost += self.and(groups / 2 * 2 - 1, len);
            groups = groups.div_ceil(2);
        }
        cost
    }

    /// Comparing `len` pairs of numbers of `width` bits.
    pub fn less_than(self, width: usize, len: usize) -> Cost {
        let block = self.blocks.of(len);
        self.striped(len, |len| self.less_than_part(width, len, block))
            + Cost { comparisons: len as u64, ..Cost::default() }
    }

    /// One stripe of a batch whose size calls for blocks of so many bits.
    fn less_than_part(self, width: usize, len: usize, block: usize) -> Cost {
        self.by_blocks(width, len, block, 0)
    }

    /// Selecting one of two numbers at `len` positions.
    pub fn select(self, width: usize, len: usize) -> Cost {
        self.and(width, len)
    }

    /// The tournament over `len` numbers, with what is kept of it.
    pub fn maximum(self, width: usize, len: usize, keep: Keep, groups: &[u16]) -> Cost {
        let mut cost = Cost::default();
        let mut carried = 0;
        for (number, level) in bracket::levels(len, groups).into_iter().enumerate() {
            let second = keep == Keep::Levels && number == 0;
            cost += self.level(width, carried, level, second);
            if keep != Keep::Value {
                carried += level.group.trailing_zeros() as usize;
            }
        }
        cost
    }

    /// Each of `len` numbers compared with each, and the best picked, with the best of the others if
    /// asked for.
    fn best_of_all(self, width: usize, carried: usize, len: usize, second: bool) -> Cost {
        let compared = self.less_than(width, bracket::pairs(len));
        let rounds = losses_by_round(len - 1, second).into_iter();
        let losses = rounds.fold(compared, |cost, gates| cost + self.and(gates, len));
        // Side by side.
        let best = self.pick(width + carried, len);
        let next = if second { self.pick(width, len) } else { Cost::default() };
        losses + Cost { rounds: best.rounds.max(next.rounds), ..best + next }
    }

    /// One level of a tournament whose numbers carry `carried` bits of their index; `second` says
    /// whether the best of the others is asked for where the level is the only one.
    pub fn level(self, width: usize, carried: usize, level: Level, second: bool) -> Cost {
        if level.is_all() {
            return self.best_of_all(width, carried, level.entries, second);
        }
        let places = level.groups();
        let comparisons = Cost { comparisons: level.comparisons() as u64, ..Cost::default() };
        if level.group == 2 {
            let block = self.blocks.of(places);
            return self.striped(places, |len| {
                self.less_than_part(width, len, block) + self.and(width + carried, len)
            }) + comparisons;
        }
        let compared = bracket::pairs(level.group) * places;
        let block = self.blocks.of(compared);
        let mut cost =
            self.striped(compared, |len| self.less_than_part(width, len, block)) + comparisons;
        let mut literals = level.group - 1;
        while literals > 1 {
            cost += self.and(literals / 2 * (level.group - 1), places);
            literals = literals.div_ceil(2);
        }
        cost + self.and(width + carried, places)
    }

    /// Comparing `len` numbers of `width` bits with a public one.
    pub fn public_less_than(self, width: usize, len: usize) -> Cost {
        let block = self.blocks.of(len);
        self.striped(len, |len| self.by_blocks(width, len, block, 1))
            + Cost { comparisons: len as u64, ..Cost::default() }
    }

    /// Checking `len` numbers against a public maximum.
    pub fn range_check(self, width: usize, len: usize) -> Cost {
        if len == 0 {
            return Cost::default();
        }
        self.opening(self.public_less_than(width, len), &[(1, len)])
    }

    /// Adding up columns until they can be added at once; changes their heights.
    pub(super) fn save(self, groups: usize, heights: &mut Vec<usize>, len: usize) -> Cost {
        let mut cost = Cost::default();
        while let Some(adders) = adders(heights) {
            cost +=
                self.and(groups * adders.iter().map(|adders| adders.count()).sum::<usize>(), len);
            *heights = after(heights, &adders);
        }
        cost
    }

    /// How carries are made where so many sums are made at once.
    pub(super) const fn carrying(self, sums: usize) -> Carrying {
        Carrying::by_blocks_of(self.blocks.of(sums))
    }

    /// Adding up columns in a tree.
    pub(super) fn add_columns(self, groups: usize, heights: &[usize], len: usize) -> Cost {
        let carries = Carries::of(heights);
        let levels = carries.gates().map(|gates| self.and(groups * gates, len));
        levels.fold(self.and(groups * carries.made.len(), len), |cost, level| cost + level)
    }

    /// The same for groups of different heights, side by side.
    pub(super) fn add_groups(self, groups: &[Vec<usize>], len: usize) -> Cost {
        let all: Vec<Carries> = groups.iter().map(|heights| Carries::of(heights)).collect();
        let mut cost = self.and(all.iter().map(|carries| carries.made.len()).sum(), len);
        let mut levels: Vec<usize> = Vec::new();
        for carries in &all {
            for (number, gates) in carries.gates().enumerate() {
                match levels.get_mut(number) {
                    Some(level) => *level += gates,
                    None => levels.push(gates),
                }
            }
        }
        for gates in levels {
            cost += self.and(gates, len);
        }
        cost
    }

    /// The same with carries made in a given way.
    pub(super) fn add_by(self, carrying: Carrying, heights: &[usize], len: usize) -> Cost {
        match carrying {
            Carrying::Tree => self.add_columns(1, heights, len),
            Carrying::Ripple => {
                let rounds = rippling(heights).into_iter().map(|_| self.and(1, len));
                rounds.fold(Cost::default(), |cost, round| cost + round)
            }
        }
    }

    /// Adding two numbers at `len` positions.
    pub fn add(self, width: usize, len: usize) -> Cost {
        let heights = [&vec![2; width][..], &[0]].concat();
        let carrying = self.carrying(len);
        self.striped(len, |len| self.add_by(carrying, &heights, len))
    }

    /// The sum over the positions of a batch.
    pub fn sum(self, width: usize, len: usize) -> Cost {
        self.sum_groups(1, width, len, sum_width(width, len), [])
    }

    /// Sums over the positions of some batches; `added` are the columns of what is added besides.
    pub(super) fn sum_groups(
        self,
        groups: usize,
        width: usize,
        len: usize,
        result: usize,
        added: impl IntoIterator<Item = usize>,
    ) -> Cost {
        let mut heights: Vec<usize> = (0..result).map(|at| usize::from(at < width)).collect();
        let mut left = len.next_multiple_of(row(len));
        let mut cost = Cost::default();
        while left > 1 {
            cost += self.save(groups, &mut heights, left);
            let row = row(left);
            for height in &mut heights {
                *height *= left / row;
            }
            left = row;
        }
        for column in added {
            if let Some(height) = heights.get_mut(column) {
                *height += 1;
            }
        }
        cost += self.save(groups, &mut heights, left);
        cost + self.add_columns(groups, &heights, left)
    }

    /// The sums of `parts` batches, position by position.
    pub fn sum_of(self, width: usize, parts: usize, len: usize) -> Cost {
        self.sum_parts(width, parts, sum_width(width, parts), len)
    }

    fn sum_parts(self, width: usize, parts: usize, result: usize, len: usize) -> Cost {
        let carrying = self.carrying(len);
        self.striped(len, |len| {
            let mut heights = (0..result).map(|at| if at < width { parts } else { 0 }).collect();
            self.save(1, &mut heights, len) + self.add_by(carrying, &heights, len)
        })
    }

    /// `len` sums of `rows` numbers each, which are the fields of entries.
    pub fn totals(self, width: usize, rows: usize, len: usize) -> Cost {
        let result = sum_width(width, rows);
        if result == 0 || len == 0 {
            return Cost::default();
        }
        let ((pieces, size), carrying) = (cuts(rows), self.carrying(len));
        self.striped_table(len, rows * width, |len| {
            let row = table_row(len);
            let mut heights = (0..result).map(|at| if at < width { pieces } else { 0 }).collect();
            self.save_rows(&mut heights, size, row) + self.add_by(carrying, &heights, row)
        })
    }

    /// Adding up pieces of so many rows until only single rows are left, one or two of each weight.
    fn save_rows(self, heights: &mut Vec<usize>, mut rows: usize, row: usize) -> Cost {
        let mut cost = Cost::default();
        loop {
            while rows > 1 && highest(heights) < ENOUGH {
                rows /= 2;
                for height in heights.iter_mut() {
                    *height *= 2;
                }
            }
            let Some(adders) = adders(heights) else { return cost };
            let count: usize = adders.iter().map(|adders| adders.count()).sum();
            cost += self.and(count, rows * row);
            *heights = after(heights, &adders);
        }
    }

    /// Adding up public multiples of `len` numbers: of each its bits and its factor.
    pub fn combine(self, terms: &[(usize, u64)], width: usize, len: usize) -> Cost {
        let heights = of_multiples(terms, width);
        self.striped(len, |len| {
            let mut heights = heights.clone();
            self.save(1, &mut heights, len) + self.add_columns(1, &heights, len)
        })
    }

    /// The prefix sums of `len` numbers.
    pub fn prefix_sums(self, width: usize, len: usize) -> Cost {
        let result = sum_width(width, len);
        if len < 2 || result == 0 {
            return Cost::default();
        }
        let mut cost = Cost::default();
        let mut merge = |parts: [&[usize]; 2], width: usize, len: usize| {
            let mut heights = merged(parts, width);
            cost += self.save(1, &mut heights, len);
            saved(heights)
        };
        let wide = |terms: usize| sum_width(width, terms.min(len));
        let (mut heights, mut terms, mut left) = (vec![1; width], 1, len);
        let mut waiting = Vec::new();
        while left > BY_DISTANCE {
            terms *= 2;
            let sums = merge([&heights, &heights], wide(terms), left / 2);
            waiting.push((std::mem::replace(&mut heights, sums), left.div_ceil(2)));
            left /= 2;
        }
        let mut distance = 1;
        while distance < left {
            terms *= 2;
            let further = merge([&heights, &heights], wide(terms), left - distance);
            heights = taller(&heights, &further);
            distance *= 2;
        }
        while let Some((others, count)) = waiting.pop() {
            heights = taller(&heights, &merge([&heights, &others], result, count));
        }
        heights.resize(result, 0);
        let carrying = self.carrying(len);
        cost + self.striped(len, |len| self.add_by(carrying, &heights, len))
    }

    /// Taking one of `len` numbers by a shared bit at each.
    pub fn pick(self, width: usize, len: usize) -> Cost {
        self.and(width, len.min(WORD))
    }

    /// Ranking `len` numbers.
    pub fn rank(self, width: usize, len: usize) -> Cost {
        if len < 2 || width == 0 {
            return Cost::default();
        }
        let others = len - 1;
        self.less_than(width, bracket::pairs(len))
            + self.sum_parts(1, others, sum_width(1, others), len)
    }

    /// The m best of `len` numbers by rank, and the largest of the others if asked for.
    pub fn best_by_rank(self, width: usize, len: usize, m: usize, next: bool) -> Cost {
        if m >= len || len < 2 {
            return Cost::default();
        }
        let compared = bounds(m, next).count() * len;
        let pick = if next { self.pick(width, len) } else { Cost::default() };
        self.rank(width, len) + self.less_than(sum_width(1, len - 1), compared) + pick
    }

    /// The m best of `len` numbers and the largest of the others, by searching.
    pub fn best_by_search(self, width: usize, len: usize, m: usize) -> Cost {
        if m >= len || len < 2 {
            return Cost::default();
        }
        let digits = (width + place_bits(len)).div_ceil(2);
        let count = sum_width(1, len);
        let added: u128 = (1 << count) - 1 - m as u128;
        self.search(digits, len, &set_bits(added).collect::<Vec<_>>())
    }

    /// Searching among `len` numbers of so many digits; of what is added to a count, the columns.
    pub(super) fn search(self, digits: usize, len: usize, added: &[usize]) -> Cost {
        let count = sum_width(1, len);
        let counts = self.sum_groups(3, 1, len, count + 1, added.iter().copied());
        let step = self.and(3, len) + counts + self.and(2, len);
        let checked = |cost| if CHECKED_BY_STEP <= len { self.checked(cost) } else { cost };
        (0..digits).fold(self.and(digits, len), |cost, _| checked(cost + step))
    }
}
