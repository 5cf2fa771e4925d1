//! The stages that only a job's computation has.

/// What a job's computation is at.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Stage {
    /// Making elements of what was handed in as bits.
    Converting,
    /// Computing the steps, level by level.
    Stepping,
}

impl Stage {
    /// Every stage, in the order in which they come.
    pub const ALL: [Self; 2] = [Self::Converting, Self::Stepping];

    /// The name in events.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Converting => "converting",
            Self::Stepping => "stepping",
        }
    }
}
