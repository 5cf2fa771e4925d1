//! What the answer tells a participant alone, and how the participant comes by it.
//!
//! Every seed of an envelope also gives a part of a mask ([`Seed::reply`]). The nodes open what is
//! for the participant under the XOR of all parts, and sign it with the rest of the outcome. The
//! participant has drawn all seeds and knows the mask; t nodes together lack one of its parts, and
//! everyone else lacks all of them. Only the mask is kept, not the seeds, and only encrypted with
//! the participant's identity key, so that the file with envelope and receipts tells nobody else
//! anything.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::identity::{Digest, KeyPair};
use crate::sharing::Seed;

/// The mask of one envelope, encrypted with the identity key of its participant.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeptMask(u64);

impl KeptMask {
    /// The mask that an envelope's seeds give, of so many bits.
    pub fn of(seeds: &[Seed], bits: u32, keys: &KeyPair, envelope: &Digest) -> Self {
        let mask = seeds.iter().fold(0, |mask, seed| mask ^ seed.reply(bits));
        Self(mask ^ *pad(keys, envelope))
    }

    /// What the outcome tells under the mask of this envelope. With other keys or of another
    /// envelope it is nothing but noise.
    pub fn unmask(self, told: u64, bits: u32, keys: &KeyPair, envelope: &Digest) -> u64 {
        (told ^ self.0 ^ *pad(keys, envelope)) & crate::sharing::seed::mask(bits)
    }
}

/// What a mask is encrypted with: never the same for two envelopes.
fn pad(keys: &KeyPair, envelope: &Digest) -> Zeroizing<u64> {
    let hash = Sha256::new()
        .chain_update(b"gavel/v1/reply-mask\0")
        .chain_update(*keys.secret())
        .chain_update(envelope.0)
        .finalize();
    let hash = Zeroizing::new(<[u8; 32]>::from(hash));
    let mut pad = Zeroizing::new(0);
    for &byte in hash.iter().take(size_of::<u64>()) {
        *pad = *pad << 8 | u64::from(byte);
    }
    pad
}

#[cfg(test)]
mod tests {
    use crate::client::reply::*;

    #[test]
    fn only_the_own_keys_and_the_own_envelope_take_a_mask_off() {
        let (keys, other) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
        let (envelope, later) = (Digest([1; 32]), Digest([2; 32]));
        let seeds = [Seed::from_bytes([3; 32]), Seed::from_bytes([4; 32])];
        for bits in [1, 30, 64] {
            let told = 0x5555_aaaa_1234_8765 & crate::sharing::seed::mask(bits);
            let masked = told ^ seeds[0].reply(bits) ^ seeds[1].reply(bits);
            let kept = KeptMask::of(&seeds, bits, &keys, &envelope);
            assert_eq!(kept.unmask(masked, bits, &keys, &envelope), told);
            if bits > 1 {
                assert_ne!(kept.unmask(masked, bits, &other, &envelope), told);
                assert_ne!(kept.unmask(masked, bits, &keys, &later), told);
                let plain = KeptMask(seeds[0].reply(bits) ^ seeds[1].reply(bits));
                assert_ne!(kept, plain, "the file does not hold the mask itself");
            }
        }
    }
}
