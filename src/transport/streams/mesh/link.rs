//! Reading, writing and heartbeat over one stream, in one task: TLS lets only one of them at its
//! state at a time anyway, and one task needs no waiting for a lock.

use std::collections::VecDeque;
use std::io;
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until, timeout};
use zeroize::Zeroize as _;

use super::super::frame::{Frame, FrameError, HEADER_BYTES, Kind, make_room};
use super::super::upgrade::BoxIo;
use super::peer::{Peer, Queued};
use super::registry::Registry;
use super::shared::Shared;
use crate::base::lock;
use crate::sharing::NodeIndex;

/// Room that is made for reading.
const READ_CHUNK: usize = 64 << 10;
/// Less room than a TLS record is not worth a read.
const READ_LEAST: usize = 16 << 10;
/// Larger payloads are written from where they are, without a copy.
const WRITTEN_IN_PLACE: usize = 16 << 10;
/// Room for frames that are put together.
const JOINED: usize = 64 << 10;
/// Bytes that are written before room is given back.
const BATCH: usize = 512 << 10;
/// How long a closing link waits for the other side's last bytes.
const FAREWELL: Duration = Duration::from_millis(200);

/// Why a link ended.
#[derive(Debug, thiserror::Error)]
enum LinkError {
    #[error("the node closed the stream")]
    ClosedByPeer,
    #[error("the stream broke: {0}")]
    Io(#[from] io::Error),
    #[error(transparent)]
    Frame(#[from] FrameError),
    #[error("nothing came for {0:?}")]
    Silent(Duration),
}

/// Serve a stream until it ends.
pub(super) async fn run(shared: &Shared, node: NodeIndex, io: BoxIo) {
    let Some(peer) = shared.peer(node) else { return };
    let (id, stop) = peer.link_up(&shared.registry);
    // Takes the link down also when this future is dropped.
    let mut up = Up { peer, id, registry: &shared.registry, why: None };
    tracing::info!(node = node.get(), "link up");
    let (mut reading, mut writing) = tokio::io::split(io);
    let ended = tokio::select! {
        // A link that has been replaced must not take what is queued for the next one.
        biased;
        () = stop.cancelled() => None,
        () = shared.stop.cancelled() => None,
        error = heartbeat(shared, peer) => Some(error),
        error = write(peer, id, shared.options.rtt_delay.is_some(), &mut writing) => Some(error),
        error = read(shared, peer, &mut reading) => Some(error),
    };
    if let Some(error) = ended {
        tracing::warn!(node = node.get(), "link down: {error}");
        up.why = Some(error.to_string());
    } else {
        tracing::info!(node = node.get(), "link closed");
        drop(up);
        // A socket closed with unread bytes resets the connection, and the reset can overtake
        // what was just sent.
        let _ = timeout(FAREWELL, farewell(&mut reading, &mut writing)).await;
    }
}

struct Up<'a> {
    peer: &'a Peer,
    id: u64,
    registry: &'a Mutex<Registry>,
    why: Option<String>,
}

impl Drop for Up<'_> {
    fn drop(&mut self) {
        self.peer.link_down(self.id, self.why.take(), self.registry);
    }
}

async fn farewell(reading: &mut ReadHalf<BoxIo>, writing: &mut WriteHalf<BoxIo>) -> io::Result<()> {
    writing.shutdown().await?;
    let mut rest = BytesMut::with_capacity(READ_CHUNK);
    while reading.read_buf(&mut rest).await? > 0 {
        rest.clear();
    }
    Ok(())
}

async fn read(shared: &Shared, peer: &Peer, io: &mut ReadHalf<BoxIo>) -> LinkError {
    let mut buffer = BytesMut::with_capacity(READ_CHUNK);
    loop {
        if buffer.capacity() - buffer.len() < READ_LEAST {
            make_room(&mut buffer, READ_CHUNK);
        }
        match io.read_buf(&mut buffer).await {
            Ok(0) => return LinkError::ClosedByPeer,
            Ok(read) => {
                peer.seen_now();
                peer.traffic.bytes_in.fetch_add(read as u64, Ordering::Relaxed);
            }
            Err(error) => return error.into(),
        }
        loop {
            match Frame::take(&mut buffer, shared.options.max_payload) {
                Ok(Some(frame)) => arrived(shared, peer, frame),
                Ok(None) => break,
                Err(error) => return error.into(),
            }
        }
    }
}

/// Never waits: a full mailbox fails its attempt.
fn arrived(shared: &Shared, peer: &Peer, frame: Frame) {
    match frame.kind {
        Kind::Data => {
            peer.traffic.payload_in.fetch_add(frame.payload.len() as u64, Ordering::Relaxed);
            let attempt = lock(&shared.registry).arrived(peer.node, &frame);
            if let Some(attempt) = attempt {
                attempt.deliver(peer.node, frame.step, frame.payload);
            }
        }
        Kind::Ping => peer.push_control(Kind::Pong, frame.step.0),
        Kind::Pong => peer.round_trip(frame.step.0),
    }
}

async fn heartbeat(shared: &Shared, peer: &Peer) -> LinkError {
    let options = shared.options;
    let mut beat = interval(options.heartbeat);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut strikes = 0;
    loop {
        beat.tick().await;
        let silence = peer.silent_micros().map_or(Duration::ZERO, Duration::from_micros);
        // When this process itself was held up, what came meanwhile has not been read yet; so one
        // more beat decides.
        strikes = if silence >= options.silence { strikes + 1 } else { 0 };
        if strikes == 2 {
            return LinkError::Silent(silence);
        }
        peer.push_control(Kind::Ping, peer.clock());
        lock(&shared.registry).expire(peer.node);
    }
}

