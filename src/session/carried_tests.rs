//! Scores that entries come with: what is refused, what binds them, and how papers are encoded.

use serde::Serialize;

use crate::base::Timestamp;
use crate::client::{BidAmount, EntryValues, SplitError};
use crate::identity::{KeyPair, PublicKey, Signed};
use crate::rules::auction::Pays;
use crate::session::announcement::AdmissionSignature;
use crate::session::bundle::{BundleError, InventoryEntry};
use crate::session::carried::*;
use crate::session::envelope::EnvelopeError;
use crate::session::fixtures::{World, entry, node, terms, time};
use crate::session::manifest::{ManifestEntry, ManifestError};
use crate::session::record::{Format, Record, RecordError};
use crate::session::scoring::{ScoreSignatureError, SignedScore};
use crate::session::{Envelope, Manifest};
use crate::testkit::paperwork::Paperwork;
use crate::testkit::scores;

fn scored_terms() -> Terms {
    Terms { question: scores::question(Pays::Own, 100_000, 500).into(), ..terms() }
}

fn key(name: &str) -> KeyPair {
    World::key_of(name)
}

/// An envelope of a bidder with this score.
fn with_score(world: &World, name: &str, revision: u32, score: SignedScore) -> Envelope {
    let mut envelope = world.envelope(name, revision, 1);
    envelope.body.score = Some(Box::new(score));
    envelope.signature = key(name).sign(&envelope.digest());
    envelope
}

#[test]
fn a_score_counts_for_the_key_model_owner_and_roster_that_it_is_of() {
    let (terms, ada, bea) = (scored_terms(), key("ada"), key("bea"));
    let of = |score: &SignedScore| check(&terms, &ada.public(), Some(score));
    let good = scores::signed(&ada, 512, 1);
    assert_eq!(of(&good), Ok(()));
    assert_eq!(check(&terms, &ada.public(), None), Err(ScoreError::Missing));
    let plain = super::super::fixtures::terms();
    assert_eq!(check(&plain, &ada.public(), Some(&good)), Err(ScoreError::Spare));
    assert_eq!(check(&plain, &ada.public(), None), Ok(()));
    // Another's.
    assert_eq!(of(&scores::signed(&bea, 512, 1)), Err(ScoreError::Client));
    // Typed, and with signatures of whoever likes.
    let typed = |client, owner| of(&scores::signed_by(scores::score(&ada, 1024, 1), client, owner));
    assert_eq!(typed(&ada, &ada), Err(ScoreSignatureError::Owner.into()));
    assert_eq!(typed(&bea, &scores::owner()), Err(ScoreSignatureError::Client.into()));
    let mut altered = good.clone();
    altered.score.values = vec![1024];
    assert_eq!(of(&altered), Err(ScoreSignatureError::Client.into()));
    // Of something else, properly signed.
    let other = |change: fn(&mut Score)| {
        let mut score = scores::score(&ada, 512, 1);
        change(&mut score);
        of(&scores::signed_by(score, &ada, &scores::owner()))
    };
    assert_eq!(
        other(|score| score.model = Digest([9; 32])),
        Err(ScoreError::Other { what: "model" })
    );
    assert_eq!(
        other(|score| score.roster = Digest([9; 32])),
        Err(ScoreError::Other { what: "roster" })
    );
    assert_eq!(other(|score| score.values = vec![1, 2]), Err(ScoreError::Values { got: 2 }));
    assert_eq!(other(|score| score.values = vec![-1]), Err(Unplaced::Below.into()));
    assert_eq!(other(|score| score.fraction = 60), Err(Unplaced::Fraction.into()));
    assert_eq!(other(|score| score.values = vec![1 << 40]), Ok(()));
    let mut score = scores::score(&ada, 512, 1);
    score.owner = bea.public();
    let foreign = scores::signed_by(score, &ada, &bea);
    assert_eq!(of(&foreign), Err(ScoreError::Other { what: "owner" }));
}

