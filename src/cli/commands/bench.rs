//! `gavel bench`: how fast the engine is on this machine.

use std::time::Duration;

use clap::builder::PossibleValue;
use clap::{Args, Subcommand, ValueEnum};
use rand::{TryRng as _, rngs::SysRng};

use super::Context;
use crate::bench::inputs::{Plain, draw, near, share};
use crate::bench::intake_report;
use crate::bench::job::{Found, Inputs, Measured, Task, terms};
use crate::bench::lines::Effort;
use crate::bench::party::Party;
use crate::bench::report::{Asked, Report, slowest};
use crate::cli::failure::Failure;
use crate::rules::auction::Kind;
use crate::runs::Workload;
use crate::runs::plan::{self, Pairs, Plan};
use crate::sharing::Scheme;
use crate::sharing::form::Form;

/// Measure the engine on this machine.
///
/// Every node is a process of its own; they are linked by the same TLS streams as real nodes. The
/// lines are measured first, idle, and what they allow at best is printed beside what came out.
/// Inputs are drawn from a seed, and the result is checked against plain arithmetic.
#[derive(Subcommand)]
pub enum BenchCommand {
    /// Compare pairs of shared numbers and open the results
    Compare(CompareArgs),
    /// Decide a second-price auction
    Auction(AuctionArgs),
    /// Take the bids of many bidders at once
    ///
    /// Coordinator and nodes are processes of `gavel serve`. Every bidder is admitted, seals its bid,
    /// hands it in to every node over TLS, and checks the receipts; the bidders' work is done on this
    /// machine, too. Then the session is closed and the outcome checked.
    Intake(IntakeArgs),
}

/// Options of `gavel bench intake`.
#[derive(Args)]
pub struct IntakeArgs {
    /// Bidders, with one bid each
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    bids: u32,
    /// Nodes
    #[arg(long, value_name = "N", default_value_t = 3)]
    nodes: u8,
    /// Any so many nodes together learn nothing [default: as many as the nodes allow]
    #[arg(long, value_name = "T")]
    threshold: Option<u8>,
    /// Bidders at work at one time
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=1000))]
    at_once: u16,
    /// Let the bidders share so many sets of connections, instead of each making its own
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=1000))]
    connections: u16,
    /// Draw the amounts from this seed instead of a fresh one
    #[arg(long, value_name = "SEED")]
    seed: Option<u64>,
}

/// Options of `gavel bench compare`.
#[derive(Args)]
pub struct CompareArgs {
    /// Pairs to compare
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    pairs: usize,
    #[command(flatten)]
    common: Common,
}

/// Options of `gavel bench auction`.
#[derive(Args)]
pub struct AuctionArgs {
    /// Bids
    #[arg(long, value_name = "N", default_value_t = 1000)]
    bids: usize,
    #[command(flatten)]
    common: Common,
}

impl ValueEnum for Form {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Bits, Self::Numbers]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let help = match self {
            Self::Bits => "Replicated bits",
            Self::Numbers => "Shamir shares and the comparison of the paper of 2008",
        };
        Some(PossibleValue::new(self.name()).help(help))
    }
}

/// Options of every bench.
#[derive(Args)]
struct Common {
    /// Nodes
    #[arg(long, value_name = "N", default_value_t = 3)]
    nodes: u8,
    /// Any so many nodes together learn nothing [default: as many as the nodes allow]
    #[arg(long, value_name = "T")]
    threshold: Option<u8>,
    /// Bits of each number, 1 to 63
    #[arg(long, value_name = "B", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=63))]
    bits: u32,
    /// Form of sharing and comparison
    #[arg(long, value_enum, default_value = "bits")]
    protocol: Form,
    /// Simulated round trip between any two nodes, in milliseconds
    #[arg(long, value_name = "MS")]
    rtt: Option<f64>,
    /// All nodes in one process, over channels in memory, for profiling
    #[arg(long, conflicts_with = "rtt")]
    in_process: bool,
    /// Draw the inputs from this seed instead of a fresh one
    #[arg(long, value_name = "SEED")]
    seed: Option<u64>,
    /// Sizes of the tournament's groups by level, instead of the plan's, such as 2,8,8
    #[arg(long, value_name = "LIST", value_delimiter = ',', hide_short_help = true)]
    groups: Option<Vec<u8>>,
    /// Positions of a stripe, instead of the scheme's
    #[arg(long, value_name = "N", hide_short_help = true)]
    stripe: Option<u32>,
    /// Stripes under way at a time, instead of the plan's choice
    #[arg(long, value_name = "N", hide_short_help = true)]
    lanes: Option<u16>,
    /// Messages from so many bytes on go over kings, instead of the plan's choice; 0 for none
    #[arg(long, value_name = "BYTES", hide_short_help = true)]
    king_from: Option<u64>,
}

