//! `gavel bid SESSION`.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{BufRead as _, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use clap::Args;
use serde::Serialize;
use tokio::time::Instant;
use zeroize::Zeroizing;

use crate::base::lock;
use crate::cli::complete;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::home::read_text;
use crate::cli::options::HandInOptions;
use crate::cli::order::OrderOptions;
use crate::cli::output::{clean, strong};
use crate::cli::prompt::{ask, sure};
use crate::cli::{login, order, view};
use crate::client::again::until_answered;
use crate::client::amount::{Check, check, entry};
use crate::client::bid::{self, BidError, Bidder, Ears, Patience, Placed};
use crate::client::pause::once_it_goes_on;
use crate::client::state::BidderState;
use crate::client::{BidAmount, EntryValues, Network, score};
use crate::identity::key_file::BidderKeys;
use crate::identity::{Digest, Roster, Statement as _};
use crate::rules::{Terms, market};
use crate::session::SessionId;
use crate::session::naming::SharedName;
use crate::session::scoring::SignedScore;
use crate::sharing::{NodeIndex, NodeSet};

/// A bid, an order for a market, or values for a job.
///
/// The amount is asked for without showing it, or read as one line from standard input when that
/// is no terminal. In a market, steps say how much to buy or to sell at which prices; what they come
/// to is shown before it is signed. Amount or order are split here; no server ever receives them.
///
/// A bid is in once n - t nodes have signed a receipt for it: whichever 2t+1 nodes close the
/// session, one of them then names it, even if t keep silent.
#[derive(Args)]
pub struct BidArgs {
    /// The session's id, a beginning of it that no other has, or its title
    #[arg(add = complete::session())]
    session: String,
    /// The amount in units, such as 1250.00. Stays in the shell's history and shows in the list
    /// of processes; leave it out to be asked
    #[arg(long, value_name = "AMOUNT", conflicts_with = "resend", allow_hyphen_values = true)]
    amount: Option<String>,
    /// The file of the signed score that the bid comes with, in a scored auction
    #[arg(long, value_name = "FILE", conflicts_with = "resend")]
    score: Option<PathBuf>,
    #[command(flatten)]
    order: OrderOptions,
    /// Send the latest envelope again to the nodes whose receipt is missing
    #[arg(long)]
    resend: bool,
    /// Hand it in without a question, whatever there is to remark of it
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    options: HandInOptions,
}

/// What became of the bid.
#[derive(Serialize)]
struct Handed {
    session: SessionId,
    bidder: String,
    /// The cohort that the operator assigned, where he did.
    #[serde(skip_serializing_if = "Option::is_none")]
    cohort: Option<String>,
    revision: u32,
    envelope: Digest,
    receipts: NodeSet,
    missing: Vec<Missing>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name_shared: Option<SharedName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<PathBuf>,
}

#[derive(Serialize)]
struct Missing {
    node: NodeIndex,
    reason: String,
}

/// Place a bid, or send it again.
///
/// # Errors
/// Why it is not in, with each node's reason.
pub async fn run(context: &Context, args: BidArgs) -> Result<(), Failure> {
    let errand = Errand { session: &args.session, options: &args.options };
    if args.resend {
        return hand_in(context, &errand, None).await;
    }
    let entry = |terms: &Terms, _: Option<u8>| {
        if terms.question.as_survey().is_some() {
            let own = "this is a survey: answer it with `gavel survey answer SESSION`";
            return Err(Failure::usage(own));
        }
        match terms.question.as_market() {
            Some(market) => order_entry(context, market, &args),
            None if terms.question.as_job().is_some() => values_entry(terms, &args),
            None => amount_entry(context, terms, &args),
        }
    };
    let entry = |terms: &Terms, cohort: Option<u8>| {
        let score = own_score(terms, args.score.as_deref())?;
        Ok(entry(terms, cohort)?.with_score(score))
    };
    hand_in(context, &errand, Some(&entry)).await
}

/// To which session something is handed in, and by whom.
pub(super) struct Errand<'a> {
    /// The session's id, a beginning of it that no other has, or its title.
    pub session: &'a str,
    /// How.
    pub options: &'a HandInOptions,
}

/// What makes an entry, given the terms that were shown, and the cohort that is assigned, where one is.
type Make<'a> = &'a dyn Fn(&Terms, Option<u8>) -> Result<EntryValues, Failure>;

