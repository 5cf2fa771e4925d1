//! Material that dealers make for two parties: authenticated triples, batch by batch.
//!
//! Each dealer keeps nothing but its part of some triples of every batch, the sum of the components that
//! it would give out. Whoever set the bench up adds the dealers' parts up, and looks whether they are
//! triples with the MACs of their key. All of this is in the time.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::dealer::{Choice, ChoiceError, ConvertError, part_of};
use crate::field::{Field as _, Pair127};
use crate::protocol::bits::BitContext;
use crate::protocol::material::{Material, make, new_key};
use crate::protocol::{Context, Cost, CostModel, ProtocolError};
use crate::sharing::ShapeError;
use crate::sharing::pair::{BatchShape, Half};
use crate::sharing::parts::Part;

/// The field of what two parties compute.
type F = Pair127;

/// Triples of a batch: their values, with the one that hides a sum, make four whole pieces of MACs.
const BATCH: usize = ((4 << 16) - 1) / 3;

/// Triples of a batch that are looked at, at most.
const LOOKED_AT: usize = 5;

/// Triples to be made.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Dealing {
    /// How many.
    pub triples: usize,
}

/// Why there are no triples.
#[derive(Debug, thiserror::Error)]
pub enum DealingError {
    /// The protocol.
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
    /// Who gives out what.
    #[error(transparent)]
    Choice(#[from] ChoiceError),
    /// A dealer's part.
    #[error(transparent)]
    Convert(#[from] ConvertError),
    /// Shares that do not fit together.
    #[error(transparent)]
    Shape(#[from] ShapeError),
}

impl Dealing {
    /// What is in each batch.
    fn batches(self) -> impl Iterator<Item = BatchShape> {
        (0..self.triples).step_by(BATCH).map(move |first| shape(BATCH.min(self.triples - first)))
    }

    /// What making them costs, keys included.
    pub fn cost(self, model: CostModel) -> Cost {
        self.batches().fold(model.keys(), |cost, batch| cost + model.material::<F>(&batch))
    }
}

fn shape(triples: usize) -> BatchShape {
    BatchShape { triples, ..BatchShape::default() }
}

/// The triples of a batch that are looked at: some of the first, some of the last.
fn looked_at(triples: usize) -> Vec<usize> {
    let some = [0, 1, triples / 2, triples.saturating_sub(2), triples.saturating_sub(1)];
    let mut some: Vec<usize> = some[..LOOKED_AT.min(triples)].to_vec();
    some.sort_unstable();
    some.dedup();
    some
}

/// Make them. Gives this dealer's part of some of each batch.
///
/// # Errors
/// When dealers disagree, or one does not answer.
pub async fn run(context: &Context, dealing: Dealing) -> Result<Bytes, DealingError> {
    let ctx = BitContext::new(context);
    let key = new_key::<F>(&ctx.narrow("key"))?;
    let all = context.participants();
    let choice = Choice::new(context.scheme(), all, all)?;
    let mut parts = Vec::new();
    for (number, batch) in dealing.batches().enumerate() {
        let material = make(&ctx.narrow(format!("batch-{number}")), &key, &batch).await?;
        let part = part_of(&some_of(&material)?, &choice, context.me())?;
        part.append_to(&mut parts);
    }
    Ok(parts.into())
}

/// The triples of a batch that are looked at, as a batch.
fn some_of(material: &Material<F>) -> Result<Material<F>, ShapeError> {
    let triples = material.shape().triples;
    let some = looked_at(triples);
    let places = (0..3).flat_map(|row| some.iter().map(move |at| row * triples + at));
    let places: Vec<usize> = places.collect();
    let (values, macs) = (material.values().gather(&places)?, material.macs().gather(&places)?);
    Material::new(shape(some.len()), material.key().clone(), values, macs)
}

/// Whether what all dealers have parts of are triples with their MACs.
pub fn are_triples(dealing: Dealing, parts: &[&[u8]]) -> bool {
    let mut rest = parts.to_vec();
    let mut keys = Vec::new();
    let right = dealing.batches().all(|batch| {
        let shape = shape(looked_at(batch.triples).len());
        let mut sum = Part::zeros(shape.values());
        for rest in &mut rest {
            let bytes = Part::<F>::bytes(shape.values());
            let Some((own, others)) = rest.split_at_checked(bytes) else { return false };
            *rest = others;
            if !Part::read(shape.values(), own).is_some_and(|part| sum.add(&part).is_ok()) {
                return false;
            }
        }
        sum.into_half(shape).is_ok_and(|clear| {
            keys.push(clear.key().share());
            are_right(&clear)
        })
    });
    let same = keys.windows(2).all(|keys| keys[0].equals(keys[1]));
    right && same && rest.iter().all(|rest| rest.is_empty())
}

/// Whether a batch in the clear is of triples with their MACs.
fn are_right(clear: &Half<F>) -> bool {
    let key = clear.key().share();
    let triples = (0..clear.shape().triples).map_while(|at| clear.triple(at));
    let right = triples.map(|triple| {
        let macs = [triple.a, triple.b, triple.c].map(|one| (one.share * key).equals(one.mac));
        macs == [true; 3] && (triple.a.share * triple.b.share).equals(triple.c.share)
    });
    right.fold(!key.is_zero(), |all, one| all & one)
}

#[cfg(test)]
mod tests {
    use crate::bench::engine::dealers::*;

    #[test]
    fn triples_are_cut_into_batches() {
        for triples in [1, 5, BATCH, BATCH + 1, 3 * BATCH] {
            let batches: Vec<usize> =
                Dealing { triples }.batches().map(|batch| batch.triples).collect();
            assert_eq!(batches.iter().sum::<usize>(), triples);
            assert!(batches.iter().all(|&batch| batch > 0 && batch <= BATCH));
        }
        assert_eq!(looked_at(1), [0]);
        assert_eq!(looked_at(2), [0, 1]);
        assert_eq!(looked_at(100), [0, 1, 50, 98, 99]);
    }

    #[test]
    fn what_is_no_triple_is_told() {
        let number = F::from_u64;
        // 2 times 3 under the key 5, in two parts.
        let part = |key: u64, values: [u64; 3], macs: [u64; 3]| {
            let mut part = Part::zeros(3);
            part.add_shares(&[number(key)], &values.map(number), &macs.map(number)).unwrap();
            let mut bytes = Vec::new();
            part.append_to(&mut bytes);
            bytes
        };
        let dealing = Dealing { triples: 1 };
        let one = part(4, [2, 1, 5], [7, 9, 20]);
        let right = part(1, [0, 2, 1], [3, 6, 10]);
        assert!(are_triples(dealing, &[&one, &right]));
        for wrong in [
            part(2, [0, 2, 1], [3, 6, 10]),
            part(1, [1, 2, 1], [3, 6, 10]),
            part(1, [0, 2, 1], [3, 6, 11]),
            part(1, [0, 2, 2], [3, 6, 15]),
        ] {
            assert!(!are_triples(dealing, &[&one, &wrong]));
        }
        assert!(!are_triples(dealing, &[&one, &right[1..]]));
        assert!(!are_triples(Dealing { triples: 2 }, &[&one, &right]));
    }
}
