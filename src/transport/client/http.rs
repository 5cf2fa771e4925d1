//! The JSON client for one server, pinned to its certificate.
//!
//! In: paths under the server's address, bodies, a token per request. Out: typed replies, problem
//! documents as errors, or why the server could not be reached. Every request has a deadline and
//! every reply a size limit; redirects and proxies are not followed, because the pin is for this
//! server alone. HTTP/2 with keep-alive over a shared connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::stream::{self, BoxStream, StreamExt as _};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Method, Response};
use serde::{Serialize, de::DeserializeOwned};
use sse_stream::{Sse, SseByteStream};
use tokio::time::{Instant, sleep, timeout_at};

use crate::identity::{Digest, PublicKey};
use crate::transport::client::carrier::Carrier;
use crate::transport::error::HttpError;
use crate::transport::target::Target;
use crate::transport::tls::{H2, HTTP_1_1, TlsError, pinned_client_config, unproven_client_config};
use crate::wire::paths::ROSTER_HEADER;
use crate::wire::{Problem, ProblemType, paper};

/// Gives the bearer token for a request, fresh each time; `None` sends none.
pub type TokenSource = Arc<dyn Fn() -> Option<String> + Send + Sync>;

/// Limits of a client.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HttpOptions {
    /// From the request to the last byte of the reply.
    pub deadline: Duration,
    /// For TCP and TLS together.
    pub connect: Duration,
    /// Most bytes of a reply, and of one event.
    pub reply_limit: usize,
    /// How often to try again when no connection comes about (nothing was asked then).
    pub connect_retries: u32,
    /// Longest silence of an event stream; servers send a comment more often than that.
    pub event_silence: Duration,
    /// Whether to ask for papers in binary ([`crate::wire::paper`]).
    pub papers: bool,
    /// Under which roster the server is asked, by the digest of its first version ([`ROSTER_HEADER`]); it
    /// need not be told where the path names a session.
    pub roster: Option<Digest>,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(10),
            connect: Duration::from_secs(5),
            reply_limit: 64 << 20,
            connect_retries: 0,
            event_silence: Duration::from_secs(45),
            papers: false,
            roster: None,
        }
    }
}

const JSON: &str = "application/json";

const RETRY_FIRST: Duration = Duration::from_millis(100);
const RETRY_LONGEST: Duration = Duration::from_secs(2);

/// What carries the requests.
#[derive(Clone)]
enum Way {
    Https(reqwest::Client),
    Other(Arc<dyn Carrier>),
}

/// A client of one server. Cheap to clone; clones share connections.
#[derive(Clone)]
pub struct PeerClient {
    way: Way,
    target: Arc<Target>,
    tokens: TokenSource,
    options: HttpOptions,
}

