//! `gavel bench`.

mod measured;
mod score;

use clap::{Args, Subcommand, ValueEnum};

use measured::{place, seed, tell};

use crate::bench::engine::asked::{Asked, Choices, MOST, Place, What};
use crate::bench::engine::dealers::Dealing;
use crate::bench::engine::products::Products;
use crate::bench::engine::{task, worker};
use crate::bench::intake::flood::{self, Event};
use crate::bench::intake::report as intake_report;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::figures;
use crate::cli::options::highest_threshold;
use crate::cli::progress::Progress;
use crate::field::{Field as _, Pair127};
use crate::rules::auction::Pays;
use crate::rules::auction::question::{MAX_QUANTITY, QuestionError};
use crate::rules::auction::scored::ScoredError;
use crate::rules::job::Prime;
use crate::rules::{Currency, survey};
use crate::sharing::Scheme;
use crate::sharing::form::Form;
use crate::sharing::security::Security;
use crate::sharing::seed::mask;

/// Measure the engine on this machine.
///
/// Every node is a process of its own; they are linked by the same TLS streams as real nodes. The
/// lines are measured first, idle, and what they allow at best is printed beside what came out.
/// Inputs are drawn from a seed, and the result is checked against plain arithmetic.
#[derive(Subcommand)]
pub enum BenchCommand {
    /// Compare pairs of shared numbers and open the results
    Compare(CompareArgs),
    /// Decide a second-price auction of one or several lots
    Auction(AuctionArgs),
    /// Clear a market: its price, and who trades how much there
    Market(MarketArgs),
    /// Compute statistics of a survey, of all together and by cohort
    Survey(SurveyArgs),
    /// Multiply shared elements of a prime field, as jobs do
    Job(JobArgs),
    /// Make triples with MACs for two parties, as dealers do ahead of time
    Dealers(DealersArgs),
    /// Score sheets with a model, as two parties do whose material is there
    ///
    /// Client and owner are a process each. Weights and sheets are drawn from the seed, and the scores
    /// compared with those in real numbers. The time is that of the scores alone.
    Score(score::ScoreArgs),
    /// Take the bids of many bidders at once
    ///
    /// Coordinator and nodes are processes of `gavel serve`. Every bidder is admitted, seals its
    /// bid, hands it in to every node over TLS, and checks the receipts; the bidders' work is done
    /// on this machine, too. Then the session is closed and the outcome checked.
    Intake(IntakeArgs),
}

/// Who computes.
#[derive(Args)]
struct Nodes {
    /// Nodes
    #[arg(long, value_name = "N", default_value_t = 3)]
    nodes: u8,
    /// Any so many nodes together learn nothing [default: as many as the nodes allow]
    #[arg(long, value_name = "T")]
    threshold: Option<u8>,
}

impl Nodes {
    fn threshold(&self) -> u8 {
        self.threshold.unwrap_or_else(|| highest_threshold(self.nodes))
    }

    fn scheme(&self) -> Result<Scheme, Failure> {
        Scheme::new(self.nodes, self.threshold()).map_err(Failure::usage)
    }

    /// The same for a survey, and how its answers are shared: as bits, unless the nodes can only
    /// add.
    fn of_survey(&self) -> Result<(Scheme, Form), Failure> {
        let scheme = Scheme::any(self.nodes, self.threshold()).map_err(Failure::usage)?;
        Ok((scheme, if scheme.compares() { Form::Bits } else { Form::Sums }))
    }
}

/// Options of `gavel bench intake`.
#[derive(Args)]
pub struct IntakeArgs {
    /// Bidders, with one bid each
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    bids: u32,
    #[command(flatten)]
    nodes: Nodes,
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
    numbers: Numbers,
    #[command(flatten)]
    common: Common,
}

