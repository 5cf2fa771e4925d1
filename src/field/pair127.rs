//! The field of 2^127+3080193 elements, which two parties compute over with material that others made
//! for them: two words each, no branches.
//!
//! With c = 3080193, 2^127 is -c, and so what is above the lowest 127 bits of a product goes below
//! them by one product with a short number, twice. The prime less 1 is 2^16 times an odd number, which
//! the roots of squares take their time for.

use subtle::{Choice, ConditionallySelectable, ConstantTimeEq, CtOption};
use zeroize::{DefaultIsZeroes, Zeroize};

use super::{Field, NearPower, ops::operators};

/// By how much the prime is above 2^127.
const ABOVE: u64 = 3_080_193;

const P: u128 = (1 << 127) + ABOVE as u128;

/// The words of the prime less 2, from the lowest: the exponent of an inverse.
const INVERSE: [u64; 2] = [ABOVE - 2, 1 << 63];

/// How often 2 divides the prime less 1, which is 2^16 (2^111 + 47).
const TWOS: u32 = 16;

/// Half of 2^111 + 46.
const HALF_ODD: [u64; 2] = [23, 1 << 46];

/// 3^(2^111 + 47). 3 is not a square, so this is 1 only after 2^16 squarings, not after fewer.
const GENERATOR: Pair127 = Pair127(0x288e_fabc_f5ce_ca8e_2c7d_9405_b806_36d7);

/// An element of the field of 2^127+3080193 elements; kept below the prime.
#[derive(Clone, Copy, Default)]
#[repr(transparent)]
pub struct Pair127(u128);

impl DefaultIsZeroes for Pair127 {}

/// The prime, or 0.
#[inline]
const fn prime_if(set: u64) -> u128 {
    let (low, high) = (ABOVE & set.wrapping_neg(), set << 63);
    (high as u128) << 64 | low as u128
}

/// a - b modulo the prime, for numbers less than the prime apart. Whether it goes below 0 is worked out
/// from the bits (Hacker's Delight, 2-13): of a comparison the compiler would make a branch.
#[inline]
const fn difference(a: u128, b: u128) -> u128 {
    let less = a.wrapping_sub(b);
    let (a, b, above) = (words(a).1, words(b).1, words(less).1);
    let borrow = (!a & b | (!a | b) & above) >> 63;
    less.wrapping_add(prime_if(borrow))
}

/// The two words of a number.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the two halves")]
const fn words(value: u128) -> (u64, u64) {
    (value as u64, (value >> 64) as u64)
}

/// The product of two words.
#[inline]
const fn wide(a: u64, b: u64) -> u128 {
    a as u128 * b as u128
}

/// A sum of products that is not reduced: 128 bits, 128 more, and what goes over.
#[derive(Clone, Copy, Default)]
pub struct Sum127 {
    low: u128,
    high: u128,
    over: u64,
}

impl Zeroize for Sum127 {
    fn zeroize(&mut self) {
        self.low.zeroize();
        self.high.zeroize();
        self.over.zeroize();
    }
}

impl Sum127 {
    /// Add low + high 2^128.
    #[inline]
    const fn add(&mut self, low: u128, high: u128) {
        let carry;
        (self.low, carry) = self.low.overflowing_add(low);
        let (sum, first) = self.high.overflowing_add(high);
        let (sum, second) = sum.overflowing_add(carry as u128);
        self.high = sum;
        self.over += first as u64 + second as u64;
    }

    /// Add another sum.
    #[inline]
    pub const fn add_sum(&mut self, other: Self) {
        self.add(other.low, other.high);
        self.over += other.over;
    }

    /// The element that it is.
    #[inline]
    pub fn reduce(self) -> Pair127 {
        // 2^128 is 2P less twice the little that is above, and 2^256 the square of that.
        let twice = Pair127(2 * u128::from(ABOVE)).negated();
        let high = Pair127(difference(self.high, P)).times(twice);
        let over = Pair127(u128::from(self.over)).times(twice.times(twice));
        Pair127(difference(self.low, P)).plus(high).plus(over)
    }
}

impl Pair127 {
    #[inline]
    const fn plus(self, other: Self) -> Self {
        // a - (p - b): the sum might not fit.
        Self(difference(self.0, P - other.0))
    }

    #[inline]
    const fn minus(self, other: Self) -> Self {
        Self(difference(self.0, other.0))
    }

    #[inline]
    const fn negated(self) -> Self {
        Self(0).minus(self)
    }

    /// The product as two numbers of 128 bits. The upper words of elements are at most 2^63, so the
    /// two middle products fit into one.
    #[inline]
    const fn product(self, other: Self) -> (u128, u128) {
        let ((a, b), (c, d)) = (words(self.0), words(other.0));
        Self::put_together(wide(a, c), wide(a, d) + wide(b, c), wide(b, d))
    }

    /// low + middle 2^64 + high 2^128.
    #[inline]
    const fn put_together(low: u128, middle: u128, high: u128) -> (u128, u128) {
        let (low, carry) = low.overflowing_add(middle << 64);
        (low, high + (middle >> 64) + carry as u128)
    }

