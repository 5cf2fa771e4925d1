//! The run that turns terms into protocol calls.
//!
//! In: shared bids in the order of the tie rule, and the public terms. Out, at every node: who
//! won at what price, and which bids are out of range; the same as [`crate::rules::auction::reference`] says
//! of the bids that are in range. Who learns what: all nodes exactly that. What is opened:
//!
//! - where the terms need a range check, one bit per bid: in range or not;
//! - the winner's index, once the tournament is done;
//! - the price, unless nobody reached the reserve, or it is the reserve because the only bid
//!   pays it.
//!
//! Reverse kinds run on complemented bits. The reserve takes part as a last, public entry, so a
//! bid equal to it wins. Rounds and bytes are those of [`predict`]. Terms that say so run on
//! numbers instead ([`super::numbers`]), with the same outcome.

use std::sync::Mutex;

use super::numbers;
use crate::base::lock;
use crate::protocol::bits::BitContext;
use crate::protocol::bits::maximum::{Keep, maximum};
use crate::protocol::bits::open::{PublicBits, open, open_all};
use crate::protocol::bits::range_check::range_check;
use crate::protocol::bits::second_price::second_price;
use crate::protocol::bracket::{beaten, index_bits, levels};
use crate::protocol::{Context, Cost, CostModel, ProtocolError, Tactics};
use crate::rules::Terms;
use crate::rules::auction::Kind;
use crate::runs::shares::{Entries, only_field};
use crate::session::progress::{Progress, Stage};
use crate::sharing::form::Form;
use crate::sharing::{NodeSet, Scheme, ShapeError, SharedBits, seed::mask};

/// What the nodes have computed, by position in the manifest.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Computed {
    /// The winning bid; `None` when no bid reached the reserve, or there was none.
    pub winner: Option<usize>,
    /// The price in smallest units, when there is a winner.
    pub price: Option<u64>,
    /// Bids above the maximum, in ascending order; they did not take part.
    pub out_of_range: Vec<usize>,
}

/// Why a run stopped.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RunError {
    /// A protocol stopped.
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
    /// The bids do not have the width of the terms.
    #[error("the bids are {got} bits wide where the terms say {expected}")]
    Width {
        /// As the terms say.
        expected: usize,
        /// As given.
        got: usize,
    },
    /// Bids shared in another form than the terms say.
    #[error("the bids are not shared as the terms say; this is a fault of the program")]
    Form,
    /// An opened index that no entry has.
    #[error("the winner's index {got} is not among {entries} entries: a node computed wrongly")]
    Index {
        /// As opened.
        got: u64,
        /// Entries of the tournament.
        entries: usize,
    },
    /// An opened price that the terms do not allow.
    #[error("the price {got} is outside the terms: a node computed wrongly")]
    Price {
        /// As opened, in smallest units.
        got: u64,
    },
}

impl From<ShapeError> for RunError {
    fn from(error: ShapeError) -> Self {
        Self::Protocol(error.into())
    }
}

impl RunError {
    /// The nodes that the error names.
    pub fn nodes(&self) -> NodeSet {
        match self {
            Self::Protocol(error) => error.nodes(),
            Self::Width { .. } | Self::Form | Self::Index { .. } | Self::Price { .. } => {
                NodeSet::EMPTY
            }
        }
    }
}

/// What decides how much a run costs; all of it is public.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Workload {
    /// How bids are shared.
    pub protocol: Form,
    /// Width of a bid.
    pub bits: u32,
    /// Number of bids.
    pub bids: usize,
    /// Kind of auction.
    pub kind: Kind,
    /// Whether there is a reserve.
    pub reserve: bool,
    /// Whether every bid's range is checked.
    pub range_check: bool,
}

impl Workload {
    /// The work that some bids under these terms make.
    pub fn of(terms: &Terms, bids: usize) -> Self {
        Self {
            protocol: terms.protocol,
            bits: terms.bits(),
            bids,
            kind: terms.kind,
            reserve: terms.reserve.is_some(),
            range_check: terms.needs_range_check(),
        }
    }
}

/// What a run turned out to be, as far as it decides the cost.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// The most expensive one: a bid wins that met an opponent at every level.
    Longest,
    /// No bid reached the reserve.
    Unsold,
    /// The bid with this position among those in range won.
    Sold(usize),
}

