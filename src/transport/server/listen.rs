//! Binding a port, with errors that say what to do.

use std::io::ErrorKind;
use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpSocket};

/// Connections that wait to be taken in.
const BACKLOG: u32 = 1024;

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

    /// For whoever takes the connections in. Needs a tokio runtime.
    ///
    /// # Errors
    /// When the operating system takes the socket back.
    pub fn into_tokio(self) -> Result<TcpListener, ListenError> {
        let address = self.local.to_string();
        TcpListener::from_std(self.socket)
            .map_err(|error| ListenError::Other { address, detail: error.to_string() })
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
