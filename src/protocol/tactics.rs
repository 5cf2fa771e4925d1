//! How protocols trade rounds for bytes. Nothing here changes what is computed or who learns what.
//!
//! All participants must use the same tactics: they decide which messages there are. The plan
//! (`runs::plan`) chooses them from what has been measured.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Sizes that a tournament's groups may have.
pub const GROUPS: [u16; 10] = [2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];

/// Sizes that the blocks of a comparison may have, in bits.
pub const BLOCKS: [u8; 6] = [2, 4, 8, 16, 32, 64];

/// Levels for which a size may be given; more than any tournament has.
pub const MOST_LEVELS: usize = 64;

/// The least number of positions in a stripe.
pub const LEAST_STRIPE: u32 = 64;

/// The least message that may go over kings, in bytes; smaller ones have nothing to be cut into.
pub const LEAST_KING: u64 = 1024;

/// Numbers up to which they are ranked to find the best, if nothing else is said.
pub const USUALLY_RANKED: usize = 2048;

/// Numbers up to which they can be ranked: memory grows with the square of their number.
pub const MOST_RANKED: usize = 8192;

/// How the m best of some numbers are found.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BestBy {
    /// Each is compared with each: few rounds, and gates by the square of their number.
    Rank,
    /// The best of the others is searched for from its highest bit on: few gates, and many rounds.
    Search,
}

impl BestBy {
    /// The name in plans.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rank => "rank",
            Self::Search => "search",
        }
    }
}

/// How to spend rounds and bytes.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tactics {
    /// Sizes of the groups on each level of the tournament, of [`GROUPS`]; pairs on further levels.
    pub groups: Vec<u16>,
    /// The same for the tournament among those who lost to the winner.
    pub second_groups: Vec<u16>,
    /// An AND whose masked result has at least so many bytes is opened by kings, in two rounds;
    /// otherwise everyone sends to all, in one.
    pub king_from: Option<u64>,
    /// Positions of a stripe, a multiple of 64; by the scheme if not given.
    pub stripe: Option<u32>,
    /// Stripes that are under way at a time; as many as fit in memory if not given. More take fewer
    /// rounds, fewer take less memory, which must first be had from the system.
    pub lanes: Option<u16>,
    /// Bits of a block through which a comparison goes by carry: 2 if not given. Larger ones take
    /// more rounds and fewer gates.
    pub block: Option<u8>,
    /// Blocks of that size are for batches of at least so many comparisons; others keep those of 2.
    pub block_from: Option<u32>,
    /// How the m best are found; by their number if not given.
    pub best: Option<BestBy>,
    /// Whether shares of zero come from keys of sets, so that a lie in a gate names its node; costs
    /// more masks, and nothing goes over kings. For attempts after a check that named nobody.
    pub naming: bool,
}

/// Tactics that no program of this version gives.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TacticsError {
    /// A group of a size that there is not.
    #[error("groups are of 2, 4, 8 and so on up to 1024, not of {got}")]
    Group {
        /// The size that there is not.
        got: u16,
    },
    /// Too many levels.
    #[error("group sizes are given for {got} levels; at most {MOST_LEVELS} are taken")]
    Levels {
        /// As given.
        got: usize,
    },
    /// Kings for messages that are too small.
    #[error("messages of {got} bytes do not go over kings; {LEAST_KING} or more may")]
    King {
        /// As given.
        got: u64,
    },
    /// A stripe that is not made of whole words.
    #[error("a stripe has a multiple of 64 positions, at most 2^24, not {got}")]
    Stripe {
        /// As given.
        got: u32,
    },
    /// Blocks of a size that there is not.
    #[error("blocks are of 2, 4, 8, 16, 32 or 64 bits, not of {got}")]
    Block {
        /// As given.
        got: u8,
    },
    /// No lanes.
    #[error("stripes run in at least one lane")]
    Lanes,
}

/// The size of blocks by the number of comparisons.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Blocks {
    size: usize,
    from: usize,
}

impl Blocks {
    /// Bits of a block where so many are compared at once.
    pub const fn of(self, comparisons: usize) -> usize {
        if comparisons < self.from { 2 } else { self.size }
    }
}

impl Tactics {
    /// In blocks of how many bits numbers are compared.
    pub const fn blocks(&self) -> Blocks {
        let size = match self.block {
            Some(size @ 2..) => size as usize,
            _ => 2,
        };
        let from = match self.block_from {
            Some(from) => from as usize,
            None => 0,
        };
        Blocks { size, from }
    }

    /// How the m best of so many are found. More than [`MOST_RANKED`] are searched, whatever the
    /// tactics say: they may come from elsewhere.
    pub fn best_by(&self, numbers: usize) -> BestBy {
        match self.best {
            Some(BestBy::Rank) if numbers <= MOST_RANKED => BestBy::Rank,
            None if numbers <= USUALLY_RANKED => BestBy::Rank,
            _ => BestBy::Search,
        }
    }

