//! A participant's seed for one component of a shared entry.
//!
//! The participant draws one seed per set T. From it the component (a mask as wide as all fields
//! together) is expanded; the envelope publishes a commitment to every seed, so that a node sees at
//! once, alone, whether the seed it was sealed is the one all holders of this component were
//! promised.
//!
//! A component is the beginning of a stream of SHA-256 in counter mode: block 0 is the hash of a
//! domain and the seed, every later one that of domain, seed and the block's number in 4
//! little-endian bytes. A short component is the beginning of a longer one, and all 256 bits of the
//! seed protect it.
//!
//! The commitment is a chain of two hashes: from the seed to its [`ReplyKey`], and from that to what
//! is published. So the reply key can be shown to somebody who is to take off the mask that it
//! stands for: the commitment proves that it is the right one, and of the seed, and so of the
//! component, it tells nothing.

use rand::{TryRng, rngs::SysRng};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::node_set::NodeSet;

/// Bytes of a seed.
pub const SEED_BYTES: usize = 32;

/// Words in a block of a seed's stream.
pub(super) const BLOCK_WORDS: usize = 4;

const WORD_BITS: usize = 64;

/// A secret seed; wiped when dropped, never printed.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Seed([u8; SEED_BYTES]);

impl Seed {
    /// A fresh seed from the operating system.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn random() -> Result<Self, rand::rngs::SysError> {
        let mut seed = Self([0; SEED_BYTES]);
        SysRng.try_fill_bytes(&mut seed.0)?;
        Ok(seed)
    }

    /// A seed from its bytes, as unsealed.
    pub const fn from_bytes(bytes: [u8; SEED_BYTES]) -> Self {
        Self(bytes)
    }

    /// The bytes, to be sealed and nothing else.
    pub const fn expose(&self) -> &[u8; SEED_BYTES] {
        &self.0
    }

    /// The component of at most 64 bits that this seed stands for.
    pub fn component(&self, bits: u32) -> u64 {
        let mut word = Zeroizing::new([0]);
        self.expand(bits as usize, &mut *word);
        word[0]
    }

    /// Write a component of `bits` bits, from the lowest bit of the first word up. Bits and
    /// words past it become 0.
    pub fn expand(&self, bits: usize, component: &mut [u64]) {
        let words = bits.div_ceil(WORD_BITS).min(component.len());
        let (component, past) = component.split_at_mut(words);
        past.fill(0);
        self.stream(b"gavel/v1/component\0", 0, component);
        if !bits.is_multiple_of(WORD_BITS)
            && let Some(last) = component.get_mut(bits / WORD_BITS)
        {
            *last &= (1 << (bits % WORD_BITS)) - 1;
        }
    }

    /// This seed's part of the mask under which the answer tells the participant alone something, of
    /// at most 64 bits: as different from its component as if they came from two seeds. Whoever
    /// lacks one of the participant's seeds knows nothing of the mask, which is the XOR of all.
    pub fn reply(&self, bits: u32) -> u64 {
        self.reply_key().mask(bits)
    }

    /// What [`Seed::reply`] is made of: the first link of the commitment to this seed.
    pub fn reply_key(&self) -> ReplyKey {
        ReplyKey(
            Sha256::new().chain_update(b"gavel/v1/reply\0").chain_update(self.0).finalize().into(),
        )
    }

    /// Write the words of this seed's stream under a domain, from block `first` on.
    pub(super) fn stream(&self, domain: &[u8], first: u32, words: &mut [u64]) {
        let beginning = Sha256::new().chain_update(domain).chain_update(self.0);
        for (number, words) in (first..).zip(words.chunks_mut(BLOCK_WORDS)) {
            let mut block = beginning.clone();
            if number > 0 {
                block.update(number.to_le_bytes());
            }
            let mut block: [u8; 32] = block.finalize().into();
            for (word, bytes) in words.iter_mut().zip(block.as_chunks().0) {
                *word = u64::from_le_bytes(*bytes);
            }
            block.zeroize();
        }
    }

    /// Commitment to this seed for component T within a context (session, bidder, revision).
    /// Binding by collision resistance, hiding because the seed has 256 bits of entropy.
    pub fn commitment(&self, context: &[u8; 32], set: NodeSet) -> [u8; 32] {
        self.reply_key().commitment(context, set)
    }

    /// Whether this seed is the committed one, in constant time.
    pub fn fits(&self, commitment: &[u8; 32], context: &[u8; 32], set: NodeSet) -> bool {
        self.commitment(context, set).ct_eq(commitment).into()
    }
}

