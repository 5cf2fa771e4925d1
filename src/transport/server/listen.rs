//! Listening: bind with errors that say what to do, and the server for one port.
//!
//! In: an address and a TLS configuration. Out: a server that any router is given to, and a handle
//! that stops it. Slow handshakes, slow headers, dead HTTP/2 connections and more connections than
//! the port has room for are cut off.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum_server::accept::{Accept, DefaultAcceptor, NoDelayAcceptor};
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use futures_util::future::BoxFuture;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use rustls::ServerConfig;
use tokio::io::BufReader;
use tokio::net::{TcpSocket, TcpStream};

use super::connections::{Connections, Permitted};
use crate::transport::connect::READ_AHEAD;

/// Stops a server, at once or once its requests are done.
pub type Handle = axum_server::Handle<SocketAddr>;

/// A server that still needs a router: `server.serve(router.into_make_service())`.
pub type Server = axum_server::Server<SocketAddr, RustlsAcceptor<ReadAhead>>;

/// A server without TLS, for what must not leave the machine or an inner network.
pub type PlainServer = axum_server::Server<SocketAddr, DefaultAcceptor>;

/// Takes a connection if the port has room for it, sets `TCP_NODELAY`, and reads from the socket in
/// large pieces.
#[derive(Clone, Default)]
pub struct ReadAhead(Connections);

impl<S: Send + 'static> Accept<TcpStream, S> for ReadAhead {
    type Stream = Permitted<BufReader<TcpStream>>;
    type Service = S;
    type Future = BoxFuture<'static, std::io::Result<(Self::Stream, S)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let permit = stream.peer_addr().map(|peer| self.0.take(peer.ip()));
        let accepted = NoDelayAcceptor::new().accept(stream, service);
        Box::pin(async move {
            let permit = permit?.ok_or(ErrorKind::QuotaExceeded)?;
            let (stream, service) = accepted.await?;
            Ok((Permitted::new(BufReader::with_capacity(READ_AHEAD, stream), permit), service))
        })
    }
}

const BACKLOG: u32 = 1024;
const HANDSHAKE: Duration = Duration::from_secs(10);
const HEADERS: Duration = Duration::from_secs(10);
const KEEP_ALIVE: Duration = Duration::from_secs(20);
const STREAMS: u32 = 256;

/// Why a port cannot be listened on.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ListenError {
    /// Someone else has the port.
    #[error("port {port} is in use by another program")]
    InUse {
        /// The port.
        port: u16,
    },
    /// The operating system does not let us.
    #[error("this user may not listen on port {port}")]
    NotAllowed {
        /// The port.
        port: u16,
    },
    /// The address belongs to another machine.
    #[error("{address} is not an address of this machine")]
    NotHere {
        /// The address that was asked for.
        address: String,
    },
    /// Not an address.
    #[error("{address:?} is not an address to listen on; write it as host:port")]
    Address {
        /// The address that was asked for.
        address: String,
    },
    /// Anything else.
    #[error("cannot listen on {address}: {detail}")]
    Other {
        /// The address that was asked for.
        address: String,
        /// As the operating system says.
        detail: String,
    },
}

/// A bound port that is not served yet; connections wait in its queue.
#[derive(Debug)]
pub struct Listener {
    socket: std::net::TcpListener,
    local: SocketAddr,
}

impl Listener {
    /// The address and port that were bound, also when port 0 was asked for.
    pub const fn local(&self) -> SocketAddr {
        self.local
    }
}

/// Bind `host:port`; port 0 takes a free one. Needs a tokio runtime.
///
/// # Errors
/// Says what is in the way and what to do about it.
pub async fn bind(address: &str) -> Result<Listener, ListenError> {
    let target = tokio::net::lookup_host(address)
        .await
        .ok()
        .and_then(|mut found| found.next())
        .ok_or_else(|| ListenError::Address { address: address.to_owned() })?;
    try_bind(target).map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => ListenError::InUse { port: target.port() },
        ErrorKind::PermissionDenied => ListenError::NotAllowed { port: target.port() },
        ErrorKind::AddrNotAvailable => ListenError::NotHere { address: address.to_owned() },
        _ => ListenError::Other { address: address.to_owned(), detail: error.to_string() },
    })
}

fn try_bind(target: SocketAddr) -> std::io::Result<Listener> {
    let socket = if target.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A restarted node takes its port back while old connections linger in TIME_WAIT. On Windows
    // the option means something else: taking a port away from another program.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(target)?;
    let socket = socket.listen(BACKLOG)?.into_std()?;
    let local = socket.local_addr()?;
    Ok(Listener { socket, local })
}

/// A server on a bound port: TLS, `TCP_NODELAY`, limits on handshakes, headers and streams.
///
/// # Errors
/// When the operating system takes the socket back.
pub fn server(
    listener: Listener,
    tls: Arc<ServerConfig>,
    handle: Handle,
) -> Result<Server, ListenError> {
    let address = listener.local.to_string();
    let acceptor = RustlsAcceptor::new(RustlsConfig::from_config(tls))
        .handshake_timeout(HANDSHAKE)
        .acceptor(ReadAhead::default());
    let mut server = axum_server::from_tcp(listener.socket)
        .map_err(|error| ListenError::Other { address, detail: error.to_string() })?
        .acceptor(acceptor)
        .handle(handle);
    limit(server.http_builder());
    Ok(server)
}

/// The same without TLS.
///
/// # Errors
/// When the operating system takes the socket back.
pub fn plain_server(listener: Listener, handle: Handle) -> Result<PlainServer, ListenError> {
    let address = listener.local.to_string();
    let mut server = axum_server::from_tcp(listener.socket)
        .map_err(|error| ListenError::Other { address, detail: error.to_string() })?
        .handle(handle);
    limit(server.http_builder());
    Ok(server)
}

fn limit(builder: &mut Builder<TokioExecutor>) {
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADERS);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(KEEP_ALIVE)
        .max_concurrent_streams(STREAMS);
}

#[cfg(test)]
mod tests {
    use crate::transport::server::listen::*;

    #[tokio::test]
    async fn a_port_in_use_is_named() {
        let first = bind("127.0.0.1:0").await.unwrap();
        let port = first.local().port();
        let error = bind(&format!("127.0.0.1:{port}")).await.unwrap_err();
        assert_eq!(error, ListenError::InUse { port });
    }

    #[tokio::test]
    async fn addresses_that_cannot_be_bound_are_explained() {
        let error = bind("not an address").await.unwrap_err();
        assert!(matches!(error, ListenError::Address { .. }), "{error}");
        // TEST-NET-1 belongs to nobody's machine.
        let error = bind("192.0.2.1:0").await.unwrap_err();
        assert!(matches!(error, ListenError::NotHere { .. }), "{error}");
    }
}
