//! The links to coordinator and nodes, and who uses them.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::client::Network;
use crate::client::login::SharedLogin;
use crate::client::state::BidderState;
use crate::identity::{Digest, KeyPair};
use crate::sharing::NodeIndex;

use crate::base::text::clean;
use crate::tui::state::model::Person;
use crate::wire::account_api::{Login, Secret};

/// A bidder's name, keys, and where its bids are kept.
#[derive(Clone)]
pub struct Me {
    /// The name to bid under.
    pub name: String,
    /// Its keys.
    pub keys: KeyPair,
    /// Where envelopes and receipts are kept.
    pub state: BidderState,
    /// Digests of the rosters that the bidder knows to be right.
    pub pinned: Vec<Digest>,
}

/// How somebody logs in from the screens. Whoever starts the screens knows where a login is kept.
pub trait Door: Send + Sync {
    /// Log in with name and password, and keep the login: the connection of that account, or why
    /// there is none.
    fn log_in(
        &self,
        name: String,
        password: Secret,
    ) -> BoxFuture<'_, Result<Box<Connection>, String>>;

    /// The connection of another login than this one, once some program has kept one.
    fn opened(&self, than: Arc<Login>) -> BoxFuture<'_, Option<Box<Connection>>>;
}

/// The links, and who uses them.
pub struct Connection {
    /// Connections to coordinator and nodes.
    pub network: Network,
    /// Whether they carry the coordinator's key.
    pub operator: bool,
    /// The node whose key they carry.
    pub node: Option<NodeIndex>,
    /// The bidder.
    pub bidder: Option<Me>,
    /// The login they carry, where they carry one.
    pub login: Option<SharedLogin>,
    /// How to log in, where that is done with a password.
    pub door: Option<Arc<dyn Door>>,
}

impl Connection {
    /// The person, as screens know it.
    pub(in crate::tui) fn person(&self, before: &Person) -> Person {
        let logged_in = self.login.as_ref().map(|login| login.get().account.name.clone());
        let known = logged_in.or_else(|| self.bidder.as_ref().map(|me| me.name.clone()));
        Person {
            operator: self.operator,
            node: self.node,
            bidder: self.bidder.as_ref().map(|me| clean(&me.name)),
            account: self.door.as_ref().map(|_| clean(&known.unwrap_or_default())),
            ..before.clone()
        }
    }
}
