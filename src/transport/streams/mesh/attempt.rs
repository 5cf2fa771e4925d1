//! An open attempt and its mailboxes.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use tokio_util::sync::CancellationToken;

use super::options::MeshOptions;
use crate::base::lock;
use crate::protocol::{ChannelError, StepId};
use crate::session::SessionId;
use crate::sharing::node_set::MAX_NODES;
use crate::sharing::{NodeIndex, NodeSet};

/// What tells attempts apart: the session and the attempt's number.
pub(super) type Key = (SessionId, u32);

/// What a waiting message costs beside its payload.
const MESSAGE_COST: usize = 128;

/// An open attempt, as the links see it.
pub(super) struct Attempt {
    session: SessionId,
    number: u32,
    pub(super) participants: NodeSet,
    pub(super) options: MeshOptions,
    /// By position of the peer.
    mailboxes: Vec<Mutex<Mailbox>>,
    pub(super) cancelled: CancellationToken,
}

/// What came from one peer and nobody has asked for yet, and who waits for what.
#[derive(Default)]
pub(super) struct Mailbox {
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
    pub(super) fn take(&mut self, step: StepId) -> Option<Result<Bytes, ChannelError>> {
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

    pub(super) fn mailbox(&self, node: NodeIndex) -> Option<&Mutex<Mailbox>> {
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
    pub(super) fn standing(&self, node: NodeIndex) -> Result<(), ChannelError> {
        let mailbox = self.mailbox(node).ok_or(ChannelError::Closed { node })?;
        lock(mailbox).failed.clone().map_or(Ok(()), Err)
    }
}

/// Waits for one message.
pub(super) struct Arrival<'a> {
    pub(super) mailbox: &'a Mutex<Mailbox>,
    pub(super) step: StepId,
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
