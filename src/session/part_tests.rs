use crate::client::{BidAmount, make_envelope};
use crate::identity::{Digest, KeyPair};
use crate::session::SessionId;
use crate::session::part::*;
use crate::testkit::paperwork::Paperwork;

fn node(index: u8) -> NodeIndex {
    NodeIndex::new(index).unwrap()
}

/// Open node `as_node`'s part with the keys of node `keys`.
fn open(
    papers: &Paperwork,
    envelope: &Envelope,
    as_node: u8,
    keys: u8,
) -> Result<Part, ExclusionReason> {
    open_part(envelope, node(as_node), papers.scheme(), papers.sealing(node(keys)).unwrap())
}

#[test]
fn every_node_opens_its_part_and_no_other() {
    let papers = Paperwork::new(5, 2, 1000).unwrap();
    let keys = KeyPair::generate().unwrap();
    let envelope = papers.bid("ada", &keys, 1, 700).unwrap();
    for holder in 1..=5 {
        for reader in 1..=5 {
            let part = open(&papers, &envelope, holder, reader);
            match part {
                Ok(part) if holder == reader => assert_eq!(part.seeds().len(), 6),
                Err(ExclusionReason::PartUnreadable) if holder != reader => {}
                other => panic!("node {reader} read part {holder}: {other:?}"),
            }
        }
    }
}

#[test]
fn parts_of_two_nodes_cannot_be_exchanged() {
    let papers = Paperwork::new(3, 1, 1000).unwrap();
    let keys = KeyPair::generate().unwrap();
    let mut envelope = papers.bid("ada", &keys, 1, 700).unwrap();
    envelope.body.parts.swap(0, 1);
    for index in [1, 2] {
        assert_eq!(
            open(&papers, &envelope, index, index).unwrap_err(),
            ExclusionReason::PartUnreadable
        );
    }
    // The node's index is bound in beside its key: node 1 has the key to what lies in place 2 now,
    // and still cannot open it as part 2.
    assert_eq!(open(&papers, &envelope, 2, 1).unwrap_err(), ExclusionReason::PartUnreadable);
    assert!(open(&papers, &envelope, 3, 3).is_ok());
}

#[test]
fn a_part_opens_only_in_the_envelope_it_was_made_for() {
    let papers = Paperwork::new(3, 1, 1000).unwrap();
    let keys = KeyPair::generate().unwrap();
    let envelope = papers.bid("ada", &keys, 1, 700).unwrap();
    let moved: [fn(&mut Envelope); 6] = [
        |envelope| envelope.body.suite = 2,
        |envelope| envelope.body.session = SessionId([9; 16]),
        |envelope| envelope.body.announcement = Digest([9; 32]),
        |envelope| envelope.body.bidder = "eve".to_owned(),
        |envelope| envelope.body.key = KeyPair::from_secret(&[9; 32]).public(),
        |envelope| envelope.body.revision = 2,
    ];
    for (position, change) in moved.iter().enumerate() {
        let mut changed = envelope.clone();
        change(&mut changed);
        let error = open(&papers, &changed, 2, 2).unwrap_err();
        assert_eq!(error, ExclusionReason::PartUnreadable, "change {position}");
    }
}

#[test]
fn seeds_must_fit_their_commitments() {
    let papers = Paperwork::new(4, 1, 1000).unwrap();
    let keys = KeyPair::generate().unwrap();
    let envelope = papers.bid("ada", &keys, 1, 700).unwrap();
    let sets = papers.scheme().sets();
    for (position, set) in sets.iter().enumerate() {
        let mut bent = envelope.clone();
        bent.body.commitments[position].0[31] ^= 1;
        for index in 1..=4 {
            // Node i sees it unless the component is the one that it does not hold.
            let seen = open(&papers, &bent, index, index).err();
            let expected = (!set.contains(node(index))).then_some(ExclusionReason::SeedsDoNotFit);
            assert_eq!(seen, expected, "component {position}, node {index}");
        }
    }
    let mut exchanged = envelope.clone();
    exchanged.body.commitments.swap(0, 1);
    assert_eq!(open(&papers, &exchanged, 4, 4).unwrap_err(), ExclusionReason::SeedsDoNotFit);
    let mut short = envelope;
    short.body.commitments.pop();
    assert_eq!(open(&papers, &short, 4, 4).unwrap_err(), ExclusionReason::SeedsDoNotFit);
}

#[test]
fn a_part_of_another_length_is_refused() {
    let papers = Paperwork::new(3, 1, 1000).unwrap();
    let keys = KeyPair::generate().unwrap();
    let mut envelope = papers.bid("ada", &keys, 1, 700).unwrap();
    let context = envelope.body.context();
    let sealing = papers.sealing(node(1)).unwrap();
    let part = open(&papers, &envelope, 1, 1).unwrap();
    let good = part.encode();
    let longer = [&good[..], &[0; SEED_BYTES]].concat();
    for plain in [&good[..63], &good[..32], &good[..0], &[&good[..], &[0]].concat(), &longer] {
        let sealed = sealing::seal(sealing.public(), &info(&context, node(1)), b"", plain).unwrap();
        envelope.body.parts[0] = sealed;
        let error = open(&papers, &envelope, 1, 1).unwrap_err();
        assert_eq!(error, ExclusionReason::PartUnreadable, "{} bytes", plain.len());
    }
    envelope.body.parts[0] = seal_part(&context, node(1), &part, sealing.public()).unwrap();
    assert!(open(&papers, &envelope, 1, 1).is_ok());
    // A node that the roster does not have, and a missing part.
    let error = open_part(&envelope, node(9), papers.scheme(), sealing).unwrap_err();
    assert_eq!(error, ExclusionReason::PartUnreadable);
    envelope.body.parts.pop();
    assert_eq!(open(&papers, &envelope, 1, 1).unwrap_err(), ExclusionReason::PartUnreadable);
}

#[test]
fn a_part_is_never_printed() {
    let part = Part::new(vec![Seed::from_bytes([0xab; 32]), Seed::from_bytes([0xcd; 32])]);
    assert_eq!(format!("{part:?}"), "Part(2 secret seeds)");
}

#[test]
fn the_same_bid_twice_shares_nothing() {
    let papers = Paperwork::new(3, 1, u64::from(u32::MAX)).unwrap();
    let keys = KeyPair::generate().unwrap();
    let bid = || {
        make_envelope(
            &papers.announcement,
            &papers.roster,
            papers.admit("ada", &keys),
            "ada",
            &keys,
            1,
            BidAmount::new(700),
        )
        .unwrap()
        .body
    };
    let (first, second) = (bid(), bid());
    assert_ne!(first.correction, second.correction);
    for (a, b) in first.commitments.iter().zip(&second.commitments) {
        assert_ne!(a, b);
    }
}
