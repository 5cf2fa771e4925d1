//! Who may call what: the table in docs/ACCESS.md is made from the servers' own tables, and every
//! line of it is tried with every kind of caller and every kind of bad token.
#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests, too, may end the test

use std::fmt::Write as _;

use axum::Router;
use axum::http::Method;
use gavel::base::Clock;
use gavel::coordinator::CoordinatorState;
use gavel::coordinator::access::Caller as AtCoordinator;
use gavel::identity::access_token::{self, Grant};
use gavel::identity::{AccountId, AccountRole, KeyPair, PublicKey, bytes};
use gavel::node::NodeState;
use gavel::node::access::Caller as AtNode;
use gavel::sharing::NodeIndex;
use gavel::testkit::servers::{Answer, Servers, ask};
use gavel::transport::server::access::Gate;
use gavel::transport::server::observe::observed;
use gavel::wire::openapi::{DOCUMENT, PAGE};
use serde_json::{Value, json};

/// Set to write docs/ACCESS.md anew.
const REWRITE: &str = "GAVEL_REWRITE_DOCS";

fn grant(role: AccountRole) -> Grant {
    let key = (role == AccountRole::Bidder).then(|| PublicKey::from_bytes([1; 32]));
    Grant { account: AccountId([1; 16]), role, key }
}

fn index(number: u8) -> NodeIndex {
    NodeIndex::new(number).unwrap()
}

fn at_coordinator() -> Vec<(&'static str, AtCoordinator)> {
    vec![
        ("anonymous", AtCoordinator::Anyone),
        ("bidder", AtCoordinator::Account(grant(AccountRole::Bidder))),
        ("operator", AtCoordinator::Account(grant(AccountRole::Operator))),
        ("coordinator's key", AtCoordinator::Operator),
        ("node", AtCoordinator::Node(index(1))),
    ]
}

fn at_node() -> Vec<(&'static str, AtNode)> {
    vec![
        ("anonymous", AtNode::Anyone),
        ("bidder", AtNode::Account(grant(AccountRole::Bidder))),
        ("operator", AtNode::Account(grant(AccountRole::Operator))),
        ("coordinator", AtNode::Coordinator),
        ("other node", AtNode::Node(index(2))),
        ("its own key", AtNode::Operator),
    ]
}

fn table<G: Gate>(callers: &[(&str, G::Caller)]) -> String {
    let mut text = String::from("| Request |");
    for (name, _) in callers {
        write!(text, " {name} |").unwrap();
    }
    text.push_str("\n|---|");
    text.push_str(&":-:|".repeat(callers.len()));
    text.push('\n');
    for (method, path, rule) in G::ACCESS {
        write!(text, "| `{method} {path}` |").unwrap();
        for (_, caller) in callers {
            text.push_str(if G::allows(*rule, *caller) { " yes |" } else { " - |" });
        }
        text.push('\n');
    }
    text
}

#[test]
fn the_page_says_what_the_tables_say() {
    let page = format!(
        "# Who may call what\n\n\
         Made from the tables in `src/coordinator/access.rs` and `src/node/access.rs`, which the servers\n\
         enforce; a request that is in neither is refused for everybody. `tests/access.rs` fails when this\n\
         page is stale and writes it anew with `{REWRITE}=1 cargo test --test access`. It also tries every\n\
         line, with every caller and with expired, foreign, altered and algorithm-swapped tokens.\n\n\
         *bidder* and *operator* are accounts that have logged in at the coordinator. *yes* means that the\n\
         request is looked at; what it asks for may still be refused, such as another bidder's name where\n\
         the terms say `admission = \"accounts\"`. Drafts of sessions and counts of bids are shown to\n\
         operators, nodes and coordinator only.\n\n\
         ## At the coordinator\n\n{}\n## At a node\n\n{}\n## At both\n\n\
         A node tells by reflection over gRPC what it serves there, to everybody.\n\n\
         `GET {PAGE}` and `GET {DOCUMENT}` are the same for everybody; a token is not looked at there.\n\
         `GET /metrics` is served at the address of `gavel serve --metrics` alone, over plain HTTP and to\n\
         whoever reaches it; the API does not have it.\n",
        table::<CoordinatorState>(&at_coordinator()),
        table::<NodeState>(&at_node()),
    );
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ACCESS.md");
    if std::env::var_os(REWRITE).is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &page).unwrap();
    }
    let held = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(held == page, "docs/ACCESS.md is stale; run with {REWRITE}=1 to write it anew");
}

