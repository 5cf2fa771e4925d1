//! The channel of one attempt.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use tokio::time::timeout;

use super::super::frame::{Frame, Kind};
use super::attempt::{Arrival, Attempt};
use super::peer::{Down, Peer};
use super::shared::Shared;
use crate::base::lock;
use crate::protocol::{Channel, ChannelError, StepId};
use crate::session::SessionId;
use crate::sharing::{NodeIndex, NodeSet};

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
