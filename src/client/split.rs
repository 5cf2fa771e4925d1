//! Splitting an entry: from the values of its fields to a signed envelope. This is the only code
//! that holds an entry in the clear. A bid is an entry of one field, the amount.
//!
//! In: announcement and roster as signed, the coordinator's admission, the participant's keys and
//! the values. Out: an [`Envelope`]: the values masked by one pseudorandom component per set T of t
//! nodes (the correction), a commitment to the seed of every component, and the seeds of each
//! node's components sealed to that node. On bits a component is added by XOR; on numbers it is
//! taken off.
//!
//! Who learns what: t nodes together lack the seed of the set they form; to them the correction is
//! masked by a component that looks uniform, so every entry is as likely as before (replicated
//! sharing: Ito, Saito, Nishizeki 1987; components expanded from seeds: Cramer, Damgård, Ishai
//! 2005). Size: 32 bytes per set, 1136 bytes plus 32 per component held for each node, and the
//! correction: the bits of all fields, or 16 bytes a field.

use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::reply::KeptMask;
use crate::base::name::NameError;
use crate::identity::{
    Digest, KeyPair, Roster, Signed, Statement as _, bytes::Blob, roster::RosterError,
    sealing::SealingError,
};
use crate::rules::entries::{EntryError, LayoutError};
use crate::rules::money::AmountError;
use crate::rules::terms::CohortError;
use crate::rules::{Currency, Layout, Terms};
use crate::session::announcement::{AdmissionSignature, AnnouncementError};
use crate::session::carried::{self, ScoreError};
use crate::session::envelope::EnvelopeBody;
use crate::session::part::{Part, seal_part};
use crate::session::scoring::SignedScore;
use crate::session::{Announcement, Envelope};
use crate::sharing::{NodeIndex, Seed};

/// A bid in smallest units: wiped when dropped, never printed, never compared outside this file.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct BidAmount(u64);

impl BidAmount {
    /// An amount in smallest units.
    pub const fn new(units: u64) -> Self {
        Self(units)
    }

    /// Read an amount as people write it.
    ///
    /// # Errors
    /// Says what to change, without repeating the text.
    pub fn parse(text: &str, currency: &Currency) -> Result<Self, AmountError> {
        currency.parse(text).map(Self)
    }

    /// Whether the terms allow this amount.
    ///
    /// # Errors
    /// When it is above the maximum; names the maximum only.
    pub fn check(&self, terms: &Terms) -> Result<(), SplitError> {
        let largest = terms.question.maximum();
        if self.0 > largest {
            let maximum = terms.question.show(largest);
            return Err(SplitError::AboveMaximum { maximum });
        }
        Ok(())
    }
}

/// The values of an entry's fields, in order: wiped when dropped, never printed.
pub struct EntryValues {
    values: Zeroizing<Vec<u64>>,
    /// The position of the cohort that the participant was told, where the operator assigns them.
    told: Option<u8>,
    /// The score that the entry comes with, where the terms count scores.
    score: Option<Box<SignedScore>>,
}

impl EntryValues {
    /// Take these values over. What the list left behind while it grew is the caller's to wipe.
    pub fn new(values: Vec<u64>) -> Self {
        Zeroizing::new(values).into()
    }

    /// The same of a participant who was told to be in this cohort: they are sealed under no other.
    #[must_use]
    pub const fn in_cohort(mut self, told: Option<u8>) -> Self {
        self.told = told;
        self
    }

    /// The same with a score, or with none. Whether it counts is checked before anything is sealed.
    #[must_use]
    pub fn with_score(mut self, score: Option<SignedScore>) -> Self {
        self.score = score.map(Box::new);
        self
    }
}

impl EntryValues {
    /// Check that the terms allow these values.
    ///
    /// # Errors
    /// Names the first rule that is broken; of one amount, the maximum only.
    pub fn check(&self, terms: &Terms) -> Result<(), SplitError> {
        if let ([amount], 1) = (self.values.as_slice(), terms.layout()?.extent().fields) {
            return BidAmount(*amount).check(terms);
        }
        Ok(terms.layout()?.check(&self.values)?)
    }
}

impl From<Zeroizing<Vec<u64>>> for EntryValues {
    fn from(values: Zeroizing<Vec<u64>>) -> Self {
        Self { values, told: None, score: None }
    }
}

impl From<BidAmount> for EntryValues {
    fn from(amount: BidAmount) -> Self {
        Self::new(vec![amount.0])
    }
}

/// An entry that is ready to be handed in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sealed {
    /// The envelope.
    pub envelope: Envelope,
    /// What the participant needs to read what the answer tells it alone, where it does.
    pub mask: Option<KeptMask>,
}

