use serde_json::Value;

use crate::rules::answer::AnswerError;
use crate::rules::auction::{Answer, Kind, Question, Sale};
use crate::rules::{self, Terms, auction, made_up};
use crate::session::Envelope;
use crate::session::bundle::Complaint;
use crate::session::exclusion::ExclusionReason;
use crate::session::fixtures::{World, auction as question, entry, node, terms, time};
use crate::session::manifest::SignerError;
use crate::session::outcome::Entrant;
use crate::session::record::*;

/// A settled session of five nodes: ada (replaced once) wins, bea loses, cyd's seeds do not fit,
/// dot is out of range.
struct Place {
    world: World,
    ada_before: Envelope,
    ada: Envelope,
    bea: Envelope,
    cyd: Envelope,
    dot: Envelope,
}

/// An envelope that wins.
fn sale(envelope: &Envelope, price: u64) -> Sale<Entrant> {
    let bidder = envelope.body.bidder.clone();
    Sale { entry: Entrant { bidder, envelope: envelope.digest() }, price }
}

fn won_by(outcome: &mut Outcome, winners: &[Sale<Entrant>]) {
    outcome.answer = Answer { winners: winners.to_vec() }.into();
}

impl Place {
    fn new() -> Self {
        let description = Some("Oil on canvas, signed".to_owned());
        Self::with_terms(Terms { description, ..terms() })
    }

    fn with_terms(terms: Terms) -> Self {
        let world = World::with_terms(5, 2, terms);
        Self {
            ada_before: world.envelope("ada", 1, 1),
            ada: world.envelope("ada", 2, 1),
            bea: world.envelope("bea", 1, 1),
            cyd: world.envelope("cyd", 1, 1),
            dot: world.envelope("dot", 1, 1),
            world,
        }
    }

    fn bundle(&self) -> Bundle {
        let unfit =
            Complaint { envelope: self.cyd.digest(), reason: ExclusionReason::SeedsDoNotFit };
        let nodes = (1..=5).map(|i| {
            let at = i64::from(i);
            let entries = vec![
                entry(&self.ada, 100 + at),
                entry(&self.bea, 200 + at),
                entry(&self.cyd, 300 + at),
                entry(&self.dot, 400 + at),
            ];
            (i, entries, if i <= 3 { vec![unfit.clone()] } else { Vec::new() })
        });
        self.world.bundle(nodes.collect())
    }

    fn outcome(&self, manifest: &Manifest) -> Outcome {
        Outcome {
            session: self.world.session(),
            announcement: self.world.announcement.body.digest(),
            manifest: manifest.digest(),
            answer: Answer { winners: vec![sale(&self.ada, 70_000)] }.into(),
            out_of_range: vec![Exclusion {
                bidder: "dot".into(),
                key: self.dot.body.key,
                envelope: self.dot.digest(),
                reason: ExclusionReason::OutOfRange,
                named_by: NodeSet::EMPTY,
            }],
        }
    }

    fn record(&self) -> Record {
        let bundle = self.bundle();
        let manifest =
            Manifest::derive(&self.world.announcement.body, self.world.roster.body.scheme, &bundle);
        let outcome = self.outcome(&manifest);
        Record {
            format: Format::One,
            roster: self.world.roster.clone(),
            announcement: self.world.announcement.clone(),
            bundle: Some(bundle),
            manifest: Some(self.world.co_sign(manifest, &[1, 2, 3, 4, 5])),
            outcome: Some(self.world.co_sign(outcome, &[1, 2, 3, 4, 5])),
            accusations: Vec::new(),
        }
    }

    /// The record with another outcome, signed by all: what dishonest nodes could sign.
    fn decided(&self, change: impl FnOnce(&mut Outcome)) -> Result<Report, RecordError> {
        let mut record = self.record();
        let mut outcome = record.outcome.take().unwrap().body;
        change(&mut outcome);
        record.outcome = Some(self.world.co_sign(outcome, &[1, 2, 3, 4, 5]));
        record.verify(None)
    }
}

