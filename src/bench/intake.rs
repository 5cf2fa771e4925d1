//! `gavel bench intake`: a flood of honest bidders at a whole net.
//!
//! Every bidder is admitted, seals its bid, and hands the envelope in to every node, over TLS
//! connections of its own unless told otherwise. The bidders' own work (handshakes, sealing, checking
//! receipts) is done on the same machine at the same time and is in the figures. Then the session
//! is closed and the outcome compared with plain arithmetic.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use futures_util::future::join_all;
use futures_util::stream;

use super::intake_report::{Asked, IntakeReport, Phases};
use super::town::Town;
use crate::base::Clock;
use crate::base::offload::offload;
use crate::bench::inputs::draw;
use crate::cli::failure::Failure;
use crate::cli::progress::Progress;
use crate::client::{BidAmount, ClientError, Network, bid, make_envelope};
use crate::identity::{KeyPair, Roster, Signed};
use crate::rules::auction::{Kind, reference};
use crate::session::{Announcement, Phase, SessionId};
use crate::transport::HttpError;
use crate::wire::coordinator_api::{NewSession, SessionDetail};

/// Bits of a bid.
const BITS: u32 = 32;

/// Longest wait for the outcome.
const SETTLED: Duration = Duration::from_secs(900);

/// How often to look for it.
const POLL: Duration = Duration::from_millis(250);

/// A bidder.
struct Bidder {
    name: String,
    keys: KeyPair,
    amount: u64,
}

/// What came of one bidder's bid.
struct Handed {
    receipts: u64,
    /// Slugs of refusals, and of what else went wrong.
    troubles: Vec<String>,
    took: Duration,
}

/// Measure.
///
/// # Errors
/// When a server does not start or the session does not settle.
pub async fn run(asked: &Asked) -> Result<IntakeReport, Failure> {
    let town = Town::start(asked.scheme).await?;
    let measured = measure(asked, &town).await;
    town.stop().await;
    measured
}

async fn measure(asked: &Asked, town: &Town) -> Result<IntakeReport, Failure> {
    let bidders = bidders(asked)?;
    let amounts: Vec<u64> = bidders.iter().map(|bidder| bidder.amount).collect();
    let new = NewSession {
        file: "title = \"Bench\"\nkind = \"second-price\"\nbids_until = \"12h\"\n\
               maximum = \"4294967295\"\n"
            .to_owned(),
        open: true,
        bidders: Vec::new(),
    };
    let session = town.network.coordinator().new_session(&new).await?.summary.session;
    let announcement = bid::announcement(&town.network, session).await?;

    let shared = (0..asked.connections)
        .map(|_| Network::new(town.roster.clone(), None, Clock::System))
        .collect::<Result<Vec<_>, HttpError>>()?;
    let mut progress = Progress::start("bids", Some(bidders.len() as u64));
    let began = Instant::now();
    let mut handed = stream::iter(bidders.into_iter().enumerate())
        .map(|(at, bidder)| {
            let connected = shared.get(at % shared.len().max(1)).cloned();
            let (roster, announcement) = (town.roster.clone(), announcement.clone());
            // Each in a task of its own, as on machines of their own.
            tokio::spawn(one(connected, roster, announcement, bidder))
        })
        .buffer_unordered(asked.at_once);
    let mut latencies = Vec::with_capacity(asked.bids);
    let mut troubles: BTreeMap<String, u64> = BTreeMap::new();
    let (mut receipts, mut complete) = (0, 0);
    while let Some(result) = handed.next().await {
        let result = result.map_err(|error| Failure::new("internal", error))?;
        progress.step();
        receipts += result.receipts;
        complete += u64::from(result.receipts == u64::from(asked.scheme.nodes()));
        for trouble in result.troubles {
            *troubles.entry(trouble).or_default() += 1;
        }
        latencies.push(result.took);
    }
    let seconds = began.elapsed().as_secs_f64();
    drop(handed);
    progress.finish(&format!("{complete} in, {seconds:.1} s"));
    let after_intake = town.usage();

    let (detail, phases) = settle(&town.network, session, seconds).await?;
    let correct = complete == amounts.len() as u64 && is_right(&detail, &amounts);
    latencies.sort_unstable();
    Ok(IntakeReport::new(asked, &phases, receipts, troubles, &latencies, after_intake, correct)
        .with_end(&town.usage()))
}

