//! Whose TLS handshake is worked on next.
//!
//! The costly part of a handshake is a third of a millisecond of a processor, and a flood brings
//! thousands at once. Each address has one under way at a time, so a newcomer waits for one of every
//! other address at most, not for all that came before.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, Weak};

use tokio::sync::{Mutex as Turn, OwnedMutexGuard};

use super::address::prefix;
use crate::base::lock;

/// Addresses after which those that have nobody waiting are forgotten.
const MANY: usize = 1_024;

/// The turns of all addresses.
#[derive(Default)]
pub struct Turns(Mutex<Known>);

#[derive(Default)]
struct Known {
    turns: HashMap<IpAddr, Weak<Turn<()>>>,
    /// How many may be known before they are looked through.
    room: usize,
}

impl Turns {
    /// Waits for the turn of an address, first come, first served.
    pub async fn wait(&self, address: IpAddr) -> OwnedMutexGuard<()> {
        let turn = self.of(prefix(address));
        turn.lock_owned().await
    }

    fn of(&self, address: IpAddr) -> Arc<Turn<()>> {
        let mut known = lock(&self.0);
        if known.turns.len() > known.room {
            known.turns.retain(|_, turn| turn.strong_count() > 0);
            known.room = known.turns.len() * 2 + MANY;
        }
        if let Some(turn) = known.turns.get(&address).and_then(Weak::upgrade) {
            return turn;
        }
        let turn = Arc::default();
        known.turns.insert(address, Arc::downgrade(&turn));
        turn
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use crate::transport::server::turns::*;

    fn address(number: u32) -> IpAddr {
        IpAddr::from(number.to_be_bytes())
    }

    #[tokio::test]
    async fn one_address_waits_for_itself_alone() {
        let turns = Turns::default();
        let first = turns.wait(address(1)).await;
        assert!(turns.wait(address(1)).now_or_never().is_none());
        assert!(turns.wait(address(2)).now_or_never().is_some());
        drop(first);
        assert!(turns.wait(address(1)).now_or_never().is_some());
    }

    #[tokio::test]
    async fn addresses_that_have_gone_are_forgotten() {
        let turns = Turns::default();
        let held = turns.wait(address(7)).await;
        for number in 100..10_000 {
            drop(turns.wait(address(number)).await);
        }
        assert!(turns.0.lock().unwrap().turns.len() <= 2 * MANY);
        assert!(turns.wait(address(7)).now_or_never().is_none());
        drop(held);
    }
}
