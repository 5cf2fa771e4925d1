//! What the demo says of itself on the screens: who plays whom, what is sealed, what just happened,
//! in one line at a time, each of which stays long enough to be read.

use std::time::Duration;

use tokio::sync::mpsc::{self, Receiver, Sender};

use crate::base::text::clean;
use crate::rules::auction::Stage as OfAuctions;
use crate::rules::{Question, Stage};
use crate::session::Phase;
use crate::session::progress::Progress;
use crate::sharing::Scheme;
use crate::tui::Cue;
use crate::tui::state::data::Piece;
use crate::tui::view::screens::stages;

/// How long a line stays at least.
const STAYS: Duration = Duration::from_millis(1_700);

/// A line, and whether a later one may take its place before it was shown.
struct Line {
    pieces: Vec<Piece>,
    passing: bool,
}

/// Tells the lines, one at a time.
pub struct Story {
    lines: Sender<Line>,
}

impl Story {
    /// Tell them on a stage, so many times as fast, until this is dropped.
    pub fn begin(stage: Sender<Cue>, speed: f64) -> Self {
        let (lines, told) = mpsc::channel(64);
        tokio::spawn(tell(told, stage, STAYS.div_f64(speed)));
        Self { lines }
    }

    /// Say something that everybody should read.
    pub async fn say(&self, text: impl Into<String>) {
        let line = Line { pieces: vec![Piece::Text(text.into())], passing: false };
        // A viewer who has left needs no lines.
        let _ = self.lines.send(line).await;
    }

    /// Say something that is soon overtaken.
    pub async fn pass(&self, pieces: Vec<Piece>) {
        let _ = self.lines.send(Line { pieces, passing: true }).await;
    }
}

async fn tell(mut lines: Receiver<Line>, stage: Sender<Cue>, stays: Duration) {
    while let Some(mut line) = lines.recv().await {
        while line.passing
            && let Ok(next) = lines.try_recv()
        {
            line = next;
        }
        if stage.send(Cue::Tell(line.pieces)).await.is_err() {
            return;
        }
        tokio::time::sleep(stays).await;
    }
}

/// Who plays whom.
pub fn opening(question: &Question, scheme: Scheme, people: usize) -> String {
    let nodes = scheme.nodes();
    if question.as_market().is_some() {
        return format!(
            "The program plays {nodes} nodes and {people} traders; you run the market, and may trade"
        );
    }
    if question.as_survey().is_some() {
        return format!(
            "The program plays {nodes} nodes and {people} people; you ask them, and may answer too"
        );
    }
    if question.as_job().is_some() {
        return format!("The program plays {nodes} nodes and {people} participants of a job");
    }
    format!(
        "The program plays {nodes} nodes and {people} bidders; you run the auction, and may bid"
    )
}

/// A bid came in; each of the first tells something else about bidding.
pub fn bid(
    question: &Question,
    position: usize,
    name: &str,
    all: usize,
    scheme: Scheme,
) -> Vec<Piece> {
    let text = if question.as_market().is_some() {
        order(position, all, scheme)
    } else if question.as_survey().is_some() {
        answers(position, all, scheme)
    } else if question.as_job().is_some() {
        values(position, all, scheme)
    } else {
        amount(position, all, scheme)
    };
    vec![Piece::Name(clean(name)), Piece::Text(text)]
}

/// What is said of an order, after whose it is.
fn order(position: usize, all: usize, scheme: Scheme) -> String {
    let nodes = scheme.nodes();
    match (position, scheme.threshold()) {
        (0, 1) => format!("'s order: sealed in parts to {nodes} nodes; no node alone reads it"),
        (0, t) => format!("'s order: sealed in parts to {nodes} nodes; no {t} of them read it"),
        (1, _) => "'s order: each tick is a node's signed receipt, proof that it is in".to_owned(),
        (2, _) => "'s order: you run the market, yet see only who takes part".to_owned(),
        (3, _) => "'s order, made up by the program; b writes one of your own".to_owned(),
        (4, _) => "'s order: who buys and who sells nobody knows, not even the nodes".to_owned(),
        (at, _) => format!("'s order: {} of {all} invented orders are in", at + 1),
    }
}

