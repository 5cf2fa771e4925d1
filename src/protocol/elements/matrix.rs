//! Products of shared matrices.
//!
//! In: a of m rows and k columns, b of k rows and n columns, shared, each row by row. Out: a b, shared.
//! Who learns what: nothing. Rounds: one, or those of the pieces of a large one. Bytes: m n elements,
//! as for so many products, whatever k is. Adversary: as for products ([`super::multiply`]).

use std::ops::Range;

use super::multiply::by_pieces;
use crate::protocol::ProtocolError;
use crate::protocol::bits::BitContext;
use crate::protocol::elements::Arithmetic;
use crate::sharing::pair::MatrixShape;
use crate::sharing::{ShapeError, SharedElements};

/// a b.
///
/// # Errors
/// When the sizes are others, or a node does not answer.
pub async fn matrix_product<F: Arithmetic>(
    ctx: &BitContext,
    shape: MatrixShape,
    a: &SharedElements<F>,
    b: &SharedElements<F>,
) -> Result<SharedElements<F>, ProtocolError> {
    let [of_a, of_b, outputs] = shape.parts();
    for (expected, factor) in [(of_a, a), (of_b, b)] {
        if factor.len() != expected {
            let (what, got) = ("elements of a matrix", factor.len());
            return Err(ShapeError { what, expected, got }.into());
        }
    }
    if shape.inner == 0 {
        return Ok(SharedElements::zeros(ctx.holding(), outputs));
    }
    let (a, b) = (a.clone(), b.clone());
    by_pieces(ctx, outputs, shape.inner, move |products| {
        Ok((a.gather(&firsts(shape, products.clone()))?, b.gather(&seconds(shape, products))?))
    })
    .await
}

/// Row, column, and number within a sum, of some products: those of a sum one after the other.
fn indices(shape: MatrixShape, products: Range<usize>) -> impl Iterator<Item = [usize; 3]> {
    products.map(move |product| {
        let (output, within) = (product / shape.inner, product % shape.inner);
        [output / shape.columns, output % shape.columns, within]
    })
}

/// Where the first factors of some products are.
fn firsts(shape: MatrixShape, products: Range<usize>) -> Vec<usize> {
    indices(shape, products).map(|[row, _, within]| row * shape.inner + within).collect()
}

/// Where the second ones are.
fn seconds(shape: MatrixShape, products: Range<usize>) -> Vec<usize> {
    indices(shape, products).map(|[_, column, within]| within * shape.columns + column).collect()
}
