use crate::identity::KeyPair;
use crate::rules::Terms;
use crate::session::Envelope;
use crate::session::bundle::{Complaint, InventoryEntry};
use crate::session::fixtures::{World, entry, node, terms, time};
use crate::session::manifest::*;

fn derive(
    world: &World,
    nodes: Vec<(u8, Vec<InventoryEntry>, Vec<Complaint>)>,
) -> (Bundle, Manifest) {
    let bundle = world.bundle(nodes);
    bundle.check(&world.roster.body, &world.announcement.body).unwrap();
    let manifest = Manifest::derive(&world.announcement.body, world.roster.body.scheme, &bundle);
    manifest.check_derived(&world.announcement.body, world.roster.body.scheme, &bundle).unwrap();
    (bundle, manifest)
}

fn excluded(envelope: &Envelope, reason: ExclusionReason, named_by: &[u8]) -> Exclusion {
    Exclusion {
        bidder: envelope.body.bidder.clone(),
        key: envelope.body.key,
        envelope: envelope.digest(),
        reason,
        named_by: named_by.iter().copied().map(node).collect(),
    }
}

#[test]
fn no_bids_make_an_empty_manifest() {
    let world = World::new(3, 1);
    let (bundle, manifest) = derive(&world, (1..=3).map(|i| (i, Vec::new(), Vec::new())).collect());
    assert!(manifest.entries.is_empty() && manifest.excluded.is_empty());
    assert_eq!(manifest.bundle, bundle.digest());
    assert_eq!(manifest.announcement, world.announcement.body.digest());
}

#[test]
fn bids_go_by_the_median_of_their_receipts() {
    let world = World::new(3, 1);
    let (ada, bea) = (world.envelope("ada", 1, 1), world.envelope("bea", 1, 1));
    // Node 3 claims that bea was years early and ada late: one of three does not count.
    let (_, manifest) = derive(
        &world,
        vec![
            (1, vec![entry(&ada, 10), entry(&bea, 20)], Vec::new()),
            (2, vec![entry(&ada, 12), entry(&bea, 22)], Vec::new()),
            (3, vec![entry(&ada, 900_000), entry(&bea, -5)], Vec::new()),
        ],
    );
    let order: Vec<_> = manifest.entries.iter().map(|e| (e.bidder.as_str(), e.received)).collect();
    assert_eq!(order, [("ada", time(12)), ("bea", time(20))]);
    assert_eq!(manifest.entry(&bea.digest()).unwrap().0, 1);
}

#[test]
fn equal_times_go_by_digest() {
    let world = World::new(3, 1);
    let bids: Vec<_> = (0..20).map(|i| world.envelope(&format!("b{i:02}"), 1, 1)).collect();
    let entries: Vec<_> = bids.iter().map(|envelope| entry(envelope, 10)).collect();
    let (_, manifest) = derive(&world, (1..=3).map(|i| (i, entries.clone(), Vec::new())).collect());
    assert_eq!(manifest.entries.len(), 20);
    assert!(manifest.entries.is_sorted_by(|a, b| a.envelope < b.envelope));
}

/// A coordinator that lies assigns two cohorts to one key, and the key signs envelopes under both.
#[test]
fn a_key_with_two_cohorts_is_treated_alike_whatever_the_nodes_hold() {
    let world = World::new(5, 2);
    let key = World::key_of("ada");
    let in_cohort = |cohort, revision| world.envelope_in(Some(cohort), &key, "ada", revision, 1);
    // All else is the same: the cohort alone makes two envelopes.
    let (north, south) = (in_cohort(0, 1), in_cohort(1, 1));
    assert_eq!(north.body, south.body);
    assert_ne!(north.digest(), south.digest());
    let held_by = |holds: [&Envelope; 5]| {
        let nodes = (1..=5).zip(holds).map(|(i, held)| (i, vec![entry(held, 10)], Vec::new()));
        derive(&world, nodes.collect()).1
    };
    for holds in [
        [&north, &south, &north, &south, &north],
        [&south, &south, &south, &south, &north],
        [&north, &north, &north, &north, &south],
    ] {
        let manifest = held_by(holds);
        assert!(manifest.entries.is_empty());
        let both = [&north, &south].map(|one| excluded(one, ExclusionReason::TwoEnvelopes, &[]));
        assert_eq!(manifest.excluded.len(), 2);
        assert!(both.iter().all(|one| manifest.excluded.contains(one)));
    }
    // The later revision counts, in the cohort that was signed with it.
    let later = in_cohort(1, 2);
    let manifest = held_by([&north, &north, &later, &north, &north]);
    assert_eq!(manifest.entries.len(), 1);
    assert_eq!(manifest.entries[0].envelope, later.digest());
    assert!(manifest.excluded.is_empty());
}

