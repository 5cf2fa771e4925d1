//! The outcome: what the auction decided, signed by every node that took part.
//!
//! An outcome with the signatures of t+1 nodes is signed by one at least that is honest, and so
//! can be believed; with those of 2t+1 nodes it is settled.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::exclusion::ExclusionReason;
use super::manifest::{CoSigned, Exclusion, Manifest, SignerError};
use super::{Announcement, SessionId};
use crate::identity::{Digest, Roster, Statement};
use crate::rules::auction::Kind;
use crate::sharing::NodeSet;

/// Who won, at what price. The same for every attempt, so that signatures of different attempts
/// fit together.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// The session.
    pub session: SessionId,
    /// Digest of the announcement.
    pub announcement: Digest,
    /// Digest of the manifest.
    pub manifest: Digest,
    /// Kind of auction.
    pub kind: Kind,
    /// The winner and the price; `None` when no bid reached the reserve, or there was none.
    pub winner: Option<Winner>,
    /// Envelopes of the manifest that the range check excluded.
    pub out_of_range: Vec<Exclusion>,
}

/// The winning bid.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Winner {
    /// The bidder's name.
    pub bidder: String,
    /// The envelope's digest.
    pub envelope: Digest,
    /// Price in smallest units.
    pub price: u64,
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
    /// Fewer signatures than it takes to be believed.
    #[error("the outcome has {got} signatures; it takes {needed}")]
    TooFew {
        /// t+1.
        needed: usize,
        /// As there are.
        got: usize,
    },
    /// About another session, announcement, manifest or kind.
    #[error("the outcome is for another {what}")]
    Other {
        /// Which part does not fit.
        what: &'static str,
    },
    /// The winner does not take part.
    #[error("the outcome's winner {bidder:?} has no such entry in the manifest")]
    Winner {
        /// As it says.
        bidder: String,
    },
    /// The winner was excluded by the range check.
    #[error("the outcome's winner {bidder:?} was excluded by the range check")]
    WinnerExcluded {
        /// As it says.
        bidder: String,
    },
    /// Nobody won although nothing stood in the way.
    #[error("the outcome has no winner, although the terms have no reserve and there are bids")]
    NoWinner,
    /// A price that the terms do not allow.
    #[error("the outcome's price {price} is {relation} {bound}")]
    Price {
        /// In units.
        price: String,
        /// Such as "below the reserve".
        relation: &'static str,
        /// In units.
        bound: String,
    },
    /// A range exclusion of something that is not in the manifest, twice, for another reason, or
    /// under terms that check no range.
    #[error("the outcome's exclusion of {bidder:?} is out of place: {what}")]
    Exclusion {
        /// As it says.
        bidder: String,
        /// Why.
        what: &'static str,
    },
}

/// How far the signatures carry an outcome.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OutcomeStanding {
    /// The nodes that signed, t+1 at least.
    pub signers: NodeSet,
    /// Whether they are 2t+1 or more.
    pub settled: bool,
}

impl CoSigned<Outcome> {
    /// Check the signatures: t+1 at least.
    ///
    /// # Errors
    /// Names the node whose signature does not fit, or says how many are missing.
    pub fn check(&self, roster: &Roster) -> Result<OutcomeStanding, OutcomeError> {
        let signers = self.signers(roster)?;
        let needed = usize::from(roster.scheme.threshold()) + 1;
        if signers.len() < needed {
            return Err(OutcomeError::TooFew { needed, got: signers.len() });
        }
        Ok(OutcomeStanding { signers, settled: signers.len() >= roster.scheme.quorum() })
    }
}

impl Outcome {
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
            ("kind of auction", self.kind == terms.kind),
        ];
        if let Some((what, _)) = fits.into_iter().find(|(_, fits)| !fits) {
            return Err(OutcomeError::Other { what });
        }
        let entries: HashSet<(&str, Digest)> =
            manifest.entries.iter().map(|e| (e.bidder.as_str(), e.envelope)).collect();
        let mut excluded = HashSet::new();
        for exclusion in &self.out_of_range {
            let misplaced = if !terms.needs_range_check() {
                Some("these terms check no range")
            } else if exclusion.reason != ExclusionReason::OutOfRange {
                Some("only the range is checked after the manifest")
            } else if !entries.contains(&(exclusion.bidder.as_str(), exclusion.envelope)) {
                Some("the manifest has no such entry")
            } else if !excluded.insert(exclusion.envelope) {
                Some("it is there twice")
            } else {
                None
            };
            if let Some(what) = misplaced {
                return Err(OutcomeError::Exclusion { bidder: exclusion.bidder.clone(), what });
            }
        }
        let Some(winner) = &self.winner else {
            return if terms.reserve.is_none() && excluded.len() < entries.len() {
                Err(OutcomeError::NoWinner)
            } else {
                Ok(())
            };
        };
        if !entries.contains(&(winner.bidder.as_str(), winner.envelope)) {
            return Err(OutcomeError::Winner { bidder: winner.bidder.clone() });
        }
        if excluded.contains(&winner.envelope) {
            return Err(OutcomeError::WinnerExcluded { bidder: winner.bidder.clone() });
        }
        let bound = match terms.reserve {
            _ if winner.price > terms.maximum => Some(("above the maximum", terms.maximum)),
            Some(reserve) if terms.kind.is_reverse() && winner.price > reserve => {
                Some(("above the reserve", reserve))
            }
            Some(reserve) if !terms.kind.is_reverse() && winner.price < reserve => {
                Some(("below the reserve", reserve))
            }
            _ => None,
        };
        match bound {
            Some((relation, bound)) => Err(OutcomeError::Price {
                price: terms.currency.plain(winner.price),
                relation,
                bound: terms.currency.plain(bound),
            }),
            None => Ok(()),
        }
    }
}