/// Paths to every leaf of a document.
fn leaves(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                leaves(inner, &format!("{path}/{key}"), found);
            }
        }
        Value::Array(list) => {
            for (position, inner) in list.iter().enumerate() {
                leaves(inner, &format!("{path}/{position}"), found);
            }
        }
        _ => found.push(path.to_owned()),
    }
}

/// Other values for a leaf: a character changed at the start, in the middle and at the end.
fn altered(leaf: &Value) -> Vec<Value> {
    match leaf {
        Value::String(text) => {
            let last = text.chars().count() - 1;
            [0, last / 2, last]
                .iter()
                .map(|&at| {
                    let swap = |c| match c {
                        'a' => 'b',
                        '1' => '2',
                        c if c.is_ascii_digit() => '1',
                        _ => 'a',
                    };
                    let changed = text.chars().enumerate();
                    let changed = changed.map(|(i, c)| if i == at { swap(c) } else { c });
                    Value::from(changed.collect::<String>())
                })
                .collect()
        }
        Value::Number(number) => vec![Value::from(number.as_u64().unwrap() + 1), Value::Null],
        Value::Bool(it) => vec![Value::from(!it)],
        Value::Null => vec![Value::from(1), Value::from("a")],
        _ => unreachable!("a leaf"),
    }
}

#[test]
fn a_sound_record_passes_and_survives_json() {
    let place = Place::new();
    let record = place.record();
    let text = serde_json::to_string_pretty(&record).unwrap();
    assert_eq!(Record::parse(&text).unwrap(), record);
    let report = record.verify(None).unwrap();
    assert!(report.outcome.is_some() && !report.pinned);
    assert_eq!(report.closed_by, NodeSet::all(5));
    assert_eq!((report.manifest_signed_by, report.signed_by), (NodeSet::all(5), NodeSet::all(5)));
    assert_eq!(report.bids, 3);
    let excluded: Vec<_> = report.excluded.iter().map(|e| (e.bidder.as_str(), e.reason)).collect();
    assert_eq!(
        excluded,
        [("cyd", ExclusionReason::SeedsDoNotFit), ("dot", ExclusionReason::OutOfRange)]
    );
    assert_eq!(report.outcome.unwrap().answer.entries()[0].bidder, "ada");
}

#[test]
fn every_single_alteration_is_refused() {
    let place = Place::new();
    let whole = serde_json::to_value(place.record()).unwrap();
    let mut paths = Vec::new();
    leaves(&whole, "", &mut paths);
    assert!(paths.len() > 180, "{}", paths.len());
    for path in paths {
        for other in altered(whole.pointer(&path).unwrap()) {
            let mut changed = whole.clone();
            *changed.pointer_mut(&path).unwrap() = other.clone();
            match Record::parse(&changed.to_string()).and_then(|record| record.verify(None)) {
                Ok(_) => panic!("{path} altered to {other} passed"),
                Err(RecordError::Syntax(_)) => {}
                Err(error) => {
                    // The roster is what everything else is compared with; a part that rests on
                    // an earlier one is refused by its own name.
                    let part = path.split('/').nth(1).unwrap();
                    let said = error.to_string();
                    assert!(said.starts_with(part), "{path} altered to {other}: {said}");
                }
            }
        }
    }
}

#[test]
fn every_element_and_field_taken_out_is_refused() {
    let place = Place::new();
    let whole = serde_json::to_value(place.record()).unwrap();
    let mut paths = Vec::new();
    containers(&whole, "", &mut paths);
    for path in paths {
        let count = match whole.pointer(&path).unwrap() {
            Value::Object(map) => map.len(),
            Value::Array(list) => list.len(),
            _ => 0,
        };
        for position in 0..count {
            let mut changed = whole.clone();
            let name = match changed.pointer_mut(&path).unwrap() {
                Value::Object(map) => {
                    let key = map.keys().nth(position).unwrap().clone();
                    map.remove(&key);
                    key
                }
                Value::Array(list) => {
                    list.remove(position);
                    position.to_string()
                }
                _ => continue,
            };
            let result = Record::parse(&changed.to_string()).and_then(|r| r.verify(None));
            // Absent later parts and single signatures under a quorum make a record that proves
            // less, and the report says so.
            let still_sound = (path.is_empty() && name == "outcome")
                || (path.ends_with("/signatures") && path.starts_with("/outcome"));
            assert_eq!(result.is_ok(), still_sound, "{path} without {name}: {result:?}");
        }
    }
}

