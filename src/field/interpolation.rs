//! Values of polynomials at further points.

use super::Field;

/// Distinct points at which polynomials are given by their values.
pub struct Points<F> {
    points: Vec<F>,
    /// For every point the inverse of the product of its differences from the others.
    inverses: Vec<F>,
}

impl<F: Field> Points<F> {
    /// These points.
    pub fn new(points: Vec<F>) -> Self {
        let others = |place: usize| {
            let others = points.iter().enumerate().filter(move |(other, _)| *other != place);
            others.map(|(_, &other)| other)
        };
        let inverse = |(place, &point): (usize, &F)| {
            let product = others(place).fold(F::ONE, |product, other| product * (point - other));
            // Distinct points.
            product.invert().unwrap_or(F::ZERO)
        };
        let inverses = points.iter().enumerate().map(inverse).collect();
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
