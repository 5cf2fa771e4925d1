//! Rearranging the positions and planes of a batch. All of it is local and by public positions.

use std::ops::Range;

use zeroize::Zeroizing;

use super::batch::{Holding, Plane, ShapeError, SharedBits, same, zeroed};
use super::planes::{self, WORD, copy_bits, join_pairs, split_pairs, words};

/// What a batch falls into when neighbours are paired.
pub struct Pairs {
    /// Positions 0, 2, 4, ...
    pub left: SharedBits,
    /// Positions 1, 3, 5, ...
    pub right: SharedBits,
    /// The last position, when their number is odd.
    pub odd: Option<SharedBits>,
}

impl SharedBits {
    /// Pair up neighbours.
    ///
    /// # Errors
    /// Never for a batch that was made by this room.
    pub fn pairs(&self) -> Result<Pairs, ShapeError> {
        let pairs = self.len / 2;
        let mut left = Self::zeros(self.holding, self.width, pairs);
        let mut right = Self::zeros(self.holding, self.width, pairs);
        for (component, buffer) in self.components.iter().enumerate() {
            for plane in 0..self.width {
                let (from, to) = (self.range(plane), left.range(plane));
                split_pairs(
                    &buffer[from],
                    &mut left.components_mut()[component][to.clone()],
                    &mut right.components_mut()[component][to],
                    pairs,
                );
            }
        }
        let odd = if self.len % 2 == 1 { Some(self.gather(&[self.len - 1])?) } else { None };
        Ok(Pairs { left, right, odd })
    }

    /// Put in turn a position of `even` and one of `odd`, of which there may be one less.
    ///
    /// # Errors
    /// When widths, components or numbers of positions do not fit.
    pub fn interleave(even: &Self, odd: &Self) -> Result<Self, ShapeError> {
        same("width", even.width, odd.width)?;
        same("components", even.components.len(), odd.components.len())?;
        let len = even.len + odd.len;
        same("positions", len.div_ceil(2), even.len)?;
        let mut batch = Self::zeros(even.holding, even.width, len);
        for plane in 0..even.width {
            let (from, other, to) = (even.range(plane), odd.range(plane), batch.range(plane));
            let sources = even.components.iter().zip(odd.components.iter());
            for (buffer, (even, odd)) in batch.components_mut().iter_mut().zip(sources) {
                let (even, odd) = (&even[from.clone()], &odd[other.clone()]);
                join_pairs(&mut buffer[to.clone()], even, odd, len);
            }
        }
        Ok(batch)
    }

    /// Turn a table around: from batches with a position for every entry, a batch in which the
    /// entries given, one after the other, have a position for every batch. Every entry begins
    /// with a whole word, and after the last come zeros, up to `rows` entries.
    ///
    /// # Errors
    /// When the batches differ in shape, or there is no such entry.
    pub fn turn(batches: &[Self], entries: &[usize], rows: usize) -> Result<Self, ShapeError> {
        let Some(first) = batches.first() else {
            return Err(ShapeError { what: "batches of a table", expected: 1, got: 0 });
        };
        for batch in batches {
            batch.check_like(first)?;
        }
        if let Some(&got) = entries.iter().find(|&&entry| entry >= first.len) {
            return Err(ShapeError { what: "entry below the end", expected: first.len, got });
        }
        let (stride, rows) = (words(batches.len()), rows.max(entries.len()));
        // Where the entries of each word go to.
        let mut places = vec![Vec::new(); first.stride()];
        for (row, entry) in entries.iter().enumerate() {
            places[entry / WORD].push((entry % WORD, row * stride));
        }
        let mut turned = Self::zeros(first.holding, first.width, rows * stride * WORD);
        let mut square = Zeroizing::new([0; WORD]);
        for plane in 0..first.width {
            let (from, to) = (first.range(plane).start, turned.range(plane));
            for (component, buffer) in turned.components_mut().iter_mut().enumerate() {
                let target = &mut buffer[to.clone()];
                for (column, batches) in batches.chunks(WORD).enumerate() {
                    for (word, places) in places.iter().enumerate().filter(|(_, at)| !at.is_empty())
                    {
                        square.fill(0);
                        for (bits, batch) in square.iter_mut().zip(batches) {
                            *bits = batch.components[component][from + word];
                        }
                        planes::transpose(&mut square);
                        for &(entry, row) in places {
                            target[row + column] = square[entry];
                        }
                    }
                }
            }
        }
        Ok(turned)
    }

    /// The positions given, in the order given.
    ///
    /// # Errors
    /// When one of them is past the end.
    pub fn gather(&self, positions: &[usize]) -> Result<Self, ShapeError> {
        if let Some(&got) = positions.iter().find(|&&position| position >= self.len) {
            return Err(ShapeError { what: "position below the end", expected: self.len, got });
        }
        let mut batch = Self::zeros(self.holding, self.width, positions.len());
        for plane in 0..self.width {
            let (from, to) = (self.range(plane), batch.range(plane));
            for (buffer, source) in batch.components_mut().iter_mut().zip(self.components.iter()) {
                let source = &source[from.clone()];
                let target = &mut buffer[to.clone()];
                for (word, positions) in target.iter_mut().zip(positions.chunks(planes::WORD)) {
                    *word = positions.iter().enumerate().fold(0, |word, (at, &position)| {
                        word | (source[position / planes::WORD] >> (position % planes::WORD) & 1)
                            << at
                    });
                }
            }
        }
        Ok(batch)
    }

