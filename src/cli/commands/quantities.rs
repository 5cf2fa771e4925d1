//! `gavel session quantities`: how much each participant of a market trades, for the operator to whom
//! its terms disclose that.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Map, Value, json};

use crate::base::csv;
use crate::cli::complete;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::home::{Over, put};
use crate::cli::market::Cleared;
use crate::cli::options::Reach;
use crate::cli::output::{clean, strong};
use crate::cli::view;
use crate::client::quantities::{self, Told};
use crate::rules::Terms;
use crate::session::SessionId;

/// Of which session, and where to.
///
/// For a session whose terms say `quantities = "operator"`, from the home that wrote it: what the
/// nodes disclose opens with its operator.key alone. The session's record is checked, and every value
/// against what the participants signed; a node that discloses a wrong one is named. Any t+1 nodes
/// that answer rightly are enough.
#[derive(Args)]
pub struct QuantitiesArgs {
    /// The session's id, a beginning of it that no other has, or its title
    #[arg(add = complete::session())]
    session: String,
    /// Write them as CSV, to a file that only you can read
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Write over a file that is there already
    #[arg(long, requires = "csv")]
    force: bool,
    #[command(flatten)]
    reach: Reach,
}

/// Ask the nodes, check what they disclose, and show it.
///
/// # Errors
/// When this is not the operator's home, too few nodes disclose what is right, or the file is in the
/// way.
pub async fn run(context: &Context, args: &QuantitiesArgs) -> Result<(), Failure> {
    let over = Over::forced(args.force);
    if let Some(path) = &args.csv {
        over.allows(path)?;
    }
    let network = args.reach.as_operator(context).await?;
    let (network, session) = network.find(&args.session).await?;
    let keys = args.reach.operator_keys(context)?;
    let record = network.coordinator().record(session).await?;
    let roster = &network.roster().body;
    quantities::check(&record, roster, session, &keys)?;
    let answers = quantities::ask(&network, session).await;
    let told = quantities::read(&record, roster, session, &keys, answers)?;
    let terms = &record.announcement.body.terms;
    let outcome = record.outcome.as_ref().map(|outcome| &outcome.body.answer);
    let cleared = outcome.and_then(|answer| Cleared::of(terms, answer));
    if let Some(path) = &args.csv {
        put(path, sheet(terms, &told).as_bytes(), over)?;
        let many = told.traded.len();
        context.output.note(format!("{many} quantities written to {}", path.display()));
    }
    for line in remarks(&told) {
        context.output.note(line);
    }
    context.output.result(&shown(session, terms, cleared.as_ref(), &told), || {
        let text = cleared.map_or_else(String::new, |cleared| {
            let traded = told.traded.iter();
            cleared
                .table(traded.map(|traded| (traded.bidder.as_str(), traded.quantity)), usize::MAX)
        });
        format!("{}\n{text}", strong(clean(&terms.title)))
    })
}

/// What is to be said of the nodes.
fn remarks(told: &Told) -> Vec<String> {
    let faults = told.faults.iter().map(|(node, fault)| format!("node {node}: {fault}"));
    let silent = told.silent.iter().map(|(node, why)| format!("node {node} gives nothing: {why}"));
    let lacking = told
        .lacking
        .iter()
        .map(|(node, many)| format!("node {node} has no part of {many} entries; others do"));
    let agreed = (!told.agreed.is_empty()).then(|| {
        format!("what {} disclose fits what the participants signed", view::nodes(told.agreed))
    });
    faults.chain(silent).chain(lacking).chain(agreed).collect()
}

/// As scripts read it.
fn shown(session: SessionId, terms: &Terms, cleared: Option<&Cleared<'_>>, told: &Told) -> Value {
    let by_name: Map<String, Value> =
        told.traded.iter().map(|one| (one.bidder.clone(), json!(one.quantity))).collect();
    let participants = told.traded.iter().map(|one| {
        json!({ "participant": one.bidder, "envelope": one.envelope, "quantity": one.quantity })
    });
    let faults = told.faults.iter().map(|(node, fault)| {
        json!({ "node": node, "lied": fault.is_a_lie(), "what": fault.to_string() })
    });
    let silent = told.silent.iter().map(|(node, why)| json!({ "node": node, "what": why }));
    json!({
        "session": session,
        "title": terms.title,
        "kind": terms.question.kind_name(),
        "price": cleared.and_then(Cleared::price_opened),
        "quantities": by_name,
        "participants": participants.collect::<Vec<_>>(),
        "agreed": told.agreed,
        "lied": told.lied(),
        "faults": faults.collect::<Vec<_>>(),
        "silent": silent.collect::<Vec<_>>(),
    })
}

/// A line for each participant, in the terms' unit.
fn sheet(terms: &Terms, told: &Told) -> String {
    let plain = |quantity: u64| {
        let unit = terms.question.as_market().map(|market| &market.unit);
        unit.map_or_else(|| quantity.to_string(), |unit| unit.plain(quantity))
    };
    let heading = ["participant", "buys", "sells", "envelope"].map(str::to_owned);
    let rows = told.traded.iter().map(|one| {
        let amount = plain(one.quantity.unsigned_abs());
        let (buys, sells) = match one.quantity {
            0 => (plain(0), plain(0)),
            1.. => (amount, plain(0)),
            ..0 => (plain(0), amount),
        };
        [one.bidder.clone(), buys, sells, one.envelope.to_string()]
    });
    csv::write([heading].into_iter().chain(rows))
}
