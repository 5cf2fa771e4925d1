//! The lines of a dealing between two rosters, over the one channel of the nodes that it is dealt to:
//! all that give are among these.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::future::{BoxFuture, FutureExt as _};
use tokio::sync::Notify;

use crate::base::lock;
use crate::protocol::{Channel, ChannelError, StepId};
use crate::sharing::{NodeIndex, NodeSet};

/// Which node of the channel each node of the earlier roster is.
#[derive(Clone)]
pub(super) struct Places(Vec<(NodeIndex, NodeIndex)>);

impl Places {
    /// By pairs: what a node was, and what it is.
    pub(super) fn new(pairs: impl IntoIterator<Item = (NodeIndex, NodeIndex)>) -> Self {
        Self(pairs.into_iter().collect())
    }

    /// What a node of the earlier roster is now.
    pub(super) fn now(&self, earlier: NodeIndex) -> Option<NodeIndex> {
        self.0.iter().find(|(was, _)| *was == earlier).map(|&(_, is)| is)
    }

    /// The same of some.
    pub(super) fn all_now(&self, earlier: NodeSet) -> NodeSet {
        earlier.iter().filter_map(|node| self.now(node)).collect()
    }
}

/// A line of its own: its messages have addresses that no others have. Errors name nodes as the
/// channel does.
pub(super) struct Line {
    channel: Arc<dyn Channel>,
    name: String,
    /// By which names it is sent to and received from; as the channel does where there are none.
    to: Option<Places>,
    from: Option<Places>,
    /// What this node sends to itself.
    own: Option<(NodeIndex, Own)>,
}

#[derive(Default)]
struct Own {
    waiting: Mutex<HashMap<StepId, Bytes>>,
    came: Notify,
}

impl Line {
    /// Among the nodes of the earlier roster.
    pub(super) fn among_givers(channel: &Arc<dyn Channel>, name: String, places: &Places) -> Self {
        let (to, from) = (Some(places.clone()), Some(places.clone()));
        Self { channel: Arc::clone(channel), name, to, from, own: None }
    }

    /// From those to the nodes of the channel, this one among them.
    pub(super) fn across(
        channel: &Arc<dyn Channel>,
        name: String,
        (me, places): (NodeIndex, &Places),
    ) -> Self {
        let (from, own) = (Some(places.clone()), Some((me, Own::default())));
        Self { channel: Arc::clone(channel), name, to: None, from, own }
    }

    /// Among the nodes of the channel.
    pub(super) fn among_takers(channel: &Arc<dyn Channel>, name: String) -> Self {
        Self { channel: Arc::clone(channel), name, to: None, from: None, own: None }
    }

    fn id(&self, step: StepId) -> StepId {
        StepId::of(&format!("{}/{step:?}", self.name))
    }

    /// A node by its name on the channel. Who has none is nobody that anything was said to.
    fn node(places: Option<&Places>, node: NodeIndex) -> Result<NodeIndex, ChannelError> {
        let Some(places) = places else { return Ok(node) };
        places.now(node).ok_or(ChannelError::Closed { node })
    }

    fn own(&self, node: NodeIndex) -> Option<&Own> {
        self.own.as_ref().filter(|(me, _)| *me == node).map(|(_, own)| own)
    }
}

impl Channel for Line {
    fn send(
        &self,
        to: NodeIndex,
        step: StepId,
        payload: Bytes,
    ) -> BoxFuture<'_, Result<(), ChannelError>> {
        async move {
            let to = Self::node(self.to.as_ref(), to)?;
            let Some(own) = self.own(to) else {
                return self.channel.send(to, self.id(step), payload).await;
            };
            lock(&own.waiting).insert(step, payload);
            own.came.notify_waiters();
            Ok(())
        }
        .boxed()
    }

    fn recv(&self, from: NodeIndex, step: StepId) -> BoxFuture<'_, Result<Bytes, ChannelError>> {
        async move {
            let from = Self::node(self.from.as_ref(), from)?;
            let Some(own) = self.own(from) else {
                return self.channel.recv(from, self.id(step)).await;
            };
            loop {
                let came = own.came.notified();
                if let Some(payload) = lock(&own.waiting).remove(&step) {
                    return Ok(payload);
                }
                came.await;
            }
        }
        .boxed()
    }

    fn bytes_sent(&self) -> u64 {
        self.channel.bytes_sent()
    }
}