impl PeerClient {
    /// A client; connects when it is first used.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(
        target: Target,
        tokens: TokenSource,
        options: HttpOptions,
    ) -> Result<Self, HttpError> {
        let tls = pinned_client_config(target.certificate, &[H2, HTTP_1_1]);
        Self::with_tls(tls, target, tokens, options)
    }

    /// A client of a server of which only the address is known, and which proves nothing: for what
    /// is checked by its content. Sends no token.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn unproven(address: &str, options: HttpOptions) -> Result<Self, HttpError> {
        let (certificate, key) = (Digest([0; 32]), PublicKey::from_bytes([0; 32]));
        let target = Target { address: address.to_owned(), certificate, key };
        let tls = unproven_client_config(&[H2, HTTP_1_1]);
        Self::with_tls(tls, target, Arc::new(|| None), options)
    }

    fn with_tls(
        tls: Result<Arc<rustls::ClientConfig>, TlsError>,
        target: Target,
        tokens: TokenSource,
        options: HttpOptions,
    ) -> Result<Self, HttpError> {
        let setup = |detail: String| HttpError::Setup { address: target.address.clone(), detail };
        let tls = tls.map_err(|error| setup(error.to_string()))?;
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(rustls::ClientConfig::clone(&tls))
            .https_only(true)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            // A dead pooled connection is found by the keep-alive below; a request that may have
            // reached the server is never repeated behind the caller's back.
            .retry(reqwest::retry::never())
            .connect_timeout(options.connect)
            .tcp_nodelay(true)
            .pool_idle_timeout(Duration::from_secs(90))
            .http2_keep_alive_interval(Duration::from_secs(10))
            .http2_keep_alive_timeout(Duration::from_secs(5))
            .http2_keep_alive_while_idle(true)
            .http2_adaptive_window(true)
            .build()
            .map_err(|error| setup(error.to_string()))?;
        Ok(Self { way: Way::Https(http), target: Arc::new(target), tokens, options })
    }

    /// A client whose requests go another way than over the network.
    pub fn over(
        carrier: Arc<dyn Carrier>,
        target: Target,
        tokens: TokenSource,
        options: HttpOptions,
    ) -> Self {
        Self { way: Way::Other(carrier), target: Arc::new(target), tokens, options }
    }

    /// The server.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// The same client with another deadline per request.
    #[must_use]
    pub fn with_deadline(&self, deadline: Duration) -> Self {
        let options = HttpOptions { deadline, ..self.options };
        Self { options, ..self.clone() }
    }

    /// The same client that tries again when no connection comes about.
    #[must_use]
    pub fn with_connect_retries(&self, connect_retries: u32) -> Self {
        let options = HttpOptions { connect_retries, ..self.options };
        Self { options, ..self.clone() }
    }

    /// The same client for the papers of a closing: it asks for them in binary, takes large ones,
    /// and waits as long as given.
    #[must_use]
    pub fn for_papers(&self, deadline: Duration) -> Self {
        let reply_limit = paper::MOST_BYTES;
        let options = HttpOptions { deadline, reply_limit, papers: true, ..self.options };
        Self { options, ..self.clone() }
    }

    /// GET.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, HttpError> {
        self.request(Method::GET, path, None::<&()>).await
    }

    /// POST with a JSON body. Use `T = ()` where the reply has no body.
    pub async fn post<B: Serialize + ?Sized + Sync, T: DeserializeOwned>(
        &self,
        path: &str,
        body: &B,
    ) -> Result<T, HttpError> {
        self.request(Method::POST, path, Some(body)).await
    }

    /// POST without a body.
    pub async fn post_empty<T: DeserializeOwned>(&self, path: &str) -> Result<T, HttpError> {
        self.request(Method::POST, path, None::<&()>).await
    }

    /// Any method, with or without a JSON body.
    pub async fn request<B: Serialize + ?Sized + Sync, T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&B>,
    ) -> Result<T, HttpError> {
        let body = body.map(serde_json::to_vec).transpose().map_err(|error| HttpError::Setup {
            address: self.target.address.clone(),
            detail: error.to_string(),
        })?;
        self.exchange(method, path, body.map(|body| (Bytes::from(body), JSON))).await
    }

    /// Any method, with a paper as its body, as [`paper::encode`] gives it.
    pub async fn hand_over<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        paper: Bytes,
    ) -> Result<T, HttpError> {
        self.exchange(method, path, Some((paper, paper::MEDIA_TYPE))).await
    }

    async fn exchange<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<(Bytes, &'static str)>,
    ) -> Result<T, HttpError> {
        let until = Instant::now() + self.options.deadline;
        let exchange = async {
            let accept = if self.options.papers { paper::MEDIA_TYPE } else { JSON };
            let response = self.send(&method, path, body, accept).await?;
            let status = response.status().as_u16();
            let kind = response.headers().get(CONTENT_TYPE);
            let binary = kind.is_some_and(|kind| kind.as_bytes() == paper::MEDIA_TYPE.as_bytes());
            let text = self.read(response).await?;
            if binary {
                return paper::decode(&text).map_err(|error| self.unreadable(status, &error));
            }
            // A reply without a body stands for `()`.
            let text: &[u8] = if text.is_empty() { b"null" } else { &text };
            serde_json::from_slice(text).map_err(|error| self.unreadable(status, &error))
        };
        timeout_at(until, exchange).await.map_err(|_| self.timed_out())?
    }

    /// Follow a stream of server-sent events whose data is JSON. Ends with the server's end of it,
    /// or with the first error. The deadline is for the stream's beginning only.
    pub fn events<T: DeserializeOwned + Send + 'static>(
        &self,
        path: &str,
    ) -> BoxStream<'static, Result<T, HttpError>> {
        let (client, path) = (self.clone(), path.to_owned());
        let opening = async move {
            let until = Instant::now() + client.options.deadline;
            let sent = client.send(&Method::GET, &path, None, "text/event-stream");
            match timeout_at(until, sent).await {
                Ok(Ok(response)) => client.read_events(response),
                Ok(Err(error)) => stream::once(async { Err(error) }).boxed(),
                Err(_) => {
                    let error = client.timed_out();
                    stream::once(async { Err(error) }).boxed()
                }
            }
        };
        stream::once(opening).flatten().boxed()
    }

    /// POST a body of this kind for an answer of the same, which is read as it comes. The deadline is for
    /// its beginning only.
    pub(super) async fn open(
        &self,
        path: &str,
        body: Bytes,
        kind: &'static str,
    ) -> Result<Response, HttpError> {
        let sent = self.send(&Method::POST, path, Some((body, kind)), kind);
        let answer = tokio::time::timeout(self.options.deadline, sent).await;
        answer.map_err(|_| self.timed_out())?
    }

    /// Send, trying again as asked where no connection came about, and turn problems into errors.
    async fn send(
        &self,
        method: &Method,
        path: &str,
        body: Option<(Bytes, &'static str)>,
        accept: &'static str,
    ) -> Result<Response, HttpError> {
        let url = format!("https://{}{path}", self.target.address);
        let mut pause = RETRY_FIRST;
        let mut retries = self.options.connect_retries;
        loop {
            let request = self.request_to(&url, method, body.clone(), accept)?;
            let sent = match &self.way {
                Way::Https(client) => client.execute(request).await,
                Way::Other(carrier) => Ok(carrier.carry(&self.target, request).await?),
            };
            match sent {
                Ok(response) if response.status().is_success() => return Ok(response),
                Ok(response) => return Err(self.problem(response).await),
                Err(error) if error.is_connect() && retries > 0 => {
                    let error = self.reached(error);
                    // Another certificate will not turn into the right one by asking again.
                    if matches!(error, HttpError::WrongCertificate { .. }) {
                        return Err(error);
                    }
                    retries -= 1;
                    sleep(pause).await;
                    pause = (pause * 2).min(RETRY_LONGEST);
                }
                Err(error) => return Err(self.reached(error)),
            }
        }
    }

    fn request_to(
        &self,
        url: &str,
        method: &Method,
        body: Option<(Bytes, &'static str)>,
        accept: &'static str,
    ) -> Result<reqwest::Request, HttpError> {
        let setup =
            |detail: String| HttpError::Setup { address: self.target.address.clone(), detail };
        let url = reqwest::Url::parse(url).map_err(|error| setup(error.to_string()))?;
        let mut request = reqwest::Request::new(method.clone(), url);
        let headers = request.headers_mut();
        headers.insert(ACCEPT, HeaderValue::from_static(accept));
        if let Some(roster) = self.options.roster {
            let value = HeaderValue::try_from(roster.to_string())
                .map_err(|error| setup(error.to_string()))?;
            headers.insert(ROSTER_HEADER, value);
        }
        if let Some(token) = (self.tokens)() {
            let mut value = HeaderValue::try_from(format!("Bearer {token}"))
                .map_err(|error| setup(error.to_string()))?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        if let Some((body, kind)) = body {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
            *request.body_mut() = Some(body.into());
        }
        Ok(request)
    }

    async fn problem(&self, response: Response) -> HttpError {
        let status = response.status();
        let text = match self.read(response).await {
            Ok(text) => text,
            Err(error) => return error,
        };
        let problem = serde_json::from_slice::<Problem>(&text).unwrap_or_else(|_| {
            let mut problem = Problem::new(ProblemType::Other, status.to_string());
            problem.status = status.as_u16();
            problem
        });
        HttpError::Problem { target: self.target.address.clone(), problem: Box::new(problem) }
    }

    async fn read(&self, mut response: Response) -> Result<Bytes, HttpError> {
        let limit = self.options.reply_limit;
        let mut first = None;
        let mut all = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.reached(error))? {
            let so_far = all.len() + first.as_ref().map_or(0, Bytes::len);
            if so_far + chunk.len() > limit {
                return Err(self.too_large());
            }
            // Most replies come in one piece, which needs no copy.
            match first.take() {
                None if all.is_empty() => first = Some(chunk),
                None => all.extend_from_slice(&chunk),
                Some(beginning) => {
                    all.extend_from_slice(&beginning);
                    all.extend_from_slice(&chunk);
                }
            }
        }
        Ok(first.unwrap_or_else(|| all.freeze()))
    }

    fn read_events<T: DeserializeOwned + Send + 'static>(
        &self,
        response: Response,
    ) -> BoxStream<'static, Result<T, HttpError>> {
        let status = response.status().as_u16();
        // The parser keeps an event until it is whole; this counts what it keeps.
        let pending = Arc::new(AtomicUsize::new(0));
        let (client, counted) = (self.clone(), Arc::clone(&pending));
        let chunks = stream::unfold(Some(response), move |response| {
            let (client, counted) = (client.clone(), Arc::clone(&counted));
            async move {
                let mut response = response?;
                let chunk = client.next_chunk(&mut response, &counted).await.transpose()?;
                let rest = chunk.is_ok().then_some(response);
                Some((chunk, rest))
            }
        });
        let client = self.clone();
        let mut over = false;
        SseByteStream::new(chunks.boxed())
            .filter_map(move |event| {
                pending.store(0, Ordering::Relaxed);
                let decoded = client.event(status, event);
                async { decoded }
            })
            .take_while(move |item| {
                let go_on = !over;
                over = item.is_err();
                async move { go_on }
            })
            .boxed()
    }

    async fn next_chunk(
        &self,
        response: &mut Response,
        pending: &AtomicUsize,
    ) -> Result<Option<Bytes>, HttpError> {
        let silence = self.options.event_silence;
        let chunk = tokio::time::timeout(silence, response.chunk())
            .await
            .map_err(|_| HttpError::Timeout {
                address: self.target.address.clone(),
                after: silence,
            })?
            .map_err(|error| self.reached(error))?;
        if let Some(chunk) = &chunk {
            let waiting = pending.fetch_add(chunk.len(), Ordering::Relaxed) + chunk.len();
            if waiting > self.options.reply_limit {
                return Err(self.too_large());
            }
        }
        Ok(chunk)
    }

    /// The content of an event; `None` for comments and blocks without data.
    fn event<T: DeserializeOwned>(
        &self,
        status: u16,
        event: Result<Sse, sse_stream::Error>,
    ) -> Option<Result<T, HttpError>> {
        match event {
            Ok(event) => {
                let data = event.data.filter(|data| !data.is_empty())?;
                Some(serde_json::from_str(&data).map_err(|error| self.unreadable(status, &error)))
            }
            Err(sse_stream::Error::Body(inner)) => Some(Err(match inner.downcast::<HttpError>() {
                Ok(error) => *error,
                Err(other) => HttpError::of(&self.target.address, other.as_ref()),
            })),
            Err(error) => Some(Err(self.unreadable(status, &error))),
        }
    }

    fn reached(&self, error: reqwest::Error) -> HttpError {
        let timed_out = error.is_timeout();
        let address = &self.target.address;
        if error.is_builder() {
            return HttpError::Setup { address: address.clone(), detail: error.to_string() };
        }
        match HttpError::of(address, &error.without_url()) {
            HttpError::Network { .. } if timed_out => {
                HttpError::Timeout { address: address.clone(), after: self.options.connect }
            }
            error => error,
        }
    }

    fn timed_out(&self) -> HttpError {
        HttpError::Timeout { address: self.target.address.clone(), after: self.options.deadline }
    }

    fn too_large(&self) -> HttpError {
        HttpError::TooLarge {
            address: self.target.address.clone(),
            limit: self.options.reply_limit,
        }
    }

    fn unreadable(&self, status: u16, error: &dyn std::error::Error) -> HttpError {
        HttpError::Unreadable {
            address: self.target.address.clone(),
            status,
            detail: error.to_string(),
        }
    }
}
