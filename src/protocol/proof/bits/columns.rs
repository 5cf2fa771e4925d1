//! From bits to elements: the first level of a proof.

use zeroize::Zeroizing;

use super::layout::{Layout, Weights, column_weights};
use crate::field::binary128::fold::{COLUMNS, RowFactors};
use crate::field::binary128::points::{Points, Weighed};
use crate::field::binary128::small::{self, BITS, LANES, ROWS, Rows};
use crate::field::binary128::{Unreduced, add_points, dot, fold, scale, weigh, weigh_points};
use crate::field::{Binary128, Field as _};
use crate::protocol::bits::assignment::Duties;
use crate::protocol::bits::gates::Side;
use crate::protocol::proof::vector::Vector;
use crate::sharing::bits::planes::xor_into;

/// Rows of zeros, wiped when dropped.
pub(super) fn no_rows() -> Zeroizing<Rows> {
    Zeroizing::new([[0; LANES]; ROWS])
}

/// Sums over columns of weighted words, row by row.
pub(super) struct RowSums([Unreduced; ROWS]);

impl RowSums {
    pub(super) fn none() -> Self {
        Self([Unreduced::default(); ROWS])
    }

    /// Add the rows of a chunk.
    pub(super) fn add(&mut self, rows: &Rows, weights: &[Binary128; LANES]) {
        weigh(rows, weights, &mut self.0);
    }

    pub(super) fn reduce(&self) -> [Binary128; ROWS] {
        self.0.map(Unreduced::reduce)
    }
}

/// The values of Q at all points of the first level.
pub(super) fn first_values(
    layout: &Layout<'_>,
    duties: &Duties,
    held: usize,
    weights: &Weights,
) -> Zeroizing<Vec<Binary128>> {
    let mut sums = Zeroizing::new(Weighed::new());
    let mut bench = Bench::new(held);
    for (chunk, (layers, weights)) in layout.layers().zip(weights).enumerate() {
        bench.points.clear();
        for layer in 0..layers {
            bench.load(layout, (chunk, layer));
            bench.multiply(duties);
        }
        weigh_points(&bench.points, weights, &mut sums);
    }
    let value = |sums: &[Unreduced; BITS]| {
        let parts = sums.iter().zip(small::BASIS).map(|(sum, basis)| sum.reduce() * basis);
        parts.fold(Binary128::ZERO, |sum, part| sum + part)
    };
    let rows = sums.rows.iter().map(|sum| sum.reduce());
    Zeroizing::new(rows.chain(sums.further.iter().map(value)).collect())
}

/// What a chunk is worked on with.
struct Bench {
    /// All components of x, and of y.
    xs: Vec<Zeroizing<Rows>>,
    ys: Vec<Zeroizing<Rows>>,
    /// The sums of components that are multiplied.
    left: Zeroizing<Rows>,
    right: Zeroizing<Rows>,
    points: Points,
}

impl Bench {
    fn new(held: usize) -> Self {
        let components = || (0..held).map(|_| no_rows()).collect();
        Self {
            xs: components(),
            ys: components(),
            left: no_rows(),
            right: no_rows(),
            points: Points::new(),
        }
    }

    fn load(&mut self, layout: &Layout<'_>, place: (usize, usize)) {
        for (side, components) in [(Side::Left, &mut self.xs), (Side::Right, &mut self.ys)] {
            for (component, rows) in components.iter_mut().enumerate() {
                layout.put(place, (side, component), rows);
            }
        }
    }

    fn multiply(&mut self, duties: &Duties) {
        for (xs, ys) in &duties.products {
            let left = sum_of(&self.xs, xs, &mut self.left);
            let right = sum_of(&self.ys, ys, &mut self.right);
            add_points(&mut self.points, left, right);
        }
    }
}

/// The sum of some components, put down in `room` where there are several.
fn sum_of<'a>(components: &'a [Zeroizing<Rows>], chosen: &[usize], room: &'a mut Rows) -> &'a Rows {
    if let [one] = chosen {
        return &components[*one];
    }
    room.fill([0; LANES]);
    for &component in chosen {
        xor_into(room.as_flattened_mut(), components[component].as_flattened());
    }
    room
}

/// What folds the rows of chunks into columns.
struct Folder {
    factors: RowFactors,
    rows: Zeroizing<Rows>,
}

impl Folder {
    /// With what each row counts for.
    fn new(factors: &[Binary128]) -> Self {
        Self { factors: RowFactors::new(factors), rows: no_rows() }
    }

    /// The columns of a layer of a chunk, of one side of a component.
    fn fold(
        &mut self,
        layout: &Layout<'_>,
        place: (usize, usize),
        component: (Side, usize),
        columns: &mut [Binary128; COLUMNS],
    ) {
        layout.put(place, component, &mut self.rows);
        fold(&self.rows, &self.factors, columns);
    }
}

/// The columns of all components of x and of y, folded with what each row counts for; those of x
/// are weighted.
pub(super) fn fold_first(
    layout: &Layout<'_>,
    held: usize,
    factors: &[Binary128],
    weights: &Weights,
) -> [Vec<Vector<Binary128>>; 2] {
    let room = layout.columns().max(1);
    let vectors = || (0..held).map(|_| Vector::zeros(room)).collect::<Vec<_>>();
    let (mut xs, mut ys) = (vectors(), vectors());
    let mut folder = Folder::new(factors);
    let mut own = [Binary128::ZERO; COLUMNS];
    let mut next = 0;
    for (chunk, (layers, weights)) in layout.layers().zip(weights).enumerate() {
        column_weights(weights, &mut own);
        for layer in 0..layers {
            for (side, vectors) in [(Side::Left, &mut xs), (Side::Right, &mut ys)] {
                for (component, vector) in vectors.iter_mut().enumerate() {
                    let columns = &mut vector.as_chunks_mut().0[next];
                    folder.fold(layout, (chunk, layer), (side, component), columns);
                    if side == Side::Left {
                        scale(columns, &own);
                    }
                }
            }
            next += 1;
        }
    }
    [xs, ys]
}

/// What some components fold to, over all levels: `next` puts down what the next columns count for.
pub(super) fn fold_all(
    layout: &Layout<'_>,
    components: &[usize],
    factors: &[Binary128],
    weights: &Weights,
    mut next: impl FnMut(&mut [Binary128]),
) -> Vec<(Binary128, Binary128)> {
    let mut folder = Folder::new(factors);
    let mut sums = vec![[Unreduced::default(); 2]; components.len()];
    let (mut own, mut columns) = ([Binary128::ZERO; COLUMNS], Vector::zeros(COLUMNS));
    let mut factors = [[Binary128::ZERO; COLUMNS]; 2];
    for (chunk, (layers, weights)) in layout.layers().zip(weights).enumerate() {
        column_weights(weights, &mut own);
        for layer in 0..layers {
            let [left, right] = &mut factors;
            next(right);
            left.copy_from_slice(right);
            scale(left, &own);
            for (&component, sums) in components.iter().zip(&mut sums) {
                let sides = [Side::Left, Side::Right].into_iter().zip(&factors).zip(sums);
                for ((side, factors), sum) in sides {
                    let columns = &mut columns.as_chunks_mut().0[0];
                    folder.fold(layout, (chunk, layer), (side, component), columns);
                    sum.add(dot(columns, factors));
                }
            }
        }
    }
    sums.into_iter().map(|[x, y]| (x.reduce(), y.reduce())).collect()
}