/// What a seed's commitment is made from, and its part of the mask for a reply; wiped when dropped,
/// never printed. It tells nothing of the seed.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct ReplyKey([u8; SEED_BYTES]);

impl ReplyKey {
    /// A reply key from its bytes, as somebody claims that it is.
    pub const fn from_bytes(bytes: [u8; SEED_BYTES]) -> Self {
        Self(bytes)
    }

    /// The bytes, to be sealed to whom the reply is for.
    pub const fn expose(&self) -> &[u8; SEED_BYTES] {
        &self.0
    }

    /// The seed's part of the mask, of at most 64 bits.
    pub fn mask(&self, bits: u32) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        u64::from_le_bytes([a, b, c, d, e, f, g, h]) & mask(bits)
    }

    /// The commitment to the seed that this was made from.
    pub fn commitment(&self, context: &[u8; 32], set: NodeSet) -> [u8; 32] {
        Sha256::new()
            .chain_update(b"gavel/v1/commitment\0")
            .chain_update(context)
            .chain_update(set.bits().to_le_bytes())
            .chain_update(self.0)
            .finalize()
            .into()
    }
}

/// The lowest `bits` bits set; all of them from 64 on.
pub const fn mask(bits: u32) -> u64 {
    if bits >= 64 { u64::MAX } else { (1 << bits) - 1 }
}

#[cfg(test)]
mod tests {
    use crate::sharing::seed::*;

    /// SHA-256 of the domain, the seed and, from the second block on, the block's number; computed
    /// by another program.
    const KNOWN: [u64; 9] = [
        0x7091_fb4c_1519_1d58,
        0x8630_963e_8801_15dd,
        0x0267_65e9_8194_2739,
        0x408a_e96b_852c_04ee,
        0x9f76_ddee_09a7_857c,
        0xd87c_6667_ce3c_2d64,
        0xc574_42ff_a8b1_d6b7,
        0x6163_db95_c047_ba61,
        0x0515_c950_7203_44c5,
    ];

    fn seed() -> Seed {
        Seed::from_bytes(std::array::from_fn(|at| u8::try_from(at).unwrap()))
    }

    #[test]
    fn a_seed_stands_for_a_known_component() {
        assert_eq!(seed().component(64), KNOWN[0]);
        assert_eq!(seed().component(12), 0xd58);
        let mut words = [0; 9];
        seed().expand(9 * 64, &mut words);
        assert_eq!(words, KNOWN);
    }

    #[test]
    fn a_reply_is_masked_by_another_stream() {
        let reply = seed().reply(64);
        assert!(KNOWN.iter().all(|word| (word ^ reply).count_ones() > 10));
        assert_eq!(seed().reply(12), reply & 0xfff);
        assert_eq!(seed().reply(0), 0);
        // The first word of its reply key, which is no block of its component.
        let key = seed().reply_key();
        assert_eq!(key.expose()[..8], reply.to_le_bytes());
        assert_eq!(ReplyKey::from_bytes(*key.expose()).mask(12), reply & 0xfff);
        assert_ne!(Seed::from_bytes([1; 32]).reply(64), Seed::from_bytes([2; 32]).reply(64));
    }

    #[test]
    fn a_reply_key_alone_makes_the_commitment_to_its_seed() {
        let (context, set) = ([9; 32], NodeSet::from_bits(0b10));
        let commitment = seed().commitment(&context, set);
        assert!(seed().fits(&commitment, &context, set));
        assert_eq!(seed().reply_key().commitment(&context, set), commitment);
        let mut other = *seed().reply_key().expose();
        other[31] ^= 1;
        assert_ne!(ReplyKey::from_bytes(other).commitment(&context, set), commitment);
        assert_ne!(seed().commitment(&[8; 32], set), commitment);
        assert_ne!(seed().commitment(&context, NodeSet::from_bits(0b1)), commitment);
    }

    #[test]
    fn a_component_is_the_beginning_of_a_longer_one() {
        let mut long = [0; 40];
        seed().expand(40 * 64, &mut long);
        for bits in [0, 1, 63, 64, 65, 255, 256, 257, 1_000, 2_559] {
            let mut words = [u64::MAX; 40];
            seed().expand(bits, &mut words);
            for (at, (word, long)) in words.iter().zip(&long).enumerate() {
                let left = bits.saturating_sub(at * 64);
                assert_eq!(*word, long & mask(u32::try_from(left).unwrap()), "{bits} bits");
            }
        }
    }
}
