//! Everything public about a session, checked offline.
//!
//! In: a record, and the digest of a roster that the reader trusts. Out: what the record proves, or
//! which part was altered and whose signature does not fit. No network, no clock, no private key.
//! Nothing in a record is secret: it holds who bid and when, never an amount other than what the
//! answer opens.
//!
//! What each part rests on: the roster on the reader's digest of it, and on nothing else, for the
//! coordinator that signs it could put nodes of its own into one; the announcement on the
//! coordinator's signature; inventories and verdicts on their node's; the manifest follows from
//! those and has the signatures of nodes any two groups of which share an honest one; the outcome
//! has t+1 at least and fits terms and manifest. That the outcome is the right one for the hidden
//! bids rests on the nodes: at least one honest node signed it. Accusations rest on their node's
//! signature; what follows from them, on at most t nodes lying.
//!
//! - [`standing`]: what a record says about a bidder's receipt

pub mod standing;

use serde::{Deserialize, Serialize};

use super::accusation::{self, Accusation, AccusationError, Finding};
use super::announcement::AnnouncementError;
use super::bundle::{Bundle, BundleError};
use super::manifest::{CoSigned, Exclusion, ManifestError};
use super::naming::SharedName;
use super::outcome::OutcomeError;
use super::{Announcement, Manifest, Outcome, SessionId};
use crate::identity::{Digest, PublicKey, Roster, Signed, Statement as _, roster::RosterError};
use crate::sharing::{NodeSet, Scheme};

pub use standing::ReceiptStanding;

/// The layout of a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum Format {
    /// The first one.
    #[default]
    #[serde(rename = "gavel-record-1")]
    One,
}

/// Everything public about a session. Later parts are absent while it has not come that far.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The layout.
    pub format: Format,
    /// The nodes, signed by the coordinator.
    pub roster: Signed<Roster>,
    /// The terms, signed by the coordinator.
    pub announcement: Signed<Announcement>,
    /// Inventories, with every envelope's digest, and verdicts, each signed by its node.
    pub bundle: Option<Bundle>,
    /// The envelopes that take part, signed by the nodes.
    pub manifest: Option<CoSigned<Manifest>>,
    /// What was decided, signed by the nodes.
    pub outcome: Option<CoSigned<Outcome>>,
    /// What nodes accused others of in attempts before, each signed by its node.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accusations: Vec<Signed<Accusation>>,
}

/// What a record proves.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Report {
    /// The session.
    pub session: SessionId,
    /// What the session is about.
    pub title: String,
    /// Digest of the roster, to compare with one known from another source.
    pub roster: Digest,
    /// The coordinator's key, likewise.
    pub coordinator: PublicKey,
    /// Whether the roster is one that the reader trusts. If not, the record only proves that it is
    /// consistent: anyone can make up a coordinator and nodes, and a coordinator can make up nodes.
    pub pinned: bool,
    /// Nodes and threshold.
    pub scheme: Scheme,
    /// Nodes that closed the session; empty while it is open.
    pub closed_by: NodeSet,
    /// Nodes that signed the manifest; empty without one.
    pub manifest_signed_by: NodeSet,
    /// Nodes that signed the outcome; empty without one.
    pub signed_by: NodeSet,
    /// Envelopes that take part.
    pub bids: usize,
    /// Envelopes that do not, by the manifest or by the range check, and why.
    pub excluded: Vec<Exclusion>,
    /// Names that the coordinator gave to several keys, with its signatures.
    pub shared_names: Vec<SharedName>,
    /// What follows from the nodes' accusations, attempt by attempt.
    pub lies: Vec<Finding>,
    /// Nodes that lied, whatever else is true, as long as at most t did.
    pub named: NodeSet,
    /// The outcome, if there is one.
    pub outcome: Option<Outcome>,
}

