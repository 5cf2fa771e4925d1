//! What a node discloses to the operator of a session: its part of what takes the masks off the
//! replies, which else each participant alone can read.
//!
//! Every seed of an envelope gives a part of the mask that lies over the participant's reply, and
//! the part is made from the seed's [`ReplyKey`], from which the envelope's commitment to the seed is
//! made as well. A node seals to the operator's key, for each entry that the outcome tells a reply,
//! the reply keys of its own seeds; beside them what else the envelope's digest is made of: the
//! commitments to the seeds that it lacks, and the digest of the rest. So the operator makes the
//! envelope's digest from it, and compares that with the one that the nodes signed in the manifest:
//! a node that discloses a wrong value is found by that alone, whatever the others say. One right
//! disclosure of a value is enough, and of t+1 nodes every value is held by one that is honest.
//!
//! In: envelopes and the node's parts of them. Out: the masks of all entries.
//!
//! Who learns what: the operator, who holds the private key, the mask of each entry, and through it
//! the reply; nothing of a seed, and so nothing of an entry, for a reply key is a hash of its seed.
//! Everyone else, the coordinator that passes it on among them, the number of entries. Adversary: t
//! nodes that disclose what they like (they lack a reply key of every entry, and what does not fit
//! the digest is set aside and named); the coordinator, which can only keep it back; an operator who
//! names a key that is none (the nodes refuse the session).

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::envelope::Binding;
use super::manifest::{Manifest, ManifestEntry};
use super::part::Part;
use super::{Announcement, Envelope, Outcome, SessionId};
use crate::identity::sealing::{self, SealingError, SealingKeyPair};
use crate::identity::{Blob, Digest, Roster, Signed, Statement};
use crate::rules::OperatorKey;
use crate::sharing::seed::{ReplyKey, SEED_BYTES};
use crate::sharing::{NodeIndex, NodeSet, Scheme};

/// Bytes of a line before the values: whether the node has a part, and the digest of the rest.
const HEAD: usize = 1 + 32;

/// Bytes of what is disclosed of one entry.
pub fn line_bytes(scheme: Scheme) -> usize {
    HEAD + scheme.sets().len() * SEED_BYTES
}

/// What one node discloses of a session.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Disclosure {
    /// The session.
    pub session: SessionId,
    /// Digest of the outcome that tells the replies.
    pub outcome: Digest,
    /// The node that signs.
    pub node: NodeIndex,
    /// A line for each entry, in the manifest's order, sealed to the operator.
    pub sealed: Blob,
}

impl Statement for Disclosure {
    const DOMAIN: &'static str = "gavel/v1/disclosure";
}

/// The entries that an outcome tells a reply, in the manifest's order.
pub fn told<'a>(manifest: &'a Manifest, outcome: &Outcome) -> Vec<&'a ManifestEntry> {
    let named = outcome.answer.entries();
    let named: HashSet<Digest> = named.into_iter().map(|entrant| entrant.envelope).collect();
    manifest.entries.iter().filter(|entry| named.contains(&entry.envelope)).collect()
}

/// A disclosure that is being put together.
pub struct Disclosing {
    scheme: Scheme,
    me: NodeIndex,
    held: Vec<usize>,
    plain: Zeroizing<Vec<u8>>,
}

impl Disclosing {
    /// Nothing yet, with room for so many entries.
    pub fn new(scheme: Scheme, me: NodeIndex, entries: usize) -> Self {
        // A buffer that grows leaves copies behind.
        let plain = Zeroizing::new(Vec::with_capacity(entries * line_bytes(scheme)));
        Self { scheme, me, held: scheme.held_by(me), plain }
    }

    /// Add the next entry, with this node's part of it; none where the node has none.
    pub fn add(&mut self, entry: Option<(&Envelope, &Part)>) {
        let Some((envelope, part)) = entry else {
            let end = self.plain.len() + line_bytes(self.scheme);
            self.plain.resize(end, 0);
            return;
        };
        self.plain.push(1);
        self.plain.extend_from_slice(&envelope.rest().0);
        for (position, commitment) in envelope.body.commitments.iter().enumerate() {
            let held = self.held.iter().position(|&held| held == position);
            match held.and_then(|at| part.seeds().get(at)) {
                Some(seed) => self.plain.extend_from_slice(seed.reply_key().expose()),
                None => self.plain.extend_from_slice(&commitment.0),
            }
        }
    }

