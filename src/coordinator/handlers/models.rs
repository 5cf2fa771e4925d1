//! Models that owners score with, and batches of material for those who want to be scored.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};

use crate::base::{Timestamp, lock};
use crate::coordinator::access::Caller;
use crate::coordinator::{CoordinatorState, dealing, given};
use crate::field::Pair127;
use crate::identity::{Digest, Signed, Statement as _};
use crate::protocol::material::cost::fits;
use crate::runs::score;
use crate::session::dealing::{AskBatch, MOST_STOCK, StockOrder};
use crate::session::scoring::{BatchPromise, ModelTerms, givers};
use crate::sharing::pair::BatchShape;
use crate::storage::coordinator::books::{Asked, BookError, BookState, BookedBatch, BookedModel};
use crate::transport::server::reply::{Body, Params, Refusal, Reply};
use crate::wire::dealer_api::{BatchLine, BatchLines, DealingLine, ModelLine, NewModel, StockLine};
use crate::wire::problem::ProblemType;

/// How long a promise is good.
const PROMISED: Duration = Duration::from_secs(10 * 60);

/// As many of a model's latest batches are told of.
const TOLD: u32 = 200;

/// How far the clock of whoever signs a request may be off.
const CLOCKS: Duration = Duration::from_secs(5 * 60);

fn refusal(error: &BookError) -> Refusal {
    let kind = match error {
        BookError::Storage(error) => return Refusal::internal(error),
        BookError::Unknown => ProblemType::UnknownModel,
        BookError::Empty => ProblemType::NoStock,
        BookError::TooMany => ProblemType::TooManyRequests,
        BookError::Outdated | BookError::Full | BookError::FullOfOne => ProblemType::BadModel,
    };
    let refusal = Refusal::new(kind, error.to_string());
    if matches!(error, BookError::Empty) { refusal.retry_after(1) } else { refusal }
}

fn unsound(detail: impl Into<String>) -> Refusal {
    Refusal::new(ProblemType::BadModel, detail)
}

/// What one batch of a model has.
fn shape(terms: &ModelTerms) -> Result<BatchShape, Refusal> {
    let shape = score::material(&terms.structure, terms.learner.party());
    shape.map_err(|error| unsound(error.to_string()))
}

/// All models.
pub async fn list(State(state): State<Arc<CoordinatorState>>) -> Reply<Vec<ModelLine>> {
    let models = state.store.models().await.map_err(super::store_refusal)?;
    let counts = state.store.counts().await.map_err(super::store_refusal)?;
    let lines = models.into_iter().map(|model| line(model, &counts));
    Ok(Json(lines.collect::<Result<_, _>>()?))
}

/// One of them.
pub async fn show(
    State(state): State<Arc<CoordinatorState>>,
    Params(model): Params<Digest>,
) -> Reply<ModelLine> {
    find(&state, model).await.map(Json)
}

async fn find(state: &CoordinatorState, model: Digest) -> Result<ModelLine, Refusal> {
    let found = state.store.model(model).await.map_err(super::store_refusal)?;
    let found =
        found.filter(|found| found.stock > 0).ok_or_else(|| refusal(&BookError::Unknown))?;
    let counts = state.store.counts().await.map_err(super::store_refusal)?;
    line(found, &counts)
}

fn line(
    model: BookedModel,
    counts: &BTreeMap<(Digest, BookState), u32>,
) -> Result<ModelLine, Refusal> {
    let count = |state| counts.get(&(model.model, state)).copied().unwrap_or(0);
    let stock = StockLine {
        target: model.stock,
        ready: count(BookState::Ready),
        making: count(BookState::Making),
        promised: count(BookState::Promised),
        given: count(BookState::Given),
        withdrawn: count(BookState::Withdrawn),
    };
    let shape = shape(&model.terms.body)?;
    let BookedModel { model, terms, announced, .. } = model;
    Ok(ModelLine { model, terms, shape, announced, stock })
}

/// The latest batches of a model.
pub async fn batches(
    State(state): State<Arc<CoordinatorState>>,
    Params(model): Params<Digest>,
) -> Reply<BatchLines> {
    let found = state.store.model(model).await.map_err(super::store_refusal)?;
    found.ok_or_else(|| refusal(&BookError::Unknown))?;
    let mut booked =
        state.store.latest_batches(model, TOLD + 1).await.map_err(super::store_refusal)?;
    let more = booked.len() > TOLD as usize;
    booked.truncate(TOLD as usize);
    let threshold = state.scheme().threshold();
    let line = |batch: BookedBatch| {
        let promise = batch.promise.map(|promise| promise.body);
        BatchLine {
            batch: batch.batch,
            state: batch.state,
            makers: batch.makers,
            holders: batch.holders,
            givers: givers(batch.batch, batch.makers, threshold),
            begun: batch.begun,
            client: promise.as_ref().map(|promise| promise.client),
            until: promise.map(|promise| promise.until),
            reason: batch.reason,
        }
    };
    Ok(Json(BatchLines { batches: booked.into_iter().map(line).collect(), more }))
}

/// How the making of batches stands.
pub async fn dealing(State(state): State<Arc<CoordinatorState>>) -> Reply<DealingLine> {
    Ok(Json(lock(&state.dealt).clone()))
}