#[test]
fn the_highest_revision_that_any_node_holds_counts() {
    let world = World::new(5, 2);
    let (first, second) = (world.envelope("ada", 1, 1), world.envelope("ada", 2, 1));
    // The replacement reached node 4 alone before closing.
    let (_, manifest) = derive(
        &world,
        (1..=5)
            .map(|i| (i, vec![entry(if i == 4 { &second } else { &first }, 10)], Vec::new()))
            .collect(),
    );
    assert_eq!(manifest.entries.len(), 1);
    assert_eq!(manifest.entries[0].envelope, second.digest());
    assert_eq!((manifest.entries[0].revision, manifest.entries[0].received), (2, time(10)));
    assert!(manifest.excluded.is_empty());
}

/// Of nodes that can only add each is needed and taken at its word: nobody else may hold its part.
#[test]
fn where_nodes_only_add_one_complaint_excludes_and_all_must_sign() {
    let world = World::new(2, 1);
    let (ada, bea, cyd) =
        (world.envelope("ada", 1, 1), world.envelope("bea", 1, 1), world.envelope("cyd", 1, 1));
    let complaint = |envelope: &Envelope, reason| Complaint { envelope: envelope.digest(), reason };
    let mut complaints = vec![
        complaint(&bea, ExclusionReason::SeedsDoNotFit),
        complaint(&cyd, ExclusionReason::Unavailable),
    ];
    complaints.sort();
    let mut lists = [&ada, &bea, &cyd].map(|envelope| entry(envelope, 10));
    lists.sort_by_key(|entry| entry.key);
    let nodes = vec![(1, lists.to_vec(), Vec::new()), (2, vec![entry(&ada, 20)], complaints)];
    let (_, manifest) = derive(&world, nodes);
    let mut taking: Vec<_> = manifest.entries.iter().map(|entry| entry.bidder.as_str()).collect();
    taking.sort_unstable();
    // What cannot be had yet is waited for: node 1, which has it, is needed anyway.
    assert_eq!(taking, ["ada", "cyd"]);
    assert_eq!(manifest.excluded, [excluded(&bea, ExclusionReason::SeedsDoNotFit, &[2])]);
    let roster = &world.roster.body;
    let signed = |nodes: &[u8]| world.co_sign(manifest.clone(), nodes).check(roster);
    assert_eq!(signed(&[1]), Err(ManifestError::TooFew { needed: 2, got: 1 }));
    assert!(signed(&[1, 2]).is_ok());
    let alone = world.bundle(vec![(1, lists.to_vec(), Vec::new())]);
    let few = alone.check(roster, &world.announcement.body);
    assert!(few.unwrap_err().to_string().contains("closing needs 2"));
}

#[test]
fn two_envelopes_of_the_last_revision_exclude_both() {
    let world = World::new(3, 1);
    let (one, two) = (world.envelope("ada", 2, 1), world.envelope("ada", 2, 2));
    let bea = world.envelope("bea", 1, 1);
    let nodes = |third: &Envelope| {
        vec![
            (1, vec![entry(&one, 10), entry(&bea, 5)], Vec::new()),
            (2, vec![entry(&two, 10)], Vec::new()),
            (3, vec![entry(third, 10)], Vec::new()),
        ]
    };
    let (_, manifest) = derive(&world, nodes(&one));
    let mut both = vec![
        excluded(&one, ExclusionReason::TwoEnvelopes, &[]),
        excluded(&two, ExclusionReason::TwoEnvelopes, &[]),
    ];
    both.sort_by_key(|exclusion| exclusion.envelope);
    assert_eq!(manifest.excluded, both);
    assert_eq!(manifest.entries.len(), 1);
    // Once a later revision is there, what happened before it does not matter.
    let third = world.envelope("ada", 3, 1);
    let (_, manifest) = derive(&world, nodes(&third));
    assert!(manifest.excluded.is_empty());
    assert_eq!(manifest.entries.len(), 2);
}

