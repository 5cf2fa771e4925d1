//! A TLS connection to one server, for what is not a plain request: streams between nodes,
//! requests handed on to another replica, and two parties who compute with each other.

use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::BufReader;
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::error::HttpError;
use super::target::Target;
use super::tls::{HTTP_1_1, fingerprint, pinned_client_config, unproven_client_config};
use crate::identity::Digest;

/// Bytes read from a socket at a time. TLS by itself asks for 4 KiB at a time, a quarter of a
/// record.
pub(in crate::transport) const READ_AHEAD: usize = 64 << 10;

/// A TLS connection to a server for HTTP/1.1, pinned to its certificate.
pub(in crate::transport) async fn connect(
    target: &Target,
) -> Result<TlsStream<BufReader<TcpStream>>, HttpError> {
    let address = &target.address;
    let tls = pinned_client_config(target.certificate, &[HTTP_1_1])
        .map_err(|error| setup(address, &error))?;
    connect_with(address, tls).await
}

/// A TLS connection to a party whose certificate nobody has pinned, and the digest of what it shows:
/// it has the certificate's key. Whose that is, it has to prove by what it signs.
///
/// # Errors
/// When nobody answers there in time, or it speaks something else.
pub async fn connect_unproven(
    address: &str,
    alpn: &[u8],
    within: Duration,
) -> Result<(TlsStream<BufReader<TcpStream>>, Digest), HttpError> {
    let tls = unproven_client_config(&[alpn]).map_err(|error| setup(address, &error))?;
    let connected = tokio::time::timeout(within, connect_with(address, tls)).await;
    let late = |_| HttpError::Timeout { address: address.to_owned(), after: within };
    let stream = connected.map_err(late)??;
    let certificates = stream.get_ref().1.peer_certificates();
    let shown =
        certificates.and_then(|all| all.first()).map(|certificate| fingerprint(certificate));
    let shown = shown.ok_or_else(|| HttpError::Tls {
        address: address.to_owned(),
        detail: "it shows no certificate".to_owned(),
    })?;
    Ok((stream, shown))
}

fn setup(address: &str, error: &impl ToString) -> HttpError {
    HttpError::Setup { address: address.to_owned(), detail: error.to_string() }
}

async fn connect_with(
    address: &str,
    tls: Arc<ClientConfig>,
) -> Result<TlsStream<BufReader<TcpStream>>, HttpError> {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let name = ServerName::try_from(host.to_owned()).map_err(|error| setup(address, &error))?;
    let failed = |error: &(dyn std::error::Error + 'static)| HttpError::of(address, error);
    let tcp = TcpStream::connect(address).await.map_err(|error| failed(&error))?;
    tcp.set_nodelay(true).map_err(|error| failed(&error))?;
    let tcp = BufReader::with_capacity(READ_AHEAD, tcp);
    TlsConnector::from(tls).connect(name, tcp).await.map_err(|error| failed(&error))
}