fn containers(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            found.push(path.to_owned());
            for (key, inner) in map {
                containers(inner, &format!("{path}/{key}"), found);
            }
        }
        Value::Array(list) => {
            found.push(path.to_owned());
            for (position, inner) in list.iter().enumerate() {
                containers(inner, &format!("{path}/{position}"), found);
            }
        }
        _ => {}
    }
}

#[test]
fn a_record_is_compared_with_what_the_reader_knows() {
    let place = Place::new();
    let record = place.record();
    let digest = place.world.roster.body.digest();
    assert!(record.verify(Some(digest)).unwrap().pinned);
    assert!(!record.verify(None).unwrap().pinned);
    let other = Some(Digest([1; 32]));
    assert!(matches!(record.verify(other), Err(RecordError::OtherRoster { .. })));
    let error = record.verify(other).unwrap_err();
    assert!(error.to_string().contains("as you gave it"), "{error}");
}

/// The coordinator alone signs a roster of nodes that it made up, and everything that they would
/// sign: a record that is consistent, of the same coordinator, and not of the reader's roster.
#[test]
fn a_coordinator_that_makes_up_the_nodes_is_not_believed() {
    let place = Place::new();
    let mut forged = Place::new();
    forged.world.make_up_nodes();
    let record = forged.record();
    assert_eq!(record.roster.body.coordinator, place.world.roster.body.coordinator);
    assert!(!record.verify(None).unwrap().pinned);
    let trusted = record.trusted(&place.world.roster.body);
    assert!(matches!(record.verify(Some(trusted)), Err(RecordError::OtherRoster { .. })));
}

#[test]
fn a_record_may_end_early_but_has_no_gaps() {
    let place = Place::new();
    let mut open = place.record();
    (open.bundle, open.manifest, open.outcome) = (None, None, None);
    let report = open.verify(None).unwrap();
    assert!(report.closed_by.is_empty() && report.outcome.is_none());
    let mut gap = place.record();
    gap.manifest = None;
    let missing = RecordError::Missing { part: "outcome", missing: "manifest" };
    assert_eq!(gap.verify(None), Err(missing));
    let mut gap = place.record();
    gap.bundle = None;
    let missing = RecordError::Missing { part: "manifest", missing: "bundle" };
    assert_eq!(gap.verify(None), Err(missing));
}

#[test]
fn an_outcome_needs_signatures() {
    let place = Place::new();
    let with = |nodes: &[u8]| {
        let mut record = place.record();
        let outcome = record.outcome.take().unwrap().body;
        record.outcome = Some(place.world.co_sign(outcome, nodes));
        record.verify(None)
    };
    let report = with(&[1, 2, 4]).unwrap();
    assert_eq!(report.signed_by.to_string(), "1, 2 and 4");
    let few = OutcomeError::TooFew { needed: 3, got: 2 };
    assert_eq!(with(&[1, 2]), Err(RecordError::Outcome(few)));
    let mut record = place.record();
    let signatures = &mut record.outcome.as_mut().unwrap().signatures;
    let stolen = signatures[&node(1)];
    signatures.insert(node(5), stolen);
    let forged = OutcomeError::Signature(SignerError { node: node(5) });
    assert_eq!(record.verify(None), Err(RecordError::Outcome(forged)));
}

