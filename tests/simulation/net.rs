//! The simulated network: requests and streams that are delayed, lost, doubled and cut, by the
//! run's seed. It carries them to the very routers and over the very stream code of the product.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, pending};
use gavel::identity::{Roster, Signed};
use gavel::sharing::NodeIndex;
use gavel::transport::HttpError;
use gavel::transport::client::carrier::Carrier;
use gavel::transport::client::http::{HttpOptions, PeerClient, TokenSource};
use gavel::transport::net::Net;
use gavel::transport::streams::frame::Frame;
use gavel::transport::streams::upgrade::{BoxIo, Dial, StreamTokens, open_over};
use gavel::transport::target::Target;
use gavel::wire::paths;
use http_body_util::BodyExt as _;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, ReadHalf, WriteHalf};
use tokio::sync::oneshot;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use super::books::Seen;
use super::core::{Core, Host};

/// Largest reply.
const REPLY: usize = 64 << 20;

/// What a stream holds on its way.
const PIPE: usize = 64 << 10;

/// One process's way to all others. It ends with the process.
#[derive(Clone)]
pub struct Line {
    /// The world.
    pub core: Arc<Core>,
    /// Whose it is.
    pub host: Host,
    /// Which life of the process.
    pub life: u32,
}

/// A request on its way.
#[derive(Clone)]
pub struct Message {
    /// Its method.
    pub method: reqwest::Method,
    /// Its path.
    pub path: String,
    /// Its headers.
    pub headers: reqwest::header::HeaderMap,
    /// Its body.
    pub body: Bytes,
}

impl Message {
    fn of(request: &reqwest::Request) -> Self {
        let body = request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default();
        Self {
            method: request.method().clone(),
            path: request.url().path().to_owned(),
            headers: request.headers().clone(),
            body: Bytes::copy_from_slice(body),
        }
    }

    /// As a server gets it.
    pub fn request(&self) -> axum::extract::Request {
        let mut request = axum::extract::Request::new(Body::from(self.body.clone()));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.path.parse().expect("a path");
        *request.headers_mut() = self.headers.clone();
        request
    }
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug)]
pub struct Way {
    /// On the way there.
    pub out: Duration,
    /// On the way back.
    pub back: Duration,
    /// It does not arrive.
    pub lost: bool,
    /// It arrives twice, the second time so much later.
    pub twice: Option<Duration>,
    /// The answer does not arrive.
    pub answer_lost: bool,
    /// What is lost is noticed at once, or never.
    pub noticed: bool,
}

type Answer = axum::http::Response<Bytes>;

impl Line {
    fn alive(&self) -> bool {
        self.core.alive(self.host, self.life)
    }

    async fn lost(&self, address: &str, way: Way) -> HttpError {
        if !way.noticed || !self.alive() {
            pending::<()>().await;
        }
        HttpError::Network { address: address.to_owned(), detail: "reset".to_owned() }
    }

    async fn carried(self, address: String, message: Message) -> Result<Answer, HttpError> {
        if message.path == paths::NODE_EVENTS {
            // Live events are a view that nothing rests on; the simulation has nobody to watch.
            return Err(HttpError::Refused { address });
        }
        if !self.alive() {
            pending::<()>().await;
        }
        let to = Core::host_at(&address);
        let way = self.core.way(self.host, to);
        sleep(way.out).await;
        if !self.alive() || self.core.parted(self.host, to) {
            pending::<()>().await;
        }
        if way.lost {
            return Err(self.lost(&address, way).await);
        }
        let Some(answer) = arrive(&self.core, to, message.clone()) else {
            return Err(HttpError::Refused { address });
        };
        if let Some(later) = way.twice {
            let core = Arc::clone(&self.core);
            tokio::spawn(async move {
                sleep(later).await;
                // What comes twice is answered twice; nobody waits for the second answer.
                drop(arrive(&core, to, message));
            });
        }
        // A server that dies drops the answer.
        let Ok(answer) = answer.await else { return Err(self.lost(&address, way).await) };
        if way.answer_lost {
            return Err(self.lost(&address, way).await);
        }
        sleep(way.back).await;
        if !self.alive() || self.core.parted(self.host, to) {
            pending::<()>().await;
        }
        Ok(answer)
    }
}

/// Hand a request to a server, in a task of the server's life. `None` when it is down.
fn arrive(core: &Arc<Core>, to: Host, message: Message) -> Option<oneshot::Receiver<Answer>> {
    let router = core.router(to)?;
    let (answer, receiver) = oneshot::channel();
    let world = Arc::clone(core);
    let task = tokio::spawn(async move {
        world.books().asked(&message.path, &message.body);
        let response = match &world.sabotage {
            Some(sabotage) => sabotage.serve(&world, to, &message, router).await,
            None => router.oneshot(message.request()).await.expect("routers do not fail"),
        };
        let (parts, body) = response.into_parts();
        let limited = http_body_util::Limited::new(body, REPLY);
        let body = limited.collect().await.expect("a whole answer").to_bytes();
        world.note(format_args!("{to} {} {} {}", message.method, message.path, parts.status));
        if let Some(node) = to.node().filter(|_| parts.status.is_success()) {
            world.books().answered(&Seen {
                node,
                method: message.method.as_str(),
                path: &message.path,
                asked: &message.body,
                answer: &body,
            });
        }
        // Whoever asked may have gone away.
        let _ = answer.send(Answer::from_parts(parts, body));
    });
    core.belongs(to, task.abort_handle());
    Some(receiver)
}