    /// Bend one bit of the first value, as a liar would.
    pub fn bend(&mut self) {
        if let Some(byte) = self.plain.get_mut(HEAD) {
            *byte ^= 1;
        }
    }

    /// Seal what was added to the operator.
    ///
    /// # Errors
    /// When the key is none, or the operating system gives no randomness.
    pub fn seal(
        self,
        session: SessionId,
        outcome: Digest,
        key: &OperatorKey,
    ) -> Result<Disclosure, SealingError> {
        let node = self.me;
        let sealed = sealing::seal(&key.0, &info(session, &outcome, node), b"", &self.plain)?;
        Ok(Disclosure { session, outcome, node, sealed })
    }
}

fn info(session: SessionId, outcome: &Digest, node: NodeIndex) -> Vec<u8> {
    [&b"gavel/v1/disclosure\0"[..], &session.0, &outcome.0, &[node.get()]].concat()
}

/// Why a node's disclosure is set aside.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DisclosureError {
    /// Somebody else's.
    #[error("what came in its name is not signed by it: ask again, perhaps past this coordinator")]
    Signature,
    /// About something else.
    #[error("it signed a disclosure for another {what}")]
    Other {
        /// What does not fit.
        what: &'static str,
    },
    /// Nothing that this operator can open, although the terms name the key.
    #[error("it signed something that the key in the terms does not open")]
    Unreadable,
    /// More or fewer lines than there are entries.
    #[error("it disclosed {got} bytes where {expected} belong")]
    Length {
        /// As many as the entries take.
        expected: usize,
        /// As it has.
        got: usize,
    },
    /// Values that their participants have not committed to.
    #[error(
        "it disclosed wrong values of {entries} entries, of {bidder:?} first: they are not what the signed \
         envelopes say"
    )]
    Wrong {
        /// Of how many entries.
        entries: usize,
        /// The first of them.
        bidder: String,
    },
}

impl DisclosureError {
    /// Whether it is the node's own doing for certain. Not where a coordinator that passes on what the
    /// node has signed for another session, or that told it another outcome, would bring about the same.
    pub const fn is_a_lie(&self) -> bool {
        !matches!(self, Self::Signature | Self::Other { .. })
    }
}

/// The mask of an entry as far as it is known; wiped when dropped.
struct Mask {
    word: Zeroizing<u64>,
    /// Of each set whether its part is in.
    known: Vec<bool>,
}

/// The masks of all entries, from what the nodes disclose.
pub struct Masks<'a> {
    announcement: &'a Announcement,
    /// The announcement's digest.
    announced: Digest,
    outcome: Digest,
    roster: &'a Roster,
    entries: Vec<&'a ManifestEntry>,
    of_entries: Vec<Mask>,
    bits: u32,
}

impl<'a> Masks<'a> {
    /// Nothing yet of a session whose record was checked.
    pub fn new(
        announcement: &'a Announcement,
        roster: &'a Roster,
        manifest: &'a Manifest,
        outcome: &Outcome,
    ) -> Self {
        let entries = told(manifest, outcome);
        let sets = roster.scheme.sets().len();
        let unknown = || Mask { word: Zeroizing::new(0), known: vec![false; sets] };
        Self {
            announced: announcement.digest(),
            outcome: outcome.digest(),
            of_entries: entries.iter().map(|_| unknown()).collect(),
            bits: announcement.terms.question.reply_bits(),
            announcement,
            roster,
            entries,
        }
    }

