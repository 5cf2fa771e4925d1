//! `gavel receipt list|show|answer`.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::json;

use crate::cli::complete;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::home::read_text;
use crate::cli::market::Cleared;
use crate::cli::options::{PassphraseOption, RosterOption};
use crate::cli::output::{Table, clean, strong};
use crate::cli::{login, view};
use crate::client::state::{BidderState, SentBid};
use crate::client::told;
use crate::identity::key_file::BidderKeys;
use crate::identity::{Digest, Statement as _};
use crate::session::SessionId;
use crate::session::record::Record;
use crate::sharing::NodeSet;

/// What to show.
#[derive(Subcommand)]
pub enum ReceiptCommand {
    /// The latest bid in every session this home has bid in
    List,
    /// Every revision in one session, with the receipts' times
    Show {
        /// The session's id, a beginning of it that no other has, or its title
        #[arg(add = complete::session())]
        session: String,
    },
    /// What the outcome of a session tells this home alone, such as how much it trades in a market
    Answer(AnswerArgs),
}

/// Which session, and where its record is.
#[derive(Args)]
pub struct AnswerArgs {
    /// The session's id, a beginning of it that no other has, or its title
    #[arg(add = complete::session())]
    session: String,
    /// A record from `gavel session show SESSION --record FILE`; no server is asked then
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    #[command(flatten)]
    roster: RosterOption,
    #[command(flatten)]
    passphrase: PassphraseOption,
}

/// What a session tells one participant, for scripts.
#[derive(Serialize)]
struct Own {
    session: SessionId,
    title: String,
    kind: &'static str,
    revision: u32,
    envelope: Digest,
    /// In smallest units of the currency; null where there is no price.
    price: Option<u64>,
    /// In smallest units: above 0 bought, below 0 sold.
    quantity: i64,
}

/// One bid, for scripts.
#[derive(Serialize)]
struct Line {
    session: SessionId,
    title: String,
    bidder: String,
    revision: u32,
    envelope: Digest,
    receipts: NodeSet,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<std::path::PathBuf>,
}

/// Show what is kept. Only for the answer, without a record, a server is asked.
///
/// # Errors
/// When a file cannot be read, no session fits, or a record does not hold.
pub async fn run(context: &Context, command: ReceiptCommand) -> Result<(), Failure> {
    let state = BidderState::Folder(context.home.file("receipts"));
    match command {
        ReceiptCommand::List => list(context, &state),
        ReceiptCommand::Show { session } => show(context, &state, &session),
        ReceiptCommand::Answer(args) => own_answer(context, &state, &args).await,
    }
}

fn line(state: &BidderState, bid: &SentBid) -> Line {
    Line {
        session: bid.session(),
        title: bid.announcement.body.terms.title.clone(),
        bidder: bid.envelope.body.bidder.clone(),
        revision: bid.revision(),
        envelope: bid.digest,
        receipts: bid.nodes(),
        file: state.path(bid.session(), bid.revision()),
    }
}

fn list(context: &Context, state: &BidderState) -> Result<(), Failure> {
    let bids = state.latest()?;
    let lines: Vec<Line> = bids.iter().map(|bid| line(state, bid)).collect();
    context.output.result(&json!({ "bids": lines }), || {
        if lines.is_empty() {
            return "This home has not bid yet.".into();
        }
        let mut table = Table::new(&["session", "title", "bidder", ">revision", "receipts from"]);
        for line in &lines {
            table.row([
                line.session.short(),
                line.title.clone(),
                line.bidder.clone(),
                line.revision.to_string(),
                view::nodes(line.receipts),
            ]);
        }
        table.to_string()
    })
}

/// The one session that this home has bid in with such a title, or such a beginning of its id.
fn find(state: &BidderState, beginning: &str) -> Result<SessionId, Failure> {
    let fits = |bid: &&SentBid| {
        bid.session().to_string().starts_with(beginning)
            || bid.announcement.body.terms.title.eq_ignore_ascii_case(beginning)
    };
    let latest = state.latest()?;
    let sessions: Vec<SessionId> = latest.iter().filter(fits).map(SentBid::session).collect();
    let [session] = sessions[..] else {
        let error = crate::client::ClientError::NoSuchSession {
            beginning: beginning.to_owned(),
            found: sessions.len(),
        };
        return Err(error.into());
    };
    Ok(session)
}

/// Check the record and say what it tells this home.
async fn own_answer(
    context: &Context,
    state: &BidderState,
    args: &AnswerArgs,
) -> Result<(), Failure> {
    let session = find(state, &args.session)?;
    let roster = context.home.roster(args.roster.roster.as_deref())?;
    let named = args.roster.roster.is_some();
    if !named && !context.home.settings()?.pinned.contains(&roster.body.digest()) {
        let detail = "nobody has compared the roster here with what a node's operator says; \
                      pin it with `gavel roster pin`, or name the roster you trust with --roster";
        return Err(Failure::new("roster-not-pinned", detail));
    }
    let record = if let Some(path) = &args.record {
        let read = Record::parse(&read_text(path)?);
        read.map_err(|error| Failure::from(error).about(path.display()))?
    } else {
        let network = login::network(&context.home, roster.clone()).await?;
        network.coordinator().record(session).await?
    };
    let keys = args.passphrase.load(&context.home.file("bidder.key"), BidderKeys::load)?;
    // A session that went on under an earlier roster, which was compared as well.
    let settings = context.home.settings()?;
    let earlier = !named && settings.pinned.contains(&record.roster.body.digest());
    let trusted = if earlier { &record.roster.body } else { &roster.body };
    let own = told::own_trade(&record, trusted, session, state, &keys.identity)?;
    let terms = &record.announcement.body.terms;
    let outcome = record.outcome.as_ref().map(|outcome| &outcome.body.answer);
    let cleared = outcome.and_then(|answer| Cleared::of(terms, answer));
    let line = cleared.as_ref().map_or_else(String::new, |cleared| cleared.own_line(own.quantity));
    let own = Own {
        session,
        title: terms.title.clone(),
        kind: terms.question.kind_name(),
        revision: own.revision,
        envelope: own.envelope,
        price: cleared.as_ref().and_then(Cleared::price_opened),
        quantity: own.quantity,
    };
    context.output.result(&own, || format!("{}\n{line}", strong(clean(&own.title))))
}

fn show(context: &Context, state: &BidderState, beginning: &str) -> Result<(), Failure> {
    let session = find(state, beginning)?;
    let bids = state.bids(session)?;
    context.output.result(&json!({ "bids": bids }), || {
        let mut text = String::new();
        for bid in &bids {
            let mut table = Table::new(&[">node", "received"]);
            for receipt in &bid.receipts {
                table.row([receipt.body.node.to_string(), receipt.body.received.to_string()]);
            }
            let (revision, digest) = (bid.revision(), bid.digest);
            let _ = write!(text, "revision {revision}, envelope {digest}\n{table}");
        }
        text
    })
}
