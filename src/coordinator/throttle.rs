//! Slowing down who guesses passwords or codes.
//!
//! Failures are counted by address, by name, and by both together; each has its own number of free
//! tries, after which every further failure doubles the wait. A wait that has begun is not
//! lengthened by trying again, and one success clears the pair's count. The wait for a name alone
//! stays short: it slows guessing from many addresses without letting one stranger lock an owner
//! out. Bounded in memory; lost at a restart.
//!
//! IPv6 addresses count by their /64, which one customer has alone.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;

use crate::base::lock;
use crate::base::{Clock, Timestamp};
use crate::transport::server::limits::prefix;

/// Most entries; the ones longest over go first.
const MOST: usize = 100_000;

/// Without a failure for so long an entry is forgotten.
const FORGET_MILLIS: i64 = 60 * 60 * 1000;

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Key {
    Address(IpAddr),
    Name(String),
    Both(IpAddr, String),
}

#[derive(Clone, Copy)]
struct Failures {
    count: u32,
    last: i64,
    until: i64,
}

impl Key {
    /// Free tries, and the longest wait in seconds.
    const fn limits(&self) -> (u32, i64) {
        match self {
            Self::Address(_) => (20, 900),
            Self::Name(_) => (10, 10),
            Self::Both(..) => (3, 900),
        }
    }
}

/// Who failed how often.
#[derive(Default)]
pub struct Throttle(Mutex<HashMap<Key, Failures>>);

impl Throttle {
    /// Let a try begin, and count it against the pair before its result is known, so that many at
    /// once gain nothing.
    ///
    /// # Errors
    /// Seconds to wait before another try is looked at.
    pub fn begin(&self, address: IpAddr, name: &str, now: Timestamp) -> Result<(), u64> {
        let mut entries = lock(&self.0);
        let [by_address, by_name, both] = keys(address, name);
        let until = [&by_address, &by_name, &both]
            .into_iter()
            .filter_map(|key| entries.get(key))
            .map(|failures| failures.until - now.millis())
            .max();
        if let Some(millis) = until.and_then(|millis| u64::try_from(millis).ok())
            && millis > 0
        {
            return Err(millis.div_ceil(1000));
        }
        count(&mut entries, both, now.millis());
        Ok(())
    }

    /// Count the try that began as failed.
    pub fn failed(&self, address: IpAddr, name: &str, now: Timestamp) {
        let mut entries = lock(&self.0);
        let [by_address, by_name, _] = keys(address, name);
        count(&mut entries, by_address, now.millis());
        count(&mut entries, by_name, now.millis());
    }

    /// A try that has begun, which counts as failed unless it is said to have succeeded: also when
    /// whoever asked does not wait for the answer.
    pub fn tried<'a>(&'a self, address: IpAddr, name: &'a str, clock: &'a Clock) -> Tried<'a> {
        Tried { throttle: self, address, name, clock, over: false }
    }

    /// Count the try that began as a success.
    pub fn succeeded(&self, address: IpAddr, name: &str) {
        let mut entries = lock(&self.0);
        let [_, _, both] = keys(address, name);
        entries.remove(&both);
    }
}

/// A try whose result is not known yet.
pub struct Tried<'a> {
    throttle: &'a Throttle,
    address: IpAddr,
    name: &'a str,
    clock: &'a Clock,
    over: bool,
}

impl Tried<'_> {
    /// It was right.
    pub fn succeeded(mut self) {
        self.over = true;
        self.throttle.succeeded(self.address, self.name);
    }

    /// It was neither right nor wrong: this server could not find out.
    pub fn undecided(mut self) {
        self.over = true;
    }
}

impl Drop for Tried<'_> {
    fn drop(&mut self) {
        if !self.over {
            self.throttle.failed(self.address, self.name, self.clock.now());
        }
    }
}

