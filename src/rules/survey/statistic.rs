//! What can be computed of a survey, and which values are opened for it.
//!
//! A *statistic* is what people ask for, such as a mean. It follows from *measures*: whole numbers
//! that are opened as they are, such as a count and a sum. Questions are named by their position.

use serde::{Deserialize, Serialize};

/// What is to be known of the answers.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Statistic {
    /// How many answered.
    Count,
    /// All answers to a question added up.
    Sum(usize),
    /// Their sum divided by their number.
    Mean(usize),
    /// The standard deviation of these answers as a whole population: `sqrt(E[x^2] - E[x]^2)`.
    Deviation(usize),
    /// The sum of the answers to one question divided by that of another.
    Ratio(usize, usize),
    /// The smallest answer.
    Minimum(usize),
    /// The largest answer.
    Maximum(usize),
    /// The answer in the middle; of two in the middle the smaller.
    Median(usize),
    /// The answers at a quarter, a half and three quarters.
    Quartiles(usize),
    /// How many answers are below the first edge, how many from each edge up to the next, and how
    /// many from the last one on.
    Histogram(usize, Vec<i64>),
}

impl Statistic {
    /// The name in session files and results.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Sum(_) => "sum",
            Self::Mean(_) => "mean",
            Self::Deviation(_) => "deviation",
            Self::Ratio(..) => "ratio",
            Self::Minimum(_) => "minimum",
            Self::Maximum(_) => "maximum",
            Self::Median(_) => "median",
            Self::Quartiles(_) => "quartiles",
            Self::Histogram(..) => "histogram",
        }
    }

    /// The question that it is about; none where it is about no single one.
    pub const fn item(&self) -> Option<usize> {
        match *self {
            Self::Count => None,
            Self::Sum(item)
            | Self::Mean(item)
            | Self::Deviation(item)
            | Self::Ratio(item, _)
            | Self::Minimum(item)
            | Self::Maximum(item)
            | Self::Median(item)
            | Self::Quartiles(item)
            | Self::Histogram(item, _) => Some(item),
        }
    }

    /// What has to be opened for it. `shifted` says of a question whether its fields hold something
    /// else than the answers themselves, so that a sum needs the count beside it.
    pub fn measures(&self, shifted: impl Fn(usize) -> bool) -> Vec<Measure> {
        let sum = |item| {
            let count = shifted(item).then_some(Measure::Count);
            count.into_iter().chain([Measure::Sum(item)])
        };
        match *self {
            Self::Count => vec![Measure::Count],
            Self::Sum(item) => sum(item).collect(),
            Self::Mean(item) => vec![Measure::Count, Measure::Sum(item)],
            Self::Deviation(item) => {
                vec![Measure::Count, Measure::Sum(item), Measure::Squares(item)]
            }
            Self::Ratio(item, per) => sum(item).chain(sum(per)).collect(),
            Self::Minimum(item) => vec![Measure::Ranked(item, Order::Minimum)],
            Self::Maximum(item) => vec![Measure::Ranked(item, Order::Maximum)],
            Self::Median(item) => vec![Measure::Ranked(item, Order::Median)],
            Self::Quartiles(item) => [Order::LowerQuartile, Order::Median, Order::UpperQuartile]
                .map(|order| Measure::Ranked(item, order))
                .to_vec(),
            Self::Histogram(item, ref edges) => {
                let bins = (0..=edges.len()).map(|bin| Measure::Bin(item, bin));
                [Measure::Count].into_iter().chain(bins).collect()
            }
        }
    }
}

/// Of whom a statistic is computed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// Of all together.
    #[default]
    All,
    /// Of each cohort.
    Cohort,
    /// Of all together and of each cohort.
    Both,
}

impl By {
    /// Whether it is computed of all together.
    pub const fn of_all(self) -> bool {
        matches!(self, Self::All | Self::Both)
    }

    /// Whether it is computed of each cohort.
    pub const fn of_cohorts(self) -> bool {
        matches!(self, Self::Cohort | Self::Both)
    }
}

/// A statistic that the terms declare.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declared {
    /// What is computed.
    pub statistic: Statistic,
    /// Of whom.
    pub by: By,
}

/// Those whose answers are computed with together.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Group {
    /// Everybody.
    All,
    /// Those of a cohort, by its position.
    Cohort(usize),
}

/// A whole number that is opened of a group. Sums and squares are of the fields of entries: of how
/// far each answer is above the smallest one allowed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Measure {
    /// How many answered.
    Count,
    /// The sum of a question's field.
    Sum(usize),
    /// The sum of its squares.
    Squares(usize),
    /// The field of the one answer at a place in the order of all.
    Ranked(usize, Order),
    /// How many answers to a question lie between two edges of its histogram: bin 0 below the
    /// first edge, bin 1 from there up to the second, and so on. Withheld by itself where it holds
    /// too few; see [`super::withhold`].
    Bin(usize, usize),
}

/// A place in the order of a group's answers, from the smallest up.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Order {
    /// The first.
    Minimum,
    /// At least a quarter are no larger.
    LowerQuartile,
    /// At least half are no larger.
    Median,
    /// At least three quarters are no larger.
    UpperQuartile,
    /// The last.
    Maximum,
}

impl Order {
    /// The place in a group of so many, from 1: ceil(q n) for the quantile q.
    pub const fn place(self, count: u64) -> u64 {
        match self {
            Self::Minimum => 1,
            Self::LowerQuartile => count.div_ceil(4),
            Self::Median => count.div_ceil(2),
            Self::UpperQuartile => count.saturating_mul(3).div_ceil(4),
            Self::Maximum => count,
        }
    }
}
