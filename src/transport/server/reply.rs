//! What both servers share: problem documents as replies, JSON bodies with clear refusals, event
//! streams, and the bearer token of a request.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{ConnectInfo, FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::{Extensions, HeaderMap, HeaderValue, StatusCode, header, request::Parts};
use axum::response::sse::Event;
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, StreamExt as _, stream};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tower_http::timeout::TimeoutBody;

use crate::wire::problem::{Problem, ProblemType};

/// Longest pause within a body: who sends nothing for this long is not waited for.
pub(super) const SILENCE: Duration = Duration::from_secs(10);

/// Longest time for a whole body.
pub(super) const WHOLE: Duration = Duration::from_secs(120);

/// A refused request.
#[derive(Debug)]
pub struct Refusal(pub Problem);

/// The member of a problem that says when to try again.
const RETRY_AFTER: &str = "retry_after_seconds";

/// What a handler returns.
pub type Reply<T> = Result<Json<T>, Refusal>;

impl Refusal {
    /// Refuse for a reason of this type, with a sentence that says what to do.
    pub fn new(kind: ProblemType, detail: impl Into<String>) -> Self {
        Self(Problem::new(kind, detail))
    }

    /// A fault of this server. The cause goes to the log, not to the caller.
    pub fn internal(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(%cause, "internal error");
        Self::new(ProblemType::Internal, "the server could not do this; its log says why")
    }

    /// Say after how many seconds to try again, in the document and in `Retry-After`.
    #[must_use]
    pub fn retry_after(self, seconds: u64) -> Self {
        Self(self.0.with(RETRY_AFTER, seconds))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status =
            StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let retry_after = self.0.more.get(RETRY_AFTER).and_then(serde_json::Value::as_u64);
        let mut response = (status, Json(&self.0)).into_response();
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        // For whoever adds the id of the request to it.
        response.extensions_mut().insert(self.0);
        response
    }
}

/// A JSON body; what does not parse is refused with the place and the reason.
pub struct Body<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let request = request.map(|body| axum::body::Body::new(TimeoutBody::new(SILENCE, body)));
        let read = tokio::time::timeout(WHOLE, Json::<T>::from_request(request, state));
        match read.await.map_err(|_| slow())? {
            Ok(Json(body)) => Ok(Self(body)),
            Err(JsonRejection::BytesRejection(error))
                if error.status() == StatusCode::PAYLOAD_TOO_LARGE =>
            {
                Err(Refusal::new(
                    ProblemType::TooLarge,
                    "the body is larger than this request allows",
                ))
            }
            Err(error) => Err(Refusal::new(ProblemType::BadRequest, error.body_text())),
        }
    }
}

/// Whether a request is one of gRPC, which all that is served so has to be.
///
/// # Errors
/// When its body is of another type.
pub fn of_grpc(headers: &HeaderMap) -> Result<(), Refusal> {
    let kind = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    if kind.is_some_and(|kind| kind.starts_with(b"application/grpc")) {
        return Ok(());
    }
    let detail = "this is asked for over gRPC, with a body of the type application/grpc";
    Err(Refusal::new(ProblemType::BadRequest, detail))
}

/// The refusal of a body that is too slow.
pub(super) fn slow() -> Refusal {
    Refusal::new(ProblemType::BadRequest, "the body came too slowly")
}

/// Parameters of the path; what does not parse is refused.
pub struct Params<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        match Path::<T>::from_request_parts(parts, state).await {
            Ok(Path(params)) => Ok(Self(params)),
            Err(error) => Err(Refusal::new(ProblemType::BadRequest, error.body_text())),
        }
    }
}

/// What the query of a request asks for; what does not parse is refused.
pub struct Asked<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(asked)) => Ok(Self(asked)),
            Err(error) => Err(Refusal::new(ProblemType::BadRequest, error.body_text())),
        }
    }
}

/// The address a request comes from; unspecified where the server does not know it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Peer(pub IpAddr);

impl Peer {
    /// Of a request's extensions.
    pub fn of(extensions: &Extensions) -> Self {
        let known = extensions.get::<ConnectInfo<SocketAddr>>();
        Self(known.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |known| known.0.ip()))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Peer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.extensions))
    }
}

/// The answer to a path that no route has, in the form of every other refusal.
pub async fn no_such_path() -> Refusal {
    Refusal::new(ProblemType::NotFound, "there is no such path; see the API's paths")
}

/// The bearer token of a request.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    value.strip_prefix("Bearer ").map(str::trim)
}

/// A queue of events as server-sent events. A listener that is too slow loses the oldest.
pub fn event_stream<T: Serialize + Clone + Send + 'static>(
    events: Receiver<T>,
) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(events, |mut events| async move {
        loop {
            match events.recv().await {
                Ok(event) => return Some((event, events)),
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        }
    })
    .filter_map(|event| async move { Event::default().json_data(event).ok().map(Ok) })
}
