//! What a participant hands in: a row of fields, each a number from 0 to a maximum.
//!
//! Which fields an entry has is public and follows from the terms. An auction's entry has one, the
//! amount. Fields are numbered from 1 where people read of them.

use crate::sharing::form::Extent;
use crate::sharing::seed::mask;

/// Most bits of a field.
pub const MAX_FIELD_BITS: u32 = 63;

/// Most fields of an entry. All together have fewer than 2^20 bits then, and what an envelope
/// publishes of them takes at most 126 KiB on bits, 256 KiB on numbers.
pub const MAX_FIELDS: usize = 1 << 14;

/// One number of an entry: its width in bits and its largest value, both public.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Field {
    /// Its width, which all may know: 1 to [`MAX_FIELD_BITS`].
    pub bits: u32,
    /// The largest value that counts.
    pub maximum: u64,
}

impl Field {
    /// The narrowest field for values up to a maximum.
    pub const fn up_to(maximum: u64) -> Self {
        let bits = u64::BITS - maximum.leading_zeros();
        Self { bits: if bits == 0 { 1 } else { bits }, maximum }
    }

    /// Whether some pattern of its bits is above the maximum, so that its range has to be checked.
    pub const fn can_exceed(self) -> bool {
        self.maximum != mask(self.bits)
    }
}

/// The fields of an entry. Equal neighbours are kept as one, so that an entry of thousands of
/// equal fields takes no more than one of a single field.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Layout {
    groups: Vec<Group>,
    extent: Extent,
}

/// Equal fields beside one another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Group {
    field: Field,
    count: usize,
}

/// Which rule the fields of an entry break.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LayoutError {
    /// No field at all.
    #[error("an entry has at least one field")]
    Empty,
    /// A field without bits, or with too many.
    #[error("a field has 1 to {MAX_FIELD_BITS} bits; field {field} would have {bits}")]
    Bits {
        /// Which field, from 1.
        field: usize,
        /// Its bits.
        bits: u32,
    },
    /// A maximum that does not fit in the field.
    #[error("the maximum of field {field} takes more than its {bits} bits")]
    Maximum {
        /// Which field, from 1.
        field: usize,
        /// Its bits.
        bits: u32,
    },
    /// Too many fields.
    #[error("an entry has at most {MAX_FIELDS} fields")]
    TooMany,
}

/// Why values are not an entry. Never carries a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum EntryError {
    /// Too few values, or too many.
    #[error("an entry of this session has {expected} fields, not {got}")]
    Count {
        /// Fields of an entry.
        expected: usize,
        /// Values given.
        got: usize,
    },
    /// Above what the terms allow.
    #[error("field {field} is above its maximum, {maximum}; give at most that")]
    AboveMaximum {
        /// Which field, from 1.
        field: usize,
        /// The public maximum.
        maximum: u64,
    },
}

impl Layout {
    /// An entry of these fields.
    ///
    /// # Errors
    /// Names the first field that breaks a rule.
    pub fn new(fields: impl IntoIterator<Item = Field>) -> Result<Self, LayoutError> {
        let mut layout = Self { groups: Vec::new(), extent: Extent { fields: 0, bits: 0 } };
        for field in fields {
            layout.push(field, 1)?;
        }
        if layout.groups.is_empty() { Err(LayoutError::Empty) } else { Ok(layout) }
    }

    /// An entry of `count` equal fields.
    ///
    /// # Errors
    /// When the field or their number breaks a rule.
    pub fn repeated(field: Field, count: usize) -> Result<Self, LayoutError> {
        if count == 0 {
            return Err(LayoutError::Empty);
        }
        let mut layout = Self { groups: Vec::new(), extent: Extent { fields: 0, bits: 0 } };
        layout.push(field, count)?;
        Ok(layout)
    }

    fn push(&mut self, field: Field, count: usize) -> Result<(), LayoutError> {
        let Extent { fields, bits } = self.extent;
        let number = fields + 1;
        if field.bits == 0 || field.bits > MAX_FIELD_BITS {
            return Err(LayoutError::Bits { field: number, bits: field.bits });
        }
        if field.maximum > mask(field.bits) {
            return Err(LayoutError::Maximum { field: number, bits: field.bits });
        }
        if count > MAX_FIELDS - fields {
            return Err(LayoutError::TooMany);
        }
        self.extent = Extent { fields: fields + count, bits: bits + count * field.bits as usize };
        match self.groups.last_mut() {
            Some(last) if last.field == field => last.count += count,
            _ => self.groups.push(Group { field, count }),
        }
        Ok(())
    }

