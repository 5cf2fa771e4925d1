//! The JSON client against a real server.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Json, Request};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::routing::{get, post};
use futures_util::StreamExt as _;
use futures_util::stream;
use gavel::identity::{Digest, PublicKey};
use gavel::transport::client::http::{HttpOptions, TokenSource};
use gavel::transport::server::listen::bind;
use gavel::transport::target::Target;
use gavel::transport::{HttpError, PeerClient};
use gavel::wire::{Problem, ProblemType};
use serde_json::{Value, json};

use super::world::{Certificate, problem, serve};

fn router() -> Router {
    Router::new()
        .route("/double", post(|Json(x): Json<u64>| async move { Json(2 * x) }))
        .route("/nothing", post(|| async {}))
        .route(
            "/seen",
            get(|request: Request| async move {
                let token = request.headers().get("authorization").and_then(|v| v.to_str().ok());
                Json(json!({"version": format!("{:?}", request.version()), "token": token}))
            }),
        )
        .route(
            "/problem",
            get(|| async {
                problem(&Problem::new(ProblemType::TooLate, "bids were taken until noon"))
            }),
        )
        .route("/large", get(|| async { Json("x".repeat(100_000)) }))
        .route("/slow", get(|| async { tokio::time::sleep(Duration::from_secs(60)).await }))
        .route("/events", get(|| async { events(3) }))
        .route("/silent-events", get(|| async { events(1) }))
}

/// Numbers from 1; with a last event that is no number if there are three.
fn events(count: u64) -> Sse<impl stream::Stream<Item = Result<Event, Infallible>>> {
    let numbers = stream::iter(1..=count)
        .map(|number| Event::default().event("number").data(number.to_string()));
    let rest = if count == 1 {
        stream::pending().left_stream()
    } else {
        stream::iter([Event::default().comment("a pause"), Event::default().data("\"end\"")])
            .right_stream()
    };
    let keep_alive = KeepAlive::new().interval(Duration::from_secs(30));
    Sse::new(numbers.chain(rest).map(Ok)).keep_alive(keep_alive)
}

fn options() -> HttpOptions {
    HttpOptions { reply_limit: 50_000, ..HttpOptions::default() }
}

fn target(address: &impl ToString, certificate: Digest) -> Target {
    Target { address: address.to_string(), certificate, key: PublicKey::from_bytes([1; 32]) }
}

fn no_token() -> TokenSource {
    Arc::new(|| None)
}

async fn served() -> (PeerClient, Target) {
    let listener = bind("127.0.0.1:0").await.unwrap();
    let certificate = Certificate::new();
    let target = target(&listener.local(), certificate.digest());
    serve(listener, &certificate, router());
    (PeerClient::new(target.clone(), no_token(), options()).unwrap(), target)
}

#[tokio::test]
async fn requests_are_typed_and_go_over_http_2_with_a_fresh_token() {
    let (client, target) = served().await;
    assert_eq!(client.post::<_, u64>("/double", &21).await.unwrap(), 42);
    client.post_empty::<()>("/nothing").await.unwrap();
    let given = Arc::new(AtomicUsize::new(0));
    let tokens: TokenSource =
        Arc::new(move || Some(format!("t{}", given.fetch_add(1, Ordering::Relaxed))));
    let client = PeerClient::new(target, tokens, options()).unwrap();
    for turn in 0..3 {
        let seen: Value = client.get("/seen").await.unwrap();
        assert_eq!(seen, json!({"version": "HTTP/2.0", "token": format!("Bearer t{turn}")}));
    }
}

#[tokio::test]
async fn what_goes_wrong_is_told_apart() {
    let (client, target) = served().await;
    let error = client.get::<u64>("/problem").await.unwrap_err();
    assert_eq!(error.problem().unwrap().kind, ProblemType::TooLate);
    assert_eq!(error.to_string(), format!("{}: bids were taken until noon", target.address));
    let error = client.get::<u64>("/none-such").await.unwrap_err();
    assert_eq!(error.problem().map(|problem| problem.status), Some(404));
    let error = client.get::<String>("/large").await.unwrap_err();
    assert!(matches!(error, HttpError::TooLarge { limit: 50_000, .. }), "{error}");
    let error = client.get::<u64>("/seen").await.unwrap_err();
    assert!(matches!(error, HttpError::Unreadable { status: 200, .. }), "{error}");
    let began = Instant::now();
    let hasty = client.with_deadline(Duration::from_millis(200));
    let error = hasty.get::<()>("/slow").await.unwrap_err();
    assert!(matches!(error, HttpError::Timeout { .. }), "{error}");
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn another_certificate_is_not_spoken_to() {
    let (_, right) = served().await;
    let wrong = target(&right.address, Digest([7; 32]));
    let client = PeerClient::new(wrong, Arc::new(|| Some("secret".to_owned())), options()).unwrap();
    let error = client.with_connect_retries(5).get::<Value>("/seen").await.unwrap_err();
    assert_eq!(error, HttpError::WrongCertificate { address: right.address.clone() });
    let text = format!("the certificate of {} is not the one in the roster; ", right.address);
    assert!(error.to_string().starts_with(&text), "{error}");
}

#[tokio::test]
async fn nobody_there_is_said_and_tried_again_when_asked() {
    let listener = bind("127.0.0.1:0").await.unwrap();
    let address = listener.local();
    drop(listener);
    let certificate = Certificate::new();
    let target = target(&address, certificate.digest());
    let client = PeerClient::new(target, no_token(), options()).unwrap();
    let error = client.get::<Value>("/seen").await.unwrap_err();
    assert_eq!(error, HttpError::Refused { address: address.to_string() });
    assert!(error.is_unreachable());
    let patient = client.with_connect_retries(20);
    let (answer, ()) = tokio::join!(patient.post::<_, u64>("/double", &4), async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        serve(bind(&address.to_string()).await.unwrap(), &certificate, router());
    });
    assert_eq!(answer.unwrap(), 8);
}

#[tokio::test]
async fn a_server_without_tls_is_not_a_node() {
    let plain = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = target(&plain.local_addr().unwrap(), Digest([7; 32]));
    tokio::spawn(async move {
        axum::serve(plain, router()).await.unwrap();
    });
    let client = PeerClient::new(target, no_token(), options()).unwrap();
    let error = client.get::<Value>("/seen").await.unwrap_err();
    assert!(matches!(error, HttpError::Tls { .. }), "{error}");
}

#[tokio::test]
async fn events_are_followed_until_the_first_fault() {
    let (client, target) = served().await;
    let mut events = client.events::<u64>("/events");
    for number in 1..=3 {
        assert_eq!(events.next().await.unwrap().unwrap(), number);
    }
    let error = events.next().await.unwrap().unwrap_err();
    assert!(matches!(error, HttpError::Unreadable { .. }), "{error}");
    assert!(events.next().await.is_none());

    let error = client.events::<u64>("/problem").next().await.unwrap().unwrap_err();
    assert_eq!(error.problem().unwrap().kind, ProblemType::TooLate);

    let silence = HttpOptions { event_silence: Duration::from_millis(200), ..options() };
    let client = PeerClient::new(target, no_token(), silence).unwrap();
    let mut events = client.events::<u64>("/silent-events");
    assert_eq!(events.next().await.unwrap().unwrap(), 1);
    let error = events.next().await.unwrap().unwrap_err();
    assert!(matches!(error, HttpError::Timeout { .. }), "{error}");
    assert!(events.next().await.is_none());
}
