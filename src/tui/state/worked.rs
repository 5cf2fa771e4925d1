//! A job's steps by level, and what it revealed, in the words that screens share.

use crate::base::text::{Clean, clean};
use crate::rules::job::{Action, Graph, Question, Status};
use crate::rules::{Answer, Terms};
use crate::session::outcome::Entrant;

/// A job, and what it came to once it is settled.
#[derive(Clone, PartialEq, Debug)]
pub struct Worked {
    /// The steps, by level.
    pub steps: Vec<StepLine>,
    /// Levels in all.
    pub levels: usize,
    /// The variables that were revealed with their values, once it is settled; a value is missing
    /// where somebody handed nothing in.
    pub revealed: Vec<(Clean, Option<Clean>)>,
}

/// A step as it is shown.
#[derive(Clone, PartialEq, Debug)]
pub struct StepLine {
    /// Its level, from 0.
    pub level: usize,
    /// What it goes by.
    pub id: Clean,
    /// What it does.
    pub formula: Clean,
    /// The steps that it waits for, by their places in [`Worked::steps`].
    pub waits_for: Vec<usize>,
    /// Who hands its value in, where somebody does.
    pub from: Option<Clean>,
    /// What became of it, once the job is settled.
    pub status: Option<Done>,
}

/// What became of a step.
#[derive(Clone, PartialEq, Debug)]
pub enum Done {
    /// It completed.
    Completed,
    /// It failed, and why.
    Failed(Clean),
}

impl Worked {
    /// Of a job with the answer that it has by now; none of another kind.
    pub fn of(terms: &Terms, answer: Option<&Answer<Entrant>>) -> Option<Self> {
        let question = terms.question.as_job()?;
        let graph = question.graph().ok()?;
        let answer = answer.and_then(Answer::as_job);
        let statuses = answer.map(|answer| graph.statuses(&answer.handed_in()));
        let status = |at: usize| statuses.as_ref().map(|statuses| done(&statuses[at]));
        let mut places = vec![0; graph.steps.len()];
        for (place, &at) in graph.order.iter().enumerate() {
            places[at] = place;
        }
        let line = |&at: &usize| {
            let step = &graph.steps[at];
            let mut waits_for: Vec<usize> =
                step.waits_for.iter().map(|&before| places[before]).collect();
            waits_for.sort_unstable();
            StepLine {
                level: step.level,
                id: clean(&step.id),
                formula: clean(&formula(question, at)),
                waits_for,
                from: from(&graph, at).map(clean),
                status: status(at),
            }
        };
        let revealed = answer.map(|answer| answer.revealed(&graph)).unwrap_or_default();
        let shown = |value: crate::rules::job::Number| clean(&value.to_string());
        let value = |revealed: crate::rules::job::answer::Revealed| {
            (clean(&revealed.variable), revealed.value.map(shown))
        };
        Some(Self {
            steps: graph.order.iter().map(line).collect(),
            levels: levels(&graph),
            revealed: revealed.into_iter().map(value).collect(),
        })
    }

    /// How many steps failed.
    pub fn failed(&self) -> usize {
        let failed = |step: &&StepLine| matches!(step.status, Some(Done::Failed(_)));
        self.steps.iter().filter(failed).count()
    }

    /// In a few words: "score = 812", "3 values".
    pub fn short(&self) -> String {
        match &self.revealed[..] {
            [(name, Some(value))] => format!("{name} = {value}"),
            [] => "nothing revealed".to_owned(),
            several => format!("{} values", several.len()),
        }
    }

    /// In a sentence without its full stop.
    pub fn line(&self) -> String {
        let values: Vec<String> = self
            .revealed
            .iter()
            .filter_map(|(name, value)| Some(format!("{name} = {}", value.as_ref()?)))
            .collect();
        let revealed =
            if values.is_empty() { "nothing revealed".to_owned() } else { values.join(", ") };
        match self.failed() {
            0 => revealed,
            1 => format!("{revealed}; 1 step failed"),
            failed => format!("{revealed}; {failed} steps failed"),
        }
    }
}

fn formula(question: &Question, at: usize) -> String {
    question.steps.get(at).map(crate::rules::job::Step::formula).unwrap_or_default()
}

/// Who hands in the value of a step that assigns one.
fn from(graph: &Graph, at: usize) -> Option<&str> {
    let Action::Handed { input } = graph.steps[at].action else { return None };
    let participant = graph.inputs.get(input)?.participant;
    graph.participants.get(participant).map(String::as_str)
}

fn levels(graph: &Graph) -> usize {
    graph.steps.iter().map(|step| step.level + 1).max().unwrap_or(0)
}

fn done(status: &Status) -> Done {
    match status {
        Status::Completed => Done::Completed,
        Status::Failed { .. } => Done::Failed(clean(&status.to_string())),
    }
}
