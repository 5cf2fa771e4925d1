//! What a job does, how far it is, and what it revealed: its steps by level with their state.

use ratatui::layout::Rect;

use super::super::canvas::Canvas;
use super::super::text;
use super::super::theme::Role;
use crate::base::text::{Clean, clean};
use crate::rules::Stage;
use crate::rules::job::{Graph, Question, Stage as OfJobs};
use crate::session::Phase;
use crate::tui::figures::plural;
use crate::tui::state::data::Session;
use crate::tui::state::live::Live;
use crate::tui::state::screen::{Hit, List};
use crate::tui::state::worked::{Done, StepLine, Worked};

/// Rows that the graph of a session takes, if it is a job.
pub fn rows_of_graph(session: &Session) -> u16 {
    let steps = session.worked.as_ref().map_or(0, |worked| worked.steps.len());
    u16::try_from(steps + 1).unwrap_or(u16::MAX)
}

/// What its terms say, in lines.
pub fn terms(job: &Question) -> Vec<String> {
    let Ok(graph) = job.graph() else { return Vec::new() };
    let steps = plural(job.steps.len() as u64, "step", "steps");
    let mut lines = vec![format!("{steps} over the field {}", job.field)];
    for (at, participant) in graph.participants.iter().enumerate() {
        let line = format!("{participant} hands in {}", graph.asked_of(at).join(", "));
        lines.push(clean(&line).to_string());
    }
    lines.push(clean(&format!("revealed to all: {}", revealed(&graph))).to_string());
    lines
}

