//! What a survey asks, how it is computed, and what came of it: results as bars with their numbers.

use ratatui::layout::Rect;

use super::super::canvas::Canvas;
use super::super::text;
use super::super::theme::Role;
use super::facts::{self, Fact};
use super::stages;
use crate::base::text::{Clean, clean};
use crate::rules::Stage;
use crate::rules::survey::{Membership, Question, Stage as OfSurveys};
use crate::session::Phase;
use crate::tui::figures::{count, plural};
use crate::tui::input::commands::ListCommand;
use crate::tui::input::layer::Layer;
use crate::tui::state::data::Session;
use crate::tui::state::live::Live;
use crate::tui::state::model::Model;
use crate::tui::state::screen::{Hit, List};
use crate::tui::state::surveyed::{Bar, Surveyed};
use crate::tui::update::cohort::Tally;
use crate::wire::coordinator_api::SessionDetail;

/// What is asked, in a few words: "3 questions: pay, hours, raise".
pub fn questions(survey: &Question) -> Clean {
    let names: Vec<&str> = survey.items.iter().map(|item| item.name.as_str()).collect();
    clean(&format!("{}: {}", names.len(), names.join(", ")))
}

/// Its cohorts, in a few words.
pub fn cohorts(survey: &Question) -> String {
    match survey.cohorts.len() {
        0 => "none".to_owned(),
        many => match survey.membership {
            Membership::Secret => format!("{many}, secret"),
            Membership::Public => format!("{many}, public"),
            Membership::Assigned => format!("{many}, assigned"),
        },
    }
}

/// What its terms say, in lines.
pub fn terms(survey: &Question) -> Vec<String> {
    let mut lines = vec![format!("questions {}", questions(survey))];
    if !survey.cohorts.is_empty() {
        let names = clean(&survey.cohorts.join(", "));
        lines.push(format!("cohorts: {names}; {}", survey.membership.words()));
    }
    let declared = survey.declared_lines(MOST_NAMED);
    lines.extend(declared.iter().map(|line| clean(&format!("told {line}")).to_string()));
    lines.push(survey.withheld_line());
    lines
}

/// Statistics that the terms name at most.
const MOST_NAMED: usize = 8;

/// What is said of a settled survey in a sentence; none of another kind, or before.
pub fn line(session: &Session) -> Option<String> {
    let settled = session.phase == Phase::Settled;
    let (survey, surveyed) = session.survey().zip(session.surveyed.as_ref()).filter(|_| settled)?;
    Some(surveyed.line(survey.at_least))
}

/// What came of our answers; gives the row after it.
pub fn mine(canvas: &mut Canvas<'_, '_>, area: Rect, row: usize, session: &Session) -> usize {
    let key = canvas.model.keymap.first(Layer::Bid, ListCommand::ShowBracket);
    let row = match line(session) {
        Some(line) => canvas.wrapped(area, row, Role::Good, &format!("Settled: {line}.")),
        None => row,
    };
    let public = session.survey().is_some_and(Question::tells_cohorts);
    let cohort = if public { "your cohort and " } else { "" };
    let text =
        format!("Of your answer nothing was opened but {cohort}these results. {key} shows them.");
    canvas.wrapped(area, row, Role::Text, &text)
}

/// How many have answered, of those who may, where that is known; in lines.
pub fn tally(tally: &Tally) -> Vec<String> {
    let part = |(answered, all): (u64, u64)| format!("{} of {}", count(answered), count(all));
    let mut lines = vec![format!("{} with an account", part((tally.answered, tally.expected)))];
    if tally.open > 0 {
        let open = plural(tally.open as u64, "invitation", "invitations");
        lines.push(format!("{open} not used yet"));
    }
    let cohorts: Vec<String> = tally
        .cohorts
        .iter()
        .map(|(name, answered, all)| format!("{name} {}", part((*answered, *all))))
        .collect();
    if !cohorts.is_empty() {
        lines.push(format!("as invited: {}", cohorts.join(", ")));
    }
    lines
}

/// Rows that [`progress`] takes: one for each stage, and two lines of words.
pub const ROWS: u16 = 8;

/// Draw how far the run is: each stage, and what is done in it.
pub fn progress(canvas: &mut Canvas<'_, '_>, area: Rect, session: &Session, live: &Live) {
    let Some(survey) = session.survey() else { return };
    let own = survey.stages().into_iter().map(Stage::from);
    let all = [Stage::CheckingEntries].into_iter().chain(own).chain([Stage::Opening]);
    let told = |stage: Stage| (stage, what(survey, stage));
    let row = stages::list(canvas, area, live, &all.map(told).collect::<Vec<_>>());
    let text = "Nobody sees an answer: the nodes compute with the sealed parts.";
    canvas.wrapped(area, row + 1, Role::Muted, text);
}

