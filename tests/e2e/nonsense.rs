//! Callers that send nonsense: every endpoint answers with a problem document, soon, and goes on.

use std::time::{Duration, Instant};

use gavel::base::Clock;
use gavel::coordinator::CoordinatorState;
use gavel::identity::{KeyPair, token};
use gavel::node::NodeState;
use gavel::transport::server::access::Gate;
use gavel::transport::target::Target;
use gavel::transport::tls::{H2, HTTP_1_1, pinned_client_config};
use gavel::wire::{Problem, paths, problem};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use reqwest::{Client, Method, Response};
use rustls::ClientConfig;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::auction::{Auction, file};
use super::net::{Net, Setup, index};

/// Longest time for an answer, on a machine that is busy.
const SOON: Duration = Duration::from_secs(20);

/// One server, spoken to without any manners.
pub struct Raw {
    http: Client,
    pub target: Target,
}

impl Raw {
    pub fn new(target: Target) -> Self {
        let tls = pinned_client_config(target.certificate, &[H2, HTTP_1_1]).unwrap();
        let http = Client::builder().tls_backend_preconfigured(ClientConfig::clone(&tls));
        Self { http: http.no_proxy().timeout(SOON).build().unwrap(), target }
    }

    pub fn node(net: &Net, node: u8) -> Self {
        Self::new(Target::from(net.roster.body.node(index(node)).unwrap()))
    }

    pub fn coordinator(net: &Net) -> Self {
        Self::new(Target::from(&net.roster.body.coordinator))
    }

    pub fn token(&self, keys: &KeyPair) -> String {
        let token = token::issue(keys, &self.target.key, Clock::System.now()).unwrap();
        token.expose().to_owned()
    }

    pub async fn send(
        &self,
        method: &Method,
        path: &str,
        token: Option<&str>,
        body: Option<(&str, Vec<u8>)>,
    ) -> Response {
        let url = format!("https://{}{path}", self.target.address);
        let mut request = self.http.request(method.clone(), url);
        if let Some(token) = token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        if let Some((kind, body)) = body {
            request = request.body(body);
            if !kind.is_empty() {
                request = request.header(CONTENT_TYPE, kind);
            }
        }
        request.send().await.unwrap_or_else(|error| panic!("{method} {path}: {error:?}"))
    }

    /// The problem of a refusal.
    pub async fn refused(
        &self,
        method: &Method,
        path: &str,
        token: Option<&str>,
        body: Option<(&str, Vec<u8>)>,
    ) -> Problem {
        let response = self.send(method, path, token, body).await;
        problem_of(response, &format!("{method} {path}"), *method == Method::HEAD).await
    }
}

async fn problem_of(response: Response, what: &str, no_body: bool) -> Problem {
    let status = response.status();
    assert!(status.is_client_error(), "{what}: {status}");
    if no_body {
        return Problem::new(problem::ProblemType::Other, status.to_string());
    }
    let kind = response.headers().get(CONTENT_TYPE).map(|kind| kind.to_str().unwrap().to_owned());
    let text = response.text().await.unwrap();
    assert_eq!(kind.as_deref(), Some(problem::MEDIA_TYPE), "{what}: {status} {text}");
    let problem: Problem = serde_json::from_str(&text).unwrap();
    assert_eq!(problem.status, status.as_u16(), "{what}");
    assert!(!problem.detail.is_empty() && problem.detail.len() < 1000, "{what}: {text}");
    problem
}

/// A route's path for a session, with everything else filled in.
pub fn filled(route: &str, session: &str) -> String {
    route
        .replace("{session}", session)
        .replace("{envelope}", &"ab".repeat(32))
        .replace("{attempt}", "999")
}

fn bodies() -> Vec<(&'static str, Vec<u8>)> {
    let json = "application/json";
    let mut noise = vec![0; 3000];
    StdRng::seed_from_u64(7).fill_bytes(&mut noise);
    let text = |text: &str| (json, text.as_bytes().to_vec());
    vec![
        (json, Vec::new()),
        (json, noise.clone()),
        ("application/octet-stream", noise),
        (json, b"\"\xff\xfe\"".to_vec()),
        ("text/plain", b"{}".to_vec()),
        ("", b"{}".to_vec()),
        ("application/json; charset=\"", b"{}".to_vec()),
        text("{}"),
        text("null"),
        text("[]"),
        text("-1"),
        text("\"x\""),
        text("[[1,2,3],{\"body\":{}}]"),
        text("{\"body\":null,\"signature\":null}"),
        text("{\"session\":\"\",\"session\":1,\"attempt\":1e999}"),
        text("{\"file\":\"title = 3\",\"open\":true}"),
        (json, "[".repeat(200_000).into_bytes()),
        (json, "{\"a\":".repeat(100_000).into_bytes()),
        (json, vec![b' '; 5 << 20]),
    ]
}

/// Routes that do something without looking at a body: not tried on the session that must go on.
const ACTIONS: [&str; 6] = [
    paths::NODE_FREEZE,
    paths::NODE_CANCEL,
    paths::OPEN,
    paths::CLOSE,
    paths::CANCEL,
    paths::RETRY,
];

