use crate::identity::{KeyPair, Statement as _};
use crate::session::bundle::Complaint;
use crate::session::fixtures::{World, entry, node};
use crate::session::record::Format;
use crate::session::record::standing::*;
use crate::session::{Envelope, Manifest};

/// A record of this bundle alone, signed by all.
fn closed(world: &World, bundle: Bundle) -> Record {
    let manifest = Manifest::derive(&world.announcement.body, world.roster.body.scheme, &bundle);
    let record = Record {
        format: Format::One,
        roster: world.roster.clone(),
        announcement: world.announcement.clone(),
        bundle: Some(bundle),
        manifest: Some(world.co_sign(manifest, &[1, 2, 3, 4, 5])),
        outcome: None,
        accusations: Vec::new(),
    };
    record.verify(Some(world.roster.body.digest())).unwrap();
    record
}

/// Where anything but a later envelope of the same key keeps a bid out, the promise is not kept,
/// and the node that broke it is named.
#[test]
fn kept_is_only_what_was_promised() {
    let world = World::new(5, 2);
    let ada = world.envelope("ada", 1, 1);
    let receipts: Vec<_> = (3..=5).map(|node| world.receipt(node, &ada, 10)).collect();
    let standings = |bundle| {
        let record = closed(&world, bundle);
        receipts.iter().map(|receipt| record.check_receipt(receipt)).collect::<Vec<_>>()
    };
    let about = |envelope: &Envelope, reason| Complaint { envelope: envelope.digest(), reason };
    let missed = |envelope| vec![about(envelope, ExclusionReason::Unavailable)];

    // Her name with another key, at a later revision, counts beside her.
    let other = world.envelope_by(&KeyPair::from_secret(&[200; 32]), "ada", 2, 1);
    let beside = |i| if i < 4 { vec![entry(&ada, 10)] } else { vec![entry(&other, 10)] };
    let found = standings(world.bundle((1..=5).map(|i| (i, beside(i), vec![])).collect()));
    assert!(found.iter().all(|found| matches!(found, ReceiptStanding::Counted { of: 2, .. })));

    // Nodes 4 and 5 drop her bid, and nobody reaches node 3: she can prove who did.
    let lists = |i| if i == 3 { vec![entry(&ada, 10)] } else { vec![] };
    let says = |i| if i == 3 { vec![] } else { missed(&ada) };
    let found = standings(world.bundle((1..=5).map(|i| (i, lists(i), says(i))).collect()));
    assert!(matches!(found[0], ReceiptStanding::Withheld { .. }));
    assert_eq!(found[1..], [4, 5].map(|i| ReceiptStanding::Broken { node: node(i) }));
    assert!(found.iter().all(|found| !found.kept()));

    // They list a later revision that nobody else ever sees. That might be so, and is no excuse.
    let later = world.envelope("ada", 2, 1);
    let lists = |i| if i < 4 { vec![] } else { vec![entry(&later, 10)] };
    let says = |i| if i < 4 { missed(&later) } else { vec![] };
    let found = standings(world.bundle((1..=5).map(|i| (i, lists(i), says(i))).collect()));
    assert_eq!(found[0], ReceiptStanding::Broken { node: node(3) });
    assert!(found[1..].iter().all(|found| matches!(found, ReceiptStanding::Withheld { .. })));
    assert!(found.iter().all(|found| !found.kept()));

    // Her own later envelope is hers, also where it does not count for what is wrong with it.
    let says = |i| if i < 4 { vec![about(&later, ExclusionReason::SeedsDoNotFit)] } else { vec![] };
    for complained in [false, true] {
        let says = |i| if complained { says(i) } else { vec![] };
        let lists = |i| vec![entry(if i < 4 { &ada } else { &later }, 10)];
        let found = standings(world.bundle((1..=5).map(|i| (i, lists(i), says(i))).collect()));
        let replaced = ReceiptStanding::Replaced { revision: 2, envelopes: vec![later.digest()] };
        assert!(found.iter().all(|found| *found == replaced && found.kept()));
    }

    // More than t nodes say that its seeds do not fit: an honest one does.
    let says = |i| if i < 4 { vec![about(&ada, ExclusionReason::SeedsDoNotFit)] } else { vec![] };
    let found =
        standings(world.bundle((1..=5).map(|i| (i, vec![entry(&ada, 1)], says(i))).collect()));
    assert!(matches!(found[0], ReceiptStanding::Retracted { .. }));
    assert!(matches!(found[1], ReceiptStanding::Excluded { .. }) && found[1].kept());
}
