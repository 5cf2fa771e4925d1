//! Values of polynomials at further points.

use super::Field;

/// Distinct points at which polynomials are given by their values.
#[derive(Clone)]
pub struct Points<F> {
    points: Vec<F>,
    /// For every point the inverse of the product of its differences from the others.
    inverses: Vec<F>,
}

impl<F: Field> Points<F> {
    /// These points.
    pub fn new(points: Vec<F>) -> Self {
        let product = |(place, &point): (usize, &F)| {
            let others = points.iter().enumerate().filter(|(other, _)| *other != place);
            others.fold(F::ONE, |product, (_, &other)| product * (point - other))
        };
        let mut inverses: Vec<F> = points.iter().enumerate().map(product).collect();
        invert_all(&mut inverses);
        Self { points, inverses }
    }

    /// These points, where the inverse of the product of each one's differences from the others is
    /// known.
    pub const fn with_inverses(points: Vec<F>, inverses: Vec<F>) -> Self {
        Self { points, inverses }
    }

    /// The points.
    pub fn points(&self) -> &[F] {
        &self.points
    }

    /// What the values at the points count for in the value at a further one: exact for polynomials
    /// of a degree below the number of points (Lagrange).
    pub fn at(&self, at: F) -> Vec<F> {
        // Products of the differences before each point, then those behind it.
        let mut before = F::ONE;
        let mut weights: Vec<F> = Vec::with_capacity(self.points.len());
        for (&point, &inverse) in self.points.iter().zip(&self.inverses) {
            weights.push(before * inverse);
            before *= at - point;
        }
        let mut behind = F::ONE;
        for (weight, &point) in weights.iter_mut().zip(&self.points).rev() {
            *weight *= behind;
            behind *= at - point;
        }
        weights
    }
}

/// Put their inverses in the place of elements none of which is 0, with one inversion (Montgomery).
pub fn invert_all<F: Field>(elements: &mut [F]) {
    let mut product = F::ONE;
    let mut before = Vec::with_capacity(elements.len());
    for &element in &*elements {
        before.push(product);
        product *= element;
    }
    let mut behind = product.invert().unwrap_or(F::ZERO);
    for (element, before) in elements.iter_mut().zip(before).rev() {
        let inverse = behind * before;
        behind *= *element;
        *element = inverse;
    }
}
