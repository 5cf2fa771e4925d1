//! From a dealer's shares of a batch to what each party gets of it. Pure: nothing is sent here.
//!
//! Of each portion ([`super::choice`]) the client gets a seed, and the owner the portion less what the
//! seed expands to ([`crate::sharing::parts`]). The seed follows from random elements that the makers
//! share, from those of the portion's components: so it is known to whoever holds the portion whole, and
//! to nobody else, and each of them can tell what both parties will get. Of the components that a dealer
//! holds, others hold the same, and so t dealers and one party together do not have the whole of any
//! value, but t+1 dealers have.

use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::choice::{Choice, Portion};
use crate::field::Field;
use crate::field::bulk::append;
use crate::protocol::material::{Material, SEED_ELEMENTS};
use crate::session::scoring::BatchId;
use crate::sharing::parts::Part;
use crate::sharing::{Holding, NodeIndex, Seed, ShapeError, SharedElements};

/// Why a dealer has nothing to give of a batch.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ConvertError {
    /// Others were chosen.
    #[error("dealer {dealer} was not chosen to give this batch out")]
    NotChosen {
        /// Who was to give.
        dealer: NodeIndex,
    },
    /// The shares are not those of this dealer.
    #[error("the shares kept of this batch do not fit: {0}")]
    Shape(#[from] ShapeError),
}

/// The places of a portion's components among those that a dealer holds.
fn places(choice: &Choice, portion: &Portion, dealer: NodeIndex) -> Result<Vec<usize>, ShapeError> {
    let held = choice.scheme().held_by(dealer);
    let places = portion.sets.iter().filter_map(|set| held.iter().position(|own| own == set));
    let places: Vec<usize> = places.collect();
    let (expected, got) = (portion.sets.len(), places.len());
    let what = "components of a portion that a dealer holds";
    if expected == got { Ok(places) } else { Err(ShapeError { what, expected, got }) }
}

/// Whether shares are a dealer's own.
fn fit<F: Field>(
    shares: &SharedElements<F>,
    choice: &Choice,
    dealer: NodeIndex,
) -> Result<(), ShapeError> {
    let expected = Holding::of(choice.scheme(), dealer).components();
    let (what, got) = ("components that a dealer holds", shares.holding().components());
    if expected == got { Ok(()) } else { Err(ShapeError { what, expected, got }) }
}

/// A portion of a batch, of a dealer that holds it whole.
///
/// # Errors
/// When it does not, or the shares are not its own.
pub fn portion<F: Field>(
    material: &Material<F>,
    choice: &Choice,
    portion: &Portion,
    dealer: NodeIndex,
) -> Result<Part<F>, ConvertError> {
    let mut part = Part::zeros(material.values().len());
    let rows = [material.key(), material.values(), material.macs()];
    rows.into_iter().try_for_each(|shares| fit(shares, choice, dealer))?;
    for at in places(choice, portion, dealer)? {
        let [key, values, macs] = rows.map(|shares| shares.component(at));
        part.add_shares(key, values, macs)?;
    }
    Ok(part)
}

/// All that a dealer gives of a batch: the sum of its portions.
///
/// # Errors
/// When it was not chosen, or the shares are not its own.
pub fn part_of<F: Field>(
    material: &Material<F>,
    choice: &Choice,
    dealer: NodeIndex,
) -> Result<Part<F>, ConvertError> {
    if !choice.dealers().contains(dealer) {
        return Err(ConvertError::NotChosen { dealer });
    }
    let mut part = Part::zeros(material.values().len());
    for own in choice.portions().iter().filter(|own| own.giver == dealer) {
        part.add(&portion(material, choice, own, dealer)?)?;
    }
    Ok(part)
}

/// The seed of a portion, of random elements that the makers share: their components count, so who lacks
/// one of the portion's knows nothing of the seed.
///
/// # Errors
/// When the dealer does not hold the portion whole, or the elements are not its own.
pub fn seed_of<F: Field>(
    batch: BatchId,
    secret: &SharedElements<F>,
    choice: &Choice,
    portion: &Portion,
    dealer: NodeIndex,
) -> Result<Seed, ConvertError> {
    fit(secret, choice, dealer)?;
    let mut hash = Sha256::new().chain_update(b"gavel/v1/portion\0").chain_update(batch.0);
    let mut encoded = Zeroizing::new(Vec::with_capacity(SEED_ELEMENTS * F::BYTES));
    for at in places(choice, portion, dealer)? {
        encoded.clear();
        append(&mut encoded, secret.component(at));
        hash.update(encoded.as_slice());
    }
    let bytes = Zeroizing::new(<[u8; 32]>::from(hash.finalize()));
    Ok(Seed::from_bytes(*bytes))
}

/// What the owner gets of a portion, where the client gets the seed.
///
/// # Errors
/// None: the sizes fit.
pub fn for_owner<F: Field>(mut part: Part<F>, seed: &Seed) -> Result<Part<F>, ConvertError> {
    part.sub(&Part::expand(part.values(), seed))?;
    Ok(part)
}

#[cfg(test)]
mod tests {
    use crate::dealer::convert::*;
    use crate::field::Pair127;
    use crate::sharing::node_set::MAX_NODES;
    use crate::sharing::pair::BatchShape;
    use crate::sharing::parts::{client_half, owner_half};
    use crate::sharing::{NodeSet, Scheme};
    use crate::testkit::{ElementInputs, World};

    type F = Pair127;

    const BATCH: BatchId = BatchId([8; 16]);

