//! From the freeze to the signed manifest: inventory, verdict, bundle, manifest. See
//! [`crate::session::bundle`].

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use crate::identity::{Signed, Statement as _};
use crate::node::NodeState;
use crate::node::refusals::{of_commit, of_store, of_verdict};
use crate::session::bundle::{Bundle, Inventories, Inventory, Verdict};
use crate::session::{Phase, SessionId};
use crate::transport::server::paper::{InBinary, Paper};
use crate::transport::server::reply::{Params, Refusal, Reply};
use crate::wire::node_api::{CommittedBundle, ManifestSignature, SignedManifest};
use crate::wire::problem::ProblemType;

/// End bidding at this node and say what it holds. Asking again gives the same answer.
pub async fn freeze(
    State(node): State<Arc<NodeState>>,
    Params(session): Params<SessionId>,
    binary: InBinary,
) -> Result<Response, Refusal> {
    let _turn = node.turn(session).await;
    let row = node.session(session).await.map_err(|error| of_store(&error))?;
    if row.phase.is_bidding() {
        node.store.freeze(session, node.clock.now()).await.map_err(|error| of_store(&error))?;
        node.tell_phase(session, Phase::Closing);
    } else if row.phase == Phase::Cancelled {
        return Err(Refusal::new(ProblemType::WrongPhase, "the session was called off"));
    }
    let inventory =
        node.store.inventory(session, node.me).await.map_err(|error| of_store(&error))?;
    Ok(binary.reply::<Signed<Inventory>>(&Signed::new(inventory, &node.keys.identity)))
}

/// Fetch what this node is missing of all inventories, and say what is wrong with any envelope.
pub async fn verdict(
    State(node): State<Arc<NodeState>>,
    Params(session): Params<SessionId>,
    binary: InBinary,
    Paper(inventories): Paper<Inventories>,
) -> Result<Response, Refusal> {
    let _turn = node.turn(session).await;
    let row = node.session(session).await.map_err(|error| of_store(&error))?;
    if row.phase.is_bidding() || row.phase == Phase::Cancelled {
        return Err(Refusal::new(
            ProblemType::WrongPhase,
            format!("the session is {} at this node; freeze it first", row.phase),
        ));
    }
    let announcement = Arc::new(row.announcement.body);
    let complaints =
        node.complaints(&announcement, &inventories).await.map_err(|error| of_verdict(&error))?;
    let admissions =
        node.admissions(session, &inventories).await.map_err(|error| of_store(&error))?;
    let inventories = inventories.digest();
    let verdict = Verdict { session, node: node.me, inventories, complaints, admissions };
    Ok(binary.reply::<Signed<Verdict>>(&Signed::new(verdict, &node.keys.identity)))
}

/// Which bundle this node has committed to, so that no coordinator can have two signed.
pub async fn bundle(
    State(node): State<Arc<NodeState>>,
    Params(session): Params<SessionId>,
) -> Reply<CommittedBundle> {
    let row = node.session(session).await.map_err(|error| of_store(&error))?;
    Ok(Json(CommittedBundle { bundle: row.bundle }))
}

/// Commit to a bundle and sign the manifest that follows from it.
pub async fn sign_manifest(
    State(node): State<Arc<NodeState>>,
    Params(session): Params<SessionId>,
    Paper(bundle): Paper<Bundle>,
) -> Reply<ManifestSignature> {
    let _turn = node.turn(session).await;
    let manifest = node.sign(session, &bundle).await.map_err(|error| of_commit(&error))?;
    let manifest_digest = manifest.digest();
    let signature = node.keys.identity.sign(&manifest_digest);
    Ok(Json(ManifestSignature { node: node.me, manifest: manifest_digest, signature }))
}

/// Take the manifest with its signatures; from here on attempts may run.
pub async fn take_manifest(
    State(node): State<Arc<NodeState>>,
    Params(session): Params<SessionId>,
    Paper(signed): Paper<SignedManifest>,
) -> Result<StatusCode, Refusal> {
    let _turn = node.turn(session).await;
    node.take_manifest(session, signed).await.map_err(|error| of_commit(&error))?;
    Ok(StatusCode::NO_CONTENT)
}
