//! `gavel verify FILE`: a session's record, and a bidder's receipts against it, offline.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::home::{load_roster, read_text};
use crate::cli::output::{Table, clean, faint, strong};
use crate::cli::{answer, view};
use crate::client::state::SentBid;
use crate::identity::{Digest, Signed, Statement as _};
use crate::rules::market::Question;
use crate::rules::scoring::shown;
use crate::session::Receipt;
use crate::session::carried::handicap;
use crate::session::record::{ReceiptStanding, Record, Report};

/// What to check.
///
/// A record proves that the nodes of its roster signed this outcome. Whose nodes they are, only
/// you can know: give the roster you trust, or its digest. Without either, the roster of the home
/// folder is compared, if there is one and it was pinned there. The coordinator's key is no
/// substitute: whoever holds it can sign a roster of nodes that do not exist, and everything that
/// such nodes would sign.
#[derive(Args)]
pub struct VerifyArgs {
    /// The record, as written by `gavel session show SESSION --record FILE`
    file: PathBuf,
    /// The roster you trust
    #[arg(long, value_name = "FILE")]
    roster: Option<PathBuf>,
    /// The digest of the roster you trust, as `gavel roster show` prints it, in full
    #[arg(long, value_name = "DIGEST", conflicts_with = "roster")]
    roster_digest: Option<Digest>,
    /// A bid's file from the bidder's home, or a single receipt: say what became of it
    #[arg(long, value_name = "FILE")]
    receipt: Vec<PathBuf>,
}

/// The result, for scripts.
#[derive(Serialize)]
struct Verified {
    valid: bool,
    trust: Trust,
    #[serde(flatten)]
    report: Report,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    receipts: Vec<Checked>,
}

#[derive(Serialize)]
struct Checked {
    file: PathBuf,
    node: crate::sharing::NodeIndex,
    #[serde(flatten)]
    standing: ReceiptStanding,
    detail: String,
}

/// What says that the nodes of a record are those that the reader trusts.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "by", content = "file", rename_all = "kebab-case")]
enum Trust {
    /// A roster's file that was named.
    Roster(PathBuf),
    /// A roster's digest that was given.
    Digest,
    /// The roster of the home folder.
    Home(PathBuf),
    /// Nothing: the record is only consistent.
    Nobody,
}

/// Check the record, then the receipts.
///
/// # Errors
/// Names the part that was altered and whose signature does not fit, or a broken promise.
pub fn run(context: &Context, args: &VerifyArgs) -> Result<(), Failure> {
    let about = |failure: Failure| failure.about(args.file.display());
    let record = Record::parse(&read_text(&args.file)?).map_err(|error| about(error.into()))?;
    let (trust, digest) = trusted(context, args, &record)?;
    let report = record.verify(digest).map_err(|error| about(error.into()))?;
    let mut receipts = Vec::new();
    for path in &args.receipt {
        for receipt in read_receipts(path)? {
            let standing = record.check_receipt(&receipt);
            let detail = clean(&standing.to_string());
            receipts.push(Checked {
                file: path.clone(),
                node: receipt.body.node,
                standing,
                detail,
            });
        }
    }
    if let Some(broken) = receipts.iter().find(|checked| !checked.standing.kept()) {
        return Err(Failure::new("broken-receipt", &broken.detail).about(broken.file.display()));
    }
    let verified = Verified { valid: true, trust, report, receipts };
    let mut shown = answer::to_json(&verified)?;
    if let Some(outcome) = &verified.report.outcome {
        shown["outcome"] = answer::outcome_json(&record.announcement.body.terms, outcome)?;
    }
    context.output.result(&shown, || text(&record, &verified))
}

/// Whom the reader trusts, and the digest that the record's roster must have for it.
fn trusted(
    context: &Context,
    args: &VerifyArgs,
    record: &Record,
) -> Result<(Trust, Option<Digest>), Failure> {
    if let Some(digest) = args.roster_digest {
        return Ok((Trust::Digest, Some(digest)));
    }
    if let Some(path) = &args.roster {
        return Ok((Trust::Roster(path.clone()), Some(record.trusted(&load_roster(path)?.body))));
    }
    let home = context.home.file("roster.json");
    if !home.exists() {
        return Ok((Trust::Nobody, None));
    }
    // A roster that only lies there is not one that somebody trusts; an earlier one of other nodes is,
    // where it was compared.
    let roster = load_roster(&home)?.body;
    let (pinned, own) = (context.home.settings()?.pinned, record.roster.body.digest());
    if pinned.contains(&own) {
        return Ok((Trust::Home(home), Some(own)));
    }
    if !pinned.contains(&roster.digest()) {
        return Ok((Trust::Nobody, None));
    }
    Ok((Trust::Home(home), Some(record.trusted(&roster))))
}

