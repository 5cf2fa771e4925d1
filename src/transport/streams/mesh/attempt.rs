//! The channel of one attempt, and its mailboxes.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::super::frame::{Frame, Kind};
use super::peer::{Down, Peer};
use super::registry::Key;
use super::{MeshOptions, Shared, lock};
use crate::protocol::{Channel, ChannelError, StepId};
use crate::session::SessionId;
use crate::sharing::node_set::MAX_NODES;
use crate::sharing::{NodeIndex, NodeSet};

/// What a waiting message costs beside its payload.
const MESSAGE_COST: usize = 128;

/// An open attempt, as the links see it.
pub(super) struct Attempt {
    session: SessionId,
    number: u32,
    participants: NodeSet,
    options: MeshOptions,
    /// By position of the peer.
    mailboxes: Vec<Mutex<Mailbox>>,
    cancelled: CancellationToken,
}

/// What came from one peer and nobody has asked for yet, and who waits for what.
#[derive(Default)]
struct Mailbox {
    arrived: HashMap<StepId, Bytes>,
    held: usize,
    waiting: HashMap<StepId, Waker>,
    failed: Option<ChannelError>,
}

impl Mailbox {
    fn fail(&mut self, why: ChannelError) {
        if matches!(why, ChannelError::Flood { .. } | ChannelError::Cancelled) {
            self.arrived = HashMap::new();
            self.held = 0;
        }
        if self.failed.is_none() || why == ChannelError::Cancelled {
            self.failed = Some(why);
        }
        self.waiting.drain().for_each(|(_, waker)| waker.wake());
    }

    /// A message that has arrived can be received also when the link is gone since.
    fn take(&mut self, step: StepId) -> Option<Result<Bytes, ChannelError>> {
        if let Some(payload) = self.arrived.remove(&step) {
            self.held -= payload.len() + MESSAGE_COST;
            return Some(Ok(payload));
        }
        self.failed.clone().map(Err)
    }
}

impl Attempt {
    pub(super) fn new(
        session: SessionId,
        number: u32,
        participants: NodeSet,
        options: MeshOptions,
    ) -> Self {
        let mailboxes = (0..MAX_NODES).map(|_| Mutex::default()).collect();
        let cancelled = CancellationToken::new();
        Self { session, number, participants, options, mailboxes, cancelled }
    }

    pub(super) const fn key(&self) -> Key {
        (self.session, self.number)
    }

    fn mailbox(&self, node: NodeIndex) -> Option<&Mutex<Mailbox>> {
        self.mailboxes.get(node.position()).filter(|_| self.participants.contains(node))
    }

    /// A message came. Dropped if the node does not take part or has failed the attempt.
    pub(super) fn deliver(&self, from: NodeIndex, step: StepId, payload: Bytes) {
        let Some(mailbox) = self.mailbox(from) else { return };
        let mut mailbox = lock(mailbox);
        if mailbox.failed.is_some() {
            return;
        }
        let waker = mailbox.waiting.remove(&step);
        let held = mailbox.held.saturating_add(payload.len()).saturating_add(MESSAGE_COST);
        let too_much = held > self.options.mailbox_bytes && waker.is_none();
        if too_much || mailbox.arrived.contains_key(&step) {
            mailbox.fail(ChannelError::Flood { node: from });
            return;
        }
        mailbox.held = held;
        mailbox.arrived.insert(step, payload);
        drop(mailbox);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Nothing more is to be expected from a node.
    pub(super) fn fail(&self, node: NodeIndex, why: &ChannelError) {
        if let Some(mailbox) = self.mailbox(node) {
            lock(mailbox).fail(why.clone());
        }
    }

    pub(super) fn cancel(&self) {
        self.cancelled.cancel();
        for node in self.participants.iter() {
            self.fail(node, &ChannelError::Cancelled);
        }
    }

    /// Why nothing can be sent to a node any more.
    fn standing(&self, node: NodeIndex) -> Result<(), ChannelError> {
        let mailbox = self.mailbox(node).ok_or(ChannelError::Closed { node })?;
        lock(mailbox).failed.clone().map_or(Ok(()), Err)
    }
}

/// Waits for one message.
struct Arrival<'a> {
    mailbox: &'a Mutex<Mailbox>,
    step: StepId,
}

impl Future for Arrival<'_> {
    type Output = Result<Bytes, ChannelError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut mailbox = lock(self.mailbox);
        if let Some(result) = mailbox.take(self.step) {
            return Poll::Ready(result);
        }
        mailbox.waiting.insert(self.step, context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Arrival<'_> {
    fn drop(&mut self) {
        lock(self.mailbox).waiting.remove(&self.step);
    }
}