/// Why no envelope was made. Never carries the amount or any other value.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SplitError {
    /// Above what the terms allow.
    #[error("the amount is above the maximum of this auction, {maximum}; bid at most that")]
    AboveMaximum {
        /// The public maximum with its currency.
        maximum: String,
    },
    /// Values that are not an entry of the session.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// The terms ask for something that nobody can hand in.
    #[error("the terms of the session are not usable: {0}")]
    Layout(#[from] LayoutError),
    /// The roster breaks a rule.
    #[error("the roster is not usable: {0}")]
    Roster(#[from] RosterError),
    /// The announcement breaks a rule or is for another roster.
    #[error(transparent)]
    Announcement(#[from] AnnouncementError),
    /// A name that does not belong on a screen.
    #[error("the bidder's name is not usable: {0}")]
    Name(#[from] NameError),
    /// The admission is for another name, key or session, or not by the coordinator.
    #[error(
        "the coordinator has not admitted {bidder:?} with this key to this session; ask for admission first"
    )]
    Admission {
        /// The bidder's name.
        bidder: String,
    },
    /// The admission's cohort is none that the terms take.
    #[error(transparent)]
    Cohort(#[from] CohortError),
    /// The score does not count, or there is none where one is needed.
    #[error(transparent)]
    Score(#[from] ScoreError),
    /// The admission's cohort is another than the participant was told.
    #[error(
        "the coordinator has signed another cohort than it told before; nothing was sent: ask its \
         operator which one is right"
    )]
    OtherCohort,
    /// Revisions count from 1.
    #[error("the first bid is revision 1, not 0")]
    Revision,
    /// The terms allow one bid only.
    #[error("this auction does not allow a bid to be replaced; the first one stands")]
    NoReplacement,
    /// The terms allow so many envelopes of one bidder.
    #[error(
        "this auction takes {most} bids of one bidder at most, and that many were made; the last one stands"
    )]
    TooOften {
        /// As the terms say.
        most: u32,
    },
    /// A node's sealing key cannot be used.
    #[error("cannot seal to node {node} ({name:?}): {error}")]
    Sealing {
        /// Index of the node.
        node: NodeIndex,
        /// Name on its card.
        name: String,
        /// What HPKE refuses.
        error: SealingError,
    },
    /// The operating system gave no randomness.
    #[error("the operating system gave no randomness; no bid was made")]
    Randomness,
}

/// Split, seal and sign a bid.
///
/// Everything signed by others is checked first, so that an amount is only ever split under terms
/// and to nodes that the coordinator vouches for. The caller checks that the roster is the one it
/// trusts.
///
/// # Errors
/// Names the first rule that is broken; nothing was sealed then.
pub fn make_envelope(
    announcement: &Signed<Announcement>,
    roster: &Signed<Roster>,
    admission: AdmissionSignature,
    bidder: &str,
    keys: &KeyPair,
    revision: u32,
    amount: BidAmount,
) -> Result<Envelope, SplitError> {
    let maker = EnvelopeMaker::checked(announcement, roster, admission, bidder, keys, revision)?;
    amount.check(&maker.announcement.terms)?;
    Ok(maker.make(amount.into())?.envelope)
}

/// Split, seal and sign an entry of any number of fields, after the same checks as
/// [`make_envelope`], and keep what reads the answer to it.
///
/// # Errors
/// Names the first rule that is broken, and the field that breaks it; nothing was sealed then.
pub fn make_entry(
    announcement: &Signed<Announcement>,
    roster: &Signed<Roster>,
    admission: AdmissionSignature,
    participant: &str,
    keys: &KeyPair,
    revision: u32,
    values: EntryValues,
) -> Result<Sealed, SplitError> {
    EnvelopeMaker::checked(announcement, roster, admission, participant, keys, revision)?
        .make(values)
}

/// All that an envelope is made from except the values. Those who make one with
/// [`EnvelopeMaker::checked`] have checked everything; the testkit's bad bidder must not.
pub(crate) struct EnvelopeMaker<'a> {
    pub(crate) announcement: &'a Announcement,
    pub(crate) layout: Layout,
    pub(crate) roster: &'a Roster,
    pub(crate) admission: AdmissionSignature,
    pub(crate) bidder: &'a str,
    pub(crate) keys: &'a KeyPair,
    pub(crate) revision: u32,
}

