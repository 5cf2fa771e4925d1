//! The shape of sums, and of what is found by counting: how many planes there are of each weight,
//! round by round. All of it is public; protocols and their costs follow it alike.
//!
//! Planes of one weight form a column; column k counts for 2^k. A full adder takes three planes of
//! a column and leaves their XOR there and a carry in the next; a half adder takes two. Every
//! round takes all the threes there are (Wallace 1964), and a two only where the column would
//! otherwise stay higher than the heights 2, 3, 4, 6, 9, 13, ... allow (Dadda 1965), so that at
//! most that many rounds are needed and carries never run from column to column at the end. The
//! lowest two of all is taken as well: it would have to wait for the last addition.
//!
//! Sums are taken modulo 2^(number of columns): planes of the last column are added up without a
//! carry, which is free.

use super::stripes::LARGE_BLOCK;
use crate::sharing::bits::planes::{WORD, words};

/// Adders of one round in one column.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Adders {
    /// Of three planes.
    pub(super) full: usize,
    /// Of two planes; one or none.
    pub(super) half: usize,
}

impl Adders {
    /// How many there are; each has one carry.
    pub(super) const fn count(self) -> usize {
        self.full + self.half
    }
}

/// The next of the heights from which one round leads to another, below `height`.
fn target(height: usize) -> usize {
    let mut target = 2;
    while target * 3 / 2 < height {
        target = target * 3 / 2;
    }
    target
}

/// The adders of the next round; `None` once no column but the last has more than two planes.
pub(super) fn adders(heights: &[usize]) -> Option<Vec<Adders>> {
    let (_, columns) = heights.split_last()?;
    let highest = columns.iter().copied().max().unwrap_or(0);
    if highest <= 2 {
        return None;
    }
    let target = target(highest);
    let mut adders = Vec::with_capacity(heights.len());
    let (mut carried, mut lowest) = (0, true);
    for &height in columns {
        let full = height / 3;
        let left = height - 2 * full + carried;
        let wanted = left > target || lowest && full == 0;
        let half = usize::from(height % 3 == 2 && wanted);
        lowest &= height <= 1;
        carried = full + half;
        adders.push(Adders { full, half });
    }
    adders.push(Adders::default());
    Some(adders)
}

/// The heights after a round.
pub(super) fn after(heights: &[usize], adders: &[Adders]) -> Vec<usize> {
    let carried = [0].into_iter().chain(adders.iter().map(|adders| adders.count()));
    let left = heights.iter().zip(adders).zip(carried);
    left.map(|((height, adders), carried)| height - 2 * adders.full - adders.half + carried)
        .collect()
}

/// The highest of all columns but the last, which needs no adders.
pub(super) fn highest(heights: &[usize]) -> usize {
    heights.split_last().map_or(0, |(_, columns)| columns.iter().copied().max().unwrap_or(0))
}

/// The heights of two batches together, in so many columns.
pub(super) fn merged([one, other]: [&[usize]; 2], width: usize) -> Vec<usize> {
    let at = |heights: &[usize], column: usize| heights.get(column).copied().unwrap_or(0);
    (0..width).map(|column| at(one, column) + at(other, column)).collect()
}

/// The heights that are left when nothing is to be added up any more, as planes are kept then: of
/// the last column their sum.
pub(super) fn saved(mut heights: Vec<usize>) -> Vec<usize> {
    if let Some(last) = heights.last_mut() {
        *last = 1.min(*last);
    }
    heights
}

/// The heights of batches that are put together, each column as high as the highest.
pub(super) fn taller(one: &[usize], other: &[usize]) -> Vec<usize> {
    let at = |heights: &[usize], column: usize| heights.get(column).copied().unwrap_or(0);
    (0..one.len().max(other.len())).map(|column| at(one, column).max(at(other, column))).collect()
}

/// How the carries of an addition are made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Carrying {
    /// In a tree of runs: few rounds.
    Tree,
    /// One after the other, as a comparison goes through a large block: a gate a bit.
    Ripple,
}

impl Carrying {
    /// Where comparisons go in blocks of so many bits.
    pub(super) const fn by_blocks_of(bits: usize) -> Self {
        if bits >= LARGE_BLOCK { Self::Ripple } else { Self::Tree }
    }
}

/// The columns that make a carry, the lowest first, if each gets the carry of the one below: those
/// with two planes, and above the lowest of them those with one. The last column's is not needed.
pub(super) fn rippling(heights: &[usize]) -> Vec<usize> {
    let mut carried = false;
    let columns = heights.split_last().map_or(&[][..], |(_, columns)| columns);
    let makes = |&(_, &height): &(usize, &usize)| {
        carried = height > 1 || carried && height == 1;
        carried
    };
    columns.iter().enumerate().filter(makes).map(|(column, _)| column).collect()
}

