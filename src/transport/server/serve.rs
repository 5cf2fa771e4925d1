//! Taking connections in at a bound port, and serving a router over each.
//!
//! In: a port, TLS or none, a router. Out: a handle that stops it. Every connection has a place
//! ([`super::connections`]) and a life ([`super::life`]); one that loses its place, or does not
//! live by requests, is cut off. So are slow handshakes and slow headers.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use rustls::ServerConfig;
use rustls::server::Acceptor;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use super::connections::{Connections, Counts, Place, Stage};
use super::fair::Fair;
use super::life::{End, Life, UNTAKEN};
use super::limits::{LimitOptions, Limits, Rate};
use super::listen::{ListenError, Listener};
use super::metrics::Figure;
use super::proxy::{self, Balancers};
use super::stream::{Placed, Socket};
use super::turns::Turns;
use crate::base::memory;

/// For a balancer's header and the TLS handshake together.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// For the head of a request of HTTP/1.1.
const HEADERS: Duration = Duration::from_secs(10);

/// Largest head of a request of HTTP/1.1.
const HEAD: usize = 16 << 10;

/// After so long without a frame a peer of HTTP/2 is asked whether it is there.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// Most requests that are open at one time on a connection of HTTP/2.
const STREAMS: u32 = 256;

/// How long a connection that has rested enough may take to say good-bye.
const GOOD_BYE: Duration = Duration::from_secs(1);

/// New connections of one address.
const NEW: Rate = Rate { burst: 10_000.0, per_second: 1_000.0 };

/// Sockets that may be open besides those with a place: they are being closed.
const SLACK: usize = 96;

/// Sockets whose balancer has not said yet whose they are.
const UNKNOWN: usize = 128;

/// How often memory is given back, where connections have gone.
const TIDY: Duration = Duration::from_secs(5);

/// How often where only the memory has grown, and by how much.
const RARELY: Duration = Duration::from_secs(30);
const GROWN: u64 = 32 << 20;

/// Fewer connections than these leave nothing worth giving back.
const WORTH: usize = 64;

/// What a port does beyond serving its router.
#[derive(Clone, Default)]
pub struct PortOptions {
    /// Where connections are as many as a port takes: else as few as a port for figures needs.
    pub small: bool,
    /// Whose word is taken about the addresses of connections.
    pub balancers: Balancers,
}

/// Most connections of a small port.
const SMALL: usize = 32;

struct Port {
    router: Router,
    tls: Option<Arc<ServerConfig>>,
    http: Builder<TokioExecutor>,
    balancers: Balancers,
    connections: Connections,
    answers: Arc<Fair>,
    /// New connections by address.
    rates: Limits,
    turns: Turns,
    sockets: Arc<AtomicUsize>,
    unknown: Arc<AtomicUsize>,
    stopping: CancellationToken,
    killed: CancellationToken,
    tasks: TaskTracker,
}

impl Port {
    /// Whether too many sockets are open that have no place.
    fn crowded(&self) -> bool {
        let unknown = self.unknown.load(Ordering::Relaxed);
        self.sockets.load(Ordering::Relaxed) > self.connections.count() + unknown + SLACK
    }
}

/// A port that is served. Dropping it leaves it so: stop it.
pub struct Serving {
    port: Arc<Port>,
    taking: JoinHandle<std::io::Result<()>>,
}

impl Serving {
    /// Serve a router on a bound port. Needs a tokio runtime.
    ///
    /// # Errors
    /// When the operating system takes the socket back.
    pub fn start(
        listener: Listener,
        tls: Option<Arc<ServerConfig>>,
        router: Router,
        options: PortOptions,
    ) -> Result<Self, ListenError> {
        let listener = listener.into_tokio()?;
        let rate = LimitOptions { address: NEW, ..LimitOptions::default() };
        let port = Arc::new(Port {
            router,
            tls,
            http: http(),
            balancers: options.balancers,
            connections: if options.small {
                Connections::small(SMALL)
            } else {
                Connections::default()
            },
            answers: Fair::new(UNTAKEN),
            rates: Limits::new(rate),
            turns: Turns::default(),
            sockets: Arc::default(),
            unknown: Arc::default(),
            stopping: CancellationToken::new(),
            killed: CancellationToken::new(),
            tasks: TaskTracker::new(),
        });
        tokio::spawn(tidy(Arc::downgrade(&port)));
        let taking = tokio::spawn(take(Arc::clone(&port), listener));
        Ok(Self { port, taking })
    }

