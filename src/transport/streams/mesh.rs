//! One stream to every other node, kept up, and the channels over them.
//!
//! Of two nodes the one with the lower index dials, and dials again with growing pauses when the
//! link is gone. All sessions share the links; frames are told apart by session, attempt and step.
//!
//! What bounds memory: a queue per peer on the way out (a sender waits for room), a mailbox per
//! attempt and peer on the way in (a peer that overfills it is named, and only that attempt fails),
//! and a buffer per peer for attempts that have not begun here. Whoever reads a link never waits
//! for a mailbox, so a stalled session does not hold up the others.
//!
//! What a lost link means: messages under way are lost, so every attempt that the peer takes part
//! in fails at once with [`ChannelError::Closed`](crate::protocol::ChannelError::Closed); what had
//! arrived can still be received. An attempt that begins, or asks for the peer, while the link is
//! down waits a short grace for it to come back. Attempts are repeated with fresh keys, so a frame
//! of an older attempt is dropped.
//!
//! - `options`: limits and times
//! - `attempt`: an open attempt and its mailboxes
//! - `registry`: which attempts are open; frames that came early
//! - `peer`: the queue to one peer, its figures
//! - `shared`: what the mesh, its tasks and its channels share
//! - `channel`: the channel of one attempt
//! - `link`: reading, writing and heartbeat over one stream

mod attempt;
mod channel;
mod link;
mod options;
mod peer;
mod registry;
mod shared;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use channel::AttemptChannel;
pub use options::MeshOptions;
pub use peer::PeerStatus;

use self::attempt::Attempt;
use self::peer::Peer;
use self::registry::Registry;
use self::shared::Shared;
use super::upgrade::{BoxIo, Dial, StreamTokens, TlsDialer};
use crate::identity::{Roster, Signed};
use crate::session::SessionId;
use crate::sharing::{NodeIndex, NodeSet};

/// A stream was offered by a node that should not offer one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("node {from} does not dial node {me}: of two nodes the one with the lower index dials")]
pub struct Unexpected {
    /// Who offered it.
    pub from: NodeIndex,
    /// The node that it was offered to.
    pub me: NodeIndex,
}

/// The streams of one node. Stops when dropped.
pub struct Mesh {
    shared: Arc<Shared>,
    dialer: Arc<dyn Dial>,
    tasks: TaskTracker,
    started: AtomicBool,
}

impl Mesh {
    /// A mesh over TLS with the nodes of a roster.
    pub fn new(
        me: NodeIndex,
        roster: Arc<Signed<Roster>>,
        tokens: StreamTokens,
        options: MeshOptions,
    ) -> Arc<Self> {
        let nodes = roster.body.scheme.nodes();
        let dialer = TlsDialer::new(roster, tokens, options.dial_deadline);
        Self::with_dialer(me, nodes, Arc::new(dialer), options)
    }

    /// A mesh of `nodes` nodes over whatever the dialer opens.
    pub fn with_dialer(
        me: NodeIndex,
        nodes: u8,
        dialer: Arc<dyn Dial>,
        options: MeshOptions,
    ) -> Arc<Self> {
        let epoch = Instant::now();
        let peers = NodeSet::all(nodes).iter().map(|node| Peer::new(node, options, epoch));
        let shared = Shared {
            me,
            options,
            peers: peers.collect(),
            registry: Mutex::new(Registry::new(nodes, options)),
            stop: CancellationToken::new(),
        };
        Arc::new(Self {
            shared: Arc::new(shared),
            dialer,
            tasks: TaskTracker::new(),
            started: AtomicBool::new(false),
        })
    }

    /// Begin to dial. Needs a tokio runtime; a second call does nothing.
    pub fn start(&self) {
        if self.started.swap(true, Ordering::Relaxed) {
            return;
        }
        for peer in self.shared.peers.iter().filter(|peer| peer.node > self.shared.me) {
            let (shared, dialer) = (Arc::clone(&self.shared), Arc::clone(&self.dialer));
            self.tasks.spawn(keep_dialling(shared, dialer, peer.node));
        }
    }