#[test]
fn an_envelope_binds_its_score_and_is_refused_with_a_wrong_one() {
    let mut papers = Paperwork::new(3, 1, 100_000).unwrap();
    papers.announcement.body.terms.question = scores::question(Pays::Own, 100_000, 500).into();
    papers.resign();
    let (ada, bea) = (key("ada"), key("bea"));
    let make = |score: Option<SignedScore>| {
        let values = EntryValues::from(BidAmount::new(700)).with_score(score);
        let admission: AdmissionSignature = papers.admit("ada", &ada);
        let (announcement, roster) = (&papers.announcement, &papers.roster);
        crate::client::make_entry(announcement, roster, admission, "ada", &ada, 1, values)
            .map(|sealed| sealed.envelope)
    };
    // The bidder's own program seals nothing with a score that does not count.
    assert_eq!(make(None), Err(SplitError::Score(ScoreError::Missing)));
    assert_eq!(make(Some(scores::signed(&bea, 5, 1))), Err(SplitError::Score(ScoreError::Client)));
    let envelope = make(Some(scores::signed(&ada, 512, 1))).unwrap();
    let check = |envelope: &Envelope| {
        let coordinator = papers.coordinator.public();
        envelope.check(&papers.announcement.body, papers.scheme(), &coordinator)
    };
    assert_eq!(check(&envelope), Ok(()));
    let other = |score: Option<SignedScore>, signs: bool| {
        let mut changed = envelope.clone();
        changed.body.score = score.map(Box::new);
        assert_ne!(changed.digest(), envelope.digest());
        if signs {
            changed.signature = ada.sign(&changed.digest());
        }
        check(&changed)
    };
    // Whoever carries it cannot put another one in, or take it out.
    let better = scores::signed(&ada, 1024, 2);
    assert_eq!(other(Some(better.clone()), false), Err(EnvelopeError::Signature));
    assert_eq!(other(Some(better), true), Ok(()));
    assert_eq!(other(None, true), Err(EnvelopeError::Score(ScoreError::Missing)));
    let stolen = scores::signed(&bea, 1024, 2);
    assert_eq!(other(Some(stolen), true), Err(EnvelopeError::Score(ScoreError::Client)));

    let binary = postcard::to_stdvec(&envelope).unwrap();
    assert_eq!(postcard::from_bytes::<Envelope>(&binary).unwrap(), envelope);
    for cut in [1, 60, 130, 300] {
        assert!(postcard::from_bytes::<Envelope>(&binary[..binary.len() - cut]).is_err());
    }
    let text = serde_json::to_string(&envelope).unwrap();
    assert_eq!(serde_json::from_str::<Envelope>(&text).unwrap(), envelope);
    let form = papers.announcement.body.terms.protocol;
    let extent = papers.announcement.body.terms.layout().unwrap().extent();
    assert!(text.len() < crate::session::envelope::most_bytes(form, extent, papers.scheme()));
}

/// An inventory's line before there were scores.
#[derive(Serialize)]
struct EarlierLine {
    key: PublicKey,
    bidder: String,
    revision: u32,
    contents: Digest,
    received: Timestamp,
}

/// A manifest's line before there were scores.
#[derive(Serialize)]
struct EarlierEntry {
    bidder: String,
    key: PublicKey,
    revision: u32,
    envelope: Digest,
    received: Timestamp,
}

