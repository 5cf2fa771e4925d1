//! Models, and batches of material for two parties: announcing a model, having a batch promised, and
//! fetching one's own half of it from the dealers.
//!
//! Who learns what: the coordinator learns who has a batch for which model; each dealer gives its part of
//! a half and sees no other. The client's half comes as a seed of every dealer that was chosen, the
//! owner's as their parts, in streams that are summed up as they come, so that one half lies in memory
//! whatever dealers send.

use axum::http::Method;

use super::coordinator::CoordinatorClient;
use super::error::ClientError;
use super::network::Network;
use crate::base::Timestamp;
use crate::field::{Field as _, Pair127};
use crate::identity::{Digest, KeyPair, Signed};
use crate::session::dealing::{AskBatch, AskHalf, StockOrder};
use crate::session::scoring::{BatchId, BatchPromise, ModelTerms, givers};
use crate::sharing::pair::Half;
use crate::sharing::parts::{Part, client_half as half_of_seeds};
use crate::sharing::{NodeIndex, Seed, ShapeError};
use crate::transport::HttpError;
use crate::wire::dealer_api::{AskSeed, BatchLines, DealingLine, GivenSeed, ModelLine, NewModel};
use crate::wire::grpc::{AskOwnerHalf, PIECE, Piece};
use crate::wire::paths;
use crate::wire::problem::ProblemType;

/// Bytes of a message of a stream besides its elements.
const AROUND: usize = 64;

/// Why there is no half of a batch.
#[derive(Debug, thiserror::Error)]
pub enum MaterialError {
    /// The coordinator.
    #[error(transparent)]
    Coordinator(#[from] ClientError),
    /// It promised something else than was asked for.
    #[error("the coordinator's promise is not signed by it, or not for this model and key")]
    Promise,
    /// Its dealers are none.
    #[error(
        "the promise names other dealers than those of the roster who give this batch out; its \
         coordinator must not choose them"
    )]
    Dealers,
    /// A dealer refused, or does not answer.
    #[error("dealer {node} ({name}) gave no half: {error}")]
    Dealer {
        /// Which.
        node: NodeIndex,
        /// Its name in the roster.
        name: String,
        /// Why.
        error: HttpError,
    },
    /// A dealer sent something else than its part.
    #[error(
        "dealer {node} ({name}) sent {got} elements of its part where a batch has {expected}, or what \
         are none; the batch cannot be used, take another"
    )]
    Part {
        /// Which.
        node: NodeIndex,
        /// Its name in the roster.
        name: String,
        /// Elements of a part.
        expected: usize,
        /// As many came that fit.
        got: usize,
    },
    /// A dealer sent no seed.
    #[error(
        "dealer {node} ({name}) sent something else than a seed of this batch; take another batch"
    )]
    Seed {
        /// Which.
        node: NodeIndex,
        /// Its name in the roster.
        name: String,
    },
    /// What came does not fit together.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// The operating system gives no randomness.
    #[error("the operating system gives no randomness")]
    Randomness,
}

impl MaterialError {
    /// The dealer that it points at.
    pub const fn dealer(&self) -> Option<NodeIndex> {
        match self {
            Self::Dealer { node, .. } | Self::Part { node, .. } | Self::Seed { node, .. } => {
                Some(*node)
            }
            _ => None,
        }
    }

    /// Whether no batch is ready at present: asking again in a while may help.
    pub fn is_empty_stock(&self) -> bool {
        let Self::Coordinator(error) = self else { return false };
        error.problem().is_some_and(|problem| problem.kind == ProblemType::NoStock)
    }
}

impl CoordinatorClient {
    async fn announce_model(&self, new: &NewModel) -> Result<ModelLine, ClientError> {
        self.post(paths::MODELS, new).await
    }

    async fn model(&self, model: Digest) -> Result<ModelLine, ClientError> {
        checked(model, self.get(&paths::of_model(paths::MODEL, &model)).await?)
    }

