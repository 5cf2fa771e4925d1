//! `gavel session plan`: how the nodes would compute a session, before anything runs.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use crate::base::Clock;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::options::{Reach, highest_threshold, scheme_for};
use crate::cli::output::{bytes, count, seconds, strong};
use crate::cli::session_file;
use crate::identity::key_file::OperatorKeys;
use crate::rules::{Limits, OperatorKey};
use crate::runs::Workload;
use crate::runs::plan::{self, Line, Plan};
use crate::wire::paper;

/// What to plan for.
#[derive(Args)]
pub struct PlanArgs {
    /// The session file
    file: PathBuf,
    /// Round trip between the nodes that are farthest apart, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 1.0)]
    rtt: f64,
    /// What a node can send in a second, in megabytes, while all others send too
    #[arg(long, value_name = "MB/S", default_value_t = 100.0)]
    bandwidth: f64,
    /// Number of bids [default: as many as the file has]
    #[arg(long, value_name = "N")]
    bids: Option<usize>,
    /// Nodes [default: as this home's roster says, else as the file says, else 5]
    #[arg(long, value_name = "N")]
    nodes: Option<u8>,
    /// Threshold [default: likewise, or as high as the nodes allow]
    #[arg(long, value_name = "T")]
    threshold: Option<u8>,
    #[command(flatten)]
    reach: Reach,
}

/// The plan as scripts read it.
#[derive(Serialize)]
struct Planned {
    nodes: u8,
    threshold: u8,
    bids: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    quantity: Option<u32>,
    /// Of a market's grid.
    #[serde(skip_serializing_if = "Option::is_none")]
    prices: Option<usize>,
    bits: u32,
    limits: Limits,
    rtt_millis: f64,
    megabytes_per_second: f64,
    #[serde(flatten)]
    plan: Plan,
}

/// Print the plan.
///
/// # Errors
/// When the file or an option makes no sense.
pub async fn run(context: &Context, args: &PlanArgs) -> Result<(), Failure> {
    if !(args.rtt >= 0.0 && args.rtt <= 60_000.0) {
        return Err(Failure::usage("a round trip is 0 to 60000 milliseconds"));
    }
    if !(args.bandwidth > 0.0 && args.bandwidth <= 1e6) {
        return Err(Failure::usage(
            "a bandwidth is above 0 and at most 1000000 megabytes a second",
        ));
    }
    // What it leaves open of stored variables is as they are now.
    let stored = args.reach.stored(context, &args.file).await?;
    let file = session_file::load(Some(&args.file), unkept_key, stored.as_deref())?.file;
    let terms = file.terms(Clock::System.now())?;
    let home = roster(context, args)?;
    let (nodes, threshold) =
        scheme_of(args, home.or(file.shared.roster.map(|r| (r.nodes, r.threshold))));
    let scheme = scheme_for(&terms, nodes, threshold)?;
    Workload::check(&terms, scheme).map_err(|error| Failure::new("bad-terms", error))?;
    paper::check(&terms, scheme).map_err(|error| Failure::new("bad-terms", error))?;
    let written = file.fields.participants();
    let bids = args.bids.unwrap_or(written);
    let micros = args.rtt * 1e3;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked above")]
    let line = Line::of_links(micros as u64, Some((args.bandwidth * 1e6) as u64));
    let plan = plan::choose(scheme, scheme.all(), &Workload::of(&terms, bids), line);
    let planned = Planned {
        nodes,
        threshold,
        bids,
        quantity: terms.question.as_auction().map(|question| question.quantity),
        prices: terms.question.as_market().map(|market| market.grid.prices()),
        bits: terms.bits(),
        limits: terms.limits,
        rtt_millis: args.rtt,
        megabytes_per_second: args.bandwidth,
        plan,
    };
    context.output.result(&planned, || text(&planned))
}

/// A key that nobody keeps: what is planned goes to no server.
fn unkept_key() -> Result<OperatorKey, Failure> {
    Ok(OperatorKeys::generate()?.public())
}

/// Nodes and threshold of the roster under which the session would run, if there is one.
fn roster(context: &Context, args: &PlanArgs) -> Result<Option<(u8, u8)>, Failure> {
    let given = args.reach.roster_file();
    if given.is_none() && !context.home.file("roster.json").exists() {
        return Ok(None);
    }
    let scheme = context.home.roster(given)?.body.scheme;
    Ok(Some((scheme.nodes(), scheme.threshold())))
}

fn scheme_of(args: &PlanArgs, known: Option<(u8, u8)>) -> (u8, u8) {
    let nodes = args.nodes.or(known.map(|(nodes, _)| nodes)).unwrap_or(5);
    let written = known.filter(|&(n, _)| n == nodes).map(|(_, threshold)| threshold);
    (nodes, args.threshold.or(written).unwrap_or_else(|| highest_threshold(nodes)))
}

fn text(planned: &Planned) -> String {
    let tactics = &planned.plan.tactics;
    let groups = |list: &[u16]| match list {
        [] => "pairs".to_owned(),
        list => list.iter().map(u16::to_string).collect::<Vec<_>>().join(", "),
    };
    let kings = tactics.king_from.map_or_else(
        || "everyone sends to all".to_owned(),
        |from| format!("over kings from {} on, else everyone to all", bytes(from)),
    );
    let mut text = String::new();
    let taken = crate::cli::view::limits(&planned.limits);
    let _ = writeln!(
        text,
        "{} of {} bits{}, {} nodes, threshold {}, round trip {} ms, {} MB/s",
        strong(format!(
            "{} {}",
            planned.bids,
            if planned.prices.is_some() { "orders" } else { "bids" }
        )),
        planned.bits,
        planned
            .prices
            .map_or_else(String::new, |prices| format!(" at {} prices", count(prices as u64))),
        planned.nodes,
        planned.threshold,
        planned.rtt_millis,
        planned.megabytes_per_second,
    );
    let how = if let Some(prices) = planned.prices {
        let width = tactics.blocks().of(prices);
        vec![("compared in blocks of", format!("{width} bits"))]
    } else if planned.quantity.is_some_and(|quantity| quantity > 1) {
        let best = tactics.best_by(planned.bids).name().to_owned();
        vec![("the best bids by", best), ("the worst in groups of", groups(&tactics.groups))]
    } else {
        vec![
            ("groups by level", groups(&tactics.groups)),
            ("for the second price", groups(&tactics.second_groups)),
        ]
    };
    for (name, value) in how.into_iter().chain([
        ("taken at most", taken),
        ("masked values", kings),
        ("rounds", planned.plan.rounds.to_string()),
        ("sent by each node", bytes(planned.plan.bytes_sent)),
        ("time to compute", seconds(planned.plan.seconds)),
    ]) {
        let _ = writeln!(text, "  {name:<22} {value}");
    }
    text
}
