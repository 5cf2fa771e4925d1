//! Servers that run in this process, for `gavel serve` and `gavel demo`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::task::JoinHandle;

use super::failure::Failure;
use crate::identity::key_file::TlsIdentity;
use crate::transport::server::listen::{self, Handle, ListenError, Listener};
use crate::transport::server::metrics::Metrics;
use crate::transport::server::observe::observed;
use crate::transport::tls;

/// How long requests may go on when a server stops.
const GRACE: Duration = Duration::from_secs(2);

/// One server.
pub struct Host {
    handle: Handle,
    task: JoinHandle<std::io::Result<()>>,
    local: SocketAddr,
}

impl From<ListenError> for Failure {
    fn from(error: ListenError) -> Self {
        let kind = match &error {
            ListenError::InUse { .. } => "port-in-use",
            _ => "cannot-listen",
        };
        Self::new(kind, error)
    }
}

impl Host {
    /// Serve a router on a bound port.
    ///
    /// # Errors
    /// When the TLS keys cannot be used.
    pub fn start(listener: Listener, keys: &TlsIdentity, router: Router) -> Result<Self, Failure> {
        Self::counted(listener, keys, router, Arc::default())
    }

    /// Serve a router on a bound port, counting its requests.
    ///
    /// # Errors
    /// When the TLS keys cannot be used.
    pub fn counted(
        listener: Listener,
        keys: &TlsIdentity,
        router: Router,
        metrics: Arc<Metrics>,
    ) -> Result<Self, Failure> {
        let config = tls::server_config(keys.certificate_der(), keys.private_key_der()).map_err(
            |error| Failure::new("bad-keys", format!("the TLS keys cannot be used: {error}")),
        )?;
        let local = listener.local();
        let handle = Handle::new();
        let server = listen::server(listener, config, handle.clone())?;
        let router = observed(router, metrics);
        let task =
            tokio::spawn(server.serve(router.into_make_service_with_connect_info::<SocketAddr>()));
        Ok(Self { handle, task, local })
    }

    /// Where it listens.
    pub const fn local(&self) -> SocketAddr {
        self.local
    }

    /// Waits until the server fails; a server that runs never returns from here.
    pub async fn failed(&mut self) -> Failure {
        let detail = match (&mut self.task).await {
            Ok(Ok(())) => "it ended".to_owned(),
            Ok(Err(error)) => error.to_string(),
            Err(error) => error.to_string(),
        };
        Failure::new("internal", format!("the server on {} stopped: {detail}", self.local))
    }

    /// Stop taking requests, let the present ones end, and stop.
    pub async fn stop(self) {
        self.handle.graceful_shutdown(Some(GRACE));
        let abort = self.task.abort_handle();
        if tokio::time::timeout(GRACE * 2, self.task).await.is_err() {
            abort.abort();
        }
    }
}

/// Waits until the process is asked to stop: Ctrl-C, or SIGTERM.
pub async fn asked_to_stop() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}
