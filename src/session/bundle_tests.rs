use crate::identity::KeyPair;
use crate::session::Envelope;
use crate::session::bundle::*;
use crate::session::fixtures::{World, admission, entry, node};

struct Place {
    world: World,
    ada: Envelope,
    bea: Envelope,
}

impl Place {
    fn new() -> Self {
        let world = World::new(5, 2);
        let ada = world.envelope("ada", 1, 1);
        let bea = world.envelope("bea", 1, 1);
        Self { world, ada, bea }
    }

    /// Every node holds both bids.
    fn bundle(&self) -> Bundle {
        self.world.bundle((1..=5).map(|i| (i, self.entries(), Vec::new())).collect())
    }

    fn entries(&self) -> Vec<InventoryEntry> {
        vec![entry(&self.ada, 10), entry(&self.bea, 20)]
    }

    fn check(&self, bundle: &Bundle) -> Result<(), BundleError> {
        bundle.check(&self.world.roster.body, &self.world.announcement.body)
    }

    /// The bundle with a node's inventory changed and signed by it again, and the verdicts of all.
    fn resigned(&self, index: u8, change: impl FnOnce(&mut Inventory)) -> Bundle {
        let mut inventories = self.bundle().inventories;
        let inventory = &mut inventories.0[usize::from(index) - 1];
        change(&mut inventory.body);
        *inventory = Signed::new(inventory.body.clone(), self.world.key(index));
        let verdicts = (1..=5).map(|i| self.world.verdict(i, &inventories, Vec::new())).collect();
        Bundle { session: self.world.session(), inventories, verdicts }
    }

    fn complaining(&self, complaints: Vec<Complaint>) -> Bundle {
        let mut bundle = self.bundle();
        let verdict = &mut bundle.verdicts[2];
        verdict.body.complaints = complaints;
        *verdict = Signed::new(verdict.body.clone(), self.world.key(3));
        bundle
    }
}

#[test]
fn a_sound_bundle_passes() {
    let place = Place::new();
    place.check(&place.bundle()).unwrap();
}

#[test]
fn no_entry_can_give_an_envelope_to_another_bidder_or_revision() {
    let Place { world, ada, bea } = Place::new();
    let named = |change: &dyn Fn(&mut InventoryEntry)| {
        let mut entry = entry(&ada, 10);
        change(&mut entry);
        entry.envelope(world.session())
    };
    assert_eq!(named(&|_| {}), ada.digest());
    assert_eq!(named(&|entry| entry.received = crate::session::fixtures::time(99)), ada.digest());
    for change in [
        &(|entry: &mut InventoryEntry| entry.revision = 9) as &dyn Fn(&mut InventoryEntry),
        &|entry| entry.key = bea.body.key,
        &|entry| entry.bidder = "bea".into(),
        &|entry| entry.contents = Digest([9; 32]),
    ] {
        assert_ne!(named(change), ada.digest());
    }
    // The digest that the bidder signs is of all of it.
    let mut altered = ada.clone();
    altered.body.parts[0].0[0] ^= 1;
    assert_ne!(altered.digest(), ada.digest());
    altered = ada.clone();
    altered.body.announcement = Digest([9; 32]);
    assert_ne!(altered.digest(), ada.digest());
}

#[test]
fn admissions_are_the_coordinators_and_in_order() {
    let Place { world, ada, bea } = Place::new();
    let other = world.envelope_by(&KeyPair::from_secret(&[200; 32]), "ada", 1, 1);
    let mut sound = vec![admission(&ada), admission(&other), admission(&bea)];
    sound.sort_by(|a, b| (&a.bidder, a.key).cmp(&(&b.bidder, b.key)));
    let inventories = world.bundle((1..=5).map(|i| (i, vec![], vec![])).collect()).inventories;
    let check = |admissions: Vec<AdmittedKey>| {
        let verdict = world.verdict_with(3, &inventories, Vec::new(), admissions);
        verdict.check(&world.roster.body, world.session(), &inventories)
    };
    assert_eq!(check(sound.clone()), Ok(()));
    let three = node(3);
    let twice = vec![sound[0].clone(), sound[0].clone()];
    let backwards = sound.iter().rev().cloned().collect();
    for wrong in [twice, backwards] {
        assert_eq!(check(wrong), Err(BundleError::Admissions { node: three }));
    }
    // A node cannot make up that the coordinator gave a name twice.
    let mut forged = sound;
    forged[2].signature = forged[1].signature;
    let error = BundleError::Admission { node: three, bidder: "bea".into() };
    assert_eq!(check(forged), Err(error));
}

#[test]
fn missing_nodes_are_fine_down_to_the_quorum() {
    let place = Place::new();
    let world = World::new(5, 1);
    let with = |nodes: &[u8]| {
        let nodes = nodes.iter().map(|&i| (i, place.entries(), Vec::new())).collect();
        world.bundle(nodes).check(&world.roster.body, &world.announcement.body)
    };
    with(&[1, 3, 5]).unwrap();
    assert_eq!(with(&[1, 3]), Err(BundleError::TooFew { needed: 3, got: 2 }));
    assert_eq!(with(&[]), Err(BundleError::TooFew { needed: 3, got: 0 }));
}