/// How much it computes and what it reveals, as two rows of the detail.
pub fn rows(job: &Question) -> [(&'static str, String); 2] {
    let steps = plural(job.steps.len() as u64, "step", "steps");
    let revealed = job.graph().map(|graph| revealed(&graph)).unwrap_or_default();
    let keeps = match job.keep.len() {
        0 => String::new(),
        _ => format!("; keeps {}", job.keep.join(", ")),
    };
    [
        ("steps", format!("{steps} over {}", job.field)),
        ("reveals", clean(&(revealed + &keeps)).to_string()),
    ]
}

fn revealed(graph: &Graph) -> String {
    let names: Vec<&str> =
        graph.revealed().map(|variable| graph.variables[variable].name.as_str()).collect();
    let public = if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
    match graph.told() {
        told if told.is_empty() => public,
        told => format!("{public}; and alone, sealed: {}", told.join(", ")),
    }
}

/// What is said of a settled job in a sentence; none of another kind, or before.
pub fn line(session: &Session) -> Option<String> {
    let settled = session.phase == Phase::Settled;
    session.worked.as_ref().filter(|_| settled).map(Worked::line)
}

/// Draw what a job is that is not computed now: what is said of it, and its graph.
pub fn standing(
    canvas: &mut Canvas<'_, '_>,
    area: Rect,
    session: &Session,
    (what, then): (&str, &[String]),
) {
    let Some(worked) = &session.worked else { return canvas.empty(area, what, then) };
    let mut row = canvas.wrapped(area, 0, Role::Title, what);
    for line in then {
        row = canvas.wrapped(area, row, Role::Muted, line);
    }
    let over = matches!(session.phase, Phase::Failed | Phase::Cancelled);
    let none = Live::default();
    let live = canvas.model.data().live.get(&session.id).unwrap_or(&none);
    let handed = |name: &Clean| live.bids.iter().any(|bid| bid.name == *name && bid.revision > 0);
    let known = session.phase.is_bidding();
    let state = |step: &StepLine| match &step.from {
        _ if over => (Look::Failed, "not computed".to_owned()),
        Some(name) if known && handed(name) => (Look::Done, "handed in".to_owned()),
        Some(_) if known => (Look::Waits, "not handed in yet".to_owned()),
        _ => (Look::Pending, "pending".to_owned()),
    };
    graph(canvas, below(area, row + 1), worked, state, None);
}

/// Draw how far the run is: every step, by level. The level at work stays in sight.
pub fn progress(canvas: &mut Canvas<'_, '_>, area: Rect, session: &Session, live: &Live) {
    let Some(worked) = &session.worked else { return };
    let now = live.furthest().and_then(|progress| match progress.stage {
        Stage::Done => Some(usize::MAX),
        Stage::Job(OfJobs::Stepping) => usize::try_from(progress.level).ok(),
        _ => None,
    });
    let state = |step: &StepLine| match now {
        Some(level) if step.level < level => (Look::Done, "completed".to_owned()),
        Some(level) if step.level == level => (Look::AtWork, "in progress".to_owned()),
        _ => (Look::Pending, "pending".to_owned()),
    };
    let last = worked.steps.iter().rposition(|step| Some(step.level) == now);
    let first = worked.steps.iter().position(|step| Some(step.level) == now);
    // Of a level with more steps than rows the first ones show.
    let room = usize::from(area.height).saturating_sub(1);
    let sight = first.zip(last).map(|(first, last)| last.min(first + room));
    graph(canvas, area, worked, state, sight.or(now.is_none().then_some(0)));
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
    let mut reasons: Vec<&Clean> = Vec::new();
    for step in &worked.steps {
        if let Some(Done::Failed(why)) = &step.status
            && !reasons.contains(&why)
        {
            reasons.push(why);
        }
    }
    for why in reasons {
        row = canvas.wrapped(area, row, Role::Warn, why.as_str());
    }
    let state = |step: &StepLine| match &step.status {
        Some(Done::Completed) => (Look::Done, "completed".to_owned()),
        Some(Done::Failed(why)) => (Look::Failed, why.to_string()),
        None => (Look::Pending, "pending".to_owned()),
    };
    graph(canvas, below(area, row + 1), worked, state, None);
}

/// What is left of an area below some rows.
fn below(area: Rect, rows: usize) -> Rect {
    let top = u16::try_from(rows).unwrap_or(u16::MAX).min(area.height);
    Rect { y: area.y + top, height: area.height - top, ..area }
}

/// How a step stands.
#[derive(Clone, Copy)]
enum Look {
    Pending,
    Waits,
    AtWork,
    Done,
    Failed,
}

/// Widths of the columns.
struct Columns {
    number: usize,
    id: usize,
    formula: usize,
    waits: usize,
}

impl Columns {
    fn of(worked: &Worked, width: usize) -> Self {
        let widest = |of: &dyn Fn(&StepLine) -> usize| worked.steps.iter().map(of).max();
        let number = worked.steps.len().to_string().len();
        let id = widest(&|step| text::width(step.id.as_str())).unwrap_or(0).min(width / 5);
        let formula = widest(&|step| text::width(step.formula.as_str())).unwrap_or(0);
        let waits = widest(&|step| text::width(&waits_for(step))).unwrap_or(0).clamp(5, width / 7);
        Self { number, id, formula: formula.clamp(4, width / 3), waits }
    }
}

/// The steps that a step waits for, by their numbers.
fn waits_for(step: &StepLine) -> String {
    let numbers: Vec<String> = step.waits_for.iter().map(|at| (at + 1).to_string()).collect();
    numbers.join(" ")
}

/// The graph: the steps by level, each with its number and the numbers of those that it waits for, as
/// many as there is room for.
fn graph(
    canvas: &mut Canvas<'_, '_>,
    area: Rect,
    worked: &Worked,
    state: impl Fn(&StepLine) -> (Look, String),
    sight: Option<usize>,
) {
    let columns = Columns::of(worked, usize::from(area.width));
    let head = format!(
        "level {} {} {} {} state",
        canvas.fit_right("#", columns.number + 4),
        canvas.fit("step", columns.id),
        canvas.fit("does", columns.formula),
        canvas.fit("after", columns.waits),
    );
    let head = canvas.span(Role::Head, canvas.cut(&head, usize::from(area.width)));
    canvas.line(area, 0, head);
    let area = below(area, 1);
    canvas.hit(area, Hit::Within(List::Results));
    let all = worked.steps.len();
    let window = canvas.window(List::Results, usize::from(area.height), all, sight);
    for (at, index) in window.clone().enumerate() {
        let Some(step) = worked.steps.get(index) else { continue };
        let level_at =
            |index: Option<usize>| index.and_then(|at| worked.steps.get(at)).map(|step| step.level);
        let same = |other| level_at(other) == Some(step.level);
        let (first, last) = (!same(index.checked_sub(1)), !same(Some(index + 1)));
        // A level's number stands before the first of its steps that shows.
        let level = if first || at == 0 { (step.level + 1).to_string() } else { String::new() };
        let border = canvas.glyphs().border;
        let rail = match (first, last) {
            (true, true) => canvas.glyphs().line,
            (true, false) => border.top_left,
            (false, true) => border.bottom_left,
            (false, false) => border.vertical_left,
        };
        let (look, word) = state(step);
        let (role, glyph) = match look {
            Look::Pending => (Role::Muted, canvas.glyphs().blank),
            Look::Waits => (Role::Warn, canvas.glyphs().ring),
            Look::AtWork => (Role::Key, canvas.glyphs().pointer),
            Look::Done => (Role::Good, canvas.glyphs().tick),
            Look::Failed => (Role::Bad, canvas.glyphs().cross),
        };
        let taken = columns.number + columns.id + columns.formula + columns.waits + 14;
        let left = usize::from(area.width).saturating_sub(taken);
        let line = vec![
            canvas.span(Role::Muted, canvas.fit_right(&level, 5)),
            canvas.span(Role::Border, format!(" {rail} ")),
            canvas.span(role, format!("{glyph} ")),
            canvas.span(Role::Muted, canvas.fit_right(&(index + 1).to_string(), columns.number)),
            canvas.span(Role::Title, format!(" {}", canvas.fit(step.id.as_str(), columns.id))),
            canvas.span(
                Role::Text,
                format!(" {}", canvas.fit(step.formula.as_str(), columns.formula)),
            ),
            canvas.span(Role::Muted, format!(" {}", canvas.fit(&waits_for(step), columns.waits))),
            canvas.span(role, format!(" {}", canvas.cut(&word, left))),
        ];
        canvas.line(area, at, line);
    }
    canvas.more(area, &window, all);
}
