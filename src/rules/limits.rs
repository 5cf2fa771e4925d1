//! How much a session takes: part of its terms, so that every node keeps to the same.
//!
//! Whoever opens a session to everyone lets strangers fill it. What they can fill it with is bounded
//! here: how many bidders, how long their names, how often each may replace a bid.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::name::{NameError, check_name};

/// How much a session takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Most bidders.
    pub bids: u32,
    /// Most bytes of a bidder's name, in UTF-8.
    pub name_bytes: u32,
    /// Most envelopes of one bidder: the first and those that replace it.
    pub revisions: u32,
}

/// Limits that cannot be: each names the field of a session file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{field} is {least} to {most}, not {got}")]
pub struct LimitsError {
    /// The field.
    pub field: &'static str,
    /// The least that it may be.
    pub least: u32,
    /// The most.
    pub most: u32,
    /// What it is.
    pub got: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bids: 10_000, name_bytes: 100, revisions: 100 }
    }
}

impl Limits {
    /// What a session may take at most: the largest that closing has been measured with.
    pub const MOST: Self = Self { bids: 1_000_000, name_bytes: 250, revisions: 1_000 };

    /// Check what a node must not take on trust.
    ///
    /// # Errors
    /// Names the first limit that is out of bounds.
    pub fn check(&self) -> Result<(), LimitsError> {
        let most = Self::MOST;
        for (field, least, got, most) in [
            ("max_bids", 1, self.bids, most.bids),
            ("max_name_bytes", 10, self.name_bytes, most.name_bytes),
            ("max_revisions", 1, self.revisions, most.revisions),
        ] {
            if !(least..=most).contains(&got) {
                return Err(LimitsError { field, least, most, got });
            }
        }
        Ok(())
    }

    /// How long a node may take over one step of closing: it lists, fetches or opens up to as many
    /// envelopes as these limits allow. Whoever asks waits as long before the node counts as away.
    pub const fn closing_deadline(&self) -> Duration {
        // On two cores that three nodes share, opening and checking an envelope takes a quarter of a
        // millisecond.
        Duration::from_millis(120_000 + self.bids as u64)
    }

    /// Check a bidder's name: fit to show, in its one normal form, and not too long here.
    ///
    /// # Errors
    /// Names the first rule that is broken.
    pub fn check_name(&self, name: &str) -> Result<(), NameError> {
        check_name("the bidder's name", name)?;
        let (most, got) = (self.name_bytes as usize, name.len());
        if got > most { Err(NameError::Bytes { most, got }) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::limits::*;

    #[test]
    fn limits_have_limits() {
        assert_eq!(Limits::default().check(), Ok(()));
        assert_eq!(Limits::MOST.check(), Ok(()));
        let wrong = Limits { bids: 1_000_001, ..Limits::default() };
        let said = wrong.check().unwrap_err().to_string();
        assert_eq!(said, "max_bids is 1 to 1000000, not 1000001");
        assert!(Limits { revisions: 0, ..Limits::default() }.check().is_err());
        assert!(Limits { name_bytes: 251, ..Limits::default() }.check().is_err());
    }

    #[test]
    fn a_name_is_counted_in_bytes() {
        let limits = Limits { name_bytes: 10, ..Limits::default() };
        assert_eq!(limits.check_name("Müller und"), Err(NameError::Bytes { most: 10, got: 11 }));
        assert_eq!(limits.check_name("Mueller un"), Ok(()));
    }
}
