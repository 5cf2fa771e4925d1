use crate::identity::{Blob, Digest, Signed, Statement as _};
use crate::rules::job;
use crate::rules::job::version::Fingerprint;
use crate::rules::job::{Given, Operation, Prime, Question, Receiver, Step};
use crate::session::fixtures::{World, terms, time};
use crate::session::letters::Letter;
use crate::session::manifest::CoSigned;
use crate::session::{Letters, Manifest, Outcome};
use crate::storage::NodeStore;
use crate::storage::fixtures::Somewhere;
use crate::storage::node::{Staged, Staging};

/// A world whose session keeps x, which takes the place of what is stored.
fn world(title: &str) -> World {
    let given = Given::Handed { by: "ada".into(), private: false, bits: Some(8) };
    let assign = Operation::Assign { variable: "x".into(), given };
    let steps = vec![Step { id: "1".into(), operation: assign, after: Vec::new() }];
    let (keep, replace) = (vec!["x".to_owned()], true);
    let question = Question { keep, replace, ..Question::new(Prime::Mersenne61, steps) };
    let mut terms = terms();
    terms.title = title.to_owned();
    terms.question = question.into();
    World::with_terms(3, 1, terms)
}

fn manifest(world: &World) -> CoSigned<Manifest> {
    let manifest = Manifest {
        session: world.session(),
        announcement: world.announcement.body.digest(),
        bundle: Digest([1; 32]),
        entries: Vec::new(),
        excluded: Vec::new(),
        shared_names: Vec::new(),
    };
    world.co_sign(manifest, &[1, 2])
}

/// The outcome of an attempt, in which the digests are these.
fn outcome(world: &World, digest: u8, signers: &[u8]) -> CoSigned<Outcome> {
    let entry =
        crate::session::outcome::Entrant { bidder: "ada".into(), envelope: Digest([9; 32]) };
    let answer = job::Answer {
        participants: vec![Some(entry)],
        revealed: Vec::new(),
        kept: vec![Some(vec![Fingerprint([digest; 32]); 3])],
    };
    let outcome = Outcome {
        session: world.session(),
        announcement: world.announcement.body.digest(),
        manifest: manifest(world).body.digest(),
        answer: answer.into(),
        out_of_range: Vec::new(),
    };
    world.co_sign(outcome, signers)
}

fn staged(share: u8) -> Vec<Staged> {
    vec![Staged { name: "x".into(), share: Blob(vec![share; 40]) }]
}

fn own(world: &World, digest: u8) -> Signed<Outcome> {
    Signed::new(outcome(world, digest, &[]).body, world.key(1))
}

async fn computing(store: &NodeStore, world: &World) {
    assert!(store.announce(&world.announcement).await.unwrap());
    store.freeze(world.session(), time(50)).await.unwrap();
    store.put_manifest(&manifest(world)).await.unwrap();
    store.begin_attempt(world.session(), 1).await.unwrap();
}

#[tokio::test]
async fn a_share_is_current_with_the_outcome_of_its_attempt() {
    let Some(somewhere) = Somewhere::new(module_path!()).await else { return };
    let store = NodeStore::new(somewhere.open().await);
    let world = world("One");
    let session = world.session();
    computing(&store, &world).await;
    store.put_own_outcome(&own(&world, 1), staged(1)).await.unwrap();
    assert!(store.variables().await.unwrap().is_empty());
    // A later attempt has other digests, and takes the place of what was staged.
    store.begin_attempt(session, 2).await.unwrap();
    store.put_own_outcome(&own(&world, 2), staged(2)).await.unwrap();
    store.settle(&outcome(&world, 2, &[1, 2]), None).await.unwrap();
    let [(stored, true)] = &store.variables().await.unwrap()[..] else { panic!("one variable") };
    assert_eq!((stored.session, stored.made), (session, world.announcement.body.opened));
    assert_eq!(stored.variable.digests, [Fingerprint([2; 32]); 3]);
    assert_eq!(store.share(session, "x").await.unwrap(), Some(Blob(vec![2; 40])));
    store.settle(&outcome(&world, 2, &[3]), None).await.unwrap();
    assert!(store.share(session, "x").await.unwrap().is_some());
    assert_eq!(store.variable("x").await.unwrap().as_ref(), Some(stored));
}

