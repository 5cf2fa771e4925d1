//! A TLS connection to one server, for what is not a plain request: streams between nodes, and
//! requests handed on to another replica.

use rustls::pki_types::ServerName;
use tokio::io::BufReader;
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::error::HttpError;
use super::target::Target;
use super::tls::{HTTP_1_1, pinned_client_config};

/// Bytes read from a socket at a time. TLS by itself asks for 4 KiB at a time, a quarter of a
/// record.
pub(in crate::transport) const READ_AHEAD: usize = 64 << 10;

/// A TLS connection to a server for HTTP/1.1, pinned to its certificate.
pub(in crate::transport) async fn connect(
    target: &Target,
) -> Result<TlsStream<BufReader<TcpStream>>, HttpError> {
    let address = &target.address;
    let setup = |detail: String| HttpError::Setup { address: address.clone(), detail };
    let tls = pinned_client_config(target.certificate, &[HTTP_1_1])
        .map_err(|error| setup(error.to_string()))?;
    let host = address.rsplit_once(':').map_or(address.as_str(), |(host, _)| host);
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let name = ServerName::try_from(host.to_owned()).map_err(|error| setup(error.to_string()))?;
    let failed = |error: &(dyn std::error::Error + 'static)| HttpError::of(address, error);
    let tcp = TcpStream::connect(address).await.map_err(|error| failed(&error))?;
    tcp.set_nodelay(true).map_err(|error| failed(&error))?;
    let tcp = BufReader::with_capacity(READ_AHEAD, tcp);
    TlsConnector::from(tls).connect(name, tcp).await.map_err(|error| failed(&error))
}
