//! Waiting for a session that is paused.

use std::time::Duration;

use tokio::time::Instant;

use super::again::{Tries, Waits, until_answered};
use super::bid::{BidError, paused};
use super::coordinator::CoordinatorClient;
use crate::session::SessionId;
use crate::wire::coordinator_api::SessionDetail;

/// Longest time between two looks.
const LONGEST: Duration = Duration::from_secs(5);

/// A session, once it is not paused any more; asked for again until `end`, also while the coordinator
/// cannot be reached or is busy.
///
/// # Errors
/// `Paused` when it is paused until then; the coordinator's last error.
pub async fn once_it_goes_on(
    coordinator: &CoordinatorClient,
    session: SessionId,
    end: Instant,
    waits: &Waits<'_>,
) -> Result<SessionDetail, BidError> {
    let mut tries = Tries::new("the session".to_owned(), end, LONGEST, waits);
    loop {
        let detail = until_answered(end, waits, || coordinator.session(session)).await?;
        let Some(paused) = paused(&detail) else { return Ok(detail) };
        if !tries.wait(&paused).await {
            return Err(paused);
        }
    }
}
