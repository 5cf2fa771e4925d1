//! Bugs planted on purpose, to show that the simulation finds them. They sit in front of a node's
//! routes and in the run's randomness; the product has no switch for any of them.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use gavel::base::Clock;
use gavel::base::Timestamp;
use gavel::identity::{KeyPair, Signed};
use gavel::session::{Envelope, Receipt};
use tower::ServiceExt as _;

use super::core::{Core, Host};
use super::{chance, net::Message};

/// How long a node that answers too early takes until the bid is on its disk.
const LAZY: Duration = Duration::from_millis(400);

/// A planted bug.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Bug {
    /// Receipts go out before the commit.
    SkipsCommit,
    /// Attempts draw the same secrets as the one before.
    ReusesKeys,
    /// Bids are taken after the end of bidding.
    TakesLateBids,
}

/// A bug, and what it needs to act like a node.
pub struct Sabotage {
    /// Which.
    pub bug: Bug,
    /// The nodes' identity keys.
    pub keys: Vec<KeyPair>,
}

impl Sabotage {
    /// Answer a request, wrongly where the bug says so.
    pub async fn serve(
        &self,
        core: &Core,
        to: Host,
        message: &Message,
        router: Router,
    ) -> Response {
        let bid = message.method == reqwest::Method::POST && message.path.ends_with("/envelopes");
        match self.bug {
            Bug::SkipsCommit if bid => {
                // It dies with the node, as a write that has not been synced does.
                let (request, late) = (message.request(), router.clone());
                let task = tokio::spawn(async move {
                    tokio::time::sleep(LAZY).await;
                    drop(late.oneshot(request).await);
                });
                core.belongs(to, task.abort_handle());
                if core.clock(to).now() < until(core, message) {
                    self.receipt(&core.clock(to), to, message)
                } else {
                    serve(router, message).await
                }
            }
            Bug::TakesLateBids if bid => {
                let response = serve(router, message).await;
                if response.status().is_success() {
                    return response;
                }
                self.receipt(&core.clock(to), to, message)
            }
            Bug::ReusesKeys
                if message.method == reqwest::Method::POST
                    && message.path.ends_with("/attempts") =>
            {
                chance::repeat_secrets();
                serve(router, message).await
            }
            _ => serve(router, message).await,
        }
    }

    fn receipt(&self, clock: &Clock, host: Host, message: &Message) -> Response {
        let node = host.node().expect("bids go to nodes");
        let envelope: Envelope = serde_json::from_slice(&message.body).expect("an envelope");
        let body = Receipt {
            session: envelope.body.session,
            node,
            bidder: envelope.body.bidder.clone(),
            key: envelope.body.key,
            revision: envelope.body.revision,
            envelope: envelope.digest(),
            received: clock.now(),
        };
        let receipt = Signed::new(body, &self.keys[node.position()]);
        Body::from(serde_json::to_vec(&receipt).expect("a receipt")).into_response()
    }
}

/// When bidding ends in the session of an envelope.
fn until(core: &Core, message: &Message) -> Timestamp {
    let envelope: Envelope = serde_json::from_slice(&message.body).expect("an envelope");
    core.books().session(envelope.body.session, |books| books.until())
}

async fn serve(router: Router, message: &Message) -> Response {
    router.oneshot(message.request()).await.expect("routers do not fail")
}
