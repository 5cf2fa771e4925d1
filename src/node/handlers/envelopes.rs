//! Envelopes: handed in by bidders, fetched by other nodes; seeds passed on to other nodes.

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, FromRequest as _, Request, State};
use axum::{Extension, Json};

use crate::base::offload::offload;
use crate::identity::{Digest, Signed};
use crate::node::NodeState;
use crate::node::access::Caller;
use crate::node::refusals::{of_envelope, of_pace, of_pause, of_put, of_store, unknown_session};
use crate::rules::Terms;
use crate::session::envelope::most_bytes;
use crate::session::naming::SharedName;
use crate::session::progress::What;
use crate::session::seeds;
use crate::session::{Envelope, Phase, Receipt, SessionId};
use crate::transport::server::reply::{Body, Params, Refusal, Reply};
use crate::wire::node_api::{HandedIn, PassedOn};
use crate::wire::problem::ProblemType;

/// Check an envelope, put it on disk, and only then answer with the signed receipt. How large a
/// body may be follows from the terms.
pub async fn hand_in(
    State(node): State<Arc<NodeState>>,
    Params(session): Params<SessionId>,
    request: Request,
) -> Reply<HandedIn> {
    node.asked_others().await;
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
            let late = now >= announcement.terms.bids_until;
            return Err(not_taken(&node, session, phase, late).await?);
        }
    }
    let envelope = Arc::new(envelope);
    let (key, digest) = (envelope.body.key, envelope.digest());
    let replaces = envelope.body.revision > 1
        && !late
        && node.store.envelope(session, digest).await.map_err(|error| of_store(&error))?.is_none();
    if replaces {
        node.pace.check(session, key, now).map_err(of_pace)?;
    }
    let digest = node
        .check_envelope(&announcement, Arc::clone(&envelope))
        .await
        .map_err(|error| of_envelope(&error))?;
    if replaces {
        node.pace.count(session, key, now).map_err(of_pace)?;
    }
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
    if let Some(earlier) = put.superseded {
        node.parts.remove(session, &earlier);
    }
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

/// The seeds that this node and the one that asks both hold of an envelope, for one whose own part
/// does not fit. Who asks learns nothing that the scheme does not give it anyway.
pub async fn pass_on_seeds(
    State(node): State<Arc<NodeState>>,
    Extension(caller): Extension<Caller>,
    Params((session, digest)): Params<(SessionId, Digest)>,
) -> Reply<PassedOn> {
    let asking = match caller {
        Caller::Node(asking) => node.roster.body.node(asking).map(|card| (asking, card)),
        _ => None,
    };
    let Some((asking, card)) = asking else {
        return Err(Refusal::new(ProblemType::Forbidden, "seeds are for nodes only"));
    };
    let standing = node.store.standing(session).await.map_err(|error| of_store(&error))?;
    let (_, phase) = standing.ok_or_else(|| unknown_session(session))?;
    // Nobody needs any before bidding has ended, or after the outcome.
    if !matches!(phase, Phase::Closing | Phase::Computing | Phase::Failed) {
        return Err(Refusal::new(
            ProblemType::WrongPhase,
            format!("the session is {phase} at this node; seeds are passed on while it is settled"),
        ));
    }
    let envelope = node.store.envelope(session, digest).await.map_err(|error| of_store(&error))?;
    let absent = "this node does not hold that envelope";
    let envelope = envelope.ok_or_else(|| Refusal::new(ProblemType::NotFound, absent))?;
    let envelope = Arc::new(envelope);
    let own = node.own_part(&envelope, digest).await.map_err(|error| of_store(&error))?;
    let unfit = "this node's own part of that envelope does not fit";
    let own = own.ok_or_else(|| Refusal::new(ProblemType::SeedsDoNotFit, unfit))?;
    let (me, scheme, key) = (node.me, node.scheme(), card.sealing_key.clone());
    let sealed =
        offload(move || seeds::pass_on(&envelope, scheme, me, &own.part, asking, &key)).await;
    let seeds = sealed.map_err(|error| Refusal::internal(&error))?;
    Ok(Json(PassedOn { seeds }))
}

/// Why an envelope is not taken in this phase, or after the time in the terms.
async fn not_taken(
    node: &NodeState,
    session: SessionId,
    phase: Phase,
    late: bool,
) -> Result<Refusal, Refusal> {
    let detail = match phase {
        Phase::Cancelled => "the session was called off",
        Phase::Paused if !late => {
            let order = node.store.pause_order(session).await.map_err(|error| of_store(&error))?;
            return Ok(of_pause(order.and_then(|order| order.body.why).as_deref()));
        }
        _ => "bidding has ended; the envelope is not taken",
    };
    Ok(Refusal::new(ProblemType::TooLate, detail))
}
