use crate::client::split::*;
use crate::identity::roster::IssuedCard;
use crate::rules::entries::Field;
use crate::session::envelope::{EnvelopeError, SUITE_BITS_XWING, SUITE_NUMBERS_XWING, most_bytes};
use crate::session::part::open_part;
use crate::sharing::form::{Correction, Form};
use crate::sharing::{NodeSet, seed};
use crate::testkit::entries::{entry, opened};
use crate::testkit::paperwork::Paperwork;

fn keys() -> KeyPair {
    KeyPair::generate().unwrap()
}

/// What nodes 1..=n learn from an envelope: component per set, by position in the scheme's order.
fn views(papers: &Paperwork, envelope: &Envelope, nodes: NodeSet) -> Vec<Option<u64>> {
    let scheme = papers.scheme();
    let bits = papers.announcement.body.terms.bits();
    let mut components = vec![None; scheme.sets().len()];
    for node in nodes.iter() {
        let part = open_part(envelope, node, scheme, papers.sealing(node).unwrap()).unwrap();
        for (position, seed) in scheme.held_by(node).into_iter().zip(part.seeds()) {
            let component = seed.component(bits);
            let known = components[position].replace(component);
            assert!(known.is_none_or(|known| known == component), "holders differ");
        }
    }
    components
}

fn correction(papers: &Paperwork, envelope: &Envelope) -> u64 {
    correction_in(papers, &envelope.body)
}

fn correction_in(papers: &Paperwork, body: &EnvelopeBody) -> u64 {
    let terms = &papers.announcement.body.terms;
    let extent = terms.layout().unwrap().extent();
    match terms.protocol.decode_correction(&body.correction.0, extent).unwrap() {
        Correction::Bits(words) => words[0],
        Correction::Numbers(_) => panic!("bits were shared"),
    }
}

/// The amount that an envelope's correction and all seeds make.
fn amount_in(papers: &Paperwork, envelope: &Envelope) -> u64 {
    opened(papers, &papers.announcement.body.terms.layout().unwrap(), envelope)[0]
}

#[test]
fn a_bid_on_numbers_is_split_over_the_field() {
    let ada = keys();
    for (n, t) in [(3, 1), (5, 2), (7, 3)] {
        let mut papers = Paperwork::new(n, t, 1000).unwrap();
        papers.announcement.body.terms.protocol = Form::Numbers;
        papers.resign();
        let coordinator = papers.coordinator.public();
        let check = |envelope: &Envelope| {
            envelope.check(&papers.announcement.body, papers.scheme(), &coordinator)
        };
        for amount in [0, 1, 1000] {
            let envelope = papers.bid("ada", &ada, 1, amount).unwrap();
            assert_eq!(check(&envelope), Ok(()));
            assert_eq!(envelope.body.suite, SUITE_NUMBERS_XWING);
            assert_eq!(envelope.body.correction.0.len(), 16);
            assert_eq!(amount_in(&papers, &envelope), amount);
        }
        // Not the encoding of a number, and a bid in bits.
        let mut bent = papers.bid("ada", &ada, 1, 7).unwrap();
        bent.body.correction.0 = vec![0xff; 16];
        assert!(matches!(check(&bent), Err(EnvelopeError::Correction(_))));
        bent.body.suite = SUITE_BITS_XWING;
        assert!(
            check(&bent).unwrap_err().to_string().contains("as bits where the terms say a number")
        );
        bent.body.suite = 4;
        assert_eq!(check(&bent), Err(EnvelopeError::Suite { got: 4 }));
    }
}

