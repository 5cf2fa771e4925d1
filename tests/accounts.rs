//! Accounts over the coordinator's routes: invitations, logins, refresh, revocation, guessing.
#![allow(clippy::unwrap_used, clippy::panic)]

use axum::http::Method;
use gavel::identity::{KeyPair, Signed, Statement as _};
use gavel::testkit::servers::{Answer, Servers, ask};
use gavel::wire::account_api::{KeyProof, code_digest};
use serde_json::{Value, json};

const PASSWORD: &str = "correct horse battery";

async fn post(servers: &Servers, path: &str, token: Option<&str>, body: Value) -> Answer {
    servers.ask(Method::POST, path, token, Some(body)).await.unwrap()
}

async fn get(servers: &Servers, path: &str, token: Option<&str>) -> Answer {
    servers.ask(Method::GET, path, token, None).await.unwrap()
}

fn problem(answer: &Answer) -> (u16, &str) {
    let kind = answer.body["type"].as_str().unwrap_or_default();
    (answer.status, kind.strip_prefix("urn:gavel:").unwrap_or(kind))
}

async fn codes(servers: &Servers, labels: [&str; 2]) -> Vec<String> {
    let root = servers.root().unwrap();
    let body = json!({"invitees": labels.map(|label| json!({"label": label})), "hours": 24});
    let made = post(servers, "/v1/invitations", Some(&root), body).await;
    assert_eq!(made.status, 200, "{made:?}");
    let codes = made.body.as_array().unwrap().iter();
    codes.map(|line| line["code"].as_str().unwrap().to_owned()).collect()
}

async fn join(servers: &Servers, code: &str, name: &str, keys: &KeyPair) -> Answer {
    let proof = KeyProof {
        coordinator: servers.coordinator.public(),
        code: code_digest(code),
        name: name.to_owned(),
        key: keys.public(),
    };
    let signature = keys.sign(&proof.digest());
    let body = json!({"code": code, "name": name, "password": PASSWORD, "key": keys.public(), "signature": signature});
    post(servers, "/v1/join", None, body).await
}

async fn login(servers: &Servers, name: &str, password: &str) -> Answer {
    post(servers, "/v1/login", None, json!({"name": name, "password": password})).await
}

fn token_for(login: &Answer, server: &KeyPair) -> String {
    let key = json!(server.public());
    let tokens = login.body["tokens"].as_array().unwrap();
    let found = tokens.iter().find(|line| line["server"] == key).unwrap();
    found["token"].as_str().unwrap().to_owned()
}

async fn operator(servers: &Servers, name: &str) -> Answer {
    let root = servers.root().unwrap();
    let body = json!({"name": name, "role": "operator", "password": PASSWORD});
    let made = post(servers, "/v1/accounts", Some(&root), body).await;
    assert_eq!(made.status, 201, "{made:?}");
    login(servers, name, PASSWORD).await
}

#[tokio::test]
async fn a_code_makes_a_bidder_once_and_binds_the_key() {
    let servers = Servers::start().await.unwrap();
    let codes = codes(&servers, ["for Ada", ""]).await;
    assert_ne!(codes[0], codes[1]);
    let keys = KeyPair::generate().unwrap();
    let joined = join(&servers, &codes[0].to_lowercase(), "Ada", &keys).await;
    assert_eq!(joined.status, 200, "{joined:?}");
    assert_eq!(joined.body["account"]["role"], "bidder");
    assert_eq!(joined.body["account"]["key"], json!(keys.public()));
    assert_eq!(joined.body["tokens"].as_array().unwrap().len(), 4, "one for each server");

    let other = KeyPair::generate().unwrap();
    let again = join(&servers, &codes[0], "Bob", &other).await;
    assert_eq!(problem(&again), (403, "bad-invitation"));
    let made_up = join(&servers, "ABCDE-ABCDE-ABCDE-ABCDE", "Bob", &other).await;
    assert_eq!(problem(&made_up), (403, "bad-invitation"));
    let taken = join(&servers, &codes[1], "ada", &other).await;
    assert_eq!(problem(&taken), (409, "name-taken"));
    // A proof made for another code, or with another key, is none.
    let proof = KeyProof {
        coordinator: servers.coordinator.public(),
        code: code_digest(&codes[0]),
        name: "Bob".to_owned(),
        key: other.public(),
    };
    let wrong = Signed::new(proof, &other).signature;
    let body = json!({"code": codes[1], "name": "Bob", "password": PASSWORD, "key": other.public(), "signature": wrong});
    assert_eq!(problem(&post(&servers, "/v1/join", None, body).await), (422, "bad-account"));
    assert_eq!(join(&servers, &codes[1], "Bob", &other).await.status, 200);

    let root = servers.root().unwrap();
    let lines = get(&servers, "/v1/invitations", Some(&root)).await;
    assert!(!lines.body.to_string().contains(&codes[0]), "codes are never shown again");
    assert!(lines.body.as_array().unwrap().iter().any(|line| line["account"] == "Ada"));
    servers.stop().await;
}

