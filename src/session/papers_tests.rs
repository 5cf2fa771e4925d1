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
        let papers = Papers {
            announcement: world.announcement.clone(),
            roster: Some(world.roster.clone()),
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
    assert!(is_ahead(Phase::Settled, Some(Phase::Open)));
    assert!(is_ahead(Phase::Settled, Some(Phase::Failed)));
    assert!(is_ahead(Phase::Computing, Some(Phase::Closing)));
}
