//! An entry as handed in: one sealed part per node, and the participant's signature.
//!
//! The entry, a row of one or more fields ([`crate::rules::entries`]), is masked by one
//! pseudorandom component per set T (see [`crate::sharing::seed`]), bit by bit or field by field as
//! numbers: its `suite` says which ([`crate::sharing::form`]). The envelope publishes the masked
//! entry (the *correction*, which belongs to the first component) and a commitment to every seed;
//! each node's sealed part holds the seeds of its components. Every correction is that of an entry,
//! and a node checks its part alone.
//!
//! An envelope's id is the digest of its [`Heading`]: whose it is, which revision, and the digest of
//! what it holds. So whoever names an envelope by its heading cannot give it to another bidder or
//! revision: that would be another envelope, which nobody has.
//!
//! Where the coordinator assigns cohorts, the admission says in which the entry counts, and the
//! participant signs it with the rest: an envelope with another cohort is another envelope, so a key
//! that was admitted to two counts where its own signature says.
//!
//! Where the terms count scores, the envelope carries one, signed by both parties of its scoring, and
//! its digest binds it ([`super::carried`]).
//!
//! Who learns what: all see the correction and the commitments, which are uniform and hiding to
//! anyone who lacks one seed; t nodes together lack the seed of the set they form. All see the cohort
//! that is assigned, and the score.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::announcement::AdmissionSignature;
use super::carried::{self, ScoreError, carries_score};
use super::scoring::SignedScore;
use super::{Announcement, SessionId};
use crate::base::name::NameError;
use crate::identity::{Blob, Digest, PublicKey, Signature, Statement};
use crate::rules::Layout;
use crate::rules::entries::LayoutError;
use crate::rules::terms::CohortError;
use crate::sharing::Scheme;
use crate::sharing::form::{CorrectionError, Extent, Form};

pub use crate::sharing::form::{SUITE_BITS_XWING, SUITE_NUMBERS_XWING};

/// What the bidder signs, but for the cohort, which the admission says ([`Envelope::digest`]).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EnvelopeBody {
    /// Forms of sharing and sealing; [`SUITE_BITS_XWING`] or [`SUITE_NUMBERS_XWING`].
    pub suite: u8,
    /// The only session that the entry is for.
    pub session: SessionId,
    /// Digest of the announcement the bidder has seen.
    pub announcement: Digest,
    /// The bidder's name.
    pub bidder: String,
    /// The bidder's key.
    pub key: PublicKey,
    /// 1 for the first bid, one more for each replacement.
    pub revision: u32,
    /// The bid masked by all components, in the encoding that [`crate::sharing::form`] fixes.
    pub correction: Blob,
    /// A commitment to each component's seed, in the order of [`Scheme::sets`].
    pub commitments: Vec<Digest>,
    /// Sealed part of each node, in order of index.
    pub parts: Vec<Blob>,
    /// The score that the entry comes with, where the terms count scores.
    pub score: Option<Box<SignedScore>>,
}

carries_score!(EnvelopeBody {
    suite: u8,
    session: SessionId,
    announcement: Digest,
    bidder: String,
    key: PublicKey;
    revision;
    correction: Blob,
    commitments: Vec<Digest>,
    parts: Vec<Blob>
});

/// What an envelope's id is made of, and all that an inventory tells of it.
#[derive(Clone, Copy, Serialize)]
pub struct Heading<'a> {
    /// The only session that the entry is for.
    pub session: SessionId,
    /// The bidder's key: who bids.
    pub key: &'a PublicKey,
    /// The bidder's name, a label of the key.
    pub bidder: &'a str,
    /// Which of the key's envelopes, counted from 1.
    pub revision: u32,
    /// Digest of all else that the bidder signs, the score with it where there is one.
    pub contents: Digest,
}

impl Statement for Heading<'_> {
    const DOMAIN: &'static str = "gavel/v1/envelope";
}

/// Everything in an envelope that its heading does not say.
#[derive(Serialize)]
struct Contents<'a> {
    suite: u8,
    announcement: Digest,
    commitments: &'a [Digest],
    rest: Digest,
}

impl Statement for Contents<'_> {
    const DOMAIN: &'static str = "gavel/v1/envelope-contents";
}

/// What is large in an envelope. Under a digest of its own, so that its commitments can be shown to be
/// an envelope's without it.
#[derive(Serialize)]
struct Rest<'a> {
    correction: &'a Blob,
    parts: &'a [Blob],
    /// The last field, and not encoded where there is none, so that no other rest has the same
    /// encoding.
    #[serde(skip_serializing_if = "Option::is_none")]
    cohort: Option<u8>,
}

