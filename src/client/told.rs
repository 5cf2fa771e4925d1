//! What a session tells one participant alone, read from a record that is checked first: the
//! coordinator, which hands records out, is believed nothing.

use super::state::{BidderState, SentBid, StateError};
use crate::identity::{Digest, KeyPair, Roster};
use crate::session::SessionId;
use crate::session::outcome::Entrant;
use crate::session::record::{Record, RecordError};

/// How much the participant trades whose orders are kept here.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OwnTrade {
    /// Revision of the order that took part.
    pub revision: u32,
    /// Its envelope.
    pub envelope: Digest,
    /// In smallest units: above 0 bought, below 0 sold.
    pub quantity: i64,
}

/// Why a session tells nothing here.
#[derive(Debug, thiserror::Error)]
pub enum ToldError {
    /// The record does not hold.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// It is of another session.
    #[error("the record is of another session")]
    OtherSession,
    /// There is nothing to tell yet.
    #[error("the session has no outcome yet")]
    NotSettled,
    /// Of a kind that tells nobody anything alone.
    #[error("a {kind} session tells all that it tells to everyone; see `gavel session show`")]
    NothingApart {
        /// The kind.
        kind: &'static str,
    },
    /// What is kept on this machine cannot be read.
    #[error(transparent)]
    State(#[from] StateError),
    /// Whoever asks takes no part.
    #[error("no order of this home takes part in the session")]
    NotInManifest,
    /// The mask is gone.
    #[error(
        "what takes the mask off this home's quantity is not with its receipts; restore them from \
         a backup"
    )]
    NoMask,
}

impl ToldError {
    /// A stable name for scripts.
    pub const fn slug(&self) -> &'static str {
        match self {
            Self::Record(_) => "bad-record",
            Self::OtherSession => "other-session",
            Self::NotSettled => "not-settled",
            Self::NothingApart { .. } => "nothing-apart",
            Self::State(_) => "file",
            Self::NotInManifest => "not-in-manifest",
            Self::NoMask => "no-mask",
        }
    }
}

/// How much the participant with these keys trades in a session, by its record and the bids that are
/// kept here.
///
/// # Errors
/// When the record does not hold under the roster that is trusted, or tells nothing of it.
pub fn own_trade(
    record: &Record,
    trusted: &Roster,
    session: SessionId,
    state: &BidderState,
    keys: &KeyPair,
) -> Result<OwnTrade, ToldError> {
    let report = record.verify(Some(record.trusted(trusted)))?;
    if report.session != session {
        return Err(ToldError::OtherSession);
    }
    let outcome = report.outcome.ok_or(ToldError::NotSettled)?;
    let question = &record.announcement.body.terms.question;
    let manifest = record.manifest.as_ref().map(|manifest| &manifest.body);
    let takes_part = |bid: &SentBid| manifest.is_some_and(|list| list.entry(&bid.digest).is_some());
    let bids = state.bids(session)?;
    let bid = bids.into_iter().find(takes_part).ok_or(ToldError::NotInManifest)?;
    let told = bid.told(&outcome.answer, keys);
    let is_own = |entrant: &Entrant| entrant.envelope == bid.digest;
    let quantity = question.own_quantity(&outcome.answer, told, is_own);
    let nothing_apart = ToldError::NothingApart { kind: question.kind_name() };
    let quantity = quantity.ok_or(nothing_apart)?.ok_or(ToldError::NoMask)?;
    Ok(OwnTrade { revision: bid.revision(), envelope: bid.digest, quantity })
}
