//! How long a connection may go on, and what it may cost meanwhile.
//!
//! A connection lives by its requests. It must make the first one soon, and may rest a while
//! without an open one; PING frames and the like are no sign of life. An answer must be taken in
//! reasonable time. What waits to be taken of answers to strangers is bounded, and shared fairly by
//! addresses. Connections of the roster's members are watched for rest only.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::response::{IntoResponse as _, Response};
use hyper::body::{Frame, SizeHint};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::connections::{Progress, Stage};
use super::fair::{Fair, Share};
use super::reply::Refusal;
use crate::base::lock;
use crate::wire::problem::ProblemType;

/// Until the first request, after the handshake.
pub const FIRST: Duration = Duration::from_secs(10);

/// Without an open request, after the first one.
pub const REST: Duration = Duration::from_secs(60);

/// For taking an answer, besides a second for every so many bytes of it.
const TAKE: Duration = Duration::from_secs(30);
const TAKE_RATE: u64 = 16 << 10;

/// Bytes that may come while no request is open: the head of the next one, some frames, and what
/// was under way of the body of one that has been refused.
const IDLE_BYTES: usize = 2 << 20;

/// Requests that a stranger's connection may have open at one time.
const OPEN: usize = 100;

/// Requests that a connection may give up before they are answered.
const GIVEN_UP: u32 = 200;

/// Most bytes of answers that strangers have yet to take.
pub const UNTAKEN: usize = 64 << 20;

/// What a larger answer counts for: the largest are records, whose bytes all share who take them.
const LARGE: usize = UNTAKEN / 8;

/// One connection's life, known to whoever serves it. Cheap to clone.
#[derive(Clone)]
pub struct Life(Arc<Inner>);

struct Inner {
    peer: SocketAddr,
    progress: Progress,
    answers: Arc<Fair>,
    member: AtomicBool,
    open: AtomicUsize,
    idle_bytes: AtomicUsize,
    given_up: AtomicU32,
    /// Told when too many requests have been given up.
    wasted: Notify,
    state: Mutex<State>,
}

struct State {
    /// When the last request ended, or the handshake did.
    resting: Instant,
    asked: bool,
    /// When answers must have been taken, each with a number of its own.
    due: BTreeSet<(Instant, u64)>,
    next: u64,
}

/// Why a connection comes to its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// It has rested long enough, and may say good-bye.
    Rested,
    /// It keeps silent, does not take its answers, or wastes requests.
    Late,
}

/// An open request. Ends when dropped.
pub struct Open {
    life: Life,
    answered: bool,
    due: Option<(Instant, u64)>,
}

impl Life {
    /// A connection that has just come.
    pub fn new(peer: SocketAddr, progress: Progress, answers: Arc<Fair>) -> Self {
        let state = State { resting: Instant::now(), asked: false, due: BTreeSet::new(), next: 0 };
        Self(Arc::new(Inner {
            peer,
            progress,
            answers,
            member: AtomicBool::new(false),
            open: AtomicUsize::new(0),
            idle_bytes: AtomicUsize::new(0),
            given_up: AtomicU32::new(0),
            wasted: Notify::new(),
            state: Mutex::new(state),
        }))
    }

    /// Whose it is, as far as an address says.
    pub fn peer(&self) -> SocketAddr {
        self.0.peer
    }

    /// The handshake is done: from now on a request is waited for.
    pub fn shake(&self) {
        lock(&self.0.state).resting = Instant::now();
        self.0.progress.reach(Stage::Silent);
    }

    /// A request has proved a key of the roster: the connection is a member's.
    pub fn prove(&self) {
        if !self.0.member.swap(true, Ordering::Relaxed) {
            self.0.progress.prove();
        }
    }

    /// Whether it is a member's.
    pub fn is_member(&self) -> bool {
        self.0.member.load(Ordering::Relaxed)
    }

    /// Whether so many more bytes may come now.
    pub fn may_read(&self, bytes: usize) -> bool {
        if self.0.open.load(Ordering::Relaxed) > 0 || self.is_member() {
            return true;
        }
        self.0.idle_bytes.fetch_add(bytes, Ordering::Relaxed) + bytes <= IDLE_BYTES
    }

