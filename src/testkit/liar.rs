//! A channel that tells a lie: one bit is wrong in what a node sends at a step, to one other node or
//! to all alike.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures_util::future::{BoxFuture, FutureExt as _};

use crate::protocol::{Channel, ChannelError, StepId};
use crate::sharing::NodeIndex;

/// Who lies where.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lie {
    /// The node that lies.
    pub node: NodeIndex,
    /// At which step.
    pub step: StepId,
    /// To whom; to all alike if nobody is named.
    pub to: Option<NodeIndex>,
    /// The bit that is wrong: the one with this number, modulo the message's length.
    pub bit: usize,
}

/// A liar's channel.
pub struct Lying {
    inner: Arc<dyn Channel>,
    lie: Lie,
}

impl Lying {
    /// Wrap the channel of the node that lies.
    pub fn new(inner: Arc<dyn Channel>, lie: Lie) -> Self {
        Self { inner, lie }
    }
}

impl Channel for Lying {
    fn send(
        &self,
        to: NodeIndex,
        step: StepId,
        payload: Bytes,
    ) -> BoxFuture<'_, Result<(), ChannelError>> {
        let Lie { step: at, to: about, bit, .. } = self.lie;
        if step != at || about.is_some_and(|about| about != to) || payload.is_empty() {
            return self.inner.send(to, step, payload);
        }
        let mut payload = BytesMut::from(&payload[..]);
        let bit = bit % (payload.len() * 8);
        payload[bit / 8] ^= 1 << (bit % 8);
        async move { self.inner.send(to, step, payload.freeze()).await }.boxed()
    }

    fn recv(&self, from: NodeIndex, step: StepId) -> BoxFuture<'_, Result<Bytes, ChannelError>> {
        self.inner.recv(from, step)
    }

    fn bytes_sent(&self) -> u64 {
        self.inner.bytes_sent()
    }
}