#[test]
fn papers_without_scores_are_encoded_as_they_always_were() {
    let (key, contents, received) = (key("ada").public(), Digest([4; 32]), time(77));
    for revision in [1, 100, u32::MAX] {
        let bidder = "ada".to_owned();
        let line = InventoryEntry { key, bidder, revision, contents, received, score: None };
        let bidder = "ada".to_owned();
        let earlier = EarlierLine { key, bidder, revision, contents, received };
        let binary = postcard::to_stdvec(&line).unwrap();
        assert_eq!(binary, postcard::to_stdvec(&earlier).unwrap());
        assert_eq!(serde_json::to_string(&line).unwrap(), serde_json::to_string(&earlier).unwrap());
        assert_eq!(postcard::from_bytes::<InventoryEntry>(&binary).unwrap(), line);

        let (bidder, envelope) = ("ada".to_owned(), contents);
        let line = ManifestEntry { bidder, key, revision, envelope, received, score: None };
        let bidder = "ada".to_owned();
        let earlier = EarlierEntry { bidder, key, revision, envelope, received };
        let binary = postcard::to_stdvec(&line).unwrap();
        assert_eq!(binary, postcard::to_stdvec(&earlier).unwrap());
        assert_eq!(serde_json::to_string(&line).unwrap(), serde_json::to_string(&earlier).unwrap());

        let score = Some(Box::new(scores::signed(&World::key_of("ada"), 3, 1)));
        let scored = ManifestEntry { score, ..line };
        let binary = postcard::to_stdvec(&vec![scored.clone(), scored.clone()]).unwrap();
        let read: Vec<ManifestEntry> = postcard::from_bytes(&binary).unwrap();
        assert_eq!(read, [scored.clone(), scored.clone()]);
        let text = serde_json::to_string(&scored).unwrap();
        assert_eq!(serde_json::from_str::<ManifestEntry>(&text).unwrap(), scored);
    }
    assert!(from_binary::<serde::de::value::Error>(1 << 33).is_err());
}

/// All nodes list these envelopes, each received at a time of its own.
fn closed(world: &World, envelopes: &[Envelope]) -> (crate::session::bundle::Bundle, Manifest) {
    let lines = || envelopes.iter().zip(10..).map(|(envelope, at)| entry(envelope, at)).collect();
    let bundle = world.bundle((1..=3).map(|index| (index, lines(), Vec::new())).collect());
    bundle.check(&world.roster.body, &world.announcement.body).unwrap();
    let manifest = Manifest::derive(&world.announcement.body, world.roster.body.scheme, &bundle);
    (bundle, manifest)
}

#[test]
fn a_node_that_lists_a_bid_without_its_score_or_with_another_is_named() {
    let world = World::with_terms(3, 1, scored_terms());
    let ada = with_score(&world, "ada", 1, scores::signed(&key("ada"), 512, 1));
    let bundle = |change: &dyn Fn(&mut InventoryEntry)| {
        let nodes = (1..=3).map(|index| {
            let mut line = entry(&ada, 10);
            if index == 2 {
                change(&mut line);
            }
            (index, vec![line], Vec::new())
        });
        world.bundle(nodes.collect()).check(&world.roster.body, &world.announcement.body)
    };
    assert_eq!(bundle(&|_| {}), Ok(()));
    let named = |error| BundleError::Score { node: node(2), bidder: "ada".to_owned(), error };
    assert_eq!(bundle(&|line| line.score = None), Err(named(ScoreError::Missing)));
    let stolen = scores::signed(&key("bea"), 1024, 2);
    let with = |score: &SignedScore| {
        let score = score.clone();
        bundle(&move |line: &mut InventoryEntry| line.score = Some(Box::new(score.clone())))
    };
    assert_eq!(with(&stolen), Err(named(ScoreError::Client)));
    let mut typed = scores::signed(&key("ada"), 512, 1);
    typed.score.values = vec![1024];
    assert_eq!(with(&typed), Err(named(ScoreSignatureError::Client.into())));
    assert_eq!(
        bundle(&|line| line.score = None).unwrap_err().nodes(),
        crate::sharing::NodeSet::EMPTY.with(node(2))
    );
    // Another score that counts is another envelope, which nobody else lists.
    assert_eq!(with(&scores::signed(&key("ada"), 1024, 3)), Ok(()));
    let mut line = entry(&ada, 10);
    line.score = Some(Box::new(scores::signed(&key("ada"), 1024, 3)));
    assert_ne!(line.envelope(world.session()), ada.digest());
    assert_eq!(entry(&ada, 10).envelope(world.session()), ada.digest());
    // Where scores do not count, none is listed.
    let plain = World::new(3, 1);
    let spare = with_score(&plain, "ada", 1, scores::signed(&key("ada"), 512, 1));
    let lists = (1..=3).map(|index| (index, vec![entry(&spare, 10)], Vec::new())).collect();
    let refused = plain.bundle(lists).check(&plain.roster.body, &plain.announcement.body);
    assert!(matches!(refused, Err(BundleError::Score { error: ScoreError::Spare, .. })));
}

