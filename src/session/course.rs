//! How a run went at a node, stage by stage, to look back at once it is over. It says no more than
//! the events of the run did.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::progress::Progress;
use crate::rules::Stage;

/// Most points, and most levels, that are kept of a run.
const MOST: usize = 100;

/// How a run went at a node.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Course {
    /// How many entries came into each level, and last how many remained.
    pub entries: Vec<u64>,
    /// Comparisons in all, as predicted.
    pub comparisons: u64,
    /// Rounds in all, as predicted.
    pub rounds: u64,
    /// Where a stage began or a level was done, in order.
    pub points: Vec<Point>,
}

/// Where a stage began or a level was done.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Point {
    /// How long after the attempt began, in milliseconds.
    pub millis: u64,
    /// The stage.
    pub stage: Stage,
    /// Levels done.
    pub level: u32,
    /// Comparisons done.
    pub comparisons: u64,
    /// Rounds done.
    pub rounds: u64,
    /// Gates done.
    pub gates: u64,
    /// Bytes sent to others.
    pub bytes_sent: u64,
}

impl Course {
    /// Note how far the run is, so long after it began; what is neither a new stage nor a new level
    /// is left out.
    pub fn note(&mut self, after: Duration, progress: &Progress) {
        self.entries.clone_from(&progress.entries);
        self.comparisons = progress.comparisons_total;
        self.rounds = progress.rounds_total;
        let known = self.points.last().map(|last| (last.stage, last.level));
        if known == Some((progress.stage, progress.level)) {
            return;
        }
        self.points.push(Point {
            millis: u64::try_from(after.as_millis()).unwrap_or(u64::MAX),
            stage: progress.stage,
            level: progress.level,
            comparisons: progress.comparisons,
            rounds: progress.rounds,
            gates: progress.gates,
            bytes_sent: progress.bytes_sent,
        });
    }

    /// The progress as it was at a point.
    pub fn at(&self, point: usize, attempt: u32) -> Option<Progress> {
        let point = self.points.get(point)?;
        Some(Progress {
            attempt,
            stage: point.stage,
            level: point.level,
            levels: u32::try_from(self.entries.len().saturating_sub(1)).unwrap_or(u32::MAX),
            entries: self.entries.clone(),
            comparisons: point.comparisons,
            comparisons_total: self.comparisons,
            rounds: point.rounds,
            rounds_total: self.rounds,
            gates: point.gates,
            bytes_sent: point.bytes_sent,
        })
    }

    /// Keep no more than a run can have, whatever a node tells.
    pub fn cut(&mut self) {
        self.entries.truncate(MOST);
        self.points.truncate(MOST);
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::auction;
    use crate::session::course::*;

    #[test]
    fn a_course_has_a_point_for_every_stage_and_level() {
        let mut course = Course::default();
        let tournament = Stage::from(auction::Stage::Tournament);
        let told = [
            (Stage::Preparing, 0, 0),
            (tournament, 0, 2),
            (tournament, 0, 5),
            (tournament, 1, 9),
            (Stage::Done, 1, 12),
        ];
        for (stage, level, rounds) in told {
            let entries = vec![4, 2, 1];
            let progress = Progress { stage, level, entries, rounds, ..Progress::default() };
            course.note(Duration::from_millis(100 * rounds), &progress);
        }
        let points: Vec<_> = course.points.iter().map(|point| (point.stage, point.level)).collect();
        let expected = [(Stage::Preparing, 0), (tournament, 0), (tournament, 1), (Stage::Done, 1)];
        assert_eq!(points, expected);
        let back = course.at(2, 3).unwrap();
        assert_eq!((back.attempt, back.level, back.levels, back.rounds), (3, 1, 2, 9));
        assert_eq!(course.at(4, 3), None);
    }

    #[test]
    fn a_node_that_tells_without_end_is_cut_short() {
        let mut course = Course { entries: vec![1; 5_000], ..Course::default() };
        for level in 0..5_000 {
            course.note(Duration::ZERO, &Progress { level, ..Progress::default() });
        }
        course.entries = vec![1; 5_000];
        course.cut();
        assert!(course.entries.len() <= MOST && course.points.len() <= MOST);
    }
}
