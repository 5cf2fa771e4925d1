use crate::client::EntryValues;
use crate::client::split::EnvelopeMaker;
use crate::field::Field as _;
use crate::identity::KeyPair;
use crate::protocol::bits::open::open_all;
use crate::protocol::bits::{self, BitContext};
use crate::protocol::numbers::{self, NumberContext};
use crate::protocol::{EstablishError, ProtocolError};
use crate::rules::entries::Field;
use crate::runs::shares::*;
use crate::session::part::open_part;
use crate::sharing::bits::planes::bit;
use crate::sharing::numbers::shamir::Shamir;
use crate::testkit::World;
use crate::testkit::entries::entry;
use crate::testkit::paperwork::Paperwork;

/// What of an entry all may see, and the seeds of all sets.
struct Split {
    correction: Vec<u8>,
    seeds: Vec<Seed>,
}

fn split(form: Form, scheme: Scheme, layout: &Layout, values: &[u64]) -> Split {
    let seeds: Vec<Seed> = scheme.sets().iter().map(|_| Seed::random().unwrap()).collect();
    let fields = layout.fields().map(|field| field.bits).zip(values.iter().copied());
    let correction = form.mask(layout.extent(), fields, &seeds).encode(layout.extent());
    Split { correction, seeds }
}

fn lay_out(
    form: Form,
    scheme: Scheme,
    node: NodeIndex,
    layout: &Layout,
    entries: &[Split],
) -> Entries {
    let mut shares = LayingOut::new(form, layout, scheme, node, entries.len());
    for Split { correction, seeds } in entries {
        let held = scheme.held_by(node).into_iter().map(|set| seeds[set].clone());
        shares.add(correction, &held.collect::<Vec<_>>()).unwrap();
    }
    shares.finish().unwrap()
}

/// Every field of every entry, from the shares of all nodes, which must agree.
fn put_together(scheme: Scheme, layout: &Layout, nodes: Vec<Entries>) -> Vec<Vec<u64>> {
    let entries = nodes[0].len();
    let (mut bits, mut numbers) = (Vec::new(), Vec::new());
    for node in nodes {
        assert_eq!(node.len(), entries);
        match node {
            Entries::Bits { fields, .. } => bits.push(fields),
            Entries::Numbers(fields) => numbers.push(fields),
        }
    }
    let field = |(place, field): (usize, Field), entry: usize| {
        if bits.is_empty() {
            let share = |(fields, node): (&Vec<SharedNumbers<_>>, _)| {
                assert_eq!(fields.len(), layout.extent().fields);
                (node, fields[place].shares()[entry])
            };
            let shares: Vec<_> = numbers.iter().zip(scheme.all().iter()).map(share).collect();
            let opened: Mersenne127 = Shamir::from(scheme).reconstruct(&shares).ok().unwrap();
            return u64::try_from(opened.to_number()).unwrap();
        }
        let mut components: Vec<Option<u64>> = vec![None; scheme.sets().len()];
        for (fields, node) in bits.iter().zip(scheme.all().iter()) {
            let batch = &fields[place];
            assert_eq!((fields.len(), batch.len()), (layout.extent().fields, entries));
            assert_eq!(batch.width(), field.bits as usize);
            for (at, set) in scheme.held_by(node).into_iter().enumerate() {
                let planes = batch.planes().map(|plane| bit(plane.component(at), entry));
                let value =
                    planes.enumerate().fold(0, |sum, (bit, set)| sum | u64::from(set) << bit);
                let known = components[set].replace(value);
                assert!(known.is_none_or(|known| known == value), "holders differ");
            }
        }
        components.into_iter().fold(0, |value, component| value ^ component.unwrap())
    };
    (0..entries)
        .map(|entry| layout.fields().enumerate().map(|place| field(place, entry)).collect())
        .collect()
}