    /// Number of fields and their bits together.
    pub const fn extent(&self) -> Extent {
        self.extent
    }

    /// The fields in order.
    pub fn fields(&self) -> impl Iterator<Item = Field> + Clone {
        self.groups.iter().flat_map(|group| std::iter::repeat_n(group.field, group.count))
    }

    /// Whether some field has patterns of bits above its maximum.
    pub fn can_exceed(&self) -> bool {
        self.groups.iter().any(|group| group.field.can_exceed())
    }

    /// Check that values are an entry: one for each field, none above its maximum.
    ///
    /// # Errors
    /// Names the first field that is too large.
    pub fn check(&self, values: &[u64]) -> Result<(), EntryError> {
        let (expected, got) = (self.extent.fields, values.len());
        if expected != got {
            return Err(EntryError::Count { expected, got });
        }
        let above = self.fields().zip(values).position(|(field, &value)| value > field.maximum);
        match above.and_then(|at| Some((at, self.fields().nth(at)?))) {
            Some((at, Field { maximum, .. })) => {
                Err(EntryError::AboveMaximum { field: at + 1, maximum })
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::entries::*;

    const WIDE: Field = Field { bits: 63, maximum: mask(63) };

    #[test]
    fn a_field_is_as_wide_as_its_maximum() {
        let bits = [0, 1, 2, 255, 256, mask(63)].map(|maximum| Field::up_to(maximum).bits);
        assert_eq!(bits, [1, 1, 2, 8, 9, 63]);
        let can_exceed = [0, 1, 2, 255, 256].map(|maximum| Field::up_to(maximum).can_exceed());
        assert_eq!(can_exceed, [true, false, true, false, true]);
    }

    #[test]
    fn equal_neighbours_are_one_group() {
        let price = Field::up_to(65_535);
        let repeated = Layout::repeated(price, 4_000).unwrap();
        assert_eq!(repeated, Layout::new(vec![price; 4_000]).unwrap());
        assert_eq!((repeated.groups.len(), repeated.extent().bits), (1, 64_000));
        let mixed = Layout::new([price, price, WIDE, price]).unwrap();
        assert_eq!(mixed.groups.len(), 3);
        assert_eq!(mixed.extent(), Extent { fields: 4, bits: 3 * 16 + 63 });
        assert!(mixed.fields().eq([price, price, WIDE, price]));
    }

    #[test]
    fn fields_and_entries_have_their_bounds() {
        let bits = |bits| Field { bits, maximum: 0 };
        assert_eq!(Layout::new([]), Err(LayoutError::Empty));
        assert_eq!(Layout::repeated(WIDE, 0), Err(LayoutError::Empty));
        let refused = Layout::new([WIDE, bits(64)]);
        assert_eq!(refused, Err(LayoutError::Bits { field: 2, bits: 64 }));
        assert_eq!(Layout::new([bits(0)]), Err(LayoutError::Bits { field: 1, bits: 0 }));
        let narrow = Field { bits: 3, maximum: 8 };
        assert_eq!(Layout::new([narrow]), Err(LayoutError::Maximum { field: 1, bits: 3 }));

        let most = Layout::repeated(WIDE, MAX_FIELDS).unwrap().extent();
        assert!(most.bits < 1 << 20);
        assert_eq!(Layout::repeated(WIDE, MAX_FIELDS + 1), Err(LayoutError::TooMany));
        assert_eq!(Layout::repeated(WIDE, usize::MAX), Err(LayoutError::TooMany));
        let mut fields = vec![WIDE; MAX_FIELDS];
        fields.push(bits(1));
        assert_eq!(Layout::new(fields), Err(LayoutError::TooMany));
    }

    #[test]
    fn values_that_are_no_entry_are_refused_without_repeating_them() {
        let layout = Layout::new([Field::up_to(9), Field::up_to(200), WIDE]).unwrap();
        assert_eq!(layout.check(&[9, 200, 0]), Ok(()));
        assert_eq!(layout.check(&[9, 200]), Err(EntryError::Count { expected: 3, got: 2 }));
        let error = layout.check(&[0, 201, 0]).unwrap_err();
        assert_eq!(error, EntryError::AboveMaximum { field: 2, maximum: 200 });
        assert!(!error.to_string().contains("201"), "{error}");
    }
}
