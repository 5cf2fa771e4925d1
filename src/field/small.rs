//! The integers modulo a small prime, for tests that try every value.
//!
//! Too small to hide anything in, and not constant-time: the product never uses it.

use subtle::{Choice, ConditionallySelectable, ConstantTimeEq, CtOption};
use zeroize::DefaultIsZeroes;

use super::{Field, ops::operators};

/// An element of the field of P elements; P is a prime below 2^16.
#[derive(Clone, Copy, Default)]
pub struct Small<const P: u16>(u16);

impl<const P: u16> DefaultIsZeroes for Small<P> {}

#[expect(clippy::cast_possible_truncation, reason = "all values are below P")]
impl<const P: u16> Small<P> {
    /// Every element, from 0 up.
    pub fn all() -> impl Iterator<Item = Self> + Clone {
        (0..P).map(Self)
    }

    /// The number it stands for.
    pub const fn to_number(self) -> u16 {
        self.0
    }

    const fn plus(self, other: Self) -> Self {
        Self(((self.0 as u32 + other.0 as u32) % P as u32) as u16)
    }

    const fn minus(self, other: Self) -> Self {
        self.plus(other.negated())
    }

    const fn negated(self) -> Self {
        Self((P - self.0) % P)
    }

    const fn times(self, other: Self) -> Self {
        Self((self.0 as u32 * other.0 as u32 % P as u32) as u16)
    }
}

operators!([const P: u16] Small<P>);

impl<const P: u16> ConstantTimeEq for Small<P> {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.0.ct_eq(&other.0)
    }
}

impl<const P: u16> ConditionallySelectable for Small<P> {
    fn conditional_select(a: &Self, b: &Self, choice: Choice) -> Self {
        Self(u16::conditional_select(&a.0, &b.0, choice))
    }
}

impl<const P: u16> Field for Small<P> {
    const NAME: &'static str = "a small prime";
    const ZERO: Self = Self(0);
    const ONE: Self = Self(1);
    const BITS: u32 = P.ilog2() + 1;
    /// 64 bits modulo P: within P / 2^64 of uniform.
    const STREAM_WORDS: usize = 1;
    type Bytes = [u8; 2];

    #[expect(clippy::cast_possible_truncation, reason = "it is below P")]
    fn from_u128(value: u128) -> Self {
        Self((value % u128::from(P)) as u16)
    }

    fn to_u128(self) -> Option<u128> {
        Some(u128::from(self.0))
    }

    fn to_bytes(self) -> [u8; 2] {
        self.0.to_le_bytes()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let value = u16::from_le_bytes(bytes.try_into().ok()?);
        (value < P).then_some(Self(value))
    }

    fn from_stream(words: &[u64]) -> Self {
        words.first().map_or(Self::ZERO, |&word| Self::from_u64(word))
    }

    fn invert(self) -> CtOption<Self> {
        CtOption::new(self.pow(&[u64::from(P) - 2]), !self.ct_eq(&Self::ZERO))
    }

    fn sqrt(self) -> CtOption<Self> {
        let root = Self::all().find(|root| root.square().0 == self.0);
        CtOption::new(root.unwrap_or(Self::ZERO), Choice::from(u8::from(root.is_some())))
    }
}
