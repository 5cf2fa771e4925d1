//! How fast a bidder may replace a bid: a few times at once, then now and then.
//!
//! The terms bound how often in all. This bounds what replacing costs the node meanwhile: every
//! envelope is opened and committed to disk. Counted by session and key. Bounded in memory: who has
//! replaced nothing for a while is forgotten first, and where even that does not help, newcomers
//! wait.

use std::collections::HashMap;
use std::sync::Mutex;

use crate::base::{Timestamp, lock};
use crate::identity::PublicKey;
use crate::session::SessionId;

/// Replacements at once.
const BURST: f64 = 10.0;

/// Replacements a second after that.
const PER_SECOND: f64 = 0.2;

/// Most bidders that are remembered.
const MOST: usize = 50_000;

/// The pace of all bidders who replace bids.
#[derive(Default)]
pub struct Pace(Mutex<HashMap<(SessionId, PublicKey), Bucket>>);

struct Bucket {
    left: f64,
    at: Timestamp,
}

/// A bidder who replaces too fast.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("this bid is replaced too often; wait {seconds} s and send it again")]
pub struct TooFast {
    /// How long to wait.
    pub seconds: u64,
}

impl Bucket {
    fn refill(&mut self, now: Timestamp) {
        let passed = now.millis().saturating_sub(self.at.millis()).max(0);
        self.left = (self.left + passed as f64 / 1e3 * PER_SECOND).min(BURST);
        self.at = now;
    }

    fn wait(&self) -> Result<(), TooFast> {
        if self.left >= 1.0 {
            return Ok(());
        }
        let wait = std::time::Duration::from_secs_f64((1.0 - self.left) / PER_SECOND);
        Err(TooFast { seconds: wait.as_secs() + 1 })
    }
}

impl Pace {
    /// Whether this key may replace its bid now. Takes nothing: anybody can name a key.
    ///
    /// # Errors
    /// Says how long to wait.
    pub fn check(&self, session: SessionId, key: PublicKey, now: Timestamp) -> Result<(), TooFast> {
        let mut buckets = lock(&self.0);
        match buckets.get_mut(&(session, key)) {
            Some(bucket) => {
                bucket.refill(now);
                bucket.wait()
            }
            None => Ok(()),
        }
    }

    /// Count a replacement that this key has signed.
    ///
    /// # Errors
    /// Says how long to wait.
    pub fn count(&self, session: SessionId, key: PublicKey, now: Timestamp) -> Result<(), TooFast> {
        let mut buckets = lock(&self.0);
        if buckets.len() >= MOST && !buckets.contains_key(&(session, key)) {
            buckets.retain(|_, bucket| {
                bucket.refill(now);
                bucket.left < BURST
            });
            if buckets.len() >= MOST {
                return Err(TooFast { seconds: 60 });
            }
        }
        let bucket = buckets.entry((session, key)).or_insert(Bucket { left: BURST, at: now });
        bucket.refill(now);
        bucket.wait()?;
        bucket.left -= 1.0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::identity::KeyPair;
    use crate::node::pace::*;

    const ONE: SessionId = SessionId([1; 16]);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    #[test]
    fn a_bidder_replaces_a_few_times_at_once_and_then_now_and_then() {
        let pace = Pace::default();
        let key = |secret| KeyPair::from_secret(&[secret; 32]).public();
        for _ in 0..10 {
            assert_eq!(pace.count(ONE, key(1), at(0)), Ok(()));
        }
        assert_eq!(pace.count(ONE, key(1), at(0)), Err(TooFast { seconds: 6 }));
        assert!(pace.check(ONE, key(1), at(4)).is_err());
        // Nobody else waits for that, nor the same bidder in another session.
        assert_eq!(pace.count(ONE, key(2), at(0)), Ok(()));
        assert_eq!(pace.count(SessionId([2; 16]), key(1), at(0)), Ok(()));
        assert_eq!(pace.check(ONE, key(1), at(5)), Ok(()));
        assert_eq!(pace.count(ONE, key(1), at(5)), Ok(()));
        assert!(pace.count(ONE, key(1), at(5)).is_err());
        // A clock that goes back gives nothing.
        assert!(pace.count(ONE, key(1), at(1)).is_err());
    }
}