/// Hand in what is made once the terms are known; nothing means the latest envelope again.
///
/// # Errors
/// Why it is not in, with each node's reason.
pub(super) async fn hand_in(
    context: &Context,
    errand: &Errand<'_>,
    make: Option<Make<'_>>,
) -> Result<(), Failure> {
    let settings = context.home.settings()?;
    let Some(person) = settings.bidder else {
        return Err(Failure::new(
            "no-keys",
            format!(
                "{} is not a bidder's home; run `gavel init bidder --name NAME` there first, or name the right one with --home",
                context.home.directory().display()
            ),
        ));
    };
    let roster = context.home.roster(errand.options.roster.roster.as_deref())?;
    let keys =
        errand.options.passphrase.load(&context.home.file("bidder.key"), BidderKeys::load)?;
    let network = login::network(&context.home, roster).await?;
    let state = BidderState::Folder(context.home.file("receipts"));
    let pinned = &settings.pinned[..];
    let bidder = Bidder { name: &person.name, keys: &keys.identity, state: &state, pinned };
    bidder.knows_roster(&network)?;
    let wait = Duration::from_secs(errand.options.wait);
    let said = Mutex::new(HashMap::new());
    let waits = |whom: &str, why: &dyn std::fmt::Display, pause: Duration| {
        say_waiting(context, &said, whom, why, pause);
    };
    let end = Instant::now() + wait;
    let own = network.roster().body.digest();
    let (network, session) = until_answered(end, &waits, || network.find(errand.session)).await?;
    // A session of other nodes: only where they are known as well.
    let digest = network.roster().body.digest();
    if digest != own && !pinned.contains(&digest) {
        return Err(other_nodes(&network.roster().body));
    }
    let coordinator = network.coordinator();
    let patience = Patience { deadline: wait, ..Patience::default() };
    let ears = Ears { answers: &|_| {}, waits: &waits };
    let placed = if let Some(make) = make {
        let detail = once_it_goes_on(coordinator, session, end, &waits).await?;
        let announcement = bid::announced(&detail)?;
        let terms = &announcement.body.terms;
        context.output.note(view::terms(terms).trim_end());
        let cohort = bid::assigned_cohort(&network, &announcement, &bidder, patience, &waits);
        let entry = make(terms, cohort.await?)?;
        bid::place_heard(&network, &announcement, &bidder, entry, patience, ears).await
    } else {
        bid::resend_heard(&network, session, &bidder, patience, ears).await
    };
    match placed {
        Ok(placed) => tell(context, &network, &state, &placed),
        Err(error) => {
            if let BidError::Refused { nodes, .. } = &error {
                for node in nodes {
                    context.output.note(clean(&node.to_string()));
                }
            }
            Err(error.into())
        }
    }
}

/// That a session is of another roster than the one that is here, and nobody has compared that.
fn other_nodes(roster: &Roster) -> Failure {
    let (digest, address) = (roster.digest().grouped(), &roster.coordinator.address);
    Failure::new(
        "bad-announcement",
        format!(
            "the session is one of a roster of other nodes than yours, and nothing was sent: a coordinator \
             that invents nodes could read bids. Ask a node's operator whether {digest} is the right \
             digest, and only then run `gavel roster fetch {address} DIGEST --replace` with it; sessions \
             of the roster that is here go on, and you can still bid in them"
        ),
    )
}

/// The score that comes with an entry: from the file that was named, or asked for where the terms count
/// scores. Whether it counts is said before the amount is asked for, as far as that shows without the
/// key.
fn own_score(terms: &Terms, file: Option<&Path>) -> Result<Option<SignedScore>, Failure> {
    if terms.scoring().is_none() && file.is_none() {
        return Ok(None);
    }
    let asked = match file {
        Some(file) => file.to_owned(),
        None => score_file()?,
    };
    let about = |error: &dyn std::fmt::Display| format!("{}: {error}", asked.display());
    let text = read_text(&asked)?;
    let signed = score::read(&text, terms).map_err(|error| Failure::new("score", about(&error)))?;
    Ok(Some(signed))
}

/// Ask for the file of the score.
fn score_file() -> Result<PathBuf, Failure> {
    let missing = "this auction takes bids with a signed score; name its file with --score FILE";
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Err(Failure::usage(missing));
    }
    eprint!("The file of your signed score: ");
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    read.map_err(|error| Failure::new("file", format!("standard input: {error}")))?;
    match line.trim() {
        "" => Err(Failure::usage(missing)),
        file => Ok(file.into()),
    }
}

/// The amount of a bid, given, asked for or read.
fn amount_entry(context: &Context, terms: &Terms, args: &BidArgs) -> Result<EntryValues, Failure> {
    if args.order.given() {
        return Err(Failure::usage("this is an auction: give one --amount, or leave it out"));
    }
    let text = match &args.amount {
        Some(text) => Zeroizing::new(text.clone()),
        None => read_amount(terms)?,
    };
    let amount = BidAmount::parse(&text, &terms.question.unit())?;
    if let Check::Fine(Some(remark)) = check(&text, terms) {
        context.output.note(format!("Mind your amount: {remark}."));
        meant(args.yes)?;
    }
    Ok(amount.into())
}

