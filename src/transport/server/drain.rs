//! Reads what a refused request left unread of its body.
//!
//! A request that is refused by its head alone leaves its body unread. A server that answers and
//! closes the connection then may cut off its own answer, and in any case the connection cannot be
//! used again. So a short rest is read and thrown away; a long or slow one is not.

use crate::base::lock;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::header::EXPECT;
use http_body_util::BodyExt as _;
use hyper::body::{Frame, SizeHint};

/// Most bytes that are thrown away: as many as the longest bodies have that people send, so that
/// whoever may not send one is told so.
const MOST: usize = 4 << 20;

/// Longest time for it.
const LONGEST: Duration = Duration::from_secs(2);

/// What a handler leaves unread of a body, which comes back here when the handler is done.
#[derive(Default)]
pub struct Unread(Arc<Mutex<Option<Body>>>);

/// A body on loan to a handler.
struct LentBody {
    body: Option<Body>,
    back: Arc<Mutex<Option<Body>>>,
}

impl HttpBody for LentBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        match &mut self.get_mut().body {
            Some(body) => Pin::new(body).poll_frame(context),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(SizeHint::default, HttpBody::size_hint)
    }
}

impl Drop for LentBody {
    fn drop(&mut self) {
        *lock(&self.back) = self.body.take();
    }
}

impl Unread {
    /// The request with its body on loan. Whoever waits to be told to go on before sending the body
    /// (`Expect: 100-continue`) sends none that is not asked for, so nothing is read then.
    pub fn of(request: Request) -> (Self, Request) {
        let unread = Self::default();
        if request.headers().contains_key(EXPECT) {
            return (unread, request);
        }
        let back = Arc::clone(&unread.0);
        (unread, request.map(|body| Body::new(LentBody { body: Some(body), back })))
    }

    /// Read a short rest and throw it away.
    pub async fn discard(self) {
        let Some(mut body) = lock(&self.0).take() else {
            return;
        };
        if body.is_end_stream() || body.size_hint().lower() > MOST as u64 {
            return;
        }
        let read = async {
            let mut count = 0;
            while let Some(Ok(frame)) = body.frame().await {
                count += frame.data_ref().map_or(0, Bytes::len);
                if count > MOST {
                    break;
                }
            }
        };
        let _ = tokio::time::timeout(LONGEST, read).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::{StreamExt as _, stream};

    use crate::transport::server::drain::*;

    /// A body of pieces of 64 KiB that counts how many were read.
    fn counted(pieces: usize) -> (Body, Arc<AtomicUsize>) {
        let read = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&read);
        let pieces = stream::iter(0..pieces).map(move |_| {
            counter.fetch_add(1, Ordering::Relaxed);
            Ok::<_, std::convert::Infallible>(Bytes::from(vec![0; 64 << 10]))
        });
        (Body::from_stream(pieces), read)
    }

    #[tokio::test]
    async fn a_short_rest_is_read_and_a_long_one_is_not() {
        for (pieces, expected) in [(60, 60), (1000, 65)] {
            let (body, read) = counted(pieces);
            let (unread, request) = Unread::of(Request::new(body));
            drop(request);
            unread.discard().await;
            assert_eq!(read.load(Ordering::Relaxed), expected);
        }
    }

    #[tokio::test]
    async fn a_rest_that_does_not_come_is_not_waited_for() {
        tokio::time::pause();
        let never = stream::pending::<Result<Bytes, std::convert::Infallible>>();
        let (unread, request) = Unread::of(Request::new(Body::from_stream(never)));
        drop(request);
        let begun = tokio::time::Instant::now();
        unread.discard().await;
        let took = begun.elapsed();
        assert!((LONGEST..LONGEST + Duration::from_millis(10)).contains(&took), "{took:?}");
    }

    #[tokio::test]
    async fn a_body_that_was_read_leaves_nothing() {
        let (body, read) = counted(2);
        let (unread, request) = Unread::of(Request::new(body));
        assert_eq!(request.into_body().collect().await.unwrap().to_bytes().len(), 128 << 10);
        unread.discard().await;
        assert_eq!(read.load(Ordering::Relaxed), 2);
    }
}
