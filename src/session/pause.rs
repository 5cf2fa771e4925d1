//! The coordinator's signed order that a session takes no entries for a while, or takes them again.
//!
//! Nodes keep the latest one, by the time that the coordinator gave it, and refuse entries while it
//! says so. What they have given receipts for before counts. A pause moves no time of the terms:
//! nobody gets longer than was announced to all. A node that has not heard of it goes on taking
//! entries, and its receipts count; too few such nodes make none safe.

use serde::{Deserialize, Serialize};

use super::SessionId;
use super::phase::Step;
use crate::base::Timestamp;
use crate::base::text::{MAX_DESCRIPTION, TextError, check_length};
use crate::identity::{PublicKey, Signed, Statement};

/// That a session takes no entries from now on, or takes them again.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PauseOrder {
    /// The session.
    pub session: SessionId,
    /// Whether entries are refused from now on.
    pub paused: bool,
    /// Why, in the operator's words.
    pub why: Option<String>,
    /// When it was given. Of two orders the later one holds.
    pub at: Timestamp,
}

impl Statement for PauseOrder {
    const DOMAIN: &'static str = "gavel/v1/pause";
}

/// Why an order is not followed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PauseError {
    /// Not by the roster's coordinator, or for another session.
    #[error("the order is not signed by the coordinator of the roster, for this session")]
    NotForThis,
    /// A reason that is not fit to show.
    #[error(transparent)]
    Text(#[from] TextError),
}

impl PauseOrder {
    /// The step that follows from it.
    pub const fn step(&self) -> Step {
        if self.paused { Step::Pause } else { Step::Resume }
    }

    /// Whether the operator's words are fit to show.
    ///
    /// # Errors
    /// Names the rule that they break.
    pub fn check_words(&self) -> Result<(), TextError> {
        match &self.why {
            Some(why) => check_length("the reason", why, MAX_DESCRIPTION),
            None => Ok(()),
        }
    }
}

impl Signed<PauseOrder> {
    /// Check that it is the coordinator's, for this session, and fit to show.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn check(&self, session: SessionId, coordinator: &PublicKey) -> Result<(), PauseError> {
        if self.body.session != session || self.verify(coordinator).is_err() {
            return Err(PauseError::NotForThis);
        }
        Ok(self.body.check_words()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::KeyPair;

    fn order(why: Option<&str>) -> PauseOrder {
        PauseOrder {
            session: SessionId([1; 16]),
            paused: true,
            why: why.map(ToOwned::to_owned),
            at: Timestamp::from_millis(7),
        }
    }

    #[test]
    fn only_the_coordinators_order_for_this_session_counts() {
        let keys = |seed| KeyPair::from_secret(&[seed; 32]);
        let (coordinator, other) = (keys(1), keys(2));
        let (session, key) = (SessionId([1; 16]), coordinator.public());
        let signed = Signed::new(order(Some("the hall is flooded")), &coordinator);
        assert_eq!(signed.check(session, &key), Ok(()));
        assert_eq!(signed.check(SessionId([2; 16]), &key), Err(PauseError::NotForThis));
        assert_eq!(signed.check(session, &other.public()), Err(PauseError::NotForThis));
        let mut altered = signed;
        altered.body.paused = false;
        assert_eq!(altered.check(session, &key), Err(PauseError::NotForThis));
        let ugly = Signed::new(order(Some("a\u{202e}b")), &coordinator);
        assert!(matches!(ugly.check(session, &key), Err(PauseError::Text(_))));
    }
}
