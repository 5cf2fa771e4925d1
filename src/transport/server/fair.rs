//! Something there is a bounded amount of, shared by addresses so that nobody gets all of it.
//!
//! An address may have at most half of what is left beside it. One alone gets a third, two get a
//! third and two ninths, and however many come, something is left for the next one. What an address
//! with nothing asks for it gets whenever there is so much.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use super::address::prefix;
use crate::base::lock;

/// An amount that addresses share.
pub struct Fair {
    most: usize,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// What somebody has of it, given back when dropped.
pub struct Share {
    fair: Arc<Fair>,
    address: IpAddr,
    amount: usize,
}

impl Fair {
    /// This much to share.
    pub fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, taken: Mutex::default() })
    }

    /// A share for an address; `None` when it has too much already, or there is not so much left.
    pub fn take(self: &Arc<Self>, address: IpAddr, amount: usize) -> Option<Share> {
        let mut share = Share { fair: Arc::clone(self), address: prefix(address), amount: 0 };
        share.grow(amount).then_some(share)
    }

    /// How much is taken.
    pub fn taken(&self) -> usize {
        lock(&self.taken).all
    }
}

impl Share {
    /// Take more; `false`, and nothing changes, when there is none for this address.
    pub fn grow(&mut self, amount: usize) -> bool {
        let mut taken = lock(&self.fair.taken);
        let left = self.fair.most.saturating_sub(taken.all);
        let own = taken.by_address.get(&self.address).copied().unwrap_or_default();
        // Of what is left beside the address it may have a half, hence of what is left with it.
        let fair = own == 0 || own + amount <= left / 2;
        if amount > left || !fair {
            return false;
        }
        taken.all += amount;
        taken.by_address.insert(self.address, own + amount);
        self.amount += amount;
        true
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut taken = lock(&self.fair.taken);
        taken.all -= self.amount;
        if let Some(own) = taken.by_address.get_mut(&self.address) {
            *own -= self.amount;
            if *own == 0 {
                taken.by_address.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::transport::server::fair::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn nobody_gets_all_and_the_next_one_always_gets_something() {
        let fair = Fair::new(3_000);
        let mut held = Vec::new();
        for attacker in 0..10 {
            let before = held.len();
            while let Some(share) = fair.take(address(attacker), 1) {
                held.push(share);
            }
            let got = held.len() - before;
            assert!(got > 0, "address {attacker}");
            assert!(attacker > 0 || (990..=1_001).contains(&got), "{got}");
        }
        assert_eq!(fair.taken(), held.len());
        assert!(fair.take(address(200), 1).is_some());
        held.clear();
        assert_eq!(fair.taken(), 0);
        assert!(fair.taken.lock().unwrap().by_address.is_empty());
    }

    #[test]
    fn a_share_grows_as_far_as_is_fair() {
        let fair = Fair::new(900);
        let mut share = fair.take(address(1), 100).unwrap();
        assert!(share.grow(200));
        assert!(!share.grow(200));
        assert_eq!(fair.taken(), 300);
        let whole = fair.take(address(2), 600);
        assert!(whole.is_some(), "who has nothing may take what is left");
        assert!(fair.take(address(3), 1).is_none());
        drop(whole);
        assert!(fair.take(address(3), 1).is_some());
    }
}
