//! The queue to one peer, and its figures.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, Semaphore, SemaphorePermit, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::super::frame::{Frame, Kind};
use super::options::MeshOptions;
use super::registry::Registry;
use crate::base::lock;
use crate::sharing::NodeIndex;
use crate::transport::error::HttpError;

/// How the link to a node is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PeerStatus {
    /// The node.
    pub node: NodeIndex,
    /// Whether the link is up.
    pub connected: bool,
    /// Median of the last round trips measured on this link.
    pub rtt_micros: Option<u64>,
    /// Bytes of frames received, headers included, since the mesh was made.
    pub bytes_in: u64,
    /// Bytes of frames sent, headers included.
    pub bytes_out: u64,
    /// Bytes of messages received.
    pub payload_in: u64,
    /// Bytes of messages sent.
    pub payload_out: u64,
    /// Bytes a second that went out when there was much to send, lately.
    pub bytes_per_second: Option<u64>,
    /// Time since something came from the node; `None` if nothing ever did.
    pub last_seen_millis_ago: Option<u64>,
    /// How often the link came back.
    pub reconnects: u64,
    /// Why the link is down, as far as this node knows.
    pub trouble: Option<String>,
}

/// Bytes written at once from which on the time taken says something about the line.
const TELLING: u64 = 256 << 10;

/// Round trips that are kept.
const SAMPLES: usize = 16;

/// Pings and pongs that may wait. A peer that asks for more gets no answer to the rest.
const MAX_CONTROL: usize = 16;

/// What a queued frame costs beside its payload, so that empty frames are bounded too.
const FRAME_COST: usize = 128;

/// A frame on its way out.
pub(super) struct Queued {
    pub(super) frame: Frame,
    /// Not to be sent earlier (simulated delay).
    pub(super) due: Option<Instant>,
    /// Room that it takes in the queue.
    pub(super) cost: usize,
}

/// Why a frame was not queued: the link is down. Gives the frame back.
pub(super) struct Down(pub(super) Frame);

/// One other node.
pub(super) struct Peer {
    pub(super) node: NodeIndex,
    options: MeshOptions,
    epoch: Instant,
    state: Mutex<State>,
    up: watch::Sender<bool>,
    /// Room in the queue, in bytes. First come, first served.
    room: Semaphore,
    capacity: usize,
    /// Something was queued.
    ready: Notify,
    /// Room was given back.
    freed: Notify,
    pub(super) traffic: Traffic,
}

/// Counters since the mesh was made.
#[derive(Default)]
pub(super) struct Traffic {
    pub(super) bytes_in: AtomicU64,
    pub(super) bytes_out: AtomicU64,
    pub(super) payload_in: AtomicU64,
    pub(super) payload_out: AtomicU64,
    /// Bytes a second; 0 before there was much to send.
    rate: AtomicU64,
    /// Microseconds since the epoch, plus one; 0 for never.
    seen: AtomicU64,
}

#[derive(Default)]
struct State {
    link: Option<Current>,
    links: u64,
    control: VecDeque<Queued>,
    data: VecDeque<Queued>,
    rtt: VecDeque<u64>,
    trouble: Option<String>,
}

struct Current {
    id: u64,
    stop: CancellationToken,
}

impl Peer {
    pub(super) fn new(node: NodeIndex, options: MeshOptions, epoch: Instant) -> Self {
        let most = usize::try_from(u32::MAX).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        let capacity = options.queue_bytes.clamp(1, most);
        Self {
            node,
            options,
            epoch,
            state: Mutex::default(),
            up: watch::Sender::new(false),
            room: Semaphore::new(capacity),
            capacity,
            ready: Notify::new(),
            freed: Notify::new(),
            traffic: Traffic::default(),
        }
    }

    pub(super) fn is_up(&self) -> bool {
        *self.up.borrow()
    }

    /// Wait until the link is up.
    pub(super) async fn wait_up(&self) {
        // The sender lives as long as `self`, so this ends only with the link up.
        let _ = self.up.subscribe().wait_for(|up| *up).await;
    }

    /// A new link is there. It replaces an older one, whose messages are lost.
    pub(super) fn link_up(&self, registry: &Mutex<Registry>) -> (u64, CancellationToken) {
        let mut state = lock(&self.state);
        self.drop_link(&mut state, registry);
        state.links += 1;
        state.rtt.clear();
        state.trouble = None;
        let (id, stop) = (state.links, CancellationToken::new());
        state.link = Some(Current { id, stop: stop.clone() });
        self.seen_now();
        self.up.send_replace(true);
        (id, stop)
    }

    /// A link is gone, unless a newer one has replaced it already.
    pub(super) fn link_down(&self, id: u64, why: Option<String>, registry: &Mutex<Registry>) {
        let mut state = lock(&self.state);
        if state.link.as_ref().is_some_and(|link| link.id == id) {
            state.trouble = why;
            self.drop_link(&mut state, registry);
        }
    }

    /// Everything that follows from a lost link happens under the peer's lock, so that no attempt
    /// sees the next link before it has failed with this one. Locks are taken in the order peer,
    /// registry, mailbox.
    fn drop_link(&self, state: &mut MutexGuard<'_, State>, registry: &Mutex<Registry>) {
        let Some(link) = state.link.take() else { return };
        link.stop.cancel();
        state.control.clear();
        let freed = state.data.drain(..).map(|queued| queued.cost).sum();
        self.up.send_replace(false);
        lock(registry).peer_lost(self.node);
        self.give_back(freed);
    }

    /// Ask the current link to end.
    pub(super) fn close(&self) {
        if let Some(link) = &lock(&self.state).link {
            link.stop.cancel();
        }
    }