#[test]
fn all_components_together_are_the_amount() {
    let ada = keys();
    for (n, t) in [(3, 1), (4, 1), (5, 1), (5, 2), (7, 3), (9, 4)] {
        for bits in [1, 2, 7, 8, 9, 31, 32, 33, 63] {
            // 9 nodes hold 70 seeds each; two widths of them are enough here.
            if n > 5 && ![9, 63].contains(&bits) {
                continue;
            }
            let maximum = seed::mask(bits) - u64::from(bits > 1);
            let papers = Paperwork::new(n, t, maximum).unwrap();
            for amount in [0, 1, maximum / 3, maximum] {
                let envelope = papers.bid("ada", &ada, 1, amount).unwrap();
                let coordinator = papers.coordinator.public();
                envelope.check(&papers.announcement.body, papers.scheme(), &coordinator).unwrap();
                let components = views(&papers, &envelope, papers.scheme().all());
                let value = components
                    .into_iter()
                    .fold(correction(&papers, &envelope), |value, part| value ^ part.unwrap());
                assert_eq!(value, amount, "n = {n}, t = {t}, {bits} bits");
            }
        }
    }
}

#[test]
fn any_t_nodes_lack_exactly_the_component_of_the_set_they_form() {
    let ada = keys();
    for (n, t) in [(3, 1), (5, 2), (7, 3)] {
        let papers = Paperwork::new(n, t, 255).unwrap();
        let envelope = papers.bid("ada", &ada, 1, 77).unwrap();
        for (position, &set) in papers.scheme().sets().iter().enumerate() {
            let components = views(&papers, &envelope, set);
            let missing: Vec<usize> =
                (0..components.len()).filter(|&at| components[at].is_none()).collect();
            assert_eq!(missing, [position], "nodes {set}");
            // Every amount is explained by exactly one value of the missing component.
            let rest =
                components.iter().flatten().fold(correction(&papers, &envelope), |a, b| a ^ b);
            let explained: std::collections::BTreeSet<u64> =
                (0..=255).map(|amount| amount ^ rest).collect();
            assert_eq!(explained, (0..=255).collect());
        }
    }
}

/// Chi-square over 16 values of what t nodes see of many bids of one amount: the amount XOR the one
/// component they lack. With 15 degrees of freedom a uniform source exceeds 80 once in 10^10 runs.
#[test]
fn what_t_nodes_see_of_an_amount_is_uniform() {
    let papers = Paperwork::new(3, 1, 15).unwrap();
    let ada = keys();
    let maker = EnvelopeMaker {
        announcement: &papers.announcement.body,
        layout: papers.announcement.body.terms.layout().unwrap(),
        roster: &papers.roster.body,
        admission: papers.admit("ada", &ada),
        bidder: "ada",
        keys: &ada,
        revision: 1,
    };
    let sets = papers.scheme().sets();
    let rounds = 600;
    for amount in [0, 9, 15] {
        let mut seen = vec![[0u32; 16]; sets.len()];
        for _ in 0..rounds {
            let (body, seeds) = maker.fill(BidAmount::new(amount).into()).unwrap();
            let components: Vec<u64> = seeds.iter().map(|seed| seed.component(4)).collect();
            for (missing, counts) in seen.iter_mut().enumerate() {
                let known = (0..sets.len())
                    .filter(|&at| at != missing)
                    .fold(correction_in(&papers, &body), |rest, at| rest ^ components[at]);
                counts[usize::try_from(known).unwrap()] += 1;
                assert_eq!(known ^ components[missing], amount);
            }
        }
        for counts in seen {
            let expected = f64::from(rounds) / 16.0;
            let chi: f64 =
                counts.iter().map(|&count| (f64::from(count) - expected).powi(2) / expected).sum();
            assert!(chi < 80.0, "amount {amount}: chi-square {chi:.1} of {counts:?}");
        }
    }
}

#[test]
fn an_amount_above_the_maximum_is_refused_without_repeating_it() {
    let papers = Paperwork::new(3, 1, 500_000).unwrap();
    let ada = keys();
    assert!(papers.bid("ada", &ada, 1, 500_000).is_ok());
    for amount in [500_001, 987_654_321, u64::MAX] {
        let error = papers.bid("ada", &ada, 1, amount).unwrap_err().to_string();
        assert!(error.contains("maximum of this auction, 5 000.00 EUR"), "{error}");
        assert!(!error.contains("5 000.01") && !error.contains("9 876"), "{error}");
    }
    let terms = &papers.announcement.body.terms;
    let unit = terms.question.unit();
    assert!(BidAmount::parse("5000.01", &unit).unwrap().check(terms).is_err());
    assert!(BidAmount::parse("5000", &unit).unwrap().check(terms).is_ok());
    assert!(BidAmount::parse("5e3", &unit).is_err());
}