    /// Whether so many requests are open that a stranger may not make another one.
    pub fn is_crowded(&self) -> bool {
        !self.is_member() && self.0.open.load(Ordering::Relaxed) >= OPEN
    }

    /// A request has begun.
    pub fn open(&self) -> Open {
        self.0.idle_bytes.store(0, Ordering::Relaxed);
        lock(&self.0.state).asked = true;
        if self.0.open.fetch_add(1, Ordering::Relaxed) == 0 {
            self.0.progress.reach(Stage::AtWork);
        }
        Open { life: self.clone(), answered: false, due: None }
    }

    /// Waits until the connection must end.
    pub async fn over(&self) -> End {
        loop {
            let (due, end) = self.due();
            // What begins while this sleeps may be due no earlier than that.
            let look_again = Instant::now() + FIRST;
            if due <= Instant::now() {
                return end;
            }
            tokio::select! {
                () = sleep_until(due.min(look_again)) => {}
                () = self.0.wasted.notified() => {}
            }
        }
    }

    /// When it must end as things stand, and how.
    fn due(&self) -> (Instant, End) {
        if self.0.given_up.load(Ordering::Relaxed) > GIVEN_UP && !self.is_member() {
            return (Instant::now(), End::Late);
        }
        let state = lock(&self.0.state);
        if self.0.open.load(Ordering::Relaxed) > 0 {
            let never = Instant::now() + REST;
            return (state.due.first().map_or(never, |(due, _)| *due), End::Late);
        }
        if state.asked {
            (state.resting + REST, End::Rested)
        } else {
            (state.resting + FIRST, End::Late)
        }
    }
}

impl Open {
    /// What a request is answered that is one too many of its connection.
    pub fn crowded(self) -> Response {
        let refusal = Refusal::new(
            ProblemType::Unavailable,
            format!("a connection may have {OPEN} requests open; wait for some of them"),
        );
        self.answer(refusal.retry_after(1).into_response())
    }

    /// The answer, which keeps the request open until it has been taken; or a refusal where too
    /// much waits to be taken already.
    pub fn answer(mut self, response: Response) -> Response {
        self.answered = true;
        if self.life.is_member() {
            return response.map(|body| {
                Body::new(Answer { body, held: Arc::new(Held { _open: self, _share: None }) })
            });
        }
        let size = response.body().size_hint().exact();
        let mut response = response;
        let mut share = None;
        if let Some(size) = size {
            let amount = usize::try_from(size).unwrap_or(usize::MAX).min(LARGE);
            share = self.life.0.answers.take(self.life.peer().ip(), amount);
            if share.is_none() && amount > 0 {
                response = Refusal::new(
                    ProblemType::Unavailable,
                    "this address has too many answers to take yet; try again in a second",
                )
                .retry_after(1)
                .into_response();
            }
            self.expect(TAKE + Duration::from_secs(size / TAKE_RATE));
        }
        let held = Arc::new(Held { _open: self, _share: share });
        response.map(|body| Body::new(Answer { body, held }))
    }

    /// The answer must be taken within so long.
    fn expect(&mut self, within: Duration) {
        let mut state = lock(&self.life.0.state);
        state.next += 1;
        let due = (Instant::now() + within, state.next);
        state.due.insert(due);
        self.due = Some(due);
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let life = &self.life.0;
        if !self.answered && life.given_up.fetch_add(1, Ordering::Relaxed) >= GIVEN_UP {
            life.wasted.notify_one();
        }
        let mut state = lock(&life.state);
        if let Some(due) = self.due {
            state.due.remove(&due);
        }
        state.resting = Instant::now();
        drop(state);
        if life.open.fetch_sub(1, Ordering::Relaxed) == 1 {
            life.progress.reach(Stage::Idle);
        }
    }
}

/// What lives as long as bytes of an answer have not gone out.
struct Held {
    _open: Open,
    _share: Option<Share>,
}

