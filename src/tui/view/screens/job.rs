//! What a job does, how far it is, and what it revealed: its steps by level with their state.

use ratatui::layout::Rect;

use super::super::canvas::Canvas;
use super::super::text;
use super::super::theme::Role;
use crate::base::text::clean;
use crate::rules::Stage;
use crate::rules::job::{Question, Stage as OfJobs};
use crate::session::Phase;
use crate::tui::figures::plural;
use crate::tui::state::data::Session;
use crate::tui::state::live::Live;
use crate::tui::state::screen::{Hit, List};
use crate::tui::state::worked::{Done, StepLine, Worked};

/// Rows that [`progress`] takes at least.
pub const ROWS: u16 = 8;

/// What its terms say, in lines.
pub fn terms(job: &Question) -> Vec<String> {
    let Ok(graph) = job.graph() else { return Vec::new() };
    let steps = plural(job.steps.len() as u64, "step", "steps");
    let mut lines = vec![format!("{steps} over the field {}", job.field)];
    for (at, participant) in graph.participants.iter().enumerate() {
        let line = format!("{participant} hands in {}", graph.asked_of(at).join(", "));
        lines.push(clean(&line).to_string());
    }
    let names: Vec<&str> =
        graph.revealed().map(|variable| graph.variables[variable].name.as_str()).collect();
    let names = if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
    lines.push(clean(&format!("revealed to all: {names}")).to_string());
    lines
}

/// What is said of a settled job in a sentence; none of another kind, or before.
pub fn line(session: &Session) -> Option<String> {
    let settled = session.phase == Phase::Settled;
    session.worked.as_ref().filter(|_| settled).map(Worked::line)
}

/// Draw how far the run is: every step, by level.
pub fn progress(canvas: &mut Canvas<'_, '_>, area: Rect, session: &Session, live: &Live) {
    let Some(worked) = &session.worked else { return };
    let now = live.furthest().map(|progress| match progress.stage {
        Stage::Done => usize::MAX,
        Stage::Job(OfJobs::Stepping) => usize::try_from(progress.level).unwrap_or(usize::MAX),
        _ => 0,
    });
    let begun = live.furthest().is_some_and(|progress| {
        matches!(progress.stage, Stage::Done | Stage::Job(OfJobs::Stepping))
    });
    let state = |step: &StepLine| match now {
        Some(level) if begun && step.level < level => (Role::Good, "completed".to_owned()),
        Some(level) if begun && step.level == level => (Role::Key, "at work".to_owned()),
        _ => (Role::Muted, "pending".to_owned()),
    };
    steps(canvas, area, worked, state);
}

/// Draw what it came to: the values that were revealed, and every step.
pub fn outcome(canvas: &mut Canvas<'_, '_>, area: Rect, session: &Session) {
    let Some(worked) = &session.worked else {
        return canvas.empty(area, "Settled; asking for the outcome ...", &[]);
    };
    let mut row = 0;
    if worked.revealed.is_empty() {
        row = canvas.wrapped(area, row, Role::Accent, "Nothing was revealed.");
    }
    for (name, value) in &worked.revealed {
        let (role, text) = match value {
            Some(value) => (Role::Good, format!("{name} = {value}")),
            None => (Role::Warn, format!("{name}: not computed")),
        };
        row = canvas.wrapped(area, row, role, &text);
    }
    let top = u16::try_from(row + 1).unwrap_or(u16::MAX).min(area.height);
    let rest = Rect { y: area.y + top, height: area.height - top, ..area };
    let state = |step: &StepLine| match &step.status {
        Some(Done::Completed) => (Role::Good, "completed".to_owned()),
        Some(Done::Failed(why)) => (Role::Bad, why.to_string()),
        None => (Role::Muted, "pending".to_owned()),
    };
    steps(canvas, rest, worked, state);
}

/// The steps, as many as there is room for.
fn steps(
    canvas: &mut Canvas<'_, '_>,
    area: Rect,
    worked: &Worked,
    state: impl Fn(&StepLine) -> (Role, String),
) {
    let widest = |of: fn(&StepLine) -> &str| {
        worked.steps.iter().map(|step| text::width(of(step))).max().unwrap_or(0)
    };
    let width = usize::from(area.width);
    let id = widest(|step| step.id.as_str()).min(width / 4);
    let formula = widest(|step| step.formula.as_str()).min(width / 2);
    canvas.hit(area, Hit::Within(List::Results));
    let all = worked.steps.len();
    let window = canvas.window(List::Results, usize::from(area.height), all, None);
    for (at, index) in window.clone().enumerate() {
        let Some(step) = worked.steps.get(index) else { continue };
        // A level stands before the first of its steps that shows.
        let before = index.checked_sub(1).and_then(|before| worked.steps.get(before));
        let again = at > 0 && before.is_some_and(|before| before.level == step.level);
        let level = if again { String::new() } else { format!("{}", step.level + 1) };
        let (role, word) = state(step);
        let left = width.saturating_sub(id + formula + 8);
        let line = vec![
            canvas.span(Role::Muted, canvas.fit_right(&level, 3)),
            canvas.span(Role::Title, format!("  {}", canvas.fit(step.id.as_str(), id))),
            canvas.span(Role::Text, format!("  {}", canvas.fit(step.formula.as_str(), formula))),
            canvas.span(role, format!(" {}", canvas.fit(&word, left))),
        ];
        canvas.line(area, at, line);
    }
    canvas.more(area, &window, all);
}
