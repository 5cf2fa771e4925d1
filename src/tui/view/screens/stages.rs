//! The stages of a run: what each is called and does, and which of them are done.

use ratatui::layout::Rect;

use super::super::canvas::Canvas;
use super::super::theme::Role;
use crate::rules::auction::Stage as OfAuctions;
use crate::rules::job::Stage as OfJobs;
use crate::rules::market::Stage as OfMarkets;
use crate::rules::survey::Stage as OfSurveys;
use crate::rules::{Question, Stage};
use crate::tui::state::live::Live;

/// What a stage is called.
pub const fn name(stage: Stage) -> &'static str {
    match stage {
        Stage::Preparing => "unsealing",
        Stage::CheckingEntries => "ranges",
        Stage::Auction(OfAuctions::Tournament) => "tournament",
        Stage::Auction(OfAuctions::SecondPrice) => "second price",
        Stage::Auction(OfAuctions::Ranking) => "ranking",
        Stage::Market(OfMarkets::Adding) => "adding up",
        Stage::Market(OfMarkets::Clearing) => "price",
        Stage::Market(OfMarkets::Quantities) => "quantities",
        Stage::Survey(OfSurveys::Counting) => "cohorts",
        Stage::Survey(OfSurveys::Adding) => "sums",
        Stage::Survey(OfSurveys::Ranking) => "ranks",
        Stage::Job(OfJobs::Converting) => "elements",
        Stage::Job(OfJobs::Stepping) => "steps",
        Stage::Opening => "opening",
        Stage::Done => "done",
    }
}

/// What happens in a stage of such a session, in a sentence.
pub fn does(question: &Question, stage: Stage) -> &'static str {
    let survey = question.as_survey().is_some();
    match stage {
        Stage::Preparing if survey => {
            "Each node unseals its own parts; they are too few to read an answer."
        }
        Stage::CheckingEntries if survey => {
            "Together they check that every answer is within its bounds, unopened."
        }
        Stage::Opening if survey => {
            "The nodes open what the terms declare, together, and nothing else."
        }
        Stage::Preparing => "Each node unseals its own parts; they are too few to read a bid.",
        Stage::CheckingEntries => {
            "Together they check that every bid is within its range, unopened."
        }
        Stage::Auction(OfAuctions::Tournament) => {
            "The best bid of each group goes on; which one that is, no node learns."
        }
        Stage::Auction(OfAuctions::SecondPrice) => {
            "The best of the bids that lost to the winner is sought, unopened."
        }
        Stage::Auction(OfAuctions::Ranking) => {
            "Every bid is compared with the others; no node learns who is ahead."
        }
        Stage::Market(OfMarkets::Adding) => {
            "At every price the nodes add up what all want; no curve is opened."
        }
        Stage::Market(OfMarkets::Clearing) => {
            "Demand is compared with supply at every price; only the price is opened."
        }
        Stage::Market(OfMarkets::Quantities) => {
            "How much each trades at the price is worked out, unopened."
        }
        Stage::Survey(OfSurveys::Counting) => {
            "The answers of each cohort are counted; what is too small is not opened."
        }
        Stage::Survey(OfSurveys::Adding) => {
            "Answers and their squares are added up; no answer is opened."
        }
        Stage::Survey(OfSurveys::Ranking) => {
            "Answers are put in order, for medians and the like, unopened."
        }
        Stage::Job(OfJobs::Converting) => {
            "What was handed in as bits becomes elements of the field, unopened."
        }
        Stage::Job(OfJobs::Stepping) => {
            "Steps are computed level by level; only what the job reveals is opened."
        }
        Stage::Opening => "The nodes open what the rule makes public, together, and nothing else.",
        Stage::Done => "The nodes sign the outcome.",
    }
}

