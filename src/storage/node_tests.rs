use std::collections::BTreeMap;
use std::sync::Arc;

use crate::identity::KeyPair;
use crate::rules::auction::{Answer, Sale};
use crate::session::fixtures::{UNTIL, World, entry, node, terms, time};
use crate::session::naming::SharedName;
use crate::session::outcome::Entrant;
use crate::session::pause::PauseOrder;
use crate::storage::node::*;
use crate::storage::{Address, DocumentKind, fixtures::Somewhere};

struct Place {
    somewhere: Somewhere,
    world: World,
    store: NodeStore,
}

async fn place() -> Option<Place> {
    place_for(10_000).await
}

/// A place with a session that takes so many bidders.
async fn place_for(bids: u32) -> Option<Place> {
    let somewhere = Somewhere::new(module_path!()).await?;
    let mut terms = terms();
    terms.limits.bids = bids;
    let world = World::with_terms(3, 1, terms);
    let store = NodeStore::new(somewhere.open().await);
    assert!(store.announce(&world.announcement).await.unwrap());
    Some(Place { somewhere, world, store })
}

impl Place {
    async fn put(&self, bidder: &str, revision: u32, salt: u8) -> Result<Put, PutError> {
        let envelope = self.world.envelope(bidder, revision, salt);
        let receipt = self.world.receipt(1, &envelope, i64::from(revision) * 10);
        self.store.put_envelope(&envelope, &receipt, true).await
    }

    /// The coordinator's order of this time.
    fn order(&self, paused: bool, at: i64) -> Signed<PauseOrder> {
        let why = paused.then(|| "the hall is flooded".to_owned());
        let order = PauseOrder { session: self.session(), paused, why, at: time(at) };
        Signed::new(order, &self.world.coordinator)
    }

    /// Bidders and envelopes.
    async fn held(&self) -> (u64, u64) {
        let bids = self.store.session(self.session()).await.unwrap().unwrap().bids;
        (bids, self.store.count_envelopes(self.session()).await.unwrap())
    }

    async fn reopen(self) -> Self {
        self.store.database.close().await;
        let store = NodeStore::new(self.somewhere.open().await);
        Self { store, ..self }
    }

    fn session(&self) -> SessionId {
        self.world.session()
    }

    fn manifest(&self, bundle: Digest, signers: &[u8]) -> CoSigned<Manifest> {
        let manifest = Manifest {
            session: self.session(),
            announcement: self.world.announcement.body.digest(),
            bundle,
            entries: Vec::new(),
            excluded: Vec::new(),
            shared_names: Vec::new(),
        };
        self.world.co_sign(manifest, signers)
    }

    fn outcome(&self, price: u64, signers: &[u8]) -> CoSigned<Outcome> {
        let terms = &self.world.announcement.body;
        let entry = Entrant { bidder: "ada".into(), envelope: Digest([9; 32]) };
        let outcome = Outcome {
            session: self.session(),
            announcement: terms.digest(),
            manifest: self.manifest(Digest([1; 32]), &[]).body.digest(),
            answer: Answer { winners: vec![Sale { entry, price }] }.into(),
            out_of_range: Vec::new(),
        };
        self.world.co_sign(outcome, signers)
    }
}

#[tokio::test]
async fn a_session_is_announced_once() {
    let Some(place) = place().await else { return };
    assert!(!place.store.announce(&place.world.announcement).await.unwrap());
    let mut other = place.world.announcement.body.clone();
    other.terms.title = "Another view".into();
    let error = place.store.announce(&Signed::new(other, &place.world.coordinator)).await;
    assert!(matches!(error, Err(StorageError::Conflict { what: DocumentKind::Announcement, .. })));
    assert!(place.store.announce(&place.world.announce(8)).await.unwrap());
    let session = place.store.session(place.session()).await.unwrap().unwrap();
    assert_eq!(session.announcement, place.world.announcement);
    assert_eq!((session.phase, session.bids, session.last_attempt), (Phase::Open, 0, 0));
    let all = place.store.page(None, 10, true).await.unwrap();
    let ids: Vec<SessionId> = all.iter().map(|shown| shown.announcement.body.session).collect();
    assert!(ids.len() == 2 && ids.is_sorted());
    let second = place.store.page(Some(ids[0]), 10, false).await.unwrap();
    assert_eq!(second.len(), 1);
    assert_eq!((all[1].bids, second[0].bids), (Some(0), None));
    assert_eq!(all[1].announcement, second[0].announcement);
    assert_eq!(place.store.page(None, 1, true).await.unwrap(), all[..1]);
    assert_eq!(place.store.page(Some(ids[1]), 10, true).await.unwrap(), []);
    assert_eq!(place.store.shown(ids[1], true).await.unwrap(), all.get(1).cloned());
    assert_eq!(place.store.shown(SessionId([0; 16]), true).await.unwrap(), None);
    assert_eq!(place.store.session(SessionId([0; 16])).await.unwrap(), None);
}

