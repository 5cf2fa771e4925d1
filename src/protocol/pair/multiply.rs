//! Products, by triples; products of matrices, by triples of their shape (Beaver 1991).
//!
//! With c = a b, of the factors x and y the differences x - a and y - b are opened, which tell nothing,
//! and x y = c + (x - a) b + (y - b) a + (x - a)(y - b). Rounds: one. Bytes: two elements a product; for
//! matrices one for each element of the factors.

use super::context::Shares;
use super::open::open_masked;
use super::{Computation, PairError};
use crate::field::Field;
use crate::field::bulk::{Elements, zeros};
use crate::sharing::ShapeError;
use crate::sharing::pair::{Authenticated, Matrix, MatrixShape};
use zeroize::Zeroizing;

/// The products place by place.
///
/// # Errors
/// When there are not as many of both, or not enough triples, and when the partner does not answer.
pub async fn multiply<F: Field>(
    own: &mut Computation<F>,
    x: &[Authenticated<F>],
    y: &[Authenticated<F>],
) -> Result<Shares<F>, PairError> {
    let count = x.len();
    if y.len() != count {
        return Err(ShapeError { what: "factors", expected: count, got: y.len() }.into());
    }
    if count == 0 {
        return Ok(Shares::default());
    }
    let triples = own.triples(count)?;
    let mut masked: Shares<F> = Zeroizing::new(Vec::with_capacity(2 * count));
    masked.extend(x.iter().zip(triples.iter()).map(|(&x, triple)| x - triple.a));
    masked.extend(y.iter().zip(triples.iter()).map(|(&y, triple)| y - triple.b));
    let opened = open_masked(own, &masked).await?;
    own.products(count);
    let (d, e) = opened.split_at(count);
    let product = |at: usize| {
        let (triple, d, e) = (&triples[at], d[at], e[at]);
        triple.c + triple.b.scaled(d) + triple.a.scaled(e) + own.public(d * e)
    };
    Ok(Zeroizing::new((0..count).map(product).collect()))
}

/// The product of two matrices, each row by row, of the shape of the next matrix triple.
///
/// # Errors
/// When the sizes are not those of the triple, and as for [`multiply`].
pub async fn matrix_product<F: Field>(
    own: &mut Computation<F>,
    shape: MatrixShape,
    x: &[Authenticated<F>],
    y: &[Authenticated<F>],
) -> Result<Shares<F>, PairError> {
    let triple = own.matrix()?;
    let [first, second, _] = shape.parts();
    let sizes = [(shape.values(), triple.shape.values()), (first, x.len()), (second, y.len())];
    for (expected, got) in sizes {
        if expected != got {
            return Err(ShapeError { what: "elements of matrices", expected, got }.into());
        }
    }
    let mut masked: Shares<F> = Zeroizing::new(Vec::with_capacity(first + second));
    masked.extend(less(x, &triple.a));
    masked.extend(less(y, &triple.b));
    let opened = open_masked(own, &masked).await?;
    let (d, e) = opened.split_at(first);
    let MatrixShape { rows, inner, columns } = shape;
    own.products(rows * inner * columns);
    // Of shares and of MACs the same: c + d b + a e; and d e once, as a public value.
    let mut public = zeros(rows * columns);
    add_product(&mut public, shape, d, e);
    let parts = |c: &[F], a: &[F], b: &[F]| {
        let mut sum: Elements<F> = Zeroizing::new(c.to_vec());
        add_product(&mut sum, shape, d, b);
        add_product(&mut sum, shape, a, e);
        sum
    };
    let shares = parts(triple.c.shares(), triple.a.shares(), triple.b.shares());
    let macs = parts(triple.c.macs(), triple.a.macs(), triple.b.macs());
    let value =
        |at: usize| Authenticated { share: shares[at], mac: macs[at] } + own.public(public[at]);
    Ok(Zeroizing::new((0..rows * columns).map(value).collect()))
}

fn less<F: Field>(
    values: &[Authenticated<F>],
    by: &Matrix<F>,
) -> impl Iterator<Item = Authenticated<F>> {
    let by = by.shares().iter().zip(by.macs());
    values.iter().zip(by).map(|(&value, (&share, &mac))| value - Authenticated { share, mac })
}

/// sum += x y, all row by row.
fn add_product<F: Field>(sum: &mut [F], shape: MatrixShape, x: &[F], y: &[F]) {
    let MatrixShape { inner, columns, .. } = shape;
    if inner == 0 || columns == 0 {
        return;
    }
    for (sum, x) in sum.chunks_exact_mut(columns).zip(x.chunks_exact(inner)) {
        for (&x, y) in x.iter().zip(y.chunks_exact(columns)) {
            for (sum, &y) in sum.iter_mut().zip(y) {
                *sum += x * y;
            }
        }
    }
}