#[test]
fn papers_that_do_not_fit_are_refused() {
    let mut papers = Paperwork::new(3, 1, 1000).unwrap();
    let (ada, eve) = (keys(), keys());
    let bid = |papers: &Paperwork, admission, bidder: &str, revision| {
        make_envelope(
            &papers.announcement,
            &papers.roster,
            admission,
            bidder,
            &ada,
            revision,
            BidAmount::new(7),
        )
    };
    let refused = Err(SplitError::Admission { bidder: "ada".to_owned() });
    assert_eq!(bid(&papers, papers.admit("ada", &eve), "ada", 1), refused);
    assert_eq!(bid(&papers, papers.admit("eve", &ada), "ada", 1), refused);
    let admission = papers.admit("ada", &ada);
    assert_eq!(bid(&papers, admission, "ada", 0), Err(SplitError::Revision));
    assert!(bid(&papers, admission, "ada", 2).is_ok());
    assert!(matches!(bid(&papers, admission, " ada", 1), Err(SplitError::Name(_))));

    papers.announcement.body.terms.replace_bids = false;
    assert!(matches!(bid(&papers, admission, "ada", 1), Err(SplitError::Announcement(_))));
    papers.resign();
    assert_eq!(bid(&papers, admission, "ada", 2), Err(SplitError::NoReplacement));
    assert!(bid(&papers, admission, "ada", 1).is_ok());

    papers.roster.body.coordinator.address = "127.0.0.1:1".to_owned();
    assert_eq!(bid(&papers, admission, "ada", 1), Err(SplitError::Roster(RosterError::Signature)));
    papers.roster.body.nodes[1].sealing_key.0.fill(0xff);
    let card = RosterError::Card { name: "node 2".to_owned() };
    assert_eq!(bid(&papers, admission, "ada", 1), Err(SplitError::Roster(card)));
    // A node that vouches for a key that is none.
    let card = papers.roster.body.nodes[1].clone();
    let signed = Signed::new(IssuedCard { card, issue: 0 }, &papers.nodes[1].identity);
    papers.roster.body.endorsements[1].signature = signed.signature;
    papers.resign();
    let error = bid(&papers, admission, "ada", 1).unwrap_err();
    assert_eq!(
        error,
        SplitError::Sealing {
            node: NodeIndex::new(2).unwrap(),
            name: "node 2".to_owned(),
            error: SealingError::PublicKey,
        }
    );
    assert!(error.to_string().contains("node 2"), "{error}");
}