#[tokio::test]
async fn an_envelope_earns_one_receipt() {
    let Some(place) = place().await else { return };
    let envelope = place.world.envelope("ada", 1, 1);
    let first = place.world.receipt(1, &envelope, 10);
    let put = place.store.put_envelope(&envelope, &first, true).await.unwrap();
    let put_as = |new| Put { receipt: first.clone(), new, name_shared: false, superseded: None };
    assert_eq!(put, put_as(true));
    // Handed in again: the receipt of the first time, whatever the node offers now.
    let second = place.world.receipt(1, &envelope, 20);
    let put = place.store.put_envelope(&envelope, &second, false).await.unwrap();
    assert_eq!(put, put_as(false));
    let key_of = |bidder| World::key_of(bidder).public();
    let given = place.store.receipts(place.session(), key_of("ada")).await.unwrap();
    assert!(given.len() == 1 && given[0] == first);
    assert_eq!(place.store.receipts(place.session(), key_of("bea")).await.unwrap(), []);
    let stored = place.store.envelope(place.session(), envelope.digest()).await.unwrap();
    assert_eq!(stored.as_ref(), Some(&envelope));
    // Also after freezing: the answer may have been lost on the way.
    place.store.freeze(place.session(), time(30)).await.unwrap();
    let put = place.store.put_envelope(&envelope, &second, true).await.unwrap();
    assert_eq!(put, put_as(false));
}

#[tokio::test]
async fn revisions_only_go_up() {
    let Some(place) = place().await else { return };
    place.put("ada", 2, 1).await.unwrap();
    let held = place.world.envelope("ada", 2, 1).digest();
    assert!(matches!(place.put("ada", 1, 1).await, Err(PutError::Stale { current: 2 })));
    match place.put("ada", 2, 2).await {
        Err(PutError::Conflict { revision: 2, held: it }) => assert_eq!(it, held),
        other => panic!("{other:?}"),
    }
    place.put("ada", 3, 1).await.unwrap();
    // What was current is stale now, and gone.
    assert!(matches!(place.put("ada", 2, 1).await, Err(PutError::Stale { current: 3 })));
    let envelope = place.world.envelope("ada", 4, 1);
    let receipt = place.world.receipt(1, &envelope, 40);
    let fixed = place.store.put_envelope(&envelope, &receipt, false).await;
    assert!(matches!(fixed, Err(PutError::Fixed { current: 3 })));
    let ada = World::key_of("ada").public();
    let receipts = place.store.receipts(place.session(), ada).await.unwrap();
    assert_eq!(receipts.iter().map(|r| r.body.revision).collect::<Vec<_>>(), [3]);
    assert_eq!(place.held().await, (1, 1));
    let inventory = place.store.inventory(place.session(), node(1)).await.unwrap();
    assert_eq!(inventory.entries, [entry(&place.world.envelope("ada", 3, 1), 30)]);
}