/// A path with something of the right form for each parameter.
fn filled(path: &str) -> String {
    path.replace("{session}", &"0".repeat(32))
        .replace("{envelope}", &"0".repeat(64))
        .replace("{attempt}", "1")
        .replace("{node}", "1")
        .replace("{account}", &"0".repeat(32))
        .replace("{roster}", &"0".repeat(64))
        .replace("{invitation}", &"0".repeat(64))
        .replace("{model}", &"0".repeat(64))
        .replace("{batch}", &"0".repeat(32))
}

async fn call(router: &Router, method: &Method, path: &str, token: Option<&str>) -> Answer {
    let body = (*method == Method::POST || *method == Method::PUT).then(|| json!({}));
    ask(router, method.clone(), &filled(path), token, body).await.unwrap()
}

fn kind(answer: &Answer) -> String {
    answer.body["type"].as_str().unwrap_or_default().to_owned()
}

/// How a token of a caller is made; a fresh one for each request, as some are good once only.
type Maker<'a> = Box<dyn Fn() -> Option<String> + 'a>;

async fn walk<G: Gate>(router: &Router, callers: Vec<(&str, G::Caller, Maker<'_>)>) {
    for (method, path, rule) in G::ACCESS {
        for (name, caller, token) in &callers {
            let answer = call(router, method, path, token().as_deref()).await;
            let kind = kind(&answer);
            let line = format!("{method} {path} as {name}: {} {kind}", answer.status);
            if G::allows(*rule, *caller) {
                assert!(
                    kind != "urn:gavel:unauthorized" && kind != "urn:gavel:forbidden",
                    "{line}"
                );
                assert!(answer.status != 405 && answer.status < 500, "{line}");
                // A route that is in the table only would be answered without a document.
                assert!(answer.status < 400 || !kind.is_empty(), "{line}");
            } else if *caller == G::ANYONE {
                assert_eq!(
                    (answer.status, kind.as_str()),
                    (401, "urn:gavel:unauthorized"),
                    "{line}"
                );
            } else {
                assert_eq!((answer.status, kind.as_str()), (403, "urn:gavel:forbidden"), "{line}");
            }
        }
    }
}

async fn walk_bad<G: Gate>(router: &Router, bad: &[(&str, String)]) {
    for (method, path, _) in G::ACCESS {
        for (name, token) in bad {
            let answer = call(router, method, path, Some(token)).await;
            assert_eq!(
                (answer.status, kind(&answer).as_str()),
                (401, "urn:gavel:unauthorized"),
                "{method} {path} with a token that is {name}"
            );
        }
    }
}

/// Two bidders and an operator, with good tokens for both servers.
struct People {
    bidders: [Value; 2],
    operator: Value,
}

impl People {
    async fn new(servers: &Servers) -> Self {
        let mut made = Vec::new();
        for (name, role) in [("ada", "bidder"), ("bob", "bidder"), ("olga", "operator")] {
            let root = servers.root().unwrap();
            let mut new = json!({"name": name, "role": role, "password": "long enough to pass"});
            if role == "bidder" {
                new["key"] = json!(KeyPair::generate().unwrap().public());
            }
            let account = servers.ask(Method::POST, "/v1/accounts", Some(&root), Some(new)).await;
            assert_eq!(account.unwrap().status, 201);
            let ask = json!({"name": name, "password": "long enough to pass"});
            let login = servers.ask(Method::POST, "/v1/login", None, Some(ask)).await.unwrap();
            assert_eq!(login.status, 200, "{login:?}");
            made.push(login.body);
        }
        let operator = made.pop().unwrap();
        Self { bidders: made.try_into().unwrap(), operator }
    }

    fn token(login: &Value, server: &PublicKey) -> String {
        let lines = login["tokens"].as_array().unwrap();
        let line = lines.iter().find(|line| line["server"] == json!(server)).unwrap();
        line["token"].as_str().unwrap().to_owned()
    }
}

/// Every way in which a token for this server can be bad.
fn bad_tokens(servers: &Servers, server: &PublicKey) -> Vec<(&'static str, String)> {
    let now = Clock::System.now();
    let ago = |seconds: i64| now.plus_millis(-seconds * 1000);
    let grant = grant(AccountRole::Operator);
    let lead = &servers.coordinator;
    let access = |signer: &KeyPair, server: &PublicKey, time| {
        access_token::issue(signer, server, &grant, time).unwrap().expose().to_owned()
    };
    let single = |signer: &KeyPair, server: &PublicKey, time| {
        let token = gavel::identity::token::issue(signer, server, time).unwrap();
        token.expose().to_owned()
    };
    let other = servers.nodes[2].public();
    let stranger = KeyPair::generate().unwrap();
    let good = access(lead, server, now);
    let parts: Vec<&str> = good.split('.').collect();
    let read =
        |part: &str| -> Value { serde_json::from_slice(&bytes::decode(part).unwrap()).unwrap() };
    let write = |value: &Value| bytes::encode(value.to_string().as_bytes());
    let payload = read(parts[1]);
    let mut header = read(parts[0]);
    let mut raised = payload.clone();
    raised["exp"] = json!(raised["exp"].as_i64().unwrap() + 60);
    let altered = format!("{}.{}.{}", parts[0], write(&raised), parts[2]);
    header["alg"] = json!("none");
    let none = format!("{}.{}.", write(&header), parts[1]);
    let swapped = jsonwebtoken::encode(
        &jsonwebtoken::Header {
            typ: Some("gavel-access+jwt".to_owned()),
            kid: Some(lead.public().to_string()),
            ..jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256)
        },
        &payload,
        &jsonwebtoken::EncodingKey::from_secret(lead.public().as_bytes()),
    )
    .unwrap();
    vec![
        ("expired", access(lead, server, ago(16 * 60))),
        ("an expired single-use one", single(lead, server, ago(2 * 60))),
        ("of the future", access(lead, server, ago(-120))),
        ("for another server", access(lead, &other, now)),
        ("a single-use one for another server", single(lead, &other, now)),
        ("signed by a stranger", access(&stranger, server, now)),
        ("a stranger's single-use one", single(&stranger, server, now)),
        ("a login signed by a node", access(&servers.nodes[1], server, now)),
        ("altered", altered),
        ("without an algorithm", none),
        ("swapped to HMAC with the public key", swapped),
        ("without a signature", format!("{}.{}.", parts[0], parts[1])),
        ("no token at all", "not.a.token".to_owned()),
        ("empty", String::new()),
        ("long", "x".repeat(7000)),
    ]
}