/// Bidders with amounts that all differ, so that no tie hangs on who came first.
fn bidders(asked: &Asked) -> Result<Vec<Bidder>, Failure> {
    let low = usize::BITS - asked.bids.saturating_sub(1).leading_zeros();
    let drawn = draw(asked.seed, 1, BITS - low, asked.bids);
    let width = asked.bids.to_string().len();
    drawn
        .values
        .iter()
        .enumerate()
        .map(|(at, value)| {
            let amount = (value << low) | at as u64;
            Ok(Bidder { name: name(at, width), keys: KeyPair::generate()?, amount })
        })
        .collect()
}

fn name(at: usize, width: usize) -> String {
    format!("bidder {:0width$}", at + 1)
}

/// One bidder: admission, sealing, one envelope to every node. Nothing is tried twice.
async fn one(
    connected: Option<Network>,
    roster: Signed<Roster>,
    announcement: Signed<Announcement>,
    bidder: Bidder,
) -> Handed {
    let began = Instant::now();
    let bidding = async {
        let network = match connected {
            Some(network) => network,
            None => Network::new(roster, None, Clock::System)?,
        };
        let session = announcement.body.session;
        let Bidder { name, keys, amount } = bidder;
        let admission = network.coordinator().admit(session, &name, &keys).await?;
        let roster = network.shared_roster();
        let envelope = offload(move || {
            let amount = BidAmount::new(amount);
            make_envelope(&announcement, &roster, admission, &name, &keys, 1, amount)
        })
        .await
        .map_err(|error| Failure::new("bench", error))?;
        let answers = network.nodes().iter().map(|node| node.hand_in(&envelope));
        let mut troubles = Vec::new();
        let mut receipts = 0;
        for (node, answer) in network.nodes().iter().zip(join_all(answers).await) {
            match answer {
                Ok(receipt) if node.is_receipt_for(&envelope, &receipt) => receipts += 1,
                Ok(_) => troubles.push("wrong-receipt".to_owned()),
                Err(error) => troubles.push(ClientError::from(error).slug().to_owned()),
            }
        }
        Ok::<_, Failure>((receipts, troubles))
    };
    let (receipts, troubles) = match bidding.await {
        Ok(found) => found,
        Err(failure) => (0, vec![failure.kind]),
    };
    Handed { receipts, troubles, took: began.elapsed() }
}

/// Close, and wait for the outcome.
async fn settle(
    network: &Network,
    session: SessionId,
    intake: f64,
) -> Result<(SessionDetail, Phases), Failure> {
    let mut progress = Progress::start("closing and computing", None);
    let began = Instant::now();
    let mut detail = network.coordinator().close(session).await?;
    let mut closing = None;
    while !detail.summary.phase.is_final() {
        if detail.summary.phase == Phase::Failed || began.elapsed() > SETTLED {
            let reason = detail.reason.as_deref().unwrap_or("it takes too long");
            return Err(Failure::new("bench", format!("the session did not settle: {reason}")));
        }
        if detail.summary.phase == Phase::Computing {
            closing.get_or_insert_with(|| began.elapsed().as_secs_f64());
        }
        progress.step();
        tokio::time::sleep(POLL).await;
        detail = network.coordinator().session(session).await?;
    }
    let whole = began.elapsed().as_secs_f64();
    let closing = closing.unwrap_or(whole);
    progress.finish(&format!("{whole:.1} s"));
    Ok((detail, Phases { intake, closing, computing: whole - closing }))
}

/// Whether every bid counts, and the best one won at the second price.
fn is_right(detail: &SessionDetail, amounts: &[u64]) -> bool {
    let width = amounts.len().to_string().len();
    let expected = reference::decide(Kind::SecondPrice, None, amounts)
        .map(|decision| (name(decision.winner, width), decision.price));
    let counted = detail.manifest.as_ref().map(|manifest| manifest.bids);
    let winner = detail.outcome.as_ref().and_then(|outcome| outcome.body.winner.as_ref());
    let winner = winner.map(|winner| (winner.bidder.clone(), winner.price));
    counted == Some(amounts.len() as u64) && winner == expected
}