/// Options of `gavel bench auction`.
#[derive(Args)]
pub struct AuctionArgs {
    /// Bids
    #[arg(long, value_name = "N", default_value_t = 1000)]
    bids: usize,
    /// Equal lots, one to a bidder; all winners pay the best losing bid
    #[arg(long, value_name = "M", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_QUANTITY)))]
    quantity: u32,
    /// Give every bid the handicap of a score: the lowest sum wins, and is paid its own price or the one at
    /// which it would still have won [default where given without a word: threshold]
    #[arg(long, value_name = "PAYS", num_args = 0..=1, default_missing_value = "threshold", conflicts_with = "quantity")]
    scored: Option<PaysName>,
    #[command(flatten)]
    numbers: Numbers,
    #[command(flatten)]
    common: Common,
}

/// What the winner of an auction with scores is paid.
#[derive(Clone, Copy, ValueEnum)]
enum PaysName {
    /// Its own price
    Own,
    /// The price at which it would still have won
    Threshold,
}

impl From<PaysName> for Pays {
    fn from(name: PaysName) -> Self {
        match name {
            PaysName::Own => Self::Own,
            PaysName::Threshold => Self::Threshold,
        }
    }
}

/// Options of `gavel bench market`.
#[derive(Args)]
pub struct MarketArgs {
    /// Participants, with a number at every price each
    #[arg(long, value_name = "N", default_value_t = 1229)]
    participants: usize,
    /// Prices
    #[arg(long, value_name = "P", default_value_t = 4000)]
    prices: usize,
    /// Bits of each number, 1 to 24
    #[arg(long, value_name = "B", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=24))]
    bits: u32,
    #[command(flatten)]
    common: Common,
}

/// Options of `gavel bench survey`.
#[derive(Args)]
pub struct SurveyArgs {
    /// Participants, with an answer to every question each
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    participants: usize,
    /// Questions
    #[arg(long, value_name = "Q", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=256))]
    questions: u16,
    /// Bits of each answer, 1 to 40; all of them are in range
    #[arg(long, value_name = "B", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=40))]
    bits: u32,
    /// Cohorts: none, or 2 to 16
    #[arg(long, value_name = "C", default_value_t = 5, value_parser = clap::value_parser!(u8).range(0..=16))]
    cohorts: u8,
    /// Let nobody know who is in which cohort
    #[arg(long)]
    secret: bool,
    /// What is computed of each question [default: sum,mean,deviation; sum,mean where fewer than 2t+1
    /// nodes can only add]
    #[arg(long, value_enum, value_name = "LIST", value_delimiter = ',')]
    statistics: Option<Vec<Of>>,
    #[command(flatten)]
    common: Common,
}

/// Options of `gavel bench job`.
#[derive(Args)]
pub struct JobArgs {
    /// Products
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    multiplications: usize,
    /// Make each product of the one before, one after the other, instead of all in one batch
    #[arg(long)]
    chain: bool,
    /// The field: 2^61-1, 2^127-1 or secp256k1
    #[arg(long, value_name = "FIELD", default_value = "2^61-1", value_parser = field)]
    field: Prime,
    #[command(flatten)]
    common: Common,
}

/// Options of `gavel bench dealers`.
#[derive(Args)]
pub struct DealersArgs {
    /// Triples, over the prime 2^127+3080193
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    triples: usize,
    #[command(flatten)]
    common: Common,
}

/// The field with a name.
fn field(name: &str) -> Result<Prime, String> {
    let known = || Prime::ALL.map(Prime::name).join(", ");
    Prime::named(name).ok_or_else(|| format!("there are {}", known()))
}

/// A statistic of a question.
#[derive(Clone, Copy, clap::ValueEnum)]
enum Of {
    Sum,
    Mean,
    Deviation,
    Minimum,
    Maximum,
    Median,
    Quartiles,
}

impl Of {
    const fn statistic(self, item: usize) -> survey::Statistic {
        match self {
            Self::Sum => survey::Statistic::Sum(item),
            Self::Mean => survey::Statistic::Mean(item),
            Self::Deviation => survey::Statistic::Deviation(item),
            Self::Minimum => survey::Statistic::Minimum(item),
            Self::Maximum => survey::Statistic::Maximum(item),
            Self::Median => survey::Statistic::Median(item),
            Self::Quartiles => survey::Statistic::Quartiles(item),
        }
    }
}