#[tokio::test]
async fn a_login_works_where_its_tokens_are_for_and_nowhere_else() {
    let servers = Servers::start().await.unwrap();
    let login = operator(&servers, "Olga").await;
    let here = token_for(&login, &servers.coordinator);
    let there = token_for(&login, &servers.nodes[0]);
    let elsewhere = token_for(&login, &servers.nodes[1]);
    assert_eq!(get(&servers, "/v1/accounts", Some(&here)).await.status, 200);
    // Again: an access token is no single-use token.
    assert_eq!(get(&servers, "/v1/accounts", Some(&here)).await.status, 200);
    assert_eq!(get(&servers, "/v1/account", Some(&here)).await.body["name"], "Olga");
    for wrong in [&there, &elsewhere] {
        let refused = get(&servers, "/v1/accounts", Some(wrong)).await;
        assert_eq!(problem(&refused), (401, "unauthorized"));
    }
    let at_node = |token: String| {
        let router = servers.node_router.clone();
        async move { ask(&router, Method::GET, "/v1/node/events", Some(&token), None).await.unwrap() }
    };
    assert_eq!(at_node(there).await.status, 200);
    assert_eq!(at_node(elsewhere).await.status, 401);
    assert_eq!(at_node(here).await.status, 401);
    servers.stop().await;
}

#[tokio::test]
async fn a_refresh_token_is_good_once_and_its_copy_ends_the_login() {
    let servers = Servers::start().await.unwrap();
    let first = operator(&servers, "Olga").await;
    let refresh = |answer: &Answer| json!({"refresh": answer.body["refresh"]});
    let second = post(&servers, "/v1/refresh", None, refresh(&first)).await;
    assert_eq!(second.status, 200, "{second:?}");
    assert_ne!(second.body["refresh"], first.body["refresh"]);
    let copied = post(&servers, "/v1/refresh", None, refresh(&first)).await;
    assert_eq!(problem(&copied), (401, "login-over"));
    let ended = post(&servers, "/v1/refresh", None, refresh(&second)).await;
    assert_eq!(problem(&ended), (401, "login-over"));

    let third = login(&servers, "olga", PASSWORD).await;
    let out = post(&servers, "/v1/logout", None, refresh(&third)).await;
    assert_eq!(out.status, 204);
    assert_eq!(post(&servers, "/v1/refresh", None, refresh(&third)).await.status, 401);
    servers.stop().await;
}

#[tokio::test]
async fn a_disabled_account_is_out_at_once_and_a_new_password_ends_old_logins() {
    let servers = Servers::start().await.unwrap();
    let olga = operator(&servers, "Olga").await;
    let boss = operator(&servers, "Boss").await;
    let boss = token_for(&boss, &servers.coordinator);
    let token = token_for(&olga, &servers.coordinator);
    let id = olga.body["account"]["account"].as_str().unwrap();
    let path = |what: &str| format!("/v1/accounts/{id}/{what}");

    assert_eq!(post(&servers, &path("disable"), Some(&boss), Value::Null).await.status, 200);
    assert_eq!(get(&servers, "/v1/account", Some(&token)).await.status, 401);
    let refresh = json!({"refresh": olga.body["refresh"]});
    assert_eq!(post(&servers, "/v1/refresh", None, refresh).await.status, 401);
    assert_eq!(problem(&login(&servers, "Olga", PASSWORD).await), (403, "forbidden"));
    assert_eq!(problem(&login(&servers, "Olga", "a wrong one").await), (401, "wrong-login"));

    assert_eq!(post(&servers, &path("enable"), Some(&boss), Value::Null).await.status, 200);
    let back = login(&servers, "Olga", PASSWORD).await;
    let token = token_for(&back, &servers.coordinator);
    assert_eq!(get(&servers, "/v1/account", Some(&token)).await.status, 200);
    let new = json!({"password": "another good one"});
    assert_eq!(post(&servers, &path("password"), Some(&boss), new).await.status, 200);
    assert_eq!(get(&servers, "/v1/account", Some(&token)).await.status, 401);
    let back = login(&servers, "Olga", "another good one").await;
    let token = token_for(&back, &servers.coordinator);
    let change = json!({"old": "another good one", "new": "the third of them"});
    let changed = post(&servers, "/v1/account/password", Some(&token), change).await;
    assert_eq!(changed.status, 204, "{changed:?}");
    assert_eq!(login(&servers, "Olga", "the third of them").await.status, 200);
    servers.stop().await;
}