/// What a stage works on.
fn what(survey: &Question, stage: Stage) -> String {
    let questions = plural(survey.items.len() as u64, "question", "questions");
    match stage {
        Stage::CheckingEntries => format!("bounds of {questions}"),
        Stage::Survey(OfSurveys::Counting) => {
            format!("how many are in each of {}", survey.cohorts.len())
        }
        Stage::Survey(OfSurveys::Adding) => "counts, sums and squares".to_owned(),
        Stage::Survey(OfSurveys::Ranking) => "medians and the like".to_owned(),
        _ => "what the terms declare, no more".to_owned(),
    }
}

/// Draw what it came to: bars with their numbers, and below them what is known of the run.
pub fn outcome(canvas: &mut Canvas<'_, '_>, area: Rect, session: &Session) {
    let model = canvas.model;
    let Some((survey, surveyed)) = session.survey().zip(session.surveyed.as_ref()) else {
        return canvas.empty(area, "Settled; asking for the outcome ...", &[]);
    };
    let detail = model.data().details.get(&session.id).cloned();
    let facts = detail.as_deref().map(|detail| self::facts(model, session, surveyed, detail));
    let facts = facts.unwrap_or_default();
    let head = format!("{}.", text::upper(&surveyed.line(survey.at_least)));
    canvas.text(area, 0, Role::Good, &head);
    let all = u16::try_from(surveyed.bars.len()).unwrap_or(u16::MAX);
    let below = u16::try_from(facts.len()).unwrap_or(u16::MAX).min(area.height / 3);
    // The results need the rows more than what is known of the run.
    let height = all.min(area.height.saturating_sub(below + 3));
    let bars = Rect { y: area.y + 2.min(area.height), height, ..area };
    draw(canvas, bars, &surveyed.bars);
    facts::draw(canvas, area, usize::from(height) + 3, &facts);
}

/// Draw bars, as many as there is room for.
fn draw(canvas: &mut Canvas<'_, '_>, area: Rect, bars: &[Bar]) {
    let widest = |of: fn(&Bar) -> &Clean| {
        bars.iter().map(|bar| text::width(of(bar).as_str())).max().unwrap_or(0)
    };
    let width = usize::from(area.width);
    let value = widest(|bar| &bar.shown).min(width / 4);
    let what = widest(|bar| &bar.what).min(width * 3 / 10);
    let whom = widest(|bar| &bar.whom).min(width * 3 / 10);
    let bar_width = width.saturating_sub(what + whom + value + 5).min(48);
    canvas.hit(area, Hit::Within(List::Results));
    let window = canvas.window(List::Results, usize::from(area.height), bars.len(), None);
    for (at, index) in window.clone().enumerate() {
        let Some(bar) = bars.get(index) else { continue };
        // The name of a result stands before the first of its numbers that shows.
        let again = at > 0 && bars.get(index - 1).is_some_and(|before| before.what == bar.what);
        let name = if again { "" } else { bar.what.as_str() };
        let role = if bar.withheld { Role::Warn } else { Role::Accent };
        let mut line = vec![
            canvas.span(Role::Title, canvas.fit(name, what)),
            canvas.span(Role::Text, format!(" {}", canvas.fit(bar.whom.as_str(), whom))),
            canvas.span(role, format!(" {}  ", canvas.fit_right(bar.shown.as_str(), value))),
        ];
        if let Some(share) = bar.share {
            let role = if bar.negative { Role::Bad } else { Role::Key };
            line.extend(canvas.bar(share, bar_width, role).into_iter().take(1));
        }
        canvas.line(area, at, line);
    }
    canvas.more(area, &window, bars.len());
}

fn facts(
    model: &Model,
    session: &Session,
    surveyed: &Surveyed,
    detail: &SessionDetail,
) -> Vec<Fact> {
    let mut facts: Vec<Fact> = Vec::new();
    let Some(survey) = session.survey() else { return facts };
    if surveyed.bars.iter().any(|bar| bar.withheld) {
        let least = survey.at_least;
        let text = format!("cells of fewer than {least} answers, and what would give them away");
        facts.push(("withheld", text, Role::Warn));
    }
    if !surveyed.members.is_empty() {
        let members =
            surveyed.members.iter().map(|(name, many)| format!("{name} {}", count(*many)));
        facts.push(("cohorts", members.collect::<Vec<_>>().join(", "), Role::Text));
    }
    let key = model.keymap.first(Layer::Bracket, ListCommand::Table);
    let command = format!("`gavel survey results {} --xlsx FILE`", session.id.short());
    facts.push(("as a table", format!("{key} writes CSV; or {command}"), Role::Text));
    facts.extend(facts::of_run(model, session, detail, "nothing but these results was opened"));
    facts
}
