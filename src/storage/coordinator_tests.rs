use crate::identity::{Digest, KeyPair, Statement as _};
use crate::rules::auction::Answer;
use crate::session::fixtures::{World, node, time};
use crate::session::pause::PauseOrder;
use crate::sharing::NodeSet;
use crate::storage::DocumentKind;
use crate::storage::coordinator::*;
use crate::storage::fixtures::Somewhere;

const FILE: &str = r#"
# a comment with 987654.32 in it
title = "Harbour view"
kind = "second-price"
currency = "EUR"
decimals = 2
reserve = "500"
bids_until = "2m"
[roster]
nodes = 3
threshold = 1
[[bids]]
bidder = "ada"
amount = "987654.32"
"#;

struct Place {
    somewhere: Somewhere,
    world: World,
    store: CoordinatorStore,
}

async fn place() -> Option<Place> {
    let somewhere = Somewhere::new(module_path!()).await?;
    let world = World::new(3, 1);
    let store = CoordinatorStore::new(somewhere.open().await);
    store.create(world.session(), FILE, time(10)).await.unwrap();
    Some(Place { somewhere, world, store })
}

impl Place {
    fn session(&self) -> SessionId {
        self.world.session()
    }

    async fn opened() -> Option<Self> {
        let place = place().await?;
        place.store.open(&place.world.announcement, time(20)).await.unwrap();
        Some(place)
    }

    async fn computing() -> Option<Self> {
        let place = Self::opened().await?;
        place.store.step(place.session(), Step::Freeze, None, time(30)).await.unwrap();
        place.store.put_bundle(&place.bundle()).await.unwrap();
        place.store.put_manifest(&place.manifest(&[1, 2, 3]), time(40)).await.unwrap();
        Some(place)
    }

    async fn reopen(self) -> Self {
        self.store.database.close().await;
        let store = CoordinatorStore::new(self.somewhere.open().await);
        Self { store, ..self }
    }

    async fn get(&self) -> CoordinatorSession {
        self.store.session(self.session()).await.unwrap().unwrap()
    }

    fn order(&self, paused: bool, at: i64) -> Signed<PauseOrder> {
        let order = PauseOrder { session: self.session(), paused, why: None, at: time(at) };
        Signed::new(order, &self.world.coordinator)
    }

    fn bundle(&self) -> Bundle {
        self.world.bundle((1..=3).map(|i| (i, Vec::new(), Vec::new())).collect())
    }

    fn manifest(&self, signers: &[u8]) -> CoSigned<Manifest> {
        let manifest = Manifest::derive(
            &self.world.announcement.body,
            self.world.roster.body.scheme,
            &self.bundle(),
        );
        self.world.co_sign(manifest, signers)
    }

    fn outcome(&self, signers: &[u8]) -> CoSigned<Outcome> {
        let outcome = Outcome {
            session: self.session(),
            announcement: self.world.announcement.body.digest(),
            manifest: self.manifest(&[]).body.digest(),
            answer: Answer { winners: Vec::new() }.into(),
            out_of_range: Vec::new(),
        };
        self.world.co_sign(outcome, signers)
    }
}

#[tokio::test]
async fn a_draft_holds_no_bids() {
    let Some(place) = place().await else { return };
    let session = place.get().await;
    assert_eq!((session.title.as_str(), session.phase), ("Harbour view", Phase::Draft));
    let file = SessionFile::parse(&session.file).unwrap();
    assert!(file.fields.as_auction().unwrap().bids.is_empty());
    assert!(file.shared.roster.is_none());
    assert_eq!(
        file.terms(time(0)).unwrap(),
        SessionFile::parse(FILE).unwrap().terms(time(0)).unwrap()
    );
    let stored =
        query("SELECT file FROM coordinator_sessions").fetch_one(place.store.database.readers());
    assert!(!stored.await.unwrap().try_get::<String, _>(0).unwrap().contains("987654"));
    place.store.database.close().await;
    // Where it is a file, also what has been deleted in it.
    for file in std::fs::read_dir(place.somewhere.folder.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(6).any(|window| window == b"987654"));
    }
}

