//! A batch of material in additive parts: the sum of all dealers' parts is the batch.
//!
//! Each dealer that gives a batch out draws a seed for it. The client gets the seeds: the sum of what
//! they expand to is its half. The owner gets the dealers' parts less these expansions: their sum is
//! the other half. So both halves together are the batch, the client is sent 32 bytes by each dealer,
//! and of either half alone nothing follows, as long as one of the dealers asked keeps its part and its
//! seed to itself.
//!
//! A seed stands for the streams of one key under the names "material/key", "material/values" and
//! "material/macs"; a seed is for one batch.

use zeroize::{Zeroize, Zeroizing};

use super::ShapeError;
use super::bits::batch::same;
use super::elements::Component;
use super::numbers::pseudorandom::expand_at;
use super::pair::{BatchShape, Half, PairKey};
use super::seed::Seed;
use super::stream::{StreamKey, StreamStart};
use crate::field::Field;
use crate::field::bulk::{add_encoded, add_into, append, sub_into};

/// Parts of the key, of all values of a batch and of their MACs; wiped when dropped.
pub struct Part<F: Field> {
    key: Component<F>,
    values: Component<F>,
    macs: Component<F>,
}

impl<F: Field> Part<F> {
    /// A part of a batch of so many values that is 0.
    pub fn zeros(values: usize) -> Self {
        let [key, values, macs] = [1, values, values].map(Component::zeros);
        Self { key, values, macs }
    }

    /// What a seed stands for, in a batch of so many values.
    pub fn expand(values: usize, seed: &Seed) -> Self {
        let mut part = Self::zeros(values);
        let mut words = [0; 2];
        seed.stream(b"gavel/v1/material\0", 0, &mut words);
        let mut bytes = [0; 16];
        for (bytes, word) in bytes.as_chunks_mut().0.iter_mut().zip(&words) {
            *bytes = word.to_le_bytes();
        }
        let key = StreamKey::new(&bytes);
        words.zeroize();
        bytes.zeroize();
        let streams = [
            ("material/key", &mut part.key),
            ("material/values", &mut part.values),
            ("material/macs", &mut part.macs),
        ];
        for (name, elements) in streams {
            expand_at(&key, StreamStart::of(name), 0, elements);
        }
        part
    }

    /// How many values the batch has.
    pub fn values(&self) -> usize {
        self.values.len()
    }

    /// self += shares of the key, of the values, and of the MACs.
    ///
    /// # Errors
    /// When there are more or fewer.
    pub fn add_shares(&mut self, key: &[F], values: &[F], macs: &[F]) -> Result<(), ShapeError> {
        same("keys", 1, key.len())?;
        same("values of a batch", self.values.len(), values.len())?;
        same("MACs of a batch", self.macs.len(), macs.len())?;
        add_into(&mut self.key, key);
        add_into(&mut self.values, values);
        add_into(&mut self.macs, macs);
        Ok(())
    }

    /// self += another part of the same batch.
    ///
    /// # Errors
    /// When that has more or fewer values.
    pub fn add(&mut self, other: &Self) -> Result<(), ShapeError> {
        self.add_shares(&other.key, &other.values, &other.macs)
    }

    /// self -= another part of the same batch.
    ///
    /// # Errors
    /// When that has more or fewer values.
    pub fn sub(&mut self, other: &Self) -> Result<(), ShapeError> {
        same("values of a batch", self.values.len(), other.values.len())?;
        sub_into(&mut self.key, &other.key);
        sub_into(&mut self.values, &other.values);
        sub_into(&mut self.macs, &other.macs);
        Ok(())
    }

    /// Bytes of a part of so many values.
    pub const fn bytes(values: usize) -> usize {
        Self::elements(values).saturating_mul(F::BYTES)
    }

    /// Append what it is sent as: the encoded elements of the key, of the values, of the MACs.
    pub fn append_to(&self, out: &mut Vec<u8>) {
        out.reserve(Self::bytes(self.values.len()));
        self.append_piece(0, Self::elements(self.values.len()), out);
    }

    /// The elements of the key, of the values, and of the MACs, in this order.
    const fn rows(&self) -> [&Component<F>; 3] {
        [&self.key, &self.values, &self.macs]
    }

    /// Some elements of what it is sent as, from this one on, encoded: at most so many, and none past
    /// the end.
    pub fn piece(&self, first: usize, most: usize) -> Zeroizing<Vec<u8>> {
        let mut out = Zeroizing::new(Vec::with_capacity(most * F::BYTES));
        self.append_piece(first, most, &mut out);
        out
    }

    fn append_piece(&self, mut first: usize, mut most: usize, out: &mut Vec<u8>) {
        for row in self.rows() {
            let from = first.min(row.len());
            let until = (from + most).min(row.len());
            append(out, &row[from..until]);
            first -= from;
            most -= until - from;
        }
    }

    /// self += some elements of another part as they were sent, from this one on; false, with some of
    /// them added, when they are none or go past the end.
    pub fn add_piece(&mut self, first: usize, bytes: &[u8]) -> bool {
        let (mut first, mut rest) = (first, bytes);
        for row in [&mut self.key, &mut self.values, &mut self.macs] {
            let from = first.min(row.len());
            let count = (rest.len() / F::BYTES).min(row.len() - from);
            let (own, others) = rest.split_at(count * F::BYTES);
            if !add_encoded(&mut row[from..from + count], own) {
                return false;
            }
            first -= from;
            rest = others;
        }
        rest.is_empty()
    }

    /// Elements of a part of so many values.
    pub const fn elements(values: usize) -> usize {
        values.saturating_mul(2).saturating_add(1)
    }

