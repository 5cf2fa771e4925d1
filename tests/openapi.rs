//! The description of the API against the servers: the same requests, the same callers, and
//! answers as described.
#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests, too, may end the test

use std::collections::BTreeSet;

use axum::http::Method;
use gavel::coordinator::CoordinatorState;
use gavel::node::NodeState;
use gavel::testkit::servers::{Servers, ask};
use gavel::transport::server::access::Gate;
use gavel::transport::server::observe::observed;
use gavel::wire::openapi::{DOCUMENT, ENDPOINTS, PAGE, document};
use serde_json::{Value, json};

fn served<G: Gate>() -> BTreeSet<(String, String, String)> {
    let line = |(method, path, rule): &(Method, &str, G::Rule)| {
        (method.to_string(), (*path).to_owned(), G::whom(*rule).to_owned())
    };
    G::ACCESS.iter().map(line).collect()
}

#[test]
fn every_route_is_described_and_every_description_has_its_route() {
    let mut routes = served::<CoordinatorState>();
    routes.extend(served::<NodeState>());
    // At every server, outside of the tables, the same for everybody.
    for page in [DOCUMENT, PAGE] {
        routes.insert(("GET".to_owned(), page.to_owned(), "everybody".to_owned()));
    }
    let described: BTreeSet<_> = ENDPOINTS
        .iter()
        .map(|line| (line.method.to_owned(), line.path.to_owned(), line.who.to_owned()))
        .collect();
    assert_eq!(described.len(), ENDPOINTS.len(), "a request is described twice");
    let missing: Vec<_> = routes.difference(&described).collect();
    let too_many: Vec<_> = described.difference(&routes).collect();
    assert!(missing.is_empty() && too_many.is_empty(), "missing {missing:?}, extra {too_many:?}");
}

#[tokio::test]
async fn answers_to_empty_and_odd_requests_are_as_described() {
    let servers = Servers::start().await.unwrap();
    let document = document();
    for endpoint in ENDPOINTS {
        let at_node = endpoint.server() == "node";
        let router = if at_node { &servers.node_router } else { &servers.coordinator_router };
        let router = observed(router.clone(), std::sync::Arc::default());
        let operation = &document["paths"][endpoint.path][endpoint.method.to_lowercase()];
        let server = if at_node { servers.nodes[0].public() } else { servers.coordinator.public() };
        let bodies: &[Option<Value>] = match endpoint.body {
            None => &[None],
            Some(_) => &[None, Some(json!({})), Some(json!([1])), Some(json!({"name": 7}))],
        };
        for id in ["0", "f"] {
            let path = endpoint
                .path
                .replace("{session}", &id.repeat(32))
                .replace("{account}", &id.repeat(32))
                .replace("{envelope}", &id.repeat(64))
                .replace("{roster}", &id.repeat(64))
                .replace("{invitation}", &id.repeat(64))
                .replace("{model}", &id.repeat(64))
                .replace("{batch}", &id.repeat(32))
                .replace("{attempt}", "1")
                .replace("{node}", "1");
            for signer in [None, Some(&servers.coordinator), Some(&servers.nodes[1])] {
                for body in bodies {
                    let token = signer.map(|keys| Servers::single_use(keys, &server).unwrap());
                    let method: Method = endpoint.method.parse().unwrap();
                    let answer =
                        ask(&router, method, &path, token.as_deref(), body.clone()).await.unwrap();
                    let line = format!("{} {path} {body:?}: {answer:?}", endpoint.method);
                    let described = &operation["responses"][answer.status.to_string()];
                    assert!(!described.is_null(), "not described: {line}");
                    if answer.status >= 400 {
                        let schema = &described["content"]["application/problem+json"]["schema"];
                        let kinds = schema["allOf"][1]["properties"]["type"]["enum"].as_array();
                        assert!(kinds.unwrap().contains(&answer.body["type"]), "{line}");
                        assert!(answer.body["instance"].is_string(), "{line}");
                        assert!(answer.status < 500, "{line}");
                    }
                }
            }
        }
    }
    servers.stop().await;
}

#[tokio::test]
async fn description_and_page_are_served() {
    let servers = Servers::start().await.unwrap();
    let router = observed(servers.node_router.clone(), std::sync::Arc::default());
    let served = ask(&router, Method::GET, DOCUMENT, None, None).await.unwrap();
    assert_eq!((served.status, served.body), (200, document()));
    let page = ask(&router, Method::GET, PAGE, None, None).await.unwrap();
    assert_eq!(page.status, 200);
    assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
    assert!(page.headers["content-security-policy"].to_str().unwrap().contains("'none'"));
    servers.stop().await;
}

/// Who guesses paths and methods is told so in the same form.
#[tokio::test]
async fn what_is_not_there_is_answered_with_a_problem() {
    let servers = Servers::start().await.unwrap();
    let router = observed(servers.coordinator_router.clone(), std::sync::Arc::default());
    for endpoint in ENDPOINTS.iter().filter(|endpoint| endpoint.server() != "node") {
        let path = endpoint.path.replace("{session}", &"0".repeat(32));
        let answer = ask(&router, Method::PATCH, &path, None, None).await.unwrap();
        assert_eq!((answer.status, &answer.body["type"]), (405, &json!("urn:gavel:wrong-method")));
        let allowed = answer.headers["allow"].to_str().unwrap();
        assert!(allowed.contains(endpoint.method), "{path}: {allowed}");
    }
    let answer = ask(&router, Method::GET, "/v1/nothing", None, None).await.unwrap();
    assert_eq!((answer.status, &answer.body["type"]), (404, &json!("urn:gavel:not-found")));
    servers.stop().await;
}
