//! Whose access tokens count no more. A token is good for a quarter of an hour and is checked
//! without asking anybody; so the coordinator tells every node when it has ended an account's
//! logins. The node keeps it on disk, and its replicas read it there.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use crate::base::Timestamp;
use crate::base::lock::{read, write};
use crate::identity::AccountId;
use crate::identity::access_token::{AccessClaims, LIFETIME_SECONDS};
use crate::storage::{Address, NodeStore, StorageError};
use crate::transport::server::reply::Refusal;
use crate::wire::problem::ProblemType;

/// Between two looks at what another replica was told.
const INTERVAL: Duration = Duration::from_secs(1);

/// For how long the end of a login matters, in milliseconds: twice as long as a token is good, so
/// that clocks may differ.
const MATTERS: i64 = 2 * LIFETIME_SECONDS * 1000;

/// When accounts' logins ended; `None` until it has been read from the store.
#[derive(Default)]
pub struct Logins(RwLock<Option<HashMap<AccountId, Timestamp>>>);

impl Logins {
    /// Refuse a valid token whose account's logins have ended since it was made.
    pub fn in_standing(&self, claims: &AccessClaims) -> Result<(), Refusal> {
        let ended = read(&self.0);
        let Some(ended) = ended.as_ref() else {
            let detail = "this node is starting; try again in a moment";
            return Err(Refusal::new(ProblemType::Unavailable, detail));
        };
        match ended.get(&claims.grant.account) {
            Some(&at) if claims.issued < at => Err(Refusal::new(
                ProblemType::Unauthorized,
                "the account is disabled or its password was changed; log in again",
            )),
            _ => Ok(()),
        }
    }

    /// These accounts' logins have ended.
    pub async fn end(
        &self,
        store: &NodeStore,
        ended: Vec<(AccountId, Timestamp)>,
        now: Timestamp,
    ) -> Result<(), StorageError> {
        store.end_logins(ended, now.plus_millis(-MATTERS)).await?;
        self.load(store).await
    }

    async fn load(&self, store: &NodeStore) -> Result<(), StorageError> {
        let ended = store.ended_logins().await?;
        *write(&self.0) = Some(ended);
        Ok(())
    }
}

/// Read what was told before, and go on reading where other replicas may be told.
pub(super) async fn follow(logins: Arc<Logins>, store: NodeStore) {
    loop {
        match logins.load(&store).await {
            Ok(()) if matches!(store.database().address(), Address::File(_)) => return,
            Ok(()) => {}
            Err(StorageError::Closed) => return,
            Err(error) => tracing::warn!(%error, "which logins have ended cannot be read"),
        }
        tokio::time::sleep(INTERVAL).await;
    }
}
