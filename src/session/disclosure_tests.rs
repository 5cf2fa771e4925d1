use crate::base::bytes::Blob;
use crate::identity::KeyPair;
use crate::identity::key_file::OperatorKeys;
use crate::rules::market::question::{Question, Rationing, Told};
use crate::rules::market::{self, Answer, Clearing, Grid, Quantity, Trade};
use crate::rules::{Currency, operator_key};
use crate::session::announcement::AnnouncementError;
use crate::session::disclosure::*;
use crate::session::outcome::Entrant;
use crate::session::part::open_part;
use crate::testkit::paperwork::Paperwork;

fn node(index: u8) -> NodeIndex {
    NodeIndex::new(index).unwrap()
}

fn question(quantities: Told) -> Question {
    let unit = |code: &str| Currency { code: code.to_owned(), decimals: 0 };
    Question {
        currency: unit("EUR"),
        grid: Grid { from: 1, to: 4, step: 1 },
        unit: unit("t"),
        bits: 20,
        rationing: Rationing::Proportional,
        quantities,
    }
}

/// A settled market of three participants, with every key.
struct Place {
    papers: Paperwork,
    operator: OperatorKeys,
    envelopes: Vec<Envelope>,
    manifest: Manifest,
    outcome: Outcome,
}

/// What they trade.
const TRADED: [i64; 3] = [600_000, -450_001, -149_999];

impl Place {
    fn new(nodes: u8, threshold: u8) -> Self {
        let operator = OperatorKeys::generate().unwrap();
        let mut papers = Paperwork::new(nodes, threshold, 1000).unwrap();
        let question = question(Told::Operator(operator.public()));
        papers.announcement.body.terms.question = question.clone().into();
        papers.resign();
        let announcement = &papers.announcement;
        let entry = |name: &str| {
            papers.enter(name, &KeyPair::generate().unwrap(), vec![1, 2, 3, 4, 5]).unwrap()
        };
        let envelopes: Vec<Envelope> = ["ada", "ben", "cyd"].map(entry).into();
        let listed = |envelope: &Envelope| ManifestEntry {
            bidder: envelope.body.bidder.clone(),
            key: envelope.body.key,
            revision: 1,
            envelope: envelope.digest(),
            received: announcement.body.opened,
            score: None,
        };
        let manifest = Manifest {
            session: announcement.body.session,
            announcement: announcement.body.digest(),
            bundle: Digest([1; 32]),
            entries: envelopes.iter().map(listed).collect(),
            excluded: Vec::new(),
            shared_names: Vec::new(),
        };
        let scheme = papers.scheme();
        let sealed = |envelope: &Envelope, quantity| {
            let mut told = Quantity::encoded(quantity, &question);
            let mut seen = vec![false; scheme.sets().len()];
            for of in scheme.all().iter() {
                let part = open_part(envelope, of, scheme, papers.sealing(of).unwrap()).unwrap();
                for (set, seed) in scheme.held_by(of).into_iter().zip(part.seeds()) {
                    if !std::mem::replace(&mut seen[set], true) {
                        told ^= seed.reply(question.reply_bits());
                    }
                }
            }
            Quantity::Sealed(told)
        };
        let trades = manifest.entries.iter().zip(&envelopes).zip(TRADED);
        let trades = trades.map(|((entry, envelope), quantity)| Trade {
            entry: Entrant::from(entry),
            quantity: sealed(envelope, quantity),
        });
        let clearing = Clearing { price: 2, demand: 600_000, supply: 700_000 };
        let answer = market::Answer { clearing: Some(clearing), trades: trades.collect() };
        let outcome = Outcome {
            session: manifest.session,
            announcement: manifest.announcement,
            manifest: manifest.digest(),
            answer: answer.into(),
            out_of_range: Vec::new(),
        };
        Self { papers, operator, envelopes, manifest, outcome }
    }

    fn part(&self, envelope: &Envelope, of: NodeIndex) -> Part {
        let (scheme, keys) = (self.papers.scheme(), self.papers.sealing(of).unwrap());
        open_part(envelope, of, scheme, keys).unwrap()
    }