    /// How the port is used.
    pub fn usage(&self) -> Usage {
        Usage(Arc::clone(&self.port))
    }

    /// Waits until it ends: without a word, by an error, or by a panic.
    pub async fn ended(&mut self) -> Result<std::io::Result<()>, tokio::task::JoinError> {
        (&mut self.taking).await
    }

    /// Take nothing more, let open requests end within the grace, and cut off the rest.
    pub async fn stop(self, grace: Duration) {
        self.port.stopping.cancel();
        self.port.tasks.close();
        // Whoever is not done by then has had the grace.
        let _ = timeout(grace, self.port.tasks.wait()).await;
        self.port.killed.cancel();
        let _ = timeout(grace, self.port.tasks.wait()).await;
        self.taking.abort();
    }
}

/// How a port is used. Cheap to clone.
#[derive(Clone)]
pub struct Usage(Arc<Port>);

impl Usage {
    /// Its connections.
    pub fn connections(&self) -> Counts {
        self.0.connections.counts()
    }

    /// Bytes of answers that strangers have yet to take.
    pub fn untaken(&self) -> usize {
        self.0.answers.taken()
    }
}

/// How the ports of a process are used, for `/metrics`.
pub fn figures(ports: &[Usage]) -> Vec<Figure> {
    let counts: Vec<Counts> = ports.iter().map(Usage::connections).collect();
    let figure =
        |name, help, kind, value: f64| Figure { name, help, kind, labels: Vec::new(), value };
    let sum = |value: &dyn Fn(&Counts) -> f64| counts.iter().map(value).sum::<f64>();
    let mut figures: Vec<Figure> = Stage::ALL
        .iter()
        .enumerate()
        .map(|(at, stage)| Figure {
            labels: vec![("stage", stage.word().to_owned())],
            ..figure(
                "gavel_connections",
                "Connections by how far they have come.",
                "gauge",
                sum(&|counts| counts.stages[at] as f64),
            )
        })
        .collect();
    figures.extend([
        figure(
            "gavel_connections_of_members",
            "Those that have proved a key of the roster.",
            "gauge",
            sum(&|counts| counts.members as f64),
        ),
        figure(
            "gavel_connections_displaced_total",
            "Connections that lost their place to a newcomer.",
            "counter",
            sum(&|counts| counts.displaced as f64),
        ),
        figure(
            "gavel_connections_refused_total",
            "Connections that found no place.",
            "counter",
            sum(&|counts| counts.refused as f64),
        ),
        figure(
            "gavel_strangers_answer_bytes",
            "Bytes of answers that others than members have yet to take.",
            "gauge",
            ports.iter().map(|port| port.untaken() as f64).sum(),
        ),
    ]);
    figures
}

fn http() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADERS).max_buf_size(HEAD);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(KEEP_ALIVE)
        .max_concurrent_streams(STREAMS);
    builder
}

/// Takes connections in until the port stops.
async fn take(port: Arc<Port>, listener: TcpListener) -> std::io::Result<()> {
    loop {
        let accepted = tokio::select! {
            biased;
            () = port.stopping.cancelled() => return Ok(()),
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => take_in(&port, stream, peer),
            // There are no files left, for example: some will be free again soon.
            Err(error) => {
                tracing::debug!(%error, "a connection was not taken in");
                sleep(Duration::from_millis(50)).await;
            }
        }
        // Those that have lost their place must be closed before many more are opened.
        while port.crowded() {
            sleep(Duration::from_millis(1)).await;
        }
    }
}

fn take_in(port: &Arc<Port>, stream: TcpStream, peer: SocketAddr) {
    let socket = Socket::new(&port.sockets);
    let killed = port.killed.clone();
    let task = Arc::clone(port);
    if port.balancers.contains(peer.ip()) {
        if port.unknown.load(Ordering::Relaxed) < UNKNOWN {
            let unknown = Socket::new(&port.unknown);
            let introduced = introduced(task, stream, peer, socket, unknown);
            port.tasks.spawn(async move { killed.run_until_cancelled(Box::pin(introduced)).await });
        }
    } else if let Some(place) = place(port, peer.ip()) {
        port.tasks.spawn(async move {
            let served = Box::pin(connection(task, stream, peer, place, socket));
            killed.run_until_cancelled(served).await;
        });
    }
}