    /// A hash of everything in it.
    pub fn digest(&self) -> [u8; 32] {
        let mut hash = Sha256::new().chain_update(b"gavel/v1/tactics\0");
        for list in [&self.groups, &self.second_groups] {
            hash.update((list.len() as u64).to_le_bytes());
            for size in list {
                hash.update(size.to_le_bytes());
            }
        }
        hash.update(self.king_from.unwrap_or(0).to_le_bytes());
        hash.update(self.stripe.unwrap_or(0).to_le_bytes());
        hash.update(self.lanes.unwrap_or(0).to_le_bytes());
        hash.update([self.block.unwrap_or(0)]);
        hash.update(self.block_from.unwrap_or(0).to_le_bytes());
        let best = match self.best {
            None => 0_u8,
            Some(BestBy::Rank) => 1,
            Some(BestBy::Search) => 2,
        };
        hash.update([best, u8::from(self.naming)]);
        hash.finalize().into()
    }

    /// Check tactics from another machine.
    ///
    /// # Errors
    /// Names the first rule that is broken.
    pub fn check(&self) -> Result<(), TacticsError> {
        for list in [&self.groups, &self.second_groups] {
            if list.len() > MOST_LEVELS {
                return Err(TacticsError::Levels { got: list.len() });
            }
            if let Some(&got) = list.iter().find(|size| !GROUPS.contains(size)) {
                return Err(TacticsError::Group { got });
            }
        }
        if let Some(got) = self.block.filter(|size| !BLOCKS.contains(size)) {
            return Err(TacticsError::Block { got });
        }
        match (self.king_from, self.stripe) {
            (Some(got), _) if got < LEAST_KING => Err(TacticsError::King { got }),
            (_, Some(got)) if got < LEAST_STRIPE || got % 64 != 0 || got > 1 << 24 => {
                Err(TacticsError::Stripe { got })
            }
            _ if self.lanes == Some(0) => Err(TacticsError::Lanes),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::protocol::tactics::*;

    #[test]
    fn tactics_from_elsewhere_are_checked() {
        let good = Tactics {
            groups: vec![8, 4, 2],
            second_groups: vec![4],
            king_from: Some(LEAST_KING),
            stripe: Some(128),
            lanes: Some(3),
            block: Some(32),
            block_from: Some(100_000),
            best: Some(BestBy::Search),
            naming: true,
        };
        assert_eq!(good.check(), Ok(()));
        assert_eq!(Tactics::default().check(), Ok(()));
        assert_ne!(Tactics::default().digest(), good.digest());
        assert_eq!(good.clone().digest(), good.digest());
        let other = Tactics { best: Some(BestBy::Rank), ..good.clone() };
        assert_ne!(other.digest(), good.digest());
        for (block, block_from) in [(Some(32), None), (None, Some(100_000)), (Some(64), Some(7))] {
            let other = Tactics { block, block_from, ..good.clone() };
            assert_eq!(other.check(), Ok(()));
            assert_ne!(other.digest(), good.digest());
        }
        let with = |change: fn(&mut Tactics)| {
            let mut tactics = good.clone();
            change(&mut tactics);
            tactics.check()
        };
        assert_eq!(with(|bad| bad.groups.push(3)), Err(TacticsError::Group { got: 3 }));
        assert_eq!(with(|bad| bad.second_groups.push(0)), Err(TacticsError::Group { got: 0 }));
        assert_eq!(with(|bad| bad.groups = vec![2; 65]), Err(TacticsError::Levels { got: 65 }));
        assert_eq!(with(|bad| bad.king_from = Some(8)), Err(TacticsError::King { got: 8 }));
        assert_eq!(with(|bad| bad.stripe = Some(65)), Err(TacticsError::Stripe { got: 65 }));
        assert_eq!(with(|bad| bad.lanes = Some(0)), Err(TacticsError::Lanes));
        for got in [0, 1, 3, 128, 255] {
            let bad = Tactics { block: Some(got), ..good.clone() };
            assert_eq!(bad.check(), Err(TacticsError::Block { got }));
        }
        assert_eq!(with(|bad| bad.stripe = Some(0)), Err(TacticsError::Stripe { got: 0 }));
    }

    #[test]
    fn large_blocks_are_for_large_batches() {
        let blocks =
            |block, block_from| Tactics { block, block_from, ..Tactics::default() }.blocks();
        assert_eq!(Tactics::default().blocks().of(1 << 30), 2);
        assert_eq!(blocks(Some(16), None).of(0), 16);
        assert_eq!(blocks(Some(16), Some(1000)).of(999), 2);
        assert_eq!(blocks(Some(16), Some(1000)).of(1000), 16);
        // Even unchecked, no size can end a node.
        assert_eq!(blocks(Some(0), None).of(1), 2);
    }

    #[test]
    fn the_best_of_very_many_are_never_ranked() {
        let by = |best, numbers| Tactics { best, ..Tactics::default() }.best_by(numbers);
        assert_eq!(by(None, USUALLY_RANKED), BestBy::Rank);
        assert_eq!(by(None, USUALLY_RANKED + 1), BestBy::Search);
        assert_eq!(by(Some(BestBy::Search), 2), BestBy::Search);
        assert_eq!(by(Some(BestBy::Rank), MOST_RANKED), BestBy::Rank);
        assert_eq!(by(Some(BestBy::Rank), MOST_RANKED + 1), BestBy::Search);
        // Any word but these two is refused.
        let parse = serde_json::from_str::<Tactics>;
        assert_eq!(parse(r#"{"best":"rank"}"#).unwrap().best, Some(BestBy::Rank));
        assert!(parse(r#"{"best":"luck"}"#).is_err());
    }
}