/// What a run costs each node, keys included.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Predicted {
    /// Rounds.
    pub rounds: u64,
    /// AND gates, one per bit and bid, or products.
    pub gates: u64,
    /// Bytes of payload that each node sends.
    pub bytes_sent_per_node: u64,
    /// Comparisons.
    pub comparisons: u64,
    /// Levels of the tournament.
    pub levels: u32,
}

/// How many enter each level of the tournament, and last how many remain.
fn entries_by_level(work: Workload, tactics: &Tactics, in_range: usize) -> Vec<u64> {
    let first = entries(work, in_range);
    let bracket = levels(first, groups(work, tactics));
    let left = bracket.last().map_or(first, |level| level.groups());
    bracket.iter().map(|level| level.entries).chain([left]).map(|count| count as u64).collect()
}

/// What takes part in the tournament: bids in range, and the reserve.
fn entries(work: Workload, in_range: usize) -> usize {
    if in_range == 0 { 0 } else { in_range + usize::from(work.reserve) }
}

/// Sizes of the tournament's groups by level.
fn groups(work: Workload, tactics: &Tactics) -> &[u8] {
    match work.protocol {
        Form::Bits => &tactics.groups,
        Form::Numbers => &[],
    }
}

/// What a run costs at most: all bids in range, and the winner met an opponent at every level.
/// With 2^k entries and a bid that wins, this is exact.
pub fn predict(
    scheme: Scheme,
    participants: NodeSet,
    work: Workload,
    tactics: &Tactics,
) -> Predicted {
    predict_ending(scheme, participants, work, tactics, work.bids, Ending::Longest)
}

/// What a run costs exactly, given what becomes public in it.
pub fn predict_ending(
    scheme: Scheme,
    participants: NodeSet,
    work: Workload,
    tactics: &Tactics,
    in_range: usize,
    ending: Ending,
) -> Predicted {
    let model = CostModel::new(scheme, participants).with_tactics(tactics);
    let entries = entries(work, in_range);
    let run = match work.protocol {
        Form::Bits => run_cost(model, work, tactics, entries, ending),
        Form::Numbers => numbers::cost(participants, work, entries, ending),
    };
    let cost = model.keys() + run;
    Predicted {
        rounds: cost.rounds,
        gates: cost.gates,
        bytes_sent_per_node: cost.bytes_sent,
        comparisons: cost.comparisons,
        levels: u32::try_from(levels(entries, groups(work, tactics)).len()).unwrap_or(u32::MAX),
    }
}

fn run_cost(
    model: CostModel,
    work: Workload,
    tactics: &Tactics,
    entries: usize,
    ending: Ending,
) -> Cost {
    let width = work.bits as usize;
    let mut cost = Cost::default();
    if work.range_check {
        cost += model.range_check(width, work.bids);
    }
    if entries == 1 {
        cost += model.open(&[(width, 1)]);
    } else if entries > 1 {
        cost += model.maximum(width, entries, true, &tactics.groups);
        cost += ending_cost(model, work, tactics, entries, ending);
    }
    cost
}

fn ending_cost(
    model: CostModel,
    work: Workload,
    tactics: &Tactics,
    entries: usize,
    ending: Ending,
) -> Cost {
    let width = work.bits as usize;
    let bracket = levels(entries, &tactics.groups);
    let index = (index_bits(&bracket) as usize, 1);
    if !work.kind.is_second_price() && !work.reserve {
        return model.open(&[index, (width, 1)]);
    }
    let index = model.open(&[index]);
    let winner = match ending {
        Ending::Unsold => return index,
        Ending::Sold(winner) => winner,
        Ending::Longest => 0,
    };
    let price = model.open(&[(width, 1)]);
    if !work.kind.is_second_price() {
        index + price
    } else if work.reserve && entries == 2 {
        index
    } else {
        let beaten = beaten(&bracket, winner).len();
        index + model.maximum(width, beaten, false, &tactics.second_groups) + price
    }
}