    /// Whether this node takes streams from a node: one of the roster with a lower index.
    pub fn expects(&self, from: NodeIndex) -> bool {
        from < self.shared.me && self.shared.peer(from).is_some()
    }

    /// Take a stream that an authenticated node has opened. It replaces an older one. Needs a
    /// tokio runtime.
    ///
    /// # Errors
    /// When that node does not dial this one.
    pub fn accept(&self, from: NodeIndex, io: BoxIo) -> Result<(), Unexpected> {
        if !self.expects(from) {
            return Err(Unexpected { from, me: self.shared.me });
        }
        let shared = Arc::clone(&self.shared);
        self.tasks.spawn(async move { link::run(&shared, from, io).await });
        Ok(())
    }

    /// The channel of an attempt. Frames for it are taken until it is dropped. An earlier channel
    /// for the same attempt is cancelled.
    pub fn channel(
        &self,
        session: SessionId,
        attempt: u32,
        participants: NodeSet,
    ) -> Arc<AttemptChannel> {
        let attempt = Attempt::new(session, attempt, participants, self.shared.options);
        let attempt = self.shared.registry().open(attempt);
        if self.shared.stop.is_cancelled() {
            attempt.cancel();
        }
        Arc::new(AttemptChannel::new(Arc::clone(&self.shared), attempt))
    }

    /// The nodes whose link is up, this one included.
    pub fn connected(&self) -> NodeSet {
        let up = self.shared.peers.iter().filter(|peer| peer.is_up()).map(|peer| peer.node);
        up.collect::<NodeSet>().with(self.shared.me)
    }

    /// Wait until the links to these nodes are up, or the time is over. Returns who is connected.
    pub async fn wait_connected(&self, nodes: NodeSet, at_most: Duration) -> NodeSet {
        let all = async {
            for node in nodes.without(self.shared.me).iter() {
                if let Some(peer) = self.shared.peer(node) {
                    peer.wait_up().await;
                }
            }
        };
        // Late or not, what counts is who is connected now.
        let _ = tokio::time::timeout(at_most, all).await;
        self.connected()
    }

    /// How the links are.
    pub fn peer_status(&self) -> Vec<PeerStatus> {
        let others = self.shared.peers.iter().filter(|peer| peer.node != self.shared.me);
        others.map(Peer::status).collect()
    }

    /// Close the link to a node, as a fault would. It is dialled again.
    pub fn disconnect(&self, node: NodeIndex) {
        if let Some(peer) = self.shared.peer(node) {
            peer.close();
        }
    }

    /// Send what is queued (for at most the grace), cancel all attempts, close all links.
    pub async fn shutdown(&self) {
        let drained = async {
            for peer in &self.shared.peers {
                peer.drained().await;
            }
        };
        // Who does not take the rest in time has had the grace.
        let _ = tokio::time::timeout(self.shared.options.grace, drained).await;
        self.stop();
        self.tasks.close();
        self.tasks.wait().await;
    }

    fn stop(&self) {
        self.shared.stop.cancel();
        self.shared.registry().cancel_all();
    }
}

impl Drop for Mesh {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A link that lived this long was a good one; the next dial does not wait for long.
const GOOD_LINK: Duration = Duration::from_secs(1);

async fn keep_dialling(shared: Arc<Shared>, dialer: Arc<dyn Dial>, to: NodeIndex) {
    let options = shared.options;
    let mut pause = options.pause_first;
    while let Some(dialled) = shared.stop.run_until_cancelled(dialer.dial(to)).await {
        match dialled {
            Ok(io) => {
                let began = Instant::now();
                link::run(&shared, to, io).await;
                if began.elapsed() >= GOOD_LINK {
                    pause = options.pause_first;
                }
            }
            Err(error) => {
                if let Some(peer) = shared.peer(to) {
                    peer.trouble(&error);
                }
            }
        }
        // Nodes that lost each other at one moment should not meet again at one moment.
        let jitter = pause.mul_f64(rand::random::<f64>() / 2.0);
        let rest = tokio::time::sleep(pause + jitter);
        if shared.stop.run_until_cancelled(rest).await.is_none() {
            return;
        }
        pause = (pause * 2).min(options.pause_longest);
    }
}

#[cfg(test)]
mod tests;
