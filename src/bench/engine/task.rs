//! One run, measured: from shares that are laid out to the outcome, keys included.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::dealers::{self, Dealing, DealingError};
use super::inputs::{self, Batch, F, Shares};
use super::products::{self, Products};
use super::scores::{self, ScoringError};
use crate::base::Timestamp;
use crate::bench::usage;
use crate::field::Field as _;
use crate::protocol::bits::BitContext;
use crate::protocol::bits::less_than::less_than;
use crate::protocol::bits::open::open;
use crate::protocol::numbers::comparison::Comparing;
use crate::protocol::numbers::random_bits::BitPool;
use crate::protocol::numbers::{self, NumberContext, comparison};
use crate::protocol::{Channel, Context, EstablishError, ProtocolError, Tactics};
use crate::rules::auction::{self, Kind, Pays, Scored};
use crate::rules::job::Number;
use crate::rules::market::question::{Rationing, Told};
use crate::rules::market::{self, Grid};
use crate::rules::scoring::{Hex, Scoring};
use crate::rules::terms::Admission;
use crate::rules::{Answer, Currency, Limits, Question, Terms, survey};
use crate::runs::shares::Entries;
use crate::runs::{Listed, RunError, run, run_listed};
use crate::sharing::form::Form;
use crate::sharing::security::Security;
use crate::sharing::seed::mask;
use crate::sharing::{
    Holding, NodeIndex, Scheme, ShapeError, SharedBits, SharedElements, SharedNumbers,
};

/// What is computed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Task {
    /// Comparisons of pairs; the results are opened.
    Compare,
    /// An auction of this kind, and of so many lots.
    Auction(Kind, u32),
    /// An auction in which every bid has a handicap.
    Scored(Pays, Handicaps),
    /// A market.
    Market,
    /// A survey.
    Survey(Box<survey::Question>),
    /// Products of shared elements.
    Products(Products),
    /// Triples for two parties.
    Material(Dealing),
    /// Scores by two parties.
    Scores(scores::Scoring),
}

/// Handicaps that are drawn from a seed: they are public, and every node has the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Handicaps {
    /// The seed.
    pub seed: u64,
    /// Bits of a bid.
    pub bits: u32,
    /// How many there are.
    pub count: usize,
}

impl Handicaps {
    /// All of them, none above what a score of one is worth.
    pub fn draw(self) -> Vec<u64> {
        let most = weight(self.bits);
        let drawn = inputs::draw(self.seed, HANDICAPS, self.bits, self.count);
        drawn.values.into_iter().map(|value| value % (most + 1)).collect()
    }
}

/// Tells the stream of handicaps from those of other numbers.
const HANDICAPS: u64 = 3;

/// What a score of one is worth where bids have so many bits.
fn weight(bits: u32) -> u64 {
    (mask(bits) / 4).max(1)
}

/// A node's inputs: one batch of bids, the two sides of all pairs, or the fields of all entries.
#[derive(Serialize, Deserialize)]
pub struct Inputs {
    /// What to do with them.
    pub task: Task,
    /// Which lies of nodes are found.
    pub security: Security,
    /// The bids; or the first numbers of all pairs, then the second ones; or a batch for each field.
    pub batches: Vec<Shares>,
}

/// What a node found out.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Found {
    /// Whether the first of each pair is the smaller one, 64 pairs to a word.
    Smaller(Vec<u64>),
    /// What was decided.
    Answer(Answer<usize>),
    /// What was opened of products.
    Number(Number),
    /// A dealer's part of some of the triples.
    Part(Bytes),
    /// Scores, sheet by sheet.
    Scores(Vec<Vec<i64>>),
}