#[tokio::test]
async fn every_request_at_the_coordinator_is_as_the_table_says() {
    let servers = Servers::start().await.unwrap();
    let people = People::new(&servers).await;
    let me = servers.coordinator.public();
    let single = |signer: &KeyPair| Servers::single_use(signer, &me).ok();
    let login = |login: &Value| Some(People::token(login, &me));
    let callers: Vec<(&str, AtCoordinator, Maker<'_>)> = vec![
        ("anonymous", AtCoordinator::Anyone, Box::new(|| None)),
        (
            "a bidder",
            AtCoordinator::Account(grant(AccountRole::Bidder)),
            Box::new(|| login(&people.bidders[0])),
        ),
        (
            "another bidder",
            AtCoordinator::Account(grant(AccountRole::Bidder)),
            Box::new(|| login(&people.bidders[1])),
        ),
        (
            "an operator",
            AtCoordinator::Account(grant(AccountRole::Operator)),
            Box::new(|| login(&people.operator)),
        ),
        (
            "the coordinator's key",
            AtCoordinator::Operator,
            Box::new(|| single(&servers.coordinator)),
        ),
        ("a node", AtCoordinator::Node(index(1)), Box::new(|| single(&servers.nodes[0]))),
        ("another node", AtCoordinator::Node(index(2)), Box::new(|| single(&servers.nodes[1]))),
    ];
    walk::<CoordinatorState>(&servers.coordinator_router, callers).await;
    let mut bad = bad_tokens(&servers, &me);
    let used = servers.root().unwrap();
    let answer = servers.ask(Method::GET, "/v1/accounts", Some(&used), None).await.unwrap();
    assert_eq!(answer.status, 200);
    bad.push(("used before", used));
    let disable = format!(
        "/v1/accounts/{}/disable",
        people.bidders[1]["account"]["account"].as_str().unwrap()
    );
    let answer = servers.ask(Method::POST, &disable, Some(&servers.root().unwrap()), None).await;
    assert_eq!(answer.unwrap().status, 200);
    bad.push(("of an account that is disabled", login(&people.bidders[1]).unwrap()));
    walk_bad::<CoordinatorState>(&servers.coordinator_router, &bad).await;
    servers.stop().await;
}

