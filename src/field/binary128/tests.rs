use proptest::prelude::*;

use crate::field::bulk::powers;
use crate::field::interpolation::Points;
use crate::field::*;

/// Bit by bit.
fn plain(a: u128, b: u128) -> u128 {
    let mut product = 0;
    for at in (0..128).rev() {
        product = (product << 1) ^ ((product >> 127) * 0x87);
        if b >> at & 1 == 1 {
            product ^= a;
        }
    }
    product
}

#[test]
fn the_values_are_those_of_the_reference() {
    let (a, b) =
        (0x0123_4567_89ab_cdef_0123_4567_89ab_cdef, 0xfedc_ba98_7654_3210_fedc_ba98_7654_3210);
    let (a, b) = (Binary128::from_bits(a), Binary128::from_bits(b));
    assert_eq!((a * b).to_bits(), 0x725c_fee5_3719_bb81_d3fd_5f44_96b8_1a20);
    assert_eq!(a.invert().unwrap().to_bits(), 0xeb70_2ab8_a8e5_b420_5191_65b8_928d_f41f);
}

#[test]
fn the_field_has_inverses_roots_and_encodings() {
    assert!(bool::from(Binary128::ZERO.invert().is_none()));
    assert!(Binary128::from_bytes(&[0; 15]).is_none());
    assert!(Binary128::from_bytes(&[0; 17]).is_none());
    for bits in [1, 2, 3, 0x87, 1 << 127, u128::MAX, 1 << 64] {
        let a = Binary128::from_bits(bits);
        assert!((a * a.invert().unwrap()).equals(Binary128::ONE));
        assert!(a.sqrt().unwrap().square().equals(a));
        assert_eq!(Binary128::from_bytes(a.to_bytes().as_ref()).unwrap().to_bits(), bits);
        assert_eq!(a.double().to_bits(), plain(bits, 2));
    }
}

proptest! {
    #[test]
    fn products_are_those_of_polynomials(a: u128, b: u128, c: u128) {
        let [x, y, z] = [a, b, c].map(Binary128::from_bits);
        prop_assert_eq!((x * y).to_bits(), plain(a, b));
        prop_assert!((x * (y + z)).equals(x * y + x * z));
        let sum = binary128::dot(&[x, y, z], &[y, z, x]).reduce();
        prop_assert!(sum.equals(x * y + y * z + z * x));
        let mut sums = [x, y];
        binary128::combine(&[&[x, y], &[y, z]], &[z, x], &mut sums);
        prop_assert!(sums[0].equals(x * z + y * x) && sums[1].equals(y * z + z * x));
        let mut weighed = [binary128::Unreduced::default()];
        binary128::weigh(&[[7, 0, 1 << 63, 0]], &[x, z, y, z], &mut weighed);
        let expected = x * Binary128::from_u64(7) + y * Binary128::from_u64(1 << 63);
        prop_assert!(weighed[0].reduce().equals(expected));
    }

    #[test]
    fn values_of_polynomials_are_interpolated(start: [u128; 5], at: u128) {
        let polynomial = start.map(Binary128::from_bits);
        let value = |at: Binary128| bulk::inner_product(&polynomial, &powers(at, 5));
        let points: Vec<_> = (1..=5).map(Binary128::from_u64).collect();
        let at = Binary128::from_bits(at);
        let weights = Points::new(points.clone()).at(at);
        let values: Vec<_> = points.iter().map(|&point| value(point)).collect();
        prop_assert!(bulk::inner_product(&weights, &values).equals(value(at)));
    }
}
