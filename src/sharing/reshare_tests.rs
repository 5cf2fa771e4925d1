//! Values survive dealing, and what t old and t' new nodes see says nothing of them.

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::field::{Mersenne61, Mersenne127, Prime256};
use crate::sharing::reshare::*;

fn scheme(n: u8, t: u8) -> Scheme {
    Scheme::new(n, t).unwrap()
}

fn node(index: u8) -> NodeIndex {
    NodeIndex::new(index).unwrap()
}

fn component<F: Field>(elements: &[F]) -> Component<F> {
    let mut component = Component::with_room(elements.len());
    component.append(elements);
    component
}

/// All components of a batch, by set.
type Components<F> = Vec<Component<F>>;

fn random<F: Field>(rng: &mut StdRng, len: usize) -> Component<F> {
    let mut elements = Component::zeros(len);
    for element in elements.iter_mut() {
        let words: [u64; crate::field::MAX_STREAM_WORDS] = rng.random();
        *element = F::from_stream(&words[..F::STREAM_WORDS]);
    }
    elements
}

fn shared<F: Field>(rng: &mut StdRng, scheme: Scheme, values: &[F]) -> Components<F> {
    let mut rest = component(values);
    let mut components: Components<F> =
        (1..scheme.sets().len()).map(|_| random(rng, values.len())).collect();
    for component in &components {
        sub_into(&mut rest, component);
    }
    components.push(rest);
    components
}

fn opened<F: Field>(components: &[Component<F>]) -> Component<F> {
    let mut values = Component::zeros(components[0].len());
    for component in components {
        crate::field::bulk::add_into(&mut values, component);
    }
    values
}

/// Deal a batch anew, `tile` elements at a time, with keys that are drawn.
fn dealt<F: Field>(
    rng: &mut StdRng,
    old: &[Component<F>],
    new: Scheme,
    tile: usize,
) -> Components<F> {
    let (len, starts) = (old[0].len(), Starts::of("test", new));
    let mut components: Components<F> = new.sets().iter().map(|_| Component::zeros(len)).collect();
    for component in old {
        let key = StreamKey::new(&rng.random());
        let cutter = Cutter::new(&key, &starts);
        let mut pieces: Components<F> = components.iter().map(|_| Component::zeros(tile)).collect();
        for first in (0..len).step_by(tile) {
            let elements = &component[first..len.min(first + tile)];
            cutter.cut(first, elements, &mut pieces);
            for (sum, piece) in components.iter_mut().zip(&pieces) {
                crate::field::bulk::add_into(&mut sum[first..first + elements.len()], piece);
            }
        }
    }
    components
}

fn values_survive<F: Field>(seed: u64) {
    let mut rng = StdRng::seed_from_u64(seed);
    let values = random::<F>(&mut rng, 23);
    let mut components = shared(&mut rng, scheme(3, 1), &values);
    let rosters = [(4, 1), (5, 2), (6, 2), (5, 2), (5, 2), (3, 1), (3, 1), (7, 3)];
    for (n, t) in rosters {
        let tile = rng.random_range(1..30);
        let before = components;
        components = dealt(&mut rng, &before, scheme(n, t), tile);
        assert_eq!(components.len(), scheme(n, t).sets().len());
        let now = opened(&components);
        assert!(now.iter().zip(values.iter()).all(|(&now, &value)| now.equals(value)), "{n} {t}");
        // Nothing is as it was.
        for (new, old) in components.iter().zip(&before) {
            assert!(new.iter().zip(old.iter()).all(|(&new, &old)| !new.equals(old)), "{n} {t}");
        }
    }
}

#[test]
fn values_survive_rosters_that_come_and_go_over_all_fields() {
    for seed in 0..8 {
        values_survive::<Mersenne61>(seed);
        values_survive::<Mersenne127>(seed);
        values_survive::<Prime256>(seed);
    }
}

#[test]
fn the_tile_decides_nothing() {
    let deal = |tile| {
        let mut rng = StdRng::seed_from_u64(7);
        let values = random::<Mersenne61>(&mut rng, 100);
        let old = shared(&mut rng, scheme(5, 2), &values);
        dealt(&mut rng, &old, scheme(4, 1), tile)
    };
    let whole = deal(100);
    for tile in [1, 7, 64, 99] {
        for (one, other) in deal(tile).iter().zip(&whole) {
            assert!(one.iter().zip(other.iter()).all(|(&one, &other)| one.equals(other)), "{tile}");
        }
    }
}

/// Linear forms over everything that is random in a dealing: the old components, and the streams.
/// [`cut`] works place by place, so that cutting coefficients gives those of the pieces.
struct Forms {
    /// `r_T`, by T.
    old: Components<Mersenne61>,
    /// `r_{T,T'}`, by T and T'.
    pieces: Vec<Components<Mersenne61>>,
    /// `r'_{T'}`, by T'.
    new: Components<Mersenne61>,
}