    fn disclosing(&self, of: NodeIndex) -> Disclosing {
        let mut disclosing = Disclosing::new(self.papers.scheme(), of, self.envelopes.len());
        for envelope in &self.envelopes {
            disclosing.add(Some((envelope, &self.part(envelope, of))));
        }
        disclosing
    }

    fn sign(&self, of: NodeIndex, disclosing: Disclosing) -> Signed<Disclosure> {
        let (session, outcome) = (self.outcome.session, self.outcome.digest());
        let sealed = disclosing.seal(session, outcome, &self.operator.public()).unwrap();
        Signed::new(sealed, &self.papers.nodes[of.position()].identity)
    }

    fn disclosure(&self, of: NodeIndex) -> Signed<Disclosure> {
        self.sign(of, self.disclosing(of))
    }

    fn masks(&self) -> Masks<'_> {
        let announcement = &self.papers.announcement.body;
        Masks::new(announcement, &self.papers.roster.body, &self.manifest, &self.outcome)
    }

    /// The quantities that some masks open.
    fn quantities(&self, masks: &Masks<'_>) -> Option<Vec<i64>> {
        let whole = masks.whole();
        let question = &self.papers.announcement.body.terms.question;
        let mask_of = |entrant: &Entrant| whole.get(&entrant.envelope).copied();
        let all = question.quantities(&self.outcome.answer, mask_of).unwrap()?;
        Some(all.into_iter().map(|(_, quantity)| quantity).collect())
    }
}

#[test]
fn any_t_plus_1_nodes_tell_the_operator_every_quantity_and_t_tell_none() {
    for (nodes, threshold) in [(3, 1), (4, 1), (5, 2)] {
        let place = Place::new(nodes, threshold);
        let all: Vec<_> = place.papers.scheme().all().iter().collect();
        let disclosures: Vec<_> = all.iter().map(|&of| place.disclosure(of)).collect();
        for group in (1..1 << nodes).map(NodeSet::from_bits) {
            let mut masks = place.masks();
            for of in group.iter() {
                let disclosure = &disclosures[of.position()];
                assert_eq!(masks.take(of, disclosure, &place.operator.sealing), Ok(0));
            }
            let enough = group.len() > usize::from(threshold);
            assert_eq!((masks.missing(), masks.len()), (if enough { 0 } else { 3 }, 3), "{group}");
            assert_eq!(place.quantities(&masks), enough.then(|| TRADED.to_vec()), "{group}");
        }
    }
}

/// What t nodes have in their hands, with all that they sign: the reply key of the set that they form
/// is not among it, so the mask is not to be had, not even by trying every quantity.
#[test]
fn what_t_nodes_disclose_lacks_a_value_of_every_entry() {
    for (nodes, threshold) in [(3, 1), (5, 2)] {
        let place = Place::new(nodes, threshold);
        let (scheme, sets) = (place.papers.scheme(), place.papers.scheme().sets());
        for (position, liars) in sets.iter().enumerate() {
            let outsider = scheme.all().difference(*liars).first().unwrap();
            for (at, envelope) in place.envelopes.iter().enumerate() {
                let seeds = place.part(envelope, outsider);
                let held = scheme.held_by(outsider).into_iter().position(|held| held == position);
                let missing = seeds.seeds()[held.unwrap()].reply_key();
                for liar in liars.iter() {
                    let plain = place.disclosing(liar).plain;
                    let line = plain.chunks(line_bytes(scheme)).nth(at).unwrap();
                    let value = &line[HEAD + position * SEED_BYTES..][..SEED_BYTES];
                    assert_eq!(value, envelope.body.commitments[position].0, "public anyway");
                    let found = plain.windows(SEED_BYTES).any(|bytes| bytes == missing.expose());
                    assert!(!found);
                }
            }
            // Nor can they open what another one discloses.
            let theirs = place.disclosure(outsider);
            let info = info(place.outcome.session, &place.outcome.digest(), outsider);
            for liar in liars.iter() {
                let keys = place.papers.sealing(liar).unwrap();
                assert!(keys.open(&info, b"", &theirs.body.sealed).is_err());
            }
        }
    }
}

