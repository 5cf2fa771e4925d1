//! A node that lies, among real servers, in sessions of every kind: what is decided is right, and the
//! record says who lied.

use futures_util::{StreamExt as _, stream};
use gavel::identity::Statement as _;
use gavel::protocol::StepId;
use gavel::session::Phase;
use gavel::sharing::NodeIndex;
use gavel::testkit::{At, Lie};

use super::auction::{Settled, file, set};
use super::kind::{Kind, Played};
use super::net::{Net, Setup, index};

const LIAR: u8 = 3;

/// One step of every kind of message that nodes send each other in an attempt of an auction.
const OF_AUCTIONS: [&str; 11] = [
    "keys",
    "keys/confirm",
    "range-check/less-than/0",
    "range-check/open/check/digests",
    "range-check/open/check/proofs",
    "range-check/open/check/verdict",
    "range-check/open",
    "tournament/1/losses/0",
    "tournament/1/pick/0",
    "winner/check/verdict",
    "winner",
];

/// The same of a market; its gates, and those of a survey, are told by number.
const OF_MARKETS: [&str; 9] = [
    "keys",
    "keys/confirm",
    "price/check/digests",
    "price/check/proofs",
    "price/check/verdict",
    "price",
    "volume",
    "quantities/check/verdict",
    "quantities",
];

/// Some of those of a scored auction; the others are those of every auction.
const OF_SCORED: [&str; 4] =
    ["range-check/open/check/proofs", "tournament/1/losses/0", "winner/check/verdict", "winner"];

/// The same of a survey.
const OF_SURVEYS: [&str; 9] = [
    "keys",
    "keys/confirm",
    "range/open/check/digests",
    "range/open/check/proofs",
    "range/open/check/verdict",
    "range/open",
    "withheld-cohorts",
    "results/check/verdict",
    "results",
];

/// Where somebody lies in a session of this kind, and whether with gates: these convict at once when
/// all are told the same.
fn places(kind: Kind) -> Vec<(At, bool)> {
    let step = |name: &&str| {
        let gates = ["less-than", "losses", "pick"].iter().any(|part| name.contains(part));
        (At::Step(StepId::of(name)), gates)
    };
    let steps: &[&str] = match kind {
        Kind::Auction => return OF_AUCTIONS.iter().map(step).collect(),
        Kind::Scored => &OF_SCORED,
        Kind::Market => &OF_MARKETS,
        Kind::Survey => &OF_SURVEYS,
        // Lies in products are in tests/protocols.
        Kind::Job => return Vec::new(),
    };
    let gates = [2, 3].map(|number| (At::Number(number), true));
    steps.iter().map(step).chain(gates).collect()
}

async fn session(kind: Kind, at: At, to: Option<NodeIndex>) -> (Played, Settled) {
    let lie = Lie { at, to, bit: 77 };
    let net = Net::start(Setup { liar: Some((LIAR, lie)), ..Setup::new(5, 1) }).await;
    let played = kind.play(&net.network).await;
    played.close().await;
    let settled = played.settled().await;
    (played, settled)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lie_in_any_kind_of_message_changes_nothing_and_is_in_the_record() {
    let places = Kind::ALL.into_iter().flat_map(|kind| {
        let places = places(kind).into_iter();
        places.flat_map(move |place| [None, Some(index(1))].map(|to| (kind, place, to)))
    });
    let ended: Vec<_> = stream::iter(places)
        .map(|(kind, (at, gates), to)| async move { (at, gates, to, session(kind, at, to).await) })
        .buffer_unordered(7)
        .collect()
        .await;
    for (at, gates, to, (played, settled)) in ended {
        let what = format!("{:?}, {at:?} to {to:?}: {:?}", played.kind, settled.report.lies);
        played.check(&settled, &what);
        assert!(!settled.report.lies.is_empty(), "{what}");
        let mut sets = settled.report.lies.iter().flat_map(|lie| &lie.sets);
        assert!(sets.all(|set| set.contains(index(LIAR))), "{what}");
        assert!(settled.report.named.is_subset_of(set(&[LIAR])), "{what}");
        // What is said to all alike convicts at once, and the next attempt is right.
        if to.is_none() && gates {
            assert_eq!(settled.report.named, set(&[LIAR]), "{what}");
            assert_eq!(settled.detail.attempts.len(), 2, "{what}");
        }
        assert!(settled.detail.attempts.len() <= 10, "{what}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_all_nodes_are_needed_a_liar_ends_the_session_and_its_record_says_so() {
    use gavel::wire::reason::Reason;

    let lie = Lie::IN_FIRST_GATES;
    let net = Net::start(Setup { liar: Some((LIAR, lie)), ..Setup::new(3, 1) }).await;
    let auction = net.open(&file("second-price", None, None)).await;
    auction.bid("ada", 700).await;
    auction.bid("basil", 900).await;
    auction.close().await;
    let detail = auction.failed(1).await;
    let reason = detail.reason.unwrap();
    assert!(matches!(reason.reason, Reason::AttemptsFailed { failed: 1, .. }), "{reason:?}");
    let record = net.network.coordinator().record(auction.session).await.unwrap();
    let report = record.verify(Some(net.roster.body.digest())).unwrap();
    assert!(report.outcome.is_none() && !report.lies.is_empty());
    assert!(report.lies[0].sets.iter().all(|set| set.contains(index(LIAR))));
}

/// Three nodes are needed to compute, and two signatures for the outcome: who has seen it cannot
/// keep it up by not signing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_never_signs_keeps_nothing_up() {
    let lie = Lie { at: At::Signature, to: None, bit: 0 };
    let net = Net::start(Setup { liar: Some((LIAR, lie)), ..Setup::new(3, 1) }).await;
    let auction = net.open(&file("second-price", None, None)).await;
    for (name, units) in [("ada", 700), ("basil", 900)] {
        auction.bid(name, units).await;
    }
    auction.close().await;
    let settled = auction.settled().await;
    assert_eq!(settled.winner(), Some(("basil", 700)));
    assert_eq!(settled.report.signed_by, set(&[1, 2]));
    let [attempt] = &settled.detail.attempts[..] else { panic!("one attempt") };
    let unsigned = attempt.unsigned.as_ref().unwrap();
    assert_eq!(unsigned.reason.nodes(), set(&[LIAR]), "{unsigned:?}");
    // The node itself takes the outcome up, and says so.
    auction.all_nodes_reach(Phase::Settled).await;
}