impl Forms {
    fn of(old: Scheme, new: Scheme) -> Self {
        let (froms, tos) = (old.sets().len(), new.sets().len());
        let unknowns = froms * tos;
        let unit = |at: usize| {
            let mut form = Component::<Mersenne61>::zeros(unknowns);
            form[at] = Mersenne61::ONE;
            form
        };
        let components: Vec<_> = (0..froms).map(unit).collect();
        let cut_up = |(from, elements): (usize, &Component<Mersenne61>)| {
            let mut pieces: Vec<_> = (0..tos).map(|_| Component::zeros(unknowns)).collect();
            cut(elements, &mut pieces, |at, piece| {
                piece.copy_from_slice(&unit(froms + from * (tos - 1) + at));
            });
            pieces
        };
        let pieces: Vec<Components<Mersenne61>> =
            components.iter().enumerate().map(cut_up).collect();
        let sum = |at: usize| {
            let mut sum = Component::zeros(unknowns);
            for of in &pieces {
                crate::field::bulk::add_into(&mut sum, &of[at]);
            }
            sum
        };
        let sums = (0..tos).map(sum).collect();
        Self { old: components, pieces, new: sums }
    }

    fn value(&self) -> Component<Mersenne61> {
        opened(&self.old)
    }
}

/// Whether a form is a sum of multiples of others.
fn spanned(forms: &[&Component<Mersenne61>], form: &Component<Mersenne61>) -> bool {
    let mut basis: Vec<(usize, Component<Mersenne61>)> = Vec::new();
    let reduce = |basis: &[(usize, Component<Mersenne61>)], form: &Component<Mersenne61>| {
        let mut rest = form.clone();
        for (lead, row) in basis {
            let factor = rest[*lead];
            if !factor.is_zero() {
                for (rest, &row) in rest.iter_mut().zip(row.iter()) {
                    *rest -= factor * row;
                }
            }
        }
        let lead = rest.iter().position(|element| !element.is_zero());
        lead.map(|lead| {
            let inverse = rest[lead].invert().unwrap();
            rest.iter_mut().for_each(|element| *element *= inverse);
            (lead, rest)
        })
    };
    for form in forms {
        let row = reduce(&basis, form);
        basis.extend(row);
    }
    reduce(&basis, form).is_none()
}

/// All sets of so many nodes.
fn sets_of(scheme: Scheme, size: u8) -> Vec<NodeSet> {
    (0..1 << scheme.nodes())
        .map(NodeSet::from_bits)
        .filter(|set| set.len() == usize::from(size))
        .collect()
}

/// Whether these old and new nodes together can tell the value from all that they see.
fn told(
    forms: &Forms,
    (old, curious): (Scheme, NodeSet),
    (new, curious_new): (Scheme, NodeSet),
) -> bool {
    let mut seen = Vec::new();
    for (from, set) in old.sets().into_iter().enumerate() {
        // Whoever of the old nodes holds a component has its key, and so all its pieces.
        let holds = !curious.is_subset_of(set);
        if holds {
            seen.push(&forms.old[from]);
        }
        for (to, other) in new.sets().into_iter().enumerate() {
            if holds || !curious_new.is_subset_of(other) {
                seen.push(&forms.pieces[from][to]);
            }
        }
    }
    spanned(&seen, &forms.value())
}

#[test]
fn t_old_and_t_new_nodes_learn_nothing_from_all_that_they_see() {
    for (old, new) in [
        (scheme(3, 1), scheme(3, 1)),
        (scheme(3, 1), scheme(4, 1)),
        (scheme(4, 1), scheme(5, 2)),
        (scheme(5, 2), scheme(3, 1)),
        (scheme(5, 2), scheme(5, 2)),
        (scheme(5, 2), scheme(6, 2)),
    ] {
        let forms = Forms::of(old, new);
        for curious in sets_of(old, old.threshold()) {
            for curious_new in sets_of(new, new.threshold()) {
                let told = told(&forms, (old, curious), (new, curious_new));
                assert!(!told, "old {curious} and new {curious_new}");
            }
        }
        // And one more on either side is enough, so that the test can fail.
        let none = NodeSet::EMPTY;
        let old_more = sets_of(old, old.threshold() + 1)[0];
        let new_more = sets_of(new, new.threshold() + 1)[0];
        assert!(told(&forms, (old, old_more), (new, none)));
        assert!(told(&forms, (old, none), (new, new_more)));
    }
}