/// The operator learns the masks of the replies and nothing of the entries.
#[test]
fn no_seed_is_disclosed() {
    let place = Place::new(3, 1);
    for of in place.papers.scheme().all().iter() {
        let plain = place.disclosing(of).plain;
        for envelope in &place.envelopes {
            for seed in place.part(envelope, of).seeds() {
                assert!(plain.windows(SEED_BYTES).any(|bytes| bytes == seed.reply_key().expose()));
                assert!(!plain.windows(8).any(|bytes| bytes == &seed.expose()[..8]));
                let component = seed.component(64).to_le_bytes();
                assert!(!plain.windows(8).any(|bytes| bytes == component));
            }
        }
    }
}

#[test]
fn a_node_that_discloses_anything_wrong_is_found_and_does_no_harm() {
    let place = Place::new(3, 1);
    let liar = node(2);
    let line = line_bytes(place.papers.scheme());
    for bent in [HEAD - 1, HEAD, HEAD + 31, HEAD + 2 * SEED_BYTES, line + HEAD, 3 * line - 1] {
        let mut disclosing = place.disclosing(liar);
        disclosing.plain[bent] ^= 1;
        let mut masks = place.masks();
        let taken = masks.take(liar, &place.sign(liar, disclosing), &place.operator.sealing);
        let bidder = ["ada", "ben", "cyd"][bent / line].to_owned();
        let fault = DisclosureError::Wrong { entries: 1, bidder };
        assert!(fault.is_a_lie());
        assert_eq!(taken, Err(fault), "byte {bent}");
        assert_eq!(masks.missing(), 3, "nothing of it is used");
        for honest in [node(1), node(3)] {
            assert_eq!(
                masks.take(honest, &place.disclosure(honest), &place.operator.sealing),
                Ok(0)
            );
        }
        assert_eq!(place.quantities(&masks), Some(TRADED.to_vec()));
    }
    // Wrong seeds, but for the right session: as if the participant had handed in something else.
    let mut disclosing = Disclosing::new(place.papers.scheme(), liar, 3);
    let other = Place::new(3, 1);
    for envelope in &other.envelopes {
        disclosing.add(Some((envelope, &other.part(envelope, liar))));
    }
    let taken = place.masks().take(liar, &place.sign(liar, disclosing), &place.operator.sealing);
    assert_eq!(taken, Err(DisclosureError::Wrong { entries: 3, bidder: "ada".to_owned() }));
}

#[test]
fn a_node_without_a_part_says_so_and_the_others_are_enough() {
    let place = Place::new(4, 1);
    let lame = node(1);
    let mut disclosing = Disclosing::new(place.papers.scheme(), lame, 3);
    disclosing.add(Some((&place.envelopes[0], &place.part(&place.envelopes[0], lame))));
    disclosing.add(None);
    disclosing.add(Some((&place.envelopes[2], &place.part(&place.envelopes[2], lame))));
    let mut masks = place.masks();
    assert_eq!(masks.take(lame, &place.sign(lame, disclosing), &place.operator.sealing), Ok(1));
    assert_eq!(masks.take(node(3), &place.disclosure(node(3)), &place.operator.sealing), Ok(0));
    assert_eq!((masks.missing(), masks.whole().len()), (1, 2));
    assert_eq!(place.quantities(&masks), None);
    assert_eq!(masks.take(node(4), &place.disclosure(node(4)), &place.operator.sealing), Ok(0));
    assert_eq!(place.quantities(&masks), Some(TRADED.to_vec()));
}