#[test]
fn an_entry_counts_in_the_cohort_that_was_assigned_and_signed() {
    use crate::rules::survey::{self, Membership, fixtures};
    use crate::rules::terms::CohortError;
    use crate::session::announcement::AdmissionSignature;
    use crate::testkit::bad_bidder::BadBidder;

    let mut papers = Paperwork::new(3, 1, 1000).unwrap();
    let ada = keys();
    // An auction assigns no cohorts.
    let bid = |papers: &Paperwork, cohort| {
        let (admission, amount) = (papers.admit_to("ada", &ada, cohort), BidAmount::new(7));
        make_envelope(&papers.announcement, &papers.roster, admission, "ada", &ada, 1, amount)
    };
    assert_eq!(bid(&papers, Some(0)), Err(SplitError::Cohort(CohortError::Spare)));
    let plain = bid(&papers, None).unwrap();
    assert_eq!((plain.cohort(), plain.digest()), (None, plain.body.id(None)));

    let survey = survey::Question { membership: Membership::Assigned, ..fixtures::question() };
    papers.announcement.body.terms.question = survey.into();
    papers.resign();
    let values = || EntryValues::new(vec![81_250, 38]);
    let answer = |cohort, values| {
        let admission = papers.admit_to("ada", &ada, cohort);
        let sealed =
            make_entry(&papers.announcement, &papers.roster, admission, "ada", &ada, 1, values);
        sealed.map(|sealed| sealed.envelope)
    };
    let none = answer(None, values()).unwrap_err();
    assert_eq!(none, SplitError::Cohort(CohortError::None));
    assert!(none.to_string().contains("ask the operator for an invitation with a cohort"));
    let beyond = CohortError::NoSuch { got: 3, cohorts: 2 };
    assert_eq!(answer(Some(2), values()), Err(SplitError::Cohort(beyond)));
    // What the participant was told holds.
    let told = |cohort| answer(Some(1), values().in_cohort(Some(cohort)));
    assert_eq!(told(0), Err(SplitError::OtherCohort));
    let envelope = told(1).unwrap();
    assert_eq!(envelope.cohort(), Some(1));

    // Every node refuses whatever fits not, also from a program that checks nothing.
    let check = |envelope: &Envelope| {
        let coordinator = papers.coordinator.public();
        envelope.check(&papers.announcement.body, papers.scheme(), &coordinator)
    };
    assert_eq!(check(&envelope), Ok(()));
    let layout = papers.announcement.body.terms.layout().unwrap();
    let unchecked = |cohort| {
        let bidder = BadBidder {
            announcement: &papers.announcement,
            roster: &papers.roster,
            admission: papers.admit_to("ada", &ada, cohort),
            name: "ada",
            keys: &ada,
            revision: 1,
        };
        check(&bidder.unchecked_entry(&layout, values()).unwrap())
    };
    assert_eq!(unchecked(Some(0)), Ok(()));
    assert_eq!(unchecked(None), Err(EnvelopeError::Cohort(CohortError::None)));
    assert_eq!(unchecked(Some(2)), Err(EnvelopeError::Cohort(beyond)));
    // Nobody but the coordinator says another cohort, and it alone changes nothing: the participant
    // has signed the first, so an envelope under a second admission is not the participant's.
    let AdmissionSignature { signature, .. } = envelope.admission;
    let forged = AdmissionSignature { cohort: Some(0), signature };
    let forged = Envelope { admission: forged, ..envelope.clone() };
    assert_eq!(check(&forged), Err(EnvelopeError::Admission));
    let admission = papers.admit_to("ada", &ada, Some(0));
    let moved = Envelope { admission, ..envelope.clone() };
    assert_ne!(moved.digest(), envelope.digest());
    assert_eq!(check(&moved), Err(EnvelopeError::Signature));
    // On disk and on the way it keeps its cohort.
    let binary = postcard::to_stdvec(&envelope).unwrap();
    assert_eq!(postcard::from_bytes::<Envelope>(&binary).unwrap(), envelope);
    let text = serde_json::to_string(&envelope).unwrap();
    assert_eq!(serde_json::from_str::<Envelope>(&text).unwrap(), envelope);
}

#[test]
fn an_envelope_has_the_size_that_the_header_says() {
    let papers = Paperwork::new(5, 2, 1000).unwrap();
    let body = papers.bid("ada", &keys(), 1, 7).unwrap().body;
    assert_eq!(body.commitments.len(), 10);
    assert_eq!(body.correction.0.len(), 2);
    assert!(body.parts.iter().all(|part| part.0.len() == 1136 + 32 * 6));
}

