//! A connection turned into a stream between two nodes: HTTP/1.1 Upgrade over TLS on the node's own
//! port.
//!
//! The dialling node is authenticated by a bearer token that its roster key signed for the target,
//! the accepting node by its pinned certificate. After "101 Switching Protocols" both ends hold a
//! plain byte stream; what goes over it is in [`super::frame`].

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::header::{AUTHORIZATION, CONNECTION, HOST, HeaderMap, HeaderName, UPGRADE};
use hyper::http::request::Builder;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::task::AbortOnDropHandle;

use crate::identity::{Roster, Signed};
use crate::sharing::NodeIndex;
use crate::transport::connect::connect;
use crate::transport::error::HttpError;
use crate::transport::server::life::Life;
use crate::transport::target::Target;
use crate::wire::paths::ROSTER_HEADER;
use crate::wire::{Problem, ProblemType};

/// Where a node takes streams.
pub const PATH: &str = "/v1/node/stream";

/// The name in the `Upgrade` header.
pub const PROTOCOL: &str = "gavel/1";

const REPLY_LIMIT: usize = 64 << 10;

/// Bytes both ways, over whatever carries them.
pub trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// A stream between two nodes.
pub type BoxIo = Box<dyn Io>;

/// Gives the bearer token for dialling a node, fresh each time.
pub type StreamTokens = Arc<dyn Fn(NodeIndex) -> String + Send + Sync>;

/// Opens streams. The one for real networks is [`TlsDialer`]; simulations bring their own.
pub trait Dial: Send + Sync {
    /// Open a stream to a node.
    fn dial(&self, to: NodeIndex) -> BoxFuture<'_, Result<BoxIo, HttpError>>;
}

/// The request does not ask for a stream between nodes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("this path takes HTTP/1.1 requests with \"Upgrade: {PROTOCOL}\" only")]
pub struct NotAnUpgrade;

/// For the server's handler of [`PATH`], once the caller is authenticated: the reply to send, and
/// the stream that comes about after the reply has gone out.
///
/// # Errors
/// When the request does not ask for this upgrade, or came over HTTP/2.
pub fn upgraded<B>(
    mut request: Request<B>,
) -> Result<(Response<()>, impl Future<Output = io::Result<BoxIo>> + Send + 'static), NotAnUpgrade>
{
    let upgrade = request.extensions_mut().remove::<hyper::upgrade::OnUpgrade>();
    let asked = names(request.headers(), &UPGRADE, PROTOCOL)
        && names(request.headers(), &CONNECTION, "upgrade");
    let upgrade = upgrade.filter(|_| asked).ok_or(NotAnUpgrade)?;
    // What comes over the stream are no requests, which a connection must live by otherwise.
    if let Some(life) = request.extensions().get::<Life>() {
        life.prove();
    }
    let mut reply = Response::new(());
    *reply.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = reply.headers_mut();
    headers.insert(UPGRADE, hyper::header::HeaderValue::from_static(PROTOCOL));
    headers.insert(CONNECTION, hyper::header::HeaderValue::from_static("upgrade"));
    let stream = async move {
        let stream = upgrade.await.map_err(io::Error::other)?;
        Ok(Box::new(TokioIo::new(stream)) as BoxIo)
    };
    Ok((reply, stream))
}

fn names(headers: &HeaderMap, header: &HeaderName, wanted: &str) -> bool {
    headers
        .get_all(header)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|name| name.trim().eq_ignore_ascii_case(wanted))
}

/// Opens streams over TLS to the addresses in a roster.
pub struct TlsDialer {
    roster: Arc<Signed<Roster>>,
    tokens: StreamTokens,
    deadline: Duration,
}

impl TlsDialer {
    /// A dialer; every dial ends within the deadline.
    pub fn new(roster: Arc<Signed<Roster>>, tokens: StreamTokens, deadline: Duration) -> Self {
        Self { roster, tokens, deadline }
    }
}

impl Dial for TlsDialer {
    fn dial(&self, to: NodeIndex) -> BoxFuture<'_, Result<BoxIo, HttpError>> {
        Box::pin(async move {
            let target =
                self.roster.body.node(to).map(Target::from).ok_or_else(|| HttpError::Setup {
                    address: format!("node {to}"),
                    detail: "the roster has no such node".to_owned(),
                })?;
            let (token, roster) = ((self.tokens)(to), self.roster.body.line());
            let opening = async {
                let connection = connect(&target).await?;
                let request = asking(&target.address, &token);
                let request = request.header(ROSTER_HEADER, roster.to_string());
                upgrade(connection, &target.address, request).await
            };
            match tokio::time::timeout(self.deadline, opening).await {
                Ok(opened) => opened,
                Err(_) => Err(HttpError::Timeout { address: target.address, after: self.deadline }),
            }
        })
    }
}

/// Open a stream to a server, over TLS. Has no deadline of its own.
///
/// # Errors
/// Says why there is no stream.
pub async fn open(target: &Target, token: &str) -> Result<BoxIo, HttpError> {
    open_over(connect(target).await?, &target.address, token).await
}

/// Open a stream over a connection to a server. Has no deadline of its own.
///
/// # Errors
/// Says why there is no stream.
pub async fn open_over<C: Io + 'static>(
    connection: C,
    address: &str,
    token: &str,
) -> Result<BoxIo, HttpError> {
    upgrade(connection, address, asking(address, token)).await
}

/// The request for a stream.
fn asking(address: &str, token: &str) -> Builder {
    Request::get(PATH)
        .header(HOST, address)
        .header(CONNECTION, "upgrade")
        .header(UPGRADE, PROTOCOL)
        .header(AUTHORIZATION, format!("Bearer {token}"))
}

async fn upgrade<C: Io + 'static>(
    connection: C,
    address: &str,
    request: Builder,
) -> Result<BoxIo, HttpError> {
    let request = request.body(Empty::<Bytes>::new()).map_err(|error| HttpError::Setup {
        address: address.to_owned(),
        detail: error.to_string(),
    })?;
    let failed = |error: &(dyn std::error::Error + 'static)| HttpError::of(address, error);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(connection))
        .await
        .map_err(|error| failed(&error))?;
    // Drives the connection until the upgrade; ends with this function either way.
    let _driver = AbortOnDropHandle::new(tokio::spawn(connection.with_upgrades()));
    let reply = sender.send_request(request).await.map_err(|error| failed(&error))?;
    if reply.status() != StatusCode::SWITCHING_PROTOCOLS {
        return Err(refused(address, reply).await);
    }
    if !names(reply.headers(), &UPGRADE, PROTOCOL) {
        return Err(HttpError::Unreadable {
            address: address.to_owned(),
            status: reply.status().as_u16(),
            detail: "it upgraded to another protocol".to_owned(),
        });
    }
    let stream = hyper::upgrade::on(reply).await.map_err(|error| failed(&error))?;
    Ok(Box::new(TokioIo::new(stream)))
}

async fn refused(address: &str, reply: Response<hyper::body::Incoming>) -> HttpError {
    let status = reply.status();
    let text = match Limited::new(reply.into_body(), REPLY_LIMIT).collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => Bytes::new(),
    };
    let problem = serde_json::from_slice::<Problem>(&text).unwrap_or_else(|_| {
        let mut problem = Problem::new(ProblemType::Other, status.to_string());
        problem.status = status.as_u16();
        problem
    });
    HttpError::Problem { target: address.to_owned(), problem: Box::new(problem) }
}
