//! The stages that only a market's computation has.

/// What a market's computation is at.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Stage {
    /// Adding up what all want, price by price.
    Adding,
    /// Comparing supply with demand at every price.
    Clearing,
    /// How much each participant trades at the clearing price.
    Quantities,
}

impl Stage {
    /// Every stage, in the order in which they come.
    pub const ALL: [Self; 3] = [Self::Adding, Self::Clearing, Self::Quantities];

    /// The name in events.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Adding => "adding",
            Self::Clearing => "clearing",
            Self::Quantities => "quantities",
        }
    }
}
