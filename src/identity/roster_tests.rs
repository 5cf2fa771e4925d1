use crate::identity::KeyPair;
use crate::identity::roster::*;
use crate::session::fixtures::World;

/// A later card of a node, with another certificate, signed by this key.
fn card(roster: &Roster, node: usize, issue: u32, key: &KeyPair) -> SignedCard {
    let certificate = Digest([u8::try_from(100 + issue).unwrap(); 32]);
    let card = NodeCard { certificate, ..roster.nodes[node].clone() };
    Signed::new(IssuedCard { card, issue }, key)
}

fn next(world: &World, roster: &Roster, node: usize, issue: u32) -> Result<Roster, RosterError> {
    let card = card(roster, node, issue, &world.keys[node]);
    roster.successor(roster.coordinator.clone(), vec![card])
}

#[test]
fn every_card_of_a_first_roster_bears_its_nodes_signature() {
    let world = World::new(3, 1);
    let first = &world.roster.body;
    first.check().unwrap();
    assert_eq!((first.version(), first.issue(NodeIndex::new(1).unwrap())), (1, 0));
    // The coordinator puts other keys, or another place, under a node's name.
    let other = |change: &dyn Fn(&mut NodeCard)| {
        let mut roster = first.clone();
        change(&mut roster.nodes[1]);
        roster.check()
    };
    let damaged = Err(RosterError::Card { name: "node 2".into() });
    assert_eq!(other(&|card| card.certificate = Digest([66; 32])), damaged);
    assert_eq!(other(&|card| card.sealing_key = first.nodes[0].sealing_key.clone()), damaged);
    assert_eq!(other(&|card| card.address = "elsewhere.example:7000".into()), damaged);
    assert_eq!(other(&|card| card.key = world.coordinator.public()), damaged);
    let mut roster = first.clone();
    roster.endorsements.swap(0, 1);
    assert!(matches!(roster.check(), Err(RosterError::Card { .. })));
    roster.endorsements.pop();
    assert_eq!(roster.check(), Err(RosterError::Count { expected: 3, got: 2 }));
}

#[test]
fn a_line_of_rosters_covers_the_sessions_of_all_before() {
    let world = World::new(3, 1);
    let first = &world.roster.body;
    let second = next(&world, first, 2, 1).unwrap();
    let third = next(&world, &second, 0, 3).unwrap();
    third.check().unwrap();
    assert_eq!((third.version(), third.nodes[2].certificate), (3, Digest([101; 32])));
    for earlier in [first, &second, &third] {
        assert!(third.covers(&earlier.digest()));
    }
    assert!(!second.covers(&third.digest()));
    third.check_succeeds(first).unwrap();
    third.check_succeeds(&second).unwrap();
    assert!(first.check_succeeds(&third).is_err());
    assert!(third.check_succeeds(&third).is_err());
    // The session goes on under a later roster, and a later session not under an earlier one.
    let later = Signed::new(third.clone(), &world.coordinator);
    world.announcement.check(&later).unwrap();
    let mut body = world.announcement.body.clone();
    body.roster = third.digest();
    Signed::new(body, &world.coordinator).check(&world.roster).unwrap_err();
    // It survives being written down.
    let text = serde_json::to_string(&later).unwrap();
    let read: Signed<Roster> = serde_json::from_str(&text).unwrap();
    assert_eq!(read.checked().unwrap(), later);
}

#[test]
fn what_must_stay_the_same_is_checked() {
    let world = World::new(5, 2);
    let first = &world.roster.body;
    let good = next(&world, first, 1, 1).unwrap();
    let what = |bad: &Roster| match bad.check_succeeds(first) {
        Err(RosterError::NoSuccessor { what }) => what,
        other => panic!("{other:?}"),
    };
    let stranger = KeyPair::from_secret(&[77; 32]);
    let mut bad = good.clone();
    bad.coordinator.key = stranger.public();
    assert_eq!(what(&bad), "coordinator");
    let mut bad = good.clone();
    bad.scheme = Scheme::new(5, 1).unwrap();
    assert_eq!(what(&bad), "number of nodes or threshold");
    let mut bad = good.clone();
    bad.nodes[3].key = stranger.public();
    assert_eq!(what(&bad), "identity key of a node");
    let mut bad = good.clone();
    bad.nodes.swap(0, 2);
    assert_eq!(what(&bad), "identity key of a node");
    let line = |succeeds: Vec<Digest>| Roster { succeeds, ..good.clone() };
    let bad = line(vec![Digest([1; 32]), first.digest()]);
    assert_eq!(what(&bad), "line of earlier rosters");
    assert_eq!(what(&line(vec![])), "line of earlier rosters");
    for rosters in [vec![first.digest(); 2], vec![Digest([1; 32]); MAX_SUCCEEDED + 1]] {
        assert_eq!(line(rosters).check(), Err(RosterError::Succession));
    }
    let bad = card(first, 0, 1, &stranger);
    let mut body = bad.body.clone();
    body.card.key = stranger.public();
    let bad = first.successor(first.coordinator.clone(), vec![Signed::new(body, &stranger)]);
    assert!(matches!(bad, Err(RosterError::Stranger { .. })));
    // Another node's certificate is still refused.
    let twice = next(&world, &good, 0, 1).unwrap();
    assert!(matches!(twice.check(), Err(RosterError::Twice { what: "certificate", .. })));
}

