//! Connections by hand: from an address of one's choice, with TLS or without, in frames of HTTP/2.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use gavel::transport::tls::{H2, HTTP_1_1, pinned_client_config};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// How every connection of HTTP/2 begins: the preface, and settings that change nothing.
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// A ping.
pub const PING: &[u8] = b"\0\0\x08\x06\0\0\0\0\0whatever";

/// The part of a flood's addresses with this number.
pub fn address(number: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2 + number))
}

/// A connection from an address.
pub async fn connect(from: IpAddr, to: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(SocketAddr::new(from, 0))?;
    let connected = tokio::time::timeout(Duration::from_secs(5), socket.connect(to)).await;
    connected.map_err(|_| std::io::ErrorKind::TimedOut)?
}

/// The settings of a client that speaks one version of HTTP with a server.
pub fn tls(target: &gavel::transport::Target, second: bool) -> Arc<ClientConfig> {
    pinned_client_config(target.certificate, &[if second { H2 } else { HTTP_1_1 }]).unwrap()
}

/// A connection from an address, its handshake done.
pub async fn secure(
    from: IpAddr,
    to: SocketAddr,
    config: &Arc<ClientConfig>,
) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = connect(from, to).await?;
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::clone(config)).connect(name, stream).await
}

/// A frame.
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// The head of a request: all of it, with the body to follow or not.
pub fn head(stream: u32, method: &str, path: &str, ends: bool) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in [
        (":method", method),
        (":scheme", "https"),
        (":authority", "localhost"),
        (":path", path),
        ("content-type", "application/json"),
    ] {
        block.push(0);
        for text in [name, value] {
            block.push(u8::try_from(text.len()).unwrap());
            block.extend_from_slice(text.as_bytes());
        }
    }
    frame(1, 0x4 | u8::from(ends), stream, &block)
}

/// The answer to a request over plain HTTP.
pub async fn plain(to: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(to).await.unwrap();
    asked(&mut stream, path).await
}

/// The same over a connection that stands. Empty where it is closed instead.
pub async fn asked(stream: &mut TcpStream, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    let mut text = Vec::new();
    if stream.write_all(request.as_bytes()).await.is_ok() {
        // A connection that is cut off has said what it had to say.
        let _ = stream.read_to_end(&mut text).await;
    }
    String::from_utf8(text).unwrap()
}