#[test]
fn all_nodes_together_have_every_field_of_every_entry() {
    for (n, t, fields, counts) in [
        (3, 1, 1, &[0, 1, 63, 64, 65, 130][..]),
        (3, 1, 2, &[65]),
        (3, 1, 3, &[1, 64, 130]),
        (3, 1, 70, &[3, 66]),
        (3, 1, 4_000, &[2, 65]),
        (4, 1, 3, &[65]),
        (5, 2, 1, &[65]),
        (5, 2, 70, &[5, 65]),
        (5, 2, 4_000, &[1]),
        (7, 2, 3, &[9]),
        (7, 3, 2, &[9]),
    ] {
        let scheme = Scheme::new(n, t).unwrap();
        for (&count, form) in counts.iter().zip([Form::Bits, Form::Numbers].into_iter().cycle()) {
            // Every count on bits, every other one on numbers.
            for form in if form == Form::Numbers { vec![Form::Bits, form] } else { vec![form] } {
                let (layout, first) = entry(fields, u64::from(n));
                let value = |at: usize, (&value, field): (&u64, Field)| {
                    if at == 0 { value } else { (value ^ at as u64).min(field.maximum) }
                };
                let plain: Vec<Vec<u64>> = (0..count)
                    .map(|at| {
                        let fields = first.iter().zip(layout.fields());
                        fields.map(|field| value(at, field)).collect()
                    })
                    .collect();
                let entries: Vec<Split> =
                    plain.iter().map(|values| split(form, scheme, &layout, values)).collect();
                let nodes = scheme.all().iter();
                let nodes = nodes.map(|node| lay_out(form, scheme, node, &layout, &entries));
                let together = put_together(scheme, &layout, nodes.collect());
                assert!(together == plain, "{n} {t}: {count} entries of {fields} as {form}");
            }
        }
    }
}

#[test]
fn one_field_on_numbers_and_none_of_the_entries() {
    let scheme = Scheme::new(5, 2).unwrap();
    let layout = Layout::new([Field::up_to(499)]).unwrap();
    for form in [Form::Bits, Form::Numbers] {
        for values in [&[][..], &[499], &[0, 7, 499]] {
            let entries: Vec<Split> =
                values.iter().map(|&value| split(form, scheme, &layout, &[value])).collect();
            let nodes = scheme.all().iter();
            let nodes = nodes.map(|node| lay_out(form, scheme, node, &layout, &entries)).collect();
            let plain: Vec<Vec<u64>> = values.iter().map(|&value| vec![value]).collect();
            assert_eq!(put_together(scheme, &layout, nodes), plain);
        }
    }
}

#[test]
fn shares_that_do_not_fit_are_refused() {
    let (scheme, node) = (Scheme::new(3, 1).unwrap(), NodeIndex::new(1).unwrap());
    let layout = Layout::new([Field::up_to(255), Field::up_to(7)]).unwrap();
    let seeds = || vec![Seed::from_bytes([1; 32]), Seed::from_bytes([2; 32])];
    let add = |form, correction: &[u8], seeds: &[Seed]| {
        let mut shares = LayingOut::new(form, &layout, scheme, node, 1);
        shares.add(correction, seeds)?;
        shares.finish().map(|entries| entries.len())
    };
    let wrong = |error| Err(SharesError::Correction { position: 0, error });
    assert_eq!(add(Form::Bits, &[255, 7], &seeds()), Ok(1));
    assert_eq!(add(Form::Bits, &[255, 8], &seeds()), wrong(CorrectionError::StrayBits));
    let length = wrong(CorrectionError::Length { expected: 2, got: 1 });
    assert_eq!(add(Form::Bits, &[255], &seeds()), length);
    let mut prime = [0; 32];
    prime[16..].fill(0xff);
    assert_eq!(add(Form::Numbers, &[0; 32], &seeds()), Ok(1));
    assert_eq!(add(Form::Numbers, &prime, &seeds()), wrong(CorrectionError::Element { field: 2 }));
    for form in [Form::Bits, Form::Numbers] {
        let few = Err(SharesError::Seeds { position: 0, expected: 2, got: 1 });
        assert_eq!(add(form, &[255, 7], &seeds()[..1]), few);
    }

    let mut shares = LayingOut::new(Form::Bits, &layout, scheme, node, 1);
    shares.add(&[1, 1], &seeds()).unwrap();
    let more = Err(SharesError::Count { expected: 1, got: 2 });
    assert_eq!(shares.add(&[1, 1], &seeds()), more);
    let shares = LayingOut::new(Form::Bits, &layout, scheme, node, 1).finish();
    assert_eq!(shares.err(), Some(SharesError::Count { expected: 1, got: 0 }));
}

