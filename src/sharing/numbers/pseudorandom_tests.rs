use crate::field::small::Small;
use crate::field::{Mersenne61, Mersenne127, Prime256};
use crate::sharing::keys::Contributions;
use crate::sharing::numbers::pseudorandom::*;
use crate::sharing::numbers::shamir::Shamir;

/// The keys of all participants.
fn keys(scheme: Scheme, participants: NodeSet) -> Vec<(NodeIndex, SharingKeys)> {
    let draw = |me| (me, Contributions::draw(scheme, me, participants).unwrap());
    let mut sides: Vec<_> = participants.iter().map(draw).collect();
    for from in 0..sides.len() {
        for to in 0..sides.len() {
            if from != to {
                let message = sides[from].1.message_to(sides[to].0);
                let sender = sides[from].0;
                sides[to].1.absorb(sender, &message).unwrap();
            }
        }
    }
    sides.into_iter().map(|(me, side)| (me, side.derive(&[1; 32]).unwrap())).collect()
}

type Rows<F> = Vec<(NodeIndex, SharedNumbers<F>)>;

fn open<F: Field>(scheme: Scheme, rows: &Rows<F>) -> Vec<F> {
    let len = rows[0].1.len();
    let column = |at: usize| -> Vec<(NodeIndex, F)> {
        rows.iter().map(|(node, row)| (*node, row.shares()[at])).collect()
    };
    (0..len).map(|at| Shamir::from(scheme).reconstruct(&column(at)).ok().unwrap()).collect()
}

fn worlds() -> impl Iterator<Item = (Scheme, NodeSet)> {
    let all = |n, t| (Scheme::new(n, t).unwrap(), NodeSet::all(n));
    let without = |(scheme, nodes): (Scheme, NodeSet), gone: u8| {
        (scheme, nodes.without(NodeIndex::new(gone).unwrap()))
    };
    [all(3, 1), all(5, 1), all(5, 2), all(7, 3), without(all(5, 1), 2), without(all(4, 1), 1)]
        .into_iter()
}

#[test]
fn random_shares_lie_on_one_polynomial() {
    fn check<F: Field>() {
        for (scheme, participants) in worlds() {
            let start = StreamStart::of("random");
            let rows: Rows<F> = keys(scheme, participants)
                .iter()
                .map(|(me, keys)| {
                    let source = Pseudorandom::new(scheme, *me);
                    (*me, source.numbers(keys, start, 9))
                })
                .collect();
            let numbers = open(scheme, &rows);
            assert!(numbers.windows(2).any(|pair| !pair[0].equals(pair[1])));
        }
    }
    check::<Mersenne61>();
    check::<Mersenne127>();
    check::<Prime256>();
    check::<Small<11>>();
}

#[test]
fn integers_have_the_width_they_are_said_to() {
    for (scheme, participants) in worlds() {
        let rows: Rows<Mersenne127> = keys(scheme, participants)
            .iter()
            .map(|(me, keys)| {
                let source = Pseudorandom::new(scheme, *me);
                (*me, source.integers(keys, StreamStart::of("integers"), 40, 41))
            })
            .collect();
        let bound = (scheme.sets().len() as u128) << 41;
        let numbers = open(scheme, &rows);
        let numbers: Vec<u128> = numbers.iter().map(|number| number.to_number()).collect();
        assert!(numbers.iter().all(|&number| number < bound));
        assert!(numbers.iter().any(|&number| number > 1 << 40));
    }
}

#[test]
fn a_nodes_own_numbers_are_known_to_it_alone() {
    for (scheme, participants) in worlds() {
        let owner = participants.iter().last().unwrap();
        let mut known = None;
        let rows: Rows<Mersenne61> = keys(scheme, participants)
            .iter()
            .map(|(me, keys)| {
                let source = Pseudorandom::new(scheme, *me);
                let (shares, numbers) = source.owned(keys, StreamStart::of("owned"), 5, owner);
                assert_eq!(numbers.is_some(), *me == owner);
                known = numbers.or(known.take());
                (*me, shares)
            })
            .collect();
        let opened = open(scheme, &rows);
        assert!(opened.iter().zip(known.unwrap().iter()).all(|(a, &b)| a.equals(b)));
    }
}

#[test]
fn zero_sums_add_up_to_nothing() {
    for (scheme, participants) in worlds() {
        let mut sum = zeros::<Mersenne127>(7);
        for (me, keys) in keys(scheme, participants) {
            let source = Pseudorandom::new(scheme, me);
            let mine: Elements<Mersenne127> = source.zero_sums(&keys, StreamStart::of("zero"), 7);
            assert!(mine.iter().all(|number| !number.is_zero()));
            crate::field::bulk::add_into(&mut sum, &mine);
        }
        assert!(sum.iter().all(|number| number.is_zero()));
    }
}

#[test]
fn each_set_has_its_polynomial() {
    for (scheme, participants) in worlds() {
        let all = SetPolynomials::<Mersenne61>::of(scheme.sets());
        for set in scheme.sets() {
            for node in participants.iter() {
                let value = set_polynomial::<Mersenne61>(set, node);
                assert_eq!(value.is_zero(), set.contains(node));
                assert!(all.at(set, node).equals(value));
            }
        }
    }
}