/// A place for a connection, unless its address opens too many or there is none.
fn place(port: &Port, address: IpAddr) -> Option<Place> {
    port.rates.count_address(address, std::time::Instant::now()).ok()?;
    port.connections.take(address)
}

/// A connection that a balancer passes on, which says first whose it is.
async fn introduced(
    port: Arc<Port>,
    mut stream: TcpStream,
    balancer: SocketAddr,
    socket: Socket,
    unknown: Socket,
) {
    let peer = match timeout(HANDSHAKE, proxy::read(&mut stream)).await {
        Ok(Ok(peer)) => peer.unwrap_or(balancer),
        Ok(Err(error)) => {
            tracing::debug!(%balancer, %error, "a balancer did not say whose connection it is");
            return;
        }
        Err(_) => return,
    };
    let place = place(&port, peer.ip());
    drop(unknown);
    if let Some(place) = place {
        connection(port, stream, peer, place, socket).await;
    }
}

/// One connection, until it ends or is cut off.
async fn connection(
    port: Arc<Port>,
    stream: TcpStream,
    peer: SocketAddr,
    place: Place,
    socket: Socket,
) {
    let cut = place.cut();
    let life = Life::new(peer, place.progress(), Arc::clone(&port.answers));
    // Without it a small message waits for the acknowledgement of the one before.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let stream = Placed::new(stream, life.clone(), place, socket);
    let served = async {
        match &port.tls {
            None => {
                life.shake();
                speak(&port, stream, &life).await;
            }
            Some(tls) => {
                let shaken = shake(tls, stream, &port.turns, peer.ip());
                if let Ok(Ok(stream)) = timeout(HANDSHAKE, shaken).await {
                    life.shake();
                    speak(&port, stream, &life).await;
                }
            }
        }
    };
    cut.run_until_cancelled(served).await;
}

/// The TLS handshake. What the peer says first is waited for, then the address's turn.
async fn shake(
    tls: &Arc<ServerConfig>,
    stream: Placed,
    turns: &Turns,
    address: IpAddr,
) -> std::io::Result<TlsStream<Placed>> {
    let start = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
    let turn = turns.wait(address).await;
    let mut rest = start.into_stream(Arc::clone(tls));
    if let Poll::Ready(done) = futures_util::poll!(&mut rest) {
        return done;
    }
    // Other addresses come before the next handshake of this one.
    tokio::task::yield_now().await;
    drop(turn);
    rest.await
}

/// HTTP over a connection whose handshake is done.
async fn speak<S>(port: &Port, stream: S, life: &Life)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (router, of) = (port.router.clone(), life.clone());
    let service = service_fn(move |request: Request<Incoming>| {
        let (router, crowded) = (router.clone(), of.is_crowded());
        let open = of.open();
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(of.peer()));
        request.extensions_mut().insert(of.clone());
        async move {
            if crowded {
                return Ok(open.crowded());
            }
            let answered: Result<_, Infallible> = router.oneshot(request).await;
            answered.map(|response| open.answer(response))
        }
    });
    let connection = port.http.serve_connection_with_upgrades(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let end = tokio::select! {
        // How it ended concerns nobody but the peer.
        _ = connection.as_mut() => return,
        () = port.stopping.cancelled() => None,
        end = life.over() => Some(end),
    };
    let grace = match end {
        Some(End::Late) => return,
        Some(End::Rested) => GOOD_BYE,
        // Whoever stops the port cuts the rest off.
        None => Duration::MAX,
    };
    connection.as_mut().graceful_shutdown();
    let _ = timeout(grace, connection).await;
}

/// Gives memory back to the operating system once many connections have gone, and now and then
/// where there is much more of it than the last time.
async fn tidy(port: std::sync::Weak<Port>) {
    let (mut most, mut last, mut least) = (0, Instant::now(), memory::resident());
    loop {
        sleep(TIDY).await;
        let Some(port) = port.upgrade() else { return };
        if port.killed.is_cancelled() {
            return;
        }
        let now = port.connections.count();
        most = most.max(now);
        let gone = most >= WORTH && now < most / 2;
        let grown = memory::resident().zip(least).is_some_and(|(now, then)| now > then + GROWN);
        if gone || (grown && last.elapsed() >= RARELY) {
            drop(tokio::task::spawn_blocking(memory::give_back).await);
            (most, last, least) = (now, Instant::now(), memory::resident());
        }
    }
}