#[test]
fn complaints_of_more_than_t_nodes_exclude_and_are_named() {
    let world = World::new(5, 2);
    let (ada, bea) = (world.envelope("ada", 1, 1), world.envelope("bea", 1, 1));
    let old = world.envelope("cyd", 1, 1);
    let new = world.envelope("cyd", 2, 1);
    let about = |envelope: &Envelope, reason| Complaint { envelope: envelope.digest(), reason };
    let entries = |cyd: &Envelope| vec![entry(&ada, 1), entry(&bea, 2), entry(cyd, 3)];
    let (_, manifest) = derive(
        &world,
        vec![
            (1, entries(&old), vec![]),
            (2, entries(&new), vec![about(&bea, ExclusionReason::SeedsDoNotFit)]),
            // About a revision that has been replaced: of no consequence.
            (3, entries(&new), vec![about(&old, ExclusionReason::PartUnreadable)]),
            (
                4,
                entries(&new),
                vec![
                    about(&bea, ExclusionReason::SeedsDoNotFit),
                    about(&ada, ExclusionReason::Unavailable),
                ],
            ),
            // Whatever they find wrong with it: bea handed garbage to three nodes. Ada may have
            // handed some to two, or the two may lie.
            (
                5,
                entries(&new),
                vec![
                    about(&bea, ExclusionReason::PartUnreadable),
                    about(&ada, ExclusionReason::PartUnreadable),
                ],
            ),
        ],
    );
    assert_eq!(manifest.excluded, [excluded(&bea, ExclusionReason::PartUnreadable, &[2, 4, 5])]);
    let taking_part: Vec<_> = manifest.entries.iter().map(|entry| entry.envelope).collect();
    assert_eq!(taking_part, [ada.digest(), new.digest()]);
}

/// t nodes that lie together cannot have an honest bidder's bid excluded, and t+1 that say the same
/// cannot all lie.
#[test]
fn t_lying_nodes_exclude_nobody() {
    for (nodes, threshold) in [(3, 1), (4, 1), (5, 2), (7, 3), (9, 4)] {
        let world = World::new(nodes, threshold);
        let ada = world.envelope("ada", 1, 1);
        let reasons = [ExclusionReason::PartUnreadable, ExclusionReason::SeedsDoNotFit];
        for claimants in threshold..=threshold + 1 {
            let says = |node: u8| {
                let reason = reasons[usize::from(node) % 2];
                let complaint = Complaint { envelope: ada.digest(), reason };
                (
                    node,
                    vec![entry(&ada, 1)],
                    if node <= claimants { vec![complaint] } else { vec![] },
                )
            };
            let (_, manifest) = derive(&world, (1..=nodes).map(says).collect());
            assert_eq!(manifest.excluded.is_empty(), claimants == threshold);
            assert_eq!(manifest.entries.is_empty(), claimants > threshold);
        }
    }
}

#[test]
fn what_a_node_cannot_get_counts_only_where_few_list_it() {
    let world = World::new(3, 1);
    let first = world.envelope("ada", 1, 1);
    let (second, made_up) = (world.envelope("ada", 2, 1), world.envelope("ada", 1, 2));
    let missed = |envelope: &Envelope| Complaint {
        envelope: envelope.digest(),
        reason: ExclusionReason::Unavailable,
    };
    let counts = |manifest: &Manifest| {
        manifest.entries.iter().map(|entry| entry.envelope).collect::<Vec<_>>()
    };
    // Two of three list it, so one that is honest holds it.
    let (_, manifest) = derive(
        &world,
        vec![
            (1, vec![entry(&first, 1)], vec![]),
            (2, vec![entry(&first, 1)], vec![]),
            (3, vec![], vec![missed(&first)]),
        ],
    );
    assert_eq!((counts(&manifest), manifest.excluded), (vec![first.digest()], vec![]));
    // A replacement, or a second envelope, that only one node says it has does not cost the bid
    // that it stands in the way of.
    for other in [second, made_up] {
        let (_, manifest) = derive(
            &world,
            vec![
                (1, vec![entry(&first, 1)], vec![missed(&other)]),
                (2, vec![entry(&first, 1)], vec![missed(&other)]),
                (3, vec![entry(&other, 1)], vec![]),
            ],
        );
        assert_eq!(counts(&manifest), [first.digest()]);
        assert_eq!(manifest.excluded, [excluded(&other, ExclusionReason::Unavailable, &[1, 2])]);
    }
}

