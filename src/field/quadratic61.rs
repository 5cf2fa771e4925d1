//! The field of (2^61-1)^2 elements a + bi with i^2 = -1: what proofs about 2^61-1 are made in, since
//! that alone has too few elements for a challenge. -1 has no root there, for the prime is 3 modulo 4.

use subtle::{Choice, ConditionallySelectable, ConstantTimeEq, CtOption};
use zeroize::DefaultIsZeroes;

use super::{Field, Mersenne61, ops::operators};

/// a + bi.
#[derive(Clone, Copy, Default)]
pub struct Quadratic61 {
    real: Mersenne61,
    imaginary: Mersenne61,
}

impl DefaultIsZeroes for Quadratic61 {}

/// Products of two words below the prime of which 64 fit into a sum, in pairs.
const PAIRS: usize = 32;

impl Quadratic61 {
    const fn new(real: Mersenne61, imaginary: Mersenne61) -> Self {
        Self { real, imaginary }
    }

    #[inline]
    fn plus(self, other: Self) -> Self {
        Self::new(self.real + other.real, self.imaginary + other.imaginary)
    }

    #[inline]
    fn minus(self, other: Self) -> Self {
        Self::new(self.real - other.real, self.imaginary - other.imaginary)
    }

    #[inline]
    fn negated(self) -> Self {
        Self::new(-self.real, -self.imaginary)
    }

    #[inline]
    fn times(self, other: Self) -> Self {
        let [real, imaginary] = self.product(other);
        Self::new(Mersenne61::from_u128(real), Mersenne61::from_u128(imaginary))
    }

    /// Both parts of a product, below 2^123 each.
    #[inline]
    fn product(self, other: Self) -> [u128; 2] {
        let words =
            |element: Self| [element.real, element.imaginary].map(|part| u128::from(part.to_u64()));
        let ([a, b], [c, d]) = (words(self), words(other));
        let minus_d = u128::from((-other.imaginary).to_u64());
        [a * c + b * minus_d, a * d + b * c]
    }

    /// The element without an imaginary part.
    #[inline]
    pub fn lift(real: Mersenne61) -> Self {
        Self::new(real, Mersenne61::ZERO)
    }

    /// The element times one without an imaginary part.
    #[inline]
    #[must_use]
    pub fn scaled(self, by: Mersenne61) -> Self {
        Self::new(self.real * by, self.imaginary * by)
    }

    /// The sum of the products place by place: sums are reduced once for 32 places.
    pub fn dot(x: &[Self], y: &[Self]) -> Self {
        let mut sum = Self::ZERO;
        for (x, y) in x.chunks(PAIRS).zip(y.chunks(PAIRS)) {
            let mut parts = [0_u128; 2];
            for (&x, &y) in x.iter().zip(y) {
                let [real, imaginary] = x.product(y);
                parts = [parts[0] + real, parts[1] + imaginary];
            }
            sum += Self::of_parts(parts);
        }
        sum
    }

    /// The same where the elements on one side have no imaginary part.
    pub fn dot_lifted(x: &[Mersenne61], y: &[Self]) -> Self {
        let mut sum = Self::ZERO;
        for (x, y) in x.chunks(2 * PAIRS).zip(y.chunks(2 * PAIRS)) {
            let mut parts = [0_u128; 2];
            for (x, y) in x.iter().zip(y) {
                let x = u128::from(x.to_u64());
                parts[0] += x * u128::from(y.real.to_u64());
                parts[1] += x * u128::from(y.imaginary.to_u64());
            }
            sum += Self::of_parts(parts);
        }
        sum
    }

    fn of_parts([real, imaginary]: [u128; 2]) -> Self {
        Self::new(Mersenne61::from_u128(real), Mersenne61::from_u128(imaginary))
    }
}

operators!([] Quadratic61);

impl ConstantTimeEq for Quadratic61 {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.real.ct_eq(&other.real) & self.imaginary.ct_eq(&other.imaginary)
    }
}

impl ConditionallySelectable for Quadratic61 {
    fn conditional_select(a: &Self, b: &Self, choice: Choice) -> Self {
        let part = |a: &Mersenne61, b| Mersenne61::conditional_select(a, b, choice);
        Self::new(part(&a.real, &b.real), part(&a.imaginary, &b.imaginary))
    }
}

impl Field for Quadratic61 {
    const NAME: &'static str = "(2^61-1)^2";
    const ZERO: Self = Self::new(Mersenne61::ZERO, Mersenne61::ZERO);
    const ONE: Self = Self::new(Mersenne61::ONE, Mersenne61::ZERO);
    /// Of both parts.
    const BITS: u32 = 122;
    /// Two for each part: within 2^-66 of uniform.
    const STREAM_WORDS: usize = 4;
    type Bytes = [u8; 16];

    /// Without an imaginary part.
    fn from_u128(value: u128) -> Self {
        Self::lift(Mersenne61::from_u128(value))
    }

    fn to_u128(self) -> Option<u128> {
        self.real.to_u128().filter(|_| self.imaginary.is_zero())
    }

    fn to_bytes(self) -> [u8; 16] {
        let number = |part: Mersenne61| u128::from(part.to_u64());
        (number(self.imaginary) << 64 | number(self.real)).to_le_bytes()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (real, imaginary) = bytes.split_at_checked(Mersenne61::BYTES)?;
        Some(Self::new(Mersenne61::from_bytes(real)?, Mersenne61::from_bytes(imaginary)?))
    }

    #[inline]
    fn from_stream(words: &[u64]) -> Self {
        let (real, imaginary) = words.split_at(words.len().min(Mersenne61::STREAM_WORDS));
        Self::new(Mersenne61::from_stream(real), Mersenne61::from_stream(imaginary))
    }

    /// The conjugate over the norm.
    fn invert(self) -> CtOption<Self> {
        let norm = self.real.square() + self.imaginary.square();
        let conjugate = Self::new(self.real, -self.imaginary);
        norm.invert().map(|inverse| conjugate.scaled(inverse))
    }

    /// From the root of the norm: the square of the root's real part is the mean of the real part and
    /// one of the norm's roots.
    fn sqrt(self) -> CtOption<Self> {
        let none = Mersenne61::ZERO;
        let norm = self.real.square() + self.imaginary.square();
        let root = norm.sqrt().unwrap_or(none);
        let half = Mersenne61::from_u64(1 << 60);
        let [above, below] = [root, -root].map(|root| ((self.real + root) * half).sqrt());
        let real = Mersenne61::conditional_select(
            &below.unwrap_or(none),
            &above.unwrap_or(none),
            above.is_some(),
        );
        // Without a real part the root is that of a negative number.
        let imaginary = (real + real).invert().map(|inverse| self.imaginary * inverse);
        let alone = (-self.real).sqrt().unwrap_or(none);
        let root = Self::new(real, imaginary.unwrap_or(alone));
        CtOption::new(root, root.square().ct_eq(&self))
    }
}