    /// A part of so many values as it was sent; `None` when it is none.
    pub fn read(values: usize, bytes: &[u8]) -> Option<Self> {
        if bytes.len() != Self::bytes(values) {
            return None;
        }
        let mut part = Self::zeros(values);
        part.add_piece(0, bytes).then_some(part)
    }

    /// The half of a party that has nothing but this.
    ///
    /// # Errors
    /// When a batch of that shape has more or fewer values.
    pub fn into_half(self, shape: BatchShape) -> Result<Half<F>, ShapeError> {
        let key = PairKey::new(self.key.first().copied().unwrap_or(F::ZERO));
        Half::new(shape, key, self.values, self.macs)
    }
}

/// The client's half, of the seeds of all dealers that were asked.
///
/// # Errors
/// None: the sizes fit.
pub fn client_half<F: Field>(shape: BatchShape, seeds: &[Seed]) -> Result<Half<F>, ShapeError> {
    let values = shape.values();
    let mut sum = Part::zeros(values);
    for seed in seeds {
        sum.add(&Part::expand(values, seed))?;
    }
    sum.into_half(shape)
}

/// The owner's half, of the parts that the same dealers sent it.
///
/// # Errors
/// When one of them is of another size.
pub fn owner_half<F: Field>(shape: BatchShape, parts: &[Part<F>]) -> Result<Half<F>, ShapeError> {
    let mut sum = Part::zeros(shape.values());
    for part in parts {
        sum.add(part)?;
    }
    sum.into_half(shape)
}

#[cfg(test)]
mod tests {
    use crate::field::Pair127;
    use crate::sharing::parts::*;

    type F = Pair127;

    fn seed(byte: u8) -> Seed {
        Seed::from_bytes([byte; 32])
    }

    #[test]
    fn seeds_expand_to_different_streams() {
        let [one, other] = [1, 2].map(|byte| Part::<F>::expand(3, &seed(byte)));
        let mut seen = Vec::new();
        for part in [&one, &other] {
            seen.push(part.key[0]);
            seen.extend([&part.values, &part.macs].into_iter().flat_map(|all| all.to_vec()));
        }
        for (at, a) in seen.iter().enumerate() {
            assert!(seen[..at].iter().all(|b| !a.equals(*b)));
        }
        // A longer batch begins with the shorter one's values.
        let longer = Part::<F>::expand(9, &seed(1));
        assert!(longer.values.iter().zip(one.values.iter()).all(|(a, b)| a.equals(*b)));
        assert!(longer.key[0].equals(one.key[0]));
    }

    #[test]
    fn both_halves_are_what_the_dealers_had() {
        let shape = BatchShape { masks: 2, bits: 1, ..BatchShape::default() };
        let number = |value| F::from_u64(value);
        let seeds = [seed(7), seed(8)];
        let parts: Vec<Part<F>> = [10, 200]
            .into_iter()
            .zip(&seeds)
            .map(|(base, seed)| {
                let values: Vec<F> = (0..3).map(|at| number(base + at)).collect();
                let macs: Vec<F> = (0..3).map(|at| number(10 * base + at)).collect();
                let mut part = Part::zeros(3);
                part.add_shares(&[number(base)], &values, &macs).unwrap();
                part.sub(&Part::expand(3, seed)).unwrap();
                part
            })
            .collect();
        let client = client_half::<F>(shape.clone(), &seeds).unwrap();
        let owner = owner_half(shape.clone(), &parts).unwrap();
        assert!((client.key().share() + owner.key().share()).equals(number(210)));
        let bit = client.bit(0).unwrap() + owner.bit(0).unwrap();
        assert!(bit.share.equals(number(210)) && bit.mac.equals(number(2100)));
        let mask = client.mask(1).unwrap() + owner.mask(1).unwrap();
        assert!(mask.share.equals(number(214)) && mask.mac.equals(number(2104)));
        let mut bytes = Vec::new();
        parts[1].append_to(&mut bytes);
        assert_eq!(bytes.len(), Part::<F>::bytes(3));
        let again = Part::<F>::read(3, &bytes).unwrap();
        assert!(again.values.iter().zip(parts[1].values.iter()).all(|(a, b)| a.equals(*b)));
        assert!(again.macs[2].equals(parts[1].macs[2]) && again.key[0].equals(parts[1].key[0]));
        // The same in pieces of any size.
        for most in 1..=8 {
            let (mut sum, mut at) = (Part::<F>::zeros(3), 0);
            while at < Part::<F>::elements(3) {
                let piece = parts[1].piece(at, most);
                assert_eq!(&piece[..], &bytes[at * F::BYTES..][..piece.len()]);
                assert!(!piece.is_empty() && sum.add_piece(at, &piece));
                at += piece.len() / F::BYTES;
            }
            assert!(parts[1].piece(at, most).is_empty() && !sum.add_piece(at, &[0; 16]));
            let mut again = Vec::new();
            sum.append_to(&mut again);
            assert_eq!(again, bytes);
        }
        assert!(!Part::<F>::zeros(3).add_piece(6, &bytes[..32]));
        assert!(!Part::<F>::zeros(3).add_piece(0, &bytes[..17]));
        assert!(Part::<F>::read(2, &bytes).is_none() && Part::<F>::read(3, &bytes[1..]).is_none());
        bytes[31] = 0xff;
        assert!(Part::<F>::read(3, &bytes).is_none());
        let shorter = Part::<F>::zeros(2);
        assert!(owner_half(shape, &[shorter]).is_err());
        assert!(Part::<F>::zeros(3).sub(&Part::zeros(2)).is_err());
    }
}
