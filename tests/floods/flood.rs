//! The floods: each keeps some connections to every server, and makes new ones for those that are
//! cut off.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use gavel::session::SessionId;
use gavel::transport;
use gavel::wire::paths;
use rustls::ClientConfig;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::runtime::{Builder, Runtime};
use tokio::time::sleep;

use super::replacements::Replacements;
use super::wire::{self, PING, PREFACE};

/// Before a connection that was cut off is made again.
const AGAIN: Duration = Duration::from_secs(2);

/// A server that is flooded.
#[derive(Clone)]
pub struct Target {
    address: SocketAddr,
    first: Arc<ClientConfig>,
    second: Arc<ClientConfig>,
    /// What anybody may ask for, and where anybody may post something.
    get: &'static str,
    post: String,
    /// What replaces bids there, at a node.
    replacements: Option<Arc<Replacements>>,
}

impl Target {
    /// A node, where there are bids to replace, or a coordinator.
    pub fn of(target: &transport::Target, replacements: Option<Arc<Replacements>>) -> Self {
        let address = target.address.parse().unwrap();
        let (first, second) = (wire::tls(target, false), wire::tls(target, true));
        let (get, post) = if replacements.is_none() {
            (paths::HEALTH, paths::LOGIN.to_owned())
        } else {
            (paths::NODE_HEALTH, paths::of(paths::NODE_ENVELOPES, SessionId([7; 16])))
        };
        Self { address, first, second, get, post, replacements }
    }
}

/// What is done to a server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flood {
    /// The handshake, and nothing more.
    Silent,
    /// HTTP/2, and pings only.
    Pings,
    /// A head that never ends.
    SlowHeads,
    /// A hundred bodies on each connection, a byte every four seconds.
    SlowBodies,
    /// Half a handshake.
    HalfOpen,
    /// Requests that are reset at once.
    Resets,
    /// Logins with names that nobody has, from requests that are given up.
    Logins,
    /// Bids that are replaced and replaced.
    Replacements,
    /// Long answers that are never taken.
    Untaken,
    /// Connections, as many as there can be.
    Connections,
}

impl Flood {
    pub const ALL: [Self; 10] = [
        Self::Silent,
        Self::Pings,
        Self::SlowHeads,
        Self::SlowBodies,
        Self::HalfOpen,
        Self::Resets,
        Self::Logins,
        Self::Replacements,
        Self::Untaken,
        Self::Connections,
    ];

    /// Connections that the whole flood keeps to each server.
    pub const fn whole(self) -> usize {
        match self {
            Self::Connections => 4_700,
            Self::Silent | Self::Pings | Self::HalfOpen | Self::SlowHeads => 2_500,
            Self::SlowBodies => 100,
            Self::Untaken => 200,
            Self::Resets | Self::Logins | Self::Replacements => 16,
        }
    }

    /// Of so many connections to each server, those that this flood makes beside the others.
    const fn part(self, many: usize) -> usize {
        match self {
            Self::Resets | Self::Logins | Self::Replacements => many / 30,
            Self::SlowBodies | Self::Untaken => many / 10,
            Self::Silent | Self::Pings | Self::SlowHeads => many / 3,
            Self::HalfOpen | Self::Connections => many,
        }
    }

    /// Begin, from so many addresses, in a thread of its own: who bids elsewhere has other
    /// processors than the flood.
    pub fn start(self, targets: &[Target], addresses: u8, many: usize) -> Running {
        let made = Arc::new(AtomicU64::new(0));
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let many = if many == self.whole() { many } else { self.part(many).max(1) };
        for target in targets {
            for number in 0..many {
                let from = wire::address(u8::try_from(number % usize::from(addresses)).unwrap());
                let (target, made) = (target.clone(), Arc::clone(&made));
                runtime.spawn(async move {
                    loop {
                        // Whatever ends it, there is another one.
                        let _ = self.once(&target, from, &made).await;
                        sleep(AGAIN).await;
                    }
                });
            }
        }
        Running { runtime: Some(runtime), made }
    }