#[test]
fn old_and_new_shares_together_open_nothing() {
    for (old, new) in [(scheme(3, 1), scheme(3, 1)), (scheme(5, 2), scheme(4, 1))] {
        let forms = Forms::of(old, new);
        for curious in sets_of(old, old.threshold()) {
            for curious_new in sets_of(new, new.threshold()) {
                let of_old = old.sets().into_iter().zip(&forms.old);
                let of_new = new.sets().into_iter().zip(&forms.new);
                let mut seen: Vec<_> = of_old
                    .filter(|(set, _)| !curious.is_subset_of(*set))
                    .map(|(_, form)| form)
                    .collect();
                seen.extend(
                    of_new.filter(|(set, _)| !curious_new.is_subset_of(*set)).map(|(_, form)| form),
                );
                assert!(!spanned(&seen, &forms.value()), "{curious} and {curious_new}");
                // New components in the places of those old ones that these nodes lack open nothing.
                let mut mixed = forms.old.clone();
                for (at, set) in old.sets().into_iter().enumerate() {
                    if curious.is_subset_of(set) {
                        mixed[at] = forms.new[at % forms.new.len()].clone();
                    }
                }
                let (mixed, value) = (opened(&mixed), forms.value());
                assert!(mixed.iter().zip(value.iter()).any(|(&one, &other)| !one.equals(other)));
            }
        }
    }
}

#[test]
fn every_component_has_one_sender_among_its_holders() {
    for (n, t, there) in [(3, 1, &[1, 2, 3][..]), (5, 1, &[2, 3, 5]), (5, 2, &[1, 2, 3, 4, 5])] {
        let givers: NodeSet = there.iter().map(|&index| node(index)).collect();
        let new = scheme(4, 1);
        let handover = Handover::new(scheme(n, t), givers, new, new.all()).unwrap();
        let sets = scheme(n, t).sets();
        let senders = handover.senders();
        assert_eq!(senders.len(), sets.len());
        assert!(senders.iter().zip(&sets).all(|(&sender, &set)| {
            handover.holders(set).contains(sender) && !set.contains(sender)
        }));
        let all: usize = givers.iter().map(|giver| handover.sent_by(giver).len()).sum();
        assert_eq!(all, sets.len());
        // Nobody has much more to do than others.
        let most = givers.iter().map(|giver| handover.sent_by(giver).len()).max().unwrap();
        assert!(most <= sets.len().div_ceil(givers.len()) + 1, "{most} of {}", sets.len());
    }
}

#[test]
fn impossible_handovers_say_what_to_do() {
    let (three, five) = (scheme(3, 1), scheme(5, 2));
    let handover =
        |old: Scheme, givers, new: Scheme, takers| Handover::new(old, givers, new, takers);
    let few = handover(five, NodeSet::all(4), three, three.all()).unwrap_err();
    assert!(few.to_string().starts_with("4 nodes of the old roster are there and 5 are needed"));
    let few = handover(three, three.all(), five, NodeSet::all(4)).unwrap_err();
    assert_eq!(few, HandoverError::TooFew { side: "new", have: 4, need: 5 });
    let unknown = handover(three, NodeSet::all(4), five, five.all()).unwrap_err();
    assert_eq!(unknown.to_string(), "nodes 4 are not in the old roster");
    let two = Scheme::any(2, 1).unwrap();
    let adds = handover(two, two.all(), three, three.all()).unwrap_err();
    assert!(adds.to_string().contains("take at least 3 nodes"), "{adds}");
    // Two of four nodes away where one may lie are one too many.
    assert!(handover(scheme(4, 1), NodeSet::all(3), three, three.all()).is_ok());
    assert!(handover(scheme(4, 1), NodeSet::all(2), three, three.all()).is_err());
}

#[test]
fn a_digest_is_of_one_piece_of_one_dealing() {
    let (old, new) = (scheme(3, 1), scheme(4, 1));
    let handover = Handover::new(old, old.all(), new, new.all()).unwrap();
    let fewer = Handover::new(old, old.all(), new, NodeSet::all(3)).unwrap();
    let (key, starts) = (StreamKey::new(&[1; 16]), Starts::of("test", new));
    let cutter = Cutter::new(&key, &starts);
    let sets = (old.sets()[0], new.sets()[1]);
    let elements = component(&[Mersenne61::from_u64(5), Mersenne61::from_u64(6)]);
    let digest = |handover, binding: u8, sets, blind: usize, elements: &[Mersenne61]| {
        let mut digest = PieceDigest::new(handover, &[binding; 32], sets, &cutter.blind(blind));
        digest.update(elements, &mut Vec::new());
        digest.finish()
    };
    let all = [
        digest(&handover, 1, sets, 1, &elements),
        digest(&fewer, 1, sets, 1, &elements),
        digest(&handover, 2, sets, 1, &elements),
        digest(&handover, 1, (sets.0, new.sets()[2]), 1, &elements),
        digest(&handover, 1, (old.sets()[1], sets.1), 1, &elements),
        digest(&handover, 1, sets, 2, &elements),
        digest(&handover, 1, sets, 1, &elements[..1]),
    ];
    for (at, one) in all.iter().enumerate() {
        assert!(all[..at].iter().all(|other| other != one), "{at}");
    }
    // The same from the encoding, and in two steps.
    let mut again = PieceDigest::new(&handover, &[1; 32], sets, &cutter.blind(1));
    again.update(&elements[..1], &mut Vec::new());
    let mut rest = Vec::new();
    append(&mut rest, &elements[1..]);
    again.update_encoded(&rest);
    assert_eq!(again.finish(), all[0]);
}
