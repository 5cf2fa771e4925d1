//! What a node says of all proofs, and what follows from what all say.

use super::complaint::Complaint;
use super::kind::{Kind, Sides};
use super::prover::Challenges;
use super::shape::DIGEST;
use crate::field::Field;
use crate::field::bulk::inner_product;
use crate::protocol::bits::assignment::Duties;
use crate::sharing::numbers::shamir::Decoder;
use crate::sharing::{NodeIndex, NodeSet, Scheme};

/// Where the powers of the combiner begin that are for the first level's rows; those before are for
/// the levels.
const FIRST_ROW: u64 = 100;

/// What a verifier makes of its shares of a proof: its share of one combination of all linear
/// checks, which is 0, and of the last value of Q.
#[derive(Clone, Copy)]
pub(super) struct Statement<E> {
    pub(super) zero: E,
    pub(super) end: E,
}

impl<E: Field> Statement<E> {
    /// From the shares of a proof; `linked` are shares of what the first level's rows must be,
    /// where the proof stands alone.
    pub(super) fn of<K: Kind<Field = E>>(
        shares: &[E],
        challenges: &Challenges<E>,
        linked: Option<&Vec<E>>,
    ) -> Self {
        let combiner = challenges.combiner;
        let (mut zero, mut weight, mut next) = (E::ZERO, E::ONE, 0);
        let mut before = None;
        for (level, factors) in K::levels().iter().zip(&challenges.levels) {
            let values = &shares[next..next + level.values()];
            next += level.values();
            if let Some(before) = before {
                weight *= combiner;
                let rows = values[..level.width()].iter();
                let rows = rows.fold(E::ZERO, |sum, &row| sum + row);
                zero += weight * (rows - before);
            }
            before = Some(inner_product(&factors.values, values));
        }
        if let Some(linked) = linked {
            let mut weight = combiner.pow(&[FIRST_ROW]);
            for (&share, &linked) in shares.iter().zip(linked) {
                zero += weight * (share - linked);
                weight *= combiner;
            }
        }
        Self { zero, end: before.unwrap_or_default() }
    }

    fn equals(self, other: Self) -> bool {
        self.zero.equals(other.zero) && self.end.equals(other.end)
    }
}

/// What a verifier says of a proof.
pub(super) struct Judged<E> {
    pub(super) statement: Statement<E>,
    /// What the components fold to that it holds as the prover does, in the order of sets.
    pub(super) folded: Vec<Sides<E>>,
}

/// What a prover says of its own proof.
pub(super) struct Claimed<E> {
    /// What every participant should say, in ascending order of node.
    pub(super) statements: Vec<Statement<E>>,
    /// What its components fold to, in the order of sets.
    pub(super) folded: Vec<Sides<E>>,
}

/// What a node says of all proofs.
pub(super) struct Verdict<E> {
    /// Hashes of what it heard of every participant's proof that all see, its own among them.
    pub(super) heard: Vec<[u8; DIGEST]>,
    /// Of every other participant's proof, in ascending order of node.
    pub(super) judged: Vec<Judged<E>>,
    pub(super) claimed: Claimed<E>,
    /// Its share of the sum over all proofs less what was opened, which is 0.
    pub(super) sum: E,
}

/// Among whom.
pub(super) struct Court<E> {
    scheme: Scheme,
    participants: NodeSet,
    /// Whether only the sum over all proofs is compared with what was sent.
    summed: bool,
    decoder: Option<Decoder<E>>,
}

impl<E: Field> Court<E> {
    /// `summed` says whether only the sum over all proofs is compared with what was sent.
    pub(super) fn new(scheme: Scheme, participants: NodeSet, summed: bool) -> Self {
        let decoder = Decoder::new(participants, scheme.threshold());
        Self { scheme, participants, summed, decoder }
    }

