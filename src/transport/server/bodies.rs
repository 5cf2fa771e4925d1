//! The bodies of strangers' requests, read before anything else is done for them.
//!
//! A request takes its place among those at work when its body is in, so a body that comes slowly
//! keeps nobody else out. A body must keep up a least rate. What has come of all bodies is bounded,
//! and shared fairly by addresses.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::Request;
use http_body_util::BodyExt as _;
use tokio::time::{Instant, timeout_at};

use super::fair::{Fair, Share};
use super::reply::{Peer, Refusal, SILENCE, WHOLE, slow};
use crate::wire::problem::ProblemType;

/// Bytes a second that a body must bring, on the average, once it is older than [`SILENCE`].
const LEAST_RATE: f64 = 1024.0;

/// Largest body of a stranger: what no route of either server exceeds for one.
const LARGEST: usize = 4 << 20;

/// What a body counts for besides its bytes: a stream and a task.
const EACH: usize = 8 << 10;

/// Most bytes of bodies that have come, or are coming.
const MOST: usize = 64 << 20;

/// The bodies of one server.
pub struct Bodies(Arc<Fair>);

impl Default for Bodies {
    fn default() -> Self {
        Self(Fair::new(MOST))
    }
}

impl Bodies {
    /// Bytes that are held for bodies.
    pub fn held(&self) -> usize {
        self.0.taken()
    }

    /// The request with its whole body in memory, and the share it has of the memory for bodies.
    ///
    /// # Errors
    /// When it is too large, too slow, or its address has too much under way.
    pub async fn read(&self, request: Request) -> Result<(Request, Option<Share>), Refusal> {
        if request.body().is_end_stream() {
            return Ok((request, None));
        }
        let busy = || {
            Refusal::new(
                ProblemType::Unavailable,
                "the server has too many requests of this address to read; try again in a second",
            )
            .retry_after(1)
        };
        let too_large =
            || Refusal::new(ProblemType::TooLarge, "the body is larger than this request allows");
        if request.body().size_hint().lower() > LARGEST as u64 {
            return Err(too_large());
        }
        let address = Peer::of(request.extensions()).0;
        let mut share = self.0.take(address, EACH).ok_or_else(busy)?;
        let (parts, mut body) = request.into_parts();
        let begun = Instant::now();
        let (mut pieces, mut count) = (Vec::new(), 0_usize);
        while let Some(frame) =
            timeout_at(due(begun, count), body.frame()).await.map_err(|_| slow())?
        {
            let broken =
                |error: axum::Error| Refusal::new(ProblemType::BadRequest, error.to_string());
            let Ok(bytes) = frame.map_err(broken)?.into_data() else { continue };
            count += bytes.len();
            if count > LARGEST {
                return Err(too_large());
            }
            if !share.grow(bytes.len()) {
                return Err(busy());
            }
            pieces.push(bytes);
        }
        Ok((Request::from_parts(parts, Body::from(whole(pieces))), Some(share)))
    }
}

/// Until when the next piece of a body must have come.
fn due(begun: Instant, count: usize) -> Instant {
    let earned = Duration::from_secs_f64(count as f64 / LEAST_RATE);
    (Instant::now() + SILENCE).min(begun + (SILENCE + earned).min(WHOLE))
}

/// Most bodies come in one piece, which needs no copy.
fn whole(mut pieces: Vec<Bytes>) -> Bytes {
    match pieces.len() {
        1 => pieces.swap_remove(0),
        _ => pieces.concat().into(),
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{StreamExt as _, stream};

    use crate::transport::server::bodies::*;

    /// A body of pieces of this size, one in every `pause`.
    fn dripping(pieces: usize, size: usize, pause: Duration) -> Request {
        let pieces = stream::iter(0..pieces).then(move |_| async move {
            tokio::time::sleep(pause).await;
            Ok::<_, std::convert::Infallible>(Bytes::from(vec![7; size]))
        });
        Request::new(Body::from_stream(pieces))
    }

    /// How it went: the body's length, or the refusal with the time it took.
    async fn read(bodies: &Bodies, request: Request) -> Result<usize, (ProblemType, u64)> {
        let begun = Instant::now();
        match bodies.read(request).await {
            Ok((request, _)) => Ok(request.into_body().collect().await.unwrap().to_bytes().len()),
            Err(refusal) => Err((refusal.0.kind, begun.elapsed().as_secs())),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_must_keep_up_a_rate() {
        let bodies = Bodies::default();
        let seconds = Duration::from_secs;
        assert_eq!(read(&bodies, Request::new(Body::empty())).await, Ok(0));
        assert_eq!(read(&bodies, dripping(40, 2048, seconds(1))).await, Ok(40 * 2048));
        let slow = ProblemType::BadRequest;
        // A byte every four seconds is less than a kilobyte a second.
        assert_eq!(read(&bodies, dripping(1_000, 1, seconds(4))).await, Err((slow, 10)));
        assert_eq!(read(&bodies, dripping(2, 1 << 20, seconds(11))).await, Err((slow, 10)));
        assert_eq!(read(&bodies, dripping(1_000, 8192, seconds(4))).await, Err((slow, 120)));
        assert_eq!(bodies.held(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_is_too_large_is_not_read_to_its_end() {
        let bodies = Bodies::default();
        let endless = dripping(1_000, 1 << 20, Duration::ZERO);
        assert_eq!(read(&bodies, endless).await, Err((ProblemType::TooLarge, 0)));
        let announced = Request::new(Body::from(vec![0; LARGEST + 1]));
        assert_eq!(read(&bodies, announced).await, Err((ProblemType::TooLarge, 0)));
    }

    #[tokio::test(start_paused = true)]
    async fn one_address_leaves_memory_for_the_bodies_of_others() {
        let bodies = Arc::new(Bodies::default());
        let from = |last: u8, mut request: Request| {
            let peer = std::net::SocketAddr::from(([192, 0, 2, last], 1));
            request.extensions_mut().insert(axum::extract::ConnectInfo(peer));
            request
        };
        // Bodies that are nearly in, and then rest as long as they may.
        let nearly = || dripping(2, 2 << 20, Duration::from_secs(9));
        for number in 0..100 {
            let (bodies, request) = (Arc::clone(&bodies), from(number % 4, nearly()));
            tokio::spawn(async move { read(&bodies, request).await });
        }
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert!(bodies.held() <= MOST, "{}", bodies.held());
        let bid = from(77, dripping(1, 5 << 10, Duration::ZERO));
        assert_eq!(read(&bodies, bid).await, Ok(5 << 10));
        let fifth = from(1, dripping(1, 4 << 20, Duration::ZERO));
        assert!(matches!(read(&bodies, fifth).await, Err((ProblemType::Unavailable, _))));
    }
}
