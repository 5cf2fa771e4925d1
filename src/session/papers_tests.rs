use crate::identity::KeyPair;
use crate::rules::auction::{Answer, Sale};
use crate::session::fixtures::{World, entry};
use crate::session::outcome::Entrant;
use crate::session::papers::*;

/// Papers of a settled session of five nodes with threshold 1; an outcome takes three signatures.
struct Place {
    world: World,
    papers: Papers,
}

impl Place {
    fn new() -> Self {
        let world = World::new(5, 1);
        let ada = world.envelope("ada", 1, 1);
        let entries = || vec![entry(&ada, 100)];
        let bundle = world.bundle((1..=5).map(|node| (node, entries(), Vec::new())).collect());
        let manifest =
            Manifest::derive(&world.announcement.body, world.roster.body.scheme, &bundle);
        let entrant = Entrant { bidder: "ada".to_owned(), envelope: ada.digest() };
        let outcome = Outcome {
            session: world.session(),
            announcement: world.announcement.body.digest(),
            manifest: manifest.digest(),
            answer: Answer { winners: vec![Sale { entry: entrant, price: 50_000 }] }.into(),
            out_of_range: Vec::new(),
        };
        let admitted =
            AdmittedBidder { name: "ada".to_owned(), key: ada.body.key, signature: ada.admission };
        let (session, at) = (world.session(), Timestamp::from_millis(7));
        let order = PauseOrder { session, paused: true, why: None, at };
        let papers = Papers {
            announcement: world.announcement.clone(),
            roster: Some(world.roster.clone()),
            pause: Some(Signed::new(order, &world.coordinator)),
            bundle: Some(bundle),
            manifest: Some(world.co_sign(manifest, &[1, 2, 3, 4, 5])),
            outcome: Some(world.co_sign(outcome, &[1, 2, 3])),
            admitted: vec![admitted],
        };
        Self { world, papers }
    }

    /// What is left of papers that somebody has changed.
    fn changed(&self, change: impl FnOnce(&mut Papers)) -> Papers {
        let mut papers = self.papers.clone();
        change(&mut papers);
        papers.proved(&self.world.roster).unwrap()
    }
}

#[test]
fn right_papers_stay_as_they_are() {
    let place = Place::new();
    assert_eq!(place.changed(|_| {}), place.papers);
}

#[test]
fn what_t_lying_nodes_or_a_stranger_make_up_is_left_out_with_all_that_rests_on_it() {
    let place = Place::new();
    // An outcome that only t nodes signed; one more is honest.
    for (signers, stands) in [(&[1][..], false), (&[1, 2], true)] {
        let left = place.changed(|papers| {
            let body = papers.outcome.take().unwrap().body;
            papers.outcome = Some(place.world.co_sign(body, signers));
        });
        assert_eq!(left.outcome.is_some(), stands, "{signers:?}");
        assert!(left.manifest.is_some());
    }
    // A manifest that only t nodes signed.
    let left = place.changed(|papers| {
        let body = papers.manifest.take().unwrap().body;
        papers.manifest = Some(place.world.co_sign(body, &[1]));
    });
    assert_eq!((left.manifest, left.outcome), (None, None));
    assert!(left.bundle.is_some());
    // A manifest that leaves a bid out, whoever signed it.
    let left = place.changed(|papers| {
        let mut body = papers.manifest.take().unwrap().body;
        body.entries.clear();
        papers.manifest = Some(place.world.co_sign(body, &[1, 2, 3, 4, 5]));
    });
    assert_eq!((left.manifest, left.outcome), (None, None));
    // A bundle whose inventory a stranger has signed.
    let stranger = KeyPair::generate().unwrap();
    let left = place.changed(|papers| {
        let inventories = &mut papers.bundle.as_mut().unwrap().inventories.0;
        inventories[0] = Signed::new(inventories[0].body.clone(), &stranger);
    });
    assert_eq!((left.bundle, left.manifest, left.outcome), (None, None, None));
    // An admission that the coordinator never gave, and a roster that it never signed.
    let left = place.changed(|papers| {
        papers.admitted[0].key = stranger.public();
        let body = papers.roster.take().unwrap().body;
        papers.roster = Some(Signed::new(body, &stranger));
    });
    assert_eq!((left.admitted, left.roster), (Vec::new(), None));
    // Terms that it never signed leave nothing.
    let mut papers = place.papers.clone();
    papers.announcement = Signed::new(papers.announcement.body, &stranger);
    assert!(papers.proved(&place.world.roster).is_err());
}

#[test]
fn who_is_decided_has_nothing_to_learn_and_nobody_learns_from_who_is_behind() {
    for theirs in Phase::ALL {
        for mine in Phase::ALL {
            let ahead = is_ahead(theirs, Some(mine));
            assert!(!ahead || !mine.is_final(), "{theirs} {mine}");
            assert!(!(ahead && is_ahead(mine, Some(theirs))), "{theirs} {mine}");
        }
        let known = !matches!(theirs, Phase::Draft | Phase::Cancelled);
        assert_eq!(is_ahead(theirs, None), known);
    }
    assert!(is_ahead(Phase::Closing, Some(Phase::Paused)));
    assert!(is_ahead(Phase::Settled, Some(Phase::Open)));
    assert!(is_ahead(Phase::Settled, Some(Phase::Failed)));
    assert!(is_ahead(Phase::Computing, Some(Phase::Closing)));
}

#[test]
fn the_later_order_is_asked_for_while_bidding_has_not_ended_at_either() {
    let at = |millis: i64| (millis > 0).then(|| Timestamp::from_millis(millis));
    let later = |theirs: Phase, their_time, mine: Phase, my_time| {
        let session = SessionId([1; 16]);
        let theirs = Standing { session, phase: theirs, attempt: 0, ordered: at(their_time) };
        is_ordered_later(&theirs, Some((mine, at(my_time))))
    };
    assert!(later(Phase::Paused, 5, Phase::Open, 0));
    assert!(later(Phase::Open, 6, Phase::Paused, 5));
    assert!(!later(Phase::Paused, 5, Phase::Open, 6) && !later(Phase::Paused, 5, Phase::Paused, 5));
    assert!(!later(Phase::Open, 0, Phase::Paused, 5) && !later(Phase::Closing, 9, Phase::Open, 5));
    assert!(!later(Phase::Paused, 9, Phase::Closing, 5));
}

#[test]
fn an_order_that_is_not_the_coordinators_is_left_out() {
    let place = Place::new();
    assert_eq!(place.changed(|_| ()).pause, place.papers.pause);
    let stranger = KeyPair::from_secret(&[77; 32]);
    let order = place.papers.pause.clone().unwrap().body;
    let other = PauseOrder { session: SessionId([8; 16]), ..order.clone() };
    let forged = place.changed(|papers| papers.pause = Some(Signed::new(order, &stranger)));
    let elsewhere = Signed::new(other, &place.world.coordinator);
    let foreign = place.changed(|papers| papers.pause = Some(elsewhere));
    assert_eq!((forged.pause, foreign.pause), (None, None));
}