#[tokio::test]
async fn a_node_that_computed_in_another_attempt_has_no_share() {
    let Some(somewhere) = Somewhere::new(module_path!()).await else { return };
    let store = NodeStore::new(somewhere.open().await);
    let world = world("One");
    computing(&store, &world).await;
    store.put_own_outcome(&own(&world, 1), staged(1)).await.unwrap();
    store.settle(&outcome(&world, 2, &[2, 3]), None).await.unwrap();
    let [(stored, false)] = &store.variables().await.unwrap()[..] else { panic!("no share") };
    assert_eq!(stored.variable.digests, [Fingerprint([2; 32]); 3]);
    assert_eq!(store.share(world.session(), "x").await.unwrap(), None);
}

/// What is sealed to some goes with the outcome that it was sealed for, and is given out once that one has
/// settled the session.
#[tokio::test]
async fn letters_go_with_the_outcome_of_their_attempt() {
    for settled in [1, 2] {
        let Some(somewhere) = Somewhere::new(module_path!()).await else { return };
        let store = NodeStore::new(somewhere.open().await);
        let world = world("One");
        let session = world.session();
        computing(&store, &world).await;
        let outcome_of = |digest| own(&world, digest);
        let letters = |digest: u8| {
            let outcome = outcome_of(digest).body.digest();
            let letter = Letter { to: Receiver::Client, sealed: Blob(vec![digest; 40]) };
            let (node, letters) = (crate::session::fixtures::node(1), vec![letter]);
            Signed::new(Letters { session, outcome, node, letters }, world.key(1))
        };
        let with = |digest| Staging { shares: staged(digest), letters: Some(letters(digest)) };
        store.put_own_outcome(&outcome_of(1), with(1)).await.unwrap();
        store.begin_attempt(session, 2).await.unwrap();
        store.put_own_outcome(&outcome_of(2), with(2)).await.unwrap();
        assert_eq!(
            store.letters(session).await.unwrap(),
            None,
            "not before the session is settled"
        );
        store.settle(&outcome(&world, settled, &[2, 3]), None).await.unwrap();
        let given = store.letters(session).await.unwrap();
        assert_eq!(given, (settled == 2).then(|| letters(2)));
    }
}

/// What was brought of what others handed over is there until the session is settled, and no longer.
#[tokio::test]
async fn a_parcel_stays_until_its_session_is_settled() {
    let Some(somewhere) = Somewhere::new(module_path!()).await else { return };
    let store = NodeStore::new(somewhere.open().await);
    let world = world("One");
    let session = world.session();
    computing(&store, &world).await;
    let parcel = |letters: usize| {
        let body = Letters {
            session,
            outcome: Digest([1; 32]),
            node: crate::session::fixtures::node(1),
            letters: Vec::new(),
        };
        crate::session::Parcel {
            roster: world.roster.clone(),
            announcement: world.announcement.clone(),
            outcome: outcome(&world, 1, &[2, 3]),
            letters: vec![Signed::new(body, world.key(1)); letters],
        }
    };
    assert!(store.lacks_parcel(session).await.unwrap());
    assert_eq!(store.parcel(session).await.unwrap(), None);
    for letters in [1, 3] {
        store.put_parcel(session, &parcel(letters)).await.unwrap();
        assert_eq!(store.parcel(session).await.unwrap(), Some(parcel(letters)));
        assert!(!store.lacks_parcel(session).await.unwrap());
    }
    store.put_own_outcome(&own(&world, 1), staged(1)).await.unwrap();
    store.settle(&outcome(&world, 1, &[2, 3]), None).await.unwrap();
    assert_eq!(store.parcel(session).await.unwrap(), None);
    assert!(!store.lacks_parcel(session).await.unwrap());
    // Nothing is taken for a session that is over.
    store.put_parcel(session, &parcel(1)).await.unwrap();
    assert_eq!(store.parcel(session).await.unwrap(), None);
}

