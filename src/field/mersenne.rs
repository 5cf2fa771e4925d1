//! What the fields over Mersenne primes p = 2^k - 1 have in common.
//!
//! p is 3 modulo 4, so a^((p+1)/4) is a root of a square a, and it is itself a square, which makes
//! it one and the same of the two roots at every node. With e(j) = a^(2^j - 1):
//! e(k-2) = a^((p-3)/4) is the root's inverse, e(k-2) * a the root, e(k-2)^4 * a = a^(p-2) the
//! inverse of a. e(k-2) takes k-3 squarings and about 2 log2(k) multiplications.

use subtle::CtOption;

use super::Field;

/// A field over a Mersenne prime, 2^[`Field::BITS`] - 1: every pattern of that many bits but the
/// one of all ones is an element.
pub trait Mersenne: Field {}

/// Squarings of one element wait for one another; those of several go side by side.
const LANES: usize = 4;

/// a^(2^j - 1) for each a, for j >= 1.
fn ones<F: Field, const N: usize>(a: [F; N], j: u32) -> [F; N] {
    let mut power = a;
    let mut length = 1;
    for at in (0..j.ilog2()).rev() {
        let before = power;
        for _ in 0..length {
            for value in &mut power {
                *value = value.square();
            }
        }
        for (value, &before) in power.iter_mut().zip(&before) {
            *value *= before;
        }
        length *= 2;
        if j >> at & 1 == 1 {
            for (value, &a) in power.iter_mut().zip(&a) {
                *value = value.square() * a;
            }
            length += 1;
        }
    }
    power
}

pub(super) fn invert<F: Mersenne>(a: F) -> CtOption<F> {
    let [power] = ones([a], F::BITS - 2);
    CtOption::new(power.square().square() * a, !a.ct_eq(&F::ZERO))
}

pub(super) fn sqrt<F: Mersenne>(a: F) -> CtOption<F> {
    let [power] = ones([a], F::BITS - 2);
    let root = power * a;
    CtOption::new(root, root.square().ct_eq(&a))
}

pub(super) fn inverse_root<F: Mersenne>(a: F) -> CtOption<F> {
    let [power] = ones([a], F::BITS - 2);
    CtOption::new(power, (power.square() * a).ct_eq(&F::ONE))
}

pub(super) fn inverse_roots<F: Mersenne>(values: &mut [F]) {
    let (chunks, rest) = values.as_chunks_mut::<LANES>();
    for chunk in chunks {
        *chunk = ones(*chunk, F::BITS - 2);
    }
    for value in rest {
        let [power] = ones([*value], F::BITS - 2);
        *value = power;
    }
}
