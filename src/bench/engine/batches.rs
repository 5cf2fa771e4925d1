//! Batches of material for two parties, made in the clear from a seed: what dealers make together, for
//! a bench of what is done with it.

use crate::field::Field;
use crate::sharing::ShapeError;
use crate::sharing::elements::Component;
use crate::sharing::numbers::pseudorandom::expand_at;
use crate::sharing::pair::{BatchShape, Half, MatrixShape, PairKey};
use crate::sharing::stream::{StreamKey, StreamStart};

/// Both halves of a batch, the client's first.
///
/// # Errors
/// When a size is none.
pub fn halves<F: Field>(shape: &BatchShape, seed: u64) -> Result<[Half<F>; 2], ShapeError> {
    let mut key = [0; 16];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    let stream = StreamKey::new(&key);
    let random = |name: &str, len: usize| {
        let mut values = vec![F::ZERO; len];
        expand_at(&stream, StreamStart::of(name), 0, &mut values);
        values
    };
    let mut values = Vec::with_capacity(shape.values());
    let (a, b) = (random("a", shape.triples), random("b", shape.triples));
    let products = a.iter().zip(&b).map(|(&a, &b)| a * b);
    values.extend(a.iter().chain(&b).copied().chain(products));
    let roots = random("roots", shape.squares);
    values.extend(roots.iter().copied().chain(roots.iter().map(|&root| root * root)));
    let bits = random("bits", shape.bits).into_iter();
    values.extend(bits.map(|bit| F::from_u64(u64::from(bit.to_bytes().as_ref()[0] & 1))));
    values.extend(random("masks", shape.masks));
    for (at, &matrix) in shape.matrices.iter().enumerate() {
        let [first, second, _] = matrix.parts();
        let (a, b) = (random(&format!("left {at}"), first), random(&format!("right {at}"), second));
        let c = product(matrix, &a, &b);
        values.extend(a.into_iter().chain(b).chain(c));
    }
    let mac_key = random("key", 2);
    let macs: Vec<F> = values.iter().map(|&value| value * (mac_key[0] + mac_key[1])).collect();
    let (shares, mac_shares) = (random("shares", values.len()), random("MACs", values.len()));
    let half = |shares: &[F], macs: &[F], key: F| {
        let part = |values: &[F]| {
            let mut part = Component::with_room(values.len());
            part.append(values);
            part
        };
        Half::new(shape.clone(), PairKey::new(key), part(shares), part(macs))
    };
    let rest = |all: &[F], less: &[F]| -> Vec<F> {
        all.iter().zip(less).map(|(&all, &less)| all - less).collect()
    };
    let theirs = (rest(&values, &shares), rest(&macs, &mac_shares));
    Ok([half(&shares, &mac_shares, mac_key[0])?, half(&theirs.0, &theirs.1, mac_key[1])?])
}

/// The product of two matrices, each row by row.
pub fn product<F: Field>(shape: MatrixShape, x: &[F], y: &[F]) -> Vec<F> {
    let MatrixShape { rows, inner, columns } = shape;
    let at = |place: usize| {
        let (row, column) = (place / columns, place % columns);
        let terms = (0..inner).map(|at| x[row * inner + at] * y[at * columns + column]);
        terms.fold(F::ZERO, |sum, term| sum + term)
    };
    (0..rows * columns).map(at).collect()
}
