//! A roster's coordinator and nodes, reached with the keys pinned in it.

use std::sync::Arc;

use super::coordinator::CoordinatorClient;
use super::login::SharedLogin;
use super::node::NodeClient;
use crate::base::Clock;
use crate::identity::{KeyPair, PublicKey, Roster, Signed, token};
use crate::sharing::NodeIndex;
use crate::transport::client::http::TokenSource;
use crate::transport::{HttpError, Internet, Net};

/// Connections to everybody in a roster; cheap to clone, and many bidders can share them.
#[derive(Clone)]
pub struct Network {
    roster: Arc<Signed<Roster>>,
    coordinator: CoordinatorClient,
    nodes: Arc<[NodeClient]>,
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
        Self::over(&Internet, roster, signer, clock)
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
        let (keys, time) = (signer.clone(), clock.clone());
        let coordinator = CoordinatorClient::over(net, Arc::clone(&roster), signer, clock)?;
        let tokens = move |node: PublicKey| -> TokenSource {
            let (keys, time) = (keys.clone(), time.clone());
            Arc::new(move || {
                let token = token::issue(keys.as_ref()?, &node, time.now()).ok()?;
                Some(token.expose().to_owned())
            })
        };
        Self::of(net, roster, coordinator, &tokens)
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
        Self::of(&Internet, roster, coordinator, &|_| Arc::new(|| None))
    }

    fn of(
        net: &dyn Net,
        roster: Arc<Signed<Roster>>,
        coordinator: CoordinatorClient,
        tokens: &dyn Fn(PublicKey) -> TokenSource,
    ) -> Result<Self, HttpError> {
        let nodes = (1u8..)
            .map_while(NodeIndex::new)
            .zip(&roster.body.nodes)
            .map(|(index, card)| NodeClient::over(net, index, card, tokens(card.key)))
            .collect::<Result<_, _>>()?;
        Ok(Self { roster, coordinator, nodes })
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