/// Most numbers of a bench.
const MOST: usize = 1 << 26;

/// Bytes that all nodes together send when the bandwidth is measured.
const BANDWIDTH_BYTES: usize = 96 << 20;

/// Rounds that are measured, and how long they may take on long lines.
const ROUNDS: u32 = 100;
const ROUNDS_SECONDS: f64 = 0.5;

/// Measure.
///
/// # Errors
/// When a node fails, or the result is wrong.
pub async fn run(context: &Context, command: BenchCommand) -> Result<(), Failure> {
    let (pairs, count, common) = match &command {
        BenchCommand::Intake(args) => return intake(context, args).await,
        BenchCommand::Compare(args) => (true, args.pairs, &args.common),
        BenchCommand::Auction(args) => (false, args.bids, &args.common),
    };
    if count == 0 || count > MOST {
        return Err(Failure::usage(format!("a bench takes 1 to {MOST} numbers, not {count}")));
    }
    let threshold = common.threshold.unwrap_or(common.nodes.saturating_sub(1) / 2);
    let scheme =
        Scheme::new(common.nodes, threshold).map_err(|error| Failure::usage(error.to_string()))?;
    let rtt = common.rtt.unwrap_or(0.0);
    if !(0.0..=10_000.0).contains(&rtt) {
        return Err(Failure::usage("a round trip is 0 to 10000 milliseconds"));
    }
    let seed = match common.seed {
        Some(seed) => seed,
        None => SysRng.try_next_u64()?,
    };
    let asked = Asked {
        scheme,
        pairs,
        count,
        bits: common.bits,
        protocol: common.protocol.into(),
        seed,
        in_one_process: common.in_process,
    };
    let report = measure(context, &asked, common, rtt).await?;
    context.output.result(&report, || report.text())?;
    if report.correct() {
        Ok(())
    } else {
        Err(Failure::new(
            "wrong-result",
            format!(
                "the nodes computed something else than plain arithmetic; repeat with --seed {seed}"
            ),
        ))
    }
}

async fn intake(context: &Context, args: &IntakeArgs) -> Result<(), Failure> {
    let threshold = args.threshold.unwrap_or(args.nodes.saturating_sub(1) / 2);
    let asked = intake_report::Asked {
        scheme: Scheme::new(args.nodes, threshold)
            .map_err(|error| Failure::usage(error.to_string()))?,
        bids: usize::try_from(args.bids).unwrap_or(usize::MAX),
        at_once: args.at_once.into(),
        connections: args.connections.into(),
        seed: match args.seed {
            Some(seed) => seed,
            None => SysRng.try_next_u64()?,
        },
    };
    context.output.note(format_args!("seed {}", asked.seed));
    let report = crate::bench::intake::run(&asked).await?;
    context.output.result(&report, || report.text())?;
    if report.correct() {
        Ok(())
    } else {
        Err(Failure::new(
            "wrong-result",
            format!("a bid is missing or the outcome is wrong; repeat with --seed {}", asked.seed),
        ))
    }
}

