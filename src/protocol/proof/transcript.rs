//! Commitments, and challenges that follow from them (Fiat, Shamir 1986).
//!
//! The challenges of a proof are hashes of everything that was said before: what the attempt is
//! for, the step, the digests of all messages, the prover, and level by level the commitments to
//! every verifier's shares. A commitment hides its shares by 32 random bytes, since there are few
//! values to guess where there are few gates.

use sha2::{Digest as _, Sha256};

use super::shape::DIGEST;
use crate::field::{Field, MAX_STREAM_WORDS};
use crate::sharing::NodeIndex;

/// An element from a hash: from its first words, and those of its own hash where it takes more.
fn element<E: Field>(hash: Sha256) -> E {
    let first: [u8; DIGEST] = hash.finalize().into();
    let more = 8 * E::STREAM_WORDS > DIGEST;
    let both = [first, if more { Sha256::digest(first).into() } else { [0; DIGEST] }];
    let mut words = [0; MAX_STREAM_WORDS];
    for (word, bytes) in words.iter_mut().zip(both.as_flattened().as_chunks().0) {
        *word = u64::from_le_bytes(*bytes);
    }
    E::from_stream(&words[..E::STREAM_WORDS])
}

/// What weights and challenges of a check begin with: a hash of the attempt, the step, and the
/// digests of all participants.
pub(super) fn beginning<'a>(
    binding: &[u8; 32],
    step: &str,
    digests: impl Iterator<Item = (NodeIndex, &'a [u8])>,
) -> [u8; DIGEST] {
    let mut hash = Sha256::new()
        .chain_update(b"gavel/v1/check\0")
        .chain_update(binding)
        .chain_update((step.len() as u64).to_le_bytes())
        .chain_update(step);
    for (node, digests) in digests {
        hash.update([node.get()]);
        hash.update(digests);
    }
    hash.finalize().into()
}

/// What the weights of columns are powers of.
pub(super) fn weight<E: Field>(beginning: &[u8; DIGEST]) -> E {
    element(Sha256::new().chain_update(b"gavel/v1/check-weight\0").chain_update(beginning))
}

/// The transcript of one proof.
pub(super) struct Transcript {
    state: [u8; DIGEST],
    level: u8,
}

impl Transcript {
    pub(super) fn new(beginning: &[u8; DIGEST], prover: NodeIndex) -> Self {
        let hash = Sha256::new().chain_update(b"gavel/v1/proof\0").chain_update(beginning);
        Self { state: hash.chain_update([prover.get()]).finalize().into(), level: 0 }
    }

    /// The challenge of a level, from the commitments to its shares.
    pub(super) fn challenge<E: Field>(&mut self, commitments: &[[u8; DIGEST]]) -> E {
        let hash = Sha256::new().chain_update(b"gavel/v1/proof-level\0").chain_update(self.state);
        let hash = hash.chain_update([self.level]).chain_update(commitments.as_flattened());
        self.state = hash.finalize().into();
        self.level += 1;
        self.element(b"gavel/v1/proof-challenge\0")
    }

    /// What combines all linear checks of the proof, once all levels are done.
    pub(super) fn combiner<E: Field>(&self) -> E {
        self.element(b"gavel/v1/proof-combiner\0")
    }

    fn element<E: Field>(&self, kind: &[u8]) -> E {
        element(Sha256::new().chain_update(kind).chain_update(self.state))
    }
}

/// What combines the linear checks over all proofs.
pub(super) fn joint<E: Field>(combiners: impl Iterator<Item = E>) -> E {
    let mut hash = Sha256::new().chain_update(b"gavel/v1/check-joint\0");
    combiners.for_each(|combiner| hash.update(combiner.to_bytes().as_ref()));
    element(hash)
}

/// The commitment to a verifier's shares of one level.
pub(super) fn commitment<E: Field>(
    nonce: &[u8; DIGEST],
    (prover, verifier): (NodeIndex, NodeIndex),
    level: usize,
    shares: &[E],
) -> [u8; DIGEST] {
    let mut hash = Sha256::new()
        .chain_update(b"gavel/v1/proof-shares\0")
        .chain_update(nonce)
        .chain_update([prover.get(), verifier.get()])
        .chain_update((level as u64).to_le_bytes());
    for share in shares {
        hash.update(share.to_bytes().as_ref());
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use crate::field::Binary128;
    use crate::protocol::proof::transcript::*;

    #[test]
    fn challenges_follow_from_everything_that_was_said() {
        let node = |index| NodeIndex::new(index).unwrap();
        let challenges = |binding: u8, step: &str, said: [&[u8]; 2], prover, own: [u8; 2]| {
            let said = [1, 2].map(node).into_iter().zip(said);
            let beginning = beginning(&[binding; 32], step, said);
            let mut transcript = Transcript::new(&beginning, node(prover));
            let first = transcript.challenge(&[[own[0]; 32], [7; 32]]);
            let second = transcript.challenge(&[[own[1]; 32], [7; 32]]);
            [weight(&beginning), first, second, transcript.combiner()].map(Binary128::to_bits)
        };
        let all = [
            challenges(1, "a", [b"one", b"two"], 1, [1, 2]),
            challenges(2, "a", [b"one", b"two"], 1, [1, 2]),
            challenges(1, "b", [b"one", b"two"], 1, [1, 2]),
            challenges(1, "a", [b"one", b"tow"], 1, [1, 2]),
            challenges(1, "a", [b"one", b"two"], 2, [1, 2]),
            challenges(1, "a", [b"one", b"two"], 1, [3, 2]),
            challenges(1, "a", [b"one", b"two"], 1, [1, 3]),
        ];
        assert_eq!(all[0], challenges(1, "a", [b"one", b"two"], 1, [1, 2]));
        // Weights don't follow from the proof; the first challenge does not from the second level.
        for (at, other) in all.iter().enumerate().skip(1) {
            assert_eq!(other[0] == all[0][0], at >= 4, "{at}");
            assert_eq!(other[1] == all[0][1], at == 6, "{at}");
            assert!(other[2] != all[0][2] && other[3] != all[0][3], "{at}");
        }
    }
}