#[test]
fn t_nodes_cannot_say_that_a_bid_is_not_to_be_had() {
    let world = World::new(5, 2);
    let ada = world.envelope("ada", 1, 1);
    let missed = || {
        let reason = ExclusionReason::Unavailable;
        vec![Complaint { envelope: ada.digest(), reason }]
    };
    // Nodes 4 and 5 gave her receipts, list nothing, and say they cannot get it from node 1. Nodes
    // 2 and 3 never had it and fetched it.
    let nodes = |third: Vec<Complaint>| {
        vec![
            (1, vec![entry(&ada, 1)], vec![]),
            (2, vec![], vec![]),
            (3, vec![], third),
            (4, vec![], missed()),
            (5, vec![], missed()),
        ]
    };
    let (_, manifest) = derive(&world, nodes(Vec::new()));
    assert_eq!((manifest.entries.len(), manifest.excluded), (1, vec![]));
    // With the word of an honest node it counts as never come.
    let (_, manifest) = derive(&world, nodes(missed()));
    assert!(manifest.entries.is_empty());
    let unavailable = excluded(&ada, ExclusionReason::Unavailable, &[3, 4, 5]);
    assert_eq!(manifest.excluded, [unavailable]);
}

/// The coordinator admits a key of its own under a bidder's name, and up to t nodes took that key's
/// envelope first.
#[test]
fn nobody_elses_envelope_takes_the_place_of_a_bid() {
    let world = World::new(5, 2);
    let ada = world.envelope("ada", 1, 1);
    let coordinators = KeyPair::from_secret(&[200; 32]);
    for revision in [1, 2, 100] {
        let other = world.envelope_by(&coordinators, "ada", revision, 9);
        let nodes = (1..=5).map(|i| match i {
            1..4 => (i, vec![entry(&ada, 10)], vec![]),
            4 => (i, vec![entry(&ada, 10), entry(&other, 5)], vec![]),
            _ => (i, vec![entry(&other, 5)], vec![]),
        });
        // Node 2 got hold of the other's envelope, node 3 of neither, the others hold their own.
        let bundle = world.bundle_with(nodes.collect(), |node| match node {
            1 => vec![&ada],
            2 | 4 => vec![&ada, &other],
            3 => vec![],
            _ => vec![&other],
        });
        bundle.check(&world.roster.body, &world.announcement.body).unwrap();
        let scheme = world.roster.body.scheme;
        let manifest = Manifest::derive(&world.announcement.body, scheme, &bundle);
        let counted: Vec<_> = manifest.entries.iter().map(|entry| entry.envelope).collect();
        assert_eq!(counted, [other.digest(), ada.digest()]);
        assert!(manifest.excluded.is_empty());
        let [shared] = &manifest.shared_names[..] else { panic!("{manifest:?}") };
        assert!(shared.proves(world.session(), &world.coordinator.public()));
        let keys: Vec<_> = shared.admitted.keys().copied().collect();
        let mut both = vec![ada.body.key, coordinators.public()];
        both.sort_unstable();
        assert_eq!((shared.bidder.as_str(), keys), ("ada", both));
        // Nor can the proof be left out of it.
        let mut silent = manifest.clone();
        silent.shared_names.clear();
        let error = silent.check_derived(&world.announcement.body, scheme, &bundle).unwrap_err();
        assert!(error.to_string().contains("names with several keys"), "{error}");
    }
}