/// Decide the auction. `progress` is called at every stage and after every level; the caller
/// fills in the attempt's number.
///
/// # Errors
/// When nodes disagree or do not answer, or when what is opened cannot be.
pub async fn run(
    ctx: &Context,
    terms: &Terms,
    bids: impl Into<Entries>,
    progress: &(dyn Fn(Progress) + Send + Sync),
) -> Result<Computed, RunError> {
    let bids = bids.into();
    let reporter = Reporter::new(ctx, Workload::of(terms, bids.len()), progress);
    match (terms.protocol, bids) {
        (Form::Bits, Entries::Bits(fields)) => {
            run_bits(ctx, terms, only_field(fields)?, &reporter).await
        }
        (Form::Numbers, Entries::Numbers(fields)) => {
            numbers::run_paper(ctx, terms, only_field(fields)?, &reporter).await
        }
        (Form::Bits, Entries::Numbers(_)) | (Form::Numbers, Entries::Bits(_)) => {
            Err(RunError::Form)
        }
    }
}

async fn run_bits(
    ctx: &Context,
    terms: &Terms,
    bids: SharedBits,
    reporter: &Reporter<'_>,
) -> Result<Computed, RunError> {
    let ctx = &BitContext::new(ctx);
    let (width, total) = (terms.bits() as usize, bids.len());
    if bids.width() != width {
        return Err(RunError::Width { expected: width, got: bids.width() });
    }
    let (mut entries, in_range) = if terms.needs_range_check() {
        reporter.stage(Stage::RangeCheck);
        let fits = range_check(&ctx.narrow("range-check"), &bids, terms.maximum).await?;
        let in_range: Vec<usize> = (0..total).filter(|&position| fits[position]).collect();
        let entries = if in_range.len() == total { bids } else { bids.gather(&in_range)? };
        reporter.compared(total, in_range.len());
        (entries, in_range)
    } else {
        (bids, (0..total).collect())
    };
    if terms.kind.is_reverse() {
        entries.complement();
    }
    let decided =
        if entries.is_empty() { None } else { decide(ctx, terms, entries, reporter).await? };
    Ok(finish(total, &in_range, decided, reporter))
}

/// What was computed, from what was decided among the bids in range.
pub(super) fn finish(
    total: usize,
    in_range: &[usize],
    decided: Option<(usize, u64)>,
    reporter: &Reporter<'_>,
) -> Computed {
    let out_of_range = (0..total).filter(|position| in_range.binary_search(position).is_err());
    let ending = decided.map_or(Ending::Unsold, |(winner, _)| Ending::Sold(winner));
    reporter.done(in_range.len(), ending);
    Computed {
        winner: decided.and_then(|(winner, _)| in_range.get(winner).copied()),
        price: decided.map(|(_, price)| price),
        out_of_range: out_of_range.collect(),
    }
}

/// Winner (among the bids given) and price, of at least one bid, the best being the largest.
async fn decide(
    ctx: &BitContext,
    terms: &Terms,
    bids: SharedBits,
    reporter: &Reporter<'_>,
) -> Result<Option<(usize, u64)>, RunError> {
    let price_of = |opened: &PublicBits| {
        let value = opened.value(0);
        let flip = if terms.kind.is_reverse() { mask(terms.bits()) } else { 0 };
        check_price(terms, value ^ flip)
    };
    let bid_count = bids.len();
    let entries = with_reserve(terms, bids)?;
    let count = entries.len();
    if count == 1 {
        reporter.stage(Stage::Opening);
        let price = open(&ctx.narrow("price"), &entries).await?;
        return Ok(Some((0, price_of(&price)?)));
    }

    reporter.stage(Stage::Tournament);
    let keep = if terms.kind.is_second_price() { Keep::Levels } else { Keep::Index };
    let finished = |level, pairs| reporter.level(level, pairs);
    let best = maximum(&ctx.narrow("tournament"), &entries, keep, &finished).await?;
    drop(entries);
    reporter.stage(Stage::Opening);
    let index_of = |opened: &PublicBits| {
        let got = opened.value(0);
        let index = usize::try_from(got).ok().filter(|&index| index < count);
        index.ok_or(RunError::Index { got, entries: count })
    };
    if !terms.kind.is_second_price() && terms.reserve.is_none() {
        // Somebody wins for certain, so that both can be opened at once.
        let (index, value) = (best.index()?, best.value()?);
        let opened = open_all(&ctx.narrow("winner-and-price"), &[&index, &value]).await?;
        return match opened.as_slice() {
            [index, value] => Ok(Some((index_of(index)?, price_of(value)?))),
            other => {
                Err(ShapeError { what: "values opened", expected: 2, got: other.len() }.into())
            }
        };
    }
    let winner = index_of(&open(&ctx.narrow("winner"), &best.index()?).await?)?;
    if winner >= bid_count {
        return Ok(None);
    }
    let price = if !terms.kind.is_second_price() {
        best.value()?
    } else if let (1, Some(reserve)) = (bid_count, terms.reserve) {
        return Ok(Some((winner, reserve)));
    } else {
        reporter.stage(Stage::SecondPrice);
        let second = second_price(&ctx.narrow("second-price"), &best, winner).await?;
        reporter.compared_more(second_comparisons(ctx.base().tactics(), count, winner));
        second
    };
    reporter.stage(Stage::Opening);
    Ok(Some((winner, price_of(&open(&ctx.narrow("price"), &price).await?)?)))
}

