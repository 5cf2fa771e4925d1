//! One node's proof, and what others make of the components that they hold as well.

use rand::{TryRng as _, rngs::SysRng};
use zeroize::Zeroizing;

use super::kind::{Kind, Sides};
use super::later;
use super::shape::{DIGEST, Factors, LEVELS, Level};
use super::transcript::{Transcript, commitment};
use super::vector::{Spare, Vector};
use crate::field::Field;
use crate::field::bulk::{Elements, add_into, inner_product, scale};
use crate::protocol::bits::assignment::Duties;
use crate::sharing::numbers::shamir::point;
use crate::sharing::stream::{BLOCK_WORDS, StreamKey, StreamStart};
use crate::sharing::{NodeIndex, NodeSet};

/// A node's shares of the values of a proof.
pub(super) type Shares<E> = Zeroizing<Vec<E>>;

/// A proof as its prover knows it.
pub(super) struct Proof<E: Field> {
    /// Every participant's shares of all values.
    pub(super) shares: Vec<(NodeIndex, Shares<E>)>,
    /// Every verifier's nonce.
    pub(super) nonces: Vec<(NodeIndex, [u8; DIGEST])>,
    /// The commitments to every verifier's shares, level by level.
    pub(super) commitments: Vec<[u8; DIGEST]>,
    pub(super) challenges: Challenges<E>,
    /// What every component held folds to.
    pub(super) folded: Vec<Sides<E>>,
}

/// The challenges of a proof.
pub(super) struct Challenges<E> {
    pub(super) levels: Vec<Factors<E>>,
    pub(super) combiner: E,
}

impl<E: Spare> Challenges<E> {
    /// Those that follow from the commitments, `verifiers` for each level.
    pub(super) fn of<K: Kind<Field = E>>(
        beginning: &[u8; DIGEST],
        prover: NodeIndex,
        commitments: &[[u8; DIGEST]],
    ) -> Self {
        let mut transcript = Transcript::new(beginning, prover);
        let verifiers = (commitments.len() / LEVELS).max(1);
        let of_levels = commitments.chunks(verifiers).zip(K::levels());
        let of_levels = of_levels.map(|(own, level)| level.at(transcript.challenge(own)));
        Self { levels: of_levels.collect(), combiner: transcript.combiner() }
    }
}

/// Who proves to whom.
pub(super) struct Parties {
    pub(super) me: NodeIndex,
    pub(super) participants: NodeSet,
    pub(super) threshold: usize,
}

impl Parties {
    /// Append every participant's shares of the values, by polynomials of degree t.
    fn share<E: Field>(
        &self,
        secrets: &[E],
        random: &mut Random,
        shares: &mut [(NodeIndex, Shares<E>)],
    ) {
        let coefficients = random.elements::<E>(self.threshold * secrets.len());
        let rows = || coefficients.chunks_exact(secrets.len().max(1)).chain([secrets]);
        for (node, shares) in shares {
            let at = point(*node);
            let from = shares.len();
            shares.resize(from + secrets.len(), E::ZERO);
            let own = &mut shares[from..];
            // From the highest coefficient down (Horner).
            for (number, row) in rows().enumerate() {
                if number > 0 {
                    scale(own, at);
                }
                add_into(own, row);
            }
        }
    }
}

/// Randomness of one's own: a cipher under a key from the operating system.
struct Random {
    key: StreamKey,
    start: StreamStart,
    next: usize,
}

impl Random {
    fn new() -> Result<Self, rand::rngs::SysError> {
        let mut key = Zeroizing::new([0; 16]);
        SysRng.try_fill_bytes(key.as_mut_slice())?;
        Ok(Self { key: StreamKey::new(&key), start: StreamStart::of("proof"), next: 0 })
    }

    fn elements<E: Field>(&mut self, len: usize) -> Elements<E> {
        let mut words = Zeroizing::new(vec![0; len * E::STREAM_WORDS]);
        self.key.write_at(self.start, self.next, &mut words);
        self.next += words.len().div_ceil(BLOCK_WORDS);
        Zeroizing::new(words.chunks_exact(E::STREAM_WORDS).map(E::from_stream).collect())
    }
}

/// Prove this node's part of all gates of a batch.
pub(super) fn prove<K: Kind>(
    layout: &K::Layout<'_>,
    parties: &Parties,
    duties: &Duties,
    weights: &K::Weights,
    masks: &[Sides<K::Field>],
    beginning: &[u8; DIGEST],
) -> Result<Proof<K::Field>, rand::rngs::SysError> {
    let verifiers = parties.participants.without(parties.me);
    let mut random = Random::new()?;
    let mut nonces = Vec::with_capacity(verifiers.len());
    for verifier in verifiers.iter() {
        let mut nonce = [0; DIGEST];
        SysRng.try_fill_bytes(&mut nonce)?;
        nonces.push((verifier, nonce));
    }
    let all = K::levels().iter().map(Level::values).sum();
    let room = |node| (node, Zeroizing::new(Vec::with_capacity(all)));
    let mut shares: Vec<_> = parties.participants.iter().map(room).collect();
    let mut commitments = Vec::with_capacity(LEVELS * verifiers.len());
    let mut transcript = Transcript::new(beginning, parties.me);
    let mut challenges = Vec::with_capacity(LEVELS);
    let held = masks.len();
    let [mut xs, mut ys]: [Vec<Vector<K::Field>>; 2] = [Vec::new(), Vec::new()];
    let (mut left, mut total) = (K::columns(layout), K::Field::ZERO);
    for (number, level) in K::levels().iter().enumerate() {
        let values = if number == 0 {
            K::first_values(layout, duties, held, weights)
        } else {
            later::values(level, (&xs, &ys), masks, (left, total), duties)
        };
        let from = shares.first().map_or(0, |(_, shares)| shares.len());
        parties.share(&values, &mut random, &mut shares);
        #[cfg(test)]
        super::tests::spoil_shares::<K>(
            parties.me,
            number,
            beginning,
            weights,
            (&mut shares, from),
        );
        let verified = shares.iter().filter(|(node, _)| *node != parties.me);
        let own: Vec<_> = verified
            .zip(&nonces)
            .map(|((verifier, shares), (_, nonce))| {
                commitment(nonce, (parties.me, *verifier), number, &shares[from..])
            })
            .collect();
        let factors = level.at(transcript.challenge(&own));
        total = inner_product(&factors.values, &values);
        commitments.extend(own);
        if number == 0 {
            [xs, ys] = K::fold_first(layout, held, &factors.rows, weights);
        } else {
            for ((x, y), (mask_x, mask_y)) in xs.iter_mut().zip(&mut ys).zip(masks) {
                later::fold(level, x, *mask_x, left, &factors.rows);
                later::fold(level, y, *mask_y, left, &factors.rows);
            }
        }
        if number > 0 {
            left = later::left_of(left, level.width());
        }
        challenges.push(factors);
    }
    let folded = xs.iter().zip(&ys).map(|(x, y)| (x[0], y[0])).collect();
    let combiner = transcript.combiner();
    let challenges = Challenges { levels: challenges, combiner };
    Ok(Proof { shares, nonces, commitments, challenges, folded })
}
