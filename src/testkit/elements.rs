//! Replicated shares of elements for a [`World`].

use rand::RngExt;

use super::World;
use crate::field::{Field, MAX_STREAM_WORDS};
use crate::sharing::elements::Component;
use crate::sharing::{Holding, NodeIndex, SharedElements};

/// Shared elements: what each node holds of them.
#[derive(Clone)]
pub struct ElementInputs<F: Field>(Vec<SharedElements<F>>);

impl<F: Field> ElementInputs<F> {
    /// Share elements among all nodes of a world's scheme, from its seed.
    pub fn share(world: &World, values: &[F]) -> Self {
        let scheme = world.scheme();
        let draw = || {
            let words: [u64; MAX_STREAM_WORDS] = world.draw(RngExt::random);
            F::from_stream(&words[..F::STREAM_WORDS])
        };
        // Component by component; the last makes the sum right.
        let mut rest = values.to_vec();
        let mut components: Vec<Vec<F>> = Vec::new();
        for _ in 1..scheme.sets().len() {
            let component: Vec<F> = values.iter().map(|_| draw()).collect();
            rest.iter_mut().zip(&component).for_each(|(rest, &part)| *rest -= part);
            components.push(component);
        }
        components.push(rest);
        let of = |node| {
            let held = scheme.held_by(node).into_iter().map(|set| {
                let mut component = Component::with_room(values.len());
                component.append(&components[set]);
                component
            });
            SharedElements::from_components(Holding::of(scheme, node), held.collect())
                .expect("components of one length")
        };
        Self(scheme.all().iter().map(of).collect())
    }

    /// Share whole numbers.
    pub fn of_numbers(world: &World, values: &[u64]) -> Self {
        let values: Vec<F> = values.iter().map(|&value| F::from_u64(value)).collect();
        Self::share(world, &values)
    }

    /// A node's shares.
    pub fn of(&self, node: NodeIndex) -> SharedElements<F> {
        self.0[node.position()].clone()
    }
}
