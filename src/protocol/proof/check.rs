//! The three rounds of a check.
//!
//! 1. **Digests.** Everyone tells all what it sent and received in the batch's gates. Two that
//!    disagree about what passed between them end the check here: nodes that hold different
//!    components of one value must not go on.
//! 2. **Proofs.** Everyone shares the proof of its own part, and tells what it heard of digests.
//! 3. **Verdict.** Everyone tells what it makes of each proof, and every prover what each verifier
//!    should.
//!
//! Who finds a fault says so at the head of its next message and takes no further part; the others
//! then know whom it accuses, or that it breaks off for nothing.

use bytes::Bytes;
use futures_util::future::join5;
use sha2::{Digest as _, Sha256};

use super::complaint::Complaint;
use super::folded::Factors;
use super::kind::{Kind, Sides};
use super::known::{Ledger, Linked};
use super::prover::{Challenges, Parties, Proof, prove};
use super::record::{Batch, Bits, Products};
use super::shape::{DIGEST, MOST_COLUMNS, digests_bytes};
use super::transcript;
use super::verdict::{Claimed, Court, Judged, Statement, Verdict};
use super::wire::{Reader, Received, Writer, digest_of_common};
use crate::field::{Field as _, MAX_STREAM_WORDS, Mersenne61, Mersenne127, Pair127, Prime256};
use crate::protocol::bits::context::BitContext;
use crate::protocol::context::Claim;
use crate::protocol::{Opening, ProtocolError};
use crate::sharing::numbers::pseudorandom::SetPolynomials;
use crate::sharing::stream::StreamStart;
use crate::sharing::{NodeIndex, NodeSet, ShapeError};

/// Check all gates at this context that no check has passed yet.
///
/// # Errors
/// When a node lied, with a complaint that says who may have; or when one does not answer.
pub async fn check(ctx: &BitContext) -> Result<(), ProtocolError> {
    let [of_61, of_127, of_pair, of_256] =
        ["61", "127", "pair", "256"].map(|field| ctx.fork().narrow(field));
    let bits = ctx.fork();
    // All of them, whatever comes out of one: others wait for this node's messages.
    let all = join5(
        check_kind::<Bits>(&bits, ctx),
        check_kind::<Products<Mersenne61>>(&of_61, ctx),
        check_kind::<Products<Mersenne127>>(&of_127, ctx),
        check_kind::<Products<Pair127>>(&of_pair, ctx),
        check_kind::<Products<Prime256>>(&of_256, ctx),
    );
    let (a, b, c, d, e) = Box::pin(all).await;
    for side in [bits, of_61, of_127, of_pair, of_256] {
        ctx.base().join(side.base());
    }
    a.and(b).and(c).and(d).and(e)
}

/// Check the gates of one kind that are gathered at a context, beside others.
async fn check_kind<K: Kind>(ctx: &BitContext, from: &BitContext) -> Result<(), ProtocolError> {
    let batch = from.base().take_unchecked::<K>();
    if batch.is_empty() {
        return Ok(());
    }
    // Honest nodes with different keys would accuse each other.
    ctx.base().confirm_keys().await?;
    let check = Check::<K>::new(ctx, batch)?;
    let outcome = check.rounds().await;
    if outcome.is_ok() {
        ctx.base().ledger().checked(check.batch.len());
    }
    outcome
}

/// A message of each participant, one's own among them, in ascending order.
type Messages = Vec<(NodeIndex, Bytes)>;

/// The proofs of all.
type Proofs<K> = Vec<(NodeIndex, Received<<K as Kind>::Field>)>;

struct Check<'a, K: Kind> {
    ctx: &'a BitContext,
    batch: Batch<K>,
    participants: NodeSet,
    linked: Linked,
    claims: [Claim; 3],
    /// Where the masks of each participant's proof begin.
    masks: Vec<StreamStart>,
}

impl<'a, K: Kind> Check<'a, K> {
    fn new(ctx: &'a BitContext, batch: Batch<K>) -> Result<Self, ProtocolError> {
        let base = ctx.base();
        let participants = base.participants();
        let claim = |step: &str| base.narrow(step).claim();
        let claims = [claim("digests")?, claim("proofs")?, claim("verdict")?];
        let masks = participants.iter().map(|node| Ok(claim(&format!("mask-{node}"))?.start));
        let masks = masks.collect::<Result<_, ProtocolError>>()?;
        Ok(Self { ctx, batch, participants, linked: Linked::of(ctx), claims, masks })
    }

    fn me(&self) -> NodeIndex {
        self.ctx.me()
    }

