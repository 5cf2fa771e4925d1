//! Replicated shares of elements of a field: every set T of t nodes has a component that all nodes
//! outside T hold, and the sum of all components is the element. Since each component has at least
//! t+1 holders, what a node says of one has witnesses; Shamir shares have none, and so nobody can
//! be told to have lied about them.
//!
//! What is here is local: sums, differences, public elements and factors, places. Shamir shares
//! follow without a message (Cramer, Damgård, Ishai 2005). Components are wiped when dropped; they
//! cannot be printed or compared.

use std::ops::{Deref, DerefMut, Range};
use std::sync::Arc;

use zeroize::optimization_barrier;

use super::bits::batch::same;
use super::numbers::pseudorandom::set_polynomial;
use super::{Holding, NodeIndex, Scheme, ShapeError, SharedNumbers};
use crate::field::Field;
use crate::field::bulk::{add_into, add_scaled, mul_into, scale, sub_into, zeros};

/// Elements of one component, wiped when dropped by one fill that the compiler may not leave out.
#[derive(Clone, Default)]
pub struct Component<F: Field>(Vec<F>);

impl<F: Field> Component<F> {
    /// So many zeros.
    pub fn zeros(len: usize) -> Self {
        Self(vec![F::ZERO; len])
    }

    /// None, with room for so many. It must not grow past them: what is moved would stay behind.
    pub fn with_room(len: usize) -> Self {
        Self(Vec::with_capacity(len))
    }

    /// Append some.
    pub fn append(&mut self, elements: &[F]) {
        debug_assert!(self.0.len() + elements.len() <= self.0.capacity(), "must not move");
        self.0.extend_from_slice(elements);
    }
}

impl<F: Field> Deref for Component<F> {
    type Target = [F];
    fn deref(&self) -> &[F] {
        &self.0
    }
}

impl<F: Field> DerefMut for Component<F> {
    fn deref_mut(&mut self) -> &mut [F] {
        &mut self.0
    }
}

impl<F: Field> Drop for Component<F> {
    fn drop(&mut self) {
        self.0.fill(F::ZERO);
        optimization_barrier(self.0.as_slice());
    }
}

/// One node's components of some shared elements. A clone, or a range of places, shares the memory
/// until one of the two is changed.
#[derive(Clone)]
pub struct SharedElements<F: Field> {
    holding: Holding,
    components: Arc<Vec<Component<F>>>,
    first: usize,
    len: usize,
}

impl<F: Field> SharedElements<F> {
    /// Public zeros.
    pub fn zeros(holding: Holding, len: usize) -> Self {
        let components = (0..holding.components()).map(|_| Component::zeros(len)).collect();
        Self { holding, components: Arc::new(components), first: 0, len }
    }

    /// A batch from this node's components, in the order of [`Scheme::held_by`].
    ///
    /// # Errors
    /// When there are not as many as the node holds, or they differ in length.
    pub fn from_components(
        holding: Holding,
        components: Vec<Component<F>>,
    ) -> Result<Self, ShapeError> {
        same("components of elements", holding.components(), components.len())?;
        let len = components.first().map_or(0, |component| component.len());
        for component in &components {
            same("elements of a component", len, component.len())?;
        }
        Ok(Self { holding, components: Arc::new(components), first: 0, len })
    }

    /// Public elements: the designated component is the element itself.
    pub fn from_public(holding: Holding, values: &[F]) -> Self {
        let mut elements = Self::zeros(holding, values.len());
        elements.change_designated(|component| component.copy_from_slice(values));
        elements
    }

    /// How many elements.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Which components this node holds.
    pub const fn holding(&self) -> Holding {
        self.holding
    }

    /// One of the components held.
    pub fn component(&self, component: usize) -> &[F] {
        &self.components[component][self.first..self.first + self.len]
    }

    /// The components, to be changed: one's own copy of them where others share the memory.
    fn own(&mut self) -> &mut [Component<F>] {
        let whole = self.components.iter().all(|component| component.len() == self.len);
        if !whole || Arc::get_mut(&mut self.components).is_none() {
            let copy = |at| {
                let mut copy = Component::with_room(self.len);
                copy.append(self.component(at));
                copy
            };
            let copies = (0..self.components.len()).map(copy).collect();
            (self.components, self.first) = (Arc::new(copies), 0);
        }
        let own: &mut Vec<_> = Arc::make_mut(&mut self.components);
        own
    }

    fn change_designated(&mut self, change: impl FnOnce(&mut [F])) {
        if let Some(designated) = self.holding.designated() {
            change(&mut self.own()[designated]);
        }
    }

    fn check_like(&self, other: &Self) -> Result<(), ShapeError> {
        same("components", self.holding.components(), other.holding.components())?;
        same("elements", self.len, other.len)
    }

