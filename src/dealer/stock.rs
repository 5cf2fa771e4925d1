//! A dealer's shares of a batch as they lie in its store: encoded, and encrypted under its own key. What
//! was encrypted for one batch opens for no other.

use sha2::Digest as _;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::field::Field;
use crate::field::bulk::{add_encoded, append};
use crate::identity::sealing::SealingError;
use crate::identity::vault::Vault;
use crate::identity::{Blob, Digest};
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

/// A digest of each component of a batch that a dealer holds, by which those who hold the same one can
/// compare. It tells nothing: every component has random elements of 127 bits.
pub fn digests<F: Field>(batch: BatchId, material: &Material<F>) -> Vec<Digest> {
    let parts = [material.key(), material.values(), material.macs()];
    let digest = |component| {
        let mut hash = Sha256::new().chain_update(context("component", batch));
        let mut encoded = Zeroizing::new(Vec::with_capacity(HASHED * F::BYTES));
        for elements in parts.iter().flat_map(|part| part.component(component).chunks(HASHED)) {
            encoded.clear();
            append(&mut encoded, elements);
            hash.update(encoded.as_slice());
        }
        Digest(hash.finalize().into())
    };
    (0..material.key().holding().components()).map(digest).collect()
}

/// Elements that are hashed at a time.
const HASHED: usize = 4096;

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

/// Encrypt the seed of the client's half.
///
/// # Errors
/// When the operating system gives no randomness.
pub fn lock_seed(vault: &Vault, batch: BatchId, seed: &Seed) -> Result<Blob, StockError> {
    Ok(vault.lock(&context("seed", batch), seed.expose())?)
}

/// Decrypt it.
///
/// # Errors
/// When it is damaged, or of another batch.
pub fn unlock_seed(vault: &Vault, batch: BatchId, locked: &Blob) -> Result<Seed, StockError> {
    let plain = vault.unlock(&context("seed", batch), locked)?;
    let bytes: &[u8; SEED_BYTES] =
        plain.as_slice().try_into().map_err(|_| StockError::Unreadable)?;
    Ok(Seed::from_bytes(*bytes))
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
        let seed = Seed::from_bytes([7; 32]);
        let locked = lock_seed(&vault, one, &seed).unwrap();
        assert_eq!(unlock_seed(&vault, one, &locked).unwrap().expose(), &[7; 32]);
        assert!(unlock_seed(&vault, two, &locked).is_err());
        assert!(!locked.0.windows(4).any(|bytes| bytes == [7; 4]));
    }

    #[test]
    fn who_holds_the_same_component_has_the_same_digest_of_it() {
        let world = World::new(4, 1);
        let scheme = world.scheme();
        let shape = BatchShape { masks: 2, ..BatchShape::default() };
        let all =
            [&[9][..], &[2, 3], &[18, 27]].map(|all| ElementInputs::<F>::of_numbers(&world, all));
        let mut by_set = vec![Vec::new(); scheme.sets().len()];
        for node in scheme.all().iter() {
            let [key, values, macs] = all.each_ref().map(|inputs| inputs.of(node));
            let material = Material::new(shape.clone(), key, values, macs).unwrap();
            let told = digests(BatchId([1; 16]), &material);
            assert!(told.iter().zip(digests(BatchId([2; 16]), &material)).all(|(a, b)| *a != b));
            for (set, digest) in scheme.held_by(node).into_iter().zip(told) {
                by_set[set].push(digest);
            }
        }
        for (at, told) in by_set.iter().enumerate() {
            assert!(told.len() == 3 && told.iter().all(|digest| *digest == told[0]));
            assert!(by_set[..at].iter().all(|other| other[0] != told[0]));
        }
    }
}