impl Statement for Rest<'_> {
    const DOMAIN: &'static str = "gavel/v1/envelope-rest";
}

/// What an envelope's commitments and sealed parts are bound to.
#[derive(Clone, Copy)]
pub struct Binding<'a> {
    /// Forms of sharing and sealing.
    pub suite: u8,
    /// The only session that the entry is for.
    pub session: SessionId,
    /// Digest of the announcement the bidder has seen.
    pub announcement: Digest,
    /// The bidder's key.
    pub key: &'a PublicKey,
    /// The bidder's name.
    pub bidder: &'a str,
    /// Which of the key's envelopes, counted from 1.
    pub revision: u32,
}

impl<'a> Binding<'a> {
    /// As commitments and sealed parts have it.
    pub fn context(&self) -> [u8; 32] {
        let hash = Sha256::new()
            .chain_update(b"gavel/v1/envelope-context\0")
            .chain_update([self.suite])
            .chain_update(self.session.0)
            .chain_update(self.announcement.0)
            .chain_update(self.key.as_bytes())
            .chain_update(self.revision.to_le_bytes())
            .chain_update(self.bidder.as_bytes());
        hash.finalize().into()
    }

    /// The id of the envelope that is bound so and has these commitments, and a rest with this digest
    /// ([`Envelope::rest`]), and no score. Of one envelope nobody can name two different lists of
    /// commitments.
    pub fn envelope(&self, commitments: &[Digest], rest: Digest) -> Digest {
        self.heading(self.contents(commitments, rest)).digest()
    }

    fn contents(&self, commitments: &[Digest], rest: Digest) -> Digest {
        let Self { suite, announcement, .. } = *self;
        Contents { suite, announcement, commitments, rest }.digest()
    }

    const fn heading(&self, contents: Digest) -> Heading<'a> {
        let Self { session, key, bidder, revision, .. } = *self;
        Heading { session, key, bidder, revision, contents }
    }
}

/// A bid as handed in. Its id in receipts and manifest is the digest of its [`Heading`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Envelope {
    /// What the bidder signs, but for the cohort.
    pub body: EnvelopeBody,
    /// The coordinator's signature over the bidder's
    /// [`AdmissionTicket`](super::announcement::AdmissionTicket), with the cohort that it assigns,
    /// where it does.
    pub admission: AdmissionSignature,
    /// The bidder's signature over body and cohort.
    pub signature: Signature,
}

