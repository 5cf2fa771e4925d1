//! How far a score is, as people and scripts are told: each step once, and the rounds as they pass.

use serde_json::{Value, json};

use super::failure::Failure;
use super::output::{Output, bytes, clean};
use super::progress::Progress;
use crate::rules::model::Layer;
use crate::runs::score::Part;
use crate::scoring::{Course, Itinerary, Step};
use crate::session::scoring::ModelTerms;

/// What an event of a score is called.
const EVENT: &str = "progress";

/// Where a score is, by an event of it as a script reads it; nothing where a line is none.
pub fn course_of(event: &Value) -> Option<Course> {
    if event.get("event").and_then(Value::as_str) != Some(EVENT) {
        return None;
    }
    let name = event.get("step").and_then(Value::as_str)?;
    let step = Step::ALL.into_iter().find(|step| step.name() == name)?;
    let count = |field: &str| event.get(field).and_then(Value::as_u64);
    Some(Course { step, rounds: count("rounds")?, bytes_sent: count("bytes_sent")? })
}

/// Follows one score.
pub struct Watcher {
    progress: Progress,
    itinerary: Itinerary,
    events: Option<Output>,
    told: Option<(Step, Option<Part>)>,
}

impl Watcher {
    /// Of a score by this model; what happens goes to standard output as well where a script reads.
    ///
    /// # Errors
    /// When the model cannot be computed.
    pub fn new(terms: &ModelTerms, events: Option<Output>) -> Result<Self, Failure> {
        let itinerary = Itinerary::of(terms)?;
        let what = format!("scoring by {}", clean(&terms.name));
        let progress = Progress::start(what, Some(itinerary.rounds()));
        let events = events.filter(|output| output.json);
        Ok(Self { progress, itinerary, events, told: None })
    }

    /// Tell where the score is.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub fn see(&mut self, course: &Course) -> Result<(), Failure> {
        let part =
            (course.step == Step::Computing).then(|| self.itinerary.part(course.rounds)).flatten();
        let now = (course.step, part);
        let words = self.words(course);
        self.progress.reach(course.rounds);
        if self.told == Some(now) {
            self.progress.beside(&words);
            return Ok(());
        }
        self.told = Some(now);
        self.progress.say(&words);
        let Some(output) = self.events else { return Ok(()) };
        output.json_line(&json!({
            "event": EVENT,
            "step": course.step.name(),
            "part": part.map(|part| part_words(part, self.itinerary.layers())),
            "rounds": course.rounds,
            "rounds_total": self.itinerary.rounds(),
            "bytes_sent": course.bytes_sent,
        }))
    }

    fn words(&self, course: &Course) -> String {
        match course.step {
            Step::Meeting => "a batch is promised; asking the model's owner".to_owned(),
            Step::Half => "fetching our half of the batch from the dealers".to_owned(),
            Step::Partner => "our half is here; the owner fetches the other".to_owned(),
            Step::Computing => computing(&self.itinerary, course),
            Step::Signing => "both sign the score".to_owned(),
        }
    }
}

/// A computation in words: "rounds, layer 2 of 4 (sigmoid), 1.2 kB sent".
fn computing(itinerary: &Itinerary, course: &Course) -> String {
    let part = itinerary.part(course.rounds);
    let part = part.map_or_else(|| "done".to_owned(), |part| part_words(part, itinerary.layers()));
    format!("rounds, {part}, {} sent", bytes(course.bytes_sent))
}

/// What is computed.
fn part_words(part: Part, layers: usize) -> String {
    match part {
        Part::Sheet => "the sheet comes in".to_owned(),
        Part::Layer(number, layer) => {
            let name = match layer {
                Layer::Dense { .. } => "dense",
                Layer::Rectify => "rectify",
                Layer::Sigmoid => "sigmoid",
                Layer::Largest => "largest",
            };
            format!("layer {number} of {layers} ({name})")
        }
        Part::Bounds => "the score's bounds are shown".to_owned(),
        Part::Opening => "what was opened is checked".to_owned(),
    }
}

/// How far an owner's client is, in one line.
pub fn of_guest(itinerary: &Itinerary, course: &Course) -> String {
    match course.step {
        Step::Meeting => "asks".to_owned(),
        Step::Half => "our half comes from the dealers".to_owned(),
        Step::Partner => "the client fetches its half".to_owned(),
        Step::Computing => {
            let text = computing(itinerary, course);
            format!("{} of {} {text}", course.rounds, itinerary.rounds())
        }
        Step::Signing => "both sign".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use crate::cli::course::*;

    #[test]
    fn an_event_says_where_a_score_is() {
        for step in Step::ALL {
            let line = json!({
                "event": "progress", "step": step.name(), "part": null, "rounds": 3,
                "rounds_total": 51, "bytes_sent": 1200,
            });
            assert_eq!(course_of(&line), Some(Course { step, rounds: 3, bytes_sent: 1200 }));
        }
        let other = json!({ "event": "progress", "step": "dancing", "rounds": 0, "bytes_sent": 0 });
        assert_eq!(course_of(&other), None);
        assert_eq!(course_of(&json!({ "score": 0.5, "rounds": 51, "bytes_sent": 0 })), None);
    }
}
