//! How long a demo's session took from the end of bidding to the signed outcome, stage by stage.

use serde::Serialize;

use super::follow::Settled;
use crate::base::Timestamp;
use crate::session::Phase;
use crate::session::course::Course;
use crate::tui::view::screens::stages::name;
use crate::wire::coordinator_api::AttemptLine;

/// A stage and its seconds.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Lasted {
    /// What it is called; the stages of computing as on the screens.
    pub stage: &'static str,
    /// How long it took.
    pub seconds: f64,
}

/// The stages of a session that is settled, in order; together they are all the time there was.
///
/// Closing is what it takes until the nodes have judged each other's envelopes; where that was not
/// heard, signing the manifest is part of it. What was computed in vain is part of starting.
pub fn of(settled: &Settled) -> Vec<Lasted> {
    let timeline = &settled.detail.timeline;
    let first = |phase| timeline.iter().find(|(entered, _)| *entered == phase).map(|(_, at)| *at);
    let last = |phase| timeline.iter().rfind(|(entered, _)| *entered == phase).map(|(_, at)| *at);
    let mut marks = vec![("closing", first(Phase::Closing))];
    marks.extend(settled.judged.map(|at| ("manifest", Some(at))));
    marks.push(("starting", first(Phase::Computing)));
    if let Some((attempt, course)) = computed(&settled.detail.attempts) {
        let began = attempt.started;
        marks.extend(course.points.iter().map(|point| {
            let after = i64::try_from(point.millis).unwrap_or(i64::MAX);
            let stage = if point.stage == crate::rules::Stage::Done {
                "signing"
            } else {
                name(point.stage)
            };
            (stage, Some(began.plus_millis(after)))
        }));
    }
    let end = last(Phase::Settled);
    let marks: Vec<(&str, Timestamp)> =
        marks.into_iter().filter_map(|(stage, at)| Some((stage, at?))).collect();
    let ends = marks.iter().skip(1).map(|(_, at)| *at).chain(end);
    let lasted = marks.iter().zip(ends).map(|(&(stage, from), to)| {
        let millis = to.millis().saturating_sub(from.millis()).max(0);
        Lasted { stage, seconds: millis as f64 / 1e3 }
    });
    let mut stages: Vec<Lasted> = Vec::new();
    for one in lasted {
        match stages.last_mut() {
            // The levels of a tournament are one stage.
            Some(before) if before.stage == one.stage => before.seconds += one.seconds,
            _ => stages.push(one),
        }
    }
    stages
}

/// The attempt that came to the outcome, and how it went at the node that tells most of it.
fn computed(attempts: &[AttemptLine]) -> Option<(&AttemptLine, &Course)> {
    let attempt = attempts.iter().rfind(|attempt| attempt.trouble.is_none())?;
    let courses = attempt.cost.iter().map(|(_, cost)| &cost.course);
    Some((attempt, courses.max_by_key(|course| course.points.len())?))
}