    /// Both halves of numbers that any admissible choice of dealers gives out are these numbers. Of many
    /// dealers those choices that have no more than it takes.
    fn halves(n: u8, t: u8) {
        let scheme = Scheme::new(n, t).unwrap();
        let world = World::new(n, t);
        let shape = BatchShape { triples: 1, bits: 1, masks: 1, ..BatchShape::default() };
        let [key, values, macs] = [&[9][..], &[2, 3, 6, 1, 4], &[18, 27, 54, 9, 36]]
            .map(|numbers| ElementInputs::<F>::of_numbers(&world, numbers));
        let secret = ElementInputs::<F>::of_numbers(&world, &[7; SEED_ELEMENTS]);
        for bits in 0..1_u16 << n {
            let dealers = NodeSet::from_bits(bits);
            if n > 7 && dealers.len() != usize::from(t) + 1 {
                continue;
            }
            let Ok(choice) = Choice::new(scheme, scheme.all(), dealers) else { continue };
            let (mut seeds, mut parts) = (Vec::new(), Vec::new());
            let held = |dealer| {
                let [key, values, macs] = [&key, &values, &macs].map(|inputs| inputs.of(dealer));
                Material::new(shape.clone(), key, values, macs).unwrap()
            };
            let held: Vec<_> = scheme.all().iter().map(held).collect();
            for own in choice.portions() {
                let of = |holder: NodeIndex| {
                    let seed = seed_of(BATCH, &secret.of(holder), &choice, own, holder).unwrap();
                    let material = &held[holder.position()];
                    let part = portion(material, &choice, own, holder).unwrap();
                    (for_owner(part, &seed).unwrap(), seed)
                };
                let (part, seed) = of(own.giver);
                let bytes = part.piece(0, 11);
                for (other, known) in own.holders.iter().map(of) {
                    assert_eq!(other.piece(0, 11), bytes);
                    assert_eq!(known.expose(), seed.expose());
                }
                parts.push(part);
                seeds.push(seed);
            }
            let client = client_half::<F>(shape.clone(), &seeds).unwrap();
            let owner = owner_half(shape.clone(), &parts).unwrap();
            let alpha = client.key().share() + owner.key().share();
            assert_eq!(alpha.to_number(), 9, "{n} {t} {dealers}");
            let both = |of: &dyn Fn(&crate::sharing::pair::Half<F>) -> _| {
                let sum: crate::sharing::pair::Authenticated<F> = of(&client) + of(&owner);
                assert!((sum.share * alpha).equals(sum.mac), "{n} {t} {dealers}");
                sum.share.to_number()
            };
            assert_eq!(both(&|half| half.triple(0).unwrap().a), 2);
            assert_eq!(both(&|half| half.triple(0).unwrap().b), 3);
            assert_eq!(both(&|half| half.triple(0).unwrap().c), 6);
            assert_eq!(both(&|half| half.bit(0).unwrap()), 1);
            assert_eq!(both(&|half| half.mask(0).unwrap()), 4);
        }
    }

    #[test]
    fn both_halves_are_the_batch_whoever_gives_it_out() {
        for n in 3..=MAX_NODES {
            halves(n, 1);
        }
        for (n, t) in [(5, 2), (6, 2), (7, 2), (7, 3), (8, 3), (9, 3), (10, 2), (10, 3)] {
            halves(n, t);
        }
    }

    /// The seed of a portion differs by batch and by portion, and whoever lacks one of its components does
    /// not know it.
    #[test]
    fn a_seed_is_for_its_portion_and_its_holders() {
        let world = World::new(5, 2);
        let (scheme, all) = (world.scheme(), NodeSet::all(5));
        let secret = ElementInputs::<F>::of_numbers(&world, &[7; SEED_ELEMENTS]);
        let choice = Choice::new(scheme, all, all).unwrap();
        let mut seen = std::collections::BTreeSet::new();
        for own in choice.portions() {
            for batch in [BATCH, BatchId([9; 16])] {
                let giver = own.giver;
                let seed = seed_of(batch, &secret.of(giver), &choice, own, giver).unwrap();
                assert!(seen.insert(*seed.expose()));
            }
            for other in all.difference(own.holders).iter() {
                let refused = seed_of(BATCH, &secret.of(other), &choice, own, other).err();
                assert!(matches!(refused, Some(ConvertError::Shape(_))));
            }
        }
        assert_eq!(seen.len(), 20);
    }

    #[test]
    fn who_was_not_chosen_gives_nothing() {
        let world = World::new(3, 1);
        let scheme = world.scheme();
        let [one, two, three] = [1, 2, 3].map(|node| NodeIndex::new(node).unwrap());
        let choice = Choice::new(scheme, scheme.all(), scheme.all().without(three)).unwrap();
        let shape = BatchShape { masks: 1, ..BatchShape::default() };
        let numbers = ElementInputs::<F>::of_numbers(&world, &[5]);
        let material = |of: NodeIndex| {
            let shares = || numbers.of(of);
            Material::new(shape.clone(), shares(), shares(), shares()).unwrap()
        };
        let refused = part_of(&material(three), &choice, three).err();
        assert_eq!(refused, Some(ConvertError::NotChosen { dealer: three }));
        assert!(part_of(&material(one), &choice, one).is_ok());
        assert!(part_of(&material(two), &choice, two).is_ok());
        // Shares of a scheme with more nodes.
        let other = ElementInputs::<F>::of_numbers(&World::new(5, 2), &[5]);
        let shares = || other.of(one);
        let material = Material::new(shape, shares(), shares(), shares()).unwrap();
        assert!(matches!(part_of(&material, &choice, one), Err(ConvertError::Shape(_))));
    }
}
