//! Shares of random inputs.
//!
//! As with bids, each component but the designated one is expanded from a seed that only its
//! holders are given, and the designated one is corrected so that the XOR of all is the input. The
//! correction is masked by components that its holders do not all have, and tells nothing.

use rand::rngs::{StdRng, SysRng};
use rand::{RngExt as _, SeedableRng as _, TryRng as _};
use serde::{Deserialize, Serialize};

use crate::sharing::bits::zeroed;
use crate::sharing::planes::{WORD, transpose, words, xor_into};
use crate::sharing::seed::mask;
use crate::sharing::stream::{StreamKey, StreamStart};
use crate::sharing::{Holding, NodeIndex, Scheme, ShapeError, SharedBits};

/// One batch of numbers, in the clear: only whoever sets the bench up has it.
pub struct Plain {
    /// Bits of each number.
    pub bits: u32,
    /// The numbers.
    pub values: Vec<u64>,
}

/// A node's shares of a batch.
#[derive(Serialize, Deserialize)]
pub struct Shares {
    bits: u32,
    len: usize,
    /// A seed per component held, in the order of [`Scheme::held_by`].
    seeds: Vec<[u8; 16]>,
    /// What is added to the designated component, for those who hold it.
    correction: Vec<u64>,
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
pub fn share(scheme: Scheme, plain: &Plain) -> Result<Vec<Shares>, rand::rngs::SysError> {
    let sets = scheme.sets();
    let mut correction = planes(plain);
    let mut seeds = Vec::with_capacity(sets.len());
    for _ in &sets {
        let mut seed = [0; 16];
        SysRng.try_fill_bytes(&mut seed)?;
        StreamKey::new(&seed).xor_into(start(), &mut correction);
        seeds.push(seed);
    }
    let shares = scheme.all().iter().map(|node| {
        let held = scheme.held_by(node);
        let designated = Holding::of(scheme, node).designated().is_some();
        Shares {
            bits: plain.bits,
            len: plain.values.len(),
            seeds: held.iter().map(|&set| seeds[set]).collect(),
            correction: if designated { correction.clone() } else { Vec::new() },
        }
    });
    Ok(shares.collect())
}

fn start() -> StreamStart {
    StreamStart::of("bench/inputs")
}

/// Expand a node's shares.
///
/// # Errors
/// When they are not those of this node.
pub fn expand(scheme: Scheme, me: NodeIndex, shares: &Shares) -> Result<SharedBits, ShapeError> {
    let holding = Holding::of(scheme, me);
    let (width, stride) = (shares.bits as usize, words(shares.len));
    let mut components = Vec::with_capacity(shares.seeds.len());
    for (number, seed) in shares.seeds.iter().enumerate() {
        let mut buffer = zeroed(width * stride);
        StreamKey::new(seed).xor_into(start(), &mut buffer);
        if holding.designated() == Some(number) {
            xor_into(&mut buffer, &shares.correction);
        }
        components.push(buffer);
    }
    SharedBits::from_components(holding, width, shares.len, components)
}

#[cfg(test)]
mod tests {
    use super::*;

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
            for (node, shares) in scheme.all().iter().zip(share(scheme, &plain).unwrap()) {
                let batch = expand(scheme, node, &shares).unwrap();
                for (at, set) in scheme.held_by(node).into_iter().enumerate() {
                    let words = batch.component(at).to_vec();
                    assert_eq!(components[set].get_or_insert_with(|| words.clone()), &words);
                }
            }
            let mut sum = vec![0; planes(&plain).len()];
            for component in components.iter().flatten() {
                xor_into(&mut sum, component);
            }
            assert!(sum == planes(&plain));
        }
    }
}