#[test]
fn a_score_counts_for_the_latest_bid_of_a_key_and_no_owner_can_have_another_left_out() {
    let world = World::with_terms(3, 1, scored_terms());
    let ada = with_score(&world, "ada", 1, scores::signed(&key("ada"), 512, 1));
    // The owner signed two scores of one batch, one for somebody who bids first.
    let bea = with_score(&world, "bea", 1, scores::signed(&key("bea"), 1024, 1));
    let cyd = with_score(&world, "cyd", 2, scores::signed(&key("cyd"), 1024, 3));
    let (_, manifest) = closed(&world, &[ada.clone(), bea.clone(), cyd.clone()]);
    let listed: Vec<Digest> = manifest.entries.iter().map(|entry| entry.envelope).collect();
    assert_eq!(listed, [ada.digest(), bea.digest(), cyd.digest()]);
    assert!(manifest.excluded.is_empty());
    assert_eq!(manifest.handicaps(&world.announcement.body.terms), [250, 0, 0]);
    assert!(Manifest { entries: Vec::new(), ..manifest }.handicaps(&terms()).is_empty());
    // A bid that replaces another may come with another score, and with the same.
    let again = with_score(&world, "ada", 2, scores::signed(&key("ada"), 1000, 4));
    let lists = [(1, &ada), (2, &again), (3, &again)];
    let lists = lists.map(|(index, envelope)| (index, vec![entry(envelope, 10)], Vec::new()));
    let bundle = world.bundle(lists.into());
    let manifest = Manifest::derive(&world.announcement.body, world.roster.body.scheme, &bundle);
    assert_eq!(manifest.entries[0].score.as_deref(), again.body.score.as_deref());
    assert!(manifest.excluded.is_empty());
}

#[test]
fn a_record_proves_every_score() {
    let world = World::with_terms(3, 1, scored_terms());
    let ada = with_score(&world, "ada", 1, scores::signed(&key("ada"), 512, 1));
    let bea = with_score(&world, "bea", 1, scores::signed(&key("bea"), 100, 2));
    let (bundle, manifest) = closed(&world, &[ada, bea]);
    let record = |manifest: Manifest| Record {
        format: Format::One,
        roster: world.roster.clone(),
        announcement: world.announcement.clone(),
        bundle: Some(bundle.clone()),
        manifest: Some(world.co_sign(manifest, &[1, 2, 3])),
        outcome: None,
        accusations: Vec::new(),
    };
    let text = serde_json::to_string(&record(manifest.clone())).unwrap();
    assert_eq!(Record::parse(&text).unwrap().verify(None).unwrap().bids, 2);
    let with = |change: &dyn Fn(&mut Manifest)| {
        let mut changed = manifest.clone();
        change(&mut changed);
        record(changed).verify(None)
    };
    let differs = |found: Result<_, RecordError>| {
        matches!(found, Err(RecordError::Manifest(ManifestError::NotDerived { .. })))
    };
    // Whatever all nodes sign: the scores are those of the inventories, or it proves nothing.
    assert!(differs(with(&|manifest| manifest.entries[0].score = None).map(drop)));
    let better = scores::signed(&key("bea"), 1024, 5);
    assert!(differs(
        with(&move |manifest| manifest.entries[1].score = Some(Box::new(better.clone()))).map(drop)
    ));
    // And those of the inventories are signed by both parties.
    let mut lying = record(manifest.clone());
    if let Some(bundle) = &mut lying.bundle {
        let inventory = &mut bundle.inventories.0[0];
        let line = inventory.body.entries.iter_mut().find(|line| line.bidder == "ada").unwrap();
        line.score.as_mut().unwrap().score.values = vec![1024];
        *inventory = Signed::new(inventory.body.clone(), world.key(1));
    }
    assert!(matches!(lying.verify(None), Err(RecordError::Bundle(BundleError::Score { .. }))));
}
