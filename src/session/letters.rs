//! What nodes tell one node, or the client, alone of an outcome: values that are never opened. And what they
//! hand over to the nodes of another roster ([`super::handover`]).
//!
//! Every component of such a value has a digest in the outcome, on which the nodes agreed before they
//! signed it. Each node seals the components that it holds, with what blinds their digests, to the
//! receiver's key: a *letter*. The receiver opens the letters, compares every component with its
//! digest, and adds them up once it has them all. So a node that seals wrong components is found by
//! that alone, whatever the others say; one right letter for each component is enough, and of t+1
//! nodes that computed the outcome every component is held by one that is honest.
//!
//! In: a node's shares of what an outcome tells. Out: the values, at the receiver.
//!
//! Who learns what: the receiver, who holds the private key, the value and its components; everyone
//! else, the coordinator that passes letters on among them, who is told which variable. Adversary: t
//! nodes that seal what they like; the coordinator, which can only keep letters back, or pass on those
//! of another session, which nobody is blamed for. A letter of another attempt than the one that settled
//! the session fits none of the digests, and a node gives none out.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{Announcement, Outcome, SessionId};
use crate::field::Field;
use crate::field::bulk::add_into;
use crate::identity::sealing::{self, SealingError, SealingKeyPair};
use crate::identity::{Blob, Digest, Roster, Signed, Statement};
use crate::rules::job::prime::over;
use crate::rules::job::{Number, Receiver, Telling};
use crate::sharing::elements::Component;
use crate::sharing::stored::{Label, StoredShare};
use crate::sharing::{Holding, NodeIndex, Scheme};

/// What one node tells of a session's outcome.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Letters {
    /// The session.
    pub session: SessionId,
    /// Digest of the outcome.
    pub outcome: Digest,
    /// The node that signs.
    pub node: NodeIndex,
    /// One for each who is told anything.
    pub letters: Vec<Letter>,
}

/// What one node tells one receiver.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Letter {
    /// Who is told.
    pub to: Receiver,
    /// The node's shares of all that the receiver is told, in the order of the steps, sealed.
    pub sealed: Blob,
}

impl Statement for Letters {
    const DOMAIN: &'static str = "gavel/v1/letters";
}

/// The public key that something for a receiver is sealed to; none where there is no such node, or the
/// terms name no key. The next roster is that which the terms hand something over to.
pub fn key_of<'a>(
    announcement: &'a Announcement,
    (roster, next): (&'a Roster, Option<&'a Roster>),
    to: Receiver,
) -> Option<&'a Blob> {
    match to {
        Receiver::Node(node) => roster.node(node).map(|card| &card.sealing_key),
        Receiver::Client => announcement.terms.question.client_key().map(|key| &key.0),
        Receiver::Next(node) => next?.node(node).map(|card| &card.sealing_key),
    }
}

/// What tells the nodes of the next roster apart from those of the session's.
const NEXT: u8 = 0x80;

fn info(session: SessionId, outcome: &Digest, node: NodeIndex, to: Receiver) -> Vec<u8> {
    let receiver = match to {
        Receiver::Node(node) => node.get(),
        Receiver::Client => 0,
        Receiver::Next(node) => NEXT | node.get(),
    };
    [&b"gavel/v1/letter\0"[..], &session.0, &outcome.0, &[node.get(), receiver]].concat()
}

/// The letters of a node.
pub struct Writing<'a> {
    announcement: &'a Announcement,
    roster: &'a Roster,
    next: Option<&'a Roster>,
    me: NodeIndex,
    /// Whether one bit is bent, as a liar would.
    bend: bool,
}

impl<'a> Writing<'a> {
    /// By this node, under this roster.
    pub const fn new(announcement: &'a Announcement, roster: &'a Roster, me: NodeIndex) -> Self {
        Self { announcement, roster, next: None, me, bend: false }
    }

    /// The same to the nodes of another roster, which the terms hand something over to.
    #[must_use]
    pub const fn to_nodes_of(self, next: Option<&'a Roster>) -> Self {
        Self { next, ..self }
    }

    /// The same with one bit of the first value bent, as a liar would.
    #[must_use]
    pub const fn bent(self, bend: bool) -> Self {
        Self { bend, ..self }
    }

