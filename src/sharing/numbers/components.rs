//! Numbers as a participant splits them: each is the sum of a pseudorandom number per set T of t
//! nodes, expanded from the seed that the nodes outside T get, and of a public correction.
//!
//! In: the corrections of an entry's fields and a node's seeds. Out: the node's Shamir shares,
//! without a message: of each field the correction plus the sum over its sets of the set's number
//! times the set's polynomial at i, as in [`super::pseudorandom`] (non-interactive sharing after
//! Cramer, Damgård, Ishai 2005). Who learns what: t nodes together lack the seed of the set they
//! form, so the corrections look random to them. Whatever seeds and corrections a participant hands
//! out, the shares are of degree t, because all holders of a set's seed hold the same one: the
//! envelope commits to it.
//!
//! Where nodes only add, they keep the sets' numbers themselves ([`crate::sharing::elements`]), and
//! need no polynomial.
//!
//! A seed's numbers are made from its stream, field by field, [`Field::STREAM_WORDS`] words each.

use zeroize::Zeroizing;

use super::pseudorandom::set_polynomial;
use crate::field::Field;
use crate::sharing::seed::BLOCK_WORDS;
use crate::sharing::{NodeIndex, Scheme, Seed};

/// Blocks of a seed's stream made at a time.
const TILE_BLOCKS: usize = 3;

/// Their words: a whole number of elements of every field.
const TILE_WORDS: usize = TILE_BLOCKS * BLOCK_WORDS;

/// Hand out the numbers that a seed stands for, one for each field, with the field's place.
pub fn each_number<F: Field>(seed: &Seed, fields: usize, mut hand_out: impl FnMut(usize, F)) {
    const { assert!(TILE_WORDS.is_multiple_of(F::STREAM_WORDS), "a tile ends with an element") };
    let mut tile = Zeroizing::new([0; TILE_WORDS]);
    let per_tile = TILE_WORDS / F::STREAM_WORDS;
    for (first, block) in (0..fields).step_by(per_tile).zip((0_u32..).step_by(TILE_BLOCKS)) {
        let words = &mut tile[..per_tile.min(fields - first) * F::STREAM_WORDS];
        seed.stream(b"gavel/v1/number\0", block, words);
        for (field, words) in (first..).zip(words.chunks_exact(F::STREAM_WORDS)) {
            hand_out(field, F::from_stream(words));
        }
    }
}

/// Mask numbers, one per field: what is left is public. Takes from each the numbers of all seeds.
pub fn mask<F: Field>(fields: &mut [F], seeds: &[Seed]) {
    for seed in seeds {
        each_number(seed, fields.len(), |field, number: F| fields[field] -= number);
    }
}

/// Turns corrections and seeds into one node's shares.
pub struct ShareMaker<F> {
    factors: Vec<F>,
}

impl<F: Field> ShareMaker<F> {
    /// Prepare the polynomials' values at one node.
    pub fn new(scheme: Scheme, me: NodeIndex) -> Self {
        let held = scheme.sets().into_iter().filter(|set| !set.contains(me));
        Self { factors: held.map(|set| set_polynomial(set, me)).collect() }
    }

    /// How many seeds the node has of each number.
    pub fn seeds(&self) -> usize {
        self.factors.len()
    }

    /// Turn the corrections of all fields into shares, with the node's seeds in the order of
    /// [`Scheme::held_by`]. False, with nothing done, when there are more seeds or fewer.
    #[must_use]
    pub fn add_components(&self, fields: &mut [F], seeds: &[Seed]) -> bool {
        let fits = seeds.len() == self.factors.len();
        for (seed, &factor) in seeds.iter().zip(&self.factors).filter(|_| fits) {
            each_number(seed, fields.len(), |field, number: F| fields[field] += number * factor);
        }
        fits
    }
}

#[cfg(test)]
mod tests {
    use crate::field::{Mersenne61, Mersenne127, Prime256};
    use crate::sharing::numbers::components::*;
    use crate::sharing::numbers::shamir::Shamir;

    fn numbers<F: Field>(seed: &Seed, fields: usize) -> Vec<F> {
        let mut masked = vec![F::ZERO; fields];
        mask(&mut masked, std::slice::from_ref(seed));
        masked.into_iter().map(|number| -number).collect()
    }

    #[test]
    fn any_seeds_make_shares_of_the_numbers() {
        for (n, t) in [(3, 1), (4, 1), (5, 2), (7, 3)] {
            let scheme = Scheme::new(n, t).unwrap();
            let seeds: Vec<Seed> = scheme.sets().iter().map(|_| Seed::random().unwrap()).collect();
            let values: Vec<_> = (0..8).map(|field| Mersenne127::from_u64(1_240 + field)).collect();
            let mut masked = values.clone();
            mask(&mut masked, &seeds);
            let shares = |me| {
                let held: Vec<Seed> =
                    scheme.held_by(me).into_iter().map(|at| seeds[at].clone()).collect();
                let maker = ShareMaker::new(scheme, me);
                assert_eq!(maker.seeds(), held.len());
                let mut shares = masked.clone();
                assert!(!maker.add_components(&mut shares, &held[1..]));
                assert!(shares.iter().zip(&masked).all(|(share, masked)| share.equals(*masked)));
                assert!(maker.add_components(&mut shares, &held));
                (me, shares)
            };
            let rows: Vec<_> = scheme.all().iter().map(shares).collect();
            for (field, value) in values.iter().enumerate() {
                let shares: Vec<_> = rows.iter().map(|(node, row)| (*node, row[field])).collect();
                let opened = Shamir::from(scheme).reconstruct(&shares).ok().unwrap();
                assert!(opened.equals(*value));
            }
        }
    }

    /// SHA-256 of the domain, the seed and, from the second block on, the block's number; computed
    /// by another program.
    #[test]
    fn a_seed_stands_for_known_numbers() {
        let seed = Seed::from_bytes(std::array::from_fn(|at| u8::try_from(at).unwrap()));
        let known = [
            0x0f96_2e4f_2930_2e1e_df40_1bf8_235e_aed3_u128,
            0x0ddc_1e85_89f5_d303_0cdd_24b1_3a9b_72d0,
            0x63d4_c9b1_f5e3_3985_0ad3_1fbb_7e67_b58c,
        ];
        for fields in 1..=3 {
            let numbers = numbers::<Mersenne127>(&seed, fields);
            let numbers: Vec<u128> = numbers.iter().map(|number| number.to_number()).collect();
            assert_eq!(numbers, known[..fields]);
        }
    }

    #[test]
    fn a_seed_stands_for_as_many_numbers_as_there_are_fields() {
        fn beginning<F: Field>() {
            let seed = Seed::from_bytes([7; 32]);
            let all = numbers::<F>(&seed, 50);
            for fields in [0, 1, 2, 3, 6, 7, 12, 13, 49] {
                let some = numbers::<F>(&seed, fields);
                assert!(some.iter().zip(&all).all(|(one, other)| one.equals(*other)), "{fields}");
            }
            for (at, number) in all.iter().enumerate() {
                assert!(!all[..at].iter().any(|other| other.equals(*number)), "{}", F::NAME);
            }
        }
        beginning::<Mersenne61>();
        beginning::<Mersenne127>();
        beginning::<Prime256>();
    }
}
