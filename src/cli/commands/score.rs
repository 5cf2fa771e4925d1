//! `gavel score MODEL --from SHEET`, and `gavel score --check FILE`.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::home::{Over, load_roster, read_json};
use crate::cli::options::{PassphraseOption, RosterOption, host_and_port};
use crate::cli::output::{clean, strong};
use crate::cli::score::{Errand, Told, ask, find, keep, numbers};
use crate::cli::signal::StopOption;
use crate::cli::{data_sheet, login};
use crate::identity::key_file::BidderKeys;
use crate::identity::{Digest, Statement as _};
use crate::scoring::Outcome;
use crate::session::scoring::SignedScore;

/// Have a model score a sheet of data.
///
/// The model's owner does not see the sheet, and you do not see the model; dealers have made what the
/// two of you compute with, and see neither. Where both learn the score, both sign it: the receipt is
/// written to a file that a scored auction takes.
#[derive(Args)]
pub struct ScoreArgs {
    /// The model: its id, a beginning of it, or its name
    #[arg(required_unless_present = "check")]
    model: Option<String>,
    /// The sheet: CSV, XLSX or ODS, with a column for each feature
    #[arg(long, value_name = "FILE", required_unless_present = "check")]
    from: Option<PathBuf>,
    /// Where the model's owner serves it, as it says
    #[arg(long, value_name = "HOST:PORT", required_unless_present = "check")]
    at: Option<String>,
    /// Which row of the sheet, from 1 and without the heading; needed where it has several
    #[arg(long, value_name = "N")]
    row: Option<usize>,
    /// Write the receipt there instead of into the home folder
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
    /// Write over a file that is there already
    #[arg(long)]
    force: bool,
    /// Check a receipt instead: both signatures, and that its dealers are those of the roster
    #[arg(long, value_name = "FILE", conflicts_with_all = ["model", "from", "at", "row", "to"])]
    check: Option<PathBuf>,
    #[command(flatten)]
    roster: RosterOption,
    #[command(flatten)]
    passphrase: PassphraseOption,
    #[command(flatten)]
    stop: StopOption,
}

/// Score a sheet, or check a receipt.
///
/// # Errors
/// Says whose fault it is.
pub async fn run(context: &Context, args: ScoreArgs) -> Result<(), Failure> {
    if let Some(file) = &args.check {
        return check(context, file, args.roster.roster.as_deref());
    }
    let (Some(words), Some(from), Some(at)) = (&args.model, &args.from, &args.at) else {
        return Err(Failure::usage("say which model, --from which sheet, and --at which address"));
    };
    let address = host_and_port(at).map_err(Failure::usage)?;
    let over = Over::forced(args.force);
    if let Some(to) = &args.to {
        over.allows(to)?;
    }
    let home = &context.home;
    let roster = home.roster(args.roster.roster.as_deref())?;
    let named = args.roster.roster.is_some();
    if !named && !home.settings()?.pinned.contains(&roster.body.digest()) {
        let detail = "nobody has compared the roster here with what a node's operator says; \
                      pin it with `gavel roster pin`, or name the roster you trust with --roster";
        return Err(Failure::new("roster-not-pinned", detail));
    }
    let keys = args.passphrase.load(&home.file("bidder.key"), BidderKeys::load)?.identity;
    let network = login::network(home, roster).await?;
    let line = find(&network, words).await?;
    let terms = &line.terms.body;
    let sheet = data_sheet::read(from, terms, args.row)?;
    let errand = Errand {
        network: &network,
        address: &address,
        terms,
        sheet: &sheet,
        keys: &keys,
        events: Some(context.output),
    };
    let stop = args.stop.heed().map_err(|error| Failure::new("internal", error))?;
    let (promise, done) = tokio::select! {
        asked = ask(&errand) => asked?,
        () = stop.input_ended() => {
            return Err(Failure::new("interrupted", "interrupted, as standard input has ended"));
        }
    };
    let file = match &done.outcome {
        Outcome::Signed(signed) => Some(keep(home, signed, args.to.as_deref())?),
        _ => None,
    };
    let told = Told::new(terms, &promise.body, &done, file);
    context.output.result(&told, || told.text())
}

/// Check a signed score.
///
/// # Errors
/// When a signature does not fit, or the dealers are of another roster than the one trusted.
fn check(context: &Context, file: &Path, roster: Option<&Path>) -> Result<(), Failure> {
    let signed: SignedScore = read_json(file, "a signed score")?;
    let about = |failure: Failure| failure.about(file.display());
    let score = signed.check().map_err(|error| about(Failure::new("bad-score", error)))?;
    let home = context.home.file("roster.json");
    let trusted = match roster {
        Some(path) => Some(load_roster(path)?),
        None if home.exists() => {
            let own = context.home.roster(None)?;
            context.home.settings()?.pinned.contains(&own.body.digest()).then_some(own)
        }
        None => None,
    };
    let dealers: Option<Digest> = match &trusted {
        Some(roster) if !roster.body.covers(&score.roster) => {
            let detail = "the dealers of its material are of another roster than the one you trust";
            return Err(about(Failure::new("bad-score", detail)));
        }
        Some(roster) => Some(roster.body.digest()),
        None => None,
    };
    let shown = json!({
        "valid": true,
        "kind": "score",
        "score": numbers(&score.values, score.fraction, None),
        "values": score.values,
        "fraction": score.fraction,
        "model": score.model,
        "owner": score.owner,
        "client": score.client,
        "batch": score.batch,
        "roster": score.roster,
        "trusted": dealers,
        "at": score.at,
    });
    context.output.result(&shown, || {
        let trust = match dealers {
            Some(_) => "of the roster that you trust",
            None => "of a roster that nothing here says you trust; name it with --roster",
        };
        format!(
            "{}: both signed it, on {}.\n  score     {}\n  model     {}\n  owner     {}\n  client    {}\n  batch     {}\n  dealers   {trust}",
            strong("The score is genuine"),
            clean(&score.at.to_string()),
            strong(&shown["score"]),
            score.model,
            score.owner,
            score.client,
            score.batch,
        )
    })
}