/// The values that somebody hands in for a job, given, asked for or read as a line.
fn values_entry(terms: &Terms, args: &BidArgs) -> Result<EntryValues, Failure> {
    if args.order.given() {
        let said = "this is a job: give all your values as --amount \"x = 4, y = 5\"";
        return Err(Failure::usage(said));
    }
    let text = match &args.amount {
        Some(text) => Zeroizing::new(text.clone()),
        None => read_amount(terms)?,
    };
    entry(&text, terms).map_err(Failure::usage)
}

/// The fields of an order, which was shown before.
fn order_entry(
    context: &Context,
    market: &market::Question,
    args: &BidArgs,
) -> Result<EntryValues, Failure> {
    if args.amount.is_some() {
        return Err(Failure::usage(
            "this is a market: say what you want with --buy or --sell, or with --order FILE",
        ));
    }
    let order = args.order.read(market)?;
    order::confirm(context, market, &order, args.yes)?;
    Ok(order.fields(market).into())
}

/// Say that somebody is asked again, once for each longer pause.
fn say_waiting(
    context: &Context,
    said: &Mutex<HashMap<String, Duration>>,
    whom: &str,
    why: &dyn std::fmt::Display,
    pause: Duration,
) {
    let before = lock(said).insert(whom.to_owned(), pause);
    if before.is_none_or(|before| before < pause) {
        let why = clean(&why.to_string());
        context.output.note(format!("{} is tried again: {why}", clean(whom)));
    }
}

/// Ask whether an unlikely amount is meant, where somebody sits at a terminal.
fn meant(yes: bool) -> Result<(), Failure> {
    if yes || !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Ok(());
    }
    if !sure("Hand it in all the same?")? {
        return Err(Failure::new("not-confirmed", "nothing was handed in"));
    }
    Ok(())
}

/// Ask for the amount, or read one line of standard input.
fn read_amount(terms: &Terms) -> Result<Zeroizing<String>, Failure> {
    let unit = terms.question.unit().code;
    let unit = if unit.is_empty() { "units" } else { &unit };
    let wanted = match terms.question.as_job() {
        Some(_) => "Your values, such as x = 4, y = 5".to_owned(),
        None => format!("Your bid in {}", clean(unit)),
    };
    if let Some(typed) = ask(&format!("{wanted} (not shown): ")) {
        return typed;
    }
    if std::io::stdin().is_terminal() {
        return Err(Failure::usage(
            "standard error is no terminal to ask on; pipe the amount in, or give it with --amount",
        ));
    }
    // Room for everything at once: a text that grows leaves copies behind.
    let mut line = Zeroizing::new(String::with_capacity(4 << 10));
    std::io::stdin()
        .lock()
        .read_line(&mut line)
        .map_err(|error| Failure::new("file", format!("standard input: {error}")))?;
    if line.trim().is_empty() {
        return Err(Failure::usage(
            "no amount came on standard input; write it as one line, or give it with --amount",
        ));
    }
    Ok(line)
}

fn tell(
    context: &Context,
    network: &Network,
    state: &BidderState,
    placed: &Placed,
) -> Result<(), Failure> {
    let bid = &placed.bid;
    let cohorts = bid.announcement.body.terms.question.assigned_cohorts().unwrap_or_default();
    let own = bid.envelope.cohort().and_then(|own| cohorts.get(usize::from(own)));
    let result = Handed {
        session: bid.session(),
        bidder: bid.envelope.body.bidder.clone(),
        cohort: own.cloned(),
        revision: bid.revision(),
        envelope: bid.digest,
        receipts: bid.nodes(),
        missing: placed
            .missing
            .iter()
            .map(|silence| Missing { node: silence.node, reason: clean(&silence.reason) })
            .collect(),
        name_shared: bid.name_shared.clone(),
        file: state.path(bid.session(), bid.revision()),
    };
    let one = bid.announcement.body.terms.question.entry_words().0;
    context.output.result(&result, || {
        let mut text = format!(
            "{} Revision {}, receipts from {} of {} nodes: {}.\n",
            strong(format!("The {one} is in.")),
            result.revision,
            result.receipts.len(),
            network.nodes().len(),
            result.receipts,
        );
        if let Some(cohort) = &result.cohort {
            let _ = writeln!(text, "It counts in the cohort {}.", clean(cohort));
        }
        for silence in &placed.missing {
            text.push_str(&clean(&silence.to_string()));
            text.push('\n');
        }
        text.push_str(&view::shared_names(&result.name_shared));
        if let Some(file) = &result.file {
            let _ = write!(
                text,
                "Keep {}: it proves what was handed in. `gavel verify RECORD --receipt FILE` \
                 shows later that it counted.",
                file.display()
            );
        }
        text
    })
}