/// Why an envelope is refused. Each names the cause and, where there is one, what to do.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum EnvelopeError {
    /// An unknown suite.
    #[error(
        "the envelope uses suite {got}, which this node does not know; update the bidder's program"
    )]
    Suite {
        /// The number in the envelope.
        got: u8,
    },
    /// Shared in another form than the terms say.
    #[error("the envelope shares the bid as {got} where the terms say {expected}; bid anew")]
    Form {
        /// The form of the envelope.
        got: Form,
        /// As the terms say.
        expected: Form,
    },
    /// For another session or other terms.
    #[error(
        "the envelope is for another session or for other terms than were announced; fetch the session again and bid anew"
    )]
    Session,
    /// A name that does not belong on a screen.
    #[error("the bidder's name is not usable: {0}")]
    Name(#[from] NameError),
    /// Replaced more often than the terms allow.
    #[error("it is revision {got} of the bid where this session takes {most} at most")]
    Revisions {
        /// As the terms say.
        most: u32,
        /// The envelope's.
        got: u32,
    },
    /// A cohort where there is none, none where one is needed, or one that there is not.
    #[error(transparent)]
    Cohort(#[from] CohortError),
    /// A score that does not count, none where one is needed, or one where there are none.
    #[error(transparent)]
    Score(#[from] ScoreError),
    /// Not admitted by the coordinator.
    #[error("the coordinator has not admitted this bidder with this key to the session")]
    Admission,
    /// The bidder's signature does not fit.
    #[error("the bidder's signature does not fit: the envelope is damaged or someone else's")]
    Signature,
    /// The terms ask for something that nobody can hand in.
    #[error("the terms of the session are not usable: {0}")]
    Layout(#[from] LayoutError),
    /// The correction is not that of an entry under these terms.
    #[error("the envelope is malformed: {0}")]
    Correction(#[from] CorrectionError),
    /// Wrong lengths or counts.
    #[error("the envelope is malformed: {what}")]
    Malformed {
        /// Which part.
        what: &'static str,
    },
}

impl EnvelopeBody {
    /// The id of an envelope with this body, whose entry counts in this cohort where cohorts are
    /// assigned: the digest of its heading, which binds all the rest by its own digest.
    pub fn id(&self, cohort: Option<u8>) -> Digest {
        let contents = self.binding().contents(&self.commitments, self.rest(cohort));
        self.binding().heading(carried::bind(contents, self.score.as_deref())).digest()
    }

    fn rest(&self, cohort: Option<u8>) -> Digest {
        Rest { correction: &self.correction, parts: &self.parts, cohort }.digest()
    }

    /// Session, terms, bidder, key and revision.
    pub const fn binding(&self) -> Binding<'_> {
        let Self { suite, session, announcement, key, bidder, revision, .. } = self;
        let (suite, session, announcement) = (*suite, *session, *announcement);
        Binding { suite, session, announcement, key, bidder: bidder.as_str(), revision: *revision }
    }

    /// What commitments and sealed parts are bound to: session, terms, bidder, key and revision.
    pub fn context(&self) -> [u8; 32] {
        self.binding().context()
    }
}

/// Most bytes of an envelope in JSON, with room to spare for blanks, where entries of this extent
/// are shared in this form. More is not an envelope of the session.
pub fn most_bytes(form: Form, extent: Extent, scheme: Scheme) -> usize {
    /// Names and keys, a score, and a name whose every character is written as an escape.
    const FRAME: usize = 10 << 10;
    let part = crate::identity::sealing::sealed_bytes(scheme);
    let commitments = scheme.sets().len() * size_of::<Digest>();
    let bytes = form.correction_bytes(extent) + commitments + usize::from(scheme.nodes()) * part;
    // Base64 takes 4 bytes for 3, hexadecimal digits 2 for 1.
    FRAME + 3 * bytes
}

impl Envelope {
    /// The envelope's id, which the bidder signs.
    pub fn digest(&self) -> Digest {
        self.body.id(self.cohort())
    }

    /// The position of the cohort that its entry counts in, where the coordinator assigned one.
    pub const fn cohort(&self) -> Option<u8> {
        self.admission.cohort
    }

    /// Digest of everything that the heading does not say, but for the score.
    pub fn contents(&self) -> Digest {
        self.body.binding().contents(&self.body.commitments, self.rest())
    }

    /// Digest of correction, sealed parts and cohort.
    pub fn rest(&self) -> Digest {
        self.body.rest(self.cohort())
    }

    /// Every check that needs no private key: suite, session, shape, admission, signature.
    ///
    /// # Errors
    /// Names the first rule that is broken.
    pub fn check(
        &self,
        announcement: &Announcement,
        scheme: Scheme,
        coordinator: &PublicKey,
    ) -> Result<(), EnvelopeError> {
        let layout = announcement.terms.layout()?;
        self.check_entry(announcement, &layout, scheme, coordinator)
    }

    /// [`Envelope::check`] for an entry of these fields.
    pub(crate) fn check_entry(
        &self,
        announcement: &Announcement,
        layout: &Layout,
        scheme: Scheme,
        coordinator: &PublicKey,
    ) -> Result<(), EnvelopeError> {
        let body = &self.body;
        let terms = &announcement.terms;
        let suite = Form::from_number(body.suite);
        let suite = suite.ok_or(EnvelopeError::Suite { got: body.suite })?;
        if suite != terms.protocol {
            return Err(EnvelopeError::Form { got: suite, expected: terms.protocol });
        }
        if body.session != announcement.session || body.announcement != announcement.digest() {
            return Err(EnvelopeError::Session);
        }
        terms.limits.check_name(&body.bidder)?;
        let malformed = |what| Err(EnvelopeError::Malformed { what });
        if body.revision == 0 {
            return malformed("its revision is 0");
        }
        if body.revision > terms.limits.revisions {
            let (most, got) = (terms.limits.revisions, body.revision);
            return Err(EnvelopeError::Revisions { most, got });
        }
        suite.decode_correction(&body.correction.0, layout.extent())?;
        if body.commitments.len() != scheme.sets().len() {
            return malformed("it does not hold one commitment per component");
        }
        let part = crate::identity::sealing::sealed_bytes(scheme);
        if body.parts.len() != usize::from(scheme.nodes())
            || body.parts.iter().any(|sealed| sealed.0.len() != part)
        {
            return malformed("it does not hold one sealed part of the right length per node");
        }
        self.admission
            .verify(coordinator, body.session, &body.bidder, body.key)
            .map_err(|_| EnvelopeError::Admission)?;
        terms.check_cohort(self.cohort())?;
        carried::check(terms, &body.key, body.score.as_deref())?;
        body.key.verify(&self.digest(), &self.signature).map_err(|_| EnvelopeError::Signature)
    }
}
