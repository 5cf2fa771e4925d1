//! The terms as the coordinator signs them: what every node holds and every bidder checks.

use serde::{Deserialize, Serialize};

use super::SessionId;
use crate::base::Timestamp;
use crate::identity::{
    Digest, PublicKey, Roster, Signed, Statement, keys::SignatureError, sealing,
};
use crate::rules::Terms;
use crate::rules::terms::TermsError;

/// A session: terms, for one roster, by one coordinator.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Announcement {
    /// The session's id.
    pub session: SessionId,
    /// Digest of the roster whose nodes compute.
    pub roster: Digest,
    /// What is asked and by which rules, with every default filled in.
    pub terms: Terms,
    /// When bidding opened.
    pub opened: Timestamp,
}

impl Statement for Announcement {
    const DOMAIN: &'static str = "gavel/v1/announcement";
}

/// Why an announcement is refused.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AnnouncementError {
    /// Not signed by the roster's coordinator.
    #[error("the announcement is not signed by the coordinator of the roster")]
    Signature(#[from] SignatureError),
    /// For another roster.
    #[error("the announcement is for another roster ({got}); this node holds {expected}")]
    Roster {
        /// This node's roster.
        expected: Digest,
        /// As announced.
        got: Digest,
    },
    /// Terms that break a rule.
    #[error("the terms are not usable: {0}")]
    Terms(#[from] TermsError),
    /// Terms that disclose replies under something that is no key.
    #[error("the terms are not usable: {0}")]
    OperatorKey(#[from] NoKey),
}

/// Terms that disclose replies under something that is no key.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the operator's key in them is no X-Wing public key; write the session anew")]
pub struct NoKey;

/// That nodes can seal to the operator's key, where the terms name one.
///
/// # Errors
/// When it is none.
pub fn check_operator_key(terms: &Terms) -> Result<(), NoKey> {
    match terms.question.disclosed_to() {
        Some(key) if !sealing::is_public_key(&key.0) => Err(NoKey),
        _ => Ok(()),
    }
}

impl Signed<Announcement> {
    /// Check signature, roster and terms, and that the roster's nodes can compute what they ask. A session of a roster that this one succeeds goes on
    /// under this one.
    ///
    /// # Errors
    /// Names the first rule that is broken.
    pub fn check(&self, roster: &Signed<Roster>) -> Result<&Announcement, AnnouncementError> {
        let body = self.verify(&roster.body.coordinator.key)?;
        if !roster.body.covers(&body.roster) {
            let expected = roster.body.digest();
            return Err(AnnouncementError::Roster { expected, got: body.roster });
        }
        body.terms.check()?;
        body.terms.check_nodes(roster.body.scheme)?;
        check_operator_key(&body.terms)?;
        Ok(body)
    }
}

/// That a bidder may bid in a session, signed by the coordinator: gives a key its name. Who bids is
/// the key; two keys under one name are two bidders ([`super::naming`]).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdmissionTicket {
    /// The only session that this admits to.
    pub session: SessionId,
    /// The bidder's name. An honest coordinator gives it to one key only.
    pub bidder: String,
    /// The bidder's key.
    pub key: PublicKey,
}

impl Statement for AdmissionTicket {
    const DOMAIN: &'static str = "gavel/v1/admission";
}
