//! Several replicas of one node on one store: all take envelopes, one computes.
//!
//! Which one follows from the store's lease ([`Leadership::Computing`]), so that when the computing
//! replica dies or hangs another full one takes over by itself. What a replica writes as the
//! computing one is good for its own turn alone: one that was stopped and wakes up after another
//! has taken over stores nothing. Only the computing replica holds the
//! streams to the other nodes and runs attempts; requests that need them are handed on to it by
//! whichever replica they reach. All the rest is decided in the store's transactions and can be
//! asked of any replica.

use std::sync::{Arc, Weak};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use tokio::sync::watch;

use super::state::NodeState;
use crate::storage::{Address, Leadership, NodeStore, StorageError, Tenure};
use crate::transport::server::relay::{RELAYED, relay};
use crate::transport::server::reply::Refusal;
use crate::transport::target::Target;
use crate::wire::problem::ProblemType;

/// Pause before the store is tried again.
const PAUSE: Duration = Duration::from_secs(1);

impl NodeState {
    /// Whether this replica computes at present.
    pub fn computes(&self) -> bool {
        self.alone() || self.computing.borrow().held().is_some()
    }

    /// The store, for what the computing replica writes; good as long as this turn lasts. `None`
    /// where another replica computes.
    pub(super) fn computing_store(&self) -> Option<NodeStore> {
        if self.alone() {
            return Some(self.store.clone());
        }
        Some(self.store.under(self.computing.borrow().held()?))
    }

    /// A node on a file is its only replica.
    fn alone(&self) -> bool {
        matches!(self.store.database().address(), Address::File(_)) && !self.replica.intake_only
    }
}

/// Begin to compute: at once where there is no other replica, else when the role is free.
pub(super) fn start(node: &Arc<NodeState>) {
    if node.alone() {
        node.mesh().start();
    } else if !node.replica.intake_only {
        let task = tokio::spawn(follow(Arc::downgrade(node), node.computing.clone()));
        node.keep(task.abort_handle());
    }
}

/// Take up and lay down the work as the role comes and goes.
async fn follow(node: Weak<NodeState>, mut role: watch::Receiver<Tenure>) {
    let Some(me) = node.upgrade() else { return };
    let database = me.store.database().clone();
    drop(me);
    loop {
        match database.claim(Leadership::Computing).await {
            Ok(_) => break,
            Err(StorageError::Held { by, .. }) => {
                tracing::info!(by, "another replica of this node computes; standing by");
                break;
            }
            Err(StorageError::Closed) => return,
            Err(error) => {
                tracing::warn!(%error, "the role of the computing replica cannot be asked for");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    drop(database);
    loop {
        let fence = match role.wait_for(|tenure| tenure.held().is_some()).await {
            Ok(tenure) => tenure.held(),
            Err(_) => return,
        };
        let (Some(me), Some(turn)) = (node.upgrade(), fence) else { return };
        tracing::info!("this replica computes now");
        if let Some(address) = &me.replica.address
            && let Err(error) = me.store.under(turn).put_computing(address, me.clock.now()).await
        {
            tracing::warn!(%error, "the other replicas cannot be told where this one is");
            tokio::time::sleep(PAUSE).await;
            continue;
        }
        me.mesh().start();
        drop(me);
        if role.wait_for(|tenure| tenure.held() != fence).await.is_err() {
            return;
        }
        let Some(me) = node.upgrade() else { return };
        tracing::warn!(
            "this replica computes no more: it hung, or has lost its connection to the store"
        );
        me.attempts.stop_all();
        me.renew_mesh().await;
    }
}

/// Before handlers that only the computing replica can serve: hand on what came to another.
pub(super) async fn hand_on(
    State(node): State<Arc<NodeState>>,
    request: Request,
    next: Next,
) -> Response {
    if node.computes() {
        return next.run(request).await;
    }
    let nobody = |detail: String| Refusal::new(ProblemType::Unavailable, detail).into_response();
    if request.headers().contains_key(RELAYED) {
        return nobody("no replica of this node computes at present".to_owned());
    }
    let address = match node.store.computing().await {
        Ok(Some(address)) if Some(&address) != node.replica.address.as_ref() => address,
        Ok(_) => return nobody("no replica of this node computes at present".to_owned()),
        Err(error) => return Refusal::internal(&error).into_response(),
    };
    let certificate = node.keys.tls.fingerprint();
    let target = Target { address, certificate, key: node.keys.identity.public() };
    match relay(&target, request).await {
        Ok(reply) => reply,
        Err(error) => nobody(format!("the replica of this node that computes: {error}")),
    }
}