#[tokio::test]
async fn what_is_no_session_file_is_not_drafted() {
    let Some(place) = place().await else { return };
    let file = FILE.replace("second-price", "third-price");
    let error = place.store.create(SessionId([1; 16]), &file, time(1)).await;
    assert!(matches!(error, Err(StorageError::File(_))));
    // The id is there already.
    assert!(place.store.create(place.session(), FILE, time(1)).await.is_err());
    assert_eq!(place.store.page(None, 10, true).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_draft_is_written_anew_and_nothing_else_is() {
    let Some(place) = place().await else { return };
    let session = place.session();
    let other = FILE.replace("Harbour view", "Sea view").replace("987654", "876543");
    let wrong = place.store.edit(session, &FILE.replace("second-price", "third-price")).await;
    assert!(matches!(wrong, Err(StorageError::File(_))));
    place.store.edit(session, &format!("max_bids = 1\n{other}")).await.unwrap();
    let kept = place.get().await;
    assert_eq!((kept.title.as_str(), kept.phase), ("Sea view", Phase::Draft));
    // Its new limit counts, and no bid in the file is kept.
    assert!(!kept.file.contains("876543"));
    let key = |byte: u8| crate::identity::KeyPair::from_secret(&[byte; 32]).public();
    place.store.admit(session, "ada", key(1), time(2)).await.unwrap();
    assert!(place.store.admit(session, "basil", key(2), time(2)).await.is_err());
    let unknown = place.store.edit(SessionId([1; 16]), FILE).await;
    assert!(matches!(unknown, Err(StorageError::NoSession { .. })));

    place.store.open(&place.world.announcement, time(21)).await.unwrap();
    let before = place.get().await;
    let refused = place.store.edit(session, FILE).await;
    assert!(matches!(refused, Err(StorageError::Phase(error)) if error.step == Step::Edit));
    assert_eq!(place.get().await, before);
}

#[tokio::test]
async fn a_session_goes_through_its_life_on_disk() {
    let Some(place) = Place::opened().await else { return };
    place.store.open(&place.world.announcement, time(21)).await.unwrap();
    let mut other = place.world.announcement.body.clone();
    other.terms.title = "Another view".into();
    let other = Signed::new(other, &place.world.coordinator);
    let refused = place.store.open(&other, time(21)).await;
    assert!(matches!(
        refused,
        Err(StorageError::Conflict { what: DocumentKind::Announcement, .. })
    ));
    for index in [3, 1, 3] {
        place.store.acknowledge(place.session(), node(index), time(22)).await.unwrap();
    }
    assert!(matches!(place.store.put_bundle(&place.bundle()).await, Err(StorageError::Phase(_))));
    let early = place.store.put_manifest(&place.manifest(&[1]), time(25)).await;
    assert!(matches!(early, Err(StorageError::Phase(_))));

    let place = place.reopen().await;
    let phase = place.store.step(place.session(), Step::Freeze, None, time(30)).await.unwrap();
    assert_eq!(phase, Phase::Closing);
    place.store.put_bundle(&place.bundle()).await.unwrap();
    place.store.put_bundle(&place.bundle()).await.unwrap();
    let mut other = place.bundle();
    other.verdicts.pop();
    let refused = place.store.put_bundle(&other).await;
    assert!(matches!(refused, Err(StorageError::Conflict { what: DocumentKind::Bundle, .. })));
    place.store.put_manifest(&place.manifest(&[1, 2]), time(40)).await.unwrap();
    place.store.put_manifest(&place.manifest(&[2, 3]), time(41)).await.unwrap();

    let place = place.reopen().await;
    place.store.begin_attempt(place.session(), NodeSet::all(3), time(50)).await.unwrap();
    place.store.put_outcome(&place.outcome(&[1, 2, 3]), time(60)).await.unwrap();
    place.store.put_outcome(&place.outcome(&[1]), time(61)).await.unwrap();
    let mut other = place.outcome(&[1]).body;
    other.manifest = Digest([0; 32]);
    let refused = place.store.put_outcome(&place.world.co_sign(other, &[1]), time(62)).await;
    assert!(matches!(refused, Err(StorageError::Conflict { what: DocumentKind::Outcome, .. })));

    let place = place.reopen().await;
    let session = place.get().await;
    assert_eq!(session.announcement.as_ref(), Some(&place.world.announcement));
    assert_eq!(session.phase, Phase::Settled);
    assert_eq!(session.opened, Some(time(20)));
    assert_eq!((session.closed, session.ended), (Some(time(30)), Some(time(60))));
    let acknowledged = place.store.acknowledged(place.session()).await.unwrap();
    assert_eq!(acknowledged.to_string(), "1 and 3");
    assert_eq!(place.store.bundle(place.session()).await.unwrap(), Some(place.bundle()));
    let manifest = place.store.manifest(place.session()).await.unwrap();
    assert_eq!(manifest, Some(place.manifest(&[1, 2, 3])));
    let outcome = place.store.outcome(place.session()).await.unwrap();
    assert_eq!(outcome, Some(place.outcome(&[1, 2, 3])));
    let all = place.store.page(None, 10, false).await.unwrap();
    assert_eq!(all, [(session, outcome)]);
    assert_eq!(place.store.page(Some(place.session()), 10, true).await.unwrap(), []);
    let timeline = place.store.timeline(place.session()).await.unwrap();
    let timeline: Vec<_> = timeline.iter().map(|line| (line.phase, line.at.millis())).collect();
    assert_eq!(
        timeline,
        [
            (Phase::Draft, 10),
            (Phase::Open, 20),
            (Phase::Closing, 30),
            (Phase::Computing, 40),
            (Phase::Settled, 60)
        ]
    );
}

#[tokio::test]
async fn a_name_is_bound_to_one_key() {
    let Some(place) = place().await else { return };
    let (one, two) = (KeyPair::from_secret(&[1; 32]), KeyPair::from_secret(&[2; 32]));
    let admit =
        |bidder, key: &KeyPair| place.store.admit(place.session(), bidder, key.public(), time(5));
    assert!(admit("ada", &one).await.unwrap());
    assert!(!admit("ada", &one).await.unwrap());
    assert!(matches!(admit("ada", &two).await, Err(AdmitError::Taken { .. })));
    assert!(matches!(admit("a\nda", &two).await, Err(AdmitError::Name(_))));
    let (a, b) = tokio::join!(admit("bea", &one), admit("bea", &two));
    assert!(a.unwrap());
    assert!(matches!(b, Err(AdmitError::Taken { .. })));
    place.store.open(&place.world.announcement, time(20)).await.unwrap();
    assert!(admit("cyd", &two).await.unwrap());
    place.store.step(place.session(), Step::Freeze, None, time(30)).await.unwrap();
    let late = admit("dot", &two).await;
    assert!(matches!(late, Err(AdmitError::NotOpen { phase: Phase::Closing })));
    assert!(!admit("ada", &one).await.unwrap());
    let place = place.reopen().await;
    let admitted = place.store.admissions(place.session()).await.unwrap();
    let names: Vec<_> = admitted.iter().map(|a| a.bidder.as_str()).collect();
    assert_eq!(names, ["ada", "bea", "cyd"]);
    assert_eq!(admitted[0].key, one.public());
    let (first, last) = (SessionId([0; 16]), SessionId([255; 16]));
    let counts = place.store.admissions_by_session(first, last).await.unwrap();
    assert_eq!(counts.into_iter().collect::<Vec<_>>(), [(place.session(), 3)]);
    assert_eq!(place.store.count_admissions(place.session()).await.unwrap(), 3);
}

#[tokio::test]
async fn whoever_is_admitted_keeps_the_cohort_that_was_assigned_first() {
    let Some(place) = place().await else { return };
    let (session, store) = (place.session(), &place.store);
    let key = |secret| KeyPair::from_secret(&[secret; 32]).public();
    assert!(store.admit_to(session, "ada", key(1), Some("north"), time(5)).await.unwrap());
    assert!(!store.admit_to(session, "ada", key(1), Some("south"), time(6)).await.unwrap());
    let taken = store.admit_to(session, "ada", key(2), Some("south"), time(6)).await;
    assert!(matches!(taken, Err(AdmitError::Taken { .. })));
    assert!(store.admit(session, "bea", key(2), time(7)).await.unwrap());
    assert_eq!(store.assigned(session, "ada").await.unwrap().as_deref(), Some("north"));
    for other in ["bea", "cyd"] {
        assert_eq!(store.assigned(session, other).await.unwrap(), None);
    }
    let place = place.reopen().await;
    let admitted = place.store.admissions(session).await.unwrap();
    let cohorts: Vec<_> = admitted.iter().map(|entry| entry.cohort.as_deref()).collect();
    assert_eq!(cohorts, [Some("north"), None]);
}

#[tokio::test]
async fn of_names_that_look_alike_one_is_admitted() {
    let Some(place) = place().await else { return };
    let (one, two) = (KeyPair::from_secret(&[1; 32]), KeyPair::from_secret(&[2; 32]));
    let admit =
        |bidder, key: &KeyPair| place.store.admit(place.session(), bidder, key.public(), time(5));
    assert!(admit("Ace Poe", &one).await.unwrap());
    for other in ["ace poe", "Ace P0e", "\u{410}\u{441}\u{435} \u{420}\u{43e}\u{435}"] {
        for key in [&one, &two] {
            let refused = admit(other, key).await;
            let Err(AdmitError::LooksAlike { other: known, .. }) = refused else {
                panic!("{other}: {refused:?}")
            };
            assert_eq!(known, "Ace Poe");
        }
    }
    for hidden in ["Ad\u{200b}a", "Ada\u{202e}", "Jose\u{301}", "Ad\u{430}"] {
        assert!(matches!(admit(hidden, &two).await, Err(AdmitError::Name(_))), "{hidden:?}");
    }
    assert!(!admit("Ace Poe", &one).await.unwrap());
}

#[tokio::test]
async fn no_more_bidders_are_admitted_than_the_terms_allow() {
    let Some(place) = place().await else { return };
    let session = SessionId([9; 16]);
    let file = FILE.replacen("kind =", "max_bids = 2\nkind =", 1);
    place.store.create(session, &file, time(10)).await.unwrap();
    let key = |secret| KeyPair::from_secret(&[secret; 32]).public();
    let admit = |bidder, secret| place.store.admit(session, bidder, key(secret), time(5));
    assert!(admit("ada", 1).await.unwrap());
    let (bea, cyd) = tokio::join!(admit("bea", 2), admit("cyd", 3));
    assert!(bea.unwrap());
    assert!(matches!(cyd, Err(AdmitError::Full { most: 2 })));
    assert!(!admit("bea", 2).await.unwrap());
    assert_eq!(place.store.count_admissions(session).await.unwrap(), 2);
}

#[tokio::test]
async fn attempts_are_counted_and_ended_once() {
    let Some(place) = Place::computing().await else { return };
    let all = NodeSet::all(3);
    let begin = |millis| place.store.begin_attempt(place.session(), all, time(millis));
    let (a, b) = tokio::join!(begin(50), begin(51));
    assert_eq!((a.unwrap(), b.unwrap()), (1, 2));
    let stats = serde_json::json!({"rounds": 17});
    let end = |attempt, stats| {
        place.store.end_attempt(place.session(), attempt, "node 2 went away", stats, time(60))
    };
    end(1, Some(&stats)).await.unwrap();
    assert!(matches!(end(1, None).await, Err(StorageError::NoAttempt { attempt: 1, .. })));
    assert!(end(9, None).await.is_err());
    place.store.step(place.session(), Step::Fail, Some("too few"), time(70)).await.unwrap();
    assert_eq!(place.get().await.reason.as_deref(), Some("too few"));
    // Trying again is a step of its own in the timeline.
    assert_eq!(begin(80).await.unwrap(), 3);
    let session = place.get().await;
    assert_eq!((session.phase, session.reason), (Phase::Computing, None));
    let place = place.reopen().await;
    let attempts = place.store.attempts(place.session()).await.unwrap();
    assert_eq!(attempts.len(), 3);
    assert_eq!(attempts[0].stats.as_ref(), Some(&stats));
    assert_eq!((attempts[0].ended, attempts[0].participants), (Some(time(60)), all));
    assert_eq!((attempts[2].started, attempts[2].ended), (time(80), None));
    let timeline = place.store.timeline(place.session()).await.unwrap();
    let last: Vec<_> = timeline.iter().rev().take(2).map(|line| line.phase).collect();
    assert_eq!(last, [Phase::Computing, Phase::Failed]);
}

#[tokio::test]
async fn phases_that_do_not_follow_are_refused() {
    let Some(place) = place().await else { return };
    let step = |step| place.store.step(place.session(), step, Some("why"), time(99));
    for wrong in [Step::Freeze, Step::Fail, Step::Retry] {
        assert!(matches!(step(wrong).await, Err(StorageError::Phase(_))), "{wrong:?}");
    }
    for wrong in [Step::Open, Step::ManifestSigned, Step::OutcomeSigned] {
        assert!(matches!(step(wrong).await, Err(StorageError::Document { .. })), "{wrong:?}");
    }
    let begun = place.store.begin_attempt(place.session(), NodeSet::all(3), time(1)).await;
    assert!(matches!(begun, Err(StorageError::Phase(_))));
    assert!(place.store.put_outcome(&place.outcome(&[1]), time(1)).await.is_err());
    assert_eq!(step(Step::Cancel).await.unwrap(), Phase::Cancelled);
    assert!(place.store.open(&place.world.announcement, time(100)).await.is_err());
    let session = place.get().await;
    assert_eq!((session.phase, session.ended), (Phase::Cancelled, Some(time(99))));
    assert_eq!(place.store.timeline(place.session()).await.unwrap().len(), 2);
    let unknown = place.store.step(SessionId([0; 16]), Step::Cancel, None, time(1)).await;
    assert!(matches!(unknown, Err(StorageError::NoSession { .. })));
}

#[tokio::test]
async fn coordinator_and_node_share_a_file() {
    let Some(place) = Place::opened().await else { return };
    let node = crate::storage::NodeStore::new(place.store.database.clone());
    assert!(node.announce(&place.world.announcement).await.unwrap());
    assert_eq!(node.page(None, 10, true).await.unwrap().len(), 1);
    assert_eq!(place.store.page(None, 10, true).await.unwrap().len(), 1);
}

#[tokio::test]
async fn the_record_of_a_session_can_be_verified() {
    let Some(place) = place().await else { return };
    assert_eq!(place.store.record(place.session()).await.unwrap(), None);
    place.store.open(&place.world.announcement, time(20)).await.unwrap();
    let error = place.store.record(place.session()).await.unwrap_err();
    assert!(error.to_string().starts_with("a stored roster cannot be read"), "{error}");
    place.store.database.put_roster(&place.world.roster).await.unwrap();
    let record = place.store.record(place.session()).await.unwrap().unwrap();
    assert!(record.verify(None).unwrap().closed_by.is_empty());
    place.store.step(place.session(), Step::Freeze, None, time(30)).await.unwrap();
    place.store.put_bundle(&place.bundle()).await.unwrap();
    place.store.put_manifest(&place.manifest(&[1, 2, 3]), time(40)).await.unwrap();
    place.store.begin_attempt(place.session(), NodeSet::all(3), time(50)).await.unwrap();
    place.store.put_outcome(&place.outcome(&[1, 2, 3]), time(60)).await.unwrap();
    let place = place.reopen().await;
    let record = place.store.record(place.session()).await.unwrap().unwrap();
    assert!(record.verify(None).unwrap().outcome.is_some());
}

#[tokio::test]
async fn a_pause_is_kept_with_its_order_and_ends_by_a_later_one() {
    let Some(place) = Place::opened().await else { return };
    let one = KeyPair::from_secret(&[1; 32]);
    let (pause, resume) = (place.order(true, 21), place.order(false, 25));
    let paused = place.store.order(&pause, "why".into(), time(22)).await.unwrap();
    assert_eq!(paused, Phase::Paused);
    let twice = place.store.order(&place.order(true, 23), "why".into(), time(23)).await;
    assert!(matches!(twice, Err(StorageError::Phase(_))));
    let place = place.reopen().await;
    let session = place.get().await;
    assert_eq!((session.phase, session.reason.as_deref()), (Phase::Paused, Some("why")));
    assert_eq!(session.pause.as_ref(), Some(&pause));
    assert_eq!(place.store.phases().await.unwrap()[0].1, (Phase::Paused, Some(time(21))));
    let admitted = place.store.admit(place.session(), "ada", one.public(), time(23)).await;
    assert!(matches!(admitted, Err(AdmitError::NotOpen { phase: Phase::Paused })));
    assert_eq!(place.store.undelivered(3).await.unwrap(), [place.session()]);

    // Each node is told until it has heard.
    for index in [1, 2] {
        place.store.acknowledge(place.session(), node(index), time(22)).await.unwrap();
    }
    place.store.note_heard(place.session(), node(1), time(21)).await.unwrap();
    let heard = |at| place.store.heard(place.session(), time(at));
    assert_eq!(heard(21).await.unwrap(), NodeSet::EMPTY.with(node(1)));
    assert_eq!(heard(25).await.unwrap(), NodeSet::EMPTY);

    // An order of before is none any more, and a pause does not open what a step may not.
    assert!(place.store.order(&place.order(false, 20), "why".into(), time(26)).await.is_err());
    let resumed = place.store.order(&resume, "on".into(), time(26)).await.unwrap();
    assert_eq!(resumed, Phase::Open);
    assert_eq!(place.store.take_order(&pause, "why".into(), time(27)).await.unwrap(), None);
    // One that only a node has kept is taken up.
    let later = place.order(true, 40);
    let taken = place.store.take_order(&later, "why".into(), time(41)).await.unwrap();
    assert_eq!(taken, Some(Phase::Paused));
    place.store.step(place.session(), Step::Freeze, None, time(50)).await.unwrap();
    assert_eq!(
        place.store.take_order(&place.order(false, 60), "on".into(), time(61)).await.unwrap(),
        None
    );
    let timeline = place.store.timeline(place.session()).await.unwrap();
    let timeline: Vec<_> = timeline.iter().map(|line| (line.phase, line.at.millis())).collect();
    let expected = [
        (Phase::Draft, 10),
        (Phase::Open, 20),
        (Phase::Paused, 22),
        (Phase::Open, 26),
        (Phase::Paused, 41),
        (Phase::Closing, 50),
    ];
    assert_eq!(timeline, expected);
    assert_eq!(place.get().await.opened, Some(time(20)));
}

/// What nodes have sealed to those of the next roster stays, also where the store is opened again.
#[tokio::test]
async fn letters_are_kept_by_node_the_latest_of_each() {
    let Some(place) = Place::computing().await else { return };
    let (session, outcome) = (place.session(), Digest([1; 32]));
    let letters = |of: u8, byte: u8| {
        let sealed = crate::identity::Blob(vec![byte; 300]);
        let letter = crate::session::letters::Letter {
            to: crate::rules::job::Receiver::Next(node(2)),
            sealed,
        };
        let body =
            crate::session::Letters { session, outcome, node: node(of), letters: vec![letter] };
        Signed::new(body, place.world.key(of))
    };
    assert!(place.store.letters(session).await.unwrap().is_empty());
    let given = [letters(1, 5), letters(3, 6), letters(3, 7)];
    for one in &given {
        place.store.put_letters(session, one.body.node, one).await.unwrap();
    }
    let kept = [given[0].clone(), given[2].clone()];
    let place = place.reopen().await;
    assert_eq!(place.store.letters(session).await.unwrap(), kept);
    let nodes = [node(1), node(3)].into_iter().collect();
    assert_eq!(place.store.lettered().await.unwrap(), [(session, nodes)]);
    // Of a session that there is not, nothing is kept.
    let other = SessionId([77; 16]);
    place.store.put_letters(other, node(1), &given[0]).await.unwrap_err();
}
