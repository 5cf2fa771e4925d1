//! The bidders, and the session that they bid in.
//!
//! Every bidder is admitted, seals its bid, and hands the envelope in to every node, over TLS
//! connections of its own unless told otherwise. The bidders' own work (handshakes, sealing,
//! checking receipts) is done on the same machine at the same time and is in the figures. Then the
//! session is closed and the outcome compared with plain arithmetic.

use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use futures_util::future::join_all;
use futures_util::stream;

use super::report::{Asked, IntakeReport, Phases, Tally};
use super::servers::Servers;
use crate::base::Clock;
use crate::base::offload::offload;
use crate::bench::BenchError;
use crate::bench::engine::inputs::draw;
use crate::client::bid::BidError;
use crate::client::{BidAmount, ClientError, Network, bid, make_envelope};
use crate::identity::{KeyPair, Roster, Signed};
use crate::rules::auction::{Kind, reference};
use crate::session::{Announcement, Phase, SessionId};
use crate::transport::HttpError;
use crate::wire::coordinator_api::{NewSession, SessionDetail};
use crate::wire::problem::ProblemType;

/// Bits of a bid.
const BITS: u32 = 32;

/// Longest wait for the outcome.
const SETTLED: Duration = Duration::from_secs(900);

/// How often to look for it.
const POLL: Duration = Duration::from_millis(250);

/// The session, which takes any amount of 32 bits.
const FILE: &str = "title = \"Bench\"\nkind = \"second-price\"\nbids_until = \"12h\"\n\
                    maximum = \"4294967295\"\n";

/// What happens meanwhile, for whoever watches.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Event {
    /// The bidders set out.
    Bidding {
        /// Bids that are in so far.
        bids: u64,
    },
    /// One of them is through, with or without its receipts.
    Bid,
    /// All are through.
    Taken {
        /// Bids with a receipt of every node.
        complete: u64,
        /// Time that it took.
        seconds: f64,
    },
    /// The session is being closed.
    Closing,
    /// It is not decided yet.
    Waiting,
    /// It is decided.
    Settled {
        /// Time that it took, from closing on.
        seconds: f64,
    },
}

/// Told of what happens.
pub type Watcher<'a> = &'a mut (dyn FnMut(Event) + Send);

/// A bidder.
struct Bidder {
    name: String,
    keys: KeyPair,
    amount: u64,
}

/// What went wrong with a bid.
enum Trouble {
    /// A server could not be reached or refused, or the bid could not be sealed.
    Bid(BidError),
    /// A receipt for another envelope, or by another node.
    WrongReceipt,
}

impl Trouble {
    fn slug(&self) -> &'static str {
        match self {
            Self::Bid(error) => error.slug(),
            Self::WrongReceipt => "wrong-receipt",
        }
    }

    /// Whether a server had too much to do.
    fn is_refusal(&self) -> bool {
        let Self::Bid(BidError::Client(ClientError::Http(error))) = self else { return false };
        error.problem().is_some_and(|problem| {
            matches!(
                problem.kind,
                ProblemType::TooManyRequests | ProblemType::Unavailable | ProblemType::Timeout
            )
        })
    }
}

impl From<BidError> for Trouble {
    fn from(error: BidError) -> Self {
        Self::Bid(error)
    }
}

impl From<ClientError> for Trouble {
    fn from(error: ClientError) -> Self {
        Self::Bid(error.into())
    }
}

impl From<HttpError> for Trouble {
    fn from(error: HttpError) -> Self {
        ClientError::from(error).into()
    }
}

/// What came of one bidder's bid.
struct Handed {
    receipts: u64,
    troubles: Vec<Trouble>,
    took: Duration,
}

/// Start the servers, and measure.
///
/// # Errors
/// When a server does not start or the session does not settle.
pub async fn run(asked: &Asked, watcher: Watcher<'_>) -> Result<IntakeReport, BenchError> {
    let servers = Servers::start(asked.scheme).await?;
    let measured = measure(asked, &servers, watcher).await;
    servers.stop().await;
    measured
}

async fn measure(
    asked: &Asked,
    servers: &Servers,
    watcher: Watcher<'_>,
) -> Result<IntakeReport, BenchError> {
    let bidders = bidders(asked)?;
    let amounts: Vec<u64> = bidders.iter().map(|bidder| bidder.amount).collect();
    let network = &servers.network;
    let file = format!("{FILE}max_bids = {}\n", asked.bids.max(1));
    let new = NewSession { file, open: true, bidders: Vec::new() };
    let session = network.coordinator().new_session(&new).await?.summary.session;
    let announcement = bid::announcement(network, session).await?;

    let (tally, intake) = flood(asked, servers, &announcement, bidders, watcher).await?;
    let after_intake = servers.usage();
    let (detail, phases) = settle(network, session, intake, watcher).await?;
    let right = is_right(&detail, &amounts);
    Ok(IntakeReport::new(asked, phases, tally, after_intake, servers.usage(), right))
}