    async fn remove_model(&self, order: &Signed<StockOrder>) -> Result<(), ClientError> {
        let path = paths::of_model(paths::MODEL, &order.body.model);
        Ok(self.http.request(Method::DELETE, &path, Some(order)).await?)
    }

    async fn promise_batch(
        &self,
        ask: &Signed<AskBatch>,
    ) -> Result<Signed<BatchPromise>, ClientError> {
        self.post(&paths::of_model(paths::MODEL_BATCHES, &ask.body.model), ask).await
    }
}

/// A model as the coordinator tells of it, if it is this one and its owner's.
fn checked(model: Digest, line: ModelLine) -> Result<ModelLine, ClientError> {
    let terms = line.terms.check();
    if line.model == model && terms.is_ok_and(|terms| terms.id() == model) {
        Ok(line)
    } else {
        Err(ClientError::OtherModel { asked: model })
    }
}

/// Announce a model with its owner's key, or change how many batches are kept ready for it (1 to 1000).
/// The network's login or key must be that of an account or an operator.
///
/// # Errors
/// When the model cannot be offered, or the coordinator refuses.
pub async fn announce(
    network: &Network,
    owner: &KeyPair,
    terms: ModelTerms,
    stock: u32,
    now: Timestamp,
) -> Result<ModelLine, ClientError> {
    let order = Signed::new(StockOrder { model: terms.id(), stock, at: now }, owner);
    let new = NewModel { terms: Signed::new(terms, owner), order };
    network.coordinator().announce_model(&new).await
}

/// Every model that is announced, the first first.
///
/// # Errors
/// When the coordinator cannot be reached.
pub async fn models(network: &Network) -> Result<Vec<ModelLine>, ClientError> {
    let lines: Vec<ModelLine> = network.coordinator().get(paths::MODELS).await?;
    lines.into_iter().map(|line| checked(line.model, line)).collect()
}

/// The latest batches of a model, for operators.
///
/// # Errors
/// When there is none, or the coordinator refuses.
pub async fn batches(network: &Network, model: Digest) -> Result<BatchLines, ClientError> {
    network.coordinator().get(&paths::of_model(paths::MODEL_BATCHES, &model)).await
}

/// How the making of batches stands, for operators.
///
/// # Errors
/// When the coordinator refuses.
pub async fn dealing(network: &Network) -> Result<DealingLine, ClientError> {
    network.coordinator().get(paths::DEALING).await
}

/// One model, with its owner's signature checked.
///
/// # Errors
/// When there is none, or what comes is not it.
pub async fn model(network: &Network, model: Digest) -> Result<ModelLine, ClientError> {
    network.coordinator().model(model).await
}

/// Take a model back with its owner's key.
///
/// # Errors
/// When there is none, or it is another's.
pub async fn remove(
    network: &Network,
    owner: &KeyPair,
    model: Digest,
    now: Timestamp,
) -> Result<(), ClientError> {
    let order = Signed::new(StockOrder { model, stock: 0, at: now }, owner);
    network.coordinator().remove_model(&order).await
}

/// Have a batch of a model's material promised to a key.
///
/// # Errors
/// When there is no such model, nothing is ready, or the promise is not what was asked for.
pub async fn promise(
    network: &Network,
    model: Digest,
    client: &KeyPair,
    now: Timestamp,
) -> Result<Signed<BatchPromise>, MaterialError> {
    let nonce = BatchId::random().map_err(|_| MaterialError::Randomness)?;
    let ask = AskBatch { model, client: client.public(), at: now, nonce };
    let promise = network.coordinator().promise_batch(&Signed::new(ask, client)).await?;
    check(network, &promise)?;
    if (promise.body.model, promise.body.client) != (model, client.public()) {
        return Err(MaterialError::Promise);
    }
    Ok(promise)
}

