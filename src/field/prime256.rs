//! The field whose prime is the order of the curve secp256k1, over `crypto-bigint`: Montgomery
//! form with a constant modulus, constant-time.

use crypto_bigint::modular::{ConstMontyForm, ConstMontyParams as _};
use crypto_bigint::{U256, const_prime_monty_params};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq, CtOption};
use zeroize::DefaultIsZeroes;

use super::{Field, ops::operators};

const_prime_monty_params!(
    Order,
    U256,
    "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
    7,
    "The order of secp256k1; 7 is not a square modulo it."
);

type Form = ConstMontyForm<Order, { U256::LIMBS }>;

/// An element of the field whose prime is the order of secp256k1.
#[derive(Clone, Copy, Default)]
pub struct Prime256(Form);

impl DefaultIsZeroes for Prime256 {}

impl Prime256 {
    #[inline]
    const fn plus(self, other: Self) -> Self {
        Self(self.0.add(&other.0))
    }

    #[inline]
    const fn minus(self, other: Self) -> Self {
        Self(self.0.sub(&other.0))
    }

    #[inline]
    const fn negated(self) -> Self {
        Self(self.0.neg())
    }

    #[inline]
    const fn times(self, other: Self) -> Self {
        Self(self.0.mul(&other.0))
    }
}

operators!([] Prime256);

impl ConstantTimeEq for Prime256 {
    fn ct_eq(&self, other: &Self) -> Choice {
        // Montgomery forms are kept below the prime, so equal elements have equal forms.
        self.0.as_montgomery().as_words().ct_eq(other.0.as_montgomery().as_words())
    }
}

impl ConditionallySelectable for Prime256 {
    fn conditional_select(a: &Self, b: &Self, choice: Choice) -> Self {
        let (a, b) = (a.0.as_montgomery().as_words(), b.0.as_montgomery().as_words());
        let mut words = *a;
        for (word, b) in words.iter_mut().zip(b) {
            word.conditional_assign(b, choice);
        }
        Self(Form::from_montgomery(U256::from_words(words)))
    }
}

impl Field for Prime256 {
    const NAME: &'static str = "the order of secp256k1";
    const ZERO: Self = Self(Form::ZERO);
    const ONE: Self = Self(Form::ONE);
    const BITS: u32 = 256;
    /// 384 bits modulo the prime: within 2^-128 of uniform.
    const STREAM_WORDS: usize = 6;
    type Bytes = [u8; 32];

    fn from_u64(value: u64) -> Self {
        Self(Form::new(&U256::from_u64(value)))
    }

    fn from_u128(value: u128) -> Self {
        Self(Form::new(&U256::from_u128(value)))
    }

    fn to_u128(self) -> Option<u128> {
        let bytes = self.to_bytes();
        let (low, high) = bytes.split_at(16);
        let fits = high.iter().all(|&byte| byte == 0);
        low.try_into().ok().filter(|_| fits).map(u128::from_le_bytes)
    }

    fn to_bytes(self) -> [u8; 32] {
        self.0.retrieve().to_le_bytes().into()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes: [u8; 32] = bytes.try_into().ok()?;
        let value = U256::from_le_slice(&bytes);
        (value < *Order::PARAMS.modulus().as_ref()).then(|| Self(Form::new(&value)))
    }

    fn from_stream(words: &[u64]) -> Self {
        /// 2^256 modulo the prime, which is 1 in Montgomery form.
        const ABOVE: Form = Form::new(Form::ONE.as_montgomery());
        let number = |words: &[u64]| {
            let mut bytes = [0; 32];
            for (piece, word) in bytes.chunks_exact_mut(8).zip(words) {
                piece.copy_from_slice(&word.to_le_bytes());
            }
            Form::new(&U256::from_le_slice(&bytes))
        };
        let (low, high) = words.split_at(words.len().min(4));
        Self(number(low) + number(high) * ABOVE)
    }

    #[inline]
    fn square(self) -> Self {
        Self(self.0.square())
    }

    fn invert(self) -> CtOption<Self> {
        CtOption::from(self.0.invert()).map(Self)
    }

    fn sqrt(self) -> CtOption<Self> {
        CtOption::from(self.0.sqrt()).map(Self)
    }
}
