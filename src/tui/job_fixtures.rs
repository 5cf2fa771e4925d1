//! Made-up states of jobs, for tests.

use super::fixtures::{at, empty, event, id, node, put, receive, summary};
use super::state::held::Held;
use super::state::model::Model;
use super::update::action::{News, Stock};
use super::update::update;
use crate::base::Timestamp;
use crate::base::text::clean;
use crate::identity::Digest;
use crate::rules::job::{Prime, Version, reference};
use crate::rules::session_file::{Fields, SessionFile};
use crate::rules::{Stage, job};
use crate::session::Phase;
use crate::session::outcome::Entrant;
use crate::session::progress::{Progress, What};
use crate::sharing::NodeSet;
use crate::wire::coordinator_api::SessionSummary;

/// The job that is with the program.
const FILE: &str = include_str!("../../sessions/job.toml");

fn file() -> SessionFile {
    SessionFile::parse(FILE).unwrap()
}

/// Two numbers and their product, each handed in by one person.
pub fn small() -> job::Question {
    let text = "title = \"Job\"\nkind = \"job\"\nfield = \"2^61-1\"\nbids_until = \"1m\"\n\
        keep = [\"z\"]\n\
        [[steps]]\nid = \"one\"\noperation = \"assign\"\nvariable = \"x\"\nfrom = \"ada\"\nbits = 8\n\
        [[steps]]\nid = \"two\"\noperation = \"assign\"\nvariable = \"y\"\nfrom = \"ben\"\nbits = 8\n\
        [[steps]]\nid = \"product\"\noperation = \"multiply\"\nvariable = \"z\"\n\
        operand1 = \"x\"\noperand2 = \"y\"\n\
        [[steps]]\nid = \"less\"\noperation = \"less-than\"\nvariable = \"less\"\n\
        operand1 = \"z\"\noperand2 = \"y\"\n\
        [[steps]]\nid = \"show\"\noperation = \"reveal\"\nvariable = \"less\"\n";
    let terms = SessionFile::parse(text).unwrap().terms(Timestamp::from_millis(0)).unwrap();
    terms.question.as_job().unwrap().clone()
}

pub fn of_job(phase: Phase) -> SessionSummary {
    let mut summary = summary(1, "A credit score", phase);
    let terms = file().terms(Timestamp::from_millis(0)).unwrap();
    summary.terms.question = terms.question;
    summary.result = None;
    summary
}

/// The job before it is settled; some have handed in while it is open.
pub fn job_in(phase: Phase) -> Model {
    let mut model = empty();
    let summary = of_job(phase);
    put(&mut model, vec![summary.clone()], summary);
    if phase.is_bidding() {
        receive(&mut model, 1, "Bank North", &[1, 2, 3, 4, 5]);
    }
    model
}

/// The same, at a level of its run.
pub fn job_at_level(level: u32) -> Model {
    let mut model = job_in(Phase::Computing);
    for index in 1..=5 {
        let progress = Progress {
            attempt: 1,
            stage: job::Stage::Stepping.into(),
            level,
            levels: 4,
            rounds: 40,
            rounds_total: 131,
            gates: 300_000,
            bytes_sent: 62_000,
            ..Progress::default()
        };
        let before = Progress { stage: Stage::Preparing, level: 0, rounds: 0, ..progress.clone() };
        update(&mut model, event(1, Some(index), What::Progress(before)));
        update(&mut model, event(1, Some(index), What::Progress(progress)));
    }
    model
}

/// The settled job, in which so many of the banks have handed in.
pub fn settled_job(handed_in: usize) -> Model {
    let file = file();
    let Fields::Job(fields) = &file.fields else { panic!("the fields of a job") };
    let mut summary = of_job(Phase::Settled);
    let question = summary.terms.question.as_job().unwrap();
    let entries = fields.entries().unwrap();
    let given: Vec<&[u64]> = entries.iter().map(|entry| &entry.fields[..]).collect();
    let participants = question.graph().unwrap().participants;
    let mut answer: job::Answer<usize> = reference::answer(question, &given);
    for (place, entry) in answer.participants.iter_mut().enumerate() {
        *entry = (place < handed_in).then_some(place);
    }
    if handed_in < participants.len() {
        answer.revealed = vec![None; answer.revealed.len()];
    }
    let envelope = Digest([7; 32]);
    let named = answer.map(|at| Entrant { bidder: participants[at].clone(), envelope });
    summary.result = Some(crate::rules::Answer::Job(named));
    let mut model = empty();
    put(&mut model, vec![summary.clone()], summary);
    model
}

fn held(name: &str, owner: Option<&str>, generation: u32, holders: &[u8]) -> Held {
    let mut version = [0x5a; 32];
    version[0] = name.as_bytes()[0];
    Held {
        name: clean(name),
        raw: name.to_owned(),
        field: Prime::Mersenne61,
        range: clean("0..=65535"),
        known_to: clean(&owner.map_or("shared".to_owned(), |owner| format!("private to {owner}"))),
        generation,
        version: Version(version),
        session: id(3),
        step: clean("sum"),
        made: at(-400_000),
        refreshed: if generation == 0 { at(-400_000) } else { at(-3_700) },
        holders: holders.iter().map(|&index| node(index)).collect(),
    }
}

/// Three variables that stay; a node did not tell what it has.
pub fn stock(unheard: &[u8]) -> News {
    let held = vec![
        held("cost", None, 0, &[1, 2, 3, 4]),
        held("income", Some("Bank North"), 2, &[1, 2, 3, 4]),
        held("a number with a long name that goes on", None, 0, &[]),
    ];
    let unheard: NodeSet = unheard.iter().map(|&index| node(index)).collect();
    News::Variables(Ok(Stock { held, unheard }))
}
