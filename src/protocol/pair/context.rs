//! A party, its half of a batch, what it has used of it, and its messages.

use std::sync::Arc;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::PairError;
use crate::field::Field;
use crate::field::bulk::{Elements, append, read, zeros};
use crate::protocol::{Channel, Counters, Opening, StepId};
use crate::sharing::numbers::pseudorandom::expand_at;
use crate::sharing::pair::{Authenticated, BatchShape, Half, MatrixTriple, Party, Triple};
use crate::sharing::stream::{StreamKey, StreamStart};
use crate::sharing::{NodeIndex, NodeSet, ShapeError};

/// A party's shares of some values, wiped when dropped.
pub type Shares<F> = Zeroizing<Vec<Authenticated<F>>>;

/// Something opened: the value as this party has it, and its share of the MAC.
struct Opened<F: Field> {
    values: Elements<F>,
    macs: Elements<F>,
}

/// One party's view of one computation.
pub struct Computation<F: Field> {
    party: Party,
    me: NodeIndex,
    partner: NodeIndex,
    channel: Arc<dyn Channel>,
    /// What the steps' names begin with: computations over one channel have names of their own.
    name: String,
    half: Half<F>,
    used: BatchShape,
    opened: Vec<Opened<F>>,
    /// A hash of all messages of both parties.
    transcript: Sha256,
    counters: Counters,
    openings: Vec<Opening>,
    /// Told of every round that has passed.
    told: Option<Arc<dyn Fn(Counters) + Send + Sync>>,
}

impl<F: Field> Computation<F> {
    /// Begin. On the channel the client is node 1 and the owner node 2. `binding` ties the challenges
    /// to what the computation is for: a hash of the batch and of what both parties have agreed on.
    ///
    /// # Errors
    /// When the channel cannot have two nodes.
    pub fn new(
        party: Party,
        half: Half<F>,
        channel: Arc<dyn Channel>,
        binding: [u8; 32],
    ) -> Result<Self, PairError> {
        let other = match party {
            Party::Client => Party::Owner,
            Party::Owner => Party::Client,
        };
        let missing = ShapeError { what: "parties", expected: 2, got: 0 };
        let place = |party| match party {
            Party::Client => NodeIndex::new(1).ok_or(missing),
            Party::Owner => NodeIndex::new(2).ok_or(missing),
        };
        let transcript = Sha256::new()
            .chain_update(b"gavel/v1/pair\0")
            .chain_update(binding)
            .chain_update(F::NAME);
        Ok(Self {
            party,
            me: place(party)?,
            partner: place(other)?,
            channel,
            name: format!("pair/{:016x}", u64::from_le_bytes(binding_start(&binding))),
            half,
            used: BatchShape::default(),
            opened: Vec::new(),
            transcript,
            counters: Counters::default(),
            openings: Vec::new(),
            told: None,
        })
    }

    /// The same, which tells what has been spent whenever a round has passed.
    #[must_use]
    pub fn telling(self, told: Arc<dyn Fn(Counters) + Send + Sync>) -> Self {
        Self { told: Some(told), ..self }
    }

    /// Which of the two this is.
    pub const fn party(&self) -> Party {
        self.party
    }

    /// What has been used of the batch.
    pub const fn used(&self) -> &BatchShape {
        &self.used
    }

    /// What has been spent so far; gates are products.
    pub const fn counters(&self) -> Counters {
        self.counters
    }

    /// Everything that has been opened so far, by the number of the round.
    pub fn openings(&self) -> &[Opening] {
        &self.openings
    }

    /// A public value, as shared.
    pub fn public(&self, value: F) -> Authenticated<F> {
        Authenticated::public(value, self.party, self.half.key())
    }

    pub(super) fn partner(&self) -> Party {
        match self.party {
            Party::Client => Party::Owner,
            Party::Owner => Party::Client,
        }
    }

    pub(super) const fn round(&self) -> u64 {
        self.counters.rounds
    }

    pub(super) const fn key_share(&self) -> F {
        self.half.key().share()
    }

    /// One round: both send, and what both sent becomes part of the transcript. Either message may be
    /// empty.
    pub(super) async fn exchange(
        &mut self,
        message: Vec<u8>,
        expected: usize,
    ) -> Result<Bytes, PairError> {
        self.counters.rounds += 1;
        let round = self.round();
        let step = StepId::of(&format!("{}/{round}", self.name));
        let own = Bytes::from(message);
        let mut received = Bytes::new();
        let send = async {
            if own.is_empty() {
                Ok(())
            } else {
                self.channel.send(self.partner, step, own.clone()).await
            }
        };
        let receive = async {
            if expected == 0 {
                Ok(Bytes::new())
            } else {
                self.channel.recv(self.partner, step).await
            }
        };
        let both = futures_util::future::try_join(send, receive).await;
        received.clone_from(&both.map_err(|source| PairError::Channel { round, source })?.1);
        if received.len() != expected {
            return Err(PairError::Malformed { round, expected, got: received.len() });
        }
        if !own.is_empty() {
            self.counters.messages += 1;
            self.counters.bytes_sent += own.len() as u64;
        }
        let [first, second] = match self.party {
            Party::Client => [&own, &received],
            Party::Owner => [&received, &own],
        };
        for message in [first, second] {
            self.transcript.update((message.len() as u64).to_le_bytes());
            self.transcript.update(message);
        }
        if let Some(told) = &self.told {
            told(self.counters);
        }
        Ok(received)
    }