    fn accuse(&self, complaint: Complaint) -> ProtocolError {
        ProtocolError::Lie { step: self.ctx.base().step().to_owned(), complaint }
    }

    /// One round: what goes to each other node, and what comes from all, with what one keeps.
    async fn exchange(
        &self,
        claim: &Claim,
        message: impl Fn(NodeIndex) -> Bytes,
        expected: usize,
    ) -> Result<Messages, ProtocolError> {
        let base = self.ctx.base();
        let outgoing = base.peers().iter().map(|peer| (peer, message(peer))).collect();
        let mut all = base.exchange(claim, outgoing, base.peers(), expected).await?;
        all.push((self.me(), message(self.me())));
        all.sort_unstable_by_key(|(node, _)| *node);
        Ok(all)
    }

    async fn rounds(&self) -> Result<(), ProtocolError> {
        let layout = K::layout(&self.batch);
        let got = K::columns(&layout);
        if got > MOST_COLUMNS {
            let what = "columns of gates that are checked at once, at most";
            return Err(ShapeError { what, expected: MOST_COLUMNS, got }.into());
        }
        let nodes = self.participants.len();
        let base = self.ctx.base();
        let digests = self.digests();
        let expected = digests_bytes(nodes);
        let digests = self.exchange(&self.claims[0], |_| digests.clone(), expected).await?;
        let found = self.differences(&digests);

        let all = digests.iter().map(|(node, message)| (*node, &message[..]));
        let beginning = transcript::beginning(&base.binding(), base.step(), all);
        let heard: Vec<[u8; DIGEST]> =
            digests.iter().map(|(_, message)| Sha256::digest(message).into()).collect();
        let weights = K::weights(&layout, transcript::weight(&beginning));
        if !found.is_empty() {
            self.break_off(&self.claims[1], &found, K::SIZES.proof(nodes)).await?;
            return self.without_verdict(found).await;
        }
        let proof = self.prove(&layout, &weights, &beginning)?;
        let message = |to| self.proof_to(to, &heard, &proof);
        let proofs = self.exchange(&self.claims[1], message, K::SIZES.proof(nodes)).await?;
        let (received, found) = self.take_proofs(&proofs, &heard);
        if !found.is_empty() {
            return self.without_verdict(found).await;
        }

        let sums = Ledger::<K> { ctx: self.ctx, layout: &layout, weights: &weights };
        let verdict = self.verdict(&sums, &beginning, &proof, &received, &proofs);
        let expected = K::SIZES.verdict(base.scheme(), nodes);
        let mut message = Writer::new(NodeSet::EMPTY, expected);
        message.verdict(&verdict);
        self.note_openings();
        let message = message.finish(expected);
        let verdicts = self.exchange(&self.claims[2], |_| message.clone(), expected).await?;
        self.judge(&verdicts)
    }

    /// Tell all in place of a message whom this node accuses, and wait for nobody.
    async fn break_off(
        &self,
        claim: &Claim,
        found: &Complaint,
        len: usize,
    ) -> Result<(), ProtocolError> {
        let base = self.ctx.base();
        let set = found.sets().first().copied().unwrap_or_default();
        let message = Writer::new(set, len).finish(len);
        let outgoing = base.peers().iter().map(|peer| (peer, message.clone())).collect();
        base.exchange(claim, outgoing, NodeSet::EMPTY, len).await.map(drop)
    }

    /// Break off instead of giving a verdict. Nobody waits in vain: those who have found nothing
    /// yet hear of it with the verdicts.
    async fn without_verdict(&self, found: Complaint) -> Result<(), ProtocolError> {
        let len = K::SIZES.verdict(self.ctx.base().scheme(), self.participants.len());
        self.break_off(&self.claims[2], &found, len).await?;
        Err(self.accuse(found))
    }

    /// What passed in the gates, as this node saw it.
    fn digests(&self) -> Bytes {
        let mut message = self.batch.digest_to_all().to_vec();
        for peer in self.ctx.base().peers().iter() {
            message.extend_from_slice(self.batch.digests(peer).as_flattened());
        }
        message.into()
    }

