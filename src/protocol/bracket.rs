//! The shape of a tournament: levels, groups, and who meets whom. All of it is public.
//!
//! On each level neighbours form groups of 2, 4, 8 and so on, the last of which may be smaller. All
//! pairs of a group are compared at once; the best goes on. A group of g is log2(g) levels of pairs
//! in one, for g(g-1)/2 comparisons instead of g-1.

/// Comparisons of a level with groups larger than [`SMALL`], at most: they take memory at once.
const MOST_COMPARED: usize = 1 << 20;

/// Groups that may be as many as there are.
const SMALL: usize = 8;

/// What a tournament keeps for later.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Keep {
    /// The largest number alone.
    Value,
    /// Its index too.
    Index,
    /// Its index too, and every level, so that those it beat can be found.
    Levels,
}

/// One level of a tournament: how many enter it, and in groups of how many.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Level {
    /// Numbers that are left.
    pub entries: usize,
    /// Size of the groups, a power of two.
    pub group: usize,
}

impl Level {
    /// Number of groups.
    pub const fn groups(self) -> usize {
        self.entries.div_ceil(self.group)
    }

    /// Whether all that are left are one group of more than two: each is compared with each.
    pub const fn is_all(self) -> bool {
        self.group > 2 && self.entries <= self.group
    }

    /// Pairs that are compared; what pads the last group does not count.
    pub const fn comparisons(self) -> usize {
        let rest = self.entries % self.group;
        self.entries / self.group * pairs(self.group) + pairs(rest)
    }
}

/// Pairs that a group of so many members has: n(n-1)/2.
pub const fn pairs(members: usize) -> usize {
    members * members.saturating_sub(1) / 2
}

/// The levels of a tournament among `count` numbers with groups of the sizes given, level by
/// level; pairs where none is given. A group is never larger than it needs to be, and large ones are
/// halved until the level's comparisons fit into memory.
pub fn levels(count: usize, groups: &[u16]) -> Vec<Level> {
    let mut levels = Vec::new();
    let mut entries = count;
    while entries > 1 {
        let wanted = groups.get(levels.len()).map_or(2, |&size| usize::from(size).max(2));
        let group = wanted.next_power_of_two().min(entries.next_power_of_two());
        let mut level = Level { entries, group };
        while level.group > SMALL && level.comparisons() > MOST_COMPARED {
            level.group /= 2;
        }
        levels.push(level);
        entries = level.groups();
    }
    levels
}

/// Whether all numbers are compared with one another on the only level, where the second-largest is
/// found beside the largest.
pub fn is_one_group(levels: &[Level]) -> bool {
    levels.first().is_some_and(|level| level.is_all())
}

/// Bits of the winner's index.
pub fn index_bits(levels: &[Level]) -> u32 {
    levels.iter().map(|level| level.group.trailing_zeros()).sum()
}

/// Gates at every number, round by round, to find who is beaten by none of so many others, and by
/// exactly one if asked for.
pub fn losses_by_round(others: usize, second: bool) -> Vec<usize> {
    let mut single = vec![true; others];
    let mut rounds = Vec::new();
    while single.len() > 1 {
        let (pairs, rest) = single.as_chunks::<2>();
        let of_pair = |&[one, other]: &[bool; 2]| 1 + usize::from(second && !(one && other));
        rounds.push(pairs.iter().map(of_pair).sum());
        single = [&vec![false; pairs.len()][..], rest].concat();
    }
    rounds
}

/// Level and position of everyone whom the winner met.
pub fn beaten(levels: &[Level], winner: usize) -> Vec<(usize, usize)> {
    let mut place = winner;
    let mut beaten = Vec::new();
    for (number, level) in levels.iter().enumerate() {
        let first = place / level.group * level.group;
        let end = level.entries.min(first + level.group);
        beaten.extend((first..end).filter(|&other| other != place).map(|other| (number, other)));
        place /= level.group;
    }
    beaten
}

#[cfg(test)]
mod tests {
    use crate::protocol::bracket::*;

    #[test]
    fn the_winner_meets_one_opponent_a_level_of_pairs() {
        let beaten = |count, winner| beaten(&levels(count, &[]), winner);
        assert_eq!(beaten(1, 0), []);
        assert_eq!(beaten(2, 1), [(0, 0)]);
        assert_eq!(beaten(3, 2), [(1, 0)]);
        assert_eq!(beaten(5, 4), [(2, 0)]);
        assert_eq!(beaten(7, 2), [(0, 3), (1, 0), (2, 1)]);
        let bits = |count| index_bits(&levels(count, &[]));
        assert_eq!([1, 2, 3, 4, 5, 100].map(bits), [0, 1, 2, 2, 3, 7]);
    }

    #[test]
    fn the_winner_meets_everyone_of_its_groups() {
        let bracket = levels(100, &[8, 8, 8]);
        let shape: Vec<_> = bracket.iter().map(|level| (level.entries, level.group)).collect();
        assert_eq!(shape, [(100, 8), (13, 8), (2, 2)]);
        assert_eq!(index_bits(&bracket), 7);
        // The last group has four members, the last of the second level five.
        let met = beaten(&bracket, 99);
        assert_eq!(met[..3], [(0, 96), (0, 97), (0, 98)]);
        assert_eq!(met[3..], [(1, 8), (1, 9), (1, 10), (1, 11), (2, 0)]);
        assert_eq!(bracket[0].comparisons(), 12 * 28 + 6);
        assert_eq!(bracket[1].comparisons(), 28 + 10);
    }

    #[test]
    fn large_groups_are_halved_until_their_comparisons_fit() {
        let first = |count| levels(count, &[1024])[0];
        assert!(first(1000).is_all() && !first(1025).is_all());
        assert_eq!(first(1000).group, 1024);
        for count in [2_000, 100_000, 1_000_000] {
            let level = first(count);
            assert!(level.group == SMALL || level.comparisons() <= MOST_COMPARED, "{level:?}");
            let twice = Level { group: 2 * level.group, ..level };
            assert!(twice.group > 1024 || twice.comparisons() > MOST_COMPARED, "{level:?}");
        }
    }

    #[test]
    fn losses_are_counted_in_halves() {
        assert_eq!(losses_by_round(1, true), [0; 0]);
        assert_eq!(losses_by_round(2, true), [1]);
        // Of three, the third waits; of pairs, what one of two does is a sum.
        assert_eq!(losses_by_round(3, true), [1, 2]);
        assert_eq!(losses_by_round(4, true), [2, 2]);
        assert_eq!(losses_by_round(4, false), [2, 1]);
        let others = 100;
        assert_eq!(losses_by_round(others, false).iter().sum::<usize>(), others - 1);
        assert_eq!(losses_by_round(others, true).len(), 7);
    }

    #[test]
    fn everyone_but_the_winner_loses_somewhere() {
        for groups in [&[][..], &[4], &[8, 4], &[2, 8], &[4, 4, 4, 4]] {
            for count in 1..70 {
                let bracket = levels(count, groups);
                let total: usize = bracket.iter().map(|level| level.comparisons()).sum();
                assert!(total >= count - 1);
                for winner in 0..count {
                    for (level, other) in beaten(&bracket, winner) {
                        assert!(other < bracket[level].entries);
                    }
                }
            }
        }
    }
}
