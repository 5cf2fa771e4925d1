use crate::client::EntryValues;
use crate::client::split::EnvelopeMaker;
use crate::field::Field as _;
use crate::identity::KeyPair;
use crate::protocol::bits::open::open_all;
use crate::protocol::bits::{self, BitContext};
use crate::protocol::numbers::{self, NumberContext};
use crate::protocol::{EstablishError, ProtocolError, sums};
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
    let (mut bits, mut numbers, mut sums) = (Vec::new(), Vec::new(), Vec::new());
    for node in nodes {
        assert_eq!(node.len(), entries);
        match node {
            Entries::Bits { fields, .. } => bits.push(fields),
            Entries::Numbers(fields) => numbers.push(fields),
            Entries::Sums(fields) => sums.push(fields),
        }
    }
    let field = |(place, field): (usize, Field), entry: usize| {
        if !sums.is_empty() {
            return add_up(scheme, &sums, place, entry);
        }
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

/// One field of an entry, from the components of all nodes, of which all holders must have the same.
fn add_up(
    scheme: Scheme,
    nodes: &[Vec<SharedElements<Mersenne127>>],
    place: usize,
    entry: usize,
) -> u64 {
    let mut components: Vec<Option<u128>> = vec![None; scheme.sets().len()];
    for (fields, node) in nodes.iter().zip(scheme.all().iter()) {
        for (at, set) in scheme.held_by(node).into_iter().enumerate() {
            let value = fields[place].component(at)[entry].to_number();
            let known = components[set].replace(value);
            assert!(known.is_none_or(|known| known == value), "holders differ");
        }
    }
    let sum = components
        .into_iter()
        .fold(Mersenne127::ZERO, |sum, component| sum + Mersenne127::from_u128(component.unwrap()));
    u64::try_from(sum.to_number()).unwrap()
}

#[test]
fn components_of_nodes_that_only_add_add_up_to_every_field() {
    for (n, t) in [(2, 1), (3, 1), (3, 2), (4, 2), (5, 4), (9, 8)] {
        let scheme = Scheme::any(n, t).unwrap();
        for (fields, count) in [(1, 0), (1, 1), (3, 65), (70, 4)] {
            let (layout, first) = entry(fields, u64::from(n));
            let plain: Vec<Vec<u64>> = (0..count)
                .map(|at: u64| {
                    let fields = first.iter().zip(layout.fields());
                    fields.map(|(&value, field)| (value ^ at).min(field.maximum)).collect()
                })
                .collect();
            let entries: Vec<Split> =
                plain.iter().map(|values| split(Form::Sums, scheme, &layout, values)).collect();
            let nodes = scheme.all().iter();
            let nodes = nodes.map(|node| lay_out(Form::Sums, scheme, node, &layout, &entries));
            assert!(put_together(scheme, &layout, nodes.collect()) == plain, "{n} {t} {fields}");
        }
    }
}

/// What t nodes and everybody see of an entry is all but one component, which it is masked by.
#[test]
fn any_t_nodes_that_only_add_lack_one_component() {
    let layout = Layout::new([Field::up_to(1_000)]).unwrap();
    for (n, t) in [(2, 1), (3, 2), (4, 2)] {
        let scheme = Scheme::any(n, t).unwrap();
        for missing in 0..scheme.sets().len() {
            let Split { correction, seeds } = split(Form::Sums, scheme, &layout, &[700]);
            let lacks = |node: NodeIndex| !scheme.held_by(node).contains(&missing);
            let curious: Vec<NodeIndex> = scheme.all().iter().filter(|&node| lacks(node)).collect();
            assert_eq!(curious.len(), usize::from(t));
            let masked = decode_numbers(&correction, layout.extent()).unwrap()[0];
            let known = seeds.iter().enumerate().filter(|(at, _)| *at != missing);
            let known = known.fold(masked, |sum, (_, seed)| sum + number_of(seed));
            assert_eq!((known + number_of(&seeds[missing])).to_number(), 700);
            assert!(known.to_number() > 1_000, "what they see is no answer");
        }
    }
}

fn number_of(seed: &Seed) -> Mersenne127 {
    let mut number = Mersenne127::ZERO;
    each_number(seed, 1, |_, own| number = own);
    number
}

/// A component, and so a correction, looks uniform: every bit of either is set half of the time,
/// whatever the entry.
#[test]
fn components_and_corrections_for_sums_are_balanced() {
    let (scheme, layout) = (Scheme::any(2, 1).unwrap(), Layout::new([Field::up_to(1)]).unwrap());
    let (mut of_components, mut of_corrections) = ([0_u32; 127], [0_u32; 127]);
    for _ in 0..2_000 {
        let Split { correction, seeds } = split(Form::Sums, scheme, &layout, &[1]);
        let masked = decode_numbers(&correction, layout.extent()).unwrap()[0].to_number();
        let component = number_of(&seeds[0]).to_number();
        for bit in 0..127 {
            of_components[bit] += u32::from(component >> bit & 1 == 1);
            of_corrections[bit] += u32::from(masked >> bit & 1 == 1);
        }
    }
    // Ten standard deviations on either side.
    let balanced = |count: &u32| (776..=1_224).contains(count);
    assert!(of_components.iter().all(balanced) && of_corrections.iter().all(balanced));
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
    for form in [Form::Bits, Form::Numbers, Form::Sums] {
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
    assert_eq!(add(Form::Sums, &[0; 32], &seeds()), Ok(1));
    for form in [Form::Numbers, Form::Sums] {
        assert_eq!(add(form, &prime, &seeds()), wrong(CorrectionError::Element { field: 2 }));
    }
    for form in [Form::Bits, Form::Numbers, Form::Sums] {
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
    for form in [Form::Bits, Form::Numbers, Form::Sums] {
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
                    Entries::Sums(fields) => {
                        let all = SharedElements::concat(ctx.holding(), &fields).unwrap();
                        let opened = sums::open(&ctx.base().narrow("open"), &all).await?;
                        let value =
                            |number: &Mersenne127| u64::try_from(number.to_number()).unwrap();
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