    /// Seal this node's shares, by their places, of what an outcome tells; nothing where it tells
    /// nobody anything apart.
    ///
    /// # Errors
    /// When a key is none, or the operating system gives no randomness.
    pub fn seal(
        &self,
        outcome: &Outcome,
        shares: &BTreeMap<usize, StoredShare>,
    ) -> Result<Option<Letters>, SealingError> {
        let question = &self.announcement.terms.question;
        let (session, digest, node) = (outcome.session, outcome.digest(), self.me);
        let mut letters = Vec::new();
        for (to, tellings) in question.tellings_by_receiver(&outcome.answer) {
            let own: Vec<&StoredShare> =
                tellings.iter().filter_map(|telling| shares.get(&telling.place)).collect();
            // A buffer that grows leaves copies behind.
            let len = own.iter().map(|share| share.expose().len()).sum();
            let mut plain = Zeroizing::new(Vec::with_capacity(len));
            for share in own {
                plain.extend_from_slice(share.expose());
            }
            if let Some(last) = plain.last_mut().filter(|_| self.bend) {
                *last ^= 1;
            }
            let rosters = (self.roster, self.next);
            let key = key_of(self.announcement, rosters, to).ok_or(SealingError::PublicKey)?;
            let sealed = sealing::seal(key, &info(session, &digest, node, to), b"", &plain)?;
            letters.push(Letter { to, sealed });
        }
        let letters = Letters { session, outcome: digest, node, letters };
        Ok((!letters.letters.is_empty()).then_some(letters))
    }
}

/// Why a node's letter is set aside.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LetterError {
    /// Somebody else's.
    #[error("what came in its name is not signed by it: ask again, perhaps past this coordinator")]
    Signature,
    /// About something else.
    #[error("it signed a letter about another {what}")]
    Other {
        /// What does not fit.
        what: &'static str,
    },
    /// None for this receiver.
    #[error("it signed letters of this outcome, and none to {to}")]
    None {
        /// The receiver.
        to: Receiver,
    },
    /// Nothing that the receiver can open.
    #[error(
        "no key that is here opens its letter: if this node has had other keys since the session, use the \
         home with those; else it wrote nonsense"
    )]
    Unreadable,
    /// More or fewer bytes than its shares take.
    #[error("it wrote {got} bytes where {expected} belong")]
    Length {
        /// As many as its shares take.
        expected: usize,
        /// As it wrote.
        got: usize,
    },
    /// Components that the nodes have not agreed on.
    #[error("it wrote wrong components of {variable:?}: they are not what t+1 nodes have signed")]
    Wrong {
        /// The variable.
        variable: String,
    },
}

impl LetterError {
    /// Whether it is the node's own doing for certain. Not where a coordinator that passes on what the
    /// node has signed in another session, or that told it another outcome, would bring about the same,
    /// nor where the receiver may lack its own key.
    pub const fn is_a_lie(&self) -> bool {
        !matches!(self, Self::Signature | Self::Other { .. } | Self::Unreadable)
    }
}

/// A value that is being put together: its components, as far as they are known.
struct Pieces {
    telling: Telling,
    digests: Vec<[u8; 32]>,
    /// By position of their sets, as bytes that are wiped when dropped.
    known: Vec<Option<Zeroizing<Vec<u8>>>>,
}

/// What somebody alone is told of a session, from the letters of its nodes.
pub struct Reading<'a> {
    session: SessionId,
    outcome: Digest,
    roster: &'a Roster,
    to: Receiver,
    pieces: Vec<Pieces>,
}

/// A value that somebody alone was told.
pub struct ToldValue {
    /// The variable.
    pub variable: String,
    /// The value.
    pub value: Number,
}

impl<'a> Reading<'a> {
    /// Nothing yet of a session whose record was checked.
    pub fn new(
        announcement: &Announcement,
        roster: &'a Roster,
        outcome: &Outcome,
        to: Receiver,
    ) -> Self {
        let told = announcement.terms.question.tellings_by_receiver(&outcome.answer).remove(&to);
        let sets = roster.scheme.sets().len();
        let pieces = told.unwrap_or_default().into_iter().map(|telling| Pieces {
            digests: telling.digests.iter().map(|digest| digest.0).collect(),
            known: (0..sets).map(|_| None).collect(),
            telling,
        });
        let (session, pieces) = (announcement.session, pieces.collect());
        Self { session, outcome: outcome.digest(), roster, to, pieces }
    }