/// Whichever outcome comes first, what the later opened session kept holds.
#[tokio::test]
async fn the_later_opened_session_holds() {
    for late_first in [false, true] {
        let Some(somewhere) = Somewhere::new(module_path!()).await else { return };
        let store = NodeStore::new(somewhere.open().await);
        let early = world("One");
        let mut late = world("Two");
        let mut body = late.announcement.body.clone();
        body.session.0[0] ^= 0x80;
        body.opened = body.opened.plus_millis(5);
        late.announcement = Signed::new(body, &late.coordinator);
        computing(&store, &early).await;
        computing(&store, &late).await;
        for at_last in [false, true] {
            let now = if at_last == late_first { &early } else { &late };
            store.settle(&outcome(now, 7, &[2, 3]), None).await.unwrap();
        }
        let stored = store.variable("x").await.unwrap().unwrap();
        assert_eq!(stored.session, late.session());
    }
}

/// A dealing changes shares, digests and the generation, and leaves who made the variable, and when.
#[tokio::test]
async fn a_variable_that_is_dealt_anew_keeps_its_origin() {
    for late_first in [false, true] {
        let Some(somewhere) = Somewhere::new(module_path!()).await else { return };
        let store = NodeStore::new(somewhere.open().await);
        let early = world("One");
        computing(&store, &early).await;
        let made = outcome(&early, 7, &[2, 3]);
        let [job::Change::Keep { variable, .. }] =
            &early.announcement.body.terms.question.changes(&made.body.answer)[..]
        else {
            panic!("x is kept")
        };
        let mut late = dealing(variable);
        let mut body = late.announcement.body.clone();
        body.session.0[0] ^= 0x80;
        body.opened = body.opened.plus_millis(5);
        late.announcement = Signed::new(body, &late.coordinator);
        computing(&store, &late).await;
        let anew = dealt(&late, 8, &[1, 2]);
        let own = Signed::new(anew.body.clone(), late.key(1));
        store.put_own_outcome(&own, staged(8)).await.unwrap();
        for at_last in [false, true] {
            let now = if at_last == late_first { &made } else { &anew };
            store.settle(now, None).await.unwrap();
        }
        let stored = store.variable("x").await.unwrap().unwrap();
        assert_eq!((stored.variable.generation, stored.dealt), (1, late.session()));
        assert_eq!(stored.variable.digests, [Fingerprint([8; 32]); 3]);
        assert_eq!(stored.refreshed, late.announcement.body.opened);
        // Who hears of the dealing first takes it for the making.
        let origin = if late_first { &late } else { &early };
        assert_eq!(
            (stored.session, stored.made),
            (origin.session(), origin.announcement.body.opened)
        );
        assert_eq!(store.share(late.session(), "x").await.unwrap(), Some(Blob(vec![8; 40])));
        assert_eq!(store.share(early.session(), "x").await.unwrap(), None);
    }
}

/// A session that deals x anew.
fn dealing(variable: &job::StoredVariable) -> World {
    let expected = job::step::Expected {
        range: variable.range,
        owner: variable.owner.clone(),
        version: variable.version(),
    };
    let (name, generation) = (variable.name.clone(), variable.generation);
    let load = Operation::Load { variable: name.clone(), stored: name.clone(), expected };
    let refresh = Operation::Refresh { variable: name, generation, earlier: None };
    let step = |id: &str, operation| Step { id: id.into(), operation, after: Vec::new() };
    let steps = vec![step("1", load), step("2", refresh)];
    let mut terms = terms();
    terms.title = "Two".to_owned();
    terms.question = Question::new(Prime::Mersenne61, steps).into();
    World::with_terms(3, 1, terms)
}

/// Its outcome, in which the digests are these.
fn dealt(world: &World, digest: u8, signers: &[u8]) -> CoSigned<Outcome> {
    let mut outcome = outcome(world, digest, &[]).body;
    let kept = vec![Some(vec![Fingerprint([digest; 32]); 3])];
    outcome.answer = job::Answer { kept, ..job::Answer::new(Vec::new(), Vec::new()) }.into();
    world.co_sign(outcome, signers)
}
