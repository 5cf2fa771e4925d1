//! Where the halves of batches come from.

use futures_util::future::{BoxFuture, FutureExt as _};

use crate::client::{Network, material};
use crate::field::Pair127;
use crate::identity::{KeyPair, Signed};
use crate::session::scoring::BatchPromise;
use crate::sharing::pair::{Half, Party};

/// Gives a party its half of a batch, once.
pub trait Halves: Send + Sync {
    /// The half of a batch that was promised to this party.
    ///
    /// # Errors
    /// Says who did not give its part, and why.
    fn half<'a>(
        &'a self,
        promise: &'a Signed<BatchPromise>,
        party: Party,
    ) -> BoxFuture<'a, Result<Half<Pair127>, String>>;
}

/// The dealers of a roster, who give halves to the holder of this key.
pub struct Dealers {
    network: Network,
    keys: KeyPair,
}

impl Dealers {
    /// The dealers that this network reaches.
    pub const fn new(network: Network, keys: KeyPair) -> Self {
        Self { network, keys }
    }
}

impl Halves for Dealers {
    fn half<'a>(
        &'a self,
        promise: &'a Signed<BatchPromise>,
        party: Party,
    ) -> BoxFuture<'a, Result<Half<Pair127>, String>> {
        async move {
            let half = match party {
                Party::Client => material::client_half(&self.network, promise, &self.keys).await,
                Party::Owner => material::owner_half(&self.network, promise, &self.keys).await,
            };
            half.map_err(|error| error.to_string())
        }
        .boxed()
    }
}