/// What is said of answers to a survey, after whose they are.
fn answers(position: usize, all: usize, scheme: Scheme) -> String {
    let nodes = scheme.nodes();
    match (position, scheme.threshold()) {
        (0, 1) => format!(" answers: sealed in parts to {nodes} nodes; no node alone reads it"),
        (0, t) => format!(" answers: sealed in parts to {nodes} nodes; no {t} of them read it"),
        (1, _) => " answers: each tick is a node's signed receipt, proof that it is in".to_owned(),
        (2, _) => " answers: you ask, yet see only who has answered, never what".to_owned(),
        (3, _) => " answers, played by the program; b answers as you".to_owned(),
        (4, _) => " answers: only statistics will be opened, and of no group too small".to_owned(),
        (at, _) => format!(" answers: {} of {all} invented people have", at + 1),
    }
}

/// What is said of what somebody hands in for a job, after whose it is.
fn values(position: usize, all: usize, scheme: Scheme) -> String {
    let nodes = scheme.nodes();
    match (position, scheme.threshold()) {
        (0, 1) => format!("'s values: sealed in parts to {nodes} nodes; no node alone reads them"),
        (0, t) => format!("'s values: sealed in parts to {nodes} nodes; no {t} of them read them"),
        (1, _) => "'s values: each tick is a node's signed receipt, proof they are in".to_owned(),
        (2, _) => "'s values: nobody sees more than what the steps reveal".to_owned(),
        (at, _) => format!("'s values: {} of {all} participants have handed in", at + 1),
    }
}

/// What is said of a bid, after whose it is.
fn amount(position: usize, all: usize, scheme: Scheme) -> String {
    let nodes = scheme.nodes();
    match (position, scheme.threshold()) {
        (0, 1) => format!(" bids: sealed in parts to {nodes} nodes; no node alone can read it"),
        (0, t) => format!(" bids: sealed in parts to {nodes} nodes; no {t} of them can read it"),
        (1, _) => " bids: each tick is a node's signed receipt, proof that it is in".to_owned(),
        (2, _) => " bids: you run the auction, yet see only who bids, never how much".to_owned(),
        (3, _) => " bids, played by the program; b writes a bid of your own".to_owned(),
        (4, _) => " bids: who is ahead nobody knows, not even the nodes".to_owned(),
        (at, _) => format!(" bids: {} of {all} invented bids are in", at + 1),
    }
}

/// All invented bidders have bid.
pub fn all_in(question: &Question, all: usize, auto: bool) -> String {
    if question.as_job().is_some() {
        return job_in(all, auto);
    }
    let entries = question.entry_words().1;
    let verb = match entries {
        "orders" => "trades",
        verb => verb,
    };
    if auto && question.as_survey().is_some() {
        format!("All {all} {entries} are in; the survey closes now")
    } else if auto {
        format!("All {all} {entries} are in; bidding ends now")
    } else if question.as_survey().is_some() {
        format!("All {all} are in. b {verb} as you, c closes it now, or wait for the countdown")
    } else {
        format!("All {all} are in. b {verb} as you, c ends bidding now, or wait for the countdown")
    }
}

/// All participants of a job have handed in.
fn job_in(all: usize, auto: bool) -> String {
    let next = if auto { "the job starts now" } else { "c starts the job, or wait for it" };
    format!("All {all} have handed in; {next}")
}

/// What a phase of a job is about.
const fn phase_of_job(phase: Phase) -> Option<&'static str> {
    match phase {
        Phase::Closing => Some("The nodes sign one list of what was handed in, final for all"),
        Phase::Cancelled => Some("Called off: nothing is computed, and nothing is ever opened"),
        Phase::Failed => Some("The job could not be computed; t tries again"),
        Phase::Paused => Some("Paused: nothing is taken until it goes on; what is in counts"),
        Phase::Draft | Phase::Open | Phase::Computing | Phase::Settled => None,
    }
}

/// What a phase is about, as it begins.
pub fn phase(question: &Question, phase: Phase) -> Option<&'static str> {
    if question.as_job().is_some() {
        return phase_of_job(phase);
    }
    let survey = question.as_survey().is_some();
    match phase {
        Phase::Closing if survey => {
            Some("Closed: the nodes sign one list of sealed answers, final for all")
        }
        Phase::Cancelled if survey => Some("Called off: no answer counts, and none is ever opened"),
        Phase::Paused if survey => {
            Some("Paused: no answer is taken until it goes on; those that are in count")
        }
        Phase::Closing => {
            Some("Bidding is over: the nodes sign one list of sealed bids, final for all")
        }
        Phase::Cancelled => Some("Called off: no bid counts, and no amount is ever opened"),
        Phase::Failed => Some("The outcome could not be computed; t tries again"),
        Phase::Paused => Some("Paused: no bid is taken until it goes on; those that are in count"),
        Phase::Draft | Phase::Open | Phase::Computing | Phase::Settled => None,
    }
}

