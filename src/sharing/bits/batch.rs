//! Batches of shared bits and of shared numbers, bit-sliced.
//!
//! A batch has `len` positions (one per bid or per pair of bids) of `width` bits each. For every
//! component that this node holds (every set T without it, in the order of [`Scheme::held_by`])
//! there is one contiguous buffer: plane 0, then plane 1, and so on, each of `words(len)` words.
//! Bit i of all positions is plane i. A batch of single bits is a batch of width 1.
//!
//! What is here is local: XOR, NOT, public values. Nobody learns anything and nothing is sent.
//! Buffers are wiped when dropped; nothing here can be printed or compared.

use std::ops::{Deref, DerefMut, Range};
use std::sync::Arc;

use zeroize::{Zeroizing, optimization_barrier};

use super::planes::{self, negate, words, xor_into};
use crate::sharing::seed::mask;
use crate::sharing::{NodeIndex, Scheme};

/// Most bits of a number in a batch.
pub const MAX_WIDTH: usize = 64;

/// How many components a node holds, and which of them is the designated one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Holding {
    components: usize,
    designated: Option<usize>,
}

impl Holding {
    /// Nothing at all.
    pub const NONE: Self = Self { components: 0, designated: None };

    /// What a node holds under a scheme.
    pub fn of(scheme: Scheme, node: NodeIndex) -> Self {
        let held = scheme.held_by(node);
        Self { components: held.len(), designated: held.iter().position(|&set| set == 0) }
    }

    /// How many components this node holds.
    pub const fn components(self) -> usize {
        self.components
    }

    /// Where among them the designated one is (the first of [`Scheme::sets`]), if the node holds
    /// it. Public values are added to this component.
    pub const fn designated(self) -> Option<usize> {
        self.designated
    }
}

/// Batches that do not fit together: a mistake in a protocol, never in its input.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{what}: expected {expected}, got {got}")]
pub struct ShapeError {
    /// What does not fit.
    pub what: &'static str,
    /// As the operation needs it.
    pub expected: usize,
    /// What was given.
    pub got: usize,
}

pub(in crate::sharing) fn same(
    what: &'static str,
    expected: usize,
    got: usize,
) -> Result<(), ShapeError> {
    if expected == got { Ok(()) } else { Err(ShapeError { what, expected, got }) }
}

/// A component's buffer, wiped when dropped.
///
/// The wipe is one vectorised fill that the compiler may not leave out; wiping word by word with
/// volatile writes, as `Zeroizing` does, costs more than the gates that filled the buffer.
#[derive(Clone, Default)]
pub struct Buffer(Vec<u64>);

impl Buffer {
    /// An empty buffer with room for `words` words. It must not grow past them: what is moved
    /// would stay behind unwiped.
    pub(crate) fn with_room(words: usize) -> Self {
        Self(Vec::with_capacity(words))
    }

    /// Append words; what does not fit in the room is refused.
    pub(crate) fn append(&mut self, words: &[u64]) {
        debug_assert!(self.0.len() + words.len() <= self.0.capacity(), "a buffer must not move");
        self.0.extend_from_slice(words);
    }
}

impl Deref for Buffer {
    type Target = [u64];
    fn deref(&self) -> &[u64] {
        &self.0
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u64] {
        &mut self.0
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.0.fill(0);
        optimization_barrier(self.0.as_slice());
    }
}

/// A buffer of `words` zero words, wiped when dropped.
pub fn zeroed(words: usize) -> Buffer {
    Buffer(vec![0; words])
}

/// A batch of shared numbers (of shared bits, when `width` is 1). A clone shares the buffers until
/// one of the two is changed.
#[derive(Clone)]
pub struct SharedBits {
    pub(super) holding: Holding,
    pub(super) width: usize,
    pub(super) len: usize,
    pub(super) components: Arc<Vec<Buffer>>,
}