#[test]
fn an_outcome_fits_terms_and_manifest() {
    let place = Place::new();
    let error = |change: &dyn Fn(&mut Outcome)| match place.decided(change) {
        Err(RecordError::Outcome(error)) => error,
        other => panic!("{other:?}"),
    };
    assert!(place.decided(|_| {}).is_ok());
    assert!(place.decided(|o| won_by(o, &[])).is_ok());
    assert_eq!(error(&|o| o.manifest = Digest([0; 32])), OutcomeError::Other { what: "manifest" });
    let other_kind = error(&|o| o.answer = rules::Answer::MadeUp(made_up::Answer { parity: 1 }));
    assert_eq!(other_kind, OutcomeError::Answer(AnswerError::OtherKind));
    let price = |price| error(&|o| won_by(o, &[sale(&place.ada, price)])).to_string();
    assert_eq!(price(499), "the outcome's price 4.99 is below the reserve 5.00");
    assert_eq!(price(100_001), "the outcome's price 1000.01 is above the maximum 1000.00");
    let named = |bidder: &str, envelope: &Envelope| {
        let mut sale = sale(envelope, 600);
        sale.entry.bidder = bidder.to_owned();
        error(&|o| won_by(o, &[sale.clone()]))
    };
    for (bidder, envelope) in [("bea", &place.ada), ("cyd", &place.cyd), ("ada", &place.cyd)] {
        assert_eq!(named(bidder, envelope), OutcomeError::NoSuchEntry { bidder: bidder.into() });
    }
    let excluded = OutcomeError::Answer(AnswerError::OutOfRange { entry: 2 });
    assert_eq!(named("dot", &place.dot), excluded);
    let both = [sale(&place.ada, 600), sale(&place.bea, 600)];
    let many = auction::answer::AnswerError::Winners { expected: 1, got: 2 };
    assert_eq!(error(&|o| won_by(o, &both)), OutcomeError::Answer(many.into()));
    let twice = [sale(&place.ada, 600), sale(&place.ada, 600)];
    let again = OutcomeError::Answer(AnswerError::Twice { entry: 0 });
    assert_eq!(error(&|o| won_by(o, &twice)), again);
    for change in [
        &(|o: &mut Outcome| o.out_of_range.push(o.out_of_range[0].clone()))
            as &dyn Fn(&mut Outcome),
        &|o: &mut Outcome| o.out_of_range[0].reason = ExclusionReason::Unavailable,
        &|o: &mut Outcome| o.out_of_range[0].bidder = "eve".into(),
        &|o: &mut Outcome| o.out_of_range[0].envelope = place.cyd.digest(),
    ] {
        assert!(matches!(error(change), OutcomeError::Exclusion { .. }));
    }
}

#[test]
fn prices_and_winners_by_terms() {
    let asking =
        |question: Question| Place::with_terms(Terms { question: question.into(), ..terms() });
    let reverse = asking(Question { kind: Kind::ReverseFirstPrice, ..question() });
    let at = |price| reverse.decided(|o| won_by(o, &[sale(&reverse.ada, price)]));
    let error = at(501).unwrap_err();
    assert!(error.to_string().contains("5.01 is above the reserve 5.00"), "{error}");
    assert!(at(500).is_ok() && at(0).is_ok());

    let free = asking(Question { reserve: None, ..question() });
    let nobody = free.decided(|o| won_by(o, &[]));
    let no_winner = auction::answer::AnswerError::NoWinner;
    assert_eq!(nobody, Err(RecordError::Outcome(OutcomeError::Answer(no_winner.into()))));
    // Unless every bid was out of range.
    let all = |o: &mut Outcome| {
        won_by(o, &[]);
        for envelope in [&free.ada, &free.bea] {
            let mut exclusion = o.out_of_range[0].clone();
            exclusion.bidder.clone_from(&envelope.body.bidder);
            exclusion.key = envelope.body.key;
            exclusion.envelope = envelope.digest();
            o.out_of_range.push(exclusion);
        }
    };
    assert_eq!(free.decided(all).unwrap().excluded.len(), 4);

    let full = asking(Question { maximum: (1 << 20) - 1, ..question() });
    let error = full.decided(|_| {}).unwrap_err();
    assert!(error.to_string().contains("these terms check no range"), "{error}");
}