/// The channel of one attempt. Dropping it ends the attempt here; what is queued is still sent.
pub struct AttemptChannel {
    shared: Arc<Shared>,
    attempt: Arc<Attempt>,
    bytes_sent: AtomicU64,
}

impl AttemptChannel {
    pub(super) fn new(shared: Arc<Shared>, attempt: Arc<Attempt>) -> Self {
        Self { shared, attempt, bytes_sent: AtomicU64::new(0) }
    }

    /// Call the attempt off: everything that waits, and everything from now on, ends with
    /// [`ChannelError::Cancelled`].
    pub fn cancel(&self) {
        self.attempt.cancel();
    }

    /// The session and the attempt's number.
    pub fn attempt(&self) -> (SessionId, u32) {
        self.attempt.key()
    }

    /// The nodes that take part.
    pub fn participants(&self) -> NodeSet {
        self.attempt.participants
    }

    fn peer(&self, node: NodeIndex) -> Result<&Peer, ChannelError> {
        self.shared.peer(node).ok_or(ChannelError::Closed { node })
    }

    /// Wait the grace for a link. When it does not come, the attempt has failed with the node, so
    /// that the next message does not wait again.
    async fn wait_for_link(&self, peer: &Peer) -> Result<(), ChannelError> {
        if timeout(self.attempt.options.grace, peer.wait_up()).await.is_err() {
            self.attempt.fail(peer.node, &ChannelError::Closed { node: peer.node });
        }
        self.attempt.standing(peer.node)
    }

    async fn send_message(
        &self,
        to: NodeIndex,
        step: StepId,
        payload: Bytes,
    ) -> Result<(), ChannelError> {
        let peer = self.peer(to)?;
        self.attempt.standing(to)?;
        let length = payload.len();
        if length > self.attempt.options.max_payload {
            return Err(ChannelError::Flood { node: self.shared.me });
        }
        let (session, attempt) = self.attempt.key();
        let frame = Frame { kind: Kind::Data, session, attempt, step, payload };
        let cost = peer.cost(length);
        let pushed = match peer.room_now(cost) {
            Some(room) => peer.push(frame, cost, room),
            None => Err(Down(frame)),
        };
        if let Err(Down(frame)) = pushed {
            let sending = self.send_later(peer, frame, cost);
            tokio::select! {
                biased;
                () = self.attempt.cancelled.cancelled() => return Err(ChannelError::Cancelled),
                sent = timeout(self.attempt.options.deadline, sending) => {
                    sent.unwrap_or(Err(ChannelError::Timeout { node: to }))?;
                }
            }
        }
        self.bytes_sent.fetch_add(length as u64, Ordering::Relaxed);
        Ok(())
    }

    /// Wait for the link and for room.
    async fn send_later(
        &self,
        peer: &Peer,
        mut frame: Frame,
        cost: usize,
    ) -> Result<(), ChannelError> {
        loop {
            self.wait_for_link(peer).await?;
            let room = peer.room(cost).await.ok_or(ChannelError::Closed { node: peer.node })?;
            // The link may have been lost while waiting for room.
            self.attempt.standing(peer.node)?;
            match peer.push(frame, cost, room) {
                Ok(()) => return Ok(()),
                Err(Down(back)) => frame = back,
            }
        }
    }

    async fn receive_message(&self, from: NodeIndex, step: StepId) -> Result<Bytes, ChannelError> {
        let peer = self.peer(from)?;
        let mailbox = self.attempt.mailbox(from).ok_or(ChannelError::Closed { node: from })?;
        // Mostly the message is there already, and needs no timer.
        if let Some(result) = lock(mailbox).take(step) {
            return result;
        }
        let waiting = async {
            let mut arrival = Arrival { mailbox, step };
            if !peer.is_up() {
                tokio::select! {
                    result = &mut arrival => return result,
                    up = self.wait_for_link(peer) => up?,
                }
            }
            arrival.await
        };
        timeout(self.attempt.options.deadline, waiting)
            .await
            .unwrap_or(Err(ChannelError::Timeout { node: from }))
    }
}

impl Drop for AttemptChannel {
    fn drop(&mut self) {
        self.shared.registry().close(&self.attempt);
    }
}

impl Channel for AttemptChannel {
    fn send(
        &self,
        to: NodeIndex,
        step: StepId,
        payload: Bytes,
    ) -> BoxFuture<'_, Result<(), ChannelError>> {
        Box::pin(self.send_message(to, step, payload))
    }

    fn recv(&self, from: NodeIndex, step: StepId) -> BoxFuture<'_, Result<Bytes, ChannelError>> {
        Box::pin(self.receive_message(from, step))
    }

    fn bytes_sent(&self) -> u64 {
        self.bytes_sent.load(Ordering::Relaxed)
    }
}