#[test]
fn what_does_not_belong_here_is_refused_with_its_reason() {
    let place = Place::new(3, 1);
    let from = node(1);
    let good = place.disclosure(from);
    let keys = &place.operator.sealing;
    let refused = |disclosure: &Signed<Disclosure>, as_of: NodeIndex, keys| {
        place.masks().take(as_of, disclosure, keys).unwrap_err()
    };
    // Passed on in another node's name, or changed on the way: nobody's lie but the messenger's.
    assert_eq!(refused(&good, node(2), keys), DisclosureError::Signature);
    let mut bent = good.clone();
    bent.body.sealed.0[40] ^= 1;
    assert_eq!(refused(&bent, from, keys), DisclosureError::Signature);
    assert!(!DisclosureError::Signature.is_a_lie());
    // The coordinator may pass on what the node has signed for another session.
    assert!(!DisclosureError::Other { what: "session" }.is_a_lie());
    assert!(DisclosureError::Unreadable.is_a_lie());
    let signed = |change: &dyn Fn(&mut Disclosure)| {
        let mut body = good.body.clone();
        change(&mut body);
        Signed::new(body, &place.papers.nodes[from.position()].identity)
    };
    let other = signed(&|body| body.session = SessionId([9; 16]));
    assert_eq!(refused(&other, from, keys), DisclosureError::Other { what: "session" });
    let other = signed(&|body| body.outcome = Digest([9; 32]));
    assert_eq!(refused(&other, from, keys), DisclosureError::Other { what: "outcome" });
    let other = signed(&|body| body.node = node(3));
    assert_eq!(refused(&other, from, keys), DisclosureError::Other { what: "node" });
    let other = signed(&|body| body.sealed.0[1200] ^= 1);
    assert_eq!(refused(&other, from, keys), DisclosureError::Unreadable);
    // Another operator's key opens nothing.
    let stranger = OperatorKeys::generate().unwrap();
    assert_eq!(refused(&good, from, &stranger.sealing), DisclosureError::Unreadable);
    let mut short = Disclosing::new(place.papers.scheme(), from, 1);
    short.add(None);
    let length = line_bytes(place.papers.scheme());
    let fault = DisclosureError::Length { expected: 3 * length, got: length };
    assert_eq!(refused(&place.sign(from, short), from, keys), fault);
}

#[test]
fn where_nothing_is_traded_nothing_is_disclosed() {
    let mut place = Place::new(3, 1);
    place.outcome.answer = Answer { clearing: None, trades: Vec::new() }.into();
    assert!(told(&place.manifest, &place.outcome).is_empty());
    let mut masks = place.masks();
    let nothing = place.sign(node(1), Disclosing::new(place.papers.scheme(), node(1), 0));
    assert_eq!(masks.take(node(1), &nothing, &place.operator.sealing), Ok(0));
    assert!(masks.is_empty() && masks.missing() == 0);
    assert_eq!(place.quantities(&masks), Some(vec![]));
}

#[test]
fn quantities_that_do_not_add_up_are_none() {
    let mut place = Place::new(3, 1);
    let (question, answer) = (question(Told::Own), place.outcome.answer.as_market().unwrap());
    let mut answer = answer.clone();
    let Quantity::Sealed(told) = answer.trades[0].quantity else { panic!("it is sealed") };
    answer.trades[0].quantity = Quantity::Sealed(told ^ 1 << (question.reply_bits() - 1));
    place.outcome.answer = answer.into();
    let mut masks = place.masks();
    for of in [node(1), node(2)] {
        masks.take(of, &place.disclosure(of), &place.operator.sealing).unwrap();
    }
    assert_eq!(place.quantities(&masks), None);
}

#[test]
fn nodes_refuse_a_session_whose_operator_has_no_key() {
    let mut place = Place::new(3, 1);
    assert!(place.papers.announcement.check(&place.papers.roster).is_ok());
    let stand_in = OperatorKey::stand_in();
    assert_eq!(stand_in.0.0.len(), operator_key::BYTES);
    assert_eq!(operator_key::BYTES, sealing::PUBLIC_KEY_BYTES);
    let mut with = |key| {
        let terms = &mut place.papers.announcement.body.terms;
        terms.question = question(Told::Operator(key)).into();
        place.papers.resign();
        place.papers.announcement.check(&place.papers.roster).map(|_| ())
    };
    assert!(matches!(with(stand_in), Err(AnnouncementError::OperatorKey(_))));
    let short = with(OperatorKey(Blob(vec![1; 32]))).unwrap_err();
    assert!(short.to_string().contains("operator_key is not one"), "{short}");
}