    /// Sets of nodes in each of which at least one lied; none where all is well. `verdicts` are of
    /// all participants, in ascending order.
    pub(super) fn judge(&self, verdicts: &[(NodeIndex, Verdict<E>)]) -> Complaint {
        let mut sets = Vec::new();
        for (place, (prover, own)) in verdicts.iter().enumerate() {
            let disputes = self.disputes(verdicts, place);
            if disputes.is_empty() && !self.holds(*prover, &own.claimed) {
                sets.push(NodeSet::EMPTY.with(*prover));
            }
            sets.extend(disputes);
        }
        if !self.summed {
            // Nothing is to be said there.
            let talkative = verdicts.iter().filter(|(_, verdict)| !verdict.sum.is_zero());
            sets.extend(talkative.map(|(node, _)| NodeSet::EMPTY.with(*node)));
        }
        if sets.is_empty() && self.summed {
            let shares: Vec<E> = verdicts.iter().map(|(_, verdict)| verdict.sum).collect();
            if !self.open(&shares).is_some_and(E::is_zero) {
                sets.push(self.participants);
            }
        }
        Complaint::new(sets)
    }

    /// Pairs of a prover and a verifier that says something else than the prover says of it.
    fn disputes(&self, verdicts: &[(NodeIndex, Verdict<E>)], place: usize) -> Vec<NodeSet> {
        let (prover, own) = &verdicts[place];
        let all = self.scheme.sets();
        let held: Vec<NodeSet> =
            self.scheme.held_by(*prover).into_iter().map(|set| all[set]).collect();
        let agrees = |at: usize, verifier: NodeIndex, verdict: &Verdict<E>| {
            // A verifier judges all proofs but its own.
            let judged = &verdict.judged[place - usize::from(at < place)];
            let folded = held.iter().zip(&own.claimed.folded);
            let folded = folded.filter(|(set, _)| !set.contains(verifier));
            own.heard[place] == verdict.heard[place]
                && judged.statement.equals(own.claimed.statements[at])
                && folded.zip(&judged.folded).all(|((_, claimed), said)| {
                    claimed.0.equals(said.0) && claimed.1.equals(said.1)
                })
        };
        let verifiers = verdicts.iter().enumerate().filter(|(at, _)| *at != place);
        verifiers
            .filter(|(at, (verifier, verdict))| !agrees(*at, *verifier, verdict))
            .map(|(_, (verifier, _))| Complaint::pair(*prover, *verifier))
            .collect()
    }

    /// Whether a proof holds, as its prover claims it.
    fn holds(&self, prover: NodeIndex, claimed: &Claimed<E>) -> bool {
        let shares =
            |of: fn(&Statement<E>) -> E| -> Vec<E> { claimed.statements.iter().map(of).collect() };
        let zero = self.open(&shares(|statement| statement.zero));
        let Some(end) = self.open(&shares(|statement| statement.end)) else { return false };
        let duties = Duties::of(self.scheme, self.participants, prover);
        let sum = |chosen: &[usize], of: fn(&Sides<E>) -> E| {
            let chosen = chosen.iter().map(|&place| of(&claimed.folded[place]));
            chosen.fold(E::ZERO, |sum, value| sum + value)
        };
        let products = duties.products.iter();
        let products =
            products.map(|(xs, ys)| sum(xs, |folded| folded.0) * sum(ys, |folded| folded.1));
        let products = products.fold(E::ZERO, |sum, product| sum + product);
        zero.is_some_and(E::is_zero) && end.equals(products)
    }

    /// The value that shares of all participants belong to, if they lie on one polynomial.
    fn open(&self, shares: &[E]) -> Option<E> {
        let decoder = self.decoder.as_ref()?;
        let rows: Vec<&[E]> = shares.iter().map(std::slice::from_ref).collect();
        if !decoder.misfits(&rows).is_empty() {
            return None;
        }
        decoder.open(&rows, NodeSet::EMPTY).ok()?.into_iter().next()
    }
}