/// The stages that a run goes through, in order, as they are called there.
fn of(question: &Question) -> Vec<(Stage, &'static str)> {
    let named = |stage: Stage| (stage, name(stage));
    let mut stages = vec![named(Stage::Preparing)];
    if question.as_job().is_some() {
        stages.extend([named(OfJobs::Converting.into()), named(OfJobs::Stepping.into())]);
        return stages;
    }
    // Any numbers at all are an order.
    if question.as_market().is_none() {
        stages.push(named(Stage::CheckingEntries));
    }
    match question.as_auction() {
        Some(auction) if auction.quantity > 1 => stages.push(named(OfAuctions::Ranking.into())),
        Some(auction) if auction.is_uniform() => stages.extend([
            named(OfAuctions::Tournament.into()),
            (Stage::Opening, "winner"),
            named(OfAuctions::SecondPrice.into()),
            (Stage::Opening, "price"),
        ]),
        Some(_) => {
            stages.extend([named(OfAuctions::Tournament.into()), named(Stage::Opening)]);
        }
        None if question.as_market().is_some() => stages.extend([
            named(OfMarkets::Adding.into()),
            named(OfMarkets::Clearing.into()),
            named(OfMarkets::Quantities.into()),
            named(Stage::Opening),
        ]),
        None => {
            let survey = question.as_survey().map(crate::rules::survey::Question::stages);
            stages.extend(survey.into_iter().flatten().map(|own| named(own.into())));
            stages.push(named(Stage::Opening));
        }
    }
    stages
}

/// How many of the stages are behind a run that has come to these.
fn behind(stages: &[(Stage, &'static str)], come_to: &[Stage]) -> usize {
    let mut here = 0;
    for &stage in come_to {
        if stage == Stage::Done {
            return stages.len();
        }
        let next = stages.iter().skip(here).position(|(next, _)| *next == stage);
        here += next.unwrap_or(0);
    }
    here
}

/// Draw them in a line, each with its name: those that are done, the one at work, those to come.
pub fn strip(canvas: &mut Canvas<'_, '_>, area: Rect, question: &Question, come_to: &[Stage]) {
    let stages = of(question);
    let here = behind(&stages, come_to);
    let mut line = Vec::new();
    for (at, (_, name)) in stages.into_iter().enumerate() {
        let (role, glyph) = match at.cmp(&here) {
            std::cmp::Ordering::Less => (Role::Good, canvas.glyphs().tick),
            std::cmp::Ordering::Equal => (Role::Warn, canvas.glyphs().pointer),
            std::cmp::Ordering::Greater => (Role::Disabled, canvas.glyphs().blank),
        };
        if at > 0 {
            line.push(canvas.span(Role::Border, format!(" {} ", canvas.glyphs().line)));
        }
        line.push(canvas.span(role, format!("{glyph} ")));
        let name_role = if at == here { Role::Title } else { Role::Muted };
        line.push(canvas.span(name_role, name));
    }
    canvas.line(area, 0, line);
}

/// Draw stages in a column, each with its name and what is done in it; gives the row after them.
pub fn list(
    canvas: &mut Canvas<'_, '_>,
    area: Rect,
    live: &Live,
    stages: &[(Stage, String)],
) -> usize {
    let now = live.stages.last().copied();
    for (row, (stage, what)) in stages.iter().enumerate() {
        let come_to = live.stages.contains(stage);
        let done = now == Some(Stage::Done) || (come_to && now != Some(*stage));
        let (role, glyph) = match (done, now == Some(*stage)) {
            (true, _) => (Role::Good, canvas.glyphs().tick),
            (false, true) => (Role::Warn, canvas.glyphs().pointer),
            (false, false) => (Role::Disabled, canvas.glyphs().blank),
        };
        let name_role = if now == Some(*stage) { Role::Title } else { Role::Muted };
        let line = vec![
            canvas.span(role, format!("{glyph} ")),
            canvas.span(name_role, format!("{:<12}", name(*stage))),
            canvas.span(Role::Muted, what.clone()),
        ];
        canvas.line(area, row, line);
    }
    stages.len()
}