/// One place where the carries of two neighbouring runs of columns are combined.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Combine {
    /// The column whose carry is made.
    pub(super) at: usize,
    /// The highest column of the run below.
    pub(super) below: usize,
    /// Whether the run below can carry at all.
    pub(super) carries: bool,
    /// Whether it matters later if both runs pass a carry on.
    pub(super) passes: bool,
}

/// How the carries of columns of one or two planes are made: the first column that makes one, and
/// the tree above it, level by level (Sklansky 1960).
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Carries {
    /// Columns that make a carry by themselves, having two planes. The last column's is not needed.
    pub(super) made: Vec<usize>,
    /// The lowest of them; the number of columns where there is none.
    pub(super) first: usize,
    /// The levels of the tree.
    pub(super) levels: Vec<Vec<Combine>>,
}

impl Carries {
    /// For columns with these numbers of planes, one or two each.
    pub(super) fn of(heights: &[usize]) -> Self {
        let last = heights.len().saturating_sub(1);
        let made: Vec<usize> = (0..last).filter(|&column| heights[column] > 1).collect();
        let first = made.first().copied().unwrap_or(heights.len());
        let count = last.saturating_sub(first);
        let mut can: Vec<bool> = (first..first + count).map(|at| heights[at] > 1).collect();
        let mut levels = Vec::new();
        let mut run = 1;
        while run < count {
            let mut level = Vec::new();
            for at in (run..count).filter(|at| at / run % 2 == 1) {
                let below = at / run * run - 1;
                let (carries, passes) = (can[below], at >= 2 * run);
                can[at] |= carries;
                level.push(Combine { at: first + at, below: first + below, carries, passes });
            }
            levels.push(level);
            run *= 2;
        }
        Self { made, first, levels }
    }

    /// Gates of each level.
    pub(super) fn gates(&self) -> impl Iterator<Item = usize> {
        let of = |combine: &Combine| usize::from(combine.carries) + usize::from(combine.passes);
        self.levels.iter().map(move |level| level.iter().map(of).sum())
    }
}

/// Words of a plane up to which its rows are of one word: that takes the least rounds.
const SHORT: usize = 256;

/// Most rows that a longer plane is cut into at a time: a round or two more, for gates of many
/// words, each of which costs a fraction of a gate of few.
const MOST_ROWS: usize = 32;

/// Positions of the rows that `len` positions are cut into where they are to be added up: 2^k
/// words, or single positions. What is left of more than 64 positions is a multiple of it.
pub(super) fn row(len: usize) -> usize {
    match words(len) {
        0 | 1 => 1,
        2..=SHORT => WORD,
        long => WORD * long.div_ceil(MOST_ROWS).next_power_of_two(),
    }
}

/// Planes of a column from which on a round is worth it: the one or two that are left over by the
/// threes are few among them.
pub(super) const ENOUGH: usize = 48;

/// The same where rows are of a few words: more planes wait for a later round, but most gates are of
/// whole rows, and a gate takes some time however short it is.
pub(super) const ENOUGH_OF_SHORT: usize = 12;

/// Into how many pieces so many rows are cut at first, and of how many rows each: a power of two, so
/// that pieces can be halved. Rows that are missing are zeros: one in a hundred at most.
pub(super) fn cuts(rows: usize) -> (usize, usize) {
    let mut size = 1;
    while rows.div_ceil(size) > 2 * ENOUGH {
        size *= 2;
    }
    (rows.div_ceil(size), size)
}

/// Positions of a table's row, whole words of them, for so many sums.
pub(super) const fn table_row(sums: usize) -> usize {
    sums.next_multiple_of(WORD)
}

/// Numbers up to which prefix sums go by doubling distances: they lie in one word, and rounds are
/// all that counts.
pub(super) const BY_DISTANCE: usize = WORD;

/// Bits that hold any sum of `count` numbers of `width` bits.
pub(super) fn sum_width(width: usize, count: usize) -> usize {
    let largest = u32::try_from(width).ok().and_then(|width| 1_u128.checked_shl(width));
    let most = largest.unwrap_or(0).saturating_sub(1).saturating_mul(count as u128);
    (u128::BITS - most.leading_zeros()) as usize
}

/// The bits of a number that are set, from the lowest.
pub(super) fn set_bits(number: u128) -> impl Iterator<Item = usize> {
    (0..u128::BITS as usize).filter(move |bit| number >> bit & 1 == 1)
}