#[test]
fn an_auction_takes_the_only_field() {
    assert_eq!(only_field(vec![7]), Ok(7));
    assert_eq!(only_field(vec![7, 8]).unwrap_err().got, 2);
    assert!(only_field(Vec::<u8>::new()).is_err());
}

#[derive(Debug)]
struct Failure;

impl From<EstablishError> for Failure {
    fn from(_: EstablishError) -> Self {
        Self
    }
}

impl From<ProtocolError> for Failure {
    fn from(_: ProtocolError) -> Self {
        Self
    }
}

/// From values at the participants' clients to what the nodes open together.
#[tokio::test]
async fn three_fields_go_all_the_way() {
    let layout = Layout::new([9, 100_000, 1].map(Field::up_to)).unwrap();
    let plain = [[9, 70_000, 0], [0, 100_000, 1], [5, 0, 1]];
    for form in [Form::Bits, Form::Numbers] {
        let mut papers = Paperwork::new(3, 1, 1000).unwrap();
        papers.announcement.body.terms.protocol = form;
        papers.resign();
        let announcement = &papers.announcement.body;
        let envelopes = plain.map(|values| {
            let keys = KeyPair::generate().unwrap();
            let maker = EnvelopeMaker {
                announcement,
                layout: layout.clone(),
                roster: &papers.roster.body,
                admission: papers.admit("ada", &keys),
                bidder: "ada",
                keys: &keys,
                revision: 1,
            };
            let envelope = maker.make(EntryValues::new(values.to_vec())).unwrap().envelope;
            let coordinator = papers.coordinator.public();
            envelope.check_entry(announcement, &layout, papers.scheme(), &coordinator).unwrap();
            envelope
        });
        let world = World::new(3, 1);
        let opened = world
            .agree(async |ctx: BitContext| -> Result<_, Failure> {
                let (me, scheme) = (ctx.me(), papers.scheme());
                let mut shares = LayingOut::new(form, &layout, scheme, me, envelopes.len());
                for envelope in &envelopes {
                    let part = open_part(envelope, me, scheme, papers.sealing(me).unwrap());
                    shares.add(&envelope.body.correction.0, part.unwrap().seeds()).unwrap();
                }
                match shares.finish().unwrap() {
                    Entries::Bits { fields, .. } => {
                        let fields: Vec<_> = fields.iter().collect();
                        let opened = open_all(&ctx.narrow("open"), &fields).await?;
                        Ok(opened.iter().map(bits::open::PublicBits::values).collect::<Vec<_>>())
                    }
                    Entries::Numbers(fields) => {
                        let ctx = NumberContext::<Mersenne127>::new(ctx.base())?;
                        let all = SharedNumbers::concat(&fields);
                        let opened = numbers::open::open(&ctx.narrow("open"), &all).await?;
                        let value = |number: &Mersenne127| {
                            u64::try_from(number.to_u128().unwrap()).unwrap()
                        };
                        let fields = opened.chunks(plain.len());
                        Ok(fields.map(|field| field.iter().map(value).collect()).collect())
                    }
                }
            })
            .await;
        for (place, field) in opened.into_iter().enumerate() {
            assert_eq!(field, plain.map(|values| values[place]), "field {place} as {form}");
        }
    }
}
