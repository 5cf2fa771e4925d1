//! The outcome: what the session decided, signed by every node that took part.
//!
//! It stands with t+1 signatures: one of them is an honest node's, which signs nothing but what it
//! computed itself. So a node that computes with the others and does not sign keeps nothing up.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::exclusion::ExclusionReason;
use super::manifest::{CoSigned, Exclusion, Manifest, ManifestEntry, SignerError};
use super::{Announcement, SessionId};
use crate::identity::{Digest, Roster, Statement};
use crate::rules::answer::{Answer, AnswerError};
use crate::sharing::NodeSet;

/// What was decided. The same for every attempt, so that signatures of different attempts fit
/// together.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// The session that is decided.
    pub session: SessionId,
    /// Binds the answer to its question, by digest.
    pub announcement: Digest,
    /// Binds the answer to the entries it was computed from, by digest.
    pub manifest: Digest,
    /// The answer to the terms' question.
    pub answer: Answer<Entrant>,
    /// Envelopes of the manifest that the range check excluded.
    pub out_of_range: Vec<Exclusion>,
}

/// An entry of the manifest, as an outcome names it.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entrant {
    /// The bidder's name.
    pub bidder: String,
    /// The envelope's digest.
    pub envelope: Digest,
}

impl From<&ManifestEntry> for Entrant {
    fn from(entry: &ManifestEntry) -> Self {
        Self { bidder: entry.bidder.clone(), envelope: entry.envelope }
    }
}

impl Statement for Outcome {
    const DOMAIN: &'static str = "gavel/v1/outcome";
}

/// Why an outcome does not count.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum OutcomeError {
    /// A signature does not fit.
    #[error("the signature of node {} under the outcome does not fit", .0.node)]
    Signature(#[from] SignerError),
    /// Too few signatures to be believed.
    #[error("the outcome has {got} signatures; it takes {needed}")]
    TooFew {
        /// t+1.
        needed: usize,
        /// Signatures that fit.
        got: usize,
    },
    /// About another session, announcement or manifest.
    #[error("the outcome is for another {what}")]
    Other {
        /// Which part does not fit.
        what: &'static str,
    },
    /// It names an entry that does not take part.
    #[error("the outcome names {bidder:?}, who has no such entry in the manifest")]
    NoSuchEntry {
        /// The bidder that the outcome names.
        bidder: String,
    },
    /// The answer does not fit the terms' question.
    #[error(transparent)]
    Answer(#[from] AnswerError),
    /// A range exclusion of something that is not in the manifest, twice, for another reason, or
    /// under terms that check no range.
    #[error("the outcome's exclusion of {bidder:?} is out of place: {what}")]
    Exclusion {
        /// The bidder that the outcome names.
        bidder: String,
        /// What is wrong with naming it.
        what: &'static str,
    },
}

impl CoSigned<Outcome> {
    /// Check the signatures, t+1 at least, and tell whose they are.
    ///
    /// # Errors
    /// Names the node whose signature does not fit, or says how many are missing.
    pub fn check(&self, roster: &Roster) -> Result<NodeSet, OutcomeError> {
        let signers = self.signers(roster)?;
        let needed = usize::from(roster.scheme.threshold()) + 1;
        if signers.len() < needed {
            return Err(OutcomeError::TooFew { needed, got: signers.len() });
        }
        Ok(signers)
    }
}

impl Outcome {
    /// Whether another attempt at the same came to the other one: it says the same but for the digests
    /// of shares that stay.
    pub fn differs_in_digests_alone(&self, other: &Self) -> bool {
        let rest = |outcome: &Self| (outcome.session, outcome.announcement, outcome.manifest);
        rest(self) == rest(other)
            && self.out_of_range == other.out_of_range
            && self.answer.differs_in_digests_alone(&other.answer)
    }

    /// Check that this can be the outcome of these terms and this manifest, as far as that shows
    /// without the bids.
    ///
    /// # Errors
    /// Names the first rule that is broken.
    pub fn check(
        &self,
        announcement: &Announcement,
        manifest: &Manifest,
    ) -> Result<(), OutcomeError> {
        let terms = &announcement.terms;
        let fits = [
            ("session", self.session == announcement.session),
            ("announcement", self.announcement == announcement.digest()),
            ("manifest", self.manifest == manifest.digest()),
        ];
        if let Some((what, _)) = fits.into_iter().find(|(_, fits)| !fits) {
            return Err(OutcomeError::Other { what });
        }
        let entries = manifest.entries.iter().enumerate();
        let positions: HashMap<(&str, Digest), usize> =
            entries.map(|(at, entry)| ((entry.bidder.as_str(), entry.envelope), at)).collect();
        let mut out_of_range = Vec::with_capacity(self.out_of_range.len());
        let mut excluded = HashSet::new();
        for exclusion in &self.out_of_range {
            let position = positions.get(&(exclusion.bidder.as_str(), exclusion.envelope));
            let misplaced = if !terms.needs_range_check() {
                "these terms check no range"
            } else if exclusion.reason != ExclusionReason::OutOfRange {
                "only the range is checked after the manifest"
            } else if !excluded.insert(exclusion.envelope) {
                "it is there twice"
            } else if let Some(&position) =
                position.filter(|&&position| manifest.entries[position].key == exclusion.key)
            {
                out_of_range.push(position);
                continue;
            } else {
                "the manifest has no such entry"
            };
            let bidder = exclusion.bidder.clone();
            return Err(OutcomeError::Exclusion { bidder, what: misplaced });
        }
        for entrant in self.answer.entries() {
            if !positions.contains_key(&(entrant.bidder.as_str(), entrant.envelope)) {
                return Err(OutcomeError::NoSuchEntry { bidder: entrant.bidder.clone() });
            }
        }
        // Every entry that the answer names is there, so that none gets the position after the
        // last.
        let position_of = |entrant: Entrant| {
            let position = positions.get(&(entrant.bidder.as_str(), entrant.envelope));
            position.copied().unwrap_or(manifest.entries.len())
        };
        let answer = self.answer.clone().map(position_of);
        let names: Vec<&str> = manifest.entries.iter().map(|entry| entry.bidder.as_str()).collect();
        Ok(terms.question.check_answer(&answer, &names, &out_of_range)?)
    }
}