/// Every receipt in a bid's file, or the one in a receipt's file.
fn read_receipts(path: &Path) -> Result<Vec<Signed<Receipt>>, Failure> {
    let text = read_text(path)?;
    if let Ok(receipt) = serde_json::from_str::<Signed<Receipt>>(&text) {
        return Ok(vec![receipt]);
    }
    let bid: SentBid = serde_json::from_str(&text).map_err(|error| {
        let detail = format!("{} holds neither a bid nor a receipt: {error}", path.display());
        Failure::new("bad-file", detail)
    })?;
    if bid.receipts.is_empty() {
        let detail = format!("{} holds no receipt; send the bid again first", path.display());
        return Err(Failure::new("bad-file", detail));
    }
    Ok(bid.receipts)
}

fn text(record: &Record, verified: &Verified) -> String {
    let report = &verified.report;
    let terms = &record.announcement.body.terms;
    let mut lines = vec![format!("{}  {}", strong(clean(&report.title)), faint(report.session))];
    match &report.outcome {
        Some(outcome) => {
            lines.push(answer::text(terms, &outcome.answer));
            let silent = report.scheme.all().difference(report.signed_by);
            let silent = if silent.is_empty() {
                String::new()
            } else {
                format!("; not by {}", view::nodes(silent))
            };
            lines.push(format!("  outcome signed by {}{silent}", view::nodes(report.signed_by)));
        }
        None => lines.push("No outcome yet.".into()),
    }
    if !report.manifest_signed_by.is_empty() {
        lines.push(format!(
            "  manifest of {} bids signed by {}",
            report.bids,
            view::nodes(report.manifest_signed_by)
        ));
    }
    lines.extend(scores(record, report));
    lines.push(view::exclusions(&report.excluded).trim_end().to_owned());
    lines.push(view::shared_names(&report.shared_names).trim_end().to_owned());
    lines.extend(winners_of_shared_names(record, report));
    let besides = terms.question.as_market().and_then(Question::told_besides);
    lines.extend(besides.map(|besides| format!("  {besides}")));
    lines.push(view::security(terms));
    lines.extend(
        report
            .lies
            .iter()
            .map(|lie| format!("  attempt {}: {}", lie.attempt, lie.told(report.named))),
    );
    if !report.named.is_empty() {
        let threshold = report.scheme.threshold();
        let named = view::nodes(report.named);
        lines.push(format!("  {named} lied, as long as at most {threshold} did"));
    }
    lines.extend(
        verified
            .receipts
            .iter()
            .map(|checked| format!("  receipt of node {}: {}", checked.node, checked.detail)),
    );
    lines.push(match &verified.trust {
        Trust::Roster(file) => right_by(&format!("the roster in {}", file.display())),
        Trust::Digest => right_by("the roster whose digest you gave"),
        Trust::Home(file) => right_by(&format!("this home's roster ({})", file.display())),
        Trust::Nobody => format!(
            "The record is consistent, and that is all: anyone can make up a coordinator and nodes, and a coordinator can make up nodes. Give the roster you trust with --roster FILE, or its digest with --roster-digest (this one's is {}).",
            report.roster
        ),
    });
    lines.retain(|line| !line.is_empty());
    lines.join("\n")
}

fn right_by(roster: &str) -> String {
    format!("Every signature is right, and the nodes are those of {}.", clean(roster))
}

/// Every bid's score, where scores count, and what it adds to the price; of the winner, what it counts as.
fn scores(record: &Record, report: &Report) -> Vec<String> {
    let terms = &record.announcement.body.terms;
    let (Some(scoring), Some(manifest)) = (terms.scoring(), &record.manifest) else {
        return Vec::new();
    };
    let own = terms.question.as_auction().is_some_and(|auction| !auction.is_uniform());
    let sale = report.outcome.as_ref().and_then(|outcome| outcome.answer.as_auction()?.winner());
    let mut table = Table::new(&["bidder", ">score", ">handicap", ">counts as"]);
    for entry in &manifest.body.entries {
        let Some(score) = entry.score.as_deref().map(|signed| &signed.score) else { continue };
        let (Ok(handicap), Some(&value)) = (handicap(scoring, score), score.values.first()) else {
            continue;
        };
        // Of a winner that is not paid its own price, that price is not known.
        let won = sale.filter(|sale| own && sale.entry.envelope == entry.envelope);
        let counts_as = won.map(|sale| terms.question.show(sale.price.saturating_add(handicap)));
        table.row([
            clean(&entry.bidder),
            shown(value, score.fraction),
            terms.question.show(handicap),
            counts_as.unwrap_or_default(),
        ]);
    }
    table.to_string().lines().map(|line| format!("  {line}")).collect()
}

/// Which key won, where its name is not its own.
fn winners_of_shared_names(record: &Record, report: &Report) -> Vec<String> {
    let (Some(outcome), Some(manifest)) = (&report.outcome, &record.manifest) else {
        return Vec::new();
    };
    let shared = |name: &str| report.shared_names.iter().any(|shared| shared.bidder == name);
    let entrants = outcome.answer.entries().into_iter().filter(|entrant| shared(&entrant.bidder));
    entrants
        .filter_map(|entrant| manifest.body.entry(&entrant.envelope))
        .map(|(_, entry)| format!("  {} is key {}", clean(&entry.bidder), entry.key))
        .collect()
}
