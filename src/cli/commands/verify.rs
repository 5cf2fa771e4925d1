//! `gavel verify FILE`: a session's record, and a bidder's receipts against it, offline.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::home::{load_roster, read_text};
use crate::cli::output::{clean, faint, strong};
use crate::cli::{answer, view};
use crate::client::state::SentBid;
use crate::identity::{PublicKey, Signed, Statement as _};
use crate::session::Receipt;
use crate::session::record::{Pin, ReceiptStanding, Record, Report};

/// What to check.
///
/// A record proves that the nodes of its roster signed this outcome. Whose nodes they are, only
/// you can know: give the roster you trust, or the coordinator's key. Without either, the roster
/// of the home folder is compared, if there is one and it was pinned there.
#[derive(Args)]
pub struct VerifyArgs {
    /// The record, as written by `gavel session show SESSION --record FILE`
    file: PathBuf,
    /// The roster you trust
    #[arg(long, value_name = "FILE", conflicts_with = "coordinator")]
    roster: Option<PathBuf>,
    /// The key of the coordinator you trust
    // A key in base64url may begin with a hyphen.
    #[arg(long, value_name = "KEY", allow_hyphen_values = true)]
    coordinator: Option<PublicKey>,
    /// A bid's file from the bidder's home, or a single receipt: say what became of it
    #[arg(long, value_name = "FILE")]
    receipt: Vec<PathBuf>,
}

/// The result, for scripts.
#[derive(Serialize)]
struct Verified {
    valid: bool,
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

/// Check the record, then the receipts.
///
/// # Errors
/// Names the part that was altered and whose signature does not fit, or a broken promise.
pub fn run(context: &Context, args: &VerifyArgs) -> Result<(), Failure> {
    let about = |failure: Failure| failure.about(args.file.display());
    let record = Record::parse(&read_text(&args.file)?).map_err(|error| about(error.into()))?;
    let report =
        record.verify(pin(context, args, &record)?).map_err(|error| about(error.into()))?;
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
    let verified = Verified { valid: true, report, receipts };
    let mut shown = answer::to_json(&verified)?;
    if let Some(outcome) = &verified.report.outcome {
        shown["outcome"] = answer::outcome_json(&record.announcement.body.terms, outcome)?;
    }
    context.output.result(&shown, || text(&record, &verified))
}

fn pin(context: &Context, args: &VerifyArgs, record: &Record) -> Result<Option<Pin>, Failure> {
    if let Some(key) = args.coordinator {
        return Ok(Some(Pin::Coordinator(key)));
    }
    if let Some(path) = &args.roster {
        return Ok(Some(record.pin(&load_roster(path)?.body)));
    }
    let home = context.home.file("roster.json");
    if !home.exists() {
        return Ok(None);
    }
    // A roster that only lies there is not one that somebody trusts.
    let roster = load_roster(&home)?.body;
    let compared = context.home.settings()?.pinned.contains(&roster.digest());
    Ok(compared.then(|| record.pin(&roster)))
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
            let settled = if report.settled { "" } else { "; 2t+1 are needed to settle" };
            lines.push(format!("  outcome signed by {}{settled}", view::nodes(report.signed_by)));
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
    lines.push(view::exclusions(&report.excluded).trim_end().to_owned());
    lines.extend(
        verified
            .receipts
            .iter()
            .map(|checked| format!("  receipt of node {}: {}", checked.node, checked.detail)),
    );
    lines.push(if report.pinned {
        "Every signature is right, and the nodes are those you trust.".into()
    } else {
        format!(
            "Every signature is right. Whose nodes these are was not checked: give the roster you trust with --roster FILE (this one's digest is {}).",
            report.roster
        )
    });
    lines.retain(|line| !line.is_empty());
    lines.join("\n")
}
