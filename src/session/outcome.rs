//! The outcome: what the auction decided, signed by every node that took part.

use serde::{Deserialize, Serialize};

use super::{SessionId, manifest::Exclusion};
use crate::auction::Kind;
use crate::identity::{Digest, Statement};

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
