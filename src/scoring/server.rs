//! An owner's port: connections are taken in, each is one score, and all of them end when the owner is
//! asked to stop.

use std::net::SocketAddr;
use std::sync::Arc;

use rustls::ServerConfig;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::client::PROTOCOL;
use super::error::MeetingError;
use super::meeting::Done;
use super::owner::Owner;
use crate::identity::Digest;
use crate::identity::key_file::TlsIdentity;
use crate::session::scoring::BatchPromise;
use crate::transport::server::connections::{Connections, Stage};
use crate::transport::server::listen::{ListenError, Listener};
use crate::transport::tls::{TlsError, server_config};

/// Most clients at a time: each takes a processor's attention and the memory of a batch.
pub const MOST: usize = 32;

/// What came of a client.
#[derive(Debug)]
pub struct Served {
    /// Where it came from.
    pub from: SocketAddr,
    /// The promised batch and the score, or why there is none.
    pub result: Result<(BatchPromise, Done), MeetingError>,
}

/// An owner's open port.
pub struct Open {
    /// Where it listens.
    pub local: SocketAddr,
    shut: CancellationToken,
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

/// Why the port could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The port.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The certificate.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// Serve clients at a bound port until it is closed. What comes of each goes into `served`, which
/// has to be read as long as it is there.
///
/// # Errors
/// When the operating system takes the port back, or the certificate does not work.
pub fn open(
    owner: Arc<Owner>,
    listener: Listener,
    tls: &TlsIdentity,
    served: mpsc::Sender<Served>,
) -> Result<Open, OpenError> {
    let config = server_config(tls.certificate_der(), tls.private_key_der())?;
    let mut config = ServerConfig::clone(&config);
    config.alpn_protocols = vec![PROTOCOL.to_vec()];
    let port = Port {
        owner,
        acceptor: TlsAcceptor::from(Arc::new(config)),
        certificate: tls.fingerprint(),
        served,
    };
    let (local, shut, stop) =
        (listener.local(), CancellationToken::new(), CancellationToken::new());
    let ends = [shut.clone(), stop.clone()];
    let task = tokio::spawn(accept(port, listener.into_tokio()?, ends));
    Ok(Open { local, shut, stop, task })
}

impl Open {
    /// Take nobody in any more; returns when those who are here are done.
    pub async fn finish(&mut self) {
        self.shut.cancel();
        let _ = (&mut self.task).await;
    }

    /// Take nobody in any more, and end what is under way: a batch that is used up half way is lost,
    /// and its client learns that the owner is gone.
    pub async fn close(self) {
        self.shut.cancel();
        self.stop.cancel();
        if !self.task.is_finished() {
            let _ = self.task.await;
        }
    }
}

#[derive(Clone)]
struct Port {
    owner: Arc<Owner>,
    acceptor: TlsAcceptor,
    certificate: Digest,
    served: mpsc::Sender<Served>,
}

async fn accept(
    port: Port,
    listener: tokio::net::TcpListener,
    [shut, stop]: [CancellationToken; 2],
) {
    let places = Connections::small(MOST);
    let mut clients = JoinSet::new();
    loop {
        let taken = tokio::select! {
            () = shut.cancelled() => break,
            // Whoever is done is forgotten.
            Some(_) = clients.join_next() => continue,
            taken = listener.accept() => taken,
        };
        let Ok((tcp, from)) = taken else {
            // Too many files, or a connection that went at once: neither ends the port.
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            continue;
        };
        let Some(place) = places.take(from.ip()) else {
            tracing::warn!(%from, "no room for another client");
            continue;
        };
        let port = port.clone();
        clients.spawn(async move {
            let cut = place.cut();
            let progress = place.progress();
            let work = async {
                let _ = tcp.set_nodelay(true);
                let patience = port.owner.patience().message;
                let tls = timeout(patience, port.acceptor.accept(tcp)).await;
                let Ok(Ok(tls)) = tls else {
                    tracing::debug!(%from, "no TLS connection came about");
                    return;
                };
                progress.reach(Stage::AtWork);
                let result = port.owner.meet(Box::new(tls), port.certificate).await;
                let _ = port.served.send(Served { from, result }).await;
            };
            tokio::select! {
                () = cut.cancelled() => tracing::warn!(%from, "a client lost its place to another"),
                () = work => {}
            }
        });
    }
    drop(listener);
    tokio::select! {
        () = stop.cancelled() => {}
        () = async { while clients.join_next().await.is_some() {} } => {}
    }
    clients.shutdown().await;
}
