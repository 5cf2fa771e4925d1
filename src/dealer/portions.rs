//! Digests of what both parties get of a batch's portions: makers sign them before a batch is in stock, and
//! parties compare what they are sent.

use sha2::{Digest as _, Sha256};

use super::choice::Choice;
use super::convert::{ConvertError, for_owner, portion, seed_of};
use crate::field::Field;
use crate::identity::Digest;
use crate::protocol::material::Material;
use crate::session::scoring::{BatchId, PortionDigests};
use crate::sharing::parts::Part;
use crate::sharing::{NodeIndex, Seed, SharedElements};

/// Elements that are hashed at a time.
const HASHED: usize = 4096;

/// A hash that is begun for a portion of a batch.
fn begun(domain: &[u8], batch: BatchId, portion: usize) -> Sha256 {
    let hash = Sha256::new().chain_update(domain).chain_update(batch.0);
    hash.chain_update((portion as u64).to_le_bytes())
}

/// The digest of what the client gets of a portion.
pub fn seed_digest(batch: BatchId, portion: usize, seed: &Seed) -> Digest {
    let hash = begun(b"gavel/v1/portion-seed\0", batch, portion);
    Digest(hash.chain_update(seed.expose()).finalize().into())
}

/// The digest of what the owner gets of a portion, as it comes piece by piece.
pub struct RestHash(Sha256);

impl RestHash {
    /// Of a portion, from its first element on.
    pub fn new(batch: BatchId, portion: usize) -> Self {
        Self(begun(b"gavel/v1/portion-rest\0", batch, portion))
    }

    /// The next elements, as they are sent.
    pub fn update(&mut self, encoded: &[u8]) {
        self.0.update(encoded);
    }

    /// Of all that came.
    pub fn finish(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

/// The digest of what the owner gets of a portion.
pub fn rest_digest<F: Field>(batch: BatchId, portion: usize, rest: &Part<F>) -> Digest {
    let mut hash = RestHash::new(batch, portion);
    for first in (0..Part::<F>::elements(rest.values())).step_by(HASHED) {
        hash.update(&rest.piece(first, HASHED));
    }
    hash.finish()
}

/// What a maker signs of a batch: digests of the portions that it holds whole; and the seeds of those that
/// it gives.
///
/// # Errors
/// When the shares are not its own.
pub fn vouched<F: Field>(
    batch: BatchId,
    choice: &Choice,
    dealer: NodeIndex,
    material: &Material<F>,
    secret: &SharedElements<F>,
) -> Result<(Vec<PortionDigests>, Vec<Seed>), ConvertError> {
    let (mut digests, mut seeds) = (Vec::new(), Vec::new());
    for at in choice.held_by(dealer) {
        let own = &choice.portions()[at];
        let seed = seed_of(batch, secret, choice, own, dealer)?;
        let rest = for_owner(portion(material, choice, own, dealer)?, &seed)?;
        let client = seed_digest(batch, at, &seed);
        digests.push(PortionDigests { client, owner: rest_digest(batch, at, &rest) });
        if own.giver == dealer {
            seeds.push(seed);
        }
    }
    Ok((digests, seeds))
}

#[cfg(test)]
mod tests {
    use crate::dealer::portions::*;
    use crate::field::Pair127;
    use crate::protocol::material::SEED_ELEMENTS;
    use crate::sharing::NodeSet;
    use crate::sharing::pair::BatchShape;
    use crate::testkit::{ElementInputs, World};

    type F = Pair127;

    #[test]
    fn who_holds_a_portion_has_the_same_digests_of_it_and_its_giver_the_seed() {
        for (n, t) in [(3, 1), (4, 1), (5, 2)] {
            let world = World::new(n, t);
            let scheme = world.scheme();
            let shape = BatchShape { masks: 2, ..BatchShape::default() };
            let all = [&[9][..], &[2, 3], &[18, 27], &[5; SEED_ELEMENTS]]
                .map(|all| ElementInputs::<F>::of_numbers(&world, all));
            let choice = Choice::new(scheme, scheme.all(), NodeSet::all(t + 1)).unwrap();
            let batch = BatchId([1; 16]);
            let mut told = vec![Vec::new(); choice.portions().len()];
            for node in scheme.all().iter() {
                let [key, values, macs, secret] = all.each_ref().map(|inputs| inputs.of(node));
                let material = Material::new(shape.clone(), key, values, macs).unwrap();
                let (digests, seeds) = vouched(batch, &choice, node, &material, &secret).unwrap();
                assert_eq!(digests.len(), choice.held_by(node).len());
                for (at, digest) in choice.held_by(node).into_iter().zip(digests) {
                    told[at].push(digest);
                }
                let given = choice.given_by(node);
                assert_eq!(given.len(), seeds.len());
                for (at, seed) in given.into_iter().zip(&seeds) {
                    let own = &choice.portions()[at];
                    let part = portion(&material, &choice, own, node).unwrap();
                    let rest = for_owner(part, seed).unwrap();
                    let client = seed_digest(batch, at, seed);
                    let digest = PortionDigests { client, owner: rest_digest(batch, at, &rest) };
                    assert_eq!(told[at].last(), Some(&digest));
                    // Of another batch, of another portion, of one element more or less.
                    assert_ne!(client, seed_digest(BatchId([2; 16]), at, seed));
                    assert_ne!(client, seed_digest(batch, at + 1, seed));
                    assert_ne!(digest.owner, rest_digest(batch, at + 1, &rest));
                    let mut hash = RestHash::new(batch, at);
                    hash.update(&rest.piece(0, 4));
                    assert_ne!(digest.owner, hash.finish());
                }
            }
            for (own, digests) in choice.portions().iter().zip(&told) {
                assert_eq!(digests.len(), own.holders.len());
                assert!(digests.windows(2).all(|two| two[0] == two[1]));
            }
            assert!(told.windows(2).all(|two| two[0][0] != two[1][0]));
        }
    }
}