fn count(entries: &mut HashMap<Key, Failures>, key: Key, now: i64) {
    if entries.len() >= MOST {
        entries.retain(|_, failures| now < failures.last + FORGET_MILLIS);
    }
    if entries.len() >= MOST {
        // Still full of recent ones: make room among those that wait for nothing.
        entries.retain(|_, failures| now < failures.until);
    }
    if entries.len() >= MOST && !entries.contains_key(&key) {
        return;
    }
    let (free, longest) = key.limits();
    let failures = entries.entry(key).or_insert(Failures { count: 0, last: now, until: 0 });
    if now >= failures.last + FORGET_MILLIS {
        failures.count = 0;
    }
    failures.count = failures.count.saturating_add(1);
    failures.last = now;
    if failures.count >= free {
        // 2^30 seconds are longer than any limit.
        let doubled = 1_i64 << (failures.count - free).min(30);
        failures.until = now + doubled.min(longest) * 1000;
    }
}

fn keys(address: IpAddr, name: &str) -> [Key; 3] {
    let (address, name) = (prefix(address), name.to_lowercase());
    [Key::Address(address), Key::Name(name.clone()), Key::Both(address, name)]
}

#[cfg(test)]
mod tests {
    use crate::coordinator::throttle::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(1_000_000 + seconds * 1000)
    }

    const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    /// A wrong guess; the seconds to wait before the next.
    fn guess(throttle: &Throttle, address: IpAddr, name: &str, now: Timestamp) -> u64 {
        throttle.begin(address, name, now).unwrap();
        throttle.failed(address, name, now);
        wait(throttle, address, name, now)
    }

    /// Looks without counting.
    fn wait(throttle: &Throttle, address: IpAddr, name: &str, now: Timestamp) -> u64 {
        let entries = throttle.0.lock().unwrap().clone();
        Throttle(Mutex::new(entries)).begin(address, name, now).err().unwrap_or(0)
    }

    #[test]
    fn waits_double_after_the_free_tries() {
        let throttle = Throttle::default();
        let mut now = 0;
        let mut waits = Vec::new();
        for _ in 0..8 {
            let wait = guess(&throttle, HOME, "Ada", at(now));
            waits.push(wait);
            now += i64::try_from(wait).unwrap();
        }
        assert_eq!(waits, [0, 0, 1, 2, 4, 8, 16, 32]);
        throttle.begin(HOME, "ada", at(now)).unwrap();
        throttle.succeeded(HOME, "ada");
        assert_eq!(guess(&throttle, HOME, "ada", at(now)), 0, "a success is a new start");
    }

    #[test]
    fn many_at_once_gain_nothing() {
        let throttle = Throttle::default();
        let begun = (0..100).filter(|_| throttle.begin(HOME, "ada", at(0)).is_ok()).count();
        assert_eq!(begun, 3);
    }

    #[test]
    fn one_address_is_slowed_over_many_names_and_one_name_only_a_little() {
        let throttle = Throttle::default();
        for number in 0..40 {
            throttle.failed(HOME, &format!("name {number}"), at(0));
        }
        assert_eq!(wait(&throttle, HOME, "somebody else", at(0)), 900);
        assert_eq!(wait(&throttle, address(1), "somebody else", at(0)), 0);
        for last in 0..200 {
            throttle.failed(address(last), "ada", at(0));
        }
        assert_eq!(wait(&throttle, address(201), "ada", at(0)), 10);
        assert_eq!(wait(&throttle, address(201), "ada", at(10)), 0);
    }

    #[test]
    fn a_try_that_nobody_waits_for_counts_as_failed() {
        let (throttle, clock) = (Throttle::default(), Clock::System);
        for number in 0..25 {
            drop(throttle.tried(HOME, &format!("name {number}"), &clock));
        }
        assert!(wait(&throttle, HOME, "another", clock.now()) >= 1);
        throttle.tried(address(1), "ada", &clock).undecided();
        throttle.tried(address(1), "ada", &clock).succeeded();
        assert_eq!(throttle.0.lock().unwrap().get(&Key::Address(address(1))).map(|_| ()), None);
    }

    #[test]
    fn a_long_row_of_failures_neither_overflows_nor_stays_for_ever() {
        let throttle = Throttle::default();
        for _ in 0..200 {
            throttle.failed(HOME, "ada", at(0));
        }
        assert_eq!(wait(&throttle, HOME, "ada", at(0)), 900);
        assert_eq!(guess(&throttle, HOME, "ada", at(3601)), 0);
    }
}
