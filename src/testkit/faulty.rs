//! A channel that misbehaves at a chosen message.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::future::{BoxFuture, FutureExt as _};

use crate::protocol::{Channel, ChannelError, StepId};
use crate::sharing::NodeIndex;

/// What happens to a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Misdeed {
    /// It is not sent.
    Drop,
    /// It is not sent, nor is any after it: the node has gone silent.
    Silence,
    /// The node crashes instead of sending it.
    Crash,
    /// One bit of it is flipped: the one with this number, modulo its length.
    Flip(usize),
    /// Its last byte is missing.
    Truncate,
    /// It comes late.
    Delay(Duration),
}

/// Which message of which node, and what happens to it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fault {
    /// The node that misbehaves.
    pub node: NodeIndex,
    /// The number of its message, from 0, in the order it sends them.
    pub message: usize,
    /// What happens.
    pub deed: Misdeed,
}

/// A node's channel with a fault in it.
pub struct Faulty {
    /// Taken out when the node crashes.
    inner: Mutex<Option<Arc<dyn Channel>>>,
    fault: Fault,
    sent: AtomicUsize,
    silent: AtomicBool,
}

impl Faulty {
    /// Wrap the channel of the node that misbehaves.
    pub fn new(inner: Arc<dyn Channel>, fault: Fault) -> Self {
        let (sent, silent) = (AtomicUsize::new(0), AtomicBool::new(false));
        Self { inner: Mutex::new(Some(inner)), fault, sent, silent }
    }

    fn inner(&self) -> Result<Arc<dyn Channel>, ChannelError> {
        self.inner.lock().unwrap().clone().ok_or(ChannelError::Cancelled)
    }
}

fn flipped(payload: &Bytes, bit: usize) -> Bytes {
    let mut payload = BytesMut::from(&payload[..]);
    if !payload.is_empty() {
        let bit = bit % (payload.len() * 8);
        payload[bit / 8] ^= 1 << (bit % 8);
    }
    payload.freeze()
}

impl Channel for Faulty {
    fn send(
        &self,
        to: NodeIndex,
        step: StepId,
        payload: Bytes,
    ) -> BoxFuture<'_, Result<(), ChannelError>> {
        let number = self.sent.fetch_add(1, Ordering::SeqCst);
        async move {
            let inner = self.inner()?;
            if self.silent.load(Ordering::SeqCst) {
                return Ok(());
            }
            if number != self.fault.message {
                return inner.send(to, step, payload).await;
            }
            match self.fault.deed {
                Misdeed::Drop => Ok(()),
                Misdeed::Silence => {
                    self.silent.store(true, Ordering::SeqCst);
                    Ok(())
                }
                Misdeed::Crash => {
                    self.inner.lock().unwrap().take();
                    Err(ChannelError::Cancelled)
                }
                Misdeed::Flip(bit) => inner.send(to, step, flipped(&payload, bit)).await,
                Misdeed::Truncate => {
                    let length = payload.len().saturating_sub(1);
                    inner.send(to, step, payload.slice(..length)).await
                }
                Misdeed::Delay(delay) => {
                    tokio::time::sleep(delay).await;
                    inner.send(to, step, payload).await
                }
            }
        }
        .boxed()
    }

    fn recv(&self, from: NodeIndex, step: StepId) -> BoxFuture<'_, Result<Bytes, ChannelError>> {
        async move { self.inner()?.recv(from, step).await }.boxed()
    }

    fn bytes_sent(&self) -> u64 {
        self.inner().map_or(0, |inner| inner.bytes_sent())
    }
}