    /// self += other.
    ///
    /// # Errors
    /// When the lengths differ.
    pub fn add(&mut self, other: &Self) -> Result<(), ShapeError> {
        self.check_like(other)?;
        for (at, component) in self.own().iter_mut().enumerate() {
            add_into(component, other.component(at));
        }
        Ok(())
    }

    /// self -= other.
    ///
    /// # Errors
    /// When the lengths differ.
    pub fn sub(&mut self, other: &Self) -> Result<(), ShapeError> {
        self.check_like(other)?;
        for (at, component) in self.own().iter_mut().enumerate() {
            sub_into(component, other.component(at));
        }
        Ok(())
    }

    /// self += public elements.
    ///
    /// # Errors
    /// When the lengths differ.
    pub fn add_public(&mut self, values: &[F]) -> Result<(), ShapeError> {
        same("public elements", self.len, values.len())?;
        self.change_designated(|component| add_into(component, values));
        Ok(())
    }

    /// self *= public elements, place by place.
    ///
    /// # Errors
    /// When the lengths differ.
    pub fn mul_public(&mut self, values: &[F]) -> Result<(), ShapeError> {
        same("public elements", self.len, values.len())?;
        for component in self.own() {
            mul_into(component, values);
        }
        Ok(())
    }

    /// self *= one public element.
    pub fn scale(&mut self, factor: F) {
        for component in self.own() {
            scale(component, factor);
        }
    }

    /// self = one public element - self.
    pub fn subtract_from(&mut self, value: F) {
        self.scale(-F::ONE);
        self.change_designated(|component| {
            for element in component {
                *element += value;
            }
        });
    }

    /// The sum over all places, as a batch of one.
    #[must_use]
    pub fn sum(&self) -> Self {
        let mut sum = Self::zeros(self.holding, 1);
        for (at, total) in sum.own().iter_mut().enumerate() {
            total[0] = self.component(at).iter().fold(F::ZERO, |sum, &element| sum + element);
        }
        sum
    }

    /// The sum over some places, which are public, as a batch of one.
    ///
    /// # Errors
    /// When there is no such place.
    pub fn sum_at(&self, places: &[usize]) -> Result<Self, ShapeError> {
        if let Some(&got) = places.iter().find(|&&place| place >= self.len) {
            return Err(ShapeError { what: "place below the end", expected: self.len, got });
        }
        let mut sum = Self::zeros(self.holding, 1);
        for (at, total) in sum.own().iter_mut().enumerate() {
            let component = self.component(at);
            total[0] = places.iter().fold(F::ZERO, |sum, &place| sum + component[place]);
        }
        Ok(sum)
    }

    /// A range of places.
    ///
    /// # Errors
    /// When it goes past the end.
    pub fn slice(&self, range: Range<usize>) -> Result<Self, ShapeError> {
        if range.start > range.end || range.end > self.len {
            let what = "end of a range of elements";
            return Err(ShapeError { what, expected: self.len, got: range.end });
        }
        Ok(Self { first: self.first + range.start, len: range.len(), ..self.clone() })
    }

    /// One batch after the other.
    ///
    /// # Errors
    /// When one has other components.
    pub fn concat<'a>(
        holding: Holding,
        parts: impl IntoIterator<Item = &'a Self>,
    ) -> Result<Self, ShapeError> {
        let parts: Vec<&Self> = parts.into_iter().collect();
        let len = parts.iter().map(|part| part.len).sum();
        let mut all: Vec<_> =
            (0..holding.components()).map(|_| Component::with_room(len)).collect();
        for part in parts {
            same("components", holding.components(), part.holding.components())?;
            for (at, component) in all.iter_mut().enumerate() {
                component.append(part.component(at));
            }
        }
        Ok(Self { holding, components: Arc::new(all), first: 0, len })
    }

    /// The elements at some places, in this order.
    ///
    /// # Errors
    /// When there is no such place.
    pub fn gather(&self, places: &[usize]) -> Result<Self, ShapeError> {
        if let Some(&got) = places.iter().find(|&&place| place >= self.len) {
            return Err(ShapeError { what: "place below the end", expected: self.len, got });
        }
        let gathered = |at| {
            let (own, mut chosen) = (self.component(at), Component::zeros(places.len()));
            for (element, &place) in chosen.iter_mut().zip(places) {
                *element = own[place];
            }
            chosen
        };
        let components = (0..self.holding.components()).map(gathered).collect();
        let (holding, len) = (self.holding, places.len());
        Ok(Self { holding, components: Arc::new(components), first: 0, len })
    }

    /// Every place so many times, one after the other.
    #[must_use]
    pub fn repeat(&self, times: usize) -> Self {
        let repeated = |at| {
            let mut all = Component::with_room(self.len * times);
            for &element in self.component(at) {
                for _ in 0..times {
                    all.append(&[element]);
                }
            }
            all
        };
        let components = (0..self.holding.components()).map(repeated).collect();
        let (holding, len) = (self.holding, self.len * times);
        Self { holding, components: Arc::new(components), first: 0, len }
    }

    /// This node's Shamir shares of the same elements, which follow without a message.
    pub fn to_numbers(&self, scheme: Scheme, me: NodeIndex) -> SharedNumbers<F> {
        let mut shares = zeros(self.len);
        let sets = scheme.sets().into_iter().filter(|set| !set.contains(me));
        for (at, set) in sets.enumerate().take(self.components.len()) {
            add_scaled(&mut shares, set_polynomial(set, me), self.component(at));
        }
        SharedNumbers::from_shares(shares)
    }
}

