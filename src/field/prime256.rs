//! The field whose prime is the order of the curve secp256k1, over `crypto-bigint`: Montgomery
//! form with a constant modulus, constant-time. Products, which everything spends its time in, are
//! made here, in half the time.

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

/// A number of 256 bits, from its lowest word up.
type Words = [u64; 4];

/// The prime.
const PRIME: Words =
    [0xbfd2_5e8c_d036_4141, 0xbaae_dce6_af48_a03b, 0xffff_ffff_ffff_fffe, 0xffff_ffff_ffff_ffff];

/// What, times the prime, is -1 modulo 2^64.
const NEGATED_INVERSE: u64 = 0x4b0d_ff66_5588_b13f;

/// 2^512 and 2^768 modulo the prime.
const POWERS: [Words; 2] = [
    [0x896c_f214_67d7_d140, 0x7414_96c2_0e7c_f878, 0xe697_f5e4_5bcd_07c6, 0x9d67_1cd5_81c6_9bc5],
    [0x7bc0_cfe0_e9ff_41ed, 0x0017_6484_44d4_322c, 0xb1b3_1347_f1d0_b2da, 0x555d_800c_18ef_116d],
];

/// sum + a * b + carry: the lower word, and the upper one.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the two halves")]
const fn step(sum: u64, a: u64, b: u64, carry: u64) -> (u64, u64) {
    let wide = sum as u128 + a as u128 * b as u128 + carry as u128;
    (wide as u64, (wide >> 64) as u64)
}

/// A number below twice the prime, of which `over` is the fifth word, modulo the prime.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "words of a difference")]
fn reduce(number: &Words, over: u64) -> Words {
    let (mut less, mut borrow) = ([0; 4], 0);
    for (less, (&word, &prime)) in less.iter_mut().zip(number.iter().zip(&PRIME)) {
        let wide = u128::from(word).wrapping_sub(u128::from(prime) + u128::from(borrow));
        (*less, borrow) = (wide as u64, (wide >> 127) as u64);
    }
    // All ones where it was below the prime.
    let keep = (over.wrapping_sub(borrow) >> 63).wrapping_neg();
    for (less, &word) in less.iter_mut().zip(number) {
        *less ^= (*less ^ word) & keep;
    }
    less
}

/// a b / 2^256 modulo the prime, for one factor of any 256 bits and one below the prime: word by
/// word, each time adding what makes the lowest word 0 (Montgomery 1985).
#[inline]
fn multiply(a: &Words, b: &Words) -> Words {
    let (mut sum, mut over) = ([0; 4], 0);
    for &b in b {
        let mut carry = 0;
        for (sum, &a) in sum.iter_mut().zip(a) {
            (*sum, carry) = step(*sum, a, b, carry);
        }
        let (high, top) = step(over, 1, carry, 0);
        let factor = sum[0].wrapping_mul(NEGATED_INVERSE);
        let (_, mut carry) = step(sum[0], factor, PRIME[0], 0);
        for at in 1..sum.len() {
            (sum[at - 1], carry) = step(sum[at], factor, PRIME[at], carry);
        }
        let above;
        (sum[3], above) = step(high, 1, carry, 0);
        over = top + above;
    }
    reduce(&sum, over)
}

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
    fn times(self, other: Self) -> Self {
        Self::of_form(multiply(self.form(), other.form()))
    }

    /// The number times 2^256, modulo the prime.
    #[inline]
    const fn form(&self) -> &Words {
        self.0.as_montgomery().as_words()
    }

    #[inline]
    const fn of_form(words: Words) -> Self {
        Self(Form::from_montgomery(U256::from_words(words)))
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
        let number = |words: &[u64]| {
            let mut number = [0; 4];
            number.iter_mut().zip(words).for_each(|(place, &word)| *place = word);
            number
        };
        let (low, high) = words.split_at(words.len().min(4));
        let parts = [number(low), number(high)];
        let [low, high] = [0, 1].map(|at| Self::of_form(multiply(&parts[at], &POWERS[at])));
        low + high
    }

    #[inline]
    fn square(self) -> Self {
        self * self
    }

    fn invert(self) -> CtOption<Self> {
        CtOption::from(self.0.invert()).map(Self)
    }

    fn sqrt(self) -> CtOption<Self> {
        CtOption::from(self.0.sqrt()).map(Self)
    }
}
