//! Models, and batches of material for two parties: announcing a model, having a batch promised, and
//! fetching one's own half of it from the dealers.
//!
//! Who learns what: the coordinator learns who has a batch for which model; each dealer gives its part of
//! a half and sees no other. The client's half comes as seeds of every dealer that was chosen, the
//! owner's as their portions, in streams that are summed up as they come, so that one half lies in memory
//! whatever dealers send. Every portion is compared with what the makers of the batch signed that it is; a
//! dealer that sends another one is named, and shown to the coordinator where its signature proves it.

use std::time::Duration;

use axum::http::Method;
use tokio::time::Instant;

use super::coordinator::CoordinatorClient;
use super::error::ClientError;
use super::network::Network;
use super::node::NodeClient;
use crate::base::Timestamp;
use crate::dealer::Choice;
use crate::dealer::portions::{RestHash, seed_digest};
use crate::dealer::vouch::{self, VouchError, signed_for};
use crate::field::{Field as _, Pair127};
use crate::identity::{Digest, KeyPair, Signed, Statement as _};
use crate::session::dealing::{Altered, AskBatch, AskHalf, Given, StockOrder};
use crate::session::scoring::{BatchId, BatchPromise, ModelTerms};
use crate::sharing::pair::{Half, Party};
use crate::sharing::parts::{Part, client_half as half_of_seeds};
use crate::sharing::{NodeIndex, Seed, ShapeError};
use crate::transport::HttpError;
use crate::transport::client::grpc::Messages;
use crate::wire::dealer_api::{
    AskSeed, BatchLines, DealingLine, DoubtLine, GivenSeed, ModelLine, NewModel,
};
use crate::wire::grpc::{AskOwnerHalf, PIECE, Piece};
use crate::wire::paths;
use crate::wire::problem::ProblemType;

/// Bytes of a message of a stream besides its elements: places, and what is signed of a portion.
const AROUND: usize = 1024;
const GIVEN: usize = 128;

/// How long a dealer that is busy with others' halves is asked again, and how often.
const BUSY: Duration = Duration::from_secs(60);
const BUSY_PAUSE: Duration = Duration::from_secs(1);

/// Why there is no half of a batch.
#[derive(Debug, thiserror::Error)]
pub enum MaterialError {
    /// The coordinator.
    #[error(transparent)]
    Coordinator(#[from] ClientError),
    /// It promised something else than was asked for.
    #[error("the coordinator's promise is not signed by it, or not for this model and key")]
    Promise,
    /// It does not say what the makers of the batch signed, or who gives it out.
    #[error("{0}; its coordinator must not promise it: take another batch, and tell the operators")]
    Vouched(VouchError),
    /// A dealer gave something else than it had made.
    #[error(
        "dealer {node} ({name}) gave another part of the batch than it had made{}; ask its operator, \
         and take another batch",
        if *.proven { ", which its own signatures show" } else { "" }
    )]
    Altered {
        /// Which.
        node: NodeIndex,
        /// Its name in the roster.
        name: String,
        /// Whether it signed that it sent that.
        proven: bool,
    },
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
        "dealer {node} ({name}) sent {got} elements of its part where it has {expected}, or what \
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
            Self::Dealer { node, .. }
            | Self::Altered { node, .. }
            | Self::Part { node, .. }
            | Self::Seed { node, .. } => Some(*node),
            _ => None,
        }
    }

    /// Whether no batch is ready at present: asking again in a while may help.
    #[cfg(any(test, feature = "testkit"))]
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

    async fn withdraw_model(&self, model: Digest) -> Result<(), ClientError> {
        let path = paths::of_model(paths::WITHDRAW_MODEL, &model);
        Ok(self.http.request::<(), _>(Method::POST, &path, None).await?)
    }

    async fn promise_batch(
        &self,
        ask: &Signed<AskBatch>,
    ) -> Result<Signed<BatchPromise>, ClientError> {
        self.post(&paths::of_model(paths::MODEL_BATCHES, &ask.body.model), ask).await
    }

    /// What is remembered of dealers who lied.
    ///
    /// # Errors
    /// When this is neither an operator nor a node.
    pub async fn doubts(&self) -> Result<Vec<DoubtLine>, ClientError> {
        self.get(paths::DOUBTS).await
    }

    /// Have it forgotten.
    ///
    /// # Errors
    /// When this is not the coordinator's operator.
    pub async fn forget_doubts(&self) -> Result<(), ClientError> {
        Ok(self.http.request::<(), _>(Method::DELETE, paths::DOUBTS, None).await?)
    }

    async fn show_altered(&self, shown: &Altered) -> Result<(), ClientError> {
        self.post(paths::ALTERED, shown).await
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

/// Take a model back as the coordinator's operator.
///
/// # Errors
/// When there is none, or this is not the coordinator's operator.
pub async fn withdraw(network: &Network, model: Digest) -> Result<(), ClientError> {
    network.coordinator().withdraw_model(model).await
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
    let _ = check(network, &promise)?;
    if (promise.body.model, promise.body.client) != (model, client.public()) {
        return Err(MaterialError::Promise);
    }
    Ok(promise)
}

/// Check that a promise is the coordinator's, for dealers of its roster, and says of the batch what all its
/// makers signed: for whoever is shown one. Gives who gives what of it.
///
/// # Errors
/// When it is not.
pub fn check(network: &Network, promise: &Signed<BatchPromise>) -> Result<Choice, MaterialError> {
    let roster = &network.roster().body;
    promise.verify(&roster.coordinator.key).map_err(|_| MaterialError::Promise)?;
    if !roster.covers(&promise.body.roster) {
        return Err(MaterialError::Vouched(VouchError::Givers));
    }
    vouch::check(roster, &promise.body).map_err(MaterialError::Vouched)
}

/// Compare what a dealer sent with what it had signed for when the batch was made. Where it differs, and the
/// dealer signed that it sent that, the coordinator is shown both.
async fn compare(
    network: &Network,
    promise: &Signed<BatchPromise>,
    choice: &Choice,
    dealer: &NodeClient,
    (party, portions): (Party, Vec<Digest>),
    given: Option<Signed<Given>>,
) -> Result<(), MaterialError> {
    let node = dealer.index();
    let same = portions == signed_for(&promise.body.vouched, choice, node, party);
    let body = Given { promise: promise.body.digest(), dealer: node, party, portions };
    let given = given.filter(|given| given.body == body && given.verify(&dealer.key()).is_ok());
    if same && given.is_some() {
        return Ok(());
    }
    // Without the right signature nobody else can see that the dealer sent it.
    let proven = given.is_some();
    if let Some(given) = given {
        let shown = Altered { promise: promise.clone(), given };
        if let Err(error) = network.coordinator().show_altered(&shown).await {
            tracing::warn!(%node, %error, "the coordinator is not told of what a dealer altered");
        }
    }
    Err(MaterialError::Altered { node, name: dealer.name().to_owned(), proven })
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
    let choice = &check(network, promise)?;
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
        let own = choice.given_by(node);
        let fits = |seeds: &Vec<Seed>| {
            let named = (given.model_inference, given.batch_id);
            named == (model_inference, batch_id) && seeds.len() == own.len()
        };
        let seeds = given.seed.seeds().filter(fits).ok_or(MaterialError::Seed { node, name })?;
        let digests = own.iter().zip(&seeds);
        let digests = digests.map(|(&at, seed)| seed_digest(batch_id, at, seed)).collect();
        let sent = (Party::Client, digests);
        compare(network, promise, choice, dealer, sent, Some(given.given)).await?;
        Ok(seeds)
    });
    let seeds = futures_util::future::join_all(asked).await;
    let seeds = seeds.into_iter().collect::<Result<Vec<Vec<Seed>>, _>>()?;
    let seeds: Vec<Seed> = seeds.into_iter().flatten().collect();
    Ok(half_of_seeds(promise.body.shape.clone(), &seeds)?)
}

