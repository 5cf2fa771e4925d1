//! Hand a request on to another replica of this server: the same node, the same certificate,
//! another address.
//!
//! The request goes out as it came, its token included, which the other replica checks itself; the
//! reply comes back as it is. An upgraded connection is carried both ways until either side ends.

use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{HeaderName, HeaderValue};
use axum::http::{StatusCode, Uri, Version, header::HOST};
use axum::response::Response;
use hyper_util::rt::TokioIo;

use crate::transport::connect::connect;
use crate::transport::error::HttpError;
use crate::transport::target::Target;

/// Marks a request that was handed on: it is not handed on again.
pub const RELAYED: HeaderName = HeaderName::from_static("gavel-relayed");

/// Longest wait for the other replica to take the connection.
const CONNECT: Duration = Duration::from_secs(5);

/// Longest wait for its reply to begin. Questions for an attempt's end are held for 10 seconds.
const REPLY: Duration = Duration::from_secs(30);

/// Hand a request on.
///
/// # Errors
/// When the other replica cannot be reached or does not answer.
pub async fn relay(target: &Target, request: Request) -> Result<Response, HttpError> {
    let address = &target.address;
    let setup = |detail: String| HttpError::Setup { address: address.clone(), detail };
    let late = |after| HttpError::Timeout { address: address.clone(), after };
    let failed = |error: &(dyn std::error::Error + 'static)| HttpError::of(address, error);

    let (mut parts, body) = request.into_parts();
    let here = parts.extensions.remove::<hyper::upgrade::OnUpgrade>();
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let mut request = axum::http::Request::new(body);
    *request.uri_mut() = path.parse::<Uri>().map_err(|error| setup(error.to_string()))?;
    *request.method_mut() = parts.method;
    *request.version_mut() = Version::HTTP_11;
    *request.headers_mut() = parts.headers;
    let host = HeaderValue::from_str(address).map_err(|error| setup(error.to_string()))?;
    request.headers_mut().insert(HOST, host);
    request.headers_mut().insert(RELAYED, HeaderValue::from_static("1"));

    let tls = tokio::time::timeout(CONNECT, connect(target)).await.map_err(|_| late(CONNECT))??;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(tls))
        .await
        .map_err(|error| failed(&error))?;
    // Ends with the reply's body, or with either end of the upgraded connection.
    tokio::spawn(connection.with_upgrades());
    let mut reply = tokio::time::timeout(REPLY, sender.send_request(request))
        .await
        .map_err(|_| late(REPLY))?
        .map_err(|error| failed(&error))?;
    if reply.status() == StatusCode::SWITCHING_PROTOCOLS
        && let Some(here) = here
    {
        let there = hyper::upgrade::on(&mut reply);
        tokio::spawn(async move {
            if let (Ok(here), Ok(there)) = tokio::join!(here, there) {
                let (mut here, mut there) = (TokioIo::new(here), TokioIo::new(there));
                // How it ended is seen by both sides.
                drop(tokio::io::copy_bidirectional(&mut here, &mut there).await);
            }
        });
    }
    Ok(reply.map(Body::new))
}
