//! Every message that went over the channels.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::future::BoxFuture;

use crate::protocol::{Channel, ChannelError, StepId};
use crate::sharing::NodeIndex;

/// One message as sent.
#[derive(Clone)]
pub struct Message {
    /// Who sent it.
    pub from: NodeIndex,
    /// To whom.
    pub to: NodeIndex,
    /// At which step.
    pub step: StepId,
    /// The bytes of the message.
    pub payload: Bytes,
}

/// Everything that was sent in a world, in the order it was sent.
#[derive(Clone, Default)]
pub struct Wiretap(Arc<Mutex<Vec<Message>>>);

impl Wiretap {
    /// The messages so far.
    pub fn messages(&self) -> Vec<Message> {
        self.0.lock().unwrap().clone()
    }

    /// What each node sent at a step, once per sender.
    pub fn broadcasts(&self, step: &str) -> Vec<Bytes> {
        let mut seen = std::collections::BTreeMap::new();
        let id = StepId::of(step);
        for message in self.0.lock().unwrap().iter().filter(|message| message.step == id) {
            seen.insert(message.from, message.payload.clone());
        }
        seen.into_values().collect()
    }

    pub(super) fn on(&self, from: NodeIndex, inner: Arc<dyn Channel>) -> Arc<dyn Channel> {
        Arc::new(Tapped { from, inner, tap: self.clone() })
    }
}

struct Tapped {
    from: NodeIndex,
    inner: Arc<dyn Channel>,
    tap: Wiretap,
}

impl Channel for Tapped {
    fn send(
        &self,
        to: NodeIndex,
        step: StepId,
        payload: Bytes,
    ) -> BoxFuture<'_, Result<(), ChannelError>> {
        let message = Message { from: self.from, to, step, payload: payload.clone() };
        self.tap.0.lock().unwrap().push(message);
        self.inner.send(to, step, payload)
    }

    fn recv(&self, from: NodeIndex, step: StepId) -> BoxFuture<'_, Result<Bytes, ChannelError>> {
        self.inner.recv(from, step)
    }

    fn bytes_sent(&self) -> u64 {
        self.inner.bytes_sent()
    }
}