/// All bids, and how many seconds they took.
async fn flood(
    asked: &Asked,
    servers: &Servers,
    announcement: &Signed<Announcement>,
    bidders: Vec<Bidder>,
    watcher: Watcher<'_>,
) -> Result<(Tally, f64), BenchError> {
    let shared = (0..asked.connections)
        .map(|_| Network::new(servers.roster.clone(), None, Clock::System))
        .collect::<Result<Vec<_>, HttpError>>()?;
    watcher(Event::Bidding { bids: bidders.len() as u64 });
    let began = Instant::now();
    let mut handed = stream::iter(bidders.into_iter().enumerate())
        .map(|(at, bidder)| {
            let connected = shared.get(at % shared.len().max(1)).cloned();
            let (roster, announcement) = (servers.roster.clone(), announcement.clone());
            // Each in a task of its own, as on machines of their own.
            tokio::spawn(one(connected, roster, announcement, bidder))
        })
        .buffer_unordered(asked.at_once);
    let mut tally = Tally::default();
    while let Some(result) = handed.next().await {
        let result = result?;
        watcher(Event::Bid);
        tally.receipts += result.receipts;
        tally.complete += u64::from(result.receipts == u64::from(asked.scheme.nodes()));
        for trouble in result.troubles {
            tally.refused += u64::from(trouble.is_refusal());
            *tally.troubles.entry(trouble.slug()).or_default() += 1;
        }
        tally.latencies.push(result.took);
    }
    let seconds = began.elapsed().as_secs_f64();
    watcher(Event::Taken { complete: tally.complete, seconds });
    Ok((tally, seconds))
}

/// Bidders with amounts that all differ, so that no tie hangs on who came first.
fn bidders(asked: &Asked) -> Result<Vec<Bidder>, BenchError> {
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
        .map_err(BidError::from)?;
        let answers = network.nodes().iter().map(|node| node.hand_in(&envelope));
        let mut troubles = Vec::new();
        let mut receipts = 0;
        for (node, answer) in network.nodes().iter().zip(join_all(answers).await) {
            match answer {
                Ok(handed) if node.is_receipt_for(&envelope, &handed.receipt) => receipts += 1,
                Ok(_) => troubles.push(Trouble::WrongReceipt),
                Err(error) => troubles.push(error.into()),
            }
        }
        Ok::<_, Trouble>((receipts, troubles))
    };
    let (receipts, troubles) = match bidding.await {
        Ok(found) => found,
        Err(trouble) => (0, vec![trouble]),
    };
    Handed { receipts, troubles, took: began.elapsed() }
}

/// Close, and wait for the outcome.
async fn settle(
    network: &Network,
    session: SessionId,
    intake: f64,
    watcher: Watcher<'_>,
) -> Result<(SessionDetail, Phases), BenchError> {
    watcher(Event::Closing);
    let began = Instant::now();
    let mut detail = network.coordinator().close(session).await?;
    let mut closing = None;
    while !detail.summary.phase.is_final() {
        if detail.summary.phase == Phase::Failed || began.elapsed() > SETTLED {
            return Err(BenchError::NotSettled { reason: detail.reason.map(|reason| reason.text) });
        }
        if detail.summary.phase == Phase::Computing {
            closing.get_or_insert_with(|| began.elapsed().as_secs_f64());
        }
        watcher(Event::Waiting);
        tokio::time::sleep(POLL).await;
        detail = network.coordinator().session(session).await?;
    }
    let seconds = began.elapsed().as_secs_f64();
    let closing = closing.unwrap_or(seconds);
    watcher(Event::Settled { seconds });
    Ok((detail, Phases { intake, closing, computing: seconds - closing }))
}

/// Whether every bid counts, and the best one won at the second price.
fn is_right(detail: &SessionDetail, amounts: &[u64]) -> bool {
    let width = amounts.len().to_string().len();
    let expected = reference::decide(Kind::SecondPrice, None, amounts)
        .map(|sale| (name(sale.entry, width), sale.price));
    let counted = detail.manifest.as_ref().map(|manifest| manifest.bids);
    let answer = detail.outcome.as_ref().and_then(|outcome| outcome.body.answer.as_auction());
    let winner = answer.and_then(|answer| answer.winner());
    let winner = winner.map(|sale| (sale.entry.bidder.clone(), sale.price));
    counted == Some(amounts.len() as u64) && winner == expected
}
