//! What is remembered of dealers who lied, what is shown of one who gave out something else than it had made,
//! and forgetting it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use crate::coordinator::CoordinatorState;
use crate::coordinator::dealing::remember;
use crate::dealer::vouch;
use crate::session::dealing::Altered;
use crate::transport::server::reply::{Body, Refusal, Reply};
use crate::wire::dealer_api::DoubtLine;
use crate::wire::problem::ProblemType;
use crate::wire::reason::{AttemptTrouble, NodeReport, NodeTrouble};

/// Take a proof that a dealer gave out something else than it had made. The same one again changes nothing.
pub async fn altered(
    State(state): State<Arc<CoordinatorState>>,
    Body(shown): Body<Altered>,
) -> Result<StatusCode, Refusal> {
    let unsound = |detail: String| Refusal::new(ProblemType::BadPromise, detail);
    let roster = &state.roster.body;
    let promise = shown.promise.verify(&roster.coordinator.key);
    let promise =
        promise.map_err(|_| unsound("the promise is not signed by this coordinator".to_owned()))?;
    let batch = promise.batch;
    let dealer = vouch::altered(roster, &shown).map_err(|error| unsound(error.to_string()))?;
    let detail = "it gave another part of a batch than it had made, as its own signatures show";
    let trouble = NodeTrouble::Unsound { detail: detail.to_owned() };
    let trouble = AttemptTrouble::Nodes { nodes: vec![NodeReport { node: dealer, trouble }] };
    remember(&state, batch, Some(dealer), &trouble).await.map_err(super::store_refusal)?;
    tracing::warn!(%batch, %dealer, "a dealer gave another part of a batch than it had made");
    Ok(StatusCode::NO_CONTENT)
}

/// What is remembered, the oldest first.
pub async fn list(State(state): State<Arc<CoordinatorState>>) -> Reply<Vec<DoubtLine>> {
    let doubts = state.store.doubts().await.map_err(super::store_refusal)?;
    let lines = doubts.into_iter().map(|doubt| {
        let what = serde_json::from_str(&doubt.trouble)
            .map_or(doubt.trouble, |trouble: AttemptTrouble| trouble.to_string());
        DoubtLine { batch: doubt.batch, noted: doubt.noted, what }
    });
    Ok(Json(lines.collect()))
}

/// Forget all of it: these dealers make batches again.
pub async fn forget(State(state): State<Arc<CoordinatorState>>) -> Result<StatusCode, Refusal> {
    let forgotten = state.store.forget_doubts().await.map_err(super::store_refusal)?;
    tracing::info!(forgotten, "what was remembered of dealers is forgotten");
    state.dealing.notify_one();
    Ok(StatusCode::NO_CONTENT)
}