async fn measure(
    context: &Context,
    asked: &Asked,
    common: &Common,
    rtt: f64,
) -> Result<Report, Failure> {
    let scheme = asked.scheme;
    context.output.note(format_args!("seed {}", asked.seed));
    let mut party = if common.in_process {
        Party::InProcess(scheme)
    } else {
        let delay = (rtt > 0.0).then(|| Duration::from_secs_f64(rtt / 2000.0));
        Party::processes(scheme, delay).await?
    };
    let lines = party.measure(effort(scheme, rtt)).await?;
    let line = slowest(&lines, scheme);
    let plan = plan_for(asked, common, line)?;

    let work = Work::draw(asked);
    let inputs = work.share(asked)?;
    let measured = party.run(inputs, &plan.tactics).await?;
    let correct = work.is_right(&measured);
    Ok(Report::new(asked, &lines, plan, &measured, correct))
}

fn effort(scheme: Scheme, rtt: f64) -> Effort {
    let links = usize::from(scheme.nodes()) * usize::from(scheme.nodes() - 1);
    let mut rounds = ROUNDS;
    while rounds > 5 && f64::from(rounds) * rtt / 1000.0 > ROUNDS_SECONDS {
        rounds -= 5;
    }
    Effort { rounds, bytes: BANDWIDTH_BYTES / links }
}

fn plan_for(asked: &Asked, common: &Common, line: plan::Line) -> Result<Plan, Failure> {
    let (scheme, all) = (asked.scheme, asked.scheme.all());
    let terms = terms(Kind::SecondPrice, asked.protocol, asked.bits);
    let work = Workload::of(&terms, asked.count);
    let pairs = Pairs { protocol: asked.protocol, bits: asked.bits, count: asked.count };
    let mut tactics = if asked.pairs {
        plan::for_comparisons(scheme, all, pairs, line).tactics
    } else {
        plan::choose(scheme, all, work, line).tactics
    };
    if let Some(groups) = &common.groups {
        tactics.groups.clone_from(groups);
        tactics.second_groups.clone_from(groups);
    }
    if let Some(from) = common.king_from {
        tactics.king_from = (from > 0).then_some(from);
    }
    tactics.stripe = common.stripe.or(tactics.stripe);
    tactics.lanes = common.lanes.or(tactics.lanes);
    tactics.check().map_err(|error| Failure::usage(error.to_string()))?;
    Ok(if asked.pairs {
        plan::comparisons_with(scheme, all, pairs, line, tactics)
    } else {
        plan::with_tactics(scheme, all, work, line, tactics)
    })
}

/// The inputs in the clear.
enum Work {
    Pairs(Plain, Plain),
    Bids(Plain),
}

impl Work {
    fn draw(asked: &Asked) -> Self {
        let first = draw(asked.seed, 1, asked.bits, asked.count);
        if !asked.pairs {
            return Self::Bids(first);
        }
        let mut second = draw(asked.seed, 2, asked.bits, asked.count);
        near(&mut second, &first);
        Self::Pairs(first, second)
    }

    fn share(&self, asked: &Asked) -> Result<Vec<Inputs>, Failure> {
        let (task, batches) = match self {
            Self::Pairs(x, y) => (Task::Compare, vec![x, y]),
            Self::Bids(bids) => (Task::Auction(Kind::SecondPrice), vec![bids]),
        };
        let mut inputs: Vec<Inputs> =
            asked.scheme.all().iter().map(|_| Inputs { task, batches: Vec::new() }).collect();
        for batch in batches {
            for (inputs, shares) in
                inputs.iter_mut().zip(share(asked.scheme, asked.protocol, batch)?)
            {
                inputs.batches.push(shares);
            }
        }
        Ok(inputs)
    }

    /// Whether every node found what plain arithmetic says.
    fn is_right(&self, measured: &[Measured]) -> bool {
        let expected = match self {
            Self::Pairs(x, y) => {
                let less = |(at, (x, y)): (usize, (&u64, &u64))| u64::from(x < y) << at;
                let words = x.values.chunks(64).zip(y.values.chunks(64));
                let word = |(x, y): (&[u64], &[u64])| x.iter().zip(y).enumerate().map(less).sum();
                Found::Smaller(words.map(word).collect())
            }
            Self::Bids(bids) => {
                let terms = terms(Kind::SecondPrice, Form::default(), bids.bits);
                Found::Answer(terms.question.reference(&bids.values))
            }
        };
        measured.iter().all(|node| node.found == expected)
    }
}