impl SurveyArgs {
    fn question(&self, form: Form) -> survey::Question {
        let usual = [Of::Sum, Of::Mean, Of::Deviation];
        let usual = if form == Form::Sums { &usual[..2] } else { &usual[..] };
        let statistics = self.statistics.as_deref().unwrap_or(usual);
        let unit = Currency { code: "EUR".to_owned(), decimals: 0 };
        let item = |at| survey::Item {
            name: format!("question {at}"),
            text: None,
            unit: unit.clone(),
            minimum: 0,
            maximum: i64::try_from(mask(self.bits)).unwrap_or(i64::MAX),
        };
        let by = if self.cohorts > 0 { survey::By::Both } else { survey::By::All };
        let of_item = |item| {
            let declared = move |of: &Of| survey::Declared { statistic: of.statistic(item), by };
            statistics.iter().map(declared)
        };
        survey::Question {
            items: (1..=self.questions).map(item).collect(),
            cohorts: (1..=self.cohorts).map(|at| format!("cohort {at}")).collect(),
            membership: if self.secret {
                survey::Membership::Secret
            } else {
                survey::Membership::Public
            },
            results: (0..usize::from(self.questions)).flat_map(of_item).collect(),
            at_least: AT_LEAST,
        }
    }
}

/// Fewest answers of a cell of a survey.
const AT_LEAST: u32 = 5;

/// Numbers of a bench that compares them.
#[derive(Args)]
struct Numbers {
    /// Bits of each number, 1 to 63
    #[arg(long, value_name = "B", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=63))]
    bits: u32,
    /// Form of sharing and comparison
    #[arg(long, value_enum, default_value = "bits")]
    protocol: Form,
}

/// Options of every bench.
#[derive(Args)]
struct Common {
    #[command(flatten)]
    nodes: Nodes,
    /// Which lies of nodes are found; on numbers, those of the curious alone
    #[arg(long, value_enum, default_value = "active")]
    security: Security,
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
    groups: Option<Vec<u16>>,
    /// Positions of a stripe, instead of the scheme's
    #[arg(long, value_name = "N", hide_short_help = true)]
    stripe: Option<u32>,
    /// Stripes under way at a time, instead of the plan's choice
    #[arg(long, value_name = "N", hide_short_help = true)]
    lanes: Option<u16>,
    /// Bits of a block of a comparison, a power of two, instead of the plan's choice
    #[arg(long, value_name = "BITS", hide_short_help = true)]
    block: Option<u8>,
    /// Messages from so many bytes on go over kings, instead of the plan's choice; 0 for none
    #[arg(long, value_name = "BYTES", hide_short_help = true)]
    king_from: Option<u64>,
}

impl Common {
    fn place(&self) -> Result<Place, Failure> {
        place(self.in_process, self.rtt)
    }
}