/// Ask a dealer for its part, again while it gives out as many as it can at a time: it says so before it
/// gives anything.
async fn asked_again(
    dealer: &NodeClient,
    ask: &AskOwnerHalf,
    most: usize,
) -> Result<Messages, HttpError> {
    let end = Instant::now() + BUSY;
    loop {
        let asked = dealer.owner_half(ask, most).await;
        let busy = asked.as_ref().err().and_then(HttpError::problem);
        let busy = busy.is_some_and(|problem| problem.kind == ProblemType::Unavailable);
        if !busy || Instant::now() > end {
            return asked;
        }
        tokio::time::sleep(BUSY_PAUSE).await;
    }
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
    let choice = check(network, promise)?;
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
        let own = choice.given_by(node);
        let most = PIECE * Pair127::BYTES + AROUND + GIVEN * own.len();
        let mut pieces = asked_again(dealer, &ask, most).await.map_err(failed)?;
        let portion = Part::<Pair127>::elements(sum.values());
        let (expected, mut got) = (portion.saturating_mul(own.len()), 0);
        let of = |got| MaterialError::Part { node, name: name(), expected, got };
        let mut hashes: Vec<_> = own.iter().map(|&at| RestHash::new(told.batch, at)).collect();
        let mut given: Option<Signed<Given>> = None;
        while let Some(piece) = pieces.next::<Piece>().await.map_err(failed)? {
            if got == expected && piece.elements.is_empty() && given.is_none() {
                given = Some(serde_json::from_slice(&piece.given).map_err(|_| of(got))?);
                continue;
            }
            let follows = usize::try_from(piece.first) == Ok(got) && !piece.elements.is_empty();
            let hash = hashes.get_mut(got / portion).filter(|_| follows).ok_or_else(|| of(got))?;
            if !sum.add_piece(got % portion, &piece.elements) {
                return Err(of(got));
            }
            hash.update(&piece.elements);
            got += piece.elements.len() / Pair127::BYTES;
        }
        if got != expected {
            return Err(of(got));
        }
        let sent = (Party::Owner, hashes.into_iter().map(RestHash::finish).collect());
        compare(network, promise, &choice, dealer, sent, given).await?;
    }
    Ok(sum.into_half(told.shape.clone())?)
}
