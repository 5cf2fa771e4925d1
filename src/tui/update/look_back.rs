//! Looking back at a run that is over, step by step, as long as the session is kept: from what its
//! nodes have told the coordinator of it, not from what was seen here.

use crate::session::course::Course;
use crate::tui::state::model::Model;
use crate::wire::coordinator_api::AttemptLine;

/// The attempt of the selected session that came to the outcome, where its nodes tell how it went.
pub fn attempt(model: &Model) -> Option<&AttemptLine> {
    let detail = model.data().details.get(&model.ui.selected?)?;
    detail.outcome.as_ref()?;
    let mut attempts = detail.attempts.iter().filter(|attempt| attempt.trouble.is_none());
    attempts.rfind(|attempt| longest(attempt).is_some())
}

/// How that attempt went, at the node that tells most.
pub fn course(model: &Model) -> Option<&Course> {
    longest(attempt(model)?)
}

fn longest(attempt: &AttemptLine) -> Option<&Course> {
    let courses = attempt.cost.iter().map(|(_, cost)| &cost.course);
    courses.max_by_key(|course| course.points.len()).filter(|course| !course.points.is_empty())
}

/// The step that is looked at; `None` where nobody looks back.
pub fn point(model: &Model) -> Option<usize> {
    let (session, point) = model.ui.look_back?;
    let last = course(model)?.points.len() - 1;
    (model.ui.selected == Some(session)).then_some(point.min(last))
}

/// The step before; from the result, the last one.
pub fn earlier(model: &mut Model) {
    let Some(session) = model.ui.selected else { return };
    let Some(points) = course(model).map(|course| course.points.len()) else { return };
    let point = point(model).unwrap_or(points).saturating_sub(1);
    model.ui.look_back = Some((session, point));
}

/// The step after; after the last one, the result.
pub fn later(model: &mut Model) {
    let points = course(model).map_or(0, |course| course.points.len());
    model.ui.look_back = match (point(model), model.ui.selected) {
        (Some(point), Some(session)) if point + 1 < points => Some((session, point + 1)),
        _ => None,
    };
}