/// Frames taken from the queue. Gives their room back when dropped.
struct Line<'a> {
    peer: &'a Peer,
    frames: VecDeque<Queued>,
    held: usize,
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        self.peer.give_back(self.held);
    }
}

async fn write(peer: &Peer, id: u64, delayed: bool, io: &mut WriteHalf<BoxIo>) -> LinkError {
    let mut line = Line { peer, frames: VecDeque::new(), held: 0 };
    let mut batch = Batch::default();
    loop {
        if delayed || line.frames.is_empty() {
            let before = line.frames.len();
            peer.take(id, if delayed { usize::MAX } else { BATCH }, &mut line.frames);
            let taken: usize = line.frames.range(before..).map(|queued| queued.cost).sum();
            if delayed {
                // On a simulated long line, what is under way does not fill the queue.
                peer.give_back(taken);
            } else {
                line.held += taken;
            }
        }
        let now = delayed.then(Instant::now);
        while batch.remaining() < BATCH
            && line.frames.front().is_some_and(|queued| queued.due <= now)
            && let Some(queued) = line.frames.pop_front()
        {
            batch.push(queued.frame);
        }
        if !batch.has_remaining() {
            match line.frames.front().and_then(|queued| queued.due) {
                Some(due) => tokio::select! {
                    () = peer.ready() => {}
                    () = until(due) => {}
                },
                None => peer.ready().await,
            }
            continue;
        }
        let (bytes, payload) = batch.close();
        let began = Instant::now();
        if let Err(error) = write_out(io, &mut batch).await {
            return error.into();
        }
        peer.written(bytes, began.elapsed());
        peer.traffic.bytes_out.fetch_add(bytes, Ordering::Relaxed);
        peer.traffic.payload_out.fetch_add(payload, Ordering::Relaxed);
        if line.frames.is_empty() {
            peer.give_back(std::mem::take(&mut line.held));
        }
    }
}

/// The runtime's timers tick in milliseconds; short delays would come out twice as long.
const TICK: Duration = Duration::from_millis(2);

/// Wait for a simulated delay to be over, to within the system's own precision.
async fn until(due: Instant) {
    if let Some(early) = due.checked_sub(TICK) {
        sleep_until(early).await;
    }
    let rest = due.saturating_duration_since(Instant::now());
    if !rest.is_zero() {
        // A sleep that nobody waits for any more ends by itself soon.
        let _ = tokio::task::spawn_blocking(move || std::thread::sleep(rest)).await;
    }
}

async fn write_out(io: &mut WriteHalf<BoxIo>, batch: &mut Batch) -> io::Result<()> {
    io.write_all_buf(batch).await?;
    io.flush().await
}

/// Frames to be written at once: small ones put together, large payloads where they are.
#[derive(Default)]
struct Batch {
    pieces: VecDeque<Piece>,
    /// Headers and small payloads that are not yet a piece.
    open: Joined,
    remaining: usize,
    payload: u64,
}

/// What is written without a gap.
enum Piece {
    /// Headers and small payloads.
    Joined(Joined),
    /// A large payload.
    Payload(Bytes),
}

/// Headers and small payloads, contributions to keys among them: wiped when they are written.
#[derive(Default)]
struct Joined {
    bytes: BytesMut,
    written: usize,
}

impl Drop for Joined {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

impl Piece {
    fn rest(&self) -> &[u8] {
        match self {
            Self::Joined(joined) => &joined.bytes[joined.written..],
            Self::Payload(payload) => payload,
        }
    }

    fn advance(&mut self, count: usize) {
        match self {
            Self::Joined(joined) => joined.written += count,
            Self::Payload(payload) => payload.advance(count),
        }
    }
}

impl Batch {
    fn push(&mut self, frame: Frame) {
        self.remaining += frame.wire_bytes();
        self.payload += frame.payload.len() as u64;
        let in_place = frame.payload.len() >= WRITTEN_IN_PLACE;
        let copied = if in_place { HEADER_BYTES } else { frame.wire_bytes() };
        if self.open.bytes.capacity() - self.open.bytes.len() < copied {
            // A buffer that grows leaves a copy behind.
            self.seal();
            self.open.bytes.reserve(copied.max(JOINED));
        }
        frame.put_header(&mut self.open.bytes);
        if in_place {
            self.seal();
            self.pieces.push_back(Piece::Payload(frame.payload));
        } else {
            self.open.bytes.extend_from_slice(&frame.payload);
        }
    }

    fn seal(&mut self) {
        if !self.open.bytes.is_empty() {
            let bytes = self.open.bytes.split();
            self.pieces.push_back(Piece::Joined(Joined { bytes, written: 0 }));
        }
    }

    /// No more frames. Returns bytes in all and bytes of payload.
    fn close(&mut self) -> (u64, u64) {
        self.seal();
        (self.remaining as u64, std::mem::take(&mut self.payload))
    }
}

impl Buf for Batch {
    fn remaining(&self) -> usize {
        self.remaining
    }

    fn chunk(&self) -> &[u8] {
        self.pieces.front().map_or(&[], Piece::rest)
    }

    fn chunks_vectored<'a>(&'a self, out: &mut [io::IoSlice<'a>]) -> usize {
        let mut filled = 0;
        for (slot, piece) in out.iter_mut().zip(&self.pieces) {
            *slot = io::IoSlice::new(piece.rest());
            filled += 1;
        }
        filled
    }

    fn advance(&mut self, mut count: usize) {
        self.remaining -= count;
        while count > 0
            && let Some(piece) = self.pieces.front_mut()
        {
            let step = count.min(piece.rest().len());
            piece.advance(step);
            count -= step;
            if piece.rest().is_empty() {
                self.pieces.pop_front();
            }
        }
    }
}