/// One plane of a batch, or a stretch of one: a batch of shared bits, borrowed.
#[derive(Clone, Copy)]
pub struct Plane<'a> {
    bits: &'a SharedBits,
    /// First word in each component's buffer.
    first: usize,
    len: usize,
}

impl<'a> Plane<'a> {
    /// This plane's words of a component.
    pub fn component(self, component: usize) -> &'a [u64] {
        &self.bits.components[component][self.first..self.first + words(self.len)]
    }

    /// Positions of the batch.
    pub const fn len(self) -> usize {
        self.len
    }

    /// Whether there are no positions.
    pub const fn is_empty(self) -> bool {
        self.len == 0
    }

    /// The positions from word `first` on, `len` of them.
    ///
    /// # Errors
    /// When the plane ends before.
    pub fn cut(self, first: usize, len: usize) -> Result<Self, ShapeError> {
        let end = first * planes::WORD + len;
        if end > self.len {
            return Err(ShapeError { what: "positions of a plane", expected: self.len, got: end });
        }
        Ok(Self { first: self.first + first, len, ..self })
    }

    /// Which components the node holds.
    pub const fn holding(self) -> Holding {
        self.bits.holding
    }
}

impl Plane<'_> {
    /// The same, of a batch that is kept: a clone of it that shares its buffers.
    pub fn keep(self) -> KeptPlane {
        KeptPlane { bits: self.bits.clone(), first: self.first, len: self.len }
    }
}

/// A plane with the batch that it is in.
#[derive(Clone)]
pub struct KeptPlane {
    bits: SharedBits,
    first: usize,
    len: usize,
}

impl KeptPlane {
    /// The plane.
    pub const fn plane(&self) -> Plane<'_> {
        Plane { bits: &self.bits, first: self.first, len: self.len }
    }
}

impl SharedBits {
    /// A batch of public zeros.
    pub fn zeros(holding: Holding, width: usize, len: usize) -> Self {
        let components: Vec<_> =
            (0..holding.components).map(|_| zeroed(width * words(len))).collect();
        Self { holding, width, len, components: Arc::new(components) }
    }

    /// A batch from its components' buffers, in the order of [`Scheme::held_by`].
    ///
    /// # Errors
    /// When their number or size does not fit.
    pub fn from_components(
        holding: Holding,
        width: usize,
        len: usize,
        components: Vec<Buffer>,
    ) -> Result<Self, ShapeError> {
        same("components", holding.components, components.len())?;
        for buffer in &components {
            same("words of a component", width * words(len), buffer.len())?;
        }
        Ok(Self { holding, width, len, components: Arc::new(components) })
    }

    /// The buffers, to change them; copied first if a clone shares them.
    pub(super) fn components_mut(&mut self) -> &mut Vec<Buffer> {
        Arc::make_mut(&mut self.components)
    }

    /// A batch from each position's components: `value(component, position)` gives the bits.
    /// 64 positions at a time are turned into planes.
    pub fn from_values(
        holding: Holding,
        width: usize,
        len: usize,
        value: impl Fn(usize, usize) -> u64,
    ) -> Self {
        let mut batch = Self::zeros(holding, width, len);
        let stride = words(len);
        let mut square = Zeroizing::new([0; planes::WORD]);
        for (component, buffer) in batch.components_mut().iter_mut().enumerate() {
            for word in 0..stride {
                let first = word * planes::WORD;
                for (offset, row) in square.iter_mut().enumerate() {
                    *row = if first + offset < len { value(component, first + offset) } else { 0 };
                }
                planes::transpose(&mut square);
                for (plane, &column) in square.iter().take(width).enumerate() {
                    buffer[plane * stride + word] = column;
                }
            }
        }
        batch
    }

    /// A batch of public values: they are in the designated component, the others are 0.
    pub fn from_public(holding: Holding, width: usize, values: &[u64]) -> Self {
        Self::from_values(holding, width, values.len(), |component, position| {
            if Some(component) == holding.designated {
                values[position] & mask(u32::try_from(width).unwrap_or(u32::MAX))
            } else {
                0
            }
        })
    }

