//! Channels between nodes of one process, for tests, examples and profiling.
//!
//! A message is handed over as it is, without copying. A receiver waits no longer than the
//! network's deadline, and not at all for a node that has gone: dropping a node's channel, or
//! [`MemoryChannel::close`], is its crash.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{BoxFuture, FutureExt as _, ready};
use tokio::sync::oneshot;

use crate::base::lock;
use crate::protocol::{Channel, ChannelError, StepId};
use crate::sharing::{NodeIndex, NodeSet};

type Key = (NodeIndex, StepId);

/// A message that has arrived, or a receiver that waits for it.
enum Slot {
    Arrived(Bytes),
    Awaited(oneshot::Sender<Bytes>),
    /// Taken: a second message at this step is one too many.
    Taken,
}

#[derive(Default)]
struct Mailbox {
    slots: HashMap<Key, Slot>,
    flooded_by: NodeSet,
}

struct Network {
    mailboxes: HashMap<NodeIndex, Mutex<Mailbox>>,
    gone: Mutex<NodeSet>,
    deadline: Duration,
}

/// One node's end of a network in memory.
pub struct MemoryChannel {
    me: NodeIndex,
    network: Arc<Network>,
    sent: AtomicU64,
}

/// A network in memory among these nodes: one channel each, in ascending order. No receiver waits
/// longer than the deadline.
pub fn network(nodes: NodeSet, deadline: Duration) -> Vec<(NodeIndex, Arc<MemoryChannel>)> {
    let mailboxes = nodes.iter().map(|node| (node, Mutex::default())).collect();
    let network = Arc::new(Network { mailboxes, gone: Mutex::default(), deadline });
    let channel = |me| MemoryChannel { me, network: Arc::clone(&network), sent: AtomicU64::new(0) };
    nodes.iter().map(|me| (me, Arc::new(channel(me)))).collect()
}

impl MemoryChannel {
    /// Leave the network: nodes that wait for this one fail at once.
    pub fn close(&self) {
        lock(&self.network.gone).insert(self.me);
        for mailbox in self.network.mailboxes.values() {
            // Dropping the sender wakes the one who waits.
            lock(mailbox)
                .slots
                .retain(|(from, _), slot| *from != self.me || !matches!(slot, Slot::Awaited(_)));
        }
    }

    fn is_gone(&self, node: NodeIndex) -> bool {
        lock(&self.network.gone).contains(node)
    }

    fn deliver(&self, to: NodeIndex, step: StepId, payload: Bytes) -> Result<(), ChannelError> {
        if self.is_gone(self.me) {
            return Err(ChannelError::Cancelled);
        }
        let closed = ChannelError::Closed { node: to };
        let mailbox = self.network.mailboxes.get(&to).ok_or(closed)?;
        if self.is_gone(to) {
            // As over a network: the sender need not know yet that nobody reads this.
            return Ok(());
        }
        self.sent.fetch_add(payload.len() as u64, Ordering::Relaxed);
        let mut mailbox = lock(mailbox);
        match mailbox.slots.entry((self.me, step)) {
            Entry::Vacant(slot) => {
                slot.insert(Slot::Arrived(payload));
            }
            Entry::Occupied(mut slot) => match slot.insert(Slot::Taken) {
                Slot::Awaited(receiver) => {
                    if let Err(unclaimed) = receiver.send(payload) {
                        slot.insert(Slot::Arrived(unclaimed));
                    }
                }
                before @ (Slot::Arrived(_) | Slot::Taken) => {
                    slot.insert(before);
                    mailbox.flooded_by.insert(self.me);
                }
            },
        }
        Ok(())
    }

    /// The message, if it is there; otherwise what to wait on.
    fn take(
        &self,
        from: NodeIndex,
        step: StepId,
    ) -> Result<Result<Bytes, oneshot::Receiver<Bytes>>, ChannelError> {
        let closed = ChannelError::Closed { node: from };
        let mailbox = self.network.mailboxes.get(&self.me).ok_or(ChannelError::Cancelled)?;
        if self.is_gone(self.me) {
            return Err(ChannelError::Cancelled);
        }
        let mut mailbox = lock(mailbox);
        if mailbox.flooded_by.contains(from) {
            return Err(ChannelError::Flood { node: from });
        }
        let slot = mailbox.slots.entry((from, step));
        if let Entry::Occupied(mut slot) = slot {
            return match slot.insert(Slot::Taken) {
                Slot::Arrived(payload) => Ok(Ok(payload)),
                // Asked for twice: the first one to ask has it or waits for it.
                Slot::Taken | Slot::Awaited(_) => Err(closed),
            };
        }
        // Looked up under the mailbox's lock: `close` comes for its waiters after it is marked.
        if self.is_gone(from) {
            return Err(closed);
        }
        let (sender, receiver) = oneshot::channel();
        mailbox.slots.insert((from, step), Slot::Awaited(sender));
        Ok(Err(receiver))
    }
}