    /// Remember why dialling fails; say it once.
    pub(super) fn trouble(&self, error: &HttpError) {
        let text = error.to_string();
        let mut state = lock(&self.state);
        if state.trouble.as_ref() != Some(&text) {
            tracing::warn!(node = self.node.get(), "no link: {text}");
            state.trouble = Some(text);
        }
    }

    /// Room for a payload; at most the whole queue, so that a message larger than it can pass.
    pub(super) fn cost(&self, payload: usize) -> usize {
        payload.saturating_add(FRAME_COST).min(self.capacity)
    }

    /// Wait for room.
    pub(super) async fn room(&self, cost: usize) -> Option<SemaphorePermit<'_>> {
        self.room.acquire_many(u32::try_from(cost).ok()?).await.ok()
    }

    /// Room, if there is some now.
    pub(super) fn room_now(&self, cost: usize) -> Option<SemaphorePermit<'_>> {
        self.room.try_acquire_many(u32::try_from(cost).ok()?).ok()
    }

    /// Queue a frame in the room acquired for it.
    pub(super) fn push(
        &self,
        frame: Frame,
        cost: usize,
        room: SemaphorePermit<'_>,
    ) -> Result<(), Down> {
        let due = self.due();
        let mut state = lock(&self.state);
        if state.link.is_none() {
            return Err(Down(frame));
        }
        state.data.push_back(Queued { frame, due, cost });
        drop(state);
        room.forget();
        self.ready.notify_one();
        Ok(())
    }

    /// Queue a ping or pong.
    pub(super) fn push_control(&self, kind: Kind, clock: u64) {
        let due = self.due();
        let mut state = lock(&self.state);
        if state.link.is_some() && state.control.len() < MAX_CONTROL {
            state.control.push_back(Queued { frame: Frame::control(kind, clock), due, cost: 0 });
            drop(state);
            self.ready.notify_one();
        }
    }

    fn due(&self) -> Option<Instant> {
        self.options.rtt_delay.map(|delay| Instant::now() + delay)
    }

    /// Wait until something may have been queued.
    pub(super) async fn ready(&self) {
        self.ready.notified().await;
    }

    /// Take queued frames, data up to about `at_most` bytes (at least one frame if there is any).
    /// Pings and pongs go first, or they would measure the queue; with a simulated delay they keep
    /// their place in time.
    pub(super) fn take(&self, id: u64, at_most: usize, out: &mut VecDeque<Queued>) {
        let mut state = lock(&self.state);
        if state.link.as_ref().is_none_or(|link| link.id != id) {
            return;
        }
        let delayed = self.options.rtt_delay.is_some();
        if !delayed {
            out.append(&mut state.control);
        }
        let mut taken = 0;
        while taken < at_most
            && let Some(queued) = state.data.pop_front()
        {
            taken += queued.cost;
            out.push_back(queued);
        }
        if delayed {
            out.append(&mut state.control);
        }
    }

    /// Room of frames that have been sent or dropped.
    pub(super) fn give_back(&self, room: usize) {
        if room > 0 {
            self.room.add_permits(room);
            self.freed.notify_waiters();
        }
    }

    /// Wait until nothing is queued.
    pub(super) async fn drained(&self) {
        loop {
            let freed = self.freed.notified();
            if self.room.available_permits() >= self.capacity {
                return;
            }
            freed.await;
        }
    }

    /// This node's clock, as sent in pings.
    pub(super) fn clock(&self) -> u64 {
        u64::try_from(self.epoch.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// So much was written in so long. Small writes end in the socket's buffer and tell nothing
    /// about the line; of the others a moving average is kept.
    pub(super) fn written(&self, bytes: u64, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(1);
        if bytes >= TELLING {
            let rate = (bytes.saturating_mul(1_000_000) / micros).max(1);
            let before = self.traffic.rate.load(Ordering::Relaxed);
            // Only the link's own task writes here.
            let average = if before == 0 { rate } else { before - before / 8 + rate / 8 };
            self.traffic.rate.store(average, Ordering::Relaxed);
        }
    }

    /// Something came from the peer.
    pub(super) fn seen_now(&self) {
        self.traffic.seen.store(self.clock().saturating_add(1), Ordering::Relaxed);
    }

    /// Microseconds since something came from the peer.
    pub(super) fn silent_micros(&self) -> Option<u64> {
        let seen = self.traffic.seen.load(Ordering::Relaxed).checked_sub(1)?;
        Some(self.clock().saturating_sub(seen))
    }

    /// A pong came back.
    pub(super) fn round_trip(&self, sent: u64) {
        // A clock that this node has not reached yet is not one that it sent.
        let Some(micros) = self.clock().checked_sub(sent) else { return };
        let mut state = lock(&self.state);
        if state.rtt.len() == SAMPLES {
            state.rtt.pop_front();
        }
        state.rtt.push_back(micros);
    }

    pub(super) fn status(&self) -> PeerStatus {
        let state = lock(&self.state);
        let mut rtt: Vec<u64> = state.rtt.iter().copied().collect();
        rtt.sort_unstable();
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        PeerStatus {
            node: self.node,
            connected: state.link.is_some(),
            rtt_micros: rtt.get(rtt.len() / 2).copied(),
            bytes_in: count(&self.traffic.bytes_in),
            bytes_out: count(&self.traffic.bytes_out),
            payload_in: count(&self.traffic.payload_in),
            payload_out: count(&self.traffic.payload_out),
            bytes_per_second: Some(count(&self.traffic.rate)).filter(|&rate| rate > 0),
            last_seen_millis_ago: self.silent_micros().map(|micros| micros / 1000),
            reconnects: state.links.saturating_sub(1),
            trouble: state.trouble.clone(),
        }
    }
}