/// A stage of the run begins, or a level of the tournament is done.
pub fn stage(question: &Question, progress: &Progress) -> Vec<Piece> {
    let level = usize::try_from(progress.level).unwrap_or(usize::MAX);
    let text = match (progress.stage, progress.entries.get(level..)) {
        (Stage::Auction(OfAuctions::Tournament), Some([from, to, ..])) => format!(
            "Tournament, level {} of {}: of {from} sealed amounts {to} {}; none is opened",
            level + 1,
            progress.levels,
            if *to == 1 { "is left" } else { "go on" },
        ),
        (stage, _) => stages::does(question, stage).to_owned(),
    };
    vec![Piece::Text(text)]
}

/// It is decided.
pub const SETTLED: &str = "Decided, signed, checked offline. Left and right step through the run";

#[cfg(test)]
mod tests {
    use crate::base::Timestamp;
    use crate::cli::demo::story::*;
    use crate::cli::session_file::BUILT_IN;
    use crate::rules::{SessionFile, market};

    /// Columns for a line on the smallest screen.
    const ROOM: usize = 76;

    #[test]
    fn every_line_fits_the_smallest_screen() {
        let mut lines = vec![SETTLED.to_owned()];
        let market = include_str!("../../../sessions/market.toml");
        let survey = include_str!("../../../sessions/pay-gap.toml");
        let job = include_str!("../../../sessions/job.toml");
        let files = [BUILT_IN, market, survey, job].map(SessionFile::parse);
        for file in files {
            let terms = file.unwrap().terms(Timestamp::from_millis(0)).unwrap();
            let question = &terms.question;
            lines.extend(stages(question));
            lines.extend(
                Phase::ALL.into_iter().filter_map(|now| phase(question, now)).map(str::to_owned),
            );
            lines.extend([all_in(question, 6, false), all_in(question, 200, true)]);
            for (nodes, threshold) in [(3, 1), (5, 2), (9, 4)] {
                let scheme = Scheme::new(nodes, threshold).unwrap();
                lines.push(opening(question, scheme, 200));
                for position in 0..8 {
                    let pieces = bid(question, position, "chiara", 200, scheme);
                    lines.push(pieces.iter().map(text).collect());
                }
            }
        }
        for line in lines {
            assert!(line.chars().count() <= ROOM, "{} columns: {line}", line.chars().count());
        }
    }

    /// What is said of every stage of any kind.
    fn stages(question: &Question) -> Vec<String> {
        let of_kinds = OfAuctions::ALL.map(Stage::from).into_iter();
        let of_kinds = of_kinds.chain(market::Stage::ALL.map(Stage::from));
        let of_kinds = of_kinds.chain(crate::rules::survey::Stage::ALL.map(Stage::from));
        let of_kinds = of_kinds.chain(crate::rules::job::Stage::ALL.map(Stage::from));
        let all = [Stage::Preparing, Stage::CheckingEntries, Stage::Opening, Stage::Done];
        let all = all.into_iter().chain(of_kinds);
        let levels = all.flat_map(|now| (0..4).map(move |level| (now, level)));
        let said = levels.map(|(now, level)| {
            let entries = vec![7, 4, 2, 1];
            let progress =
                Progress { stage: now, level, levels: 3, entries, ..Progress::default() };
            stage(question, &progress).iter().map(text).collect()
        });
        said.collect()
    }

    fn text(piece: &Piece) -> String {
        match piece {
            Piece::Text(text) => text.clone(),
            Piece::Name(name) => name.to_string(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_line_stays_and_what_is_overtaken_is_left_out() {
        let (stage, mut shown) = mpsc::channel(64);
        let story = Story::begin(stage, 1.0);
        let began = tokio::time::Instant::now();
        story.say("first").await;
        let mut told = Vec::new();
        let Some(Cue::Tell(line)) = shown.recv().await else { unreachable!() };
        told.push((line, began.elapsed()));
        for text in ["one", "two", "three"] {
            story.pass(vec![Piece::Text(text.into())]).await;
        }
        story.say("last").await;
        drop(story);
        while let Some(Cue::Tell(line)) = shown.recv().await {
            told.push((line, began.elapsed()));
        }
        let texts: Vec<String> =
            told.iter().map(|(line, _)| line.iter().map(text).collect()).collect();
        assert_eq!(texts, ["first", "last"]);
        assert!(told[1].1 >= told[0].1 + STAYS);
    }
}
