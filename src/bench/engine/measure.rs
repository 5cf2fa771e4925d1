//! One measurement: start the nodes, measure their lines, plan, give out inputs, run, compare.

use std::time::Duration;

use super::asked::{Asked, Place, What};
use super::cluster::Cluster;
use super::lines::Effort;
use super::report::{Report, slowest};
use super::scores::ScoringError;
use super::task::{TaskError, of_auction, of_market, of_scored, of_survey};
use super::work::Work;
use crate::bench::BenchError;
use crate::protocol::{CostModel, Tactics};
use crate::rules::auction::Kind;
use crate::runs::Workload;
use crate::runs::plan::{self, Pairs, Plan};
use crate::sharing::Scheme;

/// Bytes that all nodes together send when the bandwidth is measured.
const BANDWIDTH_BYTES: usize = 96 << 20;

/// Rounds that are measured, and how long they may take on long lines.
const ROUNDS: u32 = 100;
const ROUNDS_TIME: Duration = Duration::from_millis(500);

/// Seconds that computing takes at most, without the lines, where one thread of a node does as well as two.
const SOON: f64 = 0.02;

/// Measure.
///
/// # Errors
/// When a node fails, or the tactics that were asked for make no sense.
pub async fn measure(asked: &Asked) -> Result<Report, BenchError> {
    let scheme = asked.scheme;
    let (mut cluster, round_trip) = match asked.place {
        Place::InProcess => (Cluster::InProcess(scheme), Duration::ZERO),
        Place::Processes { round_trip } => {
            let delay = (!round_trip.is_zero()).then(|| round_trip / 2);
            (Cluster::processes(scheme, delay, threads(asked)).await?, round_trip)
        }
    };
    let lines = cluster.measure(effort(scheme, round_trip)).await?;
    let line = slowest(&lines, scheme);
    let plan = plan_for(asked, line)?;

    let work = Work::draw(asked);
    let inputs = work.share(asked)?;
    let measured = cluster.run(inputs, &plan.tactics).await?;
    let correct = work.is_right(&measured);
    Ok(Report::new(asked, &lines, plan, &measured, correct))
}

/// Threads of each node: its share of the cores, rounded up, and twice that where there is much to do. All
/// nodes run on this machine, and with many more threads than cores they would be in each other's way as
/// they are not on machines of their own. Where all is over soon, a second thread costs more to wake up
/// than it helps.
fn threads(asked: &Asked) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let nodes = asked.scheme.all().len().max(1);
    let line =
        plan::Line { nodes_per_core: nodes as f64 / cores as f64, ..plan::Line::of_links(0, None) };
    let soon = plan_for(asked, line).is_ok_and(|plan| plan.seconds < SOON);
    let shares = if soon { 1 } else { 2 };
    (shares * cores).div_ceil(nodes)
}

fn effort(scheme: Scheme, round_trip: Duration) -> Effort {
    let links = usize::from(scheme.nodes()) * usize::from(scheme.nodes() - 1);
    let mut rounds = ROUNDS;
    while rounds > 5 && round_trip * rounds > ROUNDS_TIME {
        rounds -= 5;
    }
    Effort { rounds, bytes: BANDWIDTH_BYTES / links }
}

fn plan_for(asked: &Asked, line: plan::Line) -> Result<Plan, BenchError> {
    let (scheme, all) = (asked.scheme, asked.scheme.all());
    if let What::Products(products) = asked.what {
        // They have no tactics: nothing goes over kings, and pieces are of one size.
        let tactics = Tactics::default();
        let model = CostModel::new(scheme, all).with_security(asked.security);
        return Ok(Plan::of(scheme, line, tactics, products.cost(model)));
    }
    if let What::Material(dealing) = asked.what {
        let tactics = Tactics::default();
        let model = CostModel::new(scheme, all).with_security(asked.security);
        return Ok(Plan::of(scheme, line, tactics, dealing.cost(model)));
    }
    if let What::Scores(scoring) = asked.what {
        let cost = scoring.cost().map_err(ScoringError::from).map_err(TaskError::from)?;
        return Ok(Plan::of(scheme, line, Tactics::default(), cost));
    }
    let Asked { bits, count, form, security, .. } = *asked;
    let terms = match &asked.what {
        What::Auction(quantity) => of_auction(Kind::SecondPrice, *quantity, form, bits, security),
        What::Scored(pays) => of_scored(*pays, bits, security),
        What::Market(prices) => of_market(*prices, bits, count, security),
        What::Survey(question) => of_survey(question, count, form, security),
        What::Pairs | What::Products(_) | What::Material(_) | What::Scores(_) => {
            of_auction(Kind::SecondPrice, 1, form, bits, security)
        }
    };
    let work = Workload::of(&terms, asked.count);
    let pairs = Pairs {
        protocol: asked.form,
        security: asked.security,
        bits: asked.bits,
        count: asked.count,
    };
    let mut tactics = if asked.what == What::Pairs {
        plan::for_comparisons(scheme, all, pairs, line).tactics
    } else {
        plan::choose(scheme, all, &work, line).tactics
    };
    let choices = &asked.choices;
    if let Some(groups) = &choices.groups {
        tactics.groups.clone_from(groups);
        tactics.second_groups.clone_from(groups);
    }
    if let Some(from) = choices.king_from {
        tactics.king_from = (from > 0).then_some(from);
    }
    if choices.block.is_some() {
        (tactics.block, tactics.block_from) = (choices.block, None);
    }
    tactics.stripe = choices.stripe.or(tactics.stripe);
    tactics.lanes = choices.lanes.or(tactics.lanes);
    tactics.check()?;
    Ok(if asked.what == What::Pairs {
        plan::comparisons_with(scheme, all, pairs, line, tactics)
    } else {
        plan::with_tactics(scheme, all, &work, line, tactics)
    })
}
