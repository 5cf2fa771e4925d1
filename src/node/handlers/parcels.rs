//! What the nodes of the roster before have handed over, brought by the coordinator for the session that
//! deals it anew.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use crate::node::NodeState;
use crate::node::refusals::{of_store, of_variable};
use crate::session::{Parcel, SessionId};
use crate::transport::server::reply::{Body, Params, Refusal, Reply};
use crate::wire::node_api::{ParcelFault, TakenParcel};
use crate::wire::problem::ProblemType;

/// Take what was handed over, where it is what the session's terms take over.
pub async fn take(
    State(node): State<Arc<NodeState>>,
    Params(session): Params<SessionId>,
    Body(parcel): Body<Parcel>,
) -> Reply<TakenParcel> {
    let _turn = node.turn(session).await;
    let row = node.session(session).await.map_err(|error| of_store(&error))?;
    if row.phase.is_final() {
        let detail = format!("the session is {} at this node", row.phase);
        return Err(Refusal::new(ProblemType::WrongPhase, detail));
    }
    let taken = node.take_parcel(&row.announcement.body, parcel).await;
    let (whole, faults) = taken.map_err(|error| of_variable(node.me, &error))?;
    let faults = faults.into_iter().map(|(node, what)| ParcelFault { node, what });
    Ok(Json(TakenParcel { whole, faults: faults.collect() }))
}
