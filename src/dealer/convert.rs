//! From a dealer's shares of a batch to what each party gets of it. Pure: nothing is sent here.
//!
//! A dealer's part is the sum of the components that it gives. The client gets a fresh seed of it, the
//! owner the part less what the seed expands to ([`crate::sharing::parts`]). Of the components that a
//! dealer holds, others hold the same, and so t dealers and one party together do not have the whole
//! of any value, but t+1 dealers have.

use super::choice::Choice;
use crate::field::Field;
use crate::protocol::material::Material;
use crate::sharing::parts::Part;
use crate::sharing::{Holding, NodeIndex, Seed, ShapeError};

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

/// This dealer's part of a batch.
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
    let expected = Holding::of(choice.scheme(), dealer).components();
    let mut part = Part::zeros(material.values().len());
    for shares in [material.key(), material.values(), material.macs()] {
        let got = shares.holding().components();
        if got != expected {
            let what = "components that a dealer holds";
            return Err(ShapeError { what, expected, got }.into());
        }
    }
    for at in choice.given_by(dealer) {
        let [key, values, macs] = [material.key(), material.values(), material.macs()];
        part.add_shares(key.component(at), values.component(at), macs.component(at))?;
    }
    Ok(part)
}

/// What the owner gets of a dealer's part, where the client gets the seed.
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
    use crate::sharing::pair::BatchShape;
    use crate::sharing::parts::{client_half, owner_half};
    use crate::sharing::{NodeSet, Scheme};
    use crate::testkit::{ElementInputs, World};

    type F = Pair127;

    /// Both halves of numbers that any admissible choice of dealers gives out are these numbers.
    fn halves(n: u8, t: u8) {
        let scheme = Scheme::new(n, t).unwrap();
        let world = World::new(n, t);
        let shape = BatchShape { triples: 1, bits: 1, masks: 1, ..BatchShape::default() };
        let [key, values, macs] = [&[9][..], &[2, 3, 6, 1, 4], &[18, 27, 54, 9, 36]]
            .map(|numbers| ElementInputs::<F>::of_numbers(&world, numbers));
        for bits in 0..1_u16 << n {
            let dealers = NodeSet::from_bits(bits);
            let Ok(choice) = Choice::new(scheme, scheme.all(), dealers) else { continue };
            let (mut seeds, mut parts) = (Vec::new(), Vec::new());
            for dealer in dealers.iter() {
                let shares = [&key, &values, &macs].map(|inputs| inputs.of(dealer));
                let [key, values, macs] = shares;
                let material = Material::new(shape.clone(), key, values, macs).unwrap();
                let seed = Seed::random().unwrap();
                let part = part_of(&material, &choice, dealer).unwrap();
                parts.push(for_owner(part, &seed).unwrap());
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
        for (n, t) in [(3, 1), (4, 1), (5, 1), (5, 2), (6, 2), (7, 3), (8, 3), (9, 4)] {
            halves(n, t);
        }
    }

    /// A dealer that gives out another part than it has makes a value whose MAC does not fit: both parties
    /// see that together, and neither does alone.
    #[test]
    fn a_part_that_is_altered_does_not_fit_its_mac() {
        let world = World::new(5, 2);
        let scheme = world.scheme();
        let shape = BatchShape { masks: 1, ..BatchShape::default() };
        let [key, values, macs] =
            [&[9][..], &[4], &[36]].map(|numbers| ElementInputs::<F>::of_numbers(&world, numbers));
        let choice = Choice::new(scheme, scheme.all(), scheme.all()).unwrap();
        // The share of the key, of the value, or of its MAC.
        for altered in 0..3 {
            let (mut seeds, mut parts) = (Vec::new(), Vec::new());
            for dealer in scheme.all().iter() {
                let shares = [&key, &values, &macs].map(|inputs| inputs.of(dealer));
                let [key, values, macs] = shares;
                let material = Material::new(shape.clone(), key, values, macs).unwrap();
                let seed = Seed::random().unwrap();
                let part = part_of(&material, &choice, dealer).unwrap();
                let mut part = for_owner(part, &seed).unwrap();
                if dealer.get() == 3 {
                    assert!(part.add_piece(altered, F::ONE.to_bytes().as_ref()));
                }
                parts.push(part);
                seeds.push(seed);
            }
            let client = client_half::<F>(shape.clone(), &seeds).unwrap();
            let owner = owner_half(shape.clone(), &parts).unwrap();
            let alpha = client.key().share() + owner.key().share();
            let sum = client.mask(0).unwrap() + owner.mask(0).unwrap();
            assert!(!(sum.share * alpha).equals(sum.mac));
        }
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