/// Comparisons among those whom the winner met.
fn second_comparisons(tactics: &Tactics, count: usize, winner: usize) -> usize {
    let met = beaten(&levels(count, &tactics.groups), winner).len();
    levels(met, &tactics.second_groups).iter().map(|level| level.comparisons()).sum()
}

/// The bids with the reserve as last entry, if there is one.
fn with_reserve(terms: &Terms, bids: SharedBits) -> Result<SharedBits, ShapeError> {
    let Some(reserve) = terms.reserve else { return Ok(bids) };
    let flip = if terms.kind.is_reverse() { mask(terms.bits()) } else { 0 };
    let reserve = SharedBits::from_public(bids.holding(), bids.width(), &[reserve ^ flip]);
    SharedBits::concat(bids.holding(), bids.width(), &[&bids, &reserve])
}

/// A price that honest nodes can arrive at.
pub(super) fn check_price(terms: &Terms, price: u64) -> Result<u64, RunError> {
    let worse = |reserve: u64| {
        if terms.kind.is_reverse() { price > reserve } else { price < reserve }
    };
    if price > terms.maximum || terms.reserve.is_some_and(worse) {
        return Err(RunError::Price { got: price });
    }
    Ok(price)
}

/// Tells how far a run has come.
pub(super) struct Reporter<'a> {
    ctx: &'a Context,
    work: Workload,
    tell: &'a (dyn Fn(Progress) + Send + Sync),
    state: Mutex<Progress>,
}

impl<'a> Reporter<'a> {
    fn new(ctx: &'a Context, work: Workload, tell: &'a (dyn Fn(Progress) + Send + Sync)) -> Self {
        let reporter = Self { ctx, work, tell, state: Mutex::default() };
        reporter.expect(work.bids, Ending::Longest);
        reporter
    }

    fn expect(&self, in_range: usize, ending: Ending) {
        let (scheme, participants) = (self.ctx.scheme(), self.ctx.participants());
        let tactics = self.ctx.tactics();
        let predicted = predict_ending(scheme, participants, self.work, tactics, in_range, ending);
        self.update(|state| {
            state.levels = predicted.levels;
            state.entries = entries_by_level(self.work, tactics, in_range);
            state.comparisons_total = predicted.comparisons;
            state.rounds_total = predicted.rounds;
        });
    }

    fn update(&self, change: impl FnOnce(&mut Progress)) -> Progress {
        let mut state = lock(&self.state);
        change(&mut state);
        let counters = self.ctx.counters();
        state.rounds = counters.rounds;
        state.gates = counters.gates;
        state.bytes_sent = counters.bytes_sent;
        state.clone()
    }

    pub(super) fn stage(&self, stage: Stage) {
        (self.tell)(self.update(|state| state.stage = stage));
    }

    pub(super) fn compared_more(&self, comparisons: usize) {
        self.update(|state| state.comparisons += comparisons as u64);
    }

    pub(super) fn compared(&self, comparisons: usize, in_range: usize) {
        self.compared_more(comparisons);
        self.expect(in_range, Ending::Longest);
    }

    pub(super) fn level(&self, level: u32, pairs: usize) {
        (self.tell)(self.update(|state| {
            state.level = level;
            state.comparisons += pairs as u64;
        }));
    }

    fn done(&self, in_range: usize, ending: Ending) {
        self.expect(in_range, ending);
        self.stage(Stage::Done);
    }
}