    /// Take what a node wrote, with any of the receiver's keys: all of it, or nothing.
    ///
    /// # Errors
    /// Says what is wrong with it, and whether that is the node's doing.
    pub fn take<'k>(
        &mut self,
        node: NodeIndex,
        letters: &Signed<Letters>,
        keys: impl IntoIterator<Item = &'k SealingKeyPair>,
    ) -> Result<(), LetterError> {
        let card = self.roster.node(node).ok_or(LetterError::Signature)?;
        let body = letters.verify(&card.key).map_err(|_| LetterError::Signature)?;
        let fits = [
            ("session", body.session == self.session),
            ("outcome", body.outcome == self.outcome),
            ("node", body.node == node),
        ];
        if let Some((what, _)) = fits.into_iter().find(|(_, fits)| !fits) {
            return Err(LetterError::Other { what });
        }
        let own = body.letters.iter().find(|letter| letter.to == self.to);
        let own = own.ok_or(LetterError::None { to: self.to })?;
        let info = info(self.session, &self.outcome, node, self.to);
        let plain = keys.into_iter().find_map(|keys| keys.open(&info, b"", &own.sealed).ok());
        let plain = plain.ok_or(LetterError::Unreadable)?;

        let scheme = self.roster.scheme;
        let holding = Holding::of(scheme, node);
        let lengths: Vec<usize> = self
            .pieces
            .iter()
            .map(|Pieces { telling, .. }| {
                over!(telling.field, F => StoredShare::bytes_of::<F>(holding, telling.elements))
            })
            .collect();
        let (expected, got) = (lengths.iter().sum(), plain.len());
        if expected != got {
            return Err(LetterError::Length { expected, got });
        }
        let (mut shares, mut rest) = (Vec::with_capacity(lengths.len()), plain.as_slice());
        for (pieces, len) in self.pieces.iter().zip(lengths) {
            let (bytes, others) = rest.split_at(len);
            rest = others;
            let share = StoredShare::from_bytes(Zeroizing::new(bytes.to_vec()));
            let variable = &pieces.telling.variable;
            let label = Label { session: self.session.0, name: variable };
            if !share.fits(label, scheme, node, &pieces.digests) {
                return Err(LetterError::Wrong { variable: variable.clone() });
            }
            shares.push(share);
        }
        for (pieces, share) in self.pieces.iter_mut().zip(shares) {
            pieces.take(scheme, node, &share);
        }
        Ok(())
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.pieces.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Of how many values a component is still missing.
    pub fn missing(&self) -> usize {
        self.pieces.iter().filter(|pieces| pieces.known.iter().any(Option::is_none)).count()
    }

    /// The values that are whole.
    pub fn values(&self) -> Vec<ToldValue> {
        let value = |pieces: &Pieces| {
            let value = over!(pieces.telling.field, F => pieces.sum::<F>())?;
            Some(ToldValue { variable: pieces.telling.variable.clone(), value })
        };
        self.pieces.iter().filter_map(value).collect()
    }

    /// The elements of the value at a place; none where a component is missing.
    pub(super) fn elements<F: Field>(&self, at: usize) -> Option<Component<F>> {
        self.pieces.get(at)?.elements()
    }
}

impl Pieces {
    /// Take a node's components that fit their digests.
    fn take(&mut self, scheme: Scheme, node: NodeIndex, share: &StoredShare) {
        let held = scheme.held_by(node);
        let each = share.expose().len() / held.len().max(1);
        for (position, bytes) in held.into_iter().zip(share.expose().chunks(each.max(1))) {
            if let Some(known @ None) = self.known.get_mut(position) {
                *known = Some(Zeroizing::new(bytes.to_vec()));
            }
        }
    }

    /// The sum of all components; none where one is missing.
    fn elements<F: Field>(&self) -> Option<Component<F>> {
        let mut sum = Component::zeros(self.telling.elements);
        for known in &self.known {
            add_into(&mut sum, &StoredShare::component_elements::<F>(known.as_ref()?)?);
        }
        Some(sum)
    }

    /// The same as a number, of one element.
    fn sum<F: Field>(&self) -> Option<Number> {
        let sum = self.elements::<F>()?;
        sum.first().map(|element| Number::of_element(*element))
    }
}

#[cfg(test)]
#[path = "letters_tests.rs"]
mod tests;
