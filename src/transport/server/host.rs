//! One server that runs in this process: a port, its TLS keys and a router, until it is stopped.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::task::JoinError;

use super::listen::{ListenError, Listener};
use super::metrics::Metrics;
use super::serve::{PortOptions, Serving, Usage};
use super::site::Site;
use crate::identity::key_file::TlsIdentity;
use crate::transport::tls::{self, TlsError};

/// How long requests may go on when a server stops.
const GRACE: Duration = Duration::from_secs(2);

/// Why a server does not start.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum HostError {
    /// The keys are no TLS identity.
    #[error("the TLS keys cannot be used: {0}")]
    Keys(#[from] TlsError),
    /// The operating system took the port back.
    #[error(transparent)]
    Listen(#[from] ListenError),
}

/// A server ended that nobody had stopped.
#[derive(Debug, thiserror::Error)]
#[error("the server on {local} stopped: {cause}")]
pub struct Stopped {
    /// Where it listened.
    pub local: SocketAddr,
    /// How it ended.
    pub cause: Cause,
}

/// How a server came to its end.
#[derive(Debug, thiserror::Error)]
pub enum Cause {
    /// Without a word.
    #[error("it ended")]
    Ended,
    /// The operating system was in the way.
    #[error(transparent)]
    Io(std::io::Error),
    /// Its task panicked.
    #[error(transparent)]
    Task(JoinError),
}

/// One server. Dropping it leaves it running: stop it.
pub struct Host {
    serving: Serving,
    local: SocketAddr,
}

impl Host {
    /// Serve a router on a bound port.
    ///
    /// # Errors
    /// When the TLS keys cannot be used.
    pub fn start(
        listener: Listener,
        keys: &TlsIdentity,
        router: Router,
    ) -> Result<Self, HostError> {
        Self::counted(listener, keys, router, &Arc::default(), PortOptions::default())
    }

    /// The same of a whole site, with its requests counted among others', and with a port's options.
    ///
    /// # Errors
    /// When the TLS keys cannot be used.
    pub fn counted(
        listener: Listener,
        keys: &TlsIdentity,
        site: impl Into<Site>,
        metrics: &Arc<Metrics>,
        options: PortOptions,
    ) -> Result<Self, HostError> {
        let config = tls::server_config(keys.certificate_der(), keys.private_key_der())?;
        let local = listener.local();
        let serving = Serving::start(listener, Some(config), site.into().router(metrics), options)?;
        Ok(Self { serving, local })
    }

    /// How its port is used.
    pub fn usage(&self) -> Usage {
        self.serving.usage()
    }

    /// Waits until the server fails; while it runs this never returns.
    pub async fn failed(&mut self) -> Stopped {
        let cause = match self.serving.ended().await {
            Ok(Ok(())) => Cause::Ended,
            Ok(Err(error)) => Cause::Io(error),
            Err(error) => Cause::Task(error),
        };
        Stopped { local: self.local, cause }
    }

    /// Stop taking requests, let the present ones end, and stop.
    pub async fn stop(self) {
        self.serving.stop(GRACE).await;
    }
}
