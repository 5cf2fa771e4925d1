//! The papers that a model's owner and a client exchange over their line.

use serde::{Deserialize, Serialize};

use crate::base::Timestamp;
use crate::identity::{Digest, PublicKey, Signature, Signed, Statement};
use crate::session::scoring::{BatchId, BatchPromise};

/// The owner's first paper, signed by its key: whose the certificate is that the client sees.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Door {
    /// The owner.
    pub owner: PublicKey,
    /// SHA-256 of the certificate of this connection.
    pub certificate: Digest,
    /// Random, anew for every connection.
    pub nonce: BatchId,
}

impl Statement for Door {
    const DOMAIN: &'static str = "gavel/v1/score-door";
}

/// The client's request, signed by the key that the promise names: good at one connection.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// The door that it was made at.
    pub door: Digest,
    /// The coordinator's promise of a batch to both.
    pub promise: Signed<BatchPromise>,
}

impl Statement for Call {
    const DOMAIN: &'static str = "gavel/v1/score-call";
}

/// What a party says besides.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "said")]
pub enum Said {
    /// The owner will compute; the score will be of this time.
    Agreed {
        /// When, by the owner's clock.
        at: Timestamp,
    },
    /// This party has its half.
    Ready,
    /// This party's signature of the score.
    Signed {
        /// Of the score's digest.
        signature: Signature,
    },
    /// This party stops.
    CalledOff {
        /// Why.
        why: Why,
    },
}

/// Why a party stops, as it tells its partner.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// The client is not among those who may ask.
    #[error("the owner does not score for this key; ask it to admit the key")]
    NotAdmitted,
    /// The call is not signed by the promise's client, or was made at another door.
    #[error("the call is not signed by the key that the batch is promised to")]
    NotTheClient,
    /// The promise is not the coordinator's.
    #[error("the promise of the batch is not signed by the coordinator of the owner's roster")]
    NotPromised,
    /// The promise is for another owner, or a model that is not served here.
    #[error("the model is not served here; its owner may have taken it back, or changed it")]
    NotServed,
    /// The promise is not for a score of this model.
    #[error("the promised batch does not fit the model")]
    NotForThisModel,
    /// The promise has ended.
    #[error("the promise of the batch has ended; take another batch, and compare the clocks")]
    TooLate,
    /// The batch was used at this owner before.
    #[error("the batch was used before; take another one")]
    Used,
    /// The half could not be had.
    #[error("the dealers did not give it its half of the batch; take another batch")]
    NoHalf,
    /// A value does not fit its MAC.
    #[error(
        "a value did not fit its MAC: either party may have sent a wrong share, or the dealers' batch is \
         wrong; nothing was learnt from it"
    )]
    Mac,
    /// The score would be larger than the structure says.
    #[error(
        "the score would be larger than the model says it can be: its owner has brought in other weights \
         than it may"
    )]
    Larger,
    /// The messages of the computation are not as they should be.
    #[error("a message was not what was due")]
    Malformed,
    /// A message did not come in time.
    #[error("it waited too long for a message")]
    Silent,
    /// The signature does not fit the score as this party has it.
    #[error("the signature does not fit the score as it has it")]
    BadSignature,
    /// The party is asked to stop, and begins nothing any more.
    #[error("it is shutting down; try again later")]
    Stopping,
    /// There is no room for another client.
    #[error("it scores as many clients as it can at a time; try again in a while")]
    Busy,
    /// A fault of its own, which it has logged.
    #[error("it has a fault of its own; its log says more")]
    Internal,
}
