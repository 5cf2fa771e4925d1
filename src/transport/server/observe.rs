//! Around every request of a server: an id, a span for the log, the figures, and an answer even
//! where a handler panics or no route fits.
//!
//! The id comes from `x-request-id` where it is one (1 to 64 letters, digits, `.`, `_`, `-`), is
//! made else, goes back in the same header, into the log and into the `instance` of a problem.
//! Neither query, header nor body gets into the log.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, LazyLock};
use std::time::Instant;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::FutureExt as _;
use rand::{TryRng as _, rngs::SysRng};
use tracing::Instrument as _;

use super::drain::Unread;
use super::limits::Limits;
use super::metrics::Metrics;
use super::reply::{Peer, Refusal, no_such_path};
use crate::wire::openapi;
use crate::wire::problem::{Problem, ProblemType};

/// The header that carries a request's id in and out.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A server's router with all of it around.
pub fn observed(router: Router, metrics: Arc<Metrics>) -> Router {
    let pages = Router::new()
        .route(openapi::DOCUMENT, get(description))
        .route(openapi::PAGE, get(page))
        .route_layer(from_fn_with_state(Arc::new(Limits::default()), count));
    router
        .merge(pages)
        .fallback(no_such_path)
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn_with_state(metrics, observe))
}

/// Pages that every server shows to everybody, whatever token comes with the request, count by
/// address like other requests.
async fn count(State(limits): State<Arc<Limits>>, request: Request, next: Next) -> Response {
    match limits.count_address(Peer::of(request.extensions()).0, Instant::now()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

/// The description of the API, the same for everybody.
async fn description() -> impl IntoResponse {
    static TEXT: LazyLock<String> = LazyLock::new(|| openapi::document().to_string());
    ([(CONTENT_TYPE, "application/json")], TEXT.as_str())
}

/// The same for people.
async fn page() -> impl IntoResponse {
    static TEXT: LazyLock<String> = LazyLock::new(openapi::page);
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'"),
    ];
    (headers, TEXT.as_str())
}

async fn wrong_method() -> Refusal {
    Refusal::new(ProblemType::WrongMethod, "this path has no such method; see the API's paths")
}

async fn observe(State(metrics): State<Arc<Metrics>>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let _work = metrics.begin();
    let id = request_id(request.headers());
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("", MatchedPath::as_str);
    let span = tracing::info_span!("request", id = %id, %method, route);
    let (unread, request) = Unread::of(request);
    let answered = AssertUnwindSafe(next.run(request)).catch_unwind().instrument(span.clone());
    let response = match answered.await {
        Ok(response) => response,
        Err(panic) => span.in_scope(|| Refusal::internal(&said(panic.as_ref())).into_response()),
    };
    unread.discard().await;
    let mut response = with_instance(response, &id);
    let (status, took) = (response.status().as_u16(), begun.elapsed());
    metrics.answered(method.as_str(), route, status, took);
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    span.in_scope(|| tracing::debug!(status, micros, "answered"));
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

/// A problem gets the request's id; other answers stay as they are.
fn with_instance(mut response: Response, id: &str) -> Response {
    match response.extensions_mut().remove::<Problem>() {
        Some(problem) => {
            let mut again = Refusal(problem.of_request(id)).into_response();
            for (name, value) in response.headers() {
                if !again.headers().contains_key(name) && name != axum::http::header::CONTENT_LENGTH
                {
                    again.headers_mut().insert(name.clone(), value.clone());
                }
            }
            again
        }
        None => response,
    }
}

fn request_id(headers: &HeaderMap) -> String {
    let usable = |text: &&str| {
        (1..=64).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    let given = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok()).filter(usable);
    given.map_or_else(fresh_id, ToOwned::to_owned)
}

fn fresh_id() -> String {
    let mut bytes = [0; 8];
    // Without randomness requests share an id in the log; nothing rests on it.
    let _ = SysRng.try_fill_bytes(&mut bytes);
    format!("{:016x}", u64::from_be_bytes(bytes))
}

/// What a panic said.
fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("a handler panicked: {}", text.unwrap_or("without words"))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http_body_util::BodyExt as _;
    use serde_json::Value;
    use tower::ServiceExt as _;

    use crate::transport::server::observe::*;

    async fn ask(method: &str, path: &str, id: &str) -> (u16, String, Value) {
        #[allow(clippy::unused_async)]
        async fn panics() {
            panic!("on purpose");
        }
        let router = Router::new()
            .route("/fine", get(|| async { "fine" }))
            .route("/refused", get(|| async { Refusal::new(ProblemType::TooLate, "no") }))
            .route("/panics", get(panics));
        let router = observed(router, Arc::default());
        let request = Request::builder().method(method).uri(path).header(REQUEST_ID, id);
        let response = router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let status = response.status().as_u16();
        let id = response.headers()[REQUEST_ID].to_str().unwrap().to_owned();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, id, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    #[tokio::test]
    async fn every_answer_carries_the_requests_id() {
        let (status, id, _) = ask("GET", "/fine", "mine-1").await;
        assert_eq!((status, id.as_str()), (200, "mine-1"));
        for (method, path, expected, kind) in [
            ("GET", "/refused", 409, "too-late"),
            ("GET", "/nowhere", 404, "not-found"),
            ("POST", "/fine", 405, "wrong-method"),
            ("GET", "/panics", 500, "internal"),
        ] {
            let (status, id, body) = ask(method, path, "mine-2").await;
            assert_eq!((status, id.as_str()), (expected, "mine-2"), "{path}");
            assert_eq!(body["type"], format!("urn:gavel:{kind}"), "{path}");
            assert_eq!(body["instance"], "mine-2", "{path}");
        }
    }

    #[tokio::test]
    async fn an_id_that_is_none_is_replaced() {
        for bad in ["", "with blank", &"x".repeat(65)] {
            let (_, id, _) = ask("GET", "/fine", bad).await;
            assert_eq!(id.len(), 16, "{id:?}");
        }
    }
}