/// A run as one node saw it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Measured {
    /// When it began, in nanoseconds since 1970; all nodes are on one machine.
    pub began: u64,
    /// When the outcome was known.
    pub ended: u64,
    /// Rounds, keys included.
    pub rounds: u64,
    /// AND gates; on numbers, products.
    pub gates: u64,
    /// Bytes of payload sent.
    pub bytes_sent: u64,
    /// Processor time of the process meanwhile, in seconds.
    pub cpu_seconds: f64,
    /// Most memory that the process ever had.
    pub peak_memory_bytes: u64,
    /// The result.
    pub found: Found,
}

/// Why a task ended without a result.
#[derive(Debug, thiserror::Error)]
pub enum TaskError {
    /// No keys.
    #[error(transparent)]
    Establish(#[from] EstablishError),
    /// The protocol.
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
    /// The auction.
    #[error(transparent)]
    Run(#[from] RunError),
    /// Triples.
    #[error(transparent)]
    Dealing(#[from] DealingError),
    /// Scores.
    #[error(transparent)]
    Scoring(#[from] ScoringError),
    /// Inputs that do not fit.
    #[error("the inputs do not fit: {0}")]
    Shape(#[from] ShapeError),
}

/// Terms of an auction in which every value of `bits` bits is a valid bid.
pub fn of_auction(kind: Kind, quantity: u32, form: Form, bits: u32, security: Security) -> Terms {
    let question = auction::Question {
        kind,
        currency: unit("EUR"),
        reserve: None,
        maximum: mask(bits),
        quantity,
        secret_reserve: None,
        scored: None,
    };
    terms(question.into(), form, security)
}

/// Terms of an auction in which every value of `bits` bits is a valid bid and has a handicap.
pub fn of_scored(pays: Pays, bits: u32, security: Security) -> Terms {
    let scoring = Scoring {
        model: Hex([0; 32]),
        owner: [0; 32],
        roster: Hex([0; 32]),
        weight: weight(bits),
        lowest: 0,
        highest: 1_000_000,
    };
    let question = auction::Question {
        kind: Kind::Scored,
        currency: unit("EUR"),
        reserve: Some(mask(bits)),
        maximum: mask(bits),
        quantity: 1,
        secret_reserve: None,
        scored: Some(Scored { pays, scoring }),
    };
    terms(question.into(), Form::Bits, security)
}

/// Terms of a market with so many prices, quantities of so many bits and so many participants.
pub fn of_market(prices: usize, bits: u32, participants: usize, security: Security) -> Terms {
    let question = market::Question {
        currency: unit("EUR"),
        grid: Grid { from: 1, to: prices as u64, step: 1 },
        unit: unit("t"),
        bits,
        rationing: Rationing::default(),
        quantities: Told::Everyone,
    };
    let bids = u32::try_from(participants).unwrap_or(u32::MAX);
    let limits = Limits { bids, ..Limits::MOST };
    Terms { limits, ..terms(question.into(), Form::Bits, security) }
}

/// Terms of a survey with so many participants.
pub fn of_survey(
    question: &survey::Question,
    participants: usize,
    form: Form,
    security: Security,
) -> Terms {
    let bids = u32::try_from(participants).unwrap_or(u32::MAX);
    let limits = Limits { bids, ..Limits::MOST };
    Terms { limits, ..terms(question.clone().into(), form, security) }
}

fn unit(code: &str) -> Currency {
    Currency { code: code.to_owned(), decimals: 0 }
}

fn terms(question: Question, protocol: Form, security: Security) -> Terms {
    Terms {
        title: "bench".to_owned(),
        description: None,
        question,
        bids_until: Timestamp::from_millis(0),
        replace_bids: false,
        protocol,
        security,
        admission: Admission::default(),
        limits: Limits::MOST,
    }
}

/// Inputs that are laid out and wait for the start.
pub struct Ready {
    task: Task,
    security: Security,
    batches: Vec<Batch>,
}

/// Lay the inputs out.
///
/// # Errors
/// When they do not fit.
pub fn lay_out(scheme: Scheme, me: NodeIndex, inputs: &Inputs) -> Result<Ready, ShapeError> {
    let batches = inputs.batches.iter().map(|shares| inputs::expand(scheme, me, shares));
    let batches = batches.collect::<Result<Vec<_>, _>>()?;
    Ok(Ready { task: inputs.task.clone(), security: inputs.security, batches })
}

/// Run a task over a channel that nothing else uses.
///
/// # Errors
/// When another node does not answer, or what comes does not fit.
pub async fn perform(
    scheme: Scheme,
    me: NodeIndex,
    channel: Arc<dyn Channel>,
    tactics: Tactics,
    ready: Ready,
) -> Result<Measured, TaskError> {
    let (began, processor) = (now(), usage::own_cpu_seconds());
    if let Task::Scores(scoring) = ready.task {
        let scored = scores::run(me, channel, scoring).await?;
        let time = u64::try_from(scored.time.as_nanos()).unwrap_or(u64::MAX);
        return Ok(Measured {
            began,
            ended: began.saturating_add(time),
            rounds: scored.counters.rounds,
            gates: scored.counters.gates,
            bytes_sent: scored.counters.bytes_sent,
            cpu_seconds: scored.cpu_seconds,
            peak_memory_bytes: usage::own_peak_memory_bytes(),
            found: Found::Scores(scored.scores),
        });
    }
    let context = Context::establish(me, scheme, scheme.all(), channel, [0; 32]).await?;
    let security = ready.security;
    let context = context.with_tactics(tactics).with_security(security);
    let found = match ready.task {
        Task::Compare => Found::Smaller(compare(&context, ready.batches).await?),
        Task::Auction(kind, quantity) => {
            let [batch] = <[Batch; 1]>::try_from(ready.batches).map_err(wrong(1))?;
            let (form, bits, bids) = match batch {
                Batch::Bits(bids) => (Form::Bits, bits_of(&bids), Entries::from(bids)),
                Batch::Numbers(bits, bids) => (Form::Numbers, bits, Entries::from(bids)),
                Batch::Sums(_) | Batch::Factors(_) => return Err(RunError::Form.into()),
            };
            let terms = of_auction(kind, quantity, form, bits, security);
            Found::Answer(run(&context, &terms, bids, &|_| {}).await?.answer)
        }
        Task::Scored(pays, handicaps) => {
            let [batch] = <[Batch; 1]>::try_from(ready.batches).map_err(wrong(1))?;
            let Batch::Bits(bids) = batch else { return Err(RunError::Form.into()) };
            let terms = of_scored(pays, bits_of(&bids), security);
            let seats: Vec<Option<usize>> = Vec::new();
            let drawn = handicaps.draw();
            let listed = Listed { handicaps: &drawn, seats: &seats, ..Listed::default() };
            let entries = Entries::from(bids);
            let run = Box::pin(run_listed(&context, &terms, entries, listed, &|_| {}));
            Found::Answer(run.await?.answer)
        }
        Task::Market => {
            let fields = fields_of(ready.batches)?;
            let bits = fields.first().map_or(0, bits_of);
            let entries = fields.first().map_or(0, SharedBits::len);
            let terms = of_market(fields.len().saturating_sub(1), bits, entries, security);
            let masks = SharedBits::zeros(Holding::of(scheme, me), 0, entries);
            let entries = Entries::Bits { fields, masks };
            Found::Answer(run(&context, &terms, entries, &|_| {}).await?.answer)
        }
        Task::Survey(question) => {
            let (form, entries) = answers_of(ready.batches, Holding::of(scheme, me))?;
            let terms = of_survey(&question, entries.len(), form, security);
            Found::Answer(run(&context, &terms, entries, &|_| {}).await?.answer)
        }
        Task::Products(products) => {
            let [batch] = <[Batch; 1]>::try_from(ready.batches).map_err(wrong(1))?;
            let Batch::Factors(factors) = batch else { return Err(RunError::Form.into()) };
            Found::Number(products::run(&context, products, &factors).await?)
        }
        Task::Material(dealing) => Found::Part(dealers::run(&context, dealing).await?),
        // Two parties make no keys of an attempt; they are done above.
        Task::Scores(_) => return Err(RunError::Form.into()),
    };
    let (ended, cpu_seconds) = (now(), usage::own_cpu_seconds() - processor);
    let counters = context.counters();
    Ok(Measured {
        began,
        ended,
        rounds: counters.rounds,
        gates: counters.gates,
        bytes_sent: counters.bytes_sent,
        cpu_seconds,
        peak_memory_bytes: usage::own_peak_memory_bytes(),
        found,
    })
}

/// The fields of entries, which are shared as bits.
fn fields_of(batches: Vec<Batch>) -> Result<Vec<SharedBits>, TaskError> {
    let field = |batch| match batch {
        Batch::Bits(field) => Ok(field),
        Batch::Numbers(..) | Batch::Sums(_) | Batch::Factors(_) => Err(RunError::Form.into()),
    };
    batches.into_iter().map(field).collect()
}

/// The entries of a survey, and how they are shared.
fn answers_of(batches: Vec<Batch>, holding: Holding) -> Result<(Form, Entries), TaskError> {
    let of_sums = |batch: &Batch| match batch {
        Batch::Sums(field) => Some(field.clone()),
        Batch::Bits(_) | Batch::Numbers(..) | Batch::Factors(_) => None,
    };
    let sums: Option<Vec<SharedElements<F>>> = batches.iter().map(of_sums).collect();
    if let Some(fields) = sums {
        return Ok((Form::Sums, Entries::Sums(fields)));
    }
    let fields = fields_of(batches)?;
    let masks = SharedBits::zeros(holding, 0, fields.first().map_or(0, SharedBits::len));
    Ok((Form::Bits, Entries::Bits { fields, masks }))
}

fn bits_of(batch: &SharedBits) -> u32 {
    u32::try_from(batch.width()).unwrap_or(u32::MAX)
}

/// That there are not as many batches as a task takes.
fn wrong(expected: usize) -> impl Fn(Vec<Batch>) -> ShapeError {
    move |batches| ShapeError { what: "batches of inputs", expected, got: batches.len() }
}

/// Whether the first number of each pair is the smaller one; opened, 64 to a word.
async fn compare(context: &Context, batches: Vec<Batch>) -> Result<Vec<u64>, TaskError> {
    match <[Batch; 2]>::try_from(batches).map_err(wrong(2))? {
        [Batch::Bits(x), Batch::Bits(y)] => {
            let context = BitContext::new(context);
            let smaller = less_than(&context.narrow("compare"), &x, &y).await?;
            Ok(open(&context.narrow("open"), &smaller).await?.words().to_vec())
        }
        [Batch::Numbers(bits, x), Batch::Numbers(_, y)] => {
            Ok(compare_numbers(context, bits, &x, &y).await?)
        }
        _ => Err(RunError::Form.into()),
    }
}

/// Whether x is below y, after the paper; the results are opened, 64 to a word.
async fn compare_numbers(
    context: &Context,
    bits: u32,
    x: &SharedNumbers<F>,
    y: &SharedNumbers<F>,
) -> Result<Vec<u64>, ProtocolError> {
    let context = NumberContext::<F>::new(context)?;
    let needed = comparison::bits_needed(bits, x.len());
    let mut pool = BitPool::prepare(&context.narrow("random-bits"), needed).await?;
    let comparing = Comparing::new(bits, x.len());
    let step = context.narrow("compare");
    let smaller = comparison::less_than(&step, &mut pool, comparing, x, y).await?;
    let opened = numbers::open::open(&context.narrow("open"), &smaller).await?;
    let word = |opened: &[F]| {
        let set = opened.iter().enumerate().filter(|(_, bit)| !bit.is_zero());
        set.fold(0, |word, (at, _)| word | 1 << at)
    };
    Ok(opened.chunks(64).map(word).collect())
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
