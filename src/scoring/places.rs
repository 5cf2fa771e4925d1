//! The places of clients who have proven their key: so many in all, and so many of one address. Nobody
//! takes another's place, as a score that ends half way has used its batch up.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use tokio::sync::watch;

use super::said::Why;
use crate::transport::server::address::prefix;

/// Most clients at a time: each takes a processor's attention and the memory of a batch.
pub const MOST: usize = 32;

/// Most of them from one address.
const OF_ONE: usize = 16;

#[derive(Default)]
struct Taken {
    of_address: HashMap<IpAddr, usize>,
    shut: bool,
}

/// The places of one port.
#[derive(Clone, Default)]
pub struct Places(Arc<watch::Sender<Taken>>);

/// One of them, given back when dropped.
pub struct Place {
    places: Places,
    address: IpAddr,
}

impl Places {
    /// A place for a client from there.
    ///
    /// # Errors
    /// Says why there is none.
    pub fn take(&self, address: IpAddr) -> Result<Place, Why> {
        let address = prefix(address);
        let mut refused = None;
        self.0.send_if_modified(|taken| {
            let here: usize = taken.of_address.values().sum();
            let own = taken.of_address.get(&address).copied().unwrap_or(0);
            if taken.shut {
                refused = Some(Why::Stopping);
            } else if here >= MOST || own >= OF_ONE {
                refused = Some(Why::Busy);
            } else {
                taken.of_address.insert(address, own + 1);
            }
            refused.is_none()
        });
        refused.map_or_else(|| Ok(Place { places: self.clone(), address }), Err)
    }

    /// Let nobody in any more; returns when nobody is here.
    pub async fn finish(&self) {
        self.0.send_modify(|taken| taken.shut = true);
        let mut taken = self.0.subscribe();
        // The sender is here as long as this is.
        let _ = taken.wait_for(|taken| taken.of_address.is_empty()).await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.0.send_modify(|taken| {
            let own = taken.of_address.get(&self.address).copied().unwrap_or(0);
            if own > 1 {
                taken.of_address.insert(self.address, own - 1);
            } else {
                taken.of_address.remove(&self.address);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use crate::scoring::places::*;

    fn address(number: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, number])
    }

    #[test]
    fn one_address_does_not_have_all_places_and_nobody_loses_one() {
        let places = Places::default();
        let take = |number| places.take(address(number));
        let mut held: Vec<Place> = (0..OF_ONE).map(|_| take(1).ok().unwrap()).collect();
        assert_eq!(take(1).err(), Some(Why::Busy));
        held.extend((OF_ONE..MOST).map(|_| take(2).ok().unwrap()));
        assert_eq!(take(3).err(), Some(Why::Busy));
        held.swap_remove(0);
        assert_eq!(take(2).err(), Some(Why::Busy), "it has all that it may have");
        held.push(take(3).ok().unwrap());
        // Whoever finishes waits for those who are here, and lets nobody in.
        let mut finished = Box::pin(places.finish());
        assert_eq!(finished.as_mut().now_or_never(), None);
        held.truncate(1);
        assert_eq!(take(1).err(), Some(Why::Stopping));
        assert_eq!(finished.as_mut().now_or_never(), None);
        held.clear();
        assert_eq!(finished.as_mut().now_or_never(), Some(()));
    }
}