#[tokio::test]
async fn guessing_is_slowed_down_and_unknown_names_look_like_known_ones() {
    let servers = Servers::start().await.unwrap();
    operator(&servers, "Olga").await;
    let known = login(&servers, "Olga", "a wrong one").await;
    let unknown = login(&servers, "Nobody", "a wrong one").await;
    assert_eq!(problem(&known), (401, "wrong-login"));
    assert_eq!(known.body, unknown.body);
    for _ in 0..2 {
        login(&servers, "Olga", "a wrong one").await;
    }
    // Even the right one has to wait now.
    let waits = login(&servers, "Olga", PASSWORD).await;
    assert_eq!(problem(&waits), (429, "too-many-requests"));
    let seconds: u64 = waits.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=2).contains(&seconds), "{seconds}");
    assert_eq!(waits.body["retry_after_seconds"], seconds);
    servers.stop().await;
}

#[tokio::test]
async fn accounts_are_made_with_good_passwords_and_fitting_keys() {
    let servers = Servers::start().await.unwrap();
    let key = KeyPair::generate().unwrap().public();
    for (body, why) in [
        (json!({"name": "A", "role": "operator", "password": "short"}), "a short password"),
        (json!({"name": "A", "role": "operator", "password": PASSWORD, "key": key}), "a key"),
        (json!({"name": "A", "role": "bidder", "password": PASSWORD}), "no key"),
        (json!({"name": "\u{1b}[2J", "role": "operator", "password": PASSWORD}), "a name"),
    ] {
        let root = servers.root().unwrap();
        let refused = post(&servers, "/v1/accounts", Some(&root), body).await;
        assert_eq!(problem(&refused), (422, "bad-account"), "{why}");
    }
    let root = servers.root().unwrap();
    let body = json!({"name": "A", "role": "bidder", "password": PASSWORD, "key": key});
    assert_eq!(post(&servers, "/v1/accounts", Some(&root), body).await.status, 201);
    servers.stop().await;
}

#[tokio::test]
async fn where_the_terms_ask_for_accounts_only_the_accounts_own_name_and_key_bid() {
    let servers = Servers::start().await.unwrap();
    let codes = codes(&servers, ["", ""]).await;
    let (ada, bob) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let joined = join(&servers, &codes[0], "Ada", &ada).await;
    let token = token_for(&joined, &servers.coordinator);
    let others = token_for(&join(&servers, &codes[1], "Bob", &bob).await, &servers.coordinator);
    let operator = token_for(&operator(&servers, "Olga").await, &servers.coordinator);
    let file =
        "title = \"Lot\"\nkind = \"first-price\"\nbids_until = \"1h\"\nadmission = \"accounts\"\n";
    let new = json!({"file": file, "open": true});
    let session = post(&servers, "/v1/sessions", Some(&operator), new).await;
    assert_eq!(session.status, 200, "an operator's account runs sessions: {session:?}");
    let id: gavel::session::SessionId =
        serde_json::from_value(session.body["session"].clone()).unwrap();
    let ask = |keys: &KeyPair, name: &str| {
        let ticket = gavel::session::announcement::AdmissionTicket {
            session: id,
            bidder: name.to_owned(),
            key: keys.public(),
            cohort: None,
        };
        json!({"bidder": {"name": name, "key": keys.public()}, "signature": keys.sign(&ticket.digest())})
    };
    let path = format!("/v1/sessions/{id}/admissions");
    for (who, token, body) in [
        ("nobody", None, ask(&ada, "Ada")),
        ("another's account", Some(&others), ask(&ada, "Ada")),
        ("another name", Some(&token), ask(&ada, "Eve")),
        ("another key", Some(&token), ask(&bob, "Ada")),
        ("an operator", Some(&operator), ask(&ada, "Ada")),
    ] {
        let refused = post(&servers, &path, token.map(String::as_str), body).await;
        assert_eq!(problem(&refused), (403, "not-admitted"), "{who}");
    }
    let admitted = post(&servers, &path, Some(&token), ask(&ada, "Ada")).await;
    assert_eq!(admitted.status, 200, "{admitted:?}");
    let list = get(&servers, &path, Some(&operator)).await;
    assert_eq!(list.body[0]["name"], "Ada");
    servers.stop().await;
}
