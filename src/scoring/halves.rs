//! Where the halves of batches come from.

use futures_util::future::BoxFuture;

use crate::field::Pair127;
use crate::identity::Signed;
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