    /// Take what a node discloses: all of it, or nothing. Gives of how many entries it has no part.
    ///
    /// # Errors
    /// Says what is wrong with it, and whether that is the node's doing.
    pub fn take(
        &mut self,
        node: NodeIndex,
        disclosure: &Signed<Disclosure>,
        keys: &SealingKeyPair,
    ) -> Result<usize, DisclosureError> {
        let card = self.roster.node(node).ok_or(DisclosureError::Signature)?;
        let body = disclosure.verify(&card.key).map_err(|_| DisclosureError::Signature)?;
        let session = self.announcement.session;
        let fits = [
            ("session", body.session == session),
            ("outcome", body.outcome == self.outcome),
            ("node", body.node == node),
        ];
        if let Some((what, _)) = fits.into_iter().find(|(_, fits)| !fits) {
            return Err(DisclosureError::Other { what });
        }
        let plain = keys
            .open(&info(session, &self.outcome, node), b"", &body.sealed)
            .map_err(|_| DisclosureError::Unreadable)?;
        let line = line_bytes(self.roster.scheme);
        let (expected, got) = (self.entries.len() * line, plain.len());
        if expected != got {
            return Err(DisclosureError::Length { expected, got });
        }
        let sets = self.roster.scheme.sets();
        let reader = Reader::new(self, node, &sets);
        let lines = self.entries.iter().zip(plain.chunks_exact(line));
        let lines: Vec<Read> = lines.map(|(entry, line)| reader.read(entry, line)).collect();
        let wrong =
            || lines.iter().zip(&self.entries).filter(|(read, _)| matches!(read, Read::Wrong));
        if let Some((_, first)) = wrong().next() {
            let (entries, bidder) = (wrong().count(), first.bidder.clone());
            return Err(DisclosureError::Wrong { entries, bidder });
        }
        let lacks = lines.iter().filter(|read| matches!(read, Read::Nothing)).count();
        for (mask, read) in self.of_entries.iter_mut().zip(lines) {
            let Read::Keys(found) = read else { continue };
            for (position, key) in found {
                if !std::mem::replace(&mut mask.known[position], true) {
                    *mask.word ^= key.mask(self.bits);
                }
            }
        }
        Ok(lacks)
    }

    /// How many entries are told a reply.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Of how many entries a part of the mask is still missing.
    pub fn missing(&self) -> usize {
        self.of_entries.iter().filter(|mask| mask.known.contains(&false)).count()
    }

    /// The masks by envelope, of those that are whole.
    pub fn whole(&self) -> HashMap<Digest, u64> {
        let masks = self.entries.iter().zip(&self.of_entries);
        let whole = masks.filter(|(_, mask)| !mask.known.contains(&false));
        whole.map(|(entry, mask)| (entry.envelope, *mask.word)).collect()
    }
}

/// What a line says.
enum Read {
    /// The node has no part of the entry.
    Nothing,
    /// Its reply keys, by position of their sets.
    Keys(Vec<(usize, ReplyKey)>),
    /// Something that the envelope does not say.
    Wrong,
}

/// Reads the lines of one node.
struct Reader<'a> {
    suite: u8,
    session: SessionId,
    announcement: Digest,
    node: NodeIndex,
    sets: &'a [NodeSet],
}

impl<'a> Reader<'a> {
    fn new(masks: &Masks<'_>, node: NodeIndex, sets: &'a [NodeSet]) -> Self {
        Self {
            suite: masks.announcement.terms.protocol.number(),
            session: masks.announcement.session,
            announcement: masks.announced,
            node,
            sets,
        }
    }

    fn read(&self, entry: &ManifestEntry, line: &[u8]) -> Read {
        let Some((head, values)) = line.split_first_chunk::<HEAD>() else { return Read::Wrong };
        let [has_part, rest @ ..] = *head;
        if has_part == 0 {
            return Read::Nothing;
        }
        let binding = Binding {
            suite: self.suite,
            session: self.session,
            announcement: self.announcement,
            key: &entry.key,
            bidder: &entry.bidder,
            revision: entry.revision,
        };
        let context = binding.context();
        let mut keys = Vec::with_capacity(self.sets.len());
        let mut commitments = Vec::with_capacity(self.sets.len());
        let (values, _) = values.as_chunks::<SEED_BYTES>();
        for ((position, set), value) in self.sets.iter().enumerate().zip(values) {
            if set.contains(self.node) {
                commitments.push(Digest(*value));
            } else {
                let key = ReplyKey::from_bytes(*value);
                commitments.push(Digest(key.commitment(&context, *set)));
                keys.push((position, key));
            }
        }
        if binding.envelope(&commitments, Digest(rest)) == entry.envelope {
            Read::Keys(keys)
        } else {
            Read::Wrong
        }
    }
}

#[cfg(test)]
#[path = "disclosure_tests.rs"]
mod tests;
