//! Batches of material for two parties: made with other dealers, held, withdrawn, and given out in two
//! halves.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tonic::server::Grpc;
use tonic::{Code, Status};
use tonic_prost::ProstCodec;

use crate::field::{Field as _, Pair127};
use crate::identity::Signed;
use crate::node::refusals::{of_handout, of_store};
use crate::node::{NodeState, making};
use crate::protocol::material::cost;
use crate::runs::score;
use crate::session::dealing::AskHalf;
use crate::session::scoring::BatchId;
use crate::sharing::parts::Part;
use crate::storage::node::material::{StockError, Stocked};
use crate::transport::server::reply::{Body, Params, Refusal, Reply, of_grpc};
use crate::wire::dealer_api::{AskSeed, GivenSeed, HeldBatch, MakingState, SeedText, StartBatch};
use crate::wire::grpc::{AskOwnerHalf, PIECE, Piece};
use crate::wire::problem::ProblemType;

/// How long a question for a batch's end is held; then it is told how far it is.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long ago a batch ended that is told of though it is not to be used any more.
const TOLD: Duration = Duration::from_secs(24 * 60 * 60);

/// Largest request over gRPC.
const ASK: usize = 64 << 10;

/// Pieces that wait to be taken.
const AHEAD: usize = 4;

/// How long a piece waits to be taken.
const UNTAKEN: Duration = Duration::from_secs(30);

/// Longest time in which an owner takes all of a part; another one may wait for its place.
const WHOLE: Duration = Duration::from_secs(5 * 60);

/// Begin to make a batch.
pub async fn start(
    State(node): State<Arc<NodeState>>,
    Body(start): Body<StartBatch>,
) -> Result<StatusCode, Refusal> {
    let bad = |detail: String| Refusal::new(ProblemType::BadModel, detail);
    let terms = start.model.check().map_err(|error| bad(error.to_string()))?;
    if !node.roster.body.covers(&terms.roster) {
        let detail = "the model is for the dealers of another roster than this node's";
        return Err(Refusal::new(ProblemType::WrongRoster, detail));
    }
    let shape = score::material(&terms.structure, terms.learner.party());
    let shape = shape.map_err(|error| bad(error.to_string()))?;
    let (scheme, makers) = (node.scheme(), start.makers);
    cost::fits::<Pair127>(&shape, scheme).map_err(|error| bad(error.to_string()))?;
    let enough = makers.is_subset_of(scheme.all()) && makers.len() >= scheme.quorum();
    if !enough || !makers.contains(node.me) {
        let detail = format!(
            "a batch takes at least {} nodes of the roster, this one among them",
            scheme.quorum()
        );
        return Err(Refusal::new(ProblemType::BadRequest, detail));
    }
    let store = node.computing_store().ok_or_else(|| {
        Refusal::new(ProblemType::Unavailable, "another replica of this node computes now")
    })?;
    making::start(&node, store, start);
    Ok(StatusCode::ACCEPTED)
}

/// How the making of a batch stands; waits a while for its end.
pub async fn show(
    State(node): State<Arc<NodeState>>,
    Params(batch): Params<BatchId>,
) -> Reply<MakingState> {
    let state = node.makings.wait(batch, PATIENCE).await;
    state.map(Json).ok_or_else(|| {
        let detail = "this node does not make that batch; it may have been restarted";
        Refusal::new(ProblemType::UnknownBatch, detail)
    })
}

/// Stop making a batch, or take it out of the stock.
pub async fn withdraw(
    State(node): State<Arc<NodeState>>,
    Params(batch): Params<BatchId>,
) -> Result<StatusCode, Refusal> {
    node.makings.call_off(batch);
    match node.store.withdraw(batch, node.clock.now()).await {
        Ok(()) => tracing::info!(%batch, "a batch of material is withdrawn"),
        Err(StockError::Storage(error)) => return Err(of_store(&error)),
        // What is not there is not to be used either.
        Err(_) => {}
    }
    Ok(StatusCode::NO_CONTENT)
}

/// What this node holds, but for its shares.
pub async fn list(State(node): State<Arc<NodeState>>) -> Reply<Vec<HeldBatch>> {
    let since = node.clock.now().before(TOLD);
    let held = node.store.held_batches(since).await.map_err(|error| of_store(&error))?;
    Ok(Json(held.into_iter().map(line).collect()))
}

fn line(stocked: Stocked) -> HeldBatch {
    let Stocked { batch, state, client, owner, .. } = stocked;
    HeldBatch {
        batch: batch.id,
        model: batch.model,
        makers: batch.makers,
        made: batch.made,
        state: state.name().to_owned(),
        client,
        owner,
    }
}

