//! The stages that only a survey's computation has.

use super::question::Question;
use super::statistic::Measure;

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
            Self::Ranking => "ordering",
        }
    }
}

impl Question {
    /// The stages that this survey goes through.
    pub fn stages(&self) -> Vec<Stage> {
        let measures = [self.measures_of_all(), self.measures_of_cohorts()].concat();
        let ranked = |measure: &Measure| matches!(measure, Measure::Ranked(..));
        let counting = (self.chosen_cohorts() > 0).then_some(Stage::Counting);
        let adding = measures.iter().any(|own| !ranked(own)).then_some(Stage::Adding);
        let ranking = measures.iter().any(ranked).then_some(Stage::Ranking);
        [counting, adding, ranking].into_iter().flatten().collect()
    }
}
