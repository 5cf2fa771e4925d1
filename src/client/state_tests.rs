use crate::client::state::*;
use crate::identity::KeyPair;
use crate::sharing::NodeIndex;
use crate::testkit::paperwork::Paperwork;

fn sent(paperwork: &Paperwork, keys: &KeyPair, revision: u32) -> SentBid {
    let envelope = paperwork.bid("ada", keys, revision, 77_123_456).unwrap();
    SentBid::new(paperwork.announcement.clone(), envelope)
}

fn receipt(paperwork: &Paperwork, bid: &SentBid, node: u8) -> Signed<Receipt> {
    let node = NodeIndex::new(node).unwrap();
    let receipt = Receipt {
        session: bid.session(),
        node,
        bidder: "ada".into(),
        key: bid.envelope.body.key,
        revision: bid.revision(),
        envelope: bid.digest,
        received: bid.announcement.body.opened,
    };
    Signed::new(receipt, &paperwork.nodes[node.position()].identity)
}

#[test]
fn bids_are_kept_by_revision_and_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let state = BidderState::Folder(folder.path().join("receipts"));
    let paperwork = Paperwork::new(3, 1, u64::from(u32::MAX)).unwrap();
    let keys = KeyPair::generate().unwrap();
    let session = paperwork.announcement.body.session;
    assert!(state.bids(session).unwrap().is_empty() && state.latest().unwrap().is_empty());

    let mut first = sent(&paperwork, &keys, 1);
    state.create(&first).unwrap();
    first.add(receipt(&paperwork, &first, 3));
    first.add(receipt(&paperwork, &first, 1));
    first.add(receipt(&paperwork, &first, 3));
    state.update(&first).unwrap();
    let second = sent(&paperwork, &keys, 2);
    state.create(&second).unwrap();

    assert_eq!(state.bids(session).unwrap(), [first.clone(), second.clone()]);
    assert_eq!(state.latest().unwrap(), std::slice::from_ref(&second));
    assert_eq!(first.nodes().to_string(), "1 and 3");
    state.forget(&second).unwrap();
    state.forget(&second).unwrap();
    assert_eq!(state.bids(session).unwrap(), [first]);
}

#[test]
fn what_another_process_does_leaves_marks() {
    let folder = tempfile::tempdir().unwrap();
    let state = BidderState::Folder(folder.path().join("receipts"));
    let other = state.clone();
    let paperwork = Paperwork::new(3, 1, u64::from(u32::MAX)).unwrap();
    let keys = KeyPair::generate().unwrap();
    let before = state.marks();
    assert!(before.is_empty() && state.all().0.is_empty() && state.all().1.is_empty());
    let mut bid = sent(&paperwork, &keys, 1);
    other.create(&bid).unwrap();
    let made = state.marks();
    bid.add(receipt(&paperwork, &bid, 1));
    other.update(&bid).unwrap();
    let second = sent(&paperwork, &keys, 2);
    other.create(&second).unwrap();
    let replaced = state.marks();
    assert!(before != made && made != replaced && replaced == state.marks());
    // A damaged file is named and hides no other.
    let path = state.path(bid.session(), 3).unwrap();
    fs::write(&path, "{").unwrap();
    let (bids, errors) = state.all();
    assert_eq!(bids, [bid, second]);
    assert!(matches!(&errors[..], [StateError::Damaged { path: named, .. }] if *named == path));
}

#[test]
fn two_processes_cannot_make_one_revision() {
    let folder = tempfile::tempdir().unwrap();
    let state = BidderState::Folder(folder.path().to_owned());
    let paperwork = Paperwork::new(3, 1, 1000).unwrap();
    let keys = KeyPair::generate().unwrap();
    let first = BidderState::clone(&state);
    let envelope = paperwork.bid("ada", &keys, 1, 5).unwrap();
    let one = SentBid::new(paperwork.announcement.clone(), envelope);
    let envelope = paperwork.bid("ada", &keys, 1, 6).unwrap();
    let other = SentBid::new(paperwork.announcement.clone(), envelope);
    first.create(&one).unwrap();
    assert!(matches!(state.create(&other), Err(StateError::Taken { revision: 1 })));
    assert_eq!(state.bids(one.session()).unwrap(), [one]);
}

#[test]
fn a_damaged_file_is_refused_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let state = BidderState::Folder(folder.path().to_owned());
    let paperwork = Paperwork::new(3, 1, u64::from(u32::MAX)).unwrap();
    let bid = sent(&paperwork, &KeyPair::generate().unwrap(), 1);
    state.create(&bid).unwrap();
    let path = state.path(bid.session(), 1).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    // Not the amount, in any form that a text would have.
    assert!(!text.contains("77123456") && !text.contains("771234.56"));
    for (from, to) in [("\"version\": 1", "\"version\": 2"), ("\"ada\"", "\"bob\""), ("{", "[")] {
        fs::write(&path, text.replacen(from, to, 1)).unwrap();
        let error = state.bids(bid.session()).unwrap_err().to_string();
        assert!(error.contains("1.json is damaged"), "{error}");
    }
}