/// The client's half: the seeds of this dealer's portions.
pub async fn seed(
    State(node): State<Arc<NodeState>>,
    Body(ask): Body<AskSeed>,
) -> Reply<GivenSeed> {
    let AskSeed { model_inference, batch_id, request } = ask;
    fits(&request, model_inference.to_string(), batch_id.to_string())?;
    let (seeds, given) = node.seeds_of(&request).await.map_err(|error| of_handout(&error))?;
    Ok(Json(GivenSeed { model_inference, batch_id, seed: SeedText::of(&seeds), given }))
}

/// Whether a request is for the model and the batch that are named beside it.
fn fits(request: &Signed<AskHalf>, model: String, batch: String) -> Result<(), Refusal> {
    let promise = &request.body.promise.body;
    if (promise.model.to_string(), promise.batch.to_string()) == (model, batch) {
        return Ok(());
    }
    let detail = "the promise in the request is for another model or batch than is named beside it";
    Err(Refusal::new(ProblemType::BadPromise, detail))
}

/// The owner's half, over gRPC: this dealer's part in pieces.
pub async fn owner_half(State(node): State<Arc<NodeState>>, request: Request) -> Response {
    if let Err(refusal) = of_grpc(request.headers()) {
        return refusal.into_response();
    }
    let codec: ProstCodec<Piece, AskOwnerHalf> = ProstCodec::default();
    let mut grpc = Grpc::new(codec).apply_max_message_size_config(Some(ASK), None);
    grpc.server_streaming(OwnerHalf(node), request).await.map(axum::body::Body::new)
}

/// The one method of the service.
struct OwnerHalf(Arc<NodeState>);

type Pieces = futures_util::stream::BoxStream<'static, Result<Piece, Status>>;

impl tonic::server::ServerStreamingService<AskOwnerHalf> for OwnerHalf {
    type Response = Piece;
    type ResponseStream = Pieces;
    type Future = BoxFuture<'static, Result<tonic::Response<Pieces>, Status>>;

    fn call(&mut self, request: tonic::Request<AskOwnerHalf>) -> Self::Future {
        let node = Arc::clone(&self.0);
        Box::pin(async move {
            let pieces = pieces(&node, request.into_inner()).await.map_err(status)?;
            let taken = futures_util::stream::unfold(pieces, |mut pieces| async move {
                pieces.recv().await.map(|piece| (piece, pieces))
            });
            Ok(tonic::Response::new(Box::pin(taken) as Pieces))
        })
    }
}

/// A dealer's part, piece by piece as it is taken. Whoever does not take it in time gets no more.
async fn pieces(
    node: &Arc<NodeState>,
    ask: AskOwnerHalf,
) -> Result<mpsc::Receiver<Result<Piece, Status>>, Refusal> {
    let request: Signed<AskHalf> = serde_json::from_slice(&ask.request)
        .map_err(|error| Refusal::new(ProblemType::BadRequest, error.to_string()))?;
    fits(&request, ask.model_inference, ask.batch_id)?;
    let place = Arc::clone(&node.handouts).try_acquire_owned().map_err(|_| {
        let detail =
            "this dealer gives out as many halves as it can at a time; ask again in a while";
        Refusal::new(ProblemType::Unavailable, detail).retry_after(1)
    })?;
    let own = node.portions_of(&request).await.map_err(|error| of_handout(&error))?;
    let given = serde_json::to_vec(&own.given).map_err(|error| Refusal::internal(&error))?;
    let (sender, receiver) = mpsc::channel(AHEAD);
    tokio::spawn(async move {
        let _place = place;
        let elements = own.parts.iter().enumerate().flat_map(|(number, part)| {
            let whole = Part::<Pair127>::elements(part.values());
            (0..whole).step_by(PIECE).map(move |first| {
                let elements = Bytes::from_owner(part.piece(first, PIECE));
                debug_assert!(elements.len().is_multiple_of(Pair127::BYTES));
                Piece { first: (number * whole + first) as u64, elements, given: Bytes::new() }
            })
        });
        let last = Piece { given: given.into(), ..Piece::default() };
        let end = Instant::now() + WHOLE;
        for piece in elements.chain([last]) {
            let last = end.min(Instant::now() + UNTAKEN);
            let sent = tokio::time::timeout_at(last, sender.send(Ok(piece))).await;
            if !matches!(sent, Ok(Ok(()))) {
                tracing::warn!("an owner's half was not taken");
                return;
            }
        }
    });
    Ok(receiver)
}

/// A refusal as gRPC says it: its type stands before the words.
fn status(Refusal(problem): Refusal) -> Status {
    let code = match problem.kind {
        ProblemType::BadPromise => Code::PermissionDenied,
        ProblemType::UnknownBatch => Code::NotFound,
        ProblemType::BatchUsed | ProblemType::WrongRoster => Code::FailedPrecondition,
        ProblemType::BadRequest => Code::InvalidArgument,
        ProblemType::Unavailable => Code::Unavailable,
        _ => Code::Internal,
    };
    Status::new(code, format!("{}: {}", problem.kind.slug(), problem.detail))
}
