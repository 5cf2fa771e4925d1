//! How somebody logs in from the screens: the login is the home folder's, which the other commands
//! use as well.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::failure::Failure;
use super::home::Home;
use super::login::{self, LoginError};
use crate::base::Clock;
use crate::client::Network;
use crate::client::login::SharedLogin;
use crate::identity::{Roster, Signed};
use crate::tui::{Connection, Door, Me};
use crate::wire::account_api::{Login, Secret};

/// The door of a home folder without a server's keys.
#[derive(Clone)]
pub struct HomeDoor {
    home: Home,
    roster: Signed<Roster>,
    bidder: Option<Me>,
}

impl HomeDoor {
    /// The door of this home.
    pub const fn new(home: Home, roster: Signed<Roster>, bidder: Option<Me>) -> Self {
        Self { home, roster, bidder }
    }

    /// Connections as the account that is logged in here, or as nobody. A login that is over lets
    /// the screens begin all the same; they offer a new one.
    ///
    /// # Errors
    /// When the home's login cannot be read, or an address in the roster cannot be used.
    pub async fn enter(&self) -> Result<Connection, Failure> {
        let over = match login::current(&self.home, &self.roster).await {
            Ok(Some(login)) => {
                let (network, login) = login::connect(&self.home, self.roster.clone(), login)?;
                return Ok(self.connection(network, Some(login)));
            }
            Ok(None) => None,
            Err(error) if error.is_over() => login::kept_before(&error),
            Err(LoginError::Refresh { error, login }) => {
                // The coordinator is away: its tokens may be good again when it comes back.
                tracing::debug!(%error, "the login could not be refreshed yet");
                let (network, login) = login::connect(&self.home, self.roster.clone(), login)?;
                return Ok(self.connection(network, Some(login)));
            }
            Err(error) => return Err(error.into()),
        };
        let network = Network::new(self.roster.clone(), None, Clock::System)?;
        Ok(self.connection(network, over))
    }

    fn connection(&self, network: Network, login: Option<SharedLogin>) -> Connection {
        Connection {
            operator: network.coordinator().is_operator(),
            network,
            node: None,
            bidder: self.bidder.clone(),
            login,
            door: Some(Arc::new(self.clone())),
        }
    }

    async fn take(&self, name: &str, password: Secret) -> Result<Connection, Failure> {
        let network = Network::new(self.roster.clone(), None, Clock::System)?;
        let login = network.coordinator().login(name, password).await?;
        login::end_earlier(&self.home, &network).await;
        login::keep(&self.home, &login)?;
        let (network, login) = login::connect(&self.home, self.roster.clone(), Arc::new(login))?;
        Ok(self.connection(network, Some(login)))
    }
}

impl Door for HomeDoor {
    fn log_in(
        &self,
        name: String,
        password: Secret,
    ) -> BoxFuture<'_, Result<Box<Connection>, String>> {
        async move {
            let taken = self.take(&name, password).await;
            taken.map(Box::new).map_err(|failure| failure.detail)
        }
        .boxed()
    }

    fn opened(&self, than: Arc<Login>) -> BoxFuture<'_, Option<Box<Connection>>> {
        async move {
            let same = |login: &Login| login.refresh.expose() == than.refresh.expose();
            // Not refreshed before it is known to be another one.
            login::kept(&self.home).ok()?.filter(|login| !same(login))?;
            let login = login::current(&self.home, &self.roster).await.ok()??;
            let connected = login::connect(&self.home, self.roster.clone(), login).ok()?;
            Some(Box::new(self.connection(connected.0, Some(connected.1))))
        }
        .boxed()
    }
}