    /// `len` positions from `at` on; beyond the end they are public zeros.
    ///
    /// # Errors
    /// Never for a batch that was made by this room.
    pub fn extract(&self, at: usize, len: usize) -> Result<Self, ShapeError> {
        let mut batch = Self::zeros(self.holding, self.width, len);
        let kept = self.len.saturating_sub(at).min(len);
        for plane in 0..self.width {
            let (from, to) = (self.range(plane), batch.range(plane));
            for (buffer, source) in batch.components_mut().iter_mut().zip(self.components.iter()) {
                let target = &mut buffer[to.clone()];
                planes::take_bits(&mut target[..words(kept)], &source[from.clone()], at);
                planes::clear_tail(&mut target[..words(kept)], kept);
            }
        }
        Ok(batch)
    }

    /// Deal positions out in turn: batch number j holds positions j, j + `ways`, j + 2 `ways`, ...
    /// All are of the same length; beyond the end they are public zeros. `ways` is a power of two.
    ///
    /// # Errors
    /// Never for a batch that was made by this room.
    pub fn deal(&self, ways: usize) -> Result<Vec<Self>, ShapeError> {
        let padded = self.len.next_multiple_of(ways);
        let mut dealt =
            vec![if padded == self.len { self.clone() } else { self.extract(0, padded)? }];
        while dealt.len() < ways {
            // Even and odd positions of number j out of m go to numbers j and j + m out of 2m.
            let halves: Vec<Pairs> = dealt.iter().map(Self::pairs).collect::<Result<_, _>>()?;
            let (low, high): (Vec<_>, Vec<_>) =
                halves.into_iter().map(|pairs| (pairs.left, pairs.right)).unzip();
            dealt = low.into_iter().chain(high).collect();
        }
        Ok(dealt)
    }

    /// The positions of all parts, one part after the other.
    ///
    /// # Errors
    /// When widths or components differ.
    pub fn concat(
        holding: Holding,
        width: usize,
        parts: &[&SharedBits],
    ) -> Result<Self, ShapeError> {
        let mut batch = Self::zeros(holding, width, parts.iter().map(|part| part.len).sum());
        let mut at = 0;
        for part in parts {
            same("width", width, part.width)?;
            same("components", holding.components(), part.holding.components())?;
            for plane in 0..width {
                let (from, to) = (part.range(plane), batch.range(plane));
                for (buffer, source) in
                    batch.components_mut().iter_mut().zip(part.components.iter())
                {
                    copy_bits(&mut buffer[to.clone()], at, &source[from.clone()], part.len);
                }
            }
            at += part.len;
        }
        Ok(batch)
    }

    /// Some planes, as a batch of their own.
    ///
    /// # Errors
    /// When the numbers are not that wide.
    pub fn take_planes(&self, planes: Range<usize>) -> Result<Self, ShapeError> {
        let chosen: Vec<Plane<'_>> =
            planes.map(|plane| self.plane(plane)).collect::<Result<_, _>>()?;
        Self::stack(self.holding, self.len, chosen)
    }

    /// A batch of which each plane is the XOR of some others, a public zero where there are none.
    ///
    /// # Errors
    /// When lengths or components differ.
    pub fn xor_planes(
        holding: Holding,
        len: usize,
        sums: &[Vec<Plane<'_>>],
    ) -> Result<Self, ShapeError> {
        let mut batch = Self::zeros(holding, sums.len(), len);
        for (index, planes) in sums.iter().enumerate() {
            for &plane in planes {
                batch.xor_plane(index, plane)?;
            }
        }
        Ok(batch)
    }

    /// The XOR of its numbers at all positions: one number.
    ///
    /// # Errors
    /// Never for a batch that was made by this room.
    pub fn xor_positions(&self) -> Result<Self, ShapeError> {
        let mut batch = Self::zeros(self.holding, self.width, 1);
        for plane in 0..self.width {
            let (from, to) = (self.range(plane), batch.range(plane));
            for (buffer, source) in batch.components_mut().iter_mut().zip(self.components.iter()) {
                buffer[to.clone()].fill(planes::parity(&source[from.clone()], self.len));
            }
        }
        Ok(batch)
    }

    /// The number at the first position, at each of `len` positions.
    ///
    /// # Errors
    /// Never for a batch that was made by this room.
    pub fn repeat(&self, len: usize) -> Result<Self, ShapeError> {
        let mut batch = Self::zeros(self.holding, self.width, len);
        for plane in 0..self.width {
            let (from, to) = (self.range(plane), batch.range(plane));
            for (buffer, source) in batch.components_mut().iter_mut().zip(self.components.iter()) {
                let word = if planes::bit(&source[from.clone()], 0) { u64::MAX } else { 0 };
                let target = &mut buffer[to.clone()];
                target.fill(word);
                planes::clear_tail(target, len);
            }
        }
        Ok(batch)
    }

    /// A batch made of planes, from bit 0 up.
    ///
    /// # Errors
    /// When lengths or components differ.
    pub fn stack<'a>(
        holding: Holding,
        len: usize,
        planes: impl IntoIterator<Item = Plane<'a>>,
    ) -> Result<Self, ShapeError> {
        let planes: Vec<Plane<'a>> = planes.into_iter().collect();
        for plane in &planes {
            same("positions", len, plane.len())?;
            same("components", holding.components(), plane.holding().components())?;
        }
        let components = (0..holding.components())
            .map(|component| {
                let mut buffer = zeroed(planes.len() * words(len));
                // A plane of no words makes no chunk.
                for (target, plane) in buffer.chunks_mut(words(len).max(1)).zip(&planes) {
                    target.copy_from_slice(plane.component(component));
                }
                buffer
            })
            .collect();
        Self::from_components(holding, planes.len(), len, components)
    }
}