#[test]
fn a_roster_says_in_whose_place_it_comes_and_others_are_what_they_always_were() {
    #[derive(serde::Serialize)]
    struct Before<'a> {
        scheme: Scheme,
        coordinator: &'a CoordinatorCard,
        nodes: &'a [NodeCard],
        endorsements: &'a [Endorsement],
        succeeds: &'a [Digest],
    }
    impl Statement for Before<'_> {
        const DOMAIN: &'static str = Roster::DOMAIN;
    }
    let world = World::new(5, 2);
    let first = &world.roster.body;
    let Roster { scheme, coordinator, nodes, endorsements, succeeds, .. } = first;
    let before = Before { scheme: *scheme, coordinator, nodes, endorsements, succeeds };
    assert_eq!(before.digest(), first.digest());
    let text = serde_json::to_string(first).unwrap();
    assert!(!text.contains("follows") && serde_json::from_str::<Roster>(&text).unwrap() == *first);
    // Another one comes in its place, and goes on to do so in its next versions.
    let other = first.clone().following(Some(first));
    assert_eq!(other.follows, Some(first.digest()));
    assert!(other.digest() != first.digest() && first.clone().following(None) == *first);
    let text = serde_json::to_string(&other).unwrap();
    assert_eq!(serde_json::from_str::<Roster>(&text).unwrap(), other);
    let later = next(&world, &other, 1, 1).unwrap();
    assert_eq!(later.follows, other.follows);
    let bad = Roster { follows: None, ..later };
    let what = "roster that it follows";
    assert_eq!(bad.check_succeeds(&other), Err(RosterError::NoSuccessor { what }));
}

#[test]
fn the_coordinator_cannot_change_a_card_by_itself() {
    let world = World::new(5, 2);
    let first = &world.roster.body;
    // Other keys in a node's place, without the node's signature, or with a forged one.
    let good = next(&world, first, 1, 1).unwrap();
    let mut bad = good.clone();
    bad.nodes[3].certificate = Digest([66; 32]);
    assert!(matches!(bad.check(), Err(RosterError::Card { .. })));
    let refused = bad.check_succeeds(first).unwrap_err();
    assert!(refused.to_string().contains("without a later signature of that node"), "{refused}");
    let forged = card(first, 3, 1, &world.coordinator);
    let bad = first.successor(first.coordinator.clone(), vec![forged]).unwrap();
    assert!(matches!(bad.check(), Err(RosterError::Card { .. })));
    // The signature is for this card and this number.
    let mut bad = good.clone();
    bad.nodes[1].address = "elsewhere.example:7000".into();
    assert!(matches!(bad.check(), Err(RosterError::Card { .. })));
    let mut bad = good.clone();
    bad.endorsements[1].issue = 9;
    assert!(matches!(bad.check(), Err(RosterError::Card { .. })));
    // A card of before does not come back, though its node has signed it.
    let third = next(&world, &good, 1, 2).unwrap();
    third.check().unwrap();
    assert!(matches!(next(&world, &third, 1, 1), Err(RosterError::OldCard { .. })));
    let mut back = good.clone();
    back.succeeds.extend([good.digest(), third.digest()]);
    back.check().unwrap();
    back.check_succeeds(&good).unwrap();
    assert!(back.check_succeeds(&third).is_err());
    let mut back = third.clone();
    back.nodes[1] = first.nodes[1].clone();
    back.endorsements[1] = first.endorsements[1].clone();
    back.succeeds.push(third.digest());
    back.check().unwrap();
    assert!(back.check_succeeds(&third).is_err());
}