impl Drop for MemoryChannel {
    fn drop(&mut self) {
        self.close();
    }
}

impl Channel for MemoryChannel {
    fn send(
        &self,
        to: NodeIndex,
        step: StepId,
        payload: Bytes,
    ) -> BoxFuture<'_, Result<(), ChannelError>> {
        ready(self.deliver(to, step, payload)).boxed()
    }

    fn recv(&self, from: NodeIndex, step: StepId) -> BoxFuture<'_, Result<Bytes, ChannelError>> {
        async move {
            let waiting = match self.take(from, step)? {
                Ok(payload) => return Ok(payload),
                Err(waiting) => waiting,
            };
            match tokio::time::timeout(self.network.deadline, waiting).await {
                Ok(Ok(payload)) => Ok(payload),
                Ok(Err(_)) if self.is_gone(self.me) => Err(ChannelError::Cancelled),
                Ok(Err(_)) => Err(ChannelError::Closed { node: from }),
                Err(_) => Err(ChannelError::Timeout { node: from }),
            }
        }
        .boxed()
    }

    fn bytes_sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use crate::transport::streams::memory::*;
    use std::time::Instant;

    const STEP: StepId = StepId(1);

    fn pair(deadline: Duration) -> (NodeIndex, NodeIndex, Arc<MemoryChannel>, Arc<MemoryChannel>) {
        let mut ends = network(NodeSet::all(2), deadline).into_iter();
        let (a, at_a) = ends.next().unwrap();
        let (b, at_b) = ends.next().unwrap();
        (a, b, at_a, at_b)
    }

    #[tokio::test]
    async fn messages_wait_for_receivers_and_receivers_for_messages() {
        let (a, b, at_a, at_b) = pair(Duration::from_secs(5));
        at_a.send(b, STEP, Bytes::from_static(b"early")).await.unwrap();
        assert_eq!(at_b.recv(a, STEP).await.unwrap(), "early");
        let late = StepId(2);
        let (received, sent) =
            tokio::join!(at_b.recv(a, late), at_a.send(b, late, Bytes::from_static(b"late")));
        sent.unwrap();
        assert_eq!(received.unwrap(), "late");
        assert_eq!(at_a.bytes_sent(), 9);
    }

    #[tokio::test]
    async fn nobody_waits_past_the_deadline() {
        let (a, _, _at_a, at_b) = pair(Duration::from_millis(20));
        assert_eq!(at_b.recv(a, STEP).await, Err(ChannelError::Timeout { node: a }));
    }

    #[tokio::test]
    async fn a_node_that_goes_is_noticed_at_once() {
        let (a, b, at_a, at_b) = pair(Duration::from_secs(60));
        let begun = Instant::now();
        at_a.send(b, STEP, Bytes::from_static(b"last words")).await.unwrap();
        let (waited, ()) = tokio::join!(at_b.recv(a, StepId(2)), async { drop(at_a) });
        assert_eq!(waited, Err(ChannelError::Closed { node: a }));
        assert_eq!(at_b.recv(a, STEP).await.unwrap(), "last words");
        assert_eq!(at_b.recv(a, StepId(3)).await, Err(ChannelError::Closed { node: a }));
        assert!(begun.elapsed() < Duration::from_secs(10));
    }

    #[tokio::test]
    async fn a_second_message_at_a_step_is_one_too_many() {
        let (a, b, at_a, at_b) = pair(Duration::from_secs(5));
        at_a.send(b, STEP, Bytes::new()).await.unwrap();
        at_a.send(b, STEP, Bytes::new()).await.unwrap();
        assert_eq!(at_b.recv(a, STEP).await, Err(ChannelError::Flood { node: a }));
    }
}