#[test]
fn two_bids_of_one_key_exclude_each_other_where_none_may_be_replaced() {
    let world = World::with_terms(5, 2, Terms { replace_bids: false, ..terms() });
    let (first, second) = (world.envelope("ada", 1, 1), world.envelope("ada", 2, 1));
    let bea = world.envelope("bea", 1, 1);
    let unavailable = |nodes: &[u8], node: u8| {
        let reason = ExclusionReason::Unavailable;
        let complaint = Complaint { envelope: second.digest(), reason };
        if nodes.contains(&node) { vec![complaint] } else { Vec::new() }
    };
    let nodes = |complaining: &[u8]| {
        let lists = |i| entry(if i < 4 { &first } else { &second }, 10);
        (1..=5)
            .map(|i| (i, vec![lists(i), entry(&bea, 20)], unavailable(complaining, i)))
            .collect::<Vec<_>>()
    };
    let forbidden = |envelope| excluded(envelope, ExclusionReason::ReplacingForbidden, &[]);
    let mut both = [forbidden(&first), forbidden(&second)];
    both.sort_by_key(|exclusion| exclusion.envelope);
    // It is there, whatever two nodes say.
    for complaining in [&[][..], &[1, 2]] {
        let (_, manifest) = derive(&world, nodes(complaining));
        assert_eq!((manifest.entries.len(), &manifest.excluded[..]), (1, &both[..]));
        assert_eq!(manifest.entries[0].bidder, "bea");
    }
    // Two nodes cannot make up a second bid of hers.
    let (_, manifest) = derive(&world, nodes(&[1, 2, 3]));
    assert_eq!(manifest.entries.len(), 2);
    assert_eq!(manifest.excluded, [excluded(&second, ExclusionReason::Unavailable, &[1, 2, 3])]);
}

#[test]
fn a_manifest_that_was_changed_says_where() {
    let world = World::new(3, 1);
    let (ada, bea) = (world.envelope("ada", 1, 1), world.envelope("bea", 1, 1));
    let (bundle, manifest) = derive(
        &world,
        (1..=3).map(|i| (i, vec![entry(&ada, 1), entry(&bea, 2)], Vec::new())).collect(),
    );
    let what = |change: &dyn Fn(&mut Manifest)| {
        let mut changed = manifest.clone();
        change(&mut changed);
        match changed.check_derived(&world.announcement.body, world.roster.body.scheme, &bundle) {
            Err(ManifestError::NotDerived { what }) => what,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(what(&|m| m.session = SessionId([0; 16])), "the session");
    assert_eq!(what(&|m| m.bundle = Digest([0; 32])), "the bundle's digest");
    assert_eq!(what(&|m| m.entries.swap(0, 1)), "entry 1");
    assert_eq!(what(&|m| drop(m.entries.pop())), "entry 2");
    assert_eq!(
        what(&|m| m.excluded.push(excluded(&ada, ExclusionReason::Unavailable, &[]))),
        "exclusion 1"
    );
}

#[test]
fn a_manifest_needs_a_quorum_of_signatures() {
    let world = World::new(5, 1);
    let (_, manifest) = derive(&world, (1..=5).map(|i| (i, Vec::new(), Vec::new())).collect());
    let roster = &world.roster.body;
    let signed = |nodes: &[u8]| world.co_sign(manifest.clone(), nodes).check(roster);
    assert_eq!(signed(&[1, 2, 3, 5]).unwrap().to_string(), "1, 2, 3 and 5");
    // Three would settle a session, but node 5 could sign with 1 and 2 here and with 3 and 4 there.
    assert_eq!(signed(&[1, 3, 5]), Err(ManifestError::TooFew { needed: 4, got: 3 }));
    let mut forged = world.co_sign(manifest.clone(), &[1, 2, 3, 4]);
    let stolen = forged.signatures[&node(1)];
    forged.signatures.insert(node(4), stolen);
    assert_eq!(forged.check(roster), Err(ManifestError::Signature(SignerError { node: node(4) })));
    let mut stranger = world.co_sign(manifest.clone(), &[1, 2, 3, 4]);
    stranger.signatures.insert(node(9), stolen);
    assert_eq!(
        stranger.check(roster),
        Err(ManifestError::Signature(SignerError { node: node(9) }))
    );
}