#[tokio::test]
async fn receipts_are_listed_by_key_in_pages() {
    let Some(place) = place().await else { return };
    for (bidder, revision) in [("ada", 1), ("ben", 1), ("cyd", 1), ("ada", 2)] {
        place.put(bidder, revision, 1).await.unwrap();
    }
    // Fetched from others: no receipt of this node.
    place.store.freeze(place.session(), time(900)).await.unwrap();
    let dan = place.world.envelope("dan", 1, 1);
    place.store.put_fetched(place.session(), &[dan]).await.unwrap();
    let place = place.reopen().await;
    let mut listed = Vec::new();
    let mut after = None;
    loop {
        let page = place.store.given(place.session(), after, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        assert!(page.len() <= 2);
        after = Some(last.key);
        listed.extend(page);
    }
    assert!(listed.is_sorted_by_key(|line| line.key));
    let mut lines: Vec<_> =
        listed.iter().map(|line| (line.bidder.as_str(), line.revision, line.received)).collect();
    lines.sort_unstable();
    let expected = [("ada", 2, time(20)), ("ben", 1, time(10)), ("cyd", 1, time(10))];
    assert_eq!(lines, expected);
}

#[tokio::test]
async fn what_does_not_belong_is_refused() {
    let Some(place) = place().await else { return };
    place.put("ada", 1, 1).await.unwrap();
    let envelope = place.world.envelope("bea", 1, 1);
    let receipt = place.world.receipt(1, &envelope, UNTIL + 1);
    let put = place.store.put_envelope(&envelope, &receipt, true).await;
    assert!(matches!(put, Err(PutError::Late { until }) if until == time(UNTIL)));

    let receipt = place.world.receipt(1, &place.world.envelope("ada", 1, 1), 20);
    let put = place.store.put_envelope(&envelope, &receipt, true).await;
    assert!(matches!(put, Err(PutError::Receipt)));

    let mut elsewhere = envelope;
    elsewhere.body.session = SessionId([99; 16]);
    let receipt = place.world.receipt(1, &elsewhere, 20);
    let put = place.store.put_envelope(&elsewhere, &receipt, true).await;
    assert!(matches!(put, Err(PutError::Storage(StorageError::NoSession { .. }))));
    assert_eq!(place.store.inventory(place.session(), node(1)).await.unwrap().entries.len(), 1);
}

/// Whichever comes first: neither stands in the other's way.
#[tokio::test]
async fn two_keys_under_one_name_are_two_bidders() {
    let Some(place) = place().await else { return };
    let mallory = KeyPair::from_secret(&[200; 32]);
    for (first, revision) in [("ada", 7), ("bea", 1)] {
        let other = place.world.envelope_by(&mallory, first, revision, 1);
        let receipt = place.world.receipt(1, &other, 20);
        let mut shared = Vec::new();
        if first == "ada" {
            shared.push(place.store.put_envelope(&other, &receipt, true).await.unwrap());
            shared.push(place.put(first, 1, 1).await.unwrap());
        } else {
            shared.push(place.put(first, 1, 1).await.unwrap());
            let other = place.world.envelope_by(&KeyPair::from_secret(&[201; 32]), first, 1, 1);
            let receipt = place.world.receipt(1, &other, 20);
            shared.push(place.store.put_envelope(&other, &receipt, true).await.unwrap());
        }
        assert_eq!(shared.iter().map(|put| put.name_shared).collect::<Vec<_>>(), [false, true]);
        assert!(shared.iter().all(|put| put.new));
        let told = place.store.admissions(place.session(), first).await.unwrap();
        let [name] = &SharedName::among(&told)[..] else { panic!("{told:?}") };
        assert!(name.proves(place.session(), &place.world.coordinator.public()));
    }
    assert!(place.put("cyd", 1, 1).await.is_ok_and(|put| !put.name_shared));
    let told = place.store.admissions(place.session(), "cyd").await.unwrap();
    assert_eq!(told.len(), 1);
    let inventory = place.store.inventory(place.session(), node(1)).await.unwrap();
    assert_eq!(inventory.entries.len(), 5);
    assert!(inventory.entries.is_sorted_by_key(|entry| entry.key));
    let session = place.store.session(place.session()).await.unwrap().unwrap();
    assert_eq!(session.bids, 5);
}

#[tokio::test]
async fn a_frozen_session_takes_nothing_more() {
    let Some(place) = place().await else { return };
    place.put("bea", 1, 1).await.unwrap();
    place.put("ada", 1, 1).await.unwrap();
    assert_eq!(place.store.freeze(place.session(), time(50)).await.unwrap(), time(50));
    assert_eq!(place.store.freeze(place.session(), time(60)).await.unwrap(), time(50));
    let refused = place.put("cyd", 1, 1).await;
    assert!(matches!(refused, Err(PutError::NotOpen { phase: Phase::Closing })));
    assert!(matches!(place.put("ada", 2, 1).await, Err(PutError::NotOpen { .. })));
    let place = place.reopen().await;
    assert!(matches!(place.put("cyd", 1, 1).await, Err(PutError::NotOpen { .. })));
    let session = place.store.session(place.session()).await.unwrap().unwrap();
    assert_eq!((session.phase, session.frozen), (Phase::Closing, Some(time(50))));
    let inventory = place.store.inventory(place.session(), node(1)).await.unwrap();
    let mut bidders: Vec<_> = inventory.entries.iter().map(|e| e.bidder.as_str()).collect();
    bidders.sort_unstable();
    assert_eq!(bidders, ["ada", "bea"]);
    let none = place.store.freeze(SessionId([0; 16]), time(1)).await;
    assert!(matches!(none, Err(StorageError::NoSession { .. })));
}

/// A bidder who replaces a bid a thousand times takes the room of one.
#[tokio::test]
async fn what_is_replaced_goes() {
    let Some(place) = place().await else { return };
    for revision in 1..=40 {
        let put = place.put("ada", revision, 1).await.unwrap();
        let earlier = (revision > 1).then(|| place.world.envelope("ada", revision - 1, 1).digest());
        assert_eq!(put.superseded, earlier);
    }
    place.put("bea", 1, 1).await.unwrap();
    assert_eq!(place.held().await, (2, 2));
    // Refused ones leave what is held alone.
    assert!(place.put("ada", 7, 1).await.is_err());
    assert!(place.put("ada", 40, 2).await.is_err());
    assert_eq!(place.held().await, (2, 2));
    let place = place.reopen().await;
    assert_eq!(place.held().await, (2, 2));
    let inventory = place.store.inventory(place.session(), node(1)).await.unwrap();
    let revisions: Vec<_> = inventory.entries.iter().map(|entry| entry.revision).collect();
    assert_eq!(revisions, [40, 1]);
}

#[tokio::test]
async fn no_more_bidders_are_taken_than_the_terms_allow() {
    let Some(place) = place_for(2).await else { return };
    place.put("ada", 1, 1).await.unwrap();
    place.put("bea", 1, 1).await.unwrap();
    let over = place.put("cyd", 1, 1).await;
    assert!(matches!(over, Err(PutError::Full { most: 2 })), "{over:?}");
    // Those who are in may still replace and ask again.
    place.put("ada", 2, 1).await.unwrap();
    assert!(!place.put("bea", 1, 1).await.unwrap().new);
    assert_eq!(place.held().await, (2, 2));
}

#[tokio::test]
async fn fetched_envelopes_stay_out_of_the_inventory() {
    let Some(place) = place().await else { return };
    let ours = place.world.envelope("ada", 1, 1);
    place.put("ada", 1, 1).await.unwrap();
    let newer = place.world.envelope("ada", 2, 1);
    let theirs = place.world.envelope("bea", 1, 1);
    let forged = place.world.envelope_by(&KeyPair::from_secret(&[200; 32]), "ada", 9, 1);
    let all = [ours.clone(), newer.clone(), theirs.clone(), forged.clone()];
    let early = place.store.put_fetched(place.session(), &all).await;
    assert!(matches!(early, Err(StorageError::Phase(_))));
    place.store.freeze(place.session(), time(50)).await.unwrap();
    let digests: Vec<_> = all.iter().map(crate::session::Envelope::digest).collect();
    assert_eq!(
        place.store.missing(place.session(), &digests).await.unwrap(),
        digests[1..].to_vec()
    );
    let fetched = place.store.put_fetched(place.session(), &all).await.unwrap();
    assert_eq!(fetched, [false, true, true, true]);
    assert!(place.store.missing(place.session(), &digests).await.unwrap().is_empty());
    let mut asked = digests.clone();
    asked.push(Digest([0; 32]));
    let found = place.store.envelopes(place.session(), &asked).await.unwrap();
    assert_eq!(found, [Some(ours.clone()), Some(newer), Some(theirs), Some(forged), None]);
    let inventory = place.store.inventory(place.session(), node(1)).await.unwrap();
    assert_eq!(inventory.entries, [entry(&ours, 10)]);
    assert_eq!(place.held().await, (1, 4));
}

#[tokio::test]
async fn a_node_is_bound_to_one_bundle() {
    let Some(place) = place().await else { return };
    let (one, two) = (Digest([1; 32]), Digest([2; 32]));
    let early = place.store.commit_bundle(place.session(), one).await;
    assert!(matches!(early, Err(StorageError::Phase(_))));
    place.store.freeze(place.session(), time(50)).await.unwrap();
    // Two coordinators, or one of two minds, at once: exactly one bundle wins.
    let (a, b) = tokio::join!(
        place.store.commit_bundle(place.session(), one),
        place.store.commit_bundle(place.session(), two)
    );
    assert!(a.is_ok());
    match b {
        Err(StorageError::Conflict { what: DocumentKind::Bundle, existing, offered, .. }) => {
            assert_eq!((existing, offered), (one, two));
        }
        other => panic!("{other:?}"),
    }
    let place = place.reopen().await;
    place.store.commit_bundle(place.session(), one).await.unwrap();
    assert!(place.store.commit_bundle(place.session(), two).await.is_err());
    let wrong = place.store.put_manifest(&place.manifest(two, &[1])).await;
    assert!(matches!(wrong, Err(StorageError::Conflict { what: DocumentKind::Bundle, .. })));
    place.store.put_manifest(&place.manifest(one, &[1])).await.unwrap();
    let session = place.store.session(place.session()).await.unwrap().unwrap();
    assert_eq!((session.phase, session.bundle), (Phase::Computing, Some(one)));
}

#[tokio::test]
async fn manifest_signatures_are_gathered() {
    let Some(place) = place().await else { return };
    place.store.freeze(place.session(), time(50)).await.unwrap();
    assert_eq!(place.store.manifest(place.session()).await.unwrap(), None);
    // A node that was away learns bundle and manifest at once.
    let bundle = Digest([1; 32]);
    place.store.put_manifest(&place.manifest(bundle, &[1, 2])).await.unwrap();
    place.store.put_manifest(&place.manifest(bundle, &[3])).await.unwrap();
    let held = place.store.manifest(place.session()).await.unwrap().unwrap();
    assert_eq!(held, place.manifest(bundle, &[1, 2, 3]));
    let mut other = place.manifest(bundle, &[1]).body;
    other.announcement = Digest([5; 32]);
    let error = place.store.put_manifest(&place.world.co_sign(other, &[1])).await;
    assert!(matches!(error, Err(StorageError::Conflict { what: DocumentKind::Manifest, .. })));
}

#[tokio::test]
async fn attempts_only_go_up() {
    let Some(place) = place().await else { return };
    assert!(matches!(
        place.store.begin_attempt(place.session(), 1).await,
        Err(StorageError::Phase(_))
    ));
    place.store.freeze(place.session(), time(50)).await.unwrap();
    place.store.put_manifest(&place.manifest(Digest([1; 32]), &[1])).await.unwrap();
    place.store.begin_attempt(place.session(), 1).await.unwrap();
    let (a, b) = tokio::join!(
        place.store.begin_attempt(place.session(), 2),
        place.store.begin_attempt(place.session(), 2)
    );
    assert!(a.is_ok());
    assert!(matches!(b, Err(StorageError::OldAttempt { last: 2, offered: 2, .. })));
    place.store.fail(place.session(), "node 3 went away").await.unwrap();
    let place = place.reopen().await;
    let session = place.store.session(place.session()).await.unwrap().unwrap();
    assert_eq!(session.phase, Phase::Failed);
    assert_eq!(session.reason.as_deref(), Some("node 3 went away"));
    let error = place.store.begin_attempt(place.session(), 1).await;
    assert!(matches!(error, Err(StorageError::OldAttempt { last: 2, .. })));
    place.store.begin_attempt(place.session(), 5).await.unwrap();
    let session = place.store.session(place.session()).await.unwrap().unwrap();
    assert_eq!((session.phase, session.last_attempt), (Phase::Computing, 5));
    assert_eq!(session.reason, None);
}

#[tokio::test]
async fn a_node_stands_by_its_outcome() {
    let Some(place) = place().await else { return };
    place.store.freeze(place.session(), time(50)).await.unwrap();
    place.store.put_manifest(&place.manifest(Digest([1; 32]), &[1, 2])).await.unwrap();
    place.store.begin_attempt(place.session(), 1).await.unwrap();
    let own = Signed::new(place.outcome(700, &[]).body, place.world.key(1));
    place.store.put_own_outcome(&own, Vec::new()).await.unwrap();
    place.store.put_own_outcome(&own, Vec::new()).await.unwrap();
    let other = Signed::new(place.outcome(800, &[]).body, place.world.key(1));
    let refused = place.store.put_own_outcome(&other, Vec::new()).await;
    assert!(matches!(refused, Err(StorageError::Conflict { what: DocumentKind::Outcome, .. })));
    let refused = place.store.settle(&place.outcome(800, &[2, 3]), None).await;
    assert!(matches!(refused, Err(StorageError::Conflict { what: DocumentKind::Outcome, .. })));
    place.store.settle(&place.outcome(700, &[1, 2]), None).await.unwrap();
    place.store.settle(&place.outcome(700, &[3]), None).await.unwrap();
    let place = place.reopen().await;
    assert_eq!(place.store.own_outcome(place.session()).await.unwrap(), Some(own));
    let settled = place.store.outcome(place.session()).await.unwrap();
    assert_eq!(settled, Some(place.outcome(700, &[1, 2, 3])));
    let session = place.store.session(place.session()).await.unwrap().unwrap();
    assert_eq!(session.phase, Phase::Settled);
    assert!(place.store.begin_attempt(place.session(), 2).await.is_err());
    assert!(place.store.cancel(place.session(), "too late").await.is_err());
}

#[tokio::test]
async fn a_cancelled_session_stays_cancelled() {
    let Some(place) = place().await else { return };
    place.store.cancel(place.session(), "withdrawn by the seller").await.unwrap();
    place.store.cancel(place.session(), "again").await.unwrap();
    let refused = place.put("ada", 1, 1).await;
    assert!(matches!(refused, Err(PutError::NotOpen { phase: Phase::Cancelled })));
    assert!(place.store.freeze(place.session(), time(1)).await.is_err());
    let session = place.store.session(place.session()).await.unwrap().unwrap();
    assert_eq!(session.reason.as_deref(), Some("withdrawn by the seller"));
}

#[path = "node_crowd_tests.rs"]
mod crowds;

#[tokio::test]
async fn a_paused_session_takes_nothing_new_and_the_later_order_holds() {
    let Some(place) = place().await else { return };
    let first = place.put("ada", 1, 1).await.unwrap();
    let (pause, resume) = (place.order(true, 20), place.order(false, 30));
    assert_eq!(place.store.follow_order(&pause).await.unwrap(), Some(Phase::Paused));
    assert_eq!(place.store.follow_order(&pause).await.unwrap(), None);
    for (bidder, revision) in [("bea", 1), ("ada", 2)] {
        let refused = place.put(bidder, revision, 1).await;
        assert!(matches!(refused, Err(PutError::NotOpen { phase: Phase::Paused })));
    }
    let place = place.reopen().await;
    let session = place.store.session(place.session()).await.unwrap().unwrap();
    assert_eq!((session.phase, session.ordered), (Phase::Paused, Some(time(20))));
    assert_eq!(session.reason.as_deref(), Some("the hall is flooded"));
    assert_eq!(place.store.pause_order(place.session()).await.unwrap(), Some(pause.clone()));
    assert_eq!(place.store.standings().await.unwrap()[0].0.ordered, Some(time(20)));
    // What was taken before has its receipt still.
    let again = place.put("ada", 1, 1).await.unwrap();
    assert_eq!((again.receipt, again.new), (first.receipt, false));
    // Nothing is fetched from others as long as bids may come in again.
    let fetched = [place.world.envelope("cyd", 1, 1)];
    assert!(place.store.put_fetched(place.session(), &fetched).await.is_err());

    assert_eq!(place.store.follow_order(&resume).await.unwrap(), Some(Phase::Open));
    assert_eq!(place.store.follow_order(&pause).await.unwrap(), None);
    assert!(place.put("bea", 1, 1).await.unwrap().new);
    let session = place.store.session(place.session()).await.unwrap().unwrap();
    assert_eq!((session.phase, session.reason), (Phase::Open, None));
}

#[tokio::test]
async fn a_paused_session_is_frozen_or_called_off_like_an_open_one() {
    let Some(place) = place().await else { return };
    place.put("ada", 1, 1).await.unwrap();
    place.store.follow_order(&place.order(true, 20)).await.unwrap();
    place.store.freeze(place.session(), time(50)).await.unwrap();
    let inventory = place.store.inventory(place.session(), node(1)).await.unwrap();
    assert_eq!(inventory.entries.len(), 1);
    // An order that comes late opens nothing again.
    assert_eq!(place.store.follow_order(&place.order(false, 60)).await.unwrap(), None);
    let phase = place.store.session(place.session()).await.unwrap().unwrap().phase;
    assert_eq!(phase, Phase::Closing);
    place.store.cancel(place.session(), "why").await.unwrap();
    let unknown = PauseOrder { session: SessionId([0; 16]), ..place.order(true, 70).body };
    let unknown = Signed::new(unknown, &place.world.coordinator);
    let none = place.store.follow_order(&unknown).await;
    assert!(matches!(none, Err(StorageError::NoSession { .. })));
}