/// Announce a model, or change how much of its material is kept. The same again changes nothing.
pub async fn announce(
    State(state): State<Arc<CoordinatorState>>,
    Extension(caller): Extension<Caller>,
    Body(new): Body<NewModel>,
) -> Reply<ModelLine> {
    let terms = new.terms.check().map_err(|error| unsound(error.to_string()))?;
    fits::<Pair127>(&shape(terms)?, state.scheme()).map_err(|error| unsound(error.to_string()))?;
    if !state.roster.body.covers(&terms.roster) {
        let detail = "the model names another roster than this coordinator's; sign it for this one";
        return Err(Refusal::new(ProblemType::WrongRoster, detail));
    }
    let model = terms.id();
    check(&state, &new.order, &new.terms, &(1..=MOST_STOCK))?;
    let now = state.clock.now();
    let account = caller.grant().map(|grant| grant.account);
    state
        .store
        .announce_model(&new.terms, &new.order.body, account, now)
        .await
        .map_err(|error| refusal(&error))?;
    state.dealing.notify_one();
    find(&state, model).await.map(Json)
}

/// Take a model back, by its owner's order.
pub async fn remove(
    State(state): State<Arc<CoordinatorState>>,
    Params(model): Params<Digest>,
    Body(order): Body<Signed<StockOrder>>,
) -> Result<StatusCode, Refusal> {
    let found = state.store.model(model).await.map_err(super::store_refusal)?;
    let found = found.ok_or_else(|| refusal(&BookError::Unknown))?;
    check(&state, &order, &found.terms, &(0..=0))?;
    let now = state.clock.now();
    state
        .store
        .announce_model(&found.terms, &order.body, None, now)
        .await
        .map_err(|error| refusal(&error))?;
    state.dealing.notify_one();
    Ok(StatusCode::NO_CONTENT)
}

/// Whether an order is the owner's, of now, for as many batches as it may be.
fn check(
    state: &CoordinatorState,
    order: &Signed<StockOrder>,
    terms: &Signed<ModelTerms>,
    may: &RangeInclusive<u32>,
) -> Result<(), Refusal> {
    let signed = order.verify(&terms.body.owner).is_ok();
    if !signed || order.body.model != terms.body.id() {
        return Err(unsound("the order for the stock is not signed by the model's owner"));
    }
    if !may.contains(&order.body.stock) {
        let (least, most) = (may.start(), may.end());
        return Err(unsound(format!("a stock is of {least} to {most} batches here")));
    }
    lately(state, order.body.at)
}

/// Whether something was signed a short while ago.
fn lately(state: &CoordinatorState, at: Timestamp) -> Result<(), Refusal> {
    let apart = state.clock.now().millis().abs_diff(at.millis());
    if u128::from(apart) <= CLOCKS.as_millis() {
        return Ok(());
    }
    let detail = "the request was signed too long ago, or a clock is off; sign a new one";
    Err(Refusal::new(ProblemType::BadRequest, detail))
}

/// Take a model back by the word of this coordinator's operator.
pub async fn withdraw(
    State(state): State<Arc<CoordinatorState>>,
    Params(model): Params<Digest>,
) -> Result<StatusCode, Refusal> {
    let now = state.clock.now();
    state.store.withdraw_model(model, now).await.map_err(|error| refusal(&error))?;
    tracing::info!(model = %model.short(), "an operator has taken a model back");
    state.dealing.notify_one();
    Ok(StatusCode::NO_CONTENT)
}

/// Promise a batch to the key that signs the request.
pub async fn promise(
    State(state): State<Arc<CoordinatorState>>,
    Params(model): Params<Digest>,
    Body(ask): Body<Signed<AskBatch>>,
) -> Reply<Signed<BatchPromise>> {
    let signed = ask.verify(&ask.body.client).is_ok();
    if !signed || ask.body.model != model {
        let detail = "the request is not signed by the key that it names, or names another model";
        return Err(Refusal::new(ProblemType::BadPromise, detail));
    }
    lately(&state, ask.body.at)?;
    let found = find(&state, model).await?;
    let roster = &state.roster.body;
    let mut rosters = roster.succeeds.clone();
    rosters.push(state.roster_digest);
    let until = i64::try_from(PROMISED.as_millis()).unwrap_or(i64::MAX);
    let asked = Asked {
        request: ask.body.digest(),
        model,
        shape: found.shape,
        client: ask.body.client,
        there: state.links().there(),
        rosters,
        doubted: dealing::doubts(&state).await.map_err(super::store_refusal)?.nodes(),
        threshold: roster.scheme.threshold(),
        until: Timestamp::from_millis(state.clock.now().millis().saturating_add(until)),
    };
    let keys = || state.keys.identity.clone();
    let mut promised = state.store.promise_batch(asked.clone(), keys()).await;
    if matches!(promised, Err(BookError::TooMany)) {
        // What was fetched since the books were last compared does not count.
        given::note(&state).await.map_err(super::store_refusal)?;
        promised = state.store.promise_batch(asked, keys()).await;
    }
    let promise = promised.map_err(|error| refusal(&error))?;
    tracing::info!(batch = %promise.body.batch, model = %model.short(), "a batch is promised");
    state.dealing.notify_one();
    Ok(Json(promise))
}
