//! How much one server takes: rates by address and by account, requests at work, time for each.
//!
//! Token buckets: an address may send a burst, and then requests at a steady rate; an account
//! fewer. Both are far above what 10,000 bids a minute through one address need. The roster's own
//! members (coordinator, nodes) are not counted: a flood of strangers must not keep a session from
//! closing. A request of theirs has its own, longer deadline.
//!
//! Bounded in memory: at most [`MOST`] addresses and accounts are remembered, the idle ones are
//! forgotten first, and where even that does not help newcomers share one bucket.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::bodies::Bodies;
use super::fair::{Fair, Share};
use super::metrics::Figure;
use super::reply::Refusal;
use crate::base::lock;
use crate::identity::AccountId;
use crate::wire::problem::ProblemType;

pub use super::address::prefix;

/// Most buckets.
pub const MOST: usize = 50_000;

/// A rate: a burst at once, and a steady number a second after that.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Rate {
    /// Requests at once.
    pub burst: f64,
    /// Requests a second.
    pub per_second: f64,
}

/// Rates, requests at work and deadlines of one server.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct LimitOptions {
    /// For each address without a roster key.
    pub address: Rate,
    /// For each account.
    pub account: Rate,
    /// Requests at work at one time, of all without a roster key: their bodies are in. Addresses
    /// share them fairly.
    pub at_work: usize,
    /// Longest time for a request.
    pub deadline: Duration,
    /// Longest time for a request of the roster's members, who hand on whole closings.
    pub staff_deadline: Duration,
}