/// Check that a promise is the coordinator's, for dealers of its roster: for whoever is shown one.
///
/// # Errors
/// When it is not.
pub fn check(network: &Network, promise: &Signed<BatchPromise>) -> Result<(), MaterialError> {
    let roster = &network.roster().body;
    promise.verify(&roster.coordinator.key).map_err(|_| MaterialError::Promise)?;
    let told = &promise.body;
    let threshold = roster.scheme.threshold();
    let dealers = told.chosen == givers(told.batch, told.makers, threshold)
        && told.makers.is_subset_of(roster.scheme.all())
        && told.chosen.len() > usize::from(threshold)
        && roster.covers(&told.roster);
    if dealers { Ok(()) } else { Err(MaterialError::Dealers) }
}

/// The client's half of a batch. Each dealer gives it once: what fails here fails for this batch.
///
/// # Errors
/// Names the dealer that refuses, does not answer, or sends something else.
pub async fn client_half(
    network: &Network,
    promise: &Signed<BatchPromise>,
    client: &KeyPair,
) -> Result<Half<Pair127>, MaterialError> {
    check(network, promise)?;
    let (model_inference, batch_id) = (promise.body.model, promise.body.batch);
    let chosen = network.nodes().iter().filter(|node| promise.body.chosen.contains(node.index()));
    let asked = chosen.map(|dealer| async move {
        let (node, name) = (dealer.index(), dealer.name().to_owned());
        let ask = AskHalf { promise: promise.clone(), dealer: dealer.key() };
        let ask = AskSeed { model_inference, batch_id, request: Signed::new(ask, client) };
        let given: GivenSeed = match dealer.seed(&ask).await {
            Ok(given) => given,
            Err(error) => return Err(MaterialError::Dealer { node, name, error }),
        };
        let fits = (given.model_inference, given.batch_id) == (model_inference, batch_id);
        given.seed.seed().filter(|_| fits).ok_or(MaterialError::Seed { node, name })
    });
    let seeds = futures_util::future::join_all(asked).await;
    let seeds = seeds.into_iter().collect::<Result<Vec<Seed>, _>>()?;
    Ok(half_of_seeds(promise.body.shape.clone(), &seeds)?)
}

/// The owner's half of a batch, dealer by dealer. Each gives it once: what fails here fails for this
/// batch.
///
/// # Errors
/// Names the dealer that refuses, does not answer, breaks off, or sends another length.
pub async fn owner_half(
    network: &Network,
    promise: &Signed<BatchPromise>,
    owner: &KeyPair,
) -> Result<Half<Pair127>, MaterialError> {
    check(network, promise)?;
    let told = &promise.body;
    let mut sum = Part::<Pair127>::zeros(told.shape.values());
    for dealer in network.nodes().iter().filter(|node| told.chosen.contains(node.index())) {
        let (node, name) = (dealer.index(), || dealer.name().to_owned());
        let failed = |error| MaterialError::Dealer { node, name: name(), error };
        let ask = AskHalf { promise: promise.clone(), dealer: dealer.key() };
        let request = serde_json::to_vec(&Signed::new(ask, owner)).unwrap_or_default();
        let ask = AskOwnerHalf {
            model_inference: told.model.to_string(),
            batch_id: told.batch.to_string(),
            request: request.into(),
        };
        let most = PIECE * Pair127::BYTES + AROUND;
        let mut pieces = dealer.owner_half(&ask, most).await.map_err(failed)?;
        let (expected, mut got) = (Part::<Pair127>::elements(sum.values()), 0);
        while let Some(piece) = pieces.next::<Piece>().await.map_err(failed)? {
            let follows = usize::try_from(piece.first) == Ok(got) && !piece.elements.is_empty();
            if !follows || !sum.add_piece(got, &piece.elements) {
                return Err(MaterialError::Part { node, name: name(), expected, got });
            }
            got += piece.elements.len() / Pair127::BYTES;
        }
        if got != expected {
            return Err(MaterialError::Part { node, name: name(), expected, got });
        }
    }
    Ok(sum.into_half(told.shape.clone())?)
}
