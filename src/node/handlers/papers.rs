//! What this node holds of its sessions, for servers that have lost it or never had it; and what it
//! discloses to their operators.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use axum::{Extension, Json};

use crate::node::NodeState;
use crate::node::access::Caller;
use crate::node::refusals::of_store;
use crate::rules::Terms;
use crate::session::papers::{Papers, Standing};
use crate::session::{Phase, SessionId};
use crate::transport::server::paper::InBinary;
use crate::transport::server::reply::{Params, Refusal, Reply};
use crate::wire::problem::ProblemType;

/// Where each session stands here that is looked after under this roster.
pub async fn standings(State(node): State<Arc<NodeState>>) -> Reply<Vec<Standing>> {
    let standings = node.store.standings().await.map_err(|error| of_store(&error))?;
    let own = standings.into_iter().map(|(standing, _)| standing);
    Ok(Json(own.filter(|standing| node.looks_after(standing.session)).collect()))
}

/// What is held of one session. Who was admitted is for the coordinator alone, who signed it.
pub async fn show(
    State(node): State<Arc<NodeState>>,
    Extension(caller): Extension<Caller>,
    Params(session): Params<SessionId>,
) -> Reply<Papers> {
    let failed = |error| of_store(&error);
    let announcement = node.session(session).await.map_err(failed)?.announcement;
    // Last first: a later part is never without the one it rests on, whatever is stored meanwhile.
    let outcome = node.store.outcome(session).await.map_err(failed)?;
    let manifest = node.store.manifest(session).await.map_err(failed)?;
    let bundle = node.store.bundle(session).await.map_err(failed)?;
    let pause = node.store.pause_order(session).await.map_err(failed)?;
    let roster = node.store.database().roster(&announcement.body.roster).await.map_err(failed)?;
    let admitted = if caller == Caller::Coordinator {
        node.store.admitted(session).await.map_err(failed)?
    } else {
        Vec::new()
    };
    Ok(Json(Papers { announcement, roster, pause, bundle, manifest, outcome, admitted }))
}

/// What this node discloses to the operator of a settled session, sealed. The coordinator passes it
/// on.
pub async fn disclosure(
    State(node): State<Arc<NodeState>>,
    Params(session): Params<SessionId>,
    binary: InBinary,
) -> Result<Response, Refusal> {
    let row = node.session(session).await.map_err(|error| of_store(&error))?;
    let disclosure = node.store.disclosure(session).await.map_err(|error| of_store(&error))?;
    if let Some(disclosure) = disclosure {
        return Ok(binary.reply(&disclosure));
    }
    Err(if row.phase == Phase::Settled {
        let detail = "the terms of this session disclose nothing to its operator";
        Refusal::new(ProblemType::NotFound, detail)
    } else {
        let detail =
            format!("the session is {} at this node; it discloses with the outcome", row.phase);
        Refusal::new(ProblemType::WrongPhase, detail)
    })
}

/// Whether anything is sealed by these terms.
fn seals(terms: &Terms) -> bool {
    let job = terms.question.as_job();
    terms.question.tells() || job.is_some_and(|job| job.hands_over().is_some())
}

/// What this node has sealed to those whom a settled session tells something alone. The coordinator
/// passes it on.
pub async fn letters(
    State(node): State<Arc<NodeState>>,
    Params(session): Params<SessionId>,
    binary: InBinary,
) -> Result<Response, Refusal> {
    let row = node.session(session).await.map_err(|error| of_store(&error))?;
    let letters = node.store.letters(session).await.map_err(|error| of_store(&error))?;
    if let Some(letters) = letters {
        return Ok(binary.reply(&letters));
    }
    Err(match row.phase {
        Phase::Settled if seals(&row.announcement.body.terms) => {
            let detail = "this node took no part in the attempt that settled the session, or has \
                          lost what it sealed; the others' letters do";
            Refusal::new(ProblemType::NotFound, detail)
        }
        Phase::Settled => {
            let detail = "the terms of this session tell nobody anything alone";
            Refusal::new(ProblemType::NotFound, detail)
        }
        phase => {
            let detail =
                format!("the session is {phase} at this node; letters come once it is settled");
            Refusal::new(ProblemType::WrongPhase, detail)
        }
    })
}
