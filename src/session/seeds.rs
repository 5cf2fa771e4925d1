//! How a node whose own part of an envelope is missing or does not fit gets its seeds from others.
//!
//! Every component is held by all nodes outside its set T, so each seed that belongs into a node's
//! part is in the parts of n-t-1 others too. One of them passes on those that both hold, sealed to
//! the node; the node checks each against the envelope's commitment and goes on asking until it has
//! all of them.
//!
//! In: an envelope, and the part of a node that could open its own. Out: the asking node's part, as
//! the bidder should have sealed it.
//!
//! Who learns what: a node is only ever given seeds of components that it holds anyway, whoever
//! asks and whatever is claimed, so t nodes together still lack one seed. Adversary: a bidder who
//! hands garbage to some nodes; a node that asks without need (it learns what it was sealed
//! already); a holder that passes on wrong seeds (they do not fit the commitments, and its answer
//! is set aside); anyone who reads the wire (sealed to the asking node's key, within TLS).

use zeroize::Zeroizing;

use super::Envelope;
use super::part::Part;
use crate::identity::Blob;
use crate::identity::sealing::{self, SealingError, SealingKeyPair};
use crate::sharing::{NodeIndex, Scheme, Seed, seed::SEED_BYTES};

/// Why what a holder passed on is of no use.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SeedsError {
    /// It cannot be opened, or holds another number of seeds than both nodes have in common.
    #[error("what it passed on cannot be opened or read")]
    Unreadable,
    /// A seed is not the one that the bidder committed to.
    #[error("it passed on seeds that do not fit the bidder's commitments")]
    DoNotFit,
}

/// Seal to another node those of this node's seeds that the other one holds too.
///
/// # Errors
/// When the sealing key is malformed or the operating system gives no randomness.
pub fn pass_on(
    envelope: &Envelope,
    scheme: Scheme,
    from: NodeIndex,
    part: &Part,
    to: NodeIndex,
    sealing_key: &Blob,
) -> Result<Blob, SealingError> {
    let common = common(scheme, from, to);
    let mut plain = Zeroizing::new(Vec::with_capacity(common.len() * SEED_BYTES));
    for (position, seed) in scheme.held_by(from).iter().zip(part.seeds()) {
        if common.contains(position) {
            plain.extend_from_slice(seed.expose());
        }
    }
    sealing::seal(sealing_key, &info(envelope, from, to), b"", &plain)
}

/// A part that is being put together from what other nodes pass on; wiped when dropped.
pub struct Mending {
    scheme: Scheme,
    me: NodeIndex,
    /// By position of the set. Never grows or moves, which would leave copies behind.
    seeds: Vec<Option<Seed>>,
}

impl Mending {
    /// Nothing yet of this node's part.
    pub fn new(scheme: Scheme, me: NodeIndex) -> Self {
        Self { scheme, me, seeds: vec![None; scheme.sets().len()] }
    }

    /// Whether a node holds a seed that is still missing.
    pub fn lacks_of(&self, holder: NodeIndex) -> bool {
        common(self.scheme, holder, self.me).iter().any(|&held| self.seeds[held].is_none())
    }

    /// Take what a holder has passed on: all of it, or nothing.
    ///
    /// # Errors
    /// Says why it is of no use.
    pub fn take<'a>(
        &mut self,
        envelope: &Envelope,
        from: NodeIndex,
        passed_on: &Blob,
        keys: impl Iterator<Item = &'a SealingKeyPair>,
    ) -> Result<(), SeedsError> {
        let info = info(envelope, from, self.me);
        let mut opened = keys.filter_map(|keys| keys.open(&info, b"", passed_on).ok());
        let plain = opened.next().ok_or(SeedsError::Unreadable)?;
        let common = common(self.scheme, from, self.me);
        let (seeds, rest) = plain.as_chunks::<SEED_BYTES>();
        if !rest.is_empty() || seeds.len() != common.len() {
            return Err(SeedsError::Unreadable);
        }
        let (context, sets) = (envelope.body.context(), self.scheme.sets());
        let seeds: Vec<Seed> = seeds.iter().map(|seed| Seed::from_bytes(*seed)).collect();
        let commitments = &envelope.body.commitments;
        let fits = common.iter().zip(&seeds).all(|(&position, seed)| {
            commitments
                .get(position)
                .is_some_and(|commitment| seed.fits(&commitment.0, &context, sets[position]))
        });
        if !fits {
            return Err(SeedsError::DoNotFit);
        }
        for (position, seed) in common.into_iter().zip(&seeds) {
            self.seeds[position] = Some(seed.clone());
        }
        Ok(())
    }

    /// The whole part; `None` while a seed is missing.
    pub fn part(&self) -> Option<Part> {
        let held = self.scheme.held_by(self.me);
        let whole = held.iter().all(|&position| self.seeds[position].is_some());
        whole.then(|| {
            let mut seeds = Vec::with_capacity(held.len());
            seeds.extend(held.iter().filter_map(|&position| self.seeds[position].clone()));
            Part::new(seeds)
        })
    }
}

/// Positions of the components that both nodes hold.
fn common(scheme: Scheme, a: NodeIndex, b: NodeIndex) -> Vec<usize> {
    let sets = scheme.sets();
    let both = |set: &usize| !sets[*set].contains(a) && !sets[*set].contains(b);
    (0..sets.len()).filter(both).collect()
}

fn info(envelope: &Envelope, from: NodeIndex, to: NodeIndex) -> Vec<u8> {
    [&b"gavel/v1/passed-on-seeds\0"[..], &envelope.body.context(), &[from.get(), to.get()]].concat()
}

#[cfg(test)]
#[path = "seeds_tests.rs"]
mod tests;