    /// One connection, as long as it lasts.
    async fn once(self, to: &Target, from: IpAddr, made: &AtomicU64) -> std::io::Result<()> {
        if matches!(self, Self::HalfOpen | Self::Connections) {
            let mut stream = wire::connect(from, to.address).await?;
            made.fetch_add(1, Ordering::Relaxed);
            if self == Self::HalfOpen {
                stream.write_all(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03").await?;
            }
            return drain(&mut stream).await;
        }
        if self == Self::Replacements && to.replacements.is_none() {
            return std::future::pending().await;
        }
        let first = matches!(self, Self::SlowHeads | Self::Replacements);
        let config = if first { &to.first } else { &to.second };
        let mut stream = wire::secure(from, to.address, config).await?;
        made.fetch_add(1, Ordering::Relaxed);
        match self {
            Self::Silent => drain(&mut stream).await,
            Self::SlowHeads => drip(stream, b"GET /v1/health HTTP/1.1\r\n", b"x", 1).await,
            Self::Pings => drip(stream, PREFACE, PING, 1).await,
            Self::SlowBodies => {
                let mut opening = PREFACE.to_vec();
                let mut bytes = Vec::new();
                for number in 0..100 {
                    opening.extend(wire::head(2 * number + 1, "POST", &to.post, false));
                    bytes.extend(wire::frame(0, 0, 2 * number + 1, b"{"));
                }
                drip(stream, &opening, &bytes, 4).await
            }
            Self::Untaken => {
                // No byte of an answer's body may come.
                let mut opening = PREFACE[..24].to_vec();
                opening.extend(wire::frame(4, 0, 0, &[0, 4, 0, 0, 0, 0]));
                for number in 0..100 {
                    let path = gavel::wire::openapi::DOCUMENT;
                    opening.extend(wire::head(2 * number + 1, "GET", path, true));
                }
                drip(stream, &opening, PING, 1).await
            }
            Self::Replacements => {
                let (mut read, mut write) = tokio::io::split(stream);
                let replaced = async {
                    while let Some(replacements) = &to.replacements {
                        write.write_all(replacements.next()).await?;
                        made.fetch_add(1, Ordering::Relaxed);
                        sleep(Duration::from_millis(5)).await;
                    }
                    Ok(())
                };
                tokio::select! {
                    ended = replaced => ended,
                    ended = drain(&mut read) => ended,
                }
            }
            Self::Resets | Self::Logins => {
                let (mut read, mut write) = tokio::io::split(stream);
                let resets = async {
                    write.write_all(PREFACE).await?;
                    for number in 0_u32.. {
                        write.write_all(&self.given_up(to, 2 * number + 1)).await?;
                        made.fetch_add(1, Ordering::Relaxed);
                        if number % 20 == 0 {
                            sleep(Duration::from_millis(5)).await;
                        }
                    }
                    Ok(())
                };
                tokio::select! {
                    ended = resets => ended,
                    ended = drain(&mut read) => ended,
                }
            }
            Self::HalfOpen | Self::Connections => unreachable!("they need no handshake"),
        }
    }

    /// A request that is reset.
    fn given_up(self, to: &Target, stream: u32) -> Vec<u8> {
        let reset = wire::frame(3, 0, stream, &[0, 0, 0, 8]);
        if self == Self::Resets {
            return [wire::head(stream, "GET", to.get, true), reset].concat();
        }
        let body = format!("{{\"name\":\"nobody {stream}\",\"password\":\"correct horse\"}}");
        let body = wire::frame(0, 1, stream, body.as_bytes());
        [wire::head(stream, "POST", &to.post, false), body, reset].concat()
    }
}

/// A flood that runs until this is dropped.
pub struct Running {
    runtime: Option<Runtime>,
    made: Arc<AtomicU64>,
}

impl Running {
    /// Connections, or requests, so far.
    pub fn made(&self) -> u64 {
        self.made.load(Ordering::Relaxed)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Take whatever comes, until the other side has enough.
async fn drain<S: AsyncRead + Unpin>(stream: &mut S) -> std::io::Result<()> {
    let mut bytes = [0; 1024];
    while stream.read(&mut bytes).await? > 0 {}
    Ok(())
}

/// Say something, and then a little every few seconds.
async fn drip<S: AsyncRead + AsyncWrite>(
    stream: S,
    opening: &[u8],
    then: &[u8],
    seconds: u64,
) -> std::io::Result<()> {
    let (mut read, mut write) = tokio::io::split(stream);
    let drips = async {
        write.write_all(opening).await?;
        loop {
            write.flush().await?;
            sleep(Duration::from_secs(seconds)).await;
            write.write_all(then).await?;
        }
    };
    tokio::select! {
        ended = drips => ended,
        ended = drain(&mut read) => ended,
    }
}