    #[inline]
    const fn times(self, other: Self) -> Self {
        Self::fold(self.product(other))
    }

    /// A product of two elements, modulo the prime.
    #[inline]
    const fn fold((low, high): (u128, u128)) -> Self {
        const BELOW: u128 = (1 << 127) - 1;
        // What is above 2^127, times c.
        let (first, second) = words(high << 1 | low >> 127);
        let (first, second) = (wide(first, ABOVE), wide(second, ABOVE));
        let (word, over) = words(first);
        let upper = second + over as u128;
        let taken = (upper << 64) & BELOW | word as u128;
        // And what of that is above once more: 24 bits at most.
        let (again, _) = words(upper >> 63);
        // Both numbers are below 2^127, so that the highest bit tells which is less.
        let less = (low & BELOW).wrapping_sub(taken);
        let sum = less.wrapping_add(prime_if(words(less).1 >> 63)) + wide(again, ABOVE);
        // This is below the prime or little above it: both of the highest bits tell.
        let less = sum.wrapping_sub(P);
        let above = words(less).1;
        Self(less.wrapping_add(prime_if((above | above << 1) >> 63)))
    }

    /// The number it stands for.
    pub const fn to_number(self) -> u128 {
        self.0
    }

    /// The sum of the products place by place.
    #[inline]
    pub fn dot(x: &[Self], y: &[Self]) -> Sum127 {
        let mut sum = Sum127::default();
        for (&x, &y) in x.iter().zip(y) {
            let (low, high) = x.product(y);
            sum.add(low, high);
        }
        sum
    }
}

operators!([] Pair127);

impl ConstantTimeEq for Pair127 {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.0.ct_eq(&other.0)
    }
}

impl ConditionallySelectable for Pair127 {
    fn conditional_select(a: &Self, b: &Self, choice: Choice) -> Self {
        Self(u128::conditional_select(&a.0, &b.0, choice))
    }
}

impl Field for Pair127 {
    const NAME: &'static str = "2^127+3080193";
    const ZERO: Self = Self(0);
    const ONE: Self = Self(1);
    const BITS: u32 = 128;
    /// 128 bits, of which all elements but some millions are made of two patterns each: within 2^-104
    /// of uniform.
    const STREAM_WORDS: usize = 2;
    type Bytes = [u8; 16];

    fn from_u64(value: u64) -> Self {
        Self(u128::from(value))
    }

    fn from_u128(value: u128) -> Self {
        Self(difference(value, P))
    }

    fn to_u128(self) -> Option<u128> {
        Some(self.0)
    }

    fn to_bytes(self) -> [u8; 16] {
        self.0.to_le_bytes()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let value = u128::from_le_bytes(bytes.try_into().ok()?);
        (value < P).then_some(Self(value))
    }

    #[inline]
    fn from_stream(words: &[u64]) -> Self {
        match *words {
            [low, high] => Self::from_u128(u128::from(high) << 64 | u128::from(low)),
            // Callers hand over STREAM_WORDS words.
            _ => unreachable!("an element of {} takes 2 words, not {}", Self::NAME, words.len()),
        }
    }

    #[inline]
    fn square(self) -> Self {
        let (a, b) = words(self.0);
        Self::fold(Self::put_together(wide(a, a), wide(a, b) << 1, wide(b, b)))
    }

    fn invert(self) -> CtOption<Self> {
        CtOption::new(self.pow(&INVERSE), !self.ct_eq(&Self::ZERO))
    }

    fn sqrt(self) -> CtOption<Self> {
        let root = self * inverse_root(self);
        CtOption::new(root, root.square().ct_eq(&self))
    }

    fn inverse_root(self) -> CtOption<Self> {
        let inverse = inverse_root(self);
        CtOption::new(inverse, (inverse.square() * self).ct_eq(&Self::ONE))
    }

    fn inverse_roots(values: &mut [Self]) {
        for value in values {
            *value = inverse_root(*value);
        }
    }
}

/// What, times a square other than 0, is a root of it (Tonelli 1891, Shanks 1973), in constant time:
/// a^((q-1)/2) for the odd part q of the prime less 1, times what makes the rest, of an order that 2^16
/// is a multiple of, disappear bit by bit. It depends on the square alone, not on who made it of what.
fn inverse_root(square: Pair127) -> Pair127 {
    let mut inverse = square.pow(&HALF_ODD);
    let mut rest = inverse.square() * square;
    let mut generator = GENERATOR;
    for order in (2..=TWOS).rev() {
        let last = (2..order).fold(rest, |power, _| power.square());
        let done = last.ct_eq(&Pair127::ONE);
        inverse = Pair127::conditional_select(&(inverse * generator), &inverse, done);
        generator = generator.square();
        rest = Pair127::conditional_select(&(rest * generator), &rest, done);
    }
    inverse
}

/// 127 random bits are 2^-105 from a random element: 3080193 of 2^127 never come.
impl NearPower for Pair127 {
    const POWER: usize = 127;
}
