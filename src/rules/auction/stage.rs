//! The stages that only an auction's computation has.

/// What an auction's computation is at.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Stage {
    /// The tournament for the best bid.
    Tournament,
    /// The second price.
    SecondPrice,
    /// Which bids win, where there are several lots.
    Ranking,
}

impl Stage {
    /// Every stage, in the order in which they come.
    pub const ALL: [Self; 3] = [Self::Tournament, Self::SecondPrice, Self::Ranking];

    /// The name in events.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tournament => "tournament",
            Self::SecondPrice => "second-price",
            Self::Ranking => "ranking",
        }
    }
}
