//! Pseudorandom planes from a key and a step name: AES-128 in counter mode (NIST SP 800-38A).
//!
//! The first counter block is a hash of the step's full name, so every step has its own stream
//! under a key. Two streams of one key overlap with probability below (blocks drawn)^2 / 2^128,
//! the usual bound for counter mode with random starting points.

use aes::Aes128Enc;
use aes::cipher::{
    Array, Block, InnerIvInit as _, KeyInit as _, StreamCipherCore as _, array::sizes::U16,
};
use ctr::{CtrCore, flavors::Ctr128BE};
use sha2::{Digest as _, Sha256};
use zeroize::optimization_barrier;

/// Words made at a time: 4 KiB, well inside the first-level cache.
const TILE: usize = 256;

/// Words of a block of a stream: what is made from it begins at one.
pub const BLOCK_WORDS: usize = 2;

/// The first counter block of a step's streams.
#[derive(Clone, Copy)]
pub struct StreamStart([u8; 16]);

impl StreamStart {
    /// The start for a step's full name, such as "tournament/3/less-than/2".
    pub fn of(step: &str) -> Self {
        let hash = Sha256::new().chain_update(b"gavel/v1/stream\0").chain_update(step).finalize();
        let mut start = [0; 16];
        start.copy_from_slice(&hash[..16]);
        Self(start)
    }

    /// The counter block that is `blocks` blocks further on.
    const fn after(self, blocks: usize) -> [u8; 16] {
        u128::from_be_bytes(self.0).wrapping_add(blocks as u128).to_be_bytes()
    }
}

/// A key shared by some of the nodes for one attempt; wiped when dropped, never printed.
pub struct StreamKey(Aes128Enc);

impl StreamKey {
    /// The key with these bytes.
    pub fn new(key: &[u8; 16]) -> Self {
        Self(Aes128Enc::new(&Array::from(*key)))
    }

    /// dst ^= the step's stream. `dst` starts at the beginning of the stream.
    pub fn xor_into(&self, start: StreamStart, dst: &mut [u64]) {
        self.expand(start, 0, dst, |word, key| *word ^= key);
    }

    /// dst ^= the step's stream from block `blocks` (of two words each) on.
    pub fn xor_at(&self, start: StreamStart, blocks: usize, dst: &mut [u64]) {
        self.expand(start, blocks, dst, |word, key| *word ^= key);
    }

    /// dst = the step's stream from block `blocks` (of two words each) on.
    pub fn write_at(&self, start: StreamStart, blocks: usize, dst: &mut [u64]) {
        self.expand(start, blocks, dst, |word, key| *word = key);
    }

    /// The cipher takes all blocks of a tile at once and keeps eight of them under way.
    fn expand(
        &self,
        start: StreamStart,
        blocks: usize,
        dst: &mut [u64],
        put: impl Fn(&mut u64, u64),
    ) {
        let iv: Array<u8, U16> = start.after(blocks).into();
        let mut stream = CtrCore::<&Aes128Enc, Ctr128BE>::inner_iv_init(&self.0, &iv);
        let mut tile = [Block::<Aes128Enc>::default(); TILE / BLOCK_WORDS];
        let used = dst.len().div_ceil(BLOCK_WORDS).min(TILE / BLOCK_WORDS);
        for words in dst.chunks_mut(TILE) {
            let blocks = &mut tile[..words.len().div_ceil(BLOCK_WORDS)];
            stream.write_keystream_blocks(blocks);
            let (pairs, rest) = words.as_chunks_mut::<BLOCK_WORDS>();
            for ([first, second], block) in pairs.iter_mut().zip(blocks.iter()) {
                let [low, high] = halves(block);
                put(first, low);
                put(second, high);
            }
            if let ([word], Some(block)) = (rest, blocks.last()) {
                put(word, halves(block)[0]);
            }
        }
        let used = &mut tile[..used];
        used.fill(Block::<Aes128Enc>::default());
        optimization_barrier(used);
    }
}

/// The two words of a block.
#[expect(clippy::cast_possible_truncation, reason = "the two halves of a block")]
fn halves(block: &Block<Aes128Enc>) -> [u64; 2] {
    let block = u128::from_le_bytes(block.0);
    [block as u64, (block >> 64) as u64]
}

#[cfg(test)]
mod tests {
    use crate::sharing::stream::*;

    #[test]
    fn a_longer_stream_begins_with_the_shorter_one() {
        let key = StreamKey::new(&[7; 16]);
        let start = StreamStart::of("a");
        let mut long = vec![0; 3 * TILE + 5];
        key.xor_into(start, &mut long);
        for len in [1, 2, TILE - 1, TILE, TILE + 1] {
            let mut short = vec![0; len];
            key.xor_into(start, &mut short);
            assert_eq!(short, long[..len]);
        }
        key.xor_into(start, &mut long);
        assert!(long.iter().all(|&word| word == 0));
    }

    #[test]
    fn a_stream_can_be_taken_up_anywhere() {
        let key = StreamKey::new(&[9; 16]);
        // A start whose counter overflows on the way.
        let start = StreamStart([255; 16]);
        let mut whole = vec![0; 3 * TILE];
        key.xor_into(start, &mut whole);
        for blocks in [0, 1, 5, TILE / 2, TILE] {
            for len in [1, 2, 7, TILE] {
                let mut part = vec![u64::MAX; len];
                key.write_at(start, blocks, &mut part);
                assert_eq!(part, whole[2 * blocks..2 * blocks + len]);
                key.xor_at(start, blocks, &mut part);
                assert!(part.iter().all(|&word| word == 0));
            }
        }
    }

    #[test]
    fn the_stream_is_that_of_the_standard() {
        // NIST SP 800-38A, F.5.1: key and first counter block, plaintext XOR ciphertext.
        let hex = |text: &str| u128::from_str_radix(text, 16).unwrap().to_be_bytes();
        let key = StreamKey::new(&hex("2b7e151628aed2a6abf7158809cf4f3c"));
        let mut words = [0; 4];
        key.xor_into(StreamStart(hex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff")), &mut words);
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        assert_eq!(bytes[..16], hex("ec8cdf7398607cb0f2d21675ea9ea1e4"));
        assert_eq!(bytes[16..], hex("362b7c3c6773516318a077d7fc5073ae"));
    }

    #[test]
    fn steps_and_keys_have_streams_of_their_own() {
        let mut seen = std::collections::HashSet::new();
        for key in 0..3 {
            for step in ["a", "b", "a/b"] {
                let mut word = [0];
                StreamKey::new(&[key; 16]).xor_into(StreamStart::of(step), &mut word);
                assert!(seen.insert(word));
            }
        }
    }
}
