//! `gavel receipt list|show`.

use std::fmt::Write as _;

use clap::Subcommand;
use serde::Serialize;
use serde_json::json;

use crate::cli::complete;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::output::Table;
use crate::cli::view;
use crate::client::state::{BidderState, SentBid};
use crate::identity::Digest;
use crate::session::SessionId;
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

/// Show what is kept; no server is asked.
///
/// # Errors
/// When a file cannot be read, or no session fits.
pub fn run(context: &Context, command: ReceiptCommand) -> Result<(), Failure> {
    let state = BidderState::Folder(context.home.file("receipts"));
    match command {
        ReceiptCommand::List => list(context, &state),
        ReceiptCommand::Show { session } => show(context, &state, &session),
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

fn show(context: &Context, state: &BidderState, beginning: &str) -> Result<(), Failure> {
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
