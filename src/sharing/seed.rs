//! A bidder's seed for one component of a shared bid.
//!
//! The bidder draws one seed per set T. From it the component (a mask of b bits) is expanded; the
//! envelope publishes a commitment to every seed, so that a node sees at once, alone, whether the
//! seed it was sealed is the one all holders of this component were promised.

use rand::{TryRng, rngs::SysRng};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::node_set::NodeSet;

/// Bytes of a seed.
pub const SEED_BYTES: usize = 32;

/// A secret seed; wiped when dropped, never printed.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Seed([u8; SEED_BYTES]);

impl Seed {
    /// A fresh seed from the operating system.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn random() -> Result<Self, rand::rngs::SysError> {
        let mut bytes = [0; SEED_BYTES];
        SysRng.try_fill_bytes(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// A seed from its bytes, as unsealed.
    pub const fn from_bytes(bytes: [u8; SEED_BYTES]) -> Self {
        Self(bytes)
    }

    /// The bytes, to be sealed and nothing else.
    pub const fn expose(&self) -> &[u8; SEED_BYTES] {
        &self.0
    }

    /// The component this seed stands for: `bits` (at most 64) pseudorandom bits.
    pub fn component(&self, bits: u32) -> u64 {
        let mut hash: [u8; 32] = Sha256::new()
            .chain_update(b"gavel/v1/component\0")
            .chain_update(self.0)
            .finalize()
            .into();
        let word = u64::from_le_bytes([
            hash[0], hash[1], hash[2], hash[3], hash[4], hash[5], hash[6], hash[7],
        ]);
        hash.zeroize();
        word & mask(bits)
    }

    /// Commitment to this seed for component T within a context (session, bidder, revision).
    /// Binding by collision resistance, hiding because the seed has 256 bits of entropy.
    pub fn commitment(&self, context: &[u8; 32], set: NodeSet) -> [u8; 32] {
        Sha256::new()
            .chain_update(b"gavel/v1/commitment\0")
            .chain_update(context)
            .chain_update(set.bits().to_le_bytes())
            .chain_update(self.0)
            .finalize()
            .into()
    }

    /// Whether this seed is the committed one, in constant time.
    pub fn fits(&self, commitment: &[u8; 32], context: &[u8; 32], set: NodeSet) -> bool {
        self.commitment(context, set).ct_eq(commitment).into()
    }
}

/// The lowest `bits` bits set; all of them from 64 on.
pub const fn mask(bits: u32) -> u64 {
    if bits >= 64 { u64::MAX } else { (1 << bits) - 1 }
}