/// Measure.
///
/// # Errors
/// When a node fails, or the result is wrong.
pub async fn run(context: &Context, command: BenchCommand) -> Result<(), Failure> {
    let mut of_survey = None;
    let (what, count, numbers, common) = match command {
        BenchCommand::Intake(args) => return intake(context, args).await,
        BenchCommand::Score(args) => return score::run(context, &args).await,
        BenchCommand::Compare(args) => (What::Pairs, args.pairs, args.numbers, args.common),
        BenchCommand::Auction(args) => {
            let what = match args.scored {
                Some(pays) => What::Scored(pays.into()),
                None => What::Auction(args.quantity),
            };
            (what, args.bids, args.numbers, args.common)
        }
        BenchCommand::Market(args) => {
            let numbers = Numbers { bits: args.bits, protocol: Form::Bits };
            (What::Market(args.prices), args.participants, numbers, args.common)
        }
        BenchCommand::Survey(args) => {
            let (scheme, protocol) = args.common.nodes.of_survey()?;
            of_survey = Some(scheme);
            let numbers = Numbers { bits: args.bits, protocol };
            let question = Box::new(args.question(protocol));
            (What::Survey(question), args.participants, numbers, args.common)
        }
        BenchCommand::Job(args) => {
            let (prime, chain, count) = (args.field, args.chain, args.multiplications);
            let numbers = Numbers { bits: prime.bits(), protocol: Form::Bits };
            (What::Products(Products { prime, chain, count }), count, numbers, args.common)
        }
        BenchCommand::Dealers(args) => {
            let numbers = Numbers { bits: Pair127::BITS, protocol: Form::Bits };
            let dealing = Dealing { triples: args.triples };
            (What::Material(dealing), args.triples, numbers, args.common)
        }
    };
    let numbers_in_all = count.saturating_mul(what.numbers());
    if numbers_in_all == 0 || numbers_in_all > MOST || what == What::Market(0) {
        let said = format!("a bench takes 1 to {MOST} numbers, not {numbers_in_all}");
        return Err(Failure::usage(said));
    }
    if matches!(what, What::Auction(2..)) && numbers.protocol == Form::Numbers {
        return Err(Failure::usage(QuestionError::SeveralOnNumbers));
    }
    let terms = match &what {
        What::Market(prices) => {
            Some(task::of_market(*prices, numbers.bits, count, common.security))
        }
        What::Scored(pays) => {
            if numbers.protocol != Form::Bits {
                return Err(Failure::usage(ScoredError::OnNumbers));
            }
            Some(task::of_scored(*pays, numbers.bits, common.security))
        }
        What::Survey(question) => {
            Some(task::of_survey(question, count, numbers.protocol, common.security))
        }
        What::Pairs
        | What::Auction(_)
        | What::Products(_)
        | What::Material(_)
        | What::Scores(_) => None,
    };
    if let Some(terms) = terms {
        terms.question.check(terms.protocol, &terms.limits).map_err(Failure::usage)?;
    }
    let scheme = of_survey.map_or_else(|| common.nodes.scheme(), Ok)?;
    let place = common.place()?;
    let asked = Asked {
        scheme,
        what,
        count,
        bits: numbers.bits,
        form: numbers.protocol,
        security: match numbers.protocol {
            Form::Bits => common.security,
            Form::Numbers | Form::Sums => Security::Passive,
        },
        seed: seed(context, common.seed)?,
        place,
        choices: Choices {
            groups: common.groups,
            stripe: common.stripe,
            lanes: common.lanes,
            block: common.block,
            king_from: common.king_from,
        },
    };
    tell(context, &asked).await
}

async fn intake(context: &Context, args: IntakeArgs) -> Result<(), Failure> {
    let asked = intake_report::Asked {
        scheme: args.nodes.scheme()?,
        bids: usize::try_from(args.bids).unwrap_or(usize::MAX),
        at_once: args.at_once.into(),
        connections: args.connections.into(),
        seed: seed(context, args.seed)?,
    };
    let mut progress = None;
    let report = flood::run(&asked, &mut |event| show(&mut progress, event)).await?;
    context.output.result(&report, || figures::intake(&report))?;
    if report.correct {
        Ok(())
    } else {
        Err(Failure::new(
            "wrong-result",
            format!("a bid is missing or the outcome is wrong; repeat with --seed {}", asked.seed),
        ))
    }
}

/// Move the line of progress on.
fn show(progress: &mut Option<Progress>, event: Event) {
    match event {
        Event::Bidding { bids } => *progress = Some(Progress::start("bids", Some(bids))),
        Event::Closing => *progress = Some(Progress::start("closing and computing", None)),
        Event::Bid | Event::Waiting => {
            if let Some(progress) = progress {
                progress.step();
            }
        }
        Event::Taken { complete, seconds } => {
            if let Some(progress) = progress.take() {
                progress.finish(&format!("{complete} in, {seconds:.1} s"));
            }
        }
        Event::Settled { seconds } => {
            if let Some(progress) = progress.take() {
                progress.finish(&format!("{seconds:.1} s"));
            }
        }
    }
}

/// Be one node of a bench, until standard input ends.
///
/// # Errors
/// When the bench is not to be understood.
pub async fn node() -> Result<(), Failure> {
    Ok(worker::serve().await?)
}
