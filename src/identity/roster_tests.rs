use super::*;
use crate::identity::KeyPair;
use crate::session::fixtures::World;

fn certificate(roster: &Roster, node: usize, byte: u8) -> NodeCard {
    NodeCard { certificate: Digest([byte; 32]), ..roster.nodes[node].clone() }
}

#[test]
fn a_roster_without_predecessors_is_encoded_as_ever() {
    let world = World::new(3, 1);
    let text = serde_json::to_string(&world.roster).unwrap();
    assert!(!text.contains("succeeds"), "{text}");
    assert_eq!(serde_json::from_str::<Signed<Roster>>(&text).unwrap(), world.roster);
    assert_eq!(world.roster.body.version(), 1);
}

#[test]
fn a_line_of_rosters_covers_the_sessions_of_all_before() {
    let world = World::new(3, 1);
    let first = &world.roster.body;
    let second =
        first.successor(first.coordinator.clone(), vec![certificate(first, 2, 50)]).unwrap();
    let third =
        second.successor(second.coordinator.clone(), vec![certificate(first, 0, 51)]).unwrap();
    third.check().unwrap();
    assert_eq!((third.version(), third.nodes[2].certificate), (3, Digest([50; 32])));
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
    let good = first.successor(first.coordinator.clone(), Vec::new()).unwrap();
    let what = |bad: &Roster| match bad.check_succeeds(first) {
        Err(RosterError::NoSuccessor { what }) => what,
        other => panic!("{other:?}"),
    };
    let stranger = KeyPair::from_secret(&[77; 32]).public();
    let mut bad = good.clone();
    bad.coordinator.key = stranger;
    assert_eq!(what(&bad), "coordinator");
    let mut bad = good.clone();
    bad.scheme = Scheme::new(5, 1).unwrap();
    assert_eq!(what(&bad), "number of nodes or threshold");
    let mut bad = good.clone();
    bad.nodes[3].key = stranger;
    assert_eq!(what(&bad), "identity key of a node");
    let mut bad = good.clone();
    bad.nodes.swap(0, 1);
    assert_eq!(what(&bad), "identity key of a node");
    let mut bad = good.clone();
    bad.succeeds = vec![Digest([1; 32]), first.digest()];
    assert_eq!(what(&bad), "line of earlier rosters");
    let card = NodeCard { key: stranger, ..first.nodes[0].clone() };
    let refused = first.successor(first.coordinator.clone(), vec![card]).unwrap_err();
    assert!(matches!(refused, RosterError::Stranger { .. }));
    let mut bad = good.clone();
    bad.succeeds.push(bad.succeeds[0]);
    assert_eq!(bad.check(), Err(RosterError::Succession));
    let mut bad = good;
    bad.succeeds = vec![Digest([1; 32]); MAX_SUCCEEDED + 1];
    assert_eq!(bad.check(), Err(RosterError::Succession));
    // Another node's certificate is still refused.
    let cards = vec![certificate(first, 0, 9), certificate(first, 1, 9)];
    let twice = first.successor(first.coordinator.clone(), cards).unwrap();
    assert!(matches!(twice.check(), Err(RosterError::Twice { what: "certificate", .. })));
}