    /// Pairs that disagree about what passed between them.
    fn differences(&self, digests: &Messages) -> Complaint {
        let about = |(node, message): &(NodeIndex, Bytes), peer: NodeIndex| {
            let place = self.participants.without(*node).iter().position(|other| other == peer);
            let from = DIGEST * (1 + 3 * place.unwrap_or_default());
            let part = |at: usize| message.slice(from + at * DIGEST..from + (at + 1) * DIGEST);
            [part(0), part(1), part(2)]
        };
        let mut pairs = Vec::new();
        for (place, one) in digests.iter().enumerate() {
            for other in &digests[..place] {
                let [said, heard, of_all] = about(one, other.0);
                let [their_said, their_heard, their_of_all] = about(other, one.0);
                let same = said == their_heard
                    && heard == their_said
                    && of_all == other.1[..DIGEST]
                    && their_of_all == one.1[..DIGEST];
                if !same {
                    pairs.push(Complaint::pair(one.0, other.0));
                }
            }
        }
        Complaint::new(pairs)
    }

    /// The masks of a node's proof, for the components held.
    fn masks_of(&self, prover: NodeIndex) -> Vec<Sides<K::Field>> {
        let place = self.participants.iter().position(|node| node == prover).unwrap_or_default();
        let start = self.masks[place];
        let mask = |key: &crate::sharing::stream::StreamKey| {
            let mut words = zeroize::Zeroizing::new([0; 2 * MAX_STREAM_WORDS]);
            let words = &mut words[..2 * K::Field::STREAM_WORDS];
            key.write_at(start, 0, words);
            let (x, y) = words.split_at(K::Field::STREAM_WORDS);
            (K::Field::from_stream(x), K::Field::from_stream(y))
        };
        self.ctx.base().keys().sets().map(mask).collect()
    }

    fn prove(
        &self,
        layout: &K::Layout<'_>,
        weights: &K::Weights,
        beginning: &[u8; DIGEST],
    ) -> Result<Proof<K::Field>, ProtocolError> {
        let (base, me) = (self.ctx.base(), self.me());
        let threshold = usize::from(base.scheme().threshold());
        let parties = Parties { me, participants: self.participants, threshold };
        let masks = self.masks_of(me);
        prove::<K>(layout, &parties, self.ctx.duties(), weights, &masks, beginning)
            .map_err(|_| ProtocolError::Randomness { step: base.step().to_owned() })
    }

    fn proof_to(&self, to: NodeIndex, heard: &[[u8; DIGEST]], proof: &Proof<K::Field>) -> Bytes {
        let len = K::SIZES.proof(self.participants.len());
        let mut message = Writer::new(NodeSet::EMPTY, len);
        message.digests(heard);
        message.digests(&proof.commitments);
        let nonce = proof.nonces.iter().find(|(node, _)| *node == to);
        message.digests(&[nonce.map_or([0; DIGEST], |(_, nonce)| *nonce)]);
        if let Some((_, shares)) = proof.shares.iter().find(|(node, _)| *node == to) {
            message.elements(shares.iter());
        }
        message.finish(len)
    }

    /// The proofs of all, and what is wrong with them at first sight.
    fn take_proofs(&self, proofs: &Messages, heard: &[[u8; DIGEST]]) -> (Proofs<K>, Complaint) {
        let nodes = self.participants.len();
        let mut sets = Vec::new();
        let mut received = Vec::with_capacity(nodes);
        for (sender, message) in proofs {
            let (mut reader, set) = Reader::new(message);
            if !set.is_empty() {
                sets.push(self.broken_off(*sender, set));
                continue;
            }
            received.push((*sender, Received::read(&mut reader, nodes, K::SIZES.values)));
        }
        if sets.is_empty() {
            for (place, (sender, proof)) in received.iter().enumerate() {
                // What a node says that it sent is the measure.
                for (other, theirs) in received.iter().filter(|(other, _)| other != sender) {
                    if theirs.heard[place] != proof.heard[place] {
                        sets.push(Complaint::pair(*sender, *other));
                    }
                }
                // And what it sent to this node.
                if proof.heard[place] != heard[place] {
                    sets.push(Complaint::pair(*sender, self.me()));
                }
                if !self.fits(*sender, proof) {
                    sets.push(Complaint::pair(*sender, self.me()));
                }
            }
        }
        (received, Complaint::new(sets))
    }

    /// Whether a proof's shares are those that it commits to.
    fn fits(&self, prover: NodeIndex, proof: &Received<K::Field>) -> bool {
        let me = self.me();
        let verifiers = self.participants.without(prover);
        let Some(place) = verifiers.iter().position(|node| node == me) else { return true };
        let mut next = 0;
        K::levels().iter().enumerate().all(|(number, level)| {
            let shares = &proof.shares[next..next + level.values()];
            next += level.values();
            let own = transcript::commitment(&proof.nonce, (prover, me), number, shares);
            proof.commitments.get(number * verifiers.len() + place) == Some(&own)
        })
    }

