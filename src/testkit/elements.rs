//! Replicated shares of elements for a [`World`].

use rand::RngExt;

use super::World;
use crate::field::{Field, MAX_STREAM_WORDS};
use crate::sharing::elements::Component;
use crate::sharing::{Holding, NodeIndex, Scheme, SharedElements};

/// The elements that some nodes' shares come to, all components of which some of them hold.
pub fn put_together<F: Field>(scheme: Scheme, shares: &[(NodeIndex, SharedElements<F>)]) -> Vec<F> {
    let mut components: Vec<Option<Vec<F>>> = vec![None; scheme.sets().len()];
    for (node, own) in shares {
        for (at, set) in scheme.held_by(*node).into_iter().enumerate() {
            let own = own.component(at);
            let first = components[set].get_or_insert_with(|| own.to_vec());
            let same = first.len() == own.len() && first.iter().zip(own).all(|(a, b)| a.equals(*b));
            assert!(same, "node {node} holds another component {set}");
        }
    }
    let mut components = components.into_iter().map(|component| component.expect("a holder"));
    let mut sum = components.next().expect("a component");
    for component in components {
        sum.iter_mut().zip(&component).for_each(|(sum, &part)| *sum += part);
    }
    sum
}

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
