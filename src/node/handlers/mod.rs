//! The node's endpoints. Handlers parse, call and map; who may call is decided before them in
//! [`super::access`].
//!
//! - `reflection`: what is served over gRPC, for clients that ask
//! - `sessions`: announcing a session, listing sessions, cancelling one
//! - `envelopes`: envelopes handed in by bidders or fetched by other nodes, and seeds passed on
//! - `receipts`: the receipts given so far
//! - `logins`: logins that the coordinator has ended
//! - `material`: batches of material for two parties: made, held, withdrawn, given out
//! - `manifest`: the closing: freeze, inventory, verdict, bundle, manifest
//! - `attempts`: starting an attempt, its state, the signed outcome
//! - `papers`: what this node holds, for servers that have lost it, and what it discloses
//! - `parcels`: what the nodes of the roster before have handed over
//! - `variables`: what this node keeps of variables that stay, but for its shares
//! - `events`: live events
//! - `health`: whether this node is well
//! - `stream`: the upgrade to the binary stream between two nodes

mod attempts;
mod envelopes;
mod events;
mod health;
mod logins;
mod manifest;
mod material;
mod papers;
mod parcels;
mod receipts;
pub(super) mod reflection;
mod sessions;
mod stream;
mod variables;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post, put};

use super::{NodeState, replica::hand_on};
use crate::transport::server::reply::Refusal;
use crate::transport::server::site::named;
use crate::wire::paths::{self, session_in};
use crate::wire::problem::ProblemType;

/// Largest ordinary body.
const SMALL_BODY: usize = 1 << 20;

/// Largest body of the closing: inventories of 100,000 bids by nine nodes fit. So does what is handed over.
const LARGE_BODY: usize = 256 << 20;

/// Before every handler: another server that asks under a roster under which this node does not serve is
/// told so, where it does not ask about a session, or where sessions stand. Its stream would take the
/// place of one that is under this roster.
pub(super) async fn of_this_roster(
    State(node): State<Arc<NodeState>>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path();
    let reads = path == paths::NODE_STANDINGS || session_in(path).is_some();
    let other = |named| named != node.roster.body.line();
    if !reads && named(request.headers()).is_some_and(other) {
        let detail = "this node does not serve under the roster that is asked for, and goes on with no \
                      session of it";
        return Refusal::new(ProblemType::WrongRoster, detail).into_response();
    }
    next.run(request).await
}

/// Every route of a node.
pub fn router(node: &Arc<NodeState>) -> Router<Arc<NodeState>> {
    let computing = Router::new()
        .route(paths::STREAM, get(stream::upgrade))
        .route(paths::NODE_ATTEMPTS, post(attempts::start))
        .route(paths::NODE_MATERIAL, get(material::list).post(material::start))
        .route(paths::NODE_ATTEMPT, get(attempts::show).delete(attempts::call_off))
        .route(paths::NODE_BATCH, get(material::show).delete(material::withdraw))
        .route_layer(from_fn_with_state(Arc::clone(node), hand_on));
    let large = Router::new()
        .route(paths::NODE_VERDICT, post(manifest::verdict))
        .route(paths::NODE_MANIFEST, post(manifest::sign_manifest).put(manifest::take_manifest))
        .route(paths::NODE_PARCEL, put(parcels::take))
        .layer(DefaultBodyLimit::max(LARGE_BODY));
    Router::new()
        .route(paths::NODE_HEALTH, get(health::health))
        .route(paths::NODE_EVENTS, get(events::events))
        .route(paths::NODE_SESSIONS, get(sessions::list).post(sessions::announce))
        .route(paths::NODE_SESSION, get(sessions::show))
        .route(paths::NODE_CANCEL, post(sessions::cancel))
        .route(paths::NODE_APPROVAL, post(sessions::approve))
        .route(paths::NODE_PAUSE, put(sessions::pause))
        .route(paths::NODE_ENVELOPES, post(envelopes::hand_in))
        .route(paths::NODE_ENVELOPE, get(envelopes::fetch))
        .route(paths::NODE_VARIABLES, get(variables::list))
        .route(paths::NODE_STANDINGS, get(papers::standings))
        .route(paths::NODE_PAPERS, get(papers::show))
        .route(paths::NODE_DISCLOSURE, get(papers::disclosure))
        .route(paths::NODE_LETTERS, get(papers::letters))
        .route(paths::NODE_SEEDS, get(envelopes::pass_on_seeds))
        .route(paths::NODE_RECEIPTS, get(receipts::list))
        .route(paths::NODE_LOGINS, put(logins::end))
        .route(paths::NODE_FREEZE, post(manifest::freeze))
        .route(paths::NODE_BUNDLE, get(manifest::bundle))
        .route(paths::NODE_OUTCOME, put(attempts::take_outcome))
        .route(paths::MATERIAL_SEED, post(material::seed))
        .route(paths::OWNER_HALF, post(material::owner_half))
        .merge(computing)
        .layer(DefaultBodyLimit::max(SMALL_BODY))
        .merge(large)
}