    /// Bits of each number.
    pub const fn width(&self) -> usize {
        self.width
    }

    /// Positions of the batch.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no positions.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Words of one plane.
    pub const fn stride(&self) -> usize {
        words(self.len)
    }

    /// Which components the node holds.
    pub const fn holding(&self) -> Holding {
        self.holding
    }

    /// A component's planes, one after the other.
    ///
    /// # Panics
    /// When the node does not hold that many components.
    pub fn component(&self, component: usize) -> &[u64] {
        &self.components[component]
    }

    pub(super) const fn range(&self, plane: usize) -> Range<usize> {
        let stride = words(self.len);
        plane * stride..(plane + 1) * stride
    }

    /// The planes from bit 0 up.
    pub fn planes(&self) -> impl ExactSizeIterator<Item = Plane<'_>> + Clone {
        (0..self.width).map(|index| self.plane_at(index))
    }

    const fn plane_at(&self, index: usize) -> Plane<'_> {
        Plane { bits: self, first: index * words(self.len), len: self.len }
    }

    /// The plane of one bit.
    ///
    /// # Errors
    /// When the numbers are not that wide.
    pub const fn plane(&self, index: usize) -> Result<Plane<'_>, ShapeError> {
        if index < self.width {
            Ok(self.plane_at(index))
        } else {
            Err(ShapeError { what: "plane below the width", expected: self.width, got: index })
        }
    }

    /// Check that another batch has the same width, length and components.
    ///
    /// # Errors
    /// Says what differs.
    pub fn check_like(&self, other: &Self) -> Result<(), ShapeError> {
        same("width", self.width, other.width)?;
        same("positions", self.len, other.len)?;
        same("components", self.holding.components, other.holding.components)
    }

    /// self ^= other, bit by bit.
    ///
    /// # Errors
    /// When the shapes differ.
    pub fn xor_with(&mut self, other: &Self) -> Result<(), ShapeError> {
        self.check_like(other)?;
        for (mine, theirs) in self.components_mut().iter_mut().zip(other.components.iter()) {
            xor_into(mine, theirs);
        }
        Ok(())
    }

    /// The XOR of two batches.
    ///
    /// # Errors
    /// When the shapes differ.
    pub fn xor(&self, other: &Self) -> Result<Self, ShapeError> {
        let mut result = self.clone();
        result.xor_with(other)?;
        Ok(result)
    }

    /// XOR a plane of another batch into one of this.
    ///
    /// # Errors
    /// When the lengths differ or there is no such plane.
    pub fn xor_plane(&mut self, index: usize, other: Plane<'_>) -> Result<(), ShapeError> {
        self.plane(index)?;
        same("positions", self.len, other.len())?;
        same("components", self.holding.components, other.holding().components)?;
        let range = self.range(index);
        for (component, buffer) in self.components_mut().iter_mut().enumerate() {
            xor_into(&mut buffer[range.clone()], other.component(component));
        }
        Ok(())
    }

    /// self ^= public values, one per position.
    ///
    /// # Errors
    /// When there is not one value per position.
    pub fn xor_public(&mut self, values: &[u64]) -> Result<(), ShapeError> {
        same("public values", self.len, values.len())?;
        self.xor_with(&Self::from_public(self.holding, self.width, values))
    }

    /// Negate every bit: for numbers of `width` bits, v becomes 2^width - 1 - v, which reverses
    /// their order.
    pub fn complement(&mut self) {
        for plane in 0..self.width {
            self.negate_plane(plane);
        }
    }

    /// Negate one plane, in the designated component; nodes that do not hold it do nothing.
    pub(crate) fn negate_plane(&mut self, plane: usize) {
        let range = self.range(plane);
        if let Some(designated) = self.holding.designated
            && designated < self.components.len()
        {
            let len = self.len;
            negate(&mut self.components_mut()[designated][range], len);
        }
    }
}
