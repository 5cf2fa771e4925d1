//! An owner's port: connections are taken in, each is one score, and all of them end when the owner is
//! asked to stop.
//!
//! Whoever connects is a stranger until it has proven its key by a call for a batch that it was promised.
//! Strangers have few places and little time, and a newcomer takes the place of one that says nothing
//! ([`crate::transport::server::connections`]). They have none of the places of clients who are being scored.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::ServerConfig;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::client::PROTOCOL;
use super::error::MeetingError;
use super::meeting::Done;
use super::owner::Owner;
use super::places::{self, Places};
use super::said::Why;
use crate::base::lock;
use crate::identity::Digest;
use crate::identity::key_file::TlsIdentity;
use crate::session::scoring::BatchPromise;
use crate::transport::server::connections::{self, Connections, Stage};
use crate::transport::server::listen::{ListenError, Listener};
use crate::transport::tls::{TlsError, server_config};

pub use super::places::MOST;

/// Most connections at a time that have proven nothing, most of which one address cannot have.
const STRANGERS: usize = 64;

/// How long one of them has to prove its key.
const PROVES_WITHIN: Duration = Duration::from_secs(20);

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
    /// Take nobody in any more; returns when those who are here are done. Who comes meanwhile is told so.
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
    let strangers = Connections::small(STRANGERS);
    let places = Places::default();
    let mut tasks = JoinSet::new();
    let mut finished = std::pin::pin!(async {
        shut.cancelled().await;
        places.finish().await;
    });
    loop {
        let taken = tokio::select! {
            () = &mut finished => break,
            () = stop.cancelled() => break,
            // Whoever is done is forgotten.
            Some(_) = tasks.join_next() => continue,
            taken = listener.accept() => taken,
        };
        let Ok((tcp, from)) = taken else {
            // Too many files, or a connection that went at once: neither ends the port.
            sleep(Duration::from_millis(50)).await;
            continue;
        };
        let Some(place) = strangers.take(from.ip()) else {
            tracing::warn!(%from, "no room for another connection");
            continue;
        };
        let _ = tcp.set_nodelay(true);
        let cut = place.cut();
        let entrance = Entrance {
            from,
            places: places.clone(),
            stranger: Mutex::new(Some(place)),
            client: Mutex::default(),
            proven: CancellationToken::new(),
        };
        let port = port.clone();
        tasks.spawn(async move {
            tokio::select! {
                // Who is being scored already has lost no place.
                biased;
                () = entrance.serve(&port, tcp) => {}
                why = entrance.overdue(&cut, &port) => tracing::debug!(%from, why),
            }
        });
    }
    drop(listener);
    tasks.shutdown().await;
}

/// One connection: a stranger's, then a client's.
struct Entrance {
    from: SocketAddr,
    places: Places,
    stranger: Mutex<Option<connections::Place>>,
    client: Mutex<Option<places::Place>>,
    proven: CancellationToken,
}

impl Entrance {
    async fn serve(&self, port: &Port, tcp: tokio::net::TcpStream) {
        let from = self.from;
        let tls = timeout(port.owner.patience().message, port.acceptor.accept(tcp)).await;
        let Ok(Ok(tls)) = tls else {
            tracing::debug!(%from, "no TLS connection came about");
            return;
        };
        if let Some(place) = &*lock(&self.stranger) {
            place.progress().reach(Stage::Silent);
        }
        let admit = || self.admit();
        let result = port.owner.meet(Box::new(tls), port.certificate, &admit).await;
        match result {
            // Nobody has to be told of strangers, of whom there may be any number.
            Err(error @ MeetingError::Line { .. }) if !self.proven.is_cancelled() => {
                tracing::debug!(%from, %error, "a connection asked for nothing");
            }
            result => drop(port.served.send(Served { from, result }).await),
        }
    }

    /// The client has proven its key: it goes from the strangers' places to those of clients.
    fn admit(&self) -> Result<(), Why> {
        let place = self.places.take(self.from.ip())?;
        *lock(&self.client) = Some(place);
        self.proven.cancel();
        *lock(&self.stranger) = None;
        Ok(())
    }

    /// Ends when a stranger has lost its place or was here too long, and says which; never for a client.
    async fn overdue(&self, cut: &CancellationToken, port: &Port) -> &'static str {
        let within = PROVES_WITHIN.min(port.owner.patience().message);
        tokio::select! {
            biased;
            () = self.proven.cancelled() => std::future::pending().await,
            () = cut.cancelled() => "a connection that asked for nothing lost its place to another",
            () = sleep(within) => "a connection asked for nothing in time",
        }
    }
}
