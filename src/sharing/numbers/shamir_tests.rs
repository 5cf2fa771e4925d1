use crate::field::small::Small;
use crate::field::{Mersenne61, Mersenne127, Prime256};
use crate::sharing::numbers::shamir::*;

type F53 = Small<53>;

fn node(index: u8) -> NodeIndex {
    NodeIndex::new(index).unwrap()
}

fn set(nodes: &[u8]) -> NodeSet {
    nodes.iter().map(|&index| node(index)).collect()
}

fn numbers(shares: &[F53]) -> Vec<u16> {
    shares.iter().map(|share| share.to_number()).collect()
}

fn line(constant: u64, slope: u64) -> Elements<F53> {
    let line = [F53::from_u64(constant), F53::from_u64(slope)];
    Shamir::new(5, 1).unwrap().share_along(&line)
}

fn subsets(n: u8) -> impl Iterator<Item = NodeSet> {
    (0..1_u16 << n).map(NodeSet::from_bits)
}

fn chosen<F: Field>(nodes: NodeSet, shares: &[F]) -> Vec<(NodeIndex, F)> {
    nodes.iter().map(|node| (node, shares[node.position()])).collect()
}

#[test]
fn known_answers_modulo_53() {
    let (x, y) = (line(5, 7), line(3, 10));
    assert_eq!(numbers(&x), [12, 19, 26, 33, 40]);
    assert_eq!(numbers(&y), [13, 23, 33, 43, 0]);
    let mut products = x.clone();
    crate::field::bulk::mul_into(&mut products, &y);
    assert_eq!(numbers(&products), [50, 13, 10, 41, 0]);
    // Degree reduction by hand: every node shares its product with degree 1, and everyone adds up
    // what it got with the weights of degree 2. Any two of the new shares open to 15.
    let shamir = Shamir::new(5, 1).unwrap();
    let weights = lagrange(shamir.nodes(), F53::ZERO);
    let mut reduced = zeros::<F53>(5);
    for (&product, weight) in products.iter().zip(weights) {
        add_scaled(&mut reduced, weight, &shamir.share(product).unwrap());
    }
    for pair in subsets(5).filter(|nodes| nodes.len() == 2) {
        assert_eq!(shamir.reconstruct(&chosen(pair, &reduced)).unwrap().to_number(), 15);
    }
}

#[test]
fn any_more_than_t_shares_give_the_number() {
    fn check<F: Field>() {
        for (n, t) in [(1, 0), (2, 1), (3, 1), (5, 2), (5, 4), (7, 3), (9, 4)] {
            let shamir = Shamir::new(n, t).unwrap();
            let secret = F::random().unwrap();
            let shares = shamir.share(secret).unwrap();
            for nodes in subsets(n) {
                let opened = shamir.reconstruct(&chosen(nodes, &shares));
                if nodes.len() > usize::from(t) {
                    assert!(opened.is_ok_and(|opened| opened.equals(secret)));
                } else {
                    let (have, need) = (nodes.len(), usize::from(t) + 1);
                    assert!(
                        matches!(opened, Err(error) if error == ShamirError::TooFew { have, need })
                    );
                }
            }
        }
    }
    check::<Mersenne61>();
    check::<Mersenne127>();
    check::<Prime256>();
    check::<Small<11>>();
}

#[test]
fn numbers_of_other_thresholds_come_back() {
    for (number, n, t) in [(12_345, 5, 2), (67_890, 4, 1)] {
        let shamir = Shamir::new(n, t).unwrap();
        let shares = shamir.share(Prime256::from_u64(number)).unwrap();
        let nodes: NodeSet = shamir.nodes().iter().skip(1).take(usize::from(t) + 1).collect();
        let opened = shamir.reconstruct(&chosen(nodes, &shares)).unwrap();
        assert_eq!(opened.to_u128(), Some(u128::from(number)));
    }
}

#[test]
fn t_shares_say_nothing() {
    // All polynomials of degree 2 over 11 elements: for each secret, each pair of shares of nodes
    // 2 and 3 comes up exactly once.
    let shamir = Shamir::new(3, 2).unwrap();
    for secret in Small::<11>::all() {
        let mut seen = std::collections::HashSet::new();
        for a in Small::all() {
            for b in Small::all() {
                let shares = shamir.share_along(&[secret, a, b]);
                assert!(seen.insert((shares[1].to_number(), shares[2].to_number())));
            }
        }
        assert_eq!(seen.len(), 121);
    }
}

#[test]
fn wrong_shares_are_blamed_as_far_as_can_be_told() {
    let misfit = |n, t, wrong: &[u8]| {
        let shamir = Shamir::new(n, t).unwrap();
        let mut shares = shamir.share(Mersenne61::from_u64(7)).unwrap();
        for &index in wrong {
            shares[node(index).position()] += Mersenne61::from_u64(u64::from(index));
        }
        match shamir.reconstruct(&chosen(shamir.nodes(), &shares)) {
            Err(ShamirError::Misfit(misfit)) => misfit,
            _ => panic!("{wrong:?} of {n} went through"),
        }
    };
    // 3t+1 shares: always.
    for index in 1..=4 {
        let Misfit { liars, suspects } = misfit(4, 1, &[index]);
        assert_eq!((liars, suspects), (set(&[index]), set(&[index])));
    }
    assert_eq!(misfit(7, 2, &[2, 6]).liars, set(&[2, 6]));
    assert_eq!(misfit(9, 2, &[1, 9]).suspects, set(&[1, 9]));
    // 2t+1 shares: any t+1 of them could be right.
    let Misfit { liars, suspects } = misfit(3, 1, &[2]);
    assert_eq!((liars, suspects), (set(&[]), set(&[1, 2, 3])));
    assert!(misfit(5, 2, &[4]).liars.is_empty());
    assert!(misfit(5, 2, &[4]).suspects.contains(node(4)));
    // More wrong than t: everyone is a suspect.
    let misfit = misfit(5, 1, &[1, 2]);
    assert_eq!((misfit.liars, misfit.suspects), (set(&[]), NodeSet::all(5)));
    assert!(misfit.to_string().contains("at least one is wrong of nodes 1, 2, 3, 4 and 5"));
}

#[test]
fn trust_in_oneself_narrows_the_blame() {
    let shamir = Shamir::new(3, 1).unwrap();
    let mut shares = shamir.share(Mersenne61::from_u64(7)).unwrap();
    shares[1] += Mersenne61::ONE;
    let rows: Vec<&[Mersenne61]> = shares.iter().map(std::slice::from_ref).collect();
    let decoder = Decoder::new(shamir.nodes(), 1).unwrap();
    let misfit = decoder.open(&rows, set(&[3])).err().unwrap();
    assert_eq!((misfit.liars, misfit.suspects), (set(&[]), set(&[1, 2])));
}

#[test]
fn impossible_sharings_are_refused() {
    assert!(Shamir::new(0, 0).is_err() && Shamir::new(11, 1).is_err());
    assert!(Shamir::new(3, 3).unwrap_err().to_string().contains("below 3, not 3"));
    let shamir = Shamir::new(3, 1).unwrap();
    let one = F53::ONE;
    let twice = shamir.reconstruct(&[(node(1), one), (node(1), one)]).map(F53::to_number);
    assert_eq!(twice, Err(ShamirError::Node { node: node(1) }));
    let stranger = shamir.reconstruct(&[(node(1), one), (node(4), one)]).map(F53::to_number);
    assert_eq!(stranger, Err(ShamirError::Node { node: node(4) }));
}
