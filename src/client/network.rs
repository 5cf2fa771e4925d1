//! A roster's coordinator and nodes, reached with the keys pinned in it.

use std::sync::Arc;

use super::coordinator::CoordinatorClient;
use super::error::ClientError;
use super::login::SharedLogin;
use super::node::NodeClient;
use crate::base::Clock;
use crate::identity::{KeyPair, PublicKey, Roster, Signed, token};
use crate::session::SessionId;
use crate::sharing::NodeIndex;
use crate::transport::client::http::TokenSource;
use crate::transport::{HttpError, Internet, Net};

/// Gives the source of tokens for a node.
type NodeTokens = Arc<dyn Fn(PublicKey) -> TokenSource + Send + Sync>;

/// Connections to everybody in a roster; cheap to clone, and many bidders can share them.
#[derive(Clone)]
pub struct Network {
    roster: Arc<Signed<Roster>>,
    coordinator: CoordinatorClient,
    nodes: Arc<[NodeClient]>,
    /// For nodes of another roster; `None` where they are reached another way than over the network.
    tokens: Option<NodeTokens>,
}

impl Network {
    /// Clients for a checked roster. The signer is the coordinator's or a node's key, for
    /// what their operators may ask. Nothing is connected before the first request.
    ///
    /// # Errors
    /// When an address in the roster cannot be used.
    pub fn new(
        roster: Signed<Roster>,
        signer: Option<Arc<KeyPair>>,
        clock: Clock,
    ) -> Result<Self, HttpError> {
        let roster = Arc::new(roster);
        let tokens = signed_by(signer.clone(), clock.clone());
        let coordinator = CoordinatorClient::new(Arc::clone(&roster), signer, clock)?;
        Self::of(&Internet, roster, coordinator, tokens)
    }

    /// The same over another way than the network.
    ///
    /// # Errors
    /// When an address in the roster cannot be used.
    pub fn over(
        net: &dyn Net,
        roster: Signed<Roster>,
        signer: Option<Arc<KeyPair>>,
        clock: Clock,
    ) -> Result<Self, HttpError> {
        let roster = Arc::new(roster);
        let tokens = signed_by(signer.clone(), clock.clone());
        let coordinator = CoordinatorClient::over(net, Arc::clone(&roster), signer, clock)?;
        let network = Self::of(net, roster, coordinator, tokens)?;
        Ok(Self { tokens: None, ..network })
    }

    /// Clients for somebody who has logged in at the roster's coordinator. Nodes are sent no token:
    /// an envelope proves itself.
    ///
    /// # Errors
    /// When an address in the roster cannot be used.
    pub fn with_login(
        roster: Signed<Roster>,
        login: &SharedLogin,
        clock: Clock,
    ) -> Result<Self, HttpError> {
        let roster = Arc::new(roster);
        let coordinator = CoordinatorClient::with_login(Arc::clone(&roster), login, clock)?;
        let none: NodeTokens = Arc::new(|_| Arc::new(|| None));
        Self::of(&Internet, roster, coordinator, none)
    }

    /// These connections, or those to the nodes of the roster that a session was opened under, where that
    /// is of other nodes: it goes on under that one. The coordinator is the same, and signed that roster;
    /// that its nodes are the right ones is known in another way ([`super::bid::Bidder::pinned`]).
    ///
    /// # Errors
    /// When there is no such session, or the coordinator's answer does not hold.
    pub async fn of_session(&self, session: SessionId) -> Result<Self, ClientError> {
        let (Some(tokens), Some(other)) =
            (&self.tokens, self.coordinator.other_roster(session).await?)
        else {
            return Ok(self.clone());
        };
        let roster = Arc::new(other);
        let coordinator = self.coordinator.under(Arc::clone(&roster));
        Ok(Self::of(&Internet, roster, coordinator, Arc::clone(tokens))?)
    }

    /// The session whose id begins with these digits, or else that has this title, and the connections
    /// of [`Network::of_session`].
    ///
    /// # Errors
    /// When none or several do, or the coordinator's answer does not hold.
    pub async fn find(&self, beginning: &str) -> Result<(Self, SessionId), ClientError> {
        let session = self.coordinator.find(beginning).await?;
        Ok((self.of_session(session).await?, session))
    }

    fn of(
        net: &dyn Net,
        roster: Arc<Signed<Roster>>,
        coordinator: CoordinatorClient,
        tokens: NodeTokens,
    ) -> Result<Self, HttpError> {
        let nodes = (1u8..)
            .map_while(NodeIndex::new)
            .zip(&roster.body.nodes)
            .map(|(index, card)| NodeClient::over(net, index, card, tokens(card.key)))
            .collect::<Result<_, _>>()?;
        Ok(Self { roster, coordinator, nodes, tokens: Some(tokens) })
    }

    /// The roster whose keys every connection is pinned to.
    pub fn roster(&self) -> &Signed<Roster> {
        &self.roster
    }

    /// The roster, to be moved elsewhere.
    pub fn shared_roster(&self) -> Arc<Signed<Roster>> {
        Arc::clone(&self.roster)
    }

    /// The coordinator's API, reached at the address in the roster.
    pub const fn coordinator(&self) -> &CoordinatorClient {
        &self.coordinator
    }

    /// The nodes in order of index.
    pub fn nodes(&self) -> &[NodeClient] {
        &self.nodes
    }

    /// Receipts after which a bid is in: n - t; see [`super::bid`].
    pub fn receipts_needed(&self) -> usize {
        let scheme = self.roster.body.scheme;
        usize::from(scheme.nodes() - scheme.threshold())
    }
}

/// Tokens that a signer makes for nodes, if there is one.
fn signed_by(signer: Option<Arc<KeyPair>>, clock: Clock) -> NodeTokens {
    Arc::new(move |node| {
        let (keys, time) = (signer.clone(), clock.clone());
        Arc::new(move || {
            let token = token::issue(keys.as_ref()?, &node, time.now()).ok()?;
            Some(token.expose().to_owned())
        })
    })
}
