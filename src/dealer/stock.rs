//! A dealer's shares of a batch as they lie in its store: encoded, and encrypted under its own key. What
//! was encrypted for one batch opens for no other.

use zeroize::Zeroizing;

use crate::field::Field;
use crate::field::bulk::{add_encoded, append};
use crate::identity::Blob;
use crate::identity::sealing::SealingError;
use crate::identity::vault::Vault;
use crate::protocol::material::Material;
use crate::session::scoring::BatchId;
use crate::sharing::elements::Component;
use crate::sharing::pair::BatchShape;
use crate::sharing::seed::SEED_BYTES;
use crate::sharing::{Holding, Seed, ShapeError, SharedElements};

/// Why what is in the store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StockError {
    /// It does not open.
    #[error("the batch in this dealer's store cannot be decrypted: {0}; withdraw it")]
    Sealing(#[from] SealingError),
    /// It opens and is something else.
    #[error("the batch in this dealer's store is not what its shape says; withdraw it")]
    Unreadable,
    /// What was read does not fit together.
    #[error(transparent)]
    Shape(#[from] ShapeError),
}

/// What a batch's shares are bound to, and what its seed is.
fn context(what: &str, batch: BatchId) -> Vec<u8> {
    [b"gavel/v1/material/", what.as_bytes(), b"\0", &batch.0].concat()
}

/// Encrypt a dealer's shares of a batch.
///
/// # Errors
/// When the operating system gives no randomness.
pub fn lock<F: Field>(
    vault: &Vault,
    batch: BatchId,
    material: &Material<F>,
) -> Result<Blob, StockError> {
    let parts = [material.key(), material.values(), material.macs()];
    let elements: usize = parts.iter().map(|part| part.len() * part.holding().components()).sum();
    // As much as it takes, so that nothing is moved and left behind.
    let mut plain = Zeroizing::new(Vec::with_capacity(elements * F::BYTES));
    for part in parts {
        for component in 0..part.holding().components() {
            append(&mut plain, part.component(component));
        }
    }
    Ok(vault.lock(&context("shares", batch), &plain)?)
}

/// Decrypt them.
///
/// # Errors
/// When they are damaged, or of another batch.
pub fn unlock<F: Field>(
    vault: &Vault,
    batch: BatchId,
    holding: Holding,
    shape: BatchShape,
    locked: &Blob,
) -> Result<Material<F>, StockError> {
    let plain = vault.unlock(&context("shares", batch), locked)?;
    let mut rest = plain.as_slice();
    let values = shape.values();
    let mut read = |len: usize| {
        let component = |_| {
            let bytes = len.checked_mul(F::BYTES).ok_or(StockError::Unreadable)?;
            let (own, others) = rest.split_at_checked(bytes).ok_or(StockError::Unreadable)?;
            rest = others;
            let mut component = Component::zeros(len);
            let read = add_encoded(&mut component, own);
            read.then_some(component).ok_or(StockError::Unreadable)
        };
        let components = (0..holding.components()).map(component);
        let components = components.collect::<Result<Vec<_>, StockError>>()?;
        Ok::<_, StockError>(SharedElements::from_components(holding, components)?)
    };
    let (key, values, macs) = (read(1)?, read(values)?, read(values)?);
    if !rest.is_empty() {
        return Err(StockError::Unreadable);
    }
    Ok(Material::new(shape, key, values, macs)?)
}

/// Encrypt the seeds of the portions that a dealer gives.
///
/// # Errors
/// When the operating system gives no randomness.
pub fn lock_seeds(vault: &Vault, batch: BatchId, seeds: &[Seed]) -> Result<Blob, StockError> {
    let mut plain = Zeroizing::new(Vec::with_capacity(seeds.len() * SEED_BYTES));
    for seed in seeds {
        plain.extend_from_slice(seed.expose());
    }
    Ok(vault.lock(&context("seeds", batch), &plain)?)
}

/// Decrypt them.
///
/// # Errors
/// When they are damaged, or of another batch.
pub fn unlock_seeds(vault: &Vault, batch: BatchId, locked: &Blob) -> Result<Vec<Seed>, StockError> {
    let plain = vault.unlock(&context("seeds", batch), locked)?;
    let (seeds, rest) = plain.as_chunks::<SEED_BYTES>();
    if !rest.is_empty() {
        return Err(StockError::Unreadable);
    }
    Ok(seeds.iter().map(|bytes| Seed::from_bytes(*bytes)).collect())
}

#[cfg(test)]
mod tests {
    use crate::dealer::stock::*;
    use crate::field::Pair127;
    use crate::identity::KeyPair;
    use crate::sharing::NodeIndex;
    use crate::testkit::{ElementInputs, World};

    type F = Pair127;

    #[test]
    fn shares_come_back_as_they_were_and_for_their_batch_only() {
        let world = World::new(5, 2);
        let me = NodeIndex::new(3).unwrap();
        let holding = Holding::of(world.scheme(), me);
        let shape = BatchShape { masks: 2, ..BatchShape::default() };
        let shares = [&[9][..], &[2, 3], &[18, 27]]
            .map(|numbers| ElementInputs::<F>::of_numbers(&world, numbers).of(me));
        let [key, values, macs] = shares.clone();
        let material = Material::new(shape.clone(), key, values, macs).unwrap();
        let vault = Vault::of(&KeyPair::from_secret(&[1; 32]));
        let (one, two) = (BatchId([1; 16]), BatchId([2; 16]));
        let locked = lock(&vault, one, &material).unwrap();
        let again = unlock::<F>(&vault, one, holding, shape.clone(), &locked).unwrap();
        for (part, own) in [again.key(), again.values(), again.macs()].into_iter().zip(&shares) {
            for component in 0..holding.components() {
                let pairs = part.component(component).iter().zip(own.component(component));
                assert!(part.len() == own.len() && pairs.into_iter().all(|(a, b)| a.equals(*b)));
            }
        }
        let opens = |batch, shape: &BatchShape, locked: &Blob| {
            unlock::<F>(&vault, batch, holding, shape.clone(), locked).is_ok()
        };
        assert!(opens(one, &shape, &locked) && !opens(two, &shape, &locked));
        for masks in [1, 3] {
            assert!(!opens(one, &BatchShape { masks, ..BatchShape::default() }, &locked));
        }
        let other = Vault::of(&KeyPair::from_secret(&[2; 32]));
        assert!(unlock::<F>(&other, one, holding, shape, &locked).is_err());
        let seeds = [7, 9].map(|byte| Seed::from_bytes([byte; 32]));
        let locked = lock_seeds(&vault, one, &seeds).unwrap();
        let again = unlock_seeds(&vault, one, &locked).unwrap();
        assert_eq!(again.iter().map(|seed| seed.expose()[0]).collect::<Vec<_>>(), [7, 9]);
        assert!(unlock_seeds(&vault, two, &locked).is_err());
        assert!(unlock_seeds(&vault, one, &lock_seeds(&vault, one, &[]).unwrap()).is_ok());
        assert!(!locked.0.windows(4).any(|bytes| bytes == [7; 4]));
    }
}
