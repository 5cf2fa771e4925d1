//! A channel that tells a lie: one bit is wrong in what a node sends at a step, in every attempt. For
//! `gavel demo --liar` and for tests; no server's settings can ask for it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use bytes::{Bytes, BytesMut};
use futures_util::future::{BoxFuture, FutureExt as _};

use crate::base::lock;
use crate::protocol::{Channel, ChannelError, StepId};
use crate::sharing::NodeIndex;

/// Where a liar lies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum At {
    /// At this step.
    Step(StepId),
    /// At the step with this number, in the order in which the node first sends anything at them:
    /// 0 are the keys of the attempt, 1 their confirmation, 2 the first gates, if there are any.
    Number(usize),
    /// At no message: having computed the outcome with the others, it never signs it.
    Signature,
    /// At no message: having computed the outcome with the others, it discloses a wrong value to the
    /// operator.
    Disclosure,
}

/// What a liar says wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lie {
    /// Where.
    pub at: At,
    /// To whom; to all alike if nobody is named.
    pub to: Option<NodeIndex>,
    /// The bit that is wrong: the one with this number, modulo the message's length.
    pub bit: usize,
}

impl Lie {
    /// One wrong bit of the first gates of an attempt, to all alike.
    pub const IN_FIRST_GATES: Self = Self { at: At::Number(2), to: None, bit: 0 };
}

/// A liar's channel.
pub struct Lying {
    inner: Arc<dyn Channel>,
    lie: Lie,
    /// The steps so far, with their numbers.
    steps: Mutex<BTreeMap<StepId, usize>>,
}

impl Lying {
    /// Wrap the channel of the node that lies.
    pub fn new(inner: Arc<dyn Channel>, lie: Lie) -> Self {
        Self { inner, lie, steps: Mutex::default() }
    }

    fn lies_at(&self, step: StepId) -> bool {
        let mut steps = lock(&self.steps);
        let next = steps.len();
        let number = *steps.entry(step).or_insert(next);
        match self.lie.at {
            At::Step(at) => step == at,
            At::Number(at) => number == at,
            At::Signature | At::Disclosure => false,
        }
    }
}

impl Channel for Lying {
    fn send(
        &self,
        to: NodeIndex,
        step: StepId,
        payload: Bytes,
    ) -> BoxFuture<'_, Result<(), ChannelError>> {
        let spared = self.lie.to.is_some_and(|about| about != to);
        if !self.lies_at(step) || spared || payload.is_empty() {
            return self.inner.send(to, step, payload);
        }
        let mut payload = BytesMut::from(&payload[..]);
        let bit = self.lie.bit % (payload.len() * 8);
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