/// Why a record proves nothing: which part is wrong, and whose signature.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RecordError {
    /// Not a record at all.
    #[error("this is not a session record: {0}")]
    Syntax(String),
    /// The roster breaks a rule or is not signed by its coordinator.
    #[error("roster: {0}")]
    Roster(#[from] RosterError),
    /// Another roster than the reader's.
    #[error("roster: its digest is {got}, not {expected} as you gave it: it is another one")]
    OtherRoster {
        /// The reader's.
        expected: Digest,
        /// The record's.
        got: Digest,
    },
    /// The announcement is not the coordinator's.
    #[error("announcement: {0}")]
    Announcement(#[from] AnnouncementError),
    /// A part without the one it rests on.
    #[error("{part}: the record lacks the {missing} that it rests on")]
    Missing {
        /// The part that is there.
        part: &'static str,
        /// The part that is not.
        missing: &'static str,
    },
    /// An inventory or verdict is not its node's.
    #[error("bundle: {0}")]
    Bundle(#[from] BundleError),
    /// The manifest does not follow from the bundle or lacks signatures.
    #[error("manifest: {0}")]
    Manifest(#[from] ManifestError),
    /// The outcome lacks signatures or cannot be that of terms and manifest.
    #[error("outcome: {0}")]
    Outcome(#[from] OutcomeError),
    /// An accusation is not its node's or cannot be about this session.
    #[error("accusations: {0}")]
    Accusation(#[from] AccusationError),
}

impl Record {
    /// Read a record's JSON.
    ///
    /// # Errors
    /// `Syntax` with line and column.
    pub fn parse(text: &str) -> Result<Self, RecordError> {
        serde_json::from_str(text).map_err(|error| RecordError::Syntax(error.to_string()))
    }

    /// What a reader who trusts this roster trusts of the record: the record's own roster, where
    /// the reader's succeeds it and so has the same nodes by identity key, else the reader's.
    pub fn trusted(&self, roster: &Roster) -> Digest {
        let own = &self.roster.body;
        if roster.check_succeeds(own).is_ok() { own.digest() } else { roster.digest() }
    }

    /// Check every signature, every link by digest, that the manifest follows from the bundle and
    /// that the outcome fits terms and manifest. `trusted` is the digest of the roster whose nodes
    /// the reader trusts; without it, nothing says whose nodes signed.
    ///
    /// # Errors
    /// Says which part was altered and whose signature does not fit.
    pub fn verify(&self, trusted: Option<Digest>) -> Result<Report, RecordError> {
        let roster = &self.roster.body;
        roster.check()?;
        self.roster.verify(&roster.coordinator.key).map_err(|_| RosterError::Signature)?;
        let digest = roster.digest();
        if let Some(expected) = trusted.filter(|expected| *expected != digest) {
            return Err(RecordError::OtherRoster { expected, got: digest });
        }
        let announcement = self.announcement.check(&self.roster)?;
        // The roster that the session was opened under, not one that came after it.
        if announcement.roster != digest {
            let got = announcement.roster;
            return Err(AnnouncementError::Roster { expected: digest, got }.into());
        }
        let mut report = Report {
            session: announcement.session,
            title: announcement.terms.title.clone(),
            roster: digest,
            coordinator: roster.coordinator.key,
            pinned: trusted.is_some(),
            scheme: roster.scheme,
            closed_by: NodeSet::EMPTY,
            manifest_signed_by: NodeSet::EMPTY,
            signed_by: NodeSet::EMPTY,
            bids: 0,
            excluded: Vec::new(),
            shared_names: Vec::new(),
            lies: Vec::new(),
            named: NodeSet::EMPTY,
            outcome: None,
        };
        if let Some(bundle) = &self.bundle {
            bundle.check(roster, announcement)?;
            report.closed_by = bundle.inventories.nodes();
        }
        if let Some(manifest) = &self.manifest {
            let missing = RecordError::Missing { part: "manifest", missing: "bundle" };
            let bundle = self.bundle.as_ref().ok_or(missing)?;
            manifest.body.check_derived(announcement, roster.scheme, bundle)?;
            report.manifest_signed_by = manifest.check(roster)?;
            report.bids = manifest.body.entries.len();
            report.excluded.clone_from(&manifest.body.excluded);
            report.shared_names.clone_from(&manifest.body.shared_names);
        }
        if let Some(outcome) = &self.outcome {
            let missing = RecordError::Missing { part: "outcome", missing: "manifest" };
            let manifest = self.manifest.as_ref().ok_or(missing)?;
            report.signed_by = outcome.check(roster)?;
            outcome.body.check(announcement, &manifest.body)?;
            report.excluded.extend(outcome.body.out_of_range.iter().cloned());
            report.outcome = Some(outcome.body.clone());
        }
        if !self.accusations.is_empty() {
            let missing = RecordError::Missing { part: "accusations", missing: "manifest" };
            let manifest = self.manifest.as_ref().ok_or(missing)?.body.digest();
            let checked = self.accusations.iter();
            let checked = checked.map(|said| said.check(roster, announcement.session, &manifest));
            let checked = checked.collect::<Result<Vec<_>, _>>()?;
            let threshold = roster.scheme.threshold();
            report.lies = accusation::findings(threshold, checked);
            report.named = accusation::named(threshold, &report.lies);
        }
        Ok(report)
    }
}

#[cfg(test)]
#[path = "record_tests.rs"]
mod tests;
