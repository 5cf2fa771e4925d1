//! Shared numbers for a [`World`].

use rand::RngExt;

use super::World;
use crate::field::{Field, MAX_STREAM_WORDS, bulk::zeros};
use crate::sharing::numbers::shamir::{evaluate, point};
use crate::sharing::{NodeIndex, SharedNumbers};

/// Shared numbers: what each node holds of them.
#[derive(Clone)]
pub struct NumberInputs<F: Field>(Vec<SharedNumbers<F>>);

impl<F: Field> NumberInputs<F> {
    /// Share numbers among all nodes of a world's scheme, from its seed.
    pub fn share(world: &World, values: &[F]) -> Self {
        let t = usize::from(world.scheme().threshold());
        let draw = || {
            let words: [u64; MAX_STREAM_WORDS] = world.draw(RngExt::random);
            F::from_stream(&words[..F::STREAM_WORDS])
        };
        let polynomials: Vec<Vec<F>> = values
            .iter()
            .map(|&value| std::iter::once(value).chain((0..t).map(|_| draw())).collect())
            .collect();
        let of = |node| {
            let mut shares = zeros(values.len());
            for (share, polynomial) in shares.iter_mut().zip(&polynomials) {
                *share = evaluate(polynomial, point(node));
            }
            SharedNumbers::from_shares(shares)
        };
        Self(world.scheme().all().iter().map(of).collect())
    }

    /// Share whole numbers.
    pub fn of_numbers(world: &World, values: &[u64]) -> Self {
        let values: Vec<F> = values.iter().map(|&value| F::from_u64(value)).collect();
        Self::share(world, &values)
    }

    /// A node's shares.
    pub fn of(&self, node: NodeIndex) -> SharedNumbers<F> {
        self.0[node.position()].clone()
    }

    /// Put something else in the place of one node's share.
    pub fn bend(&mut self, node: NodeIndex, place: usize, by: F) {
        let batch = &mut self.0[node.position()];
        let mut change = vec![F::ZERO; batch.len()];
        change[place] = by;
        batch.add_public(&change).expect("as many");
    }
}
