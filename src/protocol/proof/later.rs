//! The levels of a proof after the first: columns of elements, two or four rows at a time.

use zeroize::Zeroizing;

use super::shape::Level;
use super::vector::{Spare, Vector, add_into, add_up};
use crate::protocol::bits::assignment::Duties;

/// Columns worked on at a time.
const TILE: usize = 256;

/// Columns that a level leaves of so many.
pub(super) const fn left_of(columns: usize, width: usize) -> usize {
    let left = columns.div_ceil(width);
    if left == 0 { 1 } else { left }
}

/// The rows of a vector that are in a tile, the mask's last. They are read where they lie; in `room`
/// are only those that end within the tile, with zeros behind, and the mask.
fn rows_in_tile<'a, E: Spare>(
    level: &Level<E>,
    vector: &'a [E],
    mask: E,
    (size, first, len): (usize, usize, usize),
    room: &'a mut Vector<E>,
) -> Vec<&'a [E]> {
    let rows = room.chunks_mut(TILE.min(size)).enumerate().map(|(row, room)| {
        let from = row * size + first;
        match vector.get(from..from + len) {
            // One column is left where there is a mask.
            _ if row >= level.width() => room[..len].fill(mask),
            Some(whole) => return whole,
            None => {
                let rest = vector.get(from..).unwrap_or_default();
                let (there, behind) = room[..len].split_at_mut(rest.len());
                there.copy_from_slice(rest);
                behind.fill(E::ZERO);
            }
        }
        &room[..len]
    });
    rows.collect()
}

/// What the second of two rows is more than the first.
fn difference<E: Spare>(rows: &[&[E]], difference: &mut [E]) {
    if let [first, second, ..] = rows {
        for (place, (&first, &second)) in difference.iter_mut().zip(first.iter().zip(*second)) {
            *place = second - first;
        }
    }
}

/// The values of Q at all points of a level. The rows that count add up to `total`, Q of the level
/// before at its challenge, so that the first one need not be worked out.
pub(super) fn values<E: Spare>(
    level: &Level<E>,
    (xs, ys): (&[Vector<E>], &[Vector<E>]),
    masks: &[(E, E)],
    (columns, total): (usize, E),
    duties: &Duties,
) -> Zeroizing<Vec<E>> {
    let size = left_of(columns, level.width());
    let tile = TILE.min(size);
    let mut sums = Zeroizing::new(vec![E::Sum::default(); level.values()]);
    let held = xs.len();
    let extension = level.extension();
    // Both sides of every component, at all rows, then at a further point.
    let mut room: Vec<Vector<E>> =
        (0..2 * held).map(|_| Vector::zeros(level.rows() * tile)).collect();
    let mut further: Vec<Vector<E>> = (0..2 * held).map(|_| Vector::zeros(tile)).collect();
    let (mut left, mut right) = (Vector::zeros(tile), Vector::zeros(tile));
    for first in (0..size).step_by(tile) {
        let len = tile.min(size - first);
        let rows = room.iter_mut().enumerate().map(|(place, room)| {
            let (vector, mask) = match place.checked_sub(held) {
                None => (&xs[place], masks[place].0),
                Some(place) => (&ys[place], masks[place].1),
            };
            rows_in_tile(level, vector, mask, (size, first, len), room)
        });
        let rows: Vec<Vec<&[E]>> = rows.collect();
        for (point, sum) in sums.iter_mut().enumerate().skip(1) {
            if let Some(factors) = point.checked_sub(level.rows()).map(|at| &extension[at]) {
                for (rows, further) in rows.iter().zip(&mut further) {
                    if level.is_pair() {
                        difference(rows, &mut further[..len]);
                    } else {
                        E::combine(rows, factors, &mut further[..len]);
                    }
                }
            }
            let at_point = |place: usize| {
                if point < level.rows() { rows[place][point] } else { &further[place][..len] }
            };
            let xs: Vec<&[E]> = (0..held).map(at_point).collect();
            let ys: Vec<&[E]> = (held..2 * held).map(at_point).collect();
            for (chosen_x, chosen_y) in &duties.products {
                add_up(&xs, chosen_x, &mut left[..len]);
                add_up(&ys, chosen_y, &mut right[..len]);
                E::add_sum(sum, E::dot(&left[..len], &right[..len]));
            }
        }
    }
    let mut values: Zeroizing<Vec<_>> =
        Zeroizing::new(sums.iter().map(|&sum| E::reduce(sum)).collect());
    values[0] = values[1..level.width()].iter().fold(total, |rest, &value| rest - value);
    values
}

/// Fold a vector with what each row counts for, in its own place.
pub(super) fn fold<E: Spare>(
    level: &Level<E>,
    vector: &mut Vector<E>,
    mask: E,
    columns: usize,
    factors: &[E],
) {
    let size = left_of(columns, level.width());
    let tile = TILE.min(size);
    let mut room = Vector::zeros(level.rows() * tile);
    let (mut sums, mut folded) = (Vector::zeros(tile), Vector::zeros(tile));
    for first in (0..size).step_by(tile) {
        let len = tile.min(size - first);
        let folded = &mut folded[..len];
        let rows = rows_in_tile(level, vector, mask, (size, first, len), &mut room);
        if let ([one, _], [_, challenge]) = (&rows[..], factors) {
            // One product for a + c (b - a).
            difference(&rows, &mut sums[..len]);
            E::combine(&[&sums[..len]], &[*challenge], folded);
            add_into(folded, one);
        } else {
            E::combine(&rows, factors, folded);
        }
        // Here was a part of the first row, which nothing needs any more.
        if let Some(place) = vector.get_mut(first..first + len) {
            place.copy_from_slice(folded);
        }
    }
    vector.shorten(size);
}
