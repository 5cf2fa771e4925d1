use crate::base::Clock;
use crate::client::bid::*;
use crate::testkit::paperwork::Paperwork;

struct Setting {
    folder: tempfile::TempDir,
    paperwork: Paperwork,
    network: Network,
    bid: SentBid,
}

impl Setting {
    fn new() -> Self {
        crate::transport::tls::install_provider();
        let paperwork = Paperwork::new(3, 1, 1000).unwrap();
        let network = Network::new(paperwork.roster.clone(), None, Clock::System).unwrap();
        let keys = KeyPair::generate().unwrap();
        let envelope = paperwork.bid("ada", &keys, 1, 7).unwrap();
        let bid = SentBid::new(paperwork.announcement.clone(), envelope);
        Self { folder: tempfile::tempdir().unwrap(), paperwork, network, bid }
    }

    fn state(&self) -> BidderState {
        BidderState::Folder(self.folder.path().to_owned())
    }

    fn silence(&self, node: u8, refused: Option<&'static str>) -> Silence {
        Silence {
            node: NodeIndex::new(node).unwrap(),
            name: self.paperwork.roster.body.nodes[usize::from(node) - 1].name.clone(),
            refused,
            reason: "bidding has ended".into(),
        }
    }
}

#[tokio::test]
async fn what_every_node_refuses_leaves_no_revision_behind() {
    let setting = Setting::new();
    let state = setting.state();
    state.create(&setting.bid).unwrap();
    let all = (1..=3).map(|node| setting.silence(node, Some("too-late"))).collect();
    let error =
        conclude(&setting.network, &state, setting.bid.clone(), true, all).await.unwrap_err();
    assert_eq!(error.slug(), "too-late");
    assert_eq!(error.to_string(), "every node refused the bid: bidding has ended");
    assert!(state.bids(setting.bid.session()).unwrap().is_empty());
}

#[tokio::test]
async fn what_one_node_may_hold_is_kept() {
    let setting = Setting::new();
    let state = setting.state();
    state.create(&setting.bid).unwrap();
    // The third node did not answer: it may have the envelope on disk.
    let missing = vec![
        setting.silence(1, Some("too-late")),
        setting.silence(2, Some("too-late")),
        setting.silence(3, None),
    ];
    let error =
        conclude(&setting.network, &state, setting.bid.clone(), true, missing).await.unwrap_err();
    assert_eq!(error.slug(), "too-few-receipts");
    let text = error.to_string();
    assert!(text.contains("only 0 of the 2 receipts needed") && text.contains("node 3"), "{text}");
    assert_eq!(state.bids(setting.bid.session()).unwrap(), std::slice::from_ref(&setting.bid));
}

#[tokio::test]
async fn a_receipt_must_be_the_nodes_own_for_this_envelope() {
    let setting = Setting::new();
    let (node, envelope) = (&setting.network.nodes()[0], &setting.bid.envelope);
    let body = Receipt {
        session: setting.bid.session(),
        node: node.index(),
        bidder: "ada".into(),
        key: envelope.body.key,
        revision: 1,
        envelope: setting.bid.digest,
        received: setting.paperwork.announcement.body.opened,
    };
    let sign = |body: &Receipt, signer: usize| {
        Signed::new(body.clone(), &setting.paperwork.nodes[signer].identity)
    };
    assert!(node.is_receipt_for(envelope, &sign(&body, 0)));
    assert!(!node.is_receipt_for(envelope, &sign(&body, 1)));
    let other = Receipt { revision: 2, ..body.clone() };
    assert!(!node.is_receipt_for(envelope, &sign(&other, 0)));
    let other = Receipt { bidder: "basil".into(), ..body.clone() };
    assert!(!node.is_receipt_for(envelope, &sign(&other, 0)));
    let stranger = Receipt { key: setting.paperwork.nodes[0].identity.public(), ..body.clone() };
    assert!(!node.is_receipt_for(envelope, &sign(&stranger, 0)));
    let other = Receipt { node: NodeIndex::new(2).unwrap(), ..body };
    assert!(!node.is_receipt_for(envelope, &sign(&other, 0)));
}