    /// One round of elements: this party's, for as many of the partner's.
    pub(super) async fn exchange_elements(
        &mut self,
        own: &[F],
        expected: usize,
    ) -> Result<Elements<F>, PairError> {
        let mut message = Vec::new();
        append(&mut message, own);
        let received = self.exchange(message, expected * F::BYTES).await?;
        read(&received).ok_or(PairError::Encoding { round: self.round() })
    }

    /// So many numbers that follow from all messages so far, which nobody could foresee.
    pub(super) fn challenges(&self, count: usize) -> Elements<F> {
        let hash: [u8; 32] =
            self.transcript.clone().chain_update(b"gavel/v1/pair-challenge\0").finalize().into();
        let (key, _) = hash.split_first_chunk().unwrap_or((&[0; 16], &[]));
        let mut challenges = zeros(count);
        expand_at(&StreamKey::new(key), StreamStart::of("challenge"), 0, &mut challenges);
        challenges
    }

    /// Note what was opened, to be checked later.
    pub(super) fn remember(&mut self, values: Elements<F>, macs: Elements<F>) {
        self.opened.push(Opened { values, macs });
    }

    /// Whether everything that was opened has been checked.
    pub(super) fn all_checked(&self) -> bool {
        self.opened.is_empty()
    }

    /// This party's part of the weighted sum of what all opened values differ from their MACs by:
    /// together with the partner's it is 0.
    pub(super) fn difference(&mut self) -> F {
        let opened = std::mem::take(&mut self.opened);
        let count = opened.iter().map(|opened| opened.values.len()).sum();
        let weights = self.challenges(count);
        let (mut values, mut macs, mut at) = (F::ZERO, F::ZERO, 0);
        for opened in &opened {
            for (&value, &mac) in opened.values.iter().zip(opened.macs.iter()) {
                values += weights[at] * value;
                macs += weights[at] * mac;
                at += 1;
            }
        }
        macs - self.key_share() * values
    }

    /// Write into the books what is opened in this round.
    pub(super) fn note(&mut self, values: usize, to: Option<Party>, masked: bool) {
        let to = match to {
            None => NodeSet::EMPTY.with(self.me).with(self.partner),
            Some(party) if party == self.party => NodeSet::EMPTY.with(self.me),
            Some(_) => NodeSet::EMPTY.with(self.partner),
        };
        let bits = values as u64 * u64::from(F::BITS);
        self.openings.push(Opening { step: self.round().to_string(), bits, to, masked });
    }

    pub(super) const fn products(&mut self, count: usize) {
        self.counters.gates += count as u64;
    }

    /// So many triples that have not been used.
    pub(super) fn triples(&mut self, count: usize) -> Result<Zeroizing<Vec<Triple<F>>>, PairError> {
        let places = next(&mut self.used.triples, count, self.half.shape().triples, "triples")?;
        Ok(Zeroizing::new(places.filter_map(|at| self.half.triple(at)).collect()))
    }

    /// So many random bits that have not been used.
    pub(super) fn bits(&mut self, count: usize) -> Result<Shares<F>, PairError> {
        let places = next(&mut self.used.bits, count, self.half.shape().bits, "random bits")?;
        Ok(Zeroizing::new(places.filter_map(|at| self.half.bit(at)).collect()))
    }

    /// So many random values that have not been used.
    pub(super) fn masks(&mut self, count: usize) -> Result<Shares<F>, PairError> {
        let places = next(&mut self.used.masks, count, self.half.shape().masks, "random values")?;
        Ok(Zeroizing::new(places.filter_map(|at| self.half.mask(at)).collect()))
    }

    /// The next matrix triple, which every party has of the same shape.
    pub(super) fn matrix(&mut self) -> Result<MatrixTriple<F>, PairError> {
        let at = self.used.matrices.len();
        let have = self.half.shape().matrices.len();
        let short = PairError::Material { what: "matrix triples", have, need: at + 1 };
        let triple = self.half.matrix(at).ok_or(short)?;
        self.used.matrices.push(triple.shape);
        Ok(triple)
    }
}

/// The first bytes of a hash.
fn binding_start(binding: &[u8; 32]) -> [u8; 8] {
    binding.first_chunk().copied().unwrap_or_default()
}

/// The next places of some material.
fn next(
    used: &mut usize,
    count: usize,
    have: usize,
    what: &'static str,
) -> Result<std::ops::Range<usize>, PairError> {
    let need = used.saturating_add(count);
    if need > have {
        return Err(PairError::Material { what, have, need });
    }
    let places = *used..need;
    *used = need;
    Ok(places)
}
