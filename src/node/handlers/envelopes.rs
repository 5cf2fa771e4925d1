//! Envelopes: handed in by bidders, fetched by other nodes.

use std::sync::Arc;

use axum::Json;
use axum::extract::{DefaultBodyLimit, FromRequest as _, Request, State};

use crate::identity::{Digest, Signed};
use crate::node::NodeState;
use crate::node::refusals::{of_envelope, of_put, of_store, unknown_session};
use crate::rules::Terms;
use crate::session::envelope::most_bytes;
use crate::session::naming::SharedName;
use crate::session::progress::What;
use crate::session::{Envelope, Phase, Receipt, SessionId};
use crate::transport::server::reply::{Body, Params, Refusal, Reply};
use crate::wire::node_api::HandedIn;
use crate::wire::problem::ProblemType;

/// Check an envelope, put it on disk, and only then answer with the signed receipt. How large a
/// body may be follows from the terms.
pub async fn hand_in(
    State(node): State<Arc<NodeState>>,
    Params(session): Params<SessionId>,
    request: Request,
) -> Reply<HandedIn> {
    let standing = node.store.standing(session).await.map_err(|error| of_store(&error))?;
    let (announcement, phase) = standing.ok_or_else(|| unknown_session(session))?;
    let announcement = Arc::new(announcement.body);
    let envelope = read(&node, &announcement.terms, request).await?;
    let now = node.clock.now();
    let late = phase != Phase::Open || now >= announcement.terms.bids_until;
    if late {
        // The same envelope again gets its receipt of the first time, also after closing.
        let again = node.store.envelope(session, envelope.digest()).await;
        if !again.is_ok_and(|known| known.is_some()) {
            return Err(too_late(phase));
        }
    }
    let envelope = Arc::new(envelope);
    let digest = node
        .check_envelope(&announcement, Arc::clone(&envelope))
        .await
        .map_err(|error| of_envelope(&error))?;
    let receipt = Signed::new(
        Receipt {
            session,
            node: node.me,
            bidder: envelope.body.bidder.clone(),
            key: envelope.body.key,
            revision: envelope.body.revision,
            envelope: digest,
            received: now,
        },
        &node.keys.identity,
    );
    let replacing = announcement.terms.replace_bids;
    let put = node.store.put_envelope(&envelope, &receipt, replacing).await;
    if late || put.is_err() {
        // Nobody fills this node's memory with envelopes that are not taken.
        node.parts.remove(session, &digest);
    }
    let put = put.map_err(|error| of_put(&error))?;
    let bidder = &envelope.body.bidder;
    if put.new {
        let (bidder, revision) = (bidder.clone(), envelope.body.revision);
        node.tell(session, What::Received { bidder, revision });
    }
    let name_shared =
        if put.name_shared { name_shared(&node, session, bidder).await? } else { None };
    if put.new && name_shared.is_some() {
        tracing::error!(%session, %bidder, "the coordinator has given one name to several keys");
        node.tell(session, What::NameShared { bidder: bidder.clone() });
    }
    Ok(Json(HandedIn { receipt: put.receipt, name_shared }))
}

/// The proof that the coordinator has given this name to several keys, as far as this node holds
/// their envelopes.
async fn name_shared(
    node: &NodeState,
    session: SessionId,
    bidder: &str,
) -> Result<Option<SharedName>, Refusal> {
    let admissions = node.store.admissions(session, bidder).await;
    Ok(SharedName::among(&admissions.map_err(|error| of_store(&error))?).pop())
}

/// Read an envelope of a session with these terms; no more than such a one can take.
async fn read(
    node: &Arc<NodeState>,
    terms: &Terms,
    mut request: Request,
) -> Result<Envelope, Refusal> {
    let layout = terms.layout().map_err(|error| Refusal::internal(&error))?;
    let most = most_bytes(terms.protocol, layout.extent(), node.scheme());
    DefaultBodyLimit::max(most).apply(&mut request);
    let Body(envelope) = Body::from_request(request, node).await?;
    Ok(envelope)
}

/// An envelope that another node is missing at closing.
pub async fn fetch(
    State(node): State<Arc<NodeState>>,
    Params((session, envelope)): Params<(SessionId, Digest)>,
) -> Reply<Envelope> {
    match node.store.envelope(session, envelope).await.map_err(|error| of_store(&error))? {
        Some(envelope) => Ok(Json(envelope)),
        None => Err(Refusal::new(ProblemType::NotFound, "this node does not hold that envelope")),
    }
}

fn too_late(phase: Phase) -> Refusal {
    let detail = match phase {
        Phase::Cancelled => "the session was called off",
        _ => "bidding has ended; the envelope is not taken",
    };
    Refusal::new(ProblemType::TooLate, detail)
}
