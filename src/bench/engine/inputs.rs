//! Shares of random inputs.
//!
//! As with bids, each component but the designated one is expanded from a seed that only its
//! holders are given, and the designated one is corrected so that the XOR of all is the input. The
//! correction is masked by components that its holders do not all have, and tells nothing.

use bytes::Bytes;
use rand::rngs::{StdRng, SysRng};
use rand::{RngExt as _, SeedableRng as _, TryRng as _};
use serde::{Deserialize, Serialize};

use super::products::{self, FactorShares, LaidOut};
use crate::field::bulk::{add_encoded, append, zeros};
use crate::field::{Field as _, Mersenne127};
use crate::sharing::bits::batch::zeroed;
use crate::sharing::bits::planes::{WORD, WORD_BYTES, append_le, transpose, words, xor_le};
use crate::sharing::elements::Component;
use crate::sharing::form::Form;
use crate::sharing::numbers::components::{each_number, mask as mask_numbers};
use crate::sharing::numbers::shamir::{evaluate, point};
use crate::sharing::seed::mask;
use crate::sharing::stream::{StreamKey, StreamStart};
use crate::sharing::{
    Holding, NodeIndex, Scheme, Seed, ShapeError, SharedBits, SharedElements, SharedNumbers,
};

/// One batch of numbers, in the clear: only whoever sets the bench up has it.
pub struct Plain {
    /// Bits of each number.
    pub bits: u32,
    /// The numbers.
    pub values: Vec<u64>,
}

/// The field that numbers are shared over.
pub type F = Mersenne127;

/// A node's shares of a batch.
#[derive(Serialize, Deserialize)]
pub enum Shares {
    /// Shared as bits.
    Bits {
        /// Bits of each number.
        bits: u32,
        /// How many numbers.
        len: usize,
        /// A seed per component held, in the order of [`Scheme::held_by`].
        seeds: Vec<[u8; 16]>,
        /// What is added to the designated component, for those who hold it: words in little-endian
        /// order.
        correction: Bytes,
    },
    /// Of numbers: encoded elements, one after the other.
    Numbers {
        /// Bits of each number.
        bits: u32,
        /// The shares.
        shares: Bytes,
    },
    /// Of numbers to be added up.
    Sums {
        /// How many numbers.
        len: usize,
        /// A seed per component held, in the order of [`Scheme::held_by`].
        seeds: Vec<[u8; 32]>,
        /// What is added to the designated component, for those who hold it: encoded elements.
        correction: Bytes,
    },
    /// Of the factors of products: replicated elements.
    Factors(FactorShares),
}

/// A node's shares, laid out.
pub enum Batch {
    /// Shared as bits.
    Bits(SharedBits),
    /// Of numbers below 2 to this many bits.
    Numbers(u32, SharedNumbers<F>),
    /// Of numbers to be added up.
    Sums(SharedElements<F>),
    /// The factors of products.
    Factors(LaidOut),
}

