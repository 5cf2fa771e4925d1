//! Behind a balancer every connection comes from its address; its word for theirs is taken where it
//! is named, and nowhere else.

use std::net::{IpAddr, SocketAddr};

use axum::Router;
use axum::routing::get;
use gavel::transport::server::listen::bind;
use gavel::transport::server::proxy::Balancers;
use gavel::transport::server::reply::Peer;
use gavel::transport::server::serve::{PortOptions, Serving};
use tokio::io::AsyncWriteExt as _;

use super::wire;

/// What the server takes the address of a connection for, that begins like this.
async fn seen(from: IpAddr, to: SocketAddr, beginning: &[u8]) -> String {
    let mut stream = wire::connect(from, to).await.unwrap();
    stream.write_all(beginning).await.unwrap();
    let answer = wire::asked(&mut stream, "/").await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
    if head.starts_with("HTTP/1.1 200") { body.to_owned() } else { String::new() }
}

#[tokio::test]
async fn a_balancers_word_is_taken_where_it_is_named() {
    let listener = bind("127.0.0.1:0").await.unwrap();
    let to = listener.local();
    let router =
        Router::new().route("/", get(|Peer(address): Peer| async move { address.to_string() }));
    let balancers = Balancers::parse(["127.0.0.9"]).unwrap();
    let options = PortOptions { balancers, ..PortOptions::default() };
    let serving = Serving::start(listener, None, router, options).unwrap();
    let (balancer, other) = (IpAddr::from([127, 0, 0, 9]), IpAddr::from([127, 0, 0, 8]));
    let first = b"PROXY TCP4 203.0.113.5 10.0.0.1 4711 443\r\n";
    let second = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xcb\0\x71\x06\x0a\0\0\x01\x12\x67\x01\xbb";
    assert_eq!(seen(balancer, to, first).await, "203.0.113.5");
    assert_eq!(seen(balancer, to, second).await, "203.0.113.6");
    assert_eq!(seen(balancer, to, b"PROXY UNKNOWN\r\n").await, "127.0.0.9");
    assert_eq!(seen(balancer, to, b"").await, "", "a balancer that says nothing is not served");
    assert_eq!(seen(other, to, b"").await, "127.0.0.8");
    assert_eq!(seen(other, to, first).await, "", "a stranger's word is not taken");

    // A flood through the balancer is its own address's: others behind it have places.
    let held: Vec<_> = futures_util::future::join_all((0..300).map(|_| async {
        let mut stream = wire::connect(balancer, to).await.unwrap();
        stream.write_all(first).await.unwrap();
        stream
    }))
    .await;
    assert_eq!(seen(balancer, to, second).await, "203.0.113.6");
    drop(held);
    serving.stop(std::time::Duration::from_millis(100)).await;
}