impl Default for LimitOptions {
    fn default() -> Self {
        Self {
            // A whole room of bidders behind one address in the last seconds of an auction.
            address: Rate { burst: 10_000.0, per_second: 1_000.0 },
            account: Rate { burst: 500.0, per_second: 50.0 },
            at_work: 4_096,
            deadline: Duration::from_secs(60),
            staff_deadline: Duration::from_secs(1_200),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Who {
    Address(IpAddr),
    Account(AccountId),
    /// Newcomers while there is no room for more buckets.
    Newcomer,
}

struct Bucket {
    left: f64,
    at: Instant,
}

/// The limits of a server at work.
pub struct Limits {
    options: LimitOptions,
    buckets: Mutex<HashMap<Who, Bucket>>,
    at_work: Arc<Fair>,
    bodies: Bodies,
}

impl Default for Limits {
    fn default() -> Self {
        Self::new(LimitOptions::default())
    }
}

impl Limits {
    /// Limits as given.
    pub fn new(options: LimitOptions) -> Self {
        Self {
            options,
            buckets: Mutex::default(),
            at_work: Fair::new(options.at_work),
            bodies: Bodies::default(),
        }
    }

    /// Longest time for a request.
    pub const fn deadline(&self, staff: bool) -> Duration {
        if staff { self.options.staff_deadline } else { self.options.deadline }
    }

    /// Count a request of an address.
    ///
    /// # Errors
    /// When it sends too many.
    pub fn count_address(&self, address: IpAddr, now: Instant) -> Result<(), Refusal> {
        self.count(Who::Address(prefix(address)), self.options.address, now)
            .map_err(|seconds| too_many("this address", seconds))
    }

    /// Count a request of an account.
    ///
    /// # Errors
    /// When it sends too many.
    pub fn count_account(&self, account: AccountId, now: Instant) -> Result<(), Refusal> {
        self.count(Who::Account(account), self.options.account, now)
            .map_err(|seconds| too_many("this account", seconds))
    }

    /// A place among the requests at work, until it is dropped.
    ///
    /// # Errors
    /// When all are taken, or this address has too many.
    pub fn enter(&self, address: IpAddr) -> Result<Share, Refusal> {
        self.at_work.take(address, 1).ok_or_else(|| {
            Refusal::new(
                ProblemType::Unavailable,
                "the server is busy with other requests; try again in a second",
            )
            .retry_after(1)
        })
    }

    /// The bodies of strangers' requests.
    pub const fn bodies(&self) -> &Bodies {
        &self.bodies
    }

    /// What is under way, for `/metrics`; `server` says of which of a process's servers.
    pub fn figures(&self, server: &'static str) -> Vec<Figure> {
        let figure = |name, help, value: usize| Figure {
            name,
            help,
            kind: "gauge",
            labels: vec![("server", server.to_owned())],
            value: value as f64,
        };
        vec![
            figure(
                "gavel_strangers_requests_at_work",
                "Requests of others than members at work, their bodies read.",
                self.at_work.taken(),
            ),
            figure(
                "gavel_strangers_body_bytes",
                "Bytes held for bodies of others than members.",
                self.bodies.held(),
            ),
        ]
    }

    fn count(&self, who: Who, rate: Rate, now: Instant) -> Result<(), u64> {
        let mut buckets = lock(&self.buckets);
        let mut who = who;
        if buckets.len() >= MOST && !buckets.contains_key(&who) {
            // Whoever has been idle for a minute has a full bucket, or nearly.
            buckets.retain(|_, bucket| now.duration_since(bucket.at) < Duration::from_secs(60));
            if buckets.len() >= MOST {
                who = Who::Newcomer;
            }
        }
        let bucket = buckets.entry(who).or_insert(Bucket { left: rate.burst, at: now });
        let since = now.saturating_duration_since(bucket.at).as_secs_f64();
        bucket.left = (bucket.left + since * rate.per_second).min(rate.burst);
        bucket.at = now;
        if bucket.left >= 1.0 {
            bucket.left -= 1.0;
            return Ok(());
        }
        let wait = (1.0 - bucket.left) / rate.per_second;
        Err(Duration::from_secs_f64(wait.clamp(0.0, 3600.0)).as_secs() + 1)
    }
}

fn too_many(who: &str, seconds: u64) -> Refusal {
    Refusal::new(
        ProblemType::TooManyRequests,
        format!("{who} sends too many requests; wait {seconds} s and try again"),
    )
    .retry_after(seconds)
}

#[cfg(test)]
mod tests {
    use crate::transport::server::limits::*;

    const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn ten_thousand_bids_a_minute_pass_however_they_come() {
        let start = Instant::now();
        // Spread evenly, with every bidder asking the server twice besides.
        let limits = Limits::default();
        for request in 0..30_000_u64 {
            let now = start + Duration::from_millis(request * 2);
            assert!(limits.count_address(HOME, now).is_ok(), "request {request}");
        }
        // All in the last ten seconds, from one address.
        let limits = Limits::default();
        for request in 0..10_000_u64 {
            assert!(limits.count_address(HOME, start + Duration::from_millis(request)).is_ok());
        }
        // All at once.
        let limits = Limits::default();
        assert!((0..10_000).all(|_| limits.count_address(HOME, start).is_ok()));
        assert!(limits.count_address(HOME, start).is_err());
    }

    #[test]
    fn who_sends_too_many_waits_and_others_do_not() {
        let rate = Rate { burst: 3.0, per_second: 0.5 };
        let options = LimitOptions { address: rate, account: rate, ..LimitOptions::default() };
        let limits = Limits::new(options);
        let start = Instant::now();
        assert!((0..3).all(|_| limits.count_address(HOME, start).is_ok()));
        let refused = limits.count_address(HOME, start).unwrap_err();
        assert_eq!(refused.0.kind, ProblemType::TooManyRequests);
        assert_eq!(refused.0.more["retry_after_seconds"], 3);
        assert!(limits.count_address("192.0.2.1".parse().unwrap(), start).is_ok());
        assert!(limits.count_account(AccountId([1; 16]), start).is_ok());
        assert!(limits.count_address(HOME, start + Duration::from_secs(2)).is_ok());
    }

    #[test]
    fn memory_is_bounded() {
        let limits = Limits::default();
        let start = Instant::now();
        for number in 0..=u32::try_from(MOST).unwrap() + 999 {
            let address = IpAddr::from(number.to_be_bytes());
            assert!(limits.count_address(address, start).is_ok());
        }
        assert!(limits.buckets.lock().unwrap().len() <= MOST + 1);
        let later = start + Duration::from_secs(61);
        assert!(limits.count_address(IpAddr::from([250, 0, 0, 1]), later).is_ok());
        assert_eq!(limits.buckets.lock().unwrap().len(), 1);
    }

    #[test]
    fn places_at_work_are_given_back() {
        let limits = Limits::new(LimitOptions { at_work: 1, ..LimitOptions::default() });
        let place = limits.enter(HOME).unwrap();
        let refused = limits.enter(HOME).err().unwrap();
        assert_eq!(refused.0.kind, ProblemType::Unavailable);
        drop(place);
        assert!(limits.enter(HOME).is_ok());
    }
}
