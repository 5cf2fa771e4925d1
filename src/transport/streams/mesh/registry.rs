//! Which attempts are open, and frames that came before their attempt began here.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use tokio::time::Instant;

use super::super::frame::Frame;
use super::attempt::{Attempt, Key};
use super::options::MeshOptions;
use crate::protocol::{ChannelError, StepId};
use crate::session::SessionId;
use crate::sharing::NodeIndex;

/// Attempts per peer that may have early frames.
const EARLY_ATTEMPTS: usize = 256;

/// Sessions whose last attempt is remembered. Forgetting one means that late frames of it are kept
/// as early ones until they expire.
const REMEMBERED: usize = 1 << 16;

/// What a kept frame costs beside its payload.
const FRAME_COST: usize = 128;

pub(super) struct Registry {
    options: MeshOptions,
    open: HashMap<Key, Arc<Attempt>>,
    /// The highest attempt that was ever opened.
    latest: HashMap<SessionId, u32>,
    order: VecDeque<SessionId>,
    /// By position of the peer.
    early: Vec<Early>,
}

/// Frames from one peer for attempts that have not begun here.
#[derive(Default)]
struct Early {
    attempts: HashMap<Key, EarlyAttempt>,
    held: usize,
}

struct EarlyAttempt {
    frames: Vec<(StepId, Bytes)>,
    held: usize,
    since: Instant,
    /// Frames were lost, so the attempt fails with the peer as soon as it begins.
    spoiled: Option<ChannelError>,
}

impl EarlyAttempt {
    /// Give up its frames. Returns the room they took.
    fn spoil(&mut self, why: ChannelError) -> usize {
        self.spoiled = Some(why);
        self.frames = Vec::new();
        std::mem::take(&mut self.held)
    }
}

impl Early {
    fn remove(&mut self, key: &Key) -> Option<EarlyAttempt> {
        let attempt = self.attempts.remove(key)?;
        self.held -= attempt.held;
        Some(attempt)
    }

    fn retain(&mut self, mut keep: impl FnMut(&Key, &EarlyAttempt) -> bool) {
        let held = &mut self.held;
        self.attempts.retain(|key, attempt| {
            let kept = keep(key, attempt);
            if !kept {
                *held -= attempt.held;
            }
            kept
        });
    }

    fn keep(&mut self, node: NodeIndex, key: Key, frame: &Frame, limit: usize) {
        if !self.attempts.contains_key(&key)
            && self.attempts.len() == EARLY_ATTEMPTS
            && let Some(oldest) =
                self.attempts.iter().min_by_key(|(_, attempt)| attempt.since).map(|(key, _)| *key)
        {
            self.remove(&oldest);
        }
        let attempt = self.attempts.entry(key).or_insert_with(|| EarlyAttempt {
            frames: Vec::new(),
            held: 0,
            since: Instant::now(),
            spoiled: None,
        });
        if attempt.spoiled.is_some() {
            return;
        }
        let cost = frame.payload.len() + FRAME_COST;
        attempt.frames.push((frame.step, frame.payload.clone()));
        attempt.held += cost;
        self.held += cost;
        // The attempt that holds most is the one to go: a flood in one session must not cost
        // another its frames.
        while self.held > limit
            && let Some(largest) = self.attempts.values_mut().max_by_key(|attempt| attempt.held)
        {
            self.held -= largest.spoil(ChannelError::Flood { node });
        }
    }
}

impl Registry {
    pub(super) fn new(nodes: u8, options: MeshOptions) -> Self {
        Self {
            options,
            open: HashMap::new(),
            latest: HashMap::new(),
            order: VecDeque::new(),
            early: (0..nodes).map(|_| Early::default()).collect(),
        }
    }

    /// Open an attempt and give it what came early.
    pub(super) fn open(&mut self, attempt: Attempt) -> Arc<Attempt> {
        let key = attempt.key();
        let (session, number) = key;
        let attempt = Arc::new(attempt);
        for (position, early) in self.early.iter_mut().enumerate() {
            let node = u8::try_from(position + 1).ok().and_then(NodeIndex::new);
            let Some((node, kept)) = node.zip(early.remove(&key)) else { continue };
            for (step, payload) in kept.frames {
                attempt.deliver(node, step, payload);
            }
            if let Some(why) = kept.spoiled {
                attempt.fail(node, &why);
            }
        }
        self.remember(session, number);
        if let Some(before) = self.open.insert(key, Arc::clone(&attempt)) {
            before.cancel();
        }
        attempt
    }

    fn remember(&mut self, session: SessionId, attempt: u32) {
        if let Some(latest) = self.latest.get_mut(&session) {
            *latest = attempt.max(*latest);
        } else {
            self.latest.insert(session, attempt);
            self.order.push_back(session);
            if self.order.len() > REMEMBERED
                && let Some(oldest) = self.order.pop_front()
            {
                self.latest.remove(&oldest);
            }
        }
        for early in &mut self.early {
            early.retain(|key, _| key.0 != session || key.1 > attempt);
        }
    }

    /// Forget an attempt whose channel is dropped.
    pub(super) fn close(&mut self, attempt: &Arc<Attempt>) {
        let key = attempt.key();
        if self.open.get(&key).is_some_and(|open| Arc::ptr_eq(open, attempt)) {
            self.open.remove(&key);
        }
    }

    /// Who a frame is for. Keeps it if its attempt has not begun; drops it if that is over.
    pub(super) fn arrived(&mut self, from: NodeIndex, frame: &Frame) -> Option<Arc<Attempt>> {
        let key = (frame.session, frame.attempt);
        if let Some(attempt) = self.open.get(&key) {
            return Some(Arc::clone(attempt));
        }
        let over = self.latest.get(&frame.session).is_some_and(|&latest| frame.attempt <= latest);
        if !over && let Some(early) = self.early.get_mut(from.position()) {
            early.keep(from, key, frame, self.options.early_bytes);
        }
        None
    }

    /// The link to a node is gone, and with it what was under way.
    pub(super) fn peer_lost(&mut self, node: NodeIndex) {
        for attempt in self.open.values() {
            attempt.fail(node, &ChannelError::Closed { node });
        }
        if let Some(early) = self.early.get_mut(node.position()) {
            for attempt in early.attempts.values_mut() {
                early.held -= attempt.spoil(ChannelError::Closed { node });
            }
        }
    }

    /// Drop early frames whose attempt has not begun for so long that nobody waits for it.
    pub(super) fn expire(&mut self, node: NodeIndex) {
        let patience = self.options.deadline * 2;
        if let Some(early) = self.early.get_mut(node.position()) {
            early.retain(|_, attempt| attempt.since.elapsed() < patience);
        }
    }

    pub(super) fn cancel_all(&mut self) {
        for attempt in self.open.values() {
            attempt.cancel();
        }
    }

    /// Bytes kept for attempts that have not begun.
    #[cfg(test)]
    pub(super) fn early_held(&self, node: NodeIndex) -> usize {
        self.early.get(node.position()).map_or(0, |early| early.held)
    }
}