#[cfg(test)]
mod tests {
    use crate::field::{Mersenne61, Prime256};
    use crate::sharing::elements::*;
    use crate::sharing::numbers::shamir::Shamir;

    fn number(value: u64) -> Mersenne61 {
        Mersenne61::from_u64(value)
    }

    /// What all nodes hold of elements whose components are `value * (set + 1) + place`.
    fn shared<F: Field>(
        scheme: Scheme,
        value: u64,
        len: u64,
    ) -> Vec<(NodeIndex, SharedElements<F>)> {
        let of = |node: NodeIndex| {
            let components = scheme.held_by(node).into_iter().map(|set| {
                let mut component = Component::with_room(usize::try_from(len).unwrap());
                for place in 0..len {
                    component.append(&[F::from_u64(value * (set as u64 + 1) + place)]);
                }
                component
            });
            let holding = Holding::of(scheme, node);
            SharedElements::from_components(holding, components.collect()).unwrap()
        };
        scheme.all().iter().map(|node| (node, of(node))).collect()
    }

    #[test]
    fn shamir_shares_follow_from_components() {
        for (n, t) in [(3, 1), (5, 2), (7, 3)] {
            let scheme = Scheme::new(n, t).unwrap();
            let sets = scheme.sets().len() as u64;
            let all = shared::<Prime256>(scheme, 7, 2);
            let rows: Vec<_> =
                all.iter().map(|(me, own)| (*me, own.to_numbers(scheme, *me))).collect();
            for place in 0..2 {
                let shares: Vec<_> =
                    rows.iter().map(|(me, row)| (*me, row.shares()[place])).collect();
                let opened = Shamir::from(scheme).reconstruct(&shares).ok().unwrap();
                let expected = 7 * sets * (sets + 1) / 2 + sets * place as u64;
                assert!(opened.equals(Prime256::from_u64(expected)), "{n} {t}");
            }
        }
    }

    #[test]
    fn what_is_linear_is_local() {
        let scheme = Scheme::new(3, 1).unwrap();
        // Components of sets 1 and 3, the designated one among them, of [36, 39, 42].
        let (_, elements) = shared::<Mersenne61>(scheme, 6, 3).swap_remove(1);
        let plain = |elements: &SharedElements<Mersenne61>, at| -> Vec<u64> {
            elements.component(at).iter().map(|element| element.to_u64()).collect()
        };
        assert_eq!((plain(&elements, 0), plain(&elements, 1)), (vec![6, 7, 8], vec![18, 19, 20]));
        let end = elements.slice(1..3).unwrap();
        let mut changed = end.clone();
        changed.add(&end).unwrap();
        changed.scale(number(10));
        changed.add_public(&[number(1), number(2)]).unwrap();
        assert_eq!((plain(&changed, 0), plain(&changed, 1)), (vec![141, 162], vec![380, 400]));
        changed.sub(&end).unwrap();
        changed.mul_public(&[number(1), number(2)]).unwrap();
        assert_eq!(plain(&changed, 0), [134, 308]);
        assert_eq!((plain(&end, 0), plain(&elements, 0)), (vec![7, 8], vec![6, 7, 8]));
        assert_eq!(plain(&elements.sum(), 1), [57]);
        assert_eq!(plain(&end.sum_at(&[1, 1]).unwrap(), 1), [40]);
        assert_eq!(plain(&elements.sum_at(&[]).unwrap(), 1), [0]);
        assert!(end.sum_at(&[0, 2]).is_err());
        assert_eq!(plain(&end.repeat(2), 0), [7, 7, 8, 8]);
        assert_eq!(plain(&elements.gather(&[2, 0, 2]).unwrap(), 1), [20, 18, 20]);
        assert!(end.gather(&[1, 2]).is_err() && elements.gather(&[]).unwrap().is_empty());
        let all = SharedElements::concat(elements.holding(), [&end, &elements]).unwrap();
        assert_eq!(plain(&all, 1), [19, 20, 18, 19, 20]);
        let mut rest = SharedElements::from_public(elements.holding(), &[number(5)]);
        rest.subtract_from(number(9));
        assert_eq!((plain(&rest, 0), plain(&rest, 1)), (vec![4], vec![0]));
        assert!(elements.slice(2..4).is_err() && changed.add(&elements).is_err());
        assert!(changed.add_public(&[]).is_err() && changed.mul_public(&[]).is_err());
    }
}
