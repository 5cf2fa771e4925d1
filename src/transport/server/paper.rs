//! Papers of a closing as bodies and replies: in binary for members of the roster, in JSON for who
//! asks for that.

use std::convert::Infallible;
use std::time::Duration;

use axum::Json;
use axum::body::{Body, HttpBody as _};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::{HeaderMap, header, request::Parts};
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt as _;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::reply::{self, Refusal};
use crate::wire::paper::{self, MEDIA_TYPE, MOST_BYTES};
use crate::wire::problem::ProblemType;

/// Longest pause within a paper.
const SILENCE: Duration = Duration::from_secs(10);

/// A paper as a body. Read into one piece of memory that is as large as it says, so that it is
/// never copied while it grows.
pub struct Paper<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Paper<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        if !names(request.headers(), &header::CONTENT_TYPE) {
            return reply::Body::from_request(request, state).await.map(|body| Self(body.0));
        }
        let bytes = read(request.into_body()).await?;
        paper::decode(&bytes)
            .map(Self)
            .map_err(|error| Refusal::new(ProblemType::BadRequest, error.to_string()))
    }
}

async fn read(mut body: Body) -> Result<Vec<u8>, Refusal> {
    let too_large =
        || Refusal::new(ProblemType::TooLarge, "the body is larger than this request allows");
    let slow = || Refusal::new(ProblemType::BadRequest, "the body came too slowly");
    let said = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if said > MOST_BYTES {
        return Err(too_large());
    }
    let mut bytes = Vec::with_capacity(said);
    while let Some(frame) = tokio::time::timeout(SILENCE, body.frame()).await.map_err(|_| slow())? {
        let broken = |error: axum::Error| Refusal::new(ProblemType::BadRequest, error.to_string());
        let Ok(piece) = frame.map_err(broken)?.into_data() else { continue };
        if bytes.len() + piece.len() > MOST_BYTES {
            return Err(too_large());
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

/// Whether a request asks for papers in binary.
#[derive(Clone, Copy)]
pub struct InBinary(bool);

impl<S: Send + Sync> FromRequestParts<S> for InBinary {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self(names(&parts.headers, &header::ACCEPT)))
    }
}

impl InBinary {
    /// The reply with a paper, as it was asked for.
    pub fn reply<T: Serialize>(self, paper: &T) -> Response {
        if self.0 {
            ([(header::CONTENT_TYPE, MEDIA_TYPE)], paper::encode(paper)).into_response()
        } else {
            Json(paper).into_response()
        }
    }
}

fn names(headers: &HeaderMap, header: &header::HeaderName) -> bool {
    headers.get(header).is_some_and(|value| value.as_bytes() == MEDIA_TYPE.as_bytes())
}