/// Every route with every body. Only reading, and calling off what does not run, may succeed.
async fn nonsense_for<G: Gate>(raw: &Raw, keys: &KeyPair, auction: &Auction) {
    let real = auction.session.to_string();
    for (method, route, _) in G::ACCESS {
        // Nobody is invited, so that there is nothing to take back; no body is looked at.
        let harmless =
            [Method::GET, Method::DELETE].contains(method) || *route == paths::REVOKE_UNUSED;
        let unknown = "00".repeat(16);
        for session in [real.as_str(), &unknown, "zz", "%2e%2e", "%00", &"9".repeat(5000)] {
            if session == real && ACTIONS.contains(route) {
                continue;
            }
            let path = filled(route, session);
            for (kind, body) in bodies() {
                // An order without a reason is an order.
                if [paths::PAUSE, paths::RESUME].contains(route) && body == b"{}" {
                    continue;
                }
                let token = raw.token(keys);
                let what = format!("{method} {route} {kind} {} bytes", body.len());
                let begun = Instant::now();
                let sent = raw.send(method, &path, Some(&token), Some((kind, body))).await;
                if !(harmless && sent.status().is_success()) {
                    problem_of(sent, &what, false).await;
                }
                assert!(begun.elapsed() < SOON, "{what}");
                // Paths are looked at before bodies, and reading takes none.
                if harmless || session != real {
                    break;
                }
            }
        }
    }
}

async fn no_such_thing(raw: &Raw, keys: &KeyPair, routes: &[&str]) {
    let methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "NONSENSE", "HEAD"];
    let long = format!("/v1/{}", "a/".repeat(3000));
    let unknown = ["/", "/v1", "/v1/", "/v2/health", "/v1/node/healthy", "/v1/..%2f", &long];
    for method in methods.map(|name| Method::from_bytes(name.as_bytes()).unwrap()) {
        for path in unknown {
            raw.refused(&method, path, Some(&raw.token(keys)), None).await;
            raw.refused(&method, path, None, None).await;
        }
        if ["PATCH", "OPTIONS", "TRACE", "NONSENSE"].contains(&method.as_str()) {
            for route in routes {
                let path = filled(route, &"00".repeat(16));
                raw.refused(&method, &path, Some(&raw.token(keys)), None).await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nonsense_is_refused_everywhere_and_the_auction_goes_on() {
    let net = Net::start(Setup::new(3, 1)).await;
    let auction = net.open(&file("first-price", None, None)).await;
    auction.bid("ada", 70).await;
    let (node, coordinator) = (Raw::node(&net, 1), Raw::coordinator(&net));
    // As those who may do most, and as another node.
    nonsense_for::<NodeState>(&node, &net.operator, &auction).await;
    nonsense_for::<NodeState>(&node, &net.node_keys[1], &auction).await;
    nonsense_for::<CoordinatorState>(&coordinator, &net.operator, &auction).await;
    let routes: Vec<_> = NodeState::ACCESS.iter().map(|(_, route, _)| *route).collect();
    no_such_thing(&node, &net.operator, &routes).await;
    let routes: Vec<_> = CoordinatorState::ACCESS.iter().map(|(_, route, _)| *route).collect();
    no_such_thing(&coordinator, &net.operator, &routes).await;
    for raw in [&node, &coordinator] {
        not_even_http(raw).await;
    }
    auction.bid("basil", 90).await;
    auction.close().await;
    assert_eq!(auction.settled().await.winner(), Some(("basil", 90)));
}

/// Noise instead of TLS, and noise inside it: the connection ends and nothing else happens.
async fn not_even_http(raw: &Raw) {
    let mut noise = vec![0; 4000];
    StdRng::seed_from_u64(9).fill_bytes(&mut noise);
    let mut plain = tokio::net::TcpStream::connect(&raw.target.address).await.unwrap();
    let _ = plain.write_all(&noise).await;
    let ended = tokio::time::timeout(SOON, plain.read_to_end(&mut Vec::new())).await;
    assert!(ended.is_ok(), "a connection without TLS stays open");
    let mut inside = tls(raw).await;
    let _ = inside.write_all(&noise).await;
    let ended = tokio::time::timeout(SOON, inside.read_to_end(&mut Vec::new())).await;
    assert!(ended.is_ok(), "a connection with noise stays open");
}

async fn tls(raw: &Raw) -> tokio_rustls::client::TlsStream<tokio::net::TcpStream> {
    let config = pinned_client_config(raw.target.certificate, &[HTTP_1_1]).unwrap();
    let tcp = tokio::net::TcpStream::connect(&raw.target.address).await.unwrap();
    let name = "127.0.0.1".try_into().unwrap();
    tokio_rustls::TlsConnector::from(config).connect(name, tcp).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_never_ends_is_not_waited_for() {
    let net = Net::start(Setup::new(3, 1)).await;
    let auction = net.open(&file("first-price", None, None)).await;
    let waits = [
        (Raw::node(&net, 2), paths::of(paths::NODE_ENVELOPES, auction.session)),
        (Raw::coordinator(&net), paths::of(paths::ADMISSIONS, auction.session)),
    ];
    let waits = waits.map(|(raw, path)| async move {
        let mut stream = tls(&raw).await;
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
             content-length: 1000\r\n\r\n{{\"body\":"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = vec![0; 12];
        let read = tokio::time::timeout(SOON * 2, stream.read_exact(&mut answer)).await;
        read.expect("an answer in time").unwrap();
        assert_eq!(String::from_utf8_lossy(&answer), "HTTP/1.1 400");
    });
    futures_util::future::join_all(waits).await;
}