    fn verdict(
        &self,
        sums: &Ledger<'_, '_, K>,
        beginning: &[u8; DIGEST],
        proof: &Proof<K::Field>,
        received: &[(NodeIndex, Received<K::Field>)],
        messages: &Messages,
    ) -> Verdict<K::Field> {
        let (base, me) = (self.ctx.base(), self.me());
        let nodes = self.participants.len();
        let all = base.scheme().sets();
        let held: Vec<NodeSet> = base.scheme().held_by(me).iter().map(|&set| all[set]).collect();
        let polynomials = SetPolynomials::of(all.clone());
        let alone = self.linked != Linked::Sum;
        let mut judged = Vec::with_capacity(nodes - 1);
        let mut combiners = Vec::with_capacity(nodes);
        let mut first_rows = vec![K::Field::ZERO; K::ROWS];
        for (prover, shares) in received {
            for (sum, &share) in first_rows.iter_mut().zip(shares.shares.iter()) {
                *sum += share;
            }
            if *prover == me {
                combiners.push(proof.challenges.combiner);
                continue;
            }
            let challenges = Challenges::of::<K>(beginning, *prover, &shares.commitments);
            combiners.push(challenges.combiner);
            let linked =
                alone.then(|| sums.part_of(*prover, self.linked).share_of(me, &polynomials));
            let masks = self.masks_of(*prover);
            let common = held.iter().enumerate().filter(|(_, set)| !set.contains(*prover));
            let common: Vec<usize> = common.map(|(place, _)| place).collect();
            let factors = Factors::<K>::of(K::columns(sums.layout), &challenges);
            #[cfg_attr(not(test), expect(unused_mut, reason = "tests tell lies here"))]
            let mut own = Judged {
                folded: factors.fold(sums.layout, &common, sums.weights, &masks),
                statement: Statement::of::<K>(&shares.shares, &challenges, linked.as_ref()),
            };
            #[cfg(test)]
            super::tests::spoil_judged::<K>(me, *prover, &mut own);
            judged.push(own);
        }
        let own = alone.then(|| sums.part_of(me, self.linked));
        let statements = proof.shares.iter().map(|(node, shares)| {
            let linked = own.as_ref().map(|own| own.share_of(*node, &polynomials));
            Statement::of::<K>(shares, &proof.challenges, linked.as_ref())
        });
        let claimed = Claimed { statements: statements.collect(), folded: proof.folded.clone() };
        let sum = if alone {
            K::Field::ZERO
        } else {
            let joint: K::Field = transcript::joint(combiners.into_iter());
            let opened = sums.sum().share_of(me, &polynomials);
            let (mut weight, mut sum) = (joint, K::Field::ZERO);
            for (row, opened) in first_rows.into_iter().zip(opened) {
                sum += weight * (row - opened);
                weight *= joint;
            }
            sum
        };
        let heard = messages.iter().map(|(_, message)| digest_of_common(message, nodes));
        Verdict { heard: heard.collect(), judged, claimed, sum }
    }

    /// Enter what the verdict opens: for every proof two elements of each component, and shares
    /// that those and zero determine.
    fn note_openings(&self) {
        let base = self.ctx.base();
        let held = self.ctx.holding().components();
        let elements = self.participants.len() * 2 * held;
        base.ledger().opened(Opening {
            step: self.claims[2].name.clone(),
            bits: elements as u64 * u64::from(K::Field::BITS),
            to: self.participants,
            masked: true,
        });
    }

    /// Of whom one lied, where a node breaks off for a set. Whoever does not take part cannot have:
    /// else a liar could name somebody whom nobody can leave out.
    fn broken_off(&self, sender: NodeIndex, set: NodeSet) -> NodeSet {
        set.intersection(self.participants).with(sender)
    }

    fn judge(&self, verdicts: &Messages) -> Result<(), ProtocolError> {
        let scheme = self.ctx.base().scheme();
        let mut broken_off = Vec::new();
        let mut all = Vec::with_capacity(verdicts.len());
        for (sender, message) in verdicts {
            let (mut reader, set) = Reader::new(message);
            if !set.is_empty() {
                broken_off.push(self.broken_off(*sender, set));
            }
            all.push((*sender, reader.verdict(scheme, self.participants, *sender)));
        }
        if !broken_off.is_empty() {
            return Err(self.accuse(Complaint::new(broken_off)));
        }
        let court = Court::<K::Field>::new(scheme, self.participants, self.linked == Linked::Sum);
        let complaint = court.judge(&all);
        if complaint.is_empty() { Ok(()) } else { Err(self.accuse(complaint)) }
    }
}