impl<'a> EnvelopeMaker<'a> {
    /// Check all papers, the signatures of others first.
    fn checked(
        announcement: &'a Signed<Announcement>,
        roster: &'a Signed<Roster>,
        admission: AdmissionSignature,
        bidder: &'a str,
        keys: &'a KeyPair,
        revision: u32,
    ) -> Result<Self, SplitError> {
        roster.body.check()?;
        roster.verify(&roster.body.coordinator.key).map_err(|_| RosterError::Signature)?;
        let announced = announcement.check(roster)?;
        announced.terms.limits.check_name(bidder)?;
        let most = announced.terms.limits.revisions;
        match revision {
            0 => return Err(SplitError::Revision),
            1 => {}
            _ if announced.terms.replace_bids && revision <= most => {}
            _ if announced.terms.replace_bids => return Err(SplitError::TooOften { most }),
            _ => return Err(SplitError::NoReplacement),
        }
        let coordinator = &roster.body.coordinator.key;
        admission
            .verify(coordinator, announced.session, bidder, keys.public())
            .map_err(|_| SplitError::Admission { bidder: bidder.to_owned() })?;
        announced.terms.check_cohort(admission.cohort)?;
        Ok(Self {
            announcement: announced,
            layout: announced.terms.layout()?,
            roster: &roster.body,
            admission,
            bidder,
            keys,
            revision,
        })
    }

    /// Check the values, and make the envelope.
    pub(crate) fn make(&self, values: EntryValues) -> Result<Sealed, SplitError> {
        self.layout.check(&values.values)?;
        if values.told.is_some() && values.told != self.admission.cohort {
            return Err(SplitError::OtherCohort);
        }
        let (terms, key) = (&self.announcement.terms, self.keys.public());
        carried::check(terms, &key, values.score.as_deref())?;
        let (body, seeds) = self.fill(values)?;
        let envelope = self.sign(body);
        let bits = self.announcement.terms.question.reply_bits();
        let mask = || KeptMask::of(&seeds, bits, self.keys, &envelope.digest());
        let mask = (bits > 0).then(mask);
        Ok(Sealed { envelope, mask })
    }

    /// Draw seeds, mask the values, commit and seal. The seeds come back in the order of
    /// [`Scheme::sets`](crate::sharing::Scheme::sets). Bits of a value past its field's are left
    /// out.
    pub(crate) fn fill(
        &self,
        values: EntryValues,
    ) -> Result<(EnvelopeBody, Vec<Seed>), SplitError> {
        let scheme = self.roster.scheme;
        let sets = scheme.sets();
        // Room for all at once, here and below: a list that grows leaves copies of seeds behind.
        let mut seeds = Vec::with_capacity(sets.len());
        for _ in &sets {
            seeds.push(Seed::random().map_err(|_| SplitError::Randomness)?);
        }
        let (form, extent) = (self.announcement.terms.protocol, self.layout.extent());
        let fields = self.layout.fields().map(|field| field.bits);
        let correction = form.mask(extent, fields.zip(values.values.iter().copied()), &seeds);
        // From here on the values exist as components only.
        let EntryValues { values, score, .. } = values;
        drop(values);
        let mut body = EnvelopeBody {
            suite: form.number(),
            session: self.announcement.session,
            announcement: self.announcement.digest(),
            bidder: self.bidder.to_owned(),
            key: self.keys.public(),
            revision: self.revision,
            correction: Blob(correction.encode(extent)),
            commitments: Vec::new(),
            parts: Vec::new(),
            score,
        };
        let context = body.context();
        body.commitments = seeds
            .iter()
            .zip(&sets)
            .map(|(seed, &set)| Digest(seed.commitment(&context, set)))
            .collect();
        body.parts = scheme
            .all()
            .iter()
            .map(|node| self.seal(&context, node, &seeds))
            .collect::<Result<_, _>>()?;
        Ok((body, seeds))
    }

    /// Seal to one node the seeds it holds out of all of them.
    pub(crate) fn seal(
        &self,
        context: &[u8; 32],
        node: NodeIndex,
        seeds: &[Seed],
    ) -> Result<Blob, SplitError> {
        let card = self.roster.node(node).ok_or(RosterError::Count {
            expected: self.roster.scheme.nodes(),
            got: self.roster.nodes.len(),
        })?;
        let held = self.roster.scheme.held_by(node);
        let mut own = Vec::with_capacity(held.len());
        own.extend(held.into_iter().filter_map(|position| seeds.get(position).cloned()));
        let part = Part::new(own);
        seal_part(context, node, &part, &card.sealing_key).map_err(|error| SplitError::Sealing {
            node,
            name: card.name.clone(),
            error,
        })
    }

    /// Sign a body with the bidder's key.
    pub(crate) fn sign(&self, body: EnvelopeBody) -> Envelope {
        let signature = self.keys.sign(&body.id(self.admission.cohort));
        Envelope { body, admission: self.admission, signature }
    }
}

#[cfg(test)]
#[path = "split_tests.rs"]
mod tests;
