use crypto_bigint::modular::{ConstMontyForm, ConstMontyParams};
use crypto_bigint::{U256, const_monty_params};
use proptest::prelude::*;

use super::small::Small;
use crate::field::*;

const_monty_params!(M61, U256, "0000000000000000000000000000000000000000000000001fffffffffffffff");
const_monty_params!(M127, U256, "000000000000000000000000000000007fffffffffffffffffffffffffffffff");
const_monty_params!(
    Near127,
    U256,
    "00000000000000000000000000000000800000000000000000000000002f0001"
);
const_monty_params!(Secp, U256, "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");

fn number<F: Field>(a: F) -> U256 {
    let mut bytes = [0; 32];
    bytes[..F::BYTES].copy_from_slice(a.to_bytes().as_ref());
    U256::from_le_slice(&bytes)
}

fn element<F: Field>(a: &U256) -> F {
    let bytes: [u8; 32] = a.to_le_bytes().into();
    F::from_bytes(&bytes[..F::BYTES]).unwrap()
}

/// A field and what `crypto-bigint` says about it.
trait Checked: Field {
    type Params: ConstMontyParams<4>;
}
impl Checked for Mersenne61 {
    type Params = M61;
}
impl Checked for Mersenne127 {
    type Params = M127;
}
impl Checked for Pair127 {
    type Params = Near127;
}
impl Checked for Prime256 {
    type Params = Secp;
}

type Other<F> = ConstMontyForm<<F as Checked>::Params, 4>;

fn modulus<F: Checked>() -> U256 {
    *Other::<F>::MODULUS.as_ref()
}

/// 0, 1, powers of two and their neighbours, p-1, (p-1)/2, as many as there are.
fn edges<F: Checked>() -> Vec<F> {
    let mut values = vec![U256::ZERO, U256::ONE];
    for shift in 1..F::BITS {
        let power = U256::ONE.wrapping_shl_vartime(shift);
        values.extend([power.wrapping_sub(&U256::ONE), power, power.wrapping_add(&U256::ONE)]);
    }
    let last = modulus::<F>().wrapping_sub(&U256::ONE);
    values.extend([last, last.wrapping_sub(&U256::ONE), last.wrapping_shr_vartime(1)]);
    values.retain(|value| *value < modulus::<F>());
    values.iter().map(element).collect()
}

fn from_words<F: Field>(words: [u64; 6]) -> F {
    F::from_stream(&words[..F::STREAM_WORDS])
}

fn agrees<F: Checked>(a: F, b: F) {
    let (x, y) = (Other::<F>::new(&number(a)), Other::<F>::new(&number(b)));
    assert_eq!(number(a + b), (x + y).retrieve());
    assert_eq!(number(a - b), (x - y).retrieve());
    assert_eq!(number(a * b), (x * y).retrieve());
    assert_eq!(number(-a), (-x).retrieve());
    assert_eq!(number(a.square()), x.square().retrieve());
}

#[expect(clippy::eq_op, reason = "the difference of equal elements is what is tried")]
fn laws<F: Field>(a: F, b: F, c: F) {
    assert!((a + b).equals(b + a) && (a * b).equals(b * a));
    assert!(((a + b) + c).equals(a + (b + c)));
    assert!(((a * b) * c).equals(a * (b * c)));
    assert!((a * (b + c)).equals(a * b + a * c));
    assert!((a + F::ZERO).equals(a) && (a * F::ONE).equals(a));
    assert!((a - a).is_zero() && (a + -a).is_zero() && (a - b).equals(a + -b));
    assert!(a.square().equals(a * a));
    let mut d = a;
    d += b;
    d -= c;
    d *= b;
    assert!(d.equals((a + b - c) * b));
    match Option::<F>::from(a.invert()) {
        Some(inverse) => assert!((a * inverse).equals(F::ONE)),
        None => assert!(a.is_zero()),
    }
    assert!(F::from_bytes(a.to_bytes().as_ref()).unwrap().equals(a));
    assert!(F::conditional_select(&a, &b, 0.into()).equals(a));
    assert!(F::conditional_select(&a, &b, 1.into()).equals(b));
}

/// Roots: of a square there is one, the same from a and -a; times its inverse it is 1.
fn roots<F: Field>(a: F) {
    let square = a.square();
    let root = square.sqrt().unwrap();
    assert!(root.square().equals(square));
    assert!(root.equals(a) || root.equals(-a));
    let mut both = [square, (-a).square()];
    F::inverse_roots(&mut both);
    match Option::<F>::from(square.inverse_root()) {
        Some(inverse) => {
            assert!((inverse * root).equals(F::ONE));
            assert!(both.iter().all(|other| other.equals(inverse)));
        }
        None => assert!(a.is_zero()),
    }
}

