//! One run, measured: from shares that are laid out to the outcome, keys included.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::inputs::{self, Batch, F, Shares};
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
use crate::rules::Limits;
use crate::rules::auction::{Kind, Question};
use crate::rules::terms::Admission;
use crate::rules::{Answer, Currency, Terms};
use crate::runs::shares::Entries;
use crate::runs::{RunError, run};
use crate::sharing::form::Form;
use crate::sharing::security::Security;
use crate::sharing::seed::mask;
use crate::sharing::{NodeIndex, Scheme, ShapeError, SharedNumbers};

/// What is computed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Task {
    /// Comparisons of pairs; the results are opened.
    Compare,
    /// An auction of this kind, and of so many lots.
    Auction(Kind, u32),
}

/// A node's inputs: one batch of bids, or the two sides of all pairs.
#[derive(Serialize, Deserialize)]
pub struct Inputs {
    /// What to do with them.
    pub task: Task,
    /// Which lies of nodes are found.
    pub security: Security,
    /// The bids; or the first numbers of all pairs, then the second ones.
    pub batches: Vec<Shares>,
}

/// What a node found out.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Found {
    /// Whether the first of each pair is the smaller one, 64 pairs to a word.
    Smaller(Vec<u64>),
    /// What was decided.
    Answer(Answer<usize>),
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

/// Why a job ended without a result.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// No keys.
    #[error(transparent)]
    Establish(#[from] EstablishError),
    /// The protocol.
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
    /// The auction.
    #[error(transparent)]
    Run(#[from] RunError),
    /// Inputs that do not fit.
    #[error("the inputs do not fit: {0}")]
    Shape(#[from] ShapeError),
}

/// Terms under which every value of `bits` bits is a valid bid.
pub fn terms(kind: Kind, quantity: u32, form: Form, bits: u32, security: Security) -> Terms {
    Terms {
        title: "bench".to_owned(),
        description: None,
        question: Question {
            kind,
            currency: Currency { code: "EUR".to_owned(), decimals: 0 },
            reserve: None,
            maximum: mask(bits),
            quantity,
        }
        .into(),
        bids_until: Timestamp::from_millis(0),
        replace_bids: false,
        protocol: form,
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
    Ok(Ready { task: inputs.task, security: inputs.security, batches })
}

/// Run a job over a channel that nothing else uses.
///
/// # Errors
/// When another node does not answer, or what comes does not fit.
pub async fn perform(
    scheme: Scheme,
    me: NodeIndex,
    channel: Arc<dyn Channel>,
    tactics: Tactics,
    ready: Ready,
) -> Result<Measured, JobError> {
    let (began, processor) = (now(), usage::own_cpu_seconds());
    let context = Context::establish(me, scheme, scheme.all(), channel, [0; 32]).await?;
    let security = ready.security;
    let context = context.with_tactics(tactics).with_security(security);
    let mut batches = ready.batches.into_iter();
    let found = match (ready.task, batches.next(), batches.next()) {
        (Task::Compare, Some(Batch::Bits(x)), Some(Batch::Bits(y))) => {
            let context = BitContext::new(&context);
            let smaller = less_than(&context.narrow("compare"), &x, &y).await?;
            Found::Smaller(open(&context.narrow("open"), &smaller).await?.words().to_vec())
        }
        (Task::Compare, Some(Batch::Numbers(bits, x)), Some(Batch::Numbers(_, y))) => {
            Found::Smaller(compare_numbers(&context, bits, &x, &y).await?)
        }
        (Task::Auction(kind, quantity), Some(batch), None) => {
            let (form, bits, bids) = match batch {
                Batch::Bits(bids) => {
                    let bits = u32::try_from(bids.width()).unwrap_or(u32::MAX);
                    (Form::Bits, bits, Entries::from(bids))
                }
                Batch::Numbers(bits, bids) => (Form::Numbers, bits, Entries::from(bids)),
            };
            let terms = terms(kind, quantity, form, bits, security);
            Found::Answer(run(&context, &terms, bids, &|_| {}).await?.answer)
        }
        _ => return Err(ShapeError { what: "batches of inputs", expected: 2, got: 0 }.into()),
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