#[test]
fn entries_of_any_fields_are_split_and_come_back() {
    let ada = keys();
    let everywhere = [Form::Bits, Form::Numbers, Form::Sums];
    let adding = [Form::Sums];
    for (n, t, forms) in
        [(3, 1, &everywhere[..]), (5, 2, &everywhere), (2, 1, &adding), (4, 3, &adding)]
    {
        for &form in forms {
            let mut papers = Paperwork::new(n, t, 1000).unwrap();
            papers.announcement.body.terms.protocol = form;
            papers.resign();
            for fields in [1, 2, 3, 70, 4_000] {
                let (layout, values) = entry(fields, u64::from(n));
                let maker = maker(&papers, &ada, layout.clone());
                let envelope = maker.make(EntryValues::new(values.clone())).unwrap().envelope;
                let coordinator = papers.coordinator.public();
                let announcement = &papers.announcement.body;
                envelope.check_entry(announcement, &layout, papers.scheme(), &coordinator).unwrap();
                assert_eq!(opened(&papers, &layout, &envelope), values, "{fields} as {form}");
            }
        }
    }
}

#[test]
fn values_that_are_no_entry_are_refused_by_the_number_of_the_field() {
    let (papers, ada) = (Paperwork::new(3, 1, 1000).unwrap(), keys());
    let layout = Layout::new([9, 5_000, 1].map(Field::up_to)).unwrap();
    let make = |values: &[u64]| {
        maker(&papers, &ada, layout.clone()).make(EntryValues::new(values.to_vec()))
    };
    assert!(make(&[9, 5_000, 1]).is_ok());
    let refused = |error| Err(SplitError::Entry(error));
    assert_eq!(make(&[9, 5_000]), refused(EntryError::Count { expected: 3, got: 2 }));
    let above = make(&[9, 5_001, 1]);
    assert_eq!(above, refused(EntryError::AboveMaximum { field: 2, maximum: 5_000 }));
    let error = above.unwrap_err().to_string();
    assert!(error.contains("field 2") && !error.contains("5001"), "{error}");

    // Under the terms of an auction an entry is the amount.
    let bid = |values: &[u64]| {
        let admission = papers.admit("ada", &ada);
        let values = EntryValues::new(values.to_vec());
        make_entry(&papers.announcement, &papers.roster, admission, "ada", &ada, 1, values)
    };
    assert_eq!(amount_in(&papers, &bid(&[700]).unwrap().envelope), 700);
    assert_eq!(bid(&[7, 7]), refused(EntryError::Count { expected: 1, got: 2 }));
    assert_eq!(bid(&[1_001]), refused(EntryError::AboveMaximum { field: 1, maximum: 1_000 }));
}

/// What the limit for a body says is what the largest envelopes take.
#[test]
fn no_envelope_is_larger_than_what_is_taken() {
    let ada = keys();
    for (n, t) in [(3, 1), (9, 4)] {
        let cases =
            [(Form::Bits, 1), (Form::Bits, 4_000), (Form::Numbers, 4_000), (Form::Sums, 4_000)];
        for (form, fields) in cases {
            let mut papers = Paperwork::new(n, t, 1000).unwrap();
            papers.announcement.body.terms.protocol = form;
            papers.resign();
            let layout = Layout::repeated(Field::up_to(u64::MAX >> 1), fields).unwrap();
            let name = "\u{1d504}".repeat(crate::base::text::MAX_NAME);
            let mut maker = maker(&papers, &ada, layout.clone());
            maker.bidder = &name;
            let envelope = maker.make(EntryValues::new(vec![7; fields])).unwrap().envelope;
            let most = most_bytes(form, layout.extent(), papers.scheme());
            let compact = serde_json::to_vec(&envelope).unwrap();
            assert!(compact.len() + 8 * name.chars().count() < most, "{n} {form} {fields}");
            let blanks = serde_json::to_vec_pretty(&envelope).unwrap();
            assert!(blanks.len() < most, "{n} {form} {fields}");
            assert!(most < 10_000 + 3 * compact.len(), "{n} {form} {fields}");
        }
    }
}

fn maker<'a>(papers: &'a Paperwork, keys: &'a KeyPair, layout: Layout) -> EnvelopeMaker<'a> {
    EnvelopeMaker {
        announcement: &papers.announcement.body,
        layout,
        roster: &papers.roster.body,
        admission: papers.admit("ada", keys),
        bidder: "ada",
        keys,
        revision: 1,
    }
}
