//! Bidders who break the rules: each is refused or excluded for the right reason, and the auction
//! of the others is not disturbed.

use gavel::client::{BidAmount, ClientError};
use gavel::identity::{Digest, KeyPair, Signed};
use gavel::session::announcement::AdmissionSignature;
use gavel::session::exclusion::ExclusionReason;
use gavel::session::{Envelope, Receipt, SessionId};
use gavel::sharing::NodeSet;
use gavel::testkit::bad_bidder::BadBidder;
use gavel::wire::coordinator_api::{self, NewSession};
use gavel::wire::{ProblemType, paths};

use super::auction::{Auction, file, refusal, set};
use super::net::{Net, Setup, index};

const MAXIMUM: u64 = 1000;

fn amount() -> BidAmount {
    BidAmount::new(990)
}

struct Bidder {
    name: &'static str,
    keys: KeyPair,
    admission: AdmissionSignature,
}

impl Bidder {
    async fn of(auction: &Auction, name: &'static str) -> Self {
        let keys = KeyPair::generate().unwrap();
        let admission = auction.admit(name, &keys).await;
        Self { name, keys, admission }
    }

    fn bad<'a>(&'a self, auction: &'a Auction, revision: u32) -> BadBidder<'a> {
        BadBidder {
            announcement: &auction.announcement,
            roster: auction.network.roster(),
            admission: self.admission,
            name: self.name,
            keys: &self.keys,
            revision,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_kind_of_bad_bid_is_refused_or_excluded_with_its_reason() {
    let net = Net::start(Setup::new(3, 1)).await;
    let auction = net.open(&file("second-price", Some(100), Some(MAXIMUM))).await;
    for (name, units) in [("ada", 700), ("basil", 900), ("chiara", MAXIMUM), ("dmitri", 0)] {
        auction.bid(name, units).await;
    }

    // Refused by the nodes that see it, excluded because another took it and more than t complain.
    let seeds = Bidder::of(&auction, "seeds").await;
    let envelope = seeds.bad(&auction, 1).wrong_seeds(amount(), set(&[2, 3])).unwrap();
    assert_eq!(refusal(auction.hand_in(2, &envelope).await), ProblemType::SeedsDoNotFit);
    auction.hand_in(1, &envelope).await.unwrap();
    let wrong_seeds = envelope.digest();

    let garbage = Bidder::of(&auction, "garbage").await;
    let envelope = garbage.bad(&auction, 1).garbage_parts(amount(), set(&[1, 3])).unwrap();
    assert_eq!(refusal(auction.hand_in(3, &envelope).await), ProblemType::PartUnreadable);
    auction.hand_in(2, &envelope).await.unwrap();
    let unreadable = envelope.digest();

    // One node alone may be lying when it says that its part does not fit: it gets its seeds from
    // the others, and the bid takes part.
    let dented = Bidder::of(&auction, "dented").await;
    let envelope = dented.bad(&auction, 1).garbage_parts(BidAmount::new(950), set(&[3])).unwrap();
    assert_eq!(refusal(auction.hand_in(3, &envelope).await), ProblemType::PartUnreadable);
    auction.hand_in(1, &envelope).await.unwrap();

    // Two envelopes of one revision, to different nodes.
    let double = Bidder::of(&auction, "double").await;
    let (first, second) =
        double.bad(&auction, 1).two_of_one_revision(amount(), BidAmount::new(1)).unwrap();
    for node in [1, 2] {
        auction.hand_in(node, &first).await.unwrap();
    }
    assert_eq!(refusal(auction.hand_in(1, &second).await), ProblemType::RevisionConflict);
    auction.hand_in(3, &second).await.unwrap();

    // Above the maximum: no node can see it.
    let greedy = Bidder::of(&auction, "greedy").await;
    let envelope = greedy.bad(&auction, 1).unchecked_amount(BidAmount::new(1001)).unwrap();
    for node in 1..=3 {
        auction.hand_in(node, &envelope).await.unwrap();
    }
    let above = envelope.digest();

    refused_at_once(&net, &auction).await;

    let late = Bidder::of(&auction, "late").await;
    auction.close().await;
    let envelope = late.bad(&auction, 1).unchecked_amount(amount()).unwrap();
    auction.wait("closed", |detail| detail.manifest.is_some()).await;
    for node in 1..=3 {
        assert_eq!(refusal(auction.hand_in(node, &envelope).await), ProblemType::TooLate);
    }

    let settled = auction.settled().await;
    assert_eq!(settled.winner(), Some(("chiara", 950)));
    let mut named: Vec<_> = settled
        .report
        .excluded
        .iter()
        .map(|exclusion| {
            (exclusion.bidder.as_str(), exclusion.envelope, exclusion.reason, exclusion.named_by)
        })
        .collect();
    let mut expected = vec![
        ("seeds", wrong_seeds, ExclusionReason::SeedsDoNotFit, set(&[2, 3])),
        ("garbage", unreadable, ExclusionReason::PartUnreadable, set(&[1, 3])),
        ("double", first.digest(), ExclusionReason::TwoEnvelopes, NodeSet::EMPTY),
        ("double", second.digest(), ExclusionReason::TwoEnvelopes, NodeSet::EMPTY),
        ("greedy", above, ExclusionReason::OutOfRange, NodeSet::EMPTY),
    ];
    named.sort_by_key(|line| (line.0, line.1));
    expected.sort_by_key(|line| (line.0, line.1));
    assert_eq!(named, expected);
    let mut names = settled.names();
    names.sort_unstable();
    assert_eq!(names, ["ada", "basil", "chiara", "dented", "dmitri", "greedy", "honest again"]);
}

/// What leaves no trace: every node refuses it.
async fn refused_at_once(net: &Net, auction: &Auction) {
    let everywhere = async |envelope: &Envelope, kind: ProblemType| {
        for node in 1..=3 {
            assert_eq!(refusal(auction.hand_in(node, envelope).await), kind);
        }
    };
    let eve = Bidder::of(auction, "eve").await;
    let ada = KeyPair::generate().unwrap();
    let bad = eve.bad(auction, 1);
    everywhere(&bad.with_key_of(&ada, amount()).unwrap(), ProblemType::NotAdmitted).await;
    everywhere(&bad.signed_by(&ada, amount()).unwrap(), ProblemType::BadEnvelope).await;
    everywhere(&bad.changed_after_signing(amount()).unwrap(), ProblemType::BadEnvelope).await;
    everywhere(&bad.empty_part(amount(), index(1)).unwrap(), ProblemType::BadEnvelope).await;
    let forged = BadBidder { admission: ada.sign(&Digest([7; 32])).into(), ..bad };
    everywhere(&forged.unchecked_amount(amount()).unwrap(), ProblemType::NotAdmitted).await;
    let bad = eve.bad(auction, 0);
    everywhere(&bad.unchecked_amount(amount()).unwrap(), ProblemType::BadEnvelope).await;

    // Shapes that no client makes.
    let bad = eve.bad(auction, 1);
    let mut envelope = bad.unchecked_amount(amount()).unwrap();
    envelope.body.commitments.pop();
    everywhere(&envelope, ProblemType::BadEnvelope).await;
    let mut envelope = bad.unchecked_amount(amount()).unwrap();
    envelope.body.parts.push(envelope.body.parts[0].clone());
    everywhere(&envelope, ProblemType::BadEnvelope).await;
    let mut envelope = bad.unchecked_amount(amount()).unwrap();
    envelope.body.correction.0.push(0);
    everywhere(&envelope, ProblemType::BadEnvelope).await;
    let mut envelope = bad.unchecked_amount(amount()).unwrap();
    envelope.body.suite = 77;
    everywhere(&envelope, ProblemType::BadEnvelope).await;
    let mut envelope = bad.unchecked_amount(amount()).unwrap();
    "\u{1b}[2J".clone_into(&mut envelope.body.bidder);
    everywhere(&envelope, ProblemType::BadEnvelope).await;

    // A copy of another bidder's envelope, and an envelope of another session.
    let honest = Bidder::of(auction, "honest again").await;
    let envelope = honest.bad(auction, 2).unchecked_amount(BidAmount::new(120)).unwrap();
    for node in 1..=3 {
        auction.hand_in(node, &envelope).await.unwrap();
    }
    everywhere(&bad.copy_of(&envelope), ProblemType::PartUnreadable).await;
    let stale = honest.bad(auction, 1).unchecked_amount(amount()).unwrap();
    everywhere(&stale, ProblemType::StaleRevision).await;
    // The same again is no second bid: the receipt is the first one's.
    let first = auction.hand_in(1, &envelope).await.unwrap();
    assert_eq!(auction.hand_in(1, &envelope).await.unwrap(), first);

    let other = net.open(&file("first-price", None, Some(MAXIMUM)).replace("true", "false")).await;
    let node = net.caller(&net.operator, 1);
    let hand_in = async |session, envelope: &Envelope| {
        let path = paths::of(paths::NODE_ENVELOPES, session);
        refusal(node.post::<_, Signed<Receipt>>(&path, envelope).await)
    };
    assert_eq!(hand_in(other.session, &envelope).await, ProblemType::BadEnvelope);
    assert_eq!(hand_in(SessionId([9; 16]), &envelope).await, ProblemType::UnknownSession);
    let mut moved = envelope.clone();
    moved.body.session = other.session;
    assert_eq!(hand_in(other.session, &moved).await, ProblemType::BadEnvelope);

    let fixed = Bidder::of(&other, "fixed").await;
    let once = fixed.bad(&other, 1).unchecked_amount(amount()).unwrap();
    let twice = fixed.bad(&other, 2).unchecked_amount(amount()).unwrap();
    other.hand_in(1, &once).await.unwrap();
    assert_eq!(refusal(other.hand_in(1, &twice).await), ProblemType::ReplacingNotAllowed);

    // A name belongs to the key that took it.
    let taken = auction.network.coordinator().admit(auction.session, "ada", &ada).await;
    match taken {
        Err(ClientError::Http(error)) => {
            assert_eq!(refusal::<()>(Err(error)), ProblemType::NameTaken);
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_listed_bidders_take_part_where_the_terms_say_so() {
    let net = Net::start(Setup::new(3, 1)).await;
    let coordinator = net.network.coordinator();
    let (ada, eve) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let new = NewSession {
        file: file("first-price", None, None) + "admission = \"listed\"\n",
        open: true,
        bidders: vec![coordinator_api::Bidder {
            name: "ada".to_owned(),
            key: ada.public(),
            cohort: None,
        }],
    };
    let session = coordinator.new_session(&new).await.unwrap().summary.session;
    let refused =
        async |name: &str, keys: &KeyPair| match coordinator.admit(session, name, keys).await {
            Err(ClientError::Http(error)) => refusal::<()>(Err(error)),
            other => panic!("{other:?}"),
        };
    assert_eq!(refused("eve", &eve).await, ProblemType::NotAdmitted);
    assert_eq!(refused("ada", &eve).await, ProblemType::NameTaken);
    coordinator.admit(session, "ada", &ada).await.unwrap();
}