/// The public numbers that ranks are compared with.
pub(super) fn bounds(m: usize, next: bool) -> impl Iterator<Item = usize> {
    m.checked_sub(1).into_iter().chain(next.then_some(m))
}

/// Bits that tell `len` positions apart.
pub(super) const fn place_bits(len: usize) -> usize {
    len.next_power_of_two().trailing_zeros() as usize
}

/// Planes of each weight that the sum of public multiples begins with: of numbers of so many bits,
/// each with its factor.
pub(super) fn of_multiples(terms: &[(usize, u64)], width: usize) -> Vec<usize> {
    let mut heights = vec![0; width];
    for &(bits, factor) in terms {
        for shift in (0..u64::BITS as usize).filter(|shift| factor >> shift & 1 == 1) {
            heights.iter_mut().skip(shift).take(bits).for_each(|height| *height += 1);
        }
    }
    heights
}

#[cfg(test)]
mod tests {
    use crate::protocol::bits::columns::*;

    fn rounds(mut heights: Vec<usize>) -> (usize, Vec<usize>) {
        let mut rounds = 0;
        while let Some(adders) = adders(&heights) {
            heights = after(&heights, &adders);
            rounds += 1;
        }
        (rounds, heights)
    }

    #[test]
    fn columns_of_any_height_are_done_in_the_least_number_of_rounds() {
        // The heights of Dadda: the most that so many rounds can bring down to two.
        let most = [2, 3, 4, 6, 9, 13, 19, 28, 42, 63, 94, 141, 211, 316];
        for height in 1..300 {
            let bound = most.iter().position(|&most| height <= most).unwrap();
            for width in 1..12 {
                assert!(rounds(vec![height; width]).0 <= bound, "{height} {width}");
            }
        }
        // Columns of different heights, by a fixed rule that looks like chance.
        let mut state = 1_u64;
        for _ in 0..3000 {
            let heights: Vec<usize> = (0..=(state % 11))
                .map(|_| {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    (state >> 33) as usize % 40
                })
                .collect();
            let highest = heights.iter().max().unwrap();
            let bound = most.iter().position(|most| highest <= most).unwrap();
            let (rounds, left) = rounds(heights.clone());
            assert!(rounds <= bound, "{heights:?}");
            assert!(left.iter().rev().skip(1).all(|&height| height <= 2), "{heights:?}");
        }
        assert_eq!(rounds([&[999][..], &[0; 9]].concat()).0, 13);
    }

    #[test]
    fn rows_are_cut_into_pieces_that_can_be_halved() {
        for rows in 1..3000 {
            let (pieces, size) = cuts(rows);
            assert!(size.is_power_of_two() && (rows..=rows + size).contains(&(pieces * size)));
            assert!(pieces <= 2 * ENOUGH && (size == 1 || pieces > ENOUGH), "{rows}");
        }
        assert_eq!(cuts(1229), (77, 16));
    }

    #[test]
    fn every_column_gets_the_carry_of_all_below() {
        for width in 0..70 {
            let carries = Carries::of(&vec![2; width]);
            let count = width.saturating_sub(1);
            let mut from: Vec<usize> = (0..count).collect();
            for level in &carries.levels {
                for combine in level {
                    assert_eq!(combine.below + 1, from[combine.at]);
                    assert!(combine.carries);
                    from[combine.at] = from[combine.below];
                    assert_eq!(combine.passes, from[combine.at] > 0);
                }
            }
            assert!(from.iter().all(|&from| from == 0));
            assert_eq!(carries.levels.len(), count.next_power_of_two().trailing_zeros() as usize);
        }
        assert_eq!(Carries::of(&[1, 1, 2, 1]).first, 2);
        assert_eq!(Carries::of(&[1, 1, 5]).first, 3);
    }

    #[test]
    fn carries_ripple_from_the_first_pair_to_the_last_column_but_one() {
        assert_eq!(rippling(&[1, 2, 1, 2, 0, 1, 2, 3]), [1, 2, 3, 6]);
        assert_eq!(rippling(&[2, 2, 2]), [0, 1]);
        assert!(rippling(&[1, 1, 5]).is_empty() && rippling(&[]).is_empty());
    }

    #[test]
    fn sums_are_as_wide_as_they_can_get() {
        assert_eq!(
            [sum_width(1, 0), sum_width(1, 1), sum_width(1, 3), sum_width(1, 4)],
            [0, 1, 2, 3]
        );
        assert_eq!([sum_width(32, 2), sum_width(32, 1), sum_width(8, 257)], [33, 32, 16]);
        assert_eq!([sum_width(64, 1), sum_width(63, 2)], [64, 64]);
    }
}