#[test]
fn a_receipt_finds_its_standing() {
    let place = Place::new();
    let record = place.record();
    let standing =
        |index, envelope: &Envelope| record.check_receipt(&place.world.receipt(index, envelope, 7));
    let counted = ReceiptStanding::Counted { entry: 1, of: 3, received: time(103) };
    assert_eq!(standing(3, &place.ada), counted);
    assert!(counted.kept());
    let replaced = ReceiptStanding::Replaced { revision: 2, envelopes: vec![place.ada.digest()] };
    assert_eq!(standing(3, &place.ada_before), replaced);
    let named = ReceiptStanding::Excluded {
        reason: ExclusionReason::SeedsDoNotFit,
        named_by: NodeSet::all(3),
    };
    assert_eq!(standing(4, &place.cyd), named);
    // Node 2 found the part sound when it signed the receipt, and took that back.
    let retracted =
        ReceiptStanding::Retracted { node: node(2), reason: ExclusionReason::SeedsDoNotFit };
    assert_eq!(standing(2, &place.cyd), retracted);
    assert!(!retracted.kept());
    assert!(named.to_string().ends_with("(named by nodes 1, 2 and 3)"), "{named}");
    assert!(matches!(
        standing(1, &place.dot),
        ReceiptStanding::Excluded { reason: ExclusionReason::OutOfRange, .. }
    ));
    // A receipt for an envelope that the node then left out of its inventory.
    let eve = place.world.envelope("eve", 1, 1);
    let broken = ReceiptStanding::Broken { node: node(4) };
    assert_eq!(standing(4, &eve), broken);
    assert!(!broken.kept());
    // A second envelope of the revision that the node listed: it signed for both.
    assert_eq!(standing(4, &place.world.envelope("ada", 2, 9)), broken);

    let mut forged = place.world.receipt(4, &eve, 7);
    forged.body.revision = 2;
    assert_eq!(record.check_receipt(&forged), ReceiptStanding::Forged { node: node(4) });
    let mut stranger = place.world.receipt(4, &eve, 7);
    stranger.body.node = node(9);
    let unknown = ReceiptStanding::UnknownNode { node: node(9) };
    assert_eq!(record.check_receipt(&stranger), unknown);
    let mut elsewhere = eve.clone();
    elsewhere.body.session = SessionId([1; 16]);
    let other = ReceiptStanding::OtherSession { session: SessionId([1; 16]) };
    assert_eq!(standing(4, &elsewhere), other);
    let mut open = record.clone();
    (open.manifest, open.outcome) = (None, None);
    let receipt = place.world.receipt(4, &eve, 7);
    assert_eq!(open.check_receipt(&receipt), ReceiptStanding::NotClosed);
}

#[test]
fn a_node_that_was_away_at_closing_broke_no_promise() {
    let world = World::new(5, 1);
    let eve = world.envelope("eve", 1, 1);
    let bundle = world.bundle([1, 2, 3].map(|i| (i, Vec::new(), Vec::new())).into());
    let manifest = Manifest::derive(&world.announcement.body, world.roster.body.scheme, &bundle);
    let record = Record {
        format: Format::One,
        roster: world.roster.clone(),
        announcement: world.announcement.clone(),
        bundle: Some(bundle),
        manifest: Some(world.co_sign(manifest, &[1, 2, 3, 4])),
        outcome: None,
        accusations: Vec::new(),
    };
    record.verify(None).unwrap();
    let away = ReceiptStanding::NodeAway { node: node(5) };
    assert_eq!(record.check_receipt(&world.receipt(5, &eve, 7)), away);
    let broken = ReceiptStanding::Broken { node: node(2) };
    assert_eq!(record.check_receipt(&world.receipt(2, &eve, 7)), broken);
}
