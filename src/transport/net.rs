//! How other processes are reached: over the network, or over whatever a simulation brings.
//!
//! Everything a process asks of another one goes through here: requests through [`PeerClient`],
//! streams through [`Dial`]. Nodes, coordinator and clients are started over [`Internet`] unless
//! they are told otherwise.

use std::sync::Arc;
use std::time::Duration;

use super::client::http::{HttpOptions, PeerClient, TokenSource};
use super::error::HttpError;
use super::streams::upgrade::{Dial, StreamTokens, TlsDialer};
use super::target::Target;
use crate::identity::{Roster, Signed};

/// The way from one process to all others.
pub trait Net: Send + Sync {
    /// A client of one server.
    ///
    /// # Errors
    /// When it cannot be set up.
    fn client(
        &self,
        target: Target,
        tokens: TokenSource,
        options: HttpOptions,
    ) -> Result<PeerClient, HttpError>;

    /// What opens streams to the nodes of a roster; every dial ends within the deadline.
    fn dialer(
        &self,
        roster: Arc<Signed<Roster>>,
        tokens: StreamTokens,
        deadline: Duration,
    ) -> Arc<dyn Dial>;
}

/// HTTPS and TLS streams, pinned to the roster.
#[derive(Clone, Copy, Debug, Default)]
pub struct Internet;

impl Net for Internet {
    fn client(
        &self,
        target: Target,
        tokens: TokenSource,
        options: HttpOptions,
    ) -> Result<PeerClient, HttpError> {
        PeerClient::new(target, tokens, options)
    }

    fn dialer(
        &self,
        roster: Arc<Signed<Roster>>,
        tokens: StreamTokens,
        deadline: Duration,
    ) -> Arc<dyn Dial> {
        Arc::new(TlsDialer::new(roster, tokens, deadline))
    }
}