#[test]
fn errors_name_the_node() {
    let place = Place::new();
    let (two, three) = (node(2), node(3));

    let mut bundle = place.bundle();
    bundle.inventories.0[1].body.entries[0].received = crate::session::fixtures::time(11);
    assert_eq!(place.check(&bundle), Err(BundleError::Signature { what: "inventory", node: two }));

    let mut bundle = place.bundle();
    bundle.verdicts[2].body.inventories = Digest([0; 32]);
    assert_eq!(place.check(&bundle), Err(BundleError::Signature { what: "verdict", node: three }));
    bundle.verdicts[2] = Signed::new(bundle.verdicts[2].body.clone(), place.world.key(3));
    assert_eq!(place.check(&bundle), Err(BundleError::OtherInventories { node: three }));

    let mut bundle = place.bundle();
    bundle.inventories.0.swap(1, 2);
    assert_eq!(place.check(&bundle), Err(BundleError::Order { what: "inventory", node: two }));
    let mut bundle = place.bundle();
    bundle.verdicts[3] = bundle.verdicts[2].clone();
    assert_eq!(place.check(&bundle), Err(BundleError::Order { what: "verdict", node: three }));
    let mut bundle = place.bundle();
    bundle.verdicts.remove(1);
    assert_eq!(place.check(&bundle), Err(BundleError::Unpaired { node: two }));
    let mut bundle = place.bundle();
    bundle.inventories.0.remove(1);
    assert_eq!(place.check(&bundle), Err(BundleError::TooFew { needed: 5, got: 4 }));

    let bundle = place.resigned(2, |inventory| inventory.node = node(9));
    let error = place.check(&bundle).unwrap_err();
    assert_eq!(error, BundleError::Order { what: "inventory", node: three });
    let bundle = place.resigned(5, |inventory| inventory.node = node(9));
    assert_eq!(
        place.check(&bundle),
        Err(BundleError::Stranger { what: "an inventory", node: node(9) })
    );
    let bundle = place.resigned(2, |inventory| inventory.session = SessionId([1; 16]));
    assert_eq!(place.check(&bundle), Err(BundleError::Session { what: "inventory", node: two }));
    let mut bundle = place.bundle();
    bundle.session = SessionId([1; 16]);
    assert!(matches!(place.check(&bundle), Err(BundleError::BundleSession { .. })));
}

#[test]
fn an_inventory_lists_each_bidder_once() {
    let place = Place::new();
    let two = node(2);
    let bundle = place.resigned(2, |inventory| inventory.entries.reverse());
    assert!(matches!(place.check(&bundle), Err(BundleError::Bidders { node, .. }) if node == two));
    let bundle = place.resigned(2, |inventory| inventory.entries[1] = inventory.entries[0].clone());
    assert!(matches!(place.check(&bundle), Err(BundleError::Bidders { node, .. }) if node == two));
    let bundle = place.resigned(2, |inventory| inventory.entries[1].bidder = "b\u{1b}[2J".into());
    assert!(matches!(place.check(&bundle), Err(BundleError::Name { node, .. }) if node == two));
    let bundle = place.resigned(2, |inventory| inventory.entries[1].revision = 0);
    assert!(matches!(place.check(&bundle), Err(BundleError::Revision { node, .. }) if node == two));
    // One key once, under whatever names; one name by two keys is for the manifest to tell.
    let bundle = place.resigned(2, |inventory| {
        inventory.entries[1].key = inventory.entries[0].key;
        inventory.entries[1].bidder = "cyd".into();
    });
    assert!(matches!(place.check(&bundle), Err(BundleError::Bidders { node, .. }) if node == two));
    let bundle = place.resigned(2, |inventory| {
        inventory.entries[1].bidder = inventory.entries[0].bidder.clone();
    });
    place.check(&bundle).unwrap();
    assert_eq!(bundle.inventories.shared_names().len(), 1);
}

#[test]
fn complaints_are_about_what_is_listed() {
    let place = Place::new();
    let three = node(3);
    let about = |envelope: &Envelope, reason| Complaint { envelope: envelope.digest(), reason };
    let unfit = ExclusionReason::SeedsDoNotFit;
    place.check(&place.complaining(vec![about(&place.ada, unfit)])).unwrap();
    let cyd = place.world.envelope("cyd", 1, 1);
    assert!(matches!(
        place.check(&place.complaining(vec![about(&cyd, unfit)])),
        Err(BundleError::Unlisted { node, .. }) if node == three
    ));
    let twice = vec![about(&place.ada, unfit), about(&place.ada, unfit)];
    assert_eq!(
        place.check(&place.complaining(twice)),
        Err(BundleError::Complaints { node: three })
    );
    for reason in [ExclusionReason::OutOfRange, ExclusionReason::TwoEnvelopes] {
        assert_eq!(
            place.check(&place.complaining(vec![about(&place.ada, reason)])),
            Err(BundleError::Reason { node: three, reason })
        );
    }
}

/// A node that lies, or one that a coordinator has sent more than the terms allow, is named.
#[test]
fn nobody_lists_more_than_the_terms_allow() {
    let place = Place::new();
    let bundle = place.bundle();
    let limits = place.world.announcement.body.terms.limits;
    assert_eq!(bundle.inventories.check_limits(&limits), Ok(()));
    let over = |limits: Limits| bundle.inventories.check_limits(&limits).unwrap_err().to_string();
    assert!(over(Limits { bids: 1, ..limits }).contains("node 1 lists more bids"));
    assert!(over(Limits { name_bytes: 2, ..limits }).contains("a longer name"));
    assert!(over(Limits { revisions: 0, ..limits }).contains("a later revision"));
    // The whole check keeps to the terms too.
    let late = place.resigned(4, |inventory| inventory.entries[0].revision = limits.revisions + 1);
    let found = place.check(&late);
    assert!(found.is_err_and(|error| error.nodes().contains(node(4))));
}