/// An answer's body.
struct Answer {
    body: Body,
    held: Arc<Held>,
}

/// Bytes of an answer on their way out.
struct Piece {
    bytes: Bytes,
    _held: Arc<Held>,
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let answer = self.get_mut();
        let held = &answer.held;
        let piece = |bytes| Bytes::from_owner(Piece { bytes, _held: Arc::clone(held) });
        Pin::new(&mut answer.body)
            .poll_frame(context)
            .map(|frame| frame.map(|frame| frame.map(|frame| frame.map_data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use http_body_util::BodyExt as _;

    use crate::transport::server::connections::{Connections, Place};
    use crate::transport::server::life::*;

    /// A connection after its handshake, with what holds its place.
    fn shaken() -> (Life, Place) {
        let place = Connections::default().take([192, 0, 2, 1].into()).unwrap();
        let peer = SocketAddr::from(([192, 0, 2, 1], 4711));
        let life = Life::new(peer, place.progress(), Fair::new(3_000));
        life.shake();
        (life, place)
    }

    /// How it ends if nothing more happens, and after how many seconds.
    async fn end(life: &Life) -> (End, u64) {
        let begun = Instant::now();
        (life.over().await, begun.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn who_says_nothing_is_cut_off_soon() {
        let (life, _place) = shaken();
        assert_eq!(end(&life).await, (End::Late, FIRST.as_secs()));
    }

    #[tokio::test(start_paused = true)]
    async fn pings_are_no_sign_of_life_and_too_many_are_no_good() {
        let (life, _place) = shaken();
        for _ in 0..IDLE_BYTES / 17 {
            assert!(life.may_read(17));
        }
        assert_eq!(end(&life).await, (End::Late, FIRST.as_secs()));
        assert!(!life.may_read(17));
        // The next request is a new start.
        drop(life.open());
        assert!(life.may_read(17));
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_may_rest_a_while_after_a_request_and_goes_on_while_one_is_open() {
        let (life, _place) = shaken();
        let open = life.open();
        let waited = tokio::time::timeout(Duration::from_secs(600), life.over()).await;
        assert!(waited.is_err(), "its deadline is the handler's");
        drop(open.answer(StatusCode::NO_CONTENT.into_response()));
        assert_eq!(end(&life).await, (End::Rested, REST.as_secs()));
    }

    #[test]
    fn a_strangers_connection_has_so_many_requests_and_a_members_more() {
        let (life, _place) = shaken();
        let open: Vec<Open> = (0..OPEN).map(|_| life.open()).collect();
        assert!(life.is_crowded());
        assert_eq!(life.open().crowded().status(), StatusCode::SERVICE_UNAVAILABLE);
        life.prove();
        assert!(!life.is_crowded());
        drop(open);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_must_be_taken() {
        let (life, place) = shaken();
        let answer = life.open().answer("x".repeat(2_000).into_response());
        let mut body = answer.into_body();
        // What has been handed to the connection, and has not gone out, still counts.
        let piece = body.frame().await.unwrap().unwrap().into_data().unwrap();
        drop(body);
        assert_eq!(place.progress().stage(), Some(Stage::AtWork));
        let more = life.open().answer("x".repeat(1_001).into_response());
        assert_eq!(more.status(), StatusCode::SERVICE_UNAVAILABLE);
        drop(more);
        assert_eq!(end(&life).await, (End::Late, TAKE.as_secs()));
        drop(piece);
        assert_eq!(end(&life).await, (End::Rested, REST.as_secs()));
        assert_eq!(life.0.answers.taken(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn who_gives_up_one_request_after_the_other_is_cut_off_and_a_member_is_not() {
        for (member, expected) in [(false, (End::Late, 0)), (true, (End::Rested, REST.as_secs()))] {
            let (life, _place) = shaken();
            if member {
                life.prove();
            }
            for _ in 0..=GIVEN_UP {
                drop(life.open());
            }
            assert_eq!(end(&life).await, expected);
        }
    }
}