#[tokio::test]
async fn every_request_at_a_node_is_as_the_table_says() {
    let servers = Servers::start().await.unwrap();
    let people = People::new(&servers).await;
    let me = servers.nodes[0].public();
    let single = |signer: &KeyPair| Servers::single_use(signer, &me).ok();
    let login = |login: &Value| Some(People::token(login, &me));
    let callers: Vec<(&str, AtNode, Maker<'_>)> = vec![
        ("anonymous", AtNode::Anyone, Box::new(|| None)),
        (
            "a bidder",
            AtNode::Account(grant(AccountRole::Bidder)),
            Box::new(|| login(&people.bidders[0])),
        ),
        (
            "another bidder",
            AtNode::Account(grant(AccountRole::Bidder)),
            Box::new(|| login(&people.bidders[1])),
        ),
        (
            "an operator",
            AtNode::Account(grant(AccountRole::Operator)),
            Box::new(|| login(&people.operator)),
        ),
        ("the coordinator", AtNode::Coordinator, Box::new(|| single(&servers.coordinator))),
        ("another node", AtNode::Node(index(2)), Box::new(|| single(&servers.nodes[1]))),
        ("the third node", AtNode::Node(index(3)), Box::new(|| single(&servers.nodes[2]))),
        ("its own key", AtNode::Operator, Box::new(|| single(&servers.nodes[0]))),
    ];
    walk::<NodeState>(&servers.node_router, callers).await;
    let mut bad = bad_tokens(&servers, &me);
    let used = single(&servers.coordinator).unwrap();
    let answer = ask(&servers.node_router, Method::GET, "/v1/node/health", Some(&used), None).await;
    assert_eq!(answer.unwrap().status, 200);
    bad.push(("used before", used));
    let at = serde_json::to_value(Clock::System.now().plus_millis(1_000)).unwrap();
    let account = &people.bidders[1]["account"]["account"];
    let ended = serde_json::json!({"ended": [{"account": account, "at": at}]});
    let path = "/v1/node/logins";
    let told = single(&servers.coordinator).unwrap();
    let answer = ask(&servers.node_router, Method::PUT, path, Some(&told), Some(ended)).await;
    assert_eq!(answer.unwrap().status, 204);
    bad.push(("of an account whose logins have ended", login(&people.bidders[1]).unwrap()));
    walk_bad::<NodeState>(&servers.node_router, &bad).await;
    servers.stop().await;
}

#[tokio::test]
async fn the_description_is_for_everybody_and_the_figures_are_not_in_the_api() {
    let servers = Servers::start().await.unwrap();
    let people = People::new(&servers).await;
    for (router, keys) in [
        (&servers.coordinator_router, &servers.coordinator),
        (&servers.node_router, &servers.nodes[0]),
    ] {
        let me = keys.public();
        let router = observed(router.clone(), std::sync::Arc::default());
        let mut tokens = vec![None];
        tokens.extend(people.bidders.iter().map(|login| Some(People::token(login, &me))));
        tokens.push(Some(People::token(&people.operator, &me)));
        tokens.push(Servers::single_use(&servers.coordinator, &me).ok());
        tokens.extend(servers.nodes.iter().map(|node| Servers::single_use(node, &me).ok()));
        tokens.extend(bad_tokens(&servers, &me).into_iter().map(|(_, token)| Some(token)));
        for token in tokens {
            for page in [DOCUMENT, PAGE] {
                let answer = ask(&router, Method::GET, page, token.as_deref(), None).await.unwrap();
                assert_eq!(answer.status, 200, "{page} with {token:?}");
            }
            let answer = ask(&router, Method::GET, "/metrics", token.as_deref(), None).await;
            let answer = answer.unwrap();
            assert_eq!((answer.status, kind(&answer).as_str()), (404, "urn:gavel:not-found"));
        }
    }
    servers.stop().await;
}