fn edge_values<F: Checked>() {
    let edges = edges::<F>();
    for (at, &a) in edges.iter().enumerate() {
        roots(a);
        for &b in edges.iter().skip(at % 3).step_by(3) {
            agrees(a, b);
            laws(a, b, edges[edges.len() - 1 - at]);
        }
    }
}

#[test]
fn edge_values_of_2_61() {
    edge_values::<Mersenne61>();
}

#[test]
fn edge_values_of_2_127() {
    edge_values::<Mersenne127>();
}

#[test]
fn edge_values_of_more_than_2_127() {
    edge_values::<Pair127>();
}

#[test]
fn edge_values_of_256_bits() {
    let edges = edges::<Prime256>();
    for (at, &a) in edges.iter().enumerate() {
        for &b in edges.iter().skip(at % 7).step_by(7) {
            agrees(a, b);
        }
        if at % 16 == 0 {
            laws(a, edges[edges.len() - 1], edges[edges.len() - 1 - at]);
            roots(a);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn random_values(words: [[u64; 6]; 3]) {
        fn check<F: Checked>(words: [[u64; 6]; 3]) {
            let [a, b, c] = words.map(from_words::<F>);
            laws(a, b, c);
            agrees(a, b);
            roots(a);
        }
        check::<Mersenne61>(words);
        check::<Mersenne127>(words);
        check::<Pair127>(words);
        check::<Prime256>(words);
    }

    #[test]
    fn numbers_are_taken_modulo_the_prime(value: u128, words: [u64; 6]) {
        fn check<F: Checked>(value: u128, words: [u64; 6]) {
            let expected = Other::<F>::new(&U256::from_u128(value)).retrieve();
            assert_eq!(number(F::from_u128(value)), expected);
            let low = Other::<F>::new(&U256::from_u64(words[0])).retrieve();
            assert_eq!(number(F::from_u64(words[0])), low);
            if F::from_u128(value).to_u128() != Some(value) {
                assert!(U256::from_u128(value) >= modulus::<F>());
            }
        }
        check::<Mersenne61>(value, words);
        check::<Mersenne127>(value, words);
        check::<Pair127>(value, words);
        check::<Prime256>(value, words);
        // Streams: 128 bits modulo 2^61-1 and 2^127+3080193, 127 modulo 2^127-1, 384 modulo the order.
        let wide = U256::from_u128(u128::from(words[1]) << 64 | u128::from(words[0]));
        assert_eq!(
            number(from_words::<Mersenne61>(words)),
            Other::<Mersenne61>::new(&wide).retrieve()
        );
        assert_eq!(
            number(from_words::<Pair127>(words)),
            Other::<Pair127>::new(&wide).retrieve()
        );
        let mask = U256::from_u128(u128::MAX >> 1);
        assert_eq!(
            number(from_words::<Mersenne127>(words)),
            Other::<Mersenne127>::new(&wide.bitand(&mask)).retrieve()
        );
        let word = |at: usize| Other::<Prime256>::new(&U256::from_u64(words[at]));
        let base = Other::<Prime256>::new(&U256::from_u128(1 << 64));
        let sum = (0..6).rev().fold(Other::<Prime256>::ZERO, |sum, at| sum * base + word(at));
        assert_eq!(number(from_words::<Prime256>(words)), sum.retrieve());
    }

    #[test]
    fn only_canonical_encodings_are_read(bytes: [u8; 32]) {
        fn check<F: Checked>(bytes: [u8; 32]) {
            let mut padded = [0; 32];
            padded[..F::BYTES].copy_from_slice(&bytes[..F::BYTES]);
            let value = U256::from_le_slice(&padded);
            let read = F::from_bytes(&bytes[..F::BYTES]);
            assert_eq!(read.is_some(), value < modulus::<F>());
            if let Some(read) = read {
                assert_eq!(read.to_bytes().as_ref(), &bytes[..F::BYTES]);
            }
        }
        check::<Mersenne61>(bytes);
        check::<Mersenne127>(bytes);
        check::<Pair127>(bytes);
        check::<Prime256>(bytes);
    }
}

#[test]
fn the_prime_and_what_follows_are_refused() {
    fn check<F: Checked>() {
        let p = modulus::<F>();
        for above in 0..3 {
            let bytes: [u8; 32] = p.wrapping_add(&U256::from_u64(above)).to_le_bytes().into();
            assert!(F::from_bytes(&bytes[..F::BYTES]).is_none(), "{} + {above}", F::NAME);
        }
        let last: [u8; 32] = p.wrapping_sub(&U256::ONE).to_le_bytes().into();
        let last = F::from_bytes(&last[..F::BYTES]).unwrap();
        assert!((last + F::ONE).is_zero());
        assert!(F::from_bytes(&[0; 40][..F::BYTES - 1]).is_none());
        assert!(F::from_bytes(&[0; 40][..=F::BYTES]).is_none());
        assert!(F::from_bytes(&[]).is_none());
        assert!(F::from_bytes(&vec![0xff; F::BYTES]).is_none());
    }
    check::<Mersenne61>();
    check::<Mersenne127>();
    check::<Pair127>();
    check::<Prime256>();
    assert!(Small::<53>::from_bytes(&[53, 0]).is_none());
    assert!(Small::<53>::from_bytes(&[52, 1]).is_none());
    assert!(Mersenne61::from_u64((1 << 61) - 1).is_zero());
    assert!(Mersenne127::from_u128((1 << 127) - 1).is_zero());
    assert_eq!(Mersenne127::from_u128(u128::MAX).to_u128(), Some(1));
    assert_eq!((-Prime256::ONE).to_u128(), None);
}

#[test]
fn a_small_field_is_a_field() {
    for a in Small::<53>::all() {
        roots(a);
        for b in Small::<53>::all() {
            laws(a, b, Small::from_u64(17));
        }
    }
    let squares = Small::<59>::all().filter(|a| a.sqrt().is_some().into()).count();
    assert_eq!(squares, 30);
}

#[test]
fn half_of_all_have_no_root() {
    fn check<F: Field>(not_a_square: F) {
        for value in 1..20 {
            let square = F::from_u64(value).square();
            assert!(bool::from((square * not_a_square).sqrt().is_none()));
            assert!(bool::from((square * not_a_square).inverse_root().is_none()));
        }
    }
    check(-Mersenne61::ONE);
    check(-Mersenne127::ONE);
    check(Pair127::from_u64(3));
    check(Prime256::from_u64(7));
}

fn quadratic(real: u64, imaginary: u64) -> Quadratic61 {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&real.to_le_bytes());
    bytes[8..].copy_from_slice(&imaginary.to_le_bytes());
    Quadratic61::from_bytes(&bytes).unwrap()
}

#[test]
fn elements_with_two_parts_are_a_field() {
    const P: u64 = (1 << 61) - 1;
    let parts = [0, 1, 2, 3, (1 << 60) - 1, 1 << 60, P - 2, P - 1, 0x1234_5678_9abc_def0];
    let pairs = parts.iter().flat_map(|&a| parts.map(|b| quadratic(a, b)));
    let all: Vec<Quadratic61> = pairs.collect();
    for (at, &a) in all.iter().enumerate() {
        roots(a);
        for &b in all.iter().skip(at % 5).step_by(5) {
            laws(a, b, all[all.len() - 1 - at]);
        }
    }
    let i = quadratic(0, 1);
    assert!(i.square().equals(-Quadratic61::ONE));
    assert!((quadratic(2, 3) * quadratic(5, 7)).equals(quadratic(P - 11, 29)));
    assert_eq!((quadratic(7, 0).to_u128(), i.to_u128()), (Some(7), None));
    assert!(Quadratic61::from_bytes(&[0xff; 16]).is_none());
    assert!(Quadratic61::from_bytes(&[0; 15]).is_none());
    assert!(Quadratic61::from_stream(&[5, 0, 9, 0]).equals(quadratic(5, 9)));
}

#[test]
fn half_of_those_with_two_parts_have_a_root() {
    let values = (1..40).flat_map(|a| (0..4).map(move |b| quadratic(a, b)));
    let with_root = |a: &Quadratic61| bool::from(a.sqrt().is_some());
    let (squares, others): (Vec<_>, Vec<_>) = values.partition(with_root);
    assert!(squares.len() > 39 && others.len() > 39);
    for &a in &others {
        assert!(squares.iter().all(|&b| !with_root(&(a * b))));
        assert!(others.iter().all(|&b| with_root(&(a * b))));
    }
}

#[test]
fn sums_of_products_are_those_of_single_ones() {
    fn check<F: Provable>() {
        let value = |at: u64| F::from_u64(at.wrapping_mul(0x9e37_79b9_7f4a_7c15)) - F::from_u64(at);
        let weight = |at: u64| value(at).weighted(value(at + 1).lift() - F::Proof::ONE);
        for len in [0, 1, 31, 32, 33, 64, 65, 200] {
            let x: Vec<F> = (0..len).map(value).collect();
            let y: Vec<F::Proof> = (0..len).map(weight).collect();
            let lifted: Vec<F::Proof> = x.iter().map(|x| x.lift()).collect();
            let expected = bulk::inner_product(&lifted, &y);
            assert!(F::weigh(&x, &y).equals(expected), "{} {len}", F::NAME);
            assert!(F::Proof::reduce(F::Proof::dot(&lifted, &y)).equals(expected));
            let mut scaled = lifted.clone();
            F::Proof::scale(&mut scaled, &y);
            let sum = scaled.iter().fold(F::Proof::ZERO, |sum, &one| sum + one);
            assert!(sum.equals(expected));
            let mut sums = vec![F::Proof::ONE; lifted.len()];
            F::Proof::combine(&[&lifted, &y], &[weight(3), weight(4)], &mut sums);
            for (sum, (&x, &y)) in sums.iter().zip(lifted.iter().zip(&y)) {
                assert!(sum.equals(x * weight(3) + y * weight(4)));
            }
        }
    }
    // The largest there are, too: what is not reduced must fit.
    let most = vec![-Quadratic61::ONE + quadratic(0, (1 << 61) - 2); 64];
    assert!(Quadratic61::dot(&most, &most).equals(bulk::inner_product(&most, &most)));
    let ones = vec![-Mersenne61::ONE; 128];
    let both = [&most[..], &most].concat();
    assert!(Mersenne61::weigh(&ones, &both).equals(-(most[0] * Quadratic61::from_u64(128))));
    // With carries out of every word, and as many as do not fit into 256 bits.
    let most = vec![-Pair127::ONE; 1000];
    let sum = Pair127::dot(&most, &most);
    assert!(sum.reduce().equals(Pair127::from_u64(1000)));
    let mut twice = sum;
    twice.add_sum(sum);
    assert!(twice.reduce().equals(Pair127::from_u64(2000)));
    check::<Mersenne61>();
    check::<Mersenne127>();
    check::<Pair127>();
    check::<Prime256>();
}

#[test]
fn loops_over_slices_do_what_they_say() {
    let values = |from: u64| (from..from + 5).map(Mersenne61::from_u64).collect::<Vec<_>>();
    let plain = |values: &[Mersenne61]| values.iter().map(|x| x.to_u64()).collect::<Vec<_>>();
    let mut a = values(10);
    bulk::add_into(&mut a, &values(1));
    assert_eq!(plain(&a), [11, 13, 15, 17, 19]);
    bulk::sub_into(&mut a, &values(10));
    assert_eq!(plain(&a), [1, 2, 3, 4, 5]);
    bulk::mul_into(&mut a, &values(2));
    assert_eq!(plain(&a), [2, 6, 12, 20, 30]);
    bulk::scale(&mut a, Mersenne61::from_u64(10));
    bulk::add_scaled(&mut a, Mersenne61::from_u64(2), &values(0));
    assert_eq!(plain(&a), [20, 62, 124, 206, 308]);
    assert_eq!(bulk::inner_product(&values(1), &values(2)).to_u64(), 70);
    assert_eq!(plain(&bulk::powers(Mersenne61::from_u64(3), 5)), [1, 3, 9, 27, 81]);
    let mut bytes = vec![];
    bulk::append(&mut bytes, &a);
    assert_eq!(plain(&bulk::read(&bytes).unwrap()), plain(&a));
    assert!(bulk::add_encoded(&mut a, &bytes));
    assert_eq!(plain(&a), [40, 124, 248, 412, 616]);
    assert!(bulk::read::<Mersenne61>(&bytes[1..]).is_none());
    assert!(!bulk::add_encoded(&mut a, &bytes[8..]));
    bytes[7] = 0xff;
    assert!(bulk::read::<Mersenne61>(&bytes).is_none());
    assert!(!bulk::add_encoded(&mut a, &bytes));
}

#[test]
fn random_elements_differ() {
    let draw = || Mersenne127::random().unwrap().to_number();
    assert_ne!(draw(), draw());
    assert_ne!(Prime256::random().unwrap().to_bytes(), Prime256::random().unwrap().to_bytes());
}
