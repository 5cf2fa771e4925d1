//! A session that is paused and goes on, with real processes killed on the way.

use std::time::Duration;

use futures_util::StreamExt as _;
use gavel::base::Clock;
use gavel::client::BidAmount;
use gavel::client::bid::{self, Bidder, Patience};
use gavel::client::split::make_envelope;
use gavel::client::state::BidderState;
use gavel::identity::{KeyPair, Statement as _};
use gavel::session::Phase;
use gavel::session::progress::What;
use gavel::wire::coordinator_api::SessionDetail;
use gavel::wire::problem::ProblemType;
use gavel::wire::reason::Reason;

use super::auction::{Auction, file, refusal};
use super::site::Site;

fn paused(detail: &SessionDetail) -> bool {
    detail.summary.phase == Phase::Paused
}

fn open(detail: &SessionDetail) -> bool {
    detail.summary.phase == Phase::Open
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_survives_kills_and_no_bid_gets_past_it() {
    let mut site = Site::start(3, 1, 0);
    let auction = Auction::open(&site.network, &file("second-price", Some(500), None)).await;
    let ada = auction.bid("ada", 700).await;
    // Admitted before the pause: an envelope that nothing but the pause keeps out.
    let keys = KeyPair::generate().unwrap();
    let admission = auction.admit("basil", &keys).await;
    let basil = make_envelope(
        &auction.announcement,
        &site.network.shared_roster(),
        admission,
        "basil",
        &keys,
        1,
        BidAmount::new(900),
    )
    .unwrap();
    let coordinator = site.network.coordinator();
    let why = Some("the hall is flooded".to_owned());
    let detail = coordinator.pause(auction.session, why.clone()).await.unwrap();
    assert_eq!(detail.reason.as_ref().unwrap().reason, Reason::Paused { why });
    auction.all_nodes_reach(Phase::Paused).await;

    site.coordinator.kill();
    site.nodes[0].kill();
    site.nodes[0].start();
    // The nodes refuse by themselves, whoever is away, and give receipts for what they have.
    for node in 1..=3 {
        assert_eq!(refusal(auction.hand_in(node, &basil).await), ProblemType::Paused);
        assert!(auction.hand_in(node, &ada.bid.envelope).await.is_ok());
    }
    site.coordinator.start();
    let detail = auction.wait("still paused", paused).await;
    assert!(detail.reason.unwrap().contains("flooded"));
    auction.all_nodes_reach(Phase::Paused).await;
    let chiara = KeyPair::generate().unwrap();
    let pinned = [site.network.roster().body.digest()];
    let bidder =
        Bidder { name: "chiara", keys: &chiara, state: &BidderState::Memory, pinned: &pinned };
    let second = Duration::from_secs(1);
    let patience = Patience { deadline: second, stragglers: second };
    let amount = BidAmount::new(800);
    let placed = bid::place(&site.network, &auction.announcement, &bidder, amount, patience).await;
    assert_eq!(placed.unwrap_err().slug(), "paused");
    assert_eq!(
        bid::announcement(&site.network, auction.session).await.unwrap_err().slug(),
        "paused"
    );

    // Who hands in with patience is in once it goes on; a node that was away is told of it.
    site.nodes[2].kill();
    let waiting = auction.bid("dmitri", 800);
    let resuming = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        site.network.coordinator().resume(auction.session, None).await.unwrap()
    };
    let (dmitri, resumed) = tokio::join!(waiting, resuming);
    assert!(dmitri.bid.receipts.len() >= 2 && open(&resumed));
    site.nodes[2].start();
    auction.node_reaches(3, Phase::Open).await;
    for node in 1..=3 {
        auction.hand_in(node, &basil).await.unwrap();
    }
    // Closed by hand out of a pause.
    let coordinator = site.network.coordinator();
    coordinator.pause(auction.session, None).await.unwrap();
    auction.close().await;
    let settled = auction.settled().await;
    assert_eq!(settled.winner(), Some(("basil", 800)));
    assert_eq!(settled.names().len(), 3);
    let phases: Vec<Phase> = settled.detail.timeline.iter().map(|(phase, _)| *phase).collect();
    let before = [Phase::Draft, Phase::Open, Phase::Paused, Phase::Open, Phase::Paused];
    assert_eq!(phases[..5], before);
    assert_eq!(phases[5], Phase::Closing);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_time_in_the_terms_closes_nothing_that_is_paused() {
    let site = Site::start(3, 1, 0);
    let text = file("second-price", Some(500), None);
    let soon = text.replace("bids_until = \"1h\"", "bids_until = \"12s\"");
    assert_ne!(text, soon);
    let auction = Auction::open(&site.network, &soon).await;
    let (mut events, mut told) = (site.network.coordinator().events(), Vec::new());
    // Whoever listens has begun to once anything is heard.
    let (heard, _) = tokio::join!(events.next(), auction.bid("ada", 700));
    assert!(heard.unwrap().is_ok());
    let coordinator = site.network.coordinator();
    let why = Some("the hall is flooded".to_owned());
    coordinator.pause(auction.session, why).await.unwrap();
    while !told.iter().any(|reason: &String| reason.contains("flooded")) {
        let event = events.next().await.unwrap().unwrap();
        if let (What::Phase { phase: Phase::Paused, reason }, None) = (event.what, event.node) {
            told.extend(reason);
        }
    }
    let until = auction.announcement.body.terms.bids_until.millis();
    // By the coordinator's clock, which is this machine's.
    let over = |_: &SessionDetail| Clock::System.now().millis() > until + 1_500;
    let detail = auction.wait("the time in the terms", over).await;
    assert_eq!(detail.summary.phase, Phase::Paused);
    // Nobody gets longer than was announced: it goes on, and closes at once.
    coordinator.resume(auction.session, None).await.unwrap();
    let settled = auction.settled().await;
    assert_eq!(settled.names(), ["ada"]);
}
