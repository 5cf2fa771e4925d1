//! Real servers with their own certificates and a roster that pins them.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::get;
use gavel::identity::roster::CoordinatorCard;
use gavel::identity::{Blob, Digest, KeyPair, NodeCard, PublicKey, Roster, Signed};
use gavel::sharing::{NodeIndex, NodeSet, Scheme};
use gavel::transport::server::listen::{Listener, bind};
use gavel::transport::server::serve::{PortOptions, Serving};
use gavel::transport::streams::upgrade::{PATH, StreamTokens, upgraded};
use gavel::transport::streams::{Mesh, MeshOptions};
use gavel::transport::tls::{fingerprint, server_config};
use gavel::wire::{Problem, ProblemType};

pub fn node(index: u8) -> NodeIndex {
    NodeIndex::new(index).unwrap()
}

/// A certificate with its key, both DER.
pub struct Certificate {
    pub der: Vec<u8>,
    pub key: Vec<u8>,
}

impl Certificate {
    pub fn new() -> Self {
        let made = rcgen::generate_simple_self_signed(vec!["node".to_owned()]).unwrap();
        Self { der: made.cert.der().to_vec(), key: made.signing_key.serialize_der() }
    }

    pub fn digest(&self) -> Digest {
        fingerprint(&self.der)
    }
}

/// Serve a router on a bound port.
pub fn serve(listener: Listener, certificate: &Certificate, router: Router) -> Serving {
    let tls = server_config(&certificate.der, &certificate.key).unwrap();
    Serving::start(listener, Some(tls), router, PortOptions::default()).unwrap()
}

pub fn problem(problem: &Problem) -> Response {
    Response::builder()
        .status(problem.status)
        .header("content-type", gavel::wire::problem::MEDIA_TYPE)
        .body(Body::from(serde_json::to_vec(problem).unwrap()))
        .unwrap()
}

/// The token that stands for "node `from` speaks to node `to`" in these tests.
fn token(from: NodeIndex, to: NodeIndex) -> String {
    format!("{from}-to-{to}")
}

fn caller(request: &Request, me: NodeIndex) -> Option<NodeIndex> {
    let given = request.headers().get("authorization")?.to_str().ok()?.strip_prefix("Bearer ")?;
    NodeSet::all(9).iter().find(|&from| given == token(from, me))
}

/// The handler of the stream's path, as a node has it.
fn stream_handler(mesh: &Arc<Mesh>, me: NodeIndex, request: Request) -> Response {
    let Some(from) = caller(&request, me) else {
        return problem(&Problem::new(ProblemType::Unauthorized, "the token is not for this node"));
    };
    if !mesh.expects(from) {
        return problem(&Problem::new(ProblemType::Forbidden, "this node dials you"));
    }
    let (reply, stream) = match upgraded(request) {
        Ok(both) => both,
        Err(error) => return problem(&Problem::new(ProblemType::BadRequest, error.to_string())),
    };
    let mesh = Arc::clone(mesh);
    tokio::spawn(async move {
        if let Ok(io) = stream.await {
            mesh.accept(from, io).unwrap();
        }
    });
    reply.map(|()| Body::empty())
}

/// What a test changes about a world.
#[derive(Default)]
pub struct Changes {
    pub options: MeshOptions,
    /// A node whose server shows another certificate than the roster says.
    pub wrong_certificate: Option<NodeIndex>,
    /// A node that dials with a wrong token.
    pub wrong_token: Option<NodeIndex>,
}

/// Nodes in this process, linked over TLS on loopback.
pub struct World {
    pub meshes: Vec<Arc<Mesh>>,
    pub roster: Arc<Signed<Roster>>,
}

impl World {
    pub async fn new(nodes: u8, changes: Changes) -> Self {
        let mut listeners = Vec::new();
        let mut certificates = Vec::new();
        let mut cards = Vec::new();
        for index in NodeSet::all(nodes).iter() {
            let listener = bind("127.0.0.1:0").await.unwrap();
            let certificate = Certificate::new();
            cards.push(NodeCard {
                name: format!("node {index}"),
                address: listener.local().to_string(),
                key: KeyPair::generate().unwrap().public(),
                certificate: certificate.digest(),
                sealing_key: Blob::default(),
            });
            listeners.push(listener);
            certificates.push(if changes.wrong_certificate == Some(index) {
                Certificate::new()
            } else {
                certificate
            });
        }
        let coordinator = KeyPair::generate().unwrap();
        let roster = Roster {
            scheme: Scheme::new(nodes, (nodes - 1) / 2).unwrap(),
            coordinator: CoordinatorCard {
                name: "coordinator".to_owned(),
                address: "127.0.0.1:1".to_owned(),
                key: PublicKey::from_bytes([0; 32]),
                certificate: Digest([0; 32]),
            },
            nodes: cards,
            endorsements: Vec::new(),
            succeeds: Vec::new(),
            follows: None,
        };
        let roster = Arc::new(Signed::new(roster, &coordinator));
        let mut meshes = Vec::new();
        for ((listener, certificate), me) in
            listeners.into_iter().zip(&certificates).zip(NodeSet::all(nodes).iter())
        {
            let tokens: StreamTokens = if changes.wrong_token == Some(me) {
                Arc::new(|_| "not a token".to_owned())
            } else {
                Arc::new(move |to| token(me, to))
            };
            let mesh = Mesh::new(me, Arc::clone(&roster), tokens, changes.options);
            let served = Arc::clone(&mesh);
            let route = get(move |request| async move { stream_handler(&served, me, request) });
            serve(listener, certificate, Router::new().route(PATH, route));
            mesh.start();
            meshes.push(mesh);
        }
        Self { meshes, roster }
    }

    /// A world whose links are all up.
    pub async fn connected(nodes: u8, options: MeshOptions) -> Self {
        let world = Self::new(nodes, Changes { options, ..Changes::default() }).await;
        let all = NodeSet::all(nodes);
        for mesh in &world.meshes {
            assert_eq!(mesh.wait_connected(all, Duration::from_secs(20)).await, all);
        }
        world
    }

    pub fn mesh(&self, index: u8) -> &Arc<Mesh> {
        &self.meshes[node(index).position()]
    }
}

/// Wait for something that must come true.
pub async fn eventually(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..1000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never: {what}");
}
