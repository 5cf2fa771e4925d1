//! Loops over slices of elements, and their encoding one after the other.
//!
//! Slices that are worked on together have the same length; what is longer is left alone.

use zeroize::Zeroizing;

use super::Field;

/// Elements that are wiped when dropped.
pub type Elements<F> = Zeroizing<Vec<F>>;

/// So many zeros.
pub fn zeros<F: Field>(len: usize) -> Elements<F> {
    Zeroizing::new(vec![F::ZERO; len])
}

/// dst += src.
pub fn add_into<F: Field>(dst: &mut [F], src: &[F]) {
    for (dst, &src) in dst.iter_mut().zip(src) {
        *dst += src;
    }
}

/// dst -= src.
pub fn sub_into<F: Field>(dst: &mut [F], src: &[F]) {
    for (dst, &src) in dst.iter_mut().zip(src) {
        *dst -= src;
    }
}

/// dst *= src, place by place.
pub fn mul_into<F: Field>(dst: &mut [F], src: &[F]) {
    for (dst, &src) in dst.iter_mut().zip(src) {
        *dst *= src;
    }
}

/// dst *= factor.
pub fn scale<F: Field>(dst: &mut [F], factor: F) {
    for dst in dst {
        *dst *= factor;
    }
}

/// dst += factor * src.
pub fn add_scaled<F: Field>(dst: &mut [F], factor: F, src: &[F]) {
    for (dst, &src) in dst.iter_mut().zip(src) {
        *dst += factor * src;
    }
}

/// The sum of the products place by place.
pub fn inner_product<F: Field>(x: &[F], y: &[F]) -> F {
    x.iter().zip(y).fold(F::ZERO, |sum, (&x, &y)| sum + x * y)
}

/// 1, base, base^2 and so on.
pub fn powers<F: Field>(base: F, len: usize) -> Elements<F> {
    let mut powers = zeros(len);
    let mut power = F::ONE;
    for place in powers.iter_mut() {
        *place = power;
        power *= base;
    }
    powers
}

/// Append the encodings.
pub fn append<F: Field>(out: &mut Vec<u8>, values: &[F]) {
    out.reserve(values.len() * F::BYTES);
    for value in values {
        out.extend_from_slice(value.to_bytes().as_ref());
    }
}

/// The elements encoded in `bytes`; `None` when a piece of it is not an encoding.
pub fn read<F: Field>(bytes: &[u8]) -> Option<Elements<F>> {
    let pieces = bytes.chunks_exact(F::BYTES);
    if !pieces.remainder().is_empty() {
        return None;
    }
    let mut values = zeros(pieces.len());
    for (value, piece) in values.iter_mut().zip(pieces) {
        *value = F::from_bytes(piece)?;
    }
    Some(values)
}

/// dst += the elements encoded in `bytes`; false, with some of them added, when a piece of it is
/// not an encoding or the lengths differ.
#[must_use]
pub fn add_encoded<F: Field>(dst: &mut [F], bytes: &[u8]) -> bool {
    if bytes.len() != dst.len() * F::BYTES {
        return false;
    }
    dst.iter_mut()
        .zip(bytes.chunks_exact(F::BYTES))
        .all(|(dst, piece)| F::from_bytes(piece).map(|value| *dst += value).is_some())
}
