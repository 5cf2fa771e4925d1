//! The stages that only a survey's computation has.

/// What a survey's computation is at.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Stage {
    /// Counting the answers of each cohort, and finding those that are too small.
    Counting,
    /// Adding up answers and their squares.
    Adding,
    /// Putting answers in order, for medians and the like.
    Ranking,
}

impl Stage {
    /// Every stage, in the order in which they come.
    pub const ALL: [Self; 3] = [Self::Counting, Self::Adding, Self::Ranking];

    /// The name in events.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Counting => "counting",
            Self::Adding => "summing",
            Self::Ranking => "ranking",
        }
    }
}
