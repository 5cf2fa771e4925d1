//! A node's API as a bidder uses it, typed.
//!
//! Who learns what: the node gets a sealed envelope, of which it can open its own part alone.

use std::sync::Arc;
use std::time::Duration;

use super::error::ClientError;
use crate::identity::{NodeCard, PublicKey, Signed};
use crate::session::{Envelope, Receipt, SessionId};
use crate::sharing::NodeIndex;
use crate::transport::client::grpc::Messages;
use crate::transport::client::http::{HttpOptions, PeerClient, TokenSource};
use crate::transport::target::Target;
use crate::transport::{HttpError, Net};
use crate::wire::dealer_api::{AskSeed, GivenSeed};
use crate::wire::grpc::AskOwnerHalf;
use crate::wire::node_api::{HandedIn, NodeHealth, NodeSession};
use crate::wire::paths;
use crate::wire::variable::VariableLine;

/// How long an answer may take: checking an envelope and one durable write, with a queue before.
const DEADLINE: Duration = Duration::from_secs(10);

/// How long a dealer may take to begin with its part: it decrypts all of it first.
const PART: Duration = Duration::from_secs(60);

/// A connection to one node of a roster.
#[derive(Clone)]
pub struct NodeClient {
    http: PeerClient,
    /// The same for what its operators may see.
    operators: PeerClient,
    index: NodeIndex,
    name: Arc<str>,
    key: PublicKey,
}

impl NodeClient {
    /// A client of one node. The tokens are for what its operators may see; an envelope is handed in
    /// without one, for it proves itself.
    ///
    /// # Errors
    /// When the address in the roster cannot be used.
    pub fn over(
        net: &dyn Net,
        index: NodeIndex,
        card: &NodeCard,
        tokens: TokenSource,
    ) -> Result<Self, HttpError> {
        let options = HttpOptions { deadline: DEADLINE, ..HttpOptions::default() };
        let http = net.client(Target::from(card), Arc::new(|| None), options)?;
        let operators = net.client(Target::from(card), tokens, options)?;
        Ok(Self { http, operators, index, name: card.name.as_str().into(), key: card.key })
    }

    /// The node's index in the roster.
    pub const fn index(&self) -> NodeIndex {
        self.index
    }

    /// The node's name in the roster.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The node's health.
    ///
    /// # Errors
    /// When the node cannot be reached.
    pub async fn health(&self) -> Result<NodeHealth, ClientError> {
        Ok(self.operators.get(paths::NODE_HEALTH).await?)
    }

    /// A session as this node sees it.
    ///
    /// # Errors
    /// When the node does not know it.
    pub async fn session(&self, session: SessionId) -> Result<NodeSession, ClientError> {
        Ok(self.http.get(&paths::of(paths::NODE_SESSION, session)).await?)
    }

    /// Let a job run at the node; for its operator.
    ///
    /// # Errors
    /// When this is not the node's operator, or the node does not know the session.
    pub async fn approve(&self, session: SessionId) -> Result<(), ClientError> {
        Ok(self.operators.post_empty(&paths::of(paths::NODE_APPROVAL, session)).await?)
    }

    /// The variables that stay at the node, without its shares.
    ///
    /// # Errors
    /// When this is none of its operators, or the node does not answer.
    pub async fn variables(&self) -> Result<Vec<VariableLine>, ClientError> {
        Ok(self.operators.get(paths::NODE_VARIABLES).await?)
    }

    /// Hand an envelope in, for the receipt.
    ///
    /// # Errors
    /// The node's refusal, with its reason.
    pub async fn hand_in(&self, envelope: &Envelope) -> Result<HandedIn, HttpError> {
        let path = paths::of(paths::NODE_ENVELOPES, envelope.body.session);
        self.http.post(&path, envelope).await
    }

    /// The node's public key.
    pub const fn key(&self) -> PublicKey {
        self.key
    }

    /// This dealer's seed of the client's half of a batch.
    ///
    /// # Errors
    /// The dealer's refusal, with its reason.
    pub async fn seed(&self, ask: &AskSeed) -> Result<GivenSeed, HttpError> {
        self.http.post(paths::MATERIAL_SEED, ask).await
    }

    /// This dealer's part of the owner's half of a batch, in pieces of at most so many bytes.
    ///
    /// # Errors
    /// The dealer's refusal, with its reason.
    pub async fn owner_half(&self, ask: &AskOwnerHalf, most: usize) -> Result<Messages, HttpError> {
        self.http.with_deadline(PART).call(paths::OWNER_HALF, ask, most).await
    }

    /// Whether a receipt is this node's, for this envelope.
    pub fn is_receipt_for(&self, envelope: &Envelope, receipt: &Signed<Receipt>) -> bool {
        let body = &receipt.body;
        body.session == envelope.body.session
            && body.node == self.index
            && body.bidder == envelope.body.bidder
            && body.key == envelope.body.key
            && body.revision == envelope.body.revision
            && body.envelope == envelope.digest()
            && receipt.verify(&self.key).is_ok()
    }
}