impl Carrier for Line {
    fn carry(
        &self,
        target: &Target,
        request: reqwest::Request,
    ) -> BoxFuture<'static, Result<reqwest::Response, HttpError>> {
        let message = Message::of(&request);
        let carried = self.clone().carried(target.address.clone(), message);
        async move { carried.await.map(reqwest::Response::from) }.boxed()
    }
}

impl Net for Line {
    fn client(
        &self,
        target: Target,
        tokens: TokenSource,
        options: HttpOptions,
    ) -> Result<PeerClient, HttpError> {
        Ok(PeerClient::over(Arc::new(self.clone()), target, tokens, options))
    }

    fn dialer(
        &self,
        roster: Arc<Signed<Roster>>,
        tokens: StreamTokens,
        deadline: Duration,
    ) -> Arc<dyn Dial> {
        Arc::new(Dialer { line: self.clone(), roster, tokens, deadline })
    }
}

struct Dialer {
    line: Line,
    roster: Arc<Signed<Roster>>,
    tokens: StreamTokens,
    deadline: Duration,
}

impl Dial for Dialer {
    fn dial(&self, to: NodeIndex) -> BoxFuture<'_, Result<BoxIo, HttpError>> {
        let address = self.roster.body.node(to).map_or_else(String::new, |c| c.address.clone());
        async move {
            let opened = self.open(to, &address);
            tokio::time::timeout(self.deadline, opened).await.unwrap_or(Err(HttpError::Timeout {
                address: address.clone(),
                after: self.deadline,
            }))
        }
        .boxed()
    }
}

impl Dialer {
    async fn open(&self, to: NodeIndex, address: &str) -> Result<BoxIo, HttpError> {
        let Line { core, host, .. } = &self.line;
        let (from, to) = (*host, Host::of(to));
        let way = core.way(from, to);
        sleep(way.out).await;
        if !self.line.alive() || core.parted(from, to) {
            pending::<()>().await;
        }
        let refused = || HttpError::Refused { address: address.to_owned() };
        let router = core.router(to).filter(|_| !way.lost).ok_or_else(refused)?;
        let (near, near_end) = tokio::io::duplex(PIPE);
        let (far_end, far) = tokio::io::duplex(PIPE);
        let service = hyper::service::service_fn(move |request: hyper::Request<_>| {
            router.clone().oneshot(request.map(Body::new))
        });
        let server = hyper::server::conn::http1::Builder::new()
            .serve_connection(TokioIo::new(far), service)
            .with_upgrades();
        let task = tokio::spawn(async move {
            // A connection that is cut is no news here.
            let _ = server.await;
        });
        core.belongs(to, task.abort_handle());
        let cut = core.link(from, to);
        let (near_in, near_out) = tokio::io::split(near_end);
        let (far_in, far_out) = tokio::io::split(far_end);
        let there = Pump { core: Arc::clone(core), from, to, cut: cut.clone() };
        let back = Pump { core: Arc::clone(core), from: to, to: from, cut };
        tokio::spawn(there.run(near_in, far_out));
        tokio::spawn(back.run(far_in, near_out));
        open_over(near, address, &(self.tokens)(to.node().expect("a node"))).await
    }
}

/// One direction of a stream.
struct Pump {
    core: Arc<Core>,
    from: Host,
    to: Host,
    cut: CancellationToken,
}

impl Pump {
    async fn run(self, mut input: ReadHalf<DuplexStream>, mut output: WriteHalf<DuplexStream>) {
        let mut tap = Tap::Head(Vec::new());
        let copy = async {
            let mut buffer = BytesMut::with_capacity(PIPE);
            while let Ok(1..) = input.read_buf(&mut buffer).await {
                tap.feed(&self, &buffer);
                let wait = self.core.stream_delay();
                if !wait.is_zero() {
                    sleep(wait).await;
                }
                while self.core.parted(self.from, self.to) {
                    sleep(Duration::from_millis(50)).await;
                }
                if self.core.cuts() {
                    self.core.note(format_args!("cut {} {}", self.from, self.to));
                    self.cut.cancel();
                }
                if output.write_all(&buffer).await.is_err() {
                    return;
                }
                buffer.clear();
            }
            // The other direction may go on; a failure means that it does not.
            let _ = output.shutdown().await;
        };
        self.cut.run_until_cancelled(copy).await;
    }
}

/// Reads along: after the head of the upgrade there are frames.
enum Tap {
    Head(Vec<u8>),
    Frames(BytesMut),
    Off,
}

impl Tap {
    fn feed(&mut self, pump: &Pump, bytes: &[u8]) {
        if let Self::Head(head) = self {
            head.extend_from_slice(bytes);
            let Some(end) = head.windows(4).position(|four| four == b"\r\n\r\n") else { return };
            let upgrade = head.starts_with(b"GET ") || head.starts_with(b"HTTP/1.1 101");
            let rest = BytesMut::from(&head[end + 4..]);
            *self = if upgrade { Self::Frames(rest) } else { Self::Off };
        } else if let Self::Frames(buffer) = self {
            buffer.extend_from_slice(bytes);
        }
        let (Self::Frames(buffer), Some((from, to))) = (self, pump.from.node().zip(pump.to.node()))
        else {
            return;
        };
        loop {
            match Frame::take(buffer, REPLY) {
                Ok(Some(frame)) => pump.core.books().sent(from, to, &frame),
                Ok(None) => return,
                Err(error) => return pump.core.books().broke(format!("{from} sent {error}")),
            }
        }
    }
}