/// Numbers drawn from a seed: mostly random, with equal and neighbouring ones among them.
pub fn draw(seed: u64, name: u64, bits: u32, len: usize) -> Plain {
    let mut rng = StdRng::seed_from_u64(seed ^ name.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let values = (0..len).map(|_| rng.random::<u64>() & mask(bits)).collect();
    Plain { bits, values }
}

/// Make some numbers of a batch equal to, or neighbours of, those of another, and some extreme.
pub fn near(plain: &mut Plain, other: &Plain) {
    let largest = mask(plain.bits);
    for (at, (value, other)) in plain.values.iter_mut().zip(&other.values).enumerate() {
        match at % 16 {
            1 => *value = *other,
            3 => *value = other.wrapping_add(1) & largest,
            5 => *value = other.wrapping_sub(1) & largest,
            7 => *value = 0,
            9 => *value = largest,
            _ => {}
        }
    }
}

/// The planes of a batch in the clear.
fn planes(plain: &Plain) -> Vec<u64> {
    let stride = words(plain.values.len());
    let width = plain.bits as usize;
    let mut planes = vec![0; width * stride];
    let mut square = [0; WORD];
    for (word, values) in plain.values.chunks(WORD).enumerate() {
        square.fill(0);
        square[..values.len()].copy_from_slice(values);
        transpose(&mut square);
        for (plane, &column) in square.iter().take(width).enumerate() {
            planes[plane * stride + word] = column;
        }
    }
    planes
}

/// Share a batch among all nodes of a scheme, in ascending order.
///
/// # Errors
/// When the operating system gives no randomness.
pub fn share(
    scheme: Scheme,
    form: Form,
    plain: &Plain,
) -> Result<Vec<Shares>, rand::rngs::SysError> {
    match form {
        Form::Bits => share_bits(scheme, plain),
        Form::Numbers => share_numbers(scheme, plain),
        Form::Sums => share_sums(scheme, plain),
    }
}

fn share_sums(scheme: Scheme, plain: &Plain) -> Result<Vec<Shares>, rand::rngs::SysError> {
    let seeds = scheme.sets().into_iter().map(|_| Seed::random());
    let seeds = seeds.collect::<Result<Vec<Seed>, _>>()?;
    let mut masked: Vec<F> = plain.values.iter().map(|&value| F::from_u64(value)).collect();
    mask_numbers(&mut masked, &seeds);
    let mut bytes = Vec::new();
    append(&mut bytes, &masked);
    let correction = Bytes::from(bytes);
    let shares = scheme.all().iter().map(|node| {
        let held = scheme.held_by(node);
        let designated = Holding::of(scheme, node).designated().is_some();
        Shares::Sums {
            len: plain.values.len(),
            seeds: held.iter().map(|&set| *seeds[set].expose()).collect(),
            correction: if designated { correction.clone() } else { Bytes::new() },
        }
    });
    Ok(shares.collect())
}

fn share_bits(scheme: Scheme, plain: &Plain) -> Result<Vec<Shares>, rand::rngs::SysError> {
    let sets = scheme.sets();
    let mut correction = planes(plain);
    let mut seeds = Vec::with_capacity(sets.len());
    for _ in &sets {
        let mut seed = [0; 16];
        SysRng.try_fill_bytes(&mut seed)?;
        StreamKey::new(&seed).xor_into(start(), &mut correction);
        seeds.push(seed);
    }
    let mut bytes = Vec::with_capacity(correction.len() * WORD_BYTES);
    append_le(&mut bytes, &correction);
    let correction = Bytes::from(bytes);
    let shares = scheme.all().iter().map(|node| {
        let held = scheme.held_by(node);
        let designated = Holding::of(scheme, node).designated().is_some();
        Shares::Bits {
            bits: plain.bits,
            len: plain.values.len(),
            seeds: held.iter().map(|&set| seeds[set]).collect(),
            correction: if designated { correction.clone() } else { Bytes::new() },
        }
    });
    Ok(shares.collect())
}

fn share_numbers(scheme: Scheme, plain: &Plain) -> Result<Vec<Shares>, rand::rngs::SysError> {
    let degree = usize::from(scheme.threshold());
    let mut rng = StdRng::try_from_rng(&mut SysRng)?;
    let mut shares: Vec<Vec<u8>> = scheme.all().iter().map(|_| Vec::new()).collect();
    let mut coefficients = vec![F::ZERO; degree + 1];
    for &value in &plain.values {
        for coefficient in &mut coefficients {
            *coefficient = F::from_u128(rng.random());
        }
        coefficients[0] = F::from_u64(value);
        for (shares, node) in shares.iter_mut().zip(scheme.all().iter()) {
            shares.extend(evaluate(&coefficients, point::<F>(node)).to_bytes());
        }
    }
    let shares = shares.into_iter();
    Ok(shares.map(|shares| Shares::Numbers { bits: plain.bits, shares: shares.into() }).collect())
}

fn start() -> StreamStart {
    StreamStart::of("bench/inputs")
}

/// Lay out a node's shares.
///
/// # Errors
/// When they are not those of this node.
pub fn expand(scheme: Scheme, me: NodeIndex, shares: &Shares) -> Result<Batch, ShapeError> {
    match shares {
        Shares::Bits { bits, len, seeds, correction } => {
            expand_bits(scheme, me, *bits as usize, *len, seeds, correction).map(Batch::Bits)
        }
        Shares::Numbers { bits, shares } => {
            let wrong = |got| ShapeError { what: "bytes of a share", expected: F::BYTES, got };
            let shares = shares.chunks(F::BYTES);
            let mut elements = zeros(shares.len());
            for (element, bytes) in elements.iter_mut().zip(shares) {
                *element = F::from_bytes(bytes).ok_or_else(|| wrong(bytes.len()))?;
            }
            Ok(Batch::Numbers(*bits, SharedNumbers::from_shares(elements)))
        }
        Shares::Sums { len, seeds, correction } => {
            expand_sums(scheme, me, *len, seeds, correction).map(Batch::Sums)
        }
        Shares::Factors(shares) => products::expand(scheme, me, shares).map(Batch::Factors),
    }
}

fn expand_sums(
    scheme: Scheme,
    me: NodeIndex,
    len: usize,
    seeds: &[[u8; 32]],
    correction: &[u8],
) -> Result<SharedElements<F>, ShapeError> {
    let holding = Holding::of(scheme, me);
    let mut components = Vec::with_capacity(seeds.len());
    for (number, seed) in seeds.iter().enumerate() {
        let mut component = Component::zeros(len);
        each_number(&Seed::from_bytes(*seed), len, |at, element: F| component[at] = element);
        if holding.designated() == Some(number) && !add_encoded(&mut component, correction) {
            let (expected, got) = (len * F::BYTES, correction.len());
            return Err(ShapeError { what: "bytes of a correction", expected, got });
        }
        components.push(component);
    }
    SharedElements::from_components(holding, components)
}

fn expand_bits(
    scheme: Scheme,
    me: NodeIndex,
    width: usize,
    len: usize,
    seeds: &[[u8; 16]],
    correction: &[u8],
) -> Result<SharedBits, ShapeError> {
    let holding = Holding::of(scheme, me);
    let mut components = Vec::with_capacity(seeds.len());
    for (number, seed) in seeds.iter().enumerate() {
        let mut buffer = zeroed(width * words(len));
        StreamKey::new(seed).xor_into(start(), &mut buffer);
        if holding.designated() == Some(number) {
            xor_le(&mut buffer, correction);
        }
        components.push(buffer);
    }
    SharedBits::from_components(holding, width, len, components)
}

#[cfg(test)]
mod tests {
    use crate::bench::engine::inputs::*;

    #[test]
    fn all_components_together_are_the_inputs() {
        for (n, t) in [(3, 1), (5, 2)] {
            let scheme = Scheme::new(n, t).unwrap();
            let plain = draw(7, 1, 11, 131);
            let mut other = draw(7, 2, 11, 131);
            near(&mut other, &plain);
            assert_eq!(other.values[1], plain.values[1]);
            assert_eq!((other.values[7], other.values[9]), (0, 2047));
            let mut components = vec![None; scheme.sets().len()];
            let shares = share(scheme, Form::Bits, &plain).unwrap();
            for (node, shares) in scheme.all().iter().zip(shares) {
                let Batch::Bits(batch) = expand(scheme, node, &shares).unwrap() else {
                    panic!("bits were shared");
                };
                for (at, set) in scheme.held_by(node).into_iter().enumerate() {
                    let words = batch.component(at).to_vec();
                    assert_eq!(components[set].get_or_insert_with(|| words.clone()), &words);
                }
            }
            let mut sum = vec![0; planes(&plain).len()];
            for component in components.iter().flatten() {
                crate::sharing::bits::planes::xor_into(&mut sum, component);
            }
            assert!(sum == planes(&plain));
        }
    }

    #[test]
    fn components_of_sums_add_up_to_the_inputs() {
        for (n, t) in [(2, 1), (3, 2), (5, 2)] {
            let scheme = Scheme::any(n, t).unwrap();
            let plain = draw(8, 1, 32, 20);
            let mut components = vec![None; scheme.sets().len()];
            let shares = share(scheme, Form::Sums, &plain).unwrap();
            for (node, shares) in scheme.all().iter().zip(&shares) {
                let Batch::Sums(batch) = expand(scheme, node, shares).unwrap() else {
                    panic!("sums were shared");
                };
                for (at, set) in scheme.held_by(node).into_iter().enumerate() {
                    components[set] = Some(batch.component(at).to_vec());
                }
            }
            for (at, &value) in plain.values.iter().enumerate() {
                let sum = components.iter().flatten().map(|component| component[at]);
                let sum = sum.fold(F::ZERO, |sum, element| sum + element);
                assert_eq!(sum.to_u128(), Some(u128::from(value)), "{n} {t}");
            }
        }
    }

    #[test]
    fn shares_of_numbers_lie_on_polynomials_through_the_inputs() {
        let scheme = Scheme::new(5, 2).unwrap();
        let plain = draw(9, 1, 32, 20);
        let shares = share(scheme, Form::Numbers, &plain).unwrap();
        let mut batches = Vec::new();
        for (node, shares) in scheme.all().iter().zip(&shares) {
            let Batch::Numbers(32, batch) = expand(scheme, node, shares).unwrap() else {
                panic!("numbers were shared");
            };
            batches.push((node, batch));
        }
        let shamir = crate::sharing::numbers::shamir::Shamir::new(5, 2).unwrap();
        for (at, &value) in plain.values.iter().enumerate() {
            let shares: Vec<_> =
                batches.iter().map(|(node, batch)| (*node, batch.shares()[at])).collect();
            let opened = shamir.reconstruct(&shares).unwrap();
            assert_eq!(opened.to_u128(), Some(u128::from(value)));
        }
    }
}
