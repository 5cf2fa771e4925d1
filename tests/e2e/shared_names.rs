//! A coordinator that gives a bidder's name to a key of its own, so as to put its envelope in the
//! place of hers.

use gavel::client::BidAmount;
use gavel::client::split::make_envelope;
use gavel::identity::KeyPair;
use gavel::session::announcement::AdmissionTicket;
use gavel::session::record::ReceiptStanding;

use super::auction::file;
use super::net::{Net, Setup};

/// Two of five nodes have the other key's envelope before ada bids: as a higher revision, which
/// would replace hers, or as the same, which would exclude both.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_given_to_two_keys_costs_nobody_a_bid_and_shows() {
    let net = Net::start(Setup::new(5, 2)).await;
    for revision in [9, 1] {
        let auction = net.open(&file("first-price", None, None)).await;
        let (name, keys) = ("ada", KeyPair::generate().unwrap());
        let (session, bidder, key) = (auction.session, name.into(), keys.public());
        let ticket = AdmissionTicket { session, bidder, key, cohort: None };
        let admission = ticket.sign(&net.operator);
        let (roster, amount) = (auction.network.roster(), BidAmount::new(1));
        let other = &auction.announcement;
        let other = make_envelope(other, roster, admission, name, &keys, revision, amount).unwrap();
        for node in [1, 2] {
            auction.hand_in(node, &other).await.unwrap();
        }
        let placed = auction.bid(name, 900).await;
        auction.bid("bea", 500).await;
        assert_eq!(placed.bid.receipts.len(), 5);
        // Nodes 1 and 2 tell her, with the coordinator's own signatures.
        let told = placed.bid.name_shared.as_ref().unwrap();
        assert!(told.proves(auction.session, &net.operator.public()));
        assert!(told.admitted.contains_key(&keys.public()));

        auction.close().await;
        let settled = auction.settled().await;
        assert_eq!(settled.winner(), Some((name, 900)));
        let mut names = settled.names();
        names.sort_unstable();
        assert_eq!(names, ["ada", "ada", "bea"]);
        assert!(settled.report.excluded.is_empty());
        // Whoever reads the record learns of it, from the coordinator's screens as well.
        let [shared] = &settled.report.shared_names[..] else { panic!("{:?}", settled.report) };
        assert_eq!((shared.bidder.as_str(), &shared.admitted), (name, &told.admitted));
        let line = settled.detail.manifest.unwrap();
        assert_eq!(line.shared_names, settled.report.shared_names);
        for receipt in &placed.bid.receipts {
            let standing = settled.record.check_receipt(receipt);
            assert!(matches!(standing, ReceiptStanding::Counted { of: 3, .. }), "{standing}");
        }
    }
}
